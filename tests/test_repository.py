"""What hassfest, HACS and the quality scale ask of the repository, and what the design does.

Hassfest checks less on an integration from outside than on one of core, and cannot run
here; these checks are as strict as for core.
"""

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
import json
from pathlib import Path
import re
import string
import subprocess
from typing import Any, NamedTuple
from urllib.parse import unquote

from awesomeversion import AwesomeVersion, AwesomeVersionStrategy
from packaging.requirements import Requirement
from PIL import Image
import voluptuous as vol

from custom_components.clip_download.accounts import KINDS
from custom_components.clip_download.accounts.source import LIVE_REQUIREMENTS
from custom_components.clip_download.condition import CONDITIONS
from custom_components.clip_download.const import DOMAIN
from custom_components.clip_download.engine import sources
from custom_components.clip_download.engine.targets import s3, webdav
from custom_components.clip_download.services import ACTIONS
from custom_components.clip_download.services.response import EVENT_FAILED, EVENT_SAVED
from custom_components.clip_download.trigger import TRIGGERS
from homeassistant import components
from homeassistant.const import __version__ as ha_version
from homeassistant.helpers.selector import validate_selector
from homeassistant.util.yaml import load_yaml_dict

ROOT = Path(__file__).parents[1]
INTEGRATION = ROOT / "custom_components" / DOMAIN
MODULES = sorted(INTEGRATION.rglob("*.py"))
ENGINE_FOLDER = INTEGRATION / "engine"
ENGINE = sorted(ENGINE_FOLDER.rglob("*.py"))

# Keys and values that hassfest knows.
MANIFEST_REQUIRED = {
    "codeowners",
    "config_flow",
    "documentation",
    "domain",
    "integration_type",
    "iot_class",
    "issue_tracker",
    "name",
    "quality_scale",
    "version",
}
MANIFEST_OPTIONAL = {
    "after_dependencies",
    "dependencies",
    "dhcp",
    "loggers",
    "requirements",
}
# Components that may be imported without being named as a dependency.
FREE_COMPONENTS = {
    "button",
    "camera",
    "diagnostics",
    "event",
    "homeassistant",
    "image",
    "media_player",
    "media_source",
    "number",
    "repairs",
    "sensor",
    "switch",
    "system_health",
    "websocket_api",
}
HACS_KEYS = {
    "content_in_root",
    "country",
    "filename",
    "hacs",
    "hide_default_branch",
    "homeassistant",
    "name",
    "persistent_directory",
    "render_readme",
    "zip_release",
}
# Integrations of core that answer every rule of the quality scale.
NEIGHBOURS = ["onedrive", "reolink", "unifiprotect"]
BRAND_SIZES = {"icon.png": 256, "icon@2x.png": 512}
LOGO_HEIGHTS = {
    "dark_logo.png": (128, 256),
    "dark_logo@2x.png": (256, 512),
    "logo.png": (128, 256),
    "logo@2x.png": (256, 512),
}

# How many lines a function may have, with its docstring.
MOST_LINES = 60

SCRIPTS = [
    "bench",
    "bombs",
    "demo",
    "frontend",
    "oracle",
    "release",
    "screenshots",
    "setup",
    "soak",
    "test",
]

# What `ClipError`s take for themselves, and what whoever shows them adds.
NO_PLACEHOLDERS = {"after_s", "retry_after_s"}
ADDED_PLACEHOLDERS = {"camera", "subject", "window"}


def load_json(path: Path) -> Any:
    """Return a JSON file's value; a key that comes twice is an error."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        assert len(set(names)) == len(names), f"{path}: twice the same key in {names}"
        return dict(pairs)

    return json.loads(path.read_text(), object_pairs_hook=once)


MANIFEST = load_json(INTEGRATION / "manifest.json")
TRANSLATIONS = load_json(INTEGRATION / "translations" / "en.json")
SERVICES = load_yaml_dict(str(INTEGRATION / "services.yaml"))


@cache
def tree(path: Path) -> ast.Module:
    """Return a module's syntax tree."""
    return ast.parse(path.read_text(), str(path))


def short(path: Path) -> str:
    """Return a path's name for a test's id."""
    return str(path.relative_to(INTEGRATION))


# --- manifest.json, hacs.json


def test_manifest_keys() -> None:
    """The manifest has the keys that it needs, no others, in hassfest's order."""
    keys = list(MANIFEST)
    assert MANIFEST_REQUIRED <= set(keys) <= MANIFEST_REQUIRED | MANIFEST_OPTIONAL
    assert keys == ["domain", "name", *sorted(set(keys) - {"domain", "name"})]


def test_manifest_values() -> None:
    """The manifest's values are those that hassfest takes."""
    assert MANIFEST["domain"] == INTEGRATION.name == DOMAIN
    assert MANIFEST["integration_type"] == "hub"
    assert MANIFEST["iot_class"] in {"cloud_polling", "cloud_push"}
    assert MANIFEST["config_flow"] is True
    assert all(owner.startswith("@") for owner in MANIFEST["codeowners"])
    assert MANIFEST["codeowners"]
    for key in ("documentation", "issue_tracker"):
        assert MANIFEST[key].startswith("https://")
    version = AwesomeVersion(MANIFEST["version"])
    assert version.strategy in {
        AwesomeVersionStrategy.CALVER,
        AwesomeVersionStrategy.SEMVER,
    }


def test_manifest_tier_is_earned() -> None:
    """Gold and above need diagnostics, and every rule to be done or exempt."""
    statuses = {
        rule if isinstance(rule, str) else rule["status"]
        for rule in quality_rules(INTEGRATION).values()
    }
    assert MANIFEST["quality_scale"] == "platinum"
    assert statuses == {"done", "exempt"}
    assert (INTEGRATION / "diagnostics.py").exists()
    assert (INTEGRATION / "py.typed").exists()


def test_requirements_are_tested() -> None:
    """The tests run on a release that a user may get."""
    lines = (ROOT / "requirements_test.txt").read_text().splitlines()
    tested = dict(line.split("==") for line in lines if "==" in line)
    for text in [
        *MANIFEST["requirements"],
        *LIVE_REQUIREMENTS,
        *s3.REQUIREMENTS,
        *webdav.REQUIREMENTS,
        *(text for kind in KINDS.values() for text in kind.requirements),
    ]:
        requirement = Requirement(text)
        # Without a version, Home Assistant's own constraints pin it.
        assert requirement.specifier.contains(tested[requirement.name]), text


def test_dependencies_are_named() -> None:
    """Every component that is imported is a dependency; a platform has its own there."""
    used = {
        component
        for path in MODULES
        for module in imports(path)
        if module.startswith("homeassistant.components.")
        for component in [
            module.removeprefix("homeassistant.components.").partition(".")[0]
        ]
        if component != path.stem
    }
    named = {
        *MANIFEST.get("dependencies", []),
        *MANIFEST.get("after_dependencies", []),
    }
    assert used - FREE_COMPONENTS <= named


def test_hacs() -> None:
    """HACS knows every key, and the Home Assistant that it asks for is the tested one."""
    hacs = load_json(ROOT / "hacs.json")
    assert set(hacs) <= HACS_KEYS
    assert hacs["name"] == MANIFEST["name"]
    least, tested = AwesomeVersion(hacs["homeassistant"]), AwesomeVersion(ha_version)
    assert least <= tested
    assert str(tested).startswith(str(least).rpartition(".")[0])


def test_layout() -> None:
    """HACS finds one integration, and what it shows of it."""
    assert [
        path.name for path in (ROOT / "custom_components").iterdir() if path.is_dir()
    ] == [DOMAIN]
    assert "MIT License" in (ROOT / "LICENSE").read_text()
    assert (ROOT / "README.md").read_text().startswith("# Clip Download")


# What users read, with its links as `[text](target)`.
DOCS = (
    ROOT / "README.md",
    ROOT / "SECURITY.md",
    ROOT / "ARCHITECTURE.md",
    *sorted((ROOT / "docs").rglob("*.md")),
)
LONGEST_README = 180
# Repositories of others that are named somewhere.
OTHER_REPOSITORIES: set[str] = set()
# Errors whose message says all there is to say: mostly of how something was asked for.
EXPLAIN_THEMSELVES = {
    *("camera_disabled", "cancelled", "clip_not_found", "clips_two_ways"),
    *(
        "copies_not_loaded",
        "copy_damaged",
        "copy_key",
        "copy_not_found",
        "copy_source_changed",
        "copy_source_gone",
    ),
    *("delete_needs_window", "event_unknown", "events_failed", "filename_empty"),
    *("filename_leaves_folder", "filename_template", "filename_too_deep"),
    *("filename_too_long", "jobs_or_cameras", "jobs_unknown", "media_unknown"),
    *("no_clips", "past_in_future", "past_no_form", "past_too_long"),
    *("several_failed", "share_not_found", "target_clock", "target_failed"),
    *("target_full", "target_locked", "target_needs_package", "target_no_right"),
    *("target_no_store", "target_sign_in", "target_unreachable"),
    *("time_skipped", "timeout_too_long"),
    *("too_many_shares", "window_and_fields", "window_impossible"),
    *("window_in_future", "window_no_form", "window_reversed", "window_too_long"),
    "window_two_forms",
}


def test_readme_is_short() -> None:
    """The README is a front page: what is longer is in docs/."""
    lines = (ROOT / "README.md").read_text().splitlines()
    assert len(lines) <= LONGEST_README


def test_docs_tell_what_is_offered() -> None:
    """They name each field of each form and action, each event, each command."""
    text = "\n".join(path.read_text() for path in DOCS)
    form = TRANSLATIONS["options"]["step"]["init"]
    options = {
        label
        for part in (form, *form["sections"].values())
        for label in (part.get("name"), *part["data"].values())
        if label
    }
    labels = {
        label
        for step in TRANSLATIONS["config"]["step"].values()
        for label in step.get("data", {}).values()
    }
    missing = {
        *(
            name
            for action in SERVICES
            for name in fields(action)
            if f"`{name}`" not in text
        ),
        *(label for label in labels | options if label not in text),
        *(event for event in (EVENT_SAVED, EVENT_FAILED) if f"`{event}`" not in text),
        *(script for script in ("demo", "test") if f"./script/{script}" not in text),
    }
    assert missing == set()


def anchors(text: str) -> set[str]:
    """Return what the headings of a page are linked to by."""
    return {
        re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    }


def test_links_of_docs_lead_somewhere() -> None:
    """Each link to a file or heading of ours, and each picture, is there."""
    broken = []
    for page in DOCS:
        for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
            if link.startswith("https://"):
                continue
            path, _, anchor = link.partition("#")
            target = (page.parent / path).resolve() if path else page
            if not target.exists() or (
                anchor and anchor not in anchors(target.read_text())
            ):
                broken.append((short_of_root(page), link))
    assert broken == []


def begins(key: str) -> str:
    """Return how the message of an error begins, as the page of troubles quotes it."""
    message = TRANSLATIONS["exceptions"][key]["message"]
    message = re.sub(r"^\{(subject|camera)\}: ", "", message)
    return re.sub(r"\{\w+\}", "…", re.split(r"(?<=\.)\s", message)[0])


def test_docs_explain_errors() -> None:
    """Each error is on the page of troubles as it reads, unless it explains itself."""
    text = (ROOT / "docs" / "troubleshooting.md").read_text()
    quotes = {
        key: quote
        for row in re.findall(r"^\| (\*.*?`) \|", text, re.MULTILINE)
        for quote, key in re.findall(r"\*(.+?)\* `(\w+)`", row)
    }
    assert quotes.keys() & EXPLAIN_THEMSELVES == set()
    # What is missing belongs into docs/troubleshooting.md, or EXPLAIN_THEMSELVES.
    named = quotes.keys() | EXPLAIN_THEMSELVES
    errors = TRANSLATIONS["exceptions"].keys()
    assert (errors - named, named - errors) == (set(), set())
    assert quotes == {key: begins(key) for key in quotes}


def test_repository_has_one_address() -> None:
    """What links to the repository links to the one that the manifest names."""
    home = MANIFEST["documentation"].removeprefix("https://github.com/")
    owner, name = home.split("/")
    for path in (*DOCS, *published()):
        text = unquote(path.read_text())
        linked = set(
            re.findall(r"github\.com/([\w.-]+/[\w.-]+)", text)
            + re.findall(r"img\.shields\.io/github/\w+/\w+/([\w.-]+/[\w.-]+)", text)
        )
        assert linked - OTHER_REPOSITORIES <= {home}, path
        for params in re.findall(r"hacs_repository/\?([^)\s]+)", text):
            assert params.startswith(f"owner={owner}&repository={name}&"), path
    assert MANIFEST["issue_tracker"] == f"https://github.com/{home}/issues"
    assert MANIFEST["codeowners"] == [f"@{owner}"]


def published() -> Iterator[Path]:
    """Yield what is read on GitHub or by Home Assistant besides the documents."""
    for pattern in ("blueprints/**/*.yaml", ".github/**/*", "*.json", "*.md"):
        yield from (path for path in sorted(ROOT.glob(pattern)) if path.is_file())
    yield INTEGRATION / "manifest.json"


def short_of_root(path: Path) -> str:
    """Return a path as it is called within the repository."""
    return str(path.relative_to(ROOT))


def quality_rules(integration: Path) -> dict[str, Any]:
    """Return an integration's answers to the rules of the quality scale."""
    rules = load_yaml_dict(str(integration / "quality_scale.yaml"))["rules"]
    assert isinstance(rules, dict)
    return rules


def test_quality_scale() -> None:
    """Every rule has its answer, and an exemption its reason (test_quality_scale.py)."""
    rules = quality_rules(INTEGRATION)
    core = Path(components.__file__).parent
    for neighbour in NEIGHBOURS:
        assert set(rules) == set(quality_rules(core / neighbour))
    for name, rule in rules.items():
        if rule != "done":
            assert rule["status"] in {"done", "exempt"}, name
            assert rule["comment"].strip().endswith("."), name


def test_scripts() -> None:
    """Each script can be run, and is a shell script that parses."""
    for name in SCRIPTS:
        script = ROOT / "script" / name
        assert script.stat().st_mode & 0o111, name
        subprocess.run(["bash", "-n", script], check=True)


def test_workflows_are_pinned() -> None:
    """What runs on our behalf is one commit, which nobody can move, and a known release."""
    used = [
        (path.name, line.strip())
        for path in sorted((ROOT / ".github" / "workflows").iterdir())
        for line in path.read_text().splitlines()
        if "uses:" in line
    ]
    assert used
    assert not [
        one
        for one in used
        if not re.fullmatch(r"(- )?uses: [\w./-]+@[0-9a-f]{40}  # \S.+", one[1])
    ]


# --- brand


def test_icons() -> None:
    """An icon is square, of the size that its name says, with a transparent ground."""
    for name, side in BRAND_SIZES.items():
        with Image.open(INTEGRATION / "brand" / name) as icon:
            assert (icon.format, icon.size) == ("PNG", (side, side)), name
            assert icon.mode == "RGBA", name
            assert icon.getpixel((side - 1, side - 1)) == (0, 0, 0, 0), name


def test_logos() -> None:
    """A logo's shortest side is as long as the brand's rules say."""
    for name, (least, most) in LOGO_HEIGHTS.items():
        with Image.open(INTEGRATION / "brand" / name) as logo:
            assert (logo.format, logo.mode) == ("PNG", "RGBA"), name
            assert least <= min(logo.size) <= most, name


def test_brand_has_no_strays() -> None:
    """Only pictures that Home Assistant asks for are shipped."""
    files = {path.name for path in (INTEGRATION / "brand").iterdir()}
    assert files == {*BRAND_SIZES, *LOGO_HEIGHTS}


# --- the house


def imports(path: Path) -> Iterator[str]:
    """Yield the full names of the modules that a module imports."""
    package = ["custom_components", DOMAIN, *path.relative_to(INTEGRATION).parts[:-1]]
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            name = ".".join([*base, *([node.module] if node.module else [])])
            if node.module:
                yield name
            # What is imported from a package may be a module of it.
            yield from (f"{name}.{alias.name}" for alias in node.names)


# How high each part of the engine lies: it knows what lies lower, and itself.
LEVELS = {
    **dict.fromkeys(
        ("errors", "model", "time_range", "aio", "fair_semaphore", "folder", "storage"),
        0,
    ),
    "media": 1,
    **dict.fromkeys(("library", "sources", "targets"), 2),
    **dict.fromkeys(("copies", "pipeline"), 3),
    "events": 4,
}


def part_of(name: str) -> str:
    """Return the part of the engine that a module's full name is of, if it is of one."""
    return name.removeprefix(f"custom_components.{DOMAIN}.engine.").partition(".")[0]


def test_the_engine_stands_alone() -> None:
    """It knows nothing of Home Assistant, nor of the modules that do."""
    strangers = [
        (short(path), name)
        for path in ENGINE
        for name in imports(path)
        if name.startswith("homeassistant")
        or (
            name.startswith("custom_components")
            and not name.startswith(f"custom_components.{DOMAIN}.engine")
        )
    ]
    assert strangers == []


def test_only_sources_and_targets_speak_http() -> None:
    """The rest of the engine takes footage from wherever it comes, and where it goes."""
    assert [
        short(path)
        for path in ENGINE
        for name in imports(path)
        if name.partition(".")[0] == "aiohttp"
        and not {ENGINE_FOLDER / "sources", ENGINE_FOLDER / "targets"}
        & set(path.parents)
    ] == []


SQL = re.compile(
    r"\b(SELECT|INSERT|DELETE FROM|UPDATE \w+ SET|WHERE|ORDER BY|PRAGMA)\b"
)


def test_only_stores_speak_sql() -> None:
    """What the database is asked is written in the library, and in three more stores."""
    stores = (
        ENGINE_FOLDER / "library",
        ENGINE_FOLDER / "events" / "store.py",
        ENGINE_FOLDER / "copies" / "away.py",
        ENGINE_FOLDER / "copies" / "store.py",
    )
    assert [
        (short(path), node.value)
        for path in MODULES
        if not any(path.is_relative_to(store) for store in stores)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and SQL.search(node.value)
    ] == []
    assert SQL.search((stores[0] / "queries.py").read_text())


def test_imports_go_down() -> None:
    """No part of the engine imports one above it, or beside it."""
    upwards = [
        (short(path), name)
        for path in ENGINE
        if path.parent != ENGINE_FOLDER or path.stem != "__init__"
        for mine in [path.relative_to(ENGINE_FOLDER).with_suffix("").parts[0]]
        for name in imports(path)
        if name.startswith(f"custom_components.{DOMAIN}.engine.")
        and part_of(name) != mine
        and (
            LEVELS[part_of(name)] > LEVELS[mine]
            or LEVELS[part_of(name)] == LEVELS[mine] != 0
        )
    ]
    assert upwards == []


def test_imports_go_round_nowhere() -> None:
    """No module imports itself by way of others."""
    known = {full_name(path): path for path in MODULES}
    below = {
        name: {one for one in imports(path) if one in known}
        for name, path in known.items()
    }
    while leaves := {name for name, others in below.items() if not others & set(below)}:
        below = {name: one for name, one in below.items() if name not in leaves}
    assert below == {}


def picture() -> list[str]:
    """Return the engine's parts as ARCHITECTURE.md shows them, the highest first."""
    ground = [part for part, level in LEVELS.items() if not level]
    folders = sorted(set(LEVELS) - set(ground), key=lambda part: (-LEVELS[part], part))
    lines = {"Home Assistant": ["accounts/", "services/", "config_flow", "..."]}
    for folder in folders:
        lines[f"engine/{folder}"] = sorted(
            f"{one.name}/" if one.is_dir() else one.stem
            for one in (ENGINE_FOLDER / folder).iterdir()
            if one.suffix == ".py" or one.is_dir()
            if one.name not in ("__init__.py", "__pycache__")
        )
    lines["engine"] = sorted(ground)
    return [f"{name:18}{' '.join(modules)}" for name, modules in lines.items()]


def test_architecture_is_shown() -> None:
    """The picture has every module where it is; the glossary is short."""
    text = (ROOT / "ARCHITECTURE.md").read_text()
    assert text.split("```")[1].strip("\n").split("\n") == picture()
    words = text.partition("## Words")[2].partition("##")[0]
    assert 10 < words.count("\n| ") - 1 <= 30
    missing = [
        path
        for path in re.findall(
            r"`((?:engine|accounts|services|tests|script)/[\w/.]+)`", text
        )
        if not (ROOT / path).exists() and not (INTEGRATION / path).exists()
    ]
    assert missing == []


def full_name(path: Path) -> str:
    """Return the name by which a module is imported."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_source_modules() -> None:
    """Each kind of account has the source that its record names, and is named once."""
    for name, kind in KINDS.items():
        module = import_module(f"{sources.__name__}.{kind.source.module}")
        source_class = getattr(module, kind.source.name)
        assert name == kind.name == source_class.kind


def test_modules_have_no_leftovers() -> None:
    """No module leaves something to be done later."""
    later = re.compile(r"TODO|FIXME|XXX|NotImplementedError")
    assert [short(path) for path in MODULES if later.search(path.read_text())] == []


def test_functions_are_short() -> None:
    """No function has more than 60 lines; ruff counts how complex each one is."""
    long = [
        f"{short(path)}:{node.lineno} {node.name}: {lines} lines"
        for path in MODULES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for lines in [(node.end_lineno or 0) - node.lineno + 1]
        if lines > MOST_LINES
    ]
    assert long == []


# --- the keys of errors


class Use(NamedTuple):
    """A translation key that the code uses, with what fills its text."""

    key: str
    placeholders: frozenset[str]
    error: str
    where: str


def strings(node: ast.expr, scope: ast.AST, module: ast.Module) -> set[str]:
    """Return the strings that an expression may be, followed as far as one can read."""
    match node:
        case ast.Constant(value=str(text)):
            return {text}
        case ast.IfExp():
            return strings(node.body, scope, module) | strings(
                node.orelse, scope, module
            )
        case ast.Dict():
            return {
                text for value in node.values for text in strings(value, scope, module)
            }
        case ast.Call(func=ast.Attribute(value=table, attr="get"), args=[_, *default]):
            return {
                text
                for part in (table, *default)
                for text in strings(part, scope, module)
            }
        case ast.Subscript(value=table):
            return strings(table, scope, module)
        case ast.Name(id=name):
            return {
                text
                for place in (scope, module)
                for value in assigned(name, place)
                for text in strings(value, scope, module)
            }
    return set()


def assigned(name: str, place: ast.AST) -> Iterator[ast.expr]:
    """Yield what is assigned to a name."""
    for node in ast.walk(place):
        if isinstance(node, ast.Assign):
            targets: list[ast.expr] = node.targets
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr):
            targets = [node.target]
        else:
            continue
        if node.value is not None and any(
            isinstance(target, ast.Name) and target.id == name for target in targets
        ):
            yield node.value


def calls() -> Iterator[tuple[Path, ast.Call]]:
    """Yield each call in the integration."""
    for path in MODULES:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call):
                yield path, node


def called(node: ast.Call) -> str:
    """Return the name of what is called."""
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


@cache
def errors_below(*roots: str) -> Mapping[str, ast.ClassDef]:
    """Return some errors and all classes that derive from them, by name."""
    classes = {
        node.name: node
        for path in MODULES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ClassDef)
    }
    found = set(roots)
    while more := {
        name
        for name, node in classes.items()
        if name not in found and found & {ast.unparse(base) for base in node.bases}
    }:
        found |= more
    return {name: classes[name] for name in found}


def own_key(name: str) -> ast.Call | None:
    """Return where an error gives itself the key that all of its kind have."""
    for node in ast.walk(errors_below("ClipError")[name]):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Call(func=ast.Name(id="super"))),
                args=[ast.Constant(value=str()), *_],
            ):
                return node
    return None


def error_calls() -> Iterator[tuple[Path, ast.AST, str, ast.Call]]:
    """Yield each place that makes a ClipError: its function, the error, the call."""
    for path in MODULES:
        for scope in ast.walk(tree(path)):
            if not isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            for node in ast.walk(scope):
                if isinstance(node, ast.Call) and called(node) in errors_below(
                    "ClipError"
                ):
                    yield path, scope, called(node), own_key(called(node)) or node


def is_repeated(node: ast.Call) -> bool:
    """Return whether an error only takes over what another one, or a record, says."""
    match node:
        case ast.Call(args=[ast.Attribute(attr="key"), *_]):
            return True
    return any(keyword.arg is None for keyword in node.keywords)


def uses() -> Iterator[Use]:
    """Yield the use of each error's key."""
    for path, scope, error, node in error_calls():
        if is_repeated(node):
            continue
        where = f"{short(path)}:{node.lineno}"
        names = {keyword.arg or "" for keyword in node.keywords} - NO_PLACEHOLDERS
        for key in strings(node.args[0], scope, tree(path)) if node.args else ():
            yield Use(key, frozenset(names) | ADDED_PLACEHOLDERS, error, where)
    for path, call in calls():
        if not re.search(r"(Error|Failed|NotReady)$", called(call)):
            continue
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        match given.get("translation_key"):
            case ast.Constant(value=str(key)):
                names = set(filled(given.get("translation_placeholders")))
                where = f"{short(path)}:{call.lineno}"
                yield Use(key, frozenset(names), called(call), where)


def filled(node: ast.expr | None) -> Iterator[str]:
    """Yield the keys of a dict that is written out."""
    if isinstance(node, ast.Dict):
        for key in node.keys:
            if isinstance(key, ast.Constant):
                yield str(key.value)


USES = sorted(set(uses()))
ACCOUNT_USES = [
    use
    for use in USES
    # Those that a flow and the coordinator show, too.
    if use.error in errors_below("CloudError", "SignInError")
    and use.where.startswith(("engine/sources/", "accounts/"))
    # A body breaks off only after an answer to a job.
    and not use.key.startswith("body_")
]
EXCEPTIONS: Mapping[str, Mapping[str, str]] = TRANSLATIONS["exceptions"]


def placeholders(text: str) -> set[str]:
    """Return the names of a text's placeholders."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_error_can_be_read() -> None:
    """Each error's key can be followed, so that none is missed here."""
    unread = [
        f"{short(path)}:{node.lineno}"
        for path, scope, _, node in error_calls()
        if not is_repeated(node)
        and not (node.args and strings(node.args[0], scope, tree(path)))
    ]
    assert unread == []


def test_errors_have_words() -> None:
    """Each error has a text, and all that the text names."""
    assert USES
    assert [
        use
        for use in USES
        if use.key not in EXCEPTIONS
        or placeholders(EXCEPTIONS[use.key]["message"]) - use.placeholders
    ] == []


def test_account_errors_have_words() -> None:
    """What a cloud may answer to a sign-in is of an account, and maybe of no camera."""
    assert ACCOUNT_USES
    assert [
        use
        for use in ACCOUNT_USES
        if placeholders(EXCEPTIONS[use.key]["message"]) & {"camera", "window"}
    ] == []


def decided_by_key(module: ast.Module) -> Iterator[str]:
    """Yield where a module decides what to do by the key of an error's text."""
    for node in ast.walk(module):
        match node:
            case ast.Compare():
                looked_at = [node.left, *node.comparators]
            case ast.Match():
                looked_at = [node.subject]
            case ast.Subscript(slice=value):
                looked_at = [value]
            case ast.Call(func=ast.Attribute(value=value, attr=name)):
                looked_at = [value, *(node.args if name == "get" else ())]
            case ast.MatchClass(kwd_attrs=names) if "key" in names:
                yield ast.unparse(node)
                continue
            case _:
                continue
        if any(
            isinstance(one, ast.Attribute) and one.attr == "key" for one in looked_at
        ):
            yield ast.unparse(node)


def test_nothing_is_decided_by_the_key_of_a_text() -> None:
    """An error's type says what is to be done; its key names a text for people."""
    assert [
        (short(path), where) for path in MODULES for where in decided_by_key(tree(path))
    ] == []


def test_what_looks_for_keys_finds_them() -> None:
    """The check above would not pass with any of these."""
    for code in (
        "err.key == 'no_footage'",
        "job.error.key in KEYS",
        "'x' != err.key",
        "err.key.startswith('library_')",
        "KINDS[err.key]",
        "KINDS.get(err.key)",
        "match err.key:\n    case 'x': pass",
        "match err:\n    case CloudError(key='x'): pass",
    ):
        assert list(decided_by_key(ast.parse(code))), code
    assert not list(decided_by_key(ast.parse("show(err.key, f'x_{err.key}')")))


def test_errors_are_translated_in_one_place() -> None:
    """Only one module makes Home Assistant's errors of ours."""
    by_hand = [
        f"{short(path)}:{call.lineno}"
        for path, call in calls()
        if re.search(r"(Error|Failed|NotReady|Unresolvable)$", called(call))
        for keyword in call.keywords
        if keyword.arg == "translation_key"
        and not isinstance(keyword.value, ast.Constant)
    ]
    assert {where.partition(":")[0] for where in by_hand} <= {"errors.py"}


def test_no_error_is_idle() -> None:
    """No text waits for an error that nobody raises."""
    used = {use.key for use in USES}
    assert set(EXCEPTIONS) - used == set()


# --- translations/en.json


def texts(value: Any, where: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text below a value, with the way to it."""
    if isinstance(value, str):
        yield where, value
    else:
        for key, inner in value.items():
            yield from texts(inner, f"{where}.{key}" if where else key)


def flaws(where: str, text: str) -> Iterator[str]:
    """Yield what hassfest would not take of a text."""
    if not text or text != text.strip():
        yield "space"
    if re.search(r"<\w+|</", text):
        yield "HTML"
    if re.search(r"https?://", text):
        yield "an address"
    if "[%key:" in text:
        yield "a reference"
    if re.search(r"'\{\w+\}'", text):
        yield "a quoted placeholder"
    is_sentence = re.search(r"^exceptions\.|description|\.error\.|\.abort\.", where)
    endings = (".", "?", "!", ":", "{error}", "{errors}", "{problems}")
    if is_sentence and not text.endswith(endings):
        yield "no full stop"


def test_texts() -> None:
    """Each text is one that hassfest takes; errors and explanations are sentences."""
    assert [
        (where, flaw)
        for where, text in texts(TRANSLATIONS)
        for flaw in flaws(where, text)
    ] == []


def forms() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield each step of each flow."""
    flows = {
        "config": TRANSLATIONS["config"],
        "options": TRANSLATIONS["options"],
        **TRANSLATIONS["config_subentries"],
    }
    for flow, texts_of_flow in flows.items():
        for step, texts_of_step in texts_of_flow["step"].items():
            yield f"{flow}.{step}", texts_of_step


def test_forms_explain_their_fields() -> None:
    """Each form has a title, each section a name, each of their fields an explanation."""
    for name, form in forms():
        assert form["title"], name
        parts = form.get("sections", {})
        assert all(part["name"] for part in parts.values()), name
        for part in (form, *parts.values()):
            explained = set(part.get("data_description", {}))
            assert explained == set(part.get("data", {})), name


def keywords(name: str) -> set[str]:
    """Return the strings that the flows give for an argument of that name."""
    return {
        keyword.value.value
        for module in ("config_flow", "copy_flow", "options_flow", "stream_flow")
        for node in ast.walk(tree(INTEGRATION / f"{module}.py"))
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == name
        and isinstance(keyword.value, ast.Constant)
        and isinstance(keyword.value.value, str)
    }


def test_flow_has_words_for_its_ends() -> None:
    """Each reason to abort that the flow names has a text."""
    known = {
        reason
        for flow in (
            TRANSLATIONS["config"],
            TRANSLATIONS["options"],
            *TRANSLATIONS["config_subentries"].values(),
        )
        for reason in flow.get("abort", {})
    }
    always = {"already_configured", "reauth_successful", "reconfigure_successful"}
    assert keywords("reason") | always <= known


# --- services.yaml, icons.json


def fields(service: str) -> dict[str, Any]:
    """Return an action's fields, those of its sections among them."""
    found: dict[str, Any] = {}
    for name, field in SERVICES[service]["fields"].items():
        found |= field.get("fields", {name: field})
    return found


def sections(service: str) -> set[str]:
    """Return the names of an action's sections."""
    return {
        name for name, field in SERVICES[service]["fields"].items() if "fields" in field
    }


def test_actions_have_words_and_icons() -> None:
    """Each action, field and section has a name and a description; no text is idle."""
    icons = load_json(INTEGRATION / "icons.json")["services"]
    for service in SERVICES:
        words = TRANSLATIONS["services"][service]
        parts = words.get("sections", {})
        assert set(words["fields"]) == set(fields(service)), service
        assert set(parts) == sections(service), service
        for text in (words, *words["fields"].values(), *parts.values()):
            assert text["name"], service
            assert text["description"], (service, text["name"])
        assert icons[service]["service"].startswith("mdi:"), service


def test_actions_are_those_of_the_code() -> None:
    """What the UI offers is what is registered."""
    assert set(SERVICES) == set(ACTIONS) == set(TRANSLATIONS["services"])


def test_triggers_and_conditions_have_words_and_icons() -> None:
    """Each that the code has is described, named and drawn, with all of its fields."""
    for what, classes in (("trigger", TRIGGERS), ("condition", CONDITIONS)):
        described = load_yaml_dict(str(INTEGRATION / f"{what}s.yaml"))
        described = {key: one for key, one in described.items() if key[0] != "."}
        words = TRANSLATIONS[f"{what}s"]
        icons = load_json(INTEGRATION / "icons.json")[f"{what}s"]
        assert set(described) == set(words) == set(icons) == set(classes)
        for key, one in described.items():
            assert words[key]["name"]
            assert words[key]["description"]
            assert icons[key][what].startswith("mdi:")
            in_form = one.get("fields", {})
            assert set(in_form) == set(words[key].get("fields", {})), key
            for field in in_form.values():
                validate_selector(field["selector"])


def test_fields_have_selectors() -> None:
    """Each field's selector is one that Home Assistant knows, with words for options."""
    for service in SERVICES:
        for name, field in fields(service).items():
            validate_selector(field["selector"])
            select = field["selector"].get("select") or {}
            if select:
                words = TRANSLATIONS["selector"][select["translation_key"]]["options"]
                assert set(words) == set(select["options"]), (service, name)
            choose = field["selector"].get("choose") or {"choices": {}}
            if choices := choose["choices"]:
                words = TRANSLATIONS["selector"][choose["translation_key"]]["choices"]
                assert set(words) == set(choices), (service, name)
            for choice in choices.values():
                if parts := choice["selector"].get("object"):
                    words = TRANSLATIONS["selector"][parts["translation_key"]]["fields"]
                    assert set(words) == set(parts["fields"]), (service, name)


def test_fields_are_those_of_the_schema() -> None:
    """The UI offers every field that the action takes, with the same default."""
    target = {"entity_id", "device_id", "area_id", "floor_id", "label_id"}
    # What only automations from before have.
    other = target | {"path", "media_content_id"}
    for service in SERVICES:
        schema = schema_fields(ACTIONS[service].schema)
        assert set(fields(service)) - target == set(schema) - other, service
        for name, field in fields(service).items():
            # The form begins with a time range; an action without one is a mistake.
            if "default" in field and name != "window":
                given = vol.Schema({vol.Optional(name): schema[name][1]})
                value = given({name: field["default"]})[name]
                assert value == schema[name][0], (service, name)


def test_targets_are_those_that_are_demanded() -> None:
    """Developer tools perform no action with a target that is left out: it is a field."""
    for service in SERVICES:
        schema = ACTIONS[service].schema
        takes_cameras = "entity_id" in schema_fields(schema)
        is_demanded = takes_cameras and not (
            takes(schema, {}) or takes(schema, {"path": "a.mp4"})
        )
        assert ("target" in SERVICES[service]) == is_demanded, service
        is_shown = is_demanded or "entity_id" in fields(service)
        assert takes_cameras == is_shown, service


def takes(schema: Any, data: dict[str, Any]) -> bool:
    """Return whether an action takes data."""
    try:
        schema(data)
    except vol.Invalid:
        return False
    return True


def schema_fields(schema: Any) -> dict[str, tuple[Any, Any]]:
    """Return the default and the validator of each key of an action's schema."""
    while not isinstance(schema, dict):
        # What is asked of all fields together is wrapped around them.
        is_all = isinstance(schema, vol.All)
        schema = schema.validators[0] if is_all else schema.schema
    return {
        str(key): (key.default() if callable(key.default) else None, validator)
        for key, validator in schema.items()
        if isinstance(key, vol.Optional | vol.Required)
    }


# --- media folders


# Others may write to media folders: what these modules do there, they do in folders that
# are held open (`engine/folder.py`).
NEAR_MEDIA = [
    *(path for path in ENGINE if ENGINE_FOLDER / "sources" not in path.parents),
    *sorted((ENGINE_FOLDER / "sources" / "recordings").glob("*.py")),
    *(
        INTEGRATION / f"{name}.py"
        for name in ("automatic_saving", "camera", "image", "links")
    ),
    *sorted((INTEGRATION / "media_source").glob("*.py")),
]
# Methods of paths that no file nor folder that is held open has.
PATH_METHODS = {
    *("chmod", "glob", "hardlink_to", "iterdir", "lchmod", "mkdir", "read_bytes"),
    *("read_text", "rglob", "rmdir", "symlink_to", "touch", "walk", "write_bytes"),
    "write_text",
}
# Those that they share, for what is known to be a path.
SHARED_METHODS = {"open", "rename", "replace", "unlink"}
OS_CALLS = {
    *("chmod", "chown", "link", "listdir", "makedirs", "mkdir", "mkfifo", "open"),
    *("remove", "rename", "replace", "rmdir", "scandir", "symlink", "truncate"),
    *("unlink", "utime", "walk"),
}
# What is done otherwise: how often, and why it may be.
BY_PATH = {
    ("engine/library/files.py", "folder.iterdir"): (
        1,
        "lists a folder, and opens nothing",
    ),
    ("engine/media/container.py", "av.open"): (
        1,
        "is given the descriptor of an open file",
    ),
    ("engine/library/database.py", "self._beside(ending).rename"): (
        1,
        "the database's own",
    ),
    ("engine/media/remux.py", "av.open"): (1, "is given an open file to write to"),
    ("engine/library/retention.py", "os.scandir"): (
        1,
        "lists a media folder, and opens nothing",
    ),
    ("engine/library/retention.py", "shutil.disk_usage"): (1, "opens nothing"),
    ("engine/storage.py", "_MOUNTS.read_bytes"): (1, "lies in /proc"),
    ("engine/library/schema.py", "path.chmod"): (1, "the database's own"),
    ("engine/library/schema.py", "path.touch"): (1, "the database's own"),
}


def is_path(node: ast.expr, paths: set[str]) -> bool:
    """Return whether an expression is a path, by what a module says of its names."""
    match node:
        case ast.Name(id=name):
            return name in paths or name == "path" or name.endswith("_path")
        case ast.Attribute(attr="path" | "parent"):
            return True
        case ast.Call(func=ast.Name(id="Path")):
            return True
        case ast.Call(func=ast.Attribute(attr="with_suffix" | "with_name" | "_beside")):
            return True
        case ast.BinOp(left=left, op=ast.Div()):
            return is_path(left, paths)
    return False


def by_path(module: ast.Module) -> Iterator[str]:
    """Yield the calls of a module that open or change what a path leads to."""
    for statement in module.body:
        # Each function says of its own names what they are.
        for scope in (
            statement.body if isinstance(statement, ast.ClassDef) else [statement]
        ):
            yield from by_path_in(scope)


def by_path_in(scope: ast.stmt) -> Iterator[str]:
    """Yield those of one function."""
    paths = set[str]()
    for node in ast.walk(scope):
        match node:
            case ast.arg(arg=name, annotation=ast.Name(id="Path")):
                paths.add(name)
            case ast.AnnAssign(
                target=ast.Name(id=name), annotation=ast.Name(id="Path")
            ):
                paths.add(name)
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                if is_path(value, paths):
                    paths.add(name)
    for node in ast.walk(scope):
        match node:
            case ast.Call(func=ast.Name(id="open")):
                yield "open"
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="av" | "io" as room), attr="open")
            ):
                yield f"{room}.open"
            case ast.Attribute(value=ast.Name(id="shutil" | "tempfile" as room)):
                yield f"{room}.{node.attr}"
            case ast.Attribute(value=ast.Name(id="os"), attr=name) if name in OS_CALLS:
                yield f"os.{name}"
            case ast.Attribute(value=value, attr=name) if name in PATH_METHODS or (
                name in SHARED_METHODS and is_path(value, paths)
            ):
                if not (isinstance(value, ast.Name) and value.id in ("ast", "os")):
                    yield f"{ast.unparse(value)}.{name}"


def test_media_folders_are_held_open() -> None:
    """Nothing near them is opened, made, named or removed by its path, but for reasons."""
    found = Counter(
        (short(path), call)
        for path in NEAR_MEDIA
        if path.name != "folder.py"
        for call in by_path(tree(path))
    )
    assert found == {place: times for place, (times, _) in BY_PATH.items()}


def test_what_looks_for_paths_finds_them() -> None:
    """The check above would not pass with any of these."""
    for call in (
        "open('x')",
        "os.open(path, 0)",
        "run(os.unlink, path)",
        "shutil.rmtree(path)",
        "av.open(str(path))",
        "path.open('wb')",
        "path.unlink()",
        "blocking(clip.path.unlink)",
        "draft.rename(path)",
        "(root / name).replace(path)",
        "path.with_suffix('.json').rename(path)",
        "run(made.write_bytes, b'')",
        "folder.mkdir()",
    ):
        code = f"def do(path: Path, root: Path):\n    draft = path / 'x'\n    {call}"
        assert list(by_path(ast.parse(code))), call
    code = (
        "def do(file: File):\n    file.unlink()\n    file.rename(file)\n    file.open()"
    )
    assert not list(by_path(ast.parse(code)))
