"""What every cloud looks like to the rest: cameras, a plan of parts, downloads."""

from abc import ABC, abstractmethod
import asyncio
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Mapping,
    Sequence,
)
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from importlib import import_module
from types import ModuleType
from typing import Any, ClassVar

from aiohttp import ClientResponse, ClientSession

from ..clips.errors import ClipError, CloudError, InvalidRequestError, RefusedError
from ..clips.window import Placing, Window


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who is signed in: an id that the cloud never changes, and a name for people."""

    id: str
    title: str


@dataclass(frozen=True, kw_only=True)
class Camera:
    """One device or stream of an account.

    `id` is the cloud's own and never changes; `details` is what the source needs to
    remember about it between listing and asking (plain JSON values).
    """

    id: str
    name: str
    model: str | None = None
    serial_number: str | None = None
    firmware: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """How the footage is wanted; `None` leaves it to the cloud.

    `audio` is honoured for every cloud: the track is left out when the clip is made.
    The other fields only where a source lists them in `honours`.
    """

    audio: bool = True
    codec: str | None = None
    frame_rate: int | None = None
    width: int | None = None
    height: int | None = None
    timestamps: str | None = None


# How far apart two clouds' clocks may put the beginning of one event.
SAME_WITHIN = timedelta(seconds=5)


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that a camera saw, as its cloud tells it.

    `kind` is the cloud's word for why: one of `Source.event_kinds`, or another. `seen`
    has the words for what was seen, sorted and each once, where the cloud says so: those
    of SEEN, or its own. `window` is that of its footage; it ends where it begins while
    that is not known. `is_ready` says whether the footage can be fetched now, as far as
    the cloud tells.
    """

    id: str
    kind: str
    window: Window
    seen: tuple[str, ...] = ()
    is_ready: bool = True

    def __post_init__(self) -> None:
        """Sort the words, so that equal sets are equal."""
        object.__setattr__(self, "seen", tuple(sorted({*self.seen})))

    @property
    def what(self) -> str:
        """What was seen, as a person reads it; empty where the cloud does not say."""
        return ", ".join(self.seen)

    def is_same_as(self, other: Event) -> bool:
        """Say whether both are one: a cloud may tell it under another id than it lists."""
        return self.id == other.id or (
            self.kind == other.kind
            and abs(self.window.start - other.window.start) < SAME_WITHIN
        )

    def is_of(self, kinds: Collection[str]) -> bool:
        """Return whether its kind, or anything that was seen, is one of these."""
        return self.kind in kinds or any(word in kinds for word in self.seen)


def words_of(what: str) -> tuple[str, ...]:
    """Return the words of what was seen, as `Event.what` has them."""
    return tuple(filter(None, what.split(", ")))


# Why there is an event: somebody rang, something moved, somebody looked.
DING, MOTION, ON_DEMAND = "ding", "motion", "on_demand"
# Another device that is linked to the camera saw something; the alarm went off; a door
# was opened or closed.
ON_DEMAND_LINK, ALARM, DOOR_ACTIVITY = "on_demand_link", "alarm", "door_activity"
# All that a cloud's `event_kinds` may have.
EVENT_KINDS = (DING, MOTION, ON_DEMAND, ON_DEMAND_LINK, ALARM, DOOR_ACTIVITY)
# What a cloud may say that it saw.
SEEN = ("animal", "package", "person", "vehicle")


@dataclass(frozen=True, kw_only=True)
class Part:
    """One piece of footage as the cloud hands it over.

    `window` is what it covers, as far as is known before it is fetched, and `placing`
    how its footage lies there. What is off its window by more than `tolerance` is asked
    for again, in the `Source.halves` of the part; None where its length is not known.
    `ask` is what the source needs to fetch it (plain JSON values, never a signed URL).
    """

    window: Window
    placing: Placing = Placing.RECORDING
    tolerance: timedelta | None = None
    event_ids: tuple[str, ...] = ()
    ask: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The parts that exist for a window, in order of time.

    `again_after_s` is set while more may still come: seconds until it is worth asking
    again. Whoever has no time left takes the parts that are there. `trouble` is why the
    parts may be less than there is: it is told with the clip, which is partial then.
    """

    parts: Sequence[Part]
    again_after_s: float | None = None
    trouble: ClipError | None = None


@dataclass(frozen=True, kw_only=True)
class Download:
    """An answer whose status was found good, with its body still to be read.

    `window` is what the cloud says it really sent, where it says so. `longest` is how
    long the footage may be where that is more than the part's window. `rest` is what of
    the part is still to be asked for, where the cloud sent only its beginning.
    `most_bytes`: a body of more may have been cut by the cloud; then the part's halves
    are asked for. `not_video` is what a body that is no video means, where the cloud is
    known to send such on purpose. With `begins_earlier` it ends where its window does,
    and what it is longer than that lies before it.
    """

    response: ClientResponse
    window: Window | None = None
    longest: timedelta | None = None
    rest: Part | None = None
    most_bytes: int | None = None
    not_video: RefusedError | None = None
    begins_earlier: bool = False


class SplitError(RefusedError):
    """The cloud will not give this part as one: `parts` may be fetched in its place."""

    def __init__(self, key: str, *, parts: Sequence[Part], **placeholders: str) -> None:
        """Take the translation key, the smaller parts and what fills the text."""
        super().__init__(key, **placeholders)
        self.parts = parts


class Source(ABC):
    """One signed-in account of one kind of cloud."""

    kind: ClassVar[str]
    manufacturer: ClassVar[str]
    # Fields of `Wishes` that this cloud can honour, besides `audio`.
    honours: ClassVar[frozenset[str]] = frozenset()
    # How many parts of one window the cloud lets us fetch side by side.
    parts_at_once: ClassVar[int] = 1
    # How long after a window's end its footage can be there at the earliest.
    lag: ClassVar[timedelta] = timedelta(0)
    # How long after a window's end the cloud may still add to what it has of it.
    settles_after: ClassVar[timedelta] = timedelta(0)
    # The kinds of events that the cloud keeps a history of, with footage; none: no history.
    event_kinds: ClassVar[tuple[str, ...]] = ()
    # Whether the cloud can tell what the cameras saw by itself, to a webhook.
    tells_events: ClassVar[bool] = False
    # Whether each download of ours is one more event (`on_demand`) in that history.
    echoes_downloads: ClassVar[bool] = False
    # Whether the cloud keeps whole recordings of events, and nothing between them.
    keeps_recordings: ClassVar[bool] = False
    # Whether the cameras record without being told to, so that `live` has no effect.
    records_always: ClassVar[bool] = True

    def __init__(
        self,
        session: ClientSession,
        credentials: Mapping[str, Any],
        *,
        keep_credentials: Callable[[dict[str, Any]], None] | None = None,
        flush_credentials: Callable[[], Awaitable[None]] | None = None,
        named_cameras: Sequence[str] = (),
        access_token: Callable[[bool], Awaitable[str]] | None = None,
        options: Mapping[str, Any] | None = None,
        bring_live: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Take what a config entry holds; nothing is asked of the cloud yet.

        `keep_credentials` is called with the changed fields when the cloud rotates a
        token, and `flush_credentials` awaited before the new one is used: what was kept
        outlives a kill then. `named_cameras` are cameras that a person named because the cloud does
        not let the account list them. `access_token` gives a valid token of an account
        that signs in by OAuth 2; with True, a new one, because the last was refused.
        `options` are those of the account; a change makes another source. `bring_live`
        installs what live views need and nothing else does; it raises RefusedError.
        """
        self.session = session
        self.credentials = credentials
        self.keep_credentials = keep_credentials
        self.flush_credentials = flush_credentials
        self.named_cameras = named_cameras
        self.access_token = access_token
        self.options = options or {}
        self._bring_live = bring_live
        self.prepare()

    def prepare(self) -> None:
        """Make what this kind of source keeps; nothing is asked of the cloud."""

    @abstractmethod
    async def identify(self) -> Identity:
        """Try the credentials and say whose they are.

        Raises SignInError if they are refused, CloudError if that cannot be known now.
        """

    @abstractmethod
    async def cameras(self) -> list[Camera]:
        """List the cameras. Raises SignInError, CloudError."""

    @abstractmethod
    async def plan(
        self,
        camera: Camera,
        window: Window,
        wishes: Wishes,
        events: Sequence[Event] = (),
    ) -> Plan:
        """Say what footage exists. Raises SignInError, CloudError, RefusedError.

        `events` are those whose footage is wanted, where the window was made for them:
        a cloud that keeps recordings is asked for just theirs, whatever the window.
        """

    async def events(self, camera: Camera, window: Window) -> list[Event]:
        """List what the camera's history holds of a window, the oldest first.

        Raises InvalidRequestError where the cloud keeps none; SignInError, CloudError,
        RefusedError.
        """
        raise InvalidRequestError("no_history", cloud=self.manufacturer)

    def is_echo(self, event: Event) -> bool:
        """Say whether an event may be of our own making, and saving it make one more."""
        return self.echoes_downloads and event.kind == ON_DEMAND

    async def listen(self, heard: Callable[[], None]) -> None:
        """Call `heard` whenever the cloud pushes that something happened, for ever.

        A push is a reason to look into the history, never the truth. Returns at once
        where the cloud pushes nothing; raises ClipError when listening fails.
        """

    @abstractmethod
    def fetch(
        self, camera: Camera, part: Part, wishes: Wishes
    ) -> AbstractAsyncContextManager[Download]:
        """Open one part.

        Raises SignInError, CloudError, NotReadyError, NoFootageError, RefusedError, of
        which SplitError brings smaller parts.
        """

    def rejected(self, part: Part, err: CloudError) -> ClipError:
        """Hear that what was fetched of a part is no video; return what to raise of it.

        As it is, `err` is worth a few more tries. A source with more than one address of
        a recording returns AddressError, gives the next one then, and has an end.
        """
        return err

    def halves(self, part: Part) -> Sequence[Part]:
        """Return smaller parts to fetch in place of one; none if it cannot be cut."""
        return ()

    async def picture(self, camera: Camera, *, is_fresh: bool = True) -> bytes | None:
        """Return a still picture (JPEG), or None where the cloud has none.

        Without `is_fresh` the camera is left alone: it is the newest one that exists.
        """
        return None

    @asynccontextmanager
    async def live(self, camera: Camera) -> AsyncIterator[None]:
        """Keep the camera recording: a live session, where it records only then.

        It is entered once the camera records, and the session ends however it is left.
        Raises SignInError, CloudError, RefusedError.
        """
        yield

    def refusal(self, camera: Camera) -> str | None:
        """Return why nothing new of a camera is handed over, by what the cloud's list says.

        That is the key of an error, empty if nothing is in the way, None if it is not
        known.
        """
        return None

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

    def check(self, wishes: Wishes) -> None:
        """Raise InvalidRequestError for a wish that this cloud cannot honour."""
        for name in ("codec", "frame_rate", "width", "height", "timestamps"):
            if getattr(wishes, name) is not None and name not in self.honours:
                raise InvalidRequestError(
                    "field_not_honoured", field=name, cloud=self.manufacturer
                )
