"""`save_clip` as people and automations call it, against all the clouds."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockUser,
    async_capture_events,
)

from custom_components.clip_download import turns
from custom_components.clip_download.const import DOMAIN
from custom_components.clip_download.engine.pipeline.jobs import Jobs
from custom_components.clip_download.services import targets
from custom_components.clip_download.services.response import EVENT_FAILED, EVENT_SAVED
from homeassistant.components.media_source import async_resolve_media
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
)
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
)
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from tests.accounts import KINDS, add_camera, set_up
from tests.clouds import Clouds
from tests.clouds.footage import Footage, first_and_last, moments
from tests.waits import until

from .actions import act

every_kind = pytest.mark.parametrize("kind", KINDS)

BERLIN = ZoneInfo("Europe/Berlin")
SECOND = timedelta(seconds=1)
# The form's fields for a moment.
TYPED = ("at", "start", "end")


@pytest.fixture(autouse=True)
async def local_time(hass: HomeAssistant) -> None:
    """Let Home Assistant stand in Berlin."""
    await hass.config.async_set_time_zone("Europe/Berlin")


@pytest.fixture
def minutes_ago() -> datetime:
    """Return a whole second that every cloud has footage of by now."""
    return datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=20)


async def save(
    hass: HomeAssistant, entity_id: str | list[str], **data: Any
) -> dict[str, Any]:
    """Call the action as an automation does, and return its response."""
    return await act(hass, "save_clip", entity_id=entity_id, **data)


async def refused(hass: HomeAssistant, **data: Any) -> ServiceValidationError:
    """Return the error of a call that must not be accepted."""
    with pytest.raises(ServiceValidationError) as error:
        await save(hass, "camera.front", **data)
    return error.value


async def front(
    hass: HomeAssistant, clouds: Clouds, kind: str, stretch: tuple[datetime, datetime]
) -> str:
    """Set up an account whose camera filmed a stretch; return the entity's id."""
    if kind == "ring":
        camera = clouds.ring.add_camera("Front")
        start, end = stretch
        clouds.ring.add_event(camera, start=start, duration_s=(end - start).seconds)
    else:
        add_camera(clouds, kind, "Front")
    clouds.meraki.ready_after_s = 0
    await set_up(hass, clouds, kind)
    return "camera.front"


@every_kind
async def test_a_window_is_saved(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    media_dir: Path,
    minutes_ago: datetime,
    kind: str,
) -> None:
    """The file is there under its name, shows the window, and the answer is true."""
    saved = async_capture_events(hass, EVENT_SAVED)
    start, end = minutes_ago, minutes_ago + 20 * SECOND
    entity_id = await front(hass, hass_clouds, kind, (start, end))
    response = await save(hass, entity_id, start=start, end=end, label="bell")

    answer = response[entity_id]
    assert answer["status"] == "complete"
    assert answer["gaps"] == []
    local = start.astimezone(BERLIN)
    path = media_dir / (
        f"clip_download/Front/{local:%Y-%m-%d}/{local:%Y-%m-%d_%H-%M-%S}_bell.mp4"
    )
    assert answer["path"] == str(path)
    shown = moments(path)
    assert shown[0] <= start + SECOND
    assert shown[-1] >= end - SECOND
    assert datetime.fromisoformat(answer["start"]) == shown[0]
    assert answer["start"].endswith(f"{local:%z}"[:3] + ":00")
    assert answer["duration_s"] == pytest.approx(len(shown) / 10, abs=0.3)
    assert answer["size_bytes"] == path.stat().st_size
    assert len(answer["sha256"]) == 64
    assert path.with_suffix(".json").is_file()
    assert path.with_suffix(".jpg").is_file()
    if kind == "ring":
        assert len(answer["events"]) == 1

    await hass.async_block_till_done(wait_background_tasks=True)
    (event,) = saved
    assert event.data == {"entity_id": entity_id, **answer}


@pytest.mark.parametrize("calls", [1, 32])
async def test_much_in_one_moment(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    media_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    calls: int,
) -> None:
    """Only a few cameras, or calls, go on before everything else has its turn."""
    cameras = 32 // calls
    for number in range(cameras):
        hass_clouds.kinesis.add_stream(f"Yard_{number}")
    entry = await set_up(hass, hass_clouds, "kinesis")
    turn = 0
    went_on: list[int] = []

    async def take_turns() -> None:
        nonlocal turn
        while True:
            turn += 1
            await asyncio.sleep(0)

    def noted[**P, T](call: Callable[P, T]) -> Callable[P, T]:
        def note(*args: P.args, **kwargs: P.kwargs) -> T:
            went_on.append(turn)
            return call(*args, **kwargs)

        return note

    for owner, name in (
        (targets, "async_extract_referenced_entity_ids"),
        (Jobs, "ask"),
    ):
        monkeypatch.setattr(owner, name, noted(getattr(owner, name)))
    everything_else = asyncio.create_task(take_turns())
    await asyncio.gather(
        *(
            save(
                hass,
                [f"camera.yard_{number}" for number in range(cameras)],
                after={"hours": 1},
                label=str(call),
                wait=False,
                timeout={"hours": 2},
            )
            for call in range(calls)
        )
    )
    everything_else.cancel()
    assert len(went_on) == calls + 32
    assert max(Counter(went_on).values()) <= turns.AT_ONCE
    assert len(entry.runtime_data.jobs.running()) == 32


async def test_home_assistant_can_play_it(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path, minutes_ago: datetime
) -> None:
    """The media content id leads to the file through Home Assistant's own view."""
    assert await async_setup_component(hass, "media_source", {})
    await front(hass, hass_clouds, "meraki", (minutes_ago, minutes_ago))
    response = await save(
        hass, "camera.front", start=minutes_ago, duration={"seconds": 5}
    )
    answer = response["camera.front"]
    media = await async_resolve_media(hass, answer["media_content_id"], None)
    assert media.mime_type == "video/mp4"
    assert str(media.path) == answer["path"]


@pytest.mark.parametrize(
    ("fields", "key", "words"),
    [
        ({}, "window_no_form", ""),
        ({"start": "2026-11-20 12:00:00"}, "window_no_form", "two of Start"),
        (
            {"before": 10, "start": "2026-11-20 12:00:00", "duration": 5},
            "window_two_forms",
            "Before 0:00:10",
        ),
        (
            {"start": "2026-11-20 12:00:00", "end": "2026-11-20 11:00:00"},
            "window_reversed",
            "End 2026-11-20 11:00",
        ),
        ({"end": "2026-11-20 12:00:00", "duration": "25:00:00"}, "window_too_long", ""),
        ({"start": "2036-11-20 12:00:00", "duration": 5}, "window_in_future", "2036"),
        ({"before": {"days": 999_999_999}}, "window_too_long", "Before 999999999"),
        (
            {"at": "0001-01-01 00:00:00", "before": 60},
            "window_impossible",
            "Before 0:01:00",
        ),
        ({"before": 5, "timeout": {"days": 8}}, "timeout_too_long", "seven days"),
        ({"before": 5, "timeout": {"days": 999_999_999}}, "timeout_too_long", ""),
        ({"start": "2026-03-29 02:30:00", "duration": 5}, "time_skipped", "02:30:00"),
        # What the form left behind.
        ({"window": {"active_choice": "last"}}, "window_no_form", "Time range"),
        ({"window": {"active_choice": "between", "between": ""}}, "window_no_form", ""),
        (
            {
                "window": {
                    "active_choice": "between",
                    "between": {
                        "start": "2026-11-20 12:00:00",
                        "end": "2026-11-20 11:00:00",
                    },
                    "last": {"minutes": 5},
                }
            },
            "window_reversed",
            "Start 2026-11-20 12:00:00, End 2026-11-20 11:00:00",
        ),
    ],
)
async def test_a_window_that_cannot_be(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    fields: dict[str, Any],
    key: str,
    words: str,
) -> None:
    """Each mistake is the caller's, is named, and tells the camera and what is wrong."""
    add_camera(hass_clouds, "meraki", "Front")
    await set_up(hass, hass_clouds, "meraki")
    error = await refused(hass, **fields)
    assert error.translation_key == key
    assert "Front" in str(error)
    assert words in str(error)
    assert hass_clouds.meraki.asked("/camera/clip") == []


# A time that is typed while clocks are set back is the first of two.
@pytest.mark.usefixtures("afternoon")
@pytest.mark.parametrize(
    ("choice", "filled_in", "seconds"),
    [
        ("last", {"hours": 0, "minutes": 5, "seconds": 0}, (-300, 0)),
        ("around", {"before": {"seconds": 10}, "after": {"seconds": 30}}, (-10, 30)),
        (
            "around",
            {"at": "MOMENT", "before": {"seconds": 10}, "after": ""},
            (-70, -60),
        ),
        ("between", {"start": "MOMENT", "end": "NOW"}, (-60, 0)),
    ],
)
async def test_the_choice_of_the_form(
    *,
    hass: HomeAssistant,
    hass_clouds: Clouds,
    media_dir: Path,
    choice: str,
    filled_in: dict[str, Any],
    seconds: tuple[int, int],
) -> None:
    """Each way to say a window in the form is one that YAML has."""
    add_camera(hass_clouds, "meraki", "Front")
    await set_up(hass, hass_clouds, "meraki")
    now = dt_util.utcnow().replace(microsecond=0)
    moments = {"NOW": now, "MOMENT": now - 60 * SECOND}
    typed = {
        name: f"{dt_util.as_local(moments[value]):%F %T}" if name in TYPED else value
        for name, value in filled_in.items()
    }
    window = {"active_choice": choice, choice: typed, "event": ""}
    told = (await save(hass, "camera.front", window=window, wait=False))["camera.front"]
    asked_within = dt_util.utcnow() - now
    for name, offset in zip(("start", "end"), seconds, strict=True):
        moment = datetime.fromisoformat(told[name])
        assert timedelta(0) <= moment - now - offset * SECOND <= asked_within


async def test_the_window_twice(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """The form's choice and the fields of their own are not mixed."""
    add_camera(hass_clouds, "meraki", "Front")
    await set_up(hass, hass_clouds, "meraki")
    window = {"active_choice": "last", "last": {"minutes": 5}}
    error = await refused(hass, window=window, before=5)
    assert error.translation_key == "window_and_fields"
    error = await refused(hass, event="1", before=5)
    assert error.translation_key == "window_and_fields"


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"filename": "../../etc/{{ camera }}"}, "filename_leaves_folder"),
        ({"filename": "/etc/passwd"}, "filename_leaves_folder"),
        ({"filename": "{{ '' }}"}, "filename_empty"),
        ({"filename": "{{ 1 / 0 }}"}, "filename_template"),
        # Nobody sees by it what he may not see.
        ({"filename": "{{ states('camera.front') }}"}, "filename_template"),
        ({"filename": "{{ state_attr('camera.front', 'a') }}"}, "filename_template"),
        ({"filename": "{{ 'x' * 10000 }}"}, "filename_too_long"),
        ({"filename": "{{ 'x' * 1000000 }}"}, "filename_template"),
        ({"codec": "hevc"}, "field_not_honoured"),
        ({"timestamps": "server"}, "field_not_honoured"),
    ],
)
async def test_a_request_that_cannot_be(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    media_dir: Path,
    fields: dict[str, Any],
    key: str,
) -> None:
    """A bad name or wish is an answer for its camera, and nothing is written."""
    minutes_ago = dt_util.utcnow() - timedelta(minutes=20)
    add_camera(hass_clouds, "meraki", "Front")
    await set_up(hass, hass_clouds, "meraki")
    window = {"start": minutes_ago, "duration": 5}
    response = await save(hass, "camera.front", **window, **fields)
    assert response["camera.front"]["status"] == "failed"
    assert response["camera.front"]["error"]["key"] == key
    assert "Front" in response["camera.front"]["error"]["message"]
    with pytest.raises(ServiceValidationError) as error:
        await hass.services.async_call(
            DOMAIN,
            "save_clip",
            {"entity_id": "camera.front", **window, **fields},
            blocking=True,
        )
    assert error.value.translation_key == key
    assert list(media_dir.iterdir()) == []


async def test_names_from_outside_stay_inside(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path, minutes_ago: datetime
) -> None:
    """A camera's name cannot make folders of its own, or lead out."""
    add_camera(hass_clouds, "meraki", "../../Flur: Tür\n")
    await set_up(hass, hass_clouds, "meraki")
    (entity_id,) = hass.states.async_entity_ids("camera")
    response = await save(
        hass, entity_id, start=minutes_ago, duration=5, filename="x/{{ camera }}"
    )
    assert response[entity_id]["path"] == str(media_dir / "x/_.._Flur_ Tür.mp4")


async def test_cameras_that_cannot_save(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path, minutes_ago: datetime
) -> None:
    """What is not ours, not loaded, gone or switched off is an error, never silence."""
    front_serial = add_camera(hass_clouds, "meraki", "Front")
    add_camera(hass_clouds, "kinesis", "Back")
    add_camera(hass_clouds, "meraki", "Off")
    meraki = await set_up(hass, hass_clouds, "meraki")
    kinesis = await set_up(hass, hass_clouds, "kinesis")
    registry = er.async_get(hass)
    other = MockConfigEntry(domain="other")
    other.add_to_hass(hass)
    registry.async_get_or_create(
        "camera", "other", "1", config_entry=other, suggested_object_id="other"
    )
    registry.async_update_entity(
        "camera.off", disabled_by=er.RegistryEntryDisabler.USER
    )
    assert await hass.config_entries.async_unload(kinesis.entry_id)
    del hass_clouds.meraki.cameras[front_serial]
    await meraki.runtime_data.coordinator.async_refresh()

    response = await save(
        hass,
        ["camera.front", "camera.back", "camera.off", "camera.other", "camera.none"],
        start=minutes_ago,
        duration=5,
    )
    assert {entity_id: one["error"]["key"] for entity_id, one in response.items()} == {
        "camera.front": "camera_gone",
        "camera.back": "account_not_loaded",
        "camera.off": "camera_disabled",
        "camera.other": "not_our_camera",
        "camera.none": "not_our_camera",
    }
    assert kinesis.title in response["camera.back"]["error"]["message"]


async def test_one_failure_stops_no_other(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path, minutes_ago: datetime
) -> None:
    """Without a response asked for, the action raises once all have ended."""
    failed = async_capture_events(hass, EVENT_FAILED)
    add_camera(hass_clouds, "meraki", "Front")
    gone = hass_clouds.kinesis.add_stream("Back", retention_hours=0)
    await set_up(hass, hass_clouds, "meraki")
    await set_up(hass, hass_clouds, "kinesis")
    hass_clouds.meraki.ready_after_s = 0
    call = {
        "entity_id": ["camera.back", "camera.front"],
        "start": minutes_ago,
        "duration": 5,
    }
    with pytest.raises(HomeAssistantError) as error:
        await hass.services.async_call(DOMAIN, "save_clip", call, blocking=True)
    assert not isinstance(error.value, ServiceValidationError)
    assert error.value.translation_key == "no_retention"
    assert gone.name in str(error.value)
    assert len(list(media_dir.rglob("*.mp4"))) == 1
    await hass.async_block_till_done(wait_background_tasks=True)
    (event,) = failed
    assert event.data["entity_id"] == "camera.back"
    assert event.data["status"] == "failed"
    assert event.data["error"]["key"] == "no_retention"

    call["entity_id"] = ["camera.back", "camera.none"]
    with pytest.raises(HomeAssistantError) as error:
        await hass.services.async_call(DOMAIN, "save_clip", call, blocking=True)
    assert error.value.translation_key == "several_failed"
    assert "camera.none" in str(error.value)
    assert "Back" in str(error.value)


async def test_a_clip_of_several_files(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path, minutes_ago: datetime
) -> None:
    """Pictures of two sizes do not go into one file; all files are told."""
    stream = hass_clouds.kinesis.add_stream(
        "Front", footage=Footage("Front"), fragment=SECOND
    )
    hole = (minutes_ago + 10 * SECOND, minutes_ago + 20 * SECOND)
    stream.holes.append(hole)
    larger = Footage("Front", width=640, height=360)
    stream.changes.append((hole[1], larger))
    await set_up(hass, hass_clouds, "kinesis")
    response = await save(
        hass, "camera.front", start=minutes_ago, duration=30, filename="f"
    )
    answer = response["camera.front"]
    assert answer["status"] == "partial"
    assert [
        tuple(datetime.fromisoformat(gap[end]) for end in ("start", "end"))
        for gap in answer["gaps"]
    ] == [hole]
    first, second = answer["files"]
    assert [Path(one["path"]).name for one in (first, second)] == [
        "f_part1.mp4",
        "f_part2.mp4",
    ]
    assert answer["path"] == first["path"]
    assert answer["end"] == second["end"]
    assert answer["size_bytes"] == first["size_bytes"] + second["size_bytes"]
    assert moments(Path(second["path"]), of=larger, first=1) == [hole[1]]


async def test_not_waiting(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path, minutes_ago: datetime
) -> None:
    """Without waiting, the answer is the job, and the event tells when it is there."""
    saved = async_capture_events(hass, EVENT_SAVED)
    await front(hass, hass_clouds, "meraki", (minutes_ago, minutes_ago))
    response = await save(
        hass, "camera.front", start=minutes_ago, duration=5, wait=False
    )
    answer = response["camera.front"]
    assert answer["status"] == "queued"
    assert datetime.fromisoformat(answer["start"]) == minutes_ago
    assert "path" not in answer
    await hass.async_block_till_done(wait_background_tasks=True)
    (event,) = saved
    assert event.data["job_id"] == answer["job_id"]
    assert Path(event.data["path"]).is_file()


async def test_around_now(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    media_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`before` and `after` are counted from now; the end is waited for."""
    monkeypatch.setattr(
        "custom_components.clip_download.engine.sources.meraki.client.MerakiSource.lag",
        2 * SECOND,
    )
    hass_clouds.meraki.lag_s = 1
    await front(hass, hass_clouds, "meraki", (dt_util.utcnow(), dt_util.utcnow()))
    asked_at = dt_util.utcnow()
    response = await save(hass, "camera.front", before=3, after=2)
    assert dt_util.utcnow() >= asked_at + 4 * SECOND
    shown = first_and_last(Path(response["camera.front"]["path"]))
    assert shown.start <= asked_at - 2 * SECOND
    assert shown.end >= asked_at + SECOND


async def test_targets(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path, minutes_ago: datetime
) -> None:
    """An area means our cameras in it; "all" means all of ours; neither the lights."""
    add_camera(hass_clouds, "meraki", "Front")
    add_camera(hass_clouds, "meraki", "Back")
    await set_up(hass, hass_clouds, "meraki")
    hass_clouds.meraki.ready_after_s = 0
    porch = ar.async_get(hass).async_create("Porch")
    empty = ar.async_get(hass).async_create("Empty")
    registry = er.async_get(hass)
    light = registry.async_get_or_create("light", "other", "1")
    registry.async_update_entity(light.entity_id, name="Lamp", area_id=porch.id)
    camera = registry.async_get("camera.front")
    assert camera
    assert camera.device_id
    dr.async_get(hass).async_update_device(camera.device_id, area_id=porch.id)

    window = {"start": minutes_ago, "duration": 5}

    async def targeted(**target: str) -> set[str]:
        response = await hass.services.async_call(
            DOMAIN,
            "save_clip",
            dict(window),
            target=target,
            blocking=True,
            return_response=True,
        )
        return set(response or {})

    assert await targeted(area_id=porch.id) == {"camera.front"}
    assert await targeted(entity_id="all") == {"camera.front", "camera.back"}
    with pytest.raises(ServiceValidationError) as error:
        await targeted(area_id=empty.id)
    assert error.value.translation_key == "no_camera_targeted"


@pytest.fixture
async def guest(hass: HomeAssistant) -> MockUser:
    """Return a user who may look at the front camera, and control the back one."""
    user = MockUser()
    user.add_to_hass(hass)
    user.mock_policy(
        {
            "entities": {
                "entity_ids": {"camera.back": True, "camera.front": {"read": True}}
            }
        }
    )
    return user


async def test_who_may_not_control_may_not_save(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    media_dir: Path,
    minutes_ago: datetime,
    guest: MockUser,
) -> None:
    """Naming a camera without the right is refused; an area gives only the allowed."""
    add_camera(hass_clouds, "meraki", "Front")
    add_camera(hass_clouds, "meraki", "Back")
    await set_up(hass, hass_clouds, "meraki")
    hass_clouds.meraki.ready_after_s = 0

    async def call(entity_id: str, user_id: str = guest.id) -> set[str]:
        response = await hass.services.async_call(
            DOMAIN,
            "save_clip",
            {"start": minutes_ago, "duration": 5},
            target={"entity_id": entity_id},
            context=Context(user_id=user_id),
            blocking=True,
            return_response=True,
        )
        return set(response or {})

    with pytest.raises(Unauthorized):
        await call("camera.front")
    with pytest.raises(Unauthorized):
        await call("camera.back", "nobody")
    assert await call("all") == {"camera.back"}
    assert hass_clouds.meraki.asked("/camera/clip") != []
    assert len(list(media_dir.rglob("*.mp4"))) == 1


async def test_a_media_folder_that_is_no_more(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path, minutes_ago: datetime
) -> None:
    """A folder that was taken from the configuration, or unmounted, is named."""
    add_camera(hass_clouds, "meraki", "Front")
    entry = await set_up(hass, hass_clouds, "meraki")
    window = {"start": minutes_ago, "duration": 5}
    hass.config_entries.async_update_entry(entry, options={"media_dir": "nas"})
    response = await save(hass, "camera.front", **window)
    assert response["camera.front"]["error"]["key"] == "media_folder_unknown"
    assert "nas" in response["camera.front"]["error"]["message"]

    hass.config.media_dirs["nas"] = str(media_dir / "unmounted")
    response = await save(hass, "camera.front", **window)
    assert response["camera.front"]["error"]["key"] == "storage_gone"


async def test_the_same_request_twice_is_one_download(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path, minutes_ago: datetime
) -> None:
    """Two automations that ask for the same share the job and the file."""
    await front(hass, hass_clouds, "meraki", (minutes_ago, minutes_ago))
    window = {"start": minutes_ago, "duration": 5}
    one, two = await asyncio.gather(
        save(hass, "camera.front", **window), save(hass, "camera.front", **window)
    )
    assert one == two
    assert len(hass_clouds.meraki.asked("/camera/clip")) == 1


async def test_a_job_goes_on_after_a_reload(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path, minutes_ago: datetime
) -> None:
    """A caller hears that the job is queued; the job ends after the account is back."""
    saved = async_capture_events(hass, EVENT_SAVED)
    await front(hass, hass_clouds, "meraki", (minutes_ago, minutes_ago))
    hass_clouds.meraki.misbehave("/camera/clip", delay_s=60)
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    calling = hass.async_create_task(
        save(hass, "camera.front", start=minutes_ago, duration=5)
    )
    await until(lambda: hass_clouds.meraki.asked("/camera/clip"))
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert (await calling)["camera.front"]["status"] == "queued"
    await hass.async_block_till_done(wait_background_tasks=True)
    (event,) = saved
    assert event.data["status"] == "complete"
    assert len(list(media_dir.rglob("*.mp4"))) == 1


@every_kind
async def test_refused_credentials_ask_for_a_new_sign_in(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    media_dir: Path,
    minutes_ago: datetime,
    kind: str,
) -> None:
    """The clip fails in words, and Home Assistant asks the person to sign in."""
    await front(hass, hass_clouds, kind, (minutes_ago, minutes_ago + 5 * SECOND))
    match kind:
        case "ring":
            hass_clouds.ring.revoke()
        case "ring_partner":
            hass_clouds.ring_partner.revoke()
        case "meraki":
            hass_clouds.meraki.api_key = "another"
        case _:
            hass_clouds.kinesis.secret_access_key = "another"
    response = await save(hass, "camera.front", start=minutes_ago, duration=5)
    assert response["camera.front"]["error"]["key"] == "invalid_auth"
    assert "Front" in response["camera.front"]["error"]["message"]
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == "reauth"
    assert list(media_dir.iterdir()) == []
