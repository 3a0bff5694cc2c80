"""How long to go on asking a cloud: until footage is ready, and after faults."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
import random

from ..aio import seconds_until
from ..errors import BodyError, CloudError, NotReadyError

# After a fault it is asked again, about 1, 2, 4 ... seconds later: so often for one
# thing, and so often for all things of a job, while nothing comes in between.
MOST_TRIES = 8
MOST_FAULTS = 30
LONGEST_BACKOFF_S = 60.0
# How long a cloud may fail, and want to be left alone, while nothing comes.
FAULTS_S = 4 * 60.0
# How long footage is waited for by a job that got on after its time was up.
LONGEST_WAIT_S = 10 * 60.0
# A body that came whole and cannot be read will mostly be the same the next time.
MOST_UNREADABLE = 3
# So much more than ever before of a body is progress.
PROGRESS_BYTES = 4 * 2**20


@dataclass(kw_only=True)
class Tries:
    """What came of asking for one thing: faults in a row, the most bytes of a body.

    `unreadable` are the bodies that came whole and could not be read.
    """

    faults: int = 0
    most_bytes: int = 0
    unreadable: int = 0


class Patience:
    """What one job has left of it. Whatever comes renews it.

    Footage that is not ready is waited for until `give_up_at`, and for `timeout` (but
    no longer than LONGEST_WAIT_S) after the job last got on. Faults are no waiting: they
    have FAULTS_S from the first on after which nothing came, whatever the time is.
    """

    def __init__(
        self,
        give_up_at: datetime,
        *,
        timeout: timedelta = timedelta(0),
        faults_s: float | None = None,
    ) -> None:
        """Take when to give up, and how long faults may go on after that."""
        self._give_up_at = give_up_at
        self._faults_s = FAULTS_S if faults_s is None else faults_s
        self._timeout_s = min(timeout.total_seconds(), LONGEST_WAIT_S)
        self._faults = 0
        self._failing_since_s: float | None = None
        self._got_on_at_s: float | None = None
        # Why nothing else is worth asking for now.
        self.last_fault: CloudError | None = None

    @property
    def is_over(self) -> bool:
        """Whether so much failed in a row that nothing else is worth asking for."""
        return self._faults >= MOST_FAULTS

    def after_fault(self, err: CloudError, tries: Tries) -> float | None:
        """Count a fault; return for how many seconds to pause, None to give up."""
        now_s = _now_s()
        if self._failing_since_s is None:
            self._failing_since_s = now_s
        self._faults += 1
        self.last_fault = err
        tries.faults += 1
        tries.unreadable += isinstance(err, BodyError)
        pause_s = err.retry_after_s
        if pause_s is None:
            pause_s = min(2.0 ** (tries.faults - 1), LONGEST_BACKOFF_S)
            pause_s *= random.uniform(0.75, 1.25)
        left_s = self._failing_since_s + self._faults_s - now_s
        if (
            self.is_over
            or tries.faults >= MOST_TRIES
            or tries.unreadable >= MOST_UNREADABLE
            or pause_s > max(left_s, seconds_until(self._give_up_at), 0)
        ):
            return None
        return pause_s

    def until_ready(self, err: NotReadyError, tries: Tries) -> float | None:
        """Return for how many seconds to wait for footage, None to give up."""
        # A cloud that says so is not failing.
        self.renew()
        tries.faults = 0
        left_s = seconds_until(self._give_up_at)
        if self._got_on_at_s is not None:
            left_s = max(left_s, self._got_on_at_s + self._timeout_s - _now_s())
        return min(err.after_s, left_s) if left_s > 0 else None

    def received(self, tries: Tries, size_bytes: int) -> None:
        """Hear that a body has come to this size."""
        self._failing_since_s = None
        # A body that breaks off at the same place each time gets nowhere.
        if size_bytes >= tries.most_bytes + PROGRESS_BYTES:
            tries.most_bytes = size_bytes
            tries.faults = 0
            self.got_on()

    def got_on(self) -> None:
        """Hear that the job has got on."""
        self.renew()
        self._got_on_at_s = _now_s()

    def renew(self) -> None:
        """Forget the faults so far."""
        self._faults = 0
        self._failing_since_s = None


async def persist[T](
    call: Callable[[], Awaitable[T]], patience: Patience, tries: Tries | None = None
) -> T:
    """Call until it succeeds, for as long as there is patience.

    Raises what the call does, the last CloudError or NotReadyError too.
    """
    tries = tries or Tries()
    while True:
        try:
            return await call()
        except CloudError as err:
            pause_s = patience.after_fault(err, tries)
            if pause_s is None:
                raise
        except NotReadyError as err:
            pause_s = patience.until_ready(err, tries)
            if pause_s is None:
                raise
        await asyncio.sleep(pause_s)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
