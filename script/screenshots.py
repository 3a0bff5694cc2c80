"""Take pictures of the integration in Home Assistant's own pages.

Run by `script/screenshots`. It saves clips first, so that there is something to see.
"""

import argparse
import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
import shutil
import sys
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from playwright.async_api import Page, TimeoutError, async_playwright

from tests.demo import bell
from tests.demo.home import TIME_ZONE
from tests.demo.run import FOLDER, RECORDING_S, Stage, free_port, main_job, running

FLOW = "/config/integrations/dashboard/add?domain=clip_download"
ACTION = "/config/developer-tools/action"
# The account whose bell has rung.
ACCOUNT = "Ring someone@example.com"
CHROMIUM = "/usr/bin/chromium"
WIDTH, HEIGHT = 1280, 900
REPAIRS = "/config/repairs"
ACTION_HEIGHT = 1900
SECTIONS = (
    "Automatic saving",
    "Automatic deletion",
    "Automatic deletion, all accounts together",
)
# Dialogs and pictures need a moment to be there.
SETTLE_MS = 1500
PLAY_MS = 3000


class Camera:
    """Takes pictures of one browser page, signed in to Home Assistant."""

    def __init__(self, page: Page, stage: Stage, folder: Path) -> None:
        """Take the page, what runs, and where the pictures go."""
        self.page = page
        self.stage = stage
        self.folder = folder

    async def sign_in(self) -> None:
        """Sign in as a person does."""
        await self.page.goto(self.stage.home.url)
        await self.page.locator("input[name=username]").fill(self.stage.home.username)
        await self.page.locator("input[name=password]").fill(self.stage.home.password)
        await self.page.keyboard.press("Enter")
        await self.page.wait_for_url(lambda url: "/auth/authorize" not in url)
        await self.page.locator("home-assistant-main").wait_for()

    async def open(self, path: str) -> None:
        """Open one of Home Assistant's pages."""
        await self.page.goto(self.stage.home.url + path)
        await self.page.locator("home-assistant-main").wait_for()
        await self.page.wait_for_timeout(SETTLE_MS)

    async def shoot(
        self, name: str, *, height: int = HEIGHT, of: str | None = None
    ) -> None:
        """Take a picture of a window that is so many pixels high, or of a part of it."""
        path = self.folder / f"{name}.png"
        await self.page.set_viewport_size({"width": WIDTH, "height": height})
        await self.page.wait_for_timeout(SETTLE_MS)
        if of is None:
            await self.page.screenshot(path=path)
        else:
            await self.page.locator(of).last.screenshot(path=path)
        print(path, flush=True)

    async def click(self, text: str) -> None:
        """Click what bears a text."""
        await self.page.get_by_text(text, exact=True).last.click()
        await self.page.wait_for_timeout(SETTLE_MS)

    async def click_if_there(self, text: str) -> None:
        """Click what bears a text: a folder with one folder in it is passed over."""
        if await self.page.get_by_text(text, exact=True).count():
            await self.click(text)


async def open_menu(camera: Camera) -> None:
    """Begin to add another account."""
    await camera.open(FLOW)
    await camera.click("OK")


async def flows(camera: Camera) -> None:
    """Show the config flow: its menu, each form, the code, and a refused password."""
    await open_menu(camera)
    await camera.shoot("flow_menu")
    for name, text in (
        ("ring", "Ring"),
        ("meraki", "Cisco Meraki"),
        ("kinesis", "Amazon Kinesis Video Streams"),
    ):
        await open_menu(camera)
        await camera.click(text)
        await camera.shoot(f"flow_{name}")
    ring = camera.stage.cast.clouds.ring
    await open_menu(camera)
    await camera.click("Ring")
    fields = camera.page.locator("step-flow-form input")
    await fields.nth(0).fill(ring.username)
    await fields.nth(1).fill("wrong")
    await camera.page.keyboard.press("Enter")
    await camera.shoot("flow_refused")
    await fields.nth(1).fill(ring.password)
    await camera.page.keyboard.press("Enter")
    await camera.shoot("flow_2fa")


async def account(camera: Camera) -> None:
    """Show the integration's page, and the cameras' devices."""
    await camera.open("/config/integrations/integration/clip_download")
    await camera.shoot("integration")
    async with camera.stage.home.websocket() as websocket:
        devices = await websocket.ask("config/device_registry/list")
    for device in devices:
        if device["identifiers"] and device["identifiers"][0][0] == "clip_download":
            await camera.open(f"/config/devices/device/{device['id']}")
            await camera.shoot(f"device_{device['name'].lower().replace(' ', '_')}")


async def options(camera: Camera) -> None:
    """Show the options of each account."""
    await camera.open("/config/integrations/integration/clip_download")
    buttons = camera.page.get_by_label("Configure", exact=True)
    for number in range(await buttons.count()):
        await camera.open("/config/integrations/integration/clip_download")
        await buttons.nth(number).click()
        await camera.page.wait_for_timeout(SETTLE_MS)
        for section in SECTIONS:
            for found in await camera.page.get_by_text(section, exact=True).all():
                await found.click()
        await camera.shoot(f"options_{number}", height=ACTION_HEIGHT)


async def events(camera: Camera) -> None:
    """Show the actions about events: their forms, and what is listed."""
    for name in ("save_events", "list_events"):
        await fill_action(
            camera,
            {
                "action": f"clip_download.{name}",
                "target": {"entity_id": bell.CAMERA},
                "data": {"date": f"{datetime.now(ZoneInfo(TIME_ZONE)):%F}"},
            },
        )
        await camera.shoot(f"action_{name}", height=ACTION_HEIGHT)
        await perform(camera, f"action_{name}_answered", "Response")


async def action(camera: Camera) -> None:
    """Show the action's form: empty, filled in, and with its answer."""
    for name in ("save_clip", "cancel"):
        await fill_action(camera, {"action": f"clip_download.{name}"})
        await camera.shoot(f"action_{name}_empty", height=ACTION_HEIGHT)
    # As the form writes it: local time, with a blank.
    start = datetime.now(ZoneInfo(TIME_ZONE)) - timedelta(minutes=5)
    data = {
        "action": "clip_download.save_clip",
        "target": {"entity_id": camera.stage.entities["meraki"]},
        "data": {
            "start": f"{start:%Y-%m-%d %H:%M:%S}",
            "duration": {"seconds": 30},
            "label": "parcel",
        },
    }
    await fill_action(camera, data)
    await camera.shoot("action_filled", height=ACTION_HEIGHT)
    await perform(camera, "action_answered", "media_content_id")


async def fill_action(camera: Camera, data: Mapping[str, Any]) -> None:
    """Open the page of an action as somebody left it."""
    await camera.page.evaluate(
        "state => localStorage.setItem('panel-dev-action-state-service-data', state)",
        json.dumps(data),
    )
    await camera.open(ACTION)
    # It opens as it was left; what can be chosen has its words when it is shown again.
    await camera.click("YAML mode")
    await camera.click("UI mode")


async def repairs(camera: Camera) -> None:
    """Show what only a person can mend: the list, and what is told of each."""
    home, clouds = camera.stage.home, camera.stage.cast.clouds
    front, back = clouds.ring.cameras
    switches = [
        f"switch.{name}_save_automatically" for name in ("front_door", "back_door")
    ]
    await home.post("/api/services/switch/turn_on", {"entity_id": switches})
    front.has_subscription = False
    clouds.ring.remove_camera(back)
    clouds.ring.add_camera(back.name)
    clouds.ring_partner.cameras[0].has_plan = False
    clouds.kinesis.streams[0].retention_hours = 0
    start = datetime.now(UTC) - timedelta(minutes=5)
    window = {"start": start.isoformat(), "duration": {"seconds": 5}}
    cameras = [camera.stage.entities[kind] for kind in ("ring_partner", "kinesis")]
    await home.act("save_clip", {"entity_id": cameras, **window})
    aside = home.media.rename(home.media.with_name("aside"))
    async with home.websocket() as websocket:
        entries = await websocket.ask("config_entries/get", domain="clip_download")
        for entry in entries:
            if entry["title"].startswith(("Ring", "Meraki")):
                await home.post(
                    f"/api/config/config_entries/entry/{entry['entry_id']}/reload", {}
                )
        await camera.open(REPAIRS)
        await camera.shoot("repairs")
        words = await websocket.ask(
            "frontend/get_translations", language="en", category="issues"
        )
        told = await websocket.ask("repairs/list_issues")
    for issue in told["issues"]:
        key = issue["translation_key"]
        title = words["resources"][f"component.{issue['domain']}.issues.{key}.title"]
        await camera.open(REPAIRS)
        await camera.click(title.format(**issue["translation_placeholders"]))
        await camera.shoot(f"repairs_{key}")
    aside.rename(home.media)


async def perform(camera: Camera, name: str, awaited: str) -> None:
    """Perform the action that is filled in, and show its answer."""
    await camera.click("YAML mode")
    await camera.click("Perform action")
    await camera.page.get_by_text(awaited).first.wait_for()
    await camera.shoot(name, of="ha-card:has-text('Response')")


async def library(camera: Camera) -> None:
    """Show the library: its pages, a search, and a recording of the cloud played."""
    ring = camera.stage.cast.clouds.ring
    (door,) = (one for one in ring.cameras if one.name == bell.NAME)
    event = ring.ring_doorbell(
        door, start=datetime.now(UTC) - timedelta(minutes=7), duration_s=RECORDING_S
    )
    await camera.open("/media-browser/browser")
    await camera.shoot("library_sources")
    await camera.click("Clip Download")
    await camera.shoot("library_trees")
    await camera.click("Clips")
    await camera.shoot("library_accounts")
    await camera.page.locator("input").last.fill("ding")
    await camera.page.keyboard.press("Enter")
    await camera.shoot("library_search")
    await camera.open("/media-browser/browser")
    for text in ("Clip Download", "Clips", ACCOUNT, bell.NAME):
        await camera.click_if_there(text)
    await camera.shoot("library_days")
    day = f"{event.start.astimezone(ZoneInfo(TIME_ZONE)):%F}"
    await camera.click(day)
    await camera.shoot("library_day")
    await camera.open("/media-browser/browser")
    for text in ("Clip Download", "Cloud", ACCOUNT):
        await camera.click_if_there(text)
    await camera.shoot("library_cloud_cameras")
    await camera.click(bell.NAME)
    await camera.shoot("library_cloud_days")
    await camera.page.get_by_text(f"{day} (").last.click()
    await camera.page.wait_for_timeout(SETTLE_MS)
    await camera.shoot("library_cloud_day")
    await camera.page.locator("ha-card").last.click()
    await camera.page.wait_for_timeout(PLAY_MS)
    await camera.shoot("library_cloud_played")


async def media(camera: Camera) -> None:
    """Show the saved clips in the media browser."""
    folder = "media-source://media_source/local/clip_download"
    parts = [folder]
    for part in min(camera.stage.home.media.glob("clip_download/*/*")).parts[-2:]:
        parts.append(f"{parts[-1]}/{part}")
    for number, part in enumerate(parts):
        path = quote(f",{part}", safe="")
        await camera.open(f"/media-browser/browser/{path}")
        await camera.shoot(f"media_{number}")
    await camera.page.locator("ha-card:has-text('.mp4')").last.click()
    await camera.page.wait_for_timeout(PLAY_MS)
    await camera.shoot("media_played")


# What is broken for it is left broken.
PARTS = (flows, account, options, action, events, library, media, repairs)


@asynccontextmanager
async def browser(stage: Stage, folder: Path) -> AsyncIterator[Camera]:
    """Run a browser that is signed in."""
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        page = await chromium.new_page(
            viewport={"width": WIDTH, "height": HEIGHT}, locale="en-GB"
        )
        camera = Camera(page, stage, folder)
        await camera.sign_in()
        yield camera
        await chromium.close()


async def shoot_all(port: int) -> int:
    """Take all the pictures; return how many could not be taken."""
    folder = FOLDER / "screenshots"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    failed = 0
    async with running(port) as stage:
        for fault in await main_job(stage):
            print(f"WRONG: {fault}", file=sys.stderr)
        async with browser(stage, folder) as camera:
            for part in PARTS:
                try:
                    await part(camera)
                except TimeoutError as err:
                    failed += 1
                    await camera.shoot(f"failed_{part.__name__}")
                    print(f"{part.__name__}: {err}", file=sys.stderr)
    return failed


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="script/screenshots", description=__doc__)
    parser.add_argument("--port", type=int, help="default: any free one")
    sys.exit(asyncio.run(shoot_all(parser.parse_args().port or free_port())))
