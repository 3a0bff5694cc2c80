"""A share that does not answer stops only what is saved on it."""

import asyncio
from datetime import timedelta
from pathlib import Path, PurePosixPath
import threading

import pytest

from custom_components.clip_download.engine import storage
from custom_components.clip_download.engine.errors import StorageError
from custom_components.clip_download.engine.model import JobState
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


def _threads() -> int:
    """Return how many threads there are for storages."""
    return sum(one.name.startswith("clip_storage_") for one in threading.enumerate())
