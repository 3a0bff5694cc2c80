"""Faults of clouds, networks and disks: the clip is whole after all, or it is told why not.

Told means: by a key, in words that name the camera and the window and say what to do,
with nothing left on the disk or unfinished in the database, and with no secret in the
log, the answer, the event, the states or the database.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
import errno
from functools import cache
import io
import json
import os
from pathlib import Path
import re
import tempfile
from typing import Any, override

from aiohttp import ClientTimeout
import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.clip_download.answers import EVENT_FAILED, EVENT_SAVED
from custom_components.clip_download.clips import files, mp4, transfer, way
from custom_components.clip_download.clips.library import JobState
from custom_components.clip_download.const import DOMAIN
from custom_components.clip_download.sources import http, kinesis, meraki, ring
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry
from homeassistant.core import Event, HomeAssistant
from homeassistant.util import dt as dt_util

from .accounts import KINDS, cloud_of, set_up
from .clouds import Clouds
from .clouds.footage import Container, Footage, moments
from .clouds.server import Cloud
from .demo.check import debris, leaks
from .demo.run import secrets

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
FRONT = Footage("Front")
FRAME = timedelta(milliseconds=FRONT.frame_ms)
FOREVER = 999

# Where a cloud is asked for what it has, and where the footage itself comes from.
ASKED = {"ring": "video_search|/history", "meraki": "/camera/clip$", "kinesis": "/listF"}
MEDIA = {"ring": "amazon.dev", "meraki": r"spn\d+", "kinesis": "/getClip"}

PAGE = "<html>We are making your cloud even better</html>" * 40
THROTTLED = {"status": 429, "body": "{}"}


@cache
def film(kind: str) -> bytes:
    """Return a file such as a cloud of this kind gives."""
    container: Container = "mpegts" if kind == "meraki" else "mp4"
    start = datetime(2026, 11, 20, tzinfo=UTC)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "film")
        FRONT.write(path, start, start + 10 * SECOND, container=container)
        return path.read_bytes()


def half(kind: str) -> dict[str, Any]:
    """Answer with the first half of a file, as if that were all of it."""
    whole = film(kind)
    return {"body": whole[: len(whole) // 2]}


def unreadable(kind: str) -> dict[str, Any]:
    """Answer with a file whose tables are whole and whose frames are nothing."""
    spoilt = bytearray(film(kind))
    if kind == "meraki":
        for at in range(0, len(spoilt), 188):
            # The tables of a transport stream have numbers of their own.
            if (spoilt[at + 1] & 0x1F) == 1:
                spoilt[at + 4 : at + 188] = bytes(184)
    else:
        at = spoilt.index(b"mdat") + 4
        spoilt[at:] = bytes(len(spoilt) - at)
    return {"body": bytes(spoilt)}
