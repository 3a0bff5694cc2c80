"""Parts on the disk. The record beside each says which part it is, and that it is whole.

After a restart it is not fetched again. All functions block.
"""

from collections.abc import Iterable
import contextlib
from dataclasses import dataclass, replace
from datetime import timedelta
import json
import os
import secrets
from typing import TYPE_CHECKING

from ..folder import File, Folder, Hashed, is_link
from ..library import files
from ..model import Part
from ..time_range import Window

if TYPE_CHECKING:
    # It brings PyAV, which an account at rest does without.
    from ..media.clip_file import Still
    from ..media.container import Checked

SUFFIX = ".part"
_RECORD = ".json"
# More than any record needs.
_MOST_BYTES = 2**18
_MS = timedelta(milliseconds=1)


@dataclass(frozen=True, kw_only=True)
class Stored:
    """What came of a part.

    `covers` is the window that the cloud says it sent, `length` how long the footage is,
    and `rest` what of the part is still to be fetched. It `is_short` if another try may
    bring more, and `may_be_cut` if its halves may. It may have been `hashed` while it
    arrived, but not before a restart: who knows what became of it meanwhile.
    """

    file: File
    size_bytes: int
    covers: Window
    length: timedelta
    rest: Window | None = None
    is_short: bool = False
    may_be_cut: bool = False
    # What was found of its claims when it came: nothing is known of it after a restart.
    checked: Checked | None = None
    still: Still | None = None
    hashed: Hashed | None = None


def key_of(part: Part) -> str:
    """Return what makes two parts the same footage."""
    return repr(replace(part, tolerance=None, event_ids=()))


def keep(part: Part, stored: Stored) -> None:
    """Record that a part is whole, after an fsync. Raises OSError."""
    with stored.file.open() as file:
        os.fsync(file.fileno())
    files.write_whole(
        _record_of(stored.file),
        json.dumps(
            {
                "key": key_of(part),
                "size_bytes": stored.size_bytes,
                "covers": _ms(stored.covers),
                "length_ms": stored.length // _MS,
                "rest": _ms(stored.rest) if stored.rest else None,
                "is_short": stored.is_short,
                "may_be_cut": stored.may_be_cut,
            }
        ).encode(),
    )


def drop(stored: Stored) -> None:
    """Remove what came of a part. Raises OSError."""
    _record_of(stored.file).unlink(missing_ok=True)
    stored.file.unlink(missing_ok=True)


def tidy(folder: Folder, *, spare: str) -> dict[str, Stored]:
    """Remove all but whole parts; return these by their key. Raises OSError.

    Files whose name begins with `spare` stay.
    """
    kept: dict[str, Stored] = {}
    names = folder.names()
    for name in names:
        if name.endswith(_RECORD) and (found := _read(folder / name)):
            key, stored = found
            kept[key] = stored
    parts = [stored.file for stored in kept.values()]
    of_use = {file.name for one in parts for file in (one, _record_of(one))}
    for name in names:
        if name not in of_use and not name.startswith(spare):
            # We make no folder there; it is removed with this one.
            with contextlib.suppress(IsADirectoryError):
                (folder / name).unlink(missing_ok=True)
    return kept


def of_use(kept: dict[str, Stored], parts: Iterable[Part]) -> dict[str, Stored]:
    """Return the stored parts that are in a plan; remove the others."""
    windows = [part.window for part in parts]
    useful = {}
    for key, stored in kept.items():
        covers = stored.covers
        if any(one.start <= covers.start < one.end for one in windows):
            useful[key] = stored
        else:
            drop(stored)
    return useful


def new_file(folder: Folder) -> File:
    """Return a file for a part, with a name that nobody can guess."""
    return folder / f"{secrets.token_hex(8)}{SUFFIX}"


def _record_of(part: File) -> File:
    return part.folder / f"{part.name.removesuffix(SUFFIX)}{_RECORD}"


def _read(record: File) -> tuple[str, Stored] | None:
    """Return what a record says, None if it is unreadable or its part is gone."""
    try:
        content = json.loads(record.read(_MOST_BYTES))
        file = record.folder / f"{record.name.removesuffix(_RECORD)}{SUFFIX}"
        stored = Stored(
            file=file,
            size_bytes=content["size_bytes"],
            covers=Window.of_ms(*content["covers"]),
            length=content["length_ms"] * _MS,
            rest=Window.of_ms(*content["rest"]) if content["rest"] else None,
            is_short=content["is_short"],
            may_be_cut=content["may_be_cut"],
        )
        with file.open() as source:
            about = os.fstat(source.fileno())
        # One with a second name may be changed by others.
        if about.st_size != stored.size_bytes or about.st_nlink > 1:
            return None
        return str(content["key"]), stored
    except FileNotFoundError, KeyError, TypeError, ValueError, RecursionError:
        return None
    except OSError as err:
        if is_link(err):
            return None
        raise


def _ms(window: Window) -> list[int]:
    return [window.start_ms, window.end_ms]
