"""When clips are let go of in Home Assistant, and what is told of it."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
import re
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import (
    async_capture_events,
    async_fire_time_changed,
)

from custom_components.clip_download import retention as retention_module
from custom_components.clip_download.const import DOMAIN
from custom_components.clip_download.engine.errors import LibraryError
from custom_components.clip_download.engine.library.database import Library
from custom_components.clip_download.engine.library.queries import ClipQueries
from custom_components.clip_download.engine.library.retention import (
    Limits,
    Pruned,
    Pruning,
)
from custom_components.clip_download.engine.model import Job
from custom_components.clip_download.paths import media_folders
from custom_components.clip_download.retention import (
    GB,
    PRUNE_INTERVAL,
    async_common_limits,
    async_set_common_limits,
)
from custom_components.clip_download.runtime import async_shared
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util

from .accounts import save_event, set_up
from .clouds import Clouds
from .engine.library.test_database import CLIP

HOUR = timedelta(hours=1)


@pytest.fixture
async def entry(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path
) -> ConfigEntry:
    """Set an account with a camera up."""
    hass_clouds.ring.add_camera("Front")
    return await set_up(hass, hass_clouds, "ring")


async def save(hass: HomeAssistant, clouds: Clouds, hours_ago: float) -> Path:
    """Save a clip, and do what follows from it; return its path."""
    start = datetime.now(UTC) - hours_ago * HOUR
    return await save_event(
        hass, clouds.ring.add_event(clouds.ring.cameras[0], start=start, duration_s=3)
    )


async def limit(hass: HomeAssistant, entry: ConfigEntry, **options: float) -> None:
    """Set an account's limits, as its form does."""
    hass.config_entries.async_update_entry(entry, options={**entry.options, **options})
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)


async def hour_passes(hass: HomeAssistant) -> None:
    """Let Home Assistant do what is due within the hour."""
    async_fire_time_changed(hass, dt_util.utcnow() + PRUNE_INTERVAL)
    await hass.async_block_till_done(wait_background_tasks=True)


def issues(hass: HomeAssistant) -> dict[str, Any]:
    """Return the placeholders of our issues, by their translation key."""
    return {
        issue.translation_key or "": issue.translation_placeholders
        for issue in ir.async_get(hass).issues.values()
        if issue.domain == DOMAIN
    }


async def test_no_limit(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    entry: ConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without limits nothing goes, and the library is not even asked."""
    asked: list[object] = []

    async def ask(*args: object, **named: object) -> list[object]:
        asked.append(args)
        return []

    for name in ("oldest_first", "total_size", "accounts"):
        monkeypatch.setattr(ClipQueries, name, ask)
    one = await save(hass, hass_clouds, 1)
    await hour_passes(hass)
    assert one.exists()
    assert asked == []


async def test_after_each_clip(
    hass: HomeAssistant, hass_clouds: Clouds, entry: ConfigEntry
) -> None:
    """The clip that is too much goes when another is saved; the bus tells."""
    heard = async_capture_events(hass, "clip_download_deleted")
    one = await save(hass, hass_clouds, 3)
    await limit(hass, entry, most_gb=one.stat().st_size * 1.5 / GB)
    assert one.exists()
    two = await save(hass, hass_clouds, 2)
    assert (one.exists(), two.exists()) == (False, True)
    assert [event.data for event in heard] == [
        {"reason": "limit", "count": 1, "paths": [str(one)]}
    ]
    assert issues(hass) == {}
    # What is tightened holds at once.
    await limit(hass, entry, most_gb=1 / GB)
    assert not two.exists()


async def test_common_limits_are_read_once(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    """Each clip that is saved asks for them: no file is read for it."""
    stored = {"version": 1, "key": f"{DOMAIN}.limits", "data": {"keep_days": 3}}
    hass_storage[f"{DOMAIN}.limits"] = stored
    assert await async_common_limits(hass) == Limits(keep_days=3)
    del hass_storage[f"{DOMAIN}.limits"]
    assert await async_common_limits(hass) == Limits(keep_days=3)
    await async_set_common_limits(hass, Limits(keep_days=4))
    assert await async_common_limits(hass) == Limits(keep_days=4)
    assert hass_storage[f"{DOMAIN}.limits"]["data"]["keep_days"] == 4


async def test_every_hour(
    hass: HomeAssistant, hass_clouds: Clouds, entry: ConfigEntry
) -> None:
    """Age comes by itself; the limits of all hold for what no account is there for."""
    one = await save(hass, hass_clouds, 3)
    await set_up(hass, hass_clouds, "kinesis")
    await hass.config_entries.async_remove(entry.entry_id)
    await async_set_common_limits(hass, Limits(keep_days=1 / 10**9))
    assert one.exists()
    shared = await async_shared(hass)
    first = shared.retention.next_at
    await hour_passes(hass)
    assert not one.exists()
    assert shared.retention.next_at > first


async def test_many_at_once(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    entry: ConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However many clips come side by side, only one of them is ever too much."""
    one = await save(hass, hass_clouds, 9)
    largest = one.stat().st_size * 1.2
    most = round(3 * largest)
    await limit(hass, entry, most_gb=most / GB, downloads_at_once=8)
    shared = await async_shared(hass)
    sizes, passes = [], []
    prune = Pruning.prune

    async def count(self: Pruning, *args: Any) -> Any:
        passes.append(await shared.retention.pruning._queries.total_size())
        return await prune(self, *args)

    monkeypatch.setattr(Pruning, "prune", count)

    finish_job = Library.finish_job

    async def finish(self: Library, job: Job) -> None:
        await finish_job(self, job)
        sizes.append(await ClipQueries(shared.library).total_size())

    monkeypatch.setattr(Library, "finish_job", finish)
    paths = await asyncio.gather(
        *(save(hass, hass_clouds, 8 - number / 2) for number in range(8))
    )
    assert len(sizes) == 8
    # A clip may be too much when a pass begins, and then there is room again.
    assert max(passes) > most
    assert max((*sizes, *passes)) <= most + largest
    assert await ClipQueries(shared.library).total_size() <= most
    left = sum(path.stat().st_size for path in paths if path.exists())
    assert left <= most
    assert len([path for path in paths if path.exists()]) >= 2


async def test_several_wishes_are_one_pass(
    hass: HomeAssistant, entry: ConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fifty clips in a row do not mean fifty passes."""
    passes = 0
    begun, may_end = asyncio.Event(), asyncio.Event()
    may_end.set()

    async def count(self: Pruning, *args: Any) -> None:
        nonlocal passes
        passes += 1
        begun.set()
        await may_end.wait()
        raise LibraryError("library_unusable", path="", reason="")

    monkeypatch.setattr(Pruning, "prune", count)
    retention = (await async_shared(hass)).retention
    await asyncio.gather(*(retention.async_prune() for _ in range(50)))
    assert passes == 1
    begun.clear()
    may_end.clear()
    waiting = [retention.async_prune()]
    await begun.wait()
    waiting += [retention.async_prune() for _ in range(50)]
    may_end.set()
    await asyncio.gather(*waiting)
    assert passes == 3


async def test_trouble_is_told_once(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    entry: ConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A library that fails does not fill the log, nor keep a clip from being saved."""

    async def fail(*args: object, **named: object) -> None:
        raise LibraryError("library_unusable", path="x", reason="disk I/O error")

    await async_set_common_limits(hass, Limits(most_bytes=1))
    with monkeypatch.context() as failing:
        failing.setattr(ClipQueries, "total_size", fail)
        one = await save(hass, hass_clouds, 3)
        await hour_passes(hass)
    assert one.exists()
    assert caplog.text.count("Could not delete clips automatically") == 1
    await hour_passes(hass)
    assert not one.exists()
    # It is mended by now: the next trouble is another.
    with monkeypatch.context() as failing:
        failing.setattr(ClipQueries, "total_size", fail)
        await hour_passes(hass)
    assert caplog.text.count("Could not delete clips automatically") == 2


async def test_many_are_not_all_named(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """An event that tells of many says how many, and names the first of them."""
    events = async_capture_events(hass, retention_module.EVENT_DELETED)
    clips = [replace(CLIP, path=Path(f"/media/{number}.mp4")) for number in range(300)]
    retention = (await async_shared(hass)).retention
    retention.async_report_deleted(clips, "limit")
    await hass.async_block_till_done()
    (told,) = events
    assert told.data == {
        "reason": "limit",
        "count": 300,
        "paths": [f"/media/{number}.mp4" for number in range(100)],
    }


async def test_a_limit_that_cannot_be_met(
    hass: HomeAssistant, hass_clouds: Clouds, entry: ConfigEntry, media_dir: Path
) -> None:
    """One issue says so, as long as a person has to see to it."""
    one = await save(hass, hass_clouds, 3)
    call = {"path": str(one)}
    await hass.services.async_call(DOMAIN, "keep_clip", call, blocking=True)
    await limit(hass, entry, most_gb=1 / GB)
    await async_set_common_limits(hass, Limits(most_bytes=1))
    await hour_passes(hass)
    found = issues(hass)
    assert set(found) == {"limit_not_met", "common_limit_not_met"}
    assert found["limit_not_met"]["account"] == entry.title
    assert re.fullmatch(r"[1-9]\d* (kB|MB)", found["limit_not_met"]["size"])
    words = await async_get_translations(hass, "en", "issues", {DOMAIN})
    for key, placeholders in found.items():
        for part in ("title", "description"):
            text = words[f"component.{DOMAIN}.issues.{key}.{part}"]
            assert "{" not in text.format(**placeholders)

    # A disk that is not there is no limit that is not met.
    aside = media_dir.with_name("aside")
    media_dir.rename(aside)
    await hour_passes(hass)
    assert set(issues(hass)) == {*found, "storage_gone"}
    aside.rename(media_dir)
    await hass.services.async_call(DOMAIN, "release_clip", call, blocking=True)
    await hour_passes(hass)
    assert issues(hass) == {}
    assert not one.exists()


async def test_a_disk_that_is_not_there(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    entry: ConfigEntry,
    media_dir: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is told, and nothing lost; it goes on when the disk is back."""
    one = await save(hass, hass_clouds, 3)
    aside = media_dir.with_name("aside")
    media_dir.rename(aside)
    await limit(hass, entry, most_gb=1 / GB)
    await hour_passes(hass)
    assert set(issues(hass)) == {"storage_gone"}
    assert "pruned" not in caplog.text
    assert media_folders(hass) == [media_dir]
    aside.rename(media_dir)
    assert one.exists()
    await hour_passes(hass)
    assert not one.exists()
    assert list(media_dir.iterdir()) == []


async def test_one_clip_at_a_time(
    hass: HomeAssistant, entry: ConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who comes next is not made room for before the one within has been let in.

    Else both would find the limits kept, and both be too much.
    """
    retention = (await async_shared(hass)).retention
    steps: list[str] = []

    async def prune(self: Pruning, *args: Any) -> Pruned:
        steps.append("room is made")
        return Pruned()

    monkeypatch.setattr(Pruning, "prune", prune)

    async def publish() -> None:
        async with retention.reserve_space():
            steps.append("begins")
            # Whoever is not held up has come as far as it can by then.
            for _ in range(20):
                await asyncio.sleep(0)
            steps.append("ends")

    await asyncio.gather(*(publish() for _ in range(3)))
    assert steps == ["room is made", "begins", "ends"] * 3


async def test_room_that_takes_long_to_make(
    hass: HomeAssistant, entry: ConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clip waits for it no longer; what was begun is done all the same."""
    retention = (await async_shared(hass)).retention
    monkeypatch.setattr(retention_module, "PRUNE_TIMEOUT_S", 0.01)
    go_on, done = asyncio.Event(), asyncio.Event()

    async def prune(self: Pruning, *args: Any) -> Pruned:
        await go_on.wait()
        done.set()
        return Pruned()

    monkeypatch.setattr(Pruning, "prune", prune)
    async with asyncio.timeout(30):
        async with retention.reserve_space():
            assert not done.is_set()
        go_on.set()
        await done.wait()
