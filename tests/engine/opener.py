"""Open files as they are fetched, in a process of its own, and tell what that took.

Run as a module, it takes a path a line, and answers each with what it took. Nothing that
a file does can harm more than this process.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
import json
from pathlib import Path
import resource
import subprocess
import sys
from tempfile import TemporaryDirectory
import threading
import time
from typing import Self

from custom_components.clip_download.engine.errors import ClipError
from custom_components.clip_download.engine.folder import File, Folder
from custom_components.clip_download.engine.media.clip_file import (
    Piece,
    finish,
    inspect,
    picture,
)
from custom_components.clip_download.engine.time_range import Placing, Window

from .media.inputs import START

# What a process may take before it is ended.
MOST_BYTES = 3 * 2**30
MOST_CPU_S = 60
WINDOW = Window(START, START + timedelta(minutes=1))


@dataclass(frozen=True)
class Took:
    """What it took to open a file, and the key of what was told for each way to do it.

    `fault` is what must not happen: another exception, or how the process ended.
    """

    more_mb: float = 0
    cpu_s: float = 0
    told: Sequence[str | None] = ()
    fault: str | None = None


class Opener:
    """A process that opens files."""

    def __init__(self, honest: Path) -> None:
        """Take a file that it opens first, so that it has all that every file needs."""
        self._honest = honest

    def __enter__(self) -> Self:
        """Start it."""
        self._start()
        return self

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.engine.opener", self._honest],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )

    def __exit__(self, *_: object) -> None:
        """End it."""
        self._process.communicate()

    def open(self, path: Path) -> Took:
        """Inspect a file, finish it, and take a picture of it."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{json.dumps(str(path))}\n")
        self._process.stdin.flush()
        if answer := self._process.stdout.readline():
            return Took(**json.loads(answer))
        fault = f"it ended with {self._process.wait()}"
        self._start()
        return Took(fault=fault)


def _finish(file: File) -> None:
    """Finish a file in each way in which it may have been placed."""
    errors: list[ClipError] = []
    for placing in (Placing.REQUESTED, Placing.RECORDING):
        with TemporaryDirectory() as path, Folder.open(Path(path)) as made:
            piece = Piece(file=file, window=WINDOW, placing=placing)
            try:
                finish([piece], WINDOW, made, cancelled=threading.Event())
            except ClipError as err:
                errors.append(err)
    if errors:
        raise errors[0]


WAYS: Sequence[Callable[[File], object]] = (
    inspect,
    _finish,
    lambda file: picture(file, timedelta(seconds=1)),
)


def _status_mb(name: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) / 1024
    raise KeyError(name)


def _open(path: Path) -> Took:
    # From here on, the highest is counted anew.
    Path("/proc/self/clear_refs").write_text("5")
    before_mb = _status_mb("VmRSS")
    told: list[str | None] = []
    for way in WAYS:
        try:
            way(File.at(path))
        except ClipError as err:
            told.append(err.key)
        else:
            told.append(None)
    return Took(
        more_mb=round(_status_mb("VmHWM") - before_mb, 1),
        told=told,
    )


def _main() -> None:
    _open(Path(sys.argv[1]))
    most = int(_status_mb("VmSize") * 2**20) + MOST_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    for line in sys.stdin:
        begun = time.process_time()
        until = int(begun) + MOST_CPU_S
        resource.setrlimit(resource.RLIMIT_CPU, (until, resource.RLIM_INFINITY))
        try:
            took = _open(Path(json.loads(line)))
        except Exception as err:  # noqa: BLE001
            took = Took(fault=repr(err))
        took = replace(took, cpu_s=round(time.process_time() - begun, 2))
        sys.stdout.write(f"{json.dumps(asdict(took))}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _main()
