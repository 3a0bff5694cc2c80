"""The action that brings clips back from a place that they were copied to."""

import voluptuous as vol

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.dispatcher import async_dispatcher_send

from ..const import DOMAIN
from ..copies import CopiesConfigEntry
from ..copy_kinds import is_target
from ..engine.copies.restore import restore
from ..errors import action_error, async_message, raise_action_error
from ..paths import media_folder, media_folders
from ..retention import CLIPS_SAVED
from ..runtime import async_shared
from .targets import async_unless_stopped

# More are counted, but not named.
MOST_NAMED = 100
RESTORE_CLIPS_SCHEMA = vol.Schema({vol.Required(ATTR_CONFIG_ENTRY_ID): cv.string})


async def async_restore_clips(call: ServiceCall) -> ServiceResponse:
    """Bring home the clips that are gone or damaged there; return what became of them."""
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
    shared = await async_shared(hass)
    with raise_action_error(camera=entry.title):
        restored = await async_unless_stopped(
            hass,
            hass.async_create_background_task(
                restore(
                    shared.library,
                    entry.runtime_data.place,
                    media_folder(hass, None),
                    media_folders(hass),
                ),
                f"restore clips from {entry.title}",
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
