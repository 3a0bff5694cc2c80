"""The cameras of an account, listed every few minutes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
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

from .clips.errors import ClipError, CloudError, SignInError
from .clips.jobs import Jobs
from .const import CONF_STREAM, DOMAIN, SUBENTRY_STREAM
from .sources.base import Camera, Source

_LOGGER = logging.getLogger(__name__)

# A list of cameras changes a few times a year. Ring's is asked for more often, because
# that is how a sign-in that was revoked in Ring's app is noticed before a clip is
# wanted; Home Assistant's own Ring integration asks every minute. The other clouds
# count each request against an organization's or an AWS account's shared limits.
LIST_EVERY = {"ring": timedelta(minutes=5)}
LIST_EVERY_OTHERS = timedelta(minutes=15)


@dataclass(kw_only=True)
class Account:
    """What runs for one config entry."""

    source: Source
    coordinator: CamerasCoordinator
    jobs: Jobs


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
        self, hass: HomeAssistant, entry: ClipConfigEntry, source: Source
    ) -> None:
        """Take the account's entry and source; nothing is asked of the cloud yet."""
        super().__init__(
            hass,
            _LOGGER,
            config_entry=entry,
            name=f"cameras of {entry.title}",
            update_interval=LIST_EVERY.get(source.kind, LIST_EVERY_OTHERS),
        )
        self.source = source

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
        try:
            cameras = await self.source.cameras()
        except SignInError as err:
            raise ConfigEntryAuthFailed(
                translation_domain=DOMAIN,
                translation_key=f"account_{err.key}",
                translation_placeholders=self._told(err),
            ) from err
        except CloudError as err:
            raise UpdateFailed(
                translation_domain=DOMAIN,
                translation_key=f"account_{err.key}",
                translation_placeholders=self._told(err),
                retry_after=err.retry_after_s,
            ) from err
        return {camera.id: camera for camera in cameras}

    def camera(self, camera_id: str) -> Camera | None:
        """Return a camera as the cloud last listed it."""
        return self.data.get(camera_id)

    def subentry_id(self, camera: Camera) -> str | None:
        """Return the subentry that a camera belongs to, if a person named it."""
        for subentry in self.config_entry.subentries.values():
            if subentry.unique_id == camera.id:
                return subentry.subentry_id
        return None

    def _told(self, err: ClipError) -> dict[str, str]:
        return {"account": self.config_entry.title, **err.placeholders}

    @callback
    def _entry_changed(self, change: ConfigEntryChange, entry: ConfigEntry) -> None:
        if entry is not self.config_entry:
            return
        named = named_streams(entry.subentries.values())
        if named != list(self.source.named_cameras):
            self.source.named_cameras = named
            entry.async_create_task(self.hass, self.async_refresh(), "list the cameras")
