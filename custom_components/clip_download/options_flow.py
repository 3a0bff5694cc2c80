"""The options of an account: where its clips go, which are saved, how long they stay."""

from collections.abc import Iterable
from typing import Any

import voluptuous as vol

from homeassistant.components import webhook
from homeassistant.config_entries import (
    ConfigEntryState,
    ConfigFlowResult,
    OptionsFlowWithReload,
)
from homeassistant.const import (
    CONF_FILENAME,
    CONF_WEBHOOK_ID,
    UnitOfInformation,
    UnitOfTime,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TemplateSelector,
)
from homeassistant.helpers.typing import VolDictType
from homeassistant.util import dt as dt_util

from .accounts import kind_of
from .accounts.kind import Field, Visibility, password
from .accounts.source import async_source_class
from .accounts.webhook import async_base_url, is_public
from .automatic_saving import DEFAULT_KINDS
from .const import (
    CONF_AFTER,
    CONF_BEFORE,
    CONF_DOWNLOADS_AT_ONCE,
    CONF_FREE_GB,
    CONF_KEEP_DAYS,
    CONF_KINDS,
    CONF_MEDIA_DIR,
    CONF_MERGE,
    CONF_MOST_GB,
    CONF_NEW_CAMERAS,
    CONF_PAUSE,
    DEFAULT_AFTER_S,
    DEFAULT_BEFORE_S,
    DEFAULT_DOWNLOADS_AT_ONCE,
    DEFAULT_FILENAME,
)
from .engine.errors import InvalidRequestError
from .engine.model import SEEN
from .panel import async_is_in_sidebar, async_set_in_sidebar
from .paths import check_template
from .retention import (
    async_common_limits,
    async_set_common_limits,
    shown_limits,
    typed_limits,
)
from .texts import async_texts

# The sections of the form.
ADVANCED = "advanced"
SAVING = "saving"
KEEPING = "keeping"
KEEPING_ALL = "keeping_all"
# What is no option of an account either.
IN_SIDEBAR = "in_sidebar"
LONGEST_MARGIN_S = 300
LONGEST_PAUSE_S = 24 * 60 * 60
LONGEST_MERGE_S = 600
MOST_DAYS = 36_500
MOST_GB = 1_000_000


def _seconds(most: int) -> vol.All[Any]:
    return vol.All(
        NumberSelector(
            NumberSelectorConfig(
                min=0,
                max=most,
                step=1,
                unit_of_measurement=UnitOfTime.SECONDS,
                mode=NumberSelectorMode.BOX,
            )
        ),
        vol.Coerce(int),
    )


def _limit(most: int, unit: str) -> vol.All[Any]:
    return vol.All(
        NumberSelector(
            NumberSelectorConfig(
                min=0,
                max=most,
                step="any",
                unit_of_measurement=unit,
                mode=NumberSelectorMode.BOX,
            )
        ),
        # What is not a number is neither less nor more than any.
        vol.Range(min=0, max=most),
    )


def media_dir_field(hass: HomeAssistant) -> VolDictType:
    """Return the field for the media folder."""
    media_dirs = hass.config.media_dirs
    return {
        vol.Required(CONF_MEDIA_DIR, default=next(iter(media_dirs))): SelectSelector(
            SelectSelectorConfig(
                options=[
                    SelectOptionDict(value=name, label=f"{name} ({path})")
                    for name, path in media_dirs.items()
                ],
                mode=SelectSelectorMode.DROPDOWN,
            )
        )
    }


LIMITS: VolDictType = {
    vol.Required(CONF_KEEP_DAYS, default=0): _limit(MOST_DAYS, "days"),
    vol.Required(CONF_MOST_GB, default=0): _limit(MOST_GB, UnitOfInformation.GIGABYTES),
    vol.Required(CONF_FREE_GB, default=0): _limit(MOST_GB, UnitOfInformation.GIGABYTES),
}


class ClipDownloadOptionsFlow(OptionsFlowWithReload):
    """Change where an account's clips go, which are saved, and how long they are kept."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the options."""
        errors: dict[str, str] = {}
        placeholders = {"problems": "", **kind_of(self.config_entry).links}
        if user_input is not None:
            template = user_input[ADVANCED][CONF_FILENAME]
            try:
                check_template(self.hass, self.config_entry, template)
            except InvalidRequestError as err:
                # A section can show no error of its fields.
                errors["base"] = err.key
                placeholders |= err.placeholders
            else:
                return await self._async_keep(user_input)
        elif folder := self._gone_folder():
            errors[CONF_MEDIA_DIR] = "media_folder_unknown"
            placeholders["folder"] = folder

        schema = vol.Schema(
            {
                **await self._async_saving(),
                **{field.marker: field.selector for field in self._fields_of_kind()},
                vol.Required(KEEPING): section(vol.Schema(LIMITS), {"collapsed": True}),
                **media_dir_field(self.hass),
                vol.Required(KEEPING_ALL): section(
                    vol.Schema(LIMITS), {"collapsed": True}
                ),
                vol.Required(IN_SIDEBAR, default=True): BooleanSelector(),
                vol.Required(ADVANCED): section(
                    self._advanced(), {"collapsed": not errors}
                ),
            }
        )
        if kind_of(self.config_entry).webhook:
            placeholders |= await self._async_about_webhook()
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(
                schema, user_input or await self._async_kept(schema)
            ),
            errors=errors,
            description_placeholders=placeholders,
        )

    def _gone_folder(self) -> str | None:
        """Return the media folder that was chosen, if there is none of that name."""
        folder: str | None = self.config_entry.options.get(CONF_MEDIA_DIR)
        return folder if folder not in self.hass.config.media_dirs else None

    def _advanced(self) -> vol.Schema:
        """Return the fields that hardly anybody needs."""
        return vol.Schema(
            {
                vol.Required(
                    CONF_DOWNLOADS_AT_ONCE, default=DEFAULT_DOWNLOADS_AT_ONCE
                ): vol.All(
                    NumberSelector(
                        NumberSelectorConfig(
                            min=1, max=8, step=1, mode=NumberSelectorMode.SLIDER
                        )
                    ),
                    vol.Coerce(int),
                ),
                vol.Required(
                    CONF_FILENAME, default=DEFAULT_FILENAME
                ): TemplateSelector(),
            }
        )

    def _fields_of_kind(self) -> Iterable[Field]:
        """Return the fields that only this kind of account has."""
        kind = kind_of(self.config_entry)
        yield from kind.options
        if kind.webhook:
            yield Field(kind.webhook.secret, password(), is_required=False)

    async def _async_saving(self) -> VolDictType:
        """Return the section for automatic saving, where the cloud has events."""
        kind = kind_of(self.config_entry)
        source_class = await async_source_class(self.hass, kind)
        if not source_class.event_kinds and not kind.webhook:
            return {}
        fields: VolDictType = {}
        if source_class.event_kinds:
            kinds = [
                one
                for one in source_class.event_kinds
                if one not in source_class.own_kinds
            ]
            default = [one for one in DEFAULT_KINDS if one in kinds]
            marker = vol.Required(CONF_KINDS, default=default)
            fields[marker] = SelectSelector(
                SelectSelectorConfig(
                    options=[*kinds, *SEEN],
                    multiple=True,
                    mode=SelectSelectorMode.LIST,
                    translation_key="kinds",
                )
            )
        if not source_class.keeps_recordings:
            margin = _seconds(LONGEST_MARGIN_S)
            fields |= {
                vol.Required(CONF_BEFORE, default=DEFAULT_BEFORE_S): margin,
                vol.Required(CONF_AFTER, default=DEFAULT_AFTER_S): margin,
            }
        fields |= {
            vol.Required(CONF_PAUSE, default=0): _seconds(LONGEST_PAUSE_S),
            vol.Required(CONF_MERGE, default=0): _seconds(LONGEST_MERGE_S),
            vol.Required(CONF_NEW_CAMERAS, default=False): BooleanSelector(),
        }
        return {vol.Required(SAVING): section(vol.Schema(fields), {"collapsed": True})}

    async def _async_kept(self, schema: vol.Schema) -> dict[str, Any]:
        """Return what is kept, as the form shows it: none of it is a secret."""
        options = self.config_entry.options
        secrets = self._secrets()
        shown: dict[str, Any] = {
            name: options if isinstance(selector, section) else options[name]
            for name, selector in schema.schema.items()
            if isinstance(selector, section)
            or (name in options and name not in secrets)
        }
        if self._gone_folder():
            # It could not be submitted.
            shown.pop(CONF_MEDIA_DIR)
        return {
            **shown,
            KEEPING_ALL: shown_limits(await async_common_limits(self.hass)),
            IN_SIDEBAR: await async_is_in_sidebar(self.hass),
        }

    async def _async_keep(self, typed: dict[str, Any]) -> ConfigFlowResult:
        """Keep what was typed in, and of the options what no form shows."""
        await async_set_common_limits(self.hass, typed_limits(typed.pop(KEEPING_ALL)))
        await async_set_in_sidebar(self.hass, is_in_sidebar=typed.pop(IN_SIDEBAR))
        options = {
            **self.config_entry.options,
            **typed.pop(SAVING, {}),
            **typed.pop(KEEPING),
            **typed.pop(ADVANCED),
        }
        for field in self._fields_of_kind():
            value = field.tidy(typed.pop(field.name, None))
            # A secret that was not typed in stays as it is; all else is taken away.
            if value not in (None, ""):
                options[field.name] = value
            elif field.visibility is not Visibility.SECRET:
                options.pop(field.name, None)
        return self.async_create_entry(data={**options, **typed})

    def _secrets(self) -> set[str]:
        """Return the names of the options that no form shows."""
        return {
            field.name
            for field in self._fields_of_kind()
            if field.visibility is Visibility.SECRET
        }

    async def _async_about_webhook(self) -> dict[str, str]:
        """Return where the cloud is to send its events to, what is wrong, what came."""
        cloud = kind_of(self.config_entry).title
        texts = await async_texts(self.hass, self.hass.config.language)
        base = async_base_url(self.hass)
        address = f"{base}{webhook.async_generate_path(self._webhook_id())}"
        last = None
        if self.config_entry.state is ConfigEntryState.LOADED:
            last = self.config_entry.runtime_data.last_notice
        paragraphs = [
            texts("webhook_address", cloud=cloud),
            # As a block it can be copied, and is never wider than a phone.
            f"```\n{address}\n```",
            texts("last_notice", time=f"{dt_util.as_local(last):%Y-%m-%d %H:%M}")
            if last
            else texts("no_notice"),
        ]
        if not is_public(base):
            paragraphs.append(f"⚠️ {texts('problem_webhook', cloud=cloud)}")
        return {
            "problems": "".join(f"\n\n{one}" for one in paragraphs),
            "webhook_url": address,
        }

    def _webhook_id(self) -> str:
        """Return the id of the account's webhook, which is made when it is first shown."""
        entry = self.config_entry
        webhook_id: str | None = entry.data.get(CONF_WEBHOOK_ID)
        if not webhook_id:
            webhook_id = webhook.async_generate_id()
            self.hass.config_entries.async_update_entry(
                entry, data={**entry.data, CONF_WEBHOOK_ID: webhook_id}
            )
        return webhook_id
