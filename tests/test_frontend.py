"""The bundle that Home Assistant's pages load is made of the sources that lie beside it."""

import gzip
import hashlib
import json
from pathlib import Path
import re

from custom_components.clip_download.const import DOMAIN

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "frontend"
INTEGRATION = ROOT / "custom_components" / DOMAIN
BUNDLE = INTEGRATION / "frontend" / "clip-download.js"

# As `frontend/build.mjs` has them.
BUILD_FILES = ["build.mjs", "package.json", "package-lock.json", "tsconfig.json"]
MOST_GZIPPED = 150_000


def source_hash(version: str) -> str:
    """Return the hash of all that the bundle is made of."""
    paths = sorted(
        [
            *BUILD_FILES,
            *(
                path.relative_to(SOURCES).as_posix()
                for path in (SOURCES / "src").rglob("*")
                if path.is_file()
            ),
        ]
    )
    total = hashlib.sha256()
    for path in paths:
        content = hashlib.sha256((SOURCES / path).read_bytes()).hexdigest()
        total.update(f"{path} {content}\n".encode())
    total.update(f"version {version}\n".encode())
    return total.hexdigest()


def test_bundle_is_fresh() -> None:
    """Who changes a source, or the version, runs script/frontend."""
    version = json.loads((INTEGRATION / "manifest.json").read_text())["version"]
    first = BUNDLE.read_text().partition("\n")[0]
    assert first == f"/*! clip-download {version} sources {source_hash(version)} */"


def test_bundle_is_small() -> None:
    """A phone loads it with every first page."""
    assert len(gzip.compress(BUNDLE.read_bytes())) < MOST_GZIPPED


def test_bundle_loads_nothing() -> None:
    """All that it needs is in it; it has no map with paths of the machine that built it."""
    text = BUNDLE.read_text()
    assert "sourceMappingURL" not in text
    assert str(ROOT) not in text
    assert not re.search(r"""\bimport\s*[("']|\bfrom\s*["']""", text)
    # Names of XML languages, and where to read about Lit's warnings: nothing that is fetched.
    addresses = set(re.findall(r"https?://[^\s\"'`)]+", text))
    assert {address.split("/")[2] for address in addresses} <= {"www.w3.org", "lit.dev"}


def test_packages_come_from_nowhere_in_particular() -> None:
    """The lock file pins what is installed, not where it is fetched from."""
    lock = json.loads((SOURCES / "package-lock.json").read_text())
    packages = {name: one for name, one in lock["packages"].items() if name}
    assert packages
    assert all(one["integrity"] for one in packages.values())
    assert not [name for name, one in packages.items() if "resolved" in one]


def test_no_text_becomes_markup() -> None:
    """What a cloud calls a camera is text, whatever is in it."""
    for path in (SOURCES / "src").rglob("*.ts"):
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|unsafeHTML|unsafeSVG|document\.write",
            path.read_text(),
        ), path
