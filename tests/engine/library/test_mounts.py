"""A disk that is not mounted: nothing is saved in its place, nothing on it is taken for gone."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
import os
from pathlib import Path
import shutil
import subprocess
from typing import override

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
import pytest

from custom_components.clip_download.engine.errors import StorageError
from custom_components.clip_download.engine.library import files
from custom_components.clip_download.engine.library.database import Library
from custom_components.clip_download.engine.library.export import export
from custom_components.clip_download.engine.library.queries import ClipQueries
from custom_components.clip_download.engine.library.reindex import (
    Rebuilt,
    forget_missing,
    rebuild,
)
from custom_components.clip_download.engine.library.retention import (
    Limits,
    Pruning,
    Spared,
)
from custom_components.clip_download.engine.library.verify import State, verify
from custom_components.clip_download.engine.model import Clip, JobState
from tests.engine.pipeline.test_jobs import House, Shelf, window
from tests.words import ENGLISH

from .test_queries import NOON
from .test_reindex import known, lay, shelf
from .test_retention import Home


@contextmanager
def mounted(*arguments: str, at: Path) -> Iterator[None]:
    """Mount something, as whoever may; where nobody may, there is nothing to see."""
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    try:
        subprocess.run([*sudo, "mount", *arguments, str(at)], check=True, timeout=9)
    except OSError, subprocess.SubprocessError:
        pytest.skip("nothing can be mounted here")
    try:
        yield
    finally:
        subprocess.run([*sudo, "umount", "--lazy", str(at)], check=True, timeout=9)


class Disk:
    """A disk that is mounted, and not, at one place; what is on it stays on it."""

    def __init__(self, at: Path, store: Path) -> None:
        """Take its mount point, which is made, and a disk that is mounted elsewhere."""
        at.mkdir(exist_ok=True)
        self.at = at
        self._store = store
        self._mount = ExitStack()

    def plug(self) -> None:
        """Mount it."""
        self._mount.enter_context(mounted("--bind", str(self._store), at=self.at))

    def unplug(self) -> None:
        """Let its mount point be an ordinary folder, with what lies there otherwise."""
        self._mount.close()


class ToldDisk(Disk):
    """The same where nothing can be mounted: folders change places, and it is said."""

    is_plugged = False

    @override
    def plug(self) -> None:
        """Put what is on it at its mount point."""
        self.at.rename(self._store.with_name("below"))
        self._store.rename(self.at)
        self.is_plugged = True

    @override
    def unplug(self) -> None:
        """Put the ordinary folder there."""
        if self.is_plugged:
            # With its last clip the folder goes, which a disk's would not.
            self.at.mkdir(exist_ok=True)
            self.at.rename(self._store)
            self._store.with_name("below").rename(self.at)
        self.is_plugged = False


@contextmanager
def disk_at(at: Path, store: Path) -> Iterator[Disk]:
    """Make an empty disk, which is not mounted there yet."""
    store.mkdir()
    with mounted("-t", "tmpfs", "-o", "size=256m,mode=777", "tmpfs", at=store):
        disk = Disk(at, store)
        yield disk
        disk.unplug()


@pytest.fixture
def media(tmp_path: Path) -> Path:
    """Make a media folder."""
    folder = tmp_path / "media"
    folder.mkdir()
    return folder


@pytest.fixture(params=["mounted", "told"])
def disk(
    request: pytest.FixtureRequest, media: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Disk]:
    """Mount a disk below the media folder."""
    store = media.with_name("store")
    if request.param == "mounted":
        with disk_at(media / "nas", store) as real:
            real.plug()
            yield real
        return
    store.mkdir()
    told = ToldDisk(media / "nas", store)
    ismount = os.path.ismount
    monkeypatch.setattr(
        os.path,
        "ismount",
        lambda path: (told.is_plugged and Path(path) == told.at) or ismount(path),
    )
    told.plug()
    yield told
    told.unplug()


@pytest.fixture
async def library(tmp_path: Path) -> AsyncIterator[Library]:
    """Open a new library."""
    library = await Library(tmp_path / "clips.db").open()
    yield library
    await library.close()


@pytest.fixture
async def house(
    tmp_path: Path, media: Path, socket_enabled: None
) -> AsyncIterator[House]:
    """Return a running account, with ten seconds of footage."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    app = web.Application()
    app.router.add_static("/", folder)
    async with TestServer(app) as server, ClientSession() as session:
        house = House(
            shelf=Shelf(session, server, folder),
            media=media,
            database=tmp_path / "clips.db",
        )
        house.shelf.lay(window(0, 10))
        await house.start()
        yield house
        await house.stop()


def test_where_a_disk_is_missing(media: Path, disk: Disk) -> None:
    """It is what is nearest above that counts, links followed."""
    inner = disk.at / "new" / "clip.mp4"
    link = media.with_name("link")
    link.symlink_to(disk.at)
    for path in (disk.at, inner, link / "new" / "clip.mp4"):
        assert files.mount_of(path) == disk.at
    remembered = [files.mount_of(media), disk.at]
    assert files.missing_mount(inner, remembered) is None
    disk.unplug()
    assert files.missing_mount(inner, remembered) == disk.at
    assert files.missing_mount(link / "clip.mp4", remembered) == disk.at
    assert files.missing_mount(media / "nas2" / "clip.mp4", remembered) is None
    assert files.missing_mount(inner, remembered[:1]) is None


def test_a_disk_in_place_of_one_above(media: Path, disk: Disk) -> None:
    """Where something is mounted further in, it is there that files are."""
    assert files.missing_mount(disk.at / "clip.mp4", [media]) is None
    assert files.missing_mount(media / "clip.mp4", [media]) == media


async def test_nothing_is_saved_in_its_place(house: House, disk: Disk) -> None:
    """The first byte is not written, the cloud not asked; once it is back, all goes on."""
    job = await house.save(window(0, 10), "nas/first")
    assert job.state is JobState.SAVED
    disk.unplug()
    asked = house.shelf.asked
    job = await house.save(window(0, 10), "nas/day/second")
    assert job.state is JobState.FAILED
    assert job.error
    assert job.error.key == "storage_gone"
    assert job.error.placeholders["path"] == str(disk.at)
    assert house.names() == ["nas"]
    assert house.shelf.asked == asked
    # Beside it there is nothing wrong.
    assert (await house.save(window(0, 10), "other/clip")).state is JobState.SAVED
    disk.plug()
    assert (await house.save(window(0, 10), "nas/day/second")).state is JobState.SAVED
    assert (disk.at / "day" / "second.mp4").exists()


async def test_it_goes_while_a_job_waits(
    house: House, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hours may lie between asking for a clip and its first byte."""
    await house.save(window(0, 10), "nas/first")
    plan = house.shelf.plan

    async def unplug_first(*args: object) -> object:
        disk.unplug()
        return await plan(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(house.shelf, "plan", unplug_first)
    job = await house.save(window(0, 10), "nas/second")
    assert job.error
    assert job.error.key == "storage_gone"
    assert house.names() == ["nas"]
    assert house.shelf.fetched == ["0.mp4"]


async def test_the_media_folder_on_the_databases_own_disk(
    house: House, disk: Disk, media: Path
) -> None:
    """It need not be remembered: where the database is, it is there."""
    await house.save(window(0, 10), "clip")
    assert await house.library.mounts() == []
    await house.save(window(0, 10), "nas/clip")
    assert await house.library.mounts() == [disk.at]
    library = await Library(disk.at / "clips.db").open()
    await library.remember_mounts([disk.at])
    assert await library.mounts() == []
    await library.close()


@pytest.fixture
async def clips(library: Library, media: Path, disk: Disk) -> list[Clip]:
    """Save clips to the disk and beside it, and unplug it. Others write in its place."""
    home = Home(library, media)
    clips = [await home.lay(one) for one in shelf(disk.at)]
    for one in shelf(media, 1, "m"):
        await home.lay(one)
    assert await rebuild(library, [media]) == Rebuilt(found=4)
    assert await library.mounts() == [disk.at]
    disk.unplug()
    (disk.at / "song.mp3").touch()
    return clips


async def test_nothing_on_it_is_gone(
    library: Library, media: Path, disk: Disk, clips: list[Clip]
) -> None:
    """Whoever looks finds all that is known, though its folder is not empty."""
    everything = await known(library)
    # An old one of ours, too, as was left there by who did not look at mount points.
    (hidden,) = [lay(replace(one, id="h")) for one in clips[:1]]
    hidden.path.rename(hidden.path.with_stem("h"))
    sidecar = hidden.path.with_suffix(".json")
    sidecar.rename(sidecar.with_stem("h"))
    for _ in range(2):
        assert await forget_missing(library, [media], clips) == []
        assert await rebuild(library, [media]) == Rebuilt(found=1)
        assert await rebuild(library, [media / "nas"]) == Rebuilt()
        assert await known(library) == everything
    assert await library.mounts() == [disk.at]
    disk.plug()
    assert await rebuild(library, [media]) == Rebuilt(found=4)
    clips[0].path.unlink()
    assert await forget_missing(library, [media], clips) == clips[:1]


async def test_nothing_on_it_is_let_go_of(
    library: Library, media: Path, disk: Disk, clips: list[Clip]
) -> None:
    """Not even what lies in its place and looks just like it."""
    copy = await Home(library, media).lay(clips[0])
    pruning = Pruning(ClipQueries(library))
    limits: dict[str | None, Limits] = {None: Limits(keep_days=1)}
    now = NOON + timedelta(days=99)
    away = {one.id: Spared.AWAY for one in clips}
    assert (await pruning.plan(limits, [media], now)).spared == away
    done = await pruning.prune(limits, [media], now)
    assert [due.clip.id for due in done.gone] == ["m0"]
    assert done.spared == away
    assert copy.path.exists()
    assert await known(library) == clips
    disk.plug()
    assert len((await pruning.prune(limits, [media], now)).gone) == 3


async def test_nothing_on_it_is_missed(
    library: Library, media: Path, disk: Disk, clips: list[Clip]
) -> None:
    """Whoever verifies is told that it is away, and nothing is handed over to it."""
    catalog = ClipQueries(library)
    with ThreadPoolExecutor(1) as reader:
        verified = await verify(catalog, catalog.in_window(), [media], reader)
        assert {one.clip.id: one.state for one in verified.others} == {
            one.id: State.AWAY for one in clips
        }
        with pytest.raises(StorageError, match="^storage_gone"):
            await export(
                catalog.in_window,
                disk.at / "case",
                [media],
                reader,
                now=NOON,
                words=ENGLISH,
                mounts=await library.mounts(),
            )
    assert [path.name for path in disk.at.iterdir()] == ["song.mp3"]


async def test_its_clips_were_copied_to_stay(
    library: Library, media: Path, disk: Disk, clips: list[Clip]
) -> None:
    """A rebuild takes what lies there for what there is, once it is what was known."""
    for one in clips[:2]:
        lay(one)
    assert await rebuild(library, [media]) == Rebuilt(found=3, changed=2, gone=1)
    assert await library.mounts() == []
    files.check_mounted(clips[0].path, await library.mounts())
    shutil.rmtree(clips[0].path.parent)
    assert [one.id for one in await forget_missing(library, [media], clips[:1])] == [
        "n0"
    ]


async def test_nothing_of_it_is_known(
    library: Library, media: Path, disk: Disk, clips: list[Clip]
) -> None:
    """A rebuild forgets a disk on which nothing could be missed."""
    await ClipQueries(library).remove(one.id for one in clips)
    assert await rebuild(library, [media]) == Rebuilt(found=1)
    assert await library.mounts() == []


async def test_it_goes_while_a_rebuild_looks(
    library: Library, media: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was seen a moment ago is not gone because its disk is."""
    clips = shelf(disk.at)
    await rebuild(library, [media])
    remember = library.remember_mounts

    async def unplug_then(mounts: set[Path]) -> None:
        await asyncio.to_thread(disk.unplug)
        (disk.at / "song.mp3").touch()
        await remember(mounts)

    monkeypatch.setattr(library, "remember_mounts", unplug_then)
    assert await rebuild(library, [media]) == Rebuilt(found=3)
    assert await known(library) == clips
