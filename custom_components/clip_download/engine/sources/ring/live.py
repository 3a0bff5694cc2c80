"""Ring's live view, as its app has it: signalling by ring_doorbell, media by WebRTC.

Importing this blocks for a while, as `whep` does.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
import logging

from ring_doorbell import Ring, RingError
from ring_doorbell.webrtcstream import RingWebRtcMessage, RingWebRtcStream
from websockets.exceptions import WebSocketException

from ...errors import RefusedError
from ..http import unreachable
from ..whep import Peer

_LOGGER = logging.getLogger(__name__)

# A battery camera has to wake up first.
LIVE_STARTS_WITHIN_S = 30.0
STOP_TIMEOUT_S = 15.0

type Messages = asyncio.Queue[RingWebRtcMessage]


def _hide_ticket(record: logging.LogRecord) -> bool:
    """Say no to what contains a ticket: as such, or in the URL that it is good for."""
    is_told = "ticket" in str(record.msg) or "auth_type=ring" in record.getMessage()
    return not is_told


# It opens a live view, and would stand in the log of whoever looks for a fault.
for _name in ("ring_doorbell.webrtcstream", "websockets.client"):
    logging.getLogger(_name).addFilter(_hide_ticket)


@asynccontextmanager
async def view(
    ring: Ring,
    camera_id: int,
    call: Callable[[Callable[[], Awaitable[None]]], Awaitable[None]],
) -> AsyncIterator[None]:
    """Watch a camera live until left; entered with its first picture.

    `call` makes a call of ring_doorbell, and raises our errors. Raises SignInError,
    CloudError, RefusedError.
    """
    peer = Peer()
    messages: Messages = asyncio.Queue()
    streams: list[RingWebRtcStream] = []
    candidates: asyncio.Task[None] | None = None
    try:
        offer = await peer.offer()

        async def open_stream() -> None:
            stream = RingWebRtcStream(
                ring,
                camera_id,
                keep_alive_timeout=None,
                on_message_callback=messages.put_nowait,
                on_close_callback=lambda: _let_go(stream),
            )
            streams.append(stream)
            try:
                await stream.generate(offer)
            except RingError as err:
                cause = err.__cause__
                if isinstance(cause, OSError | WebSocketException):
                    # Some of these contain the URL with its ticket.
                    raise unreachable(cause) from None
                raise

        await call(open_stream)
        answer, early = await _answer(messages)
        candidates = asyncio.create_task(
            _add_candidates(peer, early, messages), name="ways to a live view"
        )
        await peer.receive(answer, LIVE_STARTS_WITHIN_S)
        yield
    finally:
        if candidates:
            candidates.cancel()
        # Even if this is cancelled meanwhile.
        await asyncio.shield(_hang_up(streams))
        await peer.close()


async def _answer(messages: Messages) -> tuple[str, list[RingWebRtcMessage]]:
    """Return Ring's answer, and the ICE candidates that came before it."""
    early: list[RingWebRtcMessage] = []
    try:
        async with asyncio.timeout(LIVE_STARTS_WITHIN_S):
            while True:
                message = await messages.get()
                if message.answer:
                    return message.answer, early
                if message.candidate is None:
                    raise RefusedError("live_not_started")
                early.append(message)
    except TimeoutError as err:
        raise RefusedError("live_not_started") from err


async def _add_candidates(
    peer: Peer, early: list[RingWebRtcMessage], messages: Messages
) -> None:
    while True:
        message = early.pop(0) if early else await messages.get()
        if message.candidate:
            await peer.add_candidate(message.candidate, message.sdp_m_line_index or 0)


async def _let_go(stream: RingWebRtcStream) -> None:
    """Keep a stream that Ring ends from waiting for the task that it is closed in."""
    stream.read_task = None


async def _hang_up(streams: list[RingWebRtcStream]) -> None:
    """End what was begun; what cannot be ended is ended by Ring before long."""
    for stream in streams:
        tasks = [task for task in (stream.ping_task, stream.read_task) if task]
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await stream.close()
        except (OSError, RingError, WebSocketException) as err:
            _LOGGER.warning("Could not end a live view (%s)", type(err).__name__)
        for task in tasks:
            if task.done() and not task.cancelled():
                # A connection that broke off broke these, too, and nobody asks them.
                task.exception()
