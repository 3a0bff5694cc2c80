"""See to it that the tests cover each module, not only all of them together.

script/test runs it after the whole suite, whose data it reads.
"""

import json
from pathlib import Path
import sys
from tempfile import TemporaryDirectory

from coverage import Coverage

# In percent of lines and branches: what the quality scale wants of each module, and what
# none may fall below.
WANTED = 95.0
LEAST = 70.0


def shares() -> dict[str, float]:
    """Return how much of each module is covered, in percent."""
    coverage = Coverage()
    coverage.load()
    with TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        coverage.json_report(outfile=str(report))
        files = json.loads(report.read_text())["files"]
    return {path: file["summary"]["percent_covered"] for path, file in files.items()}


if __name__ == "__main__":
    found = shares()
    for path, share in sorted(found.items()):
        if share < WANTED:
            print(f"{path}: {share:.1f} % covered, {WANTED:.0f} % are wanted")
    sys.exit(min(found.values(), default=0.0) < LEAST)
