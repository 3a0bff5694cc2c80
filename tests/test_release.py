"""What is released can be installed, and what GitHub shows and runs is in order."""

import importlib.util
import json
from pathlib import Path
import re
import subprocess
import sys
from types import ModuleType
from typing import Any
from zipfile import ZipFile

import pytest

from homeassistant.util.yaml import load_yaml_dict

from .test_repository import INTEGRATION, MANIFEST, ROOT

FORMS = ROOT / ".github" / "ISSUE_TEMPLATE"
# A Home Assistant that has nothing but what was unpacked: it sets it up, and shows its form.
INSTALLED = """
import asyncio, sys
from pytest_homeassistant_custom_component.common import async_test_home_assistant
from homeassistant.loader import DATA_CUSTOM_COMPONENTS, async_get_integration
from homeassistant.setup import async_setup_component

async def main(config):
    async with async_test_home_assistant(config_dir=config) as hass:
        hass.data.pop(DATA_CUSTOM_COMPONENTS)
        found = await async_get_integration(hass, "clip_download")
        assert await async_setup_component(hass, "http", {})
        assert await async_setup_component(hass, "clip_download", {})
        menu = await hass.config_entries.flow.async_init(
            "clip_download", context={"source": "user"}
        )
        print(found.file_path, menu["type"], hass.services.has_service("clip_download", "save_clip"))
        await hass.async_stop(force=True)

asyncio.run(main(sys.argv[1]))
"""


def release() -> ModuleType:
    """Return `script/release.py`, which is in no package."""
    spec = importlib.util.spec_from_file_location("release", ROOT / "script/release.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_zip_installs(tmp_path: Path) -> None:
    """Unpacked as HACS does it, it is all that Home Assistant needs."""
    path = tmp_path / release().OUTPUT.name
    release().make(path)
    folder = tmp_path / "config" / "custom_components" / INTEGRATION.name
    folder.mkdir(parents=True)
    with ZipFile(path) as archive:
        archive.extractall(folder)
    names = {one.relative_to(folder) for one in folder.rglob("*") if one.is_file()}
    assert names == {
        one.relative_to(INTEGRATION)
        for one in INTEGRATION.rglob("*")
        if one.is_file() and "__pycache__" not in one.parts
    }
    done = subprocess.run(
        [sys.executable, "-c", INSTALLED, str(tmp_path / "config")],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.stdout.split()[-3:] == [str(folder), "menu", "True"], done.stderr


def test_tag_is_the_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No other tag is released, and none without its section of the changelog."""
    script, version = release(), MANIFEST["version"]
    assert "is not the version" in script.fault("v0.0.0")
    (tmp_path / "CHANGELOG.md").write_text(f"# Changelog\n\n## [{version}]\n")
    monkeypatch.setattr(script, "ROOT", tmp_path)
    assert "no section" in script.fault(version)
    (tmp_path / "CHANGELOG.md").write_text(f"## [{version}] - 2026-12-01\n")
    assert script.fault(version) is None
    assert script.fault(f"v{version}") is None


def test_version_is_in_one_place() -> None:
    """What is released is what the manifest says; nothing else says it too."""
    assert "\nversion" not in (ROOT / "pyproject.toml").read_text()
    package = json.loads((ROOT / "frontend" / "package.json").read_text())
    assert "version" not in package
    hacs = json.loads((ROOT / "hacs.json").read_text())
    assert hacs["zip_release"] is True
    workflow = (ROOT / ".github/workflows/release.yaml").read_text()
    assert f'gh release upload "$TAG" {hacs["filename"]}' in workflow
    assert "./script/frontend --check" in workflow


def test_changelog() -> None:
    """It begins with what is not released yet, and has no kind of change of its own."""
    text = (ROOT / "CHANGELOG.md").read_text()
    sections = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert sections[0] == "[Unreleased]"
    for section in sections[1:]:
        assert re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", section)
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert set(re.findall(r"^### (.+)$", text, re.MULTILINE)) <= kinds


def test_forms_of_issues() -> None:
    """Whoever reports a fault is asked for versions and diagnostics; none is blank."""
    assert load_yaml_dict(str(FORMS / "config.yml"))["blank_issues_enabled"] is False
    forms = {path.stem: load_yaml_dict(str(path)) for path in FORMS.glob("*.yml")}
    fields: dict[str, Any] = {
        field["id"]: field for field in forms["bug"]["body"] if "id" in field
    }
    demanded = {
        name
        for name, field in fields.items()
        if field.get("validations", {}).get("required")
    }
    assert demanded == {"version", "home_assistant", "account", "what", "diagnostics"}
    assert forms["bug"]["name"]
    assert forms["bug"]["description"]
    assert forms["feature"]["body"]


def test_dependabot_follows_all() -> None:
    """Actions, packages of the front end and of the tests are moved on."""
    updates = load_yaml_dict(str(ROOT / ".github/dependabot.yml"))["updates"]
    assert {one["package-ecosystem"]: one["directory"] for one in updates} == {
        "github-actions": "/",
        "npm": "/frontend",
        "pip": "/",
    }
