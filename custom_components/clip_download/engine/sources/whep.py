"""A receiving end of live video: an offer, an answer, and media over WebRTC.

Importing this blocks for a while, and few need it: it is imported in a thread, when a
live session is first asked for.
"""

import asyncio
from contextlib import suppress
import logging

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from aiortc.sdp import candidate_from_sdp

from ..errors import RefusedError

_LOGGER = logging.getLogger(__name__)


class Peer:
    """Takes video and throws it away."""

    def __init__(self) -> None:
        """Prepare to receive video, and nothing else.

        No STUN server is asked: whoever sends has a public address, and learns ours
        from the packets that open the way to it.
        """
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._connection.addTransceiver("video", direction="recvonly")
        self._connection.on("track", self._watch)
        self._watching: asyncio.Task[None] | None = None
        self._has_picture = asyncio.Event()

    async def offer(self) -> str:
        """Return our offer (SDP), with all our candidates."""
        await self._connection.setLocalDescription(await self._connection.createOffer())
        return self._connection.localDescription.sdp

    async def receive(self, answer: str, timeout_s: float) -> None:
        """Take the answer (SDP); return once the first picture was decoded.

        Raises RefusedError `live_not_started` if none comes in time.
        """
        try:
            async with asyncio.timeout(timeout_s):
                await self._connection.setRemoteDescription(
                    RTCSessionDescription(sdp=answer, type="answer")
                )
                await self._has_picture.wait()
        except Exception as err:
            # What aiortc makes of an answer that makes no sense is of many kinds.
            raise RefusedError("live_not_started") from err

    async def add_candidate(self, candidate: str, media_index: int) -> None:
        """Take a way to the other side that came apart from its answer, after it.

        One that makes no sense is passed over: others may lead there.
        """
        try:
            way = candidate_from_sdp(candidate.removeprefix("candidate:"))
        except (AssertionError, LookupError, ValueError) as err:
            _LOGGER.debug("A senseless candidate: %r", err)
            return
        way.sdpMLineIndex = media_index
        await self._connection.addIceCandidate(way)

    async def close(self) -> None:
        """Receive no more."""
        await self._connection.close()
        if self._watching:
            self._watching.cancel()
            await asyncio.wait([self._watching])

    def _watch(self, track: MediaStreamTrack) -> None:
        self._watching = asyncio.create_task(self._drain(track), name="live video")

    async def _drain(self, track: MediaStreamTrack) -> None:
        # Pictures that nobody takes would pile up.
        with suppress(MediaStreamError):
            while True:
                await track.recv()
                self._has_picture.set()
        _LOGGER.debug("The live video ended")
