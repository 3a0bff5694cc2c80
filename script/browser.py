"""Use the front end in Chromium, as a person does, and say what is wrong. Run by `script/browser`.

A scene is a function that leaves things so that the others can be run after it. It waits
for what a person would see, never for a time.
"""

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
import json
import os
from pathlib import Path
import shutil
import sys
import time
import traceback
from urllib.parse import urlsplit
import zipfile
from zoneinfo import ZoneInfo

from playwright.async_api import Browser, Error, StorageState, async_playwright, expect

from tests.demo import offsite, opening
from tests.demo.home import CHECKOUT, ONE_CAMERA_GROUP, TIME_ZONE
from tests.demo.run import FOLDER, Stage, alone, running
from tests.demo.visitor import (
    CHROMIUM,
    JOB_MS,
    PAGE_MS,
    PANEL,
    VIEW,
    Line,
    Visitor,
    Wrong,
    ago,
    entry_of,
    files,
    local,
    saved_clip,
    sign_in,
    until,
    visit,
)
from tests.ports import free_port

AXE = CHECKOUT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
# So slowly that the bar can be seen to move.
DRIP_BYTES_PER_S = 400_000
NOT_FOUND = 404
HOSTILE = "<img src=x onerror=alert(1)>"
MANY = 500
# So many of axe's rules hold for each of our pages; with fewer it has not seen it.
AXE_CHECKS = 10
GUEST = "guest"


type Scene = Callable[[Visitor], Awaitable[None]]


# --- scenes


async def first_minute(visitor: Visitor) -> None:
    """Walk as a new user does, from the sign-in to a clip that plays, and tell the times."""
    browser = visitor.page.context.browser
    assert browser is not None
    home = visitor.stage.home
    clicks = 0
    began = time.monotonic()

    def tell(what: str, more: int) -> None:
        nonlocal clicks
        clicks += more
        print(f"    {time.monotonic() - began:5.1f} s, click {clicks}: {what}")

    async with visit(browser, visitor.stage, None) as new:
        await new.page.goto(home.url)
        await new.page.locator("input[name=username]").fill(home.username)
        await new.page.locator("input[name=password]").fill(home.password)
        await new.page.keyboard.press("Enter")
        await expect(new.track).to_be_visible()
        await expect(new.view.locator(".shimmer")).to_have_count(0)
        tell("signed in, the front page shows the timeline", 0)
        await new.page.get_by_text("Clips", exact=True).first.click()
        await expect(new.page.locator("clip-download-panel")).to_be_visible()
        await expect(new.track).to_be_visible()
        await expect(new.view.locator(".shimmer")).to_have_count(0)
        tell("Clips in the sidebar", 1)
        await new.view.get_by_role("button", name="Last 1 min").click()
        await expect(new.window).to_be_visible()
        tell("Last 1 min: a window of two cameras is selected", 1)
        await new.save()
        job = new.view.locator("clip-download-jobs li.saved").first
        tell("Save: it says how far it is", 1)
        await job.get_by_role("button", name="Play").click(timeout=JOB_MS)
        tell("the first of them is saved; Play", 1)
        await new.plays()
        tell("it plays", 0)
        two = new.view.locator("clip-download-jobs li.saved").nth(1)
        await expect(two).to_be_visible(timeout=JOB_MS)
        tell("the other one is saved", 0)


async def save(visitor: Visitor) -> None:
    """Drag a window over two clouds at once, watch the bars move, play both clips."""
    clouds = visitor.stage.cast.clouds
    slow = [
        cloud.misbehave(path, times=50, drip_bytes_per_s=DRIP_BYTES_PER_S)
        for cloud, path in (
            (clouds.meraki, r"^spn"),
            (clouds.kinesis, "getClip"),
        )
    ]
    await visitor.open(PANEL)
    await visitor.show("Driveway", "back-yard")
    await visitor.zoom_to_now()
    await visitor.drag("Driveway", 0.3, 0.36)
    await visitor.window.get_by_role("checkbox", name="back-yard").check()
    await visitor.window.get_by_role("combobox", name="Label").fill("two at once")
    start = await visitor.typed("Start")
    await visitor.page.evaluate(WATCH_BARS)
    await visitor.save()
    for name in ("Driveway", "back-yard"):
        job = visitor.job(name, start)
        await expect(job).to_be_visible()
        await expect(job.get_by_text("Saved", exact=True)).to_be_visible(timeout=JOB_MS)
    for fault in slow:
        fault.times = 0
    seen: dict[str, list[float]] = await visitor.page.evaluate("window.seenBars")
    for name in ("Driveway", "back-yard"):
        shares = seen.get(name, [])
        between = [share for share in shares if 0 < share < 1]
        if shares != sorted(shares) or len(between) < 2:
            raise Wrong(f"the bar of {name} did not move: {shares}")
    for name in ("Driveway", "back-yard"):
        await visitor.job(name, start).get_by_role("button", name="Play").click()
        player = visitor.view.locator("clip-download-player")
        await expect(player).to_contain_text(name)
        await expect(player).to_contain_text("two at once")
        await visitor.plays()


WATCH_BARS = """() => {
  const view = (function find(root) {
    for (const one of root.querySelectorAll("*")) {
      if (one.localName === "clip-download-jobs") return one;
      const inside = one.shadowRoot && find(one.shadowRoot);
      if (inside) return inside;
    }
  })(document);
  window.seenBars = {};
  const look = () => {
    for (const line of view.shadowRoot.querySelectorAll("li")) {
      const bar = line.querySelector("[role=progressbar]");
      const value = bar && bar.getAttribute("aria-valuenow");
      if (!value) continue;
      const shares = (window.seenBars[line.querySelector("b").textContent] ??= []);
      if (shares.at(-1) !== value / 100) shares.push(value / 100);
    }
  };
  new MutationObserver(look).observe(view.shadowRoot, { subtree: true, childList: true, attributes: true });
}"""


async def keep_and_delete(visitor: Visitor) -> None:
    """Keep a clip, try to delete it, release it, delete it, undo, and delete it in earnest."""
    told = await saved_clip(visitor.stage, "ring_partner", ago(minutes=7))
    path = Path(told["path"])
    await visitor.open(PANEL)
    await visitor.show("Gate")
    card = visitor.clips.filter(has_text=local(datetime.fromisoformat(told["start"])))
    player = visitor.view.locator("clip-download-player")
    undo = visitor.view.get_by_role("button", name="Undo")
    await card.click()
    await player.get_by_role("button", name="Keep (never delete automatically)").click()
    await expect(card).to_contain_text("Kept")
    if not json.loads(path.with_suffix(".json").read_text())["kept"]:
        raise Wrong("the file beside the clip does not say that it is kept")
    await player.get_by_role("button", name="Delete", exact=True).click()
    await expect(visitor.view).to_contain_text("the clip is kept", timeout=PAGE_MS)
    await expect(undo).to_have_count(0)
    await expect(card).to_be_visible()
    await player.get_by_role("button", name="Kept (press to release)").click()
    await expect(card).not_to_contain_text("Kept")
    await player.get_by_role("button", name="Delete", exact=True).click()
    await expect(card).to_have_count(0)
    await undo.click()
    await expect(card).to_be_visible()
    await card.click()
    await player.get_by_role("button", name="Delete", exact=True).click()
    await expect(undo).to_be_visible()
    if path not in files(visitor.stage):
        raise Wrong("it is gone before the time to undo is over")
    await expect(undo).to_have_count(0, timeout=PAGE_MS)
    await until(lambda: path not in files(visitor.stage), "the file is still there")
    await expect(card).to_have_count(0)


async def label(visitor: Visitor) -> None:
    """Give a clip another label; it is HTML, and shown as it was typed."""
    told = await saved_clip(visitor.stage, "ring_partner", ago(minutes=9))
    await visitor.open(PANEL)
    await visitor.show("Gate")
    card = visitor.clips.filter(has_text=local(datetime.fromisoformat(told["start"])))
    await card.click()
    player = visitor.view.locator("clip-download-player")
    await player.get_by_role("button", name="Edit label").click()
    dialog = visitor.view.locator("clip-download-label")
    await dialog.get_by_role("textbox", name="Label").fill(HOSTILE)
    await dialog.get_by_role("button", name="Save label").click()
    await expect(dialog).to_have_count(0)
    await expect(card).to_contain_text(HOSTILE)
    sidecar = Path(told["path"]).with_suffix(".json")
    if json.loads(sidecar.read_text())["label"] != HOSTILE:
        raise Wrong("the file beside the clip has another label")


async def share(visitor: Visitor) -> None:
    """Share a clip, open the link signed out, revoke it."""
    told = await saved_clip(visitor.stage, "ring_partner", ago(minutes=10))
    await visitor.open(PANEL)
    await visitor.show("Gate")
    card = visitor.clips.filter(has_text=local(datetime.fromisoformat(told["start"])))
    await card.click()
    player = visitor.view.locator("clip-download-player")
    await player.get_by_role("button", name="Share", exact=True).click()
    dialog = visitor.view.locator("clip-download-share")
    await dialog.get_by_role("radio", name="1 hour").check()
    await dialog.get_by_role("button", name="Create link").click()
    link = dialog.get_by_role("textbox", name="Link")
    await expect(link).to_be_visible()
    # Whatever name Home Assistant has for others, here it is found at this one.
    address = urlsplit(await link.input_value())
    url = f"{visitor.stage.home.url}{address.path}?{address.query}"
    browser = visitor.page.context.browser
    assert browser is not None
    stranger = await browser.new_context()
    answer = await stranger.request.get(url)
    if sha256(await answer.body()).hexdigest() != told["sha256"]:
        raise Wrong(f"who is signed out is given something else: {answer.status}")
    page = await stranger.new_page()
    await page.set_content(f'<video src="{url}" autoplay muted></video>')
    await page.wait_for_function("document.querySelector('video').currentTime > 0.5")
    await expect(dialog.get_by_text("opened")).to_be_visible()
    await dialog.get_by_role("button", name="Revoke").click()
    await expect(dialog.get_by_role("button", name="Revoke")).to_have_count(0)
    if (answer := await stranger.request.get(url)).status != NOT_FOUND:
        raise Wrong(f"a link that was revoked answers {answer.status}")
    await stranger.close()


async def export(visitor: Visitor) -> None:
    """Select clips, download them as a ZIP, and open it."""
    wanted = [
        await saved_clip(visitor.stage, "ring_partner", ago(minutes=minutes))
        for minutes in (12, 14)
    ]
    await visitor.open(PANEL)
    await visitor.show("Gate")
    await visitor.view.get_by_role("button", name="Select", exact=True).click()
    for told in wanted:
        start = local(datetime.fromisoformat(told["start"]))
        await visitor.clips.filter(has_text=start).click()
    await expect(visitor.view.get_by_text("2 selected")).to_be_visible()
    async with visitor.page.expect_download() as begun:
        await visitor.view.get_by_role("button", name="Download as ZIP").click()
    download = await begun.value
    if not download.suggested_filename.endswith(".zip"):
        raise Wrong(f"it is called {download.suggested_filename}")
    with zipfile.ZipFile(await download.path()) as archive:
        if archive.testzip() is not None:
            raise Wrong("a file in the ZIP is damaged")
        inside = {Path(name).name for name in archive.namelist()}
        films = {
            sha256(archive.read(name)).hexdigest()
            for name in archive.namelist()
            if name.endswith(".mp4")
        }
    if missing := {Path(told["path"]).name for told in wanted} - inside:
        raise Wrong(f"{missing} not in the ZIP: {inside}")
    if films != {told["sha256"] for told in wanted}:
        raise Wrong("the clips in the ZIP are not those that were selected")


async def deep_link(visitor: Visitor) -> None:
    """Open the panel at a clip of another day, as a notification does."""
    told = await saved_clip(visitor.stage, "kinesis", ago(minutes=30))
    await visitor.page.goto(f"{visitor.stage.home.url}{PANEL}?clip={told['clip_id']}")
    player = visitor.view.locator("clip-download-player")
    await expect(player).to_contain_text(local(datetime.fromisoformat(told["start"])))
    await visitor.plays()


async def cancel_and_retry(visitor: Visitor) -> None:
    """Cancel a job that waits; let one fail, see why, and try it again."""
    await visitor.open(PANEL)
    await visitor.show("Driveway")
    await visitor.view.get_by_role("button", name="Last 1 min").click()
    start = await visitor.typed("Start")
    await visitor.save()
    waiting = visitor.job("Driveway", start)
    await expect(waiting.get_by_role("progressbar")).to_be_visible()
    await waiting.get_by_role("button", name="Cancel").click()
    await expect(waiting).to_contain_text("Canceled")
    await visitor.show("back-yard")
    kinesis = visitor.stage.cast.clouds.kinesis
    denied = kinesis.misbehave(
        "getClip",
        times=1000,
        status=403,
        headers={"x-amzn-ErrorType": "AccessDeniedException"},
        body="{}",
    )
    await visitor.select(ago(minutes=11), 8)
    start = await visitor.typed("Start")
    await visitor.save()
    failed = visitor.view.locator("clip-download-jobs li.failed").filter(has_text=start)
    await expect(failed).to_be_visible(timeout=JOB_MS)
    await expect(failed).to_contain_text("back-yard")
    denied.times = 0
    await failed.get_by_role("button", name="Try again").click()
    saved = visitor.view.locator("clip-download-jobs li.saved").filter(has_text=start)
    await expect(saved).to_be_visible(timeout=JOB_MS)
    await expect(failed).to_have_count(0)


async def lost_connection(visitor: Visitor) -> None:
    """Lose the connection while a clip is saved; what is shown stays, then all is there."""
    line = await Line.of(visitor.page)
    await visitor.open(PANEL)
    await visitor.show("back-yard")
    shown = await visitor.clips.count()
    await line.cut()
    lost = visitor.view.get_by_text("Connection lost. Reconnecting…")
    await expect(lost).to_be_visible()
    await expect(visitor.track).to_be_visible()
    await expect(visitor.clips).to_have_count(shown)
    told = await saved_clip(visitor.stage, "kinesis", ago(minutes=17))
    line.mend()
    await expect(lost).to_have_count(0, timeout=JOB_MS)
    card = visitor.clips.filter(has_text=local(datetime.fromisoformat(told["start"])))
    await expect(card).to_be_visible()
    # What is saved from now on is told again.
    told = await saved_clip(visitor.stage, "kinesis", ago(minutes=18))
    card = visitor.clips.filter(has_text=local(datetime.fromisoformat(told["start"])))
    await expect(card).to_be_visible()
    await card.click()
    await visitor.plays()


async def one_camera(visitor: Visitor) -> None:
    """As a person who may see one camera only: the others do not exist."""
    stage = visitor.stage
    mine = await saved_clip(visitor.stage, "meraki", ago(minutes=22))
    await saved_clip(visitor.stage, "kinesis", ago(minutes=22))
    browser = visitor.page.context.browser
    assert browser is not None
    state = await sign_in(browser, stage, GUEST, GUEST)
    async with visit(browser, stage, state) as guest:
        await guest.open(PANEL)
        label_ = guest.view.locator(".labels .label")
        await expect(label_).to_have_text(["Driveway"])
        await expect(guest.chips).to_have_count(1)
        card = guest.clips.filter(has_text=local(datetime.fromisoformat(mine["start"])))
        await card.click()
        await guest.plays()
        for other in ("back-yard", "Gate", "Front door"):
            await expect(guest.view).not_to_contain_text(other)
        await guest.page.goto(f"{stage.home.url}/{opening.STRATEGY_PAGE}")
        await expect(guest.track).to_be_visible()
        await expect(label_).to_have_text(["Driveway"])
        visitor.faults += guest.faults


async def hostile_name(visitor: Visitor) -> None:
    """Show a camera whose name is HTML by that name, and run nothing of it."""
    stage = visitor.stage
    meraki = stage.cast.clouds.meraki
    camera = meraki.add_camera(HOSTILE)
    entry = await entry_of(stage, "Meraki")
    reload_ = f"/api/config/config_entries/entry/{entry}/reload"
    await stage.home.post(reload_, {})
    try:
        await visitor.open(PANEL)
        chip = visitor.chips.filter(has_text=HOSTILE)
        await expect(chip).to_be_visible()
        await visitor.show(HOSTILE)
        await expect(visitor.view.locator(".labels")).to_have_text(HOSTILE)
        await visitor.select(ago(minutes=12), 8)
        await visitor.save()
        job = visitor.job(HOSTILE)
        await job.get_by_role("button", name="Play").click(timeout=JOB_MS)
        await visitor.plays()
        await visitor.page.goto(f"{stage.home.url}/{opening.STRATEGY_PAGE}")
        await expect(visitor.track).to_be_visible()
        await expect(visitor.page.get_by_text(HOSTILE).first).to_be_visible()
        if await visitor.page.locator("img[src=x]").count():
            raise Wrong("its name became an element")
    finally:
        del meraki.cameras[camera.serial]
        await stage.home.post(reload_, {})


async def many_clips(visitor: Visitor) -> None:
    """Look at a day with 500 clips: the first picture comes at once, all can be reached."""
    told = await saved_clip(visitor.stage, "ring_partner", ago(minutes=27))
    day = datetime.now(ZoneInfo(TIME_ZONE)).date() - timedelta(days=3)
    path = Path(told["path"])
    folder = path.parent.with_name(f"{day:%F}")
    await asyncio.to_thread(multiply, path, folder)
    await visitor.stage.home.act("rebuild_library", {})
    await visitor.open(PANEL)
    await visitor.show("Gate")
    for _ in range(3):
        began = time.monotonic()
        await visitor.view.get_by_role("button", name="Previous day").click()
    picture = visitor.clips.locator("img").first
    await expect(picture).to_be_visible()
    await visitor.page.wait_for_function(
        "img => img.complete && img.naturalWidth > 0",
        arg=await picture.element_handle(),
    )
    print(
        f"    first picture {1000 * (time.monotonic() - began):.0f} ms after the click"
    )
    more = visitor.view.get_by_role("button", name="Show more")
    while (count := await visitor.clips.count()) < MANY:
        await more.click()
        await expect(visitor.clips.nth(count)).to_be_attached()
    await expect(more).to_have_count(0)
    await expect(visitor.clips).to_have_count(MANY)
    await visitor.clips.last.click()
    await visitor.plays()
    shutil.rmtree(folder)
    await visitor.stage.home.act("rebuild_library", {})


def multiply(path: Path, folder: Path) -> None:
    """Make a day of clips out of one, with their files and what describes them."""
    folder.mkdir()
    about = json.loads(path.with_suffix(".json").read_text())
    zone = ZoneInfo(TIME_ZONE)
    first = datetime.fromisoformat(folder.name).replace(tzinfo=zone).astimezone(UTC)
    length = timedelta(seconds=about["duration_s"])
    for number in range(MANY):
        start = first + timedelta(minutes=2.5 * number + 1)
        window = {
            "start": start.isoformat(timespec="milliseconds"),
            "end": (start + length).isoformat(timespec="milliseconds"),
        }
        copy = folder / f"{start.astimezone(zone):%F_%H-%M-%S}.mp4"
        for suffix in (".mp4", ".jpg"):
            os.link(path.with_suffix(suffix), copy.with_suffix(suffix))
        name = f"copy-{number}"
        told = about | window | {"asked": window, "file": copy.name}
        told |= {"clip_id": name, "job_id": name, "events": [], "saves": []}
        copy.with_suffix(".json").write_text(json.dumps(told))


async def off_site(visitor: Visitor) -> None:
    """See the cloud of a clip come, lose its file, and play it all the same."""
    stage = visitor.stage
    await visitor.open(PANEL)
    await visitor.show("Gate")
    place = await offsite.add(stage.home)
    try:
        told = await saved_clip(stage, "ring_partner", ago(minutes=36))
        start = local(datetime.fromisoformat(told["start"]))
        card = visitor.clips.filter(has_text=start)
        player = visitor.view.locator("clip-download-player")
        await expect(card).to_contain_text("Copied off-site", timeout=JOB_MS)
        await card.click()
        await visitor.plays()
        await expect(player).to_contain_text(f"Copied to WebDAV {offsite.HOST} on ")
        await player.get_by_role("button", name="Close player").click()
        path = Path(told["path"])
        for ending in offsite.ENDINGS:
            path.with_suffix(ending).unlink()
        await visitor.open(PANEL)
        await visitor.show("Gate")
        await expect(card).to_contain_text("Off-site only")
        picture = card.locator("img")
        await expect(picture).to_be_visible()
        await visitor.page.wait_for_function(
            "img => img.complete && img.naturalWidth > 0",
            arg=await picture.element_handle(),
        )
        await card.click()
        await visitor.plays()
        await expect(card).to_contain_text("Copied off-site")
        content = await asyncio.to_thread(path.read_bytes)
        if sha256(content).hexdigest() != told["sha256"]:
            raise Wrong("what came back is not what was saved")
        # While its copy is not there, either, it is told so, and can be tried again.
        for ending in offsite.ENDINGS:
            path.with_suffix(ending).unlink()
        (copy,) = stage.store.folder.rglob(path.name)
        hidden = copy.rename(copy.with_suffix(".hidden"))
        await visitor.open(PANEL)
        await visitor.show("Gate")
        await card.click()
        alert = player.get_by_role("alert")
        await expect(alert).to_contain_text("has a copy of this clip")
        hidden.rename(copy)
        await player.get_by_role("button", name="Try again").click()
        await visitor.plays()
    finally:
        await stage.home.remove_entry(place)


async def card_editor(visitor: Visitor) -> None:
    """Add the card to a dashboard as a person does: the dialog, our form, the dashboard."""
    page = visitor.page
    await page.goto(f"{visitor.stage.home.url}/{opening.START_PAGE}?edit=1")
    await expect(visitor.track).to_be_visible()
    cards = page.locator("hui-card clip-download-card")
    before = await cards.count()
    await page.get_by_role("button", name="Add card").last.click()
    dialog = page.locator("hui-dialog-create-card")
    await dialog.get_by_role("textbox").fill("driveway")
    await dialog.get_by_role("button", name="Driveway Camera").click()
    await expect(dialog.get_by_text("Timeline of this camera")).to_be_visible()
    await dialog.get_by_role("tab", name="By card").click()
    await dialog.get_by_role("textbox").fill("Clip Download")
    # What takes the click lies over the card's picture.
    await dialog.get_by_text("Clip Download timeline").click(force=True)
    dialog = page.locator("hui-dialog-edit-card")
    await expect(dialog.get_by_text("card configuration")).to_be_visible()
    preview = dialog.locator("clip-download-card")
    await dialog.get_by_role("textbox", name="Title").fill("The yard")
    await expect(preview).to_contain_text("The yard")
    await expect(preview.locator("clip-download-clips")).to_have_count(1)
    await dialog.get_by_role("switch", name="Show saved clips").press("Space")
    await expect(preview.locator("clip-download-clips")).to_have_count(0)
    await dialog.get_by_role("button", name="Save", exact=True).click()
    await expect(preview).to_have_count(0)
    await expect(cards).to_have_count(before + 1)
    await expect(cards.last).to_contain_text("The yard")
    async with visitor.stage.home.websocket() as websocket:
        config = await websocket.ask("lovelace/config", url_path=opening.START_PAGE)
        (card,) = (
            card
            for card in config["views"][0]["sections"][-1]["cards"]
            if card.get("title") == "The yard"
        )
        if (
            card["type"] != "custom:clip-download-card"
            or card["show_clips"] is not False
        ):
            raise Wrong(f"the dashboard has another card: {card}")
        config["views"][0]["sections"][-1]["cards"].remove(card)
        await websocket.ask(
            "lovelace/config/save", url_path=opening.START_PAGE, config=config
        )


async def strategy(visitor: Visitor) -> None:
    """Open the dashboard that makes itself: a view for all cameras, and one for each."""
    page = visitor.page
    await page.goto(f"{visitor.stage.home.url}/{opening.STRATEGY_PAGE}")
    await expect(visitor.track).to_be_visible()
    async with visitor.stage.home.websocket() as websocket:
        told = await websocket.ask("clip_download/cameras")
    await expect(page.get_by_role("tab")).to_have_count(len(told["cameras"]) + 1)
    await page.goto(f"{visitor.stage.home.url}/{opening.STRATEGY_PAGE}/camera-driveway")
    await expect(visitor.view.locator(".labels .label")).to_have_text(["Driveway"])


async def axe(visitor: Visitor) -> None:
    """Axe finds nothing wrong with our elements, in any of the states that it is shown."""
    if not AXE.is_file():
        raise Wrong("axe is not there: run npm ci in frontend/")
    page = visitor.page

    async def look(where: str, element: str = VIEW) -> None:
        await page.evaluate(AXE.read_text())
        passed, wrong = await page.evaluate(RUN_AXE, element)
        if passed < AXE_CHECKS:
            raise Wrong(f"axe looked at nothing: {where}")
        for found in wrong:
            visitor.faults.append(f"axe, {where}: {found}")

    await saved_clip(visitor.stage, "kinesis", ago(minutes=33))
    await visitor.open(PANEL)
    await visitor.show("Driveway", "back-yard", "Front door")
    await look("panel", "clip-download-panel")
    await visitor.view.get_by_role("button", name="Last 5 min").click()
    await look("a window selected")
    await visitor.window.get_by_label("Clear selection").click()
    await visitor.clips.first.click()
    await visitor.plays()
    await look("a clip open")
    await page.emulate_media(color_scheme="dark")
    await look("dark")
    await page.emulate_media(color_scheme="light")
    await page.set_viewport_size({"width": 390, "height": 844})
    await expect(
        visitor.view.locator("clip-download-timeline[vertical]")
    ).to_be_visible()
    await look("phone")
    await page.goto(f"{visitor.stage.home.url}/{opening.STRATEGY_PAGE}")
    await expect(visitor.track).to_be_visible()
    await look("card", "clip-download-card")


RUN_AXE = """async name => {
  const element = (function find(root) {
    for (const one of root.querySelectorAll("*")) {
      if (one.localName === name) return one;
      const inside = one.shadowRoot && find(one.shadowRoot);
      if (inside) return inside;
    }
  })(document);
  const { passes, violations } = await axe.run(element);
  return [passes.length, violations.map(one => `${one.id}: ${one.help}: ${one.nodes.map(node => node.html.slice(0, 120)).join(" | ")}`)];
}"""

SCENES: Sequence[Scene] = (
    first_minute,
    save,
    keep_and_delete,
    label,
    share,
    export,
    deep_link,
    cancel_and_retry,
    lost_connection,
    one_camera,
    hostile_name,
    many_clips,
    off_site,
    card_editor,
    strategy,
    axe,
)


# --- running them


async def play(
    scene: Scene, browser: Browser, stage: Stage, state: StorageState
) -> list[str]:
    """Run one scene; return what is wrong, and take a picture then."""
    name = scene.__name__
    async with visit(browser, stage, state) as visitor:
        try:
            await scene(visitor)
        except (AssertionError, Error, Wrong) as err:
            # Where in the scene it is, and what was waited for.
            where = traceback.extract_tb(err.__traceback__)
            line = next(one for one in where if one.name == name)
            visitor.faults.append(f"line {line.lineno}: {line.line}\n{err}".strip())
        if visitor.faults:
            await visitor.page.screenshot(path=FOLDER / "browser" / f"{name}.png")
        return visitor.faults


async def play_all(port: int, scenes: Sequence[Scene]) -> int:
    """Run scenes one after the other; return how many failed."""
    pictures = FOLDER / "browser"
    shutil.rmtree(pictures, ignore_errors=True)
    pictures.mkdir(parents=True)
    expect.set_options(timeout=PAGE_MS)
    failed = 0
    async with running(port, is_street=True) as stage, async_playwright() as playwright:
        await stage.home.add_person(GUEST, ONE_CAMERA_GROUP)
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        home = stage.home
        state = await sign_in(browser, stage, home.username, home.password)
        for scene in scenes:
            began = time.monotonic()
            faults = await play(scene, browser, stage, state)
            took_s = time.monotonic() - began
            print(f"{'FAILED' if faults else 'ok    '} {scene.__name__} {took_s:.0f} s")
            for fault in faults:
                print("    " + fault.replace("\n", "\n    "), flush=True)
            failed += bool(faults)
        await browser.close()
    if failed:
        print(f"\n{failed} of {len(scenes)} scenes failed; see {pictures}")
    return failed


def main() -> int:
    """Run what was asked for; return the exit code."""
    by_name = {scene.__name__: scene for scene in SCENES}
    parser = argparse.ArgumentParser(prog="script/browser")
    parser.add_argument("--only", action="append", choices=by_name, metavar="SCENE")
    parser.add_argument("--list", action="store_true", help="the scenes' names")
    parser.add_argument("--port", type=int, help="default: any free one")
    options = parser.parse_args()
    if options.list:
        for name, scene in by_name.items():
            print(f"{name}: {(scene.__doc__ or '').splitlines()[0]}")
        return 0
    scenes = [by_name[name] for name in options.only or by_name]
    with alone() as is_alone:
        if not is_alone:
            return 2
        return bool(asyncio.run(play_all(options.port or free_port(), scenes)))


if __name__ == "__main__":
    sys.exit(main())
