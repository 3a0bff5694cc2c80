"""Fetches the parts of a plan to the disk: each until it came or finally failed."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
import contextlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
import functools
import logging
import threading

import av

from ..aio import join_thread
from ..errors import (
    BodyError,
    ClipError,
    CloudError,
    NoFootageError,
    NotReadyError,
    NotVideoError,
    RefusedError,
    StorageError,
    size_in_words,
)
from ..folder import File, Folder, Hashed
from ..library import files
from ..media import clip_file
from ..media.probe import MediaInfo
from ..model import Camera, Job, Part, Plan
from ..sources.base import Download, Source, SplitError
from ..storage import run_on_storage, run_on_storage_in
from ..time_range import Placing, Window
from . import parts
from .download import Bounds, Received, receive
from .parts import Stored
from .progress import Progress, WaitReason
from .retry import MOST_UNREADABLE, Attempts, RetryBudget, retry
from .slots import ClipSlot, Slots

_LOGGER = logging.getLogger(__name__)

# A part that came short is fetched again while the cloud may still add to it.
SHORT_PART_AGAIN_S = 15.0
SHORT_PART_TOLERANCE = timedelta(seconds=2)
# How long an answer waits for a free slot, and a slot for an answer.
SLOT_SOON_S = 5.0
ANSWER_SOON_S = 10.0
_NONE = timedelta(0)
# From how many parts the space that all of them need is estimated.
SPACE_KNOWN_AFTER = 3

type CrashGuard = Callable[[], contextlib.AbstractAsyncContextManager[None]]


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """A part on the disk."""

    piece: clip_file.Piece
    event_ids: tuple[str, ...]
    hashed: Hashed | None = None
    still: clip_file.Still | None = None


@dataclass(frozen=True, kw_only=True)
class _Outcome:
    """What came of a part: footage, or an error, or both if the footage is short.

    `is_new`: the footage is not recorded yet.
    """

    part: Part
    stored: Stored | None = None
    trouble: ClipError | None = None
    attempts: Attempts
    is_new: bool = False

    @property
    def is_worth_retry(self) -> bool:
        """Whether the part is fetched once more, after all others."""
        if isinstance(self.trouble, CloudError | NotReadyError):
            return self.attempts.unreadable < MOST_UNREADABLE
        return self.stored is not None and self.stored.is_short


class Fetching:
    """The parts of one job, from the cloud to its working folder."""

    def __init__(
        self,
        job: Job,
        camera: Camera,
        folder: Folder,
        *,
        source: Source,
        downloads: Slots,
        executor: Executor,
        short: Executor,
        budget: RetryBudget,
        crash_guard: CrashGuard,
        kept: dict[str, Stored],
        still_at: Callable[[datetime, timedelta], timedelta],
        progress: Progress | None = None,
    ) -> None:
        """Take the job, and what it shares with others.

        `downloads` limits how many clips are received at once. Files are surveyed in
        `executor`, and looked into in `short`, where that waits for no survey, both within
        `crash_guard`. `kept` are the parts in the folder from before a restart, by their
        key. `still_at` returns how far into footage its picture is, by when it begins
        and how long it is.
        """
        self._job = job
        self._still_at = still_at
        self._camera = camera
        self._folder = folder
        self._source = source
        self._slot = ClipSlot(downloads)
        self._executor = executor
        self._short = short
        self._budget = budget
        self._crash_guard = crash_guard
        self._at_once = asyncio.Semaphore(source.parts_at_once)
        self._kept = kept
        self._progress = progress or Progress()
        self._is_recorded = False
        # What came so far, and how long all parts are by the plan.
        self._came: list[Stored] = []
        self._planned = timedelta(0)
        # What is in the parts, by the names of their files. One at a time is surveyed, as
        # other jobs want the thread, too.
        self._infos: dict[str, MediaInfo] = {}
        self._surveyed: set[str] = set()
        self._surveying = asyncio.Semaphore(1)
        self._cancelled = threading.Event()

    async def fetch(self, plan: Plan) -> tuple[list[Fetched], ClipError | None]:
        """Fetch all parts, some at once, but for those that came before a restart.

        Returns those that came, in order of time, and the first error of one that did
        not. Raises that error if none came; SignInError, StorageError, OSError.
        """
        # A single part is not recorded: after a restart it is fetched again.
        self._is_recorded = len(plan.parts) > 1
        self._progress.add_parts(len(plan.parts))
        self._planned = sum((one.window.duration for one in plan.parts), timedelta(0))
        self._kept = await run_on_storage(parts.of_use, self._kept, plan.parts)
        try:
            async with asyncio.TaskGroup() as self._surveys:
                outcomes = await self._fetch_each([(part, None) for part in plan.parts])
                while self._kept:
                    await run_on_storage(parts.drop, self._kept.popitem()[1])
                if any(one.stored for one in outcomes):
                    outcomes = await self._fetch_missing(outcomes)
        except ExceptionGroup as group:
            raise _first(group) from group
        troubles = [one.trouble for one in outcomes if one.trouble]
        # Missing footage is a gap, and no error; any other one comes first.
        troubles.sort(key=lambda err: isinstance(err, NoFootageError))
        trouble = troubles[0] if troubles else None
        fetched = [
            Fetched(
                piece=self._piece(one.part, one.stored),
                event_ids=one.part.event_ids,
                hashed=one.stored.hashed,
                still=one.stored.still,
            )
            for one in outcomes
            if one.stored
        ]
        if not fetched and trouble:
            raise trouble
        fetched.sort(key=lambda one: one.piece.window)
        return fetched, None if isinstance(trouble, NoFootageError) else trouble

    def _piece(self, part: Part, stored: Stored) -> clip_file.Piece:
        return clip_file.Piece(
            file=stored.file,
            window=stored.covers,
            placing=part.placing,
            info=self._infos.get(stored.file.name),
        )

    def _begin_survey(self, part: Part, stored: Stored) -> None:
        """Survey a part once; one that is alone has no others to be fetched meanwhile."""
        if self._is_recorded and stored.file.name not in self._surveyed:
            self._surveyed.add(stored.file.name)
            self._surveys.create_task(self._survey(part, stored))

    async def _survey(self, part: Part, stored: Stored) -> None:
        """Find out what is in a part, while others are fetched."""
        async with self._surveying, self._crash_guard():
            surveying = run_on_storage_in(
                self._executor,
                clip_file.survey,
                self._piece(part, stored),
                self._cancelled,
                stored.checked,
            )
            try:
                info = await join_thread(surveying, self._cancelled)
            except Exception as err:  # noqa: BLE001
                # Whatever it is, it is told when the clip is made.
                _LOGGER.debug("A part could not be surveyed: %r", err)
            else:
                self._infos[stored.file.name] = info

    async def _fetch_missing(self, outcomes: Sequence[_Outcome]) -> list[_Outcome]:
        """Fetch once more what failed or came short, however late it is."""
        again = [one for one in outcomes if one.is_worth_retry]
        # First what was never asked for because others failed.
        again.sort(key=lambda one: one.attempts.faults)
        self._budget.reset_faults()
        for one in again:
            self._progress.fetch_again(parts.key_of(one.part))
        return [
            *(one for one in outcomes if not one.is_worth_retry),
            *await self._fetch_each([(one.part, one) for one in again]),
        ]

    async def _fetch_each(
        self, wanted: Sequence[tuple[Part, _Outcome | None]]
    ) -> list[_Outcome]:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._fetch(part, before)) for part, before in wanted
            ]
        return [outcome for task in tasks for outcome in task.result()]

    async def _fetch(self, part: Part, before: _Outcome | None) -> list[_Outcome]:
        """Return what came of a part, and of the parts that it is split into.

        `before` is what came of it in the first round.
        """
        outcomes: list[_Outcome] = []
        rest: Part | None = part
        while rest:
            try:
                async with self._at_once:
                    one = await self._fetch_whole(rest, before)
            except SplitError as err:
                self._progress.add_parts(len(err.parts) - 1)
                smaller = await self._fetch_each([(each, None) for each in err.parts])
                return [*outcomes, *smaller]
            self._progress.finish_part(parts.key_of(one.part))
            if one.is_new and one.stored:
                # Meanwhile the next part comes.
                await self._keep(one.part, one.stored)
            for each in await self._in_halves(one):
                outcomes.append(each)
                if each.stored:
                    self._begin_survey(each.part, each.stored)
            # The rest of a part was fetched in the first round.
            missing = one.stored.rest if one.stored and not before else None
            rest = self._source.rest(part, missing) if missing else None
            self._progress.add_parts(rest is not None)
        return outcomes

    async def _in_halves(self, whole: _Outcome) -> list[_Outcome]:
        """Return what came of a part, or of its halves if it may have been cut short."""
        if not whole.stored or not whole.stored.may_be_cut:
            return [whole]
        halves = self._source.halves(whole.part)
        self._progress.add_parts(len(halves))
        outcomes = await self._fetch_each([(half, None) for half in halves])
        if any(one.stored for one in outcomes):
            await run_on_storage(parts.drop, whole.stored)
            return outcomes
        # The halves have nothing: it is all that there is.
        trouble = next((one.trouble for one in outcomes), whole.trouble)
        return [replace(whole, trouble=trouble)]

    async def _fetch_whole(self, part: Part, before: _Outcome | None) -> _Outcome:
        """Fetch one part until it came whole; return the longest answer.

        Raises SplitError, SignInError, StorageError, OSError.
        """
        attempts = Attempts(unreadable=before.attempts.unreadable if before else 0)
        first = before.stored if before else None
        trouble: ClipError | None = None
        if kept := self._kept.pop(parts.key_of(part), None):
            self._progress.keep(parts.key_of(part), kept.size_bytes)
            await self._check_space(kept)
            return _Outcome(part=part, stored=kept, attempts=attempts)
        if self._budget.is_spent:
            # It is fetched in the second round.
            trouble = self._budget.last_fault
            return _Outcome(part=part, stored=first, trouble=trouble, attempts=attempts)
        answers = [first] if first else []

        async def attempt() -> None:
            stored = await self._try(part, attempts)
            answers.append(stored)
            if stored.is_short and self._may_still_grow(part):
                raise NotReadyError("footage_not_ready", after_s=SHORT_PART_AGAIN_S)

        try:
            await retry(attempt, self._budget, attempts)
        except (CloudError, NotReadyError, NoFootageError, RefusedError) as err:
            if not answers and isinstance(err, SplitError):
                raise
            # A short part is shown by its gap.
            if not answers or isinstance(err, CloudError):
                trouble = err
        if not answers:
            return _Outcome(part=part, trouble=trouble, attempts=attempts)
        longest = max(answers, key=lambda one: one.length)
        for one in answers:
            if one is not longest:
                await run_on_storage(parts.drop, one)
        if longest is not first:
            self._budget.progressed()
        return _Outcome(
            part=part,
            stored=longest,
            trouble=trouble,
            attempts=attempts,
            is_new=longest is not first,
        )

    async def _keep(self, part: Part, stored: Stored) -> None:
        """Record that a part came whole. Raises StorageError, OSError."""
        if self._is_recorded:
            # The folder must not be removed under it.
            await join_thread(run_on_storage(parts.keep, part, stored))
        await self._check_space(stored)

    def _may_still_grow(self, part: Part) -> bool:
        """Return whether the cloud may still add to a short part."""
        return (
            part.placing is Placing.REQUESTED
            and datetime.now(UTC) < part.window.end + self._source.settles_after
        )

    async def _try(self, part: Part, attempts: Attempts) -> Stored:
        """Fetch one part, once. Raises what the source raises, OSError."""
        file = parts.new_file(self._folder)
        try:
            download, received = await self._download(part, file, attempts)
            try:
                async with self._crash_guard():
                    begins = (download.window or part.window).start
                    still_at = functools.partial(self._still_at, begins)
                    media = await run_on_storage_in(
                        self._short,
                        _inspect,
                        file,
                        # Of several, none becomes the clip as it is.
                        None if self._is_recorded else still_at,
                    )
            except CloudError as err:
                if received.is_whole:
                    raise self._source.rejected(part, err) from err
                raise
        except ClipError:
            await run_on_storage(file.unlink, missing_ok=True)
            raise
        covers, length = download.window or part.window, media.duration
        if download.begins_earlier and length - covers.duration > SHORT_PART_TOLERANCE:
            covers = Window(covers.end - length, covers.end)
        off = covers.duration - length
        return Stored(
            file=file,
            size_bytes=received.size_bytes,
            covers=covers,
            length=length,
            rest=download.rest,
            # A recording has its own length; a requested window should be whole.
            is_short=off > SHORT_PART_TOLERANCE
            and (part.placing is Placing.REQUESTED or not received.is_whole),
            checked=media.checked,
            still=media.still,
            may_be_cut=(part.tolerance is not None and abs(off) > part.tolerance)
            or (
                download.most_bytes is not None
                and received.size_bytes > download.most_bytes
            ),
            hashed=received.hashed,
        )

    async def _download(
        self, part: Part, file: File, attempts: Attempts
    ) -> tuple[Download, Received]:
        """Receive one part's body; a slot is taken only while its bytes arrive."""
        while True:
            async with contextlib.AsyncExitStack() as stack:
                with self._progress.wait(WaitReason.SLOT):
                    has_slot = await stack.enter_async_context(self._slot.ahead())
                download = await stack.enter_async_context(self._open(part))
                if await self._take_slot():
                    has_slot()
                    try:
                        return download, await self._receive(
                            part, download, file, attempts
                        )
                    finally:
                        self._slot.release()
            # No connection stays open while others take all slots.
            async with contextlib.AsyncExitStack() as stack:
                with self._progress.wait(WaitReason.SLOT):
                    await stack.enter_async_context(self._slot)
                try:
                    async with asyncio.timeout(ANSWER_SOON_S):
                        download = await stack.enter_async_context(self._open(part))
                except TimeoutError:
                    continue
                return download, await self._receive(part, download, file, attempts)

    def _open(self, part: Part) -> contextlib.AbstractAsyncContextManager[Download]:
        return self._source.fetch(self._camera, part, self._job.media_options)

    async def _take_slot(self) -> bool:
        """Take a slot if one is free soon; return whether one was taken."""
        try:
            async with asyncio.timeout(SLOT_SOON_S):
                with self._progress.wait(WaitReason.SLOT):
                    await self._slot.acquire()
        except TimeoutError:
            return False
        return True

    async def _receive(
        self, part: Part, download: Download, file: File, attempts: Attempts
    ) -> Received:
        key = parts.key_of(part)
        try:
            with self._progress.receive(key, download.size_bytes) as body:
                return await receive(
                    download,
                    file,
                    Bounds.of(max(part.window.duration, download.longest or _NONE)),
                    lambda size_bytes: self._budget.received(attempts, size_bytes),
                    body,
                    # Of several, none becomes the clip as it is.
                    may_stay=not self._is_recorded,
                )
        except NotVideoError as err:
            raise download.not_video or self._source.rejected(part, err) from err

    async def _check_space(self, stored: Stored) -> None:
        """Raise StorageError if the disk cannot hold all parts, by those that came."""
        self._came.append(stored)
        if len(self._came) > SPACE_KNOWN_AFTER:
            return
        came = sum((one.covers.duration for one in self._came), timedelta(0))
        if came <= timedelta(0):
            return
        # Each part is removed once it is in the clip: one is on the disk twice.
        came_bytes = sum(one.size_bytes for one in self._came)
        all_bytes = came_bytes * (self._planned / came + 1 / len(self._came))
        there_bytes, free_bytes = await run_on_storage(files.space_of, self._folder)
        if there_bytes + free_bytes < all_bytes:
            raise StorageError(
                "storage_too_small",
                path=str(self._folder.path.parent),
                needed=size_in_words(all_bytes - there_bytes),
                free=size_in_words(max(free_bytes, 0)),
            )


def _inspect(
    file: File, still_at: Callable[[timedelta], timedelta] | None
) -> clip_file.Media:
    """Return what is in a file. Raises CloudError if it is damaged; OSError."""
    try:
        return clip_file.inspect(file, still_at)
    except ClipError:
        raise
    except Exception as err:
        if isinstance(err, OSError) and not isinstance(err, av.FFmpegError):
            raise
        raise BodyError("body_truncated") from err


def _first(group: ExceptionGroup) -> Exception:
    """Return the first of the exceptions that several parts raised at once."""
    err: Exception = group
    while isinstance(err, ExceptionGroup):
        err = err.exceptions[0]
    return err
