"""Footage that nobody chose, and what must become of it.

A camera films one stream, with frames at any times; a cloud hands parts of it over as
real ones do: too early, too late, too much, with holes, repeats, damage, clocks of their
own. Everything comes from a seed. The oracle knows which frames came and can be decoded,
and which moments are missing, and holds the finished files against that.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
import random
import subprocess
import threading
from typing import Literal, cast, override

import av
from av.audio.stream import AudioStream
from av.codec.context import Flags
from av.packet import Packet
from av.stream import Stream
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType

from custom_components.clip_download.engine.folder import File, Folder
from custom_components.clip_download.engine.media.clip_file import (
    Finished,
    Piece,
    finish,
)
from custom_components.clip_download.engine.time_range import Placing, Window
from tests.clouds.footage import (
    CLOCK_TICKS,
    TICK,
    TICKS_PER_MS,
    Footage,
    Painter,
    Seen,
    aac_sound,
    seen,
)

START_MS = 1_795_600_000_000
HOLE_MS = 1000
# The slowest that a stream is filmed at, and how far apart its key frames are at most.
LONGEST_STEP_MS = 5000
LONGEST_GOP_MS = 20_000
# After a gap, decoders may drop or reorder the next frames behind an H.264 key frame that
# frames are decoded across. Only encoding it anew would mend that.
OPEN_COMPLAINTS = ("non monotonically increasing dts",)
OPEN_LOST = 8
# A clock that is fast: by a hundred times what a camera's is.
FAST = Fraction(1005, 1000)
TS_BYTES = 188
VIDEO_PID = 256

type Codec = Literal["h264", "hevc"]
type Container = Literal["mp4", "mpegts"]
type Clock = Literal["own", "camera", "fast", "wraps"]


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One encoded frame, in the order of decoding; `dts` is in ticks of Unix time.

    `gop` counts the key frames up to it. `is_leading`: it is shown before its key frame.
    """

    time_ms: int
    dts: int
    gop: int
    is_key: bool
    data: bytes
    is_leading: bool = False


@dataclass(kw_only=True)
class Handed:
    """A part as the cloud hands it over: the frames, and what was done to them.

    `jumps_ms`: how far the clock was set before a frame, by its place. `lost`: places
    of frames of which something was lost on the way. `repeats`: places of frames that
    came before.
    """

    asked: Window
    frames: list[Frame]
    jumps_ms: dict[int, int] = field(default_factory=dict)
    repeats: set[int] = field(default_factory=set)
    lost: set[int] = field(default_factory=set)
    has_hole: bool = False


@dataclass(kw_only=True)
class Case:
    """One seed's footage, and what is asked of it."""

    seed: int
    rng: random.Random
    codec: Codec
    is_open: bool
    b_frames: int
    has_sound: bool
    container: Container
    placing: Placing
    clock: Clock
    is_fragmented: bool
    window: Window
    stream: list[Frame]
    parts: list[Handed]
    # What the camera and the cloud did, for whoever reads a failure.
    story: list[str]

    @override
    def __str__(self) -> str:
        """Return what to look at first."""
        return (
            f"seed {self.seed}: {self.codec}{' open' if self.is_open else ''} "
            f"b{self.b_frames} {self.container}{' moof' if self.is_fragmented else ''} "
            f"{self.placing.name} {self.clock}, {len(self.parts)} parts of "
            f"{self.window.duration}: {'; '.join(self.story)}"
        )


def make_case(seed: int) -> Case:
    """Make up footage and a cloud."""
    rng = random.Random(seed)
    story: list[str] = []
    codec: Codec = "hevc" if rng.random() < 0.15 else "h264"
    b_frames = rng.choice([0, 0, 0, 1, 2, 3])
    is_open = b_frames > 0 and rng.random() < 0.6
    container: Container = rng.choice(["mp4", "mpegts", "mpegts"])
    times = _times(rng, story)
    stream = list(_encoded(codec, times, b_frames, container, is_open=is_open))
    placing = rng.choice(
        [Placing.REQUESTED] * 3 + [Placing.SEQUENCE, Placing.RECORDING]
    )
    clock: Clock = "own"
    if container == "mpegts":
        clock = rng.choice(["own", "camera", "camera", "fast", "wraps"])
        if placing is Placing.RECORDING and clock == "fast":
            clock = "own"
    first_ms, last_ms = times[0][0], times[-1][0]
    length_ms = last_ms - first_ms
    start_ms = first_ms + rng.randrange(1 + length_ms // 3)
    end_ms = max(start_ms + 1500, last_ms - rng.randrange(1 + length_ms // 4))
    case = Case(
        seed=seed,
        rng=rng,
        codec=codec,
        is_open=is_open,
        b_frames=b_frames,
        has_sound=rng.random() < 0.6,
        container=container,
        placing=placing,
        clock=clock,
        is_fragmented=container == "mp4" and rng.random() < 0.3,
        window=Window.of_ms(start_ms, end_ms),
        stream=stream,
        parts=[],
        story=story,
    )
    match placing:
        case Placing.REQUESTED:
            case.parts = list(_requested(case))
        case Placing.SEQUENCE:
            case.parts = list(_sequence(case))
        case _:
            case.parts = list(_recordings(case))
    case.parts = [part for part in case.parts if part.frames]
    for part in case.parts:
        _mistreat(case, part)
    return case


def _times(rng: random.Random, story: list[str]) -> list[tuple[int, bool]]:
    """Make up when frames are filmed, and which of them are key frames."""
    fps = rng.choice([0.2, 0.5, 1, 2, 5, 10, 10, 15, 25, 60])
    count = rng.randrange(60, 160) if fps >= 2 else rng.randrange(15, 40)
    other_fps = rng.choice([0.2, 0.5, 1, 5, 10, 30])
    gop_s = rng.choice([0.5, 1, 2, 4, 4, 10, 20])
    manner = rng.choice(["steady", "steady", "changes", "jitters", "pauses"])
    story.append(f"{fps} fps, {manner}, GOP {gop_s} s")
    change_at = rng.randrange(count // 4, count * 3 // 4)
    pauses = set(rng.sample(range(count // 5, count), rng.randrange(1, 3)))
    times: list[tuple[int, bool]] = []
    time_ms = float(START_MS + rng.randrange(5000))
    key_ms = -1e18
    for number in range(count):
        step_ms = 1000 / fps
        if manner == "changes" and number >= change_at:
            step_ms = 1000 / other_fps
        if manner == "jitters":
            step_ms *= rng.uniform(0.7, 1.3)
        # Of no more than the last frames of a minute and a half.
        if time_ms - START_MS > 90_000:
            break
        is_key = time_ms - key_ms >= gop_s * 1000 - 1
        if manner == "pauses" and number in pauses and number and not is_key:
            pause_ms = rng.randrange(1100, 4000)
            story.append(f"pause {pause_ms} ms")
            time_ms += pause_ms
        if is_key:
            key_ms = time_ms
        times.append((round(time_ms), is_key))
        time_ms += step_ms
    return times


def _encoded(
    codec: Codec,
    times: Sequence[tuple[int, bool]],
    b_frames: int,
    container: Container,
    *,
    is_open: bool,
) -> Iterator[Frame]:
    """Encode the stream once, as a camera does."""
    encoder = av.CodecContext.create("libx265" if codec == "hevc" else "libx264", "w")
    assert isinstance(encoder, VideoCodecContext)
    _configure(encoder, codec, b_frames, is_open=is_open)
    if container == "mp4":
        encoder.flags |= Flags.global_header
    painter = Painter(CAMERA)
    gop, key_ms = -1, 0
    for packet in _packets(encoder, painter, times):
        time_ms = cast("int", packet.pts) // TICKS_PER_MS
        if packet.is_keyframe:
            gop, key_ms = gop + 1, time_ms
        yield Frame(
            time_ms=time_ms,
            dts=cast("int", packet.dts),
            gop=gop,
            is_key=packet.is_keyframe,
            data=bytes(packet),
            is_leading=time_ms < key_ms,
        )


CAMERA = Footage("Oracle", width=160, height=90)


def _configure(
    encoder: VideoCodecContext, codec: Codec, b_frames: int, *, is_open: bool
) -> None:
    encoder.width, encoder.height = CAMERA.width, CAMERA.height
    encoder.pix_fmt = "yuv420p"
    encoder.framerate = Fraction(10)
    encoder.time_base = TICK
    encoder.thread_count = 1
    encoder.gop_size = 100_000
    encoder.max_b_frames = b_frames
    encoder.options = {"preset": "ultrafast", "qp": "28"}
    opened = int(is_open)
    if codec == "hevc":
        encoder.options["x265-params"] = (
            f"log-level=none:scenecut=0:open-gop={opened}:bframes={b_frames}:"
            "b-pyramid=0:pools=1:frame-threads=1"
        )
    else:
        encoder.options["x264-params"] = (
            f"scenecut=0:open-gop={opened}:bframes={b_frames}:b-adapt=0:keyint=100000:"
            "b-pyramid=none"
        )


def _packets(
    encoder: VideoCodecContext,
    painter: Painter,
    times: Sequence[tuple[int, bool]],
) -> Iterator[Packet[Stream]]:
    for time_ms, is_key in times:
        frame = av.VideoFrame.from_ndarray(painter.paint(time_ms), "yuv420p")
        frame.time_base = TICK
        frame.pts = time_ms * TICKS_PER_MS
        frame.pict_type = PictureType.I if is_key else PictureType.NONE
        yield from encoder.encode(frame)
    yield from encoder.encode(None)


def _stretch(stream: Sequence[Frame], start_ms: int, end_ms: int) -> list[Frame]:
    """Return the frames from the first key frame at `start_ms` or later on."""
    first = next(
        (n for n, one in enumerate(stream) if one.is_key and one.time_ms >= start_ms),
        len(stream),
    )
    # As decoded: the last one may need a later one that was decoded before.
    end = max((n for n, one in enumerate(stream) if one.time_ms < end_ms), default=0)
    return [
        one
        for one in stream[first : end + 1]
        if not one.is_leading or one.gop > stream[first].gop
    ]


def _key_before_ms(stream: Sequence[Frame], time_ms: int) -> int:
    keys = [one.time_ms for one in stream if one.is_key]
    return max((key for key in keys if key <= time_ms), default=keys[0])


def _requested(case: Case) -> Iterator[Handed]:
    """Cut requests out of the stream as a cloud of segments does."""
    rng, stream = case.rng, case.stream
    # A request is much longer than what it may be off by.
    keys_ms = [one.time_ms for one in stream if one.is_key]
    gop_ms = max((b - a for a, b in pairwise(keys_ms)), default=4000)
    most = int(case.window.duration.total_seconds() * 1000 / (2 * gop_ms + 5000))
    count = min(rng.choice([1, 1, 2, 3, 4]), max(1, most))
    start_ms, end_ms = case.window.start_ms, case.window.end_ms
    edges = [start_ms + (end_ms - start_ms) * n // count for n in range(count + 1)]
    begins = rng.choice(["early", "early", "late"])
    ends = rng.choice(["in time", "in time", "over", "over by other times"])
    over_ms = rng.randrange(200, 2500)
    case.story.append(f"begins {begins}, ends {ends}")
    for start_ms, end_ms in pairwise(edges):
        if ends == "over by other times":
            over_ms = rng.randrange(200, 2500)
        last_ms = end_ms if ends == "in time" else end_ms + over_ms
        first_ms = start_ms
        if begins == "early":
            first_ms = _key_before_ms(stream, start_ms)
        yield Handed(
            asked=Window.of_ms(start_ms, end_ms),
            frames=_stretch(stream, first_ms, last_ms),
        )


def _sequence(case: Case) -> Iterator[Handed]:
    """Hand over batches of whole GOPs, as fragments."""
    rng, stream = case.rng, case.stream
    gops = sorted({one.gop for one in stream})
    count = min(rng.choice([1, 2, 3]), len(gops))
    edges = [gops[0] + len(gops) * n // count for n in range(count + 1)]
    keys = {one.gop: one.time_ms for one in stream if one.is_key}
    times_ms = sorted(one.time_ms for one in stream)
    end_ms = 2 * times_ms[-1] - times_ms[-2]
    for first, last in pairwise(edges):
        frames = [one for one in stream if first <= one.gop < last]
        if not (case.is_open and first):
            frames = [
                one for one in frames if not (one.is_leading and one.gop == first)
            ]
        yield Handed(
            asked=Window.of_ms(keys[first], keys.get(last, end_ms)), frames=frames
        )


def _recordings(case: Case) -> Iterator[Handed]:
    """Record some events: apart from each other, or overlapping."""
    rng, stream = case.rng, case.stream
    keys = [one.time_ms for one in stream if one.is_key]
    for _ in range(rng.choice([1, 2, 3])):
        start_ms = rng.choice(keys[: max(1, len(keys) * 3 // 4)])
        end_ms = start_ms + rng.randrange(2000, 30_000)
        frames = _stretch(stream, start_ms, end_ms)
        end_ms = min(end_ms, stream[-1].time_ms + 100)
        if frames and end_ms > start_ms:
            yield Handed(asked=Window.of_ms(start_ms, end_ms), frames=frames)


def _mistreat(case: Case, part: Handed) -> None:
    """Do to a part what befalls real ones."""
    rng = case.rng
    frames = part.frames
    fate = rng.choice(["", "", "", "hole", "hole", "repeat", "jump", "loss", "start"])
    keys = [n for n, one in enumerate(frames) if one.is_key]
    if fate == "hole" and len(keys) > 2:
        end = rng.choice(keys[1:])
        first = (
            rng.randrange(1, max(2, end))
            if rng.random() < 0.5
            else max(1, keys[keys.index(end) - 1])
        )
        # A key frame that is gone takes with it what is decoded from it.
        hole_ms = frames[end].time_ms - frames[first - 1].time_ms
        gop = frames[end].gop
        rest = [one for one in frames[end:] if not (one.is_leading and one.gop == gop)]
        part.frames, part.has_hole = frames[:first] + rest, True
        case.story.append(f"{hole_ms} ms without frames")
    elif fate == "start" and len(keys) > 2 and case.placing is Placing.REQUESTED:
        part.frames = [
            one
            for one in frames[keys[1] :]
            if not (one.is_leading and one.gop == frames[keys[1]].gop)
        ]
        case.story.append("its first GOP is missing")
    elif (
        fate == "repeat"
        and len(keys) > 2
        and case.placing is Placing.REQUESTED
        and not case.b_frames
    ):
        at = rng.randrange(len(keys) - 1)
        first, end = keys[at], keys[at + 1]
        again = [one for one in frames[first:end] if not one.is_leading]
        part.frames = frames[:end] + again + frames[end:]
        part.repeats = set(range(end, end + len(again)))
        case.story.append("a GOP comes twice")
    elif fate == "jump" and case.container == "mpegts":
        at = (
            rng.choice(keys[1:])
            if len(keys) > 1 and rng.random() < 0.7
            else len(frames) // 2
        )
        jump_ms = rng.choice([-30_000, -3000, 100_000, 1_000_000])
        if at and not (case.b_frames and not frames[at].is_key):
            part.jumps_ms[at] = jump_ms
            case.story.append(f"the clock jumps {jump_ms} ms at {at}")
    elif fate == "loss" and case.container == "mpegts":
        # The last one of a GOP cannot be told from the end of a file that was put there.
        # Of the first two, no packet before them could be marked.
        inner = [n for n in range(2, len(frames) - 2) if not frames[n + 1].is_key]
        part.lost = set(rng.sample(inner, min(len(inner), rng.randrange(1, 3))))
        case.story.append(f"lost packets in {sorted(part.lost)}")


def write_parts(case: Case, folder: Path) -> list[Piece]:
    """Write the parts as the cloud hands them over."""
    suffix = "ts" if case.container == "mpegts" else "mp4"
    pieces = []
    for number, part in enumerate(case.parts):
        path = folder / f"{number}.{suffix}"
        _mux(case, part, path)
        if part.lost:
            _lose(case, part, path)
        pieces.append(
            Piece(file=File.at(path), window=part.asked, placing=case.placing)
        )
    return pieces


def _mux(case: Case, part: Handed, path: Path) -> None:
    """Write a part; where its clock jumps, as files that are put together."""
    places = [0, *sorted(part.jumps_ms), len(part.frames)]
    offset_ms = _clock_offset_ms(case, part)
    data = b""
    for first, end in pairwise(places):
        offset_ms += part.jumps_ms.get(first, 0)
        _mux_segment(case, part, range(first, end), offset_ms, path)
        data += path.read_bytes()
    if len(places) > 2:
        path.write_bytes(_counted_on(data))


def _counted_on(data: bytes) -> bytes:
    """Let the packets' counters go on where files were put together."""
    counted = bytearray(data)
    counters: dict[int, int] = {}
    for at in range(0, len(data), TS_BYTES):
        pid = int.from_bytes(data[at + 1 : at + 3]) & 0x1FFF
        if data[at + 3] & 0x10:
            counters[pid] = (counters.get(pid, -1) + 1) % 16
        counted[at + 3] = data[at + 3] & 0xF0 | counters.get(pid, 0)
    return bytes(counted)


def _clock_offset_ms(case: Case, part: Handed) -> int:
    """Return what is added to Unix time to have the time that the file shows."""
    middle_ms = (case.window.start_ms + case.window.end_ms) // 2
    match case.clock:
        case "own":
            lead_ms = 0 if case.b_frames == 0 else 1400
            return lead_ms - min(one.time_ms for one in part.frames)
        case "wraps":
            return CLOCK_TICKS // TICKS_PER_MS - middle_ms
    return 5_000_000 - START_MS


def _mux_segment(
    case: Case, part: Handed, places: range, offset_ms: int, path: Path
) -> None:
    options = {
        "mpegts": {"mpegts_copyts": "1"},
        "mp4": {"movflags": "frag_keyframe+empty_moov"} if case.is_fragmented else {},
    }
    speed = FAST if case.clock == "fast" else Fraction(1)

    def shown(ticks: int) -> int:
        return round((ticks + offset_ms * TICKS_PER_MS) * speed)

    is_heard_in_holes = case.seed % 2 == 0
    with av.open(
        path, "w", format=case.container, options=options[case.container]
    ) as out:
        video = out.add_stream(
            "libx265" if case.codec == "hevc" else "libx264",
            rate=10,
            width=CAMERA.width,
            height=CAMERA.height,
        )
        _configure(video.codec_context, case.codec, case.b_frames, is_open=case.is_open)
        audio: AudioStream | None = None
        if case.has_sound:
            audio = out.add_stream("aac", rate=16_000, layout="mono")
        queue: list[tuple[int, int, bytes, Stream, bool]] = []
        later_ms = 0
        heard_ms: list[tuple[int, int]] = []
        for place in places:
            frame = part.frames[place]
            if place in part.repeats and place - 1 not in part.repeats:
                later_ms += _lasts_ms(part, place)
            later = later_ms * TICKS_PER_MS
            pts = frame.time_ms * TICKS_PER_MS + later
            queue.append(
                (shown(frame.dts + later), shown(pts), frame.data, video, frame.is_key)
            )
            if place not in part.repeats and not later_ms:
                heard_ms.append((frame.time_ms, frame.time_ms))
        if audio and heard_ms:
            times_ms = sorted(start for start, _ in heard_ms)
            for start_ms, end_ms in pairwise([*times_ms, times_ms[-1] + 100]):
                if end_ms - start_ms <= HOLE_MS or is_heard_in_holes:
                    queue += [
                        (shown(ticks), shown(ticks), data, audio, True)
                        for ticks, data in aac_sound(start_ms, end_ms)
                    ]
        for dts, pts, data, stream, is_key in sorted(queue, key=lambda one: one[0]):
            packet = Packet(data)
            packet.stream, packet.time_base = stream, TICK
            packet.pts, packet.dts, packet.is_keyframe = pts, dts, is_key
            out.mux(packet)


def _lasts_ms(part: Handed, place: int) -> int:
    """Return how long the GOP lasts that comes again at a place."""
    again = [part.frames[n].time_ms for n in sorted(part.repeats) if n >= place]
    following = [
        one.time_ms
        for n, one in enumerate(part.frames)
        if n not in part.repeats and one.time_ms > max(again)
    ]
    return min(following) - min(again)


def _lose(case: Case, part: Handed, path: Path) -> None:
    """Drop a transport packet of each frame that is to be hit."""
    data = path.read_bytes()
    packets = [data[at : at + TS_BYTES] for at in range(0, len(data), TS_BYTES)]
    frame = -1
    at: dict[int, list[int]] = {}
    for number, packet in enumerate(packets):
        if int.from_bytes(packet[1:3]) & 0x1FFF == VIDEO_PID:
            frame += packet[1] >> 6 & 1
            at.setdefault(frame, []).append(number)
    gone = {case.rng.choice(at[place]) for place in part.lost}
    path.write_bytes(b"".join(one for n, one in enumerate(packets) if n not in gone))


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What must be in the files, what may be, and what is missing, by arrival."""

    must: set[int]
    may: set[int]
    # From the end of a frame to the next one, where none came and both ends are known.
    holes: list[tuple[int, int]]
    steps_ms: dict[int, int]


def expect(case: Case) -> Expected:
    """Return what can be decoded of what came."""
    must: set[int] = set()
    may: set[int] = set()
    holes: list[tuple[int, int]] = []
    times = sorted(one.time_ms for one in case.stream)
    steps_ms = {a: b - a for a, b in pairwise(times)}
    steps_ms[times[-1]] = steps_ms[times[-2]]
    window = case.window
    for part in case.parts:
        came: set[int] = set()
        broken: int | None = None
        for place, one in enumerate(part.frames):
            if one.is_key and place not in part.lost:
                broken = None
            if place in part.lost and broken is None:
                broken = place
            may.add(one.time_ms)
            # The packet before is marked where a whole one is gone.
            if broken is None and place + 1 not in part.lost:
                came.add(one.time_ms)
        must |= {
            time_ms
            for time_ms in came
            if window.start_ms <= time_ms < window.end_ms - 1
            # Where two parts overlap, one of them is taken.
            and all(
                time_ms in {one.time_ms for one in other.frames}
                for other in case.parts
                if other.frames[0].time_ms < time_ms < other.frames[-1].time_ms
            )
        }
        shown = sorted(came)
        holes += [
            (before + steps_ms[before], after)
            for before, after in pairwise(shown)
            if after > before + steps_ms[before]
        ]
    return Expected(must=must, may=may, holes=holes, steps_ms=steps_ms)


def check(case: Case, folder: Path) -> Finished:
    """Finish a case's parts and hold the files, and what is said of them, to the truth."""
    pieces = write_parts(case, folder)
    finished = finish(
        pieces, case.window, Folder.open(folder), cancelled=threading.Event()
    )
    expected = expect(case)
    shown: list[Seen] = []
    for one in finished.files:
        frames = list(seen(one.file.path))
        shown += frames
        _check_strictly(one.file.path, is_open=case.is_open)
        _check_pace(case, expected, frames)
    times_ms = [round(one.moment.timestamp() * 1000) for one in shown]
    twice = _twice(times_ms) - _unknown_repeats(case)
    assert not twice, f"twice: {twice}"
    undecided = _undecided(case, expected)
    undecided |= _unknown_repeats(case)
    decided_ms = [time_ms for time_ms in times_ms if time_ms not in undecided]
    assert decided_ms == sorted(decided_ms), "out of order"
    lost = sorted(expected.must - set(times_ms) - undecided)
    assert not lost, f"{len(lost)} frames lost: {[t - START_MS for t in lost][:8]}"
    assert set(times_ms) <= expected.may
    _check_said(case, expected, finished, times_ms)
    return finished


def _undecided(case: Case, expected: Expected) -> set[int]:
    """Return the frames that a decoder may drop although they are in the file."""
    undecided: set[int] = set()
    if case.clock == "fast":
        late_ms = case.window.end_ms - float(1 - 1 / FAST) * 60_000
        undecided |= {time_ms for time_ms in expected.may if time_ms > late_ms}
    if not case.is_open:
        return undecided
    for part in case.parts:
        # A part that goes on with a key frame does without what is shown before it.
        is_broken = part.jumps_ms or part.repeats or part.lost or part.has_hole
        first = part.frames[0].gop
        undecided |= {
            one.time_ms
            for one in case.stream
            if one.is_leading and (is_broken or one.gop == first)
        }
    if case.codec == "hevc":
        return undecided
    for part in case.parts:
        times_ms = sorted({one.time_ms for one in part.frames})
        starts = [times_ms[0], *(end for _, end in expected.holes)]
        starts += [part.frames[place].time_ms for place in part.jumps_ms]
        for start_ms in starts:
            before = [one for one in times_ms if one < start_ms]
            later = [one for one in times_ms if one >= start_ms]
            undecided.update([*before[-OPEN_LOST:], *later[:OPEN_LOST]])
    return undecided


def _twice(times_ms: Sequence[int]) -> set[int]:
    return {time_ms for time_ms, count in Counter(times_ms).items() if count > 1}


def _unknown_repeats(case: Case) -> set[int]:
    """Return the frames that came twice in a part that is none too long for that."""
    unknown: set[int] = set()
    for part in case.parts:
        again = [part.frames[place].time_ms for place in part.repeats]
        times_ms = [one.time_ms for one in part.frames]
        asked_ms = part.asked.end_ms - part.asked.start_ms
        if again and max(times_ms) - min(times_ms) < asked_ms:
            unknown.update(again)
        if part.lost:
            # The key frame that two parts have may be what was damaged.
            unknown.update(times_ms)
    return unknown


def _check_strictly(path: Path, *, is_open: bool) -> None:
    done = subprocess.run(
        [
            *("ffmpeg", "-v", "error", "-xerror", "-err_detect", "explode"),
            # Else the null muxer rounds times to whole frames, and finds two at one.
            *("-i", path, "-enc_time_base", "1:90000", "-f", "null", "-"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    complaints = [
        line
        for line in done.stderr.splitlines()
        if not (is_open and any(words in line for words in OPEN_COMPLAINTS))
    ]
    assert not complaints, complaints
    assert is_open or done.returncode == 0


def _check_pace(case: Case, expected: Expected, frames: Sequence[Seen]) -> None:
    """Check that the file shows frames as far apart as they were filmed."""
    times_ms = [round(one.moment.timestamp() * 1000) for one in frames]
    undecided = _undecided(case, expected) | _unknown_repeats(case)
    set_at = {
        part.frames[place].time_ms for part in case.parts for place in part.jumps_ms
    }
    for (before, after), (before_ms, after_ms) in zip(
        pairwise(frames), pairwise(times_ms), strict=True
    ):
        shown_ms = (after.at_s - before.at_s) * 1000
        filmed_ms = after_ms - before_ms
        if any(before_ms < one <= after_ms for one in set_at):
            continue
        if {before_ms, after_ms} & undecided:
            continue
        slack_ms = 5 + (filmed_ms * 0.01 if case.clock == "fast" else 0)
        step_ms = expected.steps_ms[before_ms]
        if abs(shown_ms - filmed_ms) <= slack_ms:
            continue
        # Else something is missing that is closed up, and the frame lasts as usual.
        assert filmed_ms > HOLE_MS or _is_at_joint(case, before_ms, after_ms), (
            f"{filmed_ms} ms shown as {shown_ms:.0f} at {before_ms - START_MS}"
        )
        assert shown_ms <= max(filmed_ms, 2.5 * step_ms) + HOLE_MS, (
            f"{filmed_ms} ms shown as {shown_ms:.0f} at {before_ms - START_MS}"
        )


def _is_at_joint(case: Case, before_ms: int, after_ms: int) -> bool:
    """Return whether a part ends with one frame and another begins with the next."""
    firsts = {min(one.time_ms for one in part.frames) for part in case.parts}
    return any(before_ms < first <= after_ms for first in firsts)


def _check_said(
    case: Case, expected: Expected, finished: Finished, times_ms: Sequence[int]
) -> None:
    """Hold the status and the gaps to what is missing."""
    window = case.window
    steps_ms = expected.steps_ms
    # What nobody can tell from a hole, or a hole from it.
    keys = {one.time_ms for one in case.stream if one.is_key}
    gop_ms = max((b - a for a, b in pairwise(sorted(keys))), default=LONGEST_GOP_MS)
    # What a decoder leaves out is in the file.
    left_out = _undecided(case, expected) & expected.must
    truth = _missing(window, steps_ms, sorted({*times_ms, *left_out}))
    off_ms = 0.0 if case.placing is not Placing.REQUESTED else gop_ms + 3500
    if case.clock == "fast":
        off_ms += window.duration.total_seconds() * 5
    said = [(one.start_ms, one.end_ms) for one in finished.missing]
    story = f"said {_rel(said)} of {_rel([(window.start_ms, window.end_ms)])}, true {_rel(truth)}"
    assert finished.is_complete <= (len(said) <= 1), story
    slow_ms = max(_local_step_ms(steps_ms, one) for one in times_ms) if times_ms else 0
    for start_ms, end_ms in truth:
        if end_ms - start_ms <= HOLE_MS + 100:
            continue
        # Of a stream so slow, one frame more or less cannot be missed.
        around_ms = max(
            _local_step_ms(steps_ms, start_ms), _local_step_ms(steps_ms, end_ms)
        )
        if end_ms - start_ms <= 2 * around_ms:
            continue
        # What lies at an edge may be taken to lie beyond it.
        is_edge = (
            start_ms - window.start_ms <= off_ms or window.end_ms - end_ms <= off_ms
        )
        is_joint = _is_at_joint(case, start_ms - 1, end_ms)
        if case.placing is Placing.REQUESTED and (is_edge or is_joint):
            continue
        if any("jumps" in one for one in case.story):
            continue
        if case.b_frames and any(part.lost for part in case.parts):
            # Some frames were decoded before others that were lost and come first.
            continue
        assert any(
            abs(a - start_ms) <= off_ms + around_ms + 50
            and abs((b - a) - (end_ms - start_ms)) <= 2 * around_ms + 50
            for a, b in said
        ), f"missing and not said: {start_ms - START_MS}-{end_ms - START_MS}; {story}"
    if not truth and _came_whole(case):
        ambiguous = [
            (a, b) for a, b in said if not _has_slow_key(keys, steps_ms, a, b, off_ms)
        ]
        assert not ambiguous, f"said and not missing: {story}; {slow_ms}"


def _rel(segments: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    return [(a - START_MS, b - START_MS) for a, b in segments]


def _missing(
    window: Window, steps_ms: dict[int, int], times_ms: Sequence[int]
) -> list[tuple[int, int]]:
    """Return the stretches of more than a second that no frame is shown in."""
    missing = []
    reached = window.start_ms
    for time_ms in sorted(times_ms):
        if time_ms >= window.end_ms:
            break
        if time_ms - reached > HOLE_MS:
            missing.append((reached, time_ms))
        reached = max(reached, time_ms + steps_ms[time_ms])
    if window.end_ms - reached > HOLE_MS:
        missing.append((reached, window.end_ms))
    return missing


def _local_step_ms(steps_ms: dict[int, int], time_ms: int) -> int:
    """Return the longest step near a moment."""
    near = [
        step
        for at, step in steps_ms.items()
        if abs(at - time_ms) <= 4 * LONGEST_STEP_MS
    ]
    return max(near, default=0)


def _has_slow_key(
    keys: set[int], steps_ms: dict[int, int], start_ms: int, end_ms: int, off_ms: float
) -> bool:
    """Return whether a gap may be a key frame that came later than usual."""
    return any(
        step_ms > HOLE_MS
        and at + step_ms in keys
        and start_ms - off_ms - step_ms <= at <= end_ms + off_ms
        for at, step_ms in steps_ms.items()
    )


def _came_whole(case: Case) -> bool:
    """Return whether each part holds all that was asked for, as far as it was filmed."""
    for part in case.parts:
        if part.lost or part.jumps_ms:
            return False
        times = {one.time_ms for one in part.frames}
        wanted = {
            one.time_ms
            for one in case.stream
            if part.asked.start_ms <= one.time_ms < part.asked.end_ms
        }
        if wanted - times or min(times) > part.asked.start_ms + HOLE_MS:
            return False
        # How long the last one is shown, nobody can know.
        if part.asked.end_ms - max(times) > HOLE_MS:
            return False
    return True
