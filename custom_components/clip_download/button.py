"""Buttons that save a camera's last recording, or its last minutes."""

from abc import abstractmethod
from datetime import datetime, timedelta
from typing import override

from homeassistant.components.button import ButtonEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .automatic_saving import (
    DEFAULT_KINDS,
    SAVE_TIMEOUT,
    async_events,
    async_request_clip,
    async_saved_clips,
)
from .const import DEFAULT_MINUTES
from .coordinator import ClipConfigEntry
from .engine.errors import NoFootageError
from .engine.events.monitor import POLL_INTERVAL
from .engine.model import Event
from .engine.time_range import Window
from .entity import CameraEntity, async_add_cameras
from .errors import raise_action_error
from .paths import file_name, media_folder
from .services.response import in_words

PARALLEL_UPDATES = 0

# How far back the last recording is searched for, step by step.
REACHES = (timedelta(days=1), timedelta(days=7), timedelta(days=30))
# The label of a clip that a button saved.
LABEL = "manual"


async def async_setup_entry(
    hass: HomeAssistant,
    entry: ClipConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the buttons of each camera."""
    async_add_cameras(entry, async_add_entities, SaveLastMinutes)
    if entry.runtime_data.source.event_kinds:
        async_add_cameras(entry, async_add_entities, SaveLastRecording)


class SaveButton(CameraEntity, ButtonEntity):
    """Begins a job; its end is reported as for every job."""

    @override
    async def async_press(self) -> None:
        """Begin the job."""
        await self.async_check_control()
        now = dt_util.utcnow()
        window = Window(now - self.reach, now)
        with raise_action_error(camera=self.camera.name, window=in_words(window)):
            await self._save(window)

    @property
    @abstractmethod
    def reach(self) -> timedelta:
        """How far back from now the footage may be."""

    @abstractmethod
    async def _save(self, window: Window) -> None:
        """Begin the job for a window. Raises ClipError."""


class SaveLastMinutes(SaveButton):
    """Saves the minutes up to now."""

    _attr_translation_key = "save_last_minutes"

    @property
    @override
    def reach(self) -> timedelta:
        """As many minutes as were set."""
        minutes = self.account.minutes.get(self.camera.id, DEFAULT_MINUTES)
        return timedelta(minutes=minutes)

    @override
    async def _save(self, window: Window) -> None:
        """Save all of the window."""
        entry = self.coordinator.config_entry
        await self.account.jobs.ask(
            self.camera,
            window,
            root=media_folder(self.hass, entry),
            filename=file_name(self.hass, entry, self.camera, window, label=LABEL),
            label=LABEL,
            timeout=SAVE_TIMEOUT,
        )


class SaveLastRecording(SaveButton):
    """Saves the last recording of a ring or a motion."""

    _attr_translation_key = "save_last_recording"
    reach = REACHES[-1]

    @override
    async def _save(self, window: Window) -> None:
        """Save the newest recording, unless it is saved; it may not be ready yet."""
        entry = self.coordinator.config_entry
        event = await self._newest(window.end)
        saved = await async_saved_clips(self.hass, entry, self.camera, [event.id])
        if event.id not in saved or not saved[event.id].exists:
            await async_request_clip(self.hass, entry, self.camera, [event])

    async def _newest(self, now: datetime) -> Event:
        entry = self.coordinator.config_entry
        # The clock of a cloud may be ahead.
        end = now + POLL_INTERVAL
        for reach in REACHES:
            window = Window(now - reach, end)
            events = await async_events(entry, self.camera, window)
            if found := [event for event in events if event.is_of(DEFAULT_KINDS)]:
                return found[-1]
            end = window.start
        raise NoFootageError("no_recording")
