"""What all accounts share: the one database, the one workbench."""

from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from homeassistant.const import EVENT_HOMEASSISTANT_CLOSE
from homeassistant.core import Event, HomeAssistant
from homeassistant.exceptions import ConfigEntryError
from homeassistant.helpers.singleton import singleton
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .clips.errors import StorageError
from .clips.library import Library
from .const import DOMAIN

DATABASE = "clip_download.db"
DATA_SHARED: HassKey[Shared] = HassKey(DOMAIN)


@dataclass(frozen=True, kw_only=True)
class Shared:
    """What all accounts share, until Home Assistant ends."""

    library: Library
    workbench: Executor


@singleton(DATA_SHARED, async_=True)
async def async_shared(hass: HomeAssistant) -> Shared:
    """Return what all accounts share; open the library when it is first asked for.

    Raises ConfigEntryError if the library cannot be opened.
    """
    try:
        library = await Library(
            Path(hass.config.path(DATABASE)), dt_util.get_default_time_zone()
        ).open()
    except StorageError as err:
        raise ConfigEntryError(
            translation_domain=DOMAIN,
            translation_key=err.key,
            translation_placeholders=err.placeholders,
        ) from err

    workbench = ThreadPoolExecutor(1, thread_name_prefix="clip_workbench")

    async def close(event: Event) -> None:
        await hass.async_add_executor_job(workbench.shutdown)
        await library.close()

    hass.bus.async_listen_once(EVENT_HOMEASSISTANT_CLOSE, close)
    return Shared(library=library, workbench=workbench)
