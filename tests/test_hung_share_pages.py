"""In Home Assistant, a share that hangs keeps no thread of Home Assistant's own waiting."""

import asyncio
from http import HTTPStatus
from pathlib import Path
import threading
from typing import Any

import pytest
from pytest_homeassistant_custom_component.typing import (
    ClientSessionGenerator,
    WebSocketGenerator,
)

from custom_components.clip_download.const import DOMAIN
from custom_components.clip_download.downloads import download_path
from custom_components.clip_download.engine import storage
from homeassistant.core import HomeAssistant
from homeassistant.runner import MAX_EXECUTOR_WORKERS
from homeassistant.setup import async_setup_component

from .clouds import Clouds
from .hung_share import hung
from .test_hung_share import save
from .test_media_source import CLIPS, Browser


async def all_threads_are_free(hass: HomeAssistant) -> bool:
    """Return whether every thread of Home Assistant's own can still be used."""
    together = threading.Barrier(MAX_EXECUTOR_WORKERS)

    def meet() -> bool:
        try:
            together.wait(10)
        except threading.BrokenBarrierError:
            return False
        return True

    return all(
        await asyncio.gather(
            *(hass.async_add_executor_job(meet) for _ in range(MAX_EXECUTOR_WORKERS))
        )
    )


@pytest.fixture(autouse=True)
def little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Find out soon that a storage hangs."""
    monkeypatch.setattr(storage, "ANSWER_WITHIN_S", 2.0)


@pytest.fixture
async def browser(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    hass_client: ClientSessionGenerator,
) -> Browser:
    """Return the browser of an administrator."""
    assert await async_setup_component(hass, "media_source", {})
    return Browser(await hass_ws_client(), await hass_client())


@pytest.mark.usefixtures("entry")
async def test_pages(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    media_dir: Path,
    browser: Browser,
    hass_client: ClientSessionGenerator,
) -> None:
    """Clips are still listed; what plays or shows one of the share's fails soon."""
    client = await hass_client()
    share = media_dir / "nas"
    share.mkdir()
    there = await save(hass, hass_clouds, "nas/clip")
    home = await save(hass, hass_clouds, "home/clip")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert await all_threads_are_free(hass)
    with hung(share):
        page = await browser.open(CLIPS)
        while "/" in page["media_content_id"] and page["children"][0]["can_expand"]:
            page = await browser.open(page["children"][0]["media_content_id"])
        assert len(page["children"]) == 2
        # Only the picture that is at home has a link.
        assert sum(bool(one["thumbnail"]) for one in page["children"]) == 1
        for _ in range(3):
            answers = [
                await browser.ask(
                    "resolve_media", media_content_id=one["media_content_id"]
                )
                for one in page["children"]
            ]
            assert sorted(answer["success"] for answer in answers) == [False, True]
            (error,) = (one["error"] for one in answers if not one["success"])
            assert f"{share} does not respond" in error["message"], error
            answer = await client.get(download_path(there["clip_id"]))
            assert answer.status == HTTPStatus.SERVICE_UNAVAILABLE
            answer = await client.get(download_path(home["clip_id"]))
            assert answer.status == HTTPStatus.OK
            assert await answer.read()
        pruning: Any = await hass.services.async_call(
            DOMAIN, "next_pruning", {}, blocking=True, return_response=True
        )
        assert pruning["free_bytes"]
        assert await all_threads_are_free(hass)
