"""One part from the cloud to the disk: in chunks, off the loop, believed only when whole."""

import asyncio
from dataclasses import dataclass
import hashlib
import os
from pathlib import Path

from aiohttp import ClientError, ClientResponse

from .errors import CloudError
from .files import check_space

# Large enough that handing a chunk to a thread costs nothing beside writing it.
CHUNK_BYTES = 2**20
# Three sync bytes of MPEG-TS, and more than an MP4 needs to be known.
HEAD_BYTES = 377
_TS_PACKET_BYTES = 188


@dataclass(frozen=True, kw_only=True)
class Received:
    """A body that arrived whole."""

    path: Path
    size_bytes: int
    sha256: str


async def receive(response: ClientResponse, path: Path) -> Received:
    """Stream an answer's body into the new file `path`.

    Memory stays at about two chunks. Raises CloudError for a body that is not whole or
    not video; OSError if it cannot be written. The caller removes the file then.
    """
    loop = asyncio.get_running_loop()
    expected_bytes = response.content_length
    await loop.run_in_executor(None, check_space, path.parent, expected_bytes or 0)
    sink = await loop.run_in_executor(None, _Sink, path)
    writing: asyncio.Future[None] | None = None
    buffer = bytearray()
    is_known = False
    try:
        async for chunk in response.content.iter_any():
            buffer += chunk
            if not is_known and len(buffer) >= HEAD_BYTES:
                _check_head(buffer)
                is_known = True
            if len(buffer) >= CHUNK_BYTES:
                # The network goes on while the last chunk but one is written.
                if writing:
                    await writing
                writing = loop.run_in_executor(None, sink.write, buffer)
                buffer = bytearray()
        if not is_known:
            _check_head(buffer)
        if writing:
            await writing
        writing = loop.run_in_executor(None, sink.write, buffer)
        await writing
    except (ClientError, TimeoutError) as err:
        raise CloudError("body_truncated") from err
    finally:
        if writing and not writing.done():
            # A file must not be closed under the thread that writes it.
            await asyncio.wait([writing])
        await loop.run_in_executor(None, sink.close)
    if expected_bytes is not None and sink.size_bytes != expected_bytes:
        raise CloudError("body_truncated")
    return Received(path=path, size_bytes=sink.size_bytes, sha256=sink.sha256)


class _Sink:
    """A new file that counts and hashes what it is given; used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        """Create the file; an old one or a link of that name is an error."""
        self._file = os.open(
            path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600
        )
        self._hash = hashlib.sha256()
        self.size_bytes = 0

    @property
    def sha256(self) -> str:
        """The hash of all that was written, in hex."""
        return self._hash.hexdigest()

    def write(self, data: bytearray) -> None:
        """Write a chunk, all of it."""
        self._hash.update(data)
        self.size_bytes += len(data)
        with memoryview(data) as view:
            written = 0
            while written < len(view):
                written += os.write(self._file, view[written:])

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def _check_head(head: bytearray) -> None:
    """Raise CloudError unless this begins an MP4 or an MPEG transport stream."""
    if not head:
        raise CloudError("body_empty")
    is_mp4 = head[4:8] == b"ftyp"
    is_ts = len(head) >= HEAD_BYTES and all(
        head[at] == 0x47 for at in range(0, HEAD_BYTES, _TS_PACKET_BYTES)
    )
    if not is_mp4 and not is_ts:
        raise CloudError("body_not_video")
