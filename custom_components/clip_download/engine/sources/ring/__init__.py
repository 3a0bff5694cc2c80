"""Ring, as its app sees it."""
