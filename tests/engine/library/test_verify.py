"""Clips read again: what was changed, lost or cannot be read is told, and nothing else."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
import hashlib
import json
import os
from pathlib import Path
import shutil
import threading
from typing import Any

import pytest

from custom_components.clip_download.engine.folder import Folder
from custom_components.clip_download.engine.library import sidecar
from custom_components.clip_download.engine.library.database import Library
from custom_components.clip_download.engine.library.queries import ClipQueries
from custom_components.clip_download.engine.library.verify import (
    State,
    Verified,
    lower_priority,
    verify,
)
from custom_components.clip_download.engine.model import Clip
from tests.waits import LONGEST_S, is_open, until

from .test_queries import clip, put


@pytest.fixture
async def library(tmp_path: Path) -> AsyncIterator[Library]:
    """Open a new library."""
    library = await Library(tmp_path / "clips.db").open()
    yield library
    await library.close()


@pytest.fixture
def reader() -> Iterator[ThreadPoolExecutor]:
    """Return the thread that reads."""
    with ThreadPoolExecutor(1, initializer=lower_priority) as pool:
        yield pool


@pytest.fixture
def media(tmp_path: Path) -> Path:
    """Make a media folder."""
    folder = tmp_path / "media"
    folder.mkdir()
    return folder


def lay(
    media: Path, name: str, number: int = 0, camera: str = "front", **told: Any
) -> Clip:
    """Lay a clip's files down with what is recorded of them."""
    content = f"{name} ".encode() * 100
    one = replace(
        clip(
            name,
            at=timedelta(hours=number),
            camera=camera,
            folder=media / "clip_download" / camera,
        ),
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        **told,
    )
    one.path.parent.mkdir(parents=True, exist_ok=True)
    one.path.write_bytes(content)
    sidecar.write(Folder.open(one.path.parent), one, one.window)
    return replace(one, modified_ns=one.path.stat().st_mtime_ns)


async def shelf(library: Library, media: Path) -> list[Clip]:
    """Lay three clips down, and record them."""
    clips = [lay(media, f"n{number}", number) for number in range(3)]
    await put(library, *clips)
    return clips


async def verified(
    library: Library, media: Path, reader: ThreadPoolExecutor
) -> Verified:
    """Verify all that the library has."""
    catalog = ClipQueries(library)
    return await verify(catalog, catalog.in_window(), [media], reader)


def damage(path: Path) -> None:
    """Change one bit, and nothing that a look at the folder would tell."""
    about = path.stat()
    content = bytearray(path.read_bytes())
    content[50] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))


def truncate(path: Path) -> None:
    """Cut the file short."""
    path.write_bytes(path.read_bytes()[:50])


def become_link(path: Path) -> None:
    """Put a link to a copy in the file's place."""
    copy = path.with_name("copy")
    path.rename(copy)
    path.symlink_to(copy)


def become_pipe(path: Path) -> None:
    """Put a pipe that nobody writes to in the file's place."""
    path.unlink()
    os.mkfifo(path)


def edit(path: Path) -> None:
    """Let the sidecar tell of another time, as somebody might who wants it so."""
    beside = sidecar.path_of(path)
    told = json.loads(beside.read_text())
    told["start"] = told["start"].replace("T13", "T12")
    beside.write_text(json.dumps(told))


def lose_sidecar(path: Path) -> None:
    """Delete the sidecar."""
    sidecar.path_of(path).unlink()


def take_others(path: Path) -> None:
    """Put another clip's sidecar beside it."""
    shutil.copy(sidecar.path_of(path.with_name("n0.mp4")), sidecar.path_of(path))


@pytest.mark.parametrize(
    ("harm", "state", "reason"),
    [
        (damage, State.CHANGED, ""),
        (truncate, State.CHANGED, ""),
        (Path.unlink, State.GONE, ""),
        (become_link, State.UNREADABLE, "a link"),
        (become_pipe, State.UNREADABLE, "not a file"),
        (edit, State.UNKNOWN, "the sidecar says otherwise"),
        (lose_sidecar, State.UNKNOWN, "no sidecar of this clip"),
        (take_others, State.UNKNOWN, "no sidecar of this clip"),
    ],
)
async def test_what_is_not_as_it_was(
    library: Library,
    media: Path,
    reader: ThreadPoolExecutor,
    *,
    harm: Callable[[Path], None],
    state: State,
    reason: str,
) -> None:
    """It is told of the one clip that it happened to."""
    clips = await shelf(library, media)
    whole = await verified(library, media, reader)
    assert whole == Verified(ok=3, bytes_read=sum(one.size_bytes for one in clips))

    harm(clips[1].path)
    after = await verified(library, media, reader)
    assert after.ok == 2
    (looked,) = after.others
    assert (looked.clip, looked.state, looked.reason) == (clips[1], state, reason)
    if state is State.CHANGED:
        content = clips[1].path.read_bytes()
        assert looked.sha256 == hashlib.sha256(content).hexdigest() != clips[1].sha256


async def test_a_disk_that_is_away(
    library: Library, media: Path, reader: ThreadPoolExecutor
) -> None:
    """Nothing is called gone while its folder is not there, or nothing is in it."""
    clips = await shelf(library, media)
    folder = media / "clip_download"
    folder.rename(media.parent / "elsewhere")
    for step in (folder.mkdir, folder.rmdir, media.rmdir):
        after = await verified(library, media, reader)
        assert {one.state for one in after.others} == {State.AWAY}
        assert len(after.others) == len(clips)
        step()


async def test_a_clip_that_is_kept(
    library: Library, media: Path, reader: ThreadPoolExecutor
) -> None:
    """That the sidecar does not say so, because it could not be written, is no finding."""
    one = lay(media, "n0")
    await put(library, replace(one, kept=True))
    assert (await verified(library, media, reader)).others == []


async def test_what_happens_meanwhile(
    library: Library, media: Path, reader: ThreadPoolExecutor
) -> None:
    """A clip that is let go of, or replaced, while others are read is no finding."""
    clips = await shelf(library, media)
    catalog = ClipQueries(library)

    async def chosen() -> AsyncIterator[Clip]:
        clips[1].path.unlink()
        await catalog.remove(["n1"])
        content = b"another"
        clips[2].path.write_bytes(content)
        now = replace(
            clips[2],
            size_bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
        )
        sidecar.write(Folder.open(now.path.parent), now, None)
        await put(library, now)
        for one in clips:
            yield one

    after = await verify(catalog, chosen(), [media], reader)
    assert (after.ok, after.others) == (2, [])


async def test_who_goes_away_ends_it(
    library: Library, media: Path, reader: ThreadPoolExecutor
) -> None:
    """The thread has stopped, in the middle of a file, when the caller is gone."""
    (one, *_) = await shelf(library, media)
    with one.path.open("wb") as file:
        file.truncate(2**42)
    task = asyncio.create_task(verified(library, media, reader))
    await until(lambda: is_open(one.path))
    task.cancel()
    # To read it all takes many minutes.
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, LONGEST_S)
    assert not is_open(one.path)
    await asyncio.wait_for(
        asyncio.get_running_loop().run_in_executor(reader, int), LONGEST_S
    )


async def test_others_go_first(reader: ThreadPoolExecutor) -> None:
    """The thread that reads has the lowest claim on the processor of all."""

    def claim() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    loop = asyncio.get_running_loop()
    assert await loop.run_in_executor(reader, claim) > claim()
