"""Faults under the library: the disk of the clips, a clip's file, the database.

Each is said, none costs a clip, a kept mark or what is known to be saved, and all is
there again once the fault is gone.
"""

from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
import errno
import os
from pathlib import Path
import shutil
import sqlite3
from typing import Any

import pytest

from custom_components.clip_download import runtime
from custom_components.clip_download.const import CONF_AUTOMATIC, DOMAIN
from custom_components.clip_download.engine.errors import StorageError
from custom_components.clip_download.engine.events.store import EventStore
from custom_components.clip_download.engine.library import files, schema, sidecar
from custom_components.clip_download.engine.library.database import Library
from custom_components.clip_download.engine.library.queries import ClipQueries
from custom_components.clip_download.engine.library.reindex import Rebuilt
from custom_components.clip_download.engine.library.retention import (
    Limits,
    Pruned,
    Pruning,
    Spared,
)
from custom_components.clip_download.engine.library.verify import State, verify
from custom_components.clip_download.engine.model import Clip
from custom_components.clip_download.runtime import DATABASE, async_shared
from homeassistant.components.media_source import (
    async_browse_media,
    async_resolve_media,
)
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from .accounts import look, set_up
from .clouds import Clouds
from .clouds.ring import RingCamera, RingEvent
from .engine.library.test_database import spoil
from .engine.library.test_mounts import disk_at, mounted
from .household import next_home
from .waits import until

CLIPS = f"media-source://{DOMAIN}/clips"
SECOND = timedelta(seconds=1)
# It rang then, too, before all was to be saved.
EARLIER = -5
# Where Ring has the footage itself.
FOOTAGE = "/v1/download"


@dataclass
class House:
    """A house whose doorbell rang three times; each was saved, and one is kept."""

    hass: HomeAssistant
    clouds: Clouds
    camera: RingCamera
    media: Path
    since: datetime
    entry: ConfigEntry

    @property
    def database(self) -> Path:
        """Where the library's database is."""
        return Path(self.hass.config.path(DATABASE))

    def ring(self, minute: int) -> RingEvent:
        """Let the doorbell ring, so long after all was to be saved."""
        start = self.since + timedelta(minutes=minute)
        return self.clouds.ring.add_event(
            self.camera, "ding", start=start, duration_s=3
        )

    async def catalog(self) -> ClipQueries:
        """Return what the library has."""
        return ClipQueries((await async_shared(self.hass)).library)

    async def clips(self) -> list[Clip]:
        """Return all clips in the library, the oldest first."""
        return [one async for one in (await self.catalog()).in_window()]

    async def pages(self) -> list[str]:
        """Return the titles of all clips in the media browser."""
        places = [CLIPS]
        titles: list[str] = []
        while places:
            page = await async_browse_media(self.hass, places.pop())
            for child in page.children or ():
                if child.can_expand:
                    places.append(child.media_content_id)
                else:
                    titles.append(child.title)
        return sorted(titles)

    async def save(self) -> dict[str, Any]:
        """Save what is not saved automatically; return the answer."""
        start = self.since + timedelta(minutes=EARLIER)
        answer = await self.hass.services.async_call(
            DOMAIN,
            "save_clip",
            {
                "entity_id": "camera.front",
                "start": start.isoformat(),
                "end": (start + 3 * SECOND).isoformat(),
            },
            blocking=True,
            return_response=True,
        )
        assert answer is not None
        told = answer["camera.front"]
        assert isinstance(told, dict)
        return told

    async def check_not_saved(self, *keys: str) -> None:
        """See to it that saving fails, in words that name the camera."""
        told = await self.save()
        assert told["status"] == "failed"
        assert told["error"]["key"] in keys
        assert "Front" in told["error"]["message"]

    async def prune(self) -> Pruned:
        """Let go of all that may be let go of."""
        limits: dict[str | None, Limits] = {None: Limits(most_bytes=1)}
        pruning = Pruning(await self.catalog())
        return await pruning.prune(limits, [self.media], dt_util.utcnow())

    async def verify(self) -> list[State]:
        """Return what became of each clip's file."""
        catalog = await self.catalog()
        with ThreadPoolExecutor(1) as reader:
            found = await verify(catalog, catalog.in_window(), [self.media], reader)
        return [State.OK] * found.ok + [looked.state for looked in found.others]

    async def rebuild(self) -> dict[str, int]:
        """Rebuild the library; return what there was."""
        answer: Any = await self.hass.services.async_call(
            DOMAIN, "rebuild_library", {}, blocking=True, return_response=True
        )
        return {name: count for name, count in answer.items() if count}

    async def check_all_there(self, before: list[Clip]) -> None:
        """See to it that nothing is lost."""
        assert await self.clips() == before
        assert len(await self.pages()) == len(before)
        assert await self.verify() == [State.OK] * len(before)
        assert await self.rebuild() == {"found": len(before)}
        assert await self.clips() == before
        done = await self.prune()
        # The first to go is what was saved first, and they were saved side by side.
        gone = sorted((due.clip for due in done.gone), key=lambda one: one.window.start)
        assert gone == [clip for clip in before if not clip.kept]
        assert not done.spared
        assert await self.clips() == [clip for clip in before if clip.kept]

    async def check_nothing_is_saved_again(self, before: list[Clip]) -> None:
        """See to it that what is saved is known to be, and what is new is saved."""
        self.clouds.ring.requests.clear()
        await look(self.hass, self.entry)
        assert self.clouds.ring.asked("history")
        assert not self.clouds.ring.asked(FOOTAGE)
        new = self.ring(4)
        await look(self.hass, self.entry)
        assert len(self.clouds.ring.asked(FOOTAGE)) == 1
        *others, last = await self.clips()
        assert others == before
        assert last.events == (f"{new.id}",)
        await self.check_all_there([*before, last])


@pytest.fixture
async def house(hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path) -> House:
    """Return a house of which all is as it should be."""
    await hass.config.async_set_time_zone("Europe/Berlin")
    assert await async_setup_component(hass, "media_source", {})
    ring = hass_clouds.ring
    ring.ready_after_s = 0
    camera = ring.add_camera("Front")
    # Not longer ago than is looked back for what was not listed at once.
    since = dt_util.utcnow().replace(microsecond=0) - timedelta(minutes=8)
    entry = await set_up(hass, hass_clouds, "ring")
    hass.config_entries.async_update_entry(
        entry, options={CONF_AUTOMATIC: {f"{camera.id}": since.isoformat()}}
    )
    house = House(hass, hass_clouds, camera, media_dir, since, entry)
    for minute in (EARLIER, 0, 1, 2):
        house.ring(minute)
    await look(hass, entry)
    clips = await house.clips()
    assert len(clips) == 3
    await (await house.catalog()).set_kept([clips[0].id], [house.media], kept=True)
    return house


@asynccontextmanager
async def restarted(house: House) -> AsyncIterator[House]:
    """Let another Home Assistant go on where this one, which has stopped, was."""
    async with next_home(house.hass, house.entry) as (hass, entry):
        await hass.config.async_set_time_zone("Europe/Berlin")
        assert await async_setup_component(hass, "media_source", {})
        await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
        yield replace(house, hass=hass, entry=entry)


# --- the disk


@pytest.mark.parametrize("mount_point", [False, True], ids=["missing", "empty"])
async def test_the_disk_is_not_there(house: House, *, mount_point: bool) -> None:
    """A network drive that is not mounted is not one whose clips were deleted."""
    before = await house.clips()
    titles = await house.pages()
    away = house.media.with_name("away")
    house.media.rename(away)
    if mount_point:
        house.media.mkdir()
    assert await house.pages() == titles
    assert await house.verify() == [State.AWAY] * 3
    assert await house.rebuild() == {}
    done = await house.prune()
    assert not done.gone
    assert sorted(done.spared.values()) == [Spared.AWAY, Spared.AWAY]
    with pytest.raises(StorageError) as error:
        await (await house.catalog()).set_kept([before[1].id], [house.media], kept=True)
    assert error.value.key == "clip_not_marked"
    if mount_point:
        house.media.rmdir()
    else:
        await house.check_not_saved("storage_gone")
        assert not house.media.exists()
    away.rename(house.media)
    await house.check_all_there(before)


async def test_a_disk_that_is_not_mounted(house: House) -> None:
    """What rings meanwhile waits: nothing is saved in its place, and nothing is dropped."""
    away = house.media.with_name("away")
    house.media.rename(away)
    with disk_at(house.media, house.media.with_name("store")) as disk:
        disk.plug()
        shutil.copytree(away, house.media, dirs_exist_ok=True)
        house.ring(3)
        await look(house.hass, house.entry)
        before = await house.clips()
        assert len(before) == 4
        titles = await house.pages()

        disk.unplug()
        # Somebody else does not look.
        song = house.media / "song.mp3"
        song.touch()
        new = house.ring(4)
        await look(house.hass, house.entry)
        await house.check_not_saved("storage_gone")
        assert list(house.media.iterdir()) == [song]
        assert await house.pages() == titles
        assert await house.rebuild() == {}
        done = await house.prune()
        assert not done.gone
        assert list(done.spared.values()) == [Spared.AWAY] * 3
        assert await house.clips() == before
        song.unlink()

        disk.plug()
        # It would be tried again in a minute.
        library = (await async_shared(house.hass)).library
        await library.change(
            lambda database: database.execute("UPDATE events SET next_try_ms = 0")
        )
        await look(house.hass, house.entry)
        *others, last = await house.clips()
        assert others == before
        assert last.events == (f"{new.id}",)
        await house.check_all_there([*before, last])


async def test_the_disk_is_read_only(house: House) -> None:
    """All can be seen, nothing is written, and what was not done is not told as done."""
    before = await house.clips()
    titles = await house.pages()
    lying = sorted(house.media.rglob("*"))
    with mounted("--bind", "-o", "ro", str(house.media), at=house.media):
        await house.check_not_saved("storage_read_only")
        assert await house.pages() == titles
        assert await house.verify() == [State.OK] * 3
        assert await house.rebuild() == {"found": 3}
        with pytest.raises(StorageError) as error:
            await (await house.catalog()).set_kept(
                [before[1].id], [house.media], kept=True
            )
        assert error.value.key == "clip_not_marked"
        done = await house.prune()
        assert not done.gone
        assert sorted(done.spared.values()) == [Spared.REFUSED, Spared.REFUSED]
        assert sorted(house.media.rglob("*")) == lying
    await house.check_all_there(before)


def fill(path: Path) -> None:
    """Write until there is no room."""

    def write() -> None:
        with path.open("wb", buffering=0) as filler:
            while filler.write(bytes(4096)):
                pass

    with pytest.raises(OSError) as full:
        write()
    assert full.value.errno == errno.ENOSPC


async def test_the_disk_is_full(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is there stays whole; room for more is made by letting go of the oldest."""
    monkeypatch.setattr(files, "RESERVE_BYTES", 0)
    away = house.media.with_name("away")
    house.media.rename(away)
    house.media.mkdir()
    with mounted("-t", "tmpfs", "-o", "size=2m,mode=777", "tmpfs", at=house.media):
        shutil.copytree(away, house.media, dirs_exist_ok=True)
        before = await house.clips()
        fill(house.media / "filler")
        await house.check_not_saved("storage_full")
        with pytest.raises(StorageError) as error:
            await (await house.catalog()).set_kept(
                [before[1].id], [house.media], kept=True
            )
        assert error.value.key == "clip_not_marked"
        assert await house.clips() == before
        assert await house.verify() == [State.OK] * 3
        assert await house.rebuild() == {"found": 3}
        assert len((await house.prune()).gone) == 2
        assert (await house.save())["status"] == "complete"
        assert await house.verify() == [State.OK] * 2


# --- a clip's file


async def test_a_truncated_clip(house: House) -> None:
    """It is told by whoever looks, shown and played as it is, and not removed."""
    before = await house.clips()
    titles = await house.pages()
    path = before[1].path
    half = path.read_bytes()[: before[1].size_bytes // 2]
    path.write_bytes(half)
    assert await house.verify() == [State.OK, State.OK, State.CHANGED]
    assert await house.rebuild() == {"found": 2, "damaged": 1}
    assert await house.clips() == before
    assert await house.pages() == titles
    page = f"{CLIPS}/{before[1].account_id}/{before[1].camera_id}/{dt_util.as_local(before[1].window.start):%F}"
    played = await async_resolve_media(house.hass, f"{page}/{before[1].id}", None)
    assert played.path == path
    done = await house.prune()
    assert [due.clip.id for due in done.gone] == [before[2].id]
    assert done.spared == {before[1].id: Spared.CHANGED}
    assert path.read_bytes() == half


@pytest.mark.parametrize("with_sidecar", [True, False])
async def test_a_foreign_file_with_our_name(
    house: House, *, with_sidecar: bool
) -> None:
    """Somebody's own film where a clip of ours was is theirs, and so is what is beside it."""
    before = await house.clips()
    path = before[1].path
    theirs = {path: b"x" * before[1].size_bytes}
    if with_sidecar:
        theirs[sidecar.path_of(path)] = b'{"title": "Holidays"}'
    else:
        sidecar.path_of(path).unlink()
    for name, text in theirs.items():
        name.write_bytes(text)
    os.utime(path, ns=(before[1].modified_ns, before[1].modified_ns))

    assert sorted(await house.verify()) == [State.CHANGED, State.OK, State.OK]
    done = await house.prune()
    assert [due.clip.id for due in done.gone] == [before[2].id]
    assert done.spared[before[1].id] is Spared.FOREIGN
    found = {"found": 1, "foreign": 1} if with_sidecar else {"found": 1}
    assert await house.rebuild() == found
    assert {name: name.read_bytes() for name in theirs} == theirs


async def test_a_foreign_file_in_the_way(house: House) -> None:
    """A clip that would have its name gets a number."""
    first = Path((await house.save())["path"])
    (clip,) = [one for one in await house.clips() if one.path == first]
    await Pruning(await house.catalog()).delete([clip], [house.media])
    assert not first.exists()
    # Its day has no other clip when the doorbell rang before midnight.
    first.parent.mkdir(parents=True, exist_ok=True)
    first.write_bytes(b"theirs")
    second = Path((await house.save())["path"])
    assert second == first.with_stem(f"{first.stem}_2")
    assert first.read_bytes() == b"theirs"
    assert await house.verify() == [State.OK] * 4


# --- the database


async def test_a_database_of_a_newer_release(house: House) -> None:
    """It is said, and not a byte is changed; nothing else of the house suffers."""
    before = await house.clips()
    await house.hass.async_stop(force=True)
    with closing(sqlite3.connect(house.database)) as database:
        database.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    newer = house.database.read_bytes()
    async with restarted(house) as again:
        assert again.entry.state is ConfigEntryState.SETUP_ERROR
        assert again.entry.error_reason_translation_key == "library_newer"
        assert again.entry.reason is not None
        assert str(house.database) in again.entry.reason
        for call in (again.pages, again.rebuild):
            with pytest.raises(HomeAssistantError, match="newer version"):
                await call()
    assert house.database.read_bytes() == newer
    assert not list(house.database.parent.glob(f"{DATABASE}.*"))
    with closing(sqlite3.connect(house.database)) as database:
        database.execute(f"PRAGMA user_version = {schema.VERSION}")
    async with restarted(house) as again:
        await again.check_all_there(before)


@pytest.mark.parametrize("fault", ["no database", "clips", "events", "missing"])
async def test_a_database_that_is_lost(house: House, fault: str) -> None:
    """Clips come back by themselves, kept as they were, and none is fetched again."""
    before = await house.clips()
    await house.hass.async_stop(force=True)
    if fault == "no database":
        house.database.write_bytes(fault.encode() * 999)
    elif fault == "missing":
        house.database.unlink()
    else:
        spoil(house.database, fault)
    async with restarted(house) as again:
        aside = list(house.database.parent.glob(f"{DATABASE}.damaged-*[0-9]"))
        assert len(aside) == (fault != "missing")
        assert await again.clips() == before
        await again.check_nothing_is_saved_again(before)


async def test_a_lost_library_comes_back_late(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is said to be saved or not, nor saved, before the library is back."""
    before = await house.clips()
    await house.hass.async_stop(force=True)
    house.database.unlink()
    asked: list[str] = []
    answered: list[str] = []
    for name in ("wanted", "clip_paths"):
        monkeypatch.setattr(EventStore, name, _noted(name, asked, answered))
    real = runtime.async_rebuild

    async def rebuild_late(hass: HomeAssistant, library: Library) -> Rebuilt:
        await until(lambda: "wanted" in asked)
        (entry,) = hass.config_entries.async_loaded_entries(DOMAIN)
        hass.async_create_task(entry.runtime_data.event_store.clip_paths("1", ["2"]))
        # One thread answers all queries: these come after whatever was asked before.
        for _ in range(5):
            await library.read("SELECT 1")
        assert not answered
        assert not house.clouds.ring.asked(FOOTAGE)
        rebuilt = await real(hass, library)
        assert rebuilt.added == len(before)
        return rebuilt

    monkeypatch.setattr(runtime, "async_rebuild", rebuild_late)
    house.clouds.ring.requests.clear()
    async with restarted(house) as again:
        assert set(answered) == {"wanted", "clip_paths"}
        assert await again.clips() == before
        await again.check_nothing_is_saved_again(before)


def _noted(name: str, asked: list[str], answered: list[str]) -> Callable[..., Any]:
    """Return a method of the event store that notes when it is asked and when it answers."""
    real = getattr(EventStore, name)

    async def noted(*args: Any, **kwargs: Any) -> Any:
        asked.append(name)
        found = await real(*args, **kwargs)
        answered.append(name)
        return found

    return noted
