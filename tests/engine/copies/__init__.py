"""Tests of the copies outside."""
