"""The actions on what is saved, as people call them: listed, kept, deleted, pruned."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
import shutil
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockUser, async_capture_events
import voluptuous as vol

from custom_components.clip_download.const import DOMAIN
from custom_components.clip_download.engine.folder import File
from custom_components.clip_download.engine.library import sidecar
from custom_components.clip_download.engine.library.retention import Limits
from custom_components.clip_download.engine.model import Clip
from custom_components.clip_download.retention import async_set_common_limits
from custom_components.clip_download.services import response
from custom_components.clip_download.services.cancel import TOLD_AT_ONCE
from homeassistant.components.media_source import async_browse_media
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
)
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from tests.accounts import save
from tests.clouds import Clouds

from .actions import act

FRONT = "camera.front"
HOUR = timedelta(hours=1)


def user(hass: HomeAssistant, *, entity_id: str | None = None) -> Context:
    """Return the context of a user who may control one entity at most."""
    one = MockUser(id=f"user of {entity_id}").add_to_hass(hass)
    entities = {"entity_ids": {entity_id: {"control": True}}} if entity_id else {}
    one.mock_policy({"entities": entities})
    return Context(user_id=one.id)


def is_kept(path: Path) -> bool:
    """Say whether the sidecar says so."""
    return sidecar.read(File.at(sidecar.path_of(path))).clip.kept


def state_of(hass: HomeAssistant, entity_id: str) -> str:
    """Return the state of an entity."""
    state = hass.states.get(entity_id)
    assert state is not None
    return state.state


async def test_many_clips_are_listed_in_turns(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    entry: ConfigEntry,
    media_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Between some and the next, the event loop comes to others."""
    path = await save(hass, hass_clouds, 2)
    content = json.loads(path.with_suffix(".json").read_text())
    for number in range(30):
        copy = path.with_stem(f"copy {number}")
        shutil.copyfile(path, copy)
        content["clip_id"] = f"copy-{number}"
        copy.with_suffix(".json").write_text(json.dumps(content))
    await act(hass, "rebuild_library")
    turn = 0

    async def count_turns() -> None:
        nonlocal turn
        while True:
            turn += 1
            await asyncio.sleep(0)

    told = Counter[int]()
    saved = response.saved

    def count(hass: HomeAssistant, clips: Sequence[Clip]) -> response.ClipAnswer:
        told[turn] += 1
        return saved(hass, clips)

    monkeypatch.setattr(response, "saved", count)
    counting = asyncio.create_task(count_turns())
    now = datetime.now(UTC)
    answer = await act(
        hass,
        "list_clips",
        entity_id=FRONT,
        start=(now - 24 * HOUR).isoformat(),
        end=now.isoformat(),
    )
    counting.cancel()
    assert len(answer[FRONT]["saved"]) == 31
    assert told.total() == 31
    assert max(told.values()) <= TOLD_AT_ONCE


async def test_keep_and_release(
    hass: HomeAssistant, hass_clouds: Clouds, entry: ConfigEntry, media_dir: Path
) -> None:
    """A clip is named by its path or its media id, as it was answered."""
    one, two = await save(hass, hass_clouds, 2), await save(hass, hass_clouds, 1)
    (told,) = (await act(hass, "keep_clip", path=str(one)))["clips"]
    assert told["path"] == str(one)
    assert (told["camera"], told["kept"]) == ("Front", True)
    assert is_kept(one)
    both = [
        f"media-source://media_source/local/{path.relative_to(media_dir)}"
        for path in (one, two)
    ]
    told = await act(hass, "keep_clip", media_content_id=both)
    assert [clip["media_content_id"] for clip in told["clips"]] == both
    assert is_kept(two)
    answer = await act(hass, "delete_clips", path=[str(one), str(two)])
    assert answer["deleted"] == []
    assert [clip["reason"] for clip in answer["spared"]] == ["kept", "kept"]
    assert one.exists()

    told = await act(hass, "release_clip", path=[str(one)], media_content_id=both)
    assert [clip["kept"] for clip in told["clips"]] == [False, False]
    assert not is_kept(one)


async def test_any_name(
    hass: HomeAssistant, hass_clouds: Clouds, entry: ConfigEntry, media_dir: Path
) -> None:
    """A clip goes by its ID, its path, and what a media picker gives of any folder."""
    assert await async_setup_component(hass, "media_source", {})
    (front, _) = hass_clouds.ring.cameras
    start = datetime.now(UTC) - 30 * HOUR
    event = hass_clouds.ring.add_event(front, start=start, duration_s=3)
    told = await act(hass, "save_clip", entity_id=FRONT, event=str(event.id))
    path, clip_id = Path(told[FRONT]["path"]), told[FRONT]["clip_id"]
    other = await save(hass, hass_clouds, 1, "Yard")
    place = f"{entry.entry_id}/{front.id}/{dt_util.as_local(start):%F}"
    picked = {
        "media_content_type": "video/mp4",
        "metadata": {"title": "12:00:00", "navigateIds": [{}]},
    }
    local = f"media-source://media_source/local/{path.relative_to(media_dir)}"
    day = await async_browse_media(hass, f"media-source://clip_download/clips/{place}")
    assert day.children
    (own,) = (one.media_content_id for one in day.children)
    for name in (
        clip_id,
        str(path),
        local,
        own,
        f"media-source://clip_download/cloud/{place}/{event.id}",
        {"media_content_id": local, **picked},
        [{"media_content_id": local, **picked}, clip_id, str(path)],
        {"active_choice": "media", "media": [{"media_content_id": local, **picked}]},
        {"active_choice": "name", "name": [clip_id], "media": None},
    ):
        told = await act(hass, "keep_clip", clip=name)
        assert [clip["path"] for clip in told["clips"]] == [str(path)], name
        await act(hass, "release_clip", clip=name)
    told = await act(hass, "export_clips", clip=[clip_id, str(other)])
    assert told["count"] == 2
    assert (await act(hass, "verify_clips", clip=clip_id))["ok"] == 1
    with pytest.raises(ServiceValidationError) as refused:
        await act(hass, "export_clips", clip=clip_id, label="bell")
    assert refused.value.translation_key == "clips_two_ways"
    answer = await act(hass, "delete_clips", clip=[clip_id, str(other)])
    assert len(answer["deleted"]) == 2


@pytest.mark.parametrize(
    "data",
    [
        {"path": "/etc/passwd"},
        {"path": "clip.mp4"},
        {"path": "/media/../etc/shadow.mp4\0"},
        {"path": "\ud800"},
        {"path": "x" * 100_000},
        {"media_content_id": "media-source://media_source/local/../../etc/passwd"},
        {"media_content_id": "media-source://media_source/other/x.mp4"},
        {"media_content_id": "https://example.com/x.mp4"},
        {"media_content_id": "media-source://media_source/"},
        {"clip": "0" * 32},
        {"clip": "media-source://clip_download"},
        {"clip": "media-source://clip_download/clips/a/b/c/d"},
        {"clip": "media-source://clip_download/cloud/a/b/c/d"},
        {"clip": [{"media_content_id": "media-source://clip_download/../x"}]},
    ],
)
@pytest.mark.parametrize("action", ["keep_clip", "release_clip", "delete_clips"])
async def test_unknown(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    entry: ConfigEntry,
    action: str,
    data: dict[str, str],
) -> None:
    """What is no clip of the library is refused, and nothing else is done."""
    with pytest.raises(ServiceValidationError) as refused:
        await act(hass, action, None, **data)
    assert refused.value.translation_key == "clip_unknown"
    assert len(str(refused.value)) < 500


async def test_one_unknown_stops_all(
    hass: HomeAssistant, hass_clouds: Clouds, entry: ConfigEntry, media_dir: Path
) -> None:
    """A foreign file beside a clip is none of its clips; the clip stays, too."""
    one = await save(hass, hass_clouds, 2)
    foreign = one.with_name("holiday.mp4")
    foreign.write_bytes(b"mine")
    with pytest.raises(ServiceValidationError):
        await act(hass, "delete_clips", path=[str(one), str(foreign)])
    assert one.exists()
    assert foreign.read_bytes() == b"mine"
    with pytest.raises(vol.Invalid):
        await act(hass, "keep_clip")
    with pytest.raises(vol.Invalid):
        await act(hass, "delete_clips", start="2026-11-21 00:00:00")
    with pytest.raises(ServiceValidationError) as refused:
        await act(hass, "delete_clips", path=str(one), label="bell")
    assert refused.value.translation_key == "no_camera_targeted"
    assert one.exists()


async def test_delete(
    hass: HomeAssistant, hass_clouds: Clouds, entry: ConfigEntry, media_dir: Path
) -> None:
    """The clips of a window go with all that is theirs; the last clip is another one."""
    old, middle, new = [await save(hass, hass_clouds, ago) for ago in (5, 3, 1)]
    other = await save(hass, hass_clouds, 3, "Yard")
    heard = async_capture_events(hass, "clip_download_deleted")
    before = state_of(hass, "sensor.front_last_clip")
    now = datetime.now(UTC)
    window: dict[str, Any] = {"start": now - 4 * HOUR, "end": now}
    target = {"entity_id": FRONT, **window}
    assert (await act(hass, "delete_clips", **target, label="x"))["deleted"] == []
    await act(hass, "keep_clip", path=str(middle))
    with pytest.raises(HomeAssistantError) as spared:
        await hass.services.async_call(DOMAIN, "delete_clips", target, blocking=True)
    assert spared.value.translation_key == "clips_spared"
    assert "{" not in str(spared.value)
    await hass.async_block_till_done()
    assert [path.exists() for path in (old, middle, new, other)] == [
        True,
        True,
        False,
        True,
    ]
    assert not list(new.parent.glob(f"{new.stem}*"))
    assert [event.data for event in heard] == [
        {"reason": "deleted", "count": 1, "paths": [str(new)]}
    ]
    assert state_of(hass, "sensor.front_last_clip") < before
    answer = await act(hass, "delete_clips", path=[str(old), str(other)])
    assert [clip["path"] for clip in answer["deleted"]] == [str(old), str(other)]
    await hass.async_block_till_done()
    assert state_of(hass, "sensor.yard_last_clip") == "unknown"
    with pytest.raises(ServiceValidationError):
        await act(hass, "delete_clips", entity_id="sun.sun", **window)
    with pytest.raises(ServiceValidationError):
        await act(hass, "delete_clips", entity_id=FRONT)


@pytest.mark.parametrize("action", ["keep_clip", "release_clip", "delete_clips"])
async def test_who_may(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    entry: ConfigEntry,
    media_dir: Path,
    action: str,
) -> None:
    """Control of the camera is what it takes; of cameras that are gone, an admin."""
    front, yard = (
        await save(hass, hass_clouds, 2),
        await save(hass, hass_clouds, 2, "Yard"),
    )
    MockUser(id="owner", is_owner=True).add_to_hass(hass)
    nobody, somebody = user(hass), user(hass, entity_id=FRONT)
    for context, paths in ((nobody, [front]), (somebody, [front, yard])):
        with pytest.raises(Unauthorized):
            await act(hass, action, context, path=[str(path) for path in paths])
    if action == "delete_clips":
        now = datetime.now(UTC)
        window: dict[str, Any] = {"start": now - 4 * HOUR, "end": now}
        with pytest.raises(Unauthorized):
            await act(hass, action, somebody, entity_id="camera.yard", **window)
    assert front.exists()
    assert yard.exists()
    assert not is_kept(front)
    assert await act(hass, action, somebody, path=str(front))

    await hass.config_entries.async_remove(entry.entry_id)
    with pytest.raises(Unauthorized):
        await act(hass, action, user(hass, entity_id="camera.yard"), path=str(yard))
    assert await act(hass, action, Context(user_id="owner"), path=str(yard))


async def test_next_pruning(
    hass: HomeAssistant, hass_clouds: Clouds, entry: ConfigEntry, media_dir: Path
) -> None:
    """It tells what goes next, and changes nothing."""
    old, new = await save(hass, hass_clouds, 2), await save(hass, hass_clouds, 1)
    told = await act(hass, "next_pruning")
    assert (told["count"], told["size_bytes"], told["clips"]) == (0, 0, [])
    await async_set_common_limits(hass, Limits(keep_days=1 / 10**9))
    told = await act(hass, "next_pruning")
    due = datetime.fromisoformat(told["at"]) - datetime.now(UTC)
    assert timedelta(0) < due <= HOUR
    assert told["count"] == 2
    assert told["size_bytes"] == old.stat().st_size + new.stat().st_size
    assert told["saved_bytes"] == told["size_bytes"]
    assert 0 < told["free_bytes"] <= shutil.disk_usage(media_dir).total
    assert [(clip["path"], clip["reason"]) for clip in told["clips"]] == [
        (str(old), "age"),
        (str(new), "age"),
    ]
    MockUser(id="owner", is_owner=True).add_to_hass(hass)
    with pytest.raises(Unauthorized):
        await act(hass, "next_pruning", user(hass, entity_id=FRONT))


@pytest.mark.parametrize("action", ["keep_clip", "release_clip"])
@pytest.mark.parametrize("named", ["path", "media_content_id"])
async def test_a_link_where_a_sidecar_is_drafted(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    entry: ConfigEntry,
    media_dir: Path,
    *,
    action: str,
    named: str,
) -> None:
    """Whoever may write to the media folder cannot have our files written over.

    Home Assistant would read what they put into the sidecar as its configuration.
    """
    one = await save(hass, hass_clouds, 1)
    path = sidecar.path_of(one)
    told = json.loads(path.read_text())
    evil = {"homeassistant": {}, "shell_command": {"own": "touch /tmp/owned"}}
    path.write_text(json.dumps({**told, **evil, "kept": action == "release_clip"}))
    configuration = Path(hass.config.path("configuration.yaml"))
    configuration.write_text("default_config:\n")
    before = configuration.stat()
    for draft in (
        f".clip_download_{told['clip_id']}.json",
        f".clip_download_{told['clip_id']}_",
        f".clip_download_{told['clip_id']}_{0:032x}",
    ):
        (one.parent / draft).symlink_to(configuration)
    content_id = f"media-source://media_source/local/{one.relative_to(media_dir)}"
    named_so: dict[str, Any] = {named: str(one) if named == "path" else content_id}
    await act(hass, action, **named_so)
    assert configuration.stat() == before
    assert configuration.read_text() == "default_config:\n"
    assert json.loads(path.read_text()) == {**told, "kept": action == "keep_clip"}

    # The sidecar itself, and the folder of the day, as links.
    path.unlink()
    path.symlink_to(configuration)
    with pytest.raises(HomeAssistantError):
        await act(hass, action, **named_so)
    aside = media_dir / "aside"
    one.parent.rename(aside)
    outside = media_dir.parent / "outside"
    outside.mkdir()
    one.parent.symlink_to(outside)
    with pytest.raises(HomeAssistantError):
        await act(hass, action, **named_so)
    assert list(outside.iterdir()) == []
    assert configuration.read_text() == "default_config:\n"
