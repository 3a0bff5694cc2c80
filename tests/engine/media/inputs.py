"""Footage as real clouds have been seen to hand it over, each kind under a name.

What must become of each is in `test_inputs.py`; `script/oracle` plays what becomes of
them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
import random

import av
from av.audio.stream import AudioStream

from custom_components.clip_download.engine.folder import File
from custom_components.clip_download.engine.media.clip_file import Piece
from custom_components.clip_download.engine.time_range import Placing, Window
from tests.clouds.footage import Footage, Shot, write

from .oracle import (
    START_MS,
    TS_BYTES,
    VIDEO_PID,
    Case,
    Clock,
    Codec,
    Container,
    Frame,
    Handed,
    _encoded as encoded,
    write_parts,
)

START = datetime.fromtimestamp(START_MS / 1000, UTC)
DOOR = Footage("Oracle", width=160, height=90)

CLOCKS: Sequence[Clock] = ("own", "camera")

type Times = Sequence[tuple[float, bool]]
type Make = Callable[[Path], tuple[list[Piece], Window]]


@dataclass(frozen=True)
class Input:
    """A name, and how to make it: the parts in a folder, the window that was asked."""

    name: str
    make: Make


def at(second: float) -> datetime:
    """Return a moment, counted from START."""
    return START + timedelta(seconds=second)


def between(start_s: float, end_s: float) -> Window:
    """Return a window, counted from START."""
    return Window(at(start_s), at(end_s))


# Streams of chosen frames.


def steady(
    start_s: float, end_s: float, *, fps: float = 10, gop_s: float = 1
) -> list[tuple[float, bool]]:
    """Return the times of frames, the first one a key frame, and which others are."""
    count = round((end_s - start_s) * fps)
    gop = round(gop_s * fps)
    return [(start_s + number / fps, number % gop == 0) for number in range(count)]


def later(times: Times, after_s: float, by_s: float) -> list[tuple[float, bool]]:
    """Return frames of which those after a time come later than usual."""
    return [(one + by_s if one > after_s else one, is_key) for one, is_key in times]


def filmed(
    *parts: tuple[tuple[float, float], Times],
    window: tuple[float, float] | None = None,
    placing: Placing = Placing.REQUESTED,
    container: Container = "mpegts",
    clock: Clock = "camera",
    has_sound: bool = True,
    codec: Codec = "h264",
    b_frames: int = 0,
    is_open: bool = False,
    is_fragmented: bool = False,
    is_heard_in_holes: bool = True,
    jumps_ms: Mapping[int, int] | None = None,
) -> Make:
    """Make parts of frames at these times: for each, when it was asked for.

    All of them are of one stream: equal times are equal frames. `jumps_ms`: how far the
    clock of the first part is set before a frame, by its place.
    """

    def make(folder: Path) -> tuple[list[Piece], Window]:
        whole = dict(sorted(one for _, times in parts for one in times))
        ms = [(_ms(time_s), is_key) for time_s, is_key in whole.items()]
        stream = list(encoded(codec, ms, b_frames, container, is_open=is_open))
        asked = [between(*one) for one, _ in parts]
        span = between(*window) if window else Window(asked[0].start, asked[-1].end)
        case = Case(
            seed=0 if is_heard_in_holes else 1,
            rng=random.Random(0),
            codec=codec,
            is_open=is_open,
            b_frames=b_frames,
            has_sound=has_sound,
            container=container,
            placing=placing,
            clock=clock,
            is_fragmented=is_fragmented,
            window=span,
            stream=stream,
            parts=[
                _handed(one, stream, times)
                for one, (_, times) in zip(asked, parts, strict=True)
            ],
            story=[],
        )
        case.parts[0].jumps_ms.update(jumps_ms or {})
        return write_parts(case, folder), span

    return make


def _ms(time_s: float) -> int:
    return START_MS + round(time_s * 1000)


def _handed(asked: Window, stream: Sequence[Frame], times: Times) -> Handed:
    """Return a part of the frames of these times, some of which may come again."""
    by_time = {one.time_ms: one for one in stream}
    wanted = [_ms(time_s) for time_s, _ in times]
    again = {n for n, one in enumerate(wanted) if one in wanted[:n]}
    if again:
        frames = [by_time[one] for one in wanted]
        return Handed(asked=asked, frames=frames, repeats=again)
    frames = [one for one in stream if one.time_ms in set(wanted)]
    # In the order of decoding, what is shown before the first key frame is behind it.
    first = frames[0].gop
    frames = [one for one in frames if not (one.is_leading and one.gop == first)]
    return Handed(asked=asked, frames=frames)


# Files that are changed after they were made.


def piece(
    folder: Path,
    window: Window,
    shots: Sequence[Shot] | Footage,
    *,
    name: str = "0.ts",
    placing: Placing = Placing.RECORDING,
    is_clocked: bool = True,
) -> Piece:
    """Write a part."""
    if isinstance(shots, Footage):
        shots = [Shot(shots, window.start, window.end, exact=True)]
    path = folder / name
    write(
        path,
        shots,
        container="mp4" if path.suffix == ".mp4" else "mpegts",
        pts="clock" if is_clocked and path.suffix == ".ts" else "zero",
    )
    return Piece(file=File.at(path), window=window, placing=placing)


def transport_packets(path: Path) -> list[bytes]:
    """Return the packets of a transport stream."""
    data = path.read_bytes()
    return [data[n : n + TS_BYTES] for n in range(0, len(data), TS_BYTES)]


def frame_count(path: Path) -> int:
    """Return how many frames a file has, decodable or not."""
    with av.open(path) as container:
        return sum(packet.dts is not None for packet in container.demux(video=0))


def sound_as(source: Path, target: Path, codec: str, rate_hz: int) -> None:
    """Copy a transport stream, its sound encoded by another codec, at another rate."""
    sample_format = {"aac": "fltp", "libmp3lame": "fltp"}.get(codec, "s16")
    with (
        av.open(source) as container,
        av.open(target, "w", format="mpegts", options={"mpegts_copyts": "1"}) as output,
    ):
        video, audio = container.streams.video[0], container.streams.audio[0]
        pictures = output.add_stream_from_template(video, opaque=True)
        sounds = output.add_stream(codec, rate=rate_hz, layout="mono")
        assert isinstance(sounds, AudioStream)
        sounds.codec_context.format = av.AudioFormat(sample_format)
        output.start_encoding()
        resampler = av.AudioResampler(sample_format, "mono", rate_hz)
        fifo = av.AudioFifo()
        begins_s: float | None = None
        count = 0
        for packet in container.demux(video, audio):
            if packet.dts is None:
                continue
            if packet.stream is video:
                packet.stream = pictures
                output.mux(packet)
                continue
            for frame in audio.decode(packet):
                begins_s = frame.time if begins_s is None else begins_s
                frame.pts = None
                for one in resampler.resample(frame):
                    one.pts = None
                    fifo.write(one)
            size = sounds.codec_context.frame_size
            while begins_s is not None and (taken := fifo.read(size)):
                taken.pts = round(begins_s * rate_hz) + count
                taken.time_base = Fraction(1, rate_hz)
                count += size
                output.mux(sounds.encode(taken))
        output.mux(sounds.encode(None))


def sounding(codec: str, rate_hz: int = 48_000) -> Make:
    """Make ten seconds of a transport stream whose sound is of another codec."""

    def make(folder: Path) -> tuple[list[Piece], Window]:
        window = between(0, 10)
        plain = piece(folder, window, DOOR, name="plain.ts")
        sound_as(plain.file.path, folder / "0.ts", codec, rate_hz)
        return [Piece(file=File.at(folder / "0.ts"), window=window)], window

    return make


def rates_mixed(*, is_one_part: bool) -> Make:
    """Make ten seconds whose ADTS goes on at another rate, in a part or between two."""

    def make(folder: Path) -> tuple[list[Piece], Window]:
        first = piece(folder, between(0, 5), DOOR)
        plain = piece(folder, between(5, 10), DOOR, name="plain.ts")
        second = Piece(file=File.at(folder / "1.ts"), window=plain.window)
        sound_as(plain.file.path, second.file.path, "aac", 8000)
        if not is_one_part:
            return [first, second], between(0, 10)
        return [joined(first, second)], between(0, 10)

    return make


def joined(first: Piece, second: Piece) -> Piece:
    """Put two transport streams together as one part."""
    with first.file.path.open("ab") as file:
        file.write(second.file.path.read_bytes())
    return Piece(
        file=first.file,
        window=Window(first.window.start, second.window.end),
        placing=first.placing,
    )


def damaged(harm: Callable[[list[bytes]], Iterable[bytes]]) -> Make:
    """Make ten seconds of a transport stream that something befell on the way."""

    def make(folder: Path) -> tuple[list[Piece], Window]:
        whole = piece(folder, between(0, 10), DOOR)
        whole.file.path.write_bytes(b"".join(harm(transport_packets(whole.file.path))))
        return [whole], whole.window

    return make


def one_percent_lost(data: list[bytes]) -> Iterator[bytes]:
    """Leave out one packet in a hundred, but for the tables at the beginning."""
    rng = random.Random(9)
    yield from data[:3]
    yield from (packet for packet in data[3:] if rng.random() >= 0.01)


def a_burst_lost(data: list[bytes]) -> Iterator[bytes]:
    """Leave out what is worth 0.8 s."""
    middle = len(data) // 2
    yield from data[:middle]
    yield from data[middle + len(data) * 8 // 100 :]


def with_garbage(data: list[bytes]) -> Iterator[bytes]:
    """Put bytes in between that are no packets."""
    rng = random.Random(9)
    for place in (1, 2):
        yield from data[len(data) * (place - 1) // 3 : len(data) * place // 3]
        yield rng.randbytes(10_000)
    yield from data[len(data) * 2 // 3 :]


def cut_off(data: list[bytes]) -> Iterator[bytes]:
    """Keep three fifths, and a part of a packet."""
    kept = len(data) * 3 // 5
    yield from data[:kept]
    yield data[kept][:77]


def without_first_key_frame(data: list[bytes]) -> Iterator[bytes]:
    """Begin with the second frame, behind the tables."""
    starts = [
        n
        for n, packet in enumerate(data)
        if packet[1] & 0x40 and int.from_bytes(packet[1:3]) & 0x1FFF == VIDEO_PID
    ]
    yield from data[:3]
    yield from data[starts[1] :]


def written(
    footage: Footage,
    *edges_s: float,
    window: tuple[float, float] | None = None,
    suffix: str = "mp4",
    placing: Placing = Placing.RECORDING,
) -> Make:
    """Make neighbours of plain footage; they meet at the edges."""

    def make(folder: Path) -> tuple[list[Piece], Window]:
        windows = [between(*one) for one in pairwise(edges_s)]
        pieces = [
            piece(folder, one, footage, name=f"{n}.{suffix}", placing=placing)
            for n, one in enumerate(windows)
        ]
        asked = between(*window) if window else between(edges_s[0], edges_s[-1])
        return pieces, asked

    return make


def of_sizes(folder: Path) -> tuple[list[Piece], Window]:
    """Make one part whose pictures change their size."""
    small = Footage("Oracle", width=200, height=100)
    shots = [Shot(DOOR, at(0), at(3)), Shot(small, at(3), at(6))]
    return [piece(folder, between(0, 6), shots)], between(0, 6)


def hiding(folder: Path) -> tuple[list[Piece], Window]:
    """Make an MP4 that does not show its first second and a half."""
    plain = piece(folder, between(-1.5, 8), SPARSE, name="plain.mp4")
    path = folder / "0.mp4"
    with (
        av.open(plain.file.path) as container,
        av.open(path, "w", options={"movflags": "+faststart"}) as output,
    ):
        streams = {
            one.index: output.add_stream_from_template(one, opaque=True)
            for one in container.streams
        }
        for packet in container.demux():
            if packet.dts is None or packet.pts is None:
                continue
            early = round(1.5 / packet.time_base)
            packet.dts, packet.pts = packet.dts - early, packet.pts - early
            packet.stream = streams[packet.stream.index]
            output.mux(packet)
    return [Piece(file=File.at(path), window=between(0, 8))], between(0, 8)


def silent_between(folder: Path) -> tuple[list[Piece], Window]:
    """Make three parts, of which the one in the middle has no sound."""
    silent = replace(DOOR, audio=None)
    pieces = [
        piece(folder, between(4 * n, 4 * n + 4), footage, name=f"{n}.ts")
        for n, footage in enumerate([DOOR, silent, DOOR])
    ]
    return pieces, between(0, 12)


def claiming(folder: Path) -> tuple[list[Piece], Window]:
    """Make a part of 5 s that says that it lasts for 29 s, and a good one after it."""
    make = filmed(
        ((0, 5), steady(0, 5)), ((5, 10), steady(5, 10)), jumps_ms={40: 24_000}
    )
    return make(folder)


SPARSE = replace(DOOR, gop_frames=40)
REORDERED = replace(DOOR, b_frames=2)

_PAUSED = later(steady(0, 60, gop_s=4), 30, 1.1)
_PAUSED_LONG_GOP = later(steady(0, 60, gop_s=10), 33, 1.1)
_SLOW = [(60 + 2.0 * n, n % 2 == 0) for n in range(30)]
_JITTER = random.Random(1)
_ONE_FPS = [
    (60 + n + (_JITTER.uniform(-0.03, 0.03) if n else 0), n % 10 == 0)
    for n in range(61)
]
_SLOW_LONG_GOP = [(60 + 1.25 * n, n % 20 == 0) for n in range(48)]
_LATE = [
    (start_s + number / 10, number % 40 == 0)
    for start_s in (1.5, 11.5, 21.5)
    for number in range(85)
]


def _within(times: Times, start_s: float, end_s: float) -> list[tuple[float, bool]]:
    return [one for one in times if start_s <= one[0] < end_s]


def _each(container: Container, name: str, times: Times, end_s: float) -> Input:
    return Input(
        f"{name}, {container}",
        filmed(
            ((times[0][0], end_s), times),
            container=container,
            clock="camera" if container == "mpegts" else "own",
        ),
    )


def _late(clock: Clock) -> Make:
    return filmed(
        *(((n, n + 10), _within(_LATE, n, n + 10)) for n in (0, 10, 20)), clock=clock
    )


def _over(clock: Clock) -> Make:
    """Return parts that each go on for 2 s too long."""
    times = steady(0, 32)
    return filmed(
        *(((n, n + 10), _within(times, n, n + 12)) for n in (0, 10, 20)), clock=clock
    )


def _first_late(clock: Clock) -> Make:
    """Return two parts of which the first one lacks its first 4 s."""
    return filmed(
        ((0, 10), steady(4, 10)),
        ((10, 20), steady(10, 20)),
        clock=clock,
    )


_FOUR = [steady(n, n + 10) for n in (0, 10, 20, 30)]
_REPEATING = [*_FOUR[1][:60], *_FOUR[1][40:60], *_FOUR[1][60:]]
_GOP_HOLE = [*steady(0, 20.5, gop_s=10), *steady(30, 60, gop_s=10)]

INPUTS = [
    *(
        one
        for container in ("mp4", "mpegts")
        for one in (
            _each(container, "a pause of 1.2 s, GOP 4 s", _PAUSED, 61),
            _each(container, "a pause of 1.2 s, GOP 10 s", _PAUSED_LONG_GOP, 61),
            _each(
                container, "10 fps, then 0.5", [*steady(0, 60, gop_s=4), *_SLOW], 120
            ),
            _each(
                container,
                "10 fps, then about 1",
                [*steady(0, 60, gop_s=10), *_ONE_FPS],
                121,
            ),
            _each(
                container,
                "10 fps, then 0.8, GOP 25 s",
                [*steady(0, 60, gop_s=2), *_SLOW_LONG_GOP],
                120,
            ),
            _each(container, "9.5 s missing between key frames", _GOP_HOLE, 60),
        )
    ),
    Input("2 s missing of 6", filmed(((0, 6), steady(0, 4)))),
    Input("1.2 s missing of 5", filmed(((0, 5), steady(0, 3.8)))),
    Input("0.5 s missing of 3", filmed(((0, 3), steady(0, 2.5)))),
    Input("three parts 1.5 s late, own clocks", _late("own")),
    Input("three parts 1.5 s late, camera's clock", _late("camera")),
    *(
        Input(
            f"the same 10 s in two parts, {clock}",
            filmed(((0, 10), steady(0, 10)), ((10, 20), steady(0, 10)), clock=clock),
        )
        for clock in CLOCKS
    ),
    *(
        Input(
            f"2 s twice inside of a part, {clock}",
            filmed(
                *(
                    ((10 * n, 10 * n + 10), _REPEATING if n == 1 else times)
                    for n, times in enumerate(_FOUR)
                ),
                clock=clock,
            ),
        )
        for clock in CLOCKS
    ),
    Input("a part that claims too long", claiming),
    Input("one frame", filmed(((0, 1), steady(0, 0.1)))),
    Input(
        "one frame between others",
        filmed(
            ((0, 5), steady(0, 5)), ((5, 6), steady(5, 5.1)), ((6, 9), steady(6, 9))
        ),
    ),
    Input("no first key frame", damaged(without_first_key_frame)),
    Input("1 % of the packets lost", damaged(one_percent_lost)),
    Input("a burst lost", damaged(a_burst_lost)),
    Input("garbage in between", damaged(with_garbage)),
    Input("cut off", damaged(cut_off)),
    Input("another size", of_sizes),
    Input("ADTS of two rates in a part", rates_mixed(is_one_part=True)),
    Input("ADTS of two rates in two parts", rates_mixed(is_one_part=False)),
    Input("MP2", sounding("mp2")),
    Input("Opus", sounding("libopus")),
    Input("MP3", sounding("libmp3lame")),
    Input("AAC of 48 kHz", sounding("aac")),
    *(
        Input(
            f"a hole in the picture, {what}",
            filmed(
                ((0, 10), [*steady(0, 4), *steady(6, 10)]), is_heard_in_holes=is_heard
            ),
        )
        for what, is_heard in (("sound goes on", True), ("and in the sound", False))
    ),
    Input("a first part without its start, own clocks", _first_late("own")),
    Input("a first part without its start, camera's clock", _first_late("camera")),
    Input("2 s too much at the end, own clocks", _over("own")),
    Input("2 s too much at the end, camera's clock", _over("camera")),
    # What else there is to play.
    Input("an MP4 that is moved", written(DOOR, 0, 6)),
    Input("B-frames, cut at both ends", written(REORDERED, 0, 20, window=(4.5, 9.2))),
    Input("an edit list", hiding),
    Input(
        "a fragmented MP4",
        filmed(
            ((0, 8), steady(0, 8)),
            container="mp4",
            clock="own",
            placing=Placing.RECORDING,
            is_fragmented=True,
        ),
    ),
    *(
        Input(
            f"open GOPs, cut, {container}",
            filmed(
                ((0, 20), steady(0, 20, gop_s=2)),
                window=(5.5, 12.3),
                container=container,
                clock="own",
                placing=Placing.RECORDING,
                b_frames=2,
                is_open=True,
            ),
        )
        for container in ("mp4", "mpegts")
    ),
    # Behind the key frame that it is cut at, a picture says which ones from before to
    # forget; these are not there.
    *(
        Input(
            f"open GOPs that forget, cut, {container}",
            filmed(
                ((0, 12), steady(0, 12, fps=15, gop_s=1)),
                window=(2.5, 11),
                container=container,
                clock="own",
                placing=Placing.RECORDING,
                b_frames=1,
                is_open=True,
            ),
        )
        for container in ("mp4", "mpegts")
    ),
    Input("many parts, TS", written(DOOR, *range(0, 25, 2), suffix="ts")),
    Input("many parts, MP4", written(DOOR, *range(0, 25, 2))),
    Input("G.711", written(replace(DOOR, audio="alaw"), 0, 3, 6, window=(0.5, 5))),
    Input("HEVC", written(replace(DOOR, codec="hevc"), 0, 3, 6, suffix="ts")),
    Input("no sound in the middle", silent_between),
]
