"""What of an account is saved by itself, and how much of each event."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .const import (
    CONF_AFTER,
    CONF_AUTOMATIC,
    CONF_BEFORE,
    CONF_KINDS,
    CONF_MERGE,
    CONF_PAUSE,
    DEFAULT_AFTER_S,
    DEFAULT_BEFORE_S,
)
from .coordinator import ClipConfigEntry
from .engine.errors import SignInError
from .engine.events.monitor import Rules
from .engine.library import files
from .engine.model import DING, MOTION, Camera, Event
from .engine.pipeline.jobs import Running
from .engine.pipeline.patience import Patience, persist
from .engine.time_range import Window
from .paths import file_name, media_folder, media_folders

DEFAULT_KINDS = (DING, MOTION)


def margins(entry: ClipConfigEntry) -> tuple[timedelta, timedelta]:
    """Return what to save before and after an event.

    Nothing where the cloud keeps whole recordings: they are taken as they are.
    """
    if entry.runtime_data.source.keeps_recordings:
        return timedelta(0), timedelta(0)
    options = entry.options
    return (
        timedelta(seconds=options.get(CONF_BEFORE, DEFAULT_BEFORE_S)),
        timedelta(seconds=options.get(CONF_AFTER, DEFAULT_AFTER_S)),
    )


def rules_of(entry: ClipConfigEntry, camera_id: str) -> Rules | None:
    """Return what of a camera is saved automatically, None if nothing is."""
    options = entry.options
    since = options.get(CONF_AUTOMATIC, {}).get(camera_id)
    if since is None:
        return None
    before, after = margins(entry)
    return Rules(
        since=datetime.fromisoformat(since),
        kinds=frozenset(options.get(CONF_KINDS, DEFAULT_KINDS)),
        before=before,
        after=after,
        pause=timedelta(seconds=options.get(CONF_PAUSE, 0)),
        merge=timedelta(seconds=options.get(CONF_MERGE, 0)),
    )


@callback
def async_set_automatic(
    hass: HomeAssistant, entry: ClipConfigEntry, camera_id: str, *, is_on: bool
) -> None:
    """Begin to save what a camera sees from now on, or end it."""
    automatic = dict(entry.options.get(CONF_AUTOMATIC, {}))
    now = dt_util.utcnow().isoformat()
    if is_on:
        automatic[camera_id] = automatic.get(camera_id) or now
    else:
        automatic[camera_id] = None
    hass.config_entries.async_update_entry(
        entry, options={**entry.options, CONF_AUTOMATIC: automatic}
    )
    entry.runtime_data.watch.stir()


# There is no hurry, and what failed is asked for again.
PATIENCE = timedelta(minutes=10)
# Somebody looks on while events are listed.
LISTING_PATIENCE = timedelta(seconds=30)


async def async_events(
    hass: HomeAssistant,
    entry: ClipConfigEntry,
    camera: Camera,
    window: Window,
    patience: timedelta = LISTING_PATIENCE,
) -> list[Event]:
    """Return the events that begin in the window, the oldest first.

    Whoever has to sign in again is asked to. Raises ClipError.
    """
    try:
        events = await persist(
            lambda: entry.runtime_data.source.events(camera, window),
            Patience(dt_util.utcnow() + patience, faults_s=0),
        )
    except SignInError:
        entry.async_start_reauth(hass)
        raise
    return [
        event for event in events if window.start <= event.window.start < window.end
    ]


class SavedAt(NamedTuple):
    """Where the clip of an event was saved, and whether its file is still there."""

    path: Path
    is_there: bool


async def async_saved(
    hass: HomeAssistant,
    entry: ClipConfigEntry,
    camera: Camera,
    ids: Iterable[str],
) -> dict[str, SavedAt]:
    """Return where those events lie that are saved, by their id. Raises StorageError."""
    paths = await entry.runtime_data.ledger.saved(camera.id, ids)

    roots = media_folders(hass)

    def look() -> dict[str, SavedAt]:
        return {
            event_id: SavedAt(Path(path), files.is_there(Path(path), roots))
            for event_id, path in paths.items()
        }

    return await hass.async_add_executor_job(look) if paths else {}


async def async_ask_for_events(
    hass: HomeAssistant,
    entry: ClipConfigEntry,
    camera: Camera,
    events: Sequence[Event],
    window: Window | None = None,
    *,
    replaces: Path | None = None,
    timeout: timedelta = PATIENCE,
    is_automatic: bool = False,
) -> Running:
    """Ask for the one clip of some events, named by the first of them.

    `window` is that of the events and their margins, if it is not given. The clip takes
    the place of the file that it `replaces`, if that is in the account's media folder.
    Raises InvalidRequestError, StorageError.
    """
    if window is None:
        before, after = margins(entry)
        window = Window(
            min(event.window.start for event in events) - before,
            max(event.window.end for event in events) + after,
        )
    label = events[0].what or events[0].kind
    root = media_folder(hass, entry)
    if replaces and replaces.is_relative_to(root):
        filename = PurePosixPath(replaces.relative_to(root).with_suffix(""))
    else:
        replaces = None
        filename = file_name(hass, entry, camera, events[0].window, label=label)
    return await entry.runtime_data.jobs.ask(
        camera,
        window,
        root=root,
        filename=filename,
        label=label,
        overwrite=replaces is not None,
        timeout=timeout,
        events=events,
        is_automatic=is_automatic,
    )
