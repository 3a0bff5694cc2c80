"""The actions about the library of saved clips as a whole."""

from dataclasses import asdict

import voluptuous as vol

from homeassistant.core import ServiceCall, ServiceResponse

from . import answers
from .clips.errors import StorageError
from .shared import async_rebuild, async_shared

REBUILD_LIBRARY_SCHEMA = vol.Schema({})


async def async_rebuild_library(call: ServiceCall) -> ServiceResponse:
    """Bring the library up to what lies in the media folders; tell what was found."""
    shared = await async_shared(call.hass)
    try:
        rebuilt = await async_rebuild(call.hass, shared.library)
    except StorageError as err:
        raise answers.raised(err) from err
    return asdict(rebuilt) if call.return_response else None
