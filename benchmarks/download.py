"""Saving clips beside what people would use instead: time, CPU, memory, and the loop.

    .venv/bin/python -m benchmarks.download

nginx serves real MP4s over TLS on loopback. The saving is the whole of it: a job from
asked to recorded, with hash, check, picture and sidecar, synced to the disk. The others
give a file and its hash; only where it says so is theirs on the disk, too.
"""

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path
import tempfile

from .downloaders import BUCKET, WARM, Taken, Work, take, take_curl
from .servers import make_mp4, nginx
from .table import Row, main

CURL = "curl -o, then sha256sum"
CURL_SYNCED = "curl -o, then openssl dgst -sha256, then sync"
OTHERS = {
    "ring_doorbell": "ring_doorbell's download, hashed",
    "botocore": "botocore's get_object, hashed",
    "botocore_synced": "botocore's get_object, synced, hashed",
    "home_assistant": "Home Assistant's downloader, hashed",
}


def measure(options: argparse.Namespace) -> Iterable[Row]:
    """Fetch one large file, then eight at once, everybody in turn."""
    one_mib, each_mib = (50, 10) if options.quick else (1024, 100)
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        files = folder / "www" / BUCKET
        files.mkdir(parents=True)
        folder.chmod(0o755)
        warm_s = make_mp4(files / f"{WARM}.mp4", 1).total_seconds()
        one_s = make_mp4(files / "large.mp4", one_mib).total_seconds()
        each_s = make_mp4(files / "medium.mp4", each_mib).total_seconds()
        with nginx(folder) as ports:
            one = Work(
                folder=str(folder),
                port=ports.tls,
                name="large",
                count=1,
                duration_s=one_s,
                warm_s=warm_s,
            )
            eight = Work(
                folder=str(folder),
                port=ports.tls,
                name="medium",
                count=8,
                duration_s=each_s,
                warm_s=warm_s,
            )
            yield from _rows(f"one of {one_mib} MiB", one, options.rounds, 32)
            yield from _rows(f"eight of {each_mib} MiB", eight, options.rounds, 64)


def _rows(label: str, work: Work, rounds: int, most_mib: float) -> Iterator[Row]:
    """Measure everybody, round by round; give what there is to say of it."""
    ways = ["ours", CURL, CURL_SYNCED, *OTHERS]
    taken: dict[str, list[Taken]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way in ways:
            if way == CURL:
                one = take_curl(work, ["sha256sum"])
            elif way == CURL_SYNCED:
                one = take_curl(work, ["openssl", "dgst", "-sha256"], ["sync"])
            else:
                one = take(way, work)
            taken[way].append(one)

    def row(
        what: str, field: str, unit: str, against: str = "", goal: float | None = None
    ) -> Row:
        theirs = taken.get(against, [])
        return Row(
            work=f"{label}: {what}",
            against=OTHERS.get(against, against),
            unit=unit,
            ours=[getattr(each, field) for each in taken["ours"]],
            theirs=[getattr(each, field) for each in theirs],
            goal=goal,
        )

    yield row("time", "seconds", "s", CURL, 0.9)
    yield row("CPU", "cpu_seconds", "s", CURL, 1.1)
    yield row("time", "seconds", "s", CURL_SYNCED)
    yield row("CPU", "cpu_seconds", "s", CURL_SYNCED)
    yield row("memory added", "added_mib", "MiB", goal=most_mib)
    for other in OTHERS:
        yield row("time", "seconds", "s", other, 1)
        yield row("CPU", "cpu_seconds", "s", other, 1)
        yield row("memory added", "added_mib", "MiB", other, 1)
    for other in (CURL, "ring_doorbell", "botocore", "home_assistant"):
        yield Row(
            work=f"{label}: time of all, beside the bytes alone",
            against=OTHERS.get(other, other).partition(",")[0],
            unit="s",
            ours=[each.seconds for each in taken["ours"]],
            theirs=[each.bare_seconds for each in taken[other]],
        )
    yield Row(
        work=f"{label}: loop later than idle, p99",
        against="",
        unit="ms",
        ours=[each.busy_p99_ms - each.idle_p99_ms for each in taken["ours"]],
        goal=5,
    )
    yield row("loop late, worst", "busy_worst_ms", "ms", goal=50)


if __name__ == "__main__":
    main(__doc__, measure)
