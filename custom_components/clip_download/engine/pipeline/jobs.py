"""Jobs: what was asked of one account, under way or going on after a restart."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
import contextlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
import logging
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import uuid4

from ..aio import run_in_thread
from ..errors import (
    CancelledJobError,
    ClipError,
    QueueFullError,
    SignInError,
    StorageError,
    storage_error,
)
from ..fair_semaphore import CURRENT_CAMERA, FairSemaphore
from ..library import files
from ..library.database import Library
from ..model import Camera, Clip, Event, Job, JobState, MediaOptions
from ..sources.base import Source
from ..time_range import Window
from . import working_folder
from .executors import Executors
from .pipeline import Pipeline, Room

_LOGGER = logging.getLogger(__name__)

# A job that was interrupted gets at least this long, however late it is.
GRACE = timedelta(minutes=2)
# How many clips that somebody asked for may wait, of a camera and of an account.
MOST_OF_CAMERA = 50
MOST_UNFINISHED = 500


@dataclass(eq=False)
class Running:
    """A job under way: `done` gives it once it ended or was interrupted.

    `is_automatic`: nobody asked for it. `is_cancelled`: somebody wants it no more.
    """

    job: Job
    done: asyncio.Future[Job]
    is_automatic: bool = False
    is_cancelled: bool = False
    going: asyncio.Future[Job] | None = None


class Jobs:
    """The jobs of one account. They live on their own; whoever waits may go away."""

    def __init__(
        self,
        *,
        account_id: str,
        account_name: str,
        source: Source,
        library: Library,
        find_camera: Callable[[str], Camera | None],
        downloads_at_once: int,
        executors: Executors,
        spawn: Callable[[Coroutine[Any, Any, None], str], object],
        tell: Callable[[Job], None],
        sign_in_again: Callable[[], None],
        room: Room = contextlib.nullcontext,
    ) -> None:
        """Take what the jobs of an account share.

        `executors` is where the jobs of all accounts decode and join.
        `spawn` starts a task that ends with the account; `tell` hears of every job that
        ended; `sign_in_again` is called when the cloud refuses the credentials. `room`
        is entered while a clip is published: it makes room for it.
        """
        self._account_id = account_id
        self._account_name = account_name
        self._source = source
        self._library = library
        self._find_camera = find_camera
        self._downloads = FairSemaphore(downloads_at_once)
        self._executors = executors
        self._spawn = spawn
        self._tell = tell
        self._sign_in_again = sign_in_again
        self._room = room
        self._running: dict[tuple[Any, ...], Running] = {}

    async def resume(self) -> None:
        """Go on with what was asked for before Home Assistant stopped."""
        for job in await self._library.unfinished_jobs(self._account_id):
            give_up_at = max(job.give_up_at, datetime.now(UTC) + GRACE)
            self._start(replace(job, give_up_at=give_up_at))
        if left := await self._library.jobs_with_leftovers(self._account_id):
            self._spawn(self._clear(left), "clear up after jobs that ended")

    async def ask(
        self,
        camera: Camera,
        window: Window,
        *,
        root: Path,
        filename: PurePosixPath,
        timeout: timedelta,
        label: str = "",
        overwrite: bool = False,
        media_options: MediaOptions = MediaOptions(),
        events: Sequence[Event] = (),
        is_automatic: bool = False,
    ) -> Running:
        """Ask for one clip; the same request under way is joined.

        `filename` is below `root`, without ending. `timeout` counts from the window's
        end, or from now if that has passed. `events` are those whose footage is wanted,
        where the window was made for them. However much people ask for, there is room
        for what `is_automatic`. Raises InvalidRequestError (NoRoomError where there is no
        room), StorageError.
        """
        self._source.check(media_options)
        now = datetime.now(UTC)
        job = Job(
            id=uuid4().hex,
            account_id=self._account_id,
            camera_id=camera.id,
            camera_name=camera.name,
            window=window,
            asked_at=now,
            give_up_at=max(window.end, now) + timeout,
            root=root,
            filename=str(filename),
            label=label,
            overwrite=overwrite,
            media_options=media_options,
            events=tuple(events),
        )
        if running := self._running.get(job.request):
            return running
        if not is_automatic:
            self._check_queue(camera)
        # Registered before the first await, so that a twin finds it.
        running = self._running[job.request] = Running(
            job,
            asyncio.get_running_loop().create_future(),
            is_automatic=is_automatic,
        )
        accepting = asyncio.ensure_future(self._accept(running))
        # Whoever asked may go away: others may have joined.
        accepting.add_done_callback(lambda one: one.cancelled() or one.exception())
        await asyncio.shield(accepting)
        return running

    async def wait_for_queue(self, camera: Camera) -> None:
        """Wait until somebody may ask for one more clip of a camera."""
        while True:
            try:
                self._check_queue(camera)
            except QueueFullError:
                asked = [one.done for one in self._asked()]
                await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
            else:
                return

    async def cancel(self, running: Running) -> Job:
        """Cancel a job under way; return what became of it.

        It failed as `cancelled`, unless it came to its end just before.
        """
        running.is_cancelled = True
        if running.going:
            running.going.cancel()
        return await asyncio.shield(running.done)

    def running(self, camera_id: str | None = None) -> list[Running]:
        """Return the jobs under way, of one camera or of all, the oldest first."""
        return [
            one
            for one in self._running.values()
            if camera_id is None or one.job.camera_id == camera_id
        ]

    async def job(self, job_id: str) -> Job | None:
        """Return a job of the account, under way or ended, None if there is none."""
        return await self._library.job(self._account_id, job_id)

    async def recent(self, most: int) -> list[Job]:
        """Return the newest jobs of the account."""
        return await self._library.recent_jobs(self._account_id, most)

    @property
    def under_way(self) -> int:
        """How many jobs have not ended."""
        return len(self._running)

    async def last_clip(self, camera_id: str) -> Clip | None:
        """Return the camera's latest clip by the time that it shows."""
        return await self._library.last_clip(self._account_id, camera_id)

    def _check_queue(self, camera: Camera) -> None:
        """Raise NoRoomError if too much was asked for that is not done."""
        asked = self._asked()
        if len(asked) >= MOST_UNFINISHED:
            raise QueueFullError("too_many_jobs", count=str(MOST_UNFINISHED))
        of_camera = sum(one.job.camera_id == camera.id for one in asked)
        if of_camera >= MOST_OF_CAMERA:
            raise QueueFullError("too_many_jobs_of_camera", count=str(MOST_OF_CAMERA))

    def _asked(self) -> list[Running]:
        """Return the jobs under way that somebody asked for."""
        return [one for one in self._running.values() if not one.is_automatic]

    async def _accept(self, running: Running) -> None:
        """Keep what was asked for, and begin. Raises InvalidRequestError, StorageError."""
        job = running.job
        try:
            filename = PurePosixPath(job.filename)
            await run_in_thread(files.target_inside, job.root, filename)
            await self._library.add_job(job)
        except ClipError as err:
            del self._running[job.request]
            running.job = replace(job, state=JobState.FAILED, error=err)
            running.done.set_result(running.job)
            raise
        except BaseException:
            del self._running[job.request]
            running.done.cancel()
            raise
        self._spawn(self._run(running), f"clip {job.id}")

    def _start(self, job: Job) -> None:
        running = Running(job, asyncio.get_running_loop().create_future())
        self._running[job.request] = running
        self._spawn(self._run(running), f"clip {job.id}")

    async def _run(self, running: Running) -> None:
        """Take a job to its end, whatever happens, and tell everybody."""
        job = running.job
        CURRENT_CAMERA.set(job.camera_id)
        way = Pipeline(
            job,
            source=self._source,
            library=self._library,
            account_name=self._account_name,
            downloads=self._downloads,
            executors=self._executors,
            room=self._room,
            is_withdrawn=lambda: running.is_cancelled,
        )
        try:
            camera = self._find_camera(job.camera_id)
            running.going = asyncio.ensure_future(way.go(camera))
            if running.is_cancelled:
                running.going.cancel()
            job = await running.going
        except asyncio.CancelledError:
            if not running.is_cancelled:
                raise
            if way.job.state is JobState.SAVED:
                # That was too late.
                job = way.job
                await way.withdraw()
            else:
                cancelled = CancelledJobError("cancelled")
                job = replace(job, state=JobState.FAILED, error=cancelled)
                # Before anything is removed: it does not go on at the next start.
                await self._record_cancelled(way.failed(job))
                await way.withdraw()
                await self._record_failure(way.failed(job))
        except Exception as err:  # noqa: BLE001
            job = replace(job, state=JobState.FAILED, error=_told(err, job))
            await self._record_failure(way.failed(job))
        finally:
            # An interrupted job keeps its row, and goes on at the next start.
            del self._running[job.request]
            if not running.done.done():
                running.done.set_result(job)
        if isinstance(job.error, SignInError):
            self._sign_in_again()
        self._tell(job)

    async def _clear(self, jobs: Sequence[Job]) -> None:
        """Remove what jobs that ended could not remove themselves."""
        for job in jobs:
            if await run_in_thread(working_folder.clear, job):
                with contextlib.suppress(StorageError):
                    await self._library.update_job(replace(job, working_folders=()))

    async def _record_cancelled(self, job: Job) -> None:
        try:
            await self._library.cancel_job(job)
        except StorageError as err:
            _LOGGER.error("That job %s is cancelled cannot be kept: %s", job.id, err)

    async def _record_failure(self, job: Job) -> None:
        try:
            await self._library.update_job(job)
        except StorageError as err:
            _LOGGER.error("The failure of job %s cannot be recorded: %s", job.id, err)


async def forget(library: Library, account_id: str) -> None:
    """Forget the jobs of an account that is removed, with what they have on the disk.

    Its clips stay. Raises StorageError.
    """
    for job in await library.unfinished_jobs(account_id):
        await run_in_thread(working_folder.clear, job)
    await library.forget_account(account_id)


def _told(err: Exception, job: Job) -> ClipError:
    """Return what to tell of an error; one that nobody foresaw goes to the log too."""
    match err:
        case ClipError():
            return err
        case OSError():
            # The disk does not say where a file lies that is open.
            err.filename = err.filename or str(working_folder.place_of(job))
            return storage_error(err)
    _LOGGER.error("Job %s failed", job.id, exc_info=err)
    return ClipError("unexpected", reason=type(err).__name__)
