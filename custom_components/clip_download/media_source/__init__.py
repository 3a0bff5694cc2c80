"""The media browser's folders: saved clips, and what is in the clouds."""

from typing import override

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
from homeassistant.core import HomeAssistant
from homeassistant.helpers.http import current_request

from ..const import DOMAIN, NAME
from ..engine.errors import InvalidRequestError
from ..errors import raise_media_error
from ..links import async_file_link
from ..services import response
from ..services.targets import cameras_of
from ..texts import async_cached_texts
from .cloud import CloudTree
from .place import Place, Tree, Viewer
from .saved import SavedTree
from .tiles import MIME_TYPE, folder


async def async_get_media_source(hass: HomeAssistant) -> ClipMediaSource:
    """Return the media source."""
    return ClipMediaSource(hass)


class ClipMediaSource(MediaSource):
    """Clips by account, camera and day, and footage that is not saved yet."""

    name = NAME

    def __init__(self, hass: HomeAssistant) -> None:
        """Take Home Assistant."""
        super().__init__(DOMAIN)
        self.hass = hass
        self._saved = SavedTree(hass)
        self._cloud = CloudTree(hass)

    @override
    async def async_browse_media(self, item: MediaSourceItem) -> BrowseMediaSource:
        """Return a folder. Raises BrowseError."""
        with raise_media_error(BrowseError):
            place = Place.parse(item.identifier or "")
            viewer = await self._viewer(item)
            if place.item and place.tree is Tree.CLIPS:
                raise InvalidRequestError("media_unknown")
            if place.tree is None:
                title, children = self.name, self._trees(viewer)
            elif place.tree is Tree.CLIPS:
                title, children = await self._saved.page(place, viewer)
            else:
                title, children = await self._cloud.page(place, viewer)
        page = folder(place, title)
        page.children = children
        return page

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
            found = await self._saved.search(place, query.search_query, viewer)
        return SearchMedia(result=found)

    @override
    async def async_resolve_media(self, item: MediaSourceItem) -> PlayMedia:
        """Return what plays a clip; a recording is saved first. Raises Unresolvable."""
        with raise_media_error(Unresolvable):
            place = Place.parse(item.identifier or "")
            if not place.item:
                raise InvalidRequestError("media_unknown")
            viewer = await self._viewer(item)
            if place.tree is Tree.CLOUD:
                clip = await self._cloud.save(place, viewer)
            else:
                clip = await self._saved.clip(place.item, viewer)
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

    def _trees(self, viewer: Viewer) -> list[BrowseMediaSource]:
        trees = list(Tree) if viewer.is_signed_in else [Tree.CLIPS]
        return [
            folder(Place(tree=tree), async_cached_texts(self.hass)(tree))
            for tree in trees
        ]
