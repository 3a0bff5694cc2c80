"""The tables of the library: those of a newer release, and who may read them."""

from contextlib import closing
import json
import os
from pathlib import Path
import sqlite3
from typing import Any

import pytest

from custom_components.clip_download.engine.errors import StorageError
from custom_components.clip_download.engine.library import schema
from custom_components.clip_download.engine.library.database import Library
from custom_components.clip_download.engine.library.queries import ClipQueries, Words

from .test_database import JOB


@pytest.mark.parametrize("is_open", [False, True], ids=["closed", "killed"])
async def test_a_newer_one_is_not_touched(tmp_path: Path, is_open: bool) -> None:
    """A downgrade says so and leaves the newer file, and its log, to the byte."""
    path = tmp_path / "newer.db"
    with closing(sqlite3.connect(path)) as newer:
        newer.execute("PRAGMA journal_mode = WAL")
        newer.executescript(
            "CREATE TABLE clouds (id TEXT); INSERT INTO clouds VALUES ('x');"
        )
        newer.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
        if is_open:
            # As it lies there after a kill, with the log not yet in the file.
            for file in list(tmp_path.iterdir()):
                copy = tmp_path / file.name.replace("newer", "clips")
                copy.write_bytes(file.read_bytes())
    if not is_open:
        path.rename(tmp_path / "clips.db")
    path = tmp_path / "clips.db"
    log = tmp_path / "clips.db-wal"
    before = path.read_bytes(), log.exists() and log.read_bytes()
    with pytest.raises(StorageError) as error:
        await Library(path).open()
    assert error.value.key == "library_newer"
    assert path.read_bytes() == before[0]
    if is_open:
        assert before[1]
        assert log.read_bytes() == before[1]
    assert not list(tmp_path.glob("*damaged*"))


def rights(folder: Path) -> dict[str, int]:
    """Return the rights of all files in a folder, by the rest of their name."""
    return {
        path.name.removeprefix("clips.db"): path.stat().st_mode & 0o777
        for path in folder.iterdir()
    }


async def test_it_is_nobody_else_s_to_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the system would give: from the moment that a file is made."""
    path = tmp_path / "clips.db"
    umask = os.umask(0)
    try:
        made = dict[str, int]()
        connect = sqlite3.connect

        def look_first(database: Path | str, **how: Any) -> sqlite3.Connection:
            made.update(rights(tmp_path))
            opened: sqlite3.Connection = connect(database, **how)
            return opened

        monkeypatch.setattr(sqlite3, "connect", look_first)
        library = await Library(path).open()
        assert made == {"": 0o600}
        await library.add_job(JOB)
        assert rights(tmp_path) == {"": 0o600, "-wal": 0o600, "-shm": 0o600}
        await library.close()
    finally:
        os.umask(umask)


async def test_one_that_everybody_could_read(tmp_path: Path) -> None:
    """However a database was restored, it is Home Assistant's alone from the next start."""
    path = tmp_path / "clips.db"
    await (await Library(path).open()).close()
    path.chmod(0o644)
    library = await Library(path).open()
    await library.add_job(JOB)
    assert rights(tmp_path) == {"": 0o600, "-wal": 0o600, "-shm": 0o600}
    await library.close()


async def test_tables_are_made_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What fails half way leaves nothing, and the next start makes all of it."""
    path = tmp_path / "clips.db"
    broken = "SELECT 1 FROM nowhere;"
    monkeypatch.setattr(schema, "_TABLES", schema._TABLES + broken)
    with pytest.raises(StorageError) as error:
        await Library(path).open()
    assert error.value.key == "library_unusable"
    with closing(sqlite3.connect(path)) as database:
        assert list(database.iterdump()) == ["BEGIN TRANSACTION;", "COMMIT;"]
        assert database.execute("PRAGMA user_version").fetchone() == (0,)
    monkeypatch.undo()
    library = await Library(path).open()
    assert await library.is_rebuild_due()
    await library.close()


async def test_tables_of_version_1(tmp_path: Path) -> None:
    """Clips of before are found by the same words, and counted as they were."""
    path = tmp_path / "clips.db"
    rows = Path(__file__).with_name("version_1.sql").read_text()
    seen = json.dumps(["person", "vehicle"])
    times = {"start_ms": 1, "end_ms": 2, "is_ready": True}
    event = {"id": "e", "kind": "ding", "seen": seen, **times}
    with closing(sqlite3.connect(path)) as database:
        database.executescript(rows)
        (before,) = database.execute("SELECT * FROM clips").fetchall()
        columns = [
            name for name, *_ in database.execute("SELECT * FROM clips").description
        ]
        database.execute(
            "UPDATE clips SET saves = ?, search_text = search_text || ' ding person'",
            (json.dumps([event]),),
        )
        database.commit()
    library = await Library(path).open()
    queries = ClipQueries(library)
    (clip,) = [one async for one in queries.in_window()]
    assert (clip.id, clip.kept) == (before[columns.index("id")], True)
    (row,) = await library.read("SELECT * FROM clips")
    assert {name: row[name] for name in columns[:-5]} == dict(
        zip(columns[:-5], before, strict=False)
    )
    day = row["day"]
    for words in ("parcel", "kept parcel", "person", "ding", day, f"{day[:7]} back"):
        assert await queries.search(words, most=9) == [clip], words
    assert await queries.search("parcel 1999", most=9) == []
    assert await queries.words(most=9) == Words(
        labels=["parcel"], kinds=["ding"], seen=["person", "vehicle"]
    )
    (before_put,) = await library.read("SELECT * FROM clip_groups")
    # It is recorded anew as it is: in the same group.
    await library.change(lambda database: library.put_clip(database, clip))
    (group,) = await library.read("SELECT * FROM clip_groups")
    assert tuple(group)[1:8] == tuple(before_put)[1:8]
    assert group["clips"] == 1
    await queries.remove([clip.id])
    for table in ("clips", "clip_groups", "cameras", "days"):
        assert await library.read(f"SELECT * FROM {table}") == []  # noqa: S608
    assert not await library.is_rebuild_due()
    await library.close()
