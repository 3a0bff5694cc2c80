"""The disks and shares that clips lie on: one that hangs holds up nothing but itself.

A call to a network share whose server is gone may return after hours, or never. So each
storage has threads of its own, and whoever waits for one of them gets an error once the
storage does not answer.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
import contextlib
from contextvars import ContextVar
import errno
import logging
import os
from pathlib import Path
from typing import Any

from .aio import run_in_executor, run_in_thread

_LOGGER = logging.getLogger(__name__)

# A call may take longer, as on a slow disk. Then the storage is asked for its free space,
# which no system has in its memory; it hangs if it has not answered after as long again.
ANSWER_WITHIN_S = 30.0
# How long a person waits for a page or a picture. A disk that slept needs most of it.
ASK_WITHIN_S = 10.0
# How many calls to one storage block at once.
_CALLS_AT_ONCE = 8
_MOUNTS = Path("/proc/self/mountinfo")


class Storage:
    """One disk or share, with its threads. They start when they are needed."""

    def __init__(self, path: Path) -> None:
        """Take where it is mounted, or the media folder on it."""
        self.path = path
        self._executors: dict[str, ThreadPoolExecutor] = {}
        # When each call began that has not returned, by what waits for it.
        self._begun_at_s: dict[asyncio.Future[Any], float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._is_asked = False
        self._is_hung = False
        self._has_ended = False

    def executor(self, name: str, threads: int = 1) -> Executor:
        """Return the threads of a name, which are made so many."""
        if (found := self._executors.get(name)) is None:
            found = self._executors[name] = ThreadPoolExecutor(threads, name)
        return found

    @property
    def calls(self) -> Executor | None:
        """The threads for short calls: the event loop's own once these have ended.

        A job that is cut off has still to clear up.
        """
        if self._has_ended:
            return None
        return self.executor("clip_storage", _CALLS_AT_ONCE)

    def watch[T](self, work: asyncio.Future[T]) -> asyncio.Future[T]:
        """Return what ends as the work does, or with OSError if the storage hangs.

        The work goes on even then, as soon as the storage lets it.
        """
        loop = asyncio.get_running_loop()
        watched: asyncio.Future[T] = loop.create_future()
        if self._is_hung:
            watched.set_exception(self._error())

        def pass_on(work: asyncio.Future[T]) -> None:
            if watched.done():
                _ignore(work)
            elif work.cancelled():
                watched.cancel()
            elif err := work.exception():
                watched.set_exception(err)
            else:
                watched.set_result(work.result())

        def end(watched: asyncio.Future[T]) -> None:
            self._begun_at_s.pop(watched, None)
            if watched.cancelled():
                work.cancel()
            if not self._begun_at_s and self._timer and not self._is_asked:
                self._timer.cancel()
                self._timer = None

        work.add_done_callback(pass_on)
        if not watched.done():
            self._begun_at_s[watched] = loop.time()
            watched.add_done_callback(end)
            if self._timer is None:
                self._timer = loop.call_later(ANSWER_WITHIN_S, self._look)
        return watched

    def run[**P, T](
        self,
        executor: Executor | None,
        call: Callable[P, T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> asyncio.Future[T]:
        """Run a call in a thread of this storage, unless that hangs: `watch`."""
        if self._is_hung:
            failed: asyncio.Future[T] = asyncio.get_running_loop().create_future()
            failed.set_exception(self._error())
            return failed
        return self.watch(run_in_executor(executor, call, *args, **kwargs))

    async def ask[**P, T](
        self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a short call that a person waits for, in a thread of this storage.

        Raises OSError if it has not returned soon. It goes on even then: this is how it
        is found that the storage hangs.
        """
        asked = self.run(self.calls, call, *args, **kwargs)
        asked.add_done_callback(_ignore)
        await asyncio.wait([asked], timeout=ASK_WITHIN_S)
        if not asked.done():
            raise self._error()
        return asked.result()

    def rest(self) -> None:
        """End the threads once they are done; new ones start when they are needed."""
        for executor in self._executors.values():
            executor.shutdown(wait=False)
        self._executors.clear()

    def shutdown(self) -> None:
        """Wait until the threads have ended, unless the storage hangs. Blocks."""
        self._has_ended = True
        for executor in self._executors.values():
            executor.shutdown(wait=not self._is_hung)

    def _look(self) -> None:
        """Ask the storage whether it is there, if a call has not returned for long."""
        loop = asyncio.get_running_loop()
        self._timer = None
        if not self._begun_at_s:
            return
        # The first one began first.
        look_at_s = next(iter(self._begun_at_s.values())) + ANSWER_WITHIN_S
        if look_at_s > loop.time():
            self._timer = loop.call_at(look_at_s, self._look)
            return
        self._is_asked = True
        asked = run_in_executor(
            self.executor("clip_storage_asked"), os.statvfs, self.path
        )
        self._timer = loop.call_later(ANSWER_WITHIN_S, self._give_up)
        asked.add_done_callback(self._answered)

    def _give_up(self) -> None:
        """Let all calls that wait fail: the storage hangs."""
        self._timer = None
        self._is_hung = True
        _LOGGER.warning(
            "%s does not answer: nothing waits for it until then", self.path
        )
        for watched in list(self._begun_at_s):
            if not watched.done():
                watched.set_exception(self._error())

    def _answered(self, asked: asyncio.Future[os.statvfs_result]) -> None:
        """Go on: it is there, or at least says what is wrong."""
        _ignore(asked)
        if self._is_hung:
            _LOGGER.warning("%s answers again", self.path)
        if self._timer:
            self._timer.cancel()
            self._timer = None
        self._is_asked = self._is_hung = False
        if self._begun_at_s:
            self._timer = asyncio.get_running_loop().call_later(
                ANSWER_WITHIN_S, self._look
            )

    def _error(self) -> OSError:
        return OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT), str(self.path))


class Storages:
    """All storages that were used, each once."""

    def __init__(self) -> None:
        """Know none of them yet."""
        self._storages: dict[Path, Storage] = {}

    async def storage_of(self, path: Path, roots: Collection[Path]) -> Storage:
        """Return the storage that a path in one of the media folders (`roots`) lies on.

        By what the system says of its mounts: a storage that hangs is not asked.
        """
        (storage,) = await self.split([path], roots, lambda one: one)
        return storage

    async def split[T](
        self,
        some: Iterable[T],
        roots: Collection[Path],
        path_of: Callable[[T], Path],
    ) -> dict[Storage, list[T]]:
        """Return what lies in media folders (`roots`) by its storage, in its order."""
        parts: dict[Path, list[T]] = await run_in_thread(_parts, some, roots, path_of)
        return {
            self._storages.setdefault(at, Storage(at)): part
            for at, part in parts.items()
        }

    async def ask[T, R](
        self,
        call: Callable[[Sequence[T]], Iterable[R]],
        some: Iterable[T],
        roots: Collection[Path],
        path_of: Callable[[T], Path],
    ) -> list[R]:
        """Return what a call returns for what lies in media folders, in no order.

        It is run once for each storage, in a thread of that: `Storage.ask`. What lies on
        a storage that does not answer soon is left out.
        """
        storages = await self.split(some, roots, path_of)
        asked = await asyncio.gather(
            *(storage.ask(_listed, call, part) for storage, part in storages.items()),
            return_exceptions=True,
        )
        found: list[R] = []
        for answer in asked:
            if isinstance(answer, list):
                found += answer
            elif not isinstance(answer, OSError):
                raise answer
        return found

    def rest(self) -> None:
        """End the threads once they are done; new ones start when they are needed."""
        for storage in self._storages.values():
            storage.rest()

    def shutdown(self) -> None:
        """Wait until the threads have ended, but not for a storage that hangs. Blocks."""
        for storage in self._storages.values():
            storage.shutdown()


_current: ContextVar[Storage | None] = ContextVar("storage", default=None)


@contextlib.contextmanager
def on(storage: Storage | None) -> Iterator[None]:
    """Let all that is done in here, and in tasks that begin in here, be on a storage.

    None is that nothing is known of it.
    """
    before = _current.set(storage)
    try:
        yield
    finally:
        _current.reset(before)


def run_on_storage[**P, T](
    call: Callable[P, T], *args: P.args, **kwargs: P.kwargs
) -> asyncio.Future[T]:
    """Run a call that blocks in a thread of the storage that this is `on`.

    Raises OSError if the storage hangs.
    """
    return run_on_storage_in(None, call, *args, **kwargs)


def run_on_storage_in[**P, T](
    executor: Executor | None, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs
) -> asyncio.Future[T]:
    """Run a call that blocks in an executor of the storage that this is `on`.

    None is that for short calls. Raises OSError if the storage hangs.
    """
    if (storage := _current.get()) is None:
        return run_in_executor(executor, call, *args, **kwargs)
    return storage.run(executor or storage.calls, call, *args, **kwargs)


def close_on_storage(close: Callable[[], None]) -> asyncio.Future[None]:
    """Close something in a thread of the storage that this is `on`.

    Where that hangs, it is closed later: the event loop must not do it either. Raises
    OSError then.
    """
    if (storage := _current.get()) is None:
        return run_in_thread(close)
    return storage.watch(run_in_executor(storage.calls, close))


def watched[T](work: asyncio.Future[T]) -> asyncio.Future[T]:
    """Return what ends as the work does, or with OSError if its storage hangs."""
    storage = _current.get()
    return storage.watch(work) if storage else work


def _listed[T, R](call: Callable[[T], Iterable[R]], of: T) -> list[R]:
    return list(call(of))


def _ignore(done: asyncio.Future[Any]) -> None:
    """Let nothing be logged of a result that nobody waits for any more."""
    _ = done.cancelled() or done.exception()


def _parts[T](
    some: Iterable[T], roots: Collection[Path], path_of: Callable[[T], Path]
) -> dict[Path, list[T]]:
    """Return what lies in media folders by where its storage is mounted."""
    # The innermost first. As text, which takes a tenth of the time.
    places = [
        (f"{at}".rstrip("/") + "/", at)
        for at in sorted((*roots, *_mounts()), key=lambda one: -len(one.parts))
    ]
    found: dict[Path, list[T]] = {}
    for one in some:
        path = path_of(one)
        text = f"{path}/"
        at = next((at for begin, at in places if text.startswith(begin)), path.parent)
        found.setdefault(at, []).append(one)
    return found


def _mounts() -> list[Path]:
    """Return where something is mounted, as far as the system tells."""
    try:
        lines = _MOUNTS.read_bytes().splitlines()
    except OSError:
        return []
    # Blanks in a path are written as \040.
    return [
        Path(os.fsdecode(line.split()[4].decode("unicode_escape").encode("latin-1")))
        for line in lines
    ]
