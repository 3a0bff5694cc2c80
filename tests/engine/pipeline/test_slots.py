"""How many clips of an account are downloaded at once, and who waits for whom."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path, PurePosixPath

from aiohttp import web
import pytest

from custom_components.clip_download.engine.model import JobState, Plan
from custom_components.clip_download.engine.pipeline.executors import LONGEST_SHORT
from custom_components.clip_download.engine.pipeline.slots import (
    ClipSlot,
    Downloads,
    Slots,
)
from custom_components.clip_download.engine.time_range import Window
from tests.simulated import NOON, simulated

from .test_jobs import CAMERA, SECOND, House, built, slowly, window

HOUR = timedelta(hours=1)
pytestmark = pytest.mark.usefixtures("socket_enabled")


class Arriving:
    """Sends files slowly, and knows how many are under way."""

    def __init__(self, house: House) -> None:
        """Let all files come like this."""
        self.now = self.most = 0
        self.ended: list[str] = []
        house.shelf.answer = self

    async def __call__(self, request: web.Request, path: Path) -> web.StreamResponse:
        """Send a file in ten seconds."""
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            return await slowly(10)(request, path)
        finally:
            self.now -= 1
            self.ended.append(path.name)


def test_short_and_long_clips_have_slots_of_their_own() -> None:
    """A quarter of an hour is short, as it is for the threads."""
    downloads = Downloads(2)
    ends = (NOON + LONGEST_SHORT, NOON + LONGEST_SHORT + SECOND)
    short, long = (downloads.of(Window(NOON, end)) for end in ends)
    assert short is not long
    assert (short.free, long.free) == (2, 2)


@simulated
async def test_a_short_clip_does_not_wait_for_a_long_one(tmp_path: Path) -> None:
    """With a single slot, the bell's clip is there while a whole day still comes."""
    async with built(tmp_path, downloads_at_once=1) as house:
        shelf = house.shelf
        day, bell = shelf.lay(window(-9000, -8990)), shelf.lay(window(-50, -40))
        shelf.answers[day.name].append(slowly(6000))
        shelf.plans += [Plan(parts=[day]), Plan(parts=[bell])]
        long = await house.ask(window(-9000, -1), "day", timeout=HOUR)
        await asyncio.sleep(1)
        job = await asyncio.wait_for(house.save(bell.window, "bell"), 60)
        assert job.state is JobState.SAVED
        assert not long.done.done()
        # No connection was given up for it.
        assert shelf.fetched == [day.name, bell.name]
        assert (await long.done).state is JobState.SAVED


@simulated
async def test_all_parts_of_a_clip_have_one_slot(tmp_path: Path) -> None:
    """As many arrive side by side as the cloud lets them; no other clip's do."""
    async with built(tmp_path, downloads_at_once=1) as house:
        shelf = house.shelf
        shelf.parts_at_once = 4  # type: ignore[misc]
        arriving = Arriving(house)
        laid = [shelf.lay(window(at, at + 2)) for at in range(-40, -24, 2)]
        shelf.plans.append(Plan(parts=laid))
        began_s = asyncio.get_running_loop().time()
        job = await house.save(window(-40, -24))
        assert job.state is JobState.SAVED
        assert arriving.most == 4
        assert asyncio.get_running_loop().time() - began_s < 30
        assert house.jobs._downloads.short.free == 1


@simulated
async def test_the_next_clip_has_its_turn_before_all_parts_have_come(
    tmp_path: Path,
) -> None:
    """A clip of many parts lets another camera's in between them."""
    async with built(tmp_path, downloads_at_once=1) as house:
        shelf = house.shelf
        arriving = Arriving(house)
        laid = [shelf.lay(window(at, at + 2)) for at in range(-60, -40, 2)]
        shelf.plans += [Plan(parts=laid[:-1]), Plan(parts=laid[-1:])]
        running = [await house.ask(window(-60, -42), "many", timeout=HOUR)]
        await asyncio.sleep(1)
        running.append(
            await house.jobs.ask(
                replace(CAMERA, id="yard"),
                window(-42, -40),
                root=house.media,
                filename=PurePosixPath("one"),
                timeout=HOUR,
            )
        )
        assert {(await one.done).state for one in running} == {JobState.SAVED}
        # Two were arriving, and two more may have been opened before it asked.
        assert laid[-1].name in arriving.ended[:4]


async def test_parts_that_wait_together_come_together() -> None:
    """Once a clip has its slot again, all of its parts go on."""
    downloads = Slots(1)
    await downloads.acquire()
    slot = ClipSlot(downloads)
    parts = [asyncio.create_task(slot.acquire()) for _ in range(3)]
    await asyncio.sleep(0)
    parts[0].cancel()
    downloads.release()
    await asyncio.wait(parts, timeout=10)
    assert [one.cancelled() for one in parts] == [True, False, False]
    # As long as one of them still comes, it is kept.
    free = []
    for _ in range(2):
        slot.release()
        free.append(downloads.free)
    assert free == [0, 1]


@pytest.mark.parametrize("others", [0, 1])
async def test_a_clip_that_waits_again_gives_back_what_is_too_much(others: int) -> None:
    """Who gets a second slot while the first is still used needs one only."""
    downloads = Slots(2)
    slot = ClipSlot(downloads)
    await slot.acquire()
    await downloads.acquire()
    waiting = [asyncio.create_task(downloads.acquire()) for _ in range(others)]
    await asyncio.sleep(0)
    more = asyncio.create_task(slot.acquire())
    await asyncio.sleep(0)
    assert more.done() is not bool(others)
    for _ in range(1 + others):
        downloads.release()
    await asyncio.wait([more, *waiting], timeout=10)
    slot.release()
    slot.release()
    assert downloads.free == 2
