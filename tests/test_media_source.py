"""The media browser: the library and the clouds as a browser and dashboard cards see them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
import re
import sqlite3
from typing import Any

from aiohttp.test_utils import TestClient
from aiohttp.web import Application, Request
import pytest
from pytest_homeassistant_custom_component.typing import (
    ClientSessionGenerator,
    MockHAClientWebSocket,
    WebSocketGenerator,
)

from custom_components.clip_download import history
from custom_components.clip_download.const import DOMAIN
from custom_components.clip_download.engine.errors import InvalidRequestError
from custom_components.clip_download.engine.library import sidecar
from custom_components.clip_download.engine.model import Clip, ClipStatus, Event
from custom_components.clip_download.engine.time_range import Window
from custom_components.clip_download.media_source import cloud
from custom_components.clip_download.media_source.place import Place, Tree
from custom_components.clip_download.media_source.saved import PAGE
from custom_components.clip_download.runtime import async_shared
from custom_components.clip_download.services import response
from homeassistant.components.media_source import async_resolve_media
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from .accounts import look, save_event, set_up
from .clouds import Clouds
from .clouds.footage import first_and_last
from .clouds.ring import RingCamera, RingEvent
from .engine.library.test_database import CLIP

ROOT = f"media-source://{DOMAIN}"
CLIPS, CLOUD = f"{ROOT}/clips", f"{ROOT}/cloud"
SECOND = timedelta(seconds=1)
# As a camera card reads a clip: when, how long, what.
TITLE = re.compile(r"(\d\d:\d\d:\d\d) \((\d+:\d\d)\)(?: (\w+))?")
FOOTAGE = "share/play|phoenix"
HISTORY = "history|events"

type Node = dict[str, Any]


class Browser:
    """Somebody's browser: a websocket, and requests without any header."""

    def __init__(
        self,
        websocket: MockHAClientWebSocket,
        client: TestClient[Request, Application],
    ) -> None:
        """Take the connections."""
        self._websocket = websocket
        self._client = client

    async def ask(self, command: str, **data: Any) -> Node:
        """Return the answer to a command."""
        await self._websocket.send_json_auto_id(
            {"type": f"media_source/{command}", **data}
        )
        answer: Node = await self._websocket.receive_json()
        return answer

    async def open(self, media_id: str) -> Node:
        """Return a folder."""
        answer = await self.ask("browse_media", media_content_id=media_id)
        assert answer["success"], answer
        page: Node = answer["result"]
        assert page["media_content_id"] == media_id
        return page

    async def inside(self, media_id: str) -> list[Node]:
        """Return what is in a folder."""
        children: list[Node] = (await self.open(media_id))["children"]
        return children

    async def search(self, media_id: str, text: str, **more: Any) -> list[Node]:
        """Return what a search in a folder finds."""
        answer = await self.ask(
            "search_media", media_content_id=media_id, search_query=text, **more
        )
        assert answer["success"], answer
        found: list[Node] = answer["result"]["result"]
        return found

    async def play(self, media_id: str) -> bytes:
        """Return the film that is played."""
        answer = await self.ask("resolve_media", media_content_id=media_id)
        assert answer["success"], answer
        assert answer["result"]["mime_type"] == "video/mp4"
        return await self.load(answer["result"]["url"], "video/mp4")

    async def error(self, command: str, media_id: str, **more: Any) -> str:
        """Return the words of a request that fails."""
        answer = await self.ask(command, media_content_id=media_id, **more)
        assert not answer["success"], answer
        assert answer["error"]["code"] == f"{command}_failed"
        message: str = answer["error"]["message"]
        # It has words, and all that fills them.
        assert " " in message
        assert "{" not in message
        return message

    async def load(self, url: str, content_type: str = "image/jpeg") -> bytes:
        """Return what a link leads to, as a browser gets it."""
        async with self._client.get(url) as response:
            assert response.status == 200, url
            assert response.content_type == content_type
            return await response.read()


def titles(nodes: Sequence[Node]) -> list[str]:
    """Return what a person reads."""
    return [node["title"] for node in nodes]


def ids(nodes: Sequence[Node]) -> list[str]:
    """Return where they lead; what else is in them has links of the present second."""
    return [node["media_content_id"] for node in nodes]


def named(nodes: Sequence[Node], title: str) -> str:
    """Return the id of what has a title."""
    (media_id,) = (n["media_content_id"] for n in nodes if n["title"] == title)
    assert isinstance(media_id, str)
    return media_id


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for lists for as long as it takes, and know them until a test forgets them."""
    monkeypatch.setattr(cloud, "LISTING_TIMEOUT_S", 600)
    monkeypatch.setattr(history, "FRESH_FOR", timedelta(hours=1))


@pytest.fixture(autouse=True)
async def media(hass: HomeAssistant, media_dir: Path, afternoon: None) -> None:
    """Let Home Assistant have its media browser and ours."""
    # Nothing can be served by those that come after the first request.
    for component in ("media_source", "camera", "image", DOMAIN):
        assert await async_setup_component(hass, component, {})


@pytest.fixture
def open_browser(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    hass_client_no_auth: ClientSessionGenerator,
) -> Callable[..., Awaitable[Browser]]:
    """Return what opens the browser of whoever has a token, else of an administrator."""

    async def open_browser(*token: str) -> Browser:
        return Browser(await hass_ws_client(hass, *token), await hass_client_no_auth())

    return open_browser


@pytest.fixture
async def browser(open_browser: Callable[..., Awaitable[Browser]]) -> Browser:
    """Return the browser of somebody who may do everything."""
    return await open_browser()


@pytest.fixture
def camera(hass_clouds: Clouds) -> RingCamera:
    """Return a doorbell."""
    return hass_clouds.ring.add_camera("Front")


@pytest.fixture
def noon() -> datetime:
    """Return noon, yesterday: all that is near it is of one day."""
    yesterday = dt_util.now().date() - timedelta(days=1)
    return dt_util.start_of_local_day(yesterday) + timedelta(hours=12)


async def put(hass: HomeAssistant, clips: Sequence[Clip]) -> None:
    """Record clips in the library."""
    library = (await async_shared(hass)).library

    def write(database: sqlite3.Connection) -> None:
        for clip in clips:
            library.put_clip(database, clip)

    await library.change(write)


def clip(name: str, start: datetime, **facts: Any) -> Clip:
    """Return a clip of half a minute whose file is not looked for: its disk is away."""
    window = Window(start.astimezone(UTC), start.astimezone(UTC) + 30 * SECOND)
    plain = {"label": "", "status": ClipStatus.COMPLETE, "duration_ms": 30_000}
    facts = {**plain, **facts}
    return replace(CLIP, id=name, window=window, path=Path(f"/nas/{name}.mp4"), **facts)


async def happen(
    clouds: Clouds, camera: RingCamera, start: datetime, kind: Any = "motion"
) -> RingEvent:
    """Let a camera see something for three seconds."""
    return clouds.ring.add_event(
        camera, kind, start=start.astimezone(UTC), duration_s=3
    )


async def save_all(hass: HomeAssistant, start: datetime, hours: int) -> None:
    """Save what all cameras saw within some hours."""
    await hass.services.async_call(
        DOMAIN,
        "save_events",
        {"start": start, "end": start + timedelta(hours=hours)},
        target={"entity_id": "all"},
        blocking=True,
    )


async def test_from_the_top_to_a_clip(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    camera: RingCamera,
    browser: Browser,
    noon: datetime,
) -> None:
    """Every folder leads on, newest first, with a picture that a browser can load."""
    media_dir = Path(hass.config.media_dirs["local"])
    back = hass_clouds.ring.add_camera("Back #1 100% & more?")
    await happen(hass_clouds, camera, noon - timedelta(hours=20))
    await happen(hass_clouds, camera, noon, "ding")
    await happen(hass_clouds, camera, noon + timedelta(minutes=5))
    await happen(hass_clouds, back, noon)
    entry = await set_up(hass, hass_clouds, "ring")
    await save_all(hass, noon - timedelta(hours=24), 26)

    trees = await browser.inside(ROOT)
    assert titles(trees) == ["Clips", "Cloud"]
    # There is one account only.
    cameras = await browser.inside(named(trees, "Clips"))
    assert ids(cameras) == ids(await browser.inside(f"{CLIPS}/{entry.entry_id}"))
    assert titles(cameras) == ["Back #1 100% & more?", "Front"]
    days = await browser.inside(named(cameras, "Front"))
    today = noon.date()
    assert titles(days) == [f"{today}", f"{today - timedelta(days=1)}"]
    clips = await browser.inside(named(days, f"{today}"))
    assert titles(clips) == ["12:05:00 (0:03) motion", "12:00:00 (0:03) ring"]
    for node in clips:
        assert TITLE.fullmatch(node["title"])
        assert node["media_class"] == "video"
        assert node["media_content_type"] == "video/mp4"
        assert (node["can_play"], node["can_expand"]) == (True, False)
    for node in (*cameras, *days):
        assert (node["can_play"], node["can_expand"]) == (False, True)
        assert node["can_search"]

    # The last picture is that of the newest.
    newest = next(media_dir.rglob("*12-05-00_motion.jpg")).read_bytes()
    (front,) = (node for node in cameras if node["title"] == "Front")
    for node in (clips[0], days[0], front):
        assert await browser.load(node["thumbnail"]) == newest
    assert await browser.load(clips[1]["thumbnail"]) != newest
    assert await browser.load(days[1]["thumbnail"]) != newest

    # It is found by what its title says, and by what is recorded.
    for word in ("ring", "ding"):
        assert ids(await browser.search(CLIPS, word)) == ids(clips[1:])

    film = next(media_dir.rglob("*12-00-00_ding.mp4"))
    assert await browser.play(clips[1]["media_content_id"]) == film.read_bytes()
    played = await async_resolve_media(hass, clips[1]["media_content_id"], None)
    assert played.path == film

    # A name that has a meaning of its own in an address.
    (node,) = cameras[:1]
    picture = await browser.load(node["thumbnail"])
    (day,) = await browser.inside(node["media_content_id"])
    (only,) = await browser.inside(day["media_content_id"])
    assert await browser.load(only["thumbnail"]) == picture
    (film,) = media_dir.rglob("Back*/**/*.mp4")
    assert await browser.play(only["media_content_id"]) == film.read_bytes()


async def test_titles(hass: HomeAssistant, browser: Browser, noon: datetime) -> None:
    """A title says what is known of the clip, in local time, and what is missing."""
    await put(
        hass,
        [
            clip("a", noon),
            clip("b", noon + SECOND, label="bell", duration_ms=3_723_400),
            clip("c", noon + 2 * SECOND, status=ClipStatus.PARTIAL, label="x"),
        ],
    )
    day = Place(
        tree=Tree.CLIPS,
        account_id=CLIP.account_id,
        camera_id=CLIP.camera_id,
        day=f"{noon:%F}",
    )
    nodes = await browser.inside(f"{ROOT}/{day.identifier}")
    assert titles(nodes) == [
        "12:00:02 (0:30, partial) x",
        "12:00:01 (1:02:03) bell",
        "12:00:00 (0:30)",
    ]
    # The disk is away: there is no picture, but nothing is taken for gone.
    assert [node["thumbnail"] for node in nodes] == [None] * 3


async def test_long_folders_go_on(
    hass: HomeAssistant, browser: Browser, noon: datetime
) -> None:
    """A day and a camera with many entries show each once, page after page."""
    many = [clip(f"c{n}", noon + n * SECOND) for n in range(2 * PAGE + 50)]
    many += [clip(f"d{n}", noon - timedelta(days=n)) for n in range(1, PAGE + 30)]
    await put(hass, many)

    async def all_of(media_id: str) -> list[Node]:
        nodes = await browser.inside(media_id)
        assert len(nodes) <= PAGE + 1
        if nodes[-1]["title"] != "Older":
            return nodes
        return nodes[:-1] + await all_of(nodes[-1]["media_content_id"])

    days = await all_of(CLIPS)
    assert titles(days) == [f"{noon - timedelta(days=n):%F}" for n in range(PAGE + 30)]
    clips = await all_of(days[0]["media_content_id"])
    ids = [node["media_content_id"].rpartition("/")[2] for node in clips]
    assert ids == [f"c{n}" for n in reversed(range(2 * PAGE + 50))]


async def test_full_folders_do_not_go_on(
    hass: HomeAssistant, browser: Browser, noon: datetime
) -> None:
    """What just fits into a folder is all: there is no empty one behind it."""
    many = [clip(f"c{n}", noon + n * SECOND) for n in range(PAGE)]
    many += [clip(f"d{n}", noon - timedelta(days=n)) for n in range(1, PAGE)]
    await put(hass, many)
    days = await browser.inside(CLIPS)
    assert titles(days) == [f"{noon - timedelta(days=n):%F}" for n in range(PAGE)]
    clips = await browser.inside(days[0]["media_content_id"])
    assert len(clips) == PAGE
    assert "Older" not in titles(clips)


async def test_search(hass: HomeAssistant, browser: Browser, noon: datetime) -> None:
    """What is searched for is found below the folder where the search began, only."""
    day = timedelta(days=1)
    front = {"camera_id": "f/1", "camera_name": "Front"}
    back = {"camera_id": "b", "camera_name": "Back"}
    partial = {"status": ClipStatus.PARTIAL}
    await put(
        hass,
        [
            clip("1", noon, label="bell", **front),
            clip("2", noon - day, label="bell", **front),
            clip("3", noon - SECOND, label="cat", **front, **partial),
            clip("4", noon, label="bell", **back),
            clip("5", noon, label="bell", **back, account_id="other"),
        ],
    )
    (folder,) = (
        node
        for node in await browser.inside(CLIPS)
        if node["media_content_id"].endswith("/a")
    )
    account = folder["media_content_id"]
    cameras = await browser.inside(account)
    camera = named(cameras, "Front")
    today = named(await browser.inside(camera), f"{noon:%F}")

    async def found(media_id: str, text: str) -> list[str]:
        nodes = await browser.search(media_id, text)
        return [node["media_content_id"].rpartition("/")[2] for node in nodes]

    assert sorted(await found(ROOT, "bell")) == ["1", "2", "4", "5"]
    assert await found(CLIPS, "partial") == ["3"]
    assert sorted(await found(account, "BELL")) == ["1", "2", "4"]
    assert await found(camera, "bell") == ["1", "2"]
    assert await found(today, "bell") == ["1"]
    assert await found(account, f"front {noon - day:%F}") == ["2"]
    assert await found(ROOT, "no such thing") == []
    nodes = await browser.search(camera, "cat")
    date = noon.date()
    assert titles(nodes) == [
        f"11:59:59 {date:%a} {date.day} {date:%b} · Front · cat (0:30, partial)"
    ]
    assert nodes[0]["media_content_id"] in {
        node["media_content_id"] for node in await browser.inside(today)
    }
    assert await browser.search(ROOT, "bell", media_filter_classes=["music"]) == []
    assert await browser.search(ROOT, "bell", media_filter_classes=["video"])
    await browser.error("search_media", CLOUD, search_query="bell")

    await put(hass, [clip(f"m{n}", noon + n * SECOND, **front) for n in range(150)])
    assert await found(camera, "front") == [f"m{n}" for n in reversed(range(50, 150))]


NO_PLACES = [
    "..",
    "nothing",
    "clip",
    "clips/",
    "clips//a",
    "clips/..",
    "clips/../../etc/passwd",
    "clips/%2e%2e/x",
    "clips/nobody",
    "clips/a/nobody",
    "clips/a/9223372036854775809/2026-13-41",
    "clips/a/9223372036854775809/20261121",
    "clips/a/9223372036854775809/2026-W47-6",
    "clips/a/9223372036854775809/..%2f..%2fetc",
    "clips/a/9223372036854775809/1999-01-01",
    "clips/a/9223372036854775809/{day}?-1",
    "clips/a/9223372036854775809/{day}?0",
    "clips/a/9223372036854775809/{day}?x",
    "clips/a/9223372036854775809/{day}?99999999999999999999999",
    "clips/a/9223372036854775809/{day}?999999999",
    "clips/a/9223372036854775809/{day}?٣",
    "clips/a/9223372036854775809/{day}/c\0",
    "clips/a/9223372036854775809/{day}/%00",
    "clips/a/9223372036854775809/{day}/..%2F..%2Fx.mp4",
    "clips/a/9223372036854775809/{day}/c/deeper",
    "clips/a/9223372036854775809/{day}/c?7",
    "clips/a/9223372036854775809?yesterday",
    "clips/a/9223372036854775809?0001-01-01",
    "clips/a?{day}",
    "clips/a/" + "x" * 10_000,
    "cloud/nobody",
    "cloud/nobody/x/{day}/1",
    "cloud?{day}",
]


async def test_what_is_no_place(
    hass: HomeAssistant, hass_clouds: Clouds, browser: Browser, noon: datetime
) -> None:
    """Nothing but what the browser itself was given leads anywhere."""
    await set_up(hass, hass_clouds, "meraki")
    await put(hass, [clip("c", noon)])
    for identifier in NO_PLACES:
        media_id = f"{ROOT}/{identifier.replace('{day}', f'{noon:%F}')}"
        for command in ("browse_media", "resolve_media"):
            message = await browser.error(command, media_id)
            assert "no longer exists" in message, identifier


async def test_a_cloud_without_a_list(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    browser: Browser,
) -> None:
    """A day has its hours, and those what can be played; once it is saved it is a clip."""
    serial = hass_clouds.meraki.add_camera("Yard").serial
    entry = await set_up(hass, hass_clouds, "meraki")
    page = await browser.open(CLOUD)
    days = page["children"]
    assert page["title"] == "Yard"
    today = dt_util.now().date()
    assert titles(days) == [f"{today - timedelta(days=n)}" for n in range(30)]
    hours = await browser.inside(days[1]["media_content_id"])
    assert titles(hours)[:2] == ["23:00", "22:00"]
    assert 23 <= len(hours) <= 25
    # For how long they are kept is asked in the background.
    await hass.async_block_till_done(wait_background_tasks=True)
    asked = len(hass_clouds.meraki.requests)
    (hour,) = (node for node in hours if node["title"] == "12:00")
    page = await browser.open(hour["media_content_id"])
    assert page["title"].endswith("playing a recording saves it")
    nodes = page["children"]
    assert titles(nodes)[:2] == ["12:55:00 (5:00)", "12:50:00 (5:00)"]
    assert len(nodes) == 12
    assert len(hass_clouds.meraki.requests) == asked

    media_id = nodes[0]["media_content_id"]
    films = [await browser.play(media_id) for _ in range(2)]
    (path,) = Path(hass.config.media_dirs["local"]).rglob("*.mp4")
    assert films == [path.read_bytes()] * 2
    nodes = await browser.inside(hour["media_content_id"])
    assert [bool(node["thumbnail"]) for node in nodes] == [True] + [False] * 11
    (found,) = await browser.search(CLIPS, "yard")
    assert await browser.play(found["media_content_id"]) == films[0]

    # What its webhook told of is counted, and named where it happened.
    at = dt_util.start_of_local_day(today - timedelta(days=1)) + timedelta(hours=12)
    windows = [
        Window(start, start + SECOND)
        for minutes in (2, 3, 41)
        for start in [at.astimezone(UTC) + timedelta(minutes=minutes)]
    ]
    told = [
        Event(id=f"{n}", kind="motion", window=window, seen=("person",) * (n % 2))
        for n, window in enumerate(windows)
    ]
    await entry.runtime_data.event_store.add(serial, told, ())
    days = await browser.inside(CLOUD)
    assert titles(days)[1] == f"{today - timedelta(days=1)} (3)"
    hours = await browser.inside(days[1]["media_content_id"])
    assert "12:00 (3)" in titles(hours)
    nodes = await browser.inside(hour["media_content_id"])
    assert titles(nodes)[3] == "12:40:00 motion (5:00)"
    assert titles(nodes)[-1] == "12:00:00 motion, person (5:00)"

    # What has not been filmed yet, and what is no hour and no stretch.
    nodes = await browser.inside(days[0]["media_content_id"])
    nodes = await browser.inside(nodes[0]["media_content_id"])
    playable = [node["can_play"] for node in nodes]
    assert playable == sorted(playable)
    base, _, item = media_id.rpartition("/")
    start_s = int(item.partition("-")[0])
    for wrong in (f"{start_s}-{start_s + 299}", f"{start_s + 1}-{start_s + 301}", "x"):
        await browser.error("browse_media", f"{base}/{wrong}")
        await browser.error("resolve_media", f"{base}/{wrong}")
    await browser.error("browse_media", f"{base[:-10]}2199-01-01/{item}")
    await browser.error("resolve_media", f"{base[:-10]}2199-01-01/{item}")


@pytest.mark.parametrize(
    "place",
    [
        Place(),
        Place(tree=Tree.CLIPS),
        Place(tree=Tree.CLIPS, account_id="a/../b?c#%2F"),
        Place(tree=Tree.CLOUD, account_id="a", camera_id="arn:aws:x:stream/ü/1"),
        Place(tree=Tree.CLIPS, account_id="a", camera_id="c", before="2026-11-21"),
        Place(
            tree=Tree.CLIPS, account_id="a", camera_id="c", day="2026-11-21", offset=200
        ),
        Place(
            tree=Tree.CLOUD, account_id="a", camera_id=" ", day="2026-11-21", item="1/2"
        ),
    ],
)
def test_a_place_is_read_as_it_is_written(place: Place) -> None:
    """Ids come from clouds, and may be anything."""
    assert Place.parse(place.identifier) == place
    with pytest.raises(InvalidRequestError):
        Place.parse(f"{place.identifier}/")


async def test_deleted_by_hand(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    camera: RingCamera,
    browser: Browser,
    noon: datetime,
) -> None:
    """What "My media" deletes is not shown any more, nor found, nor played."""
    older = await happen(hass_clouds, camera, noon - timedelta(days=1), "ding")
    newer = await happen(hass_clouds, camera, noon)
    entry = await set_up(hass, hass_clouds, "ring")
    kept = await save_event(hass, older)
    gone = await save_event(hass, newer)
    camera_id = f"{CLIPS}/{entry.entry_id}/{camera.id}"
    # Another one, so that the camera's folder is shown.
    await put(hass, [clip("x", noon, account_id=entry.entry_id, camera_id="x")])
    days = await browser.inside(camera_id)
    assert len(days) == 2
    (deleted,) = await browser.inside(days[0]["media_content_id"])

    media_id = response.place(hass, gone)["media_content_id"]
    done = await browser.ask("local_source/remove", media_content_id=media_id)
    assert done["success"]
    assert not gone.exists()

    await browser.error("resolve_media", deleted["media_content_id"])
    assert ids(await browser.inside(camera_id)) == ids(days[1:])
    await browser.error("browse_media", days[0]["media_content_id"])
    node, _ = await browser.inside(f"{CLIPS}/{entry.entry_id}")
    assert node["media_content_id"] == camera_id
    shown = kept.with_suffix(".jpg").read_bytes()
    assert await browser.load(node["thumbnail"]) == shown
    assert len(await browser.search(ROOT, "front")) == 1

    # Without its picture a clip is still a clip.
    kept.with_suffix(".jpg").unlink()
    (node,) = await browser.search(ROOT, "front")
    assert node["thumbnail"] is None
    assert await browser.play(node["media_content_id"]) == kept.read_bytes()


async def test_a_folder_that_is_none_of_media(
    hass: HomeAssistant, hass_clouds: Clouds, browser: Browser, noon: datetime
) -> None:
    """A clip that Home Assistant cannot serve says where it lies."""
    await set_up(hass, hass_clouds, "ring")
    await put(hass, [clip("c", noon)])
    (node,) = await browser.search(ROOT, "")
    message = await browser.error("resolve_media", node["media_content_id"])
    assert "/nas/c.mp4" in message


async def test_recordings_that_are_not_saved(
    *,
    hass: HomeAssistant,
    hass_clouds: Clouds,
    camera: RingCamera,
    browser: Browser,
    noon: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A day shows what the cloud has besides; the cloud is asked once for all days."""
    camera.snapshot_at = datetime.now(UTC)
    events = [
        await happen(hass_clouds, camera, noon + n * timedelta(minutes=5), kind)
        for n, kind in enumerate(("ding", "motion", "on_demand"))
    ]
    midnight = dt_util.start_of_local_day(noon)
    await happen(hass_clouds, camera, midnight)
    await happen(hass_clouds, camera, midnight - SECOND)
    await happen(hass_clouds, camera, dt_util.start_of_local_day(), "ding")
    entry = await set_up(hass, hass_clouds, "ring")
    await save_event(hass, events[0])
    await look(hass, entry)
    asked = len(hass_clouds.ring.asked(HISTORY))

    page = await browser.open(f"{CLOUD}/{entry.entry_id}")
    assert page["title"] == "Front"
    assert ids(page["children"]) == ids(await browser.inside(CLOUD))
    days = page["children"]
    # One list tells of all days; an empty one is not there.
    assert len(hass_clouds.ring.asked(HISTORY)) > asked
    asked = len(hass_clouds.ring.asked(HISTORY))
    today = dt_util.now().date()
    counts = {0: 1, 1: 4, 2: 1}
    assert titles(days) == [
        f"{today - timedelta(days=n)} ({count})" for n, count in counts.items()
    ]
    assert not any(day["can_search"] for day in days)
    # The picture of a day is that of its newest clip.
    assert [bool(day["thumbnail"]) for day in days] == [False, True, False]
    picture = next(Path(hass.config.media_dirs["local"]).rglob("*.jpg"))
    assert await browser.load(days[1]["thumbnail"]) == picture.read_bytes()
    # Nobody's camera wakes up because a folder is opened.
    assert hass_clouds.ring.asked("snapshots/timestamps") == []

    nodes = await browser.inside(days[1]["media_content_id"])
    assert len(hass_clouds.ring.asked(HISTORY)) == asked
    # The window of the first was saved, but not as that event's clip.
    assert titles(nodes) == [
        "12:10:00 live view (0:03)",
        "12:05:00 motion (0:03)",
        "12:00:00 ring (0:03)",
        "00:00:00 motion (0:03)",
    ]
    assert all(node["can_play"] for node in nodes)
    # The cloud's own picture, for which no camera wakes up either.
    assert (await browser.load(nodes[0]["thumbnail"])).startswith(b"\xff\xd8")
    assert hass_clouds.ring.asked("snapshots/timestamps") == []
    await save_all(hass, noon, 1)
    nodes = await browser.inside(days[1]["media_content_id"])
    assert [title[:8] for title in titles(nodes)] == ["12:10:00", "00:00:00"]
    assert hass_clouds.ring.asked(FOOTAGE)

    assert titles(await browser.inside(CLOUD))[1] == f"{noon:%F} (2)"
    for module, name in ((history, "FRESH_FOR"), (cloud, "COUNTED_FOR")):
        monkeypatch.setattr(module, name, -SECOND)
    day = days[0]["media_content_id"][: -len("2026-11-21")]
    assert "is in the future" in await browser.error("browse_media", f"{day}2199-01-01")
    hass_clouds.ring.misbehave(HISTORY, status=429, headers={"Retry-After": "3600"})
    message = await browser.error("browse_media", days[1]["media_content_id"])
    assert "Front" in message
    # Where nobody knows what there is, all days are there.
    assert len(await browser.inside(CLOUD)) == 30


async def test_downloads_are_no_recordings(
    hass: HomeAssistant, hass_clouds: Clouds, browser: Browser, noon: datetime
) -> None:
    """Where each download is one more event, those are not offered."""
    partner = hass_clouds.ring_partner
    camera = partner.add_camera("Front")
    for n, kind in enumerate(("ding", "on_demand")):
        partner.add_event(
            camera,
            kind,  # type: ignore[arg-type]
            start=noon.astimezone(UTC) + n * timedelta(minutes=5),
            duration_s=3,
        )
    entry = await set_up(hass, hass_clouds, "ring_partner")
    (node,) = await browser.inside(f"{CLOUD}/{entry.entry_id}")
    assert node["title"] == f"{noon:%F} (1)"
    nodes = await browser.inside(node["media_content_id"])
    assert titles(nodes) == ["12:00:00 ring (0:03)"]


@pytest.fixture
async def day(
    hass: HomeAssistant, hass_clouds: Clouds, camera: RingCamera, noon: datetime
) -> str:
    """Return the day's folder of a camera whose cloud has one recording of it."""
    await happen(hass_clouds, camera, noon, "ding")
    entry = await set_up(hass, hass_clouds, "ring")
    return f"{CLOUD}/{entry.entry_id}/{camera.id}/{noon:%F}"


async def test_playing_a_recording_saves_it(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    open_browser: Callable[..., Awaitable[Browser]],
    day: str,
    noon: datetime,
) -> None:
    """Two who play it get the one clip that is saved then, and it stays."""
    browser, other = await open_browser(), await open_browser()
    (node,) = await browser.inside(day)
    media_id = node["media_content_id"]
    films = await asyncio.gather(browser.play(media_id), other.play(media_id))
    (path,) = Path(hass.config.media_dirs["local"]).rglob("*.mp4")
    assert set(films) == {path.read_bytes()}
    assert abs(first_and_last(path).start - noon) < SECOND
    footage = len(hass_clouds.ring.asked(FOOTAGE))

    assert await browser.inside(day) == []
    (clip_node,) = await browser.search(CLIPS, "ding")
    assert await browser.play(clip_node["media_content_id"]) == films[0]
    # A page that is still open knows it by its place in the cloud.
    everything = len(hass_clouds.ring.requests)
    assert await browser.play(media_id) == films[0]
    assert len(hass_clouds.ring.requests) == everything
    assert len(hass_clouds.ring.asked(FOOTAGE)) == footage

    # It can be had again, under its name, after somebody deleted the file.
    path.unlink()
    assert ids(await browser.inside(day)) == [media_id]
    assert await browser.play(media_id) == path.read_bytes()


async def test_played_while_it_is_saved_for_another(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    open_browser: Callable[..., Awaitable[Browser]],
    day: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever began to play it before another had it gets the clip of that one."""
    browser, other = await open_browser(), await open_browser()
    (node,) = await browser.inside(day)
    media_id = node["media_content_id"]
    recordings = cloud.CloudTree._recording
    is_listed, is_saved = asyncio.Event(), asyncio.Event()

    async def list_slowly(self: cloud.CloudTree, *args: Any) -> Any:
        found = await recordings(self, *args)
        if not is_listed.is_set():
            is_listed.set()
            await is_saved.wait()
        return found

    monkeypatch.setattr(cloud.CloudTree, "_recording", list_slowly)
    playing = asyncio.ensure_future(browser.play(media_id))
    await is_listed.wait()
    film = await other.play(media_id)
    footage = len(hass_clouds.ring.asked(FOOTAGE))
    is_saved.set()
    assert await playing == film
    assert len(hass_clouds.ring.asked(FOOTAGE)) == footage
    assert len(list(Path(hass.config.media_dirs["local"]).rglob("*.mp4"))) == 1


async def test_a_recording_that_is_not_ready(
    hass: HomeAssistant, hass_clouds: Clouds, camera: RingCamera, browser: Browser
) -> None:
    """It is shown, and cannot be played yet."""
    start = datetime.now(UTC) - 5 * SECOND
    hass_clouds.ring.add_event(
        camera, "ding", start=start, duration_s=3, ready_after_s=600
    )
    entry = await set_up(hass, hass_clouds, "ring")
    local = dt_util.as_local(start)
    (node,) = await browser.inside(f"{CLOUD}/{entry.entry_id}/{camera.id}/{local:%F}")
    assert node["title"].startswith(f"{local:%H:%M:%S} ring (")
    assert node["title"].endswith("not ready yet)")
    assert not node["can_play"]
    message = await browser.error("resolve_media", node["media_content_id"])
    assert "still processing" in message
    assert "Front" in message
    assert not hass_clouds.ring.asked(FOOTAGE)


async def test_a_recording_that_takes_long(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    browser: Browser,
    day: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who plays it is told, and finds it among the clips later."""
    monkeypatch.setattr(cloud, "SAVING_TIMEOUT_S", 0)
    (node,) = await browser.inside(day)
    message = await browser.error("resolve_media", node["media_content_id"])
    assert "being saved" in message
    await hass.async_block_till_done(wait_background_tasks=True)
    assert len(await browser.search(CLIPS, "ding")) == 1


async def test_a_recording_that_cannot_be_had(
    hass: HomeAssistant, hass_clouds: Clouds, browser: Browser, day: str
) -> None:
    """Who plays it is told why not; one that is gone from the cloud is gone."""
    (node,) = await browser.inside(day)
    # However its address is known: by the list, or because it is asked for.
    for place in FOOTAGE.split("|"):
        hass_clouds.ring.misbehave(place, status=403)
    message = await browser.error("resolve_media", node["media_content_id"])
    assert "is not allowed to download" in message
    assert "Front" in message
    hass_clouds.ring.events.clear()
    message = await browser.error("resolve_media", node["media_content_id"])
    assert "no longer exists" in message


async def test_an_account_that_goes(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    browser: Browser,
    day: str,
) -> None:
    """Its cloud cannot be looked at any more; its clips stay."""
    (node,) = await browser.inside(day)
    media_id = node["media_content_id"]
    film = await browser.play(media_id)
    (found,) = await browser.search(CLIPS, "")
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    await hass.config_entries.async_unload(entry.entry_id)
    assert await browser.inside(CLOUD) == []
    for folder in (day, f"{CLOUD}/{entry.entry_id}"):
        assert entry.title in await browser.error("browse_media", folder)
    assert entry.title in await browser.error("resolve_media", media_id)
    assert await browser.play(found["media_content_id"]) == film

    await hass.config_entries.async_remove(entry.entry_id)
    await browser.error("browse_media", day)
    # It is named where there is another.
    await put(hass, [clip("x", dt_util.now(), account_name="Z")])
    account, _ = await browser.inside(CLIPS)
    assert account["title"] == sidecar.without_addresses(entry.title)
    assert await browser.play(found["media_content_id"]) == film


async def test_who_may_not_control_the_camera(
    hass_read_only_access_token: str,
    hass_clouds: Clouds,
    open_browser: Callable[..., Awaitable[Browser]],
    day: str,
) -> None:
    """Nobody else saves its recordings, or sees what there are."""
    browser = await open_browser()
    guest = await open_browser(hass_read_only_access_token)
    (node,) = await browser.inside(day)
    assert await guest.inside(CLOUD) == []
    await guest.error("browse_media", day.rpartition("/")[0])
    await guest.error("browse_media", day)
    await guest.error("resolve_media", node["media_content_id"])
    assert not hass_clouds.ring.asked(FOOTAGE)
    assert await browser.play(node["media_content_id"])


async def test_sign_in_that_is_refused(
    hass: HomeAssistant, hass_clouds: Clouds, browser: Browser, day: str
) -> None:
    """Looking at a day finds out that somebody has to sign in again."""
    hass_clouds.ring.revoke()
    hass_clouds.ring.password = "another horse"
    message = await browser.error("browse_media", day)
    assert "sign in again" in message
    await hass.async_block_till_done()
    assert [
        flow["context"]["source"] for flow in hass.config_entries.flow.async_progress()
    ] == ["reauth"]
