"""Places for copies in Home Assistant, at stores that others wrote."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, patch

import pyrage
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import (
    ClientSessionGenerator,
    WebSocketGenerator,
)

from custom_components.clip_download import copies
from custom_components.clip_download.accounts import source
from custom_components.clip_download.const import DOMAIN
from custom_components.clip_download.engine.copies.copier import Copier
from custom_components.clip_download.engine.copies.store import QueueStatus
from custom_components.clip_download.engine.errors import ClipError
from custom_components.clip_download.engine.library.database import Library
from custom_components.clip_download.engine.library.queries import Filter
from custom_components.clip_download.engine.model import Clip
from custom_components.clip_download.engine.targets.base import BytesContent
from custom_components.clip_download.engine.targets.s3 import S3Target
from custom_components.clip_download.retention import CLIPS_SAVED
from custom_components.clip_download.runtime import async_shared
from homeassistant.components.media_source import async_browse_media
from homeassistant.config_entries import (
    SOURCE_IGNORE,
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlowResult,
)
from homeassistant.core import HomeAssistant, State, callback
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.requirements import RequirementsNotFound
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from .accounts import begin, set_up as set_up_account
from .clouds import Clouds
from .household import home
from .ports import free_port
from .stores import (
    BUCKET,
    PASSWORD,
    USER,
    Fault,
    Proxy,
    empty_bucket,
    fetched,
    on,
    wsgidav,
)
from .waits import LONGEST_S, until
from .words import error_of

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
KEY_ID = "AKIAIOSFODNN7EXAMPLE"

pytestmark = pytest.mark.usefixtures("checked_words")


@dataclass
class Remote:
    """A bucket of a store, and the proxy through which Home Assistant reaches it."""

    proxy: Proxy
    bucket: S3Target

    def typed(self, **changed: Any) -> dict[str, Any]:
        """Return what a person types into its form."""
        return {
            "bucket": BUCKET,
            "access_key_id": KEY_ID,
            "secret_access_key": SECRET,
            "endpoint_url": self.proxy.url,
            "prefix": self.bucket._prefix,
            "encrypt": False,
            **changed,
        }

    async def names(self) -> set[str]:
        """Return the names of all objects of all instances."""
        return {stored.name async for stored in self.bucket.list()}

    async def content(self, name: str) -> bytes:
        """Fetch an object."""
        return await fetched(self.bucket, name)


@pytest.fixture
async def remote(store: str, proxy: Proxy) -> AsyncIterator[Remote]:
    """Open a folder of the bucket that a test has for itself, past the proxy."""
    async with empty_bucket(store) as target:
        yield Remote(proxy, target)


async def answer(
    hass: HomeAssistant, form: Mapping[str, Any], given: dict[str, Any]
) -> ConfigFlowResult:
    """Fill a form in."""
    return await hass.config_entries.flow.async_configure(form["flow_id"], given)


async def set_up(
    hass: HomeAssistant, given: dict[str, Any], kind: str = "s3"
) -> ConfigEntry:
    """Set a place up through the menu and its form."""
    result = await answer(hass, await begin(hass, kind), given)
    assert result["type"] is FlowResultType.CREATE_ENTRY, result
    await hass.async_block_till_done()
    assert result["result"].state is ConfigEntryState.LOADED
    return result["result"]


@pytest.fixture
async def place(hass: HomeAssistant, entry: ConfigEntry, remote: Remote) -> ConfigEntry:
    """Set a bucket up beside an account of two cameras."""
    return await set_up(hass, remote.typed())


async def save(
    hass: HomeAssistant,
    clouds: Clouds,
    hours_ago: float = 1,
    name: str = "Front",
    *,
    label: str = "",
    kept: bool = False,
    **facts: Any,
) -> Path:
    """Save the clip of an event of three seconds; return its path. What copies never ends."""
    (camera,) = (one for one in clouds.ring.cameras if one.name == name)
    start = datetime.now(UTC) - timedelta(hours=hours_ago)
    event = clouds.ring.add_event(camera, start=start, duration_s=3, **facts)
    entity_id = f"camera.{name.lower()}"
    saved: dict[str, Any] | None = await hass.services.async_call(
        DOMAIN,
        "save_clip",
        {
            "entity_id": entity_id,
            "event": str(event.id),
            "label": label,
        },
        blocking=True,
        return_response=True,
    )
    assert saved is not None
    assert saved[entity_id]["status"] == "complete", saved
    path = Path(saved[entity_id]["path"])
    if kept:
        await keep(hass, path)
    return path


async def keep(hass: HomeAssistant, path: Path) -> None:
    """Mark a clip as kept."""
    await hass.services.async_call(
        DOMAIN, "keep_clip", {"clip": [str(path)]}, blocking=True
    )


async def status_of(entry: ConfigEntry) -> QueueStatus:
    """Look how far the copies are, as each minute."""
    await entry.runtime_data.coordinator.async_refresh()
    status: QueueStatus = entry.runtime_data.coordinator.data
    return status


async def until_status(
    entry: ConfigEntry, condition: Callable[[QueueStatus], object]
) -> QueueStatus:
    """Wait until the copies are as far as that."""
    async with asyncio.timeout(LONGEST_S):
        while not condition(status := await status_of(entry)):
            await asyncio.sleep(0.02)
    return status


async def copied(entry: ConfigEntry, count: int) -> None:
    """Wait until so many clips have a copy, and none waits."""
    await until_status(
        entry, lambda status: (status.copied, status.waiting) == (count, 0)
    )


async def looked(entry: ConfigEntry) -> None:
    """Wait until what copies has looked for what is to be done, and has done the first."""
    copier: Copier = entry.runtime_data.copier
    looks = 0

    def look() -> datetime:
        nonlocal looks
        looks += 1
        copier.wake()
        return dt_util.now()

    # Each look asks whether it is one of its hours.
    with patch.object(copier, "now", look):
        copier.wake()
        # One may have begun before, the next one sees all, and at the third it is done.
        await until(lambda: looks >= 3)


def state(hass: HomeAssistant, what: str) -> State:
    """Return the state of a sensor of the bucket."""
    found = hass.states.get(f"sensor.s3_{BUCKET}_{what}")
    assert found
    return found


async def restored(
    hass: HomeAssistant, entry: ConfigEntry, **data: Any
) -> dict[str, Any]:
    """Bring clips back; return what the action answers."""
    response: dict[str, Any] | None = await hass.services.async_call(
        DOMAIN,
        "restore_clips",
        {"config_entry_id": entry.entry_id, **data},
        blocking=True,
        return_response=True,
    )
    assert response is not None
    return response


async def change_options(
    hass: HomeAssistant, entry: ConfigEntry, **options: Any
) -> None:
    """Change options of a place in its form."""
    form = await hass.config_entries.options.async_init(entry.entry_id)
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, "copies")
    result = await hass.config_entries.options.async_configure(form["flow_id"], options)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED


def in_words(text: str) -> bool:
    """Return whether a text has nothing that opens a door, and says where none is."""
    return not any(one in text for one in (SECRET, KEY_ID, "127.0.0.1", "http"))


# --- set-up


async def test_copy(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    entry: ConfigEntry,
    remote: Remote,
) -> None:
    """What is saved before and after is copied, with all that belongs to it; sensors follow."""
    first = await save(hass, hass_clouds, 2)
    place = await set_up(hass, remote.typed())
    assert place.title == f"S3 {BUCKET}"
    await copied(place, 1)
    second = await save(hass, hass_clouds)
    # The sensors find out by themselves.
    await until(lambda: state(hass, "copied_clips").state == "2")
    assert state(hass, "clips_to_copy").state == "0"
    assert float(state(hass, "size_to_copy").state) == 0
    assert state(hass, "copying").state == "done"
    assert state(hass, "copying").attributes["reason"] is None
    instance = place.data["instance_id"]
    root = Path(hass.config.media_dirs["local"])
    expected = {
        f"{instance}/{path.relative_to(root).with_suffix(ending)}": path.with_suffix(
            ending
        )
        for path in (first, second)
        for ending in (".mp4", ".jpg", ".json")
    }
    assert await remote.names() == expected.keys()
    for name, path in expected.items():
        if path.suffix != ".json":
            assert await remote.content(name) == path.read_bytes()
        else:
            copy = json.loads(await remote.content(name))
            assert copy == json.loads(path.read_text())


@pytest.mark.parametrize(
    ("typed", "method", "code", "error", "right"),
    [
        ({"bucket": "nobodys"}, "", "", "target_no_store", ""),
        ({"endpoint_url": "nothing"}, "", "", "target_unreachable", ""),
        ({}, "PUT", "InvalidAccessKeyId", "target_sign_in", ""),
        ({}, "PUT", "SignatureDoesNotMatch", "target_sign_in", ""),
        ({}, "PUT", "AccessDenied", "target_no_right", "write"),
        ({}, "GET", "AccessDenied", "target_no_right", "list"),
        ({}, "DELETE", "AccessDenied", "target_no_right", "delete"),
    ],
)
async def test_wrong(
    *,
    hass: HomeAssistant,
    hass_clouds: Clouds,
    remote: Remote,
    typed: dict[str, str],
    method: str,
    code: str,
    error: str,
    right: str,
) -> None:
    """The form says what is wrong, and what right is missing; then it can be put right."""
    if "endpoint_url" in typed:
        typed = {"endpoint_url": f"http://127.0.0.1:{free_port()}"}
    if code:
        remote.proxy.always = on(method, Fault(status=403, code=code))
    form = await answer(hass, await begin(hass, "s3"), remote.typed(**typed))
    assert error_of(form) == error
    assert form["description_placeholders"]
    text = form["description_placeholders"]["error"]
    assert not right or f": {right}." in text
    assert in_words(text)
    remote.proxy.always = None
    result = await answer(hass, form, remote.typed())
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    # What may not be deleted stays there.
    assert len(await remote.names()) == (right == "delete")


@pytest.mark.parametrize(
    ("given", "errors"),
    [
        ({"endpoint_url": "s3.example.com"}, {"endpoint_url": "invalid_endpoint_url"}),
        (
            {"endpoint_url": "https://me:pass@s3.example.com"},
            {"endpoint_url": "invalid_endpoint_url"},
        ),
        ({"instance_id": "../other"}, {"instance_id": "no_copies"}),
        ({"instance_id": "0123456789abcdef"}, {"instance_id": "no_copies"}),
        ({"identity": "AGE-SECRET-KEY-1ABC"}, {"identity": "invalid_key"}),
    ],
)
async def test_invalid(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    remote: Remote,
    given: dict[str, str],
    errors: dict[str, str],
) -> None:
    """What cannot be right is shown at its field."""
    form = await answer(hass, await begin(hass, "s3"), remote.typed(**given))
    assert form["errors"] == errors


async def test_duplicate(
    hass: HomeAssistant, place: ConfigEntry, remote: Remote
) -> None:
    """No two entries copy to the same place."""
    result = await answer(hass, await begin(hass, "s3"), remote.typed())
    assert (result["type"], result["reason"]) == (
        FlowResultType.ABORT,
        "already_configured",
    )


async def test_webdav(
    hass: HomeAssistant, hass_clouds: Clouds, entry: ConfigEntry, tmp_path: Path
) -> None:
    """A WebDAV server takes copies as well; a wrong password is told."""
    (folder := tmp_path / "dav").mkdir()
    with wsgidav(folder) as url:
        given = {"url": url, "username": USER, "password": "wrong", "encrypt": False}
        form = await answer(hass, await begin(hass, "webdav"), given)
        assert error_of(form) == "target_sign_in"
        result = await answer(hass, form, {**given, "password": PASSWORD})
        await hass.async_block_till_done()
        place = result["result"]
        path = await save(hass, hass_clouds)
        await copied(place, 1)
        found = {one.suffix: one for one in folder.rglob("*") if one.is_file()}
        assert found.keys() == {".mp4", ".jpg", ".json"}
        assert found[".mp4"].read_bytes() == path.read_bytes()
        content = path.read_bytes()
        for ending in (".mp4", ".jpg", ".json"):
            path.with_suffix(ending).unlink()
        assert (await restored(hass, place))["count"] == 1
        assert path.read_bytes() == content
        assert await hass.config_entries.async_unload(place.entry_id)


# --- what goes wrong later


async def test_away(
    hass: HomeAssistant, hass_clouds: Clouds, place: ConfigEntry, remote: Remote
) -> None:
    """While the place is away, clips wait, and a sensor says why; then they are copied."""
    remote.proxy.always = lambda request: Fault(status=503, code="SlowDown")
    await save(hass, hass_clouds)
    status = await until_status(place, lambda status: status.error)
    assert (status.waiting, status.copied) == (1, 0)
    assert state(hass, "copying").state == "failing"
    assert state(hass, "clips_to_copy").state == "1"
    assert float(state(hass, "size_to_copy").state) > 0
    error = state(hass, "copying").attributes["reason"]
    assert len(error) > 20
    assert in_words(error)
    remote.proxy.always = None
    await copied(place, 1)
    assert state(hass, "copying").state == "done"
    assert state(hass, "copying").attributes["reason"] is None


async def test_behind(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    place: ConfigEntry,
    remote: Remote,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A repair tells of clips that wait for a day, and goes by itself."""
    issues = ir.async_get(hass)
    issue_id = copies.behind_id(place)
    remote.proxy.always = lambda request: Fault(status=503, code="SlowDown")
    await save(hass, hass_clouds)
    await until_status(place, lambda status: status.error)
    assert not issues.async_get_issue(DOMAIN, issue_id)
    now = dt_util.utcnow

    def later() -> datetime:
        return now() + timedelta(hours=25)

    monkeypatch.setattr(dt_util, "utcnow", later)
    async_fire_time_changed(hass, later())
    await until(lambda: issues.async_get_issue(DOMAIN, issue_id))
    issue = issues.async_get_issue(DOMAIN, issue_id)
    assert issue
    assert issue.translation_placeholders
    assert issue.translation_placeholders["count"] == "1"
    remote.proxy.always = None
    await copied(place, 1)
    assert not issues.async_get_issue(DOMAIN, issue_id)


async def test_behind_while_copying(
    hass: HomeAssistant, place: ConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large library takes days without a repair, but not weeks."""
    coordinator = place.runtime_data.coordinator
    now = dt_util.utcnow()
    for since, copied_at, is_behind in (
        (timedelta(hours=23), None, False),
        (timedelta(hours=25), None, True),
        (timedelta(days=3), timedelta(hours=1), False),
        (timedelta(days=3), timedelta(hours=25), True),
        (timedelta(days=8), timedelta(hours=1), True),
    ):
        coordinator.data = QueueStatus(
            waiting=1,
            waiting_since=now - since,
            copied_at=None if copied_at is None else now - copied_at,
        )
        assert coordinator.is_behind is is_behind


async def test_reauth(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    place: ConfigEntry,
    remote: Remote,
) -> None:
    """A key that is refused is asked for once; with another one, it goes on."""
    await save(hass, hass_clouds, 2)
    await copied(place, 1)
    remote.proxy.always = lambda request: Fault(status=403, code="InvalidAccessKeyId")
    await save(hass, hass_clouds)
    await until_status(place, lambda status: status.error)
    progress = hass.config_entries.flow.async_progress_by_handler
    await until(lambda: progress(DOMAIN))
    # It is not asked for again and again.
    await status_of(place)
    await hass.async_block_till_done()
    (flow,) = progress(DOMAIN)
    assert flow["context"]["source"] == SOURCE_REAUTH
    given = {"access_key_id": "AKIANEW", "secret_access_key": "new"}
    form = await answer(hass, flow, {**given})
    assert error_of(form) == "target_sign_in"
    assert form["data_schema"]
    assert [str(name) for name in form["data_schema"].schema] == list(given)
    remote.proxy.always = None
    result = await answer(hass, form, given)
    assert (result["type"], result["reason"]) == (
        FlowResultType.ABORT,
        "reauth_successful",
    )
    await hass.async_block_till_done()
    assert place.data["secret_access_key"] == "new"
    assert place.data["bucket"] == BUCKET
    await copied(place, 2)
    assert not progress(DOMAIN)


async def test_reconfigure(hass: HomeAssistant, place: ConfigEntry) -> None:
    """All but which place it is can be changed."""
    before = dict(place.data)
    form = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_RECONFIGURE, "entry_id": place.entry_id}
    )
    assert form["data_schema"]
    names = [str(name) for name in form["data_schema"].schema]
    assert names == ["access_key_id", "secret_access_key", "region", "verify_ssl"]
    given = {
        "access_key_id": "AKIANEW",
        "secret_access_key": "new",
        "region": "eu-west-1",
        "verify_ssl": False,
    }
    result = await answer(hass, form, given)
    assert result["type"] is FlowResultType.ABORT, result
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert place.state is ConfigEntryState.LOADED
    assert place.data == {**before, **given}


# --- options

KEEP_OPTIONS = {
    "kept_only": False,
    "most_mbit_s": 0,
    "keep_days": 0,
    "most_gb": 0,
    "delete_with_clip": False,
}


type Told = dict[str, Any]
# Options, what is saved of a clip that agrees to them, and of one that does not.
RULES: list[tuple[Told, Told, Told]] = [
    ({"labels": ["burglar", "fox"]}, {"label": "burglar"}, {"label": "cat"}),
    ({"kinds": ["ding"]}, {"kind": "ding"}, {}),
    ({"kinds": ["person", "animal"]}, {"saw": "human"}, {"saw": "vehicle"}),
    ({"kept_only": True}, {"kept": True}, {}),
    (
        {"labels": ["burglar"], "kept_only": True},
        {"label": "burglar", "kept": True},
        {"label": "burglar"},
    ),
]


@pytest.mark.parametrize("rule", RULES)
async def test_rules(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    place: ConfigEntry,
    remote: Remote,
    rule: tuple[Told, Told, Told],
) -> None:
    """Only what all options agree to is copied; without them, the rest is as well."""
    options, taken, other = rule
    await change_options(hass, place, **{**KEEP_OPTIONS, **options})
    paths = [
        await save(hass, hass_clouds, hours_ago, **told)
        for hours_ago, told in ((2, other), (1, taken))
    ]
    # What is kept now is looked at with the next one that is saved, or each minute.
    place.runtime_data.copier.wake()
    await copied(place, 1)
    assert {Path(name).stem for name in await remote.names()} == {paths[1].stem}
    await change_options(hass, place, **KEEP_OPTIONS)
    await copied(place, 2)
    assert {Path(name).stem for name in await remote.names()} == {
        path.stem for path in paths
    }


async def test_cameras(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    entry: ConfigEntry,
    place: ConfigEntry,
    remote: Remote,
) -> None:
    """Only clips of the chosen cameras are copied; one that is gone stays chosen."""
    form = await hass.config_entries.options.async_init(place.entry_id)
    assert form["data_schema"]
    offered = form["data_schema"].schema["cameras"].config["options"]
    labels = {one["label"]: one["value"] for one in offered}
    (yard,) = (value for label, value in labels.items() if label.startswith("Yard"))
    gone = f"{entry.entry_id}/gone"
    hass.config_entries.async_update_entry(place, options={"cameras": [gone]})
    await change_options(hass, place, **KEEP_OPTIONS, cameras=[yard, gone])
    await save(hass, hass_clouds, 2, "Front")
    await save(hass, hass_clouds, 1, "Yard")
    await copied(place, 1)
    assert all("yard" in name.lower() for name in await remote.names())
    await change_options(hass, place, **KEEP_OPTIONS)
    await copied(place, 2)


async def test_hours(
    hass: HomeAssistant, hass_clouds: Clouds, place: ConfigEntry
) -> None:
    """Nothing is copied outside of the hours."""
    now = dt_util.now()
    begin_at, end_at = now + timedelta(hours=2), now + timedelta(hours=3)
    hours = {"begin": f"{begin_at:%H:%M:%S}", "end": f"{end_at:%H:%M:%S}"}
    await change_options(hass, place, **KEEP_OPTIONS, **hours)
    await save(hass, hass_clouds)
    await until_status(place, lambda status: status.waiting)
    await looked(place)
    assert (await status_of(place)).waiting == 1
    assert state(hass, "copying").state == "copying"
    await change_options(hass, place, **KEEP_OPTIONS)
    await copied(place, 1)


async def test_speed(
    hass: HomeAssistant, hass_clouds: Clouds, place: ConfigEntry, remote: Remote
) -> None:
    """The line carries no more than it may."""
    mbit_s = 0.5
    await change_options(hass, place, **{**KEEP_OPTIONS, "most_mbit_s": mbit_s})
    begun_s = hass.loop.time()
    path = await save(hass, hass_clouds)
    await copied(place, 1)
    # The first piece is sent at once.
    least_s = (path.stat().st_size - 2**14) / (mbit_s * copies.BYTES_PER_MBIT)
    assert hass.loop.time() - begun_s > least_s > 0


async def test_retention(
    hass: HomeAssistant, hass_clouds: Clouds, place: ConfigEntry, remote: Remote
) -> None:
    """The oldest copies go where they take more room than they may; the clips stay."""
    old, new = await save(hass, hass_clouds, 2), await save(hass, hass_clouds, 1)
    await copied(place, 2)
    most_gb = (old.stat().st_size + new.stat().st_size - 1) / 1e9
    await change_options(hass, place, **{**KEEP_OPTIONS, "most_gb": most_gb})
    await copied(place, 1)
    assert {Path(name).stem for name in await remote.names()} == {new.stem}
    assert old.exists()


async def test_age(
    hass: HomeAssistant, hass_clouds: Clouds, place: ConfigEntry, remote: Remote
) -> None:
    """Copies that are too old go, but for those of kept clips; what is kept then returns."""
    old = await save(hass, hass_clouds, 2)
    kept = await save(hass, hass_clouds, 1, kept=True)
    await copied(place, 2)
    keep_s = 0.1
    await asyncio.sleep(keep_s)
    options = {**KEEP_OPTIONS, "keep_days": keep_s / 86400}
    await change_options(hass, place, **options)
    await copied(place, 1)
    assert {Path(name).stem for name in await remote.names()} == {kept.stem}
    assert old.exists()
    await keep(hass, old)
    place.runtime_data.copier.wake()
    await copied(place, 2)


async def test_delete_with_clip(
    hass: HomeAssistant, hass_clouds: Clouds, place: ConfigEntry, remote: Remote
) -> None:
    """A clip that is deleted at home keeps its copy, unless asked otherwise."""
    first, second = await save(hass, hass_clouds, 2), await save(hass, hass_clouds, 1)
    await copied(place, 2)
    delete = {"clip": [str(first)]}
    await hass.services.async_call(DOMAIN, "delete_clips", delete, blocking=True)
    await looked(place)
    assert len(await remote.names()) == 6
    await change_options(hass, place, **{**KEEP_OPTIONS, "delete_with_clip": True})
    delete = {"clip": [str(second)]}
    await hass.services.async_call(DOMAIN, "delete_clips", delete, blocking=True)
    place.runtime_data.copier.wake()
    await copied(place, 1)
    assert {Path(name).stem for name in await remote.names()} == {first.stem}


# --- the way back


@pytest.mark.parametrize("encrypt", [False, True])
async def test_restore(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    entry: ConfigEntry,
    remote: Remote,
    encrypt: bool,
) -> None:
    """What was deleted or damaged at home comes back byte for byte."""
    form = await begin(hass, "s3")
    result = await answer(hass, form, remote.typed(encrypt=encrypt))
    await hass.async_block_till_done()
    place = result["result"]
    shown = dict(result["description_placeholders"] or {})
    paths = [await save(hass, hass_clouds, hours) for hours in (3, 2, 1)]
    await copied(place, 3)
    files = [path.with_suffix(one) for path in paths for one in (".mp4", ".jpg")]
    contents = {path: path.read_bytes() for path in files}
    if encrypt:
        assert result["description"] == "copies_encrypted"
        names = await remote.names()
        assert not any("front" in name.lower() for name in names)
        identity = pyrage.x25519.Identity.from_str(shown["key"])
        for name in names:
            content = await remote.content(name)
            assert content.startswith(b"age-encryption.org/v1\n")
            clear = pyrage.decrypt(content, [identity])
            if ".mp4" in name:
                assert clear in contents.values()
    else:
        assert (result["description"], shown) == ("copies", {})
    for path in (*files[:2], paths[0].with_suffix(".json")):
        path.unlink()
    paths[1].write_bytes(b"x" * 100)
    told = await restored(hass, place)
    assert (told["count"], told["present"], told["failed"]) == (2, 1, [])
    assert files[0].read_bytes() == contents[files[0]]
    assert files[1].read_bytes() == contents[files[1]]
    # What is damaged stays beside it, as nothing is written over.
    (beside,) = set(map(Path, told["restored"])) - {files[0]}
    assert beside.read_bytes() == contents[paths[1]]
    library = (await async_shared(hass)).library
    clips = {clip.path for clip in await library.clips("")}
    assert clips == {paths[0], beside, paths[2]}


async def test_another_home(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    place: ConfigEntry,
    remote: Remote,
    tmp_path: Path,
) -> None:
    """A second Home Assistant has a folder of its own, or goes on with another's copies."""
    path = await save(hass, hass_clouds)
    await copied(place, 1)
    content, before = path.read_bytes(), await remote.names()
    (folder := tmp_path / "second").mkdir()
    async with home(folder, hass_clouds) as second:
        own = await set_up(second, remote.typed())
        assert own.data["instance_id"] != place.data["instance_id"]
        assert (await restored(second, own))["count"] == 0
        assert await second.config_entries.async_remove(own.entry_id)
        other = {"instance_id": place.data["instance_id"]}
        again = await set_up(second, remote.typed(**other))
        told = await restored(second, again)
        assert told["count"] == 1
        (there_now,) = map(Path, told["restored"])
        assert there_now.is_relative_to(folder)
        assert there_now.read_bytes() == content
        again.runtime_data.copier.wake()
        await copied(again, 1)
        assert await remote.names() == before


async def test_listed_and_fetched_when_played(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    place: ConfigEntry,
    remote: Remote,
    tmp_path: Path,
) -> None:
    """A new Home Assistant lists what was copied, and fetches a clip when it is played."""
    paths = [await save(hass, hass_clouds, hours) for hours in (3, 2)]
    await copied(place, 2)
    contents = [path.read_bytes() for path in paths]
    pictures = [path.with_suffix(".jpg").read_bytes() for path in paths]
    clips = await (await async_shared(hass)).library.clips("ORDER BY start_ms")
    ids = [clip.id for clip in clips]
    (folder := tmp_path / "second").mkdir()
    async with home(folder, hass_clouds) as second:
        # Nothing is away where there is no place for copies.
        assert await copies.async_away(second) is None
        with pytest.raises(ClipError, match="copy_not_found"):
            await copies.async_fetch_clip(second, ids[0])
        again = await set_up(
            second, remote.typed(instance_id=place.data["instance_id"])
        )
        told = await restored(second, again, footage=False)
        assert (told["count"], told["present"], told["failed"]) == (2, 0, [])
        assert not list(folder.rglob("*.mp4"))
        away = await copies.async_away(second)
        assert away
        assert [one.id for one in await away.newest_first(Filter(), most=9)] == ids[
            ::-1
        ]
        assert await copies.async_copied_picture(second, ids[0]) == pictures[0]
        assert await copies.async_copied_picture(second, "x") is None
        came: list[Clip] = []

        @callback
        def note(clips: tuple[Clip, ...]) -> None:
            came.extend(clips)

        async_dispatcher_connect(second, CLIPS_SAVED, note)
        remote.proxy.seen.clear()
        both = await asyncio.gather(
            *(copies.async_fetch_clip(second, ids[0]) for _ in range(2))
        )
        assert both[0] == both[1]
        assert both[0].path.read_bytes() == contents[0]
        assert both[0].path.is_relative_to(folder)
        assert len(remote.proxy.sent("GET", r"\.mp4")) == 1
        assert came == [both[0]]
        assert await away.clip(ids[0]) is None
        assert await copies.async_fetch_clip(second, ids[0]) == both[0]
        assert came == [both[0]]
        remote.proxy.always = lambda request: Fault(status=503, code="SlowDown")
        with pytest.raises(ClipError) as caught:
            await copies.async_fetch_clip(second, ids[1])
        assert caught.value.key in ("target_unreachable", "target_failed")
        assert await copies.async_copied_picture(second, ids[1]) is None
        remote.proxy.always = None
        (name,) = (
            one for one in await remote.names() if one.endswith(f"{paths[1].stem}.mp4")
        )
        await remote.bucket.delete(name)
        with pytest.raises(ClipError, match="copy_not_found"):
            await copies.async_fetch_clip(second, ids[1])
        await remote.bucket.put(name, BytesContent(contents[1]))
        await remote.bucket.delete(f"{name.removesuffix('.mp4')}.jpg")
        assert await copies.async_copied_picture(second, ids[1]) is None
        assert (await copies.async_fetch_clip(second, ids[1])).id == ids[1]


async def test_verify(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    place: ConfigEntry,
    remote: Remote,
) -> None:
    """Copies are compared when asked for; what is not right is copied again."""

    async def verified(**data: Any) -> dict[str, Any]:
        told: dict[str, Any] | None = await hass.services.async_call(
            DOMAIN, "verify_clips", data, blocking=True, return_response=True
        )
        assert told
        assert told["ok"] == 2
        return told

    gone, kept = await save(hass, hass_clouds, 2), await save(hass, hass_clouds, 1)
    await copied(place, 2)
    (name,) = (one for one in await remote.names() if one.endswith(f"{gone.stem}.mp4"))
    await remote.bucket.delete(name)
    assert (await verified())["copies"] == []
    (told,) = (await verified(copies=True))["copies"]
    assert (told["title"], told["ok"], told["unknown"]) == (place.title, 1, 0)
    assert [one["path"] for one in told["missing"]] == [str(gone)]
    assert told["different"] == []
    await copied(place, 2)
    assert await remote.content(name) == gone.read_bytes()
    (told,) = (await verified(copies=True))["copies"]
    assert (told["ok"], told["missing"]) == (2, [])
    assert kept.exists()
    remote.proxy.always = lambda request: Fault(status=503, code="SlowDown")
    (told,) = (await verified(copies=True))["copies"]
    assert in_words(told["message"])


async def test_restore_without_answer(
    hass: HomeAssistant, hass_clouds: Clouds, place: ConfigEntry, remote: Remote
) -> None:
    """Who wants no answer hears of what could not be brought back."""
    path = await save(hass, hass_clouds)
    await copied(place, 1)
    content = path.read_bytes()
    path.unlink()
    (name,) = (one for one in await remote.names() if one.endswith(".mp4"))
    restore = {"config_entry_id": place.entry_id}
    await remote.bucket.put(name, BytesContent(b"x" * len(content)))
    with pytest.raises(HomeAssistantError) as caught:
        await hass.services.async_call(DOMAIN, "restore_clips", restore, blocking=True)
    assert caught.value.translation_key == "copy_damaged"
    assert not path.exists()
    await remote.bucket.put(name, BytesContent(content))
    await hass.services.async_call(DOMAIN, "restore_clips", restore, blocking=True)
    assert path.read_bytes() == content


async def test_no_package(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    remote: Remote,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A package that cannot be installed is named, in the form and in the log."""
    failed = RequirementsNotFound(DOMAIN, ["aiobotocore==0"])
    with monkeypatch.context() as patched:
        patched.setattr(hass.config, "skip_pip", False)
        patched.setattr(
            source, "async_process_requirements", AsyncMock(side_effect=failed)
        )
        form = await answer(hass, await begin(hass, "s3"), remote.typed())
        assert error_of(form) == "package_missing"
    result = await answer(hass, form, remote.typed())
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_restore_refused(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    entry: ConfigEntry,
    place: ConfigEntry,
    remote: Remote,
) -> None:
    """An account is no place for copies; a place that is away says so."""
    with pytest.raises(HomeAssistantError) as caught:
        await restored(hass, entry)
    assert caught.value.translation_key == "copies_not_loaded"
    remote.proxy.always = lambda request: Fault(status=503, code="SlowDown")
    with pytest.raises(HomeAssistantError) as caught:
        await restored(hass, place)
    assert caught.value.translation_key in ("target_unreachable", "target_failed")
    assert in_words(str(caught.value))


# --- its life beside accounts


async def test_unload_and_remove(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    place: ConfigEntry,
    remote: Remote,
) -> None:
    """What is saved while it is unloaded is copied later; without it, nothing is noted."""
    entries = hass.config_entries
    assert await entries.async_unload(place.entry_id)
    await save(hass, hass_clouds, 2)
    asked = len(remote.proxy.seen)
    assert await remote.names() == set()
    assert await entries.async_setup(place.entry_id)
    await copied(place, 1)
    assert len(remote.proxy.seen) > asked
    await entries.async_reload(place.entry_id)
    await copied(place, 1)
    await entries.async_remove(place.entry_id)
    await hass.async_block_till_done()
    # The copies stay.
    assert len(await remote.names()) == 3
    library: Library = (await async_shared(hass)).library
    rows = await library.change(
        lambda database: (
            database.execute("SELECT * FROM copies").fetchall()
            + database.execute("SELECT * FROM copy_targets").fetchall()
        )
    )
    assert rows == []
    assert not dr.async_entries_for_config_entry(dr.async_get(hass), place.entry_id)
    # It goes on with what is there.
    again = await set_up(hass, remote.typed())
    assert again.data["instance_id"] == place.data["instance_id"]
    stored = len(remote.proxy.sent("PUT", r"\.mp4"))
    await copied(again, 1)
    assert len(remote.proxy.sent("PUT", r"\.mp4")) == stored


async def test_stop(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    place: ConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Connections end with Home Assistant."""
    closed: list[S3Target] = []
    aclose = S3Target.aclose

    async def close(self: S3Target) -> None:
        closed.append(self)
        await aclose(self)

    await save(hass, hass_clouds)
    await copied(place, 1)
    monkeypatch.setattr(S3Target, "aclose", close)
    await hass.async_stop(force=True)
    assert closed == [place.runtime_data.place.target]
    assert place.runtime_data.task
    assert place.runtime_data.task.done()


async def test_diagnostics(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    hass_client: ClientSessionGenerator,
    entry: ConfigEntry,
    remote: Remote,
) -> None:
    """They say how far the copies are, and hold no secret."""
    place = await set_up(hass, remote.typed(encrypt=True))
    await save(hass, hass_clouds)
    await copied(place, 1)
    told = await get_diagnostics_for_config_entry(hass, hass_client, place)
    text = json.dumps(told)
    assert in_words(text)
    for name in ("identity", "instance_id", "access_key_id", "secret_access_key"):
        assert place.data[name] not in text
    assert place.unique_id
    assert place.unique_id not in text
    assert told["is_encrypted"] is True
    assert told["data"]["kind"] == "s3"
    assert told["status"]["copied"] == 1


@pytest.mark.parametrize("with_account", [False, True])
@pytest.mark.usefixtures("media_dir")
async def test_all_else(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    hass_ws_client: WebSocketGenerator,
    remote: Remote,
    with_account: bool,
) -> None:
    """What is about accounts does not take a place for one."""
    assert await async_setup_component(hass, "media_source", {})
    assert await async_setup_component(hass, "config", {})
    account = None
    if with_account:
        hass_clouds.ring.add_camera("Front")
        account = await set_up_account(hass, hass_clouds, "ring")
    place = await set_up(hass, remote.typed())
    # What is offered and not wanted is an entry without data.
    ignored = MockConfigEntry(domain=DOMAIN, source=SOURCE_IGNORE, unique_id="x")
    ignored.add_to_hass(hass)
    client = await hass_ws_client(hass)

    async def ask(command: str, **more: Any) -> dict[str, Any]:
        await client.send_json_auto_id({"type": f"{DOMAIN}/{command}", **more})
        while (told := await client.receive_json())["type"] == "event":
            pass
        assert told["success"], (command, told)
        result: dict[str, Any] = told["result"]
        return result

    cameras = (await ask("cameras"))["cameras"]
    assert [one["name"] for one in cameras] == (["Front"] if with_account else [])
    await ask("jobs/subscribe")
    await ask("clips/list")
    await client.send_json_auto_id({"type": "config_entries/get", "domain": DOMAIN})
    while (told := await client.receive_json())["type"] == "event":
        pass
    assert {one["entry_id"] for one in told["result"]} == {
        one.entry_id for one in (account, place, ignored) if one
    }
    root = await async_browse_media(hass, f"media-source://{DOMAIN}")
    assert root.children is not None
    for child in root.children:
        await async_browse_media(hass, child.media_content_id)
    for action in ("next_pruning", "verify_clips", "rebuild_library"):
        told = await hass.services.async_call(
            DOMAIN, action, {}, blocking=True, return_response=True
        )
        assert told is not None
    if account:
        await save(hass, hass_clouds)
        await copied(place, 1)
        # Its limits are not those of the library at home.
        await change_options(hass, place, **{**KEEP_OPTIONS, "keep_days": 1})
        shared = await async_shared(hass)
        assert await shared.retention.limits() == {}
        assert await hass.config_entries.async_unload(account.entry_id)
    assert await hass.config_entries.async_unload(place.entry_id)
