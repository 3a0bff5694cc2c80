"""What the buttons of a notification do: a link to a clip, silence for a while."""

from datetime import timedelta

import voluptuous as vol

from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.util import dt as dt_util

from ..engine.errors import ClipError, InvalidRequestError
from ..engine.time_range import Window
from ..entity import camera_muted
from ..errors import raise_action_error
from ..permissions import async_user
from ..runtime import async_existing
from ..shares import DATA_SHARES, LONGEST
from . import response
from .named import NAMES, async_named_clips
from .targets import (
    Result,
    account_and_camera,
    async_answer,
    async_targeted_cameras,
    failed,
)

SHORTEST = timedelta(minutes=1)

SHARE_CLIP_SCHEMA = vol.Schema(
    {
        vol.Required("clip"): vol.All(NAMES, vol.Length(max=1)),
        vol.Optional("duration", default=timedelta(days=1)): vol.All(
            cv.positive_time_period, vol.Range(SHORTEST, LONGEST)
        ),
    }
)
MUTE_SCHEMA = cv.make_entity_service_schema(
    {vol.Optional("duration", default=timedelta(hours=1)): cv.positive_time_period}
)


async def async_share_clip(call: ServiceCall) -> ServiceResponse:
    """Make a link that shows a clip to whoever has it; return it, and when it ends.

    It has the rights of the user who calls; an automation's lives as long as its clip.
    """
    hass = call.hass
    with raise_action_error():
        clip, *_ = await async_named_clips(call)
        if not await async_existing(hass, [clip]):
            raise InvalidRequestError("clip_unknown", clip=str(clip.path))
        share, url = await hass.data[DATA_SHARES].async_create(
            clip, await async_user(hass, call.context), call.data["duration"]
        )
    ends = dt_util.as_local(share.ends).isoformat(timespec="seconds")
    return {"clip_id": clip.id, "url": url, "expires_at": ends}


async def async_mute(call: ServiceCall) -> ServiceResponse:
    """Have each camera say for a while that nobody wants notifications of it."""
    entity_ids = await async_targeted_cameras(call)
    return await async_answer(
        call, entity_ids, lambda entity_id: _async_mute(call, entity_id)
    )


async def _async_mute(
    call: ServiceCall, entity_id: str
) -> Result[response.MutedCamera | response.ClipAnswer]:
    now = dt_util.utcnow()
    until = now + call.data["duration"]
    try:
        entry, camera = account_and_camera(call.hass, entity_id)
    except ClipError as err:
        return failed(call.hass, entity_id, Window(now, until), err)
    async_dispatcher_send(call.hass, camera_muted(entry, camera.id), until)
    return {"muted_until": dt_util.as_local(until).isoformat(timespec="seconds")}, None
