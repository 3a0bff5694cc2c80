"""How fast a transport stream becomes an MP4, beside ffmpeg.

    python -m benchmarks.remux [--rounds 5]

Five minutes of 1080p (about 100 MB) are made once, by looping 20 s; then `clip_file.finish`
and `ffmpeg -c copy -movflags +faststart` take turns. What is joined is read twice: to see
what is in it, and to write it; of several parts, the first happens while others are
fetched. Needs Debian's `ffmpeg`.
"""

import argparse
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
import resource
import subprocess
import tempfile
import threading
import time

from custom_components.clip_download.engine.folder import File, Folder
from custom_components.clip_download.engine.media import clip_file
from custom_components.clip_download.engine.media.probe import MediaInfo
from custom_components.clip_download.engine.time_range import Placing, Window

from .table import Row, main

SAMPLE_S = 20
LOOPS, QUICK_LOOPS = 15, 3
START = datetime(2026, 11, 21, tzinfo=UTC)


def make_source(folder: Path, loops: int) -> Path:
    """Make the transport stream."""
    sample, source = folder / "sample.mp4", folder / "source.ts"
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=size=1920x1080:rate=20"),
        *("-f", "lavfi", "-i", "sine=sample_rate=16000", "-t", str(SAMPLE_S)),
        *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "40"),
        *("-b:v", "2600k", "-maxrate", "2600k", "-bufsize", "5200k"),
        *("-c:a", "aac", "-b:a", "32k", "-ac", "1", sample),
    )
    looped = ("-stream_loop", str(loops - 1), "-i", sample, "-c", "copy")
    ffmpeg(*looped, "-f", "mpegts", source)
    return source


def ffmpeg(*arguments: str | Path) -> None:
    """Run ffmpeg, which asks nothing and says only what is wrong."""
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", *map(str, arguments)]
    subprocess.run(command, check=True)


def timed(call: Callable[[], object]) -> tuple[float, float]:
    """Return how many seconds a call takes, and how many of a processor."""
    before_s, began = _processor_s(), time.perf_counter()
    call()
    return time.perf_counter() - began, _processor_s() - before_s


def _processor_s() -> float:
    used = [
        resource.getrusage(who)
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    ]
    return sum(one.ru_utime + one.ru_stime for one in used)


def measure(options: argparse.Namespace) -> Iterator[Row]:
    """Measure both, and what of ours is left where the parts were surveyed before."""
    cancelled = threading.Event()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        source = make_source(folder, QUICK_LOOPS if options.quick else LOOPS)
        length = clip_file.inspect(File.at(source)).duration
        window = Window(START, START + length)
        piece = clip_file.Piece(
            file=File.at(source), window=window, placing=Placing.REQUESTED
        )

        def finish(info: MediaInfo | None = None) -> None:
            whole = clip_file.Piece(
                file=piece.file, window=window, placing=piece.placing, info=info
            )
            made = clip_file.finish(
                [whole], window, Folder.open(folder), cancelled=cancelled
            )
            for one in made.files:
                one.file.unlink()

        def theirs() -> None:
            target = folder / "ffmpeg.mp4"
            ffmpeg("-i", source, "-c", "copy", "-movflags", "+faststart", target)
            with suppress(FileNotFoundError):
                target.unlink()

        info = clip_file.survey(piece, cancelled)
        finish(info)
        all_s, joined_s, their_s = [], [], []
        for _ in range(options.rounds):
            all_s.append(timed(finish))
            joined_s.append(timed(lambda: finish(info)))
            their_s.append(timed(theirs))
    for work, ours_s in (
        ("TS to MP4", all_s),
        ("TS to MP4, surveyed while it was fetched", joined_s),
    ):
        for which, what in enumerate(("", ": time of a processor")):
            yield Row(
                work=work + what,
                against="ffmpeg -c copy -movflags +faststart",
                unit="s",
                ours=[one[which] for one in ours_s],
                theirs=[one[which] for one in their_s],
            )


if __name__ == "__main__":
    main(__doc__, measure)
