"""Amazon Kinesis Video Streams: any window of a stream, in batches of its fragments.

The rules are those of https://docs.aws.amazon.com/kinesisvideostreams/latest/dg/:
API_reader_GetClip, API_reader_ListFragments, API_reader_GetImages and limits, and of
botocore's models of these services. Importing this blocks, as botocore does.
"""

import base64
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
import itertools
import json
import logging
import math
import re
from typing import Any, override

from aiohttp import ClientConnectorDNSError, ClientResponse, hdrs
from aiolimiter import AsyncLimiter
from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from yarl import URL

from ..errors import (
    BadAnswerError,
    CameraSettingError,
    CameraUnknownError,
    ClipError,
    CloudError,
    NoFootageError,
    NoPermissionError,
    NotReadyError,
    RefusedError,
    SignInError,
    UnreachableError,
)
from ..model import (
    Camera,
    Clock,
    Event,
    Identity,
    MediaOptions,
    Part,
    Plan,
    ProblemKind,
)
from ..time_range import Placing, Window, from_ms, merged, within
from . import sanitize
from .base import Download, Source, SplitError
from .http import (
    LARGEST_JSON_BYTES,
    Http,
    download_of,
    http_date,
    parse_json,
    parse_url,
    read_body,
    read_json,
    trouble,
)

_LOGGER = logging.getLogger(__name__)
# At its lowest level it logs all that it signs, the session token too.
logging.getLogger(SigV4Auth.__module__).setLevel(logging.INFO)

SERVICE = "kinesisvideo"
# A page of ListFragments costs 1000 of the 10,000 points a second of a stream.
RATE = (3, 0.5)
# GetClip costs a point a fragment, of 500 a second of a stream.
FRAGMENTS_RATE = (200, 0.7)
PAGE = 1000
# Two days of the shortest fragments. More streams than on so many pages no key sees.
MOST_PAGES = 200
MOST_STREAM_PAGES = 20

# GetClip silently stops after 200 fragments or 100 MB; these stay clear of both. Its
# third limit, 24 hours, is out of reach of so few fragments.
MOST_FRAGMENTS = 190
MOST_BYTES = 90_000_000
# What is asked for at once, so that all that may come side by side does and none is
# waited for at the end. A request for less than the least would gain nothing.
PART_BYTES = 30_000_000
LEAST_PART_BYTES = 8_000_000
LONGEST_FRAGMENT_MS = 20_000
SHORTEST_FRAGMENT_MS = 1000
# A timestamp after the year 2100 is none.
LATEST_S = 4_102_444_800
# What is asked for at once where the fragments may not be listed, as in AWS's sample.
BLIND_PART = timedelta(minutes=3)
# And how exactly it is looked for when the first of them starts.
BLIND_ACCURACY_MS = 100
# A pause between two fragments, in lengths of the first, after which a clip's time
# would no longer be the wall clock's. By the producer's clock: arrival varies more.
LONGEST_PAUSE = 0.5
# A clip is as long as its fragments but for half of one, and for how lengths are rounded.
LEAST_TOLERANCE_MS = 500
# How many fragments of a part that is refused are tried alone before it is given up.
MOST_TRIED_ALONE = 16

# Ten years are what AWS gives.
MOST_RETENTION_HOURS = 24 * 3700

NOT_READY_AGAIN_S = 5.0
PICTURE_SPAN = timedelta(seconds=30)
PICTURE_EVERY_MS = 10_000
PAST_PICTURE_EVERY_MS = 1000
# What is listed at once where footage is, and what pause in it is none.
FOOTAGE_PIECE = timedelta(hours=2)
FOOTAGE_SLACK = timedelta(seconds=1)
# In base64: 6 MiB are the most.
LONGEST_PICTURE = 9 * 2**20

_THROTTLED = {
    "ClientLimitExceededException",
    "ConnectionLimitExceededException",
    "LimitExceededException",
    "RequestLimitExceeded",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}
_BAD_KEY = {
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"}
_SKEWED = {"RequestExpired", "RequestTimeTooSkewed", "SignatureExpired"}
_DENIED = {"AccessDenied", "AccessDeniedException", "NotAuthorizedException"}
# What may be wrong with one fragment only, by the exception: its neighbours can be had.
_FRAGMENT = {
    "InvalidCodecPrivateDataException": "codec_changed",
    "InvalidMediaFrameException": "frame_broken",
    "MissingCodecPrivateDataException": "codec_data_missing",
    "UnsupportedStreamMediaTypeException": "codec_unsupported",
}
# What may come of an endpoint that no longer has a stream's footage.
_STALE_ENDPOINT = (BadAnswerError, CameraUnknownError, UnreachableError)


class _ClockSkewError(ClipError):
    """The cloud's clock and ours differ too much; `by` is how much, if it is known."""

    def __init__(self, by: timedelta | None) -> None:
        """Take the difference."""
        super().__init__("clock_skew")
        self.by = by


class FragmentError(RefusedError):
    """The footage itself is refused; that may be for a single fragment of it."""


class _Signer(SigV4Auth):  # type: ignore[misc]
    """botocore's signer, by the cloud's clock; by itself it knows ours only."""

    def __init__(
        self, credentials: Credentials, service: str, region: str, ahead: timedelta
    ) -> None:
        """Take who signs, for what, and how far the cloud's clock is ahead of ours."""
        super().__init__(credentials, service, region)
        self._ahead = ahead

    @override
    def _modify_request_before_signing(self, request: AWSRequest) -> None:
        now = datetime.now(UTC) + self._ahead
        request.context["timestamp"] = now.strftime(SIGV4_TIMESTAMP)
        super()._modify_request_before_signing(request)


@dataclass(frozen=True, kw_only=True, order=True)
class Fragment:
    """A fragment: `start_ms` is by the timestamps that were asked for.

    `produced_ms` is by the producer's, whatever was asked for. `is_copy`: it was sent
    before, and GetClip gives it once more to who asks by the time of arrival.
    """

    start_ms: int
    produced_ms: int
    length_ms: int
    size_bytes: int
    is_copy: bool = False

    @property
    def end_ms(self) -> int:
        """When it ends."""
        return self.start_ms + self.length_ms

    def follows(self, before: Fragment) -> bool:
        """Return whether its footage goes on where another's ends, without a pause."""
        distance_ms = self.produced_ms - before.produced_ms
        return 0 <= distance_ms <= before.length_ms * (1 + LONGEST_PAUSE)


@dataclass(frozen=True, kw_only=True)
class KinesisCamera(Camera):
    """A stream; `arn` is set where a person named it by that."""

    arn: str | None = None


@dataclass(frozen=True, kw_only=True)
class KinesisPart(Part):
    """Some fragments, by when each starts and how long it is.

    Where fragments may not be listed there are none: whatever starts in the window.
    """

    starts_ms: tuple[int, ...] = ()
    lengths_ms: tuple[int, ...] = ()


class KinesisSource(Source[KinesisCamera, KinesisPart]):
    """The streams of one AWS account in one region.

    Credentials: `access_key_id`, `secret_access_key`, `region`; `session_token` and
    `endpoint_url` (a VPC endpoint of the service) if there are any. `named_cameras` are
    names or ARNs of streams. A camera's id is its stream's name.
    """

    kind = "kinesis"
    manufacturer = "Amazon Kinesis Video Streams"
    honours = frozenset({"timestamps"})
    # AWS's list prices of US East: what is read from a stream, and its way out of AWS.
    usd_per_gb = 0.1
    # A request comes only so fast; the quotas count fragments, not requests.
    parts_at_once = 6
    # A fragment is there once it is whole, and listed "in less than one second".
    lag = timedelta(seconds=5)
    # A fragment may be 20 s long; the rest is for its way into the cloud.
    settles_after = timedelta(seconds=30)

    @override
    def prepare(self) -> None:
        """Make what asks this cloud, and what is remembered of it."""
        self._region: str = self.credentials["region"]
        domain = (
            "amazonaws.com.cn" if self._region.startswith("cn-") else "amazonaws.com"
        )
        service_host = f"{SERVICE}.{self._region}.{domain}"
        sts_host = f"sts.{self._region}.{domain}"
        self._sts_url = f"https://{sts_host}/"
        self._endpoint = f"https://{service_host}"
        self._hosts = {service_host, sts_host, f"{SERVICE}.{self._region}.api.aws"}
        # The host of an endpoint of the user's own.
        self._own_host: str | None = None
        if endpoint_url := self.credentials.get("endpoint_url"):
            self._endpoint = endpoint_url.rstrip("/")
            self._own_host = URL(endpoint_url).host or ""
            self._hosts.add(self._own_host)
        self._http = Http(self.session, self._hosts, AsyncLimiter(*RATE))
        self._fragments = defaultdict[str, AsyncLimiter](
            lambda: AsyncLimiter(*FRAGMENTS_RATE)
        )
        self._credentials = Credentials(
            self.credentials["access_key_id"],
            self.credentials["secret_access_key"],
            self.credentials.get("session_token") or None,
        )
        # How far the cloud's clock is ahead of ours, once it complained.
        self._ahead = timedelta(0)
        # (camera id, API) -> the endpoint that serves it.
        self._endpoints: dict[tuple[str, str], str] = {}

    @override
    async def identify(self) -> Identity:
        try:
            # STS need not be within reach of whoever needs an endpoint of their own.
            owner = self._own_host or await self._account()
            try:
                await self._ask("listStreams", {"MaxResults": 1})
            except RefusedError as err:
                # Streams can be named one by one.
                _LOGGER.debug("The streams may not be listed: %s", err)
        except CloudError as err:
            if isinstance(err.__cause__, ClientConnectorDNSError):
                raise CloudError("region_unknown", region=self._region) from err
            raise
        return Identity(
            id=f"{owner}/{self._region}", title=f"AWS {owner} ({self._region})"
        )

    @override
    async def cameras(self) -> list[KinesisCamera]:
        listed: list[Any] = []
        try:
            tokens = _Tokens(MOST_STREAM_PAGES)
            ask: dict[str, Any] = {}
            while True:
                page = await self._ask("listStreams", ask)
                listed += _list_in(page, "StreamInfoList")
                token = tokens.next_in(page)
                if token is None:
                    break
                ask = {"NextToken": token}
        except RefusedError as err:
            _LOGGER.debug("The streams may not be listed: %s", err)
            self.is_list_whole = False
        else:
            self.is_list_whole = True
            if not tokens.is_whole and not tokens.is_circle:
                raise BadAnswerError("cloud_nonsense")
        cameras = {
            name: KinesisCamera(id=name, name=name, retention=_retention(stream))
            for stream in listed
            if isinstance(stream, dict)
            and isinstance(name := stream.get("StreamName"), str)
            and sanitize.id_of(name)
        }
        for named in self.named_cameras:
            camera = _named_camera(named)
            if camera.id not in cameras and (found := await self._described(camera)):
                cameras[camera.id] = found
        return list(cameras.values())

    @override
    def why_no_cameras(self) -> ProblemKind:
        if self.is_list_whole:
            return ProblemKind.NO_STREAMS
        return ProblemKind.STREAMS_NOT_LISTED

    @override
    async def plan(
        self,
        camera: KinesisCamera,
        window: Window,
        media_options: MediaOptions,
        events: Sequence[Event] = (),
    ) -> Plan[KinesisPart]:
        selector = f"{(media_options.timestamps or Clock.PRODUCER).upper()}_TIMESTAMP"
        try:
            fragments, is_whole = await self._list_fragments(camera, window, selector)
        except NoPermissionError as err:
            _LOGGER.debug("Fragments may not be listed: %s", err)
            return await self._plan_without_list(camera, window, selector, err)
        parts = _parts(batches(fragments))
        is_fresh = datetime.now(UTC) < window.end + self.settles_after
        trouble = None if is_whole else RefusedError("list_not_whole")
        if is_fresh and (not parts or fragments[-1].end_ms < window.end_ms):
            return Plan(parts=parts, again_after_s=NOT_READY_AGAIN_S, trouble=trouble)
        if not parts:
            await self._check_retention(camera, window)
        return Plan(parts=parts, trouble=trouble)

    @override
    @asynccontextmanager
    async def fetch(
        self, camera: KinesisCamera, part: KinesisPart, media_options: MediaOptions
    ) -> AsyncIterator[Download]:
        selector = f"{(media_options.timestamps or Clock.PRODUCER).upper()}_TIMESTAMP"
        is_planned = bool(part.starts_ms)
        async with AsyncExitStack() as stack:
            try:
                response = await stack.enter_async_context(
                    self._get_clip(camera, part, selector)
                )
            except NoFootageError as err:
                if datetime.now(UTC) < part.window.end + self.settles_after:
                    raise NotReadyError(
                        "footage_not_ready", after_s=NOT_READY_AGAIN_S
                    ) from err
                raise
            except FragmentError as err:
                if await self._is_worth_halving(camera, part, selector):
                    raise SplitError(err.key, parts=self.halves(part)) from err
                raise
            # How much is in a part that was not planned, nobody knows.
            is_large = (response.content_length or 0) > MOST_BYTES
            if not is_planned and is_large and (parts := self.halves(part)):
                raise SplitError("clip_too_large", parts=parts)
            download = download_of(response)
            yield download if is_planned else replace(download, most_bytes=MOST_BYTES)

    @override
    def halves(self, part: KinesisPart) -> list[KinesisPart]:
        starts = part.starts_ms
        if not starts:
            if part.window.duration < timedelta(milliseconds=2 * SHORTEST_FRAGMENT_MS):
                return []
            halves = part.window.split(part.window.duration / 2)
            return [replace(part, window=half) for half in halves]
        cuts = [
            number
            for number, (before, start) in enumerate(itertools.pairwise(starts), 1)
            if _are_apart(before, start)
        ]
        if not cuts:
            return []
        middle = min(cuts, key=lambda cut: abs(cut - len(starts) / 2))
        lengths = part.lengths_ms
        first = _part(part.window.start_ms, starts[:middle], lengths[:middle])
        return [
            first,
            _part(first.window.end_ms, starts[middle:], lengths[middle:]),
        ]

    @override
    async def footage(
        self, camera: KinesisCamera, window: Window
    ) -> list[Window] | None:
        found: list[Window] = []
        # So that no list is long enough to hold up anything.
        for piece in window.split(FOOTAGE_PIECE):
            try:
                fragments, is_whole = await self._list_fragments(
                    camera, piece, "PRODUCER_TIMESTAMP"
                )
            except NoPermissionError:
                return None
            if not is_whole:
                return None
            spans = (Window.of_ms(one.start_ms, one.end_ms) for one in fragments)
            found += within(spans, piece)
        return merged(found, FOOTAGE_SLACK)

    @override
    async def picture(
        self, camera: KinesisCamera, *, is_fresh: bool = True
    ) -> bytes | None:
        now = datetime.now(UTC) + self._ahead
        window = Window(now - PICTURE_SPAN, now)
        images = await self._images(
            camera, window, "SERVER_TIMESTAMP", PICTURE_EVERY_MS
        )
        return images[-1][1] if images else None

    @override
    def has_pictures(self, camera: KinesisCamera) -> bool:
        return True

    @override
    async def picture_at(
        self, camera: KinesisCamera, at: datetime
    ) -> tuple[bytes, datetime] | None:
        every = timedelta(milliseconds=PAST_PICTURE_EVERY_MS)
        images = await self._images(
            camera,
            Window(at - every, at + every),
            "PRODUCER_TIMESTAMP",
            PAST_PICTURE_EVERY_MS,
        )
        if not images:
            return None
        taken, picture = min(images, key=lambda image: abs(image[0] - at))
        return picture, taken

    async def _images(
        self, camera: KinesisCamera, window: Window, selector: str, every_ms: int
    ) -> list[tuple[datetime, bytes]]:
        """Return the pictures of a short window, in order of time."""
        try:
            async with self._media(
                camera,
                "GET_IMAGES",
                "getImages",
                {
                    "ImageSelectorType": selector,
                    "StartTimestamp": window.start.timestamp(),
                    "EndTimestamp": window.end.timestamp(),
                    "SamplingInterval": every_ms,
                    "Format": "JPEG",
                },
            ) as response:
                answer = await _read_object(response, longest_text=LONGEST_PICTURE)
                images = _list_in(answer, "Images")
        except NoFootageError, RefusedError:
            return []
        try:
            contents = [
                (
                    from_ms(_ms(image.get("TimeStamp", 0))),
                    image.get("ImageContent") or "",
                )
                for image in images
            ]
        except (AttributeError, TypeError, ValueError) as err:
            raise BadAnswerError("cloud_nonsense") from err
        pictures = []
        for taken, content in contents:
            try:
                picture = base64.b64decode(content)
            except TypeError, ValueError:
                continue
            if sanitize.is_jpeg(picture):
                pictures.append((taken, picture))
        return sorted(pictures)

    async def _account(self) -> str:
        """Return the number of the AWS account that the credentials belong to."""
        async with self._send(
            self._sts_url,
            b"Action=GetCallerIdentity&Version=2011-06-15",
            service="sts",
            action="sts:GetCallerIdentity",
            content_type="application/x-www-form-urlencoded",
        ) as response:
            answer = await _read_object(response)
        try:
            notice = answer["GetCallerIdentityResponse"]["GetCallerIdentityResult"]
            account = sanitize.id_of(notice["Account"])
        except (KeyError, TypeError) as err:
            raise BadAnswerError("cloud_nonsense") from err
        if not account:
            raise BadAnswerError("cloud_nonsense")
        return account

    async def _described(self, camera: KinesisCamera) -> KinesisCamera | None:
        """Return a stream that a person named, with its retention; None if it is gone."""
        try:
            described = await self._ask("describeStream", _stream(camera))
        except CameraUnknownError:
            return None
        except RefusedError as err:
            _LOGGER.debug("Stream %s cannot be described: %s", camera.id, err)
            return camera
        return replace(camera, retention=_retention(described.get("StreamInfo")))

    async def _check_retention(self, camera: KinesisCamera, window: Window) -> None:
        """Raise RefusedError if the stream keeps nothing, or nothing so old."""
        try:
            described = await self._ask("describeStream", _stream(camera))
        except CameraUnknownError:
            raise
        except RefusedError:
            return
        retention = _retention(described.get("StreamInfo"))
        if retention is None:
            return
        if not retention:
            raise CameraSettingError("no_retention")
        if datetime.now(UTC) - window.end > retention:
            raise RefusedError("older_than_retention")

    async def _plan_without_list(
        self,
        camera: KinesisCamera,
        window: Window,
        selector: str,
        trouble: RefusedError,
    ) -> Plan[KinesisPart]:
        """Plan parts of fixed length, whatever is in them.

        GetClip leaves out the fragment that runs when its range begins. Which that is
        is looked for once nothing can be on its way any more; before, the first part
        begins as much earlier as the longest fragment lasts.
        """
        await self._check_retention(camera, window)
        early_ms = window.start_ms - LONGEST_FRAGMENT_MS
        settled = window.end + self.settles_after
        again_after_s = (settled - datetime.now(UTC)).total_seconds()
        if again_after_s > 0:
            asked = Window.of_ms(early_ms, window.end_ms)
            return Plan(
                parts=_blind_parts(asked, Placing.LOOSE),
                again_after_s=again_after_s,
                trouble=trouble,
            )

        async def starts_from(start_ms: int) -> bool:
            # The end of a range is "inclusive".
            sought = KinesisPart(window=Window.of_ms(start_ms, window.start_ms + 1))
            try:
                async with self._get_clip(camera, sought, selector):
                    return True
            except NoFootageError:
                return False
            except FragmentError:
                return True

        start_ms = window.start_ms
        if await starts_from(early_ms):
            before_ms, after_ms = early_ms, window.start_ms + 1
            while after_ms - before_ms > BLIND_ACCURACY_MS:
                middle_ms = (before_ms + after_ms) // 2
                if await starts_from(middle_ms):
                    before_ms = middle_ms
                else:
                    after_ms = middle_ms
            start_ms = before_ms
        asked = Window.of_ms(start_ms, window.end_ms)
        return Plan(parts=_blind_parts(asked, Placing.SEQUENCE), trouble=trouble)

    async def _list_fragments(
        self, camera: KinesisCamera, window: Window, selector: str
    ) -> tuple[list[Fragment], bool]:
        """Return what lies in the window and what runs on into it, in order of time.

        And whether that is all that is listed, as far as is known.
        """
        listed: list[Any] = []
        tokens = _Tokens(MOST_PAGES)
        ask: dict[str, Any] = {
            "FragmentSelector": _selector(
                selector, window.start_ms - LONGEST_FRAGMENT_MS, window.end_ms - 1
            ),
        }
        while True:
            async with self._media(
                camera, "LIST_FRAGMENTS", "listFragments", {**ask, "MaxResults": PAGE}
            ) as response:
                page = await _read_object(response)
            found = _list_in(page, "Fragments")
            if len(found) > PAGE:
                raise BadAnswerError("cloud_nonsense")
            listed += found
            token = tokens.next_in(page)
            if token is None:
                break
            ask = {"NextToken": token}
        try:
            fragments = in_order(listed, selector)
        except (KeyError, OverflowError, TypeError, ValueError) as err:
            raise BadAnswerError("cloud_nonsense") from err
        return (
            [one for one in fragments if one.end_ms > window.start_ms],
            tokens.is_whole,
        )

    @asynccontextmanager
    async def _get_clip(
        self, camera: KinesisCamera, part: KinesisPart, selector: str
    ) -> AsyncIterator[ClientResponse]:
        starts = part.starts_ms
        if starts:
            # "Inclusive", and later than the start even for a single fragment.
            start_ms, end_ms = starts[0], starts[-1] + 1
        else:
            # The next part begins with what starts at this one's end.
            start_ms, end_ms = part.window.start_ms, part.window.end_ms - 1
        most = (
            len(starts) if starts else (end_ms - start_ms) // SHORTEST_FRAGMENT_MS + 1
        )
        await self._fragments[camera.id].acquire(min(most, MOST_FRAGMENTS))
        async with self._media(
            camera,
            "GET_CLIP",
            "getClip",
            {"ClipFragmentSelector": _selector(selector, start_ms, end_ms)},
        ) as response:
            yield response

    async def _is_worth_halving(
        self, camera: KinesisCamera, part: KinesisPart, selector: str
    ) -> bool:
        """Return whether the halves of a part that is refused may not be refused.

        Fragments of it are tried alone, spread over all of it, until one is good: of
        MOST_FRAGMENTS any 13 good ones in a row are found, and where all are bad that
        costs MOST_TRIED_ALONE requests. What was not planned is halved only as far as
        it surely holds more than one fragment.
        """
        starts = part.starts_ms
        if not starts:
            longest = timedelta(milliseconds=LONGEST_FRAGMENT_MS)
            return part.window.duration >= 2 * longest
        if not self.halves(part):
            return False
        if len(starts) == 2:
            return True
        steps = min(len(starts), MOST_TRIED_ALONE) - 1
        for step in reversed(range(steps + 1)):
            start_ms = starts[(len(starts) - 1) * step // steps]
            alone = KinesisPart(window=part.window, starts_ms=(start_ms,))
            try:
                async with self._get_clip(camera, alone, selector):
                    return True
            except NoFootageError, FragmentError:
                continue
        return False

    @asynccontextmanager
    async def _media(
        self, camera: KinesisCamera, api: str, path: str, ask: Mapping[str, Any]
    ) -> AsyncIterator[ClientResponse]:
        """Ask the endpoint that has a stream's footage.

        Endpoints are remembered, which "is safe if the application reloads them on
        failure".
        """
        key = (camera.id, api)
        body = json.dumps({**_stream(camera), **ask}).encode()
        action = f"kinesisvideo:{path[0].upper()}{path[1:]}"
        async with AsyncExitStack() as stack:
            for is_new in (key not in self._endpoints, True):
                if key not in self._endpoints:
                    self._endpoints[key] = await self._data_endpoint(camera, api)
                url = f"{self._endpoints[key]}/{path}"
                try:
                    response = await stack.enter_async_context(
                        self._send(url, body, action=action)
                    )
                except _STALE_ENDPOINT:
                    self._endpoints.pop(key, None)
                    if is_new:
                        raise
                else:
                    break
            yield response

    async def _data_endpoint(self, camera: KinesisCamera, api: str) -> str:
        """Ask for the endpoint of one API of one stream, and see that it is AWS's."""
        answer = await self._ask("getDataEndpoint", {**_stream(camera), "APIName": api})
        if "DataEndpoint" not in answer:
            raise BadAnswerError("cloud_nonsense")
        endpoint = str(answer["DataEndpoint"] or "").rstrip("/")
        if self._own_host and (host := parse_url(endpoint).host):
            # Only that endpoint's owner knows where its streams are served.
            self._hosts.add(host)
        return endpoint

    async def _ask(self, path: str, ask: Mapping[str, Any]) -> dict[str, Any]:
        """Ask the control plane. Raises SignInError, CloudError, RefusedError."""
        async with self._send(
            f"{self._endpoint}/{path}",
            json.dumps(ask).encode(),
            action=f"kinesisvideo:{path[0].upper()}{path[1:]}",
        ) as response:
            return await _read_object(response)

    @asynccontextmanager
    async def _send(
        self,
        url: str,
        body: bytes,
        *,
        action: str,
        service: str = SERVICE,
        content_type: str = "application/json",
    ) -> AsyncIterator[ClientResponse]:
        """Send a signed request; yield the answer if it is a good one.

        `action` is the IAM action that it takes. Raises SignInError, CloudError,
        NoFootageError, RefusedError.
        """
        self._http.own_url(url)
        async with AsyncExitStack() as stack:
            for may_correct in (True, False):
                request = AWSRequest(
                    method=hdrs.METH_POST,
                    url=url,
                    data=body,
                    headers={hdrs.CONTENT_TYPE: content_type},
                )
                _Signer(self._credentials, service, self._region, self._ahead).add_auth(
                    request
                )
                response = await stack.enter_async_context(
                    self._http.request(
                        hdrs.METH_POST,
                        url,
                        headers={**request.headers, hdrs.ACCEPT: "application/json"},
                        body=body,
                    )
                )
                if response.status == HTTPStatus.OK:
                    break
                error = await _error(response, action, self._region)
                if not isinstance(error, _ClockSkewError):
                    raise error
                if not may_correct or error.by is None:
                    raise CloudError("clock_skew")
                self._ahead = error.by
            yield response


def in_order(found: Sequence[Mapping[str, Any]], selector: str) -> list[Fragment]:
    """Sort what ListFragments gave "in no specific order" by the chosen timestamps."""
    is_by_arrival = selector == "SERVER_TIMESTAMP"
    name = "ServerTimestamp" if is_by_arrival else "ProducerTimestamp"
    # What was sent twice has one time of the producer's; GetClip gives the oldest.
    originals: dict[int, Fragment] = {}
    copies: list[Fragment] = []
    for one in sorted(found, key=lambda one: int(one["FragmentNumber"])):
        produced_ms = _ms(one["ProducerTimestamp"])
        fragment = Fragment(
            start_ms=_ms(one[name]),
            produced_ms=produced_ms,
            length_ms=min(
                max(int(one.get("FragmentLengthInMilliseconds") or 0), 0),
                LONGEST_FRAGMENT_MS,
            ),
            size_bytes=int(one.get("FragmentSizeInBytes") or 0),
            is_copy=produced_ms in originals,
        )
        if not fragment.is_copy:
            originals[produced_ms] = fragment
        elif is_by_arrival:
            copies.append(fragment)
    return sorted([*_with_lengths(originals), *copies])


def _with_lengths(originals: Mapping[int, Fragment]) -> list[Fragment]:
    """Return fragments, by the producer's time of each, with their true lengths.

    That is the distance to the next one where it is about what the producer told, or
    where the producer told nothing.
    """
    order = sorted(originals)
    fragments: list[Fragment] = []
    for produced_ms, next_ms in itertools.zip_longest(order, order[1:]):
        length_ms = originals[produced_ms].length_ms
        distance_ms = next_ms - produced_ms if next_ms else 0
        if abs(distance_ms - length_ms) <= length_ms * LONGEST_PAUSE:
            length_ms = distance_ms
        length_ms = length_ms or min(distance_ms, LONGEST_FRAGMENT_MS)
        if not length_ms:
            length_ms = fragments[-1].length_ms if fragments else SHORTEST_FRAGMENT_MS
        fragments.append(replace(originals[produced_ms], length_ms=length_ms))
    return fragments


def batches(fragments: Sequence[Fragment]) -> list[list[Fragment]]:
    """Split fragments into runs that one GetClip gives whole, and that have no pause.

    A range of time selects just one run: none ends between fragments that start at one
    moment, or has a copy among its own.
    """
    moments: list[list[Fragment]] = []
    for fragment in fragments:
        if moments and not _are_apart(moments[-1][-1].start_ms, fragment.start_ms):
            moments[-1].append(fragment)
        else:
            moments.append([fragment])
    wanted_bytes = _wanted_bytes(fragments)
    runs: list[list[Fragment]] = []
    run: list[Fragment] = []
    size_bytes = 0
    for moment in moments:
        more = [fragment for fragment in moment if not fragment.is_copy]
        if not more:
            run = []
            continue
        more_bytes = sum(fragment.size_bytes for fragment in more)
        if (
            not run
            or size_bytes >= wanted_bytes
            or len(run) + len(more) > MOST_FRAGMENTS
            or size_bytes + more_bytes > MOST_BYTES
            or not more[0].follows(run[-1])
        ):
            run = []
            runs.append(run)
            size_bytes = 0
        run += more
        size_bytes += more_bytes
    return runs


def _wanted_bytes(fragments: Sequence[Fragment]) -> float:
    """Return how much of some fragments is asked for at once, as far as it may be."""
    sizes_bytes = [one.size_bytes for one in fragments if not one.is_copy]
    all_bytes, at_once = sum(sizes_bytes), KinesisSource.parts_at_once
    count = max(
        math.ceil(len(sizes_bytes) / MOST_FRAGMENTS),
        math.ceil(all_bytes / PART_BYTES),
        min(all_bytes // LEAST_PART_BYTES, at_once),
    )
    if count > at_once:
        # The last of them come together too.
        count = math.ceil(count / at_once) * at_once
    return all_bytes / count if all_bytes else MOST_BYTES


def _are_apart(start_ms: int, next_ms: int) -> bool:
    """Return whether a range can end with one fragment and leave out the next."""
    return next_ms - start_ms > 1


def _parts(runs: Sequence[Sequence[Fragment]]) -> list[KinesisPart]:
    """Make a part of each run; one that goes on where another ends begins there.

    By the time of arrival it may seem to begin earlier or later.
    """
    parts: list[KinesisPart] = []
    for number, run in enumerate(runs):
        start_ms = run[0].start_ms
        if number and run[0].follows(runs[number - 1][-1]):
            start_ms = parts[-1].window.end_ms
        starts = [fragment.start_ms for fragment in run]
        lengths = [fragment.length_ms for fragment in run]
        parts.append(_part(start_ms, starts, lengths))
    return parts


def _part(
    start_ms: int, starts_ms: Sequence[int], lengths_ms: Sequence[int]
) -> KinesisPart:
    """Make a part of the fragments that start at these times."""
    return KinesisPart(
        window=Window.of_ms(start_ms, start_ms + sum(lengths_ms)),
        placing=Placing.SEQUENCE,
        tolerance=timedelta(milliseconds=max(min(lengths_ms) // 2, LEAST_TOLERANCE_MS)),
        starts_ms=tuple(starts_ms),
        lengths_ms=tuple(lengths_ms),
    )


def _blind_parts(window: Window, placing: Placing) -> list[KinesisPart]:
    """Make parts of whatever fragments start in a window.

    Each but the first may begin up to a fragment late, just where the one before ends.
    """
    return [
        KinesisPart(window=part, placing=Placing.LOOSE if number else placing)
        for number, part in enumerate(window.split(BLIND_PART))
    ]


def _named_camera(named: str) -> KinesisCamera:
    """Make a camera of a stream's name or ARN ("arn:...:stream/name/created")."""
    if named.startswith("arn:"):
        name = named.split("/")[1]
        return KinesisCamera(id=name, name=name, arn=named)
    return KinesisCamera(id=named, name=named)


def _retention(about: object) -> timedelta | None:
    """Return how long a stream keeps its footage, None if AWS does not say."""
    hours = about.get("DataRetentionInHours") if isinstance(about, dict) else None
    if not isinstance(hours, int | float) or not 0 <= hours <= MOST_RETENTION_HOURS:
        return None
    return timedelta(hours=hours)


def _stream(camera: KinesisCamera) -> dict[str, str]:
    """Return how a request says which stream is meant."""
    if camera.arn:
        return {"StreamARN": camera.arn}
    return {"StreamName": camera.id}


def _selector(kind: str, start_ms: int, end_ms: int) -> dict[str, Any]:
    """Return a range of timestamps; epoch seconds, exact to the millisecond."""
    return {
        "FragmentSelectorType": kind,
        "TimestampRange": {
            "StartTimestamp": start_ms / 1000,
            "EndTimestamp": end_ms / 1000,
        },
    }


def _ms(seconds: float) -> int:
    """Return epoch milliseconds. Raises ValueError for what no clock ever showed."""
    if not 0 <= seconds < LATEST_S:
        raise ValueError(seconds)
    # A float of today is exact to 0.0003 ms only; what is left after that is cut off,
    # so that a range that begins with a fragment never begins after it.
    return int(seconds * 1000 + 0.001)


class _Tokens:
    """What the next page of a list is asked for with, until there is an end to it.

    A list `is_whole` once its last page has come; it `is_circle` if a token came twice.
    """

    def __init__(self, most_pages: int) -> None:
        """Take how many pages are read at most."""
        self.is_whole = False
        self.is_circle = False
        self._most_pages = most_pages
        self._seen: set[str] = set()

    def next_in(self, page: Mapping[str, Any]) -> str | None:
        """Return the token in a page, None where there is nothing more to ask for."""
        token = page.get("NextToken")
        if not token:
            self.is_whole = True
            return None
        if not isinstance(token, str):
            raise BadAnswerError("cloud_nonsense")
        self.is_circle = token in self._seen
        self._seen.add(token)
        is_over = self.is_circle or len(self._seen) >= self._most_pages
        return None if is_over else token


def _list_in(answer: Mapping[str, Any], name: str) -> list[Any]:
    """Return a list in an answer. Raises CloudError for an answer without such a list."""
    found = answer.get(name) or []
    # An error told with status 200 is no empty list.
    if not isinstance(found, list) or (answer and name not in answer):
        raise BadAnswerError("cloud_nonsense")
    return found


async def _read_object(
    response: ClientResponse, *, longest_text: int = sanitize.LONGEST_TEXT
) -> dict[str, Any]:
    """Return the answer's JSON object. Raises CloudError if it is none."""
    value = await read_json(response, longest_text=longest_text)
    if not isinstance(value, dict):
        raise BadAnswerError("cloud_nonsense")
    return value


async def _error(response: ClientResponse, action: str, region: str) -> ClipError:
    """Turn an answer that is not good into an error, by what AWS calls it."""
    if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return trouble(response)
    name, message = await _complaint(response)
    _LOGGER.debug(
        "%s: %s %s (request %s)",
        action,
        response.status,
        name,
        response.headers.get("x-amzn-RequestId"),
    )
    said = message.lower()
    if name in _SKEWED or "signature expired" in said or "not yet current" in said:
        return _ClockSkewError(_clock_difference(response))
    if name in _EXPIRED or ("token" in said and "is expired" in said):
        return SignInError("token_expired")
    if "valid region" in said:
        return CloudError("region_unknown", region=region)
    return _refusal(name, message, action) or trouble(response)


async def _complaint(response: ClientResponse) -> tuple[str, str]:
    """Return the name of an error and what is said of it, as far as AWS tells."""
    body = await read_body(response, LARGEST_JSON_BYTES)
    try:
        answer = await parse_json(body)
    except CloudError:
        answer = {}
    # STS wraps it; the others put it beside the message or into a header.
    if isinstance(answer, dict):
        answer = answer.get("Error", answer)
    if not isinstance(answer, dict):
        answer = {}
    name = (
        response.headers.get("x-amzn-ErrorType")
        or response.headers.get("x-amz-ErrorType")
        or answer.get("__type")
        or answer.get("Code")
        or answer.get("code")
        or ""
    )
    message = str(answer.get("Message") or answer.get("message") or "")
    return str(name).partition(":")[0].rpartition("#")[2], message


def _refusal(name: str, message: str, action: str) -> ClipError | None:
    """Return the error of a name that says what to do about it."""
    if name in _BAD_KEY:
        return SignInError("invalid_auth")
    if name in _DENIED:
        # It may be another right that is missing, such as that to a key of KMS.
        lacking = re.search(r"to perform: ([\w-]{1,64}:\w{1,64})", message)
        return NoPermissionError(
            "no_permission", action=lacking[1] if lacking else action
        )
    if name in _THROTTLED:
        return CloudError("cloud_throttled")
    if name == "ResourceNotFoundException":
        if "fragment" in message.lower():
            return NoFootageError("no_footage")
        return CameraUnknownError("camera_unknown")
    if name == "NoDataRetentionException":
        return CameraSettingError("no_retention")
    if key := _FRAGMENT.get(name):
        return FragmentError(key)
    if re.fullmatch(r"\w{1,100}", name):
        return RefusedError("request_refused", action=action, reason=name)
    return None


def _clock_difference(response: ClientResponse) -> timedelta | None:
    """Return how far the cloud's clock is ahead of ours, if it shows a time of ours."""
    theirs = http_date(response.headers.get(hdrs.DATE, ""))
    if theirs is None or not 0 < theirs.timestamp() < LATEST_S:
        return None
    return theirs - datetime.now(UTC)
