"""Turn the fragments that libav writes into one progressive MP4, while it writes them.

libav keeps a table of all samples in memory until the end, and then moves the whole file
to put that table in front. Here it writes fragments; this keeps what their headers say,
a few bytes a sample, writes the media once where it stays, and the table into room that
was left in front. The boxes are those of ISO/IEC 14496-12.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from io import BufferedWriter
from math import ceil
import struct
import sys
from zlib import compress, decompress

from ..folder import EarlySync, File

# Of a box: its size and type, with the size behind these where it is 1.
_HEADER_BYTES = 8
_LARGE_HEADER_BYTES = 16
# What a frame takes in the tables at most: size, duration, composition offset, sync.
_FRAME_BYTES = 4 + 8 + 8 + 4
# What a packet of sound takes there: all but the last of a part last equally long.
_SOUND_BYTES = 4 + 1
# What stands in a `moov` beside its samples, and what a chunk takes there.
_MOOV_BYTES = 16 * 1024
_CHUNK_BYTES = 8 + 12
_IS_NO_KEY = 0x10000
# An ordinary MP4, not one of fragments.
_HEAD = struct.pack(">I4s4sI12s", 28, b"ftyp", b"isom", 512, b"isomiso2mp41")
_CONTAINERS = (b"trak", b"mdia", b"minf", b"stbl", b"edts")
# So many numbers of a table are packed together.
_AT_ONCE = 2**14


class _Column:
    """A table's numbers, of four bytes. All but the last ones are packed: there are many."""

    def __init__(self) -> None:
        """Begin with none."""
        self._packed: list[bytes] = []
        self._last = array("i")
        self._count = 0

    def __len__(self) -> int:
        """Return how many there are."""
        return self._count

    @property
    def size_bytes(self) -> int:
        """How many bytes they take in a file."""
        return 4 * self._count

    def extend(self, values: Sequence[int]) -> None:
        """Add some."""
        self._last.extend(values)
        self._count += len(values)
        if len(self._last) >= _AT_ONCE:
            self._packed.append(compress(self._last, 1))
            self._last = array("i")

    def blocks(self) -> Iterator[bytes]:
        """Yield them as a file has them; they are gone then."""
        for packed in self._packed:
            yield _big_endian(array("i", decompress(packed)))
        yield _big_endian(self._last)


class _Runs:
    """A table of values, as how often each comes one after the other."""

    def __init__(self) -> None:
        """Begin with none."""
        # Count, value, count, value: without those that may go on.
        self._pairs = _Column()
        self._count = 0
        self._value = 0
        # Whether there is another one than zero, and one that is less.
        self.is_other = self.is_less = False

    def add(self, value: int, count: int = 1) -> None:
        """Add one, so many times."""
        if value != self._value:
            self._end()
            self._value = value
            self.is_other = True
            self.is_less |= value < 0
        self._count += count

    def pairs(self) -> _Column:
        """Return what is written; nothing is added after that."""
        self._end()
        return self._pairs

    def _end(self) -> None:
        if self._count:
            self._pairs.extend((self._count, self._value))
            self._count = 0


type _Piece = bytes | _Column


@dataclass
class _Table:
    """The samples of one track. Times are in the track's own ticks."""

    sizes: _Column = field(default_factory=_Column)
    durations: _Runs = field(default_factory=_Runs)
    offsets: _Runs = field(default_factory=_Runs)
    keys: array[int] = field(default_factory=lambda: array("I"))
    # Where each chunk lies in the file, and how many samples it has.
    chunks: array[int] = field(default_factory=lambda: array("Q"))
    chunk_sizes: array[int] = field(default_factory=lambda: array("I"))
    # When the next sample is decoded, and until when those so far are shown.
    ticks: int = 0
    shown_ticks: int = 0
    # The last sample's duration is known when the next one comes.
    last_ticks: int | None = None

    def sample(self, ticks: int, offset: int) -> None:
        """Add when a sample is shown, said to last so long."""
        self._end_last(self.last_ticks)
        self.last_ticks = ticks
        self.shown_ticks = max(self.shown_ticks, self.ticks + offset + ticks)
        self.offsets.add(offset)

    def samples(self, count: int, ticks: int, offset: int) -> None:
        """Add as many as are said to last equally long, and to wait so to be shown."""
        self._end_last(self.last_ticks)
        self.durations.add(ticks, count - 1)
        self.ticks += (count - 1) * ticks
        self.last_ticks = ticks
        self.shown_ticks = max(self.shown_ticks, self.ticks + offset + ticks)
        self.offsets.add(offset, count)

    def goes_on_at(self, ticks: int) -> None:
        """Hear when the next sample is decoded: the last one lasts until then."""
        if self.last_ticks is not None:
            self._end_last(max(0, ticks - self.ticks))
            self.last_ticks = None

    def end(self) -> None:
        """Hear that no sample comes any more."""
        self._end_last(self.last_ticks)
        self.last_ticks = None

    def _end_last(self, ticks: int | None) -> None:
        if ticks is not None:
            self.durations.add(ticks)
            self.ticks += ticks


@dataclass(frozen=True)
class _Box:
    """A box of a `moov`: its type, what is in it, and the boxes in that, if any."""

    kind: bytes
    body: bytes
    boxes: tuple[_Box, ...] = ()

    def find(self, *path: bytes) -> _Box:
        """Return the box at a path. Raises KeyError."""
        box = self
        for kind in path:
            found = [one for one in box.boxes if one.kind == kind]
            if not found:
                raise KeyError(kind)
            box = found[0]
        return box


class ProgressiveFile:
    """What libav writes a fragmented MP4 to. Nothing but `write` is asked of it."""

    def __init__(
        self, file: File, *, frames: int, sounds: int, duration_s: float
    ) -> None:
        """Make the file, with room for the table of so many samples and seconds.

        Raises FileExistsError.
        """
        self._file = BufferedWriter(file.create())
        chunks = 4 * duration_s + 16
        self._room = int(
            _MOOV_BYTES
            + frames * _FRAME_BYTES
            + sounds * _SOUND_BYTES
            + chunks * _CHUNK_BYTES
        )
        media_start = len(_HEAD) + _HEADER_BYTES + self._room + _LARGE_HEADER_BYTES
        self._early_sync = EarlySync(self._file, media_start)
        self._moov = b""
        self._moof = b""
        self._tables: dict[int, _Table] = {}
        self._scales: dict[int, tuple[int, int, int]] = {}
        # Of the box that is being written: its type, and what of it is still to come.
        self._kind = b""
        self._left = 0
        self._pending = bytearray()
        self._body = bytearray()

    @property
    def samples(self) -> int:
        """How many samples there are."""
        return sum(len(table.sizes) for table in self._tables.values())

    def write(self, data: bytes) -> int:
        """Take what libav writes next."""
        view = memoryview(data)
        while view:
            if self._left == 0:
                view = self._begin_box(view)
                continue
            part = view[: self._left]
            view = view[len(part) :]
            self._left -= len(part)
            if self._kind == b"mdat":
                self._file.write(part)
                self._early_sync.wrote(len(part))
            else:
                self._body += part
            if self._left == 0:
                self._end_box()
        return len(data)

    def _begin_box(self, view: memoryview) -> memoryview:
        """Read a box's header, of which not all may be there yet."""
        wanted = _HEADER_BYTES
        if len(self._pending) >= _HEADER_BYTES:
            wanted = _LARGE_HEADER_BYTES
        taken = wanted - len(self._pending)
        self._pending += view[:taken]
        view = view[taken:]
        if len(self._pending) < wanted:
            return view
        size, self._kind = struct.unpack_from(">I4s", self._pending)
        if size == 1:
            if wanted == _HEADER_BYTES:
                return view
            (size,) = struct.unpack_from(">Q", self._pending, _HEADER_BYTES)
        self._left = size - len(self._pending)
        header_bytes = len(self._pending)
        self._pending.clear()
        if self._kind == b"mdat":
            self._begin_media(header_bytes)
        elif self._left == 0:
            self._end_box()
        return view

    def _end_box(self) -> None:
        body, self._body = bytes(self._body), bytearray()
        match self._kind:
            case b"ftyp":
                self._file.write(_HEAD)
                # Most disks keep what is never written as a hole.
                media_start = len(_HEAD) + _HEADER_BYTES + self._room
                self._file.seek(media_start + _LARGE_HEADER_BYTES)
            case b"moov":
                self._moov = body
                self._read_defaults()
            case b"moof":
                self._moof = body

    def _begin_media(self, header_bytes: int) -> None:
        """Note the samples of a fragment, whose media comes now."""
        moof_bytes = len(self._moof) + _HEADER_BYTES
        media_at = self._file.tell()
        for kind, traf in _boxes(self._moof):
            if kind == b"traf":
                self._read_track(traf, media_at - moof_bytes - header_bytes)

    def _read_defaults(self) -> None:
        """Read what samples are like whose fragments do not say (`trex`)."""
        moov = _parsed(b"moov", self._moov)
        for _, body in _boxes(moov.find(b"mvex").body):
            if len(body) >= 24:
                _, track, _, ticks, size, flags = struct.unpack_from(">6I", body)
                self._scales[track] = (ticks, size, flags)
                self._tables[track] = _Table()

    def _read_track(self, traf: bytes, base: int) -> None:
        """Read a track's part of a fragment; `base` is where its offsets count from."""
        track = 0
        ticks = size = flags = 0
        for kind, body in _boxes(traf):
            (word,) = struct.unpack_from(">I", body)
            has = word & 0xFFFFFF
            if kind == b"tfhd":
                (track,) = struct.unpack_from(">I", body, 4)
                ticks, size, flags = self._scales[track]
                at = 8 + 8 * bool(has & 1) + 4 * bool(has & 2)
                if has & 8:
                    (ticks,) = struct.unpack_from(">I", body, at)
                    at += 4
                if has & 0x10:
                    (size,) = struct.unpack_from(">I", body, at)
                    at += 4
                if has & 0x20:
                    (flags,) = struct.unpack_from(">I", body, at)
            elif kind == b"tfdt":
                form = ">Q" if word >> 24 else ">I"
                self._tables[track].goes_on_at(*struct.unpack_from(form, body, 4))
            elif kind == b"trun":
                self._read_run(self._tables[track], body, base, (ticks, size, flags))

    def _read_run(
        self, table: _Table, body: bytes, base: int, usual: tuple[int, int, int]
    ) -> None:
        word, count = struct.unpack_from(">2I", body)
        has = word & 0xFFFFFF
        at, offset, first_flags = 8, 0, None
        if has & 1:
            (offset,) = struct.unpack_from(">i", body, at)
            at += 4
        if has & 4:
            (first_flags,) = struct.unpack_from(">I", body, at)
            at += 4
        table.chunks.append(base + offset)
        table.chunk_sizes.append(count)
        if not count:
            return
        fields = [bool(has & bit) for bit in (0x100, 0x200, 0x400, 0x800)]
        width = sum(fields)
        words = struct.unpack_from(f">{count * width}i", body, at)
        columns = iter([words[which::width] for which in range(width)])
        ticks, sizes, flags, shifts = (
            next(columns) if is_there else (value,) * count
            for is_there, value in zip(fields, (*usual, 0), strict=True)
        )
        if first_flags is not None:
            flags = (first_flags, *flags[1:])
        before = len(table.sizes)
        table.sizes.extend(sizes)
        table.keys.extend(
            before + number
            for number, word in enumerate(flags, 1)
            if not word & _IS_NO_KEY
        )
        if min(ticks) == max(ticks) and min(shifts) == max(shifts):
            table.samples(count, ticks[0], shifts[0])
            return
        for ticks_of_one, shift in zip(ticks, shifts, strict=True):
            table.sample(ticks_of_one, shift)

    def finish(self) -> None:
        """Write the table in front, and close the file. Raises OSError."""
        media_end = self._file.tell()
        for table in self._tables.values():
            table.end()
        start = len(_HEAD)
        media_start = start + _HEADER_BYTES + self._room
        moov = self._moov_pieces(media_end)
        left = self._room + _HEADER_BYTES - _length(moov)
        if left < _LARGE_HEADER_BYTES:
            # What was counted was not all: it goes behind the media.
            self._file.writelines(_written(moov))
            left, moov = self._room + _HEADER_BYTES, []
        self._file.seek(start)
        self._file.writelines(_written([*moov, _header(b"free", left)]))
        self._file.seek(media_start)
        self._file.write(_media_header(media_end - media_start))
        self.close()

    def close(self) -> None:
        """Close the file as it is, and forget what it holds.

        libav's container lives in a circle of references, and this with it until Python
        happens to collect that.
        """
        self._tables.clear()
        self._file.close()

    def _moov_pieces(self, media_end: int) -> list[_Piece]:
        """Return the `moov` as libav began it, with the tables and the durations."""
        moov = _parsed(b"moov", self._moov)
        (movie_scale,) = struct.unpack_from(">I", _wide(moov.find(b"mvhd")), 20)
        pieces: list[_Piece] = []
        longest = 0
        for box in moov.boxes:
            if box.kind == b"trak":
                ticks, trak = self._track_pieces(box, movie_scale, media_end)
                longest = max(longest, ticks)
                pieces += trak
            elif box.kind not in (b"mvex", b"mvhd"):
                pieces.append(_box(box.kind, box.body))
        movie = bytearray(_wide(moov.find(b"mvhd")))
        struct.pack_into(">Q", movie, 24, longest)
        return _nested(b"moov", [_box(b"mvhd", bytes(movie)), *pieces])

    def _track_pieces(
        self, trak: _Box, movie_scale: int, media_end: int
    ) -> tuple[int, list[_Piece]]:
        """Return how long a track is, in the movie's ticks, and its box."""
        track_head = bytearray(_wide(trak.find(b"tkhd")))
        media_head = bytearray(_wide(trak.find(b"mdia", b"mdhd")))
        (number,) = struct.unpack_from(">I", track_head, 20)
        (scale,) = struct.unpack_from(">I", media_head, 20)
        table = self._tables[number]
        struct.pack_into(">Q", media_head, 24, table.ticks)
        ticks = -(-table.shown_ticks * movie_scale // scale)
        edits: list[bytes] = []
        if any(box.kind == b"edts" for box in trak.boxes):
            elst = trak.find(b"edts", b"elst").body
            ticks, edits = _edited(
                elst, table.shown_ticks, Fraction(movie_scale, scale)
            )
        struct.pack_into(">Q", track_head, 28, ticks)
        minf = trak.find(b"mdia", b"minf")
        kept = [_box(box.kind, box.body) for box in minf.boxes if box.kind != b"stbl"]
        described = _box(b"stsd", minf.find(b"stbl", b"stsd").body)
        stbl = _nested(b"stbl", [described, *_tables(table, media_end)])
        mdia = [
            _box(b"mdhd", bytes(media_head)),
            _box(b"hdlr", trak.find(b"mdia", b"hdlr").body),
            *_nested(b"minf", [*kept, *stbl]),
        ]
        pieces = [_box(b"tkhd", bytes(track_head)), *edits, *_nested(b"mdia", mdia)]
        return ticks, _nested(b"trak", pieces)


def _media_header(size: int) -> bytes:
    """Return the header of the media, as old players know it where that is enough."""
    if size >> 32:
        return _header(b"mdat", size)
    return _box(b"free", b"") + _header(b"mdat", size - _HEADER_BYTES)


def _header(kind: bytes, size: int) -> bytes:
    if size >> 32:
        return struct.pack(">I4sQ", 1, kind, size)
    return struct.pack(">I4s", size, kind)


def _edited(elst: bytes, shown_ticks: int, scale: Fraction) -> tuple[int, list[bytes]]:
    """Return how long a track is with its edit list, and that list for all of it."""
    word, count = struct.unpack_from(">2I", elst)
    form = ">QqI" if word >> 24 else ">IiI"
    edits: list[tuple[int, int, int]] = []
    for number in range(count):
        length, at, rate = struct.unpack_from(
            form, elst, 8 + number * struct.calcsize(form)
        )
        # What comes before the first sample is empty; the rest is the track.
        if at >= 0:
            length = ceil((shown_ticks - at) * scale)
        edits.append((length, at, rate))
    body = struct.pack(">2I", 1 << 24, count)
    body += b"".join(struct.pack(">QqI", *edit) for edit in edits)
    return sum(edit[0] for edit in edits), [_box(b"edts", _box(b"elst", body))]


def _tables(table: _Table, media_end: int) -> Iterator[_Piece]:
    """Yield the boxes of a track's samples; the table is of no use after that."""
    durations, offsets = table.durations.pairs(), table.offsets.pairs()
    yield from _list_box(b"stts", len(durations) // 2, durations)
    if table.offsets.is_other:
        version = int(table.offsets.is_less)
        yield from _list_box(b"ctts", len(offsets) // 2, offsets, version << 24)
    if len(table.keys) < len(table.sizes):
        yield from _list_box(b"stss", len(table.keys), table.keys)
    firsts, last_size = array("I"), 0
    for number, size in enumerate(table.chunk_sizes, 1):
        if size != last_size:
            firsts.extend((number, size, 1))
            last_size = size
    yield from _list_box(b"stsc", len(firsts) // 3, firsts)
    count = len(table.sizes)
    yield from _list_box(b"stsz", count, table.sizes, 0, b"\0\0\0\0")
    if media_end >> 32:
        yield from _list_box(b"co64", len(table.chunks), table.chunks)
    else:
        yield from _list_box(b"stco", len(table.chunks), array("I", table.chunks))


def _list_box(
    kind: bytes,
    count: int,
    values: _Column | array[int],
    word: int = 0,
    extra: bytes = b"",
) -> Iterator[_Piece]:
    """Yield a box of a count and that many entries."""
    entries = values if isinstance(values, _Column) else _big_endian(values)
    size = _HEADER_BYTES + 4 + len(extra) + 4 + _length([entries])
    yield struct.pack(">I4sI", size, kind, word) + extra + struct.pack(">I", count)
    yield entries


def _big_endian(values: array[int]) -> bytes:
    """Return numbers as a file has them; the array is of no use after that."""
    if sys.byteorder == "little":
        values.byteswap()
    return values.tobytes()


def _wide(box: _Box) -> bytes:
    """Return a header box (`mvhd`, `tkhd`, `mdhd`) with times of 64 bits (version 1)."""
    body = box.body
    if body[0] == 1:
        return body
    made, changed = struct.unpack_from(">2I", body, 4)
    # What stands between the times and the duration: a scale, or a number and nothing.
    between = 8 if box.kind == b"tkhd" else 4
    (ticks,) = struct.unpack_from(">I", body, 12 + between)
    return (
        b"\1"
        + body[1:4]
        + struct.pack(">2Q", made, changed)
        + body[12 : 12 + between]
        + struct.pack(">Q", ticks)
        + body[16 + between :]
    )


def _box(kind: bytes, body: bytes) -> bytes:
    return _header(kind, _HEADER_BYTES + len(body)) + body


def _nested(kind: bytes, pieces: Sequence[_Piece]) -> list[_Piece]:
    return [_header(kind, _HEADER_BYTES + _length(pieces)), *pieces]


def _length(pieces: Sequence[_Piece]) -> int:
    return sum(
        piece.size_bytes if isinstance(piece, _Column) else len(piece)
        for piece in pieces
    )


def _written(pieces: Iterable[_Piece]) -> Iterator[bytes]:
    """Yield what is written, and no more of it at once than must be."""
    for piece in pieces:
        if isinstance(piece, _Column):
            yield from piece.blocks()
        else:
            yield piece


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the type and the body of each box."""
    at = 0
    while at + _HEADER_BYTES <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        yield kind, data[at + _HEADER_BYTES : at + size]
        at += max(size, _HEADER_BYTES)


def _parsed(kind: bytes, body: bytes) -> _Box:
    """Return a box and, where it holds boxes, these."""
    if kind not in (b"moov", *_CONTAINERS):
        return _Box(kind, body)
    return _Box(kind, body, tuple(_parsed(*one) for one in _boxes(body)))
