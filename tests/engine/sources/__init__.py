"""Tests of the clouds that footage comes from."""
