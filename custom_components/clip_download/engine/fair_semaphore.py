"""Turns at what an account's jobs share: one camera after the other, not first come.

Whoever asks for fifty clips of one camera must not keep all others waiting.
"""

import asyncio
from collections import deque
from contextvars import ContextVar
from typing import Self

# The camera that a task works for; empty where it works for the account.
CURRENT_CAMERA: ContextVar[str] = ContextVar("IN_TURN", default="")


class FairSemaphore:
    """A semaphore: within one camera it goes by who came first."""

    def __init__(self, at_once: int) -> None:
        """Let so many have it at once."""
        self.free = at_once
        # By camera, of which the first is the next.
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}

    async def __aenter__(self) -> Self:
        """Wait for a turn."""
        await self.acquire()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Let the next one have it."""
        self.release()

    @property
    def is_waited_for(self) -> bool:
        """Whether somebody waits for a turn."""
        return bool(self._waiting)

    async def acquire(self) -> None:
        """Wait for a turn."""
        if self.free:
            # Nobody waits while there is one.
            self.free -= 1
            return
        camera = CURRENT_CAMERA.get()
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(camera, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._forget(camera, turn)
            else:
                # It was given in that very moment.
                self.release()
            raise

    def release(self) -> None:
        """Let the next one have it: of the camera that has waited longest for a turn."""
        while self._waiting:
            camera = next(iter(self._waiting))
            waiting = self._waiting.pop(camera)
            turn = waiting.popleft()
            if waiting:
                # To the end: the others are first.
                self._waiting[camera] = waiting
            if not turn.done():
                turn.set_result(None)
                return
        self.free += 1

    def _forget(self, camera: str, turn: asyncio.Future[None]) -> None:
        waiting = self._waiting.get(camera)
        if waiting and turn in waiting:
            waiting.remove(turn)
            if not waiting:
                del self._waiting[camera]
