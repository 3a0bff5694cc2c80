"""The account of Home Assistant's own Ring integration, borrowed from it.

What is used of that integration is its own affair and may change with any release; so all
of it is here, and what has changed is told as a sign-in that is gone. Its token is only
ever read: a refresh of ours would leave it with one that Ring no longer takes.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
import logging
from typing import Any

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    SOURCE_REAUTH,
    ConfigEntry,
    ConfigEntryChange,
    ConfigEntryState,
)
from homeassistant.const import (
    CONF_ACCESS_TOKEN,
    CONF_DEVICE_ID,
    CONF_TOKEN,
    CONF_USERNAME,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..engine.errors import CloudError, SignInError

CONF_HARDWARE_ID = "hardware_id"
# The Ring integration's config entry whose sign-in is used.
CONF_RING_ENTRY = "ring_entry"
RING_INTEGRATION = "ring"
# How long to wait for that integration to look at its token.
TIMEOUT_S = 30
# It asks Ring for its devices every minute, and for a new token where it needs one.
AGAIN_AFTER_S = 60
# That integration stops and starts to listen without telling anybody.
HOOK_EVERY_S = 60

_LOGGER = logging.getLogger(__name__)


@callback
def async_lenders(hass: HomeAssistant) -> list[ConfigEntry]:
    """Return the accounts that can be borrowed, once they are loaded."""
    return [
        lender
        for lender in hass.config_entries.async_entries(
            RING_INTEGRATION, include_ignore=False, include_disabled=False
        )
        if _is_known(lender)
    ]


def credentials_of(hass: HomeAssistant, lender_id: str) -> dict[str, str]:
    """Return what a source needs besides the token: blanks of an account that is gone."""
    lender = hass.config_entries.async_get_entry(lender_id)
    data = lender.data if lender and _is_known(lender) else {}
    return {
        CONF_HARDWARE_ID: data.get(CONF_DEVICE_ID, ""),
        CONF_USERNAME: data.get(CONF_USERNAME, ""),
    }


def access_token_of(
    hass: HomeAssistant, lender_id: str
) -> Callable[[bool], Awaitable[str]]:
    """Return what gives the token that the lender has, a new one once it has that.

    It raises SignInError where only a person can help, CloudError where time does.
    """
    given = ""

    async def access_token(is_refused: bool) -> str:
        nonlocal given
        refused = given if is_refused else ""
        lender = _lender(hass, lender_id)
        if not _is_good(lender, refused):
            await _async_let_refresh(hass, lender)
            # It may have found out by that that Ring has thrown it out.
            lender = _lender(hass, lender_id)
        if not _is_good(lender, refused):
            raise CloudError("ring_account_waiting", retry_after_s=AGAIN_AFTER_S)
        given = str(lender.data[CONF_TOKEN][CONF_ACCESS_TOKEN])
        return given

    return access_token


async def listen(
    hass: HomeAssistant, lender_id: str, heard: Callable[[], None]
) -> None:
    """Call `heard` whenever the lender is pushed something, for ever."""

    def pushed(event: object) -> None:
        # What gets out of here keeps the lender from hearing of it.
        try:
            heard()
        except Exception:
            _LOGGER.exception("Unexpected exception")

    unhook = _nothing
    try:
        while True:
            unhook()
            unhook = _hook(hass, lender_id, pushed)
            await asyncio.sleep(HOOK_EVERY_S)
    finally:
        unhook()


@callback
def async_follow_lenders(hass: HomeAssistant) -> None:
    """Load accounts again when their lender works again, or is another device to Ring."""

    @callback
    def changed(change: ConfigEntryChange, lender: ConfigEntry) -> None:
        if (
            lender.domain != RING_INTEGRATION
            or lender.state is not ConfigEntryState.LOADED
            or _is_signed_out(hass, lender)
        ):
            return
        for entry in hass.config_entries.async_entries(DOMAIN):
            if entry.data.get(CONF_RING_ENTRY) == lender.entry_id and _is_behind(
                hass, entry
            ):
                for flow in entry.async_get_active_flows(hass, {SOURCE_REAUTH}):
                    hass.config_entries.flow.async_abort(flow["flow_id"])
                hass.config_entries.async_schedule_reload(entry.entry_id)

    async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, changed)


def _is_behind(hass: HomeAssistant, entry: ConfigEntry) -> bool:
    """Return whether an account does not work as its lender is now."""
    if entry.state is not ConfigEntryState.LOADED:
        return entry.state in (
            ConfigEntryState.SETUP_ERROR,
            ConfigEntryState.SETUP_RETRY,
        )
    lent = credentials_of(hass, entry.data[CONF_RING_ENTRY])
    return _is_signed_out(hass, entry) or entry.runtime_data.source.credentials != lent


def _is_signed_out(hass: HomeAssistant, entry: ConfigEntry) -> bool:
    """Return whether a person has to sign in to an account again."""
    return any(entry.async_get_active_flows(hass, {SOURCE_REAUTH}))


def _lender(hass: HomeAssistant, lender_id: str) -> ConfigEntry:
    """Return a lender that works. Raises SignInError, CloudError."""
    lender = hass.config_entries.async_get_entry(lender_id)
    if lender is None or not _is_known(lender):
        raise SignInError("ring_account_gone")
    if _is_signed_out(hass, lender):
        raise SignInError("ring_account_signed_out")
    if lender.state is not ConfigEntryState.LOADED:
        raise CloudError("ring_account_not_loaded")
    return lender


def _is_known(lender: ConfigEntry) -> bool:
    """Return whether that integration still keeps its sign-in as it does today."""
    match lender.data:
        case {
            "device_id": str(),
            "username": str(),
            "token": {"access_token": str(), "expires_at": int() | float()},
        }:
            return True
    return False


def _is_good(lender: ConfigEntry, refused: str) -> bool:
    """Return whether the lender's token can be used: not run out, nor refused before."""
    token = lender.data[CONF_TOKEN]
    has_run_out: bool = token["expires_at"] <= dt_util.utcnow().timestamp()
    return not has_run_out and token[CONF_ACCESS_TOKEN] != refused


async def _async_let_refresh(hass: HomeAssistant, lender: ConfigEntry) -> None:
    """Let the lender ask Ring for something, for which it refreshes a bad token."""
    coordinator = _runtime(lender, "devices_coordinator")
    if isinstance(coordinator, DataUpdateCoordinator):
        # A refresh that is begun has to be ended, or the lender's token is lost.
        task = lender.async_create_background_task(
            hass, coordinator.async_request_refresh(), "refresh for Clip Download"
        )
        await asyncio.wait({task}, timeout=TIMEOUT_S)


def _hook(
    hass: HomeAssistant, lender_id: str, pushed: Callable[[object], None]
) -> Callable[[], None]:
    """Have a function called with each push, if the lender listens; return the end."""
    lender = hass.config_entries.async_get_entry(lender_id)
    listener = _runtime(lender, "listen_coordinator", "event_listener")
    # Whoever is there before it has started can never be removed again.
    if not getattr(listener, "started", False):
        return _nothing
    number = listener.add_notification_callback(pushed)

    def unhook() -> None:
        # It forgets everybody when it stops, and then knows no such number.
        with suppress(Exception):
            listener.remove_notification_callback(number)

    return unhook


def _nothing() -> None:
    """Do nothing."""


def _runtime(lender: ConfigEntry | None, *names: str) -> Any:
    """Return something of what a loaded lender runs, None if there is no such thing."""
    if lender is None or lender.state is not ConfigEntryState.LOADED:
        return None
    found = getattr(lender, "runtime_data", None)
    for name in names:
        found = getattr(found, name, None)
    return found
