"""Brings the records of clips up to the files and sidecars in the media folders."""

from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
import functools
import itertools
import json
import os
from pathlib import Path
import re
import sqlite3
import stat
from typing import Any

import orjson

from ..aio import run_in_thread
from ..folder import File, Folder
from ..model import Clip
from ..storage import Storages
from . import files, sidecar
from .database import (
    ACCOUNT,
    CAMERA,
    ID,
    KEPT,
    MARK_SAVED,
    PATH,
    RECORDED,
    SAVES,
    Library,
    Record,
    kept_record,
    put_records,
)
from .queries import ClipQueries

# How many files are read, or rows written, before other queries get their turn: 80 ms.
AT_ONCE = 2000
# Deeper than any folder that clips are written to, or that people sort them into.
MOST_DEEP = 3 * files.MOST_FOLDERS

# How many clips are looked through for those that were not found.
_LOOKED_THROUGH = 5000

# An event keeps its clip as long as that exists. The values are in this order: of many
# rows, tuples are no work for the garbage collector.
MARK_AGAIN = (
    f"{re.sub(r':[a-z_]+', '?', MARK_SAVED)} "  # noqa: S608
    "WHERE NOT EXISTS (SELECT 1 FROM clips WHERE id = events.clip_id)"
)
_FOUND = "CREATE TEMP TABLE IF NOT EXISTS found (id INTEGER PRIMARY KEY)"


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
    async with library.rebuilding():
        away = await _still_away(library, roots)
        walk = _Walk(library, roots, away, camera_of, rebuilt)
        await library.change(_begin_finding)
        # One after the other: two threads at once only wait for each other.
        while (found := await run_in_thread(walk.some)) is not None:
            await _record(library, roots, rebuilt, found)
        await library.remember_mounts(walk.mounts)
        rebuilt.gone = await _forget_gone(library, roots, walk.subfolders)
        if await run_in_thread(lambda: all(root.is_dir() for root in roots)):
            await library.set_rebuilt()
    return rebuilt


async def forget_missing(
    library: Library,
    roots: Sequence[Path],
    clips: Sequence[Clip],
    storages: Storages | None = None,
) -> list[Clip]:
    """Remove the records of clips whose file is gone, and return these clips.

    Call it before a page of clips is shown: clips that were deleted or moved by hand are
    left out. A rebuild finds those that were moved. A clip is not gone if its subfolder
    is missing or empty, or its disk is not mounted or does not answer soon.
    """
    mounts = await library.mounts()

    def look(clips: Sequence[Clip]) -> list[Clip]:
        return [
            clip
            for clip in clips
            if _is_gone(clip.path)
            and (subfolder := files.subfolder_of(clip.path, roots))
            and files.holds_any(subfolder)
            and not files.missing_mount(clip.path, mounts)
        ]

    if storages:
        gone = await storages.ask(look, clips, roots, lambda clip: clip.path)
    else:
        gone = await run_in_thread(look, clips)
    if gone:
        await ClipQueries(library).remove(clip.id for clip in gone)
    return gone


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


class _Walk:
    """Reads the clips in the media folders, some at a time, in a thread.

    `subfolders` and `mounts` are where clips were found.
    """

    def __init__(
        self,
        library: Library,
        roots: Sequence[Path],
        away: Collection[Path],
        camera_of: Callable[[str, str], str],
        rebuilt: Rebuilt,
    ) -> None:
        """Take the library, the media folders, the mount points without a disk."""
        self._library = library
        self._roots = roots
        self._away = away
        self._camera_of = camera_of
        self._rebuilt = rebuilt
        self._records = self._all()
        self.subfolders = set[Path]()
        self.mounts = set[Path]()

    def some(self) -> list[Record] | None:
        """Return the clips that were found next, None if there are no more. Blocks."""
        read = list(itertools.islice(self._records, AT_ONCE))
        return [one for one in read if one] if read else None

    def _all(self) -> Iterator[Record | None]:
        """Yield what is to be recorded of each clip; count what is not a clip of ours.

        Yields None for each folder, so that a caller who takes some at a time gets them
        soon.
        """
        for folder, names, subfolder, mount in _folders(self._roots, self._away):
            yield None
            # A text: of a path for each clip, putting it together takes longer.
            inside = os.path.join(folder.path, "")  # noqa: PTH118
            videos = {name for name in names if name.endswith(files.SUFFIX)}
            has_any = False
            for name in sorted(names):
                if not name.endswith(sidecar.SUFFIX) or name.startswith("."):
                    continue
                video = f"{name.removesuffix(sidecar.SUFFIX)}{files.SUFFIX}"
                if video not in videos:
                    continue
                # No more is kept of it: of a million clips, a few are in memory.
                if record := self._record(
                    folder / name, folder / video, f"{inside}{video}"
                ):
                    has_any = True
                    yield record
            if has_any:
                self.subfolders.add(subfolder)
                self.mounts.add(mount)

    def _record(self, file: File, video: File, path: str) -> Record | None:
        """Return what a sidecar says of the clip at a path, None if its file is another."""
        try:
            # A name that is not text cannot be stored, and is not ours.
            path.encode()
            fields = sidecar.read_fields(file)
            status = video.stat()
        except ValueError, OSError:
            self._rebuilt.foreign += 1
            return None
        if not stat.S_ISREG(status.st_mode):
            self._rebuilt.foreign += 1
            return None
        if status.st_size != fields.size_bytes:
            self._rebuilt.damaged += 1
            return None
        fields.camera_id = self._camera_of(fields.account_id, fields.camera_id)
        return self._library.record_of_fields(fields, path, status.st_mtime_ns)


def _folders(
    roots: Sequence[Path], away: Collection[Path]
) -> Iterator[tuple[Folder, list[str], Path, Path]]:
    """Yield the media folders and all folders in them, opened.

    With them come the names of the files in them, the subfolder that they belong to, as
    `files.subfolder_of` has it, and where their disk is mounted.
    Links are not followed. Folders that are hidden, cannot be opened, or lie on a disk
    that is not mounted are left out.
    """
    roots = list(dict.fromkeys(roots))
    for root in roots:
        # Each with where the disk of the folder that it is in is mounted.
        left: list[tuple[tuple[str, ...], Path]] = [((), root)]
        while left:
            path, mount = left.pop()
            here = root.joinpath(*path)
            # A media folder in another one has its own turn.
            if (path and here in roots) or files.missing_mount(here, away):
                continue
            try:
                with Folder.open(root, path) as folder:
                    inner, names = folder.folders_and_others()
                    if not path or os.path.ismount(here):
                        mount = files.mount_of(here)
                    yield folder, names, root.joinpath(*path[:1]), mount
            except OSError:
                continue
            if len(path) < MOST_DEEP:
                shown = [name for name in inner if not name.startswith(".")]
                # In order, so that of two copies the same is taken each time.
                left += (((*path, name), mount) for name in sorted(shown, reverse=True))


async def _record(
    library: Library, roots: Sequence[Path], rebuilt: Rebuilt, found: Sequence[Record]
) -> None:
    """Record clips that the library does not know as they are.

    Of a clip and its copy one counts: the one that the library knows, else the first.
    """
    # Each with the path that it had before, and does not have any more.
    left: list[tuple[Record, str | None]] = [(one, None) for one in found]
    while left:
        moved = await library.change(functools.partial(_put, left, rebuilt))

        def look(moved: Sequence[tuple[Record, str]] = moved) -> Iterator[bool]:
            for (row, _), path in moved:
                yield _lies_at(row[ID], Path(path), roots)

        copies = await run_in_thread(lambda: list(look())) if moved else []
        left = [one for one, is_copy in zip(moved, copies, strict=True) if not is_copy]


def _put(
    found: Sequence[tuple[Record, str | None]],
    rebuilt: Rebuilt,
    database: sqlite3.Connection,
) -> list[tuple[Record, str]]:
    """Record clips within a change, and their events as saved.

    Return those that may be copies, with the paths of their records: those are nothing
    that the clips are known to have left.
    """
    ids = json.dumps([row[ID] for (row, _), _ in found])
    before = {
        row[ID]: tuple(row)
        for row in database.execute(
            f"SELECT {', '.join(RECORDED)} FROM clips "  # noqa: S608
            "WHERE id IN (SELECT value FROM json_each(?))",
            (ids,),
        )
    }
    records: dict[str, Record] = {}
    moved: list[tuple[Record, str]] = []
    for record, former_path in found:
        clip_id, path = record[0][ID], record[0][PATH]
        known = before.get(clip_id)
        if known and known[PATH] not in (path, former_path):
            moved.append((record, known[PATH]))
            continue
        if known and known[KEPT]:
            record = kept_record(record)
        rebuilt.found += 1
        if known == record[0]:
            continue
        if known:
            rebuilt.changed += 1
        else:
            rebuilt.added += 1
        before[clip_id] = record[0]
        records[clip_id] = record
    if records:
        put_records(database, list(records.values()))
        database.executemany(
            MARK_AGAIN,
            [mark for record in records.values() for mark in marks_of(record)],
        )
    database.execute(
        "INSERT OR IGNORE INTO temp.found SELECT rowid FROM clips "
        "WHERE id IN (SELECT value FROM json_each(?))",
        (ids,),
    )
    return moved


def marks_of(record: Record) -> Iterator[tuple[Any, ...]]:
    """Yield the values of MARK_AGAIN for each event that a clip was made for."""
    row, _ = record
    for event in orjson.loads(row[SAVES]):
        yield row[ACCOUNT], row[CAMERA], *event.values(), row[ID]


def _begin_finding(database: sqlite3.Connection) -> None:
    """Have a table for the clips that are found."""
    database.execute(_FOUND)
    database.execute("DELETE FROM temp.found")


async def _forget_gone(
    library: Library, roots: Sequence[Path], subfolders: Collection[Path]
) -> int:
    """Remove the records of clips in these subfolders whose file is gone; count them."""
    mounts = await library.mounts()
    count, last = 0, ""

    def missed(database: sqlite3.Connection) -> tuple[str | None, dict[str, Path]]:
        """Return the last of some clips, and where those lie that were not found."""
        # A database that was opened anew has none.
        database.execute(_FOUND)
        (end,) = database.execute(
            "SELECT MAX(id) FROM ("
            "SELECT id FROM clips WHERE id > ? ORDER BY id LIMIT ?)",
            (last, _LOOKED_THROUGH),
        ).fetchone()
        rows = database.execute(
            "SELECT id, path FROM clips WHERE id > ? AND id <= ? "
            "AND rowid NOT IN (SELECT id FROM temp.found) LIMIT ?",
            (last, end, _LOOKED_THROUGH),
        )
        return end, {row["id"]: Path(row["path"]) for row in rows}

    while True:
        end, paths = await library.change(missed)
        if end is None:
            break
        last = end

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
    await library.change(lambda database: database.execute("DROP TABLE temp.found"))
    return count


async def _rows(library: Library) -> AsyncIterator[list[sqlite3.Row]]:
    """Yield the ids and paths of all clips, in pages."""
    last = ""
    while rows := await library.read(
        "SELECT id, path FROM clips WHERE id > ? ORDER BY id LIMIT ?", (last, AT_ONCE)
    ):
        yield rows
        last = rows[-1]["id"]


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
