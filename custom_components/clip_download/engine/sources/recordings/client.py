"""A folder of recordings: MP4 files named by time, as cameras upload them."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import FileIO
import os
from pathlib import Path
from typing import override

from ...aio import join_thread, run_in_thread
from ...errors import (
    CameraUnknownError,
    InvalidRequestError,
    NoFootageError,
    NotReadyError,
    RefusedError,
    UnreachableError,
    reason_of,
)
from ...model import Camera, Event, EventKind, Identity, MediaOptions, Part, Plan
from ...time_range import Window
from .. import sanitize
from ..base import Download, Source
from .catalog import ITSELF, LONGEST_FILE, Catalog, Found, name_of, path_of
from .names import Names

CHUNK_BYTES = 2**20
# When to look again for what is not there, or not whole.
AGAIN_S = 10.0
# A file comes once it is full, and a little later: so long after a window's end one may
# still come, if it is as long as the longest one lately, or if there is none to tell.
LEAST_LATE = timedelta(minutes=3)
UPLOAD_TIME = timedelta(minutes=1)
LATE_WITHOUT_ANY = timedelta(minutes=6)
MOST_LATE = timedelta(minutes=20)
# Less than this at a window's end is no reason to wait.
_EDGE = timedelta(seconds=1)
_LONGEST_SAMPLE = 60


@dataclass(frozen=True, kw_only=True)
class FilePart(Part):
    """A recording: `file_id` is its path below the camera's folder, as `path_of` reads."""

    file_id: str


class RecordingsSource(Source[Camera, FilePart]):
    """All cameras whose recordings lie below one folder.

    Credentials: `account_id`; `folder`, its real path; `time_zone`, whose time the names
    show; and `pattern`, of names that have none of the usual forms.
    """

    kind = "recordings"
    manufacturer = "Folder of recordings"
    event_kinds = (EventKind.MOTION,)
    keeps_recordings = True
    # One is read while the other is looked into.
    parts_at_once = 2

    @override
    def prepare(self) -> None:
        """Make what remembers what lies in the folder."""
        self._root = Path(self.credentials["folder"])
        time_zone = self.credentials["time_zone"]
        names = Names(time_zone, self.credentials.get("pattern", ""))
        self._catalog = Catalog(self._root, names, time_zone)

    @override
    async def identify(self) -> Identity:
        await self.cameras()
        strangers = await self._read(self._catalog.strangers)
        if strangers:
            names = [sanitize.text(_shown(name), _LONGEST_SAMPLE) for name in strangers]
            raise InvalidRequestError(
                "names_without_time", folder=str(self._root), names=", ".join(names)
            )
        return Identity(id=self.credentials["account_id"], title=f"Folder {self._name}")

    @property
    def _name(self) -> str:
        return sanitize.name(_shown(self._root.name), self.manufacturer)

    @override
    async def cameras(self) -> list[Camera]:
        """List the cameras. An empty folder is one whose share is not mounted, mostly."""
        camera_ids = await self._read(self._catalog.cameras)
        if not camera_ids:
            raise UnreachableError("folder_empty", path=str(self._root))
        return [
            Camera(
                id=camera_id,
                name=sanitize.name(_shown(name_of(camera_id, self._root)), camera_id),
            )
            for camera_id in camera_ids
        ]

    @override
    async def plan(
        self,
        camera: Camera,
        window: Window,
        media_options: MediaOptions,
        events: Sequence[Event] = (),
    ) -> Plan[FilePart]:
        if events:
            window = Window(
                min(event.window.start for event in events),
                max(event.window.start for event in events) + _EDGE,
            )
        found = await self._find(camera, window)
        wanted = found.recordings
        if events:
            ids = {event.id for event in events}
            wanted = [one for one in wanted if one.id in ids]
            may_grow = False
        else:
            may_grow = _may_grow(window, found)
        may_grow = may_grow or not all(one.is_ready for one in wanted)
        return Plan(
            parts=[
                FilePart(window=one.window, event_ids=(one.id,), file_id=one.id)
                for one in wanted
                if one.is_ready
            ],
            again_after_s=AGAIN_S if may_grow else None,
            trouble=None if found.is_whole else RefusedError("list_not_whole"),
        )

    @override
    async def events(self, camera: Camera, window: Window) -> list[Event]:
        """List the recordings that begin in the window."""
        found = await self._find(camera, window)
        return [
            Event(
                id=one.id,
                kind=EventKind.MOTION,
                window=(
                    one.window
                    if one.is_ready
                    else Window(one.window.start, one.window.start)
                ),
                is_ready=one.is_ready,
            )
            for one in found.recordings
            if one.window.start >= window.start
        ]

    @override
    @asynccontextmanager
    async def fetch(
        self, camera: Camera, part: FilePart, media_options: MediaOptions
    ) -> AsyncIterator[Download]:
        path = path_of(part.file_id)
        opened, about = await self._read(self._open, camera.id, path)
        try:
            yield Download(
                chunks=self._chunks(opened, about),
                size_bytes=about.st_size,
                longest=LONGEST_FILE,
            )
        finally:
            await join_thread(run_in_thread(opened.close))

    def _open(
        self, camera_id: str, path: Sequence[str]
    ) -> tuple[FileIO, os.stat_result]:
        """Open a recording. Raises NoFootageError if it is gone or no file; OSError."""
        try:
            opened = self._catalog.file(camera_id, path).open()
            return opened, os.fstat(opened.fileno())
        except (FileNotFoundError, ValueError) as err:
            raise NoFootageError("no_footage") from err

    async def _chunks(
        self, opened: FileIO, about: os.stat_result
    ) -> AsyncIterator[bytes]:
        """Yield what a file holds. Raises NotReadyError if it is written meanwhile."""
        left = about.st_size
        while left and (chunk := await self._read(opened.read, min(left, CHUNK_BYTES))):
            left -= len(chunk)
            yield chunk
        now = await self._read(os.fstat, opened.fileno())
        if (now.st_size, now.st_mtime_ns) != (about.st_size, about.st_mtime_ns):
            raise NotReadyError("footage_not_ready", after_s=AGAIN_S)

    async def _find(self, camera: Camera, window: Window) -> Found:
        """Return what there is of a window. Raises CameraUnknownError, UnreachableError."""
        try:
            return await self._read(self._catalog.find, camera.id, window)
        except UnreachableError as err:
            is_gone = isinstance(err.__cause__, FileNotFoundError)
            if not is_gone or camera.id == ITSELF:
                raise
            # Is it the camera's folder, or all of them?
            if camera.id in {one.id for one in await self.cameras()}:
                raise
            raise CameraUnknownError("camera_unknown") from err

    async def _read[**P, T](
        self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run what reads the folder, in a thread. Raises UnreachableError."""
        try:
            return await join_thread(run_in_thread(call, *args, **kwargs))
        except OSError as err:
            path = str(err.filename or self._root)
            raise UnreachableError(
                "folder_unreadable",
                path=sanitize.text(_shown(path)),
                reason=reason_of(err),
            ) from err


def _may_grow(window: Window, found: Found) -> bool:
    """Return whether a recording of a window's end may still come."""
    reached = max((one.window.end for one in found.recordings), default=window.start)
    if found.goes_on or reached >= window.end - _EDGE:
        return False
    late = LATE_WITHOUT_ANY
    if found.longest is not None:
        late = min(max(found.longest + UPLOAD_TIME, LEAST_LATE), MOST_LATE)
    return datetime.now(UTC) < window.end + late


def _shown(name: str) -> str:
    """Return a name without what is no character."""
    return os.fsencode(name).decode(errors="replace")
