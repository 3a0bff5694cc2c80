"""Names and ids that nobody can store: Home Assistant goes on with all the others."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.json import json_bytes

from .accounts import add_camera, set_up
from .clouds import Clouds

HALF_EMOJI = "Front \ud83d"


@pytest.mark.parametrize("kind", ["ring", "ring_partner", "meraki"])
@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (HALF_EMOJI, "Front �"),
        ("Front\0\x1b[31m\nDoor", "Front��[31m Door"),
        ("\u202eroodtnorF", "�roodtnorF"),
        ("Front" * 20_000, ("Front" * 40)),
    ],
    ids=["half emoji", "controls", "backwards", "long"],
)
async def test_names_of_cameras(
    hass: HomeAssistant, hass_clouds: Clouds, kind: str, name: str, shown: str
) -> None:
    """The registry of all devices can be saved, and the account be unloaded."""
    camera_id = add_camera(hass_clouds, kind, name)
    entry = await set_up(hass, hass_clouds, kind)
    registry = dr.async_get(hass)
    names = [device.name for device in registry.devices]
    assert shown in names
    # What Home Assistant writes to its disk.
    json_bytes(registry._data_to_save())
    assert camera_id in entry.runtime_data.coordinator.data
    assert await hass.config_entries.async_unload(entry.entry_id)


def recorded(hass: HomeAssistant) -> dict[str, Any]:
    """Return the cameras that the only account has."""
    (entry,) = hass.config_entries.async_loaded_entries("clip_download")
    data: dict[str, Any] = entry.runtime_data.coordinator.data
    return data


@pytest.mark.parametrize("bad", [HALF_EMOJI, "a\nb", "x" * 300, "", "a b"])
async def test_ids_of_cameras(
    hass: HomeAssistant, hass_clouds: Clouds, bad: str
) -> None:
    """A camera whose id is none is left out, and the others are there."""
    good = hass_clouds.ring_partner.add_camera("Front")
    other = hass_clouds.ring_partner.add_camera("Back")
    other.id = bad
    await set_up(hass, hass_clouds, "ring_partner")
    assert list(recorded(hass)) == [good.id]


async def test_ids_of_events(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """An event whose id is none is left out of a list, and the others are in it."""
    ring = hass_clouds.ring
    camera = ring.add_camera("Front")
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)
    good = ring.add_event(camera, start=start)
    for number, bad in enumerate((HALF_EMOJI, "x" * 300, "../../history", ["1"]), 1):
        ring.add_event(
            camera, start=start + timedelta(minutes=number), id=bad, ding_id=bad
        )
    await set_up(hass, hass_clouds, "ring")
    answer: Any = await hass.services.async_call(
        "clip_download",
        "list_events",
        {
            "entity_id": "camera.front",
            "start": (start - timedelta(minutes=1)).isoformat(),
            "end": (start + timedelta(minutes=10)).isoformat(),
        },
        blocking=True,
        return_response=True,
    )
    assert [one["id"] for one in answer["camera.front"]["events"]] == [str(good.id)]
