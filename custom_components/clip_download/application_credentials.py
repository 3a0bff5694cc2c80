"""Signing in to Ring with a private app of one's own: OAuth 2 with PKCE."""

from http import HTTPStatus
from typing import Any, override

from aiohttp import hdrs
from multidict import CIMultiDict

from homeassistant.components.application_credentials import ClientCredential
from homeassistant.const import CONF_ACCESS_TOKEN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import (
    OAuth2TokenRequestConnectionError,
    OAuth2TokenRequestError,
)
from homeassistant.helpers.config_entry_oauth2_flow import (
    MY_AUTH_CALLBACK_PATH,
    AbstractOAuth2Implementation,
    LocalOAuth2ImplementationWithPkce,
)

# https://developer.amazon.com/docs/ring/account-linking.html, partner-initiated linking.
AUTHORIZE_URL = "https://account.ring.com/account/integrations/partner-link/authorize"
TOKEN_URL = "https://oauth.ring.com/oauth/token"
SCOPE = "ava.v1:read"
# What OAuth refuses a token with; anything else comes from somebody on the way.
_REFUSALS = {HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED}
CONSOLE_URL = "https://developer.amazon.com/ring/console/apps"


async def async_get_auth_implementation(
    hass: HomeAssistant, auth_domain: str, credential: ClientCredential
) -> AbstractOAuth2Implementation:
    """Return the way to sign in with an app's credentials."""
    return RingApp(hass, auth_domain, credential)


async def async_get_description_placeholders(hass: HomeAssistant) -> dict[str, str]:
    """Return what fills the words of the form for the credentials."""
    return {"console_url": CONSOLE_URL, "redirect_url": MY_AUTH_CALLBACK_PATH}


class RingApp(LocalOAuth2ImplementationWithPkce):
    """A private app in Ring's developer console."""

    def __init__(
        self, hass: HomeAssistant, auth_domain: str, credential: ClientCredential
    ) -> None:
        """Take the app's credentials."""
        super().__init__(
            hass,
            auth_domain,
            credential.client_id,
            AUTHORIZE_URL,
            TOKEN_URL,
            credential.client_secret,
        )
        self._name = credential.name or credential.client_id

    @property
    @override
    def name(self) -> str:
        """What a person called it."""
        return self._name

    @property
    @override
    def extra_authorize_data(self) -> dict[str, Any]:
        """What is asked for besides: to read, which is all that there is."""
        return {"scope": SCOPE, **super().extra_authorize_data}

    @override
    async def _token_request(self, data: dict[str, Any]) -> dict[str, Any]:
        """Ask for a token. Neither a page nor a nonsense answer refuses a sign-in."""
        try:
            answer = await super()._token_request(data)
        except OAuth2TokenRequestError as err:
            headers = err.headers or CIMultiDict[str]()
            content_type = headers.get(hdrs.CONTENT_TYPE, "")
            if err.status >= 500 or err.status == HTTPStatus.TOO_MANY_REQUESTS:
                raise
            if err.status in _REFUSALS and content_type.startswith("application/json"):
                raise
            raise OAuth2TokenRequestConnectionError(domain=self.domain) from err
        except ValueError as err:
            raise OAuth2TokenRequestConnectionError(domain=self.domain) from err
        if not isinstance(answer, dict) or not answer.get(CONF_ACCESS_TOKEN):
            raise OAuth2TokenRequestConnectionError(domain=self.domain)
        return answer
