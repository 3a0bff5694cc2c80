"""Windows of time: settled once from what a person asked, then only UTC."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Self

from .errors import InvalidRequestError

LONGEST = timedelta(days=1)


@dataclass(frozen=True, order=True)
class Window:
    """`[start, end)`: aware datetimes in UTC, whole milliseconds."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        """Move to UTC and drop what is finer than a millisecond."""
        object.__setattr__(self, "start", _utc_ms(self.start))
        object.__setattr__(self, "end", _utc_ms(self.end))

    @classmethod
    def of_ms(cls, start_ms: int, end_ms: int) -> Self:
        """Make a window from two Unix times in milliseconds."""
        return cls(from_ms(start_ms), from_ms(end_ms))

    @property
    def duration(self) -> timedelta:
        """How long it is; negative or zero if it is empty."""
        return self.end - self.start

    @property
    def start_ms(self) -> int:
        """The start as a Unix time in milliseconds."""
        return to_ms(self.start)

    @property
    def end_ms(self) -> int:
        """The end as a Unix time in milliseconds."""
        return to_ms(self.end)

    def overlaps(self, other: Window) -> bool:
        """Say whether the two share any time."""
        return self.start < other.end and other.start < self.end

    def split(self, limit: timedelta) -> list[Window]:
        """Cut it into neighbours of at most `limit`, the last one being the rest."""
        cuts = [self.start]
        while cuts[-1] + limit < self.end:
            cuts.append(cuts[-1] + limit)
        return [
            Window(start, end)
            for start, end in zip(cuts, [*cuts[1:], self.end], strict=True)
        ]


def from_ms(time_ms: int) -> datetime:
    """Return a Unix time in milliseconds as an aware datetime, exactly."""
    return datetime.fromtimestamp(time_ms // 1000, UTC).replace(
        microsecond=time_ms % 1000 * 1000
    )


def to_ms(time: datetime) -> int:
    """Return an aware datetime as a Unix time in milliseconds, exactly."""
    return (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def gaps(
    window: Window, covered: Iterable[Window], tolerance: timedelta
) -> list[Window]:
    """Return the stretches of `window` longer than `tolerance` that nothing covers."""
    missing = []
    reached = window.start
    for stretch in [*sorted(covered), Window(window.end, window.end)]:
        start = min(stretch.start, window.end)
        if start - reached > tolerance:
            missing.append(Window(reached, start))
        reached = max(reached, stretch.end)
    return missing


def settle(
    *,
    now: datetime,
    time_zone: tzinfo,
    patience: timedelta,
    start: datetime | None = None,
    end: datetime | None = None,
    duration: timedelta | None = None,
    before: timedelta | None = None,
    after: timedelta | None = None,
    at: datetime | None = None,
) -> Window:
    """Settle the window that was asked for.

    Exactly one form: two of `start`, `end`, `duration`, or `before` and/or `after`
    around `at` (default: `now`). A naive time is in `time_zone`; where the clock shows
    it twice, the first is meant. `patience` is how far ahead the window may begin.

    Raises InvalidRequestError.
    """
    absolute = sum(value is not None for value in (start, end, duration))
    around = before is not None or after is not None
    if (absolute and (around or at is not None)) or absolute == 3:
        raise InvalidRequestError("window_two_forms")
    if around:
        moment = now if at is None else _aware(at, time_zone)
        window = Window(
            moment - (before or timedelta(0)), moment + (after or timedelta(0))
        )
    elif start is not None and end is not None:
        window = Window(_aware(start, time_zone), _aware(end, time_zone))
    elif start is not None and duration is not None:
        first = _aware(start, time_zone)
        window = Window(first, first + duration)
    elif end is not None and duration is not None:
        last = _aware(end, time_zone)
        window = Window(last - duration, last)
    else:
        raise InvalidRequestError("window_no_form")

    if window.duration <= timedelta(0):
        raise InvalidRequestError("window_reversed")
    if window.duration > LONGEST:
        raise InvalidRequestError("window_too_long")
    if window.start > now + patience:
        raise InvalidRequestError("window_in_future")
    return window


def _aware(time: datetime, time_zone: tzinfo) -> datetime:
    """Return the time in UTC; a naive one is a local one that must exist."""
    if time.tzinfo is not None:
        return time.astimezone(UTC)
    utc = time.replace(tzinfo=time_zone).astimezone(UTC)
    # A time that the clock skips does not come back from UTC as it went.
    if utc.astimezone(time_zone).replace(tzinfo=None) != time.replace(fold=0):
        raise InvalidRequestError("time_skipped", time=f"{time:%Y-%m-%d %H:%M:%S}")
    return utc


def _utc_ms(time: datetime) -> datetime:
    utc = time.astimezone(UTC)
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)
