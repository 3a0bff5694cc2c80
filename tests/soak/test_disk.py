"""What a played power cut takes, and what it must leave."""

from collections.abc import Callable
import contextlib
import json
import os
from pathlib import Path
import random
import signal
import sqlite3
import subprocess
import sys
from typing import Any

import pytest

from .disk import Disk

CHECKOUT = Path(__file__).parents[2]
VICTIM = Path(__file__).with_name("victim.py")
SEEDS = range(12)
# What a process does, that is listened to and killed as Home Assistant is.
LIFE = """
import importlib.util, json, os, sqlite3, sys
from pathlib import Path
spec = importlib.util.spec_from_file_location("victim", {victim!r})
victim = importlib.util.module_from_spec(spec)
spec.loader.exec_module(victim)
media, database = Path({media!r}), Path({database!r})
teller = victim.Teller(1, media, Path({shadow!r}))
aim = {aim!r}
if aim:
    teller.obey(aim)
victim.listen_to_os(teller)
victim.listen_to_sqlite(teller, database)
{life}
"""


class Process:
    """Runs a life, and hands what it tells to the disk."""

    def __init__(self, folder: Path) -> None:
        """Make the folders."""
        self.media = folder / "media"
        self.database = folder / "config" / "clip_download.db"
        self.shadow = folder / "shadow"
        for path in (self.media, self.database.parent, self.shadow):
            path.mkdir()
        self.told: list[dict[str, Any]] = []

    def live(self, life: str, aim: dict[str, Any] | None = None) -> int:
        """Run some code; return its exit code."""
        code = LIFE.format(
            victim=str(VICTIM),
            media=str(self.media),
            database=str(self.database),
            shadow=str(self.shadow),
            aim=aim,
            life=life,
        )
        done = subprocess.run(
            [sys.executable, "-c", code],
            stdout=subprocess.PIPE,
            check=False,
            cwd=CHECKOUT,
        )
        self.told = [json.loads(line) for line in done.stdout.splitlines()]
        return done.returncode

    def cuts(self, make: Callable[[Process], object]) -> list[set[str]]:
        """Return what is left, in as many power cuts as there are seeds."""
        left = []
        for seed in SEEDS:
            for path in self.media.iterdir():
                path.unlink()
            disk = Disk(self.media, self.database)
            make(self)
            for told in self.told:
                disk.hear(told)
            disk.lose_power(random.Random(seed))
            left.append(
                {f"{one.name} {one.read_text()}" for one in self.media.iterdir()}
            )
        return left


@pytest.fixture
def process(tmp_path: Path) -> Process:
    """Return what can be killed."""
    return Process(tmp_path)


def test_what_is_not_synced(process: Process) -> None:
    """A file that nobody waited for may be empty, half or whole; another is whole."""

    def write(process: Process) -> None:
        process.live(
            "for name in 'ab':\n"
            "    with (media / name).open('w') as file:\n"
            "        file.write('12345678')\n"
            "        file.flush()\n"
            "        if name == 'a':\n"
            "            os.fsync(file.fileno())\n"
        )

    left = process.cuts(write)
    assert all("a 12345678" in one for one in left)
    assert {name for one in left for name in one if name[0] == "b"} == {
        "b ",
        "b 1234",
        "b 12345678",
    }


@pytest.mark.parametrize("is_synced", [False, True])
def test_names(process: Process, *, is_synced: bool) -> None:
    """A name that the folder was not synced after may be the old one again."""

    def rename(process: Process) -> None:
        for name, text in (("draft", "new"), ("final", "old")):
            (process.media / name).write_text(text)
        sync = "fd = os.open(media, os.O_RDONLY); os.fsync(fd)" if is_synced else ""
        process.live(
            "with (media / 'draft').open('r+') as file: os.fsync(file.fileno())\n"
            "with (media / 'final').open('r+') as file: os.fsync(file.fileno())\n"
            f"(media / 'draft').replace(media / 'final')\n{sync}"
        )

    left = process.cuts(rename)
    assert {"final new"} in left
    assert ({"draft new", "final old"} in left) is not is_synced


@pytest.mark.parametrize("level", ["NORMAL", "FULL"])
def test_log(process: Process, level: str) -> None:
    """The database stays whole; only FULL keeps each commit."""
    life = (
        "database = sqlite3.connect(database)\n"
        "database.execute('PRAGMA journal_mode = WAL')\n"
        "database.execute('PRAGMA synchronous = LEVEL')\n"
        "database.execute('CREATE TABLE rows (id INTEGER)')\n"
        "for number in range(20):\n"
        "    with database:\n"
        "        database.execute('INSERT INTO rows VALUES (?)', (number,))\n"
        "os.kill(os.getpid(), 9)\n"
    )
    counts = set()
    for seed in SEEDS:
        for path in process.database.parent.iterdir():
            path.unlink()
        disk = Disk(process.media, process.database)
        assert process.live(life.replace("LEVEL", level)) == -signal.SIGKILL
        for told in process.told:
            disk.hear(told)
        disk.lose_power(random.Random(seed))
        with contextlib.closing(sqlite3.connect(process.database)) as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            with contextlib.suppress(sqlite3.OperationalError):
                counts |= set(database.execute("SELECT COUNT(*) FROM rows").fetchone())
    assert max(counts) <= 20
    assert (counts == {20}) is (level == "FULL")


@pytest.mark.parametrize(
    ("step", "named"), [("publish:before", False), ("publish", True)]
)
def test_dies_there(process: Process, step: str, *, named: bool) -> None:
    """It dies right before a clip gets its name, or right after that."""
    (process.media / ".work").write_text("clip")
    life = "os.link(media / '.work', media / 'clip.mp4'); (media / 'more').touch()"
    code = process.live(life, {"step": step, "nth": 1, "delay_s": 0})
    assert code == -signal.SIGKILL
    assert os.path.lexists(process.media / "clip.mp4") is named
    assert not (process.media / "more").exists()
    assert process.told[-1]["name"] == step
