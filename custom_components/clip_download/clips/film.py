"""What lies in a fetched file: is it whole, and which frames follow which.

All functions block; callers run them in an executor. Nothing here holds a file in
memory: a survey keeps its key frames only.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
import os
from pathlib import Path
import threading
from typing import TYPE_CHECKING, Literal, NamedTuple, cast

import av
from av.audio.stream import AudioStream
from av.codec.context import CodecContext
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from .errors import CloudError

if TYPE_CHECKING:
    # Newer than the oldest PyAV that will do.
    from av.rational import AVRational

type Kind = Literal["mp4", "mpegts"]

US = 1_000_000
# Frames further apart than this, and than some usual steps, have a hole in between.
HOLE_US = US
_HOLE_STEPS = 5
# Timestamps that go back less are a slip, more are another clock.
SLIP_US = US // 2
# A frame waits at most so long for others before it is shown; else its time is broken.
_MOST_REORDERED_US = 5 * US
# Between key frames, where a file has one only: what cameras use at most.
DEFAULT_GOP_US = 4 * US

_TS_PACKET_BYTES = 188
_TS_SYNC = 0x47
# The kinds of NAL units that hold parameter sets: (VPS,) SPS, PPS.
_SETS = {"h264": (7, 8), "hevc": (32, 33, 34)}
# Parameter sets come before the picture; nothing else that is long does.
_SETS_WITHIN_BYTES = 4096
_KEYS_TRIED = 3


class Cancelled(Exception):
    """The caller wants no result any more."""


class Key(NamedTuple):
    """A key frame: its number among the file's video packets, its times in ticks."""

    number: int
    pts: int
    dts: int


class Shape(NamedTuple):
    """What a decoder must know. `sets`: parameter sets, or an MP4's `avcC`, `hvcC`."""

    width: int
    height: int
    sets: bytes


class Sound(NamedTuple):
    """What must be equal for two tracks of sound to become one."""

    codec: str
    rate_hz: int
    layout: str
    kind: Kind


@dataclass
class Stretch:
    """Frames that follow each other: no hole, no jump, no change of the picture size.

    `clock` counts how often the file's timestamps went back before. `end` is the number
    of the first video packet after it. Times are in the video stream's ticks.
    """

    clock: int
    shape: Shape
    first_pts: int
    end_pts: int
    end: int
    keys: list[Key] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True, eq=False)
class Film:
    """A surveyed file. A tick is `time_base` seconds."""

    path: Path
    kind: Kind
    is_progressive: bool
    is_indexed: bool
    codec: str
    codec_tag: str
    time_base: Fraction
    start_pts: int
    frame_ticks: int
    stretches: tuple[Stretch, ...]
    sound: Sound | None
    sound_time_base: Fraction | None
    # Which of the video's clocks each of the sound's clocks is.
    sound_clocks: tuple[int, ...]

    def us(self, ticks: int) -> int:
        """Return ticks in microseconds."""
        return ticks * self.time_base.numerator * US // self.time_base.denominator

    def ticks(self, time_us: int) -> int:
        """Return microseconds in ticks."""
        return time_us * self.time_base.denominator // (self.time_base.numerator * US)

    @property
    def length_us(self) -> int:
        """How long it plays, without its holes."""
        return self.us(sum(one.end_pts - one.first_pts for one in self.stretches))

    @cached_property
    def gop_us(self) -> int:
        """The longest time from one key frame to the next."""
        steps = (
            after.pts - before.pts
            for one in self.stretches
            for before, after in pairwise(one.keys)
        )
        longest = max(steps, default=0)
        return self.us(longest) if longest > 0 else DEFAULT_GOP_US


@dataclass(frozen=True, kw_only=True)
class Reel:
    """An open file: its container, its video, its sound if there is any to hear."""

    container: InputContainer
    video: VideoStream
    audio: AudioStream | None
    kind: Kind
    is_progressive: bool
    is_indexed: bool

    @property
    def codec(self) -> str:
        """The name of the video's codec."""
        return self.video.codec_context.codec.canonical_name

    @property
    def sound(self) -> Sound | None:
        """What the sound is like."""
        if self.audio is None:
            return None
        context = self.audio.codec_context
        return Sound(
            context.codec.canonical_name,
            self.audio.rate,
            context.layout.name,
            self.kind,
        )

    def decoder(self) -> av.VideoCodecContext:
        """Make a decoder of the video that is gone with its last reference.

        The stream's own lives in a circle of references with its container, and its
        memory stays until Python happens to collect that.
        """
        own = CodecContext.create(self.video.codec_context.name, "r")
        own.extradata = self.video.codec_context.extradata
        assert isinstance(own, av.VideoCodecContext)
        return own

    def packets(
        self, cancelled: threading.Event, *, sound: bool = True
    ) -> Iterator[Packet[Stream]]:
        """Read on, packet by packet; each has both its times. Raises Cancelled."""
        wanted = [self.video, self.audio] if sound and self.audio else [self.video]
        latest = {
            one.index: int(_MOST_REORDERED_US / US / one.time_base) for one in wanted
        }
        for packet in self.container.demux(wanted):
            if cancelled.is_set():
                raise Cancelled
            dts, pts = packet.dts, packet.pts
            # The first ones may be without: nobody could tell when to show them.
            if dts is None:
                continue
            if pts is None or not 0 <= pts - dts <= latest[packet.stream_index]:
                packet.pts = dts
            yield packet


@contextmanager
def opened(path: Path) -> Iterator[Reel]:
    """Open a file that must hold video.

    Raises CloudError if it is no video, or if an MP4 is not whole.
    """
    kind = _kind(path)
    boxes = list(_boxes(path)) if kind == "mp4" else []
    try:
        # The format is ours to say: a playlist would make it fetch other things.
        container = av.open(str(path), "r", format=kind)
    except av.FFmpegError as err:
        raise CloudError("body_not_video") from err
    with container:
        video = next(iter(container.streams.video), None)
        # There is no decoder for what is not known.
        if video is None or not video.codec_context or not video.time_base:
            raise CloudError("body_not_video")
        audio = next(
            # A stream that was announced and never came has no rate.
            (one for one in container.streams.audio if one.codec_context and one.rate),
            None,
        )
        is_fragmented = "moof" in boxes
        yield Reel(
            container=container,
            video=video,
            audio=audio,
            kind=kind,
            is_progressive=kind == "mp4"
            and not is_fragmented
            and "mdat" not in boxes[: boxes.index("moov")],
            is_indexed=kind == "mp4"
            and not is_fragmented
            and len(video.index_entries) > 0,
        )


def decode_key(reel: Reel, cancelled: threading.Event) -> av.VideoFrame | None:
    """Return the first key frame that can be decoded, or None if none of a few can."""
    tried = 0
    for packet in reel.packets(cancelled, sound=False):
        if not packet.is_keyframe:
            continue
        if frame := _decode(reel.decoder(), packet):
            return frame
        tried += 1
        if tried == _KEYS_TRIED:
            break
    return None


def survey(path: Path, cancelled: threading.Event) -> Film:
    """Find out what a file holds: from its index, or by reading through it once.

    Raises CloudError for what is no video, Cancelled.
    """
    with opened(path) as reel:
        time_base = _fraction(reel.video.time_base)
        surveyor = _Surveyor(time_base)
        if reel.is_indexed:
            start_pts = _survey_index(reel, surveyor, cancelled)
        else:
            start_pts = _survey_packets(reel, surveyor, cancelled)
        if start_pts is None:
            raise CloudError("body_truncated")
        return Film(
            path=path,
            kind=reel.kind,
            is_progressive=reel.is_progressive,
            is_indexed=reel.is_indexed,
            codec=reel.codec,
            codec_tag=reel.video.codec_context.codec_tag,
            time_base=time_base,
            start_pts=start_pts,
            frame_ticks=surveyor.frame_ticks,
            stretches=surveyor.stretches(),
            sound=reel.sound,
            sound_time_base=_fraction(reel.audio.time_base) if reel.audio else None,
            sound_clocks=surveyor.sound_clocks(),
        )


class _Surveyor:
    """Sorts frames, in the order of the file, into stretches."""

    def __init__(self, time_base: Fraction) -> None:
        """Take the length of a tick in seconds."""
        self._hole = int(Fraction(HOLE_US, US) / time_base)
        self._slip = int(Fraction(SLIP_US, US) / time_base)
        self._stretches: list[Stretch] = []
        self._count = 0
        self._dts = 0
        self._clock = 0
        # Of all steps forward, and of those that are no hole.
        self._steps = self._steps_ticks = 0
        self._small_steps = self._small_steps_ticks = 0
        self._sound_us: int | None = None
        self._sound_clocks: list[int] = []

    def frame(self, pts: int, dts: int, shape: Shape, *, is_key: bool) -> None:
        """Take the next frame."""
        step = dts - self._dts if self._stretches else 0
        self._dts = dts
        if step > 0:
            self._steps += 1
            self._steps_ticks += step
            if step <= self._hole:
                self._small_steps += 1
                self._small_steps_ticks += step
        if step < -self._slip:
            self._clock += 1
        if (
            not self._stretches
            or not -self._slip <= step <= self._hole
            or shape != self._stretches[-1].shape
        ):
            self._stretches.append(Stretch(self._clock, shape, pts, pts, self._count))
        stretch = self._stretches[-1]
        if is_key:
            stretch.keys.append(Key(self._count, pts, dts))
        self._count += 1
        stretch.end = self._count
        # Where its last frame begins, until it is known how long a frame is.
        stretch.end_pts = max(stretch.end_pts, pts)

    def sound(self, time_us: int) -> None:
        """Take the next packet of sound."""
        if self._sound_us is None:
            self._sound_clocks.append(self._clock)
        elif time_us < self._sound_us - SLIP_US:
            # It may jump a little before the video does, or a little after.
            self._sound_clocks.append(max(self._sound_clocks[-1] + 1, self._clock))
        self._sound_us = time_us

    @property
    def frame_ticks(self) -> int:
        """How long a frame is usually shown."""
        if self._small_steps:
            return round(self._small_steps_ticks / self._small_steps)
        return self._hole // 10

    def stretches(self) -> tuple[Stretch, ...]:
        """Return the stretches, now that it is known which steps are usual."""
        usual = _HOLE_STEPS * self._steps_ticks // max(self._steps, 1)
        merged: list[Stretch] = []
        for one in self._stretches:
            one.end_pts += self.frame_ticks
            before = merged[-1] if merged else None
            if (
                before
                and before.clock == one.clock
                and before.shape == one.shape
                and one.first_pts - before.end_pts < usual
            ):
                before.end, before.end_pts = one.end, one.end_pts
                before.keys += one.keys
            else:
                merged.append(one)
        return tuple(merged)

    def sound_clocks(self) -> tuple[int, ...]:
        """Return, for each clock of the sound, which of the video's it is."""
        return tuple(min(clock, self._clock) for clock in self._sound_clocks)


def _survey_index(
    reel: Reel, surveyor: _Surveyor, cancelled: threading.Event
) -> int | None:
    """Survey an MP4 by its index; return when its first frame is shown."""
    first = next(reel.packets(cancelled, sound=False), None)
    if first is None:
        return None
    delay = cast("int", first.pts) - cast("int", first.dts)
    context = reel.video.codec_context
    shape = Shape(context.width, context.height, context.extradata or b"")
    start_pts = None
    for entry in reel.video.index_entries:
        if cancelled.is_set():
            raise Cancelled
        pts = entry.timestamp + delay
        surveyor.frame(pts, entry.timestamp, shape, is_key=entry.is_keyframe)
        if start_pts is None and not entry.is_discard:
            start_pts = pts
    return start_pts


def _survey_packets(
    reel: Reel, surveyor: _Surveyor, cancelled: threading.Event
) -> int | None:
    """Survey a file by reading through it; return when its first frame is shown."""
    codec = reel.codec
    context = reel.video.codec_context
    shape = Shape(context.width, context.height, b"")
    if reel.kind == "mp4":
        shape = shape._replace(sets=context.extradata or b"")
    sizes: dict[bytes, tuple[int, int]] = {}
    start_pts = None
    for packet in reel.packets(cancelled):
        dts, pts = cast("int", packet.dts), cast("int", packet.pts)
        if packet.stream is not reel.video:
            base = packet.time_base
            surveyor.sound(dts * base.numerator * US // base.denominator)
            continue
        is_key = packet.is_keyframe
        if (
            is_key
            and reel.kind == "mpegts"
            and (sets := _parameter_sets(packet, codec))
        ):
            if sets not in sizes:
                sizes[sets] = _size(packet, codec) or (context.width, context.height)
            shape = Shape(*sizes[sets], sets)
        if start_pts is None:
            start_pts = pts
        surveyor.frame(pts, dts, shape, is_key=is_key)
    return start_pts


def _parameter_sets(packet: Packet[Stream], codec: str) -> bytes:
    """Return the parameter sets in front of a key frame, as Annex B has them."""
    kinds = _SETS.get(codec, ())
    sets = b""
    for unit in bytes(memoryview(packet)[:_SETS_WITHIN_BYTES]).split(b"\0\0\1")[1:]:
        if not unit:
            continue
        kind = unit[0] & 0x1F if codec == "h264" else unit[0] >> 1 & 0x3F
        if kind in kinds:
            sets += b"\0\0\0\1" + unit.rstrip(b"\0")
    return sets


def _size(packet: Packet[Stream], codec: str) -> tuple[int, int] | None:
    """Return width and height of what a key frame shows."""
    frame = _decode(CodecContext.create(codec, "r"), packet)
    return (frame.width, frame.height) if frame else None


def _decode(context: CodecContext, packet: Packet[Stream]) -> av.VideoFrame | None:
    """Decode one key frame alone; None if it cannot be."""
    assert isinstance(context, av.VideoCodecContext)
    try:
        frames = [*context.decode(packet), *context.decode(None)]
    except av.FFmpegError, ValueError:
        frames = []
    return frames[0] if frames else None


def _fraction(base: AVRational) -> Fraction:
    return Fraction(base.numerator, base.denominator)


def _kind(path: Path) -> Kind:
    with path.open("rb") as file:
        head = file.read(2 * _TS_PACKET_BYTES + 1)
    if head[4:8] == b"ftyp":
        return "mp4"
    if len(head) > 2 * _TS_PACKET_BYTES and set(head[::_TS_PACKET_BYTES]) == {_TS_SYNC}:
        return "mpegts"
    raise CloudError("body_not_video")


def _boxes(path: Path) -> Iterator[str]:
    """Walk an MP4's top-level boxes (ISO/IEC 14496-12, 4.2) and yield their types."""
    has_moov = False
    with path.open("rb") as file:
        file_bytes = os.fstat(file.fileno()).st_size
        at = 0
        while at < file_bytes:
            file.seek(at)
            header = file.read(16)
            size = int.from_bytes(header[:4])
            smallest = 8
            if size == 1:
                size, smallest = int.from_bytes(header[8:16]), 16
            elif size == 0:
                # The last one may leave its end to the file's.
                size = file_bytes - at
            if (
                not header[4:8].isascii()
                or not header[4:8].decode("ascii").isprintable()
            ):
                raise CloudError("body_not_video")
            if len(header) < smallest or at + size > file_bytes:
                raise CloudError("body_truncated")
            if size < smallest:
                raise CloudError("body_not_video")
            kind = header[4:8].decode("ascii")
            has_moov |= kind == "moov"
            yield kind
            at += size
    if not has_moov:
        raise CloudError("body_truncated")
