"""Threads and time, for what runs on the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import UTC, datetime
import functools
import threading


class Cancelled(Exception):
    """The caller wants no result any more."""


def run_in_thread[**P, T](
    call: Callable[P, T], *args: P.args, **kwargs: P.kwargs
) -> asyncio.Future[T]:
    """Run a call that blocks in a thread of the loop's own pool."""
    return run_in_executor(None, call, *args, **kwargs)


def run_in_executor[**P, T](
    executor: Executor | None, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs
) -> asyncio.Future[T]:
    """Run a call that blocks in a thread of an executor."""
    return asyncio.get_running_loop().run_in_executor(
        executor, functools.partial(call, *args, **kwargs)
    )


async def join_thread[T](
    work: asyncio.Future[T], cancelled: threading.Event | None = None
) -> T:
    """Wait for a thread's work; if the caller goes away, until the thread has stopped.

    `cancelled` is what the thread looks at, if its work takes long.
    """
    try:
        await asyncio.wait([work])
    except asyncio.CancelledError:
        if cancelled:
            cancelled.set()
        await asyncio.wait([work])
        # That it was cancelled, or anything else, is of no interest any more.
        work.exception()
        raise
    return work.result()


async def sleep_until(moment: datetime) -> None:
    """Wait for a time of the clock."""
    # In steps, because the clock may be set while we sleep.
    while (left_s := seconds_until(moment)) > 0:
        await asyncio.sleep(min(left_s, 60))


def seconds_until(moment: datetime) -> float:
    """Return how many seconds it is until then; negative if it is past."""
    return (moment - datetime.now(UTC)).total_seconds()
