"""The clips of which there are copies only: found as those at home are."""

from collections.abc import Collection, Iterable, Sequence
import json
import sqlite3
from typing import Any

from ..library.database import clip_of
from ..library.queries import (
    AccountPage,
    CameraPage,
    DayPage,
    Filter,
    When,
    alike,
    words_in,
)
from ..model import Clip
from .store import CopyStore

# Of these, the day is not in the text that a search looks at.
_HAS_WORD = "instr(search_text || ' ' || day, ?)"


class AwayClips:
    """The clips that are not at home any more. Every method raises StorageError.

    Their `path` is where they belong at home. They are asked for as those at home are
    (`ClipQueries`); a clip is never among both.
    """

    def __init__(self, store: CopyStore) -> None:
        """Take the rows of copies."""
        self._store = store

    async def accounts(self) -> list[AccountPage]:
        """Return the accounts that have clips, by name."""
        latest = sorted(
            (camera.latest for camera in await self._cameras("1", ())),
            key=lambda clip: clip.window.start,
        )
        names = {clip.account_id: clip.account_name for clip in latest}
        return sorted(
            (AccountPage(id=one, name=name) for one, name in names.items()),
            key=lambda page: (page.name.casefold(), page.id),
        )

    async def cameras(self, account_id: str) -> list[CameraPage]:
        """Return the account's cameras that have clips, by name."""
        return sorted(
            await self._cameras("account_id = ?", (account_id,)),
            key=lambda page: (page.name.casefold(), page.id),
        )

    async def _cameras(self, where: str, values: Sequence[Any]) -> list[CameraPage]:
        rows = await self._read(
            "SELECT away_clips.* FROM (SELECT DISTINCT account_id, camera_id "  # noqa: S608
            f"FROM away_clips WHERE {where}) AS cameras "
            "JOIN away_clips ON away_clips.rowid = (SELECT rowid FROM away_clips "
            "WHERE account_id = cameras.account_id AND camera_id = cameras.camera_id "
            "ORDER BY day DESC, start_ms DESC LIMIT 1)",
            values,
        )
        return [
            CameraPage(
                id=row["camera_id"], name=row["camera_name"], latest=clip_of(row)
            )
            for row in rows
        ]

    async def days(
        self, account_id: str, camera_id: str, *, before: str | None = None, most: int
    ) -> list[DayPage]:
        """Return the camera's latest days (before one), newest first."""
        rows = await self._read(
            "SELECT away_clips.* FROM (SELECT DISTINCT day FROM away_clips "
            "WHERE account_id = ?1 AND camera_id = ?2 AND day < ?3 "
            "ORDER BY day DESC LIMIT ?4) AS days "
            "JOIN away_clips ON away_clips.rowid = (SELECT rowid FROM away_clips "
            "WHERE account_id = ?1 AND camera_id = ?2 AND day = days.day "
            "ORDER BY start_ms DESC LIMIT 1) ORDER BY days.day DESC",
            # No digit comes after a letter.
            (account_id, camera_id, before or "z", most),
        )
        return [DayPage(day=row["day"], latest=clip_of(row)) for row in rows]

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
        return next(iter(await self.of_ids([clip_id])), None)

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
        """Return the clips that have every word of `text`, newest first."""
        return await self.newest_first(Filter(cameras=cameras, text=text), most=most)

    async def newest_first(
        self, chosen: Filter, *, before: tuple[int, str] | None = None, most: int
    ) -> list[Clip]:
        """Return the clips of a filter, newest first.

        `before` is the start (Unix time in milliseconds) and the id of the last of those
        returned before.
        """
        when = When.of(chosen.window, before)
        words = words_in(chosen.text)
        conditions, values = alike(chosen, [])
        conditions += [_HAS_WORD] * len(words)
        return await self._clips(
            f"WHERE {' AND '.join([when.condition, *conditions])} "
            "ORDER BY start_ms DESC, id DESC LIMIT ?",
            (*when.values, *values, *words, most),
        )

    async def move_camera(self, account_id: str, old_id: str, new_id: str) -> None:
        """Move the clips of a camera to its new id."""
        await self._store.change(
            lambda database: database.execute(
                "UPDATE away_clips SET camera_id = ? "
                "WHERE account_id = ? AND camera_id = ?",
                (new_id, account_id, old_id),
            )
        )

    async def _clips(self, where: str, values: Sequence[Any]) -> list[Clip]:
        return [
            clip_of(row)
            for row in await self._read(f"SELECT * FROM away_clips {where}", values)  # noqa: S608
        ]

    async def _read(self, query: str, values: Sequence[Any]) -> list[sqlite3.Row]:
        return await self._store.change(
            lambda database: database.execute(query, values).fetchall()
        )


def newest_of(*lists: Sequence[Clip]) -> list[Clip]:
    """Return the clips of some lists, each once, the newest first."""
    clips = {clip.id: clip for some in lists for clip in some}
    return sorted(
        clips.values(), key=lambda clip: (clip.window.start, clip.id), reverse=True
    )
