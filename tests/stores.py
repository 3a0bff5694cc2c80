"""Stores that others wrote, started for tests, and a proxy that makes things go wrong.

moto speaks S3 with all of its checksums and versions, s3rver (npm) as old stores do, and
wsgidav speaks WebDAV.
"""

# The plugin blocks `socket.socket` before a fixture of a whole module can allow it.
import _socket
import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
import contextlib
from dataclasses import dataclass, field
from io import BytesIO
import json
import os
from pathlib import Path
import re
import shutil
import subprocess
import sys
import time
from typing import Any

from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, web
import pytest
from yarl import URL

from custom_components.clip_download.engine.targets.base import Target
from custom_components.clip_download.engine.targets.limits import Bandwidth
from custom_components.clip_download.engine.targets.s3 import S3Settings, S3Target

from .demo import offsite
from .ports import free_port

# How long a server may take to start on a machine that is busy.
_START_S = 60
BUCKET = "clips"
USER, PASSWORD = "somebody", "a pass:word ü"
S3RVER = "s3rver@3.7.1"


@contextlib.contextmanager
def _running(command: list[str], port: int) -> Iterator[str]:
    """Run a server until it listens; yield its address."""
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        end = time.monotonic() + _START_S
        while True:
            with (
                contextlib.suppress(OSError),
                contextlib.closing(_socket.socket()) as one,
            ):
                one.connect(("127.0.0.1", port))
                break
            assert process.poll() is None, command
            assert time.monotonic() < end, command
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def moto() -> Iterator[str]:
    """Run moto's server; yield its address."""
    port = free_port()
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-p", str(port)]
    with _running(command, port) as url:
        yield url


@contextlib.contextmanager
def s3rver(folder: Path) -> Iterator[str]:
    """Run s3rver, which npx brings, with a bucket; yield its address."""
    npx = shutil.which("npx")
    if npx is None:
        pytest.skip("s3rver needs Node, which is not here")
    # npx itself would outlive its own end.
    found = subprocess.run(
        [npx, "--yes", "--package", S3RVER, "which", "s3rver"],
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode:
        pytest.skip("npm could not bring s3rver")
    port = free_port()
    command = ["node", found.stdout.strip(), "-d", str(folder), "-p", str(port), "-s"]
    command += ["--configure-bucket", BUCKET]
    with _running(command, port) as url:
        yield url


@contextlib.contextmanager
def wsgidav(folder: Path) -> Iterator[str]:
    """Run wsgidav, which serves a folder to one user; yield its address."""
    port = free_port()
    path = folder.with_suffix(".json")
    config = offsite.config(folder, USER, PASSWORD, "/dav")
    path.write_text(json.dumps({**config, "host": "127.0.0.1", "port": port}))
    command = [sys.executable, "-W", "ignore", "-m", "wsgidav.server.server_cli"]
    with _running([*command, "-c", str(path)], port) as url:
        yield f"{url}/dav/"


def settings(url: str, **changed: Any) -> S3Settings:
    """Return how to sign in at one of them."""
    known = {
        "bucket": BUCKET,
        "access_key_id": "S3RVER",
        "secret_access_key": "S3RVER",
        "endpoint_url": url,
        "prefix": "home",
    }
    return S3Settings(**{**known, **changed})


@contextlib.asynccontextmanager
async def s3_target(
    url: str, limit: Bandwidth | None = None, **changed: Any
) -> AsyncIterator[S3Target]:
    """Open a bucket of one of them, as a target."""
    target = await S3Target.open(settings(url, **changed), limit=limit)
    try:
        yield target
    finally:
        await target.aclose()


async def make_bucket(target: Target, **how: Any) -> None:
    """Make the bucket of a target by S3's own means."""
    assert isinstance(target, S3Target)
    await target._client.create_bucket(Bucket=target._bucket, **how)


@contextlib.asynccontextmanager
async def empty_bucket(url: str, prefix: str = "") -> AsyncIterator[S3Target]:
    """Open the bucket of moto, which is made if need be, at a prefix of its own."""
    async with s3_target(url, prefix=prefix or own_prefix()) as target:
        buckets = await target._client.list_buckets()
        if BUCKET not in [one["Name"] for one in buckets["Buckets"]]:
            await make_bucket(target)
        yield target


def own_prefix() -> str:
    """Return a prefix that nobody else has."""
    return f"home/{os.urandom(4).hex()}"


async def fetched(target: Target, name: str, *of: int) -> bytes:
    """Fetch an object (a range of it)."""
    async with target.read(name, *of) as pieces:
        return b"".join([piece async for piece in pieces])


async def names(target: Target, below: str = "") -> list[str]:
    """Return the names of what is there."""
    return sorted([one.name async for one in target.list(below)])


@dataclass
class Proxy:
    """A proxy before a store, at which things go wrong.

    `faults` are asked in turn about each request, once each: what one returns is
    answered in the store's place, or done to what the store answers.
    """

    url: str = ""
    seen: list[tuple[str, str]] = field(default_factory=list)
    # What arrived whole, and was stored.
    stored: list[str] = field(default_factory=list)
    faults: list[Callable[[web.Request], Fault | None]] = field(default_factory=list)
    # Asked about each request for as long as it is set: aiohttp asks once more by itself.
    always: Callable[[web.Request], Fault | None] | None = None

    def next_fault(self, request: web.Request) -> Fault | None:
        """Return what goes wrong with a request, and forget that it has to."""
        if self.always and (what := self.always(request)) is not None:
            return what
        for fault in self.faults:
            if (what := fault(request)) is not None:
                self.faults.remove(fault)
                return what
        return None

    def sent(self, method: str, pattern: str = "") -> list[str]:
        """Return the paths of the requests so far of a method that match a pattern."""
        return [p for m, p in self.seen if m == method and re.search(pattern, p)]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something that goes wrong: an answer, a break, or another header in the answer.

    A break comes after `breaks_after` bytes of what is sent; with `late`, the store has
    done what it was asked, and only its answer is lost.
    """

    status: int = 0
    code: str = ""
    breaks_after: int | None = None
    late: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    wait_s: float = 0


def on(
    method: str, fault: Fault, pattern: str = ""
) -> Callable[[web.Request], Fault | None]:
    """Return a fault of the first request of a method whose path matches."""
    return lambda request: (
        fault
        if request.method == method and re.search(pattern, request.path_qs)
        else None
    )


@contextlib.asynccontextmanager
async def proxy_to(url: str) -> AsyncIterator[Proxy]:
    """Serve a proxy before the store at a URL."""
    origin = URL(url).origin()
    proxy = Proxy()
    session = ClientSession(
        auto_decompress=False,
        cookie_jar=DummyCookieJar(),
        timeout=ClientTimeout(total=None),
    )

    async def serve(request: web.Request) -> web.StreamResponse:
        response = await answer_to(request)
        # A client that uses a connection again asks again by itself if that breaks.
        response.force_close()
        return response

    async def answer_to(request: web.Request) -> web.StreamResponse:
        proxy.seen.append((request.method, request.path_qs))
        fault = proxy.next_fault(request) or Fault()
        if fault.wait_s:
            await asyncio.sleep(fault.wait_s)
        if fault.breaks_after is not None and not fault.late:
            await request.content.read(fault.breaks_after)
            assert request.transport
            request.transport.abort()
            return web.Response()
        body = await request.read()
        if fault.status:
            text = f"<Error><Code>{fault.code}</Code><Message>x</Message></Error>"
            return web.Response(
                status=fault.status, text=text, content_type="application/xml"
            )
        headers = {
            name: value
            for name, value in request.headers.items()
            if name.lower() not in ("transfer-encoding", "connection")
        }
        async with session.request(
            request.method,
            URL(f"{origin}{request.raw_path}", encoded=True),
            headers=headers,
            data=BytesIO(body),
            allow_redirects=False,
        ) as answer:
            got = await answer.read()
            if request.method == "PUT" and answer.status < 300:
                proxy.stored.append(request.path_qs)
            if fault.late:
                assert request.transport
                request.transport.abort()
                return web.Response()
            forwarded = {
                name: value
                for name, value in answer.headers.items()
                if name.lower()
                not in ("transfer-encoding", "connection", "date", "server")
            }
            forwarded.update(fault.headers)
            response = web.Response(status=answer.status, headers=forwarded)
            if request.method != "HEAD":
                forwarded.pop("Content-Length", None)
                response = web.Response(
                    status=answer.status, headers=forwarded, body=got
                )
            return response

    app = web.Application(client_max_size=2**30)
    app.router.add_route("*", "/{path:.*}", serve)
    runner = web.AppRunner(app, auto_decompress=False)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    proxy.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield proxy
    finally:
        await runner.cleanup()
        await session.close()
