"""Turns at the event loop, for work that comes in hundreds of pieces."""

import asyncio

from homeassistant.core import HomeAssistant
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN

# How many pieces, whoever's they are, go on in one turn of the event loop.
AT_ONCE = 4
DATA_TURNS: HassKey[asyncio.Semaphore] = HassKey(f"{DOMAIN}.turns")


async def async_turn(hass: HomeAssistant) -> None:
    """Wait for a turn, before a piece of work of half a millisecond or so."""
    async with hass.data.setdefault(DATA_TURNS, asyncio.Semaphore(AT_ONCE)):
        # What is due by now goes on after the first one, before the second one.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
