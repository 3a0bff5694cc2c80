"""Home Assistant as `tests.demo.launch` starts it, telling of its steps, and killed at one.

Run as a script. It tells on one pipe what becomes durable on its disk and to which steps
its jobs have come; orders to die at a step come on its standard input, whose end stops it
as it does in the demonstration. Nothing of the integration is changed: what it asks of the
operating system and of SQLite is listened to.
"""

from collections.abc import Callable, Mapping
import contextlib
import importlib.util
import itertools
import json
import os
from pathlib import Path
import shutil
import signal
import sqlite3
import struct
import sys
import tempfile
import threading
import time
from typing import Any, Literal, override

# They look at the functions of `os` when they are loaded, before those are listened to.
_LOADED_BEFORE = (shutil, tempfile)
DEMO = Path(__file__).parents[1] / "demo" / "launch.py"

# Where a job has come to, by its row in the database -> the step.
STATES = {
    "waiting": "wait",
    "fetching": "fetch",
    "finishing": "finish",
    "saved": "record",
}
# By the ending of a final name, what it means to be given it -> the step.
NAMED = {".mp4": "publish", ".json": "record", ".jpg": "record", ".zip": "export"}


class Teller:
    """Writes what happened to a pipe, and dies where it was told to."""

    def __init__(self, pipe: int, media: Path, shadow: Path) -> None:
        """Take the pipe, the media folder, and one for files that lost their name."""
        self._pipe = pipe
        self._media = f"{media}/"
        self._shadow = shadow
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._aim: dict[str, Any] | None = None

    def tell(self, what: str, **more: Any) -> None:
        """Write a line; once this returns, a kill does not take it back."""
        os.write(self._pipe, (json.dumps({"what": what, **more}) + "\n").encode())

    def obey(self, order: dict[str, Any]) -> None:
        """Take the order to die at the nth time that a step is come to."""
        with self._lock:
            self._aim = order

    def step(self, name: str, **more: Any) -> None:
        """Tell of a step that is come to, and die if it is the one."""
        self.tell("step", name=name, at=time.time(), **more)
        with self._lock:
            aim = self._aim
            if aim is None or aim["step"] != name:
                return
            aim["nth"] -= 1
            if aim["nth"] > 0:
                return
            self._aim = None
        if aim["delay_s"] <= 0:
            _die()
        timer = threading.Timer(aim["delay_s"], _die)
        timer.daemon = True
        timer.start()

    def is_ours(self, path: str) -> bool:
        """Return whether a path is one that a power cut is played on."""
        return path.startswith(self._media)

    def is_final(self, path: str) -> bool:
        """Return whether a path is that of a clip, or lies beside one for good."""
        return self.is_ours(path) and not any(
            name.startswith(".") for name in path[len(self._media) :].split("/")
        )

    def put_by(self, path: str) -> str | None:
        """Keep what is about to lose its name to another file."""
        shadow = self._shadow / f"{os.getpid()}_{next(self._numbers)}"
        try:
            _link(path, shadow, follow_symlinks=False)
        except OSError:
            return None
        return str(shadow)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


_link = os.link


def _where(path: Any, dir_fd: int | None) -> str:
    """Return the absolute path of what a call of `os` is about."""
    name = os.fsdecode(path) if not isinstance(path, int) else ""
    if dir_fd is not None and not os.path.isabs(name):
        name = f"{os.readlink(f'/proc/self/fd/{dir_fd}')}/{name}"
    return os.path.abspath(name)


def listen_to_os(teller: Teller) -> None:
    """Tell of what is made durable, of names that are given, and of clips that go."""

    def sync(call: Callable[..., None]) -> Callable[..., None]:
        def synced(file: Any) -> None:
            descriptor = file if isinstance(file, int) else file.fileno()
            about = os.fstat(descriptor)
            call(descriptor)
            path = os.readlink(f"/proc/self/fd/{descriptor}")
            teller.tell(
                "sync",
                path=path,
                ino=about.st_ino,
                size=about.st_size,
                modified_ns=about.st_mtime_ns,
            )

        return synced

    def give(call: Callable[..., None], what: str) -> Callable[..., None]:
        def given(
            src: Any,
            dst: Any,
            *,
            src_dir_fd: int | None = None,
            dst_dir_fd: int | None = None,
            **more: Any,
        ) -> None:
            new = _where(dst, dst_dir_fd)
            if not teller.is_ours(new):
                call(src, dst, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd, **more)
                return
            step = NAMED.get(os.path.splitext(new)[1])
            is_final = teller.is_final(new) and step is not None
            if is_final and step:
                teller.step(f"{step}:before")
            old = _where(src, src_dir_fd)
            replaced = teller.put_by(new) if what == "rename" else None
            call(src, dst, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd, **more)
            with contextlib.suppress(OSError):
                ino = os.stat(new, follow_symlinks=False).st_ino
                teller.tell(what, old=old, new=new, ino=ino, replaced=replaced)
            if is_final and step:
                teller.step(step)

        return given

    def take(call: Callable[..., None]) -> Callable[..., None]:
        def taken(path: Any, *, dir_fd: int | None = None) -> None:
            name = _where(path, dir_fd)
            is_clip = teller.is_final(name) and name.endswith(tuple(NAMED))
            if is_clip:
                teller.step("prune:before")
            call(path, dir_fd=dir_fd)
            if is_clip:
                teller.step("prune")

        return taken

    # Renames and replacings are the same on every system that this runs on.
    changes: dict[str, Callable[..., Any]] = {
        "fsync": sync(os.fsync),
        "fdatasync": sync(os.fdatasync),
        "link": give(os.link, "link"),
        "rename": give(os.rename, "rename"),
        "replace": give(os.replace, "rename"),
        "unlink": take(os.unlink),
        "remove": take(os.remove),
    }
    for name, changed in changes.items():
        for supported in (os.supports_dir_fd, os.supports_follow_symlinks):
            if getattr(os, name) in supported:
                supported.add(changed)
        setattr(os, name, changed)


class WalReader:
    """Says how much there is in a database's log. It is never closed.

    To close any descriptor of these files would take SQLite's locks away.
    """

    def __init__(self, path: str) -> None:
        """Take the database's path."""
        self._path = f"{path}-shm"
        self._descriptor = -1

    def read(self) -> tuple[str, int] | None:
        """Return the log's salt and how many frames are written; None if there is none."""
        try:
            ino = os.stat(self._path).st_ino
            if self._descriptor < 0 or os.fstat(self._descriptor).st_ino != ino:
                self._descriptor = os.open(self._path, os.O_RDONLY)
        except FileNotFoundError:
            return None
        head = os.pread(self._descriptor, 48, 0)
        if len(head) < 48:
            return None
        (frames,) = struct.unpack_from("=I", head, 16)
        return head[32:40].hex(), frames


def listen_to_sqlite(teller: Teller, database: Path) -> None:
    """Tell of the states of jobs, and of how much of the log is surely on the disk."""
    reader = WalReader(str(database))

    class Told(sqlite3.Connection):
        """A connection whose jobs and commits are told of."""

        step: tuple[str, str] | None = None

        @override
        def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
            cursor = super().execute(sql, parameters)
            if (
                sql.startswith(("UPDATE jobs", "INSERT INTO jobs"))
                and isinstance(parameters, Mapping)
                and "state" in parameters
            ):
                self.step = (str(parameters["state"]), str(parameters["id"]))
            return cursor

        @override
        def __exit__(self, *err: object) -> Literal[False]:
            before, self.step = self.step, None
            state, job_id = before or ("", "")
            if state == "saved":
                teller.step("record:before", job=job_id)
            answer = super().__exit__(*err)  # type: ignore[arg-type]
            # FULL: what was committed is on the disk when the commit returns.
            (level,) = super().execute("PRAGMA synchronous").fetchone()
            if level >= 2 and (found := reader.read()):
                teller.tell("wal", salt=found[0], frames=found[1])
            if state:
                teller.tell("job", id=job_id, state=state, at=time.time())
            if step := STATES.get(state):
                teller.step(step, job=job_id)
            return answer

    connect = sqlite3.connect

    def connected(path: Any, *arguments: Any, **more: Any) -> sqlite3.Connection:
        if os.fspath(path) == str(database):
            more["factory"] = Told
        connection: sqlite3.Connection = connect(path, *arguments, **more)
        return connection

    sqlite3.connect = connected  # type: ignore[assignment]


def take_orders(teller: Teller) -> None:
    """Do what is told on standard input; stop when whoever started us is gone."""
    for line in sys.stdin:
        teller.obey(json.loads(line))
    os.kill(os.getpid(), signal.SIGTERM)


def load_demo() -> Any:
    """Return the demonstration's launcher, without the checkout on the path."""
    spec = importlib.util.spec_from_file_location("clip_download_launch", DEMO)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    told = json.loads(os.environ["CLIP_DOWNLOAD_SOAK"])
    voice = Teller(told["pipe"], Path(told["media"]), Path(told["shadow"]))
    if told["aim"]:
        voice.obey(told["aim"])
    voice.step("start")
    listen_to_os(voice)
    listen_to_sqlite(voice, Path(told["database"]))
    # Only now, so that nobody has a function of `os` that is not listened to.
    demo = load_demo()
    demo.resolve_on_loopback(json.loads(os.environ["CLIP_DOWNLOAD_DEMO_PORTS"]))
    threading.Thread(target=take_orders, args=[voice], daemon=True).start()
    sys.exit(demo.main())
