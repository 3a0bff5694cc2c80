"""Names and files of clips: nothing outside the media folder, nothing half, nothing lost.

All functions block; callers run them in an executor.
"""

from collections.abc import Collection, Iterable
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
# What begins like this is ours, and of interest to nobody else.
HIDDEN = ".clip_download_"
# What goes with a clip: same stem, other ending.
COMPANIONS = (".jpg", ".json")
# A file name may have 255 bytes; this leaves room for a number and an ending.
LONGEST_NAME_BYTES = 200
MOST_FOLDERS = 12
# One of a camera's picture has some 300 KB.
LONGEST_PICTURE_BYTES = 2 * 2**20
# Never filled up: a full disk stops Home Assistant itself.
RESERVE_BYTES = 64 * 2**20

# SMB and exFAT refuse these; "/" is handled where a path is taken apart.
_FORBIDDEN = frozenset('\\:*?"<>|/')
_RESERVED = {"con", "prn", "aux", "nul", "conin$", "conout$"} | {
    f"{device}{n}" for device in ("com", "lpt") for n in "123456789¹²³"
}
# The rights of what has its final name.
_PUBLIC_FILE = 0o644
# What a file system says that keeps no rights: FAT, exFAT, some shares.
_NO_RIGHTS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS}


def safe_name(text: str) -> str:
    """Make any text one file or folder name, safe on ext4, SMB and exFAT.

    May return an empty string where nothing is left.
    """
    name = "".join(
        "_" if char in _FORBIDDEN or _is_control(char) else char
        for char in unicodedata.normalize("NFC", text)
    ).strip(" .")
    name = name.encode()[:LONGEST_NAME_BYTES].decode(errors="ignore").rstrip(" .")
    # What a shell's `*` gives to a program must not be an option of it.
    if name.startswith("-") or name.split(".", 1)[0].strip().lower() in _RESERVED:
        name = f"_{name}"
    return name


def _is_control(char: str) -> bool:
    """Return whether a character is none that is seen, or ends a line."""
    category = unicodedata.category(char)
    return category[0] == "C" or category in {"Zl", "Zp"}


def safe_relative_path(text: str, suffix: str = SUFFIX) -> PurePosixPath:
    """Turn what a file name template gave into a path below the media folder.

    The ending is left off. Raises InvalidRequestError.
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
    """Return the clip's path, without ending, if there is no link on the way from `root`.

    That is for a quick answer: what is written goes through no link at that time. Raises
    StorageError for one, or if the folder is gone.
    """
    if not root.is_dir():
        raise DiskError("storage_gone", path=str(root), reason=os.strerror(2))
    target = root / relative
    folder = root
    for name in relative.parent.parts:
        folder /= name
        if folder.is_symlink():
            raise StorageError("storage_link", path=str(folder))
    return target


def root_of(path: Path, roots: Collection[Path]) -> Path | None:
    """Return the media folder that a file is in, the innermost of several."""
    inside = [root for root in roots if path.is_relative_to(root)]
    return max(inside, key=lambda root: len(root.parts), default=None)


def found(path: Path, roots: Collection[Path]) -> File:
    """Return a file of a media folder, its own folder opened through no link.

    Whether the file itself is there does not matter. Raises FileNotFoundError, too, if
    it is in no media folder, OSError: ELOOP if a link is on the way, ENOTDIR if that
    leads back.
    """
    root = root_of(path, roots)
    below = path.relative_to(root).parts if root else ()
    if root is None or not below:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    if os.pardir in below:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
    return Folder.open(root, below[:-1]) / below[-1]


def is_there(path: Path, roots: Collection[Path]) -> bool:
    """Return whether a file of a media folder is there, and reached through no link."""
    try:
        return found(path, roots).is_file()
    except OSError:
        return False


def picture_beside(path: Path, roots: Collection[Path]) -> bytes:
    """Return the picture that lies beside a clip of a media folder.

    Raises OSError, ValueError if it is no file, or larger than any that we make.
    """
    return found(path.with_suffix(".jpg"), roots).read(LONGEST_PICTURE_BYTES)


def subfolder_of(path: Path, roots: Collection[Path]) -> Path | None:
    """Return the folder right below the media folder in which a file is, or that itself.

    A disk or network drive may be mounted at either. None for one in no media folder.
    """
    root = root_of(path, roots)
    if root is None:
        return None
    below = path.relative_to(root).parts
    return root / below[0] if len(below) > 1 else root


def mount_of(path: Path) -> Path:
    """Return the mount point that a path lies under: the nearest above, links followed."""
    path = path.resolve()
    return next(
        (above for above in (path, *path.parents) if os.path.ismount(above)),
        Path(path.anchor),
    )


def missing_mount(path: Path, mounts: Iterable[Path]) -> Path | None:
    """Return that of some mount points that a path is on, if nothing is mounted there.

    None, too, where something is mounted between that and the path today.
    """
    path = path.resolve()
    inside = [mount for mount in mounts if path.is_relative_to(mount)]
    mount = max(inside, key=lambda mount: len(mount.parts), default=None)
    if mount is None or mount_of(path).is_relative_to(mount):
        return None
    return mount


def check_mounted(path: Path, mounts: Iterable[Path]) -> None:
    """Raise StorageError if a path is on one of the mount points, but no disk is.

    What is written there would be on another disk, and hidden once it is mounted again.
    """
    if mount := missing_mount(path, mounts):
        raise DiskError(
            "storage_gone", path=str(mount), reason="nothing is mounted there"
        )


def holds_any(folder: Path) -> bool:
    """Return whether there is anything in a folder."""
    try:
        return any(folder.iterdir())
    except OSError:
        return False


def space_of(folder: Folder) -> tuple[int, int]:
    """Return how many bytes the files in a folder have, and the disk is left with.

    Those left are negative where it must not be filled any more.
    """
    # Looked at first: what is written meanwhile is counted twice, not missing from both.
    free_bytes = folder.free_bytes() - RESERVE_BYTES
    size_bytes = 0
    for name in folder.names():
        # Others may come and go.
        with contextlib.suppress(FileNotFoundError):
            size_bytes += (folder / name).stat().st_size
    return size_bytes, free_bytes


def check_space(folder: Folder, needed_bytes: int) -> None:
    """Raise OSError (ENOSPC) before the first byte if the disk cannot hold the rest."""
    if folder.free_bytes() < needed_bytes + RESERVE_BYTES:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder.path))


def write_whole(file: File, content: bytes, *, of: str = "") -> None:
    """Write a small file, whole or not at all, whatever was there.

    What a kill left of the last one `of` the same is removed; of that, one at a time is
    written. Raises OSError.
    """
    folder, prefix = file.folder, f"{HIDDEN}{of}_"
    for name in folder.names() if of else ():
        if name.startswith(prefix):
            (folder / name).unlink(missing_ok=True)
    # A name that nobody can know before, so that nothing waits under it.
    draft = folder / f"{prefix}{secrets.token_hex(16)}"
    try:
        with draft.create() as opened:
            # Its final name is for others to read, too.
            let_others_read(opened)
            _write(opened, content)
            os.fsync(opened.fileno())
        draft.rename(file)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    folder.sync()


def let_others_read(opened: FileIO | BufferedRandom) -> None:
    """Give a file the rights that others need to read it. Raises OSError."""
    try:
        os.fchmod(opened.fileno(), _PUBLIC_FILE)
    except OSError as err:
        # FAT knows no rights: who may read what is on it, its mount says.
        if err.errno not in _NO_RIGHTS:
            raise


def _write(file: FileIO, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[file.write(left) :]
