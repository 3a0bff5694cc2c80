"""The threads in which files are decoded and joined."""

from concurrent.futures import Executor
from datetime import timedelta

from ..storage import Storage, Storages
from ..time_range import Window

LONGEST_SHORT = timedelta(minutes=15)


class Executors(Storages):
    """Two threads for each storage, so that a short clip never waits for a long one.

    Each further thread would keep an arena of memory of its own, and take time from the
    event loop.
    """

    def short(self, storage: Storage) -> Executor:
        """Return a storage's thread for short clips, and for their pictures."""
        return storage.executor("clip_media")

    def of(self, storage: Storage, window: Window) -> Executor:
        """Return a storage's thread for a window of this length."""
        if window.duration <= LONGEST_SHORT:
            return self.short(storage)
        return storage.executor("clip_media_long")
