"""The way of one job, from a window to a clip on the disk."""
