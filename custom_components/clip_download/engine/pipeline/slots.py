"""The turns of an account's downloads: few bodies arrive at once, and few are opened ahead."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from ..fair_semaphore import FairSemaphore

# How many are opened for each slot before they have one: on a fast line, small bodies
# arrive sooner than the next one is answered.
AHEAD = 2
# Who is not answered by then does not keep the others from asking.
OPENED_SOON_S = 5.0


class Slots(FairSemaphore):
    """How many bodies of an account arrive at once.

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
