"""An open container of footage: what lies in it, and a key frame of it decoded.

All functions block; callers run them in an executor.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from io import FileIO
import os
import threading
from typing import Literal, NamedTuple

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.stream import AudioStream
from av.codec.context import CodecContext
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from ..aio import Cancelled
from ..errors import NotVideoError
from ..folder import File
from . import claims
from .parameter_sets import CODECS, Part, UnknownError, needs, part_of, sets_of

type Kind = Literal["mp4", "mpegts"]

US = 1_000_000
# A frame waits at most so long for others before it is shown; else its time is broken.
_MOST_REORDERED_US = 60 * US

# How libav is told to read an open file.
_BY_DESCRIPTOR = "fd:"

TS_PACKET_BYTES = 188
_TS_SYNC = 0x47
_KEYS_TRIED = 3
# No decoder takes memory for a picture that no camera has.
_BOUNDED = {"max_pixels": str(claims.MOST_PIXELS)}
# What may be taken to decode: 8192 x 4352 pixels at 8 bits, once. Of pictures of 4K, five
# may be kept at 8 bits, and two at 10; a GOP that goes on with more is believed.
_MOST_DECODER_BYTES = 94 * 2**20
# A packet is copied, without what escapes start codes, and the next one waits.
_PACKETS_KEPT = 3
# A decoder that shows no frame that it had to make up. For H.265, libav makes up all that
# a picture names, sixteen of them, only where it is to show what is corrupt.
_STRICT = {
    "h264": {**_BOUNDED, "err_detect": "explode", "flags": "+output_corrupt"},
    "hevc": {**_BOUNDED, "err_detect": "explode"},
}
# While libav looks into a file, it decodes nothing but sound: of a picture it knows
# enough without.
_PROBING = {
    "codec_whitelist": "aac,aac_latm,ac3,eac3,flac,mp2,mp2float,mp3,mp3float,opus,"
    "pcm_alaw,pcm_mulaw,pcm_s16be,pcm_s16le",
    "max_streams": "32",
}
# Neither has any that a camera sends.
_MOST_RATE_HZ = 192_000
_MOST_CHANNELS = 16
# Sound that browsers and phones play in an MP4.
_PLAYABLE_SOUNDS = {"aac", "flac", "mp3", "opus"}
# libav's search of an index takes a second where so many samples of it are not shown, and
# the square of that for more.
_MOST_DISCARDED = 40_000


class TooLargeError(Exception):
    """A picture that may well be, but takes too much memory to decode."""


class Checked(NamedTuple):
    """What was found of the claims of a file, and which file that was."""

    identity: tuple[int, ...]
    claims: claims.Claims


class AudioFormat(NamedTuple):
    """What must be equal for two tracks of sound to become one.

    `is_steady`: it is of one rate and one layout from beginning to end.
    """

    codec: str
    rate_hz: int
    layout: str
    kind: Kind
    is_steady: bool = True

    @property
    def is_playable(self) -> bool:
        """Whether players know it in an MP4; in particular they know no G.711."""
        return self.is_steady and self.codec in _PLAYABLE_SOUNDS


@dataclass(frozen=True, kw_only=True)
class OpenMedia:
    """An open file: its container, its video, its sound if there is any to hear."""

    file: File
    checked: Checked
    source: FileIO
    container: InputContainer
    video: VideoStream
    audio: AudioStream | None
    kind: Kind
    is_progressive: bool
    is_indexed: bool
    # What may be taken to decode.
    decoder_bytes: int = _MOST_DECODER_BYTES

    @property
    def codec(self) -> str:
        """The name of the video's codec."""
        return self.video.codec_context.codec.canonical_name

    @property
    def sound(self) -> AudioFormat | None:
        """What the sound is like."""
        if self.audio is None:
            return None
        context = self.audio.codec_context
        return AudioFormat(
            context.codec.canonical_name,
            self.audio.rate,
            context.layout.name,
            self.kind,
        )

    @cached_property
    def is_seekable(self) -> bool:
        """Return whether libav finds a place in the index without taking minutes."""
        discarded = sum(
            entry.is_discard
            for stream in self.container.streams
            for entry in stream.index_entries
        )
        return discarded <= _MOST_DISCARDED

    def decoder(self, *, strict: bool = False) -> av.VideoCodecContext:
        """Make a decoder of the video that is gone with its last reference.

        The stream's own lives in a circle of references with its container, and its
        memory stays until Python happens to collect that. With `strict`, it shows no
        frame that it had to make up.
        """
        own = make_decoder(self.video.codec_context.name, strict=strict)
        own.extradata = self.video.codec_context.extradata
        return own

    def sound_decoder(self) -> AudioCodecContext:
        """Make a decoder of the sound, of which there must be some."""
        assert self.audio
        context = self.audio.codec_context
        own = CodecContext.create(context.name, "r")
        assert isinstance(own, AudioCodecContext)
        own.extradata = context.extradata
        own.sample_rate, own.layout = context.sample_rate, context.layout.name
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
def opened(
    file: File,
    *,
    most_samples: int = claims.MOST_SAMPLES,
    checked: Checked | None = None,
) -> Iterator[OpenMedia]:
    """Open a file that must hold video.

    What it claims is not checked once more while it is the very file that was `checked`.

    Raises CloudError if it is no video, if an MP4 is not whole, or if it claims more than
    there can be; OSError.
    """
    with _source(file) as source, _about(file):
        kind = _kind(source)
        identity = _identity(source)
        if checked is None or checked.identity != identity:
            claimed = claims.check(source, kind, most_samples=most_samples)
            checked = Checked(identity, claimed)
        container = _container(source, kind)
        with container:
            yield _open_media(file, source, container, kind, checked)


def _identity(source: FileIO) -> tuple[int, ...]:
    """Return what changes with whatever is written to a file."""
    about = os.fstat(source.fileno())
    times = (about.st_mtime_ns, about.st_ctime_ns)
    return (about.st_dev, about.st_ino, about.st_size, *times)


def _source(file: File) -> FileIO:
    """Open a file to read. Raises CloudError if there is none, but a link, OSError."""
    try:
        return file.open()
    except ValueError as err:
        raise NotVideoError("body_not_video") from err


@contextmanager
def _about(file: File) -> Iterator[None]:
    """Let the disk's errors name the file: libav knows it by its descriptor only."""
    try:
        yield
    except OSError as err:
        if err.filename == _BY_DESCRIPTOR:
            err.filename = str(file.path)
        raise


def _container(source: FileIO, kind: Kind) -> InputContainer:
    """Let libav read an open file: the very one that was looked at."""
    try:
        # The format is ours to say: a playlist would make it fetch other things.
        return av.open(
            _BY_DESCRIPTOR,
            "r",
            format=kind,
            container_options={**_PROBING, "fd": str(source.fileno())},
        )
    except av.FFmpegError as err:
        raise NotVideoError("body_not_video") from err


def _open_media(
    file: File,
    source: FileIO,
    container: InputContainer,
    kind: Kind,
    checked: Checked,
) -> OpenMedia:
    """Choose what is shown and heard of a container. Raises CloudError."""
    claimed = checked.claims
    video = next(iter(container.streams.video), None)
    # There is no decoder for what is not known, and none is used for what no camera has.
    if (
        video is None
        or not video.codec_context
        or not video.time_base
        or video.codec_context.codec.canonical_name not in CODECS
    ):
        raise NotVideoError("body_not_video")
    # The index is in memory, too. Of a clip of our own, it may be larger.
    samples = min(claimed.samples, claims.MOST_SAMPLES)
    audio = next(
        # A stream that was announced and never came has no rate.
        (one for one in container.streams.audio if one.codec_context and one.rate),
        None,
    )
    if audio and (audio.rate > _MOST_RATE_HZ or audio.channels > _MOST_CHANNELS):
        raise claims.implausible()
    return OpenMedia(
        file=file,
        checked=checked,
        source=source,
        container=container,
        video=video,
        audio=audio,
        kind=kind,
        is_progressive=claimed.is_index_first and not claimed.is_fragmented,
        is_indexed=kind == "mp4"
        and not claimed.is_fragmented
        and len(video.index_entries) > 0,
        decoder_bytes=_MOST_DECODER_BYTES - samples * claims.INDEX_BYTES_A_SAMPLE,
    )


def decode_key(
    media: OpenMedia, cancelled: threading.Event, *, tries: int = _KEYS_TRIED
) -> av.VideoFrame | None:
    """Return the first key frame that can be decoded, or None if none of a few can.

    Raises TooLargeError if one would take too much memory, CloudError
    (`body_implausible`) if no camera can have sent it.
    """
    tried = 0
    for packet in media.packets(cancelled, sound=False):
        if not packet.is_keyframe:
            continue
        decoder = media.decoder()
        with suppress(UnknownError):
            memory = DecoderMemory(decoder, packet, media.decoder_bytes)
            if memory.is_full and not memory.is_plausible:
                raise claims.implausible()
        if frame := decode(decoder, packet, media.decoder_bytes):
            return frame
        tried += 1
        if tried == tries:
            break
    return None


class DecoderMemory:
    """How much memory a decoder may come to take, before it is given a packet.

    It only lets go of pictures that nobody needs: those that others are decoded from,
    and those that are not shown yet, it keeps.
    """

    def __init__(
        self, decoder: av.VideoCodecContext, packet: Packet[Stream], most_bytes: int
    ) -> None:
        """Take it, and the key frame that it is to begin with. Raises UnknownError."""
        self._most_bytes = most_bytes
        self._codec = decoder.codec.canonical_name
        self._extradata = decoder.extradata or b""
        part = self._part(packet)
        self._sets = part.sets | sets_of(self._codec, self._extradata)
        self._needs = needs(self._codec, self._sets)
        self._inside = 0
        self._buffers = set[int]()
        self.is_full = False
        self._take(part, packet)

    def _part(self, packet: Packet[Stream]) -> Part:
        if packet.has_sidedata("new_extradata"):
            raise UnknownError
        return part_of(self._codec, self._extradata, memoryview(packet))

    def _take(self, part: Part, packet: Packet[Stream]) -> None:
        self._inside += part.pictures
        kept = self._needs.refs
        if kept is None:
            kept = len(self._buffers)
        elif not self._buffers:
            kept = 0
        held = kept + self._inside
        self.is_full = (
            held * self._needs.picture_bytes
            + self._needs.other_bytes
            + _PACKETS_KEPT * packet.size
        ) > self._most_bytes

    @property
    def is_plausible(self) -> bool:
        """Return whether a camera can have sent the key frame."""
        return self._inside == 1 and self._needs.pixels <= claims.MOST_PIXELS

    def take(self, packet: Packet[Stream]) -> None:
        """Hear of the next packet. Raises UnknownError if it changes what is known."""
        part = self._part(packet)
        if not part.sets <= self._sets:
            raise UnknownError
        self._take(part, packet)

    def show(self, frames: list[av.VideoFrame]) -> None:
        """Hear what the decoder shows: its pictures come back in the same buffers."""
        self._inside -= len(frames)
        self._buffers.update(one.planes[0].buffer_ptr for one in frames)


def make_decoder(codec: str, *, strict: bool = False) -> av.VideoCodecContext:
    """Make a decoder; with `strict`, it shows no frame that it had to make up."""
    decoder = CodecContext.create(codec, "r")
    assert isinstance(decoder, av.VideoCodecContext)
    decoder.options = _STRICT[decoder.codec.canonical_name] if strict else _BOUNDED
    # Each thread takes memory of its own.
    decoder.thread_count = 1
    return decoder


def decode(
    context: av.VideoCodecContext,
    packet: Packet[Stream],
    most_bytes: int = _MOST_DECODER_BYTES,
) -> av.VideoFrame | None:
    """Decode one key frame alone; None if it cannot be.

    Raises TooLargeError if only memory is missing.
    """
    try:
        memory = DecoderMemory(context, packet, most_bytes)
        if memory.is_full:
            if memory.is_plausible:
                raise TooLargeError
            return None
        frames = [*context.decode(packet), *context.decode(None)]
    except UnknownError, av.FFmpegError, ValueError:
        frames = []
    return frames[0] if frames and not frames[0].is_corrupt else None


def _kind(source: FileIO) -> Kind:
    head = os.pread(source.fileno(), 2 * TS_PACKET_BYTES + 1, 0)
    if head[4:8] == b"ftyp":
        return "mp4"
    if len(head) > 2 * TS_PACKET_BYTES and set(head[::TS_PACKET_BYTES]) == {_TS_SYNC}:
        return "mpegts"
    raise NotVideoError("body_not_video")
