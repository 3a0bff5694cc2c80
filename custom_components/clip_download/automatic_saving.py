"""Automatic saving of events: its rules, the events, and their clips."""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.helpers.template import Template
from homeassistant.util import dt as dt_util
from homeassistant.util.signal_type import SignalType

from .const import (
    CONF_AFTER,
    CONF_AUTOMATIC,
    CONF_BEFORE,
    CONF_KINDS,
    CONF_MERGE,
    CONF_PAUSE,
    DEFAULT_AFTER_S,
    DEFAULT_BEFORE_S,
    DOMAIN,
)
from .coordinator import ClipConfigEntry
from .engine.errors import NoFootageError, NotReadyError
from .engine.events.monitor import POLL_INTERVAL
from .engine.events.saver import Rules
from .engine.library import files
from .engine.model import SAME_WITHIN, Camera, Clip, Event, EventKind, MediaOptions
from .engine.pipeline.jobs import Running
from .engine.time_range import Window
from .paths import file_name, media_folder, media_folders
from .runtime import async_shared

DEFAULT_KINDS = (EventKind.DING, EventKind.MOTION)
# How long to wait for the footage of an event.
SAVE_TIMEOUT = timedelta(minutes=10)
# How long to try to list events, while a person waits for the list.
LIST_TIMEOUT = timedelta(seconds=30)
# How far back an event is searched for, step by step.
REACHES = (timedelta(days=1), timedelta(days=7), timedelta(days=30))
# How often to look whether the recording of an event is ready.
LOOK_AGAIN_S = 10.0


class SavedClip(NamedTuple):
    """Where the clip of an event was saved, and whether its file is still there."""

    path: Path
    exists: bool


def rules_of(entry: ClipConfigEntry, camera_id: str) -> Rules | None:
    """Return the rules by which a camera's events are saved, None if they are not."""
    options = entry.options
    since = options.get(CONF_AUTOMATIC, {}).get(camera_id)
    if since is None:
        return None
    before, after = _margins(entry)
    return Rules(
        since=datetime.fromisoformat(since),
        kinds=frozenset(options.get(CONF_KINDS, DEFAULT_KINDS)),
        before=before,
        after=after,
        pause=timedelta(seconds=options.get(CONF_PAUSE, 0)),
        merge=timedelta(seconds=options.get(CONF_MERGE, 0)),
    )


def automatic_changed(entry: ClipConfigEntry) -> SignalType[()]:
    """Return the signal for automatic saving of a camera that was turned on or off."""
    return SignalType(f"{DOMAIN}_automatic_{entry.entry_id}")


@callback
def async_set_automatic(
    hass: HomeAssistant, entry: ClipConfigEntry, camera_id: str, *, is_on: bool
) -> None:
    """Turn automatic saving of a camera on, from now on, or off."""
    automatic = dict(entry.options.get(CONF_AUTOMATIC, {}))
    now = dt_util.utcnow().isoformat()
    # None, not absent: it was turned off, and is not a new camera.
    automatic[camera_id] = (automatic.get(camera_id) or now) if is_on else None
    hass.config_entries.async_update_entry(
        entry, options={**entry.options, CONF_AUTOMATIC: automatic}
    )
    async_dispatcher_send(hass, automatic_changed(entry))
    entry.runtime_data.saver.save_due()


async def async_events(
    entry: ClipConfigEntry,
    camera: Camera,
    window: Window,
    timeout: timedelta = LIST_TIMEOUT,
) -> list[Event]:
    """Return the events that begin in the window, the oldest first. Raises ClipError."""
    account = entry.runtime_data
    events = await account.call(
        lambda: account.source.events(camera, window), within=timeout
    )
    return [
        event for event in events if window.start <= event.window.start < window.end
    ]


async def async_newest_first(
    entry: ClipConfigEntry, camera: Camera
) -> AsyncIterator[Event]:
    """Yield the events that the cloud lists of a month, the newest first.

    Raises ClipError.
    """
    now = dt_util.utcnow()
    # The clock of a cloud may be ahead.
    end = now + POLL_INTERVAL
    for reach in REACHES:
        window = Window(now - reach, end)
        for event in reversed(await async_events(entry, camera, window)):
            yield event
        end = window.start


async def async_find_event(
    entry: ClipConfigEntry, camera: Camera, event_id: str
) -> Event:
    """Return the event with an id, as automatic saving knows it.

    If the cloud lists it under another id than it announced it with, it is the listed one.
    Raises NotReadyError while its recording is not ready, NoFootageError for an id that
    nobody knows, and other ClipErrors.
    """
    account = entry.runtime_data
    known = await account.event_store.event(camera.id, event_id)
    if known and known.is_ready:
        return known
    known = known or account.monitor.announced(camera.id, event_id)
    if known is None:
        found = None
        if account.source.event_kinds:
            found = await _async_find_listed(entry, camera, event_id)
        if found is None:
            raise NoFootageError("event_unknown", event=event_id)
    elif account.source.event_kinds:
        start = known.window.start
        around = Window(start - SAME_WITHIN, start + SAME_WITHIN)
        listed = await account.source.events(camera, around)
        same = [event for event in listed if event.is_same_as(known)]
        found = min(same, key=lambda event: event.id != event_id, default=None)
    else:
        found = known
    if found is None or not found.is_ready:
        raise NotReadyError("recording_not_ready", after_s=LOOK_AGAIN_S)
    return found


async def _async_find_listed(
    entry: ClipConfigEntry, camera: Camera, event_id: str
) -> Event | None:
    async for event in async_newest_first(entry, camera):
        if event.id == event_id:
            return event
    return None


async def async_clips_of_event(
    hass: HomeAssistant, entry: ClipConfigEntry, camera: Camera, event_id: str
) -> list[Clip]:
    """Return the clip of an event, or its several files; nothing if one of them is gone.

    Raises StorageError.
    """
    clips = await entry.runtime_data.event_store.clips(camera.id, event_id)
    roots = media_folders(hass)

    def existing(clips: Sequence[Clip]) -> list[Clip]:
        return [clip for clip in clips if files.is_there(clip.path, roots)]

    storages = (await async_shared(hass)).executors
    there = await storages.ask(existing, clips, roots, lambda clip: clip.path)
    return clips if len(there) == len(clips) else []


async def async_saved_clips(
    hass: HomeAssistant, entry: ClipConfigEntry, camera: Camera, ids: Iterable[str]
) -> dict[str, SavedClip]:
    """Return the clips of those of the events that were saved, by the event's id.

    Raises StorageError.
    """
    paths = await entry.runtime_data.event_store.clip_paths(camera.id, ids)
    roots = media_folders(hass)

    def existing(paths: Sequence[Path]) -> list[Path]:
        return [path for path in paths if files.is_there(path, roots)]

    storages = (await async_shared(hass)).executors
    there = set(
        await storages.ask(
            existing, map(Path, paths.values()), roots, lambda path: path
        )
    )
    return {
        event_id: SavedClip(Path(path), Path(path) in there)
        for event_id, path in paths.items()
    }


async def async_saved_clip(
    hass: HomeAssistant, entry: ClipConfigEntry, camera: Camera, event_id: str
) -> SavedClip | None:
    """Return the clip of an event, None if it was not saved. Raises StorageError."""
    return (await async_saved_clips(hass, entry, camera, [event_id])).get(event_id)


async def async_request_clip(
    hass: HomeAssistant,
    entry: ClipConfigEntry,
    camera: Camera,
    events: Sequence[Event],
    window: Window | None = None,
    *,
    replaces: Path | None = None,
    timeout: timedelta = SAVE_TIMEOUT,
    is_automatic: bool = False,
    is_in_back_fill: bool = False,
    label: str = "",
    template: Template | None = None,
    media_options: MediaOptions = MediaOptions(),
) -> Running:
    """Begin the job for the one clip of some events, which is named after the first.

    Without a `window`, it is that of the events with their margins. The clip gets the
    name of the file that it `replaces`, if that is in the account's media folder, else
    one by the `template`, without which it is that of the account. Raises
    InvalidRequestError, StorageError.
    """
    if window is None:
        before, after = _margins(entry)
        window = Window(
            min(event.window.start for event in events) - before,
            max(event.window.end for event in events) + after,
        )
    label = label or events[0].what or events[0].kind
    root = media_folder(hass, entry)
    if replaces and replaces.is_relative_to(root):
        filename = PurePosixPath(replaces.relative_to(root).with_suffix(""))
    else:
        replaces = None
        filename = file_name(
            hass, entry, camera, events[0].window, label=label, template=template
        )
    return await entry.runtime_data.jobs.ask(
        camera,
        window,
        root=root,
        filename=filename,
        label=label,
        overwrite=replaces is not None,
        timeout=timeout,
        media_options=media_options,
        events=events,
        is_automatic=is_automatic,
        is_in_back_fill=is_in_back_fill,
    )


def _margins(entry: ClipConfigEntry) -> tuple[timedelta, timedelta]:
    """Return how much to save before and after an event.

    Nothing where the cloud keeps whole recordings: those are saved as they are.
    """
    if entry.runtime_data.source.keeps_recordings:
        return timedelta(0), timedelta(0)
    options = entry.options
    return (
        timedelta(seconds=options.get(CONF_BEFORE, DEFAULT_BEFORE_S)),
        timedelta(seconds=options.get(CONF_AFTER, DEFAULT_AFTER_S)),
    )
