"""Stores the events of an account: which were seen, are wanted, and are saved."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
import json
import logging
from pathlib import Path
import sqlite3
from typing import Any

from ..errors import CancelledJobError, ClipError
from ..library import files, sidecar
from ..library.database import (
    Library,
    error_json,
    error_of_json,
    event_of,
    event_row,
    events_of,
)
from ..model import Clip, Event
from ..time_range import Window, from_ms, to_ms

_LOGGER = logging.getLogger(__name__)

MOST_LISTED = 10_000


class EventState(StrEnum):
    """What became of an event; SAVED stays when its clip is deleted."""

    SEEN = "seen"
    WANTED = "wanted"
    SAVED = "saved"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """An event that is to be saved, and how many tries to save it failed."""

    camera_id: str
    event: Event
    tries: int


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """How many recordings of a camera a back-fill has saved, could not have, and has left."""

    saved: int = 0
    failed: int = 0
    left: int = 0

    @property
    def total(self) -> int:
        """How many there are."""
        return self.saved + self.failed + self.left


@dataclass(frozen=True, kw_only=True)
class Failures:
    """How many recordings of a camera a back-fill could not have for one reason."""

    camera_id: str
    error: ClipError
    count: int


class EventStore:
    """The events of one account, in the library's database.

    Every method raises StorageError. Methods that return wanted or saved events wait for
    a rebuild of the library that is due: otherwise saved clips would be saved again.
    """

    def __init__(
        self, library: Library, account_id: str, roots: Collection[Path] = ()
    ) -> None:
        """Take the library, and the media folders that its clips are in."""
        self._library = library
        self._account_id = account_id
        self._roots = roots

    async def update_known(
        self, camera_id: str, events: Sequence[Event]
    ) -> tuple[list[Event], list[tuple[Event, Event]]]:
        """Update the events that are stored; return the others, for `add` to store.

        The first list has new events. The second has events in the state SEEN that have
        more words for what was seen: each as it is stored, and as it is now. Of all other
        events the end, the words and whether they are ready are updated, also in the
        records and sidecars of their clips.
        """
        new: list[Event] = []
        described: list[tuple[Event, Event]] = []
        of_clips: list[tuple[str, Event]] = []

        def update(database: sqlite3.Connection) -> None:
            # A cloud may list an event twice.
            for event in {one.id: one for one in events}.values():
                row = self._row(camera_id, event)
                stored = database.execute(
                    "SELECT * FROM events WHERE account_id = :account_id "
                    "AND camera_id = :camera_id AND id = :id",
                    row,
                ).fetchone()
                if not stored:
                    new.append(event)
                    continue
                before = event_of(stored)
                # A cloud adds words one by one. A word that is missing later stays.
                after = replace(event, seen=(*before.seen, *event.seen))
                if stored["state"] == EventState.SEEN and after.seen != before.seen:
                    described.append((before, after))
                    continue
                if _is_clip_outdated(database, stored["clip_id"], after):
                    of_clips.append((stored["clip_id"], after))
                database.execute(
                    "UPDATE events SET end_ms = MAX(end_ms, :end_ms), seen = :seen, "
                    "is_ready = MAX(is_ready, :is_ready) WHERE "
                    "account_id = :account_id AND camera_id = :camera_id AND id = :id",
                    {**row, "seen": json.dumps(after.seen)},
                )

        await self._library.change(update)
        for clip_id, event in of_clips:
            await self._describe_clips(clip_id, event)
        return new, described

    async def add(
        self, camera_id: str, events: Iterable[Event], wanted: Collection[str]
    ) -> None:
        """Store the events that `update_known` returned; `wanted` are the ids to save."""

        def write(database: sqlite3.Connection) -> None:
            for event in events:
                state = EventState.WANTED if event.id in wanted else EventState.SEEN
                database.execute(
                    "INSERT INTO events (account_id, camera_id, id, kind, "
                    "seen, start_ms, end_ms, is_ready, state) VALUES (:account_id, "
                    ":camera_id, :id, :kind, :seen, :start_ms, :end_ms, :is_ready, "
                    ":state) ON CONFLICT DO UPDATE SET seen = excluded.seen, "
                    "end_ms = MAX(end_ms, excluded.end_ms), "
                    "is_ready = MAX(is_ready, excluded.is_ready), "
                    # Its clip may have been saved meanwhile.
                    "state = CASE state WHEN 'seen' THEN excluded.state ELSE state END",
                    {**self._row(camera_id, event), "state": state},
                )

        await self._library.change(write)

    async def last_saved_end(self, camera_id: str, before: datetime) -> datetime | None:
        """Return the last end of the wanted and saved events that began before a time."""
        await self._library.wait_for_rebuild()
        rows = await self._library.read(
            "SELECT MAX(end_ms) AS end_ms FROM events WHERE account_id = ? "
            "AND camera_id = ? AND state IN (?, ?) AND start_ms < ?",
            (
                self._account_id,
                camera_id,
                EventState.WANTED,
                EventState.SAVED,
                to_ms(before),
            ),
        )
        end_ms = rows[0]["end_ms"]
        return None if end_ms is None else from_ms(end_ms)

    async def wanted(
        self,
        now: datetime,
        cameras: Iterable[str],
        *,
        ready_only: bool,
        most: int,
        in_back_fill: bool = False,
    ) -> list[Wanted]:
        """Return the wanted events of these cameras whose next try is due, `most` at most.

        They are either those of the back-fill or the others. The oldest comes first: its
        footage is the first to expire. In a back-fill those that failed come last.
        """
        await self._library.wait_for_rebuild()
        where, order = (
            ("AND in_back_fill", "tries, start_ms")
            if in_back_fill
            else ("AND NOT in_back_fill", "start_ms")
        )
        rows = await self._library.read(
            "SELECT * FROM events WHERE account_id = ? AND state = ? "  # noqa: S608
            f"AND next_try_ms <= ? AND is_ready >= ? {where} "
            "AND camera_id IN (SELECT value FROM json_each(?)) "
            f"ORDER BY {order}, camera_id LIMIT ?",
            (
                self._account_id,
                EventState.WANTED,
                to_ms(now),
                ready_only,
                json.dumps(list(cameras)),
                most,
            ),
        )
        return [
            Wanted(camera_id=row["camera_id"], event=event_of(row), tries=row["tries"])
            for row in rows
        ]

    async def awaited(self, camera_id: str) -> list[Event]:
        """Return the wanted events of a camera that are not ready, the oldest first."""
        rows = await self._library.read(
            "SELECT * FROM events WHERE account_id = ? AND state = ? "
            "AND camera_id = ? AND NOT is_ready ORDER BY start_ms",
            (self._account_id, EventState.WANTED, camera_id),
        )
        return [event_of(row) for row in rows]

    async def set_ready(self, camera_id: str, events: Iterable[Event]) -> None:
        """Store that events are ready."""

        def write(database: sqlite3.Connection) -> None:
            for event in events:
                database.execute(
                    "UPDATE events SET is_ready = 1 WHERE account_id = :account_id "
                    "AND camera_id = :camera_id AND id = :id",
                    self._row(camera_id, event),
                )

        await self._library.change(write)

    async def postpone(self, wanted: Iterable[Wanted], next_try: datetime) -> None:
        """Store that a try failed, and when the next one is."""
        await self._set(
            wanted,
            "tries = tries + 1, next_try_ms = :next_try_ms",
            next_try_ms=to_ms(next_try),
        )

    async def give_up(self, wanted: Iterable[Wanted], err: ClipError) -> None:
        """Store that wanted events will not be saved, and why."""
        await self._set(
            wanted,
            "state = :state, error = :error",
            state=EventState.FAILED,
            error=error_json(err),
        )

    async def forget_wanted(self, camera_id: str) -> None:
        """Let no event of a camera be wanted any more, but for those of a back-fill."""
        await self._library.change(
            lambda database: database.execute(
                "UPDATE events SET state = ? WHERE account_id = ? AND camera_id = ? "
                "AND state = ? AND NOT in_back_fill",
                (EventState.SEEN, self._account_id, camera_id, EventState.WANTED),
            )
        )

    async def begin_back_fill(self, windows: Mapping[str, Window]) -> None:
        """Store, durably, what of each camera's history is to be listed for a back-fill."""

        def write(database: sqlite3.Connection) -> None:
            database.executemany(
                "INSERT INTO back_fills VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
                "start_ms = MIN(start_ms, excluded.start_ms), "
                "end_ms = MAX(end_ms, excluded.end_ms)",
                [
                    (self._account_id, camera_id, window.start_ms, window.end_ms)
                    for camera_id, window in windows.items()
                ],
            )

        await self._library.change(write, durable=True)

    async def unlisted(self) -> dict[str, Window]:
        """Return what is still to be listed for the back-fill, by the camera's id."""
        rows = await self._library.read(
            "SELECT * FROM back_fills WHERE account_id = ?", (self._account_id,)
        )
        return {
            row["camera_id"]: Window.of_ms(row["start_ms"], row["end_ms"])
            for row in rows
        }

    async def set_listed(self, camera_id: str, window: Window) -> None:
        """Store that the first part of a camera's history is listed for the back-fill."""
        row = (self._account_id, camera_id)

        def write(database: sqlite3.Connection) -> None:
            database.execute(
                "UPDATE back_fills SET start_ms = ? WHERE account_id = ? "
                # Meanwhile more of it may be wanted.
                "AND camera_id = ? AND start_ms >= ?",
                (window.end_ms, *row, window.start_ms),
            )
            database.execute(
                "DELETE FROM back_fills WHERE account_id = ? AND camera_id = ? "
                "AND start_ms >= end_ms",
                row,
            )

        await self._library.change(write)

    async def add_to_back_fill(self, camera_id: str, events: Iterable[Event]) -> None:
        """Add events to the back-fill, but for those that were saved or will be.

        One that could not be had is tried again, unless that was in this back-fill.
        """
        await self._library.wait_for_rebuild()

        def write(database: sqlite3.Connection) -> None:
            database.executemany(
                "INSERT INTO events (account_id, camera_id, id, kind, seen, start_ms, "
                "end_ms, is_ready, state, in_back_fill) VALUES (:account_id, :camera_id, "
                ":id, :kind, :seen, :start_ms, :end_ms, :is_ready, 'wanted', 1) "
                "ON CONFLICT DO UPDATE SET state = 'wanted', in_back_fill = 1, "
                "tries = 0, next_try_ms = 0, error = NULL, "
                "end_ms = MAX(end_ms, excluded.end_ms), "
                "is_ready = MAX(is_ready, excluded.is_ready) "
                "WHERE state IN ('seen', 'failed') AND NOT in_back_fill",
                [self._row(camera_id, event) for event in events],
            )

        await self._library.change(write)

    async def fetched(self) -> dict[str, Fetched]:
        """Return how far the back-fill has come, by the camera's id."""
        rows = await self._library.read(
            "SELECT camera_id, SUM(state = 'saved') AS saved, "
            "SUM(state = 'failed') AS failed, SUM(state = 'wanted') AS wanted "
            "FROM events INDEXED BY events_of_back_fill "
            "WHERE account_id = ? AND in_back_fill GROUP BY camera_id",
            (self._account_id,),
        )
        return {
            row["camera_id"]: Fetched(
                saved=row["saved"], failed=row["failed"], left=row["wanted"]
            )
            for row in rows
        }

    async def failures(self) -> list[Failures]:
        """Return why recordings of the back-fill could not be had; most failures first."""
        rows = await self._library.read(
            "SELECT camera_id, error, COUNT(*) AS count "
            "FROM events INDEXED BY events_of_back_fill "
            "WHERE account_id = ? AND in_back_fill AND state = 'failed' "
            "GROUP BY camera_id, error ORDER BY count DESC",
            (self._account_id,),
        )
        return [
            Failures(
                camera_id=row["camera_id"],
                # Whoever cancels a job says no more.
                error=error_of_json(row["error"])
                if row["error"]
                else CancelledJobError("cancelled"),
                count=row["count"],
            )
            for row in rows
        ]

    async def cancel_back_fill(self, cameras: Iterable[str]) -> int:
        """Take what is left of these cameras out of the back-fill; return how many."""
        ids = (self._account_id, json.dumps(list(cameras)))

        def write(database: sqlite3.Connection) -> int:
            database.execute(
                "DELETE FROM back_fills WHERE account_id = ? "
                "AND camera_id IN (SELECT value FROM json_each(?))",
                ids,
            )
            return database.execute(
                "UPDATE events SET state = 'seen', in_back_fill = 0 "
                "WHERE account_id = ? "
                "AND camera_id IN (SELECT value FROM json_each(?)) "
                "AND in_back_fill AND state = 'wanted'",
                ids,
            ).rowcount

        return await self._library.change(write, durable=True)

    async def end_back_fill(self) -> None:
        """Forget the back-fill: its events are as all others."""
        await self._library.change(
            lambda database: database.execute(
                "UPDATE events SET in_back_fill = 0 "
                "WHERE account_id = ? AND in_back_fill",
                (self._account_id,),
            )
        )

    async def event(self, camera_id: str, event_id: str) -> Event | None:
        """Return an event that is stored."""
        rows = await self._library.read(
            "SELECT * FROM events WHERE account_id = ? AND camera_id = ? AND id = ?",
            (self._account_id, camera_id, event_id),
        )
        return event_of(rows[0]) if rows else None

    async def clips(self, camera_id: str, event_id: str) -> list[Clip]:
        """Return the clip of an event; several where one file could not hold it."""
        await self._library.wait_for_rebuild()
        return await self._library.clips(
            "WHERE job_id = (SELECT clips.job_id FROM events JOIN clips "
            "ON clips.id = events.clip_id WHERE events.account_id = ? "
            "AND events.camera_id = ? AND events.id = ?) ORDER BY start_ms",
            (self._account_id, camera_id, event_id),
        )

    async def clip_ids(self, camera_id: str, ids: Iterable[str]) -> dict[str, str]:
        """Return the ids of the clips of these events, by the event's id."""
        rows = await self._library.read(
            "SELECT events.id, events.clip_id FROM events JOIN clips "
            "ON clips.id = events.clip_id "
            "WHERE events.account_id = ? AND events.camera_id = ? "
            "AND events.id IN (SELECT value FROM json_each(?))",
            (self._account_id, camera_id, json.dumps(list(ids))),
        )
        return {row["id"]: row["clip_id"] for row in rows}

    async def clip_paths(self, camera_id: str, ids: Iterable[str]) -> dict[str, str]:
        """Return the paths of the clips of these events, by the event's id."""
        await self._library.wait_for_rebuild()
        rows = await self._library.read(
            "SELECT events.id, clips.path FROM events JOIN clips "
            "ON clips.id = events.clip_id "
            "WHERE events.account_id = ? AND events.camera_id = ? "
            "AND events.id IN (SELECT value FROM json_each(?))",
            (self._account_id, camera_id, json.dumps(list(ids))),
        )
        return {row["id"]: row["path"] for row in rows}

    async def between(self, camera_id: str, window: Window) -> list[Event]:
        """Return the events of a camera that begin in a window, the oldest first."""
        rows = await self._library.read(
            "SELECT * FROM events INDEXED BY events_by_state "
            "WHERE account_id = ? AND state IN (SELECT value FROM json_each(?)) "
            "AND start_ms >= ? AND start_ms < ? AND camera_id = ? "
            "ORDER BY start_ms, id LIMIT ?",
            (
                self._account_id,
                json.dumps(list(EventState)),
                window.start_ms,
                window.end_ms,
                camera_id,
                MOST_LISTED,
            ),
        )
        return [event_of(row) for row in rows]

    async def polled_until(self, camera_id: str) -> datetime | None:
        """Return when the history of a camera was last polled, if it ever was."""
        rows = await self._library.read(
            "SELECT until_ms FROM polls WHERE account_id = ? AND camera_id = ?",
            (self._account_id, camera_id),
        )
        return from_ms(rows[0]["until_ms"]) if rows else None

    async def set_polled_until(self, camera_id: str, until: datetime) -> None:
        """Store when the history of a camera was polled."""
        await self._library.change(
            lambda database: database.execute(
                "INSERT OR REPLACE INTO polls VALUES (?, ?, ?)",
                (self._account_id, camera_id, to_ms(until)),
            )
        )

    async def move_camera(self, old_id: str, new_id: str) -> None:
        """Move the events and polls of a camera to its new id.

        Of an event that is stored under both ids one stays: the saved one, if one is.
        """
        ids = {"account": self._account_id, "old": old_id, "new": new_id}

        def move(database: sqlite3.Connection) -> None:
            if old_id == new_id:
                return
            # Of an event with two rows, the saved one stays.
            database.execute(
                "DELETE FROM events WHERE account_id = :account "
                "AND camera_id = :new AND state <> 'saved' AND id IN (SELECT id "
                "FROM events WHERE account_id = :account AND camera_id = :old)",
                ids,
            )
            database.execute(
                "DELETE FROM events WHERE account_id = :account "
                "AND camera_id = :old AND id IN (SELECT id "
                "FROM events WHERE account_id = :account AND camera_id = :new)",
                ids,
            )
            database.execute(
                "UPDATE events SET camera_id = :new "
                "WHERE account_id = :account AND camera_id = :old",
                ids,
            )
            # The earlier of both polls: events that are known are not added twice.
            database.execute(
                "INSERT OR REPLACE INTO polls SELECT account_id, :new, MIN(until_ms) "
                "FROM polls WHERE account_id = :account AND camera_id IN (:old, :new) "
                "GROUP BY account_id",
                ids,
            )
            database.execute(
                "DELETE FROM polls WHERE account_id = :account AND camera_id = :old",
                ids,
            )
            database.execute(
                "UPDATE OR REPLACE back_fills SET camera_id = :new "
                "WHERE account_id = :account AND camera_id = :old",
                ids,
            )

        await self._library.change(move)

    async def _describe_clips(self, clip_id: str, event: Event) -> None:
        """Write the words of an event into the records and sidecars of its clips."""
        for clip in await self._library.clips(
            "WHERE job_id = (SELECT job_id FROM clips WHERE id = ?)", (clip_id,)
        ):
            described = replace(
                clip,
                saves=tuple(
                    replace(one, seen=event.seen) if one.id == event.id else one
                    for one in clip.saves
                ),
            )
            try:
                await asyncio.to_thread(self._write_sidecar, described)
            except OSError as err:
                _LOGGER.debug("The sidecar of %s cannot be written: %s", clip.id, err)
                return
            await self._library.change_clips([described])

    def _write_sidecar(self, clip: Clip) -> None:
        sidecar.write_saves(files.found(clip.path, self._roots).folder, clip)

    async def _set(self, wanted: Iterable[Wanted], change: str, **values: Any) -> None:
        def write(database: sqlite3.Connection) -> None:
            for one in wanted:
                database.execute(
                    f"UPDATE events SET {change} WHERE account_id = :account_id "  # noqa: S608
                    "AND camera_id = :camera_id AND id = :id AND state = 'wanted'",
                    {**self._row(one.camera_id, one.event), **values},
                )

        await self._library.change(write)

    def _row(self, camera_id: str, event: Event) -> dict[str, Any]:
        return {
            "account_id": self._account_id,
            "camera_id": camera_id,
            **event_row(event),
        }


def _is_clip_outdated(
    database: sqlite3.Connection, clip_id: str | None, event: Event
) -> bool:
    """Return whether the record of a clip has other words for an event."""
    rows = database.execute("SELECT saves FROM clips WHERE id = ?", (clip_id,))
    return any(
        one.id == event.id and one.seen != event.seen
        for row in rows
        for one in events_of(row["saves"])
    )
