"""How far a job has come: its step, what it waits for, and what has arrived."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ..errors import ClipError
from ..model import JobState


class WaitReason(StrEnum):
    """What a job waits for, where that is no error of the cloud."""

    # The window's end, and the cloud's delay after it.
    WINDOW = "window"
    # The cloud does not have all of the footage yet.
    FOOTAGE = "footage"
    # Other downloads of the account.
    SLOT = "slot"


@dataclass(frozen=True, kw_only=True, eq=False)
class Waiting:
    """What a job waits for, and until when at most where that is known."""

    reason: WaitReason | ClipError
    until: datetime | None = None


class Body:
    """The body of one part: so much of it has arrived."""

    __slots__ = ("_changed", "is_arriving", "received_bytes", "size_bytes")

    def __init__(self, size_bytes: int | None, changed: Callable[[], None]) -> None:
        """Take its size, where the cloud tells it."""
        self.size_bytes = size_bytes
        self.received_bytes = 0
        self.is_arriving = True
        self._changed = changed

    def received(self, size_bytes: int) -> None:
        """Count a block. It is called for every one of them: nothing here may cost much."""
        self.received_bytes += size_bytes
        self._changed()


class Progress:
    """How far one job has come. `changed` is called whenever anything of it changes.

    Parts are known by their key. `parts` is how many there are, None before the plan; one
    that is split counts as the parts that it is split into.
    """

    def __init__(self, changed: Callable[[], None] = lambda: None) -> None:
        """Begin as a job that is queued."""
        self.state = JobState.QUEUED
        self.parts: int | None = None
        self._finished: set[str] = set()
        self._bodies: dict[str, Body] = {}
        self._waits: list[Waiting] = []
        self._changed = changed

    @property
    def parts_done(self) -> int:
        """How many parts came, or will not come."""
        return len(self._finished)

    @property
    def received_bytes(self) -> int:
        """How many bytes of footage have arrived."""
        return sum(body.received_bytes for body in self._bodies.values())

    @property
    def size_bytes(self) -> int | None:
        """How many bytes there will be, None while the cloud has not told of all parts."""
        if self.parts is None or len(self._finished | self._bodies.keys()) < self.parts:
            return None
        size_bytes = 0
        for body in self._bodies.values():
            if body.size_bytes is None:
                return None
            size_bytes += body.size_bytes
        return size_bytes

    @property
    def waiting(self) -> Waiting | None:
        """What it waits for, None while anything arrives."""
        if any(body.is_arriving for body in self._bodies.values()):
            return None
        return self._waits[-1] if self._waits else None

    def enter(self, state: JobState) -> None:
        """Note the step that begins."""
        self.state = state
        self._changed()

    def add_parts(self, count: int) -> None:
        """Note so many more parts to fetch."""
        self.parts = (self.parts or 0) + count
        self._changed()

    def finish_part(self, key: str) -> None:
        """Note that a part came, or will not come."""
        self._finished.add(key)
        self._changed()

    def fetch_again(self, key: str) -> None:
        """Note that a part is fetched once more, of which not all came."""
        self._finished.discard(key)
        self._changed()

    def keep(self, key: str, size_bytes: int) -> None:
        """Note what of a part is there since before a restart."""
        with self.receive(key, size_bytes) as body:
            body.received(size_bytes)

    @contextmanager
    def receive(self, key: str, size_bytes: int | None) -> Iterator[Body]:
        """Count a part's body while it arrives, in place of one that came before."""
        body = self._bodies[key] = Body(size_bytes, self._changed)
        self._changed()
        try:
            yield body
        except BaseException:
            # What broke off is fetched from its beginning.
            self._bodies.pop(key, None)
            raise
        finally:
            body.is_arriving = False
            self._changed()
        body.size_bytes = body.received_bytes

    @contextmanager
    def wait(
        self, reason: WaitReason | ClipError, until: datetime | None = None
    ) -> Iterator[None]:
        """Note what is waited for."""
        waiting = Waiting(reason=reason, until=until)
        self._waits.append(waiting)
        self._changed()
        try:
            yield
        finally:
            self._waits.remove(waiting)
            self._changed()
