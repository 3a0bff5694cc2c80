"""Event entities: what the cameras of an account see."""

from collections.abc import Sequence
from datetime import datetime
import logging
from typing import Any, ClassVar, override

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

from .automatic_saving import async_saved_clip
from .const import DOMAIN
from .coordinator import ClipConfigEntry
from .engine.errors import StorageError
from .engine.model import SEEN, Camera, Clip, Event, EventKind, Job
from .engine.time_range import Window
from .entity import (
    CameraEntity,
    async_add_cameras,
    camera_unique_id,
    has_events,
    job_saved,
)
from .services.response import place

_LOGGER = logging.getLogger(__name__)

PARALLEL_UPDATES = 0

# The translation key of a doorbell, and the end of its unique id.
DOORBELL = "doorbell"
# The attributes of an event's clip, once that is saved.
CLIP_ATTRIBUTES = ("path", "media_content_id")


async def async_setup_entry(
    hass: HomeAssistant,
    entry: ClipConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the event entities of each camera, where the account gets events."""
    if not has_events(entry):
        return
    first_rings: dict[str, Event] = {}

    def doorbell(entry: ClipConfigEntry, camera: Camera) -> Doorbell | None:
        """Make a doorbell for a camera that is one, was one, or just rang."""
        ring = first_rings.get(camera.id)
        if ring or camera.is_doorbell or _was_doorbell(hass, entry, camera):
            return Doorbell(entry, camera, ring)
        return None

    def detection(entry: ClipConfigEntry, camera: Camera) -> Detection | None:
        """Make a detection where the cloud says what was seen."""
        says = entry.runtime_data.source.says_what_was_seen
        return Detection(entry, camera) if says else None

    add_new = await async_add_cameras(
        entry, async_add_entities, Motion, doorbell, detection
    )

    @callback
    def on_event(camera: Camera, event: Event) -> None:
        """Add a doorbell at the first ring, where the cloud does not say which are."""
        if event.kind == EventKind.DING:
            first_rings[camera.id] = event
            add_new()
            first_rings.clear()

    entry.async_on_unload(async_dispatcher_connect(hass, _seen(entry), on_event))


@callback
def async_announce(
    hass: HomeAssistant, entry: ClipConfigEntry, camera: Camera, event: Event
) -> None:
    """Fire the event entity of a camera."""
    entry.runtime_data.coordinator.async_heard()
    async_dispatcher_send(hass, _seen(entry), camera, event)


def _seen(entry: ClipConfigEntry) -> SignalType[Camera, Event]:
    return SignalType(f"{DOMAIN}_seen_{entry.entry_id}")


def _was_doorbell(hass: HomeAssistant, entry: ClipConfigEntry, camera: Camera) -> bool:
    """Return whether there is a doorbell entity of the camera from before a restart."""
    unique_id = f"{camera_unique_id(entry, camera.id)}_{DOORBELL}"
    registry = er.async_get(hass)
    return registry.async_get_entity_id(EVENT_DOMAIN, DOMAIN, unique_id) is not None


class ClipEvent(CameraEntity, EventEntity):
    """The last event of one kind that one camera saw, and where its clip is."""

    is_from_cloud = True
    # The clip itself says them for good.
    _unrecorded_attributes = frozenset(CLIP_ATTRIBUTES)
    # The only kind of event that it tells of; None for all.
    kind: ClassVar[EventKind | None] = None

    def __init__(self, entry: ClipConfigEntry, camera: Camera) -> None:
        """Take the account's entry and the camera."""
        super().__init__(entry, camera)
        self._last: Event | None = None
        self._attr_extra_state_attributes = {}

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the camera's events and its saved jobs."""
        await super().async_added_to_hass()
        await self._restore()
        entry = self.coordinator.config_entry
        self.async_on_remove(
            async_dispatcher_connect(self.hass, _seen(entry), self._async_fire)
        )
        self.async_on_remove(
            async_dispatcher_connect(
                self.hass, job_saved(entry, self.camera.id), self._async_saved
            )
        )

    @callback
    def _async_fire(self, camera: Camera, event: Event) -> None:
        """Fire for an event of the camera."""
        if camera.id != self.camera.id or self.kind not in {None, event.kind}:
            return
        for event_type in self.types_of(event):
            self._trigger(event, event_type)
            self.async_write_ha_state()

    def types_of(self, event: Event) -> Sequence[str]:
        """Return the types to fire for an event, one after the other."""
        return self.event_types[:1]

    @callback
    def _async_saved(self, job: Job) -> None:
        """Show where the last event's clip is, if this job saved it."""
        if self._last and (clip := _clip_of(self._last, job)):
            self._attr_extra_state_attributes = {**place(self.hass, clip.path)}
            self.async_write_ha_state()

    def _trigger(self, event: Event, event_type: str) -> None:
        self._last = event
        self._attr_extra_state_attributes = {}
        self._trigger_event(
            event_type,
            {
                "id": event.id,
                "kind": event.what or event.kind,
                "seen": list(event.seen),
                "start": dt_util.as_local(event.window.start).isoformat(
                    timespec="milliseconds"
                ),
            },
        )

    async def _restore(self) -> None:
        """Restore the last event, whose job may go on, and where its clip is."""
        last_data = await self.async_get_last_event_data()
        state = await self.async_get_last_state()
        if not last_data or not state:
            return
        match last_data.last_event_attributes:
            case {"id": str(event_id), "start": str(start)}:
                moment = datetime.fromisoformat(start)
                self._last = Event(
                    id=event_id, kind=self.kind or "", window=Window(moment, moment)
                )
                self._attr_extra_state_attributes = {
                    name: state.attributes[name]
                    for name in CLIP_ATTRIBUTES
                    if name in state.attributes
                } or await self._place(event_id)

    async def _place(self, event_id: str) -> dict[str, Any]:
        """Return where the clip of an event is that was saved meanwhile."""
        entry = self.coordinator.config_entry
        try:
            saved = await async_saved_clip(self.hass, entry, self.camera, event_id)
        except StorageError as err:
            _LOGGER.debug("The clip of %s is not known: %s", self.entity_id, err)
            return {}
        return {**place(self.hass, saved.path)} if saved and saved.exists else {}


class Motion(ClipEvent):
    """What one camera saw move."""

    _attr_device_class = EventDeviceClass.MOTION
    _attr_event_types = [EventKind.MOTION]
    _attr_translation_key = "motion"
    kind = EventKind.MOTION

    def __init__(self, entry: ClipConfigEntry, camera: Camera) -> None:
        """Take the account's entry and the camera."""
        super().__init__(entry, camera)
        self._attr_unique_id = f"{camera_unique_id(entry, camera.id)}_event"


class Doorbell(ClipEvent):
    """Who rang at one camera."""

    _attr_device_class = EventDeviceClass.DOORBELL
    _attr_event_types = [DoorbellEventType.RING]
    _attr_translation_key = DOORBELL
    kind = EventKind.DING

    def __init__(
        self, entry: ClipConfigEntry, camera: Camera, ring: Event | None = None
    ) -> None:
        """Take the account's entry, the camera, and the ring that it is added for."""
        super().__init__(entry, camera)
        self._ring = ring

    @override
    async def async_added_to_hass(self) -> None:
        """Fire for the ring that it is added for."""
        await super().async_added_to_hass()
        if self._ring:
            self._trigger(self._ring, DoorbellEventType.RING)


class Detection(ClipEvent):
    """What one camera saw: a type for each, whether somebody rang or something moved.

    It is no motion of its own, and so has no device class.
    """

    _attr_event_types = list(SEEN)
    _attr_translation_key = "detection"

    @override
    def types_of(self, event: Event) -> Sequence[str]:
        """Return each thing that was seen and has a name here."""
        return [word for word in SEEN if word in event.seen]


def _clip_of(event: Event, job: Job) -> Clip | None:
    """Return the clip of a job that an event is in."""
    if any(event.is_same_as(one) for one in job.events):
        return job.clips[0]
    return next((clip for clip in job.clips if event.id in clip.events), None)
