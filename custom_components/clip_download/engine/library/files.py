"""Names and files of clips, all inside the media folders. All functions block."""

from collections.abc import Collection
import contextlib
import errno
from io import BufferedRandom, FileIO
import os
from pathlib import Path, PurePosixPath
import secrets
import unicodedata

from ..errors import DiskError, InvalidRequestError, StorageError
from ..folder import File, Folder

SUFFIX = ".mp4"
# The names of our drafts and working folders begin with it.
HIDDEN = ".clip_download_"
# The picture and the sidecar of a clip have its stem.
COMPANIONS = (".jpg", ".json")
# A file name may have 255 bytes; this leaves room for a number and an ending.
LONGEST_NAME_BYTES = 200
MOST_FOLDERS = 12
# The picture of a clip has some 300 KB.
LONGEST_PICTURE_BYTES = 2 * 2**20
# Left free on each disk: a full disk stops Home Assistant itself.
RESERVE_BYTES = 64 * 2**20

# SMB and exFAT refuse these; "/" is handled where a path is taken apart.
_FORBIDDEN = frozenset('\\:*?"<>|/')
_RESERVED = {"con", "prn", "aux", "nul", "conin$", "conout$"} | {
    f"{device}{n}" for device in ("com", "lpt") for n in "123456789¹²³"
}
# The mode of a file with its final name.
_PUBLIC_FILE = 0o644
# The errors of file systems that keep no modes: FAT, exFAT, some shares.
_NO_RIGHTS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS}


def safe_name(text: str) -> str:
    """Return a text as one file or folder name that is safe on ext4, SMB and exFAT.

    It may be empty.
    """
    name = "".join(
        "_" if char in _FORBIDDEN or _is_control(char) else char
        for char in unicodedata.normalize("NFC", text)
    ).strip(" .")
    name = name.encode()[:LONGEST_NAME_BYTES].decode(errors="ignore").rstrip(" .")
    # A program that is given `*` must not take a name for an option.
    if name.startswith("-") or name.split(".", 1)[0].strip().lower() in _RESERVED:
        name = f"_{name}"
    return name


def _is_control(char: str) -> bool:
    """Return whether a character is invisible, or ends a line."""
    category = unicodedata.category(char)
    return category[0] == "C" or category in {"Zl", "Zp"}


def safe_relative_path(text: str, suffix: str = SUFFIX) -> PurePosixPath:
    """Return the result of a file name template as a safe path below the media folder.

    The ending is removed. Raises InvalidRequestError.
    """
    text = text.strip()
    if text.lower().endswith(suffix):
        text = text[: -len(suffix)]
    names = [name.strip() for name in text.split("/")]
    if text.startswith("/") or ".." in names:
        raise InvalidRequestError("filename_leaves_folder", filename=text[:200])
    names = [safe for name in names if (safe := safe_name(name))]
    if not names or not safe_name(text.rpartition("/")[2]):
        raise InvalidRequestError("filename_empty")
    if len(names) > MOST_FOLDERS:
        raise InvalidRequestError("filename_too_deep", filename=text[:200])
    return PurePosixPath(*names)


def target_inside(root: Path, relative: PurePosixPath) -> Path:
    """Return a clip's path, without ending, if no folder between it and `root` is a link.

    This is for an early error only: `Folder` follows no link when a clip is written.
    Raises StorageError for a link, or if `root` is gone.
    """
    if not root.is_dir():
        raise DiskError("storage_gone", path=str(root), reason="no_folder")
    target = root / relative
    folder = root
    for name in relative.parent.parts:
        folder /= name
        if folder.is_symlink():
            raise StorageError("storage_link", path=str(folder))
    return target


def root_of(path: Path, roots: Collection[Path]) -> Path | None:
    """Return the innermost media folder that a file is in, None if it is in none."""
    inside = [root for root in roots if path.is_relative_to(root)]
    return max(inside, key=lambda root: len(root.parts), default=None)


def found(path: Path, roots: Collection[Path]) -> File:
    """Return a file in a media folder, with its own folder opened; it need not exist.

    Raises OSError: FileNotFoundError if its folder is missing or in no media folder,
    ELOOP if a folder is a link, ENOTDIR if the path has "..".
    """
    root = root_of(path, roots)
    below = path.relative_to(root).parts if root else ()
    if root is None or not below:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    if os.pardir in below:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
    return Folder.open(root, below[:-1]) / below[-1]


def is_there(path: Path, roots: Collection[Path]) -> bool:
    """Return whether a file exists in a media folder, with no link on its path."""
    try:
        return found(path, roots).is_file()
    except OSError:
        return False


def picture_beside(path: Path, roots: Collection[Path]) -> bytes:
    """Return the picture beside a clip.

    Raises OSError, ValueError if it is not a file, or larger than any that we make.
    """
    return found(path.with_suffix(".jpg"), roots).read(LONGEST_PICTURE_BYTES)


def subfolder_of(path: Path, roots: Collection[Path]) -> Path | None:
    """Return the folder right below the media folder that a file is in, or the latter.

    A disk or network drive may be mounted at either. None if it is in no media folder.
    """
    root = root_of(path, roots)
    if root is None:
        return None
    below = path.relative_to(root).parts
    return root / below[0] if len(below) > 1 else root


def mount_of(path: Path) -> Path:
    """Return the nearest mount point above a path, links followed."""
    path = path.resolve()
    return next(
        (above for above in (path, *path.parents) if os.path.ismount(above)),
        Path(path.anchor),
    )


def missing_mount(path: Path, mounts: Collection[Path]) -> Path | None:
    """Return the mount point that a path lies under, if nothing is mounted there now.

    None if the path lies under no mount point, or under another mount now.
    """
    if not mounts:
        return None
    path = path.resolve()
    inside = [mount for mount in mounts if path.is_relative_to(mount)]
    mount = max(inside, key=lambda mount: len(mount.parts), default=None)
    if mount is None or mount_of(path).is_relative_to(mount):
        return None
    return mount


def check_mounted(path: Path, mounts: Collection[Path]) -> None:
    """Raise StorageError if a path lies under a mount point without a disk.

    A file there would be on another disk, and hidden once the disk is mounted again.
    """
    if mount := missing_mount(path, mounts):
        raise DiskError("storage_gone", path=str(mount), reason="not_mounted")


def holds_any(folder: Path) -> bool:
    """Return whether there is anything in a folder."""
    try:
        return any(folder.iterdir())
    except OSError:
        return False


def space_of(folder: Folder) -> tuple[int, int]:
    """Return the bytes of the files in a folder, and the bytes that may be added.

    The second number is negative once less than RESERVE_BYTES are free.
    """
    # Read first: bytes that are written meanwhile count twice instead of not at all.
    free_bytes = folder.free_bytes() - RESERVE_BYTES
    size_bytes = 0
    for name in folder.names():
        # Others may come and go.
        with contextlib.suppress(FileNotFoundError):
            size_bytes += (folder / name).stat().st_size
    return size_bytes, free_bytes


def check_space(folder: Folder, needed_bytes: int) -> None:
    """Raise OSError (ENOSPC) if the disk cannot hold so many bytes more."""
    if folder.free_bytes() < needed_bytes + RESERVE_BYTES:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder.path))


def write_whole(file: File, content: bytes, *, of: str = "") -> None:
    """Write or replace a small file, whole or not at all.

    Drafts that a kill left `of` the same clip are removed first: do not write two files
    of a clip at once. Raises OSError.
    """
    folder, prefix = file.folder, f"{HIDDEN}{of}_"
    for name in folder.names() if of else ():
        if name.startswith(prefix):
            (folder / name).unlink(missing_ok=True)
    # A name that cannot be guessed, so that nobody can put a link there before.
    draft = folder / f"{prefix}{secrets.token_hex(16)}"
    try:
        with draft.create() as opened:
            # Its final name is for others to read, too.
            let_others_read(opened)
            write_all(opened, content)
            os.fsync(opened.fileno())
        draft.rename(file)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    folder.sync()


def let_others_read(opened: FileIO | BufferedRandom) -> None:
    """Let other users read a file. Raises OSError."""
    try:
        os.fchmod(opened.fileno(), _PUBLIC_FILE)
    except OSError as err:
        # Where files have no mode, the mount decides who may read them.
        if err.errno not in _NO_RIGHTS:
            raise


def write_all(file: FileIO, content: bytes) -> None:
    """Write all of a content to a file, which may take it in pieces. Raises OSError."""
    left = memoryview(content)
    while left:
        left = left[file.write(left) :]
