"""The command that brings a clip home from its copy, to be played."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import voluptuous as vol

from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.exceptions import HomeAssistantError

from ..copies import async_fetch_clip
from ..engine.errors import ClipError, InvalidRequestError
from ..errors import action_error
from ..services import response
from .clips import async_find_clip, async_infos
from .command import ID, Asker, error_info, subscription

if TYPE_CHECKING:
    from .schema import FetchEvent

# How often it is told how far it is.
EVERY_S = 0.25


@subscription("clip/fetch", {vol.Required("clip_id"): ID})
@callback
def ws_fetch(
    asker: Asker, msg: dict[str, Any], send: Callable[[FetchEvent], None]
) -> tuple[CALLBACK_TYPE, None]:
    """Bring a clip home, and tell how far it is; it goes on if nobody listens."""
    task = asker.hass.async_create_background_task(
        _async_tell(asker, msg["clip_id"], send),
        "tell of a clip that comes home",
        # The subscription is confirmed first.
        eager_start=False,
    )

    @callback
    def end() -> None:
        task.cancel()

    return end, None


async def _async_tell(
    asker: Asker, clip_id: str, send: Callable[[FetchEvent], None]
) -> None:
    """Bring it home; an error is an event, too."""
    about: dict[str, str] = {}
    try:
        clip, _ = await async_find_clip(asker, clip_id)
        if clip is None:
            raise InvalidRequestError("clip_not_found")
        about = {"camera": clip.camera_name, "window": response.in_words(clip.window)}
        loop, told_s, size_bytes = asker.hass.loop, 0.0, clip.size_bytes

        @callback
        def tell(done_bytes: int) -> None:
            nonlocal told_s
            if loop.time() - told_s >= EVERY_S:
                told_s = loop.time()
                send({"done_bytes": done_bytes, "size_bytes": size_bytes})

        tell(0)
        clip = await async_fetch_clip(asker.hass, clip_id, on_bytes=tell)
        (info,) = await async_infos(asker, [clip])
        send({"clip": info})
    except ClipError as err:
        send({"error": error_info(asker.hass, action_error(err, **about))})
    except HomeAssistantError as err:
        send({"error": error_info(asker.hass, err)})
