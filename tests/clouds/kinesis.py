"""Amazon Kinesis Video Streams, and the part of STS that says whose a key is.

Shapes are those of botocore's models, ranges and limits those of the documentation of
GetClip, ListFragments, GetImages and of the service's quotas.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
import hashlib
import hmac
from io import BytesIO
import json
import random
import re
import secrets
from typing import Any, Literal, NamedTuple, override
from urllib.parse import parse_qs, parse_qsl, quote
from zlib import crc32

from PIL import Image

from .footage import Footage, Shot
from .server import Answer, Asked, Bucket, Cloud, Handler, Line, Server, json_answer

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

REGIONS = ("eu-west-1", "eu-central-1", "us-east-1", "us-west-2")
LONGEST_CLIP = timedelta(hours=24)
LONGEST_IMAGE_RANGE = timedelta(seconds=300)
MOST_SKEW = timedelta(minutes=5)

_CONTROL = (
    r"(?:kinesisvideo|vpce-\w+\.kinesisvideo)\.{region}(?:\.vpce)?\.amazonaws\.com"
)
_DATA = r"b-(?P<endpoint>\w+)\.kinesisvideo\.{region}\.amazonaws\.com"
_STS = r"sts\.{region}\.amazonaws\.com"
_REGION = r"(?P<region>[a-z0-9-]+)"
_APIS = {
    "GET_CLIP",
    "GET_IMAGES",
    "GET_MEDIA",
    "GET_MEDIA_FOR_FRAGMENT_LIST",
    "GET_HLS_STREAMING_SESSION_URL",
    "GET_DASH_STREAMING_SESSION_URL",
    "LIST_FRAGMENTS",
    "PUT_MEDIA",
}
_UNSUPPORTED = "UnsupportedStreamMediaTypeException"
_NO_STREAM = "The requested stream is not found or not active."
_NO_FRAGMENTS = "No fragments found in the stream for the clip request."
# The same refusals have other names where XML is spoken.
_STS_NAMES = {
    "ExpiredTokenException": "ExpiredToken",
    "IncompleteSignatureException": "IncompleteSignature",
    "InvalidSignatureException": "SignatureDoesNotMatch",
    "MissingAuthenticationTokenException": "MissingAuthenticationToken",
    "UnrecognizedClientException": "InvalidClientTokenId",
}
_NOT_SIGNED = (
    "The request signature we calculated does not match the signature you provided."
    " Check your AWS Secret Access Key and signing method."
)


class AwsError(Exception):
    """A refusal, by its name, with its HTTP status."""

    def __init__(self, name: str, message: str, *, status: int = 400) -> None:
        """Take what the answer says."""
        super().__init__(message)
        self.name = name
        self.message = message
        self.status = status


class Fragment(NamedTuple):
    """One fragment as the service keeps it; `footage` is what it shows."""

    produced: datetime
    received: datetime
    length: timedelta
    footage: Footage

    @property
    def number(self) -> str:
        """Its number, which grows in the order of arrival and has many digits."""
        received_us = (self.received - _EPOCH) // timedelta(microseconds=1)
        produced_ms = (self.produced - _EPOCH) // timedelta(milliseconds=1)
        return f"9134385233318143{received_us:018}{produced_ms:015}"


class _Selection(NamedTuple):
    """What a selector selects."""

    kind: str
    start: datetime
    end: datetime
    fragments: list[Fragment]


class Spoilt(NamedTuple):
    """Fragments that no clip can be made of, and what the service says then.

    Of the type of the media it says so only where such a fragment is a clip's first one;
    further on it is codec private data that changes.
    """

    start: datetime
    end: datetime
    exception: str


class Backlog(NamedTuple):
    """What was produced from `start` to `end` was sent just before that, so far apart."""

    start: datetime
    end: datetime
    apart: timedelta


@dataclass(eq=False, kw_only=True)
class KinesisStream:
    """A stream. Change its fields to change what the service keeps of it.

    - `fragment`: how long fragments are; a multiple of the footage's `gop`. They begin
      at multiples of it since 1970, and `phase` (of whole `gop`s) later.
    - `arrival_delay`: how much later than produced a fragment is received. `backlogs`:
      stretches that the producer could send only later.
    - `holes`: fragments that touch one are missing. `changes`: other footage from a
      moment on. `spoilt`: fragments that no clip can be made of.
    - `resent`: fragments of a stretch were received again, so much later.
    - `left_out`: fragments that are listed, and that no clip has.
    - `fragment_size_bytes`: what is told and counted as the size of a fragment; None:
      what it really is, about.
    - `tells_lengths`: without it, every fragment's length is told as 0.
    """

    name: str
    region: str
    account_id: str
    footage: Footage
    fragment: timedelta = timedelta(seconds=2)
    phase: timedelta = timedelta(0)
    arrival_delay: timedelta = timedelta(seconds=1)
    backlogs: list[Backlog] = field(default_factory=list)
    retention_hours: int = 24
    status: Literal["CREATING", "ACTIVE", "UPDATING", "DELETING"] = "ACTIVE"
    created: datetime = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
    holes: list[tuple[datetime, datetime]] = field(default_factory=list)
    changes: list[tuple[datetime, Footage]] = field(default_factory=list)
    spoilt: list[Spoilt] = field(default_factory=list)
    resent: list[tuple[datetime, datetime, timedelta]] = field(default_factory=list)
    left_out: list[tuple[datetime, datetime]] = field(default_factory=list)
    fragment_size_bytes: int | None = None
    tells_lengths: bool = True

    @property
    def arn(self) -> str:
        """Its ARN, which ends with the time of its creation in ms."""
        created_ms = (self.created - _EPOCH) // timedelta(milliseconds=1)
        return (
            f"arn:aws:kinesisvideo:{self.region}:{self.account_id}"
            f":stream/{self.name}/{created_ms}"
        )

    @property
    def media_type(self) -> str:
        """The type of its media, as its producer told it."""
        audio = self.footage.audio
        return f"video/{self.footage.codec.replace('hevc', 'h265')}" + (
            f",audio/{audio}" if audio else ""
        )

    def fragments(
        self,
        start: datetime,
        end: datetime,
        *,
        now: datetime,
        listed_after: timedelta = timedelta(0),
    ) -> list[Fragment]:
        """Return what is kept of what was produced from `start` to `end`, inclusive.

        In the order of production; what was received twice is there twice.
        """
        arrived = now - listed_after
        kept_from = now - timedelta(hours=self.retention_hours)
        produced = max(start, kept_from)
        produced += (_EPOCH + self.phase - produced) % self.fragment
        found = []
        while produced <= min(end, now):
            stop = produced + self.fragment
            footage = self.footage
            for since, other in self.changes:
                footage = other if since <= produced else footage
            is_missing = any(a < stop and produced < b for a, b in self.holes)
            if not is_missing:
                received = self._sent(produced) + self.arrival_delay
                delays = [timedelta(0)] + [
                    later for a, b, later in self.resent if a <= produced < b
                ]
                found += [
                    Fragment(produced, received + delay, self.fragment, footage)
                    for delay in delays
                    if received + self.fragment + delay <= arrived
                ]
            produced = stop
        return found

    def _sent(self, produced: datetime) -> datetime:
        """Return when its producer began to send a fragment."""
        for start, end, apart in self.backlogs:
            if start <= produced < end:
                return end - (end - produced) // self.fragment * apart
        return produced


class KinesisCloud(Cloud):
    """Kinesis Video Streams of one AWS account with one access key.

    Settings, to be changed at any time:

    - `session_token` and `token_expires_at` make the key a temporary one.
    - `denied`: names of operations that the key has no right to; `denial`: the name and
      status that this is told with.
    - `listed_after_s`: how long after its arrival a fragment can be had.
    - `largest_page`: no page has more, whatever is asked for. `most_fragments` and
      `most_bytes`: a clip silently ends after so many.
    - `has_quotas`: the points and requests a second that a stream gives are counted.
    - `clip_bytes_per_s`: how fast each clip comes, however many do.
    - `tells_length`: clips come with a Content-Length.
    - `error_style`: errors are named in a header, in the body (`type`), or in both.
    """

    hosts = tuple(
        pattern.format(region)
        for region in REGIONS
        for pattern in (
            "kinesisvideo.{}.amazonaws.com",
            "*.kinesisvideo.{}.amazonaws.com",
            "*.kinesisvideo.{}.vpce.amazonaws.com",
            "sts.{}.amazonaws.com",
        )
    )

    def __init__(self, clouds: Server) -> None:
        """Set up an account without any stream."""
        super().__init__(clouds)
        self.account_id = "111122223333"
        self.access_key_id = "AKIA" + secrets.token_hex(8).upper()
        self.secret_access_key = secrets.token_urlsafe(30)
        self.session_token: str | None = None
        self.token_expires_at: datetime | None = None
        self.region = REGIONS[0]
        self.streams: list[KinesisStream] = []
        self.denied: set[str] = set()
        self.denial = ("AccessDeniedException", 403)
        self.listed_after_s = 0.5
        self.largest_page = 1000
        self.most_fragments = 200
        self.most_bytes = 100_000_000
        self.has_quotas = True
        self.clip_bytes_per_s: float | None = None
        self.tells_length = True
        self.error_style: Literal["both", "header", "type"] = "both"
        self._generation = 0
        self._buckets: dict[tuple[str, str], Bucket] = {}
        self._lists: dict[str, list[Fragment]] = {}
        self._random = random.Random(1)
        self._add_routes()

    def _add_routes(self) -> None:
        for host, path, handler in (
            (_CONTROL, "listStreams", self._list_streams),
            (_CONTROL, "describeStream", self._describe_stream),
            (_CONTROL, "getDataEndpoint", self._get_data_endpoint),
            (_DATA, "listFragments", self._list_fragments),
            (_DATA, "getClip", self._get_clip),
            (_DATA, "getImages", self._get_images),
        ):
            place = host.format(region=_REGION) + "/" + path
            self.route("POST", place, partial(self._authorized, path, handler))
        self.route("POST", _STS.format(region=_REGION) + "/", self._identity)

    def add_stream(
        self,
        name: str,
        *,
        footage: Footage | None = None,
        region: str | None = None,
        fragment: timedelta = timedelta(seconds=2),
        phase: timedelta = timedelta(0),
        retention_hours: int = 24,
    ) -> KinesisStream:
        """Add a stream, to the account's region; its footage bears its name."""
        stream = KinesisStream(
            name=name,
            region=region or self.region,
            account_id=self.account_id,
            footage=footage or Footage(name),
            fragment=fragment,
            phase=phase,
            retention_hours=retention_hours,
        )
        if fragment % stream.footage.gop or phase % stream.footage.gop:
            raise ValueError("a fragment begins with a key frame")
        self.streams.append(stream)
        return stream

    def move_endpoints(self) -> None:
        """Serve every stream from other endpoints, and not from those before."""
        self._generation += 1

    def kept(
        self, stream: KinesisStream, start: datetime, end: datetime
    ) -> list[Fragment]:
        """Return the fragments produced from `start` to `end` that can be had now."""
        return stream.fragments(
            start,
            end,
            now=self.now(),
            listed_after=timedelta(seconds=self.listed_after_s),
        )

    @override
    async def answer(self, asked: Asked) -> Answer:
        """Answer, and give every answer an id."""
        try:
            answer = await super().answer(asked)
        except AwsError as err:
            answer = self._refuse(asked, err)
        headers = {"x-amzn-RequestId": secrets.token_hex(16), **answer.headers}
        return replace(answer, headers=headers)

    @override
    def line(self, asked: Asked) -> Line | None:
        """Return a line of its own for each clip."""
        if self.clip_bytes_per_s is None or not asked.path.endswith("/getClip"):
            return None
        return Line(self.clip_bytes_per_s)

    @override
    def unknown(self, asked: Asked) -> Answer:
        """Answer what is no operation of the service."""
        raise AwsError("UnknownOperationException", "", status=404)

    def _refuse(self, asked: Asked, err: AwsError) -> Answer:
        if asked.host.startswith("sts."):
            return _sts_error(asked, err)
        headers = {}
        body = {"Message": err.message}
        if self.error_style != "type":
            headers["x-amzn-ErrorType"] = (
                f"{err.name}:http://internal.amazon.com/coral/com.amazonaws.kinesisvideo/"
            )
        if self.error_style != "header":
            body["__type"] = f"com.amazonaws.kinesisvideo#{err.name}"
        return json_answer(body, status=err.status, headers=headers)

    async def _authorized(
        self, path: str, handler: Handler, asked: Asked, region: str, **place: str
    ) -> Answer:
        """Let only those in who signed for it and have the right to it."""
        self._check_signature(asked, "kinesisvideo", region)
        action = path[0].upper() + path[1:]
        if action in self.denied:
            name, status = self.denial
            raise AwsError(
                name,
                f"User: arn:aws:iam::{self.account_id}:user/clips is not authorized to"
                f" perform: kinesisvideo:{action}",
                status=status,
            )
        try:
            ask = json.loads(asked.body or b"{}")
        except ValueError as err:
            raise AwsError("SerializationException", "") from err
        return await handler(ask, region, **place)

    def _check_signature(self, asked: Asked, service: str, region: str) -> None:
        """Calculate the signature (version 4) anew. Raises AwsError."""
        header = asked.headers.get("Authorization")
        if header is None:
            raise AwsError(
                "MissingAuthenticationTokenException",
                "Missing Authentication Token",
                status=403,
            )
        match = re.fullmatch(
            r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, "
            r"?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})",
            header,
        )
        at = asked.headers.get("X-Amz-Date", "")
        if match is None or not re.fullmatch(r"\d{8}T\d{6}Z", at):
            raise AwsError(
                "IncompleteSignatureException", "Authorization header is malformed"
            )
        key_id, day, signed_region, signed_service, names, signature = match.groups()
        token = asked.headers.get("X-Amz-Security-Token")
        if key_id != self.access_key_id or token != self.session_token:
            raise AwsError(
                "UnrecognizedClientException",
                "The security token included in the request is invalid.",
                status=403,
            )
        if self.token_expires_at is not None and self.now() >= self.token_expires_at:
            raise AwsError(
                "ExpiredTokenException",
                "The security token included in the request is expired",
                status=403,
            )
        if signed_region != region or signed_service != service:
            raise AwsError(
                "InvalidSignatureException",
                f"Credential should be scoped to a valid region, not '{signed_region}'.",
                status=403,
            )
        self._check_clock(at)
        signed = names.split(";")
        needed = {"host", "x-amz-date"} | {
            name.lower()
            for name in asked.headers
            if name.lower().startswith("x-amz-") or name.lower() == "content-type"
        }
        if not needed <= set(signed) or day != at[:8]:
            raise AwsError("InvalidSignatureException", _NOT_SIGNED, status=403)
        scope = f"{day}/{region}/{service}/aws4_request"
        canonical = "\n".join(
            [
                asked.method,
                quote(asked.path, safe="/-_.~"),
                "&".join(
                    f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}"
                    for name, value in sorted(parse_qsl(asked.query_string, True))
                ),
                *(
                    f"{name}:{' '.join(asked.headers.get(name, '').split())}"
                    for name in signed
                ),
                "",
                names,
                hashlib.sha256(asked.body).hexdigest(),
            ]
        )
        to_sign = "\n".join(
            [
                "AWS4-HMAC-SHA256",
                at,
                scope,
                hashlib.sha256(canonical.encode()).hexdigest(),
            ]
        )
        key = f"AWS4{self.secret_access_key}".encode()
        for step in (*scope.split("/"), to_sign):
            key = hmac.digest(key, step.encode(), "sha256")
        if not hmac.compare_digest(key.hex(), signature):
            raise AwsError("InvalidSignatureException", _NOT_SIGNED, status=403)

    def _check_clock(self, at: str) -> None:
        now = self.now()
        signed = datetime.strptime(at, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        if signed < now - MOST_SKEW:
            message = f"Signature expired: {at} is now earlier than"
        elif signed > now + MOST_SKEW:
            message = f"Signature not yet current: {at} is still later than"
        else:
            return
        raise AwsError(
            "InvalidSignatureException",
            f"{message} {now:%Y%m%dT%H%M%SZ} (5 min.)",
            status=403,
        )

    async def _identity(self, asked: Asked, region: str) -> Answer:
        self._check_signature(asked, "sts", region)
        if parse_qs(asked.body.decode()).get("Action") != ["GetCallerIdentity"]:
            raise AwsError("InvalidAction", "Could not find operation")
        identity = {
            "Arn": f"arn:aws:iam::{self.account_id}:user/clips",
            "UserId": "AIDAIOSFODNN7EXAMPLE",
            "Account": self.account_id,
        }
        if "json" in asked.headers.get("Accept", ""):
            return json_answer(
                {
                    "GetCallerIdentityResponse": {
                        "GetCallerIdentityResult": identity,
                        "ResponseMetadata": {"RequestId": secrets.token_hex(16)},
                    }
                }
            )
        fields = "".join(f"<{name}>{text}</{name}>" for name, text in identity.items())
        return _xml(
            '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
            f"<GetCallerIdentityResult>{fields}</GetCallerIdentityResult>"
            "<ResponseMetadata><RequestId>0</RequestId></ResponseMetadata>"
            "</GetCallerIdentityResponse>"
        )

    def _take(self, stream: str, what: str, rate: float, cost: float = 1) -> None:
        """Count what something costs. Raises AwsError where there is no more."""
        bucket = self._buckets.setdefault((stream, what), Bucket(rate, rate))
        if self.has_quotas and not bucket.take(cost):
            self.too_many += 1
            raise AwsError(
                "ClientLimitExceededException", f"Rate exceeded for stream {stream}"
            )

    def _stream(self, ask: dict[str, Any], region: str) -> KinesisStream:
        """Return the stream that is named, one way or the other. Raises AwsError."""
        name, arn = ask.get("StreamName"), ask.get("StreamARN")
        if (name is None) == (arn is None):
            raise _invalid("Either StreamName or StreamARN must be specified")
        for stream in self.streams:
            if stream.region == region and name in {None, stream.name}:
                if arn in {None, stream.arn} and stream.status != "DELETING":
                    return stream
        raise AwsError("ResourceNotFoundException", _NO_STREAM, status=404)

    def _served(
        self, ask: dict[str, Any], region: str, endpoint: str, api: str
    ) -> KinesisStream:
        """Return the stream, if this endpoint serves it. Raises AwsError."""
        stream = self._stream(ask, region)
        if endpoint != self._endpoint(stream, api):
            raise AwsError("ResourceNotFoundException", _NO_STREAM, status=404)
        return stream

    def _endpoint(self, stream: KinesisStream, api: str) -> str:
        return f"{crc32(f'{stream.arn} {api} {self._generation}'.encode()):08x}"

    async def _list_streams(self, ask: dict[str, Any], region: str) -> Answer:
        self._take(region, "ListStreams", 50)
        condition = ask.get("StreamNameCondition") or {}
        begin = condition.get("ComparisonValue") or ""
        streams = [
            stream
            for stream in self.streams
            if stream.region == region and stream.name.startswith(begin)
        ]
        most = min(_number(ask, "MaxResults", 10_000, 1, 10_000), self.largest_page)
        try:
            first = int(base64.b64decode(ask.get("NextToken") or "MA=="))
        except ValueError as err:
            raise _invalid("Invalid NextToken") from err
        answer: dict[str, Any] = {
            "StreamInfoList": [_info(stream) for stream in streams[first:][:most]]
        }
        if first + most < len(streams):
            token = base64.b64encode(str(first + most).encode())
            answer["NextToken"] = token.decode()
        return json_answer(answer)

    async def _describe_stream(self, ask: dict[str, Any], region: str) -> Answer:
        stream = self._stream(ask, region)
        self._take(stream.arn, "DescribeStream", 5)
        return json_answer({"StreamInfo": _info(stream)})

    async def _get_data_endpoint(self, ask: dict[str, Any], region: str) -> Answer:
        stream = self._stream(ask, region)
        self._take(stream.arn, "GetDataEndpoint", 5)
        api = ask.get("APIName")
        if api not in _APIS:
            raise _invalid(f"APIName must be one of {sorted(_APIS)}")
        host = f"b-{self._endpoint(stream, api)}.kinesisvideo.{region}.amazonaws.com"
        return json_answer({"DataEndpoint": f"https://{host}"})

    async def _list_fragments(
        self, ask: dict[str, Any], region: str, endpoint: str
    ) -> Answer:
        stream = self._served(ask, region, endpoint, "LIST_FRAGMENTS")
        most = _number(ask, "MaxResults", 1000, 1, 1000)
        self._take(stream.arn, "metadata", 10_000, most)
        if ask.get("NextToken") is None:
            found = self._selected(stream, ask.get("FragmentSelector")).fragments
            # "Not in any particular order, even across pages."
            self._random.shuffle(found)
        elif ask["NextToken"] in self._lists:
            found = self._lists[ask["NextToken"]]
        else:
            raise _invalid("Invalid NextToken")
        size_bytes = await self._size_bytes(stream)
        most = min(most, self.largest_page)
        answer: dict[str, Any] = {
            "Fragments": [
                {
                    "FragmentNumber": fragment.number,
                    "FragmentSizeInBytes": size_bytes,
                    "ProducerTimestamp": fragment.produced.timestamp(),
                    "ServerTimestamp": fragment.received.timestamp(),
                    "FragmentLengthInMilliseconds": stream.tells_lengths
                    * (fragment.length // timedelta(milliseconds=1)),
                }
                for fragment in found[:most]
            ]
        }
        if most < len(found):
            answer["NextToken"] = secrets.token_urlsafe(30)
            self._lists[answer["NextToken"]] = found[most:]
        return json_answer(answer)

    def _selected(self, stream: KinesisStream, selector: Any) -> _Selection:
        """Return the fragments that start in a selector's range, both ends inclusive.

        Raises AwsError.
        """
        try:
            kind = selector["FragmentSelectorType"]
            times = selector["TimestampRange"]
            start, end = _time(times["StartTimestamp"]), _time(times["EndTimestamp"])
        except (KeyError, TypeError) as err:
            raise _invalid("A selector with a range of timestamps is needed") from err
        if kind == "PRODUCER_TIMESTAMP":
            return _Selection(kind, start, end, self.kept(stream, start, end))
        if kind != "SERVER_TIMESTAMP":
            raise _invalid("Unknown FragmentSelectorType")
        delay = stream.arrival_delay
        latest = sum((later for *_, later in stream.resent), timedelta(0))
        for begin, until, _ in stream.backlogs:
            latest += until - begin
        received = [
            fragment
            for fragment in self.kept(stream, start - delay - latest, end - delay)
            if start <= fragment.received <= end
        ]
        received.sort(key=lambda fragment: (fragment.received, fragment.produced))
        return _Selection(kind, start, end, received)

    async def _size_bytes(self, stream: KinesisStream) -> int:
        """Return what a fragment's size is told to be."""
        if stream.fragment_size_bytes is not None:
            return stream.fragment_size_bytes
        shot = Shot(stream.footage, _EPOCH, _EPOCH + stream.fragment)
        path, _ = await self.clouds.film([shot])
        return path.stat().st_size

    async def _get_clip(
        self, ask: dict[str, Any], region: str, endpoint: str
    ) -> Answer:
        stream = self._served(ask, region, endpoint, "GET_CLIP")
        if not stream.retention_hours:
            raise AwsError("NoDataRetentionException", "The stream retains no data")
        kind, start, end, found = self._selected(
            stream, ask.get("ClipFragmentSelector")
        )
        if not timedelta(0) < end - start <= LONGEST_CLIP:
            raise _invalid("EndTimestamp must be within 24 hours after StartTimestamp")
        if kind == "SERVER_TIMESTAMP" and end > self.now():
            raise _invalid("EndTimestamp must be in the past")
        size_bytes = await self._size_bytes(stream)
        # Of those with one producer timestamp, the one that came first.
        oldest: dict[datetime, Fragment] = {}
        for fragment in found:
            oldest.setdefault(fragment.produced, fragment)
        most = min(self.most_fragments, max(1, self.most_bytes // size_bytes))
        chosen = [
            fragment
            for fragment in list(oldest.values())[:most]
            if not any(a <= fragment.produced < b for a, b in stream.left_out)
        ]
        if not chosen:
            raise AwsError("ResourceNotFoundException", _NO_FRAGMENTS, status=404)
        self._take(stream.arn, "metadata", 10_000, len(chosen))
        self._take(stream.arn, "media", 500, len(chosen))
        for since, until, exception in stream.spoilt:
            spoilt = [since <= fragment.produced < until for fragment in chosen]
            if exception == _UNSUPPORTED and any(spoilt) and not spoilt[0]:
                exception = "InvalidCodecPrivateDataException"
            if any(spoilt):
                raise AwsError(exception, "At least one fragment cannot be used")
        if len({fragment.footage for fragment in chosen}) > 1:
            raise AwsError(
                "InvalidCodecPrivateDataException",
                "Codec private data changes within the requested range",
            )
        path, _ = await self.clouds.film(_shots(chosen), pts="joined")
        return Answer(
            body=path,
            headers={"Content-Type": "video/mp4"},
            chunked=not self.tells_length,
        )

    async def _get_images(
        self, ask: dict[str, Any], region: str, endpoint: str
    ) -> Answer:
        stream = self._served(ask, region, endpoint, "GET_IMAGES")
        if not stream.retention_hours:
            raise AwsError("NoDataRetentionException", "The stream retains no data")
        most = min(_number(ask, "MaxResults", 25, 1, 100), self.largest_page)
        self._take(stream.arn, "metadata", 10_000, 400 + most)
        image_format = ask.get("Format")
        start, end = _time(ask.get("StartTimestamp")), _time(ask.get("EndTimestamp"))
        every = timedelta(
            milliseconds=_number(ask, "SamplingInterval", 3000, 200, 300_000)
        )
        if not timedelta(0) < end - start <= LONGEST_IMAGE_RANGE:
            raise _invalid("The range of timestamps must not exceed 300 seconds")
        if image_format not in {"JPEG", "PNG"}:
            raise _invalid("Format must be JPEG or PNG")
        kind = ask.get("ImageSelectorType")
        if kind not in {"PRODUCER_TIMESTAMP", "SERVER_TIMESTAMP"}:
            raise _invalid("Unknown ImageSelectorType")
        late = stream.arrival_delay if kind == "SERVER_TIMESTAMP" else timedelta(0)
        try:
            first = int(base64.b64decode(ask.get("NextToken") or "MA=="))
        except ValueError as err:
            raise _invalid("Invalid NextToken") from err
        count = max(1, (end - start) // every)
        images = [
            await self._image(stream, start + every * n, late, image_format)
            for n in range(first, min(count, first + most))
        ]
        answer: dict[str, Any] = {"Images": images}
        if first + most < count:
            token = base64.b64encode(str(first + most).encode())
            answer["NextToken"] = token.decode()
        return json_answer(answer)

    async def _image(
        self, stream: KinesisStream, at: datetime, late: timedelta, image_format: str
    ) -> dict[str, Any]:
        produced = at - late
        image: dict[str, Any] = {"TimeStamp": at.timestamp()}
        around = self.kept(stream, produced - stream.fragment, produced)
        shown = [f for f in around if f.produced <= produced < f.produced + f.length]
        if not shown:
            return {**image, "Error": "NO_MEDIA"}
        picture = await self.clouds.in_thread(
            partial(shown[0].footage.picture, produced)
        )
        if image_format == "PNG":
            out = BytesIO()
            with Image.open(BytesIO(picture)) as opened:
                opened.save(out, "PNG")
            picture = out.getvalue()
        return {**image, "ImageContent": base64.b64encode(picture).decode()}


def _shots(fragments: Sequence[Fragment]) -> list[Shot]:
    """Return stretches of neighbours."""
    shots: list[Shot] = []
    for fragment in fragments:
        end = fragment.produced + fragment.length
        if shots and shots[-1].end == fragment.produced:
            shots[-1] = shots[-1]._replace(end=end)
        else:
            shots.append(Shot(fragment.footage, fragment.produced, end))
    return shots


def _info(stream: KinesisStream) -> dict[str, Any]:
    return {
        "StreamName": stream.name,
        "StreamARN": stream.arn,
        "DeviceName": stream.name,
        "MediaType": stream.media_type,
        "KmsKeyId": f"arn:aws:kms:{stream.region}:{stream.account_id}:alias/aws/kinesisvideo",
        "Version": "n3HbTbpbqYbsZVSvCBbA",
        "Status": stream.status,
        "CreationTime": stream.created.timestamp(),
        "DataRetentionInHours": stream.retention_hours,
    }


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidArgumentException", message)


def _number(ask: dict[str, Any], name: str, default: int, least: int, most: int) -> int:
    value = ask.get(name, default)
    if not isinstance(value, int) or not least <= value <= most:
        raise _invalid(f"{name} must be between {least} and {most}")
    return value


def _time(value: Any) -> datetime:
    """Return a time that is told as seconds since 1970. Raises AwsError."""
    if not isinstance(value, int | float):
        raise AwsError("SerializationException", "A timestamp must be a number")
    return _EPOCH + timedelta(microseconds=round(value * 1e6))


def _sts_error(asked: Asked, err: AwsError) -> Answer:
    code = _STS_NAMES.get(err.name, err.name)
    if "json" in asked.headers.get("Accept", ""):
        error = {"Type": "Sender", "Code": code, "Message": err.message}
        return json_answer({"Error": error, "RequestId": "0"}, status=err.status)
    return _xml(
        '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
        f"<Error><Type>Sender</Type><Code>{code}</Code>"
        f"<Message>{err.message}</Message></Error><RequestId>0</RequestId>"
        "</ErrorResponse>",
        status=err.status,
    )


def _xml(text: str, *, status: int = 200) -> Answer:
    return Answer(
        status=status, body=text.encode(), headers={"Content-Type": "text/xml"}
    )
