"""Saves the events of an account that are wanted, and tries again after errors.

Those that a back-fill wants come after those that are saved automatically.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import logging
from typing import Any

from ..errors import (
    BadAnswerError,
    BodyError,
    ClipError,
    CloudError,
    NoFootageError,
    NotReadyError,
    RefusedError,
    SignInError,
    StorageError,
)
from ..model import Camera, Event, Job, JobState
from ..pipeline.jobs import Running
from ..sources.base import Source
from ..time_range import Window
from .back_fill import BackFill
from .store import EventStore, Wanted

_LOGGER = logging.getLogger(__name__)

# Jobs mostly wait, and downloads have a limit of their own.
JOBS_AT_ONCE = 8
# Among how many wanted events those are searched that become one clip.
MOST_GROUPED = 500
# An endless burst of events becomes several clips of this length.
LONGEST_GROUP = timedelta(minutes=10)
# The history may list the next event of a burst a poll later.
GROUP_COMPLETE_AFTER = timedelta(seconds=60)
# How long after an event's end a cloud may still add what was seen.
DESCRIBED_WITHIN = timedelta(hours=1)
# After a temporary error, the next tries are 1, 2, 4 ... minutes later, for about a week.
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)
MOST_TRIES = 170
# A recording of a back-fill that its cloud answers with a fault again and again: for about
# seven hours, if it is the last one.
MOST_TRIES_IN_BACK_FILL = 12
# Footage that should be there and is not: the pauses before the next tries. The last
# one is repeated while the event ended less than NOT_READY_FOR ago.
NOT_READY_PAUSES = (timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))
NOT_READY_FOR = timedelta(hours=2)
# A body that is no footage is mostly the same the next time.
CONTENT_PAUSES = (timedelta(hours=1),)
# How long to pause when a person has to sign in again.
SIGN_IN_PAUSE = timedelta(minutes=15)

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Rules:
    """Which events of a camera are saved automatically, and how much of each.

    Events of `kinds` that begin at `since` or later are saved, from `before` them to
    `after` them. Events at most `merge` apart become one clip; others that begin within
    `pause` after the last one are not saved.
    """

    since: datetime
    kinds: frozenset[str]
    before: timedelta = timedelta(0)
    after: timedelta = timedelta(0)
    pause: timedelta = timedelta(0)
    merge: timedelta = timedelta(0)


type _Key = tuple[str, str]


@dataclass(eq=False)
class _Group:
    """Wanted events of one camera that become one clip, the oldest first."""

    wanted: list[Wanted]
    is_in_back_fill: bool = False

    @property
    def camera_id(self) -> str:
        return self.wanted[0].camera_id

    @property
    def keys(self) -> set[_Key]:
        return {(one.camera_id, one.event.id) for one in self.wanted}

    @property
    def start(self) -> datetime:
        return self.wanted[0].event.window.start

    @property
    def end(self) -> datetime:
        return max(one.event.window.end for one in self.wanted)

    @property
    def failed_tries(self) -> int:
        return max(one.tries for one in self.wanted)


class EventSaver:
    """Chooses which events of an account are saved, and saves them, the oldest first."""

    def __init__(
        self,
        *,
        source: Source,
        store: EventStore,
        cameras: Callable[[], Iterable[Camera]],
        rules: Callable[[str], Rules | None],
        save: Callable[[Camera, Sequence[Event], Window], Awaitable[Running]],
        back_fill: BackFill,
        spawn: Callable[[Coroutine[Any, Any, None], str], object],
    ) -> None:
        """Take the parts of the account.

        `rules` returns the rules of a camera, None if nothing of it is saved. `save`
        begins the job for the one clip of some events; it may raise ClipError.
        `back_fill` says what of the back-fill may be begun, and begins it. `spawn` starts
        a task that ends with the account.
        """
        self.rules = rules
        self._source = source
        self._store = store
        self._cameras = cameras
        self._save = save
        self._back_fill = back_fill
        back_fill.save_due = self.save_due
        self._spawn = spawn
        self._lock = asyncio.Lock()
        self._is_started = False
        self._running: list[_Group] = []
        self._known_failures: set[_Key] = set()
        self._paused_until = _LONG_AGO

    def start(self) -> None:
        """Begin to save, once every camera was polled: the oldest event is known then."""
        if not self._is_started:
            self._is_started = True
            self.save_due()

    def save_due(self) -> None:
        """Begin to save the wanted events that are due."""
        self._spawn(self._save_due(), "saving events")

    def is_in_back_fill(self, job: Job) -> bool:
        """Return whether a job under way is for the back-fill."""
        keys = {(job.camera_id, event.id) for event in job.events}
        return any(one.is_in_back_fill and one.keys & keys for one in self._running)

    def is_known_failure(self, job: Job) -> bool:
        """Return whether the failure of a job is already known, and remember it.

        It is known if its events failed before, and will be tried again.
        """
        keys = {(job.camera_id, event.id) for event in job.events}
        group = next((one for one in self._running if one.keys & keys), None)
        if not group or not job.error:
            return False
        has_failed = group.failed_tries > 0 or not keys.isdisjoint(self._known_failures)
        self._known_failures |= keys
        return (
            has_failed and _pause_after(job.error, group, datetime.now(UTC)) is not None
        )

    async def select(
        self,
        camera_id: str,
        new: Iterable[Event],
        described: Iterable[tuple[Event, Event]],
        *,
        polled_until: datetime,
    ) -> set[str]:
        """Return the ids of the events that the rules of a camera say to save.

        `described` are events that the cloud says more about than it did: as they were,
        and as they are now. `polled_until` is when the poll before this one was. Raises
        StorageError.
        """
        if not (rules := self.rules(camera_id)):
            return set()
        candidates = [
            *new,
            *(
                after
                for before, after in described
                # One that was of these kinds before was not selected for another reason.
                if not before.is_of(rules.kinds)
                and polled_until <= after.window.end + DESCRIBED_WITHIN
            ),
        ]
        selected = set[str]()
        last_end: datetime | None = None
        for event in sorted(candidates, key=lambda one: one.window):
            start = event.window.start
            if (
                event.kind in self._source.own_kinds
                or not event.is_of(rules.kinds)
                or start < rules.since
            ):
                continue
            if rules.pause:
                stored_end = await self._store.last_saved_end(camera_id, before=start)
                ends = [end for end in (stored_end, last_end) if end]
                if ends and rules.merge < start - max(ends) < rules.pause:
                    continue
            selected.add(event.id)
            last_end = max(event.window.end, last_end or event.window.end)
        return selected

    async def _save_due(self) -> None:
        """Begin as many jobs as may run at once."""
        async with self._lock:
            now = datetime.now(UTC)
            if not self._is_started or now < self._paused_until:
                return
            cameras = {camera.id: camera for camera in self._cameras()}
            try:
                if not await self._save_automatically(cameras, now):
                    await self._save_back_fill(cameras, now)
            except StorageError as err:
                _LOGGER.error("Could not read which events to save: %s", err)

    async def _save_automatically(
        self, cameras: Mapping[str, Camera], now: datetime
    ) -> bool:
        """Begin to save what the rules say to save; return whether anything was due.

        Raises StorageError.
        """
        free = JOBS_AT_ONCE - sum(not one.is_in_back_fill for one in self._running)
        rules = {
            camera_id: found
            for camera_id in cameras
            if (found := self.rules(camera_id))
        }
        if not free or not rules:
            return not free
        is_merging = any(one.merge for one in rules.values())
        wanted = await self._store.wanted(
            now,
            rules,
            ready_only=not is_merging,
            most=MOST_GROUPED if is_merging else 2 * JOBS_AT_ONCE,
        )
        groups = _groups(self._not_running(wanted), rules, now)[:free]
        for group in groups:
            of = rules[group.camera_id]
            window = Window(group.start - of.before, group.end + of.after)
            self._begin(cameras[group.camera_id], group, window)
        return bool(groups)

    async def _save_back_fill(
        self, cameras: Mapping[str, Camera], now: datetime
    ) -> None:
        """Begin to save what a back-fill wants, as far as it may. Raises StorageError."""
        under_way = sum(one.is_in_back_fill for one in self._running)
        free = await self._back_fill.may_run() - under_way
        if free <= 0:
            return
        wanted = await self._store.wanted(
            now, cameras, ready_only=True, most=under_way + free, in_back_fill=True
        )
        for one in self._not_running(wanted)[:free]:
            self._begin(cameras[one.camera_id], _Group([one], is_in_back_fill=True))

    def _not_running(self, wanted: Iterable[Wanted]) -> list[Wanted]:
        """Return the wanted events that no job under way is for."""
        running = {key for group in self._running for key in group.keys}
        return [one for one in wanted if (one.camera_id, one.event.id) not in running]

    def _begin(
        self, camera: Camera, group: _Group, window: Window | None = None
    ) -> None:
        """Begin to save one clip: of a window, or what the back-fill takes."""
        self._running.append(group)
        self._spawn(
            self._save_group(camera, group, window), f"saving events of {camera.id}"
        )

    async def _save_group(
        self, camera: Camera, group: _Group, window: Window | None
    ) -> None:
        """Save one clip, and store the outcome of its events."""
        failure: ClipError | None = None
        try:
            if failure := await self._error_of(camera, group, window):
                await self._handle_failure(group, failure)
            else:
                self._known_failures -= group.keys
        except StorageError as err:
            _LOGGER.error(
                "Could not store which events of %s were saved: %s", camera.id, err
            )
        finally:
            self._running.remove(group)
        if group.is_in_back_fill:
            await self._back_fill.one_ended(failure)
        self.save_due()

    async def _error_of(
        self, camera: Camera, group: _Group, window: Window | None
    ) -> ClipError | None:
        """Run the job of a group until it ends; return its error if it failed."""
        events = [one.event for one in group.wanted]
        try:
            running = (
                await self._save(camera, events, window)
                if window
                else await self._back_fill.save(camera, events)
            )
            job = await asyncio.shield(running.done)
        except ClipError as err:
            return err
        # A job that was interrupted goes on at the next start, and is joined then.
        return job.error if job.state is JobState.FAILED else None

    async def _handle_failure(self, group: _Group, err: ClipError) -> None:
        """Store when a group is tried again, or that it is not."""
        now = datetime.now(UTC)
        if isinstance(err, SignInError):
            self._paused_until = now + SIGN_IN_PAUSE
            return
        pause = _pause_after(err, group, now)
        if pause is None:
            self._known_failures -= group.keys
            await self._store.give_up(group.wanted, err)
            return
        if isinstance(err, CloudError) and err.retry_after_s is not None:
            self._paused_until = now + timedelta(seconds=err.retry_after_s)
            pause = max(pause, self._paused_until - now)
        await self._store.postpone(group.wanted, now + pause)


def _pause_after(err: ClipError, group: _Group, now: datetime) -> timedelta | None:
    """Return how long after an error to try a group again, None for not at all."""
    tries = group.failed_tries + 1
    pauses: tuple[timedelta, ...] = ()
    match err:
        case NoFootageError() | RefusedError():
            pass
        case NotReadyError():
            pauses = NOT_READY_PAUSES
            if now < group.end + NOT_READY_FOR:
                tries = min(tries, len(pauses))
        case BodyError():
            pauses = CONTENT_PAUSES
        case BadAnswerError() if (
            group.is_in_back_fill and tries >= MOST_TRIES_IN_BACK_FILL
        ):
            pass
        case _ if tries < MOST_TRIES:
            return min(FIRST_PAUSE * (1 << min(tries - 1, 10)), LONGEST_PAUSE)
    return pauses[tries - 1] if tries <= len(pauses) else None


def _groups(
    wanted: Iterable[Wanted], rules: Mapping[str, Rules], now: datetime
) -> list[_Group]:
    """Return the groups of wanted events whose footage can be had by now."""
    groups: list[_Group] = []
    last: dict[str, _Group] = {}
    for one in wanted:
        merge = rules[one.camera_id].merge
        group = last.get(one.camera_id)
        if (
            merge
            and group
            and one.event.window.start - group.end <= merge
            and one.event.window.end - group.start <= LONGEST_GROUP
        ):
            group.wanted.append(one)
        else:
            last[one.camera_id] = group = _Group([one])
            groups.append(group)
    return [
        group for group in groups if _is_due(group, rules[group.camera_id].merge, now)
    ]


def _is_due(group: _Group, merge: timedelta, now: datetime) -> bool:
    """Return whether no more events can join a group, and all of it is ready."""
    return all(one.event.is_ready for one in group.wanted) and (
        not merge or now >= group.end + merge + GROUP_COMPLETE_AFTER
    )
