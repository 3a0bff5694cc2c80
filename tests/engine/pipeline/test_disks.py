"""Real disks that fill up, turn read-only, go away, or know no upper and lower case.

Whatever happens is told, leaves nothing half under a final name, and once the disk is well
a clip is saved on it. Where this machine cannot mount them, the tests are skipped.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import timedelta
import hashlib
import os
from pathlib import Path
import shutil
import subprocess

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
import pytest

from custom_components.clip_download.engine.errors import StorageError
from custom_components.clip_download.engine.folder import Folder
from custom_components.clip_download.engine.library import files
from custom_components.clip_download.engine.library.queries import ClipQueries
from custom_components.clip_download.engine.library.reindex import Rebuilt, rebuild
from custom_components.clip_download.engine.library.retention import Limits, Pruning
from custom_components.clip_download.engine.library.verify import verify
from custom_components.clip_download.engine.model import Clip, Job, JobState
from tests.engine.library.test_mounts import disk_at, mounted
from tests.engine.library.test_queries import NOON

from .test_jobs import House, Shelf, window

DISK_BYTES = 8 * 2**20
TENTH_S = 0.1
NOBODY = 65534
ENDINGS = ("jpg", "json", "mp4")


@contextmanager
def fuse(*command: str, at: Path) -> Iterator[None]:
    """Mount a file system of a program's; where there is none, there is nothing to see."""
    if not shutil.which(command[0]) or not os.access("/dev/fuse", os.W_OK):
        pytest.skip(f"there is no {command[0]} here")
    done = subprocess.run([*command, str(at)], check=False, timeout=9)
    if done.returncode or not os.path.ismount(at):
        pytest.skip(f"{command[0]} cannot mount here")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(at)], check=True, timeout=9)


@contextmanager
def fat(at: Path, image: Path) -> Iterator[None]:
    """Mount a FAT file system: no hard links, no rights, times of 2 s, any case."""
    if not shutil.which("mkfs.vfat"):
        pytest.skip("there is no mkfs.vfat here")
    with image.open("wb") as file:
        file.truncate(64 * 2**20)
    subprocess.run(["mkfs.vfat", str(image)], check=True, timeout=9)
    with fuse("fusefat", "-o", "rw+", str(image), at=at):
        yield


@pytest.fixture(autouse=True)
def small_reserve(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a small disk be of use."""
    monkeypatch.setattr(files, "RESERVE_BYTES", 0)


@asynccontextmanager
async def built(media: Path, folder: Path) -> AsyncIterator[House]:
    """Run an account whose media folder is this one, with ten seconds of footage."""
    shelf = folder / "shelf"
    shelf.mkdir()
    app = web.Application()
    async with ClientSession() as session:
        server = TestServer(app)
        house = House(
            shelf=Shelf(session, server, shelf),
            media=media,
            database=folder / "clips.db",
        )
        app.router.add_get("/{name}", house.shelf.serve)
        async with server:
            house.shelf.lay(window(0, 10))
            await house.start()
            try:
                yield house
            finally:
                await house.stop()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a small disk."""
    at = tmp_path / "media"
    at.mkdir()
    with mounted("-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", at=at):
        yield at


@pytest.fixture
async def house(
    disk: Path, tmp_path: Path, socket_enabled: None
) -> AsyncIterator[House]:
    """Return a running account whose media folder is a small disk."""
    async with built(disk, tmp_path) as house:
        yield house


def fill(disk: Path, left_bytes: int = 0) -> None:
    """Let others leave so much room."""
    space = os.statvfs(disk)
    content = b"\0" * max(0, space.f_bavail * space.f_frsize - left_bytes)
    (disk / "ballast").write_bytes(content)


def remount(disk: Path, option: str) -> None:
    """Let a disk be read-only, or writable again."""
    options = f"remount,{option}"
    subprocess.run(["mount", "-o", options, str(disk)], check=True, timeout=9)


def before(house: House, step: str, act: Callable[[], None]) -> None:
    """Do something right before a job's step: fetching, finishing, publishing."""
    update = house.library.update_job
    is_due = True

    async def update_job(job: Job, *, durable: bool = True) -> None:
        nonlocal is_due
        await update(job, durable=durable)
        if is_due and step == ("publishing" if job.clips else job.state.value):
            is_due = False
            await asyncio.to_thread(act)

    house.library.update_job = update_job  # type: ignore[method-assign]


def in_mid_body(
    act: Callable[[], None],
) -> Callable[..., Awaitable[web.StreamResponse]]:
    """Answer without a length; do something when half of the body has been sent."""

    async def send(request: web.Request, path: Path) -> web.StreamResponse:
        content = path.read_bytes()
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        await response.write(content[: len(content) // 2])
        await asyncio.sleep(TENTH_S)
        await asyncio.to_thread(act)
        await response.write(content[len(content) // 2 :])
        await response.write_eof()
        return response

    return send


def nothing() -> None:
    """Let all be as it is."""


def is_whole(clip: Clip) -> bool:
    """Say whether a clip's file is what was hashed."""
    return hashlib.sha256(clip.path.read_bytes()).hexdigest() == clip.sha256


async def check_failed(house: House, job: Job, key: str, left: list[str]) -> None:
    """See what is told of a job, and that nothing but `left` lies on the disk."""
    assert job.state is JobState.FAILED, job.state
    assert job.error
    assert job.error.key == key
    assert house.names() == left
    assert house.jobs._downloads.short.free


async def check_well(house: House, name: str = "clip") -> None:
    """See that a clip is saved, whole and alone."""
    ballast = house.media / "ballast"
    ballast.unlink(missing_ok=True)
    job = await house.save(window(0, 10), name)
    assert (job.state, job.error) == (JobState.SAVED, None)
    (clip,) = job.clips
    assert is_whole(clip)
    assert house.names() == [f"{name}.{ending}" for ending in ENDINGS]


async def test_full_when_it_is_opened(house: House, disk: Path) -> None:
    """Nothing is begun on a disk without room."""
    fill(disk, 16 * 1024)
    job = await house.save(window(0, 10))
    await check_failed(house, job, "storage_full", ["ballast"])
    await check_well(house)


async def test_full_to_the_last_byte(house: House, disk: Path) -> None:
    """Nor where there is none for a folder."""
    fill(disk)
    job = await house.save(window(0, 10), "new/clip")
    await check_failed(house, job, "storage_full", ["ballast"])
    await check_well(house)


async def test_full_in_the_middle(house: House, disk: Path) -> None:
    """Others fill it while a body of unknown length arrives."""

    house.shelf.answer = in_mid_body(lambda: fill(disk))
    job = await house.save(window(0, 10))
    await check_failed(house, job, "storage_full", ["ballast"])
    house.shelf.answer = in_mid_body(nothing)
    await check_well(house)


@pytest.mark.parametrize("step", ["fetching", "finishing", "publishing"])
async def test_full_before(house: House, disk: Path, step: str) -> None:
    """Others fill it between one step and the next."""
    before(house, step, lambda: fill(disk))
    # What has to be made anew needs room once more.
    job = await house.save(window(3, 7))
    await check_failed(house, job, "storage_full", ["ballast"])
    await check_well(house)


async def test_read_only(house: House, disk: Path) -> None:
    """A disk that cannot be written to is told."""
    remount(disk, "ro")
    job = await house.save(window(0, 10))
    await check_failed(house, job, "storage_read_only", [])
    remount(disk, "rw")
    await check_well(house)


@pytest.mark.parametrize("step", ["fetching", "finishing", "publishing"])
async def test_read_only_before(house: House, disk: Path, step: str) -> None:
    """It turns read-only under way: what lies there cannot be removed, until it can."""
    before(house, step, lambda: remount(disk, "ro"))
    job = await house.save(window(3, 7))
    assert job.error
    assert job.error.key == "storage_read_only"
    assert not [name for name in house.names() if not name.startswith(".")]
    remount(disk, "rw")
    await house.stop()
    await house.start()
    await check_well(house)


@pytest.mark.parametrize("step", ["body", "finishing", "publishing"])
async def test_unmounted_under_way(
    tmp_path: Path, socket_enabled: None, step: str
) -> None:
    """Nothing is written below its mount point; the disk has the clip whole, or nothing."""
    media, store = tmp_path / "media", tmp_path / "store"
    media.mkdir()
    with disk_at(media / "nas", store) as disk:
        async with built(media, tmp_path) as house:
            disk.plug()
            # From now on it is known for a disk.
            await house.save(window(0, 10), "nas/first")
            if step == "body":
                house.shelf.answer = in_mid_body(disk.unplug)
            else:
                before(house, step, disk.unplug)
            job = await house.save(window(3, 7), "nas/clip")
            assert house.names() == ["nas"]
            first = {f"first.{ending}" for ending in ENDINGS}
            names = {path.name for path in store.iterdir()} - first
            if job.state is JobState.FAILED:
                assert job.error
                assert job.error.key == "storage_gone"
                assert not [name for name in names if not name.startswith(".")]
            else:
                assert names == {f"clip.{ending}" for ending in ENDINGS}
            house.shelf.answer = in_mid_body(nothing)
            disk.plug()
            await house.stop()
            await house.start()
            await house.idle()
            job = await house.save(window(3, 7), "nas/again")
            assert job.state is JobState.SAVED
            assert not list(disk.at.rglob(".*"))


@pytest.mark.parametrize("ending", [".mp4", ".jpg", ".json"])
async def test_a_name_that_another_takes(house: House, disk: Path, ending: str) -> None:
    """Whoever takes it between choosing and publishing keeps it."""
    theirs = disk / f"clip{ending}"
    before(house, "publishing", lambda: theirs.symlink_to("theirs"))
    job = await house.save(window(0, 10))
    assert job.state is JobState.SAVED
    (clip,) = job.clips
    assert theirs.readlink() == Path("theirs")
    assert clip.path == disk / "clip_2.mp4"
    assert house.names() == [
        *([f"clip{ending}"]),
        "clip_2.jpg",
        "clip_2.json",
        "clip_2.mp4",
    ]


@pytest.fixture
async def fat_house(tmp_path: Path, socket_enabled: None) -> AsyncIterator[House]:
    """Return a running account whose media folder is a FAT disk."""
    at = tmp_path / "media"
    at.mkdir()
    with fat(at, tmp_path / "fat.img"):
        async with built(at, tmp_path) as house:
            yield house


async def test_names_that_differ_in_case(fat_house: House) -> None:
    """They are one name to it: no clip replaces another."""
    names = ["Front", "front", "FRONT"]
    jobs = [await fat_house.save(window(0, 10), name) for name in names]
    assert [job.error for job in jobs] == [None] * 3
    paths = [job.clips[0].path for job in jobs]
    assert [path.name for path in paths] == ["Front.mp4", "front_2.mp4", "FRONT_3.mp4"]
    for job in jobs:
        assert is_whole(job.clips[0])
    assert len(fat_house.names()) == 9


async def test_clips_on_fat_are_known_as_ours(fat_house: House) -> None:
    """Its times are even seconds: clips are whole, found again, and pruned all the same.

    This driver notes the time anew when a file is renamed: where two seconds end between
    hashing and publishing, the library learns of that by a rebuild.
    """
    media, library = fat_house.media, fat_house.library
    job = await fat_house.save(window(0, 10), "Front/clip")
    assert job.state is JobState.SAVED
    catalog = ClipQueries(library)
    with ThreadPoolExecutor(1) as reader:
        verified = await verify(catalog, catalog.in_window(), [media], reader)
    assert verified.others == []
    rebuilt = await rebuild(library, [media])
    assert replace(rebuilt, changed=0) == Rebuilt(found=1)
    pruning = Pruning(catalog)
    limits: dict[str | None, Limits] = {None: Limits(keep_days=1)}
    done = await pruning.prune(limits, [media], NOON + timedelta(days=999))
    assert done.spared == {}
    assert len(done.gone) == 1
    assert fat_house.names() == []


async def test_a_share_that_makes_everybody_one(
    tmp_path: Path, socket_enabled: None
) -> None:
    """Network shares let all files belong to one user, who need not be ours."""
    at, store = tmp_path / "media", tmp_path / "store"
    at.mkdir()
    store.mkdir()
    options = ["--force-user=nobody", "--force-group=nogroup", "--chmod-ignore"]
    with fuse("bindfs", *options, "--create-as-user", str(store), at=at):
        with Folder.open(at).make_private("ours") as folder:
            assert folder.names() == []
        (at / "ours").rmdir()
        async with built(at, tmp_path) as house:
            await check_well(house)


def test_a_folder_of_somebody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another's folder that took the place of ours is no private one."""
    mkdir = os.mkdir

    def swapped(name: str, mode: int, *, dir_fd: int) -> None:
        mkdir(name, 0o777, dir_fd=dir_fd)
        os.chown(name, NOBODY, NOBODY, dir_fd=dir_fd)

    monkeypatch.setattr(os, "mkdir", swapped)
    with pytest.raises(StorageError, match="storage_changed"):
        Folder.open(tmp_path).make_private("ours")
    assert list((tmp_path / "ours").iterdir()) == []
