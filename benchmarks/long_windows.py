"""Clips of 1, 6 and 24 hours: time, bytes written, memory and disk, as they grow.

    python -m benchmarks.long_windows [--rounds 5]

Parts of five minutes come over TLS on loopback from nginx: transport streams, as Meraki
sends them, and MP4, as Kinesis does. Each clip is a whole job, from asked to recorded, in a
process of its own. `MBIT_S` and `FPS` in the environment make other footage.
"""

import argparse
import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
import multiprocessing
import os
from pathlib import Path, PurePosixPath
import tempfile
import threading
from typing import Self

from custom_components.clip_download.engine.model import Part
from custom_components.clip_download.engine.time_range import Placing, Window

from .footage import write
from .servers import HOST, nginx
from .shelf import account
from .table import Row, main
from .watching import watched

MBIT_S = float(os.environ.get("MBIT_S", "0.25"))
FPS = int(os.environ.get("FPS", "10"))
HOURS = (1, 6, 24)
QUICK_HOURS = (1, 2, 3)
PART = timedelta(minutes=5)
START = datetime(2026, 11, 20, tzinfo=UTC)
# How often it is looked how much is on the disk: by this process, as looking at hundreds
# of parts would cost the other one more, the longer its clip is.
LOOK_S = 0.05
MOST_ADDED_MIB = 64


@dataclass(frozen=True, kw_only=True)
class Kind:
    """How a cloud hands footage over."""

    name: str
    container: str
    suffix: str
    placing: Placing
    parts_at_once: int


KINDS = (
    Kind(
        name="transport streams",
        container="mpegts",
        suffix="ts",
        placing=Placing.REQUESTED,
        parts_at_once=2,
    ),
    Kind(
        name="MP4",
        container="mp4",
        suffix="mp4",
        placing=Placing.SEQUENCE,
        parts_at_once=6,
    ),
)


@dataclass(frozen=True, kw_only=True)
class Saved:
    """What one clip cost."""

    hours: int
    seconds: float
    cpu_seconds: float
    added_mib: float
    clip_bytes: int
    written_bytes: int
    # Told by who looks at the disk.
    most_on_disk_bytes: int = 0


class Disk:
    """Looks how much a folder has on the disk, for as long as the block takes."""

    def __init__(self, folder: Path) -> None:
        """Take the folder."""
        self.most_bytes = 0
        self._folder = folder
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def _look(self) -> None:
        while not self._stop.wait(LOOK_S):
            # By number: while it is published, a file has two names.
            there: dict[int, int] = {}
            for path in self._folder.rglob("*"):
                with suppress(OSError):
                    about = path.stat()
                    there[about.st_ino] = about.st_blocks * 512
            self.most_bytes = max(self.most_bytes, sum(there.values()))

    def __enter__(self) -> Self:
        """Begin to look."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self._stop.set()
        self._thread.join()


def written_bytes() -> int:
    """Return what this process has had written to disks so far."""
    for line in Path("/proc/self/io").read_text().splitlines():
        if line.startswith("write_bytes:"):
            return int(line.split()[1])
    raise OSError("no write_bytes")


async def save(folder: Path, work: Path, url: str, kind: Kind, hours: int) -> Saved:
    """Save a clip of so many hours, in a folder of work."""
    async with account(
        folder,
        work / "media",
        work / "clips.db",
        lambda camera, part: url,
        parts=lambda window: [
            Part(window=one, placing=kind.placing) for one in window.split(PART)
        ],
        parts_at_once=kind.parts_at_once,
        downloads_at_once=2,
    ) as save_clip:
        # A first clip brings what stays: code, threads, connections, decoders.
        warm = Window(START, START + 4 * PART)
        (await save_clip("warm", warm, PurePosixPath("warm"))).path.unlink()
        before_bytes = written_bytes()
        window = Window(START, START + timedelta(hours=hours))
        async with watched() as seen:
            clip = await save_clip("long", window, PurePosixPath("long"))
        written = written_bytes() - before_bytes
        clip_bytes = clip.path.stat().st_size
    return Saved(
        hours=hours,
        seconds=seen.seconds,
        cpu_seconds=seen.cpu_seconds,
        added_mib=seen.added_mib,
        clip_bytes=clip_bytes,
        written_bytes=written,
    )


def save_here(folder: Path, work: Path, url: str, kind: Kind, hours: int) -> Saved:
    """Save a clip in this process."""
    return asyncio.run(save(folder, work, url, kind, hours))


def save_elsewhere(folder: Path, url: str, kind: Kind, hours: int) -> Saved:
    """Save a clip in a process of its own, and remove it; look at the disk meanwhile."""
    context = multiprocessing.get_context("spawn")
    with (
        tempfile.TemporaryDirectory(dir=folder) as name,
        ProcessPoolExecutor(1, mp_context=context) as pool,
    ):
        work = Path(name)
        (work / "media").mkdir()
        with Disk(work / "media") as disk:
            saved = pool.submit(save_here, folder, work, url, kind, hours).result()
    return replace(saved, most_on_disk_bytes=disk.most_bytes)


def measure(options: argparse.Namespace) -> Iterator[Row]:
    """Save all clips in turns, and tell how what they cost grows."""
    all_hours = QUICK_HOURS if options.quick else HOURS
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        (folder / "www").mkdir(mode=0o755)
        folder.chmod(0o755)
        frames_ms = range(0, PART // timedelta(milliseconds=1), 1000 // FPS)
        for kind in KINDS:
            path = folder / f"www/part.{kind.suffix}"
            write(path, frames_ms, container=kind.container, mbit_s=MBIT_S)
        saved: dict[tuple[str, int], list[Saved]] = {}
        with nginx(folder) as ports:
            for _ in range(options.rounds):
                for kind in KINDS:
                    for hours in all_hours:
                        url = f"https://{HOST}:{ports.tls}/part.{kind.suffix}"
                        one = save_elsewhere(folder, url, kind, hours)
                        saved.setdefault((kind.name, hours), []).append(one)
        for kind in KINDS:
            part_bytes = (folder / f"www/part.{kind.suffix}").stat().st_size
            runs = [saved[kind.name, hours] for hours in all_hours]
            yield from rows(kind.name, runs, part_bytes)


def rows(kind: str, runs: Sequence[Sequence[Saved]], part_bytes: int) -> Iterator[Row]:
    """Tell of the clips of one kind, the shortest first."""
    one, *others = runs

    def values(of: Sequence[Saved], field: str, by: str = "hours") -> list[float]:
        return [getattr(each, field) / getattr(each, by) for each in of]

    for longer in others:
        hours = longer[0].hours
        for what, field, unit, goal in (
            ("time", "seconds", "s", 1.1),
            ("CPU", "cpu_seconds", "s", None),
        ):
            yield Row(
                work=f"{_length(hours)} of {kind}: {what} an hour",
                against="of a single hour",
                unit=unit,
                ours=values(longer, field),
                theirs=values(one, field),
                goal=goal,
            )
        yield Row(
            work=f"{_length(hours)} of {kind}: bytes written for each of the clip",
            against="of a single hour",
            unit="bytes",
            ours=values(longer, "written_bytes", "clip_bytes"),
            theirs=values(one, "written_bytes", "clip_bytes"),
            goal=1.1,
        )
    for run in runs:
        hours = run[0].hours
        yield Row(
            work=f"{_length(hours)} of {kind}: memory added",
            against="",
            unit="MiB",
            ours=[each.added_mib for each in run],
            goal=MOST_ADDED_MIB,
        )
        yield Row(
            work=f"{_length(hours)} of {kind}: on the disk at once, besides the clip",
            against="",
            unit="parts",
            ours=[
                (each.most_on_disk_bytes - each.clip_bytes) / part_bytes for each in run
            ],
            goal=2,
        )


def _length(hours: int) -> str:
    return f"{hours} hour{'s' * (hours > 1)}"


if __name__ == "__main__":
    main(__doc__, measure)
