"""Tests of the stores outside."""
