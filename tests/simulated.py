"""Time that passes only while nobody has anything to do: days of it in a minute.

Sockets, files and threads are real. Whenever all of them are idle, the clock moves on to
when the next timer of the event loop is due.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial, wraps
from pathlib import Path, PurePosixPath
import selectors
import sys
import time
from typing import Any, override

import pytest

from custom_components.clip_download.engine.errors import CloudError
from custom_components.clip_download.engine.events.back_fill import BackFill
from custom_components.clip_download.engine.events.monitor import (
    POLL_INTERVAL,
    EventMonitor,
)
from custom_components.clip_download.engine.events.saver import EventSaver, Rules
from custom_components.clip_download.engine.events.store import EventStore
from custom_components.clip_download.engine.library.database import Library
from custom_components.clip_download.engine.model import (
    Camera,
    Event,
    EventKind,
    Job,
    JobState,
)
from custom_components.clip_download.engine.pipeline.executors import Executors
from custom_components.clip_download.engine.pipeline.jobs import Jobs, Running
from custom_components.clip_download.engine.sources.base import Source
from custom_components.clip_download.engine.time_range import Window
from homeassistant.util import dt as dt_util

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
# Whose idea of the present is simulated, besides that of the `time` module.
_PACKAGES = ("custom_components.clip_download", "tests.")
_TICK_S = 1e-8
_IN_FLIGHT_S = 1e-4


class SimulatedLoop(asyncio.SelectorEventLoop):
    """An event loop whose time begins at zero and leaps from timer to timer."""

    def __init__(self) -> None:
        """Begin."""
        self._now_s = 0.0
        self._in_threads = 0
        super().__init__(_LeapingSelector(self._is_busy, self._leap))

    @override
    def time(self) -> float:
        """Return how many seconds have been simulated."""
        # No two looks at a clock see the same time: who sleeps for less is not held up.
        self._now_s += _TICK_S
        return self._now_s

    @override
    def run_in_executor[T, *Ts](
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Run a call in a thread; it takes no simulated time."""
        self._in_threads += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._come_back)
        return future

    def _come_back(self, _: object) -> None:
        self._in_threads -= 1

    def _is_busy(self) -> bool:
        """Return whether a thread is at work."""
        return self._in_threads > 0

    def _leap(self, seconds: float) -> None:
        """Move the clock."""
        self._now_s += seconds


class _LeapingSelector(selectors.DefaultSelector):
    """Waits for sockets as long as threads are at work, and never for time to pass."""

    def __init__(
        self, is_busy: Callable[[], bool], leap: Callable[[float], None]
    ) -> None:
        """Take what says whether threads are at work, and what moves the clock."""
        super().__init__()
        self._is_busy = is_busy
        self._leap = leap

    @override
    def select(
        self, timeout: float | None = None
    ) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        if timeout is not None and not self._is_busy():
            # What was sent over loopback is mostly there at once. Where the machine has much
            # to do, the kernel needs the processor for that.
            time.sleep(_IN_FLIGHT_S)
            if ready := super().select(0):
                return ready
            self._leap(timeout)
            return []
        return super().select(None)


def simulated[**P](
    test: Callable[P, Coroutine[Any, Any, None]],
) -> Callable[P, None]:
    """Let a test live in simulated time, which begins at NOON."""

    @wraps(test)
    def in_simulation(*args: P.args, **kwargs: P.kwargs) -> None:
        run(test(*args, **kwargs))

    return in_simulation


def run[T](life: Coroutine[Any, Any, T]) -> T:
    """Run something in simulated time, which begins at NOON; return what it does."""
    loop = SimulatedLoop()
    with pytest.MonkeyPatch.context() as patch:
        _set_clocks(patch, loop.time)
        try:
            return loop.run_until_complete(life)
        finally:
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()


def _set_clocks(patch: pytest.MonkeyPatch, passed_s: Callable[[], float]) -> None:
    """Let every clock that is looked at show what time it is simulated to be."""

    modules = [
        module
        for name, module in sys.modules.items()
        if name.startswith(_PACKAGES) and vars(module).get("datetime") is datetime
    ]

    class Simulated(datetime):
        @override
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return (NOON + timedelta(seconds=passed_s())).astimezone(tz)

    noon_s = NOON.timestamp()
    patch.setattr(time, "time", lambda: noon_s + passed_s())
    patch.setattr(time, "monotonic", passed_s)
    patch.setattr(dt_util, "utcnow", lambda: Simulated.now(UTC))
    patch.setattr(
        dt_util, "now", lambda tz=None: Simulated.now(tz or dt_util.DEFAULT_TIME_ZONE)
    )
    for module in modules:
        patch.setattr(module, "datetime", Simulated)


@dataclass
class Account:
    """An account that saves what its cameras see, as Home Assistant runs one.

    It can be killed at any moment and started again in the same `folder`. `rules` hold
    for all cameras without some of their own in `own_rules`. `failures` are told; not all
    that `ended` are.
    """

    folder: Path
    make_source: Callable[[], Source]
    rules: Rules | None = field(
        default_factory=lambda: Rules(
            since=NOON, kinds=frozenset({EventKind.DING, EventKind.MOTION})
        )
    )
    own_rules: dict[str, Rules | None] = field(default_factory=dict)
    told: list[tuple[str, str]] = field(default_factory=list)
    ended: list[Job] = field(default_factory=list)
    failures: list[Job] = field(default_factory=list)
    sign_ins: int = 0
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    crashes: list[BaseException] = field(default_factory=list)

    async def start(self) -> None:
        """Go on with what is unfinished, and look at the cameras from now on."""
        self.soon = asyncio.Event()
        self.library = await Library(self.folder / "clips.db").open()
        self.executors = Executors()
        self.source = self.make_source()
        self.cameras = {one.id: one for one in await self.source.cameras()}
        self.jobs = Jobs(
            account_id="account",
            account_name="me@example.com",
            source=self.source,
            library=self.library,
            find_camera=self.cameras.get,
            downloads_at_once=2,
            executors=self.executors,
            spawn=self.spawn,
            on_ended=self._ended_job,
            sign_in_again=self._sign_in_again,
        )
        store = EventStore(self.library, "account", [self.folder])
        self.saver = EventSaver(
            source=self.source,
            store=store,
            cameras=self.cameras.values,
            rules=lambda camera_id: self.own_rules.get(camera_id, self.rules),
            save=self._ask,
            back_fill=BackFill(
                source=self.source,
                store=store,
                cameras=self.cameras.values,
                save=lambda camera, events: self._ask(camera, events, events[0].window),
                at_once=1,
                is_busy=self.jobs.is_busy,
                check_room=partial(asyncio.sleep, 0),
                spawn=self.spawn,
                on_changed=lambda: None,
                on_ended=lambda report: None,
            ),
            spawn=self.spawn,
        )
        self.monitor = EventMonitor(
            source=self.source,
            store=store,
            saver=self.saver,
            cameras=self.cameras.values,
            announce=lambda camera, event: self.told.append((camera.id, event.id)),
            poll_soon=self.soon.set,
            spawn=self.spawn,
        )
        await self.jobs.resume()
        self.spawn(self._poll(), "poll")

    async def stop(self) -> None:
        """End as Home Assistant does, and raise what none of its tasks should have."""
        while self.tasks:
            for task in self.tasks:
                task.cancel()
            await asyncio.wait(self.tasks)
        await self.library.close()
        self.executors.shutdown()
        await self.source.session.close()
        if self.crashes:
            raise BaseExceptionGroup("tasks crashed", self.crashes)

    def _ended_job(self, job: Job) -> None:
        self.ended.append(job)
        if job.state is JobState.FAILED and not self.saver.is_known_failure(job):
            self.failures.append(job)

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Start a task that ends with the account."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self.tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        if not task.cancelled() and (err := task.exception()):
            self.crashes.append(err)

    async def _poll(self) -> None:
        """Poll again and again, as the poller of an account does."""
        while True:
            self.soon.clear()
            try:
                pause = await self.monitor.poll()
            except CloudError as err:
                pause = timedelta(seconds=err.retry_after_s or 0) or POLL_INTERVAL
            with suppress(TimeoutError):
                await asyncio.wait_for(self.soon.wait(), pause.total_seconds())

    async def _ask(
        self, camera: Camera, events: Sequence[Event], window: Window
    ) -> Running:
        start, kind = events[0].window.start, events[0].kind
        return await self.jobs.ask(
            camera,
            window,
            root=self.folder,
            filename=PurePosixPath(
                camera.name, f"{start:%F}", f"{start:%H-%M-%S}_{kind}"
            ),
            label=kind,
            timeout=timedelta(minutes=10),
            events=events,
        )

    def _sign_in_again(self) -> None:
        self.sign_ins += 1
