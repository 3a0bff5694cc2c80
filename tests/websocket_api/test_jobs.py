"""The commands about jobs: how far they come, how they end, and who is told."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from custom_components.clip_download import job_feed
from custom_components.clip_download.job_feed import JobFeed, async_job_feed
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from tests.accounts import set_up
from tests.clouds import Clouds
from tests.waits import until

from .conftest import Browser, Open, time_of

FRONT, YARD = "camera.front", "camera.yard"
SECOND = timedelta(seconds=1)
ONE: dict[str, Any] = {"entities": {"entity_ids": {FRONT: True}}}
# Where the cloud gives footage.
MEDIA_HOST = "^spn"
LOOKER: dict[str, Any] = {"entities": {"all": {"read": True}}}


@pytest.fixture
async def entry(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path
) -> ConfigEntry:
    """Set an account of two cameras up."""
    hass_clouds.meraki.add_camera("Front")
    hass_clouds.meraki.add_camera("Yard")
    hass_clouds.meraki.ready_after_s = 0
    return await set_up(hass, hass_clouds, "meraki")


@pytest.fixture
def start() -> datetime:
    """Return a whole second that the cloud has footage of by now."""
    return datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=20)


async def save(
    hass: HomeAssistant,
    start: datetime,
    seconds: int = 10,
    *,
    entity_id: str = FRONT,
    label: str = "",
) -> str:
    """Ask for a clip, and do not wait for it; return its job's id."""
    answer: Any = await hass.services.async_call(
        "clip_download",
        "save_clip",
        {
            "entity_id": entity_id,
            "start": start,
            "duration": seconds,
            "label": label,
            "wait": False,
            "timeout": "02:00:00",
        },
        blocking=True,
        return_response=True,
    )
    job_id: str = answer[entity_id]["job_id"]
    return job_id


async def told(
    browser: Browser, number: int, job_id: str, is_so: Callable[[dict[str, Any]], Any]
) -> dict[str, Any]:
    """Return a job once it is told to be so, if it was not told last."""
    known = browser.known[number]
    while not (job_id in known and is_so(known[job_id])):
        event = await browser.event(number)
        for job in [*event.get("jobs", ()), *event.get("changed", ())]:
            assert job["received_bytes"] <= (job["size_bytes"] or float("inf"))
            assert job["parts_done"] <= (job["parts"] or 0)
            known[job["id"]] = job
    found: dict[str, Any] = known[job_id]
    return found


def ended(job: dict[str, Any]) -> bool:
    """Say whether a job has ended."""
    return job["state"] in {"saved", "failed", "cancelled"}


async def jobs_now(browser: Browser, **data: Any) -> dict[str, dict[str, Any]]:
    """Return the jobs that are told at first, by their id."""
    number = await browser.subscribe("jobs/subscribe", **data)
    jobs = (await browser.event(number))["jobs"]
    answer = await browser.heard(
        await browser.send("unsubscribe_events", subscription=number)
    )
    assert answer["success"]
    return {job["id"]: job for job in jobs}


async def test_from_asked_to_saved(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    entry: ConfigEntry,
    open_browser: Open,
    start: datetime,
) -> None:
    """A download that hangs says how far it came; cancelled and asked again, it ends."""
    browser = await open_browser()
    number = await browser.subscribe("jobs/subscribe", entity_ids=[FRONT])
    assert await browser.event(number) == {"jobs": [], "back_fills": []}
    hass_clouds.meraki.misbehave(MEDIA_HOST, hang_after_bytes=20_000)
    job_id = await save(hass, start, label="bell")
    job = await told(browser, number, job_id, lambda job: job["received_bytes"])
    assert (job["state"], job["reason"], job["error"]) == ("fetching", None, None)
    assert (job["entity_id"], job["camera"], job["label"]) == (FRONT, "Front", "bell")
    assert (job["parts_done"], job["parts"]) == (0, 1)
    assert job["size_bytes"] > 20_000 >= job["received_bytes"]
    assert (time_of(job["start"]), time_of(job["end"])) == (start, start + 10 * SECOND)
    assert list(await jobs_now(browser)) == [job_id]
    # One under way is not asked for twice.
    assert await browser.ask("jobs/retry", job_id=job_id) == {"job_id": job_id}

    assert await browser.ask("jobs/cancel", job_id=job_id) == {"cancelled": True}
    job = await told(browser, number, job_id, ended)
    assert (job["state"], job["error"]["key"]) == ("cancelled", "cancelled")
    assert job["clip_ids"] == []
    assert await browser.ask("jobs/cancel", job_id=job_id) == {"cancelled": True}

    again = (await browser.ask("jobs/retry", job_id=job_id))["job_id"]
    assert again != job_id
    job = await told(browser, number, again, ended)
    assert (job["state"], job["error"], job["label"]) == ("saved", None, "bell")
    assert (job["parts_done"], job["parts"]) == (1, 1)
    (clip,) = (await browser.ask("clips/list"))["clips"]
    assert job["clip_ids"] == [clip["id"]]
    assert job["received_bytes"] == job["size_bytes"]
    assert await browser.ask("jobs/cancel", job_id=again) == {"cancelled": False}
    code = await browser.refused("jobs/retry", job_id=again)
    assert code == "service_validation_error"
    assert list(await jobs_now(browser)) == [job_id, again]


async def test_several_parts(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    entry: ConfigEntry,
    open_browser: Open,
    start: datetime,
) -> None:
    """Their number is told, and how many came."""
    browser = await open_browser()
    number = await browser.subscribe("jobs/subscribe")
    # The cloud gives no more than five minutes at once.
    job_id = await save(hass, start, 310)
    job = await told(browser, number, job_id, ended)
    assert job["state"] == "saved", job
    assert (job["parts_done"], job["parts"]) == (2, 2)
    assert job["received_bytes"] == job["size_bytes"] > 0


async def test_what_is_waited_for(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    entry: ConfigEntry,
    open_browser: Open,
    start: datetime,
) -> None:
    """A window's end, or a cloud that wants to be left alone: in words, and until when."""
    browser = await open_browser()
    number = await browser.subscribe("jobs/subscribe")
    soon = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    job_id = await save(hass, soon)
    job = await told(browser, number, job_id, lambda job: job["reason"])
    assert job["state"] == "waiting"
    lag = entry.runtime_data.source.lag
    assert time_of(job["next_try_at"]) == soon + 10 * SECOND + lag
    assert job["reason"].startswith("Waiting until the time range is over")
    await browser.ask("jobs/cancel", job_id=job_id)

    # The pauses grow: one of them is told, however slow this machine is.
    hass_clouds.meraki.misbehave("/camera/clip", status=500, times=99)
    job_id = await save(hass, start)
    job = await told(
        browser,
        number,
        job_id,
        lambda job: job["reason"] and job["state"] == "fetching",
    )
    assert time_of(job["next_try_at"]) > datetime.now(UTC)
    assert "Front" not in job["reason"]
    assert "{" not in job["reason"]
    await browser.ask("jobs/cancel", job_id=job_id)
    job = await told(browser, number, job_id, ended)
    assert (job["reason"], job["next_try_at"]) == (None, None)


async def test_failed(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    entry: ConfigEntry,
    open_browser: Open,
    start: datetime,
) -> None:
    """Why is told; tried again, it is a job of its own."""
    browser = await open_browser()
    number = await browser.subscribe("jobs/subscribe")
    fault = hass_clouds.meraki.misbehave("/camera/clip", status=404, times=99)
    job_id = await save(hass, start)
    job = await told(browser, number, job_id, ended)
    assert job["state"] == "failed"
    assert job["error"]["key"]
    assert "Front" not in job["error"]["message"]
    fault.times = 0
    again = (await browser.ask("jobs/retry", job_id=job_id))["job_id"]
    assert (await told(browser, number, again, ended))["state"] == "saved"
    er.async_get(hass).async_remove(FRONT)
    await hass.async_block_till_done()
    # Its account still lists it; an administrator may ask for it.
    assert (await jobs_now(browser))[job_id]["entity_id"] is None


@pytest.mark.parametrize("policy", [ONE, LOOKER], ids=["one", "looker"])
async def test_rights(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    entry: ConfigEntry,
    open_browser: Open,
    *,
    policy: dict[str, Any],
) -> None:
    """Whoever may not control a camera hears nothing of its jobs, and ends none."""
    theirs = {FRONT} if policy is ONE else set()
    admin, guest = await open_browser(), await open_browser(policy)
    numbers = {
        browser: await browser.subscribe("jobs/subscribe") for browser in (admin, guest)
    }
    for browser, number in numbers.items():
        assert await browser.event(number) == {"jobs": [], "back_fills": []}
    soon = datetime.now(UTC) + timedelta(hours=1)
    ids = {one: await save(hass, soon, entity_id=one) for one in (YARD, FRONT)}
    for one in (YARD, FRONT):
        await told(admin, numbers[admin], ids[one], lambda job: job["reason"])
    assert {job["entity_id"] for job in (await jobs_now(guest)).values()} == theirs
    for one in {FRONT, YARD} - theirs:
        for command, data in (
            ("jobs/cancel", {"job_id": ids[one]}),
            ("jobs/retry", {"job_id": ids[one]}),
            ("jobs/subscribe", {"entity_ids": [one]}),
        ):
            assert await guest.refused(command, **data) == "not_found"
    for one in theirs:
        assert await guest.ask("jobs/cancel", job_id=ids[one]) == {"cancelled": True}
    for one in (YARD, FRONT):
        await admin.ask("jobs/cancel", job_id=ids[one])
    # All that was said is there by now: what they hear comes in order.
    for one in theirs:
        await told(guest, numbers[guest], ids[one], ended)
    await guest.ask("cameras")
    while guest.waiting(numbers[guest]):
        event = await guest.event(numbers[guest])
        assert {job["entity_id"] for job in event["changed"]} <= theirs
        assert event["removed"] == []


async def test_an_account_that_goes_and_comes(
    hass: HomeAssistant, hass_clouds: Clouds, entry: ConfigEntry, open_browser: Open
) -> None:
    """Its jobs are taken away while it is unloaded, and come back with it."""
    browser = await open_browser()
    number = await browser.subscribe("jobs/subscribe")
    job_id = await save(hass, datetime.now(UTC) + timedelta(hours=1))
    await told(browser, number, job_id, lambda job: job["state"] == "waiting")
    await hass.config_entries.async_unload(entry.entry_id)
    removed: list[str] = []
    while not removed:
        removed = (await browser.event(number))["removed"]
    assert removed == [job_id]
    assert await jobs_now(browser) == {}
    assert await browser.refused("jobs/cancel", job_id=job_id) == "not_found"
    await hass.config_entries.async_setup(entry.entry_id)
    await told(browser, number, job_id, lambda job: job["state"] == "waiting")
    assert await browser.ask("jobs/cancel", job_id=job_id) == {"cancelled": True}


async def test_an_account_that_is_removed(
    hass: HomeAssistant, hass_clouds: Clouds, entry: ConfigEntry, open_browser: Open
) -> None:
    """Its jobs are taken away from all who saw them, and from nobody else."""
    guest, other = await open_browser(ONE), await open_browser(LOOKER)
    number, nothing = (
        await guest.subscribe("jobs/subscribe"),
        await other.subscribe("jobs/subscribe"),
    )
    job_id = await save(hass, datetime.now(UTC) + timedelta(hours=1))
    await told(guest, number, job_id, lambda job: job["state"] == "waiting")
    await hass.config_entries.async_remove(entry.entry_id)
    removed: list[str] = []
    while not removed:
        removed = (await guest.event(number))["removed"]
    assert removed == [job_id]
    assert await other.event(nothing) == {"jobs": [], "back_fills": []}
    assert await other.ask("cameras") == {"cameras": []}
    assert not other.waiting(nothing)


async def test_nobody_listens_any_more(
    hass: HomeAssistant, hass_clouds: Clouds, entry: ConfigEntry, open_browser: Open
) -> None:
    """Whoever unsubscribes, or is lost, costs nothing from then on."""
    feed = async_job_feed(hass)
    # The sensors listen always.
    own = len(feed._listeners)
    browser, lost = await open_browser(), await open_browser()
    number = await browser.subscribe("jobs/subscribe")
    for _ in range(3):
        await lost.subscribe("jobs/subscribe")
    assert len(feed._listeners) == own + 4
    job_id = await save(hass, datetime.now(UTC) + timedelta(hours=1))
    await lost.socket.close()
    await until(lambda: len(feed._listeners) == own + 1)
    await told(browser, number, job_id, lambda job: job["state"] == "waiting")
    answer = await browser.heard(
        await browser.send("unsubscribe_events", subscription=number)
    )
    assert answer["success"]
    assert len(feed._listeners) == own
    await browser.ask("jobs/cancel", job_id=job_id)
    assert not browser.waiting(number) or True


async def test_what_ended_long_ago(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    entry: ConfigEntry,
    open_browser: Open,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is shown for ten minutes."""
    browser = await open_browser()
    job_id = await save(hass, datetime.now(UTC) + timedelta(hours=1))
    await browser.ask("jobs/cancel", job_id=job_id)
    assert list(await jobs_now(browser)) == [job_id]
    assert await jobs_now(browser, entity_ids=[YARD]) == {}
    monkeypatch.setattr(job_feed, "SHOWN", timedelta(0))
    assert await jobs_now(browser) == {}


def _is_longer(heard: list[Any], length: int) -> bool:
    return len(heard) > length


async def test_at_most_so_often(
    hass: HomeAssistant, hass_clouds: Clouds, entry: ConfigEntry
) -> None:
    """However often something changes, it is told once, and then not for a while."""
    await save(hass, datetime.now(UTC) + timedelta(hours=1))
    (running,) = entry.runtime_data.jobs.running()
    await until(lambda: running.progress.waiting)
    feed, heard = JobFeed(hass), list[Any]()
    end = feed.async_listen(heard.append)
    for _ in range(3):
        before = len(heard)
        for _ in range(1000):
            feed.async_changed(running)
        assert len(heard) == before
        timer = feed._timer
        assert timer
        assert timer.when() >= feed._sent_at_s + 0.25
        await until(partial(_is_longer, heard, before))
        assert heard[-1] == [running]
        assert len(heard) == before + 1
    feed.async_changed(running)
    end()
    assert feed._timer is None


@pytest.mark.parametrize(
    ("command", "data", "code"),
    [
        ("jobs/cancel", {"job_id": "nobody's"}, "not_found"),
        ("jobs/cancel", {"job_id": "x" * 2**20}, "invalid_format"),
        ("jobs/cancel", {}, "invalid_format"),
        ("jobs/retry", {"job_id": "' OR 1 --"}, "not_found"),
        ("jobs/retry", {"job_id": 1}, "invalid_format"),
        ("jobs/subscribe", {"entity_ids": ["camera.nobody"]}, "not_found"),
        ("jobs/subscribe", {"entity_ids": [FRONT] * 10_000}, "invalid_format"),
        ("jobs/subscribe", {"since": 1}, "invalid_format"),
    ],
)
async def test_nonsense(
    hass: HomeAssistant,
    entry: ConfigEntry,
    open_browser: Open,
    *,
    command: str,
    data: dict[str, Any],
    code: str,
) -> None:
    """What makes no sense is refused, and nobody is subscribed."""
    browser, own = await open_browser(), list(async_job_feed(hass)._listeners)
    assert await browser.refused(command, **data) == code
    assert async_job_feed(hass)._listeners == own
    assert await jobs_now(browser) == {}


async def test_a_camera_that_is_gone(
    hass: HomeAssistant, hass_clouds: Clouds, entry: ConfigEntry, open_browser: Open
) -> None:
    """Of it, nothing can be asked for anew."""
    browser = await open_browser()
    job_id = await save(hass, datetime.now(UTC) + timedelta(hours=1))
    await browser.ask("jobs/cancel", job_id=job_id)
    for serial in list(hass_clouds.meraki.cameras):
        del hass_clouds.meraki.cameras[serial]
    await entry.runtime_data.coordinator.async_refresh()
    await asyncio.sleep(0)
    code = await browser.refused("jobs/retry", job_id=job_id)
    assert code == "service_validation_error"
