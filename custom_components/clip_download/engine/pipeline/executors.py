"""The threads in which files are decoded and joined."""

from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import timedelta

from ..time_range import Window

LONGEST_SHORT = timedelta(minutes=15)


class Executors:
    """Two threads for all accounts: the clip of a doorbell never waits for that of a day.

    Each further one would keep an arena of memory of its own, and take time that the
    event loop misses.
    """

    def __init__(self) -> None:
        """Start no thread before it is needed."""
        self.short: Executor = ThreadPoolExecutor(1, "clip_media")
        self._long: Executor = ThreadPoolExecutor(1, "clip_media_long")

    def of(self, window: Window) -> Executor:
        """Return where the work for a window of this length is done."""
        return self.short if window.duration <= LONGEST_SHORT else self._long

    def shutdown(self) -> None:
        """Wait until what is under way has ended. Blocks."""
        self.short.shutdown()
        self._long.shutdown()
