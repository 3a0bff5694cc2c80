"""What Ring and Meraki post to webhooks, over Home Assistant's own HTTP server."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
import hashlib
import hmac
import json
from typing import Any
from unittest.mock import patch

from aiohttp.test_utils import TestClient
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.clip_download.accounts import webhook
from custom_components.clip_download.const import DOMAIN
from custom_components.clip_download.engine.pipeline.jobs import Jobs
from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigFlowContext,
)
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant, State
from homeassistant.data_entry_flow import FlowResultType

from .accounts import become_other, set_up, typed
from .clouds import Clouds
from .clouds.meraki import MerakiCamera
from .clouds.ring_partner import PartnerCamera, RingPartnerCloud

MOTION = "event.front_motion"

type Post = Callable[[bytes, dict[str, str]], Awaitable[int]]


@pytest.fixture
def cloud(hass_clouds: Clouds) -> RingPartnerCloud:
    """Return Ring's partner API."""
    return hass_clouds.ring_partner


@pytest.fixture
def camera(cloud: RingPartnerCloud) -> PartnerCamera:
    """Return the only camera."""
    return cloud.add_camera("Front")


@pytest.fixture
async def entry(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    camera: PartnerCamera,
) -> ConfigEntry:
    """Return an account that knows its app's key."""
    entry = await set_up(hass, hass_clouds, "ring_partner")
    await know_key(hass, entry, hass_clouds.ring_partner.hmac_key)
    return entry


async def know_key(hass: HomeAssistant, entry: ConfigEntry, key: str) -> None:
    """Give an account the key of its app."""
    hass.config_entries.async_update_entry(entry, options={"hmac_key": key})
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)


def poster(
    hass: HomeAssistant, entry: ConfigEntry, client: TestClient[Any, Any]
) -> Post:
    """Return what posts to an account's webhook and returns the answer's status."""

    async def post(body: bytes, headers: dict[str, str]) -> int:
        path = f"/api/webhook/{entry.data['webhook_id']}"
        async with client.post(path, data=body, headers=headers) as response:
            await hass.async_block_till_done()
            status: int = response.status
            return status

    return post


@pytest.fixture
async def post(
    hass: HomeAssistant,
    entry: ConfigEntry,
    hass_client_no_auth: ClientSessionGenerator,
) -> Post:
    """Return what posts to the account's webhook and returns the answer's status."""
    return poster(hass, entry, await hass_client_no_auth())


def told(hass: HomeAssistant, entity_id: str = MOTION) -> State:
    """Return the state of an event entity."""
    state = hass.states.get(entity_id)
    assert state is not None
    return state


def signed(
    cloud: RingPartnerCloud, camera: PartnerCamera, **other: Any
) -> tuple[bytes, dict[str, str]]:
    """Return a notice of motion with a few things changed; None leaves them out."""
    body, _ = cloud.webhook(camera)
    notice = json.loads(body)
    for way, value in other.items():
        *path, name = way.split("__")
        inner = notice
        for step in path:
            inner = inner[step]
        if value is None:
            del inner[name]
        else:
            inner[name] = value
    return sign(cloud, json.dumps(notice).encode())


def sign(cloud: RingPartnerCloud, body: bytes) -> tuple[bytes, dict[str, str]]:
    """Sign a body as Ring does."""

    digest = hmac.new(cloud.hmac_key.encode(), body, hashlib.sha256).hexdigest()
    return body, {"X-Signature": f"sha256={digest}"}


async def test_motion(
    hass: HomeAssistant, cloud: RingPartnerCloud, camera: PartnerCamera, post: Post
) -> None:
    """A notice of motion fires the camera's event, with what is known of it."""
    assert told(hass).state == STATE_UNKNOWN
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=3)
    body, headers = cloud.webhook(camera, sub_type="human", at=at)
    assert await post(body, headers) == 204
    state = told(hass)
    assert datetime.fromisoformat(state.state) > at
    assert state.attributes["event_type"] == "motion"
    assert state.attributes["kind"] == "person"
    assert state.attributes["id"] == json.loads(body)["data"]["id"]
    assert datetime.fromisoformat(state.attributes["start"]) == at


async def test_button(
    hass: HomeAssistant, cloud: RingPartnerCloud, camera: PartnerCamera, post: Post
) -> None:
    """A button press is a ring."""
    assert await post(*cloud.webhook(camera, "button_press")) == 204
    state = told(hass, "event.front_doorbell")
    assert state.attributes["event_type"] == "ring"
    assert state.attributes["kind"] == "ding"
    assert state.attributes["device_class"] == "doorbell"


async def test_what_moved(
    hass: HomeAssistant, cloud: RingPartnerCloud, camera: PartnerCamera, post: Post
) -> None:
    """What Ring saw is told in the words of all clouds, or it is mere motion."""
    kinds: list[tuple[object, str]] = [
        ("vehicle", "vehicle"),
        ("package", "package"),
        ("animal", "animal"),
        ("other_motion", "motion"),
        ({"a": 1}, "motion"),
    ]
    for number, (sub_type, kind) in enumerate(kinds):
        other = {"data__subType": sub_type, "data__id": str(number)}
        assert await post(*signed(cloud, camera, **other)) == 204
        assert told(hass).attributes["id"] == str(number)
        assert told(hass).attributes["kind"] == kind


async def test_forged(
    hass: HomeAssistant,
    cloud: RingPartnerCloud,
    camera: PartnerCamera,
    post: Post,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What Ring did not send fires nothing, and does not fill the log."""
    body, headers = cloud.webhook(camera)
    signature = headers["X-Signature"]
    for forged in (
        "",
        "sha256=",
        signature.upper(),
        signature.removeprefix("sha256="),
        f"{signature[:-1]}{'0' if signature[-1] != '0' else '1'}",
        f"{signature} ü",
        cloud.webhook(camera, key="another")[1]["X-Signature"],
    ):
        assert await post(body, {"X-Signature": forged}) == 401
    assert await post(body, {}) == 401
    assert await post(body + b" ", headers) == 401
    assert told(hass).state == STATE_UNKNOWN
    warnings = [one for one in caplog.messages if "was not signed by" in one]
    levels = [
        one.levelname
        for one in caplog.records
        if "was not signed by" in one.getMessage()
    ]
    assert len(warnings) == 9
    assert levels == ["WARNING", *["DEBUG"] * 8]
    assert cloud.hmac_key not in caplog.text
    # The true one still counts.
    assert await post(body, headers) == 204
    assert told(hass).attributes["event_type"] == "motion"


async def test_replayed(
    hass: HomeAssistant, cloud: RingPartnerCloud, camera: PartnerCamera, post: Post
) -> None:
    """The same notice counts once, whoever sends it again."""
    body, headers = cloud.webhook(camera, request_id="one")
    assert await post(body, headers) == 204
    first = told(hass)
    for _ in range(3):
        assert await post(body, headers) == 204
    # What Ring repeats may be signed anew.
    assert await post(*cloud.webhook(camera, request_id="one")) == 204
    assert told(hass) is first
    assert await post(*cloud.webhook(camera, request_id="two")) == 204
    assert told(hass) is not first


async def test_memory_is_bounded(
    hass: HomeAssistant, cloud: RingPartnerCloud, camera: PartnerCamera, post: Post
) -> None:
    """Only so many notices are remembered, the newest of them."""

    def notice(request: str, event: str) -> tuple[bytes, dict[str, str]]:
        return signed(cloud, camera, meta__request_id=request, data__id=event)

    with patch.object(webhook, "MOST_REMEMBERED", 2):
        for request in ("first", "second", "third"):
            assert await post(*notice(request, request)) == 204
        assert await post(*notice("second", "repeated")) == 204
        assert told(hass).attributes["id"] == "third"
        assert await post(*notice("first", "forgotten")) == 204
        assert told(hass).attributes["id"] == "forgotten"


async def test_old(
    hass: HomeAssistant, cloud: RingPartnerCloud, camera: PartnerCamera, post: Post
) -> None:
    """What Ring tried to deliver for an hour is news; older or to come is none."""
    hour = timedelta(hours=1)
    now = datetime.now(UTC)
    assert await post(*cloud.webhook(camera, at=now - 3 * hour)) == 204
    assert await post(*cloud.webhook(camera, at=now + 3 * hour)) == 204
    assert told(hass).state == STATE_UNKNOWN
    assert await post(*cloud.webhook(camera, at=now - hour)) == 204
    assert told(hass).state != STATE_UNKNOWN


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff",
        b'{"meta": [], "data": []}',
        b"[" * 60_000,
    ],
)
async def test_malformed(
    hass: HomeAssistant, cloud: RingPartnerCloud, post: Post, body: bytes
) -> None:
    """A signed body that makes no sense is answered, and fires nothing."""
    assert await post(*sign(cloud, body)) == 400
    assert told(hass).state == STATE_UNKNOWN


@pytest.mark.parametrize(
    "other",
    [
        {"meta": "no"},
        {"meta__request_id": None},
        {"meta__request_id": 7},
        {"meta__request_id": "x" * 500},
        {"meta__account_id": None},
        {"data__type": None},
        {"data__id": ""},
        {"data__attributes": [1]},
        {"data__attributes__source": None},
        {"data__attributes__timestamp": None},
        {"data__attributes__timestamp": "soon"},
        {"data__attributes__timestamp": 10**30},
        {"data__attributes__component_ids": 5},
    ],
    ids=str,
)
async def test_nonsense(
    hass: HomeAssistant,
    cloud: RingPartnerCloud,
    camera: PartnerCamera,
    post: Post,
    other: dict[str, Any],
) -> None:
    """A notice that lacks what is needed is answered, and fires nothing."""
    assert await post(*signed(cloud, camera, **other)) == 400
    assert told(hass).state == STATE_UNKNOWN


async def test_too_large(
    hass: HomeAssistant, cloud: RingPartnerCloud, camera: PartnerCamera, post: Post
) -> None:
    """Nobody fills the memory; as large as it may be is fine."""
    body, _ = cloud.webhook(camera)
    largest = body + b" " * (64 * 1024 - len(body))
    assert await post(*sign(cloud, largest + b" ")) == 413
    assert told(hass).state == STATE_UNKNOWN
    assert await post(*sign(cloud, largest)) == 204
    assert told(hass).state != STATE_UNKNOWN


@pytest.mark.parametrize(
    "other",
    [
        {"meta__account_id": "ava1.ring.account.OTHER"},
        {"data__attributes__source": "ava1.ring.device.OTHER"},
        {"data__type": "device_online"},
        {"data__type": "app_integration_removed"},
        {"data__type": "subscription_activated", "data__attributes": None},
    ],
    ids=str,
)
async def test_not_for_us(
    hass: HomeAssistant,
    cloud: RingPartnerCloud,
    camera: PartnerCamera,
    post: Post,
    other: dict[str, Any],
) -> None:
    """Another account's, another device's, other news: taken, and fires nothing."""
    assert await post(*signed(cloud, camera, **other)) == 204
    assert told(hass).state == STATE_UNKNOWN


async def test_time_as_text(
    hass: HomeAssistant, cloud: RingPartnerCloud, camera: PartnerCamera, post: Post
) -> None:
    """A time may be written as a string."""
    now = datetime.now(UTC).replace(microsecond=0)
    text = str(round(now.timestamp() * 1000))
    notice = signed(cloud, camera, data__attributes__timestamp=text)
    assert await post(*notice) == 204
    assert datetime.fromisoformat(told(hass).attributes["start"]) == now


async def test_account_without_an_id(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    cloud: RingPartnerCloud,
    camera: PartnerCamera,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    """An account that is known by its cameras only knows its own cameras' events."""
    cloud.tells_id = False
    entry = await set_up(hass, hass_clouds, "ring_partner")
    assert entry.unique_id == f"ring_partner_{camera.id}"
    await know_key(hass, entry, cloud.hmac_key)
    post = poster(hass, entry, await hass_client_no_auth())
    assert await post(*cloud.webhook(camera)) == 204
    assert told(hass).state != STATE_UNKNOWN


async def test_two_accounts_of_one_app(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    cloud: RingPartnerCloud,
    post: Post,
) -> None:
    """An app has one webhook for all of its accounts; each gets what is its own."""
    first = cloud.account_id, cloud.cameras
    cloud.account_id, cloud.cameras = "ava1.ring.account.SECOND", []
    gate = cloud.add_camera("Gate")
    await set_up(hass, hass_clouds, "ring_partner")
    assert await post(*cloud.webhook(gate)) == 204
    assert told(hass, "event.gate_motion").state != STATE_UNKNOWN
    assert told(hass).state == STATE_UNKNOWN
    cloud.account_id, cloud.cameras = first
    assert await post(*cloud.webhook(cloud.cameras[0])) == 204
    assert told(hass).state != STATE_UNKNOWN


async def test_device_with_two_cameras(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    cloud: RingPartnerCloud,
    entry: ConfigEntry,
    post: Post,
) -> None:
    """Only the camera that saw it fires; all of the device if that is not told."""
    double = cloud.add_camera("Double", components=("0", "1"))
    await entry.runtime_data.coordinator.async_refresh()
    await hass.async_block_till_done()
    assert await post(*cloud.webhook(double)) == 204
    one = told(hass, "event.double_1_motion")
    assert one.state != STATE_UNKNOWN
    assert told(hass, "event.double_2_motion").state == STATE_UNKNOWN
    notice = signed(cloud, double, data__attributes__component_ids=[])
    assert await post(*notice) == 204
    assert told(hass, "event.double_1_motion") is not one
    assert told(hass, "event.double_2_motion").state != STATE_UNKNOWN


async def test_without_key(
    hass: HomeAssistant,
    cloud: RingPartnerCloud,
    camera: PartnerCamera,
    entry: ConfigEntry,
    post: Post,
) -> None:
    """Without a key nothing can be believed, and nothing listens."""
    hass.config_entries.async_update_entry(entry, options={})
    await hass.config_entries.async_reload(entry.entry_id)
    # As Home Assistant answers for every address that is none.
    assert await post(*cloud.webhook(camera)) == 200
    assert told(hass).state == STATE_UNKNOWN


async def test_unloaded(
    hass: HomeAssistant,
    cloud: RingPartnerCloud,
    camera: PartnerCamera,
    entry: ConfigEntry,
    post: Post,
) -> None:
    """An unloaded account does not listen; a loaded one does again."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert await post(*cloud.webhook(camera)) == 200
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert told(hass).state == STATE_UNKNOWN
    assert await post(*cloud.webhook(camera)) == 204
    assert told(hass).state != STATE_UNKNOWN


async def test_only_posts(
    hass: HomeAssistant,
    entry: ConfigEntry,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    """Nothing but a POST is taken; the address can be checked."""
    client = await hass_client_no_auth()
    path = f"/api/webhook/{entry.data['webhook_id']}"
    assert (await client.get(path)).status == 405
    assert (await client.head(path)).status == 200


# Meraki

SECRET = "open sesame, dearest \u017f"
YARD = "event.yard_motion"


@pytest.fixture
def yard(hass_clouds: Clouds) -> MerakiCamera:
    """Return a camera of Meraki's."""
    return hass_clouds.meraki.add_camera("Yard")


@pytest.fixture
async def meraki(
    hass: HomeAssistant, hass_clouds: Clouds, yard: MerakiCamera
) -> ConfigEntry:
    """Return an account that knows the secret of its dashboard's webhook."""
    entry = await set_up(hass, hass_clouds, "meraki")
    await know_secret(hass, entry, SECRET)
    return entry


async def know_secret(hass: HomeAssistant, entry: ConfigEntry, secret: str) -> None:
    """Fill in the form that tells the webhook's address, with the secret."""
    flows = hass.config_entries.options
    form = await flows.async_init(entry.entry_id)
    schema = form["data_schema"]
    assert schema is not None
    given = schema({"saving": {}, "keeping": {}, "keeping_all": {}, "advanced": {}})
    done = await flows.async_configure(
        form["flow_id"], {**given, "webhook_secret": secret}
    )
    assert done["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done(wait_background_tasks=True)


type Alert = Callable[..., Awaitable[int]]


@pytest.fixture
async def alert(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    yard: MerakiCamera,
    meraki: ConfigEntry,
    hass_client_no_auth: ClientSessionGenerator,
) -> Alert:
    """Return what posts an alert with a few things changed; None leaves them out."""
    post = poster(hass, meraki, await hass_client_no_auth())

    async def alert(
        camera: MerakiCamera = yard, at: datetime | None = None, **other: Any
    ) -> int:
        told = {**hass_clouds.meraki.webhook(camera, secret=SECRET, at=at), **other}
        told = {name: value for name, value in told.items() if value is not None}
        return await post(json.dumps(told).encode(), {})

    return alert


async def test_alert(
    hass: HomeAssistant, meraki: ConfigEntry, yard: MerakiCamera, alert: Alert
) -> None:
    """An alert fires the camera's event, at the moment that something moved."""
    assert told(hass, YARD).state == STATE_UNKNOWN
    at = datetime.now(UTC).replace(microsecond=547_000) - timedelta(seconds=70)
    assert await alert(at=at, alertId="643451796765320956") == 204
    state = told(hass, YARD)
    assert state.attributes["event_type"] == state.attributes["kind"] == "motion"
    assert state.attributes["id"] == "643451796765320956"
    assert datetime.fromisoformat(state.attributes["start"]) == at


@pytest.mark.parametrize(
    "when", ["{0:%Y-%m-%dT%H:%M:%S.%fZ}", "{0:%Y-%m-%dT%H:%M:%S}"], ids=["Z", "naive"]
)
async def test_alert_without_a_moment(
    hass: HomeAssistant, alert: Alert, when: str
) -> None:
    """When the alert arose is better than nothing."""
    at = datetime.now(UTC).replace(microsecond=0)
    for data in (None, {}, {"timestamp": None}):
        assert await alert(occurredAt=when.format(at), alertData=data) == 204
        assert datetime.fromisoformat(told(hass, YARD).attributes["start"]) == at


async def test_alert_again(hass: HomeAssistant, alert: Alert) -> None:
    """The same alert counts once."""
    assert await alert(alertId="1") == 204
    first = told(hass, YARD)
    for _ in range(3):
        assert await alert(alertId="1") == 204
    assert told(hass, YARD) is first
    assert await alert(alertId="2") == 204
    assert told(hass, YARD).attributes["id"] == "2"


@pytest.mark.parametrize("alert_id", [None, "", "0000000000000000"])
async def test_alert_without_an_id(
    hass: HomeAssistant, yard: MerakiCamera, alert: Alert, alert_id: str | None
) -> None:
    """One without an id is known by its camera and its moment."""
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=9)
    assert await alert(at=at, alertId=alert_id) == 204
    first = told(hass, YARD)
    assert first.attributes["id"] == f"{yard.serial}_{int(at.timestamp())}000"
    assert await alert(at=at, alertId=alert_id) == 204
    assert told(hass, YARD) is first
    later = at + timedelta(seconds=8)
    assert await alert(at=later, alertId=alert_id) == 204
    assert told(hass, YARD).attributes["id"] != first.attributes["id"]


async def test_wrong_secret(
    hass: HomeAssistant,
    meraki: ConfigEntry,
    alert: Alert,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Who does not know the secret fires nothing, and does not fill the log."""
    for wrong in (
        None,
        "",
        SECRET.upper(),
        SECRET + " ",
        SECRET[:-1],
        "\ud800",
        7,
        [SECRET],
    ):
        assert await alert(sharedSecret=wrong) == 401
    assert told(hass, YARD).state == STATE_UNKNOWN
    levels = [
        one.levelname
        for one in caplog.records
        if "was not signed by" in one.getMessage()
    ]
    assert levels == ["WARNING", *["DEBUG"] * 7]
    assert await alert() == 204
    assert told(hass, YARD).state != STATE_UNKNOWN
    assert SECRET not in caplog.text
    assert SECRET not in str(meraki.data) + str(meraki.title)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"open sesame", 400),
        (b"\xff", 400),
        (b"[" * 60_000, 400),
        (b"9" * 60_000, 401),
        (b"[]", 401),
        (b"null", 401),
        (b"{}", 401),
        (b" " * (64 * 2**10 + 1), 413),
    ],
    ids=lambda value: repr(value)[:20],
)
async def test_malformed_alert(
    hass: HomeAssistant,
    meraki: ConfigEntry,
    hass_client_no_auth: ClientSessionGenerator,
    body: bytes,
    status: int,
) -> None:
    """A body that makes no sense is answered, and fires nothing."""
    post = poster(hass, meraki, await hass_client_no_auth())
    assert await post(body, {}) == status
    assert told(hass, YARD).state == STATE_UNKNOWN


async def test_an_account_that_is_not_loaded_yet(
    hass: HomeAssistant,
    alert: Alert,
    meraki: ConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody says that a notice was taken that would be for no account."""
    statuses: list[int] = []
    resume = Jobs.resume

    async def ask_and_resume(jobs: Jobs) -> None:
        statuses.append(await alert())
        await resume(jobs)

    monkeypatch.setattr(Jobs, "resume", ask_and_resume)
    assert await hass.config_entries.async_reload(meraki.entry_id)
    # Home Assistant's own answer at an address where nobody listens.
    assert statuses == [200]
    assert await alert() == 204
    assert told(hass, YARD).state != STATE_UNKNOWN


@pytest.mark.parametrize(
    "other",
    [
        {"alertTypeId": None},
        {"alertTypeId": 7},
        {"alertId": 7},
        {"alertId": "x" * 500},
        {"alertId": ["x"]},
        {"deviceSerial": None},
        {"deviceSerial": ""},
        {"alertData": ["x"]},
        {"alertData": "no", "occurredAt": None},
        {"alertData": {"timestamp": "soon"}},
        {"alertData": {"timestamp": 10**18}},
        {"alertData": {"timestamp": float("nan")}},
        {"alertData": {"timestamp": float("inf")}},
        {"alertData": {"timestamp": [1]}},
        {"alertData": None, "occurredAt": None},
        {"alertData": None, "occurredAt": "yesterday"},
        {"alertData": None, "occurredAt": 7},
    ],
    ids=str,
)
async def test_nonsensical_alert(
    hass: HomeAssistant, alert: Alert, other: dict[str, Any]
) -> None:
    """An alert that lacks what is needed is answered, and fires nothing."""
    assert await alert(**other) == 400
    assert told(hass, YARD).state == STATE_UNKNOWN


@pytest.mark.parametrize(
    "other",
    [
        {"deviceSerial": "Q2ZZ-ZZZZ-ZZZZ"},
        {"alertTypeId": "settings_changed", "deviceSerial": None, "alertData": None},
        {"alertData": {"timestamp": 1563499479.547}},
        {"alertData": {"timestamp": 4e9}},
    ],
    ids=str,
)
async def test_alert_that_is_no_news(
    hass: HomeAssistant, alert: Alert, other: dict[str, Any]
) -> None:
    """A camera of somebody else, other alerts, a dashboard's sample: taken, no more."""
    assert await alert(**other) == 204
    assert told(hass, YARD).state == STATE_UNKNOWN


async def test_alert_of_a_camera_with_imagers(
    hass: HomeAssistant, hass_clouds: Clouds, meraki: ConfigEntry, alert: Alert
) -> None:
    """Which imager saw it is not told, so each of them fires."""
    corner = hass_clouds.meraki.add_camera("Corner", model="MV84X", imagers=4)
    await meraki.runtime_data.coordinator.async_refresh()
    await hass.async_block_till_done()
    assert await alert(corner) == 204
    assert told(hass, YARD).state == STATE_UNKNOWN
    for number in range(1, 5):
        assert told(hass, f"event.corner_{number}_motion").state != STATE_UNKNOWN


async def test_secret_is_one_account_s(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    yard: MerakiCamera,
    alert: Alert,
) -> None:
    """An account hears only what comes with its own secret."""
    cloud = hass_clouds.meraki
    cloud.cameras = {}
    become_other(hass_clouds, "meraki")
    shed = cloud.add_camera("Shed", network=yard.network, serial="Q2AV-SHED-0001")
    other = await set_up(hass, hass_clouds, "meraki")
    await know_secret(hass, other, "another")
    assert told(hass, "event.shed_motion").state == STATE_UNKNOWN
    assert await alert(shed) == 204
    assert told(hass, "event.shed_motion").state == STATE_UNKNOWN


async def test_alerts_without_a_secret(
    hass: HomeAssistant, meraki: ConfigEntry, alert: Alert
) -> None:
    """Without a secret nothing can be believed, and nothing listens."""
    hass.config_entries.async_update_entry(meraki, options={})
    await hass.config_entries.async_reload(meraki.entry_id)
    assert await alert() == 200
    # What was there before has gone with what it was told by.
    assert told(hass, YARD).state == STATE_UNAVAILABLE


async def test_alerts_while_unloaded(
    hass: HomeAssistant, meraki: ConfigEntry, alert: Alert
) -> None:
    """An unloaded account does not listen; a loaded one does again."""
    assert await hass.config_entries.async_unload(meraki.entry_id)
    assert await alert() == 200
    assert await hass.config_entries.async_setup(meraki.entry_id)
    assert told(hass, YARD).state == STATE_UNKNOWN
    assert await alert() == 204
    assert told(hass, YARD).state != STATE_UNKNOWN


async def test_alerts_after_a_new_key(
    hass: HomeAssistant, hass_clouds: Clouds, meraki: ConfigEntry, alert: Alert
) -> None:
    """The address that the dashboard was told stays when the API key changes."""
    cloud = hass_clouds.meraki
    cloud.api_key = "0123456789"
    flows = hass.config_entries.flow
    context = ConfigFlowContext(source=SOURCE_RECONFIGURE, entry_id=meraki.entry_id)
    form = await flows.async_init(DOMAIN, context=context)
    done = await flows.async_configure(form["flow_id"], typed(hass_clouds, "meraki"))
    assert done["reason"] == "reconfigure_successful"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert meraki.data["api_key"] == "0123456789"
    assert await alert() == 204
    assert told(hass, YARD).state != STATE_UNKNOWN
