"""Handing clips over: one ZIP that anybody can check without this software."""

from collections.abc import (
    AsyncIterator,
    Callable,
    Collection,
    Iterable,
    Iterator,
    Sequence,
)
from concurrent.futures import Executor
import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime
import hashlib
from html import escape
import itertools
import os
from pathlib import Path
import threading
from typing import IO
from urllib.parse import quote
from zipfile import ZipFile, ZipInfo

from . import files, proof, sidecar
from .aio import blocking
from .errors import InvalidRequestError
from .library import Clip
from .proof import Looked, State, read_in

SUFFIX = ".zip"
INDEX = "index.html"
SUMS = "SHA256SUMS"
# Hidden, beside the ZIP to be; there is one export at a time.
_WORK_FOLDER = ".clip_download_export"
# What a clip takes besides its file: sidecar, picture, its line in the index.
_BESIDE_BYTES = 2**17
_PIECE_BYTES = 2**16
# No ZIP knows an earlier time.
_FIRST_YEAR = 1980

_STATES = {
    State.OK: "As recorded",
    State.CHANGED: "CHANGED: the file is not the one that was recorded",
    State.GONE: "MISSING: the file is gone",
    State.UNREADABLE: "BROKEN OFF: the file could not be read to its end",
    State.UNKNOWN: "As recorded, but its sidecar does not say so",
    State.AWAY: "MISSING: the disk of the file is not there",
}
_HEAD = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>Clips</title>
<style>
body {{ font: 10pt sans-serif; margin: 1em }}
table {{ border-collapse: collapse; width: 100% }}
th, td {{ border: 1px solid #999; padding: .3em; text-align: left; vertical-align: top }}
thead {{ display: table-header-group }}
tr {{ break-inside: avoid }}
code {{ font-size: 8pt; overflow-wrap: anywhere }}
.bad {{ font-weight: bold; color: #b00 }}
@page {{ size: landscape; margin: 1cm }}
</style>
<h1>Clips</h1>
<p>Exported {exported}. Clips: {count}; as they were recorded: {good}; not so: {others}.
<p>To check the files after unpacking, in this folder: <code>sha256sum -c SHA256SUMS</code>
(Linux), <code>shasum -a 256 -c SHA256SUMS</code> (macOS), or compare the hashes below with
<code>Get-FileHash</code> (Windows). The <code>.json</code> beside each clip is its record.
<table>
<thead><tr><th>Camera<th>Begins<th>Ends<th>Length<th>Status<th>Gaps<th>Label<th>File, SHA-256
<tbody>
"""
_TAIL = b"</table>\n"


@dataclass(frozen=True, kw_only=True)
class Exported:
    """A finished ZIP; `others` are those of its clips that are not as recorded."""

    path: Path
    count: int
    size_bytes: int
    sha256: str
    others: Sequence[Looked]


async def export(
    choose: Callable[[], AsyncIterator[Clip]],
    target: Path,
    roots: Sequence[Path],
    reader: Executor,
    *,
    now: datetime,
    mounts: Collection[Path] = (),
) -> Exported:
    """Copy clips with all that belongs to them into `target`.zip, or the next free name.

    `choose` goes through the clips, each time anew; `now` is in the zone whose time
    people read. `mounts` are where disks were mounted when clips were written to them.
    Raises InvalidRequestError (`no_clips`), OSError, StorageError as the
    library does; then nothing is left.
    """
    count = needed = 0
    async for clip in choose():
        count += 1
        needed += clip.size_bytes + _BESIDE_BYTES
    if not count:
        raise InvalidRequestError("no_clips")
    folder = target.parent / _WORK_FOLDER
    await blocking(files.check_mounted, folder, mounts)
    # What a kill left.
    await blocking(files.remove_tree, folder)
    made_folders = await blocking(files.make_folder, folder)
    parcel = _Parcel(folder, roots, mounts, now)
    try:
        await blocking(files.check_space, folder, needed)
        await read_in(reader, parcel.begin)
        async for clip in choose():
            await read_in(reader, parcel.add, clip)
        await read_in(reader, parcel.finish)
        exported = await read_in(reader, parcel.publish, target)
    except BaseException:
        await blocking(parcel.drop)
        await blocking(files.remove_tree, folder)
        await blocking(files.remove_folders, made_folders[1:])
        raise
    await blocking(files.remove_tree, folder)
    return exported


class _Parcel:
    """A ZIP that is being written. Its methods block; `cancelled` ends them early."""

    def __init__(
        self,
        folder: Path,
        roots: Sequence[Path],
        mounts: Collection[Path],
        now: datetime,
    ) -> None:
        """Take the working folder in which to write."""
        self._folder = folder
        self._roots = roots
        self._mounts = mounts
        self._now = now
        self._count = 0
        self._others: list[Looked] = []
        self._taken = set[str]()
        self._opened = contextlib.ExitStack()

    def begin(self, cancelled: threading.Event) -> None:
        """Open what is written to. Raises OSError."""
        # However many clips there are, what is told of them is not kept in memory.
        self._file, self._rows, self._sums = (
            self._opened.enter_context((self._folder / name).open("w+b"))
            for name in ("zip", "rows", "sums")
        )
        # Stored: footage does not get smaller.
        self._zip = ZipFile(self._file, "w")

    def add(self, cancelled: threading.Event, clip: Clip) -> None:
        """Put a clip in, as it is now. Raises OSError, Cancelled."""
        stem, begins = self._stem(clip), self._local(clip.window.start)
        name = f"{stem}{files.SUFFIX}"
        file = proof.found(clip, self._roots, self._mounts)
        if isinstance(file, Looked):
            looked = file
        else:
            size = os.fstat(file.fileno()).st_size
            with file, self._entry(name, begins, size) as entry:
                looked = proof.read(cancelled, file, clip, entry.write)
            self._note(looked.sha256, name)
        for ending in files.COMPANIONS:
            if content := _companion(clip, ending):
                self._put(f"{stem}{ending}", begins, len(content), [content])
        self._count += 1
        if looked.state is not State.OK:
            self._others.append(looked)
        self._rows.write(self._row(looked, name).encode())

    def finish(self, cancelled: threading.Event) -> None:
        """Put index and hashes in, and end the ZIP. Raises OSError."""
        head = _HEAD.format(
            exported=self._both(self._now),
            count=self._count,
            good=self._count - len(self._others),
            others=len(self._others),
        ).encode()
        size = len(head) + self._rows.tell() + len(_TAIL)
        rows = _pieces(self._rows)
        self._put(INDEX, self._now, size, itertools.chain([head], rows, [_TAIL]))
        self._put(SUMS, self._now, self._sums.tell(), _pieces(self._sums))
        self._zip.close()
        self._opened.close()

    def publish(self, cancelled: threading.Event, target: Path) -> Exported:
        """Give the ZIP the first free name. Raises OSError, Cancelled."""
        made = self._folder / "zip"
        size_bytes = made.stat().st_size
        digest = hashlib.sha256()
        with files.opened(made) as file:
            for piece in proof.chunks(cancelled, file):
                digest.update(piece)
        while True:
            stem = files.free_stem(target, overwrite=False, endings=[SUFFIX])
            path = Path(f"{stem}{SUFFIX}")
            with contextlib.suppress(FileExistsError):
                files.publish(made, path, overwrite=False)
                break
        return Exported(
            path=path,
            count=self._count,
            size_bytes=size_bytes,
            sha256=digest.hexdigest(),
            others=self._others,
        )

    def drop(self) -> None:
        """Let go of what is open."""
        with contextlib.suppress(OSError):
            self._opened.close()
        # It would write its end as soon as nobody has it any more.
        with contextlib.suppress(AttributeError, ValueError):
            self._zip.close()

    def _stem(self, clip: Clip) -> str:
        """Return a clip's name in the ZIP, without ending: safe, and no other's."""
        camera = files.safe_name(clip.camera_name) or files.safe_name(clip.camera_id)
        if camera.casefold() in {"", INDEX, SUMS.casefold()}:
            camera = f"_{camera}"
        day = f"{self._local(clip.window.start):%F}"
        wanted = f"{camera}/{day}/{files.safe_name(clip.path.stem) or clip.id}"
        stem, number = wanted, 1
        # Not every disk that it is unpacked to knows large from small letters.
        while stem.casefold() in self._taken:
            number += 1
            stem = f"{wanted}_{number}"
        self._taken.add(stem.casefold())
        return stem

    @contextlib.contextmanager
    def _entry(self, name: str, moment: datetime, size: int) -> Iterator[IO[bytes]]:
        """Open an entry of the ZIP. Its size says whether it needs ZIP64."""
        moment = moment.replace(year=max(moment.year, _FIRST_YEAR))
        info = ZipInfo(name, moment.timetuple()[:6])
        info.external_attr = 0o644 << 16
        info.file_size = size
        with self._zip.open(info, "w") as entry:
            yield entry

    def _put(
        self, name: str, moment: datetime, size: int, pieces: Iterable[bytes]
    ) -> None:
        digest = hashlib.sha256()
        with self._entry(name, moment, size) as entry:
            for piece in pieces:
                digest.update(piece)
                entry.write(piece)
        self._note(digest.hexdigest(), name)

    def _note(self, sha256: str, name: str) -> None:
        self._sums.write(f"{sha256}  {name}\n".encode())

    def _row(self, looked: Looked, name: str) -> str:
        """Return a clip's line of the index. Nothing in it is believed to be harmless."""
        clip = looked.clip
        what = _STATES[looked.state]
        if looked.state is not State.OK:
            what = f'<b class="bad">{what}</b>'
        label = escape(name)
        if looked.sha256:
            label = f'<a href="{quote(name)}">{label}</a>'
        hashes = [f"recorded <code>{escape(clip.sha256)}</code>"]
        if looked.sha256 and looked.sha256 != clip.sha256:
            hashes.append(f"in this ZIP <code>{looked.sha256}</code>")
        gaps = (
            f"{self._both(gap.start)} to {self._both(gap.end)}" for gap in clip.gaps
        )
        cells = (
            escape(f"{clip.camera_name} ({clip.account_name})"),
            self._both(clip.window.start),
            self._both(clip.window.end),
            f"{clip.duration_ms / 1000:.1f} s",
            clip.status,
            "<br>".join(gaps) or "none",
            escape(clip.label),
            "<br>".join((label, *hashes, what)),
        )
        return f"<tr>{''.join(f'<td>{cell}' for cell in cells)}\n"

    def _local(self, moment: datetime) -> datetime:
        return moment.astimezone(self._now.tzinfo)

    def _both(self, moment: datetime) -> str:
        """Return a time as people read it, where they are and in UTC."""
        local, utc = self._local(moment), moment.astimezone(UTC)
        return (
            f"{local.isoformat(' ', 'milliseconds')}"
            f" ({utc:%F %T}.{utc.microsecond // 1000:03} UTC)"
        )


def _companion(clip: Clip, ending: str) -> bytes | None:
    """Return what lies beside a clip, as far as it is the clip's and can be read."""
    try:
        if ending == sidecar.SUFFIX and sidecar.of(clip) is None:
            return None
        with files.opened(clip.path.with_suffix(ending)) as file:
            content = file.read(sidecar.MOST_BYTES + 1)
    except OSError, ValueError:
        return None
    return content if len(content) <= sidecar.MOST_BYTES else None


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    """Yield what was written to a file, from its beginning."""
    file.seek(0)
    while piece := file.read(_PIECE_BYTES):
        yield piece
