"""The command that lists the cameras."""

from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from tests.accounts import refuse, set_up
from tests.clouds import Clouds

from .conftest import Browser, Open


async def cameras(browser: Browser) -> dict[str, dict[str, Any]]:
    """Return the cameras by their entity."""
    found = (await browser.ask("cameras"))["cameras"]
    return {camera["entity_id"]: camera for camera in found}


async def test_cameras(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path, open_browser: Open
) -> None:
    """Each says what its cloud can do, and whether that can be asked now."""
    hass_clouds.ring.add_camera("Front <b>")
    hass_clouds.kinesis.add_stream("Yard")
    ring = await set_up(hass, hass_clouds, "ring")
    kinesis = await set_up(hass, hass_clouds, "kinesis")
    browser = await open_browser()
    found = await cameras(browser)
    assert list(found) == ["camera.front_b", "camera.yard"]
    front, yard = found.values()
    assert front["name"] == "Front <b>"
    assert front["account"] == {
        "entry_id": ring.entry_id,
        "title": ring.title,
        "kind": "ring",
    }
    assert (front["status"], front["reason"]) == ("ok", None)
    assert (front["any_window"], front["has_events"]) == (False, True)
    assert (yard["any_window"], yard["has_events"]) == (True, False)
    assert front["usd_per_gb"] is None
    assert yard["usd_per_gb"] > 0
    assert front["bytes_per_s"] is yard["bytes_per_s"] is None
    assert front["picture"].startswith("/api/camera_proxy/camera.front_b?authSig=")

    await hass.config_entries.async_unload(kinesis.entry_id)
    yard = (await cameras(browser))["camera.yard"]
    assert (yard["status"], yard["picture"]) == ("unavailable", None)

    er.async_get(hass).async_update_entity(
        "camera.front_b", disabled_by=er.RegistryEntryDisabler.USER
    )
    assert list(await cameras(browser)) == ["camera.yard"]


async def test_clouds_that_cannot_be_asked(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path, open_browser: Open
) -> None:
    """Why they cannot is told: the cloud is down, or a person has to sign in."""
    hass_clouds.meraki.add_camera("Front")
    entry = await set_up(hass, hass_clouds, "meraki")
    browser = await open_browser()
    refuse(hass_clouds, "meraki")
    await entry.runtime_data.coordinator.async_refresh()
    await hass.async_block_till_done()
    front = (await cameras(browser))["camera.front"]
    assert front["status"] == "signed_out"
    assert front["reason"]
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    front = (await cameras(browser))["camera.front"]
    assert front["status"] == "signed_out"
    assert front["reason"]
