"""What H.264 and H.265 say, before it is decoded, of the memory that decoding takes.

A few bytes can claim pictures of 200 MB, and sixteen of them kept for others. Where the
parameter sets are, is read as libav reads it: what it finds is not to be missed here.
"""

from collections.abc import Iterator
from itertools import chain, pairwise
import re
from typing import Final, NamedTuple

ESCAPE: Final = bytes((0, 0, 3))
_START = re.compile(b"\0\0\1")
# libav takes memory for each NAL unit: no level has so many slices. Of a parameter set,
# what is read here is in front.
_MOST_UNITS = 2000
_MOST_SETS = 32
_HEAD_BYTES = 4096
_LENGTH_BYTES = 4
_SPS = {"h264": 7, "hevc": 33}
CODECS: Final = frozenset(_SPS)
# H.264's NAL units of pictures; all of H.265's below this are.
_SLICES = (1, 5)
_NO_SLICES = 32
# H.264's profiles whose parameter sets tell of chroma and scaling, too (7.3.2.1.1).
HIGH_PROFILES: Final = {44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244}
# Planes by their chroma format: none, a quarter, a half, all.
_SAMPLES_A_PIXEL = (1, 1.5, 2, 3)
# What libav keeps beside each picture (motion), and beside all of them, by the pixel.
_KEPT_BYTES_A_PIXEL = 0.75
_OTHER_BYTES_A_PIXEL = 0.4
# libav makes each line a multiple of 64 samples, and so the height, with some to spare.
_ALIGNED = 64
# No decoder of H.264 keeps more for others.
_MOST_REFS = 16


class UnknownError(Exception):
    """Something that is not read here."""


class DamagedError(UnknownError):
    """Something of which a piece is missing."""


class Bits:
    """Reads bits from the front."""

    def __init__(self, data: bytes) -> None:
        """Take the bytes, without what escapes start codes."""
        self._value = int.from_bytes(data)
        self.total = len(data) * 8
        self.at = 0

    def u(self, count: int = 1) -> int:
        """Read a number of so many bits. Raises UnknownError behind the end."""
        self.at += count
        if self.at > self.total:
            raise UnknownError
        return self._value >> (self.total - self.at) & ((1 << count) - 1)

    def ue(self) -> int:
        """Read an Exp-Golomb number (9.1). Raises UnknownError."""
        zeros = 0
        while not self.u():
            zeros += 1
            if zeros > 31:
                raise UnknownError
        return (1 << zeros) - 1 + (self.u(zeros) if zeros else 0)

    def se(self) -> int:
        """Read a signed Exp-Golomb number (9.1.1). Raises UnknownError."""
        value = self.ue()
        return (value + 1) // 2 if value % 2 else -(value // 2)

    def between(self, first: int, end: int) -> tuple[int, int]:
        """Return bits as a number, and how many they are."""
        count = end - first
        return self._value >> (self.total - end) & ((1 << count) - 1), count


class Part(NamedTuple):
    """What is in a packet: the parameter sets that tell of sizes, and so many pictures."""

    sets: frozenset[bytes]
    pictures: int


class Needs(NamedTuple):
    """What decoding takes: bytes a picture and beside them, pictures kept for others.

    `pixels` are those of the largest picture, as it lies in memory.

    The pictures kept are not known of H.265: nobody holds it to what it says of them.
    """

    pixels: int
    picture_bytes: int
    other_bytes: int
    refs: int | None


def part_of(codec: str, extradata: bytes, packet: memoryview) -> Part:
    """Return what is in a packet of a file that has such `extradata`.

    Raises DamagedError where it is not whole, UnknownError where nothing can be said.
    """
    sets, pictures = set[bytes](), 0
    for unit in _units(codec, extradata, packet):
        if codec == "hevc":
            kind, is_first = unit[0] >> 1 & 0x3F, unit[2:3] >= b"\x80"
            is_picture = kind < _NO_SLICES
            if unit[0] & 1 or unit[1] >> 3:
                # A second layer has pictures of its own.
                raise UnknownError
        else:
            kind, is_first = unit[0] & 0x1F, unit[1:2] >= b"\x80"
            is_picture = kind in _SLICES
        if kind == _SPS[codec]:
            sets.add(unit)
            if len(sets) > _MOST_SETS:
                raise UnknownError
        # The first slice begins a picture, wherever in it that lies.
        pictures += is_picture and (is_first or pictures == 0)
    return Part(frozenset(sets), pictures)


def sets_of(codec: str, extradata: bytes) -> frozenset[bytes]:
    """Return a file's own parameter sets that tell of sizes. Raises UnknownError."""
    if not _has_lengths(codec, extradata):
        return part_of(codec, b"", memoryview(extradata)).sets
    try:
        return part_of(codec, b"", memoryview(_configured(codec, extradata))).sets
    except IndexError as err:
        raise UnknownError from err


def needs(codec: str, sets: frozenset[bytes]) -> Needs:
    """Return what decoding takes at most with one of these. Raises UnknownError."""
    if not sets:
        raise UnknownError
    read = _claim_hevc if codec == "hevc" else _claim_h264
    claims = [read(unit) for unit in sets]
    pixels = max(one.pixels for one in claims)
    return Needs(
        pixels=pixels,
        picture_bytes=max(
            int(one.pixels * (one.bytes_a_pixel + _KEPT_BYTES_A_PIXEL))
            for one in claims
        ),
        other_bytes=int(pixels * _OTHER_BYTES_A_PIXEL),
        refs=None if codec == "hevc" else max(1, *(one.refs for one in claims)),
    )


class _Claim(NamedTuple):
    """What one parameter set says."""

    pixels: int
    bytes_a_pixel: float
    refs: int


def _claim_h264(unit: bytes) -> _Claim:
    """Read a parameter set (ITU-T H.264, 7.3.2.1.1). Raises UnknownError."""
    bits = Bits(unit[1:].replace(ESCAPE, bytes(2)))
    profile = bits.u(8)
    bits.u(16)
    bits.ue()
    chroma, depth = 1, 8
    if profile in HIGH_PROFILES:
        chroma = bits.ue()
        if chroma == 3:
            bits.u()
        depth = 8 + max(bits.ue(), bits.ue())
        bits.u()
        if bits.u():
            for number in range(12 if chroma == 3 else 8):
                if bits.u():
                    _skip_scales(bits, 16 if number < 6 else 64)
    bits.ue()
    order = bits.ue()
    if order == 0:
        bits.ue()
    elif order == 1:
        bits.u()
        bits.se()
        bits.se()
        for _ in range(bits.ue()):
            bits.se()
    refs = bits.ue()
    bits.u()
    width, height = 16 * (bits.ue() + 1), 16 * (bits.ue() + 1)
    if not bits.u():
        height *= 2
    return _claim(width, height, chroma, depth, refs)


def _skip_scales(bits: Bits, count: int) -> None:
    """Skip a scaling list (7.3.2.1.1.1)."""
    last = following = 8
    for _ in range(count):
        if following:
            following = (last + bits.se()) % 256
        last = following or last


def _claim_hevc(unit: bytes) -> _Claim:
    """Read a parameter set (ITU-T H.265, 7.3.2.2.1). Raises UnknownError."""
    bits = Bits(unit[2:].replace(ESCAPE, bytes(2)))
    bits.u(4)
    layers = bits.u(3)
    bits.u()
    # The profile and the level, of all and of each layer below.
    bits.u(96)
    present = [(bits.u(), bits.u()) for _ in range(layers)]
    if layers:
        bits.u(2 * (8 - layers))
    for has_profile, has_level in present:
        bits.u(88 * has_profile + 8 * has_level)
    bits.ue()
    chroma = bits.ue()
    if chroma == 3:
        bits.u()
    width, height = bits.ue(), bits.ue()
    if bits.u():
        for _ in range(4):
            bits.ue()
    depth = 8 + max(bits.ue(), bits.ue())
    return _claim(width, height, chroma, depth, 0)


def _claim(width: int, height: int, chroma: int, depth: int, refs: int) -> _Claim:
    if chroma >= len(_SAMPLES_A_PIXEL):
        raise UnknownError
    across, down = (-(-size // _ALIGNED) * _ALIGNED for size in (width, height))
    bytes_a_sample = 1 if depth == 8 else 2
    return _Claim(
        across * down, _SAMPLES_A_PIXEL[chroma] * bytes_a_sample, min(refs, _MOST_REFS)
    )


def _has_lengths(codec: str, extradata: bytes) -> bool:
    """Return whether NAL units have lengths in front, as in an MP4, or start codes.

    It is told as libav tells it. Raises UnknownError where that is not for sure.
    """
    if codec == "hevc":
        has = len(extradata) > 3 and any((*extradata[:2], extradata[2] > 1))
        at = 21
    else:
        has, at = extradata[:1] == b"\1", 4
    # Of another length than four bytes, nothing is known.
    if has and (len(extradata) <= at or extradata[at] & 3 != _LENGTH_BYTES - 1):
        raise UnknownError
    return has


def _units(codec: str, extradata: bytes, packet: memoryview) -> Iterator[bytes]:
    """Yield the heads of a packet's NAL units. Raises UnknownError."""
    has_lengths = _has_lengths(codec, extradata)
    count = 0
    for start, end in _with_lengths(packet) if has_lengths else [(0, len(packet))]:
        starts = (found.end() for found in _START.finditer(packet, start, end))
        # libav goes on behind a start code, where there must be none, too.
        first = [start] if has_lengths else []
        for at, after in pairwise(chain(first, starts, [end + 3])):
            count += 1
            if count > _MOST_UNITS:
                raise UnknownError
            unit = bytes(packet[at : min(after - 3, at + _HEAD_BYTES)]).rstrip(b"\0")
            if len(unit) > 1:
                yield unit


def _with_lengths(packet: memoryview) -> Iterator[tuple[int, int]]:
    """Yield from where to where each NAL unit is. Raises UnknownError."""
    at = 0
    while at + _LENGTH_BYTES < len(packet):
        start = at + _LENGTH_BYTES
        at = start + int.from_bytes(packet[at:start])
        if at > len(packet):
            raise DamagedError
        # libav may take such lengths for start codes.
        if at - start <= 1:
            raise UnknownError
        yield start, at


def _configured(codec: str, extradata: bytes) -> bytes:
    """Return the parameter sets of an `avcC` or `hvcC`, with start codes in front.

    These are boxes of ISO/IEC 14496-15 (5.3.3.1, 8.3.3.1). Raises IndexError.
    """
    sets = bytearray()
    at, arrays = (23, extradata[22]) if codec == "hevc" else (5, 2)
    for number in range(arrays):
        if codec == "hevc":
            count = int.from_bytes(extradata[at + 1 : at + 3])
            at += 3
        else:
            count = extradata[at] & (0xFF if number else 0x1F)
            at += 1
        for _ in range(count):
            end = at + 2 + int.from_bytes(extradata[at : at + 2])
            if end > len(extradata):
                raise IndexError
            sets += b"\0\0\1" + extradata[at + 2 : end]
            at = end
    return bytes(sets)
