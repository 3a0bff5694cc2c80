"""Ring's source against the simulated Ring, over real sockets."""

import asyncio
from datetime import UTC, datetime, timedelta
import json
import logging
from pathlib import Path
import time
from typing import Any

from aiohttp import ClientSession
import pytest

from custom_components.clip_download.engine.errors import (
    CloudError,
    InvalidRequestError,
    NoFootageError,
    NotReadyError,
    RefusedError,
    SignInError,
)
from custom_components.clip_download.engine.model import Codec, Identity, MediaOptions
from custom_components.clip_download.engine.sources import http
from custom_components.clip_download.engine.sources.ring import (
    api as ring_api,
    client as ring,
    lists,
    pictures,
)
from custom_components.clip_download.engine.sources.ring.api import (
    TwoFactorRequired,
    sign_in,
)
from custom_components.clip_download.engine.sources.ring.client import (
    RecordingPart,
    RingCamera as ListedCamera,
    RingPart,
    RingSource,
)
from custom_components.clip_download.engine.time_range import Window
from tests.clouds import Clouds
from tests.clouds.footage import first_and_last
from tests.clouds.ring import (
    API_HOST,
    MEDIA_HOST,
    OAUTH_HOST,
    RingCamera,
    RingCloud,
    RingEvent,
)
from tests.clouds.server import Answer, Asked
from tests.waits import until

from . import whole

HARDWARE_ID = "0d3b7a52-6a31-4d4c-9d7e-2b8f6c1e5a90"
TOKEN_PLACE = f"{OAUTH_HOST}/oauth/token"
SEARCH_PLACE = f"{API_HOST}/clients_api/video_search"
HISTORY_PLACE = "/history$"
PLAY_PLACE = "/share/play"
DEVICES_PLACE = f"{API_HOST}/clients_api/ring_devices"
SESSION_PLACE = f"{API_HOST}/clients_api/session"
HTML = "<html><body>Sorry, you have been blocked</body></html>"
# Long ago, so that nothing more is expected of it.
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare most tests our own limit; one below keeps it."""
    monkeypatch.setattr(ring_api, "RATE", (1000, 1.0))
    monkeypatch.setattr(pictures, "SNAPSHOT_PAUSE_S", 0.05)


@pytest.fixture
def cloud(clouds: Clouds) -> RingCloud:
    """Return a Ring account that does not throttle."""
    clouds.ring.rate_limit = (1000, 1.0)
    return clouds.ring


@pytest.fixture
def doorbell(cloud: RingCloud) -> RingCamera:
    """Return the account's doorbell."""
    return cloud.add_camera("Front Door")


@pytest.fixture
def kept() -> list[dict[str, Any]]:
    """Return what the source wanted to be kept."""
    return []


@pytest.fixture
def source(
    cloud: RingCloud, session: ClientSession, kept: list[dict[str, Any]]
) -> RingSource:
    """Return the account's source, as after a restart."""
    credentials = {
        "username": cloud.username,
        "token": cloud.token(),
        "hardware_id": HARDWARE_ID,
    }
    return RingSource(credentials, session=session, keep_credentials=kept.append)


@pytest.fixture
async def camera(doorbell: RingCamera, source: RingSource) -> ListedCamera:
    """Return the doorbell as the source lists it."""
    (camera,) = await source.cameras()
    return camera


def around(event: RingEvent, *, before_s: float = 5, after_s: float = 5) -> Window:
    """Return a window that an event's recording lies in."""
    return Window(
        event.start - timedelta(seconds=before_s),
        event.end + timedelta(seconds=after_s),
    )


async def fetch(
    source: RingSource, camera: ListedCamera, part: RingPart, path: Path
) -> Path:
    """Fetch a part to a file."""
    async with source.fetch(camera, part, MediaOptions()) as download:
        path.write_bytes(await whole(download))
    return path


def part_of(event: RingEvent) -> RecordingPart:
    """Return the part that a plan has for an event."""
    return RecordingPart(
        window=Window(event.start, event.end),
        event_ids=(str(event.id),),
        recording_id=str(event.id),
    )


# Sign-in


async def test_sign_in_with_a_code(
    cloud: RingCloud, session: ClientSession, doorbell: RingCamera
) -> None:
    """A password gets a code sent, and with the code a token that works."""
    with pytest.raises(TwoFactorRequired) as raised:
        await sign_in(session, cloud.username, cloud.password, HARDWARE_ID)
    assert (raised.value.sent_by, raised.value.phone) == ("sms", "+3xxxxxxx44")

    token = await sign_in(
        session, cloud.username, cloud.password, HARDWARE_ID, cloud.codes[-1]
    )

    assert type(token) is dict
    assert json.loads(json.dumps(token)) == token
    credentials = {
        "username": cloud.username,
        "token": token,
        "hardware_id": HARDWARE_ID,
    }
    found = await RingSource(credentials, session=session).cameras()
    assert [one.name for one in found] == ["Front Door"]
    asked = cloud.asked()
    assert {one.headers["User-Agent"] for one in asked} == {
        "ClipDownload/1.0 HomeAssistant"
    }
    assert {one.headers["hardware_id"] for one in asked} == {HARDWARE_ID}


async def test_sign_in_without_two_factors(
    cloud: RingCloud, session: ClientSession
) -> None:
    """An old account without a second factor signs in at once."""
    cloud.two_factor = None
    token = await sign_in(session, cloud.username, cloud.password, HARDWARE_ID)
    assert token["refresh_token"]


async def test_wrong_password(cloud: RingCloud, session: ClientSession) -> None:
    """A wrong password is one."""
    with pytest.raises(SignInError, match="^invalid_auth$"):
        await sign_in(session, cloud.username, "wrong", HARDWARE_ID)


async def test_wrong_and_expired_code(cloud: RingCloud, session: ClientSession) -> None:
    """A wrong code is told apart from a wrong password, and so is an expired one."""
    with pytest.raises(TwoFactorRequired):
        await sign_in(session, cloud.username, cloud.password, HARDWARE_ID)
    with pytest.raises(SignInError, match="^invalid_code$"):
        await sign_in(session, cloud.username, cloud.password, HARDWARE_ID, "wrong")
    cloud.clouds.offset = timedelta(minutes=11)
    with pytest.raises(SignInError, match="^invalid_code$"):
        await sign_in(
            session, cloud.username, cloud.password, HARDWARE_ID, cloud.codes[-1]
        )


async def test_too_many_codes(cloud: RingCloud, session: ClientSession) -> None:
    """When Ring sends no more codes, the password is not the fault."""
    for _ in range(10):
        with pytest.raises(TwoFactorRequired):
            await sign_in(session, cloud.username, cloud.password, HARDWARE_ID)
    with pytest.raises(CloudError, match="^too_many_codes$"):
        await sign_in(session, cloud.username, cloud.password, HARDWARE_ID)


TOKEN_FAULTS = [
    pytest.param({"body": HTML}, "cloud_nonsense", id="HTML"),
    pytest.param({"body": ""}, "cloud_nonsense", id="empty"),
    pytest.param({"body": "{}"}, "cloud_nonsense", id="no token"),
    pytest.param({"body": "[]"}, "cloud_nonsense", id="a list"),
    pytest.param({"body": '{"access_token": "a"}'}, "cloud_nonsense", id="half"),
    pytest.param(
        {"body": '{"access_token": "a", "refresh_token": "r", "scope": "other"}'},
        "cloud_nonsense",
        id="another scope",
    ),
    pytest.param({"status": 500, "body": '{"error": "x"}'}, "cloud_trouble", id="500"),
    pytest.param({"status": 503}, "cloud_trouble", id="503"),
    pytest.param({"status": 403, "body": HTML}, "cloud_trouble", id="blocked"),
    pytest.param({"status": 401, "body": HTML}, "cloud_trouble", id="HTML 401"),
    pytest.param({"status": 412, "body": HTML}, "cloud_trouble", id="HTML 412"),
    pytest.param({"status": 400, "body": "{}"}, "cloud_trouble", id="400"),
    pytest.param(
        {"status": 429, "body": '{"error": "throttled"}'}, "cloud_throttled", id="429"
    ),
    pytest.param(
        {"status": 302, "headers": {"Location": "http://127.0.0.1/"}},
        "cloud_redirect",
        id="redirect",
    ),
    pytest.param({"drop": True}, "cloud_unreachable", id="no answer"),
]


@pytest.mark.parametrize(("fault", "key"), TOKEN_FAULTS)
async def test_sign_in_during_an_outage(
    cloud: RingCloud, session: ClientSession, fault: dict[str, Any], key: str
) -> None:
    """Whatever Ring's trouble, it is not a wrong password."""
    cloud.misbehave(TOKEN_PLACE, **fault)
    with pytest.raises(CloudError) as raised:
        await sign_in(session, cloud.username, cloud.password, HARDWARE_ID)
    assert raised.value.key == key


@pytest.mark.parametrize(("fault", "key"), TOKEN_FAULTS)
async def test_refresh_during_an_outage(
    *,
    cloud: RingCloud,
    source: RingSource,
    doorbell: RingCamera,
    kept: list[dict[str, Any]],
    fault: dict[str, Any],
    key: str,
) -> None:
    """Whatever Ring's trouble, the sign-in is not lost by it."""
    cloud.expire_access_tokens()
    cloud.misbehave(TOKEN_PLACE, **fault)
    with pytest.raises(CloudError) as raised:
        await source.cameras()
    assert raised.value.key == key
    assert not kept

    assert len(await source.cameras()) == 1
    assert len(kept) == 1


# Tokens


async def test_rotated_tokens_are_kept(
    cloud: RingCloud,
    source: RingSource,
    session: ClientSession,
    doorbell: RingCamera,
    kept: list[dict[str, Any]],
) -> None:
    """A refresh in mid-call is not noticed, and its token is good after a restart."""
    cloud.expire_access_tokens()
    await source.cameras()

    (changed,) = kept
    assert changed.keys() == {"token"}
    assert type(changed["token"]) is dict
    assert (
        changed["token"]["refresh_token"] != source.credentials["token"]["access_token"]
    )
    restarted = RingSource({**source.credentials, **changed}, session=session)
    cloud.expire_access_tokens()
    assert len(await restarted.cameras()) == 1


async def test_token_known_to_be_expired(
    cloud: RingCloud,
    session: ClientSession,
    doorbell: RingCamera,
    kept: list[dict[str, Any]],
) -> None:
    """A token that has run out is refreshed before it is used."""
    token = {**cloud.token(), "expires_at": time.time() - 1}
    credentials = {"username": "x", "token": token, "hardware_id": HARDWARE_ID}
    source = RingSource(credentials, session=session, keep_credentials=kept.append)
    await source.cameras()

    assert len(kept) == 1
    authorizations = {one.headers["Authorization"] for one in cloud.asked(API_HOST)}
    assert authorizations == {f"Bearer {kept[0]['token']['access_token']}"}


async def test_refresh_to_another_scope(
    cloud: RingCloud, session: ClientSession
) -> None:
    """A token for something else is Ring's trouble, also where it was due anyway."""
    token = {**cloud.token(), "expires_at": time.time() - 1}
    credentials = {"username": "x", "token": token, "hardware_id": HARDWARE_ID}
    said = {"access_token": "a", "refresh_token": "r", "scope": "other"}
    cloud.misbehave(TOKEN_PLACE, body=json.dumps(said))
    with pytest.raises(CloudError, match="^cloud_nonsense$"):
        await RingSource(credentials, session=session).cameras()


async def test_nobody_keeps_the_token(
    cloud: RingCloud, session: ClientSession, doorbell: RingCamera
) -> None:
    """The source works on with its own token where nobody keeps it."""
    token = cloud.token()
    source = RingSource(
        {"username": "x", "token": token, "hardware_id": HARDWARE_ID}, session=session
    )
    cloud.expire_access_tokens()
    await source.cameras()
    assert len(await source.cameras()) == 1
    assert len(cloud.asked(TOKEN_PLACE)) == 1


async def test_many_calls_and_one_refresh(
    cloud: RingCloud,
    source: RingSource,
    camera: ListedCamera,
    kept: list[dict[str, Any]],
) -> None:
    """However many calls find the token expired, it is refreshed once."""
    event = cloud.add_event(cloud.cameras[0], start=NOON)
    cloud.expire_access_tokens()
    await asyncio.gather(
        source.cameras(),
        source.identify(),
        *(source.plan(camera, around(event), MediaOptions()) for _ in range(5)),
    )
    assert len(cloud.asked(TOKEN_PLACE)) == 1
    assert len(kept) == 1


async def test_cancelled_refresh(
    cloud: RingCloud,
    source: RingSource,
    doorbell: RingCamera,
    kept: list[dict[str, Any]],
) -> None:
    """Who asked may go away: the token that Ring gave is kept all the same."""
    cloud.expire_access_tokens()
    cloud.misbehave(TOKEN_PLACE, delay_s=0.3)
    asking = asyncio.create_task(source.cameras())
    await until(lambda: bool(cloud.asked(TOKEN_PLACE)))
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking

    assert len(await source.cameras()) == 1
    assert len(cloud.asked(TOKEN_PLACE)) == 1
    assert len(kept) == 1


async def test_refused_refresh(
    cloud: RingCloud, source: RingSource, doorbell: RingCamera
) -> None:
    """Only a refused refresh asks for a new sign-in."""
    cloud.revoke()
    with pytest.raises(SignInError, match="^invalid_auth$"):
        await source.cameras()
    with pytest.raises(SignInError, match="^invalid_auth$"):
        await source.identify()


async def test_token_without_a_refresh_token(
    cloud: RingCloud, session: ClientSession
) -> None:
    """A token that cannot be refreshed asks for a new sign-in."""
    token = {**cloud.token(), "refresh_token": ""}
    credentials = {"username": "x", "token": token, "hardware_id": HARDWARE_ID}
    cloud.expire_access_tokens()
    with pytest.raises(SignInError, match="^invalid_auth$"):
        await RingSource(credentials, session=session).cameras()


async def test_second_factor_wanted_for_a_refresh(
    cloud: RingCloud, source: RingSource
) -> None:
    """Ring may want a code again; then a person has to sign in."""
    cloud.expire_access_tokens()
    cloud.misbehave(TOKEN_PLACE, status=412, body="{}")
    with pytest.raises(SignInError, match="^two_factor_required$"):
        await source.cameras()


async def test_unauthorized_once(
    cloud: RingCloud, source: RingSource, doorbell: RingCamera
) -> None:
    """A single 401 is not noticed."""
    cloud.misbehave(DEVICES_PLACE, status=401)
    assert len(await source.cameras()) == 1
    assert len(cloud.asked(TOKEN_PLACE)) == 1


async def test_unauthorized_for_one_recording(
    cloud: RingCloud,
    source: RingSource,
    camera: ListedCamera,
    doorbell: RingCamera,
    tmp_path: Path,
) -> None:
    """A 401 for recordings alone is Ring's trouble, and no storm of refreshes."""
    event = cloud.add_event(doorbell, start=NOON, duration_s=2)
    cloud.misbehave(PLAY_PLACE, status=401, times=2)
    with pytest.raises(CloudError, match="401") as raised:
        await fetch(source, camera, part_of(event), tmp_path / "part")
    assert raised.value.retry_after_s == 30
    assert len(cloud.asked(TOKEN_PLACE)) == 1
    await fetch(source, camera, part_of(event), tmp_path / "part")


# Who it is, and what there is


async def test_identify(cloud: RingCloud, source: RingSource) -> None:
    """An account is known by Ring's own id, and shown by its e-mail."""
    assert await source.identify() == Identity(
        id="4445516", title="Ring someone@example.com"
    )


@pytest.mark.parametrize(
    "body",
    [HTML, "", "[]", "{}", '{"profile": null}', '{"profile": {"id": null}}'],
)
async def test_identify_nonsense(
    cloud: RingCloud, source: RingSource, body: str
) -> None:
    """A session's answer that makes no sense is told as that."""
    cloud.misbehave(SESSION_PLACE, body=body, times=2)
    with pytest.raises(CloudError, match="^cloud_nonsense$"):
        await source.identify()


async def test_cameras(cloud: RingCloud, source: RingSource) -> None:
    """Every family with video is listed, and nothing else."""
    cloud.add_camera("Front Door")
    cloud.add_camera("Neighbour", family="authorized_doorbots", has_subscription=False)
    cloud.add_camera("Garden", family="stickup_cams", kind="hp_cam_v1")

    front, neighbour, garden = await source.cameras()

    assert front == ListedCamera(
        id="3861978",
        name="Front Door",
        model="Doorbell Pro",
        serial_number="aacdef3aedda",
        firmware="1.4.26",
        is_doorbell=True,
        has_subscription=True,
    )
    assert neighbour.has_subscription is False
    assert garden.model == "Floodlight Cam"
    assert garden.is_doorbell is False


async def test_unknown_kinds(
    cloud: RingCloud, source: RingSource, caplog: pytest.LogCaptureFixture
) -> None:
    """A kind newer than ring_doorbell is a camera like any other, and no noise."""
    cloud.add_camera("New", family="stickup_cams", kind="stickup_cam_2030")
    cloud.add_camera("Bell", kind="doorbell_2030")
    for _ in range(3):
        bell, new = await source.cameras()
    assert (bell.model, new.model) == ("doorbell_2030", "stickup_cam_2030")
    assert len([one for one in caplog.records if one.levelno >= logging.ERROR]) == 1


async def test_cameras_come_and_go(cloud: RingCloud, source: RingSource) -> None:
    """Each list is Ring's of now."""
    old = cloud.add_camera("Old")
    assert [one.name for one in await source.cameras()] == ["Old"]
    cloud.add_camera("New")
    assert [one.name for one in await source.cameras()] == ["Old", "New"]
    cloud.remove_camera(old)
    assert [one.name for one in await source.cameras()] == ["New"]


async def test_sparse_device(cloud: RingCloud, source: RingSource) -> None:
    """A device of which Ring says next to nothing is still a camera."""
    cloud.misbehave(
        DEVICES_PLACE, body='{"doorbots": [{"id": 7, "description": null}]}'
    )
    (camera,) = await source.cameras()
    assert (camera.id, camera.name, camera.model) == ("7", "Ring 7", None)
    assert camera.has_subscription is None


async def test_cameras_among_other_devices(
    cloud: RingCloud, source: RingSource, tmp_path: Path
) -> None:
    """Cameras of other makers and intercoms with video are cameras; a handset is none."""
    cloud.add_camera("Yard", family="other", kind="onvif_camera")
    cloud.add_camera("Gate", family="other", kind="intercom_handset_video")
    yard, gate = await source.cameras()
    assert (yard.name, yard.model, yard.is_doorbell) == (
        "Yard",
        "ONVIF Camera",
        False,
    )
    assert (gate.name, gate.model, gate.is_doorbell) == (
        "Gate",
        "Intercom Video",
        True,
    )
    event = cloud.ring_doorbell(cloud.cameras[1], start=NOON, duration_s=2)
    (part,) = (await source.plan(gate, around(event), MediaOptions())).parts
    await fetch(source, gate, part, tmp_path / "part")


@pytest.mark.parametrize(
    "body", [HTML, "", "{}", "[]", '{"doorbots": null}', '{"doorbots": [{}]}']
)
async def test_cameras_nonsense(
    cloud: RingCloud, source: RingSource, body: str
) -> None:
    """Nonsense is never taken for an account without cameras."""
    cloud.misbehave(DEVICES_PLACE, body=body)
    with pytest.raises(CloudError, match="^cloud_nonsense$"):
        await source.cameras()


async def test_lost_session(
    cloud: RingCloud, source: RingSource, camera: ListedCamera
) -> None:
    """A session that Ring forgot is opened again, unnoticed."""
    cloud.drop_sessions()
    assert len(await source.cameras()) == 1
    assert len(cloud.asked(SESSION_PLACE)) == 2


async def test_trouble(
    cloud: RingCloud, source: RingSource, camera: ListedCamera
) -> None:
    """A status without a meaning of its own is told, and not tried again at once."""
    cloud.misbehave(DEVICES_PLACE, status=502, headers={"Retry-After": "7"}, times=9)
    with pytest.raises(CloudError, match="502") as raised:
        await source.cameras()
    assert (raised.value.key, raised.value.retry_after_s) == ("cloud_trouble", 7)
    assert len(cloud.asked(DEVICES_PLACE)) == 2


async def test_huge_answer(
    cloud: RingCloud, source: RingSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer without an end is not read to it."""
    monkeypatch.setattr(ring_api, "LARGEST_JSON_BYTES", 1000)
    cloud.misbehave(DEVICES_PLACE, body=b" " * 2000)
    with pytest.raises(CloudError, match="^cloud_nonsense$"):
        await source.cameras()


async def test_throttled(
    cloud: RingCloud, source: RingSource, camera: ListedCamera
) -> None:
    """A wish to be left alone is kept by the whole account."""
    cloud.misbehave(DEVICES_PLACE, status=429, headers={"Retry-After": "1"})
    cloud.misbehave(DEVICES_PLACE, status=429)
    asked_at = time.monotonic()
    with pytest.raises(CloudError, match="^cloud_throttled$") as raised:
        await source.cameras()
    assert raised.value.retry_after_s == 1

    with pytest.raises(CloudError, match="^cloud_throttled$") as raised:
        await source.cameras()
    assert raised.value.retry_after_s == pytest.approx(http.FIRST_QUIET_S)
    assert time.monotonic() - asked_at > 0.9


async def test_one_call_at_a_time(
    cloud: RingCloud,
    source: RingSource,
    camera: ListedCamera,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However many ask at once, Ring is asked one thing after the other."""
    true_answer = cloud.answer
    at_once = most_at_once = 0

    async def answer(asked: Asked) -> Answer:
        nonlocal at_once, most_at_once
        at_once += 1
        most_at_once = max(most_at_once, at_once)
        # Whoever else asks has all the time to come.
        await asyncio.sleep(0.05)
        told = await true_answer(asked)
        at_once -= 1
        return told

    monkeypatch.setattr(cloud, "answer", answer)
    window = Window(NOON, NOON + timedelta(minutes=1))
    await asyncio.gather(
        *(source.events(camera, window) for _ in range(4)), source.cameras()
    )
    assert len(cloud.requests) >= 5
    assert most_at_once == 1


async def test_pages_without_an_end(
    cloud: RingCloud,
    source: RingSource,
    camera: ListedCamera,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A history that always has more is no history: what is missing nobody knows."""
    monkeypatch.setattr(lists, "MOST_PAGES", 5)
    cloud.misbehave(SEARCH_PLACE, times=99, status=404)
    moment = (NOON + timedelta(seconds=30)).isoformat()
    for page in range(99):
        entries = [
            {"id": page * 100 + number, "kind": "motion", "created_at": moment}
            for number in range(100)
        ]
        cloud.misbehave("doorbots/.*/history$", status=200, body=json.dumps(entries))
    with pytest.raises(CloudError, match="^cloud_nonsense"):
        await source.events(camera, Window(NOON, NOON + timedelta(minutes=1)))
    assert len(cloud.asked("doorbots/.*/history$")) == 5


async def test_own_rate(
    cloud: RingCloud, session: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests are spread, however many calls there are at once."""
    monkeypatch.undo()
    credentials = {
        "username": "x",
        "token": cloud.token(),
        "hardware_id": HARDWARE_ID,
    }
    source = RingSource(credentials, session=session)
    begun = time.monotonic()
    await asyncio.gather(*(source.identify() for _ in range(6)))
    assert time.monotonic() - begun > 0.9


# Plans


async def test_plan(
    cloud: RingCloud, source: RingSource, camera: ListedCamera, doorbell: RingCamera
) -> None:
    """A window's plan is the recordings that overlap it, the oldest first."""
    other = cloud.add_camera("Garden")
    cloud.add_event(other, start=NOON, duration_s=600)
    cloud.add_event(doorbell, start=NOON - timedelta(minutes=10))
    live = cloud.add_event(
        doorbell, "on_demand", start=NOON - timedelta(minutes=9), duration_s=590
    )
    ding = cloud.add_event(doorbell, "ding", start=NOON + timedelta(seconds=55))
    motion = cloud.add_event(
        doorbell, start=NOON + timedelta(seconds=20, milliseconds=7)
    )
    cloud.add_event(doorbell, start=NOON + timedelta(seconds=60))

    plan = await source.plan(
        camera, Window(NOON, NOON + timedelta(minutes=1)), MediaOptions()
    )

    assert plan.parts == [part_of(live), part_of(motion), part_of(ding)]
    assert plan.again_after_s is None
    assert not cloud.asked(HISTORY_PLACE.replace("/", "doorbots/.*/"))


async def test_ids_are_exact(
    cloud: RingCloud, source: RingSource, camera: ListedCamera, doorbell: RingCamera
) -> None:
    """Ids beyond what a float holds come through, by search and by history."""
    events = [
        cloud.add_event(doorbell, start=NOON + timedelta(seconds=30 * n))
        for n in range(2)
    ]
    assert all(event.id > 2**53 for event in events)
    expected = [(str(event.id),) for event in events]
    window = Window(NOON, NOON + timedelta(minutes=1))

    searched = await source.plan(camera, window, MediaOptions())
    assert [part.event_ids for part in searched.parts] == expected
    cloud.misbehave(SEARCH_PLACE, status=404)
    listed = await source.plan(camera, window, MediaOptions())
    assert listed.parts == searched.parts


async def test_search_of_many(
    cloud: RingCloud, source: RingSource, camera: ListedCamera, doorbell: RingCamera
) -> None:
    """More recordings than a page holds are all found, each once."""
    events = [
        cloud.add_event(doorbell, start=NOON + timedelta(seconds=30 * n), duration_s=10)
        for n in range(250)
    ]
    plan = await source.plan(
        camera, Window(NOON, NOON + timedelta(hours=3)), MediaOptions()
    )
    assert plan.parts == [part_of(event) for event in events]


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 400},
        {"status": 403},
        {"status": 404},
        {"status": 500},
        {"body": HTML},
        {"body": "{}"},
        {"body": '{"video_search": null}'},
        {"body": '{"video_search": ["?"]}'},
    ],
)
async def test_way_round_the_search(
    cloud: RingCloud,
    source: RingSource,
    camera: ListedCamera,
    doorbell: RingCamera,
    fault: dict[str, Any],
) -> None:
    """Where the search fails, the history is read page by page, as far as needed."""
    events = [
        cloud.add_event(doorbell, start=NOON + timedelta(minutes=n), duration_s=10)
        for n in range(330)
    ]
    cloud.misbehave(SEARCH_PLACE, **fault)
    window = Window(NOON + timedelta(minutes=130), NOON + timedelta(minutes=140))

    plan = await source.plan(camera, window, MediaOptions())

    assert plan.parts == [part_of(event) for event in events[130:140]]
    pages = cloud.asked(f"/doorbots/{camera.id}{HISTORY_PLACE}")
    assert [page.query.get("older_than") for page in pages] == [
        None,
        str(events[230].id),
        str(events[130].id),
    ]
    assert {page.query["limit"] for page in pages} == {"100"}


async def test_search_is_not_tried_without_a_network(
    cloud: RingCloud, source: RingSource, camera: ListedCamera
) -> None:
    """Where Ring cannot be reached, the history cannot be either."""
    cloud.misbehave(SEARCH_PLACE, drop=True, times=5)
    with pytest.raises(CloudError, match="cloud_unreachable"):
        await source.plan(
            camera, Window(NOON, NOON + timedelta(hours=1)), MediaOptions()
        )
    assert not cloud.asked(f"/doorbots/{camera.id}{HISTORY_PLACE}")


async def test_search_switched_off(
    cloud: RingCloud, source: RingSource, camera: ListedCamera, doorbell: RingCamera
) -> None:
    """A search that finds nothing is doubted: some accounts have none."""
    cloud.has_search = False
    event = cloud.add_event(doorbell, start=NOON)
    plan = await source.plan(camera, around(event), MediaOptions())
    assert plan.parts == [part_of(event)]


async def test_doubt_has_an_end(
    cloud: RingCloud,
    source: RingSource,
    camera: ListedCamera,
    doorbell: RingCamera,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A search that works is believed before a long history is read to its end."""
    monkeypatch.setattr(lists, "PAGES_IN_DOUBT", 2)
    for n in range(300):
        cloud.add_event(doorbell, start=NOON + timedelta(minutes=n))
    window = Window(NOON - timedelta(days=9), NOON - timedelta(days=9, minutes=-1))
    plan = await source.plan(camera, window, MediaOptions())
    assert not plan.parts
    assert len(cloud.asked(f"/doorbots/{camera.id}{HISTORY_PLACE}")) == 2


async def test_history_that_stands_still(
    cloud: RingCloud, source: RingSource, camera: ListedCamera, doorbell: RingCamera
) -> None:
    """Cameras that record all day answer each page with the same one."""
    for minute in range(120):
        cloud.add_event(
            doorbell, start=NOON + timedelta(days=1, minutes=minute), duration_s=10
        )
    cloud.history_pages = "repeated"
    cloud.misbehave(SEARCH_PLACE, status=404)
    plan = await source.plan(
        camera, Window(NOON, NOON + timedelta(hours=1)), MediaOptions()
    )
    assert not plan.parts
    assert len(cloud.asked(f"/doorbots/{camera.id}{HISTORY_PLACE}")) == 2


async def test_odd_entries(
    cloud: RingCloud, source: RingSource, camera: ListedCamera, doorbell: RingCamera
) -> None:
    """An event of no known time is left out: it is not one of now."""
    now = datetime.now(UTC)
    listed = {"duration": 10.0, "recording": {"status": "ready"}}
    stamp = f"{now - timedelta(seconds=30):%Y-%m-%dT%H:%M:%S}"
    entries = [
        {**listed, "id": 1, "created_at": None},
        {**listed, "id": 2},
        {**listed, "id": 3, "created_at": "yesterday"},
        {**listed, "id": 4, "created_at": 10**30},
        {**listed, "id": 9, "created_at": "9999-12-31T23:59:59Z"},
        {**listed, "id": 10, "created_at": "0001-01-01T00:00:00+14:00"},
        {**listed, "id": None, "created_at": f"{stamp}Z"},
        {**listed, "id": 5, "created_at": f"{stamp}.123456Z"},
        {**listed, "id": 6, "created_at": stamp},
        {"id": 7, "created_at": f"{stamp}Z", "recording": None},
        {"id": 8, "created_at": f"{stamp}Z", "recording": {"status": "ready"}},
    ]
    cloud.misbehave(SEARCH_PLACE, status=404)
    cloud.misbehave(HISTORY_PLACE, body=json.dumps(entries))
    plan = await source.plan(
        camera, Window(now - timedelta(seconds=40), now), MediaOptions()
    )

    assert [part.event_ids for part in plan.parts] == [("6",), ("8",), ("5",)]
    # Of 7 it is not told whether it is ready, nor how long it is.
    assert plan.again_after_s is not None
    assert plan.parts[1].window.duration == timedelta(minutes=2)


async def test_not_ready_yet(
    cloud: RingCloud, source: RingSource, camera: ListedCamera, doorbell: RingCamera
) -> None:
    """What is listed and not ready is waited for; what is ready can be taken."""
    now = datetime.now(UTC)
    first = cloud.add_event(
        doorbell, start=now - timedelta(seconds=60), duration_s=10, ready_after_s=0
    )
    second = cloud.add_event(
        doorbell, "ding", start=now - timedelta(seconds=40), ready_after_s=60
    )
    window = Window(first.start, second.end)

    early = await source.plan(camera, window, MediaOptions())
    assert early.parts == [part_of(first)]
    assert early.again_after_s == 5

    cloud.clouds.offset = timedelta(minutes=2)
    late = await source.plan(camera, window, MediaOptions())
    assert late.parts == [part_of(first), part_of(second)]


async def test_listed_event_in_progress(
    cloud: RingCloud, source: RingSource, camera: ListedCamera, doorbell: RingCamera
) -> None:
    """A recording that still goes on is waited for."""
    event = cloud.ring_doorbell(doorbell, duration_s=30)
    window = Window(event.start - timedelta(seconds=10), event.start)
    window = Window(window.start, event.start + timedelta(seconds=1))
    plan = await source.plan(camera, window, MediaOptions())
    assert not plan.parts
    assert plan.again_after_s == 5


async def test_fresh_and_old_window_without_events(
    cloud: RingCloud, source: RingSource, camera: ListedCamera
) -> None:
    """Nothing in a fresh window is asked for again; nothing in an old one is nothing."""
    now = datetime.now(UTC)
    waits = []
    for age_s in (10, 90, 500):
        end = now - timedelta(seconds=age_s)
        plan = await source.plan(
            camera, Window(end - timedelta(minutes=1), end), MediaOptions()
        )
        assert not plan.parts
        waits.append(plan.again_after_s)
    assert waits == [5, pytest.approx(15, abs=1), 30]

    old = now - timedelta(minutes=11)
    plan = await source.plan(
        camera, Window(old - timedelta(minutes=1), old), MediaOptions()
    )
    assert (list(plan.parts), plan.again_after_s) == ([], None)


async def test_more_may_be_listed(
    cloud: RingCloud, source: RingSource, camera: ListedCamera, doorbell: RingCamera
) -> None:
    """A window that has only just ended may get another event."""
    now = datetime.now(UTC)
    event = cloud.add_event(
        doorbell, start=now - timedelta(seconds=30), duration_s=10, ready_after_s=0
    )
    fresh = await source.plan(camera, Window(event.start, now), MediaOptions())
    assert (fresh.parts, fresh.again_after_s) == ([part_of(event)], 5)
    covered = await source.plan(camera, Window(event.start, event.end), MediaOptions())
    assert (covered.parts, covered.again_after_s) == ([part_of(event)], None)


async def test_never_ready(
    cloud: RingCloud, source: RingSource, camera: ListedCamera, doorbell: RingCamera
) -> None:
    """What is not ready after an hour will never be, and is not waited for."""
    event = cloud.add_event(
        doorbell,
        start=datetime.now(UTC) - timedelta(hours=2),
        ready_after_s=10**9,
    )
    cloud.misbehave(SEARCH_PLACE, status=404)
    plan = await source.plan(camera, around(event), MediaOptions())
    assert (list(plan.parts), plan.again_after_s) == ([], None)


async def test_without_inline_urls(
    cloud: RingCloud,
    source: RingSource,
    camera: ListedCamera,
    doorbell: RingCamera,
    tmp_path: Path,
) -> None:
    """A search may leave out the URLs: the history tells what is ready."""
    now = datetime.now(UTC)
    event = cloud.add_event(
        doorbell,
        start=now - timedelta(seconds=60),
        duration_s=2,
        ready_after_s=0,
        has_inline_urls=False,
    )
    old = cloud.add_event(doorbell, start=NOON, duration_s=2, has_inline_urls=False)
    for one in (event, old):
        plan = await source.plan(camera, around(one), MediaOptions())
        assert plan.parts == [part_of(one)]
        path = await fetch(source, camera, plan.parts[0], tmp_path / str(one.id))
        assert first_and_last(path, of=doorbell.footage).start >= one.start


async def test_encrypted(
    cloud: RingCloud, source: RingSource, camera: ListedCamera, doorbell: RingCamera
) -> None:
    """End-to-end encrypted recordings are refused, unless others are there."""
    secret = cloud.add_event(doorbell, start=NOON, is_e2ee=True)
    with pytest.raises(RefusedError, match="^end_to_end_encrypted$"):
        await source.plan(camera, around(secret), MediaOptions())

    plain = cloud.add_event(doorbell, start=NOON + timedelta(seconds=30))
    window = Window(secret.start, plain.end)
    assert (await source.plan(camera, window, MediaOptions())).parts == [part_of(plain)]

    cloud.events.clear()
    doorbell.e2ee_enabled = True
    (camera,) = await source.cameras()
    with pytest.raises(RefusedError, match="^end_to_end_encrypted$"):
        await source.plan(camera, around(secret), MediaOptions())


async def test_no_subscription(
    cloud: RingCloud, source: RingSource, camera: ListedCamera, doorbell: RingCamera
) -> None:
    """Without a plan there is no footage; what an earlier plan left is given."""
    event = cloud.add_event(doorbell, start=NOON, had_subscription=False)
    with pytest.raises(RefusedError, match="^no_subscription$"):
        await source.plan(camera, around(event), MediaOptions())

    doorbell.has_subscription = False
    (camera,) = await source.cameras()
    empty = Window(NOON - timedelta(hours=1), NOON - timedelta(minutes=50))
    with pytest.raises(RefusedError, match="^no_subscription$"):
        await source.plan(camera, empty, MediaOptions())

    event.had_subscription = True
    plan = await source.plan(camera, around(event), MediaOptions())
    assert plan.parts == [part_of(event)]


async def test_recordings_of_somebody_else(
    cloud: RingCloud, source: RingSource, camera: ListedCamera, tmp_path: Path
) -> None:
    """Where Ring does not let a guest see recordings, it is told as that."""
    cloud.misbehave(SEARCH_PLACE, status=403)
    cloud.misbehave(HISTORY_PLACE, status=403)
    with pytest.raises(RefusedError, match="^recordings_refused$"):
        await source.plan(
            camera, Window(NOON, NOON + timedelta(hours=1)), MediaOptions()
        )

    event = cloud.add_event(cloud.cameras[0], start=NOON)
    cloud.misbehave(PLAY_PLACE, status=403)
    with pytest.raises(RefusedError, match="^recordings_refused$"):
        await fetch(source, camera, part_of(event), tmp_path / "part")


async def test_history_in_trouble(
    cloud: RingCloud, source: RingSource, camera: ListedCamera
) -> None:
    """Where both ways fail, it is Ring's trouble and not an empty window."""
    window = Window(NOON, NOON + timedelta(hours=1))
    cloud.misbehave("/history$", status=500, times=2)
    with pytest.raises(CloudError, match="500"):
        await source.plan(camera, window, MediaOptions())
    cloud.misbehave("/history$", body=HTML, times=2)
    with pytest.raises(CloudError, match="^cloud_nonsense$"):
        await source.plan(camera, window, MediaOptions())


# Downloads


async def test_fetch(
    cloud: RingCloud,
    source: RingSource,
    camera: ListedCamera,
    doorbell: RingCamera,
    tmp_path: Path,
) -> None:
    """A recording is what the camera saw, fetched with a URL that came with the list."""
    event = cloud.ring_doorbell(doorbell, start=NOON, duration_s=3)
    (part,) = (await source.plan(camera, around(event), MediaOptions())).parts

    path = await fetch(source, camera, part, tmp_path / "part")

    shown = first_and_last(path, of=doorbell.footage)
    assert shown == (event.start, event.end - timedelta(milliseconds=100))
    assert not cloud.asked(PLAY_PLACE)
    (asked,) = cloud.asked(MEDIA_HOST)
    assert "original" in asked.path
    assert {name.lower() for name in asked.headers} <= {
        "host",
        "user-agent",
        "accept",
        "accept-encoding",
    }
    assert cloud.leaks == []


async def test_fetch_again_gets_a_new_url(
    cloud: RingCloud,
    source: RingSource,
    camera: ListedCamera,
    doorbell: RingCamera,
    tmp_path: Path,
) -> None:
    """An URL that has run out is not waited for: another is asked for."""
    event = cloud.add_event(doorbell, start=NOON, duration_s=2)
    (part,) = (await source.plan(camera, around(event), MediaOptions())).parts
    cloud.end_urls()
    await fetch(source, camera, part, tmp_path / "part")
    assert len(cloud.asked(PLAY_PLACE)) == 1
    assert len({one.url for one in cloud.asked(MEDIA_HOST)}) == 2


async def test_kept_urls_do_not_get_old(
    *,
    cloud: RingCloud,
    source: RingSource,
    camera: ListedCamera,
    doorbell: RingCamera,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An URL of an older plan is thrown away."""
    event = cloud.add_event(doorbell, start=NOON, duration_s=2)
    (part,) = (await source.plan(camera, around(event), MediaOptions())).parts
    monkeypatch.setattr(ring, "URL_LIFETIME_S", 0)
    await fetch(source, camera, part, tmp_path / "part")
    assert len(cloud.asked(PLAY_PLACE)) == 1


@pytest.mark.parametrize("answer", ["null", "404"])
async def test_fetch_before_it_is_ready(
    *,
    cloud: RingCloud,
    source: RingSource,
    camera: ListedCamera,
    doorbell: RingCamera,
    tmp_path: Path,
    answer: Any,
) -> None:
    """A recording that has no URL yet is waited for."""
    cloud.not_ready = answer
    event = cloud.add_event(
        doorbell, start=datetime.now(UTC) - timedelta(seconds=5), duration_s=2
    )
    with pytest.raises(NotReadyError, match="^footage_not_ready$") as raised:
        await fetch(source, camera, part_of(event), tmp_path / "part")
    assert raised.value.after_s == 5
    cloud.clouds.offset = timedelta(minutes=1)
    await fetch(source, camera, part_of(event), tmp_path / "part")


async def test_ready_but_not_in_the_store(
    cloud: RingCloud,
    source: RingSource,
    camera: ListedCamera,
    doorbell: RingCamera,
    tmp_path: Path,
) -> None:
    """What is called ready, and is not in the store, is waited for, for an hour."""
    start = datetime.now(UTC) - timedelta(minutes=50)
    event = cloud.add_event(doorbell, start=start, duration_s=2, stored_after_s=10**9)
    with pytest.raises(NotReadyError) as raised:
        await fetch(source, camera, part_of(event), tmp_path / "part")
    assert raised.value.after_s == 30
    assert not (tmp_path / "part").exists()

    old = cloud.add_event(doorbell, start=NOON, duration_s=2, stored_after_s=10**9)
    with pytest.raises(NoFootageError, match="^no_footage$"):
        await fetch(source, camera, part_of(old), tmp_path / "part")


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (403, NoFootageError),
        (404, NoFootageError),
        (416, NoFootageError),
        (425, NoFootageError),
        (410, NoFootageError),
        (204, CloudError),
        (429, CloudError),
        (500, CloudError),
    ],
)
async def test_store_says_no(
    *,
    cloud: RingCloud,
    source: RingSource,
    camera: ListedCamera,
    doorbell: RingCamera,
    tmp_path: Path,
    status: int,
    error: type[Exception],
) -> None:
    """Each of the store's answers has its meaning, and none names the URL."""
    event = cloud.add_event(doorbell, start=NOON, duration_s=2)
    cloud.misbehave(MEDIA_HOST, status=status, times=4)
    with pytest.raises(error) as raised:
        await fetch(source, camera, part_of(event), tmp_path / "part")
    assert "http" not in str(raised.value)
    assert "X-Amz" not in str(raised.value)


@pytest.mark.parametrize(
    "body",
    [
        HTML,
        "",
        "[]",
        '{"url": "http://download.example.com/1.mp4"}',
        '{"url": "ftp://x"}',
        '{"url": 7}',
    ],
)
async def test_play_nonsense(
    *,
    cloud: RingCloud,
    source: RingSource,
    camera: ListedCamera,
    doorbell: RingCamera,
    tmp_path: Path,
    body: str,
) -> None:
    """A URL that is none is Ring's trouble."""
    event = cloud.add_event(doorbell, start=NOON, duration_s=2)
    cloud.misbehave(PLAY_PLACE, body=body)
    with pytest.raises(CloudError, match="^cloud_nonsense$"):
        await fetch(source, camera, part_of(event), tmp_path / "part")


async def test_url_into_the_house(
    cloud: RingCloud,
    source: RingSource,
    camera: ListedCamera,
    doorbell: RingCamera,
    tmp_path: Path,
) -> None:
    """No answer of Ring leads into a user's own network."""
    event = cloud.add_event(doorbell, start=NOON, duration_s=2)
    cloud.misbehave(PLAY_PLACE, body='{"url": "https://192.168.1.1/reboot"}')
    with pytest.raises(CloudError, match="cloud_redirect"):
        await fetch(source, camera, part_of(event), tmp_path / "part")


async def test_play_in_trouble(
    cloud: RingCloud,
    source: RingSource,
    camera: ListedCamera,
    doorbell: RingCamera,
    tmp_path: Path,
) -> None:
    """A 500 for a URL is trouble, and not a recording that is late."""
    event = cloud.add_event(doorbell, start=NOON, duration_s=2)
    cloud.misbehave(PLAY_PLACE, status=500)
    with pytest.raises(CloudError, match="500"):
        await fetch(source, camera, part_of(event), tmp_path / "part")


async def test_nothing_secret_in_logs(
    *,
    cloud: RingCloud,
    source: RingSource,
    camera: ListedCamera,
    doorbell: RingCamera,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Not even a debug log of ours or ring_doorbell's holds a URL or a token."""
    caplog.set_level(logging.DEBUG)
    event = cloud.add_event(doorbell, start=NOON, duration_s=2)
    cloud.expire_access_tokens()
    (part,) = (await source.plan(camera, around(event), MediaOptions())).parts
    await fetch(source, camera, part, tmp_path / "part")
    cloud.revoke()
    with pytest.raises(SignInError):
        await source.cameras()

    token = source.credentials["token"]
    for secret in ("X-Amz", token["access_token"], token["refresh_token"]):
        assert secret not in caplog.text


# Pictures, wishes


async def test_picture(
    cloud: RingCloud, source: RingSource, camera: ListedCamera, doorbell: RingCamera
) -> None:
    """A picture is taken, else the last is shown."""
    asked_at = datetime.now(UTC)
    doorbell.snapshot_at = NOON
    picture = await source.picture(camera)
    assert picture is not None
    assert picture.startswith(b"\xff\xd8")
    assert doorbell.snapshot_at >= asked_at


async def test_picture_without_waking(
    cloud: RingCloud, source: RingSource, camera: ListedCamera, doorbell: RingCamera
) -> None:
    """The picture that there is costs the camera nothing."""
    assert await source.picture(camera, is_fresh=False) is None
    doorbell.snapshot_at = NOON
    picture = await source.picture(camera, is_fresh=False)
    assert picture == doorbell.footage.picture(NOON)

    now = datetime.now(UTC)
    for hours in (70, 1, 2):
        cloud.add_event(doorbell, start=now - timedelta(hours=hours))
    newest = cloud.events[1]
    picture = await source.picture(camera, is_fresh=False)
    assert picture == doorbell.footage.picture(newest.start)

    doorbell.takes_snapshots = True
    (camera,) = await source.cameras()
    picture = await source.picture(camera, is_fresh=False)
    assert picture == doorbell.footage.picture(NOON)
    assert doorbell.snapshot_at == NOON
    assert not cloud.asked("/snapshots/timestamps")
    assert cloud.leaks == []


@pytest.mark.parametrize(
    ("place", "fault"),
    [
        (SEARCH_PLACE, {"status": 404}),
        (SEARCH_PLACE, {"body": HTML}),
        (SEARCH_PLACE, {"body": '{"video_search": ["?"]}'}),
        (MEDIA_HOST, {"status": 403}),
        (MEDIA_HOST, {"status": 500}),
        (MEDIA_HOST, {"body": HTML}),
    ],
)
async def test_no_thumbnail(
    *,
    cloud: RingCloud,
    source: RingSource,
    camera: ListedCamera,
    doorbell: RingCamera,
    place: str,
    fault: dict[str, Any],
) -> None:
    """Where there is no picture of an event, the last snapshot is shown."""
    doorbell.snapshot_at = NOON
    cloud.add_event(doorbell, start=datetime.now(UTC) - timedelta(hours=1))
    cloud.misbehave(place, **fault)
    picture = await source.picture(camera, is_fresh=False)
    assert picture == doorbell.footage.picture(NOON)


async def test_no_picture(
    cloud: RingCloud, source: RingSource, camera: ListedCamera, doorbell: RingCamera
) -> None:
    """A camera without snapshots has none, whatever way Ring says so."""
    doorbell.has_snapshots = False
    assert await source.picture(camera) is None

    doorbell.has_snapshots = True
    doorbell.snapshot_at = NOON
    cloud.misbehave("/snapshots/image", status=404)
    assert await source.picture(camera) is None
    cloud.misbehave("/snapshots/image", body=HTML)
    assert await source.picture(camera) is None
    cloud.misbehave("/snapshots/image", status=500)
    with pytest.raises(CloudError, match="500"):
        await source.picture(camera)
    cloud.misbehave("/snapshots/timestamps", body="{}")
    with pytest.raises(CloudError, match="^cloud_nonsense$"):
        await source.picture(camera)


async def test_picture_that_does_not_change(
    cloud: RingCloud,
    source: RingSource,
    camera: ListedCamera,
    doorbell: RingCamera,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A camera that takes no new picture shows its old one."""
    monkeypatch.setattr(pictures, "SNAPSHOT_TRIES", 1)
    doorbell.snapshot_at = NOON
    stamps = {"timestamps": [{"doorbot_id": doorbell.id, "timestamp": 1}]}
    cloud.misbehave("/snapshots/timestamps", body=json.dumps(stamps), times=2)
    assert await source.picture(camera) == doorbell.footage.picture(NOON)


def test_wishes(source: RingSource) -> None:
    """Ring's recordings are as they are."""
    source.check(MediaOptions(audio=False))
    with pytest.raises(InvalidRequestError, match="codec"):
        source.check(MediaOptions(codec=Codec.HEVC))
