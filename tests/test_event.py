"""The event entities: which cameras have which, what they tell, and of whose clip."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import (
    async_capture_events,
    mock_restore_cache_with_extra_data,
)

from custom_components.clip_download.const import DOMAIN
from custom_components.clip_download.engine.library.database import Library
from custom_components.clip_download.engine.model import Event, EventKind, Job
from custom_components.clip_download.engine.time_range import Window
from custom_components.clip_download.event import async_announce
from homeassistant.components.media_source import async_resolve_media
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component

from .accounts import add_camera, look, remove_camera, save_event, set_up
from .clouds import Clouds
from .clouds.ring import Kind, RingCamera

FRONT_MOTION = "event.front_motion"
DOORBELL = "event.front_doorbell"
DETECTION = "event.front_detection"
SECOND = timedelta(seconds=1)


async def tell(
    hass: HomeAssistant,
    entry: ConfigEntry,
    kind: str,
    start: datetime = datetime(2026, 11, 21, 9, 0, tzinfo=UTC),
) -> None:
    """Let the cloud tell of something that the only camera saw."""
    (camera,) = entry.runtime_data.coordinator.data.values()
    async_announce(
        hass,
        entry,
        camera,
        Event(
            id="1", kind=kind, seen=("person", "animal"), window=Window(start, start)
        ),
    )
    await hass.async_block_till_done()


def told(hass: HomeAssistant, entity_id: str) -> State:
    """Return the state of an event entity."""
    state = hass.states.get(entity_id)
    assert state is not None
    return state


@pytest.fixture
async def entry(hass: HomeAssistant, hass_clouds: Clouds) -> ConfigEntry:
    """Return an account of Ring's partner API, which does not tell what rings."""
    await hass.config.async_set_time_zone("Europe/Berlin")
    hass_clouds.ring_partner.add_camera("Front")
    return await set_up(hass, hass_clouds, "ring_partner")


@pytest.fixture
def camera(hass_clouds: Clouds, media_dir: Path) -> RingCamera:
    """Return a doorbell of Ring's own app, whose recordings are ready soon."""
    hass_clouds.ring.ready_after_s = 0
    return hass_clouds.ring.add_camera("Front")


async def test_motion(
    hass: HomeAssistant, entry: ConfigEntry, entity_registry: er.EntityRegistry
) -> None:
    """Each camera has a motion entity of its own, on its device."""
    state = told(hass, FRONT_MOTION)
    assert (state.state, state.name) == (STATE_UNKNOWN, "Front Motion")
    assert state.attributes["device_class"] == "motion"
    assert state.attributes["event_types"] == ["motion"]
    own, event = (
        entity_registry.async_get(entity_id)
        for entity_id in ("camera.front", FRONT_MOTION)
    )
    assert own
    assert event
    assert event.device_id == own.device_id
    assert event.unique_id == f"{own.unique_id}_event"

    await tell(hass, entry, EventKind.MOTION)
    state = told(hass, FRONT_MOTION)
    assert state.attributes["event_type"] == "motion"
    assert state.attributes["id"] == "1"
    assert state.attributes["kind"] == "animal, person"
    assert state.attributes["seen"] == ["animal", "person"]
    assert state.attributes["start"] == "2026-11-21T10:00:00.000+01:00"


async def test_doorbell_from_the_first_ring_on(
    hass: HomeAssistant, entry: ConfigEntry, entity_registry: er.EntityRegistry
) -> None:
    """Where the cloud does not say what a doorbell is, whatever rang is one for good."""
    await tell(hass, entry, EventKind.MOTION)
    assert hass.states.get(DOORBELL) is None
    await tell(hass, entry, EventKind.DING)
    state = told(hass, DOORBELL)
    assert state.name == "Front Doorbell"
    assert state.attributes["device_class"] == "doorbell"
    assert state.attributes["event_types"] == ["ring"]
    assert state.attributes["event_type"] == "ring"
    assert state.attributes["id"] == "1"
    # After a restart too.
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert told(hass, DOORBELL).state == state.state
    await tell(hass, entry, EventKind.DING)
    state = told(hass, DOORBELL)
    # Until a person removes it; then again from its next ring on.
    entity_registry.async_remove(DOORBELL)
    await hass.async_block_till_done()
    entry.runtime_data.coordinator.async_update_listeners()
    await tell(hass, entry, EventKind.MOTION)
    assert hass.states.get(DOORBELL) is None
    await tell(hass, entry, EventKind.DING)
    assert told(hass, DOORBELL).state > state.state


async def test_triggers_rang(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Home Assistant's own trigger for doorbells hears each ring, and no motion."""
    await tell(hass, entry, EventKind.DING)
    assert await async_setup_component(
        hass,
        "automation",
        {
            "automation": {
                "triggers": {
                    "trigger": "doorbell.rang",
                    "target": {"entity_id": DOORBELL},
                },
                "actions": {"event": "rang"},
            }
        },
    )
    heard: list[object] = []
    hass.bus.async_listen("rang", heard.append)
    await tell(hass, entry, EventKind.MOTION)
    assert not heard
    await tell(hass, entry, EventKind.DING)
    assert len(heard) == 1


async def test_detection(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Each thing that was seen is a type, which Home Assistant's trigger can name."""
    types = told(hass, DETECTION).attributes["event_types"]
    assert types == ["animal", "package", "person", "vehicle"]
    automation = {
        "triggers": {
            "trigger": "event.received",
            "target": {"entity_id": [FRONT_MOTION, DETECTION]},
            "options": {"event_type": ["motion", "person", "animal", "package"]},
        },
        "actions": {
            "event": "heard",
            "event_data_template": {
                "type": "{{ trigger.to_state.attributes.event_type }}"
            },
        },
        "mode": "parallel",
    }
    assert await async_setup_component(hass, "automation", {"automation": automation})
    heard = async_capture_events(hass, "heard")
    await tell(hass, entry, EventKind.MOTION)
    assert sorted(one.data["type"] for one in heard) == ["animal", "motion", "person"]
    # As before: what was seen changes nothing of a ring, nor of motion.
    assert told(hass, FRONT_MOTION).attributes["event_type"] == "motion"
    await tell(hass, entry, EventKind.DING)
    assert told(hass, DOORBELL).attributes["event_type"] == "ring"
    assert told(hass, DETECTION).attributes["seen"] == ["animal", "person"]
    assert len(heard) == 5


async def test_ring_in_the_history(
    hass: HomeAssistant, hass_clouds: Clouds, camera: RingCamera, media_dir: Path
) -> None:
    """A ring that is listed is told once, and where its clip is once it is saved."""
    assert await async_setup_component(hass, "media_source", {})
    entry = await set_up(hass, hass_clouds, "ring")
    assert told(hass, DOORBELL).state == STATE_UNKNOWN
    start = datetime.now(UTC) - 20 * SECOND
    ring = hass_clouds.ring.add_event(camera, "ding", start=start, duration_s=3)
    await look(hass, entry)
    state = told(hass, DOORBELL)
    assert state.attributes["event_type"] == "ring"
    assert state.attributes["id"] == str(ring.id)
    assert state.attributes["kind"] == "ding"
    assert datetime.fromisoformat(state.attributes["start"]) == ring.start
    assert "path" not in state.attributes
    assert told(hass, FRONT_MOTION).state == STATE_UNKNOWN
    await look(hass, entry)
    assert told(hass, DOORBELL) is state

    path = await save_event(hass, ring)
    state = told(hass, DOORBELL)
    assert state.attributes["path"] == str(path)
    media = await async_resolve_media(hass, state.attributes["media_content_id"], None)
    assert media.path == path
    # The clip is its event's also after a restart, and not that of a later one.
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert told(hass, DOORBELL).attributes["path"] == str(path)
    assert told(hass, DOORBELL).state == state.state
    hass_clouds.ring.add_event(camera, "ding", start=start + 8 * SECOND, duration_s=3)
    await look(hass, entry)
    assert told(hass, DOORBELL).state > state.state
    assert "path" not in told(hass, DOORBELL).attributes


@pytest.mark.parametrize("is_deleted", [False, True])
async def test_saved_while_nobody_listened(
    *,
    hass: HomeAssistant,
    hass_clouds: Clouds,
    camera: RingCamera,
    media_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_deleted: bool,
) -> None:
    """A clip whose job ended while the account was unloaded is told of if it is there."""
    entry = await set_up(hass, hass_clouds, "ring")
    ring = hass_clouds.ring.add_event(
        camera, "ding", start=datetime.now(UTC) - 20 * SECOND, duration_s=3
    )
    await look(hass, entry)
    is_unloaded = asyncio.Event()
    begun = asyncio.Event()
    finish_job = Library.finish_job

    async def finish_later(self: Library, job: Job) -> None:
        begun.set()
        await is_unloaded.wait()
        await finish_job(self, job)

    monkeypatch.setattr(Library, "finish_job", finish_later)
    around = {"start": ring.start - SECOND, "end": ring.end}
    await hass.services.async_call(
        DOMAIN, "save_events", {"entity_id": "camera.front", **around}
    )
    await begun.wait()
    unload_platforms = hass.config_entries.async_unload_platforms

    async def unload(*args: Any) -> bool:
        done = await unload_platforms(*args)
        is_unloaded.set()
        return done

    monkeypatch.setattr(hass.config_entries, "async_unload_platforms", unload)
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert told(hass, DOORBELL).state == STATE_UNAVAILABLE
    (path,) = media_dir.rglob("*.mp4")
    if is_deleted:
        path.unlink()
    assert await hass.config_entries.async_setup(entry.entry_id)
    attributes = told(hass, DOORBELL).attributes
    assert attributes["id"] == str(ring.id)
    assert attributes.get("path") == (None if is_deleted else str(path))


async def test_clip_of_another_event(
    hass: HomeAssistant, hass_clouds: Clouds, camera: RingCamera
) -> None:
    """Only the clip of the last event is told of."""
    start = datetime.now(UTC) - 60 * SECOND
    first, last = (
        hass_clouds.ring.add_event(camera, start=start + later, duration_s=3)
        for later in (0 * SECOND, 20 * SECOND)
    )
    await set_up(hass, hass_clouds, "ring")
    assert told(hass, FRONT_MOTION).attributes["id"] == str(last.id)
    await save_event(hass, first)
    assert "path" not in told(hass, FRONT_MOTION).attributes
    path = await save_event(hass, last)
    assert told(hass, FRONT_MOTION).attributes["path"] == str(path)


async def test_clip_of_what_was_heard(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path
) -> None:
    """A cloud may list an event under another id than it told: its clip is the same."""
    camera = hass_clouds.ring_partner.add_camera("Front")
    entry = await set_up(hass, hass_clouds, "ring_partner")
    minutes_ago = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=10)
    await tell(hass, entry, EventKind.MOTION, minutes_ago)
    for late in (60 * SECOND, SECOND):
        start = minutes_ago + late
        hass_clouds.ring_partner.add_event(camera, start=start, duration_s=3)
        await hass.services.async_call(
            DOMAIN,
            "save_events",
            {
                "entity_id": "camera.front",
                "start": start,
                "end": start + 5 * SECOND,
            },
            blocking=True,
        )
        assert ("path" in told(hass, FRONT_MOTION).attributes) == (late == SECOND)


@pytest.mark.parametrize("kind", ["on_demand", "alarm"])
async def test_neither_ring_nor_motion(
    hass: HomeAssistant, hass_clouds: Clouds, camera: RingCamera, kind: Kind
) -> None:
    """Our own downloads and what is none of these fire nothing."""
    start = datetime.now(UTC) - 20 * SECOND
    hass_clouds.ring.add_event(camera, kind, start=start, duration_s=3)
    await set_up(hass, hass_clouds, "ring")
    assert len(hass_clouds.ring.asked("history")) > 0
    assert told(hass, DOORBELL).state == STATE_UNKNOWN
    assert told(hass, FRONT_MOTION).state == STATE_UNKNOWN


async def test_restored(
    hass: HomeAssistant, hass_clouds: Clouds, camera: RingCamera
) -> None:
    """After a restart, a job that goes on still tells of its event's clip."""
    ring = hass_clouds.ring.add_event(
        camera, "ding", start=datetime.now(UTC) - timedelta(hours=1), duration_s=3
    )
    state = State(DOORBELL, "2026-11-21T09:00:00.000+00:00")
    attributes = {"id": str(ring.id), "start": ring.start.isoformat()}
    stored = {"last_event_type": "ring", "last_event_attributes": attributes}
    mock_restore_cache_with_extra_data(hass, [(state, stored)])
    await set_up(hass, hass_clouds, "ring")
    assert told(hass, DOORBELL).state == state.state
    assert "path" not in told(hass, DOORBELL).attributes
    path = await save_event(hass, ring)
    assert told(hass, DOORBELL).attributes["path"] == str(path)
    assert told(hass, DOORBELL).state == state.state


@pytest.mark.parametrize(
    "stored", [{}, {"last_event_type": "ring", "last_event_attributes": None}]
)
async def test_nothing_to_restore(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    camera: RingCamera,
    stored: dict[str, object],
) -> None:
    """The clip of an event that is not known any more is not told of."""
    state = State(DOORBELL, "2026-11-21T09:00:00.000+00:00", {"path": "/media/a.mp4"})
    mock_restore_cache_with_extra_data(hass, [(state, stored)])
    await set_up(hass, hass_clouds, "ring")
    assert "path" not in told(hass, DOORBELL).attributes


async def test_camera_comes_and_goes(
    hass: HomeAssistant, hass_clouds: Clouds, entry: ConfigEntry
) -> None:
    """The event entity is there as the camera is."""
    gate = add_camera(hass_clouds, "ring_partner", "Gate")
    await entry.runtime_data.coordinator.async_refresh()
    await hass.async_block_till_done()
    assert told(hass, "event.gate_motion").state == STATE_UNKNOWN
    remove_camera(hass_clouds, "ring_partner", gate)
    await entry.runtime_data.coordinator.async_refresh()
    assert told(hass, "event.gate_motion").state == STATE_UNAVAILABLE


async def test_camera_without_a_bell(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """What Ring says is no doorbell has no doorbell entity."""
    hass_clouds.ring.add_camera("Front", family="stickup_cams", kind="hp_cam_v1")
    hass_clouds.ring.add_camera("Neighbour", family="authorized_doorbots")
    await set_up(hass, hass_clouds, "ring")
    assert set(hass.states.async_entity_ids("event")) == {
        FRONT_MOTION,
        "event.front_detection",
        "event.neighbour_detection",
        "event.neighbour_doorbell",
        "event.neighbour_motion",
    }


async def test_webhook_with_a_secret(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """A cloud without a history tells of events once its webhook can be believed."""
    add_camera(hass_clouds, "meraki", "Front")
    entry = await set_up(hass, hass_clouds, "meraki")
    assert not hass.states.async_entity_ids(["event", "switch"])
    hass.config_entries.async_update_entry(entry, options={"webhook_secret": "sesame"})
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert set(hass.states.async_entity_ids(["event", "switch"])) == {
        FRONT_MOTION,
        "switch.front_save_automatically",
    }


@pytest.mark.parametrize("kind", ["meraki", "kinesis"])
async def test_clouds_that_tell_nothing(
    hass: HomeAssistant, hass_clouds: Clouds, kind: str
) -> None:
    """Where no events are told, there is no entity that would wait for ever."""
    add_camera(hass_clouds, kind, "Front")
    await set_up(hass, hass_clouds, kind)
    assert not hass.states.async_entity_ids("event")
