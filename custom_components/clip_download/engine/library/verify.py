"""Proof that clips are what they were: every file is read again, against its hash."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from concurrent.futures import Executor
import contextlib
from dataclasses import dataclass, field, replace
from enum import StrEnum
import errno
import functools
import hashlib
from io import FileIO
import os
from pathlib import Path
import threading
from typing import Concatenate

from ..aio import join_thread
from ..folder import Folder
from ..media.probe import Cancelled
from ..model import Clip
from . import files, sidecar
from .queries import ClipQueries

# So much at once: few turns of the interpreter, little memory.
_CHUNK_BYTES = 2**20
_NICE = 10


class State(StrEnum):
    """What became of a clip's file.

    `unknown`: the file is as it was, and the sidecar says otherwise than the library, or
    is not the clip's. `away`: its media folder, or the disk below that, is not there.
    """

    OK = "ok"
    CHANGED = "changed"
    GONE = "gone"
    UNREADABLE = "unreadable"
    UNKNOWN = "unknown"
    AWAY = "away"


@dataclass(frozen=True, kw_only=True)
class Looked:
    """A clip that was looked at; `sha256` and `size_bytes` are of what was read."""

    clip: Clip
    state: State
    sha256: str = ""
    size_bytes: int = 0
    reason: str = ""


@dataclass(frozen=True)
class Opened:
    """A clip's file, and the folder in which it was found."""

    folder: Folder
    file: FileIO


@dataclass(kw_only=True)
class Verified:
    """How many clips are as they were, and all that are not."""

    ok: int = 0
    bytes_read: int = 0
    others: list[Looked] = field(default_factory=list)


async def verify(
    catalog: ClipQueries,
    clips: AsyncIterator[Clip],
    roots: Sequence[Path],
    reader: Executor,
) -> Verified:
    """Read clips again, one after the other, in the reader's thread.

    What was let go of or replaced meanwhile is no finding. Raises StorageError as the
    library does.
    """
    verified = Verified()
    mounts = await catalog.mounts()
    async for clip in clips:
        known: Clip | None = clip
        while known:
            looked = await read_in(reader, look_at, known, roots, mounts)
            verified.bytes_read += looked.size_bytes
            if looked.state is State.OK:
                verified.ok += 1
                break
            # The library may know better by now.
            known = await catalog.clip(clip.id)
            if known == looked.clip:
                verified.others.append(looked)
                break
    return verified


def become_patient() -> None:
    """Let all other threads go first; block devices are read by the same order (Linux)."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)


async def read_in[**P, T](
    reader: Executor,
    call: Callable[Concatenate[threading.Event, P], T],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Run a call in a thread; if the caller goes away, it is told to end, and has."""
    cancelled = threading.Event()
    work = asyncio.get_running_loop().run_in_executor(
        reader, functools.partial(call, cancelled, *args, **kwargs)
    )
    return await join_thread(work, cancelled)


def look_at(
    cancelled: threading.Event,
    clip: Clip,
    roots: Sequence[Path],
    mounts: Collection[Path],
) -> Looked:
    """Read a clip's file and its sidecar. Raises Cancelled."""
    opened = found(clip, roots, mounts)
    if isinstance(opened, Looked):
        return opened
    with opened.folder, opened.file:
        return read(cancelled, opened, clip, lambda chunk: None)


def found(
    clip: Clip, roots: Sequence[Path], mounts: Collection[Path]
) -> Opened | Looked:
    """Open a clip's file, or say why that cannot be.

    `mounts` are where disks were mounted when clips were written to them.
    """
    try:
        file = files.found(clip.path, roots)
        return Opened(file.folder, file.open())
    except ValueError as err:
        return Looked(clip=clip, state=State.UNREADABLE, reason=str(err))
    except FileNotFoundError, NotADirectoryError:
        subfolder = files.subfolder_of(clip.path, roots)
        is_there = (
            subfolder is not None
            and files.holds_any(subfolder)
            and not files.missing_mount(clip.path, mounts)
        )
        return Looked(clip=clip, state=State.GONE if is_there else State.AWAY)
    except OSError as err:
        return _unreadable(clip, err)


def read(
    cancelled: threading.Event,
    opened: Opened,
    clip: Clip,
    take: Callable[[memoryview], object],
) -> Looked:
    """Read a clip's file to its end as it is now, and hand on what is read.

    Raises Cancelled, and what `take` raises.
    """
    digest, size_bytes = hashlib.sha256(), 0
    looked = Looked(clip=clip, state=State.OK)
    pieces = chunks(cancelled, opened.file)
    while True:
        try:
            piece = next(pieces, None)
        except OSError as err:
            looked = _unreadable(clip, err)
            break
        if piece is None:
            break
        digest.update(piece)
        take(piece)
        size_bytes += len(piece)
    looked = replace(looked, sha256=digest.hexdigest(), size_bytes=size_bytes)
    if looked.state is not State.OK:
        return looked
    if looked.sha256 != clip.sha256:
        return replace(looked, state=State.CHANGED)
    try:
        reason = _contradiction(opened.folder, clip)
    except OSError as err:
        reason = os.strerror(err.errno or 0)
    return replace(looked, state=State.UNKNOWN, reason=reason) if reason else looked


def chunks(cancelled: threading.Event, file: FileIO) -> Iterator[memoryview]:
    """Yield a file, as long as it is now, piece by piece. Raises OSError, Cancelled."""
    buffer = memoryview(bytearray(_CHUNK_BYTES))
    left = os.fstat(file.fileno()).st_size
    while left and (count := file.readinto(buffer[:left])):
        yield buffer[:count]
        left -= count
        if cancelled.is_set():
            raise Cancelled


def _contradiction(folder: Folder, clip: Clip) -> str:
    """Return what is wrong with a clip's sidecar, if anything is. Raises OSError."""
    found = sidecar.of(folder, clip)
    if found is None:
        return "no sidecar of this clip"
    # The library may know better whether it is kept, and alone knows the file's time.
    record = replace(found.clip, kept=clip.kept, modified_ns=clip.modified_ns)
    # A sidecar has bounds that the library has not.
    is_same = sidecar.bounded(record) == sidecar.bounded(clip)
    return "" if is_same else "the sidecar says otherwise"


def _unreadable(clip: Clip, err: OSError) -> Looked:
    reason = "a link" if err.errno == errno.ELOOP else os.strerror(err.errno or 0)
    return Looked(clip=clip, state=State.UNREADABLE, reason=reason)
