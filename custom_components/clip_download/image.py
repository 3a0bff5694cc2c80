"""The picture of a camera's last clip."""

from datetime import datetime
from typing import override

from homeassistant.components.image import ImageEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import ClipConfigEntry
from .engine.library import files
from .engine.model import Camera
from .entity import LastClipEntity, async_add_cameras
from .paths import media_folders

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: ClipConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the picture of each camera's last clip."""
    await async_add_cameras(entry, async_add_entities, LastClipImage)


class LastClipImage(LastClipEntity, ImageEntity):
    """The picture that lies beside the last clip; its time is when that was saved."""

    def __init__(self, entry: ClipConfigEntry, camera: Camera) -> None:
        """Take the account's entry and the camera."""
        LastClipEntity.__init__(self, entry, camera)
        ImageEntity.__init__(self, self.coordinator.hass)

    @property
    @override
    def image_last_updated(self) -> datetime | None:
        """When the clip was saved."""
        return self.clip.saved_at if self.clip else None

    @property
    @override
    def entity_picture(self) -> str | None:
        """The address of the picture; without a clip there is none to load."""
        return super().entity_picture if self.clip else None

    @override
    async def _update_clip(self) -> None:
        """Show another clip at another address, so that no page shows the old picture."""
        before = self.clip
        await super()._update_clip()
        if before and before != self.clip:
            self.async_update_token()

    @override
    def image(self) -> bytes | None:
        """Return the picture, None if its file is gone."""
        if self.clip is None:
            return None
        try:
            return files.picture_beside(self.clip.path, media_folders(self.hass))
        except OSError, ValueError:
            return None
