"""One cloud over HTTP: what goes where, how often, and what its faults are called."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
import gzip
import json
import traceback
from typing import Any, ClassVar, cast, override

from aiohttp import ClientSession, ClientTimeout, TCPConnector
from aiolimiter import AsyncLimiter
import pytest

from custom_components.clip_download.engine.errors import (
    BadAnswerError,
    CloudError,
    NotReadyError,
)
from custom_components.clip_download.engine.sources import http as http_module
from custom_components.clip_download.engine.sources.http import (
    LONGEST_QUIET_S,
    MOST_REDIRECTS,
    USER_AGENT,
    Http,
    read_body,
    read_json,
)
from tests.clouds.server import Answer, Asked, Cloud, Server, json_answer
from tests.conftest import AUTHORITY
from tests.simulated import simulated
from tests.waits import LONGEST_S, until

API = "https://api.cloud.example"
KEY = {"Authorization": "Bearer secret"}


class Teller(Cloud):
    """Says back what it was asked, and sends on where it is told to."""

    hosts = ("api.cloud.example", "n7.cloud.example", "cdn.elsewhere.example")

    def __init__(self, clouds: Server) -> None:
        """Send nobody anywhere yet."""
        super().__init__(clouds)
        self.redirects: dict[str, tuple[int, str]] = {}

    @override
    async def answer(self, asked: Asked) -> Answer:
        """Answer any request."""
        if redirect := self.redirects.get(asked.path):
            return Answer(status=redirect[0], headers={"Location": redirect[1]})
        return json_answer({"path": asked.path})


@pytest.fixture
async def teller(socket_enabled: None) -> AsyncGenerator[Teller]:
    """Return a cloud that listens."""
    async with listening() as teller:
        yield teller


@pytest.fixture
async def http(teller: Teller) -> AsyncGenerator[Http]:
    """Return what is tested, on a session that reaches the cloud only."""
    async with reaching(teller) as http:
        yield http


@asynccontextmanager
async def listening() -> AsyncGenerator[Teller]:
    """Let a cloud listen."""
    server = Server(AUTHORITY)
    teller = server.add(Teller(server))
    async with server:
        yield teller


@asynccontextmanager
async def reaching(teller: Teller) -> AsyncGenerator[Http]:
    """Make what is tested, on a session that reaches the cloud only."""
    connector = TCPConnector(
        resolver=teller.clouds.resolver(), ssl=AUTHORITY.client_context()
    )
    async with ClientSession(connector=connector) as session:
        yield Http(session, {"cloud.example"}, AsyncLimiter(100, 1))


@asynccontextmanager
async def both() -> AsyncGenerator[tuple[Http, Teller]]:
    """Make both, for a test in simulated time: no fixture lives in that."""
    async with listening() as teller, reaching(teller) as http:
        yield http, teller


async def ask(http: Http, path: str, **options: Any) -> Any:
    """Ask for a path with the key, and return the answer's JSON."""
    async with http.request(
        options.pop("method", "GET"), f"{API}{path}", headers=KEY, **options
    ) as response:
        return await read_json(response)


async def test_key_goes_to_own_host(http: Http, teller: Teller) -> None:
    """The cloud gets the key, our name, and a body as it was given."""
    assert await ask(http, "/a", method="POST", body=b"{ }") == {"path": "/a"}
    (asked,) = teller.requests
    assert asked.headers["Authorization"] == "Bearer secret"
    assert asked.headers["User-Agent"] == USER_AGENT
    # What it sends is what comes: nothing small unpacks to something large.
    assert asked.headers["Accept-Encoding"] == "identity"
    assert asked.body == b"{ }"
    # The clouds' rule for such names.
    assert not {"ring", "cisco", "meraki", "amazon"} & set(
        USER_AGENT.lower().replace("/", " ").split()
    )


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_redirect_within_the_cloud(
    http: Http, teller: Teller, status: int
) -> None:
    """A shard gets all that the first host got."""
    teller.redirects["/a"] = (status, "https://n7.cloud.example/b?c=%2F")
    assert await ask(http, "/a", method="POST", body=b"{}") == {"path": "/b"}
    last = teller.requests[-1]
    assert last.url == "https://n7.cloud.example/b?c=%2F"
    assert (last.method, last.body) == ("POST", b"{}")
    assert last.headers["Authorization"] == "Bearer secret"


async def test_see_other(http: Http, teller: Teller) -> None:
    """A 303 is for a GET without a body; a relative place is on the same host."""
    teller.redirects["/a"] = (303, "b")
    assert await ask(http, "/a", method="POST", body=b"{}") == {"path": "/b"}
    assert (teller.requests[-1].method, teller.requests[-1].body) == ("GET", b"")


async def test_redirect_elsewhere_and_back(http: Http, teller: Teller) -> None:
    """Nothing of ours leaves the cloud, nor is it given to whoever sends us back."""
    teller.redirects["/a"] = (307, "https://cdn.elsewhere.example/b")
    teller.redirects["/b"] = (307, f"{API}/c")
    assert await ask(http, "/a", method="POST", body=b"secret") == {"path": "/c"}
    for asked in teller.requests[1:]:
        assert "Authorization" not in asked.headers
        assert b"secret" not in asked.body


@pytest.mark.parametrize(
    "place",
    [
        "http://api.cloud.example/b",
        "http://cdn.elsewhere.example/b",
        "https://localhost/b",
        "https://127.0.0.1/b",
        "https://127.1/b",
        "https://2130706433/b",
        "https://[::1]/b",
        "https://[fe80::1]/b",
        "https://192.168.1.5:8123/b",
        "https://homeassistant.local/b",
        "https://nas.lan/b",
        "https://metadata.google.internal/b",
        "https://router/b",
        "https://localhost./b",
        "https://[/b",
        "https://key:word@api.cloud.example/b",
        "https://cdn.elsewhere.example:99999/b",
        "https://ä.elsewhere.example/b",
        f"https://{'c' * 64}.elsewhere.example/b",
        "ftp://cdn.elsewhere.example/b",
    ],
)
async def test_bad_redirect(http: Http, teller: Teller, place: str) -> None:
    """No cloud sends us in the clear, to this machine, or into a user's network."""
    teller.redirects["/a"] = (302, place)
    with pytest.raises(CloudError, match="cloud_redirect"):
        await ask(http, "/a")
    with pytest.raises(CloudError, match="cloud_redirect"):
        async with http.get_signed(f"{API}/a"):
            pass
    if not place.startswith("https://api."):
        with pytest.raises(CloudError, match="cloud_redirect") as caught:
            async with http.get_signed(place):
                pass
        assert caught.value.placeholders["host"]
    assert [asked.path for asked in teller.requests] == ["/a", "/a"]


async def test_endless_redirects(http: Http, teller: Teller) -> None:
    """A circle ends."""
    teller.redirects["/a"] = (302, "/a")
    with pytest.raises(CloudError, match="cloud_redirect"):
        await ask(http, "/a")
    assert len(teller.requests) == MOST_REDIRECTS + 1


@pytest.mark.parametrize(
    "url",
    [
        "http://api.cloud.example/a",
        "https://cdn.elsewhere.example/a",
        "https://evilcloud.example/a",
        "https://cloud.example.evil.example/a",
    ],
)
async def test_key_goes_nowhere_else(http: Http, teller: Teller, url: str) -> None:
    """A next page on another host is not asked for."""
    with pytest.raises(CloudError, match="cloud_redirect"):
        async with http.request("GET", url, headers=KEY):
            pass
    assert not teller.requests


async def test_signed_url(http: Http, teller: Teller) -> None:
    """A signed URL is used byte for byte, without anything of ours."""
    teller.redirects["/stream/aB%2Fc%3D%3D"] = (
        302,
        "https://cdn.elsewhere.example/x%2Fy?sig=a%2Bb%3D",
    )
    async with http.get_signed(f"{API}/stream/aB%2Fc%3D%3D?t=%2b") as response:
        assert await read_json(response) == {"path": "/x%2Fy"}
    assert [asked.url for asked in teller.requests] == [
        f"{API}/stream/aB%2Fc%3D%3D?t=%2b",
        "https://cdn.elsewhere.example/x%2Fy?sig=a%2Bb%3D",
    ]
    assert not any("Authorization" in asked.headers for asked in teller.requests)


@pytest.mark.usefixtures("socket_enabled")
@simulated
async def test_rate_is_kept() -> None:
    """However many ask at once, the cloud is asked no faster than it allows."""
    async with both() as (http, teller):
        http._limiter = AsyncLimiter(5, 0.25)
        await asyncio.gather(*(ask(http, f"/{number}") for number in range(15)))
        times = sorted(asked.at for asked in teller.requests)
        assert times[-1] - times[0] >= timedelta(seconds=0.495)
        for first, sixth in zip(times, times[10:], strict=False):
            assert sixth - first >= timedelta(seconds=0.245)


@pytest.mark.usefixtures("socket_enabled")
@simulated
async def test_redirects_count() -> None:
    """A redirect within the cloud is a request like any other."""
    async with both() as (http, teller):
        http._limiter = AsyncLimiter(1, 0.2)
        teller.redirects["/a"] = (302, "/b")
        await ask(http, "/a")
        first, last = teller.requests
        assert last.at - first.at >= timedelta(seconds=0.195)


@pytest.mark.usefixtures("socket_enabled")
@simulated
async def test_throttled() -> None:
    """After "too many requests" all of the account wait as long as the cloud says."""
    async with both() as (http, teller):
        teller.misbehave(status=429, headers={"Retry-After": "1"})
        with pytest.raises(CloudError) as caught:
            await ask(http, "/a")
        assert caught.value.key == "cloud_throttled"
        assert caught.value.retry_after_s == 1
        await asyncio.gather(ask(http, "/b"), ask(http, "/c"))
        first, *others = teller.requests
        assert all(
            other.at - first.at >= timedelta(seconds=0.995) for other in others
        ), others


@pytest.mark.usefixtures("socket_enabled")
@simulated
async def test_the_longest_wish_holds() -> None:
    """What was under way and is throttled for less does not end the quiet early."""
    async with both() as (http, teller):
        late = asyncio.Event()
        teller.misbehave("/slow", hold=late, status=429, headers={"Retry-After": "1"})
        teller.misbehave("/a", status=429, headers={"Retry-After": "5"})
        slow = asyncio.create_task(ask(http, "/slow"))
        await until(lambda: teller.asked("/slow"))
        with pytest.raises(CloudError, match="^cloud_throttled$"):
            await ask(http, "/a")
        late.set()
        with pytest.raises(CloudError, match="^cloud_throttled$"):
            await slow
        (throttled,) = teller.asked("/a")
        await ask(http, "/b")
        (again,) = teller.asked("/b")
        assert again.at - throttled.at >= timedelta(seconds=4.9)


@pytest.mark.usefixtures("socket_enabled")
@simulated
async def test_throttled_for_long() -> None:
    """Whoever asks meanwhile is told how long it takes, and may have no such time."""
    async with both() as (http, teller):
        teller.misbehave(status=429, headers={"Retry-After": "3600"})
        for wait_s in (3600, LONGEST_QUIET_S):
            with pytest.raises(CloudError) as caught:
                await ask(http, "/a")
            assert caught.value.key == "cloud_throttled"
            assert caught.value.retry_after_s == pytest.approx(wait_s, abs=5)
        assert len(teller.requests) == 1


@pytest.mark.parametrize("value", [None, "soon", "-3"])
async def test_throttled_without_a_time(
    http: Http, teller: Teller, value: str | None
) -> None:
    """How long to leave a store alone that does not say it, is the caller's to say."""
    teller.misbehave(
        status=429, headers={} if value is None else {"Retry-After": value}
    )
    with pytest.raises(CloudError) as caught:
        async with http.get_signed(f"{API}/a"):
            pass
    assert caught.value.key == "cloud_throttled"
    assert caught.value.retry_after_s is None
    assert await ask(http, "/b") == {"path": "/b"}


@pytest.mark.usefixtures("socket_enabled")
@simulated
async def test_quiet_without_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many are throttled, the account is quiet once; longer each time, not after."""
    async with both() as (http, teller):
        monkeypatch.setattr(http_module, "FIRST_QUIET_S", 0.1)
        monkeypatch.setattr(http_module, "LAST_QUIET_S", 0.3)
        monkeypatch.setattr(http_module, "LONGEST_WAIT_S", 0)

        async def refused_for_s(path: str = "/a") -> float:
            with pytest.raises(CloudError, match="^cloud_throttled$") as caught:
                await ask(http, path)
            assert caught.value.retry_after_s is not None
            return caught.value.retry_after_s

        teller.misbehave(status=429, times=10, delay_s=0.02)
        waits = await asyncio.gather(
            *(refused_for_s(f"/{number}") for number in range(10))
        )
        assert waits == [pytest.approx(0.1, abs=0.001)] * 10
        # Nobody asks meanwhile.
        assert await refused_for_s() < 0.1
        assert len(teller.requests) == 10

        for quiet_s in (0.2, 0.3, 0.3):
            await asyncio.sleep(waits[-1])
            teller.misbehave(status=429)
            waits.append(await refused_for_s())
            assert waits[-1] == pytest.approx(quiet_s)
        await asyncio.sleep(waits[-1])
        await ask(http, "/good")
        teller.misbehave(status=429)
        assert await refused_for_s() == pytest.approx(0.1)


@pytest.mark.usefixtures("socket_enabled")
@simulated
async def test_careful_after_throttling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once it has throttled, the cloud is asked slowly for a while, and not for ever."""
    async with both() as (http, teller):
        monkeypatch.setattr(http_module, "CAREFUL_S", 1.0)
        monkeypatch.setattr(http, "_careful", AsyncLimiter(1, 0.3))
        loop = asyncio.get_running_loop()

        async def two_take_s() -> float:
            began_s = loop.time()
            await ask(http, "/a")
            await ask(http, "/b")
            return loop.time() - began_s

        assert await two_take_s() < 0.25
        teller.misbehave(status=429, headers={"Retry-After": "0"})
        with pytest.raises(CloudError, match="^cloud_throttled"):
            await ask(http, "/a")
        assert await two_take_s() >= 0.3
        await asyncio.sleep(1)
        assert await two_take_s() < 0.25


@pytest.mark.parametrize("seconds", [20, -20])
@pytest.mark.usefixtures("socket_enabled")
@simulated
async def test_retry_after_date(seconds: int) -> None:
    """The time to wait may be given as a date; one that has passed is no time."""
    async with both() as (http, teller):
        at = datetime.now(UTC) + timedelta(seconds=seconds)
        teller.misbehave(
            status=503, headers={"Retry-After": format_datetime(at, usegmt=True)}
        )
        async with http.request("GET", f"{API}/a", headers=KEY) as response:
            err = http_module.trouble(response)
        assert (err.key, err.placeholders) == ("cloud_trouble", {"status": "503"})
        assert err.retry_after_s == pytest.approx(max(seconds, 0), abs=1)


async def test_unreachable(http: Http, teller: Teller) -> None:
    """A connection that fails is told by its kind, and never by its URL."""
    # aiohttp asks once more by itself.
    teller.misbehave(drop=True, times=2)
    with pytest.raises(CloudError) as caught:
        await ask(http, "/a?token=secret")
    assert caught.value.key == "cloud_unreachable"
    assert "secret" not in str(caught.value)
    with pytest.raises(CloudError, match="cloud_unreachable"):
        async with http.get_signed("https://unknown.example/?token=secret"):
            pass


async def test_no_url_in_a_traceback(
    http: Http, teller: Teller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even whoever logs all of an error, as coordinators do, logs a signed URL."""
    monkeypatch.setattr(http_module, "TIMEOUT", ClientTimeout(connect=0.2))

    url = f"{API}/a?signature={'5' * 9}"
    # As no TLS begins, the connection does not come about.
    loop = asyncio.get_running_loop()
    async with await loop.create_server(asyncio.Protocol, "127.0.0.1", 0) as mute:
        teller.clouds.ports["api.cloud.example"] = mute.sockets[0].getsockname()[1]
        with pytest.raises(CloudError) as caught:
            async with http.get_signed(url):
                pass
        mute.close_clients()
    assert caught.value.key == "cloud_unreachable"
    assert caught.value.placeholders == {"reason": "no_answer"}
    assert url in str(caught.value.__context__)
    assert "555555555" not in "".join(traceback.format_exception(caught.value))


async def test_broken_body(http: Http, teller: Teller) -> None:
    """An answer that breaks off is no answer."""
    teller.misbehave(truncate_after_bytes=3)
    with pytest.raises(CloudError, match="cloud_unreachable"):
        await ask(http, "/a")


async def test_slow_body(
    http: Http, teller: Teller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that never ends is given up."""
    monkeypatch.setattr(http_module, "LONGEST_READ_S", 0.1)
    teller.misbehave(hang_after_bytes=3)
    with pytest.raises(CloudError, match="cloud_unreachable"):
        await ask(http, "/a")


@pytest.mark.parametrize("body", ["<html>sign in to the hotel</html>", ""])
async def test_no_json(http: Http, teller: Teller, body: str) -> None:
    """What is no JSON is no answer."""
    teller.misbehave(body=body)
    with pytest.raises(CloudError, match="cloud_nonsense"):
        await ask(http, "/a")


async def test_too_large(http: Http, teller: Teller) -> None:
    """A body is read as a whole only up to its limit."""
    body = json.dumps("x" * 100)
    teller.misbehave(times=2, body=body)
    async with http.request("GET", f"{API}/a", headers=KEY) as response:
        assert await read_body(response, len(body)) == body.encode()
    with pytest.raises(CloudError, match="cloud_nonsense"):
        async with http.request("GET", f"{API}/a", headers=KEY) as response:
            await read_body(response, len(body) - 1)


async def test_statuses_are_the_callers(http: Http, teller: Teller) -> None:
    """What another status means, the caller knows."""
    statuses = [204, 304, 401, 404, 500]
    for status in statuses:
        teller.misbehave(status=status)
    for status in statuses:
        async with http.request("GET", f"{API}/a", headers=KEY) as response:
            assert response.status == status


# A cloud whose footage lies in known places


@pytest.fixture
async def strict(teller: Teller) -> AsyncGenerator[Http]:
    """Return one that knows where its cloud's footage lies."""
    connector = TCPConnector(
        resolver=teller.clouds.resolver(), ssl=AUTHORITY.client_context()
    )
    async with ClientSession(connector=connector) as session:
        yield Http(
            session,
            {"api.cloud.example"},
            AsyncLimiter(100, 1),
            media_hosts=("cloud.example",),
        )


@pytest.mark.parametrize("status", [301, 302, 303])
async def test_media_elsewhere(strict: Http, teller: Teller, status: int) -> None:
    """Footage is got without anything of ours, even below the cloud's own domain."""
    teller.redirects["/a"] = (status, "https://n7.cloud.example/b")
    assert await ask(strict, "/a", method="POST", body=b"{}") == {"path": "/b"}
    last = teller.requests[-1]
    assert (last.method, last.body) == ("GET", b"")
    assert "Authorization" not in last.headers


@pytest.mark.parametrize("status", [307, 308])
async def test_media_by_the_same_request(
    strict: Http, teller: Teller, status: int
) -> None:
    """A redirect that is for the same request takes the body along, not the key."""
    teller.redirects["/a"] = (status, "https://n7.cloud.example/b")
    headers = {**KEY, "Content-Type": "application/json", "X-Key": "secret"}
    async with strict.request(
        "POST", f"{API}/a", headers=headers, body=b"{}"
    ) as response:
        assert await read_json(response) == {"path": "/b"}
    last = teller.requests[-1]
    assert (last.method, last.body) == ("POST", b"{}")
    assert last.headers["Content-Type"] == "application/json"
    assert "secret" not in str(last.headers)


async def test_no_media_host(strict: Http, teller: Teller) -> None:
    """Where footage never lies, nobody is asked."""
    teller.redirects["/a"] = (302, "https://cdn.elsewhere.example/b")
    with pytest.raises(CloudError, match="cloud_redirect"):
        await ask(strict, "/a")
    with pytest.raises(CloudError, match="cloud_redirect"):
        async with strict.get_signed("https://cdn.elsewhere.example/b"):
            pass
    assert len(teller.requests) == 1


# What has no end


@asynccontextmanager
async def raw(
    teller: Teller, talk: Callable[[asyncio.StreamWriter], Awaitable[None]]
) -> AsyncIterator[None]:
    """Let the API's host be a server that says what it likes, however slowly."""
    tasks: list[asyncio.Task[Any]] = []

    async def connected(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        tasks.append(cast("asyncio.Task[Any]", asyncio.current_task()))
        with suppress(ConnectionError):
            await reader.readuntil(b"\r\n\r\n")
            await talk(writer)

    context = AUTHORITY.server_context(Teller.hosts)
    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=context)
    for host in Teller.hosts:
        teller.clouds.ports[host] = server.sockets[0].getsockname()[1]
    async with server:
        yield
        server.abort_clients()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def drip(writer: asyncio.StreamWriter, text: bytes) -> None:
    """Send something a byte at a time, for ever."""
    writer.write(text)
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    "beginning",
    [
        b"HTTP/1.1 200 O",
        b"HTTP/1.1 200 OK\r\nX-Filler: ",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n[",
    ],
    ids=["status", "headers", "chunks", "body"],
)
async def test_drips(
    http: Http, teller: Teller, monkeypatch: pytest.MonkeyPatch, beginning: bytes
) -> None:
    """Whatever of an answer drips, for as long as something comes: it is given up."""
    monkeypatch.setattr(http_module, "ANSWER_WITHIN_S", 0.3)
    monkeypatch.setattr(http_module, "LONGEST_READ_S", 0.3)
    async with (
        raw(teller, lambda writer: drip(writer, beginning)),
        asyncio.timeout(LONGEST_S),
    ):
        with pytest.raises(CloudError, match="cloud_unreachable"):
            await ask(http, "/a")


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "x-own"])
async def test_packed(http: Http, teller: Teller, encoding: str) -> None:
    """What was packed though nobody asked for that is refused, and never unpacked."""
    body = gzip.compress(b'"' + bytes(50 * 2**20) + b'"')
    headers = {"Content-Encoding": encoding}
    teller.misbehave(times=3, body=body, headers=headers)
    with pytest.raises(CloudError, match="^cloud_encoded$"):
        await ask(http, "/a")
    with pytest.raises(CloudError, match="^cloud_encoded$"):
        async with http.get_signed(f"{API}/a"):
            pass
    for asked in teller.requests:
        assert asked.headers["Accept-Encoding"] == "identity"
    # Of an error only the status counts.
    teller.faults.clear()
    teller.misbehave(status=503, body=body, headers=headers)
    async with http.request("GET", f"{API}/a", headers=KEY) as response:
        assert response.status == 503
        assert await read_body(response, len(body)) == body
    teller.misbehave(headers={"Content-Encoding": "identity"}, body="[]", status=200)
    assert await ask(http, "/a") == []


# What it says of times


@pytest.mark.parametrize(
    ("value", "wish_s"),
    [
        ("31536000000", 3600),
        ("9" * 400, 3600),
        ("3600", 3600),
        ("0", 0),
        ("٣", None),
        ("²", None),
        ("1e3", None),
        ("Fri, 31 Dec 9999 23:59:59 -2359", None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 3600),
        ("Mon, 01 Jan 0001 00:00:00 +2359", 0),
        ("Mon, 01 Jan 1900 00:00:00 GMT", 0),
        ("Fri, 31 Dec 99999999999999999999 23:59:59 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 -0000", 3600),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
async def test_wishes(
    http: Http, teller: Teller, value: str, wish_s: float | None, status: int
) -> None:
    """No cloud makes anybody wait for more than an hour, nor fail on a date."""
    teller.misbehave(status=status, headers={"Retry-After": value})
    with pytest.raises(CloudError) as caught:
        async with http.get_signed(f"{API}/a") as response:
            raise http_module.trouble(response)
    assert caught.value.retry_after_s == wish_s
    if status == 429:
        http._quiet_until = 0
        teller.misbehave(status=status, headers={"Retry-After": value})
        with pytest.raises(CloudError) as caught:
            await ask(http, "/a")
        assert caught.value.retry_after_s is not None
        assert 0 <= caught.value.retry_after_s <= 3600


def test_whoever_says_it() -> None:
    """No error of any source brings a longer wait, whatever it was made from."""
    for wish_s, wait_s in ((10.0**12, 3600), (-5, 0), (60, 60)):
        assert (
            BadAnswerError("cloud_trouble", retry_after_s=wish_s).retry_after_s
            == wait_s
        )
        assert NotReadyError("footage_not_ready", after_s=wish_s).after_s == wait_s
    assert BadAnswerError("cloud_trouble").retry_after_s is None


# Where it leads


@pytest.mark.parametrize(
    "place",
    [
        "https://127.0.0.0x1/b",
        "https://0x7f.1/b",
        "https://0x7f000001/b",
        "https://0X7F000001./b",
        "https://0177.0.0.1/b",
        "https://017700000001/b",
        "https://127.0.0.0x/b",
        "https://1.2.3.4./b",
        "https://[::ffff:127.0.0.1]/b",
        "https://fritz.box/b",
        "https://nas.fritz.box/b",
        "https://xn--/b",
        "https://xn--a/b",
        "https://xn--a.elsewhere.example/b",
        "https://cdn.elsewhere.example/\ud800",
        "https://127.0.0.1.:443/b",
    ],
)
async def test_places_in_disguise(http: Http, teller: Teller, place: str) -> None:
    """An address is known in all of its forms, and a name that is none is no crash."""
    with pytest.raises(CloudError, match="cloud_redirect|cloud_unreachable") as caught:
        async with http.get_signed(place):
            pass
    str(caught.value).encode()
    if "xn--a" not in place:
        assert caught.value.key == "cloud_redirect"
    assert not teller.requests
    assert teller.clouds.resolver().refused == []


class HomeConnector(TCPConnector):
    """Tells what names lead to, as Home Assistant's own does, whatever it connects to."""

    addresses: ClassVar[dict[str, str]] = {}

    async def async_resolve_host(self, host: str) -> list[dict[str, str]]:
        """Return the one address of a name."""
        if host not in self.addresses:
            raise OSError("no such name")
        return [{"host": self.addresses[host]}]


@pytest.mark.parametrize(
    ("cloud", "cdn", "is_refused"),
    [
        ("93.184.216.34", "93.184.216.35", False),
        ("93.184.216.34", "192.168.1.5", True),
        ("93.184.216.34", "127.0.0.1", True),
        ("93.184.216.34", "169.254.169.254", True),
        ("93.184.216.34", "100.64.0.1", True),
        ("93.184.216.34", "::ffff:10.0.0.1", True),
        ("93.184.216.34", "fe80::1%eth0", True),
        ("2606:2800:220:1::1", "fd00::1", True),
        ("2606:2800:220:1::1", "2606:2800:220:1::2", False),
        # A cloud of the user's own may lead to what is beside it.
        ("192.168.1.4", "192.168.1.5", False),
    ],
)
async def test_a_name_that_leads_home(
    teller: Teller,
    monkeypatch: pytest.MonkeyPatch,
    cloud: str,
    cdn: str,
    is_refused: bool,
) -> None:
    """No public cloud sends us to a public name of something in a user's network."""
    addresses = {"api.cloud.example": cloud, "cdn.elsewhere.example": cdn}
    monkeypatch.setattr(HomeConnector, "addresses", addresses)
    connector = HomeConnector(
        resolver=teller.clouds.resolver(), ssl=AUTHORITY.client_context()
    )
    async with ClientSession(connector=connector) as session:
        http = Http(session, {"cloud.example"}, AsyncLimiter(100, 1))
        await ask(http, "/first")
        teller.redirects["/a"] = (302, "https://cdn.elsewhere.example/b")
        for asking in (
            partial(ask, http, "/a"),
            partial(signed, http, "https://cdn.elsewhere.example/b"),
        ):
            teller.requests.clear()
            if is_refused:
                with pytest.raises(CloudError, match="cloud_redirect"):
                    await asking()
            else:
                assert await asking() == {"path": "/b"}
            came = [asked.host for asked in teller.requests]
            assert ("cdn.elsewhere.example" in came) != is_refused
        # Who cannot be found is told of as such.
        with pytest.raises(CloudError, match="cloud_unreachable"):
            await signed(http, "https://unknown.example/b")


async def signed(http: Http, url: str) -> Any:
    """Return the JSON at a signed URL."""
    async with http.get_signed(url) as response:
        return await read_json(response)
