"""A real Home Assistant among simulated clouds, to look at and to check by itself."""
