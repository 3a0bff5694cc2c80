"""The way back, the retention and the key, each against a store that somebody else wrote."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import json
import os
from pathlib import Path
import re
import shutil
import subprocess
from typing import Any

import pyrage
import pytest

from custom_components.clip_download.engine.copies import restore, store as copy_store
from custom_components.clip_download.engine.copies.crypt import (
    Crypt,
    UndecryptableError,
    new_identity,
)
from custom_components.clip_download.engine.copies.place import CopyPlace
from custom_components.clip_download.engine.copies.retention import CopyLimits, prune
from custom_components.clip_download.engine.copies.store import CopyState, Rule
from custom_components.clip_download.engine.errors import DiskError
from custom_components.clip_download.engine.library.retention import Pruning
from custom_components.clip_download.engine.targets.base import (
    BytesContent,
    DamagedCopyError,
)
from custom_components.clip_download.engine.targets.s3 import S3Target
from tests.stores import Proxy, make_bucket, s3_target

from .house import TARGET, House, house

NOW = datetime(2026, 11, 22, tzinfo=UTC)
IDENTITY = new_identity()


@pytest.fixture(params=["plain", "encrypted"])
async def home(
    tmp_path: Path, target: S3Target, request: pytest.FixtureRequest
) -> AsyncIterator[House]:
    """Open a house whose clips are copied as they are, or encrypted."""
    crypt = Crypt(IDENTITY) if request.param == "encrypted" else None
    async with house(tmp_path, target, crypt=crypt) as home:
        yield home


async def saved(home: House, number: int = 3) -> list[str]:
    """Save clips, and copy them; return their ids."""
    ids = [f"clip{one}" for one in range(number)]
    for at, name in enumerate(ids):
        saved_at = NOW - timedelta(days=number - at)
        await home.save(name, at, saved_at=saved_at, label=f"at {name}")
    await home.copy_all()
    return ids


async def test_verify(home: House, proxy: Proxy) -> None:
    """Copies that are missing or others are found without fetching, and made again."""
    ids = await saved(home)
    assert vars(await restore.verify(home.store, home.place, ids))["ok"] == 3
    names = [
        home.place.object_name(f"clip_download/front/{one}", ".mp4") for one in ids
    ]
    await home.target.put(names[0], BytesContent(b"x" * 1000))
    await home.target.delete(names[1])
    proxy.seen.clear()
    found = await restore.verify(home.store, home.place, ids)
    assert {method for method, _ in proxy.seen} == {"HEAD"}
    assert (found.ok, found.unknown) == (1, 0)
    assert [copy.clip_id for copy in found.differing] == ["clip0"]
    assert [copy.clip_id for copy in found.missing] == ["clip1"]
    assert (await home.store.status(TARGET)).waiting == 2
    await home.copy_all()
    assert (await restore.verify(home.store, home.place, ids)).ok == 3
    assert (await home.store.status(TARGET)).copied == 3


async def test_restore(home: House) -> None:
    """What is gone or damaged comes back under its name, or the next one that is free."""
    await saved(home)
    clips = await home.queries.of_ids(["clip0", "clip1", "clip2"])
    gone, damaged, good = sorted(clips, key=lambda one: one.id)
    originals = {one.id: one.path.read_bytes() for one in clips}
    await Pruning(home.queries).delete([gone], [home.media])
    assert not gone.path.exists()
    damaged.path.write_bytes(b"x" * 1000)
    restored = await restore.restore(home.store, home.place, home.media, [home.media])
    assert not restored.failed
    assert restored.present == 1
    back = {one.id: one for one in restored.clips}
    assert back["clip0"].path == gone.path
    assert back["clip1"].path == damaged.path.with_name("clip1_2.mp4")
    assert damaged.path.read_bytes() == b"x" * 1000
    for clip in await home.queries.of_ids(["clip0", "clip1", "clip2"]):
        assert clip.path.read_bytes() == originals[clip.id]
        assert clip.path.with_suffix(".jpg").read_bytes().endswith(clip.id.encode())
        assert clip.label == f"at {clip.id}"
    assert good.path.exists()
    assert not list(home.media.rglob(".*"))
    # It is copied no second time.
    assert (
        await restore.restore(home.store, home.place, home.media, [home.media])
    ).present == 3
    await home.copy_all()
    assert (await home.store.status(TARGET)).copied == 3


async def test_no_way_home(home: House) -> None:
    """What has no place at home is told of; a link there is no clip, and is let be."""
    await saved(home, 2)
    clips = await home.queries.of_ids(["clip0", "clip1"])
    contents = [clip.path.read_bytes() for clip in clips]
    folder = clips[0].path.parent
    away = folder.rename(home.media / "away")
    folder.write_text("no folder")
    back = await restore.restore(home.store, home.place, home.media, [home.media])
    assert not back.clips
    assert {type(err) for err in back.failed.values()} == {DiskError}
    assert folder.read_text() == "no folder"
    folder.unlink()
    away.rename(folder)
    (other := home.media / "other.mp4").write_bytes(contents[0])
    clips[0].path.unlink()
    clips[0].path.symlink_to(other)
    back = await restore.restore(home.store, home.place, home.media, [home.media])
    assert (back.present, back.failed) == (1, {})
    assert back.clips[0].path == folder / "clip0_2.mp4"
    assert back.clips[0].path.read_bytes() == contents[0]
    assert clips[0].path.is_symlink()
    # What is away is compared with nothing.
    await Pruning(home.queries).delete(back.clips, [home.media])
    found = await restore.verify(home.store, home.place, ["clip0", "clip1"])
    assert (found.ok, found.missing, found.differing) == (1, [], [])


async def test_new_home(tmp_path: Path, target: S3Target, home: House) -> None:
    """A new Home Assistant with an empty disk has all clips again, with all about them."""
    await saved(home)
    before = await home.queries.of_ids(["clip0", "clip1", "clip2"])
    assert await restore.instances(target) == {home.place.instance_id}
    new = tmp_path / "new"
    new.mkdir()
    async with house(
        new, target, crypt=home.place.crypt, instance_id=home.place.instance_id
    ) as fresh:
        records = [one async for one in restore.catalogue(fresh.place)]
        assert {one.sidecar.clip.id for one in records} == {"clip0", "clip1", "clip2"}
        everything = await restore.restore(
            fresh.store, fresh.place, fresh.media, [fresh.media]
        )
        assert (len(everything.clips), everything.present) == (3, 0)
        for clip in everything.clips[:2]:
            clip.path.unlink()
        rest = await restore.restore(
            fresh.store, fresh.place, fresh.media, [fresh.media]
        )
        assert (len(rest.clips), rest.present) == (2, 1)
        after = await fresh.queries.of_ids(["clip0", "clip1", "clip2"])
        for old, now in zip(before, after, strict=True):
            moved = fresh.media / old.path.relative_to(home.media)
            assert now.path == moved
            assert now == replace(old, path=moved, modified_ns=now.modified_ns)


async def test_hostile_store(home: House, tmp_path: Path) -> None:
    """What somebody else put there reaches nothing outside, and nothing is taken for it."""
    await saved(home, 1)
    name = home.place.object_name("clip_download/front/clip0", ".json")
    good = await home.place.read_small(name, 10**6)
    evil = json.loads(good)
    for number, path in enumerate(("../../evil", "/evil", "a/../../evil", "x" * 5000)):
        record = {**evil, "path": path, "clip_id": f"evil{number}"}
        content = home.place.content(BytesContent(json.dumps(record).encode()))
        await home.target.put(home.place.object_name(path, ".json"), content)
    for number, junk in enumerate((b"", b"{}", b"[" * 100_000, b"\xff", b"x" * 10**6)):
        await home.target.put(
            home.place.object_name(f"junk{number}", ".json"), BytesContent(junk)
        )
    big = home.place.content(BytesContent(b"x" * 2000))
    await home.target.put(
        home.place.object_name("clip_download/front/clip0", ".mp4"), big
    )
    (clip,) = await home.queries.of_ids(["clip0"])
    clip.path.unlink()
    restored = await restore.restore(home.store, home.place, home.media, [home.media])
    assert not restored.clips
    assert isinstance(restored.failed["clip_download/front/clip0"], DamagedCopyError)
    assert not list(tmp_path.rglob("*evil*"))
    assert not [p for p in home.media.rglob("*") if p.name.startswith(".")]


async def test_retention(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies go by age and by size, the oldest first; those of kept clips stay."""
    # More than are looked at in one go.
    monkeypatch.setattr(copy_store, "AT_ONCE", 2)
    ids = await saved(home, 6)
    await Pruning(home.queries).keep(["clip0"], [home.media], kept=True)
    await home.copy_all()
    limits = CopyLimits(keep_days=4.5)
    pruned = await prune(home.store, home.place, limits, NOW)
    assert [copy.clip_id for copy in pruned.gone] == ["clip1"]
    limits = CopyLimits(most_bytes=3500)
    pruned = await prune(home.store, home.place, limits, NOW)
    assert [copy.clip_id for copy in pruned.gone] == ["clip2", "clip3"]
    left = await home.store.of_clips(TARGET, ids)
    assert {copy.clip_id for copy in left} == {"clip0", "clip4", "clip5"}
    assert len(await home.there()) == 9
    assert (await home.store.status(TARGET)).copied_bytes == 3000
    # They are not copied again, whatever becomes of them at home.
    await Pruning(home.queries).label("clip2", [home.media], "other")
    await home.store.set_target(TARGET, Rule(delete_with_clip=True))
    await home.copy_all(limits=limits)
    assert len(await home.there()) == 9
    # But one that is kept is, and stays from then on.
    await Pruning(home.queries).keep(["clip2", "clip4"], [home.media], kept=True)
    begun_at = datetime.now(UTC)
    pruned = await prune(home.store, home.place, CopyLimits(keep_days=0), NOW)
    assert [copy.clip_id for copy in pruned.gone] == ["clip5"]
    waiting_since = (await home.store.status(TARGET)).waiting_since
    assert waiting_since
    assert waiting_since >= begun_at - timedelta(seconds=1)
    await home.copy_all(limits=CopyLimits(keep_days=0))
    assert not (await prune(home.store, home.place, CopyLimits(keep_days=0), NOW)).gone
    assert len(await home.there()) == 9
    # What is too old to stay is not begun.
    await home.save("ancient", saved_at=NOW - timedelta(days=99))
    await home.store.drain()
    await prune(home.store, home.place, CopyLimits(keep_days=0), NOW)
    assert await home.is_done()
    assert len(await home.there()) == 9


async def test_retention_is_raised(
    home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was deleted there is copied again, the newest first, as far as there is room."""
    # More than are looked at in one go.
    monkeypatch.setattr(copy_store, "AT_ONCE", 2)
    ids = await saved(home, 6)

    async def copied(
        keep_days: float | None = None, most_bytes: int | None = None
    ) -> set[str]:
        if keep_days is not None:
            # The worker looks at the clock.
            keep_days += (datetime.now(UTC) - NOW) / timedelta(days=1)
        limits = CopyLimits(keep_days=keep_days, most_bytes=most_bytes)
        await prune(home.store, home.place, limits, datetime.now(UTC))
        await home.copy_all(limits=limits)
        left = await home.store.of_clips(TARGET, ids)
        assert len(await home.there()) == 3 * len(left)
        return {copy.clip_id for copy in left}

    await home.copy_all()
    assert await copied(most_bytes=1500) == {"clip5"}
    # There is room for half of another one.
    assert await copied(most_bytes=1999) == {"clip5"}
    assert await copied(most_bytes=5000) == set(ids[1:])
    assert await copied(keep_days=2.5) == {"clip5", "clip4"}
    # One that is gone at home has nothing to be copied.
    (clip,) = await home.queries.of_ids(["clip1"])
    await Pruning(home.queries).delete([clip], [home.media])
    assert await copied(keep_days=5.5) == {"clip5", "clip4", "clip3", "clip2"}
    assert await copied() == {"clip5", "clip4", "clip3", "clip2", "clip0"}


async def test_locked(tmp_path: Path, proxy: Proxy, target: S3Target) -> None:
    """What the store does not let go of is asked for again once its lock has ended."""
    async with s3_target(proxy.url, bucket="locks") as locked:
        await make_bucket(locked, ObjectLockEnabledForBucket=True)
        await locked._client.put_object_lock_configuration(
            Bucket="locks",
            ObjectLockConfiguration={
                "ObjectLockEnabled": "Enabled",
                "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 5}},
            },
        )
        async with house(tmp_path, locked) as home:
            await saved(home)
            limits = CopyLimits(keep_days=0)
            pruned = await prune(home.store, home.place, limits, NOW)
            assert (len(pruned.gone), len(pruned.locked)) == (0, 3)
            proxy.seen.clear()
            pruned = await prune(home.store, home.place, limits, NOW)
            assert not pruned.locked
            assert not proxy.seen
            assert (await home.store.status(TARGET)).locked == 3
            assert len(await home.there()) == 9
            # The store says when.
            locked_for = datetime.now(UTC) - NOW + timedelta(days=5)
            early = NOW + locked_for - timedelta(hours=1)
            proxy.seen.clear()
            assert not (await prune(home.store, home.place, limits, early)).locked
            assert not proxy.seen
            later = NOW + locked_for + timedelta(hours=1)
            pruned = await prune(home.store, home.place, limits, later)
            assert [copy.was_locked for copy in pruned.locked] == [True] * 3
            # It is not so yet by its own clock, and is left alone for a day.
            proxy.seen.clear()
            soon = later + timedelta(hours=1)
            assert not (await prune(home.store, home.place, limits, soon)).locked
            assert not proxy.seen
            # Other options are a reason to ask again; the same ones are none.
            await home.store.set_target(TARGET, Rule(), "other")
            assert (await home.store.status(TARGET)).locked == 0
            assert len((await prune(home.store, home.place, limits, soon)).locked) == 3
            await home.store.set_target(TARGET, Rule(), "other")
            assert (await home.store.status(TARGET)).locked == 3
            # What leaves with its clip is tried again, too.
            await home.store.set_target(TARGET, Rule(delete_with_clip=True))
            clips = await home.queries.of_ids(["clip0"])
            await Pruning(home.queries).delete(clips, [home.media])
            await home.copy_all()
            (copy,) = await home.store.of_clips(TARGET, ["clip0"])
            assert copy.state is CopyState.LEAVING
            next_try = await home.store.next_try(TARGET)
            assert next_try
            assert abs(next_try - NOW - locked_for) < timedelta(minutes=10)


async def test_lock_that_ends(tmp_path: Path, proxy: Proxy, target: S3Target) -> None:
    """What the store lets go of after its lock is gone, and forgotten."""
    async with s3_target(proxy.url, bucket="unlocks") as locked:
        await make_bucket(locked, ObjectLockEnabledForBucket=True)
        async with house(tmp_path, locked) as home:
            await saved(home, 2)
            client = locked._client
            name = "clip_download/front/clip0"
            held = home.place.object_name(name, ".json")
            key = f"{locked._prefix}{held}"
            await client.put_object_legal_hold(
                Bucket="unlocks", Key=key, LegalHold={"Status": "ON"}
            )
            limits = CopyLimits(keep_days=0)
            pruned = await prune(home.store, home.place, limits, NOW)
            assert (len(pruned.gone), len(pruned.locked)) == (1, 1)
            await client.put_object_legal_hold(
                Bucket="unlocks", Key=key, LegalHold={"Status": "OFF"}
            )
            # Nobody says when a legal hold ends.
            for hours, gone in ((23, 0), (25, 1)):
                now = NOW + timedelta(hours=hours)
                pruned = await prune(home.store, home.place, limits, now)
                assert (len(pruned.gone), pruned.locked) == (gone, [])
            assert await home.there() == {}
            assert (await home.store.status(TARGET)).locked == 0


async def test_nothing_is_to_be_seen(tmp_path: Path, target: S3Target) -> None:
    """The owner of the store sees sizes and times, and somebody else's tool decrypts all."""
    key = pyrage.x25519.Identity.from_str(IDENTITY)
    assert str(key.to_public()) == Crypt(IDENTITY).recipient
    async with house(tmp_path, target, crypt=Crypt(IDENTITY)) as home:
        clip = await home.save("secret", content=os.urandom(17 * 2**20))
        await home.copy_all()
        found = {}
        async for one in target.list():
            async with target.read(one.name) as pieces:
                content = b"".join([piece async for piece in pieces])
            head = await target._client.head_object(**target._named(one.name))
            seen = f"{one.name} {head['Metadata']} {content!r}"
            for word in ("secret", "front", "clip_download", clip.sha256):
                assert word not in seen
            found[one.name] = pyrage.decrypt(content, [key])
        contents = sorted(found.values(), key=len)
        assert contents[-1] == clip.path.read_bytes()
        assert b"picture of secret" in contents
        sidecar = json.loads(next(one for one in contents if one[:1] == b"{"))
        assert sidecar["path"] == "clip_download/front/secret"
        # With another key, nothing comes of it.
        other = CopyPlace(target, TARGET, home.place.instance_id, Crypt(new_identity()))
        with pytest.raises(UndecryptableError):
            _ = [one async for one in restore.catalogue(other)]


@pytest.mark.parametrize("size_bytes", [0, 1, 65535, 65536, 65537, 300_000])
async def test_format(size_bytes: int) -> None:
    """What we encrypt, age decrypts; and the other way round; and nothing that was changed."""
    crypt = Crypt(IDENTITY)
    key = pyrage.x25519.Identity.from_str(IDENTITY)
    content = os.urandom(size_bytes)
    encrypted = crypt.encrypted(BytesContent(content))
    ours = encrypted.read_at(0, 2**30)
    assert len(ours) == encrypted.size_bytes
    assert pyrage.decrypt(ours, [key]) == content
    parts = [encrypted.read_at(at, 70_001) for at in range(0, len(ours), 70_001)]
    assert b"".join(parts) == ours

    async def decrypted(text: bytes) -> bytes:
        async def pieces() -> AsyncIterator[bytes]:
            for at in range(0, len(text), 1000):
                yield text[at : at + 1000]

        return b"".join([piece async for piece in crypt.decrypted(pieces())])

    theirs = pyrage.encrypt(content, [key.to_public()])
    assert await decrypted(ours) == await decrypted(theirs) == content
    for wrong in (ours[:-1], ours + b"x", b"x" + ours, b"", ours[:100], b"a" * 20_000):
        with pytest.raises(UndecryptableError):
            await decrypted(wrong)
    for at in (30, 80, len(ours) - 20):
        changed = bytearray(ours)
        changed[at] ^= 1
        with pytest.raises(UndecryptableError):
            await decrypted(bytes(changed))
    for typo in ("", IDENTITY[:-1], IDENTITY.replace("1", "2"), crypt.recipient):
        with pytest.raises(ValueError, match=r"key|subs"):
            Crypt(typo)


def test_states() -> None:
    """The names of states are in people's databases."""
    assert [*CopyState] == ["waiting", "copied", "changed", "leaving", "pruned"]


def output_of(command: list[str], **how: Any) -> bytes:
    """Run a program that succeeds; return what it writes."""
    done = subprocess.run(command, capture_output=True, check=True, **how)
    output: bytes = done.stdout
    return output


async def test_the_real_tool(tmp_path: Path, target: S3Target) -> None:
    """The program `age` decrypts what is copied, by the page's commands, and the other way."""
    age = shutil.which("age")
    if age is None:
        pytest.skip("age is not installed (Debian's package `age`)")
    page = (Path(__file__).parents[3] / "docs" / "off-site.md").read_text()
    commands = re.findall(r"^age --decrypt [^#\n]*", page, re.MULTILINE)
    assert len(commands) == 2
    crypt = Crypt(IDENTITY)
    async with house(tmp_path, target, crypt=crypt) as home:
        clip = await home.save("clip0", size_bytes=200_000)
        await home.copy_all()
        work = tmp_path / "work"
        work.mkdir()
        (work / "key.txt").write_text(f"{IDENTITY}\n")
        for name in await home.there():
            async with home.target.read(f"{home.place.folder}{name}") as pieces:
                content = b"".join([piece async for piece in pieces])
            (work / f"copy.{'.'.join(name.split('.')[1:])}").write_bytes(content)
        outputs = [output_of(["sh", "-c", command], cwd=work) for command in commands]
        assert json.loads(outputs[0])["path"] == "clip_download/front/clip0"
        assert (work / "clip.mp4").read_bytes() == clip.path.read_bytes()
    # What it encrypts, for us and in pieces of any size.
    for size_bytes in (0, 1, 65536, 65537, 200_000):
        clear = os.urandom(size_bytes)
        sealed = output_of([age, "--recipient", crypt.recipient], input=clear)

        async def sent(content: bytes = sealed) -> AsyncIterator[bytes]:
            for offset in range(0, len(content), 10_000):
                yield content[offset : offset + 10_000]

        opened = [piece async for piece in crypt.decrypted(sent())]
        assert b"".join(opened) == clear
