"""`list_events` and `save_events` as people and automations call them."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
import json
from pathlib import Path
from typing import Any

import pytest

from custom_components.clip_download.const import DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .accounts import cloud_of, set_up
from .clouds import Clouds
from .clouds.footage import first_and_last
from .clouds.ring import RingEvent
from .clouds.ring_partner import PartnerEvent
from .clouds.server import Asked

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
    response = await hass.services.async_call(
        DOMAIN,
        action,
        data,
        target={"entity_id": entity_id},
        blocking=True,
        return_response=True,
    )
    assert response is not None
    json.dumps(response)
    return response


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
        "ring": r"share/play|share-service",
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
        "start": start.isoformat(timespec="milliseconds"),
        "end": (start + 4 * SECOND).isoformat(timespec="milliseconds"),
        "ready": True,
        "saved": False,
    }
    (ding,) = await listed(hass, **around(minutes_ago), kinds="ding")
    assert ding == events[0]
    assert media(hass_clouds, kind) == []


async def test_what_was_seen(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path, minutes_ago: datetime
) -> None:
    """Events can be chosen by what was seen, and are named by it."""
    camera = hass_clouds.ring.add_camera("Front")
    for n, saw in enumerate(("human", "vehicle", None)):
        hass_clouds.ring.add_event(
            camera, start=minutes_ago + n * MINUTE, duration_s=4, saw=saw
        )
    await set_up(hass, hass_clouds, "ring")
    told = await save(hass, **around(minutes_ago), kinds=["person", "package"])
    (one,) = told["saved"]
    assert (one["kind"], one["what"], one["label"]) == ("motion", "person", "person")


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
    monkeypatch.setattr("custom_components.clip_download.clips.jobs.MOST_UNFINISHED", 4)
    starts = [minutes_ago + n * 10 * SECOND for n in range(9)]
    for start in starts:
        happen(hass_clouds, "ring", start, duration_s=1)
    await set_up(hass, hass_clouds, "ring")
    told = await save(hass, **around(minutes_ago))
    assert counts(told) == {"saved": 9}
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    jobs = await entry.runtime_data.jobs.recent(20)
    asked = [job.window.start for job in sorted(jobs, key=lambda one: one.asked_at)]
    assert all(b - a < MINUTE for a, b in pairwise(sorted(starts)))
    # The window of a recording is settled once it is there; its name tells the event.
    assert [job.filename for job in sorted(jobs, key=lambda one: one.asked_at)] == [
        f"clip_download/Front/{local:%F}/{local:%F_%H-%M-%S}_motion"
        for local in map(dt_util.as_local, starts)
    ]
    assert len(asked) == 9
