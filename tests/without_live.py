"""What works where the packages of live views cannot be had: all but live views.

Not collected by itself: `test_requirements` runs it in a process of its own, in which
only the simulated clouds, which speak WebRTC themselves, may import these packages.
"""

from datetime import timedelta

import pytest

from custom_components.clip_download.const import DOMAIN
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from .accounts import KINDS, add_camera, save_event, set_up
from .clouds import Clouds
from .clouds.footage import first_and_last

pytestmark = pytest.mark.usefixtures("media_dir")


async def test_nothing_but_live_views_needs_them(
    hass: HomeAssistant, hass_clouds: Clouds
) -> None:
    """Accounts of every kind load, and a clip of Ring's is saved."""
    camera = hass_clouds.ring.add_camera("Front")
    start = dt_util.utcnow() - timedelta(hours=1)
    event = hass_clouds.ring.add_event(camera, "ding", start=start, duration_s=3)
    for kind in KINDS:
        if kind != "ring":
            add_camera(hass_clouds, kind, f"one_of_{kind}")
        entry = await set_up(hass, hass_clouds, kind)
        assert entry.state is ConfigEntryState.LOADED
    path = await save_event(hass, event)
    assert first_and_last(path).start - start < timedelta(seconds=1)


@pytest.mark.parametrize("kind", ["ring", "ring_partner"])
async def test_live_views_say_so(
    hass: HomeAssistant, hass_clouds: Clouds, kind: str
) -> None:
    """Who asks for a live view is told what is missing, in the words of the camera."""
    add_camera(hass_clouds, kind, "Front")
    await set_up(hass, hass_clouds, kind)
    with pytest.raises(HomeAssistantError, match=r"Front.* needs the package aiortc"):
        await hass.services.async_call(
            DOMAIN,
            "record_clip",
            {"duration": {"seconds": 2}},
            target={"entity_id": "camera.front"},
            blocking=True,
        )
