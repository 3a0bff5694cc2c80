"""When a camera's last clip was filmed."""

from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest

from custom_components.clip_download.engine.errors import LibraryError
from custom_components.clip_download.engine.pipeline.jobs import Jobs
from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import HomeAssistant, State

from .accounts import save_event, set_up
from .clouds import Clouds
from .clouds.footage import first_and_last


def last_clip(hass: HomeAssistant) -> State:
    """Return the state of the sensor."""
    state = hass.states.get("sensor.front_last_clip")
    assert state is not None
    return state


@pytest.mark.usefixtures("media_dir")
async def test_last_clip(
    hass: HomeAssistant, hass_clouds: Clouds, caplog: pytest.LogCaptureFixture
) -> None:
    """It is the time at which the clip begins, as soon as it is saved."""
    camera = hass_clouds.ring.add_camera("Front")
    start = datetime.now(UTC) - timedelta(hours=1)
    event = hass_clouds.ring.add_event(camera, start=start, duration_s=3)
    # A database that fails for a moment keeps nothing from being there.
    err = LibraryError("library_unusable", path="clips.db", reason="locked")
    with patch.object(Jobs, "last_saved_clip", side_effect=err):
        await set_up(hass, hass_clouds, "ring")
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
    assert last_clip(hass).state == STATE_UNKNOWN
    assert last_clip(hass).attributes["device_class"] == "timestamp"

    path = await save_event(hass, event)
    shown = datetime.fromisoformat(last_clip(hass).state)
    # It is shown in whole seconds.
    assert abs(shown - first_and_last(path).start) <= timedelta(seconds=2)
    assert last_clip(hass).name == "Front Last clip time"
    attributes = last_clip(hass).attributes
    assert attributes["clip_id"]
    assert attributes["label"] == ""
    assert attributes["status"] == "complete"
    assert 2 <= attributes["duration_s"] <= 5
    assert attributes["path"] == str(path)
    prefix = "media-source://media_source/local/"
    assert attributes["media_content_id"].startswith(prefix)

    # One that shows an earlier time is the last one all the same.
    early = hass_clouds.ring.add_event(
        camera, start=start - timedelta(hours=1), duration_s=3
    )
    path = await save_event(hass, early)
    assert last_clip(hass).attributes["path"] == str(path)
    assert datetime.fromisoformat(last_clip(hass).state) < shown
