"""The threads in which files are decoded and joined."""

from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import timedelta

from ..time_range import Window

LONGEST_SHORT = timedelta(minutes=15)


class Executors:
    """Two threads for all accounts, so that a short clip never waits for a long one.

    Each further thread would keep an arena of memory of its own, and take time from the
    event loop.
    """

    def __init__(self) -> None:
        """Start no thread before it is needed."""
        self._start()

    def _start(self) -> None:
        self.short: Executor = ThreadPoolExecutor(1, "clip_media")
        self._long: Executor = ThreadPoolExecutor(1, "clip_media_long")

    def of(self, window: Window) -> Executor:
        """Return the thread for a window of this length."""
        return self.short if window.duration <= LONGEST_SHORT else self._long

    def rest(self) -> None:
        """End the threads once they are done; new ones start when they are needed."""
        self.short.shutdown(wait=False)
        self._long.shutdown(wait=False)
        self._start()

    def shutdown(self) -> None:
        """Wait until the threads have ended. Blocks."""
        self.short.shutdown()
        self._long.shutdown()
