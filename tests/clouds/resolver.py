"""A resolver that sends the clouds' host names to the loopback ports of their servers."""

from collections.abc import Mapping
import socket
from typing import override

from aiohttp.abc import AbstractResolver, ResolveResult


def matches(pattern: str, host: str) -> bool:
    """Say whether a host is meant; `*.` stands for one label, as in a certificate."""
    if pattern.startswith("*."):
        return host.partition(".")[2] == pattern[2:]
    return host == pattern


class LoopbackResolver(AbstractResolver):
    """Know the clouds' names and no others, so that no test reaches the internet.

    `ports` maps a host name, or a pattern with `*.`, to a port of 127.0.0.1. Names that
    are not in it go to `others` if that is given; else they cannot be resolved.
    """

    def __init__(
        self, ports: Mapping[str, int], *, others: AbstractResolver | None = None
    ) -> None:
        """Take where the clouds listen, and who resolves all the other names."""
        self.ports = ports
        self.refused: list[str] = []
        self._others = others

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the loopback address with the cloud's own port in place of `port`."""
        name = host.rstrip(".").lower()
        for pattern, cloud_port in self.ports.items():
            if matches(pattern, name):
                return [
                    ResolveResult(
                        hostname=host,
                        host="127.0.0.1",
                        port=cloud_port,
                        family=socket.AF_INET,
                        proto=socket.IPPROTO_TCP,
                        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
                    )
                ]
        if self._others is not None:
            return await self._others.resolve(host, port, family)
        self.refused.append(host)
        raise OSError(f"{host} is none of the simulated clouds")

    @override
    async def close(self) -> None:
        """Close the resolver of the other names, if there is one."""
        if self._others is not None:
            await self._others.close()
