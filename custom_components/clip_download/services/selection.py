"""The saved clips that an action is called for: by camera, time, label."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

import voluptuous as vol

from homeassistant.core import ServiceCall
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.typing import VolDictType
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..coordinator import ClipConfigEntry
from ..engine.library.queries import ClipQueries
from ..engine.model import Clip
from ..engine.time_range import settle_open
from ..errors import raise_action_error
from ..permissions import async_user
from ..runtime import async_shared
from .named import NAMES, async_named_clips
from .targets import account_and_camera_id, async_targeted_cameras, raising_as_asked

SELECTION_FIELDS = ("start", "end", "label", "kept")
SELECTION_SCHEMA: VolDictType = {
    **cv.TARGET_SERVICE_FIELDS,
    vol.Optional("clip"): NAMES,
    vol.Optional("start"): cv.datetime,
    vol.Optional("end"): cv.datetime,
    vol.Optional("label"): cv.string,
    vol.Optional("kept"): cv.boolean,
}


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The selected clips; each call of `clips` reads them anew.

    `entity_ids` are the targeted cameras, none if clips of all cameras are selected.
    `accounts` are the ids of the cameras' accounts.
    """

    entity_ids: Sequence[str]
    accounts: set[str]
    clips: Callable[[], AsyncIterator[Clip]]


async def async_select(call: ServiceCall) -> Selection:
    """Return the clips that a call is for: those that it names, or that match it."""
    return await (_async_named(call) if "clip" in call.data else async_match(call))


async def async_match(call: ServiceCall) -> Selection:
    """Return the clips of cameras, times and labels.

    Without a target, they are of all cameras, even of those that are gone: only an
    administrator may do that. An account need not be loaded.
    """
    hass = call.hass
    entity_ids: list[str] = []
    if any(field in call.data for field in cv.TARGET_SERVICE_FIELDS):
        entity_ids = await async_targeted_cameras(call)
    elif (user := await async_user(call.hass, call.context)) and not user.is_admin:
        raise Unauthorized(context=call.context)
    with raising_as_asked(call, entity_ids, SELECTION_FIELDS):
        cameras = [account_and_camera_id(hass, entity_id) for entity_id in entity_ids]
        window = settle_open(
            time_zone=dt_util.get_default_time_zone(),
            start=call.data.get("start"),
            end=call.data.get("end"),
        )
    queries = ClipQueries((await async_shared(hass)).library)

    async def clips() -> AsyncIterator[Clip]:
        of: Sequence[tuple[ClipConfigEntry | None, str | None]]
        of = cameras or [(None, None)]
        for entry, camera_id in of:
            async for clip in queries.in_window(
                account_id=entry.entry_id if entry else None,
                camera_id=camera_id,
                window=window,
                label=call.data.get("label"),
                kept=call.data.get("kept"),
            ):
                yield clip

    return Selection(
        entity_ids=entity_ids,
        accounts={entry.entry_id for entry, _ in cameras},
        clips=clips,
    )


async def _async_named(call: ServiceCall) -> Selection:
    """Return the clips that a call names, which has to choose none otherwise."""
    if any(str(field) in call.data for field in SELECTION_SCHEMA if field != "clip"):
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="clips_two_ways"
        )
    with raise_action_error():
        named = await async_named_clips(call)
    ids = [clip.id for clip in named]
    queries = ClipQueries((await async_shared(call.hass)).library)

    async def clips() -> AsyncIterator[Clip]:
        for clip in await queries.of_ids(ids):
            yield clip

    return Selection(
        entity_ids=[], accounts={clip.account_id for clip in named}, clips=clips
    )
