"""The still picture of a camera: of now, else of the last clip, else none."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from custom_components.clip_download import camera as camera_module
from custom_components.clip_download.engine.errors import LibraryError
from custom_components.clip_download.engine.pipeline.jobs import Jobs
from homeassistant.components.camera import async_get_image
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component
from tests.waits import until

from .accounts import KINDS, add_camera, cloud_of, refuse, save_event, set_up
from .clouds import Clouds
from .clouds.footage import Footage, seen
from .clouds.ring import RingCamera

# The request that each cloud makes a picture for.
MAKES_PICTURE = {
    "ring": "snapshots/timestamps",
    "ring_partner": "media/image/download",
    "meraki": "generateSnapshot",
    "kinesis": "getImages",
}


@pytest.fixture
def ring_camera(hass_clouds: Clouds) -> RingCamera:
    """Return a camera that has taken a snapshot before."""
    camera = hass_clouds.ring.add_camera("Front")
    camera.snapshot_at = datetime.now(UTC) - timedelta(hours=1)
    return camera


async def picture(hass: HomeAssistant) -> bytes | None:
    """Return the camera's picture, as a dashboard gets it."""
    try:
        return (await async_get_image(hass, "camera.front")).content
    except HomeAssistantError:
        return None


async def save(
    hass: HomeAssistant, clouds: Clouds, camera: RingCamera, ago: timedelta
) -> Path:
    """Save a clip; return its picture's path."""
    start = datetime.now(UTC) - ago
    event = clouds.ring.add_event(camera, start=start, duration_s=3)
    return (await save_event(hass, event)).with_suffix(".jpg")


class Clock:
    """The clock of the event loop, which can be moved by `later_s`."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take the loop."""
        self._time = loop.time
        self.later_s = 0.0

    def time(self) -> float:
        """Return the loop's time."""
        return self._time() + self.later_s


@pytest.fixture
def clock(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return the clock of the event loop."""
    clock = Clock(hass.loop)
    monkeypatch.setattr(hass.loop, "time", clock.time)
    return clock


async def ask(hass: HomeAssistant) -> None:
    """Ask for a new picture."""
    await async_setup_component(hass, "homeassistant", {})
    await hass.services.async_call(
        "homeassistant", "update_entity", {"entity_id": "camera.front"}, blocking=True
    )


@pytest.mark.parametrize("kind", KINDS)
async def test_new_picture(
    hass: HomeAssistant, hass_clouds: Clouds, tmp_path: Path, kind: str
) -> None:
    """Whoever asks for a new picture sees the camera as it is now, each time."""
    add_camera(hass_clouds, kind, "Front")
    for camera in hass_clouds.ring.cameras:
        camera.snapshot_at = datetime.now(UTC) - timedelta(hours=1)
    hass_clouds.meraki.ready_after_s = 0
    await set_up(hass, hass_clouds, kind)
    cloud = cloud_of(hass_clouds, kind)
    await ask(hass)
    asked = len(cloud.asked(MAKES_PICTURE[kind]))
    shown = await picture(hass)
    assert shown is not None
    assert len(cloud.asked(MAKES_PICTURE[kind])) == asked > 0
    (tmp_path / "picture.jpg").write_bytes(shown)
    (frame,) = seen(tmp_path / "picture.jpg")
    assert frame.camera == Footage("Front").camera
    assert datetime.now(UTC) - frame.moment < timedelta(minutes=1)
    await ask(hass)
    assert len(cloud.asked(MAKES_PICTURE[kind])) > asked


@pytest.mark.parametrize("kind", KINDS)
async def test_a_fault_that_passes(
    hass: HomeAssistant, hass_clouds: Clouds, kind: str
) -> None:
    """One fault of a cloud does not cost the picture."""
    add_camera(hass_clouds, kind, "Front")
    for camera in hass_clouds.ring.cameras:
        camera.snapshot_at = datetime.now(UTC) - timedelta(hours=1)
    hass_clouds.meraki.ready_after_s = 0
    await set_up(hass, hass_clouds, kind)
    fault = cloud_of(hass_clouds, kind).misbehave(MAKES_PICTURE[kind], status=503)
    await ask(hass)
    assert fault.times == 0
    assert await picture(hass)


@pytest.mark.parametrize("kind", KINDS)
async def test_credentials_that_are_refused(
    hass: HomeAssistant, hass_clouds: Clouds, kind: str
) -> None:
    """There is no picture, and the user is asked to sign in again, once."""
    add_camera(hass_clouds, kind, "Front")
    entry = await set_up(hass, hass_clouds, kind)
    refuse(hass_clouds, kind)
    for _ in range(2):
        await ask(hass)
        await hass.async_block_till_done(wait_background_tasks=True)
    assert await picture(hass) is None
    assert len(list(entry.async_get_active_flows(hass, {"reauth"}))) == 1


@pytest.mark.parametrize("kind", ["meraki", "kinesis"])
async def test_dashboard(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    kind: str,
    clock: Clock,
) -> None:
    """A camera that never sleeps makes a picture for a dashboard every ten minutes."""
    add_camera(hass_clouds, kind, "Front")
    hass_clouds.meraki.ready_after_s = 0
    await set_up(hass, hass_clouds, kind)
    cloud = cloud_of(hass_clouds, kind)
    # It asks twice a second.
    first, *others = await asyncio.gather(*(picture(hass) for _ in range(4)))
    assert first is not None
    assert others == [first] * 3
    asked = len(cloud.asked(MAKES_PICTURE[kind]))
    clock.later_s += 599
    assert await picture(hass) == first
    assert len(cloud.asked(MAKES_PICTURE[kind])) == asked
    clock.later_s += 1
    assert await picture(hass)
    assert len(cloud.asked(MAKES_PICTURE[kind])) > asked


async def test_dashboard_wakes_nobody(
    hass: HomeAssistant, hass_clouds: Clouds, ring_camera: RingCamera
) -> None:
    """A dashboard shows what Ring has, however often, and no camera is woken for it."""
    last = ring_camera.snapshot_at
    await set_up(hass, hass_clouds, "ring")
    for life_s, asked in ((camera_module.PICTURE_LIFE_S, 1), (0, 4)):
        with patch.object(camera_module, "PICTURE_LIFE_S", life_s):
            for _ in range(3):
                assert await picture(hass)
        assert len(hass_clouds.ring.asked("snapshots/image")) == asked
    assert hass_clouds.ring.asked("snapshots/timestamps") == []
    assert ring_camera.snapshot_at == last


@pytest.mark.usefixtures("media_dir")
async def test_newest(
    hass: HomeAssistant, hass_clouds: Clouds, ring_camera: RingCamera
) -> None:
    """The last clip is shown, unless a new picture was asked for after it."""
    await set_up(hass, hass_clouds, "ring")
    old = await save(hass, hass_clouds, ring_camera, timedelta(days=2))
    cloud = await picture(hass)
    assert cloud
    assert cloud != old.read_bytes()
    clip = await save(hass, hass_clouds, ring_camera, timedelta(minutes=5))
    assert await picture(hass) == clip.read_bytes()
    await ask(hass)
    assert await picture(hass) not in (None, cloud, clip.read_bytes())


async def test_slow_picture(
    hass: HomeAssistant, hass_clouds: Clouds, ring_camera: RingCamera
) -> None:
    """Nobody waits for ever: a picture that takes long is for who asks next."""
    await set_up(hass, hass_clouds, "ring")
    late = asyncio.Event()
    hass_clouds.ring.misbehave("snapshots/image", hold=late)
    with patch.object(camera_module, "PICTURE_TIMEOUT_S", 0.05):
        assert await picture(hass) is None
    late.set()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert await picture(hass)
    assert len(hass_clouds.ring.asked("snapshots/image")) == 1


async def test_impatient(
    hass: HomeAssistant, hass_clouds: Clouds, ring_camera: RingCamera
) -> None:
    """Who goes away does not take the picture away from the others."""
    await set_up(hass, hass_clouds, "ring")
    late = asyncio.Event()
    hass_clouds.ring.misbehave("snapshots/image", hold=late)
    impatient = hass.async_create_task(picture(hass))
    patient = hass.async_create_task(picture(hass))
    await until(lambda: hass_clouds.ring.asked("snapshots/image"))
    impatient.cancel()
    late.set()
    assert await patient
    assert len(hass_clouds.ring.asked("snapshots/image")) == 1


@pytest.mark.usefixtures("media_dir")
@pytest.mark.parametrize("fault", [{"status": 503}, {"drop": True}, {"body": "<html>"}])
async def test_last_clip(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    ring_camera: RingCamera,
    caplog: pytest.LogCaptureFixture,
    fault: dict[str, Any],
) -> None:
    """While the cloud gives no picture, that of the latest clip is shown."""
    await set_up(hass, hass_clouds, "ring")
    hass_clouds.ring.misbehave("snapshots", times=99, **fault)
    latest = await save(hass, hass_clouds, ring_camera, timedelta(hours=1))
    older = await save(hass, hass_clouds, ring_camera, timedelta(hours=3))
    caplog.clear()
    shown = await picture(hass)
    assert shown == latest.read_bytes() != older.read_bytes()
    assert not [record for record in caplog.records if record.levelname != "DEBUG"]


@pytest.mark.usefixtures("media_dir")
async def test_cloud_without_pictures(
    hass: HomeAssistant, hass_clouds: Clouds, ring_camera: RingCamera
) -> None:
    """A camera that takes no pictures has one as soon as a clip was saved."""
    ring_camera.has_snapshots = False
    await set_up(hass, hass_clouds, "ring")
    assert await picture(hass) is None
    saved = await save(hass, hass_clouds, ring_camera, timedelta(hours=1))
    assert await picture(hass) == saved.read_bytes()
    saved.unlink()
    assert await picture(hass) is None


async def test_library_trouble(
    hass: HomeAssistant, hass_clouds: Clouds, ring_camera: RingCamera
) -> None:
    """While the library cannot be read, there still is what the cloud has."""
    await set_up(hass, hass_clouds, "ring")
    err = LibraryError("library_unusable", path="clips.db", reason="disk full")
    with patch.object(Jobs, "last_clip", side_effect=err):
        assert await picture(hass)


async def test_muted(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """It says until when it is muted, over a reload too, and not a moment longer."""
    hass_clouds.ring.add_camera("Front")
    entry = await set_up(hass, hass_clouds, "ring")

    def until_when() -> str | None:
        state = hass.states.get("camera.front")
        assert state
        return state.attributes.get("muted_until")

    async def mute(**duration: int) -> Any:
        call = {"entity_id": "camera.front", "duration": duration}
        return await hass.services.async_call(
            "clip_download", "mute_camera", call, blocking=True, return_response=True
        )

    assert until_when() is None
    told = await mute(hours=1)
    await hass.async_block_till_done()
    assert told == {"camera.front": {"muted_until": until_when()}}
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert told == {"camera.front": {"muted_until": until_when()}}
    await mute(seconds=0)
    await hass.async_block_till_done()
    assert until_when() is None

    # A camera of another integration has an answer, too.
    for action, data in (("mute_camera", {}), ("list_clips", {"date": "2026-11-21"})):
        answer = await hass.services.async_call(
            "clip_download",
            action,
            {"entity_id": "camera.other", **data},
            blocking=True,
            return_response=True,
        )
        assert "not_our_camera" in str(answer)
