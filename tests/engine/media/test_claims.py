"""What a file claims is not believed: opening any takes little memory and time."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
import struct

import pytest

from custom_components.clip_download.engine.errors import ClipError, CloudError
from custom_components.clip_download.engine.folder import File
from custom_components.clip_download.engine.media import claims
from tests.engine.opener import WAYS, Opener, Took

from .hostile import HOSTILE, Box, changed, honest, mutated, words

# Beside what an honest file takes.
MOST_MORE_MB = 100
MOST_CPU_S = 20
QUICK_CPU_S = 0.3
# `script/bombs` does more of them.
MUTANTS = 30

# What is refused by what it claims; of the others something is shown, or they are told to
# be damaged.
BY_CLAIMS = {
    "2^24 samples",
    "2^25 samples",
    "2^26 samples",
    "samples of no byte",
    "80 MB of samples of one byte",
    "one sample of 120 MB",
    "80 MB of empty boxes",
    "plain sound",
    "2^28 composition times",
    "2^30 chunks",
    "2^30 key frames",
    "100,000 edits",
    "16 edits of a million samples",
    "a million samples",
    "10,000 tracks",
    "tables where they do not belong",
    "a compressed index",
    "a name of 120 MB",
    "parameter sets of 100 MB",
    "a picture size",
    "2^28 samples in a fragment",
    "fragments of 100,000 samples",
    "an index of segments",
    "15,000 fragments",
    "20,000 fragments",
    "200,000 fragments",
    "60 pictures of 15 MB in the same bytes",
    "fragments that say one size of 60 MB",
    "sound in packets of 15 MB",
    "a picture of 80 MB, TS",
    "a picture of 15,872 x 15,872, MP4",
    "a picture of 15,872 x 15,872, TS",
    "30 key frames in one, MP4",
}


@pytest.fixture(scope="module")
def opener(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opener]:
    """Return what opens files, having opened an honest one."""
    path = tmp_path_factory.mktemp("honest") / "0.mp4"
    path.write_bytes(honest())
    with Opener(path) as one:
        yield one


def open_here(path: Path, took: Took) -> None:
    """Open what took little in a process of its own in this one, which is measured."""
    if took.cpu_s < QUICK_CPU_S:
        for way in WAYS:
            with suppress(ClipError):
                way(File.at(path))


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile(opener: Opener, tmp_path: Path, name: str) -> None:
    """It takes little more than an honest file, and says what is wrong."""
    path = tmp_path / "0.part"
    path.write_bytes(HOSTILE[name]())
    took = opener.open(path)
    assert took.fault is None
    open_here(path, took)
    path.unlink()
    assert took.more_mb < MOST_MORE_MB
    assert took.cpu_s < MOST_CPU_S
    assert (took.told[0] == "body_implausible") == (name in BY_CLAIMS)
    assert set(took.told) <= {
        None,
        "body_implausible",
        "body_not_video",
        "body_truncated",
        "clip_not_playable",
    }


@pytest.mark.parametrize("kind", ["mp4", "fragmented", "mpegts"])
def test_mutants(opener: Opener, tmp_path: Path, kind: str) -> None:
    """Whatever sizes and counts say, no file takes much, and none does harm."""
    data = honest(
        "mpegts" if kind == "mpegts" else "mp4", is_fragmented=kind == "fragmented"
    )
    path = tmp_path / "0.part"
    for seed in range(MUTANTS):
        path.write_bytes(mutated(data, seed))
        took = opener.open(path)
        assert took.fault is None, seed
        assert took.more_mb < MOST_MORE_MB, seed
        assert took.cpu_s < MOST_CPU_S, seed
        open_here(path, took)


def test_a_day(tmp_path: Path) -> None:
    """The index of a day at 60 frames a second is believed of a clip, not of a part."""
    count = 24 * 3600 * 60

    def claim(file: Box) -> None:
        file.find(b"stsz").body = words(0, 0, count) + words(500) * count
        file.find(b"stts").body = words(0, 1, count, 1500)
        table = file.find(b"stbl")
        table.boxes.append(Box(b"ctts", words(0, count) + words(1, 0) * count))
        file.find(b"stsc").body = words(0, 1, 1, count, 1)

    path = tmp_path / "0.mp4"
    claimed = changed(claim)
    media_bytes = 500 * count
    with path.open("wb") as made:
        made.write(claimed + words(1) + b"free" + (16 + media_bytes).to_bytes(8))
        # The disk keeps what is never written as a hole.
        made.truncate(len(claimed) + 16 + media_bytes)
    with path.open("rb") as file:
        claims.check(file, "mp4", most_samples=claims.MOST_CLIP_SAMPLES)
        with pytest.raises(CloudError, match="body_implausible"):
            claims.check(file, "mp4")


def duration_s(path: Path, content: bytes) -> float | None:
    """Return how long an MP4 of these bytes says that it is."""
    path.write_bytes(content)
    with path.open("rb") as file:
        duration = claims.duration_of(file)
    return duration.total_seconds() if duration else None


def header(version: int, rate: int, ticks: int) -> bytes:
    """Return an MP4 with nothing but a movie header."""
    times = struct.pack(">QQIQ" if version else ">IIII", 0, 0, rate, ticks)
    body = bytes([version, 0, 0, 0]) + times + bytes(80)
    mvhd = words(len(body) + 8) + b"mvhd" + body
    return words(len(mvhd) + 8) + b"moov" + mvhd


def test_duration(tmp_path: Path) -> None:
    """It is what the movie header says, if that can be; a file has to be whole."""
    path = tmp_path / "0.mp4"
    content = honest()
    assert duration_s(path, content) == pytest.approx(3, abs=0.1)
    assert duration_s(path, honest(is_fragmented=True)) is None
    assert duration_s(path, header(0, 1000, 2500)) == 2.5
    assert duration_s(path, header(1, 1000, 2500)) == 2.5
    for rate, ticks in ((0, 1), (1000, 0), (1, 2**32 - 1)):
        assert duration_s(path, header(0, rate, ticks)) is None
    assert duration_s(path, header(1, 1, 2**64 - 1)) is None
    assert duration_s(path, words(8) + b"moov") is None
    assert duration_s(path, words(16) + b"moov" + words(8) + b"mvhd") is None
    for damaged in (content[:-1], b"", words(8) + b"ftyp", b"no MP4 at all"):
        with pytest.raises(CloudError):
            duration_s(path, damaged)
