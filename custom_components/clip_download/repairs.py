"""The repair flow for a camera that its cloud does not list any more."""

from collections.abc import Mapping
from typing import Any

import voluptuous as vol

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from .arrivals import async_forget_rules, async_known_cameras, async_move_camera
from .const import CONF_AUTOMATIC, DOMAIN
from .coordinator import ClipConfigEntry
from .engine.errors import StorageError

CONF_REPLACEMENT = "replacement"
# The choice that no camera took its place.
NOTHING = "nothing"


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow for a camera that is gone: no other issue has one."""
    assert data is not None
    return CameraGoneFlow(str(data["entry_id"]), str(data["camera_id"]), data["new_id"])


class CameraGoneFlow(RepairsFlow):
    """Ask which camera replaces one that is gone, and move everything to it."""

    def __init__(self, entry_id: str, camera_id: str, new_id: object) -> None:
        """Take the ids of the account and of the camera that is gone.

        `new_id` is the id of a new camera with the same name, None if there is none.
        """
        super().__init__()
        self._entry_id = entry_id
        self._camera_id = camera_id
        self._new_id = new_id

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Begin; `user_input` is the issue's id."""
        return await self.async_step_choose()

    async def async_step_choose(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Ask for the camera, and do what is chosen."""
        entry: ClipConfigEntry | None = self.hass.config_entries.async_get_entry(
            self._entry_id
        )
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="account_not_loaded")
        if not self._is_gone(entry):
            ir.async_delete_issue(self.hass, DOMAIN, self.issue_id)
            return self.async_abort(reason="settled")
        # Before the account is reloaded: it may not come back.
        schema = self._schema(entry)
        errors: dict[str, str] = {}
        placeholders: Mapping[str, str] = {}
        if user_input is not None:
            try:
                if await self._async_replace(entry, user_input.get(CONF_REPLACEMENT)):
                    return self.async_create_entry(data={})
                errors[CONF_REPLACEMENT] = "nothing_chosen"
            except StorageError as err:
                errors["base"], placeholders = err.key, err.placeholders
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
        return self.async_show_form(
            step_id="choose",
            data_schema=schema,
            errors=errors,
            description_placeholders={
                **((issue and issue.translation_placeholders) or {}),
                **placeholders,
            },
        )

    def _is_gone(self, entry: ClipConfigEntry) -> bool:
        """Return whether the camera is still known, and still not listed."""
        return (
            self._camera_id not in entry.runtime_data.coordinator.data
            and self._camera_id in async_known_cameras(self.hass, entry)
        )

    def _schema(self, entry: ClipConfigEntry) -> vol.Schema:
        """Return the form: the cameras that may be the new one, or none of them."""
        automatic = entry.options.get(CONF_AUTOMATIC, {})
        choices = {
            camera.id: camera.name
            for camera in entry.runtime_data.coordinator.listed()
            # One that is saved automatically is another camera, unless the names are equal.
            if camera.id == self._new_id or not automatic.get(camera.id)
        }
        # The frontend preselects the first option of a required field: a camera chosen
        # by mistake would lose its entities.
        field = (
            vol.Required(CONF_REPLACEMENT, default=self._new_id)
            if self._new_id in choices
            else vol.Optional(CONF_REPLACEMENT)
        )
        options = [
            *(SelectOptionDict(value=one, label=name) for one, name in choices.items()),
            SelectOptionDict(value=NOTHING, label=NOTHING),
        ]
        selector = SelectSelector(
            SelectSelectorConfig(
                options=options,
                mode=SelectSelectorMode.LIST,
                translation_key=CONF_REPLACEMENT,
            )
        )
        return vol.Schema({field: selector})

    async def _async_replace(self, entry: ClipConfigEntry, chosen: str | None) -> bool:
        """Do what was chosen; return False if nothing was. Raises StorageError."""
        if not chosen:
            return False
        if chosen == NOTHING:
            async_forget_rules(self.hass, entry, self._camera_id)
            return True
        entries = self.hass.config_entries
        await entries.async_unload(entry.entry_id)
        try:
            await async_move_camera(self.hass, entry, self._camera_id, chosen)
        finally:
            await entries.async_setup(entry.entry_id)
        return True
