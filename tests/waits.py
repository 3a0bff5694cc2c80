"""How tests wait: for something to come about, and never without an end."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

# Far longer than anything takes on a machine that is busy with other things.
LONGEST_S = 60.0


def open_files() -> list[Path]:
    """Return what this process has open."""
    found = []
    for link in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            found.append(link.readlink())
    return found


def is_open(path: Path) -> bool:
    """Say whether this process has a file open: whoever reads or writes it is at it."""
    return path in open_files()


async def came_about(
    condition: Callable[[], object], within_s: float = LONGEST_S
) -> bool:
    """Wait until something is so; return whether it came to that in time."""
    try:
        async with asyncio.timeout(within_s):
            while not condition():
                await asyncio.sleep(0.01)
    except TimeoutError:
        return False
    return True


async def until(condition: Callable[[], object], within_s: float = LONGEST_S) -> None:
    """Wait until something is so; fail the test if it does not come to that in time."""
    if not await came_about(condition, within_s):
        pytest.fail(f"It did not come to {condition} within {within_s} s")
