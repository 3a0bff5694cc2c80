"""What there is to know of the clip of a camera that was saved last."""

from datetime import datetime
from typing import Any, override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import ClipConfigEntry
from .entity import LastClipEntity, async_add_cameras
from .services.response import place

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: ClipConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the time of each camera's last clip."""
    async_add_cameras(entry, async_add_entities, LastClipSensor)


class LastClipSensor(LastClipEntity, SensorEntity):
    """When the last clip begins."""

    _attr_device_class = SensorDeviceClass.TIMESTAMP
    # Every clip has others, and the clip itself says them for good.
    _unrecorded_attributes = frozenset({"clip_id", "media_content_id", "path"})

    @property
    @override
    def suggested_object_id(self) -> str:
        """What the entity id ends in, which automations know: not the name."""
        return "Last clip"

    @property
    @override
    def native_value(self) -> datetime | None:
        """When the clip begins."""
        return self.clip.window.start if self.clip else None

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """What the clip is, and where."""
        if not (clip := self.clip):
            return None
        return {
            "clip_id": clip.id,
            "label": clip.label,
            "status": clip.status.value,
            "duration_s": clip.duration_ms / 1000,
            **place(self.hass, clip.path),
        }
