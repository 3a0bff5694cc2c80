"""Switches for the automatic saving of a camera's events."""

from typing import Any, override

from homeassistant.components.switch import SwitchEntity
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .automatic_saving import async_set_automatic, automatic_changed, rules_of
from .coordinator import ClipConfigEntry
from .entity import CameraEntity, async_add_cameras, has_events
from .errors import raise_action_error
from .issues import async_forget_camera

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: ClipConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the switch of each camera, where the account gets events."""
    if has_events(entry):
        await async_add_cameras(entry, async_add_entities, Automatic)


class Automatic(CameraEntity, SwitchEntity):
    """Saves the events of a camera from when it is turned on."""

    _attr_entity_category = EntityCategory.CONFIG
    _attr_translation_key = "automatic"

    @property
    @override
    def is_on(self) -> bool:
        """Whether events are saved automatically."""
        return rules_of(self.coordinator.config_entry, self.camera.id) is not None

    @override
    async def async_added_to_hass(self) -> None:
        """Follow what turns it on or off besides itself."""
        await super().async_added_to_hass()
        signal = automatic_changed(self.coordinator.config_entry)
        self.async_on_remove(
            async_dispatcher_connect(self.hass, signal, self.async_write_ha_state)
        )

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Save the events from now on."""
        await self.async_check_control()
        self._set(is_on=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Save no more events, not even those that are waiting to be saved."""
        await self.async_check_control()
        self._set(is_on=False)
        async_forget_camera(self.hass, self.coordinator.config_entry, self.camera.id)
        with raise_action_error(camera=self.camera.name):
            await self.account.event_store.forget_wanted(self.camera.id)

    def _set(self, *, is_on: bool) -> None:
        entry = self.coordinator.config_entry
        async_set_automatic(self.hass, entry, self.camera.id, is_on=is_on)
