"""A folder of recordings in Home Assistant: set up, saved from, browsed, told of."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
import os
from pathlib import Path
import shutil
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import (
    ClientSessionGenerator,
    WebSocketGenerator,
)

from custom_components.clip_download.const import DOMAIN
from custom_components.clip_download.engine.sources.recordings import catalog, client
from custom_components.clip_download.media_source import cloud
from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlowResult,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.setup import async_setup_component

from .accounts import begin, finish, look
from .clouds.footage import Span, first_and_last, moments
from .clouds.recordings import Upload, film, set_age
from .words import error_of

# Whose clock is never set: an hour that comes twice has tests of its own.
KOLKATA = ZoneInfo("Asia/Kolkata")
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
async def kolkata(hass: HomeAssistant, checked_words: None) -> None:
    """Let Home Assistant stand in Kolkata, and its flows have words."""
    await hass.config.async_set_time_zone("Asia/Kolkata")


@pytest.fixture
def upload(media_dir: Path) -> Upload:
    """Return what uploads to a folder in the media folder."""
    return Upload(media_dir / "cameras", KOLKATA)


@pytest.fixture
def noon() -> datetime:
    """Return when it was noon yesterday."""
    today = datetime.now(KOLKATA).replace(hour=12, minute=0, second=0, microsecond=0)
    return (today - timedelta(days=1)).astimezone(UTC)


async def answer(
    hass: HomeAssistant, form: ConfigFlowResult, **given: str
) -> ConfigFlowResult:
    """Submit a form."""
    return await hass.config_entries.flow.async_configure(form["flow_id"], given)


async def set_up(hass: HomeAssistant, folder: Path, **more: str) -> ConfigEntry:
    """Set an account up by its form."""
    form = await begin(hass, "recordings")
    result = await finish(hass, await answer(hass, form, folder=str(folder), **more))
    assert result["type"] is FlowResultType.CREATE_ENTRY, result
    await hass.async_block_till_done(wait_background_tasks=True)
    return result["result"]


async def call(hass: HomeAssistant, action: str, **data: Any) -> dict[str, Any]:
    """Call an action of ours; return its response."""
    response = await hass.services.async_call(
        DOMAIN, action, data, blocking=True, return_response=True
    )
    assert response is not None
    return response


async def save(
    hass: HomeAssistant, entity_id: str, start: datetime, end: datetime
) -> dict[str, Any]:
    """Save a window; return what is answered for the camera."""
    response = await call(
        hass,
        "save_clip",
        entity_id=entity_id,
        start=start.isoformat(),
        end=end.isoformat(),
    )
    one: dict[str, Any] = response[entity_id]
    return one


# --- setting up


async def test_set_up(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    upload: Upload,
    noon: datetime,
) -> None:
    """Each folder is a camera; nothing is told of where they are."""
    upload.add("Front door", noon, MINUTE)
    upload.add("Garden", noon, MINUTE, name="%Y/%m/%d/%H-%M-%S")
    (upload.folder / "@eaDir").mkdir()
    entry = await set_up(hass, upload.folder)
    assert entry.state is ConfigEntryState.LOADED
    assert entry.title == "Folder cameras"
    assert entry.unique_id == f"recordings_{entry.data['account_id']}"
    assert {**entry.data} == {
        "kind": "recordings",
        "folder": str(upload.folder),
        "account_id": entry.data["account_id"],
    }
    assert sorted(hass.states.async_entity_ids("camera")) == [
        "camera.front_door",
        "camera.garden",
    ]
    report = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert str(upload.folder) not in str(report)

    (upload.folder / "Attic").mkdir()
    await entry.runtime_data.coordinator.async_refresh()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert hass.states.get("camera.attic")


async def test_one_camera(hass: HomeAssistant, upload: Upload, noon: datetime) -> None:
    """A folder in which recordings or days lie is a camera itself."""
    upload.add("", noon, MINUTE, name="%Y%m%d/%H/%H.%M.%S-%H.%M.59[M][0@0][0]")
    await set_up(hass, upload.folder)
    assert hass.states.async_entity_ids("camera") == ["camera.cameras"]
    saved = await save(hass, "camera.cameras", noon, noon + 10 * SECOND)
    assert saved["status"] == "complete"


async def test_of_no_use(
    hass: HomeAssistant, upload: Upload, media_dir: Path, tmp_path: Path
) -> None:
    """What cannot be read, or must not, is refused with words that say what to do."""
    form = await begin(hass, "recordings")
    form = await answer(hass, form, folder="cameras")
    assert form["errors"] == {"folder": "invalid_folder"}
    form = await answer(hass, form, folder=str(upload.folder), pattern="%H-%M")
    assert form["errors"] == {"pattern": "invalid_pattern"}

    outside = tmp_path / "outside"
    outside.mkdir()
    form = await answer(hass, form, folder=str(outside))
    assert error_of(form) == "folder_not_allowed"
    (media_dir / "link").symlink_to(outside)
    form = await answer(hass, form, folder=str(media_dir / "link"))
    assert error_of(form) == "folder_not_allowed"
    form = await answer(hass, form, folder=str(media_dir / "cameras" / ".." / ".."))
    assert error_of(form) == "folder_not_allowed"

    for clips in ("", "clip_download", "clip_download/Front"):
        form = await answer(hass, form, folder=str(media_dir / clips))
        assert error_of(form) == "folder_of_clips", clips

    form = await answer(hass, form, folder=str(media_dir / "nothing"))
    assert error_of(form) == "folder_unreadable"
    form = await answer(hass, form, folder=str(upload.folder))
    assert error_of(form) == "folder_empty"

    (upload.folder / "Front").mkdir()
    for name in ("door.mp4", "2026-13-45_00-00-00.mp4", "b\udcff\n.mp4"):
        (upload.folder / "Front" / name).touch()
    form = await answer(hass, form, folder=str(upload.folder))
    assert error_of(form) == "names_without_time"
    assert form["description_placeholders"] is not None
    shown = form["description_placeholders"]["error"]
    assert "door.mp4" in shown
    assert "\n" not in shown

    (outside / "Front").mkdir()
    hass.config.allowlist_external_dirs = {str(outside)}
    result = await finish(hass, await answer(hass, form, folder=str(outside)))
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_pattern(hass: HomeAssistant, upload: Upload, noon: datetime) -> None:
    """Names of any other form are read as a person says."""
    upload.add("Front", noon, MINUTE, name="%d.%m.%Y/clip %Hh%Mm no 7")
    entry = await set_up(hass, upload.folder, pattern="%d.%m.%Y/clip %Hh%Mm*")
    assert entry.data["pattern"] == "%d.%m.%Y/clip %Hh%Mm*"
    saved = await save(hass, "camera.front", noon, noon + 20 * SECOND)
    assert saved["status"] == "complete"


async def test_twice(hass: HomeAssistant, upload: Upload, media_dir: Path) -> None:
    """A folder is of one account, by whatever path it is given."""
    (upload.folder / "Front").mkdir()
    await set_up(hass, upload.folder)
    (media_dir / "again").symlink_to(upload.folder)
    form = await begin(hass, "recordings")
    form = await answer(hass, form, folder=str(media_dir / "again"))
    assert error_of(form) == "folder_taken"


async def test_moved(
    hass: HomeAssistant, upload: Upload, media_dir: Path, noon: datetime
) -> None:
    """Where the folder is moved, its cameras go on from there."""
    upload.add("Front", noon, MINUTE)
    entry = await set_up(hass, upload.folder)
    moved = media_dir / "moved"
    upload.folder.rename(moved)
    await entry.runtime_data.coordinator.async_refresh()
    assert not entry.runtime_data.coordinator.last_update_success

    form = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_RECONFIGURE, "entry_id": entry.entry_id}
    )
    result = await answer(hass, form, folder=str(moved))
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert hass.states.async_entity_ids("camera") == ["camera.front"]
    saved = await save(hass, "camera.front", noon, noon + 10 * SECOND)
    assert saved["status"] == "complete"


async def test_gone_at_the_start(hass: HomeAssistant, upload: Upload) -> None:
    """Without its folder an account is tried again, and says what is wrong."""
    (upload.folder / "Front").mkdir()
    entry = await set_up(hass, upload.folder)
    shutil.rmtree(upload.folder)
    assert not await hass.config_entries.async_reload(entry.entry_id)
    assert entry.error_reason_translation_key == "folder_unreadable"
    assert entry.reason is not None
    assert str(upload.folder) in entry.reason
    # The share may not be mounted there yet.
    upload.folder.mkdir()
    assert not await hass.config_entries.async_reload(entry.entry_id)
    assert entry.error_reason_translation_key == "folder_empty"
    (upload.folder / "Front").mkdir()
    assert await hass.config_entries.async_reload(entry.entry_id)


async def test_clips_go_there_later(hass: HomeAssistant, upload: Upload) -> None:
    """An account whose clips would become its recordings is not loaded."""
    (upload.folder / "Front").mkdir()
    entry = await set_up(hass, upload.folder)
    options = {"filename": "cameras/{{ camera }}/{{ start }}"}
    hass.config_entries.async_update_entry(entry, options=options)
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert entry.error_reason_translation_key == "folder_of_clips"


async def test_options(hass: HomeAssistant, upload: Upload) -> None:
    """Of what a camera may see, its only kind of event is offered and the default."""
    (upload.folder / "Front").mkdir()
    entry = await set_up(hass, upload.folder)
    options = hass.config_entries.options
    form = await options.async_init(entry.entry_id)
    assert form["data_schema"] is not None
    given = form["data_schema"](
        {"saving": {}, "keeping": {}, "keeping_all": {}, "advanced": {}}
    )
    assert given["saving"]["kinds"] == ["motion"]
    assert "before" not in given["saving"]
    result = await options.async_configure(form["flow_id"], given)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.options["kinds"] == ["motion"]


# --- saving


async def test_across_two_files(
    hass: HomeAssistant, upload: Upload, media_dir: Path, noon: datetime
) -> None:
    """A window that begins in one file and ends in another is one clip, frame by frame."""
    files = [upload.add("Front", noon + n * MINUTE, MINUTE) for n in range(3)]
    before = {one: (one.stat().st_mtime_ns, one.read_bytes()) for one in files}
    await set_up(hass, upload.folder)
    start, end = noon + 40 * SECOND, noon + 80 * SECOND
    saved = await save(hass, "camera.front", start, end)
    assert (saved["status"], saved["gaps"]) == ("complete", [])
    shown = moments(Path(saved["path"]), of=film("Front"))
    step = SECOND / 10
    assert shown == [start + n * step for n in range(400)]
    assert saved["events"] == [one.name for one in files[:2]]
    # Nothing is changed, and nothing is left there.
    assert {one: (one.stat().st_mtime_ns, one.read_bytes()) for one in files} == before
    assert sorted((upload.folder / "Front").iterdir()) == files


async def test_transport_streams(
    hass: HomeAssistant, upload: Upload, noon: datetime
) -> None:
    """MPEG-TS is as good; its length is known once it is read."""
    for n in range(2):
        upload.add("Front", noon + n * MINUTE, MINUTE, container="mpegts")
    await set_up(hass, upload.folder)
    start, end = noon + 50 * SECOND, noon + 70 * SECOND
    saved = await save(hass, "camera.front", start, end)
    assert saved["status"] == "complete"
    span = first_and_last(Path(saved["path"]), of=film("Front"))
    assert span == Span(start, end - SECOND / 10)


async def test_gap(hass: HomeAssistant, upload: Upload, noon: datetime) -> None:
    """Where no file is, there is a gap."""
    upload.add("Front", noon, 20 * SECOND)
    upload.add("Front", noon + 40 * SECOND, 20 * SECOND)
    await set_up(hass, upload.folder)
    saved = await save(hass, "camera.front", noon + 10 * SECOND, noon + MINUTE)
    assert saved["status"] == "partial"
    (gap,) = saved["gaps"]
    assert datetime.fromisoformat(gap["start"]) == noon + 20 * SECOND
    assert datetime.fromisoformat(gap["end"]) == noon + 40 * SECOND
    nothing = await save(hass, "camera.front", noon - MINUTE, noon - SECOND)
    assert (nothing["status"], nothing["error"]["key"]) == ("failed", "no_footage")


async def test_upload_under_way(
    hass: HomeAssistant,
    upload: Upload,
    noon: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A file that is still written is waited for, until it is whole."""
    monkeypatch.setattr(client, "AGAIN_S", 0.01)
    # However slow this machine is.
    monkeypatch.setattr(catalog, "_WRITTEN_WITHIN_S", 1800)
    monkeypatch.setattr(catalog, "_STALLED_AFTER_S", 2 * 3600)
    path = upload.add("Front", noon, 20 * SECOND)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    set_age(path, 60 * MINUTE)
    await set_up(hass, upload.folder)

    def finish() -> None:
        path.write_bytes(whole)
        set_age(path, timedelta(0))

    steps: list[Callable[[], object]] = [
        lambda: None,
        # Whole, but only just.
        finish,
        lambda: None,
        lambda: set_age(path, 60 * MINUTE),
    ]
    look_into: Callable[..., Any] = catalog.Catalog.find

    def find(self: catalog.Catalog, *args: Any) -> Any:
        found = look_into(self, *args)
        if steps:
            steps.pop(0)()
        return found

    monkeypatch.setattr(catalog.Catalog, "find", find)
    saved = await save(hass, "camera.front", noon, noon + 20 * SECOND)
    assert saved["status"] == "complete"
    assert not steps
    assert len(moments(Path(saved["path"]), of=film("Front"))) == 200


async def test_upload_broken_off(
    hass: HomeAssistant, upload: Upload, noon: datetime
) -> None:
    """What was never uploaded as a whole is told as damaged, and no clip."""
    path = upload.add("Front", noon, 20 * SECOND)
    path.write_bytes(path.read_bytes()[:-100])
    set_age(path, 20 * MINUTE)
    await set_up(hass, upload.folder)
    saved = await save(hass, "camera.front", noon, noon + 10 * SECOND)
    assert (saved["status"], saved["error"]["key"]) == ("failed", "body_truncated")


# --- what cameras saw


async def test_events(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    upload: Upload,
    noon: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each recording is listed, browsed and saved as what the camera saw."""
    files = [upload.add("Front", noon + n * MINUTE, 20 * SECOND) for n in range(3)]
    await set_up(hass, upload.folder)
    listed = await call(
        hass,
        "list_events",
        entity_id="camera.front",
        start=noon.isoformat(),
        end=(noon + 2 * MINUTE).isoformat(),
    )
    events = listed["camera.front"]["events"]
    assert [one["id"] for one in events] == [one.name for one in files[:2]]
    assert {one["kind"] for one in events} == {"motion"}

    monkeypatch.setattr(cloud, "LISTING_TIMEOUT_S", 600)
    assert await async_setup_component(hass, "media_source", {})
    socket = await hass_ws_client()
    media_id = f"media-source://{DOMAIN}/cloud"
    day = f"{noon.astimezone(KOLKATA):%F}"
    nodes: list[dict[str, Any]] = []
    for _ in range(2):
        await socket.send_json_auto_id(
            {"type": "media_source/browse_media", "media_content_id": media_id}
        )
        reply = await socket.receive_json()
        assert reply["success"], reply
        nodes = reply["result"]["children"]
        today = [one for one in nodes if one["title"] == f"{day} (3)"]
        media_id = (today or nodes)[0]["media_content_id"]
    assert len(nodes) == 3
    await socket.send_json_auto_id(
        {"type": "media_source/resolve_media", "media_content_id": media_id}
    )
    reply = await socket.receive_json()
    assert reply["success"], reply
    assert "/clip_download/Front/" in reply["result"]["url"]

    response = await call(
        hass,
        "save_events",
        entity_id="camera.front",
        start=noon.isoformat(),
        end=(noon + 3 * MINUTE).isoformat(),
    )
    # The last one was played.
    outcomes = {name: len(one) for name, one in response["camera.front"].items() if one}
    assert outcomes == {"saved": 2, "skipped": 1}


async def test_saved_by_itself(
    hass: HomeAssistant, upload: Upload, media_dir: Path
) -> None:
    """A new recording is told of and saved, whole, once; and none of the clips is one."""
    (upload.folder / "Front").mkdir()
    entry = await set_up(hass, upload.folder)
    await hass.services.async_call(
        "switch",
        "turn_on",
        {"entity_id": "switch.front_save_automatically"},
        blocking=True,
    )
    start = datetime.now(UTC).replace(microsecond=0) + SECOND
    upload.add("Front", start, 20 * SECOND)
    for _ in range(2):
        await look(hass, entry)
    (clip,) = media_dir.glob("clip_download/**/*.mp4")
    assert len(moments(clip, of=film("Front"))) == 200
    state = hass.states.get("event.front_motion")
    assert state is not None
    assert state.attributes["path"] == str(clip)


async def test_buttons(
    hass: HomeAssistant, upload: Upload, media_dir: Path, noon: datetime
) -> None:
    """The newest recording is saved with one press, after a restart too."""
    upload.add("Front", noon, 20 * SECOND)
    newest = upload.add("Front", noon + MINUTE, 10 * SECOND)
    entry = await set_up(hass, upload.folder)
    await hass.services.async_call(
        "button",
        "press",
        {"entity_id": "button.front_save_last_recording"},
        blocking=True,
    )
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    (clip,) = media_dir.glob("clip_download/**/*.mp4")
    assert len(moments(clip, of=film("Front"))) == 100
    assert newest.exists()


# --- hostile folders


async def test_hostile_folder(
    hass: HomeAssistant, upload: Upload, tmp_path: Path, noon: datetime
) -> None:
    """Links, pipes, folders and long names are no recordings, and stop no others."""
    upload.add("Front", noon, 20 * SECOND)
    outside = Upload(tmp_path / "outside", KOLKATA)
    secret = outside.add("Front", noon + MINUTE, 20 * SECOND)
    front = upload.folder / "Front"

    def named(moment: datetime, more: str = "") -> Path:
        local = moment.astimezone(KOLKATA)
        return front / f"{local:%Y-%m-%d_%H-%M-%S}{more}.mp4"

    (front / secret.name).symlink_to(secret)
    os.mkfifo(named(noon + 2 * MINUTE))
    named(noon + 3 * MINUTE).mkdir()
    named(noon + 4 * MINUTE, "x" * 232).touch()
    (front / f"{'9' * 251}.mp4").touch()
    (front / "b\udcff.mp4").touch()
    day = noon.astimezone(KOLKATA)
    (front / f"{day:%Y-%m-%d}").symlink_to(outside.folder / "Front")
    (front / "loop").symlink_to(front)
    (upload.folder / "Back").symlink_to(outside.folder / "Front")
    deep = front
    for _ in range(12):
        deep /= "d"
        deep.mkdir()
    await set_up(hass, upload.folder)
    assert hass.states.async_entity_ids("camera") == ["camera.front"]
    listed = await call(
        hass,
        "list_events",
        entity_id="camera.front",
        start=noon.isoformat(),
        end=(noon + 3.5 * MINUTE).isoformat(),
    )
    assert len(listed["camera.front"]["events"]) == 1
    saved = await save(hass, "camera.front", noon, noon + 20 * SECOND)
    assert saved["status"] == "complete"
    nothing = await save(hass, "camera.front", noon + MINUTE, noon + 2 * MINUTE)
    assert nothing["error"]["key"] == "no_footage"
