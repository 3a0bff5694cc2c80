"""Kill Home Assistant anywhere, take its power away, and look at what becomes of it.

Run by `script/soak`.
"""

import argparse
import asyncio
import fcntl
from pathlib import Path
import sys
import time

from tests.demo.home import CHECKOUT
from tests.soak.run import in_words, soak

FOLDER = CHECKOUT / ".soak"
KILLS = 300
SHORT_KILLS = 30


def main() -> int:
    """Run; return 1 if anything was wrong."""
    parser = argparse.ArgumentParser(prog="script/soak", description=__doc__)
    parser.add_argument("--short", action="store_true", help=f"{SHORT_KILLS} kills")
    parser.add_argument("--kills", type=int, help=f"how many (default: {KILLS})")
    parser.add_argument("--seed", type=int, help="what dice are thrown from")
    parser.add_argument("--first", type=int, default=0, help="the number of the first")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where to live")
    arguments = parser.parse_args()
    kills = arguments.kills or (SHORT_KILLS if arguments.short else KILLS)
    seed = int(time.time()) if arguments.seed is None else arguments.seed
    numbers = range(arguments.first, arguments.first + kills)
    arguments.folder.mkdir(exist_ok=True)
    with (arguments.folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another soak runs in this folder already.", file=sys.stderr)
            return 2
        report = asyncio.run(
            soak(
                arguments.folder, seed, numbers, lambda words: print(words, flush=True)
            )
        )
    words = in_words(report, seed)
    (arguments.folder / "report.txt").write_text(f"{words}\n")
    print(f"\n{words}")
    if report.violations:
        print(f"\nTo repeat one: script/soak --seed {seed} --first NUMBER --kills 1")
    return 1 if report.violations else 0


if __name__ == "__main__":
    sys.exit(main())
