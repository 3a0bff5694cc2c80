"""What clouds write, made harmless: text that can be stored, numbers that have an end."""

from contextlib import closing
import json
import math
import random
import sqlite3
from typing import Any

import pytest

from custom_components.clip_download.engine.sources import sanitize
from custom_components.clip_download.engine.sources.sanitize import (
    DEEPEST,
    LONGEST_ID,
    LONGEST_NAME,
    LONGEST_TEXT,
    MOST_VALUES,
)
from homeassistant.helpers.json import json_bytes

HALF_EMOJI = "Front \ud83d"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (HALF_EMOJI, "Front �"),
        ("Front 🔔 Tür\u200d", "Front 🔔 Tür\u200d"),
        ("a\0b\x1b[31m\x7f\x9b", "a�b�[31m��"),
        ("two\r\nlines\tand", "two lines and"),
        ("\u202egpj.exe\u2066\u2028", "�gpj.exe��"),
        ("x" * 100_000, "x" * LONGEST_TEXT),
        ("9" * 30, "9" * 30),
    ],
)
def test_texts(written: str, read: str) -> None:
    """A text is kept as far as it can be stored, in values and in names."""
    assert sanitize.parse(json.dumps([written]).encode()) == [read]
    (name,) = sanitize.parse(json.dumps({written: 1}))
    assert name == read[:LONGEST_NAME]
    json_bytes(sanitize.parse(json.dumps(written)))


def test_bytes_that_are_no_text() -> None:
    """What is no UTF-8 is not taken for half a character."""
    assert sanitize.parse(b'["\xed\xa0\xbd", "\xff"]') == ["���", "�"]
    assert sanitize.parse(b"\xef\xbb\xbf[1]") == [1]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1234567890123456789", 1234567890123456789),
        ("9" * 21, None),
        ("9" * 1_000_000, None),
        ("-" + "9" * 1_000_000, None),
        ("1e400", None),
        ("-1e400", None),
        ("1e308", 1e308),
        ("1.5", 1.5),
        ("true", True),
        ("null", None),
    ],
)
def test_numbers(written: str, read: Any) -> None:
    """A number that is none of ours is none, and the rest of the answer is good."""
    assert sanitize.parse(f'{{"a": {written}, "b": 2}}') == {"a": read, "b": 2}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        b"NaN",
        b"[Infinity]",
        b"[-Infinity]",
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1),
        b'{"a":' * (DEEPEST + 1) + b"1" + b"}" * (DEEPEST + 1),
        b"[" + b"[]," * MOST_VALUES + b"1]",
        b"[" + b"1," * (MOST_VALUES + 1) + b"1]",
        "[1]".encode("utf-16"),
    ],
    ids=range(12),
)
def test_nonsense(content: bytes) -> None:
    """What is no JSON, or not meant to be read, is told by one error."""
    with pytest.raises(ValueError):
        sanitize.parse(content)


def test_as_deep_as_may_be() -> None:
    """What is not deeper is read."""
    assert sanitize.parse(b"[" * DEEPEST + b"]" * DEEPEST)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Q234-ABCD-5678", "Q234-ABCD-5678"),
        (7_123_456_789_012_345_678, "7123456789012345678"),
        ("ava1.ring.device.Tür", "ava1.ring.device.Tür"),
        ("x" * LONGEST_ID, "x" * LONGEST_ID),
        ("x" * (LONGEST_ID + 1), ""),
        ("", ""),
        ("a b", ""),
        ("a\nb", ""),
        ("a\0", ""),
        (HALF_EMOJI, ""),
        ("front�", ""),
        (True, ""),
        (None, ""),
        (1.5, ""),
        (["a"], ""),
    ],
)
def test_ids(written: object, read: str) -> None:
    """An id is whole or none: cut or mended, two of them might become one."""
    assert sanitize.id_of(written) == read


@pytest.mark.parametrize("written", [None, "", " ", "\n", {}, [], 1.5, True, "\t\r"])
def test_no_name(written: object) -> None:
    """What has no name is called something else."""
    assert sanitize.name(written, "Ring 1") == "Ring 1"


def test_names() -> None:
    """A name has a length."""
    assert sanitize.name("Front" * 20_000, "") == ("Front" * 40)[:LONGEST_NAME]
    assert sanitize.name(7, "") == "7"


def anything(rng: random.Random, depth: int = 0) -> Any:
    """Return any value that json writes, of any kind and size."""
    match rng.randrange(8 if depth < 6 else 5):
        case 0:
            return rng.choice([None, True, -1, 2**63, 10**20, 0.1, 1e308])
        case 1 | 2 | 3 | 4:
            some = [chr(rng.randrange(0x11_0000)) for _ in range(rng.randrange(20))]
            return "".join([*some, *rng.choices("\ud800\udfff\0\x1b\n\u202e", k=2)])
        case 5:
            return [anything(rng, depth + 1) for _ in range(rng.randrange(5))]
    return {
        str(anything(rng, 9)): anything(rng, depth + 1) for _ in range(rng.randrange(5))
    }


@pytest.mark.parametrize("seed", range(20))
def test_whatever_is_written(seed: int) -> None:
    """All of it can be stored in a database and in a file of Home Assistant's."""
    rng = random.Random(seed)
    with closing(sqlite3.connect(":memory:")) as database:
        for _ in range(100):
            value = sanitize.parse(json.dumps(anything(rng)))
            json_bytes(value)
            text = json.dumps(value, ensure_ascii=False)
            assert database.execute("SELECT ?", (text,)).fetchone() == (text,)
            assert sanitize.parse(text) == value
            assert all(
                math.isfinite(one) for one in _numbers(value) if isinstance(one, float)
            )


def _numbers(value: Any) -> list[Any]:
    match value:
        case list():
            return [number for one in value for number in _numbers(one)]
        case dict():
            return [number for one in value.values() for number in _numbers(one)]
    return [value]
