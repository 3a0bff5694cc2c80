"""Large bodies over TLS, past the event loop: a thread takes them from their socket.

On the loop, each piece would be decrypted between the turns of all others, copied four
times on its way through asyncio and aiohttp, and handed to a thread in the end. A thread
decrypts, writes and hashes it while it is in the processor's cache.

Python has no public way to do so with a connection that asyncio has made, so that this knows
three private names of it. With a Python that nobody has tried it with, or where one of them
is missing, a body comes as any other.
"""

import asyncio
from asyncio.sslproto import SSLProtocol
from collections.abc import Callable
import select
import socket
import ssl
import sys
import threading
import time
from typing import Any, Self, override

from aiohttp import ClientResponse

from ..aio import join_thread, run_in_thread
from ..errors import CloudError
from .base import Rest

# The Python whose private names are known, and mean what is expected here.
KNOWN_PYTHON = (3, 14)
# Of less, the connection is worth more than the time: it is closed afterwards.
LARGE_BYTES = 32 * 2**20
# So much is read of the socket at once, twice as much memory holds that until it is
# decrypted, and so much is decrypted before it is written.
RECORDS_BYTES, BLOCK_BYTES = 2**17, 2**18
# The kernel wakes us for so much; and we look by ourselves so often, for what drips.
MARK_BYTES = 2**18
LOOK_EVERY_S = 0.25
# A thread waits so long for more before it goes, as a fast line sends again sooner; and it
# stays so long at most, as others need threads, too.
MORE_WITHIN_MS = 5
STAY_S = 0.05


class LargeBody(Rest):
    """The rest of a body whose length is known."""

    def __init__(
        self,
        begun: bytes,
        left_bytes: int,
        transport: asyncio.BaseTransport,
        below: asyncio.ReadTransport,
        incoming: ssl.MemoryBIO,
    ) -> None:
        """Take what came, the connection, that of its records, and what came of those."""
        self._begun = begun
        # What is still to be decrypted.
        self._left_bytes = left_bytes
        self._transport = transport
        self._below = below
        self._incoming = incoming
        self._tls: ssl.SSLObject = transport.get_extra_info("ssl_object")
        # One of our own: what the loop has of a socket it closes when it likes.
        self._socket: socket.socket = transport.get_extra_info("socket").dup()
        self._socket.setblocking(False)
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)
        self._records = memoryview(bytearray(RECORDS_BYTES))
        self._block = memoryview(bytearray(BLOCK_BYTES))
        self._mark_bytes = 0
        self._mark()

    @classmethod
    async def take(cls, response: ClientResponse) -> Self | None:
        """Take the rest of a body from the event loop, if it is large and that can be."""
        connection, size_bytes = response.connection, response.content_length
        transport = connection.transport if connection else None
        protocol = getattr(transport, "_ssl_protocol", None)
        below = getattr(protocol, "_transport", None)
        incoming = getattr(protocol, "_incoming", None)
        if not (
            sys.version_info[:2] == KNOWN_PYTHON
            and connection
            and transport
            and size_bytes
            and size_bytes >= LARGE_BYTES
            and isinstance(protocol, SSLProtocol)
            and isinstance(below, asyncio.ReadTransport)
            and isinstance(incoming, ssl.MemoryBIO)
            and response.content.exception() is None
        ):
            return None
        came = []
        # Each look may let in more that had come before, until there is no more.
        while block := response.content.read_nowait():
            came.append(block)
        transport.pause_reading()
        # Whoever was about to go on reading finds out that it may not.
        await asyncio.sleep(0)
        if transport.is_closing():
            raise CloudError("body_truncated")
        below.pause_reading()
        left_bytes = size_bytes - response.content.total_bytes
        rest = cls(b"".join(came), left_bytes, transport, below, incoming)
        connection.add_callback(rest.close)
        return rest

    @property
    @override
    def is_left(self) -> bool:
        return self._left_bytes > 0 or bool(self._begun)

    @override
    async def pour(self, write: Callable[[bytes | memoryview], None]) -> int:
        cancelled = threading.Event()
        if self._transport.is_closing():
            raise CloudError("body_truncated")
        return await join_thread(run_in_thread(self._pour, write, cancelled), cancelled)

    @override
    async def wait(self) -> None:
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        loop.add_reader(self._socket, ready.set)
        timer = loop.call_later(LOOK_EVERY_S, ready.set)
        try:
            await ready.wait()
        finally:
            timer.cancel()
            loop.remove_reader(self._socket)

    def close(self) -> None:
        """Leave the connection to the loop, which may have to say goodbye on it."""
        self._socket.close()
        if not self._below.is_closing():
            self._below.resume_reading()

    def _pour(
        self,
        write: Callable[[bytes | memoryview], None],
        cancelled: threading.Event,
    ) -> int:
        """Write what has come; return how much. Blocks, but not for what has not come."""
        begun, self._begun = self._begun, b""
        if begun:
            write(begun)
        until_s = time.monotonic() + STAY_S
        poured_bytes = len(begun)
        while (
            self._left_bytes
            and time.monotonic() < until_s
            and not cancelled.is_set()
            and (size_bytes := self._take_block())
        ):
            self._left_bytes -= size_bytes
            poured_bytes += size_bytes
            write(self._block[:size_bytes])
        return poured_bytes

    def _take_block(self) -> int:
        """Decrypt what has come, as far as a block holds it; return how much it is."""
        at, end = 0, min(len(self._block), self._left_bytes)
        try:
            while at < end:
                try:
                    # With a buffer, it returns a number.
                    size: Any = self._tls.read(end - at, self._block[at:end])
                    if not size:
                        raise CloudError("body_truncated")
                    at += size
                except ssl.SSLWantReadError:
                    if not self._take_records():
                        break
        except OSError as err:
            raise CloudError("body_truncated") from err
        return at

    def _take_records(self) -> bool:
        """Take what the socket has, or will have in a moment; return whether it had any."""
        self._mark()
        for is_last in (False, True):
            try:
                size_bytes = self._socket.recv_into(self._records)
            except BlockingIOError:
                if not is_last:
                    self._poll.poll(MORE_WITHIN_MS)
                continue
            if not size_bytes:
                raise CloudError("body_truncated")
            self._incoming.write(self._records[:size_bytes])
            return True
        return False

    def _mark(self) -> None:
        """Let the kernel wake us for so much, if more than that is sure to come.

        Of what is to be decrypted, at most a block is taken already.
        """
        mark_bytes = MARK_BYTES
        if self._left_bytes <= MARK_BYTES + 2 * BLOCK_BYTES:
            mark_bytes = 1
        if mark_bytes != self._mark_bytes and hasattr(socket, "SO_RCVLOWAT"):
            self._mark_bytes = mark_bytes
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, mark_bytes)
