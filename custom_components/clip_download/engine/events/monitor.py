"""What the cameras of an account see: told once each, and saved where that is wanted."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import logging
from typing import Any

from ..errors import (
    ClipError,
    CloudError,
    InvalidRequestError,
    NoFootageError,
    NotReadyError,
    RefusedError,
    SignInError,
    StorageError,
    is_of_content,
)
from ..model import ON_DEMAND, Camera, Event, Job, JobState
from ..pipeline.jobs import Running
from ..sources.base import Source
from ..time_range import Window
from .store import EventStore, Wanted

_LOGGER = logging.getLogger(__name__)

# How often a camera's history is looked into, and how often while a recording that is
# wanted is not ready.
LOOK_EVERY = timedelta(seconds=60)
LOOK_OFTEN = timedelta(seconds=20)
# A camera whose history is refused is asked again, should somebody have mended that.
LOOK_RARELY = timedelta(minutes=15)
# A history may list late what a camera without a connection saw. What is listed is sent
# with each look, so that only one now and then goes far back.
LOOK_BACK = timedelta(minutes=10)
# How far back one goes -> how often.
FAR_LOOKS = {
    timedelta(hours=1): timedelta(minutes=15),
    timedelta(hours=48): timedelta(hours=6),
}
# The clock here may be behind that of the cloud.
LOOK_AHEAD = timedelta(minutes=10)
# How long after an event's end a cloud may still find out what was seen.
SEEN_LATE = timedelta(hours=1)
# A push does not say which camera saw something: all are looked at, and so not each time.
PUSHES_APART = timedelta(seconds=15)
# What is older is no news to ring a bell for.
NEWS_FOR = timedelta(minutes=5)
# A recording that is not ready by then is asked for even so, to learn what is wrong.
AWAITED_FOR = timedelta(hours=1)

# Jobs under way at once: most of their time they wait, and downloads have their own limit.
JOBS_AT_ONCE = 8
# How many events are looked through for those that become one clip.
MOST_LOOKED_THROUGH = 500
# Where bursts become one clip, one without an end must become several.
LONGEST_MERGED = timedelta(minutes=10)
# A failure that may pass is tried again 1, 2, 4 ... minutes later, for about a week.
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)
MOST_TRIES = 170
# What is called ready and is not there is tried again after these pauses; of an event
# that ended within that long, for as long.
NOT_READY_PAUSES = (timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))
NOT_READY_FOR = timedelta(hours=2)
# What came and is no footage is hardly another thing the next time.
CONTENT_PAUSES = (timedelta(hours=1),)
# Who has to sign in again is not there at once.
SIGNED_OUT = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What of a camera is saved automatically.

    Events of `kinds` that begin at `since` or later, from `before` each to `after` it.
    Those closer than `merge` become one clip; others within `pause` of the last one are
    left out.
    """

    since: datetime
    kinds: frozenset[str]
    before: timedelta = timedelta(0)
    after: timedelta = timedelta(0)
    pause: timedelta = timedelta(0)
    merge: timedelta = timedelta(0)


@dataclass
class _Told:
    """An event that was told: as the cloud told it by itself, and as it is listed."""

    camera_id: str
    heard: Event | None = None
    listed: Event | None = None


class EventMonitor:
    """The events of one account. The cloud's history is the truth where there is one."""

    def __init__(
        self,
        *,
        source: Source,
        ledger: EventStore,
        cameras: Callable[[], Iterable[Camera]],
        rules: Callable[[str], Rules | None],
        ask: Callable[[Camera, Sequence[Event], Window], Awaitable[Running]],
        tell: Callable[[Camera, Event], None],
        look_soon: Callable[[], None],
        spawn: Callable[[Coroutine[Any, Any, None], str], object],
    ) -> None:
        """Take what the account knows.

        `rules` gives those of a camera that is saved automatically. `ask` asks for the
        clip of some events, and may raise ClipError. `tell` hears of every event once,
        while it is news. `look_soon` sees to it that `look` is called. `spawn`
        starts a task that ends with the account.
        """
        self._source = source
        self._ledger = ledger
        self._cameras = cameras
        self._rules = rules
        self._ask = ask
        self._tell = tell
        self._look_soon = look_soon
        self._spawn = spawn
        self._turn = asyncio.Lock()
        self._looking = asyncio.Lock()
        self._has_looked = False
        self._is_pushed = False
        self._heeded_at = datetime.min.replace(tzinfo=UTC)
        self._next_look: dict[str, datetime] = {}
        self._next_far_look: dict[tuple[str, timedelta], datetime] = {}
        self._told: deque[_Told] = deque(maxlen=200)
        self._inbox: list[tuple[Camera, Event]] = []
        self._under_way: dict[tuple[str, str], Wanted] = {}
        self._failing: set[tuple[str, str]] = set()
        self._jobs = 0
        self._quiet_until = datetime.min.replace(tzinfo=UTC)

    def told(self, camera: Camera, event: Event) -> None:
        """Hear what the cloud tells by itself, maybe more than once."""
        earlier = [one for one in self._told if one.camera_id == camera.id]
        if any(one.heard and one.heard.id == event.id for one in earlier):
            return
        for one in earlier:
            if one.listed and not one.heard and event.is_same_as(one.listed):
                one.heard = event
                return
        self._told.append(_Told(camera.id, heard=event))
        self._tell(camera, event)
        if self._source.event_kinds:
            self._next_look.pop(camera.id, None)
            self._look_soon()
        else:
            self._inbox.append((camera, event))
            # Nobody tells it again, should we be killed.
            self._spawn(self._read_inbox(), f"noting of {event.id}")

    def pushed(self) -> None:
        """Hear that something happened, but not what."""
        self._is_pushed = True
        self._look_soon()

    def stir(self) -> None:
        """Save what is wanted and can be had by now, the oldest first."""
        self._spawn(self._save_due(), "saving of what is wanted")

    def failed_again(self, failed: Job) -> bool:
        """Note a failed job; return whether its events failed before, and are tried again."""
        keys = {(failed.camera_id, event.id) for event in failed.events}
        bunch = [one for key, one in self._under_way.items() if key in keys]
        if not bunch or not failed.error:
            return False
        is_tried_again = (
            _pause_after(failed.error, bunch, datetime.now(UTC)) is not None
        )
        has_failed = not keys.isdisjoint(self._failing) or any(
            one.tries for one in bunch
        )
        self._failing |= keys
        return has_failed and is_tried_again

    async def look(self) -> timedelta:
        """Look into the history of the cameras whose turn it is; return when to again.

        What is wanted is saved, too, that which was put off until now among it.

        One camera's trouble does not stop the others. Raises SignInError, StorageError;
        CloudError if no camera's history could be seen.
        """
        async with self._looking:
            await self._take_inbox()
            self.stir()
            trouble = await self._look_at_all() if self._source.event_kinds else None
            if not self._has_looked:
                self._has_looked = True
                self.stir()
        if trouble:
            raise trouble
        return self._pause()

    async def _read_inbox(self) -> None:
        try:
            async with self._looking:
                await self._take_inbox()
        except StorageError as err:
            _LOGGER.debug("What was told is noted at the next look: %s", err)

    async def _take_inbox(self) -> None:
        while self._inbox:
            camera, event = self._inbox[0]
            try:
                await self._take(camera, [event], looked_until=datetime.now(UTC))
            except InvalidRequestError as err:
                _LOGGER.warning("What %s was told to see is lost: %s", camera.id, err)
            del self._inbox[0]

    async def _look_at_all(self) -> CloudError | None:
        """Look at the cameras whose turn it is; return the trouble if none was seen."""
        trouble: CloudError | None = None
        failed: list[str] = []
        seen = False
        now = datetime.now(UTC)
        if self._is_pushed and now >= self._heeded_at + PUSHES_APART:
            self._is_pushed = False
            self._heeded_at = now
            self._next_look.clear()
        for camera in list(self._cameras()):
            now = datetime.now(UTC)
            if self._next_look.get(camera.id, now) > now:
                continue
            # Whoever hears of something meanwhile takes that away: it is looked again.
            self._next_look[camera.id] = now
            try:
                is_pending = await self._look_at(camera, now)
            except CloudError as err:
                trouble = err
                failed.append(camera.id)
                continue
            except (InvalidRequestError, NoFootageError, RefusedError) as err:
                _LOGGER.debug("No history of %s: %s", camera.id, err)
                seen, pause = True, LOOK_RARELY
            except ClipError:
                raise
            except Exception:
                # Nobody foresaw it, and it is no reason to be blind to the others.
                _LOGGER.exception("The history of %s makes no sense", camera.id)
                seen, pause = True, LOOK_RARELY
            else:
                seen, pause = True, LOOK_OFTEN if is_pending else LOOK_EVERY
            if camera.id in self._next_look:
                self._next_look[camera.id] = now + pause
        if not seen:
            # All have their turn again as soon as anybody looks.
            return trouble
        for camera_id in failed:
            self._next_look[camera_id] = now + LOOK_EVERY
        return None

    async def _look_at(self, camera: Camera, now: datetime) -> bool:
        """Take in what a camera's history lists; say whether something is awaited."""
        since = now - LOOK_BACK
        until = await self._ledger.looked_until(camera.id)
        far: list[timedelta] = []
        if rules := self._rules(camera.id):
            far = [
                back
                for back in FAR_LOOKS
                if self._next_far_look.get((camera.id, back), now) <= now
            ]
            known = min(until or rules.since, now) - max([LOOK_BACK, *far])
            since = min(since, max(rules.since, known))
            if awaited := await self._ledger.awaited(camera.id):
                since = min(since, awaited[0].window.start)
        for back in far:
            # A look that fails for being long does not stand in the way of short ones.
            self._next_far_look[camera.id, back] = now + LOOK_RARELY
        events = await self._source.events(camera, Window(since, now + LOOK_AHEAD))
        await self._take(camera, events, looked_until=min(until or now, now))
        await self._ledger.set_looked_until(camera.id, now)
        for back in far:
            self._next_far_look[camera.id, back] = now + FAR_LOOKS[back]
        awaited = await self._ledger.awaited(camera.id)
        overdue = [one for one in awaited if one.window.end + AWAITED_FOR < now]
        if overdue:
            await self._ledger.set_ready(camera.id, overdue)
        return len(overdue) < len(awaited)

    async def _take(
        self, camera: Camera, events: Sequence[Event], *, looked_until: datetime
    ) -> None:
        """Note what is new, want what the rules say, and tell what is news.

        What was seen by then was known at the look before this one.
        """
        new, grown = await self._ledger.unknown(camera.id, events)
        if new or grown:
            rules = self._rules(camera.id)
            wanted = set[str]()
            if rules:
                named = [
                    after
                    for before, after in grown
                    # Otherwise it was left out for another reason.
                    if not before.is_of(rules.kinds)
                    and looked_until <= after.window.end + SEEN_LATE
                ]
                wanted = await self._chosen(camera, [*new, *named], rules)
            await self._ledger.add(
                camera.id, [*new, *(after for _, after in grown)], wanted
            )
        now = datetime.now(UTC)
        for event in new:
            if (
                not self._was_heard(camera, event)
                and event.window.start > now - NEWS_FOR
            ):
                self._told.append(_Told(camera.id, listed=event))
                self._tell(camera, event)
        self.stir()

    def _was_heard(self, camera: Camera, event: Event) -> bool:
        """Return whether the cloud told of a listed event by itself."""
        for one in self._told:
            if (
                one.camera_id == camera.id
                and one.heard
                and not one.listed
                and event.is_same_as(one.heard)
            ):
                one.listed = event
                return True
        return False

    async def _chosen(
        self, camera: Camera, events: Sequence[Event], rules: Rules
    ) -> set[str]:
        """Return the ids of the events that are to be saved."""
        chosen = set[str]()
        last: datetime | None = None
        for event in sorted(events, key=lambda one: one.window):
            if (
                # Our own live views and downloads make those: they would go on for ever.
                event.kind == ON_DEMAND
                or not event.is_of(rules.kinds)
                or event.window.start < rules.since
            ):
                continue
            if rules.pause:
                start = event.window.start
                saved = await self._ledger.last_saved_end(camera.id, before=start)
                ends = [end for end in (saved, last) if end]
                if ends and rules.merge < start - max(ends) < rules.pause:
                    continue
            chosen.add(event.id)
            last = max(event.window.end, last or event.window.end)
        return chosen

    def _pause(self) -> timedelta:
        """Return how long until the next camera's turn."""
        now = datetime.now(UTC)
        turns = [
            self._next_look.get(camera.id, now + LOOK_EVERY)
            for camera in self._cameras()
        ]
        if self._is_pushed:
            turns.append(self._heeded_at + PUSHES_APART)
        first = min(turns, default=now + LOOK_EVERY)
        return max(first - now, timedelta(seconds=1))

    async def _save_due(self) -> None:
        """Start as many jobs as may run at once."""
        async with self._turn:
            now = datetime.now(UTC)
            if (
                # Which are the oldest is known once every camera was looked at.
                not self._has_looked
                or now < self._quiet_until
                or self._jobs >= JOBS_AT_ONCE
            ):
                return
            cameras = {camera.id: camera for camera in self._cameras()}
            rules = {
                camera_id: rules
                for camera_id in cameras
                if (rules := self._rules(camera_id))
            }
            is_merging = any(one.merge for one in rules.values())
            try:
                wanted = await self._ledger.wanted(
                    now,
                    rules,
                    ready_only=not is_merging,
                    most=MOST_LOOKED_THROUGH if is_merging else 2 * JOBS_AT_ONCE,
                )
            except StorageError as err:
                _LOGGER.error("What is wanted cannot be saved: %s", err)
                return
            left = [one for one in wanted if _key(one) not in self._under_way]
            for bunch in _bunches(left, rules, now):
                camera_id = bunch[0].camera_id
                if self._jobs >= JOBS_AT_ONCE:
                    return
                self._jobs += 1
                self._under_way.update((_key(one), one) for one in bunch)
                self._spawn(
                    self._save_bunch(cameras[camera_id], bunch, rules[camera_id]),
                    f"saving of {camera_id}",
                )

    async def _save_bunch(
        self, camera: Camera, bunch: Sequence[Wanted], rules: Rules
    ) -> None:
        events = [one.event for one in bunch]
        window = Window(
            events[0].window.start - rules.before, _end(bunch) + rules.after
        )
        try:
            err: Exception | None = None
            try:
                running = await self._ask(camera, events, window)
                job = await asyncio.shield(running.done)
                # One that was interrupted goes on by itself, and is found then.
                err = job.error if job.state is JobState.FAILED else None
            except ClipError as refused:
                err = refused
            if err:
                await self._failed(bunch, err)
            else:
                self._failing.difference_update(map(_key, bunch))
        except StorageError as err:
            _LOGGER.error("What became of %s cannot be kept: %s", camera.id, err)
        finally:
            self._jobs -= 1
            for one in bunch:
                del self._under_way[_key(one)]
        self.stir()

    async def _failed(self, bunch: Sequence[Wanted], err: Exception) -> None:
        """Keep whether, and when, events are tried again."""
        now = datetime.now(UTC)
        if isinstance(err, SignInError):
            self._quiet_until = now + SIGNED_OUT
            return
        pause = _pause_after(err, bunch, now)
        if pause is None:
            self._failing.difference_update(map(_key, bunch))
            await self._ledger.give_up(bunch)
            return
        if isinstance(err, CloudError) and err.retry_after_s is not None:
            self._quiet_until = now + timedelta(seconds=err.retry_after_s)
            pause = max(pause, self._quiet_until - now)
        await self._ledger.put_off(bunch, now + pause)


def _pause_after(
    err: Exception, bunch: Sequence[Wanted], now: datetime
) -> timedelta | None:
    """Return how long after a failure to try again, None for not at all."""
    tries = max(one.tries for one in bunch) + 1
    pauses: tuple[timedelta, ...]
    match err:
        case NoFootageError() | RefusedError():
            pauses = ()
        case NotReadyError():
            pauses = NOT_READY_PAUSES
            if now < _end(bunch) + NOT_READY_FOR:
                tries = min(tries, len(pauses))
        case CloudError() if is_of_content(err):
            pauses = CONTENT_PAUSES
        case _ if tries < MOST_TRIES:
            return min(FIRST_PAUSE * (1 << min(tries - 1, 10)), LONGEST_PAUSE)
        case _:
            pauses = ()
    return pauses[tries - 1] if tries <= len(pauses) else None


def _bunches(
    wanted: Sequence[Wanted], rules: Mapping[str, Rules], now: datetime
) -> list[list[Wanted]]:
    """Return what is to become one clip each, where that can be had by now."""
    bunches: list[list[Wanted]] = []
    open_: dict[str, list[Wanted]] = {}
    for one in wanted:
        merge = rules[one.camera_id].merge
        bunch = open_.get(one.camera_id)
        if (
            merge
            and bunch
            and one.event.window.start - _end(bunch) <= merge
            and one.event.window.end - bunch[0].event.window.start <= LONGEST_MERGED
        ):
            bunch.append(one)
        else:
            open_[one.camera_id] = bunch = [one]
            bunches.append(bunch)
    return [
        bunch
        for bunch in bunches
        if all(one.event.is_ready for one in bunch)
        and (
            not (merge := rules[bunch[0].camera_id].merge)
            # The next of a burst may not have been listed yet.
            or now >= _end(bunch) + merge + LOOK_EVERY
        )
    ]


def _key(one: Wanted) -> tuple[str, str]:
    return one.camera_id, one.event.id


def _end(bunch: Sequence[Wanted]) -> datetime:
    return max(one.event.window.end for one in bunch)
