"""Saving what the cameras see: the rules of it, and how a clip of events is asked for."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .clips.jobs import Running
from .clips.watch import Rules
from .clips.window import Window
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
from .naming import file_name, media_folder
from .sources.base import DING, MOTION, Camera, Event

DEFAULT_KINDS = (DING, MOTION)
# There is no hurry, and what failed is asked for again.
PATIENCE = timedelta(minutes=10)


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
    if is_on:
        automatic.setdefault(camera_id, dt_util.utcnow().isoformat())
    else:
        automatic.pop(camera_id, None)
    hass.config_entries.async_update_entry(
        entry, options={**entry.options, CONF_AUTOMATIC: automatic}
    )
    entry.runtime_data.watch.stir()


async def async_ask_for_events(
    hass: HomeAssistant,
    entry: ClipConfigEntry,
    camera: Camera,
    events: Sequence[Event],
    window: Window | None = None,
    *,
    replaces: Path | None = None,
    timeout: timedelta = PATIENCE,
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
    )


class SavedAt(NamedTuple):
    """Where the clip of an event was saved, and whether its file is still there."""

    path: Path
    is_there: bool


async def async_saved(
    hass: HomeAssistant,
    entry: ClipConfigEntry,
    camera: Camera,
    events: Iterable[Event],
) -> dict[str, SavedAt]:
    """Return where those events lie that are saved, by their id. Raises StorageError."""
    paths = await entry.runtime_data.ledger.saved(
        camera.id, [event.id for event in events]
    )

    def look() -> dict[str, SavedAt]:
        return {
            event_id: SavedAt(Path(path), Path(path).is_file())
            for event_id, path in paths.items()
        }

    return await hass.async_add_executor_job(look) if paths else {}
