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

from . import (
    cancel_actions,
    clip_actions,
    event_actions,
    keep_actions,
    library_actions,
    proof_actions,
)
from .const import DOMAIN


class Action(NamedTuple):
    """What an action does, what it takes, whether it answers, and who may call it."""

    act: Callable[[ServiceCall], Coroutine[Any, Any, ServiceResponse]]
    schema: VolSchemaType
    answers: SupportsResponse = SupportsResponse.OPTIONAL
    is_for_admins: bool = False


ACTIONS = {
    "cancel": Action(cancel_actions.async_cancel, cancel_actions.CANCEL_SCHEMA),
    "delete_clips": Action(
        keep_actions.async_delete_clips, keep_actions.DELETE_CLIPS_SCHEMA
    ),
    "export_clips": Action(
        proof_actions.async_export_clips, proof_actions.EXPORT_CLIPS_SCHEMA
    ),
    "keep_clip": Action(keep_actions.async_keep_clip, keep_actions.NAMED_CLIPS_SCHEMA),
    "list_events": Action(
        event_actions.async_list_events,
        event_actions.LIST_EVENTS_SCHEMA,
        SupportsResponse.ONLY,
    ),
    "next_pruning": Action(
        keep_actions.async_next_pruning,
        keep_actions.NEXT_PRUNING_SCHEMA,
        SupportsResponse.ONLY,
        is_for_admins=True,
    ),
    "rebuild_library": Action(
        library_actions.async_rebuild_library,
        library_actions.REBUILD_LIBRARY_SCHEMA,
        is_for_admins=True,
    ),
    "record_clip": Action(
        clip_actions.async_record_clip, clip_actions.RECORD_CLIP_SCHEMA
    ),
    "release_clip": Action(
        keep_actions.async_release_clip, keep_actions.NAMED_CLIPS_SCHEMA
    ),
    "save_clip": Action(clip_actions.async_save_clip, clip_actions.SAVE_CLIP_SCHEMA),
    "save_events": Action(
        event_actions.async_save_events, event_actions.SAVE_EVENTS_SCHEMA
    ),
    "verify_clips": Action(
        proof_actions.async_verify_clips,
        proof_actions.VERIFY_CLIPS_SCHEMA,
        SupportsResponse.ONLY,
    ),
}


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions; they are there whether or not an account is loaded."""
    for name, (act, schema, answers, is_for_admins) in ACTIONS.items():
        if is_for_admins:
            async_register_admin_service(hass, DOMAIN, name, act, schema, answers)
        else:
            hass.services.async_register(DOMAIN, name, act, schema, answers)
