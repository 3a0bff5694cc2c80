"""What Ring's history tells, and what is made of its events' recordings."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from datetime import UTC, datetime, timedelta
import json
import logging
from pathlib import Path
from typing import Any

from aiohttp import ClientSession
import pytest

from custom_components.clip_download.engine.errors import (
    BadAnswerError,
    ClipError,
    CloudError,
    RefusedError,
    SignInError,
)
from custom_components.clip_download.engine.model import (
    Event,
    MediaOptions,
    Plan,
    PushedEvent,
)
from custom_components.clip_download.engine.sources.ring import (
    api as ring_api,
    lists,
    push,
)
from custom_components.clip_download.engine.sources.ring.client import (
    RecordingPart,
    RingCamera as ListedCamera,
    RingSource,
)
from custom_components.clip_download.engine.time_range import Window
from tests.clouds.footage import first_and_last
from tests.clouds.ring import (
    API_HOST,
    MEDIA_HOST,
    OAUTH_HOST,
    Pages,
    RingCamera,
    RingCloud,
    RingEvent,
)
from tests.engine.sources.test_ring import (
    HARDWARE_ID,
    HTML,
    NOON,
    PLAY_PLACE,
    SEARCH_PLACE,
    cloud,
    doorbell,
    fetch,
    kept,
    part_of,
    source,
)
from tests.waits import until

# The fixtures of an account are the same here.
__all__ = ["cloud", "doorbell", "kept", "source"]

LISTS = f"{API_HOST}/.*/history$"
HISTORY = f"{API_HOST}/clients_api/doorbots/.*/history$"
DEVICE = f"{API_HOST}/clients_api/device$"
HOUR = Window(NOON, NOON + timedelta(hours=1))


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare these tests our own limit."""
    monkeypatch.setattr(ring_api, "RATE", (1000, 1.0))


@pytest.fixture
async def camera(doorbell: RingCamera, source: RingSource) -> ListedCamera:
    """Return the doorbell as the source lists it."""
    (camera,) = await source.cameras()
    return camera


def ids(events: Sequence[Event | RingEvent]) -> list[str]:
    """Return the ids of events, as strings."""
    return [str(event.id) for event in events]


def about(event: RingEvent, *, is_ready: bool = True) -> Event:
    """Return an event as somebody knows it who has once looked."""
    return Event(
        id=str(event.id),
        kind=event.kind,
        window=Window(event.start, event.end),
        is_ready=is_ready,
    )


async def plan(source: RingSource, camera: ListedCamera, *events: Event) -> Plan:
    """Plan for events; the window says nothing."""
    return await source.plan(camera, HOUR, MediaOptions(), events)


async def look(
    source: RingSource, camera: ListedCamera, since: datetime
) -> list[Event]:
    """Look for what has happened since a moment."""
    soon = datetime.now(UTC) + timedelta(seconds=1)
    return await source.events(camera, Window(since, soon))


# Looks


async def test_events(
    cloud: RingCloud, source: RingSource, camera: ListedCamera, doorbell: RingCamera
) -> None:
    """What begins in the window is told, the oldest first, by one request."""
    cloud.add_event(doorbell, start=NOON - timedelta(seconds=1))
    ding = cloud.add_event(doorbell, "ding", start=NOON + timedelta(minutes=9))
    motion = cloud.add_event(
        doorbell, start=NOON, duration_s=7, saw="human", hq_url=None
    )
    live = cloud.add_event(doorbell, "on_demand", start=NOON + timedelta(minutes=20))
    cloud.add_event(doorbell, start=HOUR.end)
    cloud.add_event(cloud.add_camera("Garden"), start=NOON)

    found = await source.events(camera, HOUR)

    assert found == [
        Event(
            id=str(motion.id),
            kind="motion",
            window=Window(NOON, NOON + timedelta(seconds=7)),
            seen=("person",),
        ),
        about(ding),
        about(live),
    ]
    assert motion.id > 2**53
    assert len(cloud.asked(LISTS)) == 1


@pytest.mark.parametrize("has_search", [True, False])
async def test_kinds(
    cloud: RingCloud,
    source: RingSource,
    camera: ListedCamera,
    doorbell: RingCamera,
    has_search: bool,
) -> None:
    """Kinds are Ring's own words; what was seen is in those of all clouds."""
    cloud.has_search = has_search
    facts: list[dict[str, Any]] = [
        {"saw": "human"},
        {"saw": "vehicle"},
        {"saw": "package"},
        {"saw": "animal"},
        {"saw": "other_motion"},
        {"kind": "alarm"},
        {"kind": None},
        {"cv_properties": None},
        {"cv_properties": {"person_detected": True}},
        {"cv_properties": {"detection_type": ["?"]}},
        {"cv_properties": "?"},
        {
            "cv_properties": {
                "person_detected": True,
                "detection_type": "package_delivery",
                "detection_types": [{"detection_type": "moving_vehicle"}],
            }
        },
    ]
    for minute, one in enumerate(facts):
        cloud.add_event(doorbell, start=NOON + timedelta(minutes=minute), **one)
    found = await source.events(camera, HOUR)
    assert [event.what for event in found] == [
        *("person", "vehicle", "package", "animal"),
        *("", "", "", "", "person", "", ""),
        "package, person, vehicle",
    ]
    assert [event.kind for event in found] == [
        *["motion"] * 5,
        *("alarm", "", "motion", "motion", "motion", "motion", "motion"),
    ]
    assert found[0].is_of({"person"})
    assert found[-1].is_of({"package"})


@pytest.mark.parametrize("has_search", [True, False])
@pytest.mark.parametrize(
    "created_at", [None, "yesterday", 10**30, "9999-12-31T23:59:59Z", [], -(10**15)]
)
async def test_no_known_time(
    *,
    cloud: RingCloud,
    source: RingSource,
    camera: ListedCamera,
    doorbell: RingCamera,
    has_search: bool,
    created_at: object,
) -> None:
    """An event of no known time is left out, and spoils no other."""
    cloud.has_search = has_search
    first = cloud.add_event(doorbell, start=NOON)
    cloud.add_event(doorbell, start=NOON + timedelta(minutes=1), created_at=created_at)
    last = cloud.add_event(doorbell, start=NOON + timedelta(minutes=2))
    assert ids(await source.events(camera, HOUR)) == ids([first, last])


async def test_seen_late(
    cloud: RingCloud, source: RingSource, camera: ListedCamera, doorbell: RingCamera
) -> None:
    """What Ring finds in a recording later is told by a later look."""
    now = datetime.now(UTC)
    cloud.add_event(doorbell, start=now, duration_s=5, saw="human", saw_after_s=40)
    assert [one.seen for one in await look(source, camera, now)] == [()]
    cloud.clouds.offset = timedelta(seconds=45)
    assert [one.seen for one in await look(source, camera, now)] == [("person",)]


async def test_search_is_known(
    cloud: RingCloud,
    source: RingSource,
    camera: ListedCamera,
    doorbell: RingCamera,
) -> None:
    """Where the search has once found something, it is believed for a while."""
    event = cloud.add_event(doorbell, start=NOON)
    empty = Window(NOON - timedelta(hours=2), NOON - timedelta(hours=1))
    await source.events(camera, HOUR)
    for _ in range(3):
        assert await source.events(camera, empty) == []
    assert ids(await source.events(camera, HOUR)) == ids([event])
    assert not cloud.asked(HISTORY)
    assert len(cloud.asked(LISTS)) == 5


@pytest.mark.parametrize("fault", [None, {"status": 404}, {"body": HTML}])
async def test_no_search(
    *,
    cloud: RingCloud,
    source: RingSource,
    camera: ListedCamera,
    doorbell: RingCamera,
    fault: dict[str, Any] | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where there is no search, it is remembered: a look is one request again."""
    cloud.has_search = False
    if fault:
        cloud.misbehave(SEARCH_PLACE, times=100, **fault)
    event = cloud.add_event(doorbell, start=NOON)
    cloud.add_event(doorbell, start=NOON - timedelta(hours=1))
    for _ in range(4):
        assert await source.events(camera, HOUR) == [about(event)]
    assert len(cloud.asked(SEARCH_PLACE)) == 1
    assert len(cloud.asked(HISTORY)) == 4

    monkeypatch.setattr(lists, "SEARCH_KNOWN_S", 0)
    assert await source.events(camera, HOUR) == [about(event)]
    assert len(cloud.asked(SEARCH_PLACE)) == 2


async def test_search_that_says_nothing_yet(
    cloud: RingCloud, source: RingSource, camera: ListedCamera, doorbell: RingCamera
) -> None:
    """While neither has anything, the history is enough: it misses nothing."""
    assert await source.events(camera, HOUR) == []
    cloud.add_event(doorbell, start=NOON)
    assert len(await source.events(camera, HOUR)) == 1
    assert len(cloud.asked(SEARCH_PLACE)) == 1


async def test_search_without_a_network(
    cloud: RingCloud, source: RingSource, camera: ListedCamera
) -> None:
    """Where Ring cannot be reached, nothing is learnt of its search."""
    cloud.misbehave(SEARCH_PLACE, drop=True, times=2)
    with pytest.raises(CloudError, match="cloud_unreachable"):
        await source.events(camera, HOUR)
    assert not cloud.asked(HISTORY)
    await source.events(camera, HOUR)
    assert len(cloud.asked(HISTORY)) == 1


async def test_recordings_of_somebody_else(
    cloud: RingCloud, source: RingSource, camera: ListedCamera
) -> None:
    """Where Ring does not let a guest see recordings, it is told as that."""
    cloud.misbehave(LISTS, status=403, times=2)
    with pytest.raises(RefusedError, match="^recordings_refused$"):
        await source.events(camera, HOUR)


async def test_many(
    cloud: RingCloud, source: RingSource, camera: ListedCamera, doorbell: RingCamera
) -> None:
    """After a long absence all is told, by search and by history."""
    events = [
        cloud.add_event(doorbell, start=NOON + timedelta(seconds=10 * n), duration_s=5)
        for n in range(330)
    ]
    assert ids(await source.events(camera, HOUR)) == ids(events)
    assert len(cloud.asked(LISTS)) == 19
    cloud.misbehave(SEARCH_PLACE, status=404)
    assert ids(await source.events(camera, HOUR)) == ids(events)
    newest = await source.events(camera, Window(events[-9].start, HOUR.end))
    assert ids(newest) == ids(events[-9:])
    assert len(cloud.asked(HISTORY)) == 6
    assert cloud.asked(HISTORY)[-1].query["limit"] == "20"


@pytest.mark.parametrize(("pages", "told"), [("repeated", 100), ("skipping", 124)])
async def test_odd_pages(
    *,
    cloud: RingCloud,
    source: RingSource,
    camera: ListedCamera,
    doorbell: RingCamera,
    pages: Pages,
    told: int,
) -> None:
    """A history that repeats itself or skips something is read once, to its end."""
    cloud.history_pages = pages
    cloud.has_search = False
    for n in range(130):
        cloud.add_event(doorbell, start=NOON + timedelta(seconds=20 * n), duration_s=5)
    found = await source.events(camera, HOUR)
    assert len(found) == len(set(ids(found))) == told
    assert len(cloud.asked(HISTORY)) <= 3


# What is ready


@pytest.mark.parametrize("has_search", [True, False])
async def test_ready(
    *,
    cloud: RingCloud,
    source: RingSource,
    camera: ListedCamera,
    doorbell: RingCamera,
    has_search: bool,
    tmp_path: Path,
) -> None:
    """What goes on, what is on its way and what is there are told apart."""
    cloud.has_search = has_search
    since = datetime.now(UTC) - timedelta(minutes=5)
    cloud.add_event(doorbell, start=NOON)
    done = cloud.add_event(doorbell, start=since, duration_s=2)
    late = cloud.add_event(
        doorbell,
        start=since + timedelta(minutes=4),
        duration_s=3,
        ready_after_s=70,
    )
    live = cloud.add_event(doorbell, "ding", duration_s=60)

    first, second, third = await look(source, camera, done.start)
    assert (first, second) == (about(done), about(late, is_ready=False))
    assert not third.is_ready
    # The history does not tell yet how long what still goes on will be.
    assert third.window.end == (live.end if has_search else live.start)

    cloud.clouds.offset = timedelta(minutes=2)
    found = await look(source, camera, done.start)
    assert found == [about(done), about(late), about(live)]
    assert len(cloud.asked(LISTS)) == (2 if has_search else 3)
    (part,) = (await plan(source, camera, found[1])).parts
    path = await fetch(source, camera, part, tmp_path / "part")
    assert first_and_last(path, of=doorbell.footage).start >= late.start
    assert len(cloud.asked(PLAY_PLACE)) == (0 if has_search else 1)


async def test_late_url(
    cloud: RingCloud, source: RingSource, camera: ListedCamera, doorbell: RingCamera
) -> None:
    """A search that tells no URL for long is doubted, and left if the history knows more."""
    since = datetime.now(UTC) - timedelta(minutes=4)
    event = cloud.add_event(doorbell, start=since, duration_s=3, has_inline_urls=False)
    assert await look(source, camera, event.start) == [about(event)]
    assert len(cloud.asked(LISTS)) == 2
    await look(source, camera, event.start)
    assert len(cloud.asked(LISTS)) == 3
    assert len(cloud.asked(SEARCH_PLACE)) == 1


async def test_never_ready(
    cloud: RingCloud, source: RingSource, camera: ListedCamera, doorbell: RingCamera
) -> None:
    """What does not get ready is not ready, however long it takes; nobody is told else."""
    cloud.has_search = False
    event = cloud.add_event(
        doorbell,
        start=datetime.now(UTC) - timedelta(hours=2),
        ready_after_s=10**9,
    )
    (found,) = await look(source, camera, event.start)
    assert not found.is_ready
    again = await plan(source, camera, found)
    assert (list(again.parts), again.again_after_s) == ([], None)


# What is never given


@pytest.mark.parametrize(
    ("facts", "key"),
    [
        ({"is_e2ee": True}, "end_to_end_encrypted"),
        ({"had_subscription": False}, "no_subscription"),
    ],
)
async def test_not_given(
    *,
    cloud: RingCloud,
    source: RingSource,
    camera: ListedCamera,
    doorbell: RingCamera,
    tmp_path: Path,
    facts: dict[str, Any],
    key: str,
) -> None:
    """What Ring never hands over is not waited for: it is told at once."""
    event = cloud.add_event(doorbell, **facts)
    (found,) = await look(source, camera, event.start)
    assert found.is_ready
    (part,) = (await plan(source, camera, found)).parts
    with pytest.raises(RefusedError, match=f"^{key}$"):
        await fetch(source, camera, part, tmp_path / "part")

    # As whoever heard of it before knows it.
    with pytest.raises(RefusedError, match=f"^{key}$"):
        await plan(source, camera, about(event, is_ready=False))
    good = cloud.add_event(doorbell, start=NOON, duration_s=2)
    both = (about(event, is_ready=False), about(good))
    assert (await plan(source, camera, *both)).parts == [part_of(good)]


@pytest.mark.parametrize("looked_before", ["at nothing", "at others"])
async def test_encrypted_after_a_look(
    *,
    cloud: RingCloud,
    source: RingSource,
    camera: ListedCamera,
    doorbell: RingCamera,
    tmp_path: Path,
    looked_before: str,
) -> None:
    """Only the search tells what is encrypted: it is asked, whatever a look believed."""
    now = datetime.now(UTC)
    if looked_before == "at others":
        cloud.add_event(doorbell, start=now - timedelta(minutes=20), is_e2ee=True)
        slow = now - timedelta(minutes=10)
        cloud.add_event(doorbell, start=slow, duration_s=3, ready_after_s=10**4)
    await look(source, camera, now - timedelta(minutes=30))

    start = now - timedelta(minutes=1)
    event = cloud.add_event(
        doorbell, start=start, duration_s=3, ready_after_s=0, is_e2ee=True
    )
    (found,) = await look(source, camera, start)
    (part,) = (await plan(source, camera, found)).parts
    with pytest.raises(RefusedError, match="^end_to_end_encrypted$"):
        await fetch(source, camera, part, tmp_path / "part")
    with pytest.raises(RefusedError, match="^end_to_end_encrypted$"):
        await plan(source, camera, about(event, is_ready=False))


async def test_nothing_is_given(
    cloud: RingCloud,
    source: RingSource,
    doorbell: RingCamera,
    tmp_path: Path,
) -> None:
    """Of a camera without a subscription nothing is waited for."""
    doorbell.has_subscription = False
    cloud.has_search = False
    (camera,) = await source.cameras()
    event = cloud.add_event(doorbell, had_subscription=False, recording=None)
    (found,) = await look(source, camera, event.start)
    assert found.is_ready
    (part,) = (await plan(source, camera, found)).parts
    with pytest.raises(RefusedError, match="^no_subscription$"):
        await fetch(source, camera, part, tmp_path / "part")


# Plans for events


async def test_plan_of_what_is_ready(
    cloud: RingCloud, source: RingSource, camera: ListedCamera, doorbell: RingCamera
) -> None:
    """Recordings known by their ids are planned without a request, and no others."""
    burst = [
        cloud.add_event(doorbell, start=NOON + timedelta(seconds=6 * n), duration_s=5)
        for n in range(5)
    ]
    begun = len(cloud.requests)
    no_end = Event(
        id=str(burst[3].id), kind="ding", window=Window(burst[3].start, burst[3].start)
    )
    planned = await plan(source, camera, no_end, about(burst[1]))

    assert planned.again_after_s is None
    first, second = planned.parts
    assert first == part_of(burst[1])
    assert second.event_ids == (no_end.id,)
    assert second.window.duration == timedelta(minutes=2)
    assert isinstance(second, RecordingPart)
    assert second.recording_id == no_end.id
    assert len(cloud.requests) == begun


async def test_plan_of_what_is_late(
    cloud: RingCloud, source: RingSource, camera: ListedCamera, doorbell: RingCamera
) -> None:
    """Only the events' own recordings are waited for, by one look each time."""
    now = datetime.now(UTC)
    events = [
        cloud.add_event(
            doorbell,
            start=now - timedelta(seconds=30 - 6 * n),
            duration_s=5,
            ready_after_s=n * 30,
        )
        for n in range(5)
    ]
    await source.events(camera, Window(now - timedelta(minutes=1), now))
    begun = len(cloud.requests)
    wanted = [about(events[n], is_ready=n == 0) for n in (0, 1, 4)]

    early = await plan(source, camera, *wanted)
    assert early.parts == [part_of(events[0])]
    assert early.again_after_s == 5
    assert len(cloud.requests) == begun + 1

    cloud.clouds.offset = timedelta(seconds=60)
    later = await plan(source, camera, *wanted)
    assert later.parts == [part_of(events[n]) for n in (0, 1)]
    assert later.again_after_s is not None

    cloud.clouds.offset = timedelta(seconds=200)
    late = await plan(source, camera, *wanted)
    assert late.parts == [part_of(events[n]) for n in (0, 1, 4)]
    assert late.again_after_s is None
    assert len(cloud.requests) == begun + 3


async def test_plan_of_what_is_not_listed(
    cloud: RingCloud, source: RingSource, camera: ListedCamera, doorbell: RingCamera
) -> None:
    """An event that the lists leave out for a while is waited for, and no other taken."""
    now = datetime.now(UTC)
    other = cloud.add_event(doorbell, start=now - timedelta(minutes=2), duration_s=5)
    gone = Event(
        id="7", kind="ding", window=Window(other.start, other.end), is_ready=False
    )
    planned = await plan(source, camera, gone)
    assert not planned.parts
    assert planned.again_after_s is not None
    old = Event(id="8", kind="ding", window=HOUR, is_ready=False)
    planned = await plan(source, camera, old)
    assert (list(planned.parts), planned.again_after_s) == ([], None)


async def test_unauthorized_for_one_recording(
    *,
    cloud: RingCloud,
    source: RingSource,
    camera: ListedCamera,
    doorbell: RingCamera,
    tmp_path: Path,
) -> None:
    """A 401 for one clip is its own trouble: others are given, nobody signs in again."""
    bad, good = (
        cloud.add_event(doorbell, start=NOON + timedelta(minutes=n), duration_s=2)
        for n in range(2)
    )
    cloud.misbehave(f"{bad.id}{PLAY_PLACE}", status=401, times=100)
    for _ in range(2):
        with pytest.raises(CloudError, match="401"):
            await fetch(source, camera, part_of(bad), tmp_path / "bad")
        await fetch(source, camera, part_of(good), tmp_path / "good")
    assert ids(await source.events(camera, HOUR)) == ids([bad, good])


# Push messages


class Firebase:
    """Firebase's client, as ring_doorbell uses it, without Firebase."""

    def __init__(
        self,
        callback: Callable[[dict[str, Any], str, Any], None],
        registration: object,
        credentials: dict[str, Any] | None,
        keep: Callable[[dict[str, Any]], None],
        **options: Any,
    ) -> None:
        """Take who is pushed to, and what is known of him."""
        self.callback = callback
        self.credentials = credentials
        self.keep = keep
        self.options = options
        self.state = "created"

    async def checkin_or_register(self) -> str:
        """Register, unless that has been done."""
        if not self.credentials:
            self.credentials = {"fcm": {"registration": {"token": "push-1"}}}
            self.keep(self.credentials)
        return str(self.credentials["fcm"]["registration"]["token"])

    async def start(self) -> None:
        """Begin to listen."""
        self.state = "started"

    async def stop(self) -> None:
        """Listen no more."""
        self.state = "stopped"

    def is_started(self) -> bool:
        """Say whether it listens."""
        return self.state == "started"

    def push(self, event: RingEvent) -> None:
        """Push what Ring pushes when something happens."""
        ding = {
            "id": str(event.id),
            "created_at": event.start.isoformat(),
            "subtype": "human",
        }
        device = {"id": event.camera.id, "name": event.camera.name, "kind": "lpd_v1"}
        data = {
            "android_config": json.dumps({"category": "com.ring.pn.live-event.motion"}),
            "data": json.dumps({"device": device, "event": {"ding": ding}}),
        }
        self.callback({"data": data}, "1", None)


def stand_in(monkeypatch: pytest.MonkeyPatch) -> list[Firebase]:
    """Let ring_doorbell use these clients of Firebase; return those that were made."""
    made: list[Firebase] = []

    def make(*args: Any, **options: Any) -> Firebase:
        made.append(Firebase(*args, **options))
        return made[-1]

    monkeypatch.setattr("ring_doorbell.listen.eventlistener.FcmPushClient", make)
    return made


@pytest.fixture
def firebases(monkeypatch: pytest.MonkeyPatch) -> list[Firebase]:
    """Return the clients of Firebase that were made."""
    return stand_in(monkeypatch)


class Listening:
    """Somebody who listens, and how often he has heard something."""

    def __init__(self, source: RingSource) -> None:
        """Begin to listen."""
        self.times = 0
        self.cameras = set[str]()
        self.task = asyncio.create_task(source.listen(self.heard))

    def heard(self, pushed: PushedEvent | None) -> None:
        """Count."""
        assert pushed
        assert pushed.event is None
        self.cameras.add(pushed.camera_id)
        self.times += 1

    async def stop(self) -> None:
        """Listen no more."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


@pytest.fixture
async def listening(
    source: RingSource, firebases: list[Firebase], doorbell: RingCamera
) -> AsyncGenerator[Listening]:
    """Return somebody who listens to the account."""
    listening = Listening(source)
    await until(lambda: bool(firebases) and firebases[0].is_started())
    yield listening
    await listening.stop()


async def test_push(
    *,
    cloud: RingCloud,
    doorbell: RingCamera,
    listening: Listening,
    firebases: list[Firebase],
    kept: list[dict[str, Any]],
) -> None:
    """Each push is heard; where Ring is to push to is told, and kept."""
    assert cloud.push_tokens == {HARDWARE_ID: "push-1"}
    assert kept == [{"listen_token": {"fcm": {"registration": {"token": "push-1"}}}}]
    await asyncio.sleep(0)
    (firebase,) = firebases
    event = cloud.add_event(doorbell)
    for _ in range(2):
        firebase.push(event)
    assert listening.times == 2
    assert listening.cameras == {str(doorbell.id)}

    await listening.stop()
    assert firebase.state == "stopped"


async def test_listening_begins_anew(
    *,
    cloud: RingCloud,
    doorbell: RingCamera,
    source: RingSource,
    firebases: list[Firebase],
    kept: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Push is begun anew in time, and when it died: with what is known of us, as kept."""
    monkeypatch.setattr(push, "CHECK_S", 0.02)
    monkeypatch.setattr(push, "LONGEST_S", 0.2)
    listening = Listening(source)
    await until(lambda: len(firebases) == 2 and firebases[1].is_started())
    assert firebases[0].state == "stopped"
    assert len(cloud.asked(DEVICE)) == 2

    monkeypatch.setattr(push, "LONGEST_S", 1000)
    firebases[1].state = "dead"
    await until(lambda: len(firebases) == 3 and firebases[2].is_started())
    firebases[2].push(cloud.add_event(doorbell))
    assert listening.times == 1
    await listening.stop()
    assert len(kept) == 1


async def test_new_session(
    *,
    cloud: RingCloud,
    doorbell: RingCamera,
    source: RingSource,
    listening: Listening,
    firebases: list[Firebase],
) -> None:
    """Ring is told where to push to again with each new session."""
    for _ in range(2):
        cloud.drop_sessions()
        cloud.push_tokens.clear()
        assert len(await source.cameras()) == 1
        assert cloud.push_tokens == {HARDWARE_ID: "push-1"}
    await source.identify()
    assert cloud.push_tokens == {HARDWARE_ID: "push-1"}
    assert len(firebases) == 1

    await listening.stop()
    await source.identify()
    assert not cloud.push_tokens


@pytest.mark.parametrize("fault", [{"status": 500}, {"drop": True}])
async def test_new_session_without_pushes(
    *,
    cloud: RingCloud,
    doorbell: RingCamera,
    source: RingSource,
    firebases: list[Firebase],
    monkeypatch: pytest.MonkeyPatch,
    fault: dict[str, Any],
) -> None:
    """Where that fails, nothing else does, and listening is begun anew."""
    monkeypatch.setattr(push, "CHECK_S", 0.02)
    listening = Listening(source)
    await until(lambda: bool(cloud.push_tokens))
    await until(firebases[0].is_started)
    cloud.drop_sessions()
    cloud.misbehave(DEVICE, **fault)
    assert len(await source.cameras()) == 1
    await until(lambda: len(firebases) == 2 and firebases[1].is_started())
    assert cloud.push_tokens == {HARDWARE_ID: "push-1"}
    await listening.stop()


async def test_listening_with_an_old_token(
    *,
    cloud: RingCloud,
    doorbell: RingCamera,
    source: RingSource,
    session: ClientSession,
    firebases: list[Firebase],
    kept: list[dict[str, Any]],
) -> None:
    """What Firebase knows us by outlives a restart; a 401 is not noticed."""
    token = {"fcm": {"registration": {"token": "push-old"}}}
    restarted = RingSource(
        {**source.credentials, "listen_token": token},
        session=session,
        keep_credentials=kept.append,
    )
    cloud.misbehave(DEVICE, status=401)
    listening = Listening(restarted)
    await until(lambda: bool(firebases) and firebases[0].is_started())
    await listening.stop()
    assert cloud.push_tokens == {HARDWARE_ID: "push-old"}
    assert [list(one) for one in kept] == [["token"]]


@pytest.mark.parametrize("err", [RuntimeError("no"), KeyError("gcm"), OSError(1)])
async def test_firebase_fails(
    source: RingSource,
    firebases: list[Firebase],
    monkeypatch: pytest.MonkeyPatch,
    err: Exception,
) -> None:
    """Whatever Firebase's client trips over is told as trouble with the cloud."""

    async def fail(_: Firebase) -> str:
        raise err

    monkeypatch.setattr(Firebase, "checkin_or_register", fail)
    with pytest.raises(CloudError, match="^cloud_unreachable"):
        await source.listen(lambda _: None)


@pytest.mark.parametrize(
    ("fault", "key"),
    [
        ({"status": 500}, "cloud_nonsense"),
        ({"drop": True}, "cloud_unreachable"),
        ({"status": 429}, "cloud_throttled"),
    ],
)
async def test_ring_does_not_push(
    *,
    cloud: RingCloud,
    source: RingSource,
    firebases: list[Firebase],
    fault: dict[str, Any],
    key: str,
) -> None:
    """What Ring says instead of pushing is told."""
    cloud.misbehave(DEVICE, times=2, **fault)
    with pytest.raises(CloudError, match=f"^{key}"):
        await source.listen(lambda _: None)
    assert firebases[0].state == "created"


@pytest.mark.parametrize("level", ["WARNING", "DEBUG"])
async def test_firebase_away(
    *,
    source: RingSource,
    firebases: list[Firebase],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    level: str,
) -> None:
    """What Firebase's client logs of each try is only there for who debugs it."""
    logger = logging.getLogger(push.FIREBASE_LOGGERS[1])
    caplog.set_level(level, logger.name)

    async def fail(self: Firebase) -> str:
        logger.warning("Attempt 1 of 3", exc_info=OSError("no route"))
        raise OSError("no route")

    monkeypatch.setattr(Firebase, "checkin_or_register", fail)
    with pytest.raises(CloudError, match="^cloud_unreachable"):
        await source.listen(lambda _: None)
    assert ("Attempt 1 of 3" in caplog.text) == (level == "DEBUG")
    logger.warning("Somebody else's")
    assert "Somebody else's" in caplog.text


async def test_registering_asks_firebase(
    cloud: RingCloud, source: RingSource, firebases: list[Firebase]
) -> None:
    """Firebase's client gets a session that keeps Ring's headers to itself."""
    listening = Listening(source)
    await until(lambda: bool(firebases))
    given = firebases[0].options["http_client_session"]
    async with given.post(url=f"https://{MEDIA_HOST}/", data="x") as response:
        assert response.status == 404
    (asked,) = cloud.asked(MEDIA_HOST, "POST")
    assert "hardware_id" not in asked.headers
    assert "Authorization" not in asked.headers
    await listening.stop()


# A borrowed sign-in


class Lender:
    """Somebody else who is signed in, and lends his token."""

    def __init__(self, cloud: RingCloud) -> None:
        """Sign in."""
        self.cloud = cloud
        self.token = cloud.token()["access_token"]
        self.refusals = 0
        self.err: ClipError | None = None

    async def __call__(self, is_refused: bool) -> str:
        """Lend the token; a new one if it was refused."""
        if is_refused:
            self.refusals += 1
            if self.err:
                raise self.err
            self.token = self.cloud.token()["access_token"]
        return str(self.token)


@pytest.fixture
def lender(cloud: RingCloud) -> Lender:
    """Return somebody who lends his sign-in."""
    return Lender(cloud)


SESSION = f"{API_HOST}/clients_api/session$"


@pytest.fixture
def borrower(
    lender: Lender, session: ClientSession, kept: list[dict[str, Any]]
) -> RingSource:
    """Return a source with a borrowed sign-in."""
    return RingSource(
        {"hardware_id": HARDWARE_ID},
        session=session,
        keep_credentials=kept.append,
        access_token=lender,
    )


async def test_borrowed(
    *,
    cloud: RingCloud,
    doorbell: RingCamera,
    lender: Lender,
    borrower: RingSource,
    kept: list[dict[str, Any]],
    firebases: list[Firebase],
    tmp_path: Path,
) -> None:
    """A borrowed token is used as it is now, and neither refreshed nor kept."""
    cloud.open_session(HARDWARE_ID, push_token="its owner's")
    event = cloud.add_event(doorbell, start=NOON, duration_s=2)
    assert (await borrower.identify()).title == f"Ring {cloud.username}"
    (camera,) = await borrower.cameras()
    # Its owner refreshed it, unasked.
    cloud.expire_access_tokens()
    lender.token = cloud.token()["access_token"]
    (found,) = await borrower.events(camera, HOUR)
    assert lender.refusals == 0
    # And now nobody has noticed yet that it has run out.
    cloud.expire_access_tokens()
    cloud.end_urls()
    (part,) = (await plan(borrower, camera, found)).parts
    await fetch(borrower, camera, part, tmp_path / "part")
    assert part.event_ids == (str(event.id),)
    assert lender.refusals == 1
    # Its owner listens, too.
    await borrower.listen(lambda _: None)

    assert not firebases
    assert not cloud.asked(OAUTH_HOST)
    assert not cloud.asked(SESSION)
    assert cloud.push_tokens == {HARDWARE_ID: "its owner's"}
    assert not kept
    assert {one.headers["hardware_id"] for one in cloud.asked(API_HOST)} == {
        HARDWARE_ID
    }


async def test_borrowed_without_a_session(
    cloud: RingCloud, doorbell: RingCamera, borrower: RingSource
) -> None:
    """A session is opened for a borrowed sign-in only where Ring says there is none."""
    assert len(await borrower.cameras()) == 1
    assert (await borrower.identify()).title == f"Ring {cloud.username}"
    assert len(cloud.asked(SESSION)) == 1
    cloud.misbehave(DEVICES, status=404, body="{}")
    with pytest.raises(CloudError, match="404"):
        await borrower.cameras()
    assert len(cloud.asked(SESSION)) == 1
    cloud.drop_sessions()
    assert len(await borrower.cameras()) == 1
    assert len(cloud.asked(SESSION)) == 2


@pytest.mark.parametrize(
    "err", [SignInError("invalid_auth"), BadAnswerError("cloud_trouble", status="401")]
)
async def test_borrowed_and_gone(
    cloud: RingCloud, lender: Lender, borrower: RingSource, err: ClipError
) -> None:
    """What its owner says of a token that is refused, is what is told."""
    cloud.expire_access_tokens()
    lender.err = err
    with pytest.raises(type(err)) as raised:
        await borrower.cameras()
    assert raised.value is err
    assert lender.refusals == 1


async def test_borrowed_and_refused_again(
    cloud: RingCloud, doorbell: RingCamera, lender: Lender, borrower: RingSource
) -> None:
    """A new token that is refused, too, is Ring's trouble: its owner is asked once."""
    cloud.misbehave(DEVICES, status=401, times=2)
    with pytest.raises(CloudError, match="401"):
        await borrower.cameras()
    assert lender.refusals == 1
    assert len(await borrower.cameras()) == 1
    assert not cloud.asked(OAUTH_HOST)


DEVICES = f"{API_HOST}/clients_api/ring_devices"
