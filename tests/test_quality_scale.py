"""The rules of Home Assistant's quality scale, as far as a test can tell.

docs/quality_scale.md says of each rule how it is met and what checks it.
"""

import ast
from datetime import timedelta
import json
from pathlib import Path
import re
import tomllib

import pytest

from custom_components.clip_download.accounts import KINDS
from custom_components.clip_download.const import DOMAIN
from custom_components.clip_download.coordinator import Account
from custom_components.clip_download.engine.events.monitor import POLL_INTERVAL
from custom_components.clip_download.services import ACTIONS
from homeassistant.components.homeassistant.const import DOMAIN as HOME_ASSISTANT
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.dispatcher import DATA_DISPATCHER
from homeassistant.setup import async_setup_component

from .accounts import KINDS as CLOUD_KINDS, add_camera, set_up
from .clouds import Clouds
from .test_repository import (
    INTEGRATION,
    MANIFEST,
    MODULES,
    ROOT,
    TRANSLATIONS,
    quality_rules,
    short,
    tree,
)

PAGE = ROOT / "docs" / "quality_scale.md"
PLATFORMS = ("button", "camera", "event", "image", "number", "sensor", "switch")
ICONS = json.loads((INTEGRATION / "icons.json").read_text())["entity"]
# What changes with every clip.
DISABLED = {"clip_job", "queued", "under_way"}
DEVICE_CLASSES = {
    ("event", "doorbell"): "doorbell",
    ("event", "motion"): "motion",
    ("number", "minutes"): "duration",
    ("sensor", "clip_job"): "enum",
    ("sensor", "last_clip"): "timestamp",
}


def rows() -> dict[str, tuple[str, str, str]]:
    """Return each rule's verdict, how it is met, and what checks it, as the page says."""
    found = re.findall(
        r"^\| ([a-z-]+) \| (\w+) \| (.*) \| (.*) \|$", PAGE.read_text(), re.MULTILINE
    )
    return {rule: (verdict, where, tests) for rule, verdict, where, tests in found}


def test_rows() -> None:
    """The page has each rule with the verdict of the file; what it names exists."""
    rules = quality_rules(INTEGRATION)
    verdicts = {
        rule: answer if isinstance(answer, str) else answer["status"]
        for rule, answer in rules.items()
    }
    assert {rule: verdict for rule, (verdict, *_) in rows().items()} == verdicts
    assert len(rules) == 54
    for rule, (_, where, tests) in rows().items():
        for named in re.findall(r"`([\w/]+(?:\.\w+|/))`", where):
            assert (INTEGRATION / named).exists() or (ROOT / named).exists(), rule
        for part in tests.split("; "):
            module, *names = re.findall(r"`([\w./]+)`", part)
            path = ROOT / "tests" / module
            code = (path if path.exists() else ROOT / module).read_text()
            assert all(f"def {name}(" in code for name in names), (rule, part)


# --- what a set-up account shows


@pytest.fixture
async def entries(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path
) -> list[ConfigEntry]:
    """Return an account of each cloud, each with a camera."""
    for kind in CLOUD_KINDS:
        add_camera(hass_clouds, kind, f"watch-{kind}")
    return [await set_up(hass, hass_clouds, kind) for kind in CLOUD_KINDS]


def check_entity(entity: er.RegistryEntry) -> None:
    """See to it that an entity is named, drawn, sorted and known as the rules want it."""
    key = entity.translation_key
    assert "@" not in entity.unique_id
    assert entity.has_entity_name
    assert entity.device_id
    # What stands for the device bears its name, and looks as its domain does.
    assert key or (entity.domain, entity.original_name) == ("camera", None)
    name = TRANSLATIONS["entity"].get(entity.domain, {}).get(key, {}).get("name")
    device_class = DEVICE_CLASSES.get((entity.domain, str(key)))
    assert name or key is None
    assert key is None or device_class or ICONS[entity.domain][key]["default"]
    assert entity.original_device_class == device_class
    is_off = entity.disabled_by is er.RegistryEntryDisabler.INTEGRATION
    assert is_off == (key in DISABLED)
    # What can be set, and what is about the account itself.
    if entity.domain in {"number", "switch"}:
        assert entity.entity_category is EntityCategory.CONFIG
    else:
        is_of_camera = ".watch_" in entity.entity_id
        assert is_of_camera == (entity.entity_category is None)


async def test_entities(
    hass: HomeAssistant,
    entries: list[ConfigEntry],
    entity_registry: er.EntityRegistry,
    device_registry: dr.DeviceRegistry,
) -> None:
    """Each has all that the rules want, and belongs to a device with a name and a maker."""
    for entry in entries:
        assert "@" not in str(entry.unique_id)
        entities = er.async_entries_for_config_entry(entity_registry, entry.entry_id)
        for entity in entities:
            check_entity(entity)
        names = [(one.device_id, one.original_name) for one in entities]
        assert len(set(names)) == len(names)
        devices = dr.async_entries_for_config_entry(device_registry, entry.entry_id)
        assert {one.id for one in devices} == {one.device_id for one in entities}
        assert all(one.name and one.manufacturer for one in devices)


async def test_data_of_accounts_is_theirs(
    hass: HomeAssistant, entries: list[ConfigEntry]
) -> None:
    """An account's data are with its entry; what all share holds none of them."""
    ids = {entry.entry_id for entry in entries}
    for entry in entries:
        assert isinstance(entry.runtime_data, Account)
    for key, value in hass.data.items():
        if str(key).startswith(DOMAIN):
            assert value not in [entry.runtime_data for entry in entries], key
            assert not isinstance(value, dict) or not ids & value.keys(), key


async def test_unload_leaves_nothing(
    hass: HomeAssistant, entries: list[ConfigEntry]
) -> None:
    """No listener, webhook or task of an account is left, whatever it was."""
    for entry in entries:
        assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    signals = hass.data[DATA_DISPATCHER]
    left = {
        str(signal)
        for signal, targets in signals.items()
        if targets and any(entry.entry_id in str(signal) for entry in entries)
    }
    assert left == set()
    assert not hass.data.get("webhook", {})
    for entry in entries:
        assert not entry._background_tasks
        assert not entry._tasks


async def test_actions_without_accounts(hass: HomeAssistant) -> None:
    """They are there before any account is: an automation can be checked."""
    assert await async_setup_component(hass, HOME_ASSISTANT, {})
    assert await async_setup_component(hass, DOMAIN, {})
    assert set(hass.services.async_services_for_domain(DOMAIN)) == set(ACTIONS)


# --- the code


@pytest.mark.parametrize("platform", PLATFORMS)
def test_parallel_updates(platform: str) -> None:
    """Each platform says how many requests it makes at once."""
    assigned = {
        target.id: node.value
        for node in tree(INTEGRATION / f"{platform}.py").body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    limit = assigned["PARALLEL_UPDATES"]
    assert isinstance(limit, ast.Constant)
    assert limit.value == 0


def test_errors_are_translated() -> None:
    """No error of Home Assistant's is raised with words of its own."""
    ours = re.compile(
        r"(HomeAssistantError|ServiceValidationError|ConfigEntry\w+|UpdateFailed)$"
    )
    for path in MODULES:
        for node in ast.walk(tree(path)):
            if (
                isinstance(node, ast.Raise)
                and isinstance(node.exc, ast.Call)
                and ours.search(ast.unparse(node.exc.func))
            ):
                given = ast.unparse(node.exc)
                # What Assist says is in the language of the person.
                is_said = short(path) == "intent.py"
                assert is_said or "translation_key=" in given, (short(path), given)


def test_sessions_are_injected() -> None:
    """Nothing makes a session of its own; Home Assistant's is passed to who asks a cloud."""
    made = re.compile(r"\b(?:aiohttp\.)?ClientSession\(|async_create_clientsession\(")
    assert [short(path) for path in MODULES if made.search(path.read_text())] == []
    session = (INTEGRATION / "accounts" / "source.py").read_text()
    assert "session=async_get_clientsession(hass" in session


def test_types_are_strict() -> None:
    """Mypy is strict, with no exception for any module of ours."""
    assert (INTEGRATION / "py.typed").exists()
    options = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]
    assert options["strict"] is True
    assert "exclude" not in options
    for override in options.get("overrides", []):
        for module in override["module"]:
            assert DOMAIN not in module
    # Neither botocore nor aiobotocore has types.
    ignored = [short(one) for one in MODULES if "type: ignore" in one.read_text()]
    assert ignored == ["engine/sources/kinesis/aws.py", "engine/targets/s3.py"]


def test_discovery() -> None:
    """What is said of discovery is what the manifest and the flow do."""
    flow = (INTEGRATION / "config_flow.py").read_text()
    steps = ("async_step_dhcp", "async_step_integration_discovery")
    assert all(f"def {step}(" in flow for step in steps)
    assert MANIFEST["dhcp"]
    assert rows()["discovery"][0] == "done"
    assert rows()["discovery-update-info"][0] == "exempt"


# --- the documentation


@pytest.mark.parametrize(
    ("page", "needed"),
    [
        ("README.md", ["## What works with what", "## Install it", "## Limits"]),
        ("README.md", ["## Remove it", "https://ring.com", "https://meraki.cisco.com"]),
        ("README.md", ["https://aws.amazon.com", f"{MANIFEST['documentation']}`"]),
        ("docs/entities.md", ["## How up to date they are"]),
        ("docs/automations.md", ["## Ten recipes", "## Triggers and conditions"]),
        *(
            (f"docs/accounts/{kind}.md", ["## Limits", "## How up to date it is"])
            for kind in KINDS
        ),
    ],
)
def test_docs_have_their_sections(page: str, needed: list[str]) -> None:
    """What the rules want to be told of has its place."""
    text = (ROOT / page).read_text()
    assert [one for one in needed if one not in text] == []


def test_docs_name_triggers_and_conditions() -> None:
    """Each trigger and condition is described, with each of its fields."""
    text = (ROOT / "docs" / "automations.md").read_text()
    text = text[text.index("## Triggers and conditions") :]
    for what in ("triggers", "conditions"):
        for key, words in TRANSLATIONS[what].items():
            for name in (key, *words.get("fields", {})):
                assert f"`{name}" in text, (what, key, name)


def test_docs_name_entities() -> None:
    """Each entity is described by its name."""
    text = (ROOT / "docs" / "entities.md").read_text()
    names = [
        words["name"]
        for entities in TRANSLATIONS["entity"].values()
        for words in entities.values()
    ]
    assert [name for name in names if f"*{name}*" not in text] == []


def test_polling_is_as_described() -> None:
    """How often a cloud is asked is told, and no more often than is appropriate."""
    text = (ROOT / "docs" / "entities.md").read_text()
    for kind in KINDS.values():
        minutes = kind.list_every // timedelta(minutes=1)
        unit = "minute" if minutes == 1 else "minutes"
        row = rf"accounts/{kind.name}\.md[^|]*\| {minutes} {unit} \|"
        assert re.search(row, text), kind.name
    assert timedelta(minutes=1) == POLL_INTERVAL
    assert "read every minute" in text
