"""What can go wrong between a window and its clip, by what is to be done about it."""

import errno
import os
from typing import override

from aiohttp import ClientError

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


class NoRoomError(InvalidRequestError):
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


class AddressError(CloudError):
    """What came from one address is no video; it is asked for at another one next."""


_OF_CONTENT = {
    "body_empty",
    "body_implausible",
    "body_not_video",
    "body_too_large",
    "body_truncated",
}


def is_of_content(err: CloudError) -> bool:
    """Return whether what came is no footage, or not whole, though the way was good.

    The same would come again.
    """
    return err.key in _OF_CONTENT and not (
        isinstance(err, AddressError)
        or isinstance(err.__cause__, ClientError | TimeoutError)
    )


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


class StorageError(ClipError):
    """The clip cannot be written where it should go."""


def _bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), LONGEST_WAIT_S)


def storage_error(err: OSError) -> StorageError:
    """Name what the file system refused, in words that say what to do."""
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
        errno.ELOOP: "storage_link",
        # Where a clip was worked on is another disk now than where it goes.
        errno.EXDEV: "storage_gone",
    }.get(err.errno or 0, "storage_trouble")
    reason = os.strerror(err.errno) if err.errno else type(err).__name__
    if err.errno == errno.EXDEV:
        reason = "it was unmounted meanwhile"
    return StorageError(key, path=str(err.filename or ""), reason=reason)
