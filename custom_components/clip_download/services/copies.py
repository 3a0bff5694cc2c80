"""Clips are brought back from a place that they were copied to, and copies compared."""

from collections.abc import Sequence

import voluptuous as vol

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.dispatcher import async_dispatcher_send

from ..const import DOMAIN
from ..copies import CopiesConfigEntry
from ..copy_kinds import is_target
from ..engine.copies.restore import relist, restore, verify
from ..engine.copies.store import Copy
from ..engine.errors import ClipError
from ..errors import action_error, async_message, raise_action_error
from ..paths import media_folder, media_folders
from ..retention import CLIPS_SAVED
from ..runtime import async_camera_finder
from .response import NamedClip, VerifiedPlace
from .targets import async_unless_stopped

# More are counted, but not named.
MOST_NAMED = 100
ATTR_FOOTAGE = "footage"
RESTORE_CLIPS_SCHEMA = vol.Schema(
    {
        vol.Required(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Optional(ATTR_FOOTAGE, default=True): cv.boolean,
    }
)


async def async_restore_clips(call: ServiceCall) -> ServiceResponse:
    """Bring home, or only list, the clips that are gone there; return what became of them."""
    hass = call.hass
    entry: CopiesConfigEntry | None = hass.config_entries.async_get_entry(
        call.data[ATTR_CONFIG_ENTRY_ID]
    )
    if (
        entry is None
        or entry.domain != DOMAIN
        or not is_target(entry)
        or entry.state is not ConfigEntryState.LOADED
    ):
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="copies_not_loaded"
        )
    store, place = entry.runtime_data.store, entry.runtime_data.place
    root = media_folder(hass, None)
    if call.data[ATTR_FOOTAGE]:
        work = restore(store, place, root, media_folders(hass))
    else:
        work = relist(store, place, root, camera_of=async_camera_finder(hass))
    with raise_action_error(camera=entry.title):
        restored = await async_unless_stopped(
            hass,
            hass.async_create_background_task(
                work, f"restore clips from {entry.title}"
            ),
            HomeAssistantError(
                translation_domain=DOMAIN, translation_key="reading_interrupted"
            ),
        )
    if restored.clips:
        async_dispatcher_send(hass, CLIPS_SAVED, tuple(restored.clips))
    if not call.return_response:
        if restored.failed:
            name, err = next(iter(restored.failed.items()))
            raise action_error(err, camera=name)
        return None
    return {
        "restored": [str(clip.path) for clip in restored.clips[:MOST_NAMED]],
        "count": len(restored.clips),
        "present": restored.present,
        "failed": [
            {
                "name": name,
                "message": async_message(hass, action_error(err, camera=name)),
            }
            for name, err in list(restored.failed.items())[:MOST_NAMED]
        ],
    }


async def async_verify_copies(
    hass: HomeAssistant, clip_ids: Sequence[str]
) -> list[VerifiedPlace]:
    """Compare the copies of clips at all places with what is recorded, fetching none."""
    return [
        await _async_verify(hass, entry, clip_ids)
        for entry in hass.config_entries.async_loaded_entries(DOMAIN)
        if is_target(entry)
    ]


async def _async_verify(
    hass: HomeAssistant, entry: CopiesConfigEntry, clip_ids: Sequence[str]
) -> VerifiedPlace:
    """Compare the copies of clips at a place; those that are not right are made again."""
    copies = entry.runtime_data
    result: VerifiedPlace = {"config_entry_id": entry.entry_id, "title": entry.title}
    try:
        verified = await verify(copies.store, copies.place, clip_ids)
    except ClipError as err:
        result["message"] = async_message(hass, action_error(err, camera=entry.title))
        return result
    copies.copier.wake()
    result["ok"] = verified.ok
    result["unknown"] = verified.unknown
    result["missing"] = _named(verified.missing)
    result["different"] = _named(verified.differing)
    return result


def _named(copies: Sequence[Copy]) -> list[NamedClip]:
    return [
        {"clip_id": copy.clip_id, "path": str(copy.clip.path)}
        for copy in copies
        if copy.clip
    ]
