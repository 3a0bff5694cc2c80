"""The number of minutes that a button saves."""

import pytest
from pytest_homeassistant_custom_component.common import (
    mock_restore_cache_with_extra_data,
)

from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, State
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er

from .accounts import add_camera, set_up
from .clouds import Clouds

NUMBER = "number.front_minutes_to_save"


def minutes(hass: HomeAssistant) -> float:
    """Return what the number shows."""
    state = hass.states.get(NUMBER)
    assert state is not None
    return float(state.state)


async def set_minutes(hass: HomeAssistant, value: float) -> None:
    """Set the number."""
    await hass.services.async_call(
        "number", "set_value", {"entity_id": NUMBER, "value": value}, blocking=True
    )


async def test_minutes(
    hass: HomeAssistant, hass_clouds: Clouds, entity_registry: er.EntityRegistry
) -> None:
    """It can be set, within reason, and stays what it is after a restart."""
    add_camera(hass_clouds, "meraki", "Front")
    entry = await set_up(hass, hass_clouds, "meraki")
    known = entity_registry.async_get(NUMBER)
    assert known is not None
    assert known.entity_category is EntityCategory.CONFIG
    assert minutes(hass) == 5
    await set_minutes(hass, 7)
    assert minutes(hass) == 7
    for unreasonable in (0, 121):
        with pytest.raises(ServiceValidationError):
            await set_minutes(hass, unreasonable)
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert minutes(hass) == 7
    assert list(entry.runtime_data.minutes.values()) == [7]


@pytest.mark.parametrize(("stored", "shown"), [(30, 30), (None, 5)])
async def test_restored(
    hass: HomeAssistant, hass_clouds: Clouds, stored: float | None, shown: float
) -> None:
    """What was stored counts, if it is a number."""
    extra = {
        "native_max_value": 120,
        "native_min_value": 1,
        "native_step": 1,
        "native_unit_of_measurement": "min",
        "native_value": stored,
    }
    mock_restore_cache_with_extra_data(hass, [(State(NUMBER, str(stored)), extra)])
    add_camera(hass_clouds, "meraki", "Front")
    await set_up(hass, hass_clouds, "meraki")
    assert minutes(hass) == shown
