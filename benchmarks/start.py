"""Home Assistant's start with 64 cameras: ours, its own Ring integration, and neither.

    python -m benchmarks.start

A restart: entities and devices are registered already. Each start is a process of its
own, on a copy of the same folder. Our cameras are 16 of each of four clouds; the Ring
integration has 64 of one. What either adds is counted against a start in the same round
that has neither, but the components of all platforms, which every Home Assistant has.
"""

import argparse
import asyncio
from collections.abc import Iterable
from pathlib import Path
import shutil
from typing import Any

from . import home
from .table import Row, main

CAMERAS = 64
REST_S = 10
HOMES: dict[str, tuple[str, ...]] = {
    "neither": (),
    "ours": home.KINDS,
    "core": ("core",),
}


def measure(options: argparse.Namespace) -> Iterable[Row]:
    """Start each in turn, and compare."""
    folder = options.folder / "start"
    try:
        seen = asyncio.run(_measure(folder, options.rounds))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print_more(seen)
    yield from rows(seen)


async def _measure(folder: Path, rounds: int) -> dict[str, list[dict[str, float]]]:
    seen: dict[str, list[dict[str, float]]] = {name: [] for name in HOMES}
    async with (
        home.clouds(CAMERAS // len(home.KINDS)) as clouds,
        home.clouds(CAMERAS) as more_clouds,
    ):
        of = {"neither": clouds, "ours": clouds, "core": more_clouds}
        for name, kinds in HOMES.items():
            await asyncio.to_thread(home.make_folder, folder / name)
            await home.run(
                folder / name,
                of[name],
                "benchmarks.home:add_accounts",
                stops=True,
                kinds=kinds,
            )
        for number in range(rounds + 1):
            for name in HOMES:
                now = folder / "now"
                await asyncio.to_thread(shutil.rmtree, now, ignore_errors=True)
                await asyncio.to_thread(
                    shutil.copytree, folder / name, now, symlinks=True
                )
                report = await home.run(now, of[name], "benchmarks.start:look")
                # The first one compiles, and warms the disk's cache.
                if number:
                    seen[name].append(report)
    return seen


async def look(hass: Any, known: Any) -> dict[str, float]:
    """Return what the start took, and what is there after it."""
    from homeassistant.config_entries import ConfigEntryState  # noqa: PLC0415

    entries = hass.config_entries.async_entries()
    started_s, cpu_s = hass.data["benchmark_started"]
    not_loaded = [one for one in entries if one.state is not ConfigEntryState.LOADED]
    if not_loaded:
        raise RuntimeError(f"not loaded: {not_loaded}")
    await asyncio.sleep(REST_S)
    rest_cpu_s = home.cpu_s()
    memory = home.memory_mib()
    return {
        "started_s": started_s,
        "cpu_s": cpu_s,
        "rested_cpu_s": rest_cpu_s,
        "entities": len(hass.states.async_all()),
        **memory,
    }


def rows(seen: dict[str, list[dict[str, float]]]) -> Iterable[Row]:
    """Compare what was seen."""

    def all_of(name: str, what: str) -> list[float]:
        return [one[what] for one in seen[name]]

    def added(name: str, what: str) -> list[float]:
        return [
            one[what] - without[what]
            for one, without in zip(seen[name], seen["neither"], strict=True)
        ]

    against = f"core `ring`, {CAMERAS} cameras"
    yield Row(
        work=f"Home Assistant's start with 4 accounts and {CAMERAS} cameras",
        against=against,
        unit="s",
        ours=all_of("ours", "started_s"),
        theirs=all_of("core", "started_s"),
        goal=1,
    )
    for work, what, unit, goal in (
        ("what is added to the start", "started_s", "s", None),
        ("processor time added to the start", "cpu_s", "s", 1.0),
        (f"processor time added until {REST_S} s after it", "rested_cpu_s", "s", None),
        ("memory added at rest (private)", "own", "MiB", 1.0),
        ("memory added at rest (RSS)", "rss", "MiB", None),
    ):
        yield Row(
            work=work,
            against=against,
            unit=unit,
            ours=added("ours", what),
            theirs=added("core", what),
            goal=goal,
        )


def print_more(seen: dict[str, list[dict[str, float]]]) -> None:
    """Tell the sizes of what is compared."""
    for name, reports in seen.items():
        print(name, {what: round(value, 2) for what, value in reports[-1].items()})


if __name__ == "__main__":
    main(__doc__, measure)
