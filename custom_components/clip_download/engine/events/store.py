"""The ledger of an account's events: what was seen, what is wanted, what is saved."""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
import json
import logging
from pathlib import Path
import sqlite3
from typing import Any

from ..library import files, sidecar
from ..library.database import Library, event_of, event_row, events_of
from ..model import Clip, Event
from ..time_range import from_ms, to_ms

_LOGGER = logging.getLogger(__name__)


class EventState(StrEnum):
    """What became of an event. SAVED stays when its clip is let go of."""

    SEEN = "seen"
    WANTED = "wanted"
    SAVED = "saved"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """An event that is to be saved, and how many tries have failed."""

    camera_id: str
    event: Event
    tries: int


class EventStore:
    """The events of one account. Every method raises StorageError as the library does.

    What is to be saved and what is saved is told once a library that was lost has come
    back: otherwise what it knew to be saved would be saved again.
    """

    def __init__(
        self, library: Library, account_id: str, roots: Collection[Path] = ()
    ) -> None:
        """Take the library that it is kept in, and the media folders that clips are in."""
        self._library = library
        self._account_id = account_id
        self._roots = roots

    async def unknown(
        self, camera_id: str, events: Sequence[Event]
    ) -> tuple[list[Event], list[tuple[Event, Event]]]:
        """Return the events that are new, and of those only seen which say more now.

        The latter as they are known, and with all that was seen of them. Both are kept
        by `add`; what else is known is brought up to date here, and so are clips.
        """
        new: list[Event] = []
        grown: list[tuple[Event, Event]] = []
        saved: list[tuple[str, Event]] = []

        def note(database: sqlite3.Connection) -> None:
            # A list may repeat itself.
            for event in {one.id: one for one in events}.values():
                row = self._row(camera_id, event)
                known = database.execute(
                    "SELECT * FROM events WHERE account_id = :account_id "
                    "AND camera_id = :camera_id AND id = :id",
                    row,
                ).fetchone()
                if not known:
                    new.append(event)
                    continue
                before = event_of(known)
                # What was seen is told bit by bit, and never taken back.
                after = replace(event, seen=(*before.seen, *event.seen))
                if known["state"] == EventState.SEEN and after.seen != before.seen:
                    grown.append((before, after))
                    continue
                if any(
                    one.id == event.id and one.seen != after.seen
                    for clip in database.execute(
                        "SELECT saves FROM clips WHERE id = ?", (known["clip_id"],)
                    )
                    for one in events_of(clip["saves"])
                ):
                    saved.append((known["clip_id"], after))
                database.execute(
                    "UPDATE events SET end_ms = MAX(end_ms, :end_ms), what = :what, "
                    "is_ready = MAX(is_ready, :is_ready) WHERE "
                    "account_id = :account_id AND camera_id = :camera_id AND id = :id",
                    {**row, "what": after.what},
                )

        await self._library.change(note)
        for clip_id, event in saved:
            await self._name(clip_id, event)
        return new, grown

    async def add(
        self, camera_id: str, events: Iterable[Event], wanted: Collection[str]
    ) -> None:
        """Note events that are new, or say more; `wanted` has the ids of those to save."""

        def note(database: sqlite3.Connection) -> None:
            for event in events:
                state = EventState.WANTED if event.id in wanted else EventState.SEEN
                database.execute(
                    "INSERT INTO events (account_id, camera_id, id, kind, "
                    "what, start_ms, end_ms, is_ready, state) VALUES (:account_id, "
                    ":camera_id, :id, :kind, :what, :start_ms, :end_ms, :is_ready, "
                    ":state) ON CONFLICT DO UPDATE SET what = excluded.what, "
                    "end_ms = MAX(end_ms, excluded.end_ms), "
                    "is_ready = MAX(is_ready, excluded.is_ready), "
                    # Somebody may have saved it meanwhile.
                    "state = CASE state WHEN 'seen' THEN excluded.state ELSE state END",
                    {**self._row(camera_id, event), "state": state},
                )

        await self._library.change(note)

    async def last_saved_end(self, camera_id: str, before: datetime) -> datetime | None:
        """Return when the latest event ended that began before, and is (to be) saved."""
        await self._library.come_back()
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
        self, now: datetime, cameras: Iterable[str], *, ready_only: bool, most: int
    ) -> list[Wanted]:
        """Return what is to be saved of these cameras and was not put off beyond now.

        The oldest comes first: it is the first to expire.
        """
        await self._library.come_back()
        rows = await self._library.read(
            "SELECT * FROM events WHERE account_id = ? AND state = ? "
            "AND next_try_ms <= ? AND is_ready >= ? "
            "AND camera_id IN (SELECT value FROM json_each(?)) "
            "ORDER BY start_ms, camera_id LIMIT ?",
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
        """Return the camera's events that are to be saved once they are ready."""
        rows = await self._library.read(
            "SELECT * FROM events WHERE account_id = ? AND state = ? "
            "AND camera_id = ? AND NOT is_ready ORDER BY start_ms",
            (self._account_id, EventState.WANTED, camera_id),
        )
        return [event_of(row) for row in rows]

    async def set_ready(self, camera_id: str, events: Iterable[Event]) -> None:
        """Keep that no more is waited for."""

        def write(database: sqlite3.Connection) -> None:
            for event in events:
                database.execute(
                    "UPDATE events SET is_ready = 1 WHERE account_id = :account_id "
                    "AND camera_id = :camera_id AND id = :id",
                    self._row(camera_id, event),
                )

        await self._library.change(write)

    async def put_off(self, wanted: Iterable[Wanted], next_try: datetime) -> None:
        """Keep that a try failed, and when the next one comes."""
        await self._set(
            wanted,
            "tries = tries + 1, next_try_ms = :next_try_ms",
            next_try_ms=to_ms(next_try),
        )

    async def give_up(self, wanted: Iterable[Wanted]) -> None:
        """Keep that events will not be saved."""
        await self._set(wanted, "state = :state", state=EventState.FAILED)

    async def forget_wanted(self, camera_id: str) -> None:
        """Want nothing more of a camera."""
        await self._library.change(
            lambda database: database.execute(
                "UPDATE events SET state = ? WHERE account_id = ? AND camera_id = ? "
                "AND state = ?",
                (EventState.SEEN, self._account_id, camera_id, EventState.WANTED),
            )
        )

    async def saved(self, camera_id: str, ids: Iterable[str]) -> dict[str, str]:
        """Return the paths of the clips of those events that have one."""
        await self._library.come_back()
        rows = await self._library.read(
            "SELECT events.id, clips.path FROM events JOIN clips "
            "ON clips.id = events.clip_id "
            "WHERE events.account_id = ? AND events.camera_id = ? "
            "AND events.id IN (SELECT value FROM json_each(?))",
            (self._account_id, camera_id, json.dumps(list(ids))),
        )
        return {row["id"]: row["path"] for row in rows}

    async def looked_until(self, camera_id: str) -> datetime | None:
        """Return up to when the camera's history was gone through, if it ever was."""
        rows = await self._library.read(
            "SELECT until_ms FROM looks WHERE account_id = ? AND camera_id = ?",
            (self._account_id, camera_id),
        )
        return from_ms(rows[0]["until_ms"]) if rows else None

    async def set_looked_until(self, camera_id: str, until: datetime) -> None:
        """Keep up to when the camera's history was gone through."""
        await self._library.change(
            lambda database: database.execute(
                "INSERT OR REPLACE INTO looks VALUES (?, ?, ?)",
                (self._account_id, camera_id, to_ms(until)),
            )
        )

    async def move_camera(self, old_id: str, new_id: str) -> None:
        """Keep under a camera's new id all that is kept under its old one.

        An event that both have stays once: saved, if one of them is. It may be called
        again, and does nothing where nothing is kept under the old id.
        """
        ids = {"account": self._account_id, "old": old_id, "new": new_id}

        def move(database: sqlite3.Connection) -> None:
            if old_id == new_id:
                return
            # Of an event that both have, one row goes; which is saved, stays.
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
            # Whichever was looked at less far: what is known is not taken in again.
            database.execute(
                "INSERT OR REPLACE INTO looks SELECT account_id, :new, MIN(until_ms) "
                "FROM looks WHERE account_id = :account AND camera_id IN (:old, :new) "
                "GROUP BY account_id",
                ids,
            )
            database.execute(
                "DELETE FROM looks WHERE account_id = :account AND camera_id = :old",
                ids,
            )

        await self._library.change(move)

    async def _name(self, clip_id: str, event: Event) -> None:
        """Write all that was seen of an event into the records of its clips."""
        for clip in await self._library.clips(
            "WHERE job_id = (SELECT job_id FROM clips WHERE id = ?)", (clip_id,)
        ):
            named = replace(
                clip,
                saves=tuple(
                    replace(one, seen=event.seen) if one.id == event.id else one
                    for one in clip.saves
                ),
            )
            try:
                await asyncio.to_thread(self._write_saves, named)
            except OSError as err:
                _LOGGER.debug("What was seen in %s cannot be written: %s", clip.id, err)
                return
            await self._library.set_saves(named)

    def _write_saves(self, clip: Clip) -> None:
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
