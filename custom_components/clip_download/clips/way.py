"""The way of one clip: wait, plan, fetch, finish, keep. One direction, no way back."""

import asyncio
from collections.abc import Callable, Sequence
import contextlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
import threading
from uuid import uuid4

from ..sources.base import Camera, Plan, Source
from . import files, mp4, parts, sidecar
from .aio import blocking, ended, in_thread_of, seconds_until, sleep_until
from .errors import ClipError, NoFootageError, RefusedError
from .fetching import Fetched, Fetching
from .library import Clip, ClipStatus, Job, JobState, Library
from .patience import Patience, persist
from .window import Window, from_ms, gaps, to_ms
from .workbench import Workbench

# What a recording may last beyond what a list says of it.
LONGEST_RECORDING = timedelta(hours=1)
# Who set an event off has come into the picture by then.
SEEN_AFTER = timedelta(seconds=1.5)


type Room = Callable[[], contextlib.AbstractAsyncContextManager[None]]


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
        workbench: Workbench,
        room: Room,
    ) -> None:
        """Take the job, and what it shares with the others of its account.

        `downloads` limits what is fetched at once, `workbench` is where files are
        decoded and joined. `room` is entered before the disk is written to, and while
        files are published.
        """
        self._job = job
        self._source = source
        self._library = library
        self._account_name = account_name
        self._downloads = downloads
        self._workbench = workbench
        # That of the window that was asked for, whatever comes of it.
        self._bench = workbench.of(job.window)
        self._room = room
        self._cancelled = threading.Event()
        # By the clip's id.
        self._stills: dict[str, bytes | None] = {}
        self._patience = Patience(
            job.give_up_at,
            timeout=job.give_up_at - max(job.window.end, job.asked_at),
        )

    async def go(self, camera: Camera | None) -> Job:
        """Return the job once its clips are saved.

        Raises ClipError or OSError if there is no clip; then nothing is left behind.
        When cancelled, the job's row stays as it is.
        """
        if self._job.clips and (done := await self._found_again()):
            return done
        folder = work_folder(self._job)
        made_folders: list[Path] = []
        try:
            await self._save(camera, folder, made_folders)
        except BaseException as err:
            # A thread that is still at work stops at its next packet.
            self._cancelled.set()
            is_interrupted = isinstance(err, asyncio.CancelledError)
            # What came whole need not come again at the next start.
            kept = await blocking(parts.tidy, folder) if is_interrupted else {}
            if not kept:
                await blocking(files.remove_tree, folder)
                await blocking(files.remove_folders, made_folders[1:])
            raise
        await blocking(files.remove_tree, folder)
        return self._job

    async def _save(
        self, camera: Camera | None, folder: Path, made_folders: list[Path]
    ) -> None:
        """Wait, plan, fetch, finish and keep; add the folders made to `made_folders`."""
        if camera is None:
            raise RefusedError("camera_gone")
        target = await blocking(
            files.target_inside, self._job.root, PurePosixPath(self._job.filename)
        )
        await self._check_mounted(folder)
        await self._come_to(JobState.WAITING)
        if not self._is_of_recordings:
            await sleep_until(self._job.window.end + self._source.lag)
        plan = await self._plan(camera)
        await self._come_to(JobState.FETCHING)
        async with self._room():
            # It may have been long since.
            await self._check_mounted(folder)
            kept = await blocking(parts.tidy, folder)
            made_folders += await blocking(files.make_folder, folder)
        fetching = Fetching(
            self._job,
            camera,
            folder,
            source=self._source,
            downloads=self._downloads,
            bench=self._bench,
            patience=self._patience,
            kept=kept,
        )
        fetched, trouble = await fetching.fetch(plan)
        await self._come_to(JobState.FINISHING)
        await self._finish(fetched, trouble or plan.trouble, target, folder)

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
                self._patience,
            )
            left_s = seconds_until(self._job.give_up_at)
            if plan.again_after_s is None or left_s <= 0:
                break
            await asyncio.sleep(min(plan.again_after_s, left_s))
        if plan.parts:
            return plan
        if plan.trouble:
            raise plan.trouble
        if plan.again_after_s is not None:
            raise NoFootageError("footage_not_ready")
        raise NoFootageError("no_footage")

    async def _finish(
        self,
        fetched: Sequence[Fetched],
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
                # People hand clips on, with what is written of them.
                account_name=sidecar.without_addresses(self._account_name),
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
                audio_codec=(
                    f"{one.audio_codec} ({one.sound_was})"
                    if one.sound_was
                    else one.audio_codec
                ),
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
        self._stills = {
            clip.id: one.still for clip, one in zip(clips, made, strict=True)
        }
        self._job = replace(job, error=trouble)
        async with self._room():
            await self._keep(clips, [one.path for one in made], stems, folder)

    @property
    def _is_of_recordings(self) -> bool:
        """Whether whole recordings are wanted, however long they turn out to be."""
        return bool(self._job.events) and self._source.keeps_recordings

    def _open_window(self, fetched: Sequence[Fetched]) -> None:
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
        making = in_thread_of(
            self._bench,
            mp4.finish,
            pieces,
            self._job.window,
            folder,
            audio=self._job.wishes.audio,
            consume=self._bench is not self._workbench.short,
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
            # Others wait for their turn to publish: not behind a long clip, too.
            await in_thread_of(
                self._workbench.short,
                _write_picture,
                clip,
                folder,
                self._stills.get(clip.id),
            )
            await blocking(_write_sidecar, clip, self._job)
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
        folder = work_folder(self._job)
        await blocking(files.make_folder, folder)
        try:
            await self._record(folder)
        finally:
            await blocking(files.remove_tree, folder)
        return self._job


def work_folder(job: Job) -> Path:
    """Return where parts lie until they are a clip: hidden, beside the clip to be."""
    return (job.root / job.filename).parent / f".clip_download_{job.id}"


def _numbered(stem: Path, count: int) -> list[Path]:
    return [stem.with_name(f"{stem.name}_part{n}") for n in range(1, count + 1)]


def _write_picture(clip: Clip, folder: Path, still: bytes | None) -> None:
    """Write the picture of a clip, whole or not at all; `still` is one made already."""
    picture = folder / "picture"
    with contextlib.suppress(ClipError):
        # A clip without a picture is still a clip.
        picture.write_bytes(still or mp4.picture(clip.path, _worth_a_look(clip)))
        picture.replace(clip.path.with_suffix(".jpg"))


def _write_sidecar(clip: Clip, job: Job) -> None:
    sidecar.write(files.found(clip.path, [job.root]).folder, clip, job.window)


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
