"""The blueprint, in a Home Assistant whose phones are told."""

import asyncio
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
import shutil
from typing import Any
from urllib.parse import quote

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    async_mock_service,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.clip_download.const import DOMAIN
from homeassistant.components.automation.config import AUTOMATION_BLUEPRINT_SCHEMA
from homeassistant.components.automation.const import DOMAIN as AUTOMATION_DOMAIN
from homeassistant.components.blueprint.models import Blueprint
from homeassistant.const import EVENT_CALL_SERVICE
from homeassistant.core import (
    Event,
    HomeAssistant,
    ServiceCall,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import load_yaml_dict

from .accounts import add_camera, set_up
from .clouds import Clouds
from .clouds.footage import Footage, moments
from .test_automatic_saving import turn
from .test_repository import MANIFEST
from .waits import LONGEST_S, until

BLUEPRINT = (
    Path(__file__).parents[1]
    / "blueprints/automation/clip_download/save_when_it_rang.yaml"
)
NAME = "clip_download/save_when_it_rang.yaml"
CAMERA = "camera.front_door_ost"
EVENT = "event.front_door_ost_motion"
SECOND = timedelta(seconds=1)
TIMEOUT_S = 10

type Messages = asyncio.Queue[ServiceCall]


@pytest.fixture
def minutes_ago() -> datetime:
    """Return a whole second that every cloud has footage of by now."""
    return datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=20)


@pytest.fixture
async def messages(hass: HomeAssistant) -> Messages:
    """Return what the phones are told."""
    told: Messages = asyncio.Queue()
    for name in ("anna_s_phone", "tablet"):
        hass.services.async_register("notify", f"mobile_app_{name}", told.put)
    return told


@pytest.fixture
async def phones(
    device_registry: dr.DeviceRegistry,
    entity_registry: er.EntityRegistry,
    hass: HomeAssistant,
    messages: Messages,
) -> list[str]:
    """Return a phone that its owner renamed, one that is gone, and a tablet."""
    app = MockConfigEntry(domain="mobile_app")
    app.add_to_hass(hass)
    devices = [
        device_registry.async_get_or_create(
            config_entry_id=app.entry_id, identifiers={("mobile_app", name)}, name=name
        )
        for name in ("Anna's Phone", "Gone", "Tablet")
    ]
    # As `mobile_app` has one for each device that it can tell.
    for device in devices[::2]:
        entity_registry.async_get_or_create(
            "notify", "mobile_app", device.id, device_id=device.id
        )
    device_registry.async_update_device(devices[0].id, name_by_user="Mine")
    return [device.id for device in devices]


@pytest.fixture
def kept(hass: HomeAssistant) -> asyncio.Queue[dict[str, Any]]:
    """Return what is asked to be kept."""
    calls: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    @callback
    def hear(event: Event) -> None:
        if (event.data["domain"], event.data["service"]) == (DOMAIN, "keep_clip"):
            calls.put_nowait(event.data["service_data"])

    hass.bus.async_listen(EVENT_CALL_SERVICE, hear)
    return calls


async def use(hass: HomeAssistant, **inputs: Any) -> None:
    """Make an automation of the blueprint, as a person does."""
    assert await async_setup_component(hass, "homeassistant", {})
    folder = Path(hass.config.path("blueprints", AUTOMATION_DOMAIN, "clip_download"))
    folder.mkdir(parents=True)
    shutil.copy(BLUEPRINT, folder)
    automation = {"use_blueprint": {"path": NAME, "input": inputs}}
    assert await async_setup_component(
        hass, AUTOMATION_DOMAIN, {AUTOMATION_DOMAIN: [automation]}
    )
    assert await async_setup_component(hass, "media_source", {})
    (state,) = hass.states.async_all(AUTOMATION_DOMAIN)
    assert state.state == "on"


def ring(
    hass: HomeAssistant, entity_id: str, kind: str = "ring", **attributes: Any
) -> None:
    """Let an event entity tell of something."""
    hass.states.async_set(
        entity_id,
        dt_util.utcnow().isoformat(),
        {"event_type": kind, "event_types": ["motion", "ring"], **attributes},
    )


async def next_two(messages: Messages) -> list[dict[str, Any]]:
    """Return what both phones are told next; it is the same."""
    async with asyncio.timeout(TIMEOUT_S):
        calls = [await messages.get() for _ in range(2)]
    assert [call.service for call in calls] == [
        "mobile_app_anna_s_phone",
        "mobile_app_tablet",
    ]
    assert calls[0].data == calls[1].data
    return [dict(call.data) for call in calls]


def press(hass: HomeAssistant, message: dict[str, Any]) -> None:
    """Press the button of a message."""
    (button,) = message["data"]["actions"]
    hass.bus.async_fire("mobile_app_notification_action", {"action": button["action"]})


def clip_id(path: Path) -> str:
    """Return the ID of a clip, as its record says it."""
    record: dict[str, Any] = json.loads(path.with_suffix(".json").read_text())
    return str(record["clip_id"])


async def doorbell(hass: HomeAssistant, clouds: Clouds) -> None:
    """Set up a camera whose cloud tells of events, and says when they were."""
    await hass.config.async_set_time_zone("Europe/Berlin")
    add_camera(clouds, "ring_partner", "Front door (Ost)")
    await set_up(hass, clouds, "ring_partner")
    assert hass.states.get(EVENT)


def test_schema() -> None:
    """Home Assistant takes the blueprint, and would fetch it again from where it is."""
    blueprint = Blueprint(
        load_yaml_dict(str(BLUEPRINT)),
        path=NAME,
        expected_domain=AUTOMATION_DOMAIN,
        schema=AUTOMATION_BLUEPRINT_SCHEMA,
    )
    assert blueprint.validate() is None
    url = blueprint.metadata["source_url"]
    assert url.startswith(MANIFEST["documentation"])
    assert url.endswith(f"/blueprints/automation/{NAME}")


async def test_it_rang(
    hass: HomeAssistant,
    *,
    hass_clouds: Clouds,
    hass_client: ClientSessionGenerator,
    media_dir: Path,
    minutes_ago: datetime,
    messages: Messages,
    phones: list[str],
    kept: asyncio.Queue[dict[str, Any]],
) -> None:
    """Each phone sees the picture, then the clip of that ring, and can keep it."""
    await doorbell(hass, hass_clouds)
    await use(hass, camera=CAMERA, bell=[EVENT], phones=phones, before=5, after=10)
    local = dt_util.as_local(minutes_ago)
    ring(hass, EVENT, "motion", start=local.isoformat())
    ring(hass, EVENT, start=local.isoformat())

    picture, _ = await next_two(messages)
    assert picture["title"] == "Front door (Ost)"
    assert picture["message"].startswith(f"{local:%H:%M:%S}: ")
    client = await hass_client()
    assert picture["data"]["attachment"]["url"] == picture["data"]["image"]
    async with client.get(picture["data"]["image"]) as response:
        assert response.status == 200
        assert response.content_type == "image/jpeg"

    clip, _ = await next_two(messages)
    (path,) = media_dir.rglob("*.mp4")
    assert path.stem.endswith("_doorbell")
    shown = moments(path)
    assert shown[0] <= minutes_ago - 4 * SECOND
    assert shown[-1] >= minutes_ago + 9 * SECOND
    assert clip["message"] == f"{local:%H:%M:%S}: the clip is saved."
    assert clip["data"]["tag"] == picture["data"]["tag"]
    assert clip["data"]["attachment"]["url"] == clip["data"]["video"]
    assert clip["data"]["video"].startswith("/media/local/")
    assert " " not in clip["data"]["video"]
    async with client.get(clip["data"]["video"]) as response:
        assert response.status == 200
        assert response.content_type == "video/mp4"
        assert await response.read() == path.read_bytes()

    hass.bus.async_fire("mobile_app_notification_action", {"action": "OTHER"})
    press(hass, clip)
    async with asyncio.timeout(TIMEOUT_S):
        assert await kept.get() == {"clip": [clip_id(path)]}
    await hass.async_block_till_done()
    assert messages.empty()
    assert kept.empty()


async def test_a_burst(
    hass: HomeAssistant,
    *,
    hass_clouds: Clouds,
    media_dir: Path,
    minutes_ago: datetime,
    messages: Messages,
    phones: list[str],
    kept: asyncio.Queue[dict[str, Any]],
) -> None:
    """Each ring has messages of its own, and its button keeps its clip."""
    await doorbell(hass, hass_clouds)
    inputs = {"before": 0, "after": 5, "picture_at_once": False}
    await use(hass, camera=CAMERA, bell=[EVENT], phones=phones[2:], **inputs)
    starts = [minutes_ago + number * 20 * SECOND for number in range(3)]
    for start in starts:
        ring(hass, EVENT, start=dt_util.as_local(start).isoformat())

    async with asyncio.timeout(TIMEOUT_S):
        clips = [dict((await messages.get()).data) for _ in starts]
    assert len({clip["data"]["tag"] for clip in clips}) == len(starts)
    assert {clip["data"]["push"]["interruption-level"] for clip in clips} == {
        "time-sensitive"
    }
    told = {clip["message"][:8]: clip for clip in clips}
    for start in reversed(starts):
        local = dt_util.as_local(start)
        press(hass, told[f"{local:%H:%M:%S}"])
        async with asyncio.timeout(TIMEOUT_S):
            (kept_id,) = (await kept.get())["clip"]
        (path,) = (one for one in media_dir.rglob("*.mp4") if clip_id(one) == kept_id)
        shown = moments(path)
        assert shown[0] <= start <= start + 4 * SECOND <= shown[-1]
    await hass.async_block_till_done()
    assert kept.empty()


async def test_part_of_it(
    hass: HomeAssistant,
    *,
    hass_clouds: Clouds,
    media_dir: Path,
    minutes_ago: datetime,
    messages: Messages,
    phones: list[str],
    kept: asyncio.Queue[dict[str, Any]],
) -> None:
    """A clip with a gap is told as such; of several files each is kept."""
    stream = hass_clouds.kinesis.add_stream(
        "Back", footage=Footage("Back"), fragment=SECOND
    )
    stream.holes.append((minutes_ago + 4 * SECOND, minutes_ago + 8 * SECOND))
    # Pictures of two sizes do not go into one file.
    larger = Footage("Back", width=640, height=360)
    stream.changes.append((minutes_ago + 8 * SECOND, larger))
    await doorbell(hass, hass_clouds)
    await set_up(hass, hass_clouds, "kinesis")
    await use(
        hass,
        camera="camera.back",
        bell=[EVENT],
        phones=phones,
        before=0,
        after=12,
        picture_at_once=False,
        partial_text="{{ saved_clip.gaps | length }} Lücke",
        keep_text="Behalten",
    )
    ring(hass, EVENT, start=dt_util.as_local(minutes_ago).isoformat())
    clip, _ = await next_two(messages)
    assert clip["message"] == "1 Lücke"
    assert clip["data"]["actions"][0]["title"] == "Behalten"
    press(hass, clip)
    async with asyncio.timeout(TIMEOUT_S):
        ids = (await kept.get())["clip"]
    assert sorted(ids) == sorted(clip_id(path) for path in media_dir.rglob("*.mp4"))
    assert len(ids) == 2
    await hass.async_block_till_done()


async def test_no_clip(
    hass: HomeAssistant,
    *,
    hass_clouds: Clouds,
    media_dir: Path,
    minutes_ago: datetime,
    messages: Messages,
    phones: list[str],
    kept: asyncio.Queue[dict[str, Any]],
) -> None:
    """The phones are told why, in place of the picture."""
    hass_clouds.kinesis.add_stream("Back", retention_hours=0)
    await doorbell(hass, hass_clouds)
    await set_up(hass, hass_clouds, "kinesis")
    await use(hass, camera="camera.back", bell=[EVENT], phones=phones)
    local = dt_util.as_local(minutes_ago)
    ring(hass, EVENT, start=local.isoformat())
    picture, _ = await next_two(messages)
    failed, _ = await next_two(messages)
    assert failed["data"]["tag"] == picture["data"]["tag"]
    at = quote(local.isoformat())
    page = f"/clip-download?camera=camera.back&at={at}"
    for message in (picture, failed):
        assert message["data"]["clickAction"] == message["data"]["url"] == page
    assert "could not be saved" in failed["message"]
    assert "retention" in failed["message"]
    assert "Back" in failed["message"]
    await hass.async_block_till_done()
    assert messages.empty()


async def test_no_answer(
    hass: HomeAssistant, messages: Messages, phones: list[str]
) -> None:
    """Where the action itself fails, the phones hear of it, too."""
    async_mock_service(
        hass,
        DOMAIN,
        "save_clip",
        supports_response=SupportsResponse.OPTIONAL,
        raise_exception=HomeAssistantError("Broken"),
    )
    await use(hass, camera=CAMERA, bell=["event.gate"], phones=phones)
    ring(hass, "event.gate")
    await next_two(messages)
    failed, _ = await next_two(messages)
    assert failed["title"] == CAMERA
    assert "log" in failed["message"]
    await hass.async_block_till_done()


@pytest.mark.parametrize(
    ("before", "kind", "types", "rang"),
    [
        ("unknown", "ring", ["ring", "motion"], True),
        ("unknown", "motion", ["ring", "motion"], False),
        ("unknown", "pressed", ["pressed"], True),
        ("unavailable", "ring", ["ring", "motion"], False),
    ],
)
async def test_what_counts(
    hass: HomeAssistant, before: str, kind: str, types: list[str], rang: bool
) -> None:
    """A bell counts when it rings, and not when it comes back."""
    saves = async_mock_service(hass, DOMAIN, "save_clip", response={})
    hass.states.async_set("event.gate", before)
    await use(hass, camera=CAMERA, bell=["event.gate"])
    # Another integration's word for something else.
    ring(hass, "event.gate", kind, event_types=types, start="2001-01-01T00:00:00Z")
    await hass.async_block_till_done()
    # As our own events tell of their clip: it must not ring again.
    state = hass.states.get("event.gate")
    assert state
    hass.states.async_set("event.gate", state.state, {**state.attributes, "path": "x"})
    await hass.async_block_till_done()
    hass.states.async_set("event.gate", "unavailable")
    await hass.async_block_till_done()
    assert len(saves) == rang
    for save in saves:
        assert save.data["entity_id"] == [CAMERA]
        at = datetime.fromisoformat(save.data["at"])
        assert dt_util.utcnow() - at < timedelta(seconds=TIMEOUT_S)
        assert save.data["before"] == {"seconds": 10}
        assert save.data["after"] == {"seconds": 30}
        assert save.data["label"] == "doorbell"


async def test_doorbell_rang(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path, minutes_ago: datetime
) -> None:
    """Home Assistant's own trigger for doorbells works as any other; no phone is fine."""
    calls = async_capture_events(hass, EVENT_CALL_SERVICE)
    await doorbell(hass, hass_clouds)
    of_class = {"device_class": "doorbell"}
    hass.states.async_set(EVENT, "unknown", of_class)
    rang = {"trigger": "doorbell.rang", "target": {"entity_id": EVENT}}
    await use(hass, camera=CAMERA, triggers=[rang], before=0, after=5)
    start = dt_util.as_local(minutes_ago).isoformat()
    ring(hass, EVENT, "motion", start=start, **of_class)
    ring(hass, EVENT, start=start, **of_class)
    await hass.async_block_till_done(wait_background_tasks=True)
    (save,) = [call.data for call in calls if call.data["domain"] == DOMAIN]
    assert save["service_data"]["at"] == start
    assert len(list(media_dir.rglob("*.mp4"))) == 1


@pytest.mark.parametrize("is_automatic", [False, True])
async def test_own_ring(
    hass: HomeAssistant,
    *,
    hass_clouds: Clouds,
    media_dir: Path,
    messages: Messages,
    phones: list[str],
    is_automatic: bool,
) -> None:
    """Of our own ring the whole recording is saved with the defaults, and once."""
    hass_clouds.ring.ready_after_s = 0
    camera = hass_clouds.ring.add_camera("Front")
    entry = await set_up(hass, hass_clouds, "ring")
    if is_automatic:
        await turn(hass, "on")
    bell = "event.front_doorbell"
    await use(
        hass,
        camera="camera.front",
        bell=[bell],
        phones=phones[2:],
        picture_at_once=False,
    )
    start = datetime.now(UTC) - 240 * SECOND
    event = hass_clouds.ring.add_event(camera, "ding", start=start, duration_s=6)
    entry.runtime_data.monitor.on_push()
    async with asyncio.timeout(LONGEST_S):
        clip = dict((await messages.get()).data)
    assert clip["message"].endswith(": the clip is saved.")
    (path,) = media_dir.rglob("*.mp4")
    assert clip["data"]["video"].endswith(f"/{path.name}")
    shown = moments(path)
    assert abs(shown[0] - event.start) <= SECOND
    assert abs(shown[-1] - event.end) <= SECOND
    await until(lambda: "mobile_app_notification_action" in hass.bus.async_listeners())
    press(hass, clip)
    await hass.async_block_till_done(wait_background_tasks=True)
    (path,) = media_dir.rglob("*.mp4")
    record = json.loads(path.with_suffix(".json").read_text())
    assert record["kept"]
    page = f"/clip-download?clip={record['clip_id']}"
    assert clip["data"]["clickAction"] == clip["data"]["url"] == page
    assert messages.empty()
