"""The actions that list and save the events of cameras."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from typing import cast

import voluptuous as vol

from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.typing import VolDictType
from homeassistant.util import dt as dt_util

from ..automatic_saving import (
    DEFAULT_KINDS,
    LIST_TIMEOUT,
    SAVE_TIMEOUT,
    SavedClip,
    async_events,
    async_request_clip,
    async_saved_clip,
    async_saved_clips,
)
from ..const import DOMAIN
from ..coordinator import ClipConfigEntry
from ..engine.errors import ClipError, InvalidRequestError, QueueFullError, SignInError
from ..engine.model import SEEN, Camera, Event, EventKind, JobState
from ..engine.time_range import Window, check_timeout, settle_past
from ..runtime import async_shared
from . import response
from .targets import (
    Result,
    account_and_camera,
    async_answer,
    async_targeted_cameras,
    failed,
    name_of,
    raising_as_asked,
)

# How many clips of a camera at once: more would only wait in the account's queue.
AT_ONCE = 4

WINDOW_FIELDS = ("date", "start", "end")
EVENT_FIELDS: VolDictType = {
    vol.Optional("date"): cv.date,
    vol.Optional("start"): cv.datetime,
    vol.Optional("end"): cv.datetime,
}
KINDS = vol.All(
    cv.ensure_list,
    vol.Length(min=1),
    [vol.In([*EventKind, *SEEN])],
)
LIST_EVENTS_SCHEMA = cv.make_entity_service_schema(
    {**EVENT_FIELDS, vol.Optional("kinds"): KINDS}
)
SAVE_EVENTS_SCHEMA = cv.make_entity_service_schema(
    {
        **EVENT_FIELDS,
        vol.Optional("kinds", default=list(DEFAULT_KINDS)): KINDS,
        vol.Optional("overwrite", default=False): cv.boolean,
        vol.Optional("timeout", default=SAVE_TIMEOUT): cv.positive_time_period,
    }
)


class Outcome(StrEnum):
    """What came of an event: the names of the response's lists."""

    SAVED = "saved"
    SKIPPED = "skipped"
    FAILED = "failed"
    NOT_READY = "not_ready"


async def async_list_events(call: ServiceCall) -> ServiceResponse:
    """List the events of every targeted camera; no footage is fetched."""
    entity_ids, window = await async_cameras_and_window(call)
    return await async_answer(
        call, entity_ids, lambda entity_id: _async_list(call, entity_id, window)
    )


async def async_save_events(call: ServiceCall) -> ServiceResponse:
    """Save the events of every targeted camera that are not saved, one file each."""
    entity_ids, window = await async_cameras_and_window(call)
    return await async_answer(
        call, entity_ids, lambda entity_id: _async_save(call, entity_id, window)
    )


async def async_cameras_and_window(call: ServiceCall) -> tuple[list[str], Window]:
    """Return the cameras and the time range of a call about what was seen."""
    entity_ids = await async_targeted_cameras(call)
    with raising_as_asked(call, entity_ids, WINDOW_FIELDS):
        window = settle_past(
            now=dt_util.utcnow(),
            time_zone=dt_util.get_default_time_zone(),
            day=call.data.get("date"),
            start=call.data.get("start"),
            end=call.data.get("end"),
        )
    return entity_ids, window


async def _async_list(
    call: ServiceCall, entity_id: str, window: Window
) -> Result[response.ListedEvents | response.ClipAnswer]:
    """List the events of one camera."""
    hass = call.hass
    try:
        entry, camera = account_and_camera(hass, entity_id)
        events = await _async_wanted(call, entry, camera, window, LIST_TIMEOUT)
        saved = await async_saved_clips(
            hass, entry, camera, [event.id for event in events]
        )
    except ClipError as err:
        return failed(hass, entity_id, window, err)
    listed = [_listed(event, saved.get(event.id)) for event in events]
    return {"events": listed}, None


def _listed(event: Event, saved: SavedClip | None) -> response.ListedEvent:
    """Return what the response has for an event."""
    told = {**response.seen(event), "ready": event.is_ready, "saved": False}
    if saved and saved.exists:
        told |= {"saved": True, "path": str(saved.path)}
    return cast("response.ListedEvent", told)


async def _async_save(
    call: ServiceCall, entity_id: str, window: Window
) -> Result[response.SavedEvents | response.ClipAnswer]:
    """Save the events of one camera, the oldest first: they expire first."""
    hass = call.hass
    try:
        check_timeout(call.data["timeout"])
        entry, camera = account_and_camera(hass, entity_id)
        source = entry.runtime_data.source
        if source.echoes_downloads and source.own_kinds.intersection(
            call.data["kinds"]
        ):
            raise InvalidRequestError("kind_echoes", cloud=source.manufacturer)
        events = [
            event
            for event in await _async_wanted(
                call, entry, camera, window, call.data["timeout"]
            )
            if not source.is_echo(event)
        ]
    except ClipError as err:
        return failed(hass, entity_id, window, err)

    outcomes = await _Saving(call, entity_id, events).run()
    found: dict[Outcome, list[response.EventOutcome]] = {one: [] for one in Outcome}
    for event in events:
        outcome, answer = outcomes[event.id]
        # The times of a clip replace those of its event.
        told = {**response.seen(event), **answer}
        found[outcome].append(cast("response.EventOutcome", told))
    result: response.SavedEvents = {
        "saved": found[Outcome.SAVED],
        "skipped": found[Outcome.SKIPPED],
        "failed": found[Outcome.FAILED],
        "not_ready": found[Outcome.NOT_READY],
    }
    if not (failures := result["failed"]):
        return result, None
    return result, HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key="events_failed",
        translation_placeholders={
            "camera": name_of(hass, entity_id),
            "window": response.in_words(window),
            "count": str(len(failures)),
            "error": failures[0]["error"]["message"],
        },
    )


class _Saving:
    """Saves the events of one camera, a few at once."""

    def __init__(
        self, call: ServiceCall, entity_id: str, events: Sequence[Event]
    ) -> None:
        """Take the call, and the events in the order in which they are saved."""
        self._call = call
        self._hass = call.hass
        self._entity_id = entity_id
        self._left = iter(events)
        self._outcomes: dict[str, tuple[Outcome, response.ClipAnswer]] = {}
        self._refused: SignInError | None = None
        # Whether an event has waited in vain for the queue: no other one waits then.
        self._is_full = False

    async def run(self) -> dict[str, tuple[Outcome, response.ClipAnswer]]:
        """Save the events; return the outcome and the answer of each, by its id."""
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(self._work())
        return self._outcomes

    async def _work(self) -> None:
        for event in self._left:
            try:
                outcome = await self._save_when_queue_allows(event)
            except ClipError as err:
                if isinstance(err, SignInError):
                    self._refused = err
                result, _ = failed(self._hass, self._entity_id, event.window, err)
                outcome = Outcome.FAILED, result
            self._outcomes[event.id] = outcome

    async def _save_when_queue_allows(
        self, event: Event
    ) -> tuple[Outcome, response.ClipAnswer]:
        """Save one event; wait up to the call's timeout for the queue. Raises ClipError."""
        loop = asyncio.get_running_loop()
        give_up_at_s = loop.time() + self._call.data["timeout"].total_seconds()
        while True:
            try:
                return await self._save(event)
            except QueueFullError as err:
                if self._is_full:
                    raise
                entry, camera = account_and_camera(self._hass, self._entity_id)
                try:
                    async with asyncio.timeout_at(give_up_at_s):
                        await entry.runtime_data.jobs.wait_for_queue(camera)
                except TimeoutError:
                    self._is_full = True
                    raise err from None

    async def _save(self, event: Event) -> tuple[Outcome, response.ClipAnswer]:
        """Save one event. Raises ClipError."""
        # What begins while Home Assistant stops would only be interrupted.
        if not event.is_ready or (await async_shared(self._hass)).is_ending:
            return Outcome.NOT_READY, {}
        data = self._call.data
        # For each event again: the account may have been reloaded meanwhile.
        entry, camera = account_and_camera(self._hass, self._entity_id)
        # Right before the request: others save events, too.
        saved = await async_saved_clip(self._hass, entry, camera, event.id)
        if saved and saved.exists and not data["overwrite"]:
            return Outcome.SKIPPED, {"path": str(saved.path)}
        if self._refused:
            # More requests with bad credentials may lock the account.
            raise SignInError(self._refused.key, **self._refused.placeholders)
        running = await async_request_clip(
            self._hass,
            entry,
            camera,
            [event],
            replaces=saved.path if saved else None,
            timeout=data["timeout"],
        )
        # The job lives on if the caller goes away.
        job = await asyncio.shield(running.done)
        if job.state is JobState.SAVED:
            return Outcome.SAVED, response.answer(self._hass, job)
        if job.state is JobState.FAILED and job.error:
            raise job.error
        # It was interrupted, and goes on when the account is loaded again.
        return Outcome.NOT_READY, {}


async def _async_wanted(
    call: ServiceCall,
    entry: ClipConfigEntry,
    camera: Camera,
    window: Window,
    timeout: timedelta,
) -> list[Event]:
    """Return the wanted events that begin in the window, the oldest first.

    Raises ClipError.
    """
    source = entry.runtime_data.source
    kinds: list[str] | None = call.data.get("kinds")
    allowed = (*source.event_kinds, *SEEN)
    # A source without a history raises its own error, and nobody asked for the default.
    is_checked = source.event_kinds and kinds != list(DEFAULT_KINDS)
    for kind in kinds or ():
        if is_checked and kind not in allowed:
            raise InvalidRequestError(
                "kind_unknown",
                kind=kind,
                cloud=source.manufacturer,
                allowed=", ".join(allowed),
            )
    events = await async_events(entry, camera, window, timeout)
    return [event for event in events if kinds is None or event.is_of(kinds)]
