"""The tables of the library."""

import contextlib
from pathlib import Path
import sqlite3

from ..errors import LibraryError

VERSION = 2

# `events` is what the cameras saw; those with `in_back_fill` are, or were, to be fetched by
# the back-fill that is under way. `back_fills` is what of the cameras' history is still to
# be listed for it. `polls` says up to when their history was gone through.
# `mounts` are where disks were mounted that clips were written to. `clip_groups` are the
# clips that are alike in all that a search or a filter looks at, but for their times:
# there are few, however many clips. `days` and `cameras` hold the counts that the pages
# of the media browser show. Whoever adds a clip counts it in (`Library.put_records`).
# `tasks` are to be done once: a rebuild of new tables from files and sidecars, and all
# that was begun, to be resumed after a kill.
_CLIPS = """
CREATE TABLE clips (
    id TEXT PRIMARY KEY,
    job_id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    account_name TEXT NOT NULL,
    source TEXT NOT NULL,
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
    saved_at_ms INTEGER NOT NULL,
    saves TEXT NOT NULL,
    kept INTEGER NOT NULL,
    modified_ns INTEGER NOT NULL,
    day TEXT NOT NULL,
    group_id INTEGER NOT NULL
) STRICT;
CREATE INDEX clips_by_camera ON clips (account_id, camera_id, start_ms, id);
CREATE INDEX clips_by_day ON clips (account_id, camera_id, day, start_ms, id);
CREATE INDEX clips_by_saving ON clips (account_id, camera_id, saved_at_ms, start_ms);
CREATE INDEX clips_by_time ON clips (start_ms, id, end_ms);
CREATE INDEX clips_by_age ON clips (kept, saved_at_ms, id);
CREATE INDEX clips_by_age_in_account ON clips (account_id, kept, saved_at_ms, id);
CREATE INDEX clips_by_group ON clips (group_id, start_ms, id, end_ms);

CREATE TABLE clip_groups (
    id INTEGER PRIMARY KEY,
    account_id TEXT NOT NULL,
    camera_id TEXT NOT NULL,
    label TEXT NOT NULL,
    status TEXT NOT NULL,
    kept INTEGER NOT NULL,
    kinds TEXT NOT NULL,
    seen TEXT NOT NULL,
    search_text TEXT NOT NULL,
    clips INTEGER NOT NULL,
    UNIQUE (account_id, camera_id, search_text, label, status, kept, kinds, seen)
) STRICT;
CREATE TRIGGER clip_removed AFTER DELETE ON clips BEGIN
    UPDATE cameras SET clips = clips - 1, size_bytes = size_bytes - OLD.size_bytes
        WHERE account_id = OLD.account_id AND camera_id = OLD.camera_id;
    DELETE FROM cameras
        WHERE account_id = OLD.account_id AND camera_id = OLD.camera_id
        AND clips = 0;
    UPDATE days SET clips = clips - 1
        WHERE account_id = OLD.account_id AND camera_id = OLD.camera_id
        AND day = OLD.day;
    DELETE FROM days
        WHERE account_id = OLD.account_id AND camera_id = OLD.camera_id
        AND day = OLD.day AND clips = 0;
    UPDATE clip_groups SET clips = clips - 1 WHERE id = OLD.group_id;
    DELETE FROM clip_groups WHERE id = OLD.group_id AND clips = 0;
END;
CREATE TRIGGER clip_regrouped AFTER UPDATE OF group_id ON clips
    WHEN OLD.group_id != NEW.group_id BEGIN
    UPDATE clip_groups SET clips = clips + 1 WHERE id = NEW.group_id;
    UPDATE clip_groups SET clips = clips - 1 WHERE id = OLD.group_id;
    DELETE FROM clip_groups WHERE id = OLD.group_id AND clips = 0;
END;
"""
_INDEXES = """
CREATE INDEX jobs_by_time ON jobs (account_id, asked_at_ms);
CREATE INDEX jobs_ended ON jobs (updated_at_ms) WHERE state IN ('saved', 'failed');
CREATE INDEX days_by_day ON days (day);
"""
_TABLES = f"""
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
    media_options TEXT NOT NULL,
    events TEXT NOT NULL,
    state TEXT NOT NULL,
    clips TEXT NOT NULL,
    error TEXT,
    working_folders TEXT NOT NULL,
    starts INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX jobs_by_account ON jobs (account_id, state, asked_at_ms);

CREATE TABLE cameras (
    account_id TEXT NOT NULL,
    camera_id TEXT NOT NULL,
    clips INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    PRIMARY KEY (account_id, camera_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE days (
    account_id TEXT NOT NULL,
    camera_id TEXT NOT NULL,
    day TEXT NOT NULL,
    clips INTEGER NOT NULL,
    PRIMARY KEY (account_id, camera_id, day)
) STRICT, WITHOUT ROWID;
{_INDEXES}
{_CLIPS}
CREATE TABLE events (
    account_id TEXT NOT NULL,
    camera_id TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    seen TEXT NOT NULL,
    start_ms INTEGER NOT NULL,
    end_ms INTEGER NOT NULL,
    is_ready INTEGER NOT NULL,
    state TEXT NOT NULL,
    clip_id TEXT,
    tries INTEGER NOT NULL DEFAULT 0,
    next_try_ms INTEGER NOT NULL DEFAULT 0,
    in_back_fill INTEGER NOT NULL DEFAULT 0,
    error TEXT,
    PRIMARY KEY (account_id, camera_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX events_by_state ON events (account_id, state, start_ms);
CREATE INDEX events_of_back_fill ON events (account_id, state, tries, start_ms)
    WHERE in_back_fill;
CREATE TABLE back_fills (
    account_id TEXT NOT NULL,
    camera_id TEXT NOT NULL,
    start_ms INTEGER NOT NULL,
    end_ms INTEGER NOT NULL,
    PRIMARY KEY (account_id, camera_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE polls (
    account_id TEXT NOT NULL,
    camera_id TEXT NOT NULL,
    until_ms INTEGER NOT NULL,
    PRIMARY KEY (account_id, camera_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE mounts (path TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE tasks (
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    PRIMARY KEY (kind, subject)
) STRICT, WITHOUT ROWID;
INSERT INTO tasks VALUES ('rebuild', '');
"""  # noqa: S608

# What brings the tables of an earlier version up to the next one.
_UPGRADES = {
    1: f"""
{_INDEXES}
DROP TRIGGER clip_added;
DROP TRIGGER clip_removed;
CREATE TEMP TABLE former AS SELECT *,
    (SELECT json_group_array(word) FROM (SELECT DISTINCT
        json_extract(value, '$.kind') AS word FROM json_each(saves) ORDER BY word)
    ) AS kinds,
    (SELECT json_group_array(word) FROM (SELECT DISTINCT seen.value AS word
        FROM json_each(saves) AS event, json_each(json_extract(event.value, '$.seen')) AS seen
        ORDER BY word)
    ) AS seen,
    replace(search_text, status || ' ' || day, status)
        || CASE kept WHEN 1 THEN ' kept' ELSE '' END AS words
    FROM clips;
DROP TABLE clips;
{_CLIPS}
INSERT INTO clip_groups
    SELECT NULL, account_id, camera_id, label, status, kept, kinds, seen, words, COUNT(*)
    FROM former
    GROUP BY account_id, camera_id, label, status, kept, kinds, seen, words;
INSERT INTO clips
    SELECT former.id, job_id, former.account_id, account_name, source,
        former.camera_id, camera_name, start_ms, end_ms, duration_ms, former.label,
        former.status, path, size_bytes, sha256, video_codec, audio_codec, width, height,
        events, gaps, saved_at_ms, saves, former.kept, modified_ns, day, clip_groups.id
    FROM former JOIN clip_groups
        USING (account_id, camera_id, label, status, kept, kinds, seen)
    WHERE clip_groups.search_text = former.words;
DROP TABLE former;
""",  # noqa: S608
}

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
    database: sqlite3.Connection, path: Path, *, is_suspect: bool = False
) -> None:
    """Make the tables of a new database, or bring them up to date.

    One that `is_suspect` is read through before its tables are made anew from it.

    Raises LibraryError (`library_newer`) if a newer release wrote them, and sqlite3.Error;
    then nothing is touched.
    """
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise LibraryError("library_newer", path=str(path))
    if is_suspect and 0 < version < VERSION:
        check(database)
    database.execute("PRAGMA journal_mode = WAL")
    # A power cut may take back the last writes, except those that ask to be durable:
    # files and sidecars are the truth.
    database.execute("PRAGMA synchronous = NORMAL")
    if version == VERSION:
        return
    steps = (
        [_UPGRADES[step] for step in range(version, VERSION)] if version else [_TABLES]
    )
    try:
        database.executescript(
            f"BEGIN; {' '.join(steps)} PRAGMA user_version = {VERSION}; COMMIT;"
        )
    except BaseException:
        database.rollback()
        raise


def make_private(path: Path) -> None:
    """Let nobody but Home Assistant read a database, which is made if it is missing.

    What SQLite makes beside it gets the same rights. Raises OSError.
    """
    with contextlib.suppress(FileExistsError):
        path.touch(_PRIVATE, exist_ok=False)
    # One that was restored by hand may have others. Some systems have no such rights.
    with contextlib.suppress(OSError):
        path.chmod(_PRIVATE)
