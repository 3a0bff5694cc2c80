"""What becomes of jobs, for those who watch: told as it changes, a few times a second."""

from asyncio import TimerHandle
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN
from .engine.errors import CancelledJobError
from .engine.model import Job, JobState
from .engine.pipeline.jobs import Running

DATA_JOB_FEED: HassKey[JobFeed] = HassKey(f"{DOMAIN}.job_feed")

# At most four times a second.
APART_S = 0.25
# How long jobs that ended are shown, and how many of them at most.
SHOWN = timedelta(minutes=10)
MOST_SHOWN = 500
ENDED = (JobState.SAVED, JobState.FAILED)

type Listener = Callable[[Sequence[Running]], None]


class Step(StrEnum):
    """Where a job that has not ended is on its way, as a person sees it; in order."""

    WAITING = "waiting"
    DOWNLOADING = "downloading"
    JOINING = "joining"


class JobFeed:
    """The jobs of all accounts. Without a listener, it costs next to nothing."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Begin without any job."""
        self._hass = hass
        self._listeners: list[Listener] = []
        self._changed: dict[str, Running] = {}
        self._ended = deque[tuple[datetime, Running]](maxlen=MOST_SHOWN)
        self._sent_at_s = 0.0
        self._timer: TimerHandle | None = None
        self._is_stopped = False
        hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, self._async_stop)

    @callback
    def async_changed(self, running: Running) -> None:
        """Note that something of a job changed. It is called for every block received.

        A back-fill is told of as one: not of its hundreds of jobs.
        """
        if running.is_in_back_fill:
            return
        if running.done.done() and running.done.result().state in ENDED:
            self._ended.append((dt_util.utcnow(), running))
        if not self._listeners or self._is_stopped:
            return
        self._changed[running.job.id] = running
        if self._timer is None:
            self._timer = self._hass.loop.call_at(
                self._sent_at_s + APART_S, self._async_send
            )

    @callback
    def async_listen(self, listener: Listener) -> CALLBACK_TYPE:
        """Call a listener with the jobs that changed; return what ends that."""
        self._listeners.append(listener)

        @callback
        def end() -> None:
            self._listeners.remove(listener)
            if not self._listeners:
                self._async_drop()

        return end

    @callback
    def async_ended(self) -> list[Running]:
        """Return the jobs that ended lately, the oldest first."""
        since = dt_util.utcnow() - SHOWN
        while self._ended and self._ended[0][0] < since:
            self._ended.popleft()
        return [running for _, running in self._ended]

    @callback
    def _async_stop(self, event: Event) -> None:
        """Tell nothing of what Home Assistant interrupts as it stops."""
        self._is_stopped = True
        self._async_drop()

    @callback
    def _async_drop(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        self._changed.clear()

    @callback
    def _async_send(self) -> None:
        self._timer = None
        self._sent_at_s = self._hass.loop.time()
        changed, self._changed = list(self._changed.values()), {}
        for listener in list(self._listeners):
            listener(changed)


@callback
def async_job_feed(hass: HomeAssistant) -> JobFeed:
    """Return what tells of the jobs of all accounts."""
    if DATA_JOB_FEED not in hass.data:
        hass.data[DATA_JOB_FEED] = JobFeed(hass)
    return hass.data[DATA_JOB_FEED]


def is_unfinished(running: Running) -> bool:
    """Return whether a job has not ended: it is under way, or was interrupted."""
    return not running.done.done() or running.done.result().state not in ENDED


def job_of(running: Running) -> Job:
    """Return a job, as it ended if it did."""
    return running.done.result() if running.done.done() else running.job


def has_failed(job: Job) -> bool:
    """Return whether a job failed; one that somebody cancelled did not."""
    return job.state is JobState.FAILED and not isinstance(job.error, CancelledJobError)


def step_of(running: Running) -> Step:
    """Return where a job is on its way that has not ended."""
    progress = running.progress
    if progress.state is JobState.FINISHING:
        return Step.JOINING
    # Between two parts it waits for a moment: that is no step back.
    is_fetching = progress.state is JobState.FETCHING and (
        progress.received_bytes or not progress.waiting
    )
    return Step.DOWNLOADING if is_fetching else Step.WAITING
