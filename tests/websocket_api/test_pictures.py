"""Pictures of what is not saved: of events, and of any past moment."""

import asyncio
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, patch

from PIL import Image
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.clip_download import pictures
from custom_components.clip_download.engine.errors import RefusedError
from custom_components.clip_download.engine.sources.ring import (
    pictures as ring_pictures,
)
from homeassistant.core import HomeAssistant
from tests.accounts import add_camera, cloud_of, set_up
from tests.clouds import Clouds

from .conftest import Open, time_of

HOUR = timedelta(hours=1)
OTHER: dict[str, Any] = {"entities": {"entity_ids": {"camera.other": True}}}


@pytest.mark.parametrize("is_old", [False, True])
async def test_pictures_of_events(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    media_dir: Path,
    *,
    open_browser: Open,
    hass_client_no_auth: ClientSessionGenerator,
    monkeypatch: pytest.MonkeyPatch,
    is_old: bool,
) -> None:
    """Ring's own is fetched when somebody looks, once, also when its address is old."""
    camera = hass_clouds.ring.add_camera("Front")
    start = datetime.now(UTC).replace(microsecond=0) - HOUR
    hass_clouds.ring.add_event(camera, start=start, duration_s=3)
    await set_up(hass, hass_clouds, "ring")
    browser = await open_browser()
    window = {"start": (start - HOUR).isoformat(), "end": (start + HOUR).isoformat()}
    answer = await browser.ask("timeline", entity_ids=["camera.front"], **window)
    (event,) = answer["cameras"][0]["events"]
    assert (event["clip_id"], event["is_ready"]) == (None, True)
    if is_old:
        monkeypatch.setattr(ring_pictures, "URL_LIFETIME_S", -1)
    client = await hass_client_no_auth()
    assert not hass_clouds.ring.asked("thumbnail")
    for _ in range(2):
        async with client.get(event["picture"]) as response:
            assert response.status == HTTPStatus.OK
            assert response.content_type == "image/jpeg"
            Image.open(BytesIO(await response.read())).verify()
    plain = event["picture"].partition("?")[0]
    stranger = await open_browser(OTHER)
    number = await stranger.send("auth/sign_path", path=plain)
    theirs = (await stranger.heard(number))["result"]["path"]
    for url, status in (
        (plain, HTTPStatus.UNAUTHORIZED),
        (theirs, HTTPStatus.NOT_FOUND),
    ):
        async with client.get(url) as response:
            assert response.status == status


async def test_no_picture_of_an_event(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    media_dir: Path,
    *,
    open_browser: Open,
    hass_client_no_auth: ClientSessionGenerator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One that the cloud, the camera or the account has no more is not found."""
    monkeypatch.setattr(pictures, "MOST_KNOWN", 1)
    camera = hass_clouds.ring.add_camera("Front")
    start = datetime.now(UTC).replace(microsecond=0) - HOUR
    for age in (HOUR, 2 * HOUR):
        hass_clouds.ring.add_event(camera, start=start - age, duration_s=3)
    entry = await set_up(hass, hass_clouds, "ring")
    browser = await open_browser()
    window = {"start": (start - 3 * HOUR).isoformat(), "end": start.isoformat()}
    answer = await browser.ask("timeline", entity_ids=["camera.front"], **window)
    urls = [event["picture"] for event in answer["cameras"][0]["events"]]
    client = await hass_client_no_auth()

    async def found() -> list[bool]:
        """Return which of the pictures are there."""
        answers = [await client.get(url) for url in urls]
        return [answer.status == HTTPStatus.OK for answer in answers]

    source = entry.runtime_data.source
    refuse = AsyncMock(side_effect=RefusedError("no_footage"))
    with patch.object(source, "event_picture", refuse):
        assert await found() == [False, False]
    # Only the last one is remembered.
    assert refuse.await_count == 1
    hass_clouds.ring.remove_camera(camera)
    await entry.runtime_data.coordinator.async_refresh()
    assert await found() == [False, False]
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert await found() == [False, False]


@pytest.mark.parametrize("kind", ["kinesis", "meraki"])
async def test_picture_at(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    media_dir: Path,
    *,
    open_browser: Open,
    hass_client_no_auth: ClientSessionGenerator,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
) -> None:
    """Of all that a person drags over, the cloud is asked for what was asked for last."""
    monkeypatch.setattr(pictures, "APART_S", 0.05)
    add_camera(hass_clouds, kind, "Front")
    cloud = cloud_of(hass_clouds, kind)
    path = {"kinesis": "getImages", "meraki": "generateSnapshot"}[kind]
    entry = await set_up(hass, hass_clouds, kind)
    browser = await open_browser()
    (camera,) = (await browser.ask("cameras"))["cameras"]
    assert camera["has_pictures"]
    at = datetime.now(UTC).replace(microsecond=0) - HOUR
    before = len(cloud.asked(path))
    source = entry.runtime_data.source
    ask, is_sent = source.picture_at, asyncio.Event()

    async def picture_at(*args: Any) -> Any:
        await is_sent.wait()
        return await ask(*args)

    monkeypatch.setattr(source, "picture_at", picture_at)
    moments = [at + timedelta(minutes=minute) for minute in range(5)]
    numbers = [
        await browser.send(
            "clip_download/picture_at",
            entity_id="camera.front",
            at=moment.isoformat(),
        )
        for moment in moments
    ]
    await browser.heard(await browser.send("ping"))
    is_sent.set()
    answers = [(await browser.heard(number))["result"] for number in numbers]
    assert [bool(answer["picture"]) for answer in answers] == [True, *[False] * 3, True]
    assert len(cloud.asked(path)) - before == 2
    assert abs(time_of(answers[-1]["at"]) - moments[-1]) <= timedelta(seconds=2)
    client = await hass_client_no_auth()
    async with client.get(answers[-1]["picture"]) as response:
        assert response.status == HTTPStatus.OK
        Image.open(BytesIO(await response.read())).verify()

    # Again, and what there is not.
    asked = len(cloud.asked(path))
    again = await browser.ask(
        "picture_at", entity_id="camera.front", at=moments[-1].isoformat()
    )
    assert again["at"] == answers[-1]["at"]
    for nothing in ("1970-01-01T00:00:00Z", "2999-01-01T00:00:00Z", "0001-01-01"):
        answer = await browser.ask("picture_at", entity_id="camera.front", at=nothing)
        assert answer == {"picture": None, "at": None}
    assert len(cloud.asked(path)) == asked
    old = (at - 24 * 60 * HOUR).isoformat()
    answer = await browser.ask("picture_at", entity_id="camera.front", at=old)
    assert answer == {"picture": None, "at": None}
    stranger = await open_browser(OTHER)
    code = await stranger.refused("picture_at", entity_id="camera.front", at=old)
    assert code == "not_found"
