"""The cameras of an account, listed every few minutes, and their events."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
import logging
from typing import override

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CALLBACK_TYPE, Event, HassJob, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers.debounce import Debouncer
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util

from .accounts import kind_of
from .const import CONF_STREAM, SUBENTRY_STREAM
from .engine.errors import SignInError
from .engine.events.back_fill import BackFill
from .engine.events.monitor import POLL_INTERVAL, EventMonitor
from .engine.events.saver import EventSaver
from .engine.events.store import EventStore
from .engine.model import Camera, Clip
from .engine.pipeline.jobs import Jobs
from .engine.pipeline.retry import RetryBudget, retry
from .engine.sources.base import Source
from .errors import raise_update_error

_LOGGER = logging.getLogger(__name__)

# At least so long between two polls for events that a cloud pushed.
POLLS_APART_S = 10.0
# How long a person waits for a call that fails.
CALL_WITHIN = timedelta(seconds=10)


@dataclass(kw_only=True)
class Account:
    """What runs for one config entry.

    `minutes` are those that the buttons of its cameras save, by the camera's id.
    `last_clips` has the clip of each camera that was saved last, but only while the first
    entities are added. `last_notice` is when a notice came to its webhook last, since it was loaded.
    """

    source: Source
    coordinator: CamerasCoordinator
    jobs: Jobs
    event_store: EventStore
    back_fill: BackFill
    saver: EventSaver
    monitor: EventMonitor
    minutes: dict[str, float] = field(default_factory=dict)
    last_clips: dict[str, Clip | None] = field(default_factory=dict)
    last_notice: datetime | None = None

    async def call[T](
        self, ask: Callable[[], Awaitable[T]], *, within: timedelta = CALL_WITHIN
    ) -> T:
        """Call the account's cloud for somebody who waits for the result.

        Faults are retried, and footage that is not ready is waited for, as long as
        `within`. Refused credentials start a re-authentication. Raises what `ask` raises.
        """
        try:
            return await retry(ask, RetryBudget(dt_util.utcnow() + within, faults_s=0))
        except SignInError:
            self.coordinator.config_entry.async_start_reauth(self.coordinator.hass)
            raise


type ClipConfigEntry = ConfigEntry[Account]


def named_streams(subentries: Iterable[ConfigSubentry]) -> list[str]:
    """Return the names or ARNs of the streams in an account's subentries."""
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
        settle: Callable[[list[Camera], bool], Awaitable[list[Camera]]],
    ) -> None:
        """Take the account's entry and source, without calling the cloud.

        `settle` is called with each list and whether it has all cameras, and returns the
        cameras that can be used.
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
    async def _async_update_data(self) -> dict[str, Camera]:
        """List the cameras."""
        with raise_update_error(self.config_entry.title):
            cameras = await self.source.cameras()
            cameras = await self._settle(cameras, self.source.is_list_whole)
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
    def async_list_named(self) -> None:
        """List the cameras again if a person has named others since the last list."""
        entry = self.config_entry
        named = named_streams(entry.subentries.values())
        if named != list(self.source.named_cameras):
            self.source.named_cameras = named
            entry.async_create_task(self.hass, self.async_refresh(), "list the cameras")

    @callback
    def async_heard(self) -> None:
        """Take an event as proof that the cloud can be reached again."""
        if not self.last_update_success:
            self.async_set_updated_data(self.data)


class EventPoller:
    """Polls the events of an account: at times that its monitor sets, or when told to."""

    def __init__(self, hass: HomeAssistant, entry: ClipConfigEntry) -> None:
        """Take the account's entry, without polling."""
        self._hass = hass
        self._entry = entry
        self._is_due = False
        self._has_failed = False
        self._task: asyncio.Task[None] | None = None
        self._cancel_timer: CALLBACK_TYPE | None = None
        self._name = f"polling events of {entry.title}"
        self._timer_job = HassJob(
            self._async_poll_now, self._name, cancel_on_shutdown=True
        )
        self._debouncer = Debouncer(
            hass,
            _LOGGER,
            cooldown=POLLS_APART_S,
            immediate=True,
            function=self._async_poll_now,
        )

    @callback
    def async_start(self) -> None:
        """Poll now, and then regularly until the account is unloaded."""
        self._entry.async_on_unload(self._async_stop)
        # The library is closed soon after this event.
        self._entry.async_on_unload(
            self._hass.bus.async_listen(EVENT_HOMEASSISTANT_STOP, self._async_stop)
        )
        self._async_poll_now()

    @callback
    def async_poll_soon(self) -> None:
        """Poll now, or in a few seconds if the last call was a moment ago."""
        self._debouncer.async_schedule_call()

    @callback
    def _async_stop(self, _event: Event | None = None) -> None:
        self._debouncer.async_shutdown()
        self._async_unset_timer()
        if self._task:
            self._task.cancel()

    @callback
    def _async_unset_timer(self) -> None:
        if self._cancel_timer:
            self._cancel_timer()
            self._cancel_timer = None

    @callback
    def _async_poll_now(self, _now: datetime | None = None) -> None:
        """Begin to poll, or poll once more after the poll that is under way."""
        self._is_due = True
        if self._task is None or self._task.done():
            self._task = self._entry.async_create_background_task(
                self._hass, self._async_poll_while_due(), self._name, eager_start=False
            )

    async def _async_poll_while_due(self) -> None:
        """Poll, and set the timer for the next poll."""
        self._async_unset_timer()
        pause: timedelta | None = None
        while self._is_due:
            self._is_due = False
            pause = await self._async_poll()
        if pause is not None and not self._entry.pref_disable_polling:
            self._cancel_timer = async_call_later(self._hass, pause, self._timer_job)

    async def _async_poll(self) -> timedelta | None:
        """Poll once; return when to poll again, None if a person has to sign in again.

        Only the first error in a row is logged.
        """
        try:
            with raise_update_error(self._entry.title):
                pause = await self._entry.runtime_data.monitor.poll()
        except ConfigEntryAuthFailed as err:
            self._log_failure(err)
            self._entry.async_start_reauth(self._hass)
            return None
        except UpdateFailed as err:
            self._log_failure(err)
            return timedelta(seconds=err.retry_after or 0) or POLL_INTERVAL
        except Exception:
            _LOGGER.exception(
                "Unexpected error polling events of %s", self._entry.title
            )
            self._has_failed = True
            return POLL_INTERVAL
        if self._has_failed:
            _LOGGER.info("Polling events of %s recovered", self._entry.title)
        self._has_failed = False
        return pause

    def _log_failure(self, err: Exception) -> None:
        if not self._has_failed:
            _LOGGER.error("Error polling events of %s: %s", self._entry.title, err)
        self._has_failed = True
