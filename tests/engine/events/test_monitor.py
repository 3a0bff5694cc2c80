"""What cameras see: told once, and saved once, whatever happens; in simulated time."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
import json
from pathlib import Path
import statistics
from typing import Any, ClassVar, override
from unittest.mock import patch

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
import pytest

from custom_components.clip_download.engine.errors import (
    BadAnswerError,
    CloudError,
    InvalidRequestError,
    LibraryError,
    NoFootageError,
    NotReadyError,
    RefusedError,
    SignInError,
    StorageError,
)
from custom_components.clip_download.engine.events.readiness import (
    ASKED_APART,
    ENOUGH,
    USUAL_PAUSE,
)
from custom_components.clip_download.engine.events.saver import JOBS_AT_ONCE, Rules
from custom_components.clip_download.engine.events.store import EventState, EventStore
from custom_components.clip_download.engine.folder import File
from custom_components.clip_download.engine.library import sidecar
from custom_components.clip_download.engine.library.queries import ClipQueries
from custom_components.clip_download.engine.model import (
    Camera,
    Event,
    EventKind,
    Identity,
    JobState,
    MediaOptions,
    Part,
    Plan,
    PushedEvent,
)
from custom_components.clip_download.engine.sources.base import Download, Source
from custom_components.clip_download.engine.sources.http import download_of
from custom_components.clip_download.engine.time_range import Window
from tests.clouds.footage import Footage
from tests.simulated import NOON, Account, simulated

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY_S = 24 * 60 * 60
RULES = Rules(since=NOON - HOUR, kinds=frozenset({EventKind.DING, EventKind.MOTION}))
LONG_SINCE = replace(RULES, since=NOON - 72 * HOUR)


class Street(Source):
    """A cloud with two cameras, which see what a test lets happen.

    It may say later what was seen, and take it back.

    `troubles` are raised for a camera's history, `refusals` instead of an event's footage.
    """

    kind = "street"
    manufacturer = "Street"
    event_kinds: ClassVar[tuple[EventKind, ...]] = (
        EventKind.DING,
        EventKind.MOTION,
        EventKind.ON_DEMAND,
    )
    keeps_recordings = True

    @override
    def prepare(self) -> None:
        self.ids = ["front", "back"]
        self.happened: list[tuple[str, Event, datetime]] = []
        self.troubles: dict[str, Exception] = {}
        self.refusals: dict[str, Exception] = {}
        self.looks: list[tuple[str, datetime]] = []
        self.windows: list[Window] = []
        self.ready_at: dict[str, datetime] = {}
        self.words: dict[str, list[tuple[datetime, tuple[str, ...]]]] = {}
        self.fetched: list[str] = []
        self.url = ""
        self.has_ends = True

    def happen(
        self,
        event_id: str,
        start_s: float = 0,
        camera_id: str = "front",
        *,
        kind: str = EventKind.DING,
        seen: tuple[str, ...] = (),
        ready_s: float = 0,
        listed_s: float = 0,
    ) -> Event:
        """Let a camera see something for two seconds.

        All times are seconds from now; `ready_s` and `listed_s` are from its start.
        """
        start = now() + start_s * SECOND
        event = Event(
            id=event_id,
            kind=kind,
            seen=seen,
            window=Window(start, start + 2 * SECOND),
            is_ready=False,
        )
        listed = start + listed_s * SECOND
        self.happened.append((camera_id, event, listed))
        self.ready_at[event_id] = start + ready_s * SECOND
        return event

    def name(self, event_id: str, after_s: float, *seen: str) -> None:
        """Let the cloud say, so long from now, what was seen."""
        at = now() + after_s * SECOND
        self.words.setdefault(event_id, []).append((at, seen))

    def _seen(self, event: Event) -> tuple[str, ...]:
        """Return what is said by now to have been seen: the last of it."""
        words = [seen for at, seen in self.words.get(event.id, ()) if at <= now()]
        return words[-1] if words else event.seen

    def _window(self, event: Event) -> Window:
        """Return it as it is listed: whether it has an end before it is ready."""
        if self.has_ends or self.ready_at[event.id] <= now():
            return event.window
        return Window(event.window.start, event.window.start)

    def looks_at(self, camera_id: str) -> list[datetime]:
        """Return when a camera's history was asked for."""
        return [at for one, at in self.looks if one == camera_id]

    @override
    async def identify(self) -> Identity:
        raise AssertionError

    @override
    async def cameras(self) -> list[Camera]:
        return [Camera(id=one, name=one) for one in self.ids]

    @override
    async def events(self, camera: Camera, window: Window) -> list[Event]:
        self.looks.append((camera.id, now()))
        self.windows.append(window)
        if camera.id in self.troubles:
            raise self.troubles[camera.id]
        return [
            replace(
                event,
                window=self._window(event),
                is_ready=self.ready_at[event.id] <= now(),
                seen=self._seen(event),
            )
            for camera_id, event, listed_at in self.happened
            if camera_id == camera.id
            and listed_at <= now()
            and window.start <= event.window.start < window.end
        ]

    @override
    async def plan(
        self,
        camera: Camera,
        window: Window,
        media_options: MediaOptions,
        events: Sequence[Event] = (),
    ) -> Plan:
        return Plan(
            parts=[Part(window=one.window, event_ids=(one.id,)) for one in events]
        )

    @override
    @asynccontextmanager
    async def fetch(
        self, camera: Camera, part: Part, media_options: MediaOptions
    ) -> AsyncIterator[Download]:
        (event_id,) = part.event_ids
        self.fetched.append(event_id)
        if event_id in self.refusals:
            raise self.refusals[event_id]
        async with self.session.get(self.url) as response:
            yield download_of(response)


class Yard(Street):
    """A cloud that keeps no history, and only tells."""

    event_kinds = ()


def now() -> datetime:
    """Return the present."""
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return two seconds of footage."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    footage = Footage("Front", fps=2, gop_frames=2, width=160, height=90, audio=None)
    footage.write(path, NOON, NOON + 2 * SECOND)
    return path.read_bytes()


type Live = Callable[..., Any]


@pytest.fixture
def live(film: bytes, tmp_path: Path, socket_enabled: None) -> Live:
    """Return what gives a street, and an account that watches it."""

    @asynccontextmanager
    async def living(
        kind: type[Street] = Street, rules: Rules | None = RULES
    ) -> AsyncIterator[tuple[Street, Account]]:
        async def answer(request: web.Request) -> web.Response:
            return web.Response(body=film)

        app = web.Application()
        app.router.add_get("/", answer)
        async with TestServer(app) as server:
            street = kind({})
            street.url = str(server.make_url("/"))

            def make_source() -> Street:
                street._session = ClientSession()
                return street

            account = Account(tmp_path, make_source, rules)
            await account.start()
            try:
                yield street, account
            finally:
                await account.stop()

    return living


async def saved(account: Account) -> list[list[str]]:
    """Return the ids of the events that each file was made for, the oldest first.

    The files, their records and the events in the database agree.
    """
    rows = await account.library.read("SELECT * FROM clips ORDER BY start_ms, path")
    assert {Path(row["path"]) for row in rows} == set(account.folder.rglob("*.mp4"))
    clips = [
        (row["camera_id"], row["id"], [one["id"] for one in json.loads(row["saves"])])
        for row in rows
    ]
    events = await account.library.read(
        "SELECT camera_id, clip_id, id FROM events WHERE state = ?", (EventState.SAVED,)
    )
    assert {tuple(row) for row in events} == {
        (camera_id, clip_id, one) for camera_id, clip_id, ids in clips for one in ids
    }
    return [ids for *_, ids in clips]


async def states(account: Account) -> dict[str, str]:
    """Return what became of each event."""
    rows = await account.library.read("SELECT id, state FROM events")
    return {row["id"]: row["state"] for row in rows}


@simulated
async def test_told_and_saved_once(live: Live) -> None:
    """Each event is told once and saved once, however often it is listed."""
    async with live() as (street, account):
        for number in range(3):
            street.happen(str(number), number * 100, ready_s=45)
        street.happen("0b", 30, "back", kind=EventKind.MOTION)
        await asyncio.sleep(600)
        assert await saved(account) == [["0"], ["0b"], ["1"], ["2"]]
        assert sorted(account.told) == [
            ("back", "0b"),
            ("front", "0"),
            ("front", "1"),
            ("front", "2"),
        ]
        assert sorted(street.fetched) == ["0", "0b", "1", "2"]
        await account.stop()
        await account.start()
        await asyncio.sleep(600)
        assert (
            len(await saved(account)) == len(account.told) == len(street.fetched) == 4
        )


@simulated
async def test_rings_of_one_moment(live: Live) -> None:
    """Who rings twice is heard twice, and ids that no float tells apart are two."""
    async with live() as (street, account):
        ids = [str(2**53 + n) for n in range(1, 4)]
        for number, event_id in enumerate(ids):
            street.happen(event_id, number)
        await asyncio.sleep(100)
        assert [event_id for _, event_id in account.told] == ids
        assert await saved(account) == [[one] for one in ids]


@simulated
async def test_heard_and_listed(live: Live) -> None:
    """What the cloud tells by itself is what it lists later, under another id or not."""
    async with live() as (street, account):
        await asyncio.sleep(1)
        front = account.cameras["front"]
        first = street.happen("listed", listed_s=30)
        # The second one within the same seconds is not told by the cloud.
        street.happen("other", 2, listed_s=30)
        for _ in range(2):
            account.monitor.on_event(front, replace(first, id="heard"))
        assert account.told == [("front", "heard")]
        await asyncio.sleep(100)
        assert account.told == [("front", "heard"), ("front", "other")]
        assert await saved(account) == [["listed"], ["other"]]

        # Told late, after it was listed; and again under that other id.
        second = street.happen("early")
        await asyncio.sleep(100)
        for _ in range(2):
            account.monitor.on_event(front, replace(second, id="late"))
        third = street.happen("same")
        account.monitor.on_event(front, third)
        # Of another camera, or of another kind, it is another event.
        account.monitor.on_event(account.cameras["back"], replace(third, id="back"))
        account.monitor.on_event(
            front, replace(third, id="motion", kind=EventKind.MOTION)
        )
        await asyncio.sleep(100)
        assert account.told[2:] == [
            ("front", "early"),
            ("front", "same"),
            ("back", "back"),
            ("front", "motion"),
        ]
        assert await saved(account) == [["listed"], ["other"], ["early"], ["same"]]


@simulated
async def test_only_news_is_told(live: Live) -> None:
    """What is listed late, or happened while nobody looked, is saved and not told."""
    async with live() as (street, account):
        street.happen("before", -30 * 60)
        await asyncio.sleep(60)
        street.happen("late", listed_s=6 * 60)
        street.happen("very late", 1, listed_s=50 * 60)
        street.happen("on time", 2, listed_s=4 * 60)
        await asyncio.sleep(80 * 60)
        assert account.told == [("front", "on time")]
        assert await saved(account) == [
            ["before"],
            ["late"],
            ["very late"],
            ["on time"],
        ]


@simulated
async def test_listed_very_late(live: Live) -> None:
    """What is listed within two days is saved, whether or not there was a restart."""
    async with live(rules=LONG_SINCE) as (street, account):
        for hours in (2, 20, 44):
            street.happen(f"{hours} h", listed_s=hours * 3600)
        street.happen("down", listed_s=30 * 3600)
        street.happen("never", listed_s=60 * 3600)
        await asyncio.sleep(25 * 3600)
        assert sorted(await saved(account)) == [["2 h"], ["20 h"]]
        await account.stop()
        await asyncio.sleep(10 * 3600)
        await account.start()
        await asyncio.sleep(120)
        assert sorted(await saved(account)) == [["2 h"], ["20 h"], ["down"]]
        await asyncio.sleep(3 * DAY_S)
        assert sorted(await saved(account)) == [["2 h"], ["20 h"], ["44 h"], ["down"]]
        # Four of these looks a day, whose camera is not saved has none.
        account.own_rules["back"] = None
        del street.windows[:], street.looks[:]
        await asyncio.sleep(DAY_S)
        far = [
            camera_id
            for (camera_id, _), window in zip(street.looks, street.windows, strict=True)
            if window.duration > 10 * HOUR
        ]
        assert far.count("front") == 4
        assert far.count("back") <= 1


@simulated
async def test_a_far_look_that_fails(live: Live) -> None:
    """It stands in the way of no other, and comes again."""
    async with live(rules=LONG_SINCE) as (street, account):
        await asyncio.sleep(60)
        whole = street.events
        asked: list[timedelta] = []

        async def short(camera: Camera, window: Window) -> list[Event]:
            if window.duration > 10 * HOUR:
                asked.append(window.duration)
                raise BadAnswerError("cloud_trouble", status="504")
            return list(await whole(camera, window))

        with patch.object(street, "events", short):
            await asyncio.sleep(7 * 3600)
            street.happen("now")
            street.happen("late", -5 * 3600)
            await asyncio.sleep(120)
            assert await saved(account) == [["now"]]
        assert 2 <= len(asked) <= 12
        await asyncio.sleep(3600)
        assert await saved(account) == [["late"], ["now"]]


@pytest.mark.parametrize("ahead_s", [-5 * 60, 3 * 3600])
@simulated
async def test_the_clock_is_wrong(live: Live, ahead_s: float) -> None:
    """What the cloud dates by another clock is told where it is news, and is saved."""
    async with live(rules=LONG_SINCE) as (street, account):
        await asyncio.sleep(30)
        street.happen("1", -ahead_s, listed_s=ahead_s)
        await asyncio.sleep(60)
        if ahead_s < 0:
            assert account.told == [("front", "1")]
        await asyncio.sleep(7 * 3600)
        assert await saved(account) == [["1"]]


@simulated
async def test_downtime(live: Live) -> None:
    """What happened while it was stopped is saved, the oldest of all cameras first."""
    async with live() as (street, account):
        await asyncio.sleep(60)
        await account.stop()
        for hour in range(48):
            street.happen(f"{hour}", hour * 3600, "front" if hour % 2 else "back")
        await asyncio.sleep(2 * DAY_S)
        await account.start()
        await asyncio.sleep(600)
        # As many jobs are under way at once; which of them is quicker is chance.
        assert sorted(street.fetched, key=int) == [str(hour) for hour in range(48)]
        for place, hour in enumerate(street.fetched):
            assert abs(place - int(hour)) < JOBS_AT_ONCE


@simulated
async def test_kinds(live: Live) -> None:
    """Only the wanted kinds are saved; our own live views never are, and are told."""
    rules = replace(
        RULES,
        kinds=frozenset(
            {EventKind.DING, "person", EventKind.ON_DEMAND, EventKind.ON_DEMAND_LINK}
        ),
    )
    async with live(rules=rules) as (street, account):
        street.happen("ding")
        street.happen("motion", 10, kind=EventKind.MOTION)
        street.happen("person", 20, kind=EventKind.MOTION, seen=("person",))
        street.happen("ours", 30, kind=EventKind.ON_DEMAND, seen=("person",))
        street.happen("unheard of", 40, kind="alarm")
        # Another device of the household set it off.
        street.happen("linked", 50, kind=EventKind.ON_DEMAND_LINK)
        await asyncio.sleep(300)
        assert await saved(account) == [["ding"], ["person"], ["linked"]]
        assert len(account.told) == 6
        assert set((await states(account)).values()) == {"saved", "seen"}


PERSONS = replace(RULES, kinds=frozenset({"person"}))


@simulated
async def test_named_late(live: Live) -> None:
    """What turns out within the hour to be wanted is saved; later it is not."""
    async with live(rules=PERSONS) as (street, account):
        for number, after_s in enumerate((0, 40, 50 * 60, 2 * 3600)):
            street.happen(str(number), 10 * number, kind=EventKind.MOTION)
            street.name(str(number), after_s, "person")
        street.happen("vehicle", 50, kind=EventKind.MOTION, seen=("vehicle",))
        await asyncio.sleep(120)
        assert await saved(account) == [["0"], ["1"]]
        await asyncio.sleep(DAY_S)
        assert await saved(account) == [["0"], ["1"], ["2"]]
        assert len(account.told) == 5


@simulated
async def test_named_bit_by_bit(live: Live) -> None:
    """A word that a later list leaves out stays, in the database and in the record."""
    async with live(rules=PERSONS) as (street, account):
        street.happen("1", kind=EventKind.MOTION, ready_s=300)
        street.name("1", 60, "vehicle")
        street.name("1", 120, "person")
        street.name("1", 180)
        await asyncio.sleep(600)
        assert await saved(account) == [["1"]]
        (clip,) = (job.clips[0] for job in account.ended)
        assert clip.saves[0].seen == ("person", "vehicle")
        rows = await account.library.read("SELECT seen FROM events")
        assert [row["seen"] for row in rows] == ['["person", "vehicle"]']


@simulated
async def test_named_after_it_was_saved(live: Live) -> None:
    """The clip's record, what is beside it, and a search know all that was seen."""
    async with live() as (street, account):
        street.happen("1", kind=EventKind.MOTION, seen=("person",))
        street.happen("2", 10, kind=EventKind.MOTION)
        street.name("1", 240, "package")
        street.name("1", 300)
        # While its job is under way.
        street.refusals["3"] = NotReadyError("footage_not_ready", after_s=30)
        street.happen("3", 20, kind=EventKind.MOTION)
        street.name("3", 90, "animal")
        await asyncio.sleep(120)
        catalog = ClipQueries(account.library)
        assert await catalog.search("package", most=9) == []
        del street.refusals["3"]
        await asyncio.sleep(300)
        assert await saved(account) == [["1"], ["2"], ["3"]]
        assert len(await catalog.search("animal", most=9)) == 1
        (clip,) = await catalog.search("package person", most=9)
        for record in (clip, sidecar.read(File.at(sidecar.path_of(clip.path))).clip):
            assert [event.seen for event in record.saves] == [("package", "person")]
        assert len(await catalog.search("motion", most=9)) == 3


@simulated
async def test_named_while_it_was_stopped(live: Live) -> None:
    """Who was not there to hear of it within the hour hears of it later."""
    async with live(rules=PERSONS) as (street, account):
        street.happen("1", kind=EventKind.MOTION)
        await asyncio.sleep(120)
        await account.stop()
        street.name("1", 60, "person")
        await asyncio.sleep(10 * 3600)
        await account.start()
        await asyncio.sleep(120)
        assert await saved(account) == [["1"]]


@simulated
async def test_named_within_the_pause(live: Live) -> None:
    """What the pause left out is not saved for another word, nor what is within it."""
    rules = replace(
        PERSONS, kinds=frozenset({"person", EventKind.DING}), pause=60 * SECOND
    )
    async with live(rules=rules) as (street, account):
        street.happen("0", 0)
        street.happen("left out", 20)
        street.happen("named", 30, kind=EventKind.MOTION)
        street.happen("later", 100)
        await asyncio.sleep(300)
        for event_id in ("left out", "named"):
            street.name(event_id, 0, "person")
        await asyncio.sleep(300)
        assert await saved(account) == [["0"], ["later"]]


@simulated
async def test_since(live: Live) -> None:
    """Nothing is saved from before it was turned on, or while it is off."""
    async with live(rules=replace(RULES, since=NOON)) as (street, account):
        account.own_rules["back"] = None
        street.happen("before", -1)
        street.happen("just", 0)
        street.happen("off", 0, "back")
        await asyncio.sleep(300)
        assert await saved(account) == [["just"]]
        assert sorted(account.told) == [
            ("back", "off"),
            ("front", "before"),
            ("front", "just"),
        ]


@simulated
async def test_pause(live: Live) -> None:
    """After one that is saved, others are left out for a while."""
    async with live(rules=replace(RULES, pause=30 * SECOND)) as (street, account):
        for start_s in (0, 10, 31, 33, 70):
            street.happen(str(start_s), start_s)
        street.happen("back", 5, "back")
        await asyncio.sleep(300)
        # The first ends at 2, the next that is saved at 35.
        assert await saved(account) == [["0"], ["back"], ["33"], ["70"]]


@simulated
async def test_merge(live: Live) -> None:
    """A burst becomes one clip, once no more of it can come."""
    rules = replace(RULES, merge=10 * SECOND, pause=60 * SECOND)
    async with live(rules=rules) as (street, account):
        for start_s in (0, 8, 18):
            street.happen(str(start_s), start_s, ready_s=start_s * 5)
        street.happen("within the pause", 50)
        street.happen("after it", 100)
        street.happen("back", 9, "back")
        await asyncio.sleep(60)
        assert await saved(account) == []
        await asyncio.sleep(300)
        assert await saved(account) == [["0", "8", "18"], ["back"], ["after it"]]
        (clip,) = (job.clips[0] for job in account.ended if len(job.events) == 3)
        assert clip.window.start == NOON + timedelta(milliseconds=0)


@simulated
async def test_endless_burst(live: Live) -> None:
    """A burst without an end becomes a clip each ten minutes."""
    async with live(rules=replace(RULES, merge=30 * SECOND)) as (street, account):
        for number in range(100):
            street.happen(str(number), number * 20)
        await asyncio.sleep(HOUR.total_seconds())
        bunches = await saved(account)
        assert [one for bunch in bunches for one in bunch] == list(map(str, range(100)))
        assert [len(bunch) for bunch in bunches] == [30, 30, 30, 10]


@simulated
async def test_looks(live: Live) -> None:
    """A history is asked for each minute, and each 20 s while something is awaited."""
    async with live() as (street, account):
        await asyncio.sleep(179)
        street.happen("slow", ready_s=150)
        await asyncio.sleep(420)
        assert len(await saved(account)) == 1
        passed = [
            (later - before).total_seconds()
            for before, later in pairwise(street.looks_at("front"))
        ]
        # What the disk takes in between is real time.
        assert passed == pytest.approx([60] * 3 + [20] * 8 + [60] * 4, abs=1.5)
        assert len(street.looks_at("back")) == 10


@pytest.mark.parametrize("has_end", [True, False])
@simulated
async def test_looks_when_it_is_likely(live: Live, *, has_end: bool) -> None:
    """Once it is known how long recordings take, they are looked for at that time."""
    async with live() as (street, account):
        street.has_ends = has_end
        for number in range(20):
            street.happen(str(number), ready_s=47 + number % 5)
            account.monitor.on_push()
            await asyncio.sleep(607)
        assert len(await saved(account)) == 20
        looks = street.looks_at("front")
        late_s, asked = [], []
        for _, event, _ in street.happened:
            ready_at = street.ready_at[event.id]
            first = min(at for at in looks if at >= ready_at)
            late_s.append((first - ready_at).total_seconds())
            asked.append(sum(event.window.start <= at <= first for at in looks))
        assert max(late_s[:ENOUGH]) <= USUAL_PAUSE.total_seconds() + 1.5
        # By the pauses that there are at least, and the rest of what is not known.
        assert statistics.mean(late_s[8:]) < 4
        # As many as before, or fewer.
        assert statistics.mean(asked[8:]) <= statistics.mean(asked[:ENOUGH])


@simulated
async def test_a_look_at_many_cameras(live: Live) -> None:
    """However many cameras await something, an account is asked no more often."""
    async with live() as (street, account):
        street.ids = [str(number) for number in range(12)]
        account.cameras |= {one.id: one for one in await street.cameras()}
        for number in range(10):
            for camera_id in street.ids:
                street.happen(
                    f"{number} {camera_id}", 30 + number * 607, camera_id, ready_s=50
                )
        await asyncio.sleep(10 * 607)
        assert len(await saved(account)) == 120
        begins = [30 + number * 607 for number in range(ENOUGH, 10)]
        for begin_s in begins:
            begin = NOON + begin_s * SECOND
            asked = [at for _, at in street.looks if begin <= at < begin + MINUTE]
            # Each once a minute anyway; and one look in so much time.
            assert len(asked) <= len(account.cameras) + MINUTE / ASKED_APART + 2


@simulated
async def test_pushed(live: Live) -> None:
    """A push is a reason to look at once."""
    async with live() as (street, account):
        await asyncio.sleep(10)
        street.happen("1")
        account.monitor.on_push()
        await asyncio.sleep(1)
        assert account.told == [("front", "1")]
        assert await saved(account) == [["1"]]


@pytest.mark.parametrize(("camera_id", "looks"), [("back", [0, 1]), ("gone", [1, 1])])
@simulated
async def test_pushed_of_a_camera(
    live: Live, camera_id: str, looks: Sequence[int]
) -> None:
    """A push that names a camera is no reason to look at others, unless it is not known."""
    async with live() as (street, account):
        await asyncio.sleep(10)
        del street.looks[:]
        street.happen("1", camera_id="back")
        account.monitor.on_push(PushedEvent(camera_id=camera_id))
        await asyncio.sleep(1)
        assert await saved(account) == [["1"]]
        assert [len(street.looks_at(one)) for one in street.ids] == looks


@simulated
async def test_pushed_again_and_again(live: Live) -> None:
    """However much is pushed, cameras are looked at now and then; the last is not lost."""
    async with live() as (street, account):
        await asyncio.sleep(10)
        del street.looks[:]
        for number in range(20):
            account.monitor.on_push()
            await asyncio.sleep(1)
            if number == 18:
                street.happen("1")
        assert account.told == []
        assert [len(street.looks_at(one)) for one in street.ids] == [2, 2]
        await asyncio.sleep(12)
        assert account.told == [("front", "1")]
        assert [len(street.looks_at(one)) for one in street.ids] == [3, 3]


@simulated
async def test_never_ready(live: Live) -> None:
    """What is not ready for an hour is asked for all the same, and given up in the end."""
    async with live() as (street, account):
        street.happen("1", ready_s=DAY_S)
        street.refusals["1"] = NotReadyError("footage_not_ready", after_s=30)
        await asyncio.sleep(HOUR.total_seconds())
        assert street.fetched == []
        await asyncio.sleep(DAY_S)
        assert await states(account) == {"1": "failed"}
        assert 6 <= len(street.fetched) < 200
        # Told when it first failed, and when it was given up.
        assert [len(account.ended), len(account.failures)] == [4, 2]
        looks = len(street.looks)
        await asyncio.sleep(600)
        # Nothing is awaited any more.
        assert len(street.looks) - looks == 20


@simulated
async def test_stopped_while_others_wait(live: Live) -> None:
    """Whoever waits for a clip that is saved automatically hears that it goes on."""
    async with live() as (street, account):
        street.refusals["1"] = NotReadyError("footage_not_ready", after_s=30)
        street.happen("1")
        await asyncio.sleep(60)
        (running,) = account.jobs.running()
    assert running.done.result().state is not JobState.FAILED


@pytest.mark.parametrize(
    "error", [NoFootageError("no_footage"), RefusedError("refused")]
)
@simulated
async def test_given_up(live: Live, error: Exception) -> None:
    """What the cloud does not have, or never gives, is asked for once."""
    async with live() as (street, account):
        street.refusals["1"] = error
        street.happen("1")
        street.happen("2", 1)
        await asyncio.sleep(DAY_S)
        assert street.fetched == ["1", "2"]
        assert await states(account) == {"1": "failed", "2": "saved"}


@simulated
async def test_put_off(live: Live) -> None:
    """A fault of the cloud's is tried again later and later, and others meanwhile."""
    async with live() as (street, account):
        # As Ring does for single clips, with a good token.
        street.refusals["1"] = BadAnswerError("cloud_trouble", status="401")
        street.happen("1")
        street.happen("2", 1)
        await asyncio.sleep(600)
        assert await saved(account) == [["2"]]
        await asyncio.sleep(2 * DAY_S)
        # Eight times within each try; a try an hour in the end.
        assert 8 * 48 < street.fetched.count("1") < 8 * 60
        assert len(account.failures) == 1
        assert await states(account) == {"1": "wanted", "2": "saved"}
        street.refusals.clear()
        await asyncio.sleep(2 * HOUR.total_seconds())
        assert await saved(account) == [["1"], ["2"]]
        assert account.sign_ins == 0


@simulated
async def test_given_up_after_a_week(live: Live) -> None:
    """A cloud that fails for a week is asked no more for what it failed with."""
    async with live() as (street, account):
        street.refusals["1"] = BadAnswerError("cloud_trouble", status="500")
        street.happen("1")
        await asyncio.sleep(6 * DAY_S)
        assert await states(account) == {"1": "wanted"}
        # After a restart it is no news either.
        await account.stop()
        await account.start()
        await asyncio.sleep(3 * DAY_S)
        assert await states(account) == {"1": "failed"}
        assert [len(account.failures), len(account.ended)] == [2, 170]


@pytest.mark.parametrize("body", [b"<html>", b""])
@simulated
async def test_no_footage_in_what_came(live: Live, body: bytes) -> None:
    """A recording that is none is fetched six times at most, and told at both ends."""
    async with live() as (street, account):
        good = street.url

        async def junk(request: web.Request) -> web.Response:
            return web.Response(body=body)

        app = web.Application()
        app.router.add_get("/", junk)
        async with TestServer(app) as server:
            street.url = str(server.make_url("/"))
            street.happen("1")
            await asyncio.sleep(600)
            assert len(account.failures) == 1
            await asyncio.sleep(2 * DAY_S)
        assert len(street.fetched) == 6
        assert [len(job.events) for job in account.failures] == [1, 1]
        assert await states(account) == {"1": "failed"}
        street.url = good
        street.happen("2")
        await asyncio.sleep(60)
        assert await saved(account) == [["2"]]


@simulated
async def test_a_way_that_breaks(live: Live, film: bytes) -> None:
    """A connection that breaks in the middle says nothing about the recording."""
    async with live() as (street, account):
        good = street.url

        async def broken(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse(headers={"Content-Length": str(len(film))})
            await response.prepare(request)
            await response.write(film[:400])
            assert request.transport
            request.transport.close()
            return response

        app = web.Application()
        app.router.add_get("/", broken)
        async with TestServer(app) as server:
            street.url = str(server.make_url("/"))
            street.happen("1")
            await asyncio.sleep(DAY_S)
            assert await states(account) == {"1": "wanted"}
            assert len(account.failures) == 1
            street.url = good
            await asyncio.sleep(2 * 3600)
        assert await saved(account) == [["1"]]


@simulated
async def test_left_alone(live: Live) -> None:
    """A cloud that wants to be left alone is left alone for all that is wanted."""
    async with live() as (street, account):
        # Longer than a job waits.
        street.refusals["1"] = CloudError("cloud_throttled", retry_after_s=900)
        street.happen("1")
        await asyncio.sleep(60)
        del street.refusals["1"]
        for number in range(2, 6):
            street.happen(str(number))
        await asyncio.sleep(800)
        assert street.fetched == ["1"]
        await asyncio.sleep(200)
        assert sorted(street.fetched) == ["1", "1", "2", "3", "4", "5"]
        assert len(await saved(account)) == 5


@simulated
async def test_signed_out(live: Live) -> None:
    """Nothing is lost while somebody has to sign in again, however long that takes."""
    async with live() as (street, account):
        for number in range(20):
            street.refusals[str(number)] = SignInError("invalid_auth")
            street.happen(str(number))
        await asyncio.sleep(DAY_S)
        assert account.sign_ins
        # Those whose turn it was, at the first time.
        assert len(account.failures) == JOBS_AT_ONCE
        rows = await account.library.read("SELECT DISTINCT state, tries FROM events")
        assert [tuple(row) for row in rows] == [(EventState.WANTED, 0)]
        street.refusals.clear()
        await asyncio.sleep(HOUR.total_seconds())
        assert len(await saved(account)) == 20


@simulated
async def test_trouble_of_one_camera(live: Live) -> None:
    """One camera's trouble does not stop the others; that of all is told."""
    async with live() as (street, account):
        street.troubles["front"] = BadAnswerError("cloud_trouble", status="500")
        street.happen("1", 1)
        street.happen("2", 2, "back")
        await asyncio.sleep(600)
        assert await saved(account) == [["2"]]
        # Nor is it asked more often for it.
        assert len(street.looks_at("front")) <= 11
        street.troubles["back"] = street.troubles["front"]
        account.monitor.on_push()
        with pytest.raises(CloudError):
            await account.monitor.poll()
        await asyncio.sleep(2 * HOUR.total_seconds())
        street.troubles.clear()
        street.happen("3", -90 * 60)
        await asyncio.sleep(300)
        assert await saved(account) == [["1"], ["2"], ["3"]]


@pytest.mark.parametrize(
    "error", [RefusedError("recordings_refused"), InvalidRequestError("no_history")]
)
@simulated
async def test_no_history_of_one_camera(live: Live, error: Exception) -> None:
    """A history that is refused is asked for rarely, until it is given."""
    async with live() as (street, account):
        street.troubles["front"] = error
        street.happen("1", 1)
        street.happen("2", 2, "back")
        await asyncio.sleep(3599)
        assert len(street.looks_at("front")) == 4
        assert await saved(account) == [["2"]]
        street.troubles.clear()
        await asyncio.sleep(900)
        assert await saved(account) == [["1"], ["2"]]


class NastyStreet(Street):
    """Tells of one camera what cannot be noted."""

    @override
    async def events(self, camera: Camera, window: Window) -> list[Event]:
        found = await super().events(camera, window)
        if camera.id != "front":
            return found
        return [*found, replace(BROKEN, window=Window(now(), now() + SECOND))]


BROKEN = Event(
    id="half \ud83d", kind=EventKind.DING, window=Window(NOON, NOON), is_ready=True
)


@simulated
async def test_an_event_that_cannot_be_noted(live: Live) -> None:
    """What nobody can store of one camera does not stop the saving of the others."""
    async with live() as (street, account):
        street.__class__ = NastyStreet
        street.happen("1", 1)
        street.happen("2", 2, "back")
        street.happen("3", 200, "back")
        await asyncio.sleep(1000)
        assert await saved(account) == [["2"], ["3"]]
        assert 1 <= len(street.looks_at("front")) < len(street.looks_at("back"))
        street.__class__ = Street
        await asyncio.sleep(1000)
        assert await saved(account) == [["1"], ["2"], ["3"]]


@simulated
async def test_what_nobody_foresaw_of_one_camera(live: Live) -> None:
    """A fault of our own in reading one camera's history leaves the others alone."""
    async with live() as (street, account):
        street.troubles["front"] = ValueError("year is out of range")
        street.happen("2", 2, "back")
        await asyncio.sleep(1000)
        assert await saved(account) == [["2"]]


@simulated
async def test_a_notice_that_cannot_be_noted(live: Live) -> None:
    """It is passed over, and what is told after it is noted."""
    async with live() as (street, account):
        (camera, *_) = account.cameras.values()
        account.monitor._inbox.append((camera, BROKEN))
        street.happen("1", 1)
        await asyncio.sleep(300)
        assert await saved(account) == [["1"]]
        assert account.monitor._inbox == []


@pytest.mark.parametrize("wish_s", [3600.0, 31_536_000_000.0])
@simulated
async def test_a_cloud_that_wants_to_be_left_alone(live: Live, wish_s: float) -> None:
    """However long it wants that for, it is asked again within an hour."""
    async with live() as (street, account):
        trouble = BadAnswerError("cloud_trouble", status="503", retry_after_s=wish_s)
        street.troubles = {"front": trouble, "back": trouble}
        await asyncio.sleep(120)
        looks = len(street.looks)
        street.troubles.clear()
        street.happen("1", 1)
        await asyncio.sleep(3700)
        assert len(street.looks) > looks
        assert await saved(account) == [["1"]]


@simulated
async def test_a_camera_that_is_gone(live: Live) -> None:
    """What is wanted of a camera that is gone does not stand in the way of others."""
    async with live() as (street, account):
        for number in range(50):
            street.happen(f"gone {number}", 1, "back", ready_s=100)
        await asyncio.sleep(61)
        assert len(await states(account)) == 50
        del account.cameras["back"]
        street.happen("1", 1)
        await asyncio.sleep(300)
        assert await saved(account) == [["1"]]


@simulated
async def test_pages(live: Live) -> None:
    """A history that repeats entries, or leaves some out at times, is taken for what it is."""
    async with live() as (street, account):
        for number in range(6):
            street.happen(str(number), number * 10)
        whole = street.events

        async def repeated(camera: Camera, window: Window) -> list[Event]:
            found = await whole(camera, window)
            return [*found, *found[:2], *found]

        async def skipping(camera: Camera, window: Window) -> list[Event]:
            found: list[Event] = await whole(camera, window)
            return found[::2]

        for way in (repeated, skipping):
            with patch.object(street, "events", way):
                await asyncio.sleep(60)
        await asyncio.sleep(120)
        assert await saved(account) == [[str(number)] for number in range(6)]
        assert len(account.told) == len(street.fetched) == 6


@simulated
async def test_no_history_at_all(live: Live) -> None:
    """Where the cloud only tells, what it tells is saved."""
    async with live(Yard) as (street, account):
        await asyncio.sleep(60)
        front = account.cameras["front"]
        for number in range(3):
            event = replace(street.happen(str(number)), is_ready=True)
            account.monitor.on_event(front, event)
            account.monitor.on_event(front, event)
            await asyncio.sleep(10)
        assert street.looks == []
        assert account.told == [("front", "0"), ("front", "1"), ("front", "2")]
        assert await saved(account) == [["0"], ["1"], ["2"]]


@simulated
async def test_killed_after_it_was_told(live: Live) -> None:
    """What no history tells again is stored long before the next poll."""
    async with live(Yard) as (street, account):
        await asyncio.sleep(10)
        (polling,) = (one for one in account.tasks if one.get_name() == "poll")
        polling.cancel()
        event = replace(street.happen("1"), is_ready=True)
        account.rules = replace(RULES, merge=HOUR)
        account.monitor.on_event(account.cameras["front"], event)
        await asyncio.sleep(0.1)
        assert await states(account) == {"1": EventState.WANTED}
        await account.stop()
        account.rules = RULES
        await account.start()
        await asyncio.sleep(60)
        assert await saved(account) == [["1"]]


@simulated
async def test_told_while_the_library_fails(live: Live) -> None:
    """What was told is not lost because the database cannot be written for a moment."""
    async with live(Yard) as (street, account):
        events = [replace(street.happen(str(n), n), is_ready=True) for n in range(2)]
        err = LibraryError("library_unusable", path="", reason="")
        with patch.object(EventStore, "add", side_effect=err):
            for event in events:
                account.monitor.on_event(account.cameras["front"], event)
            with pytest.raises(StorageError):
                await account.monitor.poll()
        await account.monitor.poll()
        await asyncio.sleep(60)
        assert await saved(account) == [["0"], ["1"]]
