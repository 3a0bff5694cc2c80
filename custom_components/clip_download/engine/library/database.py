"""The database of jobs and clips. Files and sidecars are the truth about clips."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
import contextlib
from dataclasses import asdict
from datetime import UTC, datetime, timedelta, tzinfo
import functools
import json
import logging
from pathlib import Path
import sqlite3
from typing import Any, Self

from ..errors import (
    ClipError,
    InvalidRequestError,
    LibraryError,
    NoFootageError,
    NothingBeforeError,
    RefusedError,
    StorageError,
    error_of,
    type_name,
)
from ..model import Clip, ClipStatus, Clock, Codec, Event, Job, JobState, MediaOptions
from ..time_range import Window, from_ms, to_ms
from . import schema, sidecar

_LOGGER = logging.getLogger(__name__)

# Jobs that ended are only needed to find the cause of a recent fault.
ENDED_JOBS_KEPT = timedelta(days=30)
# How long the log gets before it is written into the file: SQLite's own measure, and
# one for a rebuild, which changes the same pages of the indexes again and again.
_LOG_PAGES, _LOG_PAGES_OF_REBUILD = 1000, 10_000
# The log's file gets as small again.
_LOG_BYTES = 4 * 2**20
# No cloud keeps recordings for longer: what was saved of it is not seen again.
EVENTS_REMEMBERED = timedelta(days=400)

# An event whose clip was made, whoever asked for it.
MARK_SAVED = """
INSERT INTO events
    (account_id, camera_id, id, kind, seen, start_ms, end_ms, is_ready, state, clip_id)
    VALUES (:account_id, :camera_id, :id, :kind, :seen, :start_ms, :end_ms, :is_ready,
        'saved', :clip_id)
    ON CONFLICT DO UPDATE SET state = 'saved', clip_id = excluded.clip_id
"""


CLIP_COLUMNS = (
    *("id", "job_id", "account_id", "account_name", "source", "camera_id"),
    *("camera_name", "start_ms", "end_ms", "duration_ms", "label", "status", "path"),
    *("size_bytes", "sha256", "video_codec", "audio_codec", "width", "height"),
    *("events", "gaps", "saved_at_ms", "saves", "kept", "modified_ns"),
)
# What is recorded of a clip, but for its group.
RECORDED = (*CLIP_COLUMNS, "day")
ACCOUNT, CAMERA, ID, KEPT, PATH, SAVES, _SIZE = map(
    RECORDED.index,
    ("account_id", "camera_id", "id", "kept", "path", "saves", "size_bytes"),
)
_GROUPED_BY = (
    *("account_id", "camera_id", "label", "status", "kept", "kinds", "seen"),
    "search_text",
)
_ENDED = {JobState.SAVED, JobState.FAILED}
# What clips are found by that are kept; the last word of their groups' text.
_KEPT_WORD = "kept"
# After how many steps of a check it may end.
_CHECKED_AT_ONCE = 10_000
_UNFINISHED_JOBS = "SELECT * FROM jobs WHERE state NOT IN ('saved', 'failed')"
# As SQLite writes JSON.
_COMPACT = (",", ":")

# The values of RECORDED, and of _GROUPED_BY. Plain tuples: of many, the garbage collector
# looks at none twice.
type Record = tuple[tuple[Any, ...], tuple[Any, ...]]


class Library:
    """The database, used from the event loop; its queries run in one thread.

    Every method raises StorageError (`library_unusable`) if the database fails. A
    damaged database is moved aside, a new one is made, and `when_lost` is called. A
    rebuild (`reindex.py`) brings the clips back; jobs that cannot be read are lost.
    """

    def __init__(self, path: Path, time_zone: tzinfo = UTC) -> None:
        """Take the path of the database, which `open` makes if it is missing.

        A clip belongs to the day on which it begins in `time_zone`.
        """
        self._path = path
        self.time_zone = time_zone
        self.when_lost: Callable[[], None] = lambda: None
        # The task that checks the database, and rebuilds it if that is due.
        self.maintenance: asyncio.Task[None] | None = None
        self._rebuilding = asyncio.Lock()
        self._is_in_backup = False
        self._remembered_mounts: set[Path] = set()
        # One thread keeps the queries in the order in which they were asked.
        self._thread = _new_thread()
        self._queries = 0
        # How many databases were moved aside.
        self._number = 0
        self._is_resting = False
        self._is_closed = False

    async def open(self) -> Self:
        """Open or make the database; a damaged one is moved aside.

        Raises StorageError if it cannot be read, or was written by a newer release.
        """
        try:
            await self._run(self._open)
        except StorageError:
            await self._end_thread()
            raise
        return self

    async def close(self) -> None:
        """Close the database after all queries that were begun."""
        self._is_closed = True
        if not self._is_resting:
            await self._run(self._close)
        await self._end_thread()

    async def rest(self) -> bool:
        """Close the database and end its thread until the next query.

        Return False if it is in use.
        """
        if self._is_closed or self._is_resting:
            return True
        if self._queries or self._is_in_backup:
            return False
        self._is_resting = True
        thread, self._thread = self._thread, _new_thread()
        thread.submit(self._database.close)
        await asyncio.get_running_loop().run_in_executor(None, thread.shutdown)
        return True

    @contextlib.asynccontextmanager
    async def rebuilding(self) -> AsyncIterator[None]:
        """Prepare for a rebuild, of which there is one at a time."""
        try:
            async with self._rebuilding:
                await self._run(self._leave_file_alone)
                yield
        finally:
            await self._run(self._leave_file_alone)

    async def begin_backup(self) -> None:
        """Write the log into the database's file, and leave the file alone from then on.

        Until `end_backup`, changes go to the log beside the file only. A backup may copy
        the log while it grows: SQLite restores the transactions that are whole. So nothing
        has to wait for a backup. May be called again.
        """
        self._is_in_backup = True
        await self._run(self._write_out)

    async def end_backup(self) -> None:
        """Let the log be written into the database's file again, as it grows."""
        self._is_in_backup = False
        await self._run(self._write_out)

    async def check(self) -> bool:
        """Read through the database, and move it aside if it is damaged.

        Return whether it was sound. It has a connection of its own: no query waits for it,
        and the clips that are recorded meanwhile have their files and sidecars.
        """
        number = self._number
        err = await asyncio.get_running_loop().run_in_executor(None, self._find_damage)
        if not err or self._is_closed:
            return True

        def replace_it() -> bool:
            # A query may have run into the damage by now.
            is_same = number == self._number
            if is_same:
                self._start_anew_with_jobs(err)
            return is_same

        if await self._run(replace_it):
            self.when_lost()
        return False

    def _find_damage(self) -> sqlite3.Error | None:
        uri = f"{self._path.absolute().as_uri()}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as database:
            # Of a million clips it takes half a minute: Home Assistant may stop meanwhile.
            database.set_progress_handler(lambda: self._is_closed, _CHECKED_AT_ONCE)
            try:
                schema.check(database)
            except sqlite3.Error as err:
                return err if schema.is_damage(err) else None
        return None

    async def is_rebuild_due(self) -> bool:
        """Return whether the database is new, and was not rebuilt from the files yet."""
        return bool(await self.read("SELECT 1 FROM tasks WHERE kind = 'rebuild'"))

    async def wait_for_rebuild(self) -> None:
        """Wait until a rebuild that is due is done, or has failed."""
        while (
            self.maintenance
            and not self.maintenance.done()
            and await self.is_rebuild_due()
        ):
            await asyncio.wait([self.maintenance])

    async def set_rebuilt(self) -> None:
        """Record that no rebuild is due any more."""
        await self._write("DELETE FROM tasks WHERE kind = 'rebuild'", ())

    async def mounts(self) -> list[Path]:
        """Return the mount points that clips were written under."""
        return [Path(row["path"]) for row in await self.read("SELECT path FROM mounts")]

    async def remember_mounts(self, mounts: Iterable[Path]) -> None:
        """Record where disks are mounted that clips are written to.

        The database's own disk is left out: while the database can be read, it is there.
        """
        new = set(mounts) - self._remembered_mounts
        if not new:
            return

        def remember(database: sqlite3.Connection) -> None:
            own = self._path.resolve()
            database.executemany(
                "INSERT OR IGNORE INTO mounts VALUES (?)",
                [(str(mount),) for mount in new if not own.is_relative_to(mount)],
            )

        await self.change(remember)
        self._remembered_mounts |= new

    async def forget_mounts(self, mounts: Iterable[Path]) -> None:
        """Forget mount points that are folders of another disk now."""
        paths = json.dumps([str(mount) for mount in mounts])
        await self._write(
            "DELETE FROM mounts WHERE path IN (SELECT value FROM json_each(?))",
            (paths,),
        )
        self._remembered_mounts.clear()

    async def add_job(self, job: Job) -> None:
        """Record a new job, durably: its caller is told that it will be done."""
        row = _job_row(job)
        await self._write(_insertion(row), row, durable=True)

    async def update_job(self, job: Job, *, durable: bool = True) -> None:
        """Record the state of a job; where that is `durable`, if it has files on the disk."""
        row = _job_row(job)
        has_files = bool(job.working_folders or job.clips)
        await self._write(_update(row), row, durable=durable and has_files)

    async def set_starts(self, job_id: str, starts: int) -> None:
        """Record how often a job was begun without coming to an end."""
        await self._write("UPDATE jobs SET starts = ? WHERE id = ?", (starts, job_id))

    async def unfinished_jobs(self, account_id: str) -> list[Job]:
        """Return the account's jobs that have not ended, the oldest first."""
        return await self._jobs(
            "WHERE account_id = ? AND state IN (SELECT value FROM json_each(?)) "
            "ORDER BY asked_at_ms",
            (account_id, json.dumps([*set(JobState) - _ENDED])),
        )

    async def job(self, account_id: str, job_id: str) -> Job | None:
        """Return a job of the account, None if it has none of that id."""
        jobs = await self._jobs("WHERE account_id = ? AND id = ?", (account_id, job_id))
        return jobs[0] if jobs else None

    async def cancel_job(self, job: Job) -> None:
        """Record in one step that a job was cancelled, and that its events are not wanted."""
        row = _job_row(job)

        def write(database: sqlite3.Connection) -> None:
            database.execute(_update(row), row)
            for event in job.events:
                database.execute(
                    "UPDATE events SET state = 'failed' WHERE account_id = ? "
                    "AND camera_id = ? AND id = ? AND state = 'wanted'",
                    (job.account_id, job.camera_id, event.id),
                )

        await self.change(write)

    async def jobs_with_leftovers(self, account_id: str) -> list[Job]:
        """Return the account's jobs that ended and may have left a working folder."""
        return await self._jobs(
            "WHERE account_id = ? AND state IN (?, ?) AND working_folders != '[]'",
            (account_id, JobState.SAVED, JobState.FAILED),
        )

    async def refused_jobs(
        self, account_id: str, camera_id: str, window: Window, *, most: int
    ) -> list[Job]:
        """Return jobs whose footage of a window the cloud does not give, the latest first.

        Among them are later ones that say that it gives nothing from before, either.
        """
        nothing_before = NothingBeforeError.__name__
        names = [NoFootageError.__name__, RefusedError.__name__, nothing_before]
        return await self._jobs(
            "WHERE account_id = ? AND state = ? AND camera_id = ? AND end_ms > ? "
            "AND json_extract(error, '$.name') IN (SELECT value FROM json_each(?)) "
            "AND (start_ms < ? OR json_extract(error, '$.name') = ?) "
            "ORDER BY end_ms DESC LIMIT ?",
            (
                account_id,
                JobState.FAILED,
                camera_id,
                window.start_ms,
                json.dumps(names),
                window.end_ms,
                nothing_before,
                most,
            ),
        )

    async def recent_jobs(self, account_id: str, most: int) -> list[Job]:
        """Return the account's newest jobs, `most` at most."""
        return await self._jobs(
            "WHERE account_id = ? ORDER BY asked_at_ms DESC LIMIT ?", (account_id, most)
        )

    async def ended_jobs(
        self, account_id: str, camera_id: str, window: Window
    ) -> list[Job]:
        """Return the jobs of a camera that ended and overlap a window, as asked for."""
        return await self._jobs(
            "WHERE account_id = ? AND state IN (?, ?) AND camera_id = ? "
            "AND start_ms < ? AND end_ms > ? ORDER BY asked_at_ms",
            (
                account_id,
                JobState.SAVED,
                JobState.FAILED,
                camera_id,
                window.end_ms,
                window.start_ms,
            ),
        )

    async def finish_job(self, job: Job) -> None:
        """Record in one step that a job is saved, its clips, and its events as saved."""
        row = _job_row(job)

        def write(database: sqlite3.Connection) -> None:
            for clip in job.clips:
                self.put_clip(database, clip)
            for event in job.events:
                database.execute(
                    MARK_SAVED,
                    {
                        "account_id": job.account_id,
                        "camera_id": job.camera_id,
                        "clip_id": job.clips[0].id,
                        **event_row(event),
                    },
                )
            database.execute(_update(row), row)

        await self.change(write)

    def put_clip(self, database: sqlite3.Connection, clip: Clip) -> None:
        """Record a clip within a change; it replaces the one with its id or its path."""
        put_records(database, [self.record_of(clip)])

    def record_of(self, clip: Clip) -> Record:
        """Return what the tables hold of a clip."""
        fields = sidecar.fields_of(clip)
        return self.record_of_fields(fields, str(clip.path), clip.modified_ns)

    def record_of_fields(
        self, fields: sidecar.Fields, path: str, modified_ns: int
    ) -> Record:
        """Return what the tables hold of the clip at a path, of which a sidecar is."""
        # What is finer than a second is of no day.
        start = datetime.fromtimestamp(fields.start_ms // 1000, self.time_zone)
        day = start.date().isoformat()
        return (*_clip_values(fields, path, modified_ns), day), _group_of(fields)

    async def change_clips(self, clips: Iterable[Clip]) -> None:
        """Record what clips are called, are made for, and whether they are kept."""

        def write(database: sqlite3.Connection) -> None:
            for clip in clips:
                row = {
                    "id": clip.id,
                    "label": clip.label,
                    "kept": clip.kept,
                    "saves": _events_json(sidecar.fields_of(clip).saves),
                    "group_id": _group_id(database, self.record_of(clip)[1], 0),
                }
                database.execute(
                    "UPDATE clips SET label = :label, kept = :kept, saves = :saves, "
                    "group_id = :group_id WHERE id = :id",
                    row,
                )
                # No clip has this id any more.
                database.execute(
                    "DELETE FROM clip_groups WHERE id = :group_id AND clips = 0", row
                )

        await self.change(write)

    async def last_clip(self, account_id: str, camera_id: str) -> Clip | None:
        """Return the camera's latest clip by the time that it shows."""
        clips = await self.clips(
            "WHERE account_id = ? AND camera_id = ? ORDER BY start_ms DESC LIMIT 1",
            (account_id, camera_id),
        )
        return clips[0] if clips else None

    async def last_saved_clip(self, account_id: str, camera_id: str) -> Clip | None:
        """Return the camera's clip that was saved last, whatever time it shows."""
        return (await self.last_saved_clips(account_id, [camera_id])).get(camera_id)

    async def last_saved_clips(
        self, account_id: str, camera_ids: Sequence[str]
    ) -> dict[str, Clip]:
        """Return the clip of each camera that was saved last, where there is one."""
        query = (
            "SELECT * FROM clips INDEXED BY clips_by_saving "
            "WHERE account_id = ? AND camera_id = ? "
            "ORDER BY saved_at_ms DESC, start_ms DESC LIMIT 1"
        )

        def find() -> dict[str, Clip]:
            return {
                camera_id: clip_of(row)
                for camera_id in camera_ids
                for row in self._database.execute(query, (account_id, camera_id))
            }

        return await self._run(find)

    async def forget_account(self, account_id: str) -> None:
        """Forget the jobs of a removed account; its clips stay."""
        await self._write("DELETE FROM jobs WHERE account_id = ?", (account_id,))

    async def move_camera(self, account_id: str, old_id: str, new_id: str) -> None:
        """Move the clips and jobs of a camera to its new id.

        The sidecars still have the old id: `rebuild` takes the new one as `camera_of`.
        """
        ids = {"account": account_id, "old": old_id, "new": new_id}

        def move(database: sqlite3.Connection) -> None:
            # First those that are alike under both ids; the trigger counts them.
            database.execute(
                "UPDATE clips SET group_id = twins.new FROM ("
                "SELECT old.id AS old, new.id AS new FROM clip_groups AS old "
                "JOIN clip_groups AS new "
                "USING (account_id, search_text, label, status, kept, kinds, seen) "
                "WHERE account_id = :account AND old.camera_id = :old "
                "AND new.camera_id = :new) AS twins WHERE group_id = twins.old",
                ids,
            )
            for table in ("clip_groups", "clips", "jobs"):
                database.execute(
                    f"UPDATE {table} SET camera_id = :new "  # noqa: S608
                    "WHERE account_id = :account AND camera_id = :old",
                    ids,
                )
            bytes_too = ", size_bytes = size_bytes + excluded.size_bytes"
            for table, columns, also in (
                ("cameras", "clips, size_bytes", bytes_too),
                ("days", "day, clips", ""),
            ):
                database.execute(
                    f"INSERT INTO {table} SELECT account_id, :new, {columns} "  # noqa: S608
                    f"FROM {table} WHERE account_id = :account AND camera_id = :old "
                    f"ON CONFLICT DO UPDATE SET clips = clips + excluded.clips{also}",
                    ids,
                )
                database.execute(
                    f"DELETE FROM {table} "  # noqa: S608
                    "WHERE account_id = :account AND camera_id = :old",
                    ids,
                )

        await self.change(move)

    def _open(self) -> None:
        try:
            self._connect()
        except sqlite3.Error as err:
            if not schema.is_damage(err):
                raise
            self._start_anew(err)

    def _connect(self) -> None:
        # A log is there only if the database was not closed, as after a kill.
        is_suspect = self._beside("-wal").exists()
        schema.make_private(self._path)
        self._database = sqlite3.connect(self._path)
        self._remembered_mounts = set()
        try:
            self._prepare(is_suspect=is_suspect)
        except BaseException:
            self._drop()
            raise

    def _write_out(self) -> None:
        """Write the log into the file, then decide whether it may do so by itself."""
        # A reader may keep the log from being emptied: that does no harm.
        self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._leave_file_alone()

    def _leave_file_alone(self) -> None:
        """Let SQLite write the log into the file by itself, but not during a backup."""
        pages = _LOG_PAGES_OF_REBUILD if self._rebuilding.locked() else _LOG_PAGES
        if self._is_in_backup:
            pages = 0
        self._database.execute(f"PRAGMA wal_autocheckpoint = {pages}")

    def _close(self) -> None:
        if self._is_in_backup:
            self._drop()
        else:
            self._database.close()

    def _drop(self) -> None:
        """Close the database without writing its log into the file."""
        self._database.setconfig(sqlite3.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, True)
        self._database.close()

    def _start_anew_with_jobs(self, err: sqlite3.Error) -> None:
        """Move an open database aside, but for the jobs that can be read and have not ended."""
        jobs: list[Job] = []
        # Damage may make anything of them.
        with contextlib.suppress(Exception):
            jobs += map(_job, self._database.execute(_UNFINISHED_JOBS))
        self._drop()
        self._start_anew(err)
        with self._database as database:
            for row in map(_job_row, jobs):
                database.execute(_insertion(row), row)

    def _start_anew(self, err: sqlite3.Error) -> None:
        self._number += 1
        aside = f"{self._path}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%S_%f}"
        for ending in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                self._beside(ending).rename(f"{aside}{ending}")
        _LOGGER.warning(
            "The database %s is damaged (%s) and was moved to %s. Clips are restored "
            "from their files, but those that were being saved may be lost",
            self._path,
            err,
            aside,
        )
        self._connect()

    def _beside(self, ending: str) -> Path:
        return self._path.with_name(f"{self._path.name}{ending}")

    def _prepare(self, *, is_suspect: bool) -> None:
        database = self._database
        database.row_factory = sqlite3.Row
        schema.prepare(database, self._path, is_suspect=is_suspect)
        database.execute(f"PRAGMA journal_size_limit = {_LOG_BYTES}")
        self._leave_file_alone()
        now = datetime.now(UTC)
        with database:
            # As the partial index of jobs says it.
            database.execute(
                "DELETE FROM jobs "
                "WHERE state IN ('saved', 'failed') AND updated_at_ms < ?",
                (to_ms(now - ENDED_JOBS_KEPT),),
            )
            _forget_events(database, to_ms(now - EVENTS_REMEMBERED))

    async def _jobs(self, where: str, values: Sequence[Any]) -> list[Job]:
        rows = await self.read(f"SELECT * FROM jobs {where}", values)  # noqa: S608
        return [_job(row) for row in rows]

    async def read(self, query: str, values: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """Return the rows of a query."""
        return await self._run(lambda: self._database.execute(query, values).fetchall())

    async def ask[T](self, call: Callable[[sqlite3.Connection], T]) -> T:
        """Run `call`, which changes nothing."""
        return await self._run(lambda: call(self._database))

    async def clips(self, where: str, values: Sequence[Any] = ()) -> list[Clip]:
        """Return the clips that the end of a query (`where`) chooses."""
        query = f"SELECT * FROM clips {where}"  # noqa: S608
        return await self._run(
            lambda: [clip_of(row) for row in self._database.execute(query, values)]
        )

    async def change[T](
        self, call: Callable[[sqlite3.Connection], T], *, durable: bool = False
    ) -> T:
        """Run `call` in a transaction, which is rolled back if it raises.

        A power cut does not take back a `durable` change once this returns.
        """

        def write() -> T:
            with self._database:
                return call(self._database)

        def write_durably() -> T:
            self._database.execute("PRAGMA synchronous = FULL")
            try:
                return write()
            finally:
                self._database.execute("PRAGMA synchronous = NORMAL")

        return await self._run(write_durably if durable else write)

    async def _write(
        self,
        query: str,
        values: Sequence[Any] | dict[str, Any],
        *,
        durable: bool = False,
    ) -> None:
        await self.change(
            lambda database: database.execute(query, values), durable=durable
        )

    async def _end_thread(self) -> None:
        await asyncio.get_running_loop().run_in_executor(None, self._thread.shutdown)

    async def _run[T](self, call: Callable[[], T]) -> T:
        def run() -> T:
            if self._is_resting:
                self._open()
                self._is_resting = False
            return call()

        self._queries += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, run)
        except (OverflowError, UnicodeError) as err:
            # SQLite cannot store the text or number; the database itself is well.
            raise InvalidRequestError("not_storable") from err
        except (sqlite3.Error, OSError) as err:
            if isinstance(err, sqlite3.Error) and schema.is_damage(err):
                await self._replace()
            raise LibraryError(
                "library_unusable", path=str(self._path), reason=str(err)
            ) from err
        finally:
            self._queries -= 1

    async def _replace(self) -> None:
        """Move the database aside if it is damaged."""

        def replace_it() -> bool:
            # Another query may have replaced it by now.
            try:
                schema.check(self._database)
            except sqlite3.Error as err:
                if not schema.is_damage(err):
                    raise
                self._start_anew_with_jobs(err)
                return True
            return False

        if await self._run(replace_it):
            self.when_lost()


def _new_thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="clip_library")


def _forget_events(database: sqlite3.Connection, before_ms: int) -> None:
    """Forget events from before, by the index: there may be a million since."""
    last = ("", "")
    while of := database.execute(
        "SELECT account_id, state FROM events INDEXED BY events_by_state "
        "WHERE (account_id, state) > (?, ?) ORDER BY account_id, state LIMIT 1",
        last,
    ).fetchone():
        last = tuple(of)
        database.execute(
            "DELETE FROM events WHERE account_id = ? AND state = ? AND start_ms < ?",
            (*last, before_ms),
        )


def kept_record(record: Record) -> Record:
    """Return the record of a clip that is kept, whatever its own says."""
    row, (*group, text) = record
    if row[KEPT]:
        return record
    group[_GROUPED_BY.index("kept")] = True
    row = (*row[:KEPT], True, *row[KEPT + 1 :])
    return row, (*group, f"{text} {_KEPT_WORD}")


def put_records(database: sqlite3.Connection, records: Sequence[Record]) -> None:
    """Record clips within a change; each replaces those with its id or its path."""
    # INSERT OR REPLACE would not fire the trigger that counts the replaced clip out.
    database.executemany(
        "DELETE FROM clips WHERE id = ? OR path = ?",
        [(row[ID], row[PATH]) for row, _ in records],
    )
    # Counted here, for many at once: a trigger takes as long as all else.
    cameras, days = Counter[tuple[str, str]](), Counter[tuple[str, str, str]]()
    sizes = Counter[tuple[str, str]]()
    for row, _ in records:
        camera = row[ACCOUNT], row[CAMERA]
        cameras[camera] += 1
        sizes[camera] += row[_SIZE]
        days[(*camera, row[-1])] += 1
    database.executemany(
        "INSERT INTO cameras VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
        "clips = clips + excluded.clips, size_bytes = size_bytes + excluded.size_bytes",
        [(*camera, count, sizes[camera]) for camera, count in cameras.items()],
    )
    database.executemany(
        "INSERT INTO days VALUES (?, ?, ?, ?) "
        "ON CONFLICT DO UPDATE SET clips = clips + excluded.clips",
        [(*day, count) for day, count in days.items()],
    )
    groups = {
        group: _group_id(database, group, count)
        for group, count in Counter(group for _, group in records).items()
    }
    database.executemany(
        f"INSERT INTO clips ({', '.join(RECORDED)}, group_id) "  # noqa: S608
        f"VALUES ({', '.join('?' for _ in RECORDED)}, ?)",
        [(*row, groups[group]) for row, group in records],
    )


def _group_id(database: sqlite3.Connection, group: tuple[Any, ...], added: int) -> int:
    """Return the id of a group of clips, which is made if it is missing; count some in."""
    # Not a generator: it has to come to its end to be done.
    ((group_id,),) = database.execute(
        f"INSERT INTO clip_groups ({', '.join(_GROUPED_BY)}, clips) "  # noqa: S608
        f"VALUES ({', '.join('?' for _ in _GROUPED_BY)}, ?) "
        "ON CONFLICT DO UPDATE SET clips = clips + excluded.clips RETURNING id",
        (*group, added),
    ).fetchall()
    found: int = group_id
    return found


def _insertion(row: dict[str, Any]) -> str:
    return f"INSERT INTO jobs ({', '.join(row)}) VALUES ({_marks(row)})"  # noqa: S608


def _update(row: dict[str, Any]) -> str:
    changes = ", ".join(f"{name} = :{name}" for name in row)
    return f"UPDATE jobs SET {changes} WHERE id = :id"  # noqa: S608


def _marks(row: dict[str, Any]) -> str:
    return ", ".join(f":{name}" for name in row)


def _job_row(job: Job) -> dict[str, Any]:
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
        "media_options": json.dumps(asdict(job.media_options)),
        "events": _events_json([sidecar.SavedEvent.of(one) for one in job.events]),
        "state": job.state,
        "clips": json.dumps([_clip_row(clip) for clip in job.clips]),
        "error": error_json(job.error) if job.error else None,
        "working_folders": json.dumps(job.working_folders),
        "starts": job.starts,
        "updated_at_ms": to_ms(datetime.now(UTC)),
    }


def _job(row: sqlite3.Row) -> Job:
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
        media_options=_media_options_of(json.loads(row["media_options"])),
        events=events_of(row["events"]),
        state=JobState(row["state"]),
        clips=tuple(clip_of(clip) for clip in json.loads(row["clips"])),
        error=error_of_json(row["error"]) if row["error"] else None,
        working_folders=tuple(json.loads(row["working_folders"])),
        starts=row["starts"],
    )


def error_json(err: ClipError) -> str:
    """Return an error as a column has it."""
    return json.dumps(
        {"name": type_name(err), "key": err.key, "placeholders": err.placeholders}
    )


def error_of_json(value: str) -> ClipError:
    """Return the error of a column that has one."""
    return error_of(**json.loads(value))


def _clip_values(
    fields: sidecar.Fields, path: str, modified_ns: int
) -> tuple[Any, ...]:
    """Return the values of CLIP_COLUMNS."""
    return (
        fields.id,
        fields.job_id,
        fields.account_id,
        fields.account_name,
        fields.source,
        fields.camera_id,
        fields.camera_name,
        fields.start_ms,
        fields.end_ms,
        fields.duration_ms,
        fields.label,
        fields.status,
        path,
        fields.size_bytes,
        fields.sha256,
        fields.video_codec,
        fields.audio_codec,
        fields.width,
        fields.height,
        json.dumps(fields.events) if fields.events else "[]",
        json.dumps(fields.gaps) if fields.gaps else "[]",
        fields.saved_at_ms,
        _events_json(fields.saves),
        fields.kept,
        modified_ns,
    )


def _clip_row(clip: Clip) -> dict[str, Any]:
    values = _clip_values(sidecar.fields_of(clip), str(clip.path), clip.modified_ns)
    return dict(zip(CLIP_COLUMNS, values, strict=True))


def _group_of(fields: sidecar.Fields) -> tuple[Any, ...]:
    """Return the values of _GROUPED_BY."""
    return _grouped(
        *(fields.account_id, fields.camera_id, fields.camera_name, fields.label),
        *(fields.status, fields.kept),
        tuple(sorted({event.kind for event in fields.saves})),
        tuple(sorted({word for event in fields.saves for word in event.seen})),
    )


@functools.lru_cache(maxsize=1024)
def _grouped(*alike: Any) -> tuple[Any, ...]:
    account_id, camera_id, camera_name, label, status, kept, kinds, seen = alike
    # What a search looks for words in. The day is not in it: there are many of these.
    words = (
        *(camera_name, label, status, *kinds, *seen),
        _KEPT_WORD if kept else "",
    )
    return (
        *(account_id, camera_id, label, status, kept),
        json.dumps(kinds, ensure_ascii=False, separators=_COMPACT),
        json.dumps(seen, ensure_ascii=False, separators=_COMPACT),
        " ".join(filter(None, words)).casefold(),
    )


def clip_of(row: sqlite3.Row | dict[str, Any]) -> Clip:
    """Return the clip of a row of the table."""
    return Clip(
        id=row["id"],
        job_id=row["job_id"],
        account_id=row["account_id"],
        account_name=row["account_name"],
        source=row["source"],
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
        saves=events_of(row["saves"]),
        kept=bool(row["kept"]),
        modified_ns=row["modified_ns"],
    )


def _media_options_of(stored: Mapping[str, Any]) -> MediaOptions:
    codec, timestamps = stored["codec"], stored["timestamps"]
    return MediaOptions(
        **{
            **stored,
            "codec": codec and Codec(codec),
            "timestamps": timestamps and Clock(timestamps),
        }
    )


def event_row(event: Event) -> dict[str, Any]:
    """Return an event as a row of the table has it."""
    return _event_row(sidecar.SavedEvent.of(event))


def _event_row(event: sidecar.SavedEvent) -> dict[str, Any]:
    return {
        "id": event.id,
        "kind": event.kind,
        "seen": _words_json(event.seen),
        "start_ms": event.start_ms,
        "end_ms": event.end_ms,
        "is_ready": event.is_ready,
    }


# They are few, and many events have the same.
@functools.lru_cache(maxsize=256)
def _words_json(words: tuple[str, ...]) -> str:
    return json.dumps(words)


def event_of(row: Mapping[str, Any] | sqlite3.Row) -> Event:
    """Return the event of a row of the table."""
    return Event(
        id=row["id"],
        kind=row["kind"],
        seen=tuple(json.loads(row["seen"])),
        window=Window.of_ms(row["start_ms"], row["end_ms"]),
        is_ready=bool(row["is_ready"]),
    )


def _events_json(events: Sequence[sidecar.SavedEvent]) -> str:
    """Return events as a column has several."""
    return json.dumps([_event_row(event) for event in events]) if events else "[]"


def events_of(value: str) -> tuple[Event, ...]:
    """Return the events of a column that holds several."""
    return tuple(event_of(row) for row in json.loads(value))
