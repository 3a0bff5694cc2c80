"""The sidecar: what lies beside a clip as `.json` and says all that is known of it.

`docs/sidecar.md` describes every field. Anybody can have edited such a file: nothing in
it is believed that leads elsewhere, and no path is taken from it. All functions block.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
import errno
import json
import os
from pathlib import Path
import re
from typing import Any

from ..sources.base import Event, words_of
from . import files
from .library import Clip, ClipStatus
from .window import Window

VERSION = 1
SUFFIX = ".json"
# A clip with a gap every few seconds of a day stays far below.
MOST_BYTES = 2**20
LONGEST_TEXT = 1000
# No window is that long, and no recording adds that much to one.
LONGEST = timedelta(days=2)
# The last of what a signed number of 64 bits holds.
_HIGHEST = 2**63 - 1

_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class Sidecar:
    """What a sidecar says. `asked` is the window that was asked for, where that is known.

    The clip's path is that of the file beside it. Its `account_id` is empty where an
    older release did not write it; its `modified_ns` is 0.
    """

    clip: Clip
    asked: Window | None


def path_of(clip_path: Path) -> Path:
    """Return where a clip's sidecar lies."""
    return clip_path.with_suffix(SUFFIX)


def write(clip: Clip, asked: Window | None) -> None:
    """Write a clip's sidecar, whole or not at all. Raises OSError."""
    _write(clip, _described(clip, asked))


def write_kept(clip: Clip) -> None:
    """Write into a clip's sidecar whether the clip is kept; all else stays as it is.

    A missing one is made. One that is not the clip's is left alone. Raises OSError.
    """
    path = path_of(clip.path)
    try:
        told = _load(path)
        described = _parse(path, told).clip
    except FileNotFoundError:
        _write(clip, _described(clip, None))
        return
    except ValueError:
        return
    if described.id == clip.id and described.kept != clip.kept:
        _write(clip, {**told, "kept": clip.kept})


def write_saves(clip: Clip) -> None:
    """Write into a clip's sidecar which events it was made for; all else stays as it is.

    One that is missing, or not the clip's, is left alone. Raises OSError.
    """
    path = path_of(clip.path)
    try:
        told = _load(path)
        described = _parse(path, told).clip
    except FileNotFoundError, ValueError:
        return
    if described.id == clip.id and described.saves != clip.saves:
        _write(clip, {**told, "saves": _saves(clip)})


def read(path: Path) -> Sidecar:
    """Read a sidecar. Raises ValueError if it is none of ours, OSError."""
    return _parse(path, _load(path))


def of(clip: Clip) -> Clip | None:
    """Return what a clip's sidecar says of it, None if that is not the clip's.

    Raises OSError.
    """
    try:
        told = read(path_of(clip.path)).clip
    except FileNotFoundError, ValueError:
        return None
    except OSError as err:
        if err.errno == errno.ELOOP:
            return None
        raise
    return told if (told.id, told.sha256) == (clip.id, clip.sha256) else None


def _described(clip: Clip, asked: Window | None) -> dict[str, Any]:
    """Return what is written: plain JSON, no secret, times in UTC."""
    return {
        "version": VERSION,
        "clip_id": clip.id,
        "job_id": clip.job_id,
        "source": clip.source,
        "account_id": clip.account_id,
        "account": clip.account_name,
        "camera": {"id": clip.camera_id, "name": clip.camera_name},
        **({"asked": _iso(asked)} if asked else {}),
        **_iso(clip.window),
        "duration_s": clip.duration_ms / 1000,
        "status": clip.status,
        "gaps": [_iso(gap) for gap in clip.gaps],
        "events": list(clip.events),
        "saves": _saves(clip),
        "label": clip.label,
        "file": clip.path.name,
        "size_bytes": clip.size_bytes,
        "sha256": clip.sha256,
        "video_codec": clip.video_codec,
        "audio_codec": clip.audio_codec,
        "width": clip.width,
        "height": clip.height,
        "saved_at": clip.saved_at.isoformat(timespec="milliseconds"),
        "kept": clip.kept,
    }


def _saves(clip: Clip) -> list[dict[str, Any]]:
    return [
        {
            "id": event.id,
            "kind": event.kind,
            "what": event.what,
            "seen": list(event.seen),
            **_iso(event.window),
        }
        for event in clip.saves
    ]


def _iso(window: Window) -> dict[str, str]:
    return {
        "start": window.start.isoformat(timespec="milliseconds"),
        "end": window.end.isoformat(timespec="milliseconds"),
    }


def _write(clip: Clip, told: dict[str, Any]) -> None:
    # Hidden, and on the same file system as the name that it gets.
    draft = clip.path.with_name(f".clip_download_{clip.id}{SUFFIX}")
    try:
        with draft.open("w", encoding="utf-8") as file:
            file.write(json.dumps(told, indent=2, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path_of(clip.path))
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _load(path: Path) -> dict[str, Any]:
    with files.opened(path) as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError("too large")
    try:
        told = json.loads(content)
    except RecursionError as err:
        raise ValueError("too deep") from err
    return _is(dict, told)


def _parse(path: Path, told: dict[str, Any]) -> Sidecar:
    try:
        if _number(told["version"]) != VERSION:
            raise ValueError("another version")
        camera = _is(dict, told["camera"])
        clip = Clip(
            id=_matching(_ID, told["clip_id"]),
            job_id=_text(told["job_id"]),
            account_id=_text(told.get("account_id", "")),
            account_name=_text(told["account"]),
            source=_text(told["source"]),
            camera_id=_text(camera["id"]),
            camera_name=_text(camera["name"]),
            window=_window(told),
            duration_ms=_milliseconds(told["duration_s"]),
            label=_text(told["label"]),
            status=ClipStatus(_text(told["status"])),
            path=path.with_suffix(files.SUFFIX),
            size_bytes=_number(told["size_bytes"]),
            sha256=_matching(_SHA256, told["sha256"]),
            video_codec=_text(told["video_codec"]),
            audio_codec=(
                None if told["audio_codec"] is None else _text(told["audio_codec"])
            ),
            width=_number(told["width"]),
            height=_number(told["height"]),
            events=tuple(_text(event) for event in _is(list, told["events"])),
            gaps=tuple(_window(_is(dict, gap)) for gap in _is(list, told["gaps"])),
            saved_at=_time(told["saved_at"]),
            saves=tuple(
                _event(_is(dict, event)) for event in _is(list, told.get("saves", []))
            ),
            kept=_is(bool, told.get("kept", False)),
        )
        asked = _window(_is(dict, told["asked"])) if "asked" in told else None
        # It names the file for people; what could lead elsewhere is not ours.
        if {"/", "\\"} & set(_text(told["file"])):
            raise ValueError("no file name")
    except KeyError as err:
        raise ValueError(f"no {err.args[0]}") from err
    return Sidecar(clip=clip, asked=asked)


def _is[T](kind: type[T], value: object) -> T:
    if not isinstance(value, kind):
        raise ValueError(f"not a {kind.__name__}")  # noqa: TRY004
    return value


def _text(value: object) -> str:
    text = _is(str, value)
    if len(text) > LONGEST_TEXT or "\0" in text:
        raise ValueError("no text of ours")
    # Half of a pair of surrogates is no text for a database, nor for a file system.
    text.encode()
    return text


def _matching(pattern: re.Pattern[str], value: object) -> str:
    text = _is(str, value)
    if not pattern.fullmatch(text):
        raise ValueError("no id or hash of ours")
    return text


def _number(value: object) -> int:
    if type(value) is not int or not 0 <= value <= _HIGHEST:
        raise ValueError("no number of ours")
    return value


def _milliseconds(value: object) -> int:
    seconds = _number(value) if isinstance(value, int) else _is(float, value)
    # That a number is none is what only this way round says of it.
    if not 0 <= seconds <= LONGEST.total_seconds():
        raise ValueError("no duration of ours")
    return round(seconds * 1000)


def _time(value: object) -> datetime:
    time = datetime.fromisoformat(_is(str, value))
    if time.utcoffset() is None or not 1970 <= time.year < 9999:
        raise ValueError("no time of ours")
    return Window(time, time).start


def _window(told: dict[str, Any]) -> Window:
    window = Window(_time(told["start"]), _time(told["end"]))
    if not timedelta(0) <= window.duration <= LONGEST:
        raise ValueError("no window of ours")
    return window


def _event(told: dict[str, Any]) -> Event:
    what = words_of(_text(told["what"]))
    return Event(
        id=_text(told["id"]),
        kind=_text(told["kind"]),
        # Older releases wrote one word at most, and no list.
        seen=tuple(_text(word) for word in _is(list, told.get("seen", list(what)))),
        window=_window(told),
    )
