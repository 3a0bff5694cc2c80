"""Where a server of a test may listen."""

# By its name: a plugin of the tests replaces the module's later.
from socket import socket


def free_port() -> int:
    """Return a port of loopback that nobody listens on now."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
