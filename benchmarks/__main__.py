"""Measure everything, one module after the other, and write one table.

    script/bench [MODULE ...] [--rounds 5] [--quick]

Each module runs in a process of its own, so that none inherits what another imported or
holds. What the machine does by itself is measured before and after each. All of them
together are written to `benchmarks/results/`; some of them, or quick ones, are not worth
keeping and go to the folder that is worked in. The exit code is 1 if a goal is missed, or
if something crashed; all others have been measured even so.
"""

import argparse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
import json
import os
from pathlib import Path
import re
import signal
import subprocess
import sys
import tempfile
from typing import Any

from . import noise, plot
from .table import ROUNDS, Row, markdown, read_json

HERE = Path(__file__).parent
# What every module that measures ends with.
MEASURES = re.compile(r"^ +main\(__doc__, ", re.MULTILINE)
# A module that takes longer hangs.
MOST_S = 30 * 60


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What one module gave, and what the machine did before and after."""

    module: str
    rows: Sequence[Row]
    before: noise.Noise
    after: noise.Noise


def modules() -> list[str]:
    """Return the names of all modules that measure."""
    return sorted(
        path.stem for path in HERE.glob("*.py") if MEASURES.search(path.read_text())
    )


def run(module: str, *arguments: str) -> list[Row]:
    """Run a module that measures, in a process of its own; return its rows.

    A crash is a row too.
    """
    print(f"\n## {module}\n", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder) / "rows.json"
        error = Path(folder) / "error"
        with error.open("wb") as stderr:
            reason = _ended(
                [sys.executable, "-m", module, *arguments, "--json", str(rows)],
                stderr.fileno(),
                MOST_S,
            )
        if rows.exists():
            return read_json(rows)
        lines = error.read_text(errors="replace").splitlines()
        print("\n".join(lines[-30:]), file=sys.stderr)
        said = next((line.strip() for line in reversed(lines) if line.strip()), "")
    name = module.rpartition(".")[2]
    return [Row(work=name, against="", unit="", note=said or reason, has_crashed=True)]


def _ended(command: Sequence[str], stderr: int, most_s: float) -> str:
    """Run a command to its end, with all that it starts; return how it ended."""
    with subprocess.Popen(command, stderr=stderr, start_new_session=True) as process:
        try:
            return f"it ended with {process.wait(most_s)}"
        except subprocess.TimeoutExpired:
            return f"it took more than {most_s:g} s"
        finally:
            if process.poll() is None:
                # A server of its own, such as nginx, goes too.
                os.killpg(process.pid, signal.SIGKILL)


def write(
    folder: Path, measured: Sequence[Measured], machine: Mapping[str, Any]
) -> None:
    """Write the table, for programs and for people, and the picture."""
    now = datetime.now(UTC)
    name = folder / f"{now:%F}"
    commit = _commit()
    table = {
        "date": f"{now:%FT%H:%MZ}",
        "commit": commit,
        "machine": dict(machine),
        "noise": {
            one.module: {"before": asdict(one.before), "after": asdict(one.after)}
            for one in measured
        },
        "rows": [
            {"module": one.module, **row.as_json()}
            for one in measured
            for row in one.rows
        ],
    }
    folder.mkdir(parents=True, exist_ok=True)
    name.with_suffix(".json").write_text(json.dumps(table, indent=2) + "\n")
    name.with_suffix(".md").write_text(
        "\n".join(_report(measured, machine, f"{now:%F}", commit)) + "\n"
    )
    name.with_suffix(".svg").write_text(
        plot.svg(
            [row for one in measured for row in one.rows],
            f"Cost beside the goal, {now:%F}, {commit}: the shorter, the better",
        )
    )
    print(f"\nWritten: {name}.json, .md and .svg", flush=True)


def _report(
    measured: Iterable[Measured], machine: Mapping[str, Any], date: str, commit: str
) -> list[str]:
    """Return all of it for people."""
    lines = [f"# {date}, {commit}", ""]
    lines += [f"- {key}: {value}" for key, value in machine.items()]
    lines += ["", f"![Each row beside its goal]({date}.svg)"]
    for one in measured:
        lines += ["", f"## {one.module}", "", markdown(one.rows), ""]
        lines += [
            f"{when}: others took {idle.others_percent:.0f} % of the CPU, an idle loop "
            f"was {idle.late_p99_ms:.2f} ms late (p99), the disk wrote "
            f"{idle.write_mib_s:.0f} MiB/s.  "
            for when, idle in (("Idle before", one.before), ("Idle after", one.after))
        ]
    return lines


def _commit() -> str:
    """Return what was measured: a commit, and whether it was changed since."""
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--exclude", "*"],
        check=False,
        capture_output=True,
        text=True,
        cwd=HERE,
    )
    return done.stdout.strip() or "unknown"


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__)
    parser.add_argument("module", nargs="*", help=f"of {', '.join(modules())}")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--folder", type=Path, default=Path(".benchmarks"))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--results", type=Path, help="where the table is written")
    options = parser.parse_args()
    if unknown := set(options.module) - set(modules()):
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    arguments = ["--rounds", str(options.rounds), "--folder", str(options.folder)]
    arguments += ["--quick"] * options.quick
    kept = HERE / "results"
    if options.module or options.quick:
        kept = options.folder / "results"
    options.folder.mkdir(parents=True, exist_ok=True)

    machine = noise.machine()
    measured = []
    before = noise.listen(options.folder)
    for name in options.module or modules():
        rows = run(f"{__package__}.{name}", *arguments)
        after = noise.listen(options.folder)
        measured.append(Measured(module=name, rows=rows, before=before, after=after))
        before = after
        # Whoever ends it keeps what is measured.
        write(options.results or kept, measured, machine)
    sys.exit(not all(row.is_kept for one in measured for row in one.rows))


if __name__ == "__main__":
    main()
