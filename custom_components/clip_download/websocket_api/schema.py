"""What the WebSocket commands answer; `docs/websocket_api.md` describes each field.

Times are ISO 8601 in UTC. These are only types: nothing imports them at run time.
"""

from typing import Literal, NotRequired, TypedDict


class Span(TypedDict):
    """A stretch of time."""

    start: str
    end: str


class Account(TypedDict):
    """A config entry."""

    entry_id: str
    title: str
    kind: str


class CameraInfo(TypedDict):
    """A camera, and what its cloud can do."""

    entity_id: str
    name: str
    account: Account
    status: Literal["ok", "signed_out", "unavailable"]
    reason: str | None
    any_window: bool
    has_events: bool
    lag_s: float
    bytes_per_s: float | None
    usd_per_gb: float | None
    has_pictures: bool
    picture: str | None


class CopyInfo(TypedDict):
    """A copy of a clip, or one that waits to be made: then `copied_at` is None."""

    place: str
    copied_at: str | None


class ClipInfo(Span):
    """A saved clip. One of a camera that is gone has no entity."""

    id: str
    entity_id: str | None
    camera: str
    label: str
    status: str
    gaps: list[Span]
    duration_s: float
    size_bytes: int
    events: list[str]
    kinds: list[str]
    seen: list[str]
    kept: bool
    saved_at: str
    path: str
    media_content_id: str | None
    url: NotRequired[str | None]
    download: NotRequired[str | None]
    copies: NotRequired[list[CopyInfo]]
    away: bool
    picture: str | None


class Spared(TypedDict):
    """A clip that was not deleted, and why."""

    clip_id: str
    reason: str


class ErrorInfo(TypedDict):
    """What went wrong, in words."""

    key: str
    message: str


class JobInfo(Span):
    """A job. One of a camera that is gone has no entity."""

    id: str
    entity_id: str | None
    camera: str
    label: str
    state: Literal[
        "queued", "waiting", "fetching", "finishing", "saved", "failed", "cancelled"
    ]
    asked_at: str
    reason: str | None
    next_try_at: str | None
    received_bytes: int
    size_bytes: int | None
    parts_done: int
    parts: int | None
    clip_ids: list[str]
    error: ErrorInfo | None


class EventInfo(Span):
    """Something that a camera saw. `clip_id` is the clip that was made for it."""

    id: str
    kind: str
    seen: list[str]
    is_ready: bool
    clip_id: str | None
    picture: str | None


class RefusedInfo(Span):
    """A stretch whose footage the cloud did not give, and why."""

    reason: str


class CameraTimeline(TypedDict):
    """What there is of a camera in a window. `footage` is None where it is not known."""

    entity_id: str
    footage: list[Span] | None
    retention_start: str | None
    only_motion_before: str | None
    refused: list[RefusedInfo]
    events: list[EventInfo]
    events_error: str | None
    clips: list[ClipInfo]


class CamerasAnswer(TypedDict):
    """Of `cameras`."""

    cameras: list[CameraInfo]


class ClipsAnswer(TypedDict):
    """Of `clips/list`: `cursor` asks for the next page."""

    clips: list[ClipInfo]
    cursor: str | None


class FiltersAnswer(TypedDict):
    """Of `clips/filters`: the most frequent words first."""

    labels: list[str]
    kinds: list[str]
    seen: list[str]


class ChangedAnswer(TypedDict):
    """Of `clip/keep` and `clip/label`: the clips as they are now."""

    clips: list[ClipInfo]


class ClipAnswer(TypedDict):
    """Of `clip/get`."""

    clip: ClipInfo


class DeleteAnswer(TypedDict):
    """Of `clip/delete`."""

    deleted: list[str]
    spared: list[Spared]


class CancelAnswer(TypedDict):
    """Of `jobs/cancel`."""

    cancelled: bool


class BackFillAnswer(TypedDict):
    """Of `back_fill/cancel`: how many recordings are not fetched any more."""

    cancelled: int


class RetryAnswer(TypedDict):
    """Of `jobs/retry`."""

    job_id: str


class BackFillInfo(TypedDict):
    """How far an account is with fetching past recordings; `total` is 0 until it knows.

    `left_s` is about how long it takes, where that is known. `reason` is why nothing is
    fetched now.
    """

    account_id: str
    account: str
    done: int
    total: int
    left_s: float | None
    reason: str | None


class JobsEvent(TypedDict, total=False):
    """Of `jobs/subscribe`: all at first, then what changed; of `back_fills` always all."""

    jobs: list[JobInfo]
    changed: list[JobInfo]
    removed: list[str]
    back_fills: list[BackFillInfo]


class EventsAnswer(TypedDict):
    """Of `events/list`."""

    events: list[EventInfo]


class FootageAnswer(TypedDict):
    """Of `footage`: None where the cloud does not tell."""

    footage: list[Span] | None


class TimelineAnswer(TypedDict):
    """Of `timeline`."""

    cameras: list[CameraTimeline]


class PictureAnswer(TypedDict):
    """Of `picture_at`: a signed link, and the moment that the picture is of."""

    picture: str | None
    at: str | None


class ShareInfo(Span):
    """A link that plays a clip without a sign-in. Only `share/create` tells its `url`."""

    id: str
    clip_id: str
    camera: str
    created_at: str
    expires_at: str
    url: str | None
    path: str
    opened: int
    user: str | None


class ShareAnswer(TypedDict):
    """Of `share/create`."""

    share: ShareInfo


class SharesAnswer(TypedDict):
    """Of `share/list`: those that end first come first."""

    shares: list[ShareInfo]


class ExportEvent(TypedDict, total=False):
    """Of `export`: how far it is, then, as the last, the ZIP; or why there is none."""

    done_bytes: int
    size_bytes: int
    name: str
    url: str
    error: ErrorInfo


class FetchEvent(TypedDict, total=False):
    """Of `clip/fetch`: how far it is, then, as the last, the clip; or why there is none."""

    done_bytes: int
    size_bytes: int
    clip: ClipInfo
    error: ErrorInfo


class ClipsEvent(TypedDict):
    """Of `clips/subscribe`."""

    saved: list[ClipInfo]
    changed: list[ClipInfo]
    removed: list[str]
    copies: dict[str, list[CopyInfo]]
