"""What lies in a fetched file: is it whole, and which frames follow which.

All functions block; callers run them in an executor. Nothing here holds a file in
memory: a probe keeps its key frames only.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from itertools import islice, pairwise
import os
import threading
from typing import TYPE_CHECKING, NamedTuple, Self, cast, overload, override
from zlib import crc32

import av
from av.packet import Packet
from av.stream import Stream

from ..aio import Cancelled
from ..errors import BodyError
from ..folder import File
from . import claims
from .container import (
    TS_PACKET_BYTES,
    US,
    AudioFormat,
    Checked,
    DecoderMemory,
    Kind,
    OpenMedia,
    TooLargeError,
    decode,
    make_decoder,
    opened,
)
from .parameter_sets import DamagedError, UnknownError

if TYPE_CHECKING:
    # Newer than the oldest PyAV that will do.
    from av.rational import AVRational

# Frames further apart than this, and than twice the usual step beside them, may have a
# hole in between; if the later one is a key frame nothing says that they have none.
HOLE_US = US
_HOLE_STEPS = 2
# How many steps on either side are looked at to know what is usual there.
_STEPS_BESIDE = 8
# No camera pauses for longer within a GOP: its clock was set.
_LONGEST_PAUSE_US = 20 * US
# Until there are two frames to tell, one is shown for so long.
_FRAME_US = US // 10
# Timestamps that go back less are a slip, more are another clock.
SLIP_US = US // 2

# The kinds of NAL units that hold parameter sets: (VPS,) SPS, PPS.
_SETS = {"h264": (7, 8), "hevc": (32, 33, 34)}
# H.264's NAL unit of a key frame that nothing is decoded across (ITU-T H.264, 7.4.1).
_IDR = 5
# Parameter sets come before the picture; nothing else that is long does.
_SETS_WITHIN_BYTES = 4096
# What is kept of a file takes memory by these: there is a key frame each second, at most
# each frame, and settings change now and then.
_MOST_KEYS = 100_000
_MOST_SEGMENTS = 10_000
_MOST_SETS = 1000
# So many frames show whether a file's frames are reordered.
_ORDER_FRAMES = 64
# The last picture ends within so many packets of a transport stream.
_TAIL_PACKETS = 2000
# An ADTS frame's fixed header, and where its length ends (ISO/IEC 13818-7, 6.2).
_ADTS_FIXED_BYTES = 3
_ADTS_BYTES = 7


class KeyFrame(NamedTuple):
    """A key frame: its number among the file's video packets, its times in ticks.

    `marks` tell it from all others of its camera: checksums of its end, and of the
    frame after it. Zero where there is nothing to check.
    """

    number: int
    pts: int
    dts: int
    marks: tuple[int, int] = (0, 0)


@dataclass
class KeyFrames(Sequence[KeyFrame]):
    """Key frames in the order of their file, in little memory: a day has many."""

    _numbers: array[int] = field(default_factory=lambda: array("I"))
    # Of each: pts, dts.
    _times: array[int] = field(default_factory=lambda: array("q"))
    _marks: array[int] = field(default_factory=lambda: array("I"))

    @classmethod
    def of(cls, keys: Iterable[KeyFrame]) -> Self:
        """Return some."""
        some = cls()
        for key in keys:
            some.append(key)
        return some

    def append(self, key: KeyFrame) -> None:
        """Add one."""
        self._numbers.append(key.number)
        self._times.extend((key.pts, key.dts))
        self._marks.extend(key.marks)

    def extend(self, keys: KeyFrames) -> None:
        """Add others."""
        self._numbers += keys._numbers
        self._times += keys._times
        self._marks += keys._marks

    def mark_after(self, mark: int) -> None:
        """Set the mark that the frame after the last one gives."""
        self._marks[-1] = mark

    @override
    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, at: int) -> KeyFrame: ...

    @overload
    def __getitem__(self, at: slice) -> list[KeyFrame]: ...

    @override
    def __getitem__(self, at: int | slice) -> KeyFrame | list[KeyFrame]:
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        at = range(len(self))[at]
        return KeyFrame(
            self._numbers[at],
            self._times[2 * at],
            self._times[2 * at + 1],
            (self._marks[2 * at], self._marks[2 * at + 1]),
        )

    @override
    def __iter__(self) -> Iterator[KeyFrame]:
        rows = zip(
            self._numbers,
            self._times[::2],
            self._times[1::2],
            zip(self._marks[::2], self._marks[1::2], strict=True),
            strict=True,
        )
        return map(KeyFrame._make, rows)


class VideoFormat(NamedTuple):
    """What a decoder must know. `sets`: parameter sets, or an MP4's `avcC`, `hvcC`."""

    width: int
    height: int
    sets: bytes


@dataclass
class Segment:
    """Frames that follow each other: no hole, no jump, no change of the picture size.

    `clock` counts how often the file's timestamps went back before. `first` and `end`
    are the numbers of its first video packet and of the first one after it. It begins
    with a key frame, or `continues` the one before it, without which it cannot be
    decoded. `is_late`: nothing says why it begins so late after that one: there may be
    a hole. Where it `is_open`, frames that come after a key frame are shown before it,
    and decoded from what was before, too: before the first one, by up to `lead_ticks`.
    Times are in the video stream's ticks.
    """

    clock: int
    shape: VideoFormat
    first_pts: int
    first_dts: int
    end_pts: int
    first: int
    end: int
    continues: bool = False
    is_late: bool = False
    lead_ticks: int = 0
    is_open: bool = False
    frame_ticks: int = 0
    keys: KeyFrames = field(default_factory=KeyFrames)


@dataclass(frozen=True, kw_only=True, eq=False)
class MediaInfo:
    """A surveyed file. A tick is `time_base` seconds.

    Its `segments` are all that can be decoded. `bad_sounds` are the numbers of the
    packets of sound that cannot.
    """

    file: File
    checked: Checked
    kind: Kind
    is_progressive: bool
    is_indexed: bool
    is_whole: bool
    codec: str
    codec_tag: str
    time_base: Fraction
    start_pts: int
    segments: tuple[Segment, ...]
    # How long it goes on after that, with frames that cannot be decoded.
    tail_ticks: int
    sound: AudioFormat | None
    sound_time_base: Fraction | None
    # Which of the video's clocks each of the sound's clocks is.
    sound_clocks: tuple[int, ...]
    bad_sounds: frozenset[int]

    def us(self, ticks: int) -> int:
        """Return ticks in microseconds."""
        return ticks * self.time_base.numerator * US // self.time_base.denominator

    def ticks(self, time_us: int) -> int:
        """Return microseconds in ticks."""
        return time_us * self.time_base.denominator // (self.time_base.numerator * US)

    @cached_property
    def gop_us(self) -> int | None:
        """The longest time from one key frame to the next, None if it has only one."""
        steps = (
            after.pts - before.pts
            for one in self.segments
            for before, after in pairwise(one.keys)
        )
        longest = max(steps, default=0)
        return self.us(longest) if longest > 0 else None


def probe(
    file: File,
    cancelled: threading.Event,
    *,
    marks: bool = False,
    checked: Checked | None = None,
) -> MediaInfo:
    """Find out what a file holds: from its index, or by reading through it once.

    With `marks` it is read through so that its key frames can be told apart. What is
    doubtful is decoded, and left out if it cannot be.

    Raises CloudError for what is no video, Cancelled.
    """
    bad = set[int]()
    with opened(file, checked=checked) as media:
        checked = media.checked
        # An index tells when frames are decoded, which is when they are shown only
        # where all of them wait equally long.
        by_index = (
            media.is_indexed and not marks and _is_in_order(file, cancelled, checked)
        )
        info, doubts = _probe(media, cancelled, bad, by_index=by_index)
    if doubts and (found := _undecodable(file, doubts, cancelled, checked)):
        with opened(file, checked=checked) as media:
            info, _ = _probe(media, cancelled, found, by_index=by_index)
    return info


def _probe(
    media: OpenMedia, cancelled: threading.Event, bad: set[int], *, by_index: bool
) -> tuple[MediaInfo, list[int]]:
    """Survey an open file but for its `bad` video packets, whose numbers these are.

    Returns the numbers of the key frames, too, whose frames must be decoded to be
    believed.
    """
    time_base = _fraction(media.video.time_base)
    prober = _Prober(media, bad)
    if by_index:
        _probe_index(media, prober, cancelled)
    else:
        _probe_packets(media, prober, cancelled)
    if prober.start_pts is None:
        raise BodyError("body_truncated")
    doubts = prober.doubts
    if media.kind == "mpegts" and prober.last_key is not None and _may_break_off(media):
        doubts.append(prober.last_key)
    # A track of sound may be announced, and have none.
    sound = media.sound if by_index or prober.sound_count else None
    if by_index and media.audio and not len(media.audio.index_entries):
        sound = None
    if sound and len(prober.sound_heads) > 1:
        sound = sound._replace(is_steady=False)
    segments = prober.segments()
    tail_ticks = 0
    if segments and prober.lost_pts is not None:
        tail_ticks = max(0, prober.lost_pts - segments[-1].end_pts)
    info = MediaInfo(
        file=media.file,
        checked=media.checked,
        kind=media.kind,
        is_progressive=media.is_progressive,
        is_indexed=media.is_indexed,
        is_whole=prober.is_whole,
        codec=media.codec,
        codec_tag=media.video.codec_context.codec_tag,
        time_base=time_base,
        start_pts=prober.start_pts,
        segments=segments,
        tail_ticks=tail_ticks,
        sound=sound,
        sound_time_base=_fraction(media.audio.time_base) if media.audio else None,
        sound_clocks=prober.sound_clocks(),
        bad_sounds=frozenset(prober.bad_sounds),
    )
    return info, doubts


class _Prober:
    """Sorts frames, in the order of the file, into segments."""

    def __init__(self, media: OpenMedia, bad: set[int]) -> None:
        """Take the open file, and the numbers of the video packets to leave out."""
        time_base = _fraction(media.video.time_base)
        self._hole = int(Fraction(HOLE_US, US) / time_base)
        self._slip = int(Fraction(SLIP_US, US) / time_base)
        self._longest_pause = int(Fraction(_LONGEST_PAUSE_US, US) / time_base)
        self._frame = int(Fraction(_FRAME_US, US) / time_base)
        sound = media.sound
        self._is_adts = bool(sound and sound.codec == "aac" and sound.kind == "mpegts")
        self._bad = bad
        self._segments: list[Segment] = []
        # From frame to frame, and how many there were when each segment began.
        self._steps = array("q")
        self._begun: list[int] = []
        self._count = 0
        self._keys = 0
        self._dts = 0
        self._clock = 0
        # Since the key frame before: whether frames are missing that others need.
        self._is_broken = True
        self._sound_us: int | None = None
        self._sound_clocks: list[int] = []
        self.sound_count = 0
        self.sound_heads: set[bytes] = set()
        self.bad_sounds: list[int] = []
        self.start_pts: int | None = None
        self.last_key: int | None = None
        # When the last key frame is shown, and the first one of its segment.
        self._key_pts = self._first_key_pts = 0
        self.doubts: list[int] = []
        self.is_whole = True
        # When the last frame is shown, where it cannot be decoded.
        self.lost_pts: int | None = None

    def frame(
        self,
        pts: int,
        dts: int,
        shape: VideoFormat,
        *,
        is_key: bool,
        is_hit: bool = False,
        is_last: bool = False,
        packet: Packet[Stream] | None = None,
    ) -> None:
        """Take the next frame; `packet` where the file is read, not its index.

        `is_hit`: some of it, or the next one, was lost on the way. `is_last`: no other
        frame is decoded from it.
        """
        number = self._count
        self._count += 1
        self._keys += is_key
        if (
            self._count > claims.MOST_SAMPLES
            or self._keys > _MOST_KEYS
            or len(self._segments) > _MOST_SEGMENTS
        ):
            raise claims.implausible()
        is_bad = number in self._bad
        if is_hit and is_last:
            # Counters begin anew where files were put together: all may be well.
            self.doubts.append(
                number if is_key or self.last_key is None else self.last_key
            )
        elif is_hit:
            is_bad = True
        if is_bad:
            self._is_broken = True
        elif is_key:
            self._is_broken = False
        if self._is_broken:
            self.is_whole = False
            self.lost_pts = pts
            return
        self.lost_pts = None
        if is_key:
            self.last_key = number
        self._break_off(number, pts, dts, shape, is_key=is_key)
        segment = self._segments[-1]
        if is_key:
            if not segment.keys:
                self._first_key_pts = pts
            self._key_pts = pts
            segment.keys.append(KeyFrame(number, pts, dts, (_mark(packet), 0)))
        elif segment.keys:
            if pts < self._key_pts:
                segment.is_open = True
            segment.lead_ticks = max(segment.lead_ticks, self._first_key_pts - pts)
            if packet is not None and self.last_key == number - 1:
                segment.keys.mark_after(crc32(memoryview(packet)))
        segment.end = number + 1
        # Where its last frame begins, until it is known how long a frame is.
        segment.end_pts = max(segment.end_pts, pts)

    def _break_off(
        self, number: int, pts: int, dts: int, shape: VideoFormat, *, is_key: bool
    ) -> None:
        """Begin a new segment where this frame does not follow the last one."""
        last = self._segments[-1] if self._segments else None
        step = dts - self._dts if last else 0
        self._dts = dts
        if step < -self._slip:
            self._clock += 1
        is_leap = step > self._hole and (
            # A frame that needs the one before it: nothing lies between.
            is_key or step > self._longest_pause
        )
        if last and step > self._hole and not is_key and self.last_key is not None:
            # Unless that was lost.
            self.doubts.append(self.last_key)
        is_next = (
            last is not None
            and number == last.end
            and -self._slip <= step
            and not is_leap
            and shape == last.shape
        )
        if not is_next:
            self._begun.append(len(self._steps))
            self._segments.append(
                Segment(
                    self._clock,
                    shape,
                    pts,
                    dts,
                    pts,
                    number,
                    number,
                    continues=not is_key,
                    is_late=is_leap and is_key,
                )
            )
        if last:
            self._steps.append(max(step, 0))

    def sound(self, time_us: int, packet: Packet[Stream]) -> None:
        """Take the next packet of sound."""
        if not self._is_sound(packet):
            self.bad_sounds.append(self.sound_count)
        self.sound_count += 1
        if self.sound_count > claims.MOST_SAMPLES:
            raise claims.implausible()
        if self._sound_us is None:
            self._sound_clocks.append(self._clock)
        elif time_us < self._sound_us - SLIP_US:
            # It may jump a little before the video does, or a little after.
            self._sound_clocks.append(max(self._sound_clocks[-1] + 1, self._clock))
        self._sound_us = time_us

    def _is_sound(self, packet: Packet[Stream]) -> bool:
        """Return whether a packet is one whole frame, where its codec lets that be seen."""
        if not self._is_adts:
            return True
        data = bytes(packet)
        head = data[:_ADTS_FIXED_BYTES]
        if len(data) < _ADTS_BYTES or data[0] != 0xFF or data[1] & 0xF6 != 0xF0:
            return False
        size = (data[3] & 3) << 11 | data[4] << 3 | data[5] >> 5
        # Another one inside: a piece is missing in between.
        is_one = size == len(data) and data.find(head, _ADTS_BYTES) < 0
        # Whether there is more than one of them, is all that matters.
        if is_one and len(self.sound_heads) < 2:
            # Without the bits that may differ from frame to frame.
            self.sound_heads.add(bytes([*head[1:], data[3] & 0xC0]))
        return is_one

    def segments(self) -> tuple[Segment, ...]:
        """Return the segments, now that it is known which steps are usual where."""
        leads = set(self._begun[1:])
        ordinary = _median([n for at, n in enumerate(self._steps) if at not in leads])
        merged: list[tuple[Segment, int, int]] = []
        ends = [*self._begun[1:], len(self._steps)]
        for one, begun, end in zip(self._segments, self._begun, ends, strict=False):
            previous, first, _ = merged[-1] if merged else (None, 0, 0)
            beside = self._steps[max(0, begun - _STEPS_BESIDE) : begun]
            following = self._steps[begun + 1 : begun + 1 + _STEPS_BESIDE]
            if (
                one.is_late
                and previous
                and previous.end == one.first
                and previous.shape == one.shape
                and previous.clock == one.clock
                and self._steps[begun]
                <= _HOLE_STEPS * max(_median(beside), _median(following))
            ):
                previous.end, previous.end_pts = one.end, one.end_pts
                previous.keys.extend(one.keys)
                previous.is_open |= one.is_open or one.lead_ticks > 0
                merged[-1] = (previous, first, end)
            else:
                merged.append((one, begun + 1 if merged else 0, end))
        for one, first, end in merged:
            last_steps = self._steps[max(first, end - _STEPS_BESIDE) : end]
            one.frame_ticks = _median(last_steps) or ordinary or self._frame
            one.end_pts += one.frame_ticks
        return tuple(one for one, _, _ in merged)

    def sound_clocks(self) -> tuple[int, ...]:
        """Return, for each clock of the sound, which of the video's it is."""
        return tuple(min(clock, self._clock) for clock in self._sound_clocks)


def _mark(packet: Packet[Stream] | None) -> int:
    """Return the mark of a key frame, 0 where it is not read."""
    if packet is None:
        return 0
    # What stands in front may be other in each file: parameter sets, delimiters.
    return crc32(memoryview(packet)[packet.size // 2 :])


def _median(steps: Sequence[int]) -> int:
    """Return the step in the middle, but for those that go back; 0 if there is none."""
    ahead = sorted(step for step in steps if step > 0)
    return ahead[len(ahead) // 2] if ahead else 0


def _probe_index(media: OpenMedia, prober: _Prober, cancelled: threading.Event) -> None:
    """Survey an MP4, whose frames are decoded in the order they are shown, by its index."""
    first = next(media.packets(cancelled, sound=False), None)
    if first is None:
        return
    delay = cast("int", first.pts) - cast("int", first.dts)
    context = media.video.codec_context
    shape = VideoFormat(context.width, context.height, context.extradata or b"")
    for entry in media.video.index_entries:
        if cancelled.is_set():
            raise Cancelled
        pts = entry.timestamp + delay
        prober.frame(pts, entry.timestamp, shape, is_key=entry.is_keyframe)
        if prober.start_pts is None and not entry.is_discard:
            prober.start_pts = pts


def _probe_packets(
    media: OpenMedia, prober: _Prober, cancelled: threading.Event
) -> None:
    """Survey a file by reading through it."""
    codec = media.codec
    context = media.video.codec_context
    shape = VideoFormat(context.width, context.height, b"")
    if media.kind == "mp4":
        shape = shape._replace(sets=context.extradata or b"")
    sizes: dict[bytes, tuple[int, int]] = {}
    is_hit = False

    def take(packet: Packet[Stream], *, is_last: bool) -> None:
        nonlocal shape, is_hit
        dts, pts = cast("int", packet.dts), cast("int", packet.pts)
        is_key = packet.is_keyframe
        if (
            is_key
            and media.kind == "mpegts"
            and (sets := _parameter_sets(packet, codec))
        ):
            size: tuple[int, int] | None = None
            if prober.start_pts is None:
                # No packet before it could be marked.
                with suppress(TooLargeError):
                    size = _size(packet, codec, strict=True)
                    is_hit = size is None
            if sets not in sizes:
                if len(sizes) == _MOST_SETS:
                    raise claims.implausible()
                with suppress(TooLargeError):
                    size = size or _size(packet, codec)
                sizes[sets] = size or (context.width, context.height)
            shape = VideoFormat(*sizes[sets], sets)
        if prober.start_pts is None and not packet.is_discard:
            prober.start_pts = pts
        prober.frame(
            pts,
            dts,
            shape,
            is_key=is_key,
            is_hit=is_hit,
            is_last=is_last,
            packet=packet,
        )
        # libav knows where a frame ends by the next one, and marks the one before.
        is_hit = packet.is_corrupt

    waiting: Packet[Stream] | None = None
    for packet in media.packets(cancelled):
        if packet.stream is media.video:
            if waiting:
                take(waiting, is_last=packet.is_keyframe)
            waiting = packet
        else:
            base = packet.time_base
            time_us = cast("int", packet.dts) * base.numerator * US // base.denominator
            prober.sound(time_us, packet)
    if waiting:
        take(waiting, is_last=True)


def _is_in_order(file: File, cancelled: threading.Event, checked: Checked) -> bool:
    """Return whether a file's first frames all wait equally long to be shown."""
    with opened(file, checked=checked) as media:
        packets = islice(media.packets(cancelled, sound=False), _ORDER_FRAMES)
        delays = {cast("int", one.pts) - cast("int", one.dts) for one in packets}
    return len(delays) <= 1


def has_idr(packet: Packet[Stream]) -> bool:
    """Return whether an H.264 key frame is one that nothing is decoded across."""
    head = bytes(memoryview(packet)[:_SETS_WITHIN_BYTES])
    if head[:3] == b"\0\0\1" or head[:4] == b"\0\0\0\1":
        units = head.split(b"\0\0\1")[1:]
        return any(unit[0] & 0x1F == _IDR for unit in units if unit)
    at = 0
    while at + 4 < len(head):
        if head[at + 4] & 0x1F == _IDR:
            return True
        at += 4 + int.from_bytes(head[at : at + 4])
    return False


def _may_break_off(media: OpenMedia) -> bool:
    """Return whether the last picture of a transport stream may not be whole.

    One that is ends in a packet that is filled up (ISO/IEC 13818-1, 2.4.3.5): it has an
    adaptation field that says nothing, or more room than it needs.
    """
    descriptor = media.source.fileno()
    size_bytes = os.fstat(descriptor).st_size
    whole = size_bytes // TS_PACKET_BYTES
    if size_bytes % TS_PACKET_BYTES:
        return True
    # libav reads on from where the descriptor stands: that is not moved.
    tail_bytes = min(whole, _TAIL_PACKETS) * TS_PACKET_BYTES
    tail = os.pread(descriptor, tail_bytes, size_bytes - tail_bytes)
    for at in range(len(tail) - TS_PACKET_BYTES, -1, -TS_PACKET_BYTES):
        packet = tail[at : at + TS_PACKET_BYTES]
        has_payload = packet[3] & 0x10
        if has_payload and int.from_bytes(packet[1:3]) & 0x1FFF == media.video.id:
            has_field = packet[3] & 0x20
            # Flags, and a clock reference of six bytes, are no filling.
            used = 1 + 6 * bool(packet[5] & 0x10)
            return not (has_field and (packet[4] == 0 or packet[4] > used))
    return True


class _Check:
    """Decodes a GOP, as far as there is memory for it, up to what cannot be decoded."""

    def __init__(self, media: OpenMedia, bad: set[int]) -> None:
        """Take the open file, and where to put the numbers of the bad packets."""
        self._bad = bad
        self._is_h264 = media.codec == "h264"
        self._most_bytes = media.decoder_bytes
        self._decoder: av.VideoCodecContext | None = media.decoder(strict=True)
        self._memory: DecoderMemory | None = None
        # The packets of the GOP by the time that they are shown at.
        self._numbers: dict[int | None, int] = {}
        self._first_pts = 0
        self._is_open = False

    def packet(self, number: int, packet: Packet[Stream]) -> None:
        """Take the next packet of the GOP, its key frame first."""
        pts = cast("int", packet.pts)
        if self._decoder is None:
            return
        try:
            if self._memory is None:
                self._memory = DecoderMemory(self._decoder, packet, self._most_bytes)
                self._first_pts = pts
                self._is_open = self._is_h264 and not has_idr(packet)
            elif pts < self._first_pts:
                # What is shown before the key frame is decoded from the GOP before.
                return
            else:
                self._memory.take(packet)
        except DamagedError:
            self._bad.add(number)
            self.end()
            return
        except UnknownError:
            self.end()
            return
        if self._memory.is_full:
            self.end()
            return
        self._numbers[pts] = number
        if not self._decode(packet):
            # What comes behind it in the GOP is left out, too.
            self.end()

    def _decode(self, packet: Packet[Stream] | None) -> bool:
        """Decode a packet, or the rest; return whether that is well."""
        assert self._decoder
        assert self._memory
        try:
            frames = self._decoder.decode(packet)
        except av.FFmpegError, ValueError:
            # After an open key frame the first one tells to forget frames from before.
            if self._is_open and len(self._numbers) == 2:
                return True
            self._bad.add(max(self._numbers.values()))
            return False
        self._memory.show(frames)
        self._bad.update(self._numbers[one.pts] for one in frames if one.is_corrupt)
        return True

    def end(self) -> None:
        """Let the decoder show what it still has, and let go of it."""
        if self._decoder and self._numbers:
            self._decode(None)
        self._decoder = None


def _undecodable(
    file: File, keys: Sequence[int], cancelled: threading.Event, checked: Checked
) -> set[int]:
    """Decode the GOPs of these key frames; return the packets that cannot be decoded."""
    bad = set[int]()
    wanted = set(keys)
    check: _Check | None = None
    with opened(file, checked=checked) as media:
        for number, packet in enumerate(media.packets(cancelled, sound=False)):
            if packet.is_keyframe:
                if check:
                    check.end()
                check = _Check(media, bad) if number in wanted else None
            if check:
                check.packet(number, packet)
        if check:
            check.end()
    return bad


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


def _size(
    packet: Packet[Stream], codec: str, *, strict: bool = False
) -> tuple[int, int] | None:
    """Return width and height of what a key frame shows, None if it cannot be decoded.

    With `strict`, it must be decoded alone, without anything made up. Raises
    TooLargeError.
    """
    frame = decode(make_decoder(codec, strict=strict), packet)
    return (frame.width, frame.height) if frame else None


def _fraction(base: AVRational) -> Fraction:
    return Fraction(base.numerator, base.denominator)
