"""Letting clips go: which are due, and that nothing else is ever removed."""

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
import time

from ..aio import run_in_thread
from ..folder import File, Folder
from ..model import Clip
from ..time_range import from_ms
from . import files, sidecar
from .queries import ClipQueries
from .sidecar import Sidecar

# Clips that are removed in one turn, and how long it may last: so long whoever saves a
# clip, or wants to keep one, waits.
AT_ONCE = 100
TURN_S = 0.5
# What is gone on with after a kill, of which clip.
_REMOVE, _KEEP, _RELEASE = "remove ", "keep ", "release "


@dataclass(frozen=True, kw_only=True)
class Limits:
    """When clips are let go of; None is no limit.

    `keep_days` is how long they are kept, `most_bytes` what they may hold together, and
    `free_bytes` what they have to leave free of each disk that they are saved to.
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
    """A clip that goes, or is to go, and why."""

    clip: Clip
    reason: Reason


class Spared(StrEnum):
    """Why a clip was not removed.

    AWAY is what cannot be reached now, as on a network drive that is not mounted.
    REFUSED is what Home Assistant may not delete.
    """

    KEPT = "kept"
    CHANGED = "changed"
    FOREIGN = "foreign"
    LINKED = "linked"
    AWAY = "away"
    REFUSED = "refused"


# What stays, and counts as gone all the same: it may be the first to go once it can.
_WAITING = (Spared.AWAY, Spared.REFUSED)
# What a file system's answers mean; of any other, that the clip is not there now.
_TROUBLES = {
    errno.EACCES: Spared.REFUSED,
    errno.EPERM: Spared.REFUSED,
    errno.EROFS: Spared.REFUSED,
    errno.ELOOP: Spared.LINKED,
    errno.ENOTDIR: Spared.LINKED,
}


@dataclass(kw_only=True)
class LetGo:
    """What became of clips that were to be removed: `spared` are the others, by id.

    `lost` are the ids of those of the gone whose file was not there any more.
    """

    gone: list[Clip] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)
    spared: dict[str, Spared] = field(default_factory=dict)


@dataclass(kw_only=True)
class Pruned:
    """What a pruning came to, or would come to.

    `gone` are in the order in which they go. `unmet` says of each account (None: all
    together) by how many bytes a limit is missed that only a person can see to.
    """

    gone: list[Due] = field(default_factory=list)
    spared: dict[str, Spared] = field(default_factory=dict)
    unmet: dict[str | None, int] = field(default_factory=dict)

    @property
    def freed_bytes(self) -> int:
        """What the files of those that are gone held."""
        return _size(due.clip for due in self.gone)


class Pruning:
    """Lets go of the oldest clips, where somebody set a limit.

    The oldest is what was saved first: old footage that was saved lately has its days
    yet to come. Every method raises StorageError as the library does.
    """

    def __init__(self, catalog: ClipQueries) -> None:
        """Take the clips of all accounts."""
        self._catalog = catalog
        # Whoever publishes, keeps or removes a clip has it: none of them may find that
        # what it has just looked at is another clip, or a kept one.
        self.turn = asyncio.Lock()

    async def keep(
        self, ids: Iterable[str], roots: Collection[Path], *, kept: bool
    ) -> list[Clip]:
        """Keep clips, or release them; return those that there are, as they are now."""
        async with self.turn:
            return await self._keep(list(ids), roots, kept=kept)

    async def label(
        self, clip_id: str, roots: Collection[Path], label: str
    ) -> Clip | None:
        """Label a clip; return it as it is now, None if there is none."""
        async with self.turn:
            return await self._catalog.set_label(clip_id, roots, label)

    async def _keep(
        self, ids: Collection[str], roots: Collection[Path], *, kept: bool
    ) -> list[Clip]:
        async with self._catalog.doing(_KEEP if kept else _RELEASE, ids):
            return await self._catalog.set_kept(ids, roots, kept=kept)

    async def go_on(self, roots: Collection[Path]) -> list[Clip]:
        """Do the rest of what a kill interrupted; return the clips that are gone."""
        gone = []
        async with self.turn:
            for what, kept in ((_KEEP, True), (_RELEASE, False)):
                if ids := await self._catalog.begun(what):
                    await self._keep(ids, roots, kept=kept)
            ids = await self._catalog.begun(_REMOVE)
        if ids:
            done = await self.let_go(await self._catalog.of_ids(ids), roots)
            gone = done.gone
            # Those that are gone already have no row any more.
            await self._catalog.end(_REMOVE, ids)
        return gone

    async def prune(
        self,
        limits: Mapping[str | None, Limits],
        roots: Collection[Path],
        now: datetime,
    ) -> Pruned:
        """Let go of what is due, and of others in place of what has to be spared.

        `limits` are those of accounts by their id, and under None those of all
        together. `roots` are the media folders. Nothing goes in place of what is away,
        or must not be deleted: it may be the first to go once it can.
        """
        return await _Pass(self._catalog, limits, roots, now, self.let_go).done()

    async def plan(
        self,
        limits: Mapping[str | None, Limits],
        roots: Collection[Path],
        now: datetime,
    ) -> Pruned:
        """Return what `prune` would come to at that time; nothing is changed."""

        async def look(clips: Sequence[Clip], roots: Collection[Path]) -> LetGo:
            mounts = await self._catalog.mounts()
            return _sorted(
                clips, await run_in_thread(_look, clips, roots, mounts, remove=False)
            )

        return await _Pass(self._catalog, limits, roots, now, look).done()

    async def let_go(self, clips: Sequence[Clip], roots: Collection[Path]) -> LetGo:
        """Remove clips: their files, if they are ours and as we left them, and records.

        A clip whose file is gone already loses its record.
        """
        done = LetGo()
        while clips:
            async with self.turn:
                some = clips[:AT_ONCE]
                kept = await self._catalog.kept_of(clip.id for clip in some)
                mounts = await self._catalog.mounts()
                async with self._catalog.doing(_REMOVE, [clip.id for clip in some]):
                    looked = await run_in_thread(
                        _look, some, roots, mounts, kept, remove=True
                    )
                    now = _sorted(some, looked)
                    await self._catalog.remove(clip.id for clip in now.gone)
                    # Not before: where a folder is gone, too, a disk may be away.
                    await run_in_thread(_remove_folders, now.gone, roots)
                # A sidecar knew what a restored database does not.
                record = [
                    clip_id
                    for clip_id, reason in now.spared.items()
                    if reason is Spared.KEPT and clip_id not in kept
                ]
                if record:
                    await self._catalog.set_kept(record, roots, kept=True)
            done.gone += now.gone
            done.lost |= now.lost
            done.spared |= now.spared
            clips = clips[len(looked) :]
        return done


class _Pass:
    """One going through all limits; `act` removes clips, or only looks at them."""

    def __init__(
        self,
        catalog: ClipQueries,
        limits: Mapping[str | None, Limits],
        roots: Collection[Path],
        now: datetime,
        act: Callable[[Sequence[Clip], Collection[Path]], Coroutine[None, None, LetGo]],
    ) -> None:
        self._catalog = catalog
        self._limits = limits
        self._roots = roots
        self._now = now
        self._act = act
        self._pruned = Pruned()
        self._gone: set[str] = set()
        self._disks: _Disks | None = None
        # Bytes of what is gone, by account and by disk.
        self._freed_of = Counter[str]()
        self._freed_on = Counter[int | None]()

    async def done(self) -> Pruned:
        """Return what came of it."""
        # Counted from here on: what is removed may be freed later, or never (snapshots),
        # and must not make all others go.
        totals = {
            account_id: await self._catalog.total_size(account_id)
            for account_id, limit in self._limits.items()
            if limit.most_bytes is not None
        }
        has_floor = any(limit.free_bytes is not None for limit in self._limits.values())
        if has_floor:
            self._disks = await run_in_thread(_Disks, self._roots)
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
        async for page in self._oldest(account_id):
            old = deque(clip for clip in page if clip.saved_at <= cutoff)
            all_old = len(old) == len(page)
            _, refused = await self._take(old, _size(old), Reason.AGE)
            refused_bytes += refused
            if not all_old:
                break
        self._miss(account_id, refused_bytes)

    async def _leave_free(
        self, account_id: str | None, floor_bytes: int, disks: _Disks
    ) -> None:
        # Only those that it is saved to now: what others do is not made up for here.
        accounts = [page.id for page in await self._catalog.accounts()]
        used = {
            disks.of(camera.latest.path)
            for one in (accounts if account_id is None else [account_id])
            for camera in await self._catalog.cameras(one)
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
        """Let go of the oldest clips (of a disk) until what is too much is made up for."""
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
        """Let go of the first clips that may make up for what is too much.

        Return by how much they did, or would once they can, and how much of that is
        refused.
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
            # What is not there takes no space.
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

    async def _oldest(self, account_id: str | None) -> AsyncIterator[list[Clip]]:
        last: Clip | None = None
        while page := await self._catalog.oldest_first(
            account_id, after=last, most=AT_ONCE
        ):
            yield page
            last = page[-1]


class _Disks:
    """The disks that lie in the media folders: how much of each is free, as it was."""

    def __init__(self, roots: Collection[Path]) -> None:
        """Look at them. Blocks."""
        self._roots = roots
        self._disks: dict[Path, int] = {}
        self.free_bytes: dict[int, int] = {}
        for root in roots:
            for subfolder in (root, *_folders_in(root)):
                with contextlib.suppress(OSError):
                    disk = subfolder.stat().st_dev
                    if disk not in self.free_bytes:
                        self.free_bytes[disk] = shutil.disk_usage(subfolder).free
                    self._disks[subfolder] = disk

    def of(self, path: Path) -> int | None:
        """Return the disk that a clip lies on, None if it is not there."""
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
    """How a clip was found that need not stay."""

    FOUND = "found"
    LOST = "lost"


def _sorted(clips: Iterable[Clip], looked: Mapping[str, Spared | _Gone]) -> LetGo:
    """Return what became of those clips that were looked at."""
    done = LetGo()
    for clip in clips:
        match looked.get(clip.id):
            case Spared() as reason:
                done.spared[clip.id] = reason
            case _Gone() as found:
                done.gone.append(clip)
                if found is _Gone.LOST:
                    done.lost.add(clip.id)
    return done


def _look(
    clips: Iterable[Clip],
    roots: Collection[Path],
    mounts: Collection[Path],
    kept: Collection[str] = (),
    *,
    remove: bool,
) -> dict[str, Spared | _Gone]:
    """Look which clips may be removed, and remove those; return what each came to.

    Some are not looked at if that takes too long.
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
        if remove and time.monotonic() > end:
            break
    return looked


def _look_at(clip: Clip, roots: Collection[Path], *, remove: bool) -> Spared | _Gone:
    """Return why a clip must stay; if it need not, remove it. Raises OSError."""
    root = files.root_of(clip.path, roots)
    if root is None or not root.is_dir():
        return Spared.AWAY
    try:
        file = files.found(clip.path, roots)
        with file.folder:
            reason = _look_inside(clip, file, remove=remove)
    except FileNotFoundError:
        # Where nothing is left at all, a disk may be mounted tomorrow.
        subfolder = files.subfolder_of(clip.path, roots)
        return _Gone.LOST if subfolder and files.holds_any(subfolder) else Spared.AWAY
    return reason or _Gone.FOUND


def _look_inside(clip: Clip, file: File, *, remove: bool) -> Spared | None:
    """Do so in the clip's folder. Raises FileNotFoundError without its file, OSError."""
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
    """Remove the folders that clips leave empty, but for the media folders."""
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
    # A rebuild takes over the time of a file that was changed: that is after it was saved.
    # Not every file system keeps times as they were; then the content is what counts.
    is_as_saved = (
        about.st_mtime_ns == clip.modified_ns
        and from_ms(about.st_mtime_ns // 10**6) <= clip.saved_at
    )
    if not is_as_saved and _sha256_of(file) != clip.sha256:
        return Spared.CHANGED
    return None


def _sha256_of(file: File) -> str:
    """Return the SHA-256 of a file, empty if it is none any more. Raises OSError."""
    try:
        with file.open() as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except ValueError:
        return ""
