"""What can go wrong between a window and its clip, by what is to be done about it."""

from collections.abc import Mapping
import errno
import os
from typing import override

# Nothing that a cloud says makes anybody wait for longer before asking again.
LONGEST_WAIT_S = 60 * 60.0


class ClipError(Exception):
    """Something that a person is told.

    `key` names a translation under `exceptions`; `placeholders` fill it. Whoever shows
    the error adds `camera` and `window`, or for errors of a whole account its `subject`:
    the account, or camera and window. None may hold a secret or a signed URL.
    """

    def __init__(self, key: str, **placeholders: str) -> None:
        """Take the translation key and what fills it."""
        super().__init__(key)
        self.key = key
        self.placeholders = placeholders

    @override
    def __str__(self) -> str:
        """Return the key with what fills it, for logs."""
        details = ", ".join(f"{k}={v}" for k, v in self.placeholders.items())
        return f"{self.key} ({details})" if details else self.key


class InvalidRequestError(ClipError):
    """The caller asked for something that cannot be; asking again changes nothing."""


class QueueFullError(InvalidRequestError):
    """Too much was asked for that is not done; there is room again when some of it is."""


class SignInError(ClipError):
    """The cloud refuses the credentials; a person has to sign in again."""


class CloudError(ClipError):
    """The cloud or the way to it failed; worth another try, within a budget.

    `retry_after_s` is how long the cloud wants, or has, to be left alone, if that is known:
    at most LONGEST_WAIT_S, whatever it says.
    """

    def __init__(
        self, key: str, *, retry_after_s: float | None = None, **placeholders: str
    ) -> None:
        """Take the translation key, the cloud's wish and what fills the text."""
        super().__init__(key, **placeholders)
        self.retry_after_s = None if retry_after_s is None else _bounded(retry_after_s)


class UnreachableError(CloudError):
    """No answer came, or only one that leads to where nothing may be asked."""


class BadAnswerError(CloudError):
    """The cloud answered with the status of a fault, or with what makes no sense."""


class AddressError(CloudError):
    """What came from one address is no video; it is asked for at another one next."""


class BodyError(CloudError):
    """What came is no footage, or not whole, though the connection was good.

    The same would mostly come again.
    """


class NotVideoError(BodyError):
    """What came is no video at all."""


class NotReadyError(ClipError):
    """The footage is not there yet; ask again after `after_s` seconds, an hour at most."""

    def __init__(self, key: str, *, after_s: float, **placeholders: str) -> None:
        """Take the translation key, when to come back and what fills the text."""
        super().__init__(key, **placeholders)
        self.after_s = _bounded(after_s)


class NoFootageError(ClipError):
    """The cloud has no footage of this stretch, and will not have it."""


class RefusedError(ClipError):
    """The cloud will not give this footage, whatever is tried again."""


class NothingBeforeError(RefusedError):
    """The cloud gives neither this footage nor any from before."""


class CameraUnknownError(RefusedError):
    """The cloud does not know the camera."""


class NoPermissionError(RefusedError):
    """The credentials are good, but do not allow this."""


class CameraSettingError(RefusedError):
    """A setting of the camera, or its subscription, keeps all its footage from us."""


class CancelledJobError(RefusedError):
    """Somebody cancelled the job."""


class StorageError(ClipError):
    """The clip cannot be written where it should go."""


class DiskError(StorageError):
    """The disk or folder is gone, full, read-only or fails; a person has to see to it."""


class LibraryError(StorageError):
    """The database of jobs and clips cannot be used."""


def type_name(err: ClipError) -> str:
    """Return the name by which `error_of` knows the error's type, or the next above it."""
    return next(one.__name__ for one in type(err).__mro__ if one.__module__ == __name__)


def error_of(name: str, key: str, placeholders: Mapping[str, str]) -> ClipError:
    """Return an error of the type of that name, or a ClipError if there is none.

    How long the cloud wanted to be left alone is not known any more.
    """
    kind = globals().get(name)
    if not isinstance(kind, type) or not issubclass(kind, ClipError):
        return ClipError(key, **placeholders)
    if issubclass(kind, NotReadyError):
        return kind(key, after_s=0, **placeholders)
    return kind(key, **placeholders)


def _bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), LONGEST_WAIT_S)


def reason_of(err: OSError) -> str:
    """Return why the file system refused: a code, or its own words where it has any."""
    if err.errno == errno.EXDEV:
        return "unmounted"
    return os.strerror(err.errno) if err.errno else type(err).__name__


def storage_error(err: OSError) -> StorageError:
    """Name what the file system refused, in words that say what to do."""
    path, reason = str(err.filename or ""), reason_of(err)
    if err.errno == errno.ELOOP:
        return StorageError("storage_link", path=path, reason=reason)
    key = {
        errno.ENOSPC: "storage_full",
        errno.EDQUOT: "storage_full",
        errno.EROFS: "storage_read_only",
        errno.EACCES: "storage_no_permission",
        errno.EPERM: "storage_no_permission",
        errno.ENOENT: "storage_gone",
        errno.ENOTDIR: "storage_gone",
        errno.ENODEV: "storage_gone",
        errno.EHOSTDOWN: "storage_gone",
        errno.ESTALE: "storage_gone",
        errno.ETIMEDOUT: "storage_silent",
        # Where a clip was worked on is another disk now than where it goes.
        errno.EXDEV: "storage_gone",
    }.get(err.errno or 0, "storage_trouble")
    return DiskError(key, path=path, reason=reason)


def size_in_words(size_bytes: float) -> str:
    """Return a size as a person reads it, in decimal units, as disks are sold."""
    if size_bytes < 10**6:
        return f"{size_bytes / 10**3:.0f} kB"
    if size_bytes < 10**9:
        return f"{size_bytes / 10**6:.0f} MB"
    return f"{size_bytes / 10**9:.1f} GB"
