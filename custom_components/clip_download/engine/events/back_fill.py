"""Fetches the recordings that a cloud still has, the oldest first: they expire first."""

import asyncio
from collections.abc import Iterable
import contextlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..errors import ClipError, SignInError
from ..model import Camera, Event
from ..sources.base import Source
from ..time_range import Window

# No cloud keeps recordings of events for longer.
LONGEST_KEPT = timedelta(days=180)
# How much of a history is listed at once: all of it may be tens of thousands of events.
LISTED_AT_ONCE = timedelta(days=30)
# About the size of footage at 1080p, and how long a recording is if its cloud tells no end.
BYTES_PER_S = 200_000
USUAL_LENGTH = timedelta(seconds=30)


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What the cloud lists: how many recordings, about how large, since when.

    It is at least that much if it is not `is_complete`: there was no time to list more.
    """

    count: int
    size_bytes: int
    oldest: datetime
    is_complete: bool = True


def reach(camera: Camera, most: timedelta | None = None) -> timedelta:
    """Return how far back a camera's recordings are listed, `most` at most."""
    return min(camera.retention or LONGEST_KEPT, most or LONGEST_KEPT)


def slices(window: Window) -> list[Window]:
    """Return a window in pieces that are listed one by one, the oldest first."""
    starts = [window.start]
    while starts[-1] + LISTED_AT_ONCE < window.end:
        starts.append(starts[-1] + LISTED_AT_ONCE)
    return [Window(start, min(start + LISTED_AT_ONCE, window.end)) for start in starts]


async def fetchable(source: Source, camera: Camera, window: Window) -> list[Event]:
    """Return the events that begin in a window and have a recording, the oldest first.

    Raises ClipError.
    """
    return [
        event
        for event in await source.events(camera, window)
        if window.start <= event.window.start < window.end
        and event.is_ready
        and not source.is_echo(event)
    ]


async def estimate(
    source: Source,
    cameras: Iterable[Camera],
    now: datetime,
    *,
    most: timedelta | None = None,
    within_s: float,
) -> Estimate | None:
    """Return what the cloud lists of these cameras, by what can be listed `within_s`.

    `most` is how far back at most. None if it lists nothing. A camera whose history is
    refused does not stop the others. Raises the ClipError of the first one if all are.
    """
    found: list[Event] = []
    errors: list[ClipError] = []
    is_complete = False
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            for camera in cameras:
                try:
                    await _add_history(found, source, camera, now, most)
                except SignInError:
                    raise
                except ClipError as err:
                    errors.append(err)
            is_complete = not errors
    if not found:
        if errors:
            raise errors[0]
        return None
    length = sum((one.window.duration or USUAL_LENGTH for one in found), timedelta(0))
    return Estimate(
        count=len(found),
        size_bytes=round(length.total_seconds() * BYTES_PER_S),
        oldest=min(one.window.start for one in found),
        is_complete=is_complete,
    )


async def _add_history(
    found: list[Event],
    source: Source,
    camera: Camera,
    now: datetime,
    most: timedelta | None,
) -> None:
    """Add the events of a camera, the newest first. Raises ClipError."""
    for window in reversed(slices(Window(now - reach(camera, most), now))):
        found += await fetchable(source, camera, window)
