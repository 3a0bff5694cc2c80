"""Windows: settled once, to the millisecond, whatever the clock does."""

from datetime import UTC, datetime, timedelta
import itertools
from zoneinfo import ZoneInfo

import pytest

from custom_components.clip_download.engine.errors import InvalidRequestError
from custom_components.clip_download.engine.time_range import (
    LONGEST,
    Window,
    from_ms,
    gaps,
    settle,
    to_ms,
)

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 21, 13, 0, 0, 123456, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
AGES = timedelta(days=999_999_999)


def clock(text: str) -> datetime:
    """Return a time as a clock on a wall shows it: without a zone."""
    return datetime.fromisoformat(text)


FIRST, LAST = clock("0001-01-01 00:00:00"), clock("9999-12-31 23:59:59")


def settled(**fields: object) -> Window:
    """Settle a window at NOW in Berlin."""
    return settle(now=NOW, time_zone=BERLIN, timeout=10 * MINUTE, **fields)  # type: ignore[arg-type]


def at(text: str) -> datetime:
    """Return a UTC time of the day of NOW."""
    return datetime.fromisoformat(f"2026-11-21T{text}+00:00")


@pytest.mark.parametrize(
    ("fields", "start", "end"),
    [
        (
            {
                "start": clock("2026-11-21 13:00"),
                "end": clock("2026-11-21 13:05"),
            },
            "12:00:00",
            "12:05:00",
        ),
        ({"start": at("11:00:00"), "duration": MINUTE}, "11:00:00", "11:01:00"),
        ({"end": at("11:00:00"), "duration": MINUTE}, "10:59:00", "11:00:00"),
        ({"before": MINUTE}, "12:59:00.123", "13:00:00.123"),
        ({"after": MINUTE}, "13:00:00.123", "13:01:00.123"),
        (
            {"before": MINUTE, "after": 2 * MINUTE, "at": at("10:00:00")},
            "09:59:00",
            "10:02:00",
        ),
        (
            {"start": at("11:00:00").astimezone(BERLIN), "end": at("11:00:01")},
            "11:00:00",
            "11:00:01",
        ),
    ],
)
def test_every_form(fields: dict[str, object], start: str, end: str) -> None:
    """Each form gives UTC, and a naive time is local."""
    assert settled(**fields) == Window(at(start), at(end))


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({}, "window_no_form"),
        ({"start": NOW}, "window_no_form"),
        ({"end": NOW}, "window_no_form"),
        ({"duration": MINUTE}, "window_no_form"),
        ({"at": NOW}, "window_no_form"),
        ({"start": NOW, "end": NOW, "duration": MINUTE}, "window_two_forms"),
        ({"start": NOW, "end": NOW, "before": MINUTE}, "window_two_forms"),
        ({"start": NOW, "duration": MINUTE, "at": NOW}, "window_two_forms"),
        ({"start": NOW, "end": NOW - MINUTE}, "window_reversed"),
        ({"start": NOW, "end": NOW}, "window_reversed"),
        ({"before": timedelta(0)}, "window_reversed"),
        ({"end": NOW, "duration": LONGEST + MINUTE}, "window_too_long"),
        ({"start": NOW + 11 * MINUTE, "duration": MINUTE}, "window_in_future"),
        (
            {"start": clock("2026-03-29 02:30"), "duration": MINUTE},
            "time_skipped",
        ),
        *(
            ({**others, field: AGES}, "window_too_long")
            for field in ("duration", "before", "after")
            for others in ({}, {"start": NOW}, {"at": NOW}, {"end": NOW})
        ),
        ({"before": AGES, "after": AGES}, "window_too_long"),
        ({"start": LAST, "end": NOW}, "window_reversed"),
        ({"start": LAST.replace(tzinfo=UTC), "duration": MINUTE}, "window_impossible"),
        (
            {"at": LAST.replace(tzinfo=UTC), "after": MINUTE},
            "window_impossible",
        ),
        ({"at": FIRST, "before": MINUTE}, "window_impossible"),
        ({"end": FIRST, "duration": MINUTE}, "window_impossible"),
        ({"end": clock("1969-12-31 23:00"), "duration": MINUTE}, "window_impossible"),
    ],
)
def test_bad_input_is_named(fields: dict[str, object], key: str) -> None:
    """Each mistake has its own key."""
    with pytest.raises(InvalidRequestError) as error:
        settled(**fields)
    assert error.value.key == key


def test_patience_has_an_end() -> None:
    """No timeout is longer than a week, and so no window begins later than that."""
    week = timedelta(days=7)
    start = NOW + week
    window = settle(
        now=NOW, time_zone=BERLIN, timeout=week, start=start, duration=MINUTE
    )
    assert window.duration == MINUTE
    for timeout in (week + timedelta(seconds=1), AGES):
        with pytest.raises(InvalidRequestError, match="^timeout_too_long$"):
            settle(
                now=NOW,
                time_zone=BERLIN,
                timeout=timeout,
                start=start,
                duration=MINUTE,
            )


def test_limits_are_inclusive() -> None:
    """A day and the last moment of patience are still fine."""
    assert settled(end=NOW, duration=LONGEST).duration == LONGEST
    assert settled(start=NOW + 10 * MINUTE, duration=MINUTE).duration == MINUTE


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Europe/Berlin", "2026-10-25"),
        ("America/New_York", "2026-11-01"),
        ("Australia/Lord_Howe", "2026-04-05"),
        ("America/Santiago", "2026-04-04"),
        ("Africa/Cairo", "2026-10-29"),
    ],
)
def test_a_time_shown_twice_is_the_first(zone: str, day: str) -> None:
    """At the end of summer time the same clock time comes twice: the first is meant."""
    time_zone = ZoneInfo(zone)
    naive = clock(f"{day} 00:00")
    twice = [
        moment
        for minute in range(0, 2 * 24 * 60, 10)
        if (moment := naive + minute * MINUTE).replace(tzinfo=time_zone).utcoffset()
        != moment.replace(tzinfo=time_zone, fold=1).utcoffset()
    ]
    assert twice
    for moment in twice:
        window = settle(
            now=NOW,
            time_zone=time_zone,
            timeout=MINUTE,
            start=moment,
            duration=MINUTE,
        )
        later = moment.replace(tzinfo=time_zone, fold=1).astimezone(UTC)
        assert window.start < later
        assert window.start.astimezone(time_zone).replace(tzinfo=None) == moment


@pytest.mark.parametrize(
    ("zone", "skipped"),
    [
        ("Europe/London", clock("2026-03-29 01:15")),
        ("America/New_York", clock("2026-03-08 02:59")),
        ("Australia/Lord_Howe", clock("2026-10-04 02:15")),
        ("America/Havana", clock("2026-03-08 00:30")),
        ("Pacific/Auckland", clock("2026-09-27 02:00")),
    ],
)
def test_a_skipped_time_is_refused_by_name(zone: str, skipped: datetime) -> None:
    """At the start of summer time some clock times never come."""
    with pytest.raises(InvalidRequestError) as error:
        settle(
            now=NOW,
            time_zone=ZoneInfo(zone),
            timeout=MINUTE,
            start=skipped,
            duration=MINUTE,
        )
    assert error.value.key == "time_skipped"
    assert error.value.placeholders == {"time": f"{skipped:%Y-%m-%d %H:%M:%S}"}


def test_a_day_of_25_hours_is_longer_than_a_day() -> None:
    """A window is as long as time is, not as the clock shows."""
    with pytest.raises(InvalidRequestError) as error:
        settled(start=clock("2026-10-25 00:00"), end=clock("2026-10-26 00:00"))
    assert error.value.key == "window_too_long"


def test_split_is_seamless() -> None:
    """The pieces are neighbours, none is longer than the limit, none is empty."""
    window = Window(NOW, NOW + 12 * MINUTE)
    parts = window.split(5 * MINUTE)
    assert [part.duration for part in parts] == [5 * MINUTE, 5 * MINUTE, 2 * MINUTE]
    assert parts[0].start == window.start
    assert parts[-1].end == window.end
    assert all(one.end == two.start for one, two in itertools.pairwise(parts))
    assert Window(NOW, NOW + 5 * MINUTE).split(5 * MINUTE) == [
        Window(NOW, NOW + 5 * MINUTE)
    ]


def test_milliseconds_are_exact() -> None:
    """Milliseconds survive the way there and back, and nothing finer is kept."""
    for time_ms in (0, 1, 999, 1795266000123, 253402300799999):
        assert to_ms(from_ms(time_ms)) == time_ms
    assert Window(NOW, NOW + MINUTE).start == NOW.replace(microsecond=123000)
    assert Window.of_ms(5, 10).duration == timedelta(milliseconds=5)


def test_gaps() -> None:
    """What nothing covers is a gap, at both ends and between, if it is long enough."""
    window = Window.of_ms(10_000, 20_000)
    tolerance = timedelta(seconds=1)
    assert gaps(window, [Window.of_ms(0, 30_000)], tolerance) == []
    assert gaps(window, [], tolerance) == [window]
    assert gaps(window, [Window.of_ms(11_000, 19_000)], tolerance) == []
    assert gaps(
        window,
        [Window.of_ms(17_000, 18_000), Window.of_ms(9_000, 12_000)],
        tolerance,
    ) == [Window.of_ms(12_000, 17_000), Window.of_ms(18_000, 20_000)]
    assert gaps(window, [Window.of_ms(11_500, 30_000)], tolerance) == [
        Window.of_ms(10_000, 11_500)
    ]
    assert gaps(window, [Window.of_ms(21_000, 22_000)], tolerance) == [window]
    assert (
        gaps(
            window,
            [Window.of_ms(10_000, 19_000), Window.of_ms(12_000, 13_000)],
            tolerance,
        )
        == []
    )


def test_overlap_is_half_open() -> None:
    """Neighbours do not overlap."""
    assert not Window.of_ms(0, 10).overlaps(Window.of_ms(10, 20))
    assert Window.of_ms(0, 11).overlaps(Window.of_ms(10, 20))
