"""Triggers of automations: a clip was saved, or was not; storage is low."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, cast, override

import voluptuous as vol

from homeassistant.const import ATTR_ENTITY_ID, CONF_OPTIONS
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv, issue_registry as ir
from homeassistant.helpers.target import (
    TargetSelection,
    async_extract_referenced_entity_ids,
)
from homeassistant.helpers.trigger import (
    ENTITY_STATE_TRIGGER_SCHEMA,
    Trigger,
    TriggerActionRunner,
    TriggerConfig,
    TriggerNotTriggeredReporter,
)
from homeassistant.helpers.typing import ConfigType

from .const import DOMAIN
from .panel import panel_link
from .services.response import EVENT_FAILED, EVENT_SAVED
from .services.targets import name_of

CONF_LABEL = "label"

LABELS = vol.All(cv.ensure_list, [cv.string])
CLIP_TRIGGER_SCHEMA = ENTITY_STATE_TRIGGER_SCHEMA.extend(
    {
        vol.Required(CONF_OPTIONS, default=dict): {
            vol.Optional(CONF_LABEL, default=list): LABELS
        }
    }
)
STORAGE_TRIGGER_SCHEMA = vol.Schema({vol.Required(CONF_OPTIONS, default=dict): {}})

# The issues that say so: nothing more can be saved, or nothing more may be deleted.
LOW = {
    "storage_full": "full",
    "limit_not_met": "limit",
    "common_limit_not_met": "limit",
}


class ClipTrigger(Trigger):
    """Triggers when a job of one of the targeted cameras ends in one way."""

    event_type: ClassVar[str]

    @classmethod
    @override
    async def async_validate_config(
        cls, hass: HomeAssistant, config: ConfigType
    ) -> ConfigType:
        """Return the configuration with its defaults."""
        return cast("ConfigType", CLIP_TRIGGER_SCHEMA(config))

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Take the cameras, and the labels if only some clips are meant."""
        super().__init__(hass, config)
        self._target = TargetSelection(config.target or {})
        self._labels = (config.options or {}).get(CONF_LABEL, [])

    @override
    async def async_attach_runner(
        self,
        run_action: TriggerActionRunner,
        did_not_trigger: TriggerNotTriggeredReporter | None = None,
    ) -> CALLBACK_TYPE:
        """Run the action for each clip that is meant. Raises HomeAssistantError."""
        if not self._target.has_any_target:
            raise HomeAssistantError(
                translation_domain=DOMAIN, translation_key="no_camera_targeted"
            )

        @callback
        def ended(event: Event) -> None:
            if self._is_meant(event.data):
                entity_id = event.data[ATTR_ENTITY_ID]
                run_action(
                    {
                        **event.data,
                        "camera": name_of(self._hass, entity_id),
                        "link": self.link(event.data),
                    },
                    f"{event.event_type} of {entity_id}",
                    event.context,
                )

        return self._hass.bus.async_listen(self.event_type, ended)

    @abstractmethod
    def link(self, data: Mapping[str, Any]) -> str:
        """Return where the panel shows what the trigger is about."""

    def _is_meant(self, data: Mapping[str, Any]) -> bool:
        """Return whether the trigger is about a clip.

        It is not about those of a back-fill, which are hundreds, and old.
        """
        if data.get("back_fill"):
            return False
        if self._labels and data["label"] not in self._labels:
            return False
        # Each time anew: cameras move to other areas, and get labels.
        selected = async_extract_referenced_entity_ids(
            self._hass, self._target, expand_group=False
        )
        named = selected.referenced | selected.indirectly_referenced
        return data[ATTR_ENTITY_ID] in named


class ClipSaved(ClipTrigger):
    """Triggers when a clip is saved, whole or in part."""

    event_type = EVENT_SAVED

    @override
    def link(self, data: Mapping[str, Any]) -> str:
        """Return where the panel shows the clip."""
        return panel_link(clip=data["clip_id"])


class ClipFailed(ClipTrigger):
    """Triggers when a clip could not be saved."""

    event_type = EVENT_FAILED

    @override
    def link(self, data: Mapping[str, Any]) -> str:
        """Return where the panel shows the stretch that was to be saved."""
        return panel_link(camera=data[ATTR_ENTITY_ID], at=data["start"])

    @override
    def _is_meant(self, data: Mapping[str, Any]) -> bool:
        """Return whether it is about a clip: nobody has to be told what they cancelled."""
        return data["error"]["key"] != "cancelled" and super()._is_meant(data)


class StorageLow(Trigger):
    """Triggers when Repairs begins to say that there is no room for clips."""

    @classmethod
    @override
    async def async_validate_config(
        cls, hass: HomeAssistant, config: ConfigType
    ) -> ConfigType:
        """Return the configuration with its defaults."""
        return cast("ConfigType", STORAGE_TRIGGER_SCHEMA(config))

    @override
    async def async_attach_runner(
        self,
        run_action: TriggerActionRunner,
        did_not_trigger: TriggerNotTriggeredReporter | None = None,
    ) -> CALLBACK_TYPE:
        """Run the action for each issue that begins."""
        registry = ir.async_get(self._hass)
        known = {issue_id for domain, issue_id in registry.issues if domain == DOMAIN}
        known = {one for one in known if self._reason(one)}

        @callback
        def changed(event: Event[ir.EventIssueRegistryUpdatedData]) -> None:
            if event.data["domain"] != DOMAIN:
                return
            issue_id = event.data["issue_id"]
            issue = registry.async_get_issue(DOMAIN, issue_id)
            reason = self._reason(issue_id)
            if not issue or not reason:
                known.discard(issue_id)
            elif issue_id not in known:
                known.add(issue_id)
                words = issue.translation_placeholders or {}
                run_action(
                    {
                        "reason": reason,
                        # Without one, it is about all of them together.
                        "account": words.get("account") or None,
                        "path": words.get("path"),
                    },
                    "storage low",
                    event.context,
                )

        return self._hass.bus.async_listen(
            ir.EVENT_REPAIRS_ISSUE_REGISTRY_UPDATED, changed
        )

    def _reason(self, issue_id: str) -> str | None:
        """Return why an issue says that there is no room, None if it does not."""
        issue = ir.async_get(self._hass).async_get_issue(DOMAIN, issue_id)
        if not issue or not issue.active:
            return None
        return LOW.get(issue.translation_key or "")


TRIGGERS: dict[str, type[Trigger]] = {
    "clip_failed": ClipFailed,
    "clip_saved": ClipSaved,
    "storage_low": StorageLow,
}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers."""
    return TRIGGERS
