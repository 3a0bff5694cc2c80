"""Application credentials: the OAuth apps that users register themselves."""

from homeassistant.components.application_credentials import ClientCredential
from homeassistant.core import HomeAssistant
from homeassistant.helpers.config_entry_oauth2_flow import (
    MY_AUTH_CALLBACK_PATH,
    AbstractOAuth2Implementation,
)

from .accounts import KINDS

# Home Assistant does not pass the cloud: only one kind of account may have apps.
((KIND, OAUTH),) = ((kind, kind.oauth) for kind in KINDS.values() if kind.oauth)


async def async_get_auth_implementation(
    hass: HomeAssistant, auth_domain: str, credential: ClientCredential
) -> AbstractOAuth2Implementation:
    """Return the implementation that signs in with an app's credentials."""
    return OAUTH.implementation(hass, auth_domain, credential)


async def async_get_description_placeholders(hass: HomeAssistant) -> dict[str, str]:
    """Return the placeholders of the form for the credentials."""
    return {**KIND.links, "redirect_url": MY_AUTH_CALLBACK_PATH}
