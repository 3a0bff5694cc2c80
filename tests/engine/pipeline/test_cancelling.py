"""Jobs that somebody cancels, that are too many, or that end Home Assistant each time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path, PurePosixPath
import random
import subprocess
import sys
import threading
from typing import Any

import pytest

from custom_components.clip_download.engine.aio import run_in_thread
from custom_components.clip_download.engine.errors import InvalidRequestError
from custom_components.clip_download.engine.events.store import EventStore
from custom_components.clip_download.engine.library.database import Library
from custom_components.clip_download.engine.media import clip_file
from custom_components.clip_download.engine.model import (
    Camera,
    Event,
    EventKind,
    JobState,
)
from custom_components.clip_download.engine.pipeline import (
    jobs as jobs_module,
    pipeline,
    retry,
    working_folder,
)
from custom_components.clip_download.engine.pipeline.jobs import Running
from custom_components.clip_download.engine.pipeline.pipeline import MOST_STARTS
from custom_components.clip_download.engine.time_range import Window
from tests.waits import until

from .dying import DIED
from .test_jobs import CAMERA, House, built, slowly, window

MOST_S = 30
# Points at which a job is cancelled while its clip is published.
STEPS = 24
CANCELLED = 200
NOW = datetime.now(UTC)
# It has not ended: its job waits.
LATER = Window(NOW, NOW + timedelta(hours=1))


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again at once."""
    monkeypatch.setattr(retry, "LONGEST_BACKOFF_S", 0.01)


@pytest.fixture
async def house(tmp_path: Path, socket_enabled: None) -> AsyncIterator[House]:
    """Return a running account."""
    async with built(tmp_path) as house:
        yield house


async def check_cancelled(house: House, running: Running) -> None:
    """Cancel a job, which is told as cancelled, leaves nothing, and is not resumed."""
    job = await house.jobs.cancel(running)
    assert job.state is JobState.FAILED
    assert job.error
    assert job.error.key == "cancelled"
    assert await running.done == job
    await house.idle()
    assert [one.id for one in house.told] == [job.id]
    assert house.names() == []
    kept = await house.jobs.job(job.id)
    assert kept
    assert kept.state is JobState.FAILED
    assert kept.working_folders == ()
    assert house.jobs.running() == []
    assert await house.library.unfinished_jobs("account") == []


async def test_before_it_began(house: House) -> None:
    """It is cancelled though nothing of it was done."""
    await check_cancelled(house, await house.ask(LATER))


async def test_while_it_is_accepted(house: House) -> None:
    """Whoever finds it before it goes its way cancels it, too."""
    asking = asyncio.ensure_future(house.ask(LATER))
    await asyncio.sleep(0)
    (running,) = house.jobs.running()
    assert running.task is None
    async with asyncio.timeout(MOST_S):
        await check_cancelled(house, running)
    assert await asking is running


async def test_while_it_waits(house: House) -> None:
    """A window that has not ended is waited for no more."""
    running = await house.ask(LATER, "day/clip")
    await until(lambda: running.progress.waiting is not None)
    await check_cancelled(house, running)


async def test_while_it_fetches(house: House) -> None:
    """What came of it goes, with the folders that were made for it."""
    house.shelf.lay(window(0, 10))
    house.shelf.lay(window(10, 20))
    house.shelf.answers["1.mp4"].append(slowly(600))
    running = await house.ask(window(0, 20), "day/clip")
    await until(lambda: len(house.shelf.fetched) == 2)
    await check_cancelled(house, running)


async def test_while_it_is_finished(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread that is at work stops before its folder goes."""
    begun = threading.Event()

    def finish(
        *_: object, cancelled: threading.Event, **__: object
    ) -> clip_file.Finished:
        begun.set()
        assert cancelled.wait(MOST_S)
        raise clip_file.Cancelled

    monkeypatch.setattr(clip_file, "finish", finish)
    house.shelf.lay(window(0, 2))
    running = await house.ask(window(0, 2), "day/clip")
    await until(begun.is_set)
    await check_cancelled(house, running)


async def test_twice_at_once(house: House) -> None:
    """Whoever cancels it hears of the same end."""
    running = await house.ask(LATER)
    first, second = await asyncio.gather(
        house.jobs.cancel(running), house.jobs.cancel(running)
    )
    assert first == second
    assert first.error
    assert first.error.key == "cancelled"


async def test_who_cancels_may_go_away(house: House) -> None:
    """Others who cancel it, or wait for it, hear of its end all the same."""
    running = await house.ask(LATER)
    first, second = (
        asyncio.ensure_future(house.jobs.cancel(running)) for _ in range(2)
    )
    # Both wait for the end by now.
    await asyncio.sleep(0)
    first.cancel()
    job = await second
    assert job.error
    assert job.error.key == "cancelled"
    assert await running.done == job


async def test_after_a_restart(house: House) -> None:
    """One that goes on is cancelled as well, and does not go on once more."""
    await house.ask(LATER)
    await house.stop()
    await house.start()
    (running,) = house.jobs.running()
    await check_cancelled(house, running)
    await house.stop()
    await house.start()
    assert house.jobs.running() == []


async def test_while_it_is_published(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At whatever step: it is saved, or it is cancelled; never both, never half."""
    house.shelf.lay(window(0, 2))
    run = Library._run
    outcomes: list[JobState] = []
    left = 0
    asked: list[Running] = []

    async def counted(self: Library, call: Callable[[], Any]) -> Any:
        nonlocal left
        left -= 1
        if left == 0:
            asyncio.get_running_loop().create_task(house.jobs.cancel(asked[-1]))
            await asyncio.sleep(0)
        return await run(self, call)

    for step in range(1, STEPS):
        house.told.clear()
        asked.append(await house.ask(window(0, 2), f"clip{step}"))
        left = step
        monkeypatch.setattr(Library, "_run", counted)
        job = await asyncio.wait_for(asked[-1].done, MOST_S)
        await house.idle()
        monkeypatch.setattr(Library, "_run", run)
        kept = await house.jobs.job(job.id)
        assert kept
        assert kept.state is job.state
        assert len(house.told) == 1
        there = [name for name in house.names() if name.startswith(f"clip{step}.")]
        clips = await house.library.clips("WHERE job_id = ?", (job.id,))
        if job.state is JobState.SAVED:
            assert len(there) == 3
            assert len(clips) == 1
        else:
            assert job.error
            assert job.error.key == "cancelled"
            assert not there
            assert not clips
        outcomes.append(job.state)
    assert set(outcomes) == {JobState.SAVED, JobState.FAILED}
    assert not [name for name in house.names() if "clip_download" in name]


async def test_cancelled_while_its_folder_waits_to_be_removed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where all threads are busy, the folder of a saved job is removed all the same."""
    waits, goes_on = asyncio.Event(), asyncio.Event()

    async def removed(*args: Any) -> bool:
        waits.set()
        await goes_on.wait()
        return await run_in_thread(working_folder.end, *args)

    def run(call: Callable[..., Any], *args: Any, **named: Any) -> asyncio.Future[Any]:
        if call is working_folder.end:
            return asyncio.ensure_future(removed(*args))
        return run_in_thread(call, *args, **named)

    monkeypatch.setattr(pipeline, "run_on_storage", run)
    house.shelf.lay(window(0, 2))
    running = await house.ask(window(0, 2), "day/clip")
    await waits.wait()
    cancelling = asyncio.create_task(house.jobs.cancel(running))
    await asyncio.sleep(0)
    goes_on.set()
    assert (await cancelling).state is JobState.SAVED
    await house.idle()
    assert not [name for name in house.names() if "clip_download" in name]


# A file that is opened or closed at that very moment is left to Python to close.
@pytest.mark.timeout(300)
async def test_no_slot_is_lost(house: House) -> None:
    """Cancelled anywhere, often: all slots are free again, and nothing is left over."""
    chance = random.Random(20)
    house.shelf.lay(window(0, 2))
    house.shelf.lay(window(2, 4))
    for number in range(CANCELLED // 4):
        several = [
            await house.ask(window(0, 4), f"day/{number}_{one}") for one in range(4)
        ]
        for one in several:
            await asyncio.sleep(chance.choice((0, 0.001, 0.01, 0.03, 0.06)))
            await asyncio.wait_for(house.jobs.cancel(one), MOST_S)
    await house.idle()
    assert house.jobs._downloads.short.free == house.downloads_at_once
    assert not [name for name in house.names() if "clip_download" in name]
    saved = [job for job in house.told if job.state is JobState.SAVED]
    assert len(house.told) == CANCELLED
    assert len(saved) < CANCELLED
    job = await asyncio.wait_for(house.save(window(0, 4)), MOST_S)
    assert job.state is JobState.SAVED


async def test_a_cancelled_event_is_not_wanted_any_more(house: House) -> None:
    """What is saved by itself is not asked for again once somebody cancelled it."""
    event = Event(id="1", kind=EventKind.MOTION, window=window(0, 2))
    store = EventStore(house.library, "account")
    await store.add(CAMERA.id, [event], {"1"})
    running = await house.ask(LATER, events=[event], is_automatic=True)
    await house.jobs.cancel(running)
    wanted = await store.wanted(NOW, [CAMERA.id], ready_only=False, most=9)
    assert wanted == []


async def test_too_many_of_a_camera(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One camera's are limited; others, and what is saved by itself, have room."""
    monkeypatch.setattr(jobs_module, "MOST_OF_CAMERA", 3)
    several = [await house.ask(LATER, f"clip{number}") for number in range(3)]
    with pytest.raises(InvalidRequestError, match="too_many_jobs_of_camera"):
        await house.ask(LATER, "more")
    await house.ask(LATER, "clip0")
    await house.ask(LATER, "by itself", is_automatic=True)
    await house.jobs.ask(
        Camera(id="other", name="Other"),
        LATER,
        root=house.media,
        filename=PurePosixPath("other"),
        timeout=timedelta(seconds=1),
    )
    monkeypatch.setattr(jobs_module, "MOST_UNFINISHED", 4)
    with pytest.raises(InvalidRequestError, match="too_many_jobs "):
        await house.ask(LATER, "more")
    await house.ask(LATER, "by itself, too", is_automatic=True)
    await house.jobs.cancel(several[0])
    await house.ask(LATER, "more")


async def test_asking_is_given_up(house: House) -> None:
    """A request that was given up before it was kept goes on, and may be joined."""
    house.shelf.lay(window(0, 2))
    asking = asyncio.create_task(house.ask(window(0, 2)))
    await asyncio.sleep(0)
    joined = asyncio.create_task(house.save(window(0, 2)))
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.wait([asking])
    assert asking.cancelled()
    job = await asyncio.wait_for(joined, MOST_S)
    assert job.state is JobState.SAVED
    await house.idle()
    assert house.jobs.running() == []
    assert house.told == [job]


async def test_orderly_restarts_do_not_count(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often Home Assistant is stopped while it looks into footage."""
    house.shelf.lay(window(0, 2))
    inspect, begun, go_on = clip_file.inspect, threading.Event(), threading.Event()

    def slow(file: Any, still_at: Any) -> clip_file.Media:
        begun.set()
        assert go_on.wait(MOST_S)
        return inspect(file, still_at)

    monkeypatch.setattr(clip_file, "inspect", slow)
    await house.ask(window(0, 2))
    for _ in range(MOST_STARTS + 1):
        await until(begun.is_set)
        (job,) = await house.library.unfinished_jobs("account")
        assert job.starts == 1
        for task in house.tasks:
            task.cancel()
        await asyncio.wait(house.tasks)
        (job,) = await house.library.unfinished_jobs("account")
        assert job.starts == 0
        go_on.set()
        await house.stop()
        go_on.clear()
        begun.clear()
        await house.start()
    (running,) = house.jobs.running()
    go_on.set()
    job = await asyncio.wait_for(running.done, MOST_S)
    assert job.state is JobState.SAVED


@pytest.mark.timeout(600)
def test_footage_that_kills(tmp_path: Path) -> None:
    """What ends Home Assistant each time is tried three times, and told."""

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "tests.engine.pipeline.dying", str(tmp_path)],
            cwd=Path(__file__).parents[3],
            stdout=subprocess.PIPE,
            text=True,
            timeout=250,
            check=False,
        )

    for _ in range(MOST_STARTS):
        assert run().returncode == DIED
    ended = run()
    assert ended.returncode == 0
    told = json.loads(ended.stdout)
    assert told == {"state": "failed", "error": "gave_up_after_restarts", "names": []}
