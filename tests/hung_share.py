"""A network share whose server is gone: whatever is asked of it waits, with no end."""

from collections.abc import Iterator
from contextlib import contextmanager
import ctypes
import os
from pathlib import Path

import pytest

_LAZY = 2


class HungShare:
    """One that is mounted. No call to it returns until it is gone."""

    def __init__(self, at: Path) -> None:
        """Mount it: a file system of a program's that never answers the system."""
        self.at = at
        self._is_mounted = False
        try:
            self._device = os.open("/dev/fuse", os.O_RDWR)
        except OSError:
            pytest.skip("there is no FUSE here")
        options = f"fd={self._device},rootmode=40000,user_id=0,group_id=0".encode()
        self._libc = ctypes.CDLL(None, use_errno=True)
        if self._libc.mount(b"hung", os.fsencode(at), b"fuse", 0, options):
            os.close(self._device)
            pytest.skip("nothing can be mounted here")
        self._is_mounted = True

    def end(self) -> None:
        """Let all calls fail that wait for it, and let what lies below be there again."""
        if self._is_mounted:
            self._is_mounted = False
            os.close(self._device)
            self._libc.umount2(os.fsencode(self.at), _LAZY)


@contextmanager
def hung(at: Path) -> Iterator[HungShare]:
    """Let a folder be on a share that hangs."""
    share = HungShare(at)
    try:
        yield share
    finally:
        share.end()
