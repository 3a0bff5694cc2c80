"""A long window of Kinesis and of Meraki beside what people would use.

    .venv/bin/python -m benchmarks.sources [--rounds 5]

The clouds are those of the tests, in a process of their own: TLS, real host names, quotas,
latency, and lines of 20 Mbit/s: one for each request to Kinesis, one for each Meraki
camera. Ours is a whole job, from asked to recorded. Theirs is AWS's sample, that is
botocore and three minutes after three minutes, or curl and five minutes after five
minutes, and then `ffmpeg -f concat -c copy`. Both wait for lines of their own, so they run
at the same time.

An hour takes theirs twelve minutes. So it is twenty minutes, and footage, latency, the
time until a clip is ready, and the pauses between looks at it are an eighth of what they
are. What each part costs besides, and how many requests a second a cloud is asked, is not.
With `MINUTES=60 SCALE=1` in the environment it is the real thing.
"""

import argparse
import asyncio
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
import json
import multiprocessing
from multiprocessing.connection import Connection
import os
from pathlib import Path, PurePosixPath
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
from typing import Any, Self, override
from unittest.mock import patch

from aiohttp import ClientSession, TCPConnector
from botocore.config import Config
from botocore.session import Session

from custom_components.clip_download.engine.model import Camera
from custom_components.clip_download.engine.pipeline.jobs import Jobs
from custom_components.clip_download.engine.sources.kinesis.client import (
    KinesisCamera,
    KinesisSource,
)
from custom_components.clip_download.engine.sources.meraki import client as meraki
from custom_components.clip_download.engine.time_range import Window
from tests.clouds import Clouds
from tests.clouds.footage import Container, Footage, Shot, Span, Timeline, clock_ticks
from tests.clouds.resolver import LoopbackResolver
from tests.clouds.server import Line

from .footage import write
from .shelf import accounts, save
from .table import Row, main

SCALE = float(os.environ.get("SCALE", "8"))
MINUTES = int(os.environ.get("MINUTES", "20"))
LENGTH = timedelta(minutes=MINUTES)
MBIT_S = 4.0
LINE_BYTES_PER_S = 20 * 125_000
LATENCY_S = 0.1
READY_AFTER_S = 2.0
FRAGMENT = timedelta(seconds=2)
# What GetClip gives of such footage, and what AWS's sample asks for.
SAMPLE_PART = timedelta(minutes=3)
BELL = timedelta(seconds=20)
BELL_MBIT_S = 4.0
BASE_URL = "https://api.meraki.com/api/v1"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where the clouds are, and what lets somebody in."""

    ports: dict[str, int]
    ca_pem_path: str
    start: datetime
    aws_key: tuple[str, str]
    meraki_key: str
    serials: dict[str, str]

    @property
    def window(self) -> Window:
        """What is saved."""
        return Window(self.start, self.start + LENGTH)


class FilledClouds(Clouds):
    """Clouds whose footage has a bit rate, and is not encoded."""

    @override
    async def _make_film(
        self, key: tuple[tuple[Shot, ...], Container, Timeline, bool]
    ) -> tuple[Path, Span]:
        shots, container, pts, _ = key
        footage = shots[0].footage
        frames_ms = footage.frames_ms(shots[0].start, shots[-1].end)
        path = self.folder / f"{next(self._numbers)}.{container}"
        zero_ms = frames_ms.start
        if pts == "clock":
            start = datetime.fromtimestamp(frames_ms.start / 1000, UTC)
            zero_ms -= clock_ticks(start) // 90
        await self.in_thread(
            partial(
                write,
                path,
                frames_ms,
                container=container,
                mbit_s=BELL_MBIT_S if footage.name == "Bell" else MBIT_S / SCALE,
                zero_ms=zero_ms,
                gop_frames=footage.gop_frames,
            )
        )
        return path, Span(shots[0].start, shots[-1].end)


async def serve(start: datetime, connection: Connection) -> None:
    """Run the clouds until told to end; tell how much was sent, and refused, when asked."""
    clouds = FilledClouds()
    kinesis, dashboard = clouds.kinesis, clouds.meraki
    for cloud in (kinesis, dashboard):
        cloud.latency_s = LATENCY_S / SCALE
    kinesis.clip_bytes_per_s = LINE_BYTES_PER_S
    dashboard.ready_after_s = READY_AFTER_S / SCALE
    dashboard.url_lifetime_s = 1800
    serials, uplinks = {}, {}
    for name in ("Ours", "Theirs", "Bell"):
        footage = Footage(name, fps=10, gop_frames=20, audio=None)
        stream = kinesis.add_stream(name, footage=footage, fragment=FRAGMENT)
        # As large as it is said, and counted, to be.
        stream.fragment_size_bytes = int(MBIT_S * 125_000 * FRAGMENT.total_seconds())
        camera = dashboard.add_camera(name, footage=footage, model="MV72")
        camera.uplink = uplinks[name] = Line(LINE_BYTES_PER_S)
        serials[name] = camera.serial
    async with clouds:
        connection.send(
            Place(
                ports=dict(clouds.ports),
                ca_pem_path=str(clouds.ca_pem_path),
                start=start,
                aws_key=(kinesis.access_key_id, kinesis.secret_access_key),
                meraki_key=dashboard.api_key,
                serials=serials,
            )
        )
        while await asyncio.to_thread(connection.recv):
            sent = {name: line.sent_bytes for name, line in uplinks.items()}
            connection.send((sent, kinesis.too_many + dashboard.too_many))


def serving(start: datetime, connection: Connection) -> None:
    """Run the clouds in this process."""
    asyncio.run(serve(start, connection))


class Server:
    """The clouds in their own process."""

    def __init__(self, start: datetime) -> None:
        """Start it."""
        context = multiprocessing.get_context("spawn")
        self._connection, other = context.Pipe()
        self._process = context.Process(target=serving, args=(start, other))
        self._process.start()
        self.place: Place = self._connection.recv()

    def count(self) -> tuple[dict[str, int], int]:
        """Return the bytes that each uplink sent, and the requests that were too many."""
        self._connection.send(True)
        counted: tuple[dict[str, int], int] = self._connection.recv()
        return counted

    def __enter__(self) -> Self:
        """Use it."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self._connection.send(False)
        self._process.join()


def sample(place: Place, folder: Path) -> float:
    """Save a window of Kinesis as AWS's sample does; return how many seconds it takes."""
    port = place.ports["kinesisvideo.eu-west-1.amazonaws.com"]
    address = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))
    key_id, secret = place.aws_key
    connect = partial(
        Session().create_client,
        region_name="eu-west-1",
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
        verify=place.ca_pem_path,
        config=Config(retries={"max_attempts": 0}),
    )
    started = time.perf_counter()
    with patch("socket.getaddrinfo", return_value=[address]):
        endpoint = connect("kinesisvideo").get_data_endpoint(
            StreamName="Theirs", APIName="GET_CLIP"
        )
        media = connect(
            "kinesis-video-archived-media", endpoint_url=endpoint["DataEndpoint"]
        )
        parts: list[Path] = []
        for window in place.window.split(SAMPLE_PART):
            # Both ends are inclusive: what starts at the end is the next one's.
            last = window.end - FRAGMENT
            answer = media.get_clip(
                StreamName="Theirs",
                ClipFragmentSelector={
                    "FragmentSelectorType": "PRODUCER_TIMESTAMP",
                    "TimestampRange": {
                        "StartTimestamp": window.start,
                        "EndTimestamp": last,
                    },
                },
            )
            parts.append(folder / f"{len(parts)}.mp4")
            with parts[-1].open("wb") as file:
                for block in answer["Payload"].iter_chunks(2**20):
                    file.write(block)
    concat(parts, folder)
    return time.perf_counter() - started


def curls(place: Place, folder: Path) -> float:
    """Save a window of Meraki, one chunk after the other; return the seconds it takes."""
    curl = ["curl", "--silent", "--fail", "--cacert", place.ca_pem_path]
    curl += ["--connect-to", f"::127.0.0.1:{next(iter(place.ports.values()))}"]
    clip = f"{BASE_URL}/devices/{place.serials['Theirs']}/camera/clip"
    key = f"Authorization: Bearer {place.meraki_key}"
    started = time.perf_counter()
    parts: list[Path] = []
    for window in meraki.split_for_requests(place.window):
        query = "&".join(
            f"{name}={moment:%Y-%m-%dT%H:%M:%SZ}"
            for name, moment in (
                ("startTimestamp", window.start),
                ("endTimestamp", window.end),
            )
        )
        link = subprocess.run(
            [*curl, "-H", key, f"{clip}?{query}"], check=True, capture_output=True
        )
        parts.append(folder / f"{len(parts)}.ts")
        fetch = [*curl, "-o", str(parts[-1]), json.loads(link.stdout)["url"]]
        while subprocess.run(fetch, check=False).returncode:
            time.sleep(1 / SCALE)
    concat(parts, folder)
    return time.perf_counter() - started


def concat(parts: list[Path], folder: Path) -> None:
    """Join parts into one MP4 that can be played while it loads."""
    (folder / "list").write_text("".join(f"file '{part}'\n" for part in parts))
    command = ["ffmpeg", "-loglevel", "error", "-y", "-f", "concat", "-safe", "0"]
    command += ["-i", str(folder / "list"), "-c", "copy", "-movflags", "+faststart"]
    subprocess.run([*command, str(folder / "all.mp4")], check=True)


class House:
    """The integration without Home Assistant, with an account of each cloud."""

    def __init__(self, place: Place, folder: Path) -> None:
        """Take where the clouds are, and a folder to work in."""
        self._place = place
        self._folder = folder
        self._stack = AsyncExitStack()
        self._number = 0

    async def __aenter__(self) -> Self:
        """Open the library, and sign in."""
        database = self._folder / "clips.db"
        jobs_of = await self._stack.enter_async_context(accounts(database))
        connector = TCPConnector(
            resolver=LoopbackResolver(self._place.ports),
            ssl=ssl.create_default_context(cafile=self._place.ca_pem_path),
        )
        session = await self._stack.enter_async_context(
            ClientSession(connector=connector)
        )
        key_id, secret = self._place.aws_key
        kinesis = KinesisSource(
            {
                "access_key_id": key_id,
                "secret_access_key": secret,
                "region": "eu-west-1",
            },
            session=session,
        )
        dashboard = meraki.MerakiSource(
            {"api_key": self._place.meraki_key, "base_url": BASE_URL}, session=session
        )
        self.kinesis = jobs_of(kinesis, self._found, 2)
        self.meraki = jobs_of(dashboard, self._found, 2)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close all of it."""
        await self._stack.aclose()

    async def save(self, jobs: Jobs, camera: Camera, window: Window) -> float:
        """Save a window; return how many seconds it takes."""
        self._number += 1
        filename = PurePosixPath(f"media/{self._number}")
        started = time.perf_counter()
        clip = await save(jobs, camera, window, self._folder, filename)
        seconds = time.perf_counter() - started
        clip.path.unlink()
        return seconds

    def camera(self, name: str) -> meraki.MerakiCamera:
        """Return a camera of Meraki's."""
        serial = self._place.serials[name]
        return meraki.MerakiCamera(id=serial, name=name, serial_number=serial)

    def _found(self, camera_id: str) -> Camera:
        for name, serial in self._place.serials.items():
            if serial == camera_id:
                return self.camera(name)
        return KinesisCamera(id=camera_id, name=camera_id)


async def one_round(server: Server, folder: Path) -> dict[str, float]:
    """Return all that one round measures."""
    place = server.place
    bell = Window(place.start, place.start + BELL)
    loop = asyncio.get_running_loop()
    context = multiprocessing.get_context("spawn")
    theirs = [folder / name for name in ("sample", "curls")]
    for one in (*theirs, folder / "media"):
        shutil.rmtree(one, ignore_errors=True)
        one.mkdir()
    sent, too_many = server.count()
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        # So that the time to start them is nobody's.
        await asyncio.gather(*(loop.run_in_executor(pool, time.time) for _ in theirs))
        async with House(place, folder) as house:
            seen = {
                "bell idle": await house.save(house.meraki, house.camera("Bell"), bell)
            }

            async def time_of(name: str, work: Any) -> None:
                seen[name] = await work

            async with asyncio.TaskGroup() as group:
                for name, work in (
                    ("sample", loop.run_in_executor(pool, sample, place, theirs[0])),
                    ("curls", loop.run_in_executor(pool, curls, place, theirs[1])),
                    (
                        "kinesis",
                        house.save(
                            house.kinesis,
                            KinesisCamera(id="Ours", name="Ours"),
                            place.window,
                        ),
                    ),
                    (
                        "meraki",
                        house.save(house.meraki, house.camera("Ours"), place.window),
                    ),
                ):
                    group.create_task(time_of(name, work))
                await asyncio.sleep(10)
                seen["bell busy"] = await house.save(
                    house.meraki, house.camera("Bell"), bell
                )
                if "meraki" in seen:
                    raise SystemExit("the long clip was there before the bell's clip")
    now, too_many_now = server.count()
    seen["sent"] = now["Ours"] - sent["Ours"]
    seen["wanted"] = now["Theirs"] - sent["Theirs"]
    seen["too many"] = too_many_now - too_many
    return seen


def measure(options: argparse.Namespace) -> Iterable[Row]:
    """Measure all of it."""
    meraki.FIRST_POLL_S /= SCALE
    meraki.LONGEST_POLL_S /= SCALE
    now = datetime.now(UTC).replace(microsecond=0)
    start = now - timedelta(seconds=now.timestamp() % 60) - timedelta(hours=4)
    with (
        tempfile.TemporaryDirectory(dir=options.folder) as name,
        Server(start) as server,
    ):
        rounds = [
            asyncio.run(one_round(server, Path(name))) for _ in range(options.rounds)
        ]

    def values(name: str) -> list[float]:
        return [one[name] for one in rounds]

    line_s = [wanted / LINE_BYTES_PER_S for wanted in values("wanted")]
    about = f"{MINUTES} minutes of {{}} of 4 Mbit/s"
    if SCALE != 1:
        about += f", all at 1/{SCALE:g}"
    return [
        Row(
            work=about.format("Kinesis"),
            against="AWS's sample: three minutes after three minutes, then ffmpeg",
            unit="s",
            ours=values("kinesis"),
            theirs=values("sample"),
            goal=0.25,
        ),
        Row(
            work="its requests, and those to Meraki, that were too many",
            against="none",
            unit="requests",
            ours=values("too many"),
            goal=0,
        ),
        Row(
            work=about.format("Meraki"),
            against="its bytes over an uplink of 20 Mbit/s",
            unit="s",
            ours=values("meraki"),
            theirs=line_s,
            goal=1.05,
        ),
        Row(
            work=about.format("Meraki"),
            against="curl, five minutes after five minutes, then ffmpeg",
            unit="s",
            ours=values("meraki"),
            theirs=values("curls"),
            goal=1,
        ),
        Row(
            work="what its uplink sends",
            against="each part once",
            unit="bytes",
            ours=values("sent"),
            theirs=values("wanted"),
            goal=1.01,
        ),
        Row(
            work="20 s of another Meraki camera meanwhile",
            against="while nothing else is fetched",
            unit="s",
            ours=values("bell busy"),
            theirs=values("bell idle"),
            goal=1.1,
        ),
    ]


if __name__ == "__main__":
    main(__doc__, measure)
