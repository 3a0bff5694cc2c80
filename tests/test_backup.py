"""Backups of Home Assistant: what is restored from one is whole, and goes on."""

import asyncio
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
import json
from pathlib import Path
import sqlite3

import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.clip_download import backup as backup_platform
from custom_components.clip_download.backup import async_post_backup, async_pre_backup
from custom_components.clip_download.engine.library import schema
from custom_components.clip_download.engine.library.database import Library
from custom_components.clip_download.engine.model import JobState
from custom_components.clip_download.runtime import async_shared
from homeassistant.backup_restore import restore_backup
from homeassistant.components.backup.const import DATA_MANAGER
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from .engine.library.test_database import JOB
from .engine.library.test_queries import clip, put
from .test_library_faults import EARLIER, FOOTAGE, SECOND, House, house, restarted
from .waits import until

__all__ = ["house"]


def checked(path: Path) -> set[str]:
    """Return the ids of all clips in a copy of the database, once it is known whole."""
    with closing(sqlite3.connect(path)) as database:
        schema.check(database)
        return {clip_id for (clip_id,) in database.execute("SELECT id FROM clips")}


class Busy:
    """A library that clips come to without end, each with what a long log takes."""

    def __init__(self, library: Library, folder: Path) -> None:
        """Take the library, and where its clips would be."""
        self.library = library
        self.folder = folder
        self.count = 0

    async def write(self, count: int = 1) -> None:
        """Record some clips, and a job of each."""
        for _ in range(count):
            name = f"n{self.count}"
            self.count += 1
            await self.library.add_job(replace(JOB, id=name, label="x" * 9000))
            await put(self.library, clip(name, folder=self.folder, kinds=["x" * 9000]))

    @property
    def ids(self) -> set[str]:
        """The ids of all clips so far."""
        return {f"n{number}" for number in range(self.count)}


async def copied(source: Path, target: Path, busy: Busy) -> None:
    """Copy a file, as long as it is now, as a backup does: others go on meanwhile."""
    left = source.stat().st_size
    with source.open("rb") as old, target.open("wb") as new:
        while left:
            left -= new.write(old.read(min(left, 2**18)))
            await busy.write(4)


@pytest.mark.parametrize("log", ["with its log", "alone", "with some of its log"])
async def test_the_database_in_a_backup_is_whole(tmp_path: Path, log: str) -> None:
    """All that was recorded before is in its file; what comes meanwhile hurts nothing."""
    path = tmp_path / "clips.db"
    busy = Busy(await Library(path).open(), tmp_path)
    # Larger than what is written into the file at once.
    await busy.write(150)
    before = busy.ids
    wait = asyncio.create_task(busy.library.begin_backup())
    await busy.write()
    await wait

    copy = tmp_path / "copy.db"
    await copied(path, copy, busy)
    if log != "alone":
        written = path.with_name("clips.db-wal")
        assert written.stat().st_size > 1000 * 4096
        await copied(written, copy.with_name("copy.db-wal"), busy)
    if log == "with some of its log":
        with copy.with_name("copy.db-wal").open("r+b") as torn:
            torn.truncate(written.stat().st_size // 2 + 77)
    there = checked(copy)
    assert before <= there <= busy.ids
    # One more may have come as it began.
    assert (len(there) > len(before) + 1) == (log != "alone")

    await busy.library.end_backup()
    assert path.with_name("clips.db-wal").stat().st_size == 0
    await busy.write()
    await busy.library.close()
    assert checked(path) == busy.ids


async def test_home_assistant_stops_in_a_backup(tmp_path: Path) -> None:
    """The file stays as it is until the end; the log keeps the rest for the next start."""
    path = tmp_path / "clips.db"
    busy = Busy(await Library(path).open(), tmp_path)
    await busy.write(3)
    await busy.library.begin_backup()
    before = path.read_bytes()
    await busy.write(150)
    await busy.library.close()
    assert path.read_bytes() == before
    library = await Library(path).open()
    assert len(await library.unfinished_jobs(JOB.account_id)) == busy.count
    await library.close()
    assert checked(path) == busy.ids


async def make_backup(hass: HomeAssistant) -> Path:
    """Let Home Assistant make a backup of its own; return the archive."""
    assert await async_setup_component(hass, "backup", {})
    await hass.async_block_till_done()
    manager = hass.data[DATA_MANAGER]
    assert "clip_download" in manager.platforms
    await manager.async_create_backup(
        agent_ids=["backup.local"],
        include_addons=None,
        include_all_addons=False,
        include_database=True,
        include_folders=None,
        include_homeassistant=True,
        name="Before",
        password=None,
    )
    folder = Path(hass.config.path("backups"))
    await until(lambda: manager.state.value == "idle" and any(folder.glob("*.tar")))
    (archive,) = folder.glob("*.tar")
    return archive


def restore(archive: Path, config: Path) -> None:
    """Restore a backup as Home Assistant does when it starts."""
    (config / ".HA_RESTORE").write_text(
        json.dumps(
            {
                "path": str(archive),
                "password": None,
                "remove_after_restore": False,
                "restore_database": True,
                "restore_homeassistant": True,
            }
        )
    )
    assert restore_backup(str(config))


async def test_a_backup_while_a_job_is_under_way(house: House) -> None:
    """What is restored has all clips; the job goes on, and its clip is saved once."""
    before = await house.clips()
    hass, config = house.hass, house.database.parent
    stall = house.clouds.ring.misbehave(FOOTAGE, hang_after_bytes=1000, times=99)
    start = house.since + timedelta(minutes=EARLIER)
    await hass.services.async_call(
        "clip_download",
        "save_clip",
        {
            "entity_id": "camera.front",
            "start": start.isoformat(),
            "end": (start + 3 * SECOND).isoformat(),
            "wait": False,
        },
        blocking=True,
        return_response=True,
    )
    await until(lambda: len(house.clouds.ring.asked(FOOTAGE)) > len(before))
    archive = await make_backup(hass)
    # Written after the backup: gone with the restored one, but for its files.
    library = (await async_shared(hass)).library
    (job,) = await library.unfinished_jobs(house.entry.entry_id)
    assert job.state is JobState.FETCHING
    await hass.async_stop(force=True)
    house.clouds.ring.faults.remove(stall)
    await asyncio.to_thread(restore, archive, config)
    assert checked(house.database) == {one.id for one in before}
    async with restarted(house) as again:
        library = (await async_shared(again.hass)).library
        async with asyncio.timeout(60):
            while await library.unfinished_jobs(house.entry.entry_id):
                await asyncio.sleep(0.05)
        clips = await again.clips()
        assert [one.id for one in clips[1:]] == [one.id for one in before]
        assert clips[0].job_id == job.id
        assert not list(again.media.rglob(".clip_download_*"))


async def test_a_backup_that_never_ends(
    hass: HomeAssistant, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who began it may be gone: after some hours the library goes on as ever."""
    calls: list[str] = []
    library = (await async_shared(hass)).library
    for name in ("begin_backup", "end_backup"):

        async def called(name: str = name) -> None:
            calls.append(name)

        monkeypatch.setattr(library, name, called)
    await async_post_backup(hass)
    assert calls == []
    await async_pre_backup(hass)
    await async_pre_backup(hass)
    assert calls == ["begin_backup"] * 2
    later = dt_util.utcnow() + backup_platform.LONGEST + timedelta(seconds=1)
    async_fire_time_changed(hass, later)
    await hass.async_block_till_done()
    assert calls == ["begin_backup"] * 2 + ["end_backup"]
    await async_post_backup(hass)
    assert len(calls) == 3


async def test_a_library_that_cannot_be_written(
    hass: HomeAssistant, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said in words why there is no backup."""
    library = (await async_shared(hass)).library

    def fail() -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(library, "_write_out", fail)
    with pytest.raises(HomeAssistantError, match="disk I/O error") as error:
        await async_pre_backup(hass)
    assert error.value.translation_key == "library_unusable"
