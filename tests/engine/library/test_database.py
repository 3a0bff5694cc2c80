"""The database of jobs and clips: a real file, closed and opened again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
import sqlite3
import threading

import pytest

from custom_components.clip_download.engine.errors import (
    BadAnswerError,
    CancelledJobError,
    ClipError,
    DiskError,
    InvalidRequestError,
    NoFootageError,
    NotReadyError,
    StorageError,
)
from custom_components.clip_download.engine.folder import Folder
from custom_components.clip_download.engine.library import schema, sidecar
from custom_components.clip_download.engine.library.database import (
    ENDED_JOBS_KEPT,
    Library,
)
from custom_components.clip_download.engine.library.reindex import rebuild
from custom_components.clip_download.engine.model import (
    Clip,
    ClipStatus,
    Clock,
    Codec,
    Event,
    EventKind,
    Job,
    JobState,
    MediaOptions,
)
from custom_components.clip_download.engine.time_range import Window, to_ms

NOW = datetime(2026, 11, 21, 13, tzinfo=UTC)
WINDOW = Window(NOW, NOW + timedelta(seconds=90))
CLIP = Clip(
    id="c1",
    job_id="j1",
    account_id="a",
    account_name="Ring a@b",
    source="ring",
    camera_id="9223372036854775809",
    camera_name="Haustür",
    window=WINDOW,
    duration_ms=90_000,
    label="bell",
    status=ClipStatus.PARTIAL,
    path=Path("/media/x.mp4"),
    size_bytes=2**33,
    sha256="ab" * 32,
    video_codec="h264",
    audio_codec=None,
    width=320,
    height=180,
    events=("7289369076883314527",),
    gaps=(Window(NOW, NOW + timedelta(seconds=5)),),
    saved_at=NOW,
)
JOB = Job(
    id="j1",
    account_id="a",
    camera_id=CLIP.camera_id,
    camera_name=CLIP.camera_name,
    window=WINDOW,
    asked_at=NOW,
    give_up_at=NOW + timedelta(minutes=10),
    root=Path("/media"),
    filename="x",
    label="bell",
    overwrite=True,
    media_options=MediaOptions(audio=False, timestamps=Clock.SERVER),
)


@pytest.fixture
async def library(tmp_path: Path) -> AsyncIterator[Library]:
    """Open a new library."""
    library = await Library(tmp_path / "clips.db").open()
    yield library
    await library.close()


async def test_a_job_survives_as_it_is(tmp_path: Path) -> None:
    """All that a job knows is there when the database is opened again."""
    path = tmp_path / "clips.db"
    library = await Library(path).open()
    await library.add_job(JOB)
    kept = replace(JOB, state=JobState.FINISHING, clips=(CLIP,))
    await library.update_job(kept)
    await library.close()

    library = await Library(path).open()
    assert await library.unfinished_jobs("a") == [kept]
    assert await library.unfinished_jobs("b") == []
    assert await library.last_clip("a", CLIP.camera_id) is None
    await library.close()


async def test_words_of_a_cloud_survive(library: Library) -> None:
    """A kind of event that is known is one again; a cloud's own word stays as it is."""
    kinds = (EventKind.DING, "solar_flare")
    events = tuple(Event(id=kind, kind=kind, window=WINDOW) for kind in kinds)
    options = MediaOptions(codec=Codec.HEVC, timestamps=Clock.PRODUCER)
    await library.add_job(replace(JOB, events=events, media_options=options))
    (job,) = await library.unfinished_jobs("a")
    assert [type(event.kind) for event in job.events] == [EventKind, str]
    assert job.events == events
    assert job.media_options == options
    assert type(job.media_options.codec) is Codec
    assert type(job.media_options.timestamps) is Clock
    ((stored,),) = await library.read("SELECT media_options FROM jobs")
    assert '"codec": "hevc"' in stored


async def test_finished_jobs_and_their_clips(library: Library) -> None:
    """A finished job leaves its clips, and is unfinished no more."""
    await library.add_job(JOB)
    earlier = replace(
        CLIP,
        id="c0",
        path=Path("/media/w.mp4"),
        window=Window(NOW - timedelta(days=1), NOW),
    )
    await library.finish_job(replace(JOB, clips=(CLIP, earlier), state=JobState.SAVED))
    assert await library.unfinished_jobs("a") == []
    assert await library.last_clip("a", CLIP.camera_id) == CLIP
    assert [job.state for job in await library.recent_jobs("a", 5)] == [JobState.SAVED]


async def test_an_overwritten_file_has_one_record(library: Library) -> None:
    """A path belongs to the clip that was saved there last."""
    await library.add_job(JOB)
    await library.finish_job(replace(JOB, clips=(CLIP,)))
    again = replace(CLIP, id="c2", size_bytes=7)
    await library.finish_job(replace(JOB, clips=(again,)))
    assert await library.last_clip("a", CLIP.camera_id) == again


class UnheardOfError(NoFootageError):
    """An error that only the module knows that raises it."""


@pytest.mark.parametrize(
    ("err", "kind"),
    [
        (BadAnswerError("cloud_trouble", retry_after_s=7, status="502"), None),
        (CancelledJobError("cancelled"), None),
        (ClipError("unexpected", reason="KeyError"), None),
        (DiskError("storage_full", path="/media", reason="no space"), None),
        (NotReadyError("footage_not_ready", after_s=15), None),
        # What fills its text may be called as anything.
        (InvalidRequestError("kind_unknown", kind="x", name="y"), None),
        (UnheardOfError("no_footage"), NoFootageError),
    ],
)
async def test_errors_are_kept(
    library: Library, err: ClipError, kind: type[ClipError] | None
) -> None:
    """Why a job failed can be read later, with what fills its words, and acted on."""
    await library.add_job(JOB)
    await library.update_job(replace(JOB, state=JobState.FAILED, error=err))
    (job,) = await library.recent_jobs("a", 5)
    assert job.error
    assert type(job.error) is (kind or type(err))
    assert (job.error.key, job.error.placeholders) == (err.key, err.placeholders)
    assert await library.unfinished_jobs("a") == []


@pytest.mark.parametrize("name", ["FormerError", "LONGEST_WAIT_S", "Mapping", ""])
async def test_errors_of_another_release(library: Library, name: str) -> None:
    """One that is not known any more is still an error, and never anything else."""
    await library.add_job(replace(JOB, state=JobState.FAILED))
    error = json.dumps({"name": name, "key": "no_footage", "placeholders": {}})
    await library.change(
        lambda database: database.execute("UPDATE jobs SET error = ?", (error,))
    )
    (job,) = await library.recent_jobs("a", 5)
    assert type(job.error) is ClipError
    assert job.error.key == "no_footage"


async def test_forgetting_an_account(library: Library) -> None:
    """Its jobs go, those of others and all clips stay."""
    await library.add_job(JOB)
    await library.add_job(replace(JOB, id="j2", account_id="b"))
    await library.finish_job(replace(JOB, clips=(CLIP,)))
    await library.forget_account("a")
    assert await library.recent_jobs("a", 5) == []
    assert len(await library.recent_jobs("b", 5)) == 1
    assert await library.last_clip("a", CLIP.camera_id) == CLIP


async def test_jobs_of_a_moved_camera(library: Library) -> None:
    """What is under way of a camera goes on under its new id; of no other it does."""
    for job in (
        JOB,
        replace(JOB, id="j2", camera_id="other"),
        replace(JOB, id="j3", account_id="b"),
    ):
        await library.add_job(job)
    await library.move_camera("a", JOB.camera_id, "new")
    jobs = {job.id: job.camera_id for job in await library.unfinished_jobs("a")}
    assert jobs == {"j1": "new", "j2": "other"}
    (job,) = await library.unfinished_jobs("b")
    assert job.camera_id == JOB.camera_id


async def test_old_ended_jobs_go(tmp_path: Path) -> None:
    """Jobs that ended long ago are dropped when the library is opened."""
    path = tmp_path / "clips.db"
    library = await Library(path).open()
    for number, state in enumerate((JobState.SAVED, JobState.FAILED, JobState.QUEUED)):
        await library.add_job(replace(JOB, id=str(number), state=state))
    await library.close()
    with sqlite3.connect(path) as database:
        database.execute(
            "UPDATE jobs SET updated_at_ms = ?",
            (to_ms(datetime.now(UTC) - ENDED_JOBS_KEPT - timedelta(hours=1)),),
        )
    database.close()
    library = await Library(path).open()
    assert [job.id for job in await library.recent_jobs("a", 5)] == ["2"]
    await library.close()


def asides(path: Path) -> list[Path]:
    """Return the databases that were put aside."""
    return [
        other
        for other in path.parent.glob(f"{path.name}.damaged-*")
        if not other.name.endswith(("-wal", "-shm"))
    ]


def spoil(path: Path, table: str) -> None:
    """Damage the page at which a table, or an index, begins."""
    with closing(sqlite3.connect(path)) as database:
        (page_size,) = database.execute("PRAGMA page_size").fetchone()
        (page,) = database.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)
        ).fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * page_size)
        file.write(b"\x55" * page_size)


async def test_a_rebuild_is_due_of_a_new_database(tmp_path: Path) -> None:
    """It is due until it was done, across restarts."""
    path = tmp_path / "clips.db"
    for _ in range(2):
        library = await Library(path).open()
        assert await library.is_rebuild_due()
        await library.close()
    library = await Library(path).open()
    await library.set_rebuilt()
    await library.close()
    library = await Library(path).open()
    assert not await library.is_rebuild_due()
    await library.close()


async def test_what_is_no_database_is_put_aside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A file that is no database is kept under another name, and a new one made."""
    path = tmp_path / "clips.db"
    nonsense = b"not a database at all" * 100
    path.write_bytes(nonsense)
    path.with_name("clips.db-wal").write_bytes(b"its log")
    library = await Library(path).open()
    assert await library.is_rebuild_due()
    await library.add_job(JOB)
    await library.close()
    (aside,) = asides(path)
    assert aside.read_bytes() == nonsense
    assert aside.with_name(f"{aside.name}-wal").read_bytes() == b"its log"
    assert "those that were being saved may be lost" in caplog.text

    library = await Library(path).open()
    assert await library.unfinished_jobs("a") == [JOB]
    await library.close()
    assert asides(path) == [aside]


@pytest.mark.parametrize("table", ["polls", "clips_by_group", "jobs_by_time"])
async def test_damage_that_a_kill_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    """The database is open at once; of what is recorded during the check, nothing is lost."""
    path, media = tmp_path / "clips.db", tmp_path / "media"
    library = await Library(path).open()
    await library.set_rebuilt()
    await library.close()
    spoil(path, table)
    path.with_name("clips.db-wal").touch()
    media.mkdir()
    clip = replace(CLIP, path=media / "front.mp4", size_bytes=1)
    clip.path.write_bytes(b"x")
    sidecar.write(Folder.open(media), clip, None)
    clip = replace(clip, modified_ns=clip.path.stat().st_mtime_ns)
    going_on, cut_off = (replace(JOB, id=name) for name in ("going on", "cut off"))
    begun, go_on = threading.Event(), threading.Event()
    check = schema.check

    def wait_and_check(database: sqlite3.Connection) -> None:
        begun.set()
        assert go_on.wait(30)
        check(database)

    monkeypatch.setattr(schema, "check", wait_and_check)
    library = await Library(path).open()
    lost: list[bool] = []
    library.when_lost = lambda: lost.append(True)
    assert not begun.is_set()
    checking = asyncio.create_task(library.check())
    await asyncio.to_thread(begun.wait, 30)
    saved = replace(JOB, clips=(clip,), state=JobState.SAVED)
    if table == "polls":
        # Nobody asks for this table when a clip is saved: only the check finds out.
        for job in (JOB, going_on, cut_off):
            await library.add_job(job)
        await library.finish_job(saved)
        assert await library.last_clip(clip.account_id, clip.camera_id) == clip
        assert lost == []
    go_on.set()
    if table == "polls":
        assert not await checking
    else:
        # Queries and the check find it, whoever is first; it is put aside once.
        await asyncio.gather(
            checking,
            *(library.add_job(job) for job in (going_on, cut_off)),
            library.finish_job(saved),
            return_exceptions=True,
        )
        await library.finish_job(saved)
    assert lost == [True]
    assert len(asides(path)) == 1
    assert await library.is_rebuild_due()
    found = await rebuild(library, [media])
    assert found.found == 1
    assert await library.last_clip(clip.account_id, clip.camera_id) == clip
    if table == "polls":
        assert await library.unfinished_jobs("a") == [going_on, cut_off]
    await library.close()
    with closing(sqlite3.connect(path)) as database:
        check(database)


async def test_an_old_database_that_a_kill_left(tmp_path: Path) -> None:
    """One that is damaged is not brought up to date: its clips are read from the files."""
    path = tmp_path / "clips.db"
    await (await Library(path).open()).close()
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 1")
    spoil(path, "polls")
    path.with_name("clips.db-wal").touch()
    library = await Library(path).open()
    assert len(asides(path)) == 1
    assert await library.is_rebuild_due()
    await library.close()


async def test_a_check_ends_with_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Home Assistant does not wait for it as it stops."""
    library = await Library(tmp_path / "clips.db").open()
    begun = threading.Event()

    def check(database: sqlite3.Connection) -> None:
        begun.set()
        database.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT MAX(i) FROM n"
        ).fetchone()

    monkeypatch.setattr(schema, "check", check)
    checking = asyncio.create_task(library.check())
    await asyncio.to_thread(begun.wait, 30)
    async with asyncio.timeout(30):
        await library.close()
        assert await checking
    assert asides(tmp_path / "clips.db") == []


async def test_a_check_puts_a_damaged_database_aside(tmp_path: Path) -> None:
    """Nobody has to run into the damage; a sound one is left alone."""
    path = tmp_path / "clips.db"
    library = await Library(path).open()
    await library.set_rebuilt()
    lost: list[bool] = []
    library.when_lost = lambda: lost.append(True)
    await library.check()
    assert (asides(path), lost) == ([], [])
    await library.close()

    spoil(path, "polls")
    library = await Library(path).open()
    library.when_lost = lambda: lost.append(True)
    await library.check()
    assert len(asides(path)) == 1
    assert lost == [True]
    assert await library.is_rebuild_due()
    await library.close()


async def test_damage_that_a_query_runs_into(tmp_path: Path) -> None:
    """Whoever asked is told; who asks again has a new database, put aside once."""
    path = tmp_path / "clips.db"
    library = await Library(path).open()
    await library.add_job(JOB)
    await library.close()
    spoil(path, "clips")
    spoil(path, "clips_by_camera")
    library = await Library(path).open()
    lost: list[bool] = []
    library.when_lost = lambda: lost.append(True)
    ends = await asyncio.gather(
        *(library.last_clip("a", CLIP.camera_id) for _ in range(3)),
        return_exceptions=True,
    )
    assert isinstance(ends[0], StorageError)
    assert ends[0].key == "library_unusable"
    assert await library.last_clip("a", CLIP.camera_id) is None
    assert len(asides(path)) == 1
    assert lost == [True]
    # Whoever was under way goes on.
    await library.finish_job(replace(JOB, clips=(CLIP,), state=JobState.SAVED))
    assert await library.last_clip("a", CLIP.camera_id) == CLIP
    await library.close()


async def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """That is no damage: it is said, and nothing is moved."""
    path = tmp_path / "gone" / "clips.db"
    with pytest.raises(StorageError) as error:
        await Library(path).open()
    assert error.value.key == "library_unusable"
    assert error.value.placeholders["path"] == str(path)
