"""What the pages of the library ask: each by an index, whatever else there is."""

from collections.abc import AsyncIterator, Collection, Iterable
import contextlib
from dataclasses import dataclass, replace
import json
from pathlib import Path
from typing import Any

from ..aio import run_in_thread
from ..errors import StorageError, reason_of
from ..model import Clip, ClipStatus
from ..time_range import Window, to_ms
from . import files, sidecar
from .database import Library, clip_of

# A database takes no condition of any depth; nobody types as much.
MOST_WORDS = 50
LONGEST_SEARCH = 1000
# How many rows are read at once where all are gone through.
_PAGE = 500
# How long before a window a clip may begin that reaches into it.
_LONGEST_MS = int(sidecar.LONGEST.total_seconds() * 1000)
_OF_CAMERAS = (
    "(account_id, camera_id) IN (SELECT json_extract(value, '$[0]'), "
    "json_extract(value, '$[1]') FROM json_each(?))"
)
# What a clip was made for: one of its events is of a kind, or one saw something.
_OF_KIND = (
    "EXISTS (SELECT 1 FROM json_each(saves) AS event "
    "WHERE json_extract(event.value, '$.kind') = ?)"
)
_HAS_SEEN = (
    "EXISTS (SELECT 1 FROM json_each(saves) AS event, "
    "json_each(json_extract(event.value, '$.seen')) AS word WHERE word.value = ?)"
)


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Which clips are meant: what is None does not matter.

    `cameras` are by account id and camera id. The clips share any time with `window`;
    `kind` and `seen` are those of the events that they were made for.
    """

    cameras: Collection[tuple[str, str]] | None = None
    window: Window | None = None
    label: str | None = None
    kind: str | None = None
    seen: str | None = None
    kept: bool | None = None
    status: ClipStatus | None = None


@dataclass(frozen=True, kw_only=True)
class AccountPage:
    """An account that has clips, whether or not it is still set up."""

    id: str
    name: str
    source: str
    clips: int
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class CameraPage:
    """A camera that has clips; `name` is what it was called last."""

    account_id: str
    id: str
    name: str
    clips: int
    size_bytes: int
    latest: Clip


@dataclass(frozen=True, kw_only=True)
class DayPage:
    """A day (ISO 8601, where the cameras are) of a camera that has clips of it."""

    day: str
    clips: int
    size_bytes: int
    latest: Clip


class ClipQueries:
    """The clips of all accounts. Every method raises StorageError as the library does.

    A clip is of the time at which it begins: "newest" is the one that begins last.
    """

    def __init__(self, library: Library) -> None:
        """Take the library that has the clips."""
        self._library = library

    async def accounts(self) -> list[AccountPage]:
        """Return the accounts that have clips, by name."""
        pages: dict[str, list[CameraPage]] = {}
        for camera in await self._cameras("", ()):
            pages.setdefault(camera.account_id, []).append(camera)
        accounts = []
        for account_id, cameras in pages.items():
            latest = max(cameras, key=lambda page: page.latest.window.start).latest
            accounts.append(
                AccountPage(
                    id=account_id,
                    name=latest.account_name,
                    source=latest.source,
                    clips=sum(page.clips for page in cameras),
                    size_bytes=sum(page.size_bytes for page in cameras),
                )
            )
        return sorted(accounts, key=lambda page: (page.name.casefold(), page.id))

    async def cameras(self, account_id: str) -> list[CameraPage]:
        """Return the account's cameras that have clips, by name."""
        return sorted(
            await self._cameras("WHERE cameras.account_id = ?", (account_id,)),
            key=lambda page: (page.name.casefold(), page.id),
        )

    async def days(
        self, account_id: str, camera_id: str, *, before: str | None = None, most: int
    ) -> list[DayPage]:
        """Return the camera's latest days (before one), newest first."""
        rows = await self._library.read(
            "SELECT clips.*, days.clips AS page_clips, days.size_bytes AS page_bytes "
            "FROM days JOIN clips ON clips.rowid = (SELECT rowid FROM clips "
            "WHERE account_id = days.account_id AND camera_id = days.camera_id "
            "AND day = days.day ORDER BY start_ms DESC LIMIT 1) "
            "WHERE days.account_id = ? AND days.camera_id = ? AND days.day < ? "
            "ORDER BY days.day DESC LIMIT ?",
            # No digit comes after a letter.
            (account_id, camera_id, before or "z", most),
        )
        return [
            DayPage(
                day=row["day"],
                clips=row["page_clips"],
                size_bytes=row["page_bytes"],
                latest=clip_of(row),
            )
            for row in rows
        ]

    async def clips_of_day(
        self, account_id: str, camera_id: str, day: str, *, offset: int = 0, most: int
    ) -> list[Clip]:
        """Return the clips of a camera's day, newest first."""
        return await self._library.clips(
            "WHERE account_id = ? AND camera_id = ? AND day = ? "
            "ORDER BY start_ms DESC, id DESC LIMIT ? OFFSET ?",
            (account_id, camera_id, day, most, offset),
        )

    async def clip(self, clip_id: str) -> Clip | None:
        """Return a clip by its id."""
        return next(iter(await self._library.clips("WHERE id = ?", (clip_id,))), None)

    async def clip_at(self, path: str) -> Clip | None:
        """Return the clip whose file has this path."""
        return next(iter(await self._library.clips("WHERE path = ?", (path,))), None)

    async def search(
        self,
        text: str,
        *,
        cameras: Collection[tuple[str, str]] | None = None,
        most: int,
    ) -> list[Clip]:
        """Return the clips that have every word of `text`, newest first.

        A word may be any piece of the camera's name, the label, the day (`2026-11-21`,
        `2026-11`), the kind of an event and what was seen, "partial", "complete" or
        "kept"; no more than MOST_WORDS are looked for. `cameras` (account id, camera id) are those looked at, if not all.
        """
        words = text[:LONGEST_SEARCH].casefold().split()[:MOST_WORDS]
        # The rows are read only of what is found: all else is in the index.
        where = "".join(
            " AND instr(search_text || CASE kept WHEN 1 THEN ' kept' ELSE '' END, ?)"
            for _ in words
        )
        values: list[Any] = list(words)
        if cameras is not None:
            where += f" AND {_OF_CAMERAS}"
            values.append(json.dumps(list(cameras)))
        return await self._library.clips(
            "WHERE rowid IN (SELECT rowid FROM clips INDEXED BY clips_by_text "  # noqa: S608
            f"WHERE 1 {where} ORDER BY start_ms DESC LIMIT ?) "
            "ORDER BY start_ms DESC, id DESC",
            (*values, most),
        )

    async def newest_first(
        self, chosen: Filter, *, before: tuple[int, str] | None = None, most: int
    ) -> list[Clip]:
        """Return the clips of a filter, newest first.

        `before` is the start (Unix time in milliseconds) and the id of the last of those
        returned before.
        """
        conditions, values = ["1"], list[Any]()
        if before is not None:
            conditions.append("(start_ms, id) < (?, ?)")
            values += before
        if chosen.window is not None:
            conditions.append("start_ms BETWEEN ? AND ? AND end_ms > ?")
            start_ms, end_ms = chosen.window.start_ms, chosen.window.end_ms
            values += [start_ms - _LONGEST_MS, end_ms - 1, start_ms]
        if chosen.cameras is not None:
            conditions.append(_OF_CAMERAS)
            values.append(json.dumps(list(chosen.cameras)))
        if chosen.kept is not None:
            conditions.append("kept = ?")
            values.append(chosen.kept)
        for condition, word in (
            ("label = ?", chosen.label),
            (_OF_KIND, chosen.kind),
            (_HAS_SEEN, chosen.seen),
            ("status = ?", chosen.status),
        ):
            if word is not None:
                # The first is in the index: few rows are read for the second.
                conditions += ["instr(search_text, ?)", condition]
                values += [word.casefold(), word]
        return await self._library.clips(
            f"INDEXED BY clips_by_text WHERE {' AND '.join(conditions)} "
            "ORDER BY start_ms DESC, id DESC LIMIT ?",
            (*values, most),
        )

    async def oldest_first(
        self, account_id: str | None = None, *, after: Clip | None = None, most: int
    ) -> list[Clip]:
        """Return the clips that are not kept, of an account or of all, as they were saved.

        `after` is the last of those returned before.
        """
        where, values = "1", tuple[Any, ...]()
        if after is not None:
            where = "(saved_at_ms, id) > (?, ?)"
            values = to_ms(after.saved_at), after.id
        if account_id is not None:
            where, values = f"account_id = ? AND {where}", (account_id, *values)
        return await self._library.clips(
            f"WHERE kept = 0 AND {where} ORDER BY saved_at_ms, id LIMIT ?",
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
        """Go through the clips that share any time with a window, oldest first.

        What is not said does not matter. They are read some at a time.
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
        """Keep clips, or let them go again; return those that there are, as they are now.

        `roots` are the media folders.
        Their sidecars say it, too: what is kept stays so if the database is lost. Raises
        StorageError if one of them cannot be written; that clip stays as it was.
        """
        chosen = await self.of_ids(ids)
        changed = []

        def mark(clip: Clip) -> None:
            sidecar.write_kept(files.found(clip.path, roots).folder, clip)

        try:
            for clip in chosen:
                now = replace(clip, kept=kept)
                await run_in_thread(mark, now)
                changed.append(now)
        except OSError as err:
            raise StorageError(
                "clip_not_marked", path=str(err.filename or ""), reason=reason_of(err)
            ) from err
        finally:
            done = json.dumps([clip.id for clip in changed])
            await self._library.change(
                lambda database: database.execute(
                    "UPDATE clips SET kept = ? "
                    "WHERE id IN (SELECT value FROM json_each(?))",
                    (kept, done),
                )
            )
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
            await run_in_thread(
                lambda: sidecar.write_label(files.found(now.path, roots).folder, now)
            )
        except OSError as err:
            raise StorageError(
                "clip_not_labelled", path=str(err.filename or ""), reason=reason_of(err)
            ) from err
        await self._library.set_label(now)
        return now

    @contextlib.asynccontextmanager
    async def doing(self, what: str, about: Iterable[str]) -> AsyncIterator[None]:
        """Let it be known until the end what is done: after a kill, `begun` tells it."""
        about = list(about)
        if not about:
            yield
            return
        await self._library.begin(f"{what}{one}" for one in about)
        try:
            yield
        finally:
            await self.end(what, about)

    async def end(self, what: str, about: Iterable[str]) -> None:
        """Keep that nothing is left of what was begun."""
        await self._library.end(f"{what}{one}" for one in about)

    async def begun(self, what: str) -> list[str]:
        """Return what was begun, and not ended because of a kill."""
        return await self._library.begun(what)

    async def of_ids(self, ids: Iterable[str]) -> list[Clip]:
        """Return those of some clips that there are."""
        return await self._library.clips(
            "WHERE id IN (SELECT value FROM json_each(?)) ORDER BY start_ms, id",
            (json.dumps(list(ids)),),
        )

    async def kept_of(self, ids: Iterable[str]) -> list[str]:
        """Return the ids of those clips that are kept."""
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
        """Forget clips whose files are gone."""
        await self._library.change(
            lambda database: database.execute(
                "DELETE FROM clips WHERE id IN (SELECT value FROM json_each(?))",
                (json.dumps(list(ids)),),
            )
        )

    async def _cameras(self, where: str, values: Collection[Any]) -> list[CameraPage]:
        rows = await self._library.read(
            "SELECT clips.*, cameras.clips AS page_clips, "  # noqa: S608
            "cameras.size_bytes AS page_bytes FROM cameras "
            "JOIN clips ON clips.rowid = (SELECT rowid FROM clips "
            "WHERE account_id = cameras.account_id AND camera_id = cameras.camera_id "
            f"ORDER BY start_ms DESC LIMIT 1) {where}",
            tuple(values),
        )
        return [
            CameraPage(
                account_id=row["account_id"],
                id=row["camera_id"],
                name=row["camera_name"],
                clips=row["page_clips"],
                size_bytes=row["page_bytes"],
                latest=clip_of(row),
            )
            for row in rows
        ]


def _after(clip: Clip | None) -> tuple[str, tuple[Any, ...]]:
    """Return the condition of what comes after a clip by time, and its values."""
    if clip is None:
        return "1", ()
    return "(start_ms, id) > (?, ?)", (clip.window.start_ms, clip.id)
