"""The kinds of accounts: one record each, in the order in which they are offered."""

from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from ..const import CONF_KIND, DOMAIN
from .kind import AccountKind
from .kinesis import KINESIS
from .meraki import MERAKI
from .recordings import RECORDINGS
from .ring import RING
from .ring_partner import RING_PARTNER

KINDS: dict[str, AccountKind] = {
    RING.name: RING,
    RING_PARTNER.name: RING_PARTNER,
    MERAKI.name: MERAKI,
    KINESIS.name: KINESIS,
    RECORDINGS.name: RECORDINGS,
}


def all_accounts(hass: HomeAssistant) -> list[ConfigEntry[Any]]:
    """Return the entries of all accounts; other entries are places for copies."""
    return [
        entry
        for entry in hass.config_entries.async_entries(DOMAIN)
        if entry.data.get(CONF_KIND) in KINDS
    ]


def loaded_accounts(hass: HomeAssistant) -> list[ConfigEntry[Any]]:
    """Return the entries of the accounts that are loaded."""
    return [
        entry
        for entry in hass.config_entries.async_loaded_entries(DOMAIN)
        if entry.data.get(CONF_KIND) in KINDS
    ]


def kind_of(entry: ConfigEntry) -> AccountKind:
    """Return the kind of an account."""
    return KINDS[entry.data[CONF_KIND]]
