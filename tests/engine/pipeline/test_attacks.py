"""Whoever else may write to the media folder, against jobs that are under way.

They plant links, swap files and folders, and take names. Nothing outside the media folder
is ever changed, made or given rights, and nothing in it is replaced that is not ours.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
import contextlib
from contextlib import asynccontextmanager
from dataclasses import dataclass
import errno
import json
import os
from pathlib import Path
import random
import sys
import threading
from typing import Any, override

from aiohttp import web
import pytest

from custom_components.clip_download.engine.errors import RefusedError
from custom_components.clip_download.engine.folder import File, Folder, Hashed
from custom_components.clip_download.engine.library.publishing import Sealed
from custom_components.clip_download.engine.library.queries import ClipQueries
from custom_components.clip_download.engine.model import (
    Clip,
    Event,
    Job,
    JobState,
    Plan,
)
from custom_components.clip_download.engine.pipeline import pipeline
from custom_components.clip_download.engine.pipeline.executors import Executors
from custom_components.clip_download.engine.pipeline.jobs import forget
from tests.clouds.footage import first_and_last
from tests.waits import until

from .test_jobs import (
    CAMERA,
    NOON,
    SECOND,
    House,
    built,
    house,
    send,
    sha256_of,
    short_pauses,
    window,
)

__all__ = ["house", "short_pauses"]

type Seen = dict[str, tuple[int, int, bytes | str | None]]


def seen_in(folder: Path) -> Seen:
    """Return all that is in a folder: inode, mode and content of each."""
    found: Seen = {}
    for path in sorted([folder, *folder.rglob("*")]):
        about = path.lstat()
        content: bytes | str | None = None
        if path.is_symlink():
            content = str(path.readlink())
        elif path.is_file():
            content = path.read_bytes()
        found[str(path)] = (about.st_ino, about.st_mode, content)
    return found


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Path]:
    """Return a folder like Home Assistant's own; it stays as it is."""
    outside = tmp_path / "config"
    (outside / "www").mkdir(parents=True)
    for name in ("secrets.yaml", "automations.yaml", "www/page.html"):
        (outside / name).write_text(f"{name}: mine\n" * 100)
        (outside / name).chmod(0o600)
    before = seen_in(outside)
    yield outside
    assert seen_in(outside) == before


def work_folders(house: House) -> list[Path]:
    """Return the working folders that there are."""
    return list(house.media.rglob(".clip_download_*"))


def at_publish(house: House, do: Callable[[], None]) -> None:
    """Do something once a clip is whole, and hashed, and waits to be published."""
    entered = 0

    @asynccontextmanager
    async def reserve_space() -> AsyncIterator[None]:
        nonlocal entered
        entered += 1
        # It is entered to make the working folder first.
        if entered == 2:
            do()
        yield

    house.jobs._reserve_space = reserve_space


def in_download(house: House, do: Callable[[], None]) -> None:
    """Do something while a body arrives."""

    async def answer(request: web.Request, path: Path) -> web.StreamResponse:
        do()
        return await send(request, path)

    house.shelf.answer = answer


async def test_a_file_is_written_to_once_it_has_come(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was hashed while it came is hashed again if it is no longer that."""
    house.shelf.lay(window(0, 10))
    seal = pipeline._seal
    were_hashed: list[bool] = []

    def change_first(
        file: File, hashed: Hashed | None, stack: contextlib.ExitStack
    ) -> Sealed:
        assert hashed
        were_hashed.append(hashed.is_of(file.stat()))
        with file.path.open("ab") as other:
            # Behind the footage, where nothing plays it: its check came before.
            other.write(b"more")
        return seal(file, hashed, stack)

    monkeypatch.setattr(pipeline, "_seal", change_first)
    job = await house.save(window(0, 10), "clip")
    assert were_hashed == [True]
    assert [clip.sha256 for clip in job.clips] == [
        sha256_of(house.media / "clip.mp4"),
    ]


# --- links


@pytest.mark.parametrize(
    "name", ["picture", "made_1.mp4", "0.part", "0.json", "0.json.new", "owner"]
)
async def test_a_link_in_the_working_folder(
    house: House, outside: Path, name: str
) -> None:
    """What was written there under a name that anybody knows was written through it."""
    house.shelf.lay(window(0, 10))
    house.shelf.lay(window(10, 20))

    def plant() -> None:
        for folder in work_folders(house):
            assert folder.stat().st_mode & 0o777 == 0o700
            if not (folder / name).is_symlink():
                (folder / name).symlink_to(outside / "secrets.yaml")

    in_download(house, plant)
    job = await house.save(window(2, 18), "day/clip")
    assert job.state is JobState.SAVED
    assert house.names() == ["day", "day/clip.jpg", "day/clip.json", "day/clip.mp4"]


@pytest.mark.parametrize("how", ["symbolic", "hard", "file", "folder"])
@pytest.mark.parametrize("is_cut", [False, True])
async def test_a_file_that_is_swapped_before_it_is_published(
    house: House, outside: Path, how: str, is_cut: bool
) -> None:
    """Neither its rights change nor is it published: the file that was hashed is."""
    house.shelf.lay(window(0, 10))

    def swap() -> None:
        (folder,) = work_folders(house)
        for path in folder.iterdir():
            path.rename(path.with_name(f"{path.name}.away"))
            match how:
                case "symbolic":
                    path.symlink_to(outside / "secrets.yaml")
                case "hard":
                    path.hardlink_to(outside / "secrets.yaml")
                case "file":
                    path.write_text("another")
                case "folder":
                    path.mkdir()

    at_publish(house, swap)
    job = await house.save(window(2, 8) if is_cut else window(0, 10))
    assert job.error
    assert job.error.key == "storage_changed"
    assert house.names() == []


@pytest.mark.parametrize("level", [0, 1, 2])
@pytest.mark.parametrize("target", ["www", "nowhere"])
@pytest.mark.parametrize("when", ["asked", "waiting", "fetching", "publishing"])
async def test_a_folder_that_becomes_a_link(
    house: House, outside: Path, when: str, target: str, level: int
) -> None:
    """At any level and any time, it is refused, and said what to do."""
    house.shelf.lay(window(0, 10))
    below = ["a", "b", "c"]
    folder = house.media.joinpath(*below[: level + 1])

    def swap() -> None:
        if folder.is_symlink():
            return
        if folder.exists():
            folder.rename(house.media / "moved")
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.symlink_to(outside / target)

    match when:
        case "waiting":
            house.shelf.plans += [Plan(parts=[], again_after_s=0.05)]
            plan = house.shelf.plan

            async def plan_and_swap(*args: Any) -> Plan:
                swap()
                return await plan(*args)

            house.shelf.plan = plan_and_swap  # type: ignore[assignment,method-assign]
        case "fetching":
            in_download(house, swap)
        case "publishing":
            at_publish(house, swap)
    if when == "asked":
        swap()
        with pytest.raises(Exception, match="storage_link") as error:
            await house.ask(window(0, 10), "a/b/c/clip")
        assert str(folder) in str(error.value)
        return
    job = await house.save(window(0, 10), "a/b/c/clip")
    assert job.state is JobState.FAILED
    assert job.error
    assert job.error.key == "storage_link"
    assert job.error.placeholders["path"] == str(folder)
    assert work_folders(house) == []


async def test_a_media_folder_that_is_a_link(house: House, tmp_path: Path) -> None:
    """Where it lies is the administrator's to say."""
    house.shelf.lay(window(0, 10))
    real = tmp_path / "disk"
    house.media.rename(real)
    house.media.symlink_to(real)
    job = await house.save(window(0, 10), "day/clip")
    assert job.state is JobState.SAVED
    assert (real / "day/clip.mp4").is_file()


@pytest.mark.parametrize("how", ["symbolic", "hard", "folder", "large record", "deep"])
async def test_a_working_folder_of_before_a_restart(
    house: House, outside: Path, how: str
) -> None:
    """What lies there is believed only as far as it is ours."""
    for number in range(4):
        house.shelf.lay(window(number * 6, number * 6 + 6))
    came = asyncio.Event()

    async def two(request: web.Request, path: Path) -> web.StreamResponse:
        if path.name in ("2.mp4", "3.mp4"):
            came.set()
            await asyncio.sleep(60)
        return await send(request, path)

    house.shelf.answer = two
    await house.ask(window(0, 24), "day/clip")
    await came.wait()
    await until(lambda: any(list(one.glob("*.json")) for one in work_folders(house)))
    await house.stop()
    (before,) = work_folders(house)
    for part in before.glob("*.part"):
        record = part.with_suffix(".json")
        match how:
            case "symbolic" | "hard":
                told = json.loads(record.read_text())
                told["size_bytes"] = (outside / "secrets.yaml").stat().st_size
                record.write_text(json.dumps(told))
                part.unlink()
                secret = outside / "secrets.yaml"
                part.symlink_to(secret) if how == "symbolic" else part.hardlink_to(
                    secret
                )
            case "folder":
                part.unlink()
                part.mkdir()
                (part / "mine").write_text("mine")
            case "large record":
                record.write_bytes(record.read_bytes() + b" " * 2**24)
            case "deep":
                record.write_text("[" * 100_000)
    house.shelf.answer = send
    house.shelf.fetched.clear()
    await house.start()
    await house.idle()
    (job,) = house.told
    assert job.state is JobState.SAVED
    # A new one was made: nobody could have waited in it.
    assert not before.exists()
    assert len(house.shelf.fetched) == 4
    assert house.names() == ["day", "day/clip.jpg", "day/clip.json", "day/clip.mp4"]


class Racer(threading.Thread):
    """Swaps names in the media folder at random, as fast as it can."""

    def __init__(self, media: Path, outside: Path, seed: int) -> None:
        """Take where to swap, what links lead to, and the seed of all chances."""
        super().__init__(daemon=True)
        self._media, self._outside = media, outside
        self._dice = random.Random(seed)
        self._ended = threading.Event()
        self.swapped = 0

    @override
    def run(self) -> None:
        targets = [
            self._outside,
            *self._outside.rglob("*"),
            self._outside / "not there",
        ]
        while not self._ended.wait(self._dice.random() / 500):
            with contextlib.suppress(OSError):
                self._swap(self._dice.choice(targets))

    def _swap(self, target: Path) -> None:
        paths = list(self._media.rglob("*"))
        if not paths:
            return
        path = self._dice.choice(paths)
        aside = self._media / f"aside_{self.swapped}"
        match self._dice.randrange(6):
            case 0:
                path.with_name(self._dice.choice(_NAMES)).symlink_to(target)
            case 1:
                path.with_name(self._dice.choice(_NAMES)).hardlink_to(target)
            case 2 if target.is_file():
                path.rename(aside)
                path.hardlink_to(target)
            case _:
                path.rename(aside)
                path.symlink_to(target)
                # So that jobs come through now and then.
                if self._dice.random() < 0.7:
                    path.unlink()
                    aside.rename(path)
        self.swapped += 1

    def end(self) -> int:
        """End it, and return how often it swapped."""
        self._ended.set()
        self.join()
        return self.swapped


_NAMES = [
    *("picture", "made_1.mp4", "0.part", "clip.mp4", "clip.json", "clip.jpg"),
    *("clip_2.mp4", "clip_2.json", "replaced_0.mp4", "replaced_0.json", "owner"),
]


@pytest.mark.parametrize("seed", range(6))
async def test_a_race(house: House, tmp_path: Path, seed: int) -> None:
    """Whatever becomes of the jobs: each ends, and nothing outside is touched."""
    outside = tmp_path / "config"
    (outside / "www").mkdir(parents=True)
    for name in ("secrets.yaml", "www/page.html"):
        (outside / name).write_text(f"{name}: mine\n" * 100)
        (outside / name).chmod(0o600)
    for number in range(3):
        house.shelf.lay(window(number * 6, number * 6 + 6))
    before = seen_in(outside)
    racer = Racer(house.media, outside, seed)
    racer.start()
    told: list[Job] = []
    try:
        async with asyncio.timeout(90):
            for number in range(12):
                with contextlib.suppress(Exception):
                    stretch = window(number / 10, 18 - number / 10)
                    told.append(
                        await house.save(stretch, "a/b/clip", overwrite=number % 2 == 1)
                    )
    finally:
        swapped = racer.end()
    assert swapped > 0
    assert all(job.state in (JobState.SAVED, JobState.FAILED) for job in told)
    for job in told:
        if job.error:
            assert job.error.key != "unexpected"
    assert seen_in(outside) == before


_watched: list[Path] = []
_reached: list[tuple[str, str]] = []


def _listen(event: str, args: tuple[Any, ...]) -> None:
    """Note what is reached in a watched folder by a path, not by a descriptor."""
    if not _watched or not (event in _EVENTS or event == "open"):
        return
    names = args[:1] if event not in ("os.rename", "os.link") else args[:2]
    for name in names:
        if isinstance(name, str | bytes | os.PathLike):
            path = Path(os.fsdecode(name))
            # The media folder itself is opened by its path.
            if any(path != root and path.is_relative_to(root) for root in _watched):
                _reached.append((event, str(path)))


_EVENTS = {
    *("os.chmod", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir"),
    *("os.symlink", "os.truncate", "os.utime", "shutil.rmtree"),
}
# It stays for as long as Python does, and does nothing while nothing is watched.
sys.addaudithook(_listen)


async def test_nothing_is_reached_by_its_path(house: House) -> None:
    """Of all that a job opens, makes, names and removes, libav's part but for reading."""
    house.shelf.lay(window(0, 10))
    house.shelf.lay(window(10, 20))
    _reached.clear()
    _watched.append(house.media)
    try:
        for stretch in (window(0, 10), window(2, 18), window(0, 20)):
            job = await house.save(stretch, "a/b/clip", overwrite=True)
            assert job.state is JobState.SAVED
        house.shelf.refused = {"1.mp4": RefusedError("footage_refused")}
        await house.save(window(2, 18), "a/b/clip")
    finally:
        _watched.clear()
    assert _reached == []
    # It does notice.
    _watched.append(house.media)
    await asyncio.to_thread((house.media / "a/b/clip.mp4").read_bytes)
    _watched.clear()
    assert _reached == [("open", str(house.media / "a/b/clip.mp4"))]


# --- overwriting


@dataclass(frozen=True)
class There:
    """What lies under a clip's name, as it was."""

    media: Path
    seen: Seen

    @classmethod
    def of(cls, house: House) -> There:
        """Look at it."""
        return cls(house.media, seen_in(house.media))

    def is_still_there(self) -> bool:
        """Return whether all of it is, whatever was added."""
        now = seen_in(self.media)
        return all(
            now.get(path) == was
            for path, was in self.seen.items()
            if path != str(self.media)
        )


async def keep(house: House, clip: Clip) -> None:
    """Keep a clip."""
    await ClipQueries(house.library).set_kept([clip.id], [house.media], kept=True)


@pytest.mark.parametrize(
    "what",
    [
        "foreign",
        "link",
        "other camera",
        "kept",
        "kept, says its sidecar",
        "changed",
        "no sidecar",
        "its sidecar",
    ],
)
async def test_overwriting_what_is_not_to_be(
    house: House, outside: Path, what: str
) -> None:
    """It stays as it is, with what lies beside it; the new clip gets a number."""
    house.shelf.lay(window(0, 10))
    clip = house.media / "clip.mp4"
    if what in ("foreign", "link"):
        for ending in (".mp4", ".jpg", ".json"):
            path = clip.with_suffix(ending)
            if what == "link":
                path.symlink_to(outside / "secrets.yaml")
            else:
                path.write_text(f"mine {ending}")
    else:
        (first,) = (await house.save(window(0, 10))).clips
    match what:
        case "other camera":
            await house.library.move_camera("account", CAMERA.id, "yard")
        case "kept":
            await keep(house, first)
        case "kept, says its sidecar":
            # As it is after a database of before that is restored.
            told = json.loads(clip.with_suffix(".json").read_text())
            told["kept"] = True
            clip.with_suffix(".json").write_text(json.dumps(told))
        case "changed":
            data = bytearray(clip.read_bytes())
            data[-1] ^= 1
            clip.write_bytes(data)
        case "no sidecar":
            clip.with_suffix(".json").unlink()
        case "its sidecar":
            told = json.loads(clip.with_suffix(".json").read_text())
            told["clip_id"] = "another"
            clip.with_suffix(".json").write_text(json.dumps(told))
    before = There.of(house)
    job = await house.save(window(2, 8), overwrite=True)
    assert job.state is JobState.SAVED
    assert job.clips[0].path.name == "clip_2.mp4"
    assert before.is_still_there()
    # The next one does replace that.
    again = await house.save(window(3, 8), overwrite=True)
    assert again.clips[0].path.name == "clip_2.mp4"
    assert before.is_still_there()
    assert not (house.media / "clip_3.mp4").exists()


@pytest.mark.parametrize("overwrite", [False, True])
async def test_a_file_system_that_knows_no_case(
    house: House, monkeypatch: pytest.MonkeyPatch, overwrite: bool
) -> None:
    """A name that is taken in other letters is taken."""
    house.shelf.lay(window(0, 10))
    named = Folder.__truediv__
    monkeypatch.setattr(
        Folder, "__truediv__", lambda self, name: named(self, name.lower())
    )
    await house.save(window(0, 10), "day/CLIP")
    before = There.of(house)
    job = await house.save(window(2, 8), "day/Clip", overwrite=overwrite)
    assert job.clips[0].path.name == "Clip_2.mp4"
    assert before.is_still_there()


async def test_a_kept_clip_makes_way_for_its_own_event_only(house: House) -> None:
    """And stays kept: whoever keeps it wants that event."""
    house.shelf.lay(window(0, 10))
    bell, motion = (
        Event(id=one, kind="ding", window=window(2, 3)) for one in ("bell", "motion")
    )
    (first,) = (await house.save(window(0, 10), events=[bell])).clips
    await keep(house, first)
    other = await house.save(window(2, 8), events=[motion], overwrite=True)
    assert other.clips[0].path.name == "clip_2.mp4"
    assert not other.clips[0].kept
    again = await house.save(window(2, 8), events=[bell], overwrite=True)
    (clip,) = again.clips
    assert (clip.path, clip.kept) == (first.path, True)
    assert json.loads(clip.path.with_suffix(".json").read_text())["kept"] is True
    (known,) = await house.library.clips("WHERE path = ?", (str(first.path),))
    assert (known.id, known.kept) == (clip.id, True)


@pytest.mark.parametrize("ending", [".mp4", ".json", ".jpg"])
async def test_an_overwriting_that_fails(
    house: House, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    """What was replaced is back: file, picture, sidecar and record."""
    house.shelf.lay(window(0, 10))
    (first,) = (await house.save(window(0, 10), "day/clip")).clips
    before = There.of(house)
    publish = Sealed.publish

    def full(sealed: Sealed, final: File) -> None:
        if final.name.endswith(ending):
            raise OSError(28, "No space left on device", str(final.path))
        publish(sealed, final)

    with monkeypatch.context() as patch:
        patch.setattr(Sealed, "publish", full)
        job = await house.save(window(2, 8), "day/clip", overwrite=True)
    assert job.error
    assert job.error.key == "storage_full"
    assert before.is_still_there()
    assert work_folders(house) == []
    assert await house.library.last_clip("account", "front") == first


async def test_an_overwriting_that_cannot_be_undone(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was replaced stays where it is until the disk lets it be brought back."""
    house.shelf.lay(window(0, 10))
    (first,) = (await house.save(window(0, 10), "day/clip")).clips
    before = There.of(house)
    link, names = File.link, iter((".mp4", ".json", ".jpg"))

    def fail(file: File, to: File) -> None:
        # Once all of the old clip is moved aside, no name can be given any more.
        if next(names, None) is None:
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(to.path))
        link(file, to)

    with monkeypatch.context() as patch:
        patch.setattr(File, "link", fail)
        job = await house.save(window(2, 8), "day/clip", overwrite=True)
        assert job.error
        assert job.error.key == "storage_trouble"
        assert not first.path.exists()
        # Not at a start either, while the disk fails.
        await house.stop()
        await house.start()
        await house.idle()
    await house.stop()
    await house.start()
    await house.idle()
    assert before.is_still_there()
    assert work_folders(house) == []
    assert await house.library.jobs_with_leftovers("account") == []


async def test_a_working_folder_that_cannot_be_opened(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies in it is not known: it is not removed, and brought back later."""
    house.shelf.lay(window(0, 10))
    await house.save(window(0, 10), "day/clip")
    before = There.of(house)

    def killed(sealed: Sealed, final: File) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        patch.setattr(Sealed, "publish", killed)
        await (await house.ask(window(2, 8), "day/clip", overwrite=True)).done
        await house.stop()
    inner = Folder.inner

    def fail(folder: Folder, name: str) -> Folder:
        if name.startswith("."):
            # As without descriptors; a moment later there may be some again.
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE), name)
        return inner(folder, name)

    with monkeypatch.context() as patch:
        patch.setattr(Folder, "inner", fail)
        await house.start()
        await house.idle()
        await house.stop()
    assert [job.state for job in house.told[1:]] == [JobState.FAILED]
    await house.start()
    await house.idle()
    assert before.is_still_there()
    assert work_folders(house) == []


class Dead:
    """Ends all that is done in the media folder, as a kill does, after so many steps."""

    def __init__(self, patch: pytest.MonkeyPatch, steps: int) -> None:
        """Let so many steps be."""
        self.is_dead = False
        self._left = steps
        for kind, names in (
            (File, ("link", "rename", "unlink", "create")),
            (Folder, ("remove", "names", "remove_empty")),
        ):
            for name in names:
                patch.setattr(kind, name, self._counted(getattr(kind, name), name))

    def _counted(self, call: Callable[..., Any], name: str) -> Callable[..., Any]:
        def counted(*args: Any, **kwargs: Any) -> Any:
            if name in ("link", "rename", "unlink"):
                self._left -= 1
            self.is_dead |= self._left < 0
            if self.is_dead:
                raise asyncio.CancelledError
            return call(*args, **kwargs)

        return counted


@pytest.mark.parametrize("comes_again", [True, False])
@pytest.mark.parametrize("is_same", [True, False])
async def test_an_overwriting_that_is_killed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    socket_enabled: None,
    is_same: bool,
    comes_again: bool,
) -> None:
    """At any step: afterwards the new clip is there, or else the old one, whole."""
    stretch = window(0, 10) if is_same else window(2, 8)
    steps, lived = 0, False
    while not lived:
        (tmp_path / str(steps)).mkdir()
        async with built(tmp_path / str(steps)) as house:
            house.shelf.lay(window(0, 10))
            (first,) = (await house.save(window(0, 10), "day/clip")).clips
            before = There.of(house)
            with monkeypatch.context() as patch:
                dead = Dead(patch, steps)
                running = await house.ask(stretch, "day/clip", overwrite=True)
                await running.done
                await house.stop()
            lived = not dead.is_dead
            if not comes_again:
                house.shelf.troubles += [RefusedError("footage_refused")] * 9
            house.told.clear()
            await house.start()
            await house.idle()
            assert house.names() == [
                *("day", "day/clip.jpg", "day/clip.json", "day/clip.mp4")
            ], f"killed at {steps}"
            clip = await house.library.last_clip("account", "front")
            assert clip
            told = json.loads(clip.path.with_suffix(".json").read_text())
            assert (told["clip_id"], told["sha256"]) == (clip.id, clip.sha256)
            assert sha256_of(clip.path) == clip.sha256
            if clip.id == first.id:
                assert not comes_again
                assert before.is_still_there()
            else:
                start = NOON if is_same else NOON + 2 * SECOND
                assert first_and_last(clip.path).start == start
        steps += 1
    assert steps > 6


async def test_an_account_that_is_removed_in_an_overwriting(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it was about to replace is back."""
    house.shelf.lay(window(0, 10))
    await house.save(window(0, 10), "day/clip")
    before = There.of(house)
    for steps in range(2, 9):
        with monkeypatch.context() as patch:
            dead = Dead(patch, steps)
            running = await house.ask(window(2, 8), "day/clip", overwrite=True)
            await running.done
            await house.stop()
        assert dead.is_dead
        library = await type(house.library)(house.database).open()
        await forget(library, "account", Executors())
        await library.close()
        assert before.is_still_there(), f"killed at {steps}"
        assert work_folders(house) == []
        await house.start()
