"""An hour of transport stream in twelve parts, from asked to published.

    python -m benchmarks.joining [--rounds 5]

nginx serves it over TLS on loopback. Beside it: `curl` for each part, one after the other,
and then ffmpeg, which joins them with `-c copy -movflags +faststart`; in two of the ways
the clip is hashed then, and synced, as ours is. The last row is of a fifth of it on a line
of 100 Mbit/s a request. Every measurement of ours runs in a process of its own; all take
turns. Needs Debian's `nginx-light`, `curl`, `ffmpeg` and `openssl`.
"""

import argparse
import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path, PurePosixPath
import resource
import shutil
import subprocess
import sys
import tempfile
import time

from custom_components.clip_download.engine.model import Camera, Part
from custom_components.clip_download.engine.time_range import Placing, Window

from .servers import HOST, nginx
from .shelf import account
from .table import Row, main
from .watching import cpu_seconds

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
PARTS = 12
PART_S, SHORT_PART_S = 300, 60
# What is encoded; the rest repeats it.
SAMPLE_S = 20
SLOW_MBIT_S = 100.0
GOAL = 0.7
BARE = "curl for each part, then ffmpeg"
# What is done with their clip in the end, by the way that it is made.
THEIRS: dict[str, Sequence[Sequence[str]]] = {
    BARE: (),
    f"{BARE}, then sha256sum": (["sha256sum"],),
    f"{BARE}, then openssl dgst -sha256, then sync": (
        ["openssl", "dgst", "-sha256"],
        ["sync"],
    ),
}


def make_parts(folder: Path, name: str, part_s: int) -> None:
    """Write the parts of a stream of 4 Mbit/s, as an encoder of cameras sends it."""
    sample = folder / "sample.mp4"
    if not sample.exists():
        ffmpeg(
            *("-f", "lavfi", "-i"),
            "testsrc2=size=1920x1080:rate=25,noise=alls=12:allf=t",
            *("-f", "lavfi", "-i", "sine=sample_rate=16000", "-t", str(SAMPLE_S)),
            *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"),
            *("-g", "50", "-b:v", "3900k", "-maxrate", "3900k", "-bufsize", "7800k"),
            *("-c:a", "aac", "-b:a", "64k", "-ac", "1", sample),
        )
    for number in range(PARTS):
        ffmpeg(
            *("-stream_loop", str(part_s // SAMPLE_S - 1), "-i", sample, "-c", "copy"),
            *("-output_ts_offset", str(number * part_s), "-f", "mpegts"),
            folder / f"www/{name}{number}.ts",
        )


def ffmpeg(*arguments: str | Path) -> None:
    """Run ffmpeg."""
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", *map(str, arguments)]
    subprocess.run(command, check=True)


def theirs(
    folder: Path, port: int, name: str, then: Sequence[Sequence[str]] = ()
) -> tuple[float, float]:
    """Return how many seconds, and how many of a processor, curl and ffmpeg take.

    Commands in `then` are given the clip in the end, and count, too.
    """
    work = folder / "theirs"
    work.mkdir()
    names = [f"{name}{number}.ts" for number in range(PARTS)]
    (work / "list").write_text("".join(f"file {one}\n" for one in names))
    before_s = _children_s()
    began = time.perf_counter()
    for one in names:
        command = ["curl", "--silent", "--fail", "--cacert", str(folder / "ca.pem")]
        command += ["--resolve", f"{HOST}:{port}:127.0.0.1"]
        command += ["-o", str(work / one), f"https://{HOST}:{port}/{one}"]
        subprocess.run(command, check=True)
    joined = ("-f", "concat", "-i", work / "list", "-c", "copy")
    clip = work / "clip.mp4"
    ffmpeg(*joined, "-movflags", "+faststart", clip)
    for one_more in then:
        subprocess.run([*one_more, str(clip)], check=True, stdout=subprocess.DEVNULL)
    took_s = time.perf_counter() - began
    shutil.rmtree(work)
    return took_s, _children_s() - before_s


def ours(folder: Path, port: int, name: str, part_s: int) -> tuple[float, float]:
    """Return what `save` measures in a new process."""
    arguments = json.dumps([str(folder), port, name, part_s])
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.joining", "--child", arguments],
        check=True,
        capture_output=True,
        text=True,
    )
    shutil.rmtree(folder / "media")
    wall_s, processor_s = json.loads(done.stdout)
    return wall_s, processor_s


async def save(folder: Path, port: int, name: str, part_s: int) -> tuple[float, float]:
    """Save a clip; return how many seconds that takes, and how many of a processor."""
    media = folder / "media"
    media.mkdir()
    (folder / "clips.db").unlink(missing_ok=True)

    def address(_: Camera, part: Part) -> str:
        number = round((part.window.start - START) / part.window.duration)
        return f"https://{HOST}:{port}/{name}{number}.ts"

    async with account(
        folder,
        media,
        folder / "clips.db",
        address,
        parts=parts_of,
        parts_at_once=2,
        downloads_at_once=4,
    ) as save_clip:
        before_s, began = cpu_seconds(), time.perf_counter()
        window = Window(START, START + timedelta(seconds=PARTS * part_s))
        await save_clip("camera", window, PurePosixPath("clip"))
        return time.perf_counter() - began, cpu_seconds() - before_s


def parts_of(window: Window) -> list[Part]:
    """Return the parts of a window, as a cloud of transport streams plans them."""
    return [
        Part(window=one, placing=Placing.REQUESTED)
        for one in window.split(window.duration / PARTS)
    ]


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(options: argparse.Namespace) -> Iterator[Row]:
    """Measure both lines."""
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        (folder / "www").mkdir(mode=0o755)
        part_s = SHORT_PART_S if options.quick else PART_S
        make_parts(folder, "hour", part_s)
        make_parts(folder, "short", SHORT_PART_S)
        with nginx(folder) as ports:
            mine: list[tuple[float, float]] = []
            others: dict[str, list[tuple[float, float]]] = {way: [] for way in THEIRS}
            for _ in range(options.rounds):
                mine.append(ours(folder, ports.tls, "hour", part_s))
                for way, then in THEIRS.items():
                    others[way].append(theirs(folder, ports.tls, "hour", then))
        for way, other in others.items():
            for number, work, goal in (
                (0, "an hour of TS in 12 parts, asked to published", GOAL),
                (1, "the same: time of a processor", None),
            ):
                yield Row(
                    work=work,
                    against=way,
                    unit="s",
                    ours=[one[number] for one in mine],
                    theirs=[one[number] for one in other],
                    goal=goal if way == BARE else None,
                )
        with nginx(folder, SLOW_MBIT_S) as ports:
            mine, other = [], []
            for _ in range(min(options.rounds, 3)):
                mine.append(ours(folder, ports.tls, "short", SHORT_PART_S))
                other.append(theirs(folder, ports.tls, "short"))
        yield Row(
            work="12 parts of a minute, 100 Mbit/s a request",
            against=BARE,
            unit="s",
            ours=[wall_s for wall_s, _ in mine],
            theirs=[wall_s for wall_s, _ in other],
            goal=GOAL,
        )


if __name__ == "__main__":
    if "--child" in sys.argv:
        given, *others = json.loads(sys.argv[-1])
        json.dump(asyncio.run(save(Path(given), *others)), sys.stdout)
    else:
        main(__doc__, measure)
