"""A camera as the partner API knows it; its notices do, too."""

from dataclasses import dataclass

from ...model import Camera


@dataclass(frozen=True, kw_only=True)
class PartnerCamera(Camera):
    """A device, or one of the cameras of a device that has several."""

    device_id: str
    component_id: str | None = None
