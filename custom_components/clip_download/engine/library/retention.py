"""Deletes clips: those that limits make due, and only files that are ours."""

import asyncio
from collections import Counter, deque
from collections.abc import (
    AsyncIterator,
    Callable,
    Collection,
    Coroutine,
    Iterable,
    Mapping,
    Sequence,
)
import contextlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
import errno
import hashlib
import os
from pathlib import Path
import shutil
import stat
import threading
import time
from typing import Self

from ..folder import File, Folder
from ..model import Clip
from ..storage import Storage, Storages, on, run_on_storage
from ..time_range import from_ms
from . import files, sidecar
from .queries import ClipQueries
from .sidecar import Sidecar

# How many clips are deleted under the lock at once, and for how long: saving a clip, or
# marking one as kept, waits for it.
AT_ONCE = 100
TURN_S = 0.5
# The kinds of tasks that are resumed after a kill; their subjects are clips.
_REMOVE, _KEEP, _RELEASE = "remove", "keep", "release"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """When clips are deleted; None is no limit.

    `keep_days` is how long clips stay, `most_bytes` their total size, and `free_bytes`
    what is left free on each disk that they are saved to.
    """

    keep_days: float | None = None
    most_bytes: int | None = None
    free_bytes: int | None = None


class Reason(StrEnum):
    """Why a clip is due."""

    AGE = "age"
    SIZE = "size"
    FREE_SPACE = "free_space"


@dataclass(frozen=True, kw_only=True)
class Due:
    """A clip that is deleted, or will be, and why."""

    clip: Clip
    reason: Reason


class Spared(StrEnum):
    """Why a clip was not deleted.

    AWAY: it cannot be reached now, as on a network drive that is not mounted. REFUSED:
    Home Assistant may not delete it.
    """

    KEPT = "kept"
    CHANGED = "changed"
    FOREIGN = "foreign"
    LINKED = "linked"
    AWAY = "away"
    REFUSED = "refused"


# These clips stay, but no others are deleted in their place: they go first once they can.
_WAITING = (Spared.AWAY, Spared.REFUSED)
# The meaning of errors; all others mean AWAY.
_TROUBLES = {
    errno.EACCES: Spared.REFUSED,
    errno.EPERM: Spared.REFUSED,
    errno.EROFS: Spared.REFUSED,
    errno.ELOOP: Spared.LINKED,
    errno.ENOTDIR: Spared.LINKED,
}


@dataclass(kw_only=True)
class DeletionResult:
    """What became of clips that were to be deleted.

    `gone` have no record any more; `lost` are the ids of those among them whose file was
    gone before. `spared` were not deleted, by id.
    """

    gone: list[Clip] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)
    spared: dict[str, Spared] = field(default_factory=dict)


@dataclass(kw_only=True)
class Pruned:
    """The result of a pruning, or of the next one.

    `gone` is in the order of deletion. `unmet` has the bytes by which the limits of an
    account (None: of all together) are exceeded, where only a person can help.
    """

    gone: list[Due] = field(default_factory=list)
    spared: dict[str, Spared] = field(default_factory=dict)
    unmet: dict[str | None, int] = field(default_factory=dict)

    @property
    def freed_bytes(self) -> int:
        """The size of the deleted files."""
        return _size(due.clip for due in self.gone)


class Pruning:
    """Deletes the oldest clips, where limits are set.

    The oldest clip is the one saved first, however old its footage is. Every method
    raises StorageError.
    """

    def __init__(self, queries: ClipQueries, storages: Storages | None = None) -> None:
        """Take the clips of all accounts, and the storages that they lie on.

        Without, one that hangs holds up all.
        """
        self._queries = queries
        self._storages = storages
        # Held while a clip is published, kept or deleted: between a check and the change
        # it must not become another clip, or a kept one.
        self.lock = asyncio.Lock()

    async def keep(
        self, ids: Iterable[str], roots: Collection[Path], *, kept: bool
    ) -> list[Clip]:
        """Set whether clips are kept; return those that exist, as they are now."""
        async with self.lock:
            return await self._keep(list(ids), roots, kept=kept)

    async def label(
        self, clip_id: str, roots: Collection[Path], label: str
    ) -> Clip | None:
        """Label a clip; return it as it is now, None if there is none."""
        async with self.lock:
            clips = await self._queries.of_ids([clip_id])
            for storage, _ in await _split(self._storages, clips, roots, _path_of):
                with on(storage):
                    return await self._queries.set_label(clip_id, roots, label)
        return None

    async def _keep(
        self, ids: Collection[str], roots: Collection[Path], *, kept: bool
    ) -> list[Clip]:
        changed: list[Clip] = []
        async with self._queries.tasks(_KEEP if kept else _RELEASE, ids):
            clips = await self._queries.of_ids(ids)
            for storage, some in await _split(self._storages, clips, roots, _path_of):
                with on(storage):
                    changed += await self._queries.set_kept(
                        [clip.id for clip in some], roots, kept=kept
                    )
        return changed

    async def resume(self, roots: Collection[Path]) -> list[Clip]:
        """Finish what a kill interrupted; return the clips that are deleted."""
        gone = []
        async with self.lock:
            for what, kept in ((_KEEP, True), (_RELEASE, False)):
                if ids := await self._queries.interrupted_tasks(what):
                    await self._keep(ids, roots, kept=kept)
            ids = await self._queries.interrupted_tasks(_REMOVE)
        if ids:
            done = await self.delete(await self._queries.of_ids(ids), roots)
            gone = done.gone
            # Also those that had no record any more.
            await self._queries.end_tasks(_REMOVE, ids)
        return gone

    async def prune(
        self,
        limits: Mapping[str | None, Limits],
        roots: Collection[Path],
        now: datetime,
    ) -> Pruned:
        """Delete the clips that are due, and others in place of those that are spared.

        `limits` are those of accounts by their id, and under None those of all together.
        `roots` are the media folders. No others are deleted in place of clips that are
        AWAY or REFUSED.
        """
        return await _Pass(
            self._queries, self._storages, limits, roots, now=now, act=self.delete
        ).done()

    async def plan(
        self,
        limits: Mapping[str | None, Limits],
        roots: Collection[Path],
        now: datetime,
    ) -> Pruned:
        """Return the result that `prune` would have at that time; change nothing."""

        async def look(
            clips: Sequence[Clip], roots: Collection[Path]
        ) -> DeletionResult:
            mounts = await self._queries.mounts()
            looked: dict[str, Spared | _Gone] = {}
            for storage, some in await _split(self._storages, clips, roots, _path_of):
                with on(storage):
                    looked |= await _look_on_storage(some, roots, mounts, remove=False)
            return _sorted(clips, looked)

        return await _Pass(
            self._queries, self._storages, limits, roots, now=now, act=look
        ).done()

    async def delete(
        self, clips: Sequence[Clip], roots: Collection[Path]
    ) -> DeletionResult:
        """Delete the files of clips, if they are ours and unchanged, and their records.

        A clip whose file is gone loses its record.
        """
        done = DeletionResult()
        for storage, some in await _split(self._storages, clips, roots, _path_of):
            with on(storage):
                await self._delete(some, roots, done)
        return done

    async def _delete(
        self, clips: Sequence[Clip], roots: Collection[Path], done: DeletionResult
    ) -> None:
        """Delete clips of one storage, and add to what is done."""
        while clips:
            async with self.lock:
                some = clips[:AT_ONCE]
                kept = await self._queries.kept_of(clip.id for clip in some)
                mounts = await self._queries.mounts()
                async with self._queries.tasks(_REMOVE, [clip.id for clip in some]):
                    looked = await _look_on_storage(
                        some, roots, mounts, kept, remove=True
                    )
                    now = _sorted(some, looked)
                    await self._queries.remove(clip.id for clip in now.gone)
                    # After the records: a missing folder means that a disk may be away.
                    with contextlib.suppress(OSError):
                        await run_on_storage(_remove_folders, now.gone, roots)
                # A restored database did not know that these clips are kept.
                record = [
                    clip_id
                    for clip_id, reason in now.spared.items()
                    if reason is Spared.KEPT and clip_id not in kept
                ]
                if record:
                    await self._queries.set_kept(record, roots, kept=True)
            done.gone += now.gone
            done.lost |= now.lost
            done.spared |= now.spared
            clips = clips[len(looked) :]


class _Pass:
    """One pass through all limits; `act` deletes clips, or only checks them."""

    def __init__(
        self,
        queries: ClipQueries,
        storages: Storages | None,
        limits: Mapping[str | None, Limits],
        roots: Collection[Path],
        *,
        now: datetime,
        act: Callable[
            [Sequence[Clip], Collection[Path]], Coroutine[None, None, DeletionResult]
        ],
    ) -> None:
        self._queries = queries
        self._storages = storages
        self._limits = limits
        self._roots = roots
        self._now = now
        self._act = act
        self._pruned = Pruned()
        self._gone: set[str] = set()
        self._disks: _Disks | None = None
        # Deleted bytes, by account and by disk.
        self._freed_of = Counter[str]()
        self._freed_on = Counter[int | None]()

    async def done(self) -> Pruned:
        """Apply all limits, and return the result."""
        # Deleted bytes are counted, not measured: a disk may free them later, or never
        # (snapshots), and that must not delete all other clips.
        totals = {
            account_id: await self._queries.total_size(account_id)
            for account_id, limit in self._limits.items()
            if limit.most_bytes is not None
        }
        has_floor = any(limit.free_bytes is not None for limit in self._limits.values())
        if has_floor:
            self._disks = await _Disks.found(self._roots, self._storages)
        for account_id, limit in self._limits.items():
            if limit.keep_days is not None:
                await self._age(account_id, self._now - timedelta(days=limit.keep_days))
        for account_id, limit in self._limits.items():
            if limit.most_bytes is not None:
                freed_bytes = (
                    self._freed_of.total()
                    if account_id is None
                    else self._freed_of[account_id]
                )
                await self._make_up(
                    totals[account_id] - freed_bytes - limit.most_bytes,
                    account_id,
                    Reason.SIZE,
                )
        for account_id, limit in self._limits.items():
            if limit.free_bytes is not None and self._disks:
                await self._leave_free(account_id, limit.free_bytes, self._disks)
        return self._pruned

    async def _age(self, account_id: str | None, cutoff: datetime) -> None:
        refused_bytes = 0
        async for page in self._oldest(account_id, until=cutoff):
            _, refused = await self._take(deque(page), _size(page), Reason.AGE)
            refused_bytes += refused
        self._miss(account_id, refused_bytes)

    async def _leave_free(
        self, account_id: str | None, floor_bytes: int, disks: _Disks
    ) -> None:
        # Only disks that clips are saved to now.
        accounts = [page.id for page in await self._queries.accounts()]
        used = {
            disks.of(camera.latest.path)
            for one in (accounts if account_id is None else [account_id])
            for camera in await self._queries.cameras(one)
        }
        for disk, free_bytes in disks.free_bytes.items():
            if disk in used:
                await self._make_up(
                    floor_bytes - free_bytes - self._freed_on[disk],
                    account_id,
                    Reason.FREE_SPACE,
                    disk,
                )

    async def _make_up(
        self,
        over_bytes: int,
        account_id: str | None,
        reason: Reason,
        disk: int | None = None,
    ) -> None:
        """Delete the oldest clips (of a disk) until so many bytes are freed."""
        if over_bytes <= 0:
            return
        refused_bytes = 0
        async for page in self._oldest(account_id):
            clips = deque(
                clip for clip in page if disk is None or self._disk_of(clip) == disk
            )
            while clips and over_bytes > 0:
                made_up, refused = await self._take(clips, over_bytes, reason)
                over_bytes -= made_up
                refused_bytes += refused
            if over_bytes <= 0:
                break
        self._miss(account_id, max(over_bytes, 0) + refused_bytes)

    async def _take(
        self, clips: deque[Clip], over_bytes: int, reason: Reason
    ) -> tuple[int, int]:
        """Delete the first clips, as many as have `over_bytes`.

        Returns the bytes that they free, now or once they can be deleted, and how many of
        these Home Assistant may not delete.
        """
        some, waiting = list[Clip](), list[Clip]()
        planned = 0
        while clips and planned < over_bytes:
            clip = clips.popleft()
            spared = self._pruned.spared.get(clip.id)
            if clip.id in self._gone or spared not in (None, *_WAITING):
                continue
            (waiting if spared else some).append(clip)
            planned += clip.size_bytes
        done = await self._act(some, self._roots)
        self._pruned.gone += [Due(clip=clip, reason=reason) for clip in done.gone]
        self._pruned.spared |= done.spared
        for clip in done.gone:
            self._gone.add(clip.id)
            self._freed_of[clip.account_id] += clip.size_bytes
            if clip.id not in done.lost:
                self._freed_on[self._disk_of(clip)] += clip.size_bytes
        waiting += [clip for clip in some if done.spared.get(clip.id) in _WAITING]
        refused = [
            clip for clip in waiting if self._pruned.spared[clip.id] is Spared.REFUSED
        ]
        if reason is Reason.FREE_SPACE:
            # Clips that are not there take no space.
            there = [clip for clip in done.gone if clip.id not in done.lost]
            made_up = [*there, *refused]
        else:
            made_up = [*done.gone, *waiting]
        return _size(made_up), _size(refused)

    def _disk_of(self, clip: Clip) -> int | None:
        return self._disks.of(clip.path) if self._disks else None

    def _miss(self, account_id: str | None, missed_bytes: int) -> None:
        if missed_bytes > self._pruned.unmet.get(account_id, 0):
            self._pruned.unmet[account_id] = missed_bytes

    async def _oldest(
        self, account_id: str | None, *, until: datetime | None = None
    ) -> AsyncIterator[list[Clip]]:
        last: Clip | None = None
        while page := await self._queries.oldest_first(
            account_id, after=last, until=until, most=AT_ONCE
        ):
            yield page
            last = page[-1]


class _Disks:
    """The disks of the media folders, and how much of each was free at first."""

    def __init__(self, roots: Collection[Path]) -> None:
        """Know none of them yet."""
        self._roots = roots
        self._disks: dict[Path, int] = {}
        self.free_bytes: dict[int, int] = {}

    @classmethod
    async def found(cls, roots: Collection[Path], storages: Storages | None) -> Self:
        """Find the disks that respond."""
        disks = cls(roots)
        folders = list(roots)
        for storage, some in await _split(storages, roots, roots, _itself):
            with on(storage), contextlib.suppress(OSError):
                for root in some:
                    folders += await run_on_storage(_folders_in, root)
        for storage, some in await _split(storages, folders, roots, _itself):
            with on(storage), contextlib.suppress(OSError):
                await run_on_storage(disks._add, some)
        return disks

    def _add(self, folders: Iterable[Path]) -> None:
        """Look at folders. Blocks."""
        for folder in folders:
            with contextlib.suppress(OSError):
                disk = folder.stat().st_dev
                if disk not in self.free_bytes:
                    self.free_bytes[disk] = shutil.disk_usage(folder).free
                self._disks[folder] = disk

    def of(self, path: Path) -> int | None:
        """Return the disk that a clip lies on, None if that is not there."""
        subfolder = files.subfolder_of(path, self._roots)
        return self._disks.get(subfolder) if subfolder else None


def _size(clips: Iterable[Clip]) -> int:
    return sum(clip.size_bytes for clip in clips)


def _folders_in(root: Path) -> list[Path]:
    try:
        with os.scandir(root) as found:
            return [
                Path(one.path) for one in found if one.is_dir(follow_symlinks=False)
            ]
    except OSError:
        return []


class _Gone(StrEnum):
    """How a clip that may be deleted was found."""

    FOUND = "found"
    LOST = "lost"


def _sorted(
    clips: Iterable[Clip], looked: Mapping[str, Spared | _Gone]
) -> DeletionResult:
    """Return the result for the clips that were looked at."""
    done = DeletionResult()
    for clip in clips:
        match looked.get(clip.id):
            case Spared() as reason:
                done.spared[clip.id] = reason
            case _Gone() as found:
                done.gone.append(clip)
                if found is _Gone.LOST:
                    done.lost.add(clip.id)
    return done


async def _split[T](
    storages: Storages | None,
    some: Iterable[T],
    roots: Collection[Path],
    path_of: Callable[[T], Path],
) -> Iterable[tuple[Storage | None, list[T]]]:
    """Return clips or folders by their storage."""
    if storages is None:
        return [(None, list(some))]
    return (await storages.split(some, roots, path_of)).items()


def _path_of(clip: Clip) -> Path:
    return clip.path


def _itself(path: Path) -> Path:
    return path


async def _look_on_storage(
    clips: Sequence[Clip],
    roots: Collection[Path],
    mounts: Collection[Path],
    kept: Collection[str] = (),
    *,
    remove: bool,
) -> dict[str, Spared | _Gone]:
    """Do what `_look` does; clips on a storage that hangs are away."""
    given_up = threading.Event()
    try:
        return await run_on_storage(
            _look, clips, roots, mounts, kept, remove=remove, given_up=given_up
        )
    except OSError:
        given_up.set()
        return dict.fromkeys((clip.id for clip in clips), Spared.AWAY)


def _look(
    clips: Iterable[Clip],
    roots: Collection[Path],
    mounts: Collection[Path],
    kept: Collection[str] = (),
    *,
    remove: bool,
    given_up: threading.Event,
) -> dict[str, Spared | _Gone]:
    """Check which clips may be deleted, and delete them if `remove`; return the results.

    Stops after TURN_S if clips are deleted: the last ones have no result then. Also if
    it was given up: the storage had hung.
    """
    looked: dict[str, Spared | _Gone] = {}
    end = time.monotonic() + TURN_S
    for clip in clips:
        if clip.id in kept:
            looked[clip.id] = Spared.KEPT
            continue
        try:
            looked[clip.id] = (
                Spared.AWAY
                if files.missing_mount(clip.path, mounts)
                else _look_at(clip, roots, remove=remove)
            )
        except OSError as err:
            looked[clip.id] = _TROUBLES.get(err.errno or 0, Spared.AWAY)
        if given_up.is_set() or (remove and time.monotonic() > end):
            break
    return looked


def _look_at(clip: Clip, roots: Collection[Path], *, remove: bool) -> Spared | _Gone:
    """Return why a clip must stay; if it need not, and `remove`, delete it.

    Raises OSError.
    """
    root = files.root_of(clip.path, roots)
    if root is None or not root.is_dir():
        return Spared.AWAY
    try:
        file = files.found(clip.path, roots)
        with file.folder:
            reason = _look_inside(clip, file, remove=remove)
    except FileNotFoundError:
        # An empty or missing subfolder may be a disk that is not mounted.
        subfolder = files.subfolder_of(clip.path, roots)
        return _Gone.LOST if subfolder and files.holds_any(subfolder) else Spared.AWAY
    return reason or _Gone.FOUND


def _look_inside(clip: Clip, file: File, *, remove: bool) -> Spared | None:
    """Do the same in the clip's folder. Raises FileNotFoundError without its file, OSError."""
    beside = [
        file.folder / clip.path.with_suffix(ending).name for ending in files.COMPANIONS
    ]
    record = sidecar.of(file.folder, clip)
    try:
        about = file.stat()
    except FileNotFoundError:
        if remove and record:
            _unlink(beside)
        raise
    reason = _reason_to_spare(clip, file, about, record)
    if remove and not reason:
        _unlink([file, *beside])
    return reason


def _unlink(some: Iterable[File]) -> None:
    for file in some:
        with contextlib.suppress(IsADirectoryError):
            file.unlink(missing_ok=True)


def _remove_folders(clips: Iterable[Clip], roots: Collection[Path]) -> None:
    """Remove folders that are empty after their clips; media folders stay."""
    for folder in dict.fromkeys(clip.path.parent for clip in clips):
        if root := files.root_of(folder, roots):
            below = folder.relative_to(root).parts
            Folder.unmake(root, below, len(below))


def _reason_to_spare(
    clip: Clip, file: File, about: os.stat_result, record: Sidecar | None
) -> Spared | None:
    """Return why a file must not be removed. Raises OSError."""
    if not stat.S_ISREG(about.st_mode):
        return Spared.LINKED
    if about.st_size != clip.size_bytes:
        return Spared.CHANGED
    if record is None:
        return Spared.FOREIGN
    if record.clip.kept:
        return Spared.KEPT
    # A rebuild records the time of a file that was changed: it is later than `saved_at`.
    # Some file systems do not keep times: then the content is compared.
    is_as_saved = (
        about.st_mtime_ns == clip.modified_ns
        and from_ms(about.st_mtime_ns // 10**6) <= clip.saved_at
    )
    if not is_as_saved and _sha256_of(file) != clip.sha256:
        return Spared.CHANGED
    return None


def _sha256_of(file: File) -> str:
    """Return the SHA-256 of a file, "" if it is not a file any more. Raises OSError."""
    try:
        with file.open() as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except ValueError:
        return ""
