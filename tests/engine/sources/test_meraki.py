"""Meraki: cameras of all organizations, and any window in clips of five minutes."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
import itertools
import json
from pathlib import Path
from typing import Any, override

from aiohttp import ClientSession, TCPConnector
import pytest

from custom_components.clip_download.engine.errors import (
    BadAnswerError,
    CameraUnknownError,
    ClipError,
    CloudError,
    InvalidRequestError,
    NoFootageError,
    NoPermissionError,
    NotReadyError,
    NotVideoError,
    RefusedError,
    SignInError,
    UnreachableError,
)
from custom_components.clip_download.engine.model import (
    Clock,
    Identity,
    MediaOptions,
    Part,
)
from custom_components.clip_download.engine.sources import http
from custom_components.clip_download.engine.sources.meraki import client as meraki
from custom_components.clip_download.engine.sources.meraki.client import (
    MerakiCamera as ListedCamera,
    MerakiSource,
    split_for_requests,
)
from custom_components.clip_download.engine.time_range import Placing, Window
from tests.clouds import Clouds
from tests.clouds.footage import Footage, moments, tiny
from tests.clouds.server import Answer, Asked, Cloud, Server, json_answer
from tests.conftest import AUTHORITY
from tests.simulated import NOON, simulated
from tests.waits import until

from . import whole

BASE = "https://api.meraki.com/api/v1"
# Long ago enough that all of it is there.
PAST = (datetime.now(UTC) - timedelta(hours=1)).replace(microsecond=0)
TEN_S = Window(PAST, PAST + timedelta(seconds=10))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Poll as fast as a test wants to end."""
    monkeypatch.setattr(meraki, "FIRST_POLL_S", 0.05)
    monkeypatch.setattr(meraki, "SNAPSHOT_POLL_S", 0.05)


@pytest.fixture(autouse=True)
def ready(clouds: Clouds) -> None:
    """Let clips be ready at once."""
    clouds.meraki.ready_after_s = 0


@pytest.fixture
def source(clouds: Clouds, session: ClientSession) -> MerakiSource:
    """Return the source of the cloud's only key."""
    return new_source(clouds, session)


def new_source(
    clouds: Clouds, session: ClientSession, base_url: str = BASE
) -> MerakiSource:
    """Make a source for the cloud's only key."""
    return MerakiSource(
        {"api_key": clouds.meraki.api_key, "base_url": base_url}, session=session
    )


async def fetch(
    source: MerakiSource, camera: ListedCamera, window: Window, path: Path
) -> None:
    """Fetch a window as a single part into a file."""
    part = Part(window=window, placing=Placing.REQUESTED)
    async with source.fetch(camera, part, MediaOptions()) as download:
        path.write_bytes(await whole(download))


async def fetched(source: MerakiSource, camera: ListedCamera, part: Part) -> bytes:
    """Return what comes of a part."""
    async with source.fetch(camera, part, MediaOptions()) as download:
        return await whole(download)


async def failing(
    source: MerakiSource, camera: ListedCamera, window: Window = TEN_S
) -> ClipError:
    """Return the error that a fetch ends with."""
    with pytest.raises(ClipError) as caught:
        async with source.fetch(camera, Part(window=window), MediaOptions()):
            pass
    return caught.value


def errors(*texts: str) -> str:
    """Return the body of an error of the API."""
    return json.dumps({"errors": texts})


# Whose key it is


async def test_identify(clouds: Clouds, source: MerakiSource) -> None:
    """An account is known by its host and its first organization, whosever the key is."""
    clouds.meraki.add_organization("Acme")
    assert await source.identify() == Identity(
        id="api.meraki.com/2930418", title="Meraki Acme"
    )
    clouds.meraki.add_organization("Other")
    assert await source.identify() == Identity(
        id="api.meraki.com/2930418",
        title="Meraki Acme +1",
        others=frozenset({"api.meraki.com/2930419"}),
    )


async def test_wrong_key(clouds: Clouds, source: MerakiSource) -> None:
    """A key that the cloud refuses has to be given again."""
    clouds.meraki.api_key = "another"
    with pytest.raises(SignInError, match="invalid_auth"):
        await source.identify()
    with pytest.raises(SignInError, match="invalid_auth"):
        await source.cameras()
    assert (await failing(source, ListedCamera(id="Q2", name=""))).key == "invalid_auth"


async def test_hotel_page_is_no_wrong_key(clouds: Clouds, source: MerakiSource) -> None:
    """A page that stands in the way does not make the key a bad one."""
    clouds.meraki.misbehave(times=2, status=401, body="<html>Sign in to our Wi-Fi")
    with pytest.raises(CloudError, match="cloud_nonsense"):
        await source.identify()
    with pytest.raises(CloudError, match="cloud_nonsense"):
        await source.cameras()


@pytest.mark.parametrize("has_one", [True, False])
async def test_api_switched_off(
    clouds: Clouds, source: MerakiSource, has_one: bool
) -> None:
    """A key without an organization that lets it in is told from a bad one."""
    if has_one:
        clouds.meraki.add_organization(api_enabled=False)
    with pytest.raises(CloudError, match="no_organization"):
        await source.identify()


@pytest.mark.parametrize("domain", ["meraki.ca", "meraki.cn", "gov-meraki.com"])
async def test_regions(clouds: Clouds, session: ClientSession, domain: str) -> None:
    """Each region has a host of its own, which the key stays with."""
    clouds.meraki.domain = domain
    clouds.meraki.add_camera("Door")
    source = new_source(clouds, session, f"https://api.{domain}/api/v1/")
    assert (await source.identify()).id == f"api.{domain}/2930418"
    assert [camera.name for camera in await source.cameras()] == ["Door"]
    assert {asked.host for asked in clouds.meraki.requests} == {f"api.{domain}"}


# Cameras


async def test_cameras(clouds: Clouds, source: MerakiSource) -> None:
    """All MV cameras of all networks are listed, and nothing else."""
    house = clouds.meraki.add_network("House")
    barn = clouds.meraki.add_network("Barn")
    clouds.meraki.add_camera("Door", network=house, serial="Q2AA-BBBB-CCCC")
    clouds.meraki.add_camera(None, network=barn, serial="Q2DD-EEEE-FFFF", model="MV2")
    clouds.meraki.add_camera(
        "Wi-Fi", network=barn, model="MR46", product_type="wireless"
    )
    clouds.meraki.add_camera("Odd", network=barn, model="XX1")
    assert await source.cameras() == [
        ListedCamera(
            id="Q2AA-BBBB-CCCC",
            name="Door",
            model="MV72X",
            serial_number="Q2AA-BBBB-CCCC",
            firmware="camera-7-2",
            network_id=house.id,
        ),
        ListedCamera(
            id="Q2DD-EEEE-FFFF",
            name="MV2 Q2DD-EEEE-FFFF",
            model="MV2",
            serial_number="Q2DD-EEEE-FFFF",
            firmware="camera-7-2",
            network_id=barn.id,
        ),
    ]


async def test_imagers_are_cameras(clouds: Clouds, source: MerakiSource) -> None:
    """Each imager of a camera that has several is a camera."""
    clouds.meraki.add_camera("Yard", model="MV84X", imagers=4, serial="Q2-1")
    cameras = await source.cameras()
    assert [camera.id for camera in cameras] == ["Q2-1:1", "Q2-1:2", "Q2-1:3", "Q2-1:4"]
    assert [camera.name for camera in cameras][3] == "Yard 4"
    assert {camera.serial_number for camera in cameras} == {"Q2-1"}


async def test_pages_within_the_rate(clouds: Clouds, source: MerakiSource) -> None:
    """Many pages are read one by one, and the cloud never has to say "too many"."""
    clouds.meraki.largest_page = 3
    # Not a single request to spare.
    clouds.meraki.burst = 6
    for number in range(70):
        clouds.meraki.add_camera(f"Camera {number}")
    assert len(await source.cameras()) == 70
    pages = clouds.meraki.asked("/devices")
    assert len(pages) == 24
    assert all(page.query["productTypes[]"] == "camera" for page in pages)
    assert all("Bearer" in page.headers["Authorization"] for page in pages)


async def test_closed_organizations(clouds: Clouds, source: MerakiSource) -> None:
    """Organizations that let nobody in do not hide the cameras of the others."""
    meraki_cloud = clouds.meraki
    for number, name in enumerate(("Off", "Forbidden", "Gone", "Lapsed", "Open")):
        organization = meraki_cloud.add_organization(name, api_enabled=number != 0)
        network = meraki_cloud.add_network(organization=organization)
        meraki_cloud.add_camera(name, network=network)
    off, *closed, _ = meraki_cloud.organizations
    for organization_id, status in zip(closed, (403, 404, 400), strict=True):
        meraki_cloud.misbehave(
            f"{organization_id}/devices", status=status, body=errors("No access")
        )
    assert [camera.name for camera in await source.cameras()] == ["Open"]
    assert not meraki_cloud.asked(f"{off}/devices")


@pytest.mark.parametrize("api", [{}, None])
async def test_organization_that_tells_little(
    clouds: Clouds, source: MerakiSource, api: dict[str, Any] | None
) -> None:
    """One that does not say whether its API is switched on is asked all the same."""
    clouds.meraki.add_camera("Door")
    (organization_id,) = clouds.meraki.organizations
    listed = [{"id": organization_id, "name": "Home", "api": api}]
    clouds.meraki.misbehave("/organizations$", body=json.dumps(listed))
    assert [camera.name for camera in await source.cameras()] == ["Door"]


@pytest.mark.parametrize(
    ("fault", "key"),
    [
        ({"status": 500}, "cloud_trouble"),
        ({"status": 502, "body": "<html>"}, "cloud_trouble"),
        ({"body": "<html>"}, "cloud_nonsense"),
        ({"body": "{}"}, "cloud_nonsense"),
        ({"drop": True, "times": 2}, "cloud_unreachable"),
        ({"status": 429, "headers": {"Retry-After": "0"}}, "cloud_throttled"),
        ({"truncate_after_bytes": 10}, "cloud_unreachable"),
    ],
)
async def test_outage_hides_no_camera(
    clouds: Clouds, source: MerakiSource, fault: dict[str, Any], key: str
) -> None:
    """Half a list would look as if cameras had been removed; so there is none."""
    clouds.meraki.add_camera("Door")
    clouds.meraki.misbehave("/devices", **fault)
    with pytest.raises(CloudError, match=key):
        await source.cameras()
    assert [camera.name for camera in await source.cameras()] == ["Door"]


async def test_next_page_elsewhere(clouds: Clouds, source: MerakiSource) -> None:
    """The key does not follow a next page to another host."""
    clouds.meraki.add_camera("Door")
    clouds.meraki.misbehave(
        "/devices",
        body='[{"serial":"Q2","model":"MV2"}]',
        headers={"Link": "<https://ring.com/devices>; rel=next"},
    )
    with pytest.raises(CloudError, match="cloud_redirect"):
        await source.cameras()
    assert {asked.host for asked in clouds.requests} == {"api.meraki.com"}


async def test_pages_in_a_circle(clouds: Clouds, source: MerakiSource) -> None:
    """A page that leads to one that was there ends the list, which is all there is."""
    for name in ("Door", "Yard", "Shed", "Gate"):
        clouds.meraki.add_camera(name)
    clouds.meraki.largest_page = 3
    second = {"Link": f"<{BASE}/organizations/2930418/devices?page=2>; rel=next"}
    devices = json.dumps([{"serial": "Q2", "model": "MV12", "name": "Door"}])
    clouds.meraki.misbehave("/devices$", times=99, headers=second, body=devices)
    assert [camera.id for camera in await source.cameras()] == ["Q2"]
    assert len(clouds.meraki.asked("/devices$")) == 2


async def test_pages_for_ever(
    clouds: Clouds, source: MerakiSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list without an end is no list: what is missing of it nobody knows."""
    monkeypatch.setattr(meraki, "MOST_PAGES", 5)
    clouds.meraki.add_camera("Door")
    devices = json.dumps([{"serial": "Q2", "model": "MV12", "name": "Door"}])
    for page in range(99):
        link = {"Link": f"<{BASE}/organizations/1/devices?page={page}>; rel=next"}
        clouds.meraki.misbehave("/devices$", headers=link, body=devices)
    with pytest.raises(CloudError, match="^cloud_nonsense$"):
        await source.cameras()
    assert len(clouds.meraki.asked("/devices$")) == 5


async def test_endless_pages(clouds: Clouds, source: MerakiSource) -> None:
    """A list that always names a next page ends with an empty one."""
    clouds.meraki.add_camera("Door")
    link = {"Link": f"<{BASE}/organizations/2930418/devices>; rel=next"}
    clouds.meraki.misbehave(
        "/devices", body='[{"serial":"Q2","model":"MV2"}]', headers=link
    )
    clouds.meraki.misbehave("/devices", body="[]", headers=link)
    assert [camera.id for camera in await source.cameras()] == ["Q2"]


async def test_shards(clouds: Clouds, source: MerakiSource, tmp_path: Path) -> None:
    """Requests that are sent to an organization's own host take the key along."""
    organization = clouds.meraki.add_organization(shard="n42.meraki.com")
    network = clouds.meraki.add_network(organization=organization)
    clouds.meraki.add_camera("Door", network=network)
    (camera,) = await source.cameras()
    await fetch(source, camera, TEN_S, tmp_path / "clip.ts")
    assert await source.picture(camera)
    snapshot = clouds.meraki.asked("generateSnapshot")[-1]
    assert (snapshot.host, snapshot.method) == ("n42.meraki.com", "POST")
    assert clouds.meraki.leaks == []


# Plans


@pytest.mark.parametrize(
    ("length_s", "lengths_s"),
    [
        (0.2, [1]),
        (1, [1]),
        (299.999, [300]),
        (300, [300]),
        (300.001, [150, 151]),
        (600, [300, 300]),
        (3600, [300] * 12),
        (86_400, [300] * 288),
    ],
)
def test_split(length_s: float, lengths_s: list[int]) -> None:
    """No request is longer than five minutes or shorter than a second."""
    window = Window(PAST, PAST + timedelta(seconds=length_s))
    requests = split_for_requests(window)
    assert [request.duration.total_seconds() for request in requests] == lengths_s
    assert requests[0].start == PAST
    assert all(
        one.end == following.start for one, following in itertools.pairwise(requests)
    )


async def test_plan_on_whole_seconds(clouds: Clouds, source: MerakiSource) -> None:
    """The ends of a window are moved outwards, for the API knows whole seconds."""
    start = PAST + timedelta(milliseconds=1)
    window = Window(start, start + timedelta(minutes=10))
    plan = await source.plan(ListedCamera(id="Q2", name=""), window, MediaOptions())
    assert plan.again_after_s is None
    assert plan.parts[0].window.start == PAST
    assert plan.parts[-1].window.end == PAST + timedelta(seconds=601)
    assert [part.window.duration.total_seconds() for part in plan.parts] == [
        200,
        200,
        201,
    ]
    assert all(part.placing is Placing.REQUESTED for part in plan.parts)
    assert clouds.requests == []


def test_wishes(source: MerakiSource) -> None:
    """What this cloud cannot do is refused."""
    source.check(MediaOptions(audio=False))
    with pytest.raises(InvalidRequestError, match="field_not_honoured"):
        source.check(MediaOptions(timestamps=Clock.SERVER))


# Clips


async def test_fetch(clouds: Clouds, source: MerakiSource, tmp_path: Path) -> None:
    """A clip shows what the camera filmed, and its URL gets nothing of ours."""
    device = clouds.meraki.add_camera("Door")
    (camera,) = await source.cameras()
    await fetch(source, camera, TEN_S, tmp_path / "clip.ts")
    shown = moments(tmp_path / "clip.ts", of=device.footage)
    assert shown[0] <= TEN_S.start
    assert shown[-1] == TEN_S.end - timedelta(milliseconds=100)
    (asked,) = clouds.meraki.asked("/camera/clip")
    assert dict(asked.query) == {
        "startTimestamp": f"{TEN_S.start:%Y-%m-%dT%H:%M:%S}.000Z",
        "endTimestamp": f"{TEN_S.end:%Y-%m-%dT%H:%M:%S}.000Z",
    }
    assert clouds.meraki.asked("^spn")
    assert clouds.meraki.leaks == []


async def test_long_window(
    clouds: Clouds, source: MerakiSource, tmp_path: Path
) -> None:
    """A long window's parts follow each other without a hole."""
    clouds.meraki.add_camera("Door", footage=Footage("Slow", fps=1, gop_frames=2))
    (camera,) = await source.cameras()
    window = Window(PAST, PAST + timedelta(minutes=11))
    plan = await source.plan(camera, window, MediaOptions())
    shown: set[datetime] = set()
    for part in plan.parts:
        await fetch(source, camera, part.window, tmp_path / "clip.ts")
        shown |= set(moments(tmp_path / "clip.ts"))
    assert len(plan.parts) == 3
    assert shown >= {PAST + timedelta(seconds=number) for number in range(660)}


@pytest.mark.parametrize("status", [202, 204, 404, 409, 425, 500, 503])
async def test_not_ready(
    clouds: Clouds, source: MerakiSource, tmp_path: Path, status: int
) -> None:
    """A clip's URL is polled until there is something behind it."""
    clouds.meraki.ready_after_s = 300
    clouds.meraki.not_ready_status = status
    clouds.meraki.add_camera("Door")
    (camera,) = await source.cameras()
    fetching = asyncio.create_task(fetch(source, camera, TEN_S, tmp_path / "clip.ts"))
    await until(lambda: len(clouds.meraki.asked("^spn")) > 2)
    clouds.offset += timedelta(minutes=6)
    await fetching
    assert len(clouds.meraki.asked("/camera/clip")) == 1
    assert moments(tmp_path / "clip.ts", first=1)


async def test_empty_body_is_not_ready(
    clouds: Clouds, source: MerakiSource, tmp_path: Path
) -> None:
    """A good answer with nothing in it is none."""
    clouds.meraki.add_camera("Door")
    (camera,) = await source.cameras()
    clouds.meraki.misbehave("^spn", status=200)
    await fetch(source, camera, TEN_S, tmp_path / "clip.ts")
    assert moments(tmp_path / "clip.ts", first=1)


async def test_never_ready(
    clouds: Clouds, source: MerakiSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a while it is worth asking for another URL."""
    monkeypatch.setattr(meraki, "URL_TIMEOUT_S", 0.3)
    clouds.meraki.ready_after_s = 60
    clouds.meraki.add_camera("Door")
    (camera,) = await source.cameras()
    err = await failing(source, camera)
    assert isinstance(err, NotReadyError)
    assert (err.key, err.after_s) == ("footage_not_ready", 15)


@pytest.mark.usefixtures("socket_enabled")
@simulated
async def test_pauses_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clip's URL is asked ever less often, but every ten seconds, until time is up."""
    monkeypatch.setattr(meraki, "FIRST_POLL_S", 1.0)
    loop = asyncio.get_running_loop()
    asked_at: list[float] = []
    async with Clouds(AUTHORITY) as clouds:
        clouds.meraki.add_camera("Door")
        clouds.meraki.misbehave(
            "^spn", status=404, times=99, upon=lambda: asked_at.append(loop.time())
        )
        connector = TCPConnector(
            resolver=clouds.resolver(), ssl=AUTHORITY.client_context()
        )
        async with ClientSession(connector=connector) as session:
            source = new_source(clouds, session)
            (camera,) = await source.cameras()
            hour = timedelta(hours=1)
            window = Window(NOON - hour, NOON - hour + timedelta(seconds=10))
            assert isinstance(await failing(source, camera, window), NotReadyError)
    pauses_s = [after - before for before, after in itertools.pairwise(asked_at)]
    assert pauses_s[:3] == pytest.approx([1, 1.5, 2.25], abs=0.01)
    assert pauses_s[-6:] == pytest.approx([10] * 6, abs=0.01)
    assert 80 < asked_at[-1] - asked_at[0] < 90


def clip_requests(clouds: Clouds) -> tuple[int, list[str]]:
    """Return how often a clip was asked for, and the URLs that were asked."""
    urls = [asked.url for asked in clouds.meraki.asked("^spn")]
    return len(clouds.meraki.asked("/camera/clip")), urls


async def test_left_unread(
    clouds: Clouds, source: MerakiSource, tmp_path: Path
) -> None:
    """Whoever had no time for a clip that was ready finds it where it was."""
    clouds.meraki.ready_after_s = 0.3
    clouds.meraki.add_camera("Door")
    (camera,) = await source.cameras()
    for _ in range(2):
        async with source.fetch(camera, Part(window=TEN_S), MediaOptions()):
            pass
    polls = len(clouds.meraki.asked("^spn"))
    await fetch(source, camera, TEN_S, tmp_path / "clip.ts")
    assert moments(tmp_path / "clip.ts", first=1)
    count, urls = clip_requests(clouds)
    assert (count, len(urls), len(set(urls))) == (1, polls + 1, 1)
    # What was read is made anew, and so is what was found to be none.
    await fetch(source, camera, TEN_S, tmp_path / "clip.ts")
    assert clip_requests(clouds)[0] == 2
    with pytest.raises(CloudError, match="body_not_video"):
        async with source.fetch(camera, Part(window=TEN_S), MediaOptions()):
            raise NotVideoError("body_not_video")
    await fetch(source, camera, TEN_S, tmp_path / "clip.ts")
    assert clip_requests(clouds)[0] == 4


@pytest.mark.parametrize("status", [401, 403, 404, 410, 416, 503])
async def test_left_unread_for_too_long(
    clouds: Clouds, source: MerakiSource, tmp_path: Path, status: int
) -> None:
    """A URL that was good once, and is no more, is exchanged at once."""
    clouds.meraki.add_camera("Door")
    (camera,) = await source.cameras()
    async with source.fetch(camera, Part(window=TEN_S), MediaOptions()):
        pass
    clouds.meraki.misbehave("^spn", status=status)
    await fetch(source, camera, TEN_S, tmp_path / "clip.ts")
    assert moments(tmp_path / "clip.ts", first=1)
    count, urls = clip_requests(clouds)
    assert (count, len(urls), len(set(urls))) == (2, 3, 2)


async def test_urls_are_not_remembered_for_ever(
    clouds: Clouds, source: MerakiSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of clips that nobody comes back for a few are remembered."""
    monkeypatch.setattr(meraki, "MOST_URLS", 1)
    clouds.meraki.add_camera("Door")
    (camera,) = await source.cameras()
    later = Window(TEN_S.end, TEN_S.end + timedelta(seconds=5))
    for window in (TEN_S, later, later, TEN_S):
        async with source.fetch(camera, Part(window=window), MediaOptions()):
            pass
    assert clip_requests(clouds)[0] == 3


@pytest.mark.parametrize("status", [401, 403, 410])
async def test_expired_url(
    clouds: Clouds, source: MerakiSource, tmp_path: Path, status: int
) -> None:
    """A URL that expired is no lack of rights; another one works."""
    clouds.meraki.add_camera("Door")
    (camera,) = await source.cameras()
    clouds.meraki.misbehave("^spn", status=status)
    err = await failing(source, camera)
    assert isinstance(err, CloudError)
    assert err.key == "clip_url_expired"
    await fetch(source, camera, TEN_S, tmp_path / "clip.ts")


@pytest.mark.parametrize("is_same_camera", [True, False])
async def test_one_part_at_a_time(
    clouds: Clouds, source: MerakiSource, *, is_same_camera: bool
) -> None:
    """An uplink has one part of a long clip at a time; the next one's link is there then.

    A short clip comes beside it, and so does all of another camera.
    """
    long, short = (
        clouds.meraki.add_camera(name, footage=tiny(name)) for name in ("Long", "Short")
    )
    one, two = (
        Part(window=part)
        for part in split_for_requests(Window(PAST, PAST + timedelta(minutes=6)))
    )
    camera = ListedCamera(id=long.serial, name="")
    other = camera if is_same_camera else ListedCamera(id=short.serial, name="")
    async with source.fetch(camera, one, MediaOptions()) as download:
        second = asyncio.create_task(fetched(source, camera, two))
        await until(lambda: clip_requests(clouds)[0] == 2)
        assert await fetched(source, other, Part(window=TEN_S))
        assert not second.done()
        count, urls = clip_requests(clouds)
        assert (count, len(urls)) == (3, 2)
        await whole(download)
    assert await second
    count, urls = clip_requests(clouds)
    assert (count, len(urls)) == (3, 3)


async def test_a_link_that_ends_before_its_turn(
    clouds: Clouds, source: MerakiSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part whose link is too old once its turn has come has a new one, at once."""
    monkeypatch.setattr(meraki, "FIRST_POLL_S", 0.0)
    added = clouds.meraki.add_camera("Long", footage=tiny("Long"))
    camera = ListedCamera(id=added.serial, name="")
    one, two = (
        Part(window=part)
        for part in split_for_requests(Window(PAST, PAST + timedelta(minutes=6)))
    )
    async with source.fetch(camera, one, MediaOptions()) as download:
        second = asyncio.create_task(fetched(source, camera, two))
        await until(lambda: clip_requests(clouds)[0] == 2)
        clouds.meraki.misbehave(r"spn\d+", status=403)
        await whole(download)
    assert await second
    assert clip_requests(clouds)[0] == 3


async def test_strange_media_answer(clouds: Clouds, source: MerakiSource) -> None:
    """An answer that says neither "here" nor "wait" is trouble."""
    clouds.meraki.add_camera("Door")
    (camera,) = await source.cameras()
    clouds.meraki.misbehave("^spn", status=416)
    assert (await failing(source, camera)).key == "cloud_trouble"


@pytest.mark.parametrize(
    ("fault", "kind", "key"),
    [
        (
            {"status": 429, "headers": {"Retry-After": "7"}},
            CloudError,
            "cloud_throttled",
        ),
        ({"status": 429, "body": errors("slow down")}, CloudError, "cloud_throttled"),
        ({"status": 500}, BadAnswerError, "cloud_trouble"),
        ({"status": 409}, BadAnswerError, "cloud_trouble"),
        ({"status": 425}, BadAnswerError, "cloud_trouble"),
        ({"status": 502, "body": "<html>Bad gateway"}, BadAnswerError, "cloud_trouble"),
        ({"status": 200, "body": "<html>hello"}, BadAnswerError, "cloud_nonsense"),
        ({"status": 200, "body": "{}"}, BadAnswerError, "cloud_nonsense"),
        ({"status": 200, "body": "[]"}, BadAnswerError, "cloud_nonsense"),
        ({"status": 202, "body": "{}"}, NotReadyError, "footage_not_ready"),
        ({"status": 202}, NotReadyError, "footage_not_ready"),
        ({"status": 400, "body": errors("No video")}, NoFootageError, "no_footage"),
        (
            {"status": 400, "body": errors("Not yet there")},
            NoFootageError,
            "no_footage",
        ),
        ({"status": 400, "body": "{}"}, RefusedError, "request_refused"),
        (
            {"status": 400, "body": errors("older than the 30 day retention")},
            NoFootageError,
            "older_than_retention",
        ),
        (
            {"status": 400, "body": errors("The camera is offline")},
            NotReadyError,
            "camera_offline",
        ),
        (
            {"status": 401, "body": errors("Invalid API key")},
            SignInError,
            "invalid_auth",
        ),
        ({"status": 403, "body": "{}"}, NoPermissionError, "no_permission"),
        ({"status": 403, "body": errors("No rights")}, RefusedError, "request_refused"),
        (
            {"status": 404, "body": errors("Not found")},
            CameraUnknownError,
            "camera_unknown",
        ),
        ({"status": 422, "body": errors("What?")}, RefusedError, "request_refused"),
        ({"drop": True, "times": 2}, UnreachableError, "cloud_unreachable"),
        (
            {"status": 302, "headers": {"Location": "http://n1.meraki.com/"}},
            UnreachableError,
            "cloud_redirect",
        ),
        (
            {"status": 302, "headers": {"Location": "https://127.0.0.1/"}},
            UnreachableError,
            "cloud_redirect",
        ),
        (
            {"body": '{"url": "http://spn4.meraki.com/x"}'},
            UnreachableError,
            "cloud_redirect",
        ),
        ({"body": '{"url": "https://10.0.0.1/x"}'}, UnreachableError, "cloud_redirect"),
    ],
)
async def test_clip_errors(
    clouds: Clouds,
    source: MerakiSource,
    fault: dict[str, Any],
    kind: type[ClipError],
    key: str,
) -> None:
    """Everything that the API may answer is told apart."""
    clouds.meraki.add_camera("Door")
    (camera,) = await source.cameras()
    clouds.meraki.misbehave("/camera/clip", **fault)
    err = await failing(source, camera)
    assert (type(err), err.key) == (kind, key)
    assert clouds.meraki.api_key not in str(err)
    if isinstance(err, CloudError):
        wait_s = http.FIRST_QUIET_S if fault.get("status") == 429 else None
        wait_s = 7 if "Retry-After" in str(fault) else wait_s
        assert err.retry_after_s == pytest.approx(wait_s)


@pytest.mark.parametrize("status", [400, 403])
@pytest.mark.parametrize("age_s", [3600, 80])
@pytest.mark.parametrize(
    "text",
    [
        "This feature requires firmware version MV 7.2 or newer",
        "The model MV21 is not yet supported",
        "Your license expired, so there is no video",
        "The administrator's permissions do not include export of video",
        "Clips can be at most 5 minutes long",
    ],
)
async def test_refusals(
    clouds: Clouds, source: MerakiSource, status: int, age_s: int, text: str
) -> None:
    """What no waiting helps against is told at once, in the API's words."""
    device = clouds.meraki.add_camera("Door")
    device.refusal = text
    if status == 403:
        clouds.meraki.misbehave("/camera/clip", status=403, body=errors(f"{text}."))
    (camera,) = await source.cameras()
    start = datetime.now(UTC) - timedelta(seconds=age_s)
    err = await failing(source, camera, Window(start, start + timedelta(seconds=5)))
    assert isinstance(err, RefusedError)
    assert err.key == "request_refused"
    assert err.placeholders == {"action": "clipDeviceCamera", "reason": text}


async def test_refusal_is_harmless(clouds: Clouds, source: MerakiSource) -> None:
    """Whatever a cloud says, only a short line of words is told of it."""
    device = clouds.meraki.add_camera("Door")
    key = clouds.meraki.api_key
    device.refusal = (
        f"Bad\nfirmware:\x1b[31m see https://spn4.meraki.com/x?token=1 of {key}, a=b,"
        f" ask me@example.com {'please ' * 90}"
    )
    (camera,) = await source.cameras()
    reason = (await failing(source, camera)).placeholders["reason"]
    assert reason.startswith("Bad firmware: [31m see … of … … ask … please please")
    assert reason.endswith("please…")
    assert len(reason) <= 200


async def test_older_than_retention(clouds: Clouds, source: MerakiSource) -> None:
    """What is kept no more is told from what never was."""
    clouds.meraki.tells_retention = True
    clouds.meraki.add_camera("Door")
    (camera,) = await source.cameras()
    old = PAST - timedelta(days=60)
    err = await failing(source, camera, Window(old, old + timedelta(seconds=9)))
    assert (type(err), err.key) == (NoFootageError, "older_than_retention")


async def test_too_new(clouds: Clouds, source: MerakiSource) -> None:
    """What the API has no video of so soon after may still come."""
    clouds.meraki.add_camera("Door")
    clouds.meraki.lag_s = 100
    (camera,) = await source.cameras()
    now = datetime.now(UTC)
    fresh = Window(now - timedelta(seconds=80), now - timedelta(seconds=70))
    err = await failing(source, camera, fresh)
    assert isinstance(err, NotReadyError)
    assert err.key == "footage_not_ready"
    clouds.meraki.misbehave("/camera/clip", status=400, body=errors("No video"))
    old = Window(now - timedelta(seconds=200), now - timedelta(seconds=190))
    assert isinstance(await failing(source, camera, old), NoFootageError)


async def test_signed_url_elsewhere(clouds: Clouds, source: MerakiSource) -> None:
    """The clip may be anywhere in public; the key stays."""
    clouds.meraki.add_camera("Door")
    (camera,) = await source.cameras()
    clouds.meraki.misbehave(
        "^spn", status=302, headers={"Location": "https://elsewhere.example/x"}
    )
    # Only that this name is none of the clouds' stops it here.
    assert (await failing(source, camera)).key == "cloud_unreachable"
    assert clouds.meraki.leaks == []


async def test_imagers(clouds: Clouds, source: MerakiSource, tmp_path: Path) -> None:
    """Each imager's clips are its own."""
    device = clouds.meraki.add_camera("Yard", model="MV84X", imagers=4)
    third = (await source.cameras())[2]
    await fetch(source, third, TEN_S, tmp_path / "clip.ts")
    assert moments(tmp_path / "clip.ts", of=device.imager(3))
    assert clouds.meraki.asked("/camera/clip")[0].query["imagerId"] == "3"
    # Which imager a snapshot is of cannot be said.
    assert await source.picture(third) is None


async def test_unknown_imagers(
    clouds: Clouds, source: MerakiSource, tmp_path: Path
) -> None:
    """How many imagers a model has that nobody told us of, the API tells; once."""
    device = clouds.meraki.add_camera("Yard", model="MV99X", imagers=3, serial="Q2-1")
    clouds.meraki.add_camera("Door", model="MV100", serial="Q2-2")
    clouds.meraki.add_camera("Gate", model="MV72X", serial="Q2-3")
    cameras = await source.cameras()
    assert [(camera.id, camera.name) for camera in cameras] == [
        ("Q2-1", "Yard"),
        ("Q2-1:2", "Yard 2"),
        ("Q2-1:3", "Yard 3"),
        ("Q2-2", "Door"),
        ("Q2-3", "Gate"),
    ]
    asked = clouds.meraki.asked("/camera/clip")
    assert [(one.path.split("/")[4], one.query["imagerId"]) for one in asked] == [
        ("Q2-1", "2"),
        ("Q2-1", "3"),
        ("Q2-1", "4"),
        ("Q2-2", "2"),
    ]
    assert await source.cameras() == cameras
    assert len(clouds.meraki.asked("/camera/clip")) == 4
    for number, camera in enumerate(cameras[:3], 1):
        await fetch(source, camera, TEN_S, tmp_path / "clip.ts")
        assert moments(tmp_path / "clip.ts", of=device.imager(number))


@pytest.mark.parametrize(
    ("status", "body"),
    [(400, errors("The camera is offline")), (400, errors("No video")), (503, "")],
)
async def test_imagers_not_known_yet(
    clouds: Clouds, source: MerakiSource, tmp_path: Path, status: int, body: str
) -> None:
    """While a camera cannot tell, it is one, with its first imager's footage."""
    device = clouds.meraki.add_camera("Yard", model="MV99X", imagers=2, serial="Q2-1")
    clouds.meraki.misbehave("/camera/clip", status=status, body=body)
    (camera,) = await source.cameras()
    await fetch(source, camera, TEN_S, tmp_path / "clip.ts")
    assert moments(tmp_path / "clip.ts", of=device.imager(1))
    assert [camera.id for camera in await source.cameras()] == ["Q2-1", "Q2-1:2"]


async def test_imagers_that_came_later(clouds: Clouds, source: MerakiSource) -> None:
    """A refusal is believed, until the API wants to know an imager."""
    device = clouds.meraki.add_camera("Yard", model="MV99X", imagers=2, serial="Q2-1")
    device.refusal = "This requires firmware 7.2"
    for _ in range(2):
        (camera,) = await source.cameras()
    assert len(clouds.meraki.asked("/camera/clip")) == 1
    device.refusal = ""
    async with source.fetch(camera, Part(window=TEN_S), MediaOptions()):
        pass
    assert [camera.id for camera in await source.cameras()] == ["Q2-1", "Q2-1:2"]


async def test_missing_imager(clouds: Clouds, source: MerakiSource) -> None:
    """A camera with fewer imagers than its like is told so."""
    clouds.meraki.add_camera("Yard", model="MV84X", imagers=2)
    err = await failing(source, (await source.cameras())[3])
    assert isinstance(err, RefusedError)
    assert (err.key, err.placeholders) == ("imager_unknown", {"imager": "4"})


# Pictures


async def test_picture(clouds: Clouds, source: MerakiSource) -> None:
    """A snapshot is waited for."""
    clouds.meraki.ready_after_s = 0.2
    clouds.meraki.add_camera("Door")
    (camera,) = await source.cameras()
    picture = await source.picture(camera)
    assert picture is not None
    assert picture.startswith(b"\xff\xd8\xff")
    (asked,) = clouds.meraki.asked("generateSnapshot")
    assert (asked.method, asked.body) == ("POST", b"{}")
    assert asked.headers["Content-Type"] == "application/json"
    assert clouds.meraki.leaks == []


@pytest.mark.parametrize(
    "fault",
    [
        {"path": "generateSnapshot", "status": 400, "body": errors("offline")},
        {"path": "generateSnapshot", "status": 403, "body": errors("no")},
        {"path": "generateSnapshot", "status": 202, "body": "{}"},
        {"path": "^spn", "status": 410},
        {"path": "^spn", "status": 404, "times": 3},
        {"path": "^spn", "body": "<html>no picture</html>", "times": 3},
    ],
)
async def test_no_picture(
    clouds: Clouds,
    source: MerakiSource,
    monkeypatch: pytest.MonkeyPatch,
    fault: dict[str, Any],
) -> None:
    """Where there is no snapshot there is none, and that is no error."""
    monkeypatch.setattr(meraki, "MOST_SNAPSHOT_POLLS", 3)
    clouds.meraki.add_camera("Door")
    (camera,) = await source.cameras()
    clouds.meraki.misbehave(**fault)
    assert await source.picture(camera) is None


async def test_picture_in_an_outage(clouds: Clouds, source: MerakiSource) -> None:
    """An outage is not taken for a camera without pictures."""
    clouds.meraki.misbehave("generateSnapshot", status=503)
    with pytest.raises(CloudError, match="cloud_trouble"):
        await source.picture(ListedCamera(id="Q2", name=""))


# One's own host


class Proxy(Cloud):
    """Somebody's own way to the API, that sends on to Meraki's."""

    hosts = ("meraki.home.example", "api.meraki.com")

    @override
    async def answer(self, asked: Asked) -> Answer:
        """Send on what is asked of the own host."""
        if asked.path.endswith("/me"):
            return json_answer({"email": "me@example.com"})
        return Answer(
            status=302, headers={"Location": f"https://api.meraki.com{asked.path}"}
        )


@pytest.fixture
async def proxy(socket_enabled: None) -> AsyncGenerator[Proxy]:
    """Return an own host that listens."""
    server = Server(AUTHORITY)
    proxy = server.add(Proxy(server))
    async with server:
        yield proxy


async def test_own_host_keeps_the_key(proxy: Proxy) -> None:
    """A key that was given for one's own host goes nowhere else, even to Meraki."""
    connector = TCPConnector(
        resolver=proxy.clouds.resolver(), ssl=AUTHORITY.client_context()
    )
    async with ClientSession(connector=connector) as session:
        source = MerakiSource(
            {"api_key": "key", "base_url": "https://meraki.home.example/api/v1"},
            session=session,
        )
        with pytest.raises(CloudError):
            await source.identify()
    assert proxy.requests[0].headers["Authorization"] == "Bearer key"
    away = proxy.asked("^api.meraki.com")
    assert away
    assert not any("Authorization" in asked.headers for asked in away)


async def test_many_at_once_within_the_rate(
    clouds: Clouds, source: MerakiSource
) -> None:
    """Clips of many cameras at once keep to the organization's rate."""
    clouds.meraki.burst = 6
    for number in range(12):
        clouds.meraki.add_camera(f"Camera {number}", footage=Footage("One"))
    cameras = await source.cameras()

    async def get(camera: ListedCamera) -> int:
        async with source.fetch(camera, Part(window=TEN_S), MediaOptions()) as download:
            return len(await whole(download))

    assert all(await asyncio.gather(*map(get, cameras)))
