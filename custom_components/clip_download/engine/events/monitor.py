"""Monitors the events of an account: polls the history, and takes what is pushed."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
import logging
from typing import Any

from ..errors import (
    ClipError,
    CloudError,
    InvalidRequestError,
    NoFootageError,
    RefusedError,
    StorageError,
)
from ..model import Camera, Event, PushedEvent
from ..sources.base import Source
from ..time_range import Window
from .readiness import Readiness
from .saver import EventSaver
from .store import EventStore

_LOGGER = logging.getLogger(__name__)

# How often a camera's history is polled: in general, and where the history is refused.
# While the recording of an event that is to be saved is not ready, `readiness` says it.
POLL_INTERVAL = timedelta(seconds=60)
POLL_INTERVAL_REFUSED = timedelta(minutes=15)
# A push may not say which camera it is about: all are polled, but not for each push.
PUSHES_APART = timedelta(seconds=15)
# How far back a poll goes. A camera without a connection may send events late.
POLL_BACK = timedelta(minutes=10)
# Rare long polls, which get the whole history again: how far back -> how often.
LONG_POLLS = {
    timedelta(hours=1): timedelta(minutes=15),
    timedelta(hours=48): timedelta(hours=6),
}
# The clock here may be behind that of the cloud.
POLL_AHEAD = timedelta(minutes=10)
# An event that began longer ago is not announced.
NEWS_FOR = timedelta(minutes=5)
# A recording that is not ready by then is fetched all the same, to get the error.
AWAITED_FOR = timedelta(hours=1)
# How many announced events of a camera are remembered.
MOST_ANNOUNCED = 200

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass
class _Announced:
    """An event that was announced: as the cloud sent it, and as its history lists it."""

    sent: Event | None = None
    listed: Event | None = None


@dataclass
class _CameraState:
    """When one camera is polled, and which of its events were announced.

    `next_poll` is the regular poll, `pushed_poll` an earlier one for a push, and
    `last_pushed_poll` the last of these. `next_long_poll` has the next poll for each of
    LONG_POLLS. The history was last read at `last_poll`, and had no recordings of the
    `awaited` events then.
    """

    next_poll: datetime = _LONG_AGO
    last_poll: datetime | None = None
    awaited: list[Event] = field(default_factory=list)
    pushed_poll: datetime = _NEVER
    last_pushed_poll: datetime = _LONG_AGO
    next_long_poll: dict[timedelta, datetime] = field(default_factory=dict)
    announced: deque[_Announced] = field(
        default_factory=lambda: deque(maxlen=MOST_ANNOUNCED)
    )

    @property
    def due_at(self) -> datetime:
        """When to poll."""
        return min(self.next_poll, self.pushed_poll)

    def push(self, now: datetime) -> None:
        """Have the camera polled, at once if the last push was long enough ago."""
        at = max(now, self.last_pushed_poll + PUSHES_APART)
        self.pushed_poll = min(self.pushed_poll, at)

    def begin_poll(self, now: datetime) -> None:
        """Forget the push that the poll is for, not one that comes meanwhile."""
        if self.pushed_poll <= now:
            self.pushed_poll = _NEVER
            self.last_pushed_poll = now

    def due_long_polls(self, now: datetime) -> list[timedelta]:
        """Return how far back to poll, besides POLL_BACK."""
        return [
            back for back in LONG_POLLS if self.next_long_poll.get(back, now) <= now
        ]

    def add_sent(self, event: Event) -> bool:
        """Remember an event that the cloud sent; return whether to announce it."""
        if any(one.sent and one.sent.id == event.id for one in self.announced):
            return False
        for one in self.announced:
            if one.listed and not one.sent and event.is_same_as(one.listed):
                one.sent = event
                return False
        self.announced.append(_Announced(sent=event))
        return True

    def add_listed(self, event: Event, now: datetime) -> bool:
        """Remember an event that is new in the history; return whether to announce it."""
        for one in self.announced:
            if one.sent and not one.listed and event.is_same_as(one.sent):
                one.listed = event
                return False
        if event.window.start <= now - NEWS_FOR:
            return False
        self.announced.append(_Announced(listed=event))
        return True


class EventMonitor:
    """Announces and stores the events of an account, each of them once.

    Where the cloud keeps a history, events are stored from that; a pushed event is
    announced at once, and not again when the history lists it. Where it keeps none,
    pushed events are stored.
    """

    def __init__(
        self,
        *,
        source: Source,
        store: EventStore,
        saver: EventSaver,
        cameras: Callable[[], Iterable[Camera]],
        announce: Callable[[Camera, Event], None],
        poll_soon: Callable[[], None],
        spawn: Callable[[Coroutine[Any, Any, None], str], object],
    ) -> None:
        """Take the parts of the account.

        `announce` is called once for each recent event. `poll_soon` has `poll` called
        soon. `spawn` starts a task that ends with the account.
        """
        self._source = source
        self._store = store
        self._saver = saver
        self._cameras = cameras
        self._announce = announce
        self._poll_soon = poll_soon
        self._spawn = spawn
        self._lock = asyncio.Lock()
        self._states: defaultdict[str, _CameraState] = defaultdict(_CameraState)
        self._readiness = Readiness()
        self._inbox: list[tuple[Camera, Event]] = []

    def on_event(self, camera: Camera, event: Event) -> None:
        """Handle a pushed event, which may come more than once."""
        state = self._states[camera.id]
        if not state.add_sent(event):
            return
        self._announce(camera, event)
        if self._source.event_kinds:
            state.push(datetime.now(UTC))
            self._poll_soon()
        else:
            self._inbox.append((camera, event))
            # It would be lost if Home Assistant were killed before the next poll.
            self._spawn(self._read_inbox(), f"storing event {event.id}")

    def announced(self, camera_id: str, event_id: str) -> Event | None:
        """Return an event by the id that it was announced or listed with."""
        for one in self._states[camera_id].announced:
            for event in (one.listed, one.sent):
                if event and event.id == event_id:
                    return event
        return None

    def on_push(self, pushed: PushedEvent | None = None) -> None:
        """Handle a push, which may not say what happened."""
        if pushed and pushed.event:
            for camera in self._cameras():
                if camera.id == pushed.camera_id:
                    self.on_event(camera, pushed.event)
            return
        cameras = list(self._cameras())
        if pushed:
            # A push for one that is not known may be about any.
            named = [one for one in cameras if one.id == pushed.camera_id]
            cameras = named or cameras
        now = datetime.now(UTC)
        for camera in cameras:
            self._states[camera.id].push(now)
        self._poll_soon()

    async def poll(self) -> timedelta:
        """Poll the history of each camera that is due; return when to poll again.

        Wanted events that are due are saved, too. A camera that cannot be polled
        does not stop the others. Raises SignInError, StorageError; CloudError if no
        camera could be polled.
        """
        async with self._lock:
            await self._store_inbox()
            self._saver.save_due()
            err = await self._poll_due() if self._source.event_kinds else None
            self._saver.start()
        if err:
            raise err
        return self._until_next_poll()

    async def _read_inbox(self) -> None:
        """Store pushed events, if no poll does so first."""
        try:
            async with self._lock:
                await self._store_inbox()
        except StorageError as err:
            _LOGGER.debug("Pushed events are stored with the next poll: %s", err)

    async def _store_inbox(self) -> None:
        while self._inbox:
            camera, event = self._inbox[0]
            try:
                await self._handle_events(
                    camera, [event], polled_until=datetime.now(UTC)
                )
            except InvalidRequestError as err:
                _LOGGER.warning("Could not store an event of %s: %s", camera.id, err)
            del self._inbox[0]

    async def _poll_due(self) -> CloudError | None:
        """Poll each camera that is due; return the error if all polls failed."""
        failed: list[_CameraState] = []
        last_error: CloudError | None = None
        has_succeeded = False
        now = datetime.now(UTC)
        # First those of which something is to be saved: each look may take its turn.
        cameras = sorted(
            self._cameras(), key=lambda camera: not self._states[camera.id].awaited
        )
        for camera in cameras:
            now = datetime.now(UTC)
            state = self._states[camera.id]
            if state.due_at > now:
                continue
            state.begin_poll(now)
            try:
                interval = await self._poll_camera(camera, state, now)
            except CloudError as err:
                last_error = err
                failed.append(state)
                continue
            has_succeeded = True
            state.next_poll = now + interval
        if not has_succeeded:
            # They are due whenever the next poll is, which may be soon.
            for state in failed:
                state.next_poll = _LONG_AGO
            return last_error
        for state in failed:
            state.next_poll = now + POLL_INTERVAL
        return None

    async def _poll_camera(
        self, camera: Camera, state: _CameraState, now: datetime
    ) -> timedelta:
        """Poll one camera; return when to poll it again.

        Raises SignInError, CloudError, StorageError.
        """
        try:
            await self._read_history(camera, state, now)
        except (InvalidRequestError, NoFootageError, RefusedError) as err:
            _LOGGER.debug("No history of %s: %s", camera.id, err)
            return POLL_INTERVAL_REFUSED
        except ClipError:
            raise
        except Exception:
            # The other cameras are still polled.
            _LOGGER.exception("Could not read the events of %s", camera.id)
            return POLL_INTERVAL_REFUSED
        if not state.awaited:
            return POLL_INTERVAL
        awaiting = sum(bool(self._states[one.id].awaited) for one in self._cameras())
        return self._readiness.pause(camera.id, state.awaited, now, awaiting)

    async def _read_history(
        self, camera: Camera, state: _CameraState, now: datetime
    ) -> None:
        """Store what the history lists, and which wanted events are not ready."""
        long_polls: list[timedelta] = []
        since = now - POLL_BACK
        polled_until = await self._store.polled_until(camera.id)
        if rules := self._saver.rules(camera.id):
            long_polls = state.due_long_polls(now)
            last_poll = min(polled_until or rules.since, now)
            back_to = last_poll - max([POLL_BACK, *long_polls])
            since = min(since, max(rules.since, back_to))
            if awaited := await self._store.awaited(camera.id):
                since = min(since, awaited[0].window.start)
        for back in long_polls:
            # One that fails because it is long must not stop the short ones.
            state.next_long_poll[back] = now + POLL_INTERVAL_REFUSED
        events = await self._source.events(camera, Window(since, now + POLL_AHEAD))
        self._learn(camera, state, events)
        state.last_poll = now
        await self._handle_events(
            camera, events, polled_until=min(polled_until or now, now)
        )
        await self._store.set_polled_until(camera.id, now)
        for back in long_polls:
            state.next_long_poll[back] = now + LONG_POLLS[back]
        state.awaited = await self._awaited(camera, now)

    def _learn(
        self, camera: Camera, state: _CameraState, events: Iterable[Event]
    ) -> None:
        """Note how long those recordings took that have become ready."""
        awaited = {one.id for one in state.awaited}
        for event in events:
            if event.id in awaited and event.is_ready and state.last_poll:
                self._readiness.learn(
                    camera.id, event, state.last_poll, datetime.now(UTC)
                )

    async def _awaited(self, camera: Camera, now: datetime) -> list[Event]:
        """Return the wanted events that are not ready; after AWAITED_FOR one counts as ready."""
        awaited = await self._store.awaited(camera.id)
        overdue = [one for one in awaited if one.window.end + AWAITED_FOR < now]
        if overdue:
            await self._store.set_ready(camera.id, overdue)
        return [one for one in awaited if one not in overdue]

    async def _handle_events(
        self, camera: Camera, events: Sequence[Event], *, polled_until: datetime
    ) -> None:
        """Store events, have those saved that the rules ask for, and announce new ones.

        `polled_until` is when the poll before this one was.
        """
        new, described = await self._store.update_known(camera.id, events)
        if new or described:
            wanted = await self._saver.select(
                camera.id, new, described, polled_until=polled_until
            )
            await self._store.add(
                camera.id, [*new, *(after for _, after in described)], wanted
            )
        state = self._states[camera.id]
        for event in new:
            if state.add_listed(event, datetime.now(UTC)):
                self._announce(camera, event)
        self._saver.save_due()

    def _until_next_poll(self) -> timedelta:
        """Return how long until the next camera is due, a second at least."""
        if not self._source.event_kinds:
            return POLL_INTERVAL
        now = datetime.now(UTC)
        turns = [self._states[camera.id].due_at for camera in self._cameras()]
        first = min(turns, default=now + POLL_INTERVAL)
        return max(first - now, timedelta(seconds=1))
