"""The tables of the library, and the way from the older ones."""

from collections.abc import Callable
import contextlib
import glob
from pathlib import Path
import sqlite3

from ..errors import LibraryError

_JOBS_AND_CLIPS = """
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

# `events` is what the cameras saw. `looks` says up to when their history
# was gone through. `mounts` are where disks were mounted that clips were written to.
# `days` and `cameras` keep what the pages of the media browser count,
# `words` is what a search looks at. `due` names what is to be done once: a rebuild from
# files and sidecars, which know more than older tables and all that new ones lack, and
# what was begun, so that it is gone on with after a kill.
_EVENTS_AND_DAYS = """
ALTER TABLE jobs ADD COLUMN events TEXT NOT NULL DEFAULT '[]';
UPDATE jobs SET result = (
    SELECT json_group_array(json_insert(
        clip.value, '$.account_name', '', '$.source', '', '$.saves', '[]',
        '$.kept', 0, '$.modified_ns', 0
    )) FROM json_each(jobs.result) AS clip
) WHERE result IS NOT NULL;
ALTER TABLE clips ADD COLUMN account_name TEXT NOT NULL DEFAULT '';
ALTER TABLE clips ADD COLUMN source TEXT NOT NULL DEFAULT '';
ALTER TABLE clips ADD COLUMN saves TEXT NOT NULL DEFAULT '[]';
ALTER TABLE clips ADD COLUMN kept INTEGER NOT NULL DEFAULT 0;
ALTER TABLE clips ADD COLUMN modified_ns INTEGER NOT NULL DEFAULT 0;
ALTER TABLE clips ADD COLUMN day TEXT NOT NULL DEFAULT '';
ALTER TABLE clips ADD COLUMN words TEXT NOT NULL DEFAULT '';
UPDATE clips SET day = local_day(start_ms);
UPDATE clips
    SET words = casefold(camera_name || ' ' || label || ' ' || status || ' ' || day);
DROP INDEX clips_by_camera;
CREATE INDEX clips_by_camera ON clips (account_id, camera_id, start_ms, id);
CREATE INDEX clips_by_day ON clips (account_id, camera_id, day, start_ms, id);
CREATE INDEX clips_by_time ON clips (start_ms, id);
CREATE INDEX clips_by_age ON clips (kept, saved_at_ms, id);
CREATE INDEX clips_by_age_in_account ON clips (account_id, kept, saved_at_ms, id);
CREATE INDEX clips_by_words ON clips (start_ms, words, kept, account_id, camera_id);
CREATE TABLE cameras (
    account_id TEXT NOT NULL,
    camera_id TEXT NOT NULL,
    clips INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    PRIMARY KEY (account_id, camera_id)
) STRICT, WITHOUT ROWID;
INSERT INTO cameras
    SELECT account_id, camera_id, COUNT(*), SUM(size_bytes) FROM clips
    GROUP BY account_id, camera_id;
CREATE TABLE days (
    account_id TEXT NOT NULL,
    camera_id TEXT NOT NULL,
    day TEXT NOT NULL,
    clips INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    PRIMARY KEY (account_id, camera_id, day)
) STRICT, WITHOUT ROWID;
INSERT INTO days
    SELECT account_id, camera_id, day, COUNT(*), SUM(size_bytes) FROM clips
    GROUP BY account_id, camera_id, day;
CREATE TRIGGER clip_comes AFTER INSERT ON clips BEGIN
    INSERT INTO cameras
        VALUES (NEW.account_id, NEW.camera_id, 1, NEW.size_bytes)
        ON CONFLICT DO UPDATE SET
            clips = clips + 1, size_bytes = size_bytes + excluded.size_bytes;
    INSERT INTO days
        VALUES (NEW.account_id, NEW.camera_id, NEW.day, 1, NEW.size_bytes)
        ON CONFLICT DO UPDATE SET
            clips = clips + 1, size_bytes = size_bytes + excluded.size_bytes;
END;
CREATE TRIGGER clip_goes AFTER DELETE ON clips BEGIN
    UPDATE cameras SET clips = clips - 1, size_bytes = size_bytes - OLD.size_bytes
        WHERE account_id = OLD.account_id AND camera_id = OLD.camera_id;
    DELETE FROM cameras
        WHERE account_id = OLD.account_id AND camera_id = OLD.camera_id
        AND clips = 0;
    UPDATE days SET clips = clips - 1, size_bytes = size_bytes - OLD.size_bytes
        WHERE account_id = OLD.account_id AND camera_id = OLD.camera_id
        AND day = OLD.day;
    DELETE FROM days
        WHERE account_id = OLD.account_id AND camera_id = OLD.camera_id
        AND day = OLD.day AND clips = 0;
END;
CREATE TABLE events (
    account_id TEXT NOT NULL,
    camera_id TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    what TEXT NOT NULL,
    start_ms INTEGER NOT NULL,
    end_ms INTEGER NOT NULL,
    is_ready INTEGER NOT NULL,
    state TEXT NOT NULL,
    clip_id TEXT,
    tries INTEGER NOT NULL DEFAULT 0,
    next_try_ms INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (account_id, camera_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX events_by_state ON events (account_id, state, start_ms);
CREATE TABLE looks (
    account_id TEXT NOT NULL,
    camera_id TEXT NOT NULL,
    until_ms INTEGER NOT NULL,
    PRIMARY KEY (account_id, camera_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE mounts (path TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE due (task TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
INSERT INTO due VALUES ('rebuild');
"""

# Where a job's parts lie, and how often it was begun without coming to an end.
_STARTS = """
ALTER TABLE jobs ADD COLUMN work TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN starts INTEGER NOT NULL DEFAULT 0;
"""

# What leads from each version of the tables to the next.
_STEPS = (_JOBS_AND_CLIPS, _EVENTS_AND_DAYS, _STARTS)
VERSION = len(_STEPS)


# A clip's record says who was at the door, and when.
_PRIVATE = 0o600
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class DamagedError(sqlite3.DatabaseError):
    """The database can be opened, but not be trusted."""


def is_damage(err: sqlite3.Error) -> bool:
    """Return whether an error means that the file itself is damaged."""
    return isinstance(err, DamagedError) or (
        # The error has no code where it is not the database's own.
        getattr(err, "sqlite_errorcode", 0) & 0xFF in _DAMAGE
    )


def check(database: sqlite3.Connection) -> None:
    """Read all of a database. Raises DamagedError, or another sqlite3.Error."""
    (found,) = database.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise DamagedError(found)


def prepare(
    database: sqlite3.Connection,
    path: Path,
    local_day: Callable[[int], str],
    *,
    suspect: bool = False,
) -> None:
    """Make the tables, or bring older ones up to date, with a copy of them kept.

    `local_day` gives the day of a Unix time in milliseconds, where the cameras are. A
    `suspect` database is read through first, and so is one of older tables.
    Raises StorageError (`library_newer`) if a newer release wrote them, and sqlite3.Error;
    then nothing is touched.
    """
    database.create_function("local_day", 1, local_day, deterministic=True)
    database.create_function("casefold", 1, str.casefold, deterministic=True)
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise LibraryError("library_newer", path=str(path))
    if suspect or 0 < version < VERSION:
        check(database)
    if 0 < version < VERSION:
        _copy(database, path.with_name(f"{path.name}.v{version}"))
    database.execute("PRAGMA journal_mode = WAL")
    # What the last moments before a power cut wrote may be lost, but for what is said to
    # be kept surely: files and sidecars are the truth.
    database.execute("PRAGMA synchronous = NORMAL")
    if version == VERSION:
        return
    steps = "".join(_STEPS[version:])
    try:
        database.executescript(
            f"BEGIN; {steps} PRAGMA user_version = {VERSION}; COMMIT;"
        )
    except BaseException:
        database.rollback()
        raise


def make_private(path: Path) -> None:
    """See to it that a database, and all beside it, is Home Assistant's alone to read.

    What SQLite makes beside it gets the same rights. Raises OSError.
    """
    with contextlib.suppress(FileExistsError):
        path.touch(_PRIVATE, exist_ok=False)
    # Older releases left this to the system. On some there are no such rights.
    for one in path.parent.glob(f"{glob.escape(path.name)}*"):
        with contextlib.suppress(OSError):
            one.chmod(_PRIVATE, follow_symlinks=False)


def _copy(database: sqlite3.Connection, copy_path: Path) -> None:
    """Copy a database, whole or not at all."""
    draft = copy_path.with_name(f"{copy_path.name}.part")
    draft.unlink(missing_ok=True)
    draft.touch(_PRIVATE, exist_ok=False)
    try:
        with contextlib.closing(sqlite3.connect(draft)) as copy:
            database.backup(copy)
        draft.replace(copy_path)
    finally:
        draft.unlink(missing_ok=True)
