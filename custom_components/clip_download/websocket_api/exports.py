"""The command that makes a ZIP of clips, to be downloaded."""

from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

import voluptuous as vol

from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from ..engine.errors import ClipError, InvalidRequestError, storage_error
from ..engine.library.queries import ClipQueries
from ..engine.model import Clip
from ..errors import action_error
from ..exports import DATA_EXPORTS, URL
from ..links import async_signed
from ..runtime import async_shared
from ..services.handover import async_export
from .command import ID, Asker, error_info, subscription

if TYPE_CHECKING:
    from .schema import ExportEvent

MOST_EXPORTED = 200


@subscription(
    "export",
    {vol.Required("clip_ids"): vol.All([ID], vol.Length(min=1, max=MOST_EXPORTED))},
)
@callback
def ws_export(
    asker: Asker, msg: dict[str, Any], send: Callable[[ExportEvent], None]
) -> tuple[CALLBACK_TYPE, None]:
    """Make a ZIP of clips, tell how far it is, and where it is; end if nobody listens."""
    task = asker.hass.async_create_background_task(
        _async_export(asker, list(dict.fromkeys(msg["clip_ids"])), send),
        "export clips",
        # The subscription is confirmed first.
        eager_start=False,
    )

    @callback
    def end() -> None:
        task.cancel()

    return end, None


async def _async_export(
    asker: Asker, clip_ids: list[str], send: Callable[[ExportEvent], None]
) -> None:
    """Make the ZIP; an error is an event, too."""
    try:
        send(await _async_make(asker, clip_ids, send))
    except (ClipError, OSError) as err:
        reason = err if isinstance(err, ClipError) else storage_error(err)
        send({"error": error_info(asker.hass, action_error(reason))})
    except HomeAssistantError as err:
        send({"error": error_info(asker.hass, err)})


async def _async_make(
    asker: Asker, clip_ids: list[str], send: Callable[[ExportEvent], None]
) -> ExportEvent:
    """Make the ZIP; return where it is. Raises ClipError, OSError."""
    hass = asker.hass
    clips = await ClipQueries((await async_shared(hass)).library).of_ids(clip_ids)
    cameras = {(clip.account_id, clip.camera_id) for clip in clips}
    if len(clips) < len(clip_ids) or not all(
        asker.may_control(*camera) for camera in cameras
    ):
        raise InvalidRequestError("clip_not_found")
    size_bytes = sum(clip.size_bytes for clip in clips)

    async def choose() -> AsyncIterator[Clip]:
        for clip in clips:
            yield clip

    def tell(done_bytes: int) -> None:
        send({"done_bytes": done_bytes, "size_bytes": size_bytes})

    tell(0)
    exports = hass.data[DATA_EXPORTS]
    with exports.making() as (export_id, target):
        made = await async_export(
            hass, choose, target, now=dt_util.now(), on_bytes=tell
        )
        export = exports.async_add(
            export_id, made, user_id=asker.connection.user.id, cameras=cameras
        )
    return {
        "name": export.name,
        "size_bytes": made.size_bytes,
        "url": async_signed(
            hass,
            f"{URL}{export.id}",
            refresh_token_id=asker.connection.refresh_token_id,
        ),
    }
