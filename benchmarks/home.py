"""A Home Assistant as people run it, in a process of its own, that can be looked into.

`Home.start` runs this file as a script, in `hass`' own way: bootstrap, the recorder, the
components of every platform that is compared, and whatever accounts its folder has.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
import gc
import importlib.abc
import importlib.machinery
import importlib.util
import json
import logging
import os
from pathlib import Path
import resource
import shutil
import sys
import time
import traceback
from types import ModuleType, SimpleNamespace
from typing import Any, override

from tests.ports import free_port

CHECKOUT = Path(__file__).parents[1]
KINDS = ("ring", "ring_partner", "meraki", "kinesis")
# Each request of a cloud takes so long, as one over the internet does.
LATENCY_S = 0.05
# What all have that are compared: what is only loaded with one of them is its own cost.
CONFIGURATION = """\
homeassistant:
  name: Home
  time_zone: Europe/Berlin
  country: DE
  currency: EUR
  unit_system: metric
  latitude: 52.52
  longitude: 13.4
  elevation: 34
  media_dirs:
    local: {media}
api:
config:
diagnostics:
history:
logbook:
media_source:
my:
recorder:
repairs:
http:
  server_host: 127.0.0.1
  server_port: {port}
ffmpeg:
binary_sensor:
button:
camera:
event:
image:
light:
number:
sensor:
siren:
switch:
"""
ENDS_WITHIN_S = 120
PUSH_MODULE = "ring_doorbell.listen.eventlistener"


# --- in the process that measures


@asynccontextmanager
async def clouds(cameras: int) -> AsyncIterator[Any]:
    """Run the four clouds, with `cameras` in each, at the distance of the internet."""
    from tests.clouds import Clouds  # noqa: PLC0415
    from tests.clouds.footage import Footage  # noqa: PLC0415

    async with Clouds() as running:
        running.ring.two_factor = None
        # The Ring integration asks for the history of all cameras at once.
        running.ring.rate_limit = (10_000, 1.0)
        if not running.meraki.organizations:
            running.meraki.add_organization()
        for kind in KINDS:
            cloud = getattr(running, kind)
            add = cloud.add_stream if kind == "kinesis" else cloud.add_camera
            for number in range(cameras):
                name = f"{kind}_{number}"
                add(name, footage=Footage(name, fps=1, gop_frames=1, audio=None))
            cloud.answer = _later(cloud.answer)
        yield running


def _later(
    answer: Callable[[Any], Awaitable[Any]],
) -> Callable[[Any], Awaitable[Any]]:
    async def answer_later(asked: Any) -> Any:
        await asyncio.sleep(LATENCY_S)
        return await answer(asked)

    return answer_later


def make_folder(folder: Path) -> None:
    """Make the folder of a Home Assistant that nobody has started yet."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "media").mkdir(parents=True)
    config = folder / "config"
    config.mkdir()
    (config / "custom_components").symlink_to(CHECKOUT / "custom_components")
    (config / "configuration.yaml").write_text(
        CONFIGURATION.format(media=json.dumps(str(folder / "media")), port=free_port())
    )


async def run(
    folder: Path,
    running: Any,
    job: str,
    *,
    stops: bool = False,
    prefix: Sequence[str] = (),
    ends_within_s: float = ENDS_WITHIN_S,
    **arguments: Any,
) -> Any:
    """Start Home Assistant in its folder, do a job there; return what that returned.

    The job is `module:function`; it is called with Home Assistant, its clouds and `arguments`.
    Home Assistant only `stops` in order, and stores all it has, if that is wanted.
    The command that starts it has `prefix` before it.
    """
    facts = {
        "folder": str(folder),
        "job": job,
        "arguments": arguments,
        "stops": stops,
        "ports": dict(running.ports),
        "clouds": await asyncio.to_thread(_facts, running),
    }
    # What is compiled is kept, as on any other machine, but not in the checkout.
    environment = dict(os.environ)
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    process = await asyncio.create_subprocess_exec(
        *prefix,
        sys.executable,
        __file__,
        json.dumps(facts),
        str(time.monotonic()),
        stdout=asyncio.subprocess.PIPE,
        env={
            **environment,
            "PYTHONPATH": str(CHECKOUT),
            "PYTHONPYCACHEPREFIX": str(folder.parent / "pycache"),
            "REQUESTS_CA_BUNDLE": str(running.ca_pem_path),
        },
    )
    try:
        async with asyncio.timeout(ends_within_s):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise RuntimeError(f"Home Assistant ended with {process.returncode}")
    return json.loads(output)


def _facts(running: Any) -> dict[str, Any]:
    """Return what a person knows of each cloud."""
    return {
        "ring": {
            "username": running.ring.username,
            "password": running.ring.password,
        },
        "ring_partner": {
            "client_id": running.ring_partner.client_id,
            "client_secret": running.ring_partner.client_secret,
        },
        "meraki": {"api_key": running.meraki.api_key, "organizations": True},
        "kinesis": {
            "streams": True,
            "access_key_id": running.kinesis.access_key_id,
            "secret_access_key": running.kinesis.secret_access_key,
            "region": running.kinesis.region,
        },
    }


# --- in Home Assistant's process


async def add_accounts(hass: Any, known: Any, *, kinds: Sequence[str]) -> None:
    """Set accounts up, as a person does; `core` is Home Assistant's own Ring."""
    accounts = await asyncio.to_thread(importlib.import_module, "tests.accounts")
    ring = await asyncio.to_thread(
        importlib.import_module,
        "custom_components.clip_download.engine.sources.ring.client",
    )
    set_up, typed = accounts.set_up, accounts.typed

    async def listen(self: object, heard: object) -> None:
        # What sets up waits for all that goes on.
        return

    ring.RingSource.listen = listen
    flows = hass.config_entries.flow
    for kind in kinds:
        if kind != "core":
            await set_up(hass, known, kind)
            continue
        form = await flows.async_init("ring", context={"source": "user"})
        result = await flows.async_configure(form["flow_id"], typed(known, "ring"))
        if result["type"] != "create_entry":
            raise RuntimeError(f"Ring was not set up: {result}")
    await hass.async_block_till_done()


class _NoPushes(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Let ring_doorbell's listener begin without Google, which nobody reaches here."""

    @override
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Find the module of the listener, and no other."""
        if fullname != PUSH_MODULE:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path)
        if spec is not None:
            self._loader = spec.loader
            spec.loader = self
        return spec

    @override
    def exec_module(self, module: ModuleType) -> None:
        """Run the module, and replace what calls Google."""

        async def start(self: Any, *, timeout: int = 10) -> bool:
            self.started = True
            return True

        assert self._loader is not None
        self._loader.exec_module(module)
        module.RingEventListener.start = start


def cpu_s() -> float:
    """Return the processor time that this process has used."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def memory_mib() -> dict[str, float]:
    """Return what this process has in memory, after what can be let go of is gone."""
    gc.collect()
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()[1:]
    sizes = {line.split(":")[0]: int(line.split()[1]) / 1024 for line in lines}
    return {
        "rss": sizes["Rss"],
        "pss": sizes["Pss"],
        "own": sizes["Private_Clean"] + sizes["Private_Dirty"],
    }


class Lateness:
    """How late the event loop is, in ms: looked at each `every_s`."""

    def __init__(self, every_s: float = 0.005) -> None:
        """Begin to look."""
        self._every_s = every_s
        self._late_ms: list[float] = []
        self._task = asyncio.create_task(self._look())

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + self._every_s
            await asyncio.sleep(self._every_s)
            self._late_ms.append((loop.time() - due) * 1000)

    def report(self) -> dict[str, float]:
        """Return the worst and the 99th percentile, in ms, since the last report."""
        late, self._late_ms = sorted(self._late_ms), []
        return {"worst": late[-1], "p99": late[len(late) * 99 // 100]}

    def stop(self) -> None:
        """Look no more."""
        self._task.cancel()


async def _live(facts: Mapping[str, Any], began_s: float) -> Any:
    """Start Home Assistant, do the job, stop it."""
    from homeassistant import bootstrap  # noqa: PLC0415
    from homeassistant.core import HomeAssistant  # noqa: PLC0415
    from homeassistant.helpers.aiohttp_client import DATA_RESOLVER  # noqa: PLC0415
    from homeassistant.runner import RuntimeConfig  # noqa: PLC0415

    _load(CHECKOUT / "tests" / "demo" / "parts.py").leave_out_voice()
    # The pages themselves are hundreds of megabytes, and nobody looks at them.
    pages = ModuleType("hass_frontend")
    pages.where = lambda: Path(facts["folder"])  # type: ignore[attr-defined]
    sys.modules["hass_frontend"] = pages
    # By its path: the package would bring all clouds along.
    resolver = _load(CHECKOUT / "tests" / "clouds" / "resolver.py")
    make = HomeAssistant.__init__

    def make_with_resolver(hass: HomeAssistant, config_dir: str) -> None:
        make(hass, config_dir)
        hass.data[DATA_RESOLVER] = resolver.LoopbackResolver(facts["ports"])

    HomeAssistant.__init__ = make_with_resolver  # type: ignore[assignment, method-assign]
    sys.meta_path.insert(0, _NoPushes())
    hass = await bootstrap.async_setup_hass(
        RuntimeConfig(str(Path(facts["folder"], "config")), skip_pip=True)
    )
    assert hass is not None
    await hass.async_start()
    hass.data["benchmark_started"] = (time.monotonic() - began_s, cpu_s())
    known = SimpleNamespace(
        **{kind: SimpleNamespace(**facts["clouds"][kind]) for kind in KINDS}
    )
    module, _, name = facts["job"].partition(":")
    # That module is this one, under another name.
    found = await asyncio.to_thread(importlib.import_module, module)
    job = getattr(found, name)
    result = await job(hass, known, **facts["arguments"])
    if facts["stops"]:
        await hass.async_stop(force=True)
    return result


def _load(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(f"benchmark_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _be_home() -> None:
    from homeassistant import runner  # noqa: PLC0415

    logging.basicConfig(level=logging.ERROR, stream=sys.stderr)
    output, sys.stdout = sys.stdout, sys.stderr
    loop = runner.create_event_loop()
    try:
        result = loop.run_until_complete(
            _live(json.loads(sys.argv[1]), float(sys.argv[2]))
        )
        output.write(json.dumps(result))
        output.flush()
        status = 0
    except Exception:  # noqa: BLE001 - its threads would keep the process alive
        traceback.print_exc()
        status = 1
    os._exit(status)


if __name__ == "__main__":
    _be_home()
