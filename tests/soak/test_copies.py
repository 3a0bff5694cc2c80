"""What looks at the copies sees each thing that must not be."""

from collections.abc import Callable
import contextlib
import hashlib
import json
from pathlib import Path
import sqlite3
from typing import Any

import pytest

from .copies import Shelf, are_done

CLIP = b"a clip"
ROW = {"id": "c1", "path": "/media/front/n1.mp4", "label": "n1", "kept": 0}
ME = "0123456789abcdef"


def put(folder: Path, name: str = "n1", **changes: Any) -> Path:
    """Put a copy into the store; return where its clip is."""
    path = folder / ME / "front" / f"{name}.mp4"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(CLIP)
    path.with_suffix(".jpg").write_bytes(b"")
    told = {"clip_id": "c1", "label": "n1", "kept": False}
    told |= {"sha256": hashlib.sha256(CLIP).hexdigest()} | changes
    path.with_suffix(".json").write_text(json.dumps(told))
    return path


def look(folder: Path, shelf: Shelf | None = None) -> list[str]:
    """Return all that is wrong."""
    shelf = shelf or Shelf(folder)
    return [*shelf.faults(), *shelf.faults_at_rest([ROW])]


def test_all_is_well(tmp_path: Path) -> None:
    """Nothing is wrong with a clip that is copied once and whole."""
    put(tmp_path)
    assert look(tmp_path) == []


@pytest.mark.parametrize(
    ("harm", "fault"),
    [
        (lambda clip: clip.write_bytes(b"half"), "not what its record says"),
        (lambda clip: clip.unlink(), "a record without its clip"),
        (lambda clip: clip.with_suffix(".json").unlink(), "n1.mp4 has no copy"),
        (lambda clip: clip.with_suffix(".json").unlink(), "half a copy"),
        (lambda clip: clip.with_suffix(".json").write_text("{"), "no whole record"),
        (lambda clip: clip.with_suffix(".jpg").unlink(), "has no picture"),
        (lambda clip: put(clip.parents[2], "n1_2"), "copied 2 times"),
        (lambda clip: put(clip.parents[2], label="old"), "an older record"),
        (
            lambda clip: clip.with_name("n2.mp4.clip_download_part").touch(),
            "half a copy",
        ),
    ],
)
def test_harm(tmp_path: Path, harm: Callable[[Path], object], fault: str) -> None:
    """Each harm to a copy is seen."""
    harm(put(tmp_path))
    assert fault in "\n".join(look(tmp_path))


def test_lost(tmp_path: Path) -> None:
    """A copy that was there and is gone is seen, also if its clip is gone at home."""
    shelf, clip = Shelf(tmp_path), put(tmp_path)
    assert look(tmp_path, shelf) == []
    for ending in (".mp4", ".jpg", ".json"):
        clip.with_suffix(ending).unlink()
    assert "was there, and is gone" in "\n".join(shelf.faults())


def test_sent_twice(tmp_path: Path) -> None:
    """A file that is sent where the same one lies is seen, another one's name is not."""
    shelf, clip = Shelf(tmp_path), put(tmp_path)
    sent = f"/{clip.relative_to(tmp_path)}.clip_download_part"
    shelf.hear("PUT", sent.replace("n1", "n2"))
    shelf.hear("GET", sent)
    assert look(tmp_path, shelf) == []
    shelf.hear("PUT", sent)
    assert "was sent twice" in "\n".join(shelf.faults())


@pytest.mark.parametrize(
    ("query", "is_done"),
    [
        ("INSERT INTO copies VALUES ('copied')", True),
        ("INSERT INTO copies VALUES ('waiting')", False),
        ("INSERT INTO copy_changes VALUES ('c1')", False),
    ],
)
def test_done(tmp_path: Path, query: str, is_done: bool) -> None:
    """It is done once nothing is noted and no row waits."""
    path = tmp_path / "database"
    assert not are_done(path)
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE copy_changes (clip_id TEXT)")
        database.execute("CREATE TABLE copies (state TEXT)")
        database.execute(query)
    assert are_done(path) == is_done
