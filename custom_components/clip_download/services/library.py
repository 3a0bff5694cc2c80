"""The actions that keep, release and delete clips, and rebuild the library."""

from dataclasses import asdict

import voluptuous as vol

from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util

from ..accounts import all_accounts
from ..const import DOMAIN
from ..engine.library.queries import ClipQueries
from ..engine.model import Clip
from ..errors import raise_action_error
from ..paths import async_free_bytes
from ..runtime import async_rebuild, async_shared
from ..texts import async_cached_texts
from . import response
from .named import NAMED_SCHEMA, NAMING_FIELDS, async_named_clips
from .selection import async_match

# How many clips the answer about the next pruning lists.
MOST_LISTED = 1000

SELECTION_FIELDS = ("start", "end", "label")
NAMED_CLIPS_SCHEMA = vol.All(
    vol.Schema(NAMED_SCHEMA), cv.has_at_least_one_key(*NAMING_FIELDS)
)
DELETE_CLIPS_SCHEMA = vol.All(
    vol.Schema(
        {
            **cv.TARGET_SERVICE_FIELDS,
            **NAMED_SCHEMA,
            vol.Optional("start"): cv.datetime,
            vol.Optional("end"): cv.datetime,
            vol.Optional("label"): cv.string,
        }
    ),
    cv.has_at_least_one_key(*NAMING_FIELDS, *map(str, cv.TARGET_SERVICE_FIELDS)),
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
        clips = await async_named_clips(call)
        clips = await shared.retention.keep([clip.id for clip in clips], kept=kept)
    return response.as_response(
        {"clips": [_described(call.hass, clip) for clip in clips]}
    )


async def async_delete_clips(call: ServiceCall) -> ServiceResponse:
    """Delete the named clips and those of a window; return those that were spared."""
    shared = await async_shared(call.hass)
    with raise_action_error():
        clips = {clip.id: clip for clip in await async_named_clips(call)}
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
                "reason": async_cached_texts(call.hass).reason(reason),
            },
        )
    return None


async def async_next_pruning(call: ServiceCall) -> ServiceResponse:
    """Return when clips are pruned next, and which ones will be deleted."""
    shared = await async_shared(call.hass)
    retention = shared.retention
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
            "saved_bytes": await ClipQueries(shared.library).total_size(),
            "free_bytes": await async_free_bytes(
                call.hass,
                [one for one in all_accounts(call.hass) if not one.disabled_by],
                shared.executors,
            ),
        }
    )


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
    return [clip async for clip in (await async_match(call)).clips()]


def _described(hass: HomeAssistant, clip: Clip) -> DescribedClip:
    return {
        **response.place(hass, clip.path),
        "camera": clip.camera_name,
        "start": dt_util.as_local(clip.window.start).isoformat(timespec="milliseconds"),
        "size_bytes": clip.size_bytes,
        "kept": clip.kept,
    }


async def async_rebuild_library(call: ServiceCall) -> ServiceResponse:
    """Rebuild the library from the files in the media folders; return what changed."""
    shared = await async_shared(call.hass)
    with raise_action_error():
        rebuilt = await async_rebuild(call.hass, shared.library)
    return asdict(rebuilt) if call.return_response else None
