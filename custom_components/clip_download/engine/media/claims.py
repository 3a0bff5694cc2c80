"""What a fetched file claims, held against its size before libav believes any of it.

A few bytes can claim millions of samples, for which libav takes memory and time. An MP4
is walked box by box (ISO/IEC 14496-12), a transport stream packet by packet (ISO/IEC
13818-1): only their headers and tables are read, and nothing is kept. All functions block.
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
import os
import re
import struct
import sys
from typing import BinaryIO, Final, NamedTuple

from ..errors import BodyError, CloudError, NotVideoError

# A part has less: at 60 frames a second, with sound, this is an hour.
MOST_SAMPLES: Final = 400_000
# What libav takes for each in its index, with the tables that it makes that of.
INDEX_BYTES_A_SAMPLE: Final = 128
# What was made of many parts: a day and more at 60 frames a second, with sound.
MOST_CLIP_SAMPLES: Final = 12_000_000
# No level of H.264 or H.265 has larger pictures (139,264 macroblocks: 8192 x 4352).
MOST_PIXELS: Final = 139_264 * 256
# A key frame of such a picture at the best quality is smaller.
_MOST_SAMPLE_BYTES = 16 * 2**20
# A packet of sound is far smaller; of sound that is not packed, a sample of all channels.
_MOST_SOUND_BYTES = 2**20
_MOST_PLAIN_BYTES = 2**10
_MOST_TRACKS = 16
# Some cameras make a fragment of each frame: a quarter of an hour at 60 a second.
_MOST_TOP_BOXES = 110_000
_MOST_BOXES = 600_000
_MOST_MOOV_BYTES = 64 * 2**20
# What a sample takes in the tables at most.
_MOST_ENTRY_BYTES = 32
# All that is no table and no media: parameter sets, names, a cover picture.
_MOST_OTHER_BYTES = 2**20
_MOST_OTHER_BYTES_A_FRAGMENT = 2**12
_MOST_SIDX_ENTRIES = 10_000
# What of a movie header says how long the movie is, and how long none is.
_MVHD_BYTES = 32
_LONGEST_S = 7 * 24 * 60 * 60
_MOST_EDITS = 16
# Sound of one tick a sample is not indexed by its samples, but by so many at least.
_FEWEST_INDEXED = 160

_MEDIA = {b"mdat", b"free", b"skip", b"wide"}
# What has boxes in it, and where that belongs.
_FOLDERS = {
    b"moov": b"",
    b"moof": b"",
    b"trak": b"moov",
    b"mvex": b"moov",
    b"mdia": b"trak",
    b"edts": b"trak",
    b"minf": b"mdia",
    b"stbl": b"minf",
    b"traf": b"moof",
}
# Tables: where each belongs, and how many bytes an entry has.
_TABLES = {
    b"stsz": (b"stbl", 4),
    b"stts": (b"stbl", 8),
    b"ctts": (b"stbl", 8),
    b"stsc": (b"stbl", 12),
    b"stco": (b"stbl", 4),
    b"co64": (b"stbl", 8),
    b"stss": (b"stbl", 4),
    b"stps": (b"stbl", 4),
    b"elst": (b"edts", 12),
    b"trun": (b"traf", 0),
    b"sidx": (b"", 12),
}
# Compressed, encrypted and still footage has these; sizes in half bytes, nobody writes.
_STRANGE = (b"cmov", b"senc", b"saiz", b"saio", b"iloc", b"iinf", b"iprp", b"stz2")
# libav reads tables, and whose they are, in any box that has boxes.
_HIDDEN = re.compile(b"|".join((*_TABLES, *_STRANGE)))
_HIDDEN_OWNER = re.compile(rb"hdlr[\s\S]{8}(?:vide|soun)")
_TS_PACKET_BYTES = 188
_TS_PACKETS_AT_ONCE = 2**11
_TS_BEGINS = 0x40
_CHUNK_BYTES = 2**18


class Claims(NamedTuple):
    """What the boxes of an MP4 say of it: a transport stream has none."""

    is_fragmented: bool = False
    is_index_first: bool = False
    # How many entries libav's index comes to have.
    samples: int = 0


class _Box(NamedTuple):
    """A box: its type, and from where to where in the file it has its content."""

    kind: bytes
    start: int
    end: int

    @property
    def size(self) -> int:
        """How many bytes its content has."""
        return self.end - self.start


@dataclass
class _Track:
    """What the tables of one track claim."""

    tables: set[bytes] = field(default_factory=set)
    samples: int = 0
    # Of all samples, where the table says one size for all of them.
    sample_bytes: int = 0
    # Of all samples together, where the table says one size for each.
    media_bytes: int = 0
    is_sound: bool = False
    # Of the sound whose samples take one tick each.
    is_plain: bool = False
    chunks: int = 0
    # How many chunks have how many samples each, from which one on.
    runs: list[tuple[int, int]] = field(default_factory=list)
    edits: int = 1

    @property
    def indexed(self) -> int:
        """How many entries libav makes of it, where each edit has its own."""
        if not self._is_by_chunk:
            return self.samples * self.edits
        return (self._chunk_samples // _FEWEST_INDEXED + self.chunks) * self.edits

    @property
    def all_bytes(self) -> int:
        """How many bytes its samples have together."""
        samples = self._chunk_samples if self._is_by_chunk else self.samples
        return self.media_bytes + samples * self.sample_bytes

    @property
    def most_sample_bytes(self) -> int:
        """How many bytes one sample may have."""
        if not self.is_sound:
            return _MOST_SAMPLE_BYTES
        return _MOST_PLAIN_BYTES if self._is_by_chunk else _MOST_SOUND_BYTES

    @property
    def _is_by_chunk(self) -> bool:
        """Whether libav makes entries of its chunks, not of its samples."""
        return self.is_sound and self.is_plain and self.sample_bytes > 0

    @property
    def _chunk_samples(self) -> int:
        """How many samples its chunks have together."""
        ends = [first for first, _ in self.runs[1:]]
        return sum(
            (end - first) * each
            for (first, each), end in zip(
                self.runs, [*ends, self.chunks + 1], strict=True
            )
            if end > first
        )


def check(file: BinaryIO, kind: str, *, most_samples: int = MOST_SAMPLES) -> Claims:
    """Hold what a file of a `kind` ("mp4", "mpegts") claims against its size.

    Raises CloudError: `body_truncated` if it is not whole, `body_not_video` if it is no
    such file, `body_implausible` if it claims more than there can be. Raises OSError.
    """
    if kind == "mp4":
        return _Walk(file, most_samples).claims()
    _check_packets(file)
    return Claims()


def duration_of(file: BinaryIO) -> timedelta | None:
    """Return how long an MP4 that is whole says it is, None if it does not say.

    Raises CloudError if it is no MP4 or not whole; OSError.
    """
    return _Walk(file, MOST_SAMPLES).duration()


def implausible() -> CloudError:
    """Return the error for footage that claims more than there can be."""
    return BodyError("body_implausible")


class _Walk:
    """A walk through the boxes of an MP4, and the sum of what they claim."""

    def __init__(self, file: BinaryIO, most_samples: int) -> None:
        """Take the open file."""
        self._descriptor = file.fileno()
        self._file_bytes = os.fstat(self._descriptor).st_size
        self._most_samples = most_samples
        self._tracks: list[_Track] = []
        # Of fragments: samples, their bytes, and the size where they do not say it, of
        # each track and of the one that is being read.
        self._samples = 0
        self._sample_bytes = 0
        self._usual_bytes: dict[bytes, int] = {}
        self._default_bytes = 0
        self._boxes = 0
        self._other_bytes = 0
        self._most_other_bytes = _MOST_OTHER_BYTES
        self._sidx_entries = 0

    def claims(self) -> Claims:
        """Walk through the file. Raises CloudError, OSError."""
        is_fragmented = has_moov = has_media = is_index_first = False
        for number, box in enumerate(self._inside(0, self._file_bytes), 1):
            if number > _MOST_TOP_BOXES:
                raise implausible()
            is_fragmented |= box.kind == b"moof"
            has_media |= box.kind == b"mdat"
            if box.kind == b"moov":
                is_index_first |= not has_moov and not has_media
                has_moov = True
                if box.size > max(
                    _MOST_MOOV_BYTES, _MOST_ENTRY_BYTES * self._most_samples
                ):
                    raise implausible()
            if box.kind not in _MEDIA:
                self._take(b"", box)
        if not has_moov:
            raise BodyError("body_truncated")
        self._check_media()
        return Claims(is_fragmented, is_index_first, self._indexed)

    def duration(self) -> timedelta | None:
        """Return what the movie header says. Raises CloudError, OSError."""
        moov = None
        for box in self._inside(0, self._file_bytes):
            if box.kind == b"moov":
                moov = box
        if moov is None:
            raise BodyError("body_truncated")
        header = next(self._inside(moov.start, moov.end), None)
        if header is None or header.kind != b"mvhd" or header.size < _MVHD_BYTES:
            return None
        # 64-bit times from version 1 on: created, changed, ticks a second, duration.
        data = self._read(header.start, _MVHD_BYTES)
        layout = ">QQIQ" if data[0] else ">IIII"
        *_, rate, ticks = struct.unpack_from(layout, data, 4)
        if not rate or not 0 < ticks <= rate * _LONGEST_S:
            return None
        return timedelta(seconds=ticks / rate)

    def _inside(self, start: int, end: int) -> Iterator[_Box]:
        """Yield the boxes from one place in the file to another."""
        at = start
        while at < end:
            self._boxes += 1
            if self._boxes > _MOST_BOXES:
                raise implausible()
            header = self._read(at, min(16, end - at))
            size = int.from_bytes(header[:4])
            smallest = 8
            if size == 1:
                size, smallest = int.from_bytes(header[8:16]), 16
            elif size == 0:
                # The last one may leave its end to the file's.
                size = end - at
            if not _is_name(header[4:8]):
                raise NotVideoError("body_not_video")
            if len(header) < smallest or at + size > end:
                raise BodyError("body_truncated")
            if size < smallest:
                raise NotVideoError("body_not_video")
            yield _Box(header[4:8], at + smallest, at + size)
            at += size

    def _read(self, at: int, size: int) -> bytes:
        # Where libav begins to read, is not to be moved.
        data = os.pread(self._descriptor, size, at)
        if len(data) < size:
            raise BodyError("body_truncated")
        return data

    def _take(self, parent: bytes, box: _Box) -> None:
        """Take a box, and those in it."""
        if box.kind in _FOLDERS:
            if _FOLDERS[box.kind] != parent:
                raise implausible()
            self._take_folder(box)
        elif box.kind in _TABLES:
            if _TABLES[box.kind][0] != parent:
                raise implausible()
            self._take_table(box)
        else:
            self._take_other(parent, box)

    def _take_other(self, parent: bytes, box: _Box) -> None:
        """Take a box that nothing is counted in; no table may be hidden there."""
        self._other_bytes += box.size
        if box.kind in _STRANGE or self._other_bytes > self._most_other_bytes:
            raise implausible()
        content = self._read(box.start, box.size)
        for found in _HIDDEN.finditer(content):
            at = found.start() - 4
            size = int.from_bytes(content[max(0, at) : at + 4])
            # In a text, letters stand in front of it.
            if size <= len(content) - at:
                raise implausible()
        if box.kind == b"hdlr" and parent == b"mdia":
            self._once(box.kind)
            self._track.is_sound = content[8:12] == b"soun"
        elif _HIDDEN_OWNER.search(box.kind + content):
            raise implausible()
        if box.kind == b"stsd" and parent == b"stbl" and not self._track.is_sound:
            width, height = (int.from_bytes(content[at : at + 2]) for at in (40, 42))
            if width * height > MOST_PIXELS:
                raise implausible()
        self._take_default(box.kind, content)

    def _take_default(self, kind: bytes, content: bytes) -> None:
        """Note the size of samples in fragments that do not say it."""
        if kind == b"trex":
            self._usual_bytes[content[4:8]] = int.from_bytes(content[16:20])
        elif kind == b"tfhd":
            flags, at = int.from_bytes(content[1:4]), 8
            self._default_bytes = self._usual_bytes.get(content[4:8], 0)
            at += 8 * bool(flags & 1) + 4 * bool(flags & 2) + 4 * bool(flags & 8)
            if flags & 0x10:
                self._default_bytes = int.from_bytes(content[at : at + 4])

    def _take_folder(self, box: _Box) -> None:
        if box.kind == b"moof":
            self._most_other_bytes += _MOST_OTHER_BYTES_A_FRAGMENT
        if box.kind == b"trak":
            self._tracks.append(_Track())
            if len(self._tracks) > _MOST_TRACKS:
                raise implausible()
        elif box.kind not in (b"moov", b"moof", b"mvex", b"traf"):
            self._once(box.kind)
        for inner in self._inside(box.start, box.end):
            self._take(box.kind, inner)
        if box.kind == b"trak":
            self._check_sum()

    @property
    def _track(self) -> _Track:
        return self._tracks[-1]

    def _once(self, kind: bytes) -> None:
        """Refuse a second one in a track: nobody knows which of them counts."""
        if kind in self._track.tables:
            raise implausible()
        self._track.tables.add(kind)

    @property
    def _indexed(self) -> int:
        return sum(track.indexed for track in self._tracks) + self._samples

    def _check_sum(self) -> None:
        if self._indexed > self._most_samples:
            raise implausible()

    def _check_media(self) -> None:
        """Refuse samples that lie in the same bytes as others, or have too many."""
        all_bytes = self._sample_bytes
        for track in self._tracks:
            all_bytes += track.all_bytes
            if track.sample_bytes > track.most_sample_bytes:
                raise implausible()
        if all_bytes > self._file_bytes:
            raise implausible()

    def _take_table(self, box: _Box) -> None:
        """Hold the entries that a table claims against its bytes, and count samples."""
        head = self._read(box.start, min(box.size, 32)).ljust(32, b"\0")
        match box.kind:
            case b"trun":
                self._take_run(box, head)
            case b"sidx":
                self._take_segments(box, head)
            case b"stsz":
                self._once(box.kind)
                self._take_sizes(box, head)
            case _:
                self._once(box.kind)
                self._take_entries(box, head)

    def _take_entries(self, box: _Box, head: bytes) -> None:
        """Take a table of a track whose entries are all of one length."""
        count = int.from_bytes(head[4:8])
        _, entry_bytes = _TABLES[box.kind]
        if box.kind == b"elst" and head[0] == 1:
            entry_bytes = 20
        if 8 + count * entry_bytes > box.size or count > self._most_samples:
            raise implausible()
        track = self._track
        match box.kind:
            case b"stts" | b"ctts":
                self._take_times(box, count)
            case b"stsc":
                for words in self._words(box.start + 8, 3 * count):
                    track.runs += zip(words[::3], words[1::3], strict=True)
            case b"stco" | b"co64":
                track.chunks = count
            case b"elst":
                if count > _MOST_EDITS:
                    raise implausible()
                track.edits = max(1, count)

    def _take_times(self, box: _Box, count: int) -> None:
        """Take a table of how many samples last how long, or are shown how late."""
        track = self._track
        counts = 0
        for words in self._words(box.start + 8, 2 * count):
            counts += sum(words[::2])
            if box.kind == b"stts":
                track.is_plain = count == 1 and words[1] == 1
        if counts > max(self._most_samples, self._file_bytes):
            raise implausible()
        track.samples = max(track.samples, counts)

    def _take_segments(self, box: _Box, head: bytes) -> None:
        """Take an index of segments."""
        at = 20 if head[0] == 0 else 28
        count = int.from_bytes(head[at + 2 : at + 4])
        self._sidx_entries += count
        if at + 4 + 12 * count > box.size or self._sidx_entries > _MOST_SIDX_ENTRIES:
            raise implausible()

    def _take_sizes(self, box: _Box, head: bytes) -> None:
        """Take the table of a track's sample sizes, or the size that they all have."""
        size, count = int.from_bytes(head[4:8]), int.from_bytes(head[8:12])
        track = self._track
        track.samples = max(track.samples, count)
        track.sample_bytes = size
        if size:
            if size > _MOST_SAMPLE_BYTES or size * count > self._file_bytes:
                raise implausible()
            return
        if 12 + 4 * count > box.size or count > self._most_samples:
            raise implausible()
        for sizes in self._words(box.start + 12, count):
            if max(sizes) > track.most_sample_bytes:
                raise implausible()
            track.media_bytes += sum(sizes)

    def _take_run(self, box: _Box, head: bytes) -> None:
        """Take the table of a fragment's samples."""
        flags, count = int.from_bytes(head[1:4]), int.from_bytes(head[4:8])
        words = (flags >> 8 & 0xF).bit_count()
        fixed = 8 + 4 * bool(flags & 1) + 4 * bool(flags & 4)
        if fixed + 4 * words * count > box.size:
            raise implausible()
        self._samples += count
        self._check_sum()
        if not flags & 0x200:
            if self._default_bytes > _MOST_SAMPLE_BYTES:
                raise implausible()
            self._sample_bytes += count * self._default_bytes
            return
        which = int(bool(flags & 0x100))
        for table in self._words(box.start + fixed, words * count, words):
            sizes = table[which::words]
            if max(sizes) > _MOST_SAMPLE_BYTES:
                raise implausible()
            self._sample_bytes += sum(sizes)

    def _words(self, at: int, count: int, row: int = 6) -> Iterator[array[int]]:
        """Yield numbers of four bytes, some whole rows of a table at once."""
        at_once = _CHUNK_BYTES // 4 // row * row
        for first in range(0, count, at_once):
            number = min(at_once, count - first)
            words = array("I", self._read(at + 4 * first, 4 * number))
            if sys.byteorder == "little":
                words.byteswap()
            yield words


def _is_name(kind: bytes) -> bool:
    return kind.isascii() and kind.decode("ascii").isprintable()


def _check_packets(file: BinaryIO) -> None:
    """Refuse a transport stream whose pictures or sounds have no end.

    libav keeps a picture in memory until the next one begins.
    """
    # How much came since a packet of each stream began a picture, or sound.
    lengths: dict[int, int] = {}
    at = 0
    chunk = bytearray(_TS_PACKET_BYTES * _TS_PACKETS_AT_ONCE)
    while size := os.preadv(file.fileno(), [chunk], at):
        at += len(chunk)
        count = len(range(2, size, _TS_PACKET_BYTES))
        words = bytearray(2 * count)
        words[::2] = chunk[1 : size - 1 : _TS_PACKET_BYTES]
        words[1::2] = chunk[2:size:_TS_PACKET_BYTES]
        # A file has few of them: as numbers, that is known at once.
        heads = [word.to_bytes(2, sys.byteorder) for word in set(array("H", words))]
        begun = {_pid(*head) for head in heads if head[0] & _TS_BEGINS}
        for pid in {_pid(*head) for head in heads}:
            lengths[pid] = 0 if pid in begun else lengths.get(pid, 0) + size
            if lengths[pid] > _MOST_SAMPLE_BYTES:
                raise implausible()


def _pid(high: int, low: int) -> int:
    return (high & 0x1F) << 8 | low
