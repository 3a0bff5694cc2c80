"""The way back: copies are compared with their records, and clips are brought home."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
import contextlib
from dataclasses import dataclass, field, replace
from datetime import datetime
import errno
import hashlib
from io import FileIO
import os
from pathlib import Path
import secrets
import sqlite3
from typing import Any

from ..aio import join_thread, run_in_thread
from ..errors import ClipError, StorageError, storage_error
from ..folder import File, Folder
from ..library import files, sidecar
from ..library.publishing import Outgoing, Publisher, Sealed
from ..library.queries import ClipQueries
from ..library.reindex import MARK_AGAIN, marks_of
from ..model import Clip
from ..targets.base import DamagedCopyError, NoStoreError, Target
from ..time_range import from_ms, to_ms
from .away import AwayClips
from .crypt import UndecryptableError
from .place import SIDECAR, CopyPlace, Record
from .store import Copy, CopyStore, Found

# The working folder of a clip that is fetched begins with it.
_WORK = f"{files.HIDDEN}restore_"
# How many copies are looked for at once in the database.
_AT_ONCE = 200


class NotCopiedError(NoStoreError):
    """There is no copy of a clip."""


@dataclass(kw_only=True)
class VerifiedCopies:
    """The copies of some clips, compared with their records and not fetched.

    `unknown` are those of which the store keeps no checksum: only their size is right.
    """

    ok: int = 0
    unknown: int = 0
    missing: list[Copy] = field(default_factory=list)
    differing: list[Copy] = field(default_factory=list)


@dataclass(kw_only=True)
class Restored:
    """What became of the clips that were to be brought home.

    `present` counts those that are there as recorded; `failed` has the others by name.
    """

    clips: list[Clip] = field(default_factory=list)
    present: int = 0
    failed: dict[str, ClipError] = field(default_factory=dict)


async def instances(target: Target) -> set[str]:
    """Return the ids of all that copied to a target: a new Home Assistant takes one over."""
    return {
        folder
        async for stored in target.list()
        for folder, inside, _ in [stored.name.partition("/")]
        if inside
    }


async def verify(
    store: CopyStore, place: CopyPlace, clip_ids: Sequence[str]
) -> VerifiedCopies:
    """Compare the copies of clips with what is recorded of them, by their checksums.

    What differs or is missing is copied again if it is at home. Raises what a target does.
    """
    verified = VerifiedCopies()
    for first in range(0, len(clip_ids), _AT_ONCE):
        some = clip_ids[first : first + _AT_ONCE]
        for copy in await store.of_clips(place.target_id, some):
            if copy.clip is None:
                continue
            size_bytes, tag = place.expected(copy.clip)
            stored = await place.target.head(place.object_name(copy.name, files.SUFFIX))
            record = await place.target.head(place.object_name(copy.name, SIDECAR))
            if stored is None or record is None:
                verified.missing.append(copy)
            elif stored.size_bytes != size_bytes or stored.tag not in ("", tag):
                verified.differing.append(copy)
            elif stored.tag:
                verified.ok += 1
            else:
                verified.unknown += 1
    await store.copy_again([*verified.missing, *verified.differing])
    return verified


async def catalogue(
    place: CopyPlace, names: AsyncIterator[str] | None = None
) -> AsyncGenerator[Record]:
    """Yield the records of all copies that are whole, or of those whose sidecars are named.

    What is no record of ours is left out. Raises UndecryptableError if the key is that of
    none of them, and what a target does.
    """
    other_key: UndecryptableError | None = None
    has_any = False
    async for object_name in names or place.record_names():
        try:
            with contextlib.suppress(ValueError, NoStoreError):
                record = await place.record(object_name)
                has_any = True
                yield record
        except UndecryptableError as err:
            other_key = err
    if other_key and not has_any:
        raise other_key


async def restore(
    store: CopyStore, place: CopyPlace, root: Path, roots: Sequence[Path]
) -> Restored:
    """Bring home the clips of a target that are gone or damaged there.

    A clip that the library knows goes where it was, any other to its path below `root`.
    Nothing is overwritten: where the name is taken, a number is added. Raises what a
    target does when it is asked for its list.
    """
    restored = Restored()
    missing = _missing(store, place, roots, restored)
    async for record in catalogue(place, missing):
        known, is_at_home = await _known(store, record.sidecar.clip.id)
        try:
            if known and is_at_home and await _is_as_recorded(known, roots):
                restored.present += 1
                continue
            restored.clips.append(
                await _bring(store, place, record, known=known, root=root, roots=roots)
            )
        except ClipError as err:
            restored.failed[record.name] = err
    return restored


async def relist(
    store: CopyStore,
    place: CopyPlace,
    root: Path,
    *,
    camera_of: Callable[[str, str], str] = lambda account_id, camera_id: camera_id,
) -> Restored:
    """List the clips of a target that are not at home, and fetch none of them.

    Of the result, `clips` are those that were not listed before. They belong below
    `root`. `camera_of` returns the id that a camera has now, by the account's id and the
    camera's id in the sidecar. Raises what a target does when it is asked for its list.
    """
    restored, found = Restored(), list[Found]()

    async def note() -> None:
        restored.clips += [one.clip for one in await store.note(place.target_id, found)]
        found.clear()

    async for record in catalogue(place, _unlisted(store, place, restored)):
        clip = record.sidecar.clip
        if (await _known(store, clip.id))[0]:
            restored.present += 1
        _, sha256 = place.record_content(record.name, record.sidecar)
        path = root / record.path
        clip = replace(
            clip,
            path=path.with_name(f"{path.name}{files.SUFFIX}"),
            camera_id=camera_of(clip.account_id, clip.camera_id),
        )
        found.append(Found(clip=clip, name=record.name, sidecar_sha256=sha256))
        if len(found) == _AT_ONCE:
            await note()
    await note()
    return restored


async def fetch_one(
    store: CopyStore,
    place: CopyPlace,
    clip_id: str,
    root: Path,
    roots: Sequence[Path],
    *,
    now: datetime,
    on_bytes: Callable[[int], object] = lambda done_bytes: None,
) -> Clip:
    """Bring one clip home, as when it is played; return it as it is there then.

    Its copy is asked for by its name. One that was away counts as saved `now`: what has
    deleted it at home does not do so again at once. Raises NotCopiedError, DamagedCopyError, what a target raises, StorageError.
    """
    known, is_at_home = await _known(store, clip_id)
    if known and is_at_home and await _is_unchanged(known, roots):
        return known
    for copy in await store.of_clips(place.target_id, [clip_id]):
        try:
            record = await place.record(place.object_name(copy.name, SIDECAR))
        except ValueError as err:
            raise DamagedCopyError("copy_damaged") from err
        clip = record.sidecar.clip
        if clip.id != clip_id or (known and known.sha256 != clip.sha256):
            raise DamagedCopyError("copy_damaged")
        known = known or clip
        if not is_at_home:
            # As exact as its sidecar.
            known = replace(known, saved_at=from_ms(to_ms(now)))
        return await _bring(
            store,
            place,
            record,
            known=known,
            root=root,
            roots=roots,
            on_bytes=on_bytes,
        )
    raise NotCopiedError("copy_not_found")


async def _known(store: CopyStore, clip_id: str) -> tuple[Clip | None, bool]:
    """Return what is known of a clip, and whether it should be at home."""
    if clip := await ClipQueries(store.library).clip(clip_id):
        return clip, True
    return await AwayClips(store).clip(clip_id), False


async def _missing(
    store: CopyStore,
    place: CopyPlace,
    roots: Sequence[Path],
    restored: Restored,
) -> AsyncIterator[str]:
    """Yield the names of the sidecars of what may not be at home.

    Of what the queue knows, only those are asked for that are missing.
    """
    seen = set[int]()
    async for copy in store.whole(place.target_id):
        name = place.object_name(copy.name, SIDECAR)
        # Of very many, their names would take much memory.
        seen.add(hash(name))
        with contextlib.suppress(StorageError):
            if copy.clip and await _is_as_recorded(copy.clip, roots):
                restored.present += 1
                continue
        yield name
    async for name in place.record_names():
        if hash(name) not in seen:
            yield name


async def _unlisted(
    store: CopyStore, place: CopyPlace, restored: Restored
) -> AsyncIterator[str]:
    """Yield the names of the sidecars of what the queue does not know, or nobody lists."""
    seen, away = set[int](), AwayClips(store)
    async for copy in store.whole(place.target_id):
        if copy.clip or await away.clip(copy.clip_id):
            restored.present += 1
            seen.add(hash(place.object_name(copy.name, SIDECAR)))
    async for name in place.record_names():
        if hash(name) not in seen:
            yield name


async def _bring(
    store: CopyStore,
    place: CopyPlace,
    record: Record,
    *,
    known: Clip | None,
    root: Path,
    roots: Sequence[Path],
    on_bytes: Callable[[int], object] = lambda done_bytes: None,
) -> Clip:
    """Fetch a clip, give it its name, and record it."""
    path, library = root / record.path, store.library
    if known and (known_root := files.root_of(known.path, roots)):
        root, path = known_root, known.path.with_suffix("")
    clip = record.sidecar.clip
    if known:
        # The record at home may be newer.
        clip = replace(known, size_bytes=clip.size_bytes, sha256=clip.sha256)
    await run_in_thread(files.check_mounted, root, await library.mounts())
    try:
        fetch = await run_in_thread(_Fetch.begin, root, path, clip.size_bytes)
    except OSError as err:
        raise storage_error(err) from err
    try:
        async with place.read(record.name, files.SUFFIX) as pieces:
            async for piece in pieces:
                await join_thread(run_in_thread(fetch.write, piece, clip.size_bytes))
                on_bytes(fetch.size_bytes)
        picture = await place.picture(record.name)
        clip = await join_thread(run_in_thread(fetch.publish, clip, record, picture))
    except OSError as err:
        raise storage_error(err) from err
    finally:
        await run_in_thread(fetch.close)
    _, sha256 = place.record_content(record.name, record.sidecar)

    def put(database: sqlite3.Connection) -> None:
        library.put_clip(database, clip)
        database.executemany(MARK_AGAIN, marks_of(library.record_of(clip)))

    await library.change(put)
    await store.note(
        place.target_id, [Found(clip=clip, name=record.name, sidecar_sha256=sha256)]
    )
    return clip


@dataclass
class _Fetch:
    """A clip on its way home, in a hidden folder beside where it belongs. All blocks."""

    root: Path
    below: Sequence[str]
    stem: str
    folder: Folder
    made: int
    work: Folder
    file: File
    out: FileIO
    digest: Any = field(default_factory=hashlib.sha256)
    size_bytes: int = 0

    @classmethod
    def begin(cls, root: Path, path: Path, size_bytes: int) -> _Fetch:
        """Make a working folder. Raises OSError, StorageError."""
        below = path.relative_to(root).parts[:-1]
        folder, made = Folder.reach(root, below)
        try:
            files.check_space(folder, size_bytes)
            work = folder.make_private(f"{_WORK}{secrets.token_hex(16)}")
        except BaseException:
            Folder.unmake(root, below, made)
            raise
        file = work / f"clip{files.SUFFIX}"
        return cls(root, below, path.name, folder, made, work, file, file.create())

    def write(self, piece: bytes, most_bytes: int) -> None:
        """Add a piece. Raises OSError, DamagedCopyError if it is more than there should be."""
        self.size_bytes += len(piece)
        if self.size_bytes > most_bytes:
            raise DamagedCopyError("copy_damaged")
        files.write_all(self.out, piece)
        self.digest.update(piece)

    def publish(self, clip: Clip, record: Record, picture: bytes | None) -> Clip:
        """Give the clip the first name that is free. Raises OSError, ClipError."""
        self.out.flush()
        if self.digest.hexdigest() != clip.sha256:
            raise DamagedCopyError("copy_damaged")
        publisher = Publisher(self.folder, [self.work])
        number = 1
        with Sealed.of(self.file) as sealed:
            if again := self._beside_its_own(clip, record, picture, publisher, sealed):
                return again
            while True:
                stem = self.stem if number == 1 else f"{self.stem}_{number}"
                number += 1
                if not publisher.is_free(stem):
                    continue
                path = self.folder.path / f"{stem}{files.SUFFIX}"
                final = replace(clip, path=path)
                with contextlib.suppress(FileExistsError):
                    publisher.put(
                        0,
                        Outgoing(clip=final, sealed=sealed, picture=picture),
                        asked=record.sidecar.asked,
                        replaces=None,
                    )
                    status = sealed.stat()
                    return replace(final, modified_ns=status.st_mtime_ns)

    def _beside_its_own(
        self,
        clip: Clip,
        record: Record,
        picture: bytes | None,
        publisher: Publisher,
        sealed: Sealed,
    ) -> Clip | None:
        """Publish the clip where only its file is gone; return it, None if that is not so."""
        final = replace(clip, path=self.folder.path / f"{self.stem}{files.SUFFIX}")
        if sidecar.of(self.folder, final) is None:
            return None
        try:
            sealed.publish(self.folder / final.path.name)
        except FileExistsError:
            return None
        publisher.complete(final, picture=picture, asked=record.sidecar.asked)
        sidecar.write(self.folder, final, record.sidecar.asked)
        return replace(final, modified_ns=sealed.stat().st_mtime_ns)

    def close(self) -> None:
        """Remove the working folder, and folders that were made for nothing."""
        self.out.close()
        self.work.close()
        self.folder.remove(self.work.path.name)
        Folder.unmake(self.root, self.below, self.made)


async def _is_as_recorded(clip: Clip, roots: Sequence[Path]) -> bool:
    """Return whether a clip is at home with its content. Raises StorageError."""
    return await run_in_thread(_look, clip, roots, lambda file: False)


async def _is_unchanged(clip: Clip, roots: Sequence[Path]) -> bool:
    """Return that, too, and do not read a file that was not written to since."""

    def is_untouched(file: FileIO) -> bool:
        status = os.fstat(file.fileno())
        return (status.st_size, status.st_mtime_ns) == (
            clip.size_bytes,
            clip.modified_ns,
        )

    return await run_in_thread(_look, clip, roots, is_untouched)


def _look(
    clip: Clip, roots: Sequence[Path], is_surely: Callable[[FileIO], bool]
) -> bool:
    """Return whether a clip is at home with its content. Blocks. Raises StorageError."""
    try:
        with files.found(clip.path, roots).open() as file:
            return (
                is_surely(file)
                or hashlib.file_digest(file, "sha256").hexdigest() == clip.sha256
            )
    except FileNotFoundError, NotADirectoryError, ValueError:
        return False
    except OSError as err:
        if err.errno == errno.ELOOP:
            return False
        raise storage_error(err) from err
