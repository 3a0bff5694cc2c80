"""What libav writes in fragments becomes one progressive MP4."""

from datetime import UTC, datetime, timedelta
from io import BytesIO
import os
from pathlib import Path
import struct
import tracemalloc

import av
import pytest

from custom_components.clip_download.engine import folder
from custom_components.clip_download.engine.folder import File
from custom_components.clip_download.engine.media import progressive
from custom_components.clip_download.engine.media.progressive import ProgressiveFile
from tests.clouds.footage import Footage, seen

START = datetime(2026, 11, 21, 8, tzinfo=UTC)
LENGTH = timedelta(seconds=5)


def fragments(folder: Path, footage: Footage, **options: str) -> bytes:
    """Return a fragmented MP4 of five seconds."""
    source = folder / "source.mp4"
    footage.write(source, START, START + LENGTH)
    data = BytesIO()
    with (
        av.open(source) as container,
        av.open(
            data,
            "w",
            "mp4",
            {
                "movflags": "+delay_moov+default_base_moof+skip_trailer",
                "frag_duration": "1000000",
                **options,
            },
        ) as output,
    ):
        streams = {
            one: output.add_stream_from_template(one) for one in container.streams
        }
        for packet in container.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream]
                output.mux(packet)
    return data.getvalue()


def written(
    path: Path, data: bytes, *, frames: int = 200, sounds: int = 200, step: int = 2**16
) -> list[tuple[str, int]]:
    """Write fragments as libav hands them over; return the boxes of the file."""
    file = ProgressiveFile(File.at(path), frames=frames, sounds=sounds, duration_s=5)
    for at in range(0, len(data), step):
        assert file.write(data[at : at + step]) == len(data[at : at + step])
    file.finish()
    found = []
    at = 0
    with path.open("rb") as opened:
        while header := opened.read(16):
            size, kind = struct.unpack_from(">I4s", header)
            if size == 1:
                (size,) = struct.unpack_from(">Q", header, 8)
            found.append((kind.decode(), size))
            at += size
            opened.seek(at)
    assert at == path.stat().st_size
    return found


def packets(path: Path | BytesIO) -> list[tuple[int, int | None, int | None, bytes]]:
    """Return all packets of a file: stream, times, content."""
    with av.open(path, "r") as container:
        return [
            (packet.stream_index, packet.pts, packet.dts, bytes(packet))
            for packet in container.demux()
            if packet.dts is not None
        ]


@pytest.mark.parametrize(
    "footage",
    [
        Footage("Door"),
        Footage("Door", b_frames=2, gop_frames=20),
        Footage("Door", audio=None),
        Footage("Door", codec="hevc", b_frames=2),
    ],
    ids=["plain", "b", "silent", "hevc"],
)
@pytest.mark.parametrize("step", [1, 7, 2**16])
def test_nothing_changes(tmp_path: Path, footage: Footage, step: int) -> None:
    """Every sample is there, at its time, whatever comes at once."""
    data = fragments(tmp_path, footage)
    path = tmp_path / "made.mp4"
    boxes = written(path, data, step=step)
    assert [kind for kind, _ in boxes] == ["ftyp", "moov", "free", "free", "mdat"]
    assert sorted(packets(path)) == sorted(packets(BytesIO(data)))
    frames = list(seen(path))
    assert len(frames) == 50
    with av.open(path) as container:
        video = container.streams.video[0]
        assert len(video.index_entries) == 50
        # Players go to key frames by the table.
        container.seek(3_000_000)
        first = next(container.decode(video))
        assert first.key_frame
        assert 1 <= (first.time or 0) <= 3
        for stream in container.streams:
            length = float((stream.duration or 0) * (stream.time_base or 0))
            assert length == pytest.approx(5, abs=0.1)


def test_too_little_room(tmp_path: Path) -> None:
    """A table that is larger than was counted comes behind the media."""
    data = fragments(tmp_path, Footage("Door", fps=100, gop_frames=100))
    # Each sample of another length needs the most.
    path = tmp_path / "made.mp4"
    file = ProgressiveFile(File.at(path), frames=0, sounds=0, duration_s=0)
    file._room = 100
    file.write(data)
    file.finish()
    assert len(list(seen(path))) == 500


def test_the_disk_begins_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All but the end of the media is on its way to the disk when the last of it comes."""
    monkeypatch.setattr(folder, "_BEGIN_EVERY_BYTES", 5000)
    begun: list[tuple[int, int]] = []
    held: list[int] = []

    def advise(descriptor: int, start: int, length: int, advice: int) -> None:
        begun.append((start, start + length))
        held.append(os.fstat(descriptor).st_size)

    monkeypatch.setattr(os, "posix_fadvise", advise)
    path = tmp_path / "made.mp4"
    boxes = written(path, fragments(tmp_path, Footage("Door")), step=1000)
    size_bytes = path.stat().st_size
    (media_bytes,) = [size for kind, size in boxes if kind == "mdat"]
    assert begun[0][0] == size_bytes - media_bytes + 8
    assert [end for _, end in begun[:-1]] == [start for start, _ in begun[1:]]
    assert size_bytes - begun[-1][1] < 5000
    # What the disk is told of, it has.
    assert [end for _, end in begun] == held


def test_beyond_four_gigabytes(tmp_path: Path) -> None:
    """Where media lies further than 32 bits can say, 64 say it."""
    data = fragments(tmp_path, Footage("Door"))
    path = tmp_path / "made.mp4"
    boxes = dict(written(path, data, frames=200_000_000))
    assert boxes["free"] > 2**32 or path.stat().st_size > 2**32
    # Nothing of that was written.
    assert path.stat().st_blocks * 512 < 2**20
    assert len(list(seen(path))) == 50


def test_sizes_of_64_bits(tmp_path: Path) -> None:
    """A box may say its size in more bits than it needs."""
    data = fragments(tmp_path, Footage("Door"))
    size = int.from_bytes(data[:4])
    wide = (1).to_bytes(4) + b"ftyp" + (size + 8).to_bytes(8)
    data = wide + data[8:]
    path = tmp_path / "made.mp4"
    written(path, data)
    assert len(list(seen(path))) == 50


def test_an_old_file_is_an_error(tmp_path: Path) -> None:
    """No file of that name is written over."""
    path = tmp_path / "made.mp4"
    path.write_bytes(b"old")
    with pytest.raises(FileExistsError):
        ProgressiveFile(File.at(path), frames=1, sounds=1, duration_s=1)
    assert path.read_bytes() == b"old"


def test_tables_take_little_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are packed while they grow, and unpacked bit by bit into the file."""
    monkeypatch.setattr(progressive, "_AT_ONCE", 2**10)
    data = fragments(tmp_path, Footage("Door", b_frames=2, gop_frames=20))
    once = packets(BytesIO(data))
    media_at = data.index(b"moof") - 4
    path = tmp_path / "made.mp4"
    rounds = 1000
    file = ProgressiveFile(
        File.at(path), frames=50 * rounds, sounds=300 * rounds, duration_s=5 * rounds
    )
    file.write(data[:media_at])
    media = data[media_at:]
    tracemalloc.start()
    try:
        for _ in range(rounds):
            file.write(media)
        file.finish()
        held_bytes, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # Sizes, durations and offsets of all would take more than 2 MB.
    assert peak_bytes < 1_000_000
    # What libav holds on to, until Python collects its circles, has none of it any more.
    assert held_bytes < 50_000
    contents = [content for *_, content in packets(path)]
    assert len(contents) == rounds * len(once)
    assert set(contents) == {content for *_, content in once}
