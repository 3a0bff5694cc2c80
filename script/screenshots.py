"""Take pictures of the panel, the card and the integration in Home Assistant's own pages.

Run by `script/screenshots`. It saves clips first, so that there is something to see.
"""

import argparse
import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
import json
from math import cos, pi
from pathlib import Path
import re
import shutil
import sys
from typing import Any, NamedTuple
from urllib.parse import quote
from zoneinfo import ZoneInfo

from PIL import Image
from playwright.async_api import (
    Browser,
    Error,
    Locator,
    Page,
    StorageState,
    async_playwright,
    expect,
)

from tests.demo import bell, opening
from tests.demo.home import CHECKOUT, TIME_ZONE
from tests.demo.run import FOLDER, RECORDING_S, Stage, alone, running
from tests.demo.visitor import (
    CHROMIUM,
    JOB_MS,
    PAGE_MS,
    PANEL,
    Line,
    Visitor,
    ago,
    saved_clip,
    sign_in,
    visit,
)
from tests.ports import free_port

IMAGES = CHECKOUT / "docs" / "images"
FLOW = "/config/integrations/dashboard/add?domain=clip_download"
ACTION = "/config/developer-tools/action"
# The account whose bell has rung.
ACCOUNT = "Ring someone@example.com"
WIDTH, HEIGHT = 1280, 900
REPAIRS = "/config/repairs"
ACTION_HEIGHT = 1900
SECTIONS = (
    "Automatic saving",
    "Automatic deletion",
    "Automatic deletion, all accounts combined",
)
# Dialogs and pictures need a moment to be there.
SETTLE_MS = 1500
PLAY_MS = 3000


# Without a try in between, a job fails at once.
DENIED = '{"__type": "AccessDeniedException"}'
DRIP_BYTES_PER_S = 600_000

# The moving picture: how large, how fast, and for how many milliseconds things are shown.
MOVING = "save.webp"
FILM_VIEWPORT = {"width": 860, "height": 900}
FILM_WIDTH, FILM_QUALITY = 720, 60
FILM_BYTES_PER_S = 2_000_000
MOVE_STEPS, MOVE_MS = 8, 60
LOOK_MS, PROGRESS_MS, PLAYED, PLAYED_MS = 1000, 100, 16, 200
PROGRESS_EVERY_MS = 300
SHOW_MOUSE = """() => {
  const arrow = document.createElement("div");
  arrow.innerHTML = `<svg width="24" height="24" viewBox="0 0 24 24">
    <path d="M5 2v17l4.5-4 3 6.5 3-1.4-3-6.3H19z" fill="#111" stroke="#fff" stroke-width="1.5"/></svg>`;
  arrow.style = "position: fixed; z-index: 99999; pointer-events: none; left: -50px; top: -50px";
  document.body.append(arrow);
  addEventListener("mousemove", (event) => {
    arrow.style.left = `${event.clientX - 5}px`;
    arrow.style.top = `${event.clientY - 2}px`;
  }, true);
}"""

type Part = Callable[[Camera], Awaitable[None]]


class Point(NamedTuple):
    """A place on a page, in pixels."""

    x: float
    y: float


class Camera:
    """Takes pictures of one browser page, signed in to Home Assistant."""

    def __init__(
        self, page: Page, state: StorageState, stage: Stage, folder: Path
    ) -> None:
        """Take the page, who is signed in, what runs, and where the pictures go."""
        self.page = page
        self.state = state
        self.stage = stage
        self.folder = folder
        browser = page.context.browser
        assert browser is not None
        self.browser: Browser = browser

    @asynccontextmanager
    async def visitor(self, **differently: Any) -> AsyncIterator[Visitor]:
        """Open another page, as somebody who looks at the panel or a dashboard."""
        state = differently.pop("storage_state", self.state)
        options = {"viewport": {"width": WIDTH, "height": HEIGHT}, **differently}
        async with visit(self.browser, self.stage, state, **options) as visitor:
            yield visitor

    async def picture(
        self, visitor: Visitor, name: str, *, whole: bool = False
    ) -> None:
        """Take a picture of what somebody sees; `whole`: with what is below it."""
        # Pictures are there, and what moves has come to rest.
        await visitor.page.wait_for_timeout(SETTLE_MS)
        path = self.folder / f"{name}.png"
        if whole:
            await visitor.view.screenshot(path=path)
        else:
            await visitor.page.screenshot(path=path)
        print(path, flush=True)

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
            "window": {
                "active_choice": "between",
                "between": {
                    "start": f"{start:%Y-%m-%d %H:%M:%S}",
                    "end": f"{start + timedelta(seconds=30):%Y-%m-%d %H:%M:%S}",
                },
            },
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


# --- the panel, the card, the dashboards


async def panel(camera: Camera) -> None:
    """Show the panel: a day, zoomed, a window, saving, failed, empty, offline, read-only."""
    clouds = camera.stage.cast.clouds
    tall = {"width": WIDTH, "height": 1100}
    async with camera.visitor(viewport=tall) as visitor:
        await visitor.open(PANEL)
        await camera.picture(visitor, "panel_day")
        await visitor.view.get_by_role("button", name="Previous day").click()
        await expect(visitor.view.locator(".shimmer")).to_have_count(0)
        await camera.picture(visitor, "panel_yesterday")
        await visitor.view.get_by_role("button", name="Today").click()
        await visitor.zoom_to_now()
        await camera.picture(visitor, "panel_zoomed")
        await visitor.show("Driveway", "back-yard", "Front door")
        await visitor.drag("Driveway", 0.45, 0.6)
        await visitor.window.get_by_role("checkbox", name="back-yard").check()
        await camera.picture(visitor, "panel_selection")
        slow = [
            clouds.meraki.misbehave(
                "^spn", times=50, drip_bytes_per_s=DRIP_BYTES_PER_S
            ),
            clouds.kinesis.misbehave("getClip", times=1000, status=403, body=DENIED),
        ]
        await visitor.save()
        coming = visitor.job("Driveway", "Downloading")
        await expect(coming).to_contain_text(re.compile("[1-9].* MB"), timeout=JOB_MS)
        await camera.picture(visitor, "panel_saving")
        failed = visitor.view.locator("clip-download-jobs li.failed").first
        await expect(failed).to_be_visible(timeout=JOB_MS)
        await camera.picture(visitor, "panel_failed", whole=True)
        for fault in slow:
            fault.times = 0
        for _ in range(4):
            await visitor.view.get_by_role("button", name="Previous day").click()
        await camera.picture(visitor, "panel_empty")
    async with camera.visitor() as visitor:
        line = await Line.of(visitor.page)
        await visitor.open(PANEL)
        await line.cut()
        await visitor.view.get_by_text("Connection lost").wait_for()
        await camera.picture(visitor, "panel_offline")
    reader = "reader"
    await camera.stage.home.add_person(reader, "system-read-only")
    state = await sign_in(camera.browser, camera.stage, reader, reader)
    async with camera.visitor(storage_state=state) as visitor:
        await visitor.page.goto(camera.stage.home.url + PANEL)
        await expect(visitor.page.locator("#ha-launch-screen")).to_have_count(0)
        await camera.picture(visitor, "panel_read_only")


async def clips(camera: Camera) -> None:
    """Show the clips: played, some selected, the dialogs."""
    async with camera.visitor() as visitor:
        await visitor.open(PANEL)
        await visitor.show("Driveway", "Front door")
        await visitor.clips.nth(1).click()
        await visitor.plays()
        player = visitor.view.locator("clip-download-player")
        await player.get_by_role("slider", name="Position").fill("4000")
        await player.get_by_role("button", name="Pause").click()
        await player.scroll_into_view_if_needed()
        await camera.picture(visitor, "clips_played")
        await player.get_by_role("button", name="Edit label").click()
        await camera.picture(visitor, "clips_label")
        await visitor.page.keyboard.press("Escape")
        await player.get_by_role("button", name="Share", exact=True).click()
        await camera.picture(visitor, "share")
        dialog = visitor.view.locator("clip-download-share")
        await dialog.get_by_role("button", name="Create link").click()
        await dialog.get_by_role("textbox", name="Link").wait_for()
        await camera.picture(visitor, "share_made")
        await visitor.page.keyboard.press("Escape")
        await player.get_by_role("button", name="Close player").click()
        await visitor.view.get_by_role("button", name="Select", exact=True).click()
        for number in range(3):
            await visitor.clips.nth(number).click()
        await camera.picture(visitor, "clips_selected")


async def dashboards(camera: Camera) -> None:
    """Show the card on a dashboard, its editor, and the dashboard that makes itself."""
    async with camera.visitor() as visitor:
        await visitor.open(f"/{opening.START_PAGE}")
        await camera.picture(visitor, "start")
        await visitor.open(f"/{opening.STRATEGY_PAGE}")
        await camera.picture(visitor, "strategy")
        await visitor.open(f"/{opening.STRATEGY_PAGE}/camera-front_door")
        await camera.picture(visitor, "strategy_camera")
        await visitor.open(f"/{opening.START_PAGE}?edit=1")
        page = visitor.page
        await page.get_by_role("button", name="Edit card").last.press("Enter")
        editor = page.locator("hui-dialog-edit-card clip-download-card-editor")
        await editor.wait_for()
        await camera.picture(visitor, "card_editor")


async def looks(camera: Camera) -> None:
    """Show the panel dark, on a phone, on a tablet, in German, and from right to left."""
    phone = {
        "viewport": {"width": 390, "height": 844},
        "device_scale_factor": 2,
        "has_touch": True,
        "is_mobile": True,
    }
    dark = {"color_scheme": "dark"}
    for name, options, language in (
        ("dark", dark, None),
        ("phone", phone, None),
        ("phone_dark", phone | dark, None),
        ("tablet", {"viewport": {"width": 1024, "height": 768}}, None),
        ("german", {}, "de"),
        ("arabic", {}, "ar"),
    ):
        async with camera.visitor(**options) as visitor:
            if language:
                script = f"localStorage.selectedLanguage = '\"{language}\"'"
                await visitor.page.add_init_script(script)
            await visitor.open(PANEL)
            await camera.picture(visitor, f"panel_{name}")
            if "has_touch" in options:
                await visitor.view.get_by_role("button", name="Last 5 min").tap()
                await camera.picture(visitor, f"panel_{name}_selection")
                await visitor.window.get_by_label("Clear selection").tap()
                await visitor.clips.first.tap()
                await visitor.plays()
                await camera.picture(visitor, f"panel_{name}_clip")


async def automation(camera: Camera) -> None:
    """Show our triggers in the editor of automations, and the form of Save clip there."""
    config = {
        "alias": "Tell me of clips",
        "triggers": [
            {
                "trigger": "clip_download.clip_saved",
                "target": {"entity_id": camera.stage.entities["ring"]},
            }
        ],
        "conditions": [],
        "actions": [
            {
                "action": "clip_download.save_clip",
                "target": {"entity_id": camera.stage.entities["meraki"]},
                "data": {},
            }
        ],
        "mode": "single",
    }
    await camera.stage.home.post("/api/config/automation/config/tell_me", config)
    await camera.open("/config/automation/edit/tell_me")
    for kind in ("trigger", "action"):
        row = camera.page.locator(f"ha-automation-{kind}-row h3").first
        # What stands at its end is the camera, which opens that.
        await row.click(position={"x": 20, "y": 10})
        await camera.shoot(f"automation_{kind}")


# --- the moving picture


class Film:
    """What somebody does at a page, picture by picture, with the mouse shown."""

    def __init__(self, visitor: Visitor) -> None:
        """Take who does it; nothing is filmed yet."""
        self._page = visitor.page
        self._mouse = Point(WIDTH / 2, HEIGHT / 2)
        self._pictures: list[tuple[Image.Image, int]] = []

    async def show_mouse(self) -> None:
        """Draw an arrow where the mouse is: a picture of a page has none."""
        await self._page.evaluate(SHOW_MOUSE)

    async def shoot(self, shown_ms: int) -> None:
        """Take a picture, and say how long it is shown."""
        data = await self._page.screenshot(caret="initial")
        picture = Image.open(BytesIO(data)).convert("RGB")
        picture.thumbnail((FILM_WIDTH, picture.height), Image.Resampling.LANCZOS)
        self._pictures.append((picture, shown_ms))

    async def move(self, x: float, y: float, *, steps: int = MOVE_STEPS) -> None:
        """Move the mouse, as a hand does."""
        begin = self._mouse
        for step in range(1, steps + 1):
            share = (1 - cos(pi * step / steps)) / 2
            self._mouse = Point(
                begin.x + (x - begin.x) * share, begin.y + (y - begin.y) * share
            )
            await self._page.mouse.move(*self._mouse)
            await self.shoot(MOVE_MS)

    async def click(self, what: Locator) -> None:
        """Go to something, and press it."""
        box = await what.bounding_box()
        assert box is not None
        await self.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        await self._page.mouse.down()
        await self._page.mouse.up()

    async def drag(self, visitor: Visitor, name: str, start: float, end: float) -> None:
        """Drag over a camera's lane, from one share of the timeline to another."""
        label = visitor.view.locator(f'.labels .label[title="{name}"]')
        lane, track = await label.bounding_box(), await visitor.track.bounding_box()
        assert lane is not None
        assert track is not None
        y = lane["y"] + lane["height"] / 2
        await self.move(track["x"] + start * track["width"], y)
        await self._page.mouse.down()
        await self.move(track["x"] + end * track["width"], y, steps=2 * MOVE_STEPS)
        await self._page.mouse.up()

    def write(self, path: Path) -> None:
        """Write what was filmed; what did not change is shown longer."""
        first, *others = self._pictures
        first[0].save(
            path,
            save_all=True,
            append_images=[picture for picture, _ in others],
            duration=[shown_ms for _, shown_ms in self._pictures],
            loop=0,
            quality=FILM_QUALITY,
            method=6,
        )
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB", flush=True)


async def moving(camera: Camera) -> None:
    """Film how a window is dragged, saved and played."""
    meraki = camera.stage.cast.clouds.meraki
    async with camera.visitor(viewport=FILM_VIEWPORT) as visitor:
        film = Film(visitor)
        await visitor.open(PANEL)
        await visitor.show("Driveway", "back-yard")
        await visitor.zoom_to_now()
        await film.show_mouse()
        await film.shoot(LOOK_MS)
        await film.drag(visitor, "Driveway", 0.4, 0.56)
        # The pictures of its edges move what is below them.
        await visitor.page.wait_for_timeout(PLAY_MS)
        await film.shoot(LOOK_MS)
        slow = meraki.misbehave("^spn", times=50, drip_bytes_per_s=FILM_BYTES_PER_S)
        await film.click(visitor.window.locator("button.primary"))
        job = visitor.job("Driveway")
        await expect(job).to_be_visible(timeout=JOB_MS)
        play = job.get_by_role("button", name="Play")
        while not await play.count():
            await film.shoot(PROGRESS_MS)
            await visitor.page.wait_for_timeout(PROGRESS_EVERY_MS)
        slow.times = 0
        await film.shoot(LOOK_MS)
        await film.click(play)
        await visitor.plays()
        for _ in range(PLAYED):
            await film.shoot(PLAYED_MS)
            await visitor.page.wait_for_timeout(PLAYED_MS)
    film.write(camera.folder / MOVING)


# What is broken for it is left broken.
PARTS = (
    moving,
    panel,
    clips,
    dashboards,
    looks,
    automation,
    flows,
    account,
    options,
    action,
    events,
    library,
    media,
    repairs,
)


# What the README shows: a file, its pictures beside each other, and how wide it is.
README = (
    ("timeline", ("panel_yesterday",), 1280),
    ("selection", ("panel_selection",), 1280),
    ("saving", ("panel_saving",), 1280),
    ("clip", ("clips_played",), 1280),
    ("phone", ("panel_phone", "panel_phone_selection", "panel_phone_clip"), 1280),
    ("automation", ("automation_trigger",), 1280),
)


def write_readme_pictures(folder: Path) -> None:
    """Write the pictures of the README and the other pages, small ones."""
    shutil.copy(folder / MOVING, IMAGES)
    for name, parts, width in README:
        pictures = [Image.open(folder / f"{part}.png") for part in parts]
        gap = pictures[0].width // 20
        whole = Image.new(
            "RGB",
            (
                sum(one.width for one in pictures) + gap * (len(pictures) - 1),
                pictures[0].height,
            ),
            "white",
        )
        left = 0
        for picture in pictures:
            whole.paste(picture, (left, 0))
            left += picture.width + gap
        whole.thumbnail((width, whole.height))
        path = IMAGES / f"{name}.webp"
        whole.save(path, quality=80, method=6)
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


@asynccontextmanager
async def browser(stage: Stage, folder: Path) -> AsyncIterator[Camera]:
    """Run a browser that is signed in."""
    expect.set_options(timeout=PAGE_MS)
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        home = stage.home
        state = await sign_in(chromium, stage, home.username, home.password)
        context = await chromium.new_context(
            viewport={"width": WIDTH, "height": HEIGHT},
            locale="en-GB",
            timezone_id=TIME_ZONE,
            storage_state=state,
        )
        yield Camera(await context.new_page(), state, stage, folder)
        await chromium.close()


async def saved_enough(stage: Stage) -> None:
    """Save what there is to be seen, and wait for it."""
    await opening.save_some(stage.home, stage.entities)
    visible = [("meraki", 3, 2), ("kinesis", 8, 3), ("ring_partner", 15, 4)]
    for kind, minutes, count in visible:
        for number in range(count):
            await saved_clip(stage, kind, ago(minutes=minutes + 7 * number))


async def shoot_all(port: int, parts: Sequence[Part]) -> int:
    """Take all the pictures; return how many parts could not be taken."""
    folder = FOLDER / "screenshots"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    failed = 0
    async with running(port, is_street=True) as stage:
        await saved_enough(stage)
        async with browser(stage, folder) as camera:
            for part in parts:
                try:
                    await part(camera)
                except (AssertionError, Error) as err:
                    failed += 1
                    await camera.shoot(f"failed_{part.__name__}")
                    print(f"{part.__name__}: {err}", file=sys.stderr)
    return failed


def main() -> int:
    """Take the pictures that were asked for; return the exit code."""
    by_name = {part.__name__: part for part in PARTS}
    parser = argparse.ArgumentParser(prog="script/screenshots", description=__doc__)
    parser.add_argument("--port", type=int, help="default: any free one")
    parser.add_argument("--only", action="append", choices=by_name)
    parser.add_argument(
        "--readme", action="store_true", help="write those of the README, too"
    )
    options = parser.parse_args()
    parts = [by_name[name] for name in options.only or by_name]
    with alone() as is_alone:
        if not is_alone:
            return 2
        failed = asyncio.run(shoot_all(options.port or free_port(), parts))
        if options.readme and not failed:
            write_readme_pictures(FOLDER / "screenshots")
        return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
