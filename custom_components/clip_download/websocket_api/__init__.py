"""The WebSocket API `clip_download/*`: the one way that the front end talks."""

from homeassistant.components import websocket_api
from homeassistant.core import HomeAssistant, callback

from . import cameras, clips, copies, exports, jobs, shares, timeline

COMMANDS = (
    cameras.ws_cameras,
    clips.ws_delete,
    clips.ws_filters,
    clips.ws_get,
    clips.ws_keep,
    clips.ws_label,
    clips.ws_list,
    clips.ws_subscribe,
    copies.ws_fetch,
    exports.ws_export,
    jobs.ws_cancel,
    jobs.ws_cancel_back_fill,
    jobs.ws_retry,
    jobs.ws_subscribe,
    shares.ws_create,
    shares.ws_list,
    shares.ws_revoke,
    timeline.ws_events,
    timeline.ws_footage,
    timeline.ws_picture_at,
    timeline.ws_timeline,
)


@callback
def async_setup_websocket_api(hass: HomeAssistant) -> None:
    """Register the commands; they are there whether or not an account is loaded."""
    for one in COMMANDS:
        websocket_api.async_register_command(hass, one)
