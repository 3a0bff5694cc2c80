"""All of it on a machine as small as a Raspberry Pi: a quarter of one core, and 1 GiB.

    python -m benchmarks.small_machine [--rounds 5]

A whole Home Assistant with four accounts of 16 cameras each and a library of 10,000 clips
runs in the group of `group.py`; the clouds stand for the internet and are outside. It does
one thing after the other, and each time it is reported how late its loop was. That includes
what its neighbour on the core does to it, which the first row shows: nothing is subtracted.
"""

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
import subprocess
import sys
import tempfile
import time
from typing import Any

from . import home, websocket
from .group import MEMORY_BYTES, Group, NoGroupError, small_machine
from .table import Row, main
from .watching import MIB, peak_mib

CAMERAS = 16
MOST_ROUNDS = 3
LATE_MS = 100.0
ENDS_WITHIN_S = 20 * 60
IDLE_S = 10.0
PAGES = 20
# What is encoded; the rest repeats it.
SAMPLE_S = 10
# Of 15 minutes at most, as Ring's cloud gives them; and how long Meraki's parts are.
MP4_MBIT_S, TS_MBIT_S = 10.0, 4.0
PART_S = 300
START = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(
    hours=12
)


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How much there is to do."""

    clips: int = 10_000
    one_s: int = 860
    eighth_s: int = 84
    parts: int = 12

    def works(self) -> dict[str, str]:
        """Return what each thing is called."""
        one, eighth = (
            f"{length_s * MP4_MBIT_S / 8 * 1e6 / MIB:,.0f} MiB"
            for length_s in (self.one_s, self.eighth_s)
        )
        minutes = self.parts * PART_S // 60
        return {
            "idle": f"nothing, for {IDLE_S:g} s",
            "rebuild": f"re-index of {self.clips:,} clips",
            "pages": f"{PAGES} days, searches and lists of filters of these",
            "one": f"one MP4 of {one}",
            "eight": f"eight MP4s of {eighth} at once",
            "hour": f"{minutes} minutes of TS in {self.parts} parts",
        }


QUICK = Sizes(clips=500, one_s=60, eighth_s=10, parts=2)


def measure(options: argparse.Namespace) -> Iterator[Row]:
    """Do all of it in the group, if one can be made."""
    work = "all of it with a quarter of a core and 1 GiB"
    try:
        with (
            small_machine() as group,
            tempfile.TemporaryDirectory(dir=options.folder) as name,
        ):
            share = group.share()
            sizes = QUICK if options.quick else Sizes()
            rounds = min(options.rounds, MOST_ROUNDS)
            seen = asyncio.run(_measure(Path(name), group, sizes, rounds))
    except NoGroupError as error:
        yield Row(work=work, against="", unit="", note=f"skipped: {error}")
        return
    yield Row(work="share of a core that it has", against="", unit="", ours=[share])
    yield from rows(seen, sizes, is_limited=group.limits_memory)


async def _measure(
    folder: Path, group: Group, sizes: Sizes, rounds: int
) -> list[dict[str, Any]]:
    """Set up outside of the group, then live in it; return what each round saw."""
    home_folder = folder / "home"
    films = await asyncio.to_thread(make_films, folder, sizes)
    async with home.clouds(CAMERAS) as clouds:
        clouds.film = _heavy(clouds.film, films)
        for camera in clouds.meraki.cameras.values():
            camera.pts = "zero"
        await asyncio.to_thread(home.make_folder, home_folder)
        await home.run(
            home_folder,
            clouds,
            "benchmarks.home:add_accounts",
            stops=True,
            kinds=home.KINDS,
        )
        await asyncio.to_thread(lay_clips, home_folder / "media", sizes.clips)
        seen: list[dict[str, Any]] = await home.run(
            home_folder,
            clouds,
            "benchmarks.small_machine:live",
            prefix=group.prefix,
            ends_within_s=ENDS_WITHIN_S,
            rounds=rounds,
            start=START.isoformat(),
            sizes=asdict(sizes),
        )
    return seen


def make_films(folder: Path, sizes: Sizes) -> dict[tuple[str, int], Path]:
    """Make what the clouds send, by its container and length."""
    films = {}
    for container, mbit_s, lengths_s in (
        ("mp4", MP4_MBIT_S, (sizes.one_s, sizes.eighth_s)),
        ("mpegts", TS_MBIT_S, (PART_S,)),
    ):
        sample = folder / f"sample_{container}.mp4"
        rate = f"{mbit_s * 1000:.0f}k"
        _ffmpeg(
            *("-f", "lavfi", "-i"),
            "testsrc2=size=1920x1080:rate=25,noise=alls=40:allf=t",
            *("-f", "lavfi", "-i", "sine=sample_rate=16000", "-t", str(SAMPLE_S)),
            *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"),
            *("-g", "50", "-b:v", rate, "-maxrate", rate, "-bufsize", rate),
            *("-c:a", "aac", "-b:a", "64k", "-ac", "1", str(sample)),
        )
        for length_s in lengths_s:
            path = folder / f"{length_s}.{container}"
            _ffmpeg(
                *("-stream_loop", "-1", "-i", str(sample), "-t", str(length_s)),
                *("-c", "copy", "-movflags", "+faststart", "-f", container, str(path)),
            )
            films[container, length_s] = path
    return films


def _ffmpeg(*arguments: str) -> None:
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *arguments], check=True)


def _heavy(
    film: Callable[..., Awaitable[Any]], films: Mapping[tuple[str, int], Path]
) -> Callable[..., Awaitable[Any]]:
    """Let a cloud send what was made, where it is as long as what was asked for."""

    async def heavy(shots: Sequence[Any], **how: Any) -> Any:
        length_s = round((shots[-1].end - shots[0].start).total_seconds())
        found = films.get((how.get("container", "mp4"), length_s))
        if found is None:
            return await film(shots, **how)
        from tests.clouds.footage import Span  # noqa: PLC0415

        return found, Span(shots[0].start, shots[-1].end)

    return heavy


def lay_clips(media: Path, count: int) -> None:
    """Lay down the files of a library that this Home Assistant has not seen yet."""
    from . import library  # noqa: PLC0415

    today = START.replace(hour=8)
    for clip in library.clips(count, media, today):
        library.lay(clip)


# --- in Home Assistant's process, in the group


async def live(
    hass: Any,
    known: Any,
    *,
    rounds: int,
    start: str,
    sizes: Mapping[str, int],
) -> list[dict[str, Any]]:
    """Do one thing after the other; return what each took."""
    started_s, _ = hass.data["benchmark_started"]
    begin = datetime.fromisoformat(start)
    size = Sizes(**sizes)
    ask = await websocket.connect(hass)
    watch = _Watch()
    seen: list[dict[str, Any]] = []
    for number in range(rounds):
        # No two rounds ask for the same window.
        at = begin + timedelta(seconds=number)
        await watch.see("idle", asyncio.sleep(IDLE_S))
        rebuilt = await watch.see("rebuild", _act(hass, "rebuild_library"))
        if not number and rebuilt["added"] != size.clips:
            raise RuntimeError(f"not all clips were found: {rebuilt}")
        await watch.see("pages", _pages(ask, begin))
        await watch.see("one", _save(hass, at, size.one_s, ["ring_partner_0"]))
        eight = [f"ring_partner_{n}" for n in range(1, 9)]
        await watch.see("eight", _save(hass, at, size.eighth_s, eight))
        await watch.see("hour", _save(hass, at, size.parts * PART_S, ["meraki_0"]))
        seen.append(watch.seen | {"started_s": started_s, "peak_mib": peak_mib()})
        media = Path(hass.config.media_dirs["local"])
        await asyncio.to_thread(_make_room, media)
    watch.late.stop()
    return seen


class _Watch:
    """Sees what each thing costs, and how late the loop is meanwhile."""

    def __init__(self) -> None:
        """Begin to look at the loop, less often than costs much of such a machine."""
        self.late = home.Lateness()
        self.seen: dict[str, Any] = {}

    async def see[T](self, name: str, work: Awaitable[T]) -> T:
        """See to the end of it, from the loop's first look on."""
        await asyncio.sleep(0.1)
        self.late.report()
        began, began_cpu = time.perf_counter(), home.cpu_s()
        done = await work
        self.seen[name] = {
            "s": time.perf_counter() - began,
            "cpu_s": home.cpu_s() - began_cpu,
            **self.late.report(),
        }
        print(name, self.seen[name], file=sys.stderr, flush=True)
        return done


def _make_room(media: Path) -> None:
    """Empty the large files: the disk is no part of it."""
    for path in media.rglob("*.mp4"):
        if path.stat().st_size > 2**20:
            path.write_bytes(b"")


async def _act(hass: Any, action: str, **data: Any) -> Any:
    return await hass.services.async_call(
        "clip_download", action, data, blocking=True, return_response=True
    )


async def _save(hass: Any, start: datetime, length_s: int, cameras: list[str]) -> None:
    """Save a window of some cameras at once; raise if one is not saved whole."""
    answers = await asyncio.gather(
        *(
            _act(
                hass,
                "save_clip",
                entity_id=f"camera.{camera}",
                start=start,
                end=start + timedelta(seconds=length_s),
                timeout={"hours": 1},
            )
            for camera in cameras
        )
    )
    for answer in answers:
        for one in answer.values():
            if one["status"] != "complete":
                raise RuntimeError(f"not saved whole: {one}")


async def _pages(ask: websocket.Ask, today: datetime) -> None:
    """Ask for days, and for words, as a person who leafs through the panel."""
    for number in range(PAGES):
        day = today - timedelta(days=number)
        answer = await ask(
            "clip_download/clips/list",
            start=(day - timedelta(days=1)).isoformat(),
            end=day.isoformat(),
        )
        if not websocket.result_of(answer)["clips"]:
            raise RuntimeError("an empty day")
        await ask("clip_download/clips/list", query=f"camera {number}")
        await ask("clip_download/clips/filters")


# --- the table


def rows(
    seen: Sequence[Mapping[str, Any]], sizes: Sizes, *, is_limited: bool
) -> Iterator[Row]:
    """Tell how late the loop was each time, and what each thing took."""
    yield Row(
        work="Home Assistant's start with 4 accounts and 64 cameras",
        against="",
        unit="s",
        ours=[seen[0]["started_s"]],
    )
    for name, work in sizes.works().items():
        for what, unit, label, goal in (
            ("worst", "ms", "loop late at worst", LATE_MS),
            ("p99", "ms", "loop late, p99", None),
            ("s", "s", "time", None),
            ("cpu_s", "s", "CPU", None),
        ):
            if name == "idle" and unit == "s":
                continue
            yield Row(
                work=f"{work}: {label}",
                against="",
                unit=unit,
                ours=[one[name][what] for one in seen],
                goal=goal,
            )
    yield Row(
        work="memory of all of Home Assistant, at most",
        against="",
        unit="MiB",
        ours=[max(one["peak_mib"] for one in seen)],
        goal=MEMORY_BYTES / MIB,
        note=""
        if is_limited
        else "the limit is of its data: the kernel's cache has none",
    )


if __name__ == "__main__":
    main(__doc__, measure)
