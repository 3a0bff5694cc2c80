"""From the kind of an account to the code that speaks to its cloud."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from types import ModuleType
from typing import Any

from aiohttp import ClientResponseError

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_ACCESS_TOKEN, CONF_TOKEN
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import (
    ConfigEntryError,
    ImplementationUnavailableError,
    OAuth2TokenRequestBaseError,
    OAuth2TokenRequestConnectionError,
    OAuth2TokenRequestError,
    OAuth2TokenRequestReauthError,
    UnknownImplementationError,
)
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.config_entry_oauth2_flow import (
    OAuth2Session,
    async_get_config_entry_implementation,
)
from homeassistant.helpers.importlib import async_import_module
from homeassistant.requirements import RequirementsNotFound, async_process_requirements

from ..const import (
    CONF_AUTH_IMPLEMENTATION,
    CONF_PLAYGROUND_TOKEN,
    CONF_RING_ENTRY,
    DOMAIN,
)
from ..engine import sources
from ..engine.errors import CloudError, RefusedError, SignInError
from ..engine.sources.base import Source
from ..engine.sources.http import unreachable
from . import ring_shared, token_store

# Home Assistant's session would wait for five minutes.
TOKEN_PATIENCE_S = 30

# What only some need is installed when they need it: nobody else depends on it. Home
# Assistant's constraints choose the release; it has botocore mostly, aiortc never.
KIND_REQUIREMENTS = {"kinesis": ["botocore>=1.42,<2"]}
LIVE_REQUIREMENTS = ["aiortc>=1.16,<2"]

type AccessToken = Callable[[bool], Awaitable[str]]


async def async_source_module(hass: HomeAssistant, kind: str) -> ModuleType:
    """Import the module of a kind of account, off the event loop.

    What it needs is installed first. Raises ConfigEntryError if that cannot be.
    """
    try:
        await _async_bring(hass, KIND_REQUIREMENTS.get(kind, []))
    except RequirementsNotFound as err:
        raise ConfigEntryError(
            translation_domain=DOMAIN,
            translation_key="package_missing",
            translation_placeholders={"package": ", ".join(err.requirements)},
        ) from err
    return await async_import_module(
        hass, f"{sources.__name__}.{sources.SOURCES[kind].module}"
    )


async def async_source_class(hass: HomeAssistant, kind: str) -> type[Source]:
    """Return the class of a kind of account, which says what its cloud can do."""
    module = await async_source_module(hass, kind)
    source_class: type[Source] = getattr(module, sources.SOURCES[kind].name)
    return source_class


async def async_create_source(
    hass: HomeAssistant,
    kind: str,
    data: Mapping[str, Any],
    *,
    keep_credentials: Callable[[dict[str, Any]], None] | None = None,
    flush_credentials: Callable[[], Awaitable[None]] | None = None,
    named_cameras: Sequence[str] = (),
    access_token: AccessToken | None = None,
    options: Mapping[str, Any] | None = None,
) -> Source:
    """Make the source of an account; nothing is asked of the cloud yet.

    `data` is what a config entry holds. The last five arguments are those of `Source`.
    Raises ConfigEntryError if what the kind needs cannot be installed.
    """
    credentials = data
    if CONF_RING_ENTRY in data:
        credentials = ring_shared.credentials_of(hass, data[CONF_RING_ENTRY])
    source_class = await async_source_class(hass, kind)
    return source_class(
        async_get_clientsession(hass),
        credentials,
        keep_credentials=keep_credentials,
        flush_credentials=flush_credentials,
        named_cameras=named_cameras,
        access_token=access_token,
        options=options,
        bring_live=partial(_async_bring_live, hass),
    )


async def _async_bring_live(hass: HomeAssistant) -> None:
    """Install what live views need. Raises RefusedError."""
    try:
        await _async_bring(hass, LIVE_REQUIREMENTS)
    except RequirementsNotFound as err:
        package = ", ".join(err.requirements)
        raise RefusedError("live_needs_package", package=package) from err


async def _async_bring(hass: HomeAssistant, requirements: list[str]) -> None:
    # As Home Assistant itself does with those of manifests.
    if requirements and not hass.config.skip_pip:
        await async_process_requirements(hass, DOMAIN, requirements, is_built_in=False)


def access_token_of(hass: HomeAssistant, entry: ConfigEntry) -> AccessToken | None:
    """Return what gives an account's token, a new one where it can have one.

    None for an account whose source has no need of that.
    """
    if CONF_AUTH_IMPLEMENTATION not in entry.data:
        return given_access_token(hass, entry.data)
    session: OAuth2Session | None = None

    async def access_token(is_refused: bool) -> str:
        nonlocal session
        try:
            if session is None:
                session = OAuth2Session(
                    hass,
                    entry,
                    await async_get_config_entry_implementation(hass, entry),
                )
            if is_refused:
                _async_make_due(hass, entry)
            before = entry.data[CONF_TOKEN]
            async with asyncio.timeout(TOKEN_PATIENCE_S):
                await session.async_ensure_token_valid()
            if entry.data[CONF_TOKEN] != before:
                await token_store.async_save(hass, entry)
        except (
            ImplementationUnavailableError,
            UnknownImplementationError,
            OAuth2TokenRequestBaseError,
            TimeoutError,
        ) as err:
            raise _told(err) from err
        token: str = entry.data[CONF_TOKEN][CONF_ACCESS_TOKEN]
        return token

    return access_token


def given_access_token(
    hass: HomeAssistant, data: Mapping[str, Any]
) -> AccessToken | None:
    """Return what gives the token that a person has just got, and no other."""
    if CONF_RING_ENTRY in data:
        return ring_shared.access_token_of(hass, data[CONF_RING_ENTRY])
    token: str
    if CONF_PLAYGROUND_TOKEN in data:
        token = data[CONF_PLAYGROUND_TOKEN]
    elif CONF_AUTH_IMPLEMENTATION in data:
        token = data[CONF_TOKEN][CONF_ACCESS_TOKEN]
    else:
        return None

    async def access_token(is_refused: bool) -> str:
        return token

    return access_token


@callback
def _async_make_due(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Have the token refreshed before it is used again."""
    token = {**entry.data[CONF_TOKEN], "expires_at": 0}
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, CONF_TOKEN: token}
    )


def _told(err: Exception) -> SignInError | CloudError:
    """Return what to tell of a token that was not to be had."""
    match err:
        case OAuth2TokenRequestReauthError() | UnknownImplementationError():
            return SignInError("invalid_auth")
        case OAuth2TokenRequestError(status=HTTPStatus.TOO_MANY_REQUESTS):
            return CloudError("cloud_throttled")
        case OAuth2TokenRequestError():
            return CloudError("cloud_trouble", status=str(err.status))
        case OAuth2TokenRequestConnectionError(__cause__=cause) if isinstance(
            cause, ClientResponseError | ValueError | None
        ):
            return CloudError("cloud_nonsense")
        case OAuth2TokenRequestConnectionError(__cause__=Exception() as cause):
            return unreachable(cause)
    return unreachable(err)
