"""Turns go round by camera, and none is lost."""

import asyncio
import random

import pytest

from custom_components.clip_download.engine.turns import IN_TURN, Turns


async def take(turns: Turns, camera: str, order: list[str]) -> None:
    """Take a turn for a camera, and note it."""
    IN_TURN.set(camera)
    async with turns:
        order.append(camera)
        await asyncio.sleep(0)


async def test_one_camera_after_the_other() -> None:
    """Whoever asks first and most keeps nobody waiting for all of it."""
    turns, order = Turns(1), list[str]()
    asked = [*["a"] * 5, *["b"] * 2, "c"]
    await asyncio.gather(*(take(turns, camera, order) for camera in asked))
    assert order == ["a", "a", "b", "c", "a", "b", "a", "a"]
    assert turns.free == 1


async def test_no_more_at_once() -> None:
    """However many wait, only so many have a turn."""
    turns, most, now = Turns(3), 0, 0

    async def work(camera: str) -> None:
        nonlocal most, now
        IN_TURN.set(camera)
        async with turns:
            now += 1
            most = max(most, now)
            await asyncio.sleep(0)
            now -= 1

    await asyncio.gather(*(work(f"{number % 7}") for number in range(50)))
    assert most == 3
    assert turns.free == 3


@pytest.mark.parametrize("seed", range(20))
async def test_no_turn_is_lost(seed: int) -> None:
    """Whoever waits may go away at any moment, that in which it is given one too."""
    chance = random.Random(seed)
    turns, order = Turns(2), list[str]()
    tasks = [
        asyncio.create_task(take(turns, chance.choice("abcd"), order))
        for _ in range(60)
    ]
    gone = chance.sample(tasks, 40)
    for task in gone:
        task.cancel()
        for _ in range(chance.randrange(3)):
            await asyncio.sleep(0)
    await asyncio.wait(tasks)
    assert turns.free == 2
    assert len(order) >= len(tasks) - len(gone)


async def test_gone_as_it_is_given() -> None:
    """A turn that is given to one who goes away in that moment is the next one's."""
    turns, order = Turns(1), list[str]()
    await turns.acquire()
    first = asyncio.create_task(take(turns, "a", order))
    second = asyncio.create_task(take(turns, "b", order))
    await asyncio.sleep(0)
    turns.release()
    first.cancel()
    await asyncio.wait([first, second])
    assert order == ["b"]
    assert turns.free == 1
