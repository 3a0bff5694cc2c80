"""How fast a transport stream becomes an MP4, side by side with ffmpeg.

    .venv/bin/python benchmarks/remux.py [--rounds N] [--folder FOLDER]

Makes 300 s of 1080p (about 100 MB) once, by looping 20 s, then times in turn
`clips.mp4.finish` and `ffmpeg -c copy -movflags +faststart`. Needs Debian's ffmpeg.
The ratio is ffmpeg's time divided by ours: 1 is as fast, 0.5 takes twice as long.
"""

import argparse
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(Path(__file__).parents[1]))

from custom_components.clip_download.engine.folder import File, Folder
from custom_components.clip_download.engine.media import clip_file
from custom_components.clip_download.engine.time_range import Window

MIB = 2**20
TARGET_RATIO = 0.5
START = datetime(2026, 11, 21, tzinfo=UTC)


def main() -> int:
    """Print the table; fail if the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--folder", type=Path, help="where to work; default: temporary")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        folder = Path(name)
        source = make_source(folder)
        theirs_path = folder / "ffmpeg.mp4"
        length = clip_file.inspect(File.at(source)).duration
        window = Window(START, START + length)
        made: list[clip_file.Made] = []

        def ours() -> None:
            piece = clip_file.Piece(file=File.at(source), window=window)
            finished = clip_file.finish(
                [piece], window, Folder.open(folder), cancelled=threading.Event()
            )
            made[:] = finished.files

        copying = ("-i", source, "-c", "copy", "-movflags", "+faststart", theirs_path)

        def theirs() -> None:
            ffmpeg(*copying)

        before_kb = peak_kb()
        ours()
        added_kb = peak_kb() - before_kb
        their_peak_kb = ffmpeg_peak_kb(*copying)
        times_s = [(timed(ours), timed(theirs)) for _ in range(arguments.rounds)]
        our_times_s, their_times_s = zip(*times_s, strict=True)
        ratio = median(theirs_s / ours_s for ours_s, theirs_s in times_s)
        source_mib = source.stat().st_size / MIB

        print(
            f"{length.total_seconds():.1f} s of 1080p H.264 + AAC, {source_mib:.0f} MiB"
        )
        print(
            f"{'':8}{'best s':>9}{'median s':>10}{'MiB/s':>8}{'made MiB':>10}{'RSS MiB':>9}"
        )
        for label, all_s, path, memory in (
            ("finish", our_times_s, made[0].file.path, f"+{added_kb / 1024:.1f}"),
            ("ffmpeg", their_times_s, theirs_path, f"{their_peak_kb / 1024:.1f}"),
        ):
            print(
                f"{label:8}{min(all_s):9.3f}{median(all_s):10.3f}"
                f"{source_mib / median(all_s):8.0f}"
                f"{path.stat().st_size / MIB:10.1f}{memory:>9}"
            )
        print(f"ratio {ratio:.2f} of ffmpeg's speed (target: at least {TARGET_RATIO})")
    return 0 if ratio >= TARGET_RATIO else 1


def make_source(folder: Path) -> Path:
    """Make the transport stream."""
    sample, source = folder / "sample.mp4", folder / "source.ts"
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=size=1920x1080:rate=20"),
        *("-f", "lavfi", "-i", "sine=sample_rate=16000", "-t", "20"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "40"),
        *("-b:v", "2600k", "-maxrate", "2600k", "-bufsize", "5200k"),
        *("-c:a", "aac", "-b:a", "32k", "-ac", "1", sample),
    )
    ffmpeg("-stream_loop", "14", "-i", sample, "-c", "copy", "-f", "mpegts", source)
    return source


def ffmpeg(*arguments: str | Path) -> None:
    """Run ffmpeg."""
    subprocess.run(command(*arguments), check=True)


def ffmpeg_peak_kb(*arguments: str | Path) -> int:
    """Run ffmpeg, which takes longer so, and return the most memory that it had."""
    process = subprocess.Popen(command(*arguments))
    peak = 0
    while process.poll() is None:
        with suppress(IndexError, OSError):
            # A process that is about to end says nothing more.
            peak = peak_kb(process.pid)
        time.sleep(0.002)
    return peak


def command(*arguments: str | Path) -> list[str]:
    """Return a command line that asks nothing and says only what is wrong."""
    return ["ffmpeg", "-nostdin", "-v", "error", "-y", *map(str, arguments)]


def timed(call: Callable[[], object]) -> float:
    """Return how many seconds a call takes."""
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def peak_kb(process_id: int | str = "self") -> int:
    """Return the most memory that a process ever had."""
    status = Path(f"/proc/{process_id}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


if __name__ == "__main__":
    sys.exit(main())
