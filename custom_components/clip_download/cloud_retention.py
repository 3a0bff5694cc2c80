"""For how long clouds keep footage: asked in the background, and remembered for hours."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN
from .coordinator import ClipConfigEntry
from .engine.errors import ClipError
from .engine.model import Camera, Retention

# How long an answer holds, and how long a cloud that gave none is left alone.
FRESH_FOR = timedelta(hours=6)
AGAIN_AFTER = timedelta(minutes=10)


@dataclass
class _Known:
    """What a cloud told of one camera, and when to ask again."""

    retention: Retention
    again_at: datetime


DATA_RETENTION: HassKey[dict[tuple[str, str], _Known]] = HassKey(f"{DOMAIN}.retention")


@callback
def async_retention(
    hass: HomeAssistant, entry: ClipConfigEntry, camera: Camera
) -> Retention:
    """Return what is known by now; what is not is asked, for whoever comes next."""
    if camera.retention is not None:
        return Retention(longest=camera.retention)
    all_known = hass.data.setdefault(DATA_RETENTION, {})
    now = dt_util.utcnow()
    known = all_known.setdefault((entry.entry_id, camera.id), _Known(Retention(), now))
    if now >= known.again_at:
        known.again_at = now + AGAIN_AFTER
        entry.async_create_background_task(
            hass, _async_ask(entry, camera, known), f"ask for retention of {camera.id}"
        )
    return known.retention


async def _async_ask(entry: ClipConfigEntry, camera: Camera, known: _Known) -> None:
    account = entry.runtime_data
    try:
        known.retention = await account.call(partial(account.source.retention, camera))
    except ClipError:
        return
    known.again_at = dt_util.utcnow() + FRESH_FOR
