"""Storages: whose threads a call gets, and what becomes of calls that do not return."""

import asyncio
from collections.abc import Iterator, Sequence
import errno
import os
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
from tests.hung_share import hung
from tests.waits import came_about


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


async def test_a_long_call_on_a_storage_that_answers(
    disk: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may take as long as it takes: the storage is asked again and again."""
    monkeypatch.setattr(storage, "ANSWER_WITHIN_S", 0.01)
    asked = 0
    statvfs = os.statvfs

    def count(path: Path) -> object:
        nonlocal asked
        asked += 1
        return statvfs(path)

    monkeypatch.setattr(os, "statvfs", count)
    # However slow this machine is, the storage has not hung.
    monkeypatch.setattr(disk, "_give_up", lambda: None)
    done = threading.Event()
    work = disk.run(disk.calls, done.wait)
    assert await came_about(lambda: asked > 2)
    assert not work.done()
    done.set()
    assert await work


async def test_a_person_does_not_wait_for_long(
    disk: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call that has not returned soon is an error; others still get their answers."""
    monkeypatch.setattr(storage, "ASK_WITHIN_S", 0.01)
    done = threading.Event()
    with pytest.raises(OSError, match=str(disk.path)) as failed:
        await disk.ask(done.wait)
    assert failed.value.errno == errno.ETIMEDOUT
    monkeypatch.undo()
    assert await disk.ask(len, "four") == 4
    done.set()


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


async def test_one_of_several_hangs(
    storages: Storages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies on it is left out; all calls to it fail at once, until it answers."""
    monkeypatch.setattr(storage, "ANSWER_WITHIN_S", 2.0)
    share = tmp_path / "a share"
    share.mkdir()
    files = [tmp_path / "here", share / "there"]
    files[0].touch()
    closed = threading.Event()

    def existing(some: Sequence[Path]) -> Iterator[Path]:
        return (one for one in some if one.exists() or one.name == "there")

    with hung(share):
        found = await storages.ask(existing, files, [tmp_path], lambda one: one)
        assert found == files[:1]
        with on(await storages.storage_of(files[1], [tmp_path])):
            for work in (
                run_on_storage(int),
                close_on_storage(closed.set),
                watched(asyncio.get_running_loop().create_future()),
            ):
                with pytest.raises(TimeoutError, match="a share"):
                    await work
            assert await came_about(closed.is_set)
    # That it answers is known a moment later.
    while len(found) < len(files):
        found = await storages.ask(existing, files, [tmp_path], lambda one: one)
    assert sorted(found) == sorted(files)


async def test_an_error_of_a_call_for_several(
    storages: Storages, tmp_path: Path
) -> None:
    """One that is a mistake is not hidden."""
    with pytest.raises(ZeroDivisionError):
        await storages.ask(lambda some: [1 // 0], [tmp_path], [], lambda one: one)


async def test_the_end(tmp_path: Path) -> None:
    """Threads that rest come back; once they have ended, calls get the loop's own."""
    disk = Storage(tmp_path)
    assert await disk.ask(len, "") == 0
    disk.rest()
    assert await disk.ask(len, "") == 0
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
    one = await storages.storage_of(tmp_path / "a" / "clip.mp4", [tmp_path])
    assert one.path == tmp_path
    assert await storages.storage_of(tmp_path / "b.mp4", [tmp_path]) is one
    beside = await storages.storage_of(Path(f"{tmp_path}2/clip.mp4"), [tmp_path])
    assert beside.path == Path(f"{tmp_path}2")
