"""The sidecar: the `.json` beside a clip, with all that is known of it.

`docs/sidecar.md` describes every field. Anybody can edit such a file: no path is taken
from it, and all that is read has bounds. Nothing is written that exceeds them. All
functions block.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
import functools
import itertools
import json
from pathlib import Path
import re
from typing import Any, NamedTuple, Self

import orjson

from ..folder import File, Folder, is_link
from ..model import Clip, ClipStatus, Event
from ..time_range import Window, from_ms, to_ms
from . import files

VERSION = 1
SUFFIX = ".json"
# Enough for a clip of a day with a gap every 43 seconds: 240 KB with MOST_EVENTS ids.
MOST_GAPS = 2000
MOST_EVENTS = 1000
MOST_WORDS = 100
MOST_BYTES = 2**18
LONGEST_TEXT = 1000
# Longer than any window with the recordings that reach into it.
LONGEST = timedelta(days=2)
_LONGEST_MS = LONGEST // timedelta(milliseconds=1)
# The highest signed number of 64 bits.
_HIGHEST = 2**63 - 1

_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
_STATUSES = frozenset(ClipStatus)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ADDRESS = re.compile(
    r"""([^\s@/<>()\[\]"',;:])[^\s@/<>()\[\]"',;:]*"""
    r"@(?:[^\W_]|-)+(?:\.(?:[^\W_]|-)+)+"
)


class SavedEvent(NamedTuple):
    """An event that a clip was made for; its words for what was seen are in order."""

    id: str
    kind: str
    seen: tuple[str, ...]
    start_ms: int
    end_ms: int
    # It was, once its footage came; a clip may be recorded with what was said before.
    is_ready: bool = True

    @classmethod
    def of(cls, event: Event) -> Self:
        """Return what is stored of an event."""
        return cls(
            id=event.id,
            kind=str(event.kind),
            seen=event.seen,
            start_ms=event.window.start_ms,
            end_ms=event.window.end_ms,
            is_ready=event.is_ready,
        )


@dataclass(kw_only=True, eq=False)
class Fields:
    """What a sidecar holds, checked, but nothing made of it yet: a rebuild reads many.

    The names are those of a `Clip`. Times are Unix times in milliseconds, and windows
    their start and end.
    """

    id: str
    job_id: str
    account_id: str
    account_name: str
    source: str
    camera_id: str
    camera_name: str
    start_ms: int
    end_ms: int
    duration_ms: int
    label: str
    status: str
    size_bytes: int
    sha256: str
    video_codec: str
    audio_codec: str | None
    width: int
    height: int
    events: Sequence[str]
    gaps: Sequence[tuple[int, int]]
    saved_at_ms: int
    saves: Sequence[SavedEvent]
    kept: bool
    asked_ms: tuple[int, int] | None = None


@dataclass(frozen=True, kw_only=True)
class Sidecar:
    """The content of a sidecar. `asked` is the requested window, None if unknown.

    The clip's path is that of the file beside the sidecar. Its `modified_ns` is 0.
    """

    clip: Clip
    asked: Window | None


def path_of(clip_path: Path) -> Path:
    """Return where a clip's sidecar lies."""
    return clip_path.with_suffix(SUFFIX)


def without_addresses(text: str) -> str:
    """Return a text in which each e-mail address is cut to its first letter."""
    return _ADDRESS.sub(r"\1…", text)


def bounded(clip: Clip) -> Clip:
    """Return a clip with no more of anything than its sidecar may hold.

    Of too many gaps, those closest together are joined: the sidecar never claims footage
    that is not there. Of too many events, the first are taken.
    """
    clip = replace(
        clip,
        account_name=_cut(without_addresses(clip.account_name)),
        camera_name=_cut(clip.camera_name),
        label=_cut(clip.label),
        events=tuple(event for event in clip.events if event == _cut(event)),
        saves=tuple(
            _with_fewer_words(event)
            for event in clip.saves
            if (event.id, event.kind) == (_cut(event.id), _cut(event.kind))
        ),
    )
    most = {"saves": MOST_EVENTS, "events": MOST_EVENTS, "gaps": MOST_GAPS}
    # Gaps are shortened last: they say what a clip lacks.
    for name in ("saves", "events", "gaps"):
        while True:
            content = replace(
                clip,
                saves=clip.saves[: most["saves"]],
                events=clip.events[: most["events"]],
                gaps=_joined(clip.gaps, max(most["gaps"], 1)),
            )
            # LONGEST_TEXT leaves room for the requested window.
            if len(_content(content, clip.window)) <= MOST_BYTES - LONGEST_TEXT:
                return content
            if not most[name]:
                break
            most[name] //= 2
    return content


def content_of(clip: Clip, asked: Window | None) -> bytes:
    """Return the content of a clip's sidecar."""
    return _content(bounded(clip), asked)


def write(folder: Folder, clip: Clip, asked: Window | None) -> None:
    """Write a clip's sidecar into the clip's folder, whole or not at all. Raises OSError."""
    files.write_whole(_beside(folder, clip), content_of(clip, asked), of=clip.id)


def write_kept(folder: Folder, clip: Clip) -> None:
    """Write into a clip's sidecar whether the clip is kept.

    A missing sidecar is made; another clip's is left alone. Raises OSError.
    """
    _rewrite(folder, clip, makes_missing=True, kept=clip.kept)


def write_label(folder: Folder, clip: Clip) -> None:
    """Write a clip's label into its sidecar.

    A missing one is made. One that is not the clip's is left alone. Raises OSError.
    """
    _rewrite(folder, clip, makes_missing=True, label=clip.label)


def write_saves(folder: Folder, clip: Clip) -> None:
    """Write into a clip's sidecar which events it was made for.

    Does nothing if it is missing, or another clip's. Raises OSError.
    """
    _rewrite(folder, clip, makes_missing=False, saves=clip.saves)


def _rewrite(
    folder: Folder, clip: Clip, *, makes_missing: bool, **changes: Any
) -> None:
    try:
        content = read(_beside(folder, clip))
    except FileNotFoundError:
        if makes_missing:
            write(folder, clip, None)
        return
    except ValueError:
        return
    changed = replace(content.clip, **changes)
    if changed.id == clip.id and changed != content.clip:
        write(folder, changed, content.asked)


def read(file: File) -> Sidecar:
    """Read a sidecar. Raises ValueError if it is not one of ours, OSError."""
    name = f"{file.name.removesuffix(SUFFIX)}{files.SUFFIX}"
    return parse(file.read(MOST_BYTES), file.folder.path / name)


def read_fields(file: File) -> Fields:
    """Read what a sidecar holds. Raises ValueError if it is not one of ours, OSError."""
    return _parse(file.read(MOST_BYTES))


def parse(content: bytes, path: Path) -> Sidecar:
    """Return what the sidecar of a clip at a path holds.

    Raises ValueError if it is not one of ours.
    """
    fields = _parse(content)
    clip = Clip(
        id=fields.id,
        job_id=fields.job_id,
        account_id=fields.account_id,
        account_name=fields.account_name,
        source=fields.source,
        camera_id=fields.camera_id,
        camera_name=fields.camera_name,
        window=Window.of_ms(fields.start_ms, fields.end_ms),
        duration_ms=fields.duration_ms,
        label=fields.label,
        status=ClipStatus(fields.status),
        path=path,
        size_bytes=fields.size_bytes,
        sha256=fields.sha256,
        video_codec=fields.video_codec,
        audio_codec=fields.audio_codec,
        width=fields.width,
        height=fields.height,
        events=tuple(fields.events),
        gaps=tuple(Window.of_ms(*gap) for gap in fields.gaps),
        saved_at=from_ms(fields.saved_at_ms),
        saves=tuple(
            Event(
                id=event.id,
                kind=event.kind,
                seen=event.seen,
                window=Window.of_ms(event.start_ms, event.end_ms),
            )
            for event in fields.saves
        ),
        kept=fields.kept,
    )
    asked = Window.of_ms(*fields.asked_ms) if fields.asked_ms else None
    return Sidecar(clip=clip, asked=asked)


def fields_of(clip: Clip) -> Fields:
    """Return what the sidecar of a clip holds, but for what was asked for."""
    return Fields(
        id=clip.id,
        job_id=clip.job_id,
        account_id=clip.account_id,
        account_name=clip.account_name,
        source=clip.source,
        camera_id=clip.camera_id,
        camera_name=clip.camera_name,
        start_ms=clip.window.start_ms,
        end_ms=clip.window.end_ms,
        duration_ms=clip.duration_ms,
        label=str(clip.label),
        status=clip.status.value,
        size_bytes=clip.size_bytes,
        sha256=clip.sha256,
        video_codec=clip.video_codec,
        audio_codec=clip.audio_codec,
        width=clip.width,
        height=clip.height,
        events=clip.events,
        gaps=[(gap.start_ms, gap.end_ms) for gap in clip.gaps],
        saved_at_ms=to_ms(clip.saved_at),
        saves=[SavedEvent.of(event) for event in clip.saves],
        kept=clip.kept,
    )


def _parse(content: bytes) -> Fields:
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError:
        # Somebody's editor may have written it in another encoding.
        try:
            found = json.loads(content)
        except RecursionError as err:
            raise ValueError("too deep") from err
    return _fields(_is(dict, found))


def of(folder: Folder, clip: Clip) -> Sidecar | None:
    """Return the sidecar of a clip, None if there is none or it is another clip's.

    Raises OSError.
    """
    try:
        content = read(_beside(folder, clip))
    except FileNotFoundError, ValueError:
        return None
    except OSError as err:
        if is_link(err):
            return None
        raise
    is_its = (content.clip.id, content.clip.sha256) == (clip.id, clip.sha256)
    return content if is_its else None


def _beside(folder: Folder, clip: Clip) -> File:
    return folder / path_of(clip.path).name


def _content(clip: Clip, asked: Window | None) -> bytes:
    text = json.dumps(_described(clip, asked), indent=2, ensure_ascii=False)
    return f"{text}\n".encode()


def _cut(text: str) -> str:
    """Return as much of a text as a sidecar may hold."""
    return text.replace("\0", "").encode(errors="replace").decode()[:LONGEST_TEXT]


def _with_fewer_words(event: Event) -> Event:
    """Return an event with as many words for what was seen as a sidecar may hold."""
    seen = [_cut(word) for word in event.seen[:MOST_WORDS]]
    while len(", ".join(seen)) > LONGEST_TEXT:
        seen.pop()
    return replace(event, seen=tuple(seen))


def _joined(gaps: Sequence[Window], most: int) -> tuple[Window, ...]:
    """Return gaps in order; if they are too many, those closest together are joined."""
    if len(gaps) <= most:
        return tuple(gaps)
    gaps = sorted(gaps)
    between = [after.start - before.end for before, after in itertools.pairwise(gaps)]
    closest = sorted(range(len(between)), key=between.__getitem__)
    joined = set(closest[: len(gaps) - most])
    content: list[Window] = []
    for number, gap in enumerate(gaps):
        if number - 1 in joined:
            content[-1] = Window(content[-1].start, max(content[-1].end, gap.end))
        else:
            content.append(gap)
    return tuple(content)


def _described(clip: Clip, asked: Window | None) -> dict[str, Any]:
    """Return the JSON of a sidecar, with times in UTC."""
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


def _fields(content: dict[str, Any]) -> Fields:
    try:
        if _number(content["version"]) != VERSION:
            raise ValueError("another version")
        camera = _is(dict, content["camera"])
        start_ms, end_ms = _window(content)
        fields = Fields(
            id=_matching(_ID, content["clip_id"]),
            job_id=_text(content["job_id"]),
            account_id=_matching(_ID, content["account_id"]),
            account_name=_text(content["account"]),
            source=_text(content["source"]),
            camera_id=_text(camera["id"]),
            camera_name=_text(camera["name"]),
            start_ms=start_ms,
            end_ms=end_ms,
            duration_ms=_milliseconds(content["duration_s"]),
            label=_text(content["label"]),
            status=_text(content["status"]),
            size_bytes=_number(content["size_bytes"]),
            sha256=_matching(_SHA256, content["sha256"]),
            video_codec=_text(content["video_codec"]),
            audio_codec=(
                None
                if content["audio_codec"] is None
                else _text(content["audio_codec"])
            ),
            width=_number(content["width"]),
            height=_number(content["height"]),
            events=[_text(event) for event in _list(content["events"], MOST_EVENTS)],
            gaps=[_window(_is(dict, gap)) for gap in _list(content["gaps"], MOST_GAPS)],
            saved_at_ms=_time_ms(_is(str, content["saved_at"])),
            saves=[
                _event(_is(dict, event))
                for event in _list(content["saves"], MOST_EVENTS)
            ],
            kept=_is(bool, content["kept"]),
            asked_ms=(
                _window(_is(dict, content["asked"])) if "asked" in content else None
            ),
        )
        if fields.status not in _STATUSES:
            raise ValueError("not a status")
        # Only people read it; but we write no path there.
        file = _text(content["file"])
        if "/" in file or "\\" in file:
            raise ValueError("not a file name")
    except KeyError as err:
        raise ValueError(f"no {err.args[0]}") from err
    return fields


def _is[T](kind: type[T], value: object) -> T:
    if not isinstance(value, kind):
        raise ValueError(f"not a {kind.__name__}")  # noqa: TRY004
    return value


def _list(value: object, most: int) -> list[Any]:
    found = _is(list, value)
    if len(found) > most:
        raise ValueError("too many")
    return found


def _text(value: object) -> str:
    # Not by `_is`: there are many texts in each of many sidecars.
    if not isinstance(value, str) or len(value) > LONGEST_TEXT or "\0" in value:
        raise ValueError("not a text of ours")
    text = value
    if not text.isascii():
        # Raises for a lone surrogate, which neither SQLite nor a file system can store.
        text.encode()
    return text


def _matching(pattern: re.Pattern[str], value: object) -> str:
    text = _is(str, value)
    if not pattern.fullmatch(text):
        raise ValueError("not an id or hash of ours")
    return text


def _number(value: object) -> int:
    if type(value) is not int or not 0 <= value <= _HIGHEST:
        raise ValueError("not a number of ours")
    return value


def _milliseconds(value: object) -> int:
    seconds = _number(value) if isinstance(value, int) else _is(float, value)
    # NaN fails this comparison, too.
    if not 0 <= seconds <= LONGEST.total_seconds():
        raise ValueError("not a duration of ours")
    return round(seconds * 1000)


# What was asked for, what came and its event often begin or end in the same moment.
@functools.lru_cache(maxsize=16)
def _time_ms(text: str) -> int:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None or not 1970 <= time.year < 9999:
        raise ValueError("not a time of ours")
    return to_ms(time)


def _window(content: dict[str, Any]) -> tuple[int, int]:
    start_ms = _time_ms(_is(str, content["start"]))
    end_ms = _time_ms(_is(str, content["end"]))
    if not 0 <= end_ms - start_ms <= _LONGEST_MS:
        raise ValueError("not a window of ours")
    return start_ms, end_ms


def _event(content: dict[str, Any]) -> SavedEvent:
    # The words of `seen` as people read them; not used here.
    _text(content["what"])
    return SavedEvent(
        _text(content["id"]),
        _text(content["kind"]),
        tuple(
            sorted({_text(word) for word in _list(content["seen"], MOST_WORDS)}),
        ),
        *_window(content),
    )
