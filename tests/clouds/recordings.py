"""A folder that cameras upload to, as an FTP server leaves it."""

from datetime import datetime, timedelta, tzinfo
import os
from pathlib import Path
import time

from .footage import Container, Footage

# As several makers name their files, in the camera's local time.
USUAL = "%Y-%m-%d_%H-%M-%S"


class Upload:
    """Cameras that upload what they film to folders of their own."""

    def __init__(self, folder: Path, time_zone: tzinfo) -> None:
        """Make the folder."""
        self.folder = folder
        self._time_zone = time_zone
        folder.mkdir(parents=True, exist_ok=True)

    def add(
        self,
        camera: str,
        start: datetime,
        duration: timedelta,
        *,
        name: str = USUAL,
        container: Container = "mp4",
        age: timedelta = timedelta(minutes=1),
    ) -> Path:
        """Upload what a camera films; `name` may have folders, and has no ending."""
        ending = {"mp4": "mp4", "mpegts": "ts"}[container]
        local = start.astimezone(self._time_zone)
        path = self.folder / camera / f"{local.strftime(name)}.{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        film(camera or "Front").write(
            path, start, start + duration, container=container
        )
        set_age(path, age)
        return path


def film(camera: str) -> Footage:
    """Return what a camera films: a key frame each second."""
    return Footage(camera)


def set_age(path: Path, age: timedelta) -> None:
    """Let a file have been changed so long ago."""
    changed_s = time.time() - age.total_seconds()
    os.utime(path, (changed_s, changed_s))
