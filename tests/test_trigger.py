"""What automations hear: of clips that are saved or are not, and of storage that is low."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import async_capture_events
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.clip_download.const import CONF_FREE_GB, DOMAIN
from custom_components.clip_download.engine.errors import DiskError
from custom_components.clip_download.engine.model import JobState
from custom_components.clip_download.issues import async_update_issues
from custom_components.clip_download.options_flow import MOST_GB
from custom_components.clip_download.runtime import async_shared
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    issue_registry as ir,
)
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import parse_yaml

from .accounts import set_up
from .clouds import Clouds
from .waits import until

FRONT, YARD = "camera.front", "camera.yard"
START = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)

SAVED = """
automation:
  mode: parallel
  triggers:
    trigger: clip_download.clip_saved
    target:
      area_id: {area_id}
    options:
      label: [bell, parcel]
  actions:
    event: heard
    event_data:
      entity_id: "{{{{ trigger.entity_id }}}}"
      camera: "{{{{ trigger.camera }}}}"
      clip_id: "{{{{ trigger.clip_id }}}}"
      job_id: "{{{{ trigger.job_id }}}}"
      path: "{{{{ trigger.path }}}}"
      media_content_id: "{{{{ trigger.media_content_id }}}}"
      status: "{{{{ trigger.status }}}}"
      label: "{{{{ trigger.label }}}}"
      events: "{{{{ trigger.events }}}}"
      start: "{{{{ trigger.start }}}}"
      end: "{{{{ trigger.end }}}}"
      duration_s: "{{{{ trigger.duration_s }}}}"
      link: "{{{{ trigger.link }}}}"
"""
FAILED = """
automation:
  triggers:
    trigger: clip_download.clip_failed
    target:
      label_id: watched
  actions:
    event: heard
    event_data:
      entity_id: "{{ trigger.entity_id }}"
      camera: "{{ trigger.camera }}"
      job_id: "{{ trigger.job_id }}"
      status: "{{ trigger.status }}"
      label: "{{ trigger.label }}"
      start: "{{ trigger.start }}"
      end: "{{ trigger.end }}"
      error: "{{ trigger.error }}"
      link: "{{ trigger.link }}"
"""
LOW = """
automation:
  triggers:
    trigger: clip_download.storage_low
  actions:
    event: heard
    event_data:
      reason: "{{ trigger.reason }}"
      account: "{{ trigger.account }}"
      path: "{{ trigger.path }}"
"""

OFFERED = {
    "get_triggers_for_target": {
        "clip_download.clip_failed",
        "clip_download.clip_saved",
    },
    "get_conditions_for_target": {
        "clip_download.clip_is_being_saved",
        "clip_download.saves_automatically",
    },
}


@pytest.fixture
async def entry(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path
) -> ConfigEntry:
    """Set up an account of two cameras, of which each saw something once."""
    for name in ("Front", "Yard"):
        camera = hass_clouds.ring.add_camera(name)
        hass_clouds.ring.add_event(camera, start=START, duration_s=3)
    return await set_up(hass, hass_clouds, "ring")


@pytest.fixture
def heard(hass: HomeAssistant) -> list[Event]:
    """Return what the automation heard."""
    events: list[Event] = async_capture_events(hass, "heard")
    return events


async def automate(hass: HomeAssistant, text: str) -> None:
    """Set an automation up as a person writes it."""
    config: Any = parse_yaml(text)
    assert await async_setup_component(hass, "automation", config)
    await hass.async_block_till_done()
    assert hass.states.async_entity_ids("automation")


async def save(hass: HomeAssistant, entity_id: str, **data: Any) -> dict[str, Any]:
    """Ask for a clip, wait for what becomes of it, and return the answer."""
    given = {"entity_id": entity_id, "start": START, "duration": 3, **data}
    answer: Any = await hass.services.async_call(
        DOMAIN, "save_clip", given, blocking=True, return_response=True
    )
    await hass.async_block_till_done()
    found: dict[str, Any] = answer[entity_id]
    return found


async def test_clip_saved(
    hass: HomeAssistant, entry: ConfigEntry, heard: list[Event]
) -> None:
    """It is told of the cameras and labels that are meant, and all there is to know."""
    area = ar.async_get(hass).async_create("Garden")
    await automate(hass, SAVED.format(area_id=area.id))
    # A camera may come into the area later.
    entity = er.async_get(hass).async_get(FRONT)
    assert entity
    assert entity.device_id
    dr.async_get(hass).async_update_device(entity.device_id, area_id=area.id)
    await save(hass, FRONT)
    await save(hass, YARD, label="bell")
    assert heard == []
    answer = await save(hass, FRONT, label="bell")
    (event,) = heard
    for name in event.data.keys() & answer.keys():
        assert event.data[name] == answer[name]
    assert len(event.data.keys() & answer.keys()) == 10
    assert event.data["entity_id"] == FRONT
    assert event.data["camera"] == "Front"
    assert event.data["link"] == f"/clip-download?clip={answer['clip_id']}"
    clip = await entry.runtime_data.jobs.last_saved_clip(
        next(iter(entry.runtime_data.coordinator.data))
    )
    assert clip
    assert clip.id == answer["clip_id"]

    # What nobody waits for is told with its job, too.
    queued = await save(hass, FRONT, label="parcel", wait=False)
    await until(lambda: len(heard) == 2)
    assert heard[1].data["job_id"] == queued["job_id"]
    assert heard[1].data["label"] == "parcel"


async def test_clip_failed(
    hass: HomeAssistant, entry: ConfigEntry, heard: list[Event]
) -> None:
    """It is told why, but nobody has to be told what they cancelled."""
    er.async_get(hass).async_update_entity(FRONT, labels={"watched"})
    await automate(hass, FAILED)
    queued = await save(hass, FRONT, start=datetime.now(UTC), duration=60, wait=False)
    await hass.services.async_call(
        DOMAIN, "cancel", {"job_id": queued["job_id"]}, blocking=True
    )
    await save(hass, FRONT)
    assert heard == []
    start = START - timedelta(hours=1)
    answer = await save(hass, FRONT, start=start, timeout=1)
    (event,) = heard
    assert event.data["status"] == "failed"
    assert event.data["job_id"] == answer["job_id"]
    assert event.data["error"] == answer["error"]
    assert event.data["camera"] == "Front"
    link = event.data["link"]
    assert link.startswith("/clip-download?camera=camera.front&at=20")
    assert "+" not in link


async def test_storage_low(
    hass: HomeAssistant, entry: ConfigEntry, heard: list[Event]
) -> None:
    """It is told once, until it is mended, and again if it comes again."""
    path = (await save(hass, FRONT))["path"]
    await hass.services.async_call(
        DOMAIN, "keep_clip", {"path": path}, blocking=True, return_response=True
    )
    await automate(hass, LOW)
    retention = (await async_shared(hass)).retention
    for free_gb, times in ((0, 0), (MOST_GB, 1), (0, 1), (MOST_GB, 2)):
        options = {**entry.options, CONF_FREE_GB: free_gb}
        hass.config_entries.async_update_entry(entry, options=options)
        for _ in range(2):
            await retention.async_prune()
            await hass.async_block_till_done()
            assert len(heard) == times
    assert heard[0].data["reason"] == "limit"
    assert heard[0].data["account"] == entry.title
    ir.async_get(hass).async_ignore(DOMAIN, f"limit_not_met_{entry.entry_id}", True)
    await hass.async_block_till_done()
    assert len(heard) == 2

    # Another way to be low, which has a folder.
    (saved,) = await entry.runtime_data.jobs.recent(1)
    full = DiskError("storage_full", path=str(Path(path).parent))
    failed = replace(saved, state=JobState.FAILED, error=full)
    async_update_issues(hass, entry, failed, is_old=False)
    await hass.async_block_till_done()
    assert heard[-1].data["reason"] == "full"
    assert heard[-1].data["path"] == str(Path(path).parent)


@pytest.mark.parametrize("target", [{}, {"entity_id": []}, None])
async def test_nothing_targeted(
    hass: HomeAssistant, target: dict[str, Any] | None, caplog: pytest.LogCaptureFixture
) -> None:
    """An automation that would never hear anything is refused, in words."""
    trigger: dict[str, Any] = {"trigger": "clip_download.clip_saved"}
    if target is not None:
        trigger["target"] = target
    config = {"automation": {"triggers": trigger, "actions": {"event": "heard"}}}
    await async_setup_component(hass, "automation", config)
    await hass.async_block_till_done()
    assert "target" in caplog.text


async def test_offered_in_the_editor(
    hass: HomeAssistant, entry: ConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    """The editor offers for a camera, its device, and its label what is about it."""
    entity = er.async_get(hass).async_update_entity(FRONT, labels={"watched"})
    client = await hass_ws_client()
    targets = ({"entity_id": [FRONT]}, {"device_id": [entity.device_id]})
    for target in (*targets, {"label_id": ["watched"]}):
        for what, offered in OFFERED.items():
            await client.send_json_auto_id({"type": what, "target": target})
            answer = await client.receive_json()
            found = {one for one in answer["result"] if one.startswith(DOMAIN)}
            assert found == offered
