"""The record of a kind of account: all that Home Assistant's side needs to know of it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from datetime import timedelta
from enum import Enum, auto
from typing import Any

import voluptuous as vol
from yarl import URL

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.config_entry_oauth2_flow import LocalOAuth2Implementation
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)

from ..engine.model import ProblemKind
from ..engine.sources.base import Source
from ..engine.sources.webhook import Notice

# Returns a valid access token; called with True if the last one was refused.
type AccessToken = Callable[[bool], Awaitable[str]]


class Visibility(Enum):
    """Who may read the value of a field or an option."""

    # No form shows it again, and diagnostics redact it.
    SECRET = auto()
    # Forms show it to whoever may change it; diagnostics redact it.
    PRIVATE = auto()
    PUBLIC = auto()


@dataclass(frozen=True)
class Field:
    """A field of a form, in an account's data or options.

    It is a secret unless its visibility says otherwise. `is_asked_again` says whether it is
    asked for when the cloud refuses the credentials. What `is_valid` refuses is an
    `error` of the form, before the cloud is asked. `keeps_blanks` is for passwords, which
    may begin or end with one. `wrong_if` is the problem that a wrong value of the field
    causes; it is an error of the form, too. What `identifies` an account cannot be changed.
    """

    name: str
    selector: Any
    _: KW_ONLY
    default: Any = vol.UNDEFINED
    is_required: bool = True
    is_asked_again: bool = False
    visibility: Visibility = Visibility.SECRET
    is_valid: Callable[[Any], object] | None = None
    error: str = ""
    keeps_blanks: bool = False
    wrong_if: ProblemKind | None = None
    identifies: bool = False

    @property
    def marker(self) -> vol.Marker:
        """The field's key in a schema."""
        marker = vol.Required if self.is_required else vol.Optional
        return marker(self.name, default=self.default)

    def tidy(self, value: Any) -> Any:
        """Return what was typed or pasted, without the blanks around it."""
        if isinstance(value, str) and not self.keeps_blanks:
            return value.strip()
        return value


@dataclass(frozen=True)
class SourceClass:
    """Where a source's class is: a module of `engine/sources`, and its name there.

    It is imported when an account of its kind is set up, so that unused ones cost nothing.
    """

    module: str
    name: str


class CodeRequired(Exception):
    """The cloud has sent a verification code, and signs in only with it."""

    def __init__(self, sent_to: str) -> None:
        """Take where the code was sent to, as text for a person."""
        super().__init__(sent_to)
        self.sent_to = sent_to


@dataclass(frozen=True, kw_only=True)
class OAuth:
    """Signing in with OAuth 2, through an app of a person's own.

    `token_field` is the form field that takes an access token instead, empty without one.
    `link_life` is how long after its token was last renewed the cloud ends the link.
    """

    implementation: Callable[..., LocalOAuth2Implementation]
    token_field: str = ""
    link_life: timedelta | None = None


@dataclass(frozen=True, kw_only=True)
class SharedSignIn:
    """Using the sign-in of another integration, whose config entry is the lender.

    `step_id` is the step that offers it, `field` what holds the lender's entry id.
    """

    step_id: str
    field: str
    async_lenders: Callable[[HomeAssistant], list[ConfigEntry]]
    credentials_of: Callable[[HomeAssistant, str], dict[str, str]]
    access_token_of: Callable[[HomeAssistant, str], AccessToken]
    listen: Callable[[HomeAssistant, str, Callable[[], None]], Awaitable[None]]
    async_follow_lenders: Callable[[HomeAssistant], None]


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """The notices of a cloud; `secret` is the option with the secret that signs them."""

    secret: str
    notice: type[Notice]


@dataclass(frozen=True, kw_only=True)
class AccountKind:
    """One kind of account: its source, its forms, its sign-in and what it can do.

    `name` is used in entries and ids, `title` in texts.
    `fields` are those of the form, `options` those that other kinds do not have, and
    `links` fill the texts of both. `lasting_ids` make ids that a new account gets and
    never changes, by their names in its data. `sign_in` returns the credentials to store,
    given the form's data and the verification code, if there is one; it raises
    CodeRequired and ClipError. Without it, the form's data is stored. `finish_sign_in` is
    called once it is certain that the account may be stored. `credentials_of` returns the
    credentials for the source where they are more than what is stored; it raises
    ClipError where Home Assistant's configuration does not let the account be used.
    `stream_name` returns the name of a stream in what a person typed, "" if there is
    none; it is set where the cloud may refuse to list the streams. `verify_ssl_field` is
    the field that turns off the check of the server's certificate, for servers of one's
    own that have a self-signed one.
    """

    name: str
    title: str
    source: SourceClass
    fields: tuple[Field, ...]
    requirements: tuple[str, ...] = ()
    links: Mapping[str, str] = field(default_factory=dict)
    lasting_ids: Mapping[str, Callable[[], str]] = field(default_factory=dict)
    sign_in: (
        Callable[
            [HomeAssistant, Mapping[str, Any], str | None], Awaitable[dict[str, Any]]
        ]
        | None
    ) = None
    finish_sign_in: Callable[[Source], Awaitable[None]] | None = None
    credentials_of: (
        Callable[[HomeAssistant, Mapping[str, Any]], Awaitable[dict[str, Any]]] | None
    ) = None
    oauth: OAuth | None = None
    shared_sign_in: SharedSignIn | None = None
    # A list of cameras changes a few times a year, and clouds count each request against
    # limits that are shared with others.
    list_every: timedelta = timedelta(minutes=15)
    webhook: Webhook | None = None
    options: tuple[Field, ...] = ()
    stream_name: Callable[[str], str] | None = None
    verify_ssl_field: str = ""

    def lender_id(self, data: Mapping[str, Any]) -> str | None:
        """Return the entry whose sign-in an account uses, None if it has its own."""
        return data.get(self.shared_sign_in.field) if self.shared_sign_in else None

    def verifies_ssl(self, data: Mapping[str, Any]) -> bool:
        """Return whether the certificate of an account's server is verified."""
        return bool(data.get(self.verify_ssl_field, True))


def text(autocomplete: str = "off") -> TextSelector:
    """Return the selector for a plain text."""
    return TextSelector(TextSelectorConfig(autocomplete=autocomplete))


def password(autocomplete: str = "off") -> TextSelector:
    """Return the selector for a password."""
    return TextSelector(
        TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete=autocomplete)
    )


def choice(labels: Mapping[str, str]) -> SelectSelector:
    """Return the selector for one of some values, or a custom one."""
    return SelectSelector(
        SelectSelectorConfig(
            options=[
                SelectOptionDict(value=value, label=label)
                for value, label in labels.items()
            ],
            custom_value=True,
            mode=SelectSelectorMode.DROPDOWN,
        )
    )


def is_bare_https_url(address: str) -> bool:
    """Return whether an address is https, with nothing but a host, a port and a path."""
    try:
        url = URL(address)
        # yarl checks the port only when it is read.
        _ = url.port
    except ValueError:
        return False
    # A user name or password in it would be shown in forms. Private networks are fine:
    # VPC endpoints are there, and only an administrator fills in the form.
    is_bare = url.user is None and url.password is None and not set(address) & set("?#")
    return url.scheme == "https" and bool(url.host) and is_bare
