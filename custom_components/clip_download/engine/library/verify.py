"""Compares clips with their hashes: every file is read again."""

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

from ..aio import Cancelled, join_thread
from ..folder import Folder
from ..model import Clip
from . import files, sidecar
from .queries import ClipQueries

# Large enough to be fast, small enough for little memory.
_CHUNK_BYTES = 2**20
_NICE = 10


class State(StrEnum):
    """The state of a clip's file.

    UNKNOWN: the file is unchanged, but its sidecar is missing, is another clip's, or
    differs from the record. AWAY: its media folder or its disk is not there.
    """

    OK = "ok"
    CHANGED = "changed"
    GONE = "gone"
    UNREADABLE = "unreadable"
    UNKNOWN = "unknown"
    AWAY = "away"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The state of a clip; `sha256` and `size_bytes` are those of what was read."""

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
    """How many clips are unchanged, and the findings about all others."""

    ok: int = 0
    bytes_read: int = 0
    others: list[Finding] = field(default_factory=list)


async def verify(
    queries: ClipQueries,
    clips: AsyncIterator[Clip],
    roots: Sequence[Path],
    reader: Executor,
) -> Verified:
    """Verify clips, one after the other, in the reader's thread.

    A clip that is deleted or replaced meanwhile is not a finding. Raises StorageError.
    """
    verified = Verified()
    mounts = await queries.mounts()
    async for clip in clips:
        known: Clip | None = clip
        while known:
            finding = await run_cancellable(reader, verify_clip, known, roots, mounts)
            verified.bytes_read += finding.size_bytes
            if finding.state is State.OK:
                verified.ok += 1
                break
            # The library may know better by now.
            known = await queries.clip(clip.id)
            if known == finding.clip:
                verified.others.append(finding)
                break
    return verified


def lower_priority() -> None:
    """Give this thread the lowest priority; on Linux, for reading from disks, too."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)


async def run_cancellable[**P, T](
    reader: Executor,
    call: Callable[Concatenate[threading.Event, P], T],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Run a call in a thread; when cancelled, set its event and wait for its end."""
    cancelled = threading.Event()
    work = asyncio.get_running_loop().run_in_executor(
        reader, functools.partial(call, cancelled, *args, **kwargs)
    )
    return await join_thread(work, cancelled)


def verify_clip(
    cancelled: threading.Event,
    clip: Clip,
    roots: Sequence[Path],
    mounts: Collection[Path],
) -> Finding:
    """Compare a clip's file and its sidecar with its record. Raises Cancelled."""
    opened = open_clip(clip, roots, mounts)
    if isinstance(opened, Finding):
        return opened
    with opened.folder, opened.file:
        return read(cancelled, opened, clip, lambda chunk: None)


def open_clip(
    clip: Clip, roots: Sequence[Path], mounts: Collection[Path]
) -> Opened | Finding:
    """Open a clip's file, or return why that is not possible.

    `mounts` are the mount points that clips were written under.
    """
    try:
        file = files.found(clip.path, roots)
        return Opened(file.folder, file.open())
    except ValueError as err:
        return Finding(clip=clip, state=State.UNREADABLE, reason=str(err))
    except FileNotFoundError, NotADirectoryError:
        subfolder = files.subfolder_of(clip.path, roots)
        is_there = (
            subfolder is not None
            and files.holds_any(subfolder)
            and not files.missing_mount(clip.path, mounts)
        )
        return Finding(clip=clip, state=State.GONE if is_there else State.AWAY)
    except OSError as err:
        return _unreadable(clip, err)


def read(
    cancelled: threading.Event,
    opened: Opened,
    clip: Clip,
    take: Callable[[memoryview], object],
) -> Finding:
    """Verify an opened clip, and pass each piece that is read to `take`.

    Raises Cancelled, and what `take` raises.
    """
    digest, size_bytes = hashlib.sha256(), 0
    finding = Finding(clip=clip, state=State.OK)
    pieces = chunks(cancelled, opened.file)
    while True:
        try:
            piece = next(pieces, None)
        except OSError as err:
            finding = _unreadable(clip, err)
            break
        if piece is None:
            break
        digest.update(piece)
        take(piece)
        size_bytes += len(piece)
    finding = replace(finding, sha256=digest.hexdigest(), size_bytes=size_bytes)
    if finding.state is not State.OK:
        return finding
    if finding.sha256 != clip.sha256:
        return replace(finding, state=State.CHANGED)
    try:
        reason = _contradiction(opened.folder, clip)
    except OSError as err:
        reason = os.strerror(err.errno or 0)
    return replace(finding, state=State.UNKNOWN, reason=reason) if reason else finding


def chunks(cancelled: threading.Event, file: FileIO) -> Iterator[memoryview]:
    """Yield a file in pieces, up to the size that it has now. Raises OSError, Cancelled."""
    buffer = memoryview(bytearray(_CHUNK_BYTES))
    left = os.fstat(file.fileno()).st_size
    while left and (count := file.readinto(buffer[:left])):
        yield buffer[:count]
        left -= count
        if cancelled.is_set():
            raise Cancelled


def _contradiction(folder: Folder, clip: Clip) -> str:
    """Return how a clip's sidecar differs from its record, or "". Raises OSError."""
    found = sidecar.of(folder, clip)
    if found is None:
        return "no sidecar of this clip"
    # The library may know better whether it is kept, and alone knows the file's time.
    record = replace(found.clip, kept=clip.kept, modified_ns=clip.modified_ns)
    # A sidecar has bounds that the library has not.
    is_same = sidecar.bounded(record) == sidecar.bounded(clip)
    return "" if is_same else "the sidecar says otherwise"


def _unreadable(clip: Clip, err: OSError) -> Finding:
    reason = "a link" if err.errno == errno.ELOOP else os.strerror(err.errno or 0)
    return Finding(clip=clip, state=State.UNREADABLE, reason=reason)
