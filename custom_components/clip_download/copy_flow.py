"""Setting up a place for copies, and its options: tried by writing, reading and deleting."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import aclosing
import logging
import re
from typing import Any

import voluptuous as vol

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigFlow,
    ConfigFlowResult,
    OptionsFlowWithReload,
)
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TimeSelector,
)

from .accounts import all_accounts
from .accounts.kind import Field, Visibility, password, text
from .const import CONF_KEEP_DAYS, CONF_KIND, CONF_MOST_GB
from .copies import (
    CONF_BEGIN,
    CONF_CAMERAS,
    CONF_DELETE_WITH_CLIP,
    CONF_END,
    CONF_IDENTITY,
    CONF_INSTANCE,
    CONF_KEPT_ONLY,
    CONF_KINDS,
    CONF_LABELS,
    CONF_MOST_MBIT_S,
)
from .copy_kinds import TARGETS, TargetKind
from .engine.copies.crypt import Crypt, UndecryptableError, new_identity
from .engine.copies.place import CopyPlace
from .engine.copies.restore import catalogue
from .engine.errors import ClipError
from .engine.model import SEEN, EventKind
from .engine.targets.base import Target
from .engine.targets.limits import Bandwidth
from .entity import camera_unique_id
from .errors import async_form_errors
from .options_flow import LIMITS

_LOGGER = logging.getLogger(__name__)

CONF_ENCRYPT = "encrypt"
TARGET_AGAIN = "target_again"
MOST_MBIT_S = 10_000


def _is_key(identity: str) -> bool:
    try:
        Crypt(identity)
    except ValueError:
        return False
    return True


# What a new Home Assistant is asked for that goes on with the copies of one that is lost.
TAKING_OVER = [
    Field(
        CONF_INSTANCE,
        text(),
        is_required=False,
        visibility=Visibility.PUBLIC,
        is_valid=re.compile(r"[0-9a-f]{16}").fullmatch,
        error="no_copies",
    ),
    Field(
        CONF_IDENTITY,
        password(),
        is_required=False,
        is_valid=_is_key,
        error="invalid_key",
    ),
]


class TargetSteps(ConfigFlow):
    """The steps of a place for copies, which are the same for all kinds."""

    async def async_begin_target(
        self, kind: TargetKind, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for a new place."""
        return await self._async_ask_target(kind, kind.name, user_input, None)

    async def async_step_target_again(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for what a place refused, or for all but which one it is."""
        entry = (
            self._get_reauth_entry()
            if self.source == SOURCE_REAUTH
            else self._get_reconfigure_entry()
        )
        kind = TARGETS[entry.data[CONF_KIND]]
        return await self._async_ask_target(kind, TARGET_AGAIN, user_input, entry)

    async def _async_ask_target(
        self,
        kind: TargetKind,
        step_id: str,
        user_input: dict[str, Any] | None,
        entry: ConfigEntry | None,
    ) -> ConfigFlowResult:
        """Show the form of a place, and try what is typed into it."""
        fields = [field for field in kind.fields if self._is_asked(field)]
        if entry is None:
            fields += TAKING_OVER
        errors: dict[str, str] = {}
        placeholders: Mapping[str, str] = {}
        if user_input is not None:
            given = _given(fields, user_input)
            errors = {
                field.name: field.error
                for field in fields
                if field.is_valid
                and field.name in given
                and not field.is_valid(given[field.name])
            }
            data = _kept(entry, fields) | given
            if not errors:
                errors, placeholders = await self._async_try_target(kind, data)
            if not errors:
                if entry:
                    return self.async_update_reload_and_abort(entry, data=data)
                is_encrypted = user_input.get(CONF_ENCRYPT, False)
                return self._create_target(kind, data, is_encrypted=is_encrypted)
        schema: dict[Any, Any] = {field.marker: field.selector for field in fields}
        if entry is None:
            schema[vol.Required(CONF_ENCRYPT, default=False)] = BooleanSelector()
        kept = entry.data if entry else {}
        shown = user_input or {
            field.name: kept[field.name]
            for field in fields
            if field.name in kept and field.visibility is not Visibility.SECRET
        }
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(vol.Schema(schema), shown),
            errors=errors,
            description_placeholders={
                "target": entry.title if entry else kind.title,
                **kind.examples,
                **placeholders,
            },
        )

    def _is_asked(self, field: Field) -> bool:
        """Return whether a field is asked for in this flow."""
        if self.source == SOURCE_RECONFIGURE:
            return not field.identifies and field.name != "prefix"
        return self.source != SOURCE_REAUTH or field.is_asked_again

    async def _async_try_target(
        self, kind: TargetKind, data: dict[str, Any]
    ) -> tuple[dict[str, str], Mapping[str, str]]:
        """Write, read and delete one object; return the form's errors. Raises AbortFlow."""
        is_new = self.source not in (SOURCE_REAUTH, SOURCE_RECONFIGURE)
        if is_new:
            await self.async_set_unique_id(kind.unique_id(data))
            self._abort_if_unique_id_configured()
        try:
            async with aclosing(
                await kind.open(self.hass, data, Bandwidth())
            ) as target:
                await target.try_access()
                return await _errors_of_others(target, data) if is_new else {}, {}
        except (ClipError, ConfigEntryError) as err:
            return await async_form_errors(self.hass, err, kind.title)
        except Exception:
            _LOGGER.exception("Unexpected exception")
            return {"base": "unknown"}, {}

    def _create_target(
        self, kind: TargetKind, data: dict[str, Any], *, is_encrypted: bool
    ) -> ConfigFlowResult:
        """Create the entry; the key is shown this once."""
        data = {**data, CONF_KIND: kind.name}
        placeholders: dict[str, str] = {}
        is_encrypted = is_encrypted and CONF_IDENTITY not in data
        if is_encrypted:
            data[CONF_IDENTITY] = placeholders["key"] = new_identity()
        title = (
            data.get("bucket") or data.get("url", "").partition("//")[2].split("/")[0]
        )
        return self.async_create_entry(
            title=f"{kind.title} {title}",
            data=data,
            description="copies_encrypted" if is_encrypted else "copies",
            description_placeholders=placeholders,
        )


def _given(fields: Sequence[Field], user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is typed in, without what is left empty."""
    return {
        field.name: value
        for field in fields
        if (value := field.tidy(user_input.get(field.name))) not in (None, "")
    }


def _kept(entry: ConfigEntry | None, asked: Sequence[Field]) -> dict[str, Any]:
    """Return what an entry has besides what is asked for."""
    names = {field.name for field in asked}
    data = entry.data if entry else {}
    return {name: value for name, value in data.items() if name not in names}


async def _errors_of_others(target: Target, data: Mapping[str, Any]) -> dict[str, str]:
    """Return the form's errors if there is nothing to take over, or not with this key.

    Raises ClipError.
    """
    if not (instance_id := data.get(CONF_INSTANCE)):
        return {}
    identity = data.get(CONF_IDENTITY)
    place = CopyPlace(target, "", instance_id, Crypt(identity) if identity else None)
    try:
        async with aclosing(catalogue(place)) as records:
            async for _ in records:
                return {}
    except UndecryptableError:
        return {CONF_IDENTITY: "invalid_key"}
    return {CONF_INSTANCE: "no_copies"}


class CopiesOptionsFlow(OptionsFlowWithReload):
    """Change what is copied, when, how fast, and how long it is kept there."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Begin: the names of the steps are those of the texts."""
        return await self.async_step_copies(user_input)

    async def async_step_copies(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the options."""
        if user_input is not None:
            return self.async_create_entry(data=user_input)
        options = self.config_entry.options
        fields = _fields(self.hass, options.get(CONF_CAMERAS, ()))
        return self.async_show_form(
            step_id="copies",
            data_schema=self.add_suggested_values_to_schema(
                vol.Schema(fields), options
            ),
        )


def _fields(hass: HomeAssistant, chosen: Collection[str]) -> dict[Any, Any]:
    """Return the fields of the options; some cameras are chosen already."""
    cameras = SelectSelector(
        SelectSelectorConfig(
            options=_cameras(hass, chosen),
            multiple=True,
            mode=SelectSelectorMode.DROPDOWN,
        )
    )
    kinds = SelectSelector(
        SelectSelectorConfig(
            options=[*EventKind, *SEEN],
            multiple=True,
            mode=SelectSelectorMode.DROPDOWN,
            translation_key="kinds",
        )
    )
    labels = SelectSelector(
        SelectSelectorConfig(options=[], multiple=True, custom_value=True)
    )
    speed = NumberSelector(
        NumberSelectorConfig(
            min=0,
            max=MOST_MBIT_S,
            step="any",
            unit_of_measurement="Mbit/s",
            mode=NumberSelectorMode.BOX,
        )
    )
    return {
        vol.Required(CONF_KEPT_ONLY, default=False): BooleanSelector(),
        vol.Optional(CONF_CAMERAS, default=[]): cameras,
        vol.Optional(CONF_KINDS, default=[]): kinds,
        vol.Optional(CONF_LABELS, default=[]): labels,
        vol.Required(CONF_MOST_MBIT_S, default=0): speed,
        vol.Optional(CONF_BEGIN): TimeSelector(),
        vol.Optional(CONF_END): TimeSelector(),
        **{
            name: limit
            for name, limit in LIMITS.items()
            if name in (CONF_KEEP_DAYS, CONF_MOST_GB)
        },
        vol.Required(CONF_DELETE_WITH_CLIP, default=False): BooleanSelector(),
    }


def _cameras(hass: HomeAssistant, chosen: Collection[str]) -> list[SelectOptionDict]:
    """Return the cameras of all accounts, and those that are chosen and gone."""
    registry = er.async_get(hass)
    found = [
        SelectOptionDict(
            value=f"{entry.entry_id}/"
            f"{one.unique_id.removeprefix(camera_unique_id(entry, ''))}",
            label=f"{_name(hass, one)} ({entry.title})",
        )
        for entry in all_accounts(hass)
        for one in er.async_entries_for_config_entry(registry, entry.entry_id)
        if one.domain == Platform.CAMERA
    ]
    gone = set(chosen) - {one["value"] for one in found}
    found += [SelectOptionDict(value=one, label=one.partition("/")[2]) for one in gone]
    return sorted(found, key=lambda one: one["label"].casefold())


def _name(hass: HomeAssistant, camera: er.RegistryEntry) -> str:
    """Return the name of a camera, which is that of its device."""
    device = dr.async_get(hass).async_get(camera.device_id or "")
    return (
        camera.name
        or (device and (device.name_by_user or device.name))
        or camera.entity_id
    )
