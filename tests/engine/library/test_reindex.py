"""The library brought back from its files, and what may not be taken for gone."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
import os
from pathlib import Path
import shutil
import sqlite3
from typing import Any
import weakref
from zoneinfo import ZoneInfo

import pytest

from custom_components.clip_download.engine.events.store import EventStore
from custom_components.clip_download.engine.folder import File, Folder
from custom_components.clip_download.engine.library import (
    reindex as rebuild_module,
    sidecar,
)
from custom_components.clip_download.engine.library.database import Library
from custom_components.clip_download.engine.library.queries import ClipQueries
from custom_components.clip_download.engine.library.reindex import (
    Rebuilt,
    forget_missing,
    rebuild,
)
from custom_components.clip_download.engine.model import Clip, Event, JobState

from .test_database import JOB
from .test_queries import clip, names, put


@pytest.fixture
async def library(tmp_path: Path) -> AsyncIterator[Library]:
    """Open a new library."""
    library = await Library(tmp_path / "clips.db").open()
    yield library
    await library.close()


@pytest.fixture
def media(tmp_path: Path) -> Path:
    """Make a media folder."""
    folder = tmp_path / "media"
    folder.mkdir()
    return folder


def lay(one: Clip) -> Clip:
    """Lay a clip's files down, as a job does; return it as the library knows it."""
    one.path.parent.mkdir(parents=True, exist_ok=True)
    one.path.write_bytes(b"x" * one.size_bytes)
    sidecar.write(Folder.open(one.path.parent), one, one.window)
    return replace(one, modified_ns=one.path.stat().st_mtime_ns)


def shelf(media: Path, count: int = 3, name: str = "n") -> list[Clip]:
    """Lay some clips into folders of days."""
    return [
        lay(
            clip(
                f"{name}{number}",
                at=timedelta(days=number),
                folder=media / "clip_download" / "Front" / f"day {number}",
                kinds=[f"ding{name}{number}"],
            )
        )
        for number in range(count)
    ]


async def known(library: Library) -> list[Clip]:
    """Return all that the library knows."""
    return [one async for one in ClipQueries(library).in_window()]


async def test_a_library_from_nothing(
    library: Library, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All clips come back as they were: kept, counted, and known as saved."""
    monkeypatch.setattr(rebuild_module, "AT_ONCE", 2)
    clips = shelf(media, 5)
    clips[1] = lay(replace(clips[1], kept=True))
    assert await rebuild(library, [media]) == Rebuilt(found=5, added=5)
    assert await known(library) == clips
    catalog = ClipQueries(library)
    assert names(await catalog.oldest_first(most=9)) == ["n0", "n2", "n3", "n4"]
    assert len(await catalog.days("a", "front", most=9)) == 5
    assert await catalog.total_size() == 500
    saved = await EventStore(library, "a").clip_paths(
        "front", ["dingn0", "dingn4", "x"]
    )
    assert saved == {"dingn0": str(clips[0].path), "dingn4": str(clips[4].path)}
    assert not await library.is_rebuild_due()
    assert await rebuild(library, [media]) == Rebuilt(found=5)


async def test_moved_deleted_and_restored(library: Library, media: Path) -> None:
    """What was done by hand is noticed; what somebody marked as kept stays so."""
    clips = shelf(media)
    await rebuild(library, [media])
    await ClipQueries(library).set_kept(["n0"], [media], kept=True)
    moved = media / "holidays" / "2026.mp4"
    moved.parent.mkdir()
    clips[0].path.rename(moved)
    sidecar.path_of(clips[0].path).rename(moved.with_suffix(".json"))
    away = media.parent / "away"
    shutil.move(clips[1].path.parent, away)

    assert await rebuild(library, [media]) == Rebuilt(found=2, changed=1, gone=1)
    here = await ClipQueries(library).clip_at(str(moved))
    assert here == replace(clips[0], path=moved, kept=True)
    assert names(await known(library)) == ["n0", "n2"]

    shutil.move(away, clips[1].path.parent)
    assert await rebuild(library, [media]) == Rebuilt(found=3, added=1)
    assert await ClipQueries(library).clip("n1") == clips[1]


async def test_kept_by_either(library: Library, media: Path) -> None:
    """An old copy of a sidecar does not let go of what is kept, nor the other way round."""
    one, two = shelf(media, 2)
    await rebuild(library, [media])
    await ClipQueries(library).set_kept(["n0"], [media], kept=True)
    sidecar.write(Folder.open(one.path.parent), one, None)
    sidecar.write(Folder.open(two.path.parent), replace(two, kept=True), None)
    assert await rebuild(library, [media]) == Rebuilt(found=2, changed=1)
    assert await ClipQueries(library).kept_of(["n0", "n1"]) == ["n0", "n1"]


async def test_a_truncated_file(library: Library, media: Path) -> None:
    """It is not taken for the clip; where it was known it stays, for whoever verifies."""
    clips = shelf(media, 2)
    clips[0].path.write_bytes(b"x" * 99)
    assert await rebuild(library, [media]) == Rebuilt(found=1, added=1, damaged=1)
    assert await known(library) == clips[1:]
    clips[1].path.write_bytes(b"")
    assert await rebuild(library, [media]) == Rebuilt(damaged=2)
    assert await known(library) == clips[1:]


async def test_what_is_not_ours(library: Library, media: Path) -> None:
    """Foreign sidecars, links, hidden folders and lonely files are passed over, unread."""
    (ours,) = shelf(media, 1)
    beside = media / "clip_download"
    foreign = {
        "foreign.json": '{"camera": "x"}',
        "foreign.mp4": "",
        "lonely.json": sidecar.path_of(ours.path).read_text(),
        "notes.json": "{}",
        "other.mp4": "",
    }
    for name, text in foreign.items():
        (beside / name).write_text(text)
    hidden = lay(replace(clip("hidden"), path=beside / ".clip_download_1" / "x.mp4"))
    outside = lay(replace(clip("outside"), path=media.parent / "outside" / "x.mp4"))
    (media / "link").symlink_to(outside.path.parent)
    (media / "loop").symlink_to(media)
    # A link to a video is not our file, and a link to a sidecar not our sidecar.
    lay(replace(clip("linked"), path=media / "linked.mp4"))
    (media / "linked.mp4").unlink()
    (media / "linked.mp4").symlink_to(outside.path)
    (media / "told.mp4").write_bytes(b"x" * 100)
    (media / "told.json").symlink_to(sidecar.path_of(outside.path))
    os.mkfifo(media / "pipe.json")
    (media / "pipe.mp4").touch()
    (media / "folder.json").mkdir()
    (media / "folder.mp4").touch()
    Path(os.fsdecode(bytes(media) + b"/\xff.mp4")).touch()
    Path(os.fsdecode(bytes(media) + b"/\xff.json")).write_text(
        sidecar.path_of(hidden.path).read_text()
    )
    before = sorted(media.rglob("*"))
    assert await rebuild(library, [media]) == Rebuilt(found=1, added=1, foreign=5)
    assert names(await known(library)) == ["n0"]
    assert sorted(media.rglob("*")) == before


async def test_a_copy_is_not_another_clip(library: Library, media: Path) -> None:
    """Of a clip and its copies that counts which is known, rebuild after rebuild."""
    (one,) = shelf(media, 1)
    shutil.copytree(media / "clip_download", media / "backup")
    first = media / "backup" / one.path.relative_to(media / "clip_download")
    assert await rebuild(library, [media]) == Rebuilt(found=1, added=1)
    assert [found.path for found in await known(library)] == [first]
    shutil.copytree(media / "backup", media / "a")
    for _ in range(2):
        assert await rebuild(library, [media]) == Rebuilt(found=1)
        assert [found.path for found in await known(library)] == [first]
    shutil.rmtree(media / "backup")
    assert await rebuild(library, [media]) == Rebuilt(found=1, changed=1)
    (found,) = await known(library)
    assert found.path.is_relative_to(media / "a")


@pytest.mark.parametrize("left", ["nothing", "nonsense", "a link"])
async def test_a_video_that_was_left_behind(
    library: Library, media: Path, left: str
) -> None:
    """The clip goes with its sidecar; what cannot be read may still be the first."""
    (one,) = shelf(media, 1)
    await rebuild(library, [media])
    new = media / "new.mp4"
    shutil.copy(one.path, new)
    old = sidecar.path_of(one.path).rename(new.with_suffix(".json"))
    match left:
        case "nonsense":
            sidecar.path_of(one.path).write_text("{}")
        case "a link":
            sidecar.path_of(one.path).symlink_to(old)
    await rebuild(library, [media])
    (found,) = await known(library)
    assert found.path == (one.path if left == "a link" else new)


async def test_two_clips_that_changed_places(library: Library, media: Path) -> None:
    """Each is where its sidecar lies."""
    one, two = shelf(media, 2)
    await rebuild(library, [media])
    for source, target in ((one, "x"), (two, one.path), ("x", two.path)):
        for suffix in (".mp4", ".json"):
            start = source.path if isinstance(source, Clip) else media / source
            end = target if isinstance(target, Path) else media / target
            start.with_suffix(suffix).rename(end.with_suffix(suffix))
    for _ in range(2):
        await rebuild(library, [media])
    assert {found.id: found.path for found in await known(library)} == {
        "n0": two.path,
        "n1": one.path,
    }


@pytest.mark.parametrize("trouble", ["missing", "empty", "another disk"])
@pytest.mark.parametrize("place", ["root", "below"])
async def test_a_disk_that_is_not_there(
    library: Library, media: Path, trouble: str, place: str
) -> None:
    """A drive that is not mounted takes nothing with it, wherever it is mounted."""
    roots = [media, media.parent / "second"]
    roots[1].mkdir()
    mount = media if place == "root" else media / "nas"
    clips = shelf(mount)
    # Others are there, so that something is found at all.
    others = shelf(roots[1], name="s")
    if place == "below":
        others += shelf(media, name="m")
    await rebuild(library, roots)
    everything = await known(library)
    assert len(everything) == len(clips) + len(others)

    away = media.parent / "away"
    mount.rename(away)
    if trouble != "missing":
        mount.mkdir()
    if trouble == "another disk":
        (mount / "songs").mkdir()
        (mount / "songs" / "song.mp3").touch()
    assert await rebuild(library, roots) == Rebuilt(found=len(others))
    assert await known(library) == everything
    if trouble != "another disk":
        assert await forget_missing(library, roots, clips) == []
        assert await known(library) == everything

    if trouble != "missing":
        shutil.rmtree(mount)
    away.rename(mount)
    assert await rebuild(library, roots) == Rebuilt(found=len(everything))


async def test_a_rebuild_stays_due_without_a_media_folder(
    library: Library, media: Path
) -> None:
    """What lies in a folder that is not there now may still come."""
    shelf(media, 1)
    later = media.parent / "later"
    assert await rebuild(library, [media, later]) == Rebuilt(found=1, added=1)
    assert await library.is_rebuild_due()
    later.mkdir()
    await rebuild(library, [media, later])
    assert not await library.is_rebuild_due()


async def test_a_folder_outside_of_the_media_folders(
    library: Library, media: Path
) -> None:
    """Nothing is said of clips in a folder that is none of the media folders now."""
    clips = shelf(media, 1)
    other = shelf(media.parent / "other", 1, "o")
    await rebuild(library, [media, media.parent / "other"])
    shutil.rmtree(media.parent / "other")
    assert await rebuild(library, [media]) == Rebuilt(found=1)
    assert await forget_missing(library, [media], other) == []
    assert {one.id for one in await known(library)} == {clips[0].id, other[0].id}


async def test_trouble_is_not_absence(
    library: Library, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that cannot be read now says nothing of what is in it."""
    clips = shelf(media, 2)
    await rebuild(library, [media])
    lstat, scandir = Path.lstat, os.scandir
    locked = clips[0].path.parent

    def lstat_with_trouble(path: Path) -> os.stat_result:
        if path.parent == locked:
            raise PermissionError(13, "Permission denied", str(path))
        return lstat(path)

    def scandir_with_trouble(folder: int) -> object:
        if os.path.samestat(os.fstat(folder), locked.stat()):
            raise PermissionError(13, "Permission denied", str(locked))
        return scandir(folder)

    monkeypatch.setattr(Path, "lstat", lstat_with_trouble)
    monkeypatch.setattr(os, "scandir", scandir_with_trouble)
    assert await rebuild(library, [media]) == Rebuilt(found=1)
    assert await forget_missing(library, [media], clips) == []
    assert await known(library) == clips


async def test_looking_over_a_page(library: Library, media: Path) -> None:
    """What was deleted by hand drops out of the library as its page is shown."""
    clips = shelf(media)
    await rebuild(library, [media])
    assert await forget_missing(library, [media], clips) == []
    clips[1].path.unlink()
    shutil.rmtree(clips[2].path.parent)
    assert await forget_missing(library, [media], clips) == clips[1:]
    assert await known(library) == clips[:1]
    # A clip in the media folder itself counts on that.
    (flat,) = [lay(replace(clip("flat"), path=media / "flat.mp4"))]
    await rebuild(library, [media])
    flat.path.unlink()
    assert await forget_missing(library, [media], [flat]) == [flat]


async def test_an_event_keeps_its_first_part(library: Library, media: Path) -> None:
    """Of a recording in several files the first is the event's, however it is rebuilt."""
    parts = [
        lay(clip(f"part{n}", folder=media / "clip_download", kinds=["ding"]))
        for n in (1, 2)
    ]
    event = Event(id="ding", kind="ding", window=parts[0].window)
    await library.add_job(JOB)
    job = replace(JOB, camera_id="front", events=(event,), clips=tuple(parts))
    await library.finish_job(replace(job, state=JobState.SAVED))
    store = EventStore(library, "a")
    assert await store.clip_paths("front", ["ding"]) == {"ding": str(parts[0].path)}
    await rebuild(library, [media])
    assert await store.clip_paths("front", ["ding"]) == {"ding": str(parts[0].path)}
    await library.change(lambda database: database.execute("DELETE FROM events"))
    await library.change(lambda database: database.execute("DELETE FROM clips"))
    await rebuild(library, [media])
    assert await store.clip_paths("front", ["ding"]) == {"ding": str(parts[0].path)}


async def test_media_folders_in_each_other(library: Library, media: Path) -> None:
    """Each clip is found once, whichever folder is named first, or twice."""
    clips = shelf(media)
    inner = clips[0].path.parent
    for roots in ([media, inner], [inner, media, inner]):
        found = await rebuild(library, roots)
        assert (found.found, found.changed, found.gone) == (3, 0, 0)
    assert await known(library) == clips


async def test_copies_of_a_clip_that_is_gone(library: Library, media: Path) -> None:
    """Of two copies that come together one counts; of the next rebuild, the same."""
    (one,) = shelf(media, 1)
    await rebuild(library, [media])
    copies = [media / "clip_download" / name / "n0.mp4" for name in ("b", "c")]
    for copy in copies:
        copy.parent.mkdir()
        lay(replace(one, path=copy))
    for ending in (".mp4", ".jpg", ".json"):
        one.path.with_suffix(ending).unlink(missing_ok=True)
    for changed in (1, 0):
        found = await rebuild(library, [media])
        assert found == Rebuilt(found=1, changed=changed)
        assert [clip.path for clip in await known(library)] == copies[:1]


async def test_little_is_kept_in_memory(
    library: Library, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that is read of a clip lives longer than it takes to record some."""
    monkeypatch.setattr(rebuild_module, "AT_ONCE", 10)
    shelf(media, 200)
    most = 0
    read = sidecar.read_fields
    alive = weakref.WeakSet[sidecar.Fields]()

    def watch(file: File) -> sidecar.Fields:
        nonlocal most
        alive.add(told := read(file))
        most = max(most, len(alive))
        return told

    monkeypatch.setattr(sidecar, "read_fields", watch)
    assert (await rebuild(library, [media])).added == 200
    assert most <= 2


async def test_another_time_zone(tmp_path: Path, media: Path) -> None:
    """Clips are of the days of where Home Assistant is now."""
    late = lay(
        clip("late", at=timedelta(hours=11, minutes=30), folder=media / "clip_download")
    )
    for zone, day, changed in (
        ("UTC", "2026-11-21", 0),
        ("Europe/Berlin", "2026-11-22", 1),
    ):
        library = await Library(tmp_path / "clips.db", ZoneInfo(zone)).open()
        assert (await rebuild(library, [media])).changed == changed
        (page,) = await ClipQueries(library).days("a", "front", most=9)
        assert (page.day, page.latest) == (day, late)
        await library.close()


async def test_clips_that_are_saved_meanwhile(
    library: Library, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rebuild takes away nothing that comes while it runs, and waits for its turn."""
    monkeypatch.setattr(rebuild_module, "AT_ONCE", 1)
    clips = shelf(media, 20)
    fresh: list[Clip] = []
    record = rebuild_module._record

    async def record_and_save(*those: Any) -> None:
        await record(*those)
        if len(fresh) < 5:
            fresh.append(lay(clip(f"fresh{len(fresh)}", folder=clips[0].path.parent)))
            await put(library, fresh[-1])

    monkeypatch.setattr(rebuild_module, "_record", record_and_save)
    first, second = (asyncio.create_task(rebuild(library, [media])) for _ in range(2))
    assert (await first).gone == 0
    assert len(fresh) == 5
    assert (await second).found == 25
    assert {one.id for one in await known(library)} == {
        one.id for one in (*clips, *fresh)
    }


async def test_a_damaged_database_comes_back(tmp_path: Path, media: Path) -> None:
    """From a file that is no database to all clips, with what was kept."""
    clips = shelf(media)
    path = tmp_path / "clips.db"
    path.write_bytes(b"\0" * 4096)
    library = await Library(path).open()
    assert await library.is_rebuild_due()
    assert await rebuild(library, [media]) == Rebuilt(found=3, added=3)
    await ClipQueries(library).set_kept(["n2"], [media], kept=True)
    await library.close()

    path.unlink()
    library = await Library(path).open()
    assert await library.is_rebuild_due()
    await rebuild(library, [media])
    assert await known(library) == [*clips[:2], replace(clips[2], kept=True)]
    await library.close()
    with sqlite3.connect(path) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()
