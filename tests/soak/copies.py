"""Whether every clip has its copy at the store, once and whole, however often was killed."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
import contextlib
import hashlib
import json
from pathlib import Path
import sqlite3
from typing import Any

from tests.demo.offsite import ENDINGS

VIDEO, _, RECORD = ENDINGS
DRAFT = ".clip_download_part"
# What is still to be done for copies, as the database tells.
LEFT = """
    SELECT (SELECT COUNT(*) FROM copy_changes)
        + (SELECT COUNT(*) FROM copies WHERE state IN ('waiting', 'changed', 'leaving'))
"""


class Shelf:
    """What lies at a store that is a folder, and what has lain there."""

    def __init__(self, folder: Path) -> None:
        """Take the folder."""
        self._folder = folder
        self._hashes: dict[Path, tuple[int, int, str]] = {}
        # Of each clip whose copy was there with its record: what it is called.
        self._seen: dict[str, Path] = {}
        self._sent_over: list[tuple[Path, str]] = []

    def hear(self, method: str, path: str) -> None:
        """Take what the store is asked, before it does it: whether it has that already."""
        if method == "PUT" and path.endswith(f"{VIDEO}{DRAFT}"):
            final = self._folder / path.removesuffix(DRAFT).lstrip("/")
            with contextlib.suppress(OSError):
                self._sent_over.append((final, _sha256(final)))

    def faults(self) -> Iterator[str]:
        """Say what must not be at any time."""
        for path, told in self._records().items():
            if told is None:
                yield f"{self._short(path)}: no whole record"
                continue
            video = path.with_suffix(VIDEO)
            if not video.is_file():
                yield f"{self._short(path)}: a record without its clip"
            elif self._hash(video) != told["sha256"]:
                yield f"{self._short(video)}: not what its record says"
            else:
                self._seen.setdefault(told["clip_id"], path)
        for clip_id, path in self._seen.items():
            if not path.is_file():
                yield f"the copy {self._short(path)} of {clip_id} was there, and is gone"
        for path, before in self._sent_over:
            if path.is_file() and self._hash(path) == before:
                yield f"{self._short(path)} was sent twice"
        self._sent_over.clear()

    def faults_at_rest(self, clips: Sequence[Mapping[str, Any]]) -> Iterator[str]:
        """Say what must not be once all that is saved had time to be copied."""
        by_clip = defaultdict[str, list[Path]](list)
        records = self._records()
        for path, told in records.items():
            if told:
                by_clip[told["clip_id"]].append(path)
        for clip_id, paths in by_clip.items():
            if len(paths) > 1:
                yield f"{clip_id} is copied {len(paths)} times: {paths}"
        for row in clips:
            name = Path(row["path"]).name
            if not (paths := by_clip[row["id"]]):
                yield f"{name} has no copy"
                continue
            told = records[paths[0]] or {}
            if (told["label"], told["kept"]) != (row["label"], bool(row["kept"])):
                yield f"the copy of {name} has an older record"
            if not paths[0].with_suffix(".jpg").is_file():
                yield f"the copy of {name} has no picture"
        for path in self._folder.rglob("*"):
            if path.is_file() and path.with_suffix(RECORD) not in records:
                yield f"half a copy: {self._short(path)}"

    def _records(self) -> dict[Path, dict[str, Any] | None]:
        found: dict[Path, dict[str, Any] | None] = {}
        for path in self._folder.rglob(f"*{RECORD}"):
            try:
                found[path] = json.loads(path.read_bytes())
            except ValueError:
                found[path] = None
        return found

    def _hash(self, path: Path) -> str:
        about = path.stat()
        stamp = (about.st_size, about.st_mtime_ns)
        before = self._hashes.get(path)
        if before is None or before[:2] != stamp:
            before = self._hashes[path] = (*stamp, _sha256(path))
        return before[2]

    def _short(self, path: Path) -> Path:
        return path.relative_to(self._folder)


def are_done(database: Path) -> bool:
    """Return whether nothing waits to be copied. Blocks."""
    uri = f"file:{database}?mode=ro"
    with contextlib.suppress(sqlite3.Error):
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
            (left,) = connection.execute(LEFT).fetchone()
        return not left
    return False


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
