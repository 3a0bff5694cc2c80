"""When a camera's last clip was filmed, and what becomes of the clips on their way."""

from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest.mock import patch

from freezegun import freeze_time
import pytest
from pytest_homeassistant_custom_component.common import (
    async_capture_events,
    async_fire_time_changed,
    mock_restore_cache_with_extra_data,
)

from custom_components.clip_download import async_remove_config_entry_device
from custom_components.clip_download.const import DOMAIN
from custom_components.clip_download.engine.errors import LibraryError
from custom_components.clip_download.engine.library.database import Library
from custom_components.clip_download.engine.model import JobState
from custom_components.clip_download.sensor import JobSensor, StepSensor
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_STATE_CHANGED, STATE_UNKNOWN
from homeassistant.core import HomeAssistant, State
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util

from .accounts import save_event, set_up
from .clouds import Clouds
from .clouds.footage import first_and_last
from .waits import until


def last_clip(hass: HomeAssistant) -> State:
    """Return the state of the sensor."""
    state = hass.states.get("sensor.front_last_clip")
    assert state is not None
    return state


@pytest.mark.usefixtures("media_dir")
async def test_last_clip(
    hass: HomeAssistant, hass_clouds: Clouds, caplog: pytest.LogCaptureFixture
) -> None:
    """It is the time at which the clip begins, as soon as it is saved."""
    camera = hass_clouds.ring.add_camera("Front")
    start = datetime.now(UTC) - timedelta(hours=1)
    event = hass_clouds.ring.add_event(camera, start=start, duration_s=3)
    # A database that fails for a moment keeps nothing from being there.
    err = LibraryError("library_unusable", path="clips.db", reason="locked")
    with patch.object(Library, "last_saved_clips", side_effect=err):
        await set_up(hass, hass_clouds, "ring")
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
    assert last_clip(hass).state == STATE_UNKNOWN
    assert last_clip(hass).attributes["device_class"] == "timestamp"

    path = await save_event(hass, event)
    shown = datetime.fromisoformat(last_clip(hass).state)
    # It is shown in whole seconds.
    assert abs(shown - first_and_last(path).start) <= timedelta(seconds=2)
    assert last_clip(hass).name == "Front Last clip time"
    attributes = last_clip(hass).attributes
    assert attributes["clip_id"]
    assert attributes["label"] == ""
    assert attributes["status"] == "complete"
    assert 2 <= attributes["duration_s"] <= 5
    assert attributes["path"] == str(path)
    prefix = "media-source://media_source/local/"
    assert attributes["media_content_id"].startswith(prefix)

    # One that shows an earlier time is the last one all the same.
    early = hass_clouds.ring.add_event(
        camera, start=start - timedelta(hours=1), duration_s=3
    )
    path = await save_event(hass, early)
    assert last_clip(hass).attributes["path"] == str(path)
    assert datetime.fromisoformat(last_clip(hass).state) < shown


JOB = "sensor.front_clip_job"
ACCOUNT = "sensor.meraki_home_clips"
NUMBERS = ("waiting", "under_way", "failed_today")


@pytest.fixture
async def meraki(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    media_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> ConfigEntry:
    """Set up an account whose cloud has any footage at once, and all its sensors."""
    for sensor in (StepSensor, JobSensor):
        monkeypatch.setattr(sensor, "_attr_entity_registry_enabled_default", True)
    hass_clouds.meraki.add_camera("Front")
    hass_clouds.meraki.ready_after_s = 0
    return await set_up(hass, hass_clouds, "meraki")


async def ask(hass: HomeAssistant, start: datetime, **data: Any) -> None:
    """Ask for a clip, and do not wait for it."""
    given = {"entity_id": "camera.front", "start": start, "duration": 5, "wait": False}
    await hass.services.async_call(DOMAIN, "save_clip", given | data, blocking=True)


def is_shown(hass: HomeAssistant, entity_id: str, value: object) -> bool:
    """Return whether an entity has a state."""
    state = hass.states.get(entity_id)
    return state is not None and state.state == str(value)


async def shown(hass: HomeAssistant, job: str, *numbers: int) -> None:
    """Wait until the camera's sensor shows a step, and those of the account numbers."""
    await until(partial(is_shown, hass, JOB, job))
    for name, number in zip(NUMBERS, numbers, strict=True):
        await until(partial(is_shown, hass, f"{ACCOUNT}_{name}", number))


async def test_clip_job(
    hass: HomeAssistant, hass_clouds: Clouds, meraki: ConfigEntry
) -> None:
    """It shows the step of the job that has come furthest, and changes with it only."""
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    now = datetime.now(UTC)
    await shown(hass, "idle", 0, 0, 0)
    await ask(hass, now + timedelta(hours=1), timeout="02:00:00")
    await shown(hass, "waiting", 1, 0, 0)
    hass_clouds.meraki.misbehave("^spn", hang_after_bytes=20_000)
    await ask(hass, now - timedelta(hours=1))
    await shown(hass, "downloading", 1, 1, 0)
    # What comes after it is not told a second time.
    running = meraki.runtime_data.jobs.running()
    (front,) = (one for one in running if one.job.window.end < now)
    front.progress.enter(JobState.FINISHING)
    await shown(hass, "joining", 1, 1, 0)
    await meraki.runtime_data.jobs.cancel(front)
    await shown(hass, "waiting", 1, 0, 0)
    await hass.services.async_call(
        DOMAIN, "cancel", {"entity_id": "camera.front"}, blocking=True
    )
    await shown(hass, "idle", 0, 0, 0)
    states = [
        event.data["new_state"] for event in changes if event.data["entity_id"] == JOB
    ]
    assert all(one.state != after.state for one, after in pairwise(states))
    assert len({str(one.attributes) for one in states}) == 1


@pytest.mark.usefixtures("afternoon")
async def test_clip_job_failed(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    meraki: ConfigEntry,
    device_registry: dr.DeviceRegistry,
) -> None:
    """A failure is shown until the next clip, and counted until midnight."""
    long_ago = datetime.now(UTC) - timedelta(days=300)
    with pytest.raises(HomeAssistantError):
        await ask(hass, long_ago, timeout=1, wait=True)
    await shown(hass, "failed", 0, 0, 1)
    assert await hass.config_entries.async_reload(meraki.entry_id)
    await shown(hass, "failed", 0, 0, 1)
    await ask(hass, datetime.now(UTC) - timedelta(hours=1))
    await shown(hass, "idle", 0, 0, 1)
    tomorrow = dt_util.start_of_local_day() + timedelta(days=1, seconds=1)
    async_fire_time_changed(hass, tomorrow)
    await shown(hass, "idle", 0, 0, 0)
    (device,) = (
        one
        for one in dr.async_entries_for_config_entry(device_registry, meraki.entry_id)
        if one.entry_type is dr.DeviceEntryType.SERVICE
    )
    assert device.name == meraki.title
    assert not await async_remove_config_entry_device(hass, meraki, device)


@pytest.mark.usefixtures("afternoon")
@pytest.mark.parametrize(("age", "count"), [(timedelta(0), 3), (timedelta(days=1), 0)])
async def test_restored(
    hass: HomeAssistant, hass_clouds: Clouds, age: timedelta, count: int
) -> None:
    """After a restart, today's failures are those of today."""
    entity_id = f"{ACCOUNT}_failed_today"
    at = dt_util.utcnow() - age
    state = State(entity_id, "3", last_changed=at, last_updated=at)
    data = {"native_value": 3, "native_unit_of_measurement": None}
    mock_restore_cache_with_extra_data(hass, [(state, data)])
    await set_up(hass, hass_clouds, "meraki")
    assert is_shown(hass, entity_id, count)
    # What changes with each clip is for those who want it.
    assert not any(hass.states.get(f"{ACCOUNT}_{name}") for name in NUMBERS[:2])


@pytest.mark.parametrize("day", ["2027-03-28", "2027-10-31"])
async def test_clocks_are_changed(
    hass: HomeAssistant, hass_clouds: Clouds, day: str
) -> None:
    """Today lasts until midnight, be it 23 or 25 hours long."""
    await hass.config.async_set_time_zone("Europe/Berlin")
    today = date.fromisoformat(day)
    at = dt_util.start_of_local_day(today)
    midnight = dt_util.start_of_local_day(today + timedelta(days=1)).astimezone(UTC)
    entity_id = f"{ACCOUNT}_failed_today"
    state = State(entity_id, "3", last_changed=at, last_updated=at)
    data = {"native_value": 3, "native_unit_of_measurement": None}
    mock_restore_cache_with_extra_data(hass, [(state, data)])
    with freeze_time(at, tick=True):
        await set_up(hass, hass_clouds, "meraki")
        for before, count in ((timedelta(minutes=50), 3), (timedelta(0), 0)):
            async_fire_time_changed(hass, midnight - before)
            await hass.async_block_till_done(wait_background_tasks=True)
            assert is_shown(hass, entity_id, count)
