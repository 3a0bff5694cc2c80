"""The library in Home Assistant: rebuilt when it is asked for, and when it has to be."""

from contextlib import closing
from datetime import timedelta
from pathlib import Path
import sqlite3
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockUser

from custom_components.clip_download.const import DOMAIN
from custom_components.clip_download.engine.library import schema
from custom_components.clip_download.engine.library.database import Library
from custom_components.clip_download.engine.library.queries import ClipQueries
from custom_components.clip_download.engine.library.reindex import rebuild
from custom_components.clip_download.engine.model import Clip
from custom_components.clip_download.runtime import DATABASE, async_shared
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, Unauthorized
from homeassistant.setup import async_setup_component
from tests.engine.library.test_database import spoil
from tests.engine.library.test_queries import clip
from tests.engine.library.test_reindex import lay


@pytest.fixture
async def clips(hass: HomeAssistant, media_dir: Path) -> list[Clip]:
    """Lay three clips into the media folder, as an earlier installation left them."""

    def lay_all() -> list[Clip]:
        folder = media_dir / "clip_download" / "Front"
        return [
            lay(clip(f"n{number}", at=timedelta(hours=number), folder=folder))
            for number in range(3)
        ]

    return await hass.async_add_executor_job(lay_all)


async def call_rebuild(
    hass: HomeAssistant, *, context: Context | None = None, answer: bool = True
) -> dict[str, Any] | None:
    """Call the action, and return its answer."""
    return await hass.services.async_call(
        DOMAIN,
        "rebuild_library",
        {},
        blocking=True,
        context=context,
        return_response=answer,
    )


async def known(hass: HomeAssistant) -> list[Clip]:
    """Return all that the library knows."""
    shared = await async_shared(hass)
    return [one async for one in ClipQueries(shared.library).in_window()]


async def test_rebuilding_when_asked(hass: HomeAssistant, clips: list[Clip]) -> None:
    """The action works without an account, and says what it found."""
    assert await async_setup_component(hass, DOMAIN, {})
    # It was due: that is done by itself.
    shared = await async_shared(hass)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert await known(hass) == clips
    await ClipQueries(shared.library).remove([clips[2].id])
    found = {"found": 3, "changed": 0, "gone": 0, "damaged": 0, "foreign": 0}
    assert await call_rebuild(hass) == {**found, "added": 1}
    await hass.async_add_executor_job(clips[0].path.unlink)
    assert await call_rebuild(hass) == {**found, "found": 2, "added": 0, "gone": 1}
    assert await call_rebuild(hass, answer=False) is None
    assert await known(hass) == clips[1:]


async def test_only_an_administrator_rebuilds(
    hass: HomeAssistant, hass_read_only_user: MockUser, clips: list[Clip]
) -> None:
    """Others see no more of the clips than they may."""
    assert await async_setup_component(hass, DOMAIN, {})
    with pytest.raises(Unauthorized):
        await call_rebuild(hass, context=Context(user_id=hass_read_only_user.id))


async def test_a_newer_library_is_not_rebuilt(hass: HomeAssistant) -> None:
    """The action says in words why it did nothing."""
    path = Path(hass.config.path(DATABASE))

    def make() -> None:
        with closing(sqlite3.connect(path)) as database:
            database.execute(f"PRAGMA user_version = {schema.VERSION + 1}")

    await hass.async_add_executor_job(make)
    assert await async_setup_component(hass, DOMAIN, {})
    with pytest.raises(HomeAssistantError, match="newer version of Clip Download"):
        await call_rebuild(hass)


@pytest.mark.parametrize("table", ["polls", "clips_by_camera"])
async def test_damage_is_found_and_mended(
    hass: HomeAssistant,
    media_dir: Path,
    clips: list[Clip],
    table: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nobody calls anything: the damaged database goes aside, the clips come back."""
    path = Path(hass.config.path(DATABASE))
    library = await Library(path).open()
    await rebuild(library, [media_dir])
    await library.close()
    await hass.async_add_executor_job(spoil, path, table)
    assert await async_setup_component(hass, DOMAIN, {})
    await async_shared(hass)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert await known(hass) == clips
    assert f"{path} is damaged" in caplog.text


async def test_a_library_that_cannot_be_rebuilt_now(
    hass: HomeAssistant, clips: list[Clip], caplog: pytest.LogCaptureFixture
) -> None:
    """What stops a rebuild is logged and told, and it stays due."""
    library = await Library(Path(hass.config.path(DATABASE))).open()
    await library.change(
        lambda database: database.execute(
            "CREATE TRIGGER full BEFORE INSERT ON clips "
            "BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
        )
    )
    await library.close()
    assert await async_setup_component(hass, DOMAIN, {})
    shared = await async_shared(hass)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert "the disk is full" in caplog.text
    with pytest.raises(HomeAssistantError, match="the disk is full"):
        await call_rebuild(hass)
    assert await shared.library.is_rebuild_due()
