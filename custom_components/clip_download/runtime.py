"""What all accounts share: the database, the media threads, the retention."""

import asyncio
from collections.abc import Callable, Sequence
import contextlib
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
import logging
from pathlib import Path

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_HOMEASSISTANT_CLOSE, EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Event, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.singleton import singleton
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .const import CONF_FORMER, DOMAIN
from .engine.errors import StorageError
from .engine.library.database import Library
from .engine.library.reindex import Rebuilt, forget_missing, rebuild
from .engine.model import Clip
from .engine.pipeline.executors import Executors
from .errors import raise_setup_error
from .paths import media_folders
from .retention import RetentionManager

_LOGGER = logging.getLogger(__name__)

DATABASE = "clip_download.db"
# An account that is only reloaded is back by then.
REST_AFTER_S = 10
# Home Assistant waits for 30 seconds until it is killed.
THREADS_END_WITHIN_S = 10.0
DATA_SHARED: HassKey[Shared] = HassKey(DOMAIN)


def _nothing() -> None:
    """Do nothing."""


@dataclass(kw_only=True)
class Shared:
    """What all accounts share, until Home Assistant ends; it rests without any.

    `is_ending`: Home Assistant stops, or has stopped. What begins then is only cut off.
    """

    library: Library
    executors: Executors
    retention: RetentionManager
    is_ending: bool = False
    _users: set[str] = field(default_factory=set)
    _stop: Callable[[], None] = _nothing

    @callback
    def async_use(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Prune clips every hour until the last account that uses this is unloaded."""

        def end_use() -> None:
            self._users.discard(entry.entry_id)
            if not self._users:
                self._stop()
                self._async_rest_soon(hass)

        if not self._users:
            self._stop()
            self._stop = self.retention.async_start()
        self._users.add(entry.entry_id)
        entry.async_on_unload(end_use)

    @callback
    def _async_rest_soon(self, hass: HomeAssistant) -> None:
        """Close the database and end the threads, unless an account is loaded again."""

        async def rest(now: datetime) -> None:
            self._stop = _nothing
            self.executors.rest()
            if not await self.library.rest() and not self._users:
                self._async_rest_soon(hass)

        job = HassJob(rest, "rest without accounts", cancel_on_shutdown=True)
        self._stop = async_call_later(hass, REST_AFTER_S, job)


@singleton(DATA_SHARED, async_=True)
async def async_shared(hass: HomeAssistant) -> Shared:
    """Return what all accounts share; the first call opens the library.

    Raises ConfigEntryError if the library cannot be opened.
    """
    with raise_setup_error():
        library = await Library(
            Path(hass.config.path(DATABASE)), dt_util.get_default_time_zone()
        ).open()

    executors = Executors()

    async def close(event: Event) -> None:
        # On a share that hangs, they may never end.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(THREADS_END_WITHIN_S):
                await hass.async_add_executor_job(executors.shutdown)
        await library.close()

    hass.bus.async_listen_once(EVENT_HOMEASSISTANT_CLOSE, close)
    check = partial(_async_begin_check, hass, library)
    library.when_lost = check
    check()
    retention = RetentionManager(hass, library, executors)
    with contextlib.suppress(StorageError):
        await retention.async_resume()
    shared = Shared(library=library, executors=executors, retention=retention)

    @callback
    def end(event: Event) -> None:
        shared.is_ending = True

    hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, end)
    return shared


async def async_forget_missing(
    hass: HomeAssistant, clips: Sequence[Clip]
) -> list[Clip]:
    """Forget those of some clips whose file is gone, and return them.

    Raises StorageError.
    """
    shared = await async_shared(hass)
    return await forget_missing(
        shared.library, media_folders(hass), clips, shared.executors
    )


async def async_existing(hass: HomeAssistant, clips: Sequence[Clip]) -> list[Clip]:
    """Return those of a page of clips whose file is not gone. Raises StorageError."""
    gone = {clip.id for clip in await async_forget_missing(hass, clips)}
    return [clip for clip in clips if clip.id not in gone]


async def async_rebuild(hass: HomeAssistant, library: Library) -> Rebuilt:
    """Rebuild the library from the files in the media folders. Raises StorageError."""
    return await rebuild(
        library, media_folders(hass), camera_of=async_camera_finder(hass)
    )


@callback
def async_camera_finder(hass: HomeAssistant) -> Callable[[str, str], str]:
    """Return what finds the id that a camera has now, by its account's id and a former id."""
    former: dict[str, dict[str, str]] = {
        entry.entry_id: entry.options.get(CONF_FORMER, {})
        for entry in hass.config_entries.async_entries(DOMAIN)
    }
    return lambda account_id, camera_id: former.get(account_id, {}).get(
        camera_id, camera_id
    )


@callback
def _async_begin_check(hass: HomeAssistant, library: Library) -> None:
    """Begin to check the library in the background."""
    library.maintenance = hass.async_create_background_task(
        _async_check(hass, library), "check the clip library"
    )


async def _async_check(hass: HomeAssistant, library: Library) -> None:
    """Check the database for damage, and rebuild it from the files if that is due."""
    try:
        # If it was damaged, another check of the new one has begun.
        if await library.check() and await library.is_rebuild_due():
            rebuilt = await async_rebuild(hass, library)
            _LOGGER.info("Rebuilt the clip library from its files: %s", rebuilt)
    except StorageError as err:
        _LOGGER.warning("Could not check or rebuild the clip library: %s", err)
