"""Copy cuts of footage into one MP4, packet by packet, without re-encoding."""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from math import ceil
import threading
from typing import NamedTuple, TypedDict, cast

import av
from av.audio.stream import AudioStream
from av.bitstream import BitStreamFilterContext
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from ..errors import ClipError, CloudError
from ..folder import File
from ..time_range import from_ms
from . import claims
from .container import US, AudioFormat, OpenMedia, TooLargeError, decode_key, opened
from .probe import SLIP_US, MediaInfo, has_idr
from .progressive import ProgressiveFile
from .segments import Cut, hole_us
from .slices import Forgetting
from .sound import SAMPLES, SoundEncoder, silent_packet

# Fragments of a second, each track's own; no table of them behind. libav keeps one in
# memory: few cameras send more in a second.
_FRAGMENTS = {
    "movflags": "+delay_moov+default_base_moof+skip_trailer",
    "frag_duration": str(US),
    "frag_size": str(8 * 2**20),
    # So far packets of one stream wait for those of the other.
    "max_interleave_delta": str(2 * US),
}
# libav keeps it until Python happens to collect the container. A larger one gains nothing.
_BUFFER_BYTES = 2**18
# Of sound, what a packet holds at least.
_AAC_SAMPLES, _FEWEST_SAMPLES = 960, 480
# Sound lags behind its picture, in the order of a file, at most so much.
_LAG_US = 2 * US
# Sound that is so far behind its picture is missing.
_SILENT_AFTER_US = 10 * US
# How often it is asked in that time whether it is.
_SILENCE_STEPS = 20
# Until there is some, libav writes nothing and keeps the pictures in memory.
_SILENT_AFTER_BYTES = 16 * 2**20
# Where a key frame comes so many frames late, those before it may be missing.
_MISSING_STEPS = 2
# HEVC's key frames that others are decoded across, and those that nothing is.
_CRA, _BLA = 21, 18
# No picture that is decoded from others is larger; of a key frame, the head is enough.
_SLICES_WITHIN_BYTES = 2**20
# Puts parameter sets in front of each key frame, where an MP4 has them aside.
_IN_BAND = "h264_mp4toannexb"
# Takes AAC out of the frames that a transport stream has it in.
_OUT_OF_ADTS = "aac_adtstoasc"


@dataclass(kw_only=True)
class Run:
    """Cuts that become one file: one codec, one size of picture, one kind of sound.

    Sound that not all players know, or that changes, is encoded anew. `sets_differ`:
    H.264 whose parameter sets change. A player learns of it only if the new ones are in
    the stream itself.
    """

    cuts: list[Cut]
    sound: AudioFormat | None
    sets_differ: bool = False


@dataclass(frozen=True, kw_only=True)
class Written:
    """What is in a file: its length, when its last frame ends, whether it is heard."""

    duration_us: int
    end_us: int
    has_sound: bool


class _Shift(NamedTuple):
    """From a file's timestamps to the clip's: `ticks * num // den + add`.

    Decoding is `early` ticks earlier than that, so that all cuts reorder frames alike.
    """

    num: int
    den: int
    add: int
    early: int = 0


class _Placed(NamedTuple):
    """Where a cut begins in the clip, in ticks, and what moves its packets there."""

    start: int
    picture: _Shift
    sound: _Shift | None


class _Track:
    """One stream of the clip, and how far it has come."""

    def __init__(self, output: OutputContainer, stream: Stream) -> None:
        """Take the stream once the header is written: that sets its time base."""
        self._output = output
        self._stream = stream
        self._base = stream.time_base
        self.base = Fraction(self._base.numerator, self._base.denominator)
        self._last_dts = -(2**62)
        # The last packet, until it is known when the next one comes.
        self._waiting: Packet[Stream] | None = None
        self.last_pts = -1
        self.end = 0
        self.has_begun = False
        # Not what a file says: before a hole, the last packet is said to fill it.
        self._duration = 0
        self._is_guessed = True
        # Where sound stands by the count of its packets.
        self._counted: int | None = None

    def shift(self, base: Fraction, at: Fraction, to: Fraction) -> _Shift:
        """Return what moves time `at` of a file (s; its time base too) to `to`."""
        scale = base / self.base
        num, den = scale.numerator, scale.denominator
        # What rounding down does to the ticks, it does to `at` as well.
        return _Shift(num, den, round(to / self.base) - int(at / base) * num // den)

    def show(self, packet: Packet[Stream], shift: _Shift, frame_ticks: int) -> None:
        """Write a picture."""
        num, den, add, early = shift
        dts, pts = packet.dts, packet.pts
        assert dts is not None
        assert pts is not None
        dts = dts * num // den + add - early
        pts = pts * num // den + add
        # Where one cut goes over into the next, decoding times may meet.
        if dts <= self._last_dts:
            dts = self._last_dts + 1
        self._write(packet, max(pts, dts), dts, frame_ticks * num // den)

    def play_anew(self, packet: Packet[Stream]) -> None:
        """Write a packet of sound that was encoded for this clip."""
        scale = Fraction(packet.time_base.numerator, packet.time_base.denominator)
        scale /= self.base
        time = round(cast("int", packet.pts) * scale)
        self._write(packet, time, time, round((packet.duration or 0) * scale))

    def play(
        self, packet: Packet[Stream], shift: _Shift, silence: bytes | None
    ) -> None:
        """Write a packet of sound, unless it is half heard already.

        Chromium plays packet after packet, whatever their times: their count must tell
        the time, too, and `silence` fills in where some are missing.
        """
        num, den, add, _ = shift
        time = cast("int", packet.pts) * num // den + add
        duration = (packet.duration or 0) * num // den
        self._duration = duration if self._is_guessed else min(self._duration, duration)
        self._is_guessed = False
        if self._counted is None:
            self._counted = max(0, time)
        if silence:
            self.be_silent(time, silence)
        if time >= max(0, self._counted - self._duration // 2, self._last_dts + 1):
            # A packet of sound that was damaged on the way is not worth a clip.
            try:
                self._write(packet, time, time, self._duration)
            except av.InvalidDataError, av.PatchWelcomeError:
                return
            self._counted += self._duration

    def begin_silent(self, silence: bytes, duration: int) -> None:
        """Write a first packet of silence, of the length that sound probably has."""
        if self._counted is None:
            self._duration, self._counted = duration, 0
        # The last one is not written yet.
        self.be_silent(self._counted + 2 * self._duration, silence)

    def be_silent(self, until: int, silence: bytes) -> None:
        """Write silence up to a time, to the nearest packet, once sound has begun."""
        if self._counted is None or not self._duration:
            return
        while until - self._counted > self._duration // 2:
            packet = Packet(silence)
            packet.is_keyframe = True
            self._write(packet, self._counted, self._counted, self._duration)
            self._counted += self._duration

    def _write(self, packet: Packet[Stream], pts: int, dts: int, duration: int) -> None:
        self._last_dts = dts
        self.last_pts = max(self.last_pts, pts)
        self.end = max(self.end, pts + duration)
        packet.pts, packet.dts, packet.duration = pts, dts, duration
        packet.time_base = self._base
        packet.stream = self._stream
        last, self._waiting = self._waiting, packet
        if last:
            # A fragment begins where the last packet of the one before is said to end.
            last.duration = dts - cast("int", last.dts)
            self._output.mux_one(last)
            self.has_begun = True

    def finish(self) -> None:
        """Write the last packet: nothing comes after it."""
        if self._waiting:
            self._output.mux_one(self._waiting)


def write(
    run: Run,
    file: File,
    cancelled: threading.Event,
    done: Callable[[MediaInfo], None] = lambda info: None,
) -> Written:
    """Write the cuts into a new file, its index in front.

    `done` hears of each file when all its neighbouring cuts are written.

    Raises av.FFmpegError (disk errors are OSErrors too) and ValueError for what no MP4
    can hold, ClipError (`clip_not_playable`), Cancelled. Then no file is left.
    """
    if run.sound and run.sound.is_playable and run.sound.codec != "aac":
        # Silence can be written of AAC only.
        is_heard = _is_heard_soon(run.cuts[0], cancelled)
        run.sound = run.sound._replace(is_steady=is_heard)
    made = ProgressiveFile(file, **_size_of(run))
    try:
        output = av.open(made, "w", "mp4", _FRAGMENTS, buffer_size=_BUFFER_BYTES)
        with output:
            written = _Writer(output, run).write(cancelled, done)
        samples = made.samples
        made.finish()
        # To open a larger one takes much memory.
        if samples <= claims.MOST_SAMPLES:
            _check(file, cancelled)
    except BaseException:
        made.close()
        file.unlink(missing_ok=True)
        raise
    return written


class _Size(TypedDict):
    frames: int
    sounds: int
    duration_s: float


def _size_of(run: Run) -> _Size:
    """Return how many frames and packets of sound a run has at most, and how long it is."""
    duration_s = sum(cut.end_us - cut.start_us for cut in run.cuts) / US
    sounds = 0
    if run.sound:
        is_aac = run.sound.codec == "aac" or not run.sound.is_playable
        samples = _AAC_SAMPLES if is_aac else _FEWEST_SAMPLES
        sounds = int(duration_s * run.sound.rate_hz / samples)
    return _Size(
        frames=sum(cut.segment.end - cut.key.number for cut in run.cuts),
        sounds=sounds,
        duration_s=duration_s,
    )


def _check(file: File, cancelled: threading.Event) -> None:
    """Believe in a new file only once it could be opened and shown."""
    try:
        with opened(file) as media:
            frame = decode_key(media, cancelled)
    except TooLargeError:
        return
    except CloudError as err:
        raise ClipError("clip_not_playable") from err
    if frame is None:
        raise ClipError("clip_not_playable")


class _Writer:
    """Writes one run into one file."""

    def __init__(self, output: OutputContainer, run: Run) -> None:
        """Make the streams and write the header."""
        self._run = run
        first = run.cuts[0]
        video = self._add_video(output, first)
        self._encoder: SoundEncoder | None = None
        audio = self._add_audio(output)
        start = from_ms(first.start_us // 1000)
        output.metadata["creation_time"] = start.isoformat(timespec="microseconds")
        output.start_encoding()
        self._video = _Track(output, video)
        self._audio = _Track(output, audio) if audio else None
        self._silence, self._silence_s = None, Fraction(0)
        if run.sound and audio and not self._encoder and run.sound.codec == "aac":
            self._silence = silent_packet(run.sound.rate_hz, run.sound.layout)
            samples = audio.codec_context.frame_size or SAMPLES
            self._silence_s = Fraction(samples, run.sound.rate_hz)
        # How large the pictures are that came before any sound.
        self._ahead_bytes = 0
        # In the video's ticks; and when it is asked next whether there is sound.
        self._silent_after = ceil(Fraction(_SILENT_AFTER_US, US) / self._video.base)
        self._asked_at = 0
        # What lies at zero of the clip's time, holes closed up.
        self._zero_us = first.start_us
        self._before: Cut | None = None
        # The file whose sound is being decoded.
        self._decoded: MediaInfo | None = None
        # How long before it is shown the first frame of a cut is decoded, at most.
        self._delay = max(_delay(cut) for cut in run.cuts)

    def write(
        self, cancelled: threading.Event, done: Callable[[MediaInfo], None]
    ) -> Written:
        """Copy all packets."""
        placed = _Placed(0, _Shift(1, 1, 0), None)
        for _, group in groupby(self._run.cuts, key=lambda cut: id(cut.info)):
            cuts = list(group)
            # Each is placed when its first packet comes: now the one before is written.
            all_placed: list[_Placed] = []
            packets = _read(
                cuts,
                sound=self._audio is not None,
                in_band=self._run.sets_differ,
                cancelled=cancelled,
            )
            with closing(packets):
                for number, is_video, packet in packets:
                    while len(all_placed) <= number:
                        all_placed.append(self._place(cuts[len(all_placed)]))
                    placed = all_placed[number]
                    if is_video:
                        frame_ticks = cuts[number].segment.frame_ticks
                        self._video.show(packet, placed.picture, frame_ticks)
                        self._keep_up(packet)
                    elif self._audio and placed.sound:
                        self._play(packet, placed.sound, cuts[0])
            done(cuts[0].info)
        if self._encoder and self._audio and self._audio.end:
            for packet in self._encoder.flush():
                self._audio.play_anew(packet)
        for track in (self._video, self._audio):
            if track:
                track.finish()
        end = self._video.end
        return Written(
            duration_us=self._us(end),
            end_us=self._run.cuts[-1].start_us + self._us(end - placed.start),
            has_sound=self._audio is not None and self._audio.end > 0,
        )

    def _play(self, packet: Packet[Stream], shift: _Shift, cut: Cut) -> None:
        """Write a packet of sound, as it is or encoded anew."""
        assert self._audio
        if self._encoder is None:
            self._audio.play(packet, shift, self._silence)
            return
        if self._decoded is not cut.info:
            self._decoded = cut.info
            with opened(cut.info.file, checked=cut.info.checked) as media:
                self._decoder = media.sound_decoder()
        time = cast("int", packet.pts) * shift.num // shift.den + shift.add
        for encoded in self._encoder.encode(
            packet, self._decoder, time * self._audio.base
        ):
            self._audio.play_anew(encoded)

    def _keep_up(self, picture: Packet[Stream]) -> None:
        """Let sound that does not come be silence, near to its picture in the file."""
        dts = picture.dts
        if self._audio is None or dts is None:
            return
        if not self._audio.has_begun:
            self._ahead_bytes += picture.size
            if dts < self._silent_after and self._ahead_bytes < _SILENT_AFTER_BYTES:
                return
            if self._silence:
                duration = round(self._silence_s / self._audio.base)
                self._audio.begin_silent(self._silence, duration)
        elif dts < self._asked_at:
            return
        # Not at each picture: this takes as long as all else that is done with it.
        self._asked_at = dts + self._silent_after // _SILENCE_STEPS
        until_s = dts * self._video.base - Fraction(_SILENT_AFTER_US, US)
        if self._silence:
            self._audio.be_silent(int(until_s / self._audio.base), self._silence)
        elif self._encoder:
            for packet in self._encoder.be_silent(until_s):
                self._audio.play_anew(packet)

    def _place(self, cut: Cut) -> _Placed:
        """Find where in the clip a cut begins: as recorded, but for what is missing."""
        if self._before:
            self._zero_us += hole_us(self._before, cut)
        self._before = cut
        video = self._video
        to = Fraction(cut.start_us - self._zero_us, US)
        # Never before the last frame that is there.
        start = max(round(to / video.base), video.last_pts + 1)
        to = start * video.base
        at = cut.key.pts * cut.info.time_base
        early = round((self._delay - _delay(cut)) / video.base)
        sound_base = cut.info.sound_time_base
        return _Placed(
            start,
            video.shift(cut.info.time_base, at, to)._replace(early=early),
            self._audio.shift(sound_base, at, to)
            if self._audio and sound_base
            else None,
        )

    def _us(self, ticks: int) -> int:
        return int(ticks * self._video.base * US)

    def _add_video(self, output: OutputContainer, first: Cut) -> VideoStream:
        shape = first.segment.shape
        with opened(first.info.file, checked=first.info.checked) as media:
            video = output.add_stream_from_template(media.video, opaque=True)
            if media.kind == "mpegts" and shape.sets:
                # The file may begin with others.
                video.codec_context.extradata = shape.sets
                video.codec_context.width = shape.width
                video.codec_context.height = shape.height
            elif self._run.sets_differ:
                BitStreamFilterContext(_IN_BAND, media.video, video)
        if first.info.codec == "hevc":
            # Apple's players take no other.
            video.codec_context.codec_tag = "hvc1"
        return video

    def _add_audio(self, output: OutputContainer) -> AudioStream | None:
        sound = self._run.sound
        if sound and not sound.is_playable:
            self._encoder = SoundEncoder(output, sound.rate_hz, sound.layout)
            return self._encoder.stream
        for cut in self._run.cuts:
            if self._run.sound and cut.info.sound == self._run.sound:
                with opened(cut.info.file, checked=cut.info.checked) as media:
                    if media.audio:
                        return output.add_stream_from_template(media.audio, opaque=True)
        return None


def _is_heard_soon(cut: Cut, cancelled: threading.Event) -> bool:
    """Return whether sound comes with the first pictures of a cut."""
    ahead_bytes = 0
    packets = _read([cut], sound=True, in_band=False, cancelled=cancelled)
    with closing(packets):
        for _, is_video, packet in packets:
            ahead_bytes += packet.size
            if not is_video or ahead_bytes > _SILENT_AFTER_BYTES:
                return not is_video
    return False


def _delay(cut: Cut) -> Fraction:
    """Return how long before it is shown the first frame is decoded, in seconds."""
    return (cut.key.pts - cut.key.dts) * cut.info.time_base


def _read(
    cuts: Sequence[Cut], *, sound: bool, in_band: bool, cancelled: threading.Event
) -> Generator[tuple[int, bool, Packet[Stream]]]:
    """Read cuts of one file: which of them, whether it is picture, the packet."""
    info = cuts[0].info
    with opened(info.file, checked=info.checked) as media:
        into_band = None
        if in_band and info.kind == "mp4":
            into_band = BitStreamFilterContext(_IN_BAND, media.video)
        out_of_adts = None
        if info.kind == "mpegts" and media.audio and media.audio.name == "aac":
            out_of_adts = BitStreamFilterContext(_OUT_OF_ADTS, media.audio)
        pictures = _Pictures(cuts, media)
        past = _Past()
        sounds = _Sounds(cuts)
        sound_count = 0
        for packet in media.packets(cancelled, sound=sound):
            if packet.stream is not media.video:
                which = sounds.cut_of(packet)
                if which is not None and sound_count not in info.bad_sounds:
                    for one in _filtered(out_of_adts, packet):
                        yield which, False, one
                sound_count += 1
                continue
            which = pictures.cut_of(packet)
            if which is not None:
                if info.codec == "hevc" and pictures.begins:
                    packet = _as_broken_link(packet, info)
                if info.codec == "h264":
                    packet = past.without(packet, cuts[which], begins=pictures.begins)
                for one in _filtered(into_band, packet):
                    yield which, True, one
            elif pictures.are_done and (not sound or pictures.is_past_lag(packet)):
                return


def _filtered(
    through: BitStreamFilterContext | None, packet: Packet[Stream]
) -> Sequence[Packet[Stream]]:
    """Return what a filter makes of a packet."""
    if through is None:
        return [packet]
    time_base = packet.time_base
    changed = through.filter(packet)
    for one in changed:
        one.time_base = time_base
    return changed


def _as_broken_link(packet: Packet[Stream], info: MediaInfo) -> Packet[Stream]:
    """Let an HEVC key frame say that what is shown before it was left out.

    A clean random access picture (type 21) becomes one of a broken link without leading
    pictures (ITU-T H.265, 7.4.2.2), whose slices are written alike.
    """
    data = bytearray(bytes(packet))
    at = 0
    while at < len(data):
        if info.kind == "mpegts":
            at = data.find(b"\0\0\1", at) + 3
            if at < 3:
                break
            following = at
        else:
            following = at + 4 + int.from_bytes(data[at : at + 4])
            at += 4
        if at < len(data) and data[at] >> 1 & 0x3F == _CRA:
            data[at] = data[at] & 0x81 | _BLA << 1
        at = following
    return _replaced(packet, bytes(data))


def _replaced(packet: Packet[Stream], data: bytes) -> Packet[Stream]:
    """Return a packet with other content."""
    changed = Packet(data)
    changed.pts, changed.dts = packet.pts, packet.dts
    changed.is_keyframe = packet.is_keyframe
    changed.time_base = packet.time_base
    changed.stream = packet.stream
    return changed


class _Past:
    """Lets H.264 pictures behind the key frame of a cut not speak of what was before."""

    def __init__(self) -> None:
        """Begin with nothing that was cut off."""
        self._forgetting: Forgetting | None = None
        self._dts = 0

    def without(
        self, packet: Packet[Stream], cut: Cut, *, begins: bool
    ) -> Packet[Stream]:
        """Return the next picture; `begins`: it is the first one of its cut."""
        dts = cast("int", packet.dts)
        is_late = dts - self._dts > _MISSING_STEPS * cut.segment.frame_ticks
        self._dts = dts
        if packet.is_keyframe:
            self._forgetting = None
            if (begins or is_late) and not has_idr(packet):
                self._forgetting = Forgetting(
                    cut.segment.shape.sets,
                    bytes(memoryview(packet)[:_SLICES_WITHIN_BYTES]),
                    is_annex_b=cut.info.kind == "mpegts",
                )
        elif (
            self._forgetting
            and packet.size <= _SLICES_WITHIN_BYTES
            and (data := self._forgetting.mended(bytes(packet)))
        ):
            return _replaced(packet, data)
        return packet


class _Pictures:
    """Tells to which cut a picture belongs."""

    def __init__(self, cuts: Sequence[Cut], media: OpenMedia) -> None:
        """Go to the first frame that is needed."""
        self._cuts = cuts
        self._open_media = media
        self._current = 0
        self._number = 0
        self._ended_at = 0
        self._end_pts = [cut.end_pts for cut in cuts]
        self._lag = cuts[0].info.ticks(_LAG_US)
        self._has_jumped = False
        # Whether the last picture is the first one of a cut that needs none before.
        self.begins = False
        if media.is_indexed and cuts[0].key.number > 0 and media.is_seekable:
            # Where this does not work, reading on leads there as well.
            with suppress(av.FFmpegError):
                media.container.seek(cuts[0].key.dts, stream=media.video)
                self._has_jumped = True

    def cut_of(self, packet: Packet[Stream]) -> int | None:
        """Return the number of the cut that the next picture belongs to, if any."""
        dts, pts = packet.dts, packet.pts
        assert dts is not None
        assert pts is not None
        if self._has_jumped:
            self._has_jumped = False
            self._number = self._open_media.video.index_entries.search_timestamp(
                dts, any_frame=True
            )
        number = self._number
        self._number += 1
        while self._current < len(self._cuts):
            cut = self._cuts[self._current]
            if number < cut.key.number:
                return None
            end_pts = self._end_pts[self._current]
            is_next_gop = packet.is_keyframe and pts >= end_pts and not cut.ends_open
            if number < cut.segment.end and dts < end_pts and not is_next_gop:
                self.begins = number == cut.key.number and not cut.has_before
                is_shown = cut.has_before or pts >= cut.key.pts
                return self._current if is_shown else None
            self._current += 1
            self._ended_at = dts
        return None

    @property
    def are_done(self) -> bool:
        """Return whether all cuts are read."""
        return self._current == len(self._cuts)

    def is_past_lag(self, packet: Packet[Stream]) -> bool:
        """Return whether no sound of the last cut can come any more."""
        return abs(cast("int", packet.dts) - self._ended_at) > self._lag


class _Sounds:
    """Tells to which cut a packet of sound belongs."""

    def __init__(self, cuts: Sequence[Cut]) -> None:
        """Take the cuts of one file, in the order of the file."""
        info = cuts[0].info
        self._clocks = info.sound_clocks or (0,)
        self._cuts = [
            (cut.segment.clock, info.us(cut.key.pts), info.us(cut.end_pts))
            for cut in cuts
        ]
        self._current = 0
        self._clock = 0
        self._time_us: int | None = None

    def cut_of(self, packet: Packet[Stream]) -> int | None:
        """Return the number of the cut that the next packet belongs to, if any."""
        base = packet.time_base
        dts = cast("int", packet.dts)
        time_us = dts * base.numerator * US // base.denominator
        if self._time_us is not None and time_us < self._time_us - SLIP_US:
            self._clock = min(self._clock + 1, len(self._clocks) - 1)
        self._time_us = time_us
        clock = self._clocks[self._clock]
        while self._current < len(self._cuts):
            cut_clock, start_us, end_us = self._cuts[self._current]
            if (cut_clock, end_us) > (clock, time_us):
                is_in = cut_clock == clock and time_us >= start_us
                return self._current if is_in else None
            self._current += 1
        return None
