"""The actions that verify clips, and export them as a ZIP."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
import time
from typing import Any

import voluptuous as vol

from homeassistant.const import EVENT_HOMEASSISTANT_CLOSE
from homeassistant.core import (
    Event,
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    callback,
)
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.singleton import singleton
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..engine.errors import storage_error
from ..engine.library import files
from ..engine.library.export import EXPORT, SUFFIX, Exported, export, work_name
from ..engine.library.queries import ClipQueries
from ..engine.library.verify import Finding, State, lower_priority, verify
from ..engine.model import Clip
from ..errors import action_error
from ..paths import media_folder, media_folders
from ..runtime import async_shared
from ..texts import async_cached_texts
from . import response
from .copies import async_verify_copies
from .selection import SELECTION_FIELDS, SELECTION_SCHEMA, Selection, async_select
from .targets import async_unless_stopped, names_of, raising_as_asked

DEFAULT_EXPORT = "clip_download/exports/%Y-%m-%d_%H-%M-%S"

VERIFY_CLIPS_SCHEMA = vol.Schema(
    {**SELECTION_SCHEMA, vol.Optional("copies", default=False): cv.boolean}
)
EXPORT_CLIPS_SCHEMA = vol.Schema(
    {**SELECTION_SCHEMA, vol.Optional("filename"): cv.string}
)


@dataclass(frozen=True)
class _Reading:
    """The thread in which whole clips are read; one ZIP is made at a time."""

    thread: Executor
    exporting: asyncio.Lock


@singleton("clip_download_reading")
@callback
def _reading(hass: HomeAssistant) -> _Reading:
    """Return the thread, which lives until Home Assistant ends."""
    thread = ThreadPoolExecutor(
        1, thread_name_prefix="clip_reader", initializer=lower_priority
    )

    async def close(event: Event) -> None:
        await hass.async_add_executor_job(thread.shutdown)

    hass.bus.async_listen_once(EVENT_HOMEASSISTANT_CLOSE, close)
    return _Reading(thread, asyncio.Lock())


async def async_verify_clips(call: ServiceCall) -> ServiceResponse:
    """Read the files of clips again, and return which have changed."""
    hass = call.hass
    selection = await async_select(call)
    shared = await async_shared(hass)
    began_s = time.monotonic()
    with raising_as_asked(call, selection.entity_ids, SELECTION_FIELDS):
        verified = await _async_read(
            hass,
            verify(
                ClipQueries(shared.library),
                selection.clips(),
                media_folders(hass),
                _reading(hass).thread,
            ),
            "verify clips",
        )
        copies = (
            await _async_read(
                hass,
                async_verify_copies(
                    hass, [clip.id async for clip in selection.clips()]
                ),
                "verify copies",
            )
            if call.data["copies"]
            else []
        )
    answer: response.VerifyAnswer = {
        "checked": verified.ok + len(verified.others),
        "ok": verified.ok,
        **_findings(hass, verified.others),
        "bytes_read": verified.bytes_read,
        "seconds": round(time.monotonic() - began_s, 3),
        "copies": copies,
    }
    return response.as_response(answer)


async def async_export_clips(call: ServiceCall) -> ServiceResponse:
    """Copy clips into a ZIP, and return where it is."""
    hass = call.hass
    selection = await async_select(call)
    now = dt_util.now()
    filename = call.data.get("filename") or f"{now:{DEFAULT_EXPORT}}"
    with raising_as_asked(call, selection.entity_ids, SELECTION_FIELDS):
        target = await hass.async_add_executor_job(
            files.target_inside,
            _media_folder(hass, selection),
            files.safe_relative_path(filename, SUFFIX),
        )
        try:
            done = await async_export(hass, selection.clips, target, now=now)
        except OSError as err:
            raise action_error(
                storage_error(err),
                camera=names_of(hass, selection.entity_ids),
                window=filename,
            ) from err
    if not call.return_response:
        return None
    answer: response.ExportAnswer = {
        "path": str(done.path),
        "count": done.count,
        "size_bytes": done.size_bytes,
        "sha256": done.sha256,
        **_findings(hass, done.others),
    }
    return response.as_response(answer)


async def async_export(
    hass: HomeAssistant,
    choose: Callable[[], AsyncIterator[Clip]],
    target: Path,
    *,
    now: datetime,
    on_bytes: Callable[[int], object] | None = None,
) -> Exported:
    """Copy clips into `target`.zip, or the next free name: one export after the other.

    `choose` yields the clips, and is called twice; `on_bytes` hears how many bytes of
    them are done. Raises HomeAssistantError if Home Assistant stops, ClipError, OSError.
    """
    queries = ClipQueries((await async_shared(hass)).library)
    mounts = await queries.mounts()
    work = work_name()
    reading = _reading(hass)

    async def run() -> Exported:
        # Recorded before it is made: after a kill it is removed.
        async with queries.tasks(EXPORT, [str(target.parent / work)]):
            return await export(
                choose,
                target,
                media_folders(hass),
                reading.thread,
                now=now,
                words=async_cached_texts(hass),
                mounts=mounts,
                work=work,
                on_bytes=on_bytes,
            )

    async with reading.exporting:
        return await _async_read(hass, run(), "export clips")


def _findings(hass: HomeAssistant, others: Iterable[Finding]) -> response.Findings:
    """Return the clips that have changed, by their state: plain JSON."""
    result: dict[State, list[response.NamedClip]] = {state: [] for state in State}
    away = Counter[str]()
    roots = media_folders(hass)
    for one in others:
        path = one.clip.path
        if one.state is State.AWAY:
            # All clips of a folder are away for the same reason.
            away[str(files.subfolder_of(path, roots) or path.parent)] += 1
            continue
        about: response.NamedClip = {"clip_id": one.clip.id, "path": str(path)}
        if one.state is State.CHANGED:
            about |= {"expected": one.clip.sha256, "found": one.sha256}
        elif one.reason:
            about["reason"] = one.reason
        result[one.state].append(about)
    return {
        "changed": result[State.CHANGED],
        "gone": result[State.GONE],
        "unreadable": result[State.UNREADABLE],
        "unknown": result[State.UNKNOWN],
        "away": [{"path": path, "clips": count} for path, count in away.items()],
    }


def _media_folder(hass: HomeAssistant, selection: Selection) -> Path:
    """Return the media folder of the only account, else the first one.

    Raises InvalidRequestError.
    """
    entry = None
    if len(selection.accounts) == 1:
        (account_id,) = selection.accounts
        entry = hass.config_entries.async_get_entry(account_id)
    return media_folder(hass, entry)


async def _async_read[T](
    hass: HomeAssistant, work: Coroutine[Any, Any, T], name: str
) -> T:
    """Run a long task, until Home Assistant stops or the caller goes away."""
    return await async_unless_stopped(
        hass,
        hass.async_create_background_task(work, name),
        HomeAssistantError(
            translation_domain=DOMAIN, translation_key="reading_interrupted"
        ),
    )
