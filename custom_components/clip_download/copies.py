"""Copies of clips at a place outside: what runs for the entry of one."""

import asyncio
from collections.abc import Callable, Collection, Sequence
import contextlib
from dataclasses import dataclass, field
from datetime import time, timedelta
import json
import logging
from typing import Any, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_HOMEASSISTANT_CLOSE, Platform
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.dispatcher import (
    async_dispatcher_connect,
    async_dispatcher_send,
)
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey
from homeassistant.util.signal_type import SignalType

from .accounts import loaded_accounts
from .const import CONF_KEEP_DAYS, CONF_KIND, CONF_MOST_GB, DOMAIN
from .copy_kinds import TARGETS, is_target
from .engine.copies.away import AwayClips
from .engine.copies.copier import Copier
from .engine.copies.crypt import Crypt
from .engine.copies.place import CopyPlace
from .engine.copies.restore import NotCopiedError, fetch_one
from .engine.copies.retention import CopyLimits
from .engine.copies.store import Copy, CopyStore, MadeCopy, QueueStatus, Rule
from .engine.errors import ClipError, CloudError, SignInError
from .engine.library.database import Library
from .engine.library.queries import ClipQueries
from .engine.model import Clip
from .engine.targets.base import NoStoreError
from .engine.targets.limits import Bandwidth, Hours
from .errors import raise_setup_error, raise_update_error
from .paths import media_folder, media_folders
from .retention import CLIPS_SAVED, GB
from .runtime import async_shared

_LOGGER = logging.getLogger(__name__)

PLATFORMS = [Platform.SENSOR]
# Sent with the clips of which a copy was made or deleted.
COPIES_CHANGED: SignalType[tuple[Clip, ...]] = SignalType(f"{DOMAIN}_copies_changed")
# What an entry has besides what is typed: who we are there, and the key.
CONF_INSTANCE = "instance_id"
CONF_IDENTITY = "identity"

CONF_BEGIN = "begin"
CONF_CAMERAS = "cameras"
CONF_DELETE_WITH_CLIP = "delete_with_clip"
CONF_END = "end"
CONF_KEPT_ONLY = "kept_only"
CONF_KINDS = "kinds"
CONF_LABELS = "labels"
CONF_MOST_MBIT_S = "most_mbit_s"

STATUS_EVERY = timedelta(minutes=1)
BEHIND_AFTER = timedelta(days=1)
FAR_BEHIND_AFTER = timedelta(days=7)
BYTES_PER_MBIT = 10**6 // 8

_DATA_STORE: HassKey[CopyStore] = HassKey(f"{DOMAIN}_copies")
# Clips that are on their way home, by their id.
_DATA_FETCHES: HassKey[dict[str, _Fetching]] = HassKey(f"{DOMAIN}_fetches")


class CopiesCoordinator(DataUpdateCoordinator[QueueStatus]):
    """How far the copies of one place are; a person is asked to act where nothing else helps."""

    config_entry: CopiesConfigEntry

    def __init__(
        self, hass: HomeAssistant, entry: CopiesConfigEntry, store: CopyStore
    ) -> None:
        """Take the entry and the rows."""
        super().__init__(
            hass,
            _LOGGER,
            config_entry=entry,
            name=f"copies to {entry.title}",
            update_interval=STATUS_EVERY,
        )
        self._store = store

    @property
    def is_behind(self) -> bool:
        """Whether clips have waited for more than a day: nothing was copied, or too little.

        A large library takes days, in which its copies arrive one after the other.
        """
        since, now = self.data.waiting_since, dt_util.utcnow()
        if since is None or since > now - BEHIND_AFTER:
            return False
        copied_at = self.data.copied_at
        return (
            copied_at is None
            or copied_at < now - BEHIND_AFTER
            or since < now - FAR_BEHIND_AFTER
        )

    @override
    async def _async_update_data(self) -> QueueStatus:
        with raise_update_error(self.config_entry.title):
            self.data = await self._store.status(self.config_entry.entry_id)
        self._report()
        return self.data

    def _report(self) -> None:
        """Ask to sign in again, or have a repair issue while the copies are behind."""
        entry, status = self.config_entry, self.data
        if isinstance(status.error, SignInError):
            entry.async_start_reauth(self.hass)
        if not self.is_behind or status.waiting_since is None:
            ir.async_delete_issue(self.hass, DOMAIN, behind_id(entry))
            return
        ir.async_create_issue(
            self.hass,
            DOMAIN,
            behind_id(entry),
            is_fixable=False,
            severity=ir.IssueSeverity.WARNING,
            translation_key="copies_behind",
            translation_placeholders={
                "target": entry.title,
                "count": str(status.waiting),
                "since": f"{dt_util.as_local(status.waiting_since):%Y-%m-%d %H:%M}",
            },
        )


@dataclass(kw_only=True)
class Copies:
    """What runs for one entry."""

    store: CopyStore
    place: CopyPlace
    copier: Copier
    coordinator: CopiesCoordinator
    task: asyncio.Task[None] | None = None


type CopiesConfigEntry = ConfigEntry[Copies]


async def async_setup_copies(hass: HomeAssistant, entry: ConfigEntry[Any]) -> bool:
    """Go on with the copies of a place, whether it can be reached now or not."""
    shared = await async_shared(hass)
    shared.async_use(hass, entry)
    store = _store(hass, shared.library)
    options = entry.options
    with raise_setup_error():
        instance_id = await store.instance_id(entry.data.get(CONF_INSTANCE, ""))
        # First: what is saved from now on is noted, also while the place is away.
        as_json = json.dumps(dict(options), sort_keys=True, default=str)
        await store.set_target(entry.entry_id, _rule(entry), as_json)
        # What was wrong may have been changed: it is found out anew.
        await store.set_error(entry.entry_id, None)
        limit = Bandwidth(
            int(options.get(CONF_MOST_MBIT_S, 0) * BYTES_PER_MBIT) or None
        )
        kind = TARGETS[entry.data[CONF_KIND]]
        target = await kind.open(hass, entry.data, limit)
    entry.async_on_unload(target.aclose)

    async def close(event: Event) -> None:
        await target.aclose()

    # Nothing is unloaded when Home Assistant ends.
    entry.async_on_unload(hass.bus.async_listen_once(EVENT_HOMEASSISTANT_CLOSE, close))
    if CONF_INSTANCE not in entry.data:
        # A database that is lost must not make another instance of this one.
        hass.config_entries.async_update_entry(
            entry, data={**entry.data, CONF_INSTANCE: instance_id}
        )
    identity = entry.data.get(CONF_IDENTITY)
    place = CopyPlace(
        target, entry.entry_id, instance_id, Crypt(identity) if identity else None
    )
    coordinator = CopiesCoordinator(hass, entry, store)
    copier = _copier(hass, entry, place, coordinator, store)
    entry.runtime_data = Copies(
        store=store, place=place, copier=copier, coordinator=coordinator
    )
    await coordinator.async_config_entry_first_refresh()
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    entry.runtime_data.task = entry.async_create_background_task(
        hass, copier.run(), f"copy to {entry.title}"
    )

    @callback
    def wake(clips: object) -> None:
        copier.wake()

    entry.async_on_unload(async_dispatcher_connect(hass, CLIPS_SAVED, wake))
    return True


def _copier(
    hass: HomeAssistant,
    entry: CopiesConfigEntry,
    place: CopyPlace,
    coordinator: CopiesCoordinator,
    store: CopyStore,
) -> Copier:
    """Return what copies to a place, as its options say."""
    options = entry.options

    @callback
    def tell(copies: Sequence[Copy]) -> None:
        clips = tuple(copy.clip for copy in copies if copy.clip)
        async_dispatcher_send(hass, COPIES_CHANGED, clips)

    return Copier(
        store=store,
        place=place,
        roots=lambda: media_folders(hass),
        hours=Hours(begin=_time(options, CONF_BEGIN), end=_time(options, CONF_END)),
        limits=CopyLimits(
            keep_days=options.get(CONF_KEEP_DAYS) or None,
            most_bytes=int(options.get(CONF_MOST_GB, 0) * GB) or None,
        ),
        is_busy=lambda: any(
            one.runtime_data.jobs.is_busy() for one in loaded_accounts(hass)
        ),
        on_change=_refresher(hass, entry, coordinator),
        on_copies=tell,
        now=dt_util.now,
    )


async def async_unload_copies(hass: HomeAssistant, entry: ConfigEntry[Any]) -> bool:
    """Stop copying; what is not copied yet is when the entry is loaded again."""
    if not await hass.config_entries.async_unload_platforms(entry, PLATFORMS):
        return False
    if task := entry.runtime_data.task:
        # Before the connections are closed, which it uses.
        task.cancel()
        await asyncio.wait([task])
    return True


async def async_remove_copies(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Forget the rows of a place; the copies there stay."""
    ir.async_delete_issue(hass, DOMAIN, behind_id(entry))
    shared = await async_shared(hass)
    await _store(hass, shared.library).forget_target(entry.entry_id)


async def async_copies_of(
    hass: HomeAssistant, clip_ids: Collection[str]
) -> dict[str, list[tuple[ConfigEntry, MadeCopy]]]:
    """Return the copies of clips, and those that wait, with the entry of their place.

    Where no place is set up, nothing is looked for.
    """
    entries = hass.config_entries.async_entries(DOMAIN)
    places = {entry.entry_id: entry for entry in entries if is_target(entry)}
    if not places:
        return {}
    store = _store(hass, (await async_shared(hass)).library)
    return {
        clip_id: [
            (places[copy.target_id], copy)
            for copy in copies
            if copy.target_id in places
        ]
        for clip_id, copies in (await store.made_of(clip_ids)).items()
    }


async def async_away(hass: HomeAssistant) -> AwayClips | None:
    """Return the clips of which there are copies only, None without a place for copies."""
    if not _has_place(hass):
        return None
    return AwayClips(_store(hass, (await async_shared(hass)).library))


@dataclass
class _Fetching:
    """A clip on its way home, and who hears how much of it is there."""

    task: asyncio.Task[Clip] | None = None
    listeners: list[Callable[[int], object]] = field(default_factory=list)

    @callback
    def async_tell(self, done_bytes: int) -> None:
        """Tell how much of it is there."""
        for listener in list(self.listeners):
            listener(done_bytes)


async def async_fetch_clip(
    hass: HomeAssistant,
    clip_id: str,
    on_bytes: Callable[[int], object] = lambda done_bytes: None,
) -> Clip:
    """Return a clip that is at home, or comes home now; whoever asks may see it.

    All who ask for one at once wait for the same. Raises ClipError.
    """
    fetches = hass.data.setdefault(_DATA_FETCHES, {})
    fetching = fetches.setdefault(clip_id, _Fetching())
    if fetching.task is None:
        fetching.task = hass.async_create_background_task(
            _async_fetch(hass, clip_id, fetching.async_tell),
            "fetch a clip from its copy",
            eager_start=False,
        )
        fetching.task.add_done_callback(lambda done: fetches.pop(clip_id))
    fetching.listeners.append(on_bytes)
    try:
        # It goes on if who asked goes away.
        return await asyncio.shield(fetching.task)
    finally:
        fetching.listeners.remove(on_bytes)


async def _async_fetch(
    hass: HomeAssistant, clip_id: str, on_bytes: Callable[[int], object]
) -> Clip:
    """Fetch a clip from the first place that has it. Raises ClipError."""
    library = (await async_shared(hass)).library
    known = await ClipQueries(library).clip(clip_id)
    failure: ClipError = NotCopiedError("copy_not_found")
    for entry in _places(hass):
        try:
            clip = await fetch_one(
                entry.runtime_data.store,
                entry.runtime_data.place,
                clip_id,
                media_folder(hass, None),
                media_folders(hass),
                now=dt_util.utcnow(),
                on_bytes=on_bytes,
            )
        except NoStoreError:
            # Also where its file is gone, or the whole folder.
            continue
        except ClipError as err:
            failure = err
            continue
        if clip != known:
            async_dispatcher_send(hass, CLIPS_SAVED, (clip,))
        return clip
    raise failure


async def async_copied_picture(hass: HomeAssistant, clip_id: str) -> bytes | None:
    """Return the picture of a clip's copy, None if none can be had. Raises StorageError."""
    for entry in _places(hass):
        store, place = entry.runtime_data.store, entry.runtime_data.place
        for copy in await store.of_clips(entry.entry_id, [clip_id]):
            with contextlib.suppress(CloudError):
                if picture := await place.picture(copy.name):
                    return picture
    return None


@callback
def _places(hass: HomeAssistant) -> list[CopiesConfigEntry]:
    """Return the places that are loaded."""
    return [
        entry
        for entry in hass.config_entries.async_loaded_entries(DOMAIN)
        if is_target(entry)
    ]


@callback
def _has_place(hass: HomeAssistant) -> bool:
    """Return whether there is a place for copies, loaded or not."""
    return any(map(is_target, hass.config_entries.async_entries(DOMAIN)))


def behind_id(entry: ConfigEntry) -> str:
    """Return the id of the issue that the copies of an entry are behind."""
    return f"copies_behind_{entry.entry_id}"


def _store(hass: HomeAssistant, library: Library) -> CopyStore:
    """Return the rows of all places: one object knows them all."""
    return hass.data.setdefault(_DATA_STORE, CopyStore(library))


def _refresher(
    hass: HomeAssistant, entry: CopiesConfigEntry, coordinator: CopiesCoordinator
) -> Callable[[], object]:
    """Return what has the state read again, soon and not for each copy."""
    return lambda: entry.async_create_background_task(
        hass, coordinator.async_request_refresh(), f"look at {entry.title}"
    )


def _rule(entry: ConfigEntry) -> Rule:
    """Return which clips are copied: what is not chosen does not matter."""
    options = entry.options
    cameras = [one.partition("/") for one in options.get(CONF_CAMERAS, ())]
    return Rule(
        kept_only=options.get(CONF_KEPT_ONLY, False),
        cameras={(account_id, camera_id) for account_id, _, camera_id in cameras}
        or None,
        labels=set(options.get(CONF_LABELS, ())) or None,
        kinds=set(options.get(CONF_KINDS, ())) or None,
        delete_with_clip=options.get(CONF_DELETE_WITH_CLIP, False),
    )


def _time(options: Any, name: str) -> time | None:
    return dt_util.parse_time(options[name]) if options.get(name) else None
