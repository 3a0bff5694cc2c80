"""What is told of a job: the action's response, the bus event, the error's words."""

from pathlib import Path
from typing import Any

from homeassistant.components.media_source import generate_media_source_id
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..engine.errors import ClipError
from ..engine.model import Clip, Event, Job, JobState
from ..engine.time_range import Window
from ..errors import action_error

EVENT_SAVED = f"{DOMAIN}_saved"
EVENT_FAILED = f"{DOMAIN}_failed"

STATUS_QUEUED = "queued"
STATUS_FAILED = "failed"


def error(err: ClipError, *, camera: str, window: str) -> dict[str, str]:
    """Return an error as a response tells it."""
    result = action_error(err, camera=camera, window=window)
    return {"key": result.translation_key or "", "message": str(result)}


def answer(hass: HomeAssistant, job: Job) -> dict[str, Any]:
    """Return a response's entry for a job, as it stands: plain JSON, times local."""
    result: dict[str, Any] = {"job_id": job.id, "label": job.label}
    match job.state:
        case JobState.SAVED:
            result |= _saved(hass, job.clips)
        case JobState.FAILED:
            result |= {"status": STATUS_FAILED, **_times(job.window)}
        case _:
            result |= {"status": STATUS_QUEUED, **_times(job.window)}
    if job.error:
        result["error"] = error(
            job.error, camera=job.camera_name, window=in_words(job.window)
        )
    return result


def seen(event: Event) -> dict[str, Any]:
    """Return what a response tells of an event: its id is a string, times are local."""
    return {
        "id": event.id,
        "kind": event.kind,
        "what": event.what,
        "seen": list(event.seen),
        **_times(event.window),
    }


def in_words(window: Window) -> str:
    """Return a window as a person reads it: local time."""
    start, end = dt_util.as_local(window.start), dt_util.as_local(window.end)
    until = f"{end:%H:%M:%S}" if start.date() == end.date() else f"{end:%F %H:%M:%S}"
    return f"{start:%F %H:%M:%S} – {until}"


def place(hass: HomeAssistant, path: Path) -> dict[str, str]:
    """Return where a clip is: its `path`, and its `media_content_id` if it has one."""
    result = {"path": str(path)}
    if location := media_location(hass, path):
        result["media_content_id"] = generate_media_source_id("media_source", location)
    return result


def media_location(hass: HomeAssistant, path: Path) -> str | None:
    """Return a file's media folder and its path below that, None if it is in none."""
    for name, folder in hass.config.media_dirs.items():
        if path.is_relative_to(folder):
            return f"{name}/{path.relative_to(folder)}"
    return None


def _saved(hass: HomeAssistant, clips: tuple[Clip, ...]) -> dict[str, Any]:
    first, last = clips[0], clips[-1]
    result: dict[str, Any] = {
        "status": first.status,
        **_file(hass, first),
        **_times(Window(first.window.start, last.window.end)),
        "duration_s": sum(clip.duration_ms for clip in clips) / 1000,
        "size_bytes": sum(clip.size_bytes for clip in clips),
        "events": list(first.events),
        "gaps": [_times(gap) for gap in first.gaps],
    }
    if len(clips) > 1:
        result["files"] = [
            {
                **_file(hass, clip),
                **_times(clip.window),
                "duration_s": clip.duration_ms / 1000,
                "size_bytes": clip.size_bytes,
            }
            for clip in clips
        ]
    return result


def _file(hass: HomeAssistant, clip: Clip) -> dict[str, Any]:
    return {
        **place(hass, clip.path),
        "sha256": clip.sha256,
        "audio_codec": clip.audio_codec,
    }


def _times(window: Window) -> dict[str, str]:
    return {
        "start": dt_util.as_local(window.start).isoformat(timespec="milliseconds"),
        "end": dt_util.as_local(window.end).isoformat(timespec="milliseconds"),
    }
