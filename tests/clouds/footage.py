"""Footage that knows when it was filmed.

Every frame shows its moment twice: as text for people, and as black and white blocks
for tests. What a camera saw at a moment is the same whenever and however it is asked
for. All functions block; servers call them in threads.
"""

from binascii import crc_hqx
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import cache
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple, cast

import av
from av import Packet
from av.audio.codeccontext import AudioCodecContext
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.stream import Stream
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

type Picture = NDArray[np.uint8]
type Container = Literal["mp4", "mpegts"]
type Timeline = Literal["zero", "clock", "joined"]

# All presentation times are counted in these, as MPEG-TS does.
TICKS_PER_MS = 90
TICK = Fraction(1, 90_000)
# An MPEG-TS clock starts again after this many ticks (26.5 hours).
CLOCK_TICKS = 2**33

# The code: 48 bits of Unix time in ms, 16 of the camera, 16 that check both.
_COLUMNS = 40
_ROWS = 2
# No field of zeros or ones checks with this to begin with.
_CRC_START = 0xFFFF

_DARK, _BRIGHT = 16, 235
_TEXT_COLUMNS = 28

_AAC_RATE_HZ = 16_000
_AAC_SAMPLES = 1024
# 125 AAC frames are 8 s: a loop that ends where it began.
_AAC_LOOP = 125
# After so many seconds, the beeps sound alike again.
LOOP_S = 8
_ALAW_RATE_HZ = 8000
_ALAW_SAMPLES = 800

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class NotFootageError(Exception):
    """A frame that does not say when it was filmed."""


class Span(NamedTuple):
    """From a moment to another: aware datetimes in UTC."""

    start: datetime
    end: datetime


class Seen(NamedTuple):
    """One decoded frame: when it was filmed, and where it stands in its file."""

    moment: datetime
    at_s: float
    camera: int


class Shot(NamedTuple):
    """A stretch of one camera's footage, for a file of several."""

    footage: Footage
    start: datetime
    end: datetime
    exact: bool = False


@dataclass(frozen=True)
class Footage:
    """What one camera films, at every moment.

    Frame k is filmed at k * 1000 / `fps` ms since 1970, so `fps` divides 1000. Every
    `gop_frames`-th of these is a key frame: with the defaults, one each whole second.
    """

    name: str
    fps: int = 10
    gop_frames: int = 10
    width: int = 320
    height: int = 180
    codec: Literal["h264", "hevc"] = "h264"
    audio: Literal["aac", "alaw"] | None = "aac"
    b_frames: int = 0

    def __post_init__(self) -> None:
        """Refuse a grid that does not fit whole milliseconds or blocks."""
        if 1000 % self.fps or self.width % 2 or self.height % 2 or self.width < 160:
            raise ValueError("fps must divide 1000, width and height must be even")

    @property
    def frame_ms(self) -> int:
        """How long one frame is shown."""
        return 1000 // self.fps

    @property
    def gop(self) -> timedelta:
        """How long it is from one key frame to the next."""
        return timedelta(milliseconds=self.frame_ms * self.gop_frames)

    @property
    def camera(self) -> int:
        """The number that its frames carry."""
        return crc_hqx(self.name.encode(), _CRC_START)

    def key_frame(self, moment: datetime) -> datetime:
        """Return when the key frame at or before a moment was filmed."""
        return moment - (moment - _EPOCH) % self.gop

    def next_key_frame(self, moment: datetime) -> datetime:
        """Return when the key frame at or after a moment is filmed."""
        return moment + (_EPOCH - moment) % self.gop

    def frames_ms(
        self, start: datetime, end: datetime, *, exact: bool = False
    ) -> range:
        """Return the Unix times in ms of the frames that a file of this stretch has.

        From the key frame at or before `start` (`exact`: the first frame at or after
        it) to the last frame before `end`.
        """
        step = self.frame_ms if exact else self.frame_ms * self.gop_frames
        begin = _to_ms(start) + (step - 1 if exact else 0)
        first = begin // step * step
        return range(first, _to_ms(end), self.frame_ms)

    def write(
        self,
        path: Path,
        start: datetime,
        end: datetime,
        *,
        container: Container = "mp4",
        faststart: bool = True,
        pts: Timeline = "zero",
        exact: bool = False,
    ) -> Span:
        """Write this stretch to a file and return what it really covers."""
        return write(
            path,
            [Shot(self, start, end, exact)],
            container=container,
            faststart=faststart,
            pts=pts,
        )

    def frame(self, moment: datetime) -> av.VideoFrame:
        """Return the frame that is shown at a moment."""
        time_ms = _to_ms(moment) // self.frame_ms * self.frame_ms
        return av.VideoFrame.from_ndarray(_painter(self).paint(time_ms), "yuv420p")

    def painter(self) -> Painter:
        """Return somebody who draws its frames."""
        return Painter(self)

    def picture(self, moment: datetime) -> bytes:
        """Return the frame that is shown at a moment, as a JPEG."""
        out = BytesIO()
        picture = Image.fromarray(self.frame(moment).to_ndarray(format="rgb24"))
        picture.save(out, "JPEG", quality=90)
        return out.getvalue()


def tiny(name: str) -> Footage:
    """Return footage that is made and read in no time: two small frames a second."""
    return Footage(name, fps=2, gop_frames=2, width=160, height=90, audio=None)


def clock_ticks(moment: datetime) -> int:
    """Return where the cameras' own clock (`pts="clock"`) stands, in 1/90000 s."""
    return _to_ms(moment) * TICKS_PER_MS % CLOCK_TICKS


def write(
    path: Path,
    shots: Sequence[Shot],
    *,
    container: Container = "mp4",
    faststart: bool = True,
    pts: Timeline = "zero",
) -> Span:
    """Write stretches, one after the other, to one file; return first and last moment.

    `pts`: `zero` begins at zero and keeps the gaps between stretches, `clock` shows the
    cameras' own clock (MPEG-TS only), `joined` begins at zero and knows no gaps. Sizes
    may differ only in MPEG-TS, where each key frame carries its own parameter sets.
    The file's streams are the first shot's.
    """
    runs = _runs(shots)
    first, (start_ms, *_) = runs[0]
    end_ms = start_ms
    # What the `mp4` muxer refuses, AWS writes all the same.
    is_mov = first.audio == "alaw" and container == "mp4"
    options = {"mpegts": {"mpegts_copyts": "1"}, "mp4": {"movflags": "+faststart"}}
    with av.open(
        path,
        "w",
        format="mov" if is_mov else container,
        options=options[container] if faststart or container == "mpegts" else {},
    ) as output:
        streams = _Streams(output, first)
        at_ticks = clock_ticks(_from_ms(start_ms)) if pts == "clock" else 0
        zero_ticks = at_ticks - start_ms * TICKS_PER_MS
        for footage, times_ms in runs:
            if pts == "joined":
                zero_ticks = at_ticks - times_ms[0] * TICKS_PER_MS
            streams.mux(footage, times_ms, zero_ticks)
            end_ms = times_ms[-1] + footage.frame_ms
            at_ticks = zero_ticks + end_ms * TICKS_PER_MS
    return Span(_from_ms(start_ms), _from_ms(end_ms))


def _runs(shots: Sequence[Shot]) -> list[tuple[Footage, range]]:
    """Return the frames of each shot; one ends where the next one's key frame is."""
    runs: list[tuple[Footage, range]] = []
    for shot in reversed(shots):
        times_ms = shot.footage.frames_ms(shot.start, shot.end, exact=shot.exact)
        if runs:
            last_ms = min(times_ms.stop, runs[0][1].start)
            times_ms = range(times_ms.start, last_ms, times_ms.step)
        if times_ms:
            runs.insert(0, (shot.footage, times_ms))
    if not runs:
        raise ValueError("nothing was filmed between these")
    return runs


class _Streams:
    """The streams of one file, and what goes into them."""

    def __init__(self, output: OutputContainer, first: Footage) -> None:
        """Open the streams that the first shot needs."""
        self._output = output
        self._video = output.add_stream(
            _ENCODERS[first.codec],
            rate=first.fps,
            width=first.width,
            height=first.height,
        )
        self._encoder: VideoCodecContext | None = self._video.codec_context
        self._flags = self._encoder.flags
        _configure(self._encoder, first)
        self._audio: AudioStream | None = None
        if first.audio == "aac":
            self._audio = output.add_stream("aac", rate=_AAC_RATE_HZ, layout="mono")
        elif first.audio == "alaw":
            self._audio = output.add_stream(
                "pcm_alaw", rate=_ALAW_RATE_HZ, layout="mono"
            )

    def mux(self, footage: Footage, times_ms: range, zero_ticks: int) -> None:
        """Write one stretch; its presentation times are Unix time plus `zero_ticks`."""
        sounds = self._sounds(footage, times_ms, zero_ticks)
        sound = next(sounds, None)
        for packet in self._pictures(footage, times_ms, zero_ticks):
            while sound and cast("int", sound.pts) <= cast("int", packet.pts):
                self._output.mux(sound)
                sound = next(sounds, None)
            self._output.mux(packet)
        if sound:
            self._output.mux([sound, *sounds])

    def _pictures(
        self, footage: Footage, times_ms: range, zero_ticks: int
    ) -> Iterator[Packet[Stream]]:
        # The stream's own encoder makes the first stretch; it cannot begin again.
        encoder, self._encoder = self._encoder, None
        if encoder is None:
            encoder = av.CodecContext.create(_ENCODERS[footage.codec], "w")
            encoder.flags = self._flags
            _configure(encoder, footage)
        painter = footage.painter()
        for time_ms in times_ms:
            frame = av.VideoFrame.from_ndarray(painter.paint(time_ms), "yuv420p")
            frame.time_base = TICK
            frame.pts = zero_ticks + time_ms * TICKS_PER_MS
            is_key = time_ms // footage.frame_ms % footage.gop_frames == 0
            frame.pict_type = PictureType.I if is_key else PictureType.NONE
            yield from self._own(encoder.encode(frame), self._video)
        yield from self._own(encoder.encode(None), self._video)

    def _sounds(
        self, footage: Footage, times_ms: range, zero_ticks: int
    ) -> Iterator[Packet[Stream]]:
        if self._audio is None or footage.audio is None:
            return
        sounds = _SOUNDS[footage.audio]()
        begin, end = (
            -(-time_ms * TICKS_PER_MS // sounds.ticks)
            for time_ms in (times_ms.start, times_ms.stop)
        )
        for number in range(begin, end):
            packet = Packet(sounds.loop[number % len(sounds.loop)])
            packet.pts = packet.dts = zero_ticks + number * sounds.ticks
            packet.duration = sounds.ticks
            packet.is_keyframe = True
            yield from self._own([packet], self._audio)

    def _own(
        self, packets: Sequence[Packet[Stream]], stream: Stream
    ) -> Iterator[Packet[Stream]]:
        for packet in packets:
            packet.stream = stream
            packet.time_base = TICK
            yield packet


def _configure(encoder: VideoCodecContext, footage: Footage) -> None:
    """Set up an encoder that leaves the choice of key frames to us."""
    encoder.width, encoder.height = footage.width, footage.height
    encoder.pix_fmt = "yuv420p"
    encoder.framerate = Fraction(footage.fps)
    encoder.time_base = TICK
    encoder.thread_count = 1
    encoder.gop_size = 100_000
    encoder.max_b_frames = footage.b_frames
    encoder.options = {"preset": "ultrafast", "qp": "30", "forced-idr": "1"}
    if footage.codec == "hevc":
        encoder.options |= {
            "x265-params": "log-level=none:scenecut=0:open-gop=0:"
            f"bframes={footage.b_frames}:pools=1:frame-threads=1"
        }
    else:
        encoder.options |= {"sc_threshold": "0", "bf": str(footage.b_frames)}


class _Sounds(NamedTuple):
    """Encoded sound that begins again without a seam."""

    loop: Sequence[bytes]
    ticks: int


def tone_hz(second: int) -> int:
    """Return how high the beep of a second of Unix time is: eight tones in turn."""
    return 800 + 200 * (second % LOOP_S)


def _beeps(rate_hz: int, duration_s: int) -> NDArray[np.int16]:
    """Return a low hum with a beep at the start of each second, as 16-bit samples."""
    time_s = np.arange(rate_hz * duration_s) / rate_hz
    hum = 0.05 * np.sin(2 * np.pi * 220 * time_s)
    tones_hz = np.array([tone_hz(second) for second in range(duration_s)])
    tones = np.sin(2 * np.pi * tones_hz.repeat(rate_hz) * time_s)
    return ((hum + 0.4 * tones * (time_s % 1 < 0.1)) * 32_000).astype(np.int16)


def _encode_sound(
    codec: str, rate_hz: int, samples: NDArray[np.int16]
) -> list[Packet[Stream]]:
    encoder = cast("AudioCodecContext", av.CodecContext.create(codec, "w"))
    encoder.sample_rate = rate_hz
    encoder.layout = "mono"
    if codec == "aac":
        encoder.format = "fltp"
        frame = av.AudioFrame.from_ndarray(
            (samples[np.newaxis] / 32_768).astype(np.float32), "fltp", "mono"
        )
    else:
        encoder.format = "s16"
        frame = av.AudioFrame.from_ndarray(samples[np.newaxis], "s16", "mono")
    frame.sample_rate = rate_hz
    frame.pts = 0
    frame.time_base = Fraction(1, rate_hz)
    return [*encoder.encode(frame), *encoder.encode(None)]


@cache
def _aac() -> _Sounds:
    packets = _encode_sound("aac", _AAC_RATE_HZ, _beeps(_AAC_RATE_HZ, 3 * LOOP_S))
    by_number = {cast("int", p.pts) // _AAC_SAMPLES: bytes(p) for p in packets}
    # The second of three rounds, so that neither end is heard in it.
    loop = [by_number[n] for n in range(_AAC_LOOP, 2 * _AAC_LOOP)]
    return _Sounds(loop, _AAC_SAMPLES * 90_000 // _AAC_RATE_HZ)


def aac_sound(start_ms: int, end_ms: int) -> Iterator[tuple[int, bytes]]:
    """Yield the packets of what is heard in between: Unix time in ticks, an AAC frame."""
    sounds = _aac()
    begin, end = (-(-ms * TICKS_PER_MS // sounds.ticks) for ms in (start_ms, end_ms))
    for number in range(begin, end):
        yield number * sounds.ticks, sounds.loop[number % len(sounds.loop)]


@cache
def _alaw() -> _Sounds:
    (packet,) = _encode_sound("pcm_alaw", _ALAW_RATE_HZ, _beeps(_ALAW_RATE_HZ, LOOP_S))
    whole = bytes(packet)
    loop = [whole[n : n + _ALAW_SAMPLES] for n in range(0, len(whole), _ALAW_SAMPLES)]
    return _Sounds(loop, _ALAW_SAMPLES * 90_000 // _ALAW_RATE_HZ)


_ENCODERS: dict[str, Literal["libx264", "libx265"]] = {
    "h264": "libx264",
    "hevc": "libx265",
}
_SOUNDS = {"aac": _aac, "alaw": _alaw}


class Painter:
    """Draws the frames of one camera."""

    def __init__(self, footage: Footage) -> None:
        """Draw what all its frames have in common."""
        self._camera = footage.camera
        self._width, self._height = footage.width, footage.height
        self._block = footage.width // _COLUMNS
        self._base = _background(footage.name, footage.width, footage.height)
        self._glyphs = _glyphs(footage.width // _TEXT_COLUMNS)
        self._write_text(self._base, 0, footage.name[:_TEXT_COLUMNS])

    def paint(self, time_ms: int) -> Picture:
        """Return the planes (YUV 4:2:0, one above the other) of one moment's frame."""
        planes = self._base.copy()
        moment = _from_ms(time_ms)
        text = f"{moment:%Y-%m-%d %H:%M:%S}.{time_ms % 1000:03} UTC"
        self._write_text(planes, 1, text)
        self._move(planes, time_ms)
        self._write_code(planes, time_ms)
        return planes

    def _write_text(self, planes: Picture, line: int, text: str) -> None:
        glyphs = [self._glyphs.get(char, self._glyphs["?"]) for char in text]
        strip = np.concatenate(glyphs, axis=1)
        height, width = strip.shape
        top = height // 4 + line * height
        planes[top : top + height, height // 4 : height // 4 + width] = strip

    def _move(self, planes: Picture, time_ms: int) -> None:
        """Let something walk from left to right, once in ten seconds."""
        size = self._height // 6
        left = time_ms % 10_000 * (self._width - size) // 10_000
        top = self._height * 11 // 20
        planes[top : top + size, left : left + size] = _BRIGHT

    def _write_code(self, planes: Picture, time_ms: int) -> None:
        code = time_ms.to_bytes(6) + self._camera.to_bytes(2)
        code += crc_hqx(code, _CRC_START).to_bytes(2)
        bits = np.unpackbits(np.frombuffer(code, np.uint8)).reshape(_ROWS, _COLUMNS)
        blocks = np.where(bits, _BRIGHT, _DARK).astype(np.uint8)
        blocks = blocks.repeat(self._block, axis=0).repeat(self._block, axis=1)
        height, width = blocks.shape
        planes[self._height - height : self._height, :width] = blocks


@cache
def _painter(footage: Footage) -> Painter:
    """Return who draws a camera's frames; drawing the background takes a while."""
    return footage.painter()


@cache
def _background(name: str, width: int, height: int) -> Picture:
    """Return the planes of an empty scene, in a colour of the camera's own."""
    planes = np.empty((height * 3 // 2, width), np.uint8)
    planes[:height] = np.linspace(150, 70, height).astype(np.uint8)[:, np.newaxis]
    planes[height * 3 // 4 : height] = 60
    camera = crc_hqx(name.encode(), _CRC_START)
    planes[height : height * 5 // 4] = 108 + camera % 41
    planes[height * 5 // 4 :] = 108 + camera // 41 % 41
    return planes


@cache
def _glyphs(width: int) -> dict[str, Picture]:
    """Return a picture of each character, all of one size."""
    height = width * 2
    font = ImageFont.load_default(width * 1.5)
    glyphs = {}
    for char in map(chr, range(32, 127)):
        image = Image.new("L", (width, height), _DARK)
        ImageDraw.Draw(image).text(
            (width / 2, height * 0.75), char, _BRIGHT, font, anchor="ms"
        )
        glyphs[char] = np.asarray(image)
    return glyphs


def seen(path: Path) -> Iterator[Seen]:
    """Decode a file's video and say of every frame what it shows.

    Raises NotFootageError for a frame that does not check, av.FFmpegError for a file
    that cannot be decoded.
    """
    with av.open(path) as container:
        yield from _seen(container)


def moments(
    path: Path,
    *,
    of: Footage | None = None,
    first: int | None = None,
    last: int | None = None,
) -> list[datetime]:
    """Return when each frame of a file was filmed, in the order of showing.

    `first` or `last`: only so many frames; `of`: raise NotFootageError if another
    camera filmed them.
    """
    found = list(islice(seen(path), first))
    if last is not None:
        found = found[-last:]
    _check_camera(found, of)
    return [frame.moment for frame in found]


def without_picture(path: Path) -> bytes:
    """Return an MP4 with nothing but the sound of another; it must have some."""
    out = BytesIO()
    with av.open(path) as given, av.open(out, "w", "mp4") as made:
        sound = given.streams.audio[0]
        track = made.add_stream_from_template(sound)
        for packet in given.demux(sound):
            if packet.dts is not None:
                packet.stream = track
                made.mux(packet)
    return out.getvalue()


def first_and_last(path: Path, *, of: Footage | None = None) -> Span:
    """Return when the first and the last frame were filmed; quick on long files."""
    with av.open(path) as container:
        start = next(_seen(container), None)
        if start is None:
            raise NotFootageError("no frame")
        end = None
        if container.duration:
            begin = container.start_time or 0
            container.seek(begin + max(0, container.duration - 3_000_000))
            for end in _seen(container):  # noqa: B007
                pass
    if end is None:
        end = list(seen(path))[-1]
    _check_camera([start, end], of)
    return Span(start.moment, end.moment)


def _seen(container: InputContainer) -> Iterator[Seen]:
    video = container.streams.video[0]
    if not video.codec_context.is_open:
        video.thread_type = "AUTO"
    for frame in container.decode(video):
        yield _read(frame)


def _read(frame: av.VideoFrame) -> Seen:
    if frame.is_corrupt:
        raise NotFootageError(f"damaged frame at {frame.time}")
    if not frame.format.name.startswith(("yuv", "gray")):
        frame = frame.reformat(format="gray")
    block = frame.width // _COLUMNS
    plane = frame.planes[0]
    luma = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    strip = luma[frame.height - _ROWS * block : frame.height, : _COLUMNS * block]
    # The middle of each block; its rim is blurred.
    rim = block // 4
    middles = strip.reshape(_ROWS, block, _COLUMNS, block)[
        :, rim : block - rim, :, rim : block - rim
    ]
    bits = middles.mean(axis=(1, 3)) > (_DARK + _BRIGHT) / 2
    code = np.packbits(bits).tobytes()
    if crc_hqx(code[:8], _CRC_START) != int.from_bytes(code[8:]):
        raise NotFootageError(f"unreadable frame at {frame.time}")
    return Seen(
        _from_ms(int.from_bytes(code[:6])),
        frame.time if frame.time is not None else -1.0,
        int.from_bytes(code[6:8]),
    )


def _check_camera(frames: Sequence[Seen], of: Footage | None) -> None:
    if of is not None and any(frame.camera != of.camera for frame in frames):
        raise NotFootageError(f"not filmed by {of.name}")


def _to_ms(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def _from_ms(time_ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=time_ms)
