"""`list_events` and `save_events` as people and automations call them."""

import asyncio
from datetime import UTC, date, datetime, timedelta
import json
import logging
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pytest_homeassistant_custom_component.common import MockUser
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
import voluptuous as vol

from custom_components.clip_download.const import CONF_AUTOMATIC, DOMAIN
from custom_components.clip_download.engine.errors import InvalidRequestError
from custom_components.clip_download.engine.pipeline import retry
from custom_components.clip_download.engine.sources.ring_partner.client import (
    RingPartnerSource,
)
from custom_components.clip_download.engine.time_range import settle_past
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
)
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from tests.accounts import add_camera, cloud_of, refuse, set_up
from tests.clouds import Clouds
from tests.clouds.footage import first_and_last
from tests.clouds.ring import Detection, Pages, RingEvent
from tests.clouds.ring_partner import PartnerEvent
from tests.clouds.server import Asked
from tests.waits import until

from . import actions

# The clouds that keep a history.
with_history = pytest.mark.parametrize("kind", ["ring", "ring_partner"])

FRONT = "camera.front"
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
async def local_time(hass: HomeAssistant) -> None:
    """Let Home Assistant stand in Berlin."""
    await hass.config.async_set_time_zone("Europe/Berlin")


@pytest.fixture
def minutes_ago() -> datetime:
    """Return a whole second that every cloud has footage of by now."""
    return datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=40)


async def act(
    hass: HomeAssistant, action: str, entity_id: str | list[str] = FRONT, **data: Any
) -> dict[str, Any]:
    """Call an action as an automation does, and return its response."""
    return await actions.act(hass, action, entity_id=entity_id, **data)


async def save(hass: HomeAssistant, **data: Any) -> dict[str, Any]:
    """Save the events of the front camera; return what is told of it."""
    told: dict[str, Any] = (await act(hass, "save_events", **data))[FRONT]
    return told


async def listed(hass: HomeAssistant, **data: Any) -> list[dict[str, Any]]:
    """Return the events of the front camera."""
    told: list[dict[str, Any]] = (await act(hass, "list_events", **data))[FRONT][
        "events"
    ]
    return told


def happen(
    clouds: Clouds,
    kind: str,
    start: datetime,
    of: Any = "motion",
    *,
    duration_s: int = 4,
    name: str = "Front",
) -> RingEvent | PartnerEvent:
    """Let a camera see something, and add the camera if it is the first thing it sees."""
    if kind == "ring":
        known = [one for one in clouds.ring.cameras if one.name == name]
        camera = known[0] if known else clouds.ring.add_camera(name)
        return clouds.ring.add_event(camera, of, start=start, duration_s=duration_s)
    partner = clouds.ring_partner
    devices = [one for one in partner.cameras if one.name == name]
    device = devices[0] if devices else partner.add_camera(name)
    return partner.add_event(device, of, start=start, duration_s=duration_s)


def around(start: datetime) -> dict[str, datetime]:
    """Return the fields of the half hour from a moment on."""
    return {"start": start - MINUTE, "end": start + 30 * MINUTE}


def media(clouds: Clouds, kind: str) -> list[Asked]:
    """Return the requests for footage so far."""
    places = {
        "ring": "share/play|phoenix",
        "ring_partner": "media/video/download",
    }
    return cloud_of(clouds, kind).asked(places[kind])


def ids(events: list[dict[str, Any]]) -> list[str]:
    """Return the ids of what was told."""
    return [event["id"] for event in events]


def counts(told: dict[str, Any]) -> dict[str, int]:
    """Return how long the lists of a response are that are not empty."""
    return {name: len(entries) for name, entries in told.items() if entries}


def reauths(hass: HomeAssistant) -> list[str]:
    """Return which flows ask to sign in again."""
    return [
        flow["flow_id"]
        for flow in hass.config_entries.flow.async_progress()
        if flow["context"]["source"] == "reauth"
    ]


@with_history
async def test_every_event_is_one_file(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    media_dir: Path,
    minutes_ago: datetime,
    kind: str,
) -> None:
    """Each file shows its own event, and the oldest comes first; then all is there."""
    starts = [minutes_ago + n * MINUTE for n in (7, 0, 3)]
    for start, of in zip(starts, ("motion", "ding", "motion"), strict=True):
        happen(hass_clouds, kind, start, of)
    happen(hass_clouds, kind, minutes_ago + 31 * MINUTE)
    await set_up(hass, hass_clouds, kind)

    told = await save(hass, **around(minutes_ago))
    assert counts(told) == {"saved": 3}
    assert [one["kind"] for one in told["saved"]] == ["ding", "motion", "motion"]
    for one, start in zip(told["saved"], sorted(starts), strict=True):
        assert one["status"] == "complete"
        assert one["events"] == [one["id"]]
        shown = first_and_last(Path(one["path"]))
        assert abs(datetime.fromisoformat(one["start"]) - shown.start) < SECOND
        assert shown.start <= start
        assert start + 3 * SECOND <= shown.end < start + MINUTE
        local = dt_util.as_local(start)
        assert Path(one["path"]).name == f"{local:%F_%H-%M-%S}_{one['kind']}.mp4"
    assert len(list(media_dir.rglob("*.mp4"))) == 3

    asked = len(media(hass_clouds, kind))
    again = await save(hass, **around(minutes_ago))
    assert counts(again) == {"skipped": 3}
    assert len(media(hass_clouds, kind)) == asked
    for one, before in zip(again["skipped"], told["saved"], strict=True):
        assert (one["id"], one["path"]) == (before["id"], before["path"])
    assert [
        (one["id"], one["saved"], one["path"])
        for one in await listed(hass, **around(minutes_ago), kinds=["ding", "motion"])
    ] == [(one["id"], True, one["path"]) for one in told["saved"]]


@with_history
async def test_events_are_listed(
    hass: HomeAssistant, hass_clouds: Clouds, minutes_ago: datetime, kind: str
) -> None:
    """What the cloud has is told, exactly and in order, and no footage is fetched."""
    start = dt_util.as_local(minutes_ago)
    for n, of in enumerate(("ding", "motion", "on_demand")):
        happen(hass_clouds, kind, minutes_ago + n * MINUTE, of)
    happen(hass_clouds, kind, minutes_ago - 2 * MINUTE)
    await set_up(hass, hass_clouds, kind)

    events = await listed(hass, **around(minutes_ago))
    assert [event["kind"] for event in events] == ["ding", "motion", "on_demand"]
    assert events[0] == {
        "id": events[0]["id"],
        "kind": "ding",
        "what": "",
        "seen": [],
        "start": start.isoformat(timespec="milliseconds"),
        "end": (start + 4 * SECOND).isoformat(timespec="milliseconds"),
        "ready": True,
        "saved": False,
    }
    (ding,) = await listed(hass, **around(minutes_ago), kinds="ding")
    assert ding == events[0]
    assert media(hass_clouds, kind) == []


@with_history
async def test_bounds_of_the_window(
    hass: HomeAssistant, hass_clouds: Clouds, minutes_ago: datetime, kind: str
) -> None:
    """What begins as the window begins is in it, what begins as it ends is not."""
    start, end = minutes_ago, minutes_ago + 10 * MINUTE
    for at in (start - SECOND, start, end - SECOND, end):
        happen(hass_clouds, kind, at)
    await set_up(hass, hass_clouds, kind)
    events = await listed(hass, start=start, end=end)
    starts = [datetime.fromisoformat(event["start"]) for event in events]
    assert starts == [start, end - SECOND]


async def test_what_was_seen(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path, minutes_ago: datetime
) -> None:
    """Events can be chosen by what was seen, and are named by it."""
    camera = hass_clouds.ring.add_camera("Front")
    sights: tuple[Detection | None, ...] = ("human", "vehicle", None)
    for n, saw in enumerate(sights):
        hass_clouds.ring.add_event(
            camera, start=minutes_ago + n * MINUTE, duration_s=4, saw=saw
        )
    courier = {"person_detected": True, "detection_type": "package_delivery"}
    hass_clouds.ring.add_event(
        camera, start=minutes_ago + 3 * MINUTE, duration_s=4, cv_properties=courier
    )
    await set_up(hass, hass_clouds, "ring")
    told = await save(hass, **around(minutes_ago), kinds=["package", "animal"])
    (both,) = told["saved"]
    assert both["seen"] == ["package", "person"]
    assert both["what"] == both["label"] == "package, person"
    assert Path(both["path"]).stem.endswith("_package, person")
    told = await save(hass, **around(minutes_ago), kinds=["person"])
    assert [one["id"] for one in told["skipped"]] == [both["id"]]
    (one,) = told["saved"]
    assert (one["kind"], one["what"], one["label"]) == ("motion", "person", "person")


@pytest.mark.parametrize("kind", ["on_demand_link", "alarm", "door_activity"])
async def test_other_kinds(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    media_dir: Path,
    minutes_ago: datetime,
    kind: str,
) -> None:
    """What a linked device, the alarm or a door set off is saved where it is asked for."""
    camera = hass_clouds.ring.add_camera("Front")
    hass_clouds.ring.add_event(camera, start=minutes_ago, duration_s=4)
    other: dict[str, Any] = {"kind": kind, "duration_s": 4}
    hass_clouds.ring.add_event(camera, start=minutes_ago + MINUTE, **other)
    await set_up(hass, hass_clouds, "ring")
    (one,) = await listed(hass, **around(minutes_ago), kinds=kind)
    told = await save(hass, **around(minutes_ago), kinds=kind)
    assert [event["id"] for event in told["saved"]] == [one["id"]]
    assert told["saved"][0]["label"] == kind


async def test_not_ready_is_not_waited_for(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path, minutes_ago: datetime
) -> None:
    """What the cloud still works at is told apart, and saved by a later call."""
    camera = hass_clouds.ring.add_camera("Front")
    old = hass_clouds.ring.add_event(camera, start=minutes_ago, duration_s=4)
    new = hass_clouds.ring.add_event(
        camera, start=datetime.now(UTC) - 6 * SECOND, duration_s=4, ready_after_s=600
    )
    await set_up(hass, hass_clouds, "ring")
    window = {"start": minutes_ago - MINUTE, "end": datetime.now(UTC) + MINUTE}
    told = await save(hass, **window)
    assert ids(told["saved"]) == [str(old.id)]
    assert ids(told["not_ready"]) == [str(new.id)]
    assert told["failed"] == []
    assert [one["ready"] for one in await listed(hass, **window)] == [True, False]

    new.ready_at = new.stored_at = datetime.now(UTC)
    told = await save(hass, **window)
    assert ids(told["saved"]) == [str(new.id)]
    assert ids(told["skipped"]) == [str(old.id)]


@with_history
async def test_a_file_that_is_gone_is_fetched_again(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    media_dir: Path,
    minutes_ago: datetime,
    kind: str,
) -> None:
    """What counts is whether the event's own file is there, whatever others are."""
    happen(hass_clouds, kind, minutes_ago)
    happen(hass_clouds, kind, minutes_ago + 5 * MINUTE)
    await set_up(hass, hass_clouds, kind)
    first, second = (await save(hass, **around(minutes_ago)))["saved"]
    Path(first["path"]).unlink()
    motions = await listed(hass, **around(minutes_ago), kinds="motion")
    assert [(one["saved"], one.get("path")) for one in motions] == [
        (False, None),
        (True, second["path"]),
    ]
    told = await save(hass, **around(minutes_ago))
    assert ids(told["saved"]) == [first["id"]]
    assert ids(told["skipped"]) == [second["id"]]
    assert Path(first["path"]).is_file()


async def test_overwriting(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path, minutes_ago: datetime
) -> None:
    """Each event's own file is replaced, also where two have the same name."""
    for _ in range(2):
        happen(hass_clouds, "ring", minutes_ago)
    happen(hass_clouds, "ring", minutes_ago + MINUTE)
    await set_up(hass, hass_clouds, "ring")
    first = await save(hass, start=minutes_ago, end=minutes_ago + MINUTE)
    assert counts(first) == {"saved": 2}
    again = await save(hass, **around(minutes_ago), overwrite=True)
    assert counts(again) == {"saved": 3}
    paths = {one["id"]: one["path"] for one in first["saved"]}
    assert {one["id"]: one["path"] for one in again["saved"][:2]} == paths
    assert len(set(paths.values())) == 2
    assert len(list(media_dir.rglob("*.mp4"))) == 3


async def test_more_than_can_be_under_way(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    media_dir: Path,
    minutes_ago: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only a few jobs are asked for at once, in the order of the events."""
    monkeypatch.setattr(
        "custom_components.clip_download.engine.pipeline.jobs.MOST_UNFINISHED", 4
    )
    starts = [minutes_ago + n * 10 * SECOND for n in range(9)]
    for start in starts:
        happen(hass_clouds, "ring", start, duration_s=1)
    await set_up(hass, hass_clouds, "ring")
    told = await save(hass, **around(minutes_ago))
    assert counts(told) == {"saved": 9}
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    jobs = await entry.runtime_data.jobs.recent(20)
    begun = [job.filename for job in sorted(jobs, key=lambda job: job.asked_at)]
    # Of those that are begun together, any may be the first.
    for place, filename in enumerate(sorted(begun)):
        assert abs(begun.index(filename) - place) < 4


@pytest.mark.parametrize("action", ["list_events", "save_events"])
@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({}, ("past_no_form", "")),
        ({"start": "2025-11-20 12:00:00"}, ("past_no_form", "Start 2025-11-20 12:00")),
        (
            {"date": "2025-11-20", "start": "2025-11-20 12:00:00"},
            ("past_no_form", "Date 2025-11-20, Start"),
        ),
        ({"date": "0001-01-01"}, ("past_no_form", "0001")),
        ({"date": "9999-12-31"}, ("past_in_future", "9999")),
        (
            {"start": "2036-11-20 12:00:00", "end": "2036-11-20 13:00:00"},
            ("past_in_future", "2036"),
        ),
        (
            {"start": "2025-11-20 12:00:00", "end": "2025-11-20 11:00:00"},
            ("window_reversed", "End 2025-11-20 11:00"),
        ),
        (
            {"start": "2025-10-01 12:00:00", "end": "2025-11-02 12:00:00"},
            ("past_too_long", ""),
        ),
        (
            {"start": "2025-03-30 02:30:00", "end": "2025-03-30 12:00:00"},
            ("time_skipped", "02:30:00"),
        ),
    ],
)
async def test_a_window_that_cannot_be(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    action: str,
    fields: dict[str, Any],
    wrong: tuple[str, str],
) -> None:
    """Each mistake is the caller's, is named, and tells camera and window."""
    add_camera(hass_clouds, "ring_partner", "Front")
    await set_up(hass, hass_clouds, "ring_partner")
    asked = len(hass_clouds.ring_partner.requests)
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, action, **fields)
    key, words = wrong
    assert error.value.translation_key == key
    assert "Front" in str(error.value)
    assert words in str(error.value)
    assert len(hass_clouds.ring_partner.requests) == asked


@pytest.mark.parametrize("action", ["list_events", "save_events"])
@pytest.mark.parametrize("kinds", ["burglar", ["ding", "burglar"], []])
async def test_kinds_that_nobody_knows(
    hass: HomeAssistant, hass_clouds: Clouds, action: str, kinds: str | list[str]
) -> None:
    """A word that is no kind is refused, with those that are."""
    add_camera(hass_clouds, "ring", "Front")
    await set_up(hass, hass_clouds, "ring")
    with pytest.raises(vol.Invalid) as error:
        await act(hass, action, date="2025-11-20", kinds=kinds)
    if kinds:
        assert "motion" in str(error.value)
        assert "person" in str(error.value)


async def test_a_kind_that_the_cloud_never_lists(
    hass: HomeAssistant, hass_clouds: Clouds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To find nothing of it for ever would be silence."""
    monkeypatch.setattr(RingPartnerSource, "event_kinds", ("motion",))
    add_camera(hass_clouds, "ring_partner", "Front")
    await set_up(hass, hass_clouds, "ring_partner")
    for action in ("list_events", "save_events"):
        told = await act(hass, action, date="2025-11-20", kinds=["motion", "ding"])
        error = told[FRONT]["error"]
        assert error["key"] == "kind_unknown"
        assert "ding" in error["message"]
        assert "motion" in error["message"]
    # What is saved where nobody says what, is no mistake of theirs.
    told = await act(hass, "save_events", date="2025-11-20")
    assert "error" not in told[FRONT] or told[FRONT]["error"]["key"] != "kind_unknown"


async def test_downloads_do_not_feed_themselves(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path, minutes_ago: datetime
) -> None:
    """Where each download is an event, those are not saved, under no name."""
    camera = hass_clouds.ring.add_camera("Front")
    hass_clouds.ring.add_event(camera, "on_demand", start=minutes_ago, duration_s=4)
    hass_clouds.ring_partner.add_camera("Back")
    await set_up(hass, hass_clouds, "ring")
    await set_up(hass, hass_clouds, "ring_partner")
    told = await act(
        hass,
        "save_events",
        [FRONT, "camera.back"],
        **around(minutes_ago),
        kinds=["motion", "on_demand"],
    )
    assert counts(told[FRONT]) == {"saved": 1}
    assert told["camera.back"]["error"]["key"] == "kind_echoes"

    happen(hass_clouds, "ring_partner", minutes_ago, name="Back")
    for saved in (1, 0):
        told = await act(hass, "save_events", "camera.back", **around(minutes_ago))
        assert len(told["camera.back"]["saved"]) == saved
    told = await act(hass, "list_events", "camera.back", **around(minutes_ago))
    assert {one["kind"] for one in told["camera.back"]["events"]} == {
        "motion",
        "on_demand",
    }


async def test_cameras_that_cannot(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path, minutes_ago: datetime
) -> None:
    """Each has its own error, and stops no other."""
    happen(hass_clouds, "ring_partner", minutes_ago)
    add_camera(hass_clouds, "meraki", "Back")
    add_camera(hass_clouds, "kinesis", "Side")
    add_camera(hass_clouds, "ring", "Gate")
    for kind in ("ring_partner", "meraki", "kinesis"):
        await set_up(hass, hass_clouds, kind)
    ring = await set_up(hass, hass_clouds, "ring")
    assert await hass.config_entries.async_unload(ring.entry_id)
    bad = {
        "camera.back": "no_history",
        "camera.side": "no_history",
        "camera.gate": "account_not_loaded",
        "camera.none": "not_our_camera",
    }
    for action in ("list_events", "save_events"):
        told = await act(hass, action, [FRONT, *bad], **around(minutes_ago))
        assert {
            entity_id: one["error"]["key"]
            for entity_id, one in told.items()
            if "error" in one
        } == bad
    assert counts(told[FRONT]) == {"saved": 1}
    assert "Back" in told["camera.back"]["error"]["message"]

    call = {"entity_id": [FRONT, "camera.back"], **around(minutes_ago)}
    with pytest.raises(ServiceValidationError) as error:
        await hass.services.async_call(DOMAIN, "save_events", call, blocking=True)
    assert error.value.translation_key == "no_history"
    call["entity_id"] = list(bad)
    with pytest.raises(HomeAssistantError) as error2:
        await hass.services.async_call(DOMAIN, "save_events", call, blocking=True)
    assert error2.value.translation_key == "several_failed"
    assert "camera.none" in str(error2.value)


async def test_home_assistant_stops(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    media_dir: Path,
    minutes_ago: datetime,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """No more is begun while Home Assistant stops, and what was begun is told as such."""
    for number in range(12):
        happen(hass_clouds, "ring", minutes_ago + number * MINUTE)
    await set_up(hass, hass_clouds, "ring")
    hass_clouds.ring.misbehave("phoenix", hang_after_bytes=1000, times=99)
    calling = asyncio.create_task(save(hass, **around(minutes_ago)))
    await until(lambda: len(media(hass_clouds, "ring")) >= 2)
    await hass.async_stop(force=True)
    assert counts(await calling) == {"not_ready": 12}
    assert not list(media_dir.rglob("*.mp4"))
    assert "still running" not in caplog.text
    assert [one for one in caplog.records if one.levelno >= logging.ERROR] == []


@pytest.mark.parametrize("action", ["list_events", "save_events"])
async def test_who_may_not_control(
    hass: HomeAssistant, hass_clouds: Clouds, minutes_ago: datetime, action: str
) -> None:
    """Who may only look at a camera neither saves its events nor sees their list."""
    happen(hass_clouds, "ring", minutes_ago)
    await set_up(hass, hass_clouds, "ring")
    asked = len(hass_clouds.ring.requests)
    user = MockUser()
    user.add_to_hass(hass)
    user.mock_policy({"entities": {"entity_ids": {FRONT: {"read": True}}}})
    with pytest.raises(Unauthorized):
        await hass.services.async_call(
            DOMAIN,
            action,
            {"entity_id": FRONT, **around(minutes_ago)},
            context=Context(user_id=user.id),
            blocking=True,
            return_response=True,
        )
    assert len(hass_clouds.ring.requests) == asked


async def test_over_rest(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    media_dir: Path,
    minutes_ago: datetime,
    hass_client: ClientSessionGenerator,
) -> None:
    """A day is one request, and ids that no float holds come back exactly."""
    assert await async_setup_component(hass, "api", {})
    event = happen(hass_clouds, "ring", minutes_ago)
    assert isinstance(event, RingEvent)
    assert event.id > 2**53
    assert float(event.id) != event.id
    await set_up(hass, hass_clouds, "ring")
    client = await hass_client()
    for action, told_as in (("list_events", "events"), ("save_events", "saved")):
        response = await client.post(
            f"/api/services/clip_download/{action}?return_response",
            json={
                "entity_id": FRONT,
                "date": f"{dt_util.as_local(minutes_ago):%F}",
            },
        )
        assert response.status == 200
        told = (await response.json())["service_response"][FRONT]
        assert ids(told[told_as]) == [str(event.id)]
    assert Path(told["saved"][0]["path"]).is_file()


async def test_from_a_script(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path, minutes_ago: datetime
) -> None:
    """A day is a template's date, and the answer counts by the length of its lists."""
    happen(hass_clouds, "ring", minutes_ago, "ding")
    await set_up(hass, hass_clouds, "ring")
    day = f"as_local(as_datetime('{minutes_ago.isoformat()}')).date()"
    action = {
        "action": "clip_download.save_events",
        "target": {"entity_id": FRONT},
        "data": {"date": f"{{{{ {day} }}}}"},
        "response_variable": "saved",
    }
    counted = {
        name: f"{{{{ saved['{FRONT}'].{name} | count }}}}"
        for name in ("saved", "skipped")
    }
    sequence = [
        action,
        {"variables": {"counted": counted}},
        {"stop": "", "response_variable": "counted"},
    ]
    assert await async_setup_component(
        hass, "script", {"script": {"today": {"sequence": sequence}}}
    )
    for counts_then in ({"saved": 1, "skipped": 0}, {"saved": 0, "skipped": 1}):
        assert counts_then == await hass.services.async_call(
            "script", "today", blocking=True, return_response=True
        )


@pytest.mark.parametrize("pages", ["repeated", "skipping"])
async def test_ring_pages_that_go_astray(
    hass: HomeAssistant, hass_clouds: Clouds, minutes_ago: datetime, pages: Pages
) -> None:
    """What the pages list is told once each, in order, and the call ends."""
    ring = hass_clouds.ring
    ring.has_search, ring.history_pages = False, pages
    known = [
        happen(hass_clouds, "ring", minutes_ago + n * 5 * SECOND, duration_s=1)
        for n in range(130)
    ]
    await set_up(hass, hass_clouds, "ring")
    events = await listed(hass, **around(minutes_ago))
    assert len(events) >= 20
    assert ids(events) == [
        str(event.id) for event in known if str(event.id) in ids(events)
    ]


async def test_partner_pages_that_go_astray(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path, minutes_ago: datetime
) -> None:
    """A page that comes again ends the list; an entry without a time is none."""
    happen(hass_clouds, "ring_partner", minutes_ago)
    await set_up(hass, hass_clouds, "ring_partner")
    start_ms = int(minutes_ago.timestamp() * 1000)
    about = {"event_type": "motion", "end": start_ms + 4000}
    page = {
        "data": [
            {"id": "timeless", "attributes": about},
            {"id": "9007199254740993", "attributes": {**about, "start": start_ms}},
        ],
        "links": {"next": "/v1/history/devices/1/events?page%5Bkey%5D=again"},
    }
    hass_clouds.ring_partner.misbehave("/events$", body=json.dumps(page), times=99)
    asked = len(hass_clouds.ring_partner.asked("/events$"))
    assert ids(await listed(hass, **around(minutes_ago))) == ["9007199254740993"]
    assert len(hass_clouds.ring_partner.asked("/events$")) == asked + 2
    told = await save(hass, **around(minutes_ago))
    assert ids(told["saved"]) == ["9007199254740993"]


async def test_an_event_of_no_known_time(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path, minutes_ago: datetime
) -> None:
    """It belongs to no window, and stops none of the others."""
    camera = hass_clouds.ring.add_camera("Front")
    hass_clouds.ring.add_event(camera, start=minutes_ago, duration_s=4, created_at=None)
    other = hass_clouds.ring.add_event(camera, start=minutes_ago + MINUTE, duration_s=4)
    await set_up(hass, hass_clouds, "ring")
    told = await save(hass, **around(minutes_ago))
    assert counts(told) == {"saved": 1}
    assert ids(told["saved"]) == [str(other.id)]


@pytest.fixture
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Save one event after the other."""
    monkeypatch.setattr("custom_components.clip_download.services.events.AT_ONCE", 1)


@pytest.fixture
def one_try(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up after the first fault."""
    monkeypatch.setattr(retry, "MOST_ATTEMPTS", 1)


@with_history
@pytest.mark.usefixtures("one_by_one", "one_try")
async def test_one_event_fails(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    media_dir: Path,
    minutes_ago: datetime,
    kind: str,
) -> None:
    """A 401 for one clip is no bad sign-in, and stops no other; it is tried again later."""
    for n in range(3):
        happen(hass_clouds, kind, minutes_ago + n * MINUTE)
    for event in hass_clouds.ring.events:
        event.has_inline_urls = False
    await set_up(hass, hass_clouds, kind)
    place = {"ring": "share/play", "ring_partner": "video/download"}[kind]
    # Once, and again with a new token.
    cloud_of(hass_clouds, kind).misbehave(place, status=401, times=2)
    told = await save(hass, **around(minutes_ago), timeout=0)
    assert counts(told) == {"saved": 2, "failed": 1}
    (failed,) = told["failed"]
    assert failed["start"] == dt_util.as_local(minutes_ago).isoformat(
        timespec="milliseconds"
    )
    assert "Front" in failed["error"]["message"]
    assert reauths(hass) == []
    assert counts(await save(hass, **around(minutes_ago))) == {"saved": 1, "skipped": 2}


@with_history
async def test_failing_without_a_response(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    media_dir: Path,
    minutes_ago: datetime,
    kind: str,
) -> None:
    """The action raises once all have ended, and says how many failed of which camera."""
    for n in range(2):
        happen(hass_clouds, kind, minutes_ago + n * MINUTE)
    happen(hass_clouds, kind, minutes_ago + 2 * MINUTE, name="Back")
    if kind == "ring":
        for event in hass_clouds.ring.events[:2]:
            event.is_e2ee = True
    else:
        hass_clouds.ring_partner.cameras[0].is_corrupt = True
    await set_up(hass, hass_clouds, kind)
    call = {"entity_id": [FRONT, "camera.back"], **around(minutes_ago)}
    with pytest.raises(HomeAssistantError) as error:
        await hass.services.async_call(DOMAIN, "save_events", call, blocking=True)
    assert error.value.translation_key == "events_failed"
    assert "2 clips of Front" in str(error.value)
    assert len(list(media_dir.rglob("*.mp4"))) == 1


@with_history
async def test_a_list_that_fails(
    hass: HomeAssistant, hass_clouds: Clouds, minutes_ago: datetime, kind: str
) -> None:
    """A fault that passes is outlasted, another is told; a bad sign-in asks for a new one."""
    happen(hass_clouds, kind, minutes_ago)
    await set_up(hass, hass_clouds, kind)
    cloud = cloud_of(hass_clouds, kind)
    place = "history|/events$"
    headers = {"Retry-After": "0"}
    cloud.misbehave(place, status=429, headers=headers)
    assert len(await listed(hass, **around(minutes_ago))) == 1
    fault = cloud.misbehave(place, status=503, times=99)
    told = await save(hass, **around(minutes_ago), timeout=0)
    assert told["error"]["key"] == "cloud_trouble"
    assert "Front" in told["error"]["message"]
    assert reauths(hass) == []

    fault.times = 0
    refuse(hass_clouds, kind)
    told = (await act(hass, "list_events", FRONT, **around(minutes_ago)))[FRONT]
    assert told["error"]["key"] == "invalid_auth"
    await hass.async_block_till_done()
    assert len(reauths(hass)) == 1


@with_history
async def test_while_it_is_saved_automatically(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    media_dir: Path,
    minutes_ago: datetime,
    kind: str,
) -> None:
    """Whoever comes first, each event is fetched once, and is one file."""
    add_camera(hass_clouds, kind, "Front")
    entry = await set_up(hass, hass_clouds, kind)
    (camera,) = entry.runtime_data.coordinator.data
    since = minutes_ago - 10 * MINUTE
    hass.config_entries.async_update_entry(
        entry, options={**entry.options, CONF_AUTOMATIC: {camera: since.isoformat()}}
    )
    # As after downtime: it catches up.
    await entry.runtime_data.event_store.set_polled_until(camera, since)
    known = [happen(hass_clouds, kind, minutes_ago + n * MINUTE) for n in range(4)]
    # Nobody but the account itself saves this one.
    happen(hass_clouds, kind, minutes_ago - 5 * MINUTE)
    entry.runtime_data.monitor.on_push()
    told, _, other = await asyncio.gather(
        save(hass, **around(minutes_ago)),
        entry.runtime_data.monitor.poll(),
        save(hass, **around(minutes_ago)),
    )
    await hass.async_block_till_done(wait_background_tasks=True)
    for one in (told, other):
        assert len(one["saved"]) + len(one["skipped"]) == len(known)
    assert len(list(media_dir.rglob("*.mp4"))) == len(known) + 1
    given = [
        asked
        for asked in media(hass_clouds, kind)
        if asked.method == "POST" or "phoenix" in asked.host
    ]
    assert len(given) == len(known) + 1


@with_history
@pytest.mark.usefixtures("one_by_one")
async def test_a_sign_in_that_ends(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    media_dir: Path,
    minutes_ago: datetime,
    kind: str,
) -> None:
    """After one event shows that the sign-in is over, nothing more is asked in vain."""
    for n in range(4):
        happen(hass_clouds, kind, minutes_ago + n * MINUTE)
    for event in hass_clouds.ring.events:
        event.has_inline_urls = False
    entry = await set_up(hass, hass_clouds, kind)
    (first,) = (await save(hass, start=minutes_ago, end=minutes_ago + SECOND))["saved"]
    cloud = cloud_of(hass_clouds, kind)
    place = {"ring": "share/play", "ring_partner": "video/download"}[kind]
    cloud.misbehave(place, delay_s=0.2, times=99)
    before = len(cloud.asked(place))
    saving = hass.async_create_task(save(hass, **around(minutes_ago)))
    await until(lambda: len(cloud.asked(place)) > before)
    # While the first of them is under way.
    refuse(hass_clouds, kind)
    told = await saving
    assert ids(told["skipped"]) == [first["id"]]
    assert len(told["saved"]) + len(told["failed"]) == 3
    assert len(told["failed"]) >= 2
    assert {one["error"]["key"] for one in told["failed"]} == {"invalid_auth"}
    # That which is there already, and the first to fail.
    jobs = await entry.runtime_data.jobs.recent(9)
    assert len(jobs) == 1 + len(told["saved"]) + 1
    assert len(reauths(hass)) == 1


@with_history
async def test_cancelled_and_called_again(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    media_dir: Path,
    minutes_ago: datetime,
    kind: str,
) -> None:
    """What is under way is finished, the rest is not begun; the next call saves that."""
    known = [happen(hass_clouds, kind, minutes_ago + n * MINUTE) for n in range(7)]
    await set_up(hass, hass_clouds, kind)
    place = {"ring": "phoenix", "ring_partner": "video/download"}[kind]
    cloud = cloud_of(hass_clouds, kind)
    cloud.misbehave(place, delay_s=0.2, times=99)
    saving = hass.async_create_task(save(hass, **around(minutes_ago)))
    await until(lambda: cloud.asked(place))
    saving.cancel()
    await asyncio.gather(saving, return_exceptions=True)
    await hass.async_block_till_done(wait_background_tasks=True)
    begun = len(list(media_dir.rglob("*.mp4")))
    assert 0 < begun < len(known)

    cloud.faults.clear()
    told = await save(hass, **around(minutes_ago))
    assert counts(told) == {"saved": len(known) - begun, "skipped": begun}
    assert len(list(media_dir.rglob("*.mp4"))) == len(known)
    assert len(cloud.asked(place)) == len(known)


async def test_an_account_that_goes_away(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path, minutes_ago: datetime
) -> None:
    """What was under way is not ready, the rest failed; all is there in the end."""
    for n in range(6):
        happen(hass_clouds, "ring_partner", minutes_ago + n * MINUTE)
    entry = await set_up(hass, hass_clouds, "ring_partner")
    cloud = hass_clouds.ring_partner
    fault = cloud.misbehave("video/download", delay_s=60, times=99)
    saving = hass.async_create_task(save(hass, **around(minutes_ago)))
    # So many are asked for at once: nobody is on the way to the cloud by then.
    await until(lambda: len(cloud.asked("video/download")) == 4)
    assert await hass.config_entries.async_unload(entry.entry_id)
    told = await saving
    assert counts(told) == {"failed": 2, "not_ready": 4}
    assert {one["error"]["key"] for one in told["failed"]} == {"account_not_loaded"}

    fault.times = 0
    assert await hass.config_entries.async_setup(entry.entry_id)
    told = await save(hass, **around(minutes_ago))
    assert len(told["saved"]) + len(told["skipped"]) == 6
    assert len(list(media_dir.rglob("*.mp4"))) == 6


@pytest.mark.parametrize(
    ("zone", "day", "start", "hours"),
    [
        ("Europe/Berlin", date(2025, 11, 20), "2025-11-19T23:00", 24),
        ("Europe/Berlin", date(2025, 10, 26), "2025-10-25T22:00", 25),
        ("Europe/Berlin", date(2025, 3, 30), "2025-03-29T23:00", 23),
        # Where the clock skips midnight, or shows it twice.
        ("Asia/Beirut", date(2025, 3, 30), "2025-03-29T22:00", 23),
        ("America/Havana", date(2025, 11, 2), "2025-11-02T04:00", 25),
    ],
)
def test_a_day(zone: str, day: date, start: str, hours: int) -> None:
    """A day begins and ends at midnight where Home Assistant is, whatever clocks do."""
    window = settle_past(
        now=datetime(2025, 12, 1, tzinfo=UTC), time_zone=ZoneInfo(zone), day=day
    )
    assert window.start == datetime.fromisoformat(start).replace(tzinfo=UTC)
    assert window.duration == timedelta(hours=hours)


def test_today_and_tomorrow() -> None:
    """Today is asked for while it lasts; tomorrow begins at midnight, not in UTC."""
    zone = ZoneInfo("Europe/Berlin")
    for hour, day in ((22, 21), (23, 22)):
        now = datetime(2025, 11, 21, hour, 30, tzinfo=UTC)
        window = settle_past(now=now, time_zone=zone, day=date(2025, 11, day))
        assert window.start <= now < window.end
        with pytest.raises(InvalidRequestError, match="past_in_future"):
            settle_past(now=now, time_zone=zone, day=date(2025, 11, day + 1))


def test_a_month() -> None:
    """A whole month is never too long, also when the clock goes back in it."""
    zone = ZoneInfo("Europe/Berlin")
    window = settle_past(
        now=datetime(2025, 12, 1, tzinfo=UTC),
        time_zone=zone,
        start=datetime(2025, 10, 1),  # noqa: DTZ001
        end=datetime(2025, 11, 1),  # noqa: DTZ001
    )
    assert window.duration == timedelta(days=31, hours=1)
