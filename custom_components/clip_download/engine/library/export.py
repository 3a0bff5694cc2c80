"""Exports clips as one ZIP that anybody can check without this software."""

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
from typing import IO, Protocol
from urllib.parse import quote
from zipfile import ZipFile, ZipInfo

from ..aio import run_in_thread
from ..errors import InvalidRequestError
from ..folder import Folder
from ..model import Clip
from . import files, sidecar, verify
from .publishing import Sealed
from .verify import Finding, State, run_cancellable

SUFFIX = ".zip"
INDEX = "index.html"
SUMS = "SHA256SUMS"
# The kind of task of an export: its subject is the working folder, cleared after a kill.
EXPORT = "export"
# Hidden, beside the ZIP to be.
_WORK_FOLDER = f"{files.HIDDEN}export_"
_LEFT_OVER = re.compile(rf"{re.escape(_WORK_FOLDER)}[0-9a-f]{{32}}")
_ZIP, _LISTS = "zip", ("rows", "sums")
# At most so much for a clip's sidecar, picture and line in the index.
_BESIDE_BYTES = 2**17
_PIECE_BYTES = 2**16
# The earliest year in a ZIP.
_FIRST_YEAR = 1980

_HEAD = """<!DOCTYPE html>
<html lang="{language}">
<meta charset="utf-8">
<title>{title}</title>
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
<h1>{title}</h1>
<p>{summary}
<p>{how_to_check} {records}
<table>
<thead><tr>{columns}
<tbody>
"""
_COLUMNS = ("camera", "start", "end", "length", "status", "gaps", "label", "file")
# What anybody has to check hashes with.
_TOOLS = {
    "linux": f"<code>sha256sum -c {SUMS}</code>",
    "macos": f"<code>shasum -a 256 -c {SUMS}</code>",
    "windows": "<code>Get-FileHash</code>",
}
_TAIL = b"</table>\n"


class Words(Protocol):
    """The texts of the index, `export_*`, in one language."""

    @property
    def language(self) -> str:
        """The code of the language."""

    def __call__(self, key: str, **placeholders: object) -> str:
        """Return a text; without placeholders, as it is to be filled."""


@dataclass(frozen=True, kw_only=True)
class Exported:
    """A finished ZIP; `others` are the findings about clips that are not as recorded."""

    path: Path
    count: int
    size_bytes: int
    sha256: str
    others: Sequence[Finding]


def work_name() -> str:
    """Return a name for the working folder of an export that nobody can guess."""
    return f"{_WORK_FOLDER}{secrets.token_hex(16)}"


def clear(work: Path, roots: Collection[Path]) -> None:
    """Remove the working folder of an export that was killed. Blocks."""
    if (root := files.root_of(work, roots)) is None:
        return
    below = work.relative_to(root).parts[:-1]
    with contextlib.suppress(OSError):
        _remove_work(Folder.open(root, below), work.name)
    # Which folders were made for the ZIP is not known: those that are empty go.
    Folder.unmake(root, below, len(below))


async def export(
    choose: Callable[[], AsyncIterator[Clip]],
    target: Path,
    roots: Sequence[Path],
    reader: Executor,
    *,
    now: datetime,
    words: Words,
    mounts: Collection[Path] = (),
    work: str | None = None,
    on_bytes: Callable[[int], object] | None = None,
) -> Exported:
    """Copy clips, pictures and sidecars into `target`.zip, or the next free name.

    `choose` yields the clips, and is called twice. Times are shown in the zone of `now`,
    `words` are those of the index.
    `mounts` are the mount points that clips were written under. `work` is the name of
    the working folder beside the ZIP, from `work_name`. `on_bytes` hears how many bytes
    of clips are done, after each clip. Raises InvalidRequestError
    (`no_clips`), OSError, StorageError; then nothing is left.
    """
    count = needed = 0
    async for clip in choose():
        count += 1
        needed += clip.size_bytes + _BESIDE_BYTES
    if not count:
        raise InvalidRequestError("no_clips")
    await run_in_thread(files.check_mounted, target.parent, mounts)
    archive = await run_in_thread(
        _Archive,
        target,
        roots,
        mounts=mounts,
        now=now,
        words=words,
        work=work or work_name(),
    )
    try:
        await run_in_thread(archive.check_space, needed)
        await run_cancellable(reader, archive.begin)
        done_bytes = 0
        async for clip in choose():
            await run_cancellable(reader, archive.add, clip)
            done_bytes += clip.size_bytes
            if on_bytes:
                on_bytes(done_bytes)
        await run_cancellable(reader, archive.finish)
        exported = await run_cancellable(reader, archive.publish)
    except BaseException:
        await run_in_thread(archive.drop)
        raise
    await run_in_thread(archive.close)
    return exported


class _Archive:
    """A ZIP that is being written. Its methods block; `cancelled` ends them early."""

    def __init__(
        self,
        target: Path,
        roots: Sequence[Path],
        *,
        mounts: Collection[Path],
        now: datetime,
        words: Words,
        work: str,
    ) -> None:
        """Make a working folder beside `target`.zip. Raises OSError."""
        self._name = target.name
        self._roots = roots
        self._mounts = mounts
        self._now = now
        self._words = words
        self._count = 0
        self._others: list[Finding] = []
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
        """Raise OSError (ENOSPC) if the disk cannot hold so many bytes more."""
        files.check_space(self._folder, needed_bytes)

    def begin(self, cancelled: threading.Event) -> None:
        """Open the files that are written to. Raises OSError."""
        # The index and the hashes of many clips do not fit into memory.
        self._made_file = (self._work / _ZIP).create()
        raws = self._made_file, *((self._work / name).create() for name in _LISTS)
        self._file, self._rows, self._sums = (
            self._opened.enter_context(BufferedRandom(raw)) for raw in raws
        )
        # Not compressed: footage does not get smaller.
        self._zip = ZipFile(self._file, "w")

    def add(self, cancelled: threading.Event, clip: Clip) -> None:
        """Add a clip as it is now. Raises OSError, Cancelled."""
        stem, begins = self._stem(clip), self._local(clip.window.start)
        name = f"{stem}{files.SUFFIX}"
        opened = verify.open_clip(clip, self._roots, self._mounts)
        if isinstance(opened, Finding):
            finding = opened
        else:
            size = os.fstat(opened.file.fileno()).st_size
            with opened.file, self._entry(name, begins, size) as entry:
                finding = verify.read(cancelled, opened, clip, entry.write)
            self._note(finding.sha256, name)
        for ending, content in _companions(clip, self._roots, Path(name)):
            self._put(f"{stem}{ending}", begins, len(content), [content])
        self._count += 1
        if finding.state is not State.OK:
            self._others.append(finding)
        self._rows.write(self._row(finding, name).encode())

    def finish(self, cancelled: threading.Event) -> None:
        """Add the index and the hashes, and end the ZIP. Raises OSError."""
        head = self._head().encode()
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
        # Hashed through the descriptor that is published, not by its name.
        made = self._made_file
        made.seek(0)
        digest = hashlib.sha256()
        for piece in verify.chunks(cancelled, made):
            digest.update(piece)
        sha256 = digest.hexdigest()
        sealed = Sealed(self._work / _ZIP, made, sha256)
        sealed.sync()
        stem, number = self._name, 1
        while True:
            final = self._folder / f"{stem}{SUFFIX}"
            with contextlib.suppress(FileExistsError):
                sealed.publish(final)
                break
            number += 1
            stem = f"{self._name}_{number}"
        self._folder.sync()
        return Exported(
            path=final.path,
            count=self._count,
            size_bytes=os.fstat(made.fileno()).st_size,
            sha256=sha256,
            others=self._others,
        )

    def close(self) -> None:
        """Close all files, and remove the working folder."""
        with contextlib.suppress(OSError):
            self._opened.close()
        self._work.close()
        _remove_work(self._folder, self._work.path.name)

    def drop(self) -> None:
        """Remove all that was made, because there will be no ZIP."""
        self.close()
        # Otherwise it writes its end when it is garbage collected.
        with contextlib.suppress(AttributeError, ValueError):
            self._zip.close()
        Folder.unmake(self._root, self._below, self._made)

    def _stem(self, clip: Clip) -> str:
        """Return a safe name for a clip in the ZIP, without ending, that no other has."""
        # A name template may have put the account's e-mail address anywhere.
        camera = _safe(clip.camera_name) or _safe(clip.camera_id)
        if camera.casefold() in {"", INDEX, SUMS.casefold()}:
            camera = f"_{camera}"
        day = f"{self._local(clip.window.start):%F}"
        wanted = f"{camera}/{day}/{_safe(clip.path.stem) or clip.id}"
        stem, number = wanted, 1
        # Not every disk that it is unpacked to distinguishes upper from lower case.
        while stem.casefold() in self._taken:
            number += 1
            stem = f"{wanted}_{number}"
        self._taken.add(stem.casefold())
        return stem

    @contextlib.contextmanager
    def _entry(self, name: str, moment: datetime, size: int) -> Iterator[IO[bytes]]:
        """Open a new entry of the ZIP; its size decides whether it needs ZIP64."""
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

    def _head(self) -> str:
        """Return the index down to its first clip."""
        words = self._words
        summary = words(
            "export_summary",
            time=self._both(self._now),
            count=self._count,
            good=self._count - len(self._others),
            others=len(self._others),
        )
        record = f"<code>{sidecar.SUFFIX}</code>"
        return _HEAD.format(
            language=words.language,
            title=escape(words("export_title")),
            summary=escape(summary),
            how_to_check=escape(words("export_how_to_check")).format(**_TOOLS),
            records=escape(words("export_records")).format(extension=record),
            columns="".join(f"<th>{self._word(name)}" for name in _COLUMNS),
        )

    def _word(self, name: str) -> str:
        return escape(self._words(f"export_{name}"))

    def _row(self, finding: Finding, name: str) -> str:
        """Return a clip's line of the index, with all names escaped."""
        clip = finding.clip
        what = self._word(f"state_{finding.state}")
        if finding.state is not State.OK:
            what = f'<b class="bad">{what}</b>'
        label = escape(name)
        if finding.sha256:
            label = f'<a href="{quote(name)}">{label}</a>'
        hashes = [f"{self._word('recorded')} <code>{escape(clip.sha256)}</code>"]
        if finding.sha256 and finding.sha256 != clip.sha256:
            hashes.append(f"{self._word('packed')} <code>{finding.sha256}</code>")
        gaps = (
            self._word("gap").format(
                start=self._both(gap.start), end=self._both(gap.end)
            )
            for gap in clip.gaps
        )
        cells = (
            _text(f"{clip.camera_name} ({clip.account_name})"),
            self._both(clip.window.start),
            self._both(clip.window.end),
            f"{clip.duration_ms / 1000:.1f} s",
            self._word(clip.status),
            "<br>".join(gaps) or self._word("no_gaps"),
            _text(clip.label),
            "<br>".join((label, *hashes, what)),
        )
        return f"<tr>{''.join(f'<td>{cell}' for cell in cells)}\n"

    def _local(self, moment: datetime) -> datetime:
        return moment.astimezone(self._now.tzinfo)

    def _both(self, moment: datetime) -> str:
        """Return a time in the zone of the export and in UTC, for people."""
        local, utc = self._local(moment), moment.astimezone(UTC)
        return (
            f"{local.isoformat(' ', 'milliseconds')}"
            f" ({utc:%F %T}.{utc.microsecond // 1000:03} UTC)"
        )


def _companions(
    clip: Clip, roots: Sequence[Path], packed: Path
) -> Iterator[tuple[str, bytes]]:
    """Yield the endings and contents of a clip's picture and sidecar, where readable.

    `packed` is the clip's path in the ZIP.
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
                # Written anew: only our fields, and no e-mail addresses.
                packed_clip = replace(
                    record.clip,
                    camera_name=sidecar.without_addresses(record.clip.camera_name),
                    label=sidecar.without_addresses(record.clip.label),
                    path=packed,
                )
                yield ending, sidecar.content_of(packed_clip, record.asked)


def _safe(name: str) -> str:
    return files.safe_name(sidecar.without_addresses(name))


def _text(text: str) -> str:
    """Return a text for the index: escaped, and without e-mail addresses."""
    return escape(sidecar.without_addresses(text))


def _remove_left_over(folder: Folder) -> None:
    """Remove what a killed export left."""
    for name in folder.names():
        if _LEFT_OVER.fullmatch(name):
            _remove_work(folder, name)


def _remove_work(folder: Folder, name: str) -> None:
    """Remove a working folder, unless it holds files that we did not make."""
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
