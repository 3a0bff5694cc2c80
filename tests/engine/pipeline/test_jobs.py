"""Jobs from asked to saved: a shelf of real footage behind a real socket as the cloud."""

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Mapping,
    Sequence,
)
import contextlib
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
import errno
import hashlib
from importlib import import_module
import json
import os
from pathlib import Path, PurePosixPath
import sqlite3
import sys
import threading
import time
from typing import Any, override

from aiohttp import ClientSession, ClientTimeout, web
from aiohttp.test_utils import BaseTestServer, TestServer
import pytest

from custom_components.clip_download.engine.errors import (
    BadAnswerError,
    CameraSettingError,
    ClipError,
    CloudError,
    InvalidRequestError,
    NoFootageError,
    NotReadyError,
    RefusedError,
    SignInError,
    StorageError,
)
from custom_components.clip_download.engine.folder import File, Folder
from custom_components.clip_download.engine.library import files
from custom_components.clip_download.engine.library.database import Library
from custom_components.clip_download.engine.library.publishing import Sealed
from custom_components.clip_download.engine.library.sidecar import read
from custom_components.clip_download.engine.media import clip_file
from custom_components.clip_download.engine.model import (
    Camera,
    ClipStatus,
    Codec,
    Event,
    Identity,
    Job,
    JobState,
    MediaOptions,
    Part,
    Plan,
)
from custom_components.clip_download.engine.pipeline import (
    download,
    fetching,
    jobs as jobs_module,
    retry,
    working_folder,
)
from custom_components.clip_download.engine.pipeline.executors import Executors
from custom_components.clip_download.engine.pipeline.jobs import Jobs, Running, forget
from custom_components.clip_download.engine.pipeline.pipeline import Pipeline
from custom_components.clip_download.engine.sources.base import (
    Download,
    Source,
    SplitError,
)
from custom_components.clip_download.engine.sources.http import download_of
from custom_components.clip_download.engine.time_range import Placing, Window, to_ms
from tests.clouds.footage import Footage, first_and_last, moments, seen
from tests.engine.library.test_sidecar import VALIDATOR
from tests.simulated import simulated
from tests.waits import until

FRONT = Footage("Front")
CAMERA = Camera(id="front", name="Front")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
# A clip may take longer than the five minutes that a session has for a request.
TIMEOUT = ClientTimeout(total=None, sock_read=60)


def window(start_s: float, end_s: float) -> Window:
    """Return a window in seconds after noon of yesterday."""
    return Window(NOON + start_s * SECOND, NOON + end_s * SECOND)


type Answer = Callable[[web.Request, Path], Awaitable[web.StreamResponse]]


async def send(request: web.Request, path: Path) -> web.StreamResponse:
    """Send a file."""
    return web.Response(body=path.read_bytes())


def slowly(seconds: float, blocks: int = 10, most_blocks: int | None = None) -> Answer:
    """Return what sends a file in so many seconds, or only its first blocks."""

    async def send(request: web.Request, path: Path) -> web.StreamResponse:
        content = path.read_bytes()
        response = web.StreamResponse(headers={"Content-Length": str(len(content))})
        await response.prepare(request)
        for block in range(blocks):
            await asyncio.sleep(seconds / blocks)
            if block == most_blocks:
                assert request.transport
                request.transport.close()
                break
            start, end = (len(content) * at // blocks for at in (block, block + 1))
            await response.write(content[start:end])
        return response

    return send


@dataclass(frozen=True, kw_only=True)
class ShelfPart(Part):
    """A file on the shelf; other `fragments` make it another one."""

    name: str
    fragments: int = 0


class Shelf(Source[Camera, ShelfPart]):
    """A cloud that has what is laid on it; `troubles` happen first, in their order."""

    kind = "shelf"
    manufacturer = "Shelf"
    parts_at_once = 2

    def __init__(
        self, session: ClientSession, server: BaseTestServer, folder: Path
    ) -> None:
        """Take the server whose files are the footage."""
        super().__init__({}, session=session)
        self.server = server
        self.folder = folder
        self.plans: deque[Plan | Exception] = deque()
        self.troubles: deque[Exception | None] = deque()
        self.refused: Mapping[str, Exception] = {}
        # How long it takes until a part is opened, each time it is.
        self.opening_s = defaultdict[str, deque[float]](deque)
        # What is raised from one time of the loop to another.
        self.outages: list[tuple[float, float, Exception]] = []
        # What comes in place of a file, one after the other, or how one comes.
        self.answers = defaultdict[str, deque[Answer]](deque)
        self.answer: Answer = send
        self.smaller: dict[str, list[ShelfPart]] = {}
        self.most_bytes: int | None = None
        self.parts: list[ShelfPart] = []
        self.asked = 0
        self.fetched: list[str] = []

    def lay(
        self,
        stretch: Window,
        footage: Footage = FRONT,
        *,
        lead_in: bool = False,
        tolerance: timedelta | None = None,
    ) -> ShelfPart:
        """Lay a recording on the shelf."""
        name = f"{len(self.parts)}.mp4"
        footage.write(self.folder / name, stretch.start, stretch.end)
        part = ShelfPart(
            window=stretch,
            placing=Placing.REQUESTED if lead_in else Placing.RECORDING,
            tolerance=tolerance,
            event_ids=(f"e{name[0]}",),
            name=name,
        )
        self.parts.append(part)
        return part

    @override
    async def identify(self) -> Identity:
        return Identity(id="shelf", title="Shelf")

    @override
    async def cameras(self) -> list[Camera]:
        return [CAMERA]

    @override
    async def plan(
        self,
        camera: Camera,
        window: Window,
        media_options: MediaOptions,
        events: Sequence[Event] = (),
    ) -> Plan[ShelfPart]:
        self.asked += 1
        if not self.plans:
            return Plan(parts=self.parts)
        plan = self.plans.popleft()
        if isinstance(plan, Exception):
            raise plan
        return plan

    @override
    @asynccontextmanager
    async def fetch(
        self, camera: Camera, part: ShelfPart, media_options: MediaOptions
    ) -> AsyncIterator[Download]:
        self.fetched.append(part.name)
        if opening_s := self.opening_s[part.name]:
            await asyncio.sleep(opening_s.popleft())
        if part.name in self.refused:
            raise self.refused[part.name]
        if self.troubles and (trouble := self.troubles.popleft()):
            raise trouble
        for start_s, end_s, trouble in self.outages:
            if start_s <= asyncio.get_running_loop().time() < end_s:
                raise trouble
        url = self.server.make_url(f"/{part.name}")
        async with self.session.get(url, timeout=TIMEOUT) as response:
            yield replace(download_of(response), most_bytes=self.most_bytes)

    @override
    def halves(self, part: ShelfPart) -> Sequence[ShelfPart]:
        return self.smaller.get(part.name, ())

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer for a file, as the server does."""
        name = request.match_info["name"]
        answers = self.answers[name]
        answer = answers.popleft() if answers else self.answer
        return await answer(request, self.folder / name)


@dataclass
class House:
    """An account with its jobs, which can be stopped and started again."""

    shelf: Shelf
    media: Path
    database: Path
    told: list[Job] = field(default_factory=list)
    sign_ins: int = 0
    camera: Camera | None = CAMERA
    downloads_at_once: int = 2

    async def start(self) -> None:
        """Open the library and go on with what is unfinished."""
        self.tasks: set[asyncio.Task[None]] = set()
        self.library = await Library(self.database).open()
        self.executors = Executors()
        self.jobs = Jobs(
            account_id="account",
            account_name="me@example.com",
            source=self.shelf,
            library=self.library,
            find_camera=lambda camera_id: self.camera,
            downloads_at_once=self.downloads_at_once,
            executors=self.executors,
            spawn=self._spawn,
            on_ended=self.told.append,
            sign_in_again=self._sign_in_again,
        )
        await self.jobs.resume()

    async def stop(self) -> None:
        """Stop as Home Assistant does: tasks are cancelled, then the library closes."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.executors.shutdown()
        await self.library.close()

    async def ask(self, stretch: Window, name: str = "clip", **options: Any) -> Running:
        """Ask for a clip."""
        options = {
            "timeout": timedelta(seconds=2),
            "media_options": MediaOptions(),
            **options,
        }
        return await self.jobs.ask(
            CAMERA, stretch, root=self.media, filename=PurePosixPath(name), **options
        )

    async def save(self, stretch: Window, name: str = "clip", **options: Any) -> Job:
        """Ask for a clip and wait until its job has ended."""
        return await (await self.ask(stretch, name, **options)).done

    async def idle(self) -> None:
        """Wait for all jobs under way."""
        await asyncio.gather(*self.tasks)

    def names(self) -> list[str]:
        """Return all that is in the media folder."""
        return sorted(
            str(path.relative_to(self.media)) for path in self.media.rglob("*")
        )

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=name)
        self.tasks.add(task)
        return task

    def _sign_in_again(self) -> None:
        self.sign_ins += 1


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again at once."""
    monkeypatch.setattr(retry, "LONGEST_BACKOFF_S", 0.01)
    monkeypatch.setattr(fetching, "SHORT_PART_AGAIN_S", 0.01)


@pytest.fixture
async def house(tmp_path: Path, socket_enabled: None) -> AsyncIterator[House]:
    """Return a running account."""
    async with built(tmp_path) as house:
        yield house


@asynccontextmanager
async def built(folder: Path, downloads_at_once: int = 2) -> AsyncIterator[House]:
    """Build a house whose account is running."""
    shelf_folder, media = folder / "shelf", folder / "media"
    shelf_folder.mkdir(exist_ok=True)
    media.mkdir(exist_ok=True)
    app = web.Application()
    server = TestServer(app)
    async with AsyncExitStack() as stack:
        # What comes here is a thousandth of what real cameras film.
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(download, "LEAST_BYTES", 1)
        patch.setattr(download, "LEAST_WITHIN_S", 120)
        session = await stack.enter_async_context(ClientSession())
        shelf = Shelf(session, server, shelf_folder)
        app.router.add_get("/{name}", shelf.serve)
        await stack.enter_async_context(server)
        house = House(
            shelf=shelf,
            media=media,
            database=folder / "clips.db",
            downloads_at_once=downloads_at_once,
        )
        await house.start()
        try:
            yield house
        finally:
            await house.stop()


async def test_a_recording_that_fits_is_only_moved(house: House) -> None:
    """The file that came is the clip, with a picture and a sidecar beside it."""
    house.shelf.lay(window(0, 10))
    job = await house.save(window(0, 10), "day/front", label="bell")

    (clip,) = job.clips
    assert job.state is JobState.SAVED
    assert clip.status is ClipStatus.COMPLETE
    assert clip.path.read_bytes() == (house.shelf.folder / "0.mp4").read_bytes()
    assert house.names() == [
        "day",
        "day/front.jpg",
        "day/front.json",
        "day/front.mp4",
    ]
    assert clip.path.with_suffix(".jpg").read_bytes()[:3] == b"\xff\xd8\xff"
    sidecar = json.loads(clip.path.with_suffix(".json").read_text())
    assert sidecar["asked"] == {
        "start": "2026-11-20T12:00:00.000+00:00",
        "end": "2026-11-20T12:00:10.000+00:00",
    }
    assert sidecar["sha256"] == sha256_of(clip.path) == clip.sha256
    assert sidecar["size_bytes"] == clip.path.stat().st_size
    assert sidecar["camera"] == {"id": "front", "name": "Front"}
    assert (sidecar["status"], sidecar["gaps"]) == ("complete", [])
    assert (sidecar["events"], sidecar["label"]) == (["e0"], "bell")
    assert sidecar["duration_s"] == pytest.approx(10, abs=0.2)
    VALIDATOR.validate(sidecar)
    told = read(File.at(clip.path.with_suffix(".json"))).clip
    assert replace(told, modified_ns=clip.modified_ns) == clip
    assert house.told == [job]
    assert await house.library.last_clip("account", "front") == clip
    assert clip.path.with_suffix(".jpg").is_file()


async def test_parts_are_joined_and_gaps_reported(house: House) -> None:
    """Two recordings in one window become one file that is honest about the hole."""
    house.shelf.lay(window(-5, 10))
    house.shelf.lay(window(20, 40))
    job = await house.save(window(0, 30))

    (clip,) = job.clips
    assert clip.status is ClipStatus.PARTIAL
    assert clip.gaps == (window(10, 20),)
    assert clip.events == ("e0", "e1")
    shown = moments(clip.path, of=FRONT)
    assert (shown[0], shown[-1]) == (NOON, NOON + 29.9 * SECOND)
    assert len(shown) == 200


async def test_nothing_is_there(house: House) -> None:
    """An empty cloud is a clear failure that leaves nothing behind."""
    job = await house.save(window(0, 10), "new folder/clip")
    assert job.state is JobState.FAILED
    assert job.error
    assert job.error.key == "no_footage"
    assert house.names() == []
    assert house.told == [job]


async def test_it_waits_until_the_cloud_has_it(house: House) -> None:
    """Not there yet is a normal answer, to the plan as to the part."""
    part = house.shelf.lay(window(0, 10))
    house.shelf.plans += [Plan(parts=[], again_after_s=0.01)] * 2
    house.shelf.troubles += [NotReadyError("footage_not_ready", after_s=0.01)] * 2
    job = await house.save(window(0, 10))
    assert job.state is JobState.SAVED
    assert house.shelf.asked == 3
    assert house.shelf.fetched == [part.name] * 3


async def test_it_takes_what_is_there_when_time_is_up(house: House) -> None:
    """A second recording that never gets ready does not cost the first."""
    part = house.shelf.lay(window(0, 10))
    house.shelf.plans += [Plan(parts=[part], again_after_s=0.2)] * 20
    job = await house.save(window(0, 20), timeout=timedelta(seconds=0.5))
    assert job.clips[0].status is ClipStatus.PARTIAL
    assert job.clips[0].gaps == (window(10, 20),)


@pytest.mark.parametrize("where", ["plan", "part"])
async def test_it_gives_up_in_time(house: House, where: str) -> None:
    """What never gets ready is a failure that says so, once the time is up."""
    if where == "plan":
        house.shelf.plans += [Plan(parts=[], again_after_s=0.1)] * 20
    else:
        house.shelf.lay(window(0, 10))
        house.shelf.troubles += [NotReadyError("footage_not_ready", after_s=0.1)] * 20
    job = await house.save(window(0, 10), timeout=timedelta(seconds=0.3))
    assert job.error
    assert job.error.key == "footage_not_ready"
    assert house.names() == []


async def test_a_window_that_has_not_ended_is_waited_for(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is asked of the cloud before it can have the footage."""
    start = datetime.now(UTC).replace(microsecond=0)
    stretch = Window(start, start + timedelta(seconds=2))
    house.shelf.lay(stretch)
    states: list[JobState] = []
    asked_at: list[datetime] = []
    update_job, plan = Library.update_job, Shelf.plan

    async def update(self: Library, job: Job, *, durable: bool = True) -> None:
        states.append(job.state)
        await update_job(self, job, durable=durable)

    async def planned(self: Shelf, *args: Any) -> Plan:
        asked_at.append(datetime.now(UTC))
        return await plan(self, *args)

    monkeypatch.setattr(Library, "update_job", update)
    monkeypatch.setattr(Shelf, "plan", planned)
    job = await (await house.ask(stretch)).done
    assert job.state is JobState.SAVED
    assert min(asked_at) >= stretch.end
    assert states[0] is JobState.WAITING


async def test_a_fault_is_tried_again(house: House) -> None:
    """A cloud that recovers within the budget costs nothing but time."""
    house.shelf.lay(window(0, 10))
    house.shelf.plans += [BadAnswerError("cloud_trouble", status="500")] * 3
    house.shelf.troubles += [CloudError("cloud_throttled", retry_after_s=0.01)] * 3
    job = await house.save(window(0, 10))
    assert job.state is JobState.SAVED
    assert job.clips[0].status is ClipStatus.COMPLETE


async def test_a_fault_that_stays_is_told(house: House) -> None:
    """The budget is kept, and the last fault is the reason."""
    house.shelf.lay(window(0, 10))
    house.shelf.troubles += [BadAnswerError("cloud_trouble", status="502")] * 50
    job = await house.save(window(0, 10))
    assert job.error
    assert (job.error.key, job.error.placeholders["status"]) == ("cloud_trouble", "502")
    assert len(house.shelf.fetched) == retry.MOST_ATTEMPTS
    assert house.names() == []


async def test_a_wish_for_more_time_than_there_is(house: House) -> None:
    """A cloud that wants an hour of quiet is not asked again in ten minutes."""
    house.shelf.plans += [CloudError("cloud_throttled", retry_after_s=3600)]
    job = await house.save(window(0, 10))
    assert job.error
    assert job.error.key == "cloud_throttled"
    assert house.shelf.asked == 1


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        (NoFootageError("no_footage"), None),
        (CameraSettingError("end_to_end_encrypted"), "end_to_end_encrypted"),
    ],
)
async def test_one_part_that_fails_does_not_cost_the_others(
    house: House, trouble: Exception, told: str | None
) -> None:
    """What came is saved as partial; why the rest did not come is told."""
    house.shelf.parts_at_once = 1  # type: ignore[misc]
    house.shelf.lay(window(0, 10))
    house.shelf.lay(window(10, 20))
    house.shelf.troubles += [trouble]
    job = await house.save(window(0, 20))
    assert job.state is JobState.SAVED
    assert job.clips[0].status is ClipStatus.PARTIAL
    assert job.clips[0].gaps == (window(0, 10),)
    assert (job.error.key if job.error else None) == told
    (kept,) = await house.jobs.recent(1)
    assert (kept.error.key if kept.error else None) == told


async def test_a_part_that_comes_only_in_pieces(house: House) -> None:
    """What the cloud gives in pieces is fetched in pieces, down to the one it lacks."""
    whole = ShelfPart(window=window(0, 30), name="whole")
    one, two, three = (
        house.shelf.lay(window(start, start + 10)) for start in (0, 10, 20)
    )
    rest = ShelfPart(window=window(10, 30), name="rest")
    refused = {
        "whole": SplitError("codec_changed", parts=[one, rest]),
        "rest": SplitError("codec_changed", parts=[two, three]),
        two.name: RefusedError("frame_broken"),
    }
    house.shelf.refused = refused
    house.shelf.plans += [Plan(parts=[whole])]
    job = await house.save(window(0, 30))
    assert job.clips[0].gaps == (two.window,)
    assert job.error
    assert job.error.key == "frame_broken"
    assert len(moments(job.clips[0].path)) == 200


async def test_refused_credentials_start_a_new_sign_in(house: House) -> None:
    """The person is asked to sign in again; the job says why it failed."""
    house.shelf.lay(window(0, 10))
    house.shelf.lay(window(10, 20))
    house.shelf.troubles += [SignInError("invalid_auth")] * 2
    job = await house.save(window(0, 20))
    assert job.error
    assert job.error.key == "invalid_auth"
    assert house.sign_ins == 1
    assert house.names() == []


async def test_the_same_request_twice_is_one_download(house: House) -> None:
    """Twins share a job; another label is another request."""
    house.shelf.lay(window(0, 10))
    one, two, other = await asyncio.gather(
        house.ask(window(0, 10)),
        house.ask(window(0, 10)),
        house.ask(window(0, 10), label="other"),
    )
    assert one is two
    assert other is not one
    await house.idle()
    assert house.shelf.fetched == ["0.mp4"] * 2
    assert len(house.told) == 2


async def test_twins_that_cannot_be_kept(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever joined a request hears that it failed, and does not wait for ever."""

    async def fail(job: Job) -> None:
        raise StorageError("library_unusable", path="x", reason="disk I/O error")

    monkeypatch.setattr(house.library, "add_job", fail)
    first, second = await asyncio.gather(
        house.ask(window(0, 10)), house.ask(window(0, 10)), return_exceptions=True
    )
    assert isinstance(first, StorageError)
    assert isinstance(second, Running)
    async with asyncio.timeout(30):
        job = await second.done
    assert (job.state, job.error) == (JobState.FAILED, first)
    assert house.jobs.running() == []


async def test_whoever_waits_may_go_away(house: House) -> None:
    """The job goes on when its caller is cancelled."""
    house.shelf.lay(window(0, 10))
    house.shelf.plans += [Plan(parts=[], again_after_s=0.2)]
    running = await house.ask(window(0, 10))
    waiting = asyncio.ensure_future(asyncio.shield(running.done))
    await until(lambda: house.shelf.asked)
    waiting.cancel()
    await house.idle()
    assert [job.state for job in house.told] == [JobState.SAVED]


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


async def test_a_taken_name_gets_a_number(house: House) -> None:
    """Two at once and one later never touch each other's files."""
    house.shelf.lay(window(0, 10))
    first, second = await asyncio.gather(
        house.save(window(0, 10)), house.save(window(0, 9))
    )
    third = await house.save(window(0, 8))
    names = {job.clips[0].path.name for job in (first, second, third)}
    assert names == {"clip.mp4", "clip_2.mp4", "clip_3.mp4"}
    for job in (first, second, third):
        (clip,) = job.clips
        assert sha256_of(clip.path) == clip.sha256
        assert json.loads(clip.path.with_suffix(".json").read_text())["clip_id"] == (
            clip.id
        )


async def test_overwriting_when_asked(house: House) -> None:
    """The new clip takes the old one's place, with its companions."""
    house.shelf.lay(window(0, 10))
    await house.save(window(0, 10))
    job = await house.save(window(2, 8), overwrite=True)
    assert house.names() == ["clip.jpg", "clip.json", "clip.mp4"]
    assert first_and_last(house.media / "clip.mp4").start == NOON + 2 * SECOND
    assert await house.library.last_clip("account", "front") == job.clips[0]


async def test_an_interrupted_job_goes_on(house: House) -> None:
    """Stopped while it waits, a job is taken up at the next start, and tidies up."""
    house.shelf.lay(window(0, 10))
    house.shelf.troubles += [NotReadyError("footage_not_ready", after_s=60)]
    running = await house.ask(window(0, 10), "day/clip", timeout=timedelta(seconds=100))
    await until(lambda: house.shelf.fetched)
    await house.stop()
    assert (await running.done).state is JobState.QUEUED
    assert house.told == []
    assert house.names() == []

    # As a kill leaves it, when nothing can be tidied up.
    leftover = house.media / "day" / ".clip_download_0123456789abcdef"
    leftover.mkdir(parents=True)
    (leftover / "0.part").write_bytes(b"half")
    with contextlib.closing(sqlite3.connect(house.database)) as database, database:
        database.execute(
            "UPDATE jobs SET working_folders = json_array(?)", (leftover.name,)
        )
    await house.start()
    await house.idle()
    assert [job.state for job in house.told] == [JobState.SAVED]
    assert house.names() == ["day", "day/clip.jpg", "day/clip.json", "day/clip.mp4"]
    assert await house.library.unfinished_jobs("account") == []


async def test_leftovers_that_cannot_be_removed_yet(house: House) -> None:
    """They are known until they are gone, at however many starts."""
    job = await house.save(window(0, 10), "day/clip")
    assert job.state is JobState.FAILED
    await house.library.update_job(
        replace(job, working_folders=(".clip_download_left",))
    )
    # As if its disk was away.
    await house.stop()
    await house.start()
    await house.idle()
    (left,) = await house.library.jobs_with_leftovers("account")
    assert (left.id, left.working_folders) == (job.id, (".clip_download_left",))
    (house.media / "day/.clip_download_left").mkdir(parents=True)
    await house.stop()
    await house.start()
    await house.idle()
    assert await house.library.jobs_with_leftovers("account") == []
    assert house.names() == ["day"]


@pytest.mark.parametrize("state", [JobState.FETCHING, JobState.FINISHING])
async def test_an_account_is_removed_while_a_job_is_under_way(
    house: House, state: JobState
) -> None:
    """The folders that its jobs work in go with it."""
    job = await house.save(window(0, 10), "day/clip")
    await house.library.update_job(
        replace(job, state=state, error=None, working_folders=(".clip_download_left",))
    )
    folder = house.media / "day/.clip_download_left"
    folder.mkdir(parents=True)
    (folder / "0.mp4").touch()
    await forget(house.library, "account", house.executors)
    assert house.names() == ["day"]
    assert await house.library.recent_jobs("account", 9) == []


async def test_a_late_job_still_gets_its_chance(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was asked for before a long downtime is not given up unseen."""
    house.shelf.lay(window(0, 10))
    house.shelf.plans += [Plan(parts=[], again_after_s=60)]
    await house.ask(window(0, 10))
    await house.stop()
    with closing(sqlite3.connect(house.database)) as database, database:
        database.execute("UPDATE jobs SET give_up_at_ms = ?", (to_ms(NOON),))
    house.shelf.plans = deque([Plan(parts=[], again_after_s=0.01)])
    await house.start()
    await house.idle()
    assert [job.state for job in house.told] == [JobState.SAVED]


@pytest.mark.parametrize("published", [True, False])
async def test_a_kill_at_the_end_neither_loses_nor_doubles(
    house: House, monkeypatch: pytest.MonkeyPatch, published: bool
) -> None:
    """Killed just before or after the file got its name, the clip is there once."""
    house.shelf.lay(window(0, 10))
    publish = Sealed.publish

    def killed(sealed: Sealed, final: File) -> None:
        if published:
            publish(sealed, final)
        # What a kill leaves: nothing after this line happens.
        raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        patch.setattr(Sealed, "publish", killed)
        running = await house.ask(window(0, 10))
        await running.done
    await house.stop()
    assert house.names() == (["clip.mp4"] if published else [])
    assert house.told == []

    await house.start()
    await house.idle()
    assert house.names() == ["clip.jpg", "clip.json", "clip.mp4"]
    assert len(house.shelf.fetched) == (1 if published else 2)
    (job,) = house.told
    assert job.state is JobState.SAVED
    assert sha256_of(house.media / "clip.mp4") == job.clips[0].sha256


async def test_the_disk_is_full_at_the_end(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of several files none stays if one cannot be kept."""
    house.shelf.lay(window(0, 10))
    house.shelf.lay(window(10, 20), Footage("Front", width=640, height=360))
    publish = Sealed.publish
    published: list[str] = []

    def full(sealed: Sealed, final: File) -> None:
        if len(published) == 4:
            raise OSError(28, "No space left on device", str(final.path))
        publish(sealed, final)
        published.append(final.name)

    with monkeypatch.context() as patch:
        patch.setattr(Sealed, "publish", full)
        job = await house.save(window(0, 20), "day/clip")
    assert job.error
    assert job.error.key == "storage_full"
    assert published == [
        "clip_part1.mp4",
        "clip_part1.json",
        "clip_part1.jpg",
        "clip_part2.mp4",
    ]
    assert house.names() == []


async def test_no_folder_to_work_in(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folders that were made for a clip go if there is no room for one more."""
    house.shelf.lay(window(0, 10))

    def full(folder: Folder, name: str) -> Folder:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder.path / name))

    monkeypatch.setattr(Folder, "make_private", full)
    job = await house.save(window(0, 10), "year/day/clip")
    assert job.error
    assert job.error.key == "storage_full"
    assert house.names() == []


async def test_parts_that_do_not_fit_together(house: House) -> None:
    """A picture of another size begins another file, and all are told."""
    house.shelf.lay(window(0, 10))
    house.shelf.lay(window(10, 20), Footage("Front", width=640, height=360))
    job = await house.save(window(0, 20))
    assert [clip.path.name for clip in job.clips] == [
        "clip_part1.mp4",
        "clip_part2.mp4",
    ]
    assert [(clip.width, clip.height) for clip in job.clips] == [(320, 180), (640, 360)]
    assert {clip.status for clip in job.clips} == {ClipStatus.COMPLETE}


async def test_without_sound(house: House) -> None:
    """The track is left out when it is not wanted."""
    house.shelf.lay(window(0, 10))
    silent = await house.save(window(0, 10), media_options=MediaOptions(audio=False))
    loud = await house.save(window(0, 10))
    assert silent.clips[0].audio_codec is None
    assert loud.clips[0].audio_codec == "aac"


async def test_a_part_that_came_short_is_fetched_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the cloud may still add to it, a short part is not believed."""
    monkeypatch.setattr(Shelf, "settles_after", timedelta(minutes=3))
    end = datetime.now(UTC).replace(microsecond=0)
    stretch = Window(end - timedelta(seconds=10), end)
    part = house.shelf.lay(stretch, lead_in=True)
    FRONT.write(house.shelf.folder / "0.mp4", stretch.start, end - 5 * SECOND)
    running = await house.ask(stretch)
    await until(lambda: len(house.shelf.fetched) >= 3)
    FRONT.write(house.shelf.folder / "new", stretch.start, end)
    (house.shelf.folder / "new").rename(house.shelf.folder / part.name)
    job = await running.done
    assert job.clips[0].status is ClipStatus.COMPLETE


async def test_what_cannot_be_asked_for(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bad requests are refused at once, and are no jobs."""
    with pytest.raises(InvalidRequestError) as error:
        await house.ask(window(0, 10), media_options=MediaOptions(codec=Codec.HEVC))
    assert error.value.key == "field_not_honoured"
    (house.media / "out").symlink_to(house.media.parent)
    with pytest.raises(StorageError) as link:
        await house.ask(window(0, 10), "out/clip")
    assert link.value.key == "storage_link"
    monkeypatch.setattr(jobs_module, "MOST_UNFINISHED", 0)
    with pytest.raises(InvalidRequestError) as error:
        await house.ask(window(0, 10))
    assert error.value.key == "too_many_jobs"
    house.media = house.media / "unmounted"
    monkeypatch.undo()
    with pytest.raises(StorageError) as gone:
        await house.ask(window(0, 10))
    assert gone.value.key == "storage_gone"
    assert await house.jobs.recent(5) == []


async def test_unloaded_before_a_job_is_stored(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asks meanwhile is told so, and nothing begins or is heard of after that."""
    is_storing = asyncio.Event()

    async def add_job(job: Job) -> None:
        is_storing.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(house.library, "add_job", add_job)
    asked = [
        asyncio.create_task(house.ask(window(0, 10), is_automatic=is_automatic))
        for is_automatic in (True, False)
    ]
    await is_storing.wait()
    (running,) = house.jobs.running()
    await house.stop()
    first, second = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(first, InvalidRequestError)
    assert first.key == "account_not_loaded"
    # It joined what the first one had asked for.
    assert second is running
    assert running.done.cancelled()
    assert not house.jobs.running()
    assert not house.told
    await house.start()


async def test_a_camera_that_is_gone(house: House) -> None:
    """A job whose camera was removed meanwhile says so."""
    house.camera = None
    job = await house.save(window(0, 10))
    assert job.error
    assert job.error.key == "camera_gone"


async def test_what_nobody_foresaw(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """A bug fails its job, says so, and is in the log with all that it takes."""
    house.shelf.plans += [ZeroDivisionError("a bug")]
    job = await house.save(window(0, 10))
    assert job.error
    assert isinstance(job.error, ClipError)
    assert job.error.key == "unexpected"
    assert "ZeroDivisionError: a bug" in caplog.text


async def test_a_database_that_is_taken_away(house: House) -> None:
    """A job that cannot be recorded any more says so, and leaves no clip behind."""
    house.shelf.lay(window(0, 10))
    # So often that it is not ready before the table is gone.
    house.shelf.troubles += [NotReadyError("footage_not_ready", after_s=0.01)] * 9999
    running = await house.ask(window(0, 10))
    await until(lambda: house.shelf.fetched)
    with sqlite3.connect(house.database) as database:
        database.execute("DROP TABLE jobs")
    database.close()
    house.shelf.troubles.clear()
    job = await running.done
    assert job.error
    assert job.error.key == "library_unusable"
    assert job.error.placeholders["path"] == str(house.database)
    assert house.names() == []
    assert house.told == [job]
    with pytest.raises(StorageError) as error:
        await house.ask(window(0, 10))
    assert error.value.key == "library_unusable"


@pytest.mark.parametrize(
    ("event_s", "shown_s"),
    # Of what is in a gap, what comes next; of what is not in the clip, its middle.
    [((2.2, 9), 4), ((24.3, 25), 26), ((14, 15), 20), ((90, 91), 25), (None, 25)],
)
async def test_the_picture_is_of_the_event(
    house: House, event_s: tuple[float, float] | None, shown_s: float
) -> None:
    """It shows who came, not an empty yard; gaps before that do not matter."""
    house.shelf.lay(window(0, 10))
    # The parts are not whole recordings: the window stays as it was asked for.
    house.shelf.lay(window(20, 40))
    events = [Event(id="7", kind="ding", window=window(*event_s))] if event_s else []
    job = await house.save(window(0, 40), events=events)
    (picture,) = seen(job.clips[0].path.with_suffix(".jpg"))
    # There is a key frame each second.
    assert abs(picture.moment - NOON - shown_s * SECOND) <= SECOND


@pytest.mark.parametrize("asked_s", [(0, 10), (2, 8)])
async def test_a_file_that_stays_is_decoded_once(
    house: House, monkeypatch: pytest.MonkeyPatch, asked_s: tuple[float, float]
) -> None:
    """Its picture was made when it was looked at; that of what is cut is made after."""
    house.shelf.lay(window(0, 10))
    picture, made = clip_file.picture, []

    def counted(file: File, at: timedelta) -> bytes:
        made.append(file.name)
        return picture(file, at)

    monkeypatch.setattr(clip_file, "picture", counted)
    job = await house.save(window(*asked_s))
    (shown,) = seen(job.clips[0].path.with_suffix(".jpg"))
    assert abs(shown.moment - NOON - 5 * SECOND) <= SECOND
    assert len(made) == (asked_s != (0, 10))


@pytest.mark.parametrize("is_resumed", [False, True])
async def test_what_only_jobs_need_is_imported_with_the_first_one(
    house: House, monkeypatch: pytest.MonkeyPatch, is_resumed: bool
) -> None:
    """Where accounts rest it is never imported; and never on the event loop."""
    threads: list[str] = []

    def imported(name: str) -> object:
        threads.append(threading.current_thread().name)
        return import_module(name)

    monkeypatch.setattr(jobs_module, "import_module", imported)
    if is_resumed:
        house.shelf.plans.append(Plan(parts=[], again_after_s=60))
        await house.ask(window(0, 10))
        await house.stop()
    with monkeypatch.context() as fresh:
        fresh.delitem(sys.modules, jobs_module.PIPELINE)
        if is_resumed:
            await house.start()
            (running,) = house.jobs.running()
        else:
            assert threads == []
            house.shelf.lay(window(0, 10))
            running = await house.ask(window(0, 10))
        await house.jobs.cancel(running)
    assert len(threads) == 1
    assert threads[0] != threading.main_thread().name


async def test_a_clip_is_stored_in_few_steps(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each change of the database costs a turn of its thread, and some an fsync."""
    changes: list[bool] = []
    change = Library.change

    async def count(
        self: Library, call: Callable[[sqlite3.Connection], Any], *, durable: bool
    ) -> Any:
        changes.append(durable)
        return await change(self, call, durable=durable)

    monkeypatch.setattr(
        Library,
        "change",
        lambda self, call, *, durable=False: count(self, call, durable=durable),
    )
    stretch = window(0, 4)
    house.shelf.lay(stretch)
    for name in ("first", "second"):
        del changes[:]
        assert (await house.save(stretch, name)).state is JobState.SAVED
        await house.idle()
    # Durable: that it was asked for, its working folder, and the name of its clip.
    assert (len(changes), sum(changes)) == (8, 3)


async def starts_of(house: House) -> list[int]:
    """Return what is stored of how often each job was killed, or is at risk to be."""
    rows = await house.library.read("SELECT starts FROM jobs")
    return [row["starts"] for row in rows]


@pytest.mark.usefixtures("socket_enabled")
@simulated
async def test_no_start_is_counted_while_nothing_is_decoded(tmp_path: Path) -> None:
    """A kill while a job waits, or is fetched, is not taken for one by its footage."""
    async with built(tmp_path) as house:
        part = house.shelf.lay(window(0, 4))
        house.shelf.plans.append(
            Plan(parts=[replace(part, window=window(0, 9), placing=Placing.REQUESTED)])
        )
        house.shelf.settles_after = timedelta(days=999)  # type: ignore[misc]
        seen: list[list[int]] = []

        async def look(request: web.Request, path: Path) -> web.StreamResponse:
            await asyncio.sleep(5)
            seen.append(await starts_of(house))
            return await send(request, path)

        # It came short, and is fetched again some time later.
        house.shelf.answers[part.name] += [look, look]
        job = await house.save(window(0, 9))
        assert job.state is JobState.SAVED
        assert seen == [[0], [0]]
        await house.idle()
        assert await starts_of(house) == [0]


async def test_a_stop_right_after_a_decode_counts_no_start(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who stops Home Assistant is no kill, even if that is not stored yet."""
    stretch = window(0, 4)
    house.shelf.lay(stretch)
    decoding = asyncio.Event()

    async def hang(self: Pipeline, *args: Any) -> None:
        decoding.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(Pipeline, "_finish", hang)
    await house.ask(stretch)
    await decoding.wait()
    assert await starts_of(house) == [1]
    for task in house.tasks:
        task.cancel()
    await asyncio.wait(house.tasks)
    assert await starts_of(house) == [0]


async def test_many_at_once_take_few_threads(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each thread that begins holds up the event loop, and so do dozens that run."""
    blocking = most = 0
    lock = threading.Lock()

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def blocks(*args: Any) -> Any:
            nonlocal blocking, most
            with lock:
                blocking += 1
                most = max(most, blocking)
            try:
                # Long enough for the others to come.
                time.sleep(0.01)
                return call(*args)
            finally:
                with lock:
                    blocking -= 1

        return blocks

    for module, name in (
        (files, "target_inside"),
        (files, "check_mounted"),
        (working_folder, "begin"),
        (working_folder, "end"),
    ):
        monkeypatch.setattr(module, name, counted(getattr(module, name)))
    house.shelf.lay(window(0, 4))
    house.shelf.answer = slowly(60)
    running = await asyncio.gather(
        *(house.ask(window(0, 4), f"{number}") for number in range(20))
    )
    await until(lambda: len(house.shelf.fetched) >= 2)
    await asyncio.gather(*(house.jobs.cancel(one) for one in running))
    assert most == jobs_module.SHORT_CALLS_AT_ONCE


async def test_many_are_canceled_in_turns(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between them, the event loop comes to others."""
    turn = planned = 0
    canceled = Counter[int]()

    async def plan(*args: Any) -> Plan:
        nonlocal planned
        planned += 1
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            canceled[turn] += 1
            raise
        raise AssertionError("nobody canceled it")

    async def count_turns() -> None:
        nonlocal turn
        while True:
            turn += 1
            await asyncio.sleep(0)

    monkeypatch.setattr(house.shelf, "plan", plan)
    running = [await house.ask(window(0, 4), f"{number}") for number in range(30)]
    await until(lambda: planned == len(running))
    counting = asyncio.create_task(count_turns())
    await asyncio.gather(*(house.jobs.cancel(one) for one in running))
    counting.cancel()
    assert canceled.total() == 30
    assert max(canceled.values()) <= jobs_module.CANCELED_AT_ONCE
