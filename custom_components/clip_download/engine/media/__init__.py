"""Footage: probed, cut and joined without a picture being made anew."""
