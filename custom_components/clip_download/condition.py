"""Conditions of automations: a clip is being saved, a camera saves by itself."""

from abc import abstractmethod
from typing import override

import voluptuous as vol

from homeassistant.const import CONF_OPTIONS, CONF_TARGET
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.condition import (
    ATTR_BEHAVIOR,
    BEHAVIOR_ALL,
    BEHAVIOR_ANY,
    Condition,
    ConditionConfig,
    EntityConditionBase,
)
from homeassistant.helpers.typing import VolDictType

from .automatic_saving import rules_of
from .coordinator import ClipConfigEntry
from .engine.errors import InvalidRequestError
from .services.targets import account_and_camera
from .trigger import CONF_LABEL, LABELS

BEHAVIOR: VolDictType = {
    vol.Required(ATTR_BEHAVIOR, default=BEHAVIOR_ANY): vol.In(
        [BEHAVIOR_ANY, BEHAVIOR_ALL]
    )
}


def _schema(options: VolDictType) -> vol.Schema:
    return vol.Schema(
        {
            vol.Required(CONF_TARGET): cv.TARGET_FIELDS,
            vol.Required(CONF_OPTIONS, default=dict): options,
        }
    )


class CameraCondition(EntityConditionBase):
    """Tests the targeted cameras, of which only ours count."""

    _domain_specs = {"camera": DomainSpec()}
    _schema = _schema(BEHAVIOR)

    @property
    @override
    def needs_polling(self) -> bool:
        """Whether the result changes without a change of the cameras' states: it does."""
        return True

    @override
    def _should_include(self, _state: State) -> bool:
        """Return whether it is a camera of an account that is loaded."""
        return self._camera(_state) is not None

    def _camera(self, state: State) -> tuple[ClipConfigEntry, str] | None:
        try:
            entry, camera = account_and_camera(self._hass, state.entity_id)
        except InvalidRequestError:
            return None
        return entry, camera.id

    @override
    def is_valid_state(self, entity_state: State) -> bool:
        """Return whether it is so of a camera."""
        found = self._camera(entity_state)
        return found is not None and self.is_so(*found)

    @abstractmethod
    def is_so(self, entry: ClipConfigEntry, camera_id: str) -> bool:
        """Return whether it is so of a camera of an account."""


class ClipIsBeingSaved(CameraCondition):
    """Tests whether there is a job that has not ended."""

    _schema = _schema({**BEHAVIOR, vol.Optional(CONF_LABEL, default=list): LABELS})

    def __init__(self, hass: HomeAssistant, config: ConditionConfig) -> None:
        """Take the cameras, and the labels if only some clips are meant."""
        super().__init__(hass, config)
        self._labels = (config.options or {}).get(CONF_LABEL, [])

    @override
    def is_so(self, entry: ClipConfigEntry, camera_id: str) -> bool:
        """Return whether a clip of the camera is being saved."""
        return any(
            not self._labels or running.job.label in self._labels
            for running in entry.runtime_data.jobs.running(camera_id)
        )


class SavesAutomatically(CameraCondition):
    """Tests whether events are saved automatically."""

    @override
    def is_so(self, entry: ClipConfigEntry, camera_id: str) -> bool:
        """Return whether the camera's events are saved automatically."""
        return rules_of(entry, camera_id) is not None


CONDITIONS: dict[str, type[Condition]] = {
    "clip_is_being_saved": ClipIsBeingSaved,
    "saves_automatically": SavesAutomatically,
}


async def async_get_conditions(hass: HomeAssistant) -> dict[str, type[Condition]]:
    """Return the conditions."""
    return CONDITIONS
