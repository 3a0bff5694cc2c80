"""The server that everybody downloads from: nginx on loopback, plainly and over TLS.

It is Debian's `nginx-light`, as a clip's cloud is no part of what is measured.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
import socket
import ssl
import subprocess
import time
from typing import NamedTuple, override

from aiohttp.abc import AbstractResolver, ResolveResult
import av
import numpy as np
import trustme

HOST = "footage.example.com"
MIB = 2**20
FPS = 20
# So many lines of each picture are noise: 20 Mbit/s, as of a good camera.
NOISY_LINES = 36
STARTS_WITHIN_S = 10


class Ports(NamedTuple):
    """Where a server listens on loopback."""

    plain: int
    tls: int


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


def make_mp4(path: Path, size_mib: float) -> timedelta:
    """Write an MP4 of about this size: partly noise, which nothing compresses."""
    width, height = 1920, 1080
    noise = np.random.default_rng(1)
    with av.open(path, "w", format="mp4", options={"movflags": "faststart"}) as out:
        stream = out.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"preset": "ultrafast", "qp": "12", "g": str(FPS), "bf": "0"}
        packets = []
        for _ in range(FPS):
            planes = np.full((height * 3 // 2, width), 128, np.uint8)
            planes[:NOISY_LINES] = noise.integers(0, 255, (NOISY_LINES, width))
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


def trusting(folder: Path) -> ssl.SSLContext:
    """Return what trusts the `nginx` of this folder; curl does with `--cacert ca.pem`."""
    return ssl.create_default_context(cafile=folder / "ca.pem")


@contextmanager
def nginx(folder: Path, mbit_s: float | None = None) -> Iterator[Ports]:
    """Serve `folder/www` on two free ports of loopback: plainly, and over TLS.

    `mbit_s` limits each request by itself.
    """
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    certificate = authority.issue_cert(HOST)
    certificate.private_key_and_cert_chain_pem.write_to_path(str(folder / "cert.pem"))
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as two,
    ):
        ports = Ports(one.getsockname()[1], two.getsockname()[1])
    limit = f"limit_rate {mbit_s * 125_000:.0f};" if mbit_s else ""
    config = folder / "nginx.conf"
    config.write_text(
        f"""
        daemon off; worker_processes 1; pid {folder}/nginx.pid;
        error_log {folder}/error.log; events {{}}
        {"user root;" if (folder / "www").owner() == "root" else ""}
        http {{
          access_log off; sendfile on; types {{ video/mp4 mp4; video/mp2t ts; }} {limit}
          client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
          fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
          scgi_temp_path {folder}/scgi;
          server {{
            listen 127.0.0.1:{ports.plain}; listen 127.0.0.1:{ports.tls} ssl;
            server_name {HOST}; root {folder}/www;
            ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/cert.pem;
          }}
        }}
        """
    )
    with subprocess.Popen(
        ["nginx", "-c", str(config), "-e", str(folder / "error.log")]
    ) as server:
        try:
            _wait(server, ports)
            yield ports
        finally:
            server.terminate()


def _wait(server: subprocess.Popen[bytes], ports: Ports) -> None:
    """Wait until a server listens."""
    until = time.monotonic() + STARTS_WITHIN_S
    while server.poll() is None and time.monotonic() < until:
        try:
            for port in ports:
                socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise SystemExit("nginx did not start")
