"""Names and files: nothing outside the media folder, nothing overwritten unasked."""

import errno
import os
from pathlib import Path, PurePosixPath

import pytest

from custom_components.clip_download.clips import files
from custom_components.clip_download.clips.errors import (
    InvalidRequestError,
    StorageError,
    storage_error,
)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("clips/Front Door/2026-11-21.mp4", "clips/Front Door/2026-11-21"),
        ("a//b/./c", "a/b/c"),
        ("Flur: Tür?", "Flur_ Tür_"),
        ("new\nline\x00nul", "new_line_nul"),
        ("back\\slash", "back_slash"),
        (".hidden/..name", "hidden/name"),
        ("trailing. /dots...", "trailing/dots"),
        ("CON/nul.txt/com7", "_CON/_nul.txt/_com7"),
        ("A.MP4", "A"),
        ("rtl\u202eoverride", "rtl_override"),
        ("lone\ud800surrogate", "lone_surrogate"),
        ("e\u0301", "é"),
        ("conin$/CONOUT$.txt/COM¹/lpt³.x", "_conin$/_CONOUT$.txt/_COM¹/_lpt³.x"),
        ("two\u2028lines\u2029here", "two_lines_here"),
        ("-rf/--help", "_-rf/_--help"),
    ],
)
def test_names_are_made_safe(text: str, path: str) -> None:
    """What a file system refuses becomes something that it takes."""
    assert files.safe_relative_path(text) == PurePosixPath(path)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("/etc/passwd", "filename_leaves_folder"),
        ("../up", "filename_leaves_folder"),
        ("a/ .. /b", "filename_leaves_folder"),
        ("a/../../b", "filename_leaves_folder"),
        ("", "filename_empty"),
        (" .mp4", "filename_empty"),
        ("folder/", "filename_empty"),
        ("folder/...", "filename_empty"),
        ("/".join("abcdefghijklmno"), "filename_too_deep"),
    ],
)
def test_names_that_cannot_be_saved(text: str, key: str) -> None:
    """What leads out, or nowhere, is refused by name."""
    with pytest.raises(InvalidRequestError) as error:
        files.safe_relative_path(text)
    assert error.value.key == key


@pytest.mark.parametrize("char", ["a", "ü", "🚪"])
def test_long_names_fit_a_file_system(tmp_path: Path, char: str) -> None:
    """300 characters become a name that leaves room for a number and an ending."""
    path = files.safe_relative_path(char * 300)
    assert len(str(path).encode()) <= files.LONGEST_NAME_BYTES
    (tmp_path / f"{path}_9999.json").touch()


def test_target_inside(tmp_path: Path) -> None:
    """A link may lead anywhere inside the media folder, and nowhere else."""
    root = tmp_path / "media"
    (root / "real").mkdir(parents=True)
    (root / "inner").symlink_to(root / "real")
    (root / "outer").symlink_to(tmp_path)
    (root / "dangling").symlink_to(tmp_path / "not there")

    inside = files.target_inside(root, PurePosixPath("inner/new/clip"))
    assert inside == root / "inner/new/clip"
    assert not (root / "real/new").exists()
    for name in ("outer/clip", "outer/media/../clip", "dangling/clip"):
        with pytest.raises(InvalidRequestError) as error:
            files.target_inside(root, PurePosixPath(name))
        assert error.value.key == "filename_leaves_folder"
    with pytest.raises(StorageError) as gone:
        files.target_inside(tmp_path / "unmounted", PurePosixPath("clip"))
    assert gone.value.key == "storage_gone"


def test_publish_never_overwrites_unasked(tmp_path: Path) -> None:
    """A taken name is an error; asked to overwrite, the new file is there at once."""
    final = tmp_path / "clip.mp4"
    final.write_text("old")
    made = tmp_path / "made"
    made.write_text("new")
    with pytest.raises(FileExistsError):
        files.publish(made, final, overwrite=False)
    assert (final.read_text(), made.read_text()) == ("old", "new")
    files.publish(made, final, overwrite=True)
    assert final.read_text() == "new"
    assert not made.exists()
    assert final.stat().st_mode & 0o777 == 0o644


def test_publish_replaces_a_link_not_its_target(tmp_path: Path) -> None:
    """A dangling link under the final name never makes us write elsewhere."""
    outside = tmp_path / "outside"
    final = tmp_path / "clip.mp4"
    final.symlink_to(outside)
    made = tmp_path / "made"
    made.write_text("new")
    with pytest.raises(FileExistsError):
        files.publish(made, final, overwrite=False)
    files.publish(made, final, overwrite=True)
    assert final.read_text() == "new"
    assert not final.is_symlink()
    assert not outside.exists()


def test_publish_without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ExFAT and some SMB servers cannot link; a rename does it there."""

    def refuse(self: Path, target: Path) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    final = tmp_path / "clip.mp4"
    for content in ("one", "two"):
        made = tmp_path / "made"
        made.write_text(content)
        if content == "one":
            files.publish(made, final, overwrite=False)
        else:
            with pytest.raises(FileExistsError):
                files.publish(made, final, overwrite=False)
    assert final.read_text() == "one"


def test_free_stem_minds_companions(tmp_path: Path) -> None:
    """A name is free only if the clip's picture and sidecar are free too."""
    stem = tmp_path / "clip"
    assert files.free_stem(stem, overwrite=False) == stem
    (tmp_path / "clip.json").touch()
    assert files.free_stem(stem, overwrite=False) == tmp_path / "clip_2"
    (tmp_path / "clip_2.mp4").symlink_to(tmp_path / "nowhere")
    assert files.free_stem(stem, overwrite=False) == tmp_path / "clip_3"
    assert files.free_stem(stem, overwrite=True) == stem


def test_folders_made_for_nothing_go(tmp_path: Path) -> None:
    """Only what was made, and only while it is empty."""
    made = files.make_folder(tmp_path / "a/b/c")
    assert made == [tmp_path / "a/b/c", tmp_path / "a/b", tmp_path / "a"]
    (tmp_path / "a/b/other").touch()
    files.remove_folders(made)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "b", "other"]


def test_space_is_looked_at_first(tmp_path: Path) -> None:
    """What cannot fit is refused before the first byte."""
    files.check_space(tmp_path, 0)
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)) as error:
        files.check_space(tmp_path, 2**60)
    assert storage_error(error.value).key == "storage_full"


@pytest.mark.parametrize(
    ("number", "key"),
    [
        (errno.ENOSPC, "storage_full"),
        (errno.EROFS, "storage_read_only"),
        (errno.EACCES, "storage_no_permission"),
        (errno.ENOENT, "storage_gone"),
        (errno.EIO, "storage_trouble"),
    ],
)
def test_storage_errors_are_named(number: int, key: str) -> None:
    """Each has its own key, with the reason."""
    told = storage_error(OSError(number, os.strerror(number), "/media/x"))
    assert told.key == key
    assert told.placeholders == {"path": "/media/x", "reason": os.strerror(number)}


def test_is_file_of(tmp_path: Path) -> None:
    """A file is ours only with just our content."""
    path = tmp_path / "clip.mp4"
    assert not files.is_file_of(path, "")
    path.write_bytes(b"abc")
    sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert files.is_file_of(path, sha256)
    path.write_bytes(b"abd")
    assert not files.is_file_of(path, sha256)
