"""Make the ZIP of a release. Run by `script/release`, by any Python 3."""

import json
from pathlib import Path
import re
import sys
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

ROOT = Path(__file__).parents[1]
INTEGRATION = ROOT / "custom_components" / "clip_download"
OUTPUT = ROOT / json.loads((ROOT / "hacs.json").read_text())["filename"]


def fault(tag: str) -> str | None:
    """Return why a tag cannot be released, None if it can."""
    version = json.loads((INTEGRATION / "manifest.json").read_text())["version"]
    if tag.removeprefix("v") != version:
        return f"The tag {tag} is not the version of manifest.json, {version}."
    dated = rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d$"
    if not re.search(dated, (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE):
        return f"CHANGELOG.md has no section [{version}] with a date."
    return None


def make(output: Path) -> None:
    """Write the ZIP, which is unpacked into `custom_components/clip_download`.

    No folder is around its files, and they have no times, so that the same files make the same ZIP.
    """
    files = (path for path in INTEGRATION.rglob("*") if path.is_file())
    with ZipFile(output, "w", ZIP_DEFLATED) as archive:
        for path in sorted(files):
            if "__pycache__" not in path.parts:
                about = ZipInfo(path.relative_to(INTEGRATION).as_posix())
                about.compress_type = ZIP_DEFLATED
                about.external_attr = 0o644 << 16
                archive.writestr(about, path.read_bytes())


def main() -> int:
    """Make the ZIP, of the version that a tag names if there is one."""
    if len(sys.argv) > 1 and (why := fault(sys.argv[1])):
        print(why, file=sys.stderr)
        return 1
    make(OUTPUT)
    print(f"{OUTPUT.name}: {OUTPUT.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
