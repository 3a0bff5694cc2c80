"""Tests of how much goes on at the event loop before everything else has its turn."""

import asyncio
from collections import Counter

from custom_components.clip_download.turns import AT_ONCE, async_turn
from homeassistant.core import HomeAssistant


async def test_what_is_due_goes_on_first(hass: HomeAssistant) -> None:
    """It does so between any two pieces of one work."""
    for _ in range(3):
        due = asyncio.Event()
        hass.loop.call_at(hass.loop.time(), due.set)
        await async_turn(hass)
        assert due.is_set()


async def test_few_pieces_go_on_in_one_turn(hass: HomeAssistant) -> None:
    """It does not matter how many works there are."""
    went_on = Counter[int]()
    turn = 0

    async def count_turns() -> None:
        nonlocal turn
        while True:
            turn += 1
            await asyncio.sleep(0)

    async def work() -> None:
        for _ in range(3):
            await async_turn(hass)
            went_on[turn] += 1

    counting = asyncio.create_task(count_turns())
    await asyncio.gather(*(work() for _ in range(50)))
    counting.cancel()
    assert went_on.total() == 150
    assert max(went_on.values()) <= AT_ONCE
