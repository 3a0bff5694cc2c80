"""The way from older databases: as the first release made them, with jobs and clips."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
import errno
import json
import os
from pathlib import Path
import sqlite3
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.clip_download.engine.errors import StorageError
from custom_components.clip_download.engine.library import schema
from custom_components.clip_download.engine.library.database import Library
from custom_components.clip_download.engine.library.queries import ClipQueries
from custom_components.clip_download.engine.model import JobState
from custom_components.clip_download.engine.time_range import to_ms

from .test_database import JOB

# As it was released, to the letter.
FIRST = """
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
PRAGMA user_version = 1;
"""
# Half past midnight there, the day before in UTC.
START = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def clip_row(number: int) -> dict[str, Any]:
    """Return a clip as the first release kept it."""
    start_ms = to_ms(START + timedelta(minutes=number))
    return {
        "id": f"c{number}",
        "job_id": f"j{number}",
        "account_id": "a",
        "camera_id": "7",
        "camera_name": "Haustür",
        "start_ms": start_ms,
        "end_ms": start_ms + 30_000,
        "duration_ms": 30_000,
        "label": "Bell",
        "status": "partial",
        "path": f"/media/{number}.mp4",
        "size_bytes": 100 + number,
        "sha256": "ab" * 32,
        "video_codec": "h264",
        "audio_codec": None,
        "width": 320,
        "height": 180,
        "events": '["7289369076883314527"]',
        "gaps": f"[[{start_ms}, {start_ms + 5000}]]",
        "saved_at_ms": to_ms(START),
    }


def insert(database: sqlite3.Connection, table: str, row: dict[str, Any]) -> None:
    """Insert a row."""
    marks = ", ".join(f":{name}" for name in row)
    database.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", row)  # noqa: S608


@pytest.fixture
def first(tmp_path: Path) -> Path:
    """Return a database of the first release: three jobs, two clips."""
    path = tmp_path / "clips.db"
    with opened(path) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.executescript(FIRST)
        for number in (1, 2):
            insert(database, "clips", clip_row(number))
        now_ms = to_ms(datetime.now(UTC))
        for job_id, state, result in (
            ("saved", "saved", json.dumps([clip_row(1), clip_row(2)])),
            ("named", "finishing", json.dumps([clip_row(3)])),
            ("queued", "queued", "[]"),
        ):
            job = {
                "id": job_id,
                "account_id": "a",
                "camera_id": "7",
                "camera_name": "Haustür",
                "start_ms": to_ms(START),
                "end_ms": to_ms(START) + 30_000,
                "asked_at_ms": now_ms,
                "give_up_at_ms": now_ms + 600_000,
                "root": "/media",
                "filename": "x",
                "label": "Bell",
                "overwrite": 0,
                "wishes": '{"audio": true}',
                "state": state,
                "result": result,
                "error": None,
                "updated_at_ms": now_ms,
            }
            insert(database, "jobs", job)
    return path


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a database, change it, close it."""
    with closing(sqlite3.connect(path)) as database, database:
        yield database


def content(path: Path) -> list[str]:
    """Return all that is in a database."""
    with opened(path) as database:
        return list(database.iterdump())


async def test_the_first_release_s_jobs_and_clips_stay(first: Path) -> None:
    """All that was known is known, in the tables of today; a rebuild adds the rest."""
    library = await Library(first, BERLIN).open()
    jobs = {job.id: job for job in await library.recent_jobs("a", 9)}
    assert {job_id: job.state for job_id, job in jobs.items()} == {
        "saved": JobState.SAVED,
        "named": JobState.FINISHING,
        "queued": JobState.QUEUED,
    }
    assert [clip.id for clip in jobs["saved"].clips] == ["c1", "c2"]
    assert [clip.id for clip in jobs["named"].clips] == ["c3"]
    assert (jobs["queued"].clips, jobs["queued"].events) == ((), ())
    assert {job.id for job in await library.unfinished_jobs("a")} == {"named", "queued"}

    catalog = ClipQueries(library)
    clips = await catalog.clips_of_day("a", "7", "2026-11-21", most=9)
    assert [clip.id for clip in clips] == ["c2", "c1"]
    assert clips == list(reversed(jobs["saved"].clips))
    assert clips[0].sha256 == "ab" * 32
    assert clips[0].events == ("7289369076883314527",)
    assert clips[0].gaps[0].duration == timedelta(seconds=5)
    assert (clips[0].saves, clips[0].kept) == ((), False)
    (day,) = await catalog.days("a", "7", most=9)
    assert (day.day, day.clips, day.size_bytes) == ("2026-11-21", 2, 203)
    (account,) = await catalog.accounts()
    assert (account.id, account.clips, account.size_bytes) == ("a", 2, 203)
    assert await catalog.search("HAUSTÜR bell partial 2026-11-21", most=9) == clips
    await catalog.remove(["c1", "c2"])
    assert await catalog.accounts() == []
    assert await catalog.days("a", "7", most=9) == []
    assert await library.is_rebuild_due()
    await library.close()


async def test_older_tables_are_those_of_a_new_database(first: Path) -> None:
    """However a database came to be, its tables are the same."""
    for path in (first, new := first.with_name("new.db")):
        await (await Library(path).open()).close()
    shapes = []
    for path in (first, new):
        with opened(path) as database:
            names = "SELECT type, name, tbl_name FROM sqlite_master ORDER BY 1, 2"
            columns = (
                'SELECT tables.name, info.name, info.type, info."notnull", info.pk '
                "FROM sqlite_master AS tables JOIN pragma_table_info(tables.name) AS info"
                " ORDER BY 1, 2"
            )
            shapes.append(
                [database.execute(query).fetchall() for query in (names, columns)]
            )
    assert shapes[0] == shapes[1]
    assert len(shapes[0][1]) > 50


async def test_a_copy_of_the_older_one_is_kept(first: Path) -> None:
    """What an older release can read stays beside it, once, and is not made again."""
    before = content(first)
    await (await Library(first).open()).close()
    copy = first.with_name("clips.db.v1")
    assert content(copy) == before
    with opened(copy) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (1,)
    assert not list(first.parent.glob("*.part"))
    made = copy.stat().st_mtime_ns
    await (await Library(first).open()).close()
    assert copy.stat().st_mtime_ns == made


async def test_no_room_for_the_copy(
    first: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a copy nothing is changed, no half of one is left, and it is said."""
    before = first.read_bytes()
    connect = sqlite3.connect

    def connect_to_small(path: Path, *args: Any, **kwargs: Any) -> sqlite3.Connection:
        database: sqlite3.Connection = connect(path, *args, **kwargs)
        if path != first:
            # SQLite says the same as of a full disk.
            database.execute("PRAGMA max_page_count = 2")
        return database

    monkeypatch.setattr(sqlite3, "connect", connect_to_small)
    with pytest.raises(StorageError) as error:
        await Library(first).open()
    monkeypatch.undo()
    assert error.value.key == "library_unusable"
    assert "full" in error.value.placeholders["reason"]
    assert first.read_bytes() == before
    assert not list(first.parent.glob("clips.db.*"))
    await (await Library(first).open()).close()


async def test_a_step_that_fails(first: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A migration is all or nothing: at its last step it leaves what was there."""
    before = content(first)

    def fail(number: int) -> str:
        raise OSError(errno.EIO, "no time zones")

    library = Library(first)
    monkeypatch.setattr(library, "_local_day", fail)
    with pytest.raises(StorageError) as error:
        await library.open()
    assert error.value.key == "library_unusable"
    assert content(first) == before
    with opened(first) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (1,)


# No step reads the index: without a check before them, it would go on damaged.
@pytest.mark.parametrize("of", ["clips", "jobs_by_account"])
async def test_an_older_one_with_a_damaged_page(
    first: Path, caplog: pytest.LogCaptureFixture, of: str
) -> None:
    """It is not migrated half: it is put aside as it is, and that is said."""
    with opened(first) as database:
        for number in range(10, 200):
            insert(database, "clips", clip_row(number))
        (page_size,) = database.execute("PRAGMA page_size").fetchone()
        (page,) = database.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = ?", (of,)
        ).fetchone()
    damaged = bytearray(first.read_bytes())
    damaged[(page - 1) * page_size : page * page_size] = b"\x55" * page_size
    first.write_bytes(damaged)

    library = await Library(first).open()
    assert await library.is_rebuild_due()
    assert await ClipQueries(library).accounts() == []
    await library.close()
    (aside,) = first.parent.glob("clips.db.damaged-*[0-9]")
    assert aside.read_bytes() == damaged
    with opened(aside) as database:
        # What is in its log counts, too.
        assert database.execute("PRAGMA user_version").fetchone() == (1,)
    assert not first.with_name("clips.db.v1").exists()
    assert f"{first} is damaged" in caplog.text
    assert str(aside) in caplog.text


@pytest.mark.parametrize("is_open", [False, True], ids=["closed", "killed"])
async def test_a_newer_one_is_not_touched(tmp_path: Path, is_open: bool) -> None:
    """A downgrade says so and leaves the newer file, and its log, to the byte."""
    path = tmp_path / "newer.db"
    with closing(sqlite3.connect(path)) as newer:
        newer.execute("PRAGMA journal_mode = WAL")
        newer.executescript(
            "CREATE TABLE clouds (id TEXT); INSERT INTO clouds VALUES ('x');"
        )
        newer.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
        if is_open:
            # As it lies there after a kill, with the log not yet in the file.
            for file in list(tmp_path.iterdir()):
                copy = tmp_path / file.name.replace("newer", "clips")
                copy.write_bytes(file.read_bytes())
    if not is_open:
        path.rename(tmp_path / "clips.db")
    path = tmp_path / "clips.db"
    log = tmp_path / "clips.db-wal"
    before = path.read_bytes(), log.exists() and log.read_bytes()
    with pytest.raises(StorageError) as error:
        await Library(path).open()
    assert error.value.key == "library_newer"
    assert path.read_bytes() == before[0]
    if is_open:
        assert before[1]
        assert log.read_bytes() == before[1]
    assert not list(tmp_path.glob("*damaged*"))
    assert not list(tmp_path.glob("*.v*"))


def rights(folder: Path) -> dict[str, int]:
    """Return the rights of all files in a folder, by the rest of their name."""
    return {
        path.name.removeprefix("clips.db"): path.stat().st_mode & 0o777
        for path in folder.iterdir()
    }


async def test_it_is_nobody_else_s_to_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the system would give: from the moment that a file is made."""
    path = tmp_path / "clips.db"
    umask = os.umask(0)
    try:
        made = dict[str, int]()
        connect = sqlite3.connect

        def look_first(database: Path | str, **how: Any) -> sqlite3.Connection:
            made.update(rights(tmp_path))
            opened: sqlite3.Connection = connect(database, **how)
            return opened

        monkeypatch.setattr(sqlite3, "connect", look_first)
        library = await Library(path).open()
        assert made == {"": 0o600}
        await library.add_job(JOB)
        assert rights(tmp_path) == {"": 0o600, "-wal": 0o600, "-shm": 0o600}
        await library.close()
    finally:
        os.umask(umask)


async def test_what_older_releases_left_to_all(first: Path) -> None:
    """It is closed with the next start, and so are the copies that are kept."""
    umask = os.umask(0)
    try:
        for ending in (".v0", ".damaged-20260101T000000_0", ".v1.part"):
            first.with_name(f"{first.name}{ending}").write_bytes(b"")
        for path in first.parent.iterdir():
            path.chmod(0o644)
        library = await Library(first).open()
        await library.close()
        assert first.with_name(f"{first.name}.v1").exists()
        assert {path.stat().st_mode & 0o777 for path in first.parent.iterdir()} == {
            0o600
        }
        first.write_bytes(b"no database" * 999)
        first.chmod(0o644)
        library = await Library(first).open()
        await library.close()
        assert len(list(first.parent.glob("*.damaged-*"))) == 2
        assert {path.stat().st_mode & 0o777 for path in first.parent.iterdir()} == {
            0o600
        }
    finally:
        os.umask(umask)
