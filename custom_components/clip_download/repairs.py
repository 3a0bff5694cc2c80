"""What a person can do about a camera that is gone from its account."""

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
# What is chosen instead of a camera.
NOTHING = "nothing"


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow for a camera that is gone: no other issue has one."""
    assert data is not None
    return CameraGoneFlow(str(data["entry_id"]), str(data["camera_id"]), data["new_id"])


class CameraGoneFlow(RepairsFlow):
    """Ask what took a camera's place, and let that go on as it."""

    def __init__(self, entry_id: str, camera_id: str, new_id: object) -> None:
        """Take the account's id, the camera's, and that of the one that looks like it."""
        super().__init__()
        self._entry_id = entry_id
        self._camera_id = camera_id
        self._new_id = new_id

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Begin; what it is given names the issue."""
        return await self.async_step_choose()

    async def async_step_choose(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Ask for the camera, and carry the rules over to it."""
        entry: ClipConfigEntry | None = self.hass.config_entries.async_get_entry(
            self._entry_id
        )
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="account_not_loaded")
        listed = entry.runtime_data.coordinator.data
        if self._camera_id in listed or self._camera_id not in async_known_cameras(
            self.hass, entry
        ):
            ir.async_delete_issue(self.hass, DOMAIN, self.issue_id)
            return self.async_abort(reason="settled")
        automatic = entry.options.get(CONF_AUTOMATIC, {})
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        choices = {
            camera.id: camera.name
            for camera in listed.values()
            # One that has rules of its own is no successor, unless it looks like it.
            if camera.id == self._new_id or not automatic.get(camera.id)
        }
        chosen = (user_input or {}).get(CONF_REPLACEMENT)
        if chosen == NOTHING:
            async_forget_rules(self.hass, entry, self._camera_id)
            return self.async_create_entry(data={})
        if chosen:
            try:
                await self._async_replace(entry, chosen)
            except StorageError as err:
                errors["base"] = err.key
                placeholders = dict(err.placeholders)
            else:
                return self.async_create_entry(data={})
        elif user_input is not None:
            errors[CONF_REPLACEMENT] = "nothing_chosen"
        # Of what must be filled in, the frontend chooses the first by itself: a camera
        # that nobody meant would lose its entities.
        field = (
            vol.Required(CONF_REPLACEMENT, default=self._new_id)
            if self._new_id in choices
            else vol.Optional(CONF_REPLACEMENT)
        )
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
        return self.async_show_form(
            step_id="choose",
            data_schema=vol.Schema(
                {
                    field: SelectSelector(
                        SelectSelectorConfig(
                            options=[
                                *(
                                    SelectOptionDict(value=one, label=name)
                                    for one, name in choices.items()
                                ),
                                SelectOptionDict(value=NOTHING, label=NOTHING),
                            ],
                            mode=SelectSelectorMode.LIST,
                            translation_key=CONF_REPLACEMENT,
                        )
                    )
                }
            ),
            errors=errors,
            description_placeholders={
                **((issue and issue.translation_placeholders) or {}),
                **placeholders,
            },
        )

    async def _async_replace(self, entry: ClipConfigEntry, new_id: str) -> None:
        """Let a camera that is listed go on as the one that is gone. Raises StorageError."""
        entries = self.hass.config_entries
        await entries.async_unload(entry.entry_id)
        try:
            await async_move_camera(self.hass, entry, self._camera_id, new_id)
        finally:
            await entries.async_setup(entry.entry_id)
