"""The folder of what is in the clouds: account > camera > day > recording.

Where a cloud films all the time and keeps no list of events, a day has hours, and an hour
has stretches of some minutes. Playing anything saves it for good.
"""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

from homeassistant.components.media_player.errors import BrowseError
from homeassistant.components.media_source import BrowseMediaSource
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from ..accounts import loaded_accounts
from ..automatic_saving import (
    SAVE_TIMEOUT,
    SavedClip,
    async_events,
    async_request_clip,
    async_saved_clip,
    async_saved_clips,
)
from ..cloud_retention import async_retention
from ..const import DOMAIN
from ..coordinator import ClipConfigEntry
from ..engine.errors import ClipError, InvalidRequestError
from ..engine.library.queries import ClipQueries, Filter
from ..engine.model import Camera, Clip, Event
from ..engine.pipeline.jobs import Running
from ..engine.time_range import Window, settle_past
from ..entity import camera_entity_id
from ..errors import raise_media_error
from ..history import async_known_events
from ..links import async_picture_links, async_signed
from ..paths import file_name, media_folder
from ..pictures import DATA_PICTURES
from ..runtime import async_existing, async_shared
from ..services import response
from ..texts import async_cached_texts
from .place import Place, Viewer
from .tiles import Page, counted, event_title, folder, video, window_title

# Further back than most subscriptions keep anything.
DAYS = 30
HOUR = timedelta(hours=1)
STRETCH = timedelta(minutes=5)
# A clip begins and ends at key frames.
NEAR = timedelta(seconds=5)

# Links to pictures cost the most of a day; the newest have one.
MOST_PICTURES = 200

# How long somebody waits for what is saved to be played, and for the list of a month.
SAVING_TIMEOUT_S = 60
LISTING_TIMEOUT_S = 10
# Whoever comes back from a day does not wait for the list again.
COUNTED_FOR = timedelta(minutes=2)


class CloudTree:
    """What could be saved, as folders."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Take Home Assistant."""
        self._hass = hass

    async def page(self, place: Place, viewer: Viewer) -> Page:
        """Return a folder; one with a single folder in it shows what is in that.

        A camera's cloud is asked once for all of its days, or for one day, never for a
        tile. Raises ClipError, BrowseError.
        """
        if place.before or place.offset:
            raise InvalidRequestError("media_unknown")
        if not viewer.is_signed_in:
            raise InvalidRequestError("media_for_nobody")
        if not place.account_id:
            entries = [
                entry
                for entry in loaded_accounts(self._hass)
                if self._cameras(entry, viewer)
            ]
            if len(entries) != 1:
                return async_cached_texts(self._hass)("cloud"), [
                    folder(replace(place, account_id=entry.entry_id), entry.title)
                    for entry in entries
                ]
            place = replace(place, account_id=entries[0].entry_id)
        entry = self._account(place.account_id, viewer)
        if not place.camera_id:
            cameras = self._cameras(entry, viewer)
            if len(cameras) != 1:
                return entry.title, [
                    folder(
                        replace(place, camera_id=camera.id),
                        camera.name,
                        async_signed(self._hass, f"/api/camera_proxy/{entity_id}"),
                    )
                    for entity_id, camera in cameras.items()
                ]
            (camera,) = cameras.values()
            place = replace(place, camera_id=camera.id)
        camera = self._camera(entry, place.camera_id, viewer)
        if not place.day:
            return camera.name, await self._days(place, entry, camera)
        title = async_cached_texts(self._hass)("playing_saves", what=place.day)
        if entry.runtime_data.source.event_kinds:
            if place.item:
                raise InvalidRequestError("media_unknown")
            return title, await self._unsaved_recordings(place, entry, camera)
        if not place.item:
            return place.day, await self._hours(place, entry, camera)
        return title, await self._stretches(place, entry, camera)

    async def _days(
        self, place: Place, entry: ClipConfigEntry, camera: Camera
    ) -> list[BrowseMediaSource]:
        """Return a folder for each day that has something, newest first.

        The picture of a day is that of its newest clip.
        """
        today = dt_util.now().date()
        days = [today - timedelta(days=n) for n in range(DAYS)]
        window = Window(
            dt_util.start_of_local_day(days[-1]),
            dt_util.start_of_local_day(today + timedelta(days=1)),
        )
        events = await self._unsaved(entry, camera, window)
        counts = Counter(
            dt_util.as_local(one.window.start).date() for one in events or ()
        )
        if entry.runtime_data.source.event_kinds and events is not None:
            days = [day for day in days if counts[day]]
        elif kept_for := async_retention(self._hass, entry, camera).longest:
            oldest = dt_util.as_local(dt_util.utcnow() - kept_for).date()
            days = [day for day in days if day >= oldest]
        library = (await async_shared(self._hass)).library
        pages = await ClipQueries(library).days(entry.entry_id, camera.id, most=DAYS)
        pictures = await async_picture_links(
            self._hass, [page.latest for page in pages]
        )
        of_days = {page.day: pictures.get(page.latest.id) for page in pages}
        return [
            folder(
                replace(place, day=f"{day}"),
                counted(f"{day}", counts[day]),
                of_days.get(f"{day}"),
            )
            for day in days
        ]

    async def _unsaved(
        self, entry: ClipConfigEntry, camera: Camera, window: Window
    ) -> list[Event] | None:
        """Return the events that are not saved, None if nobody can tell now."""
        try:
            async with asyncio.timeout(LISTING_TIMEOUT_S):
                events = await async_known_events(
                    self._hass, entry, camera, window, COUNTED_FOR
                )
            existing = await self._saved_ids(entry, camera, events)
        except ClipError, TimeoutError:
            # Each day may still be opened, and says why it cannot be shown.
            return None
        return [event for event in events if event.id not in existing]

    async def _saved_ids(
        self, entry: ClipConfigEntry, camera: Camera, events: list[Event]
    ) -> set[str]:
        """Return the events whose clip is there. Raises StorageError."""
        ids = [event.id for event in events]
        saved = await async_saved_clips(self._hass, entry, camera, ids)
        return {event_id for event_id, clip in saved.items() if clip.exists}

    async def _unsaved_recordings(
        self, place: Place, entry: ClipConfigEntry, camera: Camera
    ) -> list[BrowseMediaSource]:
        """Return what the cloud has of a day and no clip shows, newest first."""
        with raise_media_error(BrowseError, camera=camera.name, window=place.day):
            events = await async_known_events(
                self._hass, entry, camera, _day(place.day)
            )
        existing = await self._saved_ids(entry, camera, events)
        texts = async_cached_texts(self._hass)
        unsaved = [event for event in reversed(events) if event.id not in existing]
        pictures = {
            event.id: self._picture(entry, camera, event)
            for event in unsaved[:MOST_PICTURES]
        }
        return [
            video(
                replace(place, item=event.id),
                event_title(event, texts),
                pictures.get(event.id),
                can_play=event.is_ready,
            )
            for event in unsaved
        ]

    @callback
    def _picture(
        self, entry: ClipConfigEntry, camera: Camera, event: Event
    ) -> str | None:
        """Return a link to the cloud's own picture of an event, if it has one."""
        if not entry.runtime_data.source.has_event_picture(event):
            return None
        pictures = self._hass.data[DATA_PICTURES]
        return async_signed(self._hass, pictures.async_add_event(entry, camera, event))

    async def _hours(
        self, place: Place, entry: ClipConfigEntry, camera: Camera
    ) -> list[BrowseMediaSource]:
        """Return a folder for each hour of a day that has begun, newest first."""
        with raise_media_error(BrowseError, camera=camera.name, window=place.day):
            day = _day(place.day)
        events = await self._unsaved(entry, camera, day) or ()
        now = dt_util.utcnow()
        kept_for = async_retention(self._hass, entry, camera).longest
        oldest = now - (kept_for or timedelta(days=DAYS + 1))
        return [
            folder(
                replace(place, item=_id(hour)),
                counted(
                    f"{dt_util.as_local(hour.start):%H:%M}",
                    sum(hour.start <= one.window.start < hour.end for one in events),
                ),
            )
            for hour in reversed(day.split(HOUR))
            if hour.start < now and hour.end > oldest
        ]

    async def _stretches(
        self, place: Place, entry: ClipConfigEntry, camera: Camera
    ) -> list[BrowseMediaSource]:
        """Return what of an hour can be played, newest first."""
        hour = _window_of(place, HOUR)
        now = dt_util.utcnow()
        events = await self._unsaved(entry, camera, hour) or ()
        clips = await self._clips_in(entry, camera, hour)
        pictures = await async_picture_links(self._hass, clips)
        texts = async_cached_texts(self._hass)
        tiles = []
        for window in reversed(hour.split(STRETCH)):
            if window.start >= now:
                continue
            clip = next((one for one in clips if _is_of(one, window)), None)
            is_ready = window.end + entry.runtime_data.source.lag <= now
            seen = [
                one for one in events if window.start <= one.window.start < window.end
            ]
            title = window_title(window, seen, texts, is_ready=is_ready)
            picture = pictures.get(clip.id) if clip else None
            at = replace(place, item=_id(window))
            tiles.append(video(at, title, picture, can_play=is_ready))
        return tiles

    def _account(self, account_id: str, viewer: Viewer) -> ClipConfigEntry:
        """Return a loaded account. Raises InvalidRequestError."""
        entry: ClipConfigEntry | None = self._hass.config_entries.async_get_entry(
            account_id
        )
        if entry is None or entry.domain != DOMAIN:
            raise InvalidRequestError("media_unknown")
        # Its name is only for those who may control a camera of it.
        if viewer.cameras is not None and account_id not in dict(viewer.cameras):
            raise InvalidRequestError("media_unknown")
        if entry.state is not ConfigEntryState.LOADED:
            raise InvalidRequestError("media_account_not_loaded", account=entry.title)
        return entry

    def _camera(self, entry: ClipConfigEntry, camera_id: str, viewer: Viewer) -> Camera:
        """Return a camera that the viewer may control. Raises InvalidRequestError."""
        for camera in self._cameras(entry, viewer).values():
            if camera.id == camera_id:
                return camera
        raise InvalidRequestError("media_unknown")

    def _cameras(self, entry: ClipConfigEntry, viewer: Viewer) -> dict[str, Camera]:
        """Return the cameras that the viewer may control, by their entity's id."""
        registry = er.async_get(self._hass)
        return {
            entity_id: camera
            for camera in entry.runtime_data.coordinator.listed()
            if viewer.may_see(entry.entry_id, camera.id)
            and (entity_id := camera_entity_id(self._hass, entry.entry_id, camera.id))
            and (entity := registry.async_get(entity_id))
            and not entity.disabled
        }

    async def save(self, place: Place, viewer: Viewer) -> Clip:
        """Return the clip of what is played, which is saved now if it was not before.

        Raises ClipError, BrowseError.
        """
        entry = self._account(place.account_id, viewer)
        camera = self._camera(entry, place.camera_id, viewer)
        if entry.runtime_data.source.event_kinds:
            return await self._save_recording(place, entry, camera, viewer)
        window = _window_of(place, STRETCH)
        clips = await self._clips_in(entry, camera, window)
        if clip := next((one for one in clips if _is_of(one, window)), None):
            return clip
        if not viewer.is_signed_in:
            raise InvalidRequestError("media_for_nobody")
        about = response.in_words(window)
        with raise_media_error(BrowseError, camera=camera.name, window=about):
            if window.end + entry.runtime_data.source.lag > dt_util.utcnow():
                raise InvalidRequestError("recording_not_ready")
            running = await entry.runtime_data.jobs.ask(
                camera,
                window,
                root=media_folder(self._hass, entry),
                filename=file_name(self._hass, entry, camera, window),
                timeout=SAVE_TIMEOUT,
            )
            return await _first_clip(running)

    async def _save_recording(
        self, place: Place, entry: ClipConfigEntry, camera: Camera, viewer: Viewer
    ) -> Clip:
        """Return the clip of a recording. Raises ClipError, BrowseError."""
        saved = await async_saved_clip(self._hass, entry, camera, place.item)
        if saved and (clip := await self._clip_at(saved)):
            return clip
        if not viewer.is_signed_in:
            raise InvalidRequestError("media_for_nobody")
        event = await self._recording(place, entry, camera)
        about = response.in_words(event.window)
        with raise_media_error(BrowseError, camera=camera.name, window=about):
            if not event.is_ready:
                raise InvalidRequestError("recording_not_ready")
            # Again, right before the request: others may have played it meanwhile.
            saved = await async_saved_clip(self._hass, entry, camera, event.id)
            if saved and (clip := await self._clip_at(saved)):
                return clip
            running = await async_request_clip(
                self._hass,
                entry,
                camera,
                [event],
                replaces=saved.path if saved else None,
            )
            return await _first_clip(running)

    async def _recording(
        self, place: Place, entry: ClipConfigEntry, camera: Camera
    ) -> Event:
        """Return a recording as the cloud has it now. Raises BrowseError."""
        with raise_media_error(BrowseError, camera=camera.name, window=place.day):
            events = await async_events(entry, camera, _day(place.day))
            for event in events:
                is_echo = entry.runtime_data.source.is_echo(event)
                if event.id == place.item and not is_echo:
                    return event
            raise InvalidRequestError("media_unknown")

    async def _clip_at(self, saved: SavedClip) -> Clip | None:
        """Return the clip of what was saved, if its file still exists."""
        if not saved.exists:
            return None
        library = (await async_shared(self._hass)).library
        return await ClipQueries(library).clip_at(str(saved.path))

    async def _clips_in(
        self, entry: ClipConfigEntry, camera: Camera, window: Window
    ) -> list[Clip]:
        """Return the clips of a window whose file is there. Raises StorageError."""
        library = (await async_shared(self._hass)).library
        chosen = Filter(cameras=[(entry.entry_id, camera.id)], window=window)
        clips = await ClipQueries(library).newest_first(chosen, most=100)
        return await async_existing(self._hass, clips)


async def _first_clip(running: Running) -> Clip:
    """Wait for a job; return its first clip. Raises ClipError.

    The job goes on if the viewer goes away.
    """
    await asyncio.wait([running.done], timeout=SAVING_TIMEOUT_S)
    if not running.done.done():
        raise InvalidRequestError("recording_under_way")
    job = running.done.result()
    if job.error:
        raise job.error
    if not job.clips:
        # It was interrupted, and goes on when the account is loaded again.
        raise InvalidRequestError("recording_under_way")
    return job.clips[0]


def _day(day: str) -> Window:
    """Return the window of a local day. Raises InvalidRequestError."""
    return settle_past(
        now=dt_util.utcnow(),
        time_zone=dt_util.get_default_time_zone(),
        day=date.fromisoformat(day),
    )


def _id(window: Window) -> str:
    return f"{window.start_ms // 1000}-{window.end_ms // 1000}"


def _window_of(place: Place, length: timedelta) -> Window:
    """Return the hour or the stretch of a place's id. Raises InvalidRequestError."""
    if place.day <= f"{dt_util.now():%F}":
        for window in _day(place.day).split(length):
            if _id(window) == place.item:
                return window
    raise InvalidRequestError("media_unknown")


def _is_of(clip: Clip, window: Window) -> bool:
    """Return whether a clip is what a window was saved as, with what is missing of it."""
    spans = (clip.window, *clip.gaps)
    start, end = min(one.start for one in spans), max(one.end for one in spans)
    return start <= window.start + NEAR and end >= window.end - NEAR
