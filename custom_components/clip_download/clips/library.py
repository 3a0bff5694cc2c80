"""The database of jobs and clips. Files and sidecars are the truth about clips."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
import json
from pathlib import Path
import sqlite3
from typing import Any, Self

from ..sources.base import Wishes
from .errors import ClipError, StorageError
from .window import Window, from_ms, to_ms

SCHEMA_VERSION = 1
# Jobs that ended are only of interest to who looks for a recent fault.
ENDED_JOBS_KEPT = timedelta(days=30)

_SCHEMA = """
CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    camera_id TEXT NOT NULL,
    camera_name TEXT NOT NULL,
    start_ms INTEGER NOT NULL,
    end_ms INTEGER NOT NULL,
    asked_at_ms INTEGER NOT NULL,
    give_up_at_ms INTEGER NOT NULL,
    root TEXT NOT NULL,
    filename TEXT NOT NULL,
    label TEXT NOT NULL,
    overwrite INTEGER NOT NULL,
    wishes TEXT NOT NULL,
    state TEXT NOT NULL,
    result TEXT,
    error TEXT,
    updated_at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX jobs_by_account ON jobs (account_id, state, asked_at_ms);
CREATE TABLE clips (
    id TEXT PRIMARY KEY,
    job_id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    camera_id TEXT NOT NULL,
    camera_name TEXT NOT NULL,
    start_ms INTEGER NOT NULL,
    end_ms INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    label TEXT NOT NULL,
    status TEXT NOT NULL,
    path TEXT NOT NULL UNIQUE,
    size_bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    video_codec TEXT NOT NULL,
    audio_codec TEXT,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    events TEXT NOT NULL,
    gaps TEXT NOT NULL,
    saved_at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX clips_by_camera ON clips (account_id, camera_id, start_ms);
"""


class JobState(StrEnum):
    """Where a job is on its way."""

    QUEUED = "queued"
    WAITING = "waiting"
    FETCHING = "fetching"
    FINISHING = "finishing"
    SAVED = "saved"
    FAILED = "failed"


class ClipStatus(StrEnum):
    """Whether the window is all there."""

    COMPLETE = "complete"
    PARTIAL = "partial"


@dataclass(frozen=True, kw_only=True)
class Clip:
    """One saved file and its record."""

    id: str
    job_id: str
    account_id: str
    camera_id: str
    camera_name: str
    window: Window
    duration_ms: int
    label: str
    status: ClipStatus
    path: Path
    size_bytes: int
    sha256: str
    video_codec: str
    audio_codec: str | None
    width: int
    height: int
    events: tuple[str, ...]
    gaps: tuple[Window, ...]
    saved_at: datetime


@dataclass(frozen=True, kw_only=True)
class Job:
    """One request to save one camera's window, as it is kept.

    `root` is the media folder, `filename` the clip's path below it without ending.
    `clips` are set before they get their names, so that a job that is killed there
    finds them again.
    """

    id: str
    account_id: str
    camera_id: str
    camera_name: str
    window: Window
    asked_at: datetime
    give_up_at: datetime
    root: Path
    filename: str
    label: str = ""
    overwrite: bool = False
    wishes: Wishes = field(default_factory=Wishes)
    state: JobState = JobState.QUEUED
    clips: tuple[Clip, ...] = ()
    error: ClipError | None = None

    @property
    def request(self) -> tuple[Any, ...]:
        """What makes two jobs the same request."""
        return (
            self.camera_id,
            self.window,
            self.root,
            self.filename,
            self.label,
            self.overwrite,
            self.wishes,
        )


class Library:
    """The database, used from the event loop; every query runs in the one thread.

    Every method raises StorageError (`library_unusable`) if the database fails.
    """

    def __init__(self, path: Path) -> None:
        """Take the database's path; `open` makes it if it is missing."""
        self._path = path
        # One thread keeps the queries in the order in which they were asked.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="clip_library")

    async def open(self) -> Self:
        """Open or make the database.

        Raises StorageError if it cannot be read, or was written by a newer release.
        """
        try:
            await self._run(self._open)
        except StorageError:
            await self._end_thread()
            raise
        return self

    async def close(self) -> None:
        """Close the database once all that was asked of it is done."""
        await self._run(self._database.close)
        await self._end_thread()

    async def add_job(self, job: Job) -> None:
        """Keep a new job."""
        row = _job_row(job)
        await self._write(
            f"INSERT INTO jobs ({', '.join(row)}) VALUES ({_marks(row)})",  # noqa: S608
            row,
        )

    async def update_job(self, job: Job) -> None:
        """Keep where a job has come to."""
        row = _job_row(job)
        await self._write(_update(row), row)

    async def unfinished_jobs(self, account_id: str) -> list[Job]:
        """Return the account's jobs that were asked for and have not ended."""
        return await self._jobs(
            "WHERE account_id = ? AND state NOT IN (?, ?) ORDER BY asked_at_ms",
            (account_id, JobState.SAVED, JobState.FAILED),
        )

    async def recent_jobs(self, account_id: str, most: int) -> list[Job]:
        """Return the account's newest jobs."""
        return await self._jobs(
            "WHERE account_id = ? ORDER BY asked_at_ms DESC LIMIT ?", (account_id, most)
        )

    async def finish_job(self, job: Job) -> None:
        """Keep that a job is saved, and its clips, in one step."""
        clips = [_clip_row(clip) for clip in job.clips]
        row = _job_row(job)

        def write() -> None:
            with self._database:
                for clip in clips:
                    self._database.execute(
                        f"INSERT OR REPLACE INTO clips ({', '.join(clip)}) "  # noqa: S608
                        f"VALUES ({_marks(clip)})",
                        clip,
                    )
                self._database.execute(_update(row), row)

        await self._run(write)

    async def last_clip(self, account_id: str, camera_id: str) -> Clip | None:
        """Return the camera's latest clip by the time that it shows."""
        rows = await self._read(
            "SELECT * FROM clips WHERE account_id = ? AND camera_id = ? "
            "ORDER BY start_ms DESC LIMIT 1",
            (account_id, camera_id),
        )
        return _clip(rows[0]) if rows else None

    async def forget_account(self, account_id: str) -> None:
        """Forget the jobs of a removed account; its clips stay."""
        await self._write("DELETE FROM jobs WHERE account_id = ?", (account_id,))

    def _open(self) -> None:
        self._database = sqlite3.connect(self._path)
        try:
            self._prepare()
        except BaseException:
            self._database.close()
            raise

    def _prepare(self) -> None:
        database = self._database
        database.row_factory = sqlite3.Row
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            raise StorageError("library_newer", path=str(self._path))
        database.execute("PRAGMA journal_mode = WAL")
        if version == 0:
            database.executescript(
                f"BEGIN; {_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
            )
        oldest = to_ms(datetime.now(UTC) - ENDED_JOBS_KEPT)
        with database:
            database.execute(
                "DELETE FROM jobs WHERE state IN (?, ?) AND updated_at_ms < ?",
                (JobState.SAVED, JobState.FAILED, oldest),
            )

    async def _jobs(self, where: str, values: Sequence[Any]) -> list[Job]:
        rows = await self._read(f"SELECT * FROM jobs {where}", values)  # noqa: S608
        return [_job(row) for row in rows]

    async def _read(self, query: str, values: Sequence[Any]) -> list[sqlite3.Row]:
        return await self._run(lambda: self._database.execute(query, values).fetchall())

    async def _write(self, query: str, values: Sequence[Any] | dict[str, Any]) -> None:
        def write() -> None:
            with self._database:
                self._database.execute(query, values)

        await self._run(write)

    async def _end_thread(self) -> None:
        await asyncio.get_running_loop().run_in_executor(None, self._thread.shutdown)

    async def _run[T](self, call: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, call)
        except sqlite3.Error as err:
            raise StorageError(
                "library_unusable", path=str(self._path), reason=str(err)
            ) from err


def _update(row: dict[str, Any]) -> str:
    changes = ", ".join(f"{name} = :{name}" for name in row)
    return f"UPDATE jobs SET {changes} WHERE id = :id"  # noqa: S608


def _marks(row: dict[str, Any]) -> str:
    return ", ".join(f":{name}" for name in row)


def _job_row(job: Job) -> dict[str, Any]:
    error = job.error
    return {
        "id": job.id,
        "account_id": job.account_id,
        "camera_id": job.camera_id,
        "camera_name": job.camera_name,
        "start_ms": job.window.start_ms,
        "end_ms": job.window.end_ms,
        "asked_at_ms": to_ms(job.asked_at),
        "give_up_at_ms": to_ms(job.give_up_at),
        "root": str(job.root),
        "filename": job.filename,
        "label": job.label,
        "overwrite": job.overwrite,
        "wishes": json.dumps(asdict(job.wishes)),
        "state": job.state,
        "result": json.dumps([_clip_row(clip) for clip in job.clips]),
        "error": json.dumps({"key": error.key, **error.placeholders})
        if error
        else None,
        "updated_at_ms": to_ms(datetime.now(UTC)),
    }


def _job(row: sqlite3.Row) -> Job:
    error = json.loads(row["error"]) if row["error"] else None
    return Job(
        id=row["id"],
        account_id=row["account_id"],
        camera_id=row["camera_id"],
        camera_name=row["camera_name"],
        window=Window.of_ms(row["start_ms"], row["end_ms"]),
        asked_at=from_ms(row["asked_at_ms"]),
        give_up_at=from_ms(row["give_up_at_ms"]),
        root=Path(row["root"]),
        filename=row["filename"],
        label=row["label"],
        overwrite=bool(row["overwrite"]),
        wishes=Wishes(**json.loads(row["wishes"])),
        state=JobState(row["state"]),
        clips=tuple(_clip(clip) for clip in json.loads(row["result"] or "[]")),
        error=ClipError(**error) if error else None,
    )


def _clip_row(clip: Clip) -> dict[str, Any]:
    return {
        "id": clip.id,
        "job_id": clip.job_id,
        "account_id": clip.account_id,
        "camera_id": clip.camera_id,
        "camera_name": clip.camera_name,
        "start_ms": clip.window.start_ms,
        "end_ms": clip.window.end_ms,
        "duration_ms": clip.duration_ms,
        "label": clip.label,
        "status": clip.status,
        "path": str(clip.path),
        "size_bytes": clip.size_bytes,
        "sha256": clip.sha256,
        "video_codec": clip.video_codec,
        "audio_codec": clip.audio_codec,
        "width": clip.width,
        "height": clip.height,
        "events": json.dumps(clip.events),
        "gaps": json.dumps([[gap.start_ms, gap.end_ms] for gap in clip.gaps]),
        "saved_at_ms": to_ms(clip.saved_at),
    }


def _clip(row: sqlite3.Row | dict[str, Any]) -> Clip:
    return Clip(
        id=row["id"],
        job_id=row["job_id"],
        account_id=row["account_id"],
        camera_id=row["camera_id"],
        camera_name=row["camera_name"],
        window=Window.of_ms(row["start_ms"], row["end_ms"]),
        duration_ms=row["duration_ms"],
        label=row["label"],
        status=ClipStatus(row["status"]),
        path=Path(row["path"]),
        size_bytes=row["size_bytes"],
        sha256=row["sha256"],
        video_codec=row["video_codec"],
        audio_codec=row["audio_codec"],
        width=row["width"],
        height=row["height"],
        events=tuple(json.loads(row["events"])),
        gaps=tuple(Window.of_ms(*gap) for gap in json.loads(row["gaps"])),
        saved_at=from_ms(row["saved_at_ms"]),
    )
