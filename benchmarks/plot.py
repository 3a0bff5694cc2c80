"""One picture of all rows that have a goal: how far each is on the right side of it.

Written by hand, as bars and words are all there is: a plotting library would be some
thirty times what it draws here, and its pictures of the same numbers differ.
"""

from collections.abc import Sequence
import math
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from .table import Row

# The scale ends here, at either side of the goal.
MOST = 100.0
MOST_WORDS = 84
WORDS_PX, BARS_PX, RESULT_PX = 520, 400, 90
LINE_PX, HEAD_PX, FOOT_PX = 22, 48, 14
KEPT, MISSED, GRID, INK = "#2e7d32", "#c62828", "#cccccc", "#222222"


def distance(row: Row) -> float:
    """Return how many times the goal's cost a row costs: 1 is just kept, 0.5 is half."""
    if row.goal is None:
        raise ValueError("a row without a goal has no distance to it")
    ends = (row.goal, row.result) if row.is_least else (row.result, row.goal)
    least = 1 / MOST
    above, below = (max(end, 0) for end in ends)
    if not above or not below:
        return least if row.is_kept else MOST
    return min(max(above / below, least), MOST)


def svg(rows: Sequence[Row], title: str) -> str:
    """Return the picture; the same rows give the same bytes."""
    shown = [row for row in rows if row.goal is not None and row.ours]
    width, bottom = WORDS_PX + BARS_PX + RESULT_PX, HEAD_PX + LINE_PX * len(shown)
    picture = Element("svg", xmlns="http://www.w3.org/2000/svg", fill=INK)
    picture.set("width", f"{width}")
    picture.set("height", f"{bottom + FOOT_PX}")
    picture.set("font-family", "sans-serif")
    picture.set("font-size", "12")
    SubElement(picture, "rect", width="100%", height="100%", fill="white")
    _text(picture, title, 10, 20)
    for cost in (0.01, 0.1, 1.0, 10.0, 100.0):
        x = _x(cost)
        line = SubElement(picture, "line", x1=f"{x}", x2=f"{x}", y2=f"{bottom}")
        line.set("y1", f"{HEAD_PX - 6}")
        line.set("stroke", INK if cost == 1 else GRID)
        label = "the goal" if cost == 1 else f"{cost:g} x"
        _text(picture, label, x, HEAD_PX - 10, "middle")
    for number, row in enumerate(shown):
        _draw(picture, row, HEAD_PX + LINE_PX * number)
    indent(picture)
    return f"{tostring(picture, encoding='unicode')}\n"


def _draw(picture: Element, row: Row, top: int) -> None:
    """Draw one row: its words, a bar that begins at the goal, its result."""
    words = f"{row.work} | {row.against}" if row.against else row.work
    if len(words) > MOST_WORDS:
        words = f"{words[: MOST_WORDS - 3]}..."
    _text(picture, words, WORDS_PX - 10, top + 15, "end")
    start, end = sorted((_x(1), _x(distance(row))))
    bar = SubElement(picture, "rect", x=f"{start}", y=f"{top + 4}")
    bar.set("width", f"{max(round(end - start, 1), 1)}")
    bar.set("height", f"{LINE_PX - 8}")
    bar.set("fill", KEPT if row.is_kept else MISSED)
    result = f"{row.result:.3g} {row.result_unit}"
    _text(picture, result, WORDS_PX + BARS_PX + 6, top + 15)


def _text(
    picture: Element, words: str, x: float, y: int, anchor: str = "start"
) -> None:
    text = SubElement(picture, "text", x=f"{x}", y=f"{y}")
    text.set("text-anchor", anchor)
    text.text = words


def _x(cost: float) -> float:
    """Return where on the logarithmic scale a cost lies."""
    return round(
        WORDS_PX + BARS_PX * (math.log(cost) / math.log(MOST) + 1) / 2,
        1,
    )
