"""The picture of a camera's last clip."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
import os
from pathlib import Path

import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from homeassistant.components.camera import async_get_image as async_get_camera_image
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


def address(hass: HomeAssistant) -> str | None:
    """Return the address that a page loads the picture from."""
    state = hass.states.get(IMAGE)
    assert state is not None
    found: str | None = state.attributes.get("entity_picture")
    return found


async def picture(hass: HomeAssistant) -> bytes:
    """Return the picture, as a dashboard gets it."""
    image = await async_get_image(hass, IMAGE)
    assert image.content_type == "image/jpeg"
    return image.content


async def test_last_clip(
    hass: HomeAssistant, hass_clouds: Clouds, camera: RingCamera
) -> None:
    """It shows the clip that was saved last, at once, and still after a restart."""
    entry = await set_up(hass, hass_clouds, "ring")
    assert shown(hass) == STATE_UNKNOWN
    with pytest.raises(HomeAssistantError):
        await picture(hass)
    # Nothing to load, so that no page shows a broken picture.
    assert address(hass) is None

    older = await save(hass, hass_clouds, camera, 3)
    first, first_address = shown(hass), address(hass)
    assert first_address
    assert await picture(hass) == older.with_suffix(".jpg").read_bytes()

    latest = await save(hass, hass_clouds, camera, 1)
    (frame,) = seen(latest.with_suffix(".jpg"))
    assert frame.camera == camera.footage.camera
    assert frame.moment < datetime.fromisoformat(shown(hass))
    assert shown(hass) > first
    assert address(hass) != first_address
    assert await picture(hass) == latest.with_suffix(".jpg").read_bytes()

    second = shown(hass)
    saved_last = await save(hass, hass_clouds, camera, 2)
    third = shown(hass)
    assert third > second
    assert await picture(hass) == saved_last.with_suffix(".jpg").read_bytes()
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert shown(hass) == third
    assert await picture(hass) == saved_last.with_suffix(".jpg").read_bytes()


async def test_page_that_is_open(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    camera: RingCamera,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    """A page that is open loads the new picture at once, and may load the old address."""
    await set_up(hass, hass_clouds, "ring")
    client = await hass_client_no_auth()
    pictures = []
    addresses = []
    for hours in (3, 1):
        path = await save(hass, hass_clouds, camera, hours)
        pictures.append(path.with_suffix(".jpg").read_bytes())
        addresses.append(address(hass))
    for one in addresses:
        assert one
        async with client.get(one) as response:
            assert response.status == 200
            assert await response.read() == pictures[-1]


async def test_cloud_does_not_list_it(
    hass: HomeAssistant, hass_clouds: Clouds, camera: RingCamera
) -> None:
    """Clips are on the disk: they are shown while the cloud lists no camera, or is down."""
    entry = await set_up(hass, hass_clouds, "ring")
    path = await save(hass, hass_clouds, camera, 1)
    hass_clouds.ring.remove_camera(camera)
    await entry.runtime_data.coordinator.async_refresh()
    await hass.async_block_till_done()
    hass_clouds.ring.misbehave("", status=503, times=99)
    await entry.runtime_data.coordinator.async_refresh()
    await hass.async_block_till_done()
    assert await picture(hass) == path.with_suffix(".jpg").read_bytes()
    for entity_id in (IMAGE, "sensor.front_last_clip"):
        state = hass.states.get(entity_id)
        assert state is not None
        datetime.fromisoformat(state.state)


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


def link(path: Path) -> None:
    """Lead to what only Home Assistant may read."""
    secret = path.parents[4] / "secrets.yaml"
    secret.write_bytes(b"\xff\xd8 password")
    path.symlink_to(secret)


def sparse(path: Path) -> None:
    """Be a file of 3 GiB that takes no room on the disk."""
    with path.open("wb") as file:
        file.truncate(3 * 2**30)


def peak_kib() -> int:
    """Return the most memory that this process ever had."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


@pytest.mark.timeout(60)
@pytest.mark.parametrize("become", [link, sparse, os.mkfifo, Path.mkdir])
async def test_what_is_no_picture(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    camera: RingCamera,
    become: Callable[[Path], None],
) -> None:
    """Nothing secret is shown, no memory is taken, and no thread hangs at a pipe."""
    await set_up(hass, hass_clouds, "ring")
    path = await save(hass, hass_clouds, camera, 1)
    whole = path.with_suffix(".jpg").read_bytes()
    path.with_suffix(".jpg").unlink()
    become(path.with_suffix(".jpg"))
    before = peak_kib()
    with pytest.raises(HomeAssistantError):
        await picture(hass)
    # The cloud's own picture of the event stands in.
    shown = await async_get_camera_image(hass, "camera.front")
    assert shown.content not in {whole, b""}
    assert b"password" not in shown.content
    assert len(shown.content) < 2**20
    assert peak_kib() - before < 100 * 1024
    # Nor through a link in place of its folder.
    if path.with_suffix(".jpg").is_dir():
        path.with_suffix(".jpg").rmdir()
    else:
        path.with_suffix(".jpg").unlink()
    path.with_suffix(".jpg").write_bytes(whole)
    assert await picture(hass) == whole
    path.parent.rename(path.parents[4] / "outside")
    path.parent.symlink_to(path.parents[4] / "outside")
    with pytest.raises(HomeAssistantError):
        await picture(hass)
