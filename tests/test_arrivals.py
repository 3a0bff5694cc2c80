"""Cameras that come and go: they keep what a person set, or a person is asked."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import async_capture_events
from pytest_homeassistant_custom_component.typing import WebSocketGenerator
import voluptuous as vol

from custom_components.clip_download.arrivals import (
    GONE_AFTER,
    MISSING_FOR,
    UNANSWERED_FOR,
    async_known_cameras,
)
from custom_components.clip_download.const import DOMAIN
from custom_components.clip_download.diagnostics import (
    async_get_config_entry_diagnostics,
)
from custom_components.clip_download.engine.errors import LibraryError
from custom_components.clip_download.engine.library.database import Library
from custom_components.clip_download.runtime import async_shared
from custom_components.clip_download.services.response import EVENT_SAVED
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowManager, FlowResultType
from homeassistant.helpers import (
    device_registry as dr,
    entity_registry as er,
    issue_registry as ir,
)
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from .accounts import add_camera, look, remove_camera, save_event, set_up
from .clouds import Clouds
from .clouds.ring import RingCamera
from .test_init import device_of, remove_device, state_of

pytestmark = pytest.mark.usefixtures("checked_words", "media_dir")

SWITCH = "switch.front_save_automatically"
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def camera(hass_clouds: Clouds) -> RingCamera:
    """Return a doorbell whose recordings are ready at once."""
    hass_clouds.ring.ready_after_s = 0
    return hass_clouds.ring.add_camera("Front")


@pytest.fixture
async def entry(
    hass: HomeAssistant, hass_clouds: Clouds, camera: RingCamera
) -> ConfigEntry:
    """Return an account at Ring that has saved what its camera sees for an hour."""
    entry = await set_up(hass, hass_clouds, "ring")
    with patch.object(dt_util, "utcnow", return_value=dt_util.utcnow() - HOUR):
        await turn(hass, STATE_ON)
    return entry


async def turn(hass: HomeAssistant, to: str, entity_id: str = SWITCH) -> None:
    """Turn a switch on or off."""
    await hass.services.async_call(
        "switch", f"turn_{to}", {"entity_id": entity_id}, blocking=True
    )


async def relist(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Have the cameras listed, and do what follows from it."""
    await entry.runtime_data.coordinator.async_refresh()
    await hass.async_block_till_done(wait_background_tasks=True)


def set_up_again(clouds: Clouds, camera: RingCamera) -> RingCamera:
    """Remove a camera in Ring's app, and add it again."""
    clouds.ring.remove_camera(camera)
    new = clouds.ring.add_camera("Front")
    new.own_mac = camera.mac.upper()
    return new


def unique_ids(hass: HomeAssistant, entry: ConfigEntry) -> dict[str, str]:
    """Return the ends of the unique ids of the account's entities, by entity id."""
    return {
        entity.entity_id: entity.unique_id.removeprefix(f"{entry.unique_id}_")
        for entity in er.async_entries_for_config_entry(
            er.async_get(hass), entry.entry_id
        )
    }


def issue(hass: HomeAssistant) -> ir.IssueEntry | None:
    """Return the only issue of ours, if there is one."""
    issues = [
        issue for issue in ir.async_get(hass).issues.values() if issue.domain == DOMAIN
    ]
    assert len(issues) <= 1
    return issues[0] if issues else None


async def begin_fix(hass: HomeAssistant) -> tuple[FlowManager[Any, Any], Any]:
    """Open the form of the only issue; return its flows and what is shown."""
    assert await async_setup_component(hass, "repairs", {})
    flows = hass.data["repairs"]["flow_manager"]
    told = issue(hass)
    assert told
    assert told.is_fixable
    return flows, await flows.async_init(DOMAIN, data={"issue_id": told.issue_id})


async def fix(hass: HomeAssistant, choice: str) -> None:
    """Choose what took the place of a camera."""
    flows, form = await begin_fix(hass)
    assert form["type"] is FlowResultType.FORM
    done = await flows.async_configure(form["flow_id"], {"replacement": choice})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done(wait_background_tasks=True)
    assert issue(hass) is None


def choices(form: Any) -> list[str]:
    """Return what can be chosen, the default first."""
    (field,) = form["data_schema"].schema
    (selector,) = form["data_schema"].schema.values()
    values = [option["value"] for option in selector.config["options"]]
    default = field.default() if callable(field.default) else None
    return sorted(values, key=lambda value: value != default)


# --- set up again


@pytest.mark.parametrize("is_running", [True, False])
async def test_set_up_again(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    camera: RingCamera,
    entry: ConfigEntry,
    *,
    is_running: bool,
) -> None:
    """A camera with the serial number of one that is gone goes on as that one."""
    event = hass_clouds.ring.add_event(
        camera, start=datetime.now(UTC) - 2 * HOUR, duration_s=3
    )
    path = await save_event(hass, event)
    # One more is saved by itself.
    start = datetime.now(UTC) - 2 * MINUTE
    ring = hass_clouds.ring.add_event(camera, "ding", start=start, duration_s=3)
    await look(hass, entry)
    before = unique_ids(hass, entry)
    device = device_of(hass, "camera.front")
    dr.async_get(hass).async_update_device(device.id, name_by_user="Mine")
    last = state_of(hass, "sensor.front_last_clip")
    since = entry.options["automatic"][str(camera.id)]

    if not is_running:
        assert await hass.config_entries.async_unload(entry.entry_id)
    new = set_up_again(hass_clouds, camera)
    if is_running:
        await relist(hass, entry)
    else:
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)

    assert entry.state is ConfigEntryState.LOADED
    assert unique_ids(hass, entry) == {
        entity_id: unique_id.replace(str(camera.id), str(new.id))
        for entity_id, unique_id in before.items()
    }
    now = device_of(hass, "camera.front")
    assert (now.id, now.name_by_user) == (device.id, "Mine")
    assert now.identifiers == {(DOMAIN, f"{entry.unique_id}_{new.id}")}
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert [one for one in devices if one.entry_type is None] == [now]
    assert state_of(hass, "camera.front") == "idle"
    assert state_of(hass, SWITCH) == STATE_ON
    assert entry.options["automatic"] == {str(new.id): since}
    assert issue(hass) is None

    assert state_of(hass, "sensor.front_last_clip") == last
    library = (await async_shared(hass)).library
    assert await library.last_clip(entry.entry_id, str(camera.id)) is None
    clips = await library.clips("WHERE camera_id = ? ORDER BY start_ms", (str(new.id),))
    assert [clip.path for clip in clips][:1] == [path]
    known = await entry.runtime_data.event_store.clip_paths(str(new.id), [str(ring.id)])
    assert list(known.values()) == [str(clip.path) for clip in clips[1:]]
    assert known

    saved = async_capture_events(hass, EVENT_SAVED)
    start = datetime.now(UTC) - MINUTE
    hass_clouds.ring.add_event(new, "ding", start=start, duration_s=3)
    await look(hass, entry)
    assert [event.data["entity_id"] for event in saved] == ["camera.front"]


async def test_rebuilt(
    hass: HomeAssistant, hass_clouds: Clouds, camera: RingCamera, entry: ConfigEntry
) -> None:
    """Records beside clips have the first of a camera's ids, and are found by the last."""
    start = datetime.now(UTC) - 2 * HOUR
    event = hass_clouds.ring.add_event(camera, start=start, duration_s=3)
    path = await save_event(hass, event)
    second = set_up_again(hass_clouds, camera)
    await relist(hass, entry)
    third = set_up_again(hass_clouds, second)
    await relist(hass, entry)
    assert set(entry.options["former"].values()) == {str(third.id)}
    # Nobody's business.
    told = await async_get_config_entry_diagnostics(hass, entry)
    assert str(camera.id) not in str(told["options"])
    assert str(third.id) not in str(told["options"])

    library = (await async_shared(hass)).library
    await library.change(lambda database: database.execute("DELETE FROM clips"))
    await hass.services.async_call(
        DOMAIN, "rebuild_library", blocking=True, return_response=True
    )
    clip = await library.last_clip(entry.entry_id, str(third.id))
    assert clip
    assert clip.path == path

    # The app may be set back to how it was.
    hass_clouds.ring.remove_camera(third)
    hass_clouds.ring.cameras.append(camera)
    await relist(hass, entry)
    assert entry.options["former"] == {
        str(second.id): str(camera.id),
        str(third.id): str(camera.id),
    }
    assert state_of(hass, SWITCH) == STATE_ON


async def test_switched_off_stays_off(
    hass: HomeAssistant, hass_clouds: Clouds, camera: RingCamera, entry: ConfigEntry
) -> None:
    """What is not saved is not saved under another id, whatever holds for new cameras."""
    await turn(hass, STATE_OFF)
    options = {**entry.options, "new_cameras": True}
    hass.config_entries.async_update_entry(entry, options=options)
    set_up_again(hass_clouds, camera)
    await relist(hass, entry)
    assert state_of(hass, "camera.front") == "idle"
    assert state_of(hass, SWITCH) == STATE_OFF


def still_listed(clouds: Clouds, camera: RingCamera) -> None:
    """Leave the camera in the account."""
    clouds.ring.cameras.append(camera)


def listed_twice(clouds: Clouds, camera: RingCamera) -> None:
    """Let two new cameras have its serial number."""
    clouds.ring.add_camera("Back").own_mac = camera.mac


def another_serial_number(clouds: Clouds, camera: RingCamera) -> None:
    """Let the new camera have another serial number."""
    clouds.ring.cameras[-1].own_mac = None


@pytest.mark.parametrize("doubt", [still_listed, listed_twice, another_serial_number])
async def test_doubt(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    camera: RingCamera,
    entry: ConfigEntry,
    doubt: Callable[[Clouds, RingCamera], None],
) -> None:
    """Where a new camera may be another one, the old one stays as it is."""
    new = set_up_again(hass_clouds, camera)
    doubt(hass_clouds, camera)
    await relist(hass, entry)
    ids = unique_ids(hass, entry)
    assert ids["camera.front"] == str(camera.id)
    assert ids["camera.front_2"] == str(new.id)
    assert state_of(hass, SWITCH) != STATE_OFF
    assert state_of(hass, "switch.front_save_automatically_2") == STATE_OFF
    told = issue(hass)
    assert (told is not None) == (doubt is not still_listed)


# --- a person is asked


async def test_replaced(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path
) -> None:
    """Without a serial number a person says whether a camera is the same."""
    old = add_camera(hass_clouds, "ring_partner", "Front")
    add_camera(hass_clouds, "ring_partner", "Back")
    entry = await set_up(hass, hass_clouds, "ring_partner")
    await turn(hass, STATE_ON)
    before = unique_ids(hass, entry)
    device = device_of(hass, "camera.front")
    # Somebody else's, which a person put there.
    entities = er.async_get(hass)
    other = entities.async_get_or_create("sensor", "other", "x", device_id=device.id)
    remove_camera(hass_clouds, "ring_partner", old)
    await relist(hass, entry)
    assert issue(hass) is None
    new = add_camera(hass_clouds, "ring_partner", "Front")
    await relist(hass, entry)
    told = issue(hass)
    assert told
    assert (told.translation_key, told.is_persistent) == ("camera_replaced", True)
    assert told.translation_placeholders == {"account": entry.title, "camera": "Front"}
    assert state_of(hass, "camera.front") == STATE_UNAVAILABLE
    assert state_of(hass, "camera.front_2") == "idle"
    # It is asked until it is answered.
    assert await hass.config_entries.async_reload(entry.entry_id)
    await relist(hass, entry)
    await leave(hass, entry)
    assert issue(hass) == told

    _, form = await begin_fix(hass)
    assert form["description_placeholders"]["camera"] == "Front"
    assert choices(form)[0] == new
    assert len(choices(form)) == 3
    await fix(hass, new)
    assert unique_ids(hass, entry) == {
        entity_id: unique_id.replace(old, new)
        for entity_id, unique_id in before.items()
    }
    assert entities.async_get(other.entity_id) == other
    assert device_of(hass, "camera.front").id == device.id
    assert state_of(hass, "camera.front") == "idle"
    assert state_of(hass, SWITCH) == STATE_ON
    assert state_of(hass, "camera.front_2") is None
    await relist(hass, entry)
    assert issue(hass) is None


async def test_no_number_is_no_likeness(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path
) -> None:
    """The only one that is gone is not the only new one because neither has a number."""
    old = add_camera(hass_clouds, "ring_partner", "Front")
    entry = await set_up(hass, hass_clouds, "ring_partner")
    before = unique_ids(hass, entry)
    remove_camera(hass_clouds, "ring_partner", old)
    add_camera(hass_clouds, "ring_partner", "Garden")
    await relist(hass, entry)
    assert before.items() <= unique_ids(hass, entry).items()
    assert state_of(hass, "camera.garden") == "idle"


async def test_replaced_in_doubt(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path
) -> None:
    """Where two that are gone have one name, nobody says which of them a new one is."""
    gone = [add_camera(hass_clouds, "ring_partner", "Front") for _ in range(2)]
    add_camera(hass_clouds, "ring_partner", "Back")
    entry = await set_up(hass, hass_clouds, "ring_partner")
    since = dt_util.utcnow().isoformat()
    hass.config_entries.async_update_entry(
        entry, options={"automatic": dict.fromkeys(gone, since)}
    )
    for one in gone:
        remove_camera(hass_clouds, "ring_partner", one)
    add_camera(hass_clouds, "ring_partner", "Front")
    await relist(hass, entry)
    assert not [key for key in ir.async_get(hass).issues if "camera_gone" in key[1]]


async def leave(
    hass: HomeAssistant, entry: ConfigEntry, time: timedelta = MISSING_FOR
) -> None:
    """Let a camera stay away for a while."""
    await relist(hass, entry)
    with patch.object(dt_util, "utcnow", return_value=dt_util.utcnow() + time):
        await relist(hass, entry)


async def test_gone(
    hass: HomeAssistant, hass_clouds: Clouds, camera: RingCamera, entry: ConfigEntry
) -> None:
    """A camera that stays away for a day is missed, until it is back."""
    hass_clouds.ring.add_camera("Back")
    await relist(hass, entry)
    hass_clouds.ring.cameras.remove(camera)
    await leave(hass, entry, MISSING_FOR - MINUTE)
    assert issue(hass) is None
    await leave(hass, entry)
    told = issue(hass)
    assert told
    assert (told.translation_key, told.is_persistent) == ("camera_gone", True)
    ir.async_ignore_issue(hass, DOMAIN, told.issue_id, True)
    await leave(hass, entry)
    told = issue(hass)
    assert told
    assert told.dismissed_version
    hass_clouds.ring.cameras.append(camera)
    await relist(hass, entry)
    assert issue(hass) is None
    assert state_of(hass, SWITCH) == STATE_ON
    # The day begins anew.
    hass_clouds.ring.cameras.remove(camera)
    await leave(hass, entry, MISSING_FOR - MINUTE)
    assert issue(hass) is None


async def test_not_missed(
    hass: HomeAssistant, hass_clouds: Clouds, camera: RingCamera, entry: ConfigEntry
) -> None:
    """Nobody hears of a camera that nothing is saved of by itself."""
    await turn(hass, STATE_OFF)
    hass_clouds.ring.cameras.remove(camera)
    await leave(hass, entry)
    hass_clouds.ring.add_camera("Front")
    await relist(hass, entry)
    assert issue(hass) is None


async def test_device_goes(
    hass: HomeAssistant, hass_clouds: Clouds, camera: RingCamera, entry: ConfigEntry
) -> None:
    """Who is on no list for an hour loses the device; a list that failed is none."""
    await turn(hass, STATE_OFF)
    before = unique_ids(hass, entry)
    hass_clouds.ring.cameras.remove(camera)
    await leave(hass, entry, GONE_AFTER - MINUTE)
    hass_clouds.ring.misbehave("ring_devices", status=503)
    with patch.object(dt_util, "utcnow", return_value=dt_util.utcnow() + GONE_AFTER):
        await relist(hass, entry)
    hass_clouds.ring.cameras.append(camera)
    await relist(hass, entry)
    hass_clouds.ring.cameras.remove(camera)
    await leave(hass, entry, GONE_AFTER - MINUTE)
    assert unique_ids(hass, entry) == before
    await leave(hass, entry, GONE_AFTER)
    assert "camera.front" not in unique_ids(hass, entry)
    assert not async_known_cameras(hass, entry)
    hass_clouds.ring.cameras.append(camera)
    await relist(hass, entry)
    assert unique_ids(hass, entry) == before


async def test_device_goes_unanswered(
    hass: HomeAssistant, hass_clouds: Clouds, camera: RingCamera, entry: ConfigEntry
) -> None:
    """Who is saved automatically is asked about for a week, and removed then."""
    hass_clouds.ring.cameras.remove(camera)
    await leave(hass, entry)
    assert issue(hass)
    await leave(hass, entry, UNANSWERED_FOR - MINUTE)
    assert issue(hass)
    await leave(hass, entry, MISSING_FOR + UNANSWERED_FOR)
    assert issue(hass) is None
    assert not async_known_cameras(hass, entry)
    assert entry.options["automatic"] == {}


async def test_device_of_half_a_list(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """Nobody is gone because an organization is closed to the key."""
    cloud = hass_clouds.meraki
    for name in ("Home", "Office"):
        network = cloud.add_network(organization=cloud.add_organization(name))
        cloud.add_camera(name, network=network)
    entry = await set_up(hass, hass_clouds, "meraki")
    _, office = cloud.organizations.values()
    office.api_enabled = False
    await leave(hass, entry)
    assert state_of(hass, "camera.office") == STATE_UNAVAILABLE
    assert len(async_known_cameras(hass, entry)) == 2
    office.api_enabled = True
    await relist(hass, entry)
    assert state_of(hass, "camera.office") == "idle"


async def test_gone_for_good(
    hass: HomeAssistant, hass_clouds: Clouds, camera: RingCamera, entry: ConfigEntry
) -> None:
    """Who says that a camera is gone hears no more of it, and it is not saved again."""
    hass_clouds.ring.cameras.remove(camera)
    await leave(hass, entry)
    await fix(hass, "nothing")
    await leave(hass, entry)
    assert issue(hass) is None
    hass_clouds.ring.cameras.append(camera)
    await relist(hass, entry)
    assert state_of(hass, SWITCH) == STATE_OFF


async def test_another_name(
    hass: HomeAssistant, hass_clouds: Clouds, camera: RingCamera, entry: ConfigEntry
) -> None:
    """A camera of another name may take the place, but none with rules of its own."""
    back = hass_clouds.ring.add_camera("Back")
    await relist(hass, entry)
    await turn(hass, STATE_ON, "switch.back_save_automatically")
    hass_clouds.ring.cameras.remove(camera)
    await leave(hass, entry)
    porch = hass_clouds.ring.add_camera("Porch")
    await relist(hass, entry)
    flows, form = await begin_fix(hass)
    assert choices(form) == [str(porch.id), "nothing"]
    # The frontend fills in by itself what is required: nothing says that it is that one.
    (field,) = form["data_schema"].schema
    assert isinstance(field, vol.Optional)
    form = await flows.async_configure(form["flow_id"], {})
    assert form["errors"] == {"replacement": "nothing_chosen"}
    await fix(hass, str(porch.id))
    assert unique_ids(hass, entry)["camera.front"] == str(porch.id)
    assert set(entry.options["automatic"]) == {str(porch.id), str(back.id)}
    state = hass.states.get("camera.front")
    assert state
    assert state.name == "Porch"


async def test_fix_in_trouble(
    hass: HomeAssistant, hass_clouds: Clouds, camera: RingCamera, entry: ConfigEntry
) -> None:
    """What cannot be done is said; the account goes on, and it can be done later."""
    porch = hass_clouds.ring.add_camera("Porch")
    await relist(hass, entry)
    hass_clouds.ring.cameras.remove(camera)
    await leave(hass, entry)
    flows, form = await begin_fix(hass)
    err = LibraryError("library_unusable", path="clips.db", reason="disk full")
    with patch.object(Library, "move_camera", side_effect=err):
        form = await flows.async_configure(
            form["flow_id"], {"replacement": str(porch.id)}
        )
    assert form["errors"] == {"base": "library_unusable"}
    assert form["description_placeholders"]["reason"] == "disk full"
    assert entry.state is ConfigEntryState.LOADED
    await fix(hass, str(porch.id))
    assert state_of(hass, SWITCH) == STATE_ON

    hass_clouds.ring.remove_camera(porch)
    await leave(hass, entry)
    assert await hass.config_entries.async_unload(entry.entry_id)
    _, result = await begin_fix(hass)
    assert result["reason"] == "account_not_loaded"
    assert await hass.config_entries.async_setup(entry.entry_id)
    hass_clouds.ring.cameras.append(porch)
    with patch.object(ir, "async_delete_issue"):
        await relist(hass, entry)
    _, result = await begin_fix(hass)
    assert result["reason"] == "settled"
    assert issue(hass) is None


@pytest.mark.parametrize("what", ["device", "entry"])
async def test_removed(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    camera: RingCamera,
    entry: ConfigEntry,
    hass_ws_client: WebSocketGenerator,
    *,
    what: str,
) -> None:
    """Who removes a camera, or its account, is not asked what became of it."""
    hass_clouds.ring.cameras.remove(camera)
    await leave(hass, entry)
    assert issue(hass)
    if what == "entry":
        await hass.config_entries.async_remove(entry.entry_id)
    else:
        assert await remove_device(hass, hass_ws_client, "camera.front")
        assert entry.options["automatic"] == {}
    assert issue(hass) is None


# --- new cameras


@pytest.mark.parametrize("kind", ["ring", "ring_partner"])
async def test_new_cameras(hass: HomeAssistant, hass_clouds: Clouds, kind: str) -> None:
    """Cameras that turn up later save by themselves, if that was chosen; others do not."""
    add_camera(hass_clouds, kind, "Front")
    entry = await set_up(hass, hass_clouds, kind)
    add_camera(hass_clouds, kind, "Back")
    await relist(hass, entry)
    assert state_of(hass, "switch.back_save_automatically") == STATE_OFF
    options = {**entry.options, "new_cameras": True}
    hass.config_entries.async_update_entry(entry, options=options)
    assert await hass.config_entries.async_reload(entry.entry_id)
    add_camera(hass_clouds, kind, "Porch")
    began = dt_util.utcnow()
    await relist(hass, entry)
    assert state_of(hass, SWITCH) == STATE_OFF
    assert state_of(hass, "switch.back_save_automatically") == STATE_OFF
    assert state_of(hass, "switch.porch_save_automatically") == STATE_ON
    # Set-up has noted the first as off.
    (since,) = filter(None, entry.options["automatic"].values())
    assert began <= datetime.fromisoformat(since) <= dt_util.utcnow()

    # One that came while Home Assistant was not there.
    assert await hass.config_entries.async_unload(entry.entry_id)
    add_camera(hass_clouds, kind, "Gate")
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert state_of(hass, "switch.gate_save_automatically") == STATE_ON


async def test_new_camera_is_saved(
    hass: HomeAssistant, hass_clouds: Clouds, camera: RingCamera, entry: ConfigEntry
) -> None:
    """What a new camera sees is saved from when it is first seen, and nothing before."""
    options = {**entry.options, "new_cameras": True}
    hass.config_entries.async_update_entry(entry, options=options)
    back = hass_clouds.ring.add_camera("Back")
    now = datetime.now(UTC)
    saved = async_capture_events(hass, EVENT_SAVED)
    hass_clouds.ring.add_event(back, "ding", start=now - 2 * HOUR, duration_s=3)
    with patch.object(dt_util, "utcnow", return_value=now - HOUR):
        await relist(hass, entry)
    ring = hass_clouds.ring.add_event(back, "ding", start=now - MINUTE, duration_s=3)
    await look(hass, entry)
    assert [event.data["events"] for event in saved] == [[str(ring.id)]]


async def test_switched_off_before(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    camera: RingCamera,
    entry: ConfigEntry,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """Whom a person has switched off is not switched on when it comes back."""
    options = {**entry.options, "new_cameras": True}
    hass.config_entries.async_update_entry(entry, options=options)
    await turn(hass, STATE_OFF)
    hass_clouds.ring.cameras.remove(camera)
    await relist(hass, entry)
    assert await remove_device(hass, hass_ws_client, "camera.front")
    hass_clouds.ring.cameras.append(camera)
    await relist(hass, entry)
    assert state_of(hass, SWITCH) == STATE_OFF


async def test_switched_off_and_set_up_again(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path
) -> None:
    """The name is enough to leave a camera off."""
    old = add_camera(hass_clouds, "ring_partner", "Front")
    entry = await set_up(hass, hass_clouds, "ring_partner")
    options = {**entry.options, "new_cameras": True}
    hass.config_entries.async_update_entry(entry, options=options)
    await turn(hass, STATE_OFF)
    remove_camera(hass_clouds, "ring_partner", old)
    add_camera(hass_clouds, "ring_partner", "Front")
    add_camera(hass_clouds, "ring_partner", "Back")
    await relist(hass, entry)
    assert state_of(hass, "switch.front_save_automatically_2") == STATE_OFF
    assert state_of(hass, "switch.back_save_automatically") == STATE_ON
