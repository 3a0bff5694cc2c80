"""What all commands share: who asks, what they may know of, and how errors are told."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import voluptuous as vol

from homeassistant.components.websocket_api.connection import ActiveConnection
from homeassistant.components.websocket_api.const import (
    ERR_HOME_ASSISTANT_ERROR,
    ERR_NOT_FOUND,
    ERR_SERVICE_VALIDATION_ERROR,
    WebSocketCommandHandler,
)
from homeassistant.components.websocket_api.decorators import (
    async_response,
    websocket_command,
)
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.typing import VolDictType
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..coordinator import ClipConfigEntry
from ..engine.errors import InvalidRequestError
from ..engine.time_range import Window
from ..entity import camera_entity_id
from ..errors import async_message, raise_action_error
from ..permissions import may_control
from ..services.targets import account_and_camera_id, controlled_cameras

if TYPE_CHECKING:
    from .schema import ErrorInfo, Span

# No id of ours is longer, and no wall shows more cameras.
LONGEST_ID = 200
MOST_CAMERAS = 500

ID = vol.All(str, vol.Length(min=1, max=LONGEST_ID))
ENTITY_IDS = vol.All([ID], vol.Length(max=MOST_CAMERAS))


class NotFoundError(ServiceValidationError):
    """What is named does not exist, as far as who asks may know."""


class Asker:
    """Who asks, over one connection: a camera that they may not control does not exist."""

    def __init__(self, hass: HomeAssistant, connection: ActiveConnection) -> None:
        """Take the connection."""
        self.hass = hass
        self.connection = connection

    def may_control(self, account_id: str, camera_id: str) -> bool:
        """Return whether they may control a camera."""
        entity_id = camera_entity_id(self.hass, account_id, camera_id)
        return may_control(self.connection.user, entity_id)

    def camera(self, entity_id: str) -> tuple[ClipConfigEntry, str]:
        """Return the account of a camera, loaded or not, and the camera's id.

        Raises NotFoundError.
        """
        try:
            found = account_and_camera_id(self.hass, entity_id)
        except InvalidRequestError:
            found = None
        if found is None or not may_control(self.connection.user, entity_id):
            raise NotFoundError(
                translation_domain=DOMAIN,
                translation_key="not_our_camera",
                translation_placeholders={"entity_id": entity_id},
            )
        return found

    def cameras(self, entity_ids: list[str] | None) -> set[tuple[str, str]] | None:
        """Return named cameras by account id and camera id; without names, all theirs.

        None is all cameras, also those that are gone. Raises NotFoundError.
        """
        if entity_ids is not None:
            found = [self.camera(entity_id) for entity_id in entity_ids]
            return {(entry.entry_id, camera_id) for entry, camera_id in found}
        if self.connection.user.is_admin:
            return None
        return controlled_cameras(self.hass, self.connection.user)


type Answer = Callable[[Asker, dict[str, Any]], Awaitable[Mapping[str, Any]]]


def command(
    name: str, fields: VolDictType
) -> Callable[[Answer], WebSocketCommandHandler]:
    """Make a command of a function that answers it."""

    def decorate(answer: Answer) -> WebSocketCommandHandler:
        async def handle(
            hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]
        ) -> None:
            try:
                with raise_action_error():
                    result = await answer(Asker(hass, connection), msg)
            except HomeAssistantError as err:
                send_error(hass, connection, msg["id"], err)
            else:
                connection.send_result(msg["id"], result)

        schema: VolDictType = {vol.Required("type"): f"{DOMAIN}/{name}", **fields}
        return websocket_command(schema)(async_response(handle))

    return decorate


# Begins a subscription: returns what ends it, and what is sent at once.
type Begin = Callable[
    [Asker, dict[str, Any], Callable[[Any], None]],
    tuple[CALLBACK_TYPE, Mapping[str, Any] | None],
]


def subscription(
    name: str, fields: VolDictType
) -> Callable[[Begin], WebSocketCommandHandler]:
    """Make a command of a function that begins a subscription.

    It does so at once: a connection that is lost meanwhile would not end it.
    """

    def decorate(begin: Begin) -> WebSocketCommandHandler:
        @callback
        def handle(
            hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]
        ) -> None:
            number: int = msg["id"]

            @callback
            def send(event: Mapping[str, Any]) -> None:
                connection.send_event(number, event)

            try:
                end, first = begin(Asker(hass, connection), msg, send)
            except HomeAssistantError as err:
                send_error(hass, connection, number, err)
                return
            connection.subscriptions[number] = end
            connection.send_result(number)
            if first is not None:
                send(first)

        schema: VolDictType = {vol.Required("type"): f"{DOMAIN}/{name}", **fields}
        return websocket_command(schema)(handle)

    return decorate


def send_error(
    hass: HomeAssistant,
    connection: ActiveConnection,
    msg_id: int,
    err: HomeAssistantError,
) -> None:
    """Tell what is wrong, in words and by its key."""
    if isinstance(err, NotFoundError):
        code = ERR_NOT_FOUND
    elif isinstance(err, ServiceValidationError):
        code = ERR_SERVICE_VALIDATION_ERROR
    else:
        code = ERR_HOME_ASSISTANT_ERROR
    connection.send_error(
        msg_id,
        code,
        async_message(hass, err),
        translation_key=err.translation_key,
        translation_domain=err.translation_domain,
        translation_placeholders=err.translation_placeholders,
    )


def error_info(hass: HomeAssistant, err: HomeAssistantError) -> ErrorInfo:
    """Return an error as an event tells it."""
    return {"key": err.translation_key or "", "message": async_message(hass, err)}


def utc(moment: datetime) -> str:
    """Return a time as it is told."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def span(window: Window) -> Span:
    """Return a window as it is told."""
    return {"start": utc(window.start), "end": utc(window.end)}


def moment(value: Any) -> datetime:
    """Return the time that is asked for; one without a zone is a local one."""
    found: datetime = cv.datetime(value)
    if found.tzinfo is None:
        return found.replace(tzinfo=dt_util.get_default_time_zone())
    return found
