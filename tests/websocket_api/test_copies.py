"""What people are told of the copies of clips, over a real connection and from a real store."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from custom_components.clip_download import copies
from custom_components.clip_download.const import DOMAIN
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.dispatcher import async_dispatcher_send
from tests.accounts import begin, save
from tests.clouds import Clouds
from tests.stores import PASSWORD, USER, wsgidav

from .conftest import Browser, Open, time_of
from .test_clips import FRONT, ONE, YARD, listed

pytestmark = pytest.mark.usefixtures("checked_words")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a store."""
    folder = tmp_path_factory.mktemp("store") / "dav"
    folder.mkdir()
    with wsgidav(folder) as url:
        yield url


async def set_up(hass: HomeAssistant, url: str, prefix: str) -> ConfigEntry:
    """Set a place up at the store."""
    form = await begin(hass, "webdav")
    given = {"url": url, "username": USER, "password": PASSWORD, "prefix": prefix}
    result = await hass.config_entries.flow.async_configure(
        form["flow_id"], {**given, "encrypt": False}
    )
    await hass.async_block_till_done()
    entry: ConfigEntry = result["result"]
    return entry


@pytest.fixture
async def place(
    hass: HomeAssistant, entry: ConfigEntry, store: str, socket_enabled: None
) -> AsyncIterator[ConfigEntry]:
    """Set a store up beside an account of two cameras."""
    place = await set_up(hass, store, f"{datetime.now(UTC).timestamp()}")
    yield place
    await hass.config_entries.async_unload(place.entry_id)


async def copied(browser: Browser, number: int) -> dict[str, Any]:
    """Return the next copies that a subscription tells of."""
    while not (told := (await browser.event(number))["copies"]):
        pass
    assert isinstance(told, dict)
    return told


async def test_copied(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    place: ConfigEntry,
    open_browser: Open,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A clip tells where a copy of it is and since when, as soon as it is there."""
    browser = await open_browser()
    number = await browser.subscribe("clips/subscribe")
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    # Nothing is copied until the store has been looked at.
    place.runtime_data.task.cancel()
    path = await save(hass, hass_clouds)
    await place.runtime_data.store.drain()
    (clip,) = await listed(browser)
    assert clip["path"] == str(path)
    assert clip["copies"] == [{"place": place.title, "copied_at": None}]
    assert await hass.config_entries.async_reload(place.entry_id)
    told = await copied(browser, number)
    assert told.keys() == {clip["id"]}
    ((copy,),) = told.values()
    assert copy["place"] == place.title
    assert before <= time_of(copy["copied_at"]) <= datetime.now(UTC)
    assert (await listed(browser))[0]["copies"] == [copy]
    got = await browser.ask("clip/get", clip_id=clip["id"])
    assert got["clip"]["copies"] == [copy]
    # Its record is copied again; that makes it no newer.
    await browser.ask("clip/keep", clip_ids=[clip["id"]], kept=True)
    runtime = place.runtime_data
    await runtime.coordinator.async_refresh()
    first_at = runtime.coordinator.data.copied_at
    async with asyncio.timeout(30):
        while runtime.coordinator.data.copied_at == first_at:
            runtime.copier.wake()
            await asyncio.sleep(0.05)
            await runtime.coordinator.async_refresh()
    assert (await listed(browser))[0]["copies"] == [copy]
    # The timeline has many clips, and shows none of this.
    day = {"start": clip["start"], "end": clip["end"]}
    timeline = await browser.ask("timeline", entity_ids=[FRONT], **day)
    assert "copies" not in timeline["cameras"][0]["clips"][0]


async def test_many_copied(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    place: ConfigEntry,
    open_browser: Open,
) -> None:
    """What is copied in quick succession is told at once."""
    for ago in (3, 2, 1):
        await save(hass, hass_clouds, ago)
    browser = await open_browser()
    clips = await listed(browser)
    number = await browser.subscribe("clips/subscribe")
    async with asyncio.timeout(30):
        while not all(one["copies"] for one in await listed(browser)):
            await asyncio.sleep(0.05)
    library = place.runtime_data.store.library
    for clip in await library.clips(""):
        async_dispatcher_send(hass, copies.COPIES_CHANGED, (clip,))
    told = await copied(browser, number)
    assert told.keys() == {clip["id"] for clip in clips}
    assert all(told.values())


async def test_rights(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    place: ConfigEntry,
    open_browser: Open,
) -> None:
    """Who may not control a camera hears nothing of its copies."""
    somebody = await open_browser(ONE)
    number = await somebody.subscribe("clips/subscribe")
    await save(hass, hass_clouds, 2, "Yard")
    mine = await save(hass, hass_clouds, 1, "Front")
    (clip,) = await listed(somebody)
    assert clip["path"] == str(mine)
    assert (await copied(somebody, number)).keys() == {clip["id"]}
    assert await somebody.refused("clips/list", entity_ids=[YARD]) == "not_found"


async def test_nothing_set_up(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    entry: ConfigEntry,
    open_browser: Open,
) -> None:
    """Without a place, nothing is told of copies, and no table of them is made."""
    await save(hass, hass_clouds)
    (clip,) = await listed(await open_browser())
    assert clip["copies"] == []
    assert copies._DATA_STORE not in hass.data
    assert not [
        one for one in hass.config_entries.async_entries(DOMAIN) if one is not entry
    ]
    assert Path(clip["path"]).exists()
