"""The actions that people and automations call."""

from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple

from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers.service import async_register_admin_service
from homeassistant.helpers.typing import VolSchemaType

from ..const import DOMAIN
from . import (
    back_fill,
    cancel,
    copies,
    events,
    handover,
    library,
    listing,
    phones,
    save,
)


class Action(NamedTuple):
    """An action: its function and schema, whether it answers, who may call it."""

    act: Callable[[ServiceCall], Coroutine[Any, Any, ServiceResponse]]
    schema: VolSchemaType
    answers: SupportsResponse = SupportsResponse.OPTIONAL
    is_for_admins: bool = False


ACTIONS = {
    "back_fill": Action(back_fill.async_back_fill, back_fill.BACK_FILL_SCHEMA),
    "cancel": Action(cancel.async_cancel, cancel.CANCEL_SCHEMA),
    "delete_clips": Action(library.async_delete_clips, library.DELETE_CLIPS_SCHEMA),
    "export_clips": Action(handover.async_export_clips, handover.EXPORT_CLIPS_SCHEMA),
    "keep_clip": Action(library.async_keep_clip, library.NAMED_CLIPS_SCHEMA),
    "list_clips": Action(
        listing.async_list_clips,
        listing.LIST_CLIPS_SCHEMA,
        SupportsResponse.ONLY,
    ),
    "list_events": Action(
        events.async_list_events,
        events.LIST_EVENTS_SCHEMA,
        SupportsResponse.ONLY,
    ),
    "mute_camera": Action(phones.async_mute, phones.MUTE_SCHEMA),
    "next_pruning": Action(
        library.async_next_pruning,
        library.NEXT_PRUNING_SCHEMA,
        SupportsResponse.ONLY,
        is_for_admins=True,
    ),
    "rebuild_library": Action(
        library.async_rebuild_library,
        library.REBUILD_LIBRARY_SCHEMA,
        is_for_admins=True,
    ),
    "record_clip": Action(save.async_record_clip, save.RECORD_CLIP_SCHEMA),
    "release_clip": Action(library.async_release_clip, library.NAMED_CLIPS_SCHEMA),
    "restore_clips": Action(
        copies.async_restore_clips, copies.RESTORE_CLIPS_SCHEMA, is_for_admins=True
    ),
    "save_clip": Action(save.async_save_clip, save.SAVE_CLIP_SCHEMA),
    "save_events": Action(events.async_save_events, events.SAVE_EVENTS_SCHEMA),
    "share_clip": Action(
        phones.async_share_clip, phones.SHARE_CLIP_SCHEMA, SupportsResponse.ONLY
    ),
    "verify_clips": Action(
        handover.async_verify_clips,
        handover.VERIFY_CLIPS_SCHEMA,
        SupportsResponse.ONLY,
    ),
}


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions, whether or not an account is loaded."""
    for name, (act, schema, answers, is_for_admins) in ACTIONS.items():
        if is_for_admins:
            async_register_admin_service(hass, DOMAIN, name, act, schema, answers)
        else:
            hass.services.async_register(DOMAIN, name, act, schema, answers)
