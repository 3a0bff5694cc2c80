"""Many events: none missed, none saved twice, and the cloud asked for little.

In simulated time; what clouds, sockets, database, files and films are is real.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
import json
import os
from pathlib import Path
import random
import shutil
import tempfile
import time
from typing import override

from aiohttp import ClientSession, TCPConnector
import pytest

from custom_components.clip_download.engine.events.saver import JOBS_AT_ONCE, Rules
from custom_components.clip_download.engine.events.store import EventStore
from custom_components.clip_download.engine.library.database import Library
from custom_components.clip_download.engine.model import EventKind
from custom_components.clip_download.engine.sources.base import Source
from custom_components.clip_download.engine.sources.ring.client import RingSource

from .clouds.footage import Footage, seen
from .clouds.ring import MEDIA_HOST, RingCamera, RingCloud, RingEvent
from .clouds.server import Answer, Asked, Server, json_answer
from .simulated import NOON, Account, simulated

# Thousands of clips over real sockets: slow machines take their time.
pytestmark = pytest.mark.timeout(1500)

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
# RINGS=10000 takes four minutes.
RINGS = int(os.environ.get("RINGS", "2000"))
# Not simulated: how long it takes.
_clock_s = time.perf_counter


class BusyRing(RingCloud):
    """Ring some way off: its answers take a while, and its limit is told.

    `throttled` are the times of its throttling answers.
    """

    def __init__(self, clouds: Server) -> None:
        """Set up an account without any camera."""
        super().__init__(clouds)
        self.url_lifetime_s = 75
        self.rate_limit = (15, 5.0)
        self.throttled: list[datetime] = []
        self._dice = random.Random(4)

    @override
    async def answer(self, asked: Asked) -> Answer:
        is_media = asked.host == MEDIA_HOST
        await self.clouds.sleep(self._dice.uniform(0.5, 3) if is_media else 0.1)
        answer = await super().answer(asked)
        if answer.status != 429:
            return answer
        self.throttled.append(asked.at)
        _, seconds = self.rate_limit
        return json_answer({}, status=429, headers={"Retry-After": f"{seconds:.0f}"})

    def add_small_camera(self, name: str) -> RingCamera:
        """Add a camera whose films are quickly made."""
        footage = Footage(name, fps=1, gop_frames=1, width=160, height=90, audio=None)
        return self.add_camera(name, footage=footage)


@pytest.fixture(autouse=True)
def impatient() -> None:
    """Be as patient as anybody: the time is simulated."""


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, socket_enabled: None) -> Iterator[Path]:
    """Return a folder for thousands of files, in memory where that can be."""
    memory = Path("/dev/shm")  # noqa: S108
    path = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))
    monkeypatch.setattr(tempfile, "tempdir", str(path))
    (path / "account").mkdir()
    yield path / "account"
    shutil.rmtree(path)


@asynccontextmanager
async def ring(folder: Path) -> AsyncIterator[tuple[BusyRing, Account]]:
    """Return a cloud, and an account of it that is not started."""
    server = Server()
    cloud = server.add(BusyRing(server))

    def make_source() -> Source:
        context = server.authority.client_context()
        connector = TCPConnector(resolver=server.resolver(), ssl=context)
        token = {"token": cloud.token(), "hardware_id": "hardware"}
        return RingSource(token, session=ClientSession(connector=connector))

    account = Account(folder, make_source)
    async with server:
        try:
            yield cloud, account
        finally:
            await account.stop()


async def check(
    cloud: BusyRing, account: Account, name: str, since: datetime, began_s: float
) -> None:
    """See that each event has its one film, and print what it took."""
    rows = await account.library.read("SELECT path, saves FROM clips")
    paths = {}
    for row in rows:
        (event,) = json.loads(row["saves"])
        assert event["id"] not in paths, "saved twice"
        paths[event["id"]] = Path(row["path"])
    assert paths.keys() == {str(event.id) for event in cloud.events}
    assert set(paths.values()) == set(account.folder.rglob("*.mp4"))
    for event in cloud.events:
        check_film(event, paths[str(event.id)])
    throttled = per_hour(cloud.throttled)
    asked = len(cloud.requests)
    print(  # noqa: T201 - what it takes is what people ask for
        f"\n{name}: {len(paths)} clips, {asked / len(paths):.2f} requests a clip, "
        f"{len(cloud.throttled)} throttling answers, at most {throttled} an hour; "
        f"{(datetime.now(UTC) - since) / HOUR:.1f} h in {_clock_s() - began_s:.0f} s, "
        f"{time.process_time():.0f} s of work"
    )
    assert throttled <= 1


def check_film(event: RingEvent, path: Path) -> None:
    """See that a film shows the event: its camera, from its moment on."""
    first = next(iter(seen(path)))
    assert first.camera == event.camera.footage.camera
    assert timedelta(0) <= first.moment - event.start < SECOND


def per_hour(moments: list[datetime]) -> int:
    """Return how many moments lie within one hour at most."""
    return max(
        (sum(one <= other < one + HOUR for other in moments) for one in moments),
        default=0,
    )


async def until_saved(cloud: BusyRing, account: Account, most: timedelta) -> None:
    """Wait until as many clips are saved as there are events, or time is up."""
    end = datetime.now(UTC) + most
    while len(account.ended) < len(cloud.events) and datetime.now(UTC) < end:
        await asyncio.sleep(60)


@simulated
async def test_thousands_of_rings(folder: Path) -> None:
    """20 doorbells ring 2,000 times an hour, five times within 30 s each."""
    began_s = _clock_s()
    dice = random.Random(1)
    async with ring(folder) as (cloud, account):
        cameras = [cloud.add_small_camera(f"Door {n}") for n in range(20)]
        for burst in range(RINGS // 5):
            start = NOON + dice.uniform(0, RINGS / 2000) * HOUR
            for number in range(5):
                cloud.add_event(
                    cameras[burst % len(cameras)],
                    "ding",
                    start=start + (6 * number + dice.uniform(0, 1.5)) * SECOND,
                    duration_s=4,
                    ready_after_s=dice.uniform(0, 180),
                )
        await account.start()
        await asyncio.sleep(RINGS / 2000 * 3600)
        await until_saved(cloud, account, HOUR)
        assert len(account.told) == len(set(account.told)) == RINGS
        await account.stop()
        await account.start()
        await check(cloud, account, f"{RINGS} rings", NOON, began_s)
        # Each look at a busy camera searches around what may be cut off.
        assert len(cloud.requests) <= 5 * RINGS


@asynccontextmanager
async def a_day_later(folder: Path) -> AsyncIterator[tuple[BusyRing, Account]]:
    """Return an account that was stopped a day ago, since when 10 cameras saw much."""
    dice = random.Random(2)
    async with ring(folder) as (cloud, account):
        account.rules = Rules(
            since=NOON - 48 * HOUR, kinds=frozenset({EventKind.MOTION})
        )
        library = await Library(folder / "clips.db").open()
        store = EventStore(library, "account")
        for number in range(10):
            camera = cloud.add_small_camera(f"Camera {number}")
            await store.set_polled_until(str(camera.id), NOON - 24 * HOUR)
            for _ in range(200):
                start = NOON - dice.uniform(600, 24 * 3600) * SECOND
                cloud.add_event(camera, start=start, duration_s=4)
        await library.close()
        yield cloud, account


def check_order(account: Account) -> None:
    """See that the oldest were saved first, but for what takes longer than others.

    That is overtaken by those that go on at once, and by those that come after them.
    """
    starts = [job.events[0].window.start for job in account.ended]
    places = {start: place for place, start in enumerate(sorted(starts))}
    most = max(abs(places[start] - n) for n, start in enumerate(starts))
    assert most <= 2 * JOBS_AT_ONCE


@pytest.mark.parametrize(
    ("name", "rate_limit"),
    [("A day", (15, 5.0)), ("A day with a stern cloud", (60, 240.0))],
)
@simulated
async def test_a_day_of_downtime(
    folder: Path, name: str, rate_limit: tuple[int, float]
) -> None:
    """What 10 cameras saw in a day without us is saved, the oldest first.

    Where the cloud throttles, what it put off is overtaken.
    """
    began_s = _clock_s()
    async with a_day_later(folder) as (cloud, account):
        cloud.rate_limit = rate_limit
        await account.start()
        await until_saved(cloud, account, 12 * HOUR)
        if rate_limit[1] < 60:
            check_order(account)
        assert account.told == []
        await check(cloud, account, name, NOON, began_s)


@simulated
async def test_killed_again_and_again(folder: Path) -> None:
    """Whoever is stopped in the middle of it goes on from there."""
    began_s = _clock_s()
    async with a_day_later(folder) as (cloud, account):
        kills = 0
        while len(account.ended) < len(cloud.events):
            await account.start()
            await asyncio.sleep(151)
            await account.stop()
            kills += 1
        assert kills > 5
        await account.start()
        await check(cloud, account, f"A day with {kills} kills", NOON, began_s)


@simulated
async def test_nothing_is_pushed(folder: Path) -> None:
    """Looks alone, when no push comes, tell of each event within two minutes."""
    async with ring(folder) as (cloud, account):
        camera = cloud.add_small_camera("Door")
        await account.start()
        for number in range(30):
            event = cloud.add_event(camera, "ding", duration_s=4)
            await asyncio.sleep(119)
            assert len(account.told) == number + 1
            assert account.told[-1] == (str(camera.id), str(event.id))
        await check(cloud, account, "No push", NOON, _clock_s())
