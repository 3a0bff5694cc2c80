"""What the panel hears of a back-fill, and who may end it."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from custom_components.clip_download.const import DOMAIN
from homeassistant.core import HomeAssistant
from tests.accounts import set_up
from tests.clouds import Clouds

from .conftest import Browser, Open

FRONT, YARD = "camera.front", "camera.yard"
ONE: dict[str, Any] = {"entities": {"entity_ids": {FRONT: True}}}


async def told(browser: Browser, number: int, **wanted: Any) -> dict[str, Any]:
    """Return what is told of the only back-fill once that is so."""
    while True:
        for one in (await browser.event(number)).get("back_fills", []):
            if wanted.items() <= one.items():
                found: dict[str, Any] = one
                return found


async def test_told_and_ended(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path, open_browser: Open
) -> None:
    """Everybody hears of their own cameras, and ends what is fetched of these only."""
    now = datetime.now(UTC)
    cloud = hass_clouds.ring
    for name, count in (("Front", 2), ("Yard", 3)):
        camera = cloud.add_camera(name)
        for n in range(count):
            start = now - timedelta(days=9 * n + count)
            cloud.add_event(camera, start=start, duration_s=2)
    cloud.misbehave("phoenix", hold=asyncio.Event(), times=99)
    entry = await set_up(hass, hass_clouds, "ring")
    admin, guest = await open_browser(), await open_browser(ONE)
    numbers = [await one.subscribe("jobs/subscribe") for one in (admin, guest)]
    await hass.services.async_call(
        DOMAIN, "back_fill", {"entity_id": [FRONT, YARD]}, blocking=True
    )
    all_of_them = await told(admin, numbers[0], total=5)
    assert all_of_them == {
        "account_id": entry.entry_id,
        "account": entry.title,
        "done": 0,
        "total": 5,
        "left_s": None,
        "reason": None,
    }
    await told(guest, numbers[1], total=2)
    answer = await guest.ask("back_fill/cancel", account_id=entry.entry_id)
    assert answer == {"cancelled": 2}
    await told(admin, numbers[0], total=3)
    while (await guest.event(numbers[1])).get("back_fills", True):
        pass
    # It is none of theirs any more, nor one that somebody else may see.
    answer = await guest.ask("back_fill/cancel", account_id=entry.entry_id)
    assert answer == {"cancelled": 0}
    assert (await admin.ask("back_fill/cancel", account_id="other"))["cancelled"] == 0
    answer = await admin.ask("back_fill/cancel", account_id=entry.entry_id)
    assert answer == {"cancelled": 3}
    while (await admin.event(numbers[0])).get("back_fills", True):
        pass
