"""The cameras of an account, with a still picture of each."""

import asyncio
from datetime import UTC, datetime, timedelta
import logging
from typing import Any, override

from homeassistant.components.camera import Camera as HomeAssistantCamera
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.restore_state import RestoreEntity
from homeassistant.util import dt as dt_util

from .coordinator import ClipConfigEntry
from .engine.errors import ClipError, StorageError
from .engine.library import files
from .engine.model import Camera, Clip
from .entity import CameraEntity, async_add_cameras, camera_muted
from .paths import media_folders
from .runtime import async_shared

_LOGGER = logging.getLogger(__name__)

# The account limits downloads. With a limit here, cameras would wait for each other.
PARALLEL_UPDATES = 0

# A dashboard asks twice a second. A picture that the cloud has is asked for this often.
PICTURE_LIFE_S = 60
# A new picture wakes the camera, or counts against a limit of the organization.
NEW_PICTURE_LIFE_S = 600
# A clip's picture that is not older is shown without asking the cloud for another.
LATELY = timedelta(days=1)
# Home Assistant gives up after ten seconds: time is left to read the last clip's picture.
PICTURE_TIMEOUT_S = 8
# How long a cloud that fails is asked again for a picture.
PICTURE_WITHIN = timedelta(seconds=2)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: ClipConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the cameras of an account."""
    await async_add_cameras(entry, async_add_entities, ClipCamera)


class ClipCamera(CameraEntity, HomeAssistantCamera, RestoreEntity):
    """One camera whose footage is in a cloud."""

    _attr_name = None
    is_from_cloud = True

    def __init__(self, entry: ClipConfigEntry, camera: Camera) -> None:
        """Take the account's entry and the camera."""
        HomeAssistantCamera.__init__(self)
        CameraEntity.__init__(self, entry, camera)
        self._attr_brand = self.coordinator.source.manufacturer
        self._attr_model = camera.model
        self._picture: bytes | None = None
        self._request: asyncio.Task[None] | None = None
        self._requested_at_s = 0.0
        self._muted_until: datetime | None = None
        self._new_at = datetime.min.replace(tzinfo=UTC)

    @override
    async def async_added_to_hass(self) -> None:
        """Stay muted over a restart, and follow `mute_camera`."""
        await super().async_added_to_hass()
        if state := await self.async_get_last_state():
            match state.attributes:
                case {"muted_until": str(until)}:
                    self._muted_until = dt_util.parse_datetime(until)
        signal = camera_muted(self.coordinator.config_entry, self.camera.id)
        self.async_on_remove(
            async_dispatcher_connect(self.hass, signal, self._async_mute)
        )

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Until when nobody wants notifications, for automations: `mute_camera`."""
        if self._muted_until is None or self._muted_until <= dt_util.utcnow():
            return {}
        until = dt_util.as_local(self._muted_until)
        return {"muted_until": until.isoformat(timespec="seconds")}

    @callback
    def _async_mute(self, until: datetime) -> None:
        self._muted_until = until
        self.async_write_ha_state()

    @override
    async def async_camera_image(
        self, width: int | None = None, height: int | None = None
    ) -> bytes | None:
        """Return the newest picture that does not wake the camera."""
        is_awake = self.account.source.records_always
        clip = await self._last_clip()
        if (
            not is_awake
            and clip
            and clip.window.end > max(dt_util.utcnow() - LATELY, self._new_at)
            and (picture := await self._picture_of(clip))
        ):
            return picture
        life_s = NEW_PICTURE_LIFE_S if is_awake else PICTURE_LIFE_S
        await self._refresh_picture(life_s, is_fresh=is_awake)
        return self._picture or (await self._picture_of(clip) if clip else None)

    @override
    async def async_update(self) -> None:
        """Have the camera take a new picture, for `homeassistant.update_entity`."""
        await super().async_update()
        if self._request:
            # That request may be for a picture that is not new.
            await asyncio.wait([self._request], timeout=PICTURE_TIMEOUT_S)
        await self._refresh_picture(0, is_fresh=True)

    async def _refresh_picture(self, life_s: float, *, is_fresh: bool) -> None:
        """Ask the cloud for a picture, unless that was done `life_s` ago or less.

        One that takes longer than PICTURE_TIMEOUT_S is there for the next call.
        """
        now_s = self.hass.loop.time()
        if self._request is None or (
            self._request.done() and now_s - self._requested_at_s >= life_s
        ):
            self._requested_at_s = now_s
            if is_fresh:
                self._new_at = dt_util.utcnow()
            self._request = self.coordinator.config_entry.async_create_background_task(
                self.hass,
                self._fetch(is_fresh=is_fresh),
                f"picture of {self.entity_id}",
            )
        await asyncio.wait([self._request], timeout=PICTURE_TIMEOUT_S)

    async def _fetch(self, *, is_fresh: bool) -> None:
        try:
            self._picture = await self.account.call(
                lambda: self.account.source.picture(self.camera, is_fresh=is_fresh),
                within=PICTURE_WITHIN,
            )
        except ClipError as err:
            self._picture = None
            _LOGGER.debug("No picture of %s: %s", self.entity_id, err)

    async def _last_clip(self) -> Clip | None:
        try:
            return await self.account.jobs.last_clip(self.camera.id)
        except StorageError as err:
            _LOGGER.debug("The last clip of %s is not known: %s", self.entity_id, err)
            return None

    async def _picture_of(self, clip: Clip) -> bytes | None:
        try:
            roots = media_folders(self.hass)
            storages = (await async_shared(self.hass)).executors
            storage = await storages.storage_of(clip.path, roots)
            return await storage.ask(files.picture_beside, clip.path, roots)
        except (OSError, ValueError) as err:
            _LOGGER.debug("The picture of a clip cannot be read: %s", err)
            return None
