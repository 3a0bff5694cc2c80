"""Ask a real Home Assistant for clips of four clouds, kill it, start it again, and look.

Run by `script/soak`, which says what its arguments are.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence
import contextlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
import random
import re
import signal
import sqlite3
import time
from typing import Any, override

from aiohttp import ClientError, ClientSession, ClientTimeout
import certifi

from tests.clouds import Clouds
from tests.clouds.footage import Footage, Span, tiny
from tests.clouds.server import Asked
from tests.demo import offsite
from tests.demo.check import read_log
from tests.demo.home import HomeError
from tests.demo.run import add_accounts
from tests.ports import free_port

from .check import DATABASE, ENDED, Checked, Publisher, Tally, Wanted
from .copies import Shelf, are_done
from .disk import Disk
from .home import Victim

STEPS = (
    "start",
    "plan",
    "wait",
    "fetch",
    "finish",
    "publish",
    "record",
    "copy",
    "prune",
    "export",
)
LONGEST_DELAY_S = 0.05
# All is looked through after so many kills, once nothing is under way any more.
REST_AFTER = 5
# A start, whoever else uses the machine.
UP_WITHIN_S = 120
RESUMED_WITHIN_S = 60
# What was asked for comes to the step that was aimed at by then, or never.
DIES_WITHIN_S = 25
DONE_WITHIN_S = 180
# What is looked at while it changes is looked at again.
LOOKS = 6
LOOKS_APART_S = 1.5
# What a store may be asked for one copy: three files, each looked for, sent and named.
MOST_REQUESTS = 14
COPIED_WITHIN_S = 90
# What a job asks a cloud first, where the cloud can tell what it has.
PLANS = re.compile(r"listFragments|video_search")

CLOUDS = ("ring", "meraki", "kinesis", "ring_partner")
# The accounts, and a place for copies.
ENTRIES = len(CLOUDS) + 1
# So many clips of each cloud there are before the first kill.
STOCK = 2
SWITCH = "switch.bell_save_automatically"
BELL = "camera.bell"
LATEST = "clip_download/latest"
EVENT_S = 5
OFF_KEY_FRAMES = timedelta(milliseconds=300)


@dataclass
class Lens:
    """A camera: how to ask for its footage, each stretch once."""

    entity_id: str
    footage: Footage
    length: timedelta
    next_at: datetime

    def stretch(self) -> Span:
        """Return a window that nobody has asked for yet."""
        start = self.next_at
        self.next_at += self.length + timedelta(seconds=20)
        return Span(start, start + self.length)


@dataclass
class Report:
    """What was done, and what was wrong."""

    kills: Counter[str] = field(default_factory=Counter)
    cuts: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    violations: list[str] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    asked: int = 0
    promised: int = 0
    events: int = 0
    exports: int = 0
    deleted: int = 0
    starts: int = 0
    resumed: int = 0
    slowest_resume_s: float = 0
    slowest_start_s: float = 0


class _Requests(list[Asked]):
    """A cloud's list of what it was asked, which says so at once."""

    def __init__(self, heard: Callable[[Asked], None]) -> None:
        super().__init__()
        self._heard = heard

    @override
    def append(self, asked: Asked) -> None:
        self._heard(asked)


class Soak:
    """A Home Assistant that is killed at one step after the other."""

    def __init__(
        self,
        home: Victim,
        clouds: Clouds,
        copies: Shelf,
        seed: str,
        say: Callable[[str], None],
    ) -> None:
        """Take who is killed, the clouds, the store, and what all dice are thrown from."""
        self.home = home
        self._copies = copies
        self._loop = asyncio.get_running_loop()
        self._copying_left = 0
        self._copying_delay_s = 0.0
        home.heard = self.hear
        self.report = Report()
        self._clouds = clouds
        self._seed = seed
        self._say = say
        self._disk: Disk | None = None
        self._shelf = Publisher(home.media, home.config, Checked())
        self._wanted: list[Wanted] = []
        self._zips: set[Path] = set()
        self._known: list[tuple[Path, str]] = []
        self._latest: set[str] = set()
        self._lenses: dict[str, list[Lens]] = {}
        self._pending: set[str] = set()
        self._first_told: dict[str, float] = {}
        self._last_told: dict[str, Any] = {}
        self._plans_left = 0
        self._plan_delay_s = 0.0
        self._since_rest = 0
        self._start_s = 5.0
        self._said: set[str] = set()
        self._is_enough = False
        for cloud in clouds.clouds:
            cloud.requests = _Requests(self._asked_of_cloud)

    # What the process and the clouds tell.

    def hear(self, told: dict[str, Any]) -> None:
        """Take what the process tells."""
        if self._disk:
            self._disk.hear(told)
        if told["what"] == "job":
            self._first_told.setdefault(told["id"], told["at"])
        if told["what"] == "step":
            self._last_told = told

    def _asked_of_cloud(self, asked: Asked) -> None:
        if self._plans_left and PLANS.search(asked.path):
            self._plans_left -= 1
            if not self._plans_left:
                asyncio.get_running_loop().call_later(
                    self._plan_delay_s, self.home.kill
                )

    def asked_of_store(self, method: str, path: str) -> None:
        """Take what the store is asked, in a thread of it."""
        self._copies.hear(method, path)
        self._loop.call_soon_threadsafe(self._count_copying)

    def _count_copying(self) -> None:
        if self._copying_left:
            self._copying_left -= 1
            if not self._copying_left:
                self._loop.call_later(self._copying_delay_s, self.home.kill)

    # Set-up

    async def set_up(self) -> None:
        """Put cameras into the clouds and their accounts into Home Assistant."""
        self._furnish()
        await self.home.furnish()
        await self.home.bear()
        await self.home.until_up()
        await self.home.sign_in()
        await add_accounts(self.home, self._clouds)
        await offsite.add(self.home)
        await self._until_ready()
        await self.home.post("/api/services/switch/turn_on", {"entity_id": SWITCH})
        # Something to be exported and deleted, whatever comes first.
        for kind in CLOUDS:
            for _ in range(STOCK):
                await self._clip(self._lenses[kind][0], -1, kind)
        await self.rest("the set-up")
        await self.home.stop()
        self._disk = Disk(self.home.media, self.home.config / DATABASE)

    def _furnish(self) -> None:
        clouds = self._clouds
        clouds.ring.ready_after_s = 0
        clouds.meraki.ready_after_s = 0.3
        now = datetime.now(UTC).replace(microsecond=0)
        day, short = timedelta(hours=20), timedelta(seconds=4)

        def lens(
            entity_id: str, footage: Footage, length: timedelta, ago: timedelta = day
        ) -> Lens:
            # Off the key frames, so that no rounding chooses between two of them.
            begin = now - ago + OFF_KEY_FRAMES
            return Lens(entity_id, footage, length, begin)

        porch, bell = (clouds.ring.add_camera(name) for name in ("Porch", "Bell"))
        self._bell = bell
        self._porch = porch
        drive = clouds.meraki.add_camera("Drive")
        barn = clouds.meraki.add_camera("Barn", footage=tiny("Barn"))
        second = timedelta(seconds=1)
        yard = clouds.kinesis.add_stream("yard", fragment=second)
        field_ = clouds.kinesis.add_stream(
            "field", footage=tiny("field"), fragment=second
        )
        gate = clouds.ring_partner.add_camera("Gate")
        lane = clouds.ring_partner.add_camera("Lane", footage=tiny("Lane"))
        # The long ones are more than their cloud gives with one request.
        self._lenses = {
            "ring": [lens("camera.porch", porch.footage, short)],
            "bell": [lens(BELL, bell.footage, short)],
            "meraki": [
                lens("camera.drive", drive.footage, short),
                lens("camera.barn", barn.footage, timedelta(seconds=330)),
            ],
            "kinesis": [
                lens("camera.yard", yard.footage, short),
                lens("camera.field", field_.footage, timedelta(seconds=230)),
            ],
            "ring_partner": [
                lens("camera.gate", gate.footage, short),
                lens("camera.lane", lane.footage, timedelta(minutes=16), 10 * day),
            ],
        }

    async def _until_ready(self) -> None:
        """Wait until all cameras are there. Raises HomeError."""
        entity_ids = [one.entity_id for some in self._lenses.values() for one in some]
        try:
            async with asyncio.timeout(UP_WITHIN_S):
                for entity_id in [*entity_ids, SWITCH]:
                    while await self.home.state(entity_id) in ("", "unavailable"):
                        await self._a_moment()
                while not await self.home.are_loaded(ENTRIES):
                    await self._a_moment()
        except TimeoutError as err:
            raise HomeError(f"not all is there after {UP_WITHIN_S} s") from err

    async def _a_moment(self) -> None:
        if self.home.is_dead:
            raise HomeError("it ended by itself")
        await asyncio.sleep(0.1)

    # One kill

    def step_of(self, number: int) -> str:
        """Return the step of a kill: all of them have their turn in each round."""
        turn, place = divmod(number, len(STEPS))
        steps = list(STEPS)
        random.Random(f"{self._seed}/turn {turn}").shuffle(steps)
        return steps[place]

    async def kill(self, number: int) -> None:
        """Start it, ask for clips, kill it at a step, and look at what is there."""
        dice = random.Random(f"{self._seed}/{number}")
        step = self.step_of(number)
        is_cut = dice.random() < 0.5
        began = time.monotonic()
        if step == "start":
            await self._kill_at_start(number, dice)
        else:
            await self._start()
            if self._since_rest >= REST_AFTER:
                await self.rest(f"kill {number - 1}")
            await self._kill_at(step, number, dice)
        self.report.kills[step] += 1
        self._since_rest += 1
        lost: list[str] = []
        if is_cut:
            self.report.cuts[step] += 1
            assert self._disk is not None
            lost = await asyncio.to_thread(self._disk.lose_power, dice)
            self.report.lost += len(lost)
        # Not one more than is looked at.
        faults = await asyncio.to_thread(self._look_after_kill)
        self._say(
            f"kill {number}: {step}, at {self._last_told.get('name')}"
            f"{', power cut' if is_cut else ''}, {len(self._pending)} jobs under way, "
            f"{time.monotonic() - began:.0f} s"
        )
        for one in lost:
            self._say(f"    {one}")
        for fault in faults:
            self._complain(f"right after kill {number}", fault)

    async def _kill_at_start(self, number: int, dice: random.Random) -> None:
        delay_s = dice.uniform(0.05, 1.1) * self._start_s
        self.report.starts += 1
        await self.home.bear({"step": "start", "nth": 1, "delay_s": delay_s})
        if not await self.home.until_dead(delay_s + DIES_WITHIN_S):
            self.report.missed["start"] += 1
            self.home.kill()
            await self.home.until_dead(DIES_WITHIN_S)

    async def _start(self) -> None:
        """Start it, and see how soon what was under way goes on."""
        self.report.starts += 1
        self._first_told.clear()
        await self.home.bear()
        await self.home.until_up()
        await self._until_ready()
        self._start_s = time.time() - self.home.born_at
        self.report.slowest_start_s = max(self.report.slowest_start_s, self._start_s)
        # What is heard of a job is that it was put into a state: it is gone on with.
        await self._until(
            lambda: self._pending <= self._first_told.keys(), RESUMED_WITHIN_S
        )
        for job_id in self._pending:
            if (at := self._first_told.get(job_id)) is None:
                self._complain("after a start", f"job {job_id} was not gone on with")
                continue
            took_s = at - self.home.born_at
            self.report.resumed += 1
            self.report.slowest_resume_s = max(self.report.slowest_resume_s, took_s)
            if took_s > RESUMED_WITHIN_S:
                self._complain("after a start", f"a job waited for {took_s:.0f} s")

    async def _kill_at(self, step: str, number: int, dice: random.Random) -> None:
        """Give the order, ask for what comes to the step, and wait for the end."""
        delay_s = dice.uniform(0, LONGEST_DELAY_S)
        nth = dice.randint(1, 3)
        self._plans_left = self._copying_left = 0
        when = dice.choice([("", 0.0), ("", delay_s), (":before", 0.0)])
        match step:
            case "plan":
                self._plans_left, self._plan_delay_s = dice.randint(1, 2), delay_s
            case "copy":
                self._copying_left = dice.randint(1, MOST_REQUESTS)
                self._copying_delay_s = delay_s
            case "wait" | "fetch" | "finish":
                await self._aim(step, nth, delay_s)
            case "publish":
                await self._aim(f"publish{when[0]}", dice.randint(1, 2), when[1])
            case "record":
                await self._aim(f"record{when[0]}", dice.randint(1, 6), when[1])
            case "prune":
                await self._aim(f"prune{when[0]}", dice.randint(1, 9), when[1])
            case "export" if when[0] or dice.random() < 0.3:
                await self._aim(f"export{when[0]}", 1, when[1])
        asks = asyncio.create_task(self._ask(step, number, dice))
        if not await self.home.until_dead(DIES_WITHIN_S):
            self.report.missed[step] += 1
            self.home.kill()
            await self.home.until_dead(DIES_WITHIN_S)
        self._plans_left = self._copying_left = 0
        asks.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asks

    async def _aim(self, step: str, nth: int, delay_s: float) -> None:
        await self.home.aim({"step": step, "nth": nth, "delay_s": delay_s})

    # What is asked for

    async def _ask(self, step: str, number: int, dice: random.Random) -> None:
        """Ask for some clips, and for what comes to a step."""
        asks: list[Awaitable[object]] = []
        kinds = list(CLOUDS)
        dice.shuffle(kinds)
        if step == "plan":
            kinds = ["kinesis", "ring"]
        if step == "copy":
            # While more are being saved, none is copied.
            await self._clip(self._lenses[kinds[0]][0], number, kinds[0])
            return
        for place, kind in enumerate(kinds[: dice.randint(3, 4)]):
            # A long one keeps a core busy for seconds: one at a time.
            lens = (
                dice.choice(self._lenses[kind]) if place == 0 else self._lenses[kind][0]
            )
            asks.append(self._clip(lens, number, kind))
        if dice.random() < 0.4:
            asks.append(self._events(number, dice))
        if dice.random() < 0.4:
            self._ring_now(number)
        if dice.random() < 0.4:
            asks.append(self._overwrite(number))
        if step == "wait" or dice.random() < 0.1:
            asks.append(self._future(number, dice))
        if self._known and dice.random() < 0.3:
            asks.append(self._keep(dice))
        if step == "prune":
            asks.append(self._delete(dice))
        if step == "export":
            asks.append(self._export(number, dice))
        await asyncio.gather(*asks)

    async def _clip(
        self,
        lens: Lens,
        number: int,
        kind: str,
        window: Span | None = None,
        **more: Any,
    ) -> Wanted:
        """Ask for a clip and do not wait for it."""
        window = window or lens.stretch()
        if kind == "ring":
            self._clouds.ring.add_event(
                self._porch,
                start=window.start - OFF_KEY_FRAMES - timedelta(seconds=1),
                duration_s=round((window.end - window.start).total_seconds()) + 3,
            )
        self.report.asked += 1
        label = f"n{number} {self.report.asked} {kind}"
        one = Wanted(name=label, footage=lens.footage, window=window, at_kill=number)
        self._wanted.append(one)
        with self._until_it_dies():
            answer = await self.home.act(
                "save_clip",
                {
                    "entity_id": lens.entity_id,
                    "start": window.start.isoformat(),
                    "end": window.end.isoformat(),
                    "label": label,
                    "wait": False,
                    **more,
                },
            )
            told = answer[lens.entity_id]
            if told["status"] == "failed":
                self._complain(f"before kill {number}", f"{label}: {told['error']}")
            else:
                one.job_id = told["job_id"]
                self.report.promised += 1
        return one

    async def _future(self, number: int, dice: random.Random) -> None:
        """Ask for what is not there yet."""
        now = datetime.now(UTC).replace(microsecond=0)
        kind = dice.choice(["kinesis", "ring_partner"])
        window = Span(now, now + timedelta(seconds=dice.randint(2, 5)))
        await self._clip(self._lenses[kind][0], number, kind, window)

    async def _overwrite(self, number: int) -> None:
        """Ask for a clip in the place of an older one of the camera."""
        lens = self._lenses["ring_partner"][0]
        one = await self._clip(
            lens, number, "ring_partner", filename=LATEST, overwrite=True
        )
        # Of several that are under way at once, any may be the last.
        one.may_be_gone = True
        self._latest.add(one.name)

    async def _events(self, number: int, dice: random.Random) -> None:
        """Let Ring have seen something, and have it all saved."""
        lens = self._lenses["bell"][0]
        stretches = [lens.stretch() for _ in range(dice.randint(1, 3))]
        for stretch in stretches:
            event = self._clouds.ring.ring_doorbell(
                self._bell, start=stretch.start - OFF_KEY_FRAMES, duration_s=EVENT_S
            )
            self._want_event(event.id, Span(event.start, event.end), number)
        with self._until_it_dies():
            await self.home.act(
                "save_events",
                {
                    "entity_id": BELL,
                    "start": (stretches[0].start - OFF_KEY_FRAMES).isoformat(),
                    "end": stretches[-1].end.isoformat(),
                },
            )

    def _ring_now(self, number: int) -> None:
        """Ring the bell whose camera is saved by itself."""
        start = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=EVENT_S)
        event = self._clouds.ring.ring_doorbell(
            self._bell, start=start, duration_s=EVENT_S
        )
        one = self._want_event(event.id, Span(event.start, event.end), number)
        one.must_be = True

    def _want_event(self, event_id: int, window: Span, number: int) -> Wanted:
        self.report.events += 1
        one = Wanted(
            name=str(event_id),
            footage=self._bell.footage,
            window=window,
            at_kill=number,
            is_event=True,
        )
        self._wanted.append(one)
        return one

    async def _keep(self, dice: random.Random) -> None:
        """Keep a clip, or release it."""
        path, _ = dice.choice(self._known)
        action = dice.choice(["keep_clip", "release_clip"])
        with self._until_it_dies():
            await self.home.act(action, {"path": [str(path)]})

    async def _delete(self, dice: random.Random) -> None:
        """Delete the oldest clips that are not to be replaced."""
        some = self._known[:3]
        del self._known[:3]
        names = {name for _, name in some}
        for one in self._wanted:
            if one.name in names:
                one.may_be_gone = True
        self.report.deleted += len(some)
        if some:
            paths = [str(path) for path, _ in some]
            with self._until_it_dies():
                await self.home.post(
                    "/api/services/clip_download/release_clip", {"path": paths}
                )
                await self.home.act("delete_clips", {"path": paths})

    async def _export(self, number: int, dice: random.Random) -> None:
        """Hand clips over; who was not aimed at yet dies some time after that."""
        name = f"clip_download/exports/{number}"
        self._zips.add(self.home.media / f"{name}.zip")
        self.report.exports += 1
        asyncio.get_running_loop().call_later(
            dice.uniform(0.01, 0.6), self._kill_if_exporting, self.home.born_at
        )
        with self._until_it_dies():
            await self.home.act("export_clips", {"filename": name})

    def _kill_if_exporting(self, born_at: float) -> None:
        if self.home.born_at == born_at:
            self.home.kill()

    @contextlib.contextmanager
    def _until_it_dies(self) -> Any:
        """Take no offence at an answer that does not come because it was killed."""
        try:
            yield
        except ClientError, TimeoutError:
            pass
        except HomeError as err:
            self._complain("an action", str(err))

    # Looking

    def _look_after_kill(self) -> list[str]:
        """Return what is wrong on the disk, whatever was under way."""
        faults = [*self._shelf.file_faults(), *self._copies.faults()]
        try:
            rows = self._shelf.rows()
        except sqlite3.Error as err:
            return [*faults, f"the database is not whole: {err}"]
        self._pending = {row["id"] for row in rows["jobs"] if row["state"] not in ENDED}
        log = self.home.log
        if log.exists():
            faults += [
                # Without the time.
                re.sub(r"^[\d-]+ [\d:.+]+ ", "", fault)
                for fault in read_log(log.read_text(errors="replace")).faults
            ]
        return faults

    async def rest(self, since: str, *, is_last: bool = False) -> Tally:
        """Wait until nothing is under way, and look at everything."""
        done = await self._until_done()
        if not done:
            self._complain(f"at rest after {since}", "jobs do not come to an end")
        await self._until_copied()
        for _ in range(LOOKS * (10 if is_last else 1)):
            faults, tally = await asyncio.to_thread(
                self._shelf.faults, self._expected(is_last=is_last), self._zips
            )
            faults += await asyncio.to_thread(self._copy_faults)
            latest = self.home.media / f"{LATEST}.mp4"
            if self._latest & tally.saved and not latest.exists():
                faults.append(f"{latest.name} is gone that was to be replaced")
            if not faults:
                break
            await asyncio.sleep(LOOKS_APART_S)
        for fault in faults:
            self._complain(f"at rest after {since}", fault)
        self._since_rest = 0
        await asyncio.to_thread(self._know)
        for cloud in self._clouds.clouds:
            cloud.faults.clear()
        self._say(
            f"at rest after {since}: {len(tally.saved)} clips, "
            f"{sum(tally.failed.values())} failed, {len(faults)} violations"
        )
        return tally

    async def _until_copied(self) -> None:
        """Wait until nothing is to be copied any more; what is not is found then."""
        end = time.monotonic() + COPIED_WITHIN_S
        while time.monotonic() < end:
            if await asyncio.to_thread(are_done, self.home.config / DATABASE):
                return
            await asyncio.sleep(0.3)

    def _copy_faults(self) -> list[str]:
        """Return what is wrong with the copies, once nothing is under way."""
        faults = list(self._copies.faults())
        with contextlib.suppress(sqlite3.Error):
            faults += self._copies.faults_at_rest(self._shelf.rows()["clips"])
        return faults

    def _expected(self, *, is_last: bool) -> list[Wanted]:
        """Return what is wanted; what comes by itself has time until the end."""
        if is_last:
            return self._wanted
        return [
            Wanted(**{**vars(one), "must_be": False}) if one.must_be else one
            for one in self._wanted
        ]

    def _know(self) -> None:
        """Learn which clips there are, the oldest first; not those to be replaced."""
        with contextlib.suppress(sqlite3.Error):
            rows = self._shelf.rows()
            self._known = [
                (Path(row["path"]), row["label"])
                for row in sorted(rows["clips"], key=lambda row: row["saved_at_ms"])
                if Path(row["path"]).stem != Path(LATEST).name
                and json.loads(row["saves"]) == []
            ]

    async def _until_done(self) -> bool:
        """Wait until all jobs have ended; return whether they have."""

        def unfinished() -> int:
            uri = f"file:{self.home.config / DATABASE}?mode=ro"
            with contextlib.closing(sqlite3.connect(uri, uri=True)) as database:
                (count,) = database.execute(
                    "SELECT COUNT(*) FROM jobs WHERE state NOT IN ('saved', 'failed')"
                ).fetchone()
            return int(count)

        end = time.monotonic() + DONE_WITHIN_S
        while time.monotonic() < end:
            with contextlib.suppress(sqlite3.Error):
                if not await asyncio.to_thread(unfinished):
                    return True
            await asyncio.sleep(0.3)
        return False

    async def _until(self, condition: Callable[[], bool], within_s: float) -> None:
        end = time.monotonic() + within_s
        while not condition() and time.monotonic() < end:
            await asyncio.sleep(0.1)

    def _complain(self, when: str, fault: str) -> None:
        """Note a violation, once."""
        if fault not in self._said:
            self._said.add(fault)
            self.report.violations.append(f"{when}: {fault}")
            self._say(f"  VIOLATION {when}: {fault}")

    # All of it

    def end_soon(self) -> None:
        """Kill it no more, and come to an end in order."""
        self._say("this was the last kill")
        self._is_enough = True

    async def run(self, numbers: Sequence[int]) -> Report:
        """Kill it so often, let it come to an end, and return the report."""
        last = numbers[0]
        for last in numbers:
            await self.kill(last)
            if self._is_enough:
                break
        await self._start()
        tally = await self.rest(f"kill {last}", is_last=True)
        await self.home.stop()
        faults, _ = await asyncio.to_thread(
            self._shelf.faults, self._wanted, self._zips
        )
        faults += await asyncio.to_thread(self._copy_faults)
        for fault in faults:
            self._complain("in the end", fault)
        self.report.tally = tally
        return self.report


async def soak(
    folder: Path, seed: int, numbers: Sequence[int], say: Callable[[str], None]
) -> Report:
    """Run the soak in a folder of its own; return what came of it."""
    async with (
        Clouds() as clouds,
        ClientSession(timeout=ClientTimeout(total=DONE_WITHIN_S)) as session,
    ):
        bundle = folder / "authorities.pem"
        bundle.write_bytes(
            Path(certifi.where()).read_bytes() + clouds.ca_pem_path.read_bytes()
        )
        stored = folder / "offsite"
        store = offsite.Store(stored)
        home = Victim(
            session,
            folder,
            free_port(),
            ports={**clouds.ports, offsite.HOST: store.port},
            ca_bundle=bundle,
        )
        one = Soak(home, clouds, Shelf(stored), str(seed), say)
        store.heard = one.asked_of_store
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, one.end_soon)
        async with store:
            try:
                await one.set_up()
                return await one.run(numbers)
            finally:
                home.kill()


def in_words(report: Report, seed: int) -> str:
    """Return the report as a table."""
    tally = report.tally
    lines = [
        f"seed {seed}: {report.kills.total()} kills, {report.starts} starts",
        "",
        f"{'step':10}{'kills':>7}{'power cuts':>12}{'not reached':>13}",
    ]
    lines += [
        f"{step:10}{report.kills[step]:7}{report.cuts[step]:12}{report.missed[step]:13}"
        for step in STEPS
    ]
    lines += [
        "",
        f"clips asked for     {report.asked} ({report.promised} promised before a kill)",
        f"events              {report.events}",
        f"saved               {len(tally.saved)}",
        f"failed              {dict(tally.failed) or 0}",
        f"asked, not heard    {tally.unheard}",
        f"exports, deleted    {report.exports}, {report.deleted}",
        f"gone on with        {report.resumed} jobs",
        f"slowest of them     {report.slowest_resume_s:.1f} s after the start",
        f"slowest start       {report.slowest_start_s:.1f} s",
        f"lost in power cuts  {report.lost} things",
        f"violations          {len(report.violations)}",
    ]
    kinds: defaultdict[str, int] = defaultdict(int)
    for one in report.violations:
        kinds[re.sub(r"[0-9a-f]{8,}|\d+", "#", one.split(": ", 1)[1])[:70]] += 1
    lines += [f"  {count:3} x {kind}" for kind, count in kinds.items()]
    lines += [f"VIOLATION {one}" for one in report.violations]
    return "\n".join(lines)
