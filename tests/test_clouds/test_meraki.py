"""The simulated Meraki keeps the limits of the real one."""

from dataclasses import replace
from datetime import datetime, timedelta
import json
from pathlib import Path
from typing import Any

from aiohttp import ClientResponse, ClientSession
import pytest
from yarl import URL

from tests.clouds import Clouds
from tests.clouds.footage import Span, clock_ticks, first_and_last, moments, seen
from tests.clouds.meraki import MerakiCamera, MerakiCloud

API = "https://api.meraki.com/api/v1"


@pytest.fixture
def meraki(clouds: Clouds) -> MerakiCloud:
    """Return a Meraki that is quick."""
    clouds.meraki.ready_after_s = 0
    return clouds.meraki


@pytest.fixture
def camera(meraki: MerakiCloud) -> MerakiCamera:
    """Return a camera with a single lens."""
    return meraki.add_camera("Driveway")


class Client:
    """Somebody with the API key."""

    def __init__(self, session: ClientSession, meraki: MerakiCloud) -> None:
        """Take the session to use and the cloud that gave the key."""
        self.session = session
        self.meraki = meraki

    async def ask(
        self, path: str, *, key: str | None = None, method: str = "GET", **options: Any
    ) -> tuple[ClientResponse, Any]:
        """Ask something; return the response and its JSON."""
        url = path if path.startswith("https:") else f"{API}/{path}"
        async with self.session.request(
            method,
            URL(url, encoded=True),
            headers={"Authorization": f"Bearer {key or self.meraki.api_key}"},
            allow_redirects=False,
            **options,
        ) as response:
            body = await response.read()
            is_json = response.content_type == "application/json"
            return response, json.loads(body) if is_json else body

    async def clip(
        self, camera: MerakiCamera, start: datetime, end: datetime, imager: str = ""
    ) -> tuple[int, Any]:
        """Ask for a clip; return the status and the answer."""
        params = URL.build(
            query={
                "startTimestamp": start.isoformat().replace("+00:00", "Z"),
                "endTimestamp": end.isoformat().replace("+00:00", "Z"),
                **({"imagerId": imager} if imager else {}),
            }
        ).raw_query_string
        response, answer = await self.ask(
            f"devices/{camera.serial}/camera/clip?{params}"
        )
        return response.status, answer

    async def download(self, url: str, path: Path) -> int:
        """Fetch what a URL gives, without the key; return the status."""
        async with self.session.get(URL(url, encoded=True)) as response:
            path.write_bytes(await response.read())
            return response.status


@pytest.fixture
def client(session: ClientSession, meraki: MerakiCloud) -> Client:
    """Return a client with the right key."""
    return Client(session, meraki)


@pytest.fixture
def now(clouds: Clouds) -> datetime:
    """Return the present, to the whole second."""
    return clouds.now().replace(microsecond=0)


def minutes(value: float) -> timedelta:
    """Return a length of time."""
    return timedelta(minutes=value)


def seconds(value: float) -> timedelta:
    """Return a length of time."""
    return timedelta(seconds=value)


async def test_clip(
    client: Client, camera: MerakiCamera, now: datetime, tmp_path: Path
) -> None:
    """A clip is an MPEG-TS from the key frame before its start, on the camera's clock."""
    start = now - minutes(6) + seconds(0.35)
    status, answer = await client.clip(camera, start, start + minutes(5))
    assert status == 200
    assert answer["expiry"].startswith("Access to the image will expire at 20")

    path = tmp_path / "clip.ts"
    assert await client.download(answer["url"], path) == 200
    assert path.read_bytes()[:377:188] == b"GGG"
    found = list(seen(path))
    assert len(found) == 3004
    assert found[0].moment == now - minutes(6)
    assert found[-1].moment == start + minutes(5) - seconds(0.05)
    assert round(found[0].at_s * 90_000) == clock_ticks(found[0].moment)
    assert client.meraki.leaks == []


async def test_clip_shapes(
    client: Client, camera: MerakiCamera, now: datetime, tmp_path: Path
) -> None:
    """Clips may begin exactly where asked, count from zero and tell no expiry."""
    camera.begins_at_key_frame = False
    camera.pts = "zero"
    client.meraki.expiry_text = None
    start = now - minutes(2) + seconds(0.3)
    _, answer = await client.clip(camera, start, start + seconds(3))
    assert answer.keys() == {"url"}
    await client.download(answer["url"], tmp_path / "clip.ts")
    found = list(seen(tmp_path / "clip.ts"))
    assert found[0].moment == start
    assert found[0].at_s < 1


@pytest.mark.parametrize("pts", ["clock", "zero"])
async def test_clips_of_other_lengths(
    client: Client, camera: MerakiCamera, now: datetime, tmp_path: Path, pts: Any
) -> None:
    """Clips may run over their end, each by another length, and begin too late."""
    camera.pts = pts
    camera.overshoots = [seconds(2), seconds(0.5)]
    start = now - minutes(5)
    for overshoot_s in (2, 0.5, 2):
        _, answer = await client.clip(camera, start, start + seconds(6))
        await client.download(answer["url"], tmp_path / "clip.ts")
        found = list(seen(tmp_path / "clip.ts"))
        assert found[0].moment == start
        assert found[-1].moment == start + seconds(5.9 + overshoot_s)
        assert (found[0].at_s < 2) == (pts == "zero")
    camera.overshoots = []
    camera.begins_late = seconds(1.5)
    _, answer = await client.clip(camera, start, start + seconds(6))
    await client.download(answer["url"], tmp_path / "clip.ts")
    span = first_and_last(tmp_path / "clip.ts")
    assert span == (start + seconds(2), start + seconds(5.9))


async def test_refusals(client: Client, camera: MerakiCamera, now: datetime) -> None:
    """Why there is no clip is told in words, in a 400."""
    client.meraki.tells_retention = True
    old = now - timedelta(days=40)
    status, answer = await client.clip(camera, old, old + seconds(9))
    assert status == 400
    assert answer["errors"][0].endswith("older than the camera's 30 day retention")
    camera.refusal = "This requires firmware 7.2"
    status, answer = await client.clip(camera, now - minutes(3), now - minutes(2))
    assert (status, answer) == (400, {"errors": ["This requires firmware 7.2"]})


@pytest.mark.parametrize(
    ("start_s", "end_s", "text"),
    [
        (-400, -99.9, "at most 5 minutes"),
        (-400, -399.5, "at least 1 second"),
        (-100, -100, "must be after"),
        (-100, -40, "No video for specified timestamp"),
        (100, 110, "No video for specified timestamp"),
        (-31 * 86_400, -31 * 86_400 + 10, "No video for specified timestamp"),
    ],
)
async def test_clip_refused(
    client: Client, camera: MerakiCamera, start_s: float, end_s: float, text: str
) -> None:
    """What cannot be is a 400 that says so."""
    now = client.meraki.now()
    status, answer = await client.clip(
        camera, now + seconds(start_s), now + seconds(end_s)
    )
    assert status == 400
    assert text in answer["errors"][0]


@pytest.mark.parametrize(
    "query", ["", "startTimestamp=yesterday&endTimestamp=2026-11-21T09:00:00Z"]
)
async def test_no_times(client: Client, camera: MerakiCamera, query: str) -> None:
    """Without two times there is no clip."""
    path = f"devices/{camera.serial}/camera/clip?{query}"
    response, answer = await client.ask(path)
    assert (response.status, answer) == (400, {"errors": ["Invalid timestamp format"]})


async def test_lag(
    client: Client, camera: MerakiCamera, now: datetime, tmp_path: Path
) -> None:
    """What is too new is refused, or left out where the cloud is told so."""
    assert (await client.clip(camera, now - minutes(1), now))[0] == 400
    client.meraki.lag_s = 0
    assert (await client.clip(camera, now - minutes(1), now))[0] == 200
    client.meraki.lag_s = 30
    client.meraki.cuts_at_lag = True
    status, answer = await client.clip(camera, now - minutes(1), now)
    assert status == 200
    await client.download(answer["url"], tmp_path / "clip.ts")
    last = first_and_last(tmp_path / "clip.ts").end
    assert seconds(-0.1) <= last - (now - seconds(30)) < seconds(5)


async def test_not_a_camera(
    client: Client, camera: MerakiCamera, meraki: MerakiCloud, now: datetime
) -> None:
    """Only cameras have clips, and only while they are online."""
    access_point = meraki.add_camera("Hall", model="MR44", product_type="wireless")
    unknown = replace(camera, serial="Q2XX-XXXX-XXXX")
    for device in (access_point, unknown):
        status, answer = await client.clip(device, now - minutes(3), now - minutes(2))
        assert (status, answer["errors"]) == (404, ["Device not found"])
    camera.status = "offline"
    status, answer = await client.clip(camera, now - minutes(3), now - minutes(2))
    assert (status, answer["errors"]) == (400, ["The camera is offline"])


async def test_imagers(
    client: Client, meraki: MerakiCloud, now: datetime, tmp_path: Path
) -> None:
    """Each lens of a camera with several films its own footage."""
    camera = meraki.add_camera("Corner", model="MV84X", imagers=2)
    window = (now - minutes(3), now - minutes(3) + seconds(2))
    for wrong in ("", "0", "3"):
        assert (await client.clip(camera, *window, wrong))[0] == 400
    single = meraki.add_camera("Straight")
    assert (await client.clip(single, *window, "1"))[0] == 400
    assert (await client.clip(single, *window, "0"))[0] == 200
    for number in (1, 2):
        status, answer = await client.clip(camera, *window, str(number))
        assert status == 200
        await client.download(answer["url"], tmp_path / "clip.ts")
        span = first_and_last(tmp_path / "clip.ts", of=camera.imager(number))
        assert span.start == window[0]


async def test_holes(
    client: Client, camera: MerakiCamera, now: datetime, tmp_path: Path
) -> None:
    """What was not recorded is not in the clip; the times inside jump over it."""
    start = now - minutes(3)
    hole = (start + seconds(2), start + seconds(7.5))
    camera.holes.append(hole)
    status, answer = await client.clip(camera, start, start + seconds(10))
    assert status == 200
    await client.download(answer["url"], tmp_path / "clip.ts")
    found = list(seen(tmp_path / "clip.ts"))
    assert [f.moment for f in found if hole[0] <= f.moment < hole[1]] == []
    assert found[19].moment == start + seconds(1.9)
    assert found[20].moment == start + seconds(8)
    assert found[20].at_s - found[19].at_s == pytest.approx(6.1)

    status, answer = await client.clip(camera, start + seconds(3), start + seconds(7))
    assert (status, answer["errors"]) == (400, ["No video for specified timestamp"])

    camera.retention = seconds(175)
    status, answer = await client.clip(camera, start, start + seconds(20))
    await client.download(answer["url"], tmp_path / "clip.ts")
    first = moments(tmp_path / "clip.ts", first=1)[0]
    assert start + seconds(8) <= first < start + seconds(15)


async def test_size_changes(
    client: Client, camera: MerakiCamera, now: datetime, tmp_path: Path
) -> None:
    """From a moment on the picture may have another size, even inside of a clip."""
    start = now - minutes(3)
    small = replace(camera.footage, width=160, height=90)
    camera.changes.append((start + seconds(1.5), small))
    _, answer = await client.clip(camera, start, start + seconds(4))
    await client.download(answer["url"], tmp_path / "clip.ts")
    assert moments(tmp_path / "clip.ts", of=camera.footage) == [
        start + seconds(n / 10) for n in range(40)
    ]
    _, answer = await client.clip(camera, start + seconds(2), start + seconds(4))
    await client.download(answer["url"], tmp_path / "later.ts")
    assert (tmp_path / "later.ts").stat().st_size < (
        tmp_path / "clip.ts"
    ).stat().st_size / 2


async def test_signed_url(
    client: Client, camera: MerakiCamera, now: datetime, tmp_path: Path
) -> None:
    """A clip's URL is not ready at once, ends, works byte for byte and wants no key."""
    meraki = client.meraki
    meraki.ready_after_s = 30
    meraki.url_lifetime_s = 60
    _, answer = await client.clip(
        camera, now - minutes(3), now - minutes(3) + seconds(2)
    )
    url = answer["url"]
    path = tmp_path / "clip.ts"
    assert await client.download(url, path) == 404
    meraki.clouds.offset = seconds(31)
    assert await client.download(url, path) == 200
    # As a URL library writes it that thinks it knows better.
    assert await client.download(str(URL(url)), path) == 404
    assert await client.download(url.replace("spn4.", "spn5."), path) == 404
    assert meraki.leaks == []
    response, _ = await client.ask(url)
    assert response.status == 200
    assert meraki.leaks == ["Authorization"]
    meraki.clouds.offset = seconds(61)
    assert await client.download(url, path) == 403


async def test_keys(
    client: Client, session: ClientSession, camera: MerakiCamera
) -> None:
    """Only the right key at the right region's hosts is let in."""
    response, answer = await client.ask("administered/identities/me")
    assert (response.status, answer["email"]) == (200, "someone@example.com")
    response, answer = await client.ask("organizations", key="wrong")
    assert (response.status, answer) == (401, {"errors": ["Invalid API key"]})
    async with session.get(f"{API}/organizations") as response:
        assert response.status == 401
        assert await response.json() == {"errors": ["Missing API key"]}
    elsewhere = "https://api.meraki.ca/api/v1/organizations"
    assert (await client.ask(elsewhere))[0].status == 401
    client.meraki.domain = "meraki.ca"
    response, answer = await client.ask(elsewhere)
    assert [item["name"] for item in answer] == ["Home"]


async def test_pages(client: Client, meraki: MerakiCloud) -> None:
    """Lists come in pages, the next of which a link without quotes names."""
    network = meraki.add_network()
    names = [f"Camera {n}" for n in range(7)]
    for name in names:
        meraki.add_camera(name)
    meraki.add_camera("Hall", model="MR44", product_type="wireless")
    meraki.largest_page = 3
    for what in ("devices", "devices/availabilities"):
        url = (
            f"{API}/organizations/{network.organization.id}/{what}"
            "?perPage=100&productTypes%5B%5D=camera"
        )
        found, pages = [], 0
        while url:
            response, items = await client.ask(url)
            found += [item["name"] for item in items]
            pages += 1
            following = response.links.get("next")
            url = str(following["url"]) if following else ""
        assert found == names
        assert pages == 3
        assert "rel=first" in response.headers["Link"]
    response, _ = await client.ask("organizations?perPage=2")
    assert response.status == 400
    _, networks = await client.ask(
        f"organizations/{network.organization.id}/networks?perPage=100"
    )
    assert networks[0]["productTypes"] == ["camera", "wireless"]


async def test_unnamed_device(client: Client, meraki: MerakiCloud) -> None:
    """A device that has no name is listed without one."""
    camera = meraki.add_camera(None)
    _, (device,) = await client.ask(
        f"organizations/{camera.network.organization.id}/devices"
    )
    assert "name" not in device
    assert device["serial"] == camera.serial


async def test_rate_limit(client: Client, camera: MerakiCamera) -> None:
    """Each organisation answers so many requests a second, then tells to wait."""
    home = camera.network.organization
    other = client.meraki.add_organization("Office")
    client.meraki.requests_per_s = 0.001
    client.meraki.burst = 3
    statuses = []
    for _ in range(4):
        response, answer = await client.ask(f"organizations/{home.id}/devices")
        statuses.append(response.status)
    assert statuses == [200, 200, 200, 429]
    assert response.headers["Retry-After"] == "1"
    assert answer == {"errors": ["API rate limit exceeded for organization"]}
    response, _ = await client.ask(f"organizations/{other.id}/devices")
    assert response.status == 200
    client.meraki.requests_per_s = 1000
    response, _ = await client.ask(f"organizations/{home.id}/devices")
    assert response.status == 200


async def test_organizations_apart(client: Client, camera: MerakiCamera) -> None:
    """One may have its API switched off, or live on a host of its own."""
    closed = client.meraki.add_organization("Closed", api_enabled=False)
    _, organizations = await client.ask("organizations")
    assert [item["api"]["enabled"] for item in organizations] == [True, False]
    response, _ = await client.ask(f"organizations/{closed.id}/devices")
    assert response.status == 403

    home = camera.network.organization
    home.shard = "n42.meraki.com"
    response, _ = await client.ask(f"organizations/{home.id}/devices?perPage=5")
    assert response.status == 302
    there = response.headers["Location"]
    assert there == (
        f"https://n42.meraki.com/api/v1/organizations/{home.id}/devices?perPage=5"
    )
    response, devices = await client.ask(there)
    assert [device["serial"] for device in devices] == [camera.serial]
    response, _ = await client.ask(
        f"devices/{camera.serial}/camera/generateSnapshot", method="POST", data=b"{}"
    )
    assert response.status == 308


async def test_snapshot(
    client: Client, camera: MerakiCamera, now: datetime, tmp_path: Path
) -> None:
    """A snapshot is a picture of now or of a moment; its request wants a JSON body."""
    path = f"devices/{camera.serial}/camera/generateSnapshot"
    response, _ = await client.ask(path, method="POST")
    assert response.status == 400
    response, answer = await client.ask(path, method="POST", json={})
    assert response.status == 202
    assert await client.download(answer["url"], tmp_path / "now.jpg") == 200
    (moment,) = moments(tmp_path / "now.jpg", of=camera.footage)
    assert timedelta(0) <= moment - now < seconds(10)

    asked = now - minutes(10)
    media_options = {"timestamp": asked.isoformat()}
    _, answer = await client.ask(path, method="POST", json=media_options)
    await client.download(answer["url"], tmp_path / "then.jpg")
    assert first_and_last(tmp_path / "then.jpg") == Span(asked, asked)
    for refused in (
        {"timestamp": asked.isoformat(), "fullframe": True},
        {"timestamp": now.isoformat()},
    ):
        response, _ = await client.ask(path, method="POST", json=refused)
        assert response.status == 400


async def test_retention_and_quality(client: Client, camera: MerakiCamera) -> None:
    """How long footage is kept is told by the profile that a camera's quality names."""
    camera.retention = timedelta(days=7)
    camera.footage = replace(camera.footage, audio=None)
    _, quality = await client.ask(f"devices/{camera.serial}/camera/qualityAndRetention")
    assert quality["audioRecordingEnabled"] is False
    assert quality["resolution"] == "320x180"
    _, profiles = await client.ask(
        f"networks/{camera.network.id}/camera/qualityRetentionProfiles"
    )
    kept_days = {profile["id"]: profile["maxRetentionDays"] for profile in profiles}
    assert kept_days == {quality["profileId"]: 7}
    assert (await client.ask("networks/L_1/camera/unheardOf"))[0].status == 404
