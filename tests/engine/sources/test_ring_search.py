"""A list of Ring's is complete, however few recordings its search answers at once."""

from collections import Counter
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
import random
from typing import Any, Literal

import pytest

from custom_components.clip_download.const import DOMAIN
from custom_components.clip_download.engine.model import MediaOptions
from custom_components.clip_download.engine.sources.ring import lists
from custom_components.clip_download.engine.sources.ring.client import (
    RingCamera as ListedCamera,
    RingSource,
)
from custom_components.clip_download.engine.time_range import Window
from homeassistant.core import HomeAssistant
from tests.accounts import set_up
from tests.clouds import Clouds
from tests.clouds.footage import tiny
from tests.clouds.ring import API_HOST, RingCamera, RingCloud
from tests.engine.sources.test_ring import (
    NOON,
    SEARCH_PLACE,
    camera,
    cloud,
    doorbell,
    kept,
    part_of,
    source,
)
from tests.engine.sources.test_ring_events import HISTORY, LISTS, ids, look, unhurried

# The fixtures of an account are the same here.
__all__ = ["camera", "cloud", "doorbell", "kept", "source", "unhurried"]

DAY = Window(NOON, NOON + timedelta(days=1))
CAPS = [
    pytest.param(most, cut, id=f"{most}, {cut}")
    for most in (1, 2, 15, 20, 100)
    for cut in ("oldest", "newest")
]


def add_day(cloud: RingCloud, doorbell: RingCamera, count: int) -> list[Any]:
    """Add a day's events, some of which begin at once, the oldest first."""
    chosen = random.Random(count)
    seconds = sorted(chosen.randrange(86_400) for _ in range(count - 6))
    # At each end of the window, and a few in its middle.
    starts = [0, 0, *seconds, seconds[9], seconds[20], seconds[20], 86_399]
    return [
        cloud.add_event(doorbell, start=NOON + timedelta(seconds=start), duration_s=5)
        for start in sorted(starts)
    ]


@pytest.mark.parametrize(("most", "cut"), CAPS)
async def test_day(
    *,
    cloud: RingCloud,
    source: RingSource,
    camera: ListedCamera,
    doorbell: RingCamera,
    most: int,
    cut: Literal["oldest", "newest"],
) -> None:
    """All events of a day are listed and planned, each once."""
    cloud.search_most, cloud.search_cut = most, cut
    events = add_day(cloud, doorbell, 80)
    for _ in range(2):
        found = await source.events(camera, DAY)
        assert Counter(ids(found)) == Counter(ids(events))
    planned = await source.plan(camera, DAY, MediaOptions())
    assert Counter(part.event_ids for part in planned.parts) == Counter(
        (one,) for one in ids(events)
    )
    searches = len(cloud.asked(SEARCH_PLACE)) / 3
    assert searches <= (2 * 80 / (most - 1) + 5 if most > 1 else 5)


@pytest.mark.parametrize("cut", ["oldest", "newest"])
async def test_answers_of_different_lengths(
    cloud: RingCloud,
    source: RingSource,
    camera: ListedCamera,
    doorbell: RingCamera,
    cut: Literal["oldest", "newest"],
) -> None:
    """An answer with fewer than another had may be cut short all the same."""
    cloud.search_cut = cut
    events = add_day(cloud, doorbell, 200)
    await source.events(camera, DAY)
    for n, event in enumerate(events):
        event.is_deleted = n % 5 in (1, 3)
    left = [one for one in events if not one.is_deleted]
    assert Counter(ids(await source.events(camera, DAY))) == Counter(ids(left))


@pytest.mark.parametrize("cut", ["oldest", "newest"])
@pytest.mark.parametrize("count", [19, 20, 21, 39, 40])
async def test_about_a_page(
    *,
    cloud: RingCloud,
    source: RingSource,
    camera: ListedCamera,
    doorbell: RingCamera,
    count: int,
    cut: Literal["oldest", "newest"],
) -> None:
    """What just fills an answer is told from what does not."""
    cloud.search_cut = cut
    events = add_day(cloud, doorbell, 27)[:count]
    events += [
        cloud.add_event(doorbell, start=NOON + timedelta(hours=23, minutes=n))
        for n in range(count - len(events))
    ]
    cloud.events[:] = events
    assert Counter(ids(await source.events(camera, DAY))) == Counter(ids(events))


@pytest.mark.parametrize("cut", ["oldest", "newest"])
async def test_all_at_once(
    *,
    cloud: RingCloud,
    source: RingSource,
    camera: ListedCamera,
    doorbell: RingCamera,
    cut: Literal["oldest", "newest"],
) -> None:
    """More events of one moment than a search answers are listed by the history."""
    cloud.search_cut = cut
    start = NOON + timedelta(hours=3)
    events = [cloud.add_event(doorbell, start=start) for _ in range(30)]
    events += [
        cloud.add_event(doorbell, start=start + timedelta(hours=n)) for n in (-1, 1)
    ]
    found = await source.events(camera, DAY)
    assert Counter(ids(found)) == Counter(ids(events))


@pytest.mark.parametrize("cut", ["oldest", "newest"])
async def test_busy_week(
    cloud: RingCloud,
    source: RingSource,
    camera: ListedCamera,
    doorbell: RingCamera,
    cut: Literal["oldest", "newest"],
) -> None:
    """A week of 156 events a day takes little more than a search for each 19 of them."""
    cloud.search_cut = cut
    events = [
        cloud.add_event(doorbell, start=NOON + n * timedelta(days=1) / 156)
        for n in range(7 * 156)
    ]
    week = Window(NOON, NOON + timedelta(days=7))
    assert ids(await source.events(camera, week)) == ids(events)
    assert len(cloud.asked(LISTS)) <= 7 * 156 / 19 + 3


async def test_too_many_searches(
    cloud: RingCloud,
    source: RingSource,
    camera: ListedCamera,
    doorbell: RingCamera,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What would take too many searches is listed by the history, with what was found."""
    monkeypatch.setattr(lists, "MOST_SEARCHES", 3)
    events = add_day(cloud, doorbell, 200)
    events[-1].is_e2ee = True
    planned = await source.plan(camera, DAY, MediaOptions())
    assert Counter(part.event_ids for part in planned.parts) == Counter(
        (one,) for one in ids(events[:-1])
    )
    assert len(cloud.asked(SEARCH_PLACE)) == 3


@pytest.mark.parametrize("count", [30, 60])
async def test_search_that_repeats_itself(
    *,
    cloud: RingCloud,
    source: RingSource,
    camera: ListedCamera,
    doorbell: RingCamera,
    count: int,
) -> None:
    """A search that answers the same again and again is left for the history."""
    cloud.search_keeps_to_window = False
    events = add_day(cloud, doorbell, count)
    found = await source.events(camera, DAY)
    assert Counter(ids(found)) == Counter(ids(events))
    assert len(cloud.asked(LISTS)) <= 6
    old = Window(NOON - timedelta(days=9), NOON - timedelta(days=8))
    assert await source.events(camera, old) == []


async def test_search_of_no_known_times(
    cloud: RingCloud, source: RingSource, camera: ListedCamera, doorbell: RingCamera
) -> None:
    """A full answer that tells no time says nothing of what it left out."""
    for n in range(30):
        cloud.add_event(
            doorbell, start=NOON + timedelta(hours=1, minutes=n), created_at=None
        )
    events = [
        cloud.add_event(doorbell, start=NOON + timedelta(minutes=n)) for n in range(5)
    ]
    assert ids(await source.events(camera, DAY)) == ids(events)
    assert len(cloud.asked(LISTS)) == 3


async def test_quiet_look(
    cloud: RingCloud, source: RingSource, camera: ListedCamera, doorbell: RingCamera
) -> None:
    """What is looked for each minute takes one request while little happens."""
    now = datetime.now(UTC)
    cloud.add_event(doorbell, start=now - timedelta(minutes=9))
    await look(source, camera, now - timedelta(minutes=10))
    cloud.add_event(doorbell, start=now - timedelta(minutes=5))
    for _ in range(3):
        assert len(await look(source, camera, now - timedelta(minutes=10))) == 2
    assert len(cloud.asked(LISTS)) == 4


async def test_camera_without_events(
    cloud: RingCloud, source: RingSource, doorbell: RingCamera
) -> None:
    """A camera of which a search finds nothing says nothing of the others' searches."""
    cloud.add_camera("Garden", family="stickup_cams")
    event = cloud.add_event(doorbell, start=NOON, is_e2ee=True)
    front, garden = await source.cameras()
    for _ in range(3):
        assert await source.events(garden, DAY) == []
        (found,) = await source.events(front, DAY)
        # Only the search tells that it is encrypted: nobody need wait for it.
        assert (found.id, found.is_ready) == (str(event.id), True)
    assert not cloud.asked(f"{API_HOST}/clients_api/doorbots/{front.id}/history")
    assert len(cloud.asked(f"{API_HOST}/clients_api/doorbots/{garden.id}/history")) == 3


async def test_long_window(
    cloud: RingCloud, source: RingSource, camera: ListedCamera, doorbell: RingCamera
) -> None:
    """A window of hours has all recordings of it, and that which began before it."""
    before = cloud.add_event(
        doorbell, start=NOON - timedelta(minutes=20), duration_s=1500
    )
    events = [
        cloud.add_event(doorbell, start=NOON + timedelta(minutes=6 * n), duration_s=30)
        for n in range(100)
    ]
    window = Window(NOON, NOON + timedelta(hours=10))
    planned = await source.plan(camera, window, MediaOptions())
    assert planned.parts == [part_of(one) for one in (before, *events)]
    assert not cloud.asked(HISTORY)


@pytest.mark.parametrize("cut", ["oldest", "newest"])
async def test_saved_after_a_day(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    media_dir: Path,
    cut: Literal["oldest", "newest"],
) -> None:
    """After a day without a look all its events are listed and saved, none twice."""
    ring_cloud = hass_clouds.ring
    ring_cloud.rate_limit = (1000, 1.0)
    ring_cloud.search_cut = cut
    front = ring_cloud.add_camera("Front", footage=tiny("Front"))
    await set_up(hass, hass_clouds, "ring")
    begun = datetime.now(UTC) - timedelta(hours=23)
    events = [
        ring_cloud.add_event(
            front, start=begun + timedelta(minutes=22 * n), duration_s=3
        )
        for n in range(60)
    ]
    window = {"start": begun - timedelta(seconds=1), "end": datetime.now(UTC)}

    async def act(action: str) -> Any:
        answer: Any = await hass.services.async_call(
            DOMAIN,
            action,
            {"entity_id": "camera.front", **window},
            blocking=True,
            return_response=True,
        )
        await hass.async_block_till_done(wait_background_tasks=True)
        return answer["camera.front"]

    listed = (await act("list_events"))["events"]
    assert [one["id"] for one in listed] == ids(events)
    for outcome in ("saved", "skipped"):
        assert len((await act("save_events"))[outcome]) == 60
        saved = list(media_dir.rglob("*.mp4"))
        assert len(saved) == 60
    told = [json.loads(one.with_suffix(".json").read_text())["events"] for one in saved]
    assert Counter(str(one) for (one,) in told) == Counter(ids(events))
