"""Asking a cloud again: while footage is not ready, and after faults, within a budget."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import random

from ..aio import seconds_until
from ..errors import BodyError, ClipError, CloudError, NotReadyError
from .progress import Progress

# The backoff is about 1, 2, 4 ... seconds long.
LONGEST_BACKOFF_S = 60.0
# After how many faults in a row one request, and all requests of a budget, are given up.
MOST_ATTEMPTS = 8
MOST_FAULTS = 30
# How long all requests of a job may fail before it gives up.
FAULTS_S = 4 * 60.0
# How long after its last progress a job that is late still waits for footage.
LONGEST_WAIT_S = 10 * 60.0
# A whole body that cannot be read is mostly the same the next time.
MOST_UNREADABLE = 3
# A body counts as progress when it is this much larger than any before it.
PROGRESS_BYTES = 4 * 2**20


@dataclass(kw_only=True)
class Attempts:
    """What is known of the attempts at one request.

    `faults` are those in a row, `most_bytes` is the size of the largest body so far, and
    `unreadable` counts the bodies that arrived whole and could not be read.
    """

    faults: int = 0
    most_bytes: int = 0
    unreadable: int = 0


class RetryBudget:
    """How long the requests of one job, or of one call, may be repeated.

    Footage that is not ready is waited for until `give_up_at`. A job that makes progress
    later than that gets `timeout` (LONGEST_WAIT_S at most) from its last progress on.
    Faults end it after `faults_s` without progress, but not before `give_up_at`.
    """

    def __init__(
        self,
        give_up_at: datetime,
        *,
        timeout: timedelta = timedelta(0),
        faults_s: float | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Set the limits; `faults_s` is FAULTS_S if it is not given.

        `progress` notes the pauses between the requests of a job.
        """
        self._progress = progress or Progress()
        self._give_up_at = give_up_at
        self._faults_s = FAULTS_S if faults_s is None else faults_s
        self._timeout_s = min(timeout.total_seconds(), LONGEST_WAIT_S)
        self._faults = 0
        self._failing_since_s: float | None = None
        self._progress_at_s: float | None = None
        self.last_fault: CloudError | None = None

    @property
    def is_spent(self) -> bool:
        """Whether so many requests failed in a row that no other is sent."""
        return self._faults >= MOST_FAULTS

    def pause_after_fault(self, err: CloudError, attempts: Attempts) -> float | None:
        """Count a fault; return the seconds until the next attempt, None to give up."""
        now_s = _now_s()
        if self._failing_since_s is None:
            self._failing_since_s = now_s
        self._faults += 1
        self.last_fault = err
        attempts.faults += 1
        attempts.unreadable += isinstance(err, BodyError)
        pause_s = err.retry_after_s
        if pause_s is None:
            pause_s = min(2.0 ** (attempts.faults - 1), LONGEST_BACKOFF_S)
            pause_s *= random.uniform(0.75, 1.25)
        left_s = self._failing_since_s + self._faults_s - now_s
        if (
            self.is_spent
            or attempts.faults >= MOST_ATTEMPTS
            or attempts.unreadable >= MOST_UNREADABLE
            or pause_s > max(left_s, seconds_until(self._give_up_at), 0)
        ):
            return None
        return pause_s

    def pause_until_ready(self, err: NotReadyError, attempts: Attempts) -> float | None:
        """Return the seconds until footage may be ready, None to give up."""
        # An answer that footage is not ready is no fault.
        self.reset_faults()
        attempts.faults = 0
        left_s = seconds_until(self._give_up_at)
        if self._progress_at_s is not None:
            left_s = max(left_s, self._progress_at_s + self._timeout_s - _now_s())
        return min(err.after_s, left_s) if left_s > 0 else None

    async def pause(self, err: ClipError, pause_s: float) -> None:
        """Wait before the next attempt, because of an error."""
        until = datetime.now(UTC) + timedelta(seconds=pause_s)
        with self._progress.wait(err, until):
            await asyncio.sleep(pause_s)

    def received(self, attempts: Attempts, size_bytes: int) -> None:
        """Note that a body has grown to this size."""
        self._failing_since_s = None
        # A body that ends at the same place each time is no progress.
        if size_bytes >= attempts.most_bytes + PROGRESS_BYTES:
            attempts.most_bytes = size_bytes
            attempts.faults = 0
            self.progressed()

    def progressed(self) -> None:
        """Note that the job has made progress."""
        self.reset_faults()
        self._progress_at_s = _now_s()

    def reset_faults(self) -> None:
        """Forget the faults so far."""
        self._faults = 0
        self._failing_since_s = None


async def retry[T](
    call: Callable[[], Awaitable[T]],
    budget: RetryBudget,
    attempts: Attempts | None = None,
) -> T:
    """Call until it succeeds or the budget is spent.

    Raises the last CloudError or NotReadyError then, and any other error at once.
    """
    attempts = attempts or Attempts()
    cause: ClipError
    while True:
        try:
            return await call()
        except CloudError as err:
            pause_s, cause = budget.pause_after_fault(err, attempts), err
            if pause_s is None:
                raise
        except NotReadyError as err:
            pause_s, cause = budget.pause_until_ready(err, attempts), err
            if pause_s is None:
                raise
        await budget.pause(cause, pause_s)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
