"""The clips of which there are copies only: found as those at home are."""

from collections.abc import Sequence
import sqlite3
from typing import Any, override

from ..library.database import clip_of
from ..library.queries import BaseClipQueries, DayPage, Filter, When, alike, words_in
from ..model import Clip
from .store import CopyStore

# Of these, the day is not in the text that a search looks at.
_HAS_WORD = "instr(search_text || ' ' || day, ?)"
# From the latest clip of one camera, the index leads to that of the next camera.
_LATEST = """
WITH RECURSIVE latest(place) AS (
    SELECT (SELECT rowid FROM away_clips
        ORDER BY account_id DESC, camera_id DESC, day DESC, start_ms DESC LIMIT 1)
    UNION ALL SELECT COALESCE(
        (SELECT rowid FROM away_clips
            WHERE account_id = last.account_id AND camera_id < last.camera_id
            ORDER BY camera_id DESC, day DESC, start_ms DESC LIMIT 1),
        (SELECT rowid FROM away_clips WHERE account_id < last.account_id
            ORDER BY account_id DESC, camera_id DESC, day DESC, start_ms DESC LIMIT 1)
    ) FROM latest JOIN away_clips AS last ON last.rowid = latest.place
)
SELECT away_clips.* FROM latest JOIN away_clips ON away_clips.rowid = latest.place
    WHERE ?1 IS NULL OR away_clips.account_id = ?1
"""


class AwayClips(BaseClipQueries):
    """The clips that are not at home any more; none of them is among those at home.

    Their `path` is where they belong at home.
    """

    def __init__(self, store: CopyStore) -> None:
        """Take the rows of copies."""
        self._store = store

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

    @override
    async def newest_first(
        self, chosen: Filter, *, before: tuple[int, str] | None = None, most: int
    ) -> list[Clip]:
        when = When.of(chosen.window, before)
        words = words_in(chosen.text)
        conditions, values = alike(chosen, [])
        conditions += [_HAS_WORD] * len(words)
        return await self._clips(
            # Sorting all clips of a camera takes longer than passing those of others.
            "INDEXED BY away_by_time "
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

    @override
    async def _latest(self, account_id: str | None) -> list[Clip]:
        return [clip_of(row) for row in await self._read(_LATEST, (account_id,))]

    @override
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
