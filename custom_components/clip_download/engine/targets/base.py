"""What a store outside has to offer, so that copies of clips can be put into it."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
import hashlib
from io import FileIO
import os
import secrets
from typing import override

from ..errors import CloudError, NoPermissionError, RefusedError, StorageError

# The object that is written, read and deleted to try a sign-in begins with it.
PROBE = ".clip_download_probe_"
# What is larger is sent in parts, of which a broken one alone is sent again.
MOST_SINGLE_BYTES = 16 * 2**20
PART_BYTES = 8 * 2**20


class Right(StrEnum):
    """What the credentials have to allow; the names of texts."""

    WRITE = "write"
    READ = "read"
    LIST = "list"
    DELETE = "delete"


class MissingRightError(NoPermissionError):
    """The credentials are good, but lack a right that copies need."""


class NoStoreError(RefusedError):
    """There is no such bucket or folder."""


class LockedError(RefusedError):
    """The store does not let go of an object: it is locked, or may not be deleted.

    `until` is when the lock ends, None if the store does not say.
    """

    until: datetime | None = None


class FullError(CloudError):
    """The store has no room left; it may have some later."""


class SourceChangedError(StorageError):
    """A file at home is not what is recorded of it; no copy is made of that."""


class DamagedCopyError(CloudError):
    """What the store says that it holds is not what was sent."""


@dataclass(frozen=True, kw_only=True)
class Stored:
    """An object as the store tells of it.

    `tag` is the `Content.tag` that it was put with, "" where the store does not keep one.
    """

    name: str
    size_bytes: int
    tag: str = ""


class Content(ABC):
    """What is put into a store: as large as its first reading said, and readable anywhere.

    `tag` is kept beside the object where the store can: it tells whether an object is
    this content without fetching it. It holds nothing that the store's owner must not see.
    """

    size_bytes: int
    tag: str

    @abstractmethod
    def read_at(self, offset: int, size_bytes: int) -> bytes:
        """Return a piece, less only at the end. Blocks. Raises OSError."""

    def check(self) -> None:
        """Raise SourceChangedError if what was read, all of it and in order, is not it."""


class BytesContent(Content):
    """A small content that is in memory."""

    def __init__(self, content: bytes, tag: str | None = None) -> None:
        """Take the content; its tag is its SHA-256 unless another is given."""
        self._content = content
        self.size_bytes = len(content)
        self.tag = hashlib.sha256(content).hexdigest() if tag is None else tag

    @override
    def read_at(self, offset: int, size_bytes: int) -> bytes:
        return self._content[offset : offset + size_bytes]


class FileContent(Content):
    """A file that is held open by somebody else for as long as this is used."""

    def __init__(self, file: FileIO, size_bytes: int, sha256: str) -> None:
        """Take the open file, and the size and SHA-256 that it is recorded with."""
        self._file = file
        self._digest = hashlib.sha256()
        self._hashed_bytes = 0
        self.size_bytes = size_bytes
        self.tag = sha256

    @override
    def read_at(self, offset: int, size_bytes: int) -> bytes:
        at, left = offset, min(size_bytes, self.size_bytes - offset)
        pieces = []
        while left and (piece := os.pread(self._file.fileno(), left, at)):
            pieces.append(piece)
            at += len(piece)
            left -= len(piece)
        content = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        if offset <= self._hashed_bytes < at:
            self._digest.update(memoryview(content)[self._hashed_bytes - offset :])
            self._hashed_bytes = at
        return content

    @override
    def check(self) -> None:
        if (self._hashed_bytes, self._digest.hexdigest()) != (
            self.size_bytes,
            self.tag,
        ):
            raise SourceChangedError("copy_source_changed")


class Target(ABC):
    """A store outside, and one prefix in it under which all is ours.

    Names are relative paths below that prefix, with "/" between folders. An object is
    there whole under its name, or not at all. Every method raises SignInError,
    MissingRightError, NoStoreError, and CloudError where another try is worth it; a
    method that reads a Content raises its OSError, too. No error holds a secret.
    """

    @abstractmethod
    async def put(
        self,
        name: str,
        content: Content,
        *,
        upload_id: str = "",
        keep_upload_id: Callable[[str], Awaitable[None]] | None = None,
    ) -> None:
        """Put a content under a name, in place of what is there.

        What is larger than MOST_SINGLE_BYTES goes in parts where the store can do that:
        `keep_upload_id` hears the id of such an upload before its first part, and
        `upload_id` is one that a kill interrupted, whose parts are not sent again.
        Raises DamagedCopyError if the store holds something else then, FullError,
        SourceChangedError.
        """

    @abstractmethod
    async def head(self, name: str) -> Stored | None:
        """Return what is known of an object, None if there is none."""

    @abstractmethod
    def read(
        self, name: str, offset: int = 0, size_bytes: int | None = None
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Fetch an object (a range of it) in pieces of 1 MiB at most.

        Raises NoStoreError if it is not there.
        """

    @abstractmethod
    def list(self, below: str = "") -> AsyncIterator[Stored]:
        """Yield the objects whose names begin with a folder's, in no order; no tags."""

    @abstractmethod
    async def delete(self, name: str) -> None:
        """Delete an object with all that the store keeps of it; it may be gone before.

        Raises LockedError if the store does not let go of it.
        """

    @abstractmethod
    async def discard(self, name: str) -> None:
        """Delete an object as the store does it by itself: it may keep old versions."""

    @abstractmethod
    async def abort_uploads(
        self, below: str, before: datetime, keep: Collection[str]
    ) -> int:
        """Drop the parts of uploads in a folder begun before a time, but of these ids.

        Return how many there were.
        """

    @abstractmethod
    async def aclose(self) -> None:
        """End all connections; it may be called again."""

    async def try_access(self) -> None:
        """Write, list, read and delete one object.

        Raises MissingRightError with the right that is missing, and what all methods do.
        """
        name = f"{PROBE}{secrets.token_hex(8)}"
        content = BytesContent(name.encode())
        await self.put(name, content)
        try:
            if name not in [stored.name async for stored in self.list()]:
                raise MissingRightError("target_no_right", right=Right.LIST)
            async with self.read(name) as pieces:
                if b"".join([piece async for piece in pieces]) != name.encode():
                    raise DamagedCopyError("copy_damaged")
        finally:
            await self.discard(name)
