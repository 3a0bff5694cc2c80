"""Large bodies that a thread takes from their socket: whole, however they come, or refused."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
import os
from pathlib import Path
import ssl

from aiohttp import ClientSession, TCPConnector
import pytest

from custom_components.clip_download.engine.errors import CloudError
from custom_components.clip_download.engine.folder import File
from custom_components.clip_download.engine.pipeline import download
from custom_components.clip_download.engine.pipeline.download import (
    Bounds,
    Received,
    receive,
)
from custom_components.clip_download.engine.sources import large_body
from custom_components.clip_download.engine.sources.http import download_of
from custom_components.clip_download.engine.sources.large_body import (
    BLOCK_BYTES,
    MARK_BYTES,
    LargeBody,
)
from tests.conftest import AUTHORITY
from tests.waits import is_open, until

HOST = "localhost"
HEAD = b"\0\0\0\x20ftypisom"
BOUNDS = Bounds.of(timedelta(minutes=5))
# From here on, the kernel is asked to wake us for any byte.
TAIL_BYTES = MARK_BYTES + 2 * BLOCK_BYTES

type Send = Callable[[asyncio.StreamWriter], Awaitable[None]]

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.fixture(autouse=True)
def poured(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Take any body for a large one; return how much each turn of a thread brought."""
    monkeypatch.setattr(large_body, "LARGE_BYTES", 1)
    brought: list[int] = []
    pour = LargeBody.pour

    async def watched(self: LargeBody, write: Callable[..., None]) -> int:
        size_bytes = await pour(self, write)
        brought.append(size_bytes)
        return size_bytes

    monkeypatch.setattr(LargeBody, "pour", watched)
    return brought


def footage(size_bytes: int) -> bytes:
    """Return what passes for an MP4."""
    return (HEAD + os.urandom(size_bytes))[:size_bytes]


def all_of(data: bytes) -> Send:
    """Return what sends a body at once."""

    async def send(writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()

    return send


@asynccontextmanager
async def serving(
    send: Send, size_bytes: int, *, is_tls: bool = True, version: str = "TLSv1_3"
) -> AsyncIterator[tuple[ClientSession, str]]:
    """Answer each request with a body of a size; yield a session, and the address."""
    context = AUTHORITY.server_context([HOST])
    tasks: list[asyncio.Task[None]] = []

    async def answer(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task
        tasks.append(task)
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size_bytes
                )
                await send(writer)
        except OSError, EOFError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(
        answer, "127.0.0.1", 0, ssl=context if is_tls else None
    )
    port = server.sockets[0].getsockname()[1]
    trust = AUTHORITY.client_context()
    trust.maximum_version = ssl.TLSVersion[version]
    scheme = "https" if is_tls else "http"
    try:
        async with ClientSession(connector=TCPConnector(ssl=trust)) as session:
            yield session, f"{scheme}://{HOST}:{port}/"
    finally:
        for task in tasks:
            task.cancel()
        server.close()
        await asyncio.gather(*tasks, return_exceptions=True)


async def get(
    send: Send,
    size_bytes: int,
    path: Path,
    arrived: Callable[[int], None] = lambda size_bytes: None,
    **options: object,
) -> Received:
    """Receive a body."""
    async with (
        serving(send, size_bytes, **options) as (session, url),  # type: ignore[arg-type]
        session.get(url) as response,
    ):
        return await receive(download_of(response), File.at(path), BOUNDS, arrived)


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
@pytest.mark.parametrize(
    "size_bytes",
    [
        BLOCK_BYTES - 1,
        BLOCK_BYTES,
        BLOCK_BYTES + 1,
        TAIL_BYTES - 1,
        TAIL_BYTES,
        TAIL_BYTES + 1,
        TAIL_BYTES + MARK_BYTES + 12_345,
        20 * BLOCK_BYTES + 7,
    ],
)
async def test_every_size(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    poured: list[int],
    size_bytes: int,
    version: str,
) -> None:
    """Every byte comes, and none is waited for that does not come."""
    monkeypatch.setattr(large_body, "LOOK_EVERY_S", 1000)
    path, data = tmp_path / "0.part", footage(size_bytes)
    received = await get(all_of(data), size_bytes, path, version=version)
    assert path.read_bytes() == data
    assert received.size_bytes == size_bytes
    assert received.hashed
    # One that is small may all be there before a thread is.
    assert sum(poured) or size_bytes < TAIL_BYTES - 1


async def test_a_body_that_drips(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Less than the kernel wakes us for comes even so, and the last bytes come at once."""
    monkeypatch.setattr(large_body, "LOOK_EVERY_S", 0.05)
    data = footage(TAIL_BYTES + MARK_BYTES)
    path = tmp_path / "0.part"
    came_bytes = [0]

    async def send(writer: asyncio.StreamWriter) -> None:
        for at in range(0, len(data), 100_000):
            end = min(at + 100_000, len(data))
            writer.write(data[at:end])
            await writer.drain()
            # The next is sent when this has come.
            await until(partial(came_bytes.__contains__, end))

    await get(send, len(data), path, arrived=came_bytes.append)
    assert path.read_bytes() == data


@pytest.mark.parametrize("is_reset", [False, True])
async def test_a_body_that_breaks_off(tmp_path: Path, is_reset: bool) -> None:
    """The end of the connection is noticed, whatever the kernel was told to wait for."""

    async def send(writer: asyncio.StreamWriter) -> None:
        writer.write(footage(5 * BLOCK_BYTES + 1000))
        await writer.drain()
        if is_reset:
            writer.transport.abort()
        else:
            writer.close()

    with pytest.raises(CloudError) as error:
        await get(send, 20 * BLOCK_BYTES, tmp_path / "0.part")
    assert error.value.key == "body_truncated"


async def test_a_body_that_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who sends nothing any more is not waited for."""
    monkeypatch.setattr(download, "LEAST_WITHIN_S", 0.5)

    async def send(writer: asyncio.StreamWriter) -> None:
        await all_of(footage(3 * BLOCK_BYTES))(writer)
        await asyncio.sleep(1000)

    with pytest.raises(CloudError) as error:
        await get(send, 20 * BLOCK_BYTES, tmp_path / "0.part")
    assert error.value.key == "body_too_slow"


async def test_given_up(tmp_path: Path, poured: list[int]) -> None:
    """The thread has left file and connection when the caller goes on."""

    async def send(writer: asyncio.StreamWriter) -> None:
        await all_of(footage(3 * BLOCK_BYTES))(writer)
        await asyncio.sleep(1000)

    path = tmp_path / "0.part"
    task = asyncio.create_task(get(send, 20 * BLOCK_BYTES, path))
    await until(lambda: 0 in poured)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not is_open(path)


async def test_a_session_that_ends(tmp_path: Path, poured: list[int]) -> None:
    """A connection that the loop has closed is not read any more."""

    async def send(writer: asyncio.StreamWriter) -> None:
        await all_of(footage(3 * BLOCK_BYTES))(writer)
        await asyncio.sleep(1000)

    async with (
        serving(send, 20 * BLOCK_BYTES) as (session, url),
        session.get(url) as response,
    ):
        task = asyncio.create_task(
            receive(download_of(response), File.at(tmp_path / "0.part"), BOUNDS)
        )
        await until(lambda: 0 in poured)
        await session.close()
        with pytest.raises(CloudError) as error:
            await task
    assert error.value.key == "body_truncated"


async def test_the_next_request(tmp_path: Path, poured: list[int]) -> None:
    """What comes after a large body, on the same session, comes as it is."""
    data = footage(8 * BLOCK_BYTES)
    async with serving(all_of(data), len(data)) as (session, url):
        for number in range(3):
            path = tmp_path / f"{number}.part"
            async with session.get(url) as response:
                await receive(download_of(response), File.at(path), BOUNDS)
            assert path.read_bytes() == data
        async with session.get(url) as response:
            assert await response.read() == data
    assert sum(poured)


async def test_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, poured: list[int]
) -> None:
    """The disk's own word reaches the caller from the thread."""
    monkeypatch.setattr(download, "SPACE_EVERY_BYTES", BLOCK_BYTES)
    data = footage(20 * BLOCK_BYTES)

    async def send(writer: asyncio.StreamWriter) -> None:
        await all_of(data[: 4 * BLOCK_BYTES])(writer)
        await until(lambda: 0 in poured)
        monkeypatch.setattr(
            "custom_components.clip_download.engine.library.files.RESERVE_BYTES", 2**62
        )
        await all_of(data[4 * BLOCK_BYTES :])(writer)

    with pytest.raises(OSError, match="No space left"):
        await get(send, len(data), tmp_path / "0.part")


@pytest.mark.parametrize(
    "lacks", ["TLS", "a known Python", "what we know of asyncio", "size"]
)
async def test_as_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, poured: list[int], lacks: str
) -> None:
    """Where it cannot be taken from its socket, and where it is not large, it comes, too."""
    if lacks == "a known Python":
        monkeypatch.setattr(large_body, "KNOWN_PYTHON", (3, 13))
    if lacks == "what we know of asyncio":
        monkeypatch.setattr(large_body, "SSLProtocol", int)
    if lacks == "size":
        monkeypatch.setattr(large_body, "LARGE_BYTES", 2**30)
    path, data = tmp_path / "0.part", footage(20 * BLOCK_BYTES)
    await get(all_of(data), len(data), path, is_tls=lacks != "TLS")
    assert path.read_bytes() == data
    assert not poured
