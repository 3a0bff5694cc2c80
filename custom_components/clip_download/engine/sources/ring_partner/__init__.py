"""Ring's official partner API."""
