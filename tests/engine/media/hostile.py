"""Footage that claims more than it has, each kind under a name; `test_claims.py` opens it.

Nothing in it needs memory to be made.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache, partial
from io import BytesIO
from pathlib import Path
import random
import struct
from tempfile import TemporaryDirectory
import zlib

import av

from tests.clouds.footage import Container, Footage

from .inputs import START

MB = 2**20
FOOTAGE = Footage("Front", width=160, height=90)
FOLDERS = {
    b"moov",
    b"trak",
    b"mdia",
    b"minf",
    b"stbl",
    b"edts",
    b"mvex",
    b"moof",
    b"traf",
}
TS_BYTES, PID = 188, 0x100


@dataclass
class Box:
    """A box of an MP4: its bytes, or the boxes in it."""

    kind: bytes
    body: bytes = b""
    boxes: list[Box] = field(default_factory=list)

    def find(self, kind: bytes) -> Box:
        """Return the first box of a kind in this one."""
        return next(box for box in self.walk() if box.kind == kind)

    def walk(self) -> Iterator[Box]:
        """Yield all boxes in this one."""
        for box in self.boxes:
            yield box
            yield from box.walk()

    def dump(self) -> bytes:
        """Return its bytes."""
        body = self.body + b"".join(box.dump() for box in self.boxes)
        return struct.pack(">I4s", len(body) + 8, self.kind) + body


def parsed(data: bytes, kind: bytes = b"") -> Box:
    """Return the boxes of an MP4 as one box without a name."""
    box = Box(kind)
    while data:
        size, inner = struct.unpack_from(">I4s", data)
        body = data[8:size]
        box.boxes.append(parsed(body, inner) if inner in FOLDERS else Box(inner, body))
        data = data[size:]
    return box


def dumped(file: Box) -> bytes:
    """Return the bytes of a whole file."""
    return b"".join(box.dump() for box in file.boxes)


@cache
def honest(container: Container = "mp4", *, is_fragmented: bool = False) -> bytes:
    """Return three seconds of real footage; an MP4 has its index behind its media."""
    with TemporaryDirectory() as folder:
        path, moved = Path(folder) / "0", Path(folder) / "1"
        end = START + timedelta(seconds=3)
        FOOTAGE.write(path, START, end, container=container, faststart=False)
        if not is_fragmented:
            return path.read_bytes()
        options = {"movflags": "+frag_keyframe+empty_moov+default_base_moof"}
        with (
            av.open(path) as source,
            av.open(moved, "w", format="mp4", options=options) as target,
        ):
            streams = [target.add_stream_from_template(one) for one in source.streams]
            for packet in source.demux():
                if packet.dts is not None:
                    packet.stream = streams[packet.stream.index]
                    target.mux(packet)
        return moved.read_bytes()


def changed(change: Callable[[Box], None], *, is_fragmented: bool = False) -> bytes:
    """Return an honest MP4 with its boxes changed."""
    file = parsed(honest(is_fragmented=is_fragmented))
    change(file)
    return dumped(file)


def words(*numbers: int) -> bytes:
    """Return numbers of four bytes."""
    return struct.pack(f">{len(numbers)}I", *numbers)


def numbers(data: bytes) -> tuple[int, ...]:
    """Return the numbers of four bytes."""
    return struct.unpack(f">{len(data) // 4}I", data)


# Pictures of one grey, of any size: each block of them is one byte (ITU-T H.264, 7.3.5).


class _Bits:
    def __init__(self) -> None:
        self._bits = ""

    def u(self, value: int, count: int) -> _Bits:
        self._bits += f"{value:0{count}b}"
        return self

    def ue(self, *values: int) -> _Bits:
        for value in values:
            self._bits += f"{value + 1:0{2 * (value + 1).bit_length() - 1}b}"
        return self

    def unit(self, kind: int, blocks: int = 0, block: str = "00100111") -> bytes:
        """Return a NAL unit, with so many grey blocks behind."""
        bits = f"{self._bits}{block * blocks}1"
        bits += "0" * (-len(bits) % 8)
        data = int(bits, 2).to_bytes(len(bits) // 8)
        return b"\0\0\0\1" + bytes([kind]) + data


def key_frame(
    width: int, height: int, *, refs: int = 1, is_deep: bool = False
) -> bytes:
    """Return a key frame of H.264 with its parameter sets; sizes in steps of 16.

    One that `is_deep` has 10 bits, and colours as fine as its brightness (4:4:4).
    """
    across, down = width // 16, height // 16
    sets = _Bits().u(244 if is_deep else 66, 8).u(0, 8).u(62, 8).ue(0)
    if is_deep:
        sets.ue(3).u(0, 1).ue(2, 2).u(0, 2)
    sets.ue(0, 2, refs).u(0, 1)
    sets.ue(across - 1, down - 1).u(1, 1).u(1, 1).u(0, 2)
    pictures = _Bits().ue(0, 0).u(0, 2).ue(0, 0, 0).u(0, 3).ue(0, 0, 0).u(0, 3)
    picture = _Bits().ue(0, 7, 0).u(0, 4).ue(0).u(0, 2).ue(0)
    return (
        b"\0\0\0\1\x09\x10"
        + sets.unit(0x67)
        + pictures.unit(0x68)
        + picture.unit(0x65, across * down, "001001111" if is_deep else "00100111")
    )


def same_again(number: int, blocks: int) -> bytes:
    """Return a picture that is like the one before it, which others may be, too."""
    picture = (
        _Bits().ue(0, 5, 0).u(number % 16, 4).u(0, 1).u(0, 1).u(0, 1).ue(0, blocks)
    )
    return b"\0\0\0\1\x09\x30" + picture.unit(0x61)


def stream(
    pictures: Iterable[bytes],
    container: str = "mpegts",
    *,
    in_keys: bytes = b"\0\0\0\1\x65",
) -> bytes:
    """Return pictures as a file, ten a second; those with `in_keys` are key frames."""
    file = BytesIO()
    with av.open(file, "w", format=container) as output:
        video = output.add_stream("h264", rate=10)
        assert isinstance(video, av.VideoStream)
        video.width, video.height = 160, 96
        video.codec_context.extradata = key_frame(160, 96).split(b"\0\0\0\1\x65")[0][6:]
        for number, data in enumerate(pictures):
            packet = av.Packet(data)
            packet.stream = video
            packet.pts = packet.dts = number
            packet.time_base = video.codec_context.time_base
            packet.is_keyframe = in_keys in data
            output.mux_one(packet)
    return file.getvalue()


def _samples(count: int, *, size: int = 1) -> bytes:
    """Claim so many samples of one track, in one chunk."""

    def change(file: Box) -> None:
        file.find(b"stsz").body = words(0, size, count)
        file.find(b"stts").body = words(0, 1, count, 1000)
        file.find(b"stsc").body = words(0, 1, 1, count, 1)

    return changed(change)


def _tables(
    *, is_fragmented: bool = False, **tables: bytes | Callable[[bytes], bytes]
) -> bytes:
    """Change the first table of each name."""

    def change(file: Box) -> None:
        for kind, body in tables.items():
            box = file.find(kind.encode())
            box.body = body if isinstance(body, bytes) else body(box.body)

    return changed(change, is_fragmented=is_fragmented)


def _plain_sound(count: int, each: int, chunks: int) -> bytes:
    """Claim sound of one tick a sample, in few chunks of many samples."""

    def change(file: Box) -> None:
        sound = [box for box in file.walk() if box.kind == b"trak"][1]
        sound.find(b"stsz").body = words(0, 1, count)
        sound.find(b"stts").body = words(0, 1, count, 1)
        sound.find(b"stsc").body = words(0, 1, 1, each, 1)
        sound.find(b"stco").body = words(0, chunks, *[48] * chunks)

    return changed(change)


def _added(kind: bytes, *boxes: Box) -> bytes:
    """Add boxes to an index."""

    def change(file: Box) -> None:
        file.find(kind).boxes += boxes

    return changed(change)


def _tracks(count: int) -> bytes:
    def change(file: Box) -> None:
        index = file.find(b"moov")
        index.boxes += [index.find(b"trak")] * count

    return changed(change)


def _edits(count: int, samples: int) -> bytes:
    """Show one long track many times."""

    def change(file: Box) -> None:
        file.find(b"elst").body = words(0, count) + words(1 << 20, 0, 1 << 16) * count
        file.find(b"stsz").body = words(0, 1, samples)
        file.find(b"stts").body = words(0, 1, samples, 1)
        file.find(b"stsc").body = words(0, 1, 1, samples, 1)
        file.boxes.append(Box(b"free", bytes(samples)))

    return changed(change)


def _hidden() -> bytes:
    """Hide the tables of a million samples where they do not belong."""

    def change(file: Box) -> None:
        samples = 1 << 26
        table = file.find(b"stbl")
        table.boxes = [box for box in table.boxes if box.kind in (b"stsd", b"stco")]
        tables = (
            Box(b"stsz", words(0, 1, samples)),
            Box(b"stts", words(0, 1, samples, 1000)),
            Box(b"stsc", words(0, 1, 1, samples, 1)),
        )
        file.find(b"trak").boxes.append(Box(b"udta", boxes=[*tables]))

    return changed(change)


def _compressed(size: int) -> bytes:
    """Compress an index that is almost nothing."""
    packed = words(1 << 30) + zlib.compress(bytes(size), 9)
    index = Box(b"cmov", boxes=[Box(b"dcom", b"zlib"), Box(b"cmvd", packed)])
    return _added(b"moov", index)


def _pictures_in_metadata(count: int) -> bytes:
    one = Box(b"data", words(13, 0) + b"\xff\xd8\xff").dump()
    covers = Box(b"covr", one * count)
    meta = Box(
        b"meta", words(0) + Box(b"hdlr", words(0, 0) + b"mdir" + bytes(13)).dump()
    )
    meta.boxes = [Box(b"ilst", boxes=[covers])]
    return _added(b"moov", Box(b"udta", boxes=[meta]))


def _names(count: int) -> bytes:
    """Name a film in many ways, each of which libav compares with all the others."""
    names = [
        Box(b"\xa9" + f"{n:03x}"[-3:].encode(), words(2, 0) + b"a")
        for n in range(count)
    ]
    return _added(b"moov", Box(b"udta", boxes=names))


def _seconds(pictures: Iterable[bytes]) -> bytes:
    """Return pictures as a transport stream in which nothing is packed well."""
    packets = bytearray(honest("mpegts")[: 3 * TS_BYTES])
    for number, data in enumerate(pictures):
        stamp = number * 9000
        pts = bytes(
            (
                0x21 | stamp >> 29 & 0xE,
                stamp >> 22 & 0xFF,
                0x1 | stamp >> 14 & 0xFE,
                stamp >> 7 & 0xFF,
                0x1 | stamp << 1 & 0xFE,
            )
        )
        head = b"\0\0\1\xe0\0\0\x80\x80\5" + pts
        packets += b"".join(_packets(head + data))
    return bytes(packets)


def _packets(data: bytes) -> Iterator[bytes]:
    for number, at in enumerate(range(0, len(data), 184)):
        part = data[at : at + 184]
        begins = 0x40 if at == 0 else 0
        head = bytes((0x47, begins | PID >> 8, PID & 0xFF))
        if len(part) == 184:
            yield head + bytes((0x10 | number % 16,)) + part
        else:
            room = 183 - len(part)
            filling = bytes((room,)) + (b"\0" + b"\xff" * (room - 1) if room else b"")
            yield head + bytes((0x30 | number % 16,)) + filling + part


SMALL = key_frame(160, 96)
_SETS_OF_16 = key_frame(4096, 2304, refs=16).split(b"\0\0\0\1\x65")[0]


def _kept(bits: str) -> bytes:
    """Cut off in a packet, a GOP whose pictures are all kept for others."""
    key = key_frame(4096, 2304, refs=16, is_deep=bits == "10 bits")
    others = [same_again(number, 256 * 144) for number in range(1, 40)]
    return stream([key, *others])[:-100]


def _deepest(container: str) -> bytes:
    return stream([key_frame(8192, 4352, is_deep=True)] * 3, container)


def _indexed(pictures: Iterable[bytes], count: int, *, is_shown: bool = True) -> bytes:
    """Let so many samples of one byte follow pictures, in tables as long as can be.

    All of them need a picture that is lost. Unless they are shown, an edit list ends
    before them.
    """
    file = parsed(stream(pictures, "mp4"))
    sizes = file.find(b"stsz").body[12:]
    total, step = len(sizes) // 4 + count, 1024
    at = int.from_bytes(file.find(b"stco").body[8:12])
    places = [at + sum(numbers(sizes)[:n]) for n in range(len(sizes) // 4)]
    file.find(b"stsz").body = words(0, 0, total) + sizes + words(1) * count
    file.find(b"stts").body = words(0, 3, 20, step, 1, 1 << 17, total - 21, step)
    file.find(b"stsc").body = words(0, 1, 1, 1, 1)
    file.find(b"stco").body = words(0, total, *places) + words(at) * count
    table = file.find(b"stbl")
    table.boxes.append(Box(b"ctts", words(0, total) + words(1, 0) * total))
    if is_shown:
        track = file.find(b"trak")
        track.boxes = [box for box in track.boxes if box.kind != b"edts"]
    return dumped(file)


def _tiny_units(count: int, container: str) -> bytes:
    """Return a picture behind so many NAL units of two bytes."""
    return stream([SMALL, b"\0\0\1\x09\x10" * count + SMALL, SMALL], container)


def _overlapping(count: int, size: int) -> bytes:
    """Let so many samples be the same bytes, behind a key frame."""
    file = parsed(stream([SMALL, *[same_again(1, 60)] * (count - 1)], "mp4"))
    first = numbers(file.find(b"stsz").body[12:16])[0]
    at = int.from_bytes(file.find(b"stco").body[8:12])
    file.find(b"stsz").body = words(0, 0, count, first, *[size] * (count - 1))
    file.find(b"stsc").body = words(0, 1, 1, 1, 1)
    places = file.find(b"stco")
    places.body = words(0, count, at, *[0] * (count - 1))
    end = len(dumped(file)) + 8
    places.body = words(0, count, at, *[end] * (count - 1))
    unit = words(size - 4) + b"\x61" + b"\x55" * (size - 5)
    return dumped(file) + Box(b"free", unit).dump()


def _default_size(size: int) -> bytes:
    """Let a fragment have three samples of a size that it does not say for each."""

    def change(file: Box) -> None:
        head, run = file.find(b"tfhd"), file.find(b"trun")
        head.body = words(0x20010) + head.body[4:8] + words(size)
        run.body = words(1, 3) + run.body[8:12]

    return changed(change, is_fragmented=True) + Box(b"free", bytes(3 * size)).dump()


def _large_sounds(count: int, size: int) -> bytes:
    def change(file: Box) -> None:
        sound = [box for box in file.walk() if box.kind == b"trak"][1]
        sound.find(b"stsz").body = words(0, 0, count, *[size] * count)
        sound.find(b"stts").body = words(0, 1, count, 1024)
        sound.find(b"stsc").body = words(0, 1, 1, count, 1)
        sound.find(b"stco").body = words(0, 1, len(dumped(file)) + 8)

    return changed(change) + Box(b"free", bytes(count * size)).dump()


def _forgetting(size: int) -> bytes:
    """Return an open GOP whose long pictures forget what was before it."""
    sets = SMALL.split(b"\0\0\0\1\x65")[0] + b"\0\0\0\1"
    key = _Bits().ue(0, 7, 0).u(0, 4).ue(0).u(0, 1).ue(0).unit(0x61, 60)
    head = _Bits().ue(0, 5, 0).u(1, 4).u(1, 3).ue(1, 5, 0, 0, 60).unit(0x61)
    picture = b"\0\0\0\1\x09\x30" + head + b"\x80" + b"\0\0\3" * (size // 3) + b"\x80"
    pictures = [sets + key, picture, picture, sets + key, picture]
    return stream(pictures, in_keys=sets)


def _in_a_second(count: int, size: int) -> bytes:
    """Return pictures of such a size that all come within a second."""
    large = (same_again(n, 60) + b"\x55" * size for n in range(1, count))
    file = parsed(stream([SMALL, *large], "mp4"))
    file.find(b"stts").body = words(0, 1, count, 10)
    return dumped(file)


# What each is, and how it is made.
HOSTILE: dict[str, Callable[[], bytes]] = {
    **{f"2^{n} samples": partial(_samples, 1 << n) for n in (24, 25, 26)},
    "samples of no byte": lambda: _samples(1 << 24, size=0),
    "80 MB of samples of one byte": lambda: (
        _samples(80 * MB) + Box(b"free", bytes(80 * MB)).dump()
    ),
    "one sample of 120 MB": lambda: (
        _tables(stsz=lambda body: words(0, 0, 30, 120 * MB) + body[16:])
        + Box(b"free", bytes(120 * MB)).dump()
    ),
    "80 MB of empty boxes": lambda: (
        honest() + words(8) + b"free" + ((words(8) + b"free") * (10 * MB - 1))
    ),
    "plain sound": lambda: _plain_sound(1000, 1 << 30, 1000),
    "2^28 composition times": lambda: _tables(stts=words(0, 1, 1 << 28, 1)),
    "2^30 chunks": lambda: _tables(stco=words(0, 1 << 30, 48)),
    "2^30 key frames": lambda: _tables(stss=words(0, 1 << 30, 1)),
    "100,000 edits": lambda: _tables(
        elst=words(0, 100_000) + words(1000, 0, 1 << 16) * 100_000
    ),
    "16 edits of a million samples": lambda: _edits(16, 1_000_000),
    "10,000 tracks": lambda: _tracks(10_000),
    "tables where they do not belong": _hidden,
    "a compressed index": lambda: _compressed(64 * MB),
    "40,000 cover pictures": lambda: _pictures_in_metadata(40_000),
    "4,000 names": lambda: _names(4_000),
    "a name of 120 MB": lambda: _added(
        b"moov", Box(b"udta", Box(b"\xa9nam", bytes(120 * MB)).dump())
    ),
    "parameter sets of 100 MB": lambda: _tables(
        stsd=lambda body: (
            body[:8]
            + words(94 + 100 * MB)
            + body[12:94]
            + Box(b"avcC", bytes(100 * MB)).dump()
        )
    ),
    "a picture size": lambda: _tables(
        stsd=lambda body: body[:40] + b"\xff\xff\xff\xff" + body[44:]
    ),
    "sound of 2^32 Hz": lambda: changed(_fast_sound),
    "2^28 samples in a fragment": lambda: _tables(
        is_fragmented=True, trun=lambda body: words(1, 1 << 28) + body[8:12]
    ),
    "fragments of 100,000 samples": lambda: changed(_many_runs, is_fragmented=True),
    "an index of segments": lambda: (
        honest(is_fragmented=True)
        + Box(b"sidx", words(0, 1, 1000, 0, 0, 0xFFFF)).dump() * 2000
    ),
    "5,000 fragments": lambda: _fragments(5_000, has_media=True),
    "15,000 fragments": lambda: _fragments(15_000),
    "20,000 fragments": lambda: _fragments(20_000),
    "200,000 fragments": lambda: _fragments(200_000),
    "a picture of 15,872 x 15,872, MP4": lambda: stream(
        [key_frame(15872, 15872)], "mp4"
    ),
    "a picture of 15,872 x 15,872, TS": lambda: stream([key_frame(15872, 15872)]),
    "the largest picture there is, TS": lambda: stream([key_frame(8192, 4352)] * 3),
    "pictures that become huge, MP4": lambda: stream(
        [*[SMALL] * 20, key_frame(15872, 15872), *[SMALL] * 20], "mp4"
    ),
    "pictures that become huge, TS": lambda: stream(
        [*[SMALL] * 20, key_frame(15872, 15872), *[SMALL] * 20]
    ),
    # Cut off in a packet: all from its last key frame on is decoded.
    "16 huge pictures that are kept": lambda: stream(
        [
            key_frame(8192, 4352, refs=16),
            *(same_again(number, 512 * 272) for number in range(1, 40)),
        ]
    )[:-100],
    **{
        f"16 pictures of 4K that are kept, {bits}": partial(_kept, bits)
        for bits in ("8 bits", "10 bits")
    },
    **{
        f"the largest picture there is, at 10 bits, {container}": partial(
            _deepest, container
        )
        for container in ("mp4", "mpegts")
    },
    "large pictures and a large index": lambda: _indexed(
        [
            key_frame(4096, 2304, refs=16),
            *(same_again(number, 256 * 144) for number in range(1, 16)),
        ],
        200_000,
    ),
    "a large picture and a large index": lambda: _indexed(
        [key_frame(8192, 4352), same_again(1, 512 * 272)], 100_000
    ),
    "399,998 samples": lambda: _indexed([SMALL, same_again(1, 60)], 399_998),
    "399,998 samples that are not shown": lambda: _indexed(
        [SMALL, same_again(1, 60)], 399_998, is_shown=False
    ),
    "a million samples": lambda: _indexed([SMALL, same_again(1, 60)], 999_000),
    **{
        f"a million NAL units in a picture, {container}": partial(
            _tiny_units, MB, container
        )
        for container in ("mp4", "mpegts")
    },
    "30 key frames in one, MP4": lambda: stream([key_frame(8192, 4352) * 30], "mp4"),
    "other parameter sets within, TS": lambda: stream(
        [
            key_frame(4096, 2304),
            *(same_again(number, 256 * 144) for number in range(1, 10)),
            *[_SETS_OF_16 + same_again(10, 256 * 144)],
            *(same_again(number, 256 * 144) for number in range(11, 40)),
        ]
    )[:-100],
    "60 pictures of 15 MB in the same bytes": lambda: _overlapping(60, 15 * MB),
    "fragments that say one size of 60 MB": lambda: _default_size(60 * MB),
    "sound in packets of 15 MB": lambda: _large_sounds(8, 15 * MB),
    "pictures of 12 MB that forget, TS": lambda: _forgetting(12 * MB),
    "pictures of 12 MB in a second": lambda: _in_a_second(15, 12 * MB),
    "a picture of 80 MB, TS": lambda: _seconds([SMALL, SMALL + bytes(80 * MB), SMALL]),
    "200,000 key frames, TS": lambda: _seconds([SMALL[:60]] * 200_000),
    "parameter sets that always change, TS": lambda: _seconds(
        [key_frame(160, 96, refs=n % 3000) for n in range(3000)]
    ),
}


def _fast_sound(file: Box) -> None:
    sound = [box for box in file.walk() if box.kind == b"trak"][1]
    table = sound.find(b"stsd")
    table.body = (
        table.body[:32]
        + b"\xff\xff"
        + table.body[34:40]
        + b"\xff" * 4
        + table.body[44:]
    )


def _many_runs(file: Box) -> None:
    fragment = file.find(b"traf")
    run = Box(b"trun", words(0, 100_000))
    fragment.boxes += [run] * 1000


def _fragments(count: int, *, has_media: bool = False) -> bytes:
    def add(file: Box) -> None:
        added = [Box(b"moof", boxes=file.find(b"moof").boxes)]
        if has_media:
            added.append(Box(b"mdat", file.find(b"mdat").body))
        file.boxes += added * count

    return changed(add, is_fragmented=True)


def mutated(data: bytes, seed: int) -> bytes:
    """Return real footage with some of its sizes and counts made large."""
    chance = random.Random(seed)
    mutant = bytearray(data)
    kinds = (
        b"stsz stts ctts stsc stco stss elst trun tfhd tfdt trex sidx mdhd mvhd tkhd "
        b"stsd avcC hvcC esds hdlr mp4a avc1 moov trak moof traf mdat"
    ).split()
    places = [
        at for kind in kinds for at in range(len(data)) if data[at : at + 4] == kind
    ] or list(range(0, len(data), TS_BYTES))
    for _ in range(chance.randint(1, 4)):
        at = chance.choice(places) + chance.choice((-4, *range(4, 44)))
        at = min(max(at, 0), len(mutant) - 4)
        value = int.from_bytes(mutant[at : at + 4])
        value = chance.choice(
            (
                value << chance.randint(1, 31),
                value + chance.randint(1, 1000),
                1 << chance.randint(0, 31),
                0xFFFFFFFF,
                chance.randint(0, 1 << 20),
                value ^ 1 << chance.randint(0, 31),
            )
        )
        mutant[at : at + 4] = (value & 0xFFFFFFFF).to_bytes(4)
    return bytes(mutant)
