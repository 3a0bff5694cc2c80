"""200 clips of 2 MiB of one account, beside the same GETs by `asyncio.gather`.

    python -m benchmarks.small_clips [--rounds 5]

Ours are jobs of eight cameras, each asked for, fetched, checked, hashed, published with
sidecar and picture, and recorded; theirs are what aiohttp writes to files as it comes,
all at once, or as many at once as ours.
"""

import argparse
import asyncio
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import functools
import multiprocessing
from pathlib import Path, PurePosixPath
import shutil
import tempfile
import time
from typing import Any

import av
import numpy as np

from custom_components.clip_download.const import DEFAULT_DOWNLOADS_AT_ONCE
from custom_components.clip_download.engine.time_range import Window

from .line import served
from .servers import HOST, nginx
from .shelf import account, session_of
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


async def save_all(folder: Path, port: int, count: int) -> Run:
    """Save so many clips by jobs of one account."""
    media = folder / "media"
    media.mkdir()
    async with account(
        folder,
        media,
        folder / "clips.db",
        lambda camera, part: f"https://{HOST}:{port}/film.mp4",
        downloads_at_once=DEFAULT_DOWNLOADS_AT_ONCE,
    ) as save_clip:

        async def save(number: int) -> None:
            name = f"Camera {number % CAMERAS}"
            start = START + timedelta(seconds=number * LENGTH_S)
            window = Window(start, start + timedelta(seconds=LENGTH_S))
            filename = PurePosixPath(name, f"{start:%F}", f"{start:%H-%M-%S}")
            await save_clip(name, window, filename)

        # What is needed once is there before: threads, code, connections.
        await asyncio.gather(*(save(number) for number in range(-4, 0)))
        cpu, started = cpu_seconds(), time.perf_counter()
        await asyncio.gather(*(save(number) for number in range(count)))
        return Run(time.perf_counter() - started, cpu_seconds() - cpu)


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
