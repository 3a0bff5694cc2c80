"""The rows of copies: what is to be copied, what is, and what became of it.

They lie in the database of jobs and clips. A trigger notes each change of a clip in the
same transaction, whoever makes it, so that no kill loses one; `drain` then decides what
becomes of it. The tables are made with the first target, and made anew if they are of
another version: what is at a target is found there again.
"""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from itertools import batched
import json
import secrets
import sqlite3
from typing import Any

from ..errors import ClipError
from ..library.database import (
    ID,
    RECORDED,
    Library,
    Record,
    clip_of,
    error_json,
    error_of_json,
)
from ..library.reindex import MARK_AGAIN, marks_of
from ..model import Clip
from ..time_range import from_ms, to_ms

# How long a store is left alone that does not say when a lock ends.
_LOCKED_FOR = timedelta(days=1)
# How many changed clips are looked at before other queries get their turn.
AT_ONCE = 200

# To be raised with each change of the tables below.
_VERSION = "2"
# A copy that `is_locked` is asked for again at `unlock_at_ms`, which stays as a sign of it.
# `changes` counts how often a clip was changed: a copy that was begun before is not the
# last one. `is_whole` is set once all of a clip has arrived, and counted in the target.
_TABLES = """
CREATE TABLE IF NOT EXISTS copy_settings (name TEXT PRIMARY KEY, value TEXT NOT NULL)
    STRICT, WITHOUT ROWID;
CREATE TABLE copy_targets (
    id TEXT PRIMARY KEY,
    rule TEXT NOT NULL,
    options TEXT NOT NULL DEFAULT '',
    copied INTEGER NOT NULL DEFAULT 0,
    copied_bytes INTEGER NOT NULL DEFAULT 0,
    copied_at_ms INTEGER,
    error TEXT
) STRICT, WITHOUT ROWID;
CREATE TABLE copy_changes (clip_id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE copies (
    target_id TEXT NOT NULL,
    clip_id TEXT NOT NULL,
    state TEXT NOT NULL,
    saved_at_ms INTEGER NOT NULL,
    queued_at_ms INTEGER NOT NULL,
    copied_at_ms INTEGER,
    size_bytes INTEGER NOT NULL,
    kept INTEGER NOT NULL,
    at_home INTEGER NOT NULL DEFAULT 1,
    changes INTEGER NOT NULL DEFAULT 0,
    is_whole INTEGER NOT NULL DEFAULT 0,
    is_locked INTEGER NOT NULL DEFAULT 0,
    unlock_at_ms INTEGER,
    name TEXT,
    sidecar_sha256 TEXT NOT NULL DEFAULT '',
    upload_id TEXT NOT NULL DEFAULT '',
    attempts INTEGER NOT NULL DEFAULT 0,
    next_try_ms INTEGER NOT NULL DEFAULT 0,
    error TEXT,
    PRIMARY KEY (target_id, clip_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX copies_waiting ON copies (target_id, saved_at_ms, clip_id)
    WHERE state IN ('waiting', 'changed', 'leaving');
CREATE INDEX copies_there ON copies (target_id, kept, saved_at_ms, clip_id)
    WHERE is_whole AND NOT is_locked;
CREATE UNIQUE INDEX copies_by_name ON copies (target_id, name) WHERE name IS NOT NULL;
CREATE INDEX copies_by_clip ON copies (clip_id, is_whole);
CREATE TRIGGER copy_whole AFTER UPDATE OF is_whole ON copies
    WHEN NEW.is_whole != OLD.is_whole BEGIN
    UPDATE copy_targets SET copied = copied + NEW.is_whole - OLD.is_whole,
        copied_bytes = copied_bytes + (NEW.is_whole - OLD.is_whole) * NEW.size_bytes
        WHERE id = NEW.target_id;
END;
CREATE TRIGGER copy_gone AFTER DELETE ON copies WHEN OLD.is_whole BEGIN
    UPDATE copy_targets
        SET copied = copied - 1, copied_bytes = copied_bytes - OLD.size_bytes
        WHERE id = OLD.target_id;
END;
"""
# The clips of which there are copies only, with all that is known of them: what `clips` has,
# and what a search looks at.
_AWAY_COLUMNS = (*RECORDED, "kinds", "seen", "search_text")
_AWAY = f"""
CREATE TABLE away_clips (
    {", ".join(f"{name} ANY" for name in _AWAY_COLUMNS)},
    PRIMARY KEY (id)
) STRICT;
CREATE INDEX away_by_time ON away_clips (start_ms, id, end_ms);
CREATE INDEX away_by_day ON away_clips (account_id, camera_id, day, start_ms, id);
CREATE TRIGGER copy_away_gone AFTER DELETE ON copies WHEN OLD.is_whole BEGIN
    DELETE FROM away_clips WHERE id = OLD.clip_id AND NOT EXISTS (
        SELECT 1 FROM copies WHERE clip_id = OLD.clip_id AND is_whole);
END;
CREATE TRIGGER copy_away_broken AFTER UPDATE OF is_whole ON copies
    WHEN OLD.is_whole AND NOT NEW.is_whole BEGIN
    DELETE FROM away_clips WHERE id = OLD.clip_id AND NOT EXISTS (
        SELECT 1 FROM copies WHERE clip_id = OLD.clip_id AND is_whole);
END;
"""  # noqa: S608
# Only while there is a target: without one, nobody looks at the changes.
_TRIGGERS = f"""
CREATE TRIGGER IF NOT EXISTS copy_clip_added AFTER INSERT ON clips BEGIN
    INSERT OR IGNORE INTO copy_changes VALUES (NEW.id);
END;
CREATE TRIGGER IF NOT EXISTS copy_clip_changed AFTER UPDATE ON clips BEGIN
    INSERT OR IGNORE INTO copy_changes VALUES (NEW.id);
END;
CREATE TRIGGER IF NOT EXISTS copy_clip_removed AFTER DELETE ON clips BEGIN
    INSERT OR IGNORE INTO copy_changes VALUES (OLD.id);
END;
CREATE TRIGGER IF NOT EXISTS copy_clip_leaves BEFORE DELETE ON clips
    WHEN EXISTS (SELECT 1 FROM copies WHERE clip_id = OLD.id AND is_whole) BEGIN
    INSERT OR REPLACE INTO away_clips
        SELECT {", ".join(f"OLD.{name}" for name in RECORDED)}, kinds, seen, search_text
        FROM clip_groups WHERE id = OLD.group_id;
END;
CREATE TRIGGER IF NOT EXISTS copy_clip_back AFTER INSERT ON clips BEGIN
    DELETE FROM away_clips WHERE id = NEW.id;
END;
"""  # noqa: S608
_NO_TRIGGERS = """
DROP TRIGGER IF EXISTS copy_clip_added;
DROP TRIGGER IF EXISTS copy_clip_changed;
DROP TRIGGER IF EXISTS copy_clip_removed;
DROP TRIGGER IF EXISTS copy_clip_leaves;
DROP TRIGGER IF EXISTS copy_clip_back;
"""
# The name of this Home Assistant stays.
_NO_TABLES = f"""
{_NO_TRIGGERS}
DROP TABLE IF EXISTS away_clips;
DROP TABLE IF EXISTS copies;
DROP TABLE IF EXISTS copy_changes;
DROP TABLE IF EXISTS copy_targets;
"""


class CopyState(StrEnum):
    """Where a copy is on its way.

    WAITING: to be made. COPIED: all of it is there. CHANGED: its sidecar is to be copied
    again. LEAVING: what is there of it is to be deleted. PRUNED: it was deleted there,
    or never made, for its age or the room that it takes.
    """

    WAITING = "waiting"
    COPIED = "copied"
    CHANGED = "changed"
    LEAVING = "leaving"
    PRUNED = "pruned"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Which clips a target takes: those that all of it agrees to; None does not matter.

    `cameras` are by account id and camera id; of `kinds` is one of the events that the
    clip was made for, or something that one saw.
    """

    kept_only: bool = False
    cameras: Collection[tuple[str, str]] | None = None
    labels: Collection[str] | None = None
    kinds: Collection[str] | None = None
    # Whether a clip that is deleted at home is deleted there, too.
    delete_with_clip: bool = False

    def takes(self, clip: Clip) -> bool:
        """Return whether a clip is copied."""
        return (
            (clip.kept or not self.kept_only)
            and (
                self.cameras is None
                or (clip.account_id, clip.camera_id) in self.cameras
            )
            and (self.labels is None or clip.label in self.labels)
            and (
                self.kinds is None
                or any(event.is_of(self.kinds) for event in clip.saves)
            )
        )

    def to_json(self) -> str:
        """Return it as a column has it."""
        return json.dumps(
            {
                "kept_only": self.kept_only,
                "cameras": _sorted(self.cameras),
                "labels": _sorted(self.labels),
                "kinds": _sorted(self.kinds),
                "delete_with_clip": self.delete_with_clip,
            }
        )

    @classmethod
    def of_json(cls, value: str) -> Rule:
        """Return that of a column."""
        fields = json.loads(value)
        if (cameras := fields["cameras"]) is not None:
            fields["cameras"] = {(account, camera) for account, camera in cameras}
        return cls(**fields)


def _sorted(some: Collection[Any] | None) -> list[Any] | None:
    return None if some is None else sorted(some)


@dataclass(frozen=True, kw_only=True)
class Copy:
    """A row: a clip's copy at a target. `clip` is as it is at home, None if it is not.

    `name` is its path at the target without ending, "" until it has one.
    """

    target_id: str
    clip_id: str
    state: CopyState
    saved_at: datetime
    size_bytes: int
    changes: int
    is_whole: bool
    name: str
    sidecar_sha256: str
    upload_id: str
    attempts: int
    was_locked: bool
    clip: Clip | None


@dataclass(frozen=True)
class MadeCopy:
    """Since when a clip's copy is at a target; None if it is still to be made."""

    target_id: str
    copied_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class QueueStatus:
    """How far the copies of a target are.

    `waiting_since` is since when the one waits that waits for the longest time, and
    `copied_at` when something was copied last. `locked` counts those that the store did
    not let go of. `error` is the last one, None since something was copied.
    """

    waiting: int = 0
    waiting_bytes: int = 0
    waiting_since: datetime | None = None
    copied_at: datetime | None = None
    copied: int = 0
    copied_bytes: int = 0
    locked: int = 0
    error: ClipError | None = None


@dataclass(frozen=True, kw_only=True)
class Found:
    """A whole copy that was found at a target: its clip, and its name there."""

    clip: Clip
    name: str
    sidecar_sha256: str


class CopyStore:
    """The rows of all targets. Every method raises StorageError as the library does."""

    def __init__(self, library: Library) -> None:
        """Take the library."""
        self.library = library
        # Told again to a database that was made anew.
        self._rules: dict[str, tuple[Rule, str]] = {}
        self._instance_id = ""

    async def instance_id(self, known: str = "") -> str:
        """Return the name of this Home Assistant in all stores; `known` is from before."""

        def find(database: sqlite3.Connection) -> str:
            how = "REPLACE" if known else "IGNORE"
            database.execute(
                f"INSERT OR {how} INTO copy_settings "  # noqa: S608
                "VALUES ('instance_id', ?)",
                (known or secrets.token_hex(8),),
            )
            (found,) = database.execute(
                "SELECT value FROM copy_settings WHERE name = 'instance_id'"
            ).fetchone()
            return str(found)

        self._instance_id = await self.change(find, durable=True)
        return self._instance_id

    async def set_target(self, target_id: str, rule: Rule, options: str = "") -> None:
        """Note a target and its rule; if it is another one, look at all clips again.

        With other `options`, what was locked is asked for again, too.
        """
        self._rules[target_id] = rule, options
        await self.change(
            lambda database: _set_target(database, target_id, rule, options)
        )

    async def forget_target(self, target_id: str) -> None:
        """Forget a target and its rows; what it holds stays there."""
        self._rules.pop(target_id, None)

        def forget(database: sqlite3.Connection) -> None:
            database.execute("DELETE FROM copies WHERE target_id = ?", (target_id,))
            database.execute("DELETE FROM copy_targets WHERE id = ?", (target_id,))
            if not database.execute("SELECT 1 FROM copy_targets").fetchone():
                _run(database, _NO_TRIGGERS)
                database.execute("DELETE FROM copy_changes")

        await self.change(forget)

    async def drain(self) -> bool:
        """Decide what becomes of clips that were changed; return whether there are more."""

        def decide(database: sqlite3.Connection) -> bool:
            changed = [
                row["clip_id"]
                for row in database.execute(
                    "SELECT clip_id FROM copy_changes LIMIT ?", (AT_ONCE,)
                )
            ]
            if not changed:
                return False
            rules = {
                row["id"]: Rule.of_json(row["rule"])
                for row in database.execute("SELECT id, rule FROM copy_targets")
            }
            for clip_id in changed:
                row = database.execute(
                    "SELECT * FROM clips WHERE id = ?", (clip_id,)
                ).fetchone()
                clip = clip_of(row) if row else None
                for target_id, rule in rules.items():
                    _decide(database, target_id, rule, clip_id, clip)
            database.execute(
                "DELETE FROM copy_changes "
                "WHERE clip_id IN (SELECT value FROM json_each(?))",
                (json.dumps(changed),),
            )
            return len(changed) == AT_ONCE

        return await self.change(decide)

    async def next_due(self, target_id: str, now: datetime) -> Copy | None:
        """Return what is to be done next at a target: the oldest first."""
        rows = await self._read(
            "SELECT * FROM copies WHERE target_id = ? "
            "AND state IN ('waiting', 'changed', 'leaving') AND next_try_ms <= ? "
            "ORDER BY saved_at_ms, clip_id LIMIT 1",
            (target_id, to_ms(now)),
        )
        return (await self._copies(rows))[0] if rows else None

    async def next_try(self, target_id: str) -> datetime | None:
        """Return when the next of those that wait after a failure is due."""
        rows = await self._read(
            "SELECT MIN(next_try_ms) AS at_ms FROM copies WHERE target_id = ? "
            "AND state IN ('waiting', 'changed', 'leaving')",
            (target_id,),
        )
        return None if rows[0]["at_ms"] is None else from_ms(rows[0]["at_ms"])

    async def set_name(self, copy: Copy, wanted: str) -> str:
        """Give a copy the first name that is free: the wanted one, or with a number."""

        def give(database: sqlite3.Connection) -> str:
            name, number = wanted, 1
            while database.execute(
                "SELECT 1 FROM copies WHERE target_id = ? AND name = ? AND clip_id != ?",
                (copy.target_id, name, copy.clip_id),
            ).fetchone():
                number += 1
                name = f"{wanted}_{number}"
            _update(database, copy, name=name)
            return name

        return await self.change(give)

    async def keep_upload_id(self, copy: Copy, upload_id: str) -> None:
        """Note the upload of a copy's parts, to go on with after a kill."""
        await self.change(lambda database: _update(database, copy, upload_id=upload_id))

    async def upload_ids(self, target_id: str) -> set[str]:
        """Return the uploads that a target goes on with."""
        rows = await self._read(
            "SELECT upload_id FROM copies WHERE target_id = ? AND upload_id != '' "
            "AND state IN ('waiting', 'changed', 'leaving')",
            (target_id,),
        )
        return {row["upload_id"] for row in rows}

    async def finish(self, copy: Copy, sidecar_sha256: str) -> None:
        """Note that all of a clip is there; if it was changed meanwhile, that it is due."""

        def finish(database: sqlite3.Connection) -> None:
            now_ms = to_ms(datetime.now(UTC))
            # A record that is copied again does not make the copy a newer one.
            database.execute(
                "UPDATE copies SET is_whole = 1, upload_id = '', attempts = 0, "
                "copied_at_ms = CASE WHEN is_whole THEN copied_at_ms ELSE ? END, "
                "next_try_ms = 0, error = NULL, sidecar_sha256 = ?, "
                "state = CASE WHEN state = 'leaving' THEN state "
                "WHEN changes = ? THEN 'copied' ELSE 'changed' END "
                "WHERE target_id = ? AND clip_id = ?",
                (now_ms, sidecar_sha256, copy.changes, copy.target_id, copy.clip_id),
            )
            if copy.clip:
                # It may have been deleted while it was copied.
                put_away(database, self.library.record_of(copy.clip))
            database.execute(
                "UPDATE copy_targets SET error = NULL, copied_at_ms = ? WHERE id = ?",
                (now_ms, copy.target_id),
            )

        await self.change(finish)

    async def fail(self, copy: Copy, err: ClipError, next_try: datetime) -> None:
        """Note why a copy could not be made, and when it is tried again."""

        def fail(database: sqlite3.Connection) -> None:
            _update(
                database,
                copy,
                attempts=copy.attempts + 1,
                next_try_ms=to_ms(next_try),
                error=error_json(err),
            )
            _set_error(database, copy.target_id, err)

        await self.change(fail)

    async def set_error(self, target_id: str, err: ClipError | None) -> None:
        """Note what keeps all copies of a target from being made."""
        await self.change(lambda database: _set_error(database, target_id, err))

    async def leave(self, copies: Sequence[Copy], state: CopyState) -> None:
        """Note that nothing of copies is there any more: PRUNED while they are at home."""

        def leave(database: sqlite3.Connection) -> None:
            for copy in copies:
                _update(
                    database,
                    copy,
                    state=state,
                    is_whole=0,
                    upload_id="",
                    name=None,
                    is_locked=0,
                    unlock_at_ms=None,
                )
                database.execute(
                    "DELETE FROM copies "
                    "WHERE target_id = ? AND clip_id = ? AND NOT at_home",
                    (copy.target_id, copy.clip_id),
                )

        await self.change(leave)

    async def lock(self, copy: Copy, until: datetime | None, now: datetime) -> None:
        """Note that the store does not let go of a copy until then, or does not say when."""
        again = until if until and until > now else now + _LOCKED_FOR
        await self.change(
            lambda database: _update(
                database,
                copy,
                is_locked=1,
                unlock_at_ms=to_ms(again),
                # What is to leave is tried again then.
                next_try_ms=to_ms(again),
                error=None,
            )
        )

    async def unlock(self, target_id: str, now: datetime) -> None:
        """Let the store be asked again to let go of what may not be locked any more."""

        def unlock(database: sqlite3.Connection) -> None:
            database.execute(
                "UPDATE copies SET is_locked = 0 "
                "WHERE target_id = ? AND is_locked AND unlock_at_ms <= ?",
                (target_id, to_ms(now)),
            )

        await self.change(unlock)

    async def oldest(
        self, target_id: str, most: int, before: datetime | None = None
    ) -> list[Copy]:
        """Return the oldest copies that may be deleted: not kept, and not locked."""
        rows = await self._read(
            "SELECT * FROM copies WHERE target_id = ? AND kept = 0 AND is_whole "
            "AND NOT is_locked AND saved_at_ms <= ? "
            "ORDER BY saved_at_ms, clip_id LIMIT ?",
            (target_id, 2**62 if before is None else to_ms(before), most),
        )
        return await self._copies(rows)

    async def spare_waiting(self, target_id: str, before: datetime) -> None:
        """Do not begin copies that would be deleted at once, for their age."""

        def spare(database: sqlite3.Connection) -> None:
            database.execute(
                "UPDATE copies SET state = 'pruned' WHERE target_id = ? AND kept = 0 "
                "AND state = 'waiting' AND name IS NULL AND saved_at_ms <= ?",
                (target_id, to_ms(before)),
            )

        await self.change(spare)

    async def bring_back(
        self, target_id: str, since: datetime | None, most_bytes: int | None
    ) -> None:
        """Let copies wait again that were pruned, and fit by now.

        The newest first, until all copies together are of `most_bytes`; of clips that
        were saved after `since`. None is no limit.
        """
        room_bytes = 2**62
        if most_bytes is not None:
            (used,) = await self._read(
                "SELECT COALESCE(SUM(size_bytes), 0) AS size_bytes FROM copies "
                "WHERE target_id = ? AND (is_whole OR state = 'waiting')",
                (target_id,),
            )
            room_bytes = most_bytes - used["size_bytes"]
        rows = await self._read(
            "SELECT clip_id FROM (SELECT clip_id, SUM(size_bytes) OVER ("
            "ORDER BY saved_at_ms DESC, clip_id DESC) AS needed_bytes FROM copies "
            "WHERE target_id = ? AND state = 'pruned' AND saved_at_ms > ?) "
            "WHERE needed_bytes <= ?",
            (target_id, -(2**62) if since is None else to_ms(since), room_bytes),
        )

        def begin(database: sqlite3.Connection, clip_ids: Sequence[str]) -> None:
            database.executemany(
                "UPDATE copies SET state = 'waiting', queued_at_ms = ?, next_try_ms = 0 "
                "WHERE target_id = ? AND clip_id = ? AND state = 'pruned'",
                [(to_ms(datetime.now(UTC)), target_id, one) for one in clip_ids],
            )

        # Other queries get their turn in between.
        for some in batched([row["clip_id"] for row in rows], AT_ONCE, strict=False):
            await self.change(partial(begin, clip_ids=some))

    async def copied_bytes(self, target_id: str) -> int:
        """Return how large the clips are whose copies are there."""
        rows = await self._read(
            "SELECT copied_bytes FROM copy_targets WHERE id = ?", (target_id,)
        )
        return rows[0]["copied_bytes"] if rows else 0

    async def copy_again(self, copies: Sequence[Copy]) -> None:
        """Make copies again that are not as they should be."""

        def begin(database: sqlite3.Connection) -> None:
            for copy in copies:
                _update(database, copy, **_begun(), next_try_ms=0)

        await self.change(begin)

    async def of_clips(self, target_id: str, clip_ids: Collection[str]) -> list[Copy]:
        """Return the whole copies of clips."""
        rows = await self._read(
            "SELECT * FROM copies WHERE target_id = ? AND is_whole "
            "AND clip_id IN (SELECT value FROM json_each(?)) ORDER BY saved_at_ms",
            (target_id, json.dumps(list(clip_ids))),
        )
        return await self._copies(rows)

    async def whole(self, target_id: str) -> AsyncIterator[Copy]:
        """Yield all whole copies, read in pages."""
        last = ""
        while rows := await self._read(
            "SELECT * FROM copies WHERE target_id = ? AND is_whole AND clip_id > ? "
            "ORDER BY clip_id LIMIT ?",
            (target_id, last, AT_ONCE),
        ):
            for copy in await self._copies(rows):
                yield copy
            last = rows[-1]["clip_id"]

    async def note(self, target_id: str, found: Sequence[Found]) -> list[Found]:
        """Note copies that are found at a target; return those of clips that are away.

        What is known of a copy already stays. The events of the clips count as saved.
        """

        def note(database: sqlite3.Connection) -> list[Found]:
            for one in found:
                _note(database, target_id, one)
                clip = self.library.record_of(one.clip)
                put_away(database, clip)
                database.executemany(MARK_AGAIN, marks_of(clip))
            away = {
                row["id"]
                for row in database.execute(
                    "SELECT id FROM away_clips "
                    "WHERE id IN (SELECT value FROM json_each(?))",
                    (json.dumps([one.clip.id for one in found]),),
                )
            }
            return [one for one in found if one.clip.id in away]

        return await self.change(note)

    async def made_of(self, clip_ids: Collection[str]) -> dict[str, list[MadeCopy]]:
        """Return the copies of clips that are there or wait, by the clip's id."""
        rows = await self._read(
            "SELECT clip_id, target_id, is_whole, copied_at_ms FROM copies "
            "WHERE clip_id IN (SELECT value FROM json_each(?)) "
            "AND (is_whole OR state = 'waiting') AND state != 'leaving' "
            "ORDER BY clip_id, target_id",
            (json.dumps(list(clip_ids)),),
        )
        made = dict[str, list[MadeCopy]]()
        for row in rows:
            at_ms = row["copied_at_ms"] if row["is_whole"] else None
            copied_at = None if at_ms is None else from_ms(at_ms)
            made.setdefault(row["clip_id"], []).append(
                MadeCopy(row["target_id"], copied_at)
            )
        return made

    async def status(self, target_id: str) -> QueueStatus:
        """Return how far the copies of a target are."""
        waiting = await self._read(
            "SELECT COUNT(*) AS number, SUM(size_bytes) AS bytes, "
            "MIN(queued_at_ms) AS oldest_ms FROM copies WHERE target_id = ? "
            "AND state IN ('waiting', 'changed', 'leaving') AND state = 'waiting'",
            (target_id,),
        )
        targets = await self._read(
            "SELECT copied, copied_bytes, copied_at_ms, error, (SELECT COUNT(*) FROM copies "
            "WHERE target_id = copy_targets.id AND is_locked) AS locked "
            "FROM copy_targets WHERE id = ?",
            (target_id,),
        )
        if not targets:
            return QueueStatus()
        (queue,), (target,) = waiting, targets
        oldest_ms, error = queue["oldest_ms"], target["error"]
        copied_at_ms = target["copied_at_ms"]
        return QueueStatus(
            waiting=queue["number"],
            waiting_bytes=queue["bytes"] or 0,
            waiting_since=None if oldest_ms is None else from_ms(oldest_ms),
            copied_at=None if copied_at_ms is None else from_ms(copied_at_ms),
            copied=target["copied"],
            copied_bytes=target["copied_bytes"],
            locked=target["locked"],
            error=error_of_json(error) if error else None,
        )

    async def _copies(self, rows: Sequence[sqlite3.Row]) -> list[Copy]:
        clips = {
            clip.id: clip
            for clip in await self.library.clips(
                "WHERE id IN (SELECT value FROM json_each(?))",
                (json.dumps([row["clip_id"] for row in rows]),),
            )
        }
        return [_copy(row, clips.get(row["clip_id"])) for row in rows]

    async def _read(self, query: str, values: Sequence[Any]) -> list[sqlite3.Row]:
        return await self.change(
            lambda database: database.execute(query, values).fetchall()
        )

    async def change[T](
        self, call: Callable[[sqlite3.Connection], T], *, durable: bool = False
    ) -> T:
        """Run `call` in a transaction, with the tables of copies there."""

        def change(database: sqlite3.Connection) -> T:
            # The database may have been damaged, and made anew.
            if not _is_ready(database):
                _run(database, f"{_NO_TABLES}{_TABLES}{_AWAY}")
                database.execute(
                    "INSERT OR REPLACE INTO copy_settings VALUES ('version', ?)",
                    (_VERSION,),
                )
                if self._instance_id:
                    database.execute(
                        "INSERT OR IGNORE INTO copy_settings VALUES ('instance_id', ?)",
                        (self._instance_id,),
                    )
                for target_id, (rule, options) in self._rules.items():
                    _set_target(database, target_id, rule, options)
            return call(database)

        return await self.library.change(change, durable=durable)


def put_away(database: sqlite3.Connection, record: Record) -> None:
    """Record a clip of which there are copies only, unless it is at home."""
    row, group = record
    database.execute(
        f"INSERT OR REPLACE INTO away_clips ({', '.join(_AWAY_COLUMNS)}) "  # noqa: S608
        f"SELECT {', '.join('?' for _ in _AWAY_COLUMNS)} "
        "WHERE NOT EXISTS (SELECT 1 FROM clips WHERE id = ?)",
        (*row, *group[-3:], row[ID]),
    )


def _is_ready(database: sqlite3.Connection) -> bool:
    """Return whether the tables are there as they are used here."""
    if not database.execute(
        "SELECT 1 FROM sqlite_master WHERE name = 'copy_settings'"
    ).fetchone():
        return False
    found = database.execute("SELECT value FROM copy_settings WHERE name = 'version'")
    return tuple(found.fetchone() or ()) == (_VERSION,)


def _run(database: sqlite3.Connection, script: str) -> None:
    """Run statements within a change: `executescript` would end it."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            database.execute(statement)
            statement = ""


def _note(database: sqlite3.Connection, target_id: str, found: Found) -> None:
    """Note a copy that is at a target, if nothing is known of it."""
    clip = found.clip
    added = database.execute(
        "INSERT OR IGNORE INTO copies "
        "(target_id, clip_id, state, saved_at_ms, queued_at_ms, size_bytes, kept, "
        "at_home, name, sidecar_sha256) VALUES (?1, ?2, 'copied', ?3, ?4, ?5, ?6, "
        "EXISTS (SELECT 1 FROM clips WHERE id = ?2), ?7, ?8)",
        (
            target_id,
            clip.id,
            to_ms(clip.saved_at),
            to_ms(datetime.now(UTC)),
            clip.size_bytes,
            clip.kept,
            found.name,
            found.sidecar_sha256,
        ),
    ).rowcount
    if added:
        # A trigger counts what becomes whole. Nobody knows when it was made.
        database.execute(
            "UPDATE copies SET is_whole = 1, copied_at_ms = saved_at_ms "
            "WHERE target_id = ? AND clip_id = ?",
            (target_id, clip.id),
        )


def _set_target(
    database: sqlite3.Connection, target_id: str, rule: Rule, options: str
) -> None:
    before = database.execute(
        "SELECT rule, options FROM copy_targets WHERE id = ?", (target_id,)
    ).fetchone()
    _run(database, _TRIGGERS)
    if before and tuple(before) == (rule.to_json(), options):
        return
    database.execute(
        "INSERT INTO copy_targets (id, rule, options) VALUES (?, ?, ?) "
        "ON CONFLICT DO UPDATE SET rule = excluded.rule, options = excluded.options",
        (target_id, rule.to_json(), options),
    )
    database.execute(
        "UPDATE copies SET is_locked = 0, next_try_ms = 0 "
        "WHERE target_id = ? AND is_locked",
        (target_id,),
    )
    if not before or before["rule"] != rule.to_json():
        database.execute("INSERT OR IGNORE INTO copy_changes SELECT id FROM clips")


def _decide(
    database: sqlite3.Connection,
    target_id: str,
    rule: Rule,
    clip_id: str,
    clip: Clip | None,
) -> None:
    """Decide what becomes of a clip's copy, now that the clip is like this."""
    row = database.execute(
        "SELECT * FROM copies WHERE target_id = ? AND clip_id = ?", (target_id, clip_id)
    ).fetchone()
    if row is None:
        if clip and rule.takes(clip):
            database.execute(
                "INSERT INTO copies "
                "(target_id, clip_id, state, saved_at_ms, queued_at_ms, size_bytes, "
                "kept) VALUES (?, ?, 'waiting', ?, ?, ?, ?)",
                (
                    target_id,
                    clip_id,
                    to_ms(clip.saved_at),
                    to_ms(datetime.now(UTC)),
                    clip.size_bytes,
                    clip.kept,
                ),
            )
        return
    copy = _copy(row, clip)
    is_there = copy.is_whole or copy.name
    if clip is None:
        if copy.is_whole and not rule.delete_with_clip:
            _update(database, copy, at_home=0, state=CopyState.COPIED)
        elif is_there:
            _update(database, copy, at_home=0, state=CopyState.LEAVING, next_try_ms=0)
        else:
            _drop(database, copy)
        return
    if not (is_there or rule.takes(clip)):
        _drop(database, copy)
        return
    begun: dict[str, Any] = {}
    if copy.state is CopyState.LEAVING or (
        # What is kept has a copy for ever, also if it had none any more.
        copy.state is CopyState.PRUNED and clip.kept
    ):
        # Some of it may have left.
        begun = _begun()
    elif copy.is_whole:
        begun = {"state": CopyState.CHANGED}
    _update(
        database,
        copy,
        **begun,
        at_home=1,
        kept=clip.kept,
        changes=copy.changes + 1,
        next_try_ms=0,
    )


def _begun() -> dict[str, Any]:
    """Return what a row has of a copy that waits from now on."""
    now_ms = to_ms(datetime.now(UTC))
    return {"state": CopyState.WAITING, "is_whole": 0, "queued_at_ms": now_ms}


def _drop(database: sqlite3.Connection, copy: Copy) -> None:
    database.execute(
        "DELETE FROM copies WHERE target_id = ? AND clip_id = ?",
        (copy.target_id, copy.clip_id),
    )


def _update(database: sqlite3.Connection, copy: Copy, **changes: Any) -> None:
    names = ", ".join(f"{name} = :{name}" for name in changes)
    database.execute(
        f"UPDATE copies SET {names} "  # noqa: S608
        "WHERE target_id = :target_id AND clip_id = :clip_id",
        {**changes, "target_id": copy.target_id, "clip_id": copy.clip_id},
    )


def _set_error(
    database: sqlite3.Connection, target_id: str, err: ClipError | None
) -> None:
    database.execute(
        "UPDATE copy_targets SET error = ? WHERE id = ?",
        (error_json(err) if err else None, target_id),
    )


def _copy(row: Mapping[str, Any] | sqlite3.Row, clip: Clip | None) -> Copy:
    return Copy(
        target_id=row["target_id"],
        clip_id=row["clip_id"],
        state=CopyState(row["state"]),
        saved_at=from_ms(row["saved_at_ms"]),
        size_bytes=row["size_bytes"],
        changes=row["changes"],
        is_whole=bool(row["is_whole"]),
        name=row["name"] or "",
        sidecar_sha256=row["sidecar_sha256"],
        upload_id=row["upload_id"],
        attempts=row["attempts"],
        was_locked=row["unlock_at_ms"] is not None,
        clip=clip,
    )
