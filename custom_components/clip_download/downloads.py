"""Sends clips over HTTP, as files to keep: to whoever may control their camera."""

from collections.abc import Callable
import contextlib
from http import HTTPStatus
from io import FileIO
import os
from pathlib import Path
import threading
from typing import Final
from urllib.parse import quote

from aiohttp import hdrs, web

from homeassistant.auth.models import User
from homeassistant.components.http.const import KEY_HASS_USER
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryError
from homeassistant.helpers.http import KEY_HASS, HomeAssistantView

from .const import DOMAIN
from .engine.aio import join_thread
from .engine.errors import ClipError
from .engine.library import files
from .engine.library.queries import ClipQueries
from .engine.model import Clip
from .engine.storage import close_on_storage, on, run_on_storage
from .entity import camera_entity_id
from .paths import media_folders
from .permissions import may_control
from .runtime import async_shared

VIDEO: Final = "video/mp4"
CLIP_URL: Final = f"/api/{DOMAIN}/clip/"
PIECE_BYTES: Final = 2**18
# Nobody else is to keep it, guess what it is, or run what may be in it.
HEADERS: Final = {
    hdrs.CACHE_CONTROL: "private, no-store",
    "Content-Security-Policy": "default-src 'none'; media-src 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}


@callback
def async_setup_downloads(hass: HomeAssistant) -> None:
    """Serve clips."""
    hass.http.register_view(ClipView())


def download_path(clip_id: str) -> str:
    """Return where a clip can be downloaded, by whoever may."""
    return f"{CLIP_URL}{clip_id}"


class ClipView(HomeAssistantView):
    """A clip, as a file that is called as it is on the disk."""

    url = f"{CLIP_URL}{{clip_id}}"
    name = f"api:{DOMAIN}:clip"

    async def get(self, request: web.Request, clip_id: str) -> web.StreamResponse:
        """Send the clip, or the range of it that is asked for."""
        hass = request.app[KEY_HASS]
        user: User = request[KEY_HASS_USER]
        try:
            library = (await async_shared(hass)).library
            clip = await ClipQueries(library).clip(clip_id)
        except ClipError, ConfigEntryError:
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE)
        if clip is None or not may_control(
            user, camera_entity_id(hass, clip.account_id, clip.camera_id)
        ):
            return not_found()
        return await async_send_clip(request, clip)

    async def head(self, request: web.Request, clip_id: str) -> web.StreamResponse:
        """Tell what `get` would send."""
        return await self.get(request, clip_id)


def not_found() -> web.Response:
    """Return the one answer to all that is not there, or not for who asks."""
    return web.Response(status=HTTPStatus.NOT_FOUND, headers=HEADERS)


async def async_send_clip(
    request: web.Request,
    clip: Clip,
    *,
    is_as_shared: Callable[[FileIO], bool] | None = None,
) -> web.StreamResponse:
    """Send a clip's file, unless it is another one by now.

    What is shared is for strangers: to look at, and only if it `is_as_shared`, which
    blocks and may raise OSError. All else is to be kept.
    """

    def is_same(opened: FileIO) -> bool:
        if os.fstat(opened.fileno()).st_size != clip.size_bytes:
            return False
        return is_as_shared is None or is_as_shared(opened)

    return await async_send(
        request,
        clip.path,
        clip.size_bytes,
        name=clip.path.name,
        content_type=VIDEO,
        is_download=is_as_shared is None,
        etag=f'"{clip.sha256}"',
        is_same=is_same,
    )


async def async_send(
    request: web.Request,
    path: Path,
    size_bytes: int,
    *,
    name: str,
    content_type: str,
    is_download: bool,
    etag: str,
    is_same: Callable[[FileIO], bool] = lambda opened: True,
) -> web.StreamResponse:
    """Send a file of a media folder, or the range of it that is asked for.

    What cannot be opened, or not `is_same`, is not found. Where the storage does not
    answer soon, that is said, or the connection ends.
    """
    hass = request.app[KEY_HASS]
    roots = media_folders(hass)
    storage = await (await async_shared(hass)).executors.storage_of(path, roots)
    given_up = threading.Event()

    def open_file() -> FileIO | None:
        try:
            opened = files.found(path, roots).open()
        except OSError, ValueError:
            return None
        if given_up.is_set():
            opened.close()
        return opened

    def check(opened: FileIO) -> bool:
        try:
            return is_same(opened)
        except OSError, ValueError:
            return False

    try:
        opened = await storage.ask(open_file)
    except OSError:
        given_up.set()
        return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE, headers=HEADERS)
    if opened is None:
        return not_found()
    headers = {
        **HEADERS,
        hdrs.ACCEPT_RANGES: "bytes",
        hdrs.CONTENT_DISPOSITION: disposition(name, is_download=is_download),
        hdrs.ETAG: etag,
    }
    with on(storage):
        try:
            if not await join_thread(run_on_storage(check, opened)):
                return not_found()
            return await _async_send_range(
                request, opened, size_bytes, headers, content_type
            )
        finally:
            # Where the storage hangs, it is closed later.
            with contextlib.suppress(OSError):
                await join_thread(close_on_storage(opened.close))


async def _async_send_range(
    request: web.Request,
    opened: FileIO,
    size_bytes: int,
    headers: dict[str, str],
    content_type: str,
) -> web.StreamResponse:
    """Send an open file, or the range of it that is asked for."""
    try:
        part = asked_range(request, size_bytes, headers[hdrs.ETAG])
    except ValueError:
        headers[hdrs.CONTENT_RANGE] = f"bytes */{size_bytes}"
        return web.Response(
            status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers=headers
        )
    start, end = part or (0, size_bytes)
    if part:
        headers[hdrs.CONTENT_RANGE] = f"bytes {start}-{end - 1}/{size_bytes}"
    response = web.StreamResponse(
        status=HTTPStatus.PARTIAL_CONTENT if part else HTTPStatus.OK, headers=headers
    )
    response.content_type = content_type
    response.content_length = end - start
    await response.prepare(request)
    if request.method == hdrs.METH_HEAD:
        return response
    descriptor = opened.fileno()
    while start < end:
        # To its end, even if who asks goes away: the file is closed after it.
        try:
            piece = await join_thread(
                run_on_storage(
                    os.pread, descriptor, min(PIECE_BYTES, end - start), start
                )
            )
        except OSError:
            piece = b""
        if not piece:
            # It was cut meanwhile: the connection ends before what was promised.
            request.protocol.force_close()
            break
        await response.write(piece)
        start += len(piece)
    return response


def asked_range(
    request: web.Request, size_bytes: int, etag: str
) -> tuple[int, int] | None:
    """Return where the range that is asked for begins and ends, None for the whole file.

    Raises ValueError for a range that there is not.
    """
    if hdrs.RANGE not in request.headers:
        return None
    # Only of the file as who asks knows it.
    if request.headers.get(hdrs.IF_RANGE, etag) != etag:
        return None
    asked = request.http_range
    start, end = asked.start or 0, asked.stop
    if start < 0:
        start = max(size_bytes + start, 0)
    end = size_bytes if end is None else min(end, size_bytes)
    if start >= end:
        raise ValueError("no such range")
    return start, end


def disposition(name: str, *, is_download: bool) -> str:
    """Return the header that names a file for a browser, by RFC 6266."""
    plain = "".join(
        char if char.isascii() and char.isprintable() and char not in '"\\%' else "_"
        for char in name
    )
    kind = "attachment" if is_download else "inline"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
