"""A folder of recordings that cameras upload to: names, catalog, source."""
