"""Fetches the recordings that a cloud still has, the oldest first: they expire first."""

import asyncio
from collections import deque
from collections.abc import (
    Awaitable,
    Callable,
    Collection,
    Coroutine,
    Iterable,
    Mapping,
    Sequence,
)
import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import logging
from typing import Any

from ..errors import ClipError, CloudError, RefusedError, SignInError, StorageError
from ..model import Camera, Event
from ..pipeline.jobs import Running
from ..sources.base import Source
from ..time_range import Window
from .store import EventStore, Failures, Fetched

_LOGGER = logging.getLogger(__name__)

# No cloud keeps recordings of events for longer.
LONGEST_KEPT = timedelta(days=180)
# How much of a history is listed at once: all of it may be tens of thousands of events.
LISTED_AT_ONCE = timedelta(days=30)
# About the size of footage at 1080p, and how long a recording is if its cloud gives no end.
BYTES_PER_S = 200_000
USUAL_LENGTH = timedelta(seconds=30)
# How long after an event its cloud may still make the recording of it.
MADE_WITHIN = timedelta(hours=1)
# After a fault, the history is listed again 1, 2, 4 ... minutes later, for about a week.
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)
LISTED_WITHIN = timedelta(days=7)
# By how many recordings that ended the time left is estimated.
MEASURED = 20


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What the cloud lists: how many recordings, about how large, since when.

    It is at least that much if it is not `is_complete`: there was no time to list more.
    """

    count: int
    size_bytes: int
    oldest: datetime
    is_complete: bool = True


def reach(camera: Camera, most: timedelta | None = None) -> timedelta:
    """Return how far back a camera's recordings are listed, `most` at most."""
    return min(camera.retention or LONGEST_KEPT, most or LONGEST_KEPT)


def check_given(source: Source, camera: Camera) -> None:
    """Raise RefusedError if the cloud gives nothing of a camera."""
    if source.refusal(camera):
        raise RefusedError("nothing_given")


async def fetchable(source: Source, camera: Camera, window: Window) -> list[Event]:
    """Return the events that begin in a window and have a recording, the oldest first.

    Those that only just ended are among them: their recordings may still be made. Raises
    ClipError.
    """
    check_given(source, camera)
    made_by = datetime.now(UTC) - MADE_WITHIN
    return [
        event
        for event in await source.events(camera, window)
        if window.start <= event.window.start < window.end
        and (event.is_ready or event.window.end > made_by)
        and not source.is_echo(event)
    ]


async def estimate(
    source: Source,
    cameras: Iterable[Camera],
    now: datetime,
    *,
    most: timedelta | None = None,
    within_s: float,
) -> Estimate | None:
    """Return what the cloud lists of these cameras, by what can be listed `within_s`.

    `most` is how far back at most. None if it lists nothing, or keeps no list. A camera whose history is
    refused does not stop the others. Raises the ClipError of the first one if all are.
    """
    if not source.event_kinds:
        return None
    found: list[Event] = []
    errors: list[ClipError] = []
    is_complete = False
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            for camera in cameras:
                try:
                    await _add_history(found, source, camera, now, most)
                except SignInError:
                    raise
                except ClipError as err:
                    errors.append(err)
            is_complete = not errors
    if not found:
        if errors:
            raise errors[0]
        return None
    length = sum((one.window.duration or USUAL_LENGTH for one in found), timedelta(0))
    return Estimate(
        count=len(found),
        size_bytes=round(length.total_seconds() * BYTES_PER_S),
        oldest=min(one.window.start for one in found),
        is_complete=is_complete,
    )


async def _add_history(
    found: list[Event],
    source: Source,
    camera: Camera,
    now: datetime,
    most: timedelta | None,
) -> None:
    """Add the events of a camera, the newest first. Raises ClipError."""
    start, end = now - reach(camera, most), now
    at_once = LISTED_AT_ONCE
    while start < end:
        window = Window(max(start, end - at_once), end)
        listed = await fetchable(source, camera, window)
        found += listed
        middle = window.start + window.duration / 2
        if not any(one.window.start < middle for one in listed):
            # Before a time of quiet there is mostly nothing: that takes one request.
            at_once = LONGEST_KEPT
        end = window.start


@dataclass(frozen=True, kw_only=True)
class Report:
    """What came of a back-fill, by the camera's id; what could not be had has its reasons.

    `refused` are cameras whose recordings could not be listed.
    """

    fetched: Mapping[str, Fetched]
    failures: Sequence[Failures]
    refused: Mapping[str, ClipError]


class BackFill:
    """The back-fill of an account: lists what its cloud has, and follows its saving.

    All that it has to remember is stored: it goes on after a restart. `fetched` is how far
    it has come, by the camera's id; empty if there is none. `waits_for` is the error
    because of which nothing is fetched now.
    """

    def __init__(
        self,
        *,
        source: Source,
        store: EventStore,
        cameras: Callable[[], Iterable[Camera]],
        save: Callable[[Camera, Sequence[Event]], Awaitable[Running]],
        at_once: int,
        is_busy: Callable[[], bool],
        check_room: Callable[[], Awaitable[None]],
        spawn: Callable[[Coroutine[Any, Any, None], str], object],
        on_changed: Callable[[], None],
        on_ended: Callable[[Report], None],
    ) -> None:
        """Take the parts of the account.

        `save` begins the job for the recording of an event. No more than `at_once` of them
        are under way, and none is begun while the account `is_busy` with others.
        `check_room` raises StorageError while nothing more is to be saved. `spawn` starts
        a task that ends with the account. `on_changed` is called whenever it has come
        further, `on_ended` at its end. The saver sets `save_due`, which begins what may be
        begun.
        """
        self.save = save
        self.save_due: Callable[[], None] = lambda: None
        self.fetched: dict[str, Fetched] = {}
        self.waits_for: ClipError | None = None
        self._source = source
        self._store = store
        self._cameras = cameras
        self._at_once = at_once
        self._is_busy = is_busy
        self._check_room = check_room
        self._spawn = spawn
        self._on_changed = on_changed
        self._on_ended = on_ended
        # While a history is listed, and while what came of it is counted.
        self._listing = asyncio.Lock()
        self._counting = asyncio.Lock()
        self._list_now = asyncio.Event()
        # Before all is listed, nobody knows which is the oldest.
        self._is_listed = False
        self._is_under_way = False
        self._refused: dict[str, ClipError] = {}
        self._ended_at_s = deque[float](maxlen=MEASURED)

    @property
    def is_under_way(self) -> bool:
        """Whether anything is to be listed or fetched."""
        return self._is_under_way

    def left_s(self) -> float | None:
        """Return about how long it takes from now on, None if that is not known."""
        if len(self._ended_at_s) < 2 or self.waits_for:
            return None
        each_s = (self._ended_at_s[-1] - self._ended_at_s[0]) / (
            len(self._ended_at_s) - 1
        )
        return each_s * sum(one.left for one in self.fetched.values())

    def resume(self) -> None:
        """Go on where it was when Home Assistant stopped."""
        self._list_now.set()
        self._spawn(self._list(), "listing what the cloud has")

    async def begin(self, windows: Mapping[str, Window]) -> None:
        """Fetch what the cloud has of these windows, by the camera's id.

        Raises StorageError; otherwise it goes on until it ends, whatever comes between.
        """
        await self._store.begin_back_fill(windows)
        self.resume()

    async def cancel(self, cameras: Collection[str]) -> int:
        """Fetch no more of these cameras; return how many recordings were left.

        Those whose jobs are under way are still saved. Raises StorageError.
        """
        count = await self._store.cancel_back_fill(cameras)
        await self._count()
        return count

    async def may_run(self) -> int:
        """Return how many jobs of it may be under way now. Raises StorageError."""
        if (
            not self._is_listed
            or self._is_busy()
            or not any(one.left for one in self.fetched.values())
        ):
            return 0
        try:
            await self._check_room()
        except StorageError as err:
            if not self.waits_for or str(self.waits_for) != str(err):
                self._wait_for(err)
            return 0
        if isinstance(self.waits_for, StorageError):
            self._wait_for(None)
        return self._at_once

    async def one_ended(self, err: ClipError | None) -> None:
        """Count a recording that was saved, or failed with an error."""
        is_waiting = isinstance(err, CloudError | SignInError | StorageError)
        self.waits_for = err if is_waiting else None
        if is_waiting:
            self._ended_at_s.clear()
        else:
            self._ended_at_s.append(asyncio.get_running_loop().time())
        try:
            await self._count()
        except StorageError as failed:
            _LOGGER.error("How far the back-fill is cannot be read: %s", failed)

    def _wait_for(self, err: ClipError | None) -> None:
        self.waits_for = err
        self._ended_at_s.clear()
        self._on_changed()

    async def _list(self) -> None:
        """List what is not listed yet, again and again until all is, and have it saved."""
        async with self._listing:
            pause = FIRST_PAUSE
            while True:
                self._list_now.clear()
                err: ClipError | None = None
                try:
                    if unlisted := await self._store.unlisted():
                        self._is_under_way = True
                        self._on_changed()
                        err = await self._list_each(unlisted)
                    self._is_listed = True
                    await self._count()
                except StorageError as failed:
                    _LOGGER.error("What the cloud has cannot be stored: %s", failed)
                    err = failed
                if err or self.waits_for:
                    self._wait_for(err)
                self.save_due()
                if not err:
                    return
                await self._pause(err, pause)
                pause = min(2 * pause, LONGEST_PAUSE)

    async def _pause(self, err: ClipError, pause: timedelta) -> None:
        """Wait before the history is listed again; not if more of it is wanted meanwhile."""
        pause_s = pause.total_seconds()
        if isinstance(err, CloudError) and err.retry_after_s is not None:
            pause_s = max(pause_s, err.retry_after_s)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                await self._list_now.wait()

    async def _list_each(self, unlisted: Mapping[str, Window]) -> ClipError | None:
        """List the history of cameras; return the error of one to be listed again.

        Raises StorageError.
        """
        cameras = {camera.id: camera for camera in self._cameras()}
        again: ClipError | None = None
        for camera_id, window in unlisted.items():
            try:
                if camera_id not in cameras:
                    raise RefusedError("camera_gone")
                await self._list_camera(cameras[camera_id], window)
            except StorageError:
                raise
            except SignInError as err:
                # More requests with bad credentials may lock the account.
                return err
            except ClipError as err:
                if (
                    isinstance(err, CloudError)
                    and datetime.now(UTC) < window.end + LISTED_WITHIN
                ):
                    again = err
                    continue
                _LOGGER.debug("The history of %s cannot be listed: %s", camera_id, err)
                self._refused[camera_id] = err
                await self._store.set_listed(camera_id, window)
        return again

    async def _list_camera(self, camera: Camera, window: Window) -> None:
        """Add what a camera's history has of a window, the oldest first. Raises ClipError."""
        for piece in window.split(LISTED_AT_ONCE):
            events = await fetchable(self._source, camera, piece)
            await self._store.add_to_back_fill(camera.id, events)
            await self._store.set_listed(camera.id, piece)

    async def _count(self) -> None:
        """Count how far it has come, and end it if nothing is left. Raises StorageError."""
        async with self._counting:
            before = self.fetched, self._is_under_way
            self.fetched = await self._store.fetched()
            self._is_under_way = self._is_under_way or bool(self.fetched)
            cameras = {camera.id for camera in self._cameras()}
            gone = {
                camera_id
                for camera_id, one in self.fetched.items()
                if one.left and camera_id not in cameras
            }
            is_left = any(
                one.left
                for camera_id, one in self.fetched.items()
                if camera_id in cameras
            )
            if self._is_under_way and not is_left and not await self._store.unlisted():
                if gone:
                    await self._store.cancel_back_fill(gone)
                    self._refused |= {one: RefusedError("camera_gone") for one in gone}
                await self._end()
        if (self.fetched, self._is_under_way) != before:
            self._on_changed()

    async def _end(self) -> None:
        """Report what came of it, and forget it. Raises StorageError."""
        report = Report(
            fetched=self.fetched,
            failures=await self._store.failures(),
            refused=self._refused,
        )
        await self._store.end_back_fill()
        self.fetched, self._refused, self.waits_for = {}, {}, None
        self._ended_at_s.clear()
        self._is_under_way = False
        self._on_ended(report)
