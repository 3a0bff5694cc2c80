"""The folder of saved clips: account > camera > day > clip."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from functools import partial

from homeassistant.components.media_source import BrowseMediaSource
from homeassistant.core import HomeAssistant

from ..engine.errors import InvalidRequestError
from ..engine.library.queries import CameraPage, ClipQueries
from ..engine.library.reindex import forget_missing
from ..engine.model import Clip
from ..links import async_picture_links
from ..paths import media_folders
from ..runtime import async_shared
from ..texts import async_cached_texts
from .place import Place, Viewer
from .tiles import Page, clip_tile, folder

# How many items a folder shows; the rest is in a folder below it.
PAGE = 200
MOST_FOUND = 100
# How often a query is repeated because it returned clips whose file is gone.
MOST_REPEATS = 5


class SavedTree:
    """What is in the library, as folders."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Take Home Assistant; the library is opened by the first query."""
        self._hass = hass

    async def _queries(self) -> ClipQueries:
        return ClipQueries((await async_shared(self._hass)).library)

    async def page(self, place: Place, viewer: Viewer) -> Page:
        """Return a folder; one with a single folder in it shows what is in that.

        Raises InvalidRequestError if nothing is in it, StorageError.
        """
        if place.camera_id and not viewer.may_see(place.account_id, place.camera_id):
            raise InvalidRequestError("media_unknown")
        title, children = await self._page(place, viewer)
        if place.account_id and not children:
            raise InvalidRequestError("media_unknown")
        return title, children

    async def _page(self, place: Place, viewer: Viewer) -> Page:
        if place.day:
            return await self._clips(place)
        if place.camera_id:
            return await self._days(place)
        if place.account_id:
            return await self._cameras(place, viewer)
        return await self._accounts(place, viewer)

    async def _accounts(self, place: Place, viewer: Viewer) -> Page:
        """Return a folder for each account with clips that the viewer may see."""
        queries = await self._queries()
        accounts = [
            page
            for page in await queries.accounts()
            if viewer.cameras is None or await self._camera_pages(page.id, viewer)
        ]
        if len(accounts) == 1:
            return await self._page(replace(place, account_id=accounts[0].id), viewer)
        return async_cached_texts(self._hass)("clips"), [
            folder(
                replace(place, account_id=page.id),
                self._account_name(page.id, page.name),
            )
            for page in accounts
        ]

    async def _cameras(self, place: Place, viewer: Viewer) -> Page:
        """Return a folder for each camera of an account."""
        cameras = await self._existing(
            lambda: self._camera_pages(place.account_id, viewer),
            lambda page: page.latest,
        )
        if not cameras:
            return async_cached_texts(self._hass)("clips"), []
        if len(cameras) == 1:
            return await self._page(replace(place, camera_id=cameras[0].id), viewer)
        pictures = await async_picture_links(
            self._hass, [page.latest for page in cameras]
        )
        title = self._account_name(place.account_id, cameras[0].latest.account_name)
        return title, [
            folder(
                replace(place, camera_id=page.id),
                page.name,
                pictures.get(page.latest.id),
            )
            for page in cameras
        ]

    async def _days(self, place: Place) -> Page:
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
        pictures = await async_picture_links(
            self._hass, [page.latest for page in shown]
        )
        children = [
            folder(
                replace(place, day=page.day, before=""),
                page.day,
                pictures.get(page.latest.id),
            )
            for page in shown
        ]
        if len(days) > PAGE:
            older = replace(place, before=shown[-1].day)
            children.append(folder(older, async_cached_texts(self._hass)("older")))
        return days[0].latest.camera_name, children

    async def _clips(self, place: Place) -> Page:
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
        pictures = await async_picture_links(self._hass, shown)
        texts = async_cached_texts(self._hass)
        children = [clip_tile(clip, pictures, texts) for clip in shown]
        if len(clips) > PAGE:
            older = replace(place, offset=place.offset + PAGE)
            children.append(folder(older, texts("older")))
        return place.day, children

    async def _camera_pages(self, account_id: str, viewer: Viewer) -> list[CameraPage]:
        """Return the cameras of an account that the viewer may see."""
        queries = await self._queries()
        return [
            page
            for page in await queries.cameras(account_id)
            if viewer.may_see(account_id, page.id)
        ]

    async def search(
        self, place: Place, text: str, viewer: Viewer
    ) -> list[BrowseMediaSource]:
        """Return the clips in a folder that a search finds, newest first.

        It finds what titles show, and what is recorded: `ring` as well as `ding`.
        """
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
        texts = async_cached_texts(self._hass)
        found: dict[str, Clip] = {}
        for words in dict.fromkeys((text, texts.as_recorded(text))):
            clips = await self._existing(
                partial(
                    queries.search,
                    f"{words} {place.day}",
                    cameras=cameras,
                    most=MOST_FOUND,
                ),
                lambda clip: clip,
            )
            found |= {clip.id: clip for clip in clips}
        newest = sorted(
            found.values(), key=lambda clip: (clip.window.start, clip.id), reverse=True
        )[:MOST_FOUND]
        pictures = await async_picture_links(self._hass, newest)
        return [clip_tile(clip, pictures, texts, is_found=True) for clip in newest]

    async def clip(self, clip_id: str, viewer: Viewer) -> Clip:
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
        library = (await async_shared(self._hass)).library
        return await forget_missing(library, media_folders(self._hass), clips)

    def _account_name(self, account_id: str, recorded: str) -> str:
        """Return an account's name; that which a clip recorded once it is removed."""
        entry = self._hass.config_entries.async_get_entry(account_id)
        return entry.title if entry else recorded
