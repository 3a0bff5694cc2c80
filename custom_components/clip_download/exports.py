"""ZIPs of clips that somebody downloads: made for them, and removed after a day."""

from collections.abc import Collection, Iterator
import contextlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
import re
import secrets
from typing import Final

from aiohttp import web

from homeassistant.components.http.const import KEY_HASS_USER
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.http import KEY_HASS, HomeAssistantView
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN
from .downloads import async_send, not_found
from .engine.aio import run_in_thread
from .engine.folder import Folder
from .engine.library import files
from .engine.library.export import SUFFIX, Exported
from .entity import camera_entity_id
from .links import LINK_LIFE
from .paths import media_folder, media_folders
from .permissions import may_control

URL: Final = f"/api/{DOMAIN}/export/"
ZIP: Final = "application/zip"
# Hidden: what is in it is for one person, and goes by itself.
FOLDER: Final = f"{files.HIDDEN}exports"
_OURS: Final = re.compile(rf"[0-9a-f]{{32}}{re.escape(SUFFIX)}")


@dataclass(frozen=True, kw_only=True)
class Export:
    """A finished ZIP: whose it is, and the cameras whose clips are in it."""

    id: str
    name: str
    made: Exported
    user_id: str
    cameras: Collection[tuple[str, str]]


class Exports:
    """The ZIPs that can be downloaded. A restart ends their links, so they go then."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Know of none yet."""
        self._hass = hass
        self._known: dict[str, Export] = {}
        # Of those that are made, too.
        self._names: set[str] = set()

    @contextlib.contextmanager
    def making(self) -> Iterator[tuple[str, Path]]:
        """Yield an id for an export, and where it goes, without ending.

        Raises InvalidRequestError if there is no media folder.
        """
        export_id = secrets.token_hex(16)
        target = media_folder(self._hass, None) / FOLDER / export_id
        self._names.add(f"{export_id}{SUFFIX}")
        try:
            yield export_id, target
        finally:
            if export_id not in self._known:
                self._names.discard(f"{export_id}{SUFFIX}")

    @callback
    def async_add(
        self,
        export_id: str,
        made: Exported,
        *,
        user_id: str,
        cameras: Collection[tuple[str, str]],
    ) -> Export:
        """Let an export be downloaded, for as long as its link works."""
        name = f"clips_{dt_util.now():%Y-%m-%d_%H-%M-%S}{SUFFIX}"
        export = Export(
            id=export_id, name=name, made=made, user_id=user_id, cameras=cameras
        )
        self._known[export.id] = export

        async def remove(now: datetime) -> None:
            self._known.pop(export.id, None)
            self._names.discard(f"{export.id}{SUFFIX}")
            await self.async_clear()

        async_call_later(self._hass, LINK_LIFE, remove)
        return export

    @callback
    def async_get(self, export_id: str) -> Export | None:
        """Return an export that can be downloaded."""
        return self._known.get(export_id)

    async def async_clear(self) -> None:
        """Remove all ZIPs that nobody can download any more."""
        await run_in_thread(_clear, media_folders(self._hass), self._names)


DATA_EXPORTS: HassKey[Exports] = HassKey(f"{DOMAIN}.exports")


@callback
def async_setup_exports(hass: HomeAssistant) -> None:
    """Serve exports, and remove those of before the start."""
    exports = hass.data[DATA_EXPORTS] = Exports(hass)
    hass.async_create_background_task(exports.async_clear(), "remove old exports")
    hass.http.register_view(ExportView())


class ExportView(HomeAssistantView):
    """A ZIP, for the person that it was made for."""

    url = f"{URL}{{export_id}}"
    name = f"api:{DOMAIN}:export"

    async def get(self, request: web.Request, export_id: str) -> web.StreamResponse:
        """Send the ZIP, or the range of it that is asked for."""
        hass, user = request.app[KEY_HASS], request[KEY_HASS_USER]
        export = hass.data[DATA_EXPORTS].async_get(export_id)
        if (
            export is None
            or export.user_id != user.id
            or not all(
                may_control(user, camera_entity_id(hass, *camera))
                for camera in export.cameras
            )
        ):
            return not_found()
        return await async_send(
            request,
            export.made.path,
            export.made.size_bytes,
            name=export.name,
            content_type=ZIP,
            is_download=True,
            etag=f'"{export.made.sha256}"',
        )

    async def head(self, request: web.Request, export_id: str) -> web.StreamResponse:
        """Tell what `get` would send."""
        return await self.get(request, export_id)


def _clear(roots: Collection[Path], known: Collection[str]) -> None:
    """Remove the ZIPs that are not known. Blocks."""
    for root in roots:
        with contextlib.suppress(OSError):
            folder = Folder.open(root, [FOLDER])
            for name in folder.names():
                if _OURS.fullmatch(name) and name not in known:
                    (folder / name).unlink(missing_ok=True)
            Folder.open(root).remove_empty(FOLDER)
