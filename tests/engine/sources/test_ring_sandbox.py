"""Ring's partner API as `ring-sandbox` emulates it: written by somebody else."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path
import secrets
import socket

from aiohttp import ClientSession, TCPConnector
import pytest
from ring_sandbox.emulator import create_app
from ring_sandbox.world import Chaos, SandboxDevice, World, default_world
import uvicorn

from custom_components.clip_download.engine.errors import (
    CameraUnknownError,
    ClipError,
    CloudError,
    NoFootageError,
    NotReadyError,
    RefusedError,
    SignInError,
)
from custom_components.clip_download.engine.model import Codec, MediaOptions
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
)
from custom_components.clip_download.engine.time_range import Window, from_ms
from tests.clouds.footage import Footage, moments
from tests.clouds.resolver import LoopbackResolver
from tests.conftest import AUTHORITY
from tests.waits import until

from . import whole

HOST = "api.amazonvision.com"
# When something happened, long enough ago; it lasts twenty seconds.
EVENT = (datetime.now(UTC) - timedelta(hours=1)).replace(microsecond=0)
FOOTAGE = Footage("Front Door", audio=None)


def after(seconds: float) -> datetime:
    """Return a moment around the event."""
    return EVENT + timedelta(seconds=seconds)


@pytest.fixture(scope="module")
def media_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the only clip and picture that the sandbox has."""
    folder = tmp_path_factory.mktemp("media")
    FOOTAGE.write(folder / "default.mp4", EVENT, after(20))
    (folder / "default.jpg").write_bytes(FOOTAGE.picture(EVENT))
    return folder


@pytest.fixture
def world(media_dir: Path) -> World:
    """Return a household with two cameras, a chime and a sensor."""
    world = default_world()
    world.media_dir = media_dir
    world.required_token = secrets.token_urlsafe()
    return world


@pytest.fixture
def chaos() -> Chaos | None:
    """Let nothing go wrong, unless a test says so."""
    return None


@pytest.fixture
async def source(
    world: World, chaos: Chaos | None, socket_enabled: None
) -> AsyncGenerator[RingPartnerSource]:
    """Return a source that reaches the sandbox by the API's own name, over TLS."""
    config = uvicorn.Config(create_app(world, chaos), log_level="error", lifespan="off")
    config.load()
    config.ssl = AUTHORITY.server_context([HOST])
    server = uvicorn.Server(config)
    listening = socket.create_server(("127.0.0.1", 0))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    await until(lambda: server.started)
    # A token that was good yesterday.
    tokens = ["old"]

    async def access_token(refresh: bool) -> str:
        if refresh:
            tokens[0] = world.required_token or ""
        return tokens[0]

    connector = TCPConnector(
        resolver=LoopbackResolver({HOST: listening.getsockname()[1]}),
        ssl=AUTHORITY.client_context(),
    )
    async with ClientSession(connector=connector) as session:
        yield RingPartnerSource({}, session=session, access_token=access_token)
    server.should_exit = True
    await serving


@pytest.fixture
async def camera(source: RingPartnerSource) -> ListedCamera:
    """Return the doorbell, as it is listed."""
    return (await source.cameras())[0]


@pytest.fixture
def device(world: World, camera: ListedCamera) -> SandboxDevice:
    """Return the doorbell, as the sandbox has it; somebody came once."""
    world.record_event(camera.id, "button_press", at_ms=Window(EVENT, EVENT).start_ms)
    return world.devices[camera.id]


async def failing(
    source: RingPartnerSource, camera: ListedCamera, window: Window
) -> ClipError:
    """Return the error that a fetch ends with."""
    with pytest.raises(ClipError) as caught:
        async with source.fetch(camera, PartnerPart(window=window), MediaOptions()):
            pass
    return caught.value


async def test_account_and_cameras(source: RingPartnerSource, world: World) -> None:
    """The account is known by its id; chimes and sensors are no cameras."""
    identity = await source.identify()
    assert identity.id == world.account_id
    assert identity.title == "Ring partner sandbox@example.com"
    assert [camera.name for camera in await source.cameras()] == [
        "Front Door",
        "Backyard",
    ]
    assert {camera.id for camera in await source.cameras()} == {
        device.id for device in world.cameras()
    }


async def test_refused_token(source: RingPartnerSource, world: World) -> None:
    """A token that the sandbox does not know is given up."""
    world.required_token = "another"
    await source.identify()
    world.required_token, given = "never", world.required_token
    source.access_token = lambda refresh: asyncio.sleep(0, given)
    with pytest.raises(SignInError, match="invalid_auth"):
        await source.identify()


async def test_whole_window(
    source: RingPartnerSource,
    camera: ListedCamera,
    device: SandboxDevice,
    tmp_path: Path,
) -> None:
    """A 200 is what was asked for."""
    window = Window(EVENT, after(20))
    (part,) = (await source.plan(camera, window, MediaOptions())).parts
    assert part.event_ids == (device.history[0].id,)
    async with source.fetch(camera, part, MediaOptions()) as download:
        (tmp_path / "clip.mp4").write_bytes(await whole(download))
        assert (download.window, download.rest) == (window, None)
    assert len(moments(tmp_path / "clip.mp4", of=FOOTAGE)) == 200


async def test_partial_window(
    source: RingPartnerSource, camera: ListedCamera, device: SandboxDevice
) -> None:
    """A 206 is less, and what comes after it is not there."""
    part = PartnerPart(window=Window(after(5), after(60)))
    async with source.fetch(camera, part, MediaOptions()) as download:
        assert download.window == Window(after(5), after(20))
    assert download.rest == Window(after(20), after(60))
    # The sandbox has the last millisecond twice.
    late = Window(after(20.001), after(60))
    assert isinstance(await failing(source, camera, late), NoFootageError)


async def test_window_around_an_event(
    source: RingPartnerSource, camera: ListedCamera, device: SandboxDevice
) -> None:
    """Where a window begins before the event, the history tells where to go on."""
    split = await failing(source, camera, Window(after(-30), after(10)))
    assert isinstance(split, SplitError)
    (part,) = split.parts
    assert isinstance(part, PartnerPart)
    assert part.window == Window(EVENT, after(10))
    async with source.fetch(camera, part, MediaOptions()) as download:
        assert (download.window, download.rest) == (part.window, None)


async def test_fresh_window(source: RingPartnerSource, camera: ListedCamera) -> None:
    """What is not there may come, as long as it is fresh."""
    now = datetime.now(UTC)
    fresh = Window(now - timedelta(seconds=10), now - timedelta(seconds=1))
    assert isinstance(await failing(source, camera, fresh), NotReadyError)


async def test_components(source: RingPartnerSource, world: World) -> None:
    """Each camera of a device that has several is asked for as the sandbox wants it."""
    yard = world.cameras()[1]
    yard.components = ["0", "1"]
    world.record_event(yard.id, "motion_detected", at_ms=Window(EVENT, EVENT).start_ms)
    *_, second = await source.cameras()
    assert second.id == f"{yard.id}:1"
    part = PartnerPart(window=Window(EVENT, after(5)))
    async with source.fetch(
        second, part, MediaOptions(codec=Codec.HEVC, width=640)
    ) as download:
        assert download.rest is None
    assert await source.picture(second)


async def test_history(
    source: RingPartnerSource, camera: ListedCamera, device: SandboxDevice, world: World
) -> None:
    """Several pages of history are read."""
    for number in range(120):
        start = after(100 + 10 * number)
        world.record_event(
            device.id,
            "motion_detected",
            at_ms=Window(start, start).start_ms,
            duration_ms=5000,
        )
    events = await source.events(camera, Window(EVENT, after(5000)))
    assert [event.kind for event in events] == ["ding", *["motion"] * 120]
    assert events[0].window == Window(EVENT, after(20))
    assert [event.id for event in events] == [one.id for one in device.history[::-1]]


async def test_picture(
    source: RingPartnerSource,
    camera: ListedCamera,
    device: SandboxDevice,
    media_dir: Path,
) -> None:
    """A picture is fetched where the sandbox redirects to."""
    picture = await source.picture(camera)
    assert picture == (media_dir / "default.jpg").read_bytes()


async def test_no_plan(
    source: RingPartnerSource, camera: ListedCamera, device: SandboxDevice, world: World
) -> None:
    """A missing plan is told."""
    world.enforce_subscriptions = True
    window = Window(EVENT, after(5))
    err = await failing(source, camera, window)
    assert isinstance(err, RefusedError)
    assert err.key == "no_plan"
    assert await source.picture(camera) is None
    world.record_event(device.id, "subscription_activated")
    async with source.fetch(
        camera, PartnerPart(window=window), MediaOptions()
    ) as download:
        assert download.rest is None


async def test_unknown_camera(source: RingPartnerSource, camera: ListedCamera) -> None:
    """A camera that is gone is told."""
    gone = ListedCamera(id="x", name="x", device_id="ava1.ring.device.X")
    err = await failing(source, gone, Window(EVENT, after(5)))
    assert (type(err), err.key) == (CameraUnknownError, "camera_unknown")


@pytest.mark.parametrize(
    ("chaos", "key", "after_s"),
    [
        (Chaos(rate_limit=1.0), "cloud_throttled", 1),
        (Chaos(unavailable=1.0), "cloud_trouble", 2),
    ],
)
async def test_chaos(source: RingPartnerSource, key: str, after_s: float) -> None:
    """The sandbox's own faults are told, with when to come back."""
    with pytest.raises(CloudError, match=key) as caught:
        await source.identify()
    assert caught.value.retry_after_s == after_s


@pytest.mark.parametrize("chaos", [Chaos(seed=3, flaky_media=0.5)])
async def test_flaky_media(
    source: RingPartnerSource, camera: ListedCamera, device: SandboxDevice
) -> None:
    """A fault that passes is one to be tried again."""
    outcomes = []
    for _ in range(12):
        part = PartnerPart(window=Window(EVENT, after(5)))
        try:
            async with source.fetch(camera, part, MediaOptions()) as download:
                assert download.rest is None
                outcomes.append("came")
        except CloudError as err:
            outcomes.append(err.key)
    assert set(outcomes) == {"came", "cloud_trouble"}


async def test_live_ends(
    source: RingPartnerSource,
    camera: ListedCamera,
    world: World,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The sandbox sends no video, so its session is ended as one that never started."""
    monkeypatch.setattr(ring_partner, "LIVE_STARTS_WITHIN_S", 0.5)
    with pytest.raises(RefusedError, match="live_not_started"):
        async with source.live(camera):
            pytest.fail("nothing can come")
    assert [entry["kind"] for entry in world.delivered] == [
        "whep.session.open",
        "whep.session.close",
    ]
    assert world.whep_sessions == {}
    # It is in the history all the same.
    assert from_ms(world.devices[camera.id].history[0].start) > after(0)
