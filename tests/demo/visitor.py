"""A person at a page of Home Assistant in Chromium, and what such a person waits for."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
import re
from typing import Any
from zoneinfo import ZoneInfo

from playwright.async_api import (
    Browser,
    Error,
    Locator,
    Page,
    StorageState,
    WebSocketRoute,
    expect,
)

from .home import TIME_ZONE
from .run import Stage

CHROMIUM = "/usr/bin/chromium"
PANEL = "/clip-download"
VIEW = "clip-download-view"
# What is waited for at most: what a page does by itself, and a job at its cloud.
PAGE_MS = 20_000
JOB_MS = 180_000


class Wrong(Exception):
    """Something is not as it should be; the message says what."""


class Visitor:
    """A person at a page of Home Assistant, signed in."""

    def __init__(self, page: Page, stage: Stage) -> None:
        """Take the page, and what runs."""
        self.page = page
        self.stage = stage
        # What the page said that it should not.
        self.faults: list[str] = []
        page.on("dialog", lambda dialog: self._alarmed(dialog.message))
        page.on("pageerror", self._erred)

    def _alarmed(self, message: str) -> None:
        self.faults.append(f"a dialog opened: {message}")

    def _erred(self, error: Error) -> None:
        if "clip-download" in (error.stack or ""):
            self.faults.append(f"an error in the bundle: {error.message}")

    @property
    def view(self) -> Locator:
        """All of ours on the page."""
        return self.page.locator(VIEW).first

    @property
    def chips(self) -> Locator:
        """The cameras that can be shown."""
        return self.view.locator("clip-download-head button.chip")

    @property
    def track(self) -> Locator:
        """The timeline."""
        return self.view.locator("clip-download-timeline .track")

    @property
    def window(self) -> Locator:
        """What is told of the window that is selected."""
        return self.view.get_by_role("region", name="Selected time range")

    @property
    def clips(self) -> Locator:
        """The clips that are shown."""
        return self.view.locator("clip-download-clips .card")

    async def open(self, path: str) -> None:
        """Open a page of Home Assistant, and wait for the timeline on it."""
        await self.page.goto(self.stage.home.url + path)
        await expect(self.track).to_be_visible()
        await expect(self.view.locator(".shimmer")).to_have_count(0)

    async def show(self, *names: str) -> None:
        """Show just these cameras."""
        chips = self.chips
        await expect(chips.first).to_be_visible()
        for chip in await chips.all():
            is_wanted = await chip.locator(".name").inner_text() in names
            if (await chip.get_attribute("aria-pressed") == "true") != is_wanted:
                await chip.click()
            pressed = str(is_wanted).lower()
            await expect(chip).to_have_attribute("aria-pressed", pressed)
        await expect(self.view.locator(".shimmer")).to_have_count(0)

    async def zoom_to_now(self) -> None:
        """Have the last half hour on the timeline, with nothing selected."""
        await self.view.get_by_role("button", name="Last 5 min").click()
        await self.window.get_by_label("Clear selection").click()
        await expect(self.window).to_have_count(0)

    async def drag(self, name: str, start: float, end: float) -> None:
        """Drag over a camera's lane, from one share of the timeline to another."""
        label = self.view.locator(f'.labels .label[title="{name}"]')
        await label.scroll_into_view_if_needed()
        lane, track = await label.bounding_box(), await self.track.bounding_box()
        assert lane is not None
        assert track is not None
        y = lane["y"] + lane["height"] / 2
        mouse = self.page.mouse
        await mouse.move(track["x"] + start * track["width"], y)
        await mouse.down()
        await mouse.move(track["x"] + end * track["width"], y, steps=12)
        await mouse.up()
        await expect(self.window).to_be_visible()

    async def typed(self, edge: str) -> str:
        """Return the start or the end of what is selected, as it is shown."""
        value: str = await self.window.get_by_role("textbox", name=edge).input_value()
        return value

    async def select(self, start: datetime, length_s: int) -> None:
        """Select a window by typing its edges."""
        local = start.astimezone(ZoneInfo(TIME_ZONE))
        end = local + timedelta(seconds=length_s)
        await self.zoom_to_now()
        await self.view.get_by_role("button", name="Last 15 min").click()
        for edge, moment in (("Start", local), ("End", end)):
            box = self.window.get_by_role("textbox", name=edge)
            await box.fill(f"{moment:%H:%M:%S}")
            await box.press("Enter")
            await expect(box).to_have_value(f"{moment:%H:%M:%S}")

    async def save(self) -> None:
        """Press the button that saves what is selected."""
        await self.window.locator("button.primary").click()
        await expect(self.window).to_have_count(0)

    def job(self, *texts: str) -> Locator:
        """Return the job with these texts, the newest of them."""
        found = self.view.locator("clip-download-jobs li")
        for text in texts:
            found = found.filter(has_text=text)
        return found.first

    async def plays(self) -> None:
        """Wait until the video that is shown plays: its time goes on."""
        video = self.view.locator("clip-download-player video")
        await expect(video).to_be_visible()
        handle = await video.element_handle()
        await self.page.wait_for_function(
            "video => video.readyState >= 2 && video.videoWidth > 0 && video.currentTime > 0.5",
            arg=handle,
            timeout=PAGE_MS,
        )
        # What is below it tells the same.
        position = self.view.get_by_role("slider", name="Position")
        await expect(position).not_to_have_value("0")


class Line:
    """The connection of a page to Home Assistant, which can be cut."""

    def __init__(self) -> None:
        """Begin whole."""
        self._is_cut = False
        self._open: list[WebSocketRoute] = []

    @classmethod
    async def of(cls, page: Page) -> Line:
        """Return that of a page which is not open yet."""
        line = cls()
        await page.route_web_socket(re.compile("/api/websocket"), line._connect)
        return line

    async def _connect(self, socket: WebSocketRoute) -> None:
        if self._is_cut:
            await socket.close(code=1001)
            return
        self._open.append(socket)
        socket.connect_to_server()

    async def cut(self) -> None:
        """Lose the connection, and let there be none."""
        self._is_cut = True
        for socket in self._open:
            await socket.close(code=1001)

    def mend(self) -> None:
        """Let the page connect again."""
        self._is_cut = False


def local(moment: datetime) -> str:
    """Return a time as the pages show it."""
    return f"{moment.astimezone(ZoneInfo(TIME_ZONE)):%H:%M:%S}"


def ago(**parts: float) -> datetime:
    """Return a whole second of the past."""
    return datetime.now(UTC).replace(microsecond=0) - timedelta(**parts)


def files(stage: Stage) -> set[Path]:
    """Return the clips that lie in the media folder."""
    return {
        path
        for path in stage.home.media.rglob("*.mp4")
        if not any(part.startswith(".") for part in path.parts[-4:])
    }


async def saved_clip(stage: Stage, kind: str, start: datetime) -> dict[str, Any]:
    """Save ten seconds without any page, and return what the action answered."""
    entity_id = stage.entities[kind]
    window = {"start": start.isoformat(), "duration": {"seconds": 10}}
    answer = await stage.home.act("save_clip", {"entity_id": entity_id, **window})
    if answer[entity_id]["status"] != "complete":
        raise Wrong(f"not saved: {answer}")
    told: dict[str, Any] = answer[entity_id]
    return told


async def until(is_so: Callable[[], bool], otherwise: str) -> None:
    """Wait until something outside of the page is so."""
    try:
        async with asyncio.timeout(PAGE_MS / 1000):
            while not is_so():
                await asyncio.sleep(0.1)
    except TimeoutError as err:
        raise Wrong(otherwise) from err


async def entry_of(stage: Stage, title: str) -> str:
    """Return the id of an account's entry."""
    async with stage.home.websocket() as websocket:
        entries = await websocket.ask("config_entries/get", domain="clip_download")
    (found,) = (one["entry_id"] for one in entries if one["title"].startswith(title))
    entry_id: str = found
    return entry_id


async def sign_in(
    browser: Browser, stage: Stage, username: str, password: str
) -> StorageState:
    """Sign in as a person does; return what the browser keeps of it."""
    context = await browser.new_context(locale="en-GB", timezone_id=TIME_ZONE)
    page = await context.new_page()
    await page.goto(stage.home.url)
    await page.locator("input[name=username]").fill(username)
    await page.locator("input[name=password]").fill(password)
    await page.keyboard.press("Enter")
    await page.locator("home-assistant-main").wait_for()
    await page.wait_for_function("localStorage.hassTokens !== undefined")
    state = await context.storage_state()
    await context.close()
    return state


@asynccontextmanager
async def visit(
    browser: Browser, stage: Stage, state: StorageState | None, **differently: Any
) -> AsyncIterator[Visitor]:
    """Open a page of a browser that has only what is kept of signing in."""
    context = await browser.new_context(
        **{
            "storage_state": state,
            "locale": "en-GB",
            "timezone_id": TIME_ZONE,
            "viewport": {"width": 1280, "height": 1000},
            **differently,
        }
    )
    yield Visitor(await context.new_page(), stage)
    await context.close()
