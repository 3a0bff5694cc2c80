"""Clips of which there are copies only: they are listed, found, and come home one by one."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
import sqlite3

import pytest

from custom_components.clip_download.engine.copies import restore
from custom_components.clip_download.engine.copies.away import AwayClips
from custom_components.clip_download.engine.copies.crypt import Crypt, new_identity
from custom_components.clip_download.engine.copies.store import (
    CopyState,
    Rule,
    put_away,
)
from custom_components.clip_download.engine.errors import ClipError
from custom_components.clip_download.engine.library.queries import Filter
from custom_components.clip_download.engine.library.reindex import (
    forget_missing,
    rebuild,
)
from custom_components.clip_download.engine.library.retention import Limits, Pruning
from custom_components.clip_download.engine.model import Clip
from custom_components.clip_download.engine.targets.base import (
    BytesContent,
    DamagedCopyError,
)
from custom_components.clip_download.engine.targets.s3 import S3Target
from tests.engine.library.test_queries import clip
from tests.stores import Proxy

from .house import TARGET, House, house
from .test_back import NOW, saved

IDENTITY = new_identity()


@pytest.fixture(params=["plain", "encrypted"])
async def home(
    tmp_path: Path, target: S3Target, request: pytest.FixtureRequest
) -> AsyncIterator[House]:
    """Open a house whose clips are copied as they are, or encrypted."""
    crypt = Crypt(IDENTITY) if request.param == "encrypted" else None
    async with house(tmp_path, target, crypt=crypt) as home:
        yield home


async def fetch(home: House, clip_id: str) -> Clip:
    """Fetch a clip as when it is played."""
    return await restore.fetch_one(
        home.store, home.place, clip_id, home.media, [home.media], now=NOW
    )


async def away_ids(home: House, chosen: Filter | None = None) -> list[str]:
    """Return the clips that are only copies, newest first."""
    clips = await AwayClips(home.store).newest_first(chosen or Filter(), most=100)
    return [one.id for one in clips]


async def test_retention_leaves_a_clip_that_can_be_played(
    home: House, proxy: Proxy
) -> None:
    """What retention deletes stays listed, takes no space, and comes back when played."""
    await saved(home)
    before = {one.id: one for one in await home.queries.of_ids(["clip0", "clip1"])}
    content = before["clip0"].path.read_bytes()
    pruning = Pruning(home.queries)
    limits: dict[str | None, Limits] = {None: Limits(keep_days=1.5)}
    await pruning.prune(limits, [home.media], NOW)
    assert await away_ids(home) == ["clip1", "clip0"]
    assert await home.queries.total_size() == 1000
    while await home.store.drain():
        pass
    # Neither a look at the files nor at all of them forgets it, and nothing is copied.
    away = AwayClips(home.store)
    assert await away.clip("clip0") == before["clip0"]
    await forget_missing(home.library, [home.media], [before["clip0"]])
    await rebuild(home.library, [home.media])
    await home.copy_all()
    assert await away_ids(home) == ["clip1", "clip0"]
    status = await home.store.status(TARGET)
    assert (status.waiting, status.copied) == (0, 3)
    proxy.seen.clear()
    clip = await fetch(home, "clip0")
    assert [method for method, _ in proxy.seen] == ["GET"] * 3
    assert clip.path == before["clip0"].path
    assert clip.path.read_bytes() == content
    assert clip == replace(before["clip0"], saved_at=NOW, modified_ns=clip.modified_ns)
    assert await home.queries.clip("clip0") == clip
    assert await away_ids(home) == ["clip1"]
    # It is at home now, and not asked for again, nor deleted at once.
    proxy.seen.clear()
    assert await fetch(home, "clip0") == clip
    assert not proxy.seen
    await pruning.prune(limits, [home.media], NOW)
    assert await home.queries.clip("clip0") == clip
    await home.copy_all()
    assert (await home.store.status(TARGET)).copied == 3
    assert len(await home.there()) == 9


async def test_new_home_lists_first(
    tmp_path: Path, target: S3Target, home: House, proxy: Proxy
) -> None:
    """A new Home Assistant has its library back without any footage."""
    await saved(home)
    before = await home.queries.of_ids(["clip0", "clip1", "clip2"])
    new = tmp_path / "new"
    new.mkdir()
    async with house(
        new, target, crypt=home.place.crypt, instance_id=home.place.instance_id
    ) as fresh:
        proxy.seen.clear()
        listed = await restore.relist(
            fresh.store, fresh.place, fresh.media, camera_of=lambda account, one: "new"
        )
        assert (len(listed.clips), listed.present) == (3, 0)
        assert not [path for _, path in proxy.seen if ".mp4" in path or ".jpg" in path]
        again = await restore.relist(fresh.store, fresh.place, fresh.media)
        assert (len(again.clips), again.present) == (0, 3)
        assert not list(fresh.media.rglob("*.*"))
        away = AwayClips(fresh.store)
        assert [one.id for one in await away.of_ids(one.id for one in before)] == [
            "clip0",
            "clip1",
            "clip2",
        ]
        await fresh.copy_all()
        status = await fresh.store.status(TARGET)
        assert (status.copied, status.copied_bytes, status.waiting) == (3, 3000, 0)
        assert (await fresh.store.made_of(["clip0", "x"])).keys() == {"clip0"}
        clip = await fetch(fresh, "clip1")
        assert clip.path == fresh.media / before[1].path.relative_to(home.media)
        assert clip.path.read_bytes() == before[1].path.read_bytes()
        assert await away_ids(fresh) == ["clip2", "clip0"]
        # All the others come at once, if asked for; one that is there is not read.
        rest = await restore.restore(
            fresh.store, fresh.place, fresh.media, [fresh.media]
        )
        assert (len(rest.clips), rest.present) == (2, 1)
        assert await away_ids(fresh) == []
        await fresh.copy_all()
        assert (await fresh.store.status(TARGET)).copied == 3


async def test_found_as_at_home(home: House) -> None:
    """Pages, filters and searches find what those of clips at home would."""
    for number in range(4):
        await home.save(
            f"clip{number}",
            number * 12,
            camera="front" if number % 2 else "back",
            label="door bell" if number < 2 else "cat",
        )
    await home.copy_all()
    queries, away = home.queries, AwayClips(home.store)
    clips = await queries.newest_first(Filter(), most=9)
    account_id = clips[0].account_id
    asked = [
        Filter(label="cat"),
        Filter(cameras=[(account_id, "front")]),
        Filter(window=clips[1].window),
        Filter(text=f"bell {clips[-1].window.start:%Y-%m-%d}"),
        Filter(text="front"),
        Filter(kept=True),
    ]
    found = [await queries.newest_first(one, most=9) for one in asked]
    pages = (
        await queries.accounts(),
        await queries.cameras(account_id),
        await queries.days(account_id, "front", most=9),
    )
    day = pages[2][0].day
    of_day = await queries.clips_of_day(account_id, "front", day, most=9)
    after = (clips[1].window.start_ms, clips[1].id)
    await Pruning(queries).delete(clips, [home.media])
    assert await queries.accounts() == []
    assert [await away.newest_first(one, most=9) for one in asked] == found
    assert all(map(len, found[:-1]))
    assert pages == (
        await away.accounts(),
        await away.cameras(account_id),
        await away.days(account_id, "front", most=9),
    )
    assert await away.clips_of_day(account_id, "front", day, most=9) == of_day
    assert await away.newest_first(Filter(), before=after, most=9) == clips[2:]
    assert await away.search("cat", most=1) == clips[:1]
    assert await away.days(account_id, "front", before=day, most=9) == pages[2][1:]
    await away.move_camera(account_id, "front", "porch")
    assert [page.id for page in await away.cameras(account_id)] == ["back", "porch"]


async def test_many_clips_are_away(home: House) -> None:
    """What SQLite does for a page does not grow with the clips that are away."""
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 1

    away, day = AwayClips(home.store), timedelta(days=1)

    async def lay(numbers: range) -> None:
        records = [
            home.library.record_of(
                clip(
                    f"{account} {camera} {number}",
                    at=number * day,
                    camera=camera,
                    account=account,
                )
            )
            for account in ("a", "b")
            for camera in ("back", "front")
            for number in numbers
        ]

        def put(database: sqlite3.Connection) -> None:
            for one in records:
                put_away(database, one)

        await home.store.change(put)

    async def look() -> list[int]:
        nonlocal steps
        taken = []
        front = Filter(cameras=[("a", "front")])
        for page in (
            away.accounts(),
            away.cameras("a"),
            away.days("a", "front", most=3),
            away.newest_first(Filter(), most=3),
            away.newest_first(front, most=3),
        ):
            steps = 0
            assert await page
            taken.append(steps)
        return taken

    await lay(range(10))
    await home.library.change(lambda database: database.set_progress_handler(count, 1))
    assert len(await away.accounts()) == 2
    few = await look()
    await lay(range(10, 300))
    many = await look()
    await home.library.change(lambda database: database.set_progress_handler(None, 1))
    assert all(now < 1.5 * then for now, then in zip(many, few, strict=True)), (
        few,
        many,
    )


async def test_gone_by_hand(home: House, proxy: Proxy) -> None:
    """A file that somebody deleted comes back under its name, beside its own files."""
    await saved(home)
    clips = await home.queries.of_ids(["clip0", "clip1", "clip2"])
    for one in clips[:2]:
        one.path.unlink()
    proxy.seen.clear()
    clip = await fetch(home, "clip0")
    assert clip == replace(clips[0], modified_ns=clip.modified_ns)
    assert (await fetch(home, "clip1")).path == clips[1].path
    # No list was asked for, and only what is of these two.
    assert len(proxy.seen) == 6
    assert sorted(path.name for path in clips[0].path.parent.iterdir()) == [
        f"clip{number}{ending}"
        for number in range(3)
        for ending in (".jpg", ".json", ".mp4")
    ]
    verified = [one async for one in home.queries.in_window()]
    assert {one.id for one in verified} == {"clip0", "clip1", "clip2"}
    proxy.seen.clear()
    all_of_them = await restore.restore(
        home.store, home.place, home.media, [home.media]
    )
    assert (all_of_them.present, all_of_them.clips) == (3, [])
    assert not [path for method, path in proxy.seen if ".json" in path]


async def test_what_is_no_copy(home: House) -> None:
    """What is not there, was changed, or is another clip's does not come home."""
    await saved(home, 2)
    clips = await home.queries.of_ids(["clip0", "clip1"])
    await home.save("clip9", 9)
    with pytest.raises(restore.NotCopiedError):
        await fetch(home, "nothing")
    await Pruning(home.queries).delete(clips, [home.media])
    name = "clip_download/front/clip"
    other = await home.place.read_small(
        home.place.object_name(f"{name}1", ".json"), 10**6
    )
    put = home.target.put
    await put(
        home.place.object_name(f"{name}0", ".json"),
        home.place.content(BytesContent(other)),
    )
    with pytest.raises(DamagedCopyError):
        await fetch(home, "clip0")
    await put(home.place.object_name(f"{name}0", ".json"), BytesContent(b"x"))
    with pytest.raises(ClipError):
        await fetch(home, "clip0")
    await put(
        home.place.object_name(f"{name}1", ".mp4"),
        home.place.content(BytesContent(b"x" * 1000)),
    )
    with pytest.raises(DamagedCopyError):
        await fetch(home, "clip1")
    assert not list(home.media.rglob("*clip[01]*"))
    assert await away_ids(home) == ["clip1", "clip0"]


async def test_forgotten_with_its_last_copy(tmp_path: Path, home: House) -> None:
    """A clip is listed as long as any copy is there, and deleted everywhere if so wanted."""
    await saved(home)
    clips = await home.queries.of_ids(["clip0", "clip1", "clip2"])
    await Pruning(home.queries).delete(clips, [home.media])
    while await home.store.drain():
        pass
    (copy,) = await home.store.of_clips(TARGET, ["clip0"])
    await home.store.leave([copy], CopyState.PRUNED)
    assert await away_ids(home) == ["clip2", "clip1"]
    await home.store.copy_again(await home.store.of_clips(TARGET, ["clip1"]))
    assert await away_ids(home) == ["clip2"]
    await home.store.forget_target(TARGET)
    assert await away_ids(home) == []
    await home.store.set_target(TARGET, Rule(delete_with_clip=True))
    await saved(home, 1)
    await Pruning(home.queries).delete(
        await home.queries.of_ids(["clip0"]), [home.media]
    )
    await home.copy_all()
    assert await away_ids(home) == []
    assert not [name for name in await home.there() if "clip0" in name]


async def test_deleted_while_it_is_copied(home: House) -> None:
    """A clip that is deleted while its copy is made is listed once that is there."""
    clip = await home.save("clip0")
    while await home.store.drain():
        pass
    due = await home.store.next_due(TARGET, NOW + timedelta(days=9999))
    assert due
    await Pruning(home.queries).delete([clip], [home.media])
    await home.store.finish(due, "")
    assert await away_ids(home) == ["clip0"]
    await home.record(clip)
    assert await away_ids(home) == []
