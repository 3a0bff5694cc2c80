"""The number of minutes that a camera's button saves."""

from typing import override

from homeassistant.components.number import NumberDeviceClass, NumberMode, RestoreNumber
from homeassistant.const import EntityCategory, UnitOfTime
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import DEFAULT_MINUTES
from .coordinator import ClipConfigEntry
from .entity import CameraEntity, async_add_cameras

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: ClipConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the number of minutes for each camera."""
    await async_add_cameras(entry, async_add_entities, Minutes)


class Minutes(CameraEntity, RestoreNumber):
    """How many minutes "Save last minutes" saves."""

    _attr_device_class = NumberDeviceClass.DURATION
    _attr_entity_category = EntityCategory.CONFIG
    _attr_mode = NumberMode.BOX
    _attr_native_max_value = 120
    _attr_native_min_value = 1
    _attr_native_unit_of_measurement = UnitOfTime.MINUTES
    _attr_native_value: float = DEFAULT_MINUTES
    _attr_translation_key = "minutes"

    @override
    async def async_added_to_hass(self) -> None:
        """Restore the number from before a restart."""
        await super().async_added_to_hass()
        last = await self.async_get_last_number_data()
        if last and last.native_value is not None:
            self._set(last.native_value)

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Set how many minutes to save."""
        self._set(value)
        self.async_write_ha_state()

    def _set(self, value: float) -> None:
        self._attr_native_value = value
        self.account.minutes[self.camera.id] = value
