"""What a process costs while it works: how late its loop is, its memory, its CPU."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
import gc
from pathlib import Path
import resource
import statistics
import time

MIB = 2**20
TICK_S = 0.001


@dataclass(kw_only=True)
class Watched:
    """What was seen of a stretch of work; all of it is known when it has ended."""

    seconds: float = 0
    cpu_seconds: float = 0
    added_mib: float = 0
    late_ms: list[float] = field(default_factory=list, repr=False)

    @property
    def late_p99_ms(self) -> float:
        """How late the loop was, of 100 times the second worst."""
        return p99(self.late_ms)

    @property
    def late_worst_ms(self) -> float:
        """The longest that the loop was held."""
        return max(self.late_ms)


@asynccontextmanager
async def watched() -> AsyncIterator[Watched]:
    """Watch this process and its loop for as long as the block takes."""
    seen = Watched()
    gc.collect()
    before_mib = forget_peak()
    stop = asyncio.Event()
    ticking = asyncio.create_task(ticks(stop))
    # It waits for its first tick when the work begins.
    await asyncio.sleep(0)
    cpu, started = cpu_seconds(), time.perf_counter()
    try:
        yield seen
    finally:
        seen.seconds = time.perf_counter() - started
        seen.cpu_seconds = cpu_seconds() - cpu
        seen.added_mib = peak_mib() - before_mib
        stop.set()
        seen.late_ms = await ticking


async def ticks(stop: asyncio.Event) -> list[float]:
    """Return how many ms late the loop came back to us, each time."""
    late_ms = []
    while not stop.is_set():
        asked = time.perf_counter()
        await asyncio.sleep(TICK_S)
        late_ms.append((time.perf_counter() - asked - TICK_S) * 1000)
    return late_ms


def p99(values: Sequence[float]) -> float:
    """Return what one of a hundred is above."""
    return (
        statistics.quantiles(values, n=100, method="inclusive")[98]
        if len(values) > 1
        else values[0]
    )


def cpu_seconds() -> float:
    """Return the CPU time of this process, its threads, and the children it waited for."""
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(
            resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        )
    )


def resident_mib() -> float:
    """Return the memory that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / MIB


def peak_mib(process_id: int | str = "self") -> float:
    """Return the most that a process held since its peak was last forgotten."""
    for line in Path(f"/proc/{process_id}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    raise OSError("no VmHWM")


def forget_peak() -> float:
    """Forget the most that this process held; return what it holds now."""
    Path("/proc/self/clear_refs").write_text("5")
    return resident_mib()
