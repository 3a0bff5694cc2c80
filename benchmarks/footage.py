"""Footage of any length and bit rate, written as fast as the disk takes it.

What a camera sends in one group of pictures is sent again and again. It is an empty
picture, filled up to its bit rate, so that nobody has to encode it.
"""

from fractions import Fraction
from functools import cache
from io import BytesIO
from pathlib import Path

import av
import numpy as np

TICK = Fraction(1, 90_000)
_WIDTH, _HEIGHT = 320, 180


def write(
    path: Path,
    frames_ms: range,
    *,
    container: str,
    mbit_s: float,
    zero_ms: int = 0,
    gop_frames: int = 20,
) -> None:
    """Write frames that are shown at these times after `zero_ms` to a file."""
    seed, packets = _gop(frames_ms.step, gop_frames, mbit_s)
    options = {"mpegts": {"mpegts_copyts": "1"}, "mp4": {"movflags": "faststart"}}
    with (
        av.open(BytesIO(seed)) as template,
        av.open(path, "w", container, options=options[container]) as out,
    ):
        track = out.add_stream_from_template(template.streams.video[0])
        for time_ms in frames_ms:
            number = time_ms // frames_ms.step % gop_frames
            packet = av.Packet(packets[number])
            packet.stream = track
            packet.time_base = TICK
            packet.pts = packet.dts = (time_ms - zero_ms) * 90
            packet.duration = frames_ms.step * 90
            packet.is_keyframe = number == 0
            out.mux(packet)


@cache
def _gop(frame_ms: int, count: int, mbit_s: float) -> tuple[bytes, list[bytes]]:
    """Return a file of one group of pictures, and its frames, all of one size."""
    size_bytes = int(mbit_s * 125 * frame_ms)
    seed = BytesIO()
    picture = np.full((_HEIGHT * 3 // 2, _WIDTH), 128, np.uint8)
    frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
    with av.open(seed, "w", "mp4") as out:
        stream = out.add_stream("libx264", rate=Fraction(1000, frame_ms))
        stream.width, stream.height, stream.pix_fmt = _WIDTH, _HEIGHT, "yuv420p"
        stream.options = {"preset": "ultrafast", "g": str(count), "bf": "0"}
        for number in range(count):
            frame.pts = number
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    with av.open(BytesIO(seed.getvalue()), "r") as made:
        frames = [bytes(one) for one in made.demux(video=0) if one.size]
    return seed.getvalue(), [_filled(one, size_bytes) for one in frames]


def _filled(frame: bytes, size_bytes: int) -> bytes:
    """Return a frame with filler data behind it, as encoders of a constant rate add."""
    missing = size_bytes - len(frame) - 6
    if missing < 0:
        return frame
    filler = b"\x0c" + b"\xff" * missing + b"\x80"
    return frame + len(filler).to_bytes(4) + filler
