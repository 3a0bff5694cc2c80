"""Windows of time: settled once from what a person asked, then only UTC."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import Enum, auto
from typing import Self

from .errors import InvalidRequestError

LONGEST = timedelta(days=1)
# How long after a window's end to wait for it, and so how far ahead one may begin.
LONGEST_TIMEOUT = timedelta(days=7)
# A month in which the clock goes back.
LONGEST_PAST = timedelta(days=31, hours=1)
# No clip is from outside of these.
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(9999, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, order=True)
class Window:
    """`[start, end)`: aware datetimes in UTC, whole milliseconds."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        """Move to UTC and drop what is finer than a millisecond."""
        # Nearly all are like that already.
        if (start := utc_ms(self.start)) is not self.start:
            object.__setattr__(self, "start", start)
        if (end := utc_ms(self.end)) is not self.end:
            object.__setattr__(self, "end", end)

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
        """Return whether the two share any time."""
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


class Placing(Enum):
    """How a fetched part lies in the window that was asked for."""

    # It begins where its window does. Two of these may overlap: the later one wins.
    RECORDING = auto()
    # It begins where its window does, and shares nothing with the parts beside it.
    SEQUENCE = auto()
    # The cloud cut it out for us: it may begin a GOP earlier or later, and may end
    # later. Only a clock or a repeated key frame tells what two of these share.
    REQUESTED = auto()
    # It begins late, by up to 20 s, and may end as late, and nothing tells how much: it
    # shares nothing with the parts beside it, and nothing of it is cut away.
    LOOSE = auto()


def from_ms(time_ms: int) -> datetime:
    """Return a Unix time in milliseconds as an aware datetime, exactly."""
    return datetime.fromtimestamp(time_ms // 1000, UTC).replace(
        microsecond=time_ms % 1000 * 1000
    )


def to_ms(moment: datetime) -> int:
    """Return an aware datetime as a Unix time in milliseconds, exactly."""
    return (moment - _EARLIEST) // _MILLISECOND


def gaps(
    window: Window, covered: Iterable[Window], tolerance: timedelta
) -> list[Window]:
    """Return the stretches of `window` longer than `tolerance` that nothing covers."""
    missing = []
    reached = window.start
    for one in [*sorted(covered), Window(window.end, window.end)]:
        start = min(one.start, window.end)
        if start - reached > tolerance:
            missing.append(Window(reached, start))
        reached = max(reached, one.end)
    return missing


def merged(
    windows: Iterable[Window], tolerance: timedelta = timedelta(0)
) -> list[Window]:
    """Return what windows cover, in order; those at most `tolerance` apart are one."""
    found: list[Window] = []
    for window in sorted(windows):
        if found and window.start - found[-1].end <= tolerance:
            found[-1] = Window(found[-1].start, max(found[-1].end, window.end))
        elif window.duration:
            found.append(window)
    return found


def within(windows: Iterable[Window], around: Window) -> list[Window]:
    """Return what of windows lies in another."""
    return [
        Window(max(one.start, around.start), min(one.end, around.end))
        for one in windows
        if one.overlaps(around)
    ]


def settle(
    *,
    now: datetime,
    time_zone: tzinfo,
    timeout: timedelta,
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
    check_timeout(timeout)
    if any(
        length is not None and length > LONGEST for length in (duration, before, after)
    ):
        raise InvalidRequestError("window_too_long")
    try:
        window = _window_of(
            now=now,
            time_zone=time_zone,
            start=start,
            end=end,
            duration=duration,
            before=before,
            after=after,
            at=at,
        )
    except OverflowError as err:
        raise InvalidRequestError("window_impossible") from err
    if window.duration <= timedelta(0):
        raise InvalidRequestError("window_reversed")
    if window.duration > LONGEST:
        raise InvalidRequestError("window_too_long")
    if window.start > now + timeout:
        raise InvalidRequestError("window_in_future")
    if window.start < _EARLIEST:
        raise InvalidRequestError("window_impossible")
    return window


def check_timeout(timeout: timedelta) -> None:
    """Raise InvalidRequestError for a patience that would outlast any cloud's footage."""
    if timeout > LONGEST_TIMEOUT:
        raise InvalidRequestError("timeout_too_long")


def _window_of(
    *,
    now: datetime,
    time_zone: tzinfo,
    start: datetime | None,
    end: datetime | None,
    duration: timedelta | None,
    before: timedelta | None,
    after: timedelta | None,
    at: datetime | None,
) -> Window:
    """Return the window that one of the forms says. Raises OverflowError too."""
    absolute = sum(value is not None for value in (start, end, duration))
    around = before is not None or after is not None
    if (absolute and (around or at is not None)) or absolute == 3:
        raise InvalidRequestError("window_two_forms")
    if around:
        moment = now if at is None else _aware(at, time_zone)
        return Window(
            moment - (before or timedelta(0)), moment + (after or timedelta(0))
        )
    if start is not None and end is not None:
        return Window(_aware(start, time_zone), _aware(end, time_zone))
    if start is not None and duration is not None:
        first = _aware(start, time_zone)
        return Window(first, first + duration)
    if end is not None and duration is not None:
        last = _aware(end, time_zone)
        return Window(last - duration, last)
    raise InvalidRequestError("window_no_form")


def settle_past(
    *,
    now: datetime,
    time_zone: tzinfo,
    day: date | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
) -> Window:
    """Settle the stretch of the past that was asked for: a day, or `start` to `end`.

    A day is from midnight to midnight in `time_zone`, however long that is. It has to
    have begun, and need not be over. Raises InvalidRequestError.
    """
    try:
        if day and not start and not end:
            if day > now.astimezone(time_zone).date():
                raise InvalidRequestError("past_in_future")
            window = Window(
                _midnight(day, time_zone), _midnight(day + timedelta(1), time_zone)
            )
        elif start and end and not day:
            window = Window(_aware(start, time_zone), _aware(end, time_zone))
        else:
            raise InvalidRequestError("past_no_form")
    except OverflowError as err:
        raise InvalidRequestError("past_no_form") from err

    if window.duration <= timedelta(0):
        raise InvalidRequestError("window_reversed")
    if window.start > now:
        raise InvalidRequestError("past_in_future")
    if window.duration > LONGEST_PAST:
        raise InvalidRequestError("past_too_long")
    return window


def settle_open(
    *, time_zone: tzinfo, start: datetime | None = None, end: datetime | None = None
) -> Window | None:
    """Settle a stretch of time that may be open at its ends; None is all time.

    Raises InvalidRequestError.
    """
    if start is None and end is None:
        return None
    try:
        window = Window(
            _aware(start, time_zone) if start else _EARLIEST,
            _aware(end, time_zone) if end else _LATEST,
        )
    except OverflowError as err:
        raise InvalidRequestError("window_reversed") from err
    if window.duration <= timedelta(0):
        raise InvalidRequestError("window_reversed")
    return window


def _midnight(day: date, time_zone: tzinfo) -> datetime:
    """Return when a day begins: where the clock skips midnight, with what comes then."""
    return datetime.combine(day, time(), time_zone).astimezone(UTC)


def _aware(moment: datetime, time_zone: tzinfo) -> datetime:
    """Return a time in UTC; a naive one is a local one that must exist."""
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    utc = moment.replace(tzinfo=time_zone).astimezone(UTC)
    # A time that the clock skips does not come back from UTC as it went.
    if utc.astimezone(time_zone).replace(tzinfo=None) != moment:
        raise InvalidRequestError("time_skipped", time=f"{moment:%Y-%m-%d %H:%M:%S}")
    return utc


def utc_ms(moment: datetime) -> datetime:
    """Return an aware datetime in UTC, without what is finer than a millisecond."""
    if moment.tzinfo is UTC and not moment.microsecond % 1000:
        return moment
    utc = moment.astimezone(UTC)
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)
