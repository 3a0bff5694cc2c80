"""Publishing: the very file that was hashed, and never in place of another."""

from collections.abc import Callable
from dataclasses import replace
import errno
import hashlib
import os
from pathlib import Path
import threading
from typing import Any

import pytest

from custom_components.clip_download.engine.errors import StorageError
from custom_components.clip_download.engine.folder import File, Folder, Hashed
from custom_components.clip_download.engine.library import publishing
from custom_components.clip_download.engine.library.publishing import (
    Outgoing,
    Publisher,
    Sealed,
    has_replaced,
)

from .test_database import CLIP


@pytest.fixture(params=["links", "no links"])
def folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Folder:
    """Return a folder with a working folder in it, with links and without."""
    if request.param == "no links":

        def refuse(self: File, to: File) -> None:
            # So say exFAT, and some SMB servers.
            raise OSError(errno.EPERM, os.strerror(errno.EPERM))

        monkeypatch.setattr(File, "link", refuse)
    media = tmp_path / "media"
    (media / "work").mkdir(parents=True)
    (media / "work").chmod(0o700)
    return Folder.open(media)


def sealed(folder: Folder, content: str = "new") -> Sealed:
    """Return a file of the working folder that was hashed."""
    made = folder.inner("work") / "made.mp4"
    made.path.write_text(content)
    made.path.chmod(0o600)
    return Sealed.of(made)


def test_what_was_hashed_gets_the_name(folder: Folder) -> None:
    """Others may read it then."""
    with sealed(folder) as made:
        made.sync()
        made.publish(folder / "clip.mp4")
    path = folder.path / "clip.mp4"
    assert hashlib.sha256(path.read_bytes()).hexdigest() == made.sha256
    assert path.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("is_link", [False, True])
def test_a_name_that_is_taken(folder: Folder, tmp_path: Path, is_link: bool) -> None:
    """A dangling link has it, too, and is not written through."""
    final = folder / "clip.mp4"
    outside = tmp_path / "outside"
    if is_link:
        final.path.symlink_to(outside)
    else:
        final.path.write_text("old")
    with sealed(folder) as made, pytest.raises(FileExistsError):
        made.publish(final)
    assert made.file.path.read_text() == "new"
    assert not outside.exists()
    assert is_link or final.path.read_text() == "old"


@pytest.mark.parametrize("ending", [".json", ".jpg"])
def test_a_name_that_is_taken_in_the_last_moment(folder: Folder, ending: str) -> None:
    """Of a clip whose record or picture has no place, nothing stays: it takes a number."""
    clip = replace(CLIP, path=folder.path / "clip.mp4")
    taken = folder.path / f"clip{ending}"
    taken.write_text("old")
    publisher = Publisher(folder, [folder.inner("work")])
    with sealed(folder) as made:
        outgoing = Outgoing(clip=clip, sealed=made, picture=b"picture")
        with pytest.raises(FileExistsError):
            publisher.put(0, outgoing, asked=None, replaces=None)
    assert set(folder.path.iterdir()) == {folder.path / "work", taken}
    assert taken.read_text() == "old"
    assert made.file.path.read_text() == "new"


def test_what_changed_since_it_was_looked_at_is_not_replaced(folder: Folder) -> None:
    """It comes back, with what lies beside it, and the new clip gets no name."""
    there = {
        folder.path / f"clip{ending}": f"mine {ending}"
        for ending in (".mp4", ".json", ".jpg")
    }
    for path, content in there.items():
        path.write_text(content)
    clip = replace(CLIP, path=folder.path / "clip.mp4")
    work = folder.inner("work")
    with sealed(folder) as made:
        outgoing = Outgoing(clip=clip, sealed=made, picture=None)
        with pytest.raises(FileExistsError):
            Publisher(folder, [work]).put(0, outgoing, asked=None, replaces=clip)
    assert {path: path.read_text() for path in there} == there
    assert not has_replaced(work)


@pytest.mark.parametrize("is_replaced", [False, True])
def test_each_file_is_synced_before_any_has_a_name(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, is_replaced: bool
) -> None:
    """And once all have, their folder, once: what has a name is whole after a power cut."""
    clip = replace(CLIP, path=folder.path / "clip.mp4")
    there = [folder.path / f"clip{ending}" for ending in (".mp4", ".json", ".jpg")]
    old = replace(clip, sha256=hashlib.sha256(b"old").hexdigest())
    if is_replaced:
        there[0].write_text("old")
    seen: list[tuple[int, list[Path]]] = []
    fsync = os.fsync

    def synced(descriptor: int) -> None:
        fsync(descriptor)
        seen.append(
            (os.fstat(descriptor).st_ino, [one for one in there if one.exists()])
        )

    monkeypatch.setattr(os, "fsync", synced)
    with sealed(folder) as made:
        outgoing = Outgoing(clip=clip, sealed=made, picture=b"picture")
        Publisher(folder, [folder.inner("work")]).put(
            0, outgoing, asked=None, replaces=old if is_replaced else None
        )
    before = there[:1] if is_replaced else []
    assert [one for one, _ in seen[:3]] == [path.stat().st_ino for path in there]
    assert [named for _, named in seen[:3]] == [before] * 3
    assert seen[-1] == (folder.path.stat().st_ino, there)
    assert is_replaced or len(seen) == 4


def test_a_clip_of_which_a_power_cut_left_its_sidecar(folder: Folder) -> None:
    """What came later may be there without what came first: it goes with its picture."""
    clip = replace(CLIP, path=folder.path / "clip.mp4")
    publisher = Publisher(folder, [folder.inner("work")])
    with sealed(folder) as made:
        outgoing = Outgoing(clip=clip, sealed=made, picture=b"picture")
        publisher.put(0, outgoing, asked=None, replaces=None)
    (folder / "clip.mp4").unlink()
    publisher.take_back([clip])
    assert set(folder.path.iterdir()) == {folder.path / "work"}


def test_a_foreign_picture_is_not_taken_back(folder: Folder) -> None:
    """A clip that has no record yet has no picture either."""
    picture = folder.path / "clip.jpg"
    picture.write_text("mine")
    with sealed(folder) as made:
        made.publish(folder / "clip.mp4")
    clip = replace(CLIP, path=folder.path / "clip.mp4", sha256=made.sha256)
    Publisher(folder, [folder.inner("work")]).take_back([clip])
    assert set(folder.path.iterdir()) == {folder.path / "work", picture}


@pytest.mark.parametrize("how", ["symbolic", "hard", "file"])
def test_a_file_that_is_swapped_after_it_was_hashed(
    folder: Folder, tmp_path: Path, how: str
) -> None:
    """Neither is it published, nor does it get rights."""
    secret = tmp_path / "secret"
    secret.write_text("secret")
    secret.chmod(0o600)
    with sealed(folder) as made:
        made.file.path.unlink()
        match how:
            case "symbolic":
                made.file.path.symlink_to(secret)
            case "hard":
                made.file.path.hardlink_to(secret)
            case "file":
                made.file.path.write_text("another")
                made.file.path.chmod(0o600)
        with pytest.raises(StorageError, match="storage_changed"):
            made.publish(folder / "clip.mp4")
    assert secret.read_text() == "secret"
    assert secret.stat().st_mode & 0o777 == 0o600
    # A rename leaves nothing to tell what it was: that may stay, as it was.
    if (folder.path / "clip.mp4").exists(follow_symlinks=False):
        assert not made.file.exists()
        assert (folder.path / "clip.mp4").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("call", ["link", "rename"])
def test_a_file_that_is_swapped_in_the_very_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """What got the name is looked at, too, and loses it."""
    secret = tmp_path / "secret"
    secret.write_text("secret")
    secret.chmod(0o600)
    (tmp_path / "media/work").mkdir(parents=True)
    folder = Folder.open(tmp_path / "media")
    name = getattr(File, call)

    def swapped(self: File, to: File) -> None:
        self.path.unlink()
        self.path.hardlink_to(secret)
        name(self, to)

    def refuse(self: File, to: File) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    with sealed(folder) as made:
        monkeypatch.setattr(File, "link", refuse)
        monkeypatch.setattr(File, call, swapped)
        with pytest.raises(StorageError, match="storage_changed"):
            made.publish(folder / "clip.mp4")
    # After a rename, nothing tells any more what it was.
    assert (folder.path / "clip.mp4").exists() == (call == "rename")
    assert secret.read_text() == "secret"
    assert secret.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "lay",
    [Path.symlink_to, Path.hardlink_to, lambda path, secret: os.mkfifo(path)],
    ids=["symbolic", "hard", "pipe"],
)
def test_what_is_not_ours_is_not_hashed(
    tmp_path: Path, lay: Callable[[Path, Path], None]
) -> None:
    """A file that has another name may be anybody's."""
    secret = tmp_path / "secret"
    secret.write_text("secret")
    lay(tmp_path / "made.mp4", secret)
    with pytest.raises(StorageError, match="storage_changed"):
        Sealed.of(File.at(tmp_path / "made.mp4"))


def test_what_was_hashed_is_not_read_again(tmp_path: Path) -> None:
    """What is known of a file is believed as long as nobody wrote to it."""
    file = File.at(tmp_path / "made.mp4")
    file.path.write_text("old")
    known = known_of(file)
    with Sealed.of(file, known) as made:
        assert made.sha256 == "known"


@pytest.mark.parametrize("is_swapped", [False, True])
def test_what_was_changed_is_read_again(tmp_path: Path, is_swapped: bool) -> None:
    """Not even who puts back its size and its time makes a file pass for what it was."""
    file = File.at(tmp_path / "made.mp4")
    file.path.write_text("old")
    before = file.stat()
    known = known_of(file)
    if is_swapped:
        (tmp_path / "other").write_text("new")
        (tmp_path / "other").rename(file.path)
    else:
        # By a clock that goes on in steps, it is not changed within the same one.
        while file.stat().st_ctime_ns == before.st_ctime_ns:
            file.path.write_text("new")
    os.utime(file.path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with Sealed.of(file, known) as made:
        assert made.sha256 == hashlib.sha256(b"new").hexdigest()


@pytest.mark.parametrize("is_well", [True, False])
def test_a_large_file_is_synced_while_it_is_hashed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_well: bool
) -> None:
    """What the disk could not take is told: it says so only once."""
    file = File.at(tmp_path / "made.mp4")
    with file.path.open("wb") as made:
        made.truncate(publishing.LARGE_BYTES)
    digest = hashlib.file_digest
    has_begun, is_hashed = threading.Event(), threading.Event()

    def sync(descriptor: int) -> None:
        assert os.fstat(descriptor).st_size == publishing.LARGE_BYTES
        has_begun.set()
        assert is_hashed.wait(10)
        if not is_well:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    def hashed(source: Any, name: str) -> Any:
        assert has_begun.wait(10)
        digested = digest(source, name)
        is_hashed.set()
        return digested

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(hashlib, "file_digest", hashed)
    if not is_well:
        with pytest.raises(OSError, match=os.strerror(errno.EIO)):
            Sealed.of(file)
        return
    with Sealed.of(file) as whole:
        assert whole.sha256 == hashlib.sha256(file.path.read_bytes()).hexdigest()


def known_of(file: File) -> Hashed:
    """Return what is known of a file: a hash that is not its own."""
    with file.open() as opened:
        return Hashed.of(opened.fileno(), "known")


def test_what_is_not_there_is_not_hashed(tmp_path: Path) -> None:
    """The disk's own errors stay what they are."""
    with pytest.raises(FileNotFoundError):
        Sealed.of(File.at(tmp_path / "made.mp4"))


def test_numbers_that_do_not_stay(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some file systems number a file anew under each name: then its content counts."""
    stat = File.stat

    def renumbered(self: File) -> os.stat_result:
        about = list(stat(self))
        about[1] += 1
        return os.stat_result(about)

    with sealed(folder) as made:
        monkeypatch.setattr(File, "stat", renumbered)
        made.publish(folder / "clip.mp4")
    assert (folder.path / "clip.mp4").read_text() == "new"


def test_a_name_is_free_if_nothing_has_it(folder: Folder) -> None:
    """The clip's picture and sidecar count, and links that lead nowhere."""
    publisher = Publisher(folder, [])
    assert publisher.is_free("clip")
    (folder.path / "clip.json").touch()
    assert not publisher.is_free("clip")
    (folder.path / "clip_2.mp4").symlink_to(folder.path / "nowhere")
    assert not publisher.is_free("clip_2")
