"""Ring's push messages, as its app gets them: by ring_doorbell and Firebase.

Importing this blocks for a while.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
import logging
import time
from typing import Any, override

from ring_doorbell import RingError
from ring_doorbell.listen import RingEventListener

from ...errors import BadAnswerError, ClipError
from ...model import PushedEvent
from ..http import unreachable
from .api import SessionRing

# Should Ring forget where to push to without ending the session.
LONGEST_S = 11 * 60 * 60
# How often to look whether Firebase's client, which gives up in silence, still runs.
CHECK_S = 5 * 60
FIREBASE_LOGGERS = (
    "firebase_messaging.fcmpushclient",
    "firebase_messaging.fcmregister",
)

type Call = Callable[[Callable[[], Awaitable[None]]], Awaitable[None]]


async def listen(
    ring: SessionRing,
    token: dict[str, Any] | None,
    *,
    keep_token: Callable[[dict[str, Any]], None],
    heard: Callable[[PushedEvent], None],
    call: Call,
) -> None:
    """Call `heard` with the camera at each push, until it is time to begin anew.

    `token` is what Firebase knows us by, `keep_token` is given another; `call` makes a
    call of ring_doorbell, and raises our errors. Raises SignInError, CloudError.
    """
    with _quiet_firebase():
        await _listen(ring, _Listener(ring, token, keep_token, call), heard)


@contextmanager
def _quiet_firebase() -> Iterator[None]:
    """Keep Firebase's client from filling the log, but for who debugs it.

    It logs a traceback for each try. Whoever listens reports that pushes do not come.
    """

    def is_wanted(record: logging.LogRecord) -> bool:
        return logging.getLogger(record.name).isEnabledFor(logging.DEBUG)

    loggers = [logging.getLogger(name) for name in FIREBASE_LOGGERS]
    for logger in loggers:
        logger.addFilter(is_wanted)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(is_wanted)


async def _listen(
    ring: SessionRing, listener: _Listener, heard: Callable[[PushedEvent], None]
) -> None:
    try:
        await _start(listener)
        listener.add_notification_callback(
            # What it says of the event may differ from what the history will.
            lambda event: heard(PushedEvent(camera_id=str(event.doorbot_id)))
        )
        ring.opened = listener.register_again
        began_at = time.monotonic()
        while time.monotonic() - began_at < LONGEST_S:
            await asyncio.sleep(CHECK_S)
            if not listener.is_connected:
                return
    finally:
        ring.opened = None
        if listener.started:
            await listener.stop()


async def _start(listener: _Listener) -> None:
    try:
        is_started = await listener.start()
    except ClipError:
        raise
    except Exception as err:  # noqa: BLE001 - Firebase's client trips over all it gets
        raise unreachable(err) from None
    if not is_started:
        raise BadAnswerError("cloud_nonsense")
    # We begin anew before it would renew anything, past the account's turn.
    if listener.session_refresh_task:
        listener.session_refresh_task.cancel()


class _Listener(RingEventListener):
    """ring_doorbell's listener, which asks Ring in the account's turn."""

    def __init__(
        self,
        ring: SessionRing,
        token: dict[str, Any] | None,
        keep_token: Callable[[dict[str, Any]], None],
        call: Call,
    ) -> None:
        """Take whose pushes are wanted, and what asks Ring."""
        super().__init__(ring, token, keep_token)
        self._call = call

    @property
    def is_connected(self) -> bool:
        """Whether pushes can come now."""
        is_started = self._receiver is not None and self._receiver.is_started()
        return is_started and self.subscribed

    async def register_again(self) -> None:
        """Register the push address with a new session, within whatever call opened it.

        Where that fails, all is begun anew at the next check.
        """
        try:
            await super().add_subscription_to_ring(self.fcm_token or "")
        except RingError:
            self.subscribed = False

    @override
    async def add_subscription_to_ring(self, token: str) -> None:
        """Register the push address with Ring; `subscribed` says whether it took that."""
        await self._call(lambda: super(_Listener, self).add_subscription_to_ring(token))
        if not self.subscribed:
            # On a 401 ring_doorbell refreshes the token, and leaves it at that.
            await self._call(
                lambda: super(_Listener, self).add_subscription_to_ring(token)
            )
