"""Footage shows the moments that it was asked for, in every kind of file."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image
import pytest

from tests.clouds.footage import (
    CLOCK_TICKS,
    Footage,
    NotFootageError,
    Shot,
    Span,
    clock_ticks,
    first_and_last,
    moments,
    seen,
    write,
)

START = datetime(2026, 11, 21, 9, 16, 0, 250_000, tzinfo=UTC)
KEY_FRAME = START.replace(microsecond=0)
DOOR = Footage("Front door")


def seconds(value: float) -> timedelta:
    """Return a length of time."""
    return timedelta(seconds=value)


@pytest.mark.parametrize(
    ("footage", "options", "codecs"),
    [
        (DOOR, {}, ["h264", "aac"]),
        (DOOR, {"container": "mpegts", "pts": "clock"}, ["h264", "aac"]),
        (Footage("B", b_frames=2), {}, ["h264", "aac"]),
        (Footage("B", b_frames=2), {"container": "mpegts"}, ["h264", "aac"]),
        (Footage("Silent", audio=None, fps=20, gop_frames=40), {}, ["h264"]),
        (Footage("Phone", audio="alaw"), {}, ["h264", "pcm_alaw"]),
        (Footage("H", codec="hevc", width=640, height=360), {}, ["hevc", "aac"]),
        (
            Footage("H", codec="hevc", b_frames=2),
            {"container": "mpegts"},
            ["hevc", "aac"],
        ),
    ],
)
def test_every_frame_says_when(
    tmp_path: Path, footage: Footage, options: dict[str, Any], codecs: list[str]
) -> None:
    """A file has every frame from the key frame before the start up to the end."""
    path = tmp_path / "clip"
    span = footage.write(path, START, START + seconds(6), **options)

    step = timedelta(milliseconds=footage.frame_ms)
    found = moments(path, of=footage)
    assert found[0] == KEY_FRAME == span.start
    assert found[-1] < START + seconds(6) <= found[-1] + step == span.end
    assert {later - earlier for earlier, later in pairwise(found)} == {step}
    assert first_and_last(path, of=footage) == Span(found[0], found[-1])
    with av.open(path) as container:
        assert [stream.codec_context.name for stream in container.streams] == codecs
        video = container.streams.video[0]
        assert (video.width, video.height) == (footage.width, footage.height)
        for stream in container.streams:
            assert stream.duration is not None and stream.time_base is not None
            duration_s = float(stream.duration * stream.time_base)
            assert duration_s == pytest.approx(
                (span.end - span.start) / seconds(1), abs=0.1
            )
        times = [
            p.pts for p in container.demux(video) if p.is_keyframe and p.pts is not None
        ]
        assert {(b - a) * video.time_base for a, b in pairwise(times)} == {
            footage.gop / seconds(1)
        }


def test_exact_start(tmp_path: Path) -> None:
    """A file may be told to begin between two key frames."""
    path = tmp_path / "clip.mp4"
    span = DOOR.write(path, START, START + seconds(2), exact=True)
    assert span == (START + seconds(0.05), START + seconds(2.05))
    assert moments(path)[0] == START + seconds(0.05)


def test_same_moment_same_bytes(tmp_path: Path) -> None:
    """What was filmed does not depend on the window that is asked for."""
    DOOR.write(
        tmp_path / "a.ts",
        KEY_FRAME,
        KEY_FRAME + seconds(3),
        container="mpegts",
        pts="clock",
    )
    DOOR.write(
        tmp_path / "b.ts",
        KEY_FRAME + seconds(1),
        KEY_FRAME + seconds(3),
        container="mpegts",
        pts="clock",
    )
    with av.open(tmp_path / "a.ts") as a, av.open(tmp_path / "b.ts") as b:
        long, short = (
            [(p.stream.type, p.pts, bytes(p)) for p in c.demux() if p.size]
            for c in (a, b)
        )
    shared = [packet for packet in short if packet in long]
    # A key frame counts how many there were before it in its file.
    assert len(shared) >= len(short) - 2
    assert len(short) > 40


def test_gaps_and_timelines(tmp_path: Path) -> None:
    """A gap is a jump of the clock, unless the stretches are joined."""
    shots = [
        Shot(DOOR, KEY_FRAME, KEY_FRAME + seconds(2.95)),
        Shot(DOOR, KEY_FRAME + seconds(60), KEY_FRAME + seconds(62)),
    ]
    path = tmp_path / "clip"
    span = write(path, shots, container="mpegts", pts="clock")
    assert span == (KEY_FRAME, KEY_FRAME + seconds(62))
    found = list(seen(path))
    assert len(found) == 50
    for frame in found:
        assert frame.at_s - found[0].at_s == pytest.approx(
            (frame.moment - KEY_FRAME) / seconds(1)
        )
    with av.open(path) as container:
        assert container.streams.video[0].start_time == clock_ticks(KEY_FRAME)

    write(path, shots, pts="joined")
    found = list(seen(path))
    assert found[30].moment == KEY_FRAME + seconds(60)
    assert found[-1].at_s == pytest.approx(4.9)


def test_clock_begins_again(tmp_path: Path) -> None:
    """The clock of an MPEG-TS wraps inside of a file; its frames do not."""
    wrap_ms = CLOCK_TICKS * 20_000 // 90
    start = (
        datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=wrap_ms) - seconds(4)
    )
    assert clock_ticks(start) > clock_ticks(start + seconds(5))
    path = tmp_path / "clip.ts"
    DOOR.write(path, start, start + seconds(8), container="mpegts", pts="clock")
    found = moments(path)
    assert {b - a for a, b in pairwise(found)} == {seconds(0.1)}
    assert found[-1] - found[0] > seconds(7.9)


def test_size_changes_inside(tmp_path: Path) -> None:
    """An MPEG-TS may change its picture's size at a key frame."""
    large = Footage("Yard", width=640, height=360)
    small = Footage("Yard", width=320, height=180)
    path = tmp_path / "clip.ts"
    change = KEY_FRAME + seconds(2)
    write(
        path,
        [Shot(large, KEY_FRAME, change), Shot(small, change, change + seconds(2))],
        container="mpegts",
        pts="clock",
    )
    assert moments(path, of=small) == [KEY_FRAME + seconds(n / 10) for n in range(40)]
    with av.open(path) as container:
        widths = [frame.width for frame in container.decode(video=0)]
    assert widths == [640] * 20 + [320] * 20


def test_moov_place(tmp_path: Path) -> None:
    """An MP4 has its index in front, unless told otherwise."""
    path = tmp_path / "clip.mp4"
    DOOR.write(path, START, START + seconds(1))
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    DOOR.write(path, START, START + seconds(1), faststart=False)
    data = path.read_bytes()
    assert data.index(b"moov") > data.index(b"mdat")


def test_beep_each_second(tmp_path: Path) -> None:
    """The sound beeps at the start of each second of the wall clock."""
    path = tmp_path / "clip.mp4"
    DOOR.write(path, KEY_FRAME, KEY_FRAME + seconds(10))
    with av.open(path) as container:
        frames = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
    samples = np.concatenate(frames)
    loudness = np.abs(samples[: len(samples) // 800 * 800].reshape(-1, 800)).max(axis=1)
    loud = np.flatnonzero(loudness > 0.2) * 800 / 16_000
    # Two frames of 50 ms are loud, at most one more for the edge of an AAC frame.
    assert {round(at_s % 1, 2) for at_s in loud[3:]} <= {0.0, 0.05, 0.1, 0.95}
    assert len({int(at_s + 0.1) for at_s in loud}) >= 9


def test_picture_is_the_frame(tmp_path: Path) -> None:
    """A still picture is the frame of its moment."""
    path = tmp_path / "still.jpg"
    path.write_bytes(DOOR.picture(START))
    with Image.open(path) as image:
        assert (image.format, image.size) == ("JPEG", (320, 180))
    assert moments(path, of=DOOR) == [START - seconds(0.05)]


def test_damage_is_seen(tmp_path: Path) -> None:
    """A frame that cannot be read is an error, and so is another camera's."""
    path = tmp_path / "clip.mp4"
    DOOR.write(path, START, START + seconds(2))
    with pytest.raises(NotFootageError, match="not filmed by"):
        moments(path, of=Footage("Back door"))

    with av.open(path, "w") as output:
        stream = output.add_stream("libx264", rate=10, width=320, height=180)
        for brightness in (0, 128, 255):
            picture = np.full((270, 320), brightness, np.uint8)
            output.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "yuv420p")))
        output.mux(stream.encode(None))
    with pytest.raises(NotFootageError, match="unreadable"):
        moments(path)


def test_nothing_filmed(tmp_path: Path) -> None:
    """A stretch without a frame makes no file."""
    with pytest.raises(ValueError, match="nothing was filmed"):
        DOOR.write(tmp_path / "clip.mp4", START, START, exact=True)
    assert not (tmp_path / "clip.mp4").exists()
