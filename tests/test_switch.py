"""The switch that saves what a camera sees."""

from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.clip_download.automatic_saving import async_set_automatic
from custom_components.clip_download.engine.errors import LibraryError
from custom_components.clip_download.engine.events.store import EventStore
from custom_components.clip_download.services.response import EVENT_SAVED
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import STATE_OFF, STATE_ON, EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from .accounts import add_camera, look, set_up
from .clouds import Clouds
from .clouds.footage import first_and_last
from .clouds.ring import RingCamera

SWITCH = "switch.front_save_automatically"
SECOND = timedelta(seconds=1)


@pytest.fixture
def camera(hass_clouds: Clouds, media_dir: Path) -> RingCamera:
    """Return a doorbell whose recordings are ready soon."""
    hass_clouds.ring.ready_after_s = 0
    return hass_clouds.ring.add_camera("Front")


@pytest.fixture
async def entry(
    hass: HomeAssistant, hass_clouds: Clouds, camera: RingCamera
) -> ConfigEntry:
    """Return an account that saves nothing by itself yet."""
    return await set_up(hass, hass_clouds, "ring")


async def turn(hass: HomeAssistant, to: str) -> None:
    """Turn the switch on or off."""
    await hass.services.async_call(
        "switch", f"turn_{to}", {"entity_id": SWITCH}, blocking=True
    )


def is_shown(hass: HomeAssistant) -> str:
    """Return what the switch shows."""
    state = hass.states.get(SWITCH)
    assert state is not None
    return state.state


async def test_ring_is_saved(
    hass: HomeAssistant, hass_clouds: Clouds, camera: RingCamera, entry: ConfigEntry
) -> None:
    """Once it is on, a ring is saved without anything else; once it is off, it is not."""
    saved = async_capture_events(hass, EVENT_SAVED)
    now = datetime.now(UTC)
    # As if it was turned on two minutes ago.
    with patch.object(dt_util, "utcnow", return_value=now - 120 * SECOND):
        await turn(hass, STATE_ON)
    rings = [
        hass_clouds.ring.add_event(
            camera, "ding", start=now - age * SECOND, duration_s=3
        )
        for age in (180, 60)
    ]
    await look(hass, entry)
    (event,) = saved
    assert event.data["entity_id"] == "camera.front"
    assert event.data["events"] == [str(rings[1].id)]
    path = Path(event.data["path"])
    shown = first_and_last(path, of=camera.footage)
    assert abs(shown.start - rings[1].start) <= SECOND
    assert abs(shown.end - rings[1].end) <= SECOND
    doorbell = hass.states.get("event.front_doorbell")
    assert doorbell is not None
    assert doorbell.attributes["path"] == str(path)
    # The next look, and a restart, save nothing twice.
    await look(hass, entry)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await look(hass, entry)
    assert is_shown(hass) == STATE_ON
    assert len(saved) == 1

    await turn(hass, STATE_OFF)
    hass_clouds.ring.add_event(camera, "ding", start=now - 20 * SECOND, duration_s=3)
    await look(hass, entry)
    assert len(saved) == 1


async def test_what_was_wanted_is_forgotten(
    hass: HomeAssistant, hass_clouds: Clouds, camera: RingCamera, entry: ConfigEntry
) -> None:
    """What is not saved yet when it is turned off is not saved later either."""
    saved = async_capture_events(hass, EVENT_SAVED)
    now = datetime.now(UTC)
    with patch.object(dt_util, "utcnow", return_value=now - 120 * SECOND):
        await turn(hass, STATE_ON)
    hass_clouds.ring.add_event(
        camera, "ding", start=now - 60 * SECOND, duration_s=3, ready_after_s=600
    )
    await look(hass, entry)
    wanted = partial(
        entry.runtime_data.event_store.wanted,
        now,
        [str(camera.id)],
        ready_only=False,
        most=9,
    )
    assert len(await wanted()) == 1
    await turn(hass, STATE_OFF)
    assert await wanted() == []
    for event in hass_clouds.ring.events:
        event.ready_at = event.stored_at = now
    await turn(hass, STATE_ON)
    await look(hass, entry)
    assert saved == []


async def test_turned_on_twice(
    hass: HomeAssistant, hass_clouds: Clouds, camera: RingCamera, entry: ConfigEntry
) -> None:
    """What is on already saves what was seen since it was turned on at first."""
    saved = async_capture_events(hass, EVENT_SAVED)
    now = datetime.now(UTC)
    with patch.object(dt_util, "utcnow", return_value=now - 120 * SECOND):
        await turn(hass, STATE_ON)
    await turn(hass, STATE_ON)
    ring = hass_clouds.ring.add_event(
        camera, "ding", start=now - 60 * SECOND, duration_s=3
    )
    await look(hass, entry)
    assert [event.data["events"] for event in saved] == [[str(ring.id)]]


async def test_it_shows_the_options(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    entry: ConfigEntry,
    entity_registry: er.EntityRegistry,
) -> None:
    """It shows at once what was turned on elsewhere, and does not reload the account."""
    known = entity_registry.async_get(SWITCH)
    assert known is not None
    assert known.entity_category is EntityCategory.CONFIG
    assert is_shown(hass) == STATE_OFF
    (camera_id,) = entry.runtime_data.coordinator.data
    account = entry.runtime_data
    async_set_automatic(hass, entry, camera_id, is_on=True)
    assert is_shown(hass) == STATE_ON
    async_set_automatic(hass, entry, camera_id, is_on=False)
    assert is_shown(hass) == STATE_OFF
    await hass.async_block_till_done()
    assert entry.runtime_data is account


async def test_each_camera_has_its_own(
    hass: HomeAssistant, hass_clouds: Clouds, entry: ConfigEntry
) -> None:
    """One camera's switch leaves the others as they are."""
    add_camera(hass_clouds, "ring", "Gate")
    await entry.runtime_data.coordinator.async_refresh()
    await hass.async_block_till_done()
    await turn(hass, STATE_ON)
    assert is_shown(hass) == STATE_ON
    gate = hass.states.get("switch.gate_save_automatically")
    assert gate is not None
    assert gate.state == STATE_OFF


async def test_storage_trouble(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """If what was wanted cannot be forgotten, that is said."""
    err = LibraryError("library_unusable", path="clips.db", reason="disk full")
    with (
        patch.object(EventStore, "forget_wanted", side_effect=err),
        pytest.raises(HomeAssistantError, match=r"clips\.db.*disk full"),
    ):
        await turn(hass, STATE_OFF)


async def test_no_events_no_switch(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """Where nothing is known of what cameras see, nothing can be saved of it."""
    hass_clouds.kinesis.add_stream("Front")
    await set_up(hass, hass_clouds, "kinesis")
    assert hass.states.async_entity_ids("switch") == []
