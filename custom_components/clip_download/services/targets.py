"""The cameras that an action is called for: who may control them, what came of each."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_CONTROL
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_ENTITY_ID, ENTITY_MATCH_ALL, Platform
from homeassistant.core import HassJob, HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.target import (
    TargetSelection,
    async_extract_referenced_entity_ids,
)

from ..accounts import all_accounts
from ..const import DOMAIN
from ..coordinator import ClipConfigEntry
from ..engine.errors import ClipError, InvalidRequestError
from ..engine.model import Camera
from ..engine.time_range import Window
from ..entity import camera_id_of
from ..errors import action_error, async_message, raise_action_error
from ..permissions import async_check_control, async_user, may_control
from ..texts import async_cached_texts, async_field_name
from ..turns import async_turn
from . import response

# One camera's entry of the response, and its error if it failed.
type Result[AnswerT: Mapping[str, Any] = Mapping[str, Any]] = tuple[
    AnswerT, HomeAssistantError | None
]


async def async_targeted_cameras(call: ServiceCall) -> list[str]:
    """Return the entity ids of the targeted cameras.

    Every entity that is named is among them, even one that does not exist or is of
    another integration: each gets an answer. Of areas, devices, floors and labels only
    our cameras count.
    """
    hass = call.hass
    await async_turn(hass)
    registry = er.async_get(hass)
    if call.data.get(ATTR_ENTITY_ID) == ENTITY_MATCH_ALL:
        named = set[str]()
        candidates = {entity.entity_id for _, entity in _our_entities(hass)}
    else:
        selected = async_extract_referenced_entity_ids(hass, TargetSelection(call.data))
        named, candidates = selected.referenced, selected.indirectly_referenced
    cameras = {
        entity_id
        for entity_id in candidates
        if (entity := registry.async_get(entity_id)) and _is_our_camera(entity)
    }

    await async_check_control(hass, call.context, sorted(named))
    if user := await async_user(hass, call.context):
        cameras = {entity_id for entity_id in cameras if may_control(user, entity_id)}

    if not named | cameras:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="no_camera_targeted"
        )
    return sorted(named | cameras)


def _is_our_camera(entity: er.RegistryEntry) -> bool:
    return entity.platform == DOMAIN and entity.domain == Platform.CAMERA


def cameras_of(hass: HomeAssistant, user: User) -> set[tuple[str, str]] | None:
    """Return the cameras that a user may control, by account id and camera id.

    None is all of them, also those that are gone: nobody knows who may control these, so
    they are for users without any restriction.
    """
    if user.is_admin or user.permissions.access_all_entities(POLICY_CONTROL):
        return None
    return controlled_cameras(hass, user)


def controlled_cameras(hass: HomeAssistant, user: User) -> set[tuple[str, str]]:
    """Return the cameras with an entity that a user may control."""
    return {
        (entry.entry_id, camera_id_of(entry, entity.unique_id))
        for entry, entity in _our_entities(hass)
        if entity.domain == Platform.CAMERA and may_control(user, entity.entity_id)
    }


def _our_entities(
    hass: HomeAssistant,
) -> Iterator[tuple[ClipConfigEntry, er.RegistryEntry]]:
    """Yield the entities of all accounts, each with its account."""
    registry = er.async_get(hass)
    for entry in all_accounts(hass):
        for entity in er.async_entries_for_config_entry(registry, entry.entry_id):
            yield entry, entity


def account_and_camera(
    hass: HomeAssistant, entity_id: str
) -> tuple[ClipConfigEntry, Camera]:
    """Return the loaded account and the camera of an entity.

    Raises InvalidRequestError.
    """
    entry, camera_id = account_and_camera_id(hass, entity_id)
    entity = er.async_get(hass).async_get(entity_id)
    if entity and entity.disabled:
        raise InvalidRequestError("camera_disabled", entity_id=entity_id)
    if entry.state is not ConfigEntryState.LOADED:
        raise InvalidRequestError("account_not_loaded", account=entry.title)
    camera = entry.runtime_data.coordinator.camera(camera_id)
    if camera is None:
        raise InvalidRequestError("camera_gone")
    return entry, camera


def account_and_camera_id(
    hass: HomeAssistant, entity_id: str
) -> tuple[ClipConfigEntry, str]:
    """Return the account of an entity, loaded or not, and the id of its camera.

    Raises InvalidRequestError.
    """
    entity = er.async_get(hass).async_get(entity_id)
    if entity is None or not _is_our_camera(entity):
        raise InvalidRequestError("not_our_camera", entity_id=entity_id)
    entry: ClipConfigEntry | None = hass.config_entries.async_get_entry(
        entity.config_entry_id or ""
    )
    if entry is None:
        raise InvalidRequestError("camera_gone")
    return entry, camera_id_of(entry, entity.unique_id)


def name_of(hass: HomeAssistant, entity_id: str) -> str:
    """Return the name that a person knows an entity by."""
    state = hass.states.get(entity_id)
    return state.name if state else entity_id


def failed(
    hass: HomeAssistant, entity_id: str, window: Window, err: ClipError
) -> Result[response.ClipAnswer]:
    """Return the answer for a camera or an event that failed, and the error to raise."""
    if isinstance(err, InvalidRequestError) and (
        field := err.placeholders.get("field")
    ):
        label = async_field_name(hass, "save_clip", field)
        err = InvalidRequestError(err.key, **{**err.placeholders, "field": label})
    about = {"camera": name_of(hass, entity_id), "window": response.in_words(window)}
    return {"error": response.error(hass, err, **about)}, action_error(err, **about)


def names_of(hass: HomeAssistant, entity_ids: Iterable[str]) -> str:
    """Return the names of the entities that a call is for; without any, all cameras."""
    names = [name_of(hass, entity_id) for entity_id in entity_ids]
    return ", ".join(names) or async_cached_texts(hass)("all_cameras")


def _as_typed(value: Any) -> str:
    return f"{value:%F %T}" if isinstance(value, datetime) else f"{value}"


@contextmanager
def raising_as_asked(
    call: ServiceCall, entity_ids: Iterable[str], fields: Iterable[str]
) -> Iterator[None]:
    """Raise a ClipError about a call's fields, with the cameras and the fields given.

    The fields are called what the form calls them.
    """
    data = {**call.data, **call.data.get("window", {})}
    window = ", ".join(
        f"{async_field_name(call.hass, call.service, field)} {_as_typed(data[field])}"
        for field in fields
        if field in data
    )
    with raise_action_error(camera=names_of(call.hass, entity_ids), window=window):
        yield


async def async_answer(
    call: ServiceCall,
    entity_ids: list[str],
    act: Callable[[str], Awaitable[Result]],
) -> ServiceResponse:
    """Return the answer for each camera; without a response, raise if any failed."""

    async def act_in_turn(entity_id: str) -> Result:
        await async_turn(call.hass)
        return await act(entity_id)

    result = await asyncio.gather(*(act_in_turn(entity_id) for entity_id in entity_ids))
    if call.return_response:
        return {
            entity_id: response.as_response(answer)
            for entity_id, (answer, _) in zip(entity_ids, result, strict=True)
        }
    errors = [err for _, err in result if err]
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="several_failed",
            translation_placeholders={
                "count": str(len(errors)),
                "errors": "\n".join(async_message(call.hass, err) for err in errors),
            },
        ) from ExceptionGroup("clips not saved", errors)
    return None


async def async_unless_stopped[T](
    hass: HomeAssistant, work: asyncio.Task[T], interrupted: Exception
) -> T:
    """Return the result of a background task, which is cancelled with the caller.

    Raises `interrupted` if something else cancelled it, as when Home Assistant stops.
    """

    async def stop() -> None:
        work.cancel()
        await asyncio.wait([work])

    # Home Assistant waits for no background task that it cancels as it stops.
    forget = hass.async_add_shutdown_job(HassJob(stop, f"stop to {work.get_name()}"))
    try:
        return await work
    except asyncio.CancelledError:
        caller = asyncio.current_task()
        if caller is None or caller.cancelling():
            raise
        raise interrupted from None
    finally:
        forget()
