"""What people are told of the copies of clips, over a real connection and from a real store."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
import shutil
from typing import Any

import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.clip_download import copies
from custom_components.clip_download.const import DOMAIN
from homeassistant.components.media_source import (
    Unresolvable,
    async_browse_media,
    async_resolve_media,
)
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.dispatcher import async_dispatcher_send
from tests.accounts import begin
from tests.clouds import Clouds
from tests.stores import PASSWORD, USER, wsgidav
from tests.test_copies import save
from tests.waits import LONGEST_S

from .conftest import Browser, Open, time_of
from .test_clips import FRONT, ONE, YARD, listed

pytestmark = pytest.mark.usefixtures("checked_words")


@pytest.fixture(scope="module")
def store_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder in which a store keeps what it is given."""
    (folder := tmp_path_factory.mktemp("store") / "dav").mkdir()
    return folder


@pytest.fixture(scope="module")
def store(store_folder: Path) -> Iterator[str]:
    """Run a store."""
    with wsgidav(store_folder) as url:
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
    async with asyncio.timeout(LONGEST_S):
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
    async with asyncio.timeout(LONGEST_S):
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


# --- what is off-site only


async def lose(hass: HomeAssistant, path: Path) -> None:
    """Have a clip's file be gone, with another one left beside it."""
    for ending in (".mp4", ".jpg", ".json"):
        path.with_suffix(ending).unlink()


async def all_copied(browser: Browser) -> list[dict[str, Any]]:
    """Return all clips, once each has a copy."""
    async with asyncio.timeout(LONGEST_S):
        while True:
            clips = await listed(browser)
            if all(one["copies"] and one["copies"][0]["copied_at"] for one in clips):
                return clips
            await asyncio.sleep(0.05)


async def brought(browser: Browser, clip_id: str) -> tuple[list[int], Any]:
    """Fetch a clip; return what was told of how far it is, and the last event."""
    number = await browser.subscribe("clip/fetch", clip_id=clip_id)
    done = []
    while "done_bytes" in (event := await browser.event(number)):
        assert event["done_bytes"] <= event["size_bytes"]
        done.append(event["done_bytes"])
    return done, event


async def test_away(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    place: ConfigEntry,
    open_browser: Open,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    """A clip whose file is gone is listed while it has a copy, and comes when it is played."""
    paths = [await save(hass, hass_clouds, ago) for ago in (4, 3, 2, 1)]
    contents = [path.read_bytes() for path in paths]
    picture = paths[1].with_suffix(".jpg").read_bytes()
    browser = await open_browser()
    clips = (await all_copied(browser))[::-1]
    assert [clip["path"] for clip in clips] == [str(path) for path in paths]
    assert not any(clip["away"] for clip in clips)
    number = await browser.subscribe("clips/subscribe")
    await lose(hass, paths[1])
    await browser.ask("clip/delete", clip_ids=[clips[2]["id"]])
    # Who looks already is told that it is off-site only.
    while not (told := (await browser.event(number))["changed"]):
        pass
    assert [(one["id"], one["away"]) for one in told] == [(clips[2]["id"], True)]
    now = (await listed(browser))[::-1]
    assert [(one["id"], one["away"]) for one in now] == [
        (clip["id"], number in (1, 2)) for number, clip in enumerate(clips)
    ]
    for one in now[1:3]:
        assert not one.keys() & {"url", "download"}
        assert one["media_content_id"] is None
        assert one["copies"][0]["place"] == place.title
    # Page by page, none is left out or there twice.
    pages, cursor = list[str](), dict[str, str]()
    for _ in clips:
        page = await browser.ask("clips/list", limit=1, **cursor)
        pages += [one["id"] for one in page["clips"]]
        cursor = {"cursor": page["cursor"]}
    assert pages[::-1] == [clip["id"] for clip in clips]
    assert page["cursor"] is None
    window = {"start": clips[0]["start"], "end": clips[3]["end"]}
    timeline = await browser.ask("timeline", entity_ids=[FRONT], **window)
    assert [one["away"] for one in timeline["cameras"][0]["clips"]] == [
        False,
        True,
        True,
        False,
    ]
    got = await browser.ask("clip/get", clip_id=clips[1]["id"])
    assert got["clip"]["away"]
    client = await hass_client_no_auth()
    async with client.get(got["clip"]["picture"]) as answer:
        assert (answer.status, await answer.read()) == (HTTPStatus.OK, picture)
    async with client.get(got["clip"]["picture"].partition("?")[0]) as answer:
        assert answer.status == HTTPStatus.UNAUTHORIZED

    done, event = await brought(browser, clips[1]["id"])
    assert done[0] == 0
    assert not event["clip"]["away"]
    async with client.get(event["clip"]["url"]) as answer:
        assert await answer.read() == contents[1]
    now = (await listed(browser))[::-1]
    assert [one["away"] for one in now] == [False, False, True, False]
    # What is at home is there at once.
    assert (await brought(browser, clips[0]["id"]))[1]["clip"]["url"]


async def test_empty_disk(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    place: ConfigEntry,
    open_browser: Open,
) -> None:
    """What may be on a disk that is not there stays in the library, and comes all the same."""
    path = await save(hass, hass_clouds)
    content = path.read_bytes()
    browser = await open_browser()
    (clip,) = await all_copied(browser)
    shutil.rmtree(path.parents[2])
    (now,) = await listed(browser)
    assert not now["away"]
    _, event = await brought(browser, clip["id"])
    assert event["clip"]["id"] == clip["id"]
    assert path.read_bytes() == content


async def test_cannot_come(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    place: ConfigEntry,
    store_folder: Path,
    open_browser: Open,
) -> None:
    """It is told in words why a clip cannot come: there is no copy, or no place."""
    paths = [await save(hass, hass_clouds, ago) for ago in (3, 2, 1)]
    browser = await open_browser()
    clips = (await all_copied(browser))[::-1]
    for path in paths[:2]:
        await lose(hass, path)
    (copy,) = store_folder.rglob(paths[0].name)
    copy.unlink()
    _, event = await brought(browser, clips[0]["id"])
    assert event["error"]["key"] == "copy_not_found"
    assert "Front" in event["error"]["message"]
    assert "{" not in event["error"]["message"]
    assert await hass.config_entries.async_unload(place.entry_id)
    _, event = await brought(browser, clips[1]["id"])
    assert event["error"]["key"] == "copy_not_found"
    assert "Front" in event["error"]["message"]
    assert await hass.config_entries.async_setup(place.entry_id)
    assert (await brought(browser, clips[1]["id"]))[1]["clip"]
    _, event = await brought(browser, "unknown")
    assert event["error"]["key"] == "clip_not_found"


async def test_rights_of_away(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    place: ConfigEntry,
    open_browser: Open,
    hass_client: ClientSessionGenerator,
) -> None:
    """Who may not control a camera neither sees nor fetches what is off-site only."""
    for name in ("Front", "Yard"):
        paths = [await save(hass, hass_clouds, ago, name) for ago in (2, 1)]
        browser = await open_browser()
        await all_copied(browser)
        await lose(hass, paths[0])
    away = {one["entity_id"]: one for one in await listed(browser) if one["away"]}
    somebody = await open_browser(ONE)
    assert [one["id"] for one in await listed(somebody) if one["away"]] == [
        away[FRONT]["id"]
    ]
    other = away[YARD]["id"]
    assert await somebody.refused("clip/get", clip_id=other) == "not_found"
    _, event = await brought(somebody, other)
    assert event["error"]["key"] == "clip_not_found"
    assert not Path(away[YARD]["path"]).exists()
    picture = away[YARD]["picture"].partition("?")[0]
    token = somebody.token
    client = await hass_client(token)
    assert (await client.get(picture)).status == HTTPStatus.NOT_FOUND
    mine = away[FRONT]["picture"].partition("?")[0]
    assert (await client.get(mine)).status == HTTPStatus.OK
    assert (await brought(somebody, away[FRONT]["id"]))[1]["clip"]["url"]


async def test_off_site(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    place: ConfigEntry,
    open_browser: Open,
) -> None:
    """The media browser lists what is off-site only, and plays it after it came."""
    paths = [await save(hass, hass_clouds, ago) for ago in (3, 2)]
    contents = [path.read_bytes() for path in paths]
    browser = await open_browser()
    await all_copied(browser)
    await lose(hass, paths[0])

    async def titles(tree: str = "clips") -> dict[str, str]:
        found = await async_browse_media(hass, f"media-source://{DOMAIN}/{tree}")
        titles: dict[str, str] = {}
        for one in found.children or ():
            if one.can_play:
                titles[one.media_content_id] = one.title
                assert one.thumbnail or "off-site" not in one.title
            else:
                titles |= await titles_of(one.media_content_id)
        return titles

    async def titles_of(content_id: str) -> dict[str, str]:
        return await titles(content_id.removeprefix(f"media-source://{DOMAIN}/"))

    # The first look finds out that it is gone at home.
    await titles()
    told = await titles()
    assert len(told) == 2
    (content_id,) = (one for one, title in told.items() if "off-site" in title)
    resolved = await async_resolve_media(hass, content_id, None)
    assert resolved.path
    assert resolved.path.read_bytes() == contents[0]
    assert not any("off-site" in title for title in (await titles()).values())
    # One whose whole folder is gone is not forgotten, and comes as well.
    shutil.rmtree(paths[1].parents[2])
    for one in await titles():
        resolved = await async_resolve_media(hass, one, None)
        assert resolved.path
        assert resolved.path.exists()
    assert await hass.config_entries.async_unload(place.entry_id)
    await lose(hass, paths[0])
    with pytest.raises(Unresolvable, match="No place for copies"):
        await async_resolve_media(hass, content_id, None)
