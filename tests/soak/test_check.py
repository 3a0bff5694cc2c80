"""What looks at the outcome sees each thing that must not be."""

from collections.abc import Callable, Iterator
import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import hashlib
import json
from pathlib import Path
import shutil
import sqlite3
from typing import Any

import pytest

from custom_components.clip_download.engine.library.schema import prepare
from tests.clouds.footage import Footage, Span

from .check import DATABASE, Checked, Publisher, Tally, Wanted

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
FOOTAGE = Footage("Gate")
WINDOW = Span(
    NOON + timedelta(milliseconds=300), NOON + timedelta(seconds=3, milliseconds=300)
)
DAY = "clip_download/Gate/2026-11-21"
STEM = "2026-11-21_12-00-00_n1"


@dataclass
class Home:
    """One clip that was asked for and saved, in its folders."""

    media: Path
    config: Path
    wanted: Wanted

    @property
    def clip(self) -> Path:
        """Where the clip is."""
        return self.media / DAY / f"{STEM}.mp4"

    def check(self) -> tuple[list[str], Tally]:
        """Look at everything anew."""
        publisher = Publisher(self.media, self.config, Checked())
        return publisher.faults([self.wanted], {self.media / "asked.zip"})

    def do(self, query: str) -> None:
        """Change the database."""
        path = self.config / DATABASE
        with contextlib.closing(sqlite3.connect(path)) as database, database:
            database.execute(query)

    def tell(self, **changes: Any) -> None:
        """Change the sidecar."""
        path = self.clip.with_suffix(".json")
        path.write_text(json.dumps({**json.loads(path.read_bytes()), **changes}))


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Make a household where all is well."""
    top = tmp_path_factory.mktemp("home")
    home = Home(
        top / "media",
        top / "config",
        Wanted(name="n1", footage=FOOTAGE, window=WINDOW, at_kill=1, job_id="j1"),
    )
    home.clip.parent.mkdir(parents=True)
    home.config.mkdir()
    shown = FOOTAGE.write(home.clip, *WINDOW)
    home.clip.with_suffix(".jpg").write_bytes(FOOTAGE.picture(NOON))
    content = home.clip.read_bytes()
    told = {
        "clip_id": "c1",
        "job_id": "j1",
        "sha256": hashlib.sha256(content).hexdigest(),
        "size_bytes": len(content),
        "label": "n1",
        "status": "complete",
        "kept": False,
        "saves": [],
        "gaps": [],
        "duration_s": (shown.end - shown.start).total_seconds(),
    }
    home.clip.with_suffix(".json").write_text(json.dumps(told))
    with contextlib.closing(sqlite3.connect(home.config / DATABASE)) as database:
        prepare(database, home.config / DATABASE)
        with database:
            _insert(
                database,
                "clips",
                {
                    "id": "c1",
                    "job_id": "j1",
                    "path": str(home.clip),
                    "account_id": "a",
                    "camera_id": "gate",
                    "camera_name": "Gate",
                    "start_ms": 0,
                    "end_ms": 0,
                    "duration_ms": 0,
                    "video_codec": "h264",
                    "width": 1,
                    "height": 1,
                    "events": "[]",
                    "gaps": "[]",
                    "saved_at_ms": 0,
                    "day": "2026-11-21",
                    "account_name": "",
                    "source": "meraki",
                    "saves": "[]",
                    "kept": 0,
                    "modified_ns": 0,
                    "group_id": 1,
                    **{
                        name: told[name]
                        for name in ("sha256", "size_bytes", "label", "status")
                    },
                },
            )
            camera = {"account_id": "a", "camera_id": "gate", "clips": 1}
            size_bytes = {"size_bytes": told["size_bytes"]}
            _insert(database, "cameras", camera | size_bytes)
            _insert(database, "days", camera | {"day": "2026-11-21"})
            _insert(
                database,
                "jobs",
                {
                    "id": "j1",
                    "account_id": "a",
                    "camera_id": "gate",
                    "camera_name": "Gate",
                    "start_ms": 0,
                    "end_ms": 0,
                    "asked_at_ms": 0,
                    "give_up_at_ms": 0,
                    "root": str(home.media),
                    "filename": f"{DAY}/{STEM}",
                    "label": "n1",
                    "overwrite": 0,
                    "media_options": "{}",
                    "events": "[]",
                    "state": "saved",
                    "clips": "[]",
                    "working_folders": "[]",
                    "starts": 0,
                    "updated_at_ms": 0,
                },
            )
    return home


def _insert(database: sqlite3.Connection, table: str, row: dict[str, Any]) -> None:
    names, marks = ", ".join(row), ", ".join(f":{name}" for name in row)
    database.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", row)  # noqa: S608


@pytest.fixture
def home(saved: Home) -> Iterator[Home]:
    """Let a test break what is there, and put it back."""
    aside = saved.media.with_name("aside")
    shutil.copytree(saved.media.parent, aside, symlinks=True)
    yield Home(saved.media, saved.config, Wanted(**vars(saved.wanted)))
    for folder in (saved.media, saved.config):
        shutil.rmtree(folder)
        shutil.move(aside / folder.name, folder)
    aside.rmdir()


def test_all_is_well(home: Home) -> None:
    """Nothing is wrong with what is as it should be."""
    assert home.check() == ([], Tally(saved={"n1"}))


def _halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _twice(home: Home) -> None:
    for ending in (".mp4", ".jpg", ".json"):
        old = home.clip.with_suffix(ending)
        shutil.copy(old, old.with_stem(f"{STEM}_2"))


def _other_footage(home: Home) -> None:
    Footage("Yard").write(home.clip, *WINDOW)
    content = home.clip.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    home.tell(sha256=sha256, size_bytes=len(content))
    home.do(f"UPDATE clips SET sha256 = '{sha256}', size_bytes = {len(content)}")  # noqa: S608


def _forget(home: Home, *queries: str) -> None:
    for query in (*queries, "DELETE FROM clips"):
        home.do(query)
    shutil.rmtree(home.media / "clip_download")


def _wreck(home: Home) -> None:
    path = home.config / DATABASE
    content = bytearray(path.read_bytes())
    content[4096:20480] = bytes(16384)
    path.write_bytes(content)


BROKEN: dict[str, tuple[Callable[[Home], object], str]] = {
    "half a clip": (lambda home: _halve(home.clip), "no whole file"),
    "no clip at all": (lambda home: home.clip.write_bytes(b""), "no whole file"),
    "half a record": (
        lambda home: _halve(home.clip.with_suffix(".json")),
        "no whole record",
    ),
    "half a picture": (
        lambda home: _halve(home.clip.with_suffix(".jpg")),
        "no whole picture",
    ),
    "half a ZIP": (
        lambda home: (home.media / "asked.zip").write_bytes(b"PK\3\4"),
        "no whole ZIP",
    ),
    "a duplicate": (_twice, "is there 2 times"),
    "a working folder": (
        lambda home: (home.clip.parent / ".clip_download_j1").mkdir(),
        "left over: clip_download/Gate/2026-11-21/.clip_download_j1",
    ),
    "a draft": (
        lambda home: (home.clip.parent / ".clip_download_c1.json").touch(),
        "left over",
    ),
    "a temporary file in /config": (
        lambda home: (home.config / f"{DATABASE}.part").touch(),
        "left over: /config/",
    ),
    "a damaged database put aside": (
        lambda home: (home.config / f"{DATABASE}.damaged-1").touch(),
        "left over: /config/",
    ),
    "an empty folder": (lambda home: (home.media / "a").mkdir(), "an empty folder"),
    "a part": (lambda home: (home.media / "0.part").touch(), "left over: 0.part"),
    "a ZIP that nobody asked for": (
        lambda home: (home.media / "other.zip").write_bytes(b"PK\5\6" + bytes(18)),
        "left over: other.zip",
    ),
    "a picture without a clip": (
        lambda home: (home.media / "a.jpg").write_bytes(FOOTAGE.picture(NOON)),
        "left over: a.jpg, without its clip",
    ),
    "a clip that is gone": (lambda home: home.clip.unlink(), "an orphan row"),
    "a record that is gone": (
        lambda home: home.clip.with_suffix(".json").unlink(),
        "has no sidecar",
    ),
    "a row that is gone": (
        lambda home: home.do("DELETE FROM clips"),
        "is not in the database",
    ),
    "another one's clip": (_other_footage, "another camera's footage"),
    "kept, it says beside it": (lambda home: home.tell(kept=True), "kept is False"),
    "a job that never ends": (
        lambda home: home.do("UPDATE jobs SET state = 'fetching'"),
        "is still fetching",
    ),
    "a failure without a good reason": (
        lambda home: _forget(
            home, "UPDATE jobs SET state = 'failed', error = '{\"key\": \"no\"}'"
        ),
        "failed: {'key': 'no'}",
    ),
    "a job that is forgotten": (
        lambda home: _forget(home, "DELETE FROM jobs"),
        "was promised, and is unknown",
    ),
    "a saved clip that is nowhere": (
        _forget,
        "is saved, it says, and is not there",
    ),
    "counts that are wrong": (
        lambda home: home.do("UPDATE cameras SET clips = 2"),
        "are counted",
    ),
    "a damaged database": (_wreck, "the database is not whole"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_sees(home: Home, what: str) -> None:
    """Each thing that must not be is told."""
    break_it, words = BROKEN[what]
    break_it(home)
    faults, _ = home.check()
    assert any(words in fault for fault in faults), faults


def test_not_heard(home: Home) -> None:
    """What was never promised may be unknown, and what was deleted may be gone."""
    _forget(home)
    home.wanted.may_be_gone = True
    assert home.check() == ([], Tally(saved={"n1"}))
    home.do("DELETE FROM jobs")
    home.wanted.job_id = None
    assert home.check() == ([], Tally(unheard=1))


def test_event_twice(home: Home) -> None:
    """An event is known by its id, whatever the label, and saved once."""
    home.tell(saves=[{"id": "e1"}])
    home.wanted = Wanted(
        name="e1", footage=FOOTAGE, window=WINDOW, at_kill=1, is_event=True
    )
    assert home.check()[0] == []
    _twice(home)
    assert any("e1" in fault and "2 times" in fault for fault in home.check()[0])
