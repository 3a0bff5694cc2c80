"""Fetches the recordings that an account's cloud still has."""

from collections.abc import Iterable
from datetime import timedelta
from functools import partial
import shutil
from typing import Any

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.util import dt as dt_util
from homeassistant.util.signal_type import SignalType

from .automatic_saving import async_request_clip
from .const import (
    CONF_BACK_FILL,
    CONF_DOWNLOADS_AT_ONCE,
    DEFAULT_DOWNLOADS_AT_ONCE,
    DOMAIN,
)
from .coordinator import CamerasCoordinator, ClipConfigEntry
from .engine.errors import (
    ClipError,
    InvalidRequestError,
    StorageError,
    size_in_words,
    storage_error,
)
from .engine.events.back_fill import BackFill, Estimate, Report, estimate, reach
from .engine.events.store import EventStore
from .engine.model import Camera
from .engine.pipeline.jobs import Jobs
from .engine.sources.base import Source
from .engine.storage import Storages
from .engine.time_range import Window
from .entity import camera_entity_id
from .errors import action_error
from .paths import media_folder
from .retention import GB, RetentionManager
from .runtime import Shared
from .texts import async_cached_texts

EVENT_BACK_FILL_ENDED = f"{DOMAIN}_back_fill_ended"
# Sent with the account whose back-fill has come further, or ended.
BACK_FILL_CHANGED: SignalType[ClipConfigEntry] = SignalType(f"{DOMAIN}_back_fill")
# How long a person waits for an estimate.
ESTIMATE_WITHIN_S = 15.0
# How long one recording is tried: others wait meanwhile, and it is tried again.
FETCH_TIMEOUT = timedelta(minutes=2)
# What is left free on a disk without a limit of its own, and within a limit of size.
LEAST_FREE_BYTES = GB
LEAST_LEFT_BYTES = GB // 20
# How many reasons are told.
MOST_REASONS = 5


async def async_estimate(
    source: Source, cameras: Iterable[Camera], most: timedelta | None = None
) -> Estimate | None:
    """Return how many recordings the cloud still has, about how large, since when.

    `most` is how far back to look at most. None if the cloud lists none. It takes 15 s at
    most, and tells what it has by then. Raises ClipError.
    """
    return await estimate(
        source, cameras, dt_util.utcnow(), most=most, within_s=ESTIMATE_WITHIN_S
    )


@callback
def async_make_back_fill(
    hass: HomeAssistant,
    entry: ClipConfigEntry,
    shared: Shared,
    coordinator: CamerasCoordinator,
    jobs: Jobs,
) -> BackFill:
    """Return the back-fill of an account; nothing of it is started yet."""
    downloads_at_once = int(
        entry.options.get(CONF_DOWNLOADS_AT_ONCE, DEFAULT_DOWNLOADS_AT_ONCE)
    )
    return BackFill(
        source=coordinator.source,
        store=EventStore(shared.library, entry.entry_id),
        cameras=coordinator.listed,
        save=partial(
            async_request_clip,
            hass,
            entry,
            timeout=FETCH_TIMEOUT,
            is_in_back_fill=True,
        ),
        # One download is always free for what somebody waits for.
        at_once=max(1, downloads_at_once - 1),
        is_busy=jobs.is_busy,
        check_room=partial(
            _async_check_room, hass, entry, shared.retention, shared.executors
        ),
        spawn=partial(entry.async_create_background_task, hass),
        on_changed=partial(async_dispatcher_send, hass, BACK_FILL_CHANGED, entry),
        on_ended=partial(_async_ended, hass, entry),
    )


async def async_resume_back_fill(
    hass: HomeAssistant, entry: ClipConfigEntry, shared: Shared
) -> None:
    """Go on with the back-fill of an account, or begin the one that its set-up asked for.

    Raises StorageError.
    """
    account = entry.runtime_data
    if not account.source.event_kinds:
        return
    if not entry.options.get(CONF_BACK_FILL):
        account.back_fill.resume()
        return
    await async_begin(entry, shared, account.coordinator.listed())
    options = {**entry.options}
    del options[CONF_BACK_FILL]
    hass.config_entries.async_update_entry(entry, options=options)


async def async_begin(
    entry: ClipConfigEntry,
    shared: Shared,
    cameras: Iterable[Camera],
    most: timedelta | None = None,
) -> None:
    """Begin to fetch what the cloud has of cameras, `most` far back at most.

    Raises InvalidRequestError where the cloud lists no recordings, StorageError.
    """
    account = entry.runtime_data
    check_offered(account.source)
    most = await async_reach(entry, shared, most)
    now = dt_util.utcnow()
    await account.back_fill.begin(
        {camera.id: Window(now - reach(camera, most), now) for camera in cameras}
    )


def check_offered(source: Source) -> None:
    """Raise InvalidRequestError where the cloud lists no recordings."""
    if not source.event_kinds:
        raise InvalidRequestError("back_fill_not_offered", cloud=source.manufacturer)


async def async_reach(
    entry: ClipConfigEntry, shared: Shared, most: timedelta | None
) -> timedelta | None:
    """Return how far back to fetch: what is older than clips may get is not wanted."""
    limits = [
        timedelta(days=limit.keep_days)
        for _, limit in await shared.retention.limits_of(entry.entry_id)
        if limit.keep_days
    ]
    return min([*limits, most] if most else limits, default=None)


async def _async_check_room(
    hass: HomeAssistant,
    entry: ClipConfigEntry,
    retention: RetentionManager,
    storages: Storages,
) -> None:
    """Raise StorageError where more clips would delete others, or fill the disk."""
    left_bytes = await retention.left_bytes(entry.entry_id)
    if left_bytes is not None and left_bytes < LEAST_LEFT_BYTES:
        raise StorageError("back_fill_at_limit")
    limits = await retention.limits_of(entry.entry_id)
    floors = [limit.free_bytes for _, limit in limits if limit.free_bytes]
    floor_bytes = max(floors, default=LEAST_FREE_BYTES)
    folder = media_folder(hass, entry)
    try:
        storage = await storages.storage_of(folder, [folder])
        usage = await storage.ask(shutil.disk_usage, folder)
    except OSError as err:
        raise storage_error(err) from err
    if usage.free < floor_bytes + LEAST_LEFT_BYTES:
        raise StorageError(
            "back_fill_disk_full",
            path=str(folder),
            free=size_in_words(usage.free),
            floor=size_in_words(floor_bytes),
        )


@callback
def _async_ended(hass: HomeAssistant, entry: ClipConfigEntry, report: Report) -> None:
    """Fire the bus event of a back-fill that ended."""
    texts = async_cached_texts(hass)

    def reason(camera_id: str, err: ClipError, window: str = "") -> str:
        entity_id = camera_entity_id(hass, entry.entry_id, camera_id)
        state = hass.states.get(entity_id) if entity_id else None
        name = state.name if state else camera_id
        return str(action_error(err, camera=name, window=window))

    reasons: list[dict[str, Any]] = [
        {"message": reason(camera_id, err), "count": None}
        for camera_id, err in report.refused.items()
    ]
    for one in report.failures:
        many = texts("some_recordings", count=one.count)
        window = many if one.count > 1 else texts("one_recording")
        message = reason(one.camera_id, one.error, window)
        reasons.append({"message": message, "count": one.count})
    hass.bus.async_fire(
        EVENT_BACK_FILL_ENDED,
        {
            "account": entry.title,
            "entity_id": er.async_get(hass).async_get_entity_id(
                Platform.SENSOR, DOMAIN, f"{entry.entry_id}_back_fill"
            ),
            "saved": sum(one.saved for one in report.fetched.values()),
            "failed": sum(one.failed for one in report.fetched.values()),
            "reasons": reasons[:MOST_REASONS],
        },
    )
