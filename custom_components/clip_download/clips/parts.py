"""Parts on the disk: a record beside each says which one it is, and that it is whole.

So what came before a restart need not come again. All functions block.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
import itertools
import json
from pathlib import Path
from typing import Any

from ..sources.base import Part
from . import files
from .folder import File
from .window import Placing, Window

SUFFIX = ".part"
_RECORD = ".json"
_MS = timedelta(milliseconds=1)


@dataclass(frozen=True, kw_only=True)
class Stored:
    """What came of a part.

    `covers` is the stretch of time that the cloud says it sent, `length` how long the
    footage is, and `rest` what of the part is still to be asked for. It `is_short` if
    another try may bring more, and `may_be_cut` if the part's halves may.
    """

    path: Path
    size_bytes: int
    covers: Window
    length: timedelta
    rest: Part | None = None
    is_short: bool = False
    may_be_cut: bool = False


def key_of(part: Part) -> str:
    """Return what makes two parts the same footage."""
    window = part.window
    return json.dumps(
        [window.start_ms, window.end_ms, part.placing.name, dict(part.ask)],
        sort_keys=True,
    )


def keep(part: Part, stored: Stored) -> None:
    """Record that a part is whole, once it is surely on the disk. Raises OSError."""
    files.sync(stored.path)
    files.write_whole(
        File.at(stored.path.with_suffix(_RECORD)),
        json.dumps(
            {
                "key": key_of(part),
                "size_bytes": stored.size_bytes,
                "covers": _ms(stored.covers),
                "length_ms": stored.length // _MS,
                "rest": _described(stored.rest) if stored.rest else None,
                "is_short": stored.is_short,
                "may_be_cut": stored.may_be_cut,
            }
        ).encode(),
    )


def drop(stored: Stored) -> None:
    """Remove what came of a part. Raises OSError."""
    stored.path.with_suffix(_RECORD).unlink(missing_ok=True)
    stored.path.unlink(missing_ok=True)


def tidy(folder: Path) -> dict[str, Stored]:
    """Remove all that is no whole part; return the parts by their key. Raises OSError."""
    if not folder.is_dir():
        return {}
    kept: dict[str, Stored] = {}
    for record in folder.glob(f"*{_RECORD}"):
        if found := _read(record):
            key, stored = found
            kept[key] = stored
    paths = {stored.path for stored in kept.values()}
    paths |= {path.with_suffix(_RECORD) for path in paths}
    for path in folder.iterdir():
        if path not in paths:
            path.unlink()
    return kept


def of_use(kept: dict[str, Stored], parts: Iterable[Part]) -> dict[str, Stored]:
    """Return those that may be of a plan's parts; the others are removed."""
    windows = [part.window for part in parts]
    useful = {}
    for key, stored in kept.items():
        covers = stored.covers
        if any(one.start <= covers.start < one.end for one in windows):
            useful[key] = stored
        else:
            drop(stored)
    return useful


def new_paths(folder: Path, kept: Iterable[Stored]) -> Iterator[Path]:
    """Return paths that none of the kept parts has, without end."""
    taken = {stored.path for stored in kept}
    paths = (folder / f"{number}{SUFFIX}" for number in itertools.count())
    return (path for path in paths if path not in taken)


def _read(record: Path) -> tuple[str, Stored] | None:
    """Return what a record tells, None if it is none, or its part is not there."""
    try:
        told = json.loads(record.read_bytes())
        stored = Stored(
            path=record.with_suffix(SUFFIX),
            size_bytes=told["size_bytes"],
            covers=Window.of_ms(*told["covers"]),
            length=told["length_ms"] * _MS,
            rest=_part(told["rest"]) if told["rest"] else None,
            is_short=told["is_short"],
            may_be_cut=told["may_be_cut"],
        )
        if stored.path.stat().st_size != stored.size_bytes:
            return None
        return str(told["key"]), stored
    except FileNotFoundError, KeyError, TypeError, ValueError:
        return None


def _described(part: Part) -> dict[str, Any]:
    return {
        "window": _ms(part.window),
        "placing": part.placing.name,
        "tolerance_ms": None if part.tolerance is None else part.tolerance // _MS,
        "event_ids": part.event_ids,
        "ask": dict(part.ask),
    }


def _part(told: dict[str, Any]) -> Part:
    tolerance_ms = told["tolerance_ms"]
    return Part(
        window=Window.of_ms(*told["window"]),
        placing=Placing[told["placing"]],
        tolerance=None if tolerance_ms is None else tolerance_ms * _MS,
        event_ids=tuple(told["event_ids"]),
        ask=told["ask"],
    )


def _ms(window: Window) -> list[int]:
    return [window.start_ms, window.end_ms]
