"""Whether a file's sound is heard when what made it is seen.

Beeps mark whole seconds, and their tones tell eight of these apart.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise, starmap
from pathlib import Path
from typing import NamedTuple, cast

import av
import numpy as np
from numpy.typing import NDArray

from tests.clouds.footage import LOOP_S, Seen, seen, tone_hz

# How much is listened to at once, and how loud a beep is at least.
_BLOCK_S = 0.01
_LOUD = 0.05
# Of a beep that is cut off, nobody knows when it began.
_WHOLE_BLOCKS = 8
# Only where frames are so near to each other is it known what is seen in between.
_NEAR_S = 1.0
_BESIDE_S = 0.1


class Beep(NamedTuple):
    """A beep: when it begins in its file, and which second it marks, of eight."""

    at_s: float
    second: int


class _Block(NamedTuple):
    at_s: float
    # How loud each of the tones is.
    powers: NDArray[np.float64]


def beeps(path: Path) -> list[float]:
    """Return at what times of a file the beeps begin that mark whole seconds."""
    return [blocks[0].at_s for blocks in _beeps(_blocks(path))]


def heard(path: Path, *, counted: bool = False) -> list[Beep]:
    """Return the whole beeps of a file.

    `counted`: as a player hears them that plays all samples one after the other,
    whatever their times say. Chromium does.
    """
    return [
        Beep(
            blocks[0].at_s,
            int(np.sum([block.powers for block in blocks], axis=0).argmax()),
        )
        for blocks in _beeps(_blocks(path, counted=counted))
        if len(blocks) >= _WHOLE_BLOCKS
    ]


def out_of_step(frames: Sequence[Seen], sounds: Iterable[Beep]) -> list[float]:
    """Return how much later each beep is heard than its second is seen, in seconds.

    But for those beside something that was left out: they may belong to either side.
    """
    times_s = [frame.at_s for frame in frames]
    late_s = []
    for beep in sounds:
        first = bisect_right(times_s, beep.at_s - _BESIDE_S)
        number = bisect_right(times_s, beep.at_s)
        last = bisect_right(times_s, beep.at_s + _BESIDE_S)
        if first == 0 or last == len(frames):
            continue
        if not all(starmap(_is_near, pairwise(frames[first - 1 : last + 1]))):
            continue
        before, after = frames[number - 1 : number + 1]
        share = (beep.at_s - before.at_s) / (after.at_s - before.at_s)
        moment_s = (before.moment + share * (after.moment - before.moment)).timestamp()
        late_s.append((moment_s - beep.second + LOOP_S / 2) % LOOP_S - LOOP_S / 2)
    return late_s


def _is_near(before: Seen, after: Seen) -> bool:
    """Return whether frames are as far apart as filmed, and that is not far."""
    shown_s = after.at_s - before.at_s
    filmed_s = (after.moment - before.moment).total_seconds()
    return 0 < shown_s <= _NEAR_S and abs(filmed_s - shown_s) <= _BESIDE_S


def check_sound(path: Path, *, latest_s: float = 0.1) -> int:
    """Check that each beep is heard when its second is seen; return how many were.

    They are held against the picture twice: by their times, and as Chromium plays them.
    """
    frames = list(seen(path))
    late_s = out_of_step(frames, heard(path))
    worst_s = max(late_s, key=abs, default=0)
    assert abs(worst_s) <= latest_s, f"sound is late by {worst_s:.2f} s"
    worst_s = max(out_of_step(frames, heard(path, counted=True)), key=abs, default=0)
    assert abs(worst_s) <= latest_s, f"in Chromium, sound is late by {worst_s:.2f} s"
    return len(late_s)


def _blocks(path: Path, *, counted: bool = False) -> Iterator[_Block]:
    """Listen to a file's sound, block by block."""
    begins_s: float | None = None
    samples = np.zeros(0)
    count = 0
    with av.open(path) as container:
        for frame in container.decode(audio=0):
            rate_hz = frame.sample_rate
            size = int(rate_hz * _BLOCK_S)
            at_s = cast("float", frame.time)
            if begins_s is None:
                begins_s = at_s
            ends_s = begins_s + count / rate_hz
            if not counted and abs(at_s - ends_s) > _BLOCK_S / 2:
                samples, begins_s, count = np.zeros(0), at_s, 0
            at_s = begins_s + (count - len(samples)) / rate_hz
            count += frame.samples
            samples = np.concatenate([samples, frame.to_ndarray()[0].astype(float)])
            whole = len(samples) // size * size
            parts = samples[:whole].reshape(-1, size)
            samples = samples[whole:]
            for number, power in enumerate(np.abs(parts @ _tones(rate_hz, size))):
                yield _Block(at_s + number * _BLOCK_S, power / size)


def _tones(rate_hz: int, size: int) -> NDArray[np.complex128]:
    """Return what to multiply a block of samples with to hear each tone."""
    tones_hz = np.array([tone_hz(second) for second in range(LOOP_S)])
    time_s = np.arange(size)[:, np.newaxis] / rate_hz
    return np.exp(-2j * np.pi * tones_hz * time_s)


def _beeps(blocks: Iterable[_Block]) -> Iterator[list[_Block]]:
    """Yield the loud blocks that follow on each other, and on a silent one."""
    silent_since_s = -1.0
    loud: list[_Block] = []
    for block in blocks:
        before_s = loud[-1].at_s if loud else silent_since_s
        is_next = before_s >= 0 and 0 <= block.at_s - before_s < 1.5 * _BLOCK_S
        is_loud = block.powers.max() >= _LOUD
        if loud and not (is_loud and is_next):
            yield loud
            loud = []
        elif is_loud and is_next:
            loud.append(block)
        if not is_loud:
            silent_since_s = block.at_s
    if loud:
        yield loud
