"""The actions about the library of saved clips as a whole."""

from dataclasses import asdict
from enum import StrEnum

import voluptuous as vol

from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.service import async_register_admin_service

from .clips.errors import StorageError
from .const import DOMAIN
from .shared import async_rebuild, async_shared


class LibraryAction(StrEnum):
    """The names of the actions."""

    REBUILD_LIBRARY = "rebuild_library"


REBUILD_LIBRARY_SCHEMA = vol.Schema({})


@callback
def async_setup_library_actions(hass: HomeAssistant) -> None:
    """Register the actions; they are there whether or not an account is loaded."""
    async_register_admin_service(
        hass,
        DOMAIN,
        LibraryAction.REBUILD_LIBRARY,
        _async_rebuild_library,
        REBUILD_LIBRARY_SCHEMA,
        SupportsResponse.OPTIONAL,
    )


async def _async_rebuild_library(call: ServiceCall) -> ServiceResponse:
    """Bring the library up to what lies in the media folders; tell what was found."""
    shared = await async_shared(call.hass)
    try:
        rebuilt = await async_rebuild(call.hass, shared.library)
    except StorageError as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key=err.key,
            translation_placeholders=err.placeholders,
        ) from err
    return asdict(rebuilt) if call.return_response else None
