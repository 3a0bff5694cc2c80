"""The simulated partner API keeps to what Ring's pages say."""

import asyncio
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
import hmac
import json
from pathlib import Path
from typing import Any

from aiohttp import ClientResponse, ClientSession
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
import pytest
from ring_sandbox import webhooks
from ring_sandbox.models import DeviceBundle, HistoryPage, User, WebhookEvent
from yarl import URL

from tests.clouds import Clouds
from tests.clouds.footage import Footage, first_and_last, moments
from tests.clouds.ring import OAUTH_HOST
from tests.clouds.ring_partner import (
    ACCOUNT_HOST,
    API_HOST,
    AUTHORIZE_PATH,
    MEDIA_HOST,
    PartnerCamera,
    RingPartnerCloud,
)
from tests.waits import LONGEST_S

PAST = (datetime.now(UTC) - timedelta(hours=1)).replace(microsecond=0)
SLOW = Footage("Front Door", fps=2, gop_frames=2)
VERIFIER = "a-verifier-of-forty-three-characters-or-more-of-these"


def ms(seconds: float = 0) -> int:
    """Return a moment of the past in milliseconds."""
    return round((PAST.timestamp() + seconds) * 1000)


def after(seconds: float) -> datetime:
    """Return a moment of the past."""
    return PAST + timedelta(seconds=seconds)


@pytest.fixture
def cloud(clouds: Clouds) -> RingPartnerCloud:
    """Return a linked account."""
    return clouds.ring_partner


@pytest.fixture
def camera(cloud: RingPartnerCloud) -> PartnerCamera:
    """Return its camera."""
    return cloud.add_camera(footage=SLOW)


class Client:
    """Somebody with a token."""

    def __init__(self, session: ClientSession, cloud: RingPartnerCloud) -> None:
        """Take the session to use and the cloud that gave the token."""
        self.session = session
        self.token: str = cloud.token()["access_token"]

    async def ask(
        self, path: str, *, method: str = "GET", **options: Any
    ) -> tuple[ClientResponse, Any]:
        """Ask something; return the response and its JSON, or its body."""
        headers = {"Authorization": f"Bearer {self.token}"}
        async with self.session.request(
            method,
            URL(f"https://{API_HOST}/v1/{path}", encoded=True),
            headers=headers | options.pop("headers", {}),
            allow_redirects=False,
            **options,
        ) as response:
            body = await response.read()
            is_json = response.content_type == "application/json"
            return response, json.loads(body) if is_json else body

    async def clip(
        self, camera: PartnerCamera, start_s: float, length_s: float, **more: Any
    ) -> tuple[ClientResponse, Any]:
        """Ask for a clip."""
        body = {"timestamp": ms(start_s), "duration": round(length_s * 1000), **more}
        return await self.ask(
            f"devices/{camera.id}/media/video/download", method="POST", json=body
        )


@pytest.fixture
def client(session: ClientSession, cloud: RingPartnerCloud) -> Client:
    """Return a client with a good token."""
    return Client(session, cloud)


# Tokens


class Link:
    """What an app does to be linked."""

    def __init__(self, session: ClientSession, cloud: RingPartnerCloud) -> None:
        """Take the session to use and the cloud to be linked to."""
        self.session = session
        self.cloud = cloud

    async def authorize(self, **changes: str) -> tuple[int, str]:
        """Send a browser to Ring; return the status, and the code it brings back."""
        digest = sha256(VERIFIER.encode()).digest()
        query = {
            "client_id": self.cloud.client_id,
            "redirect_uri": self.cloud.redirect_uri,
            "response_type": "code",
            "scope": "ava.v1:read",
            "state": "of mind",
            "code_challenge": urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            **changes,
        }
        async with self.session.get(
            f"https://{ACCOUNT_HOST}{AUTHORIZE_PATH}",
            params=query,
            allow_redirects=False,
        ) as response:
            if response.status != 302:
                return response.status, ""
            back = URL(response.headers["Location"])
            assert str(back.with_query(None)) == self.cloud.redirect_uri
            assert back.query["state"] == "of mind"
            return response.status, back.query["code"]

    async def token(self, **form: str) -> tuple[int, Any]:
        """Ask for a token; return the status and the answer."""
        form = {
            "client_id": self.cloud.client_id,
            "client_secret": self.cloud.client_secret,
            **form,
        }
        async with self.session.post(
            f"https://{OAUTH_HOST}/oauth/token", data=form
        ) as response:
            return response.status, await response.json()

    async def exchange(self, code: str, verifier: str = VERIFIER) -> tuple[int, Any]:
        """Exchange a code."""
        return await self.token(
            grant_type="authorization_code", code=code, code_verifier=verifier
        )


@pytest.fixture
def link(session: ClientSession, cloud: RingPartnerCloud) -> Link:
    """Return what links an app."""
    return Link(session, cloud)


async def test_link(link: Link, client: Client, cloud: RingPartnerCloud) -> None:
    """A code becomes a token, once; the token rotates; linking is completed."""
    _, code = await link.authorize()
    status, granted = await link.exchange(code)
    assert (status, granted["expires_in"], granted["scope"]) == (
        200,
        14_400,
        "ava.v1:read",
    )
    assert (await link.exchange(code))[0] == 400
    client.token = granted["access_token"]
    assert (await client.ask("users/me"))[0].status == 200
    # A refresh token is no access token.
    client.token = granted["refresh_token"]
    assert (await client.ask("users/me"))[0].status == 401
    refresh = {"grant_type": "refresh_token", "refresh_token": client.token}
    status, granted = await link.token(**refresh)
    assert status == 200
    assert (await link.token(**refresh)) == (400, {"error": "invalid_grant"})
    client.token = granted["access_token"]
    path = "accounts/me/app-integrations"
    _, told = await client.ask(path)
    assert told["data"]["attributes"]["status"] == "awaiting"
    _, told = await client.ask(path, method="PATCH", json={"status": "completed"})
    assert told["data"]["attributes"]["status"] == "completed"
    assert (await client.ask(path, method="DELETE"))[0].status == 204
    assert (await client.ask("users/me"))[0].status == 401
    assert cloud.link_status is None


@pytest.mark.parametrize(
    "change",
    [
        {"client_id": "x"},
        {"redirect_uri": "https://elsewhere.example"},
        {"response_type": "token"},
        {"scope": "client"},
        {"code_challenge": ""},
        {"code_challenge_method": "plain"},
    ],
)
async def test_bad_link(link: Link, change: dict[str, str]) -> None:
    """Whatever differs from the page is refused."""
    assert await link.authorize(**change) == (400, "")


async def test_bad_exchange(link: Link, cloud: RingPartnerCloud) -> None:
    """A code is good with its verifier only, for ten minutes, and with the secret."""
    _, code = await link.authorize()
    assert (await link.exchange(code, "another"))[0] == 400
    _, code = await link.authorize()
    cloud.clouds.offset = timedelta(minutes=11)
    assert (await link.exchange(code))[0] == 400
    assert (await link.token(client_secret="wrong"))[0] == 401
    assert (await link.token(client_id="unknown"))[0] == 401
    assert (await link.token(grant_type="password"))[0] == 400


async def test_old_refresh_token(link: Link, cloud: RingPartnerCloud) -> None:
    """A link that was not used for 30 days has ended."""
    token = cloud.token()["refresh_token"]
    cloud.clouds.offset = timedelta(days=30, seconds=1)
    status, _ = await link.token(grant_type="refresh_token", refresh_token=token)
    assert status == 400


async def test_playground(client: Client, cloud: RingPartnerCloud) -> None:
    """The playground's token is for half an hour, and knows of no subscription."""
    client.token = cloud.playground_token()
    assert (await client.ask("users/me"))[0].status == 200
    assert (await client.ask("accounts/me/subscriptions"))[0].status == 422
    cloud.clouds.offset = timedelta(minutes=30)
    response, body = await client.ask("users/me")
    assert (response.status, body) == (401, b"")


async def test_rate(client: Client, cloud: RingPartnerCloud) -> None:
    """Each answer tells the limit; whoever passes it is told to wait."""
    cloud.rate_limit = 3
    left = []
    for _ in range(3):
        response, _ = await client.ask("users/me")
        left.append(response.headers["X-RateLimit-Remaining"])
    assert left == ["2", "1", "0"]
    response, _ = await client.ask("users/me")
    assert (response.status, response.headers["Retry-After"]) == (429, "1")


async def test_wrong_path(client: Client, camera: PartnerCamera) -> None:
    """A path that there is none of is forbidden, not missing."""
    assert (await client.ask(f"devices/{camera.id}/events"))[0].status == 403


# Shapes, as somebody else's models have them


async def test_shapes(
    client: Client, cloud: RingPartnerCloud, camera: PartnerCamera
) -> None:
    """The models of ring-sandbox, made from live answers, take ours."""
    cloud.add_camera("Yard", components=("0", "1"))
    cloud.add_camera("Chime", has_video=False)
    cloud.add_event(camera, "ding", start=after(10))
    _, me = await client.ask("users/me")
    assert User.model_validate(me["data"]).account_id == cloud.account_id
    _, listed = await client.ask("devices?include=status,capabilities")
    assert [DeviceBundle(device=one).name for one in listed["data"]] == [
        "Front Door",
        "Yard",
        "Chime",
    ]
    assert {one["type"] for one in listed["included"]} == {
        "device-status",
        "device-capabilities",
    }
    assert (await client.ask("devices?include=everything"))[0].status == 400
    _, page = await client.ask(f"history/devices/{camera.id}/events")
    (event,) = HistoryPage.model_validate(page).data
    assert event.attributes.started_at == after(10)
    assert event.device_id == camera.id


async def test_webhook(cloud: RingPartnerCloud, camera: PartnerCamera) -> None:
    """A webhook is signed as Ring signs them."""
    body, headers = cloud.webhook(camera, sub_type="human", at=after(1))
    event = WebhookEvent.model_validate_json(body)
    assert (event.device_id, event.occurred_at) == (camera.id, after(1))
    assert json.loads(body)["data"]["subType"] == "human"
    assert webhooks.verify(cloud.hmac_key, body, headers["X-Signature"])
    digest = hmac.new(cloud.hmac_key.encode(), body, sha256).hexdigest()
    assert headers["X-Signature"] == f"sha256={digest}"
    _, forged = cloud.webhook(camera, key="another")
    assert not webhooks.verify(cloud.hmac_key, body, forged["X-Signature"])


async def test_history(
    client: Client, cloud: RingPartnerCloud, camera: PartnerCamera
) -> None:
    """Pages go back in time, empty ones first; each leads to the next."""
    cloud.page, cloud.empty_pages = 2, 2
    for number in range(5):
        cloud.add_event(camera, start=after(number))
    cloud.add_event(camera, "ding", start=after(9))
    path = f"history/devices/{camera.id}/events"
    query = "?event_types=motion"
    pages = []
    while True:
        _, page = await client.ask(f"{path}{query}")
        pages.append([int(one["attributes"]["start"]) for one in page["data"]])
        if "next" not in page["links"]:
            break
        key = URL(page["links"]["next"]).query["page[key]"]
        query = str(URL.build(query={"event_types": "motion", "page[key]": key}))
    assert pages == [[], [], [ms(4), ms(3)], [ms(2), ms(1)], [ms(0)]]


# Media


async def test_clip(
    client: Client, cloud: RingPartnerCloud, camera: PartnerCamera, tmp_path: Path
) -> None:
    """A clip lies behind a URL that is good once and for a while, without a token."""
    response, _ = await client.clip(camera, 0.25, 10)
    assert response.status == 303
    url = response.headers["Location"]
    assert url.startswith(f"https://{MEDIA_HOST}/")
    async with client.session.get(URL(url, encoded=True)) as media:
        assert (media.status, media.headers["X-Media-Timestamp"]) == (200, str(ms()))
        assert "X-Media-Length" not in media.headers
        (tmp_path / "clip.mp4").write_bytes(await media.read())
    shown = first_and_last(tmp_path / "clip.mp4", of=SLOW)
    assert shown == (PAST, after(10))
    headers = {"Authorization": f"Bearer {client.token}"}
    async with client.session.get(URL(url, encoded=True), headers=headers) as media:
        assert media.status == 400
    assert cloud.leaks == ["authorization"]
    async with client.session.post(URL(url, encoded=True)) as media:
        assert media.status == 405
    cloud.clouds.offset = timedelta(seconds=301)
    async with client.session.get(URL(url, encoded=True)) as media:
        assert media.status == 403


async def test_silent_unless_asked(
    client: Client, cloud: RingPartnerCloud, camera: PartnerCamera, tmp_path: Path
) -> None:
    """There is no sound by default; every option is honoured."""
    cloud.redirect = None
    _, body = await client.clip(camera, 0, 2)
    assert b"mp4a" not in body
    _, body = await client.clip(
        camera,
        0,
        2,
        audio_options={"audio_enabled": True},
        video_options={
            "codec": "hevc",
            "frame_rate": 7,
            "resolution": {"width": 200, "height": 101},
        },
    )
    (tmp_path / "clip.mp4").write_bytes(body)
    assert b"mp4a" in body
    assert b"hev1" in body
    # The next lower rate that our footage has.
    assert len(moments(tmp_path / "clip.mp4")) == 10


@pytest.mark.parametrize(
    "wrong",
    [
        {"timestamp": "soon"},
        {"timestamp": ms(7200)},
        {"duration": 0},
        {"duration": 900_001},
        {"video_options": {"codec": "av1"}},
        {"video_options": {"frame_rate": 26}},
        {"video_options": {"resolution": {"width": 1921}}},
        {"video_options": {"resolution": {"height": 0}}},
        {"components": [{"component_id": "7"}]},
        {"components": [{"component_id": "0"}, {"component_id": "1"}]},
    ],
)
async def test_wrong_request(
    client: Client, cloud: RingPartnerCloud, wrong: dict[str, Any]
) -> None:
    """What the page does not allow is refused."""
    camera = cloud.add_camera("Yard", components=("0", "1"), footage=SLOW)
    assert (await client.clip(camera, 0, 10))[0].status == 303
    assert (await client.clip(camera, 0, 10, **wrong))[0].status == 400


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"is_forbidden": True}, 403, "REQUEST_FORBIDDEN"),
        ({"has_plan": False}, 403, "REQUEST_FORBIDDEN"),
        ({"is_online": False}, 503, "SERVICE_UNAVAILABLE"),
        ({"is_corrupt": True}, 422, "CORRUPT_RECORDING"),
        ({"has_video": False}, 400, "BAD_REQUEST"),
        ({"recordings": []}, 416, "MEDIA_NOT_FOUND"),
    ],
)
async def test_refusals(
    client: Client,
    camera: PartnerCamera,
    change: dict[str, Any],
    status: int,
    code: str,
) -> None:
    """Each reason for not giving a clip has its answer."""
    for name, value in change.items():
        setattr(camera, name, value)
    response, told = await client.clip(camera, 0, 10)
    assert (response.status, told["errors"][0]["code"]) == (status, code)


async def test_consent(
    client: Client, cloud: RingPartnerCloud, camera: PartnerCamera
) -> None:
    """Nothing is given that is from before the consent, not even told of."""
    cloud.consented_at = after(5)
    cloud.add_event(camera, start=PAST)
    response, told = await client.clip(camera, 0, 10)
    assert response.status == 403
    assert told["errors"][0]["code"] == "TIME_RANGE_NOT_AUTHORIZED"
    assert (await client.clip(camera, 5, 10))[0].status == 303
    _, page = await client.ask(f"history/devices/{camera.id}/events?event_types=motion")
    assert page["data"] == []


async def test_readiness(
    client: Client, cloud: RingPartnerCloud, camera: PartnerCamera
) -> None:
    """What was filmed just now is there in part, or not yet."""
    cloud.redirect = None
    cloud.ready_after_s = (datetime.now(UTC) - after(5)).total_seconds()
    assert (await client.clip(camera, -5, 5))[0].status == 200
    response, _ = await client.clip(camera, 0, 3000)
    assert response.status == 400
    response, _ = await client.clip(camera, 0, 60)
    assert response.status == 206
    assert 4000 <= int(response.headers["X-Media-Length"]) <= 9000
    for status, code in ((425, "RECORDING_NOT_READY"), (416, "TIMESTAMP_NOT_FOUND")):
        cloud.not_ready = status
        response, told = await client.clip(camera, 30, 10)
        assert (response.status, told["errors"][0]["code"]) == (status, code)


async def test_hole(
    client: Client, cloud: RingPartnerCloud, camera: PartnerCamera
) -> None:
    """A hole ends what comes; what begins in one begins later, or is not found."""
    cloud.redirect = None
    camera.holes = [(after(10), after(20.25))]
    response, _ = await client.clip(camera, 0, 30)
    assert response.status == 206
    assert response.headers["X-Media-Timestamp"] == str(ms())
    assert response.headers["X-Media-Length"] == "10000"
    response, _ = await client.clip(camera, 10, 20)
    assert response.status == 206
    assert response.headers["X-Media-Timestamp"] == str(ms(21))
    assert response.headers["X-Media-Length"] == "9000"
    cloud.in_hole = 416
    assert (await client.clip(camera, 10, 20))[0].status == 416


async def test_encrypted(
    client: Client, cloud: RingPartnerCloud, camera: PartnerCamera
) -> None:
    """Encrypted media look good from outside."""
    cloud.redirect, camera.is_encrypted = None, True
    response, body = await client.clip(camera, 0, 10)
    assert (response.status, response.content_type) == (200, "video/mp4")
    assert body[4:8] != b"ftyp"


async def test_image(
    client: Client, cloud: RingPartnerCloud, camera: PartnerCamera
) -> None:
    """Pictures are of what was recorded, and looking at them is noted."""
    camera.recordings = [(PAST, after(10))]
    path = f"devices/{camera.id}/media/image/download"

    async def image(**wanted: Any) -> tuple[int, str]:
        response, _ = await client.ask(path, method="POST", json=wanted)
        if response.status != 303:
            return response.status, ""
        url = URL(response.headers["Location"], encoded=True)
        async with client.session.get(url) as media:
            assert (await media.read()).startswith(b"\xff\xd8")
            return media.status, media.headers["X-Media-Timestamp"]

    latest = {"type": "latest_in_range", "start_timestamp": ms(-60)}
    assert await image(**latest) == (200, str(ms(10) - 1))
    assert await image(**latest, end_timestamp=ms(5)) == (200, str(ms(5) - 1))
    assert await image(type="at_timestamp", timestamp=ms(19)) == (200, str(ms(10) - 1))
    assert await image(type="at_timestamp", timestamp=ms(21)) == (416, "")
    assert await image(type="latest_in_range", start_timestamp=ms(-90_000)) == (400, "")
    assert await image(type="any") == (400, "")
    assert {event.kind for event in camera.events} == {"on_demand"}


# Live


async def test_live(
    client: Client,
    cloud: RingPartnerCloud,
    camera: PartnerCamera,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Live video shows the present; it is recorded and in the history afterwards."""
    monkeypatch.setattr("aioice.ice.get_host_addresses", lambda *_, **__: ["127.0.0.1"])
    camera.recordings = []
    path = f"devices/{camera.id}/media/streaming/whep/sessions"
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    frames: asyncio.Queue[Any] = asyncio.Queue()

    @peer.on("track")
    def watch(track: Any) -> None:
        async def one() -> None:
            frames.put_nowait(await track.recv())

        peer.watching = asyncio.ensure_future(one())  # type: ignore[attr-defined]

    peer.addTransceiver("video", direction="recvonly")
    await peer.setLocalDescription(await peer.createOffer())
    offer = peer.localDescription.sdp
    response, _ = await client.ask(path, method="POST", data=offer)
    assert response.status == 415
    response, answer = await client.ask(
        path, method="POST", data=offer, headers={"Content-Type": "application/sdp"}
    )
    assert response.status == 201
    await peer.setRemoteDescription(
        RTCSessionDescription(sdp=answer.decode(), type="answer")
    )
    async with asyncio.timeout(LONGEST_S):
        frame = await frames.get()
    assert (frame.width, frame.height) == (SLOW.width, SLOW.height)
    assert cloud.live_log == ["start", "media"]
    location = response.headers["Location"].removeprefix(f"https://{API_HOST}/v1/")
    assert (await client.ask(location, method="DELETE"))[0].status == 204
    assert (await client.ask(location, method="DELETE"))[0].status == 404
    assert cloud.live_log == ["start", "media", "stop"]
    (session,) = cloud.live
    ((start, end),) = camera.recordings
    assert session.media_at
    assert session.ended_at
    for recorded, lived in ((start, session.media_at), (end, session.ended_at)):
        assert abs(recorded - lived) < timedelta(milliseconds=1)
    assert [event.kind for event in camera.events] == ["on_demand"]
    await peer.close()
