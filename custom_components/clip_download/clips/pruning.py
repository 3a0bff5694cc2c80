"""Letting clips go: which are due, and that nothing else is ever removed."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
import shutil
import stat

from . import files, sidecar
from .catalog import Catalog
from .library import Clip
from .way import blocking

# Clips looked at, or removed, in one go: so long a thread is busy, and who wants to keep
# one of them waits.
AT_ONCE = 100
# Some file systems keep times in steps of two seconds (FAT).
TIME_STEP_NS = 2 * 10**9


@dataclass(frozen=True, kw_only=True)
class Limits:
    """When clips are let go of; None is no limit.

    `keep_days` is how long they are kept, `most_bytes` what they may hold together, and
    `free_bytes` what they have to leave free of the disk.
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
    """A clip that is to be let go of, and why."""

    clip: Clip
    reason: Reason


class Spared(StrEnum):
    """Why a file was not removed."""

    KEPT = "kept"
    CHANGED = "changed"
    FOREIGN = "foreign"
    LINKED = "linked"
    STORAGE = "storage"


@dataclass(frozen=True, kw_only=True)
class LetGo:
    """What became of clips that were to be removed."""

    gone: Sequence[Clip]
    spared: Mapping[str, Spared]

    @property
    def freed_bytes(self) -> int:
        """What their files held."""
        return sum(clip.size_bytes for clip in self.gone)


class Pruning:
    """Lets go of the oldest clips, where somebody set a limit.

    Every method raises StorageError as the library does.
    """

    def __init__(self, catalog: Catalog) -> None:
        """Take the clips of all accounts."""
        self._catalog = catalog
        # What is kept while others are removed must not be among them.
        self._turn = asyncio.Lock()

    async def keep(self, ids: Iterable[str], *, kept: bool) -> list[Clip]:
        """Keep clips, or release them; return those that there are, as they are now."""
        async with self._turn:
            clips = await self._catalog.set_kept(ids, kept=kept)
            await blocking(_note_kept, clips)
            return clips

    async def due(
        self,
        limits: Mapping[str | None, Limits],
        roots: Collection[Path],
        now: datetime,
        spared: Collection[str] = (),
    ) -> list[Due]:
        """Return what the limits let go of by now, the oldest of each first.

        `limits` are those of accounts by their id, and under None those of all
        together. `roots` are the media folders. `spared` are the ids of clips that
        cannot be removed: others go in their place.
        """
        due: dict[str, Due] = {}
        for account_id, limit in limits.items():
            if limit.keep_days is not None:
                cutoff = now - timedelta(days=limit.keep_days)
                async for clip in self._oldest(account_id, spared):
                    if clip.window.start > cutoff:
                        break
                    # Old footage that was saved lately has its days yet to come.
                    if clip.saved_at <= cutoff:
                        due.setdefault(clip.id, Due(clip=clip, reason=Reason.AGE))
        for account_id, limit in limits.items():
            if limit.most_bytes is not None:
                over = await self._catalog.total_size(account_id) - limit.most_bytes
                await self._add(due, account_id, over, spared)
        for account_id, limit in limits.items():
            if limit.free_bytes is not None:
                for root in roots:
                    free = await blocking(_free_bytes, root)
                    if free is not None and free < limit.free_bytes:
                        await self._add(
                            due,
                            account_id,
                            limit.free_bytes - free,
                            spared,
                            root=root,
                        )
        return list(due.values())

    async def prune(
        self,
        limits: Mapping[str | None, Limits],
        roots: Collection[Path],
        now: datetime,
    ) -> LetGo:
        """Let go of what is due, and of others in place of what has to be spared."""
        gone: list[Clip] = []
        spared: dict[str, Spared] = {}
        while due := await self.due(limits, roots, now, spared):
            done = await self.let_go([one.clip for one in due], roots)
            gone += done.gone
            spared |= done.spared
        return LetGo(gone=gone, spared=spared)

    async def let_go(self, clips: Sequence[Clip], roots: Collection[Path]) -> LetGo:
        """Remove clips: their files, if they are ours and as we left them, and records.

        A clip whose file is gone already loses its record.
        """
        gone: list[Clip] = []
        spared: dict[str, Spared] = {}
        for first in range(0, len(clips), AT_ONCE):
            batch = clips[first : first + AT_ONCE]
            async with self._turn:
                kept = await self._catalog.kept_of(clip.id for clip in batch)
                spared |= dict.fromkeys(kept, Spared.KEPT)
                removed, left = await blocking(
                    _remove, [clip for clip in batch if clip.id not in kept], roots
                )
                await self._catalog.remove(clip.id for clip in removed)
            gone += removed
            spared |= left
        return LetGo(gone=gone, spared=spared)

    async def _add(
        self,
        due: dict[str, Due],
        account_id: str | None,
        over_bytes: int,
        spared: Collection[str],
        *,
        root: Path | None = None,
    ) -> None:
        """Add the oldest clips until what is too much is made up for."""
        over_bytes -= sum(
            one.clip.size_bytes
            for one in due.values()
            if account_id in (None, one.clip.account_id)
            and (root is None or one.clip.path.is_relative_to(root))
        )
        if over_bytes <= 0:
            return
        async for clip in self._oldest(account_id, spared):
            if clip.id in due or (root and not clip.path.is_relative_to(root)):
                continue
            reason = Reason.FREE_SPACE if root else Reason.SIZE
            due[clip.id] = Due(clip=clip, reason=reason)
            over_bytes -= clip.size_bytes
            if over_bytes <= 0:
                return

    async def _oldest(
        self, account_id: str | None, spared: Collection[str]
    ) -> AsyncIterator[Clip]:
        last: Clip | None = None
        while clips := await self._catalog.oldest_first(
            account_id, after=last, most=AT_ONCE
        ):
            for clip in clips:
                if clip.id not in spared:
                    yield clip
            last = clips[-1]


def _free_bytes(root: Path) -> int | None:
    try:
        return shutil.disk_usage(root).free
    except OSError:
        return None


def _note_kept(clips: Iterable[Clip]) -> None:
    """Say in the sidecars what is kept, so that a rebuilt library knows."""
    for clip in clips:
        sidecar.write_kept(clip)


def _remove(
    clips: Iterable[Clip], roots: Collection[Path]
) -> tuple[list[Clip], dict[str, Spared]]:
    """Remove the files of clips, as far as they are ours; return those, and the others."""
    gone: list[Clip] = []
    spared: dict[str, Spared] = {}
    for clip in clips:
        try:
            if reason := _reason_to_spare(clip, roots):
                spared[clip.id] = reason
                continue
            files.remove_clip(clip.path)
        except OSError:
            spared[clip.id] = Spared.STORAGE
            continue
        gone.append(clip)
        root = next(root for root in roots if clip.path.is_relative_to(root))
        files.remove_folders(_folders_between(clip.path, root))
    return gone, spared


def _reason_to_spare(clip: Clip, roots: Collection[Path]) -> Spared | None:
    """Return why a clip's files must not be removed, None if they may. Raises OSError."""
    root = next((root for root in roots if clip.path.is_relative_to(root)), None)
    if root is None or not root.is_dir():
        # Another folder may be mounted there tomorrow.
        return Spared.STORAGE
    if any(folder.is_symlink() for folder in _folders_between(clip.path, root)):
        return Spared.LINKED
    try:
        about = clip.path.lstat()
    except FileNotFoundError:
        # A folder that is gone with it may be a disk that is not there.
        return None if clip.path.parent.is_dir() else Spared.STORAGE
    if not stat.S_ISREG(about.st_mode):
        return Spared.LINKED
    if about.st_size != clip.size_bytes or (
        clip.modified_ns and abs(about.st_mtime_ns - clip.modified_ns) > TIME_STEP_NS
    ):
        return Spared.CHANGED
    return None if _is_ours(clip) else Spared.FOREIGN


def _is_ours(clip: Clip) -> bool:
    """Say whether what lies beside a clip knows it too. Raises OSError."""
    try:
        told = sidecar.read(sidecar.path_of(clip.path)).clip
    except FileNotFoundError, ValueError:
        return False
    return (told.id, told.sha256) == (clip.id, clip.sha256)


def _folders_between(path: Path, root: Path) -> list[Path]:
    """Return the folders that a file lies in below a root, the deepest first."""
    return [folder for folder in path.parents if folder.is_relative_to(root)][:-1]
