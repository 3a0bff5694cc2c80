"""Where fetched footage lies in wall-clock time, and what of it makes up a window.

Pure arithmetic. Wall-clock times are Unix times in microseconds.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from typing import NamedTuple

from ..folder import File
from ..time_range import Placing, Window, from_ms, gaps
from .container import US
from .probe import HOLE_US, KeyFrame, KeyFrames, MediaInfo, Segment

# Clouds and cameras round their times: footage may be so much off its window.
_SLACK_US = US
# Two frames closer than this are one frame that was placed twice.
_SAME_US = US // 1000
# An MPEG-TS clock has 33 bits (ISO/IEC 13818-1, 2.4.3.6).
_TS_CLOCK_TICKS = 2**33
# What a part may begin early or late by where its key frames do not tell.
_USUAL_GOP_US = 4 * US
# What no camera keeps longer between key frames.
_LONGEST_GOP_US = 20 * US
# A part whose place is known so well can be cut to the window.
_SURE_US = US // 4
# Clocks that begin anew in each part may begin so much apart.
_OTHER_CLOCK_US = US // 2


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A fetched part: a file, the stretch that was asked for, and how it lies there."""

    file: File
    window: Window
    placing: Placing = Placing.RECORDING
    # What is in the file, where it was surveyed before.
    info: MediaInfo | None = None


@dataclass(frozen=True, kw_only=True)
class Cut:
    """Frames of one segment that go into a clip, beginning with the frame `key`.

    A frame lies at `zero_us` plus its presentation time; those that begin at `end_us`
    or later are left out, but for what the others are decoded from. So are those that
    are shown before `key`, unless it `has_before` what they are decoded from.
    `follows`: nothing is missing between this and the cut before. `ends_open`: a key
    frame after its end may be what frames before its end are decoded from.
    """

    info: MediaInfo
    segment: Segment
    zero_us: int
    key: KeyFrame
    end_us: int
    has_before: bool = False
    follows: bool = False
    ends_open: bool = False

    @property
    def start_us(self) -> int:
        """When its first frame was filmed."""
        return self.zero_us + self.info.us(self.key.pts)

    @property
    def end_pts(self) -> int:
        """The first presentation time that is not wanted, in ticks."""
        return self.info.ticks(self.end_us - self.zero_us - _SAME_US)

    def moved(self, by_us: int) -> Cut:
        """Return it at a later time."""
        return replace(self, zero_us=self.zero_us + by_us, end_us=self.end_us + by_us)


@dataclass(frozen=True, kw_only=True)
class Assembly:
    """What makes up a window: cuts in order of time, and what they cover of it.

    `gop_us` is the longest time between key frames where it begins, None if unknown.
    """

    cuts: list[Cut]
    covered: tuple[Window, ...]
    gop_us: int | None

    def missing(self, window: Window) -> tuple[Window, ...]:
        """Return every stretch of the window without footage for more than a second."""
        return tuple(gaps(window, self.covered, timedelta(microseconds=HOLE_US)))

    def is_complete(self, window: Window) -> bool:
        """Return whether nothing is missing, but for less than a GOP at the beginning."""
        match self.missing(window):
            case ():
                return True
            case (one,) if one.start == window.start and self.gop_us is not None:
                return one.duration <= timedelta(microseconds=self.gop_us + _SAME_US)
        return False


class _Span(NamedTuple):
    """The earliest and the latest time at which something may have begun."""

    first: int
    last: int

    def overlap(self, other: _Span) -> _Span | None:
        """Return what both allow, None if nothing."""
        both = _Span(max(self.first, other.first), min(self.last, other.last))
        return both if both.first <= both.last else None

    def moved(self, by: int) -> _Span:
        """Return it so much later."""
        return _Span(self.first + by, self.last + by)

    def widened(self, by: int) -> _Span:
        """Return it longer at either end."""
        return _Span(self.first - by, self.last + by)

    def nearest(self, to: int) -> int:
        """Return the moment in it that is nearest to another."""
        return min(max(to, self.first), self.last)


class _Part:
    """A piece, its cuts, and where in time they lie.

    `began` is when its first frame may have been filmed. It is taken to have been so
    `start_us`; its cuts lie at times from there on until `settle` moves them.
    """

    def __init__(self, piece: Piece, info: MediaInfo) -> None:
        """Lay out the file by itself."""
        self.piece = piece
        self.info = info
        self.cuts = _laid(piece, info)
        self.is_repetitive = any(cut.segment not in info.segments for cut in self.cuts)
        self.length_us = self.cuts[-1].end_us if self.cuts else 0
        # With what came and cannot be decoded.
        self.claimed_us = self.length_us + info.us(info.tail_ticks)
        self.margin_us = (info.gop_us or _USUAL_GOP_US) + _SLACK_US
        if piece.placing in (Placing.SEQUENCE, Placing.LOOSE):
            # It may go on for a fragment that was only begun in its window.
            self.margin_us = _LONGEST_GOP_US + _SLACK_US
        self.asked = _Span(piece.window.start_ms * 1000, piece.window.end_ms * 1000)
        # What it may be said to show, but for a margin.
        self.shows = self.asked
        self.began = self._began()
        self.start_us = self.began.first
        # Whether its place beside the part before is known, not only its own window.
        self.is_linked = False
        self.has_before = False

    def _began(self) -> _Span:
        start_us, end_us = self.asked
        match self.piece.placing:
            case Placing.REQUESTED:
                latest_us = end_us - self.claimed_us
                if latest_us >= start_us:
                    return _Span(start_us, latest_us)
                # Longer than asked: it may begin early or end late.
                if start_us - latest_us > _LONGEST_GOP_US + _SLACK_US:
                    latest_us = start_us - self.margin_us
                return _Span(latest_us, start_us)
            case Placing.LOOSE:
                return _Span(start_us, start_us + self.margin_us)
        return _Span(start_us, start_us)

    @property
    def is_sure(self) -> bool:
        """Whether it is known when it begins, and so what of it is of a window."""
        return self.began.last - self.began.first <= _SURE_US

    @property
    def may_begin(self) -> _Span:
        """When it may begin by its window alone: late only while it still ends in time."""
        start_us, end_us = self.asked
        latest_us = max(start_us, end_us + _SLACK_US - self.claimed_us)
        return _Span(start_us - self.margin_us, latest_us)

    @property
    def end_us(self) -> int:
        """When its last frame ends."""
        return self.start_us + self.length_us

    @property
    def is_one(self) -> bool:
        """Whether nothing is missing in it."""
        return all(cut.follows for cut in self.cuts[1:])

    def ends_within(self, before: _Part, ahead_us: int) -> bool:
        """Return whether it has nothing to add, beginning so long after another."""
        return ahead_us + self.length_us <= before.length_us + _SAME_US

    def key_frames(self) -> Iterator[tuple[int, KeyFrame]]:
        """Yield its key frames, and when they are shown, from its first frame on."""
        for cut in self.cuts:
            for key in cut.segment.keys:
                yield cut.zero_us + self.info.us(key.pts), key

    def settle(self) -> None:
        """Move the cuts to where the part lies."""
        self.cuts = [cut.moved(self.start_us) for cut in self.cuts]
        if self.has_before:
            self.cuts[0] = replace(self.cuts[0], has_before=True, follows=True)


def assemble(infos: Iterable[tuple[Piece, MediaInfo]], window: Window) -> Assembly:
    """Choose what makes up the window, in order of time, every frame once.

    It begins at the last key frame at or before the window's start. Where footage of
    known place overlaps, the earlier one ends where the later one begins, unless the
    later one has nothing to add. Where it is not known at which end a part is too long,
    neither end is cut.
    """
    cuts: list[Cut] = []
    # Those whose place beside each other is known, and before when they are not wanted.
    group: list[Cut] = []
    start_us = window.start_ms * 1000
    extents: dict[MediaInfo, Window] = {}
    for part in _placed(infos):
        if not part.is_linked:
            cuts += _without_overlaps(group, start_us)
            group, start_us = [], window.start_ms * 1000
        group += _inside(part, window)
        extents[part.info] = _extent(part, window)
        if not part.is_sure:
            start_us = 0
    cuts += _without_overlaps(group, start_us)
    for number, cut in enumerate(cuts):
        # Whatever was left out meanwhile, some frames need what was before.
        if cut.has_before and not cut.segment.continues:
            before = cuts[number - 1] if number else None
            lead_us = cut.info.us(cut.segment.lead_ticks)
            if before is None or hole_us(before, cut) > lead_us:
                cuts[number] = replace(cut, has_before=False, follows=False)
    return Assembly(
        cuts=cuts,
        covered=tuple(_covered(cuts, extents)),
        gop_us=cuts[0].info.gop_us if cuts else None,
    )


def shown_us(cuts: Sequence[Cut]) -> tuple[int, int]:
    """Return from when to when one file, whole, shows what the cuts are from."""
    first, last = cuts[0], cuts[-1]
    info = first.info
    return (
        first.zero_us + info.us(info.start_pts),
        last.zero_us + info.us(info.segments[-1].end_pts),
    )


def fits(cut: Cut, window: Window) -> bool:
    """Return whether a file can be the clip: whole, and hardly longer than asked.

    Hardly is one GOP at either end.
    """
    info = cut.info
    start_us, end_us = shown_us([cut])
    gop_us = info.gop_us or _SLACK_US
    return (
        len(info.segments) == 1
        and info.is_whole
        and cut.segment.keys[0].number == 0
        and not cut.segment.lead_ticks
        and start_us >= window.start_ms * 1000 - gop_us
        and end_us <= window.end_ms * 1000 + gop_us
    )


def hole_us(before: Cut, after: Cut) -> int:
    """Return what to close up between two cuts; less than 0 where they overlap.

    A pause too short to be worth a word stays.
    """
    missing_us = after.start_us - before.end_us
    return 0 if 0 <= missing_us <= HOLE_US else missing_us


def window_of_us(start_us: int, end_us: int) -> Window:
    """Make a window from Unix times in microseconds, to the nearest millisecond."""
    return Window(from_ms(round(start_us / 1000)), from_ms(round(end_us / 1000)))


def _placed(infos: Iterable[tuple[Piece, MediaInfo]]) -> list[_Part]:
    """Give every part its place in time; leave out what only repeats the one before."""
    parts: list[_Part] = []
    # The parts since the last one whose place beside the one before is not known, and
    # how long after the first of them each begins.
    chain: list[tuple[_Part, int]] = []
    for piece, info in sorted(infos, key=lambda one: one[0].window):
        part = _Part(piece, info)
        if not part.cuts:
            continue
        before = parts[-1] if parts else None
        if piece.placing is Placing.RECORDING:
            part.is_linked = True
        elif before and piece.placing is Placing.REQUESTED:
            ahead_us = _shared_key_us(before, part)
            part.has_before = ahead_us is not None
            if ahead_us is None:
                ahead_us = _by_clock_us(before, part)
            elif before.is_one and part.ends_within(before, ahead_us):
                _narrow(chain, part, chain[-1][1] + ahead_us)
                before.shows = _Span(
                    before.shows.first, max(before.shows.last, part.asked.last)
                )
                continue
            if ahead_us is not None:
                part.is_linked = _link(chain, part, ahead_us)
            if part.has_before:
                # What both have it shows for both.
                part.shows = _Span(before.shows.first, part.asked.last)
            if part.has_before and ahead_us is not None and not part.is_linked:
                # Whatever was asked for, this is where it goes on.
                part.start_us = before.start_us + ahead_us
                part.is_linked = True
                chain = [(part, 0)]
        if before and not part.is_linked:
            part.start_us = part.began.nearest(before.end_us)
            if piece.placing is Placing.SEQUENCE:
                ahead_us = part.start_us - before.start_us
                part.has_before = _goes_on(before, part, ahead_us)
        if not part.is_linked:
            chain = [(part, 0)]
        parts.append(part)
    for part in parts:
        part.settle()
    return parts


def _link(chain: list[tuple[_Part, int]], part: _Part, ahead_us: int) -> bool:
    """Add a part that begins `ahead_us` after the last one of a chain; place all anew.

    Returns False if their windows do not allow that.
    """
    offset_us = chain[-1][1] + ahead_us
    both = _narrow(chain, part, offset_us)
    if both is None:
        return False
    part.began = both.moved(offset_us)
    part.start_us = part.began.first
    chain.append((part, offset_us))
    return True


def _narrow(
    chain: list[tuple[_Part, int]], part: _Part, offset_us: int
) -> _Span | None:
    """Let a chain begin only when a part of it can; return when that is, if ever."""
    began = chain[0][0].began
    for may_begin in (part.began, part.began.widened(_SLACK_US)):
        if both := began.overlap(may_begin.moved(-offset_us)):
            for one, one_offset_us in chain:
                one.began = both.moved(one_offset_us)
                one.start_us = one.began.first
            return both
    return None


def _by_clock_us(before: _Part, after: _Part) -> int | None:
    """Return how long after one part the next begins by a clock that both show."""
    if not before.info.kind == after.info.kind == "mpegts":
        return None
    # Where something came twice, the clock went on meanwhile.
    last = before.cuts[0 if before.is_repetitive else -1]
    ahead = (after.info.start_pts - last.key.pts) % _TS_CLOCK_TICKS
    if ahead > _TS_CLOCK_TICKS // 2:
        ahead -= _TS_CLOCK_TICKS
    ahead_us = last.start_us + after.info.us(ahead)
    # Else both clocks begin anew, or one of them was set.
    if ahead_us <= _OTHER_CLOCK_US or not before.began.moved(ahead_us).overlap(
        after.may_begin
    ):
        return None
    after.has_before = _goes_on(before, after, ahead_us)
    return ahead_us


def _goes_on(before: _Part, after: _Part, ahead_us: int) -> bool:
    """Return whether a part begins with the very next frame after another."""
    segment = after.cuts[0].segment
    frame_us = max(
        one.info.us(one.segment.frame_ticks) for one in (before.cuts[-1], after.cuts[0])
    )
    begins_us = ahead_us - after.info.us(segment.lead_ticks)
    return abs(begins_us - before.length_us) < frame_us


def _shared_key_us(before: _Part, after: _Part) -> int | None:
    """Return how long after one part the next begins by key frames that both have."""
    found = Counter[int]()
    for which in (0, 1):
        earlier = _unique(before, which)
        found.update(
            earlier[mark] - at_us
            for mark, at_us in _unique(after, which).items()
            if mark in earlier
        )
    for ahead_us, count in found.most_common(1):
        # One small frame may be like another by chance.
        if count > 1 or before.began.moved(ahead_us).overlap(after.may_begin):
            return ahead_us
    return None


def _unique(part: _Part, which: int) -> dict[int, int]:
    """Return the marks that only one key frame of a part has, and when it is shown."""
    marks = [(key.marks[which], at_us) for at_us, key in part.key_frames()]
    counts = Counter(mark for mark, _ in marks)
    return {mark: at_us for mark, at_us in marks if mark and counts[mark] == 1}


def _laid(piece: Piece, info: MediaInfo) -> list[Cut]:
    """Lay out a file from its first frame on.

    Holes stay holes while all fits into its window, clocks that jump are closed up.
    """
    window_us = (piece.window.end_ms - piece.window.start_ms) * 1000
    segments = [(segment, False) for segment in info.segments]
    allowed_us = window_us + _SLACK_US
    if piece.placing is Placing.REQUESTED:
        segments = list(_without_repeats(info, window_us))
    if piece.placing is not Placing.SEQUENCE:
        allowed_us += max(info.gop_us or _LONGEST_GOP_US, _USUAL_GOP_US)
    # How long the last frame before a hole was shown, is a guess.
    allowed_us += (
        max(info.us(one.frame_ticks) for one, _ in segments) if segments else 0
    )
    allowed_us -= info.us(sum(one.end_pts - one.first_pts for one, _ in segments))
    zero_us = -info.us(info.start_pts)
    cuts: list[Cut] = []
    for number, (segment, is_closed_up) in enumerate(segments):
        before = segments[number - 1][0] if number else None
        jump_us = info.us(segment.first_pts - before.end_pts) if before else 0
        is_hole = (
            before is None
            or (before.clock == segment.clock and 0 <= jump_us <= allowed_us)
        ) and not (segment.continues or is_closed_up)
        if is_hole:
            allowed_us -= jump_us
        else:
            zero_us -= jump_us
        first = KeyFrame(segment.first, segment.first_pts, segment.first_dts)
        cuts.append(
            Cut(
                info=info,
                segment=segment,
                zero_us=zero_us,
                key=first if segment.continues else segment.keys[0],
                end_us=zero_us + info.us(segment.end_pts),
                has_before=segment.continues,
                follows=not is_hole,
            )
        )
    return cuts


def _without_repeats(info: MediaInfo, window_us: int) -> Iterator[tuple[Segment, bool]]:
    """Yield a file's segments without GOPs that came before, while it is too long.

    With each, whether something was left out before it.
    """
    keys = [key for one in info.segments for key in one.keys]
    counts = Counter(key.marks for key in keys)
    length_us = info.us(sum(one.end_pts - one.first_pts for one in info.segments))
    surplus_us = length_us - window_us + _SLACK_US
    known = set[tuple[int, int]]()
    for segment in info.segments:
        is_closed_up = False
        rest = segment
        for key, following in pairwise([*segment.keys, None]):
            assert key
            is_repeat = counts[key.marks] == 2 and key.marks in known and key.marks[0]
            known.add(key.marks)
            end_pts = following.pts if following else segment.end_pts
            if not is_repeat or (gop_us := info.us(end_pts - key.pts)) > surplus_us:
                continue
            surplus_us -= gop_us
            if key.number > rest.first:
                yield _between(rest, rest.first, key), is_closed_up
            is_closed_up = True
            if following is None:
                break
            rest = _between(rest, following, None)
        else:
            yield rest, is_closed_up


def _between(segment: Segment, first: KeyFrame | int, end: KeyFrame | None) -> Segment:
    """Return a segment from one of its key frames on, and up to another."""
    if isinstance(first, KeyFrame):
        keys = KeyFrames.of(key for key in segment.keys if key.number >= first.number)
        segment = replace(
            segment,
            first=first.number,
            first_pts=first.pts,
            first_dts=first.dts,
            continues=False,
            keys=keys,
        )
    if end:
        keys = KeyFrames.of(key for key in segment.keys if key.number < end.number)
        segment = replace(segment, end=end.number, end_pts=end.pts, keys=keys)
    return segment


def _inside(part: _Part, window: Window) -> list[Cut]:
    """Return what of a part is of the window: from the last key frame before it.

    Where a part may begin later than it is taken to, more of it is kept; all, where its
    own end is near.
    """
    if part.piece.placing is Placing.LOOSE:
        return part.cuts
    start_us = window.start_ms * 1000
    end_us = window.end_ms * 1000
    if not part.is_sure:
        start_us -= part.began.last - part.began.first
        if start_us < part.asked.first + part.margin_us:
            start_us = part.start_us
        if end_us > part.asked.last - part.margin_us:
            end_us = max(end_us, part.end_us)
    if part.piece.placing is Placing.SEQUENCE:
        # Its end is known as well: if it is too long, its clock is fast.
        end_us += max(0, part.length_us - (part.asked.last - part.asked.first))
    cuts = part.cuts
    for number, cut in reversed(list(enumerate(cuts))):
        keys = [
            key
            for key in cut.segment.keys
            if cut.zero_us + cut.info.us(key.pts) <= start_us + _SAME_US
        ]
        if keys:
            is_first = keys[-1].number == cut.key.number
            cuts = [cut if is_first else _from(cut, keys[-1]), *cuts[number + 1 :]]
            break
    while cuts and cuts[0].end_us <= start_us + _SAME_US:
        if len(cuts) > 1 and cuts[1].segment.continues:
            # It is needed to decode that one.
            break
        cuts = cuts[1:]
    return [
        replace(cut, end_us=end_us, ends_open=cut.segment.is_open)
        if cut.end_us > end_us
        else cut
        for cut in cuts
        if cut.start_us < end_us - _SAME_US
    ]


def _from(cut: Cut, key: KeyFrame) -> Cut:
    return replace(cut, key=key, has_before=False, follows=False)


def _without_overlaps(cuts: Sequence[Cut], start_us: int) -> list[Cut]:
    """Let each moment from `start_us` on be shown once."""
    chosen: list[Cut] = []
    for cut in sorted(cuts, key=lambda cut: (cut.start_us, -cut.end_us)):
        before = chosen[-1] if chosen else None
        if before is None:
            chosen.append(cut)
            continue
        if cut.end_us <= before.end_us + _SAME_US:
            continue
        chosen[-1] = replace(before, end_us=min(before.end_us, cut.start_us))
        is_needed = cut.segment.continues or chosen[-1].end_us > start_us + _SAME_US
        if not is_needed or chosen[-1].end_us <= before.start_us + _SAME_US:
            chosen.pop()
        chosen.append(cut)
    return chosen


def _extent(part: _Part, window: Window) -> Window:
    """Return what of a window a part may be said to show."""
    if part.piece.placing is Placing.RECORDING:
        return window
    shows = window_of_us(
        part.shows.first - part.margin_us, part.shows.last + part.margin_us
    )
    return Window(max(shows.start, window.start), min(shows.end, window.end))


def _covered(
    cuts: Sequence[Cut], extents: Mapping[MediaInfo, Window]
) -> Iterator[Window]:
    """Yield the periods that cuts show, where something is missing between."""
    shown: Window | None = None
    before: Cut | None = None
    for cut in cuts:
        within = extents[cut.info]
        start_us = cut.start_us
        if before and cut.follows:
            start_us = min(start_us, before.end_us)
        one = window_of_us(start_us, cut.end_us)
        one = Window(max(one.start, within.start), min(one.end, within.end))
        before = cut
        if one.duration <= timedelta(0):
            continue
        if shown and one.start <= shown.end:
            one = Window(shown.start, max(shown.end, one.end))
        elif shown:
            yield shown
        shown = one
    if shown:
        yield shown
