"""What cameras see is told and saved by itself: once, whole, whatever comes between."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
import json
import logging
from pathlib import Path
import sqlite3
from typing import Any, Literal
from unittest.mock import patch

from aiohttp import ClientTimeout
from freezegun import freeze_time
from freezegun.api import TickingDateTimeFactory, real_monotonic
import pytest
from pytest_homeassistant_custom_component.common import async_capture_events
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.clip_download.diagnostics import (
    async_get_config_entry_diagnostics,
)
from custom_components.clip_download.engine.events.monitor import POLL_INTERVAL_REFUSED
from custom_components.clip_download.engine.events.saver import JOBS_AT_ONCE
from custom_components.clip_download.engine.library import files
from custom_components.clip_download.engine.library.database import Library
from custom_components.clip_download.engine.model import Job
from custom_components.clip_download.engine.sources import http
from custom_components.clip_download.services.response import EVENT_FAILED, EVENT_SAVED
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import (
    EVENT_STATE_CHANGED,
    STATE_OFF,
    STATE_ON,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.util import dt as dt_util
from tests.waits import until

from .accounts import begin, finish, look, set_up, typed
from .clouds import Clouds
from .clouds.footage import Footage, Span, first_and_last, moments
from .clouds.ring import Detection, RingCamera, RingCloud, RingEvent
from .clouds.ring_partner import PartnerCamera
from .engine.sources.test_ring_events import Firebase, stand_in
from .household import next_home

SECRET = "open sesame, dearest"
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
# How far the clock is moved at once: nothing that is under way takes so long for it.
STEP = 5 * SECOND
# Loopback is quick, but not at once.
QUIET_ROUNDS = 5
WAITS_S = 100


@pytest.fixture
def ring(hass_clouds: Clouds, media_dir: Path) -> RingCloud:
    """Return Ring, whose recordings are ready at once."""
    hass_clouds.ring.ready_after_s = 0
    return hass_clouds.ring


@pytest.fixture
def camera(ring: RingCloud) -> RingCamera:
    """Return a doorbell."""
    return ring.add_camera("Front")


@pytest.fixture
async def entry(
    hass: HomeAssistant, hass_clouds: Clouds, camera: RingCamera
) -> ConfigEntry:
    """Return an account at Ring that has saved what its camera sees for an hour."""
    entry = await set_up(hass, hass_clouds, "ring")
    await turn(hass, STATE_ON)
    return entry


@pytest.fixture
def saved(hass: HomeAssistant) -> list[Event]:
    """Return what is told of each clip that is saved."""
    saved: list[Event] = async_capture_events(hass, EVENT_SAVED)
    return saved


@pytest.fixture
def told(hass: HomeAssistant) -> list[tuple[str, str]]:
    """Return which event entity told of which event, each time that one did."""
    told: list[tuple[str, str]] = []
    seen = set[tuple[str, str]]()

    @callback
    def changed(event: Event[EventStateChangedData]) -> None:
        state = event.data["new_state"]
        if (
            state is None
            or state.domain != "event"
            # It tells the same again, by what was seen.
            or state.entity_id.endswith("_detection")
            or state.state in (STATE_UNAVAILABLE, STATE_UNKNOWN)
            # After a reload it is shown again, and not told.
            or (state.entity_id, state.state) in seen
        ):
            return
        seen.add((state.entity_id, state.state))
        told.append((state.entity_id, state.attributes["id"]))

    hass.bus.async_listen(EVENT_STATE_CHANGED, changed)
    return told


class Clock:
    """The clock of all, which goes on by itself and can be moved."""

    def __init__(self, frozen: TickingDateTimeFactory) -> None:
        """Move the running loop's own clock along."""
        self._frozen = frozen
        self._moved_s = 0.0
        loop = asyncio.get_running_loop()
        # For good: what waits for a time must not wait anew when the test ends.
        loop.time = lambda: real_monotonic() + self._moved_s  # type: ignore[method-assign]
        self._loop = loop
        self._in_threads = 0
        self._run_in_executor = loop.run_in_executor
        loop.run_in_executor = self._count_threads  # type: ignore[assignment, method-assign]

    def _count_threads(self, *args: Any) -> asyncio.Future[Any]:
        self._in_threads += 1
        future = self._run_in_executor(*args)
        future.add_done_callback(self._come_back)
        return future

    def _come_back(self, _: object) -> None:
        self._in_threads -= 1

    async def idle(self) -> None:
        """Wait until all wait for time to pass: no thread, answer or callback is due."""
        quiet = 0
        async with asyncio.timeout(WAITS_S):
            # What was sent over loopback is there a round or two later.
            while quiet < QUIET_ROUNDS:
                await asyncio.sleep(0.001)
                is_quiet = not self._in_threads and not self._loop._ready  # type: ignore[attr-defined]
                quiet = quiet + 1 if is_quiet else 0

    def tick(self, time: timedelta) -> None:
        """Move it."""
        self._frozen.tick(time)
        self._moved_s += time.total_seconds()


@pytest.fixture
async def clock(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Clock]:
    """Return the clock; no answer comes too late because it was moved meanwhile."""
    monkeypatch.setattr(http, "TIMEOUT", ClientTimeout(total=None))
    monkeypatch.setattr(http, "ANSWER_WITHIN_S", HOUR.total_seconds())
    with freeze_time(tick=True) as frozen:
        assert isinstance(frozen, TickingDateTimeFactory)
        yield Clock(frozen)


async def turn(
    hass: HomeAssistant, to: str, name: str = "front", ago: timedelta = HOUR
) -> None:
    """Turn a camera's switch, as if it was done a while ago."""
    with patch.object(dt_util, "utcnow", return_value=datetime.now(UTC) - ago):
        await hass.services.async_call(
            "switch",
            f"turn_{to}",
            {"entity_id": f"switch.{name}_save_automatically"},
            blocking=True,
        )


async def choose(
    hass: HomeAssistant, entry: ConfigEntry, saving: dict[str, Any], **other: Any
) -> None:
    """Fill in the form of the account's options."""
    flows = hass.config_entries.options
    form = await flows.async_init(entry.entry_id)
    schema = form["data_schema"]
    assert schema is not None
    given = schema(
        {"saving": saving, "keeping": {}, "keeping_all": {}, "advanced": {}, **other}
    )
    done = await flows.async_configure(form["flow_id"], given)
    assert done["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done(wait_background_tasks=True)


def change(hass: HomeAssistant, entry: ConfigEntry, **options: Any) -> None:
    """Change options of an account that goes on."""
    hass.config_entries.async_update_entry(entry, options={**entry.options, **options})


async def pass_time(
    hass: HomeAssistant,
    clock: Clock,
    time: timedelta,
    condition: Callable[[], object] = lambda: False,
) -> None:
    """Let time pass, with all that happens in it, no longer than until something is so."""
    for _ in range(time // STEP):
        if condition():
            break
        clock.tick(STEP)
        await hass.async_block_till_done()
        # However slow the machine is, nothing that is under way loses time.
        await clock.idle()
    # Nobody is on the way to the cloud when the test goes on.
    await clock.idle()


def happen(camera: RingCamera, cloud: RingCloud, ago_s: int, **other: Any) -> RingEvent:
    """Let somebody ring a while ago, for three seconds."""
    other = {"kind": "ding", "duration_s": 3, **other}
    return cloud.add_event(camera, start=datetime.now(UTC) - ago_s * SECOND, **other)


def clips(media_dir: Path) -> list[Path]:
    """Return the files of all clips."""
    return sorted(media_dir.rglob("*.mp4"))


def shown(path: Path, of: Footage) -> Span:
    """Return what a clip of a camera shows."""
    return first_and_last(path, of=of)


def check_shows(path: Path, of: Footage, start: datetime, end: datetime) -> None:
    """See to it that a clip shows a window of a camera, and not much else."""
    span = shown(path, of)
    assert abs(span.start - start) <= 1.1 * SECOND
    assert abs(span.end - end) <= 1.1 * SECOND


def saved_ids(saved: list[Event]) -> list[str]:
    """Return the ids of the events that were saved, in the order of their ids."""
    return sorted(one for event in saved for one in event.data["events"])


def ids(*events: RingEvent) -> list[str]:
    """Return the ids of events, in order."""
    return sorted(str(event.id) for event in events)


# Meraki


@pytest.mark.parametrize(("model", "imagers"), [("MV72X", 0), ("MV84X", 4)])
async def test_alert_is_saved(
    *,
    hass: HomeAssistant,
    hass_clouds: Clouds,
    hass_client_no_auth: ClientSessionGenerator,
    media_dir: Path,
    told: list[tuple[str, str]],
    caplog: pytest.LogCaptureFixture,
    model: str,
    imagers: int,
) -> None:
    """An alert of the dashboard is told and saved, with what is around it, once."""
    caplog.set_level(logging.DEBUG)
    cloud = hass_clouds.meraki
    cloud.ready_after_s = 0
    yard = cloud.add_camera("Yard", model=model, imagers=imagers)
    entry = await set_up(hass, hass_clouds, "meraki")
    await choose(hass, entry, {"before": 4, "after": 6}, webhook_secret=SECRET)
    names = [f"yard_{n}" for n in range(1, imagers + 1)] or ["yard"]
    for name in names:
        await turn(hass, STATE_ON, name)

    at = datetime.now(UTC) - 5 * MINUTE
    alert = cloud.webhook(yard, secret=SECRET, at=at)
    client = await hass_client_no_auth()
    for _ in range(3):
        path = f"/api/webhook/{entry.data['webhook_id']}"
        assert (await client.post(path, data=json.dumps(alert))).status == 204
        await look(hass, entry)
    assert told == [(f"event.{name}_motion", alert["alertId"]) for name in names]
    for number, name in enumerate(names, 1):
        state = hass.states.get(f"event.{name}_motion")
        assert state is not None
        check_shows(
            Path(state.attributes["path"]),
            yard.imager(number),
            at - 4 * SECOND,
            at + 6 * SECOND,
        )
    assert len(clips(media_dir)) == len(names)
    # As after a restart, when nobody remembers the alert but the library.
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert (await client.post(path, data=json.dumps(alert))).status == 204
    await look(hass, entry)
    assert len(clips(media_dir)) == len(names)

    everything = [
        caplog.text,
        str([state.as_dict() for state in hass.states.async_all()]),
        str(await async_get_config_entry_diagnostics(hass, entry)),
        *(sidecar.read_text() for sidecar in media_dir.rglob("*.json")),
    ]
    assert len(everything) == 3 + len(names)
    assert not any(SECRET in text for text in everything)


# Ring's partner API


@pytest.mark.parametrize("first", ["heard", "listed"])
async def test_heard_and_listed(
    *,
    hass: HomeAssistant,
    hass_clouds: Clouds,
    hass_client_no_auth: ClientSessionGenerator,
    media_dir: Path,
    told: list[tuple[str, str]],
    saved: list[Event],
    first: Literal["heard", "listed"],
) -> None:
    """What comes to the webhook is in the history too, by another id: it is one event."""
    cloud = hass_clouds.ring_partner
    camera = cloud.add_camera("Front")
    entry = await set_up(hass, hass_clouds, "ring_partner")
    await choose(hass, entry, {"before": 2, "after": 3}, hmac_key=cloud.hmac_key)
    await turn(hass, STATE_ON)
    client = await hass_client_no_auth()
    now = datetime.now(UTC).replace(microsecond=0)
    rang, moved = now - 60 * SECOND, now - 90 * SECOND
    notices = (
        cloud.webhook(camera, "button_press", at=rang),
        cloud.webhook(camera, sub_type="human", at=moved),
    )

    async def hear() -> list[str]:
        for body, headers in notices:
            path = f"/api/webhook/{entry.data['webhook_id']}"
            answer = await client.post(path, data=body, headers=headers)
            assert answer.status == 204
            await look(hass, entry)
        return [json.loads(body)["data"]["id"] for body, _ in notices]

    async def list_() -> list[str]:
        listed = [
            cloud.add_event(camera, "ding", start=rang + SECOND, duration_s=4),
            cloud.add_event(camera, "motion", start=moved + SECOND, duration_s=4),
        ]
        await look(hass, entry)
        return [event.id for event in listed]

    steps = [hear, list_] if first == "heard" else [list_, hear]
    its_ids = await steps[0]()
    other_ids = await steps[1]()
    assert set(its_ids).isdisjoint(other_ids)
    for _ in range(3):
        await look(hass, entry)
    assert sorted(told) == [
        ("event.front_doorbell", its_ids[0]),
        ("event.front_motion", its_ids[1]),
    ]
    assert len(saved) == 2
    assert len(clips(media_dir)) == 2
    for name, at in (("doorbell", rang), ("motion", moved)):
        state = hass.states.get(f"event.front_{name}")
        assert state is not None
        check_shows(
            Path(state.attributes["path"]),
            camera.footage,
            # The history lists it a second later, with its end.
            at - 1 * SECOND,
            at + 8 * SECOND,
        )
    # Ring lists our own downloads, which are nothing that was seen.
    echoes = [one for one in camera.events if one.kind == "on_demand"]
    assert len(echoes) == len(cloud.asked("video/download")) == 2


async def test_echoes_are_not_saved(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    media_dir: Path,
    told: list[tuple[str, str]],
) -> None:
    """Even a person who wants all kinds gets no clips of downloads of clips."""
    cloud = hass_clouds.ring_partner
    camera = cloud.add_camera("Front")
    entry = await set_up(hass, hass_clouds, "ring_partner")
    await turn(hass, STATE_ON)
    change(hass, entry, kinds=["ding", "motion", "on_demand"], before=1, after=2)
    cloud.add_event(
        camera, start=datetime.now(UTC) - MINUTE, duration_s=3, sub_type="human"
    )
    for number in range(4):
        cloud.add_event(
            camera, "on_demand", start=datetime.now(UTC) - 2 * MINUTE + number * SECOND
        )
        await look(hass, entry)
    assert len(clips(media_dir)) == len(told) == 1
    assert [one.kind for one in camera.events].count("on_demand") == 5


# While nobody looks


async def test_downtime(
    *,
    hass: HomeAssistant,
    ring: RingCloud,
    camera: RingCamera,
    entry: ConfigEntry,
    saved: list[Event],
    told: list[tuple[str, str]],
) -> None:
    """What was missed is saved all the same; only what is news is told."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    old = happen(camera, ring, 20 * 60)
    new = happen(camera, ring, 2 * 60, kind="motion")
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert saved_ids(saved) == ids(old, new)
    assert told == [("event.front_motion", str(new.id))]
    for event in saved:
        (seen,) = (one for one in (old, new) if [str(one.id)] == event.data["events"])
        check_shows(Path(event.data["path"]), camera.footage, seen.start, seen.end)


async def test_restart_under_way(
    *,
    hass: HomeAssistant,
    ring: RingCloud,
    camera: RingCamera,
    entry: ConfigEntry,
    media_dir: Path,
    saved: list[Event],
) -> None:
    """A clip whose download was interrupted becomes one file, by one job."""
    fault = ring.misbehave("phoenix", hang_after_bytes=10_000, times=9)
    happen(camera, ring, 60)
    entry.runtime_data.monitor.on_push()
    await until(lambda: ring.asked("phoenix"))
    assert await hass.config_entries.async_unload(entry.entry_id)
    fault.times = 0
    assert await hass.config_entries.async_setup(entry.entry_id)
    await look(hass, entry)
    await look(hass, entry)
    assert len(saved) == len(clips(media_dir)) == 1
    assert len(await entry.runtime_data.jobs.recent(9)) == 1
    assert not list(media_dir.rglob(".clip_download_*"))


async def test_unloaded_while_it_is_recorded(
    *,
    hass: HomeAssistant,
    ring: RingCloud,
    camera: RingCamera,
    entry: ConfigEntry,
    media_dir: Path,
    saved: list[Event],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A clip that is recorded while its account is unloaded is told, once."""
    begun, goes_on = asyncio.Event(), asyncio.Event()
    finish_job = Library.finish_job

    async def finish_slowly(self: Library, job: Job) -> None:
        begun.set()
        await goes_on.wait()
        await finish_job(self, job)

    monkeypatch.setattr(Library, "finish_job", finish_slowly)
    seen = happen(camera, ring, 60)
    entry.runtime_data.monitor.on_push()
    await begun.wait()
    (running,) = entry.runtime_data.jobs.running()
    unloading = asyncio.create_task(hass.config_entries.async_unload(entry.entry_id))
    await until(running.task.cancelling)
    goes_on.set()
    assert await unloading
    assert saved_ids(saved) == ids(seen)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await look(hass, entry)
    assert len(saved) == len(clips(media_dir)) == 1


async def test_turned_off_while_it_is_wanted(
    *,
    clock: Clock,
    hass: HomeAssistant,
    ring: RingCloud,
    camera: RingCamera,
    entry: ConfigEntry,
    media_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was put off is not saved once nobody wants it any more, nor later."""
    failed = async_capture_events(hass, EVENT_FAILED)
    with monkeypatch.context() as full:
        full.setattr(files, "RESERVE_BYTES", 2**62)
        happen(camera, ring, 60)
        await look(hass, entry)
    assert len(failed) == 1
    await turn(hass, STATE_OFF)
    await pass_time(hass, clock, 3 * MINUTE)
    await turn(hass, STATE_ON)
    await pass_time(hass, clock, 3 * MINUTE)
    assert clips(media_dir) == []


async def test_camera_is_removed(
    *,
    hass: HomeAssistant,
    hass_clouds: Clouds,
    ring: RingCloud,
    camera: RingCamera,
    entry: ConfigEntry,
    saved: list[Event],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A camera that is gone stops no other; what it saw is saved once it is back."""
    gate = hass_clouds.ring.add_camera("Gate")
    await entry.runtime_data.coordinator.async_refresh()
    await hass.async_block_till_done()
    await turn(hass, STATE_ON, "gate")
    lost = happen(gate, ring, 60, ready_after_s=3600)
    await look(hass, entry)
    ring.cameras.remove(gate)
    await entry.runtime_data.coordinator.async_refresh()
    lost.ready_at = lost.stored_at = datetime.now(UTC)
    other = happen(camera, ring, 30)
    await look(hass, entry)
    assert saved_ids(saved) == ids(other)

    ring.cameras.append(gate)
    await entry.runtime_data.coordinator.async_refresh()
    await look(hass, entry)
    assert saved_ids(saved) == ids(lost, other)
    assert [one for one in caplog.records if one.levelno >= logging.ERROR] == []


async def test_restarts_among_many(
    *,
    hass: HomeAssistant,
    hass_clouds: Clouds,
    ring: RingCloud,
    camera: RingCamera,
    entry: ConfigEntry,
    media_dir: Path,
    saved: list[Event],
) -> None:
    """Wherever it is stopped, another Home Assistant goes on: each event is one file."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    known = [happen(camera, ring, 40 * 60 - n * 10, duration_s=1) for n in range(30)]
    for enough in (5, 10, 15):
        assert await hass.config_entries.async_setup(entry.entry_id)
        await until(partial(lambda least: len(saved) >= least, enough))
        fault = ring.misbehave("phoenix", hang_after_bytes=10_000, times=99)
        # So many are asked for at once: nobody else is on the way to the cloud by then.
        await until(partial(lambda one: one.times <= 99 - JOBS_AT_ONCE, fault))
        assert await hass.config_entries.async_unload(entry.entry_id)
        fault.times = 0
    assert len(saved) < len(known)
    await hass.async_stop(force=True)

    async with next_home(hass, entry) as (second, again):
        more = async_capture_events(second, EVENT_SAVED)
        assert await second.config_entries.async_setup(again.entry_id)
        await second.async_block_till_done(wait_background_tasks=True)
        await look(second, again)
        assert saved_ids(saved + more) == ids(*known)
        assert len(await again.runtime_data.jobs.recent(99)) == len(known)
    starts = sorted(moments(path, first=1)[0] for path in clips(media_dir))
    assert len(starts) == len(known)
    for start, event in zip(starts, known, strict=True):
        assert abs(start - event.start) <= 1.1 * SECOND


# Options


async def test_kinds(
    *,
    hass: HomeAssistant,
    ring: RingCloud,
    camera: RingCamera,
    entry: ConfigEntry,
    saved: list[Event],
) -> None:
    """Only what is chosen is saved, and from the next event on what is chosen then."""
    account = entry.runtime_data
    change(hass, entry, kinds=["person"])
    sights: tuple[Detection | None, ...] = ("vehicle", "human", None)
    seen = [
        happen(camera, ring, 120 - n * 10, kind="motion", saw=saw)
        for n, saw in enumerate(sights)
    ]
    happen(camera, ring, 90)
    await look(hass, entry)
    assert saved_ids(saved) == ids(seen[1])
    assert [event.data["label"] for event in saved] == ["person"]

    change(hass, entry, kinds=["ding"])
    happen(camera, ring, 40, kind="motion", saw="human")
    rang = happen(camera, ring, 30)
    await look(hass, entry)
    assert saved_ids(saved) == ids(seen[1], rang)
    assert entry.runtime_data is account


async def test_before_and_after(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path, saved: list[Event]
) -> None:
    """A cloud that gives any window gives what was before and after, as it is wanted."""
    cloud = hass_clouds.ring_partner
    camera = cloud.add_camera("Front")
    entry = await set_up(hass, hass_clouds, "ring_partner")
    await turn(hass, STATE_ON)
    account = entry.runtime_data
    for before, after, ago_s in ((6, 2, 120), (1, 8, 60)):
        change(hass, entry, before=before, after=after)
        start = datetime.now(UTC) - ago_s * SECOND
        event = cloud.add_event(camera, start=start, duration_s=4)
        await look(hass, entry)
        check_shows(
            Path(saved[-1].data["path"]),
            camera.footage,
            event.start - before * SECOND,
            event.end + after * SECOND,
        )
    assert len(clips(media_dir)) == len(saved) == 2
    assert entry.runtime_data is account


async def test_pause(
    *,
    hass: HomeAssistant,
    ring: RingCloud,
    camera: RingCamera,
    entry: ConfigEntry,
    saved: list[Event],
    told: list[tuple[str, str]],
) -> None:
    """What comes too soon after a clip is left out, told all the same; until it is not."""
    change(hass, entry, pause=60)
    seen = [happen(camera, ring, ago_s) for ago_s in (200, 180, 120)]
    await look(hass, entry)
    assert saved_ids(saved) == ids(seen[0], seen[2])
    assert [one for _, one in told] == [str(event.id) for event in seen]
    change(hass, entry, pause=0)
    soon = happen(camera, ring, 100)
    await look(hass, entry)
    assert saved_ids(saved) == ids(seen[0], seen[2], soon)


@pytest.mark.parametrize("kind", ["ring", "ring_partner"])
@pytest.mark.usefixtures("ring")
async def test_merge(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    media_dir: Path,
    saved: list[Event],
    kind: Literal["ring", "ring_partner"],
) -> None:
    """A burst is one clip; what the camera did not record between is told as a gap."""
    cloud = getattr(hass_clouds, kind)
    camera = cloud.add_camera("Front")
    if isinstance(camera, PartnerCamera):
        camera.recordings = []
    entry = await set_up(hass, hass_clouds, kind)
    await turn(hass, STATE_ON)
    change(hass, entry, merge=30, before=0, after=0)
    now = datetime.now(UTC)
    first, second, third = (
        cloud.add_event(camera, start=now - ago_s * SECOND, duration_s=5)
        for ago_s in (300, 285, 200)
    )
    await look(hass, entry)
    assert len(clips(media_dir)) == 2
    (burst,) = (event.data for event in saved if event.data["status"] == "partial")
    (alone,) = (event.data for event in saved if event.data["status"] == "complete")
    path = Path(burst["path"])
    check_shows(path, camera.footage, first.start, second.end)
    (gap,) = burst["gaps"]
    for told, true in ((gap["start"], first.end), (gap["end"], second.start)):
        assert abs(datetime.fromisoformat(told) - true) <= 1.1 * SECOND
    missing = [
        one for one in moments(path) if first.end + SECOND < one < second.start - SECOND
    ]
    assert missing == []
    check_shows(Path(alone["path"]), camera.footage, third.start, third.end)
    # Each of the burst is known to be saved.
    for _ in range(2):
        await look(hass, entry)
    assert len(clips(media_dir)) == 2


# Faults


async def test_one_clip_is_refused(
    *,
    clock: Clock,
    hass: HomeAssistant,
    ring: RingCloud,
    camera: RingCamera,
    entry: ConfigEntry,
    saved: list[Event],
) -> None:
    """A 401 for one clip stops no other, asks for no sign-in, and that clip comes later."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    seen = [
        happen(camera, ring, ago_s, has_inline_urls=False)
        for ago_s in (1900, 1800, 1700)
    ]
    # Once, and again with a new token.
    ring.misbehave(f"dings/{seen[1].id}/share/play", status=401, times=2)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: len(saved) == 2)
    assert saved_ids(saved) == ids(seen[0], seen[2])
    assert hass.config_entries.flow.async_progress() == []
    await pass_time(hass, clock, 5 * MINUTE, lambda: len(saved) == 3)
    assert saved_ids(saved) == ids(*seen)


async def test_one_history_is_refused(
    *,
    clock: Clock,
    hass: HomeAssistant,
    hass_clouds: Clouds,
    media_dir: Path,
    saved: list[Event],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A camera whose history may not be seen is no trouble for others, nor for the log."""
    caplog.set_level(logging.DEBUG)
    cloud = hass_clouds.ring_partner
    cameras = [cloud.add_camera(name) for name in ("Front", "Gate")]
    entry = await set_up(hass, hass_clouds, "ring_partner")
    change(hass, entry, before=0, after=1)
    for name in ("front", "gate"):
        await turn(hass, STATE_ON, name)
    fault = cloud.misbehave(f"{cameras[0].id}/events", status=403, times=99)
    for camera in cameras:
        start = datetime.now(UTC) - 60 * SECOND
        cloud.add_event(camera, start=start, duration_s=3)
    await look(hass, entry)
    assert [event.data["entity_id"] for event in saved] == ["camera.gate"]
    told = [one for one in caplog.records if "No history of" in one.getMessage()]
    assert told
    assert {one.levelno for one in told} == {logging.DEBUG}
    assert entry.runtime_data.coordinator.last_update_success
    assert hass.config_entries.flow.async_progress() == []

    fault.times = 0
    await pass_time(
        hass, clock, POLL_INTERVAL_REFUSED + 2 * MINUTE, lambda: len(saved) == 2
    )
    assert [event.data["entity_id"] for event in saved] == [
        "camera.gate",
        "camera.front",
    ]


async def test_outage(
    *,
    clock: Clock,
    hass: HomeAssistant,
    ring: RingCloud,
    camera: RingCamera,
    entry: ConfigEntry,
    saved: list[Event],
    told: list[tuple[str, str]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """After an outage all is saved: what was wanted before it, and what was seen in it."""
    wanted = happen(camera, ring, 30, ready_after_s=60)
    await look(hass, entry)
    assert told == [("event.front_doorbell", str(wanted.id))]
    fault = ring.misbehave(status=503, times=10**6)
    await pass_time(hass, clock, 10 * MINUTE)
    seen = happen(camera, ring, 0)
    await pass_time(hass, clock, 10 * MINUTE)
    assert saved == []
    said = [
        one.getMessage()
        for one in caplog.records
        if one.levelno == logging.ERROR and "events of" in one.getMessage()
    ]
    assert len(said) == 1
    assert "status 503" in said[0]

    fault.times = 0
    await pass_time(hass, clock, 10 * MINUTE, lambda: len(saved) == 2)
    assert saved_ids(saved) == ids(wanted, seen)
    # Older than five minutes: no news.
    assert len(told) == 1
    assert hass.config_entries.flow.async_progress() == []


async def test_store_is_away(
    *,
    clock: Clock,
    hass: HomeAssistant,
    ring: RingCloud,
    camera: RingCamera,
    entry: ConfigEntry,
    saved: list[Event],
) -> None:
    """A clip that fails is tried again until it comes; that it fails is told once."""
    failed = async_capture_events(hass, EVENT_FAILED)
    fault = ring.misbehave("phoenix", status=503, times=10**6)
    seen = happen(camera, ring, 60)
    entry.runtime_data.monitor.on_push()
    # Six requests a try.
    await pass_time(
        hass, clock, 15 * MINUTE, lambda: len(ring.asked("phoenix")) >= 3 * 6
    )
    assert len(ring.asked("phoenix")) >= 3 * 6
    assert len(failed) == 1
    assert saved == []
    fault.times = 0
    await pass_time(hass, clock, 15 * MINUTE, lambda: saved)
    assert saved_ids(saved) == ids(seen)


async def test_storage_is_full(
    *,
    clock: Clock,
    hass: HomeAssistant,
    ring: RingCloud,
    camera: RingCamera,
    entry: ConfigEntry,
    media_dir: Path,
    saved: list[Event],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What there is no room for is put off, and saved when there is."""
    failed = async_capture_events(hass, EVENT_FAILED)
    with monkeypatch.context() as full:
        full.setattr(files, "RESERVE_BYTES", 2**62)
        seen = happen(camera, ring, 60)
        await look(hass, entry)
    assert [event.data["error"]["key"] for event in failed] == ["storage_full"]
    # Ring keeps whole recordings: nothing before or after it was asked for.
    times = [datetime.fromisoformat(failed[0].data[name]) for name in ("start", "end")]
    assert abs(times[0] - seen.start) < SECOND
    assert abs(times[1] - seen.end) < SECOND
    assert list(media_dir.iterdir()) == []
    await pass_time(hass, clock, 5 * MINUTE, lambda: saved)
    assert saved_ids(saved) == ids(seen)
    check_shows(Path(saved[0].data["path"]), camera.footage, seen.start, seen.end)


async def test_library_fails(
    *,
    clock: Clock,
    hass: HomeAssistant,
    ring: RingCloud,
    camera: RingCamera,
    entry: ConfigEntry,
    saved: list[Event],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What SQLite cannot keep is told in the log, and found again when it can."""

    def rename(old: str, new: str) -> None:
        path = hass.config.path("clip_download.db")
        with closing(sqlite3.connect(path)) as database:
            database.execute(f"ALTER TABLE {old} RENAME TO {new}")

    await hass.async_add_executor_job(rename, "events", "hidden")
    seen = happen(camera, ring, 60)
    await look(hass, entry)
    assert saved == []
    said = [one for one in caplog.records if "no such table" in one.getMessage()]
    assert said
    assert {one.levelno for one in said} == {logging.ERROR}
    await hass.async_add_executor_job(rename, "hidden", "events")
    await pass_time(hass, clock, 5 * MINUTE, lambda: saved)
    assert saved_ids(saved) == ids(seen)


async def test_library_fails_when_it_is_saved(
    *,
    clock: Clock,
    hass: HomeAssistant,
    ring: RingCloud,
    camera: RingCamera,
    entry: ConfigEntry,
    media_dir: Path,
    saved: list[Event],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """So it is where the clip is there but cannot be recorded: one file in the end."""

    def execute(statement: str) -> None:
        path = hass.config.path("clip_download.db")
        with closing(sqlite3.connect(path)) as database:
            database.execute(statement)

    await hass.async_add_executor_job(
        execute,
        "CREATE TRIGGER full BEFORE INSERT ON clips "
        "BEGIN SELECT RAISE(ABORT, 'no room'); END",
    )
    seen = happen(camera, ring, 60)
    await look(hass, entry)
    assert saved == []
    assert clips(media_dir) == []
    await hass.async_add_executor_job(execute, "DROP TRIGGER full")
    await pass_time(hass, clock, 5 * MINUTE, lambda: saved)
    assert saved_ids(saved) == ids(seen)
    assert len(clips(media_dir)) == 1


# Push


@pytest.fixture
def push(monkeypatch: pytest.MonkeyPatch) -> list[Firebase]:
    """Return what stands for Ring's push service."""
    return stand_in(monkeypatch)


async def listening(hass: HomeAssistant, clouds: Clouds) -> ConfigEntry:
    """Set an account up that listens, which does not end."""
    clouds.ring.two_factor = None
    form = await begin(hass, "ring")
    result = await hass.config_entries.flow.async_configure(
        form["flow_id"], typed(clouds, "ring")
    )
    result = await finish(hass, result)
    entry: ConfigEntry = result["result"]
    await hass.async_block_till_done()
    await until(lambda: clouds.ring.asked("history"))
    await turn(hass, STATE_ON)
    return entry


async def test_push(
    *,
    hass: HomeAssistant,
    hass_clouds: Clouds,
    ring: RingCloud,
    camera: RingCamera,
    push: list[Firebase],
    saved: list[Event],
    told: list[tuple[str, str]],
) -> None:
    """A push is a reason to look at once, the only one; what is saved is what is listed."""
    entry = await listening(hass, hass_clouds)
    await until(lambda: push and push[0].is_started())
    seen = happen(camera, ring, 10)
    looks = len(ring.asked("history"))
    push[0].push(seen)
    await until(lambda: saved)
    assert len(ring.asked("history")) > looks
    assert told == [("event.front_doorbell", str(seen.id))]
    assert saved_ids(saved) == ids(seen)
    # What is pushed and is not listed was not there.
    ghost = happen(camera, ring, 5)
    ring.events.remove(ghost)
    push[0].push(ghost)
    await hass.async_block_till_done()
    assert len(told) == len(saved) == 1
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert push[0].state == "stopped"


@pytest.mark.parametrize("trouble", ["refused", "silent"])
async def test_no_push_comes(
    *,
    clock: Clock,
    hass: HomeAssistant,
    hass_clouds: Clouds,
    ring: RingCloud,
    camera: RingCamera,
    push: list[Firebase],
    saved: list[Event],
    told: list[tuple[str, str]],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    trouble: str,
) -> None:
    """A push service that fails, or falls silent, changes nothing but how soon."""

    async def refuse(self: Firebase) -> str:
        raise ConnectionError("no way to Firebase")

    if trouble == "refused":
        monkeypatch.setattr(Firebase, "checkin_or_register", refuse)
    entry = await listening(hass, hass_clouds)
    await until(lambda: push)
    if trouble == "silent":
        await until(push[0].is_started)
        push[0].state = "dead"
    seen = happen(camera, ring, 10)
    await pass_time(hass, clock, 3 * MINUTE, lambda: saved)
    assert told == [("event.front_doorbell", str(seen.id))]
    assert saved_ids(saved) == ids(seen)
    # It is tried again, without a further word to those who can do nothing about it.
    await pass_time(hass, clock, 20 * MINUTE, lambda: len(push) > 1)
    await until(lambda: trouble == "refused" or push[1].is_started())
    ours = [one for one in caplog.records if "clip_download" in one.name]
    assert ours
    warnings = [one.msg for one in ours if one.levelno >= logging.WARNING]
    assert warnings == ["No pushes for %s, so it is only polled: %s"] * (
        trouble == "refused"
    )
    assert await hass.config_entries.async_unload(entry.entry_id)
