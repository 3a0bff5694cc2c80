"""The way of one clip: wait, plan, fetch, finish, keep. One direction, no way back."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
import contextlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
import functools
from pathlib import Path, PurePosixPath
import random
import threading
from uuid import uuid4

from ..sources.base import Camera, Part, Plan, Source, SplitError
from . import files, mp4, sidecar
from .errors import ClipError, CloudError, NoFootageError, NotReadyError, RefusedError
from .library import Clip, ClipStatus, Job, JobState, Library
from .transfer import receive
from .window import Placing, Window, from_ms, gaps, to_ms

# A cloud's fault is tried again this often, about 1, 2, 4 ... seconds apart.
MOST_TRIES = 6
LONGEST_BACKOFF_S = 60.0
# A part that came short while the cloud may still add to it is fetched again.
SHORT_PART_AGAIN_S = 15.0
SHORT_PART_TOLERANCE = timedelta(seconds=2)
# What a recording may last beyond what a list says of it.
LONGEST_RECORDING = timedelta(hours=1)
# Who set an event off has come into the picture by then.
SEEN_AFTER = timedelta(seconds=1.5)


type Room = Callable[[], contextlib.AbstractAsyncContextManager[None]]


@dataclass(frozen=True, kw_only=True)
class _Fetched:
    """A part on the disk."""

    piece: mp4.Piece
    event_ids: tuple[str, ...]


class Way:
    """One job's way. Where it has come to is kept in the library at each step."""

    def __init__(
        self,
        job: Job,
        *,
        source: Source,
        library: Library,
        account_name: str,
        downloads: asyncio.Semaphore,
        workbench: Executor,
        room: Room,
    ) -> None:
        """Take the job, and what it shares with the others of its account.

        `downloads` limits what is fetched at once. `workbench` is the one thread in
        which files are decoded and joined: each further one would keep memory of its
        own, and take time that the event loop misses. `room` is entered before the
        disk is written to, and while files are published.
        """
        self._job = job
        self._source = source
        self._library = library
        self._account_name = account_name
        self._downloads = downloads
        self._workbench = workbench
        self._room = room
        self._cancelled = threading.Event()

    async def go(self, camera: Camera | None) -> Job:
        """Return the job once its clips are saved.

        Raises ClipError or OSError if there is no clip; then nothing is left behind.
        When cancelled, the job's row stays as it is.
        """
        if self._job.clips and (done := await self._found_again()):
            return done
        if camera is None:
            raise RefusedError("camera_gone")
        target = await blocking(
            files.target_inside, self._job.root, PurePosixPath(self._job.filename)
        )
        folder = self._work_folder
        await self._check_mounted(folder)
        await blocking(files.remove_tree, folder)

        await self._come_to(JobState.WAITING)
        if not self._is_of_recordings:
            await _sleep_until(self._job.window.end + self._source.lag)
        plan = await self._plan(camera)
        await self._come_to(JobState.FETCHING)
        async with self._room():
            # It may have been long since.
            await self._check_mounted(folder)
            made_folders = await blocking(files.make_folder, folder)
        try:
            fetched, trouble = await self._fetch(camera, plan, folder)
            await self._come_to(JobState.FINISHING)
            await self._finish(fetched, trouble, target, folder)
        except BaseException:
            # A thread that is still at work stops at its next packet.
            self._cancelled.set()
            await blocking(files.remove_tree, folder)
            await blocking(files.remove_folders, made_folders[1:])
            raise
        await blocking(files.remove_tree, folder)
        return self._job

    async def _check_mounted(self, folder: Path) -> None:
        """Raise StorageError if the disk is away that clips were written to there."""
        await blocking(files.check_mounted, folder, await self._library.mounts())

    async def _come_to(self, state: JobState) -> None:
        self._job = replace(self._job, state=state)
        await self._library.update_job(self._job)

    async def _plan(self, camera: Camera) -> Plan:
        """Return what exists once it is all there, or what is there when time is up."""
        while True:
            plan = await persist(
                lambda: self._source.plan(
                    camera, self._job.window, self._job.wishes, self._job.events
                ),
                self._job.give_up_at,
            )
            left_s = self._left_s()
            if plan.again_after_s is None or left_s <= 0:
                break
            await asyncio.sleep(min(plan.again_after_s, left_s))
        if plan.parts:
            return plan
        if plan.again_after_s is not None:
            raise NoFootageError("footage_not_ready")
        raise NoFootageError("no_footage")

    async def _fetch(
        self, camera: Camera, plan: Plan, folder: Path
    ) -> tuple[list[_Fetched], ClipError | None]:
        """Fetch all parts, some side by side.

        Returns those that came, and the first trouble with one that did not. Raises
        that trouble if none came.
        """
        at_once = asyncio.Semaphore(self._source.parts_at_once)

        async def fetch(name: str, part: Part) -> list[_Fetched | ClipError]:
            results: list[_Fetched | ClipError] = []
            rest: Part | None = part
            while rest:
                piece = f"{name}_{len(results)}"
                get = functools.partial(
                    self._fetch_part, camera, rest, folder / f"{piece}.part"
                )
                try:
                    async with at_once:
                        fetched, rest = await persist(get, self._job.give_up_at)
                except SplitError as err:
                    return [*results, *await fetch_all(err.parts, f"{piece}_")]
                except (CloudError, NotReadyError, NoFootageError, RefusedError) as err:
                    return [*results, err]
                results.append(fetched)
            return results

        async def fetch_all(
            parts: Sequence[Part], prefix: str
        ) -> list[_Fetched | ClipError]:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(fetch(f"{prefix}{number}", part))
                    for number, part in enumerate(parts)
                ]
            return [result for task in tasks for result in task.result()]

        try:
            results = await fetch_all(plan.parts, "")
        except ExceptionGroup as group:
            raise _first(group) from group
        fetched = [result for result in results if isinstance(result, _Fetched)]
        troubles = [result for result in results if isinstance(result, ClipError)]
        # That there is no footage is a gap; anything else is worth telling.
        troubles.sort(key=lambda err: isinstance(err, NoFootageError))
        if not fetched:
            raise troubles[0]
        trouble = troubles[0] if troubles else None
        return fetched, None if isinstance(trouble, NoFootageError) else trouble

    async def _fetch_part(
        self, camera: Camera, part: Part, path: Path
    ) -> tuple[_Fetched, Part | None]:
        """Fetch one part, and say what of it is still to be asked for."""
        async with self._downloads:
            # What an earlier try left.
            await blocking(path.unlink, missing_ok=True)
            async with self._source.fetch(camera, part, self._job.wishes) as download:
                try:
                    await receive(download.response, path)
                except CloudError as err:
                    if err.key == "body_not_video" and download.not_video:
                        raise download.not_video from err
                    raise
                window, rest = download.window or part.window, download.rest
        media = await self._at_bench(mp4.inspect, path)
        # A recording has its own length; what is cut out for us ought to be whole.
        if (
            part.placing is Placing.REQUESTED
            and window.duration - media.duration > SHORT_PART_TOLERANCE
            and datetime.now(UTC) < window.end + self._source.settles_after
            and self._left_s() > 0
        ):
            raise NotReadyError("footage_not_ready", after_s=SHORT_PART_AGAIN_S)
        fetched = _Fetched(
            piece=mp4.Piece(path=path, window=window, placing=part.placing),
            event_ids=part.event_ids,
        )
        return fetched, rest

    async def _finish(
        self,
        fetched: Sequence[_Fetched],
        trouble: ClipError | None,
        target: Path,
        folder: Path,
    ) -> None:
        """Make the files, settle what is told of them, and keep them."""
        if self._is_of_recordings:
            self._open_window(fetched)
        finished = await self._make([part.piece for part in fetched], folder)
        made, missing = finished.files, finished.missing
        is_complete = finished.is_complete
        if not made:
            raise NoFootageError("no_footage")
        if self._is_of_recordings:
            self._settle_window(finished.covered)
            missing = tuple(
                gaps(self._job.window, finished.covered, timedelta(seconds=1))
            )
            is_complete = not missing
        trouble = trouble or finished.damaged
        job = self._job
        events = tuple(
            dict.fromkeys(event for part in fetched for event in part.event_ids)
        )
        stems = [target] if len(made) == 1 else _numbered(target, len(made))
        stats = [await blocking(one.path.stat) for one in made]
        clips = [
            Clip(
                id=uuid4().hex,
                job_id=job.id,
                account_id=job.account_id,
                account_name=self._account_name,
                source=self._source.kind,
                camera_id=job.camera_id,
                camera_name=job.camera_name,
                window=one.window,
                duration_ms=one.duration // timedelta(milliseconds=1),
                label=job.label,
                status=(
                    ClipStatus.COMPLETE
                    if is_complete and not trouble
                    else ClipStatus.PARTIAL
                ),
                path=Path(f"{stem}{files.SUFFIX}"),
                size_bytes=stat.st_size,
                # Not while it arrives: that would halve the speed of two cores.
                sha256=await blocking(files.sha256_of, one.path),
                video_codec=one.video_codec,
                audio_codec=one.audio_codec,
                width=one.width,
                height=one.height,
                events=events,
                gaps=missing,
                saved_at=from_ms(to_ms(datetime.now(UTC))),
                saves=job.events,
                modified_ns=stat.st_mtime_ns,
            )
            for one, stem, stat in zip(made, stems, stats, strict=True)
        ]
        self._job = replace(job, error=trouble)
        async with self._room():
            await self._keep(clips, [one.path for one in made], stems, folder)

    @property
    def _is_of_recordings(self) -> bool:
        """Whether whole recordings are wanted, however long they turn out to be."""
        return bool(self._job.events) and self._source.keeps_recordings

    def _open_window(self, fetched: Sequence[_Fetched]) -> None:
        """Let nothing of the recordings be cut off: no list tells their exact length."""
        windows = [part.piece.window for part in fetched]
        window = Window(
            min(window.start for window in windows),
            max(window.end for window in windows) + LONGEST_RECORDING,
        )
        self._job = replace(self._job, window=window)

    def _settle_window(self, covered: Sequence[Window]) -> None:
        """Take for the window what there is from the first picture to the last."""
        window = Window(covered[0].start, covered[-1].end)
        self._job = replace(self._job, window=window)

    async def _make(self, pieces: list[mp4.Piece], folder: Path) -> mp4.Finished:
        making = self._at_bench(
            mp4.finish,
            pieces,
            self._job.window,
            folder,
            audio=self._job.wishes.audio,
            cancelled=self._cancelled,
        )
        # Its folder must not be removed under it.
        return await ended(making, self._cancelled)

    async def _keep(
        self, clips: list[Clip], made: list[Path], stems: list[Path], folder: Path
    ) -> None:
        """Publish the files and record them, all or none."""
        overwrite = self._job.overwrite
        published: list[Clip] = []
        try:
            for number, (path, wanted) in enumerate(zip(made, stems, strict=True)):
                while True:
                    stem = await blocking(files.free_stem, wanted, overwrite=overwrite)
                    clips[number] = replace(
                        clips[number], path=Path(f"{stem}{files.SUFFIX}")
                    )
                    # Known before it happens: a kill in between loses nothing.
                    self._job = replace(self._job, clips=tuple(clips))
                    await self._library.update_job(self._job)
                    with contextlib.suppress(FileExistsError):
                        await blocking(
                            files.publish,
                            path,
                            clips[number].path,
                            overwrite=overwrite,
                        )
                        break
                published.append(clips[number])
            await self._record(folder)
        except Exception:
            for clip in published:
                await blocking(files.remove_clip, clip.path)
            raise

    async def _record(self, folder: Path) -> None:
        """Lay picture and sidecar beside each clip, then record that it is saved."""
        for clip in self._job.clips:
            await self._at_bench(_write_picture, clip, folder)
            await blocking(sidecar.write, clip, self._job.window)
        await self._library.remember_mounts([await blocking(files.mount_of, folder)])
        self._job = replace(self._job, state=JobState.SAVED)
        recording = asyncio.ensure_future(self._library.finish_job(self._job))
        try:
            await asyncio.shield(recording)
        except asyncio.CancelledError:
            # It ends here: nobody would tell of it at the next start.
            await recording

    async def _found_again(self) -> Job | None:
        """Return the job if it was killed between giving names and recording them."""
        ours = [
            clip
            for clip in self._job.clips
            if await blocking(files.is_file_of, clip.path, clip.sha256)
        ]
        if len(ours) < len(self._job.clips):
            for clip in ours:
                await blocking(files.remove_clip, clip.path)
            self._job = replace(self._job, clips=())
            return None
        folder = self._work_folder
        await blocking(files.make_folder, folder)
        try:
            await self._record(folder)
        finally:
            await blocking(files.remove_tree, folder)
        return self._job

    @property
    def _work_folder(self) -> Path:
        """Where parts lie until they are a clip: hidden, beside the clip to be."""
        target = self._job.root / self._job.filename
        return target.parent / f".clip_download_{self._job.id}"

    def _at_bench[**P, T](
        self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> asyncio.Future[T]:
        """Run a call in the thread in which files are decoded and joined."""
        return asyncio.get_running_loop().run_in_executor(
            self._workbench, functools.partial(call, *args, **kwargs)
        )

    def _left_s(self) -> float:
        return _seconds_until(self._job.give_up_at)


async def persist[T](call: Callable[[], Awaitable[T]], give_up_at: datetime) -> T:
    """Call until it succeeds: a fault within its budget, a wait while time is left."""
    tries = 0
    while True:
        try:
            return await call()
        except CloudError as err:
            tries += 1
            pause_s = err.retry_after_s
            if pause_s is None:
                pause_s = min(2.0 ** (tries - 1), LONGEST_BACKOFF_S)
                pause_s *= random.uniform(0.75, 1.25)
            if tries >= MOST_TRIES or pause_s > max(_seconds_until(give_up_at), 0):
                raise
        except NotReadyError as err:
            left_s = _seconds_until(give_up_at)
            if left_s <= 0:
                raise
            pause_s = min(err.after_s, left_s)
        await asyncio.sleep(pause_s)


def blocking[**P, T](
    call: Callable[P, T], *args: P.args, **kwargs: P.kwargs
) -> asyncio.Future[T]:
    """Run a call that blocks in a thread of the loop's own pool."""
    return asyncio.get_running_loop().run_in_executor(
        None, functools.partial(call, *args, **kwargs)
    )


async def ended[T](work: asyncio.Future[T], cancelled: threading.Event) -> T:
    """Wait for a thread's work; if the caller goes away, until the thread has stopped.

    `cancelled` is what the thread looks at.
    """
    try:
        await asyncio.wait([work])
    except asyncio.CancelledError:
        cancelled.set()
        await asyncio.wait([work])
        # That it was cancelled, or anything else, is of no interest any more.
        work.exception()
        raise
    return work.result()


async def _sleep_until(moment: datetime) -> None:
    # In steps, because the clock may be set while we sleep.
    while (left_s := _seconds_until(moment)) > 0:
        await asyncio.sleep(min(left_s, 60))


def _seconds_until(moment: datetime) -> float:
    return (moment - datetime.now(UTC)).total_seconds()


def _first(group: ExceptionGroup) -> Exception:
    """Return the first of the exceptions that several parts raised at once."""
    err: Exception = group
    while isinstance(err, ExceptionGroup):
        err = err.exceptions[0]
    return err


def _numbered(stem: Path, count: int) -> list[Path]:
    return [stem.with_name(f"{stem.name}_part{n}") for n in range(1, count + 1)]


def _write_picture(clip: Clip, folder: Path) -> None:
    """Write the picture of a clip, whole or not at all."""
    picture = folder / "picture"
    with contextlib.suppress(ClipError):
        # A clip without a picture is still a clip.
        picture.write_bytes(mp4.picture(clip.path, _worth_a_look(clip)))
        picture.replace(clip.path.with_suffix(".jpg"))


def _worth_a_look(clip: Clip) -> timedelta:
    """Return how far into a clip its event is seen, or its middle without one."""
    for event in clip.saves:
        moment = event.window.start + SEEN_AFTER
        if clip.window.start <= moment < clip.window.end:
            # Gaps do not take time in the file.
            before = Window(clip.window.start, moment)
            shown = gaps(before, clip.gaps, timedelta(0))
            return sum((stretch.duration for stretch in shown), timedelta(0))
    return timedelta(milliseconds=clip.duration_ms / 2)
