"""From the moment when Ring has a recording to its file's event on the bus.

    python -m benchmarks.latency [--rounds 5]

A real Home Assistant, with the limits that it keeps everywhere, beside the simulated Ring
in a process of its own, over TLS. The bell rings, and 20 s of 1080p become ready some time
later. Where a push comes at that moment, what is above the bytes at the line's speed is
ours; without one, the wait between two polls is in it, too. How well the polls are timed
is measured over hundreds of events, in simulated time.
"""

# Before anything else: the test plugin brings a `custom_components` of its own.
import custom_components  # isort: skip  # noqa: F401

import argparse
import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import json
import multiprocessing
from multiprocessing.connection import Connection
from pathlib import Path
import random
import tempfile
import time
from typing import Any, override
from unittest.mock import patch

from custom_components.clip_download.automatic_saving import async_set_automatic
from custom_components.clip_download.const import DOMAIN
from custom_components.clip_download.engine.events.readiness import (
    USUAL_PAUSE,
    Readiness,
)
from custom_components.clip_download.engine.model import Event as HeardEvent, EventKind
from custom_components.clip_download.engine.time_range import Window
from homeassistant.core import Event, HomeAssistant, callback
from tests.accounts import begin, finish
from tests.clouds import Clouds
from tests.clouds.footage import Container, Shot, Span, Timeline
from tests.clouds.resolver import LoopbackResolver
from tests.clouds.server import Authority, Line
from tests.engine.sources.test_ring_events import Firebase
from tests.household import home
from tests.trust import trust

from .small_clips import make_film
from .table import Row, main

USERNAME, PASSWORD = "someone@example.com", "correct horse"
FILM_S, FILM_BYTES = 20, 12 * 10**6
LINE_MBIT_S = 50
PUSHED_GOAL_S, POLLED_GOAL_S = 0.3, 0.5
# From the bell's end until its recording is ready, in the rounds' order.
READY_AFTER_S = (11.0, 14.6, 6.3, 13.9, 8.4)
# Two pushes within a shorter time are one; for the same camera within one and a half.
QUIET_S = 10.5
LONGEST_S = 120.0
# How fast the line is, and whether a push comes when the recording is ready.
LINES = ((LINE_MBIT_S, True), (None, True), (None, False))
# In simulated time: how many events, and between which ages their recordings are ready.
EVENTS = 500
SPREADS = ((28.0, 32.0), (35.0, 55.0), (20.0, 180.0))
START = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Saved:
    """One recording: how long after it was ready, and how many requests that took.

    It was noticed by a request `noticed_s` after that moment, `poll_s` after the one
    before.
    """

    late_s: float
    requests: int
    noticed_s: float
    poll_s: float


class Cloud(Clouds):
    """The simulated clouds, with one film for all that ever happens, over one line."""

    def __init__(self, folder: Path) -> None:
        """Make the film, and two doorbells."""
        super().__init__(Authority(folder))
        self.only_film = folder / "film.mp4"
        make_film(self.only_film, FILM_S, FILM_BYTES)
        self.ring.two_factor = None
        self.doorbells = [self.ring.add_camera(name) for name in ("Front", "Back")]

    @override
    async def film(
        self,
        shots: Iterable[Shot],
        *,
        container: Container = "mp4",
        pts: Timeline = "zero",
        faststart: bool = True,
    ) -> tuple[Path, Span]:
        (shot,) = shots
        return self.only_film, Span(shot.start, shot.end)


def run_cloud(connection: Connection, folder: Path) -> None:
    """Be the cloud until told to end."""
    asyncio.run(_run_cloud(connection, folder))


async def _run_cloud(connection: Connection, folder: Path) -> None:
    loop = asyncio.get_running_loop()
    async with Cloud(folder) as cloud:
        doorbells = [one.id for one in cloud.doorbells]
        connection.send((cloud.ports, cloud.ca_pem_path, doorbells))
        while order := await loop.run_in_executor(None, connection.recv):
            match order:
                case "ring", (number, ready_after_s):
                    event = cloud.ring.add_event(
                        cloud.doorbells[number % len(cloud.doorbells)],
                        "ding",
                        start=cloud.now() - timedelta(seconds=FILM_S),
                        duration_s=FILM_S,
                        ready_after_s=ready_after_s,
                    )
                    connection.send(event.ready_at.timestamp())
                case "line", mbit_s:
                    cloud.ring.media_line = Line(mbit_s * 125_000) if mbit_s else None
                    connection.send(None)
                case "asked", _:
                    asked = cloud.ring.asked("/history|share/play")
                    connection.send([one.at.timestamp() for one in asked])


class Ring:
    """What Home Assistant's process knows of the cloud: its ports, and what to tell it."""

    def __init__(
        self, connection: Connection, ports: dict[str, int], doorbells: Sequence[int]
    ) -> None:
        """Take the way to its process."""
        self._connection = connection
        self.ports = ports
        self.doorbells = doorbells

    def resolver(self) -> LoopbackResolver:
        """Return what finds the cloud's hosts."""
        return LoopbackResolver(self.ports)

    async def tell(self, *order: Any) -> Any:
        """Tell it something, and return what it says."""
        self._connection.send(order)
        return await asyncio.get_running_loop().run_in_executor(
            None, self._connection.recv
        )

    async def asked(self) -> list[float]:
        """Return when it was asked what there is."""
        return list(await self.tell("asked", None))


@contextmanager
def cloud(folder: Path) -> Iterator[Ring]:
    """Run the cloud in a process of its own; this one trusts it."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=run_cloud, args=(theirs, folder), daemon=True)
    process.start()
    ports, ca_pem_path, doorbells = ours.recv()
    trust(ca_pem_path)
    try:
        yield Ring(ours, ports, doorbells)
    finally:
        ours.send(None)
        process.join()


class Home:
    """Home Assistant with an account that saves what rings."""

    def __init__(self, hass: HomeAssistant, ring: Ring) -> None:
        """Listen to what is saved."""
        self._hass, self.ring = hass, ring
        self._saved = asyncio.Queue[float]()
        self._firebases: list[Firebase] = []
        hass.bus.async_listen(f"{DOMAIN}_saved", self._on_saved)

    @callback
    def _on_saved(self, event: Event) -> None:
        self._saved.put_nowait(time.time())

    async def sign_in(self) -> None:
        """Set the account up, and wait until it is quiet."""
        with patch("ring_doorbell.listen.eventlistener.FcmPushClient", self._firebase):
            form = await begin(self._hass, "ring")
            typed = {"username": USERNAME, "password": PASSWORD}
            result = await finish(
                self._hass,
                await self._hass.config_entries.flow.async_configure(
                    form["flow_id"], typed
                ),
            )
            entry = result["result"]
            for camera in entry.runtime_data.coordinator.listed():
                async_set_automatic(self._hass, entry, camera.id, is_on=True)
            # What began before is not saved.
            await asyncio.sleep(FILM_S + 2)

    def _firebase(self, *args: Any, **options: Any) -> Firebase:
        self._firebases.append(Firebase(*args, **options))
        return self._firebases[-1]

    def push(self, number: int) -> None:
        """Push as Ring does when something happens."""
        doorbell = self.ring.doorbells[number % len(self.ring.doorbells)]
        ding = {"id": "1", "created_at": "2026-11-22T12:00:00Z", "subtype": "ding"}
        device = {"id": doorbell, "name": "Front", "kind": "lpd_v1"}
        data = {
            "android_config": json.dumps({"category": "com.ring.pn.live-event.ding"}),
            "data": json.dumps({"device": device, "event": {"ding": ding}}),
        }
        self._firebases[-1].callback({"data": data}, "1", None)

    async def run(self, number: int, ready_after_s: float, *, is_pushed: bool) -> Saved:
        """Ring, and wait until what rang is saved."""
        before = len(await self.ring.asked())
        ready_at_s = await self.ring.tell("ring", (number, ready_after_s))
        if is_pushed:
            await asyncio.sleep(ready_at_s - time.time())
        self.push(number)
        async with asyncio.timeout(LONGEST_S):
            late_s = await self._saved.get() - ready_at_s
        asked = await self.ring.asked()
        noticed_s = min(one for one in asked if one >= ready_at_s)
        if is_pushed:
            await asyncio.sleep(QUIET_S)
        return Saved(
            late_s,
            len(asked) - before,
            noticed_s - ready_at_s,
            noticed_s - max(one for one in asked if one < ready_at_s),
        )


def timed(spread: tuple[float, float], *, is_learned: bool) -> tuple[float, float]:
    """Return how late recordings are noticed and how often is asked, on an average.

    They are ready between two ages, and noticed in the 20 s that are usual, or in the
    pauses that are learned.
    """
    rng = random.Random(1)
    readiness = Readiness()
    late_s, looks = 0.0, 0
    moment = START
    for _ in range(EVENTS):
        moment += timedelta(minutes=20)
        window = Window(moment, moment + timedelta(seconds=FILM_S))
        ready_at = window.end + timedelta(seconds=rng.uniform(*spread))
        # Ring pushes that it rings.
        look, before = moment, moment
        looks += 1
        while look < ready_at:
            before = look
            has_ended = look >= window.end
            listed = seen(window if has_ended else Window(moment, moment))
            look += (
                readiness.pause("front", [listed], look) if is_learned else USUAL_PAUSE
            )
            looks += 1
        readiness.learn("front", seen(window), before, look)
        late_s += (look - ready_at).total_seconds()
    return late_s / EVENTS, looks / EVENTS


def seen(window: Window) -> HeardEvent:
    """Return a ring of the bell."""
    return HeardEvent(id="1", kind=EventKind.DING, window=window)


async def live(folder: Path, ring: Ring, rounds: int) -> list[list[Saved]]:
    """Run Home Assistant, and ring with a push over each line, and without one."""
    async with home(folder, ring, listens=True) as hass:
        one = Home(hass, ring)
        await one.sign_in()
        # The first one brings what stays: code, threads, decoders, connections.
        for number in range(2):
            await one.run(number, 1, is_pushed=True)
        runs = []
        for mbit_s, is_pushed in LINES:
            await ring.tell("line", mbit_s)
            runs.append(
                [
                    await one.run(
                        number,
                        1 if is_pushed else READY_AFTER_S[number % 5],
                        is_pushed=is_pushed,
                    )
                    for number in range(rounds)
                ]
            )
    return runs


def measure(options: argparse.Namespace) -> Iterator[Row]:
    """Ring in all ways."""
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        with cloud(folder) as ring:
            runs = asyncio.run(live(folder, ring, options.rounds))
    for spread in SPREADS:
        (late_s, looks), (usual_late_s, usual_looks) = (
            timed(spread, is_learned=is_learned) for is_learned in (True, False)
        )
        least_s, most_s = spread
        work = f"ready {least_s:.0f}-{most_s:.0f} s after its end, polled"
        for what, unit, ours, theirs in (
            ("noticed later", "s", late_s, usual_late_s),
            ("looks at its history", "", looks, usual_looks),
        ):
            yield Row(
                work=f"{work}: {what}",
                against="every 20 s",
                unit=unit,
                ours=[ours],
                theirs=[theirs],
            )
    for (mbit_s, is_pushed), saved in zip(LINES, runs, strict=True):
        bytes_s = FILM_BYTES * 8e-6 / mbit_s if mbit_s else 0.0
        line = f"{mbit_s} Mbit/s" if mbit_s else "no limit"
        way = "pushed when ready" if is_pushed else "pushed when it rang, then polled"
        yield Row(
            work=f"ready to saved, 12 MB, {line}, {way}",
            against="the bytes at line speed",
            unit="s",
            ours=[one.late_s for one in saved],
            theirs=[bytes_s] * len(saved) if bytes_s else (),
        )
        if is_pushed:
            yield Row(
                work=f"above the bytes, {line}, {way}",
                against="",
                unit="s",
                ours=[one.late_s - bytes_s for one in saved],
                goal=PUSHED_GOAL_S,
            )
        else:
            yield Row(
                work=f"from the poll that notices it to saved, above the bytes, {way}",
                against="",
                unit="s",
                ours=[one.late_s - bytes_s - one.noticed_s for one in saved],
                goal=POLLED_GOAL_S,
            )
            yield Row(
                work=f"the pause between two polls, {way}",
                against="",
                unit="s",
                ours=[one.poll_s for one in saved],
            )
        yield Row(
            work=f"requests for it, {line}, {way}",
            against="",
            unit="",
            ours=[one.requests for one in saved],
        )


if __name__ == "__main__":
    main(__doc__, measure)
