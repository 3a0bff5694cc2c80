"""Where fetched footage lies in wall-clock time, and what of it makes up a window.

Pure arithmetic. Wall-clock times are Unix times in microseconds.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .film import HOLE_US, US, Film, Key, Stretch
from .window import Placing, Window, from_ms

# Clouds and cameras round their times: footage may be so much off its window.
_SLACK_US = US
# Two frames closer than this are one frame that was placed twice.
_SAME_US = US // 1000
# An MPEG-TS clock has 33 bits (ISO/IEC 13818-1, 2.4.3.6).
_TS_CLOCK_TICKS = 2**33


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A fetched part: a file, and the stretch of time that was asked for.

    Its first video frame lies at the window's start. Where it was cut out on request the
    cloud may have begun at the key frame before: what is longer than the window lies
    before it.
    """

    path: Path
    window: Window
    placing: Placing = Placing.RECORDING


@dataclass(frozen=True, kw_only=True)
class Cut:
    """Frames of one stretch that go into a clip, beginning with the frame `key`.

    A frame lies at `zero_us` plus its presentation time; those that begin at `end_us`
    or later are left out, but for what the others are decoded from.
    """

    film: Film
    stretch: Stretch
    zero_us: int
    key: Key
    end_us: int

    @property
    def start_us(self) -> int:
        """When its first frame was filmed."""
        return self.zero_us + self.film.us(self.key.pts)

    @property
    def end_pts(self) -> int:
        """The first presentation time that is not wanted, in ticks."""
        return self.film.ticks(self.end_us - self.zero_us - _SAME_US)


def plan(films: Iterable[tuple[Piece, Film]], window: Window) -> list[Cut]:
    """Return what makes up the window, in order of time and without overlaps.

    It begins at the last key frame at or before the window's start. Where footage
    overlaps, the earlier one ends where the later one begins, unless the later one has
    nothing to add.
    """
    start_us, end_us = window.start_ms * 1000, window.end_ms * 1000
    cuts = []
    for cut in _placed(films):
        if cut.end_us <= start_us + _SAME_US or cut.start_us >= end_us - _SAME_US:
            continue
        keys = [
            key
            for key in cut.stretch.keys
            if cut.zero_us + cut.film.us(key.pts) <= start_us + _SAME_US
        ]
        cuts.append(replace(cut, key=keys[-1]) if keys else cut)
    cuts.sort(key=lambda cut: (cut.start_us, -cut.end_us))
    chosen: list[Cut] = []
    for cut in cuts:
        if chosen and cut.end_us <= chosen[-1].end_us + _SAME_US:
            continue
        if chosen:
            before = chosen.pop()
            before = replace(before, end_us=min(before.end_us, cut.start_us))
            if before.end_us > max(before.start_us, start_us) + _SAME_US:
                chosen.append(before)
        chosen.append(cut)
    return [replace(cut, end_us=min(cut.end_us, end_us)) for cut in chosen]


def shown_us(cuts: Sequence[Cut]) -> tuple[int, int]:
    """Return from when to when one file, whole, shows what the cuts are from."""
    first, last = cuts[0], cuts[-1]
    film = first.film
    return (
        first.zero_us + film.us(film.start_pts),
        last.zero_us + film.us(film.stretches[-1].end_pts),
    )


def fits(cut: Cut, window: Window) -> bool:
    """Say whether a file can be the clip: seen from its start, hardly longer than asked.

    Hardly is one GOP at either end.
    """
    film = cut.film
    start_us, end_us = shown_us([cut])
    return (
        len(film.stretches) == 1
        and cut.stretch.keys[0].number == 0
        and start_us >= window.start_ms * 1000 - film.gop_us
        and end_us <= window.end_ms * 1000 + film.gop_us
    )


def covered(cuts: Sequence[Cut], window: Window) -> tuple[Window, ...]:
    """Return the stretches of the window that the cuts show."""
    stretches: list[Window] = []
    for cut in cuts:
        one = window_of_us(cut.start_us, cut.end_us)
        one = Window(max(one.start, window.start), min(one.end, window.end))
        if stretches and one.start <= stretches[-1].end:
            one = Window(stretches.pop().start, one.end)
        stretches.append(one)
    return tuple(stretches)


def hole_us(before: Cut, after: Cut) -> int:
    """Return how much is missing between two cuts, zero if it is not worth a word."""
    missing_us = after.start_us - before.end_us
    return missing_us if missing_us > HOLE_US else 0


def window_of_us(start_us: int, end_us: int) -> Window:
    """Make a window from Unix times in microseconds, to the nearest millisecond."""
    return Window(from_ms(round(start_us / 1000)), from_ms(round(end_us / 1000)))


def _placed(films: Iterable[tuple[Piece, Film]]) -> list[Cut]:
    """Give every stretch of every file its place in time, whole."""
    placed: list[Cut] = []
    before: Cut | None = None
    for piece, film in sorted(films, key=lambda one: one[0].window):
        zero_us = _zero_us(piece, film, before)
        placed_here = _place_stretches(piece, film, zero_us)
        placed += placed_here
        if placed_here:
            before = placed_here[-1]
    return placed


def _zero_us(piece: Piece, film: Film, before: Cut | None) -> int:
    """Return when the file's timestamps, as they are at its start, were zero."""
    start_us = piece.window.start_ms * 1000
    lead_us = _lead_in_us(piece, film)
    if before and before.film.kind == film.kind == "mpegts":
        # If both show one clock, that tells better where the later one lies.
        ahead = (film.start_pts - before.key.pts) % _TS_CLOCK_TICKS
        if ahead > _TS_CLOCK_TICKS // 2:
            ahead -= _TS_CLOCK_TICKS
        at_us = before.start_us + film.us(ahead)
        most_us = max(lead_us, film.gop_us) if piece.placing is Placing.REQUESTED else 0
        if start_us - most_us - _SLACK_US <= at_us < piece.window.end_ms * 1000:
            return at_us - film.us(film.start_pts)
    return start_us - lead_us - film.us(film.start_pts)


def _lead_in_us(piece: Piece, film: Film) -> int:
    """Return how much of a file lies before its window."""
    if piece.placing is not Placing.REQUESTED:
        return 0
    window_us = (piece.window.end_ms - piece.window.start_ms) * 1000
    if (surplus_us := film.length_us - window_us) > 0:
        return surplus_us
    # With its holes it may be longer; but not each jump is a hole.
    surplus_us += sum(jump_us for jump_us in _jumps_us(film) if jump_us > 0)
    return surplus_us if 0 < surplus_us <= film.gop_us + _SLACK_US else 0


def _place_stretches(piece: Piece, film: Film, zero_us: int) -> list[Cut]:
    """Place a file's stretches: holes stay holes while all fits, jumps are closed up."""
    room_us = piece.window.end_ms * 1000 + _SLACK_US
    room_us -= zero_us + film.us(film.start_pts) + film.length_us
    placed = []
    for stretch, jump_us in zip(film.stretches, _jumps_us(film), strict=True):
        if 0 < jump_us <= room_us:
            room_us -= jump_us
        else:
            zero_us -= jump_us
        if stretch.keys:
            end_us = zero_us + film.us(stretch.end_pts)
            placed.append(
                Cut(
                    film=film,
                    stretch=stretch,
                    zero_us=zero_us,
                    key=stretch.keys[0],
                    end_us=end_us,
                )
            )
    return placed


def _jumps_us(film: Film) -> list[int]:
    """Return how far the timestamps jump before each stretch."""
    ends = [film.stretches[0].first_pts, *(one.end_pts for one in film.stretches)]
    return [
        film.us(one.first_pts - end)
        for one, end in zip(film.stretches, ends, strict=False)
    ]
