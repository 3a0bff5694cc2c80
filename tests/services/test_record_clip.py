"""`record_clip`: a live session, a wait, an end whatever happens, and just that clip."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import async_capture_events
import voluptuous as vol

from custom_components.clip_download.const import DOMAIN
from custom_components.clip_download.engine.pipeline import retry
from custom_components.clip_download.engine.sources.ring import live
from custom_components.clip_download.engine.sources.ring_partner import (
    client as ring_partner,
)
from custom_components.clip_download.services.response import EVENT_SAVED
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
from tests.accounts import add_camera, refuse, set_up
from tests.clouds import Clouds
from tests.clouds.footage import first_and_last
from tests.clouds.ring import SIGNAL_HOST, TICKET_HOST, RingCloud
from tests.clouds.ring_partner import PartnerCamera, RingPartnerCloud
from tests.conftest import AUTHORITY
from tests.waits import until

SECOND = timedelta(seconds=1)
SESSIONS = "whep/sessions"

pytestmark = pytest.mark.usefixtures("media_dir")


@pytest.fixture(autouse=True)
def quick_live(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep live video on loopback, and be less patient."""
    monkeypatch.setattr("aioice.ice.get_host_addresses", lambda *_, **__: ["127.0.0.1"])
    monkeypatch.setattr(ring_partner, "STOP_PAUSE_S", 0.05)
    monkeypatch.setattr(retry, "LONGEST_BACKOFF_S", 0.01)


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


async def until_live(cloud: RingCloud | RingPartnerCloud, what: str) -> None:
    """Wait until something has happened to a live session."""
    await until(lambda: what in cloud.live_log)


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
        "custom_components.clip_download.engine.sources.meraki.client.MerakiSource.lag",
        2 * SECOND,
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
    assert "Could not end a live view (500)" in caplog.text
    await until_live(cloud, "stop")
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
async def test_a_fault_that_passes(
    hass: HomeAssistant, cloud: RingPartnerCloud
) -> None:
    """The session is asked for again, and there is one only."""
    fault = cloud.misbehave(SESSIONS, method="POST", status=503)
    answer = (await record(hass))["camera.front"]
    assert fault.times == 0
    assert answer["status"] == "complete", answer
    assert cloud.live_log == ["start", "media", "stop"]


@pytest.mark.usefixtures("camera")
async def test_credentials_that_are_refused(
    hass: HomeAssistant, hass_clouds: Clouds
) -> None:
    """That is told, and the user is asked to sign in again."""
    entry = await set_up(hass, hass_clouds, "ring_partner")
    refuse(hass_clouds, "ring_partner")
    assert error(await record(hass)) == "invalid_auth"
    await hass.async_block_till_done()
    assert len(list(entry.async_get_active_flows(hass, {"reauth"}))) == 1


@pytest.mark.usefixtures("account")
async def test_cancelled(hass: HomeAssistant, cloud: RingPartnerCloud) -> None:
    """Who stops the script ends the session, at once."""
    calling = hass.async_create_task(record(hass, duration=60))
    await until_live(cloud, "media")
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
    await until_live(cloud, "media")
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
    await until_live(cloud, "media")
    await hass.async_stop(force=True)
    assert hass.state is CoreState.stopped
    assert cloud.live_log == ["start", "media", "stop"]
    assert cloud.live[0].ended_by == "app"
    await asyncio.wait([calling])
    assert error(calling.result()) == "recording_interrupted"


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("duration", [0, 0.9, -10])
async def test_bad_duration(
    hass: HomeAssistant, cloud: RingPartnerCloud, duration: Any
) -> None:
    """No camera is made to record for a moment."""
    with pytest.raises(vol.Invalid):
        await record(hass, duration=duration)
    assert cloud.live_log == []


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("duration", [61, {"minutes": 2}])
async def test_longer_than_the_cloud_lets_anybody_look(
    hass: HomeAssistant, cloud: RingPartnerCloud, duration: Any
) -> None:
    """Nor is one made to record for longer than its cloud does."""
    told = await record(hass, duration=duration)
    assert error(told) == "wish_out_of_range"
    assert "≤ 0:01:00" in told["camera.front"]["error"]["message"]
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


# --- Ring, as its own app has it


@pytest.fixture
async def ring(
    hass: HomeAssistant, hass_clouds: Clouds, monkeypatch: pytest.MonkeyPatch
) -> RingCloud:
    """Return Ring, with an account that has a camera.

    ring_doorbell opens a socket of its own, which asks neither Home Assistant's resolver
    nor its TLS context.
    """
    monkeypatch.setenv("SSL_CERT_FILE", str(AUTHORITY.ca_pem_path))
    loop = asyncio.get_running_loop()
    resolve = loop.getaddrinfo

    async def resolve_on_loopback(host: Any, port: Any, **other: Any) -> Any:
        if host not in hass_clouds.ports:
            return await resolve(host, port, **other)
        return await resolve("127.0.0.1", hass_clouds.ports[host], **other)

    monkeypatch.setattr(loop, "getaddrinfo", resolve_on_loopback)
    monkeypatch.setattr(live, "LIVE_STARTS_WITHIN_S", 3.0)
    hass_clouds.ring.add_camera("Front", kind="stickup_cam_v4")
    hass_clouds.ring.ready_after_s = 0
    monkeypatch.setattr(
        "custom_components.clip_download.engine.sources.ring.client.RingSource.lag",
        SECOND,
    )
    await set_up(hass, hass_clouds, "ring")
    return hass_clouds.ring


@pytest.mark.parametrize("trickles", [False, True])
async def test_ring(
    hass: HomeAssistant,
    ring: RingCloud,
    caplog: pytest.LogCaptureFixture,
    trickles: bool,
) -> None:
    """Ring's live view is a recording, which is found by its id, and cut."""
    ring.live_trickles = trickles
    asked_at = dt_util.utcnow()
    answer = (await record(hass))["camera.front"]
    assert answer["status"] == "complete", answer
    assert ring.live_log == ["start", "media", "stop"]
    (event,) = ring.events
    assert event.kind == "on_demand"
    assert answer["events"] == [str(event.id)]
    shown = first_and_last(Path(answer["path"]))
    assert asked_at - 2 * SECOND <= shown.start
    assert shown.end - shown.start >= SECOND
    # The ticket opens a live view; it is nobody's business.
    (signalled,) = ring.asked(SIGNAL_HOST)
    assert len(signalled.query["token"]) > 20
    told = [
        record.getMessage()
        for record in caplog.records
        if record.name.startswith(("custom_components", "ring_doorbell", "websockets"))
    ]
    assert told
    assert not [line for line in told if signalled.query["token"] in line]


async def test_ring_refreshes_its_token(hass: HomeAssistant, ring: RingCloud) -> None:
    """A token that has run out is no reason not to record."""
    ring.expire_access_tokens()
    answer = (await record(hass))["camera.front"]
    assert answer["status"] == "complete", answer
    assert len(ring.asked(TICKET_HOST)) == 2


async def test_ring_never_starts(hass: HomeAssistant, ring: RingCloud) -> None:
    """A live view without pictures is told, and ended."""
    ring.live_starts = False
    assert error(await record(hass)) == "live_not_started"
    await until_live(ring, "stop")
    assert ring.events == []
    ring.live_starts = True


async def test_ring_refuses(
    hass: HomeAssistant, ring: RingCloud, caplog: pytest.LogCaptureFixture
) -> None:
    """Ring may close a live view at once."""
    ring.live_refusal = "Camera is busy"
    assert error(await record(hass)) == "live_not_started"
    await until_live(ring, "stop")
    assert "never retrieved" not in caplog.text


@pytest.mark.parametrize(
    ("place", "fault", "key"),
    [
        (TICKET_HOST, {"status": 503}, "cloud_trouble"),
        (TICKET_HOST, {"body": "<html>"}, "cloud_nonsense"),
        (SIGNAL_HOST, {"status": 503}, "cloud_unreachable"),
        (SIGNAL_HOST, {"drop": True}, "cloud_unreachable"),
    ],
)
async def test_ring_cannot_be_signalled(
    hass: HomeAssistant,
    ring: RingCloud,
    place: str,
    fault: dict[str, Any],
    key: str,
) -> None:
    """What goes wrong on the way to a live view is told as what it is."""
    ring.misbehave(place, times=99, **fault)
    assert error(await record(hass)) == key
    assert ring.live_log == []


async def test_ring_cancelled(hass: HomeAssistant, ring: RingCloud) -> None:
    """Who stops the script hangs up."""
    calling = hass.async_create_task(record(hass, duration=60))
    await until_live(ring, "media")
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    await until_live(ring, "stop")
