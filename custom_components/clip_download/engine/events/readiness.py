"""When to ask whether a recording is ready: learned from those that became so before."""

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import NamedTuple

from ..model import Event

# How often to ask while little is known, or after more than all that were seen took.
USUAL_PAUSE = timedelta(seconds=20)
LONGEST_PAUSE = timedelta(seconds=60)
# Two questions are at least so far apart, of one account: as much as its limit is for.
ASKED_APART = timedelta(seconds=3)
# It is asked again when so many of those that took longer than this one has were ready.
# A smaller part would be noticed sooner and ask more often than every 20 s.
SHARE = 0.25
# Until so many of them were, more than the usual pause is no loss.
FIRST_SHARE = 0.05
# How many are remembered of a camera, and from how many on they are believed.
REMEMBERED, ENOUGH = 20, 3
# How exactly the moment is sought.
_STEP_S = 0.1


class _Seen(NamedTuple):
    """A recording that became ready, between two ages in seconds after its end."""

    not_ready_s: float
    ready_s: float
    length: timedelta

    def share_until(self, age_s: float) -> float:
        """Return how likely it was ready at an age."""
        span_s = self.ready_s - self.not_ready_s
        if age_s >= self.ready_s or span_s <= 0:
            return float(age_s >= self.ready_s)
        return max(age_s - self.not_ready_s, 0.0) / span_s


class Readiness:
    """How long an account's recordings took to become ready, by the camera's id.

    It is not stored: after a restart it is learned anew.
    """

    def __init__(self) -> None:
        """Know nothing yet."""
        self._seen = defaultdict[str, deque[_Seen]](lambda: deque(maxlen=REMEMBERED))

    def learn(
        self, camera_id: str, event: Event, not_ready_at: datetime, ready_at: datetime
    ) -> None:
        """Note that a recording became ready between two looks."""
        end = event.window.end
        self._seen[camera_id].append(
            _Seen(
                (not_ready_at - end).total_seconds(),
                (ready_at - end).total_seconds(),
                event.window.duration,
            )
        )

    def pause(
        self, camera_id: str, events: Iterable[Event], now: datetime, cameras: int = 1
    ) -> timedelta:
        """Return how long to wait before it is asked which of some events are ready.

        So many `cameras` have events that are not.
        """
        seen: Sequence[_Seen] = self._seen.get(camera_id, ())
        if len(seen) < ENOUGH:
            # Another camera of the account is a better guess than none.
            seen = list(chain.from_iterable(self._seen.values()))
        apart = ASKED_APART * cameras
        if len(seen) < ENOUGH:
            return max(USUAL_PAUSE, apart)
        shortest = min(one.length for one in seen)
        pauses = []
        for event in events:
            # One without an end goes on.
            end = (
                event.window.end
                if event.window.duration
                else (event.window.start + shortest)
            )
            pauses.append(_pause(seen, (now - end).total_seconds()))
        pause = min(pauses, default=USUAL_PAUSE)
        return max(min(pause, LONGEST_PAUSE), apart)


def _pause(seen: Sequence[_Seen], age_s: float) -> timedelta:
    """Return how long to wait with one that is not ready at an age."""
    left = [one for one in seen if one.share_until(age_s) < 1]
    if not left:
        return USUAL_PAUSE
    # Not much later than the first of them may have been.
    at_s = min(
        _age_of(SHARE, left, age_s),
        _age_of(FIRST_SHARE, left, age_s) + USUAL_PAUSE.total_seconds(),
    )
    return timedelta(seconds=at_s - age_s)


def _age_of(share: float, left: Sequence[_Seen], age_s: float) -> float:
    """Return by which age such a share was ready, of those that were not at one."""
    before = sum(one.share_until(age_s) for one in left)
    wanted = before + share * (len(left) - before)
    low_s, high_s = age_s, max(one.ready_s for one in left)
    while high_s - low_s > _STEP_S:
        middle_s = (low_s + high_s) / 2
        if sum(one.share_until(middle_s) for one in left) >= wanted:
            high_s = middle_s
        else:
            low_s = middle_s
    return high_s
