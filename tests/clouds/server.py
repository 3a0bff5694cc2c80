"""One TLS server on loopback that speaks for every cloud, under its real host names."""

import asyncio
import atexit
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from itertools import count
import json
import os
from pathlib import Path
import re
import shutil
import socket
import ssl
import struct
import tempfile
import time
from typing import Any, ClassVar, Self

from aiohttp import hdrs, web
from multidict import CIMultiDict, CIMultiDictProxy, MultiDict
import trustme
from yarl import URL

from .footage import Container, Shot, Span, Timeline, write
from .resolver import LoopbackResolver, matches

_CHUNK_BYTES = 128 * 1024
# What goes over a line at once, and how far it may fall behind its rate.
_LINE_CHUNK_BYTES = 16 * 1024
_BEHIND_S = 0.1
_MOST_FILES = 100


def _own_folder() -> Path:
    """Make this process's folder for all clouds; remove those of what was killed."""
    for left in Path(tempfile.gettempdir()).glob("clouds-*-*"):
        pid = left.name.split("-")[1]
        try:
            if pid.isdecimal():
                os.kill(int(pid), 0)
        except ProcessLookupError:
            shutil.rmtree(left, ignore_errors=True)
        except OSError:
            # It runs, as somebody else.
            continue
    own = Path(tempfile.mkdtemp(prefix=f"clouds-{os.getpid()}-"))
    atexit.register(shutil.rmtree, own, ignore_errors=True)
    return own


FOLDER = _own_folder()


def _tolerate_broken_handshakes(loop: asyncio.AbstractEventLoop) -> None:
    """Let clients go away while their connection is still being made.

    A loop that is debugged tells its exception handler of that, which fails a test that
    only happened to end then.
    """
    report = loop.call_exception_handler

    def report_others(context: dict[str, Any]) -> None:
        if context[
            "message"
        ] != "Error on transport creation for incoming connection" or not isinstance(
            context.get("exception"), ConnectionError
        ):
            report(context)

    loop.call_exception_handler = report_others  # type: ignore[method-assign]


class Authority:
    """A certificate authority made for one run.

    `ca_pem_path` is what `REQUESTS_CA_BUNDLE` points to for everybody who trusts it.
    """

    def __init__(self, folder: Path) -> None:
        """Make the authority and write its certificate into `folder`."""
        folder.mkdir(exist_ok=True)
        self.ca_pem_path = folder / "clouds_ca.pem"
        self._ca = trustme.CA()
        self._ca.cert_pem.write_to_path(str(self.ca_pem_path))
        self._contexts: dict[frozenset[str], ssl.SSLContext] = {}

    def server_context(self, hosts: Iterable[str]) -> ssl.SSLContext:
        """Return a server's TLS context with a certificate for these hosts."""
        names = frozenset(hosts)
        if names not in self._contexts:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self._ca.issue_cert(*sorted(names)).configure_cert(context)
            self._contexts[names] = context
        return self._contexts[names]

    def client_context(self) -> ssl.SSLContext:
        """Return a client's TLS context that trusts this authority only."""
        return ssl.create_default_context(cafile=str(self.ca_pem_path))


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request that reached a cloud.

    `path` is byte for byte what was asked, percent-encoding and all, without the query;
    `query_string` likewise. `query` is decoded.
    """

    method: str
    host: str
    path: str
    query_string: str
    query: MultiDict[str]
    headers: CIMultiDictProxy[str]
    body: bytes
    at: datetime

    @property
    def url(self) -> str:
        """The URL that was asked, byte for byte."""
        query = f"?{self.query_string}" if self.query_string else ""
        return f"https://{self.host}{self.path}{query}"

    def json(self) -> Any:
        """Return the body's JSON value."""
        return json.loads(self.body)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a cloud answers; a path's content is streamed from disk.

    With `ranges`, a `Range` header is honoured, as a store of files does; `chunked`
    tells no length. With `talk`, a WebSocket is opened and left to it.
    """

    status: int = 200
    body: bytes | Path = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    ranges: bool = False
    chunked: bool = False
    talk: Callable[[web.WebSocketResponse], Awaitable[None]] | None = None


def json_answer(
    value: object, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Answer:
    """Return an answer with a JSON body."""
    return Answer(
        status=status,
        body=json.dumps(value).encode(),
        headers={"Content-Type": "application/json; charset=utf-8", **(headers or {})},
    )


class Bucket:
    """Tokens that fill up at a steady rate, and are taken for what is asked for."""

    def __init__(self, per_s: float, most: float) -> None:
        """Begin with a full bucket of `most` tokens."""
        self.per_s = per_s
        self.most = most
        self._left = most
        self._at = time.monotonic()

    def take(self, tokens: float = 1) -> bool:
        """Take some, if there are so many left."""
        now = time.monotonic()
        self._left = min(self.most, self._left + (now - self._at) * self.per_s)
        self._at = now
        if self._left < tokens:
            return False
        self._left -= tokens
        return True


class Line:
    """A line that bytes go over at a steady rate, whoever they are for.

    What is late is made up for, as far as `_BEHIND_S`.
    """

    def __init__(self, bytes_per_s: float) -> None:
        """Begin with a line that nobody uses."""
        self.bytes_per_s = bytes_per_s
        self.sent_bytes = 0
        self._free_at_s = 0.0

    async def send(self, size_bytes: int) -> None:
        """Wait until so many bytes have gone over it, after those of others."""
        now_s = time.monotonic()
        self._free_at_s = max(self._free_at_s, now_s - _BEHIND_S)
        self._free_at_s += size_bytes / self.bytes_per_s
        self.sent_bytes += size_bytes
        await asyncio.sleep(self._free_at_s - now_s)


@dataclass(kw_only=True)
class Fault:
    """Something that goes wrong, `times` times, with requests that match."""

    path: re.Pattern[str]
    method: str | None
    times: int
    skip: int
    status: int | None
    headers: Mapping[str, str]
    body: bytes | None
    delay_s: float
    truncate_after_bytes: int | None
    lie_about_length: int | None
    chunked: bool
    hang_after_bytes: int | None
    drop: bool
    reset: bool
    raw: bytes | None
    drip_bytes_per_s: int | None
    append: bytes
    add_headers: Mapping[str, str]
    upon: Callable[[], object] | None
    hold: asyncio.Event | None

    def meets(self, asked: Asked) -> bool:
        """Say whether it happens to this request, and count it if so."""
        if not self.times or self.method not in {None, asked.method}:
            return False
        if not self.path.search(asked.host + asked.path):
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.times -= 1
        if self.upon is not None:
            self.upon()
        return True


type Handler = Callable[..., Awaitable[Answer]]


class Cloud:
    """What every simulated cloud has: hosts, routes, faults and a log of requests.

    `latency_s`: how long each answer is on its way. `too_many` counts the requests that
    were too many.
    """

    # Host names that it answers for; `*.` stands for one label.
    hosts: ClassVar[tuple[str, ...]]

    def __init__(self, clouds: Server) -> None:
        """Take the clouds that it is one of."""
        self.clouds = clouds
        self.requests: list[Asked] = []
        self.faults: list[Fault] = []
        self.latency_s = 0.0
        self.too_many = 0
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = []

    def now(self) -> datetime:
        """Return the cloud's idea of the present."""
        return self.clouds.now()

    def route(self, method: str, place: str, handler: Handler) -> None:
        """Let `handler` answer what fully matches a regex of host and raw path.

        The regex's named groups are the handler's keyword arguments.
        """
        self._routes.append((method, re.compile(place), handler))

    def misbehave(
        self,
        path: str = "",
        *,
        times: int = 1,
        skip: int = 0,
        method: str | None = None,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | str | None = None,
        delay_s: float = 0,
        truncate_after_bytes: int | None = None,
        lie_about_length: int | None = None,
        chunked: bool = False,
        hang_after_bytes: int | None = None,
        drop: bool = False,
        reset: bool = False,
        raw: bytes | None = None,
        drip_bytes_per_s: int | None = None,
        append: bytes = b"",
        add_headers: Mapping[str, str] | None = None,
        upon: Callable[[], object] | None = None,
        hold: asyncio.Event | None = None,
    ) -> Fault:
        """Let the next `times` requests go wrong whose host and path match a regex.

        Several faults for one path happen in the order in which they were told; the
        first `skip` matching requests are spared. With `status` or `body` the cloud does
        nothing but answer that; else the true answer is sent, and spoilt:

        - `delay_s`: it begins so much later.
        - `hold`: it begins once that is set.
        - `truncate_after_bytes`: the connection ends after so many bytes of the body.
        - `lie_about_length`: `Content-Length` says this, whatever is sent.
        - `chunked`: no `Content-Length` at all.
        - `hang_after_bytes`: nothing comes after so many bytes of the body.
        - `drop`: the connection ends without any answer.
        - `reset`: where the connection would end, it is reset.
        - `raw`: these bytes are sent in place of an answer, and no more.
        - `drip_bytes_per_s`: the body comes as slowly as this.
        - `append`: this comes after the body, and is counted in its length.
        - `add_headers`: these are sent in place of those of the true answer.

        `upon` is called when the fault happens, before anything else.
        """
        fault = Fault(
            path=re.compile(path),
            method=method,
            times=times,
            skip=skip,
            status=status,
            headers=headers or {},
            body=body.encode() if isinstance(body, str) else body,
            delay_s=delay_s,
            truncate_after_bytes=truncate_after_bytes,
            lie_about_length=lie_about_length,
            chunked=chunked,
            hang_after_bytes=hang_after_bytes,
            drop=drop,
            reset=reset,
            raw=raw,
            drip_bytes_per_s=drip_bytes_per_s,
            append=append,
            add_headers=add_headers or {},
            upon=upon,
            hold=hold,
        )
        self.faults.append(fault)
        return fault

    def asked(self, place: str = "", method: str | None = None) -> list[Asked]:
        """Return the requests so far whose host and path match a regex."""
        return [
            asked
            for asked in self.requests
            if method in {None, asked.method}
            and re.search(place, asked.host + asked.path)
        ]

    async def answer(self, asked: Asked) -> Answer:
        """Answer a request by the routes."""
        for method, place, handler in self._routes:
            if method == asked.method and (
                match := place.fullmatch(asked.host + asked.path)
            ):
                return await handler(asked, **match.groupdict())
        return self.unknown(asked)

    def line(self, asked: Asked) -> Line | None:
        """Return the line that an answer comes over; None: as fast as it can."""
        return None

    def unknown(self, asked: Asked) -> Answer:
        """Answer what no route matches."""
        return json_answer({"error": f"no such thing: {asked.path}"}, status=404)

    async def stop(self) -> None:
        """End what goes on besides answering: nothing, for most."""


class Server:
    """The server behind all clouds, and the folder that their footage lies in."""

    def __init__(self, authority: Authority | None = None) -> None:
        """Take the authority to be trusted through; without one it makes its own."""
        self.folder = Path(tempfile.mkdtemp(dir=FOLDER))
        self.authority = authority or Authority(self.folder)
        self.ca_pem_path = self.authority.ca_pem_path
        self.ports: dict[str, int] = {}
        self.offset = timedelta(0)
        # What went wrong inside a simulation: never the fault of what is tested.
        self.crashes: list[Exception] = []
        self.clouds: list[Cloud] = []
        self._films: dict[object, asyncio.Task[tuple[Path, Span]]] = {}
        self._numbers = count()
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="clouds")
        self._stopped = asyncio.Event()
        self._runner: web.ServerRunner | None = None
        self._home: dict[str, int] = {}
        self._stranger_port = 0

    def add[CloudT: Cloud](self, cloud: CloudT) -> CloudT:
        """Let a cloud answer for its hosts."""
        self.clouds.append(cloud)
        return cloud

    @property
    def requests(self) -> list[Asked]:
        """All requests to all clouds, in order of time."""
        asked = [asked for cloud in self.clouds for asked in cloud.requests]
        return sorted(asked, key=lambda asked: asked.at)

    def now(self) -> datetime:
        """Return the clouds' present: the real one, moved by `offset`."""
        return datetime.now(UTC) + self.offset

    def resolver(self) -> LoopbackResolver:
        """Return a resolver that knows these clouds and nobody else."""
        return LoopbackResolver(self.ports)

    async def sleep(self, seconds: float) -> None:
        """Wait, but no longer than the server runs."""
        try:
            await asyncio.wait_for(self._stopped.wait(), seconds)
        except TimeoutError:
            return

    async def held(self, event: asyncio.Event) -> None:
        """Wait until something is let go, but no longer than the server runs."""
        waits = [asyncio.ensure_future(one.wait()) for one in (event, self._stopped)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()

    async def film(
        self,
        shots: Iterable[Shot],
        *,
        container: Container = "mp4",
        pts: Timeline = "zero",
        faststart: bool = True,
    ) -> tuple[Path, Span]:
        """Return a file of footage and what it covers; made once, in a thread."""
        key = (tuple(shots), container, pts, faststart)
        if key not in self._films:
            self._films[key] = asyncio.ensure_future(self._make_film(key))
            while len(self._films) > _MOST_FILES:
                path, _ = await self._films.pop(next(iter(self._films)))
                path.unlink()
        return await asyncio.shield(self._films[key])

    async def _make_film(
        self, key: tuple[tuple[Shot, ...], Container, Timeline, bool]
    ) -> tuple[Path, Span]:
        shots, container, pts, faststart = key
        path = self.folder / f"{next(self._numbers)}.{container}"
        make = partial(
            write, path, shots, container=container, pts=pts, faststart=faststart
        )
        return path, await self.in_thread(make)

    async def in_thread[T](self, make: Callable[[], T]) -> T:
        """Run something that blocks in a thread of the clouds' own."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, make)

    async def __aenter__(self) -> Self:
        """Start to listen."""
        _tolerate_broken_handshakes(asyncio.get_running_loop())
        hosts = [host for cloud in self.clouds for host in cloud.hosts]
        server = web.Server(self._handle, access_log=None)
        self._runner = web.ServerRunner(server, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(
            self._runner,
            "127.0.0.1",
            0,
            ssl_context=self.authority.server_context(hosts),
        )
        await site.start()
        # Who has a certificate of nobody's.
        stranger = web.TCPSite(
            self._runner,
            "127.0.0.1",
            0,
            ssl_context=Authority(self.folder / "stranger").server_context(hosts),
        )
        await stranger.start()
        port, self._stranger_port = (one[1] for one in self._runner.addresses)
        self.ports.update(dict.fromkeys(hosts, port))
        self._home = dict(self.ports)
        return self

    def lead_astray(self, pattern: str, how: str) -> None:
        """Let a host, of those in `ports`, be out of reach, until `lead_home`.

        It has "no such name", connections are "refused", or somebody else answers, with a
        "wrong certificate".
        """
        match how:
            case "no such name":
                del self.ports[pattern]
            case "refused":
                # Nobody listens there.
                self.ports[pattern] = 1
            case _:
                self.ports[pattern] = self._stranger_port

    def lead_home(self) -> None:
        """Let all hosts be found again."""
        self.ports.update(self._home)

    def hang_up(self) -> None:
        """End all connections, so that each host is looked up anew."""
        assert self._runner is not None
        assert self._runner.server is not None
        for connection in self._runner.server.connections:
            if connection.transport is not None:
                connection.transport.abort()

    async def __aexit__(self, *_: object) -> None:
        """Stop, tidy up, and raise what went wrong inside the simulations."""
        self._stopped.set()
        for cloud in self.clouds:
            await cloud.stop()
        if self._runner is not None and self._runner.server is not None:
            # Does not wait for whoever is at the other end to say goodbye, too.
            self.hang_up()
            await self._runner.cleanup()
        await asyncio.gather(*self._films.values(), return_exceptions=True)
        self._pool.shutdown()
        shutil.rmtree(self.folder)
        if self.crashes:
            raise ExceptionGroup("a simulated cloud crashed", self.crashes)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        path, _, query_string = request.raw_path.partition("?")
        asked = Asked(
            method=request.method,
            host=request.host.partition(":")[0].lower(),
            path=path,
            query_string=query_string,
            query=MultiDict(URL(f"?{query_string}", encoded=True).query),
            headers=request.headers,
            body=body,
            at=self.now(),
        )
        cloud = self._cloud(asked.host)
        if cloud is None:
            return web.Response(status=421)
        cloud.requests.append(asked)
        fault = next((fault for fault in cloud.faults if fault.meets(asked)), None)
        if fault is not None:
            await self.sleep(fault.delay_s)
            if fault.hold is not None:
                await self.held(fault.hold)
        if fault is not None and fault.drop:
            return _hang_up(request, web.StreamResponse(), fault)
        if fault is not None and fault.raw is not None:
            assert request.transport is not None
            request.transport.write(fault.raw)
            await self._until_gone(request)
            return _hang_up(request, web.StreamResponse(), fault)
        if cloud.latency_s:
            await self.sleep(cloud.latency_s)
        try:
            answer = await _true_answer(cloud, asked, fault)
        except Exception as err:  # noqa: BLE001 - told at the end of the test
            self.crashes.append(err)
            answer = Answer(status=500)
        if answer.talk is not None:
            socket = web.WebSocketResponse()
            await socket.prepare(request)
            await answer.talk(socket)
            return socket
        return await self._send(request, answer, fault, cloud.line(asked))

    def _cloud(self, host: str) -> Cloud | None:
        for cloud in self.clouds:
            if any(matches(pattern, host) for pattern in cloud.hosts):
                return cloud
        return None

    async def _send(
        self,
        request: web.BaseRequest,
        answer: Answer,
        fault: Fault | None,
        line: Line | None,
    ) -> web.StreamResponse:
        size = (
            len(answer.body)
            if isinstance(answer.body, bytes)
            else answer.body.stat().st_size
        )
        headers = CIMultiDict(answer.headers)
        if fault is not None:
            for name, value in fault.add_headers.items():
                headers[name] = value
        headers.setdefault(hdrs.DATE, format_datetime(self.now(), usegmt=True))
        status, begin, end = answer.status, 0, size
        if answer.ranges:
            status, begin, end = _ranged(request, status, size, headers)
        response = web.StreamResponse(status=status, headers=headers)
        stop = end
        if answer.chunked or (fault is not None and fault.chunked):
            response.enable_chunked_encoding()
        elif fault is not None and fault.lie_about_length is not None:
            response.content_length = fault.lie_about_length
            stop = min(end, begin + fault.lie_about_length)
        else:
            response.content_length = end - begin + len(fault.append if fault else b"")
        hang = False
        if fault is not None:
            for after in (fault.truncate_after_bytes, fault.hang_after_bytes):
                if after is not None:
                    stop = min(stop, begin + after)
            hang = fault.hang_after_bytes is not None
        try:
            await response.prepare(request)
            if request.method != hdrs.METH_HEAD:
                if fault is not None and fault.drip_bytes_per_s:
                    await self._drip(
                        response, answer.body, begin, stop, fault.drip_bytes_per_s
                    )
                else:
                    await self._write(response, answer.body, begin, stop, line)
                if fault is not None and fault.append and stop == end:
                    await response.write(fault.append)
            if hang:
                await self._until_gone(request)
        except ConnectionError:
            # Whoever asked has gone.
            return response
        is_short = fault is not None and fault.lie_about_length is not None
        if stop < end or hang or is_short:
            return _hang_up(request, response, fault)
        await response.write_eof()
        return response

    async def _write(
        self,
        response: web.StreamResponse,
        body: bytes | Path,
        begin: int,
        end: int,
        line: Line | None = None,
    ) -> None:
        if isinstance(body, bytes):
            await response.write(body[begin:end])
            return
        with body.open("rb") as file:
            file.seek(begin)
            most = _LINE_CHUNK_BYTES if line else _CHUNK_BYTES
            while begin < end:
                chunk = await self.in_thread(partial(file.read, min(most, end - begin)))
                if line:
                    await line.send(len(chunk))
                await response.write(chunk)
                begin += len(chunk)

    async def _drip(
        self,
        response: web.StreamResponse,
        body: bytes | Path,
        begin: int,
        end: int,
        bytes_per_s: int,
    ) -> None:
        for at in range(begin, end, bytes_per_s):
            await self._write(response, body, at, min(end, at + bytes_per_s))
            await self.sleep(1)

    async def _until_gone(self, request: web.BaseRequest) -> None:
        """Wait until whoever asked has gone."""
        while not self._stopped.is_set():
            if request.transport is None or request.transport.is_closing():
                return
            await self.sleep(1)


async def _true_answer(cloud: Cloud, asked: Asked, fault: Fault | None) -> Answer:
    if fault is not None and (fault.status is not None or fault.body is not None):
        return Answer(
            status=200 if fault.status is None else fault.status,
            body=fault.body or b"",
            headers=fault.headers,
        )
    return await cloud.answer(asked)


def _ranged(
    request: web.BaseRequest, status: int, size: int, headers: CIMultiDict[str]
) -> tuple[int, int, int]:
    """Return the status, and from where to where to send; set the headers."""
    headers[hdrs.ACCEPT_RANGES] = "bytes"
    wanted = _range(request.headers.get(hdrs.RANGE), size)
    if wanted is None:
        return status, 0, size
    if not wanted:
        headers[hdrs.CONTENT_RANGE] = f"bytes */{size}"
        return 416, 0, 0
    headers[hdrs.CONTENT_RANGE] = f"bytes {wanted.start}-{wanted.stop - 1}/{size}"
    return 206, wanted.start, wanted.stop


def _hang_up(
    request: web.BaseRequest, response: web.StreamResponse, fault: Fault | None
) -> web.StreamResponse:
    """End the connection, whatever was promised."""
    if request.transport is not None:
        if fault is not None and fault.reset:
            # Without a goodbye: nothing that is left to send is sent.
            peer = request.transport.get_extra_info("socket")
            peer.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
            request.transport.abort()
        else:
            request.transport.close()
    return response


def _range(header: str | None, size: int) -> range | None:
    """Return the bytes that a Range header asks for; empty if there are none such."""
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", header or "")
    if match is None or match.group(0) == "bytes=-":
        return None
    first, last = match.groups()
    if not first:
        return range(max(0, size - int(last)), size)
    return range(int(first), min(int(last) + 1 if last else size, size))
