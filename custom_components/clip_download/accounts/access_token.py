"""The access tokens of accounts that use OAuth 2, or the sign-in of a lender."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
import logging
from typing import Any

from aiohttp import ClientResponseError

from homeassistant.components.application_credentials import (
    DATA_COMPONENT,
    async_import_client_credential,
)
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
    AbstractOAuth2Implementation,
    OAuth2Session,
    async_get_config_entry_implementation,
)

from ..const import CONF_AUTH_IMPLEMENTATION, DOMAIN
from ..engine.errors import BadAnswerError, CloudError, SignInError
from ..engine.sources.http import unreachable
from . import token_store
from .kind import AccessToken, AccountKind, OAuth

_LOGGER = logging.getLogger(__name__)

# The default of Home Assistant's session is five minutes.
TOKEN_TIMEOUT_S = 30


def access_token_of(
    hass: HomeAssistant, kind: AccountKind, entry: ConfigEntry
) -> AccessToken | None:
    """Return a function that returns an account's token, refreshed if needed.

    None for an account whose source needs none.
    """
    if kind.oauth is None or CONF_AUTH_IMPLEMENTATION not in entry.data:
        return given_access_token(hass, kind, entry.data)
    oauth = kind.oauth
    session: OAuth2Session | None = None

    async def access_token(is_refused: bool) -> str:
        nonlocal session
        try:
            if session is None:
                app = await _async_app(hass, oauth, entry)
                session = OAuth2Session(hass, entry, app)
            if is_refused:
                _async_make_due(hass, entry)
            if not session.valid_token:
                # Whoever asks may go away: the old token is worth nothing any more.
                renewing = hass.async_create_task(
                    _async_renew(hass, entry, session), f"renew token of {entry.title}"
                )
                renewing.add_done_callback(
                    lambda one: one.cancelled() or one.exception()
                )
                await asyncio.shield(renewing)
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


async def _async_app(
    hass: HomeAssistant, oauth: OAuth, entry: ConfigEntry
) -> AbstractOAuth2Implementation:
    """Return the app that an account signs in with. Raises UnknownImplementationError.

    It is not gone if a kill kept Home Assistant from storing it, or if Home Assistant could
    not import what makes it of its credentials.
    """
    name = entry.data[CONF_AUTH_IMPLEMENTATION]
    apps = hass.data[DATA_COMPONENT]
    app: AbstractOAuth2Implementation
    try:
        app = await async_get_config_entry_implementation(hass, entry)
    except UnknownImplementationError:
        credential = apps.async_client_credentials(DOMAIN).get(name)
        if credential is None:
            credential = await token_store.async_app(hass, entry)
            if credential is None:
                raise
            _LOGGER.warning("The app of %s was not stored: it is again", entry.title)
            with suppress(ValueError):
                await async_import_client_credential(hass, DOMAIN, credential, name)
        return oauth.implementation(hass, name, credential)
    if credential := apps.async_client_credentials(DOMAIN).get(name):
        await token_store.async_save_app(hass, entry, credential)
    return app


async def _async_renew(
    hass: HomeAssistant, entry: ConfigEntry, session: OAuth2Session
) -> None:
    """Renew the token of an account if it is due, and store it."""
    before = entry.data[CONF_TOKEN]
    async with asyncio.timeout(TOKEN_TIMEOUT_S):
        await session.async_ensure_token_valid()
    if entry.data[CONF_TOKEN] != before:
        await token_store.async_save(hass, entry)


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
