"""What of an account is saved by itself, and how much of each event."""

from datetime import datetime, timedelta

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .clips.watch import Rules
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
from .sources.base import DING, MOTION

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
