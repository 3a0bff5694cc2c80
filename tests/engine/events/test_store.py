"""The event store: what was seen, is wanted, is saved, in a real database."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from custom_components.clip_download.engine.errors import NoFootageError
from custom_components.clip_download.engine.events.store import EventStore, Wanted
from custom_components.clip_download.engine.library.database import Library
from custom_components.clip_download.engine.model import Event, EventKind
from custom_components.clip_download.engine.time_range import Window

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def event(event_id: str, start_s: float = 0, *, is_ready: bool = True) -> Event:
    """Return a ring of two seconds."""
    start = NOON + start_s * SECOND
    window = Window(start, start + 2 * SECOND)
    return Event(id=event_id, kind=EventKind.DING, window=window, is_ready=is_ready)


@pytest.fixture
async def library(tmp_path: Path) -> AsyncIterator[Library]:
    """Return an empty library."""
    opened = await Library(tmp_path / "clips.db").open()
    yield opened
    await opened.close()


@pytest.fixture
def store(library: Library) -> EventStore:
    """Return an empty store."""
    return EventStore(library, "account")


async def wanted(
    store: EventStore, now: datetime = NOON, *, ready_only: bool = True, most: int = 9
) -> list[Wanted]:
    """Return what is wanted of the camera."""
    return await store.wanted(now, ["front"], ready_only=ready_only, most=most)


async def test_new(store: EventStore) -> None:
    """Each event is new once; ids that no float tells apart are two."""
    first, second = event(str(2**53)), event(str(2**53 + 1))
    assert await store.update_known("front", [first, first]) == ([first], [])
    await store.add("front", [first], wanted=set())
    assert await store.update_known("front", [second, first, second]) == ([second], [])
    # Another camera's, another account's, may have the same id.
    assert await store.update_known("back", [first]) == ([first], [])


async def test_what_is_known_is_kept_up_to_date(store: EventStore) -> None:
    """What is listed later says more: it is never less ready, nor shorter."""
    early = event("1", is_ready=False)
    early = replace(early, window=Window(NOON, NOON))
    await store.add("front", [early], wanted={"1"})
    assert await store.awaited("front") == [early]
    assert await wanted(store) == []
    later = replace(event("1"), seen=("person", "vehicle"))
    for told in (later, early, replace(early, seen=("person",))):
        assert await store.update_known("front", [told]) == ([], [])
        (one,) = await wanted(store)
        assert one == Wanted(camera_id="front", event=later, tries=0)
    assert await store.awaited("front") == []
    after = NOON + SECOND
    assert await store.last_saved_end("front", after) == later.window.end
    assert await store.last_saved_end("front", NOON) is None
    assert await store.last_saved_end("back", after) is None


async def test_what_was_only_seen_and_says_more(
    store: EventStore, library: Library
) -> None:
    """It is told apart until it is kept, so that a kill in between loses nothing."""
    early = event("1", is_ready=False)
    await store.add("front", [early], wanted=set())
    later = replace(event("1"), seen=("person",))
    for told in (later, later):
        assert await store.update_known("front", [told]) == ([], [(early, later)])
    assert await store.update_known("front", [event("1")]) == ([], [])
    # Somebody saves it meanwhile.
    await library.change(
        lambda database: database.execute("UPDATE events SET state = 'saved'")
    )
    await store.add("front", [later], wanted={"1"})
    assert await wanted(store) == []
    await library.change(
        lambda database: database.execute("UPDATE events SET state = 'seen'")
    )
    await store.add("front", [later], wanted={"1"})
    assert await wanted(store) == [Wanted(camera_id="front", event=later, tries=0)]


async def test_wanted(store: EventStore) -> None:
    """The oldest come first, of these cameras, and none before its time."""
    events = [event(str(n), -n, is_ready=n != 2) for n in range(4)]
    await store.add("front", events, wanted={"0", "1", "2", "3"})
    await store.add("back", [event("4", -4)], wanted={"4"})
    await store.add("front", [event("seen")], wanted=set())
    found = await wanted(store)
    assert [one.event.id for one in found] == ["3", "1", "0"]
    assert [one.event.id for one in await wanted(store, most=2)] == ["3", "1"]
    found = await wanted(store, ready_only=False)
    assert [one.event.id for one in found] == ["3", "2", "1", "0"]

    await store.postpone(found[:1], NOON + 60 * SECOND)
    await store.give_up(found[2:], NoFootageError("no_footage"))
    await store.set_ready("front", [events[2]])
    assert [one.event.id for one in await wanted(store)] == ["2"]
    found = await wanted(store, NOON + 60 * SECOND)
    assert [(one.event.id, one.tries) for one in found] == [("3", 1), ("2", 0)]
    await store.forget_wanted("front")
    assert await wanted(store, NOON + 60 * SECOND) == []
    # What was given up and forgotten is known for good.
    assert await store.update_known("front", events) == ([], [])


async def test_polled_until(store: EventStore, library: Library) -> None:
    """Each camera of each account was polled at a moment of its own."""
    assert await store.polled_until("front") is None
    for until in (NOON, NOON + timedelta(milliseconds=1)):
        await store.set_polled_until("front", until)
        assert await store.polled_until("front") == until
    assert await store.polled_until("back") is None
    assert await EventStore(library, "other").polled_until("front") is None


@pytest.mark.parametrize("saved_of", ["old", "new"])
async def test_move_camera(store: EventStore, library: Library, saved_of: str) -> None:
    """What is kept of a camera is its new id's, once, however often it is moved."""
    for camera_id in ("old", "new"):
        both = event("both", 1)
        await store.add(camera_id, [both, event(camera_id, 2)], wanted={camera_id})
    await library.change(
        lambda database: database.execute(
            "UPDATE events SET state = 'saved' WHERE camera_id = ? AND id = 'both'",
            (saved_of,),
        )
    )
    await store.set_polled_until("old", NOON)
    await store.set_polled_until("new", NOON + SECOND)
    other = EventStore(library, "other")
    await other.add("old", [event("theirs")], wanted=set())

    for _ in range(2):
        await store.move_camera("old", "new")
        await store.move_camera("new", "new")
        rows = await library.read(
            "SELECT id, state FROM events WHERE account_id = 'account' "
            "AND camera_id = 'new' ORDER BY id"
        )
        assert [tuple(row) for row in rows] == [
            *(("both", "saved"), ("new", "wanted"), ("old", "wanted"))
        ]
        assert await store.polled_until("new") == NOON
        assert await store.polled_until("old") is None
    assert await store.update_known("old", [old := event("old", 2)]) == ([old], [])
    assert await other.update_known("old", [event("theirs")]) == ([], [])


async def test_move_camera_that_is_not_known(store: EventStore) -> None:
    """Nothing to move is no error, and takes nothing from the new one."""
    await store.add("new", [event("1")], wanted={"1"})
    await store.set_polled_until("new", NOON)
    await store.move_camera("old", "new")
    assert await store.polled_until("new") == NOON
    rows = await store.wanted(NOON, ["new"], ready_only=True, most=9)
    assert [one.event.id for one in rows] == ["1"]
    await store.move_camera("nobody", "neither")
    assert await store.polled_until("neither") is None
