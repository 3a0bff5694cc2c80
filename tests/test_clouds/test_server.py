"""The server speaks for its clouds under their names, and spoils what it is told to."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
import time
from typing import override

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientPayloadError,
    ClientSession,
    TCPConnector,
)
from aiohttp.resolver import ThreadedResolver
import pytest
from yarl import URL

from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from tests.clouds import Clouds
from tests.clouds.footage import Footage, Shot, Span, moments
from tests.clouds.resolver import LoopbackResolver
from tests.clouds.server import Answer, Asked, Cloud, Server, json_answer
from tests.conftest import AUTHORITY
from tests.waits import until

BODY = bytes(range(256)) * 2000
SHOP = "https://shop.example.com"
FILE = "https://eu.files.example.com/file"


class Shop(Cloud):
    """A cloud that sells one thing."""

    hosts = ("shop.example.com", "*.files.example.com")

    def __init__(self, clouds: Server) -> None:
        """Open."""
        super().__init__(clouds)
        self.route("GET", r"shop\.example\.com/show/(?P<name>.+)", self.show)
        self.route("GET", r"\w+\.files\.example\.com/file", self.file)
        self.route("POST", r"shop\.example\.com/crash", self.crash)

    async def show(self, asked: Asked, name: str) -> Answer:
        """Show what was asked."""
        return json_answer({"name": name, "query": dict(asked.query)})

    async def file(self, asked: Asked) -> Answer:
        """Give the file."""
        path = self.clouds.folder / "file"
        path.write_bytes(BODY)
        return Answer(body=path, ranges=True)

    async def crash(self, asked: Asked) -> Answer:
        """Fail."""
        raise LookupError("a bug")

    @override
    def unknown(self, asked: Asked) -> Answer:
        """Have a word of its own."""
        return Answer(status=410, body=b"gone")


@pytest.fixture
async def server(socket_enabled: None) -> AsyncGenerator[Server]:
    """Return a server with a shop on it."""
    server = Server(AUTHORITY)
    server.add(Shop(server))
    async with server:
        yield server


@pytest.fixture
def shop(server: Server) -> Shop:
    """Return the shop."""
    (shop,) = server.clouds
    assert isinstance(shop, Shop)
    return shop


@pytest.fixture
async def session(server: Server) -> AsyncGenerator[ClientSession]:
    """Return a session that reaches the shop."""
    connector = TCPConnector(resolver=server.resolver(), ssl=AUTHORITY.client_context())
    async with ClientSession(connector=connector) as own:
        yield own


async def test_routes_and_log(shop: Shop, session: ClientSession) -> None:
    """What was asked is answered by its route, and kept byte for byte."""
    url = URL(f"{SHOP}/show/a%2Fb%3d?x=%2B1&y=", encoded=True)
    async with session.get(url, headers={"Authorization": "Bearer key"}) as response:
        assert await response.json() == {
            "name": "a%2Fb%3d",
            "query": {"x": "+1", "y": ""},
        }
    async with session.post(f"{SHOP}/show/a", json={"a": 1}) as response:
        assert (response.status, await response.read()) == (410, b"gone")

    first, second = shop.requests
    assert first.url == str(url)
    assert first.headers["authorization"] == "Bearer key"
    assert (second.method, second.json()) == ("POST", {"a": 1})
    assert "authorization" not in second.headers
    assert shop.asked(r"/show/a$") == [second]
    assert shop.asked(r"/show", "GET") == [first]


@pytest.mark.parametrize(
    ("wanted", "status", "body"),
    [
        (None, 200, BODY),
        ("bytes=5-9", 206, BODY[5:10]),
        ("bytes=300000-", 206, BODY[300_000:]),
        ("bytes=-7", 206, BODY[-7:]),
        ("bytes=0-99999999", 206, BODY),
        (f"bytes={len(BODY)}-", 416, b""),
    ],
)
async def test_files(
    session: ClientSession, wanted: str | None, status: int, body: bytes
) -> None:
    """A file comes whole, or the bytes of it that were asked for."""
    headers = {"Range": wanted} if wanted else {}
    async with session.get(FILE, headers=headers) as response:
        assert response.status == status
        assert response.content_length == len(body)
        assert await response.read() == body


async def test_faults_in_order(shop: Shop, session: ClientSession) -> None:
    """Faults happen as often as told, one after the other, then all is well."""
    shop.misbehave("/file", times=2, status=503, headers={"Retry-After": "1"})
    shop.misbehave("/file", status=200, body="<html>")
    shop.misbehave("/show", method="POST", status=500)
    answers = []
    for _ in range(4):
        async with session.get(FILE) as response:
            answers.append((response.status, len(await response.read())))
    assert answers == [(503, 0), (503, 0), (200, 6), (200, len(BODY))]
    async with session.get(f"{SHOP}/show/a") as response:
        assert response.status == 200

    shop.misbehave("/file", skip=1, status=404)
    statuses = []
    for _ in range(3):
        async with session.get(FILE) as response:
            statuses.append(response.status)
    assert statuses == [200, 404, 200]


async def test_spoilt_bodies(shop: Shop, session: ClientSession) -> None:
    """A body can end early, be of another length than told, or have none."""
    shop.misbehave("/file", truncate_after_bytes=1000)
    async with session.get(FILE) as response:
        assert response.content_length == len(BODY)
        with pytest.raises(ClientPayloadError):
            await response.read()

    shop.misbehave("/file", lie_about_length=1000)
    async with session.get(FILE) as response:
        assert await response.read() == BODY[:1000]

    shop.misbehave("/file", lie_about_length=len(BODY) + 1)
    async with session.get(FILE) as response:
        with pytest.raises(ClientPayloadError):
            await response.read()

    shop.misbehave("/file", chunked=True)
    async with session.get(FILE) as response:
        assert response.content_length is None
        assert await response.read() == BODY

    shop.misbehave("/file", chunked=True, truncate_after_bytes=1000)
    async with session.get(FILE) as response:
        with pytest.raises(ClientPayloadError):
            await response.read()

    # A client may try again by itself where a connection had been used before.
    shop.misbehave("/file", drop=True, times=2)
    with pytest.raises(ClientError):
        await session.get(FILE)


async def test_slow_answers(shop: Shop, session: ClientSession) -> None:
    """An answer can be late, or stop in the middle until the server does."""
    shop.misbehave("/file", delay_s=0.2)
    begin = time.monotonic()
    async with session.get(FILE) as response:
        assert await response.read() == BODY
    assert time.monotonic() - begin >= 0.2

    shop.misbehave("/file", hang_after_bytes=1000)
    async with session.get(FILE) as response:
        assert await response.content.readexactly(1000) == BODY[:1000]
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(response.content.readany(), 0.2)


async def test_stops_while_hanging(socket_enabled: None) -> None:
    """A request that hangs does not keep the server from stopping."""
    server = Server(AUTHORITY)
    shop = server.add(Shop(server))
    connector = TCPConnector(resolver=server.resolver(), ssl=AUTHORITY.client_context())
    async with ClientSession(connector=connector) as session:
        async with server:
            # Nobody waits for this: it is longer than a test may take.
            shop.misbehave("", delay_s=3600)
            request = asyncio.create_task(session.get(FILE))
            await until(lambda: shop.requests)
        await asyncio.gather(request, return_exceptions=True)
        if not request.exception():
            request.result().close()


async def test_bugs_are_told(socket_enabled: None) -> None:
    """A simulation that crashes is the test's failure, not a mere 500."""
    server = Server(AUTHORITY)
    server.add(Shop(server))
    connector = TCPConnector(resolver=server.resolver(), ssl=AUTHORITY.client_context())
    with pytest.RaisesGroup(LookupError):
        async with (
            server,
            ClientSession(connector=connector) as session,
            session.post(f"{SHOP}/crash") as response,
        ):
            assert response.status == 500
    assert not server.folder.exists()


async def test_nothing_else_is_reached(session: ClientSession) -> None:
    """Names that are no cloud's cannot be resolved, and wrong names are not certified."""
    with pytest.raises(ClientConnectorError):
        await session.get("https://example.org/")
    # One label more than the certificate's wildcard has.
    with pytest.raises(ClientConnectorError):
        await session.get("https://a.eu.files.example.com/")


async def test_others_are_let_through(server: Server) -> None:
    """The demonstration's resolver finds other names, too."""
    resolver = LoopbackResolver(server.ports, others=ThreadedResolver())
    (found,) = await resolver.resolve("127.0.0.1", 80)
    assert (found["host"], found["port"]) == ("127.0.0.1", 80)
    (found,) = await resolver.resolve("SHOP.example.com.", 443)
    assert (found["host"], found["port"]) == (
        "127.0.0.1",
        server.ports["shop.example.com"],
    )
    await resolver.close()


async def test_films_are_made_once(server: Server) -> None:
    """Footage that is asked for twice at once is made once, off the event loop."""
    # Whole frames: between two looks at the clock there may be none.
    end = server.now()
    shots = [Shot(Footage("Gate"), end - timedelta(seconds=1), end)]
    (path, span), (again, _) = await asyncio.gather(
        server.film(shots), server.film(list(shots))
    )
    assert path == again
    found = moments(path, of=shots[0].footage)
    assert isinstance(span, Span)
    assert found[0] == span.start
    assert list(server.folder.glob("*.mp4")) == [path]


async def test_home_assistant_reaches_clouds(
    hass: HomeAssistant, hass_clouds: Clouds
) -> None:
    """Home Assistant's own session resolves and trusts them, and nobody else."""
    session = async_get_clientsession(hass)
    with pytest.raises(ClientConnectorError):
        await session.get("https://example.org/")
    for host in hass_clouds.ports:
        name = host.replace("*", "anything")
        async with session.get(f"https://{name}/nothing") as response:
            assert response.status >= 400
        assert hass_clouds.requests[-1].host == name


async def test_clients_that_go_away(server: Server) -> None:
    """Who leaves in the middle of a handshake fails no test that happens to end then."""
    told: list[object] = []
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    loop.set_exception_handler(lambda _, context: told.append(context))

    def are_shaking_hands() -> bool:
        return any("_accept_connection2" in repr(one) for one in asyncio.all_tasks())

    port = server.ports[URL(SHOP).host or ""]
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    await until(are_shaking_hands)
    writer.transport.abort()
    await until(lambda: not are_shaking_hands())
    loop.call_exception_handler({"message": "All else is told."})
    assert told == [{"message": "All else is told."}]
