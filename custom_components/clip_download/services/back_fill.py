"""The action that fetches the recordings that clouds still have."""

from datetime import timedelta

import voluptuous as vol

from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.helpers import config_validation as cv

from ..back_fill import async_begin, async_estimate, async_reach, check_offered
from ..coordinator import ClipConfigEntry
from ..engine.errors import ClipError, CloudError
from ..engine.events.back_fill import check_given
from ..engine.model import Camera
from ..errors import action_error, raise_action_error
from ..runtime import async_shared
from . import response
from .targets import (
    Result,
    account_and_camera,
    async_answer,
    async_targeted_cameras,
    name_of,
)

MOST_DAYS = 180
BACK_FILL_SCHEMA = cv.make_entity_service_schema(
    {vol.Optional("days"): vol.All(vol.Coerce(int), vol.Range(min=1, max=MOST_DAYS))}
)


async def async_back_fill(call: ServiceCall) -> ServiceResponse:
    """Begin to fetch what the clouds have of every targeted camera; estimate how much."""
    entity_ids = await async_targeted_cameras(call)
    days = call.data.get("days")
    most = timedelta(days=days) if days else None
    accounts: dict[str, tuple[ClipConfigEntry, list[Camera]]] = {}

    async def look(
        entity_id: str,
    ) -> Result[response.BackFillAnswer | response.ClipAnswer]:
        try:
            entry, camera = account_and_camera(call.hass, entity_id)
            source = entry.runtime_data.source
            check_offered(source)
            check_given(source, camera)
            answer: response.BackFillAnswer = {}
            if call.return_response:
                answer = await _async_estimated(call, entry, camera, most)
        except ClipError as err:
            camera_name = name_of(call.hass, entity_id)
            told = response.error(call.hass, err, camera=camera_name, window="")
            return {"error": told}, action_error(err, camera=camera_name)
        accounts.setdefault(entry.entry_id, (entry, []))[1].append(camera)
        return answer, None

    try:
        return await async_answer(call, entity_ids, look)
    finally:
        # Also if others of the cameras cannot be asked. Together: the oldest is first.
        shared = await async_shared(call.hass)
        for entry, cameras in accounts.values():
            with raise_action_error(camera=entry.title):
                await async_begin(entry, shared, cameras, most)


async def _async_estimated(
    call: ServiceCall,
    entry: ClipConfigEntry,
    camera: Camera,
    most: timedelta | None,
) -> response.BackFillAnswer:
    """Return what the cloud lists of a camera; nothing while it cannot be asked.

    Raises ClipError.
    """
    shared = await async_shared(call.hass)
    most = await async_reach(entry, shared, most)
    try:
        found = await async_estimate(entry.runtime_data.source, [camera], most)
    except CloudError:
        # It begins all the same, and asks again.
        return {}
    return response.estimated(found)
