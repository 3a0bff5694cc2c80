"""One part from the cloud to the disk: in chunks, off the loop, believed only when whole.

However a cloud sends it, it ends: by its size, by its pace and by its time.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
import hashlib
from io import BufferedWriter
import time
from typing import Any, NamedTuple

from ..aio import join_thread
from ..errors import BodyError, CloudError, NotVideoError
from ..folder import EarlySync, File, Folder, Hashed
from ..library.files import check_space
from ..sources.base import Download, Rest
from ..storage import close_on_storage, run_on_storage, watched
from .progress import Body

# Large enough that handing a chunk to a thread costs little beside writing it.
CHUNK_BYTES = 2 * 2**20
# Three sync bytes of MPEG-TS, and more than an MP4 needs to be known.
HEAD_BYTES = 377
_TS_PACKET_BYTES = 188
# How often the disk is asked whether it can hold what is still to come.
SPACE_EVERY_BYTES = 16 * 2**20
# More than any camera films, and what a file has besides footage.
MOST_BYTES_PER_S = 50_000_000 / 8
MOST_BYTES_BESIDES = 64 * 2**20
# Less than this in that time is no download but a hung one.
LEAST_BYTES, LEAST_WITHIN_S = 64 * 2**10, 60.0
# A camera's uplink may be far slower than its footage. What keeps the pace above takes
# this long for each second of footage at most, and so long besides.
MOST_S_PER_S = 30
MOST_S_BESIDES = 10 * 60


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What a body may be at most: so large, and so long on its way."""

    most_bytes: int
    most_s: float

    @classmethod
    def of(cls, footage: timedelta) -> Bounds:
        """Return those of footage of a length."""
        footage_s = max(footage.total_seconds(), 0)
        return cls(
            most_bytes=int(footage_s * MOST_BYTES_PER_S) + MOST_BYTES_BESIDES,
            most_s=footage_s * MOST_S_PER_S + MOST_S_BESIDES,
        )


type _Chunks = AsyncIterator[bytes]


class Received(NamedTuple):
    """A body's size, and whether it is known that nothing of it is missing.

    It is not where only the end of the connection told that this was all. `hashed` is its
    hash, if the file may become a clip as it is.
    """

    size_bytes: int
    is_whole: bool
    hashed: Hashed | None = None


async def receive(
    download: Download,
    file: File,
    bounds: Bounds,
    arrived: Callable[[int], None] = lambda size_bytes: None,
    body: Body | None = None,
    *,
    may_stay: bool = True,
) -> Received:
    """Stream a download's body into a new file.

    `arrived` is called with its size so far, now and then; `body` counts each block.
    An MP4 that `may_stay`, as the clip, is hashed. Memory stays at about two chunks.
    Raises CloudError for a body that is not whole, not video, or outside of its bounds;
    OSError if it cannot be written. The caller removes the file then.
    """
    expected_bytes = download.size_bytes
    if expected_bytes is not None and expected_bytes > bounds.most_bytes:
        raise BodyError("body_too_large")
    await run_on_storage(check_space, file.folder, expected_bytes or 0)
    writer = _Writer(
        file.folder, await _open_new(file), expected_bytes or 0, may_stay=may_stay
    )
    reception = _Reception(bounds, writer, arrived, body)
    try:
        await reception.begin(download.chunks)
        rest = await download.rest_of_large() if download.rest_of_large else None
        if rest:
            await reception.pour(rest)
        else:
            await reception.take(download.chunks)
        hashed = await writer.finish()
    finally:
        await writer.close()
    if expected_bytes is not None and reception.size_bytes != expected_bytes:
        raise BodyError("body_truncated")
    return Received(reception.size_bytes, download.is_delimited, hashed)


class _Reception:
    """What has come of a body: looked at, counted, and passed on to be written."""

    def __init__(
        self,
        bounds: Bounds,
        writer: _Writer,
        arrived: Callable[[int], None],
        body: Body | None,
    ) -> None:
        """Begin to wait for it."""
        self.size_bytes = 0
        self._most_bytes = bounds.most_bytes
        self._writer = writer
        self._arrived = arrived
        self._body = body
        self._pace = _Pace(asyncio.get_running_loop().time(), bounds.most_s)

    async def begin(self, chunks: _Chunks) -> None:
        """Take what says what it is. Raises CloudError if it is no footage."""
        head = b""
        while len(head) < HEAD_BYTES and (block := await self._next_block(chunks)):
            head += block[:HEAD_BYTES]
        _check_head(head)
        # The file of a transport stream is never the clip.
        self._writer.may_stay &= _is_mp4(head)

    async def take(self, chunks: _Chunks) -> None:
        """Take all that comes, and write it in chunks."""
        loop = asyncio.get_running_loop()
        while await self._next_block(chunks):
            if self._writer.is_full:
                since_s = loop.time()
                await self._writer.write()
                # How slow the disk is, is not the cloud's fault.
                self._pace.pause(loop.time() - since_s)
                self._arrived(self.size_bytes)

    async def pour(self, rest: Rest) -> None:
        """Let a thread write all that comes."""
        loop = asyncio.get_running_loop()
        await self._writer.flush()
        while rest.is_left:
            disk_s = self._writer.disk_s
            pouring = asyncio.ensure_future(rest.pour(self._writer.write_block))
            size_bytes = await join_thread(watched(pouring))
            self._pace.pause(self._writer.disk_s - disk_s)
            self._count(size_bytes)
            self._arrived(self.size_bytes)
            now_s = loop.time()
            until_s = self._pace.until_s(now_s, self.size_bytes)
            if now_s > until_s:
                raise CloudError("body_too_slow")
            if not size_bytes:
                await rest.wait()

    async def _next_block(self, chunks: _Chunks) -> bytes:
        """Return what has come, nothing at the end. Raises CloudError if it is too slow."""
        now_s = asyncio.get_running_loop().time()
        limit = asyncio.timeout_at(self._pace.until_s(now_s, self.size_bytes))
        try:
            async with limit:
                block = await anext(chunks, b"")
        except TimeoutError as err:
            if limit.expired():
                raise CloudError("body_too_slow") from err
            raise
        if block:
            self._count(len(block))
            self._writer.add(block)
        return block

    def _count(self, size_bytes: int) -> None:
        self.size_bytes += size_bytes
        if self._body:
            self._body.received(size_bytes)
        if self.size_bytes > self._most_bytes:
            raise BodyError("body_too_large")


async def _open_new(file: File) -> BufferedWriter:
    """Open a file for writing; an old file or a link of its name is an error."""
    opening = run_on_storage(_created, file)
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        # The thread opens it even so, and nobody else would close it.
        await asyncio.wait([opening])
        if not opening.exception():
            await join_thread(close_on_storage(opening.result().close))
        raise


def _created(file: File) -> BufferedWriter:
    return BufferedWriter(file.create())


class _Writer:
    """Blocks on their way into an open file: a thread writes a chunk while the next comes."""

    def __init__(
        self,
        folder: Folder,
        opened: BufferedWriter,
        expected_bytes: int,
        *,
        may_stay: bool,
    ) -> None:
        """Take the file, the folder that it is in, and its size, 0 if that is not known."""
        self._folder = folder
        self._opened = opened
        self._expected_bytes = expected_bytes
        self._chunk: list[bytes] = []
        self._chunk_bytes = 0
        self._writing: asyncio.Future[Any] | None = None
        # Whether the file may become a clip as it is: then its hash will be asked for.
        self.may_stay = may_stay
        self._hash = hashlib.sha256()
        self._early_sync = EarlySync(opened)
        # How much was written, and at what size the disk was asked for space.
        self._size_bytes = 0
        self._asked_at_bytes = 0
        # How long the disk took for all of it.
        self.disk_s = 0.0

    def add(self, block: bytes) -> None:
        """Take a block."""
        self._chunk.append(block)
        self._chunk_bytes += len(block)

    @property
    def is_full(self) -> bool:
        """Whether there is enough to be written."""
        return self._chunk_bytes >= CHUNK_BYTES

    async def write(self) -> None:
        """Begin to write what was added, once what was before is written. Raises OSError."""
        if self._writing:
            await join_thread(self._writing)
        self._writing = run_on_storage(self._write_chunk, self._chunk)
        self._chunk, self._chunk_bytes = [], 0

    async def flush(self) -> None:
        """Write what was added. Raises OSError."""
        await self.write()
        if self._writing:
            await join_thread(self._writing)

    async def finish(self) -> Hashed | None:
        """Write all that was added; return the file's hash, if there is. Raises OSError."""
        if self._writing:
            await join_thread(self._writing)
        self._writing = finishing = run_on_storage(self._finish, self._chunk)
        return await join_thread(finishing)

    def _finish(self, blocks: list[bytes]) -> Hashed | None:
        """Write the last blocks. Blocks."""
        self._write_chunk(blocks)
        self._opened.flush()
        if not self.may_stay:
            return None
        return Hashed.of(self._opened.fileno(), self._hash.hexdigest())

    def _write_chunk(self, blocks: list[bytes]) -> None:
        for block in blocks:
            self.write_block(block)

    def write_block(self, block: bytes | memoryview) -> None:
        """Write and hash a block. Blocks. Raises OSError."""
        begun_s = time.perf_counter()
        self._opened.write(block)
        self._size_bytes += len(block)
        self._early_sync.wrote(len(block))
        if self._size_bytes - self._asked_at_bytes >= SPACE_EVERY_BYTES:
            check_space(self._folder, max(self._expected_bytes - self._size_bytes, 0))
            self._asked_at_bytes = self._size_bytes
        self.disk_s += time.perf_counter() - begun_s
        if self.may_stay:
            self._hash.update(block)

    async def close(self) -> None:
        """Close the file, however it came to that. Raises OSError."""
        if self._writing and not self._writing.done():
            # A file must not be closed under the thread that writes it.
            await asyncio.wait([self._writing])
        # One that waits for a thread would not be closed if we were to go away.
        await join_thread(close_on_storage(self._opened.close))


class _Pace:
    """Until when the next bytes have to come."""

    def __init__(self, now_s: float, most_s: float) -> None:
        """Begin, with so long to the end."""
        self._end_s = now_s + most_s
        self._mark_bytes = 0
        self._mark_until_s = now_s + LEAST_WITHIN_S

    def until_s(self, now_s: float, size_bytes: int) -> float:
        """Return until when to wait for the next bytes; so many have come."""
        if size_bytes - self._mark_bytes >= LEAST_BYTES:
            self._mark_bytes = size_bytes
            self._mark_until_s = now_s + LEAST_WITHIN_S
        return min(self._mark_until_s, self._end_s)

    def pause(self, seconds: float) -> None:
        """Leave out a time in which nobody waited for the cloud."""
        self._end_s += seconds
        self._mark_until_s += seconds


def _check_head(head: bytes) -> None:
    """Raise CloudError unless this begins an MP4 or an MPEG transport stream."""
    if not head:
        raise BodyError("body_empty")
    is_ts = len(head) >= HEAD_BYTES and all(
        head[at] == 0x47 for at in range(0, HEAD_BYTES, _TS_PACKET_BYTES)
    )
    if not _is_mp4(head) and not is_ts:
        raise NotVideoError("body_not_video")


def _is_mp4(head: bytes) -> bool:
    return head[4:8] == b"ftyp"
