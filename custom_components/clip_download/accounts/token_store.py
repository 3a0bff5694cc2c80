"""Stores rotated tokens before they are used.

Home Assistant writes its config entries a second late. A kill in that second would leave
an account with a token that its cloud refuses.
"""

from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_TOKEN
from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store

from ..const import DOMAIN

VERSION = 1


async def async_save(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Store the current token of an entry."""
    await _store(hass, entry).async_save({CONF_TOKEN: entry.data[CONF_TOKEN]})


async def async_restore(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Put the stored token into an entry, unless the entry's is newer.

    Of two tokens of one second the stored one is the newer: it is stored first.
    """
    if CONF_TOKEN not in entry.data:
        return
    stored = await _store(hass, entry).async_load() or {}
    token = stored.get(CONF_TOKEN) or {}
    if token.get("expires_at", -1) >= entry.data[CONF_TOKEN].get("expires_at", 0):
        hass.config_entries.async_update_entry(
            entry, data={**entry.data, CONF_TOKEN: token}
        )


async def async_forget(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Remove the stored token of an entry."""
    await _store(hass, entry).async_remove()


def _store(hass: HomeAssistant, entry: ConfigEntry) -> Store[dict[str, Any]]:
    key = f"{DOMAIN}.token.{entry.entry_id}"
    return Store(hass, VERSION, key, private=True, atomic_writes=True)
