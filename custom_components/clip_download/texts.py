"""Texts of the integration that Home Assistant does not put together itself."""

from datetime import date, timedelta

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.translation import async_get_cached_translations
from homeassistant.util import dt as dt_util

from .const import DOMAIN


@callback
def async_text(hass: HomeAssistant, key: str) -> str:
    """Return a text of `common`, in the language of Home Assistant."""
    texts = async_get_cached_translations(hass, hass.config.language, "common", DOMAIN)
    return texts[f"component.{DOMAIN}.common.{key}"]


@callback
def async_day_text(hass: HomeAssistant, day: date) -> str:
    """Return a day as people say it: `Sat 21 Nov`; of another year, with that."""
    text = async_text(hass, "day").format(
        weekday=async_text(hass, "weekdays").split()[day.weekday()],
        day=day.day,
        month=async_text(hass, "months").split()[day.month - 1],
    )
    return text if day.year == dt_util.now().year else f"{text} {day.year}"


def length_text(duration: timedelta) -> str:
    """Return a duration as players show it: `0:30`, `1:02:03`."""
    minutes, seconds = divmod(round(duration.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{seconds:02}"
    return f"{minutes}:{seconds:02}"
