"""A share that does not answer stops only what is saved on it."""

import asyncio
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path, PurePosixPath
import threading
from typing import Any

import pytest

from custom_components.clip_download.engine import storage
from custom_components.clip_download.engine.errors import StorageError
from custom_components.clip_download.engine.media import clip_file
from custom_components.clip_download.engine.model import Job, JobState
from custom_components.clip_download.engine.pipeline import download
from custom_components.clip_download.engine.pipeline.jobs import SHORT_CALLS_AT_ONCE
from tests.hung_share import hung
from tests.waits import came_about

from .test_jobs import CAMERA, House, house, short_pauses, window

__all__ = ["house", "short_pauses"]

SOON_S = 1.0


@pytest.fixture(autouse=True)
def little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask soon whether a storage is there."""
    monkeypatch.setattr(storage, "ANSWER_WITHIN_S", SOON_S)


async def test_others_are_saved_meanwhile(house: House, tmp_path: Path) -> None:
    """Jobs on a share that hangs fail, and hold up no others; later, it is used again."""
    house.shelf.lay(window(0, 10))
    share = tmp_path / "share"
    share.mkdir()

    async def on_share(number: int, *, may_fail: bool = False) -> JobState | None:
        try:
            running = await house.jobs.ask(
                CAMERA,
                window(number, 10),
                root=share,
                filename=PurePosixPath(f"day/clip{number}"),
                timeout=timedelta(seconds=9),
            )
        except StorageError:
            if may_fail:
                return None
            raise
        return (await running.done).state

    with hung(share):
        asked = [
            asyncio.ensure_future(on_share(number))
            for number in range(2 * SHORT_CALLS_AT_ONCE)
        ]
        assert await came_about(lambda: _threads() >= SHORT_CALLS_AT_ONCE)
        # Before it is known that the share hangs.
        assert (await house.save(window(0, 10), "first")).state is JobState.SAVED
        assert not any(one.done() for one in asked)
        told = await asyncio.gather(*asked, return_exceptions=True)
        assert {str(err) for err in told} == {
            f"storage_silent (path={share}, reason=Connection timed out)"
        }
        # At once, now that it is known; and no more threads wait.
        blocked = _threads()
        with pytest.raises(StorageError, match="storage_silent"):
            await on_share(0)
        assert _threads() == blocked
        assert (await house.save(window(0, 9), "second")).state is JobState.SAVED
    # That it answers is known a moment later.
    while (state := await on_share(9, may_fail=True)) is None:
        await asyncio.sleep(0.01)
    assert state is JobState.SAVED
    assert sorted(one.name for one in (share / "day").iterdir()) == [
        "clip9.jpg",
        "clip9.json",
        "clip9.mp4",
    ]


@pytest.mark.parametrize(
    ("owner", "name"),
    [(download._Writer, "write_block"), (clip_file, "finish")],
    ids=["download", "join"],
)
async def test_it_hangs_in_the_middle_of_a_write(
    house: House,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    owner: object,
    name: str,
) -> None:
    """The job fails, and others are saved; its clip is saved once the share answers."""
    house.shelf.lay(window(0, 10))
    share = tmp_path / "share"
    share.mkdir()
    has_begun, answers = threading.Event(), threading.Event()
    write = getattr(owner, name)
    stack = ExitStack()

    def hang(*args: Any, **kwargs: Any) -> Any:
        if not has_begun.is_set():
            stack.enter_context(hung(share))
            has_begun.set()
            answers.wait()
        return write(*args, **kwargs)

    async def on_share() -> Job:
        running = await house.jobs.ask(
            CAMERA,
            window(0, 10),
            root=share,
            filename=PurePosixPath("clip"),
            timeout=timedelta(seconds=9),
        )
        return await running.done

    monkeypatch.setattr(owner, name, hang)
    try:
        job = await on_share()
        assert has_begun.is_set()
        assert job.error is not None
        assert job.error.key == "storage_silent"
        assert (await house.save(window(0, 10), "home")).state is JobState.SAVED
    finally:
        stack.close()
        answers.set()
    # That it answers is known a moment later.
    while job.state is not JobState.SAVED:
        with suppress(StorageError):
            job = await on_share()
    # What the first job could not remove is hidden, and goes at the next start.
    assert sorted(one.name for one in share.iterdir() if one.is_file()) == [
        "clip.jpg",
        "clip.json",
        "clip.mp4",
    ]


def _threads() -> int:
    """Return how many threads there are for storages."""
    return sum(one.name.startswith("clip_storage_") for one in threading.enumerate())
