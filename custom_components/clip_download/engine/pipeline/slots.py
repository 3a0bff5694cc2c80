"""The turns of an account's downloads: few clips arrive at once, and few are opened ahead."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Self

from ..fair_semaphore import FairSemaphore
from ..time_range import Window
from .executors import LONGEST_SHORT

# How many are opened for each slot before they have one: on a fast line, small bodies
# arrive sooner than the next one is answered.
AHEAD = 2
# Who is not answered by then does not keep the others from asking.
OPENED_SOON_S = 5.0


class Slots(FairSemaphore):
    """How many clips of an account arrive at once.

    A slot is not kept waiting for an answer: requests are sent before there is one. Only
    some: what a cloud sends to those without a slot is in the way of those with one.
    """

    def __init__(self, at_once: int) -> None:
        """Let so many arrive at once."""
        super().__init__(at_once)
        self._ahead = FairSemaphore(AHEAD * at_once)

    @asynccontextmanager
    async def ahead(self) -> AsyncIterator[Callable[[], None]]:
        """Wait until one more may be opened; call what is yielded once it has a slot."""
        await self._ahead.acquire()
        is_held = True

        def release() -> None:
            nonlocal is_held
            if is_held:
                is_held = False
                self._ahead.release()

        timer = asyncio.get_running_loop().call_later(OPENED_SOON_S, release)
        try:
            yield release
        finally:
            timer.cancel()
            release()


class Downloads:
    """The slots of an account: so many for short clips, and as many for long ones.

    As with the threads, a short clip never waits for a long one.
    """

    def __init__(self, at_once: int) -> None:
        """Let so many clips of each kind be downloaded at once."""
        self.short = Slots(at_once)
        self.long = Slots(at_once)

    def of(self, window: Window) -> Slots:
        """Return the slots for a window of this length."""
        return self.short if window.duration <= LONGEST_SHORT else self.long


class ClipSlot:
    """One clip's slot: one is enough for all of its parts that arrive side by side.

    It is kept from part to part while nobody else waits for one.
    """

    def __init__(self, downloads: Slots) -> None:
        """Take the slots that it is one of; none is taken yet."""
        self._downloads = downloads
        self._parts = 0
        # One of the parts waits for the slot, and the others for that one.
        self._lock = asyncio.Lock()

    async def __aenter__(self) -> Self:
        """Wait until a part may arrive."""
        await self.acquire()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Let go of it."""
        self.release()

    def ahead(self) -> AbstractAsyncContextManager[Callable[[], None]]:
        """Wait until a part may be opened before the clip has its slot."""
        return self._downloads.ahead()

    async def acquire(self) -> None:
        """Wait until a part may arrive."""
        async with self._lock:
            if not self._parts or self._downloads.is_waited_for:
                await self._downloads.acquire()
                if self._parts:
                    self._downloads.release()
            self._parts += 1

    def release(self) -> None:
        """Note that a part has arrived, or does not any more."""
        self._parts -= 1
        if not self._parts:
            self._downloads.release()
