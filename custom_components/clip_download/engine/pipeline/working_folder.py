"""The working folder of a job: hidden, only ours to read, beside the job's clips.

Its name cannot be guessed, and is recorded before the folder is made: so each one is
found again after a kill. After a restart a job gets a new one, and the parts are moved
into it. All functions block.
"""

from collections.abc import Iterable, Iterator
import contextlib
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
import secrets

from ..errors import StorageError
from ..folder import Folder, is_link
from ..library import files
from ..library.publishing import ASIDE, Publisher, has_replaced
from ..model import Job, JobState
from . import parts
from .parts import Stored


@dataclass(frozen=True, kw_only=True)
class WorkingFolder:
    """An open working folder, in the folder `beside`.

    `made_folders` is how many folders were made on the way to it. `kept` are the parts
    from before a restart, by their key. `names` are those of all working folders that the
    job has now.
    """

    beside: Folder
    folder: Folder
    made_folders: int
    kept: dict[str, Stored]
    names: tuple[str, ...]


def with_new_name(job: Job) -> Job:
    """Return a job with the name of a new working folder, which is not made yet."""
    name = f"{files.HIDDEN}{secrets.token_hex(16)}"
    return replace(job, working_folders=(name, *job.working_folders))


def place_of(job: Job) -> Path:
    """Return the path of the folder of a job's clips, for messages."""
    return (job.root / job.filename).parent


def open_place(job: Job) -> Folder:
    """Open the folder of a job's clips, through no link. Raises OSError."""
    return Folder.open(job.root, _below(job))


def begin(job: Job) -> WorkingFolder:
    """Make the newest working folder of a job, and move the others' files into it.

    The others are removed. Clips that were replaced are moved back, unless all clips of
    the job were published. Raises OSError, StorageError.
    """
    name, *others = job.working_folders
    beside, made_folders = Folder.reach(job.root, _below(job))
    try:
        folder = beside.make_private(name)
    except BaseException:
        Folder.unmake(job.root, _below(job), made_folders)
        raise
    for other in others:
        _take_over(beside, other, folder)
    publisher = Publisher(beside, [folder])
    if not all(publisher.has_published(clip) for clip in job.clips):
        publisher.take_back(job.clips)
    return WorkingFolder(
        beside=beside,
        folder=folder,
        made_folders=made_folders,
        kept=parts.tidy(folder, spare=ASIDE),
        names=(name, *(one for one in others if (beside / one).exists())),
    )


def pause(job: Job, working: WorkingFolder | None) -> None:
    """Remove the working folder, unless it has files for the next start."""
    if working is None:
        return
    with contextlib.suppress(OSError):
        if parts.tidy(working.folder, spare=ASIDE) or has_replaced(working.folder):
            return
        _remove(job, working.beside, working)


def end(job: Job, working: WorkingFolder | None) -> bool:
    """Remove all working folders of a job; return whether they are gone."""
    try:
        beside = working.beside if working else open_place(job)
        if working and job.state is JobState.SAVED:
            # Some network file systems remove no folder that is open. If the job failed,
            # a thread may still use it.
            working.folder.close()
        return _remove(job, beside, working)
    except OSError:
        # Its disk may not be mounted.
        return False


def has_published(job: Job) -> bool:
    """Return whether all clips of a job got their names before a kill. Raises OSError."""
    try:
        place = open_place(job)
    except FileNotFoundError:
        return False
    publisher = Publisher(place, [])
    return all(publisher.has_published(clip) for clip in job.clips)


def take_back(job: Job, working: WorkingFolder | None) -> None:
    """Remove the published clips of a job, and move back those that they replaced.

    Raises OSError.
    """
    try:
        place = open_place(job)
    except FileNotFoundError:
        return
    works = [working.folder] if working else list(_opened(place, job.working_folders))
    Publisher(place, works).take_back(job.clips)


def clear(job: Job) -> bool:
    """Remove all files of a job that does not run; return whether they are gone."""
    with contextlib.suppress(OSError, StorageError):
        if job.state is not JobState.SAVED:
            take_back(job, None)
        return end(job, None)
    return False


def _below(job: Job) -> tuple[str, ...]:
    return PurePosixPath(job.filename).parent.parts


def _opened(beside: Folder, names: Iterable[str]) -> Iterator[Folder]:
    """Yield the folders with these names. Raises OSError if one cannot be opened."""
    for name in names:
        try:
            folder = beside.inner(name)
        except FileNotFoundError, NotADirectoryError:
            continue
        except OSError as err:
            # It may hold a clip that was replaced.
            if not is_link(err):
                raise
        else:
            yield folder


def _take_over(beside: Folder, name: str, folder: Folder) -> None:
    """Move the files of another working folder into this one, and remove the other."""
    for other in _opened(beside, [name]):
        for one in other.names():
            if not (folder / one).exists():
                with contextlib.suppress(OSError):
                    (other / one).rename(folder / one)
    beside.remove(name)


def _remove(job: Job, beside: Folder, working: WorkingFolder | None) -> bool:
    is_saved = job.state is JobState.SAVED
    for folder in _opened(beside, job.working_folders):
        # Replaced clips that could not be moved back.
        if not is_saved and has_replaced(folder):
            return False
    for name in job.working_folders:
        beside.remove(name)
    if working:
        Folder.unmake(job.root, _below(job), working.made_folders)
    return not any((beside / name).exists() for name in job.working_folders)
