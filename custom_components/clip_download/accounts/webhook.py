"""Receives the notices of clouds with Home Assistant's webhooks."""

from collections import OrderedDict
from contextlib import suppress
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from ipaddress import ip_address
import logging

from aiohttp import hdrs, web
from yarl import URL

from homeassistant.components import webhook
from homeassistant.const import CONF_WEBHOOK_ID
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.network import NoURLAvailableError, get_url
from homeassistant.util import dt as dt_util

from ..const import CONF_AUTH_IMPLEMENTATION, CONF_KIND, DOMAIN
from ..coordinator import ClipConfigEntry
from ..engine.sources.webhook import Notice
from . import kind_of

_LOGGER = logging.getLogger(__name__)

# Names that only a home or a company knows.
_OWN_NAMES = (".home", ".home.arpa", ".internal", ".lan", ".local", ".localdomain")
LARGEST_BODY_BYTES = 64 * 2**10
# Ring tries for 75 minutes to deliver a notice. Older ones are replayed, or too late.
NEWS_FOR = timedelta(hours=2)
MOST_REMEMBERED = 1000


@callback
def async_listen(hass: HomeAssistant, entry: ClipConfigEntry) -> None:
    """Register the webhook of an account, if it has a secret to check notices with."""
    cloud = kind_of(entry).webhook
    secret = entry.options.get(cloud.secret) if cloud else None
    # The form with the secret made the id.
    webhook_id = entry.data.get(CONF_WEBHOOK_ID)
    if not cloud or not secret or not webhook_id:
        return
    webhook.async_register(
        hass,
        DOMAIN,
        entry.title,
        webhook_id,
        Listener(entry, cloud.notice, secret).async_handle,
        allowed_methods=[hdrs.METH_POST],
    )
    entry.async_on_unload(partial(webhook.async_unregister, hass, webhook_id))


@callback
def async_base_url(hass: HomeAssistant) -> str:
    """Return where clouds are to send notices to, empty if that is not known."""
    try:
        return get_url(hass, allow_cloud=False, prefer_external=True)
    except NoURLAvailableError:
        return ""


def is_public(address: str) -> bool:
    """Return whether a cloud may reach an address: https, and no network of one's own."""
    url = URL(address)
    host = url.host or ""
    if url.scheme != "https":
        return False
    with suppress(ValueError):
        return ip_address(host).is_global
    return "." in host and not host.endswith(_OWN_NAMES)


class Listener:
    """Handles the notices that are signed with an account's secret, each of them once."""

    def __init__(
        self, entry: ClipConfigEntry, notice_class: type[Notice], secret: str
    ) -> None:
        """Take the account's entry, the class of its notices, and the secret."""
        self._entry = entry
        self._notice_class = notice_class
        self._secret = secret
        self._known: OrderedDict[str, None] = OrderedDict()
        # Lowered after the first warning: nobody must be able to fill the log.
        self._level = logging.WARNING

    async def async_handle(
        self, hass: HomeAssistant, webhook_id: str, request: web.Request
    ) -> web.Response:
        """Handle a notice; ignore one that is old or was handled before.

        Nothing slow is done here: Ring expects the response within five seconds.
        """
        body = await _read(request)
        if body is None:
            return web.Response(status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        try:
            if not self._notice_class.is_genuine(body, request.headers, self._secret):
                self._warn()
                return web.Response(status=HTTPStatus.UNAUTHORIZED)
            notice = self._notice_class.read(body)
        except ValueError:
            _LOGGER.debug("A notice for %s makes no sense", self._entry.title)
            return web.Response(status=HTTPStatus.BAD_REQUEST)
        self._entry.runtime_data.last_notice = dt_util.utcnow()
        if notice and self._is_news(notice):
            self._async_pass_on(hass, notice)
        return web.Response(status=HTTPStatus.NO_CONTENT)

    def _warn(self) -> None:
        _LOGGER.log(
            self._level,
            "A notification that was not signed by %s arrived at the webhook of %s. "
            "Check the secret in the options of the account",
            self._entry.runtime_data.source.manufacturer,
            self._entry.title,
        )
        self._level = logging.DEBUG

    def _is_news(self, notice: Notice) -> bool:
        """Return whether a notice is recent and came for the first time; remember it."""
        age = dt_util.utcnow() - notice.event.window.start
        if notice.id in self._known or abs(age) > NEWS_FOR:
            _LOGGER.debug("Not news: notice %s", notice.id)
            return False
        self._known[notice.id] = None
        if len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)
        return True

    @callback
    def _async_pass_on(self, hass: HomeAssistant, notice: Notice) -> None:
        """Pass a notice to the monitors of the accounts that have its camera."""
        for entry in self._accounts(hass, notice):
            account = entry.runtime_data
            for camera in account.coordinator.data.values():
                if notice.is_about(camera):
                    account.monitor.on_event(camera, notice.event)

    def _accounts(self, hass: HomeAssistant, notice: Notice) -> list[ClipConfigEntry]:
        """Return the accounts that a notice may be for.

        All accounts that are linked to one app share its webhook.
        """
        app = self._entry.data.get(CONF_AUTH_IMPLEMENTATION)
        kind = self._entry.data[CONF_KIND]
        return [
            entry
            for entry in hass.config_entries.async_loaded_entries(DOMAIN)
            if (
                entry is self._entry
                or (app and entry.data.get(CONF_AUTH_IMPLEMENTATION) == app)
            )
            and notice.is_for((entry.unique_id or "").removeprefix(f"{kind}_"))
        ]


async def _read(request: web.Request) -> bytes | None:
    """Return the body of a request, None if it is larger than any notice."""
    # That of a webhook of Home Assistant Cloud can only be read from its start.
    content = request.content
    body = bytearray()
    while chunk := await content.read(LARGEST_BODY_BYTES + 1 - len(body)):
        body += chunk
        if len(body) > LARGEST_BODY_BYTES:
            return None
    return bytes(body)
