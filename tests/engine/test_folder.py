"""Folders held open: nothing is reached through a link, whatever a name leads to."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
import errno
import os
from pathlib import Path
import threading

import pytest

from custom_components.clip_download.engine.folder import File, Folder
from custom_components.clip_download.engine.library import files
from tests.waits import until


@pytest.fixture
def media(tmp_path: Path) -> Path:
    """Make a media folder beside a folder that is none of it."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "x").write_bytes(b"secret")
    media = tmp_path / "media"
    (media / "a" / "b").mkdir(parents=True)
    return media


def open_descriptors() -> int:
    """Return how many files this process holds open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_no_link_on_the_way(media: Path) -> None:
    """A link is told from what is not there, at each level but the media folder."""
    (media / "a" / "link").symlink_to(media.parent / "outside")
    (media / "plain").write_bytes(b"")
    before = open_descriptors()
    for below, number in (
        (["a", "link"], errno.ELOOP),
        (["a", "link", "x"], errno.ELOOP),
        (["plain"], errno.ENOTDIR),
        (["a", "c"], errno.ENOENT),
    ):
        with pytest.raises(OSError, match=str(media)) as refused:
            Folder.open(media, below)
        assert refused.value.errno == number
    assert open_descriptors() == before
    linked = media.parent / "linked"
    linked.symlink_to(media)
    with Folder.open(linked, ["a", "b"]) as folder:
        assert folder.names() == []


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/etc", "a\0b"])
def test_what_is_no_name(media: Path, name: str) -> None:
    """A name leads nowhere but into its folder."""
    folder = Folder.open(media)
    for use in (folder.inner, folder.make, folder.remove, folder.remove_empty):
        with pytest.raises(ValueError, match="no name"):
            use(name)
    with pytest.raises(ValueError, match="no name"):
        _ = folder / name


def test_reach_makes_what_is_missing(media: Path) -> None:
    """It is told how much of the way was made, and that can be taken back."""
    below = ["a", "b", "c", "d"]
    folder, made = Folder.reach(media, below)
    assert (folder.path, made) == (media.joinpath(*below), 2)
    Folder.unmake(media, below, made)
    assert [path.name for path in sorted(media.rglob("*"))] == ["a", "b"]
    Folder.reach(media, below)
    (media / "a" / "b" / "c" / "mine").write_bytes(b"")
    Folder.unmake(media, below, 2)
    assert (media / "a" / "b" / "c").is_dir()
    assert not (media / "a" / "b" / "c" / "d").exists()


def test_reach_leaves_nothing_that_was_made_for_nothing(media: Path) -> None:
    """Where the last folder cannot be made, those before it are removed again."""
    with pytest.raises(OSError, match="too long") as refused:
        Folder.reach(media, ["a", "new", "newer", "x" * 300])
    assert refused.value.errno == errno.ENAMETOOLONG
    assert [path.name for path in sorted(media.rglob("*"))] == ["a", "b"]
    (media / "a" / "b" / "link").symlink_to(media.parent / "outside")
    with pytest.raises(OSError, match="symbolic"):
        Folder.reach(media, ["a", "b", "link", "new"])
    assert [path.name for path in (media.parent / "outside").iterdir()] == ["x"]


def test_reading_has_bounds(media: Path) -> None:
    """Nothing larger than asked for is read, nor what is no file, nor a link."""
    folder = Folder.open(media)
    (media / "ten").write_bytes(b"0123456789")
    assert (folder / "ten").read(10) == b"0123456789"
    with pytest.raises(ValueError, match="too large"):
        (folder / "ten").read(9)
    with (media / "sparse").open("wb") as sparse:
        sparse.truncate(3 * 2**30)
    with pytest.raises(ValueError, match="too large"):
        (folder / "sparse").read(2**20)
    os.mkfifo(media / "pipe")
    before = open_descriptors()
    with pytest.raises(ValueError, match="not a file"):
        (folder / "pipe").read(10)
    assert open_descriptors() == before
    (media / "link").symlink_to(media / "ten")
    with pytest.raises(OSError, match="symbolic"):
        (folder / "link").read(10)
    assert not (folder / "pipe").is_file()
    assert (folder / "link").is_link()


def test_found_in_a_media_folder(media: Path) -> None:
    """A file in none of them is not there; of several, the innermost is the one."""
    inner = media / "a"
    file = files.found(inner / "b" / "x.mp4", [media, inner])
    assert (file.path, file.is_file()) == (inner / "b" / "x.mp4", False)
    outside = media.parent / "outside" / "x"
    for path in (outside, media, media / "a" / ".." / ".." / "outside" / "x"):
        with pytest.raises(OSError, match=str(path)):
            files.found(path, [media])
        assert not files.is_there(path, [media])


def test_written_whole(media: Path) -> None:
    """It takes the place of a link, not of what that leads to; left-overs go."""
    outside = media.parent / "outside" / "x"
    for name in ("told.json", ".clip_download_one_0", ".clip_download_one_1"):
        (media / name).symlink_to(outside)
    (media / ".clip_download_two_0").write_bytes(b"another's")
    files.write_whole(Folder.open(media) / "told.json", b"new", of="one")
    assert outside.read_bytes() == b"secret"
    assert sorted(path.name for path in media.iterdir()) == [
        ".clip_download_two_0",
        "a",
        "told.json",
    ]
    told = media / "told.json"
    assert (told.is_symlink(), told.read_bytes()) == (False, b"new")
    assert told.stat().st_mode & 0o777 == 0o644
    files.write_whole(File.at(told), b"newer")
    assert told.read_bytes() == b"newer"


def test_two_that_reach_the_same_new_folder(
    media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever comes second takes what the first one made, and does not unmake it."""
    mkdir = os.mkdir

    def late(name: str, mode: int, *, dir_fd: int) -> None:
        if name == "day":
            mkdir(media / "day")
        mkdir(name, mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "mkdir", late)
    folder, made = Folder.reach(media, ["day", "inner"])
    assert folder.path == media / "day/inner"
    assert made == 1


def test_a_share_that_gives_our_files_to_another(
    media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So do NFS and SMB: whose they are says nothing there, only that it is one."""
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    private = Folder.open(media).make_private("ours")
    assert private.path.stat().st_mode & 0o777 == 0o700
    assert private.names() == []


def test_folders_and_others(media: Path) -> None:
    """A link to a folder is no folder."""
    (media / "a" / "link").symlink_to(media / "a" / "b")
    (media / "a" / "file").touch()
    with Folder.open(media, ["a"]) as folder:
        folders, others = folder.folders_and_others()
    assert folders == ["b"]
    assert sorted(others) == ["file", "link"]


def test_listed_by_many_threads_at_once(media: Path) -> None:
    """Each sees all names, though all of them list the same open folder."""
    names = {f"{number}.part" for number in range(300)}
    for name in names:
        (media / "a" / "b" / name).touch()
    with Folder.open(media, ["a", "b"]) as folder, ThreadPoolExecutor(4) as threads:
        listed = list(threads.map(lambda _: folder.names(), range(800)))
        found = list(threads.map(lambda _: folder.folders_and_others(), range(800)))
    assert [set(one) == names for one in listed] == [True] * 800
    assert [set(others) == names for _, others in found] == [True] * 800


async def test_dropped_by_the_event_loop(
    media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread closes what the event loop has had: the disk may take its time."""
    closed = dict[int, threading.Thread]()

    def close(descriptor: int) -> None:
        closed[descriptor] = threading.current_thread()
        close_it(descriptor)

    close_it = os.close
    folders = await asyncio.to_thread(lambda: [Folder.open(media) for _ in range(3)])
    monkeypatch.setattr(os, "close", close)
    descriptors = {folder.descriptor for folder in folders}
    del folders
    await until(lambda: descriptors <= closed.keys())
    assert threading.main_thread() not in {closed[one] for one in descriptors}
