"""Which saved clips a call is for: of which cameras, of what time, with which label."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

import voluptuous as vol

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import Unauthorized, UnknownUser
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.helpers.typing import VolDictType
from homeassistant.util import dt as dt_util

from .clips.catalog import Catalog
from .clips.errors import InvalidRequestError
from .clips.library import Clip
from .clips.window import settle_open
from .const import DOMAIN
from .coordinator import ClipConfigEntry
from .entity import camera_unique_id
from .shared import async_shared
from .targets import async_targeted_cameras, raising_as_asked

CHOICE_FIELDS = ("start", "end", "label", "kept")
CHOICE_SCHEMA: VolDictType = {
    **cv.TARGET_SERVICE_FIELDS,
    vol.Optional("start"): cv.datetime,
    vol.Optional("end"): cv.datetime,
    vol.Optional("label"): cv.string,
    vol.Optional("kept"): cv.boolean,
}


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The clips that are meant; `clips` goes through them anew each time.

    `entity_ids` are the cameras that were targeted, none if all clips were meant.
    `accounts` are the ids of theirs.
    """

    entity_ids: Sequence[str]
    accounts: set[str]
    clips: Callable[[], AsyncIterator[Clip]]


async def async_chosen(call: ServiceCall) -> Choice:
    """Return the clips that a call is for.

    Without a target, these are of all cameras, also of those that there are no more:
    that is for administrators. An account need not be loaded.
    """
    hass = call.hass
    entity_ids: list[str] = []
    if any(field in call.data for field in cv.TARGET_SERVICE_FIELDS):
        entity_ids = await async_targeted_cameras(call)
    else:
        await _async_check_admin(call)
    with raising_as_asked(call, entity_ids, CHOICE_FIELDS):
        cameras = [_account_and_camera(hass, entity_id) for entity_id in entity_ids]
        window = settle_open(
            time_zone=dt_util.get_default_time_zone(),
            start=call.data.get("start"),
            end=call.data.get("end"),
        )
    catalog = Catalog((await async_shared(hass)).library)

    async def clips() -> AsyncIterator[Clip]:
        of: Sequence[tuple[str | None, str | None]] = cameras or [(None, None)]
        for account_id, camera_id in of:
            async for clip in catalog.in_window(
                account_id=account_id,
                camera_id=camera_id,
                window=window,
                label=call.data.get("label"),
                kept=call.data.get("kept"),
            ):
                yield clip

    return Choice(
        entity_ids=entity_ids,
        accounts={account_id for account_id, _ in cameras},
        clips=clips,
    )


async def _async_check_admin(call: ServiceCall) -> None:
    if call.context.user_id is None:
        return
    user = await call.hass.auth.async_get_user(call.context.user_id)
    if user is None:
        raise UnknownUser(context=call.context)
    if not user.is_admin:
        raise Unauthorized(context=call.context)


def _account_and_camera(hass: HomeAssistant, entity_id: str) -> tuple[str, str]:
    """Return the ids of an entity's account and camera. Raises InvalidRequestError."""
    entity = er.async_get(hass).async_get(entity_id)
    if entity is None or entity.platform != DOMAIN or entity.domain != Platform.CAMERA:
        raise InvalidRequestError("not_our_camera", entity_id=entity_id)
    entry: ClipConfigEntry | None = hass.config_entries.async_get_entry(
        entity.config_entry_id or ""
    )
    if entry is None:
        raise InvalidRequestError("camera_gone")
    return entry.entry_id, entity.unique_id.removeprefix(camera_unique_id(entry, ""))
