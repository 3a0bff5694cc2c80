"""Saving clips beside `curl -o`: speed, memory, and how long the event loop is held.

    .venv/bin/python -m benchmarks.download [--mib 1024] [--rounds 5]

nginx (Debian's `nginx-light`) serves real MP4s over TLS on loopback. The saving is the
whole of it: a job from asked to recorded, with hash, check, picture and sidecar. Every
measurement of ours runs in a process of its own; curl and we take turns.
"""

import argparse
import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
import gc
import json
from pathlib import Path, PurePosixPath
import resource
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any, override

from aiohttp import ClientSession, TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult
from aiolimiter import AsyncLimiter
import av
import numpy as np
import trustme

from custom_components.clip_download.engine.folder import File
from custom_components.clip_download.engine.library.database import Library
from custom_components.clip_download.engine.model import (
    Camera,
    Event,
    Identity,
    JobState,
    MediaOptions,
    Part,
    Plan,
)
from custom_components.clip_download.engine.pipeline.download import Bounds, receive
from custom_components.clip_download.engine.pipeline.executors import Executors
from custom_components.clip_download.engine.pipeline.jobs import Jobs
from custom_components.clip_download.engine.sources.base import Download, Source
from custom_components.clip_download.engine.sources.http import Http, download_of
from custom_components.clip_download.engine.time_range import Window

HOST = "footage.example.com"
MIB = 2**20
START = datetime(2026, 11, 20, 12, tzinfo=UTC)
FPS = 10
TICK_S = 0.001


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What one process of ours measured."""

    seconds: float
    plain_seconds: float
    tls_seconds: float
    added_mib: float
    idle_p99_ms: float
    busy_p99_ms: float
    busy_worst_ms: float


class Shelf(Source):
    """A cloud whose footage lies behind nginx."""

    kind = "shelf"
    manufacturer = "Shelf"

    def __init__(self, session: ClientSession, port: int, duration: timedelta) -> None:
        """Take where nginx listens, and how long its footage is."""
        super().__init__({}, session=session)
        self.url = f"https://{HOST}:{port}"
        self.window = Window(START, START + duration)
        self.http = Http(session, (), AsyncLimiter(1000))

    @override
    async def identify(self) -> Identity:
        return Identity(id="shelf", title="Shelf")

    @override
    async def cameras(self) -> list[Camera]:
        return []

    @override
    async def plan(
        self,
        camera: Camera,
        window: Window,
        media_options: MediaOptions,
        events: Sequence[Event] = (),
    ) -> Plan:
        return Plan(parts=[Part(window=self.window)])

    @override
    @asynccontextmanager
    async def fetch(
        self, camera: Camera, part: Part, media_options: MediaOptions
    ) -> AsyncIterator[Download]:
        async with self.http.get_signed(f"{self.url}/{camera.id}.mp4") as response:
            yield download_of(response)


class Loopback(AbstractResolver):
    """Every name is this machine."""

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host="127.0.0.1",
                port=port,
                family=socket.AF_INET,
                proto=0,
                flags=0,
            )
        ]

    @override
    async def close(self) -> None:
        pass


def make_mp4(path: Path, size_mib: int) -> timedelta:
    """Write an MP4 of about this size: noise, which nothing compresses."""
    width, height = 1920, 1080
    noise = np.random.default_rng(1)
    with av.open(path, "w", format="mp4", options={"movflags": "faststart"}) as out:
        stream = out.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"preset": "ultrafast", "qp": "12", "g": "5", "bf": "0"}
        packets = []
        for _ in range(5):
            planes = noise.integers(0, 255, (height * 3 // 2, width), np.uint8)
            frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            packets += [bytes(packet) for packet in stream.encode(frame)]
        packets += [bytes(packet) for packet in stream.encode(None)]
        rounds = max(1, round(size_mib * MIB / sum(map(len, packets))))
        for number in range(rounds * len(packets)):
            packet = av.Packet(packets[number % len(packets)])
            packet.stream = stream
            packet.time_base = stream.codec_context.time_base
            packet.pts = packet.dts = number
            packet.duration = 1
            packet.is_keyframe = number % len(packets) == 0
            out.mux(packet)
    return timedelta(seconds=rounds * len(packets) / FPS)


@contextmanager
def nginx(folder: Path) -> Iterator[tuple[int, int]]:
    """Serve a folder on two free ports of loopback: plainly, and over TLS."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    certificate = authority.issue_cert(HOST)
    certificate.private_key_and_cert_chain_pem.write_to_path(str(folder / "cert.pem"))
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as two,
    ):
        plain_port, tls_port = one.getsockname()[1], two.getsockname()[1]
    config = folder / "nginx.conf"
    config.write_text(
        f"""
        daemon off; worker_processes 1; pid {folder}/nginx.pid; user root;
        error_log {folder}/error.log; events {{}}
        http {{
          access_log off; sendfile on; types {{ video/mp4 mp4; }}
          client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
          fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
          scgi_temp_path {folder}/scgi;
          server {{
            listen 127.0.0.1:{plain_port}; listen 127.0.0.1:{tls_port} ssl;
            server_name {HOST}; root {folder}/www;
            ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/cert.pem;
          }}
        }}
        """
    )
    with subprocess.Popen(
        ["nginx", "-c", str(config), "-e", str(folder / "error.log")]
    ) as server:
        while True:
            try:
                socket.create_connection(("127.0.0.1", tls_port)).close()
                break
            except OSError:
                time.sleep(0.05)
        try:
            yield plain_port, tls_port
        finally:
            server.terminate()


async def ticks(stop: asyncio.Event) -> list[float]:
    """Return how many ms late the loop came back to us, each time."""
    late_ms = []
    while not stop.is_set():
        asked = time.perf_counter()
        await asyncio.sleep(TICK_S)
        late_ms.append((time.perf_counter() - asked - TICK_S) * 1000)
    return late_ms


def resident_mib() -> float:
    """Return the memory that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / MIB


def peak_mib() -> float:
    """Return the most that it held since the peak was last forgotten."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    raise OSError("no VmHWM")


async def measure(
    folder: Path, ports: tuple[int, int], names: list[str], duration_s: float
) -> Measured:
    """Save clips side by side, once everything has been used before."""
    context = ssl.create_default_context(cafile=folder / "ca.pem")
    media = folder / "media"
    shutil.rmtree(media, ignore_errors=True)
    media.mkdir()
    (folder / "clips.db").unlink(missing_ok=True)
    library = await Library(folder / "clips.db").open()
    tasks = set()

    def spawn(way: Coroutine[Any, Any, None], name: str) -> None:
        tasks.add(asyncio.create_task(way, name=name))

    connector = TCPConnector(resolver=Loopback(), ssl=context)
    async with ClientSession(connector=connector) as session:
        shelf = Shelf(session, ports[1], timedelta(seconds=duration_s))
        jobs = Jobs(
            account_id="bench",
            account_name="bench",
            source=shelf,
            library=library,
            find_camera=lambda camera_id: Camera(id=camera_id, name=camera_id),
            downloads_at_once=8,
            executors=Executors(),
            spawn=spawn,
            on_ended=lambda job: None,
            sign_in_again=lambda: None,
        )

        async def save(name: str, window: Window, number: int = 0) -> None:
            running = await jobs.ask(
                Camera(id=name, name=name),
                window,
                root=media,
                filename=PurePosixPath(f"{name}_{number}"),
                timeout=timedelta(minutes=10),
                media_options=MediaOptions(),
            )
            job = await running.done
            if job.state is not JobState.SAVED:
                raise SystemExit(f"not saved: {job.error}")

        # A first clip brings what stays: code, threads, connections, decoders.
        shelf.window = Window(START, START + timedelta(seconds=WARM_S))
        await save("warm", shelf.window)
        shelf.window = Window(START, START + timedelta(seconds=duration_s))

        stop = asyncio.Event()
        idle = asyncio.create_task(ticks(stop))
        await asyncio.sleep(2)
        stop.set()
        idle_ms = await idle

        gc.collect()
        before_mib = resident_mib()
        Path("/proc/self/clear_refs").write_text("5")
        stop = asyncio.Event()
        busy = asyncio.create_task(ticks(stop))
        started = time.perf_counter()
        await asyncio.gather(
            *(save(name, shelf.window, n) for n, name in enumerate(names))
        )
        seconds = time.perf_counter() - started
        added_mib = peak_mib() - before_mib
        stop.set()
        busy_ms = await busy

        arrived_s = []
        for url in (f"http://{HOST}:{ports[0]}", shelf.url):
            started = time.perf_counter()
            async with session.get(f"{url}/{names[0]}.mp4") as response:
                await receive(
                    download_of(response),
                    File.at(folder / "received"),
                    Bounds.of(timedelta(hours=1)),
                )
            arrived_s.append(time.perf_counter() - started)
            (folder / "received").unlink()
    await library.close()
    return Measured(
        seconds=seconds,
        plain_seconds=arrived_s[0],
        tls_seconds=arrived_s[1],
        added_mib=added_mib,
        idle_p99_ms=statistics.quantiles(idle_ms, n=100)[98],
        busy_p99_ms=statistics.quantiles(busy_ms, n=100)[98],
        busy_worst_ms=max(busy_ms),
    )


WARM_S = 1.0


def ours(
    folder: Path, ports: tuple[int, int], names: list[str], duration_s: float
) -> Measured:
    """Measure in a new process."""
    arguments = json.dumps([str(folder), ports, names, duration_s])
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.download", "--child", arguments],
        check=True,
        capture_output=True,
        text=True,
    )
    return Measured(**json.loads(done.stdout))


def curl(folder: Path, url: str) -> float:
    """Return how many seconds curl takes for one file."""
    target = folder / "curl.mp4"
    port = url.split(":")[2].partition("/")[0]
    command = ["curl", "--silent", "--fail", "--cacert", f"{folder}/ca.pem"]
    command += ["--resolve", f"{HOST}:{port}:127.0.0.1", "-o", str(target), url]
    started = time.perf_counter()
    subprocess.run(command, check=True)
    seconds = time.perf_counter() - started
    target.unlink()
    return seconds


def main() -> None:
    """Run all of it and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=Path(".benchmarks"))
    parser.add_argument("--child")
    options = parser.parse_args()
    if options.child:
        folder, ports, names, duration_s = json.loads(options.child)
        found = asyncio.run(measure(Path(folder), ports, names, duration_s))
        json.dump(asdict(found), sys.stdout)
        return

    options.folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.folder.resolve()) as name:
        folder = Path(name)
        (folder / "www").mkdir(mode=0o755)
        make_mp4(folder / "www/warm.mp4", 1)
        large = make_mp4(folder / "www/large.mp4", options.mib)
        medium = make_mp4(folder / "www/medium.mp4", 100)
        with nginx(folder) as ports:
            plain_s, tls_s, one, eight = [], [], [], []
            for _ in range(options.rounds):
                plain_s.append(curl(folder, f"http://{HOST}:{ports[0]}/large.mp4"))
                tls_s.append(curl(folder, f"https://{HOST}:{ports[1]}/large.mp4"))
                one.append(ours(folder, ports, ["large"], large.total_seconds()))
                eight.append(
                    ours(folder, ports, ["medium"] * 8, medium.total_seconds())
                )
    print(f"{options.rounds} rounds, one clip of {options.mib} MiB, eight of 100 MiB\n")
    print("| | one | eight at once | wanted |")
    print("|---|---|---|---|")

    def row(name: str, field: str, wanted: str, digits: int = 1) -> None:
        values = [
            f"{statistics.median(getattr(found, field) for found in runs):.{digits}f} "
            f"(most {max(getattr(found, field) for found in runs):.{digits}f})"
            for runs in (one, eight)
        ]
        print(f"| {name} | {values[0]} | {values[1]} | {wanted} |")

    row("memory added, MiB", "added_mib", "32 / 64")
    row("loop late, idle p99, ms", "idle_p99_ms", "")
    row("loop late, busy p99, ms", "busy_p99_ms", "idle + 5")
    row("loop late, worst, ms", "busy_worst_ms", "50")
    row("whole job, s", "seconds", "", 2)
    print("\n| one clip arrives | curl -o, s | ours, s | our speed to curl's |")
    print("|---|---|---|---|")
    for label, curls, field in (
        ("plain", plain_s, "plain_seconds"),
        ("TLS", tls_s, "tls_seconds"),
    ):
        theirs = statistics.median(curls)
        mine = statistics.median(getattr(found, field) for found in one)
        print(f"| {label} | {theirs:.2f} | {mine:.2f} | {theirs / mine:.2f} |")


if __name__ == "__main__":
    main()
