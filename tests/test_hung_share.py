"""In Home Assistant, a share that hangs stops only what is saved on it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from custom_components.clip_download.const import DOMAIN
from custom_components.clip_download.engine import storage
from custom_components.clip_download.engine.library.retention import Limits
from custom_components.clip_download.retention import async_set_common_limits
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant

from .clouds import Clouds
from .hung_share import hung
from .test_issues import look, told


async def save(hass: HomeAssistant, clouds: Clouds, filename: str) -> Any:
    """Save a clip under a name; return what is answered."""
    event = clouds.ring.add_event(
        clouds.ring.cameras[0],
        start=datetime.now(UTC) - timedelta(hours=1),
        duration_s=3,
    )
    answer: Any = await hass.services.async_call(
        DOMAIN,
        "save_clip",
        {
            "entity_id": "camera.front",
            "start": event.start.isoformat(),
            "end": event.end.isoformat(),
            "filename": filename,
        },
        blocking=True,
        return_response=True,
    )
    return answer["camera.front"]


async def test_a_share_hangs(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    entry: ConfigEntry,
    media_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Others are saved and pruned, and the account can be unloaded."""
    monkeypatch.setattr(storage, "ANSWER_WITHIN_S", 1.0)
    share = media_dir / "nas"
    share.mkdir()
    before = await save(hass, hass_clouds, "nas/before")
    assert before["status"] == "complete", before
    await hass.async_block_till_done(wait_background_tasks=True)
    # Each pass looks at all disks, and at the clip that is on the share.
    await async_set_common_limits(hass, Limits(free_bytes=1, most_bytes=1))
    with hung(share):
        waiting = hass.async_create_task(save(hass, hass_clouds, "nas/clip"))
        first = await save(hass, hass_clouds, "home/first")
        assert first["status"] == "complete", first
        answer = await waiting
        assert answer["error"]["key"] == "storage_silent", answer
        second = await save(hass, hass_clouds, "home/second")
        assert second["status"] == "complete", second
        assert await hass.config_entries.async_unload(entry.entry_id)
        assert entry.state is ConfigEntryState.NOT_LOADED


async def test_a_share_that_hangs_is_in_repairs(
    hass: HomeAssistant,
    entry: ConfigEntry,
    media_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is told though nothing is saved, until the share answers."""
    monkeypatch.setattr(storage, "ANSWER_WITHIN_S", 1.0)
    with hung(media_dir):
        await look(hass)
        assert await told(hass) == {"storage_silent"}
    # That it answers is known a moment later.
    while await told(hass):
        await look(hass)
