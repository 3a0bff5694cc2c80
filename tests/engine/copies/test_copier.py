"""Clips arrive at a target: all, oldest first, none twice, whatever happens on the way."""

import asyncio
import contextlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import errno
import os
from pathlib import Path
import sqlite3

import pytest

from custom_components.clip_download.engine.copies import restore
from custom_components.clip_download.engine.copies.retention import CopyLimits
from custom_components.clip_download.engine.copies.store import Rule
from custom_components.clip_download.engine.library.reindex import rebuild
from custom_components.clip_download.engine.library.retention import Pruning
from custom_components.clip_download.engine.targets.base import FileContent
from custom_components.clip_download.engine.targets.limits import Hours
from custom_components.clip_download.engine.targets.s3 import S3Target
from tests.engine.library.test_queries import clip
from tests.stores import Fault, Proxy, on, s3_target
from tests.waits import until

from .house import TARGET, House, house


async def test_copies(home: House, proxy: Proxy) -> None:
    """A clip, its picture and its sidecar arrive, in this order, and the oldest first."""
    old = await home.save("old", saved_at=datetime(2026, 1, 1, tzinfo=UTC))
    new = await home.save("new", 1, saved_at=datetime(2026, 1, 2, tzinfo=UTC))
    await home.copy_all()
    folder = "clip_download/front"
    assert await home.there() == {
        f"{folder}/{one.id}{ending}": one.path.with_suffix(ending).stat().st_size
        for one in (old, new)
        for ending in (".mp4", ".jpg", ".json")
    }
    for ending in (".mp4", ".jpg", ".json"):
        kept = old.path.with_suffix(ending).read_bytes()
        assert await home.fetched(f"{folder}/old", ending) == kept
    assert [path.rpartition("/")[2] for path in proxy.sent("PUT")] == [
        f"{name}{ending}"
        for name in ("old", "new")
        for ending in (".mp4", ".jpg", ".json")
    ]
    status = await home.store.status(TARGET)
    assert (status.waiting, status.copied, status.copied_bytes) == (0, 2, 2000)
    assert status.waiting_since is None
    assert status.copied_at
    made = await home.store.made_of(["old", "new", "other"])
    assert made.keys() == {"old", "new"}
    assert home.changes


async def test_what_waits_is_told(home: House) -> None:
    """How much waits, and since when, is known before anything is copied."""
    saved_at = datetime(2026, 1, 1, tzinfo=UTC)
    await home.save("one", saved_at=saved_at)
    await home.save("two", 1, saved_at=saved_at + timedelta(days=1))
    assert not await home.is_done()
    status = await home.store.status(TARGET)
    assert (status.waiting, status.waiting_bytes) == (2, 2000)
    assert status.waiting_since
    assert status.waiting_since > saved_at + timedelta(days=1)


RULES = [
    (Rule(kept_only=True), {"kept"}),
    (Rule(cameras={("a", "yard")}), {"yard"}),
    (Rule(labels={"bell"}), {"bell"}),
    (Rule(kinds={"person"}), {"person"}),
    (Rule(), {"kept", "yard", "bell", "person", "other"}),
]


@pytest.mark.parametrize(("rule", "taken"), RULES)
async def test_rules(
    tmp_path: Path, target: S3Target, rule: Rule, taken: set[str]
) -> None:
    """Only what a rule takes is copied; another rule looks at all clips again."""
    async with house(tmp_path, target, rule) as home:
        await home.save("kept", kept=True)
        await home.save("yard", camera="yard")
        await home.save("bell", label="bell")
        saves = clip("person", kinds=["person"]).saves
        await home.save("person", saves=saves)
        await home.save("other")
        await home.copy_all()
        assert {Path(name).stem for name in await home.there()} == taken
        await home.store.set_target(TARGET, Rule(kept_only=True, labels=["x"]))
        await home.store.set_target(TARGET, Rule())
        await home.copy_all()
        assert len(await home.there()) == 15


async def test_clips_from_before(tmp_path: Path, target: S3Target) -> None:
    """What was saved before there was a target is copied, too."""
    async with house(tmp_path, target) as home:
        await home.store.forget_target(TARGET)
        await home.save("one")
        assert await home.is_done()
        await home.store.set_target(TARGET, Rule())
        await home.copy_all()
        assert len(await home.there()) == 3


async def test_changed_at_home(home: House, proxy: Proxy) -> None:
    """A sidecar that is another one is copied again, and nothing else."""
    one = await home.save("one")
    await home.copy_all()
    proxy.seen.clear()
    pruning = Pruning(home.queries)
    await pruning.keep(["one"], [home.media], kept=True)
    await home.copy_all()
    assert [path.rpartition(".")[2] for path in proxy.sent("PUT")] == ["json"]
    kept = await home.fetched("clip_download/front/one", ".json")
    assert b'"kept": true' in kept
    await pruning.label("one", [home.media], "burglar")
    await home.copy_all()
    label = await home.fetched("clip_download/front/one", ".json")
    assert b'"burglar"' in label
    # What changes nothing in it is not copied.
    proxy.seen.clear()
    await home.record(one)
    await home.copy_all()
    assert len(proxy.seen) <= 1


async def test_before_it_is_copied(home: House) -> None:
    """A clip that is deleted first is not copied; one that is renamed follows."""
    gone = await home.save("gone")
    moved = await home.save("moved")
    await home.save("labelled")
    await home.store.drain()
    pruning = Pruning(home.queries)
    assert (await pruning.delete([gone], [home.media])).gone
    for ending in (".mp4", ".jpg", ".json"):
        path = moved.path.with_suffix(ending)
        path.rename(path.with_name(f"renamed{ending}"))
    await rebuild(home.library, [home.media])
    await pruning.label("labelled", [home.media], "bell")
    await home.copy_all()
    names = {Path(name).stem for name in await home.there()}
    assert names == {"renamed", "labelled"}


async def test_deleted_at_home(home: House, proxy: Proxy) -> None:
    """The copy of a clip that is deleted at home stays, unless asked otherwise."""
    pruning = Pruning(home.queries)
    for rule, left in ((Rule(), 3), (Rule(delete_with_clip=True), 3)):
        await home.store.set_target(TARGET, rule)
        name = f"clip{rule.delete_with_clip}"
        one = await home.save(name)
        await home.copy_all()
        await pruning.delete([one], [home.media])
        await home.copy_all()
        assert len(await home.there()) == left
    assert (await home.store.status(TARGET)).copied == 1
    assert proxy.sent("DELETE")[0].endswith(".json")


async def test_back_while_leaving(home: House, proxy: Proxy) -> None:
    """A clip that is at home again before all of its copy has left is copied whole."""
    await home.store.set_target(TARGET, Rule(delete_with_clip=True))
    one = await home.save("one")
    await home.copy_all()
    await Pruning(home.queries).delete([one], [home.media])
    proxy.always = on("DELETE", Fault(status=503, code="SlowDown"), "mp4$")
    task = asyncio.create_task(home.copier().run())
    try:
        await until(lambda: proxy.sent("DELETE", "mp4$"))
    finally:
        task.cancel()
    assert [Path(name).suffix for name in await home.there()] == [".mp4"]
    await home.save("one")
    proxy.always = None
    proxy.seen.clear()
    await home.copy_all()
    assert not proxy.sent("PUT", "mp4$")
    assert len(await home.there()) == 3
    assert (await home.store.status(TARGET)).copied == 1


async def test_same_name_again(home: House) -> None:
    """The copy of an older clip is not overwritten by one that has its name now."""
    old = await home.save("one")
    await home.copy_all()
    await Pruning(home.queries).delete([old], [home.media])
    again = home.lay("one", content=b"another")
    await home.record(replace(again, id="two"))
    await home.copy_all()
    name = "clip_download/front/one"
    assert len(await home.fetched(name)) == 1000
    assert await home.fetched(f"{name}_2") == b"another"


async def test_lost_database(tmp_path: Path, target: S3Target, proxy: Proxy) -> None:
    """A library that was lost knows its copies again: nothing is sent twice."""
    async with house(tmp_path, target) as home:
        for number in range(3):
            await home.save(f"one{number}")
        await home.copy_all()
        instance_id = home.place.instance_id
    for path in tmp_path.glob("clips.db*"):
        path.unlink()
    proxy.seen.clear()
    async with house(tmp_path, target, instance_id=instance_id) as home:
        await rebuild(home.library, [home.media])
        await home.copy_all()
        assert (await home.store.status(TARGET)).copied == 3
        assert not proxy.sent("PUT", "mp4$")
        assert len(await home.there()) == 9


async def test_lost_database_and_name(tmp_path: Path, target: S3Target) -> None:
    """The copy of another clip stays, also if nobody knows any more that it is there."""
    async with house(tmp_path, target) as home:
        await home.save("one", content=b"old")
        await home.copy_all()
        instance_id = home.place.instance_id
    for path in tmp_path.glob("clips.db*"):
        path.unlink()
    async with house(tmp_path, target, instance_id=instance_id) as home:
        await home.save("one", content=b"new")
        await home.copy_all()
        assert await home.fetched("clip_download/front/one") == b"old"
        assert await home.fetched("clip_download/front/one_2") == b"new"


async def test_lost_database_is_asked(
    tmp_path: Path, target: S3Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is at home is brought or listed no second time, whatever is known of copies."""
    async with house(tmp_path, target) as home:
        for number in range(3):
            await home.save(f"one{number}", number)
        await home.copy_all()
        instance_id = home.place.instance_id
    for path in tmp_path.glob("clips.db*"):
        path.unlink()
    monkeypatch.setattr(restore, "_AT_ONCE", 2)
    async with house(tmp_path, target, instance_id=instance_id) as home:
        await rebuild(home.library, [home.media])
        roots = [home.media]
        back = await restore.restore(home.store, home.place, home.media, roots)
        assert (back.clips, back.present, back.failed) == ([], 3, {})
        listed = await restore.relist(home.store, home.place, home.media)
        assert (listed.clips, listed.present) == ([], 3)
        assert (await home.store.status(TARGET)).copied == 3


# As they were made before there was a release.
FIRST_TABLES = """
CREATE TABLE copy_settings (name TEXT PRIMARY KEY, value TEXT NOT NULL)
    STRICT, WITHOUT ROWID;
CREATE TABLE copy_targets (
    id TEXT PRIMARY KEY,
    rule TEXT NOT NULL,
    copied INTEGER NOT NULL DEFAULT 0,
    copied_bytes INTEGER NOT NULL DEFAULT 0,
    error TEXT
) STRICT, WITHOUT ROWID;
CREATE TABLE copy_changes (clip_id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE copies (
    target_id TEXT NOT NULL,
    clip_id TEXT NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (target_id, clip_id)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER copy_gone AFTER DELETE ON copies BEGIN
    UPDATE copy_targets SET copied = copied - 1 WHERE id = OLD.target_id;
END;
CREATE TRIGGER copy_clip_added AFTER INSERT ON clips BEGIN
    INSERT OR IGNORE INTO copy_changes VALUES (NEW.id);
END;
"""


async def test_older_tables(tmp_path: Path, target: S3Target, proxy: Proxy) -> None:
    """Tables of another version are made anew: nothing is sent twice, and all goes on."""
    async with house(tmp_path, target) as home:
        await home.save("old")
        await home.copy_all()
        instance_id = home.place.instance_id
    with contextlib.closing(sqlite3.connect(tmp_path / "clips.db")) as database:
        for (name,) in database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'copy%'"
        ).fetchall():
            database.execute(f"DROP TRIGGER {name}")
        for name in ("away_clips", "copies", "copy_changes", "copy_settings"):
            database.execute(f"DROP TABLE {name}")
        database.execute("DROP TABLE copy_targets")
        database.executescript(FIRST_TABLES)
        database.executemany(
            "INSERT INTO copy_settings VALUES (?, ?)", [("instance_id", instance_id)]
        )
        database.execute("INSERT INTO copies VALUES (?, 'old', 'copied')", (TARGET,))
        database.commit()
    proxy.seen.clear()
    async with house(tmp_path, target) as home:
        assert home.place.instance_id == instance_id
        await home.save("new", 1)
        await home.copy_all()
        assert (await home.store.status(TARGET)).copied == 2
        assert len(proxy.sent("PUT", "mp4$")) == 1
        assert len(await home.there()) == 6
        names = await home.library.read("SELECT name FROM sqlite_master")
    # The next start finds them as they are.
    async with house(tmp_path, target) as home:
        assert (await home.store.status(TARGET)).copied == 2
        assert await home.library.read("SELECT name FROM sqlite_master") == names


async def test_replaced_database(home: House, proxy: Proxy) -> None:
    """A database that was damaged and made anew knows its targets again."""
    await home.save("one")
    await home.copy_all()

    def replace_it() -> None:
        home.library._drop()
        home.library._start_anew(sqlite3.DatabaseError("damaged"))

    await home.library._run(replace_it)
    await home.save("two", 1)
    await rebuild(home.library, [home.media])
    proxy.seen.clear()
    await home.copy_all()
    assert (await home.store.status(TARGET)).copied == 2
    assert len(proxy.sent("PUT", "mp4$")) == 1
    assert await home.store.instance_id() == home.place.instance_id


FAULTS = [
    (Fault(status=503, code="SlowDown"), "target_failed"),
    (Fault(breaks_after=1000), "target_unreachable"),
    (Fault(status=403, code="ExpiredToken"), "target_sign_in"),
    (Fault(status=403, code="RequestTimeTooSkewed"), "target_clock"),
    (Fault(status=507, code="StorageFull"), "target_full"),
    (Fault(status=400, code="BadDigest"), "copy_damaged"),
    (Fault(headers=(("x-amz-checksum-sha256", "AAAA"),)), "copy_damaged"),
]


@pytest.mark.parametrize(("fault", "key"), FAULTS)
async def test_faults(home: House, proxy: Proxy, fault: Fault, key: str) -> None:
    """While a store fails, it is told why; afterwards all arrives, and none twice."""
    for number in range(3):
        await home.save(f"one{number}", size_bytes=100_000)
    proxy.always = on("PUT", fault, "mp4$")
    task = asyncio.create_task(home.copier().run())
    try:
        await until(lambda: home.changes)
        error = (await home.store.status(TARGET)).error
        assert error is not None
        assert error.key == key
        proxy.always = None
        await until(lambda: len(proxy.sent("PUT", "json$")) == 3)
    finally:
        task.cancel()
    await home.copy_all()
    assert len(await home.there()) == 9
    status = await home.store.status(TARGET)
    assert (status.error, status.copied) == (None, 3)


async def test_damaged_at_home(home: House) -> None:
    """A clip whose file is not what is recorded is not copied, and keeps no other back."""
    bad = await home.save("bad", saved_at=datetime(2026, 1, 1, tzinfo=UTC))
    gone = await home.save("gone", saved_at=datetime(2026, 1, 1, tzinfo=UTC))
    await home.save("good", saved_at=datetime(2026, 1, 2, tzinfo=UTC))
    bad.path.write_bytes(b"x" * 1000)
    gone.path.unlink()
    task = asyncio.create_task(home.copier().run())
    try:
        await until(lambda: len(home.changes) >= 3)
        assert {Path(name).name for name in await home.there()} == {
            "good.mp4",
            "good.jpg",
            "good.json",
        }
    finally:
        task.cancel()
    assert (await home.store.status(TARGET)).waiting == 2


async def test_unreadable_at_home(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fails keeps no other clip back; what has no picture is copied without."""
    await home.save("bad", saved_at=datetime(2026, 1, 1, tzinfo=UTC))
    good = await home.save("good", 1, saved_at=datetime(2026, 1, 2, tzinfo=UTC))
    good.path.with_suffix(".jpg").unlink()
    read_at = FileContent.read_at

    def fail(self: FileContent, offset: int, size_bytes: int) -> bytes:
        if not home.changes:
            raise OSError(errno.EIO, "Input/output error", "/secret/path")
        return read_at(self, offset, size_bytes)

    monkeypatch.setattr(FileContent, "read_at", fail)
    task = asyncio.create_task(home.copier(first_backoff_s=0.5).run())
    try:
        await until(lambda: len(home.changes) >= 2)
        names = {Path(name).name for name in await home.there()}
        assert names == {"good.mp4", "good.json"}
        error = (await home.store.status(TARGET)).error
        assert "secret" not in str(error)
    finally:
        task.cancel()
    await home.copy_all()
    assert len(await home.there()) == 5


async def test_pruning_fails(
    home: House, proxy: Proxy, caplog: pytest.LogCaptureFixture
) -> None:
    """New copies do not wait for old ones to go, and what is locked is told once."""
    await home.save("old", saved_at=datetime(2026, 1, 1, tzinfo=UTC))
    await home.copy_all()
    limits = CopyLimits(keep_days=30)
    now = datetime.now(UTC)
    proxy.always = on("DELETE", Fault(status=503, code="SlowDown"))
    await home.save("new", 1, saved_at=now)
    await home.copy_all(limits=limits)
    assert len(await home.there()) == 6
    proxy.always = on("DELETE", Fault(status=403, code="AccessDenied"))
    await home.save("newer", 2, saved_at=now)
    await home.copy_all(limits=limits)
    await home.save("newest", 3, saved_at=now)
    await home.copy_all(limits=limits)
    assert len(await home.there()) == 12
    assert caplog.text.count("did not let 1 old copies be deleted") == 1
    proxy.always = None
    assert (await home.store.status(TARGET)).locked == 1


async def test_two_instances(
    tmp_path: Path, target: S3Target, proxy: Proxy, prefix: str
) -> None:
    """Two of them in one bucket never touch each other's."""
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    async with (
        s3_target(proxy.url, prefix=prefix) as other,
        house(folders[0], target) as one,
        house(folders[1], other) as two,
    ):
        assert one.place.instance_id != two.place.instance_id
        await one.save("same", content=b"one")
        await two.save("same", content=b"two")
        await asyncio.gather(one.copy_all(), two.copy_all())
        assert await one.fetched("clip_download/front/same") == b"one"
        assert await two.fetched("clip_download/front/same") == b"two"
        assert len(await one.there()) == len(await two.there()) == 3


async def test_hours(home: House) -> None:
    """Outside of its hours, nothing is copied."""
    await home.save("one")
    hours = Hours(begin=datetime.min.time(), end=datetime.min.time().replace(hour=1))
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    looks = 0

    def at_noon() -> datetime:
        nonlocal looks
        looks += 1
        copier.wake()
        return noon

    copier = home.copier(hours=hours, now=at_noon)
    task = asyncio.create_task(copier.run())
    try:
        await until(lambda: looks >= 3)
    finally:
        task.cancel()
    assert not home.changes
    assert (await home.store.status(TARGET)).waiting == 1
    await home.copy_all(hours=hours, now=lambda: noon.replace(hour=0))
    night = Hours(begin=noon.time().replace(hour=22), end=noon.time().replace(hour=6))
    assert night.wait_s(noon) == 10 * 3600
    assert (
        night.wait_s(noon.replace(hour=23)) == night.wait_s(noon.replace(hour=5)) == 0
    )
    assert hours.wait_s(noon.replace(hour=1)) == 23 * 3600
    assert Hours().wait_s(noon) == 0


async def test_saving_comes_first(home: House) -> None:
    """While clips are being saved, a new one is not copied; one that has waited is."""
    await home.save("old", saved_at=datetime.now(UTC) - timedelta(minutes=2))
    await home.save("new", saved_at=datetime.now(UTC))
    busy, asked = [True], []

    def is_busy() -> bool:
        asked.append(len(home.changes))
        return bool(busy)

    task = asyncio.create_task(home.copier(is_busy=is_busy).run())
    try:
        # Once for the old one, and for the new one again and again.
        await until(lambda: len(asked) == 3)
        assert asked == [0, 1, 1]
        assert (await home.store.status(TARGET)).waiting == 1
        busy.clear()
        await until(lambda: len(home.changes) == 2)
    finally:
        task.cancel()
    assert await home.is_done()


async def test_large_goes_on(home: House, proxy: Proxy) -> None:
    """A large clip goes on where it broke off, also after a restart."""
    size_bytes = 17 * 2**20
    await home.save("large", content=os.urandom(size_bytes))
    proxy.always = on("PUT", Fault(breaks_after=100), "partNumber=2")
    task = asyncio.create_task(home.copier().run())
    await until(lambda: home.changes)
    task.cancel()
    proxy.always = None
    await home.copy_all()
    assert len(proxy.sent("PUT", "partNumber=1&")) == 1
    assert len(await home.fetched("clip_download/front/large")) == size_bytes


async def test_large_damaged_at_home(home: House, proxy: Proxy) -> None:
    """A large clip that is not as recorded is not sent again and again."""
    clip = await home.save("large", size_bytes=17 * 2**20)
    with clip.path.open("r+b") as file:
        file.seek(16 * 2**20)
        file.write(b"changed")
    task = asyncio.create_task(home.copier().run())
    try:
        await until(lambda: len(home.changes) >= 3)
    finally:
        task.cancel()
    assert len(proxy.sent("PUT", "partNumber=1&")) == 1
    assert await home.there() == {}
    assert await home.store.upload_ids(TARGET) == set()


async def test_queries_use_indexes(home: House) -> None:
    """What is asked for each clip does not grow with the library."""
    waiting = "target_id = 'x' AND state IN ('waiting', 'changed', 'leaving')"
    for query, index in (
        (f"{waiting} ORDER BY saved_at_ms, clip_id LIMIT 1", "copies_waiting"),
        (
            (
                "target_id = 'x' AND kept = 0 AND is_whole AND NOT is_locked "
                "AND saved_at_ms <= 5 ORDER BY saved_at_ms, clip_id LIMIT 1"
            ),
            "copies_there",
        ),
    ):
        plan = await home.library.read(
            f"EXPLAIN QUERY PLAN SELECT * FROM copies WHERE {query}"  # noqa: S608
        )
        details = " ".join(row["detail"] for row in plan)
        assert index in details
        assert "TEMP B-TREE" not in details
