"""Footage that nobody chose becomes whole files, and what is missing is said."""

import os
from pathlib import Path

import pytest

from .oracle import check, make_case

SEEDS = int(os.environ.get("ORACLE_SEEDS", "100"))
FIRST = int(os.environ.get("ORACLE_FIRST", "0"))


@pytest.mark.parametrize("seed", range(FIRST, FIRST + SEEDS))
def test_seed(tmp_path: Path, seed: int) -> None:
    """Every decodable frame of the window is there once, at its time."""
    case = make_case(seed)
    try:
        check(case, tmp_path)
    except AssertionError as err:
        raise AssertionError(f"{case}: {err}") from err
