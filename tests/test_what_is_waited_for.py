"""How long `save_clip` waits where waiting is in vain, and what is told. In simulated time."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from custom_components.clip_download.const import DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .accounts import KINDS, add_camera, refuse, set_up
from .clouds import Clouds
from .conftest import AUTHORITY
from .household import home
from .simulated import simulated

SECOND = timedelta(seconds=1)
TIMEOUT = 90 * SECOND


async def save(hass: HomeAssistant, end: timedelta) -> tuple[dict[str, Any], timedelta]:
    """Save half a minute that ends so long from now; return the error, and the time taken."""
    began = dt_util.utcnow()
    response = await hass.services.async_call(
        DOMAIN,
        "save_clip",
        {
            "entity_id": "camera.front",
            "end": began + end,
            "duration": 30 * SECOND,
            "timeout": TIMEOUT,
        },
        blocking=True,
        return_response=True,
    )
    assert response is not None
    answer: Any = response["camera.front"]
    return answer["error"], dt_util.utcnow() - began


@pytest.mark.parametrize("kind", KINDS)
@simulated
async def test_refused_credentials(
    kind: str, tmp_path: Path, socket_enabled: None
) -> None:
    """Nobody waits for footage that cannot be had: not a minute, not until tonight."""
    async with Clouds(AUTHORITY) as clouds, home(tmp_path, clouds) as hass:
        add_camera(clouds, kind, "Front")
        entry = await set_up(hass, clouds, kind)
        refuse(clouds, kind)
        for end in (timedelta(0), timedelta(minutes=-20), timedelta(minutes=1)):
            error, took = await save(hass, end)
            assert error["key"] == "invalid_auth"
            assert took < 15 * SECOND
        assert len(list(entry.async_get_active_flows(hass, {"reauth"}))) == 1


@simulated
async def test_cloud_down_before_footage(tmp_path: Path, socket_enabled: None) -> None:
    """A cloud that only fails for a while before there is footage costs nothing."""
    async with Clouds(AUTHORITY) as clouds, home(tmp_path, clouds) as hass:
        add_camera(clouds, "meraki", "Front")
        await set_up(hass, clouds, "meraki")
        fault = clouds.meraki.misbehave("/organizations", status=503)
        response = await hass.services.async_call(
            DOMAIN,
            "save_clip",
            {"entity_id": "camera.front", "before": 10 * SECOND, "timeout": TIMEOUT},
            blocking=True,
            return_response=True,
        )
        assert response is not None
        assert response["camera.front"]["status"] == "complete"  # type: ignore[index,call-overload]
        assert fault.times == 0


@simulated
async def test_nothing_recorded(tmp_path: Path, socket_enabled: None) -> None:
    """Where nothing happened, that is told, and not that a longer timeout helps."""
    async with Clouds(AUTHORITY) as clouds, home(tmp_path, clouds) as hass:
        camera = clouds.ring.add_camera("Front")
        await set_up(hass, clouds, "ring")
        error, took = await save(hass, timedelta(0))
        assert error["key"] == "nothing_recorded"
        # It may have been listed until then.
        assert TIMEOUT <= took < TIMEOUT + 2 * SECOND
        # What is listed and comes late is another matter.
        clouds.ring.add_event(
            camera,
            start=dt_util.utcnow() - 20 * SECOND,
            duration_s=5,
            ready_after_s=3600,
        )
        error, _ = await save(hass, timedelta(0))
        assert error["key"] == "footage_not_ready"
