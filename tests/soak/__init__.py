"""A real Home Assistant that is killed again and again; run by `script/soak`."""
