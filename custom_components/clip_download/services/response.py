"""What is told of a job: the action's response, the bus event, the error's words.

The names in these dictionaries are promises: automations use them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NotRequired, Required, TypedDict

from homeassistant.components.media_source import generate_media_source_id
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..engine.errors import ClipError
from ..engine.events.back_fill import Estimate
from ..engine.model import Clip, Event, Job, JobState
from ..engine.time_range import Window
from ..entity import camera_entity_id
from ..errors import action_error, async_message
from ..paths import media_location

EVENT_SAVED = f"{DOMAIN}_saved"
EVENT_FAILED = f"{DOMAIN}_failed"

STATUS_QUEUED = "queued"
STATUS_FAILED = "failed"


class ErrorAnswer(TypedDict):
    """Why something failed: the key of its text, and the text."""

    key: str
    message: str


class Times(TypedDict):
    """A window in local time."""

    start: str
    end: str


class Place(TypedDict):
    """Where a clip is; only below a media folder it has a `media_content_id`."""

    path: str
    media_content_id: NotRequired[str]


class FileAnswer(Place, Times):
    """One of the files of a clip that could not be one file."""

    clip_id: str
    duration_s: float
    size_bytes: int
    sha256: str
    audio_codec: str | None


class ClipAnswer(TypedDict, total=False):
    """What a response has for a job's camera, and the bus events.

    Of these, what there is to tell: the file once it is saved, else the `error`. What is
    of one file is of the first where there are several `files`.
    """

    job_id: str
    label: str
    status: str
    clip_id: str
    path: str
    media_content_id: str
    sha256: str
    audio_codec: str | None
    start: str
    end: str
    duration_s: float
    size_bytes: int
    events: list[str]
    gaps: list[Times]
    files: list[FileAnswer]
    error: ErrorAnswer


class EventAnswer(Times):
    """What a response has for an event: its id is a string."""

    id: str
    kind: str
    what: str
    seen: list[str]


class ListedEvent(EventAnswer):
    """What `list_events` has for an event: whether it can be fetched, and was."""

    ready: bool
    saved: bool
    path: NotRequired[str]


class ListedEvents(TypedDict):
    """What `list_events` has for a camera."""

    events: list[ListedEvent]


class ListedClip(ClipAnswer):
    """What `list_clips` has for a saved clip, with a link to its picture if asked for."""

    kept: Required[bool]
    picture: NotRequired[str]


class ListedClips(TypedDict):
    """What `list_clips` has for a camera."""

    saved: list[ListedClip]
    failed: list[ClipAnswer]
    under_way: list[ClipAnswer]


class MutedCamera(TypedDict):
    """What `mute_camera` has for a camera."""

    muted_until: str


class EventOutcome(ClipAnswer):
    """What `save_events` has for an event: the event, and what there is of its clip."""

    id: Required[str]
    kind: Required[str]
    what: Required[str]
    seen: Required[list[str]]


class SavedEvents(TypedDict):
    """What `save_events` has for a camera: its events by what came of them."""

    saved: list[EventOutcome]
    skipped: list[EventOutcome]
    failed: list[EventOutcome]
    not_ready: list[EventOutcome]


class BackFillAnswer(TypedDict, total=False):
    """What `back_fill` has for a camera: what its cloud lists, at least.

    It has nothing while the cloud cannot be asked. `complete` is false if there was no
    time to list more.
    """

    recordings: int
    size_bytes: int
    oldest: str | None
    complete: bool


class CancelledJob(ClipAnswer):
    """What `cancel` has for a job."""

    entity_id: Required[str | None]


class CancelAnswer(TypedDict):
    """What `cancel` answers: its jobs by what came of them, and the IDs of no job.

    `back_fill` is how many recordings are not fetched any more.
    """

    cancelled: list[CancelledJob]
    ended: list[CancelledJob]
    unknown: list[str]
    back_fill: int


class NamedClip(TypedDict):
    """A clip whose file is not as it was recorded: the hashes, or the reason."""

    clip_id: str
    path: str
    expected: NotRequired[str]
    found: NotRequired[str | None]
    reason: NotRequired[str]


class AwayFolder(TypedDict):
    """A folder that is not there, and how many clips of it are wanted."""

    path: str
    clips: int


class Findings(TypedDict):
    """What `verify_clips` and `export_clips` have for clips that are not as recorded."""

    changed: list[NamedClip]
    gone: list[NamedClip]
    unreadable: list[NamedClip]
    unknown: list[NamedClip]
    away: list[AwayFolder]


class VerifiedPlace(TypedDict):
    """What became of comparing copies at a place; the message says why it could not be."""

    config_entry_id: str
    title: str
    ok: NotRequired[int]
    unknown: NotRequired[int]
    missing: NotRequired[list[NamedClip]]
    different: NotRequired[list[NamedClip]]
    message: NotRequired[str]


class VerifyAnswer(Findings):
    """What `verify_clips` answers; `copies` are empty unless it was asked for them."""

    checked: int
    ok: int
    bytes_read: int
    seconds: float
    copies: list[VerifiedPlace]


class ExportAnswer(Findings):
    """What `export_clips` answers: the ZIP."""

    path: str
    count: int
    size_bytes: int
    sha256: str


def as_response(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return an answer as Home Assistant takes it, which knows no typed dictionaries."""
    return {**answer}


def error(
    hass: HomeAssistant, err: ClipError, *, camera: str, window: str
) -> ErrorAnswer:
    """Return an error as a response tells it."""
    result = action_error(err, camera=camera, window=window)
    return {"key": result.translation_key or "", "message": async_message(hass, result)}


def answer(hass: HomeAssistant, job: Job) -> ClipAnswer:
    """Return a response's entry for a job, as it stands: plain JSON, times local."""
    if job.state is JobState.SAVED:
        result = saved(hass, job.clips)
    else:
        has_failed = job.state is JobState.FAILED
        result = {
            "job_id": job.id,
            "label": job.label,
            "status": STATUS_FAILED if has_failed else STATUS_QUEUED,
            "start": _local(job.window.start),
            "end": _local(job.window.end),
        }
    if job.error:
        entity_id = camera_entity_id(hass, job.account_id, job.camera_id)
        state = hass.states.get(entity_id) if entity_id else None
        result["error"] = error(
            hass,
            job.error,
            # As its owner calls it.
            camera=state.name if state else job.camera_name,
            window=in_words(job.window),
        )
    return result


def saved(hass: HomeAssistant, clips: Sequence[Clip]) -> ClipAnswer:
    """Return a response's entry for a clip that is saved, which may be several files."""
    files = [_file(hass, clip) for clip in clips]
    result: ClipAnswer = {
        "job_id": clips[0].job_id,
        "label": clips[0].label,
        "status": clips[0].status,
        "clip_id": files[0]["clip_id"],
        "path": files[0]["path"],
        "sha256": files[0]["sha256"],
        "audio_codec": files[0]["audio_codec"],
        "start": files[0]["start"],
        "end": files[-1]["end"],
        "duration_s": sum(clip.duration_ms for clip in clips) / 1000,
        "size_bytes": sum(clip.size_bytes for clip in clips),
        "events": list(clips[0].events),
        "gaps": [times(gap) for gap in clips[0].gaps],
    }
    if media_content_id := files[0].get("media_content_id"):
        result["media_content_id"] = media_content_id
    if len(files) > 1:
        result["files"] = files
    return result


def seen(event: Event) -> EventAnswer:
    """Return what a response tells of an event: its id is a string, times are local."""
    return {
        "id": event.id,
        "kind": event.kind,
        "what": event.what,
        "seen": list(event.seen),
        **times(event.window),
    }


def estimated(found: Estimate | None) -> BackFillAnswer:
    """Return what a response tells of an estimate; None is that there is nothing."""
    return {
        "recordings": found.count if found else 0,
        "size_bytes": found.size_bytes if found else 0,
        "oldest": _local(found.oldest) if found else None,
        "complete": found.is_complete if found else True,
    }


def in_words(window: Window) -> str:
    """Return a window as a person reads it: local time."""
    start, end = dt_util.as_local(window.start), dt_util.as_local(window.end)
    until = f"{end:%H:%M:%S}" if start.date() == end.date() else f"{end:%F %H:%M:%S}"
    return f"{start:%F %H:%M:%S} – {until}"


def place(hass: HomeAssistant, path: Path) -> Place:
    """Return where a clip is: its `path`, and its `media_content_id` if it has one."""
    result: Place = {"path": str(path)}
    if location := media_location(hass, path):
        result["media_content_id"] = generate_media_source_id("media_source", location)
    return result


def _file(hass: HomeAssistant, clip: Clip) -> FileAnswer:
    return {
        "clip_id": clip.id,
        **place(hass, clip.path),
        "sha256": clip.sha256,
        "audio_codec": clip.audio_codec,
        **times(clip.window),
        "duration_s": clip.duration_ms / 1000,
        "size_bytes": clip.size_bytes,
    }


def times(window: Window) -> Times:
    """Return a window in local time."""
    return {"start": _local(window.start), "end": _local(window.end)}


def _local(moment: datetime) -> str:
    return dt_util.as_local(moment).isoformat(timespec="milliseconds")
