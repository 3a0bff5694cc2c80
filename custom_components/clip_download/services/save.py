"""The actions that save a window of footage: what exists, or what is recorded for it."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import voluptuous as vol

from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.typing import VolDictType
from homeassistant.util import dt as dt_util

from ..automatic_saving import (
    async_clips_of_event,
    async_find_event,
    async_request_clip,
)
from ..const import DOMAIN
from ..coordinator import ClipConfigEntry
from ..engine.errors import ClipError, CloudError, NotReadyError, RefusedError
from ..engine.model import Camera, Clip, Clock, Codec, Event, JobState, MediaOptions
from ..engine.pipeline.jobs import Running
from ..engine.time_range import Window, check_timeout, settle
from ..paths import file_name, media_folder
from . import response
from .named import chosen
from .targets import (
    Result,
    account_and_camera,
    async_answer,
    async_targeted_cameras,
    async_unless_stopped,
    failed,
    raising_as_asked,
)

DEFAULT_TIMEOUT = timedelta(minutes=10)
SHORTEST_RECORDING = timedelta(seconds=1)

WINDOW_SCHEMA: VolDictType = {
    vol.Optional("start"): cv.datetime,
    vol.Optional("end"): cv.datetime,
    vol.Optional("duration"): cv.positive_time_period,
    vol.Optional("before"): cv.positive_time_period,
    vol.Optional("after"): cv.positive_time_period,
    vol.Optional("at"): cv.datetime,
}
WINDOW_FIELDS = tuple(map(str, WINDOW_SCHEMA))
EVENT_SCHEMA: VolDictType = {vol.Optional("event"): cv.string}
ASKED_FIELDS = (*WINDOW_FIELDS, "event")
MEDIA_FIELDS = ("audio", "codec", "frame_rate", "width", "height", "timestamps")


def window_of_form(value: Any) -> dict[str, Any]:
    """Return the fields that a choice in the form stands for.

    `last` is how long before now the window begins. The others have such fields.
    """
    if isinstance(value, dict) and value.get("active_choice") in ("last", "event"):
        name = "before" if value["active_choice"] == "last" else "event"
        value = {name: chosen(value)}
    fields = vol.Schema(dict)(chosen(value) or {})
    # What was emptied in the form may still be there.
    given = {name: one for name, one in fields.items() if one not in (None, "")}
    result: dict[str, Any] = vol.Schema({**WINDOW_SCHEMA, **EVENT_SCHEMA})(given)
    return result


def in_one_line(text: str) -> str:
    """Return a text without what cannot be printed, in one line."""
    plain = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(plain.split())


# A label is part of a file's name.
LONGEST_LABEL = 100
LABEL = vol.All(cv.string, vol.Length(max=LONGEST_LABEL), in_one_line)
# The fields of both actions.
CLIP_FIELDS: VolDictType = {
    vol.Optional("filename"): cv.template,
    vol.Optional("label", default=""): LABEL,
    vol.Optional("overwrite", default=False): cv.boolean,
    vol.Optional("wait", default=True): cv.boolean,
    vol.Optional("timeout", default=DEFAULT_TIMEOUT): cv.positive_time_period,
    vol.Optional("audio", default=True): cv.boolean,
}
SAVE_CLIP_SCHEMA = cv.make_entity_service_schema(
    {
        vol.Optional("window"): window_of_form,
        **WINDOW_SCHEMA,
        **EVENT_SCHEMA,
        **CLIP_FIELDS,
        vol.Optional("codec"): vol.Coerce(Codec),
        vol.Optional("frame_rate"): vol.All(vol.Coerce(int), vol.Range(min=1)),
        vol.Optional("width"): vol.All(vol.Coerce(int), vol.Range(min=1)),
        vol.Optional("height"): vol.All(vol.Coerce(int), vol.Range(min=1)),
        vol.Optional("timestamps"): vol.Coerce(Clock),
    }
)
RECORD_CLIP_SCHEMA = cv.make_entity_service_schema(
    {
        vol.Required("duration"): vol.All(
            cv.positive_time_period, vol.Range(min=SHORTEST_RECORDING)
        ),
        **CLIP_FIELDS,
    }
)


async def async_save_clip(call: ServiceCall) -> ServiceResponse:
    """Save one window of every targeted camera; one failure never stops another.

    Or, in place of a window, the recording of an event.
    """
    entity_ids = await async_targeted_cameras(call)
    in_form = call.data.get("window", {})
    beside = {name: call.data[name] for name in ASKED_FIELDS if name in call.data}
    asked = {**beside, **in_form}
    event_id = asked.pop("event", None)
    if (beside and in_form) or (event_id and asked):
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="window_and_fields"
        )
    if event_id:
        return await async_answer(
            call,
            entity_ids,
            lambda entity_id: _async_save_event(call, entity_id, event_id),
        )
    with raising_as_asked(call, entity_ids, WINDOW_FIELDS):
        window = settle(
            now=dt_util.utcnow(),
            time_zone=dt_util.get_default_time_zone(),
            timeout=call.data["timeout"],
            **asked,
        )
    return await async_answer(
        call, entity_ids, lambda entity_id: _async_save_one(call, entity_id, window)
    )


async def async_record_clip(call: ServiceCall) -> ServiceResponse:
    """Have every targeted camera record for a while, then save just that."""
    entity_ids = await async_targeted_cameras(call)
    return await async_answer(
        call, entity_ids, lambda entity_id: _async_record_one(call, entity_id)
    )


async def _async_save_one(
    call: ServiceCall, entity_id: str, window: Window
) -> Result[response.ClipAnswer]:
    """Save one camera's window."""
    try:
        entry, camera = account_and_camera(call.hass, entity_id)
        running = await entry.runtime_data.jobs.ask(
            camera, window, **_job_arguments(call, entry, camera, window)
        )
    except ClipError as err:
        return _failure(call, entity_id, window, err)
    return await _async_outcome(call, entity_id, running)


async def _async_outcome(
    call: ServiceCall, entity_id: str, running: Running
) -> Result[response.ClipAnswer]:
    """Return what became of a job, or that it is under way if the call does not wait."""
    job = running.job
    if call.data["wait"]:
        # The job lives on if the caller goes away.
        job = await asyncio.shield(running.done)
    if job.error and job.state is JobState.FAILED:
        _, raised = failed(call.hass, entity_id, job.window, job.error)
        return response.answer(call.hass, job), raised
    return response.answer(call.hass, job), None


async def _async_save_event(
    call: ServiceCall, entity_id: str, event_id: str, *, is_later: bool = False
) -> Result[response.ClipAnswer]:
    """Save the recording of an event of one camera, as automatic saving does.

    What that has saved is the answer, and what it is saving is waited for. A call that
    does not wait is answered at once: a recording that is not ready is saved `later`.
    """
    may_wait = call.data["wait"] or is_later
    now = dt_util.utcnow()
    window = Window(now, now)
    try:
        check_timeout(call.data["timeout"])
        entry, camera = account_and_camera(call.hass, entity_id)
        event = await entry.runtime_data.call(
            lambda: async_find_event(entry, camera, event_id),
            within=call.data["timeout"] if may_wait else timedelta(0),
        )
        window = event.window
        # The account may have been reloaded meanwhile.
        entry, camera = account_and_camera(call.hass, entity_id)
        clips = await async_clips_of_event(call.hass, entry, camera, event.id)
        if clips and not call.data["overwrite"]:
            return response.saved(call.hass, clips), None
        running = await _async_running(call, entry, camera, event, clips)
    except ClipError as err:
        if may_wait or not isinstance(err, (NotReadyError, CloudError)):
            return _failure(call, entity_id, window, err)
        entry.async_create_background_task(
            call.hass,
            _async_save_event_later(call, entity_id, event_id),
            f"save {event_id} of {entity_id}",
        )
        return {"status": response.STATUS_QUEUED, "events": [event_id]}, None
    return await _async_outcome(call, entity_id, running)


async def _async_save_event_later(
    call: ServiceCall, entity_id: str, event_id: str
) -> None:
    """Save the recording of an event when it is ready; tell on the bus if that fails."""
    told, raised = await _async_save_event(call, entity_id, event_id, is_later=True)
    if raised and "job_id" not in told:
        now = dt_util.utcnow()
        about = {"entity_id": entity_id, "label": call.data["label"]}
        times = response.times(Window(now, now))
        call.hass.bus.async_fire(
            response.EVENT_FAILED, {**about, **times, "events": [event_id], **told}
        )


async def _async_running(
    call: ServiceCall,
    entry: ClipConfigEntry,
    camera: Camera,
    event: Event,
    clips: Sequence[Clip],
) -> Running:
    """Return the job that saves an event: one under way, else a new one. Raises ClipError.

    A new one replaces the `clips` that there are.
    """
    for running in entry.runtime_data.jobs.running(camera.id):
        # It may be for more events, which were merged.
        if not clips and any(one.id == event.id for one in running.job.events):
            return running
    return await async_request_clip(
        call.hass,
        entry,
        camera,
        [event],
        replaces=clips[0].path if clips else None,
        timeout=call.data["timeout"],
        label=call.data["label"],
        template=call.data.get("filename"),
        media_options=_media_options(call),
    )


async def _async_record_one(
    call: ServiceCall, entity_id: str
) -> Result[response.ClipAnswer]:
    """Have one camera record, and save the window in which it did."""
    duration: timedelta = call.data["duration"]
    now = dt_util.utcnow()
    window = Window(now, now + duration)
    try:
        entry, camera = account_and_camera(call.hass, entity_id)
        # A mistake in the call is an error before anything is recorded.
        source = entry.runtime_data.source
        source.check_live(duration)
        source.check(_job_arguments(call, entry, camera, window)["media_options"])
        window = await _async_record(call.hass, entry, camera, duration)
    except ClipError as err:
        return _failure(call, entity_id, window, err)
    return await _async_save_one(call, entity_id, window)


async def _async_record(
    hass: HomeAssistant, entry: ClipConfigEntry, camera: Camera, duration: timedelta
) -> Window:
    """Return the window in which a camera was made to record. Raises ClipError.

    The live session also ends when the account is unloaded, Home Assistant stops, or the
    caller goes away.
    """
    account = entry.runtime_data

    async def record() -> Window:
        async with AsyncExitStack() as session:
            await account.call(
                lambda: session.enter_async_context(account.source.live(camera))
            )
            start = dt_util.utcnow()
            await asyncio.sleep(duration.total_seconds())
            return Window(start, start + duration)

    recording = entry.async_create_background_task(
        hass, record(), f"record {camera.id}"
    )
    interrupted = RefusedError("recording_interrupted")
    return await async_unless_stopped(hass, recording, interrupted)


def _failure(
    call: ServiceCall, entity_id: str, window: Window, err: ClipError
) -> Result[response.ClipAnswer]:
    """Return the answer for a camera whose clip was not saved, and the error to raise."""
    result, raised = failed(call.hass, entity_id, window, err)
    return {"status": response.STATUS_FAILED, **result}, raised


def _job_arguments(
    call: ServiceCall, entry: ClipConfigEntry, camera: Camera, window: Window
) -> dict[str, Any]:
    """Return the arguments for `Jobs.ask` from a call. Raises InvalidRequestError."""
    check_timeout(call.data["timeout"])
    return {
        "root": media_folder(call.hass, entry),
        "filename": file_name(
            call.hass,
            entry,
            camera,
            window,
            label=call.data["label"],
            template=call.data.get("filename"),
        ),
        "timeout": call.data["timeout"],
        "label": call.data["label"],
        "overwrite": call.data["overwrite"],
        "media_options": _media_options(call),
    }


def _media_options(call: ServiceCall) -> MediaOptions:
    return MediaOptions(
        **{key: call.data[key] for key in MEDIA_FIELDS if key in call.data}
    )
