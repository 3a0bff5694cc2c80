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
from dataclasses import dataclass, replace
from datetime import UTC, datetime
import errno
import hashlib
from html import escape
from io import BufferedRandom
import itertools
import os
from pathlib import Path
import re
import secrets
import threading
from typing import IO
from urllib.parse import quote
from zipfile import ZipFile, ZipInfo

from ..aio import run_in_thread
from ..errors import InvalidRequestError
from ..folder import Folder
from ..model import Clip
from . import files, sidecar, verify
from .publishing import Sealed
from .verify import Looked, State, read_in

SUFFIX = ".zip"
INDEX = "index.html"
SUMS = "SHA256SUMS"
# Hidden, beside the ZIP to be; there is one export at a time.
# What is cleared after a kill: the folder that was worked in.
EXPORT = "export "
_WORK_FOLDER = f"{files.HIDDEN}export_"
_LEFT_OVER = re.compile(rf"{re.escape(_WORK_FOLDER)}[0-9a-f]{{32}}")
_ZIP, _LISTS = "zip", ("rows", "sums")
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


def work_name() -> str:
    """Return a name for the folder that an export works in, that nobody can guess."""
    return f"{_WORK_FOLDER}{secrets.token_hex(16)}"


def clear(work: Path, roots: Collection[Path]) -> None:
    """Remove the folder that an export worked in until it was killed. Blocks."""
    if (root := files.root_of(work, roots)) is None:
        return
    below = work.relative_to(root).parts[:-1]
    with contextlib.suppress(OSError):
        _remove_work(Folder.open(root, below), work.name)
    # That it was made for the ZIP only is not known any more.
    Folder.unmake(root, below, len(below))


async def export(
    choose: Callable[[], AsyncIterator[Clip]],
    target: Path,
    roots: Sequence[Path],
    reader: Executor,
    *,
    now: datetime,
    mounts: Collection[Path] = (),
    work: str | None = None,
) -> Exported:
    """Copy clips with all that belongs to them into `target`.zip, or the next free name.

    `choose` goes through the clips, each time anew; `now` is in the zone whose time
    people read. `mounts` are where disks were mounted when clips were written to them.
    `work` is the name of the folder to work in, beside the ZIP, by `work_name`.
    Raises InvalidRequestError (`no_clips`), OSError, StorageError as the
    library does; then nothing is left.
    """
    count = needed = 0
    async for clip in choose():
        count += 1
        needed += clip.size_bytes + _BESIDE_BYTES
    if not count:
        raise InvalidRequestError("no_clips")
    await run_in_thread(files.check_mounted, target.parent, mounts)
    parcel = await run_in_thread(
        _Parcel, target, roots, mounts, now, work or work_name()
    )
    try:
        await run_in_thread(parcel.check_space, needed)
        await read_in(reader, parcel.begin)
        async for clip in choose():
            await read_in(reader, parcel.add, clip)
        await read_in(reader, parcel.finish)
        exported = await read_in(reader, parcel.publish)
    except BaseException:
        await run_in_thread(parcel.drop)
        raise
    await run_in_thread(parcel.close)
    return exported


class _Parcel:
    """A ZIP that is being written. Its methods block; `cancelled` ends them early."""

    def __init__(
        self,
        target: Path,
        roots: Sequence[Path],
        mounts: Collection[Path],
        now: datetime,
        work: str,
    ) -> None:
        """Make a working folder for what will be `target`.zip. Raises OSError."""
        self._name = target.name
        self._roots = roots
        self._mounts = mounts
        self._now = now
        self._count = 0
        self._others: list[Looked] = []
        self._taken = set[str]()
        self._opened = contextlib.ExitStack()
        root = files.root_of(target, roots)
        if root is None:
            raise FileNotFoundError(
                errno.ENOENT, os.strerror(errno.ENOENT), str(target)
            )
        self._root, self._below = root, target.relative_to(root).parts[:-1]
        self._folder, self._made = Folder.reach(self._root, self._below)
        _remove_left_over(self._folder)
        try:
            self._work = self._folder.make_private(work)
        except BaseException:
            Folder.unmake(self._root, self._below, self._made)
            raise

    def check_space(self, needed_bytes: int) -> None:
        """Raise OSError (ENOSPC) if the disk cannot hold what is to come."""
        if self._folder.free_bytes() < needed_bytes + files.RESERVE_BYTES:
            raise OSError(
                errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._folder.path)
            )

    def begin(self, cancelled: threading.Event) -> None:
        """Open what is written to. Raises OSError."""
        # However many clips there are, what is told of them is not kept in memory.
        self._made_file = (self._work / _ZIP).create()
        raws = self._made_file, *((self._work / name).create() for name in _LISTS)
        self._file, self._rows, self._sums = (
            self._opened.enter_context(BufferedRandom(raw)) for raw in raws
        )
        # Stored: footage does not get smaller.
        self._zip = ZipFile(self._file, "w")

    def add(self, cancelled: threading.Event, clip: Clip) -> None:
        """Put a clip in, as it is now. Raises OSError, Cancelled."""
        stem, begins = self._stem(clip), self._local(clip.window.start)
        name = f"{stem}{files.SUFFIX}"
        opened = verify.found(clip, self._roots, self._mounts)
        if isinstance(opened, Looked):
            looked = opened
        else:
            size = os.fstat(opened.file.fileno()).st_size
            with opened.file, self._entry(name, begins, size) as entry:
                looked = verify.read(cancelled, opened, clip, entry.write)
            self._note(looked.sha256, name)
        for ending, content in _companions(clip, self._roots, Path(name)):
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
        self._file.flush()

    def publish(self, cancelled: threading.Event) -> Exported:
        """Give the ZIP the first free name.

        Raises OSError, Cancelled, StorageError if another was put in its place.
        """
        # The very file that is hashed is what gets the name.
        made = self._made_file
        made.seek(0)
        digest = hashlib.sha256()
        for piece in verify.chunks(cancelled, made):
            digest.update(piece)
        sha256 = digest.hexdigest()
        stem, number = self._name, 1
        while True:
            final = self._folder / f"{stem}{SUFFIX}"
            with contextlib.suppress(FileExistsError):
                Sealed(self._work / _ZIP, made, sha256).publish(final)
                break
            number += 1
            stem = f"{self._name}_{number}"
        return Exported(
            path=final.path,
            count=self._count,
            size_bytes=os.fstat(made.fileno()).st_size,
            sha256=sha256,
            others=self._others,
        )

    def close(self) -> None:
        """Let go of what is open, and remove the working folder."""
        with contextlib.suppress(OSError):
            self._opened.close()
        self._work.close()
        _remove_work(self._folder, self._work.path.name)

    def drop(self) -> None:
        """Remove all that was made for what will be no ZIP."""
        self.close()
        # It would write its end as soon as nobody has it any more.
        with contextlib.suppress(AttributeError, ValueError):
            self._zip.close()
        Folder.unmake(self._root, self._below, self._made)

    def _stem(self, clip: Clip) -> str:
        """Return a clip's name in the ZIP, without ending: safe, and no other's."""
        # A name template may have put the account's address anywhere.
        camera = _safe(clip.camera_name) or _safe(clip.camera_id)
        if camera.casefold() in {"", INDEX, SUMS.casefold()}:
            camera = f"_{camera}"
        day = f"{self._local(clip.window.start):%F}"
        wanted = f"{camera}/{day}/{_safe(clip.path.stem) or clip.id}"
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
            _text(f"{clip.camera_name} ({clip.account_name})"),
            self._both(clip.window.start),
            self._both(clip.window.end),
            f"{clip.duration_ms / 1000:.1f} s",
            clip.status,
            "<br>".join(gaps) or "none",
            _text(clip.label),
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


def _companions(
    clip: Clip, roots: Sequence[Path], packed: Path
) -> Iterator[tuple[str, bytes]]:
    """Yield what lies beside a clip, as far as it is the clip's and can be read.

    `packed` is where the clip itself is in the ZIP.
    """
    try:
        folder = files.found(clip.path, roots).folder
    except OSError:
        return
    for ending in files.COMPANIONS:
        with contextlib.suppress(OSError, ValueError):
            if ending != sidecar.SUFFIX:
                picture = folder / clip.path.with_suffix(ending).name
                yield ending, picture.read(files.LONGEST_PICTURE_BYTES)
            elif record := sidecar.of(folder, clip):
                # What we know, and nothing else that somebody may have written there.
                sanitize = replace(
                    record.clip,
                    camera_name=sidecar.without_addresses(record.clip.camera_name),
                    label=sidecar.without_addresses(record.clip.label),
                    path=packed,
                )
                yield ending, sidecar.content_of(sanitize, record.asked)


def _safe(name: str) -> str:
    return files.safe_name(sidecar.without_addresses(name))


def _text(text: str) -> str:
    """Return a text for the index: nothing in it is believed to be harmless."""
    return escape(sidecar.without_addresses(text))


def _remove_left_over(folder: Folder) -> None:
    """Remove what an export left that was killed."""
    for name in folder.names():
        if _LEFT_OVER.fullmatch(name):
            _remove_work(folder, name)


def _remove_work(folder: Folder, name: str) -> None:
    """Remove a working folder, unless there is anything in it that we did not make."""
    with contextlib.suppress(OSError):
        with folder.inner(name) as work:
            if not {_ZIP, *_LISTS}.issuperset(inside := work.names()):
                return
            for one in inside:
                (work / one).unlink()
        folder.remove_empty(name)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    """Yield what was written to a file, from its beginning."""
    file.seek(0)
    while piece := file.read(_PIECE_BYTES):
        yield piece
