"""Texts of the integration that Home Assistant does not put together itself."""

from collections.abc import Mapping
from datetime import date, timedelta

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.translation import (
    async_get_cached_translations,
    async_get_translations,
)
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .engine.model import EventKind


class Texts:
    """The texts of `common` in one language; in English what that has not."""

    def __init__(self, texts: Mapping[str, str], language: str) -> None:
        """Take the texts by their keys, as Home Assistant has them."""
        self._texts = texts
        self.language = language

    def __call__(self, key: str, **placeholders: object) -> str:
        """Return a text; without placeholders, as it is to be filled."""
        text = self._texts[f"component.{DOMAIN}.common.{key}"]
        return text.format(**placeholders) if placeholders else text

    def what(self, words: str) -> str:
        """Return a label, or the kind of an event, in words: `ding` is `ring`.

        What was seen may be several words; one that is not known stays as it is.
        """
        return ", ".join(
            self._texts.get(f"component.{DOMAIN}.common.what_{word}", word)
            for word in words.split(", ")
        )

    def reason(self, reason: str) -> str:
        """Return a reason in words if it is a code, such as `not_mounted`."""
        return self._texts.get(f"component.{DOMAIN}.common.reason_{reason}", reason)

    def right(self, right: str) -> str:
        """Return a right at a place for copies in words, such as `write`."""
        return self._texts.get(f"component.{DOMAIN}.common.right_{right}", right)

    def as_recorded(self, words: str) -> str:
        """Return words with those that stand for a kind as that is recorded: `ding`."""
        kinds = {self.what(kind).casefold(): kind for kind in EventKind}
        return " ".join(kinds.get(word, word) for word in words.casefold().split())

    def day(self, day: date) -> str:
        """Return a day as people say it: `Sat 21 Nov`; of another year, with that."""
        text = self(
            "day",
            weekday=self("weekdays").split()[day.weekday()],
            day=day.day,
            month=self("months").split()[day.month - 1],
        )
        return text if day.year == dt_util.now().year else f"{text} {day.year}"

    def near_day(self, day: date) -> str:
        """Return `today` and `yesterday` as such, any other day as `day` does."""
        today = dt_util.now().date()
        if today - day in _NEAR:
            return self(_NEAR[today - day])
        return self.day(day)


_NEAR = {timedelta(0): "assist_today", timedelta(1): "assist_yesterday"}


@callback
def async_cached_texts(hass: HomeAssistant) -> Texts:
    """Return the texts in the language of Home Assistant."""
    language = hass.config.language
    return Texts(
        async_get_cached_translations(hass, language, "common", DOMAIN), language
    )


async def async_texts(hass: HomeAssistant, language: str) -> Texts:
    """Return the texts in any language."""
    return Texts(
        await async_get_translations(hass, language, "common", [DOMAIN]), language
    )


@callback
def async_field_name(hass: HomeAssistant, action: str, field: str) -> str:
    """Return what the form of an action calls a field; a field without a name as it is."""
    texts = async_get_cached_translations(
        hass, hass.config.language, "services", DOMAIN
    )
    key = f"component.{DOMAIN}.services.{action}.fields.{field}.name"
    return texts.get(key, field)


def length_text(duration: timedelta) -> str:
    """Return a duration as players show it: `0:30`, `1:02:03`."""
    minutes, seconds = divmod(round(duration.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{seconds:02}"
    return f"{minutes}:{seconds:02}"
