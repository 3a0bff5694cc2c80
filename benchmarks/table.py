"""What every measurement here gives: rows, each with a ratio of medians and its goal."""

import argparse
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
import json
import math
from pathlib import Path
import statistics
import sys
from typing import Any

ROUNDS = 5


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table: a value of each round, ours and theirs.

    With `theirs`, the goal is for the ratio of the medians; without, for our median. It
    is the most that is wanted, or the least if `is_least`. A row without a goal informs.
    What could not be measured has no values, and a note that says why.
    """

    work: str
    against: str
    unit: str
    ours: Sequence[float] = field(default=())
    theirs: Sequence[float] = field(default=())
    goal: float | None = None
    is_least: bool = False
    note: str = ""
    has_crashed: bool = False

    @property
    def result(self) -> float:
        """The ratio of the medians, or our median where there is nothing beside it."""
        if not self.ours:
            return math.nan
        ours = statistics.median(self.ours)
        return ours / statistics.median(self.theirs) if self.theirs else ours

    @property
    def is_kept(self) -> bool:
        """Whether the goal is reached, where there is one."""
        if self.has_crashed:
            return False
        if self.goal is None or not self.ours:
            return True
        if self.is_least:
            return self.result >= self.goal
        return self.result <= self.goal

    @property
    def result_unit(self) -> str:
        """The unit of the result."""
        return "x" if self.theirs else self.unit

    def as_json(self) -> dict[str, Any]:
        """Return what a reader of the results needs."""
        result = self.result if self.ours else None
        return {**asdict(self), "result": result, "is_kept": self.is_kept}

    @classmethod
    def of_json(cls, data: dict[str, Any]) -> Row:
        """Return the row that `as_json` gave."""
        return cls(**{name: data[name] for name in cls.__dataclass_fields__})


def markdown(rows: Iterable[Row]) -> str:
    """Return a table for people."""
    lines = [
        "| Work | Ours | Beside it | Theirs | Result | Goal | |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        goal = ""
        if row.goal is not None:
            goal = f"{'at least' if row.is_least else 'at most'} {_short(row.goal)}"
        cells = [
            row.work,
            f"{_spread(row.ours)} {row.unit}" if row.ours else "",
            row.against,
            f"{_spread(row.theirs)} {row.unit}" if row.theirs else "",
            f"{_short(row.result)} {row.result_unit}" if row.ours else "",
            goal,
            _verdict(row),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def write_json(path: Path, rows: Iterable[Row]) -> None:
    """Write rows where `read_json` reads them."""
    path.write_text(json.dumps([row.as_json() for row in rows], indent=2))


def read_json(path: Path) -> list[Row]:
    """Return the rows that a measurement has written."""
    return [Row.of_json(data) for data in json.loads(path.read_text())]


def main(
    doc: str | None, measure: Callable[[argparse.Namespace], Iterable[Row]]
) -> None:
    """Measure as the command line asks, print the table, and end with 1 if a goal is missed.

    `measure` gets `rounds`, `folder`, a folder on the disk to work in, which is there, and
    `quick`, which asks for small sizes.
    """
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--folder", type=Path, default=Path(".benchmarks"))
    parser.add_argument("--json", type=Path, help="write the rows to this file too")
    parser.add_argument(
        "--quick", action="store_true", help="one round and small sizes: does it work?"
    )
    options = parser.parse_args()
    if options.quick:
        options.rounds = 1
    options.folder.mkdir(parents=True, exist_ok=True)
    options.folder = options.folder.resolve()
    rows = list(measure(options))
    print(markdown(rows))
    if options.json:
        write_json(options.json, rows)
    sys.exit(not all(row.is_kept for row in rows))


def _verdict(row: Row) -> str:
    """Return what is to be said of a row."""
    verdict = "" if row.goal is None or not row.ours else "kept"
    if row.has_crashed:
        verdict = "CRASHED"
    elif not row.is_kept:
        verdict = "MISSED"
    return ": ".join(word for word in (verdict, row.note.replace("|", "/")) if word)


def _spread(values: Sequence[float]) -> str:
    """Return the median, and what it is between."""
    if len(values) == 1:
        return _short(values[0])
    return (
        f"{_short(statistics.median(values))} "
        f"({_short(min(values))}-{_short(max(values))})"
    )


def _short(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
