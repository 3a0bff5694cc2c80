"""Deletes clips by the limits, and reports it."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
import contextlib
from dataclasses import asdict
from datetime import datetime, timedelta
import logging
from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey
from homeassistant.util.signal_type import SignalType

from .accounts import all_accounts
from .const import CONF_FREE_GB, CONF_KEEP_DAYS, CONF_MOST_GB, DOMAIN
from .engine.errors import StorageError, size_in_words
from .engine.library.database import Library
from .engine.library.export import EXPORT, clear
from .engine.library.queries import ClipQueries
from .engine.library.retention import DeletionResult, Limits, Pruned, Pruning
from .engine.model import Clip
from .engine.storage import Storages
from .paths import media_folders

_LOGGER = logging.getLogger(__name__)

EVENT_DELETED = f"{DOMAIN}_deleted"
DATA_COMMON_LIMITS: HassKey[Limits] = HassKey(f"{DOMAIN}_limits")
# Sent with the clips of a job that is saved.
CLIPS_SAVED: SignalType[tuple[Clip, ...]] = SignalType(f"{DOMAIN}_clips_saved")
# Sent with the clips that were deleted.
CLIPS_DELETED: SignalType[tuple[Clip, ...]] = SignalType(f"{DOMAIN}_gone")
# Sent with the clips that were kept, released or labelled, as they are now.
CLIPS_CHANGED: SignalType[tuple[Clip, ...]] = SignalType(f"{DOMAIN}_changed")

PRUNE_INTERVAL = timedelta(hours=1)
# How long a clip waits for pruning: then it is published, even if a limit is exceeded.
PRUNE_TIMEOUT_S = 10.0
# How many paths the bus event lists.
MOST_PATHS = 100


class RetentionManager:
    """Prunes clips every hour, and before and after each one that is saved."""

    def __init__(
        self, hass: HomeAssistant, library: Library, storages: Storages
    ) -> None:
        """Take the library of all accounts, and the storages of their clips."""
        self.hass = hass
        self._queries = ClipQueries(library)
        self.pruning = Pruning(self._queries, storages)
        self.next_at = dt_util.utcnow() + PRUNE_INTERVAL
        self._publish_lock = asyncio.Lock()
        self._prune_lock = asyncio.Lock()
        # The pass that has not begun yet.
        self._next_pass: asyncio.Task[None] | None = None
        self._has_failed = False

    @callback
    def async_start(self) -> CALLBACK_TYPE:
        """Prune every hour; return what ends it."""
        self.next_at = dt_util.utcnow() + PRUNE_INTERVAL
        return async_track_time_interval(
            self.hass, self._every_hour, PRUNE_INTERVAL, cancel_on_shutdown=True
        )

    async def async_resume(self) -> None:
        """Begin to complete deletions and exports that a kill of Home Assistant interrupted.

        Others may begin once this returns. Raises StorageError.
        """
        exports = await self._queries.interrupted_tasks(EXPORT)
        self.hass.async_create_background_task(
            self._resume(exports), "complete interrupted deletions and exports"
        )

    async def _resume(self, exports: list[str]) -> None:
        roots = media_folders(self.hass)
        try:
            self.async_report_deleted(await self.pruning.resume(roots), "deleted")
            for work in exports:
                await self.hass.async_add_executor_job(clear, Path(work), roots)
            await self._queries.end_tasks(EXPORT, exports)
        except (StorageError, OSError) as err:
            _LOGGER.warning(
                "Could not finish interrupted deletions and exports: %s", err
            )

    @callback
    def async_prune(self) -> asyncio.Task[None]:
        """Prune soon; all calls before a pass begins share that pass."""
        if self._next_pass is None:
            self._next_pass = self.hass.async_create_background_task(
                self._prune(), "prune clips", eager_start=False
            )
        return self._next_pass

    @contextlib.asynccontextmanager
    async def reserve_space(self) -> AsyncIterator[None]:
        """Prune, then let one clip at a time be published.

        So the limits are exceeded by one clip at most.
        """
        async with self._publish_lock:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PRUNE_TIMEOUT_S):
                    await asyncio.shield(self.async_prune())
            async with self.pruning.lock:
                yield

    async def limits(self) -> dict[str | None, Limits]:
        """Return the limits that are set, by account id; None is all accounts together."""
        limits: dict[str | None, Limits] = {
            entry.entry_id: account_limits(entry)
            for entry in all_accounts(self.hass)
            if not entry.disabled_by
        }
        limits[None] = await async_common_limits(self.hass)
        return {of: limit for of, limit in limits.items() if limit != Limits()}

    async def limits_of(self, account_id: str) -> list[tuple[str | None, Limits]]:
        """Return the limits that hold for an account: its own, and those of all."""
        limits = await self.limits()
        return [(of, limits[of]) for of in (account_id, None) if of in limits]

    async def left_bytes(self, account_id: str) -> int | None:
        """Return how much an account may save before a limit of size deletes clips for it.

        None is any amount; it is negative if it is too much already. Raises StorageError.
        """
        left = [
            limit.most_bytes - await self._queries.total_size(of)
            for of, limit in await self.limits_of(account_id)
            if limit.most_bytes is not None
        ]
        return min(left, default=None)

    async def plan(self) -> Pruned:
        """Return what the next pass will delete. Raises StorageError."""
        limits = await self.limits()
        return await self.pruning.plan(limits, media_folders(self.hass), self.next_at)

    async def keep(self, ids: Iterable[str], *, kept: bool) -> list[Clip]:
        """Keep clips, or release them; return those that there are, as they are now.

        Raises StorageError.
        """
        clips = await self.pruning.keep(ids, media_folders(self.hass), kept=kept)
        async_dispatcher_send(self.hass, CLIPS_CHANGED, tuple(clips))
        return clips

    async def label(self, ids: Iterable[str], label: str) -> list[Clip]:
        """Label clips; return those that there are, as they are now.

        Raises StorageError if one cannot be labelled; those after it stay as they were.
        """
        labelled: dict[str, Clip | None] = {}
        roots = media_folders(self.hass)
        try:
            for clip_id in ids:
                labelled[clip_id] = await self.pruning.label(clip_id, roots, label)
        finally:
            clips = [clip for clip in labelled.values() if clip]
            async_dispatcher_send(self.hass, CLIPS_CHANGED, tuple(clips))
        return clips

    async def delete(self, clips: Sequence[Clip]) -> DeletionResult:
        """Delete clips, but for those that are spared; report which were deleted.

        Raises StorageError.
        """
        done = await self.pruning.delete(clips, media_folders(self.hass))
        self.async_report_deleted(done.gone, "deleted")
        return done

    @callback
    def async_report_deleted(self, clips: Iterable[Clip], reason: str) -> None:
        """Fire the bus event of deleted clips, and update the entities."""
        clips = list(clips)
        if not clips:
            return
        self.hass.bus.async_fire(
            EVENT_DELETED,
            {
                "reason": reason,
                "count": len(clips),
                "paths": [str(clip.path) for clip in clips[:MOST_PATHS]],
            },
        )
        async_dispatcher_send(self.hass, CLIPS_DELETED, tuple(clips))

    async def _every_hour(self, now: datetime) -> None:
        self.next_at = dt_util.utcnow() + PRUNE_INTERVAL
        await self.async_prune()

    async def _prune(self) -> None:
        async with self._prune_lock:
            # A call from now on needs another pass: it may be about a newer clip.
            self._next_pass = None
            try:
                limits = await self.limits()
                now = dt_util.utcnow()
                pruned = await self.pruning.prune(limits, media_folders(self.hass), now)
            except (StorageError, OSError) as err:
                if not self._has_failed:
                    _LOGGER.warning("Could not delete clips automatically: %s", err)
                self._has_failed = True
                return
            self._has_failed = False
            self._report_unmet(pruned.unmet)
            self.async_report_deleted((due.clip for due in pruned.gone), "limit")

    @callback
    def _report_unmet(self, unmet: Mapping[str | None, int]) -> None:
        """Have a repair issue for each limit that pruning cannot meet."""
        entries: dict[str | None, ConfigEntry] = {
            entry.entry_id: entry for entry in all_accounts(self.hass)
        }
        for account_id in (None, *entries):
            issue_id = f"limit_not_met_{account_id or 'all'}"
            if account_id not in unmet:
                ir.async_delete_issue(self.hass, DOMAIN, issue_id)
                continue
            entry = entries.get(account_id)
            ir.async_create_issue(
                self.hass,
                DOMAIN,
                issue_id,
                is_fixable=False,
                severity=ir.IssueSeverity.WARNING,
                translation_key="limit_not_met" if entry else "common_limit_not_met",
                translation_placeholders={
                    "account": entry.title if entry else "",
                    "size": size_in_words(unmet[account_id]),
                },
            )


VERSION = 1
# Decimal, as the sizes of disks are.
GB = 10**9


def typed_limits(typed: Mapping[str, Any]) -> Limits:
    """Return the limits that a person typed in, in days and gigabytes; 0 is none."""
    return Limits(
        keep_days=typed.get(CONF_KEEP_DAYS) or None,
        most_bytes=round(typed.get(CONF_MOST_GB, 0) * GB) or None,
        free_bytes=round(typed.get(CONF_FREE_GB, 0) * GB) or None,
    )


def shown_limits(limits: Limits) -> dict[str, float]:
    """Return limits in the units of the form."""
    return {
        CONF_KEEP_DAYS: limits.keep_days or 0,
        CONF_MOST_GB: (limits.most_bytes or 0) / GB,
        CONF_FREE_GB: (limits.free_bytes or 0) / GB,
    }


def account_limits(entry: ConfigEntry) -> Limits:
    """Return the limits of an account's own clips."""
    return typed_limits(entry.options)


async def async_common_limits(hass: HomeAssistant) -> Limits:
    """Return the limits of all accounts' clips together."""
    # Read once: each clip that is saved asks for them.
    if (limits := hass.data.get(DATA_COMMON_LIMITS)) is None:
        stored = await _store(hass).async_load()
        limits = Limits(**stored) if stored else Limits()
        hass.data[DATA_COMMON_LIMITS] = limits
    return limits


async def async_set_common_limits(hass: HomeAssistant, limits: Limits) -> None:
    """Store the limits of all accounts' clips together."""
    await _store(hass).async_save(asdict(limits))
    hass.data[DATA_COMMON_LIMITS] = limits


def _store(hass: HomeAssistant) -> Store[dict[str, Any]]:
    return Store(hass, VERSION, f"{DOMAIN}.limits")
