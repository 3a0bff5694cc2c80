"""A store outside of the house, which somebody else wrote: clips are copied there and come back."""

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping
import contextlib
import hashlib
import json
from pathlib import Path
import shutil
import threading
from typing import Any, Self

from cheroot import wsgi
from wsgidav.wsgidav_app import WsgiDAVApp

from .home import Home, HomeError

# Home Assistant finds it under this name, so that its entities are called the same each time.
HOST = "offsite.example"
USER, PASSWORD = "demo", "far away 7319"
STATE = "sensor.webdav_offsite_example_copying"
COPIED = "sensor.webdav_offsite_example_copied_clips"
LEFT = "sensor.webdav_offsite_example_clips_to_copy"
COPIED_WITHIN_S = 150
# What a copy consists of.
ENDINGS = (".mp4", ".jpg", ".json")


def config(folder: Path, user: str, password: str, share: str = "/") -> dict[str, Any]:
    """Return how wsgidav is told to serve a folder to one user, quietly."""
    return {
        "provider_mapping": {share: str(folder)},
        "simple_dc": {"user_mapping": {"*": {user: {"password": password}}}},
        "http_authenticator": {
            "accept_basic": True,
            "accept_digest": False,
            "default_to_digest": False,
        },
        "logging": {"enable": False},
        "verbose": 0,
    }


class Store:
    """A WebDAV server with an empty folder, in a thread: it ends when we do."""

    def __init__(self, folder: Path) -> None:
        """Listen on a free port of loopback; `folder` is made anew.

        `heard` is called in a thread with the method and path of each request.
        """
        self.folder = folder
        self.heard: Callable[[str, str], object] = lambda method, path: None
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        app = WsgiDAVApp(config(folder, USER, PASSWORD))

        def listen(environ: dict[str, Any], start_response: Any) -> Any:
            self.heard(environ["REQUEST_METHOD"], environ["PATH_INFO"])
            return app(environ, start_response)

        self._server = wsgi.Server(("127.0.0.1", 0), listen)
        self._server.prepare()
        self.port: int = self._server.bind_addr[1]

    async def __aenter__(self) -> Self:
        """Serve."""
        threading.Thread(target=self._server.serve, daemon=True).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Serve no longer."""
        await asyncio.to_thread(self._server.stop)

    @property
    def url(self) -> str:
        """Where a browser shows what lies there."""
        return f"http://127.0.0.1:{self.port}/"

    def files(self) -> dict[str, Path]:
        """Return what lies there, by its name below the folder of who made it. Blocks."""
        return {
            str(Path(*path.relative_to(self.folder).parts[1:])): path
            for path in self.folder.rglob("*")
            if path.is_file()
        }


async def add(home: Home) -> str:
    """Set the store up as a place for copies, as a person does; return its entry's id."""
    form = {"url": f"http://{HOST}/", "username": USER, "password": PASSWORD}
    return await home.add_account("webdav", form)


async def check(
    home: Home, store: Store, entry_id: str, clips: Collection[Path]
) -> list[str]:
    """Wait for the copies, lose a clip, bring it back; return what is wrong with that."""
    print("\nwaiting for the copies ...")
    faults: list[str] = []
    if not await _until_copied(home, len(clips)):
        faults.append(f"not all is copied after {COPIED_WITHIN_S} s")
    faults += await asyncio.to_thread(
        lambda: list(copy_faults(store.files(), home.media, clips))
    )
    lost = min(clips)
    before = await asyncio.to_thread(_sha256, lost)
    lost.unlink()
    told = await home.act("restore_clips", {"config_entry_id": entry_id})
    back = [Path(path) for path in told["restored"]]
    if (back, told["present"], told["failed"]) != ([lost], len(clips) - 1, []):
        faults.append(f"not just {lost} was brought back: {told}")
    elif await asyncio.to_thread(_sha256, lost) != before:
        faults.append(f"{lost} is not what it was before it was lost")
    print(f"off-site: {len(clips)} clips copied; one was lost, and is back as it was")
    print(f"  file     {lost}")
    return [f"off-site: {fault}" for fault in faults]


async def _until_copied(home: Home, count: int) -> bool:
    """Wait until the sensors tell of so many copies; return whether they do."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(COPIED_WITHIN_S):
            while await _states(home) != (str(count), "0"):
                await asyncio.sleep(0.5)
            return True
    return False


async def _states(home: Home) -> tuple[str, str]:
    """Return how many clips are copied, and how many wait."""
    try:
        copied, left = [
            json.loads(await home.get(f"/api/states/{entity_id}"))["state"]
            for entity_id in (COPIED, LEFT)
        ]
    except HomeError:
        return "", ""
    return copied, left


def copy_faults(
    stored: Mapping[str, Path], media: Path, clips: Collection[Path]
) -> Iterator[str]:
    """Compare what lies in the store with the clips at home."""
    wanted = {
        str(path.relative_to(media).with_suffix(ending)): path.with_suffix(ending)
        for path in clips
        for ending in ENDINGS
    }
    for name in sorted(wanted.keys() - stored.keys()):
        yield f"{name} has no copy"
    for name in sorted(stored.keys() - wanted.keys()):
        yield f"nobody asked for a copy of {name}"
    for name in sorted(stored.keys() & wanted.keys()):
        if _sha256(stored[name]) != _sha256(wanted[name]):
            yield f"the copy of {name} differs"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
