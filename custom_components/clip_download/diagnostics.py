"""Diagnostics of an account, without secrets and personal data."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from homeassistant.components.diagnostics import async_redact_data
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_FILENAME
from homeassistant.core import HomeAssistant

from .accounts import kind_of
from .accounts.kind import AccountKind, Field, Visibility
from .const import (
    CONF_AFTER,
    CONF_AUTOMATIC,
    CONF_BEFORE,
    CONF_DOWNLOADS_AT_ONCE,
    CONF_FORMER,
    CONF_FREE_GB,
    CONF_KEEP_DAYS,
    CONF_KIND,
    CONF_KINDS,
    CONF_MEDIA_DIR,
    CONF_MERGE,
    CONF_MOST_GB,
    CONF_NEW_CAMERAS,
    CONF_PAUSE,
)
from .copies import CONF_CAMERAS, CONF_IDENTITY, Copies
from .copy_kinds import TARGETS, is_target
from .engine.model import Job

# The public options of all kinds of accounts; a kind marks its own ones. Everything else
# is redacted.
PUBLIC_OPTIONS = {
    CONF_AFTER,
    CONF_AUTOMATIC,
    CONF_BEFORE,
    CONF_DOWNLOADS_AT_ONCE,
    CONF_FILENAME,
    CONF_FREE_GB,
    CONF_KEEP_DAYS,
    CONF_KINDS,
    CONF_MEDIA_DIR,
    CONF_MERGE,
    CONF_MOST_GB,
    CONF_NEW_CAMERAS,
    CONF_PAUSE,
}
# The public fields of a camera. Its id may be a serial number.
PUBLIC_OF_CAMERA = {"firmware", "is_doorbell", "model", "name"}
MOST_JOBS = 20


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: ConfigEntry[Any]
) -> dict[str, Any]:
    """Return the diagnostics of an account, or of a place for copies."""
    if is_target(entry):
        return _of_copies(entry)
    account = entry.runtime_data
    coordinator = account.coordinator
    kind = kind_of(entry)
    return {
        "data": _redacted(entry.data, _public_data(kind)),
        "options": _redacted(
            _options(entry.options), PUBLIC_OPTIONS | _public(kind.options)
        ),
        "subentries": [
            _redacted(subentry.data, set()) for subentry in entry.subentries.values()
        ],
        "media_dirs": sorted(hass.config.media_dirs),
        "listed": coordinator.last_update_success,
        "cameras": [
            _redacted(asdict(camera), PUBLIC_OF_CAMERA)
            for camera in coordinator.data.values()
        ],
        "jobs": [_job(job) for job in await account.jobs.recent(MOST_JOBS)],
    }


def _of_copies(entry: ConfigEntry[Copies]) -> dict[str, Any]:
    """Return how far the copies of a place are."""
    status = entry.runtime_data.coordinator.data
    fields = TARGETS[entry.data[CONF_KIND]].fields
    return {
        "data": _redacted(entry.data, {CONF_KIND} | _public(fields)),
        "options": _redacted(entry.options, entry.options.keys() - {CONF_CAMERAS}),
        "is_encrypted": CONF_IDENTITY in entry.data,
        "status": {**asdict(status), "error": status.error and status.error.key},
    }


def _redacted(data: Mapping[str, Any], public: set[str]) -> dict[str, Any]:
    """Return data in which everything that is not public is redacted."""
    return async_redact_data(dict(data), data.keys() - public)


def _public_data(kind: AccountKind) -> set[str]:
    """Return the public names in an account's data."""
    names = {CONF_KIND} | _public(kind.fields)
    # It is the id of a config entry.
    return names | {kind.shared_sign_in.field} if kind.shared_sign_in else names


def _public(fields: Iterable[Field]) -> set[str]:
    """Return the names of public fields."""
    return {field.name for field in fields if field.visibility is Visibility.PUBLIC}


def _options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options without camera ids."""
    shown = {name: value for name, value in options.items() if name != CONF_FORMER}
    if CONF_AUTOMATIC in options:
        shown[CONF_AUTOMATIC] = sorted(filter(None, options[CONF_AUTOMATIC].values()))
    return shown


def _job(job: Job) -> dict[str, Any]:
    """Return how a job went, without paths and events."""
    return {
        "camera": job.camera_name,
        "start": job.window.start.isoformat(),
        "end": job.window.end.isoformat(),
        "asked_at": job.asked_at.isoformat(),
        "give_up_at": job.give_up_at.isoformat(),
        "state": job.state,
        "error": job.error and job.error.key,
        "clips": [
            {
                "status": clip.status,
                "duration_ms": clip.duration_ms,
                "size_bytes": clip.size_bytes,
                "video_codec": clip.video_codec,
                "audio_codec": clip.audio_codec,
                "width": clip.width,
                "height": clip.height,
                "events": len(clip.events),
                "gaps": len(clip.gaps),
            }
            for clip in job.clips
        ],
    }
