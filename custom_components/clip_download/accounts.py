"""From the kind of an account to the code that speaks to its cloud."""

from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.importlib import async_import_module

from .sources import SOURCES
from .sources.base import Source


async def async_source_module(hass: HomeAssistant, kind: str) -> ModuleType:
    """Import the module of a kind of account, off the event loop."""
    return await async_import_module(hass, f"{__package__}.sources.{kind}")


async def async_create_source(
    hass: HomeAssistant,
    kind: str,
    credentials: Mapping[str, Any],
    *,
    keep_credentials: Callable[[dict[str, Any]], None] | None = None,
    named_cameras: Sequence[str] = (),
) -> Source:
    """Make the source of an account; nothing is asked of the cloud yet.

    The last two arguments are those of `Source`.
    """
    module = await async_source_module(hass, kind)
    make: type[Source] = getattr(module, SOURCES[kind])
    return make(
        async_get_clientsession(hass),
        credentials,
        keep_credentials=keep_credentials,
        named_cameras=named_cameras,
    )
