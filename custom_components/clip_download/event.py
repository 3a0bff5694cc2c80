"""What the cameras of an account see, as their cloud tells it."""

from typing import override

from homeassistant.components.event import (
    DOMAIN as EVENT_DOMAIN,
    DoorbellEventType,
    EventDeviceClass,
    EventEntity,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.dispatcher import (
    async_dispatcher_connect,
    async_dispatcher_send,
)
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util
from homeassistant.util.signal_type import SignalType

from .const import DOMAIN
from .coordinator import ClipConfigEntry
from .entity import CameraEntity, async_add_cameras
from .sources.base import DING, MOTION, Camera, Event

PARALLEL_UPDATES = 0

RING = DoorbellEventType.RING


async def async_setup_entry(
    hass: HomeAssistant,
    entry: ClipConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add an event entity for each camera, where the cloud tells of events."""
    source = entry.runtime_data.source
    if source.tells_events or source.event_kinds:
        async_add_cameras(entry, async_add_entities, ClipEvent)


@callback
def async_tell(
    hass: HomeAssistant, entry: ClipConfigEntry, camera: Camera, event: Event
) -> None:
    """Fire the event entity of a camera."""
    async_dispatcher_send(hass, _signal(entry, camera), event)


def _signal(entry: ClipConfigEntry, camera: Camera) -> SignalType[Event]:
    return SignalType(f"{DOMAIN}_{entry.entry_id}_{camera.id}")


class ClipEvent(CameraEntity, EventEntity):
    """What one camera saw last.

    No cloud says which of its cameras are doorbells, and a person wants to be told of
    those: a camera is one from the first time that its button is pressed.
    """

    _attr_translation_key = "event"

    def __init__(self, entry: ClipConfigEntry, camera: Camera) -> None:
        """Take the account's entry and the camera."""
        super().__init__(entry, camera)
        self._attr_unique_id = f"{self._attr_unique_id}_event"
        self._attr_event_types = [MOTION]
        self._attr_device_class = EventDeviceClass.MOTION
        if self._was_doorbell():
            self._become_doorbell()

    @override
    async def async_added_to_hass(self) -> None:
        """Listen to what the cloud tells of the camera."""
        await super().async_added_to_hass()
        entry = self.coordinator.config_entry
        self.async_on_remove(
            async_dispatcher_connect(
                self.hass, _signal(entry, self.camera), self._async_fire
            )
        )

    @callback
    def _async_fire(self, event: Event) -> None:
        """Say that the camera saw something."""
        if event.kind == DING:
            self._become_doorbell()
        elif event.kind != MOTION:
            return
        self._trigger_event(
            RING if event.kind == DING else MOTION,
            {
                "id": event.id,
                "kind": event.what or event.kind,
                "start": dt_util.as_local(event.window.start).isoformat(
                    timespec="milliseconds"
                ),
            },
        )
        self.async_write_ha_state()

    def _was_doorbell(self) -> bool:
        """Say whether its button was pressed before Home Assistant started."""
        registry = er.async_get(self.coordinator.hass)
        entity_id = registry.async_get_entity_id(
            EVENT_DOMAIN, DOMAIN, self._attr_unique_id or ""
        )
        known = registry.async_get(entity_id) if entity_id else None
        return (
            known is not None
            and known.original_device_class == EventDeviceClass.DOORBELL
        )

    def _become_doorbell(self) -> None:
        self._attr_event_types = [MOTION, RING]
        self._attr_device_class = EventDeviceClass.DOORBELL
