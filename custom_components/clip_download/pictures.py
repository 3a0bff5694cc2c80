"""Pictures of what is not saved: of events, and of any past moment, as clouds have them.

A page is given links to them. Nothing is fetched before somebody looks, nothing twice,
and of a camera's past only what was asked for last: a person drags over hours in a second.
"""

import asyncio
from collections import OrderedDict, defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
import hashlib
import logging
from typing import Final

from aiohttp import hdrs, web

from homeassistant.components.http.const import KEY_HASS_USER
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.http import KEY_HASS, HomeAssistantView
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN
from .coordinator import ClipConfigEntry
from .downloads import HEADERS, not_found
from .engine.errors import ClipError
from .engine.model import Camera, Event
from .entity import camera_entity_id
from .permissions import may_control

_LOGGER = logging.getLogger(__name__)

URL: Final = f"/api/{DOMAIN}/picture/"
JPEG: Final = "image/jpeg"
# How many pictures are known, and how much of them is remembered.
MOST_KNOWN: Final = 10_000
MOST_BYTES: Final = 64 * 2**20
# How many are fetched at once, and how long one may take.
AT_ONCE: Final = 4
FETCH_WITHIN: Final = timedelta(seconds=15)
# Of a camera's past, at most one request in so many seconds.
APART_S: Final = 1.0


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture: of which camera, and either what it shows or the event that has it."""

    account_id: str
    camera_id: str
    content: bytes | None = None
    at: datetime | None = None
    event: Event | None = None


@dataclass
class _Scrubber:
    """Who looks at one camera's past."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    newest: int = 0
    asked_s: float = float("-inf")


class Pictures:
    """The pictures that links were given to, those used last last."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Know none yet."""
        self._hass = hass
        self._known = OrderedDict[str, Picture]()
        self._size_bytes = 0
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._scrubbers = defaultdict[tuple[str, str], _Scrubber](_Scrubber)

    @callback
    def async_add_event(
        self, entry: ClipConfigEntry, camera: Camera, event: Event
    ) -> str:
        """Return the path of the cloud's picture of an event, which is fetched later."""
        picture_id = _id(entry.entry_id, camera.id, "event", event.id)
        if picture_id not in self._known:
            self._put(
                picture_id,
                Picture(account_id=entry.entry_id, camera_id=camera.id, event=event),
            )
        return f"{URL}{picture_id}"

    @callback
    def async_get(self, picture_id: str) -> Picture | None:
        """Return a picture that a link was given to."""
        if picture := self._known.get(picture_id):
            self._known.move_to_end(picture_id)
        return picture

    async def async_content(self, picture_id: str, picture: Picture) -> bytes | None:
        """Return what a picture shows, None if that cannot be had (any more)."""
        if picture.content or picture.event is None:
            return picture.content
        async with self._turn:
            # Another page may have been first.
            if (known := self._known.get(picture_id)) and known.content:
                return known.content
            entry: ClipConfigEntry | None
            entry = self._hass.config_entries.async_get_entry(picture.account_id)
            if entry is None or entry.state is not ConfigEntryState.LOADED:
                return None
            camera = entry.runtime_data.coordinator.camera(picture.camera_id)
            if camera is None:
                return None
            try:
                async with asyncio.timeout(FETCH_WITHIN.total_seconds()):
                    content = await entry.runtime_data.source.event_picture(
                        camera, picture.event
                    )
            except (ClipError, TimeoutError) as err:
                _LOGGER.debug("No picture of event %s: %s", picture.event.id, err)
                return None
            if content:
                self._put(picture_id, replace(picture, content=content))
            return content

    async def async_at(
        self, entry: ClipConfigEntry, camera: Camera, at: datetime
    ) -> tuple[str, datetime] | None:
        """Return the path of the picture nearest to a moment, and when it was taken.

        None if there is none, or if another moment was asked for meanwhile.
        """
        moment = at.replace(microsecond=0)
        picture_id = _id(entry.entry_id, camera.id, "at", moment.isoformat())
        scrubber = self._scrubbers[entry.entry_id, camera.id]
        scrubber.newest = mine = scrubber.newest + 1
        if known := self.async_get(picture_id):
            return (f"{URL}{picture_id}", known.at) if known.at else None
        async with scrubber.lock:
            loop = asyncio.get_running_loop()
            wait_s = scrubber.asked_s + APART_S - loop.time()
            if scrubber.newest == mine and wait_s > 0:
                await asyncio.sleep(wait_s)
            if scrubber.newest != mine:
                return None
            scrubber.asked_s = loop.time()
            found = await _async_fetched(entry, camera, moment)
        if found is None:
            return None
        content, taken = found
        self._put(
            picture_id,
            Picture(
                account_id=entry.entry_id,
                camera_id=camera.id,
                content=content,
                at=taken,
            ),
        )
        return f"{URL}{picture_id}", taken

    def _put(self, picture_id: str, picture: Picture) -> None:
        if before := self._known.pop(picture_id, None):
            self._size_bytes -= len(before.content or b"")
        self._known[picture_id] = picture
        self._size_bytes += len(picture.content or b"")
        while len(self._known) > MOST_KNOWN or self._size_bytes > MOST_BYTES:
            _, forgotten = self._known.popitem(last=False)
            self._size_bytes -= len(forgotten.content or b"")


DATA_PICTURES: HassKey[Pictures] = HassKey(f"{DOMAIN}.pictures")


@callback
def async_setup_pictures(hass: HomeAssistant) -> None:
    """Serve pictures."""
    hass.data[DATA_PICTURES] = Pictures(hass)
    hass.http.register_view(PictureView())


class PictureView(HomeAssistantView):
    """A picture, for whoever may control its camera."""

    url = f"{URL}{{picture_id}}"
    name = f"api:{DOMAIN}:picture"

    async def get(self, request: web.Request, picture_id: str) -> web.StreamResponse:
        """Send the picture, which is fetched now if it was not before."""
        hass, user = request.app[KEY_HASS], request[KEY_HASS_USER]
        pictures = hass.data[DATA_PICTURES]
        picture = pictures.async_get(picture_id)
        if picture is None or not may_control(
            user, camera_entity_id(hass, picture.account_id, picture.camera_id)
        ):
            return not_found()
        return picture_response(await pictures.async_content(picture_id, picture))


def picture_response(content: bytes | None) -> web.Response:
    """Return a JPEG as a response, not found for None."""
    if content is None:
        return not_found()
    return web.Response(
        body=content,
        content_type=JPEG,
        headers={**HEADERS, hdrs.CACHE_CONTROL: "private, max-age=86400"},
    )


async def _async_fetched(
    entry: ClipConfigEntry, camera: Camera, at: datetime
) -> tuple[bytes, datetime] | None:
    """Return the cloud's picture of a moment, None if it has none or does not answer."""
    try:
        async with asyncio.timeout(FETCH_WITHIN.total_seconds()):
            return await entry.runtime_data.source.picture_at(camera, at)
    except (ClipError, TimeoutError) as err:
        _LOGGER.debug("No picture of %s at %s: %s", camera.id, at, err)
        return None


def _id(*parts: str) -> str:
    """Return an id that tells nothing."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
