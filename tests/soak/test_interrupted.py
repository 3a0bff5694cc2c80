"""What a kill, or a power cut, finds half done is done at the next start."""

from pathlib import Path
import random
import signal
from typing import Any

import pytest

from custom_components.clip_download.engine.library import export
from custom_components.clip_download.engine.library.database import Library
from tests.engine.library.test_database import JOB
from tests.engine.library.test_retention import Home, is_there

from .disk import Disk
from .test_disk import Process

BEGIN = """
import asyncio
from custom_components.clip_download.engine.library.database import Library
from tests.engine.library.test_database import JOB
from tests.engine.library.test_retention import Home
async def main():
    home = Home(await Library(database).open(), media)
    {what}
asyncio.run(main())
"""


@pytest.fixture
def process(tmp_path: Path) -> Process:
    """Return what can be killed."""
    return Process(tmp_path)


async def kill(process: Process, what: str, aim: dict[str, Any]) -> None:
    """Lay two clips down, and kill who does something with them at a step."""
    home = Home(await Library(process.database).open(), process.media)
    await home.save("n1", 1)
    await home.save("n2", 2)
    await home.library.close()
    code = process.live(BEGIN.format(what=what), {**aim, "delay_s": 0})
    assert code == -signal.SIGKILL


@pytest.mark.parametrize("nth", [1, 3, 6])
@pytest.mark.parametrize("step", ["prune:before", "prune"])
async def test_removing(process: Process, step: str, nth: int) -> None:
    """Clips that were being removed are gone after the next start, with their rows."""
    what = (
        "await home.pruning.delete("
        "[one async for one in home.catalog.in_window()], [media])"
    )
    await kill(process, what, {"step": step, "nth": nth})
    home = Home(await Library(process.database).open(), process.media)
    await home.pruning.resume(home.roots)
    assert (await home.known(), home.files()) == ([], {})
    # A clip that comes later is not taken for one of those.
    again = await home.save("n1", 1)
    assert await home.pruning.resume(home.roots) == []
    assert is_there(again)
    await home.library.close()


@pytest.mark.parametrize("step", ["record:before", "record"])
async def test_keeping(process: Process, step: str) -> None:
    """A clip that was being kept is, in its row and beside it, with no draft left."""
    what = "await home.pruning.keep(['n1'], [media], kept=True)"
    await kill(process, what, {"step": step, "nth": 1})
    home = Home(await Library(process.database).open(), process.media)
    await home.pruning.resume(home.roots)
    (kept,) = await home.catalog.of_ids(["n1"])
    assert kept.kept
    assert '"kept": true' in kept.path.with_suffix(".json").read_text()
    assert not [name for name in home.files() if "/." in name]
    # Whoever releases it now has the last word.
    await home.pruning.keep(["n1"], home.roots, kept=False)
    await home.pruning.resume(home.roots)
    assert await home.catalog.kept_of(["n1"]) == []
    await home.library.close()


async def test_exporting(process: Process) -> None:
    """The folder that an export worked in is removed, and nothing else."""
    other = process.media / "exports" / f".clip_download_{'0' * 32}"
    work = process.media / "exports" / export.work_name()
    for folder in (other, work):
        folder.mkdir(parents=True)
        (folder / "zip").touch()
    export.clear(work, [process.media])
    assert list(process.media.rglob("zip")) == [other / "zip"]
    export.clear(work, [process.media])
    export.clear(process.media.parent / "elsewhere", [process.media])


@pytest.mark.parametrize("seed", [0, 1])
async def test_promised(process: Process, seed: int) -> None:
    """A job that somebody was promised is known after a power cut."""
    await (await Library(process.database).open()).close()
    disk = Disk(process.media, process.database)
    life = BEGIN.format(what="await home.library.add_job(JOB); os.kill(os.getpid(), 9)")
    assert process.live(life) == -signal.SIGKILL
    for told in process.told:
        disk.hear(told)
    disk.lose_power(random.Random(seed))
    library = await Library(process.database).open()
    assert [one.id for one in await library.unfinished_jobs(JOB.account_id)] == [JOB.id]
    await library.close()
