"""The commands about a window of time: what the cloud and the library have of it."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import voluptuous as vol

from homeassistant.core import HomeAssistant
from homeassistant.helpers.typing import VolDictType
from homeassistant.util import dt as dt_util

from ..coordinator import ClipConfigEntry
from ..engine.errors import ClipError
from ..engine.library.queries import ClipQueries, Filter
from ..engine.model import Camera, Event
from ..engine.time_range import Window, settle_past
from ..errors import action_error, raise_action_error
from ..history import async_known_events
from ..links import async_picture_links
from ..runtime import async_shared
from ..services import response
from ..services.targets import account_and_camera, name_of
from .clips import async_infos
from .command import ID, Asker, command, moment, span, utc
from .schema import CameraTimeline, EventInfo, EventsAnswer, Span, TimelineAnswer

# No wall shows more at once; of each, no more clips than that.
MOST_CAMERAS, MOST_CLIPS = 32, 1000
# Of all cameras together: a link to a picture costs more than all else of a clip.
MOST_PICTURES = 640

WINDOW_FIELDS: VolDictType = {
    vol.Required("start"): moment,
    vol.Required("end"): moment,
}


@command("events/list", {vol.Required("entity_id"): ID, **WINDOW_FIELDS})
async def ws_events(asker: Asker, msg: dict[str, Any]) -> EventsAnswer:
    """List what a camera saw, the oldest first; nothing where its cloud keeps no history."""
    entity_id: str = msg["entity_id"]
    asker.camera(entity_id)
    window = _window(msg, name_of(asker.hass, entity_id))
    about = _about(asker.hass, entity_id, window)
    with raise_action_error(**about):
        entry, camera = account_and_camera(asker.hass, entity_id)
        events = await async_known_events(asker.hass, entry, camera, window)
        return {"events": await _async_infos(asker, entry, camera, events)}


@command(
    "timeline",
    {
        vol.Required("entity_ids"): vol.All([ID], vol.Length(min=1, max=MOST_CAMERAS)),
        **WINDOW_FIELDS,
    },
)
async def ws_timeline(asker: Asker, msg: dict[str, Any]) -> TimelineAnswer:
    """Tell what there is of each camera: footage, events, clips."""
    entity_ids = list(dict.fromkeys(msg["entity_ids"]))
    for entity_id in entity_ids:
        asker.camera(entity_id)
    names = ", ".join(name_of(asker.hass, entity_id) for entity_id in entity_ids)
    window = _window(msg, names)
    cameras = await asyncio.gather(
        *(
            _async_timeline(
                asker, entity_id, window, most_pictures=MOST_PICTURES // len(entity_ids)
            )
            for entity_id in entity_ids
        )
    )
    return {"cameras": cameras}


async def _async_timeline(
    asker: Asker, entity_id: str, window: Window, *, most_pictures: int
) -> CameraTimeline:
    """Return what there is of one camera. A cloud that fails takes nothing from the rest."""
    owner, camera_id = asker.camera(entity_id)
    library = (await async_shared(asker.hass)).library
    clips = await ClipQueries(library).newest_first(
        Filter(cameras=[(owner.entry_id, camera_id)], window=window), most=MOST_CLIPS
    )
    result: CameraTimeline = {
        "entity_id": entity_id,
        "footage": None,
        "events": [],
        "events_error": None,
        "clips": await async_infos(
            asker, clips, with_links=False, most_pictures=most_pictures
        ),
    }
    try:
        entry, camera = account_and_camera(asker.hass, entity_id)
        events = await async_known_events(asker.hass, entry, camera, window)
        result["events"] = await _async_infos(asker, entry, camera, events)
    except ClipError as err:
        about = _about(asker.hass, entity_id, window)
        result["events_error"] = str(action_error(err, **about))
        return result
    if entry.runtime_data.source.keeps_recordings:
        result["footage"] = _footage(events)
    return result


async def _async_infos(
    asker: Asker, entry: ClipConfigEntry, camera: Camera, events: Sequence[Event]
) -> list[EventInfo]:
    """Return what is told of events. Raises StorageError."""
    if not events:
        return []
    store = entry.runtime_data.event_store
    clip_ids = await store.clip_ids(camera.id, [event.id for event in events])
    library = (await async_shared(asker.hass)).library
    pictures = await async_picture_links(
        asker.hass,
        await ClipQueries(library).of_ids(clip_ids.values()),
        refresh_token_id=asker.connection.refresh_token_id,
    )
    return [
        {
            "id": event.id,
            "start": utc(event.window.start),
            "end": utc(event.window.end),
            "kind": event.kind,
            "seen": list(event.seen),
            "is_ready": event.is_ready,
            "clip_id": clip_ids.get(event.id),
            "picture": pictures.get(clip_ids.get(event.id, "")),
        }
        for event in events
    ]


def _footage(events: Sequence[Event]) -> list[Span]:
    """Return where there is footage: whole recordings, those that overlap as one."""
    found: list[Window] = []
    for window in sorted(event.window for event in events if event.is_ready):
        if found and window.start <= found[-1].end:
            found[-1] = Window(found[-1].start, max(found[-1].end, window.end))
        elif window.duration:
            found.append(window)
    return [span(window) for window in found]


def _window(msg: Mapping[str, Any], camera: str) -> Window:
    """Return the window that is asked for. Raises ServiceValidationError."""
    start, end = msg["start"], msg["end"]
    with raise_action_error(camera=camera, window=f"{start} – {end}"):
        return settle_past(
            now=dt_util.utcnow(),
            time_zone=dt_util.get_default_time_zone(),
            start=start,
            end=end,
        )


def _about(hass: HomeAssistant, entity_id: str, window: Window) -> dict[str, str]:
    """Return what an error is about, in words."""
    return {"camera": name_of(hass, entity_id), "window": response.in_words(window)}
