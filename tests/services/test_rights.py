"""Who may have what done: each action, for each person, however the cameras are named."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockUser

from custom_components.clip_download.const import DOMAIN
from custom_components.clip_download.engine.library.queries import ClipQueries
from custom_components.clip_download.engine.sources.ring.client import RingSource
from custom_components.clip_download.runtime import async_shared
from custom_components.clip_download.services import ACTIONS
from homeassistant.core import Context, HomeAssistant, SupportsResponse
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
)
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    floor_registry as fr,
    label_registry as lr,
)
from tests.accounts import set_up
from tests.clouds import Clouds

FRONT, YARD = "camera.front", "camera.yard"

POLICIES: dict[str, Any] = {
    "one": {"entities": {"entity_ids": {FRONT: True}}},
    "looker": {"entities": {"entity_ids": {YARD: {"read": True}}}},
    "nothing": {"entities": {"entity_ids": {"media_player.tv": True}}},
}
# What goes along with the cameras that are meant.
FIELDS: dict[str, dict[str, Any]] = {
    "delete_clips": {"start": "2026-01-01", "end": "2027-01-01"},
    "list_clips": {"date": "2026-11-01"},
    "list_events": {"date": "2026-11-01"},
    "record_clip": {"duration": {"seconds": 1}},
    "restore_clips": {"config_entry_id": "any"},
    "save_clip": {"before": {"seconds": 5}, "timeout": {"seconds": 0}},
    "save_events": {"date": "2026-11-01"},
}
# For administrators, whatever it is called with.
FOR_ADMINS = {"next_pruning", "rebuild_library", "restore_clips"}
# For clips that are named.
BY_CLIP = {"keep_clip", "release_clip", "delete_clips", "share_clip"}


@pytest.fixture
async def clips(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path
) -> dict[str, Path]:
    """Return a clip of each of two cameras, which are in one area with one label."""
    start = datetime.now(UTC) - timedelta(hours=1)
    for name in ("Front", "Yard"):
        camera = hass_clouds.ring.add_camera(name)
        hass_clouds.ring.add_event(camera, "ding", start=start, duration_s=3)
    await set_up(hass, hass_clouds, "ring")
    await hass.services.async_call(
        DOMAIN,
        "save_events",
        {"start": start - timedelta(minutes=1), "end": start + timedelta(minutes=1)},
        target={"entity_id": [FRONT, YARD]},
        blocking=True,
    )
    await hass.async_block_till_done(wait_background_tasks=True)
    floor = fr.async_get(hass).async_create("Ground")
    area = ar.async_get(hass).async_create("Outside", floor_id=floor.floor_id)
    label = lr.async_get(hass).async_create("Watched")
    entities = er.async_get(hass)
    for entity_id in (FRONT, YARD):
        device_id = entities.entities[entity_id].device_id
        assert device_id
        dr.async_get(hass).async_update_device(
            device_id, area_id=area.id, labels={label.label_id}
        )
    catalog = ClipQueries((await async_shared(hass)).library)
    found = await catalog.search("", most=9)
    return {one.camera_name: one.path for one in found}


def targets(hass: HomeAssistant) -> Iterator[tuple[dict[str, Any], bool]]:
    """Yield each way to mean a camera that is not theirs, and whether it names it."""
    entities, devices = er.async_get(hass), dr.async_get(hass)
    device_id = entities.entities[YARD].device_id
    assert device_id
    device = devices.async_get(device_id)
    assert device is not None
    (label,) = device.labels
    (area,) = ar.async_get(hass).areas.values()
    for entity_id in (YARD, [YARD], [FRONT, YARD], YARD.upper()):
        yield {"entity_id": entity_id}, True
    yield {"entity_id": "all"}, False
    yield {"device_id": device_id}, False
    yield {"area_id": area.id}, False
    yield {"floor_id": area.floor_id}, False
    yield {"label_id": label}, False


async def test_actions(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    clips: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody has anything done, or is told anything, of a camera that is not theirs."""
    monkeypatch.setattr(RingSource, "lag", timedelta(0))
    seen_before = {path: path.read_bytes() for path in clips.values()}
    footage = len(hass_clouds.ring.asked("share/play|phoenix"))
    calls = 0
    for who, policy in POLICIES.items():
        user = MockUser().add_to_hass(hass)
        user.mock_policy(policy)

        async def call(name: str, data: dict[str, Any], user: MockUser = user) -> Any:
            answers = ACTIONS[name][2] is not SupportsResponse.NONE
            return await hass.services.async_call(
                DOMAIN,
                name,
                data,
                blocking=True,
                context=Context(user_id=user.id),
                return_response=answers,
            )

        for name in ACTIONS:
            if name in BY_CLIP:
                calls += 1
                with pytest.raises(Unauthorized):
                    await call(name, {"clip": str(clips["Yard"])})
            if name in FOR_ADMINS:
                calls += 1
                with pytest.raises(Unauthorized):
                    await call(name, FIELDS.get(name, {}))
            if name in FOR_ADMINS | BY_CLIP - {"delete_clips"}:
                continue
            for target, is_named in targets(hass):
                # What is theirs may be deleted, which is needed here, and recorded,
                # which takes its time.
                is_theirs = who == "one" and not is_named and "device_id" not in target
                if name in {"delete_clips", "record_clip"} and is_theirs:
                    continue
                calls += 1
                data = {**FIELDS.get(name, {}), **target}
                if is_named:
                    with pytest.raises(Unauthorized):
                        await call(name, data)
                    continue
                told = ""
                try:
                    told = repr(await call(name, data))
                except HomeAssistantError as err:
                    refusal = str(err)
                assert "yard" not in (told or refusal).casefold(), (who, name, target)
                assert not told or who == "one", (who, name, target)
    assert calls > 180
    await hass.async_block_till_done(wait_background_tasks=True)
    assert {path: path.read_bytes() for path in clips.values()} == seen_before
    assert len(hass_clouds.ring.asked("share/play|phoenix")) == footage
    assert not [
        one
        for one in Path(hass.config.media_dirs["local"]).rglob("*")
        if "yard" in str(one).casefold() and one.suffix == ".zip"
    ]


@pytest.mark.parametrize("may_control", [False, True])
async def test_entities_that_save(
    hass: HomeAssistant, clips: dict[str, Path], may_control: bool
) -> None:
    """Who may press all buttons and turn all switches saves of their own cameras only."""
    user = MockUser().add_to_hass(hass)
    domains = {"button": True, "switch": True}
    cameras = {YARD: {"read": True, "control": True} if may_control else {"read": True}}
    user.mock_policy({"entities": {"domains": domains, "entity_ids": cameras}})
    automatic = "switch.yard_save_automatically"
    is_on = hass.states.is_state(automatic, "on")
    for entity_id, action in (
        ("button.yard_save_last_minutes", "press"),
        ("button.yard_save_last_recording", "press"),
        (automatic, "turn_on"),
        (automatic, "turn_off"),
        (automatic, "toggle"),
    ):
        pressed = hass.services.async_call(
            entity_id.partition(".")[0],
            action,
            {"entity_id": entity_id},
            blocking=True,
            context=Context(user_id=user.id),
        )
        if not may_control:
            with pytest.raises(Unauthorized):
                await pressed
        elif entity_id == "button.yard_save_last_recording":
            with pytest.raises(ServiceValidationError, match="is already saved"):
                await pressed
        else:
            await pressed
    await hass.async_block_till_done()
    assert may_control or hass.states.is_state(automatic, "on") == is_on
