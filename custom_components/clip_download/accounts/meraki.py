"""Cisco Meraki, with a key of its dashboard's API."""

from homeassistant.const import CONF_API_KEY

from ..engine.sources.meraki.webhook import MerakiNotice
from .kind import (
    AccountKind,
    Field,
    SourceClass,
    Visibility,
    Webhook,
    choice,
    is_bare_https_url,
    password,
)

# https://developer.cisco.com/meraki/api-v1/getting-started/ lists the regions.
HOSTS = (
    "api.meraki.com",
    "api.meraki.ca",
    "api.meraki.cn",
    "api.meraki.in",
    "api.gov-meraki.com",
)
API_PATH = "/api/v1"
CONF_WEBHOOK_SECRET = "webhook_secret"


def _is_api(address: str) -> bool:
    """Return whether an address is one of a dashboard API."""
    return is_bare_https_url(address) and address.rstrip("/").endswith(API_PATH)


MERAKI = AccountKind(
    name="meraki",
    title="Cisco Meraki",
    source=SourceClass("meraki.client", "MerakiSource"),
    fields=(
        Field(CONF_API_KEY, password(), is_asked_again=True),
        Field(
            "base_url",
            choice({f"https://{host}{API_PATH}": host for host in HOSTS}),
            default=f"https://{HOSTS[0]}{API_PATH}",
            visibility=Visibility.PUBLIC,
            is_valid=_is_api,
            error="invalid_base_url",
        ),
    ),
    links={
        "keys_url": "https://documentation.meraki.com/General_Administration/Other_Topics/Cisco_Meraki_Dashboard_API"
    },
    webhook=Webhook(secret=CONF_WEBHOOK_SECRET, notice=MerakiNotice),
)
