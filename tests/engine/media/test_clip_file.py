"""Fetched footage becomes files that play, and show what was asked for: all decoded."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
import errno
from fractions import Fraction
import hashlib
from itertools import pairwise
import os
from pathlib import Path
import resource
import signal
import subprocess
import sys
import textwrap
import threading
from typing import cast, override
from unittest.mock import Mock

import av
from av.packet import Packet
from av.stream import Stream
import numpy as np
import pytest

from custom_components.clip_download.engine.errors import (
    BodyError,
    ClipError,
    CloudError,
)
from custom_components.clip_download.engine.folder import File, Folder
from custom_components.clip_download.engine.media import clip_file
from custom_components.clip_download.engine.media.clip_file import (
    Cancelled,
    Made,
    Piece,
    finish,
    inspect,
    picture,
)
from custom_components.clip_download.engine.media.container import TooLargeError
from custom_components.clip_download.engine.media.probe import KeyFrames, probe
from custom_components.clip_download.engine.media.segments import assemble
from custom_components.clip_download.engine.media.sound import silent_packet
from custom_components.clip_download.engine.time_range import Placing, Window, gaps
from tests.clouds.footage import (
    CLOCK_TICKS,
    TICKS_PER_MS,
    Footage,
    Seen,
    Shot,
    clock_ticks,
    seen,
    write,
)
from tests.engine.opener import Opener

from .sound_check import beeps

# In the middle of nothing: 29 s before a GOP of 10 s begins, 1 s into one of 4 s.
START = datetime(2026, 11, 21, 8, 0, 1, tzinfo=UTC)
# How long it is until the clock of transport streams runs over.
LEFT_S = (CLOCK_TICKS - clock_ticks(START)) / TICKS_PER_MS / 1000
FRAME = timedelta(milliseconds=100)
MS = timedelta(milliseconds=1)

DOOR = Footage("Front door")
# The same camera with other parameter sets, and with another size.
DOOR_REORDERED = Footage("Front door", b_frames=2)
DOOR_SMALL = Footage("Front door", width=240, height=136)
DOOR_SILENT = Footage("Front door", audio=None)
DOOR_G711 = Footage("Front door", audio="alaw")
DOOR_HEVC = Footage("Front door", codec="hevc")
DOOR_HEVC_REORDERED = Footage("Front door", codec="hevc", b_frames=2)
# A key frame each four seconds.
DOOR_SPARSE = Footage("Front door", gop_frames=40)

NOT_CANCELLED = threading.Event()


def at(second: float) -> datetime:
    """Return a moment, counted from START."""
    return START + timedelta(seconds=second)


def between(start: float, end: float) -> Window:
    """Return a window, counted from START."""
    return Window(at(start), at(end))


def piece(
    path: Path, window: Window, shots: Sequence[Shot] | Footage, **options: str | bool
) -> Piece:
    """Write a part as a cloud would hand it over."""
    lead_in = bool(options.pop("lead_in", False))
    if isinstance(shots, Footage):
        shots = [Shot(shots, window.start, window.end, exact=not lead_in)]
    container = "mp4" if path.suffix == ".mp4" else "mpegts"
    write(path, shots, container=container, **options)  # type: ignore[arg-type]
    placing = Placing.REQUESTED if lead_in else Placing.RECORDING
    return Piece(file=File.at(path), window=window, placing=placing)


@dataclass(frozen=True, kw_only=True)
class Clip(Made):
    """A file, and what is said of all files of its window."""

    covered: tuple[Window, ...]
    missing: tuple[Window, ...]
    is_complete: bool


def finished(
    pieces: Sequence[Piece],
    window: Window,
    folder: Path,
    *,
    audio: bool = True,
    cancelled: threading.Event = NOT_CANCELLED,
) -> list[Clip]:
    """Finish; return the files."""
    result = finish(
        pieces, window, Folder.open(folder), audio=audio, cancelled=cancelled
    )
    return [
        Clip(
            **vars(made),
            covered=result.covered,
            missing=result.missing,
            is_complete=result.is_complete,
        )
        for made in result.files
    ]


def made_of(
    pieces: Sequence[Piece], window: Window, folder: Path, *, audio: bool = True
) -> list[Clip]:
    """Finish, and check of each file what must hold for all."""
    made = finished(pieces, window, folder, audio=audio)
    for one in made:
        check(one, window)
    return made


def check(made: Clip, window: Window) -> None:
    """Check that a file is what is said of it, and that players can show it."""
    frames = list(seen(made.file.path))
    assert [frame.camera for frame in frames] == [DOOR.camera] * len(frames)
    moments = [frame.moment for frame in frames]
    assert abs(made.window.start - moments[0]) <= MS
    assert abs(made.window.end - moments[-1] - FRAME) <= MS
    assert all(before < after for before, after in pairwise(moments))
    assert frames[0].at_s == 0
    assert all(before.at_s < after.at_s for before, after in pairwise(frames))
    for stretch in made.covered:
        assert window.start <= stretch.start < stretch.end <= window.end
    with av.open(made.file.path) as container:
        video = container.streams.video[0]
        assert made.video_codec == video.codec_context.codec.canonical_name
        assert (made.width, made.height) == (video.width, video.height)
        heard = [
            one.codec_context.codec.canonical_name for one in container.streams.audio
        ]
        assert heard == [made.audio_codec] * len(heard)
        assert [one.type for one in container.streams][2:] == []
        length_s = float(cast("int", video.duration) * video.time_base)
        assert length_s == pytest.approx(made.duration.total_seconds(), abs=0.005)
        assert length_s == pytest.approx(frames[-1].at_s + 0.1, abs=0.005)
        # Nobody has to wait for the sound alone.
        assert cast("int", container.duration) / 1e6 < length_s + 0.2
        if not made.file.path.name.startswith("made"):
            return
        assert container.metadata["creation_time"].startswith(
            f"{made.window.start:%Y-%m-%dT%H:%M:%S.}"
        )
        times = [
            (packet.dts, packet.pts)
            for packet in container.demux(video)
            if packet.dts is not None
        ]
    assert all(before[0] < after[0] for before, after in pairwise(times))
    assert all(dts <= cast("int", pts) for dts, pts in times)
    assert boxes(made.file.path)[:2] == ["ftyp", "moov"]


def boxes(path: Path) -> list[str]:
    """Return the kinds of an MP4's top-level boxes."""
    data, kinds, position = path.read_bytes(), [], 0
    while position < len(data):
        kinds.append(data[position + 4 : position + 8].decode())
        position += int.from_bytes(data[position : position + 4])
    assert position == len(data)
    return kinds


def shown(made: Made) -> list[Seen]:
    """Return what each frame of a file shows."""
    return list(seen(made.file.path))


def seconds_shown(made: Made) -> list[float]:
    """Return when each frame of a file was filmed, in seconds after START."""
    return [(frame.moment - START).total_seconds() for frame in shown(made)]


def span(start: float, end: float) -> list[float]:
    """Return the times of all frames from one second to another."""
    return [round(n / 10, 1) for n in range(round(start * 10), round(end * 10))]


def check_sync(made: Made, *, at_least: int) -> None:
    """Check that each beep is heard when the second that it marks is seen."""
    frames = shown(made)
    heard = beeps(made.file.path)
    assert len(heard) >= at_least
    for time_s in heard:
        seen_then = max(
            (frame for frame in frames if frame.at_s <= time_s + 0.05),
            key=lambda frame: frame.at_s,
        )
        moment = seen_then.moment.timestamp() + time_s - seen_then.at_s
        assert abs(moment - round(moment)) < 0.1


def test_one_transport_stream(tmp_path: Path) -> None:
    """A transport stream becomes an MP4 of the same frames and the same sound."""
    window = between(0, 10)
    (made,) = made_of([piece(tmp_path / "1.ts", window, DOOR)], window, tmp_path)
    assert seconds_shown(made) == span(0, 10)
    assert made.window == window
    assert made.covered == (window,)
    assert made.audio_codec == "aac"
    assert made.file.path.parent == tmp_path
    check_sync(made, at_least=9)


@pytest.mark.parametrize("name", ["1.ts", "1.mp4"])
@pytest.mark.parametrize("footage", [DOOR, DOOR_REORDERED, DOOR_HEVC_REORDERED])
def test_cut_at_both_ends(tmp_path: Path, name: str, footage: Footage) -> None:
    """A cut begins at the key frame before the window, and ends with it."""
    whole = piece(tmp_path / name, between(0, 20), footage)
    (made,) = made_of([whole], between(4.5, 9.2), tmp_path)
    times = seconds_shown(made)
    assert times[0] == 4
    # Frames are there to decode others from, two at most.
    assert 9.1 <= times[-1] < 9.15 + 0.1 * footage.b_frames
    assert times == span(4, times[-1] + 0.1)
    assert made.covered == (between(4.5, 9.2),)
    check_sync(made, at_least=4)


def test_cut_keeps_all_that_is_asked_for(tmp_path: Path) -> None:
    """With a key frame each four seconds, a cut begins up to four seconds early."""
    whole = piece(tmp_path / "1.mp4", between(0, 20), DOOR_SPARSE, lead_in=True)
    (made,) = made_of([whole], between(10, 12), tmp_path)
    assert seconds_shown(made) == span(7, 12)
    assert made.covered == (between(10, 12),)


@pytest.mark.parametrize(
    "window", [between(0, 10), between(0.9, 9.2), between(-1, 11), between(-60, 60)]
)
def test_mp4_that_fits_is_only_moved(tmp_path: Path, window: Window) -> None:
    """An MP4 that is hardly longer than the window stays as it came, to the byte."""
    whole = piece(tmp_path / "1.mp4", between(0, 10), DOOR)
    before = hashlib.sha256(whole.file.path.read_bytes()).digest()
    (made,) = made_of([whole], window, tmp_path)
    assert made.file.path == whole.file.path
    assert hashlib.sha256(made.file.path.read_bytes()).digest() == before
    assert made.window == between(0, 10)
    assert made.duration == timedelta(seconds=10)
    assert made.audio_codec == "aac"


@pytest.mark.parametrize(
    ("footage", "options", "window", "audio"),
    [
        (DOOR, {}, between(0, 8.5), True),
        (DOOR, {}, between(1.5, 10), True),
        (DOOR, {"faststart": False}, between(0, 10), True),
        (DOOR, {}, between(0, 10), False),
        (DOOR_HEVC, {}, between(0, 10), True),
    ],
    ids=["too long behind", "too long before", "index behind", "no sound", "hev1"],
)
def test_mp4_that_does_not_fit_is_made_anew(
    tmp_path: Path,
    footage: Footage,
    options: dict[str, bool],
    window: Window,
    audio: bool,
) -> None:
    """An MP4 that is too long, or that not all players take, is written anew."""
    whole = piece(tmp_path / "1.mp4", between(0, 10), footage, **options)
    (made,) = made_of([whole], window, tmp_path, audio=audio)
    assert made.file.path != whole.file.path
    first, last = window.start - START, window.end - START
    assert seconds_shown(made) == span(
        first // timedelta(seconds=1), last.total_seconds()
    )
    assert made.audio_codec == ("aac" if audio else None)


def test_hevc_is_tagged_for_apple(tmp_path: Path) -> None:
    """HEVC gets the tag that all players take; then it stays as it is."""
    window = between(0, 3)
    (made,) = made_of([piece(tmp_path / "1.ts", window, DOOR_HEVC)], window, tmp_path)
    with av.open(made.file.path) as container:
        assert container.streams.video[0].codec_context.codec_tag == "hvc1"
    again = made.file.path.rename(tmp_path / "2.mp4")
    (kept,) = made_of([Piece(file=File.at(again), window=window)], window, tmp_path)
    assert kept.file.path == again


@pytest.mark.parametrize("clock", ["clock", "zero"])
@pytest.mark.parametrize("footage", [DOOR_SPARSE, Footage("Front door", b_frames=2)])
def test_chunks_that_begin_early_are_joined(
    tmp_path: Path, clock: str, footage: Footage
) -> None:
    """Chunks from the key frame before: no frame twice, none lost, whatever the clock."""
    windows = [between(0, 10), between(10, 20), between(20, 28)]
    pieces = [
        piece(tmp_path / f"{n}.ts", window, footage, lead_in=True, pts=clock)
        for n, window in enumerate(windows)
    ]
    (made,) = made_of(pieces[::-1], between(0, 28), tmp_path)
    times = seconds_shown(made)
    assert times[0] == (-1 if footage is DOOR_SPARSE else 0)
    assert times == span(times[0], 28)
    assert [frame.at_s for frame in shown(made)] == pytest.approx(
        [time - times[0] for time in times], abs=0.002
    )
    assert made.covered == (between(0, 28),)
    check_sync(made, at_least=25)


@pytest.mark.parametrize("runs_over", [False, True])
def test_clock_tells_where_footage_really_lies(tmp_path: Path, runs_over: bool) -> None:
    """On one clock, a chunk whose first seconds are missing lies where it was filmed."""
    # It runs over in the middle of what is missing. libav itself sees to it in a file
    # that begins within a minute of that.
    length = 70 if runs_over else 10
    second = int(LEFT_S) - 2 if runs_over else length
    first, filmed, end = second - length, second + 4, second + 10
    footage = [
        piece(
            tmp_path / "0.ts", between(first, second), DOOR, pts="clock", lead_in=True
        ),
        piece(
            tmp_path / "1.ts",
            between(second, end),
            [Shot(DOOR, at(filmed), at(end))],
            pts="clock",
            lead_in=True,
        ),
    ]
    (made,) = made_of(footage, between(first, end), tmp_path)
    assert seconds_shown(made) == span(first, second) + span(filmed, end)
    assert made.covered == (between(first, second), between(filmed, end))
    # The hole is not sat through.
    assert made.duration == timedelta(seconds=length + 6)


def test_a_key_frame_like_another(tmp_path: Path) -> None:
    """That one key frame is like another by chance does not move a part by minutes."""
    windows = between(0, 10), between(600, 610)
    films = []
    for number, window in enumerate(windows):
        part = piece(tmp_path / f"{number}.ts", window, DOOR, lead_in=True)
        films.append((part, probe(part.file, NOT_CANCELLED, marks=True)))
    (alike, *_), (key, *rest) = (film.segments[0].keys for _, film in films)
    key = key._replace(marks=(alike.marks[0], key.marks[1]))
    films[1][1].segments[0].keys = KeyFrames.of([key, *rest])
    assembly = assemble(films, between(0, 610))
    assert assembly.covered == windows


def test_a_fast_clock(tmp_path: Path) -> None:
    """What comes in a row and is longer than its window has an end that is known, too."""
    long = piece(tmp_path / "0.ts", between(0, 10), [Shot(DOOR, at(0), at(10.5))])
    long = replace(long, placing=Placing.SEQUENCE)
    (made,) = made_of([long], between(0, 10), tmp_path)
    assert seconds_shown(made) == span(0, 10.5)


@pytest.mark.parametrize("suffix", ["mp4", "ts"])
@pytest.mark.parametrize("footage", [DOOR, DOOR_REORDERED, DOOR_HEVC])
def test_neighbours_are_joined(tmp_path: Path, suffix: str, footage: Footage) -> None:
    """Neighbours that begin where the one before ends become one file, in step."""
    windows = [between(0, 5), between(5, 10), between(10, 13)]
    pieces = [
        piece(tmp_path / f"{n}.{suffix}", window, footage)
        for n, window in enumerate(windows)
    ]
    (made,) = made_of(pieces, between(0.5, 12.5), tmp_path)
    times = seconds_shown(made)
    assert times == span(0, times[-1] + 0.1)
    assert 12.4 <= times[-1] < 12.45 + 0.1 * footage.b_frames
    assert [frame.at_s for frame in shown(made)] == pytest.approx(times, abs=0.002)
    check_sync(made, at_least=11)


def test_recordings_that_overlap(tmp_path: Path) -> None:
    """What two recordings show is taken once; what lies inside another is left out."""
    pieces = [
        piece(tmp_path / "0.mp4", between(0, 10), DOOR),
        piece(tmp_path / "1.mp4", between(3, 6), DOOR),
        piece(tmp_path / "2.mp4", between(7, 15), DOOR_REORDERED),
        piece(tmp_path / "3.mp4", between(16, 18), DOOR),
    ]
    (made,) = made_of(pieces, between(2, 20), tmp_path)
    assert seconds_shown(made) == span(2, 15) + span(16, 18)
    assert made.covered == (between(2, 15), between(16, 18))
    check_sync(made, at_least=13)


def test_overlap_before_the_window(tmp_path: Path) -> None:
    """Where a later recording begins before the window, no earlier one is needed."""
    pieces = [
        piece(tmp_path / "0.mp4", between(-1, 10), DOOR_SPARSE),
        piece(tmp_path / "1.mp4", between(4, 15), DOOR),
    ]
    (made,) = made_of(pieces, between(6.5, 13), tmp_path)
    assert seconds_shown(made) == span(6, 13)


def test_overlap_within_a_gop(tmp_path: Path) -> None:
    """A recording that begins between two frames of another goes on there."""
    late = Window(at(4) + 55 * MS, at(8) + 55 * MS)
    pieces = [
        piece(tmp_path / "0.mp4", between(0, 5), DOOR),
        piece(tmp_path / "1.mp4", late, [Shot(DOOR, at(4), at(8))]),
    ]
    made = finished(pieces, between(0, 9), tmp_path)
    frames = shown(made[0])
    # The second one says that it was filmed 55 ms later than it was.
    assert [frame.at_s for frame in frames] == pytest.approx(
        [*span(0, 4.1), *(time + 0.055 for time in span(4, 8))], abs=0.002
    )


def test_hole_between_parts_is_reported(tmp_path: Path) -> None:
    """What nobody filmed is closed up in the file, and told."""
    pieces = [
        piece(tmp_path / "0.mp4", between(1, 4), DOOR),
        piece(tmp_path / "1.mp4", between(9, 12), DOOR),
    ]
    window = between(0, 15)
    (made,) = made_of(pieces, window, tmp_path)
    assert made.covered == (between(1, 4), between(9, 12))
    assert made.missing == (between(4, 9), between(12, 15))
    assert made.window == between(1, 12)
    assert made.duration == timedelta(seconds=6)
    check_sync(made, at_least=5)


@pytest.mark.parametrize("name", ["1.ts", "1.mp4"])
@pytest.mark.parametrize("lead_in", [True, False])
def test_hole_inside_a_part(tmp_path: Path, name: str, lead_in: bool) -> None:
    """A forward jump of the timestamps is a hole of that length."""
    footage = DOOR_SPARSE if lead_in else DOOR
    whole = piece(
        tmp_path / name,
        between(0, 20),
        [
            Shot(footage, at(0), at(6)),
            Shot(footage, at(11), at(13)),
            Shot(footage, at(15), at(20)),
        ],
        lead_in=lead_in,
    )
    (made,) = made_of([whole], between(0, 20), tmp_path)
    early = -1 if lead_in else 0
    assert seconds_shown(made) == span(early, 6) + span(11, 13) + span(15, 20)
    assert made.covered == (between(0, 6), between(11, 13), between(15, 20))
    assert made.duration == timedelta(seconds=13 - early)
    check_sync(made, at_least=12)


def test_hole_that_another_part_fills(tmp_path: Path) -> None:
    """A part's hole is filled from another part that has it."""
    pieces = [
        piece(
            tmp_path / "0.ts",
            between(0, 20),
            [Shot(DOOR, at(0), at(6)), Shot(DOOR, at(11), at(20))],
        ),
        piece(tmp_path / "1.ts", between(5, 12), DOOR),
    ]
    (made,) = made_of(pieces, between(0, 20), tmp_path)
    assert seconds_shown(made) == span(0, 20)
    assert made.covered == (between(0, 20),)
    check_sync(made, at_least=18)


def test_slow_frames_are_no_holes(tmp_path: Path) -> None:
    """A camera that films one frame in two seconds has no holes in between."""
    slow = tmp_path / "slow.mp4"
    piece(tmp_path / "1.mp4", between(0, 2), DOOR_SILENT)
    rewrite(tmp_path / "1.mp4", slow, lambda time, _: time * 20)
    window = between(0, 40)
    made = finished(
        [Piece(file=File.at(slow), window=window)],
        between(0, 15),
        tmp_path,
        cancelled=NOT_CANCELLED,
    )
    assert made[0].file.path != slow
    assert [frame.at_s for frame in shown(made[0])] == pytest.approx(
        [2 * n for n in range(8)], abs=0.001
    )
    assert made[0].covered == (between(0, 15),)


def test_clock_that_was_set_ahead(tmp_path: Path) -> None:
    """A jump that leads out of the window is none that anything is missing in."""
    whole = piece(
        tmp_path / "1.ts",
        between(0, 10),
        [Shot(DOOR, at(0), at(4)), Shot(DOOR, at(3604), at(3610))],
    )
    (made,) = made_of_unchecked(whole, between(0, 10), tmp_path)
    assert seconds_shown(made) == span(0, 4) + span(3604, 3610)
    assert [frame.at_s for frame in shown(made)] == pytest.approx(
        span(0, 10), abs=0.002
    )
    assert made.covered == (between(0, 10),)
    check_sync(made, at_least=9)


def made_of_unchecked(whole: Piece, window: Window, folder: Path) -> list[Clip]:
    """Finish a part whose frames show other times than it lies at."""
    return finished([whole], window, folder)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Shot(DOOR, at(100), at(105)), Shot(DOOR, at(0), at(5))),
        (Shot(DOOR, at(0), at(5)), Shot(DOOR, at(0), at(5))),
    ],
    ids=["back", "again"],
)
def test_clock_that_went_back(tmp_path: Path, first: Shot, second: Shot) -> None:
    """Timestamps that go back begin anew: nothing is missing, sound stays in step."""
    data = b""
    for shot in (first, second):
        part = tmp_path / "part.ts"
        write(part, [shot], container="mpegts", pts="clock")
        data += part.read_bytes()
    path = tmp_path / "1.ts"
    path.write_bytes(data)
    window = between(0, 10)
    (made,) = made_of_unchecked(
        Piece(file=File.at(path), window=window), window, tmp_path
    )
    frames = shown(made)
    assert [frame.at_s for frame in frames] == pytest.approx(span(0, 10), abs=0.002)
    assert [frame.moment for frame in frames] == [
        shot.start + n * FRAME for shot in (first, second) for n in range(50)
    ]
    assert made.covered == (window,)
    # Of both, the sound is there.
    check_sync(made, at_least=8)


@pytest.mark.parametrize("inside", [True, False])
def test_clock_that_runs_over(tmp_path: Path, inside: bool) -> None:
    """The 33 bits of a transport stream's clock run over: in a part or between two."""
    over = Window(at(LEFT_S - 20), at(LEFT_S))
    if inside:
        over = Window(at(LEFT_S - 6), at(LEFT_S + 14))
    over = Window(over.start.replace(microsecond=0), over.end.replace(microsecond=0))
    assert clock_ticks(over.start) > CLOCK_TICKS - 90_000 * 25
    after = Window(over.end, over.end + timedelta(seconds=5))
    pieces = [
        piece(tmp_path / "0.ts", over, DOOR_SPARSE, lead_in=True, pts="clock"),
        piece(tmp_path / "1.ts", after, DOOR_SPARSE, lead_in=True, pts="clock"),
    ]
    window = Window(over.start, after.end)
    (made,) = made_of(pieces, window, tmp_path)
    moments = [frame.moment for frame in shown(made)]
    assert window.start - timedelta(seconds=4) < moments[0] <= window.start
    assert moments[-1] == window.end - FRAME
    assert len(moments) == (window.end - moments[0]) // FRAME
    assert made.covered == (window,)


def test_time_that_is_far_off(tmp_path: Path) -> None:
    """One frame that is to be shown an hour late is shown in its turn."""
    plain = piece(tmp_path / "plain.ts", between(0, 5), DOOR)
    path = tmp_path / "0.ts"
    with av.open(plain.file.path) as container, av.open(path, "w", "mpegts") as output:
        streams = {
            one.index: output.add_stream_from_template(one, opaque=True)
            for one in container.streams
        }
        for packet in packets(container.demux()):
            packet.stream = streams[packet.stream.index]
            if packet.stream.type == "video" and packet.dts == 90_000 * 2.5:
                packet.pts = cast("int", packet.pts) + 3600 * 90_000
            output.mux(packet)
    window = between(0, 5)
    (made,) = made_of([Piece(file=File.at(path), window=window)], window, tmp_path)
    assert [frame.at_s for frame in shown(made)] == pytest.approx(span(0, 5), abs=0.002)
    check_sync(made, at_least=4)


def test_stream_that_begins_within_a_gop(tmp_path: Path) -> None:
    """Frames before the first key frame cannot be shown; the rest keeps its time."""
    whole = piece(tmp_path / "0.ts", between(0, 8), DOOR_SPARSE)
    data = whole.file.path.read_bytes()
    packets = [data[n : n + 188] for n in range(0, len(data), 188)]
    # The tables, then everything from the third second on.
    starts = [
        n
        for n, packet in enumerate(packets)
        if packet[1] & 0x40 and int.from_bytes(packet[1:3]) & 0x1FFF == 0x100
    ]
    late = tmp_path / "1.ts"
    late.write_bytes(b"".join(packets[:3] + packets[starts[15] :]))
    window = between(1.5, 8)
    (made,) = made_of([Piece(file=File.at(late), window=window)], window, tmp_path)
    assert seconds_shown(made) == span(3, 8)
    assert made.covered == (between(3, 8),)
    check_sync(made, at_least=4)


def test_no_sound(tmp_path: Path) -> None:
    """Footage without sound becomes a file without a track for it."""
    window = between(0, 3)
    (made,) = made_of([piece(tmp_path / "1.ts", window, DOOR_SILENT)], window, tmp_path)
    assert made.audio_codec is None
    with av.open(made.file.path) as container:
        assert [one.type for one in container.streams] == ["video"]


@pytest.mark.parametrize("suffix", ["ts", "mp4"])
@pytest.mark.parametrize("silent", [0, 1])
def test_sound_in_some_parts_only(tmp_path: Path, suffix: str, silent: int) -> None:
    """Sound that only some parts have is heard where it belongs."""
    windows = [between(0, 15), between(15, 30)]
    pieces = [
        piece(tmp_path / f"{n}.{suffix}", window, DOOR_SILENT if n == silent else DOOR)
        for n, window in enumerate(windows)
    ]
    (made,) = made_of(pieces, between(0, 30), tmp_path)
    assert seconds_shown(made) == span(0, 30)
    assert made.audio_codec == "aac"
    first, last = (15, 30) if silent == 0 else (0, 15)
    heard = beeps(made.file.path)
    assert all(first - 0.1 < time_s < last + 0.1 for time_s in heard)
    check_sync(made, at_least=14)


def test_silence_is_encoded_once(tmp_path: Path) -> None:
    """However many clips it is for."""
    silent_packet.cache_clear()
    for start in (0, 6):
        pieces = [
            piece(tmp_path / f"{at}.ts", between(at, at + 3), DOOR)
            for at in (start, start + 3)
        ]
        made_of(pieces, between(start, start + 6), tmp_path)
    assert silent_packet.cache_info().misses == 1


def late_sound(source: Path, target: Path, codec: str, from_s: float) -> None:
    """Copy an MP4 with large pictures, its sound encoded anew and left out at first."""
    with av.open(source) as container, av.open(target, "w", format="mp4") as output:
        video, audio = container.streams.video[0], container.streams.audio[0]
        pictures = output.add_stream_from_template(video, opaque=True)
        sounds = output.add_stream(codec, rate=48_000, layout="mono")
        assert isinstance(sounds, av.AudioStream)
        output.start_encoding()
        resampler = av.AudioResampler(
            sounds.format.name, "mono", 48_000, sounds.codec_context.frame_size
        )
        # Of no meaning to a decoder (ITU-T H.264, 7.3.2.7).
        filler = b"\x0c" + b"\xff" * 600_000 + b"\x80"
        filler = len(filler).to_bytes(4) + filler
        for packet in container.demux(video, audio):
            if packet.dts is None:
                continue
            if packet.stream is video:
                large = Packet(bytes(packet) + filler)
                large.pts, large.dts = packet.pts, packet.dts
                large.time_base = packet.time_base
                large.is_keyframe = packet.is_keyframe
                large.stream = pictures
                output.mux(large)
            elif cast("int", packet.pts) * packet.time_base >= from_s:
                for frame in packet.decode():
                    for one in resampler.resample(cast("av.AudioFrame", frame)):
                        output.mux(sounds.encode(one))
        output.mux(sounds.encode(None))


@pytest.mark.parametrize("codec", ["aac", "libopus", "flac"])
def test_sound_that_comes_late(tmp_path: Path, codec: str) -> None:
    """It is heard when it was, and no picture waits for it in memory."""
    window = between(0, 30)
    plain = piece(tmp_path / "plain.mp4", window, DOOR)
    path = tmp_path / "0.mp4"
    late_sound(plain.file.path, path, codec, 24.5)
    assert path.stat().st_size > 150 * 2**20
    with Opener(plain.file.path) as opener:
        took = opener.open(path)
    assert took.fault is None
    assert took.more_mb < 100
    whole = Piece(file=File.at(path), window=window)
    # Cut, it is written anew.
    (made,) = made_of([whole], between(2, 30), tmp_path)
    assert made.audio_codec == "aac"
    assert made.sound_was == (None if codec == "aac" else codec.removeprefix("lib"))
    heard = [time_s for time_s in beeps(made.file.path) if time_s]
    assert len(heard) >= 4
    assert all(22 < time_s < 28.5 for time_s in heard)
    check_sync(made, at_least=4)


def test_sound_that_never_comes(tmp_path: Path) -> None:
    """A track without any is left out."""
    window = between(0, 12)
    plain = piece(tmp_path / "plain.mp4", window, DOOR)
    path = tmp_path / "0.mp4"
    late_sound(plain.file.path, path, "aac", 99)
    (made,) = made_of(
        [Piece(file=File.at(path), window=window)], between(2, 12), tmp_path
    )
    assert made.audio_codec is None
    assert seconds_shown(made) == span(2, 12)


def test_damaged_sound(tmp_path: Path) -> None:
    """Sound that cannot be understood costs nothing but itself."""
    window = between(0, 10)
    whole = piece(tmp_path / "0.ts", window, DOOR)
    data = bytearray(whole.file.path.read_bytes())
    # How ADTS (ISO/IEC 14496-3, 1.A.2.2) begins for 16 kHz; its bytes may be lost.
    header = b"\xff\xf1\x60\x40"
    position = -1
    for _ in range(60):
        position = data.index(header, position + 1)
    data[position : position + 4] = bytes(4)
    whole.file.path.write_bytes(data)
    (made,) = made_of([whole], window, tmp_path)
    assert seconds_shown(made) == span(0, 10)
    assert made.audio_codec == "aac"
    check_sync(made, at_least=8)


def test_sound_in_a_stream_that_no_mp4_can_hold(tmp_path: Path) -> None:
    """Sound that no MP4 can hold is encoded anew."""
    plain = piece(tmp_path / "plain.mp4", between(0, 3), DOOR)
    path = tmp_path / "0.ts"
    copy(plain.file.path, path, "mpegts", {"mpegts_flags": "+latm"})
    assert inspect(File.at(path)).audio_codec == "aac_latm"
    window = between(0, 3)
    (made,) = made_of([Piece(file=File.at(path), window=window)], window, tmp_path)
    assert seconds_shown(made) == span(0, 3)
    assert (made.audio_codec, made.sound_was) == ("aac", "aac_latm")
    check_sync(made, at_least=2)


def test_sound_of_another_kind(tmp_path: Path) -> None:
    """Sound at another rate begins another file; parts without any fit both."""
    pieces = [
        piece(tmp_path / f"{n}.mp4", between(3 * n, 3 * n + 3), footage)
        for n, footage in enumerate([DOOR_SILENT, DOOR, DOOR_SILENT, DOOR, DOOR_SILENT])
    ]
    resampled = tmp_path / "8000.mp4"
    resample(pieces[3].file.path, resampled)
    pieces[3] = Piece(file=File.at(resampled), window=pieces[3].window)
    first, second = made_of(pieces, between(0, 15), tmp_path)
    assert seconds_shown(first) == span(0, 9)
    assert seconds_shown(second) == span(9, 15)
    check_sync(first, at_least=2)
    check_sync(second, at_least=2)


def resample(source: Path, target: Path) -> None:
    """Copy a file, its sound at 8 kHz."""
    with (
        av.open(source) as container,
        av.open(
            target, "w", format="mp4", options={"movflags": "+faststart"}
        ) as output,
    ):
        video, audio = container.streams.video[0], container.streams.audio[0]
        pictures = output.add_stream_from_template(video, opaque=True)
        sounds = output.add_stream("aac", rate=8000, layout="mono")
        resampler = av.AudioResampler("fltp", "mono", 8000)
        for packet in packets(container.demux(video, audio)):
            if packet.stream is video:
                packet.stream = pictures
                output.mux(packet)
                continue
            for frame in audio.decode(packet):
                for one in resampler.resample(frame):
                    output.mux(sounds.encode(one))
        output.mux(sounds.encode(None))


def test_other_data_is_left_out(tmp_path: Path) -> None:
    """What is neither picture nor sound does not go into a clip."""
    plain = piece(tmp_path / "plain.ts", between(0, 5), DOOR)
    path = tmp_path / "0.ts"
    with av.open(plain.file.path) as container, av.open(path, "w", "mpegts") as output:
        streams = {
            one.index: output.add_stream_from_template(one, opaque=True)
            for one in container.streams
        }
        data = output.add_data_stream("klv")
        for packet in packets(container.demux()):
            if packet.stream.type == "video":
                note = Packet(b"what a camera has to say")
                note.pts = note.dts = packet.dts
                note.time_base = packet.time_base
                note.stream = data
                output.mux(note)
            packet.stream = streams[packet.stream.index]
            output.mux(packet)
    with av.open(path) as container:
        assert len(container.streams) == 3
    window = between(0, 5)
    (made,) = made_of([Piece(file=File.at(path), window=window)], window, tmp_path)
    assert seconds_shown(made) == span(0, 5)
    assert made.audio_codec == "aac"


def test_sound_is_left_out(tmp_path: Path) -> None:
    """Sound that is not wanted is not there."""
    pieces = [
        piece(tmp_path / "0.ts", between(0, 3), DOOR),
        piece(tmp_path / "1.mp4", between(3, 6), DOOR_G711),
    ]
    (made,) = made_of(pieces, between(0, 6), tmp_path, audio=False)
    assert seconds_shown(made) == span(0, 6)
    assert made.audio_codec is None


@pytest.mark.parametrize("suffixes", [("mp4", "mp4"), ("ts", "ts"), ("mp4", "ts")])
def test_parameter_sets_that_differ_are_joined(
    tmp_path: Path, suffixes: tuple[str, str]
) -> None:
    """H.264 with other parameter sets goes on in the same file, and plays from there."""
    pieces = [
        piece(
            tmp_path / f"0.{suffixes[0]}",
            between(0, 4),
            DOOR_REORDERED if suffixes[0] == suffixes[1] else DOOR,
        ),
        piece(tmp_path / f"1.{suffixes[1]}", between(4, 8), DOOR),
        piece(tmp_path / f"2.{suffixes[0]}", between(8, 12), DOOR_REORDERED),
    ]
    if suffixes[0] != suffixes[1]:
        # Sound as different containers hold it is not one track.
        made = made_of(pieces, between(0, 12), tmp_path, audio=False)
    else:
        made = made_of(pieces, between(0, 12), tmp_path)
    (joined,) = made
    assert seconds_shown(joined) == span(0, 12)
    # However differently the cameras reorder frames, each is shown at its time.
    shown_s = [frame.at_s for frame in shown(joined)]
    assert shown_s == pytest.approx(span(0, 12), abs=0.001)
    for joint in (4, 8):
        with av.open(joined.file.path) as container:
            video = container.streams.video[0]
            container.seek(int((joint + 0.5) / video.time_base), stream=video)
            frame = next(container.decode(video))
            assert not frame.is_corrupt
            assert frame.time == pytest.approx(joint, abs=0.001)
            later = [one.time for one in container.decode(video)]
            assert len(later) == (12 - joint) * 10 - 1


@pytest.mark.parametrize("suffix", ["ts", "mp4"])
def test_hevc_parameter_sets_that_differ(tmp_path: Path, suffix: str) -> None:
    """HEVC with other parameter sets becomes another file."""
    pieces = [
        piece(tmp_path / f"0.{suffix}", between(0, 3), DOOR_HEVC),
        piece(tmp_path / f"1.{suffix}", between(3, 6), DOOR_HEVC),
        piece(tmp_path / f"2.{suffix}", between(6, 9), DOOR_HEVC_REORDERED),
    ]
    first, second = made_of(pieces, between(0, 9), tmp_path)
    assert seconds_shown(first) == span(0, 6)
    assert seconds_shown(second) == span(6, 9)
    assert first.covered == (between(0, 9),)


@pytest.mark.parametrize("suffix", ["ts", "mp4"])
@pytest.mark.parametrize("other", [DOOR_SMALL, DOOR_HEVC], ids=["size", "codec"])
def test_what_cannot_be_joined_becomes_several_files(
    tmp_path: Path, suffix: str, other: Footage
) -> None:
    """Another size or codec begins another file; neighbours that are alike share one."""
    pieces = [
        piece(tmp_path / f"0.{suffix}", between(0, 2), DOOR),
        piece(tmp_path / f"1.{suffix}", between(2, 4), DOOR),
        piece(tmp_path / f"2.{suffix}", between(4, 6), other),
        piece(tmp_path / f"3.{suffix}", between(6, 8), DOOR),
    ]
    window = between(0, 8)
    made = made_of(pieces, window, tmp_path)
    assert [seconds_shown(one) for one in made] == [span(0, 4), span(4, 6), span(6, 8)]
    assert [one.width for one in made] == [320, other.width, 320]
    assert [one.video_codec for one in made] == ["h264", other.codec, "h264"]
    assert len({one.file.path for one in made}) == 3
    assert not gaps(window, made[0].covered, FRAME)


def test_size_that_changes_inside_a_part(tmp_path: Path) -> None:
    """A stream that goes on in another size is cut there, on to the next part."""
    pieces = [
        piece(
            tmp_path / "0.ts",
            between(0, 9),
            [
                Shot(DOOR, at(0), at(3)),
                Shot(DOOR_SMALL, at(3), at(6)),
                Shot(DOOR, at(6), at(9)),
            ],
        ),
        piece(tmp_path / "1.ts", between(9, 12), DOOR),
    ]
    window = between(1.5, 12)
    made = made_of(pieces, window, tmp_path)
    assert [seconds_shown(one) for one in made] == [span(1, 3), span(3, 6), span(6, 12)]
    assert [one.height for one in made] == [180, 136, 180]
    for one in made:
        check_sync(one, at_least=1)


@pytest.mark.parametrize("count", [1, 3])
def test_g711_becomes_aac(tmp_path: Path, count: int) -> None:
    """G.711, which phones do not play, is encoded anew: one file, cut to the window."""
    pieces = [
        piece(
            tmp_path / f"{n}.mp4",
            between(6 * n / count, 6 * (n + 1) / count),
            DOOR_G711,
        )
        for n in range(count)
    ]
    (made,) = made_of(pieces, between(0.5, 5), tmp_path)
    assert seconds_shown(made) == span(0, 5)
    assert made.is_complete
    assert (made.audio_codec, made.sound_was) == ("aac", "pcm_alaw")
    check_sync(made, at_least=4)


def test_g711_around_a_hole(tmp_path: Path) -> None:
    """What is missing is closed up for sound that is encoded anew, too.

    The muxer that makes this file closes up the sound itself.
    """
    shots = [Shot(DOOR_G711, at(0), at(3)), Shot(DOOR_G711, at(7), at(10))]
    window = between(0, 10)
    (made,) = made_of([piece(tmp_path / "0.mp4", window, shots)], window, tmp_path)
    assert seconds_shown(made) == span(0, 3) + span(7, 10)
    assert made.missing == (between(3, 7),)
    check_sync(made, at_least=3)


@pytest.mark.parametrize("window", [between(0, 8), between(2.5, 5)])
def test_fragmented_mp4(tmp_path: Path, window: Window) -> None:
    """A fragmented MP4, which some players refuse, becomes a plain one."""
    plain = piece(tmp_path / "plain.mp4", between(0, 8), DOOR_REORDERED)
    fragmented = tmp_path / "0.mp4"
    rewrite(
        plain.file.path,
        fragmented,
        lambda time, _: time,
        movflags="frag_keyframe+empty_moov+default_base_moof",
    )
    assert "moof" in boxes(fragmented)
    media = inspect(File.at(fragmented))
    assert not media.is_progressive
    assert media.duration.total_seconds() == pytest.approx(8, abs=0.11)
    (made,) = made_of(
        [Piece(file=File.at(fragmented), window=between(0, 8))], window, tmp_path
    )
    first = (window.start - START) // timedelta(seconds=1)
    times = seconds_shown(made)
    assert times == span(first, times[-1] + 0.1)
    assert abs(made.window.end - window.end) <= 2 * FRAME
    check_sync(made, at_least=2)


def test_mp4_that_hides_its_first_frames(tmp_path: Path) -> None:
    """An MP4 with an edit list lies where its first shown frame lies."""
    hiding = tmp_path / "0.mp4"
    piece(tmp_path / "whole.mp4", between(0, 8), DOOR_SPARSE, lead_in=True)
    # Negative times are what a player does not show.
    rewrite(tmp_path / "whole.mp4", hiding, lambda time, base: time - round(1.5 / base))
    assert next(seen(hiding)).moment == at(0.5)
    window = between(0.5, 8)
    (kept,) = made_of([Piece(file=File.at(hiding), window=window)], window, tmp_path)
    assert kept.file.path == hiding
    (made,) = made_of(
        [Piece(file=File.at(hiding), window=window)], between(0.5, 2.4), tmp_path
    )
    # What was hidden lies before the window, and has to be there to decode the rest.
    assert seconds_shown(made) == span(-1, 2.4)


def rewrite(
    source: Path,
    target: Path,
    change: Callable[[int, float], int],
    *,
    movflags: str = "+faststart",
) -> None:
    """Copy the packets of a file to an MP4, with other times."""
    copy(source, target, "mp4", {"movflags": movflags}, change)


def copy(
    source: Path,
    target: Path,
    container_format: str,
    options: dict[str, str],
    change: Callable[[int, float], int] = lambda time, _: time,
) -> None:
    """Copy the packets of a file to another one."""
    with (
        av.open(source) as container,
        av.open(target, "w", format=container_format, options=options) as output,
    ):
        streams = {
            one.index: output.add_stream_from_template(one, opaque=True)
            for one in container.streams
        }
        for packet in container.demux():
            if packet.dts is None:
                continue
            base = float(packet.time_base)
            packet.dts = change(packet.dts, base)
            packet.pts = change(cast("int", packet.pts), base)
            packet.stream = streams[packet.stream.index]
            output.mux(packet)


def test_nothing_of_the_window(tmp_path: Path) -> None:
    """Footage of another time makes no clip; nor does none at all."""
    whole = piece(tmp_path / "0.mp4", between(0, 5), DOOR)
    assert finished([whole], between(5, 9), tmp_path) == []
    assert finished([], between(0, 5), tmp_path) == []
    assert [one.name for one in tmp_path.iterdir()] == ["0.mp4"]


@pytest.mark.parametrize("footage", [DOOR, DOOR_HEVC])
@pytest.mark.parametrize("suffix", ["ts", "mp4"])
def test_inspect(tmp_path: Path, footage: Footage, suffix: str) -> None:
    """A whole file is known for what it is."""
    path = piece(tmp_path / f"0.{suffix}", between(0, 6), footage).file.path
    media = inspect(File.at(path))
    assert media.container == {"ts": "mpegts", "mp4": "mp4"}[suffix]
    assert media.is_progressive == (suffix == "mp4")
    assert (media.video_codec, media.audio_codec) == (footage.codec, "aac")
    assert (media.width, media.height, media.frame_rate) == (320, 180, 10)
    assert media.duration.total_seconds() == pytest.approx(6, abs=0.01)


def test_inspect_knows_an_index_behind(tmp_path: Path) -> None:
    """An MP4 whose index lies behind its frames is not progressive."""
    whole = piece(tmp_path / "0.mp4", between(0, 2), DOOR, faststart=False)
    assert not inspect(whole.file).is_progressive


MP4_START = b"\0\0\0\x18ftypisom\0\0\2\0isomiso2"
GARBAGE = hashlib.shake_256(b"garbage").digest(50_000)


@pytest.mark.parametrize(
    ("body", "key"),
    [
        (b"", "body_not_video"),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>" * 20, "body_not_video"),
        (GARBAGE, "body_not_video"),
        (MP4_START + b"\0\1\0\0" + GARBAGE, "body_not_video"),
        (MP4_START + b"\0\0\xff\xffmdat" + GARBAGE, "body_truncated"),
        (MP4_START + b"\0\0\0\1mdat\0\0\0\1\0\0\0\0" + GARBAGE, "body_truncated"),
        (MP4_START + b"\0\0\0\0mdat" + GARBAGE, "body_truncated"),
        (MP4_START + b"\0\0\0\4free", "body_not_video"),
        (MP4_START + b"\0\0\0", "body_truncated"),
        (MP4_START + b"\0\0\0\x10moov\0\0\0\x08free", "body_not_video"),
        ((b"\x47" + GARBAGE[:187]) * 50, "body_not_video"),
    ],
    ids=[
        "empty",
        "HTML",
        "garbage",
        "garbage behind ftyp",
        "box too long",
        "64-bit box too long",
        "no index",
        "box too short",
        "half a box",
        "no video",
        "sync bytes only",
    ],
)
def test_inspect_refuses_what_is_no_video(
    tmp_path: Path, body: bytes, key: str
) -> None:
    """What is no video, or not all of one, is told apart from what is."""
    path = tmp_path / "0.part"
    path.write_bytes(body)
    with pytest.raises(CloudError) as caught:
        inspect(File.at(path))
    assert caught.value.key == key


@pytest.mark.parametrize("faststart", [True, False])
@pytest.mark.parametrize("share", [0.5, 0.95, 0.999])
def test_inspect_finds_truncation(
    tmp_path: Path, faststart: bool, share: float
) -> None:
    """An MP4 that ends early is found out, wherever it ends."""
    path = piece(tmp_path / "0.mp4", between(0, 3), DOOR, faststart=faststart).file.path
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(CloudError, match="body_truncated"):
        inspect(File.at(path))


@pytest.mark.parametrize("what", ["frames", "sets"])
def test_inspect_decodes(tmp_path: Path, what: str) -> None:
    """Boxes that add up do not help if no frame can be decoded."""
    path = piece(tmp_path / "0.mp4", between(0, 5), DOOR).file.path
    path.write_bytes(garbled(path, what))
    with pytest.raises(CloudError, match="body_truncated"):
        inspect(File.at(path))


def test_box_up_to_the_end(tmp_path: Path) -> None:
    """A last box that says no length, or one of 64 bits, is as good as another."""
    path = piece(tmp_path / "0.mp4", between(0, 2), DOOR).file.path
    data = path.read_bytes()
    at_mdat = data.index(b"mdat") - 4
    path.write_bytes(data[:at_mdat] + b"\0\0\0\0" + data[at_mdat + 4 :])
    assert inspect(File.at(path)).duration == timedelta(seconds=2)
    size = len(data) - at_mdat
    # The muxer leaves a free box of 8 bytes in front, for this very case.
    assert data[at_mdat - 8 : at_mdat] == b"\0\0\0\x08free"
    wide = b"\0\0\0\1mdat" + (size + 8).to_bytes(8)
    path.write_bytes(data[: at_mdat - 8] + wide + data[at_mdat + 8 :])
    assert inspect(File.at(path)).duration == timedelta(seconds=2)


def test_truncated_transport_stream(tmp_path: Path) -> None:
    """A transport stream that ends early is as long as it is."""
    whole = piece(tmp_path / "0.ts", between(0, 10), DOOR)
    data = whole.file.path.read_bytes()
    whole.file.path.write_bytes(data[: len(data) * 3 // 5 + 77])
    assert 5 < inspect(whole.file).duration.total_seconds() < 7
    (made,) = finished([whole], between(0, 10), tmp_path)
    ((start, end),) = [(one.start, one.end) for one in made.covered]
    assert start == at(0)
    assert at(5) < end < at(7)
    with av.open(made.file.path) as container:
        count = sum(1 for _ in container.decode(video=0))
    assert count == pytest.approx((end - start) / FRAME, abs=1)


def test_stream_without_a_key_frame(tmp_path: Path) -> None:
    """A stream that nothing can be decoded of is no footage."""
    whole = piece(tmp_path / "0.ts", between(0, 3), DOOR)
    data = whole.file.path.read_bytes()
    # An IDR picture (ITU-T H.264, 7.4.1) becomes something unspecified.
    assert data.count(b"\0\0\1\x65") == 3
    whole.file.path.write_bytes(data.replace(b"\0\0\1\x65", b"\0\0\1\x7e"))
    with pytest.raises(CloudError, match="body_truncated"):
        inspect(whole.file)
    assert finished([whole], between(0, 3), tmp_path) == []


def test_sound_alone(tmp_path: Path) -> None:
    """A file that has no picture is no video."""
    path = tmp_path / "0.mp4"
    with av.open(path, "w", format="mp4") as output:
        stream = output.add_stream("aac", rate=16000, layout="mono")
        frame = av.AudioFrame.from_ndarray(
            np.zeros((1, 16000), np.float32), "fltp", "mono"
        )
        frame.sample_rate = 16000
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    with pytest.raises(CloudError, match="body_not_video"):
        inspect(File.at(path))


def garbled(path: Path, what: str) -> bytes:
    """Return an MP4 whose boxes are right and whose frames make no sense."""
    data = path.read_bytes()
    if what == "frames":
        begin, end = data.index(b"mdat") + 4, len(data)
    else:
        # Behind what says how long the SPS is, and its type (ISO/IEC 14496-15, 5.3.3).
        begin = data.index(b"avcC") + 13
        end = begin + 16
    return data[:begin] + GARBAGE[: end - begin].ljust(end - begin) + data[end:]


@pytest.mark.parametrize("what", ["frames", "sets"])
def test_no_frame_can_be_shown(tmp_path: Path, what: str) -> None:
    """Footage that makes no file that can be shown is an error for people."""
    whole = piece(tmp_path / "0.mp4", between(0, 6), DOOR)
    whole.file.path.write_bytes(garbled(whole.file.path, what))
    with pytest.raises(ClipError, match="clip_not_playable"):
        finished([whole], between(0, 3), tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["0.mp4"]
    with pytest.raises(ClipError, match="clip_not_playable"):
        picture(whole.file, timedelta(seconds=1))


def test_cannot_be_read(tmp_path: Path) -> None:
    """A file that changed after it was inspected is an error for people."""
    path = tmp_path / "0.ts"
    path.write_bytes(GARBAGE)
    with pytest.raises(ClipError, match="body_not_video"):
        finished(
            [Piece(file=File.at(path), window=between(0, 2))],
            between(0, 2),
            tmp_path,
            cancelled=NOT_CANCELLED,
        )


def test_disk_full(tmp_path: Path) -> None:
    """The disk's own errors come through, and no file stays."""
    whole = piece(tmp_path / "0.ts", between(0, 5), DOOR)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    heard = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large") as caught:
            finished([whole], between(0, 5), tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, heard)
    assert caught.value.errno == errno.EFBIG
    assert [one.name for one in tmp_path.iterdir()] == ["0.ts"]


def test_parts_are_deleted_once_written(tmp_path: Path) -> None:
    """Where asked, each part goes when it is in the clip; one that is the clip stays."""
    pieces = [
        piece(tmp_path / f"{n}.ts", between(3 * n, 3 * n + 3), DOOR) for n in range(3)
    ]
    window = between(0, 9)
    result = finish(
        pieces, window, Folder.open(tmp_path), cancelled=NOT_CANCELLED, consume=True
    )
    assert [one.file.path.name for one in result.files] == [
        one.name for one in tmp_path.iterdir()
    ]
    assert len(result.files) == 1
    assert len(list(seen(result.files[0].file.path))) == 90
    whole = piece(tmp_path / "0.mp4", window, DOOR)
    result = finish(
        [whole], window, Folder.open(tmp_path), cancelled=NOT_CANCELLED, consume=True
    )
    assert [one.file.path for one in result.files] == [whole.file.path]
    assert whole.file.path.exists()


def test_parts_of_several_files_are_deleted_late(tmp_path: Path) -> None:
    """A part that goes into two files is there for both."""
    shots = [Shot(DOOR, at(0), at(5)), Shot(DOOR_SMALL, at(5), at(10))]
    whole = piece(tmp_path / "0.ts", between(0, 10), shots)
    result = finish(
        [whole],
        between(0, 10),
        Folder.open(tmp_path),
        cancelled=NOT_CANCELLED,
        consume=True,
    )
    assert [len(list(seen(one.file.path))) for one in result.files] == [50, 50]
    assert not whole.file.path.exists()


def test_a_part_that_cannot_be_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told, though nothing waits for it; nothing new is left."""
    pieces = [
        piece(tmp_path / f"{start}.ts", between(start, start + 3), DOOR)
        for start in (0, 3)
    ]
    unlink = File.unlink

    def refuse(file: File, *, missing_ok: bool = False) -> None:
        if file.name == "0.ts":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        unlink(file, missing_ok=missing_ok)

    monkeypatch.setattr(File, "unlink", refuse)
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        finish(
            pieces,
            between(0, 6),
            Folder.open(tmp_path),
            cancelled=NOT_CANCELLED,
            consume=True,
        )
    assert {path.name for path in tmp_path.iterdir()} <= {"0.ts", "3.ts"}


class CancelledLater(threading.Event):
    """Set once it has been looked at so often."""

    def __init__(self, looks: int) -> None:
        """Take how often."""
        super().__init__()
        self._looks = looks

    @override
    def is_set(self) -> bool:
        """Count."""
        self._looks -= 1
        return self._looks < 0


@pytest.mark.parametrize("suffix", ["ts", "mp4"])
@pytest.mark.parametrize("looks", [0, 3, 150, 300, 1000])
def test_cancelled(tmp_path: Path, looks: int, suffix: str) -> None:
    """Whenever it is cancelled, nothing new is left."""
    pieces = [
        piece(tmp_path / f"0.{suffix}", between(0, 10), DOOR),
        piece(tmp_path / f"1.{suffix}", between(10, 20), DOOR_SMALL),
        piece(tmp_path / f"2.{suffix}", between(20, 40), DOOR),
    ]
    with pytest.raises(Cancelled):
        finished(pieces, between(0, 40), tmp_path, cancelled=CancelledLater(looks))
    assert sorted(one.name for one in tmp_path.iterdir()) == [
        f"{n}.{suffix}" for n in range(3)
    ]


@pytest.mark.parametrize(
    "footage",
    [
        Footage("Front door", width=1280, height=720),
        Footage("Front door", width=1280, height=720, b_frames=2, gop_frames=20),
        Footage("Front door", width=480, height=270, codec="hevc"),
    ],
)
@pytest.mark.parametrize("second", [0, 1.45, 3.8, 6])
def test_picture(tmp_path: Path, second: float, footage: Footage) -> None:
    """A small picture shows the key frame that is nearest to what was asked for."""
    path = piece(tmp_path / "0.mp4", between(0, 6), footage).file.path
    jpeg = picture(File.at(path), timedelta(seconds=second))
    assert jpeg[:2] == b"\xff\xd8"
    assert jpeg[-2:] == b"\xff\xd9"
    assert len(jpeg) < 40_000
    still = tmp_path / "0.jpg"
    still.write_bytes(jpeg)
    assert inspected_size(still) == (min(footage.width, 640), min(footage.height, 360))
    (shown,) = seen(still)
    assert shown.camera == footage.camera
    # The first frame of a file is one, wherever it begins.
    keys = [START]
    while (key := footage.next_key_frame(keys[-1] + FRAME)) < at(6):
        keys.append(key)
    assert shown.moment == min(keys, key=lambda key: abs(key - at(second)))


def inspected_size(still: Path) -> tuple[int, int]:
    """Return width and height of a picture."""
    with av.open(still) as container:
        video = container.streams.video[0]
        return video.width, video.height


@pytest.mark.parametrize("second", [0, 1.45, 3.8, 6])
def test_inspect_may_make_the_picture(tmp_path: Path, second: float) -> None:
    """It is known for which times it is the one that would be made."""
    file = piece(tmp_path / "0.mp4", between(0, 6), DOOR).file
    still = inspect(file, lambda length: length * second / 6).still
    assert still
    assert still.is_of(timedelta(seconds=second))
    times = [timedelta(seconds=tenth / 10 + 0.03) for tenth in range(60)]
    alike = [picture(file, each) == still.jpeg for each in times]
    assert alike == [still.is_of(each) for each in times]
    assert not all(alike)


def test_of_two_pictures_as_near_it_is_the_earlier_one(tmp_path: Path) -> None:
    """Clips of whole seconds often have their middle halfway between two key frames."""
    file = piece(tmp_path / "0.mp4", between(0, 6), DOOR).file
    still = inspect(file, lambda length: length / 2).still
    assert still
    assert still.since
    assert still.until
    assert still.is_of(still.until)
    assert picture(file, still.until) == still.jpeg
    assert not still.is_of(still.since)
    assert picture(file, still.since) != still.jpeg


def test_inspect_makes_no_picture_of_what_is_reordered(tmp_path: Path) -> None:
    """Which key frame is the nearest is not said by the index there."""
    footage = Footage("Front door", b_frames=2, gop_frames=20)
    file = piece(tmp_path / "0.mp4", between(0, 6), footage).file
    media = inspect(file, lambda length: length / 2)
    assert media.still is None
    assert media == replace(inspect(file), checked=media.checked)


@pytest.mark.parametrize("suffix", ["ts", "mp4"])
def test_inspect_makes_no_picture_of_what_is_joined(
    tmp_path: Path, suffix: str
) -> None:
    """Nor of what cannot be decoded there: then its beginning is looked at."""
    file = piece(tmp_path / f"0.{suffix}", between(0, 6), DOOR, faststart=False).file
    assert inspect(file, lambda length: length / 2).still is None


def test_inspect_of_a_picture_that_is_damaged(tmp_path: Path) -> None:
    """Then the beginning is looked at, as without one."""
    file = piece(tmp_path / "0.mp4", between(0, 6), DOOR).file
    with av.open(file.path) as container:
        keys = [one for one in container.demux(video=0) if one.is_keyframe]
        at_bytes, size_bytes = cast("int", keys[-1].pos), keys[-1].size
    with file.path.open("r+b") as opened:
        opened.seek(at_bytes + 4)
        opened.write(b"\0" * (size_bytes - 4))
    media = inspect(file, lambda length: length)
    assert media.still is None
    assert media == replace(inspect(file), checked=media.checked)


def test_picture_without_an_index(tmp_path: Path) -> None:
    """Footage in fragments, which may be kept as it is, has a picture too."""
    whole = piece(tmp_path / "0.mp4", between(0, 6), DOOR_SILENT)
    with (
        av.open(whole.file.path) as source,
        av.open(
            tmp_path / "1.mp4",
            "w",
            format="mp4",
            options={"movflags": "frag_keyframe+empty_moov"},
        ) as target,
    ):
        video = target.add_stream_from_template(source.streams.video[0], opaque=True)
        for packet in packets(source.demux()):
            packet.stream = video
            target.mux(packet)
    still = tmp_path / "0.jpg"
    still.write_bytes(picture(File.at(tmp_path / "1.mp4"), timedelta(seconds=3)))
    (shown,) = seen(still)
    assert between(-1, 6).start <= shown.moment < between(-1, 6).end


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (av.InvalidDataError(1, "broken"), ("body_truncated", "clip_not_playable")),
        (TooLargeError(), (None, "clip_not_playable")),
        (None, ("body_truncated", "clip_not_playable")),
    ],
)
def test_key_frame_that_does_not_decode(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fault: Exception | None,
    told: tuple[str | None, str],
) -> None:
    """It is told as what it means: what is too large may be shown elsewhere."""
    whole = piece(tmp_path / "0.mp4", between(0, 2), DOOR)
    monkeypatch.setattr(
        clip_file, "decode_key", Mock(side_effect=fault, return_value=None)
    )
    acts: tuple[Callable[[File], object], ...] = (
        inspect,
        lambda file: picture(file, timedelta(0)),
    )
    for act, key in zip(acts, told, strict=True):
        with pytest.raises(ClipError, match=key) if key else nullcontext():
            act(whole.file)


def test_part_that_libav_trips_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is one that is cut off; an error of the disk is none of the part's."""
    whole = piece(tmp_path / "0.mp4", between(0, 2), DOOR)
    for err, raised in (
        (ValueError("nonsense"), BodyError),
        (OSError(5, "I/O error", "0.mp4"), OSError),
    ):
        monkeypatch.setattr(clip_file, "probe", Mock(side_effect=err))
        with pytest.raises(raised):
            made_of([whole], whole.window, tmp_path)


def test_picture_of_what_is_no_video(tmp_path: Path) -> None:
    """There is no picture of what cannot be shown."""
    path = tmp_path / "0.mp4"
    path.write_bytes(MP4_START)
    with pytest.raises(ClipError):
        picture(File.at(path), timedelta(0))


def test_memory_does_not_grow_with_the_clip(tmp_path: Path) -> None:
    """A clip of 100 MB is made in much less memory."""
    sample = tmp_path / "sample.ts"
    noise(sample)
    path = tmp_path / "0.ts"
    loop(sample, path, 100 * 2**20 // sample.stat().st_size + 1)
    assert path.stat().st_size > 90 * 2**20
    code = """
        from datetime import UTC, datetime, timedelta
        from pathlib import Path
        import sys, threading

        import custom_components
        from custom_components.clip_download.engine.folder import File
        from custom_components.clip_download.engine.media import clip_file
        from custom_components.clip_download.engine.time_range import Window

        def peak_kb():
            status = Path("/proc/self/status").read_text()
            return int(status.split("VmHWM:")[1].split()[0])

        start = datetime(2026, 11, 21, tzinfo=UTC)
        for path in map(Path, sys.argv[1:]):
            before = peak_kb()
            length = clip_file.inspect(File.at(path)).duration
            window = Window(start, start + length)
            (made,) = clip_file.finish(
                [clip_file.Piece(file=File.at(path), window=window)],
                window,
                File.at(path).folder,
                cancelled=threading.Event(),
            ).files
            assert made.duration >= length - timedelta(seconds=0.2), made
            made.file.path.unlink()
        print(peak_kb() - before)
    """
    # The first one is small, so that what each clip needs is not counted.
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), sample, path],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[3],
    )
    assert int(done.stdout) < 8 * 1024


def noise(path: Path) -> None:
    """Write two seconds that hardly compress."""
    random = np.random.default_rng(2)
    with av.open(path, "w", format="mpegts") as output:
        stream = output.add_stream("libx264", rate=10, width=640, height=480)
        stream.pix_fmt = "yuv420p"
        stream.codec_context.options = {"preset": "ultrafast", "qp": "10", "bf": "0"}
        for number in range(20):
            planes = random.integers(0, 256, (720, 640), np.uint8)
            frame = av.VideoFrame.from_ndarray(planes, "yuv420p")
            frame.pts = number
            frame.time_base = Fraction(1, 10)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))


def loop(source: Path, target: Path, count: int) -> None:
    """Write a transport stream again and again behind itself."""
    with av.open(target, "w", format="mpegts") as output:
        with av.open(source) as container:
            streams = {
                one.index: output.add_stream_from_template(one, opaque=True)
                for one in container.streams
            }
        for number in range(count):
            with av.open(source) as container:
                for packet in packets(container.demux()):
                    shift = round(2 * number / packet.time_base)
                    packet.pts = cast("int", packet.pts) + shift
                    packet.dts = cast("int", packet.dts) + shift
                    packet.stream = streams[packet.stream.index]
                    output.mux(packet)


def packets(demuxed: Iterator[Packet[Stream]]) -> Iterator[Packet[Stream]]:
    """Leave out the empty ones at the end."""
    return (packet for packet in demuxed if packet.dts is not None)
