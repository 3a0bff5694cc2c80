"""When a recording begins, by what cameras write into the names of files and folders.

Names are of anybody who may write to the folder: each is read in a time that grows with
its length only, and what is no time is none.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
import re
from typing import NamedTuple

from ...time_range import from_ms

_DATE = (
    r"(?P<Y>(?:19|20)[0-9]{2})(?P<date_mark>[-_.]?)(?P<m>[0-9]{2})(?P=date_mark)"
    r"(?P<d>[0-9]{2})"
)
_TIME = r"(?P<H>[0-9]{2})(?P<mark>[-_.:]?)(?P<M>[0-9]{2})(?P=mark)(?P<S>[0-9]{2})"
_BETWEEN = r"(?:[-_.T@]|[ ]?[-_@]?[ ]?)"
# Milliseconds only follow right after the seconds: 20261122140322123.
_MOMENT = re.compile(rf"(?<![0-9]){_DATE}{_BETWEEN}{_TIME}(?P<ms>[0-9]{{3}})?(?![0-9])")
_TIME_OF_DAY = re.compile(rf"(?<![0-9]){_TIME}(?![0-9])")
# Seconds or milliseconds since 1970, from 2001 to 2033.
_UNIX = re.compile(r"(?<![0-9])(?P<s>1[0-9]{9})(?P<ms>[0-9]{3})?(?![0-9])")
# What stands between a start and an end: 120000_120530, 12.00.00-12.05.30.
_TO = re.compile(r"[ ]?[-_~][ ]?")
# A third number need not be an end: no camera makes a file of more.
_LONGEST = timedelta(hours=2)
# 2026, 202611, 2026-11, 20261122, 2026-11-22.
_DATE_FOLDER = re.compile(
    r"(?P<Y>(?:19|20)[0-9]{2})"
    r"(?:(?P<mark>[-_.]?)(?P<m>[0-9]{2})(?:(?P=mark)(?P<d>[0-9]{2}))?)?"
)
_MONTH_OR_DAY = re.compile(r"[0-9]{1,2}")

# What a pattern of a person's own may have.
_DIRECTIVES = {
    "%Y": r"(?P<Y>[0-9]{4})",
    "%y": r"(?P<y>[0-9]{2})",
    "%m": r"(?P<m>[0-9]{1,2})",
    "%d": r"(?P<d>[0-9]{1,2})",
    "%H": r"(?P<H>[0-9]{1,2})",
    "%M": r"(?P<M>[0-9]{1,2})",
    "%S": r"(?P<S>[0-9]{1,2})",
    "%s": r"(?P<s>[0-9]{9,10})",
}
_NEEDED = ({"Y", "m", "d", "H", "M"}, {"y", "m", "d", "H", "M"}, {"s"})
_TOKEN = re.compile(r"%.|\*+|.", re.DOTALL)
# More of them could take long on a name that does not match.
_MOST_STARS = 2
LONGEST_PATTERN = 200


class Times(NamedTuple):
    """When a recording begins and ends, as its name says: in UTC, or local and aware."""

    start: datetime
    end: datetime | None = None


class Day(NamedTuple):
    """As much of a date as the folders on the way to a file say; zero is not said."""

    year: int = 0
    month: int = 0
    day: int = 0

    def below(self, folder: str) -> Day:
        """Return what is said in a folder below."""
        if match := _DATE_FOLDER.fullmatch(folder):
            found = Day(int(match["Y"]), int(match["m"] or 0), int(match["d"] or 0))
        elif self.year and not self.day and _MONTH_OR_DAY.fullmatch(folder):
            month = self.month or int(folder)
            found = Day(self.year, month, int(folder) if self.month else 0)
        else:
            return self
        return found if found.is_possible else self

    @property
    def is_possible(self) -> bool:
        """Whether there is such a day, month or year."""
        try:
            date(self.year, self.month or 1, self.day or 1)
        except ValueError:
            return False
        return True

    def may_be_in(self, first: date, last: date) -> bool:
        """Return whether a day of it is one from the first to the last."""
        said = tuple(filter(None, self))
        count = len(said)
        return (
            (first.year, first.month, first.day)[:count]
            <= said
            <= (last.year, last.month, last.day)[:count]
        )


class Names:
    """What the names in one folder of recordings mean."""

    def __init__(self, time_zone: tzinfo, pattern: str = "") -> None:
        """Take whose time names show, and a pattern in place of the usual forms.

        Raises ValueError for a pattern that `is_pattern` refuses.
        """
        self._time_zone = time_zone
        self._pattern = _compiled(pattern) if pattern else None
        self._depth = pattern.count("/")

    def read(self, folders: Sequence[str], name: str, day: Day) -> Times | None:
        """Return what the name of a file says, None if it says no time.

        `folders` are those from the camera's folder to the file, and `day` what they say.
        """
        stem = name.rpartition(".")[0]
        if self._pattern:
            below = folders[len(folders) - self._depth :] if self._depth else ()
            match = self._pattern.fullmatch("/".join((*below, stem)))
            start = self._of_pattern(match) if match else None
            return Times(start) if start else None
        return self._usual(stem, day)

    def _usual(self, stem: str, day: Day) -> Times | None:
        for match in _MOMENT.finditer(stem):
            if start := self._moment(match, Day()):
                return Times(start, self._end(stem, match, start))
        if day.day:
            for match in _TIME_OF_DAY.finditer(stem):
                if start := self._moment(match, day):
                    return Times(start, self._end(stem, match, start))
        if unix := _UNIX.search(stem):
            return Times(from_ms(int(unix["s"]) * 1000 + int(unix["ms"] or 0)))
        return None

    def _moment(self, match: re.Match[str], day: Day) -> datetime | None:
        """Return the time that was found; what is found of a date goes first."""
        found = match.groupdict()
        if found.get("Y"):
            day = Day(int(found["Y"]), int(found["m"]), int(found["d"]))
        hour, minute, second = (int(found[one]) for one in "HMS")
        ms = int(found.get("ms") or 0)
        return self._local(day, hour, minute, second, ms)

    def _local(
        self, day: Day, hour: int, minute: int, second: int, ms: int = 0
    ) -> datetime | None:
        """Return a time that names show, None if there is none such."""
        try:
            return datetime(
                day.year,
                day.month,
                day.day,
                hour,
                minute,
                second,
                ms * 1000,
                tzinfo=self._time_zone,
            )
        except ValueError:
            return None

    def _end(self, stem: str, match: re.Match[str], start: datetime) -> datetime | None:
        """Return the end that follows a start, if one does."""
        if not (to := _TO.match(stem, match.end())):
            return None
        if moment := _MOMENT.match(stem, to.end()):
            end = self._moment(moment, Day())
        elif time := _TIME_OF_DAY.match(stem, to.end()):
            end = self._moment(time, Day(start.year, start.month, start.day))
            if end and end < start:
                end += timedelta(days=1)
        else:
            return None
        return end if end and timedelta(0) < end - start <= _LONGEST else None

    def _of_pattern(self, match: re.Match[str]) -> datetime | None:
        found = {name: int(text) for name, text in match.groupdict().items()}
        if "s" in found:
            return from_ms(found["s"] * 1000)
        year = found["Y"] if "Y" in found else 2000 + found["y"]
        day = Day(year, found["m"], found["d"])
        return self._local(day, found["H"], found["M"], found.get("S", 0))


def is_pattern(pattern: str) -> bool:
    """Return whether names can be read by a pattern: it has a date and a time."""
    try:
        _compiled(pattern)
    except ValueError:
        return False
    return True


def instants(moment: datetime) -> tuple[datetime, datetime]:
    """Return when a clock shows a time, first and last: twice where it is set back.

    One that the clock skips is taken as if it did not skip it.
    """
    first = moment.astimezone(UTC)
    if moment.tzinfo is UTC:
        return first, first
    return first, max(first, moment.replace(fold=1).astimezone(UTC))


def _compiled(pattern: str) -> re.Pattern[str]:
    """Return a pattern as an expression for a path without ending. Raises ValueError."""
    if len(pattern) > LONGEST_PATTERN or pattern.count("*") > _MOST_STARS:
        raise ValueError("too long")
    parts: list[str] = []
    names = set[str]()
    for token in _TOKEN.findall(pattern):
        if token.startswith("*"):
            parts.append("[^/]*?")
        elif token[0] != "%":
            parts.append(re.escape(token))
        elif token == "%%":
            parts.append("%")
        elif token not in _DIRECTIVES:
            raise ValueError("no such directive")
        elif (name := token[1]) in names:
            parts.append(f"(?P={name})")
        else:
            names.add(name)
            parts.append(_DIRECTIVES[token])
    if not any(needed <= names for needed in _NEEDED):
        raise ValueError("no date and time")
    return re.compile("".join(parts))
