"""What Ring posts to the webhook, over Home Assistant's own HTTP server."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
import hashlib
import hmac
import json
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.clip_download import webhook
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import HomeAssistant, State

from .accounts import set_up
from .clouds import Clouds
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


@pytest.fixture
async def post(
    hass: HomeAssistant,
    entry: ConfigEntry,
    hass_client_no_auth: ClientSessionGenerator,
) -> Post:
    """Return what posts to the account's webhook and returns the answer's status."""
    client = await hass_client_no_auth()

    async def post(body: bytes, headers: dict[str, str]) -> int:
        path = f"/api/webhook/{entry.data['webhook_id']}"
        async with client.post(path, data=body, headers=headers) as response:
            await hass.async_block_till_done()
            status: int = response.status
            return status

    return post


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
    assert state.attributes["kind"] == "human"
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


async def test_forged(
    hass: HomeAssistant,
    cloud: RingPartnerCloud,
    camera: PartnerCamera,
    post: Post,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What Ring did not sign fires nothing, and does not fill the log."""
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
    warnings = [one for one in caplog.messages if "did not sign" in one]
    levels = [
        one.levelname for one in caplog.records if "did not sign" in one.getMessage()
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
    with patch.object(webhook, "MOST_REMEMBERED", 2):
        notices = [cloud.webhook(camera) for _ in range(3)]
        for notice in notices:
            assert await post(*notice) == 204
        before = told(hass)
        assert await post(*notices[1]) == 204
        assert told(hass) is before
        assert await post(*notices[0]) == 204
        assert told(hass) is not before


async def test_old(
    hass: HomeAssistant, cloud: RingPartnerCloud, camera: PartnerCamera, post: Post
) -> None:
    """What Ring tried to deliver for an hour is news, what is older is none."""
    hour = timedelta(hours=1)
    now = datetime.now(UTC)
    assert await post(*cloud.webhook(camera, at=now - 3 * hour)) == 204
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
        {"data__subType": {"a": 1}},
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
    """An account that is known by its address only knows its own cameras' events."""
    cloud.tells_id = False
    entry = await set_up(hass, hass_clouds, "ring_partner")
    assert entry.unique_id == f"ring_partner_{cloud.email}"
    await know_key(hass, entry, cloud.hmac_key)
    client = await hass_client_no_auth()
    body, headers = cloud.webhook(camera)
    path = f"/api/webhook/{entry.data['webhook_id']}"
    await client.post(path, data=body, headers=headers)
    await hass.async_block_till_done()
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
