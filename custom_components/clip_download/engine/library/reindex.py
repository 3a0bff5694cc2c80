"""The library from its files: sidecars are the truth about clips, wherever they lie now."""

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

# How many files are looked at, or rows written, before anybody else has a turn.
AT_ONCE = 200
# No clip is written that deep, and whoever sorts them by hand does not come close.
MOST_DEEP = 3 * files.MOST_FOLDERS

# An event keeps the clip that it has, if that is still there.
_MARK_AGAIN = (
    f"{MARK_SAVED} "  # noqa: S608
    "WHERE NOT EXISTS (SELECT 1 FROM clips WHERE id = events.clip_id)"
)


@dataclass(kw_only=True)
class Rebuilt:
    """What a rebuild came to.

    `found` are the clips whose file is there, of which `added` were not in the library,
    and `changed` were not as they are: moved, for example. `gone` are those whose file
    was not there any more. `damaged` are sidecars whose clip has another size than they
    say: such a clip is not added, and stays in the library if it was there. `foreign`
    are sidecars of videos that are none of ours.
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
    """Bring the library up to what lies in the media folders.

    Hashes are taken from the sidecars: to read all clips is `verify`'s business. What
    either the library or a sidecar says is kept is kept. `camera_of` gives the id that
    an account's camera has now, by the account's id and the camera's in the sidecar.

    A clip counts as gone only where others are found: a media folder, or a folder right
    below it, that is missing or has no sidecar of ours may be a disk that is not there.
    Nothing is looked for, nor counts as gone, where one is known to be missing: where
    clips were written to what was mounted there, and nothing is now. That is forgotten
    once a clip lies there again as the library knows it, or if it knows none there.
    Raises StorageError as the library does.
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
        rebuilt.gone = await _let_go(library, roots, subfolders)
        if await run_in_thread(lambda: all(root.is_dir() for root in roots)):
            await library.set_rebuilt()
    return rebuilt


async def look_over(
    library: Library, roots: Sequence[Path], clips: Sequence[Clip]
) -> list[Clip]:
    """Forget those of some clips whose file is gone, and return them.

    It is meant for whoever is about to show a page of clips: what was deleted or moved
    by hand drops out as it is looked at. What was moved or restored comes (back) by a
    rebuild. Where the clip's media folder, or its folder right below that, is missing
    or empty, or nothing is mounted any more where the clip was written to what was,
    nothing is taken for gone: it may be a disk that is not there.
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


async def _still_away(library: Library, roots: Sequence[Path]) -> set[Path]:
    """Return the mount points whose disk is away; forget those that do without now."""
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
    """Find the clips in the media folders; count what is none.

    None comes now and then, so that nobody waits long for the next clip.
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
    """Open the media folders and all in them, through no link; each with its names.

    What is hidden, on a disk that is away, or cannot be opened is left out.
    """
    for root in roots:
        ways: list[tuple[str, ...]] = [()]
        while ways:
            way = ways.pop()
            if files.missing_mount(root.joinpath(*way), away):
                continue
            try:
                with Folder.open(root, way) as folder:
                    names, inner = _listed(folder)
                    yield folder, names
            except OSError:
                continue
            if len(way) < MOST_DEEP:
                # In order, so that of two copies the same is taken each time.
                ways += ((*way, name) for name in sorted(inner, reverse=True))


def _listed(folder: Folder) -> tuple[list[str], list[str]]:
    """Return the names of a folder's files, and of the folders in it. Raises OSError."""
    names, inner = [], []
    with os.scandir(folder.descriptor) as found:
        for one in found:
            if not one.is_dir(follow_symlinks=False):
                names.append(one.name)
            elif not one.name.startswith("."):
                inner.append(one.name)
    return names, inner


def _clip(record: File, video: File, rebuilt: Rebuilt) -> Clip | None:
    """Return the clip that a sidecar describes, as far as it is there."""
    try:
        # A name that is no text is none of ours, and none for the database.
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
        """Return the paths of those that the library knows elsewhere, and lie there."""
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


async def _let_go(
    library: Library, roots: Sequence[Path], subfolders: Collection[Path | None]
) -> int:
    """Forget the clips in these subfolders whose file is gone; return how many."""
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
    """Go through ids and paths of all clips, some at a time."""
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
    """Return whether a file is surely not there; a disk's trouble does not say so."""
    try:
        path.lstat()
    except FileNotFoundError, NotADirectoryError:
        return True
    except OSError:
        return False
    return False


def _is_there(clip_id: str, path: Path, roots: Collection[Path]) -> bool:
    """Return whether a clip is surely where it was known to be."""
    try:
        file = files.found(path, roots)
        return file.is_file() and _id_beside(file) == clip_id
    except OSError, ValueError:
        return False


def _lies_at(clip_id: str, path: Path, roots: Collection[Path]) -> bool:
    """Return whether a clip may still be where it was known to be."""
    if _is_gone(path):
        return False
    try:
        return _id_beside(files.found(path, roots)) == clip_id
    except FileNotFoundError, ValueError:
        return False
    except OSError:
        return True


def _id_beside(file: File) -> str:
    """Return of which clip the sidecar beside a file is. Raises ValueError, OSError."""
    return sidecar.read(file.folder / sidecar.path_of(file.path).name).clip.id
