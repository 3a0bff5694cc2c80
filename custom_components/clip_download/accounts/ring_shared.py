"""Uses the sign-in of Home Assistant's own Ring integration, the lender.

Its data and classes are not meant for others, and may change with any release: all use of
them is here, and if they change, the sign-in counts as gone. Its token is only read: if
we refreshed it, the integration would be left with a token that Ring refuses.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
import logging
from typing import Any

from homeassistant.config_entries import (
    SOURCE_INTEGRATION_DISCOVERY,
    SOURCE_REAUTH,
    ConfigEntry,
    ConfigEntryState,
)
from homeassistant.const import (
    CONF_ACCESS_TOKEN,
    CONF_DEVICE_ID,
    CONF_TOKEN,
    CONF_USERNAME,
)
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, discovery_flow
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util

from ..const import CONF_KIND, DOMAIN
from ..engine.errors import CloudError, SignInError

CONF_HARDWARE_ID = "hardware_id"
# The Ring integration's config entry whose sign-in is used.
CONF_RING_ENTRY = "ring_entry"
RING_INTEGRATION = "ring"
# How long to wait for that integration to refresh its token.
TIMEOUT_S = 30
# That integration calls Ring every minute, and refreshes its token if it has to.
AGAIN_AFTER_S = 60
# How often to check whether that integration has a new listener.
HOOK_EVERY_S = 60

_LOGGER = logging.getLogger(__name__)


@callback
def async_lenders(hass: HomeAssistant) -> list[ConfigEntry]:
    """Return the Ring integration's entries whose sign-in can be used."""
    return [
        lender
        for lender in hass.config_entries.async_entries(
            RING_INTEGRATION, include_ignore=False, include_disabled=False
        )
        if _is_known(lender)
    ]


def credentials_of(hass: HomeAssistant, lender_id: str) -> dict[str, str]:
    """Return the credentials besides the token, empty if the lender is gone."""
    lender = hass.config_entries.async_get_entry(lender_id)
    data = lender.data if lender and _is_known(lender) else {}
    return {
        CONF_HARDWARE_ID: data.get(CONF_DEVICE_ID, ""),
        CONF_USERNAME: data.get(CONF_USERNAME, ""),
    }


def access_token_of(
    hass: HomeAssistant, lender_id: str
) -> Callable[[bool], Awaitable[str]]:
    """Return a function that returns the lender's token, refreshed by the lender.

    It raises SignInError where only a person can help, CloudError where time does.
    """
    given = ""

    async def access_token(is_refused: bool) -> str:
        nonlocal given
        refused = given if is_refused else ""
        lender = _lender(hass, lender_id)
        if not _is_good(lender, refused):
            await _async_let_refresh(hass, lender)
            # The refresh may have shown that Ring has signed it out.
            lender = _lender(hass, lender_id)
        if not _is_good(lender, refused):
            raise CloudError("ring_account_waiting", retry_after_s=AGAIN_AFTER_S)
        given = str(lender.data[CONF_TOKEN][CONF_ACCESS_TOKEN])
        return given

    return access_token


async def listen(
    hass: HomeAssistant, lender_id: str, heard: Callable[[], None]
) -> None:
    """Call `heard` for each push that the lender receives, until cancelled."""

    def pushed(event: object) -> None:
        # An exception here would stop the lender's own handling.
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
    """Offer lenders, and reload accounts when their lender works again or has changed."""
    offered: set[str] = set()
    followed: set[str] = set()

    @callback
    def offer(lender: ConfigEntry) -> None:
        if lender.entry_id in offered or not _is_known(lender):
            return
        email = lender.data[CONF_USERNAME]
        if any(
            # A place for copies may have the same name of a user.
            entry.data.get(CONF_USERNAME) == email and entry.data[CONF_KIND] == "ring"
            for entry in hass.config_entries.async_entries(DOMAIN, include_ignore=False)
        ):
            return
        offered.add(lender.entry_id)
        discovery_flow.async_create_flow(
            hass,
            DOMAIN,
            context={"source": SOURCE_INTEGRATION_DISCOVERY},
            data={CONF_RING_ENTRY: lender.entry_id},
        )

    @callback
    def changed(lender: ConfigEntry) -> None:
        if lender.state is not ConfigEntryState.LOADED or _is_signed_out(hass, lender):
            return
        offer(lender)
        for entry in hass.config_entries.async_entries(DOMAIN):
            if entry.data.get(CONF_RING_ENTRY) == lender.entry_id and _is_behind(
                hass, entry
            ):
                for flow in entry.async_get_active_flows(hass, {SOURCE_REAUTH}):
                    hass.config_entries.flow.async_abort(flow["flow_id"])
                hass.config_entries.async_schedule_reload(entry.entry_id)

    @callback
    def follow_new() -> None:
        for lender in hass.config_entries.async_entries(RING_INTEGRATION):
            if lender.entry_id not in followed:
                followed.add(lender.entry_id)
                lender.async_on_state_change(partial(changed, lender))
                changed(lender)

    @callback
    def is_created(event_data: dr.EventDeviceRegistryUpdatedData) -> bool:
        return event_data["action"] == "create"

    @callback
    def created(event: Event[dr.EventDeviceRegistryUpdatedData]) -> None:
        follow_new()

    # Whoever is added later shows by its devices.
    hass.bus.async_listen(dr.EVENT_DEVICE_REGISTRY_UPDATED, created, is_created)
    follow_new()


def _is_behind(hass: HomeAssistant, entry: ConfigEntry) -> bool:
    """Return whether an account has to be reloaded to work with its lender."""
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
    """Return whether the lender's data has the form that is known here."""
    match lender.data:
        case {
            "device_id": str(),
            "username": str(),
            "token": {"access_token": str(), "expires_at": int() | float()},
        }:
            return True
    return False


def _is_good(lender: ConfigEntry, refused: str) -> bool:
    """Return whether the lender's token is neither expired nor the refused one."""
    token = lender.data[CONF_TOKEN]
    has_run_out: bool = token["expires_at"] <= dt_util.utcnow().timestamp()
    return not has_run_out and token[CONF_ACCESS_TOKEN] != refused


async def _async_let_refresh(hass: HomeAssistant, lender: ConfigEntry) -> None:
    """Let the lender refresh its list of devices, and with it a bad token."""
    coordinator = _runtime(lender, "devices_coordinator")
    if isinstance(coordinator, DataUpdateCoordinator):
        # A refresh must not be cancelled: the lender would lose its new token.
        task = lender.async_create_background_task(
            hass, coordinator.async_request_refresh(), "refresh for Clip Download"
        )
        await asyncio.wait({task}, timeout=TIMEOUT_S)


def _hook(
    hass: HomeAssistant, lender_id: str, pushed: Callable[[object], None]
) -> Callable[[], None]:
    """Call a function for each push, if the lender listens; return how to end that."""
    lender = hass.config_entries.async_get_entry(lender_id)
    listener = _runtime(lender, "listen_coordinator", "event_listener")
    # A callback that is added before it has started can never be removed.
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
