"""The way from a window to a whole clip; knows no cloud and no Home Assistant."""
