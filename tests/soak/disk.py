"""What a power cut takes from a disk: all that nobody waited for to be written.

A killed process loses nothing that it wrote; the kernel has it. To play a power cut after
a kill, this keeps book of what the process made durable: which files (`fsync`), which
names (`fsync` of their folder), how much of SQLite's log. Of all else, dice say how much
is left. Removals are taken as done, and so is what was written by an earlier, undone cut.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
import os
from pathlib import Path
import random
import struct
from typing import Any

# The head of a log file, and of each of its frames.
WAL_HEAD_BYTES = 32
FRAME_HEAD_BYTES = 24
# In the index of a log: where it says how far the database itself may be written.
_INDEX_BYTES = 132
_TRIED = 128


@dataclass(frozen=True)
class _Named:
    """A name that was given: by a link, or by a rename that put `replaced` aside."""

    is_link: bool
    old: Path
    new: Path
    ino: int
    replaced: Path | None


class Disk:
    """The disk below the media folder, and what the integration has in /config."""

    def __init__(self, media: Path, database: Path) -> None:
        """Take what is there now as written."""
        self._media = media
        self._database = database
        # By inode: the size and time of change with which it was made durable.
        self._durable: dict[int, tuple[int, int]] = {}
        self._named: list[_Named] = []
        self._log: tuple[str, int] | None = None
        self.settle()

    def settle(self) -> None:
        """Take all that is there as written."""
        self._durable = {
            about.st_ino: (about.st_size, about.st_mtime_ns)
            for _, about in self._files()
        }
        self._named.clear()
        self._log = None

    def hear(self, told: Mapping[str, Any]) -> None:
        """Take what the process told of."""
        match told["what"]:
            case "sync":
                self._durable[told["ino"]] = (told["size"], told["modified_ns"])
                folder = Path(told["path"])
                self._named = [one for one in self._named if one.new.parent != folder]
            case "link" | "rename":
                replaced = told["replaced"]
                self._named.append(
                    _Named(
                        is_link=told["what"] == "link",
                        old=Path(told["old"]),
                        new=Path(told["new"]),
                        ino=told["ino"],
                        replaced=Path(replaced) if replaced else None,
                    )
                )
            case "wal":
                self._log = told["salt"], told["frames"]

    def lose_power(self, dice: random.Random) -> list[str]:
        """Take away what is not durable; return what was done, in words."""
        done = [*self._lose_names(dice), *self._lose_contents(dice)]
        if lost := self._lose_log(dice):
            done.append(lost)
        self.settle()
        return done

    def _lose_names(self, dice: random.Random) -> Iterator[str]:
        """Undo the last of the names that were given, as many as it comes to."""
        for one in reversed(self._named[dice.randint(0, len(self._named)) :]):
            if _ino(one.new) != one.ino:
                continue
            if one.is_link:
                one.new.unlink()
            elif one.old.parent.is_dir() and not os.path.lexists(one.old):
                one.new.rename(one.old)
                if one.replaced:
                    one.replaced.rename(one.new)
            else:
                # The folder that it came from is gone: so the name was written first.
                continue
            yield f"{self._short(one.new)} lost its name"

    def _lose_contents(self, dice: random.Random) -> Iterator[str]:
        # In a fixed order, so that the same dice take the same.
        for path, about in sorted(self._files()):
            size, modified_ns = self._durable.get(about.st_ino, (0, -1))
            if (about.st_size, about.st_mtime_ns) == (size, modified_ns):
                continue
            if modified_ns < 0 or size > about.st_size:
                size = 0
            keep = dice.choice([size, (size + about.st_size) // 2, about.st_size])
            if keep == about.st_size:
                continue
            os.truncate(path, keep)
            yield f"{self._short(path)} has {keep} of {about.st_size} bytes"

    def _lose_log(self, dice: random.Random) -> str:
        """Take away from the log what SQLite did not wait for."""
        log = self._database.with_name(f"{self._database.name}-wal")
        index = self._database.with_name(f"{self._database.name}-shm")
        try:
            head, about = log.read_bytes()[:WAL_HEAD_BYTES], index.read_bytes()
        except FileNotFoundError:
            return ""
        if len(head) < WAL_HEAD_BYTES or len(about) < _INDEX_BYTES:
            return ""
        (page_bytes,) = struct.unpack_from(">I", head, 8)
        (frames,) = struct.unpack_from("=I", about, 16)
        # What may be in the database already was written here before.
        (durable,) = struct.unpack_from("=I", about, _TRIED)
        if self._log and self._log[0] == head[16:24].hex():
            durable = max(durable, self._log[1])
        # The index is made anew from the log.
        index.unlink()
        keep = dice.randint(min(durable, frames), frames)
        if keep == frames:
            return ""
        frame_bytes = FRAME_HEAD_BYTES + page_bytes
        torn = dice.choice([0, dice.randrange(frame_bytes)])
        os.truncate(log, WAL_HEAD_BYTES + keep * frame_bytes + torn)
        return f"the log has {keep} of {frames} frames ({durable} durable)"

    def _files(self) -> Iterator[tuple[Path, os.stat_result]]:
        stored = (self._database.parent / ".storage").glob("clip_download*")
        for path in (*self._media.rglob("*"), *stored):
            if path.is_file() and not path.is_symlink():
                yield path, path.stat()

    def _short(self, path: Path) -> str:
        top = self._media if path.is_relative_to(self._media) else self._database.parent
        return str(path.relative_to(top))


def _ino(path: Path) -> int | None:
    try:
        return path.stat(follow_symlinks=False).st_ino
    except OSError:
        return None
