"""How fast, and at which hours of the day, copies may leave the house."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta

# A piece is sent at once: at a low rate, small ones keep the line even.
_PIECE_BYTES = 2**16
_PIECES_PER_S = 8


class Bandwidth:
    """What all that is sent to a target may have of the line; None is all.

    It may be changed while something is sent.
    """

    def __init__(self, bytes_per_s: int | None = None) -> None:
        """Take the limit."""
        self.bytes_per_s = bytes_per_s
        # When the line has carried all that was let through so far.
        self._free_at_s = 0.0

    async def take(self, size_bytes: int) -> None:
        """Wait until the line has room for so many bytes."""
        if not self.bytes_per_s:
            return
        now_s = asyncio.get_running_loop().time()
        begins_s = max(self._free_at_s, now_s)
        self._free_at_s = begins_s + size_bytes / self.bytes_per_s
        if begins_s > now_s:
            await asyncio.sleep(begins_s - now_s)

    async def pieces(self, view: memoryview) -> AsyncIterator[memoryview]:
        """Yield a content as fast as the line may carry it."""
        while view:
            size_bytes = _PIECE_BYTES
            if self.bytes_per_s:
                size_bytes = min(
                    size_bytes, max(self.bytes_per_s // _PIECES_PER_S, 1024)
                )
            piece, view = view[:size_bytes], view[size_bytes:]
            await self.take(len(piece))
            yield piece


@dataclass(frozen=True)
class Body:
    """What is sent in one request, at a limited rate; it may be sent again."""

    content: bytes
    limit: Bandwidth

    def __aiter__(self) -> AsyncIterator[memoryview]:
        """Yield it in pieces."""
        return self.limit.pieces(memoryview(self.content))


@dataclass(frozen=True, kw_only=True)
class Hours:
    """The hours of the day at which copies are made; they may go over midnight.

    Without any, or if it ends when it begins, that is always.
    """

    begin: time | None = None
    end: time | None = None

    def wait_s(self, now: datetime) -> float:
        """Return for how many seconds nothing is copied yet; `now` is the local time."""
        if self.begin is None or self.end is None or self.begin == self.end:
            return 0.0
        clock = now.time()
        if self.begin < self.end:
            is_open = self.begin <= clock < self.end
        else:
            is_open = clock >= self.begin or clock < self.end
        if is_open:
            return 0.0
        begin = now.replace(
            hour=self.begin.hour,
            minute=self.begin.minute,
            second=self.begin.second,
            microsecond=0,
        )
        if begin <= now:
            begin += timedelta(days=1)
        return (begin - now).total_seconds()
