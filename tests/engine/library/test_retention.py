"""What is let go of, over real files, and what never is."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
import errno
import hashlib
import json
import os
from pathlib import Path
import random
import shutil
from typing import Any, NamedTuple

import pytest

from custom_components.clip_download.engine.errors import LibraryError, StorageError
from custom_components.clip_download.engine.folder import Folder
from custom_components.clip_download.engine.library import (
    retention as pruning_module,
    sidecar,
)
from custom_components.clip_download.engine.library.database import Library
from custom_components.clip_download.engine.library.queries import ClipQueries
from custom_components.clip_download.engine.library.reindex import (
    forget_missing,
    rebuild,
)
from custom_components.clip_download.engine.library.retention import (
    Limits,
    Pruned,
    Pruning,
    Reason,
    Spared,
)
from custom_components.clip_download.engine.model import Clip
from tests.waits import LONGEST_S

from .test_queries import NOON, clip, names, put

DAY = timedelta(days=1)
SIZE = 100
OTHERS = ("others/0", "others/1")


class Home:
    """A library with media folders that clips are saved to, one a day up to noon."""

    def __init__(self, library: Library, media: Path) -> None:
        """Take an open library and an empty media folder."""
        self.library = library
        self.catalog = ClipQueries(library)
        self.pruning = Pruning(self.catalog)
        self.media = media
        self.roots = [media]

    async def save(self, name: str, days_ago: float, **about: object) -> Clip:
        """Save a clip, with all that lies beside it."""
        folder = self.media / "clip_download" / "Front" / f"day {days_ago}"
        return await self.lay(
            replace(
                clip(name, at=-days_ago * DAY, folder=folder),
                saved_at=NOON - days_ago * DAY,
                **about,  # type: ignore[arg-type]
            )
        )

    async def lay(self, one: Clip) -> Clip:
        """Lay a clip's files down as a job does, and record it."""
        content = random.Random(one.id).randbytes(one.size_bytes)
        one.path.parent.mkdir(parents=True, exist_ok=True)
        one.path.write_bytes(content)
        one.path.with_suffix(".jpg").write_bytes(b"picture")
        os.utime(one.path, times=2 * (one.saved_at.timestamp(),))
        one = replace(
            one,
            sha256=hashlib.sha256(content).hexdigest(),
            modified_ns=one.path.stat().st_mtime_ns,
        )
        sidecar.write(Folder.open(one.path.parent), one, one.window)
        await put(self.library, one)
        return one

    async def week(self) -> list[Clip]:
        """Save a clip on each of seven days, the oldest first."""
        return [await self.save(f"n{7 - ago}", ago) for ago in range(7, 0, -1)]

    async def prune(self, account: str | None = None, **limits: float) -> Pruned:
        """Prune at noon, by the limits of an account or of all."""
        return await self.pruning.prune(
            self.limits(account, **limits), self.roots, NOON
        )

    def limits(
        self, account: str | None = None, **limits: float
    ) -> dict[str | None, Limits]:
        """Return the limits of an account or of all."""
        return {account: Limits(**limits)}  # type: ignore[arg-type]

    async def known(self) -> list[str]:
        """Return the ids of all clips that have a record."""
        return sorted([one.id async for one in self.catalog.in_window()])

    def files(self) -> dict[str, bytes]:
        """Return all files in the media folder."""
        return {
            str(path.relative_to(self.media)): path.read_bytes()
            for path in self.media.rglob("*")
            if path.is_file()
        }


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    """Make an empty library and media folder."""
    media = tmp_path / "media"
    media.mkdir()
    library = await Library(tmp_path / "clips.db").open()
    yield Home(library, media)
    await library.close()


def gone(pruned: Pruned) -> list[str]:
    """Return the ids of what went, in that order."""
    return [due.clip.id for due in pruned.gone]


def is_there(one: Clip) -> bool:
    """Say whether all files of a clip are there; part of them is never right."""
    there = {one.path.with_suffix(end).exists() for end in (".mp4", ".jpg", ".json")}
    assert len(there) == 1
    return there.pop()


class Usage(NamedTuple):
    """What `shutil.disk_usage` says."""

    total: int
    used: int
    free: int


def fill_disk(monkeypatch: pytest.MonkeyPatch, free: Callable[[Path], int]) -> None:
    """Let a disk have so much free space."""
    monkeypatch.setattr(
        shutil, "disk_usage", lambda path: Usage(10**6, 0, free(Path(path)))
    )


async def test_no_limit(home: Home) -> None:
    """Without a limit, nothing is ever removed."""
    await home.week()
    before = home.files()
    assert await home.prune() == Pruned()
    assert home.files() == before
    assert len(await home.known()) == 7


async def test_age(home: Home) -> None:
    """Days count from when a clip was saved, whatever it shows; they can be broken."""
    week = await home.week()
    old_footage = await home.lay(
        replace(clip("old", at=-90 * DAY, folder=home.media), saved_at=NOON - 3.5 * DAY)
    )
    pruned = await home.prune(keep_days=3.75)
    assert gone(pruned) == ["n0", "n1", "n2", "n3"]
    assert {due.reason for due in pruned.gone} == {Reason.AGE}
    assert [is_there(one) for one in week] == 4 * [False] + 3 * [True]
    assert is_there(old_footage)
    assert gone(await home.prune(keep_days=3.5)) == ["old"]
    assert gone(await home.prune("b", keep_days=1)) == []
    assert await home.known() == ["n4", "n5", "n6"]


async def test_size(home: Home) -> None:
    """An account's limit takes its own oldest, the common one the oldest of all."""
    await home.week()
    for name, ago in (("b0", 6.5), ("b1", 5.5)):
        await home.save(name, ago, account_id="b")
    assert gone(await home.prune("a", most_bytes=7 * SIZE)) == []
    assert gone(await home.prune("a", most_bytes=6 * SIZE + 1)) == ["n0"]
    pruned = await home.prune(most_bytes=6 * SIZE)
    assert gone(pruned) == ["b0", "n1"]
    assert {due.reason for due in pruned.gone} == {Reason.SIZE}
    assert pruned.freed_bytes == 2 * SIZE
    assert await home.catalog.total_size() == 6 * SIZE
    # What one limit takes counts for the others.
    both = {
        None: Limits(most_bytes=4 * SIZE),
        "a": Limits(keep_days=4, most_bytes=4 * SIZE),
    }
    assert gone(await home.pruning.prune(both, home.roots, NOON)) == ["n2", "n3"]


async def test_free_space(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """So much goes as is missing: also where the disk does not free it (snapshots)."""
    await home.week()
    fill_disk(monkeypatch, lambda path: 950)
    assert gone(await home.prune(free_bytes=950)) == []
    pruned = await home.prune(free_bytes=1101)
    assert gone(pruned) == ["n0", "n1"]
    assert {due.reason for due in pruned.gone} == {Reason.FREE_SPACE}
    # What is too old makes room, too.
    both = {None: Limits(free_bytes=1200), "a": Limits(keep_days=4)}
    pruned = await home.pruning.prune(both, home.roots, NOON)
    assert gone(pruned) == ["n2", "n3", "n4"]
    assert pruned.unmet == {}
    pruned = await home.prune(free_bytes=2000)
    assert (gone(pruned), pruned.unmet) == (["n5", "n6"], {None: 850})
    assert await home.prune(free_bytes=2000) == Pruned()


async def test_free_space_of_each_disk(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A drive mounted below the media folder has a floor of its own."""
    other = home.media / "drive"
    other.mkdir()
    here = await home.save("here", 9)
    there = await home.lay(
        replace(clip("there", folder=other / "Front"), saved_at=NOON - DAY)
    )
    real_stat = Path.stat

    def stat(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        found = real_stat(path, follow_symlinks=follow_symlinks)
        if path != other:
            return found
        return os.stat_result([*found[:2], found.st_dev + 1, *found[3:]])

    monkeypatch.setattr(Path, "stat", stat)
    fill_disk(monkeypatch, lambda path: 0 if path == other else 500)
    assert gone(await home.prune(free_bytes=50)) == ["there"]
    assert (is_there(here), is_there(there)) == (True, False)
    # It is low, and none of ours is on it.
    assert await home.prune(free_bytes=50) == Pruned()


def swap(path: Path, target: Path) -> None:
    """Put a link in the place of what is moved to the target."""
    shutil.move(path, target)
    path.symlink_to(target)


def write(path: Path, content: bytes) -> None:
    """Write over a file, and leave its time as it was."""
    time_ns = path.stat().st_mtime_ns
    path.write_bytes(content)
    os.utime(path, ns=(time_ns, time_ns + 1))


def replace_with_folder(path: Path) -> None:
    """Put a folder in the place of a file."""
    path.unlink()
    path.mkdir()


def edit(path: Path, **changes: object) -> None:
    """Change what a sidecar says."""
    beside = sidecar.path_of(path)
    beside.write_text(json.dumps({**json.loads(beside.read_text()), **changes}))


HARMS: dict[str, tuple[Spared, Callable[[Path, Path], object]]] = {
    "kept in the sidecar only": (
        Spared.KEPT,
        lambda path, outside: edit(path, kept=True),
    ),
    "longer": (Spared.CHANGED, lambda path, outside: path.write_bytes(b"y" * 101)),
    "other content": (
        Spared.CHANGED,
        lambda path, outside: path.write_bytes(b"y" * 100),
    ),
    "other content, moments after": (
        Spared.CHANGED,
        lambda path, outside: write(path, b"y" * 100),
    ),
    "no sidecar": (
        Spared.FOREIGN,
        lambda path, outside: sidecar.path_of(path).unlink(),
    ),
    "another's sidecar": (
        Spared.FOREIGN,
        lambda path, outside: edit(path, clip_id="other"),
    ),
    "no sidecar of ours": (
        Spared.FOREIGN,
        lambda path, outside: sidecar.path_of(path).write_text("{}"),
    ),
    "linked sidecar": (
        Spared.FOREIGN,
        lambda path, outside: swap(sidecar.path_of(path), outside / "a.json"),
    ),
    "linked file": (Spared.LINKED, lambda path, outside: swap(path, outside / "a.mp4")),
    "linked folder": (
        Spared.LINKED,
        lambda path, outside: swap(path.parent, outside / "day"),
    ),
    "linked folder above": (
        Spared.LINKED,
        lambda path, outside: swap(path.parents[2], outside / "clips"),
    ),
    "folder of that name": (
        Spared.LINKED,
        lambda path, outside: replace_with_folder(path),
    ),
}


@pytest.mark.parametrize("harm", HARMS)
async def test_spared(home: Home, tmp_path: Path, harm: str) -> None:
    """What is not ours, or not as we left it, stays, and others go in its place."""
    outside = tmp_path / "outside"
    outside.mkdir()
    reason, do = HARMS[harm]
    one = await home.save("one", 5)
    do(one.path, outside)
    others = [
        await home.lay(
            replace(
                clip(f"n{number}", folder=home.media / "others" / str(number)),
                saved_at=NOON - (4 - number) * DAY,
            )
        )
        for number in range(3)
    ]
    inside, beyond = home.files(), list(outside.rglob("*"))

    limits = home.limits("a", most_bytes=2 * SIZE)
    planned = await home.pruning.plan(limits, home.roots, NOON)
    assert home.files() == inside
    pruned = await home.prune("a", most_bytes=2 * SIZE)
    assert pruned == planned
    assert pruned.spared == {"one": reason}
    assert pruned.unmet == {}
    assert gone(pruned) == ["n0", "n1"]
    assert [is_there(other) for other in others] == [False, False, True]
    left = home.files()
    assert left == {
        name: inside[name] for name in inside if not name.startswith(OTHERS)
    }
    assert list(outside.rglob("*")) == beyond
    assert await home.known() == ["n2", "one"]
    assert await home.catalog.kept_of(["one"]) == (
        ["one"] if reason is Spared.KEPT else []
    )


async def test_same_content_at_another_time(home: Home) -> None:
    """A clip that was copied back, or lies on a disk with coarse times, is still ours."""
    one = await home.save("one", 5)
    os.utime(one.path, (0, 0))
    assert gone(await home.prune(keep_days=1)) == ["one"]
    assert home.files() == {}


async def test_changed_before_a_rebuild(home: Home) -> None:
    """A rebuild does not read the clips: what was changed is still not ours."""
    one = await home.save("one", 5)
    one.path.write_bytes(b"y" * SIZE)
    assert (await rebuild(home.library, home.roots)).changed == 1
    pruned = await home.prune(keep_days=1)
    assert pruned.spared == {"one": Spared.CHANGED}
    assert one.path.read_bytes() == b"y" * SIZE


async def test_kept(home: Home) -> None:
    """What is kept is never due; where nothing else is left, that is told."""
    await home.week()
    await home.pruning.keep(["n0", "n1", "n2"], home.roots, kept=True)
    assert gone(await home.prune(most_bytes=5 * SIZE)) == ["n3", "n4"]
    pruned = await home.prune(most_bytes=250, keep_days=0.5)
    assert gone(pruned) == ["n5", "n6"]
    assert pruned.unmet == {None: 50}
    assert await home.known() == ["n0", "n1", "n2"]
    await home.pruning.keep(["n0"], home.roots, kept=False)
    pruned = await home.prune(most_bytes=250)
    assert (gone(pruned), pruned.unmet) == (["n0"], {})


async def test_kept_in_the_middle(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept while others are being removed stays."""
    monkeypatch.setattr(pruning_module, "TURN_S", 0)
    week = await home.week()
    running = asyncio.create_task(home.prune(keep_days=0.5))
    async with asyncio.timeout(LONGEST_S):
        while week[0].path.exists():
            await asyncio.sleep(0)
    (kept,) = await home.pruning.keep(["n6"], home.roots, kept=True)
    assert kept.kept
    pruned = await running
    assert gone(pruned) == ["n0", "n1", "n2", "n3", "n4", "n5"]
    assert pruned.spared == {"n6": Spared.KEPT}
    assert is_there(week[6])
    assert await home.known() == ["n6"]


async def test_folders(home: Home) -> None:
    """Emptied folders go, up to the media folder; what holds anything else stays."""
    one, two = await home.save("one", 5), await home.save("two", 4)
    (two.path.parent / "holiday.mp4").write_bytes(b"mine")
    deep = await home.lay(
        replace(clip("deep", folder=home.media), saved_at=NOON - 3 * DAY)
    )
    assert len(gone(await home.prune(keep_days=1))) == 3
    assert not one.path.parent.exists()
    assert home.files() == {"clip_download/Front/day 4/holiday.mp4": b"mine"}
    (two.path.parent / "holiday.mp4").unlink()
    assert deep.path.parent == home.media
    three = await home.save("three", 4)
    await home.prune(keep_days=1)
    assert not is_there(three)
    assert list(home.media.iterdir()) == []
    assert home.media.is_dir()


def unmount(home: Home) -> None:
    """Leave an empty folder in the place of the disk."""
    home.media.rename(home.media.with_name("aside"))
    home.media.mkdir()


AWAY: dict[str, Callable[[Home], object]] = {
    "media folder gone": lambda home: home.media.rename(home.media.with_name("aside")),
    "media folder empty": unmount,
    "no media folder any more": lambda home: home.roots.clear(),
    "shelf gone": lambda home: (home.media / "clip_download").rename(
        home.media.with_name("aside")
    ),
}


@pytest.mark.parametrize("how", AWAY)
async def test_away(home: Home, tmp_path: Path, how: str) -> None:
    """A disk that is not there costs no record, and nothing else in its place."""
    await home.week()
    await home.lay(replace(clip("top", folder=home.media), saved_at=NOON - 9 * DAY))
    other = tmp_path / "other"
    latest = await home.lay(replace(clip("latest", folder=other), saved_at=NOON))
    AWAY[how](home)
    home.roots.append(other)
    pruned = await home.prune(most_bytes=2 * SIZE, keep_days=3, free_bytes=1)
    # What lies in the media folder itself is there without the shelf.
    assert gone(pruned) == (["top"] if how == "shelf gone" else [])
    assert set(pruned.spared.values()) == {Spared.AWAY}
    assert pruned.unmet == {}
    assert {"latest", *(f"n{number}" for number in range(7))} <= set(await home.known())
    assert is_there(latest)


async def test_empty_shelf(home: Home) -> None:
    """A clip right on a drive that is not mounted is not taken for deleted by hand."""
    drive = home.media / "drive"
    one = await home.lay(replace(clip("one", folder=drive), saved_at=NOON - 9 * DAY))
    drive.rename(home.media / ".aside")
    drive.mkdir()
    pruned = await home.prune(keep_days=1)
    assert pruned.spared == {"one": Spared.AWAY}
    assert await home.known() == ["one"]
    drive.rmdir()
    (home.media / ".aside").rename(drive)
    assert is_there(one)
    assert gone(await home.prune(keep_days=1)) == ["one"]


@pytest.mark.parametrize("code", [errno.EROFS, errno.EACCES, errno.EPERM])
async def test_refused(home: Home, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """What must not be deleted is told, stays whole, and takes nobody with it."""
    week = await home.week()
    unlink = os.unlink

    def refuse(path: str, *, dir_fd: int | None = None) -> None:
        if path in {"n0.mp4", "n1.mp4"}:
            raise OSError(code, os.strerror(code), path)
        unlink(path, dir_fd=dir_fd)

    monkeypatch.setattr(os, "unlink", refuse)
    pruned = await home.prune(most_bytes=4 * SIZE)
    assert gone(pruned) == ["n2"]
    assert pruned.spared == {"n0": Spared.REFUSED, "n1": Spared.REFUSED}
    assert pruned.unmet == {None: 2 * SIZE}
    assert is_there(week[0])
    assert is_there(week[1])
    pruned = await home.prune(keep_days=6)
    assert pruned.unmet == {None: 2 * SIZE}
    monkeypatch.undo()
    pruned = await home.prune(most_bytes=4 * SIZE)
    assert (gone(pruned), pruned.unmet) == (["n0", "n1"], {})
    assert await home.known() == ["n3", "n4", "n5", "n6"]


async def test_deleted_by_hand(home: Home) -> None:
    """A clip whose video is gone loses its record and what lay beside it, if its own."""
    one, two = await home.save("one", 5), await home.save("two", 5)
    one.path.unlink()
    two.path.unlink()
    sidecar.path_of(two.path).write_text('{"my": "notes"}')
    pruned = await home.prune(keep_days=1)
    assert (gone(pruned), pruned.spared) == (["one", "two"], {})
    assert set(home.files()) == {
        "clip_download/Front/day 5/two.jpg",
        "clip_download/Front/day 5/two.json",
    }
    assert await home.known() == []


@pytest.mark.parametrize("mend", ["prune", "forget_missing", "rebuild"])
async def test_killed_before_the_record(
    home: Home, monkeypatch: pytest.MonkeyPatch, mend: str
) -> None:
    """Files that went without their records are found out, whoever looks first."""
    week = await home.week()

    async def die(ids: object) -> None:
        raise LibraryError("library_unusable", path="", reason="")

    with monkeypatch.context() as killing:
        killing.setattr(home.catalog, "remove", die)
        with pytest.raises(StorageError):
            await home.prune(keep_days=4)
    assert len(await home.known()) == 7
    assert [is_there(one) for one in week] == 4 * [False] + 3 * [True]
    if mend == "forget_missing":
        lost = await forget_missing(home.library, home.roots, week)
        assert names(lost) == ["n0", "n1", "n2", "n3"]
    elif mend == "rebuild":
        assert (await rebuild(home.library, home.roots)).gone == 4
    else:
        await home.prune(keep_days=4)
    assert await home.known() == ["n4", "n5", "n6"]
    assert await home.catalog.total_size() == 3 * SIZE


async def test_killed_in_the_middle_of_a_clip(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The video goes first: what is left of a clip is known for what it is."""
    await home.save("one", 5)
    unlink = os.unlink

    def once(path: str, *, dir_fd: int | None = None) -> None:
        if not path.endswith(".mp4"):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        unlink(path, dir_fd=dir_fd)

    with monkeypatch.context() as killing:
        killing.setattr(os, "unlink", once)
        pruned = await home.prune(keep_days=1)
    assert pruned.spared == {"one": Spared.AWAY}
    assert {Path(name).suffix for name in home.files()} == {".jpg", ".json"}
    assert gone(await home.prune(keep_days=1)) == ["one"]
    assert home.files() == {}


async def test_leaving_the_media_folder(home: Home, tmp_path: Path) -> None:
    """No record leads out of the media folder, whatever somebody wrote into it."""
    outside = await home.lay(
        replace(clip("out", folder=tmp_path / "out"), saved_at=NOON - 9 * DAY)
    )
    await put(
        home.library,
        replace(outside, id="sly", path=home.media / "x" / ".." / ".." / "out/out.mp4"),
        replace(outside, path=outside.path),
    )
    (home.media / "x").mkdir()
    pruned = await home.prune(keep_days=1)
    assert pruned.spared == {"out": Spared.AWAY, "sly": Spared.LINKED}
    assert is_there(outside)


async def test_nothing_goes_while_another_has_its_turn(home: Home) -> None:
    """Whoever publishes a clip, or keeps one, is not met by its removal half way."""
    week = await home.week()
    async with home.pruning.lock:
        going = asyncio.create_task(home.pruning.delete(week, home.roots))
        # What it asks the library for is answered in order: it would be long done.
        for _ in range(20):
            await home.known()
        assert not going.done()
        assert all(is_there(one) for one in week)
        # The one within keeps it, as `keep` does.
        await home.catalog.set_kept(["n6"], home.roots, kept=True)
    done = await going
    assert [one.id for one in done.gone] == [f"n{number}" for number in range(6)]
    assert done.spared == {"n6": Spared.KEPT}
    assert is_there(week[6])


async def test_nothing_is_read_for_nothing(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After each clip all limits are looked at: no clip is, while none is due."""
    week = await home.week()
    read: list[str] = []
    clips = home.library.clips

    async def watch(where: str, values: Sequence[Any] = ()) -> list[Clip]:
        found = await clips(where, values)
        read.extend(names(found))
        return found

    monkeypatch.setattr(home.library, "clips", watch)
    assert await home.prune(keep_days=8, most_bytes=10**9) == Pruned()
    assert await home.prune("a", keep_days=8, most_bytes=10**9) == Pruned()
    assert read == []
    assert gone(await home.prune(keep_days=6.5)) == names(week[:1])
    assert read == names(week[:1])

    queries: list[str] = []
    await home.library.change(
        lambda database: database.set_trace_callback(queries.append)
    )
    assert await home.pruning.prune({}, home.roots, NOON) == Pruned()
    assert queries == []
