"""Queries of clips. Each uses an index: its time does not grow with the library."""

from abc import ABC, abstractmethod
from collections.abc import (
    AsyncIterator,
    Callable,
    Collection,
    Iterable,
    Iterator,
    Sequence,
)
import contextlib
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, tzinfo
import itertools
import json
from pathlib import Path
import re
import sqlite3
from typing import Any, override

from ..errors import StorageError, reason_of
from ..model import Clip, ClipStatus
from ..storage import run_on_storage
from ..time_range import Window, to_ms
from . import files, sidecar
from .database import Library, clip_of

# SQLite limits the depth of a condition.
MOST_WORDS = 50
LONGEST_SEARCH = 1000
# How many clips show how large they are.
_TYPICAL = 50
# How many rows are read at once where there may be many.
_PAGE = 500
# How long before a window a clip may begin that overlaps it.
_LONGEST_MS = int(sidecar.LONGEST.total_seconds() * 1000)
_OF_CAMERAS = (
    "(account_id, camera_id) IN (SELECT json_extract(value, '$[0]'), "
    "json_extract(value, '$[1]') FROM json_each(?))"
)
# What clips were made for: one of the events is of a kind, or one saw something.
_OF_KIND = "EXISTS (SELECT 1 FROM json_each(kinds) WHERE value = ?)"
_HAS_SEEN = "EXISTS (SELECT 1 FROM json_each(seen) WHERE value = ?)"
_HAS_WORD = "instr(search_text, ?)"
# Only such a word may be a piece of a day.
_OF_DAY = re.compile("[0-9-]+")

# The start and the id of a clip: clips are in this order.
type _Place = tuple[int, str]


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Which clips are meant: what is None does not matter.

    `cameras` are by account id and camera id. The clips share any time with `window`;
    `kind` and `seen` are those of the events that they were made for. `text` is what a
    person searches for: see `ClipQueries.search`.
    """

    cameras: Collection[tuple[str, str]] | None = None
    window: Window | None = None
    label: str | None = None
    kind: str | None = None
    seen: str | None = None
    kept: bool | None = None
    status: ClipStatus | None = None
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class Words:
    """What clips can be found by, the most frequent first."""

    labels: list[str]
    kinds: list[str]
    seen: list[str]


@dataclass(frozen=True, kw_only=True)
class AccountPage:
    """An account that has clips, whether or not it is still set up."""

    id: str
    name: str


@dataclass(frozen=True, kw_only=True)
class CameraPage:
    """A camera that has clips; `name` is that of its latest clip."""

    id: str
    name: str
    latest: Clip


@dataclass(frozen=True, kw_only=True)
class DayPage:
    """A day (ISO 8601, in the cameras' time zone) of which a camera has clips."""

    day: str
    latest: Clip


class BaseClipQueries(ABC):
    """The queries of a table of clips, whichever it is. Every method raises StorageError.

    Clips are ordered by the time at which they begin: the newest begins last.
    """

    async def accounts(self) -> list[AccountPage]:
        """Return the accounts that have clips, by name."""
        # The name of an account is that in its latest clip.
        latest = sorted(await self._latest(None), key=lambda clip: clip.window.start)
        names = {clip.account_id: clip.account_name for clip in latest}
        return sorted(
            (AccountPage(id=one, name=name) for one, name in names.items()),
            key=lambda page: (page.name.casefold(), page.id),
        )

    async def cameras(self, account_id: str) -> list[CameraPage]:
        """Return the account's cameras that have clips, by name."""
        return sorted(
            (
                CameraPage(id=clip.camera_id, name=clip.camera_name, latest=clip)
                for clip in await self._latest(account_id)
            ),
            key=lambda page: (page.name.casefold(), page.id),
        )

    async def clips_of_day(
        self, account_id: str, camera_id: str, day: str, *, offset: int = 0, most: int
    ) -> list[Clip]:
        """Return the clips of a camera's day, newest first."""
        return await self._clips(
            "WHERE account_id = ? AND camera_id = ? AND day = ? "
            "ORDER BY start_ms DESC, id DESC LIMIT ? OFFSET ?",
            (account_id, camera_id, day, most, offset),
        )

    async def clip(self, clip_id: str) -> Clip | None:
        """Return a clip by its id."""
        return next(iter(await self._clips("WHERE id = ?", (clip_id,))), None)

    async def of_ids(self, ids: Iterable[str]) -> list[Clip]:
        """Return the clips with these ids, as far as they exist."""
        return await self._clips(
            "WHERE id IN (SELECT value FROM json_each(?)) ORDER BY start_ms, id",
            (json.dumps(list(ids)),),
        )

    async def search(
        self,
        text: str,
        *,
        cameras: Collection[tuple[str, str]] | None = None,
        most: int,
    ) -> list[Clip]:
        """Return the clips that have every word of `text`, newest first.

        A word may be any part of the camera's name, the label, the day (`2026-11-21`,
        `2026-11`), the kind of an event, what was seen, "partial", "complete" or "kept".
        Words after the first MOST_WORDS are ignored. `cameras` (account id, camera id)
        limits the search to these.
        """
        return await self.newest_first(Filter(cameras=cameras, text=text), most=most)

    @abstractmethod
    async def newest_first(
        self, chosen: Filter, *, before: tuple[int, str] | None = None, most: int
    ) -> list[Clip]:
        """Return the clips of a filter, newest first.

        `before` is the start (Unix time in milliseconds) and the id of the last of those
        returned before.
        """

    @abstractmethod
    async def _clips(self, where: str, values: Sequence[Any]) -> list[Clip]:
        """Return the clips that are chosen and ordered by the end of a query."""

    @abstractmethod
    async def _latest(self, account_id: str | None) -> list[Clip]:
        """Return the latest clip of each camera of an account, or of all."""


class ClipQueries(BaseClipQueries):
    """The clips of all accounts that are at home."""

    def __init__(self, library: Library) -> None:
        """Take the library."""
        self._library = library

    async def days(
        self, account_id: str, camera_id: str, *, before: str | None = None, most: int
    ) -> list[DayPage]:
        """Return the camera's latest days (before one), newest first."""
        rows = await self._library.read(
            "SELECT clips.* FROM days "
            "JOIN clips ON clips.rowid = (SELECT rowid FROM clips "
            "WHERE account_id = days.account_id AND camera_id = days.camera_id "
            "AND day = days.day ORDER BY start_ms DESC LIMIT 1) "
            "WHERE days.account_id = ? AND days.camera_id = ? AND days.day < ? "
            "ORDER BY days.day DESC LIMIT ?",
            # No digit comes after a letter.
            (account_id, camera_id, before or "z", most),
        )
        return [DayPage(day=row["day"], latest=clip_of(row)) for row in rows]

    async def clip_at(self, path: str) -> Clip | None:
        """Return the clip whose file has this path."""
        return next(iter(await self._library.clips("WHERE path = ?", (path,))), None)

    @override
    async def newest_first(
        self, chosen: Filter, *, before: tuple[int, str] | None = None, most: int
    ) -> list[Clip]:
        when = When.of(chosen.window, before)
        words = words_in(chosen.text)
        of_day = [word for word in words if _OF_DAY.fullmatch(word)]
        conditions, values = alike(
            chosen, [word for word in words if word not in of_day]
        )
        if not conditions and not of_day:
            return await self._library.clips(
                f"INDEXED BY clips_by_time WHERE {when.condition} "
                "ORDER BY start_ms DESC, id DESC LIMIT ?",
                (*when.values, most),
            )

        def find(database: sqlite3.Connection) -> list[_Place]:
            rows = database.execute(
                "SELECT id, search_text FROM clip_groups "  # noqa: S608
                f"WHERE {' AND '.join(['1', *conditions])}",
                values,
            ).fetchall()
            if not of_day:
                return _newest(database, [row["id"] for row in rows], when, most)
            places: list[_Place] = []
            stretches = _stretches(database, rows, of_day, self._library.time_zone)
            for stretch, groups in stretches:
                if len(places) < most:
                    inside = when.within(*stretch)
                    places += _newest(database, groups, inside, most - len(places))
            return places

        found = await self._library.ask(find)
        return await self._library.clips(
            "WHERE id IN (SELECT value FROM json_each(?)) "
            "ORDER BY start_ms DESC, id DESC",
            (json.dumps([clip_id for _, clip_id in found]),),
        )

    async def words(
        self, cameras: Collection[tuple[str, str]] | None = None, *, most: int
    ) -> Words:
        """Return what clips can be found by, `most` words of each sort at most."""
        where, values = "1", list[Any]()
        if cameras is not None:
            where = _OF_CAMERAS
            values.append(json.dumps(list(cameras)))

        def count(word: str, source: str) -> Callable[[sqlite3.Connection], list[str]]:
            query = (
                f"SELECT {word} AS word FROM {source} WHERE {where} AND word != '' "  # noqa: S608
                "GROUP BY word ORDER BY SUM(clips) DESC, word LIMIT ?"
            )
            return lambda database: [
                row["word"] for row in database.execute(query, (*values, most))
            ]

        return Words(
            labels=await self._library.ask(count("label", "clip_groups")),
            kinds=await self._library.ask(
                count("each.value", "clip_groups, json_each(kinds) AS each")
            ),
            seen=await self._library.ask(
                count("each.value", "clip_groups, json_each(clip_groups.seen) AS each")
            ),
        )

    async def bytes_per_s(self) -> dict[tuple[str, str], float]:
        """Return how large the latest clips of each camera are, by their length."""
        rows = await self._library.read(
            "SELECT account_id, camera_id, (SELECT "
            "SUM(size_bytes) * 1000.0 / NULLIF(SUM(duration_ms), 0) FROM ("
            "SELECT size_bytes, duration_ms FROM clips "
            "WHERE account_id = cameras.account_id AND camera_id = cameras.camera_id "
            "ORDER BY start_ms DESC LIMIT ?)) AS speed FROM cameras",
            (_TYPICAL,),
        )
        return {
            (row["account_id"], row["camera_id"]): row["speed"]
            for row in rows
            if row["speed"]
        }

    async def oldest_first(
        self,
        account_id: str | None = None,
        *,
        after: Clip | None = None,
        until: datetime | None = None,
        most: int,
    ) -> list[Clip]:
        """Return clips of an account, or of all, that are not kept; the first saved first.

        `after` is the last clip of the page before, `until` the latest time of saving.
        """
        where, values = ["kept = 0"], list[Any]()
        if account_id is not None:
            where.append("account_id = ?")
            values.append(account_id)
        if after is not None:
            where.append("(saved_at_ms, id) > (?, ?)")
            values += to_ms(after.saved_at), after.id
        if until is not None:
            where.append("saved_at_ms <= ?")
            values.append(to_ms(until))
        return await self._library.clips(
            f"WHERE {' AND '.join(where)} ORDER BY saved_at_ms, id LIMIT ?",
            (*values, most),
        )

    async def total_size(self, account_id: str | None = None) -> int:
        """Return the size of the clips of an account, or of all, in bytes."""
        (row,) = await self._library.read(
            "SELECT COALESCE(SUM(size_bytes), 0) AS size_bytes FROM cameras "
            "WHERE ?1 IS NULL OR account_id = ?1",
            (account_id,),
        )
        size_bytes: int = row["size_bytes"]
        return size_bytes

    async def in_window(
        self,
        *,
        account_id: str | None = None,
        camera_id: str | None = None,
        window: Window | None = None,
        label: str | None = None,
        kept: bool | None = None,
    ) -> AsyncIterator[Clip]:
        """Yield the clips that overlap a window, oldest first, read in pages.

        None leaves a condition out.
        """
        conditions, fixed = [], list[Any]()
        for condition, value in (
            ("account_id = ?", account_id),
            ("camera_id = ?", camera_id),
            ("label = ?", label),
            ("kept = ?", kept),
        ):
            if value is not None:
                conditions.append(condition)
                fixed.append(value)
        if window is not None:
            conditions.append("start_ms BETWEEN ? AND ? AND end_ms > ?")
            fixed += [window.start_ms - _LONGEST_MS, window.end_ms - 1, window.start_ms]
        last: Clip | None = None
        while True:
            where, values = _after(last)
            clips = await self._library.clips(
                f"WHERE {' AND '.join([*conditions, where])} "
                "ORDER BY start_ms, id LIMIT ?",
                (*fixed, *values, _PAGE),
            )
            for clip in clips:
                yield clip
            if len(clips) < _PAGE:
                return
            last = clips[-1]

    async def set_kept(
        self, ids: Iterable[str], roots: Collection[Path], *, kept: bool
    ) -> list[Clip]:
        """Set whether clips are kept; return those that exist, as they are now.

        It is written into their sidecars, too, for a rebuild. `roots` are the media
        folders. Raises StorageError if a sidecar cannot be written; that clip and those
        after it stay as they were.
        """
        chosen = await self.of_ids(ids)
        changed = []

        def mark(clip: Clip) -> None:
            sidecar.write_kept(files.found(clip.path, roots).folder, clip)

        try:
            for clip in chosen:
                now = replace(clip, kept=kept)
                await run_on_storage(mark, now)
                changed.append(now)
        except OSError as err:
            raise StorageError(
                "clip_not_marked", path=str(err.filename or ""), reason=reason_of(err)
            ) from err
        finally:
            await self._library.change_clips(changed)
        return changed

    async def set_label(
        self, clip_id: str, roots: Collection[Path], label: str
    ) -> Clip | None:
        """Label a clip; return it as it is now, None if there is none.

        Its sidecar says it, too. Raises StorageError if that cannot be written.
        """
        clip = await self.clip(clip_id)
        if clip is None:
            return None
        now = replace(clip, label=label)
        try:
            await run_on_storage(
                lambda: sidecar.write_label(files.found(now.path, roots).folder, now)
            )
        except OSError as err:
            raise StorageError(
                "clip_not_labelled", path=str(err.filename or ""), reason=reason_of(err)
            ) from err
        await self._library.change_clips([now])
        return now

    @contextlib.asynccontextmanager
    async def tasks(self, kind: str, subjects: Iterable[str]) -> AsyncIterator[None]:
        """Record tasks while they are done, so that they are resumed after a kill."""
        subjects = list(subjects)
        if not subjects:
            yield
            return
        rows = [(kind, subject) for subject in subjects]
        await self._library.change(
            lambda database: database.executemany(
                "INSERT OR IGNORE INTO tasks VALUES (?, ?)", rows
            ),
            durable=True,
        )
        try:
            yield
        finally:
            await self.end_tasks(kind, subjects)

    async def end_tasks(self, kind: str, subjects: Iterable[str]) -> None:
        """Record that tasks are done."""
        rows = [(kind, subject) for subject in subjects]
        await self._library.change(
            lambda database: database.executemany(
                "DELETE FROM tasks WHERE kind = ? AND subject = ?", rows
            )
        )

    async def interrupted_tasks(self, kind: str) -> list[str]:
        """Return the subjects of the tasks of a kind that were begun and not ended."""
        rows = await self._library.read(
            "SELECT subject FROM tasks WHERE kind = ?", (kind,)
        )
        return [row["subject"] for row in rows]

    async def kept_of(self, ids: Iterable[str]) -> list[str]:
        """Return those of these ids whose clips are kept."""
        rows = await self._library.read(
            "SELECT id FROM clips "
            "WHERE kept = 1 AND id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(ids)),),
        )
        return [row["id"] for row in rows]

    async def mounts(self) -> list[Path]:
        """Return the mount points that clips were written under."""
        return await self._library.mounts()

    async def remove(self, ids: Iterable[str]) -> None:
        """Remove the records of clips."""
        await self._library.change(
            lambda database: database.execute(
                "DELETE FROM clips WHERE id IN (SELECT value FROM json_each(?))",
                (json.dumps(list(ids)),),
            )
        )

    @override
    async def _clips(self, where: str, values: Sequence[Any]) -> list[Clip]:
        return await self._library.clips(where, values)

    @override
    async def _latest(self, account_id: str | None) -> list[Clip]:
        rows = await self._library.read(
            "SELECT clips.* FROM cameras "
            "JOIN clips ON clips.rowid = (SELECT rowid FROM clips "
            "WHERE account_id = cameras.account_id AND camera_id = cameras.camera_id "
            "ORDER BY start_ms DESC LIMIT 1) "
            "WHERE ?1 IS NULL OR cameras.account_id = ?1",
            (account_id,),
        )
        return [clip_of(row) for row in rows]


def words_in(text: str) -> list[str]:
    """Return the words of a search."""
    return text[:LONGEST_SEARCH].casefold().split()[:MOST_WORDS]


@dataclass(frozen=True)
class When:
    """A condition for the times of clips, and its values."""

    condition: str = "1"
    values: tuple[Any, ...] = ()

    @classmethod
    def of(cls, window: Window | None, before: _Place | None) -> When:
        """Return the condition for clips in a window, and before another clip."""
        when = cls()
        if before is not None:
            when = when.and_also("(start_ms, id) < (?, ?)", *before)
        if window is not None:
            first_ms = window.start_ms - _LONGEST_MS
            when = when.within(first_ms, window.end_ms)
            when = when.and_also("end_ms > ?", window.start_ms)
        return when

    def within(self, start_ms: int, end_ms: int) -> When:
        """Return the condition for those that begin in a stretch of time, too."""
        return self.and_also("start_ms BETWEEN ? AND ?", start_ms, end_ms - 1)

    def and_also(self, condition: str, *values: Any) -> When:
        """Return both conditions together."""
        both = f"{self.condition} AND {condition}"
        return When(both, (*self.values, *values))


def alike(chosen: Filter, words: Sequence[str]) -> tuple[list[str], list[Any]]:
    """Return the conditions for groups of clips, and their values."""
    conditions, values = [_HAS_WORD] * len(words), list[Any](words)
    if chosen.cameras is not None:
        conditions.append(_OF_CAMERAS)
        values.append(json.dumps(list(chosen.cameras)))
    for condition, value in (
        ("kept = ?", chosen.kept),
        ("label = ?", chosen.label),
        (_OF_KIND, chosen.kind),
        (_HAS_SEEN, chosen.seen),
        ("status = ?", chosen.status),
    ):
        if value is not None:
            conditions.append(condition)
            values.append(value)
    return conditions, values


def _newest(
    database: sqlite3.Connection, groups: Iterable[int], when: When, most: int
) -> list[_Place]:
    """Return where the newest clips of some groups are, newest first.

    Of each group the newest is looked up. Those whose newest are the newest of all are
    gone through first, until no other can have any that belongs to the result.
    """
    newest = database.execute(
        "SELECT value AS of_group, (SELECT start_ms FROM clips INDEXED BY clips_by_group "  # noqa: S608
        f"WHERE group_id = value AND {when.condition} ORDER BY start_ms DESC LIMIT 1"
        ") AS latest_ms FROM json_each(?) "
        "WHERE latest_ms IS NOT NULL ORDER BY latest_ms DESC",
        (*when.values, json.dumps(list(groups))),
    ).fetchall()
    places: list[_Place] = []
    # Nothing from before this belongs to the result.
    since_ms = -(2**63)
    for group_id, latest_ms in newest:
        if latest_ms < since_ms:
            break
        rows = database.execute(
            "SELECT start_ms, id FROM clips INDEXED BY clips_by_group "  # noqa: S608
            f"WHERE group_id = ? AND {when.condition} AND start_ms >= ? "
            "ORDER BY start_ms DESC, id DESC LIMIT ?",
            (group_id, *when.values, since_ms, most),
        )
        places = sorted((*places, *map(tuple, rows)), reverse=True)[:most]
        if len(places) == most:
            since_ms = places[-1][0]
    return places


def _stretches(
    database: sqlite3.Connection,
    groups: Sequence[sqlite3.Row],
    words: Sequence[str],
    time_zone: tzinfo,
) -> Iterator[tuple[tuple[int, int], list[int]]]:
    """Yield stretches of time, newest first, and the groups whose clips are found there.

    A group lacks some of the words; the days of its clips have to have those.
    """
    lacking: dict[frozenset[str], list[int]] = {}
    for row in groups:
        lacks = frozenset(word for word in words if word not in row["search_text"])
        lacking.setdefault(lacks, []).append(row["id"])
    days = database.execute(
        "WITH RECURSIVE every(day) AS (SELECT MAX(day) FROM days UNION ALL "
        "SELECT (SELECT MAX(day) FROM days WHERE day < every.day) FROM every "
        "WHERE every.day IS NOT NULL) SELECT day FROM every WHERE day IS NOT NULL"
    ).fetchall()
    # Days that follow each other and have the same words are one stretch.
    for had, run in itertools.groupby(
        (row["day"] for row in days),
        lambda day: frozenset(word for word in words if word in day),
    ):
        some = list(run)
        found = [
            group for lacks, ids in lacking.items() if lacks <= had for group in ids
        ]
        if found:
            start_ms, end_ms = (
                to_ms(datetime.combine(day, time(), time_zone))
                for day in (
                    date.fromisoformat(some[-1]),
                    date.fromisoformat(some[0]) + timedelta(days=1),
                )
            )
            yield (start_ms, end_ms), found


def _after(clip: Clip | None) -> tuple[str, tuple[Any, ...]]:
    """Return the condition for clips after this one, in order of time, and its values."""
    if clip is None:
        return "1", ()
    return "(start_ms, id) > (?, ?)", (clip.window.start_ms, clip.id)
