"""What Repairs says of what only a person can mend: once, in words, until it is mended."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import errno
import os
from pathlib import Path
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import (
    async_capture_events,
    async_fire_time_changed,
)

from custom_components.clip_download.const import DOMAIN
from custom_components.clip_download.engine.folder import Folder
from custom_components.clip_download.issues import CHECK_INTERVAL
from homeassistant.config_entries import ConfigEntry, ConfigEntryDisabler
from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util

from .accounts import save_event, set_up
from .clouds import Clouds
from .clouds.ring import RingCamera
from .engine.library.test_mounts import mounted

HOUR = timedelta(hours=1)


@pytest.fixture
def changes(hass: HomeAssistant) -> list[Event]:
    """Return what Repairs was told, each time that it was."""
    found: list[Event] = async_capture_events(
        hass, ir.EVENT_REPAIRS_ISSUE_REGISTRY_UPDATED
    )
    return found


@pytest.fixture
def camera(hass_clouds: Clouds, media_dir: Path) -> RingCamera:
    """Return a doorbell, and a folder for its clips."""
    return hass_clouds.ring.add_camera("Front")


async def told(hass: HomeAssistant) -> set[str]:
    """Return the keys of our issues, all of which have words, and all that fills them."""
    words = await async_get_translations(hass, "en", "issues", {DOMAIN})
    found = set()
    for issue in ir.async_get(hass).issues.values():
        if issue.domain == DOMAIN:
            for part in ("title", "description"):
                text = words[
                    f"component.{DOMAIN}.issues.{issue.translation_key}.{part}"
                ]
                filled = text.format(**issue.translation_placeholders or {})
                assert "{" not in filled
                assert all((issue.translation_placeholders or {}).values())
            found.add(issue.translation_key or "")
    return found


async def look(hass: HomeAssistant) -> None:
    """Let Home Assistant do what is due by the next look."""
    async_fire_time_changed(
        hass, dt_util.utcnow() + CHECK_INTERVAL + timedelta(seconds=1)
    )
    await hass.async_block_till_done(wait_background_tasks=True)


async def fail(hass: HomeAssistant, start: datetime | None = None) -> str:
    """Try to save a clip; return the key of what is in the way."""
    start = start or datetime.now(UTC) - HOUR
    entity_id = "camera.front"
    answer: Any = await hass.services.async_call(
        DOMAIN,
        "save_clip",
        {
            "entity_id": entity_id,
            "start": start.isoformat(),
            "duration": {"seconds": 3},
            "timeout": {"seconds": 1},
        },
        blocking=True,
        return_response=True,
    )
    key: str = answer[entity_id]["error"]["key"]
    await hass.async_block_till_done(wait_background_tasks=True)
    return key


def happen(clouds: Clouds, camera: RingCamera, minutes_ago: int) -> Any:
    """Let a camera see something."""
    start = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    return clouds.ring.add_event(camera, start=start, duration_s=3)


def away(folder: Path) -> Callable[[], object]:
    """Take a folder away; return what brings it back."""
    aside = folder.rename(folder.with_name("aside"))
    return lambda: aside.rename(folder)


def small(folder: Path) -> Callable[[], object]:
    """Mount a disk that is full in place of a folder; return what ends that."""
    stack = ExitStack()
    stack.enter_context(mounted("-t", "tmpfs", "-o", "size=8m", "tmpfs", at=folder))
    return stack.close


def read_only(folder: Path) -> Callable[[], object]:
    """Mount a disk that cannot be written to; return what ends that."""
    stack = ExitStack()
    stack.enter_context(mounted("-t", "tmpfs", "-o", "ro", "tmpfs", at=folder))
    return stack.close


STORAGE = [
    (away, "storage_gone"),
    (small, "storage_full"),
    (read_only, "storage_read_only"),
]


@pytest.mark.parametrize(("trouble", "key"), STORAGE)
@pytest.mark.parametrize("mended_by", ["look", "clip", "reload"])
async def test_storage(
    *,
    hass: HomeAssistant,
    hass_clouds: Clouds,
    camera: RingCamera,
    media_dir: Path,
    changes: list[Event],
    trouble: Callable[[Path], Callable[[], object]],
    key: str,
    mended_by: str,
) -> None:
    """However many clips fail, it is told once; a look or a clip shows that it is mended."""
    events = [happen(hass_clouds, camera, minutes) for minutes in (30, 40, 50)]
    entry = await set_up(hass, hass_clouds, "ring")
    await save_event(hass, events[0])
    mend = trouble(media_dir)
    try:
        for event in events[1:]:
            assert await fail(hass, event.start) == key
        await look(hass)
        assert await fail(hass, events[1].start) == key
        await look(hass)
        assert await told(hass) == {key}
        assert [event.data["action"] for event in changes] == ["create"]
        (issue,) = ir.async_get(hass).issues.values()
        assert issue.severity is ir.IssueSeverity.ERROR
        assert issue.translation_placeholders is not None
        assert str(media_dir) in issue.translation_placeholders["path"]
    finally:
        mend()
    if mended_by == "look":
        await look(hass)
    elif mended_by == "clip":
        await save_event(hass, events[2])
    else:
        assert await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
    assert await told(hass) == set()


async def test_storage_is_looked_at(
    hass: HomeAssistant, hass_clouds: Clouds, camera: RingCamera, media_dir: Path
) -> None:
    """Nobody has to lose a clip to hear that the folder is gone."""
    mend = away(media_dir)
    await set_up(hass, hass_clouds, "ring")
    assert await told(hass) == {"storage_gone"}
    mend()
    await look(hass)
    assert await told(hass) == set()


async def test_told_again_after_a_restart(
    hass: HomeAssistant, hass_clouds: Clouds, camera: RingCamera, media_dir: Path
) -> None:
    """An issue that Home Assistant only remembers is not one that anybody sees."""
    await set_up(hass, hass_clouds, "ring")
    mend = away(media_dir)
    await look(hass)
    issues = ir.async_get(hass).issues
    ((key, issue),) = issues.items()
    issues[key] = replace(issue, active=False)
    await look(hass)
    assert issues[key].active
    mend()


async def test_storage_below_the_folder(
    hass: HomeAssistant, hass_clouds: Clouds, camera: RingCamera, media_dir: Path
) -> None:
    """Where a clip could not be written is looked at, not the media folder alone."""
    event = happen(hass_clouds, camera, 30)
    await set_up(hass, hass_clouds, "ring")
    (media_dir / "clip_download").mkdir()
    mend = read_only(media_dir / "clip_download")
    try:
        assert await fail(hass, event.start) == "storage_read_only"
        await look(hass)
        assert await told(hass) == {"storage_read_only"}
    finally:
        mend()
    await look(hass)
    assert await told(hass) == set()


async def test_another_trouble(
    hass: HomeAssistant, hass_clouds: Clouds, camera: RingCamera, media_dir: Path
) -> None:
    """What is in the way now is told, in place of what was."""
    events = [happen(hass_clouds, camera, minutes) for minutes in (30, 40)]
    await set_up(hass, hass_clouds, "ring")
    for trouble, key in ((read_only, "storage_read_only"), (away, "storage_gone")):
        mend = trouble(media_dir)
        assert await fail(hass, events.pop().start) == key
        # What is refused when it is asked for is no job that ended.
        await look(hass)
        assert await told(hass) == {key}
        mend()


async def test_a_disk_that_fails(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    camera: RingCamera,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """That it can be looked at shows nothing: only a clip that is saved does."""
    first, second = (happen(hass_clouds, camera, minutes) for minutes in (30, 40))
    await set_up(hass, hass_clouds, "ring")

    def break_down(self: Folder) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as failing:
        failing.setattr(Folder, "sync", break_down)
        assert await fail(hass, first.start) == "storage_trouble"
    await look(hass)
    assert await told(hass) == {"storage_trouble"}
    await save_event(hass, second)
    assert await told(hass) == set()


async def test_no_permission(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    camera: RingCamera,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A folder that may not be written to is told of; root may, so it is made up."""
    await set_up(hass, hass_clouds, "ring")
    with monkeypatch.context() as refusing:
        refusing.setattr(os, "access", lambda *_: False)
        await look(hass)
    assert await told(hass) == {"storage_no_permission"}
    await look(hass)
    assert await told(hass) == set()


async def test_media_folder_that_is_unknown(
    hass: HomeAssistant, hass_clouds: Clouds, camera: RingCamera, media_dir: Path
) -> None:
    """A folder that Home Assistant does not have any more is another one's to choose."""
    entry = await set_up(hass, hass_clouds, "ring")
    options = {**entry.options, "media_dir": "nas"}
    hass.config_entries.async_update_entry(entry, options=options)
    await look(hass)
    assert await told(hass) == {"media_folder_unknown"}
    hass.config.media_dirs = {"nas": str(media_dir)}
    await look(hass)
    assert await told(hass) == set()


@pytest.mark.parametrize("gone", ["removed", "disabled"])
async def test_gone_with_the_account(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    camera: RingCamera,
    media_dir: Path,
    gone: str,
) -> None:
    """Nothing is told of an account that is not used any more, of its limits neither."""
    event = happen(hass_clouds, camera, 30)
    entry = await set_up(hass, hass_clouds, "ring")
    path = await save_event(hass, event)
    await hass.services.async_call(
        DOMAIN, "keep_clip", {"path": str(path)}, blocking=True
    )
    options = {**entry.options, "most_gb": 1e-9}
    hass.config_entries.async_update_entry(entry, options=options)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    camera.has_subscription = False
    await refresh(hass, entry)
    assert await fail(hass) == "no_subscription"
    away(media_dir)
    await look(hass)
    assert await told(hass) == {"limit_not_met", "storage_gone", "no_subscription"}
    if gone == "removed":
        await hass.config_entries.async_remove(entry.entry_id)
    else:
        await hass.config_entries.async_set_disabled_by(
            entry.entry_id, ConfigEntryDisabler.USER
        )
    await hass.async_block_till_done(wait_background_tasks=True)
    assert await told(hass) == set()
    await look(hass)
    assert await told(hass) == set()


async def refresh(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """List the cameras again."""
    await entry.runtime_data.coordinator.async_refresh()
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_no_subscription(
    hass: HomeAssistant, hass_clouds: Clouds, camera: RingCamera, changes: list[Event]
) -> None:
    """Told of a camera that saves by itself as soon as its list says so, and no longer."""
    camera.has_subscription = False
    entry = await set_up(hass, hass_clouds, "ring")
    # Nobody wants anything of it yet.
    assert await told(hass) == set()
    await hass.services.async_call(
        "switch",
        "turn_on",
        {"entity_id": "switch.front_save_automatically"},
        blocking=True,
    )
    for _ in range(3):
        await refresh(hass, entry)
    assert await told(hass) == {"no_subscription"}
    assert [event.data["action"] for event in changes] == ["create"]
    # It says itself that this is one of the two ways out.
    await hass.services.async_call(
        "switch",
        "turn_off",
        {"entity_id": "switch.front_save_automatically"},
        blocking=True,
    )
    await refresh(hass, entry)
    assert await told(hass) == set()
    await hass.services.async_call(
        "switch",
        "turn_on",
        {"entity_id": "switch.front_save_automatically"},
        blocking=True,
    )
    await refresh(hass, entry)
    assert await told(hass) == {"no_subscription"}
    camera.has_subscription = True
    await refresh(hass, entry)
    assert await told(hass) == set()


async def test_camera_that_is_removed(
    hass: HomeAssistant, hass_clouds: Clouds, camera: RingCamera
) -> None:
    """A camera that is not listed any more is told of as that, if at all."""
    camera.has_subscription = False
    entry = await set_up(hass, hass_clouds, "ring")
    assert await fail(hass) == "no_subscription"
    assert await told(hass) == {"no_subscription"}
    hass_clouds.ring.remove_camera(camera)
    await refresh(hass, entry)
    assert await told(hass) == set()


async def test_no_retention(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path, changes: list[Event]
) -> None:
    """A stream that keeps nothing is told of until a clip of it is saved."""
    stream = hass_clouds.kinesis.add_stream("front", retention_hours=0)
    await set_up(hass, hass_clouds, "kinesis")
    for hours in (1, 2):
        start = datetime.now(UTC) - hours * HOUR
        assert await fail(hass, start) == "no_retention"
    assert await told(hass) == {"no_retention"}
    assert [event.data["action"] for event in changes] == ["create"]
    stream.retention_hours = 24
    start = datetime.now(UTC) - timedelta(minutes=10)
    await hass.services.async_call(
        DOMAIN,
        "save_clip",
        {
            "entity_id": "camera.front",
            "start": start.isoformat(),
            "duration": {"seconds": 3},
        },
        blocking=True,
    )
    assert await told(hass) == set()


async def test_link_that_ends_soon(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path
) -> None:
    """A sign-in that could not be renewed for weeks is told of before it ends."""
    hass_clouds.ring_partner.add_camera("Front")
    entry = await set_up(hass, hass_clouds, "ring_partner")
    token = entry.data["token"]

    async def renewed(ago: timedelta) -> set[str]:
        at = dt_util.utcnow().timestamp() - ago.total_seconds() + token["expires_in"]
        data = {**entry.data, "token": {**token, "expires_at": at}}
        hass.config_entries.async_update_entry(entry, data=data)
        await look(hass)
        return await told(hass)

    hass_clouds.ring_partner.misbehave(status=503, times=10_000)
    # A token lasts for hours: it counts from when it was got.
    assert await renewed(timedelta(days=22, hours=23)) == set()
    assert await renewed(timedelta(days=23, hours=1)) == {"link_ends"}
    assert await renewed(timedelta(hours=1)) == set()
