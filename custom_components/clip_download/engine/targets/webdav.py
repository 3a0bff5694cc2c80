"""Copies on a WebDAV server, by way of aiowebdav2.

Such a server verifies no checksum and keeps none: what it holds is compared by size.
"""

from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator
import contextlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self, override
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientSession, ClientTimeout, InvalidURL

from ..aio import join_thread, run_in_thread
from ..errors import (
    BadAnswerError,
    ClipError,
    RefusedError,
    SignInError,
    UnreachableError,
)
from .base import (
    Content,
    DamagedCopyError,
    FullError,
    LockedError,
    MissingRightError,
    NoStoreError,
    Right,
    Stored,
    Target,
)
from .limits import Bandwidth

# Home Assistant's own `webdav` pins the same.
REQUIREMENTS = ("aiowebdav2==0.6.2",)
_CONNECT_S = 15
_ANSWER_S = 60
_READ_BYTES = 2**20
# What is being sent has this ending, and its own name once it is whole.
_DRAFT = ".clip_download_part"


@dataclass(frozen=True, kw_only=True)
class WebDavSettings:
    """Where a server is, and how to sign in; `prefix` is the folder in it that is ours."""

    url: str
    username: str
    password: str
    prefix: str = ""


class WebDavTarget(Target):
    """A folder of a WebDAV server."""

    def __init__(self, client: Any, settings: WebDavSettings, limit: Bandwidth) -> None:
        """Take a client of aiowebdav2, from `open`."""
        self._client = client
        self._prefix = f"{settings.prefix.strip('/')}/".lstrip("/")
        self._base = urlsplit(settings.url).path.strip("/")
        self._limit = limit
        signed = f"{settings.username}:{settings.password}".encode()
        self._headers = {"Authorization": f"Basic {b64encode(signed).decode()}"}
        # Folders that were there when they were last asked for.
        self._folders = set[str]()

    @classmethod
    async def open(
        cls,
        settings: WebDavSettings,
        *,
        session: ClientSession,
        limit: Bandwidth | None = None,
    ) -> Self:
        """Make a client; nothing is asked yet. Raises RefusedError `target_needs_package`."""
        try:
            client = await run_in_thread(_client_class)
        except ImportError as err:
            package = "aiowebdav2"
            raise RefusedError("target_needs_package", package=package) from err
        return cls(client(settings.url, session), settings, limit or Bandwidth())

    @override
    async def aclose(self) -> None:
        """Do nothing: the session is somebody else's."""

    @override
    async def put(
        self,
        name: str,
        content: Content,
        *,
        upload_id: str = "",
        keep_upload_id: Callable[[str], Awaitable[None]] | None = None,
    ) -> None:
        await self._make_folder(name.rpartition("/")[0])
        draft = f"{name}{_DRAFT}"
        sent = _Sent(content, self._limit)
        try:
            await self._ask(
                "upload",
                draft,
                Right.WRITE,
                data=sent,
                headers={"Content-Length": str(content.size_bytes)},
            )
        except NoStoreError:
            # Its folder was removed meanwhile.
            self._folders.clear()
            raise
        except UnreachableError as err:
            if sent.error:
                # The way is good; what was to be sent could not be read.
                raise sent.error from err
            raise
        await run_in_thread(content.check)
        stored = await self.head(draft)
        if stored is None or stored.size_bytes != content.size_bytes:
            raise DamagedCopyError("copy_damaged")
        headers = {"Destination": self._url(name), "Overwrite": "T"}
        await self._ask("move", draft, Right.WRITE, headers=headers)

    async def _make_folder(self, folder: str) -> None:
        """Make a folder, and what is missing on the way to it."""
        path = f"{self._prefix}{folder}".strip("/")
        parts = path.split("/") if path else []
        for depth in range(1, len(parts) + 1):
            one = "/".join(parts[:depth])
            if one in self._folders:
                continue
            try:
                await self._send("mkdir", f"{one}/", Right.WRITE)
            except _ThereAlreadyError:
                pass
            except MissingRightError, BadAnswerError:
                # Some refuse this for what is there; if it is not, the next step fails.
                if depth == len(parts):
                    raise
                continue
            self._folders.add(one)

    @override
    async def head(self, name: str) -> Stored | None:
        try:
            answer = await self._ask("check", name, Right.READ)
        except NoStoreError:
            return None
        found = [one for one in _infos(answer) if one["isdir"] != "True"]
        if not found:
            return None
        return Stored(name=name, size_bytes=_size(found[0]))

    @override
    @contextlib.asynccontextmanager
    async def read(
        self, name: str, offset: int = 0, size_bytes: int | None = None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        headers = dict(self._headers)
        if offset or size_bytes is not None:
            end = "" if size_bytes is None else offset + size_bytes - 1
            headers["Range"] = f"bytes={offset}-{end}"
        with _errors(Right.READ):
            response = await self._client.execute_request(
                "download", f"{self._prefix}{name}", headers_ext=headers
            )
        try:
            skip = offset if response.status != 206 else 0
            yield _pieces(response, skip, size_bytes)
        finally:
            response.close()

    @override
    async def list(self, below: str = "") -> AsyncIterator[Stored]:
        folders = [below.rpartition("/")[0]]
        while folders:
            folder = folders.pop()
            path = f"{folder}/" if folder else ""
            try:
                answer = await self._ask("list", path, Right.LIST)
            except NoStoreError:
                continue
            infos = _infos(answer)
            if not infos:
                # The folder itself is always among them.
                raise BadAnswerError("target_failed", reason="PROPFIND")
            for info in infos:
                name = self._name(info["path"])
                # Nothing outside of the folder that was asked for is believed.
                if name == folder or "/" in name.removeprefix(path):
                    continue
                if not name.startswith(path):
                    continue
                if info["isdir"] == "True":
                    folders.append(name)
                elif not name.endswith(_DRAFT) and name.startswith(below):
                    yield Stored(name=name, size_bytes=_size(info))

    def _name(self, path: str) -> str:
        """Return the name of what the server tells by its whole path."""
        path = path.strip("/")
        for before in (self._base, self._prefix.rstrip("/")):
            if before and f"{path}/".startswith(f"{before}/"):
                path = path[len(before) :].strip("/")
        return path

    @override
    async def delete(self, name: str) -> None:
        try:
            for one in (name, f"{name}{_DRAFT}"):
                await self.discard(one)
        except (MissingRightError, _HeldError) as err:
            raise LockedError("target_locked") from err

    @override
    async def discard(self, name: str) -> None:
        with contextlib.suppress(NoStoreError):
            await self._ask("clean", name, Right.DELETE)

    @override
    async def abort_uploads(
        self, below: str, before: datetime, keep: Collection[str]
    ) -> int:
        # What broke off is written over by the next try, or goes with its object.
        return 0

    def _url(self, name: str) -> str:
        return str(self._client.get_url(f"{self._prefix}{name}"))

    async def _ask(
        self, action: str, name: str, right: Right, **arguments: Any
    ) -> bytes:
        return await self._send(action, f"{self._prefix}{name}", right, **arguments)

    async def _send(
        self,
        action: str,
        path: str,
        right: Right,
        *,
        data: Any = None,
        headers: dict[str, str] | None = None,
    ) -> bytes:
        """Send a request, and return the body of its answer."""
        with _errors(right):
            response = await self._client.execute_request(
                action,
                path,
                data=data,
                headers_ext={**self._headers, **(headers or {})},
            )
            async with response:
                content: bytes = await response.read()
            return content


class _ThereAlreadyError(BadAnswerError):
    """A folder that was to be made is there."""


class _HeldError(BadAnswerError):
    """Somebody holds an object by a lock."""


class _Sent:
    """A content on its way, read in threads as the line takes it; it may be sent again."""

    def __init__(self, content: Content, limit: Bandwidth) -> None:
        self._content = content
        self._limit = limit
        self.error: OSError | None = None

    async def __aiter__(self) -> AsyncIterator[memoryview]:
        for offset in range(0, self._content.size_bytes, _READ_BYTES):
            try:
                piece = await join_thread(
                    run_in_thread(self._content.read_at, offset, _READ_BYTES)
                )
            except OSError as err:
                self.error = err
                raise
            async for one in self._limit.pieces(memoryview(piece)):
                yield one


async def _pieces(
    response: Any, skip: int, size_bytes: int | None
) -> AsyncIterator[bytes]:
    """Yield the body of an answer, without what was not asked for."""
    length = response.headers.get("Content-Length")
    left = size_bytes
    got = 0
    while left is None or left > 0:
        with _errors(Right.READ):
            piece = await response.content.read(_READ_BYTES)
        if not piece:
            break
        got += len(piece)
        if skip:
            skipped = min(skip, len(piece))
            piece, skip = piece[skipped:], skip - skipped
        if left is not None:
            piece = piece[:left]
            left -= len(piece)
        if piece:
            yield piece
    if (left is None and length and got < int(length)) or (left and not length):
        raise UnreachableError("target_unreachable", reason="IncompleteBody")


def _infos(content: bytes) -> list[dict[str, str]]:
    from aiowebdav2.parser import WebDavXmlUtils  # noqa: PLC0415

    try:
        return WebDavXmlUtils.parse_get_list_info_response(content)
    except ValueError as err:
        raise BadAnswerError("target_failed", reason="PROPFIND") from err


def _size(info: dict[str, str]) -> int:
    try:
        return int(info["size"])
    except (KeyError, TypeError, ValueError) as err:
        raise BadAnswerError("target_failed", reason="PROPFIND") from err


@contextlib.contextmanager
def _errors(right: Right) -> Iterator[None]:
    """Raise what the server or the way to it says as an error of ours."""
    from aiowebdav2.exceptions import WebDavError  # noqa: PLC0415

    try:
        yield
    except WebDavError as err:
        raise _error(err, right) from err
    except InvalidURL as err:
        raise NoStoreError("target_no_store") from err
    except (ClientError, TimeoutError, OSError) as err:
        raise UnreachableError("target_unreachable", reason=type(err).__name__) from err


def _error(err: Exception, right: Right) -> ClipError:
    from aiowebdav2 import exceptions as theirs  # noqa: PLC0415

    match err:
        case theirs.UnauthorizedError():
            return SignInError("target_sign_in")
        case theirs.AccessDeniedError():
            return MissingRightError("target_no_right", right=right)
        case theirs.NotFoundError() | theirs.ConflictError():
            return NoStoreError("target_no_store")
        case theirs.NotEnoughSpaceError():
            return FullError("target_full")
        case theirs.ResourceLockedError():
            return _HeldError("target_failed", reason="423")
        case theirs.MethodNotSupportedError():
            return _ThereAlreadyError("target_failed", reason="405")
        case theirs.ResponseErrorCodeError():
            return BadAnswerError("target_failed", reason=str(err.code))
    return UnreachableError("target_unreachable", reason=type(err).__name__)


def _client_class() -> Callable[..., Any]:
    """Import the package in a thread, and return what makes a client."""
    from aiowebdav2.client import Client, ClientOptions  # noqa: PLC0415
    import aiowebdav2.parser  # noqa: F401, PLC0415

    def make(url: str, session: ClientSession) -> Client:
        timeout = ClientTimeout(
            total=None, sock_connect=_CONNECT_S, sock_read=_ANSWER_S
        )
        options = ClientOptions(session=session, timeout=timeout)
        # Its own way to sign in is deprecated in aiohttp.
        return Client(url, "", "", options=options)

    return make
