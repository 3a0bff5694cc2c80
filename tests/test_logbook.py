"""What Activity says of the clips of a camera, whoever asked for them; and Repairs."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import (
    async_capture_events,
    mock_component,
)
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.clip_download import logbook
from custom_components.clip_download.back_fill import EVENT_BACK_FILL_ENDED
from custom_components.clip_download.const import DOMAIN
from custom_components.clip_download.engine.sources.kinesis.client import KinesisSource
from homeassistant.components.recorder.core import Recorder
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from .accounts import look, save_event, set_up
from .clouds import Clouds
from .test_automatic_saving import turn
from .waits import until

pytestmark = pytest.mark.usefixtures("media_dir")


@pytest.fixture(autouse=True)
async def activity(recorder_mock: Recorder, hass: HomeAssistant) -> None:
    """Let Home Assistant have Activity, if not the pages that show it."""
    mock_component(hass, "frontend")
    assert await async_setup_component(hass, "logbook", {})
    hass.config.components.remove("frontend")


async def entries_of_device(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, name: str
) -> list[dict[str, Any]]:
    """Return what the page of a device says happened to its camera, but its states."""
    await async_wait_recording_done(hass)
    entity = er.async_get(hass).async_get(f"camera.{name.lower()}")
    assert entity
    client = await hass_ws_client()
    await client.send_json_auto_id(
        {
            "type": "logbook/get_events",
            "start_time": (dt_util.utcnow() - timedelta(hours=1)).isoformat(),
            "device_ids": [entity.device_id],
            "entity_ids": [entity.entity_id],
        }
    )
    answer = await client.receive_json()
    assert answer["success"], answer
    return [one for one in answer["result"] if one.get("domain") == DOMAIN]


def told(hass: HomeAssistant) -> set[str | None]:
    """Return the keys of what Repairs tells of us."""
    issues = ir.async_get(hass).issues.values()
    return {one.translation_key for one in issues if one.domain == DOMAIN}


async def entries_of_all(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator
) -> list[dict[str, Any]]:
    """Return what the page of everything says that happened of ours, but its states."""
    await async_wait_recording_done(hass)
    client = await hass_ws_client()
    since = dt_util.utcnow() - timedelta(hours=1)
    await client.send_json_auto_id(
        {"type": "logbook/get_events", "start_time": since.isoformat()}
    )
    answer = await client.receive_json()
    assert answer["success"], answer
    return [one for one in answer["result"] if one.get("domain") == DOMAIN]


async def press(hass: HomeAssistant, entity_id: str) -> None:
    """Press a button, and wait until its clip has come to an end."""
    await hass.services.async_call(
        "button", "press", {"entity_id": entity_id}, blocking=True
    )
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_saved(
    hass: HomeAssistant, hass_clouds: Clouds, hass_ws_client: WebSocketGenerator
) -> None:
    """It says which time was saved, how long the clip is, and whether something lacks."""
    await hass.config.async_set_time_zone("Europe/Berlin")
    camera = hass_clouds.ring.add_camera("Front")
    start = datetime(2026, 11, 20, 12, tzinfo=UTC)
    event = hass_clouds.ring.add_event(camera, start=start, duration_s=30)
    await set_up(hass, hass_clouds, "ring")
    await save_event(hass, event)
    data = {
        "entity_id": "camera.front",
        "start": start + timedelta(seconds=20),
        "end": start + timedelta(seconds=40),
    }
    await hass.services.async_call(DOMAIN, "save_clip", data, blocking=True)
    whole, part = await entries_of_device(hass, hass_ws_client, "Front")
    assert (whole["name"], whole["entity_id"]) == ("Front", "camera.front")
    assert whole["message"] == "clip saved: 2026-11-20 13:00:00 – 13:00:30 (0:30)"
    assert part["message"].startswith("part of a clip saved: 2026-11-20 13:00:")


async def test_press_fails(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    hass_ws_client: WebSocketGenerator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Why a press came to nothing is there, and in Repairs what only a person can mend."""
    for name in ("lag", "settles_after"):
        monkeypatch.setattr(KinesisSource, name, timedelta(0))
    hass_clouds.kinesis.add_stream("Front", retention_hours=0)
    await set_up(hass, hass_clouds, "kinesis")
    entities = er.async_get(hass)
    entities.async_update_entity("camera.front", name="Bell")
    await hass.async_block_till_done()
    await press(hass, "button.front_save_last_minutes")
    (failed,) = await entries_of_device(hass, hass_ws_client, "Front")
    name = failed["name"]
    assert name.endswith("Bell")
    # It stands before this.
    assert name not in failed["message"]
    assert failed["message"].startswith("clip not saved: ")
    assert "The stream has a data retention of 0 hours" in failed["message"]
    assert "no_retention" in told(hass)


async def test_automatic_save_fails(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    hass_ws_client: WebSocketGenerator,
    media_dir: Path,
) -> None:
    """So is why something is not there that nobody asked for by hand."""
    hass_clouds.ring.ready_after_s = 0
    camera = hass_clouds.ring.add_camera("Front")
    entry = await set_up(hass, hass_clouds, "ring")
    await turn(hass, "on")
    media_dir.rename(media_dir.with_name("aside"))
    hass_clouds.ring.add_event(
        camera, start=datetime.now(UTC) - timedelta(minutes=1), duration_s=3
    )
    await look(hass, entry)
    (failed,) = await entries_of_device(hass, hass_ws_client, "Front")
    assert failed["message"].startswith("clip not saved: ")
    assert "storage_gone" in told(hass)


async def test_back_fill(
    hass: HomeAssistant, hass_clouds: Clouds, hass_ws_client: WebSocketGenerator
) -> None:
    """It says what came of past recordings, under the account's name, and why some did not."""
    ring = hass_clouds.ring
    now = datetime.now(UTC)
    front, garden = ring.add_camera("Front"), ring.add_camera("Garden")
    for camera, days in ((front, 1), (front, 2), (garden, 3)):
        start = now - timedelta(days=days)
        ring.add_event(camera, start=start, duration_s=2, is_e2ee=camera is garden)
    entry = await set_up(hass, hass_clouds, "ring")
    ended = async_capture_events(hass, EVENT_BACK_FILL_ENDED)
    data = {"entity_id": ["camera.front", "camera.garden"]}
    await hass.services.async_call(DOMAIN, "back_fill", data, blocking=True)
    await until(lambda: ended)
    (about,) = [
        one
        for one in await entries_of_all(hass, hass_ws_client)
        if one["name"] == entry.title
    ]
    assert about["message"].startswith(
        "past recordings downloaded: 2 saved, 1 could not be saved. "
    )
    assert "Garden" in about["message"]


def test_without_the_name() -> None:
    """The name of the camera is said once, and stays where it is part of a path."""
    shortened = {
        reason: logbook._without_name(reason, "Cam", "this camera")
        for reason in (
            "Cam, 12:00 – 12:05: nothing was recorded then. This Camera records.",
            "Cam is offline, and its footage of 12:00 is in the camera itself.",
            "Clips/Cam/x.mp4 and /media/Cam/ are not there, so nothing of Cam was saved.",
        )
    }
    assert list(shortened.values()) == [
        "12:00 – 12:05: nothing was recorded then. This Camera records.",
        "This camera is offline, and its footage of 12:00 is in the camera itself.",
        "Clips/Cam/x.mp4 and /media/Cam/ are not there, so nothing of this camera was saved.",
    ]
