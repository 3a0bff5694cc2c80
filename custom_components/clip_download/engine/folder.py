"""Folders that are held open, so that nothing in them is reached through a link.

Whoever else may write to a media folder can put a link in place of any file or folder of
it, at any moment. So a folder is opened by its descriptor, level by level and through no
link, right before it is used; what is done in it then happens there, whatever has become
of its path. All functions block.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
import contextlib
from dataclasses import dataclass
import errno
from io import BufferedWriter, FileIO
import os
from pathlib import Path
import shutil
import stat
from typing import Any, Self
import weakref

from .errors import StorageError

# Read and written by Home Assistant only, until it has its final name.
_PRIVATE_FILE = 0o600
_PRIVATE_FOLDER = 0o700
_SHARED_FOLDER = 0o755
_FOLDER = os.O_RDONLY | os.O_DIRECTORY
# More would hold up whoever tells the disk to begin with it, and less gains nothing.
_BEGIN_EVERY_BYTES = 8 * 2**20
# The descriptors of folders whose last reference the event loop had.
_dropped = deque[int]()


class Folder:
    """A folder that is held open. It is closed with its last reference, or before."""

    def __init__(self, descriptor: int, path: Path) -> None:
        """Take the open descriptor, and the path by which people know it."""
        self.descriptor = descriptor
        self.path = path
        self.close = weakref.finalize(self, _close, descriptor)

    def __enter__(self) -> Self:
        """Return the folder, which is closed in the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def __truediv__(self, name: str) -> File:
        """Return what goes by a name in it, whether it is there or not."""
        return File(self, name)

    @classmethod
    def open(cls, root: Path, below: Iterable[str] = ()) -> Self:
        """Open a media folder, or one below it: from there on, through no link.

        The media folder itself may be one: its place is for the administrator to say.
        Raises OSError: ELOOP or ENOTDIR for a link.
        """
        folder = cls(os.open(root, _FOLDER), root)
        for name in below:
            with folder:
                folder = folder.inner(name)
        return folder

    @classmethod
    def reach(cls, root: Path, below: Sequence[str]) -> tuple[Self, int]:
        """Open a folder below a media folder, and make what is missing on the way there.

        Return it, and how many folders were made; none of them is left if one cannot
        be made. Raises OSError as `open` does.
        """
        folder, made = cls.open(root), 0
        try:
            for name in below:
                with folder:
                    folder, is_new = folder.inner_or_new(name)
                    made = made + 1 if is_new else 0
        except BaseException:
            reached = folder.path.relative_to(root).parts
            cls.unmake(root, reached, min(made, len(reached)))
            raise
        return folder, made

    @classmethod
    def unmake(cls, root: Path, below: Sequence[str], made: int) -> None:
        """Remove the last folders of the way to one, as long as they are empty."""
        for depth in range(len(below), len(below) - made, -1):
            try:
                cls.open(root, below[: depth - 1]).remove_empty(below[depth - 1])
            except OSError:
                return

    def inner(self, name: str) -> Self:
        """Open a folder in this one. Raises OSError: ELOOP for a link."""
        _check_name(name)
        flags = _FOLDER | os.O_NOFOLLOW
        path = self.path / name
        with _About(self.path, name):
            try:
                return type(self)(os.open(name, flags, dir_fd=self.descriptor), path)
            except NotADirectoryError:
                if (self / name).is_link():
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from None
                raise

    def inner_or_new(self, name: str) -> tuple[Self, bool]:
        """Open a folder in this one, or make it; return it, and whether it is new."""
        try:
            return self.inner(name), False
        except FileNotFoundError:
            pass
        try:
            return self.make(name), True
        except FileExistsError:
            # Another job was first.
            return self.inner(name), False

    def make(self, name: str) -> Self:
        """Make a folder in this one that others may look into.

        Raises FileExistsError, OSError.
        """
        return self._make(name, _SHARED_FOLDER)

    def make_private(self, name: str) -> Self:
        """Make a folder in this one that is ours alone; no other is taken for it.

        Raises FileExistsError, StorageError if another was put in its place, OSError.
        """
        folder = self._make(name, _PRIVATE_FOLDER)
        about = os.fstat(folder.descriptor)
        if folder.names() or about.st_uid != _own_uid(folder):
            raise StorageError("storage_changed", path=str(folder.path))
        return folder

    def _make(self, name: str, mode: int) -> Self:
        _check_name(name)
        with _About(self.path, name):
            os.mkdir(name, mode, dir_fd=self.descriptor)
        return self.inner(name)

    def names(self) -> list[str]:
        """Return the names of all that is in it."""
        with self._scan() as found:
            return [one.name for one in found]

    def folders_and_others(self) -> tuple[list[str], list[str]]:
        """Return the names of the folders in it, and of all else, links to folders too."""
        folders: list[str] = []
        others: list[str] = []
        with self._scan() as found:
            for one in found:
                is_folder = one.is_dir(follow_symlinks=False)
                (folders if is_folder else others).append(one.name)
        return folders, others

    @contextlib.contextmanager
    def _scan(self) -> Iterator[Iterator[os.DirEntry[str]]]:
        # A descriptor of its own: two threads that list one share how far they are, and
        # each misses names.
        descriptor = os.open(".", _FOLDER, dir_fd=self.descriptor)
        try:
            with os.scandir(descriptor) as found:
                yield found
        finally:
            os.close(descriptor)

    def remove(self, name: str) -> None:
        """Remove a folder in this one with all that is in it, as far as that goes."""
        _check_name(name)
        shutil.rmtree(name, ignore_errors=True, dir_fd=self.descriptor)

    def remove_empty(self, name: str) -> None:
        """Remove an empty folder in this one. Raises OSError if it is not empty."""
        _check_name(name)
        with _About(self.path, name):
            os.rmdir(name, dir_fd=self.descriptor)

    def free_bytes(self) -> int:
        """Return how much space is left on its disk for us."""
        space = os.fstatvfs(self.descriptor)
        return space.f_bavail * space.f_frsize

    def sync(self) -> None:
        """See to it that names given in it survive a power cut, where that can be."""
        # Not every network file system can do this, and files are safe by themselves.
        with contextlib.suppress(OSError):
            os.fsync(self.descriptor)


@dataclass(frozen=True)
class File:
    """A name in a folder that is held open, for a file that is there or is to be."""

    folder: Folder
    name: str

    def __post_init__(self) -> None:
        """Refuse what is no name. Raises ValueError."""
        _check_name(self.name)

    @classmethod
    def at(cls, path: Path) -> Self:
        """Return the file at a path whose folder nobody else can write to."""
        return cls(Folder.open(path.parent), path.name)

    @property
    def path(self) -> Path:
        """Where people find it. Nothing is opened by this."""
        return self.folder.path / self.name

    def open(self) -> FileIO:
        """Open it to read: no link, and no pipe that nobody writes to.

        Raises ValueError if it is no file, OSError.
        """
        with _About(self.folder.path, self.name):
            descriptor, _ = self._open()
        return FileIO(descriptor)

    def read(self, most_bytes: int) -> bytes:
        """Return what it holds. Raises ValueError if that is more, or no file, OSError."""
        # Not by a `FileIO`, which asks the system twice as often: a rebuild reads a million.
        with _About(self.folder.path, self.name):
            descriptor, size_bytes = self._open()
            try:
                if size_bytes > most_bytes:
                    raise ValueError("too large")
                content = os.read(descriptor, size_bytes + 1)
                # It may grow meanwhile, and one call may return less than there is.
                while len(content) != size_bytes and (
                    piece := os.read(descriptor, most_bytes + 1 - len(content))
                ):
                    content += piece
            finally:
                os.close(descriptor)
        if len(content) > most_bytes:
            raise ValueError("too large")
        return content

    def _open(self) -> tuple[int, int]:
        """Return a descriptor of the file, which is to be closed, and the file's size."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
        descriptor = os.open(self.name, flags, dir_fd=self.folder.descriptor)
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            os.close(descriptor)
            raise ValueError("not a file")
        return descriptor, about.st_size

    def create(self) -> FileIO:
        """Make it, ours alone, to write and read. Raises FileExistsError, OSError."""
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with _About(self.folder.path, self.name):
            return FileIO(
                os.open(self.name, flags, _PRIVATE_FILE, dir_fd=self.folder.descriptor),
                "r+",
            )

    def stat(self) -> os.stat_result:
        """Return what there is under the name, a link as a link. Raises OSError."""
        with _About(self.folder.path, self.name):
            return os.stat(
                self.name, dir_fd=self.folder.descriptor, follow_symlinks=False
            )

    def is_file(self) -> bool:
        """Return whether it is a file, as far as that can be known."""
        return self._is(stat.S_ISREG)

    def is_link(self) -> bool:
        """Return whether it is a link, as far as that can be known."""
        return self._is(stat.S_ISLNK)

    def _is(self, kind: Callable[[int], bool]) -> bool:
        try:
            return kind(self.stat().st_mode)
        except OSError:
            return False

    def exists(self) -> bool:
        """Return whether there is anything under the name."""
        try:
            self.stat()
        except FileNotFoundError:
            return False
        return True

    def unlink(self, *, missing_ok: bool = False) -> None:
        """Remove the name. Raises OSError."""
        try:
            with _About(self.folder.path, self.name):
                os.unlink(self.name, dir_fd=self.folder.descriptor)
        except FileNotFoundError:
            if not missing_ok:
                raise

    def rename(self, to: File) -> None:
        """Give it another name, in place of what has that. Raises OSError."""
        with _About(to.folder.path, to.name):
            os.rename(
                self.name,
                to.name,
                src_dir_fd=self.folder.descriptor,
                dst_dir_fd=to.folder.descriptor,
            )

    def link(self, to: File) -> None:
        """Give it one more name. Raises FileExistsError, OSError."""
        with _About(to.folder.path, to.name):
            os.link(
                self.name,
                to.name,
                src_dir_fd=self.folder.descriptor,
                dst_dir_fd=to.folder.descriptor,
                follow_symlinks=False,
            )


@dataclass(frozen=True)
class Hashed:
    """The hash of what was written to a file, which holds for that very file as it was.

    Whoever writes to a file changes when it was changed last, which nobody can set.
    """

    sha256: str
    _state: tuple[int, ...]

    @classmethod
    def of(cls, descriptor: int, sha256: str) -> Self:
        """Take the hash of an open file that all has been written to. Raises OSError."""
        return cls(sha256, _state(os.fstat(descriptor)))

    def is_of(self, about: os.stat_result) -> bool:
        """Return whether a file is that one, and was not written to since."""
        return self._state == _state(about)


class EarlySync:
    """Lets the disk begin with what is written to a file, so that a sync later is short.

    A long one holds up all threads of a small machine.
    """

    def __init__(self, file: BufferedWriter[Any], start_bytes: int = 0) -> None:
        """Take a file, and from where on it will be written."""
        self._file = file
        self._begun_bytes = self._end_bytes = start_bytes

    def wrote(self, size_bytes: int) -> None:
        """Hear that so much was written, one after the other. Blocks. Raises OSError."""
        self._end_bytes += size_bytes
        ready_bytes = self._end_bytes - self._begun_bytes
        if ready_bytes < _BEGIN_EVERY_BYTES:
            return
        self._file.flush()
        # That it is not needed any more is how Linux is asked for this; others cannot be.
        if hasattr(os, "posix_fadvise"):
            with contextlib.suppress(OSError):
                os.posix_fadvise(
                    self._file.fileno(),
                    self._begun_bytes,
                    ready_bytes,
                    os.POSIX_FADV_DONTNEED,
                )
        self._begun_bytes = self._end_bytes


def _state(about: os.stat_result) -> tuple[int, ...]:
    return (
        about.st_dev,
        about.st_ino,
        about.st_size,
        about.st_mtime_ns,
        about.st_ctime_ns,
    )


def _close(descriptor: int) -> None:
    """Close a folder, in a thread if this is the event loop.

    Whoever closes a folder that was removed waits until the disk has let go of it.
    """
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        os.close(descriptor)
    else:
        _dropped.append(descriptor)
        # Not at once: the reference may have gone in the middle of anything.
        loop.call_soon(_close_dropped, loop)


def _close_dropped(loop: asyncio.AbstractEventLoop) -> None:
    """Close what the event loop has dropped: all of it in one thread."""
    descriptors = list(_dropped)
    _dropped.clear()
    if descriptors:
        loop.run_in_executor(None, _close_all, descriptors)


def _close_all(descriptors: Iterable[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def is_link(err: OSError) -> bool:
    """Return whether a folder or file could not be opened because it is a link."""
    return err.errno in (errno.ELOOP, errno.ENOTDIR)


class _About:
    """Lets an error name the whole path: by a descriptor, it has the last name only.

    The path is put together only then: a rebuild opens a million files.
    """

    __slots__ = ("_folder", "_name")

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, err: BaseException | None, trace: object) -> None:
        if isinstance(err, OSError):
            err.filename, err.filename2 = str(self._folder / self._name), None


def _own_uid(folder: Folder) -> int:
    """Return whose our files are there: a network share may give them to another."""
    probe = folder / "owner"
    with probe.create() as file:
        uid = os.fstat(file.fileno()).st_uid
    probe.unlink()
    return uid


def _check_name(name: str) -> None:
    if name in ("", os.curdir, os.pardir) or "/" in name or "\0" in name:
        raise ValueError("no name of a file or folder")
