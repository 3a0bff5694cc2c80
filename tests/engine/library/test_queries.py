"""What the pages of the library ask: over a real database, and whatever size it has."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
import sqlite3
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.clip_download.engine.errors import StorageError
from custom_components.clip_download.engine.folder import File, Folder
from custom_components.clip_download.engine.library import sidecar
from custom_components.clip_download.engine.library.database import Library
from custom_components.clip_download.engine.library.queries import (
    MOST_WORDS,
    ClipQueries,
)
from custom_components.clip_download.engine.model import Clip, ClipStatus, Event
from custom_components.clip_download.engine.time_range import Window

from .test_database import CLIP

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def clip(
    name: str,
    *,
    at: timedelta = timedelta(0),
    camera: str = "front",
    account: str = "a",
    kinds: Sequence[str] = (),
    folder: Path = Path("/media"),
    label: str = "",
    status: ClipStatus = ClipStatus.COMPLETE,
    kept: bool = False,
) -> Clip:
    """Return a clip of half a minute, so long after noon."""
    window = Window(NOON + at, NOON + at + timedelta(seconds=30))
    return replace(
        CLIP,
        id=name,
        account_id=account,
        account_name=f"Account {account}",
        camera_id=camera,
        camera_name=camera.capitalize(),
        window=window,
        path=folder / f"{name}.mp4",
        label=label,
        status=status,
        kept=kept,
        size_bytes=100,
        saves=tuple(Event(id=kind, kind=kind, window=window) for kind in kinds),
    )


@pytest.fixture
async def library(tmp_path: Path) -> AsyncIterator[Library]:
    """Open a new library, of cameras in Berlin."""
    library = await Library(tmp_path / "clips.db", BERLIN).open()
    yield library
    await library.close()


@pytest.fixture
def catalog(library: Library) -> ClipQueries:
    """Return what the library's pages ask."""
    return ClipQueries(library)


async def counts(library: Library, table: str) -> list[tuple[Any, ...]]:
    """Return the rows of a table that counts clips."""
    rows = await library.read(f"SELECT * FROM {table} ORDER BY 1, 2, 3")  # noqa: S608
    return [tuple(row) for row in rows]


async def put(library: Library, *clips: Clip) -> None:
    """Record clips."""

    def write(database: sqlite3.Connection) -> None:
        for one in clips:
            library.put_clip(database, one)

    await library.change(write)


def names(clips: Sequence[Clip]) -> list[str]:
    """Return the ids of clips."""
    return [one.id for one in clips]


async def test_accounts_and_cameras(library: Library, catalog: ClipQueries) -> None:
    """Each is counted, named as it was last, and gone with its last clip."""
    hour = timedelta(hours=1)
    renamed = replace(
        clip("b3", camera="yard", account="b", at=2 * hour),
        camera_name="Back yard",
        account_name="Cabin",
        source="meraki",
    )
    await put(
        library,
        clip("a1"),
        clip("a2", at=hour),
        clip("a3", camera="door", at=-hour),
        clip("b1", camera="yard", account="b"),
        clip("b2", camera="yard", account="b", at=hour),
        renamed,
    )
    accounts = await catalog.accounts()
    assert [(page.id, page.name) for page in accounts] == [
        ("a", "Account a"),
        ("b", "Cabin"),
    ]
    assert [
        (page.id, page.name, page.latest.id) for page in await catalog.cameras("a")
    ] == [("door", "Door", "a3"), ("front", "Front", "a2")]
    (yard,) = await catalog.cameras("b")
    assert (yard.name, yard.latest) == ("Back yard", renamed)
    assert await counts(library, "cameras") == [
        ("a", "door", 1, 100),
        ("a", "front", 2, 200),
        ("b", "yard", 3, 300),
    ]
    assert await catalog.total_size() == 600
    assert await catalog.total_size("b") == 300
    assert await catalog.total_size("c") == 0
    assert await catalog.cameras("c") == []

    await catalog.remove(["b1", "b2", "b3", "nothing"])
    assert [page.id for page in await catalog.accounts()] == ["a"]
    assert await catalog.total_size() == 300


async def test_a_replaced_clip_is_counted_once(
    library: Library, catalog: ClipQueries
) -> None:
    """What takes a clip's id or its path takes its place in every count."""
    await put(library, clip("a1"))
    await put(library, replace(clip("a1"), size_bytes=7))
    await put(library, replace(clip("a2"), path=clip("a1").path, size_bytes=9))
    assert await counts(library, "cameras") == [("a", "front", 1, 9)]
    assert await counts(library, "days") == [("a", "front", "2026-11-21", 1)]
    (day,) = await catalog.days("a", "front", most=5)
    assert day.latest.id == "a2"


async def test_days(library: Library, catalog: ClipQueries) -> None:
    """The newest come first; a clip is of the day on which it begins, there."""
    day = timedelta(days=1)
    # 23:30 UTC is half past midnight there.
    late = clip("late", at=timedelta(hours=11, minutes=30))
    await put(
        library,
        clip("d1"),
        clip("d2", at=timedelta(hours=1)),
        late,
        clip("d0", at=-day),
        clip("d9", at=-9 * day),
        clip("x", camera="door", at=3 * day),
    )
    days = await catalog.days("a", "front", most=3)
    assert [(page.day, page.latest.id) for page in days] == [
        ("2026-11-22", "late"),
        ("2026-11-21", "d2"),
        ("2026-11-20", "d0"),
    ]
    (rest,) = await catalog.days("a", "front", before=days[-1].day, most=3)
    assert rest.day == "2026-11-12"
    assert await catalog.days("a", "front", before=rest.day, most=3) == []


async def test_clips_of_a_day(library: Library, catalog: ClipQueries) -> None:
    """They come page by page, newest first, each once though they begin together."""
    some = [
        clip(f"n{number}", at=timedelta(minutes=number // 2)) for number in range(9)
    ]
    await put(library, *some, clip("other", at=timedelta(days=1)))
    pages = [
        await catalog.clips_of_day("a", "front", "2026-11-21", offset=offset, most=4)
        for offset in (0, 4, 8, 12)
    ]
    assert [len(page) for page in pages] == [4, 4, 1, 0]
    assert [one for page in pages for one in page] == list(reversed(some))
    assert await catalog.clip("n3") == some[3]
    assert await catalog.clip("gone") is None
    assert await catalog.clip_at("/media/n4.mp4") == some[4]
    assert await catalog.clip_at("/media/gone.mp4") is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("front", ["f2", "f1"]),
        ("FRONT bell", ["f1"]),
        ("ding", ["f1"]),
        ("person", ["h1"]),
        ("HAUSTÜR", ["h1"]),
        ("2026-11-22", ["f2"]),
        ("2026-11", ["f2", "h1", "f1"]),
        ("partial", ["f2"]),
        ("kept", ["h1"]),
        ("kept front", []),
        ("", ["f2", "h1", "f1"]),
        ("100%", []),
        ("' OR 1 --", []),
        ("fro_t", []),
    ],
)
async def test_search(
    library: Library, catalog: ClipQueries, text: str, found: list[str]
) -> None:
    """Every word has to be there, as a piece of what is known; nothing is a pattern."""
    person = clip(
        "h1", camera="h", at=timedelta(minutes=1), kinds=["motion"], kept=True
    )
    await put(
        library,
        clip("f1", label="Bell", kinds=["ding"]),
        replace(
            person,
            camera_name="Haustür",
            saves=(replace(person.saves[0], seen=("person",)),),
        ),
        clip("f2", at=timedelta(days=1), status=ClipStatus.PARTIAL),
    )
    assert names(await catalog.search(text, most=9)) == found
    assert names(await catalog.search(text, most=1)) == found[:1]


async def test_search_among_some_cameras(
    library: Library, catalog: ClipQueries
) -> None:
    """Only the cameras that somebody may see, or is looking at, count towards the page."""
    odd = 'y"ard, the ü'
    await put(
        library,
        *(clip(f"f{n}", at=timedelta(minutes=n)) for n in range(5)),
        clip("d", camera="door"),
        clip("b", account="b"),
        clip("o", camera=odd),
    )
    assert names(await catalog.search("", cameras=[("a", "door")], most=1)) == ["d"]
    assert names(await catalog.search("front", cameras=[("b", "front")], most=9)) == [
        "b"
    ]
    assert names(await catalog.search("", cameras=[("a", odd)], most=9)) == ["o"]
    both = await catalog.search("", cameras=[("a", "door"), ("b", "front")], most=9)
    assert {one.id for one in both} == {"d", "b"}
    assert await catalog.search("", cameras=[], most=9) == []


async def test_oldest_first(library: Library, catalog: ClipQueries) -> None:
    """What may be let go of comes as it was saved, some at a time, but for what is kept."""

    def saved(one: Clip, minutes: int) -> Clip:
        return replace(one, saved_at=NOON + timedelta(minutes=minutes))

    # What was saved last may show an earlier time.
    some = [saved(clip(f"n{n}", at=-timedelta(hours=n)), n // 2) for n in range(7)]
    await put(
        library,
        *some,
        saved(clip("kept", kept=True), -9),
        saved(clip("b", account="b"), -1),
    )
    assert names(await catalog.oldest_first(most=2)) == ["b", "n0"]
    got: list[Clip] = []
    while page := await catalog.oldest_first(
        "a", after=got[-1] if got else None, most=3
    ):
        got += page
    assert got == some


async def test_in_window(library: Library, catalog: ClipQueries) -> None:
    """All that shares time with the window, however many pages it takes."""
    minute = timedelta(minutes=1)
    some = [clip(f"n{n:04}", at=n * minute) for n in range(1100)]
    long = replace(
        clip("long", label="tour", kept=True),
        window=Window(NOON - 20 * 60 * minute, NOON),
    )
    await put(library, *some, long, clip("b", account="b", label="tour"))

    async def chosen(**choice: object) -> list[str]:
        return [one.id async for one in catalog.in_window(**choice)]  # type: ignore[arg-type]

    assert await chosen(account_id="a", camera_id="front") == ["long", *names(some)]
    assert await chosen(label="tour") == ["long", "b"]
    assert await chosen(label="tour", account_id="b", kept=False) == ["b"]
    assert await chosen(kept=True) == ["long"]
    half = Window(NOON + 2.25 * minute, NOON + 4 * minute)
    assert await chosen(window=half, camera_id="front") == ["n0002", "n0003"]
    assert await chosen(window=Window(NOON - minute, NOON)) == ["long"]
    assert await chosen(window=Window(NOON + 30 * minute / 60, NOON + minute)) == []
    assert await chosen(camera_id="nothing") == []


async def test_keeping_is_written_beside_the_clip(
    library: Library, catalog: ClipQueries, tmp_path: Path
) -> None:
    """The table and the sidecar say the same; all else in the sidecar stays."""
    asked = Window(NOON - timedelta(minutes=9), NOON)
    one, two = clip("one", folder=tmp_path), clip("two", folder=tmp_path)
    await put(library, one, two)
    sidecar.write(Folder.open(one.path.parent), one, asked)
    # The sidecar of the other was deleted by hand: it is made again.
    done = await catalog.set_kept(["one", "two", "gone"], [tmp_path], kept=True)
    assert done == [replace(one, kept=True), replace(two, kept=True)]
    assert await catalog.kept_of(["one", "two", "gone"]) == ["one", "two"]
    assert await catalog.oldest_first(most=9) == []
    told = sidecar.read(File.at(sidecar.path_of(one.path)))
    assert (told.clip.kept, told.asked) == (True, asked)
    assert sidecar.read(File.at(sidecar.path_of(two.path))).clip.kept

    assert await catalog.set_kept(["one"], [tmp_path], kept=False) == [one]
    assert sidecar.read(File.at(sidecar.path_of(one.path))).asked == asked
    assert not sidecar.read(File.at(sidecar.path_of(one.path))).clip.kept
    assert await catalog.oldest_first(most=9) == [one]
    assert names(await catalog.search("kept", most=9)) == ["two"]


async def test_what_cannot_be_written_is_not_kept(
    library: Library, catalog: ClipQueries, tmp_path: Path
) -> None:
    """A sidecar that cannot be written is an error, and nobody believes it is kept."""
    away = clip("away", folder=tmp_path / "away", at=timedelta(minutes=1))
    here = clip("here", folder=tmp_path)
    await put(library, here, away)
    with pytest.raises(StorageError) as error:
        await catalog.set_kept(["here", "away"], [tmp_path], kept=True)
    assert error.value.key == "clip_not_marked"
    assert await catalog.kept_of(["here", "away"]) == ["here"]


async def test_a_foreign_sidecar_is_left_alone(
    library: Library, catalog: ClipQueries, tmp_path: Path
) -> None:
    """What lies where our sidecar should, and is not ours, is not written over."""
    one, two = clip("one", folder=tmp_path), clip("two", folder=tmp_path)
    await put(library, one, two)
    path = sidecar.path_of(one.path)
    path.write_text('{"mine": true}')
    other = replace(clip("other"), path=two.path)
    sidecar.write(Folder.open(other.path.parent), other, None)
    assert len(await catalog.set_kept(["one", "two"], [tmp_path], kept=True)) == 2
    assert path.read_text() == '{"mine": true}'
    assert sidecar.read(File.at(sidecar.path_of(two.path))).clip == replace(
        other, modified_ns=0
    )
    assert await catalog.kept_of(["one", "two"]) == ["one", "two"]
    assert {path.name for path in tmp_path.glob("*.json")} == {"one.json", "two.json"}
    assert not list(tmp_path.glob(".*"))


async def test_every_question_is_answered_by_an_index(
    library: Library, catalog: ClipQueries
) -> None:
    """No page and no search goes through all clips, nor sorts them."""
    await put(library, clip("a1"))
    asked: list[str] = []
    await library.change(
        lambda database: database.set_trace_callback(
            lambda query: asked.append(query) if "SELECT" in query else None
        )
    )
    await catalog.accounts()
    await catalog.cameras("a")
    await catalog.days("a", "front", most=9)
    await catalog.clips_of_day("a", "front", "2026-11-21", offset=5, most=9)
    await catalog.clip("a1")
    await catalog.clip_at("/media/a1.mp4")
    await catalog.search("front kept", cameras=[("a", "front")], most=9)
    await catalog.oldest_first(most=9)
    await catalog.oldest_first("a", after=clip("a0"), most=9)
    await catalog.total_size("a")
    await catalog.bytes_per_s()
    assert await library.last_saved_clip("a", "front")
    window = Window(NOON, NOON + timedelta(hours=1))
    assert [one async for one in catalog.in_window(window=window)]
    assert [
        one
        async for one in catalog.in_window(
            account_id="a", camera_id="front", window=window
        )
    ]
    await library.change(lambda database: database.set_trace_callback(None))
    assert len(asked) == 16
    for query in asked:
        plan = [
            row["detail"] for row in await library.read(f"EXPLAIN QUERY PLAN {query}")
        ]
        scans = [step for step in plan if step.startswith("SCAN")]
        sorts = [step for step in plan if "B-TREE" in step]
        # Of cameras and groups there are few, of days those of one camera, and of what
        # was found before as much as a page has.
        few = {"SCAN cameras", "SCAN days", "SCAN clip_groups", "SCAN (subquery-1)"}
        assert few.issuperset(scan for scan in scans if "VIRTUAL" not in scan), plan
        assert not sorts or "json_each" in query, (query, plan)


async def test_moved_camera(library: Library, catalog: ClipQueries) -> None:
    """A camera's clips are counted with those of its new id, and nowhere else."""
    day = timedelta(days=1)
    await put(
        library,
        clip("old", camera="old"),
        clip("older", camera="old", at=-day),
        clip("new", camera="new", at=timedelta(hours=1)),
        clip("other", camera="old", account="b"),
    )
    for _ in range(2):
        await library.move_camera("a", "old", "new")
        (page,) = await catalog.cameras("a")
        assert page.id == "new"
        assert await counts(library, "cameras") == [
            ("a", "new", 3, 300),
            ("b", "old", 1, 100),
        ]
        assert await counts(library, "days") == [
            ("a", "new", "2026-11-20", 1),
            ("a", "new", "2026-11-21", 2),
            ("b", "old", "2026-11-21", 1),
        ]
        assert [page.id for page in await catalog.cameras("b")] == ["old"]
    # What is removed from now on is counted out there.
    await catalog.remove(["old", "older", "new"])
    assert await catalog.cameras("a") == []
    assert await catalog.days("a", "new", most=9) == []


async def test_a_search_of_many_words(tmp_path: Path) -> None:
    """However much is typed, it is a search: of its first words."""
    library = await Library(tmp_path / "clips.db").open()
    one = clip("one", folder=tmp_path)
    await put(library, one)
    catalog = ClipQueries(library)
    for text in ("front " * 900, "front " * 100_000, "f" * 3):
        found = await catalog.search(text, most=9)
        assert found == ([one] if "front" in text else [])
    # As many as are looked for are looked for, all of them.
    words = ["front"] * (MOST_WORDS - 1)
    assert await catalog.search(" ".join([*words, "gate"]), most=9) == []
    await library.close()
