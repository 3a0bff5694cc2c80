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

from tests.clouds.server import Line

from .servers import HOST

CHUNK_BYTES = 32 * 1024


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


def _serve(
    connection: Connection, folder: Path, mbit_s: float, first_byte_s: float
) -> None:
    asyncio.run(_serve_for_ever(connection, folder, mbit_s, first_byte_s))


async def _serve_for_ever(
    connection: Connection, folder: Path, mbit_s: float, first_byte_s: float
) -> None:
    line = Line(mbit_s * 125_000)
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
                    await line.send(len(chunk))
                    writer.write(chunk)
                    await writer.drain()
        writer.close()

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "cert.pem")
    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    connection.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()
