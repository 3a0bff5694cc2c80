"""Make playable MP4s of what was fetched, without re-encoding.

All functions block; callers run them in an executor. They read and write packet by
packet, so memory does not grow with a clip, and libav works without the GIL.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
import threading

import av
from av.codec.context import CodecContext
from av.video.reformatter import ColorRange, Interpolation

from .errors import ClipError, CloudError
from .film import US, Cancelled, Reel, Sound, decode_key, opened, survey
from .mux import Run, Written, write
from .timeline import Cut, Piece, covered, fits, plan, shown_us, window_of_us
from .window import Window

__all__ = ["Cancelled", "Made", "Media", "Piece", "finish", "inspect", "picture"]

# What players expect in an MP4; in particular no G.711.
_MP4_SOUNDS = {"aac", "ac3", "alac", "eac3", "flac", "mp2", "mp3", "opus"}
_PICTURE_WIDTH = 640
# The scale of the mjpeg encoder that is like a JPEG quality of 75.
_PICTURE_SCALE = "5"
_NEVER = threading.Event()


@dataclass(frozen=True, kw_only=True)
class Media:
    """What a file holds.

    `is_progressive`: a player can begin before it has all of it. `gop` is the longest
    time between key frames, None where only reading the whole file would tell.
    """

    container: str
    is_progressive: bool
    video_codec: str
    audio_codec: str | None
    width: int
    height: int
    frame_rate: float
    duration: timedelta
    gop: timedelta | None


@dataclass(frozen=True, kw_only=True)
class Made:
    """A finished file.

    `window` is from its first frame to the end of its last, `covered` what it shows of
    the window that was asked for, `gop` the longest time between key frames.
    """

    path: Path
    window: Window
    covered: tuple[Window, ...]
    gop: timedelta
    video_codec: str
    audio_codec: str | None
    width: int
    height: int
    duration: timedelta


def inspect(path: Path) -> Media:
    """Say what a fetched file holds, once its first key frame could be decoded.

    Raises CloudError: `body_not_video`, or `body_truncated` where it is not whole.
    """
    with opened(path) as reel:
        try:
            frame = decode_key(reel, _NEVER)
        except av.FFmpegError as err:
            raise CloudError("body_truncated") from err
        if frame is None:
            raise CloudError("body_truncated")
        video, sound = reel.video, reel.sound
        duration_us = int((video.duration or 0) * video.time_base * US)
        return Media(
            container=reel.kind,
            is_progressive=reel.is_progressive,
            video_codec=reel.codec,
            audio_codec=sound.codec if sound else None,
            width=frame.width,
            height=frame.height,
            frame_rate=float(video.average_rate or 0),
            duration=timedelta(microseconds=duration_us),
            gop=timedelta(microseconds=survey(path, _NEVER).gop_us)
            if reel.is_indexed
            else None,
        )


def finish(
    pieces: Sequence[Piece],
    window: Window,
    folder: Path,
    *,
    audio: bool = True,
    cancelled: threading.Event,
) -> list[Made]:
    """Make what was fetched of a window into as few files as can be, in order of time.

    One MP4 that fits the window stays where it is. Everything else is cut and joined
    into new files in `folder`; with sound that no MP4 can hold, it stays as it is too.
    Returns nothing if nothing shows the window.

    Raises CloudError for a file that cannot be read, ClipError (`clip_not_playable`)
    for footage that does not go into an MP4, OSError from the disk, Cancelled. Then no
    new file is left.
    """
    written: list[Path] = []
    try:
        with _libav_errors():
            cuts = plan(
                [(piece, survey(piece.path, cancelled)) for piece in pieces], window
            )
            made = []
            for number, run in enumerate(_runs(cuts, audio=audio), 1):
                if _stays(run, window, is_all=len(cuts) == 1):
                    made.append(_kept(run, window))
                else:
                    written.append(folder / f"made_{number}.mp4")
                    made.append(
                        _made(
                            run, window, written[-1], write(run, written[-1], cancelled)
                        )
                    )
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        raise
    return made


def picture(path: Path, at: timedelta) -> bytes:
    """Return a JPEG of what an MP4 shows near a time from its beginning.

    It is of the nearest key frame, the only one that is decoded, and at most 640 pixels
    wide. Raises ClipError (`clip_not_playable`), CloudError.
    """
    with _libav_errors(), opened(path) as reel:
        ticks = int(at.total_seconds() / reel.video.time_base)
        # Where this does not work, the beginning will do.
        with suppress(av.FFmpegError):
            reel.container.seek(
                ticks, stream=reel.video, backward=not _is_next_nearer(reel, ticks)
            )
        frame = decode_key(reel, _NEVER)
        if frame is None:
            raise ClipError("clip_not_playable")
        return _jpeg(frame)


def _is_next_nearer(reel: Reel, ticks: int) -> bool:
    """Say whether a file's index has a key frame after a time that is the nearest."""
    entries = reel.video.index_entries
    before, after = (
        entries.search_timestamp(ticks, backward=backward) for backward in (True, False)
    )
    return after >= 0 and (
        before < 0
        or entries[after].timestamp - ticks < ticks - entries[before].timestamp
    )


def _runs(cuts: Sequence[Cut], *, audio: bool) -> list[Run]:
    """Group what can become one file: neighbours of one codec, size and sound."""
    runs: list[Run] = []
    for cut in cuts:
        sound = cut.film.sound if audio else None
        if sound and sound.codec not in _MP4_SOUNDS:
            if cut.film.kind == "mpegts":
                sound = None
            elif same := next(
                (run for run in runs if run.cuts[0].film is cut.film), None
            ):
                same.cuts.append(cut)
                continue
        last = runs[-1] if runs else None
        if last and _joins(last, cut, sound):
            last.sets_differ |= cut.stretch.shape != last.cuts[-1].stretch.shape
            last.sets_differ |= cut.film.kind != last.cuts[-1].film.kind
            last.cuts.append(cut)
            last.sound = last.sound or sound
        else:
            runs.append(Run(cuts=[cut], sound=sound))
    return runs


def _joins(run: Run, cut: Cut, sound: Sound | None) -> bool:
    """Say whether a cut can go on in the file of those before it."""
    before = run.cuts[-1]
    shape, shape_before = cut.stretch.shape, before.stretch.shape
    is_alike = shape == shape_before and cut.film.kind == before.film.kind
    return (
        cut.film.codec == before.film.codec
        and shape[:2] == shape_before[:2]
        # Only for H.264 is it known that players look for new ones in the stream.
        and (is_alike or cut.film.codec == "h264")
        and (run.sound is None or sound is None or run.sound == sound)
        and all(one is None or one.codec in _MP4_SOUNDS for one in (run.sound, sound))
    )


def _stays(run: Run, window: Window, *, is_all: bool) -> bool:
    """Say whether the file that was fetched is the clip already."""
    film = run.cuts[0].film
    if run.sound and run.sound.codec not in _MP4_SOUNDS:
        return True
    return (
        is_all
        and film.is_progressive
        and film.is_indexed
        and (film.codec != "hevc" or film.codec_tag == "hvc1")
        and film.sound == run.sound
        and fits(run.cuts[0], window)
    )


def _kept(run: Run, window: Window) -> Made:
    """Describe a file that stays as it is."""
    start_us, end_us = shown_us(run.cuts)
    film = run.cuts[0].film
    return _describe(
        run,
        path=film.path,
        asked=window,
        window=window_of_us(start_us, end_us),
        duration_us=film.us(film.stretches[-1].end_pts - film.start_pts),
        has_sound=film.sound is not None,
    )


def _made(run: Run, window: Window, path: Path, written: Written) -> Made:
    """Describe a new file."""
    return _describe(
        run,
        path=path,
        asked=window,
        window=window_of_us(run.cuts[0].start_us, written.end_us),
        duration_us=written.duration_us,
        has_sound=written.has_sound,
    )


def _describe(
    run: Run,
    *,
    path: Path,
    asked: Window,
    window: Window,
    duration_us: int,
    has_sound: bool,
) -> Made:
    cut = run.cuts[0]
    return Made(
        path=path,
        window=window,
        covered=covered(run.cuts, asked),
        gop=timedelta(microseconds=max(cut.film.gop_us for cut in run.cuts)),
        video_codec=cut.film.codec,
        audio_codec=run.sound.codec if run.sound and has_sound else None,
        width=cut.stretch.shape.width,
        height=cut.stretch.shape.height,
        duration=timedelta(microseconds=duration_us),
    )


def _jpeg(frame: av.VideoFrame) -> bytes:
    """Encode a frame, smaller if it is too wide."""
    width = min(frame.width, _PICTURE_WIDTH) // 2 * 2
    height = max(2, round(frame.height * width / frame.width) // 2 * 2)
    encoder = CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height = width, height
    encoder.pix_fmt = "yuv420p"
    encoder.color_range = ColorRange.JPEG
    encoder.time_base = Fraction(1, 1)
    encoder.options = {"qmin": _PICTURE_SCALE, "qmax": _PICTURE_SCALE}
    still = frame.reformat(
        width,
        height,
        "yuv420p",
        dst_color_range=ColorRange.JPEG,
        interpolation=Interpolation.AREA,
    )
    still.pts, still.time_base = 0, encoder.time_base
    packets = [*encoder.encode(still), *encoder.encode(None)]
    return b"".join(bytes(packet) for packet in packets)


@contextmanager
def _libav_errors() -> Iterator[None]:
    """Turn what libav cannot do into an error for people; the disk's errors stay."""
    try:
        yield
    except (av.FFmpegError, ValueError) as err:
        if isinstance(err, OSError):
            raise
        raise ClipError("clip_not_playable") from err
