"""What every cloud looks like to the rest: cameras, a plan of parts, downloads."""

from abc import ABC, abstractmethod
import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from importlib import import_module
from types import ModuleType
from typing import Any, ClassVar

from aiohttp import ClientSession

from ..errors import ClipError, CloudError, InvalidRequestError, RefusedError
from ..model import (
    Camera,
    Event,
    EventKind,
    Identity,
    MediaOptions,
    Part,
    Plan,
    Problem,
    ProblemKind,
    PushedEvent,
    Retention,
)
from ..time_range import Window


class Rest(ABC):
    """The rest of a body, which a thread takes from the connection."""

    @property
    @abstractmethod
    def is_left(self) -> bool:
        """Whether there is more of it to come."""

    @abstractmethod
    async def pour(self, write: Callable[[bytes | memoryview], None]) -> int:
        """Give what has come to a call in a thread, which may not keep it; return its size.

        Raises CloudError if the connection broke off, and what the call raises.
        """

    @abstractmethod
    async def wait(self) -> None:
        """Wait until more has come, or a moment."""


@dataclass(frozen=True, kw_only=True)
class Download:
    """Footage that the cloud has begun to send, with its body still to be read.

    `chunks` are the body in blocks of any size; taking the next one raises CloudError when
    the cloud breaks off. `size_bytes` is what the body has, where the cloud says so, and
    `is_delimited` whether the end of `chunks` says that this was all: it does not where
    only the end of the connection showed it.

    `window` is what the cloud says it really sent, where it says so. `longest` is how
    long the footage may be where that is more than the part's window. `rest` is what of
    the part is still to be asked for, where the cloud sent only its beginning.
    `most_bytes`: a body of more may have been cut by the cloud; then the part's halves
    are asked for. `not_video` is what a body that is no video means, where the cloud is
    known to send such on purpose. With `begins_earlier` it ends where its window does,
    and what it is longer than that lies before it. `rest_of_large` gives what of the body
    was not taken yet, if that is better taken by a thread; nothing comes as `chunks` then.
    """

    chunks: AsyncIterator[bytes]
    size_bytes: int | None = None
    is_delimited: bool = True
    window: Window | None = None
    longest: timedelta | None = None
    rest: Window | None = None
    most_bytes: int | None = None
    not_video: RefusedError | None = None
    begins_earlier: bool = False
    rest_of_large: Callable[[], Awaitable[Rest | None]] | None = None


class SplitError(RefusedError):
    """The cloud will not give this part as one: `parts` may be fetched in its place."""

    def __init__(self, key: str, *, parts: Sequence[Part], **placeholders: str) -> None:
        """Take the translation key, the smaller parts and what fills the text."""
        super().__init__(key, **placeholders)
        self.parts = parts


class Source[CameraT: Camera = Any, PartT: Part = Any](ABC):
    """One signed-in account of one kind of cloud.

    `CameraT` and `PartT` are what it knows of a camera and of a part; it is given only
    those that it has made.
    """

    kind: ClassVar[str]
    manufacturer: ClassVar[str]
    # Fields of `MediaOptions` that this cloud can honour, besides `audio`.
    honours: ClassVar[frozenset[str]] = frozenset()
    # What numbers such a field may have, from the least to the most.
    limits: ClassVar[Mapping[str, tuple[int, int]]] = {}
    # How long the camera can be made to record at once.
    longest_live: ClassVar[timedelta] = timedelta(minutes=1)
    # How many parts of one window the cloud lets us fetch side by side.
    parts_at_once: ClassVar[int] = 1
    # How long after a window's end its footage can be there at the earliest.
    lag: ClassVar[timedelta] = timedelta(0)
    # How long after a window's end the cloud may still add to what it has of it.
    settles_after: ClassVar[timedelta] = timedelta(0)
    # The kinds of events that the cloud keeps a history of, with footage; none: no history.
    event_kinds: ClassVar[tuple[EventKind, ...]] = ()
    # Whether its events say what was seen, where anything was.
    says_what_was_seen: ClassVar[bool] = False
    # Whether `listen` hands over events, not only hints to look into the history.
    pushes_events: ClassVar[bool] = False
    # The kinds of events that our own live views and downloads may be. They are never
    # saved automatically: that could go on for ever.
    own_kinds: ClassVar[frozenset[EventKind]] = frozenset({EventKind.ON_DEMAND})
    # Whether each download of ours is such an event in that history.
    echoes_downloads: ClassVar[bool] = False
    # Whether the cloud keeps whole recordings of events, and nothing between them.
    keeps_recordings: ClassVar[bool] = False
    # About what the cloud bills for fetching a GB, in US dollars; None: nothing.
    usd_per_gb: ClassVar[float | None] = None
    # Whether the cameras record without being asked to, so that `live` has no effect.
    records_always: ClassVar[bool] = True

    # Whether the last list had all cameras: who is not on it is gone then.
    is_list_whole = True

    def __init__(
        self,
        credentials: Mapping[str, Any],
        *,
        session: ClientSession | None = None,
        keep_credentials: Callable[[dict[str, Any]], None] | None = None,
        flush_credentials: Callable[[], Awaitable[None]] | None = None,
        named_cameras: Sequence[str] = (),
        access_token: Callable[[bool], Awaitable[str]] | None = None,
        options: Mapping[str, Any] | None = None,
        bring_live: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Take what a config entry holds; nothing is asked of the cloud yet.

        `session` is for sources that have no client of their own. `keep_credentials` is
        called with the changed fields when the cloud rotates a token, and
        `flush_credentials` awaited before the new one is used: what was kept outlives a
        kill then. `named_cameras` are cameras that a person named because the cloud does
        not let the account list them. `access_token` gives a valid token of an account
        that signs in by OAuth 2; with True, a new one, because the last was refused.
        `options` are those of the account; a change makes another source. `bring_live`
        installs what live views need and nothing else does; it raises RefusedError.
        """
        self._session = session
        self.credentials = credentials
        self.keep_credentials = keep_credentials
        self.flush_credentials = flush_credentials
        self.named_cameras = named_cameras
        self.access_token = access_token
        self.options = options or {}
        self._bring_live = bring_live
        self.prepare()

    @property
    def session(self) -> ClientSession:
        """The session for HTTP; it is not the source's to close."""
        if self._session is None:
            raise RuntimeError(f"There is no session for {self.kind}")
        return self._session

    def prepare(self) -> None:
        """Make what this kind of source keeps; nothing is asked of the cloud."""

    async def aclose(self) -> None:
        """Close what `prepare` opened; it is the last that is asked of a source."""

    @abstractmethod
    async def identify(self) -> Identity:
        """Try the credentials and say whose they are.

        Raises SignInError if they are refused, CloudError if that cannot be known now.
        """

    async def check_sign_in(self) -> None:
        """Raise SignInError if the credentials are refused, CloudError if nobody knows."""
        await self.identify()

    @abstractmethod
    async def cameras(self) -> list[CameraT]:
        """List the cameras. Raises SignInError, CloudError."""

    @abstractmethod
    async def plan(
        self,
        camera: CameraT,
        window: Window,
        media_options: MediaOptions,
        events: Sequence[Event] = (),
    ) -> Plan[PartT]:
        """Say what footage exists. Raises SignInError, CloudError, RefusedError.

        `events` are those whose footage is wanted, where the window was made for them:
        a cloud that keeps recordings is asked for just theirs, whatever the window.
        """

    async def events(self, camera: CameraT, window: Window) -> list[Event]:
        """List what the camera's history holds of a window, the oldest first.

        Raises InvalidRequestError where the cloud keeps none; SignInError, CloudError,
        RefusedError.
        """
        raise InvalidRequestError("no_history", cloud=self.manufacturer)

    async def footage(self, camera: CameraT, window: Window) -> list[Window] | None:
        """Return where the cloud has footage, in order of time; None: it does not say.

        Nothing is fetched for it. The footage of events that are listed need not be among
        it where a camera does not record all the time. Raises as `events`.
        """
        return None

    async def retention(self, camera: CameraT) -> Retention:
        """Return for how long the cloud keeps footage, where the list does not say it.

        Raises SignInError, CloudError.
        """
        return Retention()

    def has_pictures(self, camera: CameraT) -> bool:
        """Return whether the cloud has pictures of a camera's past."""
        return False

    async def picture_at(
        self, camera: CameraT, at: datetime
    ) -> tuple[bytes, datetime] | None:
        """Return the picture (JPEG) nearest to a moment, and when it was taken.

        None where there is none. Raises SignInError, CloudError.
        """
        return None

    def has_event_picture(self, event: Event) -> bool:
        """Return whether the cloud has a picture of an event that was just listed."""
        return False

    async def event_picture(self, camera: CameraT, event: Event) -> bytes | None:
        """Return the cloud's picture (JPEG) of an event, None where it has none (any more).

        Raises SignInError, CloudError.
        """
        return None

    def is_echo(self, event: Event) -> bool:
        """Return whether an event may be a download of ours: saving it would make another."""
        return self.echoes_downloads and event.kind in self.own_kinds

    async def listen(self, heard: Callable[[PushedEvent | None], None]) -> None:
        """Call `heard` whenever the cloud pushes that something happened, for ever.

        With the camera and the event, if the push says which; without an event, the
        history is looked into, of all cameras if it says nothing.
        Where the cloud keeps a history, the push is never the truth: that is. Returns at
        once where the cloud pushes nothing; raises ClipError when listening fails.
        """

    @abstractmethod
    def fetch(
        self, camera: CameraT, part: PartT, media_options: MediaOptions
    ) -> AbstractAsyncContextManager[Download]:
        """Open one part.

        Raises SignInError, CloudError, NotReadyError, NoFootageError, RefusedError, of
        which SplitError brings smaller parts.
        """

    def rejected(self, part: PartT, err: CloudError) -> ClipError:
        """Hear that what was fetched of a part is no video; return what to raise of it.

        As it is, `err` is worth a few more tries. A source with more than one address of
        a recording returns AddressError, gives the next one then, and has an end.
        """
        return err

    def halves(self, part: PartT) -> Sequence[PartT]:
        """Return smaller parts to fetch in place of one; none if it cannot be cut."""
        return ()

    def rest(self, part: PartT, window: Window) -> PartT:
        """Return what is still to be asked for of a part, by the window that is missing."""
        return replace(part, window=window)

    async def picture(self, camera: CameraT, *, is_fresh: bool = True) -> bytes | None:
        """Return a still picture (JPEG), or None where the cloud has none.

        Without `is_fresh` the camera is left alone: it is the newest one that exists.
        """
        return None

    @asynccontextmanager
    async def live(self, camera: CameraT) -> AsyncIterator[None]:
        """Keep the camera recording: a live session, where it records only then.

        It is entered once the camera records, and the session ends however it is left.
        Raises SignInError, CloudError, RefusedError.
        """
        yield

    def refusal(self, camera: CameraT) -> str | None:
        """Return why nothing new of a camera is handed over, by what the cloud's list says.

        That is a ProblemKind, empty if nothing is in the way, None if it is not known.
        """
        if camera.retention is None:
            return None
        return "" if camera.retention else ProblemKind.NO_RETENTION

    def why_no_cameras(self) -> ProblemKind:
        """Return what is wrong if `cameras` has just listed none."""
        return ProblemKind.NO_CAMERAS

    async def problems(self, cameras: Sequence[CameraT]) -> AsyncIterator[Problem]:
        """Yield what keeps footage from being saved, as soon as each is known.

        `cameras` are those that were just listed. Raises SignInError, CloudError.
        """
        if not cameras:
            yield Problem(kind=self.why_no_cameras())
        for camera in cameras:
            if refusal := self.refusal(camera):
                yield Problem(kind=ProblemKind(refusal), camera=camera)

    async def live_module(self, name: str) -> ModuleType:
        """Import a module of this package that needs aiortc, which is brought in first.

        It takes a while, in a thread. Raises RefusedError `live_needs_package`.
        """
        if self._bring_live:
            await self._bring_live()
        try:
            return await asyncio.get_running_loop().run_in_executor(
                None, import_module, f"{__package__}.{name}"
            )
        except (AttributeError, ImportError, OSError) as err:
            # One that was built for other libraries than are here fails as these do.
            raise RefusedError("live_needs_package", package="aiortc") from err

    def check(self, media_options: MediaOptions) -> None:
        """Raise InvalidRequestError for a wish that this cloud cannot honour."""
        for name in ("codec", "frame_rate", "width", "height", "timestamps"):
            if getattr(media_options, name) is not None and name not in self.honours:
                raise InvalidRequestError(
                    "field_not_honoured", field=name, cloud=self.manufacturer
                )
        for name, (least, most) in self.limits.items():
            value = getattr(media_options, name)
            if value is not None and not least <= value <= most:
                raise InvalidRequestError(
                    "wish_out_of_range",
                    field=name,
                    value=str(value),
                    allowed=f"{least}-{most}",
                )

    def check_live(self, duration: timedelta) -> None:
        """Raise InvalidRequestError if the camera cannot be made to record for so long."""
        if duration > self.longest_live:
            raise InvalidRequestError(
                "wish_out_of_range",
                field="duration",
                value=str(duration),
                allowed=f"≤ {self.longest_live}",
            )
