"""The time of a camera's last clip."""

from datetime import datetime
from typing import override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import ClipConfigEntry
from .entity import LastClipEntity, async_add_cameras

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

    @property
    @override
    def native_value(self) -> datetime | None:
        """When the clip begins."""
        return self.clip.window.start if self.clip else None
