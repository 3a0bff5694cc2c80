"""The frame of the measurements: what a row says, and what becomes of a crash."""

import contextlib
import json
import math
import os
from pathlib import Path
import re
import subprocess
import sys
import time

import pytest

from benchmarks import __main__ as bench, group, noise, plot, table
from benchmarks.table import Row
from benchmarks.watching import watched

SLOW = Row(
    work="one clip",
    against="curl -o",
    unit="s",
    ours=(3.0, 1.0, 2.0),
    theirs=(1.0, 5.0, 1.0),
    goal=1.5,
)
QUIET = noise.Noise(others_percent=1, late_p99_ms=0.2, write_mib_s=900)


def row(*ours: float, goal: float | None = None, is_least: bool = False) -> Row:
    """Return a row with nothing beside it."""
    return Row(
        work="work", against="", unit="ms", ours=ours, goal=goal, is_least=is_least
    )


def test_a_result_is_the_ratio_of_medians() -> None:
    """Not the median of ratios, nor of means; without theirs it is our median."""
    assert SLOW.result == 2
    assert row(9, 1, 4).result == 4


def test_a_goal_is_the_most_or_the_least() -> None:
    """It is kept when it is just reached; what has none is never missed."""
    assert not SLOW.is_kept
    assert row(5, goal=5).is_kept
    assert not row(5.1, goal=5).is_kept
    assert row(5, goal=5, is_least=True).is_kept
    assert not row(4.9, goal=5, is_least=True).is_kept
    assert row(1e9).is_kept


def test_what_was_skipped_is_not_missed() -> None:
    """It says why; what crashed is missed even so."""
    skipped = Row(work="work", against="", unit="s", goal=1, note="skipped: no cgroup")
    assert skipped.is_kept
    assert math.isnan(skipped.result)
    assert "skipped: no cgroup |" in table.markdown([skipped])
    assert not Row(work="work", against="", unit="s", has_crashed=True).is_kept


def test_rows_are_read_back(tmp_path: Path) -> None:
    """What a program reads in JSON has the result too, where there is one."""
    rows = [SLOW, row(5, goal=4, is_least=True), Row(work="w", against="", unit="s")]
    path = tmp_path / "rows.json"
    table.write_json(path, rows)
    back = table.read_json(path)
    assert table.markdown(back) == table.markdown(rows)
    told = json.loads(path.read_text())
    assert [(one["result"], one["is_kept"]) for one in told] == [
        (2, False),
        (5, True),
        (None, True),
    ]


def test_people_read_a_table() -> None:
    """With the spread of the rounds, the goal and whether it is kept."""
    lines = table.markdown([SLOW, row(3, goal=2, is_least=True), row(1)]).splitlines()
    assert lines[2:] == [
        "| one clip | 2 (1-3) s | curl -o | 1 (1-5) s | 2 x | at most 1.5 | MISSED |",
        "| work | 3 ms |  |  | 3 ms | at least 2 | kept |",
        "| work | 1 ms |  |  | 1 ms |  |  |",
    ]


def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, body: str) -> list[Row]:
    """Run a module that measures as this does."""
    (tmp_path / "measuring.py").write_text(
        f"from benchmarks.table import Row, main\n"
        f"def measure(options):\n    {body}\n"
        f"main(__doc__, measure)\n"
    )
    root = Path(bench.__file__).parents[1]
    monkeypatch.setenv("PYTHONPATH", f"{root}:{tmp_path}")
    monkeypatch.chdir(tmp_path)
    return bench.run("measuring", "--quick")


def test_a_module_gives_its_rows(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Those that it measured, with a missed goal or without."""
    body = (
        "return [Row(work=f'{options.quick}', against='', unit='s',"
        " ours=[options.rounds], goal=0.5)]"
    )
    (found,) = run(monkeypatch, tmp_path, body)
    assert (found.work, found.ours, found.is_kept) == ("True", [1], False)
    assert not found.has_crashed


def test_a_crash_is_a_row(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It says what the module said last, and is missed."""
    (found,) = run(monkeypatch, tmp_path, "raise OSError('no | disk')")
    assert (found.work, found.note) == ("measuring", "OSError: no | disk")
    assert found.has_crashed
    assert not found.is_kept
    assert table.markdown([found]).endswith("| CRASHED: OSError: no / disk |")


def test_a_module_that_hangs_is_ended(tmp_path: Path) -> None:
    """With what it started: nothing of it is left to disturb the next one."""
    pid = tmp_path / "pid"
    command = ["sh", "-c", f"sleep 1000 & echo $! >{pid}; wait"]
    with (tmp_path / "error").open("wb") as stderr:
        assert bench._ended(command, stderr.fileno(), 3) == "it took more than 3 s"
    child = Path(f"/proc/{pid.read_text().strip()}/stat")
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        # Its end may take a moment; nobody may be there to ask what became of it.
        while child.read_text().rpartition(")")[2].split()[0] != "Z":
            time.sleep(0.01)


def test_others_run_after_a_crash(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """All that was measured is in one table, for programs and people, with the noise."""
    crash = Row(work="one", against="", unit="", note="OSError", has_crashed=True)
    monkeypatch.setattr(bench, "modules", lambda: ["one", "two"])
    monkeypatch.setattr(
        bench, "run", lambda name, *_: [crash if name.endswith("one") else SLOW]
    )
    monkeypatch.setattr(noise, "listen", lambda folder: QUIET)
    arguments = ["bench", "--folder", f"{tmp_path}", "--results", f"{tmp_path}/results"]
    monkeypatch.setattr(sys, "argv", arguments)
    with pytest.raises(SystemExit) as ended:
        bench.main()
    assert ended.value.code == 1
    (path,) = (tmp_path / "results").glob("*.json")
    told = json.loads(path.read_text())
    assert [(one["module"], one["result"]) for one in told["rows"]] == [
        ("one", None),
        ("two", 2),
    ]
    assert told["noise"]["two"]["after"]["write_mib_s"] == 900
    assert told["machine"]["cores"] >= 1
    people = path.with_suffix(".md").read_text()
    assert "CRASHED: OSError" in people
    assert "MISSED" in people
    assert "one clip" in path.with_suffix(".svg").read_text()


def test_modules_are_found() -> None:
    """All that end as a measurement does, and nothing that helps them."""
    found = bench.modules()
    assert {"joining", "small_machine"} <= {*found}
    assert not {"__main__", "noise", "plot", "servers", "table", "watching"} & {*found}


def test_a_group_holds_what_is_started_in_it() -> None:
    """Where one may be made: what is begun with the prefix is in it, and all of it goes."""
    cores = os.sched_getaffinity(0)
    shown = own = ""
    with contextlib.suppress(group.NoGroupError), group.small_machine() as made:
        shown = subprocess.run(
            made.command("cat", "/proc/self/cgroup", "/proc/self/status"),
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        own = Path("/proc/self/cgroup").read_text()
    if shown:
        assert own not in shown
        (core,) = re.findall(r"^Cpus_allowed_list:\t(\d+)$", shown, re.MULTILINE)
        assert int(core) == max(cores)
    assert os.sched_getaffinity(0) == cores
    folders = Path("/sys/fs/cgroup").glob(f"**/clip_download_{os.getpid()}")
    assert not list(folders)


def test_a_group_of_somebody_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who put us there may count on what is in it."""
    read = Path.read_text

    def in_a_group(path: Path) -> str:
        if str(path) == "/proc/self/cgroup":
            return "2:cpu,memory:/somebody\n0::/somebody\n"
        return read(path)

    monkeypatch.setattr(Path, "read_text", in_a_group)
    monkeypatch.setattr(group, "MANAGER", Path("/nowhere"))
    with pytest.raises(group.NoGroupError, match="somebody"), group.small_machine():
        pass


def test_the_picture_shows_how_far_a_goal_is() -> None:
    """Half the cost is as far from it as twice; nothing leaves the scale."""
    assert plot.distance(row(1, goal=2)) == 0.5
    assert plot.distance(row(4, goal=2, is_least=True)) == 0.5
    assert plot.distance(row(4, goal=2)) == 2
    assert plot.distance(row(0, goal=2)) == 1 / plot.MOST
    assert plot.distance(row(-1, goal=2)) == 1 / plot.MOST
    assert plot.distance(row(0, goal=2, is_least=True)) == plot.MOST
    assert plot.distance(row(5, goal=0)) == plot.MOST
    rows = [SLOW, row(1, goal=2), row(1)]
    assert plot.svg(rows, "a & b") == plot.svg(rows, "a & b")
    assert plot.svg(rows, "a & b").count("<rect") == 3


def test_noise_is_heard(tmp_path: Path) -> None:
    """An idle machine's own work is told, and the file that was written is gone."""
    heard = noise.listen(tmp_path, seconds=0.1)
    assert heard.others_percent >= 0
    assert heard.write_mib_s > 0
    assert not list(tmp_path.iterdir())


async def test_a_loop_is_watched() -> None:
    """Who holds it is seen, with the memory that is added meanwhile."""
    async with watched() as seen:
        bytearray(b"x") * (64 * 2**20)
        # Nothing may do so, but that is what is to be seen.
        time.sleep(0.05)  # noqa: ASYNC251
    assert seen.late_worst_ms > 25
    assert seen.added_mib > 32
    assert seen.seconds > 0
