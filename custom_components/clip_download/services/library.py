"""The actions that keep, release and delete clips, and rebuild the library."""

from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path

import voluptuous as vol

from homeassistant.components.media_source import generate_media_source_id
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..engine.library.queries import ClipQueries
from ..engine.model import Clip
from ..entity import camera_entity_id
from ..errors import raise_action_error
from ..permissions import async_check_control
from ..runtime import Shared, async_rebuild, async_shared
from . import response
from .selection import async_select

# More at once is for `delete_clips` with a window.
MOST_NAMED = 1000
# How many clips the answer about the next pruning lists.
MOST_LISTED = 1000

MEDIA_IDS = f"{generate_media_source_id('media_source', '')}/"
NAMED = vol.All(cv.ensure_list, vol.Length(min=1, max=MOST_NAMED), [cv.string])
SELECTION_FIELDS = ("start", "end", "label")
CLIPS = {vol.Optional("path"): NAMED, vol.Optional("media_content_id"): NAMED}

NAMED_CLIPS_SCHEMA = vol.All(
    vol.Schema(CLIPS), cv.has_at_least_one_key(*map(str, CLIPS))
)
DELETE_CLIPS_SCHEMA = vol.All(
    vol.Schema(
        {
            **cv.TARGET_SERVICE_FIELDS,
            **CLIPS,
            vol.Optional("start"): cv.datetime,
            vol.Optional("end"): cv.datetime,
            vol.Optional("label"): cv.string,
        }
    ),
    cv.has_at_least_one_key(*map(str, CLIPS), *map(str, cv.TARGET_SERVICE_FIELDS)),
)
NEXT_PRUNING_SCHEMA = vol.Schema({})
REBUILD_LIBRARY_SCHEMA = vol.Schema({})


class DescribedClip(response.Place):
    """What the responses of these actions have for a clip."""

    camera: str
    start: str
    size_bytes: int
    kept: bool


class ChosenClip(DescribedClip):
    """A clip, and why it is to be deleted, or why it was not."""

    reason: str


async def async_keep_clip(call: ServiceCall) -> ServiceResponse:
    """Mark the named clips as kept: no limit deletes them. Return them."""
    return await _async_set_kept(call, kept=True)


async def async_release_clip(call: ServiceCall) -> ServiceResponse:
    """Remove the mark of the named clips, and return them."""
    return await _async_set_kept(call, kept=False)


async def _async_set_kept(call: ServiceCall, *, kept: bool) -> ServiceResponse:
    """Set or remove the mark of the named clips, and return them."""
    shared = await async_shared(call.hass)
    with raise_action_error():
        clips = await _async_named(call, shared)
        await _async_check_control(call, clips)
        clips = await shared.retention.keep([clip.id for clip in clips], kept=kept)
    return response.as_response(
        {"clips": [_described(call.hass, clip) for clip in clips]}
    )


async def async_delete_clips(call: ServiceCall) -> ServiceResponse:
    """Delete the named clips and those of a window; return those that were spared."""
    shared = await async_shared(call.hass)
    with raise_action_error():
        clips = {clip.id: clip for clip in await _async_named(call, shared)}
        await _async_check_control(call, clips.values())
        clips |= {clip.id: clip for clip in await _async_of_cameras(call)}
        done = await shared.retention.delete(list(clips.values()))
    if call.return_response:
        spared: list[ChosenClip] = [
            {**_described(call.hass, clips[clip_id]), "reason": reason}
            for clip_id, reason in done.spared.items()
        ]
        deleted = [_described(call.hass, clip) for clip in done.gone]
        return response.as_response({"deleted": deleted, "spared": spared})
    if done.spared:
        first, reason = next(iter(done.spared.items()))
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="clips_spared",
            translation_placeholders={
                "count": str(len(done.spared)),
                "path": str(clips[first].path),
                "reason": reason,
            },
        )
    return None


async def async_next_pruning(call: ServiceCall) -> ServiceResponse:
    """Return when clips are pruned next, and which ones will be deleted."""
    retention = (await async_shared(call.hass)).retention
    with raise_action_error():
        pruned = await retention.plan()
    clips: list[ChosenClip] = [
        {**_described(call.hass, due.clip), "reason": due.reason}
        for due in pruned.gone[:MOST_LISTED]
    ]
    return response.as_response(
        {
            "at": dt_util.as_local(retention.next_at).isoformat(timespec="seconds"),
            "count": len(pruned.gone),
            "size_bytes": pruned.freed_bytes,
            "clips": clips,
        }
    )


async def _async_named(call: ServiceCall, shared: Shared) -> list[Clip]:
    """Return the clips that are named. All of them must be in the library."""
    queries = ClipQueries(shared.library)
    folders = call.hass.config.media_dirs
    paths: list[str] = [*call.data.get("path", ())]
    for media_id in call.data.get("media_content_id", ()):
        name, _, below = media_id.removeprefix(MEDIA_IDS).partition("/")
        if not media_id.startswith(MEDIA_IDS) or name not in folders:
            raise _unknown(media_id)
        paths.append(f"{Path(folders[name]) / below}")
    clips: dict[str, Clip] = {}
    for path in paths:
        try:
            path.encode()
        except UnicodeEncodeError as err:
            raise _unknown(path.encode(errors="replace").decode()) from err
        # The library has no other paths than those of clips: no file is opened.
        if not (clip := await queries.clip_at(path)):
            raise _unknown(path)
        clips[clip.id] = clip
    return list(clips.values())


async def _async_of_cameras(call: ServiceCall) -> list[Clip]:
    """Return the clips of the targeted cameras in the window, if there is a target."""
    if not any(field in call.data for field in cv.TARGET_SERVICE_FIELDS):
        if any(field in call.data for field in SELECTION_FIELDS):
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key="no_camera_targeted"
            )
        return []
    if not {"start", "end"} <= call.data.keys():
        # Without a window, a mistake could delete all clips of a camera.
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="delete_needs_window"
        )
    return [clip async for clip in (await async_select(call)).clips()]


async def _async_check_control(call: ServiceCall, clips: Collection[Clip]) -> None:
    """Raise Unauthorized if the user may not control the cameras of all these clips."""
    cameras = dict.fromkeys((clip.account_id, clip.camera_id) for clip in clips)
    entity_ids = [camera_entity_id(call.hass, *camera) for camera in cameras]
    await async_check_control(call.hass, call.context, entity_ids)


def _described(hass: HomeAssistant, clip: Clip) -> DescribedClip:
    return {
        **response.place(hass, clip.path),
        "camera": clip.camera_name,
        "start": dt_util.as_local(clip.window.start).isoformat(timespec="milliseconds"),
        "size_bytes": clip.size_bytes,
        "kept": clip.kept,
    }


def _unknown(named: str) -> ServiceValidationError:
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key="clip_unknown",
        translation_placeholders={"clip": named[:200]},
    )


async def async_rebuild_library(call: ServiceCall) -> ServiceResponse:
    """Rebuild the library from the files in the media folders; return what changed."""
    shared = await async_shared(call.hass)
    with raise_action_error():
        rebuilt = await async_rebuild(call.hass, shared.library)
    return asdict(rebuilt) if call.return_response else None
