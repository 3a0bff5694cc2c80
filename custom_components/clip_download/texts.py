"""Texts of the integration that Home Assistant does not put together itself."""

from datetime import timedelta

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.translation import async_get_cached_translations

from .const import DOMAIN


@callback
def async_text(hass: HomeAssistant, key: str) -> str:
    """Return a text of `common`, in the language of Home Assistant."""
    texts = async_get_cached_translations(hass, hass.config.language, "common", DOMAIN)
    return texts[f"component.{DOMAIN}.common.{key}"]


def length_text(duration: timedelta) -> str:
    """Return a duration as players show it: `0:30`, `1:02:03`."""
    minutes, seconds = divmod(round(duration.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{seconds:02}"
    return f"{minutes}:{seconds:02}"
