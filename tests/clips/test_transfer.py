"""Bodies over a real socket: whole ones arrive, others are named and refused."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
import errno
import io
import os
from pathlib import Path
import tracemalloc
from typing import override

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
import pytest

from custom_components.clip_download.clips import transfer
from custom_components.clip_download.clips.errors import CloudError
from custom_components.clip_download.clips.folder import File
from custom_components.clip_download.clips.transfer import CHUNK_BYTES, receive
from tests.waits import is_open, until

MP4_HEAD = b"\0\0\0\x20ftypisom"
TS_PACKET = b"\x47" + bytes(187)

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
type Get = Callable[[Handler, Path], Coroutine[None, None, int]]


@pytest.fixture
async def get(socket_enabled: None) -> AsyncIterator[Get]:
    """Return a function that receives what a handler sends."""
    servers: list[TestServer] = []
    session = ClientSession()

    async def get(handler: Handler, path: Path) -> int:
        app = web.Application()
        app.router.add_get("/", handler)
        server = TestServer(app)
        await server.start_server()
        servers.append(server)
        async with session.get(server.make_url("/")) as response:
            received = await receive(response, File.at(path))
            return received.size_bytes

    yield get
    await session.close()
    for server in servers:
        await server.close()


def body(data: bytes, **options: object) -> Handler:
    """Return a handler that sends a body."""

    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=data, **options)  # type: ignore[arg-type]

    return handler


@pytest.mark.parametrize(
    "data",
    [
        MP4_HEAD,
        MP4_HEAD + os.urandom(CHUNK_BYTES * 3 + 17),
        TS_PACKET * 3,
        TS_PACKET * 20_000,
    ],
    ids=["small mp4", "mp4", "small ts", "ts"],
)
async def test_a_whole_body_arrives(get: Get, tmp_path: Path, data: bytes) -> None:
    """Every byte is on the disk, and counted."""
    path = tmp_path / "0.part"
    assert await get(body(data), path) == len(data)
    assert path.read_bytes() == data


@pytest.mark.parametrize(
    ("data", "key"),
    [
        (b"", "body_empty"),
        (b"<html>Sign in</html>" * 100, "body_not_video"),
        (b'{"errors":["busy"]}', "body_not_video"),
        (TS_PACKET, "body_not_video"),
        (TS_PACKET + os.urandom(1000), "body_not_video"),
        (os.urandom(5000), "body_not_video"),
    ],
    ids=["nothing", "page", "words", "one packet", "broken packets", "noise"],
)
async def test_what_is_no_footage_is_refused(
    get: Get, tmp_path: Path, data: bytes, key: str
) -> None:
    """A good status and a video's content type prove nothing."""
    with pytest.raises(CloudError) as error:
        await get(body(data, content_type="video/mp4"), tmp_path / "0.part")
    assert error.value.key == key


async def test_a_body_that_breaks_off(get: Get, tmp_path: Path) -> None:
    """A connection that ends before the promised length is not a whole body."""

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000000"})
        await response.prepare(request)
        await response.write(MP4_HEAD + bytes(5000))
        assert request.transport
        request.transport.close()
        return response

    with pytest.raises(CloudError) as error:
        await get(handler, tmp_path / "0.part")
    assert error.value.key == "body_truncated"


async def test_a_chunked_body_that_breaks_off(get: Get, tmp_path: Path) -> None:
    """Without a length, the missing last chunk tells."""

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        await response.write(MP4_HEAD + bytes(5000))
        assert request.transport
        request.transport.close()
        return response

    with pytest.raises(CloudError) as error:
        await get(handler, tmp_path / "0.part")
    assert error.value.key == "body_truncated"


async def test_no_room(
    get: Get, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A body that the disk cannot hold is refused before its first byte is written."""
    monkeypatch.setattr(
        "custom_components.clip_download.clips.files.RESERVE_BYTES", 2**62
    )
    with pytest.raises(OSError, match="No space left"):
        await get(body(MP4_HEAD), tmp_path / "0.part")
    assert list(tmp_path.iterdir()) == []


async def test_the_disk_fills_up_under_way(
    get: Get, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk's own word reaches the caller, though bytes were written before."""
    path = tmp_path / "0.part"

    class Full(io.BufferedWriter):
        @override
        def writelines(self, lines: Iterable[bytes]) -> None:  # type: ignore[override]
            if self.tell() > 2 * CHUNK_BYTES:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
            super().writelines(lines)

    monkeypatch.setattr(transfer, "BufferedWriter", Full)
    with pytest.raises(OSError, match="No space left"):
        await get(body(MP4_HEAD + bytes(10 * CHUNK_BYTES)), path)
    assert path.stat().st_size > 2 * CHUNK_BYTES


async def test_a_link_is_not_followed(get: Get, tmp_path: Path) -> None:
    """A link under the working name cannot make us write elsewhere."""
    outside = tmp_path / "outside"
    (tmp_path / "0.part").symlink_to(outside)
    with pytest.raises(FileExistsError):
        await get(body(MP4_HEAD), tmp_path / "0.part")
    assert not outside.exists()


async def test_memory_stays_flat(get: Get, tmp_path: Path) -> None:
    """16 chunks pass through the space of a few."""
    block = bytes(CHUNK_BYTES)

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(MP4_HEAD)
        for _ in range(16):
            await response.write(block)
        return response

    tracemalloc.start()
    try:
        received = await get(handler, tmp_path / "0.part")
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert received == 16 * CHUNK_BYTES + len(MP4_HEAD)
    assert peak_bytes < 5 * CHUNK_BYTES


async def test_cancelling_leaves_no_open_file(get: Get, tmp_path: Path) -> None:
    """A download that is given up closes its file."""
    started = asyncio.Event()

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(MP4_HEAD + bytes(2 * CHUNK_BYTES))
        started.set()
        await asyncio.sleep(60)
        return response

    path = tmp_path / "0.part"
    task = asyncio.create_task(get(handler, path))
    await started.wait()
    await until(lambda: is_open(path))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not is_open(path)
