"""Setting up an account: a form for each kind, tried before anything is kept."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
import logging
import re
from typing import TYPE_CHECKING, Any, cast, override
from uuid import uuid4

import voluptuous as vol
from yarl import URL

from homeassistant.components import webhook
from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlowResult,
    ConfigSubentry,
    ConfigSubentryFlow,
    OptionsFlowWithReload,
    SubentryFlowResult,
)
from homeassistant.const import (
    CONF_API_KEY,
    CONF_FILENAME,
    CONF_PASSWORD,
    CONF_REGION,
    CONF_TOKEN,
    CONF_USERNAME,
    CONF_WEBHOOK_ID,
    UnitOfInformation,
    UnitOfTime,
)
from homeassistant.core import callback
from homeassistant.data_entry_flow import AbortFlow, section
from homeassistant.exceptions import ConfigEntryError
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.config_entry_oauth2_flow import AbstractOAuth2FlowHandler
from homeassistant.helpers.network import NoURLAvailableError
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
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
from homeassistant.helpers.typing import VolDictType

from .accounts import (
    async_create_source,
    async_source_class,
    async_source_module,
    given_access_token,
)
from .accounts.ring_shared import async_lenders
from .accounts.webhook import WEBHOOK_SECRETS
from .application_credentials import CONSOLE_URL
from .automatic_saving import DEFAULT_KINDS
from .const import (
    CONF_ACCESS_KEY_ID,
    CONF_AFTER,
    CONF_AS_SHOWN,
    CONF_AUTH_IMPLEMENTATION,
    CONF_BASE_URL,
    CONF_BEFORE,
    CONF_DOWNLOADS_AT_ONCE,
    CONF_ENDPOINT_URL,
    CONF_FREE_GB,
    CONF_HARDWARE_ID,
    CONF_KEEP_DAYS,
    CONF_KIND,
    CONF_KINDS,
    CONF_MEDIA_DIR,
    CONF_MERGE,
    CONF_MOST_GB,
    CONF_NEW_CAMERAS,
    CONF_PAUSE,
    CONF_PLAYGROUND_TOKEN,
    CONF_RING_ENTRY,
    CONF_SECRET_ACCESS_KEY,
    CONF_SESSION_TOKEN,
    CONF_STREAM,
    DEFAULT_AFTER_S,
    DEFAULT_BEFORE_S,
    DEFAULT_DOWNLOADS_AT_ONCE,
    DEFAULT_FILENAME,
    DOMAIN,
    SUBENTRY_STREAM,
)
from .coordinator import ClipConfigEntry
from .engine.errors import ClipError, InvalidRequestError
from .engine.model import ON_DEMAND, SEEN, Identity
from .engine.sources.base import Source
from .paths import check_template
from .retention import (
    async_common_limits,
    async_set_common_limits,
    shown_limits,
    typed_limits,
)

if TYPE_CHECKING:
    from .engine.sources.ring_partner.client import RingPartnerSource

_LOGGER = logging.getLogger(__name__)

RING = "ring"
RING_PARTNER = "ring_partner"
MERAKI = "meraki"
KINESIS = "kinesis"

CONF_2FA = "2fa"
# Two ways to sign in to Ring's partner API: the app that a person made, or a token.
PARTNER_WAYS = ["link", CONF_PLAYGROUND_TOKEN]
# What is chosen instead of an account of the Ring integration.
SIGN_IN = "sign_in"
# What Ring's app calls whatever its footage goes to.
LINKED_TO = "Home Assistant"

# https://developer.cisco.com/meraki/api-v1/getting-started/ lists the regions.
MERAKI_HOSTS = [
    "api.meraki.com",
    "api.meraki.ca",
    "api.meraki.cn",
    "api.meraki.in",
    "api.gov-meraki.com",
]
# Those that botocore's endpoint list has for Kinesis Video Streams.
KINESIS_REGIONS = [
    "af-south-1",
    "ap-east-1",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-5",
    "ca-central-1",
    "cn-north-1",
    "eu-central-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "me-south-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-west-2",
]

# The sections of the options.
SAVING = "saving"
KEEPING = "keeping"
KEEPING_ALL = "keeping_all"
LONGEST_MARGIN_S = 300
LONGEST_PAUSE_S = 24 * 60 * 60
LONGEST_MERGE_S = 600
MOST_DAYS = 36_500
MOST_GB = 1_000_000

# As the service's own model has them.
_STREAM = re.compile(
    r"(?P<name>[a-zA-Z0-9_.-]{1,256})"
    r"|arn:[a-z\d-]+:kinesisvideo:[a-z0-9-]+:[0-9]+:stream/"
    r"(?P<name_in_arn>[a-zA-Z0-9_.-]{1,256})/[0-9]+"
)


def _plain(autocomplete: str = "off") -> TextSelector:
    return TextSelector(TextSelectorConfig(autocomplete=autocomplete))


def _secret(autocomplete: str = "off") -> TextSelector:
    return TextSelector(
        TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete=autocomplete)
    )


def _choice(options: list[SelectOptionDict]) -> SelectSelector:
    return SelectSelector(
        SelectSelectorConfig(
            options=options, custom_value=True, mode=SelectSelectorMode.DROPDOWN
        )
    )


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


LIMITS: VolDictType = {
    vol.Required(CONF_KEEP_DAYS, default=0): _limit(MOST_DAYS, "days"),
    vol.Required(CONF_MOST_GB, default=0): _limit(MOST_GB, UnitOfInformation.GIGABYTES),
    vol.Required(CONF_FREE_GB, default=0): _limit(MOST_GB, UnitOfInformation.GIGABYTES),
}


AS_SHOWN: VolDictType = {vol.Required(CONF_AS_SHOWN, default=False): BooleanSelector()}


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What is asked for one kind of account.

    `refused` are the fields that are asked for again when the cloud no longer takes
    them; `links` fill the texts of the forms.
    """

    fields: VolDictType
    refused: frozenset[str]
    links: Mapping[str, str] = field(default_factory=dict)


KINDS = {
    RING: Kind(
        fields={
            vol.Required(CONF_USERNAME): TextSelector(
                TextSelectorConfig(type=TextSelectorType.EMAIL, autocomplete="username")
            ),
            vol.Required(CONF_PASSWORD): _secret("current-password"),
        },
        refused=frozenset({CONF_PASSWORD}),
    ),
    RING_PARTNER: Kind(
        fields={vol.Required(CONF_PLAYGROUND_TOKEN): _secret()},
        refused=frozenset({CONF_PLAYGROUND_TOKEN}),
        links={"console_url": CONSOLE_URL},
    ),
    MERAKI: Kind(
        fields={
            vol.Required(CONF_API_KEY): _secret(),
            vol.Required(
                CONF_BASE_URL, default=f"https://{MERAKI_HOSTS[0]}/api/v1"
            ): _choice(
                [
                    SelectOptionDict(value=f"https://{host}/api/v1", label=host)
                    for host in MERAKI_HOSTS
                ]
            ),
        },
        refused=frozenset({CONF_API_KEY}),
        links={
            "keys_url": "https://documentation.meraki.com/General_Administration/Other_Topics/Cisco_Meraki_Dashboard_API"
        },
    ),
    KINESIS: Kind(
        fields={
            vol.Required(CONF_ACCESS_KEY_ID): _plain(),
            vol.Required(CONF_SECRET_ACCESS_KEY): _secret(),
            vol.Optional(CONF_SESSION_TOKEN): _secret(),
            vol.Required(CONF_REGION, default="us-east-1"): _choice(
                [
                    SelectOptionDict(value=region, label=region)
                    for region in KINESIS_REGIONS
                ]
            ),
            vol.Optional(CONF_ENDPOINT_URL): TextSelector(
                TextSelectorConfig(type=TextSelectorType.URL, autocomplete="off")
            ),
        },
        refused=frozenset(
            {CONF_ACCESS_KEY_ID, CONF_SECRET_ACCESS_KEY, CONF_SESSION_TOKEN}
        ),
        links={
            "keys_url": "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html"
        },
    ),
}


def _is_endpoint(text: str) -> bool:
    try:
        url = URL(text)
        # It is looked at only when it is asked for.
        _ = url.port
    except ValueError:
        return False
    # A name or a password in it would be shown, and stand in the way of the key; what
    # follows "?" or "#" is no part of the address. One in a private network is fine:
    # that is what VPC endpoints are, and only an administrator names it.
    is_bare = url.user is None and url.password is None and not set(text) & set("?#")
    return url.scheme == "https" and bool(url.host) and is_bare


def _is_api(text: str) -> bool:
    return _is_endpoint(text) and text.rstrip("/").endswith("/api/v1")


# What can be seen to be wrong before any cloud is asked: field -> test, error.
CHECKS: dict[str, tuple[Callable[[str], object], str]] = {
    CONF_BASE_URL: (_is_api, "invalid_base_url"),
    CONF_ENDPOINT_URL: (_is_endpoint, "invalid_endpoint_url"),
    # The region becomes part of a host name.
    CONF_REGION: (re.compile(r"[a-z]{2,}(-[a-z]+)+-\d").fullmatch, "invalid_region"),
}


class ClipDownloadConfigFlow(AbstractOAuth2FlowHandler, domain=DOMAIN):
    """Set up an account, sign in to it again, or change it."""

    DOMAIN = DOMAIN
    VERSION = 1
    MINOR_VERSION = 1

    def __init__(self) -> None:
        """Start with nothing given."""
        super().__init__()
        # What Ring wants a code for, and where it sent that to; or what it gave.
        self._given: dict[str, Any] = {}
        self._sent_to = ""
        # Ring knows an authorised device by this; an account keeps it for ever.
        self._hardware_id = str(uuid4())
        # The same holds for where Ring tells of its events.
        self._webhook_id = webhook.async_generate_id()

    @property
    @override
    def logger(self) -> logging.Logger:
        """Where signing in by OAuth 2 tells how it goes."""
        return _LOGGER

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> ClipDownloadOptionsFlow:
        """Return the flow for the account's options."""
        return ClipDownloadOptionsFlow()

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: ConfigEntry
    ) -> dict[str, type[ConfigSubentryFlow]]:
        """Let streams be named where a cloud may refuse to list them."""
        if config_entry.data[CONF_KIND] == KINESIS:
            return {SUBENTRY_STREAM: StreamSubentryFlow}
        return {}

    @override
    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask which cloud the footage is in."""
        return self.async_show_menu(step_id="user", menu_options=list(KINDS))

    async def async_step_ring(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Sign in to Ring, or borrow what the Ring integration is signed in to."""
        if user_input is None and any(
            lender.state is ConfigEntryState.LOADED for lender in self._lenders()
        ):
            return await self.async_step_ring_account()
        return await self._async_ask(RING, RING, user_input)

    async def async_step_ring_account(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether to borrow an account of the Ring integration."""
        lenders = self._lenders()

        def show(
            errors: dict[str, str] | None = None, told: Mapping[str, str] | None = None
        ) -> ConfigFlowResult:
            known = [*(lender.entry_id for lender in lenders), SIGN_IN]
            choice = SelectSelector(
                SelectSelectorConfig(
                    options=[
                        *(
                            SelectOptionDict(value=lender.entry_id, label=lender.title)
                            for lender in lenders
                        ),
                        SelectOptionDict(value=SIGN_IN, label=SIGN_IN),
                    ],
                    mode=SelectSelectorMode.LIST,
                    translation_key="ring_account",
                )
            )
            return self.async_show_form(
                step_id="ring_account",
                data_schema=self.add_suggested_values_to_schema(
                    vol.Schema(
                        {vol.Required(CONF_RING_ENTRY, default=known[0]): choice}
                    ),
                    user_input,
                ),
                errors=errors,
                description_placeholders=told,
            )

        if user_input is None:
            return show()
        if user_input[CONF_RING_ENTRY] != SIGN_IN:
            return await self._async_try(RING, user_input, show)
        step_id = {SOURCE_REAUTH: "reauth_confirm", SOURCE_RECONFIGURE: "reconfigure"}
        return await self._async_ask(RING, step_id.get(self.source or "", RING), None)

    async def async_step_ring_partner(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask how to sign in to Ring's partner API."""
        return self.async_show_menu(step_id=RING_PARTNER, menu_options=PARTNER_WAYS)

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
        self._given = data
        return await self.async_step_linked()

    async def async_step_linked(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Look whose account was linked, again and again if that cannot be known."""

        def show(errors: dict[str, str], told: Mapping[str, str]) -> ConfigFlowResult:
            return self.async_show_form(
                step_id="linked",
                data_schema=vol.Schema({}),
                errors=errors,
                description_placeholders=told,
            )

        return await self._async_try(RING_PARTNER, self._given, show)

    async def async_step_playground_token(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Take a token from Ring's developer playground."""
        return await self._async_ask(RING_PARTNER, CONF_PLAYGROUND_TOKEN, user_input)

    async def async_step_meraki(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Sign in to Meraki."""
        return await self._async_ask(MERAKI, MERAKI, user_input)

    async def async_step_kinesis(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Sign in to Amazon Kinesis."""
        return await self._async_ask(KINESIS, KINESIS, user_input)

    async def async_step_2fa(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the code that Ring sent; an empty answer has a new one sent."""
        if user_input is None:
            return self._show_2fa()
        # Messages write it in groups: "123 456", "123-456".
        code = re.sub(r"[\s-]", "", user_input.get(CONF_2FA, "")) or None
        return await self._async_try(RING, self._given, self._show_2fa, code)

    async def async_step_reauth(
        self, entry_data: Mapping[str, Any]
    ) -> ConfigFlowResult:
        """Begin to sign in again after the cloud refused the credentials."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for what the cloud refused."""
        entry = self._get_reauth_entry()
        return await self._async_ask_again(entry, "reauth_confirm", user_input)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for everything again, for the same account."""
        entry = self._get_reconfigure_entry()
        return await self._async_ask_again(entry, "reconfigure", user_input)

    async def _async_ask_again(
        self, entry: ConfigEntry, step_id: str, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        """Ask for the credentials of an account that there is."""
        if entry.data[CONF_KIND] == RING_PARTNER:
            return self.async_show_menu(
                step_id=step_id,
                menu_options=PARTNER_WAYS,
                description_placeholders={"account": entry.title},
            )
        if user_input is None and (CONF_RING_ENTRY in entry.data or self._lenders()):
            return await self.async_step_ring_account()
        return await self._async_ask(entry.data[CONF_KIND], step_id, user_input)

    def _lenders(self) -> list[ConfigEntry]:
        """Return the accounts of the Ring integration that can be borrowed here."""
        entry = self._entry()
        if entry and entry.data[CONF_KIND] != RING:
            return []
        taken = {
            other.data.get(CONF_RING_ENTRY)
            for other in self._async_current_entries(include_ignore=False)
            if other is not entry
        }
        return [
            lender
            for lender in async_lenders(self.hass)
            if lender.entry_id not in taken
        ]

    async def _async_ask(
        self, kind: str, step_id: str, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        """Show a form of a kind of account, and try what is typed into it."""
        refused, links = KINDS[kind].refused, KINDS[kind].links
        entry = self._entry()
        data = entry.data if entry else {}
        # What an account that was borrowed lacks is asked for, too.
        fields = {
            name: selector
            for name, selector in KINDS[kind].fields.items()
            if self.source != SOURCE_REAUTH
            or name in refused
            or (isinstance(name, vol.Required) and name not in data)
        }
        account = entry.title if entry else ""
        # Of what is kept, a form shows no secrets.
        shown = user_input or {
            name: value for name, value in data.items() if name not in refused
        }

        def show(
            errors: dict[str, str] | None = None, told: Mapping[str, str] | None = None
        ) -> ConfigFlowResult:
            return self.async_show_form(
                step_id=step_id,
                data_schema=self.add_suggested_values_to_schema(
                    vol.Schema(fields), shown
                ),
                errors=errors,
                description_placeholders={"account": account, **links, **(told or {})},
            )

        if user_input is None:
            return show()
        given = _tidy(user_input, fields)
        if errors := {
            name: error
            for name, (is_good, error) in CHECKS.items()
            if name in given and not is_good(given[name])
        }:
            return show(errors)
        kept = {
            name: value
            for name, value in data.items()
            if name not in fields and name != CONF_RING_ENTRY
        }
        return await self._async_try(kind, {**kept, **given}, show)

    def _show_2fa(
        self,
        errors: dict[str, str] | None = None,
        told: Mapping[str, str] | None = None,
    ) -> ConfigFlowResult:
        """Show the form for the code that Ring sent."""
        return self.async_show_form(
            step_id=CONF_2FA,
            data_schema=vol.Schema({vol.Optional(CONF_2FA): _plain("one-time-code")}),
            errors=errors,
            description_placeholders={"sent_to": self._sent_to, **(told or {})},
        )

    async def _async_try(
        self,
        kind: str,
        given: dict[str, Any],
        show: Callable[[dict[str, str], Mapping[str, str]], ConfigFlowResult],
        code: str | None = None,
    ) -> ConfigFlowResult:
        """Sign in with what was given; show the form again if that does not work."""
        try:
            credentials: dict[str, Any] | None = given
            if kind == RING and CONF_RING_ENTRY not in given:
                credentials = await self._async_ring_credentials(given, code)
            elif kind == RING_PARTNER:
                credentials = self._partner_credentials(given)
            if credentials is None:
                return self._show_2fa()
            source = await async_create_source(
                self.hass,
                kind,
                credentials,
                keep_credentials=credentials.update,
                access_token=given_access_token(self.hass, credentials),
            )
            identity = await source.identify()
            await self._async_check_account(kind, identity)
            if kind == RING_PARTNER:
                await _async_finish_linking(source)
        except ClipError as err:
            return show({"base": err.key}, err.placeholders)
        except ConfigEntryError as err:
            return show(
                {"base": err.translation_key or "unknown"},
                err.translation_placeholders or {},
            )
        except AbortFlow:
            raise
        except Exception:
            _LOGGER.exception("Unexpected exception")
            return show({"base": "unknown"}, {})
        data = {**credentials, CONF_KIND: kind}
        if (entry := self._entry()) is None:
            return self.async_create_entry(title=identity.title, data=data)
        if webhook_id := entry.data.get(CONF_WEBHOOK_ID):
            # The cloud was told this address.
            data[CONF_WEBHOOK_ID] = webhook_id
        return self.async_update_reload_and_abort(entry, data=data)

    async def _async_ring_credentials(
        self, given: dict[str, Any], code: str | None
    ) -> dict[str, Any] | None:
        """Trade a password for a token; None if Ring wants a code for that."""
        ring = await async_source_module(self.hass, RING)
        hardware_id = given.get(CONF_HARDWARE_ID, self._hardware_id)
        try:
            token = await ring.sign_in(
                async_get_clientsession(self.hass),
                given[CONF_USERNAME],
                given[CONF_PASSWORD],
                hardware_id,
                code,
            )
        except ring.TwoFactorRequired as err:
            self._given = given
            self._sent_to = err.phone or given[CONF_USERNAME]
            return None
        return {
            CONF_USERNAME: given[CONF_USERNAME],
            CONF_HARDWARE_ID: hardware_id,
            CONF_TOKEN: token,
        }

    def _partner_credentials(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is kept of one way to sign in, and the account's webhook."""
        names = (
            (CONF_PLAYGROUND_TOKEN,)
            if CONF_PLAYGROUND_TOKEN in given
            else (CONF_AUTH_IMPLEMENTATION, CONF_TOKEN)
        )
        return {
            **{name: given[name] for name in names},
            CONF_WEBHOOK_ID: self._webhook_id,
        }

    async def _async_check_account(self, kind: str, identity: Identity) -> None:
        """Raise AbortFlow for an account that is there already, or another one."""
        await self.async_set_unique_id(f"{kind}_{identity.id}")
        if (entry := self._entry()) is None:
            self._abort_if_unique_id_configured()
            return
        self._abort_if_unique_id_mismatch(
            reason="wrong_account",
            description_placeholders={"account": entry.title, "other": identity.title},
        )

    def _entry(self) -> ConfigEntry | None:
        """Return the entry that is signed in to again or changed."""
        if self.source == SOURCE_REAUTH:
            return self._get_reauth_entry()
        if self.source == SOURCE_RECONFIGURE:
            return self._get_reconfigure_entry()
        return None


class ClipDownloadOptionsFlow(OptionsFlowWithReload):
    """Change where an account's clips go, which are saved, and how long they are kept."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the options."""
        errors: dict[str, str] = {}
        told: dict[str, str] = {}
        if user_input is not None:
            try:
                check_template(self.hass, self.config_entry, user_input[CONF_FILENAME])
            except InvalidRequestError as err:
                errors[CONF_FILENAME] = err.key
                told = dict(err.placeholders)
            else:
                return await self._async_keep(user_input)
        elif folder := self._gone_folder():
            errors[CONF_MEDIA_DIR] = "media_folder_unknown"
            told = {"folder": folder}

        kind = self.config_entry.data[CONF_KIND]
        schema = vol.Schema(
            {
                **self._basics(),
                **(AS_SHOWN if kind == RING else {}),
                **self._secret(kind),
                **_saving(await async_source_class(self.hass, kind)),
                vol.Required(KEEPING): section(vol.Schema(LIMITS), {"collapsed": True}),
                vol.Required(KEEPING_ALL): section(
                    vol.Schema(LIMITS), {"collapsed": True}
                ),
            }
        )
        if kind in WEBHOOK_SECRETS:
            told["webhook_url"] = self._webhook_url()
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(
                schema, user_input or await self._async_kept(schema)
            ),
            errors=errors,
            description_placeholders={"default": DEFAULT_FILENAME, **told},
        )

    def _gone_folder(self) -> str | None:
        """Return the media folder that was chosen, if there is none of that name."""
        folder: str | None = self.config_entry.options.get(CONF_MEDIA_DIR)
        return folder if folder not in self.hass.config.media_dirs else None

    def _basics(self) -> VolDictType:
        """Return the fields that each account has."""
        media_dirs = self.hass.config.media_dirs
        return {
            vol.Required(
                CONF_MEDIA_DIR, default=next(iter(media_dirs))
            ): SelectSelector(
                SelectSelectorConfig(
                    options=[
                        SelectOptionDict(value=name, label=f"{name} ({path})")
                        for name, path in media_dirs.items()
                    ],
                    mode=SelectSelectorMode.DROPDOWN,
                )
            ),
            vol.Required(CONF_FILENAME, default=DEFAULT_FILENAME): TemplateSelector(),
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
        }

    def _secret(self, kind: str) -> VolDictType:
        """Return the field for what the account's webhook knows its cloud by."""
        if name := WEBHOOK_SECRETS.get(kind):
            return {vol.Optional(name): _secret()}
        return {}

    async def _async_kept(self, schema: vol.Schema) -> dict[str, Any]:
        """Return what is kept, as the form shows it: none of it is a secret."""
        options = self.config_entry.options
        shown: dict[str, Any] = {
            name: options if isinstance(selector, section) else options[name]
            for name, selector in schema.schema.items()
            if isinstance(selector, section) or name in options
        }
        for name in WEBHOOK_SECRETS.values():
            shown.pop(name, None)
        if self._gone_folder():
            # It could not be submitted.
            shown.pop(CONF_MEDIA_DIR)
        return {
            **shown,
            KEEPING_ALL: shown_limits(await async_common_limits(self.hass)),
        }

    async def _async_keep(self, typed: dict[str, Any]) -> ConfigFlowResult:
        """Keep what was typed in, and of the options what no form shows."""
        await async_set_common_limits(self.hass, typed_limits(typed.pop(KEEPING_ALL)))
        options = {
            **self.config_entry.options,
            **typed.pop(SAVING, {}),
            **typed.pop(KEEPING),
        }
        for name in WEBHOOK_SECRETS.values():
            # One that was not typed in stays as it is.
            if secret := typed.pop(name, "").strip():
                options[name] = secret
        return self.async_create_entry(data={**options, **typed})

    def _webhook_url(self) -> str:
        """Return where the cloud is to send its events to, as far as that is known."""
        entry = self.config_entry
        if not (webhook_id := entry.data.get(CONF_WEBHOOK_ID)):
            webhook_id = webhook.async_generate_id()
            self.hass.config_entries.async_update_entry(
                entry, data={**entry.data, CONF_WEBHOOK_ID: webhook_id}
            )
        try:
            return webhook.async_generate_url(self.hass, webhook_id)
        except NoURLAvailableError:
            return webhook.async_generate_path(webhook_id)


def _saving(source_class: type[Source]) -> VolDictType:
    """Return the section for what is saved automatically, where the cloud has events."""
    if not source_class.event_kinds and not source_class.tells_events:
        return {}
    fields: VolDictType = {}
    if source_class.event_kinds:
        # Our own downloads and live views make those on demand.
        kinds = [kind for kind in source_class.event_kinds if kind != ON_DEMAND]
        fields[vol.Required(CONF_KINDS, default=list(DEFAULT_KINDS))] = SelectSelector(
            SelectSelectorConfig(
                options=[*kinds, *SEEN],
                multiple=True,
                mode=SelectSelectorMode.LIST,
                translation_key="kinds",
            )
        )
    if not source_class.keeps_recordings:
        fields |= {
            vol.Required(CONF_BEFORE, default=DEFAULT_BEFORE_S): _seconds(
                LONGEST_MARGIN_S
            ),
            vol.Required(CONF_AFTER, default=DEFAULT_AFTER_S): _seconds(
                LONGEST_MARGIN_S
            ),
        }
    fields |= {
        vol.Required(CONF_PAUSE, default=0): _seconds(LONGEST_PAUSE_S),
        vol.Required(CONF_MERGE, default=0): _seconds(LONGEST_MERGE_S),
        vol.Required(CONF_NEW_CAMERAS, default=False): BooleanSelector(),
    }
    return {vol.Required(SAVING): section(vol.Schema(fields), {"collapsed": True})}


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
        told: Mapping[str, str] = {}
        if user_input is not None:
            stream = user_input[CONF_STREAM].strip()
            name = _stream_name(stream)
            if any(
                other.unique_id == name
                for other in entry.subentries.values()
                if other is not subentry
            ):
                return self.async_abort(reason="already_configured")
            errors, told = await self._async_try(entry, stream, name)
            if not errors:
                data = {CONF_STREAM: stream}
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
                vol.Schema({vol.Required(CONF_STREAM): _plain()}),
                user_input or (subentry.data if subentry else None),
            ),
            errors=errors,
            description_placeholders=told,
        )

    async def _async_try(
        self, entry: ClipConfigEntry, stream: str, name: str
    ) -> tuple[dict[str, str], Mapping[str, str]]:
        """Return what is wrong with a stream, and what fills the words."""
        if not name:
            return {CONF_STREAM: "invalid_stream"}, {}
        coordinator = entry.runtime_data.coordinator
        listed = coordinator.camera(name)
        if listed and coordinator.subentry_id(listed) is None:
            return {CONF_STREAM: "already_listed"}, {}
        try:
            source = await async_create_source(
                self.hass, entry.data[CONF_KIND], entry.data, named_cameras=[stream]
            )
            cameras = await source.cameras()
        except ClipError as err:
            return {"base": err.key}, err.placeholders
        except Exception:
            _LOGGER.exception("Unexpected exception")
            return {"base": "unknown"}, {}
        if name not in {camera.id for camera in cameras}:
            return {CONF_STREAM: "stream_not_found"}, {}
        return {}, {}


async def _async_finish_linking(source: Source) -> None:
    """Tell Ring that the account is linked. Raises SignInError, CloudError."""
    partner = cast("RingPartnerSource", source)
    if not await partner.finish_linking(LINKED_TO):
        _LOGGER.debug("There was nothing to finish of the link to Ring")


def _stream_name(stream: str) -> str:
    """Return the name in a stream's name or ARN, an empty one if it is neither."""
    match = _STREAM.fullmatch(stream)
    return match["name"] or match["name_in_arn"] if match else ""


def _tidy(user_input: dict[str, Any], fields: VolDictType) -> dict[str, Any]:
    """Drop the blanks around what was pasted, and what was left out."""
    tidy = {
        # A password may begin or end with a blank.
        name: value if name == CONF_PASSWORD else value.strip()
        for name, value in user_input.items()
    }
    optional = {str(name) for name in fields if isinstance(name, vol.Optional)}
    return {
        name: value for name, value in tidy.items() if value or name not in optional
    }
