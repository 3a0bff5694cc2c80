"""The access tokens of accounts that use OAuth 2, or the sign-in of a lender."""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aiohttp import ClientResponseError

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_ACCESS_TOKEN, CONF_TOKEN
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import (
    ImplementationUnavailableError,
    OAuth2TokenRequestBaseError,
    OAuth2TokenRequestConnectionError,
    OAuth2TokenRequestError,
    OAuth2TokenRequestReauthError,
    UnknownImplementationError,
)
from homeassistant.helpers.config_entry_oauth2_flow import (
    OAuth2Session,
    async_get_config_entry_implementation,
)

from ..const import CONF_AUTH_IMPLEMENTATION
from ..engine.errors import BadAnswerError, CloudError, SignInError
from ..engine.sources.http import unreachable
from . import token_store
from .kind import AccessToken, AccountKind

# The default of Home Assistant's session is five minutes.
TOKEN_TIMEOUT_S = 30


def access_token_of(
    hass: HomeAssistant, kind: AccountKind, entry: ConfigEntry
) -> AccessToken | None:
    """Return a function that returns an account's token, refreshed if needed.

    None for an account whose source needs none.
    """
    if CONF_AUTH_IMPLEMENTATION not in entry.data:
        return given_access_token(hass, kind, entry.data)
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
            async with asyncio.timeout(TOKEN_TIMEOUT_S):
                await session.async_ensure_token_valid()
            if entry.data[CONF_TOKEN] != before:
                await token_store.async_save(hass, entry)
        except (
            ImplementationUnavailableError,
            UnknownImplementationError,
            OAuth2TokenRequestBaseError,
            TimeoutError,
        ) as err:
            raise _error(err) from err
        token: str = entry.data[CONF_TOKEN][CONF_ACCESS_TOKEN]
        return token

    return access_token


def given_access_token(
    hass: HomeAssistant, kind: AccountKind, data: Mapping[str, Any]
) -> AccessToken | None:
    """Return a function that returns the token in the data of a form, never a new one."""
    if kind.shared_sign_in and (lender_id := kind.lender_id(data)):
        return kind.shared_sign_in.access_token_of(hass, lender_id)
    if kind.oauth is None:
        return None
    token: str = (
        data[CONF_TOKEN][CONF_ACCESS_TOKEN]
        if CONF_AUTH_IMPLEMENTATION in data
        else data[kind.oauth.token_field]
    )

    async def access_token(is_refused: bool) -> str:
        return token

    return access_token


@callback
def _async_make_due(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Let the token expire, so that it is refreshed before its next use."""
    token = {**entry.data[CONF_TOKEN], "expires_at": 0}
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, CONF_TOKEN: token}
    )


def _error(err: Exception) -> SignInError | CloudError:
    """Return the error for a token that could not be refreshed."""
    match err:
        case OAuth2TokenRequestReauthError() | UnknownImplementationError():
            return SignInError("invalid_auth")
        case OAuth2TokenRequestError(status=HTTPStatus.TOO_MANY_REQUESTS):
            return CloudError("cloud_throttled")
        case OAuth2TokenRequestError():
            return BadAnswerError("cloud_trouble", status=str(err.status))
        case OAuth2TokenRequestConnectionError(__cause__=cause) if isinstance(
            cause, ClientResponseError | ValueError | None
        ):
            return BadAnswerError("cloud_nonsense")
        case OAuth2TokenRequestConnectionError(__cause__=Exception() as cause):
            return unreachable(cause)
    return unreachable(err)
