"""Bodies over a real socket: whole ones arrive, others are named and refused."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
import errno
import hashlib
import io
import os
from pathlib import Path
import threading
import tracemalloc
from typing import Any, Protocol, override

from aiohttp import ClientSession, ClientTimeout, web
from aiohttp.test_utils import TestServer
import pytest

from custom_components.clip_download.engine.errors import BodyError, CloudError
from custom_components.clip_download.engine.folder import File, Folder
from custom_components.clip_download.engine.pipeline import download
from custom_components.clip_download.engine.pipeline.download import (
    CHUNK_BYTES,
    LEAST_BYTES,
    LEAST_WITHIN_S,
    MOST_BYTES_BESIDES,
    MOST_S_BESIDES,
    Bounds,
    receive,
)
from custom_components.clip_download.engine.sources.base import Download
from custom_components.clip_download.engine.sources.http import download_of
from tests.simulated import simulated
from tests.waits import LONGEST_S, is_open, until

MP4_HEAD = b"\0\0\0\x20ftypisom"
TS_PACKET = b"\x47" + bytes(187)

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
BOUNDS = Bounds.of(timedelta(minutes=5))


class Get(Protocol):
    """Receives what a handler sends, within bounds; returns its size."""

    def __call__(
        self, handler: Handler, path: Path, bounds: Bounds = BOUNDS
    ) -> Coroutine[None, None, int]:
        """Return how many bytes came."""


@pytest.fixture
async def get(socket_enabled: None) -> AsyncIterator[Get]:
    """Return a function that receives what a handler sends."""
    servers: list[TestServer] = []
    session = ClientSession()

    async def get(handler: Handler, path: Path, bounds: Bounds = BOUNDS) -> int:
        app = web.Application()
        app.router.add_get("/", handler)
        server = TestServer(app)
        await server.start_server()
        servers.append(server)
        async with session.get(server.make_url("/")) as response:
            received = await receive(download_of(response), File.at(path), bounds)
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


def in_blocks(data: bytes) -> Download:
    """Return a download of a body."""

    async def chunks() -> AsyncIterator[bytes]:
        for at in range(0, len(data), 2**18):
            yield data[at : at + 2**18]

    return Download(chunks=chunks(), size_bytes=len(data))


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
        "custom_components.clip_download.engine.library.files.RESERVE_BYTES", 2**62
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
        def write(self, block: Any) -> int:
            if self.tell() > 2 * CHUNK_BYTES:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
            return super().write(block)

    monkeypatch.setattr(download, "BufferedWriter", Full)
    with pytest.raises(OSError, match="No space left"):
        await get(body(MP4_HEAD + bytes(10 * CHUNK_BYTES)), path)
    assert path.stat().st_size > 2 * CHUNK_BYTES


@pytest.mark.parametrize("size_bytes", [0, 1, 3 * CHUNK_BYTES + 17])
async def test_a_body_is_hashed_while_it_arrives(
    tmp_path: Path, size_bytes: int
) -> None:
    """The hash is that of the file, and holds for it until somebody writes to it."""
    data = MP4_HEAD + os.urandom(size_bytes)
    file = File.at(tmp_path / "0.part")
    received = await receive(in_blocks(data), file, BOUNDS)
    assert received.hashed
    assert received.hashed.sha256 == hashlib.sha256(file.path.read_bytes()).hexdigest()
    assert received.hashed.is_of(file.stat())
    with file.path.open("r+b") as other:
        other.write(b"1")
    assert not received.hashed.is_of(file.stat())


async def test_a_transport_stream_is_not_hashed(tmp_path: Path) -> None:
    """It is never the clip, so that nobody would ask."""
    data = TS_PACKET * 20_000
    received = await receive(in_blocks(data), File.at(tmp_path / "0.part"), BOUNDS)
    assert received == (len(data), True, None)


async def test_a_part_of_several_is_not_hashed(tmp_path: Path) -> None:
    """Nor is it ever the clip as it is."""
    data = MP4_HEAD + os.urandom(3 * CHUNK_BYTES)
    file = File.at(tmp_path / "0.part")
    received = await receive(in_blocks(data), file, BOUNDS, may_stay=False)
    assert received == (len(data), True, None)


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


async def test_cancelled_while_the_disk_writes(
    get: Get, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file is closed once the thread that writes it is done, and not before."""
    writes, may_write = threading.Event(), threading.Event()
    log: list[str] = []

    class Slow(io.BufferedWriter):
        @override
        def write(self, block: Any) -> int:
            writes.set()
            assert may_write.wait(LONGEST_S)
            log.append("written")
            return super().write(block)

        @override
        def close(self) -> None:
            log.append("closed")
            super().close()

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(MP4_HEAD + bytes(CHUNK_BYTES))
        await asyncio.sleep(60)
        return response

    monkeypatch.setattr(download, "_created", lambda file: Slow(file.create()))
    task = asyncio.create_task(get(handler, tmp_path / "0.part"))
    await until(writes.is_set)
    task.cancel()
    # Long enough for another thread to close it.
    await asyncio.sleep(0.2)
    may_write.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert log.index("closed") == log.count("written") > 0


# --- every download ends


def dripping(
    block: bytes, every_s: float, blocks: int = 10**9, *, head: bytes = MP4_HEAD
) -> Handler:
    """Return a handler that sends a head, then blocks of a size at a pace."""

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(head)
        for _ in range(blocks):
            await asyncio.sleep(every_s)
            await response.write(block)
        return response

    return handler


async def received(handler: Handler, path: Path, bounds: Bounds) -> tuple[int, float]:
    """Receive what a handler sends; return its size and how long that took."""
    app = web.Application()
    app.router.add_get("/", handler)
    loop = asyncio.get_running_loop()
    async with TestServer(app) as server, ClientSession() as session:
        timeout = ClientTimeout(total=None, sock_read=60)
        async with session.get(server.make_url("/"), timeout=timeout) as response:
            began_s = loop.time()
            try:
                got = await receive(download_of(response), File.at(path), bounds)
            except CloudError as err:
                err.add_note(str(loop.time() - began_s))
                raise
            return got.size_bytes, loop.time() - began_s


@pytest.mark.parametrize("every_s", [0.5, 30, 59])
@pytest.mark.parametrize("at_once_bytes", [0, 3 * LEAST_BYTES])
@simulated
async def test_a_body_that_drips(
    tmp_path: Path, socket_enabled: None, every_s: float, at_once_bytes: int
) -> None:
    """A byte now and then keeps no download alive, however well that began."""
    drip = dripping(b"\0", every_s, head=MP4_HEAD + bytes(at_once_bytes))
    with pytest.raises(CloudError, match="^body_too_slow") as caught:
        await received(drip, tmp_path / "0.part", BOUNDS)
    assert float(caught.value.__notes__[0]) == pytest.approx(LEAST_WITHIN_S, abs=1)
    # The way was slow; it is worth another try.
    assert not isinstance(caught.value, BodyError)


@simulated
async def test_the_least_pace(tmp_path: Path, socket_enabled: None) -> None:
    """What keeps it comes, however late; and not for longer than its footage may take."""
    blocks = 10
    drip = dripping(bytes(LEAST_BYTES), LEAST_WITHIN_S - 5, blocks)
    size_bytes, took_s = await received(drip, tmp_path / "0.part", BOUNDS)
    assert size_bytes == len(MP4_HEAD) + blocks * LEAST_BYTES
    assert took_s == pytest.approx(blocks * (LEAST_WITHIN_S - 5), abs=5)

    bounds = Bounds.of(timedelta(seconds=10))
    drip = dripping(bytes(LEAST_BYTES), LEAST_WITHIN_S - 5)
    with pytest.raises(CloudError, match="^body_too_slow") as caught:
        await received(drip, tmp_path / "1.part", bounds)
    assert float(caught.value.__notes__[0]) == pytest.approx(bounds.most_s, abs=1)


@simulated
async def test_a_slow_disk_is_not_the_clouds_fault(
    tmp_path: Path, socket_enabled: None
) -> None:
    """The time that writing takes does not count."""
    loop = asyncio.get_running_loop()
    run = loop.run_in_executor
    waits = iter([0, 0, 90, 90, 90])

    async def slow(*args: Any) -> Any:
        await asyncio.sleep(next(waits, 0))
        return await run(*args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            loop, "run_in_executor", lambda *args: asyncio.ensure_future(slow(*args))
        )
        drip = dripping(bytes(CHUNK_BYTES), 20, 6)
        # Enough for the cloud's two minutes, not for the disk's as well.
        bounds = replace(BOUNDS, most_s=150)
        size_bytes, took_s = await received(drip, tmp_path / "0.part", bounds)
    assert took_s > 150
    assert size_bytes == len(MP4_HEAD) + 6 * CHUNK_BYTES


def test_bounds() -> None:
    """Footage that somebody films fits into them; nonsense has some, too."""
    bounds = Bounds.of(timedelta(minutes=5))
    assert bounds.most_bytes == 5 * 60 * 50_000_000 // 8 + MOST_BYTES_BESIDES
    assert bounds.most_s == 5 * 60 * 30 + MOST_S_BESIDES
    assert Bounds.of(timedelta(-1)) == Bounds.of(timedelta(0))


async def test_a_body_without_end(get: Get, tmp_path: Path) -> None:
    """More than the footage can be is not written, whether the size is told or not."""
    bounds = Bounds(most_bytes=3 * CHUNK_BYTES, most_s=60)
    path = tmp_path / "0.part"
    drip = dripping(bytes(CHUNK_BYTES // 3), 0)
    # It would be the same the next time.
    with pytest.raises(BodyError, match="^body_too_large$"):
        await get(drip, path, bounds)
    assert path.stat().st_size <= bounds.most_bytes

    path = tmp_path / "1.part"
    with pytest.raises(CloudError, match="^body_too_large$"):
        await get(body(MP4_HEAD + bytes(3 * CHUNK_BYTES)), path, bounds)
    assert not path.exists()


async def test_a_disk_that_others_fill(
    get: Get, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is looked at again and again, so that the reserve is left to Home Assistant."""
    asked: list[int] = []

    def check(folder: Folder, needed_bytes: int) -> None:
        asked.append(needed_bytes)
        if len(asked) == 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder.path))

    monkeypatch.setattr(download, "check_space", check)
    monkeypatch.setattr(download, "SPACE_EVERY_BYTES", 2 * CHUNK_BYTES)
    size_bytes = len(MP4_HEAD) + 20 * CHUNK_BYTES
    path = tmp_path / "0.part"
    with pytest.raises(OSError, match="No space left"):
        await get(body(MP4_HEAD + bytes(20 * CHUNK_BYTES)), path)
    assert asked[0] == size_bytes
    # Only what is still to come needs room.
    assert size_bytes > asked[1] + 2 * CHUNK_BYTES - 1 > asked[2]
    assert path.stat().st_size <= 5 * CHUNK_BYTES
    # Of an endless one it is not known how much that is.
    asked.clear()
    with pytest.raises(OSError, match="No space left"):
        await get(dripping(bytes(CHUNK_BYTES), 0), tmp_path / "1.part")
    assert asked == [0, 0, 0]
