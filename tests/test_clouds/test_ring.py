"""The simulated Ring speaks Ring's protocol: `ring_doorbell`'s own client works with it."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import ClientSession
from freezegun.api import FrozenDateTimeFactory
import pytest
from ring_doorbell import (
    Auth,
    AuthenticationError,
    Requires2FAError,
    Ring,
    RingDevices,
    RingError,
)
from ring_doorbell.listen import RingEventListener
from yarl import URL

from tests.clouds import Clouds
from tests.clouds.footage import first_and_last, seen, tiny
from tests.clouds.ring import MEDIA_HOST, Pages, RingCamera, RingCloud

# ring_doorbell hands its sign-in to aiohttp in a way that aiohttp 4 will not take.
pytestmark = pytest.mark.filterwarnings("ignore:The 'auth' parameter is deprecated")

AGENT = "Somebody/1.0"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def cloud(clouds: Clouds) -> RingCloud:
    """Return a Ring account without limits that a test would run into."""
    clouds.ring.rate_limit = (1000, 1.0)
    return clouds.ring


@pytest.fixture
def camera(cloud: RingCloud) -> RingCamera:
    """Return the account's doorbell."""
    return cloud.add_camera("Front Door")


@pytest.fixture
async def ring(
    cloud: RingCloud, camera: RingCamera, session: ClientSession
) -> AsyncGenerator[Ring]:
    """Return ring_doorbell's client, signed in."""
    auth = Auth(AGENT, cloud.token(), hardware_id="h", http_client_session=session)
    ring = Ring(auth)
    await ring.async_update_data()
    yield ring
    await auth.async_close()


async def test_sign_in_with_a_code(cloud: RingCloud, session: ClientSession) -> None:
    """A password gets a code sent, and with the code a token."""
    tokens: list[dict[str, Any]] = []
    auth = Auth(AGENT, None, tokens.append, "h", http_client_session=session)

    with pytest.raises(Requires2FAError):
        await auth.async_fetch_token(cloud.username, cloud.password)
    with pytest.raises(AuthenticationError, match="Verification Code"):
        await auth.async_fetch_token(cloud.username, cloud.password, "wrong")
    await auth.async_fetch_token(cloud.username, cloud.password, cloud.codes[-1])

    (token,) = tokens
    assert token["refresh_token"]
    assert token["expires_in"] == 14_400


async def test_codes_run_out(cloud: RingCloud, session: ClientSession) -> None:
    """A code is good for some time, and ten are sent in ten minutes."""
    auth = Auth(AGENT, hardware_id="h", http_client_session=session)
    for _ in range(10):
        with pytest.raises(Requires2FAError):
            await auth.async_fetch_token(cloud.username, cloud.password)

    with pytest.raises(AuthenticationError, match="dependency service"):
        await auth.async_fetch_token(cloud.username, cloud.password)
    cloud.clouds.offset = timedelta(minutes=11)
    with pytest.raises(AuthenticationError, match="Verification Code"):
        await auth.async_fetch_token(cloud.username, cloud.password, cloud.codes[-1])


async def test_wrong_password(cloud: RingCloud, session: ClientSession) -> None:
    """A wrong password gets no code."""
    auth = Auth(AGENT, hardware_id="h", http_client_session=session)

    with pytest.raises(AuthenticationError):
        await auth.async_fetch_token(cloud.username, "wrong")

    assert not cloud.codes


async def test_refresh_tokens_rotate(cloud: RingCloud, session: ClientSession) -> None:
    """A refresh token is good once."""
    token = cloud.token()
    auth = Auth(AGENT, token, hardware_id="h", http_client_session=session)
    refreshed = await auth.async_refresh_tokens()
    assert refreshed["refresh_token"] != token["refresh_token"]

    again = Auth(AGENT, token, hardware_id="h", http_client_session=session)
    with pytest.raises(AuthenticationError):
        await again.async_refresh_tokens()


async def test_access_tokens_expire(cloud: RingCloud, ring: Ring) -> None:
    """ring_doorbell refreshes on a 401 and fails once, as it does with Ring."""
    cloud.expire_access_tokens()
    with pytest.raises(RingError):
        await ring.async_update_devices()
    await ring.async_update_devices()


async def test_families(cloud: RingCloud, ring: Ring) -> None:
    """Devices come in Ring's families; only some have video."""
    cloud.add_camera("Neighbour", family="authorized_doorbots")
    cloud.add_camera("Garden", family="stickup_cams", kind="hp_cam_v1")
    await ring.async_update_devices()
    devices = RingDevices(ring, ring.devices_data)

    assert [one.name for one in devices.video_devices] == [
        "Front Door",
        "Neighbour",
        "Garden",
    ]
    assert devices.video_devices[2].model == "Floodlight Cam"
    assert devices.video_devices[0].has_subscription
    assert [one.name for one in devices.chimes] == ["Downstairs"]
    assert [one.name for one in devices.other] == ["Ingress"]
    await devices.video_devices[0].async_update_health_data()
    assert devices.video_devices[0].wifi_name == "home"


async def test_history(cloud: RingCloud, camera: RingCamera, ring: Ring) -> None:
    """The history is newest first, in pages of at most a hundred."""
    events = [
        cloud.add_event(camera, start=NOON + timedelta(minutes=n), duration_s=10)
        for n in range(130)
    ]
    device = ring.devices().video_devices[0]

    newest = await device.async_history(limit=200)
    rest = await device.async_history(limit=200, older_than=newest[-1]["id"])

    assert [one["id"] for one in newest + rest] == [one.id for one in events[::-1]]
    assert len(newest) == 100
    assert newest[0]["created_at"] == events[-1].start
    assert newest[0]["id"] > 2**53
    assert newest[0]["recording"] == {"status": "ready"}


async def test_active_ring(cloud: RingCloud, camera: RingCamera, ring: Ring) -> None:
    """A ring at the door is active for a while, and its recording in progress."""
    event = cloud.ring_doorbell(camera)
    await ring.async_update_dings()
    (alert,) = ring.active_alerts()
    assert (alert.id, alert.kind, alert.doorbot_id) == (event.id, "ding", camera.id)

    device = ring.devices().video_devices[0]
    assert [
        (await device.async_history(limit=1))[0]["recording"]["status"],
        await device.async_recording_url(event.id),
    ] == ["inprogress", None]
    cloud.clouds.offset = timedelta(seconds=30)
    assert (await device.async_history())[0]["recording"]["status"] == "uploading"
    cloud.clouds.offset = timedelta(seconds=41)
    assert (await device.async_history())[0]["recording"]["status"] == "ready"


async def test_recording(
    cloud: RingCloud,
    camera: RingCamera,
    ring: Ring,
    session: ClientSession,
    tmp_path: Path,
) -> None:
    """The recording is an MP4 of its event; its URL works byte for byte, for a while."""
    event = cloud.add_event(camera, start=NOON, duration_s=3)
    device = ring.devices().video_devices[0]
    path = tmp_path / "recording.mp4"
    url = await device.async_recording_url(event.id)
    assert url is not None

    async with session.get(URL(url, encoded=True)) as response:
        assert response.status == 200
        path.write_bytes(await response.read())
    first, last = first_and_last(path, of=camera.footage)
    assert (first, last) == (NOON, NOON + timedelta(seconds=2.9))
    assert cloud.leaks == []

    # A library that writes the URL anew breaks the signature.
    async with session.get(url) as response:
        assert response.status == 403
        assert b"SignatureDoesNotMatch" in await response.read()
    cloud.end_urls()
    async with session.get(URL(url, encoded=True)) as response:
        assert response.status == 403
        assert b"expired" in await response.read()


async def test_transcoded_recording(
    cloud: RingCloud, camera: RingCamera, ring: Ring, tmp_path: Path
) -> None:
    """ring_doorbell follows the redirect to the store, and tells it its hardware id."""
    event = cloud.add_event(camera, start=NOON, duration_s=2)
    device = ring.devices().video_devices[0]
    path = tmp_path / "recording.mp4"
    # The redirect's URL does not survive aiohttp's own way of following it.
    with pytest.raises(RingError, match="403"):
        await device.async_recording_download(event.id, str(path))

    assert cloud.leaks == ["hardware_id"]
    assert cloud.asked(MEDIA_HOST)


async def test_store_without_the_file(
    cloud: RingCloud, camera: RingCamera, ring: Ring, session: ClientSession
) -> None:
    """What is called ready may still be missing from the store."""
    event = cloud.add_event(camera, start=NOON, stored_after_s=10**9)
    url = await ring.devices().video_devices[0].async_recording_url(event.id)
    assert url is not None

    async with session.get(URL(url, encoded=True)) as response:
        assert response.status == 404
        assert b"NoSuchKey" in await response.read()


async def test_search(cloud: RingCloud, camera: RingCamera, ring: Ring) -> None:
    """A search by time tells recordings with their URLs."""
    events = [
        cloud.add_event(camera, start=NOON + timedelta(minutes=n)) for n in range(5)
    ]
    answer = await ring.async_query(
        "/clients_api/video_search/history",
        extra_params={
            "doorbot_id": camera.id,
            "date_from": int(events[1].start.timestamp() * 1000),
            "date_to": int(events[3].start.timestamp() * 1000),
            "order": "asc",
        },
    )
    found = answer.json()["video_search"]

    assert [one["ding_id"] for one in found] == [str(one.id) for one in events[1:4]]
    assert found[0]["created_at"] == events[1].start.timestamp() * 1000
    assert found[0]["untranscoded_url"].startswith(f"https://{MEDIA_HOST}/")


@pytest.mark.parametrize(("cut", "first"), [("oldest", 30), ("newest", 0)])
async def test_search_of_many(
    cloud: RingCloud, camera: RingCamera, ring: Ring, cut: Any, first: int
) -> None:
    """A search answers twenty, however many there are: the newest, as Ring's does."""
    assert cloud.search_cut == "oldest"
    cloud.search_cut = cut
    events = [
        cloud.add_event(camera, start=NOON + timedelta(minutes=n)) for n in range(50)
    ]
    answer = await ring.async_query(
        "/clients_api/video_search/history",
        extra_params={
            "doorbot_id": camera.id,
            "date_from": int(NOON.timestamp() * 1000),
            "date_to": int((NOON + timedelta(days=7)).timestamp() * 1000),
            "order": "asc",
        },
    )
    found = [one["ding_id"] for one in answer.json()["video_search"]]
    assert found == [str(one.id) for one in events[first : first + 20]]


async def test_around_the_clock(
    cloud: RingCloud, camera: RingCamera, ring: Ring, session: ClientSession
) -> None:
    """A stretch is one file without a length, or a time lapse and events' recordings."""
    cloud.add_event(camera, start=NOON, duration_s=10)
    path = f"https://api.ring.com/evm/v2/timeline/24/devices/{camera.id}"
    asked: dict[str, Any] = {
        "url": path,
        "params": {
            "start_time": "2026-11-20T11:59:00.000Z",
            "end_time": "2026-11-20T12:01:00.000Z",
        },
        "headers": {
            "Authorization": f"Bearer {cloud.token()['access_token']}",
            "hardware_id": "h",
            "X-API-VERSION": "1",
        },
    }
    async with session.get(**asked) as response:
        (slot,) = (await response.json())["timeline"]
    assert [one["schema"] for one in slot["items"]] == ["CloudMedia", "Footage"]
    assert not slot["items"][0]["custom_metadata"]["recording_24x7_enabled"]

    camera.always_since = NOON - timedelta(hours=1)
    async with session.get(**asked) as response:
        (slot,) = (await response.json())["timeline"]
    item = slot["items"][-1]
    assert item["custom_metadata"]["recording_24x7_enabled"]
    assert (item["start_time"], item["end_time"]) == tuple(asked["params"].values())
    async with session.get(URL(item["url"], encoded=True)) as response:
        assert response.content_length is None
        assert (await response.read())[4:8] == b"ftyp"


async def test_as_the_app_shows_it(
    cloud: RingCloud, camera: RingCamera, ring: Ring, tmp_path: Path
) -> None:
    """Ring makes it when it is asked to, with what came before the event."""
    event = cloud.add_event(camera, start=NOON, duration_s=2, preroll_s=3)
    path = "/share_service/v2/transcodings/downloads"
    begun = await ring.async_query(
        path, method="POST", json={"ding_id": str(event.id), "file_type": "VIDEO"}
    )
    assert (begun.json()["status"], begun.json()["result_url"]) == ("pending", None)
    cloud.clouds.offset = timedelta(seconds=12)
    done = await ring.async_query(f"{path}/{event.id}")
    assert done.json()["status"] == "done"
    assert done.json()["result_url"].startswith(f"https://{MEDIA_HOST}/")


async def test_new_sessions_end_pushes(cloud: RingCloud, ring: Ring) -> None:
    """Pushes go to the last session that told where to."""
    listener = RingEventListener(ring)
    await listener.add_subscription_to_ring("token")
    await ring.async_create_session()
    assert not cloud.push_tokens
    profile = (await ring.async_query("/clients_api/profile")).json()["profile"]
    assert profile["email"] == cloud.username


async def test_what_is_listed(cloud: RingCloud, camera: RingCamera, ring: Ring) -> None:
    """What Ring saw is told, and what a test says in place of the truth."""
    cloud.add_event(camera, start=NOON, saw="human")
    cloud.add_event(camera, start=NOON + timedelta(minutes=1), created_at=None, id=7)
    answer = await ring.async_query(f"/clients_api/doorbots/{camera.id}/history")
    second, first = answer.json()
    assert first["cv_properties"]["detection_type"] == "human"
    assert first["cv_properties"]["person_detected"] is True
    assert (second["id"], second["created_at"]) == (7, None)
    assert second["cv_properties"]["person_detected"] is None


@pytest.mark.parametrize(
    ("pages", "begins"), [("in order", 30), ("repeated", 0), ("skipping", 33)]
)
async def test_pages(
    *,
    cloud: RingCloud,
    camera: RingCamera,
    ring: Ring,
    pages: Pages,
    begins: int,
) -> None:
    """The history's pages follow each other, or do not."""
    cloud.history_pages = pages
    newest = [
        cloud.add_event(camera, start=NOON - timedelta(minutes=n), duration_s=10)
        for n in range(50)
    ]
    device = ring.devices().video_devices[0]
    page = await device.async_history(limit=30)
    assert page[0]["id"] == newest[0].id
    page = await device.async_history(limit=10, older_than=page[-1]["id"])
    assert page[0]["id"] == newest[begins].id


async def test_push_token(cloud: RingCloud, ring: Ring) -> None:
    """Where Ring is to push to is taken note of, as ring_doorbell's listener tells it."""
    listener = RingEventListener(ring)
    await listener.add_subscription_to_ring("token")
    assert listener.subscribed
    assert cloud.push_tokens == {"h": "token"}


async def test_ten_thousand_events(
    cloud: RingCloud,
    session: ClientSession,
    freezer: FrozenDateTimeFactory,
    tmp_path: Path,
) -> None:
    """Many cameras and events cost little, in simulated time too; each frame is known."""
    freezer.move_to(NOON)
    cloud.rate_limit = (10**6, 1.0)
    cameras = [
        cloud.add_camera(f"Camera {n}", footage=tiny(f"Camera {n}")) for n in range(20)
    ]
    for n in range(10_000):
        cloud.add_event(
            cameras[n % 20],
            "ding",
            start=NOON + timedelta(seconds=6 * (n // 20)),
            duration_s=5,
            ready_after_s=n % 181,
        )
    auth = Auth(AGENT, cloud.token(), hardware_id="h", http_client_session=session)
    ring = Ring(auth)
    freezer.move_to(NOON + timedelta(hours=2))
    urls = {}
    for camera in cameras:
        answer = await ring.async_query(
            "/clients_api/video_search/history",
            extra_params={
                "doorbot_id": camera.id,
                "date_from": int(NOON.timestamp() * 1000),
                "date_to": int((NOON + timedelta(hours=2)).timestamp() * 1000),
                "order": "asc",
            },
        )
        found = answer.json()["video_search"]
        assert len(found) == 20
        urls[camera.id] = found[-1]["untranscoded_url"]

    for camera in cameras:
        async with session.get(URL(urls[camera.id], encoded=True)) as response:
            (tmp_path / "clip.mp4").write_bytes(await response.read())
        frames = list(seen(tmp_path / "clip.mp4"))
        event = [one for one in cloud.events if one.camera is camera][-1]
        assert len(frames) == 10
        for frame in frames:
            assert event.start <= frame.moment < event.end
            assert frame.camera == camera.footage.camera


async def test_snapshot(camera: RingCamera, ring: Ring) -> None:
    """A snapshot is taken when the last one's time is asked for."""
    device = ring.devices().video_devices[0]
    picture = await device.async_get_snapshot(retries=3, delay=0)
    assert picture is not None
    assert picture.startswith(b"\xff\xd8")


async def test_too_many_requests(cloud: RingCloud, ring: Ring) -> None:
    """Ring throttles."""
    cloud.rate_limit = (0, 1.0)
    with pytest.raises(RingError, match="429"):
        await ring.async_update_devices()


async def test_sessions_get_lost(cloud: RingCloud, ring: Ring) -> None:
    """Without a session of the hardware id there is nothing."""
    cloud.drop_sessions()
    with pytest.raises(RingError, match="404"):
        await ring.async_update_devices()
    await ring.async_create_session()
    await ring.async_update_devices()
