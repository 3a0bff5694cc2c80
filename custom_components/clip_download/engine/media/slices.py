"""Let H.264 pictures forget only what is there, after a cut at a key frame of an open GOP.

Behind such a key frame a picture says which ones from before it to forget. They were cut
off, and decoders call that a fault: browsers stop. The commands that mean them are taken
out of the slice headers (ITU-T H.264, 7.3.3); nothing else changes.
"""

from collections.abc import Iterator
from contextlib import suppress
import re
from typing import NamedTuple

from .parameter_sets import ESCAPE, HIGH_PROFILES, Bits, UnknownError

_IDR, _SLICE, _SPS, _PPS = 5, 1, 7, 8
_P, _B, _I, _SP, _SI = range(5)
_TO_ESCAPE = re.compile(rb"\0\0(?=[\0-\3])")


class _Sps(NamedTuple):
    """What a sequence parameter set says of slice headers."""

    has_planes: bool
    has_chroma: bool
    frame_num_bits: int
    poc_type: int
    poc_bits: int
    has_no_deltas: bool
    is_frames_only: bool


class _Pps(NamedTuple):
    """What a picture parameter set says of slice headers."""

    is_cabac: bool
    has_bottom: bool
    refs: tuple[int, int]
    weighs_p: bool
    weighs_b: int
    has_deblocking: bool
    has_redundant: bool


class _Sets(NamedTuple):
    """The parameter sets of a stream that has one of each."""

    sps: _Sps
    pps: _Pps


class Forgetting:
    """Takes out commands to forget what was cut off, from one key frame to the next."""

    def __init__(self, sets: bytes, key: bytes, *, is_annex_b: bool) -> None:
        """Take the parameter sets, and the key frame before which there is nothing.

        The sets are those of a transport stream, or an MP4's `avcC`.
        """
        self._is_annex_b = is_annex_b
        self._sets: _Sets | None = None
        self._key_num = 0
        # What this does not read stays as it is.
        with suppress(UnknownError, IndexError):
            read = _read_sets(list(_units_of_sets(sets, is_annex_b=is_annex_b)))
            for unit in _units(key, is_annex_b=is_annex_b):
                if unit and unit[0] & 0x1F == _SLICE:
                    self._key_num = _Header(unit, read).frame_num
                    self._sets = read
                    break

    def mended(self, picture: bytes) -> bytes | None:
        """Return a picture without those commands, None if it has none."""
        if self._sets is None:
            return None
        mended: list[bytes] = []
        has_changed = False
        for unit in _units(picture, is_annex_b=self._is_annex_b):
            changed = None
            if unit and unit[0] & 0x1F == _SLICE and unit[0] & 0x60:
                try:
                    changed = _Header(unit, self._sets).without_past(self._key_num)
                except UnknownError:
                    return None
            has_changed |= changed is not None
            mended.append(unit if changed is None else changed)
        if not has_changed:
            return None
        if self._is_annex_b:
            return b"".join(b"\0\0\0\1" + unit for unit in mended)
        return b"".join(len(unit).to_bytes(4) + unit for unit in mended)


class _Header:
    """A slice header, read up to its end."""

    def __init__(self, unit: bytes, sets: _Sets) -> None:
        """Read it. Raises UnknownError."""
        self._unit = unit[:1]
        self._sps, self._pps = sps, pps = sets
        self._bits = bits = Bits(unit[1:].replace(ESCAPE, bytes(2)))
        bits.ue()
        kind = bits.ue() % 5
        bits.ue()
        if sps.has_planes:
            bits.u(2)
        self.frame_num = bits.u(sps.frame_num_bits)
        is_field = not sps.is_frames_only and bits.u() == 1
        if is_field:
            raise UnknownError
        if unit[0] & 0x1F == _IDR:
            bits.ue()
        self._skip_order_count()
        if pps.has_redundant:
            bits.ue()
        if kind == _B:
            bits.u()
        counts = self._ref_counts(kind)
        for _ in counts:
            self._skip_reordering()
        if (pps.weighs_p and kind in (_P, _SP)) or (pps.weighs_b == 1 and kind == _B):
            self._skip_weights(counts)
        # Each command: its number, and the bits that it is written in.
        self._marking_at = bits.at
        self._commands: list[tuple[int, int, tuple[int, int]]] = []
        if unit[0] & 0x60:
            self._read_marking()
        self._marking_end = bits.at
        self._skip_end(kind)
        self._end = bits.at

    def _skip_order_count(self) -> None:
        """Skip what says when the picture is shown."""
        bits = self._bits
        if self._sps.poc_type == 0:
            bits.u(self._sps.poc_bits)
            if self._pps.has_bottom:
                bits.ue()
        elif self._sps.poc_type == 1 and not self._sps.has_no_deltas:
            bits.ue()
            if self._pps.has_bottom:
                bits.ue()

    def _skip_end(self, kind: int) -> None:
        """Skip what follows the commands. Raises UnknownError."""
        bits = self._bits
        if self._pps.is_cabac and kind not in (_I, _SI):
            bits.ue()
        bits.ue()
        if kind in (_SP, _SI):
            raise UnknownError
        if self._pps.has_deblocking and bits.ue() != 1:
            bits.ue()
            bits.ue()

    def _ref_counts(self, kind: int) -> list[int]:
        if kind in (_I, _SI):
            return []
        lists = 2 if kind == _B else 1
        if self._bits.u():
            return [self._bits.ue() + 1 for _ in range(lists)]
        return list(self._pps.refs[:lists])

    def _skip_reordering(self) -> None:
        if self._bits.u():
            while self._bits.ue() != 3:
                self._bits.ue()

    def _skip_weights(self, counts: list[int]) -> None:
        bits = self._bits
        bits.ue()
        if self._sps.has_chroma:
            bits.ue()
        for count in counts:
            for _ in range(count):
                for values in (2, 4) if self._sps.has_chroma else (2,):
                    if bits.u():
                        for _ in range(values):
                            bits.ue()

    def _read_marking(self) -> None:
        bits = self._bits
        if not bits.u():
            return
        while True:
            at = bits.at
            command = bits.ue()
            value = 0
            if command in (1, 2, 4, 6):
                value = bits.ue()
            elif command == 3:
                value = bits.ue()
                bits.ue()
            elif command not in (0, 5):
                raise UnknownError
            if command == 0:
                return
            self._commands.append((command, value, bits.between(at, bits.at)))

    def without_past(self, key_num: int) -> bytes | None:
        """Return the slice without commands to forget what was before a frame's number.

        None if it has none (8.2.5.4.1: `difference_of_pic_nums_minus1`).
        """
        since_key = (self.frame_num - key_num) % (1 << self._sps.frame_num_bits)
        kept = [
            written
            for command, value, written in self._commands
            if not (command == 1 and value + 1 > since_key)
        ]
        if len(kept) == len(self._commands):
            return None
        bits = self._bits
        marking = [(1, 1), *kept, (1, 1)] if kept else [(0, 1)]
        header = [
            bits.between(0, self._marking_at),
            *marking,
            bits.between(self._marking_end, self._end),
        ]
        length = sum(count for _, count in header)
        if self._pps.is_cabac:
            # The data begins with a whole byte, after ones.
            data_at = -(-self._end // 8) * 8
            fill = -length % 8
            header.append(((1 << fill) - 1, fill))
        else:
            data_at = self._end
        header.append(bits.between(data_at, bits.total))
        value = length = 0
        for part, count in header:
            value = value << count | part
            length += count
        fill = -length % 8
        data = (value << fill).to_bytes((length + fill) // 8).rstrip(b"\0")
        return self._unit + _TO_ESCAPE.sub(lambda _: ESCAPE, data)


def _units(picture: bytes, *, is_annex_b: bool) -> Iterator[bytes]:
    """Yield the NAL units of a picture."""
    if is_annex_b:
        for unit in picture.split(b"\0\0\1")[1:]:
            yield unit.rstrip(b"\0")
        return
    at = 0
    while at + 4 < len(picture):
        end = at + 4 + int.from_bytes(picture[at : at + 4])
        yield picture[at + 4 : end]
        at = end


def _units_of_sets(sets: bytes, *, is_annex_b: bool) -> Iterator[bytes]:
    """Yield parameter sets: from Annex B, or an `avcC` (ISO/IEC 14496-15, 5.3.3.1)."""
    if is_annex_b:
        yield from _units(sets, is_annex_b=True)
        return
    at = 5
    for mask in (0x1F, 0xFF):
        count = sets[at] & mask
        at += 1
        for _ in range(count):
            size = int.from_bytes(sets[at : at + 2])
            yield sets[at + 2 : at + 2 + size]
            at += 2 + size


def _read_sets(units: list[bytes]) -> _Sets:
    """Read the parameter sets. Raises UnknownError unless there is one of each."""
    by_kind = {kind: [u for u in units if u[0] & 0x1F == kind] for kind in (_SPS, _PPS)}
    if any(len(found) != 1 for found in by_kind.values()):
        raise UnknownError
    return _Sets(_read_sps(by_kind[_SPS][0]), _read_pps(by_kind[_PPS][0]))


def _read_sps(unit: bytes) -> _Sps:
    """Read a sequence parameter set (7.3.2.1.1). Raises UnknownError."""
    bits = Bits(unit[4:].replace(ESCAPE, bytes(2)))
    bits.ue()
    chroma = 1
    has_planes = False
    if unit[1] in HIGH_PROFILES:
        chroma = bits.ue()
        has_planes = chroma == 3 and bits.u() == 1
        bits.ue()
        bits.ue()
        bits.u()
        if bits.u():
            raise UnknownError
    frame_num_bits = bits.ue() + 4
    poc_type = bits.ue()
    poc_bits = 0
    has_no_deltas = False
    if poc_type == 0:
        poc_bits = bits.ue() + 4
    elif poc_type == 1:
        has_no_deltas = bits.u() == 1
        bits.ue()
        bits.ue()
        for _ in range(bits.ue()):
            bits.ue()
    bits.ue()
    bits.u()
    bits.ue()
    bits.ue()
    return _Sps(
        has_planes=has_planes,
        has_chroma=chroma != 0 and not has_planes,
        frame_num_bits=frame_num_bits,
        poc_type=poc_type,
        poc_bits=poc_bits,
        has_no_deltas=has_no_deltas,
        is_frames_only=bits.u() == 1,
    )


def _read_pps(unit: bytes) -> _Pps:
    """Read a picture parameter set (7.3.2.2). Raises UnknownError."""
    bits = Bits(unit[1:].replace(ESCAPE, bytes(2)))
    bits.ue()
    bits.ue()
    is_cabac = bits.u() == 1
    has_bottom = bits.u() == 1
    if bits.ue():
        raise UnknownError
    refs = (bits.ue() + 1, bits.ue() + 1)
    weighs_p = bits.u() == 1
    weighs_b = bits.u(2)
    for _ in range(3):
        bits.ue()
    has_deblocking = bits.u() == 1
    bits.u()
    return _Pps(
        is_cabac=is_cabac,
        has_bottom=has_bottom,
        refs=refs,
        weighs_p=weighs_p,
        weighs_b=weighs_b,
        has_deblocking=has_deblocking,
        has_redundant=bits.u() == 1,
    )
