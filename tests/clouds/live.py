"""The camera's end of live video: a true WebRTC peer."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, override

from aiortc import RTCPeerConnection, VideoStreamTrack
import av

from .footage import Footage


@dataclass(eq=False, kw_only=True)
class LiveSession:
    """A live view: when it began, when the first picture left, when it ended."""

    id: str
    camera: Any
    started_at: datetime
    media_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None
    is_active: bool = False
    connection: RTCPeerConnection


class LiveTrack(VideoStreamTrack):
    """What a camera sees now, from when it may be sent."""

    def __init__(
        self,
        session: LiveSession,
        footage: Footage,
        *,
        now: Callable[[], datetime],
        may_start: Callable[[], bool],
        log: list[str],
    ) -> None:
        """Take whose pictures these are; `log` hears of the first of them."""
        super().__init__()
        self._session = session
        self._footage = footage
        self._now = now
        self._may_start = may_start
        self._log = log

    @override
    async def recv(self) -> av.VideoFrame:
        """Return the picture of now, when it is time for one."""
        pts, time_base = await self.next_timestamp()
        while not self._may_start():
            await asyncio.sleep(0.05)
        now = self._now()
        if self._session.media_at is None:
            self._session.media_at = now
            self._log.append("media")
        frame = self._footage.frame(now)
        frame.pts, frame.time_base = pts, time_base
        return frame
