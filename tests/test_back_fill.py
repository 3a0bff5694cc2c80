"""What a cloud still has is fetched: the oldest first, once, after all else."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
import shutil
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.clip_download import back_fill
from custom_components.clip_download.const import CONF_BACK_FILL, DOMAIN
from custom_components.clip_download.engine.events import back_fill as engine, saver
from custom_components.clip_download.engine.pipeline import retry
from custom_components.clip_download.engine.time_range import Window
from custom_components.clip_download.retention import GB
from custom_components.clip_download.services.response import EVENT_FAILED, EVENT_SAVED
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import Event, HomeAssistant
from homeassistant.exceptions import ServiceValidationError

from .accounts import look, set_up
from .clouds import Clouds
from .clouds.ring import RingCamera, RingCloud, RingEvent
from .household import next_home
from .waits import until

DAY = timedelta(days=1)


@pytest.fixture
def ring(hass_clouds: Clouds, media_dir: Path) -> RingCloud:
    """Return Ring."""
    return hass_clouds.ring


@pytest.fixture
def cameras(ring: RingCloud) -> list[RingCamera]:
    """Return two cameras."""
    return [ring.add_camera("Front"), ring.add_camera("Garden")]


@pytest.fixture
async def entry(
    hass: HomeAssistant, hass_clouds: Clouds, cameras: list[RingCamera]
) -> ConfigEntry:
    """Return an account that saves nothing by itself."""
    return await set_up(hass, hass_clouds, "ring")


@pytest.fixture
def saved(hass: HomeAssistant) -> list[Event]:
    """Return what is told of each clip that is saved."""
    told: list[Event] = async_capture_events(hass, EVENT_SAVED)
    return told


@pytest.fixture
def ended(hass: HomeAssistant) -> list[Event]:
    """Return what is told of each back-fill that ended."""
    told: list[Event] = async_capture_events(hass, back_fill.EVENT_BACK_FILL_ENDED)
    return told


def left(hass: HomeAssistant) -> str:
    """Return what the account's sensor shows."""
    (state,) = (
        one
        for one in hass.states.async_all("sensor")
        if one.entity_id.endswith("_past_recordings_left")
    )
    return state.state


def happen(
    ring: RingCloud, camera: RingCamera, *days_ago: float, **other: Any
) -> list[RingEvent]:
    """Let a camera see something on some days."""
    now = datetime.now(UTC)
    other = {"duration_s": 2, **other}
    return [ring.add_event(camera, start=now - ago * DAY, **other) for ago in days_ago]


async def fetch(hass: HomeAssistant, *names: str, **data: Any) -> dict[str, Any]:
    """Begin to fetch what the cloud has of cameras; return the answer."""
    entity_ids = [f"camera.{name}" for name in names or ("front", "garden")]
    answer = await hass.services.async_call(
        DOMAIN,
        "back_fill",
        {"entity_id": entity_ids, **data},
        blocking=True,
        return_response=True,
    )
    assert answer is not None
    return answer


async def cancel(hass: HomeAssistant, *names: str) -> dict[str, Any]:
    """Cancel what is under way of cameras; return the answer."""
    answer = await hass.services.async_call(
        DOMAIN,
        "cancel",
        {"entity_id": [f"camera.{name}" for name in names]},
        blocking=True,
        return_response=True,
    )
    assert answer is not None
    return answer


async def save(hass: HomeAssistant, event: RingEvent) -> None:
    """Save the recording of one event, as a person does."""
    entity_id = f"camera.{event.camera.name.lower()}"
    data = {"entity_id": entity_id, "event": str(event.id)}
    await hass.services.async_call(DOMAIN, "save_clip", data, blocking=True)


def change(hass: HomeAssistant, entry: ConfigEntry, **options: Any) -> None:
    """Change options of an account that goes on."""
    hass.config_entries.async_update_entry(entry, options={**entry.options, **options})


def ids_in_order(saved: list[Event]) -> list[str]:
    """Return the ids of the events that were saved, as they were saved."""
    return [one for event in saved for one in event.data["events"]]


def ids(*events: RingEvent) -> list[str]:
    """Return the ids of events, the oldest first."""
    return [str(one.id) for one in sorted(events, key=lambda one: one.start)]


async def test_all_once(
    *,
    hass: HomeAssistant,
    ring: RingCloud,
    cameras: list[RingCamera],
    entry: ConfigEntry,
    saved: list[Event],
    ended: list[Event],
) -> None:
    """All that is listed is fetched, the oldest of all cameras first, each one once."""
    front, garden = cameras
    seen = [
        *happen(ring, front, 170, 100, 31, 0.5),
        *happen(ring, garden, 120, 90, 1),
    ]
    assert left(hass) == "unknown"
    answer = await fetch(hass)
    assert [one["recordings"] for one in answer.values()] == [4, 3]
    assert all(one["complete"] and one["size_bytes"] for one in answer.values())
    await until(lambda: ended)
    assert ids_in_order(saved) == ids(*seen)
    assert all(event.data["back_fill"] for event in saved)
    # No automation is run for hundreds of old clips.
    last = hass.states.get("sensor.front_last_clip")
    assert last is not None
    assert last.state == "unknown"
    assert left(hass) == "unknown"
    assert ended[0].data["saved"] == 7
    assert ended[0].data["failed"] == 0
    assert not ended[0].data["reasons"]

    # What is saved is not fetched again, nor what was deleted since.
    Path(saved[0].data["path"]).unlink()
    await fetch(hass)
    await until(lambda: len(ended) == 2)
    assert len(saved) == 7
    assert ended[1].data["saved"] == 0


async def test_set_up_begins(
    *,
    hass: HomeAssistant,
    ring: RingCloud,
    cameras: list[RingCamera],
    entry: ConfigEntry,
    saved: list[Event],
    ended: list[Event],
) -> None:
    """What the set-up asked for begins once, no further back than clips may get old."""
    happen(ring, cameras[0], 20)
    recent = happen(ring, cameras[0], 5)
    change(hass, entry, **{CONF_BACK_FILL: True, "keep_days": 10})
    for _ in range(2):
        assert await hass.config_entries.async_reload(entry.entry_id)
    await until(lambda: ended)
    assert ids_in_order(saved) == ids(*recent)
    assert CONF_BACK_FILL not in entry.options
    assert len(ended) == 1


async def test_goes_on_after_a_kill(
    *,
    hass: HomeAssistant,
    tmp_path: Path,
    media_dir: Path,
    ring: RingCloud,
    cameras: list[RingCamera],
    entry: ConfigEntry,
    saved: list[Event],
    ended: list[Event],
) -> None:
    """A reload and a kill in the middle lose nothing, and nothing is saved twice."""
    seen = [*happen(ring, cameras[0], 50, 30, 10), *happen(ring, cameras[1], 40, 20)]
    fault = ring.misbehave("phoenix", hang_after_bytes=10_000, skip=1)
    await fetch(hass)
    await until(lambda: not fault.times)
    assert len(saved) == 1
    # It is reloaded while the second one arrives.
    assert await hass.config_entries.async_unload(entry.entry_id)
    fault = ring.misbehave("phoenix", hang_after_bytes=10_000, skip=1)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: not fault.times)
    assert len(saved) == 2

    # A kill leaves what is on the disk while the third one arrives.
    left_behind = tmp_path / "left_behind"
    config = Path(hass.config.config_dir)
    await hass.async_add_executor_job(shutil.copytree, config, left_behind)
    await hass.async_stop(force=True)
    async with next_home(hass, entry, left_behind) as (second, again):
        more = async_capture_events(second, EVENT_SAVED)
        done = async_capture_events(second, back_fill.EVENT_BACK_FILL_ENDED)
        assert await second.config_entries.async_setup(again.entry_id)
        await until(lambda: done)
        assert ids_in_order(saved + more) == ids(*seen)
        assert (done[0].data["saved"], done[0].data["failed"]) == (5, 0)
    assert not ended
    assert len(list(media_dir.rglob("*.mp4"))) == len(seen)


async def test_what_is_refused(
    *,
    hass: HomeAssistant,
    ring: RingCloud,
    cameras: list[RingCamera],
    entry: ConfigEntry,
    saved: list[Event],
    ended: list[Event],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What a cloud will not give stops nothing else; one with faults comes last, and ends."""
    monkeypatch.setattr(saver, "FIRST_PAUSE", timedelta(0))
    monkeypatch.setattr(retry, "MOST_ATTEMPTS", 1)
    front, garden = cameras
    happen(ring, front, 60, 50, is_e2ee=True)
    (broken,) = happen(ring, front, 40, has_inline_urls=False)
    (lame,) = happen(ring, front, 35, has_inline_urls=False)
    good = [*happen(ring, front, 30, 10), *happen(ring, garden, 20)]
    for event, times in ((broken, 10_000), (lame, 2)):
        ring.misbehave(f"{event.id}", status=500, times=times)
    failed = async_capture_events(hass, EVENT_FAILED)
    await fetch(hass)
    await until(lambda: ended)
    assert ids_in_order(saved) == ids(*good) + ids(lame)
    assert ended[0].data["saved"] == 4
    assert ended[0].data["failed"] == 3
    reasons = ended[0].data["reasons"]
    assert [one["count"] for one in reasons] == [2, 1]
    assert all("Front" in one["message"] for one in reasons)
    # It is told at the end, and is nothing that failed today.
    assert not failed


async def test_a_list_that_fails(
    *,
    hass: HomeAssistant,
    ring: RingCloud,
    cameras: list[RingCamera],
    entry: ConfigEntry,
    saved: list[Event],
    ended: list[Event],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A history that cannot be read is asked for again, for a week; then it is told."""
    monkeypatch.setattr(engine, "FIRST_PAUSE", timedelta(0))
    seen = happen(ring, cameras[0], 30, 20, 15, 10)
    running = entry.runtime_data.back_fill
    left_s: list[float | None] = []
    hass.bus.async_listen(EVENT_SAVED, lambda _: left_s.append(running.left_s()))
    window = Window(datetime.now(UTC) - 40 * DAY, datetime.now(UTC))
    (front, _) = (camera.id for camera in entry.runtime_data.coordinator.listed())
    fault = ring.misbehave("history", status=503, times=10_000)
    await running.begin({front: window, "gone": window})
    await until(lambda: running.waits_for)
    assert running.waits_for.key == "cloud_trouble"
    assert running.is_under_way
    assert running.left_s() is None
    fault.times = 0
    await until(lambda: ended)
    assert ids_in_order(saved) == ids(*seen)
    assert ended[0].data["saved"] == 4
    (reason,) = ended[0].data["reasons"]
    assert "gone" in reason["message"]
    # How long it takes is known from the second one on.
    assert left_s[0] is None
    assert left_s[-1] is not None

    fault.times = 10_000
    monkeypatch.setattr(engine, "LISTED_WITHIN", timedelta(0))
    await running.begin({front: window})
    await until(lambda: len(ended) == 2)
    assert ended[1].data["saved"] == 0
    (reason,) = ended[1].data["reasons"]
    assert "Front" in reason["message"]
    assert not running.is_under_way


async def test_camera_that_goes(
    *,
    hass: HomeAssistant,
    ring: RingCloud,
    cameras: list[RingCamera],
    entry: ConfigEntry,
    saved: list[Event],
    ended: list[Event],
) -> None:
    """What is left of a camera that is gone is given up, and its end is reported."""
    front, garden = cameras
    happen(ring, front, 40, 30)
    (seen,) = happen(ring, garden, 20)
    fault = ring.misbehave("phoenix", hang_after_bytes=10_000)
    await fetch(hass)
    await until(lambda: not fault.times)
    assert await hass.config_entries.async_unload(entry.entry_id)
    ring.remove_camera(front)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: ended)
    assert ids_in_order(saved) == ids(seen)
    assert ended[0].data["saved"] == 1
    reasons = [one["message"] for one in ended[0].data["reasons"]]
    assert any("no longer lists this camera" in one for one in reasons)
    assert not entry.runtime_data.back_fill.is_under_way


async def test_others_go_first(
    *,
    hass: HomeAssistant,
    ring: RingCloud,
    cameras: list[RingCamera],
    entry: ConfigEntry,
    saved: list[Event],
    ended: list[Event],
) -> None:
    """A person's clip overtakes, also one that the back-fill would fetch later."""
    old = happen(ring, cameras[0], 30, 20)
    (new,) = happen(ring, cameras[0], 2)
    hold = asyncio.Event()
    fault = ring.misbehave("phoenix", hold=hold)
    await fetch(hass)
    await until(lambda: not fault.times)
    await save(hass, new)
    assert ids_in_order(saved) == ids(new)
    hold.set()
    await until(lambda: ended)
    assert ids_in_order(saved) == [*ids(new), *ids(*old)]
    assert ["back_fill" in event.data for event in saved] == [False, True, True]
    assert ended[0].data["saved"] == 3


async def test_limits(
    *,
    hass: HomeAssistant,
    ring: RingCloud,
    cameras: list[RingCamera],
    entry: ConfigEntry,
    saved: list[Event],
    ended: list[Event],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It waits before clips are deleted for it or the disk is full, and then goes on."""
    account = entry.runtime_data
    seen = happen(ring, cameras[0], 30, 20, 10)
    change(hass, entry, most_gb=back_fill.LEAST_LEFT_BYTES / GB / 2)
    await fetch(hass)
    await until(lambda: account.back_fill.waits_for)
    assert account.back_fill.waits_for.key == "back_fill_at_limit"
    # What a person wants is saved all the same.
    (new,) = happen(ring, cameras[1], 1)
    await save(hass, new)
    assert ids_in_order(saved) == ids(new)

    await hass.async_block_till_done(wait_background_tasks=True)
    change(hass, entry, most_gb=0)
    with monkeypatch.context() as patch:
        patch.setattr(back_fill, "LEAST_FREE_BYTES", 10**18)
        await look(hass, entry)
        assert account.back_fill.waits_for.key == "back_fill_disk_full"
        assert left(hass) == "3"
    await look(hass, entry)
    await until(lambda: ended)
    assert ids_in_order(saved) == [*ids(new), *ids(*seen)]


async def test_cancel(
    *,
    hass: HomeAssistant,
    ring: RingCloud,
    cameras: list[RingCamera],
    entry: ConfigEntry,
    saved: list[Event],
    ended: list[Event],
) -> None:
    """It is ended for some cameras, with what is under way, and begun again."""
    seen = [*happen(ring, cameras[0], 30, 20), *happen(ring, cameras[1], 25, 15)]
    fault = ring.misbehave("phoenix", hang_after_bytes=10_000)
    await fetch(hass)
    await until(lambda: not fault.times)
    answer = await cancel(hass, "front")
    assert answer["back_fill"] == 2
    assert len(answer["cancelled"]) == 1
    await until(lambda: ended)
    assert ids_in_order(saved) == ids(seen[2], seen[3])
    assert (ended[0].data["saved"], ended[0].data["failed"]) == (2, 0)
    assert (await cancel(hass, "front"))["back_fill"] == 0
    await fetch(hass)
    await until(lambda: len(ended) == 2)
    assert sorted(ids_in_order(saved)) == ids(*seen)


async def test_not_offered(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path
) -> None:
    """A cloud that records all day is not asked for all of it."""
    hass_clouds.meraki.add_camera("Front")
    await set_up(hass, hass_clouds, "meraki")
    answer = await fetch(hass, "front")
    assert answer["camera.front"]["error"]["key"] == "back_fill_not_offered"
    with pytest.raises(ServiceValidationError, match="keeps no list of recordings"):
        await hass.services.async_call(
            DOMAIN, "back_fill", {"entity_id": "camera.front"}, blocking=True
        )
