"""The clips that a call names: in any of the ways in which a clip is known."""

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import voluptuous as vol

from homeassistant.components.media_source import generate_media_source_id
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.typing import VolDictType

from ..const import DOMAIN
from ..engine.events.store import EventStore
from ..engine.library.queries import ClipQueries
from ..engine.model import Clip
from ..entity import camera_entity_id
from ..permissions import async_check_control
from ..runtime import async_shared

# More at once is for `delete_clips` with a window.
MOST_NAMED = 1000

OWN_MEDIA = f"{generate_media_source_id(DOMAIN, '')}/"
LOCAL_MEDIA = f"{generate_media_source_id('media_source', '')}/"


def chosen(value: Any) -> Any:
    """Return what was filled in, of a field of a form that lets choose between several."""
    if isinstance(value, dict) and "active_choice" in value:
        return value.get(value["active_choice"])
    return value


def _name(value: Any) -> str:
    """Return the name in what the form's media picker gives, or in a text."""
    if isinstance(value, dict):
        value = value.get("media_content_id")
    return cv.string(value)


NAMES = vol.All(chosen, cv.ensure_list, vol.Length(min=1, max=MOST_NAMED), [_name])
# `path` and `media_content_id` are older names of the same field.
NAMING_FIELDS = ("clip", "path", "media_content_id")
NAMED_SCHEMA: VolDictType = {vol.Optional(field): NAMES for field in NAMING_FIELDS}


async def async_named_clips(call: ServiceCall) -> list[Clip]:
    """Return the clips that a call names, each once.

    All of them must be in the library, and the user may have to control their cameras:
    raises ServiceValidationError, Unauthorized, StorageError.
    """
    names = [name for field in NAMING_FIELDS for name in call.data.get(field, ())]
    clips = await async_clips_by_name(call.hass, names)
    await async_check_clips(call, clips)
    return clips


async def async_clips_by_name(hass: HomeAssistant, names: Iterable[str]) -> list[Clip]:
    """Return the clips with these names, each once.

    A name is a clip's ID, its path, its media content ID below the media folders or below
    Clip Download; also that of a recording in the cloud which is saved. Raises
    ServiceValidationError for a name that no clip has, StorageError.
    """
    clips: dict[str, Clip] = {}
    for name in names:
        try:
            name.encode()
        except UnicodeEncodeError as err:
            raise _unknown(name.encode(errors="replace").decode()) from err
        # The library has no other paths than those of clips: no file is opened.
        if not (found := await _async_find(hass, name)):
            raise _unknown(name)
        clips |= {clip.id: clip for clip in found}
    return list(clips.values())


async def _async_find(hass: HomeAssistant, name: str) -> list[Clip]:
    library = (await async_shared(hass)).library
    queries = ClipQueries(library)
    clip: Clip | None
    if name.startswith(OWN_MEDIA):
        # As in the media browser: the tree, the account, the camera, the day, the item.
        match [unquote(part) for part in name.removeprefix(OWN_MEDIA).split("/")]:
            case ["clips", _, _, _, clip_id]:
                clip = await queries.clip(clip_id)
            case ["cloud", account_id, camera_id, _, event_id]:
                return await EventStore(library, account_id).clips(camera_id, event_id)
            case _:
                clip = None
    elif name.startswith(LOCAL_MEDIA):
        folder, _, below = name.removeprefix(LOCAL_MEDIA).partition("/")
        root = hass.config.media_dirs.get(folder)
        clip = await queries.clip_at(f"{Path(root) / below}") if root else None
    else:
        clip = await queries.clip_at(name) or await queries.clip(name)
    return [clip] if clip else []


async def async_check_clips(call: ServiceCall, clips: Collection[Clip]) -> None:
    """Raise Unauthorized if the user may not control the cameras of all these clips."""
    cameras = dict.fromkeys((clip.account_id, clip.camera_id) for clip in clips)
    entity_ids = [camera_entity_id(call.hass, *camera) for camera in cameras]
    await async_check_control(call.hass, call.context, entity_ids)


def _unknown(name: str) -> ServiceValidationError:
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key="clip_unknown",
        translation_placeholders={"clip": name[:200]},
    )
