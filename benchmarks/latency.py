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
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
import json
import multiprocessing
from multiprocessing.connection import Connection
from pathlib import Path
import tempfile
import time
from typing import Any, override
from unittest.mock import patch

from aiohttp import web

from custom_components.clip_download.automatic_saving import async_set_automatic
from custom_components.clip_download.const import DOMAIN
from homeassistant.core import Event, HomeAssistant, callback
from tests.accounts import begin, finish
from tests.clouds import Clouds
from tests.clouds.footage import Container, Shot, Span, Timeline
from tests.clouds.resolver import LoopbackResolver
from tests.clouds.server import Authority
from tests.engine.sources.test_ring_events import Firebase
from tests.household import home, trust

from .line import Line
from .small_clips import make_film
from .table import Row, main

USERNAME, PASSWORD = "someone@example.com", "correct horse"
FILM_S, FILM_BYTES = 20, 12 * 10**6
LINE_MBIT_S = 50
PUSHED_GOAL_S, POLLED_GOAL_S = 0.3, 0.5
# From the bell's end until its recording is ready, in the rounds' order.
READY_AFTER_S = (11.0, 14.6, 12.3, 16.9, 13.4)
# Two pushes within a shorter time are one.
QUIET_S = 16.0
LONGEST_S = 120.0
# How fast the line is, and whether a push comes when the recording is ready.
LINES = ((LINE_MBIT_S, True), (None, True), (None, False))
DOORBELL = 3861978


@dataclass(frozen=True)
class Saved:
    """One recording: how long after it was ready, and how many requests that took."""

    late_s: float
    requests: int


class Cloud(Clouds):
    """The simulated clouds, with one film for all that ever happens, over one line."""

    def __init__(self, folder: Path) -> None:
        """Make the film, and a doorbell."""
        super().__init__(Authority(folder))
        self.line = Line(None)
        self.only_film = folder / "film.mp4"
        make_film(self.only_film, FILM_S, FILM_BYTES)
        self.ring.two_factor = None
        self.doorbell = self.ring.add_camera("Front Door")

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

    @override
    async def _write(
        self, response: web.StreamResponse, body: bytes | Path, begin: int, end: int
    ) -> None:
        step = 32 * 1024 if isinstance(body, Path) else end - begin
        for at in range(begin, end, step or 1):
            if isinstance(body, Path):
                await self.line.carry(min(step, end - at))
            await super()._write(response, body, at, min(at + step, end))


def run_cloud(told: Connection, folder: Path) -> None:
    """Be the cloud until told to end."""
    asyncio.run(_run_cloud(told, folder))


async def _run_cloud(told: Connection, folder: Path) -> None:
    loop = asyncio.get_running_loop()
    async with Cloud(folder) as cloud:
        told.send((cloud.ports, cloud.ca_pem_path))
        while order := await loop.run_in_executor(None, told.recv):
            match order:
                case "ring", ready_after_s:
                    event = cloud.ring.add_event(
                        cloud.doorbell,
                        "ding",
                        start=cloud.now() - timedelta(seconds=FILM_S),
                        duration_s=FILM_S,
                        ready_after_s=ready_after_s,
                    )
                    told.send(event.ready_at.timestamp())
                case "line", mbit_s:
                    cloud.line = Line(mbit_s)
                    told.send(None)
                case "asked", _:
                    told.send(len(cloud.ring.asked("video_search|/history|share/play")))


class Ring:
    """What Home Assistant's process knows of the cloud: its ports, and what to tell it."""

    def __init__(self, told: Connection, ports: dict[str, int]) -> None:
        """Take the way to its process."""
        self._told = told
        self.ports = ports

    def resolver(self) -> LoopbackResolver:
        """Return what finds the cloud's hosts."""
        return LoopbackResolver(self.ports)

    async def tell(self, *order: Any) -> Any:
        """Tell it something, and return what it says."""
        self._told.send(order)
        return await asyncio.get_running_loop().run_in_executor(None, self._told.recv)

    async def requests(self) -> int:
        """Return how often it was asked what there is."""
        return int(await self.tell("asked", None))


@contextmanager
def cloud(folder: Path) -> Iterator[Ring]:
    """Run the cloud in a process of its own; this one trusts it."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=run_cloud, args=(theirs, folder), daemon=True)
    process.start()
    ports, ca_pem_path = ours.recv()
    trust(ca_pem_path)
    try:
        yield Ring(ours, ports)
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

    def push(self) -> None:
        """Push as Ring does when something happens."""
        ding = {"id": "1", "created_at": "2026-11-22T12:00:00Z", "subtype": "ding"}
        device = {"id": DOORBELL, "name": "Front Door", "kind": "lpd_v1"}
        data = {
            "android_config": json.dumps({"category": "com.ring.pn.live-event.ding"}),
            "data": json.dumps({"device": device, "event": {"ding": ding}}),
        }
        self._firebases[-1].callback({"data": data}, "1", None)

    async def run(self, ready_after_s: float, *, is_pushed: bool) -> Saved:
        """Ring, and wait until what rang is saved."""
        requests = await self.ring.requests()
        ready_at_s = await self.ring.tell("ring", ready_after_s)
        if is_pushed:
            await asyncio.sleep(ready_at_s - time.time())
        self.push()
        async with asyncio.timeout(LONGEST_S):
            late_s = await self._saved.get() - ready_at_s
        requests = await self.ring.requests() - requests
        await asyncio.sleep(QUIET_S)
        return Saved(late_s, requests)


async def live(folder: Path, ring: Ring, rounds: int) -> list[list[Saved]]:
    """Run Home Assistant, and ring with a push over each line, and without one."""
    async with home(folder, ring, listens=True) as hass:
        one = Home(hass, ring)
        await one.sign_in()
        # The first one brings what stays: code, threads, decoders, connections.
        await one.run(1, is_pushed=True)
        runs = []
        for mbit_s, is_pushed in LINES:
            await ring.tell("line", mbit_s)
            runs.append(
                [
                    await one.run(
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
        yield Row(
            work=f"requests for it, {line}, {way}",
            against="",
            unit="",
            ours=[one.requests for one in saved],
        )


if __name__ == "__main__":
    main(__doc__, measure)
