"""Tests of the way from a window to a whole clip."""
