"""What becomes of each kind of footage: the files, the status, the gaps."""

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
import threading

import pytest

from custom_components.clip_download.engine.folder import Folder
from custom_components.clip_download.engine.media.clip_file import (
    Finished,
    Piece,
    finish,
)
from tests.clouds.footage import Seen, seen

from .inputs import (
    DOOR,
    INPUTS,
    START,
    Input,
    between,
    frame_count,
    piece,
    transport_packets,
)
from .oracle import _check_strictly as check_strictly
from .sound_check import check_sound

type Gaps = list[tuple[float, float]]
# As many as the last frames of either stream take.
LAST_PACKETS = 40


@dataclass(frozen=True)
class Verdict:
    """How many frames come, how many each file has, the gaps in seconds after START.

    `first_s` is when the first one is filmed. `sound` is what becomes of the sound.
    """

    come: int
    files: tuple[int, ...]
    gaps: Gaps
    is_complete: bool
    first_s: float = 0
    sound: str | None = "aac"
    sound_was: str | None = None


def whole(
    *files: int,
    first_s: float = 0,
    come: int | None = None,
    sound: str = "aac",
    sound_was: str | None = None,
) -> Verdict:
    """Return that nothing is missing."""
    came = sum(files) if come is None else come
    return Verdict(came, files, [], True, first_s, sound, sound_was)


def partial(
    come: int, frames: int, *gaps: tuple[float, float], first_s: float = 0
) -> Verdict:
    """Return that something is missing."""
    return Verdict(come, (frames,), list(gaps), False, first_s)


VERDICTS = {
    # A frame that is decoded from the one before says that nothing is missing between.
    **{
        f"{name}, {container}": verdict
        for container in ("mp4", "mpegts")
        for name, verdict in (
            ("a pause of 1.2 s, GOP 4 s", whole(600)),
            ("a pause of 1.2 s, GOP 10 s", whole(600)),
            ("10 fps, then 0.5", whole(630)),
            ("10 fps, then about 1", whole(661)),
            ("10 fps, then 0.8, GOP 25 s", whole(648)),
            ("9.5 s missing between key frames", partial(505, 505, (20.5, 30))),
            ("open GOPs, cut", whole(84, come=200, first_s=4)),
            ("open GOPs that forget, cut", whole(135, come=180, first_s=2)),
        )
    },
    "2 s missing of 6": partial(40, 40, (4, 6)),
    "1.2 s missing of 5": partial(38, 38, (3.8, 5)),
    "0.5 s missing of 3": whole(25),
    # Nothing tells at which end of its window a part is short, but it is told.
    **{
        f"three parts 1.5 s late, {clock}": partial(
            255, 255, (8.5, 10), (18.5, 20), (28.5, 30), first_s=1.5
        )
        for clock in ("own clocks", "camera's clock")
    },
    **{
        f"{name}, {clock}": verdict
        for clock in ("own", "camera")
        for name, verdict in (
            ("the same 10 s in two parts", partial(200, 100, (10, 20))),
            ("2 s twice inside of a part", whole(400, come=420)),
        )
    },
    "a part that claims too long": whole(100),
    # Less than a second is no gap.
    "one frame": whole(1),
    "one frame between others": whole(81),
    "no first key frame": whole(90, come=99, first_s=1),
    "1 % of the packets lost": whole(87, come=100, first_s=1),
    "a burst lost": partial(92, 89, (4.9, 6)),
    "garbage in between": whole(100),
    "cut off": partial(60, 60, (6, 10)),
    "another size": whole(30, 30),
    "ADTS of two rates in a part": whole(100, sound_was="aac"),
    "ADTS of two rates in two parts": whole(50, 50),
    "MP2": whole(100, sound_was="mp2"),
    "Opus": whole(100, sound="opus"),
    "MP3": whole(100, sound="mp3"),
    "AAC of 48 kHz": whole(100),
    "a hole in the picture, sound goes on": partial(80, 80, (4, 6)),
    "a hole in the picture, and in the sound": partial(80, 80, (4, 6)),
    # With clocks that begin anew, the second part does not tell where the first one lies.
    "a first part without its start, own clocks": partial(160, 160, (6, 10), first_s=4),
    "a first part without its start, camera's clock": partial(
        160, 160, (0, 4), first_s=4
    ),
    # At which end it is too much, is not known.
    "2 s too much at the end, own clocks": whole(320, come=360),
    "2 s too much at the end, camera's clock": whole(320, come=360),
    "an MP4 that is moved": whole(60),
    "B-frames, cut at both ends": whole(54, come=200, first_s=4),
    "an edit list": whole(80),
    "a fragmented MP4": whole(80),
    "many parts, TS": whole(240),
    "many parts, MP4": whole(240),
    "G.711": whole(50, come=60, sound_was="pcm_alaw"),
    "HEVC": whole(60),
    "no sound in the middle": whole(120),
}


def test_each_has_a_verdict() -> None:
    """No input is without a verdict, no verdict without an input."""
    assert sorted(VERDICTS) == sorted(one.name for one in INPUTS)


@pytest.mark.parametrize("one", INPUTS, ids=[one.name for one in INPUTS])
def test_input(tmp_path: Path, one: Input) -> None:
    """Each is finished as its verdict says, and plays."""
    verdict = VERDICTS[one.name]
    pieces, window = one.make(tmp_path)
    assert sum(frame_count(each.file.path) for each in pieces) == verdict.come
    finished = finish(
        pieces, window, Folder.open(tmp_path), cancelled=threading.Event()
    )
    frames = [shown(made.file.path) for made in finished.files]
    assert tuple(map(len, frames)) == verdict.files
    moments = [each.moment for file in frames for each in file]
    assert all(before < after for before, after in pairwise(moments))
    assert (moments[0] - START).total_seconds() == pytest.approx(verdict.first_s)
    assert gaps_of(finished) == verdict.gaps
    assert finished.is_complete == verdict.is_complete
    for made in finished.files:
        assert (made.audio_codec, made.sound_was) == (verdict.sound, verdict.sound_was)


@pytest.mark.parametrize("left", range(LAST_PACKETS))
def test_part_that_breaks_off(tmp_path: Path, left: int) -> None:
    """A part that ends within a frame, of picture or sound, is joined with the next."""
    first = piece(tmp_path, between(0, 3), DOOR, name="0.ts")
    second = piece(tmp_path, between(3, 6), DOOR, name="1.ts")
    data = transport_packets(first.file.path)
    first.file.path.write_bytes(b"".join(data[: len(data) - left]))
    finished = finish_all(tmp_path, [first, second])
    (frames,) = (shown(made.file.path) for made in finished.files)
    assert 55 <= len(frames) <= 60
    moments = [each.moment for each in frames]
    assert all(before < after for before, after in pairwise(moments))
    assert finished.is_complete


def finish_all(folder: Path, pieces: list[Piece]) -> Finished:
    """Finish parts for the window that they were asked for."""
    window = between(0, (pieces[-1].window.end - START).total_seconds())
    return finish(pieces, window, Folder.open(folder), cancelled=threading.Event())


def shown(path: Path) -> list[Seen]:
    """Return what a file's frames show, once all in it is decoded without a complaint."""
    check_strictly(path, is_open=False)
    check_sound(path)
    return list(seen(path))


def gaps_of(finished: Finished) -> Gaps:
    """Return the gaps in seconds after START."""
    return [(second(one.start), second(one.end)) for one in finished.missing]


def second(moment: datetime) -> float:
    """Return a moment in seconds after START, to the nearest frame."""
    return round((moment - START).total_seconds(), 1)
