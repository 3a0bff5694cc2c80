"""What a translation has to have in common with English."""

from collections.abc import Iterator, Mapping
import re
import string
from typing import Any

# Texts that may be the same in another language: names, and words that it shares.
SAME = frozenset(
    """
    1 week|{edge} {length} later|API|ARN|Access key ID|Account|Agent|Alarm|Album|Amazon Kinesis Video Streams|Animal|App|Audio|Bucket|Camera|
    Cisco Meraki|Clip|Clip Download|Clips|Cloud|Codec|Copies|Dashboard|Date|Detection|Download|Email|
    Endpoint|Event|Incident|Filter|Filters|Frame rate|From – to|H.264 (AVC)|H.265 (HEVC)|ID|
    Job IDs|Label|Labels|Link|Manual|Media|Moment|Motion|Names|No|OK|Package|Partial|Password|Pause|
    Person|Player|Position|Region|Ring|Script|Start|Status|Stream|Streams|Timeout|Timestamps|Token|
    Undo|Vehicle|Video|Zoom|alarm|animal|clip|clips|cloud|package|partial|person
    """.replace("\n    ", "")
    .strip()
    .split("|")
)
_HTML = re.compile(r"<\w|</")
_LINK = re.compile(r"\]\(([^)]*)\)")
_CODE = re.compile(r"`[^`]*`")
_NAMED = re.compile(r'"([^"]+)"|(?<![*\w])\*([^*]+)\*(?![*\w])')
# How many words each of these lists has.
_LISTS = {"months": 12, "weekdays": 7}


def texts_of(words: Mapping[str, Any], where: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text, with the way to it."""
    for key, value in words.items():
        path = f"{where}.{key}" if where else key
        if isinstance(value, str):
            yield path, value
        else:
            yield from texts_of(value, path)


def placeholders(text: str) -> set[str]:
    """Return the names of a text's placeholders. Raises ValueError for other braces."""
    return {
        name for _, name, _, _ in string.Formatter().parse(text) if name is not None
    }


def _names(texts: Mapping[str, str]) -> dict[str, str]:
    """Return where the names are that other texts mention: actions, switches, options."""
    return {
        text: path
        for path, text in texts.items()
        if re.fullmatch(r"(services|entity\.\w+)\.\w+\.name", path)
        or re.fullmatch(r"services\.\w+\.sections\.\w+\.name", path)
    }


def problems(english: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with a translation."""
    ours, theirs = dict(texts_of(english)), dict(texts_of(other))
    names = _names(ours)
    yield from (f"missing: {path}" for path in ours.keys() - theirs.keys())
    yield from (f"not in English: {path}" for path in theirs.keys() - ours.keys())
    for path in ours.keys() & theirs.keys():
        yield from (
            f"{path}: {flaw}" for flaw in _flaws(path, ours[path], theirs[path])
        )
        for name in {one for pair in _NAMED.findall(ours[path]) for one in pair}:
            translated = theirs.get(names.get(name, ""))
            if translated and translated not in theirs[path]:
                yield f"{path}: it does not name {translated!r}"


def _flaws(path: str, english: str, text: str) -> Iterator[str]:
    if not text or text != text.strip():
        yield "empty, or space around it"
    has_words = re.search(r"[^\W\d_]", re.sub(r"\{\w+\}", "", text))
    if text == english and text not in SAME and has_words:
        yield f"still English: {text!r}"
    if _HTML.search(text):
        yield "HTML"
    try:
        if placeholders(text) != placeholders(english):
            yield f"placeholders {placeholders(text)}, not {placeholders(english)}"
    except ValueError as err:
        yield f"braces: {err}"
    for what in (_LINK, _CODE):
        if sorted(what.findall(text)) != sorted(what.findall(english)):
            yield f"{what.findall(text)}, not {what.findall(english)}"
    if "|" in text or "{{" in text:
        yield "plural syntax"
    wanted = _LISTS.get(path.rpartition(".")[2])
    if wanted and len(text.split()) != wanted:
        yield f"{len(text.split())} words, not {wanted}"
    if english.endswith(".") and not text.endswith("."):
        yield "no full stop"
