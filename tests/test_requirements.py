"""What Home Assistant installs for this integration: when, and that it can be had."""

from collections.abc import Iterable
import os
from pathlib import Path
import subprocess
import sys
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from uv import find_uv_bin

from custom_components.clip_download.accounts import KINDS
from custom_components.clip_download.accounts.source import LIVE_REQUIREMENTS
from custom_components.clip_download.const import DOMAIN
from custom_components.clip_download.engine.targets import s3, webdav
import homeassistant
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from .accounts import add_camera, begin, set_up, typed
from .clouds import Clouds
from .test_repository import MANIFEST, ROOT
from .words import error_of

HERE = Path(__file__).parent
# What each kind of place for copies needs.
PLACES = {"s3": s3.REQUIREMENTS, "webdav": webdav.REQUIREMENTS}
# What live views need, and what that needs besides what Home Assistant has.
LIVE_PACKAGES = ("aioice", "aiortc", "google_crc32c", "pylibsrtp")

# Everybody but the simulated clouds, and those packages themselves, is refused.
REFUSING = f"""
import builtins, sys, pytest
refused, real = {LIVE_PACKAGES!r}, builtins.__import__
def refuse(name, globals=None, *args, **more):
    whose = (globals or {{}}).get("__name__", "")
    ours = whose.startswith("tests.") or whose.partition(".")[0] in refused
    if name.partition(".")[0] in refused and not ours:
        raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
    return real(name, globals, *args, **more)
builtins.__import__ = refuse
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:xdist", *sys.argv[1:]]))
"""


def test_all_but_live_views_without_aiortc() -> None:
    """Every kind of account loads, and Ring's clips are saved, where aiortc is not."""
    done = subprocess.run(
        [sys.executable, "-c", REFUSING, HERE / "without_live.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout


@pytest.fixture
def installs(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what Home Assistant is made to install; nothing of it can be had."""
    asked: list[str] = []

    def install(package: str, **options: Any) -> bool:
        assert Path(options["constraints"]).is_file()
        asked.append(package)
        return False

    ours = {
        *LIVE_REQUIREMENTS,
        *(one for kind in KINDS.values() for one in kind.requirements),
        *(one for requirements in PLACES.values() for one in requirements),
    }
    monkeypatch.setattr(
        "homeassistant.util.package.is_installed", lambda package: package not in ours
    )
    monkeypatch.setattr("homeassistant.util.package.install_package", install)
    hass.config.skip_pip = False
    return asked


@pytest.mark.usefixtures("media_dir")
async def test_live_views_are_installed_when_they_are_asked_for(
    hass: HomeAssistant, hass_clouds: Clouds, installs: list[str]
) -> None:
    """Nothing is installed until then; one camera's failure stops no other."""
    add_camera(hass_clouds, "ring", "Front")
    add_camera(hass_clouds, "meraki", "Always")
    for kind in ("ring", "meraki"):
        entry = await set_up(hass, hass_clouds, kind)
        assert entry.state is ConfigEntryState.LOADED
    assert installs == []
    answer = await hass.services.async_call(
        DOMAIN,
        "record_clip",
        {"duration": {"seconds": 1}, "wait": False},
        target={"entity_id": ["camera.front", "camera.always"]},
        blocking=True,
        return_response=True,
    )
    assert answer is not None
    front: Any = answer["camera.front"]
    assert front["error"]["key"] == "live_needs_package"
    assert "aiortc>=1.16,<2" in front["error"]["message"]
    always: Any = answer["camera.always"]
    assert always["status"] == "queued"
    assert set(installs) == set(LIVE_REQUIREMENTS)


async def test_kinesis_brings_its_signer(
    hass: HomeAssistant, hass_clouds: Clouds, installs: list[str]
) -> None:
    """Botocore is installed with Kinesis only; the form says if it cannot be."""
    entry = await set_up(hass, hass_clouds, "meraki")
    assert entry.state is ConfigEntryState.LOADED
    assert installs == []
    form = await begin(hass, "kinesis")
    result = await hass.config_entries.flow.async_configure(
        form["flow_id"], typed(hass_clouds, "kinesis")
    )
    assert result["type"] is FlowResultType.FORM
    assert error_of(result) == "package_missing"
    told = result["description_placeholders"] or {}
    assert "botocore>=1.42,<2" in told["error"]
    assert set(installs) == set(KINDS["kinesis"].requirements)


@pytest.mark.parametrize("kind", PLACES)
async def test_places_for_copies_bring_their_packages(
    hass: HomeAssistant, hass_clouds: Clouds, installs: list[str], kind: str
) -> None:
    """A package is installed with the first place of its kind only."""
    given = {
        "s3": {"bucket": "b", "access_key_id": "k", "secret_access_key": "s"},
        "webdav": {"url": "https://example.com", "username": "u", "password": "p"},
    }
    entry = await set_up(hass, hass_clouds, "meraki")
    assert entry.state is ConfigEntryState.LOADED
    assert installs == []
    form = await begin(hass, kind)
    result = await hass.config_entries.flow.async_configure(
        form["flow_id"], given[kind]
    )
    assert error_of(result) == "package_missing"
    assert set(installs) == set(PLACES[kind])


async def test_kinesis_without_its_signer(
    hass: HomeAssistant, hass_clouds: Clouds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An account whose package was lost says so, and what to do."""
    entry = await set_up(hass, hass_clouds, "kinesis")
    monkeypatch.setattr("homeassistant.util.package.is_installed", lambda _: False)
    monkeypatch.setattr(
        "homeassistant.util.package.install_package", lambda *_, **__: False
    )
    hass.config.skip_pip = False
    assert not await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert entry.error_reason_translation_key == "package_missing"
    assert "botocore" in (entry.reason or "")


# --- the index, where it can be reached


def uv(
    *arguments: str | Path, given: Iterable[str] = ()
) -> subprocess.CompletedProcess[str]:
    """Run Home Assistant's installer, which leaves locks in its temporary folder."""
    with TemporaryDirectory() as folder:
        return subprocess.run(
            [find_uv_bin(), *arguments],
            input="\n".join(given),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={**os.environ, "TMPDIR": folder},
        )


@pytest.fixture(scope="module")
def constraints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the constraints of Home Assistant's releases, by their names."""
    if uv("pip", "compile", "-q", "--refresh", "-", given=["aiolimiter"]).returncode:
        pytest.skip("The package index cannot be reached")
    folder = tmp_path_factory.mktemp("newer")
    done = uv(
        *("pip", "install", "-q", "--no-deps", "--target", folder),
        *("--python", sys.executable, "homeassistant==2026.11.0"),
    )
    assert done.returncode == 0, done.stderr
    return {
        "2026.10": Path(homeassistant.__file__).parent / "package_constraints.txt",
        "2026.11": folder / "homeassistant" / "package_constraints.txt",
    }


@pytest.mark.parametrize("release", ["2026.10", "2026.11"])
@pytest.mark.parametrize("machine", ["aarch64", "x86_64"])
def test_requirements_can_be_had(
    constraints: dict[str, Path], release: str, machine: str
) -> None:
    """All requirements fit into Home Assistant's image, as wheels.

    http-ece is built, but stands in the image; google-crc32c is built, of pure Python,
    and for live views only.
    """
    always = [
        *MANIFEST["requirements"],
        *(one for kind in KINDS.values() for one in kind.requirements),
        *(one for requirements in PLACES.values() for one in requirements),
    ]
    for wanted, built in (
        (always, ["http-ece"]),
        ([*always, *LIVE_REQUIREMENTS], ["http-ece", "google-crc32c"]),
    ):
        done = uv(
            *("pip", "compile", "-q", "--no-header", "--no-annotate", "-"),
            *("--python", sys.executable, "--python-version", "3.14"),
            *("--python-platform", f"{machine}-unknown-linux-musl"),
            *("--constraints", constraints[release], "--only-binary", ":all:"),
            *(option for one in built for option in ("--no-binary", one)),
            given=wanted,
        )
        assert done.returncode == 0, done.stderr
        chosen = dict(line.split("==") for line in done.stdout.split())
        assert ("aiortc" in chosen) == (wanted != always)
        assert ("google-crc32c" in chosen) == (wanted != always)
        assert {"aiobotocore", "aiowebdav2", "av", "botocore", "ring-doorbell"} <= set(
            chosen
        )


# All that Home Assistant loads of it at a start with accounts of all clouds.
AT_REST = """
import sys
from importlib import import_module
from pathlib import Path

for module in Path("custom_components/clip_download").glob("*.py"):
    import_module(f"custom_components.clip_download.{module.stem}")
for source in ("kinesis", "meraki.client", "ring.client", "ring_partner.client"):
    import_module(f"custom_components.clip_download.engine.sources.{source}")
schema = "custom_components.clip_download.websocket_api.schema"
print(*{"av", "aiortc", schema} & sys.modules.keys())
"""


def test_accounts_at_rest_need_neither_pyav_nor_aiortc_nor_what_is_only_types() -> None:
    """What reads footage is imported with the first job, what shows it live on demand.

    The types of the WebSocket commands' answers are never imported.
    """
    done = subprocess.run(
        [sys.executable, "-c", AT_REST],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert done.stdout.split() == []
