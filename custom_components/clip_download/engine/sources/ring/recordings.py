"""What Ring's search, history and timeline say of recordings."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import MAXYEAR, UTC, datetime, timedelta
import re
from typing import Any, Literal

from ...time_range import Window, from_ms
from .. import sanitize
from .detections import seen_by

# More on a page than this is no page of Ring's.
MOST_ENTRIES = 2000
# What has no URL so long after its end may be ready all the same.
URL_LATE = timedelta(minutes=3)
# The longest recording: an extended live view. One may begin this long before a window.
LONGEST_RECORDING = timedelta(minutes=30)
# What a recording is taken to last while Ring does not say.
UNKNOWN_DURATION = timedelta(minutes=2)
# Recordings of no known status are taken for ready so long after their end.
READY_AFTER = timedelta(minutes=10)
# A recording that is not ready by then never will be: people report up to half an hour
# (python-ring-doorbell#242).
READY_WITHIN = timedelta(hours=1)
_PLAIN_ID = re.compile(r"[\w-][\w.~-]*")
# Where a recording can be had: by what came with a list, or by asking for it.
type Address = Literal["shown", "search", "play", "hq", "recording", "timeline"]


@dataclass(frozen=True)
class Continuous:
    """What a camera recorded around the clock, and the signed URL of it."""

    window: Window
    url: str


@dataclass(frozen=True)
class Span:
    """What is searched, both ends included, in Unix milliseconds.

    `known_ms` is the end that it shares with an answer of `beside` recordings.
    """

    begin_ms: int
    end_ms: int
    beside: int = 0
    known_ms: int | None = None
    is_beside_one_moment: bool = False

    @property
    def duration_ms(self) -> int:
        """How long it is."""
        return self.end_ms - self.begin_ms

    def around(self, oldest_ms: int, newest_ms: int, count: int) -> list[Span]:
        """Return what is left of it beside an answer of `count` recordings.

        Several may begin at once: where the answer ends is asked again, if that can
        bring anything new.
        """
        is_moment = oldest_ms == newest_ms
        rest: list[Span] = []
        if oldest_ms != self.known_ms or is_moment:
            end_ms = oldest_ms - is_moment
            rest.append(Span(self.begin_ms, end_ms, count, oldest_ms, is_moment))
        if newest_ms != self.known_ms or is_moment:
            begin_ms = newest_ms + is_moment
            rest.append(Span(begin_ms, self.end_ms, count, newest_ms, is_moment))
        return [one for one in rest if one.begin_ms <= one.end_ms]


@dataclass(frozen=True, kw_only=True)
class Recording:
    """An event's footage, as a search or the history lists it; `None`: it does not say.

    Without `has_end` its window's end is a guess.
    """

    id: str
    kind: str
    seen: tuple[str, ...]
    window: Window
    has_end: bool
    is_ready: bool | None
    is_e2ee: bool
    had_subscription: bool | None
    urls: Mapping[Address, str]
    thumbnail: str | None

    @property
    def is_given(self) -> bool:
        """Whether Ring will hand it over in the clear."""
        return not self.is_e2ee and self.had_subscription is not False

    def is_ready_at(self, now: datetime) -> bool:
        """Return whether it can be asked for; old ones without a status are tried."""
        if self.is_ready is None:
            return now >= self.window.end + READY_AFTER
        return self.is_ready

    def is_settled_at(self, now: datetime) -> bool:
        """Return whether nothing more need be found out about it."""
        return not self.is_given or self.is_ready_at(now)

    def is_awaited_at(self, now: datetime) -> bool:
        """Return whether it is not ready, and may still become so."""
        return not self.is_ready_at(now) and now < self.window.end + READY_WITHIN

    def is_doubted_at(self, now: datetime) -> bool:
        """Return whether a search should have given its URL by now."""
        return not self.is_settled_at(now) and now >= self.window.end + URL_LATE

    def joined_with(self, searched: Recording | None) -> Recording:
        """Add what a search says; only the history says that one is not ready."""
        if searched is None:
            return self
        return replace(
            searched,
            seen=(*searched.seen, *self.seen),
            is_ready=searched.is_ready or self.is_ready,
            is_e2ee=searched.is_e2ee or self.is_e2ee,
        )


def continuous(item: Mapping[str, Any], around: Window) -> Continuous | None:
    """Return what a timeline's item has of recording around the clock, if anything.

    Events' recordings are of the same schema, and without the mark.
    """
    if (
        item["schema"] != "CloudMedia"
        or (item.get("custom_metadata") or {}).get("recording_24x7_enabled") is not True
        or item.get("is_e2ee")
        or not (url := https_url(item.get("url")))
        or not (window := overlapping(item, around))
    ):
        return None
    return Continuous(window, url)


def overlapping(item: Mapping[str, Any], around: Window) -> Window | None:
    """Return the window of a timeline's item, if it shares any time with another."""
    start, end = moment_in(item["start_time"]), moment_in(item["end_time"])
    if not start or not end or not (window := Window(start, end)).overlaps(around):
        return None
    return window


def as_object(value: object) -> Mapping[str, Any]:
    """Return a JSON object, an empty one for what is none."""
    return value if isinstance(value, Mapping) else {}


def recordings_in(
    entries: Iterable[Mapping[str, Any]],
) -> Iterator[tuple[str, Recording]]:
    """Yield the recordings of a list by their id, without those of no known time."""
    for entry in filter(as_object, entries):
        recording_id = event_id(entry)
        start = moment_in(entry.get("created_at"))
        if not recording_id or not start:
            continue
        duration = _duration(entry.get("duration"))
        kind = entry.get("kind")
        urls = _urls(entry)
        status = as_object(entry.get("recording")).get("status")
        yield (
            recording_id,
            Recording(
                id=recording_id,
                kind=sanitize.name(kind, ""),
                seen=seen_by(entry.get("cv_properties")),
                window=window_of(start, duration),
                has_end=bool(duration),
                is_ready=bool(urls) or (status == "ready" if status else None),
                is_e2ee=entry.get("is_e2ee") is True,
                had_subscription=entry.get("had_subscription"),
                urls=urls,
                thumbnail=https_url(entry.get("thumbnail_url")),
            ),
        )


def entries_in(answer: Any) -> list[Any]:
    """Return the entries of a list of recordings. Raises TypeError, ValueError."""
    if not isinstance(answer, list):
        raise TypeError("no list")
    if len(answer) > MOST_ENTRIES:
        raise ValueError("too long a list")
    return answer


def event_id(entry: Mapping[str, Any]) -> str:
    """Return an entry's id; it has more digits than a float can hold."""
    return plain_id(entry.get("ding_id")) or plain_id(entry.get("id"))


def plain_id(value: object) -> str:
    """Return an id that can be part of an address, an empty one for what is none."""
    return found if _PLAIN_ID.fullmatch(found := sanitize.id_of(value)) else ""


def window_of(start: datetime, duration: timedelta) -> Window:
    """Return a recording's window; one of no known duration ends some time."""
    return Window(start, start + (duration or UNKNOWN_DURATION))


def moment_in(value: object) -> datetime | None:
    """Return a time that Ring gave in milliseconds or as ISO 8601 (UTC).

    One that is no time, or not of ours, is none.
    """
    try:
        if isinstance(value, int | float):
            time_given = from_ms(int(value))
        else:
            time_given = datetime.fromisoformat(str(value))
        if not time_given.tzinfo:
            time_given = time_given.replace(tzinfo=UTC)
        # What a recording lasts is added to it, and what came before looked at.
        return time_given if 1 < time_given.astimezone(UTC).year < MAXYEAR else None
    except ValueError, OverflowError, OSError:
        return None


def _duration(value: object) -> timedelta:
    """Return a duration that Ring gave in seconds; zero is none that is known."""
    if (
        isinstance(value, int | float)
        and 0 < value <= LONGEST_RECORDING.total_seconds()
    ):
        return timedelta(seconds=value)
    return timedelta(0)


def _urls(entry: Mapping[str, Any]) -> dict[Address, str]:
    """Return the URLs that a search gives: the original's first, if there is one."""
    original = https_url(entry.get("untranscoded_url"))
    shared = https_url(entry.get("hq_url"))
    if original and shared:
        return {"search": original, "hq": shared}
    return {"search": url} if (url := original or shared) else {}


def https_url(value: object) -> str | None:
    """Return what is an address of HTTPS."""
    return value if isinstance(value, str) and value.startswith("https://") else None
