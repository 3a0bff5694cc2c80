"""Somebody who may write to the media folder, while clips in it are used.

A thread swaps folders and files for links to what is outside, and back, at moments that
a seed decides. Whatever is done meanwhile: nothing outside changes, and none of its
content gets into a ZIP or an answer.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
import contextlib
import json
from pathlib import Path
import random
import threading
from typing import override

import pytest

from custom_components.clip_download.engine.errors import ClipError
from custom_components.clip_download.engine.library import files, sidecar
from custom_components.clip_download.engine.library.database import Library
from custom_components.clip_download.engine.library.export import export
from custom_components.clip_download.engine.library.queries import ClipQueries
from custom_components.clip_download.engine.library.reindex import rebuild
from custom_components.clip_download.engine.library.retention import Limits, Pruning
from custom_components.clip_download.engine.library.verify import State, verify
from custom_components.clip_download.engine.model import Clip
from tests.engine.library.test_export import NOW as EXPORTED_AT
from tests.engine.library.test_queries import NOON, put
from tests.engine.library.test_verify import lay, reader
from tests.words import ENGLISH

__all__ = ["reader"]

SECRET = b"!secret of Home Assistant: 1234567890\n"
ROUNDS = 40


class Scene:
    """A media folder of clips, and beside it a copy of the same names that is outside."""

    def __init__(self, library: Library, folder: Path) -> None:
        """Take an open library, and an empty folder."""
        self.library = library
        self.media = folder / "media"
        self.outside = folder / "outside"
        self.media.mkdir()
        self.outside.mkdir()
        self.day = self.media / "clip_download" / "front"

    async def fill(self) -> list[Clip]:
        """Lay clips down; outside, there are files of just the same names."""
        self.day.mkdir(parents=True, exist_ok=True)
        clips = [lay(self.media, f"n{number}", number) for number in range(12)]
        for one in clips:
            one.path.with_suffix(".jpg").write_bytes(b"picture")
        await put(self.library, *clips)
        return clips

    def plant(self, clips: list[Clip]) -> None:
        """Put what is to stay as it is outside of the media folder."""
        for one in clips:
            for ending in (".mp4", ".jpg", ".json"):
                path = self.outside / one.path.with_suffix(ending).name
                path.write_bytes(SECRET)
                path.chmod(0o600)
        told = json.loads(clips[0].path.with_suffix(".json").read_text())
        # One that would be taken for a clip's, where it is found through a link.
        (self.outside / "n0.json").write_text(
            json.dumps({**told, "note": "1234567890"})
        )
        (self.outside / "empty").mkdir()

    def seen(self) -> dict[str, tuple[int, int, int, bytes]]:
        """Return all that is outside: rights, number, links and content."""
        found = {}
        for path in sorted(self.outside.rglob("*")):
            about = path.lstat()
            content = path.read_bytes() if path.is_file() else b""
            found[path.name] = about.st_mode, about.st_ino, about.st_nlink, content
        return found


class Attacker(threading.Thread):
    """Swaps names in the media folder for links to what is outside, and back."""

    def __init__(self, scene: Scene, seed: int) -> None:
        """Take where, and what decides when."""
        super().__init__(name="attacker", daemon=True)
        self.scene = scene
        self.chance = random.Random(seed)
        self.ended = threading.Event()
        self.swaps = 0

    @override
    def run(self) -> None:
        """Swap until it is told to end; all is as it was then."""
        while not self.ended.is_set():
            with contextlib.suppress(OSError):
                self._swap()
                self.swaps += 1

    def _swap(self) -> None:
        day, outside = self.scene.day, self.scene.outside
        target, to = self.chance.choice(
            [
                (day, outside),
                (day.parent, outside.parent),
                *(
                    (path, outside / path.name)
                    for path in day.iterdir()
                    if not path.name.startswith("own-")
                ),
            ]
        )
        aside = self.scene.media / f"own-{self.swaps}"
        target.rename(aside)
        try:
            target.symlink_to(to)
            self.ended.wait(self.chance.random() / 500)
        finally:
            # What was made meanwhile under the name is only a link, or ours.
            if target.is_symlink():
                target.unlink()
            with contextlib.suppress(OSError):
                aside.rename(target)

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        """Let it swap while something is done."""
        self.start()
        try:
            yield
        finally:
            self.ended.set()
            self.join(30)
        assert not self.is_alive()
        assert self.swaps > 0


async def act(
    scene: Scene, clips: list[Clip], reader: ThreadPoolExecutor, action: str
) -> None:
    """Do one of all that is done with saved clips; what is refused is refused."""
    catalog, roots = ClipQueries(scene.library), [scene.media]
    with contextlib.suppress(OSError, ClipError):
        if action == "keep":
            for kept in (True, False):
                await Pruning(catalog).keep([one.id for one in clips], roots, kept=kept)
        elif action == "saves":
            for one in clips:
                await asyncio.to_thread(_write_again, one, roots)
        elif action == "prune":
            limits = Limits(most_bytes=max(await catalog.total_size() - 1, 1))
            await Pruning(catalog).prune({None: limits}, roots, NOON)
        elif action == "rebuild":
            await rebuild(scene.library, roots)
            for one in [one async for one in catalog.in_window()]:
                assert one.path.is_relative_to(scene.media)
        elif action == "verify":
            found = await verify(catalog, catalog.in_window(), roots, reader)
            for other in found.others:
                assert other.state is not State.CHANGED
        elif action == "picture":
            for one in clips:
                with contextlib.suppress(ValueError):
                    picture = await asyncio.to_thread(
                        files.picture_beside, one.path, roots
                    )
                    assert picture == b"picture"
        else:

            async def choose() -> AsyncIterator[Clip]:
                for one in clips:
                    yield one

            done = await export(
                choose,
                scene.day / "case",
                roots,
                reader,
                now=EXPORTED_AT,
                words=ENGLISH,
            )
            # It may have been moved since with the folder that it is in.
            for made in scene.media.rglob("case*.zip"):
                assert b"1234567890" not in made.read_bytes()
                made.unlink()
            assert done.count == len(clips)


def _write_again(one: Clip, roots: list[Path]) -> None:
    sidecar.write(files.found(one.path, roots).folder, one, one.window)


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "action", ["keep", "saves", "prune", "rebuild", "verify", "picture", "export"]
)
async def test_whoever_swaps_names(
    tmp_path: Path, reader: ThreadPoolExecutor, action: str
) -> None:
    """Nothing outside is read into anything, written, moved, removed or given rights."""
    library = await Library(tmp_path / "clips.db").open()
    scene = Scene(library, tmp_path)
    clips = await scene.fill()
    scene.plant(clips)
    before = scene.seen()
    with Attacker(scene, seed=len(action)).at_work():
        for _ in range(ROUNDS):
            await act(scene, clips, reader, action)
    assert scene.seen() == before
    await library.close()
