"""Libraries of 1,000 to 1,000,000 clips: pages, search, saving, retention, start, rebuild.

    .venv/bin/python -m benchmarks.library

A library is its database, filled in bulk and kept in the folder for the next time. Files
are laid down for those of its clips that a page may show: nothing looks at others. They
lie in `clip_download`, the others are said to lie in a folder that is away. The pages are
those that Home Assistant answers; each library has the same of what they show.

What is rebuilt is a tree of true files, each clip with its sidecar and its picture,
beside `os.walk` with `stat` of it all.
"""

import argparse
import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from hashlib import sha256
from itertools import batched
import json
import logging
import os
from pathlib import Path
import shutil
import statistics
import tempfile
from time import perf_counter
from typing import Any, cast
from zoneinfo import ZoneInfo

from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_test_home_assistant,
)

from custom_components.clip_download.const import DOMAIN
from custom_components.clip_download.engine.library import files, schema, sidecar
from custom_components.clip_download.engine.library.database import Library, put_records
from custom_components.clip_download.engine.library.queries import ClipQueries
from custom_components.clip_download.engine.library.reindex import rebuild
from custom_components.clip_download.engine.library.retention import Limits, Pruning
from custom_components.clip_download.engine.model import (
    Clip,
    ClipStatus,
    Event,
    EventKind,
    Job,
    JobState,
)
from custom_components.clip_download.engine.time_range import Window
from custom_components.clip_download.media_source.saved import MOST_FOUND, PAGE
from custom_components.clip_download.runtime import DATA_SHARED, DATABASE
from homeassistant import loader
from homeassistant.components import media_source
from homeassistant.components.media_player.browse_media import SearchMediaQuery
from homeassistant.components.media_player.errors import BrowseError
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import DATA_RESOLVER, HassAsyncDNSResolver
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from tests.accounts import set_up
from tests.clouds import Clouds

# Before Home Assistant: it makes its TLS contexts such that the clouds are trusted.
from tests.conftest import AUTHORITY

from . import websocket
from .table import Row, main
from .watching import Watched, watched

SIZES = (1_000, 10_000, 50_000, 200_000, 1_000_000)
TREE = 50_000
CAMERAS = 20
DAYS = 250
PRUNED = 1_000
ACCOUNT = "benchmark"
TIME_ZONE = "Europe/Berlin"
# What is wanted: the largest beside the smallest, and of the rebuild.
GROWTH, PRUNE_S, HELD_MS, CLIPS_A_SECOND = 1.5, 2, 50, 10_000
# Each page is asked for so often in each round.
ASKED = 5
# How many days of all cameras have files.
SHOWN_DAYS = 3
LONG_AGO = timedelta(days=3650)

FILM, PICTURE = b"film" * 64, b"picture"
RARE = "fox"


@dataclass(frozen=True)
class Shelf:
    """A library: how many clips, where its database is, and its media folder."""

    clips: int
    config: Path
    media: Path


def clips(count: int, media: Path, today: datetime) -> Iterator[Clip]:
    """Return so many clips: the same cameras, however many.

    The first camera has clips on all days: ten on the last, a page and ten on the one
    before, and one at least on each. The others share the rest.
    """
    first = {0: 10, 1: PAGE + 10}
    others = count - sum(first.values()) - (DAYS - len(first))
    a_day = max(others // (CAMERAS * DAYS), 1)
    left = count
    for day in range(DAYS):
        for camera in range(CAMERAS):
            number = first.get(day, a_day) if camera == 0 else a_day
            # Of few clips, those of the other cameras are of the last days.
            if camera and a_day == 1 and others < CAMERAS * DAYS:
                number = int(day < others // (CAMERAS - 1))
            for one in range(min(number, left)):
                yield clip(camera, day, one, media, today)
            left -= min(number, left)
    # What is left over is of the oldest day.
    for one in range(left):
        yield clip(1, DAYS, one, media, today)


def clip(camera: int, ago: int, number: int, media: Path, today: datetime) -> Clip:
    """Return a clip of half a minute of a day."""
    day = today - timedelta(days=ago)
    start = day + timedelta(minutes=number)
    window = Window(start, start + timedelta(seconds=30))
    clip_id = sha256(f"{camera}-{day:%Y%m%d}-{number}".encode()).hexdigest()[:32]
    event = Event(
        id=clip_id,
        kind=EventKind.MOTION if number % 3 else EventKind.DING,
        seen=("person",) if number % 2 else (),
        window=window,
    )
    is_shown = ago < SHOWN_DAYS or camera == 0
    name = f"Camera {camera}/{day:%F}/{start:%F_%H-%M-%S}_{event.kind}{files.SUFFIX}"
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
        path=media / ("clip_download" if is_shown else "away") / name,
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


def lay(one: Clip) -> Clip:
    """Lay a clip's files down. None is waited for to reach the disk, as a job does."""
    one.path.parent.mkdir(parents=True, exist_ok=True)
    one.path.write_bytes(FILM)
    one.path.with_suffix(".jpg").write_bytes(PICTURE)
    record = sidecar._described(one, one.window)
    sidecar.path_of(one.path).write_text(json.dumps(record, indent=2))
    return replace(one, modified_ns=one.path.stat().st_mtime_ns)


def in_folder(one: Clip) -> Clip:
    """Return a clip that has its files, wherever they are said to lie."""
    away, here = "/away/", "/clip_download/"
    return replace(one, path=Path(str(one.path).replace(away, here)))


async def fill(shelf: Shelf, today: datetime) -> None:
    """Make the database of a library, and the files that pages show."""
    shelf.config.mkdir(parents=True)
    library = await opened(shelf)
    for some in batched(clips(shelf.clips, shelf.media, today), 10_000, strict=False):

        def put(database: Any, some: Iterable[Clip] = some) -> None:
            # As much as the largest has: it is not what is measured.
            database.execute("PRAGMA cache_size = -400000")
            laid = (
                lay(one)
                if one.path.is_relative_to(shelf.media / "clip_download")
                else one
                for one in some
            )
            put_records(database, [library.record_of(one) for one in laid])

        await library.change(put)
    await library.set_rebuilt()
    await library.close()


async def opened(shelf: Shelf) -> Library:
    """Open a library without Home Assistant."""
    path = shelf.config / DATABASE
    return await Library(path, dt_util.get_default_time_zone()).open()


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


def pages(
    hass: HomeAssistant, ask_socket: websocket.Ask, today: datetime
) -> dict[str, tuple[Callable[[], Awaitable[int]], int]]:
    """Return what is asked for, and how much there is of it in each library."""
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
            answer = websocket.result_of(await ask_socket(f"{DOMAIN}/{name}", **data))
            # Of a timeline, there is one camera.
            if name == "timeline":
                answer = answer["cameras"][0]
            return len(answer[of])

        return ask

    rare = sum((today - timedelta(days=ago)).day == 1 for ago in range(DAYS))
    first: dict[str, Any] = {"entity_ids": ["camera.camera_0"]}
    return {
        "day page, 10 clips": (browse(f"{camera}/{today:%F}"), 10),
        "day page, 200 clips": (browse(f"{camera}/{full_day:%F}"), PAGE + 1),
        "camera page, 200 days": (browse(camera), PAGE + 1),
        "cameras page": (browse(f"{top}/{ACCOUNT}"), CAMERAS),
        "timeline of a day": (command("timeline", **first, **window), PAGE + 10),
        "list of a day": (command("clips/list", **first, **window), 50),
        "list by kind and what was seen": (
            command("clips/list", **first, kind=EventKind.DING.value, seen="person"),
            PAGE // 6,
        ),
        "list by label": (command("clips/list", label=RARE), rare),
        "list by words": (command("clips/list", query=f"camera {RARE}"), rare),
        "filters": (command("clips/filters", of="seen"), 1),
        "cameras": (command("cameras", of="cameras"), CAMERAS),
        "search for what many have": (search("person", camera), MOST_FOUND),
        "search for what few have": (search(RARE), rare),
        "search for what none has": (search("zeppelin"), 0),
        "search for a day": (search(f"{full_day:%F} 0", camera), MOST_FOUND),
        "search for four words": (search(f"camera 0 person {today:%Y}", camera), 100),
    }


async def ask_all(hass: HomeAssistant, today: datetime) -> dict[str, float]:
    """Return the median ms of each page."""
    asked_ms = {}
    ask_socket = await websocket.connect(hass)
    for name, (ask, least) in pages(hass, ask_socket, today).items():
        times = []
        for _ in range(ASKED):
            begun = perf_counter()
            found = await ask()
            times.append((perf_counter() - begun) * 1000)
        if found < least:
            raise SystemExit(f"{name}: only {found} were found")
        asked_ms[name] = statistics.median(times)
    retention = hass.data[DATA_SHARED].retention
    begun = perf_counter()
    for _ in range(ASKED):
        await retention.async_prune()
    asked_ms[NO_LIMIT] = (perf_counter() - begun) * 1000 / ASKED
    return asked_ms


NO_LIMIT = "retention after a clip, no limit"
WITH_LIMITS = "retention after a clip, limits of age and size"
INSERT = "recording a saved clip"
PRUNING = f"retention of {PRUNED} clips"
START = "set-up of an account"


async def write(shelf: Shelf, today: datetime) -> dict[str, float]:
    """Save clips and let them go; return the median ms of each."""
    library = await opened(shelf)
    queries = ClipQueries(library)
    pruning = Pruning(queries)
    roots = [shelf.media]
    insert_ms, prune_ms = list[float](), list[float]()
    limits: dict[str | None, Limits] = {
        ACCOUNT: Limits(keep_days=LONG_AGO.days / 2),
        None: Limits(most_bytes=10**15),
    }
    fresh = [
        lay(in_folder(clip(2, -1 - number, 0, shelf.media, today)))
        for number in range(20)
    ]
    for one in fresh:
        job = job_of(one)
        await library.add_job(job)
        begun = perf_counter()
        await library.finish_job(replace(job, state=JobState.SAVED, clips=(one,)))
        insert_ms.append((perf_counter() - begun) * 1000)
        begun = perf_counter()
        await pruning.prune(limits, roots, dt_util.utcnow())
        prune_ms.append((perf_counter() - begun) * 1000)
    await pruning.delete(fresh, roots)
    await library.change(lambda database: database.execute("DELETE FROM jobs"))
    old = [
        replace(lay(one), saved_at=one.saved_at - LONG_AGO)
        for one in (
            in_folder(clip(3, DAYS + 9, number, shelf.media, today))
            for number in range(PRUNED)
        )
    ]
    # Their files are as old as they are said to be.
    for one in old:
        os.utime(one.path, ns=(0, 0))
    old = [replace(one, modified_ns=0) for one in old]
    await library.change(
        lambda database: put_records(database, [library.record_of(one) for one in old])
    )
    begun = perf_counter()
    done = await pruning.prune(limits, roots, dt_util.utcnow())
    seconds = perf_counter() - begun
    if len(done.gone) != PRUNED or any(one.path.exists() for one in old):
        raise SystemExit(f"{len(done.gone)} were let go of, {len(done.spared)} not")
    await library.close()
    return {
        INSERT: statistics.median(insert_ms),
        WITH_LIMITS: statistics.median(prune_ms),
        PRUNING: seconds * 1000,
    }


def job_of(one: Clip) -> Job:
    """Return the job that saves a clip."""
    return Job(
        id=one.job_id,
        account_id=one.account_id,
        camera_id=one.camera_id,
        camera_name=one.camera_name,
        window=one.window,
        asked_at=one.saved_at,
        give_up_at=one.saved_at,
        root=one.path.parent,
        filename=one.path.stem,
        events=one.saves,
    )


async def rebuilt(tree: Path, folder: Path, count: int) -> tuple[Watched, Watched]:
    """Rebuild a library from a tree of files; then look through all of it again."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        library = await opened(Shelf(count, Path(name), tree))
        async with watched() as first:
            found = await rebuild(library, [tree])
        async with watched() as again:
            same = await rebuild(library, [tree])
        await library.close()
    if (found.added, same.found, same.changed) != (count, count, 0):
        raise SystemExit(f"not all clips were found: {found}, {same}")
    return first, again


def walked(tree: Path) -> tuple[float, int]:
    """Return how long `os.walk` with `stat` of all files takes, and how many there are."""
    begun = perf_counter()
    count = 0
    for folder, _, names in os.walk(tree):
        for name in names:
            os.stat(f"{folder}/{name}")  # noqa: PTH116
            count += 1
    return perf_counter() - begun, count


def prepared(folder: Path, size: int, today: datetime) -> Shelf:
    """Return a library of so many clips, which is made if there is none of today."""
    of_today = f"{schema.VERSION}-{today:%F}"
    for other in (folder / "library").glob("*-*-*-*"):
        if other.name != of_today:
            shutil.rmtree(other)
    kept = folder / "library" / of_today / f"{size}"
    shelf = Shelf(size, kept / "config", kept / "media")
    if not (kept / "whole").exists():
        shutil.rmtree(kept, ignore_errors=True)
        begun = perf_counter()
        asyncio.run(fill(shelf, today))
        (kept / "whole").touch()
        print(f"made a library of {size:,} clips in {perf_counter() - begun:.0f} s")
    return shelf


def prepared_tree(folder: Path, size: int, today: datetime) -> Path:
    """Return a tree of files of so many clips, which is made if there is none."""
    tree = folder / "library" / f"tree-{size}"
    if not (tree / "whole").exists():
        shutil.rmtree(tree, ignore_errors=True)
        begun = perf_counter()
        for one in clips(size, tree, today):
            lay(in_folder(one))
        (tree / "whole").touch()
        print(f"laid {size:,} clips down in {perf_counter() - begun:.0f} s")
    return tree


async def measured(
    shelves: Iterable[Shelf], folder: Path, rounds: int, today: datetime
) -> dict[int, dict[str, list[float]]]:
    """Return the ms of each round, by size and work."""
    found = defaultdict[int, dict[str, list[float]]](lambda: defaultdict(list))
    async with Clouds(AUTHORITY) as clouds:
        for number in range(CAMERAS):
            clouds.meraki.add_camera(f"Camera {number}", serial=f"{number}")
        entry = await sign_in(Shelf(0, folder / "new", folder / "new"), clouds)
        # The first round brings what stays: code, and files into memory.
        for turn in range(rounds + 1):
            for shelf in shelves:
                async with home(shelf, clouds) as hass:
                    start_ms = await start(hass, entry) * 1000
                    took = await ask_all(hass, today) | {START: start_ms}
                took |= await write(shelf, today)
                for name, ms in took.items() if turn else ():
                    found[shelf.clips][name].append(ms)
    return found


def measure(options: argparse.Namespace) -> Iterator[Row]:
    """Measure all of it."""
    # Home Assistant says at each start that this is no part of it.
    logging.disable(logging.WARNING)
    time_zone = ZoneInfo(TIME_ZONE)
    dt_util.set_default_time_zone(time_zone)
    today = datetime.combine(datetime.now(time_zone), time(8), time_zone)
    sizes = (1_000, 2_000) if options.quick else SIZES
    tree_size = 1_000 if options.quick else TREE
    shelves = [prepared(options.folder, size, today) for size in sizes]
    tree = prepared_tree(options.folder, tree_size, today)
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        found = asyncio.run(measured(shelves, Path(name), options.rounds, today))
    smallest, largest = sizes[0], sizes[-1]
    for work in found[smallest]:
        for size in sizes[1:]:
            yield Row(
                work=f"{work}: {size:,} clips",
                against=f"with {smallest:,}",
                unit="ms",
                ours=found[size][work],
                theirs=found[smallest][work],
                goal=GROWTH if size == largest else None,
            )
    yield Row(
        work=f"{PRUNING} of {largest:,}",
        against="",
        unit="s",
        ours=[ms / 1000 for ms in found[largest][PRUNING]],
        goal=PRUNE_S,
    )
    day = f"{today - timedelta(days=1):%F}"
    yield Row(
        work=f"day page, 200 clips of {largest:,}",
        against="os.walk and stat of the day's folder: no page, no length, no picture",
        unit="ms",
        ours=found[largest]["day page, 200 clips"],
        theirs=[
            walked(shelves[-1].media / "clip_download/Camera 0" / day)[0] * 1000
            for _ in range(options.rounds)
        ],
    )
    yield from _rebuilt_rows(tree, options.folder, tree_size, options.rounds)


def _rebuilt_rows(tree: Path, folder: Path, count: int, rounds: int) -> Iterator[Row]:
    runs, theirs = [], []
    for _ in range(rounds):
        theirs.append(walked(tree)[0])
        runs.append(asyncio.run(rebuilt(tree, folder, count)))
    for name, some in (
        ("into an empty database", [first for first, _ in runs]),
        ("as it was", [again for _, again in runs]),
    ):
        work = f"rebuild of {count:,} clips, {name}"
        seconds = [one.seconds for one in some]
        yield Row(
            work=work,
            against="",
            unit="clips a second",
            ours=[count / one for one in seconds],
            goal=CLIPS_A_SECOND,
            is_least=True,
        )
        yield Row(
            work=work,
            against="os.walk and stat of all: nothing is read",
            unit="s",
            ours=seconds,
            theirs=theirs,
        )
        yield Row(
            work=f"{work}: the longest that the loop is held",
            against="",
            unit="ms",
            ours=[one.late_worst_ms for one in some],
            goal=HELD_MS,
        )
        yield Row(
            work=f"{work}: memory added",
            against="",
            unit="MiB",
            ours=[one.added_mib for one in some],
        )


if __name__ == "__main__":
    main(__doc__, measure)
