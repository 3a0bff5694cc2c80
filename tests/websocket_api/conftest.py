"""Somebody's browser: their connection to Home Assistant's WebSocket."""

from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import CLIENT_ID, MockUser
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.clip_download.const import DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component


class Browser:
    """A connection of one person."""

    def __init__(self, socket: Any, token: str | None = None) -> None:
        """Take the connection, and what signs in as the same person."""
        self.socket = socket
        self.token = token
        # What was told last of each job, by the number of the subscription.
        self.known = defaultdict[int, dict[str, Any]](dict)
        self._heard = defaultdict[int, deque[Any]](deque)

    async def send(self, message: str, **data: Any) -> int:
        """Send a message; return its number."""
        sent: dict[str, Any] = {"type": message, **data}
        await self.socket.send_json_auto_id(sent)
        number: int = sent["id"]
        return number

    async def heard(self, number: int) -> Any:
        """Return the next answer to a message, or the next event of it."""
        while not self._heard[number]:
            answer = await self.socket.receive_json()
            self._heard[answer["id"]].append(answer)
        return self._heard[number].popleft()

    def waiting(self, number: int) -> int:
        """Return how much of a message was heard, and not looked at."""
        return len(self._heard[number])

    async def ask(self, command: str, **data: Any) -> Any:
        """Return what a command answers."""
        answer = await self.heard(await self.send(f"{DOMAIN}/{command}", **data))
        assert answer["success"], answer
        return answer["result"]

    async def refused(self, command: str, **data: Any) -> str:
        """Return the code of the error that a command answers, which has words."""
        answer = await self.heard(await self.send(f"{DOMAIN}/{command}", **data))
        assert not answer["success"], answer
        error = answer["error"]
        assert error["message"]
        assert "{" not in error["message"] or error["code"] == "invalid_format"
        assert len(error["message"]) < 2000
        code: str = error["code"]
        return code

    async def subscribe(self, command: str, **data: Any) -> int:
        """Subscribe; return the number of the subscription."""
        number = await self.send(f"{DOMAIN}/{command}", **data)
        answer = await self.heard(number)
        assert answer["success"], answer
        return number

    async def event(self, number: int) -> Any:
        """Return the next event of a subscription."""
        answer = await self.heard(number)
        assert answer["type"] == "event", answer
        return answer["event"]


# Opens the browser of an administrator, or of somebody with a policy.
type Open = Callable[..., Awaitable[Browser]]


@pytest.fixture
async def open_browser(hass: HomeAssistant, hass_ws_client: WebSocketGenerator) -> Open:
    """Return what opens a browser."""
    for component in ("http", "media_source"):
        assert await async_setup_component(hass, component, {})

    async def open_one(policy: dict[str, Any] | None = None) -> Browser:
        if policy is None:
            return Browser(await hass_ws_client(hass))
        user = MockUser().add_to_hass(hass)
        user.mock_policy(policy)
        token = await hass.auth.async_create_refresh_token(user, CLIENT_ID)
        access = hass.auth.async_create_access_token(token)
        return Browser(await hass_ws_client(hass, access), access)

    return open_one


def time_of(text: str) -> datetime:
    """Return a time that was told, which is in UTC."""
    found = datetime.fromisoformat(text)
    assert found.tzinfo == UTC
    return found
