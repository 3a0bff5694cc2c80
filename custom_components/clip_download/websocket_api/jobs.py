"""The commands about jobs: watched, cancelled, tried again."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import voluptuous as vol

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.translation import async_get_cached_translations

from ..accounts import loaded_accounts
from ..back_fill import BACK_FILL_CHANGED
from ..const import DOMAIN
from ..coordinator import Account, ClipConfigEntry
from ..engine.errors import CancelledJobError, ClipError, InvalidRequestError
from ..engine.model import Job, JobState
from ..engine.pipeline.jobs import Running
from ..engine.pipeline.progress import WaitReason
from ..entity import camera_entity_id
from ..errors import async_reason, raise_action_error
from ..job_feed import async_job_feed, is_unfinished, job_of
from ..services import response
from ..services.cancel import async_find_job
from .command import ENTITY_IDS, ID, Asker, NotFoundError, command, subscription, utc

if TYPE_CHECKING:
    from .schema import (
        BackFillAnswer,
        BackFillInfo,
        CancelAnswer,
        JobInfo,
        JobsEvent,
        RetryAnswer,
    )


@subscription("jobs/subscribe", {vol.Optional("entity_ids"): ENTITY_IDS})
@callback
def ws_subscribe(
    asker: Asker, msg: dict[str, Any], send: Callable[[JobsEvent], None]
) -> tuple[CALLBACK_TYPE, JobsEvent]:
    """Tell of all jobs that have not ended, or ended lately, and of what changes."""
    cameras = asker.cameras(msg.get("entity_ids"))
    feed = async_job_feed(asker.hass)

    def is_meant(running: Running) -> bool:
        camera = running.job.account_id, running.job.camera_id
        return (cameras is None or camera in cameras) and asker.may_control(*camera)

    @callback
    def changed(jobs: Sequence[Running]) -> None:
        # One that was interrupted goes on when its account is loaded again. The account
        # may be removed, so that nobody can tell any more whose its cameras were.
        gone = [one for one in jobs if one.done.done() and is_unfinished(one)]
        removed = [one.job.id for one in gone if one.job.id in shown]
        shown.difference_update(removed)
        told = [one for one in jobs if one not in gone and is_meant(one)]
        shown.update(one.job.id for one in told if not one.done.done())
        shown.difference_update(one.job.id for one in told if one.done.done())
        if told or removed:
            infos = [_info(asker.hass, one) for one in told]
            send({"changed": infos, "removed": removed})

    under_way = [
        running
        for entry in loaded_accounts(asker.hass)
        for running in entry.runtime_data.jobs.running()
        if not running.is_in_back_fill
    ]
    known = [one for one in (*feed.async_ended(), *under_way) if is_meant(one)]
    shown = {one.job.id for one in known if not one.done.done()}
    first: JobsEvent = {
        "jobs": [_info(asker.hass, one) for one in known],
        "back_fills": _back_fills(asker, cameras),
    }
    end_jobs = feed.async_listen(changed)

    @callback
    def back_fill_changed(_entry: ClipConfigEntry) -> None:
        send({"back_fills": _back_fills(asker, cameras)})

    end_back_fills = async_dispatcher_connect(
        asker.hass, BACK_FILL_CHANGED, back_fill_changed
    )

    @callback
    def end() -> None:
        end_jobs()
        end_back_fills()

    return end, first


@command("jobs/cancel", {vol.Required("job_id"): ID})
async def ws_cancel(asker: Asker, msg: dict[str, Any]) -> CancelAnswer:
    """Cancel a job; tell whether it is cancelled, or had ended just before."""
    entry, job = await _async_job(asker, msg["job_id"])
    if isinstance(job, Running):
        job = await entry.runtime_data.jobs.cancel(job)
    return {"cancelled": isinstance(job.error, CancelledJobError)}


@command("back_fill/cancel", {vol.Required("account_id"): ID})
async def ws_cancel_back_fill(asker: Asker, msg: dict[str, Any]) -> BackFillAnswer:
    """Fetch no more past recordings of an account's cameras that who asks may control."""
    count = 0
    for entry in loaded_accounts(asker.hass):
        if entry.entry_id == msg["account_id"]:
            account: Account = entry.runtime_data
            theirs = [
                camera_id
                for camera_id in account.coordinator.data
                if asker.may_control(entry.entry_id, camera_id)
            ]
            count = await account.back_fill.cancel(theirs)
    return {"cancelled": count}


@command("jobs/retry", {vol.Required("job_id"): ID})
async def ws_retry(asker: Asker, msg: dict[str, Any]) -> RetryAnswer:
    """Ask anew for what a job that failed was asked for; one under way is joined."""
    entry, job = await _async_job(asker, msg["job_id"])
    if isinstance(job, Running):
        return {"job_id": job.job.id}
    with raise_action_error(
        camera=job.camera_name, window=response.in_words(job.window)
    ):
        if job.state is JobState.SAVED:
            raise InvalidRequestError("job_is_saved")
        running = await entry.runtime_data.jobs.retry(job)
    return {"job_id": running.job.id}


async def _async_job(
    asker: Asker, job_id: str
) -> tuple[ClipConfigEntry, Running | Job]:
    """Return a job that who asks may control, with its account. Raises NotFoundError."""
    found = await async_find_job(asker.hass, asker.connection.user, job_id)
    if found is None:
        raise NotFoundError(
            translation_domain=DOMAIN,
            translation_key="jobs_unknown",
            translation_placeholders={"jobs": job_id},
        )
    return found


def _back_fills(
    asker: Asker, cameras: set[tuple[str, str]] | None
) -> list[BackFillInfo]:
    """Return what is told of the back-fills under way: of those cameras, if any are named."""
    told: list[BackFillInfo] = []
    for entry in loaded_accounts(asker.hass):
        account: Account = entry.runtime_data
        back_fill = account.back_fill
        theirs = [
            camera_id
            for camera_id in account.coordinator.data
            if (cameras is None or (entry.entry_id, camera_id) in cameras)
            and asker.may_control(entry.entry_id, camera_id)
        ]
        fetched = [one for each in theirs if (one := back_fill.fetched.get(each))]
        if not back_fill.is_under_way or not theirs:
            continue
        if back_fill.fetched and not any(one.left for one in fetched):
            continue
        err = back_fill.waits_for
        told.append(
            {
                "account_id": entry.entry_id,
                "account": entry.title,
                "done": sum(one.total - one.left for one in fetched),
                "total": sum(one.total for one in fetched),
                "left_s": back_fill.left_s(),
                "reason": async_reason(asker.hass, err) if err else None,
            }
        )
    return told


def _info(hass: HomeAssistant, running: Running) -> JobInfo:
    """Return what is told of a job."""
    job, progress = job_of(running), running.progress
    waiting = None if running.done.done() else progress.waiting
    return {
        "id": job.id,
        "entity_id": camera_entity_id(hass, job.account_id, job.camera_id),
        "camera": job.camera_name,
        "start": utc(job.window.start),
        "end": utc(job.window.end),
        "label": job.label,
        "state": _state(running),
        "asked_at": utc(job.asked_at),
        "reason": _reason(hass, waiting.reason) if waiting else None,
        "next_try_at": utc(waiting.until) if waiting and waiting.until else None,
        "received_bytes": progress.received_bytes,
        "size_bytes": progress.size_bytes,
        "parts_done": progress.parts_done,
        "parts": progress.parts,
        "clip_ids": [clip.id for clip in job.clips]
        if job.state is JobState.SAVED
        else [],
        "error": {"key": job.error.key, "message": async_reason(hass, job.error)}
        if job.error
        else None,
    }


def _state(
    running: Running,
) -> Literal[
    "queued", "waiting", "fetching", "finishing", "saved", "failed", "cancelled"
]:
    """Return where a job is on its way; one that is being cancelled is not, yet."""
    if not running.done.done():
        return running.progress.state.value
    job = running.done.result()
    if isinstance(job.error, CancelledJobError):
        return "cancelled"
    return job.state.value


def _reason(hass: HomeAssistant, reason: WaitReason | ClipError) -> str:
    """Return what a job waits for, in words."""
    if isinstance(reason, ClipError):
        return async_reason(hass, reason)
    words = async_get_cached_translations(hass, hass.config.language, "common", DOMAIN)
    return words[f"component.{DOMAIN}.common.waits_for_{reason}"]
