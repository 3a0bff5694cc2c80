"""Which fragments of a stream are asked for together. Pure arithmetic.

The rules are those of https://docs.aws.amazon.com/kinesisvideostreams/latest/dg/:
API_reader_GetClip, API_reader_ListFragments and limits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
import itertools
import math
from typing import Any

from ...model import Part
from ...time_range import Placing, Window

# A request comes only so fast; the quotas count fragments, not requests.
PARTS_AT_ONCE = 6
# GetClip silently stops after 200 fragments or 100 MB; these stay clear of both. Its
# third limit, 24 hours, is out of reach of so few fragments.
MOST_FRAGMENTS = 190
MOST_BYTES = 90_000_000
# What is asked for at once, so that all that may come side by side does and none is
# waited for at the end. A request for less than the least would gain nothing.
PART_BYTES = 30_000_000
LEAST_PART_BYTES = 8_000_000
LONGEST_FRAGMENT_MS = 20_000
SHORTEST_FRAGMENT_MS = 1000
# A timestamp after the year 2100 is none.
LATEST_S = 4_102_444_800
# What is asked for at once where the fragments may not be listed, as in AWS's sample.
BLIND_PART = timedelta(minutes=3)
# A pause between two fragments, in lengths of the first, after which a clip's time
# would no longer be the wall clock's. By the producer's clock: arrival varies more.
LONGEST_PAUSE = 0.5
# A clip is as long as its fragments but for half of one, and for how lengths are rounded.
LEAST_TOLERANCE_MS = 500


@dataclass(frozen=True, kw_only=True, order=True)
class Fragment:
    """A fragment: `start_ms` is by the timestamps that were asked for.

    `produced_ms` is by the producer's, whatever was asked for. `is_copy`: it was sent
    before, and GetClip gives it once more to who asks by the time of arrival.
    """

    start_ms: int
    produced_ms: int
    length_ms: int
    size_bytes: int
    is_copy: bool = False

    @property
    def end_ms(self) -> int:
        """When it ends."""
        return self.start_ms + self.length_ms

    def follows(self, before: Fragment) -> bool:
        """Return whether its footage goes on where another's ends, without a pause."""
        distance_ms = self.produced_ms - before.produced_ms
        return 0 <= distance_ms <= before.length_ms * (1 + LONGEST_PAUSE)


@dataclass(frozen=True, kw_only=True)
class KinesisPart(Part):
    """Some fragments, by when each starts and how long it is.

    Where fragments may not be listed there are none: whatever starts in the window.
    """

    starts_ms: tuple[int, ...] = ()
    lengths_ms: tuple[int, ...] = ()


def in_order(found: Sequence[Mapping[str, Any]], selector: str) -> list[Fragment]:
    """Sort what ListFragments gave "in no specific order" by the chosen timestamps."""
    is_by_arrival = selector == "SERVER_TIMESTAMP"
    name = "ServerTimestamp" if is_by_arrival else "ProducerTimestamp"
    # What was sent twice has one time of the producer's; GetClip gives the oldest.
    originals: dict[int, Fragment] = {}
    copies: list[Fragment] = []
    for one in sorted(found, key=lambda one: int(one["FragmentNumber"])):
        produced_ms = epoch_ms(one["ProducerTimestamp"])
        fragment = Fragment(
            start_ms=epoch_ms(one[name]),
            produced_ms=produced_ms,
            length_ms=min(
                max(int(one.get("FragmentLengthInMilliseconds") or 0), 0),
                LONGEST_FRAGMENT_MS,
            ),
            size_bytes=int(one.get("FragmentSizeInBytes") or 0),
            is_copy=produced_ms in originals,
        )
        if not fragment.is_copy:
            originals[produced_ms] = fragment
        elif is_by_arrival:
            copies.append(fragment)
    return sorted([*_with_lengths(originals), *copies])


def _with_lengths(originals: Mapping[int, Fragment]) -> list[Fragment]:
    """Return fragments, by the producer's time of each, with their true lengths.

    That is the distance to the next one where the producer reported about as much, or
    nothing.
    """
    order = sorted(originals)
    fragments: list[Fragment] = []
    for produced_ms, next_ms in itertools.zip_longest(order, order[1:]):
        length_ms = originals[produced_ms].length_ms
        distance_ms = next_ms - produced_ms if next_ms else 0
        if abs(distance_ms - length_ms) <= length_ms * LONGEST_PAUSE:
            length_ms = distance_ms
        length_ms = length_ms or min(distance_ms, LONGEST_FRAGMENT_MS)
        if not length_ms:
            length_ms = fragments[-1].length_ms if fragments else SHORTEST_FRAGMENT_MS
        fragments.append(replace(originals[produced_ms], length_ms=length_ms))
    return fragments


def batches(fragments: Sequence[Fragment]) -> list[list[Fragment]]:
    """Split fragments into runs that one GetClip gives whole, and that have no pause.

    A range of time selects just one run: none ends between fragments that start at one
    moment, or has a copy among its own.
    """
    moments: list[list[Fragment]] = []
    for fragment in fragments:
        if moments and not are_apart(moments[-1][-1].start_ms, fragment.start_ms):
            moments[-1].append(fragment)
        else:
            moments.append([fragment])
    wanted_bytes = _wanted_bytes(fragments)
    runs: list[list[Fragment]] = []
    run: list[Fragment] = []
    size_bytes = 0
    for moment in moments:
        more = [fragment for fragment in moment if not fragment.is_copy]
        if not more:
            run = []
            continue
        more_bytes = sum(fragment.size_bytes for fragment in more)
        if (
            not run
            or size_bytes >= wanted_bytes
            or len(run) + len(more) > MOST_FRAGMENTS
            or size_bytes + more_bytes > MOST_BYTES
            or not more[0].follows(run[-1])
        ):
            run = []
            runs.append(run)
            size_bytes = 0
        run += more
        size_bytes += more_bytes
    return runs


def _wanted_bytes(fragments: Sequence[Fragment]) -> float:
    """Return how much of some fragments is asked for at once, as far as it may be."""
    sizes_bytes = [one.size_bytes for one in fragments if not one.is_copy]
    all_bytes, at_once = sum(sizes_bytes), PARTS_AT_ONCE
    count = max(
        math.ceil(len(sizes_bytes) / MOST_FRAGMENTS),
        math.ceil(all_bytes / PART_BYTES),
        min(all_bytes // LEAST_PART_BYTES, at_once),
    )
    if count > at_once:
        # The last of them come together too.
        count = math.ceil(count / at_once) * at_once
    return all_bytes / count if all_bytes else MOST_BYTES


def are_apart(start_ms: int, next_ms: int) -> bool:
    """Return whether a range can end with one fragment and leave out the next."""
    return next_ms - start_ms > 1


def parts_of(runs: Sequence[Sequence[Fragment]]) -> list[KinesisPart]:
    """Make a part of each run; one that goes on where another ends begins there.

    By the time of arrival it may seem to begin earlier or later.
    """
    parts: list[KinesisPart] = []
    for number, run in enumerate(runs):
        start_ms = run[0].start_ms
        if number and run[0].follows(runs[number - 1][-1]):
            start_ms = parts[-1].window.end_ms
        starts = [fragment.start_ms for fragment in run]
        lengths = [fragment.length_ms for fragment in run]
        parts.append(part_of(start_ms, starts, lengths))
    return parts


def part_of(
    start_ms: int, starts_ms: Sequence[int], lengths_ms: Sequence[int]
) -> KinesisPart:
    """Make a part of the fragments that start at these times."""
    return KinesisPart(
        window=Window.of_ms(start_ms, start_ms + sum(lengths_ms)),
        placing=Placing.SEQUENCE,
        tolerance=timedelta(milliseconds=max(min(lengths_ms) // 2, LEAST_TOLERANCE_MS)),
        starts_ms=tuple(starts_ms),
        lengths_ms=tuple(lengths_ms),
    )


def blind_parts(window: Window, placing: Placing) -> list[KinesisPart]:
    """Make parts of whatever fragments start in a window.

    Each but the first may begin up to a fragment late, just where the one before ends.
    """
    return [
        KinesisPart(window=part, placing=Placing.LOOSE if number else placing)
        for number, part in enumerate(window.split(BLIND_PART))
    ]


def epoch_ms(seconds: float) -> int:
    """Return epoch milliseconds. Raises ValueError for what no clock ever showed."""
    if not 0 <= seconds < LATEST_S:
        raise ValueError(seconds)
    # A float of today is exact to 0.0003 ms only; what is left after that is cut off,
    # so that a range that begins with a fragment never begins after it.
    return int(seconds * 1000 + 0.001)
