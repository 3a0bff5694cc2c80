"""The command that makes a ZIP, and the way to have it."""

import asyncio
from datetime import timedelta
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from aiohttp import hdrs
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.clip_download.engine.library import export, files, verify
from custom_components.clip_download.exports import DATA_EXPORTS, FOLDER
from custom_components.clip_download.links import LINK_LIFE
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from tests.accounts import save
from tests.clouds import Clouds
from tests.waits import until

from .conftest import Browser, Open

ONE: dict[str, Any] = {"entities": {"entity_ids": {"camera.front": True}}}
OTHER: dict[str, Any] = {"entities": {"entity_ids": {"camera.yard": True}}}


@pytest.fixture
async def entry(
    hass: HomeAssistant, hass_clouds: Clouds, entry: ConfigEntry
) -> ConfigEntry:
    """Set an account up, and save two clips."""
    await save(hass, hass_clouds, 2)
    await save(hass, hass_clouds, 1)
    return entry


async def ids(browser: Browser) -> list[str]:
    """Return the ids of all clips."""
    return [clip["id"] for clip in (await browser.ask("clips/list"))["clips"]]


async def last(browser: Browser, number: int) -> tuple[list[int], dict[str, Any]]:
    """Return how far an export was, time after time, and its last event."""
    done = []
    while "done_bytes" in (event := await browser.event(number)):
        done.append(event["done_bytes"])
    return done, event


async def test_export(
    hass: HomeAssistant,
    entry: ConfigEntry,
    media_dir: Path,
    open_browser: Open,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    """Whoever asked gets the ZIP by a link, nobody else does, and it goes after a day."""
    guest = await open_browser(ONE)
    clip_ids = await ids(guest)
    number = await guest.subscribe("export", clip_ids=clip_ids * 2)
    done, event = await last(guest, number)
    assert done == sorted(done)
    assert (done[0], len(done)) == (0, 3)
    client = await hass_client_no_auth()
    async with client.get(event["url"]) as response:
        assert response.status == HTTPStatus.OK
        content = await response.read()
        told = response.headers[hdrs.CONTENT_DISPOSITION]
        assert told.startswith(f'attachment; filename="{event["name"]}"')
        assert response.content_type == "application/zip"
    assert len(content) == event["size_bytes"]
    with ZipFile(BytesIO(content)) as opened:
        names = opened.namelist()
        assert opened.testzip() is None
    assert len([name for name in names if name.endswith(".mp4")]) == 2
    async with client.get(event["url"], headers={hdrs.RANGE: "bytes=-4"}) as response:
        assert await response.read() == content[-4:]
    async with client.head(event["url"]) as response:
        assert response.content_length == len(content)

    plain = event["url"].partition("?")[0]
    async with client.get(plain) as response:
        assert response.status == HTTPStatus.UNAUTHORIZED
    # Not even an administrator: it was made for one person.
    for browser in (await open_browser(), await open_browser(OTHER)):
        number = await browser.send("auth/sign_path", path=plain)
        signed = (await browser.heard(number))["result"]["path"]
        async with client.get(signed) as response:
            assert response.status == HTTPStatus.NOT_FOUND
    user = hass.data[DATA_EXPORTS].async_get(plain.rpartition("/")[2])
    assert user is not None
    maker = await hass.auth.async_get_user(user.user_id)
    maker.mock_policy(OTHER)  # type: ignore[union-attr]
    async with client.get(event["url"]) as response:
        assert response.status == HTTPStatus.NOT_FOUND
    maker.mock_policy(ONE)  # type: ignore[union-attr]

    (made,) = (media_dir / FOLDER).iterdir()
    other = media_dir / FOLDER / "not ours.zip"
    other.touch()
    async_fire_time_changed(hass, dt_util.utcnow() + LINK_LIFE + timedelta(minutes=1))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert (made.exists(), other.exists()) == (False, True)
    async with client.get(event["url"]) as response:
        assert response.status == HTTPStatus.NOT_FOUND


async def test_what_comes_to_nothing(
    hass: HomeAssistant,
    entry: ConfigEntry,
    media_dir: Path,
    open_browser: Open,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Others' clips, a full disk, somebody who goes away: nothing is left."""
    browser = await open_browser()
    clip_ids = await ids(browser)
    other = await open_browser(OTHER)
    for who, asked in ((other, clip_ids), (browser, [*clip_ids, "nobody's"])):
        number = await who.subscribe("export", clip_ids=asked)
        _, event = await last(who, number)
        assert event["error"]["key"] == "clip_not_found"
        assert event["error"]["message"]
    for nonsense in ([], ["x"] * 201, None):
        code = await browser.refused("export", clip_ids=nonsense)
        assert code == "invalid_format"
    with monkeypatch.context() as patched:
        patched.setattr(files, "RESERVE_BYTES", 2**60)
        number = await browser.subscribe("export", clip_ids=clip_ids)
        _, event = await last(browser, number)
        assert event["error"]["key"] == "storage_full"
        assert str(media_dir) in event["error"]["message"]

    added, go_on = asyncio.Event(), asyncio.Event()
    run = verify.run_cancellable

    async def slow(*args: Any) -> Any:
        if args[1].__name__ == "add":
            added.set()
            await go_on.wait()
        return await run(*args)

    monkeypatch.setattr(f"{export.__name__}.run_cancellable", slow)
    number = await browser.subscribe("export", clip_ids=clip_ids)
    await added.wait()
    assert any((media_dir / FOLDER).iterdir())
    await browser.send("unsubscribe_events", subscription=number)
    await hass.async_block_till_done(wait_background_tasks=True)
    go_on.set()
    await until(lambda: not (media_dir / FOLDER).exists())
