"""AWS's own client talks to the simulated Kinesis, which keeps the real one's limits."""

import asyncio
import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
import json
from pathlib import Path
import socket
from typing import Any

from aiohttp import ClientSession
import av
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.client import BaseClient
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
import botocore.session
import pytest
import urllib3.util.connection

from tests.clouds import Clouds
from tests.clouds.footage import Footage, first_and_last, moments, seen
from tests.clouds.kinesis import Backlog, KinesisCloud, KinesisStream, Spoilt
from tests.clouds.resolver import matches


def seconds(value: float) -> timedelta:
    """Return a length of time."""
    return timedelta(seconds=value)


@pytest.fixture
def kinesis(clouds: Clouds) -> KinesisCloud:
    """Return a Kinesis without streams."""
    return clouds.kinesis


@pytest.fixture
def stream(kinesis: KinesisCloud) -> KinesisStream:
    """Return a stream of fragments of two seconds."""
    return kinesis.add_stream("front-door")


@pytest.fixture
def start(kinesis: KinesisCloud) -> datetime:
    """Return a moment ten minutes ago at which fragments begin."""
    past = kinesis.now() - timedelta(minutes=10)
    return past.replace(second=past.second // 20 * 20, microsecond=0)


class Aws:
    """AWS's own client, in a thread, under the clouds' real names."""

    def __init__(self, kinesis: KinesisCloud) -> None:
        """Take the cloud to speak to and whose key to use."""
        self.kinesis = kinesis
        self._endpoints: dict[tuple[str, str], str] = {}
        self._session = botocore.session.Session()
        # Without this, botocore 1.42 sends whole seconds.
        self._session.register("creating-serializer", _send_milliseconds)

    def client(self, service: str, **options: Any) -> BaseClient:
        """Return a client of one of AWS's services."""
        return self._session.create_client(
            service,
            aws_access_key_id=self.kinesis.access_key_id,
            aws_secret_access_key=self.kinesis.secret_access_key,
            aws_session_token=self.kinesis.session_token,
            verify=str(self.kinesis.clouds.ca_pem_path),
            config=Config(retries={"total_max_attempts": 1}),
            **{"region_name": self.kinesis.region, **options},
        )

    async def __call__(self, service: str, operation: str, **ask: Any) -> Any:
        """Call an operation; return its answer, a body in it read."""
        return await asyncio.to_thread(self._call, self.client(service), operation, ask)

    async def media(self, operation: str, stream: KinesisStream, **ask: Any) -> Any:
        """Call an operation on footage, at the endpoint that serves it."""
        key = (stream.arn, operation)
        if key not in self._endpoints:
            answer = await self(
                "kinesisvideo",
                "get_data_endpoint",
                StreamName=stream.name,
                APIName=operation.upper(),
            )
            self._endpoints[key] = answer["DataEndpoint"]
        client = self.client(
            "kinesis-video-archived-media", endpoint_url=self._endpoints[key]
        )
        ask = {"StreamARN": stream.arn, **ask}
        return await asyncio.to_thread(self._call, client, operation, ask)

    async def fragments(
        self,
        stream: KinesisStream,
        start: datetime,
        end: datetime,
        kind: str,
        **ask: Any,
    ) -> list[list[dict[str, Any]]]:
        """List fragments; return them page by page."""
        pages = []
        ask = {"FragmentSelector": _selector(start, end, kind), **ask}
        while True:
            page = await self.media("list_fragments", stream, **ask)
            pages.append(page["Fragments"])
            if "NextToken" not in page:
                return pages
            ask["NextToken"] = page["NextToken"]

    async def clip(
        self,
        stream: KinesisStream,
        start: datetime,
        end: datetime,
        path: Path,
        kind: str = "PRODUCER",
    ) -> None:
        """Get a clip into a file."""
        answer = await self.media(
            "get_clip", stream, ClipFragmentSelector=_selector(start, end, kind)
        )
        assert answer["ContentType"] == "video/mp4"
        path.write_bytes(answer["Payload"])

    def _call(self, client: BaseClient, operation: str, ask: dict[str, Any]) -> Any:
        try:
            answer = getattr(client, operation)(**ask)
            if "Payload" in answer:
                answer["Payload"] = answer["Payload"].read()
        finally:
            client.close()
        return answer


def _send_milliseconds(serializer_kwargs: dict[str, Any], **_: Any) -> None:
    serializer_kwargs["timestamp_precision"] = "millisecond"


def _selector(start: datetime, end: datetime, kind: str) -> dict[str, Any]:
    return {
        "FragmentSelectorType": f"{kind}_TIMESTAMP",
        "TimestampRange": {"StartTimestamp": start, "EndTimestamp": end},
    }


@pytest.fixture
def aws(clouds: Clouds, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """Return AWS's client; its connections to the clouds' names go to loopback."""

    def connect(address: tuple[str, int], *args: Any, **options: Any) -> socket.socket:
        (port,) = {
            p for pattern, p in clouds.ports.items() if matches(pattern, address[0])
        }
        return socket.create_connection(("127.0.0.1", port))

    monkeypatch.setattr(urllib3.util.connection, "create_connection", connect)
    return Aws(clouds.kinesis)


@contextmanager
def refused(name: str, text: str | None = None) -> Iterator[None]:
    """Expect AWS's client to find an error of this name in the answer."""
    with pytest.raises(ClientError, match=text) as caught:
        yield
    assert caught.value.response["Error"]["Code"] == name
    if type(caught.value) is not ClientError:
        assert type(caught.value).__name__ == name


async def test_identity(aws: Aws, kinesis: KinesisCloud) -> None:
    """STS says whose the key is."""
    answer = await aws("sts", "get_caller_identity")
    assert answer["Account"] == kinesis.account_id
    assert answer["Arn"].endswith(":user/clips")
    assert kinesis.requests[-1].host == "sts.eu-west-1.amazonaws.com"


async def test_streams(aws: Aws, kinesis: KinesisCloud, stream: KinesisStream) -> None:
    """Streams are listed in pages, those of the region, and described."""
    others = [kinesis.add_stream(f"yard-{n}", retention_hours=n) for n in range(4)]
    kinesis.add_stream("far", region="us-east-1")
    kinesis.largest_page = 2
    names: list[str] = []
    token: dict[str, str] = {}
    pages = 0
    while pages == 0 or token:
        answer = await aws("kinesisvideo", "list_streams", **token)
        names += [info["StreamName"] for info in answer["StreamInfoList"]]
        token = {"NextToken": answer["NextToken"]} if "NextToken" in answer else {}
        pages += 1
    assert names == [each.name for each in (stream, *others)]
    assert pages == 3
    condition = {"ComparisonOperator": "BEGINS_WITH", "ComparisonValue": "front"}
    answer = await aws("kinesisvideo", "list_streams", StreamNameCondition=condition)
    assert [info["StreamARN"] for info in answer["StreamInfoList"]] == [stream.arn]

    answer = await aws("kinesisvideo", "describe_stream", StreamARN=others[3].arn)
    info = answer["StreamInfo"]
    assert (info["StreamName"], info["DataRetentionInHours"]) == ("yard-3", 3)
    assert info["CreationTime"] == stream.created
    with refused("ResourceNotFoundException", "not found or not active"):
        await aws("kinesisvideo", "describe_stream", StreamName="far")
    with refused("InvalidArgumentException"):
        await aws("kinesisvideo", "describe_stream")


async def test_endpoints(
    aws: Aws, kinesis: KinesisCloud, stream: KinesisStream
) -> None:
    """Each API of a stream has an endpoint of its own, which may move."""
    apis = ("GET_CLIP", "LIST_FRAGMENTS", "GET_IMAGES", "PUT_MEDIA")
    endpoints = {
        api: (
            await aws(
                "kinesisvideo", "get_data_endpoint", StreamName=stream.name, APIName=api
            )
        )["DataEndpoint"]
        for api in apis
    }
    assert len(set(endpoints.values())) == 4
    for endpoint in endpoints.values():
        assert endpoint.startswith("https://b-")
        assert endpoint.endswith(".kinesisvideo.eu-west-1.amazonaws.com")

    client = aws.client(
        "kinesis-video-archived-media", endpoint_url=endpoints["LIST_FRAGMENTS"]
    )
    now = kinesis.now()
    ask = {
        "StreamName": stream.name,
        "FragmentSelector": _selector(now - seconds(60), now, "SERVER"),
    }
    answer = await asyncio.to_thread(client.list_fragments, **ask)
    assert answer["Fragments"]
    kinesis.move_endpoints()
    with refused("ResourceNotFoundException"):
        await asyncio.to_thread(client.list_fragments, **ask)
    await asyncio.to_thread(client.close)


async def test_list_fragments(
    aws: Aws, kinesis: KinesisCloud, stream: KinesisStream, start: datetime
) -> None:
    """All fragments that start in the range are listed, in no order, on pages."""
    kinesis.has_quotas = False
    pages = await aws.fragments(
        stream, start + seconds(1), start + seconds(40), "PRODUCER", MaxResults=7
    )
    assert [len(page) for page in pages] == [7, 7, 6]
    listed = [fragment["ProducerTimestamp"] for page in pages for fragment in page]
    assert listed != sorted(listed)
    assert sorted(listed) == [start + seconds(2 * n) for n in range(1, 21)]
    for fragment in pages[0]:
        delay = fragment["ServerTimestamp"] - fragment["ProducerTimestamp"]
        assert delay == stream.arrival_delay
        assert fragment["FragmentLengthInMilliseconds"] == 2000
        assert 10_000 < fragment["FragmentSizeInBytes"] < 100_000
    by_number = sorted(pages[0], key=lambda fragment: int(fragment["FragmentNumber"]))
    assert by_number == sorted(
        pages[0], key=lambda fragment: fragment["ServerTimestamp"]
    )

    stream.tells_lengths = False
    ((only,),) = await aws.fragments(
        stream, start + seconds(1), start + seconds(1), "SERVER"
    )
    assert only["ProducerTimestamp"] == start
    assert only["FragmentLengthInMilliseconds"] == 0


async def test_what_is_kept(
    aws: Aws, kinesis: KinesisCloud, stream: KinesisStream, start: datetime
) -> None:
    """Holes, what is too old and what has not arrived is not listed."""
    stream.holes.append((start + seconds(3), start + seconds(5)))
    (page,) = await aws.fragments(stream, start, start + seconds(9), "PRODUCER")
    listed = sorted(fragment["ProducerTimestamp"] for fragment in page)
    assert listed == [start, start + seconds(6), start + seconds(8)]

    stream.arrival_delay = seconds(30)
    now = kinesis.now()
    (page,) = await aws.fragments(stream, now - seconds(60), now, "PRODUCER")
    newest = max(fragment["ProducerTimestamp"] for fragment in page)
    assert now - newest <= seconds(35)
    assert kinesis.now() - newest >= seconds(32.5)

    oldest = now - timedelta(hours=24)
    (page,) = await aws.fragments(
        stream, oldest - timedelta(hours=2), oldest + seconds(60), "PRODUCER"
    )
    # What grows too old while we ask is gone as well.
    gone = (kinesis.now() - now) // seconds(2) + 1
    assert 30 - gone <= len(page) <= 31
    assert min(fragment["ProducerTimestamp"] for fragment in page) >= oldest


async def test_get_clip_range(
    aws: Aws, stream: KinesisStream, start: datetime, tmp_path: Path
) -> None:
    """A clip has the fragments that start in the range, and no other footage."""
    path = tmp_path / "clip.mp4"
    # The fragment that runs at the start is left out, the one that starts at the end not.
    await aws.clip(stream, start + seconds(0.001), start + seconds(6), path)
    found = list(seen(path))
    assert found[0].moment == start + seconds(2)
    assert found[-1].moment == start + seconds(7.9)
    assert len(found) == 60
    assert found[0].at_s == 0
    assert found[-1].at_s == pytest.approx(5.9)
    await aws.clip(stream, start, start + seconds(0.001), path)
    assert first_and_last(path, of=stream.footage) == (start, start + seconds(1.9))
    await aws.clip(
        stream, start + seconds(1), start + seconds(4.999), path, kind="SERVER"
    )
    assert first_and_last(path) == (start, start + seconds(3.9))


async def test_get_clip_joins(
    aws: Aws, stream: KinesisStream, start: datetime, tmp_path: Path
) -> None:
    """A clip's time knows no gaps, and what was sent twice is in it once."""
    stream.holes.append((start + seconds(2), start + seconds(60)))
    stream.resent.append((start + seconds(60), start + seconds(64), seconds(90)))
    (page,) = await aws.fragments(stream, start, start + seconds(63), "PRODUCER")
    assert len(page) == 5
    path = tmp_path / "clip.mp4"
    await aws.clip(stream, start, start + seconds(62), path)
    found = list(seen(path))
    assert [f.moment for f in found[19:21]] == [
        start + seconds(1.9),
        start + seconds(60),
    ]
    assert found[20].at_s == pytest.approx(2)
    assert len(found) == 60
    # By the time of arrival, the second copies are the only ones.
    await aws.clip(
        stream, start + seconds(151), start + seconds(153), path, kind="SERVER"
    )
    assert first_and_last(path).start == start + seconds(60)


async def test_get_clip_is_cut_silently(
    aws: Aws, kinesis: KinesisCloud, start: datetime, tmp_path: Path
) -> None:
    """After 200 fragments or 100 MB the clip simply ends."""
    stream = kinesis.add_stream("short", fragment=seconds(1))
    path = tmp_path / "clip.mp4"
    await aws.clip(stream, start, start + seconds(300), path)
    assert first_and_last(path) == (start, start + seconds(199.9))

    stream.fragment_size_bytes = 9_000_000
    kinesis.tells_length = False
    await aws.clip(stream, start, start + seconds(300), path)
    assert first_and_last(path) == (start, start + seconds(10.9))


async def test_fragments_at_odd_times(
    aws: Aws, stream: KinesisStream, start: datetime, tmp_path: Path
) -> None:
    """Fragments begin where they begin; some arrive late and at once, some never."""
    stream.phase = seconds(1)
    stream.left_out = [(start + seconds(3), start + seconds(5))]
    path = tmp_path / "clip.mp4"
    (page,) = await aws.fragments(stream, start, start + seconds(6), "PRODUCER")
    listed = sorted(fragment["ProducerTimestamp"] for fragment in page)
    assert listed == [start + seconds(n) for n in (1, 3, 5)]
    # What is listed need not be in a clip.
    await aws.clip(stream, start, start + seconds(6), path)
    assert first_and_last(path) == (start + seconds(1), start + seconds(6.9))
    assert len(moments(path)) == 40
    with refused("ResourceNotFoundException"):
        await aws.clip(stream, start + seconds(3), start + seconds(3.001), path)

    stream.arrival_delay = seconds(0)
    stream.backlogs = [Backlog(start + seconds(1), start + seconds(9), seconds(0))]
    at = start + seconds(9)
    (page,) = await aws.fragments(stream, at, at + seconds(0.001), "SERVER")
    assert sorted(f["ProducerTimestamp"] for f in page) == [
        start + seconds(n) for n in (1, 3, 5, 7, 9)
    ]
    assert {fragment["ServerTimestamp"] for fragment in page} == {at}
    assert len({fragment["FragmentNumber"] for fragment in page}) == 5
    stream.backlogs = [Backlog(start + seconds(1), start + seconds(9), seconds(1))]
    (page,) = await aws.fragments(stream, at - seconds(4), at, "SERVER")
    assert sorted(f["ServerTimestamp"] for f in page) == [
        at - seconds(n) for n in (4, 3, 2, 1, 0)
    ]


@pytest.mark.parametrize(
    ("footage", "codecs"),
    [
        (Footage("cam", audio="alaw"), ["h264", "pcm_alaw"]),
        (Footage("cam", codec="hevc", audio=None), ["hevc"]),
    ],
)
async def test_codecs(
    aws: Aws, start: datetime, tmp_path: Path, footage: Footage, codecs: list[str]
) -> None:
    """Streams of other codecs give MP4s of other codecs."""
    stream = aws.kinesis.add_stream("cam", footage=footage, fragment=seconds(5))
    await aws.clip(stream, start, start + seconds(5), tmp_path / "clip.mp4")
    with av.open(tmp_path / "clip.mp4") as container:
        assert [s.codec_context.name for s in container.streams] == codecs
    assert len(moments(tmp_path / "clip.mp4", of=footage)) == 100


async def test_get_clip_refused(
    aws: Aws,
    kinesis: KinesisCloud,
    stream: KinesisStream,
    start: datetime,
    tmp_path: Path,
) -> None:
    """What cannot be a clip is refused by the exception that says so."""
    clip = partial(aws.clip, stream, path=tmp_path / "clip.mp4")
    end = start + seconds(20)
    with refused("InvalidArgumentException"):
        await clip(start, start)
    with refused("InvalidArgumentException", "24 hours"):
        await clip(start - timedelta(hours=24), end)
    with refused("InvalidArgumentException", "past"):
        await clip(start, kinesis.now() + seconds(60), kind="SERVER")
    hole = (start - seconds(60), start - seconds(20))
    stream.holes.append(hole)
    with refused("ResourceNotFoundException", "^.*No fragments found in the stream"):
        await clip(hole[0], hole[1] - seconds(1))

    large = Footage("front-door", width=640, height=360)
    stream.changes.append((start + seconds(10), large))
    with refused("InvalidCodecPrivateDataException"):
        await clip(start, end)
    await clip(start, start + seconds(8))
    await clip(start + seconds(10), end)
    stream.spoilt.append(
        Spoilt(start, start + seconds(1), "MissingCodecPrivateDataException")
    )
    with refused("MissingCodecPrivateDataException"):
        await clip(start, start + seconds(8))
    # Of the media's type only a clip's first fragment is looked at.
    stream.spoilt = [
        Spoilt(
            start + seconds(4),
            start + seconds(5),
            "UnsupportedStreamMediaTypeException",
        )
    ]
    with refused("InvalidCodecPrivateDataException"):
        await clip(start, start + seconds(8))
    with refused("UnsupportedStreamMediaTypeException"):
        await clip(start + seconds(4), start + seconds(8))
    await clip(start + seconds(6), start + seconds(8))
    stream.retention_hours = 0
    with refused("NoDataRetentionException"):
        await clip(start, end)


async def test_quotas(
    aws: Aws, kinesis: KinesisCloud, start: datetime, tmp_path: Path
) -> None:
    """A stream gives 500 fragments a second, and 10,000 places of lists."""
    stream = kinesis.add_stream("short", fragment=seconds(1))
    stream.footage = Footage("short", fps=1, gop_frames=1, audio=None)
    clip = partial(aws.clip, stream, start, start + seconds(300), tmp_path / "clip.mp4")
    await clip()
    with refused("ClientLimitExceededException"):
        for _ in range(5):
            await asyncio.gather(clip(), clip(), clip())
    kinesis.has_quotas = False
    await clip()


async def test_images(
    aws: Aws,
    kinesis: KinesisCloud,
    stream: KinesisStream,
    start: datetime,
    tmp_path: Path,
) -> None:
    """Images come at their times, on pages, and are missing where footage is."""
    kinesis.has_quotas = False
    stream.holes.append((start + seconds(2), start + seconds(4)))
    ask = {
        "ImageSelectorType": "PRODUCER_TIMESTAMP",
        "StartTimestamp": start,
        "EndTimestamp": start + seconds(6),
        "SamplingInterval": 1500,
        "Format": "JPEG",
    }
    first = await aws.media("get_images", stream, **ask, MaxResults=3)
    rest = await aws.media("get_images", stream, **ask, NextToken=first["NextToken"])
    images = first["Images"] + rest["Images"]
    assert [image["TimeStamp"] - start for image in images] == [
        seconds(n * 1.5) for n in range(4)
    ]
    assert [image.get("Error") for image in images] == [None, None, "NO_MEDIA", None]
    picture = tmp_path / "picture.jpg"
    picture.write_bytes(base64.b64decode(images[1]["ImageContent"]))
    assert moments(picture, of=stream.footage) == [start + seconds(1.5)]

    answer = await aws.media(
        "get_images",
        stream,
        **{**ask, "Format": "PNG", "ImageSelectorType": "SERVER_TIMESTAMP"},
    )
    picture.write_bytes(base64.b64decode(answer["Images"][1]["ImageContent"]))
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert moments(picture) == [start + seconds(0.5)]
    with refused("InvalidArgumentException", "300 seconds"):
        await aws.media(
            "get_images", stream, **{**ask, "EndTimestamp": start + seconds(301)}
        )


@pytest.mark.parametrize("style", ["both", "header", "type"])
async def test_rights(
    aws: Aws, kinesis: KinesisCloud, stream: KinesisStream, style: Any
) -> None:
    """An operation can be denied, in each way of naming it; others go on."""
    kinesis.error_style = style
    kinesis.denied.add("ListStreams")
    with refused(
        "AccessDeniedException", "not authorized to perform: kinesisvideo:List"
    ):
        await aws("kinesisvideo", "list_streams")
    await aws("kinesisvideo", "describe_stream", StreamName=stream.name)
    kinesis.denied.add("GetImages")
    kinesis.denial = ("NotAuthorizedException", 401)
    with refused("NotAuthorizedException"):
        await aws.media(
            "get_images",
            stream,
            ImageSelectorType="SERVER_TIMESTAMP",
            StartTimestamp=kinesis.now() - seconds(9),
            EndTimestamp=kinesis.now(),
            Format="JPEG",
        )


@pytest.mark.parametrize(
    ("service", "operation", "names"),
    [
        (
            "kinesisvideo",
            "list_streams",
            {
                "key": "UnrecognizedClientException",
                "secret": "InvalidSignatureException",
                "expired": "ExpiredTokenException",
            },
        ),
        (
            "sts",
            "get_caller_identity",
            {
                "key": "InvalidClientTokenId",
                "secret": "SignatureDoesNotMatch",
                "expired": "ExpiredToken",
            },
        ),
    ],
)
async def test_keys(
    aws: Aws,
    kinesis: KinesisCloud,
    service: str,
    operation: str,
    names: dict[str, str],
) -> None:
    """Only who signs with the right key, token and clock is let in."""
    call = partial(aws, service, operation)
    await call()
    good = kinesis.secret_access_key
    client = aws.client(service)
    kinesis.secret_access_key = "changed"
    with refused(names["secret"], "signature we calculated"):
        await asyncio.to_thread(getattr(client, operation))
    await asyncio.to_thread(client.close)
    kinesis.secret_access_key = good

    client = aws.client(service)
    kinesis.session_token = "token"
    with refused(names["key"], "invalid"):
        await asyncio.to_thread(getattr(client, operation))
    await asyncio.to_thread(client.close)
    await call()
    kinesis.token_expires_at = kinesis.now()
    with refused(names["expired"], "expired"):
        await call()

    kinesis.token_expires_at = None
    kinesis.clouds.offset = timedelta(minutes=6)
    with refused(names["secret"], "Signature expired"):
        await call()
    kinesis.clouds.offset = timedelta(minutes=-6)
    with refused(names["secret"], "not yet current"):
        await call()


async def signed(
    session: ClientSession,
    kinesis: KinesisCloud,
    change: Callable[[AWSRequest], None],
    region: str = "eu-west-1",
) -> tuple[int, str]:
    """Send what botocore signed, changed afterwards; return status and error."""
    url = "https://kinesisvideo.eu-west-1.amazonaws.com/listStreams"
    request = AWSRequest("POST", url, data=b"{}", headers={"X-Amz-Meta": " a  b "})
    request.headers["Content-Type"] = "application/json"
    credentials = Credentials(kinesis.access_key_id, kinesis.secret_access_key)
    SigV4Auth(credentials, "kinesisvideo", region).add_auth(request)
    change(request)
    async with session.post(
        url, data=request.data, headers=dict(request.headers)
    ) as response:
        error = response.headers.get("x-amzn-ErrorType", "").partition(":")[0]
        assert (await response.json()).get("__type", "").rpartition("#")[2] == error
        return response.status, error


async def test_signature_covers_all(
    session: ClientSession, kinesis: KinesisCloud
) -> None:
    """A request that was changed, was signed for elsewhere or not at all is refused."""

    def other_body(request: AWSRequest) -> None:
        request.data = b'{"MaxResults": 1}'

    def other_header(request: AWSRequest) -> None:
        request.headers.replace_header("X-Amz-Meta", "b")

    def more_headers(request: AWSRequest) -> None:
        request.headers["X-Amz-Extra"] = "1"

    def no_signature(request: AWSRequest) -> None:
        del request.headers["Authorization"]

    def half_signature(request: AWSRequest) -> None:
        request.headers.replace_header("Authorization", "AWS4-HMAC-SHA256 what?")

    assert await signed(session, kinesis, lambda _: None) == (200, "")
    for change in (other_body, other_header, more_headers):
        assert await signed(session, kinesis, change) == (
            403,
            "InvalidSignatureException",
        )
    assert await signed(session, kinesis, lambda _: None, region="eu-west-2") == (
        403,
        "InvalidSignatureException",
    )
    assert await signed(session, kinesis, no_signature) == (
        403,
        "MissingAuthenticationTokenException",
    )
    assert await signed(session, kinesis, half_signature) == (
        400,
        "IncompleteSignatureException",
    )


async def test_other_places(
    aws: Aws, session: ClientSession, kinesis: KinesisCloud, stream: KinesisStream
) -> None:
    """Other regions have other streams; a VPC's endpoint serves those of its region."""
    client = aws.client("kinesisvideo", region_name="us-east-1")
    answer = await asyncio.to_thread(client.list_streams)
    assert answer["StreamInfoList"] == []
    await asyncio.to_thread(client.close)
    client = aws.client(
        "kinesisvideo",
        endpoint_url="https://vpce-0a1b.kinesisvideo.eu-west-1.vpce.amazonaws.com",
    )
    answer = await asyncio.to_thread(client.list_streams)
    assert [info["StreamName"] for info in answer["StreamInfoList"]] == [stream.name]
    await asyncio.to_thread(client.close)
    url = "https://kinesisvideo.eu-west-1.amazonaws.com/getClip"
    async with session.post(url, data=json.dumps({})) as response:
        assert response.status == 404
        assert "UnknownOperationException" in response.headers["x-amzn-ErrorType"]
        assert response.headers["x-amzn-RequestId"]
