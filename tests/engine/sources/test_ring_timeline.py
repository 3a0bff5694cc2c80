"""What Ring's cameras record around the clock, and what its app shows of an event."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
from typing import Any

from aiohttp import ClientSession
import pytest

from custom_components.clip_download.const import DOMAIN
from custom_components.clip_download.engine.errors import (
    AddressError,
    CloudError,
    NoFootageError,
    NotReadyError,
    NotVideoError,
    RefusedError,
)
from custom_components.clip_download.engine.model import MediaOptions
from custom_components.clip_download.engine.sources.base import SplitError
from custom_components.clip_download.engine.sources.ring import client as ring
from custom_components.clip_download.engine.sources.ring.client import (
    RingCamera as ListedCamera,
    RingPart,
    RingSource,
)
from custom_components.clip_download.engine.time_range import Placing, Window
from homeassistant.core import HomeAssistant
from tests.accounts import set_up
from tests.clouds import Clouds
from tests.clouds.footage import first_and_last, seen, tiny
from tests.clouds.ring import API_HOST, RingCamera, RingCloud
from tests.engine.sources.test_ring import (
    HARDWARE_ID,
    HTML,
    NOON,
    PLAY_PLACE,
    around,
    cloud,
    doorbell,
    fetch,
    kept,
    part_of,
    source,
    unhurried,
)
from tests.engine.sources.test_ring_addresses import forms_asked, save_clip

# The fixtures of an account are the same here.
__all__ = ["cloud", "doorbell", "kept", "source", "unhurried"]

TIMELINE = f"{API_HOST}/evm/v2/timeline"
SHOWN = "share_service/v2/transcodings/downloads"
HOUR = Window(NOON, NOON + timedelta(hours=1))


@pytest.fixture
async def camera(doorbell: RingCamera, source: RingSource) -> ListedCamera:
    """Return the doorbell as the source lists it: it records around the clock."""
    doorbell.always_since = NOON - timedelta(days=3)
    (camera,) = await source.cameras()
    return camera


def minutes(*between: float) -> Window:
    """Return the window between two minutes after noon."""
    start, end = (NOON + timedelta(minutes=one) for one in between)
    return Window(start, end)


async def planned(
    source: RingSource, camera: ListedCamera, window: Window
) -> list[RingPart]:
    """Return the parts of a plan that is not waited for."""
    plan = await source.plan(camera, window, MediaOptions())
    assert plan.again_after_s is None
    return list(plan.parts)


# Around the clock


async def test_between_events(
    cloud: RingCloud,
    source: RingSource,
    camera: ListedCamera,
    doorbell: RingCamera,
    tmp_path: Path,
) -> None:
    """What lies between events is planned, and fetched by a URL asked for just then."""
    cloud.add_event(doorbell, start=NOON + timedelta(minutes=5))
    window = minutes(1, 1.2)
    (part,) = await planned(source, camera, window)
    assert (part.window, part.placing) == (window, Placing.REQUESTED)
    assert part.event_ids == ()
    assert "http" not in repr(part)

    path = await fetch(source, camera, part, tmp_path / "part")
    shown = first_and_last(path, of=doorbell.footage)
    assert shown.start == window.start
    assert shown.end == window.end - timedelta(milliseconds=100)
    assert {one.headers["X-API-VERSION"] for one in cloud.asked(TIMELINE)} == {"1"}
    assert cloud.leaks == []


async def test_long_window(
    cloud: RingCloud, source: RingSource, camera: ListedCamera
) -> None:
    """A long window is one question, and parts of a quarter of an hour."""
    day = Window(NOON - timedelta(days=2), NOON - timedelta(days=1))
    parts = await planned(source, camera, day)
    assert [part.window for part in parts] == day.split(timedelta(minutes=15))
    assert len(cloud.asked(TIMELINE)) == 1


async def test_gaps_and_events(
    cloud: RingCloud, source: RingSource, camera: ListedCamera, doorbell: RingCamera
) -> None:
    """Where it did not record, events' recordings are taken; where Ring says so, none."""
    doorbell.always_since = NOON + timedelta(minutes=10)
    doorbell.gaps = [(NOON + timedelta(minutes=20), NOON + timedelta(minutes=21))]
    early = cloud.add_event(doorbell, start=NOON + timedelta(minutes=4))
    cloud.add_event(doorbell, start=NOON + timedelta(minutes=15))
    cloud.add_event(doorbell, start=NOON + timedelta(minutes=20, seconds=5))
    parts = await planned(source, camera, minutes(0, 30))
    assert [part.window for part in parts] == [
        Window(early.start, early.end),
        minutes(10, 20),
        minutes(21, 30),
    ]


async def test_fresh(
    cloud: RingCloud, source: RingSource, camera: ListedCamera, doorbell: RingCamera
) -> None:
    """What was recorded just now is waited for, where there is such a thing at all."""
    now = datetime.now(UTC)
    window = Window(now - timedelta(seconds=40), now - timedelta(seconds=2))
    early = await source.plan(camera, window, MediaOptions())
    assert len(early.parts) == 1
    assert early.again_after_s is not None
    cloud.clouds.offset = timedelta(seconds=30)
    assert (await source.plan(camera, window, MediaOptions())).again_after_s is None


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 404},
        {"status": 403, "body": HTML},
        {"status": 500},
        {"body": HTML},
        {"body": "[]"},
        {"body": "{}"},
        {"body": '{"timeline": null}'},
        {"body": '{"timeline": [{"items": ["?"]}]}'},
        {"body": '{"timeline": [{"items": [{"schema": "CloudMedia"}]}]}'},
        {"body": '{"timeline": [{"items": [{"schema": "Gap"}]}]}'},
    ],
)
async def test_unexpected_answers(
    *,
    cloud: RingCloud,
    source: RingSource,
    camera: ListedCamera,
    doorbell: RingCamera,
    fault: dict[str, Any],
) -> None:
    """Whatever the timeline says that is not expected, events are saved as ever."""
    event = cloud.add_event(doorbell, start=NOON + timedelta(minutes=4))
    cloud.misbehave(TIMELINE, **fault)
    assert await planned(source, camera, HOUR) == [part_of(event)]
    # It is no reason to do without it for long.
    assert len(await planned(source, camera, HOUR)) == 4


@pytest.mark.parametrize(
    "change",
    [
        lambda item: item.update(url=None),
        lambda item: item.update(is_e2ee=True),
        lambda item: item.update(custom_metadata=None),
        lambda item: item.update(end_time="soon"),
        lambda item: item.update(start_time=item["end_time"]),
        lambda item: item.update(schema="Footage"),
    ],
)
async def test_odd_items(
    *,
    cloud: RingCloud,
    source: RingSource,
    camera: ListedCamera,
    doorbell: RingCamera,
    change: Callable[[dict[str, Any]], None],
) -> None:
    """An item that cannot be used is as good as none."""
    item = {
        "schema": "CloudMedia",
        "start_time": "2026-11-01T12:00:00.000Z",
        "end_time": "2026-11-01T13:00:00.000Z",
        "url": "https://download.example.com/1.mp4",
        "is_e2ee": False,
        "custom_metadata": {"recording_24x7_enabled": True},
    }
    event = cloud.add_event(doorbell, start=NOON + timedelta(minutes=4))
    cloud.misbehave(TIMELINE, body=json.dumps({"timeline": [{"items": [item]}]}))
    assert len(await planned(source, camera, HOUR)) == 4
    change(item)
    cloud.misbehave(TIMELINE, body=json.dumps({"timeline": [{"items": [item]}]}))
    assert await planned(source, camera, HOUR) == [part_of(event)]


async def test_outage(
    cloud: RingCloud, source: RingSource, camera: ListedCamera
) -> None:
    """Where it has worked before, an outage is tried again."""
    (part,) = await planned(source, camera, minutes(1, 2))
    cloud.misbehave(TIMELINE, status=502, times=2)
    with pytest.raises(CloudError, match="502"):
        await planned(source, camera, minutes(1, 2))
    with pytest.raises(CloudError, match="502"):
        await fetch(source, camera, part, Path("nowhere"))


async def test_timeline_without_a_plan(
    cloud: RingCloud, source: RingSource, doorbell: RingCamera
) -> None:
    """A camera that only says so has its events; others are not even asked about it."""
    event = cloud.add_event(doorbell, start=NOON + timedelta(minutes=4))
    (camera,) = await source.cameras()
    assert await planned(source, camera, HOUR) == [part_of(event)]
    assert not cloud.asked(TIMELINE)

    doorbell.always_since = NOON
    (camera,) = await source.cameras()
    doorbell.always_since = None
    assert await planned(source, camera, HOUR) == [part_of(event)]
    assert len(cloud.asked(TIMELINE)) == 1


@pytest.mark.parametrize(
    ("attributes", "is_so"),
    [
        ({}, False),
        ({"settings": None, "features": "?"}, False),
        ({"features": {"video_recording": {"recording_mode": "motion_based"}}}, False),
        ({"features": {"video_recording": {"recording_mode": "continuous"}}}, True),
        ({"other_paid_features": {"recording_24x7": True}}, True),
        ({"other_paid_features": {"recording_24x7": "enabled"}}, True),
        ({"settings": {"other_paid_features": {"recording_24x7": True}}}, True),
        ({"settings": {"other_paid_features": {"recording_24x7": False}}}, False),
        ({"settings": {"video_settings": {"recording_24x7_mode": "on"}}}, True),
        ({"settings": {"video_settings": {"recording_24x7_mode": "disabled"}}}, False),
    ],
)
async def test_records_always(
    cloud: RingCloud, source: RingSource, attributes: dict[str, Any], is_so: bool
) -> None:
    """Ring has several places to say that a camera records around the clock."""
    devices = {"doorbots": [{"id": 7, "description": "Front", **attributes}]}
    cloud.misbehave("ring_devices", body=json.dumps(devices))
    (camera,) = await source.cameras()
    assert camera.records_always is is_so


async def test_part_that_is_gone(
    cloud: RingCloud,
    source: RingSource,
    camera: ListedCamera,
    doorbell: RingCamera,
    tmp_path: Path,
) -> None:
    """What is not there any more, or is no video, gives way to the events' recordings."""
    event = cloud.add_event(doorbell, start=NOON + timedelta(minutes=1, seconds=10))
    first, second = await planned(source, camera, minutes(1, 30))
    await fetch(source, camera, second, tmp_path / "part")
    assert isinstance(
        source.rejected(second, NotVideoError("body_not_video")), AddressError
    )
    with pytest.raises(NoFootageError):
        await fetch(source, camera, second, tmp_path / "part")

    doorbell.always_since = None
    with pytest.raises(SplitError) as raised:
        await fetch(source, camera, first, tmp_path / "part")
    assert raised.value.parts == [part_of(event)]


async def test_saved_between_events(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path
) -> None:
    """A window in which nothing happened is saved whole, frame by frame."""
    cloud = hass_clouds.ring
    front = cloud.add_camera("Front", footage=tiny("Front"))
    front.always_since = NOON - timedelta(hours=1)
    await set_up(hass, hass_clouds, "ring")
    answer = await save_clip(hass, NOON, duration={"minutes": 31})
    assert answer["status"] == "complete", answer
    moments = {frame.moment for frame in seen(Path(answer["path"]))}
    assert {NOON + timedelta(seconds=n / 2) for n in range(31 * 120)} <= moments
    assert forms_asked(cloud) == ["timeline"] * 3


# As the app shows it


@pytest.fixture
def as_shown(cloud: RingCloud, session: ClientSession) -> RingSource:
    """Return the source of an account that wants recordings as the app shows them."""
    credentials = {"username": "x", "token": cloud.token(), "hardware_id": HARDWARE_ID}
    return RingSource(credentials, session=session, options={"as_shown": True})


async def test_shown(
    cloud: RingCloud, as_shown: RingSource, doorbell: RingCamera, tmp_path: Path
) -> None:
    """Ring is asked once, and then whether it is done, until the recording is fetched."""
    (camera,) = await as_shown.cameras()
    event = cloud.add_event(doorbell, start=NOON, duration_s=4, preroll_s=3)
    for _ in range(3):
        with pytest.raises(NotReadyError) as raised:
            await fetch(as_shown, camera, part_of(event), tmp_path / "part")
        assert raised.value.after_s == ring.SHOWN_AGAIN_S
    cloud.clouds.offset = timedelta(seconds=13)
    path = await fetch(as_shown, camera, part_of(event), tmp_path / "part")
    assert first_and_last(path, of=doorbell.footage).start == NOON - timedelta(
        seconds=3
    )
    assert len(cloud.asked(SHOWN, "POST")) == 1
    (asked,) = cloud.asked(SHOWN, "POST")
    assert asked.json() == {
        "ding_id": str(event.id),
        "file_type": "VIDEO",
        "send_push_notification": False,
    }
    assert not cloud.asked(PLAY_PLACE)


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 404},
        {"status": 500},
        {"body": HTML},
        {"body": "{}"},
        {"body": '{"status": "failed"}'},
        {"body": '{"status": "done", "result_url": null}'},
        {"body": '{"status": "done", "result_url": "http://192.168.1.1/"}'},
    ],
)
async def test_not_shown(
    cloud: RingCloud,
    as_shown: RingSource,
    doorbell: RingCamera,
    tmp_path: Path,
    fault: dict[str, Any],
) -> None:
    """Where Ring does not make it, the recording is fetched as it is."""
    (camera,) = await as_shown.cameras()
    event = cloud.add_event(doorbell, start=NOON, duration_s=2)
    cloud.misbehave(SHOWN, **fault)
    path = await fetch(as_shown, camera, part_of(event), tmp_path / "part")
    assert first_and_last(path, of=doorbell.footage).start == NOON


async def test_never_shown(
    cloud: RingCloud,
    as_shown: RingSource,
    doorbell: RingCamera,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What Ring does not get done is not waited for long."""
    cloud.shown_after_s = 10**9
    (camera,) = await as_shown.cameras()
    event = cloud.add_event(doorbell, start=NOON, duration_s=2)
    with pytest.raises(NotReadyError):
        await fetch(as_shown, camera, part_of(event), tmp_path / "part")
    await asyncio.sleep(0.2)
    # It counts from when Ring was asked for it first.
    monkeypatch.setattr(ring, "SHOWN_WITHIN_S", 0.1)
    await fetch(as_shown, camera, part_of(event), tmp_path / "part")
    assert forms_asked(cloud) == ["play"]


async def test_encrypted_and_shown(
    cloud: RingCloud, as_shown: RingSource, doorbell: RingCamera, tmp_path: Path
) -> None:
    """What Ring never gives is told as that."""
    (camera,) = await as_shown.cameras()
    event = cloud.add_event(doorbell, start=NOON, is_e2ee=True)
    with pytest.raises(RefusedError, match="^end_to_end_encrypted$"):
        await fetch(as_shown, camera, part_of(event), tmp_path / "part")


async def test_off_by_default(
    cloud: RingCloud, source: RingSource, doorbell: RingCamera, tmp_path: Path
) -> None:
    """Nobody has Ring make anything without having asked for it."""
    (camera,) = await source.cameras()
    event = cloud.add_event(doorbell, start=NOON, duration_s=2)
    (part,) = (await source.plan(camera, around(event), MediaOptions())).parts
    await fetch(source, camera, part, tmp_path / "part")
    assert not cloud.asked(SHOWN)


async def test_saved_as_shown(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    media_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A clip of an event begins where the app's does, and says so."""
    monkeypatch.setattr(ring, "SHOWN_AGAIN_S", 0.01)
    cloud = hass_clouds.ring
    cloud.shown_after_s = 0.2
    front = cloud.add_camera("Front")
    entry = await set_up(hass, hass_clouds, "ring")
    hass.config_entries.async_update_entry(
        entry, options={**entry.options, "as_shown": True}
    )
    await hass.config_entries.async_reload(entry.entry_id)
    event = cloud.add_event(front, start=NOON, duration_s=10, preroll_s=5)
    answer: Any = await hass.services.async_call(
        DOMAIN,
        "save_events",
        {
            "entity_id": "camera.front",
            "start": (NOON - timedelta(minutes=1)).isoformat(),
            "end": (NOON + timedelta(minutes=1)).isoformat(),
        },
        blocking=True,
        return_response=True,
    )
    await hass.async_block_till_done(wait_background_tasks=True)
    (saved,) = list(media_dir.rglob("*.mp4"))
    shown = first_and_last(saved, of=front.footage)
    assert shown.start == event.start - timedelta(seconds=5)
    told = json.loads(saved.with_suffix(".json").read_text())
    assert abs(datetime.fromisoformat(told["start"]) - shown.start) < timedelta(
        milliseconds=200
    ), (answer, told)
