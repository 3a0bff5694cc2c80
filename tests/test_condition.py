"""What automations ask of cameras: whether a clip is being saved, whether they save alone."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import async_capture_events
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.clip_download.const import DOMAIN
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import parse_yaml

FRONT, YARD = "camera.front", "camera.yard"
HOUR = timedelta(hours=1)

AUTOMATIONS = """
automation:
  - alias: any
    triggers: &asked
      trigger: event
      event_type: asked
    conditions:
      condition: clip_download.clip_is_being_saved
      target: &both
        entity_id: [camera.front, camera.yard]
    actions:
      action: script.told
      data: {by: any}
  - alias: all
    triggers: *asked
    conditions:
      condition: clip_download.clip_is_being_saved
      target: *both
      options:
        behavior: all
    actions:
      action: script.told
      data: {by: all}
  - alias: bell
    triggers: *asked
    conditions:
      condition: clip_download.clip_is_being_saved
      target: *both
      options:
        label: bell
    actions:
      action: script.told
      data: {by: bell}
  - alias: automatic
    triggers: *asked
    conditions:
      condition: clip_download.saves_automatically
      target: *both
    actions:
      action: script.told
      data: {by: automatic}
script:
  told:
    mode: parallel
    sequence:
      event: told
      event_data:
        by: "{{ by }}"
"""


@pytest.fixture
async def entry(hass: HomeAssistant, entry: ConfigEntry) -> ConfigEntry:
    """Set an account of two cameras up, and what asks for them."""
    config: Any = parse_yaml(AUTOMATIONS)
    for name in ("script", "automation"):
        assert await async_setup_component(hass, name, config)
    await hass.async_block_till_done()
    assert len(hass.states.async_entity_ids("automation")) == 4
    return entry


async def asked(hass: HomeAssistant) -> set[str]:
    """Return which of the automations go on at the moment."""
    told = async_capture_events(hass, "told")
    hass.bus.async_fire("asked")
    await hass.async_block_till_done()
    return {event.data["by"] for event in told}


async def call(hass: HomeAssistant, domain: str, action: str, **data: Any) -> None:
    """Call an action."""
    await hass.services.async_call(domain, action, data, blocking=True)


async def test_clip_is_being_saved(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """It is so from when a clip is asked for until it has come to an end."""
    assert await asked(hass) == set()
    window = {"start": datetime.now(UTC) + HOUR, "duration": 5, "timeout": "02:00:00"}
    window["wait"] = False
    await call(hass, DOMAIN, "save_clip", entity_id=FRONT, label="door", **window)
    assert await asked(hass) == {"any"}
    await call(hass, DOMAIN, "save_clip", entity_id=YARD, label="bell", **window)
    assert await asked(hass) == {"any", "all", "bell"}
    await call(hass, DOMAIN, "cancel", entity_id=YARD)
    assert await asked(hass) == {"any"}
    # An account that is not loaded saves nothing.
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert "any" not in await asked(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert "any" in await asked(hass)
    await call(hass, DOMAIN, "cancel", entity_id=FRONT)
    assert await asked(hass) == set()


async def test_saves_automatically(
    hass: HomeAssistant, entry: ConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    """It is so while the camera's switch is on; who edits an automation may try it."""
    client = await hass_ws_client()
    for action, is_so in (("turn_on", True), ("turn_off", False)):
        switch = "switch.yard_save_automatically"
        await call(hass, "switch", action, entity_id=switch)
        assert await asked(hass) == ({"automatic"} if is_so else set())
        for entity_id, expected in ((YARD, is_so), (FRONT, False)):
            condition = {
                "condition": "clip_download.saves_automatically",
                "target": {"entity_id": entity_id},
            }
            await client.send_json_auto_id(
                {"type": "test_condition", "condition": condition}
            )
            assert (await client.receive_json())["result"] == {"result": expected}
