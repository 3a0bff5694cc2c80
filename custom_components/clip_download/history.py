"""What cameras saw: their clouds' histories, not asked for again within moments."""

import asyncio
from collections import defaultdict, deque
from datetime import timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .automatic_saving import async_events
from .const import DOMAIN
from .coordinator import ClipConfigEntry
from .engine.model import Camera, Event
from .engine.time_range import Window

# How long a history is not asked for again, and how many windows of a camera are known.
FRESH_FOR = timedelta(seconds=30)
MOST_KNOWN = 8


class History:
    """The events of cameras, as their clouds listed them a moment ago."""

    def __init__(self) -> None:
        """Begin with no list."""
        self._known = defaultdict[Any, deque[Any]](lambda: deque(maxlen=MOST_KNOWN))
        self._locks = defaultdict[Any, asyncio.Lock](asyncio.Lock)

    async def events(
        self,
        entry: ClipConfigEntry,
        camera: Camera,
        window: Window,
        fresh_for: timedelta,
    ) -> list[Event]:
        """Return the events that begin in the window, the oldest first.

        A list that is younger than `fresh_for` is not asked for again. Raises ClipError.
        """
        key = entry.entry_id, camera.id
        async with self._locks[key]:
            since = dt_util.utcnow() - fresh_for
            for asked_at, known, found in self._known[key]:
                is_inside = known.start <= window.start and window.end <= known.end
                if asked_at > since and is_inside:
                    return [
                        event
                        for event in found
                        if window.start <= event.window.start < window.end
                    ]
            now = dt_util.utcnow()
            source = entry.runtime_data.source
            events = [
                event
                for event in await async_events(entry, camera, window)
                if not source.is_echo(event)
            ]
            self._known[key].append((now, window, events))
            return events


DATA_HISTORY: HassKey[History] = HassKey(f"{DOMAIN}.history")


async def async_known_events(
    hass: HomeAssistant,
    entry: ClipConfigEntry,
    camera: Camera,
    window: Window,
    fresh_for: timedelta | None = None,
) -> list[Event]:
    """Return the events of a camera that begin in the window, the oldest first.

    They are those that its cloud lists, or listed less than `fresh_for` (30 s if None)
    ago; of a cloud that keeps no list, those that it announced. Raises ClipError.
    """
    if not entry.runtime_data.source.event_kinds:
        return await entry.runtime_data.event_store.between(camera.id, window)
    history = hass.data.setdefault(DATA_HISTORY, History())
    return await history.events(
        entry, camera, window, FRESH_FOR if fresh_for is None else fresh_for
    )
