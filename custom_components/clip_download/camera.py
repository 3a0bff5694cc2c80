"""The cameras of an account, with a still picture of each."""

import asyncio
import logging
from pathlib import Path
from typing import override

from homeassistant.components.camera import Camera as HomeAssistantCamera
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .clips.errors import ClipError
from .coordinator import ClipConfigEntry
from .entity import CameraEntity, async_add_cameras
from .sources.base import Camera

_LOGGER = logging.getLogger(__name__)

# Downloads keep to the account's own limits; waiting for one another here would hold
# up every other camera.
PARALLEL_UPDATES = 0

# Ring's battery cameras wake up for a picture and Meraki counts it against the
# organization's requests, while a dashboard asks twice a second.
PICTURE_LIFE_S = 60
# Home Assistant gives up on a picture after ten seconds; the one of the last clip has
# to be read by then.
PICTURE_PATIENCE_S = 8


async def async_setup_entry(
    hass: HomeAssistant,
    entry: ClipConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the cameras of an account."""
    async_add_cameras(entry, async_add_entities, ClipCamera)


class ClipCamera(CameraEntity, HomeAssistantCamera):
    """One camera whose footage lies in a cloud."""

    _attr_name = None

    def __init__(self, entry: ClipConfigEntry, camera: Camera) -> None:
        """Take the account's entry and the camera."""
        HomeAssistantCamera.__init__(self)
        CameraEntity.__init__(self, entry, camera)
        self._attr_brand = self.coordinator.source.manufacturer
        self._attr_model = camera.model
        self._picture: bytes | None = None
        self._asking: asyncio.Task[None] | None = None
        self._asked_at_s = 0.0

    @override
    async def async_camera_image(
        self, width: int | None = None, height: int | None = None
    ) -> bytes | None:
        """Return a picture of now, else that of the last saved clip."""
        await self._ask_cloud()
        return self._picture or await self._last_saved()

    async def _ask_cloud(self) -> None:
        """Have the cloud make a picture, unless that was asked for a moment ago.

        A picture that takes long is waited for in the background, for who asks next.
        """
        now_s = self.hass.loop.time()
        if self._asking is None or (
            self._asking.done() and now_s - self._asked_at_s >= PICTURE_LIFE_S
        ):
            self._asked_at_s = now_s
            self._asking = self.coordinator.config_entry.async_create_background_task(
                self.hass, self._fetch(), f"picture of {self.entity_id}"
            )
        await asyncio.wait([self._asking], timeout=PICTURE_PATIENCE_S)

    async def _fetch(self) -> None:
        try:
            self._picture = await self.account.source.picture(self.camera)
        except ClipError as err:
            self._picture = None
            _LOGGER.debug("No picture of %s: %s", self.entity_id, err)

    async def _last_saved(self) -> bytes | None:
        path = await self.account.jobs.last_picture(self.camera.id)
        if path is None:
            return None
        try:
            return await self.hass.async_add_executor_job(Path.read_bytes, path)
        except OSError as err:
            _LOGGER.debug("The picture of a clip cannot be read: %s", err)
            return None
