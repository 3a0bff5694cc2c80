"""The action that lists what is saved, what is being saved, and what could not be."""

from typing import cast

import voluptuous as vol

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.helpers import config_validation as cv

from ..engine.errors import ClipError
from ..engine.library.queries import ClipQueries
from ..engine.model import Clip
from ..engine.time_range import Window
from ..job_feed import has_failed
from ..links import async_picture_links
from ..runtime import async_existing, async_shared
from ..turns import async_turn
from . import response
from .cancel import TOLD_AT_ONCE
from .events import EVENT_FIELDS, async_cameras_and_window
from .targets import Result, account_and_camera_id, async_answer, failed

LIST_CLIPS_SCHEMA = cv.make_entity_service_schema(
    {**EVENT_FIELDS, vol.Optional("pictures", default=False): cv.boolean}
)


async def async_list_clips(call: ServiceCall) -> ServiceResponse:
    """List the clips of every targeted camera; no cloud is asked."""
    entity_ids, window = await async_cameras_and_window(call)
    return await async_answer(
        call, entity_ids, lambda entity_id: _async_list(call, entity_id, window)
    )


async def _async_list(
    call: ServiceCall, entity_id: str, window: Window
) -> Result[response.ListedClips | response.ClipAnswer]:
    """List the clips of one camera. Its account need not be loaded."""
    hass = call.hass
    try:
        entry, camera_id = account_and_camera_id(hass, entity_id)
        library = (await async_shared(hass)).library
        clips = [
            clip
            async for clip in ClipQueries(library).in_window(
                account_id=entry.entry_id, camera_id=camera_id, window=window
            )
        ]
        clips = await async_existing(hass, clips)
        ended = await library.ended_jobs(entry.entry_id, camera_id, window)
    except ClipError as err:
        return failed(hass, entity_id, window, err)
    is_loaded = entry.state is ConfigEntryState.LOADED
    under_way = [
        one.job
        for one in (entry.runtime_data.jobs.running(camera_id) if is_loaded else ())
        if one.job.window.start < window.end and window.start < one.job.window.end
    ]
    # Of a request that was repeated, what came of it last.
    last = {job.request: job for job in (*ended, *under_way)}
    return {
        "saved": await _async_saved(hass, clips, with_pictures=call.data["pictures"]),
        "failed": [
            response.answer(hass, job) for job in last.values() if has_failed(job)
        ],
        "under_way": [response.answer(hass, job) for job in under_way],
    }, None


async def _async_saved(
    hass: HomeAssistant, clips: list[Clip], *, with_pictures: bool
) -> list[response.ListedClip]:
    pictures = await async_picture_links(hass, clips) if with_pictures else {}
    listed: list[response.ListedClip] = []
    for number, clip in enumerate(clips):
        if number % TOLD_AT_ONCE == 0:
            await async_turn(hass)
        told = {**response.saved(hass, [clip]), "kept": clip.kept}
        if clip.id in pictures:
            told["picture"] = pictures[clip.id]
        listed.append(cast("response.ListedClip", told))
    return listed
