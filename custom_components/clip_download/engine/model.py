"""What the engine speaks of: cameras, events, parts and plans; jobs and clips."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from .errors import ClipError
from .time_range import Placing, Window


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who is signed in: an id that the cloud never changes, and a name for people.

    `others` are ids that the same account may have been set up with before.
    """

    id: str
    title: str
    others: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Camera:
    """One device or stream of an account.

    `id` is the cloud's own and never changes. `is_doorbell` is set where the cloud says
    that people can ring at it, before anybody did. `retention` is for how long the cloud
    keeps its footage, where that is known. A source that needs to remember more
    about it between listing and asking has a class of its own below this.
    """

    id: str
    name: str
    model: str | None = None
    serial_number: str | None = None
    firmware: str | None = None
    is_doorbell: bool = False
    retention: timedelta | None = None


@dataclass(frozen=True, kw_only=True)
class Retention:
    """For how long a cloud keeps a camera's footage, as far as it tells.

    Nothing is older than `longest`. Of what is older than `all_for`, only the footage
    of motion is kept.
    """

    longest: timedelta | None = None
    all_for: timedelta | None = None


class Codec(StrEnum):
    """How a cloud is asked to encode the footage."""

    AVC = "avc"
    HEVC = "hevc"


class Clock(StrEnum):
    """Whose timestamps a window is meant by: the camera's, or the cloud's."""

    PRODUCER = "producer"
    SERVER = "server"


@dataclass(frozen=True, kw_only=True)
class MediaOptions:
    """How the footage is wanted; `None` leaves it to the cloud.

    `audio` is honoured for every cloud: the track is left out when the clip is made.
    The other fields only where a source lists them in `honours`.
    """

    audio: bool = True
    codec: Codec | None = None
    frame_rate: int | None = None
    width: int | None = None
    height: int | None = None
    timestamps: Clock | None = None


class EventKind(StrEnum):
    """Why there is an event: all that a cloud's `event_kinds` may have."""

    # Somebody rang, something moved, somebody looked.
    DING = "ding"
    MOTION = "motion"
    ON_DEMAND = "on_demand"
    # Another device that is linked to the camera saw something.
    ON_DEMAND_LINK = "on_demand_link"
    ALARM = "alarm"
    # A door was opened or closed.
    DOOR_ACTIVITY = "door_activity"


# What makes a kind of its word, as `EventKind` does, in a quarter of the time.
_KINDS: dict[str, EventKind] = {kind.value: kind for kind in EventKind}

# How far apart two clouds' clocks may put the beginning of one event.
SAME_WITHIN = timedelta(seconds=5)


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that a camera saw, as its cloud tells it.

    `kind` is why: one of `Source.event_kinds`, or a word of the cloud's own. `seen`
    has the words for what was seen, sorted and each once, where the cloud says so: those
    of SEEN, or its own. `window` is that of its footage; it ends where it begins while
    that is not known. `is_ready` says whether the footage can be fetched now, as far as
    the cloud tells.
    """

    id: str
    kind: EventKind | str
    window: Window
    seen: tuple[str, ...] = ()
    is_ready: bool = True

    def __post_init__(self) -> None:
        """Sort the words, so that equal sets are equal; know the kind by its word."""
        if kind := _KINDS.get(self.kind):
            object.__setattr__(self, "kind", kind)
        if self.seen:
            object.__setattr__(self, "seen", tuple(sorted({*self.seen})))

    @property
    def what(self) -> str:
        """What was seen, as a person reads it; empty where the cloud does not say."""
        return ", ".join(self.seen)

    def is_same_as(self, other: Event) -> bool:
        """Return whether both are one: a cloud may tell it under another id than it lists."""
        return self.id == other.id or (
            self.kind == other.kind
            and abs(self.window.start - other.window.start) < SAME_WITHIN
        )

    def is_of(self, kinds: Collection[str]) -> bool:
        """Return whether its kind, or anything that was seen, is one of these."""
        return self.kind in kinds or any(word in kinds for word in self.seen)


@dataclass(frozen=True, kw_only=True)
class PushedEvent:
    """What a cloud told of by itself: the id of a camera, and the event if it says which."""

    camera_id: str
    event: Event | None = None


class ProblemKind(StrEnum):
    """Why there is nothing to save; the names of texts."""

    END_TO_END_ENCRYPTED = "end_to_end_encrypted"
    NO_CAMERAS = "no_cameras"
    NO_PLAN = "no_plan"
    NO_RECENT_EVENT = "no_recent_event"
    NO_RETENTION = "no_retention"
    NO_STREAMS = "no_streams"
    NO_SUBSCRIPTION = "no_subscription"
    RECORDINGS_REFUSED = "recordings_refused"
    STREAMS_NOT_LISTED = "streams_not_listed"


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something that keeps footage from being saved: of one camera, or of all."""

    kind: ProblemKind
    camera: Camera | None = None


# What a cloud may say that it saw.
SEEN = ("animal", "package", "person", "vehicle")


@dataclass(frozen=True, kw_only=True)
class Part:
    """One piece of footage as the cloud hands it over.

    `window` is what it covers, as far as is known before it is fetched, and `placing`
    how its footage lies there. What is off its window by more than `tolerance` is asked
    for again, in the `Source.halves` of the part; None where its length is not known.
    What else a source needs to fetch it is in a class of its own below this: plain
    values, never a signed URL.
    """

    window: Window
    placing: Placing = Placing.RECORDING
    tolerance: timedelta | None = None
    event_ids: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Plan[PartT: Part = Any]:
    """The parts that exist for a window, in order of time.

    `again_after_s` is set while more may still come: seconds until it is worth asking
    again. Whoever has no time left takes the parts that are there. `lists_nothing` says
    that the cloud, which keeps recordings of events, lists none so far. `trouble` is why
    the parts may be less than there is: it is told with the clip, which is partial then.
    """

    parts: Sequence[PartT]
    again_after_s: float | None = None
    lists_nothing: bool = False
    trouble: ClipError | None = None


class JobState(StrEnum):
    """Where a job is on its way."""

    QUEUED = "queued"
    WAITING = "waiting"
    FETCHING = "fetching"
    FINISHING = "finishing"
    SAVED = "saved"
    FAILED = "failed"


class ClipStatus(StrEnum):
    """Whether the window is all there."""

    COMPLETE = "complete"
    PARTIAL = "partial"


@dataclass(frozen=True, kw_only=True)
class Clip:
    """One saved file and its record.

    `events` are the ids of all that its footage belongs to; `saves` are the events that
    it was made for. `modified_ns` is the file's own time of its last change.
    """

    id: str
    job_id: str
    account_id: str
    account_name: str
    source: str
    camera_id: str
    camera_name: str
    window: Window
    duration_ms: int
    label: str
    status: ClipStatus
    path: Path
    size_bytes: int
    sha256: str
    video_codec: str
    # Of sound that was encoded anew, with what it was: "aac (pcm_alaw)".
    audio_codec: str | None
    width: int
    height: int
    events: tuple[str, ...]
    gaps: tuple[Window, ...]
    saved_at: datetime
    saves: tuple[Event, ...] = ()
    kept: bool = False
    modified_ns: int = 0


@dataclass(frozen=True, kw_only=True)
class Job:
    """One request to save one camera's window, as it is kept.

    `root` is the media folder, `filename` the clip's path below it without ending.
    `events` are those whose footage is wanted, where the window was made for them.
    `clips` are set before they get their names, so that a job that is killed there
    finds them again. `working_folders` are the names of the folders, beside the clip to
    be, in which its parts lie, the newest first. `starts` counts how often it was begun without coming to
    an end.
    """

    id: str
    account_id: str
    camera_id: str
    camera_name: str
    window: Window
    asked_at: datetime
    give_up_at: datetime
    root: Path
    filename: str
    label: str = ""
    overwrite: bool = False
    media_options: MediaOptions = field(default_factory=MediaOptions)
    events: tuple[Event, ...] = ()
    state: JobState = JobState.QUEUED
    clips: tuple[Clip, ...] = ()
    error: ClipError | None = None
    working_folders: tuple[str, ...] = ()
    starts: int = 0

    @property
    def request(self) -> tuple[Any, ...]:
        """What makes two jobs the same request: of events, whatever the file's name."""
        return (
            self.camera_id,
            *(
                (event.id for event in self.events)
                if self.events
                else (self.window, self.root, self.filename, self.label)
            ),
            self.overwrite,
            self.media_options,
        )
