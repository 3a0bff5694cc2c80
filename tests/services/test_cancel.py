"""`cancel` as people and automations call it, in a real Home Assistant."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockUser, async_capture_events
import voluptuous as vol

from custom_components.clip_download.const import DOMAIN
from custom_components.clip_download.services.response import EVENT_FAILED
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from homeassistant.helpers import entity_registry as er
from tests.accounts import set_up
from tests.clouds import Clouds
from tests.waits import until

FRONT, YARD = "camera.front", "camera.yard"


@pytest.fixture
async def entry(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path
) -> ConfigEntry:
    """Return an account with two cameras."""
    hass_clouds.kinesis.add_stream("Front")
    hass_clouds.kinesis.add_stream("Yard")
    return await set_up(hass, hass_clouds, "kinesis")


@pytest.fixture
async def guest(hass: HomeAssistant) -> Context:
    """Return the context of somebody who may control the front camera only."""
    user = MockUser(id="guest").add_to_hass(hass)
    user.mock_policy({"entities": {"entity_ids": {FRONT: True}}})
    return Context(user_id=user.id)


async def ask(hass: HomeAssistant, entity_id: str, label: str = "") -> str:
    """Ask for a clip of what has not happened yet; return its job's id."""
    end = datetime.now(UTC) + timedelta(hours=1)
    answer = await act(
        hass,
        "save_clip",
        entity_id=entity_id,
        end=end,
        duration="00:00:10",
        label=label,
        wait=False,
        timeout="02:00:00",
    )
    job_id: str = answer[entity_id]["job_id"]
    return job_id


async def act(
    hass: HomeAssistant, action: str, context: Context | None = None, **data: Any
) -> dict[str, Any]:
    """Call an action, and return its response."""
    response = await hass.services.async_call(
        DOMAIN, action, data, blocking=True, return_response=True, context=context
    )
    assert response is not None
    return response


async def rounds() -> None:
    """Let all that is due come about."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_by_job(hass: HomeAssistant, entry: ConfigEntry, media_dir: Path) -> None:
    """It says of each what became of it; the failure is told once, nothing is left."""
    failures = async_capture_events(hass, EVENT_FAILED)
    first, second = await ask(hass, FRONT), await ask(hass, FRONT, "other")
    # However often it is named.
    told = await act(hass, "cancel", job_id=[first, "nobody's", first, "nobody's"])
    assert told["unknown"] == ["nobody's"]
    assert told["ended"] == []
    (cancelled,) = told["cancelled"]
    assert cancelled["job_id"] == first
    assert cancelled["entity_id"] == FRONT
    assert cancelled["error"]["key"] == "cancelled"
    assert datetime.fromisoformat(cancelled["end"]) > datetime.now(UTC)
    await hass.async_block_till_done()
    (failure,) = failures
    assert failure.data["job_id"] == first
    assert failure.data["error"]["key"] == "cancelled"
    assert not list(media_dir.rglob("*"))

    again = await act(hass, "cancel", job_id=first)
    assert [one["job_id"] for one in again["cancelled"]] == [first]
    assert [one.job.id for one in entry.runtime_data.jobs.running()] == [second]
    assert len(failures) == 1


async def test_by_camera(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """All of the camera is cancelled, and nothing of the other one."""
    jobs = [await ask(hass, FRONT, label) for label in ("a", "b")]
    other = await ask(hass, YARD)
    told = await act(hass, "cancel", entity_id=FRONT)
    assert {one["job_id"] for one in told["cancelled"]} == set(jobs)
    assert [one.job.id for one in entry.runtime_data.jobs.running()] == [other]


async def test_who_waits_is_told(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """`save_clip` answers that it was cancelled, to all who wait for it."""
    end = datetime.now(UTC) + timedelta(hours=1)
    data: dict[str, Any] = {
        "entity_id": FRONT,
        "end": end,
        "duration": "00:00:10",
        "timeout": "02:00:00",
    }
    first, second = (
        hass.async_create_task(act(hass, "save_clip", **data)) for _ in range(2)
    )
    await until(lambda: any(one.task for one in entry.runtime_data.jobs.running()))
    # It is accepted; a moment later both wait for its end.
    await rounds()
    # Whoever goes away takes nothing from the others.
    first.cancel()
    await rounds()
    assert first.cancelled()
    assert not second.done()
    await act(hass, "cancel", entity_id=FRONT)
    answer = (await second)[FRONT]
    assert answer["status"] == "failed"
    assert answer["error"]["key"] == "cancelled"


async def test_rights(hass: HomeAssistant, entry: ConfigEntry, guest: Context) -> None:
    """A camera's jobs are for those who may control it; of others nothing is known."""
    front, yard = await ask(hass, FRONT), await ask(hass, YARD)
    told = await act(hass, "cancel", guest, job_id=[yard, front])
    assert told["unknown"] == [yard]
    assert [one["job_id"] for one in told["cancelled"]] == [front]
    with pytest.raises(Unauthorized):
        await act(hass, "cancel", guest, entity_id=YARD)
    assert (await act(hass, "cancel", guest, entity_id="all"))["cancelled"] == []
    assert [one.job.id for one in entry.runtime_data.jobs.running()] == [yard]


async def test_rights_without_an_entity(
    hass: HomeAssistant,
    entry: ConfigEntry,
    guest: Context,
    hass_admin_user: MockUser,
) -> None:
    """The jobs of a camera whose entity is gone are for administrators."""
    yard = await ask(hass, YARD)
    er.async_get(hass).async_remove(YARD)
    await hass.async_block_till_done()
    assert (await act(hass, "cancel", guest, job_id=yard))["unknown"] == [yard]
    assert [one.job.id for one in entry.runtime_data.jobs.running()] == [yard]
    admin = Context(user_id=hass_admin_user.id)
    (told,) = (await act(hass, "cancel", admin, job_id=yard))["cancelled"]
    assert (told["job_id"], told["entity_id"]) == (yard, None)


async def test_mistakes(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Either jobs or cameras; those that are ours, of accounts that are loaded."""
    calls: list[dict[str, Any]] = [{}, {"job_id": "1", "entity_id": FRONT}]
    for data in calls:
        with pytest.raises(ServiceValidationError, match="either Cameras or Job IDs"):
            await act(hass, "cancel", **data)
    with pytest.raises(vol.Invalid):
        await act(hass, "cancel", job_id=[])
    with pytest.raises(ServiceValidationError, match="nobody's"):
        await hass.services.async_call(
            DOMAIN, "cancel", {"job_id": "nobody's"}, blocking=True
        )
    with pytest.raises(ServiceValidationError, match="light"):
        await act(hass, "cancel", entity_id="light.kitchen")
    job_id = await ask(hass, FRONT)
    await hass.config_entries.async_unload(entry.entry_id)
    with pytest.raises(ServiceValidationError, match="not loaded"):
        await act(hass, "cancel", entity_id=FRONT)
    assert (await act(hass, "cancel", job_id=job_id))["unknown"] == [job_id]
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    told = await act(hass, "cancel", job_id=job_id)
    assert [one["job_id"] for one in told["cancelled"]] == [job_id]


async def test_label(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """A label is a word: not a page, and nothing that cannot be printed."""
    with pytest.raises(vol.Invalid):
        await ask(hass, FRONT, "x" * 101)
    await ask(hass, FRONT, "\x1b[2J\u2028bell\n\ud83d")
    (running,) = entry.runtime_data.jobs.running()
    assert running.job.label == "[2J bell"
