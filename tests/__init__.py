"""Tests of Clip Download, and the clouds that they run against."""
