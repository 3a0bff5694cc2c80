"""The folder of saved clips: account > camera > day > clip."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from functools import partial

from homeassistant.components.media_source import BrowseMediaSource, Unresolvable
from homeassistant.core import HomeAssistant

from ..copies import async_away, async_copies_of, async_fetch_clip
from ..copy_pictures import async_copy_picture_link
from ..engine.copies.away import AwayClips, newest_of
from ..engine.errors import InvalidRequestError, storage_error
from ..engine.library import files
from ..engine.library.queries import AccountPage, CameraPage, ClipQueries, DayPage
from ..engine.model import Clip
from ..errors import raise_media_error
from ..links import async_picture_links
from ..paths import media_folders
from ..runtime import async_forget_missing, async_shared
from ..services import response
from ..texts import async_cached_texts
from .place import Place, Viewer
from .tiles import Page, clip_tile, folder

# How many items a folder shows; the rest is in a folder below it.
PAGE = 200
MOST_FOUND = 100
# How often a query is repeated because it returned clips whose file is gone.
MOST_REPEATS = 5


class _Everywhere:
    """The clips at home and those of which there are copies only, as one library.

    `away` are the ids of the latter, of those that were returned.
    """

    def __init__(self, home: ClipQueries, off_site: AwayClips | None) -> None:
        """Take both; without a place for copies there is no second one."""
        self._home = home
        self._off_site = off_site
        self.away = set[str]()

    def _noted[T](self, found: list[T], clip_of: Callable[[T], Clip]) -> list[T]:
        self.away |= {clip_of(one).id for one in found}
        return found

    async def accounts(self) -> list[AccountPage]:
        """Return the accounts that have clips, by name."""
        found = await self._home.accounts()
        if not self._off_site:
            return found
        pages = {page.id: page for page in (*await self._off_site.accounts(), *found)}
        return sorted(pages.values(), key=lambda page: (page.name.casefold(), page.id))

    async def cameras(self, account_id: str) -> list[CameraPage]:
        """Return the account's cameras that have clips, by name."""
        found = await self._home.cameras(account_id)
        if not self._off_site:
            return found
        found += self._noted(
            await self._off_site.cameras(account_id), lambda page: page.latest
        )
        # The last one of a camera is the one that stays.
        found.sort(key=lambda page: page.latest.window.start)
        pages = {page.id: page for page in found}
        return sorted(pages.values(), key=lambda page: (page.name.casefold(), page.id))

    async def days(
        self, account_id: str, camera_id: str, *, before: str, most: int
    ) -> list[DayPage]:
        """Return the camera's latest days (before one), newest first."""
        found = await self._home.days(account_id, camera_id, before=before, most=most)
        if not self._off_site:
            return found
        found += self._noted(
            await self._off_site.days(account_id, camera_id, before=before, most=most),
            lambda page: page.latest,
        )
        found.sort(key=lambda page: page.latest.window.start)
        pages = {page.day: page for page in found}
        return sorted(pages.values(), key=lambda page: page.day, reverse=True)[:most]

    async def clips_of_day(
        self, account_id: str, camera_id: str, day: str, *, offset: int, most: int
    ) -> list[Clip]:
        """Return the clips of a camera's day, newest first."""
        if not self._off_site:
            return await self._home.clips_of_day(
                account_id, camera_id, day, offset=offset, most=most
            )
        found = [
            await queries.clips_of_day(account_id, camera_id, day, most=offset + most)
            for queries in (self._home, self._off_site)
        ]
        self._noted(found[1], lambda clip: clip)
        return newest_of(*found)[offset : offset + most]

    async def search(
        self, text: str, *, cameras: Collection[tuple[str, str]] | None, most: int
    ) -> list[Clip]:
        """Return the clips that have every word of `text`, newest first."""
        found = await self._home.search(text, cameras=cameras, most=most)
        if not self._off_site:
            return found
        copied = await self._off_site.search(text, cameras=cameras, most=most)
        return newest_of(found, self._noted(copied, lambda clip: clip))[:most]

    async def clip(self, clip_id: str) -> Clip | None:
        """Return a clip by its id."""
        clip = await self._home.clip(clip_id)
        if clip is None and self._off_site:
            clip = await self._off_site.clip(clip_id)
            self._noted([clip] if clip else [], lambda clip: clip)
        return clip


class SavedTree:
    """What is in the library, as folders."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Take Home Assistant; the library is opened by the first query."""
        self._hass = hass

    async def _queries(self) -> _Everywhere:
        library = (await async_shared(self._hass)).library
        return _Everywhere(ClipQueries(library), await async_away(self._hass))

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
            if viewer.cameras is None
            or await self._camera_pages(queries, page.id, viewer)
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
        queries = await self._queries()
        cameras = await self._existing(
            queries,
            lambda: self._camera_pages(queries, place.account_id, viewer),
            lambda page: page.latest,
        )
        if not cameras:
            return async_cached_texts(self._hass)("clips"), []
        if len(cameras) == 1:
            return await self._page(replace(place, camera_id=cameras[0].id), viewer)
        pictures = await self._pictures(queries, [page.latest for page in cameras])
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
            queries,
            lambda: queries.days(
                place.account_id, place.camera_id, before=place.before, most=PAGE + 1
            ),
            lambda page: page.latest,
        )
        if not days:
            return "", []
        shown = days[:PAGE]
        pictures = await self._pictures(queries, [page.latest for page in shown])
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
            queries,
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
        pictures = await self._pictures(queries, shown)
        texts = async_cached_texts(self._hass)
        children = [
            clip_tile(clip, pictures, texts, is_away=clip.id in queries.away)
            for clip in shown
        ]
        if len(clips) > PAGE:
            older = replace(place, offset=place.offset + PAGE)
            children.append(folder(older, texts("older")))
        return place.day, children

    async def _camera_pages(
        self, queries: _Everywhere, account_id: str, viewer: Viewer
    ) -> list[CameraPage]:
        """Return the cameras of an account that the viewer may see."""
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
                queries,
                partial(
                    queries.search,
                    f"{words} {place.day}",
                    cameras=cameras,
                    most=MOST_FOUND,
                ),
                lambda clip: clip,
            )
            found |= {clip.id: clip for clip in clips}
        newest = newest_of(list(found.values()))[:MOST_FOUND]
        pictures = await self._pictures(queries, newest)
        return [
            clip_tile(
                clip, pictures, texts, is_found=True, is_away=clip.id in queries.away
            )
            for clip in newest
        ]

    async def clip(self, clip_id: str, viewer: Viewer) -> Clip:
        """Return a clip whose file exists; one that is off-site only is fetched first.

        Raises InvalidRequestError, ClipError.
        """
        queries = await self._queries()
        clip = await queries.clip(clip_id)
        if clip is None or not viewer.may_see(clip.account_id, clip.camera_id):
            raise InvalidRequestError("media_unknown")
        is_gone = await self._forget_missing(queries, [clip])
        if is_gone and await queries.clip(clip_id) is None:
            raise InvalidRequestError("media_unknown")
        if clip_id in queries.away or await self._is_to_come(clip):
            window = response.in_words(clip.window)
            with raise_media_error(
                Unresolvable, camera=clip.camera_name, window=window
            ):
                clip = await async_fetch_clip(self._hass, clip_id)
        return clip

    async def _is_to_come(self, clip: Clip) -> bool:
        """Return whether a clip that should be there is not, but has a copy.

        Raises StorageError if the storage does not answer.
        """
        roots = media_folders(self._hass)
        storages = (await async_shared(self._hass)).executors
        storage = await storages.storage_of(clip.path, roots)
        try:
            if await storage.ask(files.is_there, clip.path, roots):
                return False
        except OSError as err:
            raise storage_error(err) from err
        copies = await async_copies_of(self._hass, [clip.id])
        return any(copy.copied_at for _, copy in copies.get(clip.id, ()))

    async def _existing[T](
        self,
        queries: _Everywhere,
        query: Callable[[], Awaitable[list[T]]],
        clip_of: Callable[[T], Clip],
    ) -> list[T]:
        """Return what a query finds; it is repeated if files of it are gone."""
        found = await query()
        for _ in range(MOST_REPEATS):
            clips = [clip_of(one) for one in found]
            if not await self._forget_missing(queries, clips):
                break
            found = await query()
        return found

    async def _forget_missing(
        self, queries: _Everywhere, clips: Sequence[Clip]
    ) -> list[Clip]:
        """Forget those of some clips whose file is gone, and return them."""
        here = [clip for clip in clips if clip.id not in queries.away]
        return await async_forget_missing(self._hass, here)

    async def _pictures(
        self, queries: _Everywhere, clips: Sequence[Clip]
    ) -> dict[str, str]:
        """Return links to the pictures of clips, by the clip's id."""
        here = [clip for clip in clips if clip.id not in queries.away]
        return await async_picture_links(self._hass, here) | {
            clip.id: async_copy_picture_link(self._hass, clip.id)
            for clip in clips
            if clip.id in queries.away
        }

    def _account_name(self, account_id: str, recorded: str) -> str:
        """Return an account's name; that which a clip recorded once it is removed."""
        entry = self._hass.config_entries.async_get_entry(account_id)
        return entry.title if entry else recorded
