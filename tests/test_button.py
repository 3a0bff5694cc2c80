"""The buttons that save what a camera saw last, and the last minutes."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockUser, async_capture_events

from custom_components.clip_download import button
from custom_components.clip_download.const import DOMAIN
from custom_components.clip_download.engine.model import Job
from custom_components.clip_download.engine.pipeline import retry
from custom_components.clip_download.engine.sources.ring import client as ring
from custom_components.clip_download.services.response import EVENT_SAVED
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .accounts import KINDS, add_camera, refuse, set_up
from .clouds import Clouds
from .clouds.footage import first_and_last
from .clouds.ring import Kind, RingCamera

RECORDING = "button.front_save_last_recording"
MINUTES = "button.front_save_last_minutes"
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


@pytest.fixture
def camera(hass_clouds: Clouds, media_dir: Path) -> RingCamera:
    """Return a doorbell whose recordings are ready soon."""
    hass_clouds.ring.ready_after_s = 0
    return hass_clouds.ring.add_camera("Front")


async def press(
    hass: HomeAssistant, entity_id: str, user: MockUser | None = None
) -> None:
    """Press a button, as a person or as an automation."""
    await hass.services.async_call(
        "button",
        "press",
        {"entity_id": entity_id},
        blocking=True,
        context=Context(user_id=user.id) if user else None,
    )


async def newest_job(entry: ConfigEntry) -> Job:
    """Return the newest job of an account."""
    job: Job
    (job,) = await entry.runtime_data.jobs.recent(1)
    return job


@pytest.mark.parametrize("kind", KINDS)
async def test_which_cameras(
    hass: HomeAssistant, hass_clouds: Clouds, kind: str
) -> None:
    """Each camera can save the last minutes; a recording only where there are such."""
    add_camera(hass_clouds, kind, "Front")
    await set_up(hass, hass_clouds, kind)
    expected = {MINUTES, RECORDING} if kind.startswith("ring") else {MINUTES}
    assert set(hass.states.async_entity_ids("button")) == expected


@pytest.mark.parametrize("age", [timedelta(minutes=2), 3 * DAY, 20 * DAY])
async def test_last_recording(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    camera: RingCamera,
    hass_admin_user: MockUser,
    age: timedelta,
) -> None:
    """The newest ring or motion is saved, however long ago; our own views are not."""
    saved = async_capture_events(hass, EVENT_SAVED)
    start = datetime.now(UTC) - age
    kinds: dict[Kind, int] = {"motion": -60, "ding": 0, "on_demand": 30}
    for kind, later in kinds.items():
        hass_clouds.ring.add_event(
            camera, kind, start=start + later * SECOND, duration_s=3
        )
    await set_up(hass, hass_clouds, "ring")
    await press(hass, RECORDING)
    await hass.async_block_till_done(wait_background_tasks=True)
    (event,) = saved
    _, ding, _ = hass_clouds.ring.events
    assert event.data["entity_id"] == "camera.front"
    assert event.data["events"] == [str(ding.id)]
    assert event.data["label"] == "ding"
    path = Path(event.data["path"])
    assert path.stem.endswith("_ding")
    shown = first_and_last(path, of=camera.footage)
    assert abs(shown.start - ding.start) <= SECOND
    assert abs(shown.end - ding.end) <= SECOND
    # It is on the disk once, which a person is told; one that is gone comes back.
    with pytest.raises(ServiceValidationError, match="is already saved") as told:
        await press(hass, RECORDING, hass_admin_user)
    assert str(path) in str(told.value)
    await press(hass, RECORDING)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert len(saved) == 1
    path.unlink()
    await press(hass, RECORDING)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert len(saved) == 2


async def test_recording_that_is_not_ready(
    hass: HomeAssistant, hass_clouds: Clouds, camera: RingCamera
) -> None:
    """The button is done at once; the job waits for the recording."""
    hass_clouds.ring.add_event(
        camera, start=datetime.now(UTC) - 30 * SECOND, ready_after_s=600
    )
    entry = await set_up(hass, hass_clouds, "ring")
    await press(hass, RECORDING)
    assert len(entry.runtime_data.jobs.running()) == 1
    job = await newest_job(entry)
    assert [event.id for event in job.events] == [str(hass_clouds.ring.events[0].id)]


async def test_no_recording(
    hass: HomeAssistant, hass_clouds: Clouds, camera: RingCamera
) -> None:
    """Where nothing happened, that is said, with the camera's name."""
    hass_clouds.ring.add_event(camera, "on_demand", start=datetime.now(UTC) - DAY)
    entry = await set_up(hass, hass_clouds, "ring")
    with pytest.raises(HomeAssistantError, match=r"Front.* last 30 days") as caught:
        await press(hass, RECORDING)
    assert caught.value.translation_domain == DOMAIN
    assert caught.value.translation_key == "no_recording"
    assert await entry.runtime_data.jobs.recent(1) == []


async def test_a_fault_that_passes(
    hass: HomeAssistant, hass_clouds: Clouds, camera: RingCamera
) -> None:
    """One fault of the cloud is no reason to press again."""
    hass_clouds.ring.add_event(camera, start=datetime.now(UTC) - 60 * SECOND)
    entry = await set_up(hass, hass_clouds, "ring")
    fault = hass_clouds.ring.misbehave("history", status=503)
    await press(hass, RECORDING)
    assert fault.times == 0
    assert (await newest_job(entry)).events


async def test_credentials_that_are_refused(
    hass: HomeAssistant, hass_clouds: Clouds, camera: RingCamera
) -> None:
    """That is said, and the user is asked to sign in again."""
    entry = await set_up(hass, hass_clouds, "ring")
    refuse(hass_clouds, "ring")
    with pytest.raises(HomeAssistantError, match="Front") as caught:
        await press(hass, RECORDING)
    assert caught.value.translation_key == "invalid_auth"
    await hass.async_block_till_done()
    assert len(list(entry.async_get_active_flows(hass, {"reauth"}))) == 1


async def test_cloud_trouble(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    camera: RingCamera,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is wrong with the cloud for long is said, with the camera's name."""
    monkeypatch.setattr(retry, "LONGEST_BACKOFF_S", 0.01)
    await set_up(hass, hass_clouds, "ring")
    hass_clouds.ring.misbehave("history", status=503, times=99)
    with pytest.raises(HomeAssistantError, match=r"Front.*reported an error") as caught:
        await press(hass, RECORDING)
    assert caught.value.translation_key == "cloud_trouble"


async def test_last_minutes(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    camera: RingCamera,
    media_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As many minutes as the number says are saved, up to now."""
    monkeypatch.setattr(ring.RingSource, "lag", timedelta(0))
    saved = async_capture_events(hass, EVENT_SAVED)
    now = datetime.now(UTC)
    for age in (150, 60):
        hass_clouds.ring.add_event(camera, start=now - age * SECOND, duration_s=3)
    entry = await set_up(hass, hass_clouds, "ring")
    data: dict[str, Any] = {"entity_id": "number.front_minutes_to_save", "value": 2}
    await hass.services.async_call("number", "set_value", data, blocking=True)
    before = datetime.now(UTC)
    await press(hass, MINUTES)
    window = (await newest_job(entry)).window
    assert window.duration == timedelta(minutes=2)
    assert abs(window.end - before) < 5 * SECOND
    await hass.async_block_till_done(wait_background_tasks=True)
    (event,) = saved
    assert event.data["label"] == "manual"
    assert event.data["status"] == "partial"
    assert event.data["events"] == [str(hass_clouds.ring.events[1].id)]
    path = Path(event.data["path"])
    assert path.is_relative_to(media_dir / "clip_download" / "Front")
    assert path.stem.endswith("_manual")


async def test_pressed_again(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    media_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who presses again while nothing seems to happen gets no copy, and loses nothing."""
    hass_clouds.meraki.add_camera("Front")
    entry = await set_up(hass, hass_clouds, "meraki")
    data = {"entity_id": "camera.front", "before": {"seconds": 30}, "wait": False}
    await hass.services.async_call(DOMAIN, "save_clip", data, blocking=True)
    (other,) = await entry.runtime_data.jobs.recent(9)
    # What was asked for otherwise has another name, and another length.
    for _ in range(3):
        await press(hass, MINUTES)
    first, _ = await entry.runtime_data.jobs.recent(9)
    assert first.id != other.id
    assert first.window.duration == timedelta(minutes=5)
    # After a while something else may have happened: that, and no more, comes too.
    monkeypatch.setattr(button, "PRESSED_AGAIN_WITHIN", timedelta(0))
    await press(hass, MINUTES)
    await press(hass, MINUTES)
    third, second, *_ = await entry.runtime_data.jobs.recent(9)
    assert second.window.start == first.window.end
    assert third.window.start == second.window.end
    # Who wants more of what was before gets it.
    data = {"entity_id": "number.front_minutes_to_save", "value": 9}
    await hass.services.async_call("number", "set_value", data, blocking=True)
    await press(hass, MINUTES)
    assert (await newest_job(entry)).window.duration == timedelta(minutes=9)


async def test_minutes_that_nobody_set(
    hass: HomeAssistant, hass_clouds: Clouds, camera: RingCamera
) -> None:
    """Without a number there are five minutes."""
    entry = await set_up(hass, hass_clouds, "ring")
    await press(hass, MINUTES)
    assert (await newest_job(entry)).window.duration == timedelta(minutes=5)


async def test_no_media_folder(
    hass: HomeAssistant, hass_clouds: Clouds, camera: RingCamera
) -> None:
    """What cannot be asked for is said at once."""
    entry = await set_up(hass, hass_clouds, "ring")
    hass.config_entries.async_update_entry(entry, options={"media_dir": "gone"})
    for entity_id in (MINUTES, RECORDING):
        hass_clouds.ring.add_event(camera, start=datetime.now(UTC) - 30 * SECOND)
        with pytest.raises(ServiceValidationError, match="Front.*gone"):
            await press(hass, entity_id)
