"""The library at 50,000 clips of 20 cameras, beside one of 5,000 and one of 10.

    .venv/bin/python -m benchmarks.library [--rounds 3]

Every clip is a file with its sidecar and its picture, the database is what a rebuild
made of them, and the pages are those of Home Assistant's media source. Each round sets
Home Assistant up with one library after the other, and asks for every page several
times. The exit code says whether every limit is kept.
"""

import argparse
import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from hashlib import sha256
from itertools import islice, product
import json
import logging
from pathlib import Path
import statistics
import sys
import tempfile
from time import perf_counter
from typing import Any, cast
from zoneinfo import ZoneInfo

from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_test_home_assistant,
)

from custom_components.clip_download.const import DOMAIN
from custom_components.clip_download.engine.library import files, sidecar
from custom_components.clip_download.engine.library.database import Library
from custom_components.clip_download.engine.library.queries import ClipQueries
from custom_components.clip_download.engine.library.reindex import rebuild
from custom_components.clip_download.engine.library.retention import Limits, Pruning
from custom_components.clip_download.engine.model import (
    Clip,
    ClipStatus,
    Event,
    EventKind,
)
from custom_components.clip_download.engine.time_range import Window
from custom_components.clip_download.media_source.saved import MOST_FOUND, PAGE
from custom_components.clip_download.runtime import DATABASE
from homeassistant import loader
from homeassistant.auth.const import GROUP_ID_ADMIN
from homeassistant.components import media_source
from homeassistant.components.media_player.browse_media import SearchMediaQuery
from homeassistant.components.media_player.errors import BrowseError
from homeassistant.components.websocket_api.connection import ActiveConnection
from homeassistant.components.websocket_api.http import WebSocketAdapter
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import DATA_RESOLVER, HassAsyncDNSResolver
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from tests.accounts import set_up
from tests.clouds import Clouds

# Before Home Assistant: it makes its TLS contexts such that the clouds are trusted.
from tests.conftest import AUTHORITY

from .watching import ticks

LARGE, MIDDLE, SMALL = 50_000, 5_000, 10
CAMERAS = 20
DAYS = 250
PRUNED = 1_000
ACCOUNT = "benchmark"
TIME_ZONE = "Europe/Berlin"
PRUNINGS = 3
# What is wanted.
LIST_MS = 200
PAGE_MS, SEARCH_MS, SETUP_MS, PRUNE_S, HELD_MS = 50, 150, 100, 2, 20
# What is outside of a page costs nothing; what is left is how a measurement varies.
GROWTH = 1.5
# Each page is asked for so often in each round.
ASKED = 7

FILM, PICTURE = b"film" * 64, b"picture"
RARE = "fox"


@dataclass(frozen=True)
class Shelf:
    """A library on the disk: its clips' files, and the database made of them."""

    clips: int
    config: Path
    media: Path


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of the table: what was measured with how many clips, and the most wanted.

    The limit is that of the largest library.
    """

    name: str
    measured: Mapping[int, float]
    wanted: float | None = None
    digits: int = 1

    @property
    def is_kept(self) -> bool:
        """Say whether the limit is kept, where there is one."""
        return self.wanted is None or self.measured[LARGE] <= self.wanted


def clips(count: int, media: Path, today: datetime) -> Iterator[Clip]:
    """Return so many clips: the same cameras, days and first two days, however many.

    The first camera's last day has ten; the day before is more than a full page.
    """
    special = {(0, 0): 10, (0, 1): PAGE + 10}
    a_day = -(-count // (CAMERAS * DAYS))
    made = (
        clip(camera, today - timedelta(days=day), number, media)
        for camera, day in product(range(CAMERAS), range(DAYS))
        for number in range(special.get((camera, day), a_day))
    )
    return islice(made, count)


def clip(camera: int, day: datetime, number: int, media: Path) -> Clip:
    """Return a clip of half a minute of a day."""
    start = day + timedelta(minutes=number)
    window = Window(start, start + timedelta(seconds=30))
    clip_id = f"{camera}-{day:%Y%m%d}-{number}"
    event = Event(
        id=clip_id,
        kind=EventKind.MOTION if number % 3 else EventKind.DING,
        seen=("person",) if number % 2 else (),
        window=window,
    )
    folder = media / "clip_download" / f"Camera {camera}" / f"{day:%F}"
    return Clip(
        id=clip_id,
        job_id=clip_id,
        account_id=ACCOUNT,
        account_name="Home",
        source="meraki",
        camera_id=f"{camera}",
        camera_name=f"Camera {camera}",
        window=window,
        duration_ms=30_000,
        label=RARE if number == camera == 0 and day.day == 1 else event.kind,
        status=ClipStatus.PARTIAL if number == 5 else ClipStatus.COMPLETE,
        path=folder / f"{start:%F_%H-%M-%S}_{event.kind}{files.SUFFIX}",
        size_bytes=len(FILM),
        sha256=sha256(FILM).hexdigest(),
        video_codec="h264",
        audio_codec="aac",
        width=1920,
        height=1080,
        events=(clip_id,),
        gaps=(),
        saved_at=start + timedelta(minutes=2),
        saves=(event,),
    )


def lay(one: Clip) -> None:
    """Lay a clip's files down. None is waited for to reach the disk, as a job does."""
    one.path.parent.mkdir(parents=True, exist_ok=True)
    one.path.write_bytes(FILM)
    one.path.with_suffix(".jpg").write_bytes(PICTURE)
    told = sidecar._described(one, one.window)
    sidecar.path_of(one.path).write_text(json.dumps(told, indent=2))


async def fill(shelf: Shelf, today: datetime) -> tuple[float, float]:
    """Lay the clips down and make the database of them.

    Return how long the database took, and the longest that the loop was held for it.
    """
    shelf.config.mkdir(parents=True)
    for one in clips(shelf.clips, shelf.media, today):
        lay(one)
    library = await Library(
        shelf.config / DATABASE, dt_util.get_default_time_zone()
    ).open()
    seconds, held_ms, rebuilt = await watched(rebuild(library, [shelf.media]))
    if rebuilt.added != shelf.clips:
        raise SystemExit(f"not all clips were found: {rebuilt}")
    await library.close()
    return seconds, held_ms


async def watched[T](doing: Awaitable[T]) -> tuple[float, float, T]:
    """Return how many seconds it takes, the most ms that the loop is held, and its answer."""
    stop = asyncio.Event()
    watching = asyncio.create_task(ticks(stop))
    await asyncio.sleep(0.01)
    begun = perf_counter()
    done = await doing
    seconds = perf_counter() - begun
    stop.set()
    return seconds, max(await watching), done


@asynccontextmanager
async def home(shelf: Shelf, clouds: Clouds) -> AsyncIterator[HomeAssistant]:
    """Start Home Assistant where this library is, with nothing set up yet."""
    async with async_test_home_assistant(config_dir=str(shelf.config)) as hass:
        # It is told to know no custom integrations; so it looks for them itself.
        hass.data.pop(loader.DATA_CUSTOM_COMPONENTS)
        hass.data[DATA_RESOLVER] = cast("HassAsyncDNSResolver", clouds.resolver())
        await hass.config.async_set_time_zone(TIME_ZONE)
        hass.config.media_dirs = {"local": str(shelf.media)}
        try:
            yield hass
        finally:
            await hass.async_stop(force=True)


async def sign_in(shelf: Shelf, clouds: Clouds) -> dict[str, Any]:
    """Set an account up as a person does; return what is kept of it."""
    async with home(shelf, clouds) as hass:
        entry = await set_up(hass, clouds, "meraki")
        return {"data": entry.data, "version": entry.version}


async def start(hass: HomeAssistant, entry: dict[str, Any]) -> float:
    """Set the integration up with its account; return how many seconds it took."""
    for component in ("http", "media_source", "websocket_api"):
        if not await async_setup_component(hass, component, {}):
            raise SystemExit(f"no {component}")
    await hass.async_block_till_done()
    account = MockConfigEntry(domain=DOMAIN, entry_id=ACCOUNT, title="Home", **entry)
    account.add_to_hass(hass)
    begun = perf_counter()
    await async_setup_component(hass, DOMAIN, {})
    seconds = perf_counter() - begun
    if account.state is not ConfigEntryState.LOADED:
        raise SystemExit(f"not set up: {account.reason}")
    await hass.async_block_till_done(wait_background_tasks=True)
    return seconds


async def ask_socket(hass: HomeAssistant, command: str, **data: Any) -> dict[str, Any]:
    """Return what a command of the WebSocket API answers an administrator."""
    user = await hass.auth.async_create_system_user("b", group_ids=[GROUP_ID_ADMIN])
    token = await hass.auth.async_create_refresh_token(user)
    answer = hass.loop.create_future()
    logger = cast("WebSocketAdapter", logging.getLogger(__name__))
    connection = ActiveConnection(
        hass=hass,
        logger=logger,
        send_message=answer.set_result,
        user=user,
        refresh_token=token,
        remote=None,
    )
    connection.async_handle({"id": 1, "type": command, **data})
    told = json.loads(await answer)
    if not told["success"]:
        raise SystemExit(f"{command}: {told}")
    result: dict[str, Any] = told["result"]
    return result


def pages(
    hass: HomeAssistant, today: datetime
) -> dict[str, tuple[Callable[[], Awaitable[int]], int]]:
    """Return what is asked for, and how much the largest library has at least.

    Each answers how much there was.
    """
    top = f"media-source://{DOMAIN}/clips"
    camera = f"{top}/{ACCOUNT}/0"

    def browse(place: str) -> Callable[[], Awaitable[int]]:
        async def ask() -> int:
            with suppress(BrowseError):
                page = await media_source.async_browse_media(hass, place)
                return len(page.children or ())
            return 0

        return ask

    def search(words: str, place: str = top) -> Callable[[], Awaitable[int]]:
        async def ask() -> int:
            query = SearchMediaQuery(search_query=words)
            found = await media_source.async_search_media(hass, place, query)
            return len(found.result)

        return ask

    full_day = today - timedelta(days=1)
    window = {
        "start": full_day.isoformat(),
        "end": (full_day + timedelta(hours=15)).isoformat(),
    }

    def command(
        name: str, of: str = "clips", **data: Any
    ) -> Callable[[], Awaitable[int]]:
        async def ask() -> int:
            answer = await ask_socket(hass, f"{DOMAIN}/{name}", **data)
            # Of a timeline, there is one camera.
            if name == "timeline":
                answer = answer["cameras"][0]
            return len(answer[of])

        return ask

    return {
        "list of a day": (command("clips/list", **window), 50),
        "search by kind": (
            command("clips/list", kind=EventKind.DING.value, seen="person"),
            50,
        ),
        "search by label": (command("clips/list", label=RARE), 5),
        "search by words": (command("clips/list", query=f"camera {RARE}"), 5),
        "list of filters": (command("clips/filters", of="seen"), 1),
        "list of cameras": (command("cameras", of="cameras"), CAMERAS),
        "list of a timeline's day": (
            command("timeline", entity_ids=["camera.camera_0"], **window),
            PAGE,
        ),
        "accounts page": (browse(top), CAMERAS),
        "cameras page": (browse(f"{top}/{ACCOUNT}"), CAMERAS),
        "camera page": (browse(camera), PAGE),
        "day page of 10": (browse(f"{camera}/{today:%F}"), 10),
        "day page, full": (browse(f"{camera}/{full_day:%F}"), PAGE),
        "search for what many have": (search("person"), MOST_FOUND),
        "search for what few have": (search(RARE), 5),
        "search for what none has": (search("zeppelin"), 0),
        "search for a day": (
            search(f"{today - timedelta(days=9):%F}"),
            MOST_FOUND,
        ),
        "search for a month": (
            search(f"{today - timedelta(days=200):%Y-%m}"),
            MOST_FOUND,
        ),
        "search for partial": (search("partial"), MOST_FOUND),
        "search for four words": (search(f"camera 7 ding {today:%Y}"), MOST_FOUND),
        "search in a camera": (search(RARE, camera), 5),
    }


async def prune(shelf: Shelf) -> tuple[float, float]:
    """Let the oldest go; return the seconds, and the longest that the loop was held."""
    library = await Library(
        shelf.config / DATABASE, dt_util.get_default_time_zone()
    ).open()
    catalog = ClipQueries(library)
    limits = Limits(most_bytes=await catalog.total_size() - PRUNED * len(FILM))
    seconds, held_ms, done = await watched(
        Pruning(catalog).prune({None: limits}, [shelf.media], dt_util.utcnow())
    )
    if len(done.gone) != PRUNED or any(due.clip.path.exists() for due in done.gone):
        raise SystemExit(f"{len(done.gone)} were let go of, {len(done.spared)} not")
    await library.close()
    return seconds, held_ms


async def measure(folder: Path, rounds: int) -> list[Row]:
    """Measure all of it; return the table."""
    time_zone = ZoneInfo(TIME_ZONE)
    today = datetime.combine(datetime.now(time_zone), time(8), time_zone)
    shelves = [
        Shelf(count, folder / f"{count}" / "config", folder / f"{count}" / "media")
        for count in (SMALL, MIDDLE, LARGE)
    ]
    setup_ms = defaultdict[int, list[float]](list)
    asked_ms = defaultdict[str, dict[int, list[float]]](lambda: defaultdict(list))
    async with Clouds(AUTHORITY) as clouds:
        for number in range(CAMERAS):
            clouds.meraki.add_camera(f"Camera {number}", serial=f"{number}")
        entry = await sign_in(Shelf(0, folder / "new", folder / "new"), clouds)
        dt_util.set_default_time_zone(time_zone)
        rebuilt = {shelf.clips: await fill(shelf, today) for shelf in shelves}
        for turn, shelf in product(range(rounds + 1), shelves):
            async with home(shelf, clouds) as hass:
                seconds = await start(hass, entry)
                # The first round brings what stays: code, and files into memory.
                if not turn:
                    continue
                setup_ms[shelf.clips].append(seconds * 1000)
                for name, (ask, least) in pages(hass, today).items():
                    for _ in range(ASKED):
                        begun = perf_counter()
                        found = await ask()
                        ms = (perf_counter() - begun) * 1000
                        asked_ms[name][shelf.clips].append(ms)
                    if shelf.clips == LARGE and found < least:
                        raise SystemExit(f"{name}: only {found} were found")
    _, idle_held_ms, _ = await watched(asyncio.sleep(1))
    pruned = [await prune(shelves[-1]) for _ in range(PRUNINGS)]

    medians = {
        name: {count: statistics.median(times) for count, times in by_clips.items()}
        for name, by_clips in asked_ms.items()
    }
    return [
        *(
            Row(
                name=f"{name}, ms",
                measured=measured,
                wanted=_wanted_ms(name),
            )
            for name, measured in medians.items()
        ),
        *(
            Row(
                name=f"{name}, times that with {MIDDLE}",
                measured={LARGE: medians[name][LARGE] / medians[name][MIDDLE]},
                wanted=GROWTH,
                digits=2,
            )
            for name in medians
            if not name.startswith("search")
        ),
        Row(
            name="set-up, ms more than with 10",
            measured={
                count: statistics.median(times) - statistics.median(setup_ms[SMALL])
                for count, times in setup_ms.items()
            },
            wanted=SETUP_MS,
        ),
        Row(
            name=f"pruning {PRUNED} clips, s",
            measured={LARGE: statistics.median(seconds for seconds, _ in pruned)},
            wanted=PRUNE_S,
            digits=2,
        ),
        Row(
            name=f"loop held while pruning (idle: {idle_held_ms:.1f}), ms",
            measured={LARGE: statistics.median(held_ms for _, held_ms in pruned)},
            wanted=HELD_MS,
        ),
        Row(
            name="rebuild, clips a second",
            measured={
                count: count / seconds for count, (seconds, _) in rebuilt.items()
            },
            digits=0,
        ),
        Row(
            name="loop held while rebuilding, ms",
            measured={count: held_ms for count, (_, held_ms) in rebuilt.items()},
        ),
    ]


def _wanted_ms(name: str) -> float:
    limits = {"search": SEARCH_MS, "list": LIST_MS}
    return limits.get(name.partition(" ")[0], PAGE_MS)


def main() -> None:
    """Measure, print the table, and end with 1 if a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path(".benchmarks"))
    options = parser.parse_args()
    # Home Assistant says at each start that this is no part of it.
    logging.disable(logging.WARNING)
    options.folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.folder.resolve()) as name:
        rows = asyncio.run(measure(Path(name), options.rounds))
    counts = (SMALL, MIDDLE, LARGE)
    print(f"| | {' | '.join(f'{count} clips' for count in counts)} | wanted | |")
    print("|---|---|---|---|---|---|")
    for row in rows:
        cells = [
            f"{row.measured[count]:.{row.digits}f}" if count in row.measured else ""
            for count in counts
        ]
        wanted = "" if row.wanted is None else f"{row.wanted:g}"
        print(
            f"| {row.name} | {' | '.join(cells)} | {wanted} "
            f"| {'' if row.is_kept else 'missed'} |"
        )
    if not all(row.is_kept for row in rows):
        sys.exit(1)


if __name__ == "__main__":
    main()
