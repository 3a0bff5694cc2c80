"""The jobs of one account: begun, joined, cancelled, and resumed after a restart."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Coroutine, Sequence
import contextlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib import import_module
import logging
from pathlib import Path, PurePosixPath
import sys
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from ..aio import run_in_thread
from ..errors import (
    CancelledJobError,
    ClipError,
    InvalidRequestError,
    QueueFullError,
    SignInError,
    StorageError,
    storage_error,
)
from ..fair_semaphore import CURRENT_CAMERA
from ..library import files
from ..library.database import Library
from ..model import Camera, Clip, Event, Job, JobState, MediaOptions
from ..sources.base import Source
from ..storage import Storage, on, run_on_storage
from ..time_range import Window
from . import working_folder
from .executors import Executors
from .progress import Progress, WaitReason
from .slots import Downloads

if TYPE_CHECKING:
    from .pipeline import ReserveSpace

_LOGGER = logging.getLogger(__name__)

PIPELINE = f"{__package__}.pipeline"

# A job that was interrupted gets at least this long, however late it is.
GRACE = timedelta(minutes=2)
# How many clips that somebody asked for may wait, of a camera and of an account.
MOST_OF_CAMERA = 50
MOST_UNFINISHED = 500
# How many short calls of an account to a storage block in threads at once: each thread
# that begins takes its turn from the event loop.
SHORT_CALLS_AT_ONCE = 3
# How many jobs are canceled in one turn of the event loop.
CANCELED_AT_ONCE = 8


@dataclass(eq=False)
class Running:
    """A job under way; `done` has it as its result once it ended or was interrupted.

    `is_automatic`: no person asked for it. `is_in_back_fill`: it is one of very many that
    all others go before. `is_cancelled`: a person cancelled it. `task` is its pipeline,
    once that runs.
    """

    job: Job
    done: asyncio.Future[Job]
    is_automatic: bool = False
    is_in_back_fill: bool = False
    is_cancelled: bool = False
    progress: Progress = field(default_factory=Progress)
    task: asyncio.Future[Job] | None = None


class Jobs:
    """The jobs of one account. They go on when whoever waits for them goes away."""

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
        spawn: Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]],
        on_ended: Callable[[Job], None],
        sign_in_again: Callable[[], None],
        on_changed: Callable[[Running], None] = lambda running: None,
        reserve_space: ReserveSpace = contextlib.nullcontext,
    ) -> None:
        """Take what the jobs of an account share.

        `executors` is where the jobs of all accounts decode and join. `spawn` starts a
        task that ends with the account. `on_changed` is called whenever a job's progress
        changes, and when the job ended or was interrupted; `on_ended` for every job that
        ended, `sign_in_again` when the cloud refuses the credentials. `reserve_space` is
        entered before the disk is written to, and while a clip is published.
        """
        self._account_id = account_id
        self._account_name = account_name
        self._source = source
        self._library = library
        self._find_camera = find_camera
        self._downloads = Downloads(downloads_at_once)
        self._short_calls = defaultdict[Storage, asyncio.Semaphore](
            lambda: asyncio.Semaphore(SHORT_CALLS_AT_ONCE)
        )
        self._importing = asyncio.Lock()
        self._cancels = asyncio.Semaphore(CANCELED_AT_ONCE)
        self._executors = executors
        self._spawn = spawn
        self._on_ended = on_ended
        self._sign_in_again = sign_in_again
        self._on_changed = on_changed
        self._reserve_space = reserve_space
        self._running: dict[tuple[Any, ...], Running] = {}
        self._by_id: dict[str, Running] = {}

    async def resume(self) -> None:
        """Go on with the jobs that had not ended when Home Assistant stopped."""
        unfinished = await self._library.unfinished_jobs(self._account_id)
        if unfinished:
            await _import_pipeline()
        for job in unfinished:
            give_up_at = max(job.give_up_at, datetime.now(UTC) + GRACE)
            storage = await self._storage_of(job)
            running = self._register(replace(job, give_up_at=give_up_at))
            self._on_changed(running)
            self._begin(running, storage)
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
        is_in_back_fill: bool = False,
    ) -> Running:
        """Begin the job for one clip, or return the one under way for the same request.

        `filename` is below `root`, without ending. `timeout` counts from the window's
        end, or from now if that has passed. `events` are those whose footage is wanted,
        where the window was made for them. The queue's limits are not for a job that
        `is_automatic` or `is_in_back_fill`. Raises InvalidRequestError (QueueFullError if
        the queue is full), StorageError.
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
            if running.is_in_back_fill and not is_in_back_fill:
                # Somebody waits for it now.
                running.is_in_back_fill = False
                self._on_changed(running)
            return running
        is_automatic = is_automatic or is_in_back_fill
        if not is_automatic:
            self._check_queue(camera)
        # Registered before the first await, so that the same request finds it.
        running = self._register(job, is_automatic=is_automatic)
        running.is_in_back_fill = is_in_back_fill
        accepting = self._spawn(self._accept(running), f"accept clip {job.id}")
        accepting.add_done_callback(partial(self._accepted, running))
        # The caller may go away: others may have joined.
        await asyncio.wait([accepting])
        if accepting.cancelled():
            raise InvalidRequestError("account_not_loaded", account=self._account_name)
        await accepting
        return running

    async def retry(self, job: Job) -> Running:
        """Begin a job that failed anew, or return the one under way for its request.

        Raises InvalidRequestError, StorageError.
        """
        camera = self._find_camera(job.camera_id)
        if camera is None:
            raise InvalidRequestError("camera_gone")
        return await self.ask(
            camera,
            job.window,
            root=job.root,
            filename=PurePosixPath(job.filename),
            timeout=job.give_up_at - max(job.window.end, job.asked_at),
            label=job.label,
            overwrite=job.overwrite,
            media_options=job.media_options,
            events=job.events,
        )

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
        async with self._cancels:
            if running.task:
                running.task.cancel()
            await asyncio.sleep(0)
        return await asyncio.shield(running.done)

    def running(self, camera_id: str | None = None) -> list[Running]:
        """Return the jobs under way, of one camera or of all, the oldest first."""
        return [
            one
            for one in self._running.values()
            if camera_id is None or one.job.camera_id == camera_id
        ]

    def find(self, job_id: str) -> Running | None:
        """Return a job under way, None if there is none of that id."""
        return self._by_id.get(job_id)

    def is_busy(self) -> bool:
        """Return whether a job that is not of the back-fill needs the cloud or a thread."""
        return any(
            not one.is_in_back_fill
            and (
                one.progress.waiting is None
                or one.progress.waiting.reason is WaitReason.SLOT
            )
            for one in self._running.values()
        )

    async def job(self, job_id: str) -> Job | None:
        """Return a job of the account, under way or ended, None if there is none."""
        return await self._library.job(self._account_id, job_id)

    async def recent(self, most: int) -> list[Job]:
        """Return the newest jobs of the account."""
        return await self._library.recent_jobs(self._account_id, most)

    async def last_clip(self, camera_id: str) -> Clip | None:
        """Return the camera's latest clip by the time that it shows."""
        return await self._library.last_clip(self._account_id, camera_id)

    async def last_saved_clip(self, camera_id: str) -> Clip | None:
        """Return the camera's clip that was saved last, whatever time it shows."""
        return await self._library.last_saved_clip(self._account_id, camera_id)

    async def last_saved_clips(self, camera_ids: Sequence[str]) -> dict[str, Clip]:
        """Return `last_saved_clip` of each camera that has one, in one go."""
        return await self._library.last_saved_clips(self._account_id, camera_ids)

    def _check_queue(self, camera: Camera) -> None:
        """Raise QueueFullError if as many jobs as are allowed have not ended."""
        asked = self._asked()
        if len(asked) >= MOST_UNFINISHED:
            raise QueueFullError("too_many_jobs", count=str(MOST_UNFINISHED))
        of_camera = sum(one.job.camera_id == camera.id for one in asked)
        if of_camera >= MOST_OF_CAMERA:
            raise QueueFullError("too_many_jobs_of_camera", count=str(MOST_OF_CAMERA))

    def _asked(self) -> list[Running]:
        """Return the jobs under way that a person asked for."""
        return [one for one in self._running.values() if not one.is_automatic]

    async def _accept(self, running: Running) -> None:
        """Store a job and start it. Raises InvalidRequestError, StorageError."""
        job = running.job
        try:
            filename = PurePosixPath(job.filename)
            storage = await self._storage_of(job)
            with on(storage):
                try:
                    async with self._short_calls[storage]:
                        await run_on_storage(files.target_inside, job.root, filename)
                except OSError as err:
                    raise storage_error(err) from err
            # Many that are asked for at once need not all wait in threads of their own.
            async with self._importing:
                await _import_pipeline()
            await self._library.add_job(job)
        except ClipError as err:
            self._forget(job)
            running.job = replace(job, state=JobState.FAILED, error=err)
            running.done.set_result(running.job)
            if running.is_automatic:
                # Nobody is there to be told of it.
                self._on_ended(running.job)
            raise
        self._on_changed(running)
        self._begin(running, storage)

    def _accepted(self, running: Running, accepting: asyncio.Task[None]) -> None:
        """Forget a job that was not stored: its account is unloaded, or a fault is ours."""
        is_stored = not accepting.cancelled() and not accepting.exception()
        if not is_stored and not running.done.done():
            self._forget(running.job)
            running.done.cancel()

    def _register(self, job: Job, *, is_automatic: bool = False) -> Running:
        done = asyncio.get_running_loop().create_future()
        running = Running(job, done, is_automatic=is_automatic)
        running.progress = Progress(partial(self._on_changed, running))
        self._running[job.request] = self._by_id[job.id] = running
        return running

    def _forget(self, job: Job) -> None:
        del self._running[job.request], self._by_id[job.id]

    def _begin(self, running: Running, storage: Storage) -> None:
        with on(storage):
            self._spawn(self._run(running, storage), f"clip {running.job.id}")

    async def _storage_of(self, job: Job) -> Storage:
        return await self._executors.storage_of(
            working_folder.place_of(job), [job.root]
        )

    async def _run(self, running: Running, storage: Storage) -> None:
        """Run a job until it ended, and report that."""
        # It is imported already: `_import_pipeline`.
        from .pipeline import Pipeline  # noqa: PLC0415

        job = running.job
        CURRENT_CAMERA.set(job.camera_id)
        pipeline = Pipeline(
            job,
            source=self._source,
            library=self._library,
            account_name=self._account_name,
            downloads=self._downloads.of(job.window),
            executors=self._executors,
            storage=storage,
            short_calls=self._short_calls[storage],
            reserve_space=self._reserve_space,
            is_withdrawn=lambda: running.is_cancelled,
            progress=running.progress,
        )
        try:
            camera = self._find_camera(job.camera_id)
            running.task = asyncio.ensure_future(pipeline.run(camera))
            if running.is_cancelled:
                running.task.cancel()
            job = await running.task
        except asyncio.CancelledError:
            if not running.is_cancelled:
                raise
            if pipeline.job.state is JobState.SAVED:
                # It was cancelled too late.
                job = pipeline.job
                await pipeline.withdraw()
            else:
                cancelled = CancelledJobError("cancelled")
                job = replace(job, state=JobState.FAILED, error=cancelled)
                # Before anything is removed: it does not go on at the next start.
                await self._record_cancelled(pipeline.failed(job))
                await pipeline.withdraw()
                await self._record_failure(pipeline.failed(job))
        except Exception as err:  # noqa: BLE001
            job = replace(job, state=JobState.FAILED, error=_clip_error(err, job))
            _free_frames(err)
            await self._record_failure(pipeline.failed(job))
        finally:
            # An interrupted job keeps its row, and goes on at the next start.
            self._forget(job)
            running.task = None
            if not running.done.done():
                running.done.set_result(job)
            self._on_changed(running)
        if isinstance(job.error, SignInError):
            self._sign_in_again()
        self._on_ended(job)

    async def _clear(self, jobs: Sequence[Job]) -> None:
        """Remove what jobs that ended could not remove themselves."""
        for job in jobs:
            with on(await self._storage_of(job)), contextlib.suppress(OSError):
                if await run_on_storage(working_folder.clear, job):
                    with contextlib.suppress(StorageError):
                        await self._library.update_job(replace(job, working_folders=()))

    async def _record_cancelled(self, job: Job) -> None:
        try:
            await self._library.cancel_job(job)
        except StorageError as err:
            _LOGGER.error("Could not store that job %s was canceled: %s", job.id, err)

    async def _record_failure(self, job: Job) -> None:
        try:
            await self._library.update_job(job)
        except StorageError as err:
            _LOGGER.error("Could not store that job %s failed: %s", job.id, err)


async def _import_pipeline() -> None:
    """Import what only jobs need, off the event loop: PyAV, and all that reads footage.

    An account at rest does without.
    """
    # While another thread still imports it, it is there already, but not whole.
    if not hasattr(sys.modules.get(PIPELINE), "Pipeline"):
        await run_in_thread(import_module, PIPELINE)


async def forget(library: Library, account_id: str, executors: Executors) -> None:
    """Forget the jobs of an account that is removed, with what they have on the disk.

    Its clips stay. Raises StorageError.
    """
    for job in await library.unfinished_jobs(account_id):
        storage = await executors.storage_of(working_folder.place_of(job), [job.root])
        # What is on one that hangs stays.
        with on(storage), contextlib.suppress(OSError):
            await run_on_storage(working_folder.clear, job)
    await library.forget_account(account_id)


def _clip_error(err: Exception, job: Job) -> ClipError:
    """Return the error of a job; one that is not expected is logged too."""
    match err:
        case ClipError():
            return err
        case OSError():
            # An error of an open file has no path.
            err.filename = err.filename or str(working_folder.place_of(job))
            return storage_error(err)
    _LOGGER.error("Job %s failed", job.id, exc_info=err)
    return ClipError("unexpected", reason=type(err).__name__)


def _free_frames(err: BaseException) -> None:
    """Let an error outlive its job without what its frames hold, such as open folders."""
    chain: list[BaseException | None] = [err]
    # Each leads to two others, and some back to one before.
    while chain:
        if (one := chain.pop()) and one.__traceback__:
            one.__traceback__ = None
            chain += [one.__cause__, one.__context__]
            if isinstance(one, BaseExceptionGroup):
                chain += one.exceptions
