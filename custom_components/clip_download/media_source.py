"""The media browser's folders: saved clips, and recordings in the clouds."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import override
from urllib.parse import quote, unquote

from homeassistant.auth.models import User
from homeassistant.components.http.const import KEY_HASS_USER
from homeassistant.components.media_player.browse_media import (
    SearchMedia,
    SearchMediaQuery,
)
from homeassistant.components.media_player.const import DATA_COMPONENT, MediaClass
from homeassistant.components.media_player.errors import BrowseError
from homeassistant.components.media_source import (
    BrowseMediaSource,
    MediaSource,
    MediaSourceItem,
    PlayMedia,
    Unresolvable,
)
from homeassistant.components.websocket_api.connection import current_connection
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.http import current_request
from homeassistant.util import dt as dt_util

from .automatic_saving import (
    SavedClip,
    async_events,
    async_request_clip,
    async_saved_clips,
)
from .const import DOMAIN
from .coordinator import ClipConfigEntry
from .engine.errors import InvalidRequestError
from .engine.library.queries import CameraPage, ClipQueries
from .engine.library.reindex import forget_missing
from .engine.model import Camera, Clip, ClipStatus, Event
from .engine.pipeline.jobs import Running
from .engine.time_range import settle_past
from .entity import camera_entity_id
from .errors import raise_media_error
from .links import async_file_link, async_picture_links, async_signed
from .paths import media_folders
from .runtime import async_shared
from .services import response
from .services.targets import cameras_of
from .texts import async_cached_texts, async_text, length_text

MIME_TYPE = "video/mp4"

# How many items a folder shows; the rest is in a folder below it.
PAGE = 200
MOST_FOUND = 100
# How often a query is repeated because it returned clips whose file is gone.
MOST_REPEATS = 5
# Further back than most subscriptions keep anything.
CLOUD_DAYS = 30

# How long somebody waits for a recording that is saved to be played.
SAVING_TIMEOUT_S = 60

# A folder's title, and what is in it.
type Page = tuple[str, list[BrowseMediaSource]]


async def async_get_media_source(hass: HomeAssistant) -> ClipMediaSource:
    """Return the media source."""
    return ClipMediaSource(hass)


class Tree(StrEnum):
    """The two folders at the top."""

    CLIPS = "clips"
    CLOUD = "cloud"


@dataclass(frozen=True, kw_only=True)
class Place:
    """A folder or an item in the trees: tree > account > camera > day > item.

    The levels below it are empty. `day` is ISO 8601; `item` is the id of a clip, or of an
    event in the cloud. A folder of older items begins `before` a day, or after `offset`
    clips.
    """

    tree: Tree | None = None
    account_id: str = ""
    camera_id: str = ""
    day: str = ""
    item: str = ""
    before: str = ""
    offset: int = 0

    @property
    def identifier(self) -> str:
        """The place as one text; the ids in it may have any characters."""
        parts = (self.tree, self.account_id, self.camera_id, self.day, self.item)
        path = "/".join(quote(part, safe="") for part in parts if part)
        older = self.before or self.offset
        return f"{path}?{older}" if older else path

    @classmethod
    def parse(cls, identifier: str) -> Place:
        """Return the place of an identifier. Raises InvalidRequestError."""
        path, _, older = identifier.partition("?")
        tree, *ids = (unquote(part) for part in path.split("/"))
        account_id, camera_id, day, item, *_ = *ids, "", "", "", ""
        try:
            place = cls(
                tree=Tree(tree) if tree else None,
                account_id=account_id,
                camera_id=camera_id,
                day=f"{date.fromisoformat(day)}" if day else "",
                item=item,
            )
            if older and day and not item:
                place = replace(place, offset=max(int(older[:9]), 0))
            elif older and camera_id:
                place = replace(place, before=f"{date.fromisoformat(older)}")
        except ValueError as err:
            raise InvalidRequestError("media_unknown") from err
        # Each place has one identifier only.
        if place.identifier != identifier:
            raise InvalidRequestError("media_unknown")
        return place


@dataclass(frozen=True)
class Viewer:
    """Who browses or plays.

    `cameras` are those that they may control, by account id and camera id; None is all.
    Only a viewer who `is_signed_in` may have something fetched from a cloud.
    """

    cameras: set[tuple[str, str]] | None = None
    is_signed_in: bool = False

    def may_see(self, account_id: str, camera_id: str) -> bool:
        """Return whether they may see a camera's clips."""
        return self.cameras is None or (account_id, camera_id) in self.cameras


class ClipMediaSource(MediaSource):
    """Clips by account, camera and day, and recordings that are not saved yet."""

    name = "Clip Download"

    def __init__(self, hass: HomeAssistant) -> None:
        """Take Home Assistant; the library is opened by the first query."""
        super().__init__(DOMAIN)
        self.hass = hass

    @override
    async def async_browse_media(self, item: MediaSourceItem) -> BrowseMediaSource:
        """Return a folder. Raises BrowseError."""
        with raise_media_error(BrowseError):
            place = Place.parse(item.identifier or "")
            viewer = await self._viewer(item)
            if place.item:
                raise InvalidRequestError("media_unknown")
            if place.tree is None:
                title, children = self.name, self._trees(viewer)
            elif place.tree is Tree.CLIPS:
                title, children = await self._clips_page(place, viewer)
            else:
                title, children = await self._cloud_page(place, viewer)
        folder = self._folder(place, title)
        folder.children = children
        return folder

    @override
    async def async_search_media(
        self, item: MediaSourceItem, query: SearchMediaQuery
    ) -> SearchMedia:
        """Search what is saved, within a folder. Raises BrowseError."""
        with raise_media_error(BrowseError):
            place = Place.parse(item.identifier or "")
            if place.tree is Tree.CLOUD or place.item:
                return await super().async_search_media(item, query)
            classes = query.media_filter_classes
            if classes and MediaClass.VIDEO not in classes:
                return SearchMedia(result=[])
            viewer = await self._viewer(item)
            clips = await self._search(place, query.search_query, viewer)
        pictures = await async_picture_links(self.hass, clips)
        return SearchMedia(
            result=[
                self._clip(clip, pictures, self._title(clip, is_found=True))
                for clip in clips
            ]
        )

    @override
    async def async_resolve_media(self, item: MediaSourceItem) -> PlayMedia:
        """Return what plays a clip; a recording is saved first. Raises Unresolvable."""
        with raise_media_error(Unresolvable):
            place = Place.parse(item.identifier or "")
            if not place.item:
                raise InvalidRequestError("media_unknown")
            viewer = await self._viewer(item)
            if place.tree is Tree.CLOUD:
                clip = await self._save_recording(place, viewer)
            else:
                clip = await self._find_clip(place.item, viewer)
        url = async_file_link(self.hass, clip.path)
        if url is None:
            window = response.in_words(clip.window)
            with raise_media_error(
                Unresolvable, camera=clip.camera_name, window=window
            ):
                raise InvalidRequestError("media_outside", path=str(clip.path))
        return PlayMedia(url, MIME_TYPE, path=clip.path)

    async def _viewer(self, item: MediaSourceItem) -> Viewer:
        """Return who browses or plays: Home Assistant does not pass the user on.

        A browser asks over its websocket, an application by a request. A player that
        goes on by itself has the rights of the user who controlled it last.
        """
        user: User | None
        if connection := current_connection.get():
            user = connection.user
        else:
            request = current_request.get()
            user = request.get(KEY_HASS_USER) if request else None
        if user:
            return Viewer(cameras_of(self.hass, user), is_signed_in=True)
        players = self.hass.data.get(DATA_COMPONENT)
        player = item.target_media_player
        entity = players.get_entity(player) if players and player else None
        # No public property has it.
        context = entity._context if entity else None  # noqa: SLF001
        if context and context.user_id:
            user = await self.hass.auth.async_get_user(context.user_id)
            return Viewer(cameras_of(self.hass, user) if user else set())
        return Viewer()

    # --- what is saved

    async def _queries(self) -> ClipQueries:
        return ClipQueries((await async_shared(self.hass)).library)

    async def _clips_page(self, place: Place, viewer: Viewer) -> Page:
        """Return a folder of saved clips.

        Raises InvalidRequestError if nothing is in it, StorageError.
        """
        if not place.account_id:
            return await self._saved_accounts(place, viewer)
        if place.camera_id and not viewer.may_see(place.account_id, place.camera_id):
            raise InvalidRequestError("media_unknown")
        if place.day:
            title, children = await self._saved_clips(place)
        elif place.camera_id:
            title, children = await self._saved_days(place)
        else:
            title, children = await self._saved_cameras(place, viewer)
        if not children:
            raise InvalidRequestError("media_unknown")
        return title, children

    async def _saved_accounts(self, place: Place, viewer: Viewer) -> Page:
        """Return a folder for each account with clips that the viewer may see."""
        queries = await self._queries()
        return async_text(self.hass, "clips"), [
            self._folder(
                replace(place, account_id=page.id),
                self._account_name(page.id, page.name),
            )
            for page in await queries.accounts()
            if viewer.cameras is None or await self._camera_pages(page.id, viewer)
        ]

    async def _saved_cameras(self, place: Place, viewer: Viewer) -> Page:
        """Return a folder for each camera of an account."""
        cameras = await self._existing(
            lambda: self._camera_pages(place.account_id, viewer),
            lambda page: page.latest,
        )
        if not cameras:
            return "", []
        pictures = await async_picture_links(
            self.hass, [page.latest for page in cameras]
        )
        title = self._account_name(place.account_id, cameras[0].latest.account_name)
        return title, [
            self._folder(
                replace(place, camera_id=page.id),
                page.name,
                pictures.get(page.latest.id),
            )
            for page in cameras
        ]

    async def _saved_days(self, place: Place) -> Page:
        """Return a folder for each day on which a camera has clips, newest first."""
        queries = await self._queries()
        days = await self._existing(
            lambda: queries.days(
                place.account_id, place.camera_id, before=place.before, most=PAGE + 1
            ),
            lambda page: page.latest,
        )
        if not days:
            return "", []
        shown = days[:PAGE]
        pictures = await async_picture_links(self.hass, [page.latest for page in shown])
        children = [
            self._folder(
                replace(place, day=page.day, before=""),
                page.day,
                pictures.get(page.latest.id),
            )
            for page in shown
        ]
        if len(days) > PAGE:
            older = replace(place, before=shown[-1].day)
            children.append(self._folder(older, async_text(self.hass, "older")))
        return days[0].latest.camera_name, children

    async def _saved_clips(self, place: Place) -> Page:
        """Return a camera's clips of a day."""
        queries = await self._queries()
        clips = await self._existing(
            lambda: queries.clips_of_day(
                place.account_id,
                place.camera_id,
                place.day,
                offset=place.offset,
                most=PAGE + 1,
            ),
            lambda clip: clip,
        )
        shown = clips[:PAGE]
        pictures = await async_picture_links(self.hass, shown)
        children = [self._clip(clip, pictures, self._title(clip)) for clip in shown]
        if len(clips) > PAGE:
            older = replace(place, offset=place.offset + PAGE)
            children.append(self._folder(older, async_text(self.hass, "older")))
        return place.day, children

    async def _camera_pages(self, account_id: str, viewer: Viewer) -> list[CameraPage]:
        """Return the cameras of an account that the viewer may see."""
        queries = await self._queries()
        return [
            page
            for page in await queries.cameras(account_id)
            if viewer.may_see(account_id, page.id)
        ]

    async def _search(self, place: Place, text: str, viewer: Viewer) -> list[Clip]:
        """Return the clips in a folder that a search finds, newest first."""
        queries = await self._queries()
        cameras: Collection[tuple[str, str]] | None = viewer.cameras
        if place.camera_id:
            cameras = [(place.account_id, place.camera_id)]
        elif place.account_id:
            cameras = [
                (place.account_id, page.id)
                for page in await queries.cameras(place.account_id)
            ]
        if cameras is not None:
            cameras = [camera for camera in cameras if viewer.may_see(*camera)]
        return await self._existing(
            lambda: queries.search(
                f"{text} {place.day}", cameras=cameras, most=MOST_FOUND
            ),
            lambda clip: clip,
        )

    async def _find_clip(self, clip_id: str, viewer: Viewer) -> Clip:
        """Return a clip whose file exists. Raises InvalidRequestError, StorageError."""
        clip = await (await self._queries()).clip(clip_id)
        if clip is None or not viewer.may_see(clip.account_id, clip.camera_id):
            raise InvalidRequestError("media_unknown")
        if await self._forget_missing([clip]):
            raise InvalidRequestError("media_unknown")
        return clip

    async def _existing[T](
        self, query: Callable[[], Awaitable[list[T]]], clip_of: Callable[[T], Clip]
    ) -> list[T]:
        """Return what a query finds; it is repeated if files of it are gone."""
        found = await query()
        for _ in range(MOST_REPEATS):
            if not await self._forget_missing([clip_of(one) for one in found]):
                break
            found = await query()
        return found

    async def _forget_missing(self, clips: Sequence[Clip]) -> list[Clip]:
        """Forget those of some clips whose file is gone, and return them."""
        library = (await async_shared(self.hass)).library
        return await forget_missing(library, media_folders(self.hass), clips)

    def _account_name(self, account_id: str, recorded: str) -> str:
        """Return an account's name; that which a clip recorded once it is removed."""
        entry = self.hass.config_entries.async_get_entry(account_id)
        return entry.title if entry else recorded

    # --- what is in the clouds

    async def _cloud_page(self, place: Place, viewer: Viewer) -> Page:
        """Return a folder of recordings that are not saved.

        Only for a day is the cloud asked. Raises ClipError, BrowseError.
        """
        if place.before or place.offset:
            raise InvalidRequestError("media_unknown")
        if not viewer.is_signed_in:
            raise InvalidRequestError("media_for_nobody")
        if not place.account_id:
            return async_text(self.hass, "cloud"), [
                self._folder(replace(place, account_id=entry.entry_id), entry.title)
                for entry in self.hass.config_entries.async_loaded_entries(DOMAIN)
                if entry.runtime_data.source.event_kinds
                and (viewer.cameras is None or self._cloud_cameras(entry, viewer))
            ]
        entry = self._account(place.account_id, viewer)
        if not place.camera_id:
            return entry.title, [
                self._folder(
                    replace(place, camera_id=camera.id),
                    camera.name,
                    async_signed(self.hass, f"/api/camera_proxy/{entity_id}"),
                )
                for entity_id, camera in self._cloud_cameras(entry, viewer).items()
            ]
        camera = self._camera(entry, place.camera_id, viewer)
        if not place.day:
            today = dt_util.now().date()
            days = [today - timedelta(days=n) for n in range(CLOUD_DAYS)]
            return camera.name, [
                self._folder(replace(place, day=f"{day}"), f"{day}") for day in days
            ]
        return place.day, await self._unsaved_recordings(place, entry, camera)

    async def _unsaved_recordings(
        self, place: Place, entry: ClipConfigEntry, camera: Camera
    ) -> list[BrowseMediaSource]:
        """Return what the cloud has of a day and no clip shows, newest first."""
        events = await self._recordings(entry, camera, place.day)
        saved = await async_saved_clips(
            self.hass, entry, camera, [event.id for event in events]
        )
        existing = {event_id for event_id, clip in saved.items() if clip.exists}
        return [
            self._video(
                replace(place, item=event.id),
                self._title_of(event),
                can_play=event.is_ready,
            )
            for event in events
            if event.id not in existing
        ]

    def _account(self, account_id: str, viewer: Viewer) -> ClipConfigEntry:
        """Return a loaded account whose cloud keeps recordings.

        Raises InvalidRequestError.
        """
        entry: ClipConfigEntry | None = self.hass.config_entries.async_get_entry(
            account_id
        )
        if entry is None or entry.domain != DOMAIN:
            raise InvalidRequestError("media_unknown")
        # Its name is only for those who may control a camera of it.
        if viewer.cameras is not None and account_id not in dict(viewer.cameras):
            raise InvalidRequestError("media_unknown")
        if entry.state is not ConfigEntryState.LOADED:
            raise InvalidRequestError("media_account_not_loaded", account=entry.title)
        if not entry.runtime_data.source.event_kinds:
            raise InvalidRequestError("media_unknown")
        return entry

    def _camera(self, entry: ClipConfigEntry, camera_id: str, viewer: Viewer) -> Camera:
        """Return a camera that the viewer may control. Raises InvalidRequestError."""
        for camera in self._cloud_cameras(entry, viewer).values():
            if camera.id == camera_id:
                return camera
        raise InvalidRequestError("media_unknown")

    def _cloud_cameras(
        self, entry: ClipConfigEntry, viewer: Viewer
    ) -> dict[str, Camera]:
        """Return the cameras that the viewer may control, by their entity's id."""
        registry = er.async_get(self.hass)
        return {
            entity_id: camera
            for camera in entry.runtime_data.coordinator.listed()
            if viewer.may_see(entry.entry_id, camera.id)
            and (entity_id := camera_entity_id(self.hass, entry.entry_id, camera.id))
            and not registry.entities[entity_id].disabled
        }

    async def _recordings(
        self, entry: ClipConfigEntry, camera: Camera, day: str
    ) -> list[Event]:
        """Return what the cloud has of a local day, newest first. Raises BrowseError."""
        source = entry.runtime_data.source
        with raise_media_error(BrowseError, camera=camera.name, window=day):
            window = settle_past(
                now=dt_util.utcnow(),
                time_zone=dt_util.get_default_time_zone(),
                day=date.fromisoformat(day),
            )
            events = await async_events(entry, camera, window)
        return [event for event in reversed(events) if not source.is_echo(event)]

    async def _save_recording(self, place: Place, viewer: Viewer) -> Clip:
        """Return the clip of a recording, which is saved now if it was not before.

        Raises ClipError, BrowseError.
        """
        entry = self._account(place.account_id, viewer)
        camera = self._camera(entry, place.camera_id, viewer)
        saved = await self._saved(entry, camera, place.item)
        if saved and (clip := await self._clip_at(saved)):
            return clip
        if not viewer.is_signed_in:
            raise InvalidRequestError("media_for_nobody")
        events = await self._recordings(entry, camera, place.day)
        event = next((one for one in events if one.id == place.item), None)
        if event is None:
            raise InvalidRequestError("media_unknown")
        window = response.in_words(event.window)
        with raise_media_error(BrowseError, camera=camera.name, window=window):
            if not event.is_ready:
                raise InvalidRequestError("recording_not_ready")
            # Again, right before the request: others may have played it meanwhile.
            saved = await self._saved(entry, camera, event.id)
            if saved and (clip := await self._clip_at(saved)):
                return clip
            running = await async_request_clip(
                self.hass,
                entry,
                camera,
                [event],
                replaces=saved.path if saved else None,
            )
            return await _first_clip(running)

    async def _saved(
        self, entry: ClipConfigEntry, camera: Camera, event_id: str
    ) -> SavedClip | None:
        """Return where an event was saved, if it was."""
        saved = await async_saved_clips(self.hass, entry, camera, [event_id])
        return saved.get(event_id)

    async def _clip_at(self, saved: SavedClip) -> Clip | None:
        """Return the clip of what was saved, if its file still exists."""
        if not saved.exists:
            return None
        return await (await self._queries()).clip_at(str(saved.path))

    # --- what is shown

    def _trees(self, viewer: Viewer) -> list[BrowseMediaSource]:
        trees = list(Tree) if viewer.is_signed_in else [Tree.CLIPS]
        return [
            self._folder(Place(tree=tree), async_text(self.hass, tree))
            for tree in trees
        ]

    def _folder(
        self, place: Place, title: str, picture: str | None = None
    ) -> BrowseMediaSource:
        return BrowseMediaSource(
            domain=DOMAIN,
            identifier=place.identifier,
            title=title,
            media_class=MediaClass.DIRECTORY,
            media_content_type="",
            children_media_class=MediaClass.VIDEO
            if place.day
            else MediaClass.DIRECTORY,
            can_play=False,
            can_expand=True,
            can_search=place.tree is not Tree.CLOUD,
            thumbnail=picture,
        )

    def _video(
        self,
        place: Place,
        title: str,
        picture: str | None = None,
        *,
        can_play: bool = True,
    ) -> BrowseMediaSource:
        return BrowseMediaSource(
            domain=DOMAIN,
            identifier=place.identifier,
            title=title,
            media_class=MediaClass.VIDEO,
            media_content_type=MIME_TYPE,
            can_play=can_play,
            can_expand=False,
            thumbnail=picture,
        )

    def _clip(
        self, clip: Clip, pictures: dict[str, str], title: str
    ) -> BrowseMediaSource:
        place = Place(
            tree=Tree.CLIPS,
            account_id=clip.account_id,
            camera_id=clip.camera_id,
            day=_day(clip),
            item=clip.id,
        )
        return self._video(place, title, pictures.get(clip.id))

    def _title(self, clip: Clip, *, is_found: bool = False) -> str:
        """Return a clip's title, which begins with its time: tiles show no more of it.

        One that `is_found` by a search says where and on which day.
        """
        details = [length_text(timedelta(milliseconds=clip.duration_ms))]
        if clip.status is ClipStatus.PARTIAL:
            details.append(async_text(self.hass, "partial"))
        label = clip.label
        if is_found:
            day = dt_util.as_local(clip.window.start).date()
            where = f"{clip.camera_name} · {async_cached_texts(self.hass).day(day)}"
            label = " · ".join(filter(None, (where, label)))
        return _titled(clip, label, *details, is_length_first=not is_found)

    def _title_of(self, event: Event) -> str:
        """Return a recording's title, like that of its clip."""
        details = []
        if event.window.duration:
            details.append(length_text(event.window.duration))
        if not event.is_ready:
            details.append(async_text(self.hass, "not_ready"))
        return _titled(event, event.what or event.kind, *details)


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


def _titled(
    one: Clip | Event, label: str, *details: str, is_length_first: bool = True
) -> str:
    """Return a title; what is said of the length is the last that a tile may cut off."""
    parts = [label, f"({', '.join(details)})" if details else ""]
    if is_length_first:
        parts.reverse()
    time = f"{dt_util.as_local(one.window.start):%H:%M:%S}"
    return " ".join(filter(None, (time, *parts)))


def _day(clip: Clip) -> str:
    return f"{dt_util.as_local(clip.window.start):%F}"
