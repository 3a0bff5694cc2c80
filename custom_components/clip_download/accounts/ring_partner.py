"""Ring's partner API, with a private app of one's own: OAuth 2 with PKCE."""

from datetime import timedelta
from http import HTTPStatus
import logging
from typing import TYPE_CHECKING, Any, cast, override

from aiohttp import hdrs
from multidict import CIMultiDict

from homeassistant.components import webhook
from homeassistant.components.application_credentials import ClientCredential
from homeassistant.const import CONF_ACCESS_TOKEN, CONF_WEBHOOK_ID
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import (
    OAuth2TokenRequestConnectionError,
    OAuth2TokenRequestError,
)
from homeassistant.helpers.config_entry_oauth2_flow import (
    LocalOAuth2ImplementationWithPkce,
)

from ..engine.sources.base import Source
from ..engine.sources.ring_partner.webhook import RingNotice
from .kind import AccountKind, Field, OAuth, SourceClass, Webhook, password

if TYPE_CHECKING:
    from ..engine.sources.ring_partner.client import RingPartnerSource

_LOGGER = logging.getLogger(__name__)

# https://developer.amazon.com/docs/ring/account-linking.html, partner-initiated linking.
AUTHORIZE_URL = "https://account.ring.com/account/integrations/partner-link/authorize"
TOKEN_URL = "https://oauth.ring.com/oauth/token"
SCOPE = "ava.v1:read"
# What OAuth refuses a token with; anything else comes from somebody on the way.
_REFUSALS = {HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED}
# What Ring's app calls whatever its footage goes to.
LINKED_TO = "Home Assistant"
CONF_HMAC_KEY = "hmac_key"
CONF_PLAYGROUND_TOKEN = "playground_token"


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


async def _async_finish_sign_in(source: Source) -> None:
    """Tell Ring that the account is linked. Raises SignInError, CloudError."""
    partner = cast("RingPartnerSource", source)
    if not await partner.finish_linking(LINKED_TO):
        _LOGGER.debug("There was nothing to finish of the link to Ring")


RING_PARTNER = AccountKind(
    name="ring_partner",
    title="Ring",
    source=SourceClass("ring_partner.client", "RingPartnerSource"),
    fields=(Field(CONF_PLAYGROUND_TOKEN, password(), is_asked_again=True),),
    links={"console_url": "https://developer.amazon.com/ring/console/apps"},
    # An app is given this address once.
    lasting_ids={CONF_WEBHOOK_ID: webhook.async_generate_id},
    oauth=OAuth(
        implementation=RingApp,
        token_field=CONF_PLAYGROUND_TOKEN,
        # The token is renewed every 4 hours.
        link_life=timedelta(days=30),
    ),
    finish_sign_in=_async_finish_sign_in,
    webhook=Webhook(secret=CONF_HMAC_KEY, notice=RingNotice),
)
