"""Kinesis: streams, fragments planned in batches that are never cut, every exception."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import itertools
import json
import logging
from pathlib import Path
from typing import Any

from aiohttp import ClientSession
import pytest

from custom_components.clip_download.engine.errors import (
    BadAnswerError,
    CameraSettingError,
    CameraUnknownError,
    ClipError,
    CloudError,
    InvalidRequestError,
    NoFootageError,
    NoPermissionError,
    NotReadyError,
    RefusedError,
    SignInError,
)
from custom_components.clip_download.engine.model import Clock, MediaOptions, Plan
from custom_components.clip_download.engine.sources.base import SplitError
from custom_components.clip_download.engine.sources.kinesis import (
    client as kinesis,
    fragments,
)
from custom_components.clip_download.engine.sources.kinesis.aws import FragmentError
from custom_components.clip_download.engine.sources.kinesis.client import (
    KinesisCamera,
    KinesisSource,
)
from custom_components.clip_download.engine.sources.kinesis.fragments import (
    Fragment,
    KinesisPart,
    batches,
    in_order,
    part_of,
    parts_of,
)
from custom_components.clip_download.engine.time_range import Placing, Window
from tests.clouds import Clouds
from tests.clouds.footage import Footage, moments, tiny
from tests.clouds.kinesis import Backlog, KinesisStream, Spoilt

from . import whole

DOOR = KinesisCamera(id="front-door", name="front-door")
# Long ago enough that all of it is there; a fragment begins each even second.
PAST = datetime.fromtimestamp(datetime.now(UTC).timestamp() // 100 * 100 - 3600, UTC)
# Neither end is where a fragment begins.
WINDOW = Window(
    PAST + timedelta(milliseconds=1500), PAST + timedelta(milliseconds=21_200)
)
PRODUCER = MediaOptions()
SERVER = MediaOptions(timestamps=Clock.SERVER)


def new_source(clouds: Clouds, session: ClientSession, **changes: Any) -> KinesisSource:
    """Make a source for the cloud's only key; `named_cameras` and credentials."""
    named_cameras = changes.pop("named_cameras", ())
    cloud = clouds.kinesis
    credentials = {
        "access_key_id": cloud.access_key_id,
        "secret_access_key": cloud.secret_access_key,
        "region": cloud.region,
        **({"session_token": cloud.session_token} if cloud.session_token else {}),
        **changes,
    }
    return KinesisSource(credentials, session=session, named_cameras=named_cameras)


@pytest.fixture
def source(clouds: Clouds, session: ClientSession) -> KinesisSource:
    """Return the source of the cloud's only key."""
    return new_source(clouds, session)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask as fast as a test wants to end, in tests that ask for little."""
    monkeypatch.setattr(kinesis, "RATE", (100, 1))


@pytest.fixture
def unlimited(clouds: Clouds, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let footage cost nothing, in tests of how often it is asked for."""
    monkeypatch.setattr(kinesis, "RATE", (1000, 1))
    monkeypatch.setattr(kinesis, "FRAGMENTS_RATE", (100_000, 1))
    clouds.kinesis.has_quotas = False


@pytest.fixture
def stream(clouds: Clouds) -> KinesisStream:
    """Return a stream with fragments of two seconds."""
    return clouds.kinesis.add_stream(DOOR.id)


def second(number: float) -> datetime:
    """Return a moment in the past that the footage is of."""
    return PAST + timedelta(seconds=number)


async def fetched(
    source: KinesisSource,
    part: KinesisPart,
    path: Path,
    media_options: MediaOptions = PRODUCER,
) -> list[datetime]:
    """Fetch a part, and return the moments that it shows."""
    async with source.fetch(DOOR, part, media_options) as download:
        path.write_bytes(await whole(download))
    return moments(path)


async def failing(
    source: KinesisSource,
    part: KinesisPart | None = None,
    media_options: MediaOptions = PRODUCER,
) -> ClipError:
    """Return the error that a fetch ends with."""
    start_ms = WINDOW.start_ms
    part = part or KinesisPart(window=WINDOW, starts_ms=(start_ms,))
    with pytest.raises(ClipError) as caught:
        async with source.fetch(DOOR, part, media_options):
            pass
    return caught.value


def starts(plan: Plan[KinesisPart]) -> list[list[int]]:
    """Return when the fragments of each part start, in ms since `PAST`."""
    zero = Window(PAST, PAST).start_ms
    return [[start - zero for start in part.starts_ms] for part in plan.parts]


def aws_error(name: str, message: str = "", status: int = 400) -> dict[str, Any]:
    """Return the fault of an answer that is an error."""
    return {
        "status": status,
        "headers": {"x-amzn-ErrorType": f"{name}:http://internal.amazon.com/coral/"},
        "body": json.dumps({"Message": message}),
    }


T0 = 1_795_222_923_456


def listed(
    start_ms: int, length_ms: int | None = 2000, number: int | None = None
) -> dict[str, Any]:
    """Return a fragment as ListFragments gives it; the server's time is 11 s later."""
    fragment = {
        "FragmentNumber": str(start_ms if number is None else number),
        "FragmentSizeInBytes": 100_000,
        "ProducerTimestamp": start_ms / 1000,
        "ServerTimestamp": (start_ms + 11_000) / 1000,
    }
    if length_ms is not None:
        fragment["FragmentLengthInMilliseconds"] = length_ms
    return fragment


def run(
    count: int, *, start_ms: int = T0, length_ms: int = 2000, size: int = 100_000
) -> list[Fragment]:
    """Return fragments that follow each other."""
    return [
        Fragment(
            start_ms=start_ms + n * length_ms,
            produced_ms=start_ms + n * length_ms,
            length_ms=length_ms,
            size_bytes=size,
        )
        for n in range(count)
    ]


@pytest.mark.parametrize(
    ("selector", "offset_ms"), [("PRODUCER_TIMESTAMP", 0), ("SERVER_TIMESTAMP", 11_000)]
)
def test_in_order(selector: str, offset_ms: int) -> None:
    """Fragments are sorted by the chosen timestamps, exact to the millisecond."""
    starts = [T0 + n * 2003 for n in range(500)]
    shuffled = [listed(start) for start in starts[::3] + starts[1::3] + starts[2::3]]
    found = in_order(shuffled, selector)
    assert [fragment.start_ms - offset_ms for fragment in found] == starts


def test_unknown_lengths() -> None:
    """A fragment lasts until the next, unless that is not what the producer told."""
    lengths = [
        fragment.length_ms
        for fragment in in_order(
            [
                listed(T0, 0),
                listed(T0 + 1500, None),
                listed(T0 + 3500, 1967),
                listed(T0 + 5500, 1800),
                listed(T0 + 8500, 0),
                listed(T0 + 500_000, 0),
            ],
            "PRODUCER_TIMESTAMP",
        )
    ]
    assert lengths == [1500, 2000, 2000, 1800, 20_000, 20_000]
    assert [f.length_ms for f in in_order([listed(T0, 0)], "PRODUCER_TIMESTAMP")] == [
        1000
    ]


@pytest.mark.parametrize("selector", ["PRODUCER_TIMESTAMP", "SERVER_TIMESTAMP"])
def test_sent_twice(selector: str) -> None:
    """Of what was sent twice GetClip gives what came first; numbers are numbers."""
    late = {"ServerTimestamp": (T0 + 60_000) / 1000, "FragmentLengthInMilliseconds": 3}
    found = in_order(
        [
            {**listed(T0, number=10), **late},
            listed(T0, number=9),
            {**listed(T0, number=11), **late},
            listed(T0 + 2000, number=12),
        ],
        selector,
    )
    assert [one.length_ms for one in found if not one.is_copy] == [2000, 2000]
    # By the time of arrival GetClip would give the copies too.
    assert len(found) == (4 if selector == "SERVER_TIMESTAMP" else 2)


@pytest.mark.parametrize(
    ("count", "sizes"),
    [(1, [1]), (190, [190]), (191, [96, 95]), (400, [134, 134, 132])],
)
def test_batches_by_count(count: int, sizes: list[int]) -> None:
    """No batch has as many fragments as GetClip would cut."""
    assert [len(batch) for batch in batches(run(count, size=1000))] == sizes


def test_batches_by_size() -> None:
    """No batch is as large as GetClip would cut."""
    assert [len(batch) for batch in batches(run(2, size=50_000_000))] == [1, 1]
    together = [replace(one, start_ms=T0) for one in run(4, size=25_000_000)]
    last = replace(together[-1], start_ms=T0 + 2000)
    assert [len(batch) for batch in batches([*together[:3], last])] == [3, 1]


@pytest.mark.parametrize(
    ("count", "size_mb", "sizes"),
    [
        # An event of 20 s, a minute and an hour, all of 4 Mbit/s.
        (10, 1, [10]),
        (30, 1, [10, 10, 10]),
        (1800, 1, [30] * 60),
        # A few large ones, and very many small ones.
        (7, 12, [2, 2, 2, 1]),
        (1800, 0.01, [150] * 12),
    ],
)
def test_batches_come_side_by_side(
    count: int, size_mb: float, sizes: list[int]
) -> None:
    """They are even, and so many that what may come at once does, up to the last."""
    found = batches(run(count, size=int(size_mb * 1_000_000)))
    assert [len(batch) for batch in found] == sizes


def test_batches_by_pause() -> None:
    """A clip goes on without a pause, or its time would not be the wall clock's."""
    before = run(3)
    late = before[-1].end_ms + 1001
    assert len(batches([*before, *run(3, start_ms=late)])) == 2
    assert len(batches([*before, *run(3, start_ms=late - 1)])) == 1
    # One fragment was lost.
    assert len(batches([*before, *run(3, start_ms=late + 999)])) == 2
    assert batches([]) == []


def arrived(*start_ms: int, is_copy: bool = False) -> list[Fragment]:
    """Return fragments that follow each other, and when each of them arrived."""
    return [
        replace(fragment, start_ms=start_ms, is_copy=is_copy)
        for fragment, start_ms in zip(run(len(start_ms)), start_ms, strict=True)
    ]


def test_batches_of_one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No range of time ends between fragments that came at once, after a backlog."""
    monkeypatch.setattr(fragments, "MOST_FRAGMENTS", 3)
    found = arrived(T0, T0 + 2, T0 + 3, T0 + 4, T0 + 6, T0 + 8, T0 + 10)
    assert [[one.start_ms - T0 for one in batch] for batch in batches(found)] == [
        [0],
        [2, 3, 4],
        [6, 8, 10],
    ]
    # When they came late does not matter, only whether what they show goes on.
    assert [len(batch) for batch in batches(arrived(T0, T0 + 50_000, T0 + 50_002))] == [
        3
    ]


def test_batches_without_copies() -> None:
    """A copy that arrived later is in nobody's range, but where that cannot be."""
    first, copy, last = arrived(T0, T0 + 2000, T0 + 4000)
    copy = replace(copy, is_copy=True)
    last = replace(last, produced_ms=first.produced_ms + 2000)
    assert batches([first, copy, last]) == [[first], [last]]
    assert batches([first, replace(copy, start_ms=T0 + 1), last]) == [[first, last]]


@pytest.mark.parametrize("count", [2, 3, 190])
async def test_halves(source: KinesisSource, count: int) -> None:
    """A part falls apart into neighbours until each is one fragment."""
    (part,) = parts_of([run(count)])
    assert part.window == Window.of_ms(T0, T0 + count * 2000)
    parts = [part]
    while any(map(source.halves, parts)):
        parts = [half for part in parts for half in (source.halves(part) or [part])]
    assert [part.starts_ms for part in parts] == [
        (T0 + n * 2000,) for n in range(count)
    ]
    assert all(a.window.end == b.window.start for a, b in itertools.pairwise(parts))
    assert parts[-1].window.end_ms == T0 + count * 2000
    assert {part.placing for part in parts} == {Placing.SEQUENCE}


async def test_halves_of_one_moment(source: KinesisSource) -> None:
    """What came at once stays together; its place is that of what it shows."""
    (part,) = parts_of([arrived(T0, T0, T0 + 1, T0 + 2, T0 + 7000)])
    assert part.window == Window.of_ms(T0, T0 + 10_000)
    first, last = source.halves(part)
    assert first.starts_ms == (T0, T0, T0 + 1, T0 + 2)
    assert (first.window.end, last.window.start) == (
        last.window.start,
        first.window.end,
    )
    assert last.window == Window.of_ms(T0 + 8000, T0 + 10_000)
    assert not source.halves(first)


@pytest.mark.parametrize(
    ("lengths_ms", "tolerance_ms"), [([2000], 1000), ([9000, 8000], 4000), ([300], 500)]
)
def test_tolerance(lengths_ms: list[int], tolerance_ms: int) -> None:
    """A clip is as long as its fragments, to less than any one of them."""
    starts = [T0 + 10_000 * number for number, _ in enumerate(lengths_ms)]
    part = part_of(T0, starts, lengths_ms)
    assert part.tolerance == timedelta(milliseconds=tolerance_ms)


# Whose key it is


async def test_identify(clouds: Clouds, source: KinesisSource) -> None:
    """An account is known by its number and the region."""
    identity = await source.identify()
    assert identity.id == "111122223333/eu-west-1"
    assert identity.title == "AWS 111122223333 (eu-west-1)"
    assert [asked.host for asked in clouds.requests] == [
        "sts.eu-west-1.amazonaws.com",
        "kinesisvideo.eu-west-1.amazonaws.com",
    ]


async def test_temporary_key(clouds: Clouds, session: ClientSession) -> None:
    """A session token goes along, signed."""
    clouds.kinesis.session_token = "token+/=" * 30
    assert (await new_source(clouds, session).identify()).id
    with pytest.raises(SignInError, match="invalid_auth"):
        await new_source(clouds, session, session_token=None).identify()


async def test_listing_is_not_needed(clouds: Clouds, source: KinesisSource) -> None:
    """A key that may not list streams is a good key all the same."""
    clouds.kinesis.denied = {"ListStreams"}
    assert (await source.identify()).id == "111122223333/eu-west-1"


@pytest.mark.parametrize("style", ["header", "type", "both"])
@pytest.mark.parametrize(
    "changes", [{"access_key_id": "AKIAOTHER"}, {"secret_access_key": "other"}]
)
async def test_wrong_key(
    clouds: Clouds, session: ClientSession, changes: dict[str, str], style: Any
) -> None:
    """An unknown key and a wrong secret have to be given again."""
    clouds.kinesis.error_style = style
    source = new_source(clouds, session, **changes)
    with pytest.raises(SignInError, match="invalid_auth"):
        await source.identify()
    with pytest.raises(SignInError, match="invalid_auth"):
        await source.cameras()
    with pytest.raises(SignInError, match="invalid_auth"):
        await source.plan(DOOR, WINDOW, PRODUCER)


async def test_expired_token(clouds: Clouds, session: ClientSession) -> None:
    """A key that was good for a time only is told from a wrong one."""
    clouds.kinesis.session_token = "token"
    clouds.kinesis.token_expires_at = datetime.now(UTC)
    source = new_source(clouds, session)
    with pytest.raises(SignInError, match="token_expired"):
        await source.identify()
    with pytest.raises(SignInError, match="token_expired"):
        await source.cameras()


async def test_wrong_region(clouds: Clouds, session: ClientSession) -> None:
    """A region that does not exist is not a wrong key."""
    source = new_source(clouds, session, region="eu-west-9")
    with pytest.raises(CloudError, match="region_unknown") as caught:
        await source.identify()
    assert caught.value.placeholders == {"region": "eu-west-9"}


async def test_region_without_the_service(
    clouds: Clouds, session: ClientSession
) -> None:
    """Credentials for another region than the endpoint's are told."""
    source = new_source(
        clouds,
        session,
        region="eu-west-1",
        endpoint_url="https://kinesisvideo.us-east-1.amazonaws.com",
    )
    with pytest.raises(CloudError, match="region_unknown"):
        await source.identify()


@pytest.mark.parametrize("region", ["evil.example/", "x@evil.example#", "a?", "a\\b"])
async def test_region_is_no_host(
    clouds: Clouds, session: ClientSession, region: str
) -> None:
    """Whatever is typed as a region, nothing signed goes to another host."""
    with pytest.raises(CloudError):
        await new_source(clouds, session, region=region).identify()
    assert not clouds.requests


@pytest.mark.parametrize(
    ("fault", "key"),
    [
        ({"status": 503}, "cloud_trouble"),
        ({"body": "<html>Sign in to our Wi-Fi"}, "cloud_nonsense"),
        ({"body": "[]"}, "cloud_nonsense"),
        ({"body": "{}"}, "cloud_nonsense"),
        ({"status": 403, "body": "<html>blocked"}, "cloud_trouble"),
        ({"status": 429}, "cloud_throttled"),
        ({"drop": True, "times": 2}, "cloud_unreachable"),
    ],
)
async def test_outage_is_no_wrong_key(
    clouds: Clouds, source: KinesisSource, fault: dict[str, Any], key: str
) -> None:
    """Trouble on the way says nothing about the key."""
    clouds.kinesis.misbehave("^sts", **fault)
    with pytest.raises(CloudError, match=key):
        await source.identify()


async def test_own_endpoint(
    clouds: Clouds, session: ClientSession, stream: KinesisStream, tmp_path: Path
) -> None:
    """All goes through a VPC endpoint, and to where it says that the footage is."""
    url = "https://vpce-0123.kinesisvideo.eu-west-1.vpce.amazonaws.com/"
    source = new_source(clouds, session, endpoint_url=url)
    identity = await source.identify()
    assert (
        identity.id == "vpce-0123.kinesisvideo.eu-west-1.vpce.amazonaws.com/eu-west-1"
    )
    plan = await source.plan(DOOR, WINDOW, PRODUCER)
    assert await fetched(source, plan.parts[0], tmp_path / "clip.mp4")
    assert {asked.host.partition(".")[0][:4] for asked in clouds.requests} == {
        "vpce",
        "b-" + clouds.kinesis.asked("getClip")[0].host[2:4],
        "b-" + clouds.kinesis.asked("listFragments")[0].host[2:4],
    }


@pytest.mark.parametrize("hours", [-9, 9])
async def test_wrong_clock(
    clouds: Clouds, source: KinesisSource, stream: KinesisStream, hours: int
) -> None:
    """Where our clock is wrong the cloud's is taken, once it complains."""
    clouds.offset = timedelta(hours=hours)
    assert (await source.identify()).id
    assert len(clouds.kinesis.asked("^sts")) == 2
    await source.cameras()
    assert len(clouds.kinesis.asked("listStreams")) == 2
    # And back, once the clock is right.
    clouds.offset = timedelta(0)
    assert [camera.id for camera in await source.cameras()] == [DOOR.id]


@pytest.mark.parametrize("date", ["", "yesterday", "Sat, 21 Nov 2020 09:00:00 GMT"])
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("RequestTimeTooSkewed", ""),
        ("SignatureExpired", ""),
        ("InvalidSignatureException", "Signature expired: 2020 is now earlier than"),
        ("SignatureDoesNotMatch", "Signature not yet current: 2020 is still later"),
    ],
)
async def test_clock_that_cannot_be_set(
    clouds: Clouds, source: KinesisSource, date: str, name: str, message: str
) -> None:
    """Where the cloud's own time does not help either, the clock is told of."""
    fault = aws_error(name, message, 403)
    fault["headers"]["Date"] = date
    clouds.kinesis.misbehave("listStreams", times=2, **fault)
    with pytest.raises(CloudError, match="clock_skew"):
        await source.cameras()
    assert len(clouds.kinesis.asked("listStreams")) == (2 if "GMT" in date else 1)


async def test_nothing_secret_is_logged(
    clouds: Clouds,
    session: ClientSession,
    stream: KinesisStream,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Not even botocore writes down what it signs."""
    caplog.set_level(logging.DEBUG)
    clouds.kinesis.session_token = "secret-session-token"
    source = new_source(clouds, session)
    clouds.kinesis.denied = {"ListStreams"}
    await source.identify()
    await source.plan(DOOR, WINDOW, PRODUCER)
    assert "ListStreams" in caplog.text
    for secret in ("secret-session-token", clouds.kinesis.secret_access_key, "AWS4-"):
        assert secret not in caplog.text


# Streams


async def test_cameras(clouds: Clouds, source: KinesisSource) -> None:
    """All streams of the region are listed, page by page."""
    clouds.kinesis.largest_page = 3
    for number in range(8):
        clouds.kinesis.add_stream(f"camera-{number}")
    clouds.kinesis.add_stream("elsewhere", region="us-east-1")
    cameras = await source.cameras()
    assert cameras == [
        KinesisCamera(
            id=f"camera-{number}",
            name=f"camera-{number}",
            retention=timedelta(hours=24),
        )
        for number in range(8)
    ]
    assert len(clouds.kinesis.asked("listStreams")) == 3


@pytest.mark.parametrize("denied", [set(), {"DescribeStream"}])
async def test_named_streams(
    clouds: Clouds, session: ClientSession, stream: KinesisStream, denied: set[str]
) -> None:
    """Where streams may not be listed, those that a person named are there."""
    yard = clouds.kinesis.add_stream("back-yard")
    clouds.kinesis.denied = {"ListStreams", *denied}
    source = new_source(
        clouds, session, named_cameras=[stream.name, yard.arn, "no-such-stream"]
    )
    cameras = {camera.id: camera for camera in await source.cameras()}
    # Where nobody tells, it may be there.
    assert set(cameras) - {"no-such-stream"} == {"front-door", "back-yard"}
    assert ("no-such-stream" in cameras) == bool(denied)
    plan = await source.plan(cameras["back-yard"], WINDOW, PRODUCER)
    assert plan.parts
    assert clouds.kinesis.asked("listFragments")[-1].json()["StreamARN"] == yard.arn


async def test_named_and_listed(
    clouds: Clouds, session: ClientSession, stream: KinesisStream
) -> None:
    """A stream that is listed is not there twice."""
    source = new_source(clouds, session, named_cameras=[stream.arn, stream.name])
    assert [camera.id for camera in await source.cameras()] == ["front-door"]
    assert not clouds.kinesis.asked("describeStream")


async def test_outage_hides_no_stream(
    clouds: Clouds, session: ClientSession, stream: KinesisStream
) -> None:
    """An outage is not taken for a list without streams."""
    source = new_source(clouds, session, named_cameras=["back-yard"])
    clouds.kinesis.misbehave("listStreams", status=500)
    with pytest.raises(CloudError, match="cloud_trouble"):
        await source.cameras()
    clouds.kinesis.misbehave("describeStream", **aws_error("InternalFailure", "", 500))
    with pytest.raises(CloudError, match="cloud_trouble"):
        await source.cameras()


# Plans


async def test_plan(
    clouds: Clouds, source: KinesisSource, stream: KinesisStream, tmp_path: Path
) -> None:
    """A plan has the fragment that runs when the window begins, and all after it."""
    plan = await source.plan(DOOR, WINDOW, PRODUCER)
    assert plan.again_after_s is None
    assert starts(plan) == [list(range(0, 21_200, 2000))]
    (part,) = plan.parts
    assert part.window == Window(PAST, second(22))
    assert part.placing is Placing.SEQUENCE
    assert part.tolerance == timedelta(seconds=1)

    shown = await fetched(source, part, tmp_path / "clip.mp4")
    assert (shown[0], shown[-1]) == (PAST, second(21.9))
    assert len(shown) == 220
    # Exactly this batch was asked for, to the millisecond.
    asked = clouds.kinesis.asked("getClip")[0].json()["ClipFragmentSelector"]
    assert asked == {
        "FragmentSelectorType": "PRODUCER_TIMESTAMP",
        "TimestampRange": {
            "StartTimestamp": PAST.timestamp(),
            "EndTimestamp": second(20.001).timestamp(),
        },
    }


@pytest.mark.parametrize(
    ("window_s", "expected"),
    [
        # A window that begins and ends with fragments takes no other along.
        ((2, 6), [2000, 4000]),
        ((2.001, 6.001), [2000, 4000, 6000]),
        ((1.999, 5.999), [0, 2000, 4000]),
        ((3, 3.5), [2000]),
    ],
)
async def test_edges(
    source: KinesisSource,
    stream: KinesisStream,
    tmp_path: Path,
    window_s: tuple[float, float],
    expected: list[int],
) -> None:
    """No fragment is missing at an edge, and none is too many."""
    window = Window(*map(second, window_s))
    plan = await source.plan(DOOR, window, PRODUCER)
    assert starts(plan) == [expected]
    shown = await fetched(source, plan.parts[0], tmp_path / "clip.mp4")
    assert shown[0] == second(expected[0] / 1000)
    assert shown[-1] == second(expected[-1] / 1000 + 1.9)


async def test_long_fragments(clouds: Clouds, source: KinesisSource) -> None:
    """The longest fragment that there may be is found though it began long before."""
    clouds.kinesis.add_stream(DOOR.id, fragment=timedelta(seconds=20))
    plan = await source.plan(DOOR, Window(second(19.5), second(19.9)), PRODUCER)
    assert starts(plan) == [[0]]
    assert plan.parts[0].window == Window(PAST, second(20))


async def test_server_timestamps(
    clouds: Clouds, source: KinesisSource, stream: KinesisStream, tmp_path: Path
) -> None:
    """By the server's clock a moment is when it arrived."""
    source.check(SERVER)
    stream.arrival_delay = timedelta(seconds=11)
    plan = await source.plan(DOOR, WINDOW, SERVER)
    assert plan.parts[0].window == Window(second(1), second(23))
    # Fragments arrive at odd seconds.
    assert starts(plan) == [[1000 + n * 2000 for n in range(11)]]
    shown = await fetched(source, plan.parts[0], tmp_path / "clip.mp4", SERVER)
    assert shown[0] == second(1 - 11)
    assert len(shown) == 220
    for asked in clouds.kinesis.asked("listFragments|getClip"):
        assert "SERVER_TIMESTAMP" in asked.body.decode()


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("apart_ms", [0, 1, 2, 30])
async def test_server_timestamps_after_a_backlog(
    clouds: Clouds,
    source: KinesisSource,
    stream: KinesisStream,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    apart_ms: int,
) -> None:
    """What came at once is in one part only, and no two parts are in each other's way."""
    monkeypatch.setattr(fragments, "MOST_FRAGMENTS", 12)
    stream.footage = tiny("Front")
    stream.arrival_delay = timedelta(0)
    stream.backlogs = [
        Backlog(second(10), second(30), timedelta(milliseconds=apart_ms))
    ]
    plan = await source.plan(DOOR, Window(PAST, second(90)), SERVER)
    half_s = timedelta(seconds=0.5)
    shown: list[datetime] = []
    for part in plan.parts:
        found = await fetched(source, part, tmp_path / "clip.mp4", SERVER)
        # It is as long as it was planned to be, though all came within 0.3 s.
        assert len(found) * half_s == part.window.duration
        shown += found
    assert shown == [PAST + n * half_s for n in range(180)]
    assert len(plan.parts) > 3
    # What shows one stretch lies one after the other.
    assert all(
        one.window.end == following.window.start
        for one, following in itertools.pairwise(plan.parts)
    )


@pytest.mark.usefixtures("quick")
async def test_server_timestamps_of_copies(
    source: KinesisSource, stream: KinesisStream, tmp_path: Path
) -> None:
    """What was sent again while the camera went on is not in the clip again."""
    stream.footage = tiny("Front")
    stream.resent = [(second(2), second(6), timedelta(seconds=9))]
    plan = await source.plan(DOOR, Window(second(1), second(21)), SERVER)
    shown: list[datetime] = []
    for part in plan.parts:
        shown += await fetched(source, part, tmp_path / "clip.mp4", SERVER)
    assert shown == [PAST + n * timedelta(seconds=0.5) for n in range(40)]


async def test_pages_in_any_order(
    clouds: Clouds, source: KinesisSource, stream: KinesisStream
) -> None:
    """Pages come in no order, and each batch is one that GetClip does not cut."""
    clouds.kinesis.largest_page = 100
    window = Window(PAST, second(1000))
    plan = await source.plan(DOOR, window, PRODUCER)
    assert [len(batch) for batch in starts(plan)] == [167, 167, 166]
    assert list(itertools.chain(*starts(plan))) == list(range(0, 1_000_000, 2000))
    pages = clouds.kinesis.asked("listFragments")
    assert len(pages) == 6
    assert all("FragmentSelector" not in page.json() for page in pages[1:])


@pytest.mark.parametrize("is_circle", [True, False])
async def test_pages_without_an_end(
    clouds: Clouds,
    source: KinesisSource,
    stream: KinesisStream,
    monkeypatch: pytest.MonkeyPatch,
    unlimited: None,
    *,
    is_circle: bool,
) -> None:
    """A list of fragments without an end ends, and is not taken for whole."""
    monkeypatch.setattr(kinesis, "MOST_PAGES", 5)
    fragment = {
        "FragmentNumber": "1",
        "FragmentSizeInBytes": 1000,
        "ProducerTimestamp": PAST.timestamp(),
        "ServerTimestamp": PAST.timestamp(),
        "FragmentLengthInMilliseconds": 2000,
    }
    for number in range(99):
        page = {"Fragments": [fragment], "NextToken": f"{0 if is_circle else number}"}
        clouds.kinesis.misbehave("/listFragments", status=200, body=json.dumps(page))
    plan = await source.plan(DOOR, Window(PAST, second(2)), PRODUCER)
    assert starts(plan) == [[0]]
    assert plan.trouble
    assert plan.trouble.key == "list_not_whole"
    assert len(clouds.kinesis.asked("/listFragments")) == (2 if is_circle else 5)


async def test_streams_without_an_end(
    clouds: Clouds,
    source: KinesisSource,
    monkeypatch: pytest.MonkeyPatch,
    unlimited: None,
) -> None:
    """A list of streams that goes round is all there is; one without an end is none."""
    monkeypatch.setattr(kinesis, "MOST_STREAM_PAGES", 5)
    streams = [{"StreamName": "front-door"}, {"StreamName": "x" * 300}, None, {}]
    for number in (0, 1, 0):
        page = {"StreamInfoList": streams, "NextToken": f"{number}"}
        clouds.kinesis.misbehave("/listStreams", status=200, body=json.dumps(page))
    assert [camera.id for camera in await source.cameras()] == ["front-door"]
    for number in range(99):
        page = {"StreamInfoList": streams, "NextToken": f"{number}"}
        clouds.kinesis.misbehave("/listStreams", status=200, body=json.dumps(page))
    with pytest.raises(CloudError, match="^cloud_nonsense$"):
        await source.cameras()
    assert len(clouds.kinesis.asked("/listStreams")) == 3 + 5


async def test_many_pages_within_the_quota(
    clouds: Clouds, source: KinesisSource, stream: KinesisStream
) -> None:
    """However many pages there are, the cloud never has to say "too many"."""
    clouds.kinesis.largest_page = 15
    plan = await source.plan(DOOR, Window(PAST, second(540)), PRODUCER)
    assert [len(one) for one in starts(plan)] == [135, 135]
    # Each costs 1000 of 10,000 points a second.
    assert len(clouds.kinesis.asked("listFragments")) == 19


async def test_batches_are_not_cut(
    clouds: Clouds, source: KinesisSource, tmp_path: Path
) -> None:
    """What 200 fragments are cut to arrives whole, and no two parts overlap."""
    footage = Footage("Slow", fps=1, gop_frames=1, width=160, height=90, audio=None)
    clouds.kinesis.add_stream(DOOR.id, footage=footage, fragment=timedelta(seconds=1))
    plan = await source.plan(DOOR, Window(PAST, second(420)), PRODUCER)
    shown: list[datetime] = []
    for part in plan.parts:
        shown += await fetched(source, part, tmp_path / "clip.mp4")
    assert shown == [second(number) for number in range(420)]


async def test_side_by_side_within_the_quota(
    clouds: Clouds, source: KinesisSource
) -> None:
    """Many clips at once do not use up what a stream may give in a second."""
    footage = Footage("Slow", fps=1, gop_frames=1, width=160, height=90, audio=None)
    clouds.kinesis.add_stream(DOOR.id, footage=footage, fragment=timedelta(seconds=1))
    plan = await source.plan(DOOR, Window(PAST, second(760)), PRODUCER)
    assert len(plan.parts) == 4

    async def get(part: KinesisPart) -> int:
        async with source.fetch(DOOR, part, PRODUCER) as download:
            return len(await whole(download))

    assert all(await asyncio.gather(*map(get, plan.parts)))


async def test_large_fragments(
    clouds: Clouds, source: KinesisSource, stream: KinesisStream, tmp_path: Path
) -> None:
    """No batch is so large that it would be cut."""
    stream.fragment_size_bytes = 40_000_000
    plan = await source.plan(DOOR, Window(PAST, second(10)), PRODUCER)
    assert starts(plan) == [[0], [2000], [4000], [6000], [8000]]
    shown = await fetched(source, plan.parts[1], tmp_path / "clip.mp4")
    assert (shown[0], shown[-1]) == (second(2), second(3.9))


async def test_holes(source: KinesisSource, stream: KinesisStream) -> None:
    """A part's time is the wall clock's: after a hole there is another part."""
    stream.holes = [(second(6), second(8)), (second(12), second(100))]
    plan = await source.plan(DOOR, WINDOW, PRODUCER)
    assert starts(plan) == [[0, 2000, 4000], [8000, 10_000]]
    assert [part.window for part in plan.parts] == [
        Window(PAST, second(6)),
        Window(second(8), second(12)),
    ]


async def test_lengths_that_nobody_told(
    source: KinesisSource, stream: KinesisStream
) -> None:
    """Without lengths a fragment lasts until the next."""
    stream.tells_lengths = False
    plan = await source.plan(DOOR, WINDOW, PRODUCER)
    assert starts(plan) == [list(range(0, 21_200, 2000))]
    assert plan.parts[0].window == Window(PAST, second(22))


async def test_sent_again(
    source: KinesisSource, stream: KinesisStream, tmp_path: Path
) -> None:
    """What was sent twice is there once."""
    stream.resent = [(PAST, second(10), timedelta(seconds=40))]
    plan = await source.plan(DOOR, WINDOW, PRODUCER)
    assert starts(plan) == [list(range(0, 21_200, 2000))]
    shown = await fetched(source, plan.parts[0], tmp_path / "clip.mp4")
    assert len(shown) == 220


async def test_fresh_window(
    clouds: Clouds, source: KinesisSource, stream: KinesisStream
) -> None:
    """While a window's end may still be on its way, it is worth asking again."""
    now = datetime.now(UTC)
    stream.arrival_delay = timedelta(seconds=10)
    fresh = Window(now - timedelta(seconds=25), now - timedelta(seconds=5))
    plan = await source.plan(DOOR, fresh, PRODUCER)
    assert plan.parts
    assert plan.parts[-1].window.end < fresh.end
    assert plan.again_after_s == 5
    # Nothing at all, so far.
    newest = Window(now - timedelta(seconds=5), now - timedelta(seconds=2))
    assert await source.plan(DOOR, newest, PRODUCER) == Plan(parts=[], again_after_s=5)
    # All is there.
    stream.arrival_delay = timedelta(0)
    assert (await source.plan(DOOR, fresh, PRODUCER)).again_after_s is None
    # Nothing comes any more.
    stream.holes = [(now - timedelta(seconds=50), now)]
    settled = Window(now - timedelta(seconds=60), now - timedelta(seconds=31))
    plan = await source.plan(DOOR, settled, PRODUCER)
    assert plan.parts
    assert plan.again_after_s is None


async def test_retention(
    clouds: Clouds, source: KinesisSource, stream: KinesisStream
) -> None:
    """A stream that keeps nothing, or nothing so old, is told from one without."""
    stream.retention_hours = 0
    with pytest.raises(RefusedError, match="no_retention"):
        await source.plan(DOOR, WINDOW, PRODUCER)
    stream.retention_hours = 2
    old = Window(second(-7200), second(-7100))
    with pytest.raises(RefusedError, match="older_than_retention"):
        await source.plan(DOOR, old, PRODUCER)
    # What is kept of a window is had.
    partly = Window(second(-7200), second(300))
    assert (await source.plan(DOOR, partly, PRODUCER)).parts
    # Kept, but not there.
    stream.retention_hours = 24
    stream.holes = [(second(-100), second(100))]
    assert await source.plan(DOOR, WINDOW, PRODUCER) == Plan(parts=[])
    clouds.kinesis.misbehave(
        "describeStream", **aws_error("ResourceNotFoundException", "", 404)
    )
    with pytest.raises(RefusedError, match="camera_unknown"):
        await source.plan(DOOR, WINDOW, PRODUCER)
    clouds.kinesis.denied = {"DescribeStream"}
    stream.retention_hours = 0
    assert await source.plan(DOOR, WINDOW, PRODUCER) == Plan(parts=[])


async def test_unknown_stream(source: KinesisSource) -> None:
    """A stream that is gone is told of."""
    with pytest.raises(RefusedError, match="camera_unknown"):
        await source.plan(DOOR, WINDOW, PRODUCER)
    assert (await failing(source)).key == "camera_unknown"


@pytest.mark.parametrize(
    "denial", [("AccessDeniedException", 403), ("NotAuthorizedException", 401)]
)
async def test_fragments_may_not_be_listed(
    clouds: Clouds,
    source: KinesisSource,
    stream: KinesisStream,
    tmp_path: Path,
    denial: tuple[str, int],
) -> None:
    """Without the right to list, a window is asked for in fixed pieces."""
    clouds.kinesis.denied = {"ListFragments"}
    clouds.kinesis.denial = denial
    window = Window(second(1), second(420))
    plan = await source.plan(DOOR, window, PRODUCER)
    assert [part.window.end for part in plan.parts] == [
        part.window.start for part in plan.parts[1:]
    ] + [window.end]
    assert all(part.window.duration <= fragments.BLIND_PART for part in plan.parts)
    first, *rest = [part.placing for part in plan.parts]
    assert (first, {*rest}) == (Placing.SEQUENCE, {Placing.LOOSE})
    assert all(part.tolerance is None for part in plan.parts)
    # What is missing is told with the clip.
    assert isinstance(plan.trouble, RefusedError)
    assert plan.trouble.key == "no_permission"
    assert plan.trouble.placeholders == {"action": "kinesisvideo:ListFragments"}
    # The fragment that runs when the window begins was looked for.
    off = PAST - plan.parts[0].window.start
    assert timedelta(0) <= off < timedelta(seconds=0.1)
    assert len(clouds.kinesis.asked("getClip")) == 9
    stream.retention_hours = 0
    with pytest.raises(RefusedError, match="no_retention"):
        await source.plan(DOOR, window, PRODUCER)


@pytest.mark.usefixtures("unlimited")
@pytest.mark.parametrize("media_options", [PRODUCER, SERVER])
@pytest.mark.parametrize(
    ("length_s", "phase_s", "window_s"),
    [(10, 9, 30), (10, 5, 30), (5, 1, 30), (7, 0, 420), (20, 1, 30), (2, 0, 10)],
)
async def test_nothing_is_missing_without_a_list(
    clouds: Clouds,
    source: KinesisSource,
    tmp_path: Path,
    *,
    length_s: int,
    phase_s: int,
    window_s: int,
    media_options: MediaOptions,
) -> None:
    """What runs when the window begins is had as well, and everything once."""
    clouds.kinesis.denied = {"ListFragments"}
    stream = clouds.kinesis.add_stream(
        DOOR.id,
        footage=tiny("Front"),
        fragment=timedelta(seconds=length_s),
        phase=timedelta(seconds=phase_s),
    )
    stream.arrival_delay = timedelta(0)
    window = Window(PAST, second(window_s))
    plan = await source.plan(DOOR, window, media_options)
    sought = len(clouds.kinesis.asked("getClip"))
    shown: list[datetime] = []
    for part in plan.parts:
        found = await fetched(source, part, tmp_path / "clip.mp4", media_options)
        # A part begins up to a fragment late, and ends up to one late.
        assert part.window.start <= found[0] < part.window.start + stream.fragment
        assert part.window.end <= found[-1] + timedelta(seconds=0.5)
        shown += found
    # The clip is dated by its first frame, and that is what runs when it begins.
    off = shown[0] - plan.parts[0].window.start
    assert timedelta(0) <= off < timedelta(seconds=0.1)
    assert window.start - stream.fragment < shown[0] <= window.start
    half = timedelta(seconds=0.5)
    assert shown == [shown[0] + n * half for n in range(len(shown))]
    assert shown[-1] + half >= window.end
    ranges = [
        (Window.of_ms(round(a * 1000), round(b * 1000)))
        for a, b in (
            asked.json()["ClipFragmentSelector"]["TimestampRange"].values()
            for asked in clouds.kinesis.asked("getClip")[sought:]
        )
    ]
    assert ranges == [
        Window(part.window.start, part.window.end - timedelta(milliseconds=1))
        for part in plan.parts
    ]


@pytest.mark.usefixtures("quick")
async def test_nothing_runs_without_a_list(
    clouds: Clouds, source: KinesisSource, stream: KinesisStream
) -> None:
    """Where nothing was filmed before the window, nothing of that is asked for."""
    clouds.kinesis.denied = {"ListFragments"}
    stream.holes = [(second(-60), second(1))]
    plan = await source.plan(DOOR, Window(PAST, second(30)), PRODUCER)
    assert [part.window for part in plan.parts] == [Window(PAST, second(30))]
    assert len(clouds.kinesis.asked("getClip")) == 1
    # What no clip can be made of is there all the same.
    stream.holes = []
    stream.spoilt = [Spoilt(second(-2), PAST, "InvalidMediaFrameException")]
    plan = await source.plan(DOOR, Window(second(-1), second(30)), PRODUCER)
    off = second(-2) - plan.parts[0].window.start
    assert timedelta(0) <= off < timedelta(seconds=0.1)
    clouds.kinesis.misbehave("getClip", **aws_error("NotAuthorizedException", "", 401))
    with pytest.raises(RefusedError, match="no_permission"):
        await source.plan(DOOR, WINDOW, PRODUCER)


async def test_fresh_window_without_a_list(
    clouds: Clouds, source: KinesisSource, stream: KinesisStream
) -> None:
    """While its end may be on its way, a window is worth waiting for, and had if not."""
    clouds.kinesis.denied = {"ListFragments"}
    now = datetime.now(UTC)
    fresh = Window(now - timedelta(seconds=25), now - timedelta(seconds=10))
    plan = await source.plan(DOOR, fresh, PRODUCER)
    assert plan.again_after_s == pytest.approx(20, abs=2)
    early = fresh.start - timedelta(seconds=20)
    assert [part.window for part in plan.parts] == [Window(early, fresh.end)]
    assert plan.parts[0].placing is Placing.LOOSE
    assert plan.trouble
    assert not clouds.kinesis.asked("getClip")


async def test_blind_part_too_large(
    source: KinesisSource, stream: KinesisStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A piece that may have been cut falls into two."""
    monkeypatch.setattr(kinesis, "MOST_BYTES", 1000)
    blind = KinesisPart(window=Window(PAST, second(7.001)), placing=Placing.LOOSE)
    err = await failing(source, blind)
    assert isinstance(err, SplitError)
    assert list(err.parts) == [
        KinesisPart(window=Window(PAST, second(3.5)), placing=Placing.LOOSE),
        KinesisPart(window=Window(second(3.5), second(7.001)), placing=Placing.LOOSE),
    ]
    # It cannot hold more than one fragment: there is nothing to cut.
    last = KinesisPart(window=Window(PAST, second(1.999)), placing=Placing.LOOSE)
    async with source.fetch(DOOR, last, PRODUCER) as download:
        assert download.most_bytes == 1000


async def test_chunked_part_too_large(
    clouds: Clouds, source: KinesisSource, stream: KinesisStream
) -> None:
    """Where no length tells it, what arrives may tell that a piece was cut."""
    clouds.kinesis.tells_length = False
    blind = KinesisPart(window=Window(PAST, second(7)), placing=Placing.LOOSE)
    async with source.fetch(DOOR, blind, PRODUCER) as download:
        assert download.size_bytes is None
        assert download.most_bytes == fragments.MOST_BYTES
    assert [half.window for half in source.halves(blind)] == [
        Window(PAST, second(3.5)),
        Window(second(3.5), second(7)),
    ]
    # How much is in what was planned is known.
    plan = await source.plan(DOOR, WINDOW, PRODUCER)
    async with source.fetch(DOOR, plan.parts[0], PRODUCER) as download:
        assert download.most_bytes is None


@pytest.mark.usefixtures("unlimited")
async def test_codec_changes_without_a_list(
    clouds: Clouds, source: KinesisSource, stream: KinesisStream, tmp_path: Path
) -> None:
    """A piece that cannot be had is cut as far as it surely is worth it."""
    clouds.kinesis.denied = {"ListFragments"}
    other = Footage("front-door", width=640, height=360)
    stream.changes = [(second(66), other)]
    plan = await source.plan(DOOR, Window(PAST, second(160)), PRODUCER)
    shown, errors = await all_of(source, list(plan.parts), tmp_path / "clip.mp4")
    assert [err.key for err in errors] == ["codec_changed"]
    assert len(shown) == (160 - 20) * 10
    asked = len(clouds.kinesis.asked("getClip"))
    stream.spoilt = [Spoilt(second(-100), second(200), "InvalidMediaFrameException")]
    shown, errors = await all_of(source, list(plan.parts), tmp_path / "clip.mp4")
    assert not shown
    assert len(clouds.kinesis.asked("getClip")) - asked == 15


@pytest.mark.parametrize(
    "body",
    [
        "<html>",
        "[]",
        '{"Fragments": [{}]}',
        '{"Fragments": [{"FragmentNumber": "x"}]}',
        '{"Fragments": ["x"]}',
        '{"Fragments": 5}',
        '{"Fragments": [{"FragmentNumber": "1", "ProducerTimestamp": 1e17}]}',
        '{"Fragments": [{"FragmentNumber": "1", "ProducerTimestamp": 1e999}]}',
        "",
    ],
)
async def test_nonsense(
    clouds: Clouds, source: KinesisSource, stream: KinesisStream, body: str
) -> None:
    """What is no list of fragments is no list without fragments."""
    clouds.kinesis.misbehave("listFragments", times=2, body=body)
    with pytest.raises(CloudError, match="cloud_nonsense"):
        await source.plan(DOOR, WINDOW, PRODUCER)


# Endpoints


async def test_endpoints_are_remembered(
    clouds: Clouds, source: KinesisSource, stream: KinesisStream, tmp_path: Path
) -> None:
    """Each API of a stream has an endpoint, asked for once."""
    for _ in range(3):
        plan = await source.plan(DOOR, WINDOW, PRODUCER)
        await fetched(source, plan.parts[0], tmp_path / "clip.mp4")
    asked = [
        asked.json()["APIName"] for asked in clouds.kinesis.asked("getDataEndpoint")
    ]
    assert asked == ["LIST_FRAGMENTS", "GET_CLIP"]


@pytest.mark.parametrize(
    "fault",
    [None, {"status": 500}, {"drop": True}, {"status": 403, "body": "<html>"}],
)
async def test_endpoint_that_fails(
    clouds: Clouds,
    source: KinesisSource,
    stream: KinesisStream,
    fault: dict[str, Any] | None,
) -> None:
    """A remembered endpoint that fails is asked for anew."""
    await source.plan(DOOR, WINDOW, PRODUCER)
    if fault:
        clouds.kinesis.misbehave("listFragments", **fault)
    else:
        clouds.kinesis.move_endpoints()
    assert (await source.plan(DOOR, WINDOW, PRODUCER)).parts
    assert len(clouds.kinesis.asked("getDataEndpoint")) == 2


async def test_refusal_is_not_the_endpoints(
    clouds: Clouds, source: KinesisSource, stream: KinesisStream
) -> None:
    """What another endpoint would refuse too is not tried again."""
    await source.plan(DOOR, WINDOW, PRODUCER)
    clouds.kinesis.misbehave(
        "listFragments", **aws_error("ClientLimitExceededException")
    )
    with pytest.raises(CloudError, match="cloud_throttled"):
        await source.plan(DOOR, WINDOW, PRODUCER)
    assert len(clouds.kinesis.asked("getDataEndpoint")) == 1


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://evil.example",
        "https://kinesisvideo.eu-west-1.amazonaws.com.evil.example",
        "https://b-1.kinesisvideo.us-east-1.amazonaws.com",
        "http://b-1.kinesisvideo.eu-west-1.amazonaws.com",
        "https://127.0.0.1",
        "https://[",
        "",
    ],
)
async def test_strange_endpoint(
    clouds: Clouds, source: KinesisSource, stream: KinesisStream, endpoint: str
) -> None:
    """Nothing is signed for a host that is not the service's, in this region."""
    clouds.kinesis.misbehave(
        "getDataEndpoint", body=json.dumps({"DataEndpoint": endpoint})
    )
    with pytest.raises(CloudError, match="cloud_redirect"):
        await source.plan(DOOR, WINDOW, PRODUCER)
    assert {asked.host for asked in clouds.requests} == {
        "kinesisvideo.eu-west-1.amazonaws.com"
    }


async def test_strange_endpoint_of_ones_own(
    clouds: Clouds, session: ClientSession, stream: KinesisStream
) -> None:
    """A VPC endpoint may send anywhere, but not in the clear."""
    source = new_source(
        clouds, session, endpoint_url="https://kinesisvideo.eu-west-1.amazonaws.com"
    )
    for endpoint in ("http://b-1.example", "https://[", ""):
        clouds.kinesis.misbehave(
            "getDataEndpoint", body=json.dumps({"DataEndpoint": endpoint})
        )
        with pytest.raises(CloudError, match="cloud_redirect"):
            await source.plan(DOOR, WINDOW, PRODUCER)
    clouds.kinesis.misbehave(
        "getDataEndpoint", body='{"DataEndpoint": "https://b-1.example"}'
    )
    # None of the clouds, but it was tried.
    with pytest.raises(CloudError, match="cloud_unreachable"):
        await source.plan(DOOR, WINDOW, PRODUCER)


# Clips


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (("ClientLimitExceededException", "", 400), (CloudError, "cloud_throttled")),
        (
            ("ThrottlingException", "Rate exceeded", 400),
            (CloudError, "cloud_throttled"),
        ),
        (("InvalidArgumentException", "Range", 400), (RefusedError, "request_refused")),
        (("ValidationException", "", 400), (RefusedError, "request_refused")),
        (
            ("InvalidCodecPrivateDataException", "", 400),
            (FragmentError, "codec_changed"),
        ),
        (("InvalidMediaFrameException", "", 400), (FragmentError, "frame_broken")),
        (
            ("MissingCodecPrivateDataException", "", 400),
            (FragmentError, "codec_data_missing"),
        ),
        (("NoDataRetentionException", "", 400), (CameraSettingError, "no_retention")),
        (
            ("UnsupportedStreamMediaTypeException", "", 400),
            (FragmentError, "codec_unsupported"),
        ),
        (("NotAuthorizedException", "", 401), (NoPermissionError, "no_permission")),
        (("NotAuthorizedException", "", 403), (NoPermissionError, "no_permission")),
        (("AccessDeniedException", "", 403), (NoPermissionError, "no_permission")),
        (
            (
                "ResourceNotFoundException",
                "No fragments found in the stream for the clip request.",
                404,
            ),
            (NoFootageError, "no_footage"),
        ),
        (
            (
                "ResourceNotFoundException",
                "The requested stream is not found or not active.",
                404,
            ),
            (CameraUnknownError, "camera_unknown"),
        ),
        (("UnrecognizedClientException", "", 403), (SignInError, "invalid_auth")),
        (
            ("InvalidSignatureException", "does not match", 403),
            (SignInError, "invalid_auth"),
        ),
        (("IncompleteSignature", "", 400), (SignInError, "invalid_auth")),
        (("MissingAuthenticationToken", "", 403), (SignInError, "invalid_auth")),
        (("ExpiredTokenException", "", 403), (SignInError, "token_expired")),
        (
            (
                "UnrecognizedClientException",
                "The security token included in the request is expired",
                400,
            ),
            (SignInError, "token_expired"),
        ),
        (("InternalFailure", "", 500), (BadAnswerError, "cloud_trouble")),
        (("ServiceUnavailable", "", 503), (BadAnswerError, "cloud_trouble")),
        (("", "", 404), (BadAnswerError, "cloud_trouble")),
    ],
)
async def test_clip_errors(
    clouds: Clouds,
    source: KinesisSource,
    stream: KinesisStream,
    error: tuple[str, str, int],
    expected: tuple[type[ClipError], str],
) -> None:
    """Every exception of the service's pages is an error of its own."""
    clouds.kinesis.misbehave("getClip", **aws_error(*error))
    err = await failing(source)
    assert (type(err), err.key) == expected
    if err.key == "no_permission":
        assert err.placeholders == {"action": "kinesisvideo:GetClip"}
    if err.key == "request_refused":
        assert err.placeholders == {
            "action": "kinesisvideo:GetClip",
            "reason": error[0],
        }


async def test_right_to_a_key_is_missing(
    clouds: Clouds, source: KinesisSource, stream: KinesisStream
) -> None:
    """It may be the right to the stream's own key that is missing."""
    message = "User: arn:aws:iam::1:user/clips is not authorized to perform: kms:Decrypt on resource: arn"
    clouds.kinesis.misbehave(
        "getClip", **aws_error("AccessDeniedException", message, 403)
    )
    err = await failing(source)
    assert err.placeholders == {"action": "kms:Decrypt"}


@pytest.mark.parametrize(
    ("wrap", "headers"),
    [
        ({"__type": "com.amazonaws.kinesisvideo#NoDataRetentionException"}, {}),
        ({"__type": "NoDataRetentionException"}, {}),
        ({"code": "NoDataRetentionException"}, {}),
        ({}, {"x-amz-ErrorType": "NoDataRetentionException"}),
        ({}, {"x-amzn-errortype": "NoDataRetentionException:"}),
    ],
)
async def test_where_an_error_is_named(
    clouds: Clouds,
    source: KinesisSource,
    stream: KinesisStream,
    wrap: Mapping[str, str],
    headers: Mapping[str, str],
) -> None:
    """AWS names an error in more than one way."""
    clouds.kinesis.misbehave(
        "getClip", status=400, headers=headers, body=json.dumps({**wrap, "message": ""})
    )
    assert (await failing(source)).key == "no_retention"


@pytest.mark.parametrize("body", ["[]", '{"Error": "x"}', '{"__type": 7}', ""])
async def test_error_without_a_name(
    clouds: Clouds, source: KinesisSource, stream: KinesisStream, body: str
) -> None:
    """An error that nobody names may pass."""
    clouds.kinesis.misbehave("getClip", status=400, body=body)
    err = await failing(source)
    assert isinstance(err, CloudError) or err.key == "request_refused"


async def test_not_listed_long_ago(
    clouds: Clouds, source: KinesisSource, stream: KinesisStream
) -> None:
    """What is not there so soon after may still come."""
    stream.holes = [(second(-100), datetime.now(UTC))]
    assert isinstance(await failing(source), NoFootageError)
    now = datetime.now(UTC)
    fresh = Window(now - timedelta(seconds=10), now - timedelta(seconds=5))
    err = await failing(source, KinesisPart(window=fresh, placing=Placing.LOOSE))
    assert isinstance(err, NotReadyError)
    assert (err.key, err.after_s) == ("footage_not_ready", 5)


def pieces(err: SplitError) -> list[KinesisPart]:
    """Return the parts that are to be fetched instead of one."""
    return [part for part in err.parts if isinstance(part, KinesisPart)]


async def all_of(
    source: KinesisSource, parts: list[KinesisPart], path: Path
) -> tuple[list[datetime], list[ClipError]]:
    """Fetch parts, and what is left of those that fall apart."""
    shown: list[datetime] = []
    errors: list[ClipError] = []
    while parts:
        part = parts.pop(0)
        try:
            shown += await fetched(source, part, path)
        except SplitError as err:
            parts = [*pieces(err), *parts]
        except ClipError as err:
            errors.append(err)
    return shown, errors


@pytest.mark.usefixtures("quick")
async def test_codec_changes(
    clouds: Clouds, source: KinesisSource, stream: KinesisStream, tmp_path: Path
) -> None:
    """Where the camera's settings changed, each side of it makes a clip."""
    other = Footage("front-door", width=640, height=360)
    stream.changes = [(second(14), other)]
    plan = await source.plan(DOOR, WINDOW, PRODUCER)
    err = await failing(source, plan.parts[0])
    assert isinstance(err, SplitError)
    assert err.key == "codec_changed"
    shown, errors = await all_of(source, list(plan.parts), tmp_path / "clip.mp4")
    assert not errors
    assert len(shown) == 220
    assert shown == sorted(shown)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    "name", ["InvalidMediaFrameException", "MissingCodecPrivateDataException"]
)
@pytest.mark.parametrize("bad_s", [0, 8, 20])
async def test_one_bad_fragment(
    source: KinesisSource,
    stream: KinesisStream,
    tmp_path: Path,
    name: str,
    bad_s: int,
) -> None:
    """A bad fragment takes nothing along but itself."""
    stream.spoilt = [Spoilt(second(bad_s), second(bad_s + 2), name)]
    plan = await source.plan(DOOR, WINDOW, PRODUCER)
    shown, errors = await all_of(source, list(plan.parts), tmp_path / "clip.mp4")
    assert len(errors) == 1
    assert isinstance(errors[0], FragmentError)
    assert len(shown) == 200


@pytest.mark.usefixtures("quick")
async def test_unsupported_first_fragment(
    source: KinesisSource, stream: KinesisStream, tmp_path: Path
) -> None:
    """What is said of a clip's first fragment only does not take the others along."""
    stream.spoilt = [
        Spoilt(PAST, second(2), "UnsupportedStreamMediaTypeException"),
        Spoilt(second(12), second(14), "UnsupportedStreamMediaTypeException"),
    ]
    plan = await source.plan(DOOR, WINDOW, PRODUCER)
    shown, errors = await all_of(source, list(plan.parts), tmp_path / "clip.mp4")
    assert [err.key for err in errors] == ["codec_unsupported"] * 2
    assert len(shown) == 180


@pytest.mark.usefixtures("unlimited")
@pytest.mark.parametrize(
    ("spoilt_s", "good", "most_requests"),
    [
        # A bad first and a bad last fragment, and 188 good ones between them.
        ([(0, 1), (189, 190)], 188, 50),
        ([(95, 96)], 189, 25),
        # A run of 13 good ones is found wherever it is.
        ([(0, 70), (83, 190)], 13, 120),
        # All are bad: that is believed after sixteen of them.
        ([(0, 190)], 0, 17),
    ],
)
async def test_bad_fragments(
    clouds: Clouds,
    source: KinesisSource,
    tmp_path: Path,
    *,
    spoilt_s: list[tuple[int, int]],
    good: int,
    most_requests: int,
) -> None:
    """Good fragments are had wherever they are, and bad ones are not asked for for ever."""
    footage = Footage("Slow", fps=1, gop_frames=1, width=160, height=90, audio=None)
    stream = clouds.kinesis.add_stream(
        DOOR.id, footage=footage, fragment=timedelta(seconds=1)
    )
    stream.spoilt = [
        Spoilt(second(a), second(b), "InvalidMediaFrameException") for a, b in spoilt_s
    ]
    plan = await source.plan(DOOR, Window(PAST, second(190)), PRODUCER)
    assert len(plan.parts) == 1
    shown, errors = await all_of(source, list(plan.parts), tmp_path / "clip.mp4")
    assert {err.key for err in errors} == {"frame_broken"}
    assert len(shown) == good
    assert shown == sorted(shown)
    assert len(clouds.kinesis.asked("getClip")) <= most_requests


async def test_bad_fragments_of_one_moment(
    clouds: Clouds, source: KinesisSource, stream: KinesisStream
) -> None:
    """What cannot be cut is refused as it is."""
    stream.backlogs = [Backlog(PAST, second(20), timedelta(0))]
    stream.spoilt = [Spoilt(PAST, second(2), "InvalidMediaFrameException")]
    plan = await source.plan(DOOR, WINDOW, SERVER)
    (part,) = plan.parts
    err = await failing(source, part, SERVER)
    assert isinstance(err, FragmentError)
    assert len(clouds.kinesis.asked("getClip")) == 1


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("missing_s", [0, 8, 10, 20])
async def test_less_than_planned(
    source: KinesisSource, stream: KinesisStream, tmp_path: Path, missing_s: int
) -> None:
    """Where GetClip leaves a fragment out, halves tell which, and where all others lie."""
    stream.left_out = [(second(missing_s), second(missing_s + 2))]
    plan = await source.plan(DOOR, WINDOW, PRODUCER)
    parts = list(plan.parts)
    shown: list[datetime] = []
    gone: list[Window] = []
    while parts:
        part = parts.pop(0)
        try:
            found = await fetched(source, part, tmp_path / "clip.mp4")
        except NoFootageError:
            gone.append(part.window)
            continue
        length = timedelta(seconds=len(found) / 10)
        assert part.tolerance is not None
        if abs(length - part.window.duration) > part.tolerance:
            parts = [*source.halves(part), *parts]
            continue
        assert Window(found[0], found[0] + length) == part.window
        shown += found
    assert gone == [Window(second(missing_s), second(missing_s + 2))]
    assert len(shown) == 200
    assert shown == sorted(shown)


async def test_trouble_while_looking(
    clouds: Clouds, source: KinesisSource, stream: KinesisStream
) -> None:
    """An outage while a part is looked into is an outage."""
    stream.changes = [(second(14), Footage("front-door", width=640, height=360))]
    plan = await source.plan(DOOR, WINDOW, PRODUCER)
    clouds.kinesis.misbehave("getClip", skip=1, times=2, status=503)
    assert (await failing(source, plan.parts[0])).key == "cloud_trouble"
    denied = aws_error("AccessDeniedException", "", 403)
    clouds.kinesis.misbehave("getClip", skip=1, **denied)
    assert (await failing(source, plan.parts[0])).key == "no_permission"


def test_wishes(source: KinesisSource) -> None:
    """What this cloud cannot do is refused."""
    with pytest.raises(InvalidRequestError, match="field_not_honoured"):
        source.check(MediaOptions(width=640))


# Pictures


async def test_picture(
    clouds: Clouds, source: KinesisSource, stream: KinesisStream
) -> None:
    """The newest picture that there is, though the last seconds are on their way."""
    stream.arrival_delay = timedelta(seconds=3)
    picture = await source.picture(DOOR)
    assert picture is not None
    assert picture.startswith(b"\xff\xd8\xff")
    asked = clouds.kinesis.asked("getImages")[0].json()
    assert asked["ImageSelectorType"] == "SERVER_TIMESTAMP"
    assert asked["EndTimestamp"] - asked["StartTimestamp"] == pytest.approx(30)


@pytest.mark.parametrize(
    "fault",
    [
        aws_error("ResourceNotFoundException", "No fragments found", 404),
        aws_error("AccessDeniedException", "", 403),
        aws_error("NoDataRetentionException"),
        {"body": "{}"},
        {"body": '{"Images": [{"TimeStamp": 1.5, "Error": "NO_MEDIA"}]}'},
        {"body": '{"Images": [{"TimeStamp": 1.5, "ImageContent": "a"}]}'},
        {"body": '{"Images": [{"TimeStamp": 1.5, "ImageContent": "YWJj"}]}'},
        {"body": '{"Images": [{"TimeStamp": 1.5, "ImageContent": 5}]}'},
    ],
)
async def test_no_picture(
    clouds: Clouds, source: KinesisSource, stream: KinesisStream, fault: dict[str, Any]
) -> None:
    """Where there is no picture there is none, and that is no error."""
    clouds.kinesis.misbehave("getImages", **fault)
    assert await source.picture(DOOR) is None


@pytest.mark.parametrize(
    "images", ["5", "[5]", '{"a": 1}', '[{"TimeStamp": "x"}, {"TimeStamp": 5}]']
)
async def test_picture_nonsense(
    clouds: Clouds, source: KinesisSource, stream: KinesisStream, images: str
) -> None:
    """What is no list of pictures is nonsense, which is foreseen."""
    clouds.kinesis.misbehave("getImages", body=f'{{"Images": {images}}}')
    with pytest.raises(CloudError, match="cloud_nonsense"):
        await source.picture(DOOR)


async def test_picture_in_an_outage(
    clouds: Clouds, source: KinesisSource, stream: KinesisStream
) -> None:
    """An outage is not taken for a stream without pictures."""
    clouds.kinesis.misbehave("getImages", status=503)
    with pytest.raises(CloudError, match="cloud_trouble"):
        await source.picture(DOOR)
