"""Clips as files, over HTTP: whole and in ranges, for whoever may have them."""

from http import HTTPStatus
from pathlib import Path
from typing import Any

from aiohttp import hdrs
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.clip_download.downloads import disposition
from homeassistant.core import HomeAssistant
from tests.accounts import save, set_up
from tests.clouds import Clouds

from .conftest import Open

ONE: dict[str, Any] = {"entities": {"entity_ids": {"camera.front": True}}}
OTHER: dict[str, Any] = {"entities": {"entity_ids": {"camera.yard": True}}}


async def test_download(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    media_dir: Path,
    open_browser: Open,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    """It comes by its name, whole or in ranges; no link or other file in its place."""
    hass_clouds.ring.add_camera("Front")
    hass_clouds.ring.add_camera("Yard")
    await set_up(hass, hass_clouds, "ring")
    path = await save(hass, hass_clouds)
    content, size = path.read_bytes(), path.stat().st_size
    browser = await open_browser(ONE)
    (clip,) = (await browser.ask("clips/list"))["clips"]
    client = await hass_client_no_auth()
    url: str = clip["download"]

    for asked, status, start, sent in (
        (None, HTTPStatus.OK, 0, content),
        ("bytes=0-", HTTPStatus.PARTIAL_CONTENT, 0, content),
        ("bytes=0-0", HTTPStatus.PARTIAL_CONTENT, 0, content[:1]),
        ("bytes=10-19", HTTPStatus.PARTIAL_CONTENT, 10, content[10:20]),
        (
            f"bytes={size - 5}-{size + 5}",
            HTTPStatus.PARTIAL_CONTENT,
            size - 5,
            content[-5:],
        ),
        ("bytes=-7", HTTPStatus.PARTIAL_CONTENT, size - 7, content[-7:]),
        (f"bytes=-{size * 2}", HTTPStatus.PARTIAL_CONTENT, 0, content),
        (f"bytes={size}-", HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, 0, b""),
        ("bytes=9-3", HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, 0, b""),
        ("bytes=0-1,5-6", HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, 0, b""),
        ("lines=1-2", HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, 0, b""),
    ):
        headers = {hdrs.RANGE: asked} if asked else {}
        async with client.get(url, headers=headers) as response:
            assert (response.status, await response.read()) == (status, sent), asked
        async with client.head(url, headers=headers) as response:
            assert (response.status, await response.read()) == (status, b"")
            if sent:
                assert response.content_length == len(sent)
                assert path.name in response.headers[hdrs.CONTENT_DISPOSITION]
                assert response.content_type == "video/mp4"
            if status is HTTPStatus.PARTIAL_CONTENT:
                told = f"bytes {start}-{start + len(sent) - 1}/{size}"
                assert response.headers[hdrs.CONTENT_RANGE] == told
    etag = response.headers[hdrs.ETAG]
    for known, count in ((etag, 1), ('"another"', size)):
        headers = {hdrs.RANGE: "bytes=0-0", hdrs.IF_RANGE: known}
        async with client.get(url, headers=headers) as response:
            assert len(await response.read()) == count

    # Whoever is asked as nobody, or with the rights of somebody else, gives nothing.
    plain = url.partition("?")[0]
    async with client.get(plain) as response:
        assert response.status == HTTPStatus.UNAUTHORIZED
    stranger = await open_browser(OTHER)
    number = await stranger.send("auth/sign_path", path=plain)
    theirs = (await stranger.heard(number))["result"]["path"]
    async with client.get(theirs) as response:
        assert response.status == HTTPStatus.NOT_FOUND
    secret = media_dir / "secret"
    secret.write_bytes(content)
    path.unlink()
    path.symlink_to(secret)
    async with client.get(url) as response:
        assert response.status == HTTPStatus.NOT_FOUND
    path.unlink()
    path.write_bytes(content + b"more")
    async with client.get(url) as response:
        assert response.status == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("a b.mp4", "filename=\"a b.mp4\"; filename*=UTF-8''a%20b.mp4"),
        (
            '"\r\nX: y%.mp4',
            "filename=\"___X: y_.mp4\"; filename*=UTF-8''%22%0D%0AX%3A%20y%25.mp4",
        ),
        ("Tür.mp4", "filename=\"T_r.mp4\"; filename*=UTF-8''T%C3%BCr.mp4"),
    ],
)
def test_names(name: str, told: str) -> None:
    """No name of a file gets out of its header."""
    assert disposition(name, is_download=True) == f"attachment; {told}"
