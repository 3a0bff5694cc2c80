"""What is saved: files, sidecars and the database of them."""
