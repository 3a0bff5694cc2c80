"""What a person can send along with a report, without what is nobody's business."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from homeassistant.components.diagnostics import async_redact_data
from homeassistant.const import CONF_API_KEY, CONF_TOKEN, CONF_USERNAME, CONF_WEBHOOK_ID
from homeassistant.core import HomeAssistant

from .const import (
    CONF_ACCESS_KEY_ID,
    CONF_AUTH_IMPLEMENTATION,
    CONF_AUTOMATIC,
    CONF_ENDPOINT_URL,
    CONF_FORMER,
    CONF_HARDWARE_ID,
    CONF_HMAC_KEY,
    CONF_PLAYGROUND_TOKEN,
    CONF_SECRET_ACCESS_KEY,
    CONF_SESSION_TOKEN,
    CONF_STREAM,
    CONF_WEBHOOK_SECRET,
)
from .coordinator import ClipConfigEntry
from .engine.model import Job

TO_REDACT = {
    CONF_ACCESS_KEY_ID,
    CONF_API_KEY,
    CONF_AUTH_IMPLEMENTATION,
    CONF_ENDPOINT_URL,
    CONF_HARDWARE_ID,
    CONF_HMAC_KEY,
    CONF_PLAYGROUND_TOKEN,
    CONF_SECRET_ACCESS_KEY,
    CONF_SESSION_TOKEN,
    CONF_STREAM,
    CONF_TOKEN,
    CONF_USERNAME,
    CONF_WEBHOOK_ID,
    CONF_WEBHOOK_SECRET,
    # What Ring's push messages come with.
    "listen_token",
    # A camera's id is a serial number, and what its source remembers holds others.
    "details",
    "id",
    "serial_number",
}
MOST_JOBS = 20


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: ClipConfigEntry
) -> dict[str, Any]:
    """Return what is known of an account."""
    account = entry.runtime_data
    coordinator = account.coordinator
    return async_redact_data(
        {
            "data": dict(entry.data),
            "options": _options(entry.options),
            "subentries": [dict(entry.data) for entry in entry.subentries.values()],
            "media_dirs": sorted(hass.config.media_dirs),
            "listed": coordinator.last_update_success,
            "cameras": [asdict(camera) for camera in coordinator.data.values()],
            "jobs": [_job(job) for job in await account.jobs.recent(MOST_JOBS)],
        },
        TO_REDACT,
    )


def _options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options; of cameras, only since when they are saved automatically."""
    shown = {name: value for name, value in options.items() if name != CONF_FORMER}
    if CONF_AUTOMATIC in options:
        shown[CONF_AUTOMATIC] = sorted(filter(None, options[CONF_AUTOMATIC].values()))
    return shown


def _job(job: Job) -> dict[str, Any]:
    """Return how a job went; where its clips lie and what they show is left out."""
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
