"""The table of faults, as Markdown. Run by `script/faults`, which says what its arguments are."""

import argparse
from collections import defaultdict
from collections.abc import Iterable
import logging
from multiprocessing import get_context
from pathlib import Path
import random
import signal
import sys
from typing import Any

from tests.conftest import AUTHORITY
from tests.fault_table import Outcome, Row, live, rows

# Of real time: a row that takes longer goes round in circles.
LONGEST_ROW_S = 120


def main() -> int:
    """Live through the rows; print, and return 1 if anything is wrong."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="", help="rows whose names hold this")
    parser.add_argument("--sample", type=int, help="so many rows, by --seed")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    wanted = [
        row
        for row in rows()
        if all(word in _name(row) for word in options.only.split("+"))
    ]
    if options.sample:
        wanted = random.Random(options.seed).sample(wanted, options.sample)
    outcomes = []
    # The authority, and what was imported, go along; memory does not grow for long.
    with get_context("fork").Pool(options.processes, maxtasksperchild=50) as pool:
        for outcome in pool.imap(_live, wanted):
            outcomes.append(outcome)
            if outcome.wrong:
                print(
                    f"{_name(outcome.row)}: {'; '.join(outcome.wrong)}", file=sys.stderr
                )
            elif len(outcomes) % 100 == 0:
                print(f"{len(outcomes)} of {len(wanted)}", file=sys.stderr)
    text = "\n".join(_report(outcomes))
    if options.output:
        options.output.write_text(text)
    else:
        print(text)
    return 1 if any(one.wrong for one in outcomes) else 0


def _name(row: Row) -> str:
    return " / ".join(row)


def _live(row: Row) -> Outcome:
    logging.disable(logging.NOTSET)
    logging.getLogger().handlers.clear()
    signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(LONGEST_ROW_S)
    try:
        return live(row, AUTHORITY)
    except Exception as err:  # noqa: BLE001 - told as a row of its own
        return Outcome(row=row, wrong=[f"{type(err).__name__}: {err!r:.300}"])
    finally:
        signal.alarm(0)


def _too_long(*_: Any) -> None:
    raise RuntimeError(f"it takes longer than {LONGEST_ROW_S} s of real time")


def _report(outcomes: list[Outcome]) -> Iterable[str]:
    wrong = [one for one in outcomes if one.wrong]
    yield "# Every fault, every cloud\n"
    yield f"{len(outcomes)} rows, {len(wrong)} with something wrong.\n"
    yield "`tries` are the requests to the stage that the fault is at; `s` is simulated time\n"
    yield "until it was told, and after the end of the fault until a new clip was saved.\n"
    if wrong:
        yield "## Wrong\n"
        for one in wrong:
            yield f"- {_name(one.row)}: {'; '.join(one.wrong)}"
        yield ""
    yield "## What a person is told\n"
    told: defaultdict[tuple[str, str], list[Outcome]] = defaultdict(list)
    for one in outcomes:
        if one.key:
            told[one.key, _without_numbers(one.words)].append(one)
    for (key, _), ones in sorted(told.items()):
        yield f"- `{key}` ({len(ones)} rows, such as {_name(ones[0].row)}): {ones[0].words}"
    yield "\n## Rows\n"
    yield "| cloud | stage | fault | times | status | told | tries | s | well after s | signs in again | wrong |"
    yield "|---|---|---|---|---|---|---|---|---|---|---|"
    for one in outcomes:
        fields = (
            *one.row,
            one.status,
            f"`{one.key}`" if one.key else "",
            one.requests,
            f"{one.took_s:.0f}",
            f"{one.well_after_s:.0f}",
            "yes" if one.signs_in_again else "",
            "; ".join(one.wrong).replace("|", "/").replace("\n", " "),
        )
        yield f"| {' | '.join(str(field) for field in fields)} |"


def _without_numbers(words: str) -> str:
    return "".join(one for one in words if not one.isdigit())


if __name__ == "__main__":
    sys.exit(main())
