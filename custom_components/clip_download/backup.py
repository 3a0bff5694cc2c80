"""Keeps the library whole in a backup of Home Assistant, without stopping jobs."""

from datetime import datetime, timedelta
import logging

from homeassistant.core import CALLBACK_TYPE, HomeAssistant
from homeassistant.exceptions import ConfigEntryError
from homeassistant.helpers.event import async_call_later
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN
from .errors import raise_action_error
from .runtime import async_shared

_LOGGER = logging.getLogger(__name__)

# A backup that did not end by then was interrupted.
LONGEST = timedelta(hours=6)
_DATA_GIVE_UP: HassKey[CALLBACK_TYPE] = HassKey(f"{DOMAIN}_backup")


async def async_pre_backup(hass: HomeAssistant) -> None:
    """Write all into the database's file, and hold further writes.

    Raises HomeAssistantError.
    """
    try:
        library = (await async_shared(hass)).library
    except ConfigEntryError as err:
        # Nothing writes to a library that cannot be opened: it is copied as it is.
        _LOGGER.warning(
            "The clip library could not be prepared for the backup: %s", err
        )
        return

    async def give_up(now: datetime) -> None:
        _LOGGER.warning(
            "A backup that started %s ago has not finished. Saving clips continues",
            LONGEST,
        )
        await async_post_backup(hass)

    if earlier := hass.data.pop(_DATA_GIVE_UP, None):
        earlier()
    with raise_action_error():
        await library.begin_backup()
    hass.data[_DATA_GIVE_UP] = async_call_later(hass, LONGEST, give_up)


async def async_post_backup(hass: HomeAssistant) -> None:
    """Let the library be written to again. Raises HomeAssistantError."""
    give_up = hass.data.pop(_DATA_GIVE_UP, None)
    if give_up is None:
        return
    give_up()
    with raise_action_error():
        await (await async_shared(hass)).library.end_backup()
