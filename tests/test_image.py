"""The picture of a camera's last clip."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from homeassistant.components.image import async_get_image
from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from .accounts import save_event, set_up
from .clouds import Clouds
from .clouds.footage import seen
from .clouds.ring import RingCamera

IMAGE = "image.front_last_clip"


@pytest.fixture
def camera(hass_clouds: Clouds, media_dir: Path) -> RingCamera:
    """Return a doorbell."""
    return hass_clouds.ring.add_camera("Front")


async def save(
    hass: HomeAssistant, clouds: Clouds, camera: RingCamera, hours: int
) -> Path:
    """Save a clip of so many hours ago; return its path."""
    start = datetime.now(UTC) - timedelta(hours=hours)
    event = clouds.ring.add_event(camera, start=start, duration_s=3)
    return await save_event(hass, event)


def shown(hass: HomeAssistant) -> str:
    """Return the time that the image shows."""
    state = hass.states.get(IMAGE)
    assert state is not None
    return state.state


async def picture(hass: HomeAssistant) -> bytes:
    """Return the picture, as a dashboard gets it."""
    image = await async_get_image(hass, IMAGE)
    assert image.content_type == "image/jpeg"
    return image.content


async def test_last_clip(
    hass: HomeAssistant, hass_clouds: Clouds, camera: RingCamera
) -> None:
    """It shows the latest clip, whichever was saved last, and still after a restart."""
    entry = await set_up(hass, hass_clouds, "ring")
    assert shown(hass) == STATE_UNKNOWN
    with pytest.raises(HomeAssistantError):
        await picture(hass)

    older = await save(hass, hass_clouds, camera, 3)
    first = shown(hass)
    assert await picture(hass) == older.with_suffix(".jpg").read_bytes()

    latest = await save(hass, hass_clouds, camera, 1)
    (frame,) = seen(latest.with_suffix(".jpg"))
    assert frame.camera == camera.footage.camera
    since = frame.moment - datetime.fromisoformat(shown(hass))
    assert timedelta(0) <= since <= timedelta(seconds=3)
    assert shown(hass) > first
    assert await picture(hass) == latest.with_suffix(".jpg").read_bytes()

    second = shown(hass)
    await save(hass, hass_clouds, camera, 2)
    assert shown(hass) == second
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert shown(hass) == second
    assert await picture(hass) == latest.with_suffix(".jpg").read_bytes()


async def test_gone(
    hass: HomeAssistant, hass_clouds: Clouds, camera: RingCamera
) -> None:
    """A picture that somebody removed is none."""
    await set_up(hass, hass_clouds, "ring")
    path = await save(hass, hass_clouds, camera, 1)
    path.with_suffix(".jpg").unlink()
    with pytest.raises(HomeAssistantError):
        await picture(hass)


async def test_other_camera(
    hass: HomeAssistant, hass_clouds: Clouds, camera: RingCamera
) -> None:
    """Another camera's clip changes nothing."""
    gate = hass_clouds.ring.add_camera("Gate")
    await set_up(hass, hass_clouds, "ring")
    await save(hass, hass_clouds, gate, 1)
    assert shown(hass) == STATE_UNKNOWN
