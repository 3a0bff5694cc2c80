"""The commands about a window of time: what the cloud and the library have of it."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import voluptuous as vol

from homeassistant.core import HomeAssistant
from homeassistant.helpers.typing import VolDictType
from homeassistant.util import dt as dt_util

from ..cloud_retention import async_retention
from ..coordinator import ClipConfigEntry
from ..copies import async_away
from ..engine.copies.away import newest_of
from ..engine.errors import ClipError, NothingBeforeError
from ..engine.library.queries import ClipQueries, Filter
from ..engine.model import Camera, Clip, Event
from ..engine.time_range import Window, gaps, merged, settle_past, within
from ..errors import action_error, async_message, async_reason, raise_action_error
from ..history import async_known_events
from ..links import LINKS_AT_ONCE, async_picture_links, async_signed
from ..pictures import DATA_PICTURES
from ..runtime import async_shared
from ..services import response
from ..services.targets import account_and_camera, name_of
from ..turns import async_turn
from .clips import async_infos
from .command import ID, Asker, command, moment, span, utc
from .footage import async_footage

if TYPE_CHECKING:
    from .schema import (
        CameraTimeline,
        EventInfo,
        EventsAnswer,
        FootageAnswer,
        PictureAnswer,
        RefusedInfo,
        Span,
        TimelineAnswer,
    )

# No wall shows more at once; of each, no more clips than that.
MOST_CAMERAS, MOST_CLIPS, MOST_REFUSED = 32, 1000, 200
# Of all cameras together: a link to a picture costs more than all else of a clip.
MOST_PICTURES = 640
# No cloud has anything from before.
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)

WINDOW_FIELDS: VolDictType = {
    vol.Required("start"): moment,
    vol.Required("end"): moment,
}


@command("events/list", {vol.Required("entity_id"): ID, **WINDOW_FIELDS})
async def ws_events(asker: Asker, msg: dict[str, Any]) -> EventsAnswer:
    """List what a camera saw, the oldest first, as its cloud lists it or told of it."""
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


@command("footage", {vol.Required("entity_id"): ID, **WINDOW_FIELDS})
async def ws_footage(asker: Asker, msg: dict[str, Any]) -> FootageAnswer:
    """Tell where the cloud has footage, however long that takes to know."""
    entity_id: str = msg["entity_id"]
    asker.camera(entity_id)
    window = _window(msg, name_of(asker.hass, entity_id))
    with raise_action_error(**_about(asker.hass, entity_id, window)):
        entry, camera = account_and_camera(asker.hass, entity_id)
        found = await async_footage(asker.hass).get(entry, camera, window)
        events = []
        if not entry.runtime_data.source.records_always:
            events = await async_known_events(asker.hass, entry, camera, window)
        return {"footage": _footage(entry, found, events)}


@command("picture_at", {vol.Required("entity_id"): ID, vol.Required("at"): moment})
async def ws_picture_at(asker: Asker, msg: dict[str, Any]) -> PictureAnswer:
    """Return the cloud's picture nearest to a moment, where it has one."""
    entity_id: str = msg["entity_id"]
    asker.camera(entity_id)
    at: datetime = msg["at"]
    found = None
    with raise_action_error(camera=name_of(asker.hass, entity_id), window=f"{at}"):
        entry, camera = account_and_camera(asker.hass, entity_id)
        is_past = EARLIEST < at < dt_util.utcnow()
        if is_past and entry.runtime_data.source.has_pictures(camera):
            pictures = asker.hass.data[DATA_PICTURES]
            found = await pictures.async_at(entry, camera, dt_util.as_utc(at))
    if found is None:
        return {"picture": None, "at": None}
    path, taken = found
    token = asker.connection.refresh_token_id
    picture = async_signed(asker.hass, path, refresh_token_id=token)
    return {"picture": picture, "at": utc(taken)}


async def _async_timeline(
    asker: Asker, entity_id: str, window: Window, *, most_pictures: int
) -> CameraTimeline:
    """Return what there is of one camera. A cloud that fails takes nothing from the rest."""
    owner, camera_id = asker.camera(entity_id)
    library = (await async_shared(asker.hass)).library
    chosen = Filter(cameras=[(owner.entry_id, camera_id)], window=window)
    clips = await ClipQueries(library).newest_first(chosen, most=MOST_CLIPS)
    copied: list[Clip] = []
    if off_site := await async_away(asker.hass):
        copied = await off_site.newest_first(chosen, most=MOST_CLIPS)
        clips = newest_of(clips, copied)[:MOST_CLIPS]
    result: CameraTimeline = {
        "entity_id": entity_id,
        "footage": None,
        "retention_start": None,
        "only_motion_before": None,
        "refused": await _async_refused(asker, entity_id, window, clips),
        "events": [],
        "events_error": None,
        "clips": await async_infos(
            asker,
            clips,
            away={clip.id for clip in copied},
            with_links=False,
            most_pictures=most_pictures,
        ),
    }
    try:
        entry, camera = account_and_camera(asker.hass, entity_id)
        retention = async_retention(asker.hass, entry, camera)
        result["retention_start"] = _before(retention.longest)
        result["only_motion_before"] = _before(retention.all_for)
        footage, events = await asyncio.gather(
            async_footage(asker.hass).soon(entry, camera, window),
            async_known_events(asker.hass, entry, camera, window),
        )
        result["events"] = await _async_infos(
            asker, entry, camera, events, most_pictures=most_pictures
        )
        result["footage"] = _footage(entry, footage, events)
    except ClipError as err:
        about = _about(asker.hass, entity_id, window)
        result["events_error"] = async_message(asker.hass, action_error(err, **about))
    return result


async def _async_refused(
    asker: Asker, entity_id: str, window: Window, clips: Sequence[Clip]
) -> list[RefusedInfo]:
    """Return where a cloud gave nothing of what was asked for, and nothing came since."""
    owner, camera_id = asker.camera(entity_id)
    library = (await async_shared(asker.hass)).library
    known = [clip.window for clip in clips]
    found: list[RefusedInfo] = []
    for job in await library.refused_jobs(
        owner.entry_id, camera_id, window, most=MOST_REFUSED
    ):
        if job.error is None:
            continue
        is_first = isinstance(job.error, NothingBeforeError)
        stretch = Window(EARLIEST if is_first else job.window.start, job.window.end)
        reason = async_reason(asker.hass, job.error)
        found += [
            {**span(piece), "reason": reason}
            for inside in within([stretch], window)
            for piece in gaps(inside, known, timedelta(0))
        ]
        known.append(stretch)
    return found


def _before(age: timedelta | None) -> str | None:
    """Return when footage was filmed that has an age."""
    return None if age is None else utc(dt_util.utcnow() - age)


def _footage(
    entry: ClipConfigEntry, found: Sequence[Window] | None, events: Sequence[Event]
) -> list[Span] | None:
    """Return where there is footage: what was recorded all the time, and of events."""
    source = entry.runtime_data.source
    if source.keeps_recordings or not source.records_always:
        found = [*(found or ()), *(one.window for one in events if one.is_ready)]
    return None if found is None else [span(window) for window in merged(found)]


async def _async_infos(
    asker: Asker,
    entry: ClipConfigEntry,
    camera: Camera,
    events: Sequence[Event],
    *,
    most_pictures: int = MOST_PICTURES,
) -> list[EventInfo]:
    """Return what is told of events, the latest with a picture. Raises StorageError."""
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
    clouds = await _async_cloud_pictures(
        asker,
        entry,
        camera,
        [event for event in events[-most_pictures:] if event.id not in clip_ids],
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
            "picture": pictures.get(clip_ids.get(event.id, ""), clouds.get(event.id)),
        }
        for event in events
    ]


async def _async_cloud_pictures(
    asker: Asker, entry: ClipConfigEntry, camera: Camera, events: Iterable[Event]
) -> dict[str, str]:
    """Return links to the cloud's own pictures of events, by the event's id."""
    source = entry.runtime_data.source
    pictures = asker.hass.data[DATA_PICTURES]
    links: dict[str, str] = {}
    for event in filter(source.has_event_picture, events):
        if len(links) % LINKS_AT_ONCE == 0:
            await async_turn(asker.hass)
        links[event.id] = async_signed(
            asker.hass,
            pictures.async_add_event(entry, camera, event),
            refresh_token_id=asker.connection.refresh_token_id,
        )
    return links


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
