"""What a form says of an error: the text that an account and an action say it with."""

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryError
from homeassistant.helpers.translation import async_get_translations

from ..const import DOMAIN
from ..engine.errors import ClipError


async def async_form_errors(
    hass: HomeAssistant, err: ClipError | ConfigEntryError, subject: str
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the errors of a form, and what fills them.

    A form has texts of its own for what is typed into it only. For all else it has one
    that the text of the exception fills, in the language of Home Assistant; `subject` is
    the account that it is about.
    """
    if isinstance(err, ClipError):
        key, placeholders = err.key, err.placeholders
    else:
        key = err.translation_key or ""
        placeholders = err.translation_placeholders or {}
    texts = await async_get_translations(
        hass, hass.config.language, "exceptions", [DOMAIN]
    )
    text = texts.get(f"component.{DOMAIN}.exceptions.{key}.message")
    if text is None:
        return {"base": "unknown"}, {}
    return {"base": "failed"}, {"error": text.format(subject=subject, **placeholders)}
