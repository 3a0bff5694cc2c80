"""One part from the cloud to the disk: in chunks, off the loop, believed only when whole."""

import asyncio
from collections.abc import Callable
from io import BufferedWriter
from typing import NamedTuple

from aiohttp import ClientError, ClientResponse, hdrs

from .errors import CloudError
from .files import check_space
from .folder import File

# Large enough that handing a chunk to a thread costs little beside writing it.
CHUNK_BYTES = 4 * 2**20
# Three sync bytes of MPEG-TS, and more than an MP4 needs to be known.
HEAD_BYTES = 377
_TS_PACKET_BYTES = 188


class Received(NamedTuple):
    """A body's size, and whether it is known that nothing of it is missing.

    It is not where only the end of the connection told that this was all.
    """

    size_bytes: int
    is_whole: bool


async def receive(
    response: ClientResponse,
    file: File,
    arrived: Callable[[int], None] = lambda size_bytes: None,
) -> Received:
    """Stream an answer's body into a new file.

    `arrived` is called with its size so far, now and then. Memory stays at about two
    chunks. Raises CloudError for a body that is not whole or not video; OSError if it
    cannot be written. The caller removes the file then.
    """
    loop = asyncio.get_running_loop()
    expected_bytes = response.content_length
    await loop.run_in_executor(None, check_space, file.folder, expected_bytes or 0)
    # An old file or a link of that name is an error.
    opening = loop.run_in_executor(None, _created, file)
    try:
        opened = await asyncio.shield(opening)
    except asyncio.CancelledError:
        # The thread opens it even so, and nobody else would close it.
        await asyncio.wait([opening])
        if not opening.exception():
            await loop.run_in_executor(None, opening.result().close)
        raise
    size_bytes = 0
    head = b""
    chunk: list[bytes] = []
    chunk_bytes = 0
    writing: asyncio.Future[None] | None = None
    try:
        async for block in response.content.iter_any():
            size_bytes += len(block)
            if len(head) < HEAD_BYTES:
                head += block[:HEAD_BYTES]
                if len(head) >= HEAD_BYTES:
                    _check_head(head)
            chunk.append(block)
            chunk_bytes += len(block)
            if chunk_bytes >= CHUNK_BYTES:
                # The network goes on while the last chunk but one is written.
                if writing:
                    await writing
                writing = loop.run_in_executor(None, opened.writelines, chunk)
                chunk, chunk_bytes = [], 0
                arrived(size_bytes)
        if len(head) < HEAD_BYTES:
            _check_head(head)
        if writing:
            await writing
        writing = loop.run_in_executor(None, opened.writelines, chunk)
        await writing
    except (ClientError, TimeoutError) as err:
        raise CloudError("body_truncated") from err
    finally:
        if writing and not writing.done():
            # A file must not be closed under the thread that writes it.
            await asyncio.wait([writing])
        await loop.run_in_executor(None, opened.close)
    if expected_bytes is not None and size_bytes != expected_bytes:
        raise CloudError("body_truncated")
    # A chunked body has an end of its own, of which the lack is a ClientError.
    is_chunked = "chunked" in response.headers.get(hdrs.TRANSFER_ENCODING, "").lower()
    return Received(size_bytes, expected_bytes is not None or is_chunked)


def _created(file: File) -> BufferedWriter:
    return BufferedWriter(file.create())


def _check_head(head: bytes) -> None:
    """Raise CloudError unless this begins an MP4 or an MPEG transport stream."""
    if not head:
        raise CloudError("body_empty")
    is_mp4 = head[4:8] == b"ftyp"
    is_ts = len(head) >= HEAD_BYTES and all(
        head[at] == 0x47 for at in range(0, HEAD_BYTES, _TS_PACKET_BYTES)
    )
    if not is_mp4 and not is_ts:
        raise CloudError("body_not_video")
