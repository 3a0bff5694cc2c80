"""A small machine within this one: a group of processes with little CPU and memory.

One core at a quarter of its speed and 1 GiB are about a Raspberry Pi. Who is started
with the prefix is in the group from its first instruction; who is not, such as a server
that stands for the internet, is outside, and on the other cores.

It gets its quarter by weight: beside it on the core is what only computes, in a group that
weighs three times as much. A quota of CPU time is no slow core: it stops all threads at
once, and what the kernel does for one of them, as the sync of a large file, is paid for by
all: with the same share, a loop beside a thread that syncs 300 MB is late by 64 ms with a
quota of 2.5 in 10 ms, by 74 with one of 25 in 100, and by 22 to 27 with a weight.

Memory is limited by its group, too, with what the kernel keeps of files. Where a group of
memory is somebody else's, each process may ask for so much of its own instead.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
import os
from pathlib import Path
import shutil
import subprocess
import sys
import time

QUARTER = 0.25
MEMORY_BYTES = 2**30
# What else runs here is no part of the small machine: it yields to both groups, which
# lie in one of this weight. In the second version, 10,000 is the most.
WEIGHT_V1, WEIGHT_V2 = 65_536, 10_000
OWN_WEIGHT, OTHER_WEIGHT = 2_500, 7_500
FIRST_VERSION = {"cpu": "cpu.shares", "memory": "memory.limit_in_bytes"}
SECOND_VERSION = {"cpu": "cpu.weight", "memory": "memory.max"}
MANAGER = Path("/run/systemd/system")
SPIN_S = 2.0
SPIN = (
    "import time; until = time.monotonic() + {0}\n"
    "while time.monotonic() < until: pass\n"
    "print(time.process_time() / {0})"
)
# Until who made the group is gone, however that came.
BURN = "import os\nwhile os.getppid() == {}:\n for _ in range(10**6): pass"


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
    with ExitStack() as stack:
        stack.callback(os.sched_setaffinity, 0, cores)
        os.sched_setaffinity(0, cores[:-1] or cores)
        if MANAGER.is_dir():
            own, other, limits_memory = _by_manager()
        else:
            own, other, limits_memory = stack.enter_context(_by_hand())
        if not limits_memory:
            own = (*own, "prlimit", f"--data={MEMORY_BYTES}")
        burn = BURN.format(os.getpid())
        burning = subprocess.Popen([*other, *on_core, sys.executable, "-c", burn])
        stack.callback(burning.wait)
        stack.callback(burning.kill)
        yield Group(prefix=(*own, *on_core), limits_memory=limits_memory)


def _by_manager() -> tuple[Sequence[str], Sequence[str], bool]:
    """Return how systemd is asked for both groups: all are its own."""
    manager = ["systemd-run", "--scope", "--quiet", "--collect"]
    manager += [] if os.geteuid() == 0 else ["--user"]
    own, other = (
        [*manager, *(part for limit in limits for part in ("-p", limit))]
        for limits in (
            (f"CPUWeight={OWN_WEIGHT}", f"MemoryMax={MEMORY_BYTES}", "MemorySwapMax=0"),
            (f"CPUWeight={OTHER_WEIGHT}",),
        )
    )
    try:
        subprocess.run([*own, "true"], check=True, capture_output=True, text=True)
    except OSError as error:
        raise NoGroupError(str(error)) from error
    except subprocess.CalledProcessError as error:
        raise NoGroupError(error.stderr.strip() or str(error)) from error
    return own, other, True


@contextmanager
def _by_hand() -> Iterator[tuple[Sequence[str], Sequence[str], bool]]:
    """Make the groups of each controller; yield how they are entered.

    Who is in a group already was put there by somebody, who may count on what is in it:
    that controller is left alone. There is no small machine without the CPU's.
    """
    with ExitStack() as made:
        try:
            found = _free()
            own: dict[str, Path] = {}
            if "cpu" in found:
                around = _make(made, found["cpu"], {"cpu.shares": WEIGHT_V1})
                own["cpu"], other = _both(made, around, FIRST_VERSION["cpu"])
                if "memory" in found:
                    limit = {FIRST_VERSION["memory"]: MEMORY_BYTES}
                    own["memory"] = _make(made, found["memory"], limit)
            elif root := found.get(""):
                (root / "cgroup.subtree_control").write_text("+cpu +memory")
                around = _make(made, root, {"cpu.weight": WEIGHT_V2})
                (around / "cgroup.subtree_control").write_text("+cpu +memory")
                folder, other = _both(made, around, SECOND_VERSION["cpu"])
                (folder / SECOND_VERSION["memory"]).write_text(str(MEMORY_BYTES))
                own = dict.fromkeys(("cpu", "memory"), folder)
            else:
                raise NoGroupError("this process is in a group of somebody's already")
        except OSError as error:
            raise NoGroupError(f"no group can be made here: {error}") from error
        yield _entering({*own.values()}), _entering({other}), "memory" in own


def _entering(folders: Collection[Path]) -> Sequence[str]:
    """Return what a command is prefixed with to run in groups."""
    enter = "".join(f"echo $$ >{one}/cgroup.procs && " for one in sorted(folders))
    return "sh", "-c", f'{enter}exec "$@"', "sh"


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


def _both(made: ExitStack, around: Path, weight: str) -> tuple[Path, Path]:
    """Make the group of the small machine, and that of who takes the rest of its core."""
    own, other = (
        _make(made, around, {weight: each}, name)
        for name, each in (("own", OWN_WEIGHT), ("other", OTHER_WEIGHT))
    )
    return own, other


def _make(
    made: ExitStack, root: Path, limits: Mapping[str, object], name: str = ""
) -> Path:
    """Make a group with its limits, which goes with the stack; those of who was killed go."""
    for left in () if name else root.glob("clip_download_*"):
        if not Path(f"/proc/{left.name.rpartition('_')[2]}").exists():
            for folder in (*left.glob("*/"), left):
                folder.rmdir()
    folder = root / (name or f"clip_download_{os.getpid()}")
    folder.mkdir()
    made.callback(_remove, folder)
    for limit, value in limits.items():
        (folder / limit).write_text(str(value))
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
