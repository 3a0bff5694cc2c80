"""The demonstration's own eyes: what it would call whole, and what not."""

from datetime import UTC, datetime, timedelta
import hashlib
from pathlib import Path
from typing import Any

from PIL import Image
import pytest

from .clouds.footage import Footage, Shot, Span, write
from .demo.check import debris, leaks, look, read_log
from .demo.offsite import copy_faults
from .demo.street import SCENES, Street

START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
END = START + timedelta(seconds=6)
ASKED = Span(START, END)
DOOR = Footage("Front door")
INTEGRATION = "custom_components/clip_download"
# As a line of Home Assistant's log begins.
TIME = "2026-11-21 09:00:00.000+00:00"


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Return a clip as it should be, with its companions."""
    path = tmp_path / "clip.mp4"
    DOOR.write(path, START, END)
    path.with_suffix(".json").write_text("{}")
    Image.new("RGB", (16, 9)).save(path.with_suffix(".jpg"))
    return path


def answer(clip: Path, /, **other: Any) -> dict[str, Any]:
    """Return what the action would answer for a clip."""
    content = clip.read_bytes()
    return {
        "status": "complete",
        "path": str(clip),
        "media_content_id": f"media-source://media_source/local/{clip.name}",
        "duration_s": 6.0,
        "size_bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "gaps": [],
        **other,
    }


def faults(clip: Path, /, **other: Any) -> str:
    """Return what is found to be wrong with a clip."""
    found = look(answer(clip, **other), ASKED, DOOR, clip.parent)
    return "\n".join(found.faults)


def test_whole_clip(clip: Path) -> None:
    """A clip as it should be has no faults, and is described."""
    found = look(answer(clip), ASKED, DOOR, clip.parent)
    assert found.faults == []
    assert found.codecs == "h264 + aac"
    assert found.shown == Span(START, END - timedelta(milliseconds=DOOR.frame_ms))
    assert found.duration_s == pytest.approx(6, abs=0.1)


@pytest.mark.parametrize(
    ("other", "fault"),
    [
        ({"status": "partial"}, "partial"),
        ({"status": "failed", "error": {"message": "no way"}}, "failed: no way"),
        ({"path": "/nowhere/clip.mp4"}, "there is no /nowhere/clip.mp4"),
        ({"size_bytes": 7}, "not 7"),
        ({"sha256": "0"}, "checksum"),
        ({"gaps": [{}]}, "gaps"),
        ({"duration_s": 60.0}, "the answer says 60.0 s"),
        ({"media_content_id": "media-source://other"}, "media id"),
    ],
)
def test_answer_that_lies(clip: Path, other: dict[str, Any], fault: str) -> None:
    """An answer that does not fit the file is a fault."""
    assert fault in faults(clip, **other)


@pytest.mark.parametrize(
    ("shots", "fault"),
    [
        ([Shot(DOOR, START + timedelta(seconds=2), END)], "it begins at"),
        ([Shot(DOOR, START, END - timedelta(seconds=2))], "it ends at"),
        ([Shot(DOOR, START - timedelta(seconds=3), END)], "it begins at"),
        ([Shot(Footage("Garden"), START, END)], "another camera"),
        (
            [
                Shot(DOOR, START, START + timedelta(seconds=2)),
                Shot(DOOR, START + timedelta(seconds=3), END),
            ],
            "frames are missing",
        ),
    ],
)
def test_wrong_footage(clip: Path, shots: list[Shot], fault: str) -> None:
    """What is decoded has to be what was asked for."""
    write(clip, shots, pts="joined")
    assert fault in faults(clip)


def test_damaged_clip(clip: Path) -> None:
    """A frame that cannot be read is a fault."""
    content = bytearray(clip.read_bytes())
    middle = content.find(b"mdat") + (len(content) - content.find(b"mdat")) // 2
    content[middle : middle + 4000] = bytes(4000)
    clip.write_bytes(content)
    assert "not decodable" in faults(clip)


def test_index_at_the_end(clip: Path) -> None:
    """A file that cannot start to play at once is a fault."""
    DOOR.write(clip, START, END, faststart=False)
    assert "index is at the end" in faults(clip)


def test_companions(clip: Path) -> None:
    """The record and the picture have to be there, and to be such."""
    clip.with_suffix(".json").write_text("[]")
    Image.new("RGB", (16, 9)).save(clip.with_suffix(".jpg"), "PNG")
    assert "record is no object" in faults(clip)
    assert "picture is PNG" in faults(clip)
    clip.with_suffix(".json").unlink()
    clip.with_suffix(".jpg").unlink()
    assert "no record" in faults(clip)
    assert "no picture" in faults(clip)


def test_debris(clip: Path) -> None:
    """Whatever else lies in the media folder is found."""
    assert debris(clip.parent, [clip]) == []
    work = clip.parent / ".clip_download"
    work.mkdir()
    (work / "part").touch()
    assert debris(clip.parent, [clip]) == [".clip_download/part"]


def test_copies(clip: Path, tmp_path: Path) -> None:
    """A copy that is missing, another, or nobody's is found."""
    stored = tmp_path / "stored"
    stored.mkdir()
    for one in ("clip.mp4", "clip.json", "other.jpg"):
        (stored / one).write_bytes(
            (clip.parent / one).read_bytes() if "clip" in one else b""
        )
    (stored / "clip.json").write_text("[]")
    found = {path.name: path for path in stored.iterdir()}
    assert list(copy_faults(found, clip.parent, [clip])) == [
        "clip.jpg has no copy",
        "nobody asked for a copy of other.jpg",
        "the copy of clip.json differs",
    ]


def test_leaks() -> None:
    """Secrets and signed URLs are found, and not told again."""
    places = {"log": b"key=open sesame", "record": b"https://x/?X-Amz-Signature=abc"}
    found = list(leaks(places, ["open sesame", "unseen"]))
    assert [fault.rpartition(" in ")[2] for fault in found] == ["log", "record"]
    assert "sesame" not in "".join(found)


@pytest.mark.parametrize(
    "line",
    [
        f"{TIME} ERROR (MainThread) [custom_components.clip_download] No",
        f"{TIME} WARNING (MainThread) [homeassistant.util.loop] Detected blocking call",
        "Traceback (most recent call last):",
        f"{TIME} ERROR (MainThread) [asyncio] Task was destroyed",
    ],
)
def test_log_alarms(line: str) -> None:
    """Each of these in the log is a fault."""
    assert read_log(f"nothing\n{line}\n").faults == [line]


@pytest.mark.parametrize(("path", "is_ours"), [("haffmpeg", 0), (INTEGRATION, 1)])
def test_log_traceback(path: str, is_ours: int) -> None:
    """A traceback is a fault where it goes through the integration."""
    log = (
        f"{TIME} ERROR (MainThread) [homeassistant] Error doing job: None (None)\n"
        "Traceback (most recent call last):\n"
        f'  File "/config/{path}/core.py", line 1, in open\n'
        "FileNotFoundError: no ffmpeg\n"
        f"{TIME} DEBUG (MainThread) [custom_components.clip_download] Fine"
    )
    assert len(read_log(log).faults) == 2 * is_ours


def test_log_warnings() -> None:
    """What is only a warning is shown, and that every such integration gets is not."""
    head = (
        "2026-11-21 09:00:00.000+00:00 WARNING (SyncWorker_0) [homeassistant.loader] "
    )
    warning = f"{head}clip_download is slow"
    log = f"{head}clip_download which has not been tested by Home Assistant\n{warning}"
    assert read_log(log) == ([warning], [])


def test_street(tmp_path: Path) -> None:
    """Each camera of the street sees something else, the same each time, and it moves."""
    shown = {Street(name).picture(START) for name in [*SCENES, "Front door"]}
    assert len(shown) == len(SCENES)
    door, night = Street("Front door"), START.replace(hour=23)
    moments = [START + timedelta(seconds=seconds) for seconds in range(0, 34, 3)]
    assert len({door.frame(one).to_ndarray().tobytes() for one in moments}) == 12
    assert door.frame(night).to_ndarray().mean() < door.frame(START).to_ndarray().mean()
    # A name that is no scene's is filmed all the same.
    covers = Street("<img src=x>").write(tmp_path / "clip.mp4", START, END)
    assert covers == ASKED
