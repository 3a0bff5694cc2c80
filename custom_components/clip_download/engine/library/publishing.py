"""Publishes the clips of a job under their final names, all or none.

The file that was hashed is the one that gets the name, and it never overwrites another.
A clip that is to be replaced is first moved aside, into the job's working folder. It is
moved back if anything fails, or at the next start after a kill. All functions block.

What a power cut leaves is never half, with one sync a file and one for all names: the
files are synced before the first of them gets its name, and the folder after the last.
A name that is taken back in between is of no harm: the job's row, which was synced before,
has the clip until that is recorded. The next start completes a clip that has its name, and
takes back a sidecar that lost it. No sync can be left out: nothing makes a picture anew.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
import contextlib
from dataclasses import dataclass
import errno
import hashlib
from io import BufferedRandom, FileIO
import os
import secrets
from typing import Self

from ..errors import StorageError
from ..folder import File, Folder, Hashed, is_link
from ..model import Clip
from ..time_range import Window
from . import files, sidecar

# The errors of file systems that have no links: exFAT, some SMB servers.
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EINVAL}
# The names of files that were moved aside begin with it.
ASIDE = "replaced_"
# What takes the disk longer than it takes to begin a thread.
LARGE_BYTES = 32 * 2**20
_PICTURE, _SIDECAR = files.COMPANIONS
# The order of publishing. The sidecar says which clip the files are of: it comes after
# the clip, and is removed before it.
_IN_ORDER = (files.SUFFIX, _SIDECAR, _PICTURE)


@dataclass(frozen=True)
class Sealed:
    """A whole file in a working folder, held open since it was hashed."""

    file: File
    source: FileIO | BufferedRandom
    sha256: str

    @classmethod
    def of(cls, file: File, hashed: Hashed | None = None) -> Self:
        """Hash a file, unless what is `hashed` of it still holds.

        Raises StorageError (`storage_changed`) if it is not ours, OSError.
        """
        try:
            source = file.open()
        except (ValueError, OSError) as err:
            if isinstance(err, OSError) and not is_link(err):
                raise
            raise StorageError("storage_changed", path=str(file.path)) from err
        try:
            about = os.fstat(source.fileno())
            _check_ours(file, about)
            if hashed and hashed.is_of(about):
                sha256 = hashed.sha256
            else:
                sha256 = _digest(source, about.st_size)
        except BaseException:
            source.close()
            raise
        return cls(file, source, sha256)

    @classmethod
    def new(cls, folder: Folder, content: bytes) -> Self:
        """Write a small file into a working folder. Raises OSError."""
        file = folder / secrets.token_hex(16)
        source = file.create()
        try:
            files.write_all(source, content)
        except BaseException:
            source.close()
            raise
        return cls(file, source, hashlib.sha256(content).hexdigest())

    def __enter__(self) -> Self:
        """Return this file, which is closed at the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self.source.close()

    def stat(self) -> os.stat_result:
        """Return the status of the open file."""
        return os.fstat(self.source.fileno())

    def sync(self) -> None:
        """Let others read the file, and wait until the disk has it. Raises OSError."""
        # Some file systems have no modes.
        with contextlib.suppress(PermissionError):
            files.let_others_read(self.source)
        os.fsync(self.source.fileno())

    def publish(self, final: File) -> None:
        """Give the file its final name, on the same file system; it may keep its first one.

        It has to be synced before, and the folder of the name after. Raises
        FileExistsError if the name is taken, StorageError (`storage_changed`) if another
        file was put in its place, OSError.
        """
        if not self.is_at(self.file):
            raise StorageError("storage_changed", path=str(self.file.path))
        _name(self.file, final)
        if not self.is_at(final):
            if _is_same(final, self.file):
                final.unlink(missing_ok=True)
            raise StorageError("storage_changed", path=str(final.path))

    def withdraw(self, final: File) -> None:
        """Remove the file's final name; its first one stays, or comes back. Raises OSError."""
        if self.is_at(final):
            if self.file.exists():
                final.unlink()
            else:
                final.rename(self.file)

    def is_at(self, final: File) -> bool:
        """Return whether this file has a name. Raises OSError."""
        ours = self.stat()
        try:
            about = final.stat()
        except FileNotFoundError:
            return False
        if (about.st_dev, about.st_ino) == (ours.st_dev, ours.st_ino):
            return True
        # The inode numbers of some file systems change.
        return about.st_size == ours.st_size and _has(final, self.sha256)


def _digest(source: FileIO | BufferedRandom, size_bytes: int) -> str:
    """Hash a file; meanwhile the disk gets what it has not yet of one that is large."""
    if size_bytes < LARGE_BYTES:
        return hashlib.file_digest(source, "sha256").hexdigest()
    with ThreadPoolExecutor(1, "clip_sync") as pool:
        # Its errors are told once only: they must not be lost here.
        syncing = pool.submit(os.fsync, source.fileno())
        sha256 = hashlib.file_digest(source, "sha256").hexdigest()
        syncing.result()
    return sha256


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """A clip to be published: its file, and its picture if it has one."""

    clip: Clip
    sealed: Sealed
    picture: bytes | None


@dataclass
class Publisher:
    """Publishes clips in a folder, from working folders.

    The first of `works` is the current working folder; others are from before a restart.
    """

    folder: Folder
    works: Sequence[Folder]

    def is_free(self, stem: str) -> bool:
        """Return whether no clip, sidecar or picture has this stem. Raises OSError."""
        return not any(
            (self.folder / f"{stem}{ending}").exists() for ending in _IN_ORDER
        )

    def has_as_saved(self, clip: Clip) -> bool:
        """Return whether a clip lies here unchanged, or its file is gone.

        Its own sidecar has to be here in both cases. Raises OSError.
        """
        file = self.folder / clip.path.name
        record = _record(self.folder, clip)
        # A restored database may not know that the clip is kept.
        if record is None or record.kept != clip.kept:
            return False
        try:
            size_bytes = file.stat().st_size
        except FileNotFoundError:
            return True
        return size_bytes == clip.size_bytes and _has(file, clip.sha256)

    def put(
        self,
        number: int,
        one: Outgoing,
        *,
        asked: Window | None,
        replaces: Clip | None,
    ) -> None:
        """Publish one clip of a job, with its sidecar and picture.

        `number` is its place in the job, `asked` the requested window, and `replaces` the
        unchanged clip to replace. Raises FileExistsError if the name is taken, with
        nothing changed; StorageError or OSError, after which `take_back` has to be called.
        """
        published: list[tuple[Sealed, File]] = []
        with self._drafts(one.clip, one.picture, asked) as drafts:
            all_of_it = [(files.SUFFIX, one.sealed), *drafts]
            for _, sealed in all_of_it:
                sealed.sync()
            try:
                if replaces:
                    self._move_aside(number, replaces)
                for ending, sealed in all_of_it:
                    final = self._final(one.clip, ending)
                    sealed.publish(final)
                    published.append((sealed, final))
            except FileExistsError:
                for sealed, final in reversed(published):
                    sealed.withdraw(final)
                self._restore(number, one.clip)
                raise
        self.folder.sync()

    def has_published(self, clip: Clip) -> bool:
        """Return whether a clip got its name before a kill. Raises OSError.

        A sidecar of another clip means that the file is that clip's.
        """
        record = self.folder / sidecar.path_of(clip.path).name
        if record.exists() and _record(self.folder, clip) is None:
            return False
        return _has(self.folder / clip.path.name, clip.sha256)

    def complete(
        self, clip: Clip, *, picture: bytes | None, asked: Window | None
    ) -> None:
        """Publish the sidecar and picture that a published clip may lack.

        Raises OSError, StorageError.
        """
        with self._drafts(clip, picture, asked) as drafts:
            for ending, draft in drafts:
                draft.sync()
                with contextlib.suppress(FileExistsError):
                    draft.publish(self._final(clip, ending))
        self.folder.sync()

    def take_back(self, clips: Iterable[Clip]) -> None:
        """Remove clips that were published, and move back those that they replaced.

        Raises OSError.
        """
        for number, clip in enumerate(clips):
            file = self._final(clip, files.SUFFIX)
            endings = [files.SUFFIX] if self.has_published(clip) else []
            # A power cut may have taken the file's name, and left those that came later.
            if (endings or not file.exists()) and _record(self.folder, clip):
                endings = [_PICTURE, _SIDECAR, *endings]
            for ending in endings:
                self._final(clip, ending).unlink(missing_ok=True)
            self._restore(number, clip)

    @contextlib.contextmanager
    def _drafts(
        self, clip: Clip, picture: bytes | None, asked: Window | None
    ) -> Iterator[list[tuple[str, Sealed]]]:
        """Write a clip's sidecar and picture into the working folder."""
        record = sidecar.content_of(clip, asked)
        with contextlib.ExitStack() as stack:
            yield [
                (ending, stack.enter_context(Sealed.new(self.works[0], content)))
                for ending, content in (
                    (_SIDECAR, record),
                    (_PICTURE, picture),
                )
                if content
            ]

    def _final(self, clip: Clip, ending: str) -> File:
        return self.folder / f"{clip.path.stem}{ending}"

    def _move_aside(self, number: int, clip: Clip) -> None:
        """Move a clip into the working folder.

        Raises FileExistsError if its file is another one by now.
        """
        # Sync the name of the working folder, which lies here, before a clip moves there.
        self.folder.sync()
        for ending in _IN_ORDER:
            file = self._final(clip, ending)
            with contextlib.suppress(FileNotFoundError):
                _move(file, _aside(self.works[0], number, ending))
        aside = _aside(self.works[0], number, files.SUFFIX)
        if aside.exists() and not _has(aside, clip.sha256):
            raise _exists(self.folder / clip.path.name)

    def _restore(self, number: int, clip: Clip) -> None:
        for work in self.works:
            gone = []
            for ending in reversed(_IN_ORDER):
                aside = _aside(work, number, ending)
                if _is_same(aside, self._final(clip, ending)):
                    # A kill came before this second name was removed.
                    aside.unlink()
                elif aside.exists():
                    gone.append(ending)
            stem = clip.path.stem
            again = 1
            # A file that took the name meanwhile keeps it.
            while any((self.folder / f"{stem}{ending}").exists() for ending in gone):
                again += 1
                stem = f"{clip.path.stem}_{again}"
            for ending in gone:
                _move(_aside(work, number, ending), self.folder / f"{stem}{ending}")


def has_replaced(work: Folder) -> bool:
    """Return whether a working folder holds replaced clips. Raises OSError."""
    return any(name.startswith(ASIDE) for name in work.names())


def _record(folder: Folder, clip: Clip) -> Clip | None:
    """Return the clip of a clip's own sidecar, None without one. Raises OSError."""
    record = sidecar.of(folder, clip)
    return record.clip if record else None


def _aside(work: Folder, number: int, ending: str) -> File:
    return work / f"{ASIDE}{number}{ending}"


def _check_ours(file: File, about: os.stat_result) -> None:
    folder = os.fstat(file.folder.descriptor)
    # With a second name, the file may also lie outside the media folder.
    if about.st_nlink > 1 or about.st_uid != folder.st_uid:
        raise StorageError("storage_changed", path=str(file.path))


def _has(file: File, sha256: str) -> bool:
    """Return whether a file has this content. Raises OSError."""
    try:
        with file.open() as source:
            return hashlib.file_digest(source, "sha256").hexdigest() == sha256
    except FileNotFoundError, ValueError:
        return False
    except OSError as err:
        if is_link(err):
            return False
        raise


def _is_same(file: File, other: File) -> bool:
    try:
        return os.path.samestat(file.stat(), other.stat())
    except FileNotFoundError:
        return False


def _name(file: File, final: File) -> None:
    """Give a file a name that is free. Raises FileExistsError, OSError."""
    try:
        # Unlike a rename, a link never replaces what is there.
        file.link(final)
    except OSError as err:
        if err.errno not in _NO_LINKS:
            raise
        if final.exists():
            raise _exists(final) from err
        file.rename(final)


def _move(file: File, to: File) -> None:
    """Move a file to a name that is free. Raises FileExistsError, OSError."""
    _name(file, to)
    # A power cut must not leave it without a name.
    to.folder.sync()
    if file.exists() and _is_same(file, to):
        file.unlink(missing_ok=True)


def _exists(file: File) -> FileExistsError:
    return FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(file.path))
