"""Finish random footage, hold it to the truth, and play a sample of it in Chromium.

Run by `script/oracle`.
"""

import argparse
import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import pairwise, zip_longest
from pathlib import Path
import sys
from tempfile import TemporaryDirectory
import threading

from aiohttp import web
import av
from playwright.async_api import Browser, Page, async_playwright

from custom_components.clip_download.engine.errors import ClipError, CloudError
from custom_components.clip_download.engine.folder import Folder
from custom_components.clip_download.engine.media.clip_file import Piece, finish
from custom_components.clip_download.engine.time_range import Window
from tests.clouds.footage import LOOP_S, Seen, seen, tone_hz
from tests.engine.media.inputs import INPUTS
from tests.engine.media.oracle import Case, check, make_case, write_parts
from tests.engine.media.sound_check import Beep, check_sound, heard, out_of_step

CHROMIUM = "/usr/bin/chromium"
HTML = Path(__file__).with_suffix(".html")
# A new, empty profile is playwright's own way.
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]
HEVC = 'video/mp4; codecs="hvc1.1.6.L93.B0"'
# As fast as frames are still decoded, and as slow as a slow machine may need.
FAST, SLOW = 8, 1
PAGES = 4
# A player that stands still for so long will not go on.
STANDSTILL_MS = 60_000
END_S = 0.3
FEW_FRAMES = 2
NOT_PLAYABLE = "this Chromium knows no HEVC"
# Frames may be dropped where a machine is busy, but not for long.
UNSEEN_S = 2.0
# A page listens to a fiftieth of a second at once, as soon as it comes to it.
HEARD_LATE_S = 0.2
WHOLE_PIECES = 4
# It takes as long as the file.
LISTENED_S = 45
TRIES = 2


TONES_HZ = [tone_hz(second) for second in range(LOOP_S)]


@dataclass(frozen=True)
class Result:
    """What a seed was, and what came of it; the first `fault`, if any."""

    seed: int
    kind: tuple[str, ...]
    fault: str = ""


@dataclass(frozen=True)
class Saved:
    """A file that is to be played."""

    name: str
    path: Path
    codec: str
    duration_s: float
    frames: list[Seen]
    beeps: int


def run_seed(seed: int) -> Result:
    """Make, finish and check one; raises whatever is wrong."""
    case = make_case(seed)
    with TemporaryDirectory() as folder:
        finished = check(case, Path(folder))
        # A clock that is fast is heard so, too.
        if case.has_sound and case.clock != "fast":
            for one in finished.files:
                if one.audio_codec:
                    check_sound(one.file.path)
    return Result(
        seed, kind_of(case, "complete" if finished.is_complete else "partial")
    )


def kind_of(case: Case, status: str) -> tuple[str, ...]:
    """Return what is counted, and what the sample has some of each of."""
    return (
        "fragmented MP4" if case.is_fragmented else case.container,
        case.codec + (" with open GOPs" if case.is_open else ""),
        case.placing.name.lower(),
        "sound" if case.has_sound else "no sound",
        status,
    )


def run_seeds(seeds: Iterable[int]) -> Iterator[Result]:
    """Run seeds on all cores."""
    with ProcessPoolExecutor() as pool:
        for seed, future in [(seed, pool.submit(run_seed, seed)) for seed in seeds]:
            if err := future.exception():
                case = make_case(seed)
                fault = f"{case}: {type(err).__name__}: {err}"
                yield Result(seed, kind_of(case, "failed"), fault)
            else:
                yield future.result()


def sample(results: Sequence[Result], count: int) -> list[int]:
    """Return seeds of as many kinds as there are, the rarer ones first.

    None is HEVC, which most builds of Chromium do not play; one of the inputs is.
    """
    kinds: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for one in results:
        if not (one.fault or one.kind[1].startswith("hevc")):
            kinds[one.kind].append(one.seed)
    rounds = zip_longest(*sorted(kinds.values(), key=len))
    return [seed for row in rounds for seed in row if seed is not None][:count]


def save(folder: Path, seeds: Iterable[int]) -> Iterator[Saved | str]:
    """Make the files to be played: of each input that has a name, and of seeds.

    Yields words instead about what became no file.
    """
    for number, one in enumerate(INPUTS):
        under = folder / f"input_{number}"
        under.mkdir()
        yield from saved(one.name, under, *one.make(under))
    for seed in seeds:
        under = folder / f"seed_{seed}"
        under.mkdir()
        case = make_case(seed)
        yield from saved(f"seed {seed}", under, write_parts(case, under), case.window)


def saved(
    name: str, folder: Path, pieces: Sequence[Piece], window: Window
) -> Iterator[Saved | str]:
    """Finish parts; yield the files."""
    try:
        made = finish(pieces, window, Folder.open(folder), cancelled=threading.Event())
    except (ClipError, CloudError) as err:
        yield f"{name}: {err.key}"
        return
    for one in made.files:
        with av.open(one.file.path) as container:
            duration_s = (container.duration or 0) / av.time_base
        yield Saved(
            name,
            one.file.path,
            one.video_codec,
            duration_s,
            list(seen(one.file.path)),
            len(heard(one.file.path)) if one.audio_codec else 0,
        )


class Player:
    """Plays files of a folder in Chromium."""

    def __init__(self, browser: Browser, url: str, folder: Path) -> None:
        """Take what runs."""
        self._browser = browser
        self._url = url
        self._folder = folder
        self._pages = asyncio.Semaphore(PAGES)

    async def play(self, one: Saved) -> str:
        """Play a file; return what is wrong, if anything."""
        async with self._pages, await self._browser.new_page() as page:
            await page.goto(self._url)
            if one.codec == "hevc" and not await page.evaluate(
                "kind => document.createElement('video').canPlayType(kind)", HEVC
            ):
                return NOT_PLAYABLE
            url = str(one.path.relative_to(self._folder))
            fault = await self._watch(page, one, url, FAST)
            if fault:
                fault = await self._watch(page, one, url, SLOW)
            if fault or not one.beeps or one.duration_s > LISTENED_S:
                return fault
            for _ in range(TRIES):
                fault = await self._listen(page, one, url)
                if not fault:
                    break
            return fault

    async def _watch(self, page: Page, one: Saved, url: str, rate: int) -> str:
        """Watch it to its end."""
        got = await page.evaluate("one => watch(one)", [url, rate, STANDSTILL_MS])
        if got["how"] != "ended":
            return f"{got['how']} at {got['at_s']:.1f} of {one.duration_s:.1f} s"
        # Its own duration: libav's leaves out how long the last frames wait to be shown.
        last_s = one.frames[-1].at_s
        if got["at_s"] < max(last_s, got["duration_s"] - END_S):
            return f"ends at {got['at_s']:.1f} of {got['duration_s']:.1f} s"
        if got["decoded"] < len(one.frames) - FEW_FRAMES:
            return f"{got['decoded']} of {len(one.frames)} frames"
        steps = pairwise([frame.at_s for frame in one.frames])
        usual_s = max((after - before for before, after in steps), default=0)
        shown = [0, *got["seen"], one.frames[-1].at_s]
        unseen_s = max(after - before for before, after in pairwise(shown))
        if unseen_s > usual_s + UNSEEN_S:
            return f"no frame for {unseen_s:.1f} s"
        return ""

    async def _listen(self, page: Page, one: Saved, url: str) -> str:
        """Listen to it, and hold the sound against the picture."""
        got = await page.evaluate("one => listen(one)", [url, TONES_HZ, STANDSTILL_MS])
        if got["how"] != "ended":
            return f"with sound: {got['how']}"
        beeps = [
            Beep(beep["at_s"], max(range(LOOP_S), key=beep["powers"].__getitem__))
            for beep in got["heard"]
            if beep["pieces"] >= WHOLE_PIECES
        ]
        late_s = out_of_step(one.frames, beeps)
        worst_s = max(late_s, key=abs, default=0)
        if abs(worst_s) > HEARD_LATE_S:
            return f"sound is late by {worst_s:.2f} s"
        if len(beeps) < one.beeps / 2:
            return f"{len(beeps)} of {one.beeps} beeps heard"
        return ""


@asynccontextmanager
async def player(folder: Path) -> AsyncIterator[Player]:
    """Serve a folder on loopback, with a browser to look at it."""
    app = web.Application()
    app.router.add_get("/", lambda _: web.FileResponse(HTML))
    app.router.add_static("/", folder)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0]
    try:
        async with (
            async_playwright() as playwright,
            await playwright.chromium.launch(
                executable_path=CHROMIUM, args=FLAGS
            ) as browser,
        ):
            yield Player(browser, f"http://{host}:{port}/", folder)
    finally:
        await runner.cleanup()


def broken(one: Saved, folder: Path) -> Saved:
    """Return a file that no player can play to its end."""
    data = one.path.read_bytes()
    path = folder / "broken.mp4"
    path.write_bytes(data[: len(data) // 2] + bytes(len(data) - len(data) // 2))
    return replace(one, name="a broken file", path=path)


async def play_all(files: Sequence[Saved], folder: Path) -> int:
    """Play all files; return how many are wrong."""
    async with player(folder) as chromium:
        faults = await asyncio.gather(*map(chromium.play, files))
        is_seen = await chromium.play(broken(files[0], folder))
    counts: Counter[str] = Counter()
    for one, fault in zip(files, faults, strict=True):
        what = "skipped" if fault == NOT_PLAYABLE else "wrong" if fault else "played"
        counts[what] += 1
        if fault:
            print(f"{what}: {one.name}: {fault}")
    played_s = sum(one.duration_s for one in files)
    print(
        f"{len(files)} files of {played_s:.0f} s: {counts['played']} played, "
        f"{counts['wrong']} wrong, {counts['skipped']} not for this Chromium"
    )
    if not is_seen:
        print("a broken file was taken for a good one")
    return counts["wrong"] + (not is_seen)


def main() -> int:
    """Run; return how much is wrong."""
    parser = argparse.ArgumentParser(prog="script/oracle", description=__doc__)
    parser.add_argument("--seeds", type=int, default=2000, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--play", type=int, default=24, help="how many to play besides")
    args = parser.parse_args()
    results = []
    for one in run_seeds(range(args.first, args.first + args.seeds)):
        results.append(one)
        if one.fault:
            print(one.fault, flush=True)
    counts = Counter(word for one in results for word in one.kind)
    failed = [one for one in results if one.fault]
    print(
        f"{len(results)} seeds, {len(failed)} failures; "
        + ", ".join(f"{word} {count}" for word, count in sorted(counts.items())),
        flush=True,
    )
    if args.play:
        with TemporaryDirectory() as folder:
            made = list(save(Path(folder), sample(results, args.play)))
            lost = [one for one in made if isinstance(one, str)]
            for words in lost:
                print(f"no file: {words}")
            files = [one for one in made if isinstance(one, Saved)]
            wrong = asyncio.run(play_all(files, Path(folder)))
            return len(failed) + len(lost) + wrong
    return len(failed)


if __name__ == "__main__":
    sys.exit(min(main(), 1))
