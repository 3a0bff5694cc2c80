"""See to it that the tests cover each module, not only all of them together.

script/test runs it after the whole suite, whose data it reads.
"""

import json
from pathlib import Path
import sys
from tempfile import TemporaryDirectory

from coverage import Coverage

# The quality scale's rule `test-coverage`, in percent of lines and branches.
LEAST = 95.0


def too_little() -> dict[str, float]:
    """Return what is covered of each module of which too little is."""
    coverage = Coverage()
    coverage.load()
    with TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        coverage.json_report(outfile=str(report))
        files = json.loads(report.read_text())["files"]
    shares = {path: file["summary"]["percent_covered"] for path, file in files.items()}
    return {path: share for path, share in shares.items() if share < LEAST}


if __name__ == "__main__":
    found = too_little()
    for path, share in sorted(found.items()):
        print(f"{path}: {share:.1f} % covered, {LEAST:.0f} % are needed")
    sys.exit(bool(found))
