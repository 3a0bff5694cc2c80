"""The cameras of an account, listed every few minutes."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
import logging
from typing import override

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
    ConfigSubentry,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from .accounts import kind_of
from .const import CONF_STREAM, DOMAIN, SUBENTRY_STREAM
from .engine.errors import CloudError, SignInError, StorageError
from .engine.events.monitor import LOOK_EVERY, EventMonitor
from .engine.events.store import EventStore
from .engine.model import Camera
from .engine.pipeline.jobs import Jobs
from .engine.sources.base import Source

_LOGGER = logging.getLogger(__name__)


@dataclass(kw_only=True)
class Account:
    """What runs for one config entry.

    `minutes` are those that the buttons of its cameras save, by the camera's id.
    """

    source: Source
    coordinator: CamerasCoordinator
    jobs: Jobs
    watch: EventMonitor
    ledger: EventStore
    minutes: dict[str, float] = field(default_factory=dict)


type ClipConfigEntry = ConfigEntry[Account]


def named_streams(subentries: Iterable[ConfigSubentry]) -> list[str]:
    """Return the names or ARNs of the streams that a person named."""
    return [
        subentry.data[CONF_STREAM]
        for subentry in subentries
        if subentry.subentry_type == SUBENTRY_STREAM
    ]


class CamerasCoordinator(DataUpdateCoordinator[dict[str, Camera]]):
    """The cameras that the cloud lists, by their id."""

    config_entry: ClipConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ClipConfigEntry,
        source: Source,
        settle: Callable[[list[Camera]], Awaitable[list[Camera]]],
    ) -> None:
        """Take the account's entry and source; nothing is asked of the cloud yet.

        `settle` is given each list, and returns the cameras of it that can be used.
        """
        super().__init__(
            hass,
            _LOGGER,
            config_entry=entry,
            name=f"cameras of {entry.title}",
            update_interval=kind_of(entry).list_every,
        )
        self.source = source
        self._settle = settle

    @override
    async def _async_setup(self) -> None:
        """Watch the entry for streams that a person names or forgets."""
        # An update listener would stand in the way of the flows that reload the entry,
        # and would hear of every new token.
        self.config_entry.async_on_unload(
            async_dispatcher_connect(
                self.hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._entry_changed
            )
        )

    @override
    async def _async_update_data(self) -> dict[str, Camera]:
        """List the cameras."""
        with _told_of_account(self.config_entry):
            cameras = await self._settle(await self.source.cameras())
        return {camera.id: camera for camera in cameras}

    def camera(self, camera_id: str) -> Camera | None:
        """Return a camera as the cloud last listed it."""
        return self.data.get(camera_id)

    def listed(self) -> Iterable[Camera]:
        """Return the cameras as the cloud last listed them."""
        return self.data.values()

    def subentry_id(self, camera: Camera) -> str | None:
        """Return the subentry that a camera belongs to, if a person named it."""
        for subentry in self.config_entry.subentries.values():
            if subentry.unique_id == camera.id:
                return subentry.subentry_id
        return None

    @callback
    def _entry_changed(self, change: ConfigEntryChange, entry: ConfigEntry) -> None:
        if entry is not self.config_entry:
            return
        named = named_streams(entry.subentries.values())
        if named != list(self.source.named_cameras):
            self.source.named_cameras = named
            entry.async_create_task(self.hass, self.async_refresh(), "list the cameras")


class EventsCoordinator(DataUpdateCoordinator[None]):
    """The history of the account's cameras, looked into again and again."""

    config_entry: ClipConfigEntry

    def __init__(self, hass: HomeAssistant, entry: ClipConfigEntry) -> None:
        """Take the account's entry; nothing is asked of the cloud yet."""
        super().__init__(
            hass, _LOGGER, config_entry=entry, name=f"events of {entry.title}"
        )

    @override
    async def _async_update_data(self) -> None:
        """Look into the history, and settle when to look again."""
        self.update_interval = LOOK_EVERY
        with _told_of_account(self.config_entry):
            self.update_interval = await self.config_entry.runtime_data.watch.look()


@contextmanager
def _told_of_account(entry: ConfigEntry) -> Iterator[None]:
    """Turn what a cloud raises into what coordinators know."""
    try:
        yield
    except SignInError as err:
        raise ConfigEntryAuthFailed(
            translation_domain=DOMAIN,
            translation_key=err.key,
            translation_placeholders={"subject": entry.title, **err.placeholders},
        ) from err
    except CloudError as err:
        raise UpdateFailed(
            translation_domain=DOMAIN,
            translation_key=err.key,
            translation_placeholders={"subject": entry.title, **err.placeholders},
            retry_after=err.retry_after_s,
        ) from err
    except StorageError as err:
        raise UpdateFailed(
            translation_domain=DOMAIN,
            translation_key=err.key,
            translation_placeholders=err.placeholders,
        ) from err
