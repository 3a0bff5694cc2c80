"""`save_events` of a camera of which as many clips wait as may. In simulated time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from custom_components.clip_download.const import DOMAIN
from custom_components.clip_download.engine.pipeline.jobs import (
    MOST_OF_CAMERA,
    Jobs,
    Running,
)
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .accounts import set_up
from .clouds import Clouds
from .clouds.footage import Footage
from .conftest import AUTHORITY
from .household import home
from .simulated import NOON, simulated

FRONT = "camera.front"
MINUTE = timedelta(minutes=1)
EVENTS = 6
START = NOON - 30 * MINUTE
SMALL = Footage("Front", fps=1, gop_frames=1, width=160, height=90, audio=None)


async def act(hass: HomeAssistant, action: str, **data: Any) -> dict[str, Any]:
    """Call an action, and return its response."""
    response = await hass.services.async_call(
        DOMAIN, action, data, blocking=True, return_response=True
    )
    assert response is not None
    return response


async def save_events(hass: HomeAssistant) -> tuple[dict[str, Any], timedelta]:
    """Save what the camera saw; return what is told, and how long it took."""
    began = dt_util.utcnow()
    told = await act(hass, "save_events", entity_id=FRONT, start=START, end=NOON)
    return told[FRONT], dt_util.utcnow() - began


@asynccontextmanager
async def full_house(folder: Path) -> AsyncIterator[tuple[HomeAssistant, Jobs]]:
    """Run Home Assistant; its camera saw something, and has no room for more clips."""
    async with Clouds(AUTHORITY) as clouds, home(folder, clouds) as hass:
        camera = clouds.ring.add_camera("Front", footage=SMALL)
        for number in range(EVENTS):
            start = START + number * MINUTE
            clouds.ring.add_event(camera, start=start, duration_s=4)
        entry = await set_up(hass, clouds, "ring")
        for number in range(MOST_OF_CAMERA):
            await act(
                hass,
                "save_clip",
                entity_id=FRONT,
                # It has not happened yet.
                at=NOON + timedelta(hours=3),
                after="00:00:10",
                label=str(number),
                wait=False,
                timeout="06:00:00",
            )
        yield hass, entry.runtime_data.jobs


@simulated
async def test_events_wait_for_room(
    tmp_path: Path, socket_enabled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All are saved once there is room for one, and never more than may wait."""
    under_way: list[int] = []
    accept = Jobs._accept

    async def counted(self: Jobs, running: Running) -> None:
        under_way.append(len(self.running()))
        await accept(self, running)

    async with full_house(tmp_path) as (hass, jobs):
        monkeypatch.setattr(Jobs, "_accept", counted)
        saving = asyncio.create_task(save_events(hass))
        await asyncio.sleep(5 * 60)
        assert under_way == []
        await act(hass, "cancel", job_id=jobs.running()[0].job.id)
        told, took = await saving
        assert len(told["saved"]) == EVENTS
        assert not told["failed"]
        assert 5 * MINUTE <= took < 10 * MINUTE
        assert under_way == [MOST_OF_CAMERA] * EVENTS


@simulated
async def test_events_do_not_wait_for_ever(
    tmp_path: Path, socket_enabled: None
) -> None:
    """Where there comes no room, they fail when the time for one of them is up."""
    async with full_house(tmp_path) as (hass, jobs):
        told, took = await save_events(hass)
        assert [one["error"]["key"] for one in told["failed"]] == [
            "too_many_jobs_of_camera"
        ] * EVENTS
        assert 10 * MINUTE <= took < 11 * MINUTE
        # What is there is skipped, and what is saved later is told: nothing is lost.
        await act(hass, "cancel", entity_id=FRONT)
        assert jobs.running() == []
        told, took = await save_events(hass)
        assert len(told["saved"]) == EVENTS
        assert took < 10 * MINUTE
