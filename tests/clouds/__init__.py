"""The clouds that the integration is tested against: real protocols, sockets and TLS.

    async with Clouds() as clouds:
        camera = clouds.meraki.add_camera("Driveway")

Nothing in the integration knows of them. A process reaches them by two things: a
resolver (`clouds.resolver()`) and trust in their authority (`clouds.ca_pem_path`).
"""

from .kinesis import KinesisCloud
from .meraki import MerakiCloud
from .ring import RingCloud
from .ring_partner import RingPartnerCloud
from .server import Authority, Server

__all__ = ["Authority", "Clouds"]


class Clouds(Server):
    """All the clouds, on one loopback port."""

    def __init__(self, authority: Authority | None = None) -> None:
        """Set up each cloud without any camera."""
        super().__init__(authority)
        self.kinesis = self.add(KinesisCloud(self))
        self.meraki = self.add(MerakiCloud(self))
        self.ring = self.add(RingCloud(self))
        self.ring_partner = self.add(RingPartnerCloud(self, self.ring))
