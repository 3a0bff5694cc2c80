"""Buttons that save a camera's last recording, or its last minutes."""

from abc import abstractmethod
from datetime import timedelta
from typing import override

from homeassistant.components.button import ButtonEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .automatic_saving import (
    DEFAULT_KINDS,
    REACHES,
    SAVE_TIMEOUT,
    async_newest_first,
    async_request_clip,
    async_saved_clip,
)
from .const import DEFAULT_MINUTES
from .coordinator import ClipConfigEntry
from .engine.errors import InvalidRequestError, NoFootageError
from .engine.model import Event
from .engine.time_range import Window
from .entity import CameraEntity, async_add_cameras
from .errors import raise_action_error
from .paths import file_name, media_folder
from .services.response import in_words

PARALLEL_UPDATES = 0

# The label of a clip that a button saved.
LABEL = "manual"
# A press so soon after one that is under way is for the same clip.
PRESSED_AGAIN_WITHIN = timedelta(seconds=15)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: ClipConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the buttons of each camera."""
    await async_add_cameras(entry, async_add_entities, SaveLastMinutes)
    if entry.runtime_data.source.event_kinds:
        await async_add_cameras(entry, async_add_entities, SaveLastRecording)


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
        """Save the window, but for what an earlier press is saving."""
        entry = self.coordinator.config_entry
        rest = self._rest_of(window)
        if rest is None:
            return
        await self.account.jobs.ask(
            self.camera,
            rest,
            root=media_folder(self.hass, entry),
            filename=file_name(self.hass, entry, self.camera, rest, label=LABEL),
            label=LABEL,
            timeout=SAVE_TIMEOUT,
        )

    def _rest_of(self, window: Window) -> Window | None:
        """Return the part of a window that no job is saving, None if it is too short."""
        for running in self.account.jobs.running(self.camera.id):
            job = running.job
            is_of_a_press = job.label == LABEL and not job.events
            if is_of_a_press and job.window.start <= window.start < job.window.end:
                if window.end - job.window.end < PRESSED_AGAIN_WITHIN:
                    return None
                window = Window(job.window.end, window.end)
        return window


class SaveLastRecording(SaveButton):
    """Saves the last recording of a ring or a motion."""

    _attr_translation_key = "save_last_recording"
    reach = REACHES[-1]

    @override
    async def _save(self, window: Window) -> None:
        """Save the newest recording, unless it is saved; it may not be ready yet."""
        entry = self.coordinator.config_entry
        event = await self._newest()
        saved = await async_saved_clip(self.hass, entry, self.camera, event.id)
        if saved is None or not saved.exists:
            await async_request_clip(self.hass, entry, self.camera, [event])
        elif self._context and self._context.user_id:
            # Only a person needs to know; an automation has the clip that it wanted.
            start = dt_util.as_local(event.window.start)
            raise InvalidRequestError(
                "already_saved",
                time=f"{start:%F %H:%M:%S}",
                path=str(saved.path),
            )

    async def _newest(self) -> Event:
        entry = self.coordinator.config_entry
        async for event in async_newest_first(entry, self.camera):
            if event.is_of(DEFAULT_KINDS):
                return event
        raise NoFootageError("no_recording", days=str(REACHES[-1].days))
