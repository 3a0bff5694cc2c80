"""Ask for many clips at once, and measure. Run by `script/load`."""

import argparse
import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
import json
import logging
import os
from pathlib import Path
import sys
import tempfile
import time
from types import SimpleNamespace
from typing import Any

KINDS = ("ring", "ring_partner", "meraki", "kinesis")
LENGTH = timedelta(seconds=4)
APART = timedelta(seconds=30)
IDLE_S = 10
# What is promised.
LATE_MS = 50
STOPS_WITHIN_S = 10
# Above what it was when a quarter was saved: it must not grow with each clip.
MORE_MEMORY_MIB = 64
# Of a hundred requests: where a machine is late, what was apart comes at once.
MOST_THROTTLED = 2
# Where cameras take turns it is a round or two; first come, first served, nearly all.
MOST_BEFORE_FIRST = 0.5
ENDS_WITHIN_S = 30 * 60


# --- the clouds, in this process


async def lead(options: argparse.Namespace) -> int:
    """Run the clouds, and Home Assistant beside them; return 1 if anything is wrong."""
    from tests.clouds import Clouds, server  # noqa: PLC0415
    from tests.clouds.footage import Footage  # noqa: PLC0415

    # None is forgotten while it is sent to somebody.
    server._MOST_FILES = 10 * options.jobs  # noqa: SLF001
    each = options.cameras // len(KINDS)
    windows = options.jobs // options.cameras
    start = datetime.fromtimestamp(time.time() // 60 * 60, UTC) - timedelta(hours=1)
    async with Clouds() as clouds:
        clouds.ring.two_factor = None
        clouds.meraki.ready_after_s = 0.5
        for number in range(each):
            for kind in KINDS:
                name = f"{kind} {number}"
                small = Footage(
                    name, fps=1, gop_frames=1, width=160, height=90, audio=None
                )
                match kind:
                    case "ring":
                        camera = clouds.ring.add_camera(name, footage=small)
                        for window in range(windows + 3):
                            clouds.ring.add_event(
                                camera,
                                start=start + window * APART,
                                duration_s=LENGTH.seconds,
                            )
                    case "ring_partner":
                        clouds.ring_partner.add_camera(name, footage=small)
                    case "meraki":
                        clouds.meraki.add_camera(name, footage=small)
                    case _:
                        clouds.kinesis.add_stream(name.replace(" ", "_"), footage=small)
        if not clouds.meraki.organizations:
            clouds.meraki.add_organization()
        throttled = count_throttled(clouds)
        with tempfile.TemporaryDirectory() as folder:
            told = await asyncio.to_thread(facts, clouds, folder, start, windows, each)
            told["tells_half"] = options.half
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                __file__,
                "--home",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env={**os.environ, "REQUESTS_CA_BUNDLE": str(clouds.ca_pem_path)},
            )
            async with asyncio.timeout(ENDS_WITHIN_S):
                output, _ = await process.communicate(json.dumps(told).encode())
        if process.returncode:
            print("Home Assistant did not come to an end.")
            return 1
        requests = {kind: getattr(clouds, kind).requests for kind in KINDS}
    return report(json.loads(output), throttled, requests)


def facts(
    clouds: Any, folder: str, start: datetime, windows: int, each: int
) -> dict[str, Any]:
    """Return all that the other process has to know."""
    return {
        "folder": folder,
        "ports": clouds.ports,
        "start": start.isoformat(),
        "windows": windows,
        "each": each,
        "ring": {"username": clouds.ring.username, "password": clouds.ring.password},
        "ring_partner": {
            "client_id": clouds.ring_partner.client_id,
            "client_secret": clouds.ring_partner.client_secret,
        },
        "meraki": {"api_key": clouds.meraki.api_key, "organizations": True},
        "kinesis": {
            "access_key_id": clouds.kinesis.access_key_id,
            "secret_access_key": clouds.kinesis.secret_access_key,
            "region": clouds.kinesis.region,
        },
    }


def count_throttled(clouds: Any) -> Counter[str]:
    """Count the answers by which a cloud says that it is asked too often."""
    counted: Counter[str] = Counter()

    async def answer(true_answer: Any, kind: str, asked: Any) -> Any:
        given = await true_answer(asked)
        body = given.body if isinstance(given.body, bytes) else b""
        if given.status == 429 or b"LimitExceeded" in body or b"Throttl" in body:
            counted[kind] += 1
        return given

    for kind in KINDS:
        cloud = getattr(clouds, kind)
        cloud.answer = partial(answer, cloud.answer, kind)
    return counted


def busiest(requests: Iterable[Any]) -> int:
    """Return how many requests came within one second at most."""
    times = sorted(one.at for one in requests)
    most = first = 0
    for last, at in enumerate(times):
        while at - times[first] > timedelta(seconds=1):
            first += 1
        most = max(most, last - first + 1)
    return most


# --- Home Assistant, in a process of its own


async def live(told: dict[str, Any]) -> dict[str, Any]:
    """Set the accounts up, ask, cancel, stop in the middle, go on; return what was seen."""
    from benchmarks.home import Lateness  # noqa: PLC0415
    from benchmarks.watching import resident_mib  # noqa: PLC0415
    from homeassistant.core import callback  # noqa: PLC0415
    from tests.accounts import set_up  # noqa: PLC0415
    from tests.clouds.resolver import LoopbackResolver  # noqa: PLC0415
    from tests.household import home  # noqa: PLC0415

    clouds: Any = SimpleNamespace(
        # The streams are there already.
        **{kind: SimpleNamespace(**{"streams": True} | told[kind]) for kind in KINDS},
        resolver=lambda: LoopbackResolver(told["ports"]),
    )
    start = datetime.fromisoformat(told["start"])
    result: dict[str, Any] = {}
    async with home(Path(told["folder"]), clouds) as hass:
        entries = [await set_up(hass, clouds, kind) for kind in KINDS]
        probe = Lateness()
        await asyncio.sleep(IDLE_S)
        result["idle"] = probe.report()
        order: list[str] = []
        memory_mib: list[float] = []

        @callback
        def saved(event: Any) -> None:
            order.append(event.data["entity_id"])
            memory_mib.append(resident_mib())

        hass.bus.async_listen("clip_download_saved", saved)
        asked = ask(hass, told, start, range(told["windows"]))
        await until_asked(entries, len(asked))
        result["asked"] = len(asked)
        # All in one moment: that is our doing, in part.
        result["asking"] = probe.report()
        cancelled = await cancel_half(hass, entries) if told["tells_half"] else 0
        result["cancelled"] = cancelled
        answers = await asyncio.gather(*asked, return_exceptions=True)
        result["answers"] = statuses(answers)
        result["busy"] = probe.report()
        result["order"], result["memory_mib"] = list(order), memory_mib[:]
        # Others, and the accounts are unloaded in the middle of them.
        order.clear()
        later = range(told["windows"], told["windows"] + 2)
        asked = ask(hass, told, start, later)
        await until_asked(entries, len(asked))
        while len(order) < len(asked) // 4:
            await asyncio.sleep(0.05)
        began = time.monotonic()
        await asyncio.gather(
            *(hass.config_entries.async_unload(entry.entry_id) for entry in entries)
        )
        result["unloaded_s"] = time.monotonic() - began
        result["saved_before_unload"] = len(order)
        await asyncio.gather(*asked, return_exceptions=True)
        began = time.monotonic()
        for entry in entries:
            await hass.config_entries.async_setup(entry.entry_id)
        while any(entry.runtime_data.jobs.running() for entry in entries):
            await asyncio.sleep(0.1)
        await hass.async_block_till_done()
        result["rest_s"] = time.monotonic() - began
        result["later"] = len(asked)
        result["saved_in_the_end"] = len(order)
        # And Home Assistant stops in the middle of the last.
        asked = ask(hass, told, start, range(later.stop, later.stop + 1))
        await until_asked(entries, len(asked))
        await asyncio.sleep(1)
        probe.stop()
        began = time.monotonic()
        await hass.async_stop(force=True)
        result["stopped_s"] = time.monotonic() - began
        await asyncio.gather(*asked, return_exceptions=True)
        media = Path(told["folder"], "media")
        result["files"] = await asyncio.to_thread(count_files, media)
    return result


def ask(
    hass: Any, told: Mapping[str, Any], start: datetime, windows: Iterable[int]
) -> list[asyncio.Task[Any]]:
    """Ask for all windows of one camera, then for all of the next."""
    return [
        asyncio.create_task(
            hass.services.async_call(
                "clip_download",
                "save_clip",
                {
                    "entity_id": f"camera.{kind}_{number}",
                    "start": start + window * APART,
                    "end": start + window * APART + LENGTH,
                    "timeout": {"hours": 1},
                },
                blocking=True,
                return_response=True,
            )
        )
        for number in range(told["each"])
        for kind in KINDS
        for window in windows
    ]


async def until_asked(entries: list[Any], count: int) -> None:
    """Wait until all jobs are known, but for those that have ended already."""
    seen = -1
    while (now := sum(len(one.runtime_data.jobs.running()) for one in entries)) < count:
        if now <= seen:
            return
        seen = now
        await asyncio.sleep(2)


async def cancel_half(hass: Any, entries: list[Any]) -> int:
    """Cancel every other job of each camera; return how many were cancelled."""
    if not hass.services.has_service("clip_download", "cancel"):
        return -1
    ids = [
        running.job.id
        for entry in entries
        for running in list(entry.runtime_data.jobs._running.values())[::2]  # noqa: SLF001
    ]
    answer = await hass.services.async_call(
        "clip_download", "cancel", {"job_id": ids}, blocking=True, return_response=True
    )
    return len(answer["cancelled"])


def statuses(answers: Iterable[Any]) -> dict[str, int]:
    """Count what became of what was asked."""
    counted: Counter[str] = Counter()
    for answer in answers:
        if isinstance(answer, BaseException):
            counted[type(answer).__name__] += 1
            continue
        for one in answer.values():
            key = one.get("error", {}).get("key", "")
            counted[f"{one['status']} {key}".strip()] += 1
    return dict(counted)


def count_files(media: Path) -> dict[str, int]:
    """Count the files by their ending, and what is hidden."""
    counted: Counter[str] = Counter()
    for path in media.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(media).parts)
        if path.is_file() or hidden:
            counted["hidden" if hidden else path.suffix] += 1
    return dict(counted)


# --- the report


def report(
    seen: dict[str, Any],
    throttled: Mapping[str, int],
    requests: Mapping[str, list[Any]],
) -> int:
    """Print a table; return 1 if an order, a count or a limit is wrong."""
    wrong: list[str] = []
    order = seen["order"]
    rows = [("jobs asked for", seen["asked"], "")]
    cancelled = seen["cancelled"]
    rows.append(
        ("cancelled", "no action for it" if cancelled < 0 else cancelled, "half")
    )
    rows.append(("saved", len(order), ""))
    expected = seen["asked"] - max(cancelled, 0)
    if len(order) != expected:
        wrong.append(f"{len(order)} were saved, not {expected}: {seen['answers']}")
    rows.append(("answers", json.dumps(seen["answers"]), ""))
    for kind in KINDS:
        own = [one for one in order if is_of(one, kind)]
        late = last_first(own) / len(own)
        rows.append(
            (
                f"{kind}: of its clips, saved before each camera had one",
                f"{late:.0%}",
                f"<= {MOST_BEFORE_FIRST:.0%}",
            )
        )
        if late > MOST_BEFORE_FIRST:
            wrong.append(f"a camera of {kind} waited for {late:.0%} of all clips")
    lead = most_ahead(order)
    rows.append(("most clips an account was ahead at half time", lead, ""))
    rows.extend(
        (
            f"{kind}: requests / most in a second / throttled",
            f"{len(requests[kind])} / {busiest(requests[kind])} / {throttled[kind]}",
            f"<= {MOST_THROTTLED} %",
        )
        for kind in KINDS
    )
    wrong += [
        f"{kind} throttled {throttled[kind]} times"
        for kind in KINDS
        if throttled[kind] * 100 > MOST_THROTTLED * len(requests[kind])
    ]
    memory_mib = seen["memory_mib"]
    quarter = len(memory_mib) // 4
    early, most = memory_mib[quarter], max(memory_mib[quarter:])
    rows.append(("memory at a quarter / at most, MiB", f"{early:.0f} / {most:.0f}", ""))
    if most - early > MORE_MEMORY_MIB:
        wrong.append(f"memory grew by {most - early:.0f} MiB")
    rows.extend(
        (
            f"event loop late, {name}, ms: idle / while all ask / then",
            " / ".join(
                f"{seen[when][name]:.1f}" for when in ("idle", "asking", "busy")
            ),
            f"<= {LATE_MS}" if name == "worst" else "",
        )
        for name in ("worst", "p99")
    )
    idle, busy = seen["idle"], seen["busy"]
    if busy["p99"] > max(LATE_MS, 3 * idle["worst"]):
        wrong.append(f"the loop is late by {busy['p99']:.0f} ms in 1 % of the time")
    for name in ("unloaded_s", "stopped_s"):
        rows.append((name, f"{seen[name]:.1f}", f"<= {STOPS_WITHIN_S}"))
        if seen[name] > STOPS_WITHIN_S:
            wrong.append(f"{name}: {seen[name]:.1f}")
    rows.append(
        (
            "saved before the unload / in the end, of",
            (
                f"{seen['saved_before_unload']} / {seen['saved_in_the_end']}, "
                f"{seen['later']} (the rest in {seen['rest_s']:.0f} s)"
            ),
            "",
        )
    )
    if seen["saved_in_the_end"] != seen["later"]:
        wrong.append(f"{seen['saved_in_the_end']} of {seen['later']} after the start")
    rows.append(("files", json.dumps(seen["files"]), ""))
    counts = {seen["files"].get(ending, 0) for ending in (".mp4", ".jpg", ".json")}
    if len(counts) != 1:
        wrong.append(f"files without their companions: {seen['files']}")
    print("| what | measured | wanted |\n|---|---|---|")
    for row in rows:
        print("| " + " | ".join(str(field) for field in row) + " |")
    for one in wrong:
        print(f"WRONG: {one}")
    return 1 if wrong else 0


def is_of(entity_id: str, kind: str) -> bool:
    """Say whether a camera is of a kind of account."""
    return entity_id.rpartition("_")[0] == f"camera.{kind}"


def last_first(order: list[str]) -> int:
    """Return how many clips were saved before the last camera had its first one."""
    return max(order.index(camera) for camera in set(order))


def most_ahead(order: list[str]) -> int:
    """Return by how many clips one account led when half of all were saved."""
    half = Counter(one.rpartition("_")[0] for one in order[: len(order) // 2])
    counts = sorted(half[f"camera.{kind}"] for kind in KINDS)
    return sum(later - earlier for earlier, later in pairwise(counts))


def main() -> int:
    """Be the clouds, or the Home Assistant that they started."""
    parser = argparse.ArgumentParser(prog="script/load", description=__doc__)
    parser.add_argument("--cameras", type=int, default=64)
    parser.add_argument("--jobs", type=int, default=512)
    parser.add_argument("--all", dest="half", action="store_false", help="cancel none")
    parser.add_argument("--home", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not options.home:
        return asyncio.run(lead(options))
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr)
    output = sys.stdout
    sys.stdout = sys.stderr
    result = asyncio.run(live(json.loads(sys.stdin.read())))
    with suppress(BrokenPipeError):
        output.write(json.dumps(result))
        output.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
