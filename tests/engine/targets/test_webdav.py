"""A WebDAV server that somebody else wrote: what goes in comes out, or is told."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
import errno
import hashlib
import os
from pathlib import Path
import sys
from typing import override

from aiohttp import ClientSession
import pytest

from custom_components.clip_download.engine.copies.restore import verify
from custom_components.clip_download.engine.errors import (
    BadAnswerError,
    ClipError,
    RefusedError,
    SignInError,
    UnreachableError,
)
from custom_components.clip_download.engine.library.retention import Pruning
from custom_components.clip_download.engine.targets.base import (
    BytesContent,
    DamagedCopyError,
    FileContent,
    FullError,
    LockedError,
    MissingRightError,
    NoStoreError,
    SourceChangedError,
)
from custom_components.clip_download.engine.targets.webdav import (
    WebDavSettings,
    WebDavTarget,
)
from tests.engine.copies.house import TARGET, house
from tests.stores import PASSWORD, USER, Fault, Proxy, fetched, names, on, wsgidav
from tests.waits import until

LARGE = 3 * 2**20 + 1000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that is served."""
    return tmp_path_factory.mktemp("dav")


@pytest.fixture(scope="module")
def store(folder: Path) -> Iterator[str]:
    """Run a server."""
    with wsgidav(folder) as url:
        yield url


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    """Return a session."""
    async with ClientSession() as session:
        yield session


@pytest.fixture
async def target(proxy: Proxy, session: ClientSession) -> AsyncIterator[WebDavTarget]:
    """Open a folder that is not there yet."""
    target = await open_target(proxy, session)
    yield target
    await target.aclose()


async def open_target(
    proxy: Proxy, session: ClientSession, password: str = PASSWORD, folder: str = "dav"
) -> WebDavTarget:
    """Open a folder of the server."""
    settings = WebDavSettings(
        url=f"{proxy.url}/{folder}/",
        username=USER,
        password=password,
        prefix=f"our clips/{os.urandom(4).hex()}",
    )
    return await WebDavTarget.open(settings, session=session)


async def test_small(target: WebDavTarget) -> None:
    """An object is there under its name until it is deleted."""
    name = "one/Front door/2026-11-22/ünï & +plus 100%25_#1.mp4"
    assert await target.head(name) is None
    assert await names(target) == []
    await target.put(name, BytesContent(b"a clip" * 100))
    await target.put("two/other.mp4", BytesContent(b""))
    await target.put(name, BytesContent(b"b clip" * 100))
    found = await target.head(name)
    assert found is not None
    assert (found.size_bytes, found.tag) == (600, "")
    assert await fetched(target, name) == b"b clip" * 100
    assert await fetched(target, name, 2, 3) == b"cli"
    assert await fetched(target, "two/other.mp4") == b""
    assert await names(target) == [name, "two/other.mp4"]
    assert await names(target, "one/") == [name]
    for _ in range(2):
        await target.delete(name)
    assert await target.head(name) is None
    with pytest.raises(NoStoreError):
        await fetched(target, name)
    assert await target.abort_uploads("", datetime.now(UTC), ()) == 0


async def test_large(target: WebDavTarget, proxy: Proxy, tmp_path: Path) -> None:
    """A file has its name only once all of it is there, and is what is recorded of it."""
    path = tmp_path / "large.mp4"
    path.write_bytes(os.urandom(LARGE))
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    with path.open("r+b", buffering=0) as file:
        proxy.always = on("PUT", Fault(breaks_after=2**20))
        with pytest.raises(UnreachableError):
            await target.put("large", FileContent(file, LARGE, sha256))
        proxy.always = None
        assert await names(target) == []
        await target.put("large", FileContent(file, LARGE, sha256))
        assert await fetched(target, "large") == path.read_bytes()
        file.write(b"changed")
        with pytest.raises(SourceChangedError):
            await target.put("changed", FileContent(file, LARGE, sha256))
    assert await names(target) == ["large"]


FAULTS: list[tuple[str, Fault, type[ClipError]]] = [
    ("PUT", Fault(status=500), BadAnswerError),
    ("PUT", Fault(status=503), BadAnswerError),
    ("PUT", Fault(status=401), SignInError),
    ("PUT", Fault(status=403), MissingRightError),
    ("PUT", Fault(status=507), FullError),
    ("PUT", Fault(breaks_after=100), UnreachableError),
    ("MOVE", Fault(status=502), BadAnswerError),
    ("MOVE", Fault(breaks_after=0), UnreachableError),
    ("PROPFIND", Fault(status=404), DamagedCopyError),
    ("MKCOL", Fault(status=403), MissingRightError),
]


@pytest.mark.parametrize(("method", "fault", "kind"), FAULTS)
async def test_faults(
    target: WebDavTarget, proxy: Proxy, method: str, fault: Fault, kind: type[ClipError]
) -> None:
    """Each fault is told by what is to be done about it, and the next try is good."""
    content = os.urandom(200_000)
    proxy.always = on(method, fault)
    with pytest.raises(kind) as told:
        await target.put("a/b/one", BytesContent(content))
    assert PASSWORD not in str(told.value)
    proxy.always = None
    await target.put("a/b/one", BytesContent(content))
    assert await fetched(target, "a/b/one") == content
    assert await names(target) == ["a/b/one"]


async def test_access(
    target: WebDavTarget, proxy: Proxy, session: ClientSession
) -> None:
    """A sign-in is tried with one object, of which nothing is left."""
    await target.try_access()
    assert await names(target) == []
    denied = Fault(status=403)
    for method, right in (("PUT", "write"), ("GET", "read"), ("DELETE", "delete")):
        proxy.always = on(method, denied)
        with pytest.raises(MissingRightError) as told:
            await target.try_access()
        assert told.value.placeholders == {"right": right}
    proxy.always = on("DELETE", Fault(status=423))
    with pytest.raises(LockedError):
        await target.delete("one")
    proxy.always = None
    other = await open_target(proxy, session, password="wrong")
    with pytest.raises(SignInError):
        await other.try_access()
    other = await open_target(proxy, session, folder="nothing")
    with pytest.raises(NoStoreError):
        await other.try_access()
    for url, kind in (("http://127.0.0.1:9/", UnreachableError), ("x", NoStoreError)):
        settings = WebDavSettings(url=url, username="", password="")
        other = await WebDavTarget.open(settings, session=session)
        with pytest.raises(kind):
            await other.try_access()


async def test_breaks_off(target: WebDavTarget, proxy: Proxy) -> None:
    """An object of which not all comes is not taken for whole."""
    await target.put("one", BytesContent(b"x" * 1000))
    proxy.always = on("GET", Fault(breaks_after=0))
    with pytest.raises(UnreachableError):
        await fetched(target, "one")
    proxy.always = on("PROPFIND", Fault(status=207))
    with pytest.raises(BadAnswerError):
        await names(target)


class Unreadable(BytesContent):
    """What lies on a disk that fails."""

    @override
    def read_at(self, offset: int, size_bytes: int) -> bytes:
        raise OSError(errno.EIO, "Input/output error")


async def test_unreadable(target: WebDavTarget) -> None:
    """A disk that fails at home is not taken for a bad connection; a folder is no object."""
    with pytest.raises(OSError, match="Input/output"):
        await target.put("a/one", Unreadable(b"x" * 1000))
    await target.put("a/one", BytesContent(b"x"))
    assert await target.head("a") is None


async def test_no_package(
    proxy: Proxy, session: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its package there is an error that names it."""
    monkeypatch.setitem(sys.modules, "aiowebdav2.client", None)
    with pytest.raises(RefusedError, match="target_needs_package"):
        await open_target(proxy, session)


async def test_copies(tmp_path: Path, target: WebDavTarget, proxy: Proxy) -> None:
    """Clips are copied to it, and none twice."""
    async with house(tmp_path, target) as home:
        for number in range(3):
            await home.save(f"one{number}", size_bytes=100_000)
        proxy.faults.append(on("MOVE", Fault(breaks_after=0, late=True), "mp4"))
        await home.copy_all()
        assert len(await home.there()) == 9
        assert (await home.store.status(TARGET)).copied == 3
        assert len(proxy.sent("PUT", "mp4")) == 3
        # It keeps no checksum: whether it is the same content, nobody can say.
        ids = [f"one{number}" for number in range(3)]
        found = await verify(home.store, home.place, ids)
        assert (found.ok, found.unknown) == (0, 3)


async def test_clip_of_a_draft_is_deleted(
    tmp_path: Path, target: WebDavTarget, proxy: Proxy, folder: Path
) -> None:
    """What broke off leaves with a clip that is deleted before the next try."""
    async with house(tmp_path, target) as home:
        one = await home.save("one", size_bytes=300_000)
        proxy.always = on("PROPFIND", Fault(status=503), "clip_download_part")
        task = asyncio.create_task(home.copier().run())
        await until(lambda: home.changes)
        task.cancel()
        (draft,) = folder.rglob("one.mp4.clip_download_part")
        assert draft.stat().st_size == 300_000
        proxy.always = None
        await Pruning(home.queries).delete([one], [home.media])
        await home.copy_all()
        assert not list(folder.rglob("one.*"))
