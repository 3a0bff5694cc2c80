"""Commands of Home Assistant's WebSocket API, asked within its process."""

import asyncio
from collections.abc import Awaitable, Callable
import itertools
import json
import logging
from typing import Any, cast

type Ask = Callable[..., Awaitable[bytes]]


async def connect(hass: Any) -> Ask:
    """Return what asks a command as an administrator does, one after the other.

    It returns the answer as it is sent, and raises RuntimeError if that is an error.
    """
    # It is imported outside of Home Assistant's process as well.
    from homeassistant.auth.const import GROUP_ID_ADMIN  # noqa: PLC0415
    from homeassistant.components.websocket_api.connection import ActiveConnection  # noqa: PLC0415

    answers: asyncio.Queue[Any] = asyncio.Queue()
    user = await hass.auth.async_create_system_user(
        "benchmark", group_ids=[GROUP_ID_ADMIN]
    )
    connection = ActiveConnection(
        hass=hass,
        logger=cast("Any", logging.getLogger(__name__)),
        send_message=answers.put_nowait,
        user=user,
        refresh_token=await hass.auth.async_create_refresh_token(user),
        remote=None,
    )
    numbers = itertools.count(1)

    async def ask(command: str, **data: Any) -> bytes:
        connection.async_handle({"id": next(numbers), "type": command, **data})
        # Browsers read the rest, elsewhere; to decode it here would hold all threads.
        answer: bytes = await answers.get()
        if b'"success":true' not in answer[:100]:
            raise RuntimeError(f"{command}: {answer!r}")
        return answer

    return ask


def result_of(answer: bytes) -> Any:
    """Return the result of a command from its answer."""
    return json.loads(answer)["result"]
