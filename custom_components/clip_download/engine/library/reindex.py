"""Brings the records of clips up to the files and sidecars in the media folders."""

from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
import itertools
import json
import os
from pathlib import Path
import sqlite3
import stat

from ..aio import run_in_thread
from ..folder import File, Folder
from ..model import Clip
from . import files, sidecar
from .database import MARK_SAVED, Library, clip_of, event_row
from .queries import ClipQueries

# How many files are read, or rows written, before other queries get their turn.
AT_ONCE = 200
# Deeper than any folder that clips are written to, or that people sort them into.
MOST_DEEP = 3 * files.MOST_FOLDERS

# An event keeps its clip as long as that exists.
_MARK_AGAIN = (
    f"{MARK_SAVED} "  # noqa: S608
    "WHERE NOT EXISTS (SELECT 1 FROM clips WHERE id = events.clip_id)"
)


@dataclass(kw_only=True)
class Rebuilt:
    """The result of a rebuild, in numbers of clips.

    `found` clips have their file; of these, `added` had no record, and `changed` had
    another one: they were moved, for example. `gone` clips lost their file, and their
    record now. `damaged` files have another size than their sidecar says: they are not
    added, but keep their record if they have one. `foreign` sidecars are not ours.
    """

    found: int = 0
    added: int = 0
    changed: int = 0
    gone: int = 0
    damaged: int = 0
    foreign: int = 0


async def rebuild(
    library: Library,
    roots: Sequence[Path],
    *,
    camera_of: Callable[[str, str], str] = lambda account_id, camera_id: camera_id,
) -> Rebuilt:
    """Bring the records of clips up to the files in the media folders.

    Hashes are taken from the sidecars; `verify` compares them with the files. A clip is
    kept if either its record or its sidecar says so. `camera_of` returns the id that a
    camera has now, by the account's id and the camera's id in the sidecar.

    A clip is gone only if other clips are found in its subfolder (the media folder, or
    the folder right below it): a subfolder that is missing, or has no clips, may be a
    disk that is not mounted. Mount points that clips were written under are skipped
    while nothing is mounted there. Such a mount point is forgotten once a clip with a
    record is found under it, or no record is left under it.
    Raises StorageError.
    """
    rebuilt = Rebuilt()
    recorder = _Recorder(library, roots, rebuilt, camera_of)
    subfolders, mounts = set[Path | None](), set[Path]()
    async with library.rebuilding:
        away = await _still_away(library, roots)
        walk = _walk(roots, away, rebuilt)
        while some := await run_in_thread(list, itertools.islice(walk, AT_ONCE)):
            found = [clip for clip in some if clip]
            subfolders |= await run_in_thread(_subfolders, found, roots)
            mounts |= await run_in_thread(_mounts, found)
            await recorder.record(found)
        await library.remember_mounts(mounts)
        rebuilt.gone = await _forget_gone(library, roots, subfolders)
        if await run_in_thread(lambda: all(root.is_dir() for root in roots)):
            await library.set_rebuilt()
    return rebuilt


async def forget_missing(
    library: Library, roots: Sequence[Path], clips: Sequence[Clip]
) -> list[Clip]:
    """Remove the records of clips whose file is gone, and return these clips.

    Call it before a page of clips is shown: clips that were deleted or moved by hand are
    left out. A rebuild finds those that were moved. A clip is not gone if its subfolder
    is missing or empty, or its disk is not mounted.
    """
    mounts = await library.mounts()

    def look() -> list[Clip]:
        return [
            clip
            for clip in clips
            if _is_gone(clip.path)
            and (subfolder := files.subfolder_of(clip.path, roots))
            and files.holds_any(subfolder)
            and not files.missing_mount(clip.path, mounts)
        ]

    if gone := await run_in_thread(look):
        await ClipQueries(library).remove(clip.id for clip in gone)
    return gone


async def existing(
    library: Library, roots: Sequence[Path], clips: Sequence[Clip]
) -> list[Clip]:
    """Return those of a page of clips that `forget_missing` does not forget."""
    gone = {clip.id for clip in await forget_missing(library, roots, clips)}
    return [clip for clip in clips if clip.id not in gone]


async def _still_away(library: Library, roots: Sequence[Path]) -> set[Path]:
    """Return the mount points whose disk is not mounted; forget those without one now."""
    mounts = await library.mounts()
    away = await run_in_thread(
        lambda: {one for one in mounts if not os.path.ismount(one)}
    )
    if not away:
        return away
    missed, there = set[Path](), set[Path]()
    async for rows in _rows(library):

        def look(rows: Sequence[sqlite3.Row] = rows) -> None:
            for row in rows:
                path = Path(row["path"])
                if mount := files.missing_mount(path, away):
                    (there if _is_there(row["id"], path, roots) else missed).add(mount)

        await run_in_thread(look)
    still_away = missed - there
    await library.forget_mounts(away - still_away)
    return still_away


def _walk(
    roots: Sequence[Path], away: Collection[Path], rebuilt: Rebuilt
) -> Iterator[Clip | None]:
    """Yield the clips in the media folders; count what is not a clip of ours.

    Yields None for each folder, so that a caller who takes some at a time gets them soon.
    """
    seen = set[Path]()
    for folder, names in _folders(roots, away):
        yield None
        videos = {name for name in names if name.endswith(files.SUFFIX)}
        for name in sorted(names):
            video = f"{name.removesuffix(sidecar.SUFFIX)}{files.SUFFIX}"
            path = folder.path / name
            if (
                not name.endswith(sidecar.SUFFIX)
                or name.startswith(".")
                or video not in videos
                or path in seen
            ):
                continue
            seen.add(path)
            if clip := _clip(folder / name, folder / video, rebuilt):
                yield clip


def _folders(
    roots: Sequence[Path], away: Collection[Path]
) -> Iterator[tuple[Folder, list[str]]]:
    """Yield the media folders and all folders in them, opened, with their file names.

    Links are not followed. Folders that are hidden, cannot be opened, or lie on a disk
    that is not mounted are left out.
    """
    for root in roots:
        paths: list[tuple[str, ...]] = [()]
        while paths:
            path = paths.pop()
            if files.missing_mount(root.joinpath(*path), away):
                continue
            try:
                with Folder.open(root, path) as folder:
                    inner, names = folder.folders_and_others()
                    yield folder, names
            except OSError:
                continue
            if len(path) < MOST_DEEP:
                shown = [name for name in inner if not name.startswith(".")]
                # In order, so that of two copies the same is taken each time.
                paths += ((*path, name) for name in sorted(shown, reverse=True))


def _clip(record: File, video: File, rebuilt: Rebuilt) -> Clip | None:
    """Return the clip that a sidecar describes, None if its file is not that clip."""
    try:
        # A name that is not text cannot be stored, and is not ours.
        str(record.path).encode()
        clip = sidecar.read(record).clip
        status = video.stat()
    except ValueError, OSError:
        rebuilt.foreign += 1
        return None
    if not stat.S_ISREG(status.st_mode):
        rebuilt.foreign += 1
        return None
    if status.st_size != clip.size_bytes:
        rebuilt.damaged += 1
        return None
    return replace(clip, modified_ns=status.st_mtime_ns)


class _Recorder:
    """Records the clips of one rebuild as they are found."""

    def __init__(
        self,
        library: Library,
        roots: Sequence[Path],
        rebuilt: Rebuilt,
        camera_of: Callable[[str, str], str],
    ) -> None:
        """Take the library, the media folders, and what to count in."""
        self._library = library
        self._roots = roots
        self._rebuilt = rebuilt
        self._camera_of = camera_of
        self._recorded = set[str]()

    async def record(self, found: Sequence[Clip]) -> None:
        """Record clips that the library does not know as they are.

        Of a clip and its copy one counts: the one that the library knows, else the first.
        """
        copies = await self._copies(found)
        clips = []
        for clip in found:
            if clip.path not in copies and clip.id not in self._recorded:
                self._recorded.add(clip.id)
                clips.append(clip)

        def put(database: sqlite3.Connection) -> None:
            for clip in clips:
                self._put(database, clip)

        await self._library.change(put)

    async def _copies(self, found: Sequence[Clip]) -> set[Path]:
        """Return the paths of clips whose record has another path, where they still lie."""
        rows = await self._library.read(
            "SELECT id, path FROM clips WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps([clip.id for clip in found]),),
        )
        known = {row["id"]: Path(row["path"]) for row in rows}

        def is_copy(clip: Clip) -> bool:
            path = known.get(clip.id, clip.path)
            return path != clip.path and _lies_at(clip.id, path, self._roots)

        return await run_in_thread(
            lambda: {clip.path for clip in found if is_copy(clip)}
        )

    def _put(self, database: sqlite3.Connection, clip: Clip) -> None:
        """Record a clip within a change, and its events as saved."""
        row = database.execute(
            "SELECT * FROM clips WHERE id = ?", (clip.id,)
        ).fetchone()
        before = clip_of(row) if row else None
        clip = replace(
            clip,
            camera_id=self._camera_of(clip.account_id, clip.camera_id),
            kept=clip.kept or bool(before and before.kept),
        )
        self._rebuilt.found += 1
        if row is None:
            self._rebuilt.added += 1
        elif clip == before and row["day"] == self._library.day_of(clip):
            return
        else:
            self._rebuilt.changed += 1
        self._library.put_clip(database, clip)
        for event in clip.saves:
            database.execute(
                _MARK_AGAIN,
                {
                    "account_id": clip.account_id,
                    "camera_id": clip.camera_id,
                    "clip_id": clip.id,
                    **event_row(event),
                },
            )


async def _forget_gone(
    library: Library, roots: Sequence[Path], subfolders: Collection[Path | None]
) -> int:
    """Remove the records of clips in these subfolders whose file is gone; count them."""
    mounts = await library.mounts()
    count = 0
    async for rows in _rows(library):
        paths = {row["id"]: Path(row["path"]) for row in rows}

        def look(paths: dict[str, Path] = paths) -> list[str]:
            return [
                clip_id
                for clip_id, path in paths.items()
                if (subfolder := files.subfolder_of(path, roots))
                and subfolder in subfolders
                and _is_gone(path)
                and not files.missing_mount(path, mounts)
            ]

        if gone := await run_in_thread(look):
            await ClipQueries(library).remove(gone)
            count += len(gone)
    return count


async def _rows(library: Library) -> AsyncIterator[list[sqlite3.Row]]:
    """Yield the ids and paths of all clips, in pages."""
    last = ""
    while rows := await library.read(
        "SELECT id, path FROM clips WHERE id > ? ORDER BY id LIMIT ?", (last, AT_ONCE)
    ):
        yield rows
        last = rows[-1]["id"]


def _subfolders(clips: Sequence[Clip], roots: Sequence[Path]) -> set[Path | None]:
    return {files.subfolder_of(clip.path, roots) for clip in clips}


def _mounts(clips: Sequence[Clip]) -> set[Path]:
    return {files.mount_of(folder) for folder in {clip.path.parent for clip in clips}}


def _is_gone(path: Path) -> bool:
    """Return whether a file is certainly gone; an error of the disk does not mean that."""
    try:
        path.lstat()
    except FileNotFoundError, NotADirectoryError:
        return True
    except OSError:
        return False
    return False


def _is_there(clip_id: str, path: Path, roots: Collection[Path]) -> bool:
    """Return whether a clip certainly lies where its record says."""
    try:
        file = files.found(path, roots)
        return file.is_file() and _id_beside(file) == clip_id
    except OSError, ValueError:
        return False


def _lies_at(clip_id: str, path: Path, roots: Collection[Path]) -> bool:
    """Return whether a clip may still lie where its record says."""
    if _is_gone(path):
        return False
    try:
        return _id_beside(files.found(path, roots)) == clip_id
    except FileNotFoundError, ValueError:
        return False
    except OSError:
        return True


def _id_beside(file: File) -> str:
    """Return the clip's id in the sidecar beside a file. Raises ValueError, OSError."""
    return sidecar.read(file.folder / sidecar.path_of(file.path).name).clip.id
