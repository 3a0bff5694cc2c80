"""200 clips of 2 MiB of one account, beside the same GETs by `asyncio.gather`.

    python -m benchmarks.small_clips [--rounds 5]

Ours are jobs of eight cameras, each asked for, fetched, checked, hashed, published with
sidecar and picture, and recorded; theirs are what aiohttp writes to files as it comes,
all at once, or as many at once as ours.
"""

import argparse
import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import functools
import multiprocessing
from pathlib import Path, PurePosixPath
import shutil
import ssl
import tempfile
import time
from typing import Any, override

from aiohttp import ClientSession, TCPConnector
from aiolimiter import AsyncLimiter
import av
import numpy as np

from custom_components.clip_download.const import DEFAULT_DOWNLOADS_AT_ONCE
from custom_components.clip_download.engine.library.database import Library
from custom_components.clip_download.engine.model import (
    Camera,
    Event,
    Identity,
    JobState,
    MediaOptions,
    Part,
    Plan,
)
from custom_components.clip_download.engine.pipeline.executors import Executors
from custom_components.clip_download.engine.pipeline.jobs import Jobs
from custom_components.clip_download.engine.sources.base import Download, Source
from custom_components.clip_download.engine.sources.http import Http, download_of
from custom_components.clip_download.engine.time_range import Window

from .line import served
from .servers import HOST, Loopback, nginx
from .table import Row, main
from .watching import cpu_seconds

CLIPS, QUICK_CLIPS = 200, 40
CAMERAS = 8
CLIP_BYTES = 2 * 2**20
LENGTH_S, FPS = 5, 25
START = datetime(2026, 11, 20, 12, tzinfo=UTC)
LINE_MBIT_S, FIRST_BYTE_S = 200, 0.05
GOAL = 1.3


@dataclass(frozen=True)
class Run:
    """What one way of fetching all clips took."""

    seconds: float
    cpu_seconds: float


class Roll(Source):
    """A cloud that has footage of every window: always the same film."""

    kind = "roll"
    manufacturer = "Roll"

    def __init__(self, session: ClientSession, url: str) -> None:
        """Take the film's address."""
        super().__init__({}, session=session)
        self.url = url
        self.http = Http(session, (), AsyncLimiter(1000))

    @override
    async def identify(self) -> Identity:
        return Identity(id="roll", title="Roll")

    @override
    async def cameras(self) -> list[Camera]:
        return []

    @override
    async def plan(
        self,
        camera: Camera,
        window: Window,
        media_options: MediaOptions,
        events: Sequence[Event] = (),
    ) -> Plan:
        return Plan(parts=[Part(window=window)])

    @override
    @asynccontextmanager
    async def fetch(
        self, camera: Camera, part: Part, media_options: MediaOptions
    ) -> AsyncIterator[Download]:
        async with self.http.get_signed(self.url) as response:
            yield download_of(response)


def make_film(path: Path, length_s: int, size_bytes: int) -> None:
    """Write so much of 1080p as a doorbell sends it: a scene that moves a little."""
    width, height = 1920, 1080
    scene = np.random.default_rng(1).integers(40, 210, (68, 120), np.uint8)
    large = scene.repeat(24, axis=0).repeat(24, axis=1)
    grain = np.random.default_rng(2).integers(0, 12, large.shape, np.uint8)
    with av.open(path, "w", format="mp4", options={"movflags": "faststart"}) as out:
        stream = out.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.bit_rate = size_bytes * 8 // length_s
        stream.options = {"preset": "ultrafast", "g": str(2 * FPS), "bf": "0"}
        for number in range(length_s * FPS):
            luma = (large + np.roll(grain, 7 * number, axis=1))[
                : height * 3 // 2, number : number + width
            ].copy()
            luma[height:] = 128
            frame = av.VideoFrame.from_ndarray(luma, format="yuv420p")
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    # To the byte: a box that players skip fills it up.
    missing = size_bytes - path.stat().st_size
    if missing >= 8:
        with path.open("ab") as film:
            film.write(missing.to_bytes(4) + b"free" + bytes(missing - 8))


def session_of(folder: Path) -> ClientSession:
    """Return a session such as Home Assistant's, which finds the server."""
    context = ssl.create_default_context(cafile=folder / "ca.pem")
    return ClientSession(connector=TCPConnector(resolver=Loopback(), ssl=context))


async def save_all(folder: Path, port: int, count: int) -> Run:
    """Save so many clips by jobs of one account."""
    media = folder / "media"
    media.mkdir()
    library = await Library(folder / "clips.db").open()
    executors = Executors()
    tasks = set()

    def spawn(life: Coroutine[Any, Any, None], name: str) -> None:
        tasks.add(asyncio.create_task(life, name=name))

    async with session_of(folder) as session:
        jobs = Jobs(
            account_id="bench",
            account_name="bench",
            source=Roll(session, f"https://{HOST}:{port}/film.mp4"),
            library=library,
            find_camera=lambda camera_id: Camera(id=camera_id, name=camera_id),
            downloads_at_once=DEFAULT_DOWNLOADS_AT_ONCE,
            executors=executors,
            spawn=spawn,
            on_ended=lambda job: None,
            sign_in_again=lambda: None,
        )

        async def save(number: int) -> None:
            name = f"Camera {number % CAMERAS}"
            start = START + timedelta(seconds=number * LENGTH_S)
            running = await jobs.ask(
                Camera(id=name, name=name),
                Window(start, start + timedelta(seconds=LENGTH_S)),
                root=media,
                filename=PurePosixPath(name, f"{start:%F}", f"{start:%H-%M-%S}"),
                timeout=timedelta(minutes=10),
            )
            job = await running.done
            if job.state is not JobState.SAVED:
                raise SystemExit(f"not saved: {job.error}")

        # What is needed once is there before: threads, code, connections.
        await asyncio.gather(*(save(number) for number in range(-4, 0)))
        cpu, started = cpu_seconds(), time.perf_counter()
        await asyncio.gather(*(save(number) for number in range(count)))
        run = Run(time.perf_counter() - started, cpu_seconds() - cpu)
    await library.close()
    executors.shutdown()
    return run


async def get_all(
    folder: Path, port: int, count: int, at_once: int | None = None
) -> Run:
    """Get so many files by `asyncio.gather`, `at_once` at most."""
    media = folder / "media"
    media.mkdir()
    slots = asyncio.Semaphore(at_once or count)
    async with session_of(folder) as session:

        async def get(number: int) -> None:
            async with (
                slots,
                session.get(f"https://{HOST}:{port}/film.mp4") as response,
            ):
                with (media / f"{number}.mp4").open("wb") as file:
                    async for chunk in response.content.iter_chunked(2**16):
                        file.write(chunk)

        await asyncio.gather(*(get(number) for number in range(-4, 0)))
        cpu, started = cpu_seconds(), time.perf_counter()
        await asyncio.gather(*(get(number) for number in range(count)))
        return Run(time.perf_counter() - started, cpu_seconds() - cpu)


WAYS: dict[str, Callable[[Path, int, int], Coroutine[Any, Any, Run]]] = {
    "ours": save_all,
    "gather": get_all,
    "as many at once": functools.partial(get_all, at_once=DEFAULT_DOWNLOADS_AT_ONCE),
}


def in_process(way: str, folder: Path, port: int, count: int) -> Run:
    """Run one way in a process of its own, on a disk without what another left."""
    for left in ("media", "clips.db", "clips.db-wal", "clips.db-shm"):
        shutil.rmtree(folder / left, ignore_errors=True)
        (folder / left).unlink(missing_ok=True)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context) as process:
        return process.submit(run_way, way, folder, port, count).result()


def run_way(way: str, folder: Path, port: int, count: int) -> Run:
    """Run one way in this process."""
    return asyncio.run(WAYS[way](folder, port, count))


@contextmanager
def no_limit(folder: Path) -> Iterator[int]:
    """Serve the film as fast as this machine can."""
    with nginx(folder) as ports:
        yield ports.tls


def measure(options: argparse.Namespace) -> Iterator[Row]:
    """Fetch all clips over each line, one way after the other."""
    count = QUICK_CLIPS if options.quick else CLIPS
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        (folder / "www").mkdir(mode=0o755)
        make_film(folder / "www" / "film.mp4", LENGTH_S, CLIP_BYTES)
        for line, serving, is_goal in (
            (
                f"{LINE_MBIT_S} Mbit/s, {FIRST_BYTE_S * 1000:.0f} ms to the first byte",
                served(folder, LINE_MBIT_S, FIRST_BYTE_S),
                True,
            ),
            ("loopback without a limit", no_limit(folder), False),
        ):
            runs: dict[str, list[Run]] = {way: [] for way in WAYS}
            with serving as port:
                for _ in range(options.rounds):
                    for way in WAYS:
                        runs[way].append(in_process(way, folder, port, count))
            yield from rows(f"{count} clips of 2 MiB, {line}", runs, is_goal=is_goal)


def rows(work: str, runs: dict[str, list[Run]], *, is_goal: bool) -> Iterator[Row]:
    """Tell of one line. The issue's goal is for a line, as there is one to every cloud."""
    ours = runs["ours"]
    count = float(work.split(maxsplit=1)[0])
    for way, against in (
        ("gather", "asyncio.gather, unlimited"),
        ("as many at once", f"asyncio.gather, {DEFAULT_DOWNLOADS_AT_ONCE} at once"),
    ):
        yield Row(
            work=work,
            against=against,
            unit="s",
            ours=[one.seconds for one in ours],
            theirs=[one.seconds for one in runs[way]],
            goal=GOAL if is_goal else None,
        )
    yield Row(
        work=f"CPU a clip, {work}",
        against="asyncio.gather, unlimited",
        unit="ms",
        ours=[one.cpu_seconds / count * 1000 for one in ours],
        theirs=[one.cpu_seconds / count * 1000 for one in runs["gather"]],
    )


if __name__ == "__main__":
    main(__doc__, measure)
