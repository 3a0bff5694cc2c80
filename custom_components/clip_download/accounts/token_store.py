"""Stores rotated tokens before they are used, and the app that an account signs in with.

Home Assistant writes its config entries a second late, and apps ten seconds. A kill in that
time would leave an account with a token that its cloud refuses, or without its app.
"""

from dataclasses import asdict
from typing import Any

from homeassistant.components.application_credentials import ClientCredential
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_TOKEN
from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store

from ..const import CONF_AUTH_IMPLEMENTATION, DOMAIN

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
    """Remove the stored token of an entry, and its app."""
    await _store(hass, entry).async_remove()
    await _store(hass, entry, "app").async_remove()


async def async_app(hass: HomeAssistant, entry: ConfigEntry) -> ClientCredential | None:
    """Return the app of an entry as it was stored, None if another one is."""
    stored = await _store(hass, entry, "app").async_load() or {}
    if stored.get(CONF_AUTH_IMPLEMENTATION) != entry.data[CONF_AUTH_IMPLEMENTATION]:
        return None
    return ClientCredential(**stored["app"])


async def async_save_app(
    hass: HomeAssistant, entry: ConfigEntry, app: ClientCredential
) -> None:
    """Store the app of an entry, unless it is stored."""
    if await async_app(hass, entry) != app:
        name = entry.data[CONF_AUTH_IMPLEMENTATION]
        await _store(hass, entry, "app").async_save(
            {CONF_AUTH_IMPLEMENTATION: name, "app": asdict(app)}
        )


def _store(
    hass: HomeAssistant, entry: ConfigEntry, what: str = "token"
) -> Store[dict[str, Any]]:
    key = f"{DOMAIN}.{what}.{entry.entry_id}"
    return Store(hass, VERSION, key, private=True, atomic_writes=True)
