"""The lists of a Ring account's recordings: a search, which may be cut short, and a history."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
import time
from typing import Any

from ...errors import BadAnswerError, RefusedError
from ...time_range import Window
from .api import BadStatus, RingApi, our_errors
from .recordings import (
    LONGEST_RECORDING,
    Recording,
    Span,
    as_object,
    entries_in,
    event_id,
    recordings_in,
)

# The most that Ring puts on one page of its history (davglass/doorbot#21).
PAGE = 100
# More pages are no history: half a year of 200 events a day.
MOST_PAGES = 400
# A search answers about 20 at once, whatever is asked for: fewer than this many have not
# been heard of, and are doubted only for stretches of the given length.
SMALLEST_SEARCH_PAGE = 10
DOUBTED_FROM = timedelta(hours=2)
# A month of 150 events a day, 20 at once. What is beyond is listed by the history.
MOST_SEARCHES = 400
# How many pages of history are read to make sure of a search that found nothing.
PAGES_IN_DOUBT = 10
# How much of the history a look for events begins with: mostly the newest ones will do.
FIRST_PAGE = 20
# How long it is believed that an account has a search, or that it has none.
SEARCH_KNOWN_S = 60 * 60
# Where none is listed, it may be that the camera had no connection for a while.
LISTED_LATE = timedelta(minutes=10)
# A URL that came with a list is used at once or not at all.
URL_LIFETIME_S = 60
# Most of what is polled is shorter.
LOOKED_AT = timedelta(hours=2)


class Kept[T]:
    """A value, and when it came."""

    def __init__(self, value: T) -> None:
        """Keep what came just now."""
        self.value = value
        self._since = time.monotonic()

    def is_younger_than(self, age_s: float) -> bool:
        """Return whether the value came less than so many seconds ago."""
        return time.monotonic() - self._since < age_s


class RecordingLists:
    """Lists the recordings of an account's cameras, by search or by history."""

    def __init__(self, api: RingApi) -> None:
        """Take what asks Ring."""
        self._api = api
        # Whether the search lists a camera's recordings, by its id.
        self._has_search: dict[str, Kept[bool]] = {}
        # The most that a search has answered at once.
        self._search_page = 1
        # The fewest that were seen to be cut short.
        self._search_cut_at = SMALLEST_SEARCH_PAGE

    def doubt_search(self, camera_id: str) -> None:
        """Search for a camera again, whatever was believed of that."""
        self._has_search.pop(camera_id, None)

    async def look(
        self, camera_id: str, window: Window, now: datetime
    ) -> list[Recording]:
        """Return the recordings that begin in a window, mostly by one request.

        The search brings URLs with it, the history says what is ready. The history
        alone is asked for a while where the search fails, finds nothing that could prove
        that it knows the camera, or gives no URL of what is ready; but of a long window,
        as a person looks at, it may have pictures.
        """
        known = self._has_search.get(camera_id)
        has_search = (
            known.value if known and known.is_younger_than(SEARCH_KNOWN_S) else None
        )
        searched: dict[str, Recording] = {}
        listed: dict[str, Recording] = {}
        if has_search is not False or window.duration >= LOOKED_AT:
            try:
                searched = await self._search(camera_id, window)
            except BadAnswerError:
                has_search = False
            if searched or not has_search:
                has_search = bool(searched)
                self._has_search[camera_id] = Kept(has_search)
        if not has_search or any(one.is_doubted_at(now) for one in searched.values()):
            listed = await self._history(camera_id, window, first_page=FIRST_PAGE)
            # What is not given has no URL anywhere.
            if any(
                one.is_given
                and not one.urls
                and one.id in listed
                and listed[one.id].is_ready
                for one in searched.values()
            ):
                self._has_search[camera_id] = Kept(value=False)
        return [
            one.joined_with(searched.get(one.id))
            for one in (searched | listed).values()
        ]

    async def in_and_around(
        self, camera_id: str, window: Window, now: datetime
    ) -> list[Recording]:
        """Return the recordings in and around a window, by search, else by history."""
        around = Window(window.start - LONGEST_RECORDING, window.end)
        try:
            found = await self._search(camera_id, around)
        except BadAnswerError:
            return list((await self._history(camera_id, around)).values())
        overlapping = [one for one in found.values() if one.window.overlaps(window)]
        if overlapping and all(one.is_settled_at(now) for one in overlapping):
            return list(found.values())
        # The search gives no status, and is switched off for some accounts.
        listed = await self._history(camera_id, around, PAGES_IN_DOUBT)
        return [one.joined_with(found.get(one.id)) for one in (found | listed).values()]

    async def _search(self, camera_id: str, around: Window) -> dict[str, Recording]:
        """Return what begins in a window: all of it, however few are answered at once.

        Where an answer may be cut short, at whichever end, what lies before its oldest
        and after its newest is searched, too, until nothing new comes.
        """
        found: dict[str, Recording] = {}
        left = [Span(around.start_ms, around.end_ms)]
        for _ in range(MOST_SEARCHES):
            if not left:
                return found
            span = left.pop()
            entries = await self.search_once(camera_id, span)
            with our_errors():
                page = dict(recordings_in(entries))
            page = {
                one.id: one
                for one in page.values()
                if span.begin_ms <= one.window.start_ms <= span.end_ms
            }
            is_new = any(
                # What has only just been listed proves nothing.
                one.window.end < datetime.now(UTC) - LISTED_LATE
                for one in page.values()
                if one.id not in found
            )
            found |= page
            if is_new and span.beside:
                self._search_cut_at = min(self._search_cut_at, span.beside)
                if span.is_beside_one_moment:
                    # Of what begins at once, a search lists no more than that many.
                    break
            if self._is_whole(entries, span):
                continue
            if not page:
                break
            starts = [one.window.start_ms for one in page.values()]
            left += span.around(min(starts), max(starts), len(entries))
        listed = await self._history(camera_id, around)
        return found | {
            one.id: one.joined_with(found.get(one.id)) for one in listed.values()
        }

    def _is_whole(self, entries: Sequence[object], span: Span) -> bool:
        """Return whether a search answered all that there is of a stretch."""
        # What was deleted may take its place in an answer.
        if len(entries) < self._search_page / 2:
            return True
        self._search_page = max(self._search_page, len(entries))
        return not entries or (
            len(entries) < self._search_cut_at
            and span.duration_ms < DOUBTED_FROM / timedelta(milliseconds=1)
        )

    async def search_once(
        self, camera_id: str, span: Span, order: str = "asc"
    ) -> list[Any]:
        """Return what one search answers, whole or not. Raises CloudError."""
        answer = await self._api.ask_json(
            "/clients_api/video_search/history",
            doorbot_id=camera_id,
            date_from=span.begin_ms,
            date_to=span.end_ms,
            order=order,
            api_version=11,
            **{"includes[]": "pva"},
        )
        with our_errors():
            return entries_in(answer["video_search"])

    async def _history(
        self,
        camera_id: str,
        around: Window,
        most_pages: int | None = None,
        *,
        first_page: int = PAGE,
    ) -> dict[str, Recording]:
        found: dict[str, Recording] = {}
        limit = first_page
        older_than: dict[str, str] = {}
        seen: set[str] = set()
        for _ in range(MOST_PAGES if most_pages is None else most_pages):
            try:
                answer = await self._api.ask_json(
                    f"/clients_api/doorbots/{camera_id}/history",
                    limit=limit,
                    **older_than,
                )
            except BadStatus as err:
                if err.status == HTTPStatus.FORBIDDEN:
                    raise RefusedError("recordings_refused") from err
                raise
            with our_errors():
                entries = entries_in(answer)
                page = dict(recordings_in(entries))
                ids = [one for entry in entries if (one := event_id(as_object(entry)))]
            found |= page
            # Pages go back in time, but a camera that records all day may answer each with
            # the same one (home-assistant/core#176299).
            is_past = any(one.window.start < around.start for one in page.values())
            if is_past or seen.issuperset(ids) or len(entries) < FIRST_PAGE:
                break
            seen.update(ids)
            limit = PAGE
            older_than = {"older_than": ids[-1]}
        else:
            if most_pages is None:
                # What is missing nobody knows.
                raise BadAnswerError("cloud_nonsense")
        return found

    async def newest(self, camera_id: str, window: Window) -> dict[str, Recording]:
        """Return some of the newest recordings of a window, by one request or two."""
        with suppress(BadAnswerError):
            # It says what was not recorded, and why, which the history does not.
            span = Span(window.start_ms, window.end_ms)
            entries = await self.search_once(camera_id, span, "desc")
            with our_errors():
                if found := dict(recordings_in(entries)):
                    return found
        return await self._history(camera_id, window, 1, first_page=FIRST_PAGE)
