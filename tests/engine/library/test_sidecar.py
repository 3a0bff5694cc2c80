"""Sidecars: what is written is documented and comes back; what else lies there is not ours."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
import json
import os
from pathlib import Path
import re
from typing import Any

from jsonschema import Draft202012Validator
import pytest

from custom_components.clip_download.engine.folder import File, Folder
from custom_components.clip_download.engine.library import sidecar
from custom_components.clip_download.engine.model import Clip, Event
from custom_components.clip_download.engine.time_range import Window

from .test_database import CLIP, NOW, WINDOW

DOCS = Path(__file__).parents[3] / "docs"
VALIDATOR = Draft202012Validator(json.loads((DOCS / "sidecar.schema.json").read_text()))
ASKED = Window(NOW - timedelta(minutes=1), NOW + timedelta(minutes=2))


def full(folder: Path) -> Clip:
    """Return a clip of which all is known."""
    event = Event(id="73", kind="ding", seen=("person", "vehicle"), window=WINDOW)
    return replace(
        CLIP, path=folder / "day" / "x.y.mp4", saves=(event,), audio_codec="aac"
    )


def bare(folder: Path) -> Clip:
    """Return a clip of which as little is known as can be."""
    return replace(CLIP, path=folder / "x.mp4", events=(), gaps=(), label="")


def written(clip: Clip, asked: Window | None = ASKED) -> tuple[Path, dict[str, Any]]:
    """Write a clip's sidecar; return where, and what is in it."""
    clip.path.parent.mkdir(exist_ok=True)
    sidecar.write(Folder.open(clip.path.parent), clip, asked)
    path = sidecar.path_of(clip.path)
    return path, json.loads(path.read_text())


@pytest.mark.parametrize("make", [full, bare])
@pytest.mark.parametrize("asked", [ASKED, None])
@pytest.mark.parametrize("kept", [True, False])
def test_what_is_written_comes_back(
    tmp_path: Path, make: Callable[[Path], Clip], asked: Window | None, kept: bool
) -> None:
    """All that the library knows of a clip is in its sidecar, as it is documented."""
    clip = replace(make(tmp_path), kept=kept)
    path, told = written(clip, asked)
    assert path == clip.path.with_suffix(".json")
    assert sidecar.read(File.at(path)) == sidecar.Sidecar(clip=clip, asked=asked)
    VALIDATOR.validate(told)
    assert list(path.parent.iterdir()) == [path]


def names(schema: Any) -> set[str]:
    """Return the names of all fields of a schema, those of objects after a dot."""
    found = set()
    for name, about in schema["properties"].items():
        about = about.get("items", about)
        inner = {f"{name}.{field}" for field in about.get("properties", {})}
        found |= {name} | inner
    return found


def test_document_schema_and_code_name_the_same_fields(tmp_path: Path) -> None:
    """Nothing is written that is not described, and nothing described that is not."""
    _, told = written(full(tmp_path))
    code = set(told)
    for field in ("camera", "saves"):
        inner = told[field][0] if isinstance(told[field], list) else told[field]
        code |= {f"{field}.{name}" for name in inner}
    rows = re.findall(r"^\| (`.*?) \|", (DOCS / "sidecar.md").read_text(), re.MULTILINE)
    document = [name for row in rows for name in re.findall(r"`(.+?)`", row)]
    assert len(document) == len(set(document))
    assert set(document) == code == names(VALIDATOR.schema)


def test_document_says_what_may_be_absent(tmp_path: Path) -> None:
    """Just those fields may be missing that the document has a reason for."""
    path, told = written(full(tmp_path))
    table = re.findall(
        r"^\| (`.*?) \|.*\| (.*?) \|$", (DOCS / "sidecar.md").read_text(), re.MULTILINE
    )
    needed = {
        name
        for fields, absent in table
        if absent.startswith("never")
        for name in re.findall(r"`(\w+)`", fields)
    }
    assert needed == set(VALIDATOR.schema["required"])
    for name in told:
        path.write_text(json.dumps({k: v for k, v in told.items() if k != name}))
        if name in needed:
            with pytest.raises(ValueError, match=f"no {name}"):
                sidecar.read(File.at(path))
        else:
            sidecar.read(File.at(path))


TIMES = {"start": "2026-11-21T12:00:00+00:00", "end": "2026-11-21T12:00:01+00:00"}
SAVE = {"id": "7", "kind": "ding", "what": "", "seen": [], **TIMES}
WRONG: dict[str, list[Any]] = {
    "version": [0, 2, True, "1", 1.5, None],
    "clip_id": ["", "../x", "a/b", "a" * 65, 7, None, "ü", "a b"],
    "job_id": [7, None, "x" * 1001, []],
    "account": [None, 7, {}],
    "account_id": [None, 7, "", "../x", "a" * 65],
    "camera": [None, "front", [], {}, {"id": "1"}, {"id": 1, "name": "x"}],
    "asked": [None, {}, {"start": "now", "end": "then"}],
    "start": [None, 7, "2026", "2026-11-21T12:00:00", "soon"],
    "end": ["2026-11-21T12:59:59.999+00:00", "2031-01-01T00:00:00+00:00"],
    "duration_s": [-1, None, "90", True, 1e9],
    "status": ["whole", None, 1],
    "gaps": [None, [7], [{"start": "2026-11-21T12:00:00+00:00"}], {}, [TIMES] * 2001],
    "events": [None, [7], "7289", {}, ["7"] * 1001],
    "saves": [
        None,
        [{}],
        ["x"],
        [{**SAVE, "what": 7}],
        [{name: value for name, value in SAVE.items() if name != "seen"}],
        [SAVE] * 1001,
        [{**SAVE, "seen": ["x"] * 101}],
    ],
    "label": [None, 7],
    "file": [None, "../../etc/passwd", "a\\b.mp4", "/x.mp4"],
    "size_bytes": [-1, 1.5, "7", None, True, 2**63],
    "sha256": ["", "AB" * 32, "ab" * 31, "g" * 64, None],
    "width": [-1, "320", None],
    "audio_codec": [7, []],
    "saved_at": [None, 0, "2026-11-21"],
    "kept": [1, "yes", None],
}
# What only a reader can know: the rest a validator has to refuse, too.
BEYOND_A_SCHEMA = {"end"}


@pytest.mark.parametrize(
    ("field", "value"),
    [(field, value) for field, values in WRONG.items() for value in values],
)
def test_nonsense_is_not_believed(tmp_path: Path, field: str, value: Any) -> None:
    """A field of another type, or beyond what can be, makes it none of ours."""
    path, told = written(full(tmp_path))
    told[field] = value
    path.write_text(json.dumps(told))
    with pytest.raises(ValueError):
        sidecar.read(File.at(path))
    assert VALIDATOR.is_valid(told) == (field in BEYOND_A_SCHEMA)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0",
        b"[]",
        b"7",
        b"null",
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"version": ' + b"1" * 5000 + b"}",
        b" " * (sidecar.MOST_BYTES + 1),
    ],
    ids=range(10),
)
def test_what_is_no_sidecar(tmp_path: Path, content: bytes) -> None:
    """Whatever lies there is refused in the same way."""
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises(ValueError):
        sidecar.read(File.at(path))


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_are_none(tmp_path: Path, number: str) -> None:
    """JSON has none of these, and no clip lasts as long."""
    path, _ = written(full(tmp_path))
    text = re.sub(r'"duration_s": [\d.]+', f'"duration_s": {number}', path.read_text())
    assert number in text
    path.write_text(text)
    with pytest.raises(ValueError):
        sidecar.read(File.at(path))


@pytest.mark.parametrize("text", ["\ud800", "a\0b"])
def test_text_that_is_none(tmp_path: Path, text: str) -> None:
    """What no database and no file system takes is refused before it gets there."""
    path, told = written(full(tmp_path))
    told["label"] = text
    path.write_text(json.dumps(told))
    with pytest.raises(ValueError):
        sidecar.read(File.at(path))


def test_times_of_other_zones(tmp_path: Path) -> None:
    """A time may be told otherwise; at the ends of all time it is refused."""
    clip = full(tmp_path)
    path, told = written(clip)
    told["saved_at"] = clip.saved_at.astimezone().isoformat()
    path.write_text(json.dumps(told))
    assert sidecar.read(File.at(path)).clip == clip
    for time in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"):
        path.write_text(json.dumps({**told, "saved_at": time}))
        with pytest.raises(ValueError):
            sidecar.read(File.at(path))


def test_a_link_and_a_pipe_are_not_read(tmp_path: Path) -> None:
    """A link is not followed, and nobody waits at a pipe."""
    clip = full(tmp_path)
    path, _ = written(clip)
    link = tmp_path / "link.json"
    link.symlink_to(path)
    with pytest.raises(OSError, match=re.escape(str(link))):
        sidecar.read(File.at(link))
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)
    with pytest.raises(ValueError, match="not a file"):
        sidecar.read(File.at(pipe))
    with pytest.raises(FileNotFoundError):
        sidecar.read(File.at(tmp_path / "nothing.json"))


def test_the_clip_is_the_file_beside_it(tmp_path: Path) -> None:
    """A clip that was renamed with its sidecar has its new name, whatever is written."""
    path, told = written(full(tmp_path))
    assert told["file"] == "x.y.mp4"
    moved = path.rename(tmp_path / "other.json")
    assert sidecar.read(File.at(moved)).clip.path == tmp_path / "other.mp4"


def test_fields_of_others_go(tmp_path: Path) -> None:
    """Marking a clip as kept changes that one field, and writes only what we know."""
    clip = full(tmp_path)
    path, told = written(clip)
    path.write_text(json.dumps({**told, "note": {"seen": True}}))
    sidecar.write_kept(Folder.open(path.parent), replace(clip, kept=True))
    assert json.loads(path.read_text()) == {**told, "kept": True}


def test_a_failed_write_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a full disk the old sidecar stays whole, and no half of a new one is left."""
    clip = full(tmp_path)
    path, told = written(clip)

    def full_disk(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space"):
        sidecar.write(Folder.open(clip.path.parent), replace(clip, label="other"), None)
    assert json.loads(path.read_text()) == told
    assert list(path.parent.iterdir()) == [path]


def gaps(count: int, every_s: float = 43.0) -> tuple[Window, ...]:
    """Return gaps of two seconds, so far apart."""
    return tuple(
        Window(start, start + timedelta(seconds=2))
        for start in (
            NOW + number * timedelta(seconds=every_s) for number in range(count)
        )
    )


def test_a_day_of_gaps_and_events(tmp_path: Path) -> None:
    """What a day's clip can have, a reader takes; all of it comes back."""
    event = Event(
        id="7289123456789012345", kind="motion", seen=("person",), window=WINDOW
    )
    clip = replace(
        bare(tmp_path),
        window=Window(NOW, NOW + timedelta(days=1)),
        gaps=gaps(sidecar.MOST_GAPS),
        events=tuple(f"{7289123456789012345 + n}" for n in range(sidecar.MOST_EVENTS)),
    )
    path, told = written(clip)
    assert 200_000 < path.stat().st_size <= sidecar.MOST_BYTES
    VALIDATOR.validate(told)
    assert sidecar.read(File.at(path)).clip == clip
    many = replace(
        clip, gaps=(), saves=tuple(replace(event, id=f"{n}") for n in range(600))
    )
    path, _ = written(many)
    assert sidecar.read(File.at(path)).clip == many


def test_more_gaps_than_are_read(tmp_path: Path) -> None:
    """Those closest together are told as one: nothing that is missing is left out."""
    near, far = gaps(2500, every_s=3), gaps(1500, every_s=40)
    shifted = tuple(
        Window(gap.start + timedelta(hours=3), gap.end + timedelta(hours=3))
        for gap in far
    )
    clip = replace(bare(tmp_path), gaps=(*near, *shifted))
    path, told = written(clip)
    VALIDATOR.validate(told)
    read = sidecar.read(File.at(path)).clip
    assert len(read.gaps) == sidecar.MOST_GAPS
    assert read.gaps[-1500:] == shifted
    starts, ends = {gap.start for gap in near}, {gap.end for gap in near}
    for gap in read.gaps[:-1500]:
        assert gap.start in starts
        assert gap.end in ends
    for gap in clip.gaps:
        assert any(one.start <= gap.start and gap.end <= one.end for one in read.gaps)
    assert sidecar.bounded(read) == read == sidecar.bounded(clip)


@pytest.mark.parametrize(
    "about",
    [
        {"label": "x" * 1001},
        {"label": "\ud83d half \0"},
        {"camera_name": "🚪" * 5000},
        {"account_name": "\1" * 5000},
        {"events": tuple("🚪" * 999 + f"{n}"[:1] for n in range(5000))},
        {"events": ("x" * 1001, "\udc00", "one")},
        {
            "saves": tuple(
                Event(
                    id=f"{n}",
                    kind="k" * 999,
                    window=WINDOW,
                    seen=tuple(f"{w}" * 40 for w in range(99)),
                )
                for n in range(2000)
            ),
            "gaps": gaps(5000, every_s=15),
        },
    ],
    ids=range(7),
)
def test_nothing_is_written_that_is_not_read(
    tmp_path: Path, about: dict[str, Any]
) -> None:
    """Whatever a cloud or a caller named: the clip's own sidecar is the clip's."""
    clip = replace(full(tmp_path), **about)
    path, told = written(clip)
    assert path.stat().st_size <= sidecar.MOST_BYTES
    VALIDATOR.validate(told)
    assert sidecar.read(File.at(path)).clip == sidecar.bounded(clip)
    sidecar.write_kept(Folder.open(path.parent), replace(clip, kept=True))
    assert sidecar.read(File.at(path)).clip.kept


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("maria@example.com", "m…"),
        ("Ring (Maria.Muster+x@mail.example.co.uk)", "Ring (M…)"),
        ("a@b.de and ü@müller.de", "a… and ü…"),
        ("My house @ the lake", "My house @ the lake"),
        ("Meraki", "Meraki"),
        ("", ""),
        ("@" * 1000, "@" * 1000),
    ],
)
def test_an_address_is_not_told(tmp_path: Path, name: str, told: str) -> None:
    """People hand clips on; the account is known by its id."""
    clip = replace(bare(tmp_path), account_name=name, account_id="01ABC")
    path, _ = written(clip)
    read = sidecar.read(File.at(path)).clip
    assert (read.account_name, read.account_id) == (told, "01ABC")


def test_left_overs_of_a_kill_go(tmp_path: Path) -> None:
    """What a kill left of a clip's sidecar is removed as the next one is written."""
    clip = bare(tmp_path)
    left = tmp_path / f".clip_download_{clip.id}_0123"
    left.write_bytes(b"half")
    path, _ = written(clip)
    assert list(tmp_path.iterdir()) == [path]
