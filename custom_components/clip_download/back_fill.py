"""Fetches the recordings that an account's cloud still has."""

from collections.abc import Iterable
from datetime import timedelta

from homeassistant.util import dt as dt_util

from .engine.events.back_fill import Estimate, estimate
from .engine.model import Camera
from .engine.sources.base import Source

# How long a person waits for an estimate.
ESTIMATE_WITHIN_S = 15.0


async def async_estimate(
    source: Source, cameras: Iterable[Camera], most: timedelta | None = None
) -> Estimate | None:
    """Return how many recordings the cloud still has, about how large, since when.

    `most` is how far back to look at most. None if the cloud lists none. It takes 15 s at
    most, and tells what it has by then. Raises ClipError.
    """
    if not source.event_kinds:
        return None
    return await estimate(
        source, cameras, dt_util.utcnow(), most=most, within_s=ESTIMATE_WITHIN_S
    )
