"""What the engine raises, as the errors that Home Assistant knows and shows."""

from collections.abc import Iterator
from contextlib import contextmanager

from homeassistant.components.media_player.errors import BrowseError
from homeassistant.components.media_source import Unresolvable
from homeassistant.core import HomeAssistant, async_get_hass, callback
from homeassistant.exceptions import (
    ConfigEntryAuthFailed,
    ConfigEntryError,
    HomeAssistantError,
    ServiceValidationError,
)
from homeassistant.helpers.translation import (
    async_get_cached_translations,
    async_get_translations,
)
from homeassistant.helpers.update_coordinator import UpdateFailed

from .const import DOMAIN, NAME
from .engine.errors import (
    ClipError,
    CloudError,
    InvalidRequestError,
    SignInError,
    StorageError,
)
from .texts import async_cached_texts


def translated[E: HomeAssistantError](
    kind: type[E],
    err: ClipError,
    *,
    camera: str = "",
    window: str = "",
    account: str = "",
) -> E:
    """Return an error of a kind of Home Assistant's, with its text.

    It names the camera and the window that it is about, or the account, or who tells it.
    """
    subject = account or ", ".join(filter(None, (camera, window))) or NAME
    return kind(
        translation_domain=DOMAIN,
        translation_key=err.key,
        translation_placeholders={
            "subject": subject,
            "camera": camera,
            "window": window,
            **_filled(async_get_hass(), err),
        },
    )


def _filled(hass: HomeAssistant, err: ClipError) -> dict[str, str]:
    """Return what fills an error's text; what is a code is put into words."""
    filled = dict(err.placeholders)
    if "reason" in filled:
        filled["reason"] = async_cached_texts(hass).reason(filled["reason"])
    if "right" in filled:
        filled["right"] = async_cached_texts(hass).right(filled["right"])
    return filled


@callback
def async_message(
    hass: HomeAssistant, err: HomeAssistantError, language: str | None = None
) -> str:
    """Return what an error says in a language that is loaded; `str` is English.

    Without one, that of Home Assistant.
    """
    domain, key = err.translation_domain, err.translation_key
    texts = async_get_cached_translations(
        hass, language or hass.config.language, "exceptions", domain
    )
    text = texts.get(f"component.{domain}.exceptions.{key}.message")
    if text is None:
        return str(err)
    return text.format(**(err.translation_placeholders or {}))


@callback
def async_reason(hass: HomeAssistant, err: ClipError) -> str:
    """Return what an error says, for a place that shows its camera and times itself."""
    # What none of the texts has within it.
    subject = "\N{BULLET}"
    message = async_message(hass, action_error(err, camera=subject))
    return message.removeprefix(subject).lstrip(
        ": \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}"
    )


def action_error(
    err: ClipError, *, camera: str = "", window: str = ""
) -> HomeAssistantError:
    """Return the error of an action: a ServiceValidationError if the caller made it."""
    kind = (
        ServiceValidationError
        if isinstance(err, InvalidRequestError)
        else HomeAssistantError
    )
    return translated(kind, err, camera=camera, window=window)


@contextmanager
def raise_action_error(*, camera: str = "", window: str = "") -> Iterator[None]:
    """Raise a ClipError as that of an action: HomeAssistantError."""
    try:
        yield
    except ClipError as err:
        raise action_error(err, camera=camera, window=window) from err


@contextmanager
def raise_setup_error() -> Iterator[None]:
    """Raise a ClipError as one that an account cannot be set up with: ConfigEntryError."""
    try:
        yield
    except ClipError as err:
        raise translated(ConfigEntryError, err) from err


@contextmanager
def raise_update_error(account: str) -> Iterator[None]:
    """Raise a ClipError as a coordinator's: ConfigEntryAuthFailed, UpdateFailed."""
    try:
        yield
    except SignInError as err:
        raise translated(ConfigEntryAuthFailed, err, account=account) from err
    except CloudError as err:
        failed = translated(UpdateFailed, err, account=account)
        failed.retry_after = err.retry_after_s
        raise failed from err
    except StorageError as err:
        raise translated(UpdateFailed, err, account=account) from err


@contextmanager
def raise_media_error(
    kind: type[BrowseError | Unresolvable], *, camera: str = "", window: str = ""
) -> Iterator[None]:
    """Raise a ClipError, or what an account cannot be set up with, as a media source's."""
    try:
        yield
    except ClipError as err:
        raise translated(kind, err, camera=camera, window=window) from err
    except (BrowseError, ConfigEntryError) as err:
        if isinstance(err, kind):
            raise
        raise kind(
            translation_domain=err.translation_domain,
            translation_key=err.translation_key,
            translation_placeholders=err.translation_placeholders,
        ) from err


async def async_form_errors(
    hass: HomeAssistant, err: ClipError | ConfigEntryError, subject: str
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the errors of a form, and what fills them.

    A form has texts of its own for what is typed into it only. For all else it has one
    that the text of the exception fills, in the language of Home Assistant; `subject` is
    the account that it is about.
    """
    if isinstance(err, ClipError):
        key, placeholders = err.key, _filled(hass, err)
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
