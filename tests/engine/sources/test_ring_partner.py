"""Ring's partner API: any window, told by the answers what really came; live video."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import itertools
import json
import logging
from pathlib import Path, PurePosixPath
from typing import Any

from aiohttp import ClientSession
import pytest

from custom_components.clip_download.engine.errors import (
    BadAnswerError,
    CameraSettingError,
    CameraUnknownError,
    ClipError,
    CloudError,
    InvalidRequestError,
    NoFootageError,
    NothingBeforeError,
    NotReadyError,
    RefusedError,
    SignInError,
    UnreachableError,
)
from custom_components.clip_download.engine.library.database import Library
from custom_components.clip_download.engine.model import (
    ClipStatus,
    Clock,
    Codec,
    Identity,
    Job,
    MediaOptions,
)
from custom_components.clip_download.engine.pipeline.executors import Executors
from custom_components.clip_download.engine.pipeline.jobs import Jobs
from custom_components.clip_download.engine.sources.base import SplitError
from custom_components.clip_download.engine.sources.ring_partner import (
    client as ring_partner,
)
from custom_components.clip_download.engine.sources.ring_partner.camera import (
    PartnerCamera as ListedCamera,
)
from custom_components.clip_download.engine.sources.ring_partner.client import (
    PartnerPart,
    RingPartnerSource,
    split_for_requests,
)
from custom_components.clip_download.engine.time_range import Window
from tests.clouds import Clouds
from tests.clouds.footage import Footage, first_and_last, moments
from tests.clouds.ring_partner import (
    API_HOST,
    FAR_MEDIA_HOST,
    MEDIA_HOST,
    PartnerCamera,
    RingPartnerCloud,
)
from tests.waits import until

from . import whole

# Long ago enough that all of it is there.
PAST = (datetime.now(UTC) - timedelta(hours=2)).replace(microsecond=0)
VIDEO = "media/video/download"
SESSIONS = "whep/sessions"
# Few pictures, so that long windows are quickly made.
SLOW = Footage("Front Door", fps=2, gop_frames=2, audio=None)


def after(seconds: float) -> datetime:
    """Return a moment of the past."""
    return PAST + timedelta(seconds=seconds)


TEN_S = Window(PAST, after(10))


class Tokens:
    """What Home Assistant keeps of an account's tokens."""

    def __init__(self, cloud: RingPartnerCloud) -> None:
        """Begin with a good token."""
        self.cloud = cloud
        self.access: str = cloud.token()["access_token"]
        self.refreshed = 0

    async def get(self, refresh: bool) -> str:
        """Give the token, or a new one."""
        # Somebody else gets a turn in between.
        await asyncio.sleep(0)
        if refresh:
            self.refreshed += 1
            self.access = self.cloud.token()["access_token"]
        return self.access


@pytest.fixture
def cloud(clouds: Clouds) -> RingPartnerCloud:
    """Return an account that is linked."""
    return clouds.ring_partner


@pytest.fixture
def tokens(cloud: RingPartnerCloud) -> Tokens:
    """Return the account's tokens."""
    return Tokens(cloud)


@pytest.fixture
def source(tokens: Tokens, session: ClientSession) -> RingPartnerSource:
    """Return the account's source."""
    return RingPartnerSource({}, session=session, access_token=tokens.get)


@pytest.fixture
def door(cloud: RingPartnerCloud) -> PartnerCamera:
    """Return the account's camera, as the cloud has it."""
    return cloud.add_camera(footage=SLOW)


@pytest.fixture
async def camera(source: RingPartnerSource, door: PartnerCamera) -> ListedCamera:
    """Return the account's camera, as it is listed."""
    (camera,) = await source.cameras()
    return camera


def parts_of(split: SplitError) -> list[PartnerPart]:
    """Return the parts that are to be fetched instead of one."""
    return [part for part in split.parts if isinstance(part, PartnerPart)]


async def fetch(
    source: RingPartnerSource,
    camera: ListedCamera,
    part: PartnerPart | Window,
    path: Path,
    media_options: MediaOptions | None = None,
) -> tuple[Window, PartnerPart | None]:
    """Fetch a part into a file; return what came, and what is still to be asked for."""
    if isinstance(part, Window):
        part = PartnerPart(window=part)
    async with source.fetch(camera, part, media_options or MediaOptions()) as download:
        path.write_bytes(await whole(download))
        assert download.window
        rest = source.rest(part, download.rest) if download.rest else None
        return download.window, rest


async def failing(
    source: RingPartnerSource, camera: ListedCamera, part: PartnerPart | Window = TEN_S
) -> ClipError:
    """Return the error that a fetch ends with."""
    if isinstance(part, Window):
        part = PartnerPart(window=part)
    with pytest.raises(ClipError) as caught:
        async with source.fetch(camera, part, MediaOptions()):
            pass
    return caught.value


def errors(code: str, detail: str = "") -> str:
    """Return the body of an error of the API."""
    return json.dumps({"errors": [{"status": "4xx", "code": code, "detail": detail}]})


# Whose account it is


async def test_identify(source: RingPartnerSource, cloud: RingPartnerCloud) -> None:
    """An account is known by the id that webhooks name, and shown by its e-mail."""
    identity = await source.identify()
    assert identity == Identity(
        id=cloud.account_id, title=f"Ring partner {cloud.email}"
    )


@pytest.mark.parametrize(
    ("tells_email", "title"),
    [(True, "Ring partner someone@example.com"), (False, "Ring partner Some One")],
)
async def test_identify_without_an_id(
    source: RingPartnerSource,
    cloud: RingPartnerCloud,
    *,
    camera: ListedCamera,
    tells_email: bool,
    title: str,
) -> None:
    """Where the cloud tells no id, the account is known by any of its cameras."""
    cloud.tells_id, cloud.tells_email = False, tells_email
    cloud.add_camera("Later")
    device = "ava1.ring.device.0000000000000000000"
    assert await source.identify() == Identity(
        id=f"{device}1", title=title, others=frozenset({f"{device}2"})
    )


async def test_nobody(source: RingPartnerSource, cloud: RingPartnerCloud) -> None:
    """An account that nothing is known of is none."""
    cloud.tells_id = cloud.tells_email = False
    with pytest.raises(CloudError, match="cloud_nonsense"):
        await source.identify()


async def test_finish_linking(
    source: RingPartnerSource, cloud: RingPartnerCloud
) -> None:
    """Ring is told that the account is linked, if it is waiting for that."""
    assert await source.finish_linking("home") is False
    cloud.link_status = "awaiting"
    assert await source.finish_linking("home") is True
    assert cloud.link_status == "completed"
    (*_, asked) = cloud.asked("app-integrations", "PATCH")
    assert asked.json() == {"status": "completed", "account_identifier": "home"}
    cloud.misbehave("app-integrations", status=403)
    assert await source.finish_linking("home") is False
    cloud.misbehave("app-integrations", status=502)
    with pytest.raises(CloudError, match="cloud_trouble"):
        await source.finish_linking("home")


# Tokens


async def test_refused_token(
    source: RingPartnerSource, cloud: RingPartnerCloud, tokens: Tokens
) -> None:
    """A token that is refused is replaced once, however many requests found out."""
    cloud.expire_access_tokens()
    await asyncio.gather(*(source.identify() for _ in range(5)))
    assert tokens.refreshed == 1


async def test_token_refused_again(
    source: RingPartnerSource,
    cloud: RingPartnerCloud,
    tokens: Tokens,
    camera: ListedCamera,
) -> None:
    """If a new token is refused too, a person has to link the account again."""
    cloud.misbehave(f"^{API_HOST}", status=401, times=8)
    with pytest.raises(SignInError, match="invalid_auth"):
        await source.identify()
    with pytest.raises(SignInError, match="invalid_auth"):
        await source.cameras()
    assert (await failing(source, camera)).key == "invalid_auth"
    assert tokens.refreshed == 4


async def test_one_clip_is_refused(
    source: RingPartnerSource, cloud: RingPartnerCloud, camera: ListedCamera
) -> None:
    """A clip that is refused to a good token is no reason to link the account again."""
    cloud.misbehave("media/video/download", status=401, times=2)
    assert (await failing(source, camera)).key == "cloud_trouble"


async def test_token_without_another(
    session: ClientSession, cloud: RingPartnerCloud
) -> None:
    """Whoever gives tokens says why there is no other one."""
    good = cloud.playground_token()

    async def get(refresh: bool) -> str:
        if refresh:
            raise SignInError("token_expired")
        return good

    source = RingPartnerSource({}, session=session, access_token=get)
    await source.identify()
    cloud.clouds.offset = timedelta(minutes=31)
    with pytest.raises(SignInError, match="token_expired"):
        await source.identify()


async def test_no_tokens(session: ClientSession, cloud: RingPartnerCloud) -> None:
    """Without a token nothing is asked."""
    with pytest.raises(SignInError, match="invalid_auth"):
        await RingPartnerSource({}, session=session).identify()
    assert cloud.requests == []


async def test_page_in_the_way(
    source: RingPartnerSource, cloud: RingPartnerCloud, tokens: Tokens
) -> None:
    """A page that stands in the way does not make the token a bad one."""
    cloud.misbehave(
        status=401, body="<html>Wi-Fi", headers={"Content-Type": "text/html"}
    )
    with pytest.raises(CloudError, match="cloud_nonsense"):
        await source.identify()
    assert tokens.refreshed == 0


# Cameras


async def test_cameras(source: RingPartnerSource, cloud: RingPartnerCloud) -> None:
    """Devices with video are cameras, each of several in one is."""
    door = cloud.add_camera("Front Door")
    cloud.add_camera("Chime", has_video=False)
    yard = cloud.add_camera("Yard", components=("0", "1"))
    shed = cloud.add_camera("Shed", components=("0",))
    assert await source.cameras() == [
        ListedCamera(id=door.id, name="Front Door", device_id=door.id),
        ListedCamera(
            id=f"{yard.id}:0",
            name="Yard 1",
            device_id=yard.id,
            component_id="0",
        ),
        ListedCamera(
            id=f"{yard.id}:1",
            name="Yard 2",
            device_id=yard.id,
            component_id="1",
        ),
        ListedCamera(
            id=shed.id,
            name="Shed",
            device_id=shed.id,
            component_id="0",
        ),
    ]


@pytest.mark.parametrize(
    ("fault", "key"),
    [
        ({"status": 403, "body": errors("REQUEST_FORBIDDEN")}, "app_refused"),
        ({"status": 500}, "cloud_trouble"),
        ({"status": 503, "headers": {"Retry-After": "7"}}, "cloud_trouble"),
        ({"body": "<html>"}, "cloud_nonsense"),
        ({"body": "[]"}, "cloud_nonsense"),
        ({"body": '{"data": 1}'}, "cloud_nonsense"),
        ({"drop": True, "times": 2}, "cloud_unreachable"),
        ({"status": 429, "headers": {"Retry-After": "0"}}, "cloud_throttled"),
        ({"truncate_after_bytes": 10}, "cloud_unreachable"),
    ],
)
async def test_outage_hides_no_camera(
    source: RingPartnerSource,
    cloud: RingPartnerCloud,
    door: PartnerCamera,
    fault: dict[str, Any],
    key: str,
) -> None:
    """What goes wrong is told; an empty list would look as if cameras had gone."""
    cloud.misbehave("/v1/devices", **fault)
    with pytest.raises(CloudError, match=key):
        await source.cameras()
    assert [camera.name for camera in await source.cameras()] == ["Front Door"]


async def test_strange_list(source: RingPartnerSource, cloud: RingPartnerCloud) -> None:
    """What is no device is passed over; one of which nothing is known is a camera."""
    cloud.misbehave(
        "/v1/devices",
        body=json.dumps(
            {"data": [1, {"id": 2}, {"id": "ava1.device"}], "included": [None]}
        ),
    )
    assert await source.cameras() == [
        ListedCamera(id="ava1.device", name="Ring device", device_id="ava1.device")
    ]


# Plans and wishes


@pytest.mark.parametrize(
    ("length_s", "lengths_s"),
    [
        (0.001, [0.001]),
        (900, [900]),
        (900.001, [450.001, 450]),
        (2400, [800] * 3),
        (86_400, [900] * 96),
    ],
)
def test_split(length_s: float, lengths_s: list[float]) -> None:
    """No request is longer than fifteen minutes, and none is a mere rest."""
    requests = split_for_requests(Window(PAST, after(length_s)))
    assert [request.duration.total_seconds() for request in requests] == lengths_s
    assert requests[0].start == PAST
    assert all(a.end == b.start for a, b in itertools.pairwise(requests))


async def test_plan_names_events(
    source: RingPartnerSource,
    cloud: RingPartnerCloud,
    door: PartnerCamera,
    camera: ListedCamera,
) -> None:
    """What happened in a window is in the record of its clip; our looking is not."""
    early = cloud.add_event(door, "ding", start=after(10))
    late = cloud.add_event(door, start=after(1000))
    cloud.add_event(door, "on_demand", start=after(20))
    cloud.add_event(door, start=after(5000))
    plan = await source.plan(camera, Window(PAST, after(1200)), MediaOptions())
    assert [part.event_ids for part in plan.parts] == [(early.id,), (late.id,)]
    assert plan.again_after_s is None


async def test_plan_for_events(
    source: RingPartnerSource,
    cloud: RingPartnerCloud,
    door: PartnerCamera,
    camera: ListedCamera,
) -> None:
    """Who knows the events does not ask for them; none of ours is among them."""
    cloud.add_event(door, "ding", start=after(10))
    cloud.add_event(door, "on_demand", start=after(20))
    cloud.add_event(door, "motion", start=after(1000))
    events = await source.events(camera, Window(PAST, after(1200)))
    ding, looked, motion = events
    assert looked.kind == "on_demand"
    asked = len(cloud.asked("/history/"))
    plan = await source.plan(camera, Window(PAST, after(1200)), MediaOptions(), events)
    assert [part.event_ids for part in plan.parts] == [(ding.id,), (motion.id,)]
    assert len(cloud.asked("/history/")) == asked


@pytest.mark.parametrize("status", [403, 500])
async def test_plan_without_history(
    source: RingPartnerSource,
    cloud: RingPartnerCloud,
    camera: ListedCamera,
    status: int,
) -> None:
    """A clip does not need the history."""
    cloud.misbehave("/v1/history", status=status)
    plan = await source.plan(camera, TEN_S, MediaOptions())
    assert plan.parts == [PartnerPart(window=TEN_S)]


@pytest.mark.parametrize(
    ("wish", "field", "allowed"),
    [
        ({"frame_rate": 26}, "frame_rate", "1-25"),
        ({"frame_rate": 0}, "frame_rate", "1-25"),
        ({"width": 1921}, "width", "16-1920"),
        ({"height": 1081}, "height", "16-1080"),
        ({"height": -1}, "height", "16-1080"),
    ],
)
def test_wish_out_of_range(
    session: ClientSession, wish: dict[str, Any], field: str, allowed: str
) -> None:
    """What the vendor does not take is refused before it is asked."""
    with pytest.raises(InvalidRequestError) as caught:
        RingPartnerSource({}, session=session).check(MediaOptions(**wish))
    assert caught.value.key == "wish_out_of_range"
    assert caught.value.placeholders == {
        "field": field,
        "value": str(wish[field]),
        "allowed": allowed,
    }


def test_wishes_within_range(session: ClientSession) -> None:
    """All that the vendor takes is honoured, and nothing else."""
    source = RingPartnerSource({}, session=session)
    source.check(MediaOptions(codec=Codec.HEVC, frame_rate=25, width=1920, height=1080))
    source.check(MediaOptions(audio=False, codec=Codec.AVC, frame_rate=1))
    with pytest.raises(InvalidRequestError, match="field_not_honoured"):
        source.check(MediaOptions(timestamps=Clock.SERVER))


# Clips


async def test_request(
    source: RingPartnerSource,
    cloud: RingPartnerCloud,
    camera: ListedCamera,
    tmp_path: Path,
) -> None:
    """Nothing is asked for that was not wished, but for the sound."""
    await fetch(source, camera, TEN_S, tmp_path / "clip.mp4")
    (asked,) = cloud.asked(VIDEO)
    assert asked.json() == {
        "timestamp": TEN_S.start_ms,
        "duration": 10_000,
        "audio_options": {"audio_enabled": True},
    }
    assert asked.headers["Content-Type"] == "application/json"


async def test_every_wish(
    source: RingPartnerSource, cloud: RingPartnerCloud, tmp_path: Path
) -> None:
    """Each field of the vendor's page is asked for, and is in what comes."""
    cloud.add_camera("Yard", components=("0", "1"))
    _, second = await source.cameras()
    path = tmp_path / "clip.mp4"
    media_options = MediaOptions(
        audio=False, codec=Codec.HEVC, frame_rate=5, width=640, height=360
    )
    await fetch(source, second, TEN_S, path, media_options)
    assert cloud.asked(VIDEO)[0].json() == {
        "timestamp": TEN_S.start_ms,
        "duration": 10_000,
        "video_options": {
            "codec": "hevc",
            "frame_rate": 5,
            "resolution": {"width": 640, "height": 360},
        },
        "audio_options": {"audio_enabled": False},
        "components": [{"component_id": "1"}],
    }
    assert len(moments(path)) == 50
    assert b"hev1" in path.read_bytes()
    assert b"mp4a" not in path.read_bytes()
    await fetch(source, second, TEN_S, path, MediaOptions(width=640))
    assert cloud.asked(VIDEO)[1].json()["video_options"] == {
        "resolution": {"width": 640}
    }
    assert b"mp4a" in path.read_bytes()


async def test_whole_window(
    source: RingPartnerSource, camera: ListedCamera, tmp_path: Path
) -> None:
    """A 200 is all that was asked for, from the moment that its header tells."""
    window = Window(after(0.75), after(9.25))
    came, rest = await fetch(source, camera, window, tmp_path / "clip.mp4")
    assert came == Window(PAST, after(9.25))
    assert rest is None
    assert first_and_last(tmp_path / "clip.mp4", of=SLOW).start == PAST


@pytest.mark.parametrize("in_hole", [206, 416])
async def test_hole(
    source: RingPartnerSource,
    cloud: RingPartnerCloud,
    *,
    door: PartnerCamera,
    camera: ListedCamera,
    tmp_path: Path,
    in_hole: int,
) -> None:
    """What comes of a window with a hole is told, and the rest is asked for."""
    cloud.in_hole = in_hole
    door.holes = [(after(20), after(40))]
    cloud.add_event(door, start=after(40))
    path = tmp_path / "clip.mp4"
    part = PartnerPart(window=Window(PAST, after(60)), event_ids=("x",))
    came, rest = await fetch(source, camera, part, path)
    assert came == Window(PAST, after(20))
    assert rest == PartnerPart(window=Window(after(20), after(60)), event_ids=("x",))
    if in_hole == 416:
        split = await failing(source, camera, rest)
        assert isinstance(split, SplitError)
        (rest,) = parts_of(split)
    came, rest = await fetch(source, camera, rest, path)
    assert came == Window(after(40), after(60))
    assert rest is None
    assert first_and_last(path, of=SLOW) == (after(40), after(59.5))


async def test_before_recording_and_after(
    source: RingPartnerSource, door: PartnerCamera, camera: ListedCamera, tmp_path: Path
) -> None:
    """A recording in the middle of a window is what there is."""
    door.recordings = [(after(3), after(7))]
    came, rest = await fetch(source, camera, TEN_S, tmp_path / "clip.mp4")
    assert came == Window(after(3), after(7))
    assert rest == PartnerPart(window=Window(after(7), after(10)))
    assert (await failing(source, camera, rest)).key == "no_footage"


@pytest.mark.parametrize(
    ("headers", "came", "rest_from_s"),
    [
        ({}, (0, 10), None),
        ({"X-Media-Length": "4000"}, (0, 4), 4),
        ({"X-Media-Timestamp": 2}, (2, 10), None),
        ({"X-Media-Timestamp": 2, "X-Media-Length": "8000"}, (2, 10), None),
        # Less than a frame or two is no hole.
        ({"X-Media-Length": "9001"}, (0, 9.001), None),
        # Neither is what brings nothing new a reason to go on.
        ({"X-Media-Timestamp": -9, "X-Media-Length": "9000"}, (-9, 0), None),
        ({"X-Media-Timestamp": 12, "X-Media-Length": "5000"}, (12, 17), None),
        ({"X-Media-Timestamp": 12}, (12, 12), None),
    ],
)
async def test_headers_are_the_truth(
    source: RingPartnerSource,
    cloud: RingPartnerCloud,
    *,
    camera: ListedCamera,
    tmp_path: Path,
    headers: dict[str, Any],
    came: tuple[float, float],
    rest_from_s: float | None,
) -> None:
    """What came is what the headers say, where they say it."""
    if (second := headers.get("X-Media-Timestamp")) is not None:
        headers = {
            **headers,
            "X-Media-Timestamp": str(Window(after(second), PAST).start_ms),
        }
    cloud.misbehave(VIDEO, status=206, body="x", headers=headers)
    window, rest = await fetch(source, camera, TEN_S, tmp_path / "clip.mp4")
    assert window == Window(after(came[0]), after(came[1]))
    if rest_from_s is None:
        assert rest is None
    else:
        assert rest == PartnerPart(window=Window(after(rest_from_s), after(10)))


@pytest.mark.parametrize("value", ["soon", "-1", "1.5", "9" * 20, "١٢"])
async def test_senseless_header(
    source: RingPartnerSource, cloud: RingPartnerCloud, camera: ListedCamera, value: str
) -> None:
    """A header that is no number makes the answer worthless."""
    cloud.misbehave(VIDEO, status=206, headers={"X-Media-Length": value})
    err = await failing(source, camera)
    assert isinstance(err, CloudError)
    assert err.key == "cloud_nonsense"


# Redirects


@pytest.mark.parametrize("host", [MEDIA_HOST, FAR_MEDIA_HOST])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, None])
async def test_redirects(
    source: RingPartnerSource,
    cloud: RingPartnerCloud,
    *,
    camera: ListedCamera,
    tmp_path: Path,
    status: int | None,
    host: str,
) -> None:
    """Footage is fetched where the cloud sends us, without the token."""
    cloud.redirect, cloud.media_host = status, host
    await fetch(source, camera, TEN_S, tmp_path / "clip.mp4")
    assert len(moments(tmp_path / "clip.mp4", of=SLOW)) == 20
    media = cloud.asked(f"^{host}")
    if status is None:
        assert media == []
        return
    (asked,) = media
    assert "Authorization" not in asked.headers
    if status in {307, 308}:
        # The same request.
        assert asked.method == "POST"
        assert asked.json() == cloud.asked(VIDEO)[0].json()
        assert asked.headers["Content-Type"] == "application/json"
    else:
        assert (asked.method, asked.body) == ("GET", b"")
        assert "Content-Type" not in asked.headers
    assert cloud.leaks == []


@pytest.mark.parametrize(
    "place",
    [
        f"http://{MEDIA_HOST}/x",
        f"http://{API_HOST}/x",
        "https://127.0.0.1/x",
        "https://localhost/x",
        "https://[::1]/x",
        "https://192.168.1.5/x",
        "https://homeassistant.local/x",
        "https://clips.example/x",
        "https://amazonvision.com.example/x",
        "https://notamazonvision.com/x",
        "https://amazon.dev/x",
        f"https://user@clips.example\\@{MEDIA_HOST}/x",
    ],
)
@pytest.mark.parametrize("status", [303, 307])
async def test_bad_redirect(
    source: RingPartnerSource,
    cloud: RingPartnerCloud,
    camera: ListedCamera,
    place: str,
    status: int,
) -> None:
    """Nobody is asked in the clear, at home, or who is no host of media."""
    cloud.misbehave(VIDEO, status=status, headers={"Location": place})
    before = len(cloud.clouds.requests)
    err = await failing(source, camera)
    assert isinstance(err, CloudError)
    assert err.key == "cloud_redirect"
    assert len(cloud.clouds.requests) == before + 1


async def test_redirect_loop(
    source: RingPartnerSource, cloud: RingPartnerCloud, camera: ListedCamera
) -> None:
    """A loop ends."""
    round_trip = {"Location": f"https://{MEDIA_HOST}/round"}
    cloud.misbehave(VIDEO, status=303, headers=round_trip)
    cloud.misbehave(f"{MEDIA_HOST}/round", times=100, status=302, headers=round_trip)
    assert (await failing(source, camera)).key == "cloud_redirect"
    assert len(cloud.asked(MEDIA_HOST)) < 10


async def test_token_does_not_come_back(
    source: RingPartnerSource, cloud: RingPartnerCloud, camera: ListedCamera
) -> None:
    """Whoever sends us back to the cloud does not get to use our token there."""
    cloud.misbehave(
        VIDEO, status=307, headers={"Location": f"https://{MEDIA_HOST}/back"}
    )
    cloud.misbehave(
        "/back",
        status=307,
        headers={"Location": f"https://{API_HOST}/v1/accounts/me/app-integrations"},
    )
    await failing(source, camera)
    (asked,) = cloud.asked("app-integrations")
    assert "Authorization" not in asked.headers


@pytest.mark.parametrize("status", [401, 403, 410])
async def test_expired_url(
    source: RingPartnerSource,
    cloud: RingPartnerCloud,
    *,
    tokens: Tokens,
    camera: ListedCamera,
    tmp_path: Path,
    status: int,
) -> None:
    """A URL that expired says nothing about our rights; another one works."""
    cloud.misbehave(f"^{MEDIA_HOST}", status=status, body="<Error/>")
    err = await failing(source, camera)
    assert isinstance(err, CloudError)
    assert err.key == "clip_url_expired"
    await fetch(source, camera, TEN_S, tmp_path / "clip.mp4")
    assert tokens.refreshed == 0


# Not there


@pytest.mark.parametrize("status", [416, 425])
async def test_not_ready(
    source: RingPartnerSource,
    cloud: RingPartnerCloud,
    camera: ListedCamera,
    status: int,
) -> None:
    """What was filmed just now is asked for again, unchanged, until it is there."""
    cloud.not_ready, cloud.ready_after_s = status, 60
    now = datetime.now(UTC)
    window = Window(now - timedelta(seconds=12), now - timedelta(seconds=2))
    err = await failing(source, camera, window)
    assert isinstance(err, NotReadyError)
    assert err.key == "footage_not_ready"
    assert 3.7 <= err.after_s <= 6.3
    cloud.ready_after_s = 0
    async with source.fetch(
        camera, PartnerPart(window=window), MediaOptions()
    ) as download:
        assert download.rest is None
    first, second = cloud.asked(VIDEO)
    assert first.body == second.body


@pytest.mark.parametrize(
    ("age_s", "least_s", "most_s"),
    [(1, 3.75, 6.25), (10, 7.5, 12.6), (40, 22.5, 37.5), (118, 0.1, 2.1)],
)
async def test_pauses_grow(
    source: RingPartnerSource,
    cloud: RingPartnerCloud,
    *,
    camera: ListedCamera,
    age_s: float,
    least_s: float,
    most_s: float,
) -> None:
    """The pauses grow, and the last one ends when two minutes have passed."""
    cloud.misbehave(VIDEO, status=416, body=errors("MEDIA_NOT_FOUND"))
    end = datetime.now(UTC) - timedelta(seconds=age_s)
    err = await failing(source, camera, Window(end - timedelta(seconds=5), end))
    assert isinstance(err, NotReadyError)
    assert least_s <= err.after_s <= most_s


@pytest.mark.parametrize("status", [416, 425])
@pytest.mark.parametrize("code", ["TIMESTAMP_NOT_FOUND", "MEDIA_NOT_FOUND", ""])
async def test_never_ready(
    source: RingPartnerSource,
    cloud: RingPartnerCloud,
    camera: ListedCamera,
    status: int,
    code: str,
) -> None:
    """What is not there after two minutes never will be, unless Ring says that it will."""
    end = datetime.now(UTC) - timedelta(seconds=121 if status == 416 else 3601)
    cloud.misbehave(VIDEO, status=status, body=errors(code))
    err = await failing(source, camera, Window(end - timedelta(seconds=5), end))
    assert isinstance(err, NoFootageError)
    assert err.key == ("no_footage" if status == 416 else "footage_not_ready")


@pytest.mark.parametrize("age_s", [200, 600, 3500])
async def test_slow_upload(
    source: RingPartnerSource,
    cloud: RingPartnerCloud,
    camera: ListedCamera,
    age_s: float,
) -> None:
    """What Ring calls not ready is waited for, an hour long and ever more patiently."""
    cloud.ready_after_s = 3600
    end = datetime.now(UTC) - timedelta(seconds=age_s)
    err = await failing(source, camera, Window(end - timedelta(seconds=5), end))
    assert isinstance(err, NotReadyError)
    assert err.after_s <= min(max(30, age_s / 4) * 1.25, 3601 - age_s)
    assert not cloud.asked("/history/")


@pytest.mark.parametrize(
    ("since_event_s", "is_awaited"), [(0, True), (3, True), (-3, False), (6, False)]
)
async def test_event_that_is_not_uploaded(
    *,
    source: RingPartnerSource,
    cloud: RingPartnerCloud,
    door: PartnerCamera,
    camera: ListedCamera,
    since_event_s: float,
    is_awaited: bool,
) -> None:
    """Nothing found where the history has an event is waited for, but not around it."""
    door.recordings = []
    cloud.not_ready, cloud.ready_after_s = 416, 3600
    now = datetime.now(UTC).replace(microsecond=0)
    event = cloud.add_event(door, start=now - timedelta(minutes=5), duration_s=5)
    window = Window(event.start + timedelta(seconds=since_event_s), event.end)
    if since_event_s > 5:
        window = Window(event.end + timedelta(seconds=1), now - timedelta(minutes=4))
    err = await failing(source, camera, window)
    assert isinstance(err, NotReadyError) is is_awaited
    if since_event_s < 0:
        assert isinstance(err, SplitError)
        (part,) = parts_of(err)
        assert isinstance(await failing(source, camera, part), NotReadyError)
        cloud.ready_after_s = 0
        assert part.window.start == event.start
        longer = replace(part, window=Window(event.start, now - timedelta(minutes=4)))
        async with source.fetch(camera, longer, MediaOptions()) as download:
            assert download.rest
        # After it, there is nothing to wait for.
        rest = source.rest(longer, download.rest)
        err = await failing(source, camera, rest)
        assert isinstance(err, NoFootageError)


async def test_file_is_not_there_yet(
    source: RingPartnerSource, cloud: RingPartnerCloud, camera: ListedCamera
) -> None:
    """A store that has not got the file is no camera that nobody knows."""
    cloud.misbehave(f"^{MEDIA_HOST}", status=404, body="<Error/>", times=2)
    assert isinstance(await failing(source, camera), NoFootageError)
    now = datetime.now(UTC)
    fresh = Window(now - timedelta(seconds=12), now - timedelta(seconds=2))
    assert isinstance(await failing(source, camera, fresh), NotReadyError)


async def test_later_recordings(
    source: RingPartnerSource,
    cloud: RingPartnerCloud,
    door: PartnerCamera,
    camera: ListedCamera,
    tmp_path: Path,
) -> None:
    """Where nothing is found at a window's start, the history tells where to look."""
    cloud.in_hole = 416
    door.recordings = []
    for start_s in (100, 400, 700):
        cloud.add_event(door, start=after(start_s))
    window = Window(PAST, after(600))
    split = await failing(source, camera, window)
    assert isinstance(split, SplitError)
    assert [part.window for part in split.parts] == [
        Window(after(100), after(400)),
        Window(after(400), after(600)),
    ]
    for part, start_s in zip(parts_of(split), (100, 400), strict=True):
        came, rest = await fetch(source, camera, part, tmp_path / "clip.mp4")
        assert came == Window(after(start_s), after(start_s + 20))
        assert rest
        # The history is not asked about it once more.
        asked = len(cloud.asked("/history/"))
        err = await failing(source, camera, rest)
        assert isinstance(err, NoFootageError)
        assert not isinstance(err, SplitError)
        assert len(cloud.asked("/history/")) == asked


@pytest.mark.parametrize(
    ("status", "key"), [(403, "no_footage"), (500, "cloud_trouble")]
)
async def test_nothing_there_and_no_history(
    source: RingPartnerSource,
    cloud: RingPartnerCloud,
    door: PartnerCamera,
    camera: ListedCamera,
    *,
    status: int,
    key: str,
) -> None:
    """An outage may hide later recordings; a history that is refused tells of none."""
    door.recordings = []
    cloud.misbehave("/history/", status=status)
    assert (await failing(source, camera)).key == key


# From asked to saved


class Account:
    """An account whose clips are saved."""

    def __init__(
        self, source: RingPartnerSource, camera: ListedCamera, folder: Path
    ) -> None:
        """Take the source, its camera, and where everything goes."""
        self.source = source
        self.camera = camera
        self.folder = folder
        self.tasks: set[asyncio.Task[None]] = set()

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=name)
        self.tasks.add(task)
        return task

    async def save(
        self, window: Window, media_options: MediaOptions | None = None
    ) -> Job:
        """Save a window; return the job once it has ended."""
        library = await Library(self.folder / "clips.db").open()
        executors = Executors()
        jobs = Jobs(
            account_id="account",
            account_name="me@example.com",
            source=self.source,
            library=library,
            find_camera=lambda _: self.camera,
            downloads_at_once=2,
            executors=executors,
            spawn=self._spawn,
            on_ended=lambda _: None,
            sign_in_again=lambda: None,
        )
        running = await jobs.ask(
            self.camera,
            window,
            root=self.folder / "media",
            filename=PurePosixPath("clip"),
            timeout=timedelta(seconds=5),
            media_options=media_options or MediaOptions(),
        )
        job = await running.done
        await asyncio.gather(*self.tasks)
        await library.close()
        executors.shutdown()
        return job


@pytest.fixture
def account(source: RingPartnerSource, camera: ListedCamera, tmp_path: Path) -> Account:
    """Return the account, with an empty media folder."""
    (tmp_path / "media").mkdir()
    return Account(source, camera, tmp_path)


@pytest.mark.parametrize("in_hole", [206, 416])
@pytest.mark.parametrize("redirect", [303, 307])
async def test_forty_minutes_with_a_hole(
    cloud: RingPartnerCloud,
    door: PartnerCamera,
    account: Account,
    *,
    in_hole: int,
    redirect: int,
) -> None:
    """All that there is of a long window is saved; what is missing is told, and no more.

    One hole is in the middle of a request, one from one request into the next.
    """
    cloud.in_hole, cloud.redirect = in_hole, redirect
    door.holes = [(after(300), after(333)), (after(1500), after(1700))]
    for start_s in (333, 1700):
        cloud.add_event(door, start=after(start_s))
    job = await account.save(Window(PAST, after(2400)))
    assert job.error is None
    (clip,) = job.clips
    assert (clip.status, clip.window) == (ClipStatus.PARTIAL, Window(PAST, after(2400)))
    assert clip.gaps == tuple(Window(a, b) for a, b in door.holes)
    expected = {
        after(second / 2)
        for second in range(4800)
        if not any(a <= after(second / 2) < b for a, b in door.holes)
    }
    shown = moments(clip.path, of=SLOW)
    assert set(shown) == expected
    assert len(shown) == len(expected)
    assert cloud.leaks == []
    # Three requests, one more for each hole in the middle of one; where a hole is not
    # stepped over by the cloud, one more each to find that out.
    assert len(cloud.asked(VIDEO)) == {206: 5, 416: 7}[in_hole]


async def test_many_holes(
    cloud: RingPartnerCloud, door: PartnerCamera, account: Account
) -> None:
    """A camera with a poor connection sends a window in many pieces."""
    door.holes = [(after(s), after(s + 5)) for s in range(5, 300, 10)]
    job = await account.save(Window(PAST, after(300)))
    (clip,) = job.clips
    assert len(clip.gaps) == 30
    assert len(moments(clip.path, of=SLOW)) == 300


async def test_encrypted_clip(
    cloud: RingPartnerCloud, door: PartnerCamera, account: Account
) -> None:
    """What nobody can read is said to be encrypted, at once."""
    door.is_encrypted = True
    job = await account.save(TEN_S)
    assert isinstance(job.error, RefusedError)
    assert job.error.key == "media_encrypted"
    assert len(cloud.asked(VIDEO)) == 1
    assert list((account.folder / "media").iterdir()) == []


async def test_part_before_consent(
    cloud: RingPartnerCloud, door: PartnerCamera, account: Account
) -> None:
    """Of a window that begins before the consent, the requests after it are saved."""
    cloud.consented_at = after(10)
    job = await account.save(Window(PAST, after(1200)))
    (clip,) = job.clips
    assert job.error is not None
    assert job.error.key == "before_consent"
    assert clip.status is ClipStatus.PARTIAL
    assert clip.gaps == (Window(PAST, after(600)),)


# Refusals


@pytest.mark.parametrize(
    ("fault", "kind", "key"),
    [
        (
            {"status": 403, "body": errors("TIME_RANGE_NOT_AUTHORIZED")},
            NothingBeforeError,
            "before_consent",
        ),
        (
            {"status": 403, "body": errors("", "TIME_RANGE_NOT_AUTHORIZED")},
            NothingBeforeError,
            "before_consent",
        ),
        (
            {"status": 403, "body": errors("subscription_required")},
            CameraSettingError,
            "no_plan",
        ),
        (
            {"status": 403, "body": errors("REQUEST_FORBIDDEN")},
            RefusedError,
            "camera_not_shared",
        ),
        ({"status": 403}, RefusedError, "camera_not_shared"),
        (
            {"status": 404, "body": errors("NOT_FOUND")},
            CameraUnknownError,
            "camera_unknown",
        ),
        (
            {"status": 422, "body": errors("CORRUPT_RECORDING")},
            RefusedError,
            "recording_corrupt",
        ),
        (
            {"status": 503, "body": errors("X", "Device is currently offline")},
            NotReadyError,
            "device_offline",
        ),
        (
            {"status": 503, "body": errors("SERVER_BUSY")},
            BadAnswerError,
            "cloud_trouble",
        ),
        ({"status": 503, "body": "<html>"}, BadAnswerError, "cloud_trouble"),
        ({"status": 500}, BadAnswerError, "cloud_trouble"),
        ({"status": 409}, BadAnswerError, "cloud_trouble"),
        ({"status": 204}, BadAnswerError, "cloud_trouble"),
        ({"status": 302}, BadAnswerError, "cloud_trouble"),
        (
            {"status": 429, "headers": {"Retry-After": "7"}},
            CloudError,
            "cloud_throttled",
        ),
        ({"drop": True, "times": 2}, UnreachableError, "cloud_unreachable"),
        (
            {"status": 400, "body": errors("BAD_REQUEST", "no such duration")},
            RefusedError,
            "request_refused",
        ),
        ({"status": 400, "body": "?"}, RefusedError, "request_refused"),
        ({"status": 403, "truncate_after_bytes": 0}, RefusedError, "camera_not_shared"),
        (
            {"status": 403, "body": "x" * 99, "truncate_after_bytes": 9},
            UnreachableError,
            "cloud_unreachable",
        ),
    ],
)
async def test_clip_errors(
    source: RingPartnerSource,
    cloud: RingPartnerCloud,
    *,
    tokens: Tokens,
    camera: ListedCamera,
    fault: dict[str, Any],
    kind: type[ClipError],
    key: str,
) -> None:
    """Everything that the API may answer is told apart."""
    cloud.misbehave(VIDEO, **fault)
    err = await failing(source, camera)
    assert (type(err), err.key) == (kind, key)
    assert tokens.access not in str(err)
    if isinstance(err, CloudError):
        assert err.retry_after_s == (7 if "Retry-After" in str(fault) else None)


async def test_reason_of_a_refusal(
    source: RingPartnerSource, cloud: RingPartnerCloud, camera: ListedCamera
) -> None:
    """What the API finds wrong is told."""
    cloud.misbehave(VIDEO, status=400, body=errors("BAD_REQUEST", "no such duration"))
    assert (await failing(source, camera)).placeholders == {
        "action": "media/download",
        "reason": "BAD_REQUEST; no such duration",
    }


async def test_before_consent(
    source: RingPartnerSource, cloud: RingPartnerCloud, camera: ListedCamera
) -> None:
    """What is from before somebody linked the account is never given."""
    cloud.consented_at = after(5)
    err = await failing(source, camera)
    assert isinstance(err, RefusedError)
    assert err.key == "before_consent"


async def test_no_plan(
    source: RingPartnerSource,
    cloud: RingPartnerCloud,
    door: PartnerCamera,
    camera: ListedCamera,
) -> None:
    """A camera without a plan is told from one that the app may not see."""
    cloud.add_camera("Other")
    door.has_plan = False
    assert (await failing(source, camera)).key == "no_plan"
    door.has_plan, door.is_forbidden = True, True
    assert (await failing(source, camera)).key == "camera_not_shared"
    # Nobody knows of a plan: it is not said to be missing.
    cloud.misbehave("/subscriptions", status=422)
    door.has_plan = False
    assert (await failing(source, camera)).key == "camera_not_shared"


async def test_faults_of_the_camera(
    source: RingPartnerSource, door: PartnerCamera, camera: ListedCamera
) -> None:
    """A camera that is offline is waited for; a recording that is broken is not."""
    door.is_online = False
    err = await failing(source, camera)
    assert isinstance(err, NotReadyError)
    assert (err.key, err.after_s) == ("device_offline", 30)
    door.is_online, door.is_corrupt = True, True
    assert (await failing(source, camera)).key == "recording_corrupt"


@pytest.mark.parametrize(
    ("content_type", "key"),
    [
        ("video/mp4", "media_encrypted"),
        ("binary/octet-stream", "media_encrypted"),
        ("text/html", None),
        ("application/json", None),
    ],
)
async def test_encrypted(
    source: RingPartnerSource,
    cloud: RingPartnerCloud,
    camera: ListedCamera,
    content_type: str,
    key: str | None,
) -> None:
    """A good answer that is no video is encrypted, unless it is a page."""
    cloud.misbehave(VIDEO, body="?" * 500, headers={"Content-Type": content_type})
    async with source.fetch(
        camera, PartnerPart(window=TEN_S), MediaOptions()
    ) as download:
        assert (download.not_video and download.not_video.key) == key


async def test_many_at_once_within_the_rate(
    source: RingPartnerSource, cloud: RingPartnerCloud, camera: ListedCamera
) -> None:
    """The cloud never has to say that it is too much."""
    cloud.rate_limit = 70
    await asyncio.gather(*(source.identify() for _ in range(120)))
    assert len(cloud.asked("users/me")) == 120


# Pictures


async def test_picture(
    source: RingPartnerSource,
    cloud: RingPartnerCloud,
    door: PartnerCamera,
    camera: ListedCamera,
) -> None:
    """The newest picture of the last day is given."""
    picture = await source.picture(camera)
    assert picture is not None
    assert picture.startswith(b"\xff\xd8\xff")
    (asked,) = cloud.asked("media/image/download")
    body = asked.json()
    assert body["type"] == "latest_in_range"
    assert body["image_options"] == {"format": "jpeg"}
    assert (
        timedelta(0)
        < (datetime.now(UTC) - Window.of_ms(body["start_timestamp"], 0).start)
        < timedelta(hours=24)
    )
    assert cloud.leaks == []
    door.is_encrypted = True
    assert await source.picture(camera) is None


async def test_picture_on_the_first_day(
    source: RingPartnerSource, cloud: RingPartnerCloud, camera: ListedCamera
) -> None:
    """Nothing is given from before the consent; what is refused is not asked again."""
    cloud.consented_at = datetime.now(UTC) - timedelta(minutes=20)
    assert await source.picture(camera)
    assert len(cloud.asked("media/image/download")) == 3
    assert await source.picture(camera)
    *_, third, fourth = (one.json() for one in cloud.asked("media/image/download"))
    assert fourth["start_timestamp"] == third["start_timestamp"]
    cloud.consented_at = datetime.now(UTC)
    assert await source.picture(camera) is None


@pytest.mark.parametrize("status", [400, 403, 404, 416, 425, 422])
async def test_no_picture(
    source: RingPartnerSource,
    cloud: RingPartnerCloud,
    camera: ListedCamera,
    status: int,
) -> None:
    """Where there is no picture there is none, and that is no error."""
    cloud.misbehave("media/image", status=status)
    assert await source.picture(camera) is None


async def test_picture_in_an_outage(
    source: RingPartnerSource, door: PartnerCamera, camera: ListedCamera
) -> None:
    """An outage is not taken for a camera without pictures."""
    door.is_online = False
    with pytest.raises(CloudError, match="cloud_trouble"):
        await source.picture(camera)


# History


def listing(event_id: object = "1", **about: object) -> dict[str, Any]:
    """Return an entry of the history."""
    return {"id": event_id, "attributes": {"event_type": "motion", **about}}


@pytest.mark.parametrize("empty_pages", [0, 3])
async def test_events(
    source: RingPartnerSource,
    cloud: RingPartnerCloud,
    door: PartnerCamera,
    camera: ListedCamera,
    empty_pages: int,
) -> None:
    """All pages are read back to the window's start, empty ones too."""
    cloud.page, cloud.empty_pages = 2, empty_pages
    added = [
        cloud.add_event(door, "ding" if number % 2 else "motion", start=after(number))
        for number in range(0, 120, 10)
    ]
    events = await source.events(camera, Window(after(35), after(85)))
    assert [event.id for event in events] == [
        event.id for event in added if 15 <= (event.start - PAST).total_seconds() < 85
    ]
    assert {event.kind for event in events} == {"motion"}
    assert events[0].window == Window(after(20), after(40))
    # Not all of the past was read.
    assert len(cloud.asked("/history/")) < 7 + empty_pages


async def test_event_that_goes_on_into_the_window(
    source: RingPartnerSource,
    cloud: RingPartnerCloud,
    door: PartnerCamera,
    camera: ListedCamera,
) -> None:
    """What began before the window is looked for on pages from before it, too."""
    cloud.page = 2
    long = cloud.add_event(door, start=after(0), duration_s=60)
    cloud.add_event(door, start=after(10), duration_s=5)
    within = cloud.add_event(door, start=after(52), duration_s=5)
    events = await source.events(camera, Window(after(50), after(70)))
    assert [event.id for event in events] == [long.id, within.id]


async def test_endless_history(
    source: RingPartnerSource, cloud: RingPartnerCloud, camera: ListedCamera
) -> None:
    """A history that goes round in circles is left."""
    key = f"{after(5):%FT%TZ}"
    link = {"data": [], "links": {"next": f"/v1/x?page%5Bkey%5D={key}"}}
    cloud.misbehave("/history/", times=9, body=json.dumps(link))
    assert await source.events(camera, TEN_S) == []
    first, second = cloud.asked("/history/")
    assert "page[key]" not in first.query
    assert second.query["page[key]"] == key


@pytest.mark.parametrize("events", [0, 1])
async def test_empty_pages_end(
    source: RingPartnerSource,
    cloud: RingPartnerCloud,
    door: PartnerCamera,
    camera: ListedCamera,
    events: int,
) -> None:
    """Empty pages are followed no further back than the window, by their cursor."""
    cloud.empty_tail = timedelta(minutes=4)
    for _ in range(events):
        cloud.add_event(door, start=datetime.now(UTC) - timedelta(minutes=9))
    now = datetime.now(UTC)
    found = await source.events(camera, Window(now - timedelta(minutes=10), now))
    assert len(found) == events
    # Ten minutes are looked at, and ten for what began before them and goes on.
    assert len(cloud.asked("/history/")) <= 20 // 4 + 2


async def test_empty_pages_of_no_known_time(
    source: RingPartnerSource, cloud: RingPartnerCloud, camera: ListedCamera
) -> None:
    """A few empty pages that do not say how far back they go are enough."""
    for number in range(20):
        link = {"data": [], "links": {"next": f"/v1/x?page%5Bkey%5D=key{number}"}}
        cloud.misbehave("/history/", body=json.dumps(link))
    assert await source.events(camera, TEN_S) == []
    assert len(cloud.asked("/history/")) == 5


async def test_history_that_repeats_and_skips(
    source: RingPartnerSource, cloud: RingPartnerCloud, camera: ListedCamera
) -> None:
    """What is listed twice is one event; what a page skips stops nothing."""
    start_ms = TEN_S.start_ms
    pages = [
        [("d", start_ms + 9000), ("c", start_ms + 8000)],
        [("c", start_ms + 8000), ("out of order", start_ms - 10**7)],
        [],
        [("a", start_ms), ("b", start_ms + 5000)],
        [("earlier", start_ms - 10**7)],
    ]
    for number, page in enumerate(pages):
        listed = [listing(event_id, start=start) for event_id, start in page]
        link = f"/v1/x?page%5Bkey%5D={number}"
        body = json.dumps({"data": listed, "links": {"next": link}})
        cloud.misbehave("/history/", body=body)
    events = await source.events(camera, TEN_S)
    assert [event.id for event in events] == ["a", "b", "c", "d"]
    # Nothing on the last page could touch the window, so there was no other.
    assert len(cloud.asked("/history/")) == len(pages)


async def test_what_was_seen(
    source: RingPartnerSource,
    cloud: RingPartnerCloud,
    door: PartnerCamera,
    camera: ListedCamera,
) -> None:
    """What Ring says that it saw is told in the words of all clouds."""
    for number, sub_type in enumerate(
        ("human", "vehicle", "package", "animal", "other_motion", None)
    ):
        cloud.add_event(door, start=after(number), sub_type=sub_type)
    events = await source.events(camera, TEN_S)
    seen = [event.what for event in events]
    assert seen == ["person", "vehicle", "package", "animal", "", ""]
    assert {(event.kind, event.is_ready) for event in events} == {("motion", True)}


async def test_readiness(
    source: RingPartnerSource, cloud: RingPartnerCloud, camera: ListedCamera
) -> None:
    """Footage is ready a moment after its end; what never ends has ended some time."""
    now = datetime.now(UTC)
    for start_s, end_s, is_ready in (
        (-30, None, False),
        (-590, None, False),
        (-610, None, True),
        (-30, 5, False),
        (-30, -0.5, False),
        (-30, -3, True),
    ):
        start = now + timedelta(seconds=start_s)
        end = None if end_s is None else now + timedelta(seconds=end_s)
        window = Window(start, end or start)
        listed = listing(start=window.start_ms, end=window.end_ms if end else None)
        cloud.misbehave("/history/", body=json.dumps({"data": [listed]}))
        (event,) = await source.events(camera, Window(start, now))
        assert (event.window, event.is_ready) == (window, is_ready)


async def test_no_history(
    source: RingPartnerSource, cloud: RingPartnerCloud, camera: ListedCamera
) -> None:
    """That of one camera may be refused, which is no trouble of the cloud's."""
    cloud.misbehave("/history/", status=403)
    with pytest.raises(RefusedError, match="app_refused"):
        await source.events(camera, TEN_S)
    cloud.misbehave("/history/", status=500, times=9)
    with pytest.raises(CloudError, match="cloud_trouble"):
        await source.events(camera, TEN_S)


async def test_strange_events(
    source: RingPartnerSource, cloud: RingPartnerCloud, camera: ListedCamera
) -> None:
    """Entries that make no sense are passed over; a page that does not is trouble."""
    start_ms = TEN_S.start_ms
    entries: list[Any] = [
        None,
        {},
        {"id": "1"},
        {"attributes": {"event_type": "motion", "start": start_ms}},
        {"id": "1", "attributes": {"start": start_ms}},
        listing(),
        listing(start=None),
        listing(start="soon"),
        listing(start=10**30),
        listing(start=start_ms, end="soon"),
        listing(None, start=start_ms),
        listing(2**53 + 1, start=start_ms),
        listing("7", start=str(start_ms), end=start_ms - 5),
    ]
    cloud.misbehave("/history/", body=json.dumps({"data": entries}))
    large, strange = await source.events(camera, TEN_S)
    assert (large.id, large.kind, large.window) == (
        "9007199254740993",
        "motion",
        Window(PAST, PAST),
    )
    assert (strange.id, strange.window) == ("7", Window(PAST, PAST))
    cloud.misbehave("/history/", body='{"data": {}}')
    with pytest.raises(CloudError, match="cloud_nonsense"):
        await source.events(camera, TEN_S)
    cloud.misbehave("/history/", body='{"data": [], "links": {"next": "https://[/"}}')
    with pytest.raises(CloudError, match="cloud_nonsense"):
        await source.events(camera, TEN_S)


# Live


@pytest.fixture
async def at_home(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[None]:
    """Let both ends of live video be on loopback."""
    monkeypatch.setattr("aioice.ice.get_host_addresses", lambda *_, **__: ["127.0.0.1"])
    monkeypatch.setattr(ring_partner, "STOP_PAUSE_S", 0.05)
    before = asyncio.all_tasks()
    yield
    # Nothing of a session is left behind.
    await until(
        lambda: (
            not any(
                "clip_download" in str(task) for task in asyncio.all_tasks() - before
            )
        )
    )


@pytest.mark.usefixtures("at_home")
async def test_live(
    source: RingPartnerSource,
    cloud: RingPartnerCloud,
    door: PartnerCamera,
    camera: ListedCamera,
    tmp_path: Path,
) -> None:
    """A camera records while it is watched; what it recorded is there afterwards."""
    door.recordings = []
    async with source.live(camera):
        assert cloud.live_log == ["start", "media"]
        begin = datetime.now(UTC)
        await asyncio.sleep(2)
        end = datetime.now(UTC)
    assert cloud.live_log == ["start", "media", "stop"]
    (session,) = cloud.live
    assert session.ended_by == "app"
    assert session.media_at is not None
    assert session.media_at <= begin
    (offered,) = cloud.asked(SESSIONS, "POST")
    assert offered.headers["Content-Type"] == "application/sdp"
    assert b"a=recvonly" in offered.body
    assert b"m=audio" not in offered.body
    window = Window(begin, end)
    came, rest = await fetch(source, camera, window, tmp_path / "clip.mp4")
    assert rest is None
    assert came.start <= window.start


@pytest.mark.usefixtures("at_home")
async def test_live_component(
    source: RingPartnerSource, cloud: RingPartnerCloud
) -> None:
    """Of several cameras in a device the one that is meant is watched."""
    cloud.add_camera("Yard", components=("0", "1"))
    async with source.live((await source.cameras())[1]):
        pass
    assert cloud.asked(SESSIONS, "POST")[0].query["component_id"] == "1"


@pytest.mark.usefixtures("at_home")
@pytest.mark.parametrize("way", ["live_starts", "live_is_reachable"])
async def test_live_never_starts(
    source: RingPartnerSource,
    cloud: RingPartnerCloud,
    camera: ListedCamera,
    monkeypatch: pytest.MonkeyPatch,
    way: str,
) -> None:
    """A session without a picture is none, and is ended."""
    monkeypatch.setattr(ring_partner, "LIVE_STARTS_WITHIN_S", 1.0)
    setattr(cloud, way, False)
    with pytest.raises(RefusedError, match="live_not_started"):
        async with source.live(camera):
            pytest.fail("nothing came")
    assert cloud.live_log == ["start", "stop"]
    assert cloud.live[0].ended_by == "app"


@pytest.mark.usefixtures("at_home")
@pytest.mark.parametrize("answer", ["", "v=0", "hello", "v=0\r\nm=video 9 X 96\r\n"])
async def test_senseless_answer(
    source: RingPartnerSource,
    cloud: RingPartnerCloud,
    camera: ListedCamera,
    answer: str,
) -> None:
    """An answer that makes no sense ends the session that it is for."""
    cloud.misbehave(
        SESSIONS,
        method="POST",
        status=201,
        body=answer,
        headers={"Location": "/v1/devices/x/media/streaming/whep/sessions/7"},
    )
    with pytest.raises(RefusedError, match="live_not_started"):
        async with source.live(camera):
            pytest.fail("nothing came")
    assert len(cloud.asked("sessions/7$", "DELETE")) == 1


@pytest.mark.usefixtures("at_home")
async def test_live_ends_with_the_task(
    source: RingPartnerSource, cloud: RingPartnerCloud, camera: ListedCamera
) -> None:
    """Whoever is cancelled, even twice, ends the session, though Ring fails at first."""
    is_live, may_fail = asyncio.Event(), asyncio.Event()

    async def watch() -> None:
        async with source.live(camera):
            is_live.set()
            await asyncio.Event().wait()

    # The first request to end it is none for the cloud.
    cloud.misbehave(SESSIONS, method="DELETE", hold=may_fail, status=503)
    task = asyncio.create_task(watch())
    await until(is_live.is_set)
    task.cancel()
    await until(lambda: cloud.asked(SESSIONS, "DELETE"))
    task.cancel()
    await until(task.done)
    assert task.cancelled()
    assert cloud.live_log == ["start", "media"]
    may_fail.set()
    await until(lambda: cloud.live_log[-1] == "stop")
    assert len(cloud.asked(SESSIONS, "DELETE")) == 2
    assert cloud.live[0].ended_by == "app"


@pytest.mark.usefixtures("at_home")
async def test_live_is_cancelled_while_it_begins(
    source: RingPartnerSource, cloud: RingPartnerCloud, camera: ListedCamera
) -> None:
    """A session that began although nobody waits for it any more is ended."""

    async def watch() -> None:
        async with source.live(camera):
            pytest.fail("nobody waits")

    cloud.misbehave(SESSIONS, method="POST", delay_s=0.5)
    task = asyncio.create_task(watch())
    await until(lambda: cloud.asked(SESSIONS))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert cloud.live_log == ["start", "stop"]
    assert cloud.live[0].ended_by == "app"


@pytest.mark.usefixtures("at_home")
async def test_live_ends_with_an_error(
    source: RingPartnerSource, cloud: RingPartnerCloud, camera: ListedCamera
) -> None:
    """What goes wrong meanwhile does not leave the camera running."""
    with pytest.raises(ZeroDivisionError):
        async with source.live(camera):
            raise ZeroDivisionError
    assert cloud.live_log == ["start", "media", "stop"]


@pytest.mark.usefixtures("at_home")
@pytest.mark.parametrize(("times", "is_told"), [(2, False), (3, True)])
async def test_stop_that_fails(
    source: RingPartnerSource,
    cloud: RingPartnerCloud,
    *,
    camera: ListedCamera,
    caplog: pytest.LogCaptureFixture,
    times: int,
    is_told: bool,
) -> None:
    """A stop is tried again; the recording is not thrown away for it."""
    caplog.set_level(logging.WARNING, "custom_components.clip_download")
    cloud.misbehave(SESSIONS, method="DELETE", status=500, times=times)
    async with source.live(camera):
        pass
    assert len(cloud.asked(SESSIONS, "DELETE")) == 3
    assert ("Could not end" in caplog.text) is is_told
    assert cloud.live[0].id not in caplog.text


@pytest.mark.usefixtures("at_home")
@pytest.mark.parametrize("fault", [{"status": 404}, {"status": 410}])
async def test_session_is_over_already(
    source: RingPartnerSource,
    cloud: RingPartnerCloud,
    camera: ListedCamera,
    fault: dict[str, Any],
) -> None:
    """A session that the cloud has ended need not be ended."""
    cloud.misbehave(SESSIONS, method="DELETE", **fault)
    async with source.live(camera):
        pass
    assert len(cloud.asked(SESSIONS, "DELETE")) == 1


@pytest.mark.usefixtures("at_home")
async def test_live_limit(
    source: RingPartnerSource, cloud: RingPartnerCloud, camera: ListedCamera
) -> None:
    """The cloud ends a session after a while; that is no error."""
    cloud.live_limit_s = 1
    async with source.live(camera):
        await until(lambda: cloud.live_log[-1] == "stop")
    assert cloud.live_log == ["start", "media", "stop"]
    assert cloud.live[0].ended_by == "limit"


@pytest.mark.usefixtures("at_home")
@pytest.mark.parametrize(
    ("fault", "kind", "key"),
    [
        (
            {"status": 503, "body": errors("", "device is offline")},
            RefusedError,
            "device_offline",
        ),
        ({"status": 503}, BadAnswerError, "cloud_trouble"),
        (
            {"status": 404, "body": errors("NOT_FOUND")},
            CameraUnknownError,
            "camera_unknown",
        ),
        (
            {"status": 403, "body": errors("subscription_required")},
            CameraSettingError,
            "no_plan",
        ),
        ({"status": 201}, BadAnswerError, "cloud_nonsense"),
        (
            {"status": 201, "headers": {"Location": "https://clips.example/1"}},
            UnreachableError,
            "cloud_redirect",
        ),
        ({"status": 401, "times": 2}, SignInError, "invalid_auth"),
    ],
)
async def test_live_is_refused(
    source: RingPartnerSource,
    cloud: RingPartnerCloud,
    *,
    camera: ListedCamera,
    fault: dict[str, Any],
    kind: type[ClipError],
    key: str,
) -> None:
    """Why there is no session is told."""
    cloud.misbehave(SESSIONS, method="POST", **fault)
    with pytest.raises(ClipError) as caught:
        async with source.live(camera):
            pytest.fail("it was refused")
    assert (type(caught.value), caught.value.key) == (kind, key)
