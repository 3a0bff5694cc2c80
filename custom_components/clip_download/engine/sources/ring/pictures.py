"""Pictures of a Ring account's cameras: snapshots, and those that come with events."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from ...errors import BadAnswerError
from ...model import Event
from ...time_range import to_ms
from .. import sanitize
from ..http import Http, read_body
from .api import NOT_THERE, BadStatus, RingApi, json_in, our_errors
from .lists import URL_LIFETIME_S, Kept, RecordingLists
from .recordings import Recording, Span, as_object, https_url, moment_in, recordings_in

# Of how many events it is remembered that there is a picture.
MOST_THUMBNAILS = 5000
# How often, and how far apart, to look for the snapshot that Ring was asked to take.
SNAPSHOT_TRIES = 3
SNAPSHOT_PAUSE_S = 1.0
# How far back an event's picture still says something, and what is too large for one.
PICTURE_SPAN = timedelta(days=3)
LARGEST_PICTURE_BYTES = 8 * 2**20


class Pictures:
    """Fetches the pictures that Ring has of an account's cameras, as JPEG.

    All that fetch one raise ClipError, and return None where there is no picture.
    """

    def __init__(self, api: RingApi, http: Http, lists: RecordingLists) -> None:
        """Take what asks Ring, what fetches signed URLs, and what searches recordings."""
        self._api = api
        self._http = http
        self._lists = lists
        # The address of each event's picture.
        self._thumbnails: dict[str, Kept[str]] = {}

    def keep(self, recordings: Iterable[Recording]) -> None:
        """Remember the addresses of the pictures that came with a list."""
        self._thumbnails |= {
            one.id: Kept(one.thumbnail) for one in recordings if one.thumbnail
        }
        for forgotten in list(self._thumbnails)[:-MOST_THUMBNAILS]:
            del self._thumbnails[forgotten]

    def is_known(self, event_id: str) -> bool:
        """Return whether a list came with a picture of an event."""
        return event_id in self._thumbnails

    async def of_event(self, camera_id: str, event: Event) -> bytes | None:
        """Return the picture of an event; where its address is old, a new one is asked for."""
        kept = self._thumbnails.get(event.id)
        if kept is None or not kept.is_younger_than(URL_LIFETIME_S):
            start_ms = event.window.start_ms
            try:
                entries = await self._lists.search_once(
                    camera_id, Span(start_ms, start_ms)
                )
                with our_errors():
                    self.keep(dict(recordings_in(entries)).values())
            except BadAnswerError:
                return None
            kept = self._thumbnails.get(event.id)
        return await self._thumbnail(kept.value) if kept else None

    async def of_newest_event(self, camera_id: str) -> bytes | None:
        """Return the picture of the newest event that has one, of the last days."""
        now = to_ms(datetime.now(UTC))
        span = Span(now - PICTURE_SPAN // timedelta(milliseconds=1), now)
        try:
            entries = await self._lists.search_once(camera_id, span, order="desc")
            with our_errors():
                urls = [
                    (moment, url)
                    for entry in map(as_object, entries)
                    if (moment := moment_in(entry.get("created_at")))
                    and (url := https_url(entry.get("thumbnail_url")))
                ]
            if not urls:
                return None
        except BadAnswerError:
            return None
        return await self._thumbnail(max(urls)[1])

    async def _thumbnail(self, url: str) -> bytes | None:
        try:
            async with self._http.get_signed(url) as response:
                if response.status != HTTPStatus.OK:
                    return None
                picture = await read_body(response, LARGEST_PICTURE_BYTES)
        except BadAnswerError:
            return None
        return picture if sanitize.is_jpeg(picture) else None

    async def new_snapshot(self, camera_id: str) -> bytes | None:
        """Have a snapshot taken, and return it, or else the last that there is."""
        has_any = await self._take_snapshot(camera_id)
        return await self.last_snapshot(camera_id) if has_any else None

    async def last_snapshot(self, camera_id: str) -> bytes | None:
        """Return the last snapshot that Ring has."""
        try:
            picture = await self._api.ask(f"/clients_api/snapshots/image/{camera_id}")
        except BadStatus as err:
            if err.status in NOT_THERE:
                return None
            raise
        return picture if sanitize.is_jpeg(picture) else None

    async def _take_snapshot(self, camera_id: str) -> bool:
        """Wait a little for a new snapshot; return whether there is any at all."""
        taken_ms = first_ms = await self._snapshot_taken_ms(camera_id)
        for _ in range(SNAPSHOT_TRIES):
            if taken_ms is None or taken_ms != first_ms:
                break
            await asyncio.sleep(SNAPSHOT_PAUSE_S)
            taken_ms = await self._snapshot_taken_ms(camera_id)
        return taken_ms is not None

    async def _snapshot_taken_ms(self, camera_id: str) -> int | None:
        """Return when the newest snapshot was taken; asking makes Ring take another."""
        with our_errors():
            doorbot_ids = [int(camera_id)]
        answer = await self._api.ask(
            "/clients_api/snapshots/timestamps",
            method="POST",
            json={"doorbot_ids": doorbot_ids},
        )
        with our_errors():
            timestamps = json_in(answer)["timestamps"]
            return int(timestamps[0]["timestamp"]) or None if timestamps else None
