"""Pictures of clips of which there are copies only: fetched when somebody looks."""

import asyncio
from datetime import timedelta
import logging
from typing import Final

from aiohttp import web

from homeassistant.components.http.const import KEY_HASS_USER
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryError
from homeassistant.helpers.http import KEY_HASS, HomeAssistantView

from .const import DOMAIN
from .copies import async_away, async_copied_picture
from .downloads import not_found
from .engine.errors import ClipError
from .entity import camera_entity_id
from .links import async_signed
from .permissions import may_control
from .pictures import picture_response

_LOGGER = logging.getLogger(__name__)

URL: Final = f"/api/{DOMAIN}/copy_picture/"
# How many are fetched at once, and how long one may take.
AT_ONCE: Final = 4
FETCH_WITHIN: Final = timedelta(seconds=15)


@callback
def async_setup_copy_pictures(hass: HomeAssistant) -> None:
    """Serve pictures of copies."""
    hass.http.register_view(CopyPictureView())


@callback
def async_copy_picture_link(
    hass: HomeAssistant, clip_id: str, *, refresh_token_id: str | None = None
) -> str:
    """Return a signed link to the picture of a clip's copy, if it has one."""
    return async_signed(hass, f"{URL}{clip_id}", refresh_token_id=refresh_token_id)


class CopyPictureView(HomeAssistantView):
    """The picture of a clip's copy, for whoever may control the camera."""

    url = f"{URL}{{clip_id}}"
    name = f"api:{DOMAIN}:copy_picture"

    def __init__(self) -> None:
        """Let only some be fetched at once."""
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def get(self, request: web.Request, clip_id: str) -> web.StreamResponse:
        """Send the picture."""
        hass, user = request.app[KEY_HASS], request[KEY_HASS_USER]
        try:
            off_site = await async_away(hass)
            clip = await off_site.clip(clip_id) if off_site else None
            if clip is None or not may_control(
                user, camera_entity_id(hass, clip.account_id, clip.camera_id)
            ):
                return not_found()
            async with self._slots, asyncio.timeout(FETCH_WITHIN.total_seconds()):
                content = await async_copied_picture(hass, clip_id)
        except (ClipError, ConfigEntryError, TimeoutError) as err:
            _LOGGER.debug("No picture of a clip's copy: %s", err)
            content = None
        return picture_response(content)
