"""Names and files: nothing outside the media folder, nothing overwritten unasked."""

import errno
import os
from pathlib import Path, PurePosixPath

import pytest

from custom_components.clip_download.engine.errors import (
    InvalidRequestError,
    StorageError,
    storage_error,
)
from custom_components.clip_download.engine.folder import Folder
from custom_components.clip_download.engine.library import files


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
    """There is no link on the way, wherever it leads to; the folder itself may be one."""
    root = tmp_path / "media"
    (root / "real").mkdir(parents=True)
    (root / "inner").symlink_to(root / "real")
    (root / "outer").symlink_to(tmp_path)
    (root / "real/dangling").symlink_to(tmp_path / "not there")

    inside = files.target_inside(root, PurePosixPath("real/new/clip"))
    assert inside == root / "real/new/clip"
    assert not (root / "real/new").exists()
    for name in ("inner/clip", "outer/media/clip", "real/dangling/new/clip"):
        with pytest.raises(StorageError) as error:
            files.target_inside(root, PurePosixPath(name))
        assert error.value.key == "storage_link"
    again = tmp_path / "again"
    again.symlink_to(root)
    assert files.target_inside(again, PurePosixPath("clip")) == again / "clip"
    with pytest.raises(StorageError) as gone:
        files.target_inside(tmp_path / "unmounted", PurePosixPath("clip"))
    assert gone.value.key == "storage_gone"


def test_space_is_looked_at_first(tmp_path: Path) -> None:
    """What cannot fit is refused before the first byte."""
    files.check_space(Folder.open(tmp_path), 0)
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)) as error:
        files.check_space(Folder.open(tmp_path), 2**60)
    assert storage_error(error.value).key == "storage_full"


@pytest.mark.parametrize(
    ("number", "key"),
    [
        (errno.ENOSPC, "storage_full"),
        (errno.EROFS, "storage_read_only"),
        (errno.EACCES, "storage_no_permission"),
        (errno.ENOENT, "storage_gone"),
        (errno.ELOOP, "storage_link"),
        (errno.EIO, "storage_trouble"),
    ],
)
def test_storage_errors_are_named(number: int, key: str) -> None:
    """Each has its own key, with the reason."""
    told = storage_error(OSError(number, os.strerror(number), "/media/x"))
    assert told.key == key
    assert told.placeholders == {"path": "/media/x", "reason": os.strerror(number)}
