"""Clips are read again, and handed over, in Home Assistant: for whom, of what, where to."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
import hashlib
import json
from pathlib import Path
import shutil
from typing import Any
from zipfile import ZipFile

import pytest
from pytest_homeassistant_custom_component.common import MockUser

from custom_components.clip_download.const import DOMAIN
from custom_components.clip_download.engine.library import files
from custom_components.clip_download.engine.model import Clip
from custom_components.clip_download.runtime import async_shared
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import Context, CoreState, HomeAssistant
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
)
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from tests.clouds import Clouds
from tests.engine.library.test_queries import NOON, put
from tests.engine.library.test_verify import damage, lay
from tests.waits import LONGEST_S, is_open, until

FRONT, YARD = "camera.front", "camera.yard"
ACTIONS = ("verify_clips", "export_clips")


@pytest.fixture
async def clips(
    hass: HomeAssistant, hass_clouds: Clouds, entry: ConfigEntry, media_dir: Path
) -> list[Clip]:
    """Lay down three clips of an hour each from one another, one of another camera."""
    ids = {camera.name: str(camera.id) for camera in hass_clouds.ring.cameras}

    def lay_all() -> list[Clip]:
        return [
            lay(
                media_dir,
                name,
                number,
                camera=ids[camera],
                account_id=entry.entry_id,
                label=label,
                camera_name=camera,
            )
            for number, (name, camera, label) in enumerate(
                (("n0", "Front", ""), ("n1", "Yard", "bell"), ("n2", "Front", "bell"))
            )
        ]

    laid = await hass.async_add_executor_job(lay_all)
    await put((await async_shared(hass)).library, *laid)
    return laid


async def call(
    hass: HomeAssistant, action: str, *, user: MockUser | None = None, **data: Any
) -> Any:
    """Call an action, and return its answer."""
    return await hass.services.async_call(
        DOMAIN,
        action,
        data,
        blocking=True,
        context=Context(user_id=user.id if user else None),
        return_response=True,
    )


def at(hours: float) -> str:
    """Return a local time without a zone, as a person types it: hours after noon UTC."""
    moment = dt_util.as_local(NOON + timedelta(hours=hours))
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def names(path: str) -> list[str]:
    """Return the names of the clips in a ZIP."""
    with ZipFile(path) as parcel:
        return sorted(
            Path(name).stem for name in parcel.namelist() if name.endswith(".mp4")
        )


CHOICES: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["n0", "n1", "n2"]),
    ({"entity_id": FRONT}, ["n0", "n2"]),
    ({"entity_id": [FRONT, YARD]}, ["n0", "n1", "n2"]),
    ({"entity_id": "all"}, ["n0", "n1", "n2"]),
    ({"label": "bell"}, ["n1", "n2"]),
    ({"entity_id": FRONT, "label": "bell"}, ["n2"]),
    ({"kept": True}, ["n1"]),
    ({"kept": False}, ["n0", "n2"]),
    # Hours after noon.
    ({"start": 0.5}, ["n1", "n2"]),
    # It reaches into the window.
    ({"end": 1.005}, ["n0", "n1"]),
    ({"start": 0.005, "end": 0.1}, ["n0"]),
]


@pytest.mark.parametrize(("data", "chosen"), CHOICES)
async def test_choices(
    hass: HomeAssistant, clips: list[Clip], data: dict[str, Any], chosen: list[str]
) -> None:
    """Both actions are for just what was chosen."""
    times: dict[str, Any] = {
        name: at(data[name]) for name in ("start", "end") if name in data
    }
    data = {**data, **times}
    await put((await async_shared(hass)).library, replace(clips[1], kept=True))
    told = await call(hass, "verify_clips", **data)
    sizes = [one.size_bytes for one in clips if one.id in chosen]
    assert (told["checked"], told["ok"]) == (len(chosen), len(chosen))
    assert told["bytes_read"] == sum(sizes)
    told = await call(hass, "export_clips", **data)
    assert told["count"] == len(chosen)
    assert await hass.async_add_executor_job(names, told["path"]) == chosen


async def test_findings(
    hass: HomeAssistant, clips: list[Clip], media_dir: Path
) -> None:
    """Each is told with what is needed to look after it; both actions tell the same."""

    def harm() -> str:
        damage(clips[0].path)
        clips[1].path.unlink()
        clips[2].path.with_suffix(".json").write_text("{}")
        return hashlib.sha256(clips[0].path.read_bytes()).hexdigest()

    sha256 = await hass.async_add_executor_job(harm)
    findings = {
        "changed": [
            {
                "clip_id": "n0",
                "path": str(clips[0].path),
                "expected": clips[0].sha256,
                "found": sha256,
            }
        ],
        "gone": [{"clip_id": "n1", "path": str(clips[1].path)}],
        "unreadable": [],
        "unknown": [
            {
                "clip_id": "n2",
                "path": str(clips[2].path),
                "reason": "no sidecar of this clip",
            }
        ],
        "away": [],
    }
    told = await call(hass, "verify_clips")
    assert 0 <= told.pop("seconds") < 10
    assert told == {
        "checked": 3,
        "ok": 0,
        "bytes_read": clips[0].size_bytes + clips[2].size_bytes,
        "copies": [],
        **findings,
    }
    json.dumps(told)
    exported = await call(hass, "export_clips", filename="case.ZIP")
    path = media_dir / "case.zip"
    content = await hass.async_add_executor_job(path.read_bytes)
    assert exported == {
        "path": str(path),
        "count": 3,
        "size_bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        **findings,
    }


async def test_a_disk_that_is_away(
    hass: HomeAssistant, clips: list[Clip], media_dir: Path
) -> None:
    """It is named once, and no clip is called gone."""
    folder = media_dir / "clip_download"
    await hass.async_add_executor_job(folder.rename, media_dir / "elsewhere")
    told = await call(hass, "verify_clips")
    assert told["away"] == [{"path": str(folder), "clips": 3}]
    assert (told["checked"], told["gone"]) == (3, [])

    await hass.async_add_executor_job(shutil.rmtree, media_dir)
    told = await call(hass, "verify_clips")
    assert told["away"] == [{"path": str(folder), "clips": 3}]
    with pytest.raises(HomeAssistantError, match=f"{media_dir} is not available"):
        await call(hass, "export_clips")


async def test_where_the_zip_goes(
    hass: HomeAssistant, clips: list[Clip], entry: ConfigEntry, tmp_path: Path
) -> None:
    """Into the only account's media folder, else into the first one; nowhere else."""
    other = tmp_path / "other"
    await hass.async_add_executor_job(other.mkdir)
    hass.config.media_dirs["nas"] = str(other)
    hass.config_entries.async_update_entry(entry, options={"media_dir": "nas"})
    await hass.async_block_till_done(wait_background_tasks=True)
    first = Path(hass.config.media_dirs["local"])
    told = await call(hass, "export_clips")
    assert Path(told["path"]).parent == first / "clip_download" / "exports"
    told = await call(hass, "export_clips", entity_id=FRONT, filename="a/b")
    assert told["path"] == str(other / "a" / "b.zip")
    for name in ("../x", "/etc/x", "a/../../x"):
        with pytest.raises(ServiceValidationError, match="points outside"):
            await call(hass, "export_clips", filename=name)
    # It is made without an answer, too.
    await hass.services.async_call(
        DOMAIN, "export_clips", {"filename": "a/b"}, blocking=True
    )
    assert await hass.async_add_executor_job((first / "a" / "b.zip").is_file)


@pytest.mark.parametrize("action", ACTIONS)
async def test_who_may(
    hass: HomeAssistant, clips: list[Clip], hass_admin_user: MockUser, action: str
) -> None:
    """Administrators all; others only what they may control, and never all at once."""
    guest = MockUser()
    guest.add_to_hass(hass)
    guest.mock_policy({"entities": {"entity_ids": {FRONT: True, YARD: {"read": True}}}})
    for data in ({}, {"entity_id": YARD}, {"entity_id": [FRONT, YARD]}):
        with pytest.raises(Unauthorized):
            await call(hass, action, user=guest, **data)
    told = await call(hass, action, user=guest, entity_id=FRONT)
    assert told.get("count", told.get("checked")) == 2
    told = await call(hass, action, user=guest, entity_id="all")
    assert told.get("count", told.get("checked")) == 2
    told = await call(hass, action, user=hass_admin_user)
    assert told.get("count", told.get("checked")) == 3


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"entity_id": "camera.none"}, "camera.none is not a Clip Download camera"),
        (
            {"start": at(1), "end": at(0)},
            "^All cameras, .*: The end must be after the start",
        ),
        (
            {"start": "0001-01-01 00:00:00", "end": "0001-01-01 00:00:00"},
            "The end must be after",
        ),
    ],
)
async def test_what_makes_no_sense(
    hass: HomeAssistant,
    clips: list[Clip],
    *,
    action: str,
    data: dict[str, Any],
    words: str,
) -> None:
    """It is said in words."""
    with pytest.raises(ServiceValidationError, match=words):
        await call(hass, action, **data)


async def test_nothing_matches(
    hass: HomeAssistant, clips: list[Clip], media_dir: Path
) -> None:
    """To verify nothing is no error; a ZIP of nothing is."""
    told = await call(hass, "verify_clips", label="cat")
    assert (told["checked"], told["ok"]) == (0, 0)
    with pytest.raises(
        ServiceValidationError, match=r"^Front, Label cat: No saved clip matches"
    ):
        await call(hass, "export_clips", entity_id=FRONT, label="cat")


async def test_an_account_that_is_not_loaded(
    hass: HomeAssistant, clips: list[Clip], entry: ConfigEntry
) -> None:
    """What is on the disk has nothing to do with a cloud."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    told = await call(hass, "verify_clips", entity_id=FRONT)
    assert told["ok"] == 2


async def test_without_an_account(hass: HomeAssistant, media_dir: Path) -> None:
    """Clips outlive the account that they were saved with."""
    assert await async_setup_component(hass, DOMAIN, {})
    one = await hass.async_add_executor_job(lay, media_dir, "n0")
    await put((await async_shared(hass)).library, one)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert (await call(hass, "verify_clips"))["ok"] == 1


async def test_a_full_disk(
    hass: HomeAssistant, clips: list[Clip], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said which ZIP was not made, and of what."""
    monkeypatch.setattr(files, "RESERVE_BYTES", 2**60)
    with pytest.raises(
        HomeAssistantError, match=r"^Front, Yard, case: The disk of .* is full"
    ):
        await call(hass, "export_clips", entity_id=[FRONT, YARD], filename="case")


def swell(paths: Sequence[Path]) -> None:
    """Let files take long to be read."""
    for path in paths:
        with path.open("r+b") as file:
            file.truncate(2**42)


@pytest.mark.parametrize("action", ACTIONS)
async def test_home_assistant_stops(
    hass: HomeAssistant, clips: list[Clip], media_dir: Path, action: str
) -> None:
    """A long run ends at once, says so, and leaves nothing behind."""
    await hass.async_add_executor_job(swell, [one.path for one in clips])
    running = hass.async_create_task(call(hass, action))
    await until(lambda: any(is_open(one.path) for one in clips))
    assert not running.done()
    async with asyncio.timeout(LONGEST_S):
        await hass.async_stop(force=True)
    assert hass.state is CoreState.stopped
    with pytest.raises(HomeAssistantError, match="Home Assistant was stopped before"):
        await running
    left = {path.suffix for path in media_dir.rglob("*") if path.is_file()}
    assert left == {".mp4", ".json"}


@pytest.mark.parametrize("action", ACTIONS)
async def test_the_caller_goes(
    hass: HomeAssistant, clips: list[Clip], media_dir: Path, action: str
) -> None:
    """A script that is stopped takes the run with it; the next one is not held up."""
    await hass.async_add_executor_job(swell, [clips[0].path])
    running = hass.async_create_task(call(hass, action))
    await until(lambda: is_open(clips[0].path))
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(running, LONGEST_S)
    async with asyncio.timeout(LONGEST_S):
        told = await call(hass, action, entity_id=YARD)
    assert told.get("count", told.get("checked")) == 1
