"""Setting up an account: what its kind asks for, tried before anything is kept."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import aclosing
from functools import partial
import logging
import re
from typing import TYPE_CHECKING, Any, override

import voluptuous as vol

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlowResult,
    ConfigSubentryFlow,
    OptionsFlowWithReload,
)
from homeassistant.const import CONF_WEBHOOK_ID
from homeassistant.core import callback
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.exceptions import ConfigEntryError
from homeassistant.helpers.config_entry_oauth2_flow import AbstractOAuth2FlowHandler
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
from homeassistant.helpers.service_info.dhcp import DhcpServiceInfo
from homeassistant.helpers.typing import DiscoveryInfoType, VolDictType
from homeassistant.util import dt as dt_util

from .accounts import KINDS, kind_of
from .accounts.access_token import given_access_token
from .accounts.kind import AccountKind, CodeRequired, Field, Visibility, text
from .accounts.ring import RING
from .accounts.ring_partner import RING_PARTNER
from .accounts.source import async_create_source
from .const import (
    CONF_AUTH_IMPLEMENTATION,
    CONF_AUTOMATIC,
    CONF_BACK_FILL,
    CONF_KEEP_DAYS,
    CONF_KIND,
    CONF_MEDIA_DIR,
    CONF_NEW_CAMERAS,
    CONF_OTHER_IDS,
    DOMAIN,
    SUBENTRY_STREAM,
)
from .copy_flow import CopiesOptionsFlow, TargetSteps
from .copy_kinds import TARGETS, is_target
from .engine.errors import ClipError, size_in_words
from .engine.model import Identity
from .errors import async_form_errors
from .options_flow import LIMITS, ClipDownloadOptionsFlow, media_dir_field
from .panel import PANEL
from .stream_flow import StreamSubentryFlow
from .survey import Survey, async_problem_texts, async_survey

_LOGGER = logging.getLogger(__name__)

CONF_2FA = "2fa"
# Signing in at the cloud in the browser, in a menu beside its other ways.
LINK = "link"
# What is chosen instead of an account of another integration.
SIGN_IN = "sign_in"
# The unique id of the offer to sign in to Ring, as its devices are in the network.
IN_NETWORK = "ring_in_network"
# The last step of a new account, and its list of cameras.
SAVING = "saving"
CAMERAS = "cameras"
# A longer list is not shown as a whole.
MOST_BOXES = 12
# What is fetched from the cloud unless a person says no.
SMALL_BYTES = 10**9

# Shows a form again, with its errors and what fills their texts.
type Show = Callable[[dict[str, str], Mapping[str, str]], ConfigFlowResult]


class ClipDownloadConfigFlow(TargetSteps, AbstractOAuth2FlowHandler, domain=DOMAIN):
    """Set up an account or a place for copies, sign in to it again, or change it."""

    DOMAIN = DOMAIN
    VERSION = 1

    _kind: AccountKind
    # What was found out about a new account, and what is stored of it.
    _survey: Survey
    _new: tuple[str, dict[str, Any]]

    def __init__(self) -> None:
        """Start with nothing given."""
        super().__init__()
        # What is signed in with, once it is given, and where a code for it was sent to.
        self._given: dict[str, Any] = {}
        self._sent_to = ""
        self._lasting_ids: dict[str, str] = {}
        # The account of another integration that offered this flow.
        self._offered_by = ""

    @property
    @override
    def logger(self) -> logging.Logger:
        """The logger of the steps of OAuth 2."""
        return _LOGGER

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlowWithReload:
        """Return the flow for the options of an account or a place for copies."""
        if is_target(config_entry):
            return CopiesOptionsFlow()
        return ClipDownloadOptionsFlow()

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: ConfigEntry
    ) -> dict[str, type[ConfigSubentryFlow]]:
        """Let streams be named where a cloud may refuse to list them."""
        # What is ignored has no kind.
        kind = KINDS.get(config_entry.data.get(CONF_KIND, ""))
        if kind and kind.stream_name:
            return {SUBENTRY_STREAM: StreamSubentryFlow}
        return {}

    # Type checkers shall still find a name that is misspelt.
    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Callable[..., Any]:
            """Return a step that is named by the record of a kind of account."""
            step_id = name.removeprefix("async_step_")
            if step_id in TARGETS:
                return partial(self.async_begin_target, TARGETS[step_id])
            for kind in KINDS.values():
                if step_id == kind.name:
                    return partial(self._async_begin, kind)
                if kind.oauth and step_id == kind.oauth.token_field:
                    return partial(self._async_ask, step_id)
                if kind.shared_sign_in and step_id == kind.shared_sign_in.step_id:
                    return self._async_choose_lender
            raise AttributeError(name, name=name, obj=self)

    @override
    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask which cloud the footage is in, or where copies go."""
        return self.async_show_menu(step_id="user", menu_options=[*KINDS, *TARGETS])

    # What was discovered

    @override
    async def async_step_dhcp(
        self, discovery_info: DhcpServiceInfo
    ) -> ConfigFlowResult:
        """Offer to sign in to Ring: once, however many of its devices there are."""
        self._kind = RING
        if any(
            entry.data[CONF_KIND] in (RING.name, RING_PARTNER.name)
            for entry in self._async_current_entries(include_ignore=False)
        ):
            return self.async_abort(reason="already_configured")
        for lender in self._lenders():
            if lender.state is ConfigEntryState.LOADED:
                return await self._async_offer(lender)
        await self._async_take_unique_id(IN_NETWORK, RING.title)
        return await self._async_sign_in(RING.name, None)

    @override
    async def async_step_integration_discovery(
        self, discovery_info: DiscoveryInfoType
    ) -> ConfigFlowResult:
        """Offer to use what another integration is signed in with."""
        self._kind = next(
            kind for kind in KINDS.values() if kind.lender_id(discovery_info)
        )
        for lender in self._lenders():
            if lender.entry_id == self._kind.lender_id(discovery_info):
                return await self._async_offer(lender)
        return self.async_abort(reason="already_configured")

    async def _async_offer(self, lender: ConfigEntry) -> ConfigFlowResult:
        """Offer to use a lender; others are offered in flows of their own."""
        self._offered_by = lender.entry_id
        name = f"{self._kind.title} {lender.title}"
        await self._async_take_unique_id(_offer_id(lender.entry_id), name)
        return await self._async_choose_lender()

    async def _async_take_unique_id(self, unique_id: str, name: str) -> None:
        """Let this be offered once, and be ignored. Raises AbortFlow."""
        await self.async_set_unique_id(unique_id)
        self._abort_if_unique_id_configured()
        self.context["title_placeholders"] = {"name": name}

    async def _async_begin(
        self, kind: AccountKind, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Sign in to a new account of a kind."""
        self._kind = kind
        if user_input is None and any(
            lender.state is ConfigEntryState.LOADED for lender in self._lenders()
        ):
            return await self._async_choose_lender()
        return await self._async_sign_in(kind.name, user_input)

    async def async_step_reauth(
        self, entry_data: Mapping[str, Any]
    ) -> ConfigFlowResult:
        """Begin to sign in again after the cloud refused the credentials."""
        if is_target(self._get_reauth_entry()):
            return await self.async_step_target_again()
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for what the cloud refused."""
        entry = self._get_reauth_entry()
        return await self._async_change(entry, "reauth_confirm", user_input)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for everything again, for the same account."""
        entry = self._get_reconfigure_entry()
        if is_target(entry):
            return await self.async_step_target_again(user_input)
        return await self._async_change(entry, "reconfigure", user_input)

    async def _async_change(
        self, entry: ConfigEntry, step_id: str, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        """Sign in to an account that there is."""
        self._kind = kind_of(entry)
        if user_input is None and (self._kind.lender_id(entry.data) or self._lenders()):
            return await self._async_choose_lender()
        return await self._async_sign_in(step_id, user_input)

    async def _async_sign_in(
        self, step_id: str, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        """Ask for what the kind signs in with, or how to sign in."""
        if (oauth := self._kind.oauth) is None:
            return await self._async_ask(step_id, user_input)
        if not oauth.token_field:
            return await self.async_step_link()
        entry = self._entry()
        return self.async_show_menu(
            step_id=step_id,
            menu_options=[LINK, oauth.token_field],
            description_placeholders={"account": entry.title if entry else ""},
        )

    # The form of a kind

    async def _async_ask(
        self, step_id: str, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show the form of the kind, and try what is typed into it."""
        fields = self._fields()
        show = partial(self._show, step_id, fields, user_input)
        if user_input is None:
            return show({}, {})
        typed = {
            field.name: value
            for field in fields
            if (value := field.tidy(user_input.get(field.name))) not in (None, "")
            or field.is_required
        }
        if errors := {
            field.name: field.error
            for field in fields
            if field.name in typed
            and field.is_valid
            and not field.is_valid(typed[field.name])
        }:
            return show(errors, {})
        return await self._async_try({**self._kept(fields), **typed}, show)

    def _fields(self) -> list[Field]:
        """Return the fields to ask for: those that the cloud refused, or all."""
        if self.source == SOURCE_RECONFIGURE:
            return [field for field in self._kind.fields if not field.identifies]
        if self.source != SOURCE_REAUTH:
            return list(self._kind.fields)
        data = self._get_reauth_entry().data
        return [
            field
            for field in self._kind.fields
            # An account that was signed in by another integration lacks some.
            if field.is_asked_again or (field.is_required and field.name not in data)
        ]

    def _show(
        self,
        step_id: str,
        fields: list[Field],
        user_input: dict[str, Any] | None,
        errors: dict[str, str],
        placeholders: Mapping[str, str],
    ) -> ConfigFlowResult:
        """Show some fields, with what was typed, or what is kept and no secret."""
        entry = self._entry()
        data = entry.data if entry else {}
        shown = user_input or {
            field.name: data[field.name]
            for field in fields
            if field.name in data and field.visibility is not Visibility.SECRET
        }
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(
                vol.Schema({field.marker: field.selector for field in fields}), shown
            ),
            errors=errors,
            description_placeholders={
                "account": entry.title if entry else "",
                **self._kind.links,
                **placeholders,
            },
        )

    def _kept(self, asked: list[Field]) -> dict[str, Any]:
        """Return what an account has besides what is asked for."""
        entry = self._entry()
        data = entry.data if entry else {}
        for name, make in self._kind.lasting_ids.items():
            # Made once: the cloud may have been told of it by the time it is kept.
            self._lasting_ids.setdefault(name, data.get(name) or make())
        names = {field.name for field in self._kind.fields} | {CONF_WEBHOOK_ID}
        names -= {field.name for field in asked}
        return {
            **{name: data[name] for name in names if name in data},
            **self._lasting_ids,
        }

    # A verification code

    async def async_step_2fa(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the code that was sent; an empty answer has a new one sent."""
        if user_input is None:
            return self._show_2fa({}, {})
        # Messages write it in groups: "123 456", "123-456".
        code = re.sub(r"[\s-]", "", user_input.get(CONF_2FA, "")) or None
        return await self._async_try(self._given, self._show_2fa, code)

    def _show_2fa(
        self, errors: dict[str, str], placeholders: Mapping[str, str]
    ) -> ConfigFlowResult:
        """Show the form for the code."""
        return self.async_show_form(
            step_id=CONF_2FA,
            data_schema=vol.Schema({vol.Optional(CONF_2FA): text("one-time-code")}),
            errors=errors,
            description_placeholders={"sent_to": self._sent_to, **placeholders},
        )

    # OAuth 2

    async def async_step_link(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Have the account linked to an app in the browser, the same app as before."""
        entry = self._entry()
        known = entry.data.get(CONF_AUTH_IMPLEMENTATION) if entry else None
        if known is None or self.source != SOURCE_REAUTH:
            return await self.async_step_pick_implementation()
        return await self.async_step_pick_implementation({"implementation": known})

    @override
    async def async_oauth_create_entry(self, data: dict[str, Any]) -> ConfigFlowResult:
        """Go on with the token of the account that was linked."""
        self._given = {**self._kept(list(self._kind.fields)), **data}
        return await self.async_step_linked()

    async def async_step_linked(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Look whose account was linked, again and again if that cannot be known."""
        return await self._async_try(self._given, partial(self._show, "linked", [], {}))

    # The sign-in of another integration

    async def _async_choose_lender(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether to use what another integration is signed in with."""
        shared = self._kind.shared_sign_in
        assert shared is not None
        if user_input is None:
            return self._show_lenders(user_input, {}, {})
        if user_input[shared.field] != SIGN_IN:
            show = partial(self._show_lenders, user_input)
            return await self._async_try(user_input, show)
        step_ids = {SOURCE_REAUTH: "reauth_confirm", SOURCE_RECONFIGURE: "reconfigure"}
        return await self._async_sign_in(
            step_ids.get(self.source or "", self._kind.name), None
        )

    def _show_lenders(
        self,
        user_input: dict[str, Any] | None,
        errors: dict[str, str],
        placeholders: Mapping[str, str],
    ) -> ConfigFlowResult:
        """Show the accounts of another integration, and the choice to use none."""
        shared = self._kind.shared_sign_in
        assert shared is not None
        options = [
            *(
                SelectOptionDict(value=lender.entry_id, label=lender.title)
                for lender in self._lenders()
            ),
            SelectOptionDict(value=SIGN_IN, label=SIGN_IN),
        ]
        choice = SelectSelector(
            SelectSelectorConfig(
                options=options,
                mode=SelectSelectorMode.LIST,
                translation_key=shared.step_id,
            )
        )
        marker = vol.Required(shared.field, default=options[0]["value"])
        return self.async_show_form(
            step_id=shared.step_id,
            data_schema=self.add_suggested_values_to_schema(
                vol.Schema({marker: choice}), user_input
            ),
            errors=errors,
            description_placeholders=placeholders,
        )

    def _lenders(self) -> list[ConfigEntry]:
        """Return the accounts of another integration that no account here uses."""
        if (shared := self._kind.shared_sign_in) is None:
            return []
        entry = self._entry()
        taken = {
            other.data.get(shared.field)
            for other in self._async_current_entries(include_ignore=False)
            if other is not entry
        }
        return [
            lender
            for lender in shared.async_lenders(self.hass)
            if lender.entry_id not in taken
            and self._offered_by in ("", lender.entry_id)
        ]

    # Trying what was given

    async def _async_try(
        self, given: dict[str, Any], show: Show, code: str | None = None
    ) -> ConfigFlowResult:
        """Sign in with what was given; show the form again if that does not work."""
        self._given = given
        try:
            credentials = await self._async_credentials(given, code)
            identity = await self._async_identify(credentials)
        except CodeRequired as err:
            self._sent_to = err.sent_to
            return self._show_2fa({}, {})
        except (ClipError, ConfigEntryError) as err:
            entry = self._entry()
            subject = entry.title if entry else self._kind.title
            return show(*await async_form_errors(self.hass, err, subject))
        except AbortFlow:
            raise
        except Exception:
            _LOGGER.exception("Unexpected exception")
            return show({"base": "unknown"}, {})
        data = {**credentials, CONF_KIND: self._kind.name}
        if identity.others:
            data[CONF_OTHER_IDS] = sorted(identity.others)
        if entry := self._entry():
            return self.async_update_reload_and_abort(entry, data=data)
        for field in self._kind.fields:
            if self._survey.has(field.wrong_if):
                return show({field.name: str(field.wrong_if)}, {})
        self._new = (identity.title, data)
        return await self.async_step_saving()

    async def _async_credentials(
        self, given: dict[str, Any], code: str | None
    ) -> dict[str, Any]:
        """Return what to keep of what was given. Raises CodeRequired, ClipError."""
        if self._kind.sign_in is None or self._kind.lender_id(given):
            return given
        return await self._kind.sign_in(self.hass, given, code)

    async def _async_identify(self, credentials: dict[str, Any]) -> Identity:
        """Return whose credentials these are. Raises ClipError, AbortFlow."""
        made = await async_create_source(
            self.hass,
            self._kind,
            credentials,
            keep_credentials=credentials.update,
            access_token=given_access_token(self.hass, self._kind, credentials),
        )
        async with aclosing(made) as source:
            identity = await source.identify()
            await self._async_check_account(identity)
            if self._kind.finish_sign_in:
                await self._kind.finish_sign_in(source)
            if self._entry() is None:
                self._survey = await async_survey(source)
        return identity

    async def _async_check_account(self, identity: Identity) -> None:
        """Raise AbortFlow for an account that is there already, or another one."""
        # Whoever is first sets it up: a flow may have been left at its last step.
        await self.async_set_unique_id(
            self._unique_id(identity.id), raise_on_progress=False
        )
        if (entry := self._entry()) is None:
            self._check_is_new(identity.others)
        elif entry.unique_id not in {
            self._unique_id(one) for one in (identity.id, *identity.others)
        }:
            raise AbortFlow(
                "wrong_account", {"account": entry.title, "other": identity.title}
            )

    def _unique_id(self, account_id: str) -> str:
        """Return the unique id of an account by what its cloud calls it."""
        return f"{self._kind.name}_{account_id}"

    def _check_is_new(self, other_ids: Iterable[str]) -> None:
        """Raise AbortFlow for an account that is set up already, by any of its ids."""
        self._abort_if_unique_id_configured()
        ids = {self.unique_id, *map(self._unique_id, other_ids)}
        for entry in self._async_current_entries(include_ignore=False):
            also = map(self._unique_id, entry.data.get(CONF_OTHER_IDS, ()))
            if ids & {entry.unique_id, *also}:
                raise AbortFlow("already_configured")

    # What to save of a new account

    async def async_step_saving(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask what to save of a new account, and say what cannot be."""
        if user_input is not None:
            return self._create(user_input)
        title, _ = self._new
        problems = await async_problem_texts(self.hass, self._kind, self._survey)
        return self.async_show_form(
            step_id=SAVING,
            data_schema=vol.Schema(self._saving_fields()),
            description_placeholders={
                "account": title,
                "problems": "".join(f"\n\n⚠️ {problem}" for problem in problems),
                **self._about_estimate(),
            },
        )

    def _saving_fields(self) -> VolDictType:
        """Return the fields of the last step."""
        survey = self._survey
        fields: VolDictType = {}
        if survey.has_events and survey.cameras is None:
            fields[vol.Required(CONF_NEW_CAMERAS, default=True)] = BooleanSelector()
        elif survey.has_events and survey.cameras:
            fields[vol.Optional(CAMERAS, default=survey.good)] = SelectSelector(
                SelectSelectorConfig(
                    options=[
                        SelectOptionDict(value=camera.id, label=camera.name)
                        for camera in survey.cameras
                    ],
                    multiple=True,
                    mode=(
                        SelectSelectorMode.LIST
                        if len(survey.cameras) <= MOST_BOXES
                        else SelectSelectorMode.DROPDOWN
                    ),
                )
            )
        if there := survey.estimate:
            is_small = there.is_complete and there.size_bytes <= SMALL_BYTES
            fields[vol.Required(CONF_BACK_FILL, default=is_small)] = BooleanSelector()
        fields |= {
            name: limit for name, limit in LIMITS.items() if name == CONF_KEEP_DAYS
        }
        if len(self.hass.config.media_dirs) > 1:
            fields |= media_dir_field(self.hass)
        return fields

    def _about_estimate(self) -> dict[str, str]:
        """Return what fills the text about the recordings that the cloud still has."""
        if (there := self._survey.estimate) is None:
            return {}
        return {
            "count": f"{'' if there.is_complete else '> '}{there.count}",
            "since": f"{dt_util.as_local(there.oldest):%Y-%m-%d}",
            "size": size_in_words(there.size_bytes),
        }

    def _create(self, typed: dict[str, Any]) -> ConfigFlowResult:
        """Create the account, with what was typed in as its options."""
        # Another flow may have been faster.
        title, data = self._new
        self._check_is_new(data.get(CONF_OTHER_IDS, ()))
        self._end_offers(data)
        cameras = self._survey.cameras or ()
        chosen = set(typed.pop(CAMERAS, ()))
        options = {name: value for name, value in typed.items() if value is not False}
        if self._survey.has_events and cameras:
            now = dt_util.utcnow().isoformat()
            options[CONF_AUTOMATIC] = {
                one.id: now if one.id in chosen else None for one in cameras
            }
            options[CONF_NEW_CAMERAS] = chosen.issuperset(self._survey.good)
        folders = self.hass.config.media_dirs
        return self.async_create_entry(
            title=title,
            data=data,
            options=options,
            description=self._what_next(options),
            description_placeholders={
                "folder": folders[options.get(CONF_MEDIA_DIR) or next(iter(folders))],
                "panel": f"/{PANEL}",
            },
        )

    def _end_offers(self, data: Mapping[str, Any]) -> None:
        """End the flows that offer what is set up now."""
        ended = {_offer_id(self._kind.lender_id(data))}
        if self._kind.title == RING.title:
            ended.add(IN_NETWORK)
        for flow in self._async_in_progress():
            if flow["context"].get("unique_id") in ended:
                self.hass.config_entries.flow.async_abort(flow["flow_id"])

    def _what_next(self, options: Mapping[str, Any]) -> str:
        """Return the name of the text that says what happens now, or what to do."""
        if options.get(CONF_BACK_FILL):
            return "back_fill"
        if options.get(CONF_NEW_CAMERAS) or any(
            options.get(CONF_AUTOMATIC, {}).values()
        ):
            return "default"
        return "webhook" if self._kind.webhook else "by_hand"

    def _entry(self) -> ConfigEntry | None:
        """Return the entry that is signed in to again or changed."""
        if self.source == SOURCE_REAUTH:
            return self._get_reauth_entry()
        if self.source == SOURCE_RECONFIGURE:
            return self._get_reconfigure_entry()
        return None


def _offer_id(lender_id: str | None) -> str:
    """Return the unique id of the offer to use another integration's account."""
    return f"lender_{lender_id}"
