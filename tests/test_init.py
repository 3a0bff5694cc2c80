"""An account in Home Assistant: its cameras come and go, its cloud may fail."""

from collections.abc import Iterable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
import sqlite3
import threading
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.clip_download import PLATFORMS
from custom_components.clip_download.backup import async_pre_backup
from custom_components.clip_download.const import DOMAIN
from custom_components.clip_download.engine.events.monitor import EventMonitor
from custom_components.clip_download.engine.library import schema
from custom_components.clip_download.engine.pipeline.jobs import Jobs
from custom_components.clip_download.runtime import REST_AFTER_S, async_shared
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry, ConfigEntryState
from homeassistant.const import (
    EVENT_HOMEASSISTANT_STARTED,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
    Platform,
)
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.async_ import get_scheduled_timer_handles

from .accounts import (
    KINDS,
    add_camera,
    cloud_of,
    look,
    refuse,
    remove_camera,
    save_event,
    set_up,
)
from .clouds import Clouds
from .waits import until

every_kind = pytest.mark.parametrize("kind", KINDS)

LISTED_EVERY = {
    "ring": timedelta(minutes=5),
    "ring_partner": timedelta(minutes=15),
    "meraki": timedelta(minutes=15),
    "kinesis": timedelta(minutes=15),
}


async def pass_time(hass: HomeAssistant, time: timedelta) -> None:
    """Let Home Assistant do what is due by then."""
    async_fire_time_changed(hass, dt_util.utcnow() + time)
    await hass.async_block_till_done(wait_background_tasks=True)


def state_of(hass: HomeAssistant, entity_id: str) -> str | None:
    """Return the state of an entity, None without any."""
    state = hass.states.get(entity_id)
    return state.state if state else None


def unavailable(hass: HomeAssistant) -> set[str]:
    """Return the entities that are unavailable."""
    states = hass.states.async_all()
    return {one.entity_id for one in states if one.state == STATE_UNAVAILABLE}


def loaded(entry: ConfigEntry) -> bool:
    """Say whether an account is loaded by now."""
    return entry.state is ConfigEntryState.LOADED


def device_of(hass: HomeAssistant, entity_id: str) -> dr.DeviceEntry:
    """Return the device of an entity."""
    entity = er.async_get(hass).async_get(entity_id)
    assert entity is not None
    assert entity.device_id is not None
    device = dr.async_get(hass).async_get(entity.device_id)
    assert isinstance(device, dr.DeviceEntry)
    return device


# --- Home Assistant's start


@every_kind
async def test_the_start_waits_for_no_events(
    hass: HomeAssistant, hass_clouds: Clouds, kind: str
) -> None:
    """What happened is asked for once Home Assistant has started, and not before."""
    for number in range(3):
        add_camera(hass_clouds, kind, f"camera_{number}")
    entry = await set_up(hass, hass_clouds, kind)
    await hass.config_entries.async_unload(entry.entry_id)
    for is_started in (False, True):
        hass.set_state(CoreState.running if is_started else CoreState.starting)
        with patch.object(EventMonitor, "poll", autospec=True) as poll:
            poll.return_value = None
            await hass.config_entries.async_setup(entry.entry_id)
            await hass.async_block_till_done(wait_background_tasks=True)
            assert loaded(entry)
            assert poll.called is is_started
            hass.set_state(CoreState.running)
            hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
            await hass.async_block_till_done(wait_background_tasks=True)
            assert poll.call_count == 1
            await hass.config_entries.async_unload(entry.entry_id)


async def test_entities_read_the_library_in_one_go(
    hass: HomeAssistant, hass_clouds: Clouds
) -> None:
    """However many cameras there are; one that comes later is read by itself."""
    for number in range(8):
        add_camera(hass_clouds, "kinesis", f"camera_{number}")
    entry = await set_up(hass, hass_clouds, "kinesis")
    await hass.config_entries.async_unload(entry.entry_id)
    with (
        patch.object(Jobs, "last_saved_clips", return_value={}) as all_at_once,
        patch.object(Jobs, "last_saved_clip", return_value=None) as one_by_one,
    ):
        await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
        assert all_at_once.call_count == 1
        assert not one_by_one.called
        add_camera(hass_clouds, "kinesis", "camera_8")
        await pass_time(hass, LISTED_EVERY["kinesis"] + timedelta(seconds=10))
        # The sensor and the picture.
        assert [one.args[0] for one in one_by_one.call_args_list] == ["camera_8"] * 2


# --- cameras


async def test_entities_are_added_in_turns(
    hass: HomeAssistant, hass_clouds: Clouds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of many cameras, of all platforms at once, would hold the event loop."""
    hass_clouds.ring.add_camera("Front")
    entry = await set_up(hass, hass_clouds, "ring")
    assert await hass.config_entries.async_unload(entry.entry_id)
    turn = 0
    added: dict[str, int] = {}

    def count_turn() -> None:
        nonlocal turn
        turn += 1
        handle[0] = hass.loop.call_soon(count_turn)

    handle = [hass.loop.call_soon(count_turn)]
    forward = hass.config_entries.async_forward_entry_setups

    async def note(entry: ConfigEntry, platforms: Iterable[Platform]) -> None:
        await forward(entry, platforms)
        added.update(dict.fromkeys(platforms, turn))

    monkeypatch.setattr(hass.config_entries, "async_forward_entry_setups", note)
    assert await hass.config_entries.async_setup(entry.entry_id)
    handle[0].cancel()
    assert added.keys() == set(PLATFORMS)
    assert len(set(added.values())) == len(PLATFORMS)


@every_kind
async def test_cameras(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    entity_registry: er.EntityRegistry,
    kind: str,
) -> None:
    """Each camera is a device with one camera entity that bears its name."""
    front = add_camera(hass_clouds, kind, "Front")
    back = add_camera(hass_clouds, kind, "Back")
    entry = await set_up(hass, hass_clouds, kind)
    entities = er.async_entries_for_config_entry(entity_registry, entry.entry_id)
    assert {
        entity.entity_id: entity.unique_id
        for entity in entities
        if entity.domain == "camera"
    } == {
        "camera.front": f"{entry.unique_id}_{front}",
        "camera.back": f"{entry.unique_id}_{back}",
    }
    state = hass.states.get("camera.front")
    assert state is not None
    assert (state.state, state.name) == ("idle", "Front")
    device = device_of(hass, "camera.front")
    assert device.identifiers == {(DOMAIN, f"{entry.unique_id}_{front}")}
    told = {
        "ring": ("Ring", "Doorbell Pro", "aacdef3aedda", "1.4.26"),
        "ring_partner": ("Ring", None, None, None),
        "meraki": ("Cisco Meraki", "MV72X", front, "camera-7-2"),
        "kinesis": ("Amazon Kinesis Video Streams", None, None, None),
    }
    assert device.name == "Front"
    assert (
        device.manufacturer,
        device.model,
        device.serial_number,
        device.sw_version,
    ) == told[kind]


@every_kind
async def test_new_camera(hass: HomeAssistant, hass_clouds: Clouds, kind: str) -> None:
    """A camera that is added in the cloud appears by itself, in its time."""
    add_camera(hass_clouds, kind, "Front")
    entry = await set_up(hass, hass_clouds, kind)
    account = entry.runtime_data
    add_camera(hass_clouds, kind, "Back")
    asked = len(hass_clouds.requests)
    await pass_time(hass, LISTED_EVERY[kind] - timedelta(seconds=10))
    assert len(hass_clouds.requests) == asked
    assert state_of(hass, "camera.back") is None
    await pass_time(hass, LISTED_EVERY[kind] + timedelta(seconds=10))
    assert state_of(hass, "camera.front") == "idle"
    assert state_of(hass, "camera.back") == "idle"
    assert entry.runtime_data is account


@every_kind
async def test_camera_gone(hass: HomeAssistant, hass_clouds: Clouds, kind: str) -> None:
    """A camera that the cloud lists no more is unavailable until it does again."""
    front = add_camera(hass_clouds, kind, "Front")
    add_camera(hass_clouds, kind, "Back")
    entry = await set_up(hass, hass_clouds, kind)
    remove_camera(hass_clouds, kind, front)
    await entry.runtime_data.coordinator.async_refresh()
    assert state_of(hass, "camera.front") == STATE_UNAVAILABLE
    assert state_of(hass, "camera.back") == "idle"


async def test_camera_back(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """A camera that comes back is the same as before."""
    camera = hass_clouds.ring.add_camera("Front")
    entry = await set_up(hass, hass_clouds, "ring")
    hass_clouds.ring.remove_camera(camera)
    await entry.runtime_data.coordinator.async_refresh()
    assert state_of(hass, "camera.front") == STATE_UNAVAILABLE
    hass_clouds.ring.cameras.append(camera)
    await entry.runtime_data.coordinator.async_refresh()
    assert hass.states.async_entity_ids("camera") == ["camera.front"]
    assert state_of(hass, "camera.front") == "idle"


async def test_renamed_camera(
    hass: HomeAssistant, hass_clouds: Clouds, device_registry: dr.DeviceRegistry
) -> None:
    """What changes in the cloud changes here, but for the name that a person gave."""
    camera = hass_clouds.ring.add_camera("Front")
    entry = await set_up(hass, hass_clouds, "ring")
    camera.name = "Porch"
    await entry.runtime_data.coordinator.async_refresh()
    await hass.async_block_till_done()
    device = device_of(hass, "camera.front")
    assert device.name == "Porch"
    state = hass.states.get("camera.front")
    assert state is not None
    assert state.name == "Porch"

    device_registry.async_update_device(device.id, name_by_user="Mine")
    camera.name = "Gate"
    await entry.runtime_data.coordinator.async_refresh()
    await hass.async_block_till_done()
    state = hass.states.get("camera.front")
    assert state is not None
    assert state.name == "Mine"


async def test_renamed_entity(
    hass: HomeAssistant, hass_clouds: Clouds, entity_registry: er.EntityRegistry
) -> None:
    """An entity id that a person changes stays the only one."""
    hass_clouds.ring.add_camera("Front")
    entry = await set_up(hass, hass_clouds, "ring")
    entity_registry.async_update_entity("camera.front", new_entity_id="camera.mine")
    await hass.async_block_till_done()
    await entry.runtime_data.coordinator.async_refresh()
    await hass.async_block_till_done()
    assert hass.states.async_entity_ids("camera") == ["camera.mine"]
    assert state_of(hass, "camera.mine") == "idle"


# --- removing a camera


async def remove_device(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, entity_id: str
) -> bool:
    """Remove a camera's device as a person does; say whether that was allowed."""
    assert await async_setup_component(hass, "config", {})
    client = await hass_ws_client(hass)
    await client.send_json_auto_id(
        {
            "type": "config/device_registry/remove",
            "device_id": device_of(hass, entity_id).id,
        }
    )
    answer = await client.receive_json()
    await hass.async_block_till_done()
    assert isinstance(answer["success"], bool)
    return answer["success"]


async def test_remove_device(
    hass: HomeAssistant, hass_clouds: Clouds, hass_ws_client: WebSocketGenerator
) -> None:
    """Only a camera that is no longer there can be removed; it may come back."""
    camera = hass_clouds.ring.add_camera("Front")
    entry = await set_up(hass, hass_clouds, "ring")
    assert not await remove_device(hass, hass_ws_client, "camera.front")
    assert state_of(hass, "camera.front") == "idle"

    hass_clouds.ring.remove_camera(camera)
    await entry.runtime_data.coordinator.async_refresh()
    assert await remove_device(hass, hass_ws_client, "camera.front")
    assert state_of(hass, "camera.front") is None

    hass_clouds.ring.cameras.append(camera)
    await entry.runtime_data.coordinator.async_refresh()
    await hass.async_block_till_done()
    assert state_of(hass, "camera.front") == "idle"


async def test_remove_device_of_unloaded_account(
    hass: HomeAssistant, hass_clouds: Clouds, hass_ws_client: WebSocketGenerator
) -> None:
    """While nobody knows what the cloud lists, no camera is removed."""
    hass_clouds.ring.add_camera("Front")
    entry = await set_up(hass, hass_clouds, "ring")
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert not await remove_device(hass, hass_ws_client, "camera.front")
    assert device_of(hass, "camera.front")


# --- loading and unloading


@every_kind
async def test_unload(hass: HomeAssistant, hass_clouds: Clouds, kind: str) -> None:
    """An unloaded account asks nothing more of its cloud."""
    add_camera(hass_clouds, kind, "Front")
    entry = await set_up(hass, hass_clouds, kind)
    assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.NOT_LOADED
    assert state_of(hass, "camera.front") == STATE_UNAVAILABLE
    asked = len(hass_clouds.requests)
    await pass_time(hass, timedelta(hours=1))
    assert len(hass_clouds.requests) == asked
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert state_of(hass, "camera.front") == "idle"


async def test_removed_account(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """A removed account leaves no entities behind."""
    hass_clouds.ring.add_camera("Front")
    entry = await set_up(hass, hass_clouds, "ring")
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    assert state_of(hass, "camera.front") is None
    assert not hass.config_entries.async_entries(DOMAIN)


# --- a cloud that fails


@every_kind
@pytest.mark.parametrize(
    ("key", "fault"),
    [
        ("cloud_unreachable", {"drop": True}),
        ("cloud_trouble", {"status": 503}),
        ("cloud_throttled", {"status": 429, "headers": {"Retry-After": "7"}}),
        ("cloud_nonsense", {"body": "<html>Back soon</html>"}),
    ],
)
async def test_outage_at_start(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    kind: str,
    key: str,
    fault: dict[str, Any],
) -> None:
    """An account whose cloud fails is tried again, and nobody has to sign in."""
    entry = await set_up(hass, hass_clouds, kind)
    assert await hass.config_entries.async_unload(entry.entry_id)
    cloud_of(hass_clouds, kind).misbehave(times=99, **fault)
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == key
    assert not hass.config_entries.flow.async_progress()
    # The words are there, and filled.
    assert entry.reason is not None
    assert entry.title in entry.reason
    assert "{" not in entry.reason
    cloud_of(hass_clouds, kind).faults.clear()
    await pass_time(hass, timedelta(minutes=2))
    assert loaded(entry)


async def test_database_that_cannot_be_used(
    hass: HomeAssistant, hass_clouds: Clouds
) -> None:
    """A newer release's database keeps an account from loading, in words that help."""
    path = Path(hass.config.path("clip_download.db"))

    def make() -> None:
        with closing(sqlite3.connect(path)) as database:
            database.execute(f"PRAGMA user_version = {schema.VERSION + 1}")

    await hass.async_add_executor_job(make)
    entry = await set_up(hass, hass_clouds, "ring")
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert entry.error_reason_translation_key == "library_newer"
    assert entry.reason is not None
    assert str(path) in entry.reason
    # A backup takes it as it is.
    await async_pre_backup(hass)
    await hass.async_add_executor_job(path.unlink)
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert loaded(entry)


async def test_database_that_is_damaged(
    hass: HomeAssistant, hass_clouds: Clouds, caplog: pytest.LogCaptureFixture
) -> None:
    """It is kept aside, and the account loads without it."""
    path = Path(hass.config.path("clip_download.db"))
    await hass.async_add_executor_job(path.write_bytes, b"no database" * 100)
    assert loaded(await set_up(hass, hass_clouds, "ring"))
    assert f"{path} is damaged" in caplog.text


async def test_outage_later(
    hass: HomeAssistant, hass_clouds: Clouds, caplog: pytest.LogCaptureFixture
) -> None:
    """What shows the cloud is unavailable while it is away; what does not stays."""
    camera = hass_clouds.ring.add_camera("Front")
    entry = await set_up(hass, hass_clouds, "ring")
    of_cloud = {"camera.front"} | {
        f"event.front_{name}" for name in ("detection", "doorbell", "motion")
    }
    hass_clouds.ring.misbehave("ring_devices", times=3, status=503)
    for _ in range(2):
        await entry.runtime_data.coordinator.async_refresh()
        assert unavailable(hass) == of_cloud
    # What it tells comes from a cloud that is there again.
    hass_clouds.ring.add_event(camera, "motion", start=dt_util.utcnow(), duration_s=5)
    await look(hass, entry)
    assert not unavailable(hass)
    assert state_of(hass, "event.front_motion") != STATE_UNKNOWN
    await entry.runtime_data.coordinator.async_refresh()
    assert unavailable(hass)
    await entry.runtime_data.coordinator.async_refresh()
    assert not unavailable(hass)
    said = [
        record.getMessage()
        for record in caplog.records
        if record.name == "custom_components.clip_download.coordinator"
        and record.levelname in {"ERROR", "INFO"}
    ]
    assert len(said) == 3
    assert "reported an error (status 503)" in said[0]
    assert "reported an error (status 503)" in said[1]
    assert "recovered" in said[2]


async def test_retry_after(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """A cloud that says when to come back is asked again then, not by the usual clock."""
    entry = await set_up(hass, hass_clouds, "meraki")
    hass_clouds.meraki.misbehave(
        "organizations", status=429, headers={"Retry-After": "1"}
    )
    await entry.runtime_data.coordinator.async_refresh()
    assert not entry.runtime_data.coordinator.last_update_success
    await pass_time(hass, timedelta(seconds=5))
    assert entry.runtime_data.coordinator.last_update_success


@every_kind
async def test_refused_later(
    hass: HomeAssistant, hass_clouds: Clouds, kind: str
) -> None:
    """A person is asked to sign in again as soon as the credentials are refused."""
    add_camera(hass_clouds, kind, "Front")
    entry = await set_up(hass, hass_clouds, kind)
    refuse(hass_clouds, kind)
    await pass_time(hass, LISTED_EVERY[kind] + timedelta(seconds=10))
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == SOURCE_REAUTH
    assert flow["context"]["entry_id"] == entry.entry_id
    assert state_of(hass, "camera.front") == STATE_UNAVAILABLE
    assert state_of(hass, "button.front_save_last_minutes") == STATE_UNKNOWN


async def test_code_wanted_later(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """Ring may ask for a code out of the blue; only a person can give it."""
    entry = await set_up(hass, hass_clouds, "ring")
    hass_clouds.ring.expire_access_tokens()
    hass_clouds.ring.misbehave("oauth/token", status=412, body='{"tsv_state": "sms"}')
    await entry.runtime_data.coordinator.async_refresh()
    err = entry.runtime_data.coordinator.last_exception
    assert entry.title in str(err)
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == SOURCE_REAUTH


async def test_rotated_token(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """A new token is kept, and is no reason to load the account again."""
    entry = await set_up(hass, hass_clouds, "ring")
    account, before = entry.runtime_data, entry.data
    hass_clouds.ring.expire_access_tokens()
    await entry.runtime_data.coordinator.async_refresh()
    await hass.async_block_till_done()
    assert entry.data["token"]["refresh_token"] != before["token"]["refresh_token"]
    assert entry.data["hardware_id"] == before["hardware_id"]
    assert entry.runtime_data is account
    assert account.coordinator.last_update_success
    # It works after a restart.
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED


# --- without accounts


def running() -> set[str]:
    """Return the threads of ours that run, by what they are for."""
    names = (thread.name for thread in threading.enumerate())
    return {name.rpartition("_")[0] for name in names if name.startswith("clip_")}


async def test_nothing_runs_without_accounts(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path
) -> None:
    """After the last account nothing runs: no timer, no thread, no database."""
    hass_clouds.ring.ready_after_s = 0
    camera = hass_clouds.ring.add_camera("Front")
    seen = dt_util.utcnow() - timedelta(minutes=1)
    event = hass_clouds.ring.add_event(camera, start=seen, duration_s=3)
    entries = [await set_up(hass, hass_clouds, kind) for kind in ("ring", "kinesis")]
    await save_event(hass, event)
    log = Path(hass.config.path("clip_download.db-wal"))
    for entry in entries:
        assert running() == {"clip_library", "clip_media", "clip_storage"}
        assert log.exists()
        assert await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
        await pass_time(hass, timedelta(seconds=REST_AFTER_S))
    await until(lambda: not running())
    assert not log.exists()
    timers = get_scheduled_timer_handles(hass.loop)
    assert not [one for one in timers if "clip_download" in str(one._args)]

    # What is saved can be looked at without accounts, and by those that come back.
    assert await (await async_shared(hass)).library.clips("")
    for entry in entries:
        assert await hass.config_entries.async_setup(entry.entry_id)
    assert state_of(hass, "sensor.front_last_clip") not in {None, STATE_UNKNOWN}
