"""Streams that a person names, because the cloud may not let the account list them."""

from collections.abc import Mapping
from contextlib import aclosing
import logging
from typing import Any

import voluptuous as vol

from homeassistant.config_entries import (
    ConfigEntryState,
    ConfigSubentry,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.exceptions import ConfigEntryError

from .accounts import kind_of
from .accounts.kind import text
from .accounts.source import async_create_source
from .const import CONF_STREAM
from .coordinator import ClipConfigEntry
from .engine.errors import ClipError
from .errors import async_form_errors

_LOGGER = logging.getLogger(__name__)


class StreamSubentryFlow(ConfigSubentryFlow):
    """Name a stream that the cloud does not list, or change the name."""

    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for a stream."""
        return await self._async_ask("user", None, user_input)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for a stream again."""
        subentry = self._get_reconfigure_subentry()
        return await self._async_ask("reconfigure", subentry, user_input)

    async def _async_ask(
        self,
        step_id: str,
        subentry: ConfigSubentry | None,
        user_input: dict[str, Any] | None,
    ) -> SubentryFlowResult:
        """Ask for a stream's name or ARN, and try it through the account."""
        entry: ClipConfigEntry = self._get_entry()
        if entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="entry_not_loaded")
        errors: dict[str, str] = {}
        placeholders: Mapping[str, str] = {}
        if user_input is not None:
            stream = user_input[CONF_STREAM].strip()
            name_of = kind_of(entry).stream_name
            name = name_of(stream) if name_of else ""
            if any(
                other.unique_id == name
                for other in entry.subentries.values()
                if other is not subentry
            ):
                return self.async_abort(reason="already_configured")
            errors, placeholders = await self._async_try(entry, stream, name)
            if not errors:
                data = {CONF_STREAM: stream}
                # Once this flow has ended, and the stream is among those of the entry.
                coordinator = entry.runtime_data.coordinator
                self.hass.loop.call_soon(coordinator.async_list_named)
                if subentry is None:
                    return self.async_create_entry(
                        title=name, data=data, unique_id=name
                    )
                return self.async_update_and_abort(
                    entry, subentry, title=name, data=data, unique_id=name
                )
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(
                vol.Schema({vol.Required(CONF_STREAM): text()}),
                user_input or (subentry.data if subentry else None),
            ),
            errors=errors,
            description_placeholders=placeholders,
        )

    async def _async_try(
        self, entry: ClipConfigEntry, stream: str, name: str
    ) -> tuple[dict[str, str], Mapping[str, str]]:
        """Return the errors of a form for a stream, and what fills their texts."""
        if not name:
            return {CONF_STREAM: "invalid_stream"}, {}
        coordinator = entry.runtime_data.coordinator
        listed = coordinator.camera(name)
        if listed and coordinator.subentry_id(listed) is None:
            return {CONF_STREAM: "already_listed"}, {}
        try:
            made = await async_create_source(
                self.hass, kind_of(entry), entry.data, named_cameras=[stream]
            )
            async with aclosing(made) as source:
                cameras = await entry.runtime_data.call(source.cameras)
        except (ClipError, ConfigEntryError) as err:
            return await async_form_errors(self.hass, err, entry.title)
        except Exception:
            _LOGGER.exception("Unexpected exception")
            return {"base": "unknown"}, {}
        if name not in {camera.id for camera in cameras}:
            return {CONF_STREAM: "stream_not_found"}, {}
        return {}, {}
