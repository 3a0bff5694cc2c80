"""How late the event loop of a Home Assistant is while it does what this integration does.

    python -m benchmarks.loop

One Home Assistant with accounts of four clouds and 64 cameras. It is looked every 5 ms
how late it is: at rest first, then during each work. What is beside it is its own rest.

Some rows tell what no integration can change: as many empty actions of another one, and
one full garbage collection. Python makes that by itself some time after a start, whoever
allocates memory then; here it is made before anything is measured.
"""

import argparse
import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
import gc
import hashlib
import json
from pathlib import Path
import shutil
import time
from typing import Any, override

from . import home, websocket
from .table import Row, main

CAMERAS = 64
IDLE_S = 5
LONG_MIB, SHORT_MIB = 1024, 100
AT_ONCE = 8
ASKED = 512
LIBRARY = 5000
# Small footage, as what is measured is how it is asked for.
LENGTH, APART = timedelta(seconds=4), timedelta(seconds=30)
FILM = b"film" * 64
# A work may be done sooner than it is looked again.
AFTER_S = 0.1
EMPTY = f"{ASKED} empty actions of another integration at once"
COLLECTION = "one full garbage collection"
MOST_MS = 50.0
MOST_P99_MS = 5.0


def measure(options: argparse.Namespace) -> Iterable[Row]:
    """Let Home Assistant do all of it, in rounds."""
    folder = options.folder / "loop"
    try:
        seen = asyncio.run(_measure(folder, options.rounds))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    idle = seen.pop("idle")
    for work, reports in (("at rest", idle), (COLLECTION, seen.pop(COLLECTION))):
        yield Row(
            work=f"loop late, {work}: the latest",
            against="",
            unit="ms",
            ours=[one["worst"] for one in reports],
        )
    for work, reports in seen.items():
        is_ours = work != EMPTY
        yield Row(
            work=f"loop late, {work}: 99 % of the time, beyond at rest",
            against="",
            unit="ms",
            ours=[
                one["p99"] - rest["p99"]
                for one, rest in zip(reports, idle, strict=True)
            ],
            goal=MOST_P99_MS if is_ours else None,
        )
        yield Row(
            work=f"loop late, {work}: the latest",
            against="",
            unit="ms",
            ours=[one["worst"] for one in reports],
            goal=MOST_MS if is_ours else None,
            note=_collected(reports),
        )


def _collected(reports: Iterable[Mapping[str, float]]) -> str:
    """Return a note of the full garbage collections that fell into a work."""
    took_ms = [one["collected"] for one in reports if one["collected"]]
    if not took_ms:
        return ""
    return (
        f"a full garbage collection of {max(took_ms):.0f} ms in {len(took_ms)} rounds"
    )


class Lateness(home.Lateness):
    """How late the loop is, and how long Python collected all garbage meanwhile."""

    def __init__(self) -> None:
        """Begin to look."""
        super().__init__()
        self._began_s = self._collected_ms = 0.0
        gc.callbacks.append(self._on_collection)

    def _on_collection(self, phase: str, info: Mapping[str, int]) -> None:
        if phase == "start":
            self._began_s = time.perf_counter()
        elif info["generation"] == 2:
            self._collected_ms += (time.perf_counter() - self._began_s) * 1000

    @override
    def report(self) -> dict[str, float]:
        """Return what was seen since the last report."""
        collected_ms, self._collected_ms = self._collected_ms, 0.0
        return {**super().report(), "collected": collected_ms}


async def _measure(folder: Path, rounds: int) -> dict[str, list[dict[str, float]]]:
    from . import servers  # noqa: PLC0415

    folder.mkdir(parents=True, exist_ok=True)
    long, short = folder / "long.mp4", folder / "short.mp4"
    lengths = {
        path.name: await asyncio.to_thread(servers.make_mp4, path, size_mib)
        for path, size_mib in ((long, LONG_MIB), (short, SHORT_MIB))
    }
    async with home.clouds(CAMERAS // len(home.KINDS)) as clouds:
        # A window of its length is answered with a file; all others with small footage.
        clouds.film = _filmed(
            clouds, {length: folder / name for name, length in lengths.items()}
        )
        at_home = folder / "home"
        await asyncio.to_thread(home.make_folder, at_home)
        await home.run(
            at_home,
            clouds,
            "benchmarks.home:add_accounts",
            stops=True,
            kinds=home.KINDS,
        )
        seen: dict[str, list[dict[str, float]]] = {}
        for number in range(rounds):
            reports = await home.run(
                at_home,
                clouds,
                "benchmarks.loop:work",
                stops=True,
                number=number,
                long_s=lengths[long.name].total_seconds(),
                short_s=lengths[short.name].total_seconds(),
            )
            for work, late in reports.items():
                seen.setdefault(work, []).append(late)
    return seen


def _filmed(clouds: Any, films: Mapping[timedelta, Path]) -> Callable[..., Any]:
    """Return what gives a window of a film's length that film."""
    from tests.clouds.footage import Span  # noqa: PLC0415

    film_of: Callable[..., Any] = clouds.film

    async def film(shots: Sequence[Any], **options: Any) -> tuple[Path, Any]:
        for shot in shots:
            for length, path in films.items():
                if abs(shot.end - shot.start - length) < timedelta(seconds=1):
                    return path, Span(shot.start, shot.end)
        given: tuple[Path, Any] = await film_of(shots, **options)
        return given

    return film


async def work(
    hass: Any, known: Any, *, number: int, long_s: float, short_s: float
) -> dict[str, dict[str, float]]:
    """Do all of it once; return how late the loop was at each."""
    entries = hass.config_entries.async_entries("clip_download")
    (partner,) = (one for one in entries if one.data["kind"] == "ring_partner")
    # Windows that nobody has asked for yet.
    now = datetime.now().astimezone().replace(microsecond=0)
    start = now - timedelta(hours=20) + number * timedelta(hours=2)
    cameras = [f"camera.ring_partner_{camera}" for camera in range(AT_ONCE)]
    await asyncio.sleep(home.LATENCY_S + 2)
    late = {COLLECTION: {"worst": _collect_ms()}}
    probe = Lateness()

    async def save(camera: str, begin: datetime, length_s: float) -> None:
        answer = await hass.services.async_call(
            "clip_download",
            "save_clip",
            {
                "entity_id": camera,
                "start": begin,
                "end": begin + timedelta(seconds=length_s),
            },
            blocking=True,
            return_response=True,
        )
        if answer[camera]["status"] not in ("complete", "partial"):
            raise RuntimeError(f"not saved: {answer}")

    await asyncio.sleep(IDLE_S)
    late["idle"] = probe.report()
    await _call_empty(hass)
    late[EMPTY] = probe.report()
    await save(cameras[0], start, long_s)
    late[f"one clip of {LONG_MIB} MiB"] = probe.report()
    await asyncio.gather(
        *(save(one, start + timedelta(hours=1), short_s) for one in cameras)
    )
    late[f"{AT_ONCE} clips of {SHORT_MIB} MiB at once"] = probe.report()
    await _ask_many(hass, start)
    await asyncio.sleep(AFTER_S)
    late[f"{ASKED} actions at once, then canceled"] = probe.report()
    await asyncio.to_thread(
        _lay_copies, Path(hass.config.media_dirs["local"]), f"{number}"
    )
    probe.report()
    rebuilt = await hass.services.async_call(
        "clip_download", "rebuild_library", blocking=True, return_response=True
    )
    if rebuilt["added"] != LIBRARY:
        raise RuntimeError(f"not all copies were found: {rebuilt}")
    await asyncio.sleep(AFTER_S)
    late[f"re-index of {LIBRARY} new clips"] = probe.report()
    ask = await websocket.connect(hass)
    for _ in range(10):
        await ask(
            "clip_download/timeline",
            entity_ids=cameras,
            start=(start - timedelta(hours=4)).isoformat(),
            end=now.isoformat(),
        )
    await asyncio.sleep(AFTER_S)
    late[f"the timeline of a day of {AT_ONCE} cameras"] = probe.report()
    await hass.config_entries.async_unload(partner.entry_id)
    await asyncio.sleep(AFTER_S)
    late["an account unloaded"] = probe.report()
    await hass.config_entries.async_setup(partner.entry_id)
    await hass.async_block_till_done()
    await asyncio.sleep(AFTER_S)
    late["an account loaded"] = probe.report()
    probe.stop()
    return late


def _collect_ms() -> float:
    """Collect all garbage once; return how long that held the loop."""
    began_s = time.perf_counter()
    gc.collect()
    return (time.perf_counter() - began_s) * 1000


async def _call_empty(hass: Any) -> None:
    """Call an action in one moment that does nothing."""
    from homeassistant.core import SupportsResponse  # noqa: PLC0415
    from homeassistant.helpers import config_validation as cv  # noqa: PLC0415

    async def do_nothing(call: Any) -> dict[str, Any]:
        return {}

    hass.services.async_register(
        "benchmark",
        "nothing",
        do_nothing,
        cv.make_entity_service_schema({}),
        supports_response=SupportsResponse.ONLY,
    )
    await asyncio.gather(
        *(
            hass.services.async_call(
                "benchmark",
                "nothing",
                {"entity_id": f"camera.{number}"},
                blocking=True,
                return_response=True,
            )
            for number in range(ASKED)
        )
    )
    await asyncio.sleep(AFTER_S)


async def _ask_many(hass: Any, start: datetime) -> None:
    """Ask for many clips in one moment, and cancel them."""
    asked = await asyncio.gather(
        *(
            hass.services.async_call(
                "clip_download",
                "save_clip",
                {
                    "entity_id": f"camera.{kind}_{camera}",
                    "start": start + window * APART,
                    "end": start + window * APART + LENGTH,
                    "wait": False,
                },
                blocking=True,
                return_response=True,
            )
            for camera in range(CAMERAS // len(home.KINDS))
            for kind in home.KINDS
            for window in range(ASKED // CAMERAS)
        )
    )
    jobs = [one["job_id"] for answer in asked for one in answer.values()]
    await hass.services.async_call(
        "clip_download",
        "cancel",
        {"job_id": jobs},
        blocking=True,
        return_response=True,
    )
    await hass.async_block_till_done()


def _lay_copies(media: Path, name: str) -> None:
    """Lay clips down that the library does not know, described as a saved one is."""
    template = next(media.rglob("*.json"))
    record = {
        **json.loads(template.read_text()),
        "size_bytes": len(FILM),
        "sha256": hashlib.sha256(FILM).hexdigest(),
    }
    folder = media / "clip_download" / f"copies {name}"
    folder.mkdir(parents=True)
    for number in range(LIBRARY):
        path = folder / f"{number}.mp4"
        path.write_bytes(FILM)
        path.with_suffix(".json").write_text(
            json.dumps({**record, "clip_id": f"{name}-{number}"})
        )


if __name__ == "__main__":
    main(__doc__, measure)
