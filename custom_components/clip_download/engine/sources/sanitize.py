"""What clouds write, made harmless in one place: bounded, and text that can be stored.

Everything that a cloud sends as JSON is read here, so that no name, id or number of its
can spoil a list, a database, a registry or a file of Home Assistant's.
"""

import json
import math
import re
from typing import Any

# A name is shown; an id is looked for; anything else may be a signed URL.
LONGEST_NAME = 200
LONGEST_ID = 256
LONGEST_TEXT = 10_000
# More digits than any id or time of a cloud's has.
MOST_DIGITS = 20
DEEPEST = 64
# Of small values a large body makes a memory thirty times as large.
MOST_VALUES = 300_000

# Half a character, what steers terminals and lines, and what turns the direction of text.
_HARMFUL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff"
    "\u2028\u2029\u202a-\u202e\u2066-\u2069\ufffe\uffff]"
)
_BREAKS = re.compile("[\t\n\r]+")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def parse(content: bytes | str, *, longest_text: int = LONGEST_TEXT) -> Any:
    """Return the JSON value in a body, sanitized. Raises ValueError if there is none.

    Texts are cut at `longest_text` characters. A number that is none of ours is None.
    """
    if isinstance(content, bytes):
        content = content.decode("utf-8-sig", "replace")
    if content.count(",") + content.count("[") + content.count("{") > MOST_VALUES:
        raise ValueError("too many values")
    try:
        value = json.loads(
            content, parse_constant=_refuse, parse_int=_int, parse_float=_float
        )
    except RecursionError as err:
        raise ValueError("too deep") from err
    return _clean(value, longest_text, DEEPEST)


def text(value: str, longest: int = LONGEST_TEXT) -> str:
    """Return a text that can be stored, shown and logged, of at most so many characters."""
    if len(value) <= longest and value.isprintable():
        # Nearly all are: clouds write a lot, and this costs a tenth.
        return value
    # Cut first: nobody looks through more than is kept.
    return _BREAKS.sub(" ", _HARMFUL.sub(_REPLACEMENT, value[:longest]))


def name(value: object, otherwise: str) -> str:
    """Return what a cloud calls something, or what else to call it."""
    if not isinstance(value, str | int) or isinstance(value, bool):
        return otherwise
    return text(str(value), LONGEST_NAME).strip() or otherwise


def id_of(value: object) -> str:
    """Return an id as a string, an empty one for what is none.

    Nothing is cut or replaced: then two might become one.
    """
    if not isinstance(value, str | int) or isinstance(value, bool):
        return ""
    found = str(value)
    if (
        not 0 < len(found) <= LONGEST_ID
        or _REPLACEMENT in found
        or _HARMFUL.search(found)
        or any(char.isspace() for char in found)
    ):
        return ""
    return found


def is_jpeg(content: bytes) -> bool:
    """Return whether a body begins as a JPEG, whatever the cloud calls it."""
    return content.startswith(b"\xff\xd8\xff")


def _clean(value: Any, longest_text: int, deepest: int) -> Any:
    match value:
        case str():
            return text(value, longest_text)
        case list() | dict() if not deepest:
            raise ValueError("too deep")
        case list():
            return [_clean(one, longest_text, deepest - 1) for one in value]
        case dict():
            return {
                text(key, LONGEST_NAME): _clean(one, longest_text, deepest - 1)
                for key, one in value.items()
            }
    return value


def _int(digits: str) -> int | None:
    return int(digits) if len(digits) <= MOST_DIGITS else None


def _float(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")
