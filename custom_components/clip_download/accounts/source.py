"""The source of an account: what it needs is installed, its module imported, it is made."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from types import ModuleType
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryError
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.importlib import async_import_module
from homeassistant.requirements import RequirementsNotFound, async_process_requirements

from ..const import DOMAIN
from ..engine import sources
from ..engine.errors import RefusedError
from ..engine.sources.base import Source
from .kind import AccessToken, AccountKind

# Only live views need it, so only they install it: nobody else depends on it. Home
# Assistant's constraints choose the release; it never has aiortc itself.
LIVE_REQUIREMENTS = ("aiortc>=1.16,<2",)


async def async_source_module(
    hass: HomeAssistant, kind: AccountKind, module: str | None = None
) -> ModuleType:
    """Import the module of a kind of account, or another of its own, off the event loop.

    What it needs is installed first. Raises ConfigEntryError if that cannot be.
    """
    await async_require(hass, kind.requirements)
    name = module or kind.source.module
    return await async_import_module(hass, f"{sources.__name__}.{name}")


async def async_source_class(hass: HomeAssistant, kind: AccountKind) -> type[Source]:
    """Return the class of a kind of account, which says what its cloud can do."""
    module = await async_source_module(hass, kind)
    source_class: type[Source] = getattr(module, kind.source.name)
    return source_class


async def async_create_source(
    hass: HomeAssistant,
    kind: AccountKind,
    data: Mapping[str, Any],
    *,
    keep_credentials: Callable[[dict[str, Any]], None] | None = None,
    flush_credentials: Callable[[], Awaitable[None]] | None = None,
    named_cameras: Sequence[str] = (),
    access_token: AccessToken | None = None,
    options: Mapping[str, Any] | None = None,
) -> Source:
    """Make the source of an account; nothing is asked of the cloud yet.

    `data` is what a config entry holds. The last five arguments are those of `Source`.
    Raises ConfigEntryError if what the kind needs cannot be installed, and ClipError if
    Home Assistant's configuration does not let the account be used.
    """
    credentials = data
    if kind.credentials_of:
        credentials = await kind.credentials_of(hass, data)
    if kind.shared_sign_in and (lender_id := kind.lender_id(data)):
        credentials = kind.shared_sign_in.credentials_of(hass, lender_id)
    source_class = await async_source_class(hass, kind)
    return source_class(
        credentials,
        session=async_get_clientsession(hass, verify_ssl=kind.verifies_ssl(data)),
        keep_credentials=keep_credentials,
        flush_credentials=flush_credentials,
        named_cameras=named_cameras,
        access_token=access_token,
        options=options,
        bring_live=partial(_async_bring_live, hass),
    )


async def async_require(hass: HomeAssistant, requirements: Sequence[str]) -> None:
    """Install what is missing of some packages.

    Raises ConfigEntryError if one cannot be installed.
    """
    try:
        await _async_install(hass, requirements)
    except RequirementsNotFound as err:
        raise ConfigEntryError(
            translation_domain=DOMAIN,
            translation_key="package_missing",
            translation_placeholders={"package": ", ".join(err.requirements)},
        ) from err


async def _async_bring_live(hass: HomeAssistant) -> None:
    """Install what live views need. Raises RefusedError."""
    try:
        await _async_install(hass, LIVE_REQUIREMENTS)
    except RequirementsNotFound as err:
        package = ", ".join(err.requirements)
        raise RefusedError("live_needs_package", package=package) from err


async def _async_install(hass: HomeAssistant, requirements: Sequence[str]) -> None:
    """Install what is missing of some packages. Raises RequirementsNotFound."""
    # As Home Assistant itself does with those of manifests.
    if requirements and not hass.config.skip_pip:
        await async_process_requirements(
            hass, DOMAIN, list(requirements), is_built_in=False
        )
