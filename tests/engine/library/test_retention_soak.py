"""A month of saving under limits, while people and power cuts get in the way."""

import asyncio
import contextlib
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
import gc
import os
from pathlib import Path
import random
import time

import pytest

from custom_components.clip_download.engine.errors import LibraryError, StorageError
from custom_components.clip_download.engine.library.database import Library
from custom_components.clip_download.engine.library.reindex import rebuild
from custom_components.clip_download.engine.library.retention import Limits
from custom_components.clip_download.engine.model import Clip

from .test_queries import NOON, clip, put
from .test_retention import SIZE, Home, fill_disk, gone

DAYS = 30
CLIPS_A_DAY = 12
HOUR = timedelta(hours=1)
LARGEST = 3000
MOST_GUARDED = 20_000

CAPACITY = 95_000
FLOOR = 40_000
LIMITS = {
    "a": Limits(keep_days=2, most_bytes=40_000),
    None: Limits(most_bytes=60_000, free_bytes=FLOOR),
}


@dataclass
class Month(Home):
    """A household for a month; `guarded` is what must never change."""

    database: Path
    media: Path
    dice: random.Random
    now: datetime = NOON
    guarded: dict[Path, bytes] = field(default_factory=dict)
    saved: dict[str, Clip] = field(default_factory=dict)
    went: set[str] = field(default_factory=set)
    reasons: set[str] = field(default_factory=set)
    done: dict[str, int] = field(default_factory=dict)

    async def start(self) -> None:
        """Begin, or begin again after a power cut."""
        super().__init__(await Library(self.database).open(), self.media)

    async def film(self) -> Clip:
        """Save a clip of now."""
        number = len(self.saved)
        camera = self.dice.choice(["Front", "Yard", "Garage"])
        one = replace(
            clip(f"c{number}", at=self.now - NOON, camera=camera.lower()),
            account_id=self.dice.choice(["a", "a", "b"]),
            size_bytes=self.dice.randrange(200, LARGEST),
            saved_at=self.now,
            path=self.media / camera / f"{self.now:%F}" / f"{number}.mp4",
        )
        self.saved[one.id] = one = await self.lay(one)
        return one

    async def prune_now(self) -> None:
        """Prune, and see to it that all is as it must be then."""
        pruned = await self.pruning.prune(LIMITS, self.roots, self.now)
        self.went |= set(gone(pruned))
        self.reasons |= {due.reason for due in pruned.gone}
        for account_id, limit in LIMITS.items():
            assert limit.most_bytes is not None
            over = await self.catalog.total_size(account_id) - limit.most_bytes
            assert over <= pruned.unmet.get(account_id, 0)
        assert self.free() >= FLOOR - pruned.unmet.get(None, 0)
        cutoff = self.now - timedelta(days=2)
        assert {
            one.id
            async for one in self.catalog.in_window(account_id="a", kept=False)
            if one.saved_at <= cutoff
        } <= set(pruned.spared)

    def free(self) -> int:
        """Return what is free of the disk."""
        return CAPACITY - sum(
            path.stat().st_size
            for path in self.media.rglob("*.mp4")
            if path.is_file() and not path.is_symlink()
        )

    async def known_ones(self) -> list[Clip]:
        """Return the clips that are recorded, and whose file is as it was."""
        return [
            one
            async for one in self.catalog.in_window()
            if one.path.is_file()
            and not one.path.is_symlink()
            and one.path not in self.guarded
        ]

    def guard(self, path: Path) -> None:
        """Let a file never change any more."""
        self.guarded[path] = path.read_bytes()

    def may_guard(self) -> bool:
        """Say whether the limits have a chance if one more file stays."""
        return sum(len(content) for content in self.guarded.values()) < MOST_GUARDED

    # What happens now and then.

    async def keep(self, one: Clip) -> None:
        """Keep a clip."""
        if self.may_guard():
            await self.pruning.keep([one.id], self.roots, kept=True)
            self.guard(one.path)

    async def release(self, one: Clip) -> None:
        """Release what was kept first."""
        async for kept in self.catalog.in_window(kept=True):
            await self.pruning.keep([kept.id], self.roots, kept=False)
            self.guarded.pop(kept.path)
            return

    async def delete_by_hand(self, one: Clip) -> None:
        """Delete a clip's video, or all of it, or its whole day."""
        match self.dice.randrange(3):
            case 0:
                one.path.unlink()
            case 1:
                for path in one.path.parent.glob(f"{one.path.stem}.*"):
                    path.unlink()
            case _:
                one.path.with_suffix(".jpg").unlink(missing_ok=True)
                one.path.unlink()

    async def add_foreign(self, one: Clip) -> None:
        """Put a file of one's own beside a clip."""
        if self.may_guard():
            path = one.path.with_name(f"holiday {self.dice.random()}.mp4")
            path.write_bytes(self.dice.randbytes(LARGEST))
            self.guard(path)

    async def change(self, one: Clip) -> None:
        """Put a file of one's own in a clip's place."""
        if self.may_guard():
            one.path.write_bytes(self.dice.randbytes(one.size_bytes))
            later = (self.now + HOUR / 60).timestamp()
            os.utime(one.path, times=(later, later))
            self.guard(one.path)

    async def link(self, one: Clip) -> None:
        """Move a clip elsewhere, and leave a link in its place."""
        target = self.media.parent / "elsewhere" / one.path.name
        target.parent.mkdir(exist_ok=True)
        one.path.rename(target)
        one.path.symlink_to(target)
        self.guard(target)

    async def crash(self, one: Clip) -> None:
        """Lose power while clips are being removed, and come back."""

        async def die(ids: object) -> None:
            raise LibraryError("library_unusable", path="", reason="")

        self.catalog.remove = die  # type: ignore[method-assign]
        with contextlib.suppress(StorageError):
            await self.pruning.prune(LIMITS, self.roots, self.now + 6 * HOUR)
        await self.library.close()
        await self.start()

    async def unmount(self, one: Clip) -> None:
        """Lose the disk for a while."""
        known = await self.known()
        aside = self.media.with_name("aside")
        self.media.rename(aside)
        self.media.mkdir()
        pruned = await self.pruning.prune(LIMITS, self.roots, self.now + 24 * HOUR)
        assert pruned.gone == []
        assert await self.known() == known
        self.media.rmdir()
        aside.rename(self.media)

    async def rebuild(self, one: Clip) -> None:
        """Bring the library up to its files."""
        await rebuild(self.library, self.roots)


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_month(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Limits hold but for one clip; nothing kept or foreign is ever touched."""
    (tmp_path / "media").mkdir()
    dice = random.Random(seed)
    month = Month(tmp_path / "clips.db", tmp_path / "media", dice)
    await month.start()
    fill_disk(monkeypatch, lambda path: month.free())
    happenings = [
        *6 * [month.keep],
        *4 * [month.release],
        *4 * [month.delete_by_hand],
        *2 * [month.add_foreign],
        *2 * [month.change],
        month.link,
        *3 * [month.crash],
        *2 * [month.unmount],
        month.rebuild,
    ]
    before = await month.catalog.total_size()
    for _ in range(DAYS * CLIPS_A_DAY):
        month.now += HOUR * 24 / CLIPS_A_DAY * dice.uniform(0.5, 1.5)
        latest = await month.film()
        # That one clip is all that there is ever too much of.
        total = await month.catalog.total_size()
        assert total - before <= latest.size_bytes
        await month.prune_now()
        if dice.random() < 0.3 and (some := await month.known_ones()):
            happening = dice.choice(happenings)
            await happening(dice.choice(some))
            name = happening.__name__
            month.done[name] = month.done.get(name, 0) + 1
            await month.prune_now()
        before = await month.catalog.total_size()
        for path, content in month.guarded.items():
            assert path.read_bytes() == content
    assert {"age", "size", "free_space"} == month.reasons
    assert len(month.done) == len(set(happenings)), month.done
    assert len(month.went) > 200
    await month.library.close()


MANY = 50_000
DUE = 1000


async def test_a_large_library(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A thousand of fifty thousand clips go within two seconds; nobody waits for it."""
    home = Home(await Library(tmp_path / "clips.db").open(), tmp_path / "media")
    minute = timedelta(minutes=1)
    clips = [
        replace(
            clip(
                f"n{number}",
                at=(number - MANY) * minute,
                camera=f"camera {number % 20}",
                folder=home.media / f"camera {number % 20}" / f"{number // 1440}",
            ),
            saved_at=NOON + (number - MANY + 1) * minute,
        )
        for number in range(MANY)
    ]
    # Those that stay are not looked at: they need no files.
    for one in clips[:DUE]:
        await home.lay(one)
    await put(home.library, *clips[DUE:])
    limits = home.limits(most_bytes=(MANY - DUE) * SIZE, keep_days=300)

    due = [one.id for one in clips[:DUE]]
    # What is garbage here is not the library's.
    del clips, one
    gc.collect()
    gc.freeze()
    # The loop's own work at a stretch: others use this machine, too.
    longest_s, over = 0.0, False

    async def watch() -> None:
        nonlocal longest_s
        while not over:
            before = time.thread_time()
            await asyncio.sleep(0)
            longest_s = max(longest_s, time.thread_time() - before)

    watching = asyncio.create_task(watch())
    await asyncio.sleep(0.01)
    longest_s, started, worked_s = 0.0, time.perf_counter(), time.process_time()
    watched_s = time.thread_time()
    pruned = await home.pruning.prune(limits, home.roots, NOON)
    # Watching takes time, too.
    worked_s = time.process_time() - worked_s - (time.thread_time() - watched_s)
    took_s, over = time.perf_counter() - started, True
    await watching
    gc.unfreeze()
    assert gone(pruned) == due
    assert home.files() == {}
    with capsys.disabled():
        print(  # noqa: T201
            f" {DUE} of {MANY} clips in {took_s:.2f} s ({worked_s:.2f} s of work), "
            f"the loop held for {longest_s * 1000:.0f} ms at most"
        )
    assert worked_s < 2
    assert longest_s < 0.02
    await home.library.close()
