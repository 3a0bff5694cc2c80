"""Turns go round by camera, and none is lost."""

import asyncio
import random

import pytest

from custom_components.clip_download.engine.fair_semaphore import (
    CURRENT_CAMERA,
    FairSemaphore,
)


async def take(semaphore: FairSemaphore, camera: str, order: list[str]) -> None:
    """Take a turn for a camera, and note it."""
    CURRENT_CAMERA.set(camera)
    async with semaphore:
        order.append(camera)
        await asyncio.sleep(0)


async def test_one_camera_after_the_other() -> None:
    """Whoever asks first and most keeps nobody waiting for all of it."""
    semaphore, order = FairSemaphore(1), list[str]()
    asked = [*["a"] * 5, *["b"] * 2, "c"]
    await asyncio.gather(*(take(semaphore, camera, order) for camera in asked))
    assert order == ["a", "a", "b", "c", "a", "b", "a", "a"]
    assert semaphore.free == 1


async def test_no_more_at_once() -> None:
    """However many wait, only so many have a turn."""
    semaphore, most, now = FairSemaphore(3), 0, 0

    async def work(camera: str) -> None:
        nonlocal most, now
        CURRENT_CAMERA.set(camera)
        async with semaphore:
            now += 1
            most = max(most, now)
            await asyncio.sleep(0)
            now -= 1

    await asyncio.gather(*(work(f"{number % 7}") for number in range(50)))
    assert most == 3
    assert semaphore.free == 3


@pytest.mark.parametrize("seed", range(20))
async def test_no_turn_is_lost(seed: int) -> None:
    """Whoever waits may go away at any moment, that in which it is given one too."""
    chance = random.Random(seed)
    semaphore, order = FairSemaphore(2), list[str]()
    tasks = [
        asyncio.create_task(take(semaphore, chance.choice("abcd"), order))
        for _ in range(60)
    ]
    gone = chance.sample(tasks, 40)
    for task in gone:
        task.cancel()
        for _ in range(chance.randrange(3)):
            await asyncio.sleep(0)
    await asyncio.wait(tasks)
    assert semaphore.free == 2
    assert len(order) >= len(tasks) - len(gone)


async def test_gone_as_it_is_given() -> None:
    """A turn that is given to one who goes away in that moment is the next one's."""
    semaphore, order = FairSemaphore(1), list[str]()
    await semaphore.acquire()
    first = asyncio.create_task(take(semaphore, "a", order))
    second = asyncio.create_task(take(semaphore, "b", order))
    await asyncio.sleep(0)
    semaphore.release()
    first.cancel()
    await asyncio.wait([first, second])
    assert order == ["b"]
    assert semaphore.free == 1
