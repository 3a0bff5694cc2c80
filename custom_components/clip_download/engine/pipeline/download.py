"""One part from the cloud to the disk: in chunks, off the loop, believed only when whole.

However a cloud sends it, it ends: by its size, by its pace and by its time.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from io import BufferedWriter
from typing import NamedTuple

from aiohttp import ClientError, ClientResponse, hdrs

from ..aio import join_thread
from ..errors import BodyError, CloudError, NotVideoError
from ..folder import File
from ..library.files import check_space

# Large enough that handing a chunk to a thread costs little beside writing it.
CHUNK_BYTES = 4 * 2**20
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


class Received(NamedTuple):
    """A body's size, and whether it is known that nothing of it is missing.

    It is not where only the end of the connection told that this was all.
    """

    size_bytes: int
    is_whole: bool


async def receive(
    response: ClientResponse,
    file: File,
    bounds: Bounds,
    arrived: Callable[[int], None] = lambda size_bytes: None,
) -> Received:
    """Stream an answer's body into a new file.

    `arrived` is called with its size so far, now and then. Memory stays at about two
    chunks. Raises CloudError for a body that is not whole, not video, or outside of its
    bounds; OSError if it cannot be written. The caller removes the file then.
    """
    loop = asyncio.get_running_loop()
    expected_bytes = response.content_length
    if expected_bytes is not None and expected_bytes > bounds.most_bytes:
        raise BodyError("body_too_large")
    await loop.run_in_executor(None, check_space, file.folder, expected_bytes or 0)
    # An old file or a link of that name is an error.
    opening = loop.run_in_executor(None, _created, file)
    try:
        opened = await asyncio.shield(opening)
    except asyncio.CancelledError:
        # The thread opens it even so, and nobody else would close it.
        await asyncio.wait([opening])
        if not opening.exception():
            await join_thread(loop.run_in_executor(None, opening.result().close))
        raise
    size_bytes = 0
    head = b""
    chunk: list[bytes] = []
    chunk_bytes = 0
    looked_at_bytes = 0
    writing: asyncio.Future[None] | None = None
    pace = _Pace(loop.time(), bounds.most_s)
    try:
        while block := await _next_block(response, pace, size_bytes):
            size_bytes += len(block)
            if size_bytes > bounds.most_bytes:
                raise BodyError("body_too_large")
            if len(head) < HEAD_BYTES:
                head += block[:HEAD_BYTES]
                if len(head) >= HEAD_BYTES:
                    _check_head(head)
            chunk.append(block)
            chunk_bytes += len(block)
            if chunk_bytes >= CHUNK_BYTES:
                # The network goes on while the last chunk but one is written.
                since_s = loop.time()
                if writing:
                    await join_thread(writing)
                if size_bytes - looked_at_bytes >= SPACE_EVERY_BYTES:
                    looked_at_bytes = size_bytes
                    left_bytes = max((expected_bytes or 0) - size_bytes, 0)
                    await loop.run_in_executor(
                        None, check_space, file.folder, left_bytes
                    )
                # How slow the disk is, is not the cloud's fault.
                pace.pause(loop.time() - since_s)
                writing = loop.run_in_executor(None, opened.writelines, chunk)
                chunk, chunk_bytes = [], 0
                arrived(size_bytes)
        if len(head) < HEAD_BYTES:
            _check_head(head)
        if writing:
            await join_thread(writing)
        writing = loop.run_in_executor(None, opened.writelines, chunk)
        await join_thread(writing)
    except (ClientError, TimeoutError) as err:
        raise CloudError("body_truncated") from err
    finally:
        if writing and not writing.done():
            # A file must not be closed under the thread that writes it.
            await asyncio.wait([writing])
        # One that waits for a thread would not be closed if we were to go away.
        await join_thread(loop.run_in_executor(None, opened.close))
    if expected_bytes is not None and size_bytes != expected_bytes:
        raise BodyError("body_truncated")
    # A chunked body has an end of its own, of which the lack is a ClientError.
    is_chunked = "chunked" in response.headers.get(hdrs.TRANSFER_ENCODING, "").lower()
    return Received(size_bytes, expected_bytes is not None or is_chunked)


def _created(file: File) -> BufferedWriter:
    return BufferedWriter(file.create())


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


async def _next_block(response: ClientResponse, pace: _Pace, size_bytes: int) -> bytes:
    """Return what has come, nothing at the end. Raises CloudError if it is too slow."""
    now_s = asyncio.get_running_loop().time()
    limit = asyncio.timeout_at(pace.until_s(now_s, size_bytes))
    try:
        async with limit:
            return await response.content.readany()
    except TimeoutError as err:
        if limit.expired():
            raise CloudError("body_too_slow") from err
        raise


def _check_head(head: bytes) -> None:
    """Raise CloudError unless this begins an MP4 or an MPEG transport stream."""
    if not head:
        raise BodyError("body_empty")
    is_mp4 = head[4:8] == b"ftyp"
    is_ts = len(head) >= HEAD_BYTES and all(
        head[at] == 0x47 for at in range(0, HEAD_BYTES, _TS_PACKET_BYTES)
    )
    if not is_mp4 and not is_ts:
        raise NotVideoError("body_not_video")
