"""A small machine within this one: a group of processes with little CPU and memory.

One core at a quarter of its speed and 1 GiB are about a Raspberry Pi. Who is started
with the prefix is in the group from its first instruction; who is not, such as a server
that stands for the internet, is outside, and on the other cores.

A quota stops a process that used it up until the period ends. With the usual period of
100 ms, 25 % is a machine that stands still for 75 ms at a time, and each loop is late by
that. A slow core does not stand still, so the period is 10 ms. It is the shortest that
the kernel keeps: it looks every 4 ms, and lets who took too much wait for longer. What
the kernel itself does for a process is not stopped, only paid for: a sync of a gigabyte
takes 50 ms, and then all threads wait for 150.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
import os
from pathlib import Path
import shutil
import subprocess
import sys
import time

QUARTER = 0.25
PERIOD_US = 10_000
MEMORY_BYTES = 2**30
# What else runs here is no part of the small machine: it yields to it.
WEIGHT_V1, WEIGHT_V2 = 65_536, 10_000
FIRST_VERSION = {
    "cpu": {
        "cpu.cfs_period_us": PERIOD_US,
        "cpu.cfs_quota_us": round(QUARTER * PERIOD_US),
        "cpu.shares": WEIGHT_V1,
    },
    "memory": {"memory.limit_in_bytes": MEMORY_BYTES},
}
SECOND_VERSION = {
    "cpu.max": f"{QUARTER * PERIOD_US:.0f} {PERIOD_US}",
    "cpu.weight": WEIGHT_V2,
    "memory.max": MEMORY_BYTES,
}
MANAGER = Path("/run/systemd/system")
SPIN_S = 2.0
SPIN = (
    "import time; until = time.monotonic() + {0}\n"
    "while time.monotonic() < until: pass\n"
    "print(time.process_time() / {0})"
)


class NoGroupError(Exception):
    """Processes cannot be limited here; the text says why."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """What a command is prefixed with to run in the group."""

    prefix: Sequence[str]
    limits_memory: bool

    def command(self, *command: str) -> list[str]:
        """Return a command that runs in the group."""
        return [*self.prefix, *command]

    def share(self) -> float:
        """Return how much of a core a process gets that does nothing but compute."""
        command = self.command(sys.executable, "-c", SPIN.format(SPIN_S))
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return float(done.stdout)


@contextmanager
def small_machine() -> Iterator[Group]:
    """Make the group, and keep this process off its core; raise NoGroupError if it may not be."""
    cores = sorted(os.sched_getaffinity(0))
    on_core = ("taskset", "--cpu-list", str(cores[-1]))
    if not shutil.which("taskset"):
        raise NoGroupError("there is no taskset")
    try:
        os.sched_setaffinity(0, cores[:-1] or cores)
        if MANAGER.is_dir():
            yield Group(prefix=(*_by_manager(), *on_core), limits_memory=True)
            return
        with _by_hand() as folders:
            enter = "".join(
                f"echo $$ >{one}/cgroup.procs && " for one in folders.values()
            )
            yield Group(
                prefix=("sh", "-c", f'{enter}exec "$@"', "sh", *on_core),
                limits_memory="memory" in folders,
            )
    finally:
        os.sched_setaffinity(0, cores)


def _by_manager() -> Sequence[str]:
    """Return how systemd is asked for a group: all are its own."""
    manager = ["systemd-run", "--scope", "--quiet", "--collect"]
    manager += [] if os.geteuid() == 0 else ["--user"]
    for limit in (
        f"CPUQuota={QUARTER:.0%}",
        f"CPUQuotaPeriodSec={PERIOD_US}us",
        f"CPUWeight={WEIGHT_V2}",
        f"MemoryMax={MEMORY_BYTES}",
        "MemorySwapMax=0",
    ):
        manager += ["-p", limit]
    try:
        subprocess.run([*manager, "true"], check=True, capture_output=True, text=True)
    except OSError as error:
        raise NoGroupError(str(error)) from error
    except subprocess.CalledProcessError as error:
        raise NoGroupError(error.stderr.strip() or str(error)) from error
    return manager


@contextmanager
def _by_hand() -> Iterator[dict[str, Path]]:
    """Make the group of each controller; yield their folders.

    Who is in a group already was put there by somebody, who may count on what is in it:
    that controller is left alone. There is no small machine without the CPU's.
    """
    made: dict[str, Path] = {}
    try:
        found = _free()
        for name in FIRST_VERSION.keys() & found.keys():
            made[name] = _make(found[name], FIRST_VERSION[name])
        if not made and (root := found.get("")):
            (root / "cgroup.subtree_control").write_text("+cpu +memory")
            made = dict.fromkeys(("cpu", "memory"), _make(root, SECOND_VERSION))
        if "cpu" not in made:
            raise NoGroupError("this process is in a group of somebody's already")
    except OSError as error:
        raise NoGroupError(f"no group can be made here: {error}") from error
    else:
        yield made
    finally:
        for folder in set(made.values()):
            _remove(folder)


def _free() -> dict[str, Path]:
    """Return where groups of each controller are made, if we are in none of them yet.

    Those of the second version, which has one hierarchy for all, are below "".
    """
    own = {
        controller: path
        for line in Path("/proc/self/cgroup").read_text().splitlines()
        for _, names, path in [line.split(":", 2)]
        for controller in names.split(",")
    }
    found: dict[str, Path] = {}
    for line in Path("/proc/mounts").read_text().splitlines():
        _, folder, kind, options, *_ = line.split()
        names = {"cpu", "memory"} & {*options.split(",")} if kind == "cgroup" else {""}
        if kind in {"cgroup", "cgroup2"}:
            found |= {name: Path(folder) for name in names if own.get(name) == "/"}
    return found


def _make(root: Path, limits: Mapping[str, object]) -> Path:
    """Make a group with its limits, or nothing; those of who was killed go."""
    for left in root.glob("clip_download_*"):
        if not Path(f"/proc/{left.name.rpartition('_')[2]}").exists():
            left.rmdir()
    folder = root / f"clip_download_{os.getpid()}"
    folder.mkdir()
    try:
        for name, value in limits.items():
            (folder / name).write_text(str(value))
    except OSError:
        folder.rmdir()
        raise
    return folder


def _remove(folder: Path) -> None:
    """Remove a group; who is still in it ends first."""
    for _ in range(50):
        try:
            folder.rmdir()
        except OSError:
            time.sleep(0.1)
        else:
            return
