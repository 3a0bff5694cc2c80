"""The pipeline of one job: wait, plan, fetch, finish, publish. No step comes twice."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
import contextlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import logging
from pathlib import PurePosixPath
import threading
from uuid import uuid4

from ..aio import join_thread, seconds_until, sleep_until
from ..errors import (
    ClipError,
    NoFootageError,
    RefusedError,
    SignInError,
    StorageError,
    UnreachableError,
    storage_error,
)
from ..folder import File, Hashed
from ..library import files, sidecar
from ..library.database import Library
from ..library.publishing import Outgoing, Publisher, Sealed
from ..library.queries import ClipQueries
from ..media import clip_file
from ..model import Camera, Clip, ClipStatus, Event, Job, JobState, Plan
from ..sources.base import Source
from ..storage import Storage, close_on_storage, run_on_storage, run_on_storage_in
from ..time_range import Window, from_ms, gaps, to_ms
from . import working_folder
from .executors import Executors
from .fetching import Fetched, Fetching
from .progress import Progress, WaitReason
from .retry import RetryBudget, retry
from .slots import Slots
from .working_folder import WorkingFolder

_LOGGER = logging.getLogger(__name__)

# A list that takes longer is taken for endless.
LONGEST_PLAN_S = 60 * 60
# Before a longer wait, the credentials are tried: nobody waits in vain.
LONG_WAIT_S = 15.0
# What a recording may last beyond what a list says of it.
LONGEST_RECORDING = timedelta(hours=1)
# How long after an event's start the one who caused it can be seen.
SEEN_AFTER = timedelta(seconds=1.5)
# How often a job is started while Home Assistant is killed each time it decodes a file.
MOST_STARTS = 3
# How long after a file was decoded that is stored, unless something else is before.
SETTLED_AFTER_S = 1.0
# How often another name is tried because somebody else took it meanwhile.
MOST_NAMES_LOST = 100


type ReserveSpace = Callable[[], contextlib.AbstractAsyncContextManager[None]]


class Pipeline:
    """What one job goes through. Its state is stored in the library at each step."""

    def __init__(
        self,
        job: Job,
        *,
        source: Source,
        library: Library,
        account_name: str,
        downloads: Slots,
        executors: Executors,
        storage: Storage,
        short_calls: asyncio.Semaphore,
        reserve_space: ReserveSpace,
        is_withdrawn: Callable[[], bool] = lambda: False,
        progress: Progress | None = None,
    ) -> None:
        """Take the job, and what it shares with the others of its account.

        `downloads` limits how many clips are fetched at once, `short_calls` how many calls
        of a moment block in threads of the `storage`, and `executors` is where files are
        decoded and joined. `reserve_space` is entered before the disk is written to, and
        while files are published. `is_withdrawn` returns whether the job is cancelled
        for good; `withdraw` is called then. `progress` notes how far the job has come.
        """
        self._job = job
        self._working: WorkingFolder | None = None
        self._source = source
        self._library = library
        self._account_name = account_name
        self._downloads = downloads
        self._short = executors.short(storage)
        self._short_calls = short_calls
        # Chosen by the window that was asked for, also where that changes.
        self._executor = executors.of(storage, job.window)
        self._reserve_space = reserve_space
        self._is_withdrawn = is_withdrawn
        self._cancelled = threading.Event()
        # How many files are being decoded or joined.
        self._decoding = 0
        self._starts_before = self._stored_starts = job.starts
        self._settling: asyncio.Task[None] | None = None
        self._progress = progress or Progress()
        self._budget = RetryBudget(
            job.give_up_at,
            timeout=job.give_up_at - max(job.window.end, job.asked_at),
            progress=self._progress,
        )

    async def run(self, camera: Camera | None) -> Job:
        """Return the job once its clips are saved.

        Raises ClipError or OSError if there is no clip; then nothing is left behind.
        When cancelled, the job's row stays as it is.
        """
        try:
            if not await self._recover():
                await self._save(camera)
        except asyncio.CancelledError:
            # A thread that still decodes stops at its next packet.
            self._cancelled.set()
            # The next start uses the parts that are whole, and undoes or completes what
            # was published or replaced.
            if not self._is_withdrawn():
                with contextlib.suppress(StorageError):
                    await self._count_start()
                # On a storage that hangs, they stay as they are.
                with contextlib.suppress(OSError):
                    async with self._short_calls:
                        await run_on_storage(
                            working_folder.pause, self._job, self._working
                        )
            raise
        except BaseException:
            self._cancelled.set()
            await self._clear_up()
            raise
        finally:
            if self._settling:
                self._settling.cancel()
        # It is saved: what cannot be removed now is removed at the next start.
        with contextlib.suppress(asyncio.CancelledError, StorageError):
            await self._clear_up()
        return self._job

    @property
    def job(self) -> Job:
        """The job, as far as it has come."""
        return self._job

    async def withdraw(self) -> None:
        """Remove all that the job has on the disk, once it is cancelled for good."""
        await self._clear_up()

    def failed(self, job: Job) -> Job:
        """Return a failed job as it is recorded.

        It keeps its working folders and clips only if the disk did not let them be
        removed.
        """
        if not self._job.working_folders:
            return replace(job, working_folders=(), clips=())
        return replace(
            job, working_folders=self._job.working_folders, clips=self._job.clips
        )

    async def _clear_up(self) -> None:
        """Remove the working folders; without a clip, undo what was published."""
        if self._job.clips and self._job.state is not JobState.SAVED:
            try:
                await run_on_storage(working_folder.take_back, self._job, self._working)
            except OSError as err:
                _LOGGER.warning(
                    "Could not remove incomplete clips: %s", storage_error(err)
                )
        if not self._job.working_folders:
            return
        is_saved = self._job.state is JobState.SAVED
        # Whoever cancels a job that is saved meanwhile must not leave them behind.
        async with contextlib.nullcontext() if is_saved else self._short_calls:
            ending = run_on_storage(working_folder.end, self._job, self._working)
            try:
                has_ended = await join_thread(ending)
            except OSError:
                # The storage hangs.
                has_ended = False
        if has_ended:
            self._job = replace(self._job, working_folders=())
            if is_saved:
                # What a power cut takes back is done again at the next start.
                await self._store(durable=False)

    async def _save(self, camera: Camera | None) -> None:
        """Wait, plan, fetch, finish and publish."""
        if camera is None:
            raise RefusedError("camera_gone")
        if self._job.starts >= MOST_STARTS:
            raise RefusedError("gave_up_after_restarts", count=str(MOST_STARTS))
        filename = PurePosixPath(self._job.filename)
        async with self._short_calls:
            await run_on_storage(files.target_inside, self._job.root, filename)
        await self._check_mounted()
        self._set_state(JobState.WAITING)
        await self._store()
        if not self._is_of_recordings:
            await self._wait_for_footage()
        plan = await self._plan(camera)
        # It is recorded with the name of the working folder.
        self._set_state(JobState.FETCHING)
        async with self._reserve_space():
            # Again: the job may have waited for long.
            await self._check_mounted()
            working = await self._begin()
            self._job = replace(self._job, clips=())
        fetching = Fetching(
            self._job,
            camera,
            working.folder,
            source=self._source,
            downloads=self._downloads,
            executor=self._executor,
            short=self._short,
            budget=self._budget,
            crash_guard=self._crash_guard,
            kept=working.kept,
            still_at=self._still_at,
            progress=self._progress,
        )
        fetched, trouble = await fetching.fetch(plan)
        self._set_state(JobState.FINISHING)
        # A power cut that takes it back costs nothing.
        await self._store(will_decode=True, durable=False)
        await self._finish(fetched, trouble or plan.trouble, working)

    async def _begin(self) -> WorkingFolder:
        """Make the working folder, with the parts from before a restart."""
        # Recorded before it is made: no kill in between loses it.
        self._job = working_folder.with_new_name(self._job)
        await self._store()
        async with self._short_calls:
            working = await join_thread(run_on_storage(working_folder.begin, self._job))
        self._working = working
        if self._job.working_folders != working.names:
            self._job = replace(self._job, working_folders=working.names)
            await self._store()
        return working

    async def _check_mounted(self) -> None:
        """Raise StorageError if the disk of the job's folder is not mounted."""
        folder = working_folder.place_of(self._job)
        mounts = await self._library.mounts()
        async with self._short_calls:
            await run_on_storage(files.check_mounted, folder, mounts)

    @contextlib.asynccontextmanager
    async def _crash_guard(self) -> AsyncIterator[None]:
        """Count a start of the job while a file is decoded.

        The count is taken back afterwards, unless Home Assistant was killed meanwhile:
        with whatever is stored next, or soon.
        """
        self._decoding += 1
        try:
            await self._count_start()
            yield
        finally:
            self._decoding -= 1
            if self._settling:
                self._settling.cancel()
            self._settling = asyncio.create_task(self._settle())

    async def _settle(self) -> None:
        await asyncio.sleep(SETTLED_AFTER_S)
        # Whatever is wrong with the database is told of what is stored next.
        with contextlib.suppress(StorageError):
            await self._count_start()

    async def _count_start(self) -> None:
        """Store whether a file is decoded, if that is not stored yet."""
        starts = self._starts_before + bool(self._decoding)
        if starts != self._stored_starts:
            # At once: who comes meanwhile is stored after this.
            self._stored_starts = starts
            await self._library.set_starts(self._job.id, starts)

    async def _store(self, *, will_decode: bool = False, durable: bool = True) -> None:
        """Store the job, with whether a file is decoded, or will be at once."""
        starts = self._starts_before + (will_decode or bool(self._decoding))
        self._job = replace(self._job, starts=starts)
        self._stored_starts = starts
        await self._library.update_job(self._job, durable=durable)

    def _set_state(self, state: JobState) -> None:
        self._job = replace(self._job, state=state)
        self._progress.enter(state)

    async def _wait_for_footage(self) -> None:
        """Wait until the cloud can have it. Raises SignInError before a long wait."""
        ready_at = self._job.window.end + self._source.lag
        if seconds_until(ready_at) > LONG_WAIT_S:
            try:
                await self._source.check_sign_in()
            except SignInError:
                raise
            except ClipError as err:
                _LOGGER.debug("The sign-in could not be tried: %s", err)
        with self._progress.wait(WaitReason.WINDOW, ready_at):
            await sleep_until(ready_at)

    async def _plan(self, camera: Camera) -> Plan:
        """Return the plan once all of it exists, or what exists when time is up."""
        while True:
            plan = await retry(lambda: self._plan_once(camera), self._budget)
            left_s = seconds_until(self._job.give_up_at)
            if plan.again_after_s is None or left_s <= 0:
                break
            pause_s = min(plan.again_after_s, left_s)
            until = datetime.now(UTC) + timedelta(seconds=pause_s)
            with self._progress.wait(WaitReason.FOOTAGE, until):
                await asyncio.sleep(pause_s)
        if plan.parts:
            return plan
        if plan.trouble:
            raise plan.trouble
        if plan.again_after_s is not None:
            is_empty = plan.lists_nothing
            raise NoFootageError(
                "nothing_recorded" if is_empty else "footage_not_ready"
            )
        raise NoFootageError("no_footage")

    async def _plan_once(self, camera: Camera) -> Plan:
        job = self._job
        try:
            async with asyncio.timeout(LONGEST_PLAN_S):
                return await self._source.plan(
                    camera, job.window, job.media_options, job.events
                )
        except TimeoutError as err:
            raise UnreachableError("cloud_unreachable", reason="no_answer") from err

    async def _finish(
        self,
        fetched: Sequence[Fetched],
        trouble: ClipError | None,
        working: WorkingFolder,
    ) -> None:
        """Make the files, describe each as a clip, and publish them."""
        if self._is_of_recordings:
            self._open_window(fetched)
        async with self._crash_guard():
            finished = await self._make([part.piece for part in fetched], working)
        if not finished.files:
            raise NoFootageError("no_footage")
        if self._is_of_recordings:
            finished = self._settle_window(finished)
        self._job = replace(self._job, error=trouble or finished.damaged)
        events = tuple(
            dict.fromkeys(event for part in fetched for event in part.event_ids)
        )
        # A part that stays as it is needs not be read again.
        hashed = {part.piece.file: part.hashed for part in fetched}
        stills = {part.piece.file: part.still for part in fetched}
        stack = contextlib.ExitStack()
        try:
            outgoing = []
            for made in finished.files:
                # It is closed even if the job is cancelled meanwhile.
                sealed = await join_thread(
                    run_on_storage(_seal, made.file, hashed.get(made.file), stack)
                )
                clip = self._clip(made, sealed, finished, events)
                known = stills.get(made.file)
                if known and known.is_of(_picture_offset(clip)):
                    picture: bytes | None = known.jpeg
                else:
                    picture = made.still or await self._picture(clip, made.file)
                outgoing.append(Outgoing(clip=clip, sealed=sealed, picture=picture))
            async with self._reserve_space():
                await self._publish(outgoing, working)
        finally:
            with contextlib.suppress(OSError):
                await join_thread(close_on_storage(stack.close))

    def _still_at(self, begins: datetime, length: timedelta) -> timedelta:
        """Return how far into footage the picture of its clip is likely to be."""
        seen = _seen_after(begins, begins + length, self._job.events, ())
        return length / 2 if seen is None else seen

    def _clip(
        self,
        made: clip_file.Made,
        sealed: Sealed,
        finished: clip_file.Finished,
        events: tuple[str, ...],
    ) -> Clip:
        """Describe one of the files that were made as a clip."""
        job = self._job
        about = sealed.stat()
        is_complete = finished.is_complete and not job.error
        audio_codec = made.audio_codec
        if made.sound_was:
            audio_codec = f"{audio_codec} ({made.sound_was})"
        return Clip(
            id=uuid4().hex,
            job_id=job.id,
            account_id=job.account_id,
            # People pass clips on, with the sidecar.
            account_name=sidecar.without_addresses(self._account_name),
            source=self._source.kind,
            camera_id=job.camera_id,
            camera_name=job.camera_name,
            window=made.window,
            duration_ms=made.duration // timedelta(milliseconds=1),
            label=job.label,
            status=ClipStatus.COMPLETE if is_complete else ClipStatus.PARTIAL,
            # Until it is published, a path at which nothing is.
            path=working_folder.place_of(job) / made.file.name,
            size_bytes=about.st_size,
            sha256=sealed.sha256,
            video_codec=made.video_codec,
            audio_codec=audio_codec,
            width=made.width,
            height=made.height,
            events=events,
            gaps=finished.missing,
            saved_at=from_ms(to_ms(datetime.now(UTC))),
            saves=job.events,
            modified_ns=about.st_mtime_ns,
        )

    @property
    def _is_of_recordings(self) -> bool:
        """Whether whole recordings are saved, however long they are."""
        return bool(self._job.events) and self._source.keeps_recordings

    def _open_window(self, fetched: Sequence[Fetched]) -> None:
        """Widen the window so that no recording is cut: lists give its end only roughly."""
        windows = [part.piece.window for part in fetched]
        window = Window(
            min(window.start for window in windows),
            max(window.end for window in windows) + LONGEST_RECORDING,
        )
        self._job = replace(self._job, window=window)

    def _settle_window(self, finished: clip_file.Finished) -> clip_file.Finished:
        """Set the window to the footage; return what was made, with the gaps in that."""
        covered = finished.covered
        window = Window(covered[0].start, covered[-1].end)
        self._job = replace(self._job, window=window)
        missing = tuple(gaps(window, covered, timedelta(seconds=1)))
        return replace(finished, missing=missing, is_complete=not missing)

    async def _make(
        self, pieces: list[clip_file.Piece], working: WorkingFolder
    ) -> clip_file.Finished:
        making = run_on_storage_in(
            self._executor,
            clip_file.finish,
            pieces,
            self._job.window,
            working.folder,
            audio=self._job.media_options.audio,
            consume=self._executor is not self._short,
            cancelled=self._cancelled,
        )
        # Its folder must not be removed under it.
        return await join_thread(making, self._cancelled)

    async def _picture(self, clip: Clip, file: File) -> bytes | None:
        """Make the picture of a clip, if it has one."""
        # Not in the thread of long clips, so that nothing waits for one of them.
        with contextlib.suppress(ClipError):
            async with self._crash_guard():
                making = run_on_storage_in(
                    self._short, clip_file.picture, file, _picture_offset(clip)
                )
                return await making
        # A clip without a picture is still a clip.
        return None

    async def _publish(
        self, outgoing: Sequence[Outgoing], working: WorkingFolder
    ) -> None:
        """Give the files their names and record them as clips, all or none."""
        place = await run_on_storage(working_folder.open_place, self._job)
        publisher = Publisher(place, [working.folder])
        stem = PurePosixPath(self._job.filename).name
        clips = [one.clip for one in outgoing]
        for number, one in enumerate(outgoing):
            wanted = stem if len(outgoing) == 1 else f"{stem}_part{number + 1}"
            for _ in range(MOST_NAMES_LOST):
                name, old = await self._free_name(publisher, wanted)
                clips[number] = replace(
                    one.clip,
                    path=place.path / f"{name}{files.SUFFIX}",
                    kept=bool(old and old.kept),
                )
                # Recorded before it happens: a kill in between loses nothing.
                self._job = replace(self._job, clips=tuple(clips))
                await self._store()
                with contextlib.suppress(FileExistsError):
                    await join_thread(
                        run_on_storage(
                            publisher.put,
                            number,
                            replace(one, clip=clips[number]),
                            asked=self._job.window,
                            replaces=old,
                        )
                    )
                    break
            else:
                raise StorageError("storage_changed", path=str(place.path))
        await self._record()

    async def _free_name(
        self, publisher: Publisher, wanted: str
    ) -> tuple[str, Clip | None]:
        """Return the name to publish under, with a number if it is taken.

        And the clip that is replaced, if one is.
        """
        name, number = wanted, 1
        while not await run_on_storage(publisher.is_free, name):
            if self._job.overwrite and (
                old := await self._replaceable(publisher, name)
            ):
                return name, old
            number += 1
            name = f"{wanted}_{number}"
        return name, None

    async def _replaceable(self, publisher: Publisher, name: str) -> Clip | None:
        """Return the clip of a name if this job may replace it.

        It must be one of the same camera, and unchanged since it was saved. One that is
        kept may only be replaced by footage of its own events.
        """
        path = publisher.folder.path / f"{name}{files.SUFFIX}"
        wanted = {event.id for event in self._job.events}
        clip = await ClipQueries(self._library).clip_at(str(path))
        if (
            clip
            and (clip.account_id, clip.camera_id)
            == (self._job.account_id, self._job.camera_id)
            and (not clip.kept or clip.saves)
            and (not clip.kept or wanted.issuperset(one.id for one in clip.saves))
            and await run_on_storage(publisher.has_as_saved, clip)
        ):
            return clip
        return None

    async def _record(self) -> None:
        """Record that the clips are saved."""
        mount = await run_on_storage(files.mount_of, working_folder.place_of(self._job))
        await self._library.remember_mounts([mount])
        saved = replace(self._job, state=JobState.SAVED, starts=self._starts_before)
        recording = asyncio.ensure_future(self._library.finish_job(saved))
        try:
            await asyncio.shield(recording)
        except asyncio.CancelledError:
            # A job that is recorded as saved does not go on at the next start.
            await recording
        self._job = saved

    async def _recover(self) -> bool:
        """Record the job if it was killed between publishing and recording.

        Return whether it was. Otherwise undo what was published and replaced.
        """
        if not self._job.clips:
            return False
        if not await run_on_storage(working_folder.has_published, self._job):
            await run_on_storage(working_folder.take_back, self._job, None)
            return False
        async with self._reserve_space():
            working = await self._begin()
            place = await run_on_storage(working_folder.open_place, self._job)
            publisher = Publisher(place, [working.folder])
            for clip in self._job.clips:
                picture = await self._picture(clip, place / clip.path.name)
                await join_thread(
                    run_on_storage(
                        publisher.complete,
                        clip,
                        picture=picture,
                        asked=self._job.window,
                    )
                )
            await self._record()
        return True


def _seal(file: File, hashed: Hashed | None, stack: contextlib.ExitStack) -> Sealed:
    """Hash a file, if it is not yet. It is closed with the stack. Blocks."""
    return stack.enter_context(Sealed.of(file, hashed))


def _picture_offset(clip: Clip) -> timedelta:
    """Return how far into a clip its event can be seen; without one, its middle."""
    seen = _seen_after(clip.window.start, clip.window.end, clip.saves, clip.gaps)
    return timedelta(milliseconds=clip.duration_ms / 2) if seen is None else seen


def _seen_after(
    start: datetime, end: datetime, events: Iterable[Event], missing: Sequence[Window]
) -> timedelta | None:
    """Return how far into footage the first event in it can be seen."""
    for event in events:
        moment = event.window.start + SEEN_AFTER
        if start <= moment < end:
            # Gaps do not take time in the file.
            shown = gaps(Window(start, moment), missing, timedelta(0))
            return sum((one.duration for one in shown), timedelta(0))
    return None
