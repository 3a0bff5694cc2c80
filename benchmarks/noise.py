"""What the machine does by itself, told beside what is measured on it."""

import asyncio
from dataclasses import dataclass
from importlib import metadata
import os
from pathlib import Path
import platform
import shutil
import subprocess
import time
from typing import Any

from .watching import MIB, cpu_seconds, p99, ticks

WRITTEN_MIB = 128


@dataclass(frozen=True, kw_only=True)
class Noise:
    """What was seen while nothing was to be done."""

    others_percent: float
    late_p99_ms: float
    write_mib_s: float


def listen(folder: Path, *, seconds: float = 3) -> Noise:
    """Do nothing for a while, then write a file: see what of the machine others take."""
    began, own = _cpu_ticks(), cpu_seconds()
    late_ms = asyncio.run(_idle(seconds))
    busy, total = (now - then for now, then in zip(_cpu_ticks(), began, strict=True))
    busy -= round((cpu_seconds() - own) * os.sysconf("SC_CLK_TCK"))
    return Noise(
        others_percent=100 * max(busy, 0) / max(total, 1),
        late_p99_ms=p99(late_ms),
        write_mib_s=_write_mib_s(folder / "noise"),
    )


def machine() -> dict[str, Any]:
    """Return what one has to know of the machine to compare with another's results."""
    return {
        "cpu": _field("/proc/cpuinfo", "model name"),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(
            int(_field("/proc/meminfo", "MemTotal").split()[0]) / MIB, 1
        ),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "homeassistant": metadata.version("homeassistant"),
        "av": metadata.version("av"),
        "curl": _version("curl", "--version", word=1),
        "ffmpeg": _version("ffmpeg", "-version", word=2),
        "nginx": _version("nginx", "-v", word=2).removeprefix("nginx/"),
    }


async def _idle(seconds: float) -> list[float]:
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, stop.set)
    return await ticks(stop)


def _cpu_ticks() -> tuple[int, int]:
    """Return how long all cores were busy, or taken by the host, and all time there was."""
    numbers = [
        int(number)
        for number in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]
    ]
    idle, waiting = numbers[3:5]
    return sum(numbers) - idle - waiting, sum(numbers)


def _write_mib_s(path: Path) -> float:
    """Return how fast a new file reaches the disk."""
    block = os.urandom(MIB)
    try:
        with path.open("wb", buffering=0) as file:
            began = time.perf_counter()
            for _ in range(WRITTEN_MIB):
                file.write(block)
            os.fsync(file.fileno())
        return WRITTEN_MIB / (time.perf_counter() - began)
    finally:
        path.unlink()


def _field(path: str, name: str) -> str:
    """Return what a file of the kernel says under a name."""
    for line in Path(path).read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return "unknown 0"


def _version(*command: str, word: int) -> str:
    """Return what a program calls itself, or that there is none."""
    if not shutil.which(command[0]):
        return "none"
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return (done.stdout or done.stderr).split()[word]
