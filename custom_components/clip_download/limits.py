"""How much of what was saved is kept: what an account's options and all accounts say."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store

from .clips.pruning import Limits
from .const import CONF_FREE_GB, CONF_KEEP_DAYS, CONF_MOST_GB, DOMAIN

VERSION = 1
# As disks are sold.
GB = 10**9


def typed_limits(typed: Mapping[str, Any]) -> Limits:
    """Return the limits that a person typed in, in days and gigabytes."""
    return Limits(
        keep_days=typed.get(CONF_KEEP_DAYS) or None,
        most_bytes=round(typed.get(CONF_MOST_GB, 0) * GB) or None,
        free_bytes=round(typed.get(CONF_FREE_GB, 0) * GB) or None,
    )


def shown_limits(limits: Limits) -> dict[str, float]:
    """Return limits as a person types them in."""
    return {
        CONF_KEEP_DAYS: limits.keep_days or 0,
        CONF_MOST_GB: (limits.most_bytes or 0) / GB,
        CONF_FREE_GB: (limits.free_bytes or 0) / GB,
    }


def account_limits(entry: ConfigEntry) -> Limits:
    """Return the limits of an account's own clips."""
    return typed_limits(entry.options)


async def async_common_limits(hass: HomeAssistant) -> Limits:
    """Return the limits of all accounts' clips together."""
    stored = await _store(hass).async_load()
    return Limits(**stored) if stored else Limits()


async def async_set_common_limits(hass: HomeAssistant, limits: Limits) -> None:
    """Keep the limits of all accounts' clips together."""
    await _store(hass).async_save(asdict(limits))


def _store(hass: HomeAssistant) -> Store[dict[str, Any]]:
    return Store(hass, VERSION, f"{DOMAIN}.limits")
