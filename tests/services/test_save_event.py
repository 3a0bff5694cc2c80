"""`save_clip` with an event: its own recording, once, whoever else saves it."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.clip_download import automatic_saving
from custom_components.clip_download.engine.model import Event, EventKind, PushedEvent
from custom_components.clip_download.engine.sources.meraki.client import MerakiSource
from custom_components.clip_download.engine.time_range import Window
from homeassistant.core import HomeAssistant
from tests.accounts import add_camera, look, set_up
from tests.clouds import Clouds
from tests.clouds.footage import first_and_last
from tests.test_automatic_saving import turn
from tests.waits import until

from .test_events import happen
from .test_save import save

SECOND = timedelta(seconds=1)


@pytest.fixture
def start() -> datetime:
    """Return a whole second that the account itself does not look back to."""
    return datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=40)


async def save_one(hass: HomeAssistant, event: str, **data: Any) -> dict[str, Any]:
    """Save an event of the only camera."""
    answer: dict[str, Any] = (await save(hass, "camera.front", event=event, **data))[
        "camera.front"
    ]
    return answer


@pytest.mark.parametrize("kind", ["ring", "ring_partner"])
async def test_once(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    media_dir: Path,
    start: datetime,
    kind: str,
) -> None:
    """The recording is saved whole, and then the answer is what there is."""
    event = happen(hass_clouds, kind, start, "ding")
    happen(hass_clouds, kind, start + timedelta(minutes=2))
    await set_up(hass, hass_clouds, kind)
    told, other = await asyncio.gather(
        *(save_one(hass, str(event.id), label="bell") for _ in range(2))
    )
    assert told == other
    assert told["status"] == "complete"
    shown = first_and_last(Path(told["path"]))
    assert shown.start <= start + SECOND
    assert start + 3 * SECOND <= shown.end < start + timedelta(minutes=1)
    assert Path(told["path"]).stem.endswith("_bell")
    assert await save_one(hass, str(event.id)) == told
    assert list(media_dir.rglob("*.mp4")) == [Path(told["path"])]
    new = await save_one(hass, str(event.id), overwrite=True)
    assert new["path"] == told["path"]
    assert new["clip_id"] != told["clip_id"]


async def test_not_ready(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    media_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It waits for the recording, and is the clip that automatic saving makes of it."""
    monkeypatch.setattr(automatic_saving, "LOOK_AGAIN_S", 0.01)
    camera = hass_clouds.ring.add_camera("Front")
    entry = await set_up(hass, hass_clouds, "ring")
    await turn(hass, "on")
    event = hass_clouds.ring.add_event(
        camera, start=datetime.now(UTC) - 6 * SECOND, duration_s=4, ready_after_s=600
    )
    asked = len(hass_clouds.ring.requests)
    saving = asyncio.create_task(save_one(hass, str(event.id)))
    await until(lambda: len(hass_clouds.ring.requests) > asked + 3)
    assert not saving.done()
    event.ready_at = event.stored_at = datetime.now(UTC)
    told = await saving
    await look(hass, entry)
    assert told["status"] == "complete"
    assert list(media_dir.rglob("*.mp4")) == [Path(told["path"])]
    assert await save_one(hass, str(event.id)) == told


async def test_without_waiting(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    media_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The answer comes at once, and the clip, or why there is none, on the bus."""
    monkeypatch.setattr(automatic_saving, "LOOK_AGAIN_S", 0.01)
    camera = hass_clouds.ring.add_camera("Front")
    await set_up(hass, hass_clouds, "ring")
    event = hass_clouds.ring.add_event(
        camera, start=datetime.now(UTC) - 6 * SECOND, duration_s=4, ready_after_s=600
    )
    saved = async_capture_events(hass, "clip_download_saved")
    failed = async_capture_events(hass, "clip_download_failed")
    event_id = str(event.id)
    queued = {"status": "queued", "events": [event_id]}
    assert await save_one(hass, event_id, wait=False) == queued
    event.ready_at = event.stored_at = datetime.now(UTC)
    await until(lambda: bool(saved))
    assert saved[0].data["events"] == [event_id]
    assert len(list(media_dir.rglob("*.mp4"))) == 1

    other = hass_clouds.ring.add_event(
        camera, start=datetime.now(UTC) - 2 * SECOND, duration_s=1, ready_after_s=600
    )
    other_id = str(other.id)
    told = await save_one(hass, other_id, wait=False, timeout=0, label="bell")
    assert told == {"status": "queued", "events": [other_id]}
    await until(lambda: bool(failed))
    assert failed[0].data["error"]["message"]
    assert (failed[0].data["label"], failed[0].data["status"]) == ("bell", "failed")
    assert failed[0].data["events"] == [other_id]


async def test_told_under_another_id(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path, start: datetime
) -> None:
    """The ID that an event entity has is as good as the one that the cloud lists."""
    listed = happen(hass_clouds, "ring_partner", start)
    entry = await set_up(hass, hass_clouds, "ring_partner")
    (camera_id,) = entry.runtime_data.coordinator.data
    sent = Event(id="sent", kind=EventKind.MOTION, window=Window(start, start))
    entry.runtime_data.monitor.on_push(PushedEvent(camera_id=camera_id, event=sent))
    told = await save_one(hass, "sent")
    assert await save_one(hass, str(listed.id)) == told
    assert list(media_dir.rglob("*.mp4")) == [Path(told["path"])]


async def test_without_history(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    media_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where the cloud only tells of events, what it told of is saved, with its margins."""
    monkeypatch.setattr(MerakiSource, "lag", timedelta(0))
    hass_clouds.meraki.ready_after_s = 0
    add_camera(hass_clouds, "meraki", "Front")
    entry = await set_up(hass, hass_clouds, "meraki")
    (camera_id,) = entry.runtime_data.coordinator.data
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=2)
    sent = Event(id="sent", kind=EventKind.MOTION, window=Window(at, at))
    entry.runtime_data.monitor.on_push(PushedEvent(camera_id=camera_id, event=sent))
    told = await save_one(hass, "sent")
    assert told["status"] == "complete"
    assert datetime.fromisoformat(told["start"]) <= at - 4 * SECOND
    assert datetime.fromisoformat(told["end"]) >= at + 29 * SECOND


@pytest.mark.usefixtures("media_dir")
async def test_what_cannot_be(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """An ID that nobody knows is told as such; the form's choice is one, too."""
    add_camera(hass_clouds, "ring", "Front")
    await set_up(hass, hass_clouds, "ring")
    window = {"active_choice": "event", "event": "0815"}
    told = (await save(hass, "camera.front", window=window))["camera.front"]
    assert told["status"] == "failed"
    assert told["error"]["key"] == "event_unknown"
    assert "0815" in told["error"]["message"]
