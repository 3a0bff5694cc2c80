"""Links that show a clip without a sign-in, and those who try them."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from http import HTTPStatus
import logging
import os
from typing import Any

from aiohttp import hdrs
from aiohttp.test_utils import TestClient
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from yarl import URL

from custom_components.clip_download import shares
from custom_components.clip_download.shares import DATA_SHARES
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from tests.accounts import save
from tests.clouds import Clouds

from .conftest import Browser, Open, time_of

FRONT = "camera.front"
ONE: dict[str, Any] = {"entities": {"entity_ids": {FRONT: True}}}
OTHER: dict[str, Any] = {"entities": {"entity_ids": {"camera.yard": True}}}

# What somebody gets who opens a link: the status, and the body.
type Opened = tuple[int, bytes]


@pytest.fixture
async def stranger(
    hass: HomeAssistant, entry: ConfigEntry, hass_client_no_auth: ClientSessionGenerator
) -> TestClient[Any, Any]:
    """Return somebody who is not signed in."""
    client: TestClient[Any, Any] = await hass_client_no_auth()
    return client


@pytest.fixture
def visit(stranger: TestClient[Any, Any]) -> Callable[[str], Awaitable[Opened]]:
    """Return what opens a link as a stranger."""

    async def opened(url: str, **headers: str) -> Opened:
        async with stranger.get(URL(url).path_qs, headers=headers) as response:
            assert response.headers[hdrs.CACHE_CONTROL] == "private, no-store"
            assert response.headers["Referrer-Policy"] == "no-referrer"
            assert "noindex" in response.headers["X-Robots-Tag"]
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert hdrs.SET_COOKIE not in response.headers
            return response.status, await response.read()

    return opened


async def clip_of(browser: Browser) -> dict[str, Any]:
    """Return the newest clip."""
    clips: list[dict[str, Any]] = (await browser.ask("clips/list"))["clips"]
    return clips[0]


async def share(browser: Browser, hours: int = 1) -> dict[str, Any]:
    """Share the newest clip."""
    clip = await clip_of(browser)
    answer = await browser.ask("share/create", clip_id=clip["id"], hours=hours)
    result: dict[str, Any] = answer["share"]
    return result


async def test_share(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    *,
    open_browser: Open,
    stranger: TestClient[Any, Any],
    visit: Callable[..., Awaitable[Opened]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whoever has the link sees the clip, whole and in ranges; no log has the link."""
    path = await save(hass, hass_clouds)
    await hass.config.async_update(external_url="https://home.example")
    caplog.set_level(logging.DEBUG)
    guest = await open_browser(ONE)
    made = await share(guest, hours=2)
    url, token = made["url"], URL(made["url"]).query["token"]
    assert url.startswith("https://home.example/api/clip_download/share?token=")
    assert len(token) >= 43
    assert time_of(made["expires_at"]) - time_of(made["created_at"]) == timedelta(
        hours=2
    )
    content = path.read_bytes()
    assert await visit(url) == (HTTPStatus.OK, content)
    assert await visit(url, Range="bytes=5-9") == (
        HTTPStatus.PARTIAL_CONTENT,
        content[5:10],
    )
    async with stranger.head(URL(url).path_qs) as response:
        assert response.status == HTTPStatus.OK
        assert response.content_length == len(content)
        assert response.content_type == "video/mp4"
        told = response.headers[hdrs.CONTENT_DISPOSITION]
        assert told.startswith(f'inline; filename="{path.name}"')
    for method in ("post", "put", "delete", "patch"):
        async with getattr(stranger, method)(URL(url).path_qs) as response:
            assert response.status == HTTPStatus.METHOD_NOT_ALLOWED

    (listed,) = (await guest.ask("share/list"))["shares"]
    assert listed == {**made, "url": None, "opened": 1}
    assert listed["path"] == str(path)
    # Home Assistant turns the first off; the second has all that a browser is sent.
    others = ("aiohttp.access", "homeassistant.components.websocket_api")
    logged = [
        one.getMessage() for one in caplog.records if not one.name.startswith(others)
    ]
    assert not [line for line in logged if token in line]
    assert [line for line in logged if "/api/clip_download/share" in line]

    # What is stored does not open anything.
    stored = hass.data[DATA_SHARES]
    (kept,) = stored.async_all()
    for guess in (kept.token, kept.id, kept.clip_id, kept.sha256):
        status, body = await visit(f"{shares.URL}?token={guess}")
        assert (status, body) == (HTTPStatus.NOT_FOUND, b"")


async def test_what_opens_nothing(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    *,
    open_browser: Open,
    stranger: TestClient[Any, Any],
) -> None:
    """All that is not valid is answered alike, also as to its headers."""
    await save(hass, hass_clouds)
    browser = await open_browser()
    revoked = await share(browser)
    await browser.ask("share/revoke", share_id=revoked["id"])
    token = URL((await share(browser))["url"]).query["token"]
    answers = set()
    for query in (
        "",
        "?token=",
        f"?token={token[:-1]}",
        f"?token={token}x",
        f"?token={token.swapcase()}",
        f"?token=%FF%FE{token[2:]}",
        f"?token={token}%20",
        "?token=" + "x" * 3000,
        "?token=%F0%9F%98%80",
        f"?token[]={token}",
        f"?Token={token}",
        f"?{token}",
        f"?{URL(revoked['url']).query_string}",
    ):
        url = URL(f"{shares.URL}{query}", encoded=True)
        async with stranger.get(url) as response:
            headers = {**response.headers}
            headers.pop(hdrs.DATE)
            answers.add((response.status, await response.read(), str(headers)))
    assert len(answers) == 1
    assert next(iter(answers))[:2] == (HTTPStatus.NOT_FOUND, b"")
    for path in (f"/{token}", f"/..%2F{token}", f"/../share?token={token}x"):
        url = URL(f"{shares.URL}{path}", encoded=True)
        async with stranger.get(url) as response:
            # Home Assistant itself refuses the second.
            assert response.status in {HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST}


async def test_links_end(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    *,
    open_browser: Open,
    visit: Callable[..., Awaitable[Opened]],
) -> None:
    """With their time, their clip, their maker's right, or when they are revoked."""
    path = await save(hass, hass_clouds)
    content = path.read_bytes()
    browser, guest = await open_browser(), await open_browser(ONE)
    mine, theirs = await share(browser, hours=1), await share(guest, hours=168)
    assert [one["id"] for one in (await browser.ask("share/list"))["shares"]] == [
        mine["id"],
        theirs["id"],
    ]
    assert [one["id"] for one in (await guest.ask("share/list"))["shares"]] == [
        theirs["id"]
    ]
    assert await guest.refused("share/revoke", share_id=mine["id"]) == "not_found"

    # Another file in its place, of the same size and of its name.
    about = path.stat()
    path.write_bytes(content[::-1])
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
    for url in (mine["url"], theirs["url"]):
        assert await visit(url) == (HTTPStatus.NOT_FOUND, b"")
    path.write_bytes(content)
    assert await visit(theirs["url"]) == (HTTPStatus.OK, content)
    aside = path.with_name("aside")
    path.rename(aside)
    path.symlink_to(aside)
    assert await visit(theirs["url"]) == (HTTPStatus.NOT_FOUND, b"")
    path.unlink()
    aside.rename(path)

    # Who made it may not see the camera any more.
    (kept,) = (
        one for one in hass.data[DATA_SHARES].async_all() if one.id == theirs["id"]
    )
    user = await hass.auth.async_get_user(kept.user_id or "")
    assert user is not None
    for change in ("policy", "inactive"):
        if change == "policy":
            user.mock_policy(OTHER)  # type: ignore[attr-defined]
        else:
            user.is_active = False
        assert await visit(theirs["url"]) == (HTTPStatus.NOT_FOUND, b"")
        user.is_active = True
        user.mock_policy(ONE)  # type: ignore[attr-defined]
        assert (await visit(theirs["url"]))[0] == HTTPStatus.OK
    # Somebody who may sign in at home only shares within their home.
    user.local_only = True
    assert (await visit(theirs["url"]))[0] == HTTPStatus.OK

    assert await visit(mine["url"]) == (HTTPStatus.OK, content)
    (kept,) = (
        one for one in hass.data[DATA_SHARES].async_all() if one.id == mine["id"]
    )
    kept.expires_at = dt_util.utcnow().isoformat()
    assert await visit(mine["url"]) == (HTTPStatus.NOT_FOUND, b"")
    assert await visit(theirs["url"]) == (HTTPStatus.OK, content)
    assert len(hass.data[DATA_SHARES].async_all()) == 1

    # Home Assistant starts again.
    await hass.data[DATA_SHARES].async_load()
    assert await visit(theirs["url"]) == (HTTPStatus.OK, content)
    clip_id = theirs["clip_id"]
    entity = er.async_get(hass).async_get(FRONT)
    assert entity is not None
    er.async_get(hass).async_remove(FRONT)
    assert await visit(theirs["url"]) == (HTTPStatus.NOT_FOUND, b"")
    await browser.ask("clip/delete", clip_ids=[clip_id])
    await hass.async_block_till_done()
    assert hass.data[DATA_SHARES].async_all() == []


async def test_who_may_share(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    *,
    open_browser: Open,
    visit: Callable[..., Awaitable[Opened]],
    hass_storage: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who may not control the camera shares nothing of it; there are not endless links."""
    await save(hass, hass_clouds)
    browser, other = await open_browser(), await open_browser(OTHER)
    clip_id = (await clip_of(browser))["id"]
    asked = {"clip_id": clip_id, "hours": 1}
    assert await other.refused("share/create", **asked) == "not_found"
    for hours in (0, 169, -1, 1.5, "1", None):
        code = await browser.refused("share/create", clip_id=clip_id, hours=hours)
        assert code == "invalid_format"
    code = await browser.refused("share/create", clip_id="nobody's", hours=1)
    assert code == "not_found"
    monkeypatch.setattr(shares, "MOST_OF_A_USER", 2)
    made = [await share(browser), await share(browser)]
    assert len({one["url"] for one in made}) == 2
    code = await browser.refused("share/create", **asked)
    assert code == "service_validation_error"
    assert (await other.ask("share/list"))["shares"] == []

    # Revoked is revoked, also after a kill: it is stored before it is told.
    await browser.ask("share/revoke", share_id=made[0]["id"])
    (stored,) = hass_storage["clip_download.shares"]["data"]["shares"]
    assert stored["id"] == made[1]["id"]
    assert URL(made[1]["url"]).query["token"] not in str(hass_storage)
    assert await visit(made[0]["url"]) == (HTTPStatus.NOT_FOUND, b"")
    assert (await visit(made[1]["url"]))[0] == HTTPStatus.OK
    assert await browser.refused("share/revoke", share_id=made[0]["id"]) == "not_found"


async def test_link_of_an_automation(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    *,
    open_browser: Open,
    visit: Callable[..., Awaitable[Opened]],
) -> None:
    """It is nobody's: an administrator revokes it, and nobody else knows of it."""
    path = await save(hass, hass_clouds)
    call = {"clip": str(path), "duration": {"hours": 3}}
    link = await hass.services.async_call(
        "clip_download", "share_clip", call, blocking=True, return_response=True
    )
    assert link
    life = datetime.fromisoformat(str(link["expires_at"])) - dt_util.utcnow()
    assert timedelta(hours=2) < life <= timedelta(hours=3)
    assert await visit(str(link["url"])) == (HTTPStatus.OK, path.read_bytes())
    guest, admin = await open_browser(ONE), await open_browser()
    assert (await guest.ask("share/list"))["shares"] == []
    (one,) = (await admin.ask("share/list"))["shares"]
    assert (one["clip_id"], one["user"]) == (link["clip_id"], None)
    await admin.ask("share/revoke", share_id=one["id"])
    assert await visit(str(link["url"])) == (HTTPStatus.NOT_FOUND, b"")
    path.unlink()
    with pytest.raises(ServiceValidationError):
        await hass.services.async_call(
            "clip_download", "share_clip", call, blocking=True, return_response=True
        )
