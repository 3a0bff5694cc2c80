"""What parameter sets claim of memory is read as libav reads it, before it decodes."""

from fractions import Fraction
from io import BytesIO

import av
from av.codec.context import CodecContext
import pytest

from custom_components.clip_download.engine.media import container
from custom_components.clip_download.engine.media.parameter_sets import (
    DamagedError,
    Needs,
    UnknownError,
    needs,
    part_of,
    sets_of,
)

from .hostile import SMALL, key_frame
from .test_slices import ue, unit

MB = 2**20


def encoded(codec: str, pixel_format: str, options: dict[str, str]) -> Needs:
    """Return what an encoder's own 256 x 128 pixels are said to take."""
    with av.open(BytesIO(), "w", format="mp4") as output:
        video = output.add_stream(codec, rate=10, options=options)
        assert isinstance(video, av.VideoStream)
        video.width, video.height, video.pix_fmt = 256, 128, pixel_format
        video.codec_context.open()
        output.start_encoding()
        context = video.codec_context
        name = context.codec.canonical_name
        return needs(name, sets_of(name, context.extradata or b""))


@pytest.mark.parametrize(
    ("pixel_format", "bytes_a_pixel"),
    [("yuv420p", 1.5), ("yuv420p10le", 3), ("yuv422p10le", 4), ("yuv444p", 3)],
)
def test_encoders(pixel_format: str, bytes_a_pixel: float) -> None:
    """Size, depth and colours are read of both codecs, the pictures kept of H.264."""
    picture_bytes = int(256 * 128 * (bytes_a_pixel + 0.75))
    h264 = encoded("libx264", pixel_format, {"x264-params": "ref=3:bframes=0"})
    assert (h264.picture_bytes, h264.refs) == (picture_bytes, 3)
    hevc = encoded("libx265", pixel_format, {"x265-params": "log-level=0"})
    assert (hevc.picture_bytes, hevc.refs) == (picture_bytes, None)


def test_pictures_in_a_packet() -> None:
    """Each key frame in a packet counts, the slices of one do not."""
    assert part_of("h264", b"", memoryview(SMALL)).pictures == 1
    assert part_of("h264", b"", memoryview(SMALL * 5)).pictures == 5
    other_slice = b"\0\0\1\x65\x42\x11"
    assert part_of("h264", b"", memoryview(SMALL + other_slice)).pictures == 1


def test_largest_counts() -> None:
    """Where a packet has several parameter sets, the largest of them counts."""
    both = key_frame(160, 96) + key_frame(4096, 2304, refs=16)
    found = needs("h264", part_of("h264", b"", memoryview(both)).sets)
    assert found.refs == 16
    assert found.picture_bytes > 20 * MB


AVCC = b"\1\x42\0\x1f\xff\xe0\0"


@pytest.mark.parametrize(
    ("packet", "error"),
    [
        (b"\0\0\0\x09\x65\x88", DamagedError),
        (b"\0\0\0\1" + SMALL, UnknownError),
        (b"\0\0\0\2\x09\x10" * 3000, UnknownError),
    ],
)
def test_unclear_packets(packet: bytes, error: type[Exception]) -> None:
    """Lengths that are too long, or start codes, and units without end are not read."""
    with pytest.raises(error):
        part_of("h264", AVCC, memoryview(packet))


def test_hidden_behind_a_start_code() -> None:
    """Parameter sets are found where libav goes on behind a start code in a NAL unit."""
    inner = b"\x09\x10" + key_frame(4096, 2304, refs=16)
    packet = len(inner).to_bytes(4) + inner
    (found,) = part_of("h264", AVCC, memoryview(packet)).sets
    assert needs("h264", frozenset((found,))).refs == 16


def test_nothing_is_known_without_sets() -> None:
    """Where no parameter sets are, nothing can be said."""
    with pytest.raises(UnknownError):
        needs("h264", frozenset())
    with pytest.raises(UnknownError):
        sets_of("h264", AVCC[:3])


def test_nothing_is_made_up() -> None:
    """Where a picture of H.265 needs lost ones, libav makes none in their place."""
    encoder = CodecContext.create("libx265", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = 256, 128, "yuv420p"
    encoder.time_base = Fraction(1, 10)
    encoder.options = {"x265-params": "log-level=0:bframes=0:ref=4"}
    packets = []
    for number in range(6):
        frame = av.VideoFrame(256, 128, "yuv420p")
        frame.pts = number
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    decoder = container.make_decoder("hevc", strict=True)
    decoder.extradata = encoder.extradata
    assert decoder.decode(packets[0])
    with pytest.raises(av.InvalidDataError):
        decoder.decode(packets[5])


def h264_sps(*, lists: str = "0", chroma: int = 3) -> bytes:
    """Return a set of fields of 16 x 8 blocks, with pictures in cycles."""
    colors = ue(0, chroma) + ("0" if chroma == 3 else "") + ue(0, 0) + "0" + lists
    order = ue(0, 1) + "0" + ue(0, 0, 2, 0, 0)
    return unit(
        7, colors, order, ue(3) + "0" + ue(15, 3) + "0", begins=bytes([244, 0, 30])
    )


def hevc_sps(*, layers: int = 0, chroma: int = 1, crop: str = "0") -> bytes:
    """Return a set of 256 x 128 pixels, with what each layer below says of itself."""
    begins = "0000" + f"{layers:03b}" + "1" + "0" * 96
    below = "11" * layers + "00" * (8 - layers) * bool(layers) + "0" * 96 * layers
    colors = ue(0, chroma) + ("0" if chroma == 3 else "")
    made = unit(2, begins, below, colors, ue(256, 128) + crop + ue(0, 0))
    return b"\x42\1" + made[1:]


def test_rare_sets() -> None:
    """What few encoders write is read, too: scaling lists, fields, layers, borders."""
    plain = needs("h264", frozenset((h264_sps(),)))
    # Of twelve lists the first is written out, and one that ends soon.
    lists = "1" + "1" + ue(*[0] * 16) + "0" * 5 + "1" + ue(16) + "0" * 5
    assert needs("h264", frozenset((h264_sps(lists=lists),))) == plain
    assert (plain.pixels, plain.refs) == (256 * 128, 3)
    plain = needs("hevc", frozenset((hevc_sps(),)))
    for other in (hevc_sps(layers=2), hevc_sps(crop="1" + ue(0, 0, 0, 0))):
        assert needs("hevc", frozenset((other,))) == plain
    assert needs("hevc", frozenset((hevc_sps(chroma=3),))).pixels == plain.pixels


@pytest.mark.parametrize(
    ("codec", "one"),
    [
        ("h264", h264_sps()[:9]),
        ("h264", b"\x67\x64\0\x1e" + bytes(9)),
        ("h264", h264_sps(chroma=4)),
        ("hevc", hevc_sps(chroma=4)),
    ],
)
def test_sets_that_make_no_sense(codec: str, one: bytes) -> None:
    """Of a set without an end, or of colors that there are not, nothing is known."""
    with pytest.raises(UnknownError):
        needs(codec, frozenset((one,)))


@pytest.mark.parametrize(
    ("codec", "packet"),
    [
        ("hevc", b"\0\0\1\x42\x09\1\1\1"),
        (
            "h264",
            b"".join(b"\0\0\1\x67" + bytes([1, number]) for number in range(1, 200)),
        ),
    ],
)
def test_sets_that_are_too_much(codec: str, packet: bytes) -> None:
    """A second layer, and sets without end, are not read."""
    with pytest.raises(UnknownError):
        part_of(codec, b"", memoryview(packet))


def test_sets_that_are_cut_off() -> None:
    """A configuration that ends before its sets tells nothing."""
    with pytest.raises(UnknownError):
        sets_of("h264", AVCC[:5] + b"\xe1\0\x10\x67")
