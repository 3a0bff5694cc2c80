"""`record_clip`: a live session, a wait, an end whatever happens, and just that clip."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import async_capture_events
import voluptuous as vol

from custom_components.clip_download.answers import EVENT_SAVED
from custom_components.clip_download.const import DOMAIN
from custom_components.clip_download.sources import ring_partner
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from .accounts import add_camera, set_up
from .clouds import Clouds
from .clouds.footage import first_and_last
from .clouds.ring_partner import PartnerCamera, RingPartnerCloud

SECOND = timedelta(seconds=1)
SESSIONS = "whep/sessions"

pytestmark = pytest.mark.usefixtures("media_dir")


@pytest.fixture(autouse=True)
def quick_live(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep live video on loopback, and be less patient."""
    monkeypatch.setattr("aioice.ice.get_host_addresses", lambda *_, **__: ["127.0.0.1"])
    monkeypatch.setattr(ring_partner, "STOP_PAUSE_S", 0.05)


@pytest.fixture
def cloud(hass_clouds: Clouds) -> RingPartnerCloud:
    """Return Ring's partner API."""
    return hass_clouds.ring_partner


@pytest.fixture
def camera(cloud: RingPartnerCloud) -> PartnerCamera:
    """Return a camera that records only what happens."""
    return cloud.add_camera("Front", recordings=[], battery=80)


@pytest.fixture
async def account(hass: HomeAssistant, hass_clouds: Clouds, camera: object) -> None:
    """Set the account up."""
    await set_up(hass, hass_clouds, "ring_partner")


async def record(
    hass: HomeAssistant, entity_id: str | list[str] = "camera.front", **data: Any
) -> dict[str, Any]:
    """Call the action as an automation does, and return its response."""
    response = await hass.services.async_call(
        DOMAIN,
        "record_clip",
        {"duration": {"seconds": 2}, **data},
        target={"entity_id": entity_id},
        blocking=True,
        return_response=True,
    )
    assert response is not None
    return response


async def until(cloud: RingPartnerCloud, what: str) -> None:
    """Wait until something has happened to a live session."""
    async with asyncio.timeout(20):
        while what not in cloud.live_log:
            await asyncio.sleep(0.02)


def error(response: Mapping[str, Any], entity_id: str = "camera.front") -> str:
    """Return the key of what went wrong with a camera."""
    assert response[entity_id]["status"] == "failed"
    key: str = response[entity_id]["error"]["key"]
    return key


@pytest.mark.usefixtures("account")
async def test_record(
    hass: HomeAssistant, cloud: RingPartnerCloud, camera: PartnerCamera
) -> None:
    """The camera records because it is watched; just that is saved."""
    asked_at = dt_util.utcnow()
    answer = (await record(hass, label="courier"))["camera.front"]
    assert answer["status"] == "complete", answer
    assert cloud.live_log == ["start", "media", "stop"]
    (session,) = cloud.live
    assert session.ended_by == "app"
    assert session.media_at is not None
    assert session.ended_at is not None
    path = Path(answer["path"])
    assert path.stem.endswith("_courier")
    shown = first_and_last(path)
    # Up to a key frame interval early, as every clip.
    assert asked_at - 2 * SECOND <= shown.start
    assert session.media_at - 2 * SECOND <= shown.start <= session.media_at + 2 * SECOND
    assert SECOND <= shown.end - shown.start <= 4 * SECOND
    assert shown.end <= session.ended_at
    assert datetime.fromisoformat(answer["start"]) == shown.start
    # It was asked for once the session had ended.
    (asked,) = cloud.asked("video/download")
    assert asked.at > session.ended_at
    assert asked.json()["duration"] == 2000
    assert asked.json()["audio_options"] == {"audio_enabled": True}


@pytest.mark.usefixtures("account")
async def test_not_waiting(
    hass: HomeAssistant, cloud: RingPartnerCloud, camera: PartnerCamera
) -> None:
    """Without waiting, the answer is there when it is recorded, the clip later."""
    saved = async_capture_events(hass, EVENT_SAVED)
    answer = (await record(hass, wait=False, audio=False))["camera.front"]
    assert answer["status"] == "queued"
    assert cloud.live_log == ["start", "media", "stop"]
    assert not cloud.asked("video/download")
    await hass.async_block_till_done(wait_background_tasks=True)
    (event,) = saved
    assert event.data["job_id"] == answer["job_id"]
    (asked,) = cloud.asked("video/download")
    assert asked.json()["audio_options"] == {"audio_enabled": False}


@pytest.mark.parametrize("kind", ["meraki", "kinesis"])
async def test_cameras_that_always_record(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
) -> None:
    """There it is a wait and a save."""
    monkeypatch.setattr(
        "custom_components.clip_download.sources.meraki.MerakiSource.lag", 2 * SECOND
    )
    hass_clouds.meraki.lag_s = 1
    hass_clouds.meraki.ready_after_s = 0
    add_camera(hass_clouds, kind, "Front")
    await set_up(hass, hass_clouds, kind)
    asked_at = dt_util.utcnow()
    answer = (await record(hass))["camera.front"]
    assert answer["status"] == "complete", answer
    shown = first_and_last(Path(answer["path"]))
    assert asked_at - 3 * SECOND <= shown.start <= asked_at + 2 * SECOND
    assert shown.end >= asked_at + SECOND


@pytest.mark.usefixtures("account")
async def test_several_cameras(hass: HomeAssistant, cloud: RingPartnerCloud) -> None:
    """All record at the same time; one that cannot stops no other."""
    began = dt_util.utcnow()
    response = await record(hass, ["camera.front", "camera.none"])
    assert dt_util.utcnow() - began < 20 * SECOND
    assert response["camera.front"]["status"] == "complete"
    assert error(response, "camera.none") == "not_our_camera"


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("way", ["live_starts", "live_is_reachable"])
async def test_live_never_starts(
    hass: HomeAssistant,
    cloud: RingPartnerCloud,
    monkeypatch: pytest.MonkeyPatch,
    way: str,
) -> None:
    """A camera that sends nothing did not record: that is told, and the session ends."""
    monkeypatch.setattr(ring_partner, "LIVE_STARTS_WITHIN_S", 1.0)
    setattr(cloud, way, False)
    response = await record(hass)
    assert error(response) == "live_not_started"
    assert "Front" in response["camera.front"]["error"]["message"]
    assert cloud.live_log == ["start", "stop"]
    assert not cloud.asked("video/download")
    with pytest.raises(HomeAssistantError) as raised:
        await hass.services.async_call(
            DOMAIN,
            "record_clip",
            {"entity_id": "camera.front", "duration": 5},
            blocking=True,
        )
    assert raised.value.translation_key == "live_not_started"
    # It is let go as it is now.
    cloud.live_starts = True


@pytest.mark.usefixtures("account")
async def test_stop_that_fails(
    hass: HomeAssistant, cloud: RingPartnerCloud, caplog: pytest.LogCaptureFixture
) -> None:
    """The clip is saved all the same; Ring ends the session in the end."""
    cloud.live_limit_s = 5
    cloud.misbehave(SESSIONS, method="DELETE", status=500, times=99)
    answer = (await record(hass))["camera.front"]
    assert answer["status"] in {"complete", "partial"}, answer
    assert "A live session could not be ended (500)" in caplog.text
    await until(cloud, "stop")
    assert cloud.live[0].ended_by == "limit"


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(
    ("fault", "key"),
    [
        ({"status": 503}, "cloud_trouble"),
        ({"drop": True}, "cloud_unreachable"),
        ({"status": 403, "body": "{}"}, "camera_not_shared"),
    ],
)
async def test_no_session(
    hass: HomeAssistant, cloud: RingPartnerCloud, fault: dict[str, Any], key: str
) -> None:
    """A session that is refused is told in words, and nothing is downloaded."""
    cloud.misbehave(SESSIONS, method="POST", times=99, **fault)
    assert error(await record(hass)) == key
    assert cloud.live_log == []
    assert not cloud.asked("video/download")


@pytest.mark.usefixtures("account")
async def test_cancelled(hass: HomeAssistant, cloud: RingPartnerCloud) -> None:
    """Who stops the script ends the session, at once."""
    calling = hass.async_create_task(record(hass, duration=60))
    await until(cloud, "media")
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    assert cloud.live_log == ["start", "media", "stop"]
    assert cloud.live[0].ended_by == "app"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert not cloud.asked("video/download")


@pytest.mark.usefixtures("account")
async def test_unloaded(hass: HomeAssistant, cloud: RingPartnerCloud) -> None:
    """An account that is unloaded meanwhile ends its sessions, and says so."""
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    calling = hass.async_create_task(record(hass, duration=60))
    await until(cloud, "media")
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert error(await calling) == "recording_interrupted"
    assert cloud.live[0].ended_by == "app"
    assert not cloud.asked("video/download")


@pytest.mark.usefixtures("account")
async def test_home_assistant_stops(
    hass: HomeAssistant, cloud: RingPartnerCloud
) -> None:
    """No session outlives Home Assistant."""
    calling = asyncio.create_task(record(hass, duration=60))
    await until(cloud, "media")
    await hass.async_stop(force=True)
    assert hass.state is CoreState.stopped
    assert cloud.live_log == ["start", "media", "stop"]
    assert cloud.live[0].ended_by == "app"
    await asyncio.wait([calling])
    assert error(calling.result()) == "recording_interrupted"


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("duration", [0, 0.9, 61, {"minutes": 2}, -10])
async def test_bad_duration(
    hass: HomeAssistant, cloud: RingPartnerCloud, duration: Any
) -> None:
    """No camera is made to record for a moment, or for ever."""
    with pytest.raises(vol.Invalid):
        await record(hass, duration=duration)
    assert cloud.live_log == []


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"filename": "../../etc/{{ camera }}"}, "filename_leaves_folder"),
        ({"filename": "{{ 1 / 0 }}"}, "filename_template"),
    ],
)
async def test_mistakes_are_told_first(
    hass: HomeAssistant, cloud: RingPartnerCloud, fields: dict[str, Any], key: str
) -> None:
    """A name that cannot be is told before anybody records."""
    assert error(await record(hass, **fields)) == key
    assert cloud.live_log == []


async def test_account_not_loaded(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """Nothing happens for an account that is not loaded."""
    add_camera(hass_clouds, "ring_partner", "Front")
    entry = await set_up(hass, hass_clouds, "ring_partner")
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert error(await record(hass)) == "account_not_loaded"
    assert hass_clouds.ring_partner.live_log == []
