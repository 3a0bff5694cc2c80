"""A folder of recordings: times in names, what is found when, what is never opened."""

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
import os
from pathlib import Path
import random
import time
from zoneinfo import ZoneInfo

import pytest

from custom_components.clip_download.engine.errors import (
    CameraUnknownError,
    InvalidRequestError,
    NoFootageError,
    NotReadyError,
    UnreachableError,
)
from custom_components.clip_download.engine.folder import Folder
from custom_components.clip_download.engine.media import claims
from custom_components.clip_download.engine.model import Camera, MediaOptions
from custom_components.clip_download.engine.sources.recordings import catalog, client
from custom_components.clip_download.engine.sources.recordings.catalog import (
    ITSELF,
    Catalog,
    path_of,
)
from custom_components.clip_download.engine.sources.recordings.client import (
    FilePart,
    RecordingsSource,
)
from custom_components.clip_download.engine.sources.recordings.names import (
    LONGEST_PATTERN,
    Day,
    Names,
    Times,
    instants,
    is_pattern,
)
from custom_components.clip_download.engine.time_range import Window
from tests.clouds.recordings import Upload, set_age
from tests.waits import is_open

BERLIN = ZoneInfo("Europe/Berlin")
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
FRONT = Camera(id="Front", name="Front")
ANYHOW = MediaOptions()


def read(path: str, time_zone: tzinfo = UTC, pattern: str = "") -> Times | None:
    """Return what the path of a file below a camera's folder says."""
    *folders, name = path.split("/")
    day = Day()
    for folder in folders:
        day = day.below(folder)
    return Names(time_zone, pattern).read(folders, name, day)


def starts(path: str, pattern: str = "") -> str | None:
    """Return when a file begins, in short."""
    times = read(path, pattern=pattern)
    return f"{times.start:%Y-%m-%d %H:%M:%S.%f}"[:23] if times else None


# --- times in names


@pytest.mark.parametrize(
    ("path", "start", "length_s"),
    [
        ("20261122140322.mp4", "2026-11-22 14:03:22", None),
        ("2026-11-22_14-03-22.mp4", "2026-11-22 14:03:22", None),
        ("2026-11-22/14-03-22.mp4", "2026-11-22 14:03:22", None),
        ("20261122_140322.MP4", "2026-11-22 14:03:22", None),
        ("2026-11-22 14.03.22.ts", "2026-11-22 14:03:22", None),
        ("2026-11-22T14:03:22.mp4", "2026-11-22 14:03:22", None),
        ("2026-11-22 - 14-03-22.mp4", "2026-11-22 14:03:22", None),
        # Reolink
        (
            "2026/11/22/RecM01_20261122_140322_140352_6D28808_1A468F9.mp4",
            "2026-11-22 14:03:22",
            30,
        ),
        ("RecM03_DST20260722_235955_000012_0_0.mp4", "2026-07-22 23:59:55", 17),
        ("Front door_00_20261122140322.mp4", "2026-11-22 14:03:22", None),
        # Dahua, Amcrest
        (
            "2026-11-22/001/dav/14/14.03.22-14.05.30[M][0@0][0].mp4",
            "2026-11-22 14:03:22",
            128,
        ),
        # Hikvision
        (
            "192.168.1.64_01_20261122140322123_MOTION_DETECTION.mp4",
            "2026-11-22 14:03:22.123",
            None,
        ),
        ("ch01_20261122140322_20261122141322.mp4", "2026-11-22 14:03:22", 600),
        # Foscam, Axis
        ("MDalarm_20261122_140322.mp4", "2026-11-22 14:03:22", None),
        ("20261122/14/20261122_140322_AB12_ACCC8E.mp4", "2026-11-22 14:03:22", None),
        # Since 1970
        ("1795356202.mp4", "2026-11-22 14:03:22", None),
        ("2026112214/03M22S_1795356202.mp4", "2026-11-22 14:03:22", None),
        ("cam-1795356202345.mp4", "2026-11-22 14:03:22.345", None),
        # The first that is a time
        ("20269999999999_20261122140322.mp4", "2026-11-22 14:03:22", None),
        ("2026/11/22/99-99-99_14-03-22.mp4", "2026-11-22 14:03:22", None),
        # What follows is no end
        ("20261122_140322_235959.mp4", "2026-11-22 14:03:22", None),
        ("20261122_140322_999999.mp4", "2026-11-22 14:03:22", None),
        ("20261122_140322-20261122_140322.mp4", "2026-11-22 14:03:22", None),
    ],
)
def test_names_of_cameras(path: str, start: str, length_s: int | None) -> None:
    """The names that cameras give are read, with their ends where they have one."""
    assert starts(path) == f"{start}.000"[:23]
    times = read(path)
    assert times is not None
    length = times.end - times.start if times.end else None
    assert length == (timedelta(seconds=length_s) if length_s else None)


@pytest.mark.parametrize(
    "path",
    [
        *("", ".mp4", "door.mp4", "2026.mp4", "2026-11-22.mp4", "14-03-22.mp4"),
        *("2026-13-22_14-03-22.mp4", "2026-02-30_14-03-22.mp4"),
        *("2026-11-22_24-03-22.mp4", "2026-11-22_14-60-22.mp4"),
        *("1026-11-22_14-03-22.mp4", "120261122140322.mp4", "202611221403221.mp4"),
        *("2026/11/14-03-22.mp4", "2026/14-03-22.mp4", "2026/13/22/14-03-22.mp4"),
        *("2026/11/31/14-03-22.mp4", "cam/11/22/14-03-22.mp4"),
        *("2026/11/22/14-03.mp4", "2026/11/22/14-0322.mp4", "2999999999.mp4"),
        *("٢٠٢٦١١٢٢١٤٠٣٢٢.mp4", "２０２６１１２２１４０３２２.mp4"),
        *("9" * 1_000_000 + ".mp4", "20261122" * 100_000 + ".mp4"),
        "2026-" * 100_000 + ".mp4",
    ],
)
def test_no_times(path: str) -> None:
    """What is no time is none, however long it goes on."""
    assert read(path) is None


@pytest.mark.parametrize("seed", range(20))
def test_any_time_in_any_form(seed: int) -> None:
    """Whatever stands around a time, it is the one that was written."""
    dice = random.Random(seed)
    for _ in range(200):
        moment = datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC) + timedelta(
            seconds=dice.randrange(31 * 366 * 24 * 3600)
        )
        date_mark, mark = dice.choice("-_. "), dice.choice("-_.:")
        form = dice.choice(
            [
                "%Y%m%d%H%M%S",
                f"%Y%m%d{dice.choice('-_. T')}%H%M%S",
                f"%Y-%m-%d{date_mark}%H{mark}%M{mark}%S",
                f"%Y_%m_%d{date_mark}%H%M%S",
                f"%Y/%m/%d/%H{mark}%M{mark}%S",
                f"%Y%m%d/%H/%H{mark}%M{mark}%S",
                "%Y-%m-%d/sub/%H%M%S",
                f"%Y%m/%d/%H{mark}%M{mark}%S",
                str(int(moment.timestamp())),
                f"{int(moment.timestamp())}000",
            ]
        )
        *folders, stem = moment.strftime(form).split("/")
        before = dice.choice(["", "cam_", "Front door ", "x9-a", "[M]", "RecM0", "é_"])
        if before[-1:].isdigit():
            before += "_"
        after = dice.choice(["", "_A1B2", "[M][0@0]", " (2)", "-x", "Z"])
        path = "/".join([*folders, f"{before}{stem}{after}.mp4"])
        times = read(path)
        assert times is not None, path
        assert times.start == moment, path


@pytest.mark.parametrize(
    ("pattern", "path", "start"),
    [
        ("%d.%m.%Y %H.%M.%S", "22.11.2026 14.03.22.mp4", "2026-11-22 14:03:22"),
        ("*_%y%m%d-%H%M*", "door_261122-1403_x.mp4", "2026-11-22 14:03:00"),
        ("%Y/%m%d/clip_%H%M%S", "2026/1122/clip_140322.mp4", "2026-11-22 14:03:22"),
        ("%Y/%m%d/clip_%H%M%S", "a/2026/1122/clip_140322.mp4", "2026-11-22 14:03:22"),
        ("%Y-%m-%d/%Y%m%d%H%M", "2026-11-22/202611221403.mp4", "2026-11-22 14:03:00"),
        ("cam 100%% %s", "cam 100% 1795356202.mp4", "2026-11-22 14:03:22"),
        ("%Y-%m-%d/%Y%m%d%H%M", "2026-11-22/202611231403.mp4", None),
        ("%Y/%m%d/clip_%H%M%S", "clip_140322.mp4", None),
        ("%Y%m%d%H%M%S", "20261122140322x.mp4", None),
        ("%Y%m%d%H%M%S", "20261322140322.mp4", None),
        ("%Y%m%d%H%M%S", "00001122140322.mp4", None),
        ("(.+)+%Y%m%d%H%M%S", "20261122140322.mp4", None),
    ],
)
def test_patterns(pattern: str, path: str, start: str | None) -> None:
    """A pattern of a person's own is taken at its word."""
    assert starts(path, pattern) == (f"{start}.000" if start else None)


@pytest.mark.parametrize(
    "pattern",
    [
        *("", "%Y", "%H:%M:%S", "%Y-%m-%d", "%Y-%m-%d %H:%M %Z", "%Y%m%d%H%M%"),
        *("***%Y%m%d%H%M", "%Y%m%d%H%M" + "x" * LONGEST_PATTERN, "%j%Y%H%M"),
    ],
)
def test_no_patterns(pattern: str) -> None:
    """A pattern needs a date and a time, and nothing that is not known."""
    assert not is_pattern(pattern)


def test_pattern_on_a_long_name() -> None:
    """A name that nearly is of a pattern is found out in a moment."""
    names = Names(UTC, "*-*%Y%m%d%H%M%S")
    assert names.read((), "-" * 251 + ".mp4", Day()) is None


def test_days_of_folders() -> None:
    """Folders of dates say which days are in them; all others say nothing."""
    assert Day().below("2026").below("11").below("22") == Day(2026, 11, 22)
    assert Day().below("2026").below("1").below("2").below("3") == Day(2026, 1, 2)
    assert Day().below("2026-11") == Day(2026, 11)
    assert Day().below("202611").below("22") == Day(2026, 11, 22)
    assert Day().below("2026.11.22").below("001").below("dav") == Day(2026, 11, 22)
    assert Day().below("2026").below("13") == Day(2026)
    assert Day().below("2026-02").below("30") == Day(2026, 2)
    for name in ("cam", "11", "2026112", "2026-1122", "1826", "20261340", "2026x"):
        assert Day().below(name) == Day(), name
    first, last = date(2026, 11, 30), date(2026, 12, 1)
    assert Day().may_be_in(first, last)
    assert Day(2026).may_be_in(first, last)
    assert Day(2026, 11).may_be_in(first, last)
    assert Day(2026, 12, 1).may_be_in(first, last)
    assert not Day(2026, 11, 29).may_be_in(first, last)
    assert not Day(2026, 10).may_be_in(first, last)
    assert not Day(2027).may_be_in(first, last)


# --- hours in which the clock is set


def test_instants() -> None:
    """A time is one moment, or two, or one that the clock skips."""
    plain = datetime(2026, 7, 1, 12, tzinfo=BERLIN)
    assert instants(plain) == (plain, plain)
    assert instants(NOON) == (NOON, NOON)
    twice = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN)
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert instants(twice) == (first, first + HOUR)
    skipped = datetime(2026, 3, 29, 2, 30, tzinfo=BERLIN)
    once = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert instants(skipped) == (once, once)


async def test_hour_that_comes_twice(upload: Upload) -> None:
    """Which of both hours a file is of, is known by when it was written."""
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    front = upload.folder / "Front"
    front.mkdir()
    for name, written in (
        ("2026-10-25_02-30-00.ts", first + MINUTE),
        ("2026-10-25_02-30-00_2.ts", first + HOUR + MINUTE),
    ):
        (front / name).write_bytes(b"G")
        os.utime(front / name, (written.timestamp(), written.timestamp()))
    (front / "2026-10-25_02-40-00.ts").symlink_to("nowhere")
    found = make_catalog(upload).find("Front", Window(first - HOUR, first + 2 * HOUR))
    assert [(one.path[-1], one.window.start) for one in found.recordings] == [
        ("2026-10-25_02-30-00.ts", first),
        ("2026-10-25_02-30-00_2.ts", first + HOUR),
    ]


# --- the folder


@pytest.fixture
def upload(tmp_path: Path) -> Upload:
    """Return what uploads to a folder, in Berlin."""
    return Upload(tmp_path.resolve() / "cameras", BERLIN)


def make_catalog(upload: Upload) -> Catalog:
    """Return what is known of a folder: nothing yet."""
    return Catalog(upload.folder, Names(BERLIN), BERLIN)


def make_source(
    upload: Upload, pattern: str = "", time_zone: tzinfo = BERLIN
) -> RecordingsSource:
    """Return the source of a folder; it speaks to nobody."""
    return RecordingsSource(
        {
            "account_id": "1",
            "folder": str(upload.folder),
            "time_zone": time_zone,
            "pattern": pattern,
        },
    )


def around(start: datetime, length: timedelta = MINUTE) -> Window:
    """Return a window."""
    return Window(start, start + length)


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Return the folders that were listed, one after the other."""
    folders: list[Path] = []
    list_it: Callable[[Folder], tuple[list[str], list[str]]] = Folder.folders_and_others

    def list_and_note(self: Folder) -> tuple[list[str], list[str]]:
        folders.append(self.path)
        return list_it(self)

    monkeypatch.setattr(Folder, "folders_and_others", list_and_note)
    return folders


def touch(path: Path, age: timedelta = HOUR) -> None:
    """Make a small file that is no video, and let its folder be old."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"G")
    set_age(path, age)


def settle(upload: Upload) -> None:
    """Let all folders have been as they are for long."""
    for folder in [upload.folder, *upload.folder.rglob("*/")]:
        set_age(folder, HOUR)


def test_only_folders_of_the_day_are_listed(upload: Upload, listed: list[Path]) -> None:
    """Of years of recordings a few folders are looked into, and those once."""
    front = upload.folder / "Front"
    for days in range(400):
        day = (NOON - timedelta(days=days)).astimezone(BERLIN)
        touch(front / f"{day:%Y/%m/%d/%H-%M-%S}.ts")
    settle(upload)
    known = make_catalog(upload)
    found = known.find("Front", around(NOON))
    assert [one.id for one in found.recordings] == ["2026/11/20/13-00-00.ts"]
    below = sorted(str(one.relative_to(upload.folder)) for one in listed)
    assert below == [
        "Front",
        "Front/2026",
        "Front/2026/11",
        *(f"Front/2026/11/{day}" for day in (19, 20, 21)[:2]),
    ]
    listed.clear()
    known.find("Front", around(NOON))
    assert listed == []
    touch(front / "2026/11/20/13-00-30.ts")
    assert len(known.find("Front", around(NOON)).recordings) == 2
    assert listed == [front / "2026/11/20"]


def test_listed_again(
    upload: Upload, listed: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder is listed anew while it may change unseen, and now and then."""
    touch(upload.folder / "Front" / "2026-11-20_13-00-00.ts")
    settle(upload)
    known = make_catalog(upload)
    with monkeypatch.context() as patch:
        patch.setattr(catalog, "_SETTLED_AFTER_S", 2 * 3600)
        for _ in range(2):
            known.find("Front", around(NOON))
    assert len(listed) == 2
    for _ in range(3):
        known.find("Front", around(NOON))
    assert len(listed) == 3
    now_s = time.time()
    monkeypatch.setattr(time, "time", lambda: now_s + 3600)
    known.find("Front", around(NOON))
    assert len(listed) == 4


def test_memory_is_bounded(
    upload: Upload, listed: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was used longest ago is forgotten first, and found again."""
    monkeypatch.setattr(catalog, "_MOST_NAMES", 5)
    monkeypatch.setattr(catalog, "_MOST_LENGTHS", 1)
    for name in ("Back", "Front"):
        for minutes in range(3):
            local = (NOON + minutes * MINUTE).astimezone(BERLIN)
            touch(upload.folder / name / f"{local:%Y-%m-%d_%H-%M-%S}.ts")
    settle(upload)
    known = make_catalog(upload)
    for name in ("Front", "Back", "Back", "Front", "Front"):
        assert len(known.find(name, around(NOON, 3 * MINUTE)).recordings) == 3
    assert [one.name for one in listed] == ["Front", "Back", "Front"]


def test_too_many_folders(upload: Upload, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where folders have no end, what was found is said to be not all."""
    monkeypatch.setattr(catalog, "_MOST_FOLDERS", 3)
    for number in range(5):
        touch(upload.folder / "Front" / str(number) / "2026-11-20_13-00-00.ts")
    found = make_catalog(upload).find("Front", around(NOON))
    assert not found.is_whole
    assert len(found.recordings) == 1


def test_where_a_recording_ends(upload: Upload) -> None:
    """It ends as it says itself, else as its name does, else at the latest."""
    front = upload.folder / "Front"
    upload.add("Front", NOON, 20 * SECOND, name="%Y%m%d_%H%M%S_130055")
    touch(front / "20261120_130100_130130.ts")
    touch(front / "20261120_130200.ts")
    touch(front / "20261120_130300.ts")
    written = NOON + 3.5 * MINUTE
    os.utime(front / "20261120_130300.ts", (written.timestamp(), written.timestamp()))
    touch(front / "20261122_130000.ts")
    os.utime(front / "20261122_130000.ts", (0, 0))
    touch(front / "20261124_130000.ts")
    os.utime(front / "20261124_130000.ts", (2**32, 2**32))
    found = make_catalog(upload).find("Front", around(NOON, timedelta(days=7)))
    lengths_s = [one.window.duration.total_seconds() for one in found.recordings]
    assert [int(one) for one in lengths_s] == [20, 30, 60, 30, 1, 86_400]


@pytest.mark.parametrize("seed", range(10))
def test_any_window(upload: Upload, seed: int) -> None:
    """Of any recordings that follow each other, those of a window are found."""
    dice = random.Random(seed)
    form = dice.choice(["%Y%m%d%H%M%S", "%Y/%m/%d/%H-%M-%S", "%Y%m%d/%H/%H%M%S"])
    kept: list[Window] = []
    start = NOON
    for _ in range(60):
        start += timedelta(seconds=dice.choice([0, 0, 0, 7, 600, 40_000]))
        length = timedelta(seconds=dice.choice([1, 20, 60, 300, 3600]))
        name = start.astimezone(BERLIN).strftime(form)
        how = dice.choice(["says", "is named", "is followed"])
        if how == "is followed":
            touch(upload.folder / "Front" / f"{name}.ts")
            path = upload.folder / "Front" / f"{name}.ts"
            os.utime(path, ((start + length).timestamp(),) * 2)
        elif how == "is named":
            end = (start + length).astimezone(BERLIN)
            touch(upload.folder / "Front" / f"{name}_{end:%H%M%S}.ts")
        else:
            path = upload.folder / "Front" / f"{name}.mp4"
            touch(path)
            path.write_bytes(empty_movie(length))
            set_age(path, HOUR)
        kept.append(Window(start, start + length))
        start += length
    settle(upload)
    known = make_catalog(upload)
    for _ in range(60):
        begin = NOON + timedelta(seconds=dice.randrange(-1000, 400_000))
        length = timedelta(seconds=dice.choice([1, 60, 3600, 86_400]))
        window = Window(begin, begin + length)
        found = known.find("Front", window)
        expected = [one for one in kept if one.overlaps(window)]
        assert [one.window for one in found.recordings] == expected
        assert found.goes_on == any(
            window.end <= one.start < window.end + timedelta(days=1) for one in kept
        )


def empty_movie(length: timedelta) -> bytes:
    """Return the smallest MP4 that says how long it is."""
    seconds = int(length.total_seconds())
    header = bytes(12) + (1).to_bytes(4) + seconds.to_bytes(4) + bytes(80)
    return (
        (len(header) + 16).to_bytes(4)
        + b"moov"
        + (len(header) + 8).to_bytes(4)
        + b"mvhd"
        + header
    )


def test_what_reaches_into_a_window(upload: Upload) -> None:
    """The last recording before counts if it is long enough, others by their names."""
    front = upload.folder / "Front"
    touch(front / "20261120_123000_133000.ts")
    touch(front / "20261120_125900_125930.ts")
    known = make_catalog(upload)
    (one,) = known.find("Front", around(NOON)).recordings
    assert one.path == ("20261120_123000_133000.ts",)
    touch(front / "20261120_125945_130015.ts")
    found = known.find("Front", around(NOON))
    assert len(found.recordings) == 2
    assert not found.goes_on
    assert found.longest == HOUR
    touch(front / "20261120_130100.ts")
    assert known.find("Front", around(NOON)).goes_on


def test_small_ones_beside(upload: Upload) -> None:
    """Of two files that begin in one second, the larger one is the recording."""
    front = upload.folder / "Front"
    for name, size in (("RecM01", 20), ("RecS01", 10), ("RecT01", 5)):
        touch(front / f"{name}_20261120_130000_130030_0.ts")
        (front / f"{name}_20261120_130000_130030_0.ts").write_bytes(b"G" * size)
    (one,) = make_catalog(upload).find("Front", around(NOON)).recordings
    assert one.path[-1].startswith("RecM")


def test_cameras_of_a_mixed_folder(upload: Upload) -> None:
    """Files and days beside folders of cameras are one more camera."""
    for name in ("Front", "Cam é %2F", "2026", "20261120", ".hidden", "#recycle"):
        (upload.folder / name).mkdir()
    strange = upload.folder / os.fsdecode(b"b\xff")
    strange.mkdir()
    known = make_catalog(upload)
    assert known.cameras() == [ITSELF, "Cam%20%C3%A9%20%252F", "Front", "b%FF"]
    touch(upload.folder / "2026" / "11" / "20" / "13-00-00.ts")
    touch(upload.folder / "Front" / "2026-11-20_13-00-00.ts")
    touch(strange / os.fsdecode(b"20261120130000 \xfe.ts"))
    (itself,) = known.find(ITSELF, around(NOON)).recordings
    assert itself.id == "2026/11/20/13-00-00.ts"
    (other,) = known.find("b%FF", around(NOON)).recordings
    assert other.id == "20261120130000 %FE.ts"
    assert path_of(other.id) == other.path
    assert known.file("b%FF", other.path).is_file()


# --- the source


async def test_names_of_cameras_and_account(upload: Upload) -> None:
    """Whatever a folder is called, there is a name that can be shown."""
    (upload.folder / os.fsdecode(b"b\xff\n")).mkdir()
    (camera,) = await make_source(upload).cameras()
    assert camera.id == "b%FF%0A"
    assert camera.name == "b\N{REPLACEMENT CHARACTER}"
    assert (await make_source(upload).identify()).title == "Folder cameras"


async def test_identify(upload: Upload) -> None:
    """One name that says a time is enough; none at all is what is not there yet."""
    touch(upload.folder / "Front" / "a" / "door.ts")
    touch(upload.folder / "Front" / "notes.txt")
    with pytest.raises(InvalidRequestError, match="door.ts"):
        await make_source(upload).identify()
    touch(upload.folder / "Back" / "a" / "20261120130000.ts")
    assert (await make_source(upload).identify()).id == "1"
    with pytest.raises(InvalidRequestError, match="names_without_time"):
        await make_source(upload, "x%Y%m%d%H%M").identify()


@pytest.mark.parametrize(
    ("length", "age", "again"),
    [
        # Nothing tells how long this camera's files are.
        (None, MINUTE, True),
        (None, 30 * MINUTE, False),
        # Short ones come soon, long ones late.
        (10 * SECOND, timedelta(0), True),
        (10 * SECOND, 30 * MINUTE, False),
        (15 * MINUTE, 10 * MINUTE, True),
        (90 * MINUTE, 40 * MINUTE, False),
    ],
)
async def test_what_may_still_come(
    upload: Upload, length: timedelta | None, age: timedelta, again: bool
) -> None:
    """A window whose end nothing covers is looked at again while something may come."""
    end = datetime.now(UTC).replace(microsecond=0) - age
    front = upload.folder / "Front"
    front.mkdir()
    if length:
        start = end - 2 * HOUR
        touch(front / f"{start:%Y%m%d_%H%M%S}_{start + length:%H%M%S}.ts")
    source = make_source(upload, time_zone=UTC)
    plan = await source.plan(FRONT, Window(end - MINUTE, end), ANYHOW)
    assert (plan.again_after_s is not None) == again
    touch(front / f"{end + SECOND:%Y%m%d%H%M%S}.ts")
    plan = await source.plan(FRONT, Window(end - MINUTE, end), ANYHOW)
    assert plan.again_after_s is None


async def test_events(upload: Upload, monkeypatch: pytest.MonkeyPatch) -> None:
    """A recording that is still written has no end yet, and is no part."""
    monkeypatch.setattr(catalog, "_WRITTEN_WITHIN_S", 1800)
    touch(upload.folder / "Front" / "20261120_125959_130030.ts")
    touch(upload.folder / "Front" / "20261120_130000_130030.ts")
    touch(upload.folder / "Front" / "20261120_130030_130130.ts", timedelta(0))
    source = make_source(upload)
    ready, written = await source.events(FRONT, around(NOON))
    assert (ready.is_ready, written.is_ready) == (True, False)
    assert ready.window.duration == 30 * SECOND
    assert written.window.duration == timedelta(0)
    plan = await source.plan(FRONT, around(NOON), ANYHOW, [ready])
    (part,) = plan.parts
    assert (part.event_ids, plan.again_after_s) == ((ready.id,), None)
    plan = await source.plan(FRONT, around(NOON), ANYHOW, [ready, written])
    assert len(plan.parts) == 1
    assert plan.again_after_s == client.AGAIN_S
    plan = await source.plan(FRONT, around(NOON - MINUTE), ANYHOW)
    assert len(plan.parts) == 1


async def body(source: RecordingsSource, part: FilePart) -> bytes:
    """Fetch a part."""
    async with source.fetch(FRONT, part, ANYHOW) as download:
        content = b"".join([chunk async for chunk in download.chunks])
        assert download.size_bytes == len(content)
    return content


async def planned(source: RecordingsSource) -> FilePart:
    """Return the only part of the minute from noon on."""
    (part,) = (await source.plan(FRONT, around(NOON), ANYHOW)).parts
    return part


async def test_fetch(upload: Upload, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file comes as it is, in chunks."""
    monkeypatch.setattr(client, "CHUNK_BYTES", 1000)
    path = upload.add("Front", NOON, 5 * SECOND, name="%Y/%m/%d/%H%M%S")
    source = make_source(upload)
    assert await body(source, await planned(source)) == path.read_bytes()


async def test_file_that_changes_while_it_is_read(
    upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is written, cut or removed meanwhile is not believed."""
    monkeypatch.setattr(client, "CHUNK_BYTES", 1000)
    path = upload.add("Front", NOON, 5 * SECOND)
    whole = path.read_bytes()
    source = make_source(upload)
    part = await planned(source)
    for change in (
        lambda: path.write_bytes(whole + b"more"),
        lambda: os.truncate(path, 2000),
    ):
        path.write_bytes(whole)
        async with source.fetch(FRONT, part, ANYHOW) as download:
            await anext(download.chunks)
            change()
            with pytest.raises(NotReadyError):
                async for _ in download.chunks:
                    pass
    path.write_bytes(whole)
    async with source.fetch(FRONT, part, ANYHOW) as download:
        path.unlink()
        # It is open: what it held comes whole.
        assert b"".join([chunk async for chunk in download.chunks]) == whole
    with pytest.raises(NoFootageError):
        await body(source, part)


async def test_file_that_becomes_another(upload: Upload, tmp_path: Path) -> None:
    """Between plan and fetch, a link or a pipe in its place is not opened."""
    path = upload.add("Front", NOON, 5 * SECOND, name="%Y%m%d/%H%M%S")
    secret = tmp_path / "secret.mp4"
    secret.write_bytes(path.read_bytes())
    source = make_source(upload)
    part = await planned(source)
    path.unlink()
    path.symlink_to(secret)
    with pytest.raises(UnreachableError):
        await body(source, part)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(NoFootageError):
        await body(source, part)
    path.unlink()
    path.parent.rmdir()
    path.parent.symlink_to(tmp_path)
    secret.rename(tmp_path / path.name)
    with pytest.raises(UnreachableError):
        await body(source, part)


async def test_file_that_is_gone_when_it_is_looked_at(
    upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was listed and is gone is left out, and the others are there."""
    gone = upload.folder / "Front" / "a" / "20261120_130000.ts"
    touch(gone)
    touch(upload.folder / "Front" / "20261120_130030.ts")
    known = make_catalog(upload)
    settle(upload)
    assert len(known.find("Front", around(NOON)).recordings) == 2
    gone.unlink()
    gone.symlink_to("nowhere")
    settle(upload)
    assert len(known.find("Front", around(NOON)).recordings) == 1
    inner: Callable[[Folder, str], Folder] = Folder.inner

    def vanish(self: Folder, name: str) -> Folder:
        if name == "a":
            raise FileNotFoundError(2, "gone", "a")
        return inner(self, name)

    monkeypatch.setattr(Folder, "inner", vanish)
    assert len(known.find("Front", around(NOON)).recordings) == 1


async def test_folder_that_becomes_a_link(upload: Upload, tmp_path: Path) -> None:
    """Wherever on the way a link is put, nothing is found behind it."""
    outside = Upload(tmp_path / "outside", BERLIN)
    touch(outside.folder / "Front" / "20261120_130000.ts")
    front = upload.folder / "Front"
    front.symlink_to(outside.folder / "Front")
    (upload.folder / "Back").mkdir()
    source = make_source(upload)
    assert [one.id for one in await source.cameras()] == ["Back"]
    with pytest.raises(UnreachableError):
        await source.plan(FRONT, around(NOON), ANYHOW)
    front.unlink()
    (upload.folder / "Back").rmdir()
    upload.folder.rmdir()
    upload.folder.symlink_to(outside.folder)
    with pytest.raises(UnreachableError):
        await source.cameras()
    with pytest.raises(UnreachableError):
        await source.plan(FRONT, around(NOON), ANYHOW)


async def test_folder_that_is_gone(upload: Upload) -> None:
    """A camera without its folder is unknown; without all of them nobody can tell."""
    source = make_source(upload)
    itself = Camera(id=ITSELF, name="cameras")
    (upload.folder / "Back").mkdir()
    with pytest.raises(CameraUnknownError):
        await source.plan(FRONT, around(NOON), ANYHOW)
    # As if its share were not mounted there.
    (upload.folder / "Back").rmdir()
    with pytest.raises(UnreachableError, match="folder_empty"):
        await source.plan(FRONT, around(NOON), ANYHOW)
    upload.folder.rmdir()
    for camera in (FRONT, itself):
        with pytest.raises(UnreachableError, match=str(upload.folder)):
            await source.plan(camera, around(NOON), ANYHOW)


async def test_disk_that_fails(upload: Upload, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the disk says is told, wherever it is while the disk fails."""
    touch(upload.folder / "Front" / "a" / "20261120_130000.mp4")
    source = make_source(upload)
    known: Callable[[Folder, str], Folder] = Folder.inner

    def fail(self: Folder, name: str) -> Folder:
        if name == "a":
            raise PermissionError(13, "no", "a")
        return known(self, name)

    with monkeypatch.context() as patch:
        patch.setattr(Folder, "inner", fail)
        with pytest.raises(UnreachableError):
            await source.plan(FRONT, around(NOON), ANYHOW)

    def fail_to_read(*_: object) -> None:
        raise OSError(5, "broken")

    monkeypatch.setattr(claims, "duration_of", fail_to_read)
    with pytest.raises(UnreachableError, match="Input/output error"):
        await source.plan(FRONT, around(NOON), ANYHOW)


async def test_who_goes_away_leaves_nothing_open(upload: Upload) -> None:
    """Whoever is cancelled in the middle of a file closes it."""
    path = upload.add("Front", NOON, 5 * SECOND)
    source = make_source(upload)
    part = await planned(source)
    has_begun = asyncio.Event()

    async def fetch() -> None:
        async with source.fetch(FRONT, part, ANYHOW) as download:
            await anext(download.chunks)
            has_begun.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(fetch())
    await has_begun.wait()
    assert is_open(path)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not is_open(path)
