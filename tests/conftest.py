"""What tests share: Home Assistant that trusts the simulated clouds and finds them."""

# Before anything else: the test plugin brings a `custom_components` of its own.
import custom_components  # isort: skip  # noqa: F401

import asyncio.constants
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from aiohttp import ClientSession, TCPConnector
import pytest

from custom_components.clip_download.engine.model import PushedEvent
from custom_components.clip_download.engine.sources import http
from custom_components.clip_download.engine.sources.ring import (
    api as ring_api,
    client as ring,
)
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowHandler, FlowManager
from homeassistant.helpers.aiohttp_client import DATA_RESOLVER, HassAsyncDNSResolver

from .accounts import set_up
from .clouds import Authority, Clouds
from .clouds.server import FOLDER
from .trust import trust
from .words import check_words

if TYPE_CHECKING:
    from .stores import Proxy

# Home Assistant's tests run asyncio in debug mode, which notes where each callback came
# from, ten frames deep: that took more than a third of the time of most tests.
asyncio.constants.DEBUG_STACK_DEPTH = 1  # type: ignore[misc]

AUTHORITY = Authority(FOLDER / "authority")


# The test plugin imported Home Assistant before this file could say whom to trust.
trust(AUTHORITY.ca_pem_path)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no process is left alone with it."""
    items.sort(key=lambda item: "test_scale" not in item.nodeid)


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(request: pytest.FixtureRequest) -> None:
    """Let Home Assistant load this integration, in tests that have Home Assistant."""
    if "recorder_mock" in request.fixturenames:
        # It wants to be there before Home Assistant.
        request.getfixturevalue("recorder_db_url")
    if "hass" in request.fixturenames:
        request.getfixturevalue("enable_custom_integrations")


@pytest.fixture(scope="session")
def store() -> Iterator[str]:
    """Run an S3 store; return its address."""
    from .stores import moto  # noqa: PLC0415 - few tests need it, and it takes its time

    with moto() as url:
        yield url


@pytest.fixture
async def proxy(store: str, socket_enabled: None) -> AsyncGenerator[Proxy]:
    """Serve a proxy before the store."""
    from .stores import proxy_to  # noqa: PLC0415

    async with proxy_to(store) as proxy:
        yield proxy


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave clouds that throttle without a time alone for a moment only."""
    monkeypatch.setattr(http, "FIRST_QUIET_S", 0.05)
    monkeypatch.setattr(http, "CAREFUL_S", 0)


@pytest.fixture(autouse=True)
def no_push(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Ring push nothing, unless a test brings what stands for its push service."""
    if "hass" in request.fixturenames and "push" not in request.fixturenames:

        async def listen(
            self: ring.RingSource, heard: Callable[[PushedEvent | None], None]
        ) -> None:
            return

        monkeypatch.setattr(ring.RingSource, "listen", listen)


@pytest.fixture
def hass_config_dir(hass_tmp_config_dir: str) -> str:
    """Give each test's Home Assistant a configuration folder of its own.

    The database of jobs and clips lies there.
    """
    return hass_tmp_config_dir


@pytest.fixture
async def clouds(socket_enabled: None) -> AsyncGenerator[Clouds]:
    """Return running clouds that nobody has used yet."""
    async with Clouds(AUTHORITY) as running:
        yield running


@pytest.fixture
async def session(clouds: Clouds) -> AsyncGenerator[ClientSession]:
    """Return a session that reaches the clouds, and nothing else."""
    connector = TCPConnector(resolver=clouds.resolver(), ssl=AUTHORITY.client_context())
    async with ClientSession(connector=connector) as own:
        yield own


@pytest.fixture
def hass_clouds(
    clouds: Clouds, hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> Clouds:
    """Return running clouds that Home Assistant's own sessions reach.

    Ring answers as fast as it is asked: the tests of its source keep its real limits.
    """
    clouds.ring.rate_limit = (10_000, 1.0)
    monkeypatch.setattr(ring_api, "RATE", (10_000, 1.0))
    monkeypatch.setattr(ring, "LISTED_AFTER", timedelta(0))
    hass.data[DATA_RESOLVER] = cast("HassAsyncDNSResolver", clouds.resolver())
    return clouds


@pytest.fixture
async def afternoon(hass: HomeAssistant) -> None:
    """Let it be between one and two in the afternoon where Home Assistant is.

    So no test goes on past midnight, and today's noon is over. Clocks are never changed
    there.
    """
    west = datetime.now(UTC).hour - 13
    await hass.config.async_set_time_zone(f"Etc/GMT{west:+d}")


@pytest.fixture
def media_dir(hass: HomeAssistant, tmp_path: Path) -> Path:
    """Return the only media folder of Home Assistant."""
    folder = tmp_path / "media"
    folder.mkdir()
    hass.config.media_dirs = {"local": str(folder)}
    return folder


@pytest.fixture
async def entry(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path
) -> ConfigEntry:
    """Set up an account of two Ring cameras."""
    hass_clouds.ring.add_camera("Front")
    hass_clouds.ring.add_camera("Yard")
    return await set_up(hass, hass_clouds, "ring")


@pytest.fixture
def checked_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """See to it that all that a flow shows has words, with all that fills them."""
    handle: Callable[..., Awaitable[Any]] = FlowManager._async_handle_step

    async def handle_and_check(
        self: object, flow: FlowHandler[Any, Any, Any], *args: Any
    ) -> Any:
        result = await handle(self, flow, *args)
        check_words(flow, result)
        return result

    monkeypatch.setattr(FlowManager, "_async_handle_step", handle_and_check)
