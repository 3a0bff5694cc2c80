"""The event entities: which cameras have one, and what they are."""

from datetime import UTC, datetime

import pytest
from pytest_homeassistant_custom_component.common import (
    mock_restore_cache_with_extra_data,
)

from custom_components.clip_download.event import MOTION, RING, Sighting, async_tell
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component

from .accounts import FORM_KINDS, add_camera, remove_camera, set_up
from .clouds import Clouds

EVENT = "event.front_event"


def tell(hass: HomeAssistant, entry: ConfigEntry, of_type: str) -> None:
    """Let the cloud tell of something that the only camera saw."""
    (camera,) = entry.runtime_data.coordinator.data.values()
    start = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
    async_tell(
        hass, entry, camera, Sighting(id="1", type=of_type, kind="human", start=start)
    )


def told(hass: HomeAssistant) -> State:
    """Return the state of the event entity."""
    state = hass.states.get(EVENT)
    assert state is not None
    return state


@pytest.fixture
async def entry(hass: HomeAssistant, hass_clouds: Clouds) -> ConfigEntry:
    """Return an account with one camera."""
    await hass.config.async_set_time_zone("Europe/Berlin")
    hass_clouds.ring_partner.add_camera("Front")
    return await set_up(hass, hass_clouds, "ring_partner")


async def test_event(
    hass: HomeAssistant, entry: ConfigEntry, entity_registry: er.EntityRegistry
) -> None:
    """Each camera has an event entity of its own, on its device."""
    state = told(hass)
    assert (state.state, state.name) == (STATE_UNKNOWN, "Front Event")
    assert state.attributes["device_class"] == "motion"
    assert state.attributes["event_types"] == ["motion"]
    camera, event = (
        entity_registry.async_get(entity_id) for entity_id in ("camera.front", EVENT)
    )
    assert camera
    assert event
    assert event.device_id == camera.device_id
    assert event.unique_id == f"{camera.unique_id}_event"

    tell(hass, entry, MOTION)
    state = told(hass)
    assert state.attributes["event_type"] == "motion"
    assert state.attributes["id"] == "1"
    assert state.attributes["kind"] == "human"
    assert state.attributes["start"] == "2026-11-21T10:00:00.000+01:00"


async def test_doorbell(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """A camera whose button was pressed is a doorbell from then on."""
    tell(hass, entry, RING)
    assert told(hass).attributes["event_type"] == "ring"
    for _ in range(2):
        assert told(hass).attributes["device_class"] == "doorbell"
        assert told(hass).attributes["event_types"] == ["motion", "ring"]
        tell(hass, entry, MOTION)
        assert told(hass).attributes["event_type"] == "motion"
        # After a restart too.
        assert await hass.config_entries.async_reload(entry.entry_id)


async def test_triggers_rang(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Home Assistant's own trigger for doorbells hears the ring, not the motion."""
    tell(hass, entry, RING)
    assert await async_setup_component(
        hass,
        "automation",
        {
            "automation": {
                "triggers": {
                    "trigger": "doorbell.rang",
                    "target": {"entity_id": EVENT},
                },
                "actions": {"event": "rang"},
            }
        },
    )
    heard: list[object] = []
    hass.bus.async_listen("rang", heard.append)
    tell(hass, entry, MOTION)
    await hass.async_block_till_done()
    assert not heard
    tell(hass, entry, RING)
    await hass.async_block_till_done()
    assert len(heard) == 1


async def test_restored(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """What was seen last is still known after a restart."""
    state = State(EVENT, "2026-11-21T09:00:00.000+00:00")
    stored = {"last_event_type": "motion", "last_event_attributes": {"id": "7"}}
    mock_restore_cache_with_extra_data(hass, [(state, stored)])
    hass_clouds.ring_partner.add_camera("Front")
    await set_up(hass, hass_clouds, "ring_partner")
    assert told(hass).state == state.state
    assert told(hass).attributes["id"] == "7"


async def test_camera_comes_and_goes(
    hass: HomeAssistant, hass_clouds: Clouds, entry: ConfigEntry
) -> None:
    """The event entity is there as the camera is."""
    gate = add_camera(hass_clouds, "ring_partner", "Gate")
    await entry.runtime_data.coordinator.async_refresh()
    await hass.async_block_till_done()
    assert hass.states.get("event.gate_event")
    remove_camera(hass_clouds, "ring_partner", gate)
    await entry.runtime_data.coordinator.async_refresh()
    state = hass.states.get("event.gate_event")
    assert state is not None
    assert state.state == STATE_UNAVAILABLE


@pytest.mark.parametrize("kind", FORM_KINDS)
async def test_clouds_that_tell_nothing(
    hass: HomeAssistant, hass_clouds: Clouds, kind: str
) -> None:
    """Where no events are told, there is no entity that would wait for ever."""
    add_camera(hass_clouds, kind, "Front")
    await set_up(hass, hass_clouds, kind)
    assert not hass.states.async_entity_ids("event")
