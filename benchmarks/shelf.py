"""An account of ours whose footage a server of files has, so that its jobs can be measured."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Any, Protocol, override

from aiohttp import ClientSession, TCPConnector
from aiolimiter import AsyncLimiter

from custom_components.clip_download.engine.library.database import Library
from custom_components.clip_download.engine.model import (
    Camera,
    Clip,
    Event,
    Identity,
    JobState,
    MediaOptions,
    Part,
    Plan,
)
from custom_components.clip_download.engine.pipeline.executors import Executors
from custom_components.clip_download.engine.pipeline.jobs import Jobs
from custom_components.clip_download.engine.sources.base import Download, Source
from custom_components.clip_download.engine.sources.http import Http, download_of
from custom_components.clip_download.engine.time_range import Window

from .servers import Loopback, trusting

TIMEOUT = timedelta(minutes=10)

type Parts = Callable[[Window], Sequence[Part]]
type Address = Callable[[Camera, Part], str]
type FindCamera = Callable[[str], Camera | None]
type MakeJobs = Callable[[Source, FindCamera, int], Jobs]


def in_one(window: Window) -> Sequence[Part]:
    """Return a window as the only part of its plan."""
    return [Part(window=window)]


class Shelf(Source):
    """A cloud that has footage of every window, in `parts` that are at an `address`."""

    kind = "shelf"
    manufacturer = "Shelf"

    def __init__(
        self,
        session: ClientSession,
        address: Address,
        parts: Parts = in_one,
        parts_at_once: int = 1,
    ) -> None:
        """Take where the footage is."""
        super().__init__({}, session=session)
        self._http = Http(session, (), AsyncLimiter(1000))
        self._address = address
        self._parts = parts
        self.parts_at_once = parts_at_once  # type: ignore[misc]

    @override
    async def identify(self) -> Identity:
        return Identity(id="shelf", title="Shelf")

    @override
    async def cameras(self) -> list[Camera]:
        return []

    @override
    async def plan(
        self,
        camera: Camera,
        window: Window,
        media_options: MediaOptions,
        events: Sequence[Event] = (),
    ) -> Plan:
        return Plan(parts=self._parts(window))

    @override
    @asynccontextmanager
    async def fetch(
        self, camera: Camera, part: Part, media_options: MediaOptions
    ) -> AsyncIterator[Download]:
        async with self._http.get_signed(self._address(camera, part)) as response:
            yield download_of(response)


class Save(Protocol):
    """Saves a clip of a camera, and returns it; SystemExit if it is not whole."""

    async def __call__(
        self, camera: str, window: Window, filename: PurePosixPath
    ) -> Clip:
        """Return the clip."""


def session_of(folder: Path) -> ClientSession:
    """Return a session such as Home Assistant's, which trusts and finds the server."""
    connector = TCPConnector(resolver=Loopback(), ssl=trusting(folder))
    return ClientSession(connector=connector)


@asynccontextmanager
async def accounts(database: Path) -> AsyncIterator[MakeJobs]:
    """Open a library; yield what makes the jobs of an account that saves to it."""
    library = await Library(database).open()
    executors = Executors()
    tasks = set()

    def spawn(work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=name)
        tasks.add(task)
        return task

    def jobs_of(
        source: Source, find_camera: FindCamera, downloads_at_once: int
    ) -> Jobs:
        return Jobs(
            account_id=source.kind,
            account_name=source.kind,
            source=source,
            library=library,
            find_camera=find_camera,
            downloads_at_once=downloads_at_once,
            executors=executors,
            spawn=spawn,
            on_ended=lambda job: None,
            sign_in_again=lambda: None,
        )

    yield jobs_of
    await library.close()
    executors.shutdown()


async def save(
    jobs: Jobs, camera: Camera, window: Window, root: Path, filename: PurePosixPath
) -> Clip:
    """Save a window below `root`; return its clip. Raises SystemExit if it is not whole."""
    running = await jobs.ask(
        camera, window, root=root, filename=filename, timeout=TIMEOUT
    )
    job = await running.done
    if job.state is not JobState.SAVED or job.error:
        raise SystemExit(f"not saved: {job.error}")
    if len(job.clips) != 1 or job.clips[0].gaps:
        raise SystemExit(f"not saved as one: {job.clips}")
    return job.clips[0]


@asynccontextmanager
async def account(
    folder: Path,
    media: Path,
    database: Path,
    address: Address,
    *,
    parts: Parts = in_one,
    parts_at_once: int = 1,
    downloads_at_once: int,
) -> AsyncIterator[Save]:
    """Run an account; yield what saves a clip of it below `media`.

    `folder` is that of the server.
    """
    async with accounts(database) as jobs_of, session_of(folder) as session:
        jobs = jobs_of(
            Shelf(session, address, parts, parts_at_once),
            lambda camera_id: Camera(id=camera_id, name=camera_id),
            downloads_at_once,
        )

        async def save_below(
            camera: str, window: Window, filename: PurePosixPath
        ) -> Clip:
            of = Camera(id=camera, name=camera)
            return await save(jobs, of, window, media, filename)

        yield save_below
