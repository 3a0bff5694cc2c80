"""A Home Assistant that is not a fixture: for scripts, and for simulated time."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol, cast
from unittest.mock import patch

from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_test_home_assistant,
)

from custom_components.clip_download.engine.sources.ring.client import RingSource
from homeassistant import loader
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import DOMAIN as HOMEASSISTANT_DOMAIN, HomeAssistant
from homeassistant.helpers import frame, translation
from homeassistant.helpers.aiohttp_client import DATA_RESOLVER, HassAsyncDNSResolver

from .clouds.resolver import LoopbackResolver


class Resolving(Protocol):
    """What tells where hosts are: the clouds, wherever they run."""

    def resolver(self) -> LoopbackResolver:
        """Return a resolver that knows the clouds and nobody else."""


@asynccontextmanager
async def home(
    folder: Path, clouds: Resolving, *, listens: bool = False
) -> AsyncIterator[HomeAssistant]:
    """Run Home Assistant with its configuration and media folder below `folder`.

    It finds these clouds, and nobody else; Ring pushes nothing unless it `listens`.
    Raises what its event loop was told of and nobody caught.
    """
    uncaught: list[BaseException] = []

    async def listen(self: RingSource, heard: Callable[[], None]) -> None:
        return

    def catch(loop: object, context: dict[str, Any]) -> None:
        uncaught.append(context.get("exception") or RuntimeError(context["message"]))

    config, media = folder / "config", folder / "media"
    config.mkdir()
    media.mkdir()
    with patch.object(RingSource, "listen", RingSource.listen if listens else listen):
        async with async_test_home_assistant(config_dir=str(config)) as hass:
            hass.loop.set_exception_handler(catch)
            hass.data.pop(loader.DATA_CUSTOM_COMPONENTS)
            frame.async_setup(hass)
            await translation.async_load_integrations(hass, {HOMEASSISTANT_DOMAIN})
            hass.data[DATA_RESOLVER] = cast("HassAsyncDNSResolver", clouds.resolver())
            hass.config.media_dirs = {"local": str(media)}
            try:
                yield hass
            finally:
                for entry in hass.config_entries.async_entries():
                    if entry.state is ConfigEntryState.LOADED:
                        await hass.config_entries.async_unload(entry.entry_id)
                await hass.async_stop(force=True)
    if uncaught:
        raise BaseExceptionGroup("nobody caught these", uncaught)


@asynccontextmanager
async def next_home(
    old: HomeAssistant, entry: ConfigEntry, config: Path | None = None
) -> AsyncIterator[tuple[HomeAssistant, MockConfigEntry]]:
    """Run another Home Assistant where one has stopped, or on a copy of what it had.

    Yields it with the account, which is not set up yet.
    """
    config_dir = str(config or old.config.config_dir)
    async with async_test_home_assistant(config_dir=config_dir) as hass:
        hass.data.pop(loader.DATA_CUSTOM_COMPONENTS)
        hass.data[DATA_RESOLVER] = old.data[DATA_RESOLVER]
        hass.config.media_dirs = old.config.media_dirs
        again = MockConfigEntry(
            domain=entry.domain,
            data=dict(entry.data),
            options=dict(entry.options),
            title=entry.title,
            unique_id=entry.unique_id,
            entry_id=entry.entry_id,
        )
        again.add_to_hass(hass)
        try:
            yield hass, again
        finally:
            await hass.async_stop(force=True)
