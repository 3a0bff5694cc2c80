"""Storages: whose threads a call gets, and what becomes of calls that do not return."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
import threading

import pytest

from custom_components.clip_download.engine import storage
from custom_components.clip_download.engine.storage import (
    Storage,
    Storages,
    close_on_storage,
    on,
    run_on_storage,
    watched,
)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Storage]:
    """Yield a storage that answers, and end its threads."""
    one = Storage(tmp_path)
    yield one
    one.shutdown()


@pytest.fixture
def storages() -> Iterator[Storages]:
    """Yield all storages, and end their threads."""
    all_of_them = Storages()
    yield all_of_them
    all_of_them.shutdown()


async def test_what_a_call_raises(disk: Storage) -> None:
    """It is passed on; one that is cancelled before it began never runs."""
    with pytest.raises(ZeroDivisionError):
        await disk.run(disk.calls, lambda: 1 // 0)
    done = threading.Event()
    thread = disk.executor("test")
    first = disk.run(thread, done.wait)
    ran: list[int] = []
    second = disk.run(thread, ran.append, 1)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    # The thread's work is cancelled a few turns of the event loop later.
    for _ in range(9):
        await asyncio.sleep(0)
    done.set()
    await first
    await disk.run(thread, int)
    assert not ran
    # It was cancelled by another than who waits.
    work: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    passed_on = disk.watch(work)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await passed_on


async def test_the_end(tmp_path: Path) -> None:
    """Threads that rest come back; once they have ended, calls get the loop's own."""
    disk = Storage(tmp_path)
    assert await disk.run(disk.calls, len, "") == 0
    disk.rest()
    assert await disk.run(disk.calls, len, "") == 0
    disk.shutdown()
    assert disk.calls is None
    with on(disk):
        assert await run_on_storage(len, "") == 0
    # Without one, too.
    assert await run_on_storage(len, "") == 0
    closed = threading.Event()
    await close_on_storage(closed.set)
    assert closed.is_set()
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    assert watched(future) is future


async def test_without_mounts(
    storages: Storages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the system does not say what is mounted, folders are storages."""
    monkeypatch.setattr(storage, "_MOUNTS", tmp_path / "none")
    one = await storages.storage_of(tmp_path / "a" / "clip.mp4", tmp_path)
    assert one.path == tmp_path
    assert await storages.storage_of(tmp_path / "b.mp4", tmp_path) is one
    beside = await storages.storage_of(Path(f"{tmp_path}2/clip.mp4"), tmp_path)
    assert beside.path == Path(f"{tmp_path}2")
