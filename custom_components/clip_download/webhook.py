"""What a cloud tells by itself, taken by Home Assistant's webhooks."""

from collections import OrderedDict
from datetime import timedelta
from functools import partial
from http import HTTPStatus
import logging

from aiohttp import hdrs, web

from homeassistant.components import webhook
from homeassistant.const import CONF_WEBHOOK_ID
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .clips.window import Window
from .const import CONF_AUTH_IMPLEMENTATION, CONF_HMAC_KEY, CONF_KIND, DOMAIN
from .coordinator import ClipConfigEntry
from .sources.base import DING, MOTION, Event
from .sources.ring_webhook import (
    BUTTON_PRESS,
    MOTION_DETECTED,
    SIGNATURE,
    Notice,
    is_signed,
    read_notice,
)

_LOGGER = logging.getLogger(__name__)

LARGEST_BODY_BYTES = 64 * 2**10
# Ring tries for an hour and a quarter to get rid of a notice. What is older than that
# is a repetition, or no news.
NEWS_FOR = timedelta(hours=2)
MOST_REMEMBERED = 1000

# Ring's type of a notice -> the kind of event.
TYPES = {MOTION_DETECTED: MOTION, BUTTON_PRESS: DING}


@callback
def async_listen(hass: HomeAssistant, entry: ClipConfigEntry) -> None:
    """Take notices for an account, once there is a key to know them by."""
    key = entry.options.get(CONF_HMAC_KEY)
    webhook_id = entry.data.get(CONF_WEBHOOK_ID)
    if not key or not webhook_id:
        return
    webhook.async_register(
        hass,
        DOMAIN,
        entry.title,
        webhook_id,
        Listener(entry, key).async_handle,
        allowed_methods=[hdrs.METH_POST],
    )
    entry.async_on_unload(partial(webhook.async_unregister, hass, webhook_id))


class Listener:
    """Takes the notices that are signed with one app's key, each of them once."""

    def __init__(self, entry: ClipConfigEntry, key: str) -> None:
        """Take the account whose webhook it is, and the app's key."""
        self._entry = entry
        self._key = key
        self._known: OrderedDict[str, None] = OrderedDict()
        # Whoever finds the address must not fill the log.
        self._level = logging.WARNING

    async def async_handle(
        self, hass: HomeAssistant, webhook_id: str, request: web.Request
    ) -> web.Response:
        """Take a notice; what is no news is taken and forgotten.

        Nothing that takes time is done here: Ring wants its answer within five seconds.
        """
        body = await _read(request)
        if body is None:
            return web.Response(status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        if not is_signed(body, request.headers.get(SIGNATURE, ""), self._key):
            _LOGGER.log(
                self._level,
                "A notice that Ring did not sign came to the webhook of %s; is the "
                "signature key in its options right?",
                self._entry.title,
            )
            self._level = logging.DEBUG
            return web.Response(status=HTTPStatus.UNAUTHORIZED)
        try:
            notice = read_notice(body)
        except ValueError:
            _LOGGER.debug("A notice for %s makes no sense", self._entry.title)
            return web.Response(status=HTTPStatus.BAD_REQUEST)
        if self._is_news(notice):
            self._async_pass_on(hass, notice)
        return web.Response(status=HTTPStatus.NO_CONTENT)

    def _is_news(self, notice: Notice) -> bool:
        """Say whether a notice came for the first time, and remember it."""
        if notice.request_id in self._known or notice.at < dt_util.utcnow() - NEWS_FOR:
            _LOGGER.debug("Not news: notice %s", notice.request_id)
            return False
        self._known[notice.request_id] = None
        if len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)
        return True

    @callback
    def _async_pass_on(self, hass: HomeAssistant, notice: Notice) -> None:
        """Fire the events of the cameras that a notice is about."""
        if notice.type not in TYPES:
            return
        event = Event(
            id=notice.id,
            kind=TYPES[notice.type],
            what=notice.kind or "",
            window=Window(notice.at, notice.at),
        )
        for entry in self._accounts(hass, notice):
            for camera in entry.runtime_data.coordinator.data.values():
                if notice.is_about(camera):
                    entry.runtime_data.watch.told(camera, event)

    def _accounts(self, hass: HomeAssistant, notice: Notice) -> list[ClipConfigEntry]:
        """Return the accounts that a notice may be for.

        An app has one webhook for all the accounts that are linked to it. Not every
        account is known by the id that notices have.
        """
        app = self._entry.data.get(CONF_AUTH_IMPLEMENTATION)
        kind = self._entry.data[CONF_KIND]
        return [
            entry
            for entry in hass.config_entries.async_loaded_entries(DOMAIN)
            if entry.data[CONF_KIND] == kind
            and entry.data.get(CONF_AUTH_IMPLEMENTATION) == app
            and (
                entry.unique_id == f"{kind}_{notice.account_id}"
                or not (entry.unique_id or "").startswith(f"{kind}_ava1.ring.account.")
            )
        ]


async def _read(request: web.Request) -> bytes | None:
    """Return the body as it came, None if it is larger than any notice."""
    # That of a webhook of Home Assistant Cloud can only be read from its start.
    content = request.content
    body = bytearray()
    while chunk := await content.read(LARGEST_BODY_BYTES + 1 - len(body)):
        body += chunk
        if len(body) > LARGEST_BODY_BYTES:
            return None
    return bytes(body)
