"""The ways in which footage comes from a server to a file: ours, and what people would use.

    .venv/bin/python -m benchmarks.downloaders JSON

is a process in which one of them is measured, so that none inherits what another holds.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
import hashlib
import json
import os
from pathlib import Path, PurePosixPath
import shutil
import socket
import subprocess
import sys
import time
from types import SimpleNamespace
from typing import Any

from custom_components.clip_download.engine.time_range import Window

from .servers import HOST
from .shelf import account, session_of
from .watching import watched

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
IDLE_S = 1.0
# Where the files are, below the server's root; for S3 it is a bucket.
BUCKET = "footage"
WARM = "warm"


@dataclass(frozen=True, kw_only=True)
class Work:
    """What is to be fetched: so many files of one name, at once, into an empty folder."""

    folder: str
    port: int
    name: str
    count: int
    duration_s: float
    warm_s: float

    @property
    def base(self) -> str:
        """The server's address."""
        return f"https://{HOST}:{self.port}"

    @property
    def media(self) -> Path:
        """Where the files come to."""
        return Path(self.folder) / "media"

    def duration_of(self, name: str) -> timedelta:
        """Return how long the footage of a file is."""
        return timedelta(seconds=self.warm_s if name == WARM else self.duration_s)


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What it took: until the files lay there, and until they were hashed, too."""

    seconds: float
    cpu_seconds: float
    bare_seconds: float
    added_mib: float = 0
    idle_p99_ms: float = 0
    busy_p99_ms: float = 0
    busy_worst_ms: float = 0


type Fetch = Callable[[str, int], Awaitable[None]]
type Way = Callable[[Work], AbstractAsyncContextManager[Fetch]]


@asynccontextmanager
async def ours(work: Work) -> AsyncIterator[Fetch]:
    """Jobs of ours: checked, hashed, with picture and sidecar, synced, recorded."""
    async with account(
        Path(work.folder),
        work.media,
        work.media / "clips.db",
        lambda camera, part: f"{work.base}/{BUCKET}/{camera.id}.mp4",
        downloads_at_once=8,
    ) as save:

        async def fetch(name: str, number: int) -> None:
            window = Window(START, START + work.duration_of(name))
            await save(name, window, PurePosixPath(f"{name}_{number}"))

        yield fetch


@asynccontextmanager
async def ring_doorbell(work: Work) -> AsyncIterator[Fetch]:
    """`RingDoorBell.async_recording_download`, but for its address."""
    from ring_doorbell import Auth, Ring, RingDoorBell, doorbot  # noqa: PLC0415

    vars(doorbot)["URL_RECORDING"] = f"/{BUCKET}/{{0}}.mp4"

    class Bell(RingDoorBell):
        has_subscription = True

    async with session_of(Path(work.folder)) as session:
        token = {"access_token": "token", "token_type": "Bearer"}
        ring = Ring(Auth("bench", token, http_client_session=session))
        vars(ring)["session"] = {}
        vars(ring)["async_query"] = partial(ring.async_query, base_uri=work.base)
        bell = Bell(ring, 1)

        async def fetch(name: str, number: int) -> None:
            await bell.async_recording_download(
                name,  # type: ignore[arg-type]
                str(work.media / f"{name}_{number}.mp4"),
                override=True,
            )

        yield fetch


@asynccontextmanager
async def botocore(work: Work) -> AsyncIterator[Fetch]:
    """Write what botocore's `get_object` gives to a file, in a thread."""
    from botocore.config import Config  # noqa: PLC0415
    from botocore.session import Session  # noqa: PLC0415

    _resolve_here()
    client = Session().create_client(
        "s3",
        region_name="eu-west-1",
        endpoint_url=work.base,
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        verify=f"{work.folder}/ca.pem",
        config=Config(s3={"addressing_style": "path"}, max_pool_connections=10),
    )

    def get(name: str, number: int) -> None:
        answer = client.get_object(Bucket=BUCKET, Key=f"{name}.mp4")
        with (work.media / f"{name}_{number}.mp4").open("wb") as file:
            shutil.copyfileobj(answer["Body"], file)

    async def fetch(name: str, number: int) -> None:
        await asyncio.to_thread(get, name, number)

    yield fetch


@asynccontextmanager
async def botocore_synced(work: Work) -> AsyncIterator[Fetch]:
    """Let the disk have what botocore fetched, too: no power cut takes it then."""

    def sync(name: str, number: int) -> None:
        with (work.media / f"{name}_{number}.mp4").open("rb") as file:
            os.fsync(file)

    async with botocore(work) as fetch:

        async def fetch_synced(name: str, number: int) -> None:
            await fetch(name, number)
            await asyncio.to_thread(sync, name, number)

        yield fetch_synced


@asynccontextmanager
async def home_assistant(work: Work) -> AsyncIterator[Fetch]:
    """Call `downloader.download_file`, an action of Home Assistant."""
    from homeassistant.components.downloader import const, services  # noqa: PLC0415

    _resolve_here()
    os.environ["REQUESTS_CA_BUNDLE"] = f"{work.folder}/ca.pem"
    entry = SimpleNamespace(data={const.CONF_DOWNLOAD_DIR: str(work.media)})
    hass = SimpleNamespace(
        async_add_executor_job=asyncio.to_thread,
        bus=SimpleNamespace(fire=lambda name, data: None),
        config_entries=SimpleNamespace(async_loaded_entries=lambda domain: [entry]),
    )

    async def fetch(name: str, number: int) -> None:
        data = {
            const.ATTR_URL: f"{work.base}/{BUCKET}/{name}.mp4",
            const.ATTR_FILENAME: f"{name}_{number}.mp4",
            const.ATTR_OVERWRITE: True,
            const.ATTR_HEADERS: {},
        }
        call: Any = SimpleNamespace(hass=hass, data=data)
        await services.download_file(call)

    yield fetch


def _resolve_here() -> None:
    """Let every name be this machine for those who ask the system."""
    resolve = socket.getaddrinfo

    def resolve_here(host: Any, *others: Any, **options: Any) -> Any:
        return resolve("127.0.0.1", *others, **options)

    socket.getaddrinfo = resolve_here


WAYS: dict[str, Way] = {
    way.__name__: way
    for way in (ours, ring_doorbell, botocore, botocore_synced, home_assistant)
}


async def _take(way: str, work: Work) -> Taken:
    """Fetch once, after everything has been used before: code, threads, connections."""
    is_ours = WAYS[way] is ours

    async def fetch_and_hash(number: int) -> None:
        await fetch(work.name, number)
        arrived_s.append(time.perf_counter())
        # Ours is hashed already.
        if not is_ours:
            file = work.media / f"{work.name}_{number}.mp4"
            await asyncio.to_thread(_sha256, file)

    async with WAYS[way](work) as fetch:
        await fetch(WARM, 0)
        async with watched() as idle:
            await asyncio.sleep(IDLE_S if is_ours else 0)
        arrived_s: list[float] = []
        async with watched() as busy:
            started_s = time.perf_counter()
            await asyncio.gather(*map(fetch_and_hash, range(work.count)))
    return Taken(
        seconds=busy.seconds,
        cpu_seconds=busy.cpu_seconds,
        added_mib=busy.added_mib,
        bare_seconds=max(arrived_s) - started_s,
        idle_p99_ms=idle.late_p99_ms,
        busy_p99_ms=busy.late_p99_ms,
        busy_worst_ms=busy.late_worst_ms,
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def take(way: str, work: Work) -> Taken:
    """Fetch once in a process of its own, into an empty folder, which is removed."""
    work.media.mkdir()
    try:
        done = subprocess.run(
            [sys.executable, "-m", __name__, json.dumps([way, asdict(work)])],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
    finally:
        shutil.rmtree(work.media)
    return Taken(**json.loads(done.stdout))


def take_curl(work: Work, *then: Sequence[str]) -> Taken:
    """Fetch with `curl -o`, one for each file, at once, and run commands on each file."""
    work.media.mkdir()
    to = [str(work.media / str(number)) for number in range(work.count)]
    curl = ["curl", "--silent", "--fail", "--cacert", f"{work.folder}/ca.pem"]
    curl += ["--resolve", f"{HOST}:{work.port}:127.0.0.1"]
    curl += [f"{work.base}/{BUCKET}/{work.name}.mp4", "-o"]
    try:
        started_s = time.perf_counter()
        cpu_s = _run_all([[*curl, path] for path in to])
        bare_s = time.perf_counter() - started_s
        for command in then:
            cpu_s += _run_all([[*command, path] for path in to])
        seconds = time.perf_counter() - started_s
    finally:
        shutil.rmtree(work.media)
    return Taken(seconds=seconds, cpu_seconds=cpu_s, bare_seconds=bare_s)


def _run_all(commands: Sequence[Sequence[str]]) -> float:
    """Run commands at once; return their CPU seconds."""
    processes = [
        subprocess.Popen(command, stdout=subprocess.DEVNULL) for command in commands
    ]
    cpu_s = 0.0
    for process in processes:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, process.args)
        cpu_s += used.ru_utime + used.ru_stime
    return cpu_s


if __name__ == "__main__":
    asked_way, asked_work = json.loads(sys.argv[1])
    json.dump(
        asdict(asyncio.run(_take(asked_way, Work(**asked_work)))),
        sys.stdout,
    )
