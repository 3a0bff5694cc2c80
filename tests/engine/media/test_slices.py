"""What is taken out of slice headers: all kinds of them are read to their end."""

from collections.abc import Iterator
from fractions import Fraction
from io import BytesIO

import av
from av.packet import Packet
import numpy as np
import pytest

from custom_components.clip_download.engine.media.slices import Forgetting

RATE = 10
FRAMES = 60


def footage(pixel_format: str) -> Iterator[av.VideoFrame]:
    """Yield frames in which something moves and the light changes."""
    noise = np.random.default_rng(1).integers(0, 255, (64, 96, 3), dtype=np.uint8)
    for number in range(FRAMES):
        light = abs(number % 20 - 10) / 10
        picture = (np.roll(noise, 3 * number, axis=1) * light).astype(np.uint8)
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts = number
        yield frame.reformat(format=pixel_format)


def encoded(
    params: str, pixel_format: str
) -> tuple[bytes, list[Packet[av.VideoStream]]]:
    """Return the parameter sets and the pictures of a stream."""
    with av.open(BytesIO(), "w", format="mp4") as output:
        options = {"x264-params": f"{params}:annexb=0:threads=1", "preset": "slow"}
        video = output.add_stream("libx264", rate=RATE, options=options)
        assert isinstance(video, av.VideoStream)
        video.width, video.height, video.pix_fmt = 96, 64, pixel_format
        video.codec_context.time_base = Fraction(1, RATE)
        output.start_encoding()
        packets = [p for frame in footage(pixel_format) for p in video.encode(frame)]
        packets += video.encode(None)
        return video.codec_context.extradata or b"", packets


def decoded(sets: bytes, pictures: list[bytes]) -> list[bytes]:
    """Return what a decoder that stops at faults makes of pictures."""
    decoder = av.CodecContext.create("h264", "r")
    assert isinstance(decoder, av.VideoCodecContext)
    decoder.extradata = sets
    decoder.options = {"err_detect": "explode"}
    decoder.thread_count = 1
    frames = [frame for one in pictures for frame in decoder.decode(Packet(one))]
    return [frame.to_ndarray().tobytes() for frame in [*frames, *decoder.decode(None)]]


@pytest.mark.parametrize(
    ("params", "pixel_format"),
    [
        ("ref=4:bframes=3:b-pyramid=normal:weightp=2:weightb=1", "yuv420p"),
        ("ref=4:bframes=3:b-pyramid=normal:cabac=0:no-deblock=1", "yuv420p"),
        ("ref=3:bframes=3:b-pyramid=strict:slices=3", "yuv420p"),
        ("ref=4:bframes=3:b-pyramid=normal", "yuv444p"),
        ("ref=2:bframes=2:b-pyramid=normal:weightp=2", "gray"),
        ("ref=4:bframes=0:weightp=2", "yuv420p"),
        ("ref=4:bframes=3:b-pyramid=normal:interlaced=1", "yuv420p"),
        ("ref=4:bframes=3:b-pyramid=normal:fake-interlaced=1", "yuv420p"),
    ],
)
def test_every_header(params: str, pixel_format: str) -> None:
    """What is mended decodes from its key frame as the whole does."""
    sets, packets = encoded(
        f"{params}:open-gop=1:keyint=15:min-keyint=15:scenecut=0", pixel_format
    )
    keys = [number for number, one in enumerate(packets) if one.is_keyframe]
    key = packets[keys[2]]
    assert key.pts is not None
    rest = [
        bytes(one)
        for one in packets[keys[2] + 1 : keys[3]]
        if one.pts is not None and one.pts > key.pts
    ]
    forgetting = Forgetting(sets, bytes(key), is_annex_b=False)
    mended = [forgetting.mended(one) or one for one in rest]
    before = [bytes(one) for one in packets[: keys[2]]]
    whole = decoded(sets, [*before, bytes(key), *rest])
    part = decoded(sets, [bytes(key), *mended])
    assert len(part) == 1 + len(rest)
    assert part == whole[-len(part) :]


# --- what no encoder here writes


def ue(*numbers: int) -> str:
    """Return numbers as Exp-Golomb codes."""
    codes = (f"{number + 1:b}" for number in numbers)
    return "".join("0" * (len(code) - 1) + code for code in codes)


def unit(kind: int, *parts: str, begins: bytes = b"") -> bytes:
    """Return a NAL unit of bits, with the bit that ends it."""
    bits = "".join(parts) + "1"
    bits += "0" * (-len(bits) % 8)
    return bytes([0x60 | kind]) + begins + int(bits, 2).to_bytes(len(bits) // 8)


def sps(*, has_scales: bool = False) -> bytes:
    """Return a parameter set with planes of their own, fields and pictures in cycles."""
    begins = bytes([244, 0, 30])
    colors = ue(0, 3) + "1" + ue(0, 0) + "0" + f"{has_scales:d}"
    order = ue(0, 1) + "0" + ue(0, 0, 1, 0)
    return unit(7, colors, order, ue(2) + "0" + ue(5, 3) + "0", begins=begins)


def pps(*, slice_groups: int = 0) -> bytes:
    """Return a parameter set with redundant pictures, without arithmetic coding."""
    groups = ue(slice_groups, 0, 0)
    return unit(8, ue(0, 0) + "01", groups, "000", ue(0, 0, 0) + "101")


def coded_slice(
    number: int, commands: str, *, kind: int = 0, is_field: bool = False, of: int = 1
) -> bytes:
    """Return a slice of a picture with commands to forget others."""
    about = f"01{number:04b}{is_field:d}" + ("0" if is_field else "")
    idr = ue(0) if of == 5 else ""
    refs = "0" + "0" if kind % 5 == 0 else ""
    marking = f"1{commands}" + ue(0) if commands else "0"
    return unit(
        of, ue(0, kind, 0), about, idr, ue(0, 0, 0), refs, marking, ue(0, 1), "10" * 99
    )


def annex_b(*units: bytes) -> bytes:
    """Return units with start codes."""
    return b"".join(b"\0\0\0\1" + one for one in units)


KEY = coded_slice(3, "", kind=7)
FORGET = ue(1, 5)
# Of each other kind of command, one.
OTHERS = ue(2, 0) + ue(3, 0, 1) + ue(4, 2) + ue(6, 1) + ue(5)


def test_built_by_hand() -> None:
    """Only what means a picture before the key frame is taken out."""
    forgetting = Forgetting(annex_b(sps(), pps()), annex_b(KEY), is_annex_b=True)
    mended = forgetting.mended(annex_b(coded_slice(5, FORGET + OTHERS)))
    assert mended == annex_b(coded_slice(5, OTHERS))
    mended = forgetting.mended(annex_b(b"\x09\xf0", coded_slice(5, FORGET)))
    assert mended == annex_b(b"\x09\xf0", coded_slice(5, ""))
    assert forgetting.mended(annex_b(coded_slice(9, FORGET))) is None
    assert forgetting.mended(annex_b(coded_slice(5, ""))) is None
    assert forgetting.mended(annex_b(coded_slice(5, OTHERS, kind=7, of=5))) is None


@pytest.mark.parametrize(
    "picture",
    [
        coded_slice(5, FORGET, is_field=True),
        coded_slice(5, FORGET, kind=8),
        coded_slice(5, ue(7, 1)),
        coded_slice(5, FORGET)[:4],
    ],
)
def test_unknown_header(picture: bytes) -> None:
    """What is not known of a picture leaves it as it is."""
    forgetting = Forgetting(annex_b(sps(), pps()), annex_b(KEY), is_annex_b=True)
    assert forgetting.mended(annex_b(picture)) is None


@pytest.mark.parametrize(
    "sets",
    [
        annex_b(sps(has_scales=True), pps()),
        annex_b(sps(), pps(slice_groups=1)),
        annex_b(sps(), pps(), pps()),
        annex_b(sps()),
    ],
)
def test_unknown_sets(sets: bytes) -> None:
    """What is not known of a stream leaves its pictures as they are."""
    forgetting = Forgetting(sets, annex_b(KEY), is_annex_b=True)
    assert forgetting.mended(annex_b(coded_slice(5, FORGET))) is None
