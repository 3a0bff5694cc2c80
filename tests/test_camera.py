"""The still picture of a camera: of now, else of the last clip, else none."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from custom_components.clip_download import camera as camera_module
from custom_components.clip_download.clips.jobs import Jobs
from homeassistant.components.camera import async_get_image
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from .accounts import KINDS, add_camera, cloud_of, save_event, set_up
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


@pytest.mark.parametrize("kind", KINDS)
async def test_picture(
    hass: HomeAssistant, hass_clouds: Clouds, tmp_path: Path, kind: str
) -> None:
    """The cloud's picture shows the camera as it is now, and is kept for a minute."""
    add_camera(hass_clouds, kind, "Front")
    for camera in hass_clouds.ring.cameras:
        camera.snapshot_at = datetime.now(UTC) - timedelta(hours=1)
    hass_clouds.meraki.ready_after_s = 0
    await set_up(hass, hass_clouds, kind)
    # A dashboard asks twice a second.
    first, *others = await asyncio.gather(*(picture(hass) for _ in range(4)))
    assert first is not None
    assert others == [first] * 3
    (tmp_path / "picture.jpg").write_bytes(first)
    (frame,) = seen(tmp_path / "picture.jpg")
    assert frame.camera == Footage("Front").camera
    assert datetime.now(UTC) - frame.moment < timedelta(minutes=1)

    asked = len(cloud_of(hass_clouds, kind).asked(MAKES_PICTURE[kind]))
    assert await picture(hass) == first
    assert len(cloud_of(hass_clouds, kind).asked(MAKES_PICTURE[kind])) == asked
    with patch.object(camera_module, "PICTURE_LIFE_S", 0):
        assert await picture(hass)
    assert len(cloud_of(hass_clouds, kind).asked(MAKES_PICTURE[kind])) > asked


async def test_slow_picture(
    hass: HomeAssistant, hass_clouds: Clouds, ring_camera: RingCamera
) -> None:
    """Nobody waits for ever: a picture that takes long is for who asks next."""
    await set_up(hass, hass_clouds, "ring")
    hass_clouds.ring.misbehave("snapshots/image", delay_s=0.3)
    with patch.object(camera_module, "PICTURE_PATIENCE_S", 0.05):
        assert await picture(hass) is None
    await hass.async_block_till_done(wait_background_tasks=True)
    assert await picture(hass)
    assert len(hass_clouds.ring.asked("snapshots/image")) == 1


async def test_impatient(
    hass: HomeAssistant, hass_clouds: Clouds, ring_camera: RingCamera
) -> None:
    """Who goes away does not take the picture away from the others."""
    await set_up(hass, hass_clouds, "ring")
    hass_clouds.ring.misbehave("snapshots/image", delay_s=0.3)
    impatient = hass.async_create_task(picture(hass))
    patient = hass.async_create_task(picture(hass))
    await asyncio.sleep(0.1)
    impatient.cancel()
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


async def test_picture_gone_meanwhile(
    hass: HomeAssistant, hass_clouds: Clouds, tmp_path: Path, ring_camera: RingCamera
) -> None:
    """A picture that is removed as it is to be read is no error."""
    ring_camera.has_snapshots = False
    await set_up(hass, hass_clouds, "ring")
    with patch.object(Jobs, "last_picture", return_value=tmp_path / "gone.jpg"):
        assert await picture(hass) is None
