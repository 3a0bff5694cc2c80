"""A line that is not endless: whoever is served over it shares so many bits a second.

The server is a process of its own, on loopback, over TLS.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
import multiprocessing
from multiprocessing.connection import Connection
from pathlib import Path
import ssl

import trustme

from .servers import HOST

CHUNK_BYTES = 32 * 1024
# What a line makes up for when its process was late.
SLACK_S = 0.02


class Line:
    """So many bytes go over it at once, whoever they are for."""

    def __init__(self, mbit_s: float | None) -> None:
        """Take the speed; None is no limit."""
        self._s_per_byte = 8e-6 / mbit_s if mbit_s else 0.0
        self._free_at_s = 0.0

    async def carry(self, size_bytes: int) -> None:
        """Wait until so many bytes have gone over it."""
        if not self._s_per_byte:
            return
        now_s = asyncio.get_running_loop().time()
        begin_s = max(self._free_at_s, now_s - SLACK_S)
        self._free_at_s = begin_s + size_bytes * self._s_per_byte
        if self._free_at_s > now_s:
            await asyncio.sleep(self._free_at_s - now_s)


@contextmanager
def served(folder: Path, mbit_s: float, first_byte_s: float) -> Iterator[int]:
    """Serve `folder/www` over one line; yield the port. The CA is `folder/ca.pem`."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    certificate = authority.issue_cert(HOST)
    certificate.private_key_and_cert_chain_pem.write_to_path(str(folder / "cert.pem"))
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(
        target=_serve, args=(theirs, folder, mbit_s, first_byte_s), daemon=True
    )
    server.start()
    try:
        yield int(ours.recv())
    finally:
        server.terminate()
        server.join()


def _serve(told: Connection, folder: Path, mbit_s: float, first_byte_s: float) -> None:
    asyncio.run(_serve_for_ever(told, folder, mbit_s, first_byte_s))


async def _serve_for_ever(
    told: Connection, folder: Path, mbit_s: float, first_byte_s: float
) -> None:
    line = Line(mbit_s)
    files: dict[str, bytes] = {}

    async def answer(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                name = head.split(maxsplit=2)[1].decode().rpartition("/")[2]
                if name not in files:
                    files[name] = (folder / "www" / name).read_bytes()
                body = memoryview(files[name])
                await asyncio.sleep(first_byte_s)
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\n"
                    b"Content-Length: %d\r\n\r\n" % len(body)
                )
                for at in range(0, len(body), CHUNK_BYTES):
                    chunk = body[at : at + CHUNK_BYTES]
                    await line.carry(len(chunk))
                    writer.write(chunk)
                    await writer.drain()
        writer.close()

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "cert.pem")
    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    told.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()
