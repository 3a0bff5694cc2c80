"""The clouds that footage comes from; each knows its cloud and no Home Assistant."""
