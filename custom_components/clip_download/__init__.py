"""Clip Download saves footage from camera clouds as MP4 files in the media folder."""

import asyncio
from collections.abc import Coroutine
import contextlib
from functools import partial
import logging
from typing import Any

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.helpers.start import async_at_started
from homeassistant.helpers.typing import ConfigType

from .accounts import KINDS, kind_of, token_store
from .accounts.access_token import access_token_of
from .accounts.source import async_create_source
from .accounts.webhook import async_listen
from .arrivals import Arrivals, async_forget_issues, async_remove_config_entry_device
from .automatic_saving import async_request_clip, rules_of
from .back_fill import async_make_back_fill, async_resume_back_fill
from .const import CONF_DOWNLOADS_AT_ONCE, DEFAULT_DOWNLOADS_AT_ONCE, DOMAIN
from .coordinator import (
    Account,
    CamerasCoordinator,
    ClipConfigEntry,
    EventPoller,
    named_streams,
)
from .copies import async_remove_copies, async_setup_copies, async_unload_copies
from .copy_kinds import is_target
from .copy_pictures import async_setup_copy_pictures
from .downloads import async_setup_downloads
from .engine.errors import ClipError, StorageError
from .engine.events.monitor import EventMonitor
from .engine.events.saver import EventSaver
from .engine.events.store import EventStore
from .engine.model import Job, JobState
from .engine.pipeline.jobs import Jobs, forget
from .engine.sources.base import Source
from .entity import camera_entity_id, job_failed, job_saved
from .errors import raise_setup_error
from .event import async_announce
from .exports import async_setup_exports
from .issues import async_check_issues, async_forget_account, async_update_issues
from .job_feed import async_job_feed, has_failed
from .panel import async_setup_panel
from .paths import media_folders
from .pictures import async_setup_pictures
from .retention import CLIPS_SAVED, RetentionManager
from .runtime import Shared, async_shared
from .services import async_setup_services
from .services.response import EVENT_FAILED, EVENT_SAVED, answer
from .shares import async_setup_shares
from .turns import async_turn
from .websocket_api import async_setup_websocket_api

__all__ = ["async_remove_config_entry_device"]

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)
PLATFORMS = [
    Platform.BUTTON,
    Platform.CAMERA,
    Platform.EVENT,
    Platform.IMAGE,
    Platform.NUMBER,
    Platform.SENSOR,
    Platform.SWITCH,
]

# Events are polled too, so that push may be away for a while. Each attempt where it is
# never possible would add to the log.
LISTEN_AGAIN_S = 15 * 60
LISTEN_AGAIN_LATEST_S = 12 * 60 * 60

_LOGGER = logging.getLogger(__name__)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Set up the actions, the commands and the panel."""
    async_setup_services(hass)
    async_setup_websocket_api(hass)
    async_setup_copy_pictures(hass)
    async_setup_downloads(hass)
    async_setup_exports(hass)
    async_setup_pictures(hass)
    await async_setup_shares(hass)
    await async_setup_panel(hass)
    for kind in KINDS.values():
        if kind.shared_sign_in:
            kind.shared_sign_in.async_follow_lenders(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: ClipConfigEntry) -> bool:
    """Set up an account, and go on with its unfinished jobs; or a place for copies."""
    if is_target(entry):
        return await async_setup_copies(hass, entry)
    shared = await async_shared(hass)
    shared.async_use(hass, entry)
    await token_store.async_restore(hass, entry)
    source = await _async_source(hass, entry)
    entry.async_on_unload(source.aclose)
    coordinator = CamerasCoordinator(hass, entry, source, Arrivals(hass, entry).settle)
    await coordinator.async_config_entry_first_refresh()
    poller = EventPoller(hass, entry)
    account = _account(hass, entry, shared, coordinator, poller)
    entry.runtime_data = account
    await _async_add_entities(hass, entry)
    # First, so that the saver joins the jobs that go on, and starts none of them anew.
    await account.jobs.resume()
    await async_resume_back_fill(hass, entry, shared)

    @callback
    def follow_events(hass: HomeAssistant) -> None:
        poller.async_start()
        entry.async_create_background_task(
            hass, _async_listen_for_pushes(hass, entry), f"listening to {entry.title}"
        )

    # What happened is read a moment later: Home Assistant's start waits for nobody.
    entry.async_on_unload(async_at_started(hass, follow_events))
    async_check_issues(hass, entry, shared.library, shared.executors)
    # The account's limits may have changed.
    shared.retention.async_prune()
    # Last: a webhook is only answered for an account that is loaded.
    async_listen(hass, entry)
    return True


async def _async_add_entities(hass: HomeAssistant, entry: ClipConfigEntry) -> None:
    """Add the entities; what they show of the library is read in one go."""
    account = entry.runtime_data
    camera_ids = [camera.id for camera in account.coordinator.listed()]
    # Where it cannot be read, each entity says so.
    with contextlib.suppress(StorageError):
        clips = await account.jobs.last_saved_clips(camera_ids)
        account.last_clips.update({one: clips.get(one) for one in camera_ids})
    for platform in PLATFORMS:
        # All at once, those of many cameras would hold the event loop.
        await hass.config_entries.async_forward_entry_setups(entry, [platform])
        await async_turn(hass)
    # They change from here on.
    account.last_clips.clear()


async def _async_source(hass: HomeAssistant, entry: ClipConfigEntry) -> Source:
    """Return the source of an account."""
    kind = kind_of(entry)
    with raise_setup_error():
        return await async_create_source(
            hass,
            kind,
            entry.data,
            keep_credentials=lambda changed: _async_keep(hass, entry, changed),
            flush_credentials=partial(token_store.async_save, hass, entry),
            named_cameras=named_streams(entry.subentries.values()),
            access_token=access_token_of(hass, kind, entry),
            options=entry.options,
        )


@callback
def _account(
    hass: HomeAssistant,
    entry: ClipConfigEntry,
    shared: Shared,
    coordinator: CamerasCoordinator,
    poller: EventPoller,
) -> Account:
    """Connect what runs for an account; nothing of it is started yet."""
    source = coordinator.source
    spawn = partial(_async_spawn, hass, entry, shared)
    jobs = Jobs(
        account_id=entry.entry_id,
        account_name=entry.title,
        source=source,
        library=shared.library,
        find_camera=coordinator.camera,
        downloads_at_once=int(
            entry.options.get(CONF_DOWNLOADS_AT_ONCE, DEFAULT_DOWNLOADS_AT_ONCE)
        ),
        executors=shared.executors,
        spawn=spawn,
        on_changed=async_job_feed(hass).async_changed,
        on_ended=partial(_async_job_ended, hass, entry, shared.retention),
        sign_in_again=lambda: entry.async_start_reauth(hass),
        reserve_space=shared.retention.reserve_space,
    )
    event_store = EventStore(shared.library, entry.entry_id, media_folders(hass))
    back_fill = async_make_back_fill(hass, entry, shared, coordinator, jobs)
    saver = EventSaver(
        source=source,
        store=event_store,
        cameras=coordinator.listed,
        rules=partial(rules_of, entry),
        save=partial(async_request_clip, hass, entry, is_automatic=True),
        back_fill=back_fill,
        spawn=spawn,
    )
    monitor = EventMonitor(
        source=source,
        store=event_store,
        saver=saver,
        cameras=coordinator.listed,
        announce=partial(async_announce, hass, entry),
        poll_soon=poller.async_poll_soon,
        spawn=spawn,
    )
    return Account(
        source=source,
        coordinator=coordinator,
        jobs=jobs,
        event_store=event_store,
        back_fill=back_fill,
        saver=saver,
        monitor=monitor,
    )


@callback
def _async_spawn(
    hass: HomeAssistant,
    entry: ClipConfigEntry,
    shared: Shared,
    work: Coroutine[Any, Any, None],
    name: str,
) -> asyncio.Task[None]:
    """Start a task that ends with the account, or with Home Assistant."""
    task = entry.async_create_background_task(hass, work, name)
    if shared.is_ending:
        # Home Assistant cancels such tasks when it begins to stop, and none after that.
        task.cancel()
    return task


async def async_unload_entry(hass: HomeAssistant, entry: ClipConfigEntry) -> bool:
    """Unload an account; its unfinished jobs go on when it is set up again."""
    if is_target(entry):
        return await async_unload_copies(hass, entry)
    is_unloaded = True
    for platform in PLATFORMS:
        is_unloaded &= await hass.config_entries.async_unload_platforms(
            entry, [platform]
        )
        await async_turn(hass)
    return is_unloaded


async def async_remove_entry(hass: HomeAssistant, entry: ClipConfigEntry) -> None:
    """Forget the jobs of a removed account; its clips stay where they are."""
    if is_target(entry):
        await async_remove_copies(hass, entry)
        return
    async_forget_issues(hass, entry)
    async_forget_account(hass, entry)
    shared = await async_shared(hass)
    await forget(shared.library, entry.entry_id, shared.executors)
    await token_store.async_forget(hass, entry)


async def _async_listen_for_pushes(hass: HomeAssistant, entry: ClipConfigEntry) -> None:
    """Pass the cloud's pushes on to the monitor, where the cloud sends any."""
    account = entry.runtime_data
    kind = kind_of(entry)
    if kind.shared_sign_in and (lender_id := kind.lender_id(entry.data)):
        await kind.shared_sign_in.listen(hass, lender_id, account.monitor.on_push)
    pause_s = LISTEN_AGAIN_S
    level = logging.WARNING
    while True:
        try:
            await account.source.listen(account.monitor.on_push)
        except ClipError as err:
            _LOGGER.log(
                level, "No pushes for %s, so it is only polled: %s", entry.title, err
            )
            level = logging.DEBUG
        else:
            return
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, LISTEN_AGAIN_LATEST_S)


@callback
def _async_keep(
    hass: HomeAssistant, entry: ClipConfigEntry, changed: dict[str, object]
) -> None:
    """Store credentials that the cloud has rotated."""
    hass.config_entries.async_update_entry(entry, data={**entry.data, **changed})


@callback
def _async_job_ended(
    hass: HomeAssistant, entry: ClipConfigEntry, retention: RetentionManager, job: Job
) -> None:
    """Fire the bus event of a job that ended, and update the entities.

    An event that is tried several times fires for its first failure and for its last. A
    back-fill says at its end what it could not have, and its clips are old: none of them
    is a camera's last one.
    """
    saver = entry.runtime_data.saver
    is_in_back_fill = saver.is_in_back_fill(job)
    async_update_issues(hass, entry, job, is_old=is_in_back_fill)
    # The back-fill waits for others.
    saver.save_due()
    if job.state is JobState.FAILED and (
        is_in_back_fill or saver.is_known_failure(job)
    ):
        return
    entity_id = camera_entity_id(hass, entry.entry_id, job.camera_id)
    hass.bus.async_fire(
        EVENT_SAVED if job.state is JobState.SAVED else EVENT_FAILED,
        {
            "entity_id": entity_id,
            **({"back_fill": True} if is_in_back_fill else {}),
            **answer(hass, job),
        },
    )
    if job.state is JobState.SAVED:
        if not is_in_back_fill:
            async_dispatcher_send(hass, job_saved(entry, job.camera_id), job)
        async_dispatcher_send(hass, CLIPS_SAVED, job.clips)
        retention.async_prune()
    elif has_failed(job):
        async_dispatcher_send(hass, job_failed(entry), job)
