"""The blueprints, in a Home Assistant whose phones are told."""

import asyncio
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
import re
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
from yarl import URL

from custom_components.clip_download.const import DOMAIN
from custom_components.clip_download.services import events
from homeassistant.components import persistent_notification
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
from .test_repository import MANIFEST, ROOT, load_json
from .waits import LONGEST_S

BLUEPRINTS = Path(__file__).parents[1] / "blueprints/automation"
RANG = "clip_download/save_when_it_rang.yaml"
DIGEST = "clip_download/daily_digest.yaml"
CAMERA = "camera.front_door_ost"
EVENT = "event.front_door_ost_motion"
SECOND = timedelta(seconds=1)

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


async def use(hass: HomeAssistant, blueprint: str = RANG, **inputs: Any) -> None:
    """Make an automation of a blueprint, as a person does."""
    assert await async_setup_component(hass, "homeassistant", {})
    assert await async_setup_component(hass, "persistent_notification", {})
    copy = Path(hass.config.path("blueprints", AUTOMATION_DOMAIN, blueprint))
    copy.parent.mkdir(parents=True)
    shutil.copy(BLUEPRINTS / blueprint, copy)
    automation = {"use_blueprint": {"path": blueprint, "input": inputs}}
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
    async with asyncio.timeout(LONGEST_S):
        calls = [await messages.get() for _ in range(2)]
    assert [call.service for call in calls] == [
        "mobile_app_anna_s_phone",
        "mobile_app_tablet",
    ]
    assert calls[0].data == calls[1].data
    return [dict(call.data) for call in calls]


def press(hass: HomeAssistant, message: dict[str, Any], title: str = "Keep") -> None:
    """Press a button of a message."""
    (action,) = (
        button["action"]
        for button in message["data"]["actions"]
        if button["title"] == title
    )
    hass.bus.async_fire("mobile_app_notification_action", {"action": action})


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


@pytest.mark.parametrize("name", [RANG, DIGEST])
def test_schema(name: str) -> None:
    """Home Assistant takes a blueprint, and would fetch it again from where it is."""
    blueprint = Blueprint(
        load_yaml_dict(str(BLUEPRINTS / name)),
        path=name,
        expected_domain=AUTOMATION_DOMAIN,
        schema=AUTOMATION_BLUEPRINT_SCHEMA,
    )
    assert blueprint.validate() is None
    url = blueprint.metadata["source_url"]
    assert url.startswith(MANIFEST["documentation"])
    assert url.endswith(f"/blueprints/automation/{name}")
    oldest = load_json(ROOT / "hacs.json")["homeassistant"]
    assert blueprint.metadata["homeassistant"]["min_version"] == oldest


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

    for other in ({"action": "OTHER"}, {"action": None}, {}):
        hass.bus.async_fire("mobile_app_notification_action", other)
    press(hass, clip)
    async with asyncio.timeout(LONGEST_S):
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
    inputs: dict[str, Any] = {"before": 0, "after": 5, "picture_at_once": False}
    await use(hass, camera=CAMERA, bell=[EVENT], phones=phones[2:], **inputs)
    starts = [minutes_ago + number * 20 * SECOND for number in range(3)]
    for start in starts:
        ring(hass, EVENT, start=dt_util.as_local(start).isoformat())

    async with asyncio.timeout(LONGEST_S):
        clips = [dict((await messages.get()).data) for _ in starts]
    assert len({clip["data"]["tag"] for clip in clips}) == len(starts)
    assert {clip["data"]["push"]["interruption-level"] for clip in clips} == {
        "time-sensitive"
    }
    told = {clip["message"][:8]: clip for clip in clips}
    for start in reversed(starts):
        local = dt_util.as_local(start)
        press(hass, told[f"{local:%H:%M:%S}"])
        async with asyncio.timeout(LONGEST_S):
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
    press(hass, clip, "Behalten")
    async with asyncio.timeout(LONGEST_S):
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
        assert dt_util.utcnow() - at < timedelta(seconds=LONGEST_S)
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
    press(hass, clip)
    await hass.async_block_till_done(wait_background_tasks=True)
    (path,) = media_dir.rglob("*.mp4")
    record = json.loads(path.with_suffix(".json").read_text())
    assert record["kept"]
    page = f"/clip-download?clip={record['clip_id']}"
    assert clip["data"]["clickAction"] == clip["data"]["url"] == page
    assert messages.empty()


async def test_buttons(
    hass: HomeAssistant,
    *,
    hass_clouds: Clouds,
    hass_client_no_auth: ClientSessionGenerator,
    media_dir: Path,
    minutes_ago: datetime,
    messages: Messages,
    phones: list[str],
) -> None:
    """A press shares the clip by a link that ends, or mutes all phones, but saves on."""
    await doorbell(hass, hass_clouds)
    await hass.config.async_update(external_url="https://home.example")
    inputs: dict[str, Any] = {"before": 0, "after": 3, "picture_at_once": False}
    await use(hass, camera=CAMERA, bell=[EVENT], phones=phones, **inputs)
    ring(hass, EVENT, start=dt_util.as_local(minutes_ago).isoformat())
    clip, _ = await next_two(messages)
    (path,) = media_dir.rglob("*.mp4")

    press(hass, clip, "Share")
    shared, _ = await next_two(messages)
    link = shared["data"]["url"]
    assert link.startswith("https://home.example/api/clip_download/share?token=")
    assert shared["message"].endswith(f": {link}")
    assert shared["data"]["clickAction"] == link
    assert shared["data"]["tag"] != clip["data"]["tag"]
    stranger = await hass_client_no_auth()
    async with stranger.get(URL(link).path_qs) as response:
        assert response.status == 200
        assert await response.read() == path.read_bytes()

    press(hass, clip, "Mute for an hour")
    await hass.async_block_till_done()
    state = hass.states.get(CAMERA)
    assert state
    left = datetime.fromisoformat(state.attributes["muted_until"]) - dt_util.utcnow()
    assert timedelta(minutes=58) < left <= timedelta(hours=1)
    ring(hass, EVENT, start=dt_util.as_local(minutes_ago + 30 * SECOND).isoformat())
    await hass.async_block_till_done(wait_background_tasks=True)
    assert len(list(media_dir.rglob("*.mp4"))) == 2
    assert messages.empty()
    # Whoever is muted may still press a button of before.
    press(hass, clip, "Share")
    assert (await next_two(messages))[0]["data"]["url"] != link
    await hass.async_block_till_done()


async def digest(hass: HomeAssistant) -> str:
    """Make the digest now; return what Home Assistant shows of it, line by line."""
    automation = {"entity_id": hass.states.async_entity_ids(AUTOMATION_DOMAIN)}
    # It leaves no timer behind.
    for action in ("trigger", "turn_off"):
        await hass.services.async_call(
            AUTOMATION_DOMAIN, action, automation, blocking=True
        )
    await hass.async_block_till_done()
    shown = [
        f"{one['title']}\n{one['message']}"
        for one in persistent_notification._async_get_or_create_notifications(
            hass
        ).values()
    ]
    return "\n".join(
        line.strip() for line in "".join(shown).splitlines() if line.strip()
    )


async def test_digest(
    hass: HomeAssistant,
    *,
    hass_clouds: Clouds,
    hass_client_no_auth: ClientSessionGenerator,
    media_dir: Path,
    messages: Messages,
    phones: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It tells of each camera what was seen and saved, and what is missing."""
    monkeypatch.setattr(events, "LIST_TIMEOUT", timedelta(0))
    cloud = hass_clouds.ring
    front, _yard = cloud.add_camera("Front [x]"), cloud.add_camera("Yard")
    start = (datetime.now(UTC) - timedelta(hours=2)).replace(microsecond=0)
    rang = cloud.add_event(front, "ding", start=start, duration_s=3)
    cloud.add_event(front, start=start + 60 * SECOND, duration_s=3)
    cloud.add_event(front, start=start - timedelta(days=1), duration_s=3)
    await set_up(hass, hass_clouds, "ring")
    event = {"entity_id": "camera.front_x", "event": str(rang.id)}
    await hass.services.async_call(DOMAIN, "save_clip", event, blocking=True)
    nothing = {"start": start - 600 * SECOND, "end": start - 590 * SECOND}
    for name, timeout in (("camera.front_x", 0), ("camera.yard", 0)):
        await hass.services.async_call(
            DOMAIN,
            "save_clip",
            {"entity_id": name, **nothing, "timeout": {"seconds": timeout}},
            blocking=True,
            return_response=True,
        )
    (path,) = media_dir.rglob("*.mp4")
    await use(hass, DIGEST, phones=phones)

    shown = await digest(hass)
    title, *lines = shown.split("\n")
    assert title == "Your cameras today"
    local = dt_util.as_local(start)
    picture = re.search(r"\[!\[Front \\\[x\\\]\]\((.+?)\)\]", lines[1])
    assert picture
    clip = f"/clip-download?clip={clip_id(path)}"
    shared = (
        "1 × Doorbell press, 1 × Motion. Events with a clip: 1 of 2. Clips saved: 1."
    )
    assert lines[0] == r"**[Front \[x\]](/clip-download?camera=camera.front_x)**"
    assert lines[1].endswith(f"]({clip})")
    assert lines[2:4] == [shared, f"- [{local:%H:%M:%S} Doorbell press]({clip})"]
    missed = f"- **Not saved, {nothing['start'].astimezone(local.tzinfo):%H:%M}: "
    assert lines[4].startswith(missed)
    assert lines[5:7] == [
        "**[Yard](/clip-download?camera=camera.yard)**",
        "Nothing was seen.",
    ]
    assert lines[7].startswith(missed)
    assert re.fullmatch(r"Clips use 1 MB\. [\d.]+ [GM]B are free\.", lines[8])
    assert len(lines) == 9
    stranger = await hass_client_no_auth()
    async with stranger.get(picture[1]) as response:
        assert (response.status, response.content_type) == (200, "image/jpeg")

    told, _ = await next_two(messages)
    assert told["message"].splitlines()[0].startswith(f"Front [x]: {shared} Not saved")
    assert told["data"]["image"].endswith(".jpg")
    assert told["data"]["url"] == "/clip-download"

    # What is known at home is told even if the cloud is down.
    cloud.misbehave(times=1000, status=503)
    shown = await digest(hass)
    assert shared not in shown
    assert shown.count("- **What the camera saw is not known: ") == 2
    assert "Clips saved: 1." in shown
    assert f"]({clip})" in shown


@pytest.mark.parametrize("only_news", [False, True])
async def test_digest_of_an_empty_house(
    hass: HomeAssistant, messages: Messages, phones: list[str], only_news: bool
) -> None:
    """Without any camera, it says so; or nothing, if only news are wanted."""
    await use(hass, DIGEST, phones=phones, only_news=only_news)
    shown = await digest(hass)
    if only_news:
        assert (shown, messages.empty()) == ("", True)
    else:
        assert shown == "Your cameras today\nThere are no cameras yet."
        assert (await next_two(messages))[0]["message"] == "There are no cameras yet."
