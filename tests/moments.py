"""A pytest plugin that begins each test at a moment that is hard on tests.

`script/moments` loads it, with libfaketime, which follows the environment here.
"""

from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import product
import os
from select import select
import time
import zlib

import pytest

# From the end of a day to where all of a test's past is in the new one.
_AROUND = (
    timedelta(seconds=-10),
    timedelta(seconds=1),
    timedelta(seconds=30),
    timedelta(minutes=4),
    timedelta(minutes=8),
    timedelta(minutes=12),
    timedelta(minutes=50),
)
# Some tests have a fixed past: all of these are after it.
_TURNS = (
    # Midnight in UTC, in Europe/Berlin and in US/Pacific, where Home Assistant's tests are.
    datetime(2026, 11, 25, tzinfo=UTC),
    datetime(2026, 11, 25, 23, tzinfo=UTC),
    datetime(2026, 11, 26, 8, tzinfo=UTC),
    # The end of a month, of a year, and of a longer February.
    datetime(2026, 11, 30, 23, tzinfo=UTC),
    datetime(2026, 12, 1, tzinfo=UTC),
    datetime(2026, 12, 31, 23, tzinfo=UTC),
    datetime(2027, 1, 1, tzinfo=UTC),
    datetime(2027, 1, 1, 8, tzinfo=UTC),
    datetime(2028, 2, 28, 23, tzinfo=UTC),
    datetime(2028, 2, 29, 8, tzinfo=UTC),
    datetime(2028, 2, 29, 23, tzinfo=UTC),
    # The hour that is missing, and the midnights around it.
    datetime(2027, 3, 14, 10, tzinfo=UTC),
    datetime(2027, 3, 15, 7, tzinfo=UTC),
    datetime(2027, 3, 27, 23, tzinfo=UTC),
    datetime(2027, 3, 28, 1, tzinfo=UTC),
    datetime(2027, 3, 28, 22, tzinfo=UTC),
    # The hour that comes twice: when it begins, begins again and ends; the midnights.
    datetime(2027, 10, 30, 22, tzinfo=UTC),
    datetime(2027, 10, 31, 0, tzinfo=UTC),
    datetime(2027, 10, 31, 1, tzinfo=UTC),
    datetime(2027, 10, 31, 2, tzinfo=UTC),
    datetime(2027, 11, 7, 8, tzinfo=UTC),
    datetime(2027, 11, 7, 9, tzinfo=UTC),
    datetime(2027, 11, 8, 8, tzinfo=UTC),
)
_NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
MOMENTS = (*(turn + around for turn, around in product(_TURNS, _AROUND)), _NOON)
# Shares no factor with their number: rounds that follow each other are far apart.
_STRIDE = 59


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take which moments it shall be."""
    group = parser.getgroup("moments")
    group.addoption("--round", type=int, default=0, help="another moment for each test")
    group.addoption("--moment", help="this one for all, such as 2026-11-22T23:10:30Z")


def pytest_configure(config: pytest.Config) -> None:
    """Set the clock before modules are imported: some look at it then."""
    set_clock(process_moment(config))
    # libfaketime does not know how `time.sleep` waits for the monotonic clock.
    time.sleep = partial(select, (), (), ())  # type: ignore[assignment]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Set the clock before a test and all that it is given."""
    set_clock(moment_of(item))
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say of a failure at which moment it was."""
    report = yield
    if report.failed:
        report.sections.append(("moment", f"--moment {moment_of(item):%FT%TZ}"))
    return report


def set_clock(moment: datetime) -> None:
    """Let it be a moment now, here and in processes that begin after this.

    The times of files stay those of the kernel.
    """
    os.environ["FAKETIME"] = "+0"
    os.environ["FAKETIME"] = f"{moment.timestamp() - time.time():+.6f}"


def moment_of(item: pytest.Item) -> datetime:
    """Return when a test begins; as many rounds as there are moments have each once."""
    began = process_moment(item.config)
    # The store is a process that all tests share, and keeps the clock that it began with.
    keeps = looked_at_clock(item, began) or "store" in getattr(item, "fixturenames", ())
    if keeps or item.config.getoption("moment"):
        return began
    return moment_number(item.config, zlib.crc32(item.nodeid.encode()))


def process_moment(config: pytest.Config) -> datetime:
    """Return when the modules of the tests are imported."""
    if moment := config.getoption("moment"):
        return datetime.fromisoformat(moment)
    return moment_number(config, 0)


def moment_number(config: pytest.Config, number: int) -> datetime:
    """Return one of the moments, another one in each round."""
    number += int(config.getoption("round")) * _STRIDE
    return MOMENTS[number % len(MOMENTS)]


def looked_at_clock(item: pytest.Item, began: datetime) -> bool:
    """Return whether a test's module keeps a time near to that of its import."""
    values = vars(item.module).values() if isinstance(item, pytest.Function) else ()
    return any(
        isinstance(value, datetime)
        and value.tzinfo is not None
        and abs(value - began) < timedelta(days=1)
        for value in values
    )
