"""The commands about a window of time."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
import json
from pathlib import Path
import shutil
from typing import Any
from unittest.mock import AsyncMock

import pytest

from custom_components.clip_download import history, links
from custom_components.clip_download.automatic_saving import async_events
from custom_components.clip_download.engine.errors import RefusedError
from custom_components.clip_download.engine.model import Event
from custom_components.clip_download.engine.time_range import Window
from custom_components.clip_download.websocket_api import clips, command, footage
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from tests.accounts import save_event, set_up
from tests.clouds import Clouds

from .conftest import Browser, Open, time_of

FRONT, YARD = "camera.front", "camera.yard"
HOUR = timedelta(hours=1)
HISTORY = "history|events|timeline"
ONE: dict[str, Any] = {"entities": {"entity_ids": {FRONT: True}}}


def day() -> dict[str, str]:
    """Return the last hours, as they are asked for."""
    now = datetime.now(UTC)
    return {"start": (now - 20 * HOUR).isoformat(), "end": (now + HOUR).isoformat()}


async def cameras(browser: Browser, **data: Any) -> dict[str, dict[str, Any]]:
    """Return what is told of cameras, by their entity."""
    answer = await browser.ask("timeline", **{**day(), **data})
    return {camera["entity_id"]: camera for camera in answer["cameras"]}


async def test_timeline(
    hass: HomeAssistant, hass_clouds: Clouds, entry: ConfigEntry, open_browser: Open
) -> None:
    """It has events and clips, which know of each other, and where footage is."""
    camera, _ = hass_clouds.ring.cameras
    now = datetime.now(UTC).replace(microsecond=0)
    ring = hass_clouds.ring.add_event(
        camera, "ding", start=now - 2 * HOUR, duration_s=3, saw="human"
    )
    hass_clouds.ring.add_event(camera, "motion", start=now - HOUR, duration_s=3)
    await hass.services.async_call(
        "clip_download",
        "save_events",
        {"start": now - 3 * HOUR, "end": now - HOUR - HOUR / 2},
        target={"entity_id": FRONT},
        blocking=True,
    )
    browser = await open_browser()
    found = await cameras(browser, entity_ids=[FRONT, YARD, FRONT])
    assert list(found) == [FRONT, YARD]
    front, yard = found.values()
    assert yard == {
        "entity_id": YARD,
        "footage": [],
        "retention_start": None,
        "only_motion_before": None,
        "refused": [],
        "events": [],
        "events_error": None,
        "clips": [],
    }
    ding, motion = front["events"]
    (clip,) = front["clips"]
    assert (ding["kind"], motion["kind"]) == ("ding", "motion")
    assert ding["clip_id"] == clip["id"]
    assert ding["picture"].partition("?")[0] == clip["picture"].partition("?")[0]
    assert motion["clip_id"] is None
    assert motion["picture"].startswith("/api/clip_download/picture/")
    assert abs(time_of(ding["start"]) - ring.start) < timedelta(seconds=2)
    assert "url" not in clip
    assert len(front["footage"]) == 2
    assert front["events_error"] is None

    events = (await browser.ask("events/list", entity_id=FRONT, **day()))["events"]
    assert [event["id"] for event in events] == [ding["id"], motion["id"]]
    later = {"start": (now - HOUR - HOUR / 2).isoformat(), "end": now.isoformat()}
    events = (await browser.ask("events/list", entity_id=FRONT, **later))["events"]
    assert [event["id"] for event in events] == [motion["id"]]


async def test_many_clips_are_told_in_turns(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    entry: ConfigEntry,
    open_browser: Open,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Between some and the next, the event loop comes to others."""
    camera = hass_clouds.ring.cameras[0]
    now = datetime.now(UTC).replace(microsecond=0)
    event = hass_clouds.ring.add_event(camera, start=now - HOUR, duration_s=3)
    path = await save_event(hass, event)
    told = json.loads(path.with_suffix(".json").read_text())
    for number in range(40):
        copy = path.with_stem(f"copy {number}")
        shutil.copyfile(path, copy)
        shutil.copyfile(path.with_suffix(".jpg"), copy.with_suffix(".jpg"))
        told["clip_id"] = f"copy-{number}"
        copy.with_suffix(".json").write_text(json.dumps(told))
    await hass.services.async_call("clip_download", "rebuild_library", blocking=True)
    turn = 0

    async def count_turns() -> None:
        nonlocal turn
        while True:
            turn += 1
            await asyncio.sleep(0)

    def counted[**P, T](call: Callable[P, T], counts: Counter[int]) -> Callable[P, T]:
        def count(*args: P.args, **kwargs: P.kwargs) -> T:
            counts[turn] += 1
            return call(*args, **kwargs)

        return count

    infos, signed = Counter[int](), Counter[int]()
    monkeypatch.setattr(clips, "utc", counted(command.utc, infos))
    monkeypatch.setattr(links, "async_signed", counted(links.async_signed, signed))
    browser = await open_browser()
    counting = asyncio.create_task(count_turns())
    found = await cameras(browser, entity_ids=[FRONT])
    counting.cancel()
    assert len([one for one in found[FRONT]["clips"] if one["picture"]]) == 41
    # Each clip has three times.
    assert infos.total() == 3 * 41
    assert max(infos.values()) <= 3 * clips.INFOS_AT_ONCE
    assert signed.total() >= 41
    assert max(signed.values()) <= links.LINKS_AT_ONCE


async def test_a_cloud_without_a_history(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path, open_browser: Open
) -> None:
    """Its clips are there all the same."""
    hass_clouds.kinesis.add_stream("Yard")
    entry = await set_up(hass, hass_clouds, "kinesis")
    hass_clouds.kinesis.denied = {"ListFragments"}
    browser = await open_browser()
    yard = (await cameras(browser, entity_ids=[YARD]))[YARD]
    assert (yard["footage"], yard["events"], yard["events_error"]) == (None, [], None)
    answer = await browser.ask("events/list", entity_id=YARD, **day())
    assert answer == {"events": []}
    await hass.config_entries.async_unload(entry.entry_id)
    yard = (await cameras(browser, entity_ids=[YARD]))[YARD]
    assert entry.title in yard["events_error"]
    code = await browser.refused("events/list", entity_id=YARD, **day())
    assert code == "service_validation_error"


async def test_a_cloud_that_fails(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    entry: ConfigEntry,
    open_browser: Open,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Why is told, and the clips are there; what works again is asked again."""
    # Nobody waits until it works again.
    impatient = partial(async_events, timeout=timedelta(0))
    monkeypatch.setattr(history, "async_events", impatient)
    camera, _ = hass_clouds.ring.cameras
    start = datetime.now(UTC) - HOUR
    await save_event(
        hass, hass_clouds.ring.add_event(camera, start=start, duration_s=3)
    )
    fault = hass_clouds.ring.misbehave(HISTORY, status=500, times=999)
    browser = await open_browser()
    front = (await cameras(browser, entity_ids=[FRONT]))[FRONT]
    assert "Front" in front["events_error"]
    assert (front["footage"], front["events"]) == (None, [])
    assert len(front["clips"]) == 1
    code = await browser.refused("events/list", entity_id=FRONT, **day())
    assert code == "home_assistant_error"
    fault.times = 0
    front = (await cameras(browser, entity_ids=[FRONT]))[FRONT]
    assert front["events_error"] is None
    assert len(front["events"]) == 1


async def test_the_cloud_is_asked_once(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    entry: ConfigEntry,
    open_browser: Open,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However many look at a day, and zoom into it: until it is old."""
    monkeypatch.setattr(history, "FRESH_FOR", 99 * HOUR)
    browser = await open_browser()
    before = len(hass_clouds.ring.asked(HISTORY))
    window = day()
    asked = {"entity_ids": [FRONT], **window}
    numbers = [await browser.send("clip_download/timeline", **asked) for _ in range(5)]
    for number in numbers:
        assert (await browser.heard(number))["success"]
    first = len(hass_clouds.ring.asked(HISTORY))
    assert first > before
    start = datetime.fromisoformat(window["start"]) + HOUR
    zoomed = {**window, "start": start.isoformat()}
    await browser.ask("events/list", entity_id=FRONT, **zoomed)
    assert len(hass_clouds.ring.asked(HISTORY)) == first
    monkeypatch.setattr(history, "FRESH_FOR", timedelta(0))
    await asyncio.sleep(0)
    await browser.ask("events/list", entity_id=FRONT, **zoomed)
    assert len(hass_clouds.ring.asked(HISTORY)) > first


async def test_footage(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    media_dir: Path,
    open_browser: Open,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where a stream has footage is asked once, and again only of what may still grow."""
    monkeypatch.setattr(footage, "WAIT_S", 60)
    monkeypatch.setattr(footage, "FRESH_FOR", HOUR)
    stream = hass_clouds.kinesis.add_stream("Yard", fragment=timedelta(seconds=20))
    now = datetime.now(UTC).replace(microsecond=0)
    holes = [(now - 3 * HOUR, now - 2 * HOUR), (now - HOUR, now - HOUR / 2)]
    stream.holes = holes
    entry = await set_up(hass, hass_clouds, "kinesis")
    browser = await open_browser()
    window = {
        "start": (now - 5 * HOUR).isoformat(),
        "end": (now - HOUR / 4).isoformat(),
    }
    answer = await browser.ask("footage", entity_id=YARD, **window)
    found = [(time_of(one["start"]), time_of(one["end"])) for one in answer["footage"]]
    assert len(found) == 3
    assert found[0][0] == now - 5 * HOUR
    assert found[-1][1] == now - HOUR / 4
    for (_, ended), (begins, _), hole in zip(found, found[1:], holes, strict=False):
        assert abs(ended - hole[0]) <= timedelta(seconds=20)
        assert abs(begins - hole[1]) <= timedelta(seconds=20)
    asked = len(hass_clouds.kinesis.asked("listFragments"))
    for part in (window, {**window, "start": (now - 4 * HOUR).isoformat()}):
        yard = (await cameras(browser, entity_ids=[YARD], **part))[YARD]
        assert len(yard["footage"]) == 3
    assert len(hass_clouds.kinesis.asked("listFragments")) == asked
    yard = (await cameras(browser, entity_ids=[YARD], **day()))[YARD]
    assert yard["footage"][0]["start"] < answer["footage"][0]["start"]
    assert yard["footage"][-1]["end"] > answer["footage"][-1]["end"]
    more = len(hass_clouds.kinesis.asked("listFragments"))
    assert more > asked
    await cameras(browser, entity_ids=[YARD], **day())
    assert len(hass_clouds.kinesis.asked("listFragments")) == more
    month = {**day(), "start": (now - 24 * 20 * HOUR).isoformat()}
    answer = await browser.ask("footage", entity_id=YARD, **month)
    assert answer == {"footage": None}

    # What the cloud does not tell, or refuses to, keeps nobody from the rest.
    told = AsyncMock(side_effect=[None, RefusedError("no_footage")])
    monkeypatch.setattr(entry.runtime_data.source, "footage", told)
    older = {**window, "start": (now - 40 * HOUR).isoformat()}
    for _ in range(2):
        yard = (await cameras(browser, entity_ids=[YARD], **older))[YARD]
        assert yard["footage"] is None
    assert told.await_count == 2


async def test_a_day_waits_for_no_list_of_footage(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    media_dir: Path,
    open_browser: Open,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A list that takes long is waited for by whoever asks for it, and is made once."""
    hass_clouds.kinesis.add_stream("Yard")
    await set_up(hass, hass_clouds, "kinesis")
    browser = await open_browser()
    held = asyncio.Event()
    hass_clouds.kinesis.misbehave("listFragments", hold=held)
    monkeypatch.setattr(footage, "FRESH_FOR", HOUR)
    monkeypatch.setattr(footage, "WAIT_S", 0)
    window = day()
    for _ in range(2):
        yard = (await cameras(browser, entity_ids=[YARD], **window))[YARD]
        assert yard["footage"] is None
        assert yard["events_error"] is None
    held.set()
    answer = await browser.ask("footage", entity_id=YARD, **window)
    assert answer["footage"]
    asked = len(hass_clouds.kinesis.asked("listFragments"))
    monkeypatch.setattr(footage, "WAIT_S", 60)
    yard = (await cameras(browser, entity_ids=[YARD], **window))[YARD]
    assert yard["footage"] == answer["footage"]
    assert len(hass_clouds.kinesis.asked("listFragments")) == asked


async def test_of_too_many_stretches_none_is_remembered(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    media_dir: Path,
    open_browser: Open,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They are told all the same, and asked for again."""
    monkeypatch.setattr(footage, "FRESH_FOR", HOUR)
    monkeypatch.setattr(footage, "MOST_STRETCHES", 1)
    stream = hass_clouds.kinesis.add_stream("Yard")
    now = datetime.now(UTC).replace(microsecond=0)
    stream.holes = [(now - 3 * HOUR, now - 2 * HOUR)]
    await set_up(hass, hass_clouds, "kinesis")
    browser = await open_browser()
    later, earlier = (
        {"start": (now - start).isoformat(), "end": (now - HOUR).isoformat()}
        for start in (1.5 * HOUR, 4 * HOUR)
    )
    counts = []
    for window, stretches in ((later, 1), (later, 1), (earlier, 2), (earlier, 2)):
        answer = await browser.ask("footage", entity_id=YARD, **window)
        assert len(answer["footage"]) == stretches
        counts.append(len(hass_clouds.kinesis.asked("listFragments")))
    assert counts[0] == counts[1] < counts[2] < counts[3]


async def test_events_that_only_a_webhook_told(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path, open_browser: Open
) -> None:
    """They are remembered, and listed."""
    hass_clouds.meraki.add_camera("Yard")
    entry = await set_up(hass, hass_clouds, "meraki")
    (camera,) = entry.runtime_data.coordinator.listed()
    now = datetime.now(UTC)
    for number, at in enumerate((now - HOUR, now - 30 * HOUR)):
        event = Event(id=f"{number}", kind="motion", window=Window(at, at))
        entry.runtime_data.monitor.on_event(camera, event)
    await hass.async_block_till_done(wait_background_tasks=True)
    browser = await open_browser()
    yard = (await cameras(browser, entity_ids=[YARD]))[YARD]
    (event,) = yard["events"]
    assert (event["id"], event["kind"], event["picture"]) == ("0", "motion", None)
    assert yard["footage"] is None
    answer = await browser.ask("events/list", entity_id=YARD, **day())
    assert answer == {"events": [event]}


async def test_how_long_a_cloud_keeps(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path, open_browser: Open
) -> None:
    """Who looks first does not wait for it; who looks next is told, and nothing is asked."""
    cloud = hass_clouds.meraki
    for name in ("Front", "Yard"):
        cloud.add_camera(name).retention = timedelta(days=7)
    list(cloud.cameras.values())[1].keeps_motion_only = True
    await set_up(hass, hass_clouds, "meraki")
    browser = await open_browser()
    found = await cameras(browser, entity_ids=[FRONT, YARD])
    assert [one["retention_start"] for one in found.values()] == [None, None]
    await hass.async_block_till_done(wait_background_tasks=True)
    asked = len(cloud.asked())
    found = await cameras(browser, entity_ids=[FRONT, YARD])
    for one in found.values():
        kept = datetime.now(UTC) - time_of(one["retention_start"])
        assert timedelta(days=7) <= kept < timedelta(days=7, hours=1)
    assert found[FRONT]["only_motion_before"] is None
    since = datetime.now(UTC) - time_of(found[YARD]["only_motion_before"])
    assert timedelta(days=3) <= since < timedelta(days=3, hours=1)
    assert len(cloud.asked("qualityRetentionProfiles")) == 1
    assert len(cloud.asked("qualityAndRetention")) == 2
    assert len(cloud.asked()) == asked

    # A stream says it in the list.
    hass_clouds.kinesis.add_stream("Door")
    await set_up(hass, hass_clouds, "kinesis")
    (door,) = (await cameras(browser, entity_ids=["camera.door"])).values()
    kept = datetime.now(UTC) - time_of(door["retention_start"])
    assert timedelta(hours=24) <= kept < timedelta(hours=25)


async def test_what_a_cloud_refused(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path, open_browser: Open
) -> None:
    """It is told in words; what was refused for its age is refused to all before it."""
    now = datetime.now(UTC).replace(microsecond=0)
    cloud = hass_clouds.ring_partner
    cloud.consented_at = now - 3 * HOUR
    cloud.add_camera("Yard").is_corrupt = True
    await set_up(hass, hass_clouds, "ring_partner")
    for start in (now - 5 * HOUR, now - HOUR):
        await hass.services.async_call(
            "clip_download",
            "save_clip",
            {"entity_id": YARD, "start": start, "end": start + HOUR / 60},
            blocking=True,
            return_response=True,
        )
    browser = await open_browser()
    (yard,) = (await cameras(browser, entity_ids=[YARD])).values()
    corrupt, too_early = yard["refused"]
    assert time_of(corrupt["start"]) == now - HOUR
    assert time_of(corrupt["end"]) == now - HOUR + HOUR / 60
    assert corrupt["reason"]
    assert "Yard" not in corrupt["reason"]
    assert time_of(too_early["start"]) < now - 19 * HOUR
    assert time_of(too_early["end"]) == now - 5 * HOUR + HOUR / 60
    assert "before the account was linked" in too_early["reason"]
    days = timedelta(days=9)
    earlier = {
        "start": (now - 2 * days).isoformat(),
        "end": (now - days).isoformat(),
    }
    (yard,) = (await cameras(browser, entity_ids=[YARD], **earlier)).values()
    (refused,) = yard["refused"]
    assert refused == {**too_early, **{k: refused[k] for k in ("start", "end")}}
    assert time_of(refused["end"]) == now - days


async def test_rights(
    hass: HomeAssistant, hass_clouds: Clouds, entry: ConfigEntry, open_browser: Open
) -> None:
    """Of others' cameras nothing is told, and nothing is asked."""
    guest = await open_browser(ONE)
    before = len(hass_clouds.ring.asked())
    code = await guest.refused("footage", entity_id=YARD, **day())
    assert code == "not_found"
    for entity_ids in ([YARD], [FRONT, YARD]):
        code = await guest.refused("timeline", entity_ids=entity_ids, **day())
        assert code == "not_found"
    code = await guest.refused("events/list", entity_id=YARD, **day())
    assert code == "not_found"
    assert len(hass_clouds.ring.asked()) == before
    assert list(await cameras(guest, entity_ids=[FRONT])) == [FRONT]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"start": "2026-01-01", "end": "2026-03-01"}, "service_validation_error"),
        ({"start": "2026-01-02", "end": "2026-01-01"}, "service_validation_error"),
        ({"start": "0001-01-01T00:00:00+14:00"}, "service_validation_error"),
        ({"end": "9999-12-31T23:59:59-14:00"}, "service_validation_error"),
        ({"start": "2999-01-01", "end": "2999-01-02"}, "service_validation_error"),
        ({"start": None}, "invalid_format"),
        ({"entity_ids": []}, "invalid_format"),
        ({"entity_ids": [FRONT] * 10_000}, "invalid_format"),
        ({"entity_ids": ["x" * 2**20]}, "invalid_format"),
        ({"entity_ids": ["camera.nobody"]}, "not_found"),
    ],
)
async def test_nonsense(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    entry: ConfigEntry,
    open_browser: Open,
    *,
    data: dict[str, Any],
    code: str,
) -> None:
    """What makes no sense is refused, and the cloud is not asked."""
    browser = await open_browser()
    before = len(hass_clouds.ring.asked())
    asked = {"entity_ids": [FRONT], **day(), **data}
    assert await browser.refused("timeline", **asked) == code
    assert len(hass_clouds.ring.asked()) == before
