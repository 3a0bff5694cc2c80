"""Make playable MP4s of what was fetched, without re-encoding.

All functions block; callers run them in an executor. They read and write packet by
packet, so memory does not grow with a clip, and libav works without the GIL.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction
from itertools import groupby
import secrets
import threading
from typing import Self

import av
from av.codec.context import CodecContext
from av.video.reformatter import ColorRange, Interpolation

from ..aio import Cancelled
from ..errors import BodyError, ClipError, CloudError
from ..folder import File, Folder
from ..time_range import Placing, Window
from . import claims
from .container import (
    US,
    AudioFormat,
    Checked,
    OpenMedia,
    TooLargeError,
    decode_key,
    opened,
)
from .probe import MediaInfo, probe
from .remux import Run, Written, write
from .segments import Cut, Piece, assemble, fits, shown_us, window_of_us

__all__ = [
    "Cancelled",
    "Finished",
    "Made",
    "Media",
    "Piece",
    "Still",
    "finish",
    "inspect",
    "picture",
    "survey",
]

_PICTURE_WIDTH = 640
# The scale of the mjpeg encoder that is like a JPEG quality of 75.
_PICTURE_SCALE = "5"
_NEVER = threading.Event()


@dataclass(frozen=True, kw_only=True)
class Still:
    """A JPEG of the key frame of a file that is nearest to each time in between.

    Times are from the file's beginning; None is whatever is before or after. Halfway
    between two key frames, it is the earlier one that is taken.
    """

    jpeg: bytes
    since: timedelta | None
    until: timedelta | None

    def is_of(self, at: timedelta) -> bool:
        """Return whether this is what a file shows near a time."""
        return (self.since is None or self.since < at) and (
            self.until is None or at <= self.until
        )


@dataclass(frozen=True, kw_only=True)
class Media:
    """What a file holds.

    `is_progressive`: a player can begin before it has all of it. `checked` spares who
    opens it again to check it again, and `still` who makes its picture to decode again.
    """

    container: str
    is_progressive: bool
    video_codec: str
    audio_codec: str | None
    width: int
    height: int
    frame_rate: float
    duration: timedelta
    checked: Checked
    still: Still | None = None


@dataclass(frozen=True, kw_only=True)
class Made:
    """A finished file.

    `window` is from its first frame to the end of its last. `sound_was` is the codec
    of its sound before that was encoded anew, where it was. `still` is a JPEG of its
    middle, where its parts are gone and opening all of it would take much memory.
    """

    file: File
    window: Window
    video_codec: str
    audio_codec: str | None
    width: int
    height: int
    duration: timedelta
    sound_was: str | None = None
    still: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class Finished:
    """What was made of a window.

    `covered` is what the files show of it, `missing` every stretch of more than a second
    that they do not. `damaged` is why a part could not be read, if one could not.
    """

    files: list[Made]
    covered: tuple[Window, ...]
    missing: tuple[Window, ...]
    is_complete: bool
    damaged: CloudError | None = None


def inspect(
    file: File, still_at: Callable[[timedelta], timedelta] | None = None
) -> Media:
    """Return what a fetched file holds, once a key frame could be decoded.

    It is the first one; or where the file may stay as it is, the one that is its picture,
    if `still_at` tells by its length of when that is. One that takes too much memory to
    decode is believed.

    Raises CloudError: `body_not_video`, or `body_truncated` where it is not whole.
    """
    with opened(file) as media:
        video, sound = media.video, media.sound
        duration_us = int((video.duration or 0) * video.time_base * US)
        duration = timedelta(microseconds=duration_us)
        still: Still | None = None
        shown: av.VideoFrame | av.VideoCodecContext | None = None
        may_stay = media.is_progressive and media.is_indexed
        if still_at and may_stay:
            with suppress(av.FFmpegError, ValueError, TooLargeError, ClipError):
                shown, still = _still_near(media, still_at(duration))
        try:
            if shown is None:
                # Where that failed, from the beginning again.
                with (
                    opened(file, checked=media.checked)
                    if still_at and may_stay
                    else (nullcontext(media)) as unread
                ):
                    shown = decode_key(unread, _NEVER)
        except TooLargeError:
            shown = video.codec_context
        except av.FFmpegError as err:
            raise BodyError("body_truncated") from err
        if shown is None:
            raise BodyError("body_truncated")
        return Media(
            container=media.kind,
            is_progressive=media.is_progressive,
            video_codec=media.codec,
            audio_codec=sound.codec if sound else None,
            width=shown.width,
            height=shown.height,
            frame_rate=float(video.average_rate or 0),
            duration=duration,
            checked=media.checked,
            still=still,
        )


def finish(
    pieces: Sequence[Piece],
    window: Window,
    folder: Folder,
    *,
    audio: bool = True,
    consume: bool = False,
    cancelled: threading.Event,
) -> Finished:
    """Make what was fetched of a window into as few files as can be, in order of time.

    One MP4 that fits the window stays where it is. Everything else is cut and joined
    into new files in `folder`. A part that cannot be read is left out. There are no
    files if nothing shows the window. With `consume`, the file of a part is deleted once
    all of it is written.

    Raises CloudError if no part can be read, ClipError (`clip_not_playable`) for footage
    that does not go into an MP4, OSError from the disk, Cancelled. Then no new file is
    left.
    """
    infos, damaged = _surveyed(pieces, cancelled)
    assembly = assemble(infos, window)
    written: list[File] = []
    made: list[Made] = []
    try:
        with _libav_errors(), _Removal() as removal:
            runs = _runs(assembly.cuts, audio=audio)
            uses = Counter(
                info
                for run in runs
                for info, _ in groupby(run.cuts, key=lambda cut: cut.info)
            )

            def done(info: MediaInfo) -> None:
                uses[info] -= 1
                if consume and not uses[info]:
                    removal.remove(info.file)

            for run in runs:
                if _stays(run, window, is_all=len(assembly.cuts) == 1):
                    made.append(_kept(run))
                else:
                    written.append(folder / f"made_{secrets.token_hex(8)}.mp4")
                    still = _still(run) if consume else None
                    into = write(run, written[-1], cancelled, done)
                    one = _made(run, written[-1], into)
                    made.append(replace(one, still=still))
    except BaseException:
        for file in written:
            file.unlink(missing_ok=True)
        raise
    return Finished(
        files=made,
        covered=assembly.covered,
        missing=assembly.missing(window),
        is_complete=assembly.is_complete(window) and damaged is None,
        damaged=damaged,
    )


class _Removal:
    """Removes files in a thread of its own: of large ones, that takes as long as a disk does."""

    def __init__(self) -> None:
        """Begin with none."""
        self._thread = ThreadPoolExecutor(1, "clip_remove")
        self._removals: list[Future[None]] = []

    def remove(self, file: File) -> None:
        """Begin to remove a file. Raises OSError if one before could not be."""
        while self._removals and self._removals[0].done():
            self._removals.pop(0).result()
        self._removals.append(self._thread.submit(file.unlink))

    def __enter__(self) -> Self:
        """Return this."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Wait until all are gone. Raises OSError if one could not be removed."""
        self._thread.shutdown()
        if kind is None:
            for one in self._removals:
                one.result()


def _surveyed(
    pieces: Sequence[Piece], cancelled: threading.Event
) -> tuple[list[tuple[Piece, MediaInfo]], CloudError | None]:
    """Survey all parts; return what is wrong with one that cannot be, if any."""
    infos: list[tuple[Piece, MediaInfo]] = []
    damaged: CloudError | None = None
    for piece in pieces:
        try:
            infos.append((piece, piece.info or survey(piece, cancelled)))
        except CloudError as err:
            damaged = err
        except (av.FFmpegError, ValueError) as err:
            if isinstance(err, OSError) and err.filename:
                raise
            damaged = BodyError("body_truncated")
            damaged.__cause__ = err
    if damaged and not infos:
        raise damaged
    return infos, damaged


def survey(
    piece: Piece, cancelled: threading.Event, checked: Checked | None = None
) -> MediaInfo:
    """Find out what a part holds, as `finish` must know it.

    Raises what `probe` raises, av.FFmpegError, ValueError.
    """
    marks = piece.placing is Placing.REQUESTED
    return probe(piece.file, cancelled, marks=marks, checked=checked)


def picture(file: File, at: timedelta) -> bytes:
    """Return a JPEG of what an MP4 shows near a time from its beginning.

    It is of the nearest key frame, the only one that is decoded, and at most 640 pixels
    wide. Raises ClipError (`clip_not_playable`), CloudError.
    """
    most = claims.MOST_CLIP_SAMPLES
    with _libav_errors(), opened(file, most_samples=most) as media:
        _seek_key(media, int(at.total_seconds() / media.video.time_base))
        try:
            frame = decode_key(media, _NEVER)
        except TooLargeError as err:
            raise ClipError("clip_not_playable") from err
        if frame is None:
            raise ClipError("clip_not_playable")
        return _jpeg(frame)


def _still_near(
    media: OpenMedia, at: timedelta
) -> tuple[av.VideoFrame | None, Still | None]:
    """Return the key frame that an index has nearest to a time, and a JPEG of it.

    Raises what `decode_key` and libav raise.
    """
    base, entries = media.video.time_base, media.video.index_entries
    ticks = int(at.total_seconds() / base)
    found = entries.search_timestamp(ticks, backward=not _is_next_nearer(media, ticks))
    if found < 0 or not media.is_seekable:
        return None, None
    key = entries[found].timestamp
    media.container.seek(key, stream=media.video)
    frame = decode_key(media, _NEVER, tries=1)
    # Where frames are reordered, libav's ways in an index are not as simple.
    if frame is None or frame.pts != key:
        return frame, None
    before = entries.search_timestamp(key - 1)
    after = entries.search_timestamp(key + 1, backward=False)
    since, until = (
        timedelta(seconds=float((key + entries[one].timestamp) / 2 * base))
        if one >= 0
        else None
        for one in (before, after)
    )
    return frame, Still(jpeg=_jpeg(frame), since=since, until=until)


def _still(run: Run) -> bytes | None:
    """Return a JPEG of the part in the middle of a run, if it has one."""
    with suppress(ClipError, CloudError):
        return picture(run.cuts[len(run.cuts) // 2].info.file, timedelta(0))
    return None


def _seek_key(media: OpenMedia, ticks: int) -> None:
    """Go to the key frame nearest to a time; where that does not work, stay."""
    if media.is_seekable:
        with suppress(av.FFmpegError):
            media.container.seek(
                ticks, stream=media.video, backward=not _is_next_nearer(media, ticks)
            )


def _is_next_nearer(media: OpenMedia, ticks: int) -> bool:
    """Return whether a file's index has a key frame after a time that is the nearest."""
    entries = media.video.index_entries
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
        sound = cut.info.sound if audio else None
        last = runs[-1] if runs else None
        if last and _joins(last, cut, sound):
            last.sets_differ |= cut.segment.shape != last.cuts[-1].segment.shape
            last.sets_differ |= cut.info.kind != last.cuts[-1].info.kind
            last.cuts.append(cut)
            last.sound = last.sound or sound
        else:
            runs.append(Run(cuts=[cut], sound=sound))
    return runs


def _joins(run: Run, cut: Cut, sound: AudioFormat | None) -> bool:
    """Return whether a cut can go on in the file of those before it."""
    before = run.cuts[-1]
    shape, shape_before = cut.segment.shape, before.segment.shape
    is_alike = shape == shape_before and cut.info.kind == before.info.kind
    return (
        cut.info.codec == before.info.codec
        and shape[:2] == shape_before[:2]
        # Only for H.264 is it known that players look for new ones in the stream.
        and (is_alike or cut.info.codec == "h264")
        and (
            run.sound is None
            or sound is None
            or run.sound == sound
            or not (run.sound.is_playable or sound.is_playable)
        )
    )


def _stays(run: Run, window: Window, *, is_all: bool) -> bool:
    """Return whether the file that was fetched is the clip already."""
    info = run.cuts[0].info
    return (
        is_all
        and info.is_progressive
        and info.is_indexed
        and (info.codec != "hevc" or info.codec_tag == "hvc1")
        and info.sound == run.sound
        and (info.sound is None or info.sound.is_playable)
        and fits(run.cuts[0], window)
    )


def _kept(run: Run) -> Made:
    """Describe a file that stays as it is."""
    start_us, end_us = shown_us(run.cuts)
    info = run.cuts[0].info
    return _describe(
        run,
        file=info.file,
        window=window_of_us(start_us, end_us),
        duration_us=info.us(info.segments[-1].end_pts - info.start_pts),
        has_sound=info.sound is not None,
    )


def _made(run: Run, file: File, written: Written) -> Made:
    """Describe a new file."""
    return _describe(
        run,
        file=file,
        window=window_of_us(run.cuts[0].start_us, written.end_us),
        duration_us=written.duration_us,
        has_sound=written.has_sound,
    )


def _describe(
    run: Run, *, file: File, window: Window, duration_us: int, has_sound: bool
) -> Made:
    cut = run.cuts[0]
    sound = run.sound if has_sound else None
    is_anew = sound is not None and not sound.is_playable
    return Made(
        file=file,
        window=window,
        video_codec=cut.info.codec,
        audio_codec="aac" if is_anew else sound and sound.codec,
        sound_was=sound.codec if sound and is_anew else None,
        width=cut.segment.shape.width,
        height=cut.segment.shape.height,
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
    # More take longer to be started, and it is a third smaller if one sees all of it.
    encoder.thread_count = 1
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
