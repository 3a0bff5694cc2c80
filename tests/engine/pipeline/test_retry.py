"""Faults and waiting: what is late is no hole, what is down is given up; simulated."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from custom_components.clip_download.engine.errors import (
    BadAnswerError,
    CloudError,
    NotReadyError,
    NotVideoError,
)
from custom_components.clip_download.engine.model import ClipStatus, Job, JobState, Plan
from custom_components.clip_download.engine.pipeline import download, retry
from custom_components.clip_download.engine.pipeline.retry import Attempts, RetryBudget
from custom_components.clip_download.engine.time_range import Window
from tests.clouds.footage import moments
from tests.simulated import simulated

from .test_jobs import FRONT, Shelf, built, slowly, window

PARTS = 12
PART_S = 6
# As long as it takes to get five minutes over a camera's uplink.
UPLINK_S = 300
NO_TIME = timedelta(0)
TEN_MINUTES = timedelta(minutes=10)
BAD_GATEWAY = BadAnswerError("cloud_trouble", status="502")
NEVER = 10.0**9

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a kilobyte count for what a megabyte is of a real part."""
    monkeypatch.setattr(download, "CHUNK_BYTES", 4 * 2**10)
    monkeypatch.setattr(retry, "PROGRESS_BYTES", 4 * 2**10)


def now_s() -> float:
    """Return how many seconds have been simulated."""
    return asyncio.get_running_loop().time()


def lay(shelf: Shelf, count: int = PARTS) -> Window:
    """Lay the parts of a window of yesterday on the shelf; return the window."""
    start_s = -24 * 60 * 60
    for number in range(count):
        at_s = start_s + number * PART_S
        shelf.lay(window(at_s, at_s + PART_S))
    return window(start_s, start_s + count * PART_S)


def fail(shelf: Shelf, start_s: float, seconds: float) -> None:
    """Let the cloud fail for some time, from so many seconds from now on."""
    start_s += now_s()
    shelf.outages.append((start_s, start_s + seconds, BAD_GATEWAY))


def check_whole(job: Job, stretch: Window) -> None:
    """Look at each frame of a window that was saved."""
    assert (job.state, job.error) == (JobState.SAVED, None)
    (clip,) = job.clips
    assert (clip.status, clip.gaps) == (ClipStatus.COMPLETE, ())
    frames = FRONT.frames_ms(stretch.start, stretch.end, exact=True)
    assert len(moments(clip.path, of=FRONT)) == len(frames)


# What happens to each of two parts, long after the timeout.
FAULTS: dict[str, list[CloudError]] = {
    "one 502": [BAD_GATEWAY],
    "one 429": [CloudError("cloud_throttled", retry_after_s=1)],
    "seven 429": [CloudError("cloud_throttled", retry_after_s=1)] * 7,
    "seven 429 that say no time": [CloudError("cloud_throttled")] * 7,
}


@pytest.mark.parametrize("timeout", [NO_TIME, TEN_MINUTES])
@pytest.mark.parametrize("name", FAULTS)
@simulated
async def test_faults_that_pass(tmp_path: Path, name: str, timeout: timedelta) -> None:
    """They cost nothing but time, whatever the timeout."""
    async with built(tmp_path) as house:
        house.shelf.parts_at_once = 1  # type: ignore[misc]
        stretch = lay(house.shelf, 2)
        house.shelf.troubles += [None, *FAULTS[name]]
        check_whole(await house.save(stretch, timeout=timeout), stretch)


@pytest.mark.parametrize("timeout", [NO_TIME, TEN_MINUTES])
@pytest.mark.parametrize("seconds", [32, 90])
@simulated
async def test_an_outage(tmp_path: Path, seconds: float, timeout: timedelta) -> None:
    """So does a cloud that fails for a while, at once or later on."""
    async with built(tmp_path) as house:
        stretch = lay(house.shelf, 2)
        fail(house.shelf, 0, seconds)
        check_whole(await house.save(stretch, timeout=timeout), stretch)


@simulated
async def test_an_hour_over_a_slow_uplink(tmp_path: Path, small_chunks: None) -> None:
    """Work of most of an hour has no hole: each part fails once, and all now and then."""
    async with built(tmp_path) as house:
        shelf = house.shelf
        stretch = lay(shelf)
        shelf.answer = slowly(UPLINK_S)
        for part in shelf.parts:
            shelf.answers[part.name].append(slowly(UPLINK_S, most_blocks=5))
        for at_s in (700, 1500, 2400):
            fail(shelf, at_s, 80)
        # Nor is the last one ready when it is asked for.
        shelf.outages.append(
            (
                2500 + now_s(),
                2700 + now_s(),
                NotReadyError("footage_not_ready", after_s=15),
            )
        )
        began_s = now_s()
        check_whole(await house.save(stretch, timeout=TEN_MINUTES), stretch)
        assert now_s() - began_s > 4 * TEN_MINUTES.total_seconds()


@simulated
async def test_a_last_round(tmp_path: Path) -> None:
    """What an outage took that was too long for each part is asked for once more."""
    async with built(tmp_path) as house:
        stretch = lay(house.shelf)
        house.shelf.answer = slowly(60)
        fail(house.shelf, 100, 180)
        check_whole(await house.save(stretch, timeout=NO_TIME), stretch)


@pytest.mark.parametrize("count", [1, 2, PARTS, 100])
@simulated
async def test_a_cloud_that_is_down(tmp_path: Path, count: int) -> None:
    """A cloud that never answers is given up within minutes, however long the window."""
    async with built(tmp_path) as house:
        shelf = house.shelf
        part = shelf.lay(window(-100, -90))
        stretch = window(-100, -100 + count)
        shelf.plans.append(
            Plan(
                parts=[
                    replace(part, window=one)
                    for one in stretch.split(timedelta(seconds=1))
                ]
            )
        )
        fail(shelf, 0, NEVER)
        began_s = now_s()
        job = await house.save(stretch, timeout=NO_TIME)
        assert job.error
        assert job.error.key == "cloud_trouble"
        assert now_s() - began_s <= retry.FAULTS_S
        assert len(shelf.fetched) <= retry.MOST_FAULTS + shelf.parts_at_once
        assert house.names() == []


@simulated
async def test_a_cloud_that_goes_down(tmp_path: Path) -> None:
    """What came before is saved, soon after, and why the rest did not come is told."""
    async with built(tmp_path) as house:
        shelf = house.shelf
        stretch = lay(shelf)
        shelf.answer = slowly(60)
        # Two at once: the first four come.
        fail(shelf, 90, NEVER)
        began_s = now_s()
        job = await house.save(stretch, timeout=NO_TIME)
        assert job.clips[0].status is ClipStatus.PARTIAL
        assert job.clips[0].gaps == (Window(shelf.parts[4].window.start, stretch.end),)
        assert job.error
        assert job.error.key == "cloud_trouble"
        assert now_s() - began_s <= 120 + 2 * retry.FAULTS_S
        assert len(shelf.fetched) <= 4 + 2 * (retry.MOST_FAULTS + 2)


@simulated
async def test_one_part_that_always_fails(tmp_path: Path) -> None:
    """It is asked for no more often than its budget and the last round allow."""
    async with built(tmp_path) as house:
        stretch = lay(house.shelf)
        broken = house.shelf.parts[3]
        house.shelf.refused = {broken.name: BAD_GATEWAY}
        job = await house.save(stretch, timeout=NO_TIME)
        assert job.clips[0].gaps == (broken.window,)
        fetched = house.shelf.fetched
        assert fetched.count(broken.name) == 2 * retry.MOST_ATTEMPTS
        assert len(fetched) == PARTS - 1 + 2 * retry.MOST_ATTEMPTS


@pytest.mark.parametrize("gets_on", [True, False])
@simulated
async def test_bodies_that_break_off(
    tmp_path: Path, small_chunks: None, gets_on: bool
) -> None:
    """A body that comes further each time is not given up; one that does not is."""
    async with built(tmp_path) as house:
        stretch = lay(house.shelf, 1)
        (part,) = house.shelf.parts
        answers = house.shelf.answers[part.name]
        tries = 2 * retry.MOST_ATTEMPTS
        for number in range(tries):
            most = number + 1 if gets_on else 3
            answers.append(slowly(100, tries + 1, most_blocks=most))
        job = await house.save(stretch, timeout=NO_TIME)
        if gets_on:
            check_whole(job, stretch)
            assert len(house.shelf.fetched) == tries + 1
        else:
            assert job.error
            assert job.error.key == "body_truncated"
            assert len(house.shelf.fetched) == retry.MOST_ATTEMPTS


@simulated
async def test_a_cloud_that_wants_an_hour_of_quiet(tmp_path: Path) -> None:
    """It gets it: what it gave already is saved, and nobody waits for the rest."""
    async with built(tmp_path) as house:
        house.shelf.parts_at_once = 1  # type: ignore[misc]
        stretch = lay(house.shelf, 2)
        quiet = CloudError("cloud_throttled", retry_after_s=3600)
        house.shelf.troubles += [None, quiet, quiet]
        began_s = now_s()
        job = await house.save(stretch, timeout=TEN_MINUTES)
        assert job.error is quiet
        assert now_s() - began_s < 1
        assert len(house.shelf.fetched) == 3


@simulated
async def test_waiting_among_faults(tmp_path: Path) -> None:
    """Faults while footage is waited for for hours do not add up."""
    async with built(tmp_path) as house:
        stretch = lay(house.shelf, 1)
        not_ready = NotReadyError("footage_not_ready", after_s=30)
        house.shelf.troubles += [not_ready, BAD_GATEWAY] * (2 * retry.MOST_ATTEMPTS)
        job = await house.save(stretch, timeout=timedelta(hours=1))
        check_whole(job, stretch)


@simulated
async def test_footage_is_waited_for_no_longer_than_asked(tmp_path: Path) -> None:
    """Once the time is up, only a job that gets on waits, and for a while only."""
    async with built(tmp_path) as house:
        stretch = lay(house.shelf)
        never = house.shelf.parts[5].name
        not_ready = NotReadyError("footage_not_ready", after_s=30)
        house.shelf.refused = {never: not_ready}
        house.shelf.answer = slowly(100)
        began_s = now_s()
        job = await house.save(stretch, timeout=timedelta(seconds=20))
        assert job.clips[0].gaps == (house.shelf.parts[5].window,)
        assert job.error is not_ready
        # All others one after the other at most, and twice the timeout after the last.
        assert now_s() - began_s <= 100 * (PARTS - 1) + 2 * 20 + 1


@simulated
async def test_how_long_is_waited() -> None:
    """Until the time is up and no longer; a cloud may say so much by itself."""
    left = RetryBudget(datetime.now(UTC) + TEN_MINUTES)
    tries = Attempts()
    late = NotReadyError("footage_not_ready", after_s=3600)
    assert left.pause_until_ready(late, tries) == pytest.approx(600, abs=1)
    assert (
        left.pause_until_ready(NotReadyError("footage_not_ready", after_s=7), tries)
        == 7
    )
    # A cloud that wants to be left alone for longer than faults may last is, until then.
    pause_s = retry.FAULTS_S * 2
    busy = CloudError("cloud_throttled", retry_after_s=pause_s)
    assert left.pause_after_fault(busy, tries) == pause_s
    await asyncio.sleep(601)
    assert left.pause_until_ready(late, tries) is None
    assert left.pause_after_fault(busy, tries) is None


@simulated
async def test_what_cannot_be_read() -> None:
    """A body that came whole and is no footage is hardly another thing next time."""
    left = RetryBudget(datetime.now(UTC) + TEN_MINUTES)
    tries = Attempts()
    senseless = NotVideoError("body_not_video")
    for _ in range(retry.MOST_UNREADABLE - 1):
        assert left.pause_after_fault(senseless, tries) is not None
    assert left.pause_after_fault(senseless, tries) is None
