"""Where clouds have footage, as they told it: what is known is not asked again."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ..automatic_saving import LIST_TIMEOUT
from ..const import DOMAIN
from ..coordinator import ClipConfigEntry
from ..engine.errors import ClipError
from ..engine.model import Camera
from ..engine.time_range import Window, gaps, merged, within

# What a cloud lists of a window longer than that would take minutes.
LONGEST = timedelta(days=2)
# How long whoever draws a day waits for it; those who ask later have it.
WAIT_S = 1.0
# How long what may still grow is not asked for again.
FRESH_FOR = timedelta(seconds=30)
MOST_STRETCHES = 5000
LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass
class _Known:
    """What is known of one camera: of which time, and where there is footage."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    of: list[Window] = field(default_factory=list)
    footage: list[Window] = field(default_factory=list)
    # When the cloud was asked last, and for what may still grow since then.
    now: datetime = LONG_AGO
    growing: list[Window] = field(default_factory=list)
    task: asyncio.Task[list[Window] | None] | None = None


class Footage:
    """Where cameras have footage in their clouds."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Know nothing yet."""
        self._hass = hass
        self._known = defaultdict[tuple[str, str], _Known](_Known)

    async def soon(
        self, entry: ClipConfigEntry, camera: Camera, window: Window
    ) -> list[Window] | None:
        """Return what `get` does, None if that takes long: it goes on by itself."""
        known = self._known[entry.entry_id, camera.id]
        if known.task:
            await asyncio.wait([known.task], timeout=WAIT_S)
            if not known.task.done():
                return None
        known.task = asked = self._hass.async_create_background_task(
            self._quietly(entry, camera, window), f"list footage of {camera.id}"
        )
        await asyncio.wait([asked], timeout=WAIT_S)
        return asked.result() if asked.done() and not asked.cancelled() else None

    async def get(
        self, entry: ClipConfigEntry, camera: Camera, window: Window
    ) -> list[Window] | None:
        """Return where there is footage in a window; None: the cloud does not tell.

        Raises ClipError.
        """
        if window.duration > LONGEST:
            return None
        known = self._known[entry.entry_id, camera.id]
        async with known.lock:
            if dt_util.utcnow() - known.now >= FRESH_FOR:
                known.now, known.growing = dt_util.utcnow(), []
            account, end = entry.runtime_data, min(window.end, known.now)
            settled = known.now - account.source.lag - account.source.settles_after
            asked = Window(window.start, max(window.start, end))
            for piece in gaps(asked, [*known.of, *known.growing], timedelta(0)):
                found = await account.call(
                    partial(account.source.footage, camera, piece),
                    within=LIST_TIMEOUT,
                )
                if found is None:
                    return None
                known.footage = merged([*known.footage, *found])
                if piece.start < settled:
                    of = Window(piece.start, min(piece.end, settled))
                    known.of = merged([*known.of, of])
                if piece.end > settled:
                    known.growing.append(Window(max(piece.start, settled), piece.end))
            answer = within(known.footage, window)
            if len(known.footage) > MOST_STRETCHES:
                known.footage, known.of, known.growing = [], [], []
        return answer

    async def _quietly(
        self, entry: ClipConfigEntry, camera: Camera, window: Window
    ) -> list[Window] | None:
        try:
            return await self.get(entry, camera, window)
        except ClipError:
            return None


DATA_FOOTAGE: HassKey[Footage] = HassKey(f"{DOMAIN}.footage")


@callback
def async_footage(hass: HomeAssistant) -> Footage:
    """Return what is known of all cameras."""
    if DATA_FOOTAGE not in hass.data:
        hass.data[DATA_FOOTAGE] = Footage(hass)
    return hass.data[DATA_FOOTAGE]
