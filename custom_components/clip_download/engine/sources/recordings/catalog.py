"""The recordings that lie in a folder: listed once, and again where something changed.

Whoever uploads may put anything there: each folder is reached through no link, and no
file is opened that is a link, a pipe or a folder. Nothing is ever written. All functions
block.
"""

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
import logging
import os
from pathlib import Path
import stat
import threading
import time
from typing import NamedTuple
from urllib.parse import quote, unquote_to_bytes

from ...errors import BodyError
from ...folder import File, Folder, is_link
from ...media import claims
from ...time_range import Window, from_ms, to_ms
from .names import Day, Names, instants

_LOGGER = logging.getLogger(__name__)

# What the pipeline can read, by the ending of the name in lower case.
_MP4 = (".mp4", ".m4v", ".mov")
_ENDINGS = (*_MP4, ".ts")
# Folders of NAS systems: recycle bins, previews, snapshots.
_NO_CAMERA = (".", "@", "#", "lost+found")
# The folder itself, where recordings lie directly in it: no folder in it has that name.
ITSELF = "."
_DEEPEST = 8
# Of a folder that holds more folders than this, the rest is not looked into.
_MOST_FOLDERS = 20_000
# How many names, and how many files' lengths, are remembered.
_MOST_NAMES = 150_000
_MOST_LENGTHS = 50_000
# A folder that changed so short a time ago may change again in the same tick of its clock.
_SETTLED_AFTER_S = 5.0
# Not every network share reports each change.
_LIST_AGAIN_S = 600.0
# No file is longer, and names of a time zone's other side are a day off at most.
LONGEST_FILE = timedelta(days=1)
# What was written so lately may be written on.
_WRITTEN_WITHIN_S = 10.0
# An upload that broke off so long ago is not going on.
_STALLED_AFTER_S = 600.0
_SAMPLES = 3
_MS = timedelta(milliseconds=1)
# What may stand in an id as it is.
_SAFE = "/ []()@,+="


class _Named(NamedTuple):
    """A file whose name says when it begins, and maybe when it ends.

    `path` is that below the camera's folder.
    """

    start_ms: int
    end_ms: int
    path: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Listing:
    """What lies in one folder, as it was when it was listed.

    `named` are sorted. `strangers` are some recordings whose names say no time.
    """

    changed_ns: int
    listed_at_s: float
    is_settled: bool
    folders: Sequence[str]
    named: Sequence[_Named]
    strangers: Sequence[str]

    def is_current(self, changed_ns: int, now_s: float) -> bool:
        """Return whether it needs not be listed again."""
        return (
            self.is_settled
            and self.changed_ns == changed_ns
            and 0 <= now_s - self.listed_at_s < _LIST_AGAIN_S
        )


class _Content(NamedTuple):
    """What is known of a file: how it was when that was found out, and its length."""

    size_bytes: int
    changed_ns: int
    is_whole: bool
    length: timedelta | None


@dataclass(frozen=True, kw_only=True)
class Recording:
    """A file of footage. Its window ends where it may end at most, if it is not ready."""

    path: tuple[str, ...]
    window: Window
    size_bytes: int
    is_ready: bool

    @property
    def id(self) -> str:
        """The path below the camera's folder, as a text that can be stored."""
        return quote(os.fsencode("/".join(self.path)), safe=_SAFE)


@dataclass(frozen=True, kw_only=True)
class Found:
    """The recordings that begin in a window, and those before that reach into it.

    `longest` is the length of the longest, `goes_on` whether there is one that begins
    after the window, `is_whole` whether all folders were looked into.
    """

    recordings: Sequence[Recording]
    longest: timedelta | None
    goes_on: bool
    is_whole: bool


class Catalog:
    """What is known of a folder of recordings. It may be used by any thread."""

    def __init__(self, root: Path, names: Names, time_zone: tzinfo) -> None:
        """Take the folder's real path, and what the names in it mean."""
        self._root = root
        self._names = names
        self._time_zone = time_zone
        self._lock = threading.Lock()
        self._listings: OrderedDict[tuple[str, ...], _Listing] = OrderedDict()
        self._names_kept = 0
        self._contents: OrderedDict[tuple[str, ...], _Content] = OrderedDict()

    def cameras(self) -> list[str]:
        """Return the ids of the cameras. Raises OSError.

        Each folder is one. The folder itself is one if recordings lie directly in it, or
        in folders of dates.
        """
        with self._lock, self._open(ITSELF) as folder:
            listing = self._listing(folder, ITSELF, (), Day())
        dates = [name for name in listing.folders if _is_date(name)]
        is_one = bool(listing.named or dates)
        others = sorted({*listing.folders}.difference(dates))
        return [
            *([ITSELF] if is_one else []),
            *(_id_of(name) for name in others if not name.startswith(_NO_CAMERA)),
        ]

    def strangers(self) -> list[str]:
        """Return some names of files if none of all recordings' names says a time.

        Raises OSError.
        """
        strangers: list[str] = []
        for camera_id in [*self.cameras(), ITSELF]:
            with self._lock, self._open(camera_id) as folder:
                for _, listing in self._walk(folder, camera_id):
                    if listing.named:
                        return []
                    strangers += listing.strangers
        return strangers[:_SAMPLES]

    def find(self, camera_id: str, window: Window) -> Found:
        """Return what there is of a window. Raises OSError."""
        with self._lock, self._open(camera_id) as folder:
            near = Window(window.start - LONGEST_FILE, window.end + LONGEST_FILE)
            walk = _Walk(near, self._time_zone)
            named = [
                one
                for _, listing in self._walk(folder, camera_id, walk)
                for one in _between(listing.named, near.start_ms, near.end_ms)
            ]
            named.sort()
            first = bisect_left(named, (window.start_ms,))
            end = bisect_left(named, (window.end_ms,))
            # Of those before, the last one may reach into the window; what others say of
            # their ends is believed.
            since_ms = named[first - 1].start_ms if first else window.start_ms
            chosen = [
                number
                for number in range(end)
                if named[number].start_ms >= since_ms
                or named[number].end_ms > window.start_ms
            ]
            looked = _one_each(
                recording
                for number in chosen
                if (recording := self._look(folder, camera_id, named, number))
            )
        return Found(
            recordings=[one for one in looked if one.window.end > window.start],
            longest=max((one.window.duration for one in looked), default=None),
            goes_on=end < len(named),
            is_whole=walk.is_whole,
        )

    def file(self, camera_id: str, path: Sequence[str]) -> File:
        """Return a file of a camera. Raises OSError."""
        *folders, name = path
        folder = self._open(camera_id)
        for one in folders:
            with folder:
                folder = folder.inner(one)
        return folder / name

    def _open(self, camera_id: str) -> Folder:
        """Open the folder of a camera: through no link, wherever on the way one is."""
        below = [] if camera_id == ITSELF else [_name_of(camera_id)]
        root = Path(self._root.anchor)
        return Folder.open(root, [*self._root.relative_to(root).parts, *below])

    # Listing

    def _walk(
        self, folder: Folder, camera_id: str, walk: _Walk | None = None
    ) -> Iterator[tuple[Folder, _Listing]]:
        """Yield the folders of a camera that may hold what is looked for."""
        yield from self._walk_below(folder, camera_id, (), Day(), walk or _Walk())

    def _walk_below(
        self,
        folder: Folder,
        camera_id: str,
        path: tuple[str, ...],
        day: Day,
        walk: _Walk,
    ) -> Iterator[tuple[Folder, _Listing]]:
        listing = self._listing(folder, camera_id, path, day)
        yield folder, listing
        if len(path) == _DEEPEST:
            return
        for name in listing.folders:
            inner_day = day.below(name)
            if name.startswith(_NO_CAMERA) or not walk.goes_into(inner_day):
                continue
            if camera_id == ITSELF and not path and not _is_date(name):
                # It is a camera of its own.
                continue
            try:
                inner = folder.inner(name)
            except OSError as err:
                if is_link(err) or isinstance(err, FileNotFoundError):
                    continue
                raise
            with inner:
                yield from self._walk_below(
                    inner, camera_id, (*path, name), inner_day, walk
                )

    def _listing(
        self, folder: Folder, camera_id: str, path: tuple[str, ...], day: Day
    ) -> _Listing:
        """Return what lies in a folder."""
        key = (camera_id, *path)
        changed_ns = os.fstat(folder.descriptor).st_mtime_ns
        now_s = time.time()
        known = self._listings.get(key)
        if known and known.is_current(changed_ns, now_s):
            self._listings.move_to_end(key)
            return known
        before = {one.path[-1]: one for one in known.named} if known else {}
        folders, others = folder.folders_and_others()
        named: list[_Named] = []
        strangers: list[str] = []
        for name in others:
            if not name.lower().endswith(_ENDINGS) or name.startswith("."):
                continue
            if one := before.get(name) or self._read(folder, path, name, day):
                named.append(one)
            elif len(strangers) < _SAMPLES:
                strangers.append(name)
        listing = _Listing(
            changed_ns=changed_ns,
            listed_at_s=now_s,
            is_settled=changed_ns / 1e9 + _SETTLED_AFTER_S < now_s,
            folders=sorted(folders),
            named=sorted(named),
            strangers=strangers,
        )
        self._keep(key, listing)
        return listing

    def _keep(self, key: tuple[str, ...], listing: _Listing) -> None:
        """Remember a listing, and forget those that were not used for longest."""
        if before := self._listings.pop(key, None):
            self._names_kept -= len(before.named) + 1
        self._listings[key] = listing
        self._names_kept += len(listing.named) + 1
        while self._names_kept > _MOST_NAMES and len(self._listings) > 1:
            _, oldest = self._listings.popitem(last=False)
            self._names_kept -= len(oldest.named) + 1

    def _read(
        self, folder: Folder, path: tuple[str, ...], name: str, day: Day
    ) -> _Named | None:
        """Return what the name of a file says, None if that is no time."""
        times = self._names.read(path, name, day)
        if times is None:
            return None
        start, last = instants(times.start)
        if start < last:
            try:
                changed_at = _changed_at((folder / name).stat())
            except OSError:
                return None
            # Nobody changes a file before it begins.
            start = last if last <= changed_at else start
        start_ms = to_ms(start)
        length = times.end - times.start if times.end else timedelta(0)
        return _Named(start_ms, start_ms + length // _MS, (*path, name))

    # Looking into files

    def _look(
        self, folder: Folder, camera_id: str, named: Sequence[_Named], number: int
    ) -> Recording | None:
        """Return what is known of a file, None if there is none of that name any more."""
        one = named[number]
        try:
            for name in one.path[:-1]:
                folder = folder.inner(name)
            file = folder / one.path[-1]
            about = file.stat()
            if not stat.S_ISREG(about.st_mode):
                return None
            content = self._content(file, (camera_id, *one.path), about)
        except FileNotFoundError, ValueError:
            return None
        except OSError as err:
            if is_link(err):
                return None
            raise
        start = from_ms(one.start_ms)
        following = named[number + 1].start_ms if number + 1 < len(named) else None
        age_s = time.time() - about.st_mtime
        # The clock of a share may be ahead of ours.
        is_written = 0 <= age_s < _WRITTEN_WITHIN_S
        return Recording(
            path=one.path,
            window=Window(start, _end_of(one, content, _changed_at(about), following)),
            size_bytes=about.st_size,
            is_ready=not is_written and (content.is_whole or age_s >= _STALLED_AFTER_S),
        )

    def _content(
        self, file: File, key: tuple[str, ...], about: os.stat_result
    ) -> _Content:
        """Return whether a file is whole, and how long it is. Raises ValueError, OSError."""
        known = self._contents.get(key)
        if known and known[:2] == (about.st_size, about.st_mtime_ns):
            self._contents.move_to_end(key)
            return known
        is_whole, length = about.st_size > 0, None
        if file.name.lower().endswith(_MP4):
            try:
                with file.open() as opened:
                    length = claims.duration_of(opened)
            except BodyError:
                is_whole = False
        content = _Content(about.st_size, about.st_mtime_ns, is_whole, length)
        self._contents[key] = content
        if len(self._contents) > _MOST_LENGTHS:
            self._contents.popitem(last=False)
        return content


class _Walk:
    """Which folders are of use to whoever looks for recordings, and how many there are."""

    def __init__(
        self, window: Window | None = None, time_zone: tzinfo | None = None
    ) -> None:
        """Take the window that recordings begin in, and whose days folders show."""
        self._days: tuple[date, date] | None = None
        if window:
            self._days = (
                window.start.astimezone(time_zone).date(),
                window.end.astimezone(time_zone).date(),
            )
        self._left = _MOST_FOLDERS
        self.is_whole = True

    def goes_into(self, day: Day) -> bool:
        """Return whether to look into a folder of a day."""
        if self._days and not day.may_be_in(*self._days):
            return False
        self._left -= 1
        if self._left < 0:
            self.is_whole = False
        return self.is_whole


def path_of(recording_id: str) -> tuple[str, ...]:
    """Return the path below the camera's folder that an id stands for."""
    return tuple(_name_of(recording_id).split("/"))


def name_of(camera_id: str, root: Path) -> str:
    """Return what the folder of a camera is called."""
    return root.name if camera_id == ITSELF else _name_of(camera_id)


def _id_of(name: str) -> str:
    return quote(os.fsencode(name), safe="")


def _name_of(quoted: str) -> str:
    return os.fsdecode(unquote_to_bytes(quoted))


def _is_date(folder: str) -> bool:
    return Day().below(folder) != Day()


def _between(named: Sequence[_Named], start_ms: int, end_ms: int) -> Sequence[_Named]:
    first = bisect_left(named, (start_ms,))
    return named[first : bisect_left(named, (end_ms,), first)]


def _one_each(recordings: Iterable[Recording]) -> list[Recording]:
    """Return one recording for each start: some cameras upload a small one beside it."""
    largest: dict[datetime, Recording] = {}
    for one in recordings:
        start = one.window.start
        if start not in largest or one.size_bytes > largest[start].size_bytes:
            largest[start] = one
    return list(largest.values())


def _changed_at(about: os.stat_result) -> datetime:
    try:
        return datetime.fromtimestamp(about.st_mtime, UTC)
    except ValueError, OverflowError, OSError:
        return from_ms(0)


def _end_of(
    one: _Named, content: _Content, changed_at: datetime, following: int | None
) -> datetime:
    """Return when a recording ends: as it says, as its name does, or at the latest."""
    start = from_ms(one.start_ms)
    if content.length:
        return start + content.length
    if one.end_ms > one.start_ms:
        return from_ms(one.end_ms)
    ends = [start + LONGEST_FILE, changed_at]
    if following is not None:
        ends.append(from_ms(following))
    return max(min(ends), start + timedelta(seconds=1))
