"""The worker of a target's queue: copies one clip after the other, the oldest first."""

import asyncio
from collections.abc import Callable, Sequence
import contextlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
import hashlib
from io import FileIO
import logging
from pathlib import Path
import random

from ..aio import join_thread, run_in_thread, seconds_until
from ..errors import BadAnswerError, ClipError, StorageError, storage_error
from ..folder import File, Folder
from ..library import files, sidecar
from ..library.sidecar import Sidecar
from ..model import Clip
from ..targets.base import (
    MOST_SINGLE_BYTES,
    BytesContent,
    DamagedCopyError,
    FileContent,
    LockedError,
    SourceChangedError,
)
from ..targets.limits import Hours
from .place import PICTURE, SIDECAR, CopyPlace, name_of
from .retention import CopyLimits, prune
from .store import Copy, CopyState, CopyStore

_LOGGER = logging.getLogger(__name__)

# The backoff of a target, and of one clip, is 2, 4, 8 ... seconds long, and never ends.
_LONGEST_BACKOFF_S = 60 * 60.0
# Saving comes first. But where something is always saved, no clip waits for longer, and
# no queue grows for ever.
_LONGEST_WAIT = timedelta(minutes=1)
_LOOK_AGAIN_S = 60.0
# Parts of uploads that nobody goes on with are dropped after a day.
_ABORT_AFTER = timedelta(days=1)
_PRUNE_EVERY = timedelta(hours=1)


class SourceGoneError(StorageError):
    """A clip's file is not there, or cannot be read; it is looked for again later."""


@dataclass
class _Source:
    """What there is of a clip at home, with its file held open."""

    file: FileIO
    picture: bytes | None
    sidecar: Sidecar


@dataclass(kw_only=True)
class Copier:
    """Makes the copies of one target, as long as `run` runs.

    `roots` returns the media folders, `is_busy` whether clips are being saved,
    `on_change` hears that the state of the queue is another one, and `on_copies` of
    which clips a copy was made or deleted. Copies beyond the
    `limits` are deleted between two others: nothing is done with one by two at once.
    """

    store: CopyStore
    place: CopyPlace
    roots: Callable[[], Sequence[Path]]
    hours: Hours = field(default_factory=Hours)
    limits: CopyLimits = field(default_factory=CopyLimits)
    is_busy: Callable[[], bool] = lambda: False
    on_change: Callable[[], object] = lambda: None
    on_copies: Callable[[Sequence[Copy]], object] = lambda copies: None
    # By whose clock the hours are meant.
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    first_backoff_s: float = 1.0
    _failures: int = 0
    _pruned_at: datetime | None = None
    _woken: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self) -> None:
        """Look for what is to be done now, unless the target has just failed."""
        self._woken.set()

    async def run(self) -> None:
        """Make copies until cancelled. Raises nothing else."""
        aborted_at: datetime | None = None
        while True:
            try:
                now = datetime.now(UTC)
                if aborted_at is None or aborted_at < now - _ABORT_AFTER:
                    await self._abort_uploads(now - _ABORT_AFTER)
                    aborted_at = now
                await self._prune(now)
                wait_s = await self._step()
            except ClipError as err:
                await asyncio.sleep(await self._failed(err))
                continue
            if wait_s:
                await self._sleep(wait_s)

    async def _step(self) -> float:
        """Copy what is due next; return for how long there is nothing to do."""
        self._woken.clear()
        while await self.store.drain():
            pass
        if wait_s := self.hours.wait_s(self.now()):
            return min(wait_s, _LOOK_AGAIN_S)
        target_id = self.place.target_id
        copy = await self.store.next_due(target_id, datetime.now(UTC))
        if copy is None:
            next_try = await self.store.next_try(target_id)
            due_s = _LOOK_AGAIN_S if next_try is None else seconds_until(next_try)
            return min(max(due_s, 0.05), _LOOK_AGAIN_S)
        await self._let_save(copy.saved_at + _LONGEST_WAIT)
        try:
            await self._do(copy)
        except (SourceChangedError, SourceGoneError, DamagedCopyError) as err:
            # The others are not kept waiting for this one.
            await self._put_off(copy, err)
        except OSError as err:
            # Of the disk at home: what is told of it may name no path at the target.
            _LOGGER.debug("A clip cannot be read: %s", storage_error(err))
            await self._put_off(copy, SourceGoneError("copy_source_gone"))
        except BadAnswerError as err:
            await self._put_off(copy, err)
            raise
        else:
            self._failures = 0
        self.on_change()
        return 0.0

    async def _put_off(self, copy: Copy, err: ClipError) -> None:
        pause_s = _backoff_s(self.first_backoff_s, copy.attempts)
        _LOGGER.debug("A clip was not copied, and is again in %.0f s: %s", pause_s, err)
        if isinstance(err, SourceChangedError):
            # Nobody goes on with its parts.
            await self.store.keep_upload_id(copy, "")
        await self.store.fail(copy, err, datetime.now(UTC) + timedelta(seconds=pause_s))

    async def _failed(self, err: ClipError) -> float:
        """Note what keeps all copies from being made; return how long to leave it alone."""
        pause_s = _backoff_s(self.first_backoff_s, self._failures)
        if not self._failures:
            _LOGGER.warning("No copies can be made for now: %s", err)
        self._failures += 1
        with contextlib.suppress(StorageError):
            await self.store.set_error(self.place.target_id, err)
        self.on_change()
        return pause_s

    async def _prune(self, now: datetime) -> None:
        """Delete the copies that are due, every hour."""
        if self._pruned_at is not None and self._pruned_at > now - _PRUNE_EVERY:
            return
        self._pruned_at = now
        try:
            pruned = await prune(self.store, self.place, self.limits, now)
        except ClipError as err:
            # New copies do not wait for old ones to go.
            _LOGGER.debug("Old copies are deleted later: %s", err)
            return
        if new := [copy for copy in pruned.locked if not copy.was_locked]:
            _LOGGER.warning(
                "The store did not let %d old copies be deleted; they stay until their "
                "lock ends",
                len(new),
            )
        if pruned.locked or pruned.gone:
            self.on_change()
            self.on_copies(pruned.gone)

    async def _sleep(self, wait_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._woken.wait()

    async def _let_save(self, end: datetime) -> None:
        """Wait while clips are being saved, but not beyond `end`."""
        while self.is_busy() and seconds_until(end) > 0:
            await asyncio.sleep(0.5)

    async def _abort_uploads(self, before: datetime) -> None:
        keep = await self.store.upload_ids(self.place.target_id)
        # Not every store can tell of them, and the rights may not allow it.
        with contextlib.suppress(ClipError):
            await self.place.target.abort_uploads(self.place.folder, before, keep)

    async def _do(self, copy: Copy) -> None:
        match copy.state:
            case CopyState.LEAVING:
                await self._remove(copy)
            case CopyState.CHANGED:
                await self._copy_sidecar(copy)
            case _:
                await self._copy(copy)

    async def _remove(self, copy: Copy) -> None:
        try:
            await self.place.delete(copy.name)
        except LockedError as err:
            await self.store.lock(copy, err.until, datetime.now(UTC))
            return
        # If the clip is at home again, it is copied again.
        await self.store.leave([copy], CopyState.WAITING)
        self.on_copies([copy])

    async def _copy_sidecar(self, copy: Copy) -> None:
        """Copy the sidecar of a clip that is there, if it is not the same."""
        source = await self._open(copy)
        source.file.close()
        sha256 = await self._put_sidecar(copy.name, source, copy.sidecar_sha256)
        await self.store.finish(copy, sha256)

    async def _copy(self, copy: Copy) -> None:
        source = await self._open(copy)
        try:
            if copy.attempts and _clip(copy).size_bytes > MOST_SINGLE_BYTES:
                # What is not as recorded is not sent in vain each time.
                await join_thread(run_in_thread(_check, source.file, _clip(copy)))
            name = copy.name or await self.store.set_name(copy, self._name(copy))
            name = await self._free_name(copy, name)
            await self._put_video(copy, name, source)
            if source.picture:
                content = self.place.content(BytesContent(source.picture))
                await self.place.target.put(
                    self.place.object_name(name, PICTURE), content
                )
            sha256 = await self._put_sidecar(name, source)
        finally:
            source.file.close()
        await self.store.finish(copy, sha256)
        self.on_copies([copy])

    async def _free_name(self, copy: Copy, name: str) -> str:
        """Return a name under which there is nothing, or this clip's own copy.

        A database that was lost does not know which names are taken.
        """
        clip, wanted, number = _clip(copy), name, 1
        while True:
            object_name = self.place.object_name(name, SIDECAR)
            if await self.place.target.head(object_name) is None:
                return name
            with contextlib.suppress(ValueError):
                record = await self.place.record(object_name)
                if record.sidecar.clip.sha256 == clip.sha256:
                    return name
            number += 1
            name = await self.store.set_name(copy, f"{wanted}_{number}")

    async def _put_video(self, copy: Copy, name: str, source: _Source) -> None:
        """Put a clip's file at the target, unless it is there already, as after a kill."""
        clip, target = _clip(copy), self.place.target
        object_name = self.place.object_name(name, files.SUFFIX)
        content = self.place.content(
            FileContent(source.file, clip.size_bytes, clip.sha256)
        )
        stored = await target.head(object_name)
        if (
            stored
            and stored.size_bytes == content.size_bytes
            and stored.tag in ("", content.tag)
        ):
            return

        async def keep(upload_id: str) -> None:
            await self.store.keep_upload_id(copy, upload_id)

        # What is encrypted is another content each time: its parts do not fit together.
        is_plain = self.place.crypt is None
        await target.put(
            object_name,
            content,
            upload_id=copy.upload_id if is_plain else "",
            keep_upload_id=keep,
        )

    async def _put_sidecar(self, name: str, source: _Source, known: str = "") -> str:
        content, sha256 = self.place.record_content(name, source.sidecar)
        if sha256 != known:
            object_name = self.place.object_name(name, SIDECAR)
            await self.place.target.put(object_name, content)
        return sha256

    def _name(self, copy: Copy) -> str:
        path = _clip(copy).path
        root = files.root_of(path, self.roots())
        if root is None:
            raise SourceGoneError("copy_source_gone")
        return name_of(path, root)

    async def _open(self, copy: Copy) -> _Source:
        """Open a clip at home. Raises SourceGoneError, SourceChangedError."""
        opening = asyncio.ensure_future(
            run_in_thread(_opened, _clip(copy), self.roots())
        )
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            # The thread goes on; what it opens is closed.
            with contextlib.suppress(ValueError, OSError):
                (await opening).file.close()
            raise
        except ValueError as err:
            raise SourceChangedError("copy_source_changed") from err
        except OSError as err:
            _LOGGER.debug("A clip cannot be copied: %s", storage_error(err))
            raise SourceGoneError("copy_source_gone") from err


def _clip(copy: Copy) -> Clip:
    """Return the clip that is copied."""
    if copy.clip is None:
        # It was deleted just now; the next look at the changes finds out.
        raise SourceGoneError("copy_source_gone")
    return copy.clip


def _opened(clip: Clip, roots: Sequence[Path]) -> _Source:
    """Open a clip, and read what lies beside it. Blocks. Raises ValueError, OSError."""
    video = files.found(clip.path, roots)
    folder = video.folder
    file = video.open()
    try:
        with contextlib.ExitStack() as stack:
            stack.callback(folder.close)
            record = sidecar.of(folder, clip) or Sidecar(clip=clip, asked=None)
            return _Source(file, _picture(folder, clip), record)
    except BaseException:
        file.close()
        raise


def _check(file: FileIO, clip: Clip) -> None:
    """Read a clip's file. Blocks. Raises SourceChangedError if it is not as recorded."""
    if hashlib.file_digest(file, "sha256").hexdigest() != clip.sha256:
        raise SourceChangedError("copy_source_changed")


def _picture(folder: Folder, clip: Clip) -> bytes | None:
    picture: File = folder / clip.path.with_suffix(PICTURE).name
    try:
        return picture.read(files.LONGEST_PICTURE_BYTES)
    except OSError, ValueError:
        return None


def _backoff_s(first_s: float, attempts: int) -> float:
    pause_s = min(first_s * 2.0 ** min(attempts + 1, 20), _LONGEST_BACKOFF_S)
    return pause_s * random.uniform(0.75, 1.0)
