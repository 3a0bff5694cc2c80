"""The action that cancels jobs under way."""

import asyncio
from collections.abc import Iterable
from typing import cast

import voluptuous as vol

from homeassistant.auth.models import User
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv

from ..accounts import loaded_accounts
from ..const import DOMAIN
from ..coordinator import ClipConfigEntry
from ..engine.errors import CancelledJobError, InvalidRequestError
from ..engine.model import Job
from ..engine.pipeline.jobs import Jobs, Running
from ..entity import camera_entity_id
from ..errors import raise_action_error
from ..permissions import async_user, may_control
from ..turns import async_turn
from . import response
from .targets import account_and_camera_id, async_targeted_cameras, name_of

MOST_NAMED = 1000
# How many jobs, or clips, are put into words in one go.
TOLD_AT_ONCE = 10

CANCEL_SCHEMA = vol.Schema(
    {
        **cv.TARGET_SERVICE_FIELDS,
        vol.Optional("job_id"): vol.All(
            cv.ensure_list, vol.Length(min=1, max=MOST_NAMED), [cv.string]
        ),
    }
)


async def async_cancel(call: ServiceCall) -> ServiceResponse:
    """Cancel named jobs, or all jobs of some cameras; return what became of each."""
    hass = call.hass
    has_target = any(str(key) in call.data for key in cv.TARGET_SERVICE_FIELDS)
    if ("job_id" in call.data) == has_target:
        # An error of the schema would show all data of the call.
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="jobs_or_cameras"
        )
    found: list[tuple[ClipConfigEntry, Running | Job]] = []
    unknown: list[str] = []
    back_fill = 0
    if "job_id" in call.data:
        user = await async_user(hass, call.context)
        for job_id in dict.fromkeys(call.data["job_id"]):
            if one := await async_find_job(hass, user, job_id):
                found.append(one)
            else:
                unknown.append(job_id)
    else:
        entity_ids = await async_targeted_cameras(call)
        # Before its jobs, so that no other one begins.
        back_fill = await _async_end_back_fill(hass, entity_ids)
        found += [one for each in entity_ids for one in _of_camera(hass, each)]
    result: response.CancelAnswer = {
        "cancelled": [],
        "ended": [],
        "unknown": unknown,
        "back_fill": back_fill,
    }
    for count, (entry, job) in enumerate(await _async_cancel_all(found), 1):
        if count % TOLD_AT_ONCE == 0:
            await async_turn(hass)
        is_cancelled = isinstance(job.error, CancelledJobError)
        entity_id = camera_entity_id(hass, entry.entry_id, job.camera_id)
        told = {"entity_id": entity_id, **response.answer(hass, job)}
        result["cancelled" if is_cancelled else "ended"].append(
            cast("response.CancelledJob", told)
        )
    if unknown and not call.return_response:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="jobs_unknown",
            translation_placeholders={"jobs": ", ".join(unknown)},
        )
    return response.as_response(result)


async def async_find_job(
    hass: HomeAssistant, user: User | None, job_id: str
) -> tuple[ClipConfigEntry, Running | Job] | None:
    """Return a job whose camera a user may control, with its account.

    None is Home Assistant itself, which may control all.
    """
    for entry in loaded_accounts(hass):
        jobs = entry.runtime_data.jobs
        running = jobs.find(job_id)
        job = running.job if running else await _async_ended_job(entry, job_id)
        if job is None:
            continue
        entity_id = camera_entity_id(hass, entry.entry_id, job.camera_id)
        if user and not may_control(user, entity_id):
            return None
        return entry, running or job
    return None


async def _async_ended_job(entry: ClipConfigEntry, job_id: str) -> Job | None:
    """Return a job that is not under way."""
    with raise_action_error(camera=entry.title):
        return await entry.runtime_data.jobs.job(job_id)


def _of_camera(
    hass: HomeAssistant, entity_id: str
) -> Iterable[tuple[ClipConfigEntry, Running]]:
    """Return the jobs under way of a camera, each with its account."""
    with raise_action_error(camera=name_of(hass, entity_id)):
        entry, camera_id = account_and_camera_id(hass, entity_id)
        jobs = _jobs(entry)
    return [(entry, one) for one in jobs.running(camera_id)]


async def _async_end_back_fill(hass: HomeAssistant, entity_ids: Iterable[str]) -> int:
    """Fetch no more of what clouds still have of cameras; return how many it was."""
    count = 0
    for entity_id in entity_ids:
        with raise_action_error(camera=name_of(hass, entity_id)):
            entry, camera_id = account_and_camera_id(hass, entity_id)
            _jobs(entry)
            count += await entry.runtime_data.back_fill.cancel([camera_id])
    return count


def _jobs(entry: ClipConfigEntry) -> Jobs:
    """Return the jobs of an account. Raises InvalidRequestError if it is not loaded."""
    if entry.state is not ConfigEntryState.LOADED:
        raise InvalidRequestError("account_not_loaded", account=entry.title)
    return entry.runtime_data.jobs


async def _async_cancel_all(
    found: Iterable[tuple[ClipConfigEntry, Running | Job]],
) -> list[tuple[ClipConfigEntry, Job]]:
    """Cancel what is under way; return what became of all."""

    async def end(entry: ClipConfigEntry, one: Running | Job) -> Job:
        if isinstance(one, Job):
            return one
        return await entry.runtime_data.jobs.cancel(one)

    found = list(found)
    jobs = await asyncio.gather(*(end(*one) for one in found))
    return [(entry, job) for (entry, _), job in zip(found, jobs, strict=True)]
