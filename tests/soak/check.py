"""Whether all is as it must be: files, sidecars and the database, by what is in them.

What the integration does inside is not looked at, only what is there in the end.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
import contextlib
from dataclasses import dataclass, field
import hashlib
import json
from pathlib import Path
import shutil
import sqlite3
import tempfile
from typing import Any
import zipfile

import av
from PIL import Image

from tests.clouds.footage import Footage, Span
from tests.demo.check import look

DATABASE = "clip_download.db"
QUERIES = {
    "jobs": "SELECT * FROM jobs",
    "clips": "SELECT * FROM clips",
    "cameras": "SELECT * FROM cameras",
    "days": "SELECT * FROM days",
}
ENDINGS = {".mp4", ".json", ".jpg"}
ENDED = {"saved", "failed"}
# That it ended too often over the footage is a reason: so it did.
GOOD_REASONS = {"gave_up_after_restarts"}


@dataclass(kw_only=True)
class Wanted:
    """One clip that was asked for, by its label or, of an event, by that one's id.

    `job_id` is known if the answer came before the kill. Of one that is `replaced` by
    others under the same name, or `deleted`, the file may be gone.
    """

    name: str
    footage: Footage
    window: Span
    at_kill: int
    job_id: str | None = None
    is_event: bool = False
    must_be: bool = False
    may_be_gone: bool = False


@dataclass(kw_only=True)
class Tally:
    """What came of what was asked for."""

    saved: set[str] = field(default_factory=set)
    failed: Counter[str] = field(default_factory=Counter)
    unheard: int = 0


@dataclass
class Checked:
    """Files that were looked through, so that it is done once."""

    seen: dict[Path, tuple[int, int, list[str]]] = field(default_factory=dict)


class Publisher:
    """What is on the disk and in the database."""

    def __init__(self, media: Path, config: Path, checked: Checked) -> None:
        """Take the folders; `checked` is what was found of files before."""
        self._media = media
        self._config = config
        self._checked = checked

    def rows(self) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """Return the tables; a copy is read, so that SQLite changes nothing.

        Raises sqlite3.Error if the database is not whole.
        """
        with tempfile.TemporaryDirectory() as folder:
            for ending in ("", "-wal"):
                with contextlib.suppress(FileNotFoundError):
                    shutil.copy(f"{self._config / DATABASE}{ending}", folder)
            path = Path(folder, DATABASE)
            with contextlib.closing(sqlite3.connect(path)) as database:
                database.row_factory = sqlite3.Row
                (found,) = database.execute("PRAGMA integrity_check").fetchone()
                if found != "ok":
                    raise sqlite3.DatabaseError(found)
                return {
                    table: list(map(dict, database.execute(query)))
                    for table, query in QUERIES.items()
                }

    def final_files(self) -> list[Path]:
        """Return what is there that is not hidden, nor in a hidden folder."""
        return [
            path
            for path in sorted(self._media.rglob("*"))
            if path.is_file() and not self._is_hidden(path)
        ]

    def file_faults(self) -> Iterator[str]:
        """Say which files have a final name and are not whole, at any time."""
        for path in self.final_files():
            about = path.stat()
            stamp = (about.st_size, about.st_mtime_ns)
            before = self._checked.seen.get(path)
            if before is None or before[:2] != stamp:
                before = (*stamp, list(_whole_faults(path)))
                self._checked.seen[path] = before
            for fault in before[2]:
                yield f"{self._short(path)}: {fault}"

    def left_overs(self, known: Collection[Path] = ()) -> Iterator[str]:
        """Say what is there, once nothing is under way, that nobody asked for."""
        for path in sorted(self._media.rglob("*")):
            if self._is_hidden(path):
                yield f"left over: {self._short(path)}"
            elif path.is_dir():
                if not any(path.iterdir()):
                    yield f"left over: an empty folder {self._short(path)}"
            elif path.suffix == ".zip":
                if path not in known:
                    yield f"left over: {self._short(path)}"
            elif path.suffix not in ENDINGS:
                yield f"left over: {self._short(path)}"
            elif not path.with_suffix(".mp4").is_file():
                yield f"left over: {self._short(path)}, without its clip"
        for path in sorted(self._config.iterdir()):
            name = path.name
            if "clip_download" in name and name not in {
                DATABASE,
                f"{DATABASE}-wal",
                f"{DATABASE}-shm",
            }:
                yield f"left over: /config/{name}"

    def faults(
        self, wanted: Iterable[Wanted], zips: Collection[Path]
    ) -> tuple[list[str], Tally]:
        """Return what is wrong once nothing is under way, and what came of all."""
        try:
            rows = self.rows()
        except sqlite3.Error as err:
            return [f"the database is not whole: {err}"], Tally()
        sidecars = self._sidecars()
        faults = [*self.file_faults(), *self.left_overs(zips)]
        faults += _row_faults(rows, sidecars)
        more, tally = _job_faults(list(wanted), rows, sidecars, self._look)
        return [*faults, *more], tally

    def _look(self, path: Path, one: Wanted, told: Mapping[str, Any]) -> list[str]:
        """Compare a clip with what was asked for, once, as long as it stays the same."""
        about = path.stat()
        key = path.with_name(f"{path.name}?")
        stamp = (about.st_size, about.st_mtime_ns)
        before = self._checked.seen.get(key)
        if before is None or before[:2] != stamp:
            answer = {
                **told,
                "path": str(path),
                "media_content_id": f"local/{path.relative_to(self._media)}",
            }
            try:
                faults = look(answer, one.window, one.footage, self._media).faults
            except (OSError, ValueError, av.FFmpegError) as err:
                faults = [f"cannot be read: {err}"]
            before = (*stamp, faults)
            self._checked.seen[key] = before
        return before[2]

    def _sidecars(self) -> dict[Path, dict[str, Any]]:
        """Return what the sidecars say, by the path of their clip."""
        found = {}
        for path in self.final_files():
            if path.suffix == ".json":
                with contextlib.suppress(ValueError):
                    found[path.with_suffix(".mp4")] = json.loads(path.read_bytes())
        return found

    def _is_hidden(self, path: Path) -> bool:
        return any(part.startswith(".") for part in path.relative_to(self._media).parts)

    def _short(self, path: Path) -> Path:
        return path.relative_to(self._media)


def _whole_faults(path: Path) -> Iterator[str]:
    """Say what is wrong with a file by itself."""
    content = path.read_bytes()
    match path.suffix:
        case ".mp4":
            # Whole is what the first of its boxes say, up to the last byte.
            if not content or _boxes_end(content) != len(content):
                yield f"no whole file ({len(content)} bytes)"
        case ".json":
            try:
                if not isinstance(json.loads(content), dict):
                    yield "no record"
            except ValueError:
                yield f"no whole record ({len(content)} bytes)"
        case ".jpg":
            try:
                with Image.open(path) as image:
                    image.load()
            except OSError, ValueError:
                yield f"no whole picture ({len(content)} bytes)"
        case ".zip":
            try:
                with zipfile.ZipFile(path) as archive:
                    if wrong := archive.testzip():
                        yield f"{wrong} in it is damaged"
            except zipfile.BadZipFile as err:
                yield f"no whole ZIP: {err}"


def _boxes_end(content: bytes) -> int:
    """Return where the last of the boxes of an MP4 ends, by their own lengths."""
    at = 0
    kinds = set()
    while at + 8 <= len(content):
        size = int.from_bytes(content[at : at + 4])
        kinds.add(content[at + 4 : at + 8])
        if size == 1:
            size = int.from_bytes(content[at + 8 : at + 16])
        if size < 8:
            return -1
        at += size
    return at if {b"ftyp", b"moov", b"mdat"} <= kinds else -1


def _clip_faults(
    path: Path, row: Mapping[str, Any], told: Mapping[str, Any] | None
) -> Iterator[str]:
    """Compare a clip's row with its files."""
    if not path.is_file():
        yield f"an orphan row: {path.name} has no file"
        return
    if hashlib.sha256(path.read_bytes()).hexdigest() != row["sha256"]:
        yield f"{path.name} is not what its row says"
    if told is None:
        yield f"{path.name} has no sidecar"
        return
    same = {
        "clip_id": row["id"],
        "job_id": row["job_id"],
        "sha256": row["sha256"],
        "label": row["label"],
        "kept": bool(row["kept"]),
        "status": row["status"],
        "size_bytes": row["size_bytes"],
    }
    for name, value in same.items():
        if told[name] != value:
            yield f"{path.name}: {name} is {value} in its row, {told[name]} beside it"
    if not path.with_suffix(".jpg").is_file():
        yield f"{path.name} has no picture"


def _row_faults(
    rows: Mapping[str, Sequence[Mapping[str, Any]]],
    sidecars: Mapping[Path, Mapping[str, Any]],
) -> Iterator[str]:
    """Compare the database with what lies on the disk, and with itself."""
    clips = {Path(row["path"]): row for row in rows["clips"]}
    for path, row in clips.items():
        yield from _clip_faults(path, row, sidecars.get(path))
    for path in sidecars:
        if path.is_file() and path not in clips:
            yield f"{path.name} is not in the database"
    by_camera = Counter((row["account_id"], row["camera_id"]) for row in rows["clips"])
    counted = {
        (row["account_id"], row["camera_id"]): row["clips"] for row in rows["cameras"]
    }
    if counted != dict(by_camera):
        yield f"the cameras' clips are counted as {counted}, and are {by_camera}"
    if sum(row["clips"] for row in rows["days"]) != len(clips):
        yield "the days' clips are counted wrongly"
    jobs = {row["id"]: row for row in rows["jobs"]}
    for row in jobs.values():
        if row["state"] not in ENDED:
            yield f"job {row['id']} ({row['label']}) is still {row['state']}"
    for row in clips.values():
        job = jobs.get(row["job_id"])
        if job is None or job["state"] != "saved":
            yield f"{row['path']} is a clip of a job that is not saved"


def _missing_faults(
    one: Wanted, name: str, jobs: Sequence[Mapping[str, Any]], tally: Tally
) -> Iterator[str]:
    """Ask the jobs why there is no clip of something, and count it."""
    if one.is_event:
        if one.must_be and not one.may_be_gone:
            yield f"event {name} was not saved"
        return
    if not jobs:
        if one.job_id:
            yield f"{name}: job {one.job_id} was promised, and is unknown"
        tally.unheard += 1
        return
    row = jobs[0]
    if row["state"] == "failed":
        error = json.loads(row["error"] or "{}")
        key = error.get("key", "")
        tally.failed[key] += 1
        if key not in GOOD_REASONS:
            yield f"{name} failed: {error}"
    elif row["state"] == "saved":
        tally.saved.add(one.name)
        if not one.may_be_gone:
            yield f"{name} is saved, it says, and is not there"


def _job_faults(
    wanted: Sequence[Wanted],
    rows: Mapping[str, Sequence[Mapping[str, Any]]],
    sidecars: Mapping[Path, Mapping[str, Any]],
    looked: Any,
) -> tuple[list[str], Tally]:
    """Compare what there is with what was asked for."""
    tally, faults = Tally(), list[str]()
    by_label, by_event = defaultdict(list), defaultdict(list)
    for path, told in sidecars.items():
        if not path.is_file():
            continue
        if told["saves"]:
            for event in told["saves"]:
                by_event[event["id"]].append(path)
        else:
            by_label[told["label"]].append(path)
    jobs = defaultdict(list)
    for row in rows["jobs"]:
        jobs[row["label"]].append(row)
    for one in wanted:
        paths = (by_event if one.is_event else by_label).pop(one.name, [])
        name = f"{one.name} (asked before kill {one.at_kill})"
        if len(paths) > 1:
            faults.append(f"{name} is there {len(paths)} times: {paths}")
        for path in paths:
            faults += [
                f"{name}: {path.name}: {fault}"
                for fault in looked(path, one, sidecars[path])
            ]
        if paths:
            tally.saved.add(one.name)
        else:
            faults += _missing_faults(one, name, jobs.get(one.name, ()), tally)
    for what in (by_label, by_event):
        for key, paths in what.items():
            if what is by_label or key:
                faults.append(f"nobody asked for {key}: {paths}")
    return faults, tally
