"""Footage that nobody chose becomes whole files, and what is missing is said."""

import os
from pathlib import Path

import pytest

from .oracle import check, make_case

SEEDS = int(os.environ.get("ORACLE_SEEDS", "100"))
FIRST = int(os.environ.get("ORACLE_FIRST", "0"))

# What the oracle found, beyond what people had found before.
FOUND = {
    "frames 5 s apart wait longer than 5 s to be shown": 1757,
    "a fragment of slow frames begins late": 304,
    "the last frame of a stretch lies behind the end of its track": 565,
    "the last frame of a slow stream makes a hole too long for its window": 1873,
    "a repeated frame alone in its GOP": 349,
    "a part that two others have whole, one of them with a hole": 460,
    "a part that is all in the one before, of which that has more": 337,
    "a part that begins two windows early": 475,
    "a lost packet of a frame that is no other's": 251,
    "a window that begins behind a jump of the clock": 933,
    "a part with a hole whose clock another part shows": 812,
    "an HEVC key frame after a hole, of an open GOP": 180,
    "key frames only, more than a second apart": 1106,
}


@pytest.mark.parametrize("seed", range(FIRST, FIRST + SEEDS))
def test_seed(tmp_path: Path, seed: int) -> None:
    """Every decodable frame of the window is there once, at its time."""
    hold(tmp_path, seed)


@pytest.mark.parametrize("seed", FOUND.values(), ids=FOUND.keys())
def test_found(tmp_path: Path, seed: int) -> None:
    """What went wrong once goes well."""
    hold(tmp_path, seed)


def hold(folder: Path, seed: int) -> None:
    """Check one seed; say what it was."""
    case = make_case(seed)
    try:
        check(case, folder)
    except AssertionError as err:
        raise AssertionError(f"{case}: {err}") from err
