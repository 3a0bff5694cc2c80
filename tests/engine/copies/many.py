"""Copies very many small clips in a process of its own, and reports what that took.

Run as a module with a folder, a store and a number: `python -m tests.engine.copies.many`.
"""

import asyncio
import gc
import json
from pathlib import Path
import sys
import time

from custom_components.clip_download.engine.targets.base import BytesContent
from tests.stores import s3_target

from .house import TARGET, House, house

_LARGE_BYTES = 40 * 2**20


def _memory_mb(what: str) -> float:
    """Return what this process has (VmRSS), or the most that it had (VmHWM), in MiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(what):
            return int(line.split()[1]) / 1024
    raise LookupError(what)


async def _longest_block(blocks: list[float]) -> None:
    """Note for how long the event loop did not come by."""
    loop = asyncio.get_running_loop()
    while True:
        began_s = loop.time()
        await asyncio.sleep(0.005)
        blocks.append(loop.time() - began_s - 0.005)


async def _lay(home: House, number: int) -> None:
    for first in range(0, number, 500):
        numbers = range(first, min(first + 500, number))
        await home.record(
            *(home.lay(f"{one:05}", one % 1000, size_bytes=2000) for one in numbers)
        )
    await home.save("large", size_bytes=_LARGE_BYTES)


async def main(folder: Path, url: str, prefix: str, number: int) -> None:
    """Copy clips, and write what it took as JSON."""
    async with s3_target(url, prefix=prefix) as target, house(folder, target) as home:
        await target.put("first", BytesContent(b"x"))
        await _lay(home, number)
        # What it had at most is counted from here on.
        gc.collect()
        Path("/proc/self/clear_refs").write_text("5")
        before_mb, began_s = _memory_mb("VmRSS"), time.monotonic()
        cpu_s = time.process_time()
        blocks: list[float] = []
        watch = asyncio.create_task(_longest_block(blocks))
        await home.copy_all(most_s=3600)
        watch.cancel()
        status = await home.store.status(TARGET)
        report = {
            "copied": status.copied,
            "waiting": status.waiting,
            "more_mb": round(_memory_mb("VmHWM") - before_mb, 1),
            "took_s": round(time.monotonic() - began_s, 1),
            "cpu_s": round(time.process_time() - cpu_s, 1),
            "longest_block_ms": round(max(blocks) * 1000, 1),
        }
    sys.stdout.write(json.dumps(report))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])))
