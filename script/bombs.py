"""Open mutants of real footage, and hold what they take to what is promised.

Run by `script/bombs`.
"""

import argparse
from collections import Counter
from pathlib import Path
import sys
from tempfile import TemporaryDirectory

from tests.engine.media.hostile import honest, mutated
from tests.engine.opener import Opener

MOST_MORE_MB = 100
MOST_CPU_S = 20


def main() -> int:
    """Open as many as were asked for; return 1 if one of them took too much."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0)
    asked = parser.parse_args()
    footage = {
        "mp4": honest(),
        "fragmented": honest(is_fragmented=True),
        "mpegts": honest("mpegts"),
    }
    told = Counter[str]()
    bad = 0
    most_mb = most_s = 0.0
    with TemporaryDirectory() as folder:
        path = Path(folder) / "0.part"
        path.write_bytes(honest())
        with Opener(path) as opener:
            for seed in range(asked.first, asked.first + asked.seeds):
                for name, data in footage.items():
                    path.write_bytes(mutated(data, seed))
                    took = opener.open(path)
                    told.update(key or "opened" for key in took.told)
                    most_mb = max(most_mb, took.more_mb)
                    most_s = max(most_s, took.cpu_s)
                    if (
                        took.fault
                        or took.more_mb >= MOST_MORE_MB
                        or took.cpu_s >= MOST_CPU_S
                    ):
                        bad += 1
                        sys.stdout.write(f"{name}, seed {seed}: {took}\n")
    sys.stdout.write(
        f"{asked.seeds * len(footage)} files, {bad} bad; at most {most_mb:.0f} MB more "
        f"and {most_s:.1f} s; {dict(told)}\n"
    )
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
