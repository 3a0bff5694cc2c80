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
import itertools
import json
import logging
from typing import Any, override

from aiohttp import ClientConnectorDNSError, ClientResponse
from aiolimiter import AsyncLimiter
from botocore.credentials import Credentials
from yarl import URL

from ...errors import (
    BadAnswerError,
    CameraSettingError,
    CameraUnknownError,
    CloudError,
    NoFootageError,
    NoPermissionError,
    NotReadyError,
    RefusedError,
    UnreachableError,
)
from ...model import Camera, Clock, Event, Identity, MediaOptions, Plan, ProblemKind
from ...time_range import Placing, Window, from_ms, merged, within
from .. import sanitize
from ..base import Download, Source, SplitError
from ..http import Http, download_of, parse_url
from .aws import SERVICE, FragmentError, PageTokens, SignedHttp, list_in, read_object
from .fragments import (
    LONGEST_FRAGMENT_MS,
    MOST_BYTES,
    MOST_FRAGMENTS,
    PARTS_AT_ONCE,
    SHORTEST_FRAGMENT_MS,
    Fragment,
    KinesisPart,
    are_apart,
    batches,
    blind_parts,
    epoch_ms,
    in_order,
    part_of,
    parts_of,
)

_LOGGER = logging.getLogger(__name__)

# A page of ListFragments costs 1000 of the 10,000 points a second of a stream.
RATE = (3, 0.5)
# GetClip costs a point a fragment, of 500 a second of a stream.
FRAGMENTS_RATE = (200, 0.7)
PAGE = 1000
# Two days of the shortest fragments. More streams than on so many pages no key sees.
MOST_PAGES = 200
MOST_STREAM_PAGES = 20
# Where fragments may not be listed: how exactly it is looked for when the first starts.
BLIND_ACCURACY_MS = 100
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

# What may come of an endpoint that no longer has a stream's footage.
_STALE_ENDPOINT = (BadAnswerError, CameraUnknownError, UnreachableError)


@dataclass(frozen=True, kw_only=True)
class KinesisCamera(Camera):
    """A stream; `arn` is set where a person named it by that."""

    arn: str | None = None


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
    parts_at_once = PARTS_AT_ONCE
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
        self._aws = SignedHttp(
            self._http,
            Credentials(
                self.credentials["access_key_id"],
                self.credentials["secret_access_key"],
                self.credentials.get("session_token") or None,
            ),
            self._region,
        )
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
            tokens = PageTokens(MOST_STREAM_PAGES)
            ask: dict[str, Any] = {}
            while True:
                page = await self._ask("listStreams", ask)
                listed += list_in(page, "StreamInfoList")
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
        parts = parts_of(batches(fragments))
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
            if are_apart(before, start)
        ]
        if not cuts:
            return []
        middle = min(cuts, key=lambda cut: abs(cut - len(starts) / 2))
        lengths = part.lengths_ms
        first = part_of(part.window.start_ms, starts[:middle], lengths[:middle])
        return [
            first,
            part_of(first.window.end_ms, starts[middle:], lengths[middle:]),
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
        now = datetime.now(UTC) + self._aws.ahead
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
                answer = await read_object(response, longest_text=LONGEST_PICTURE)
                images = list_in(answer, "Images")
        except NoFootageError, RefusedError:
            return []
        try:
            contents = [
                (
                    from_ms(epoch_ms(image.get("TimeStamp", 0))),
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
        async with self._aws.send(
            self._sts_url,
            b"Action=GetCallerIdentity&Version=2011-06-15",
            service="sts",
            action="sts:GetCallerIdentity",
            content_type="application/x-www-form-urlencoded",
        ) as response:
            answer = await read_object(response)
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
                parts=blind_parts(asked, Placing.LOOSE),
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
        return Plan(parts=blind_parts(asked, Placing.SEQUENCE), trouble=trouble)

    async def _list_fragments(
        self, camera: KinesisCamera, window: Window, selector: str
    ) -> tuple[list[Fragment], bool]:
        """Return what lies in the window and what runs on into it, in order of time.

        And whether that is all that is listed, as far as is known.
        """
        listed: list[Any] = []
        tokens = PageTokens(MOST_PAGES)
        ask: dict[str, Any] = {
            "FragmentSelector": _selector(
                selector, window.start_ms - LONGEST_FRAGMENT_MS, window.end_ms - 1
            ),
        }
        while True:
            async with self._media(
                camera, "LIST_FRAGMENTS", "listFragments", {**ask, "MaxResults": PAGE}
            ) as response:
                page = await read_object(response)
            found = list_in(page, "Fragments")
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
                        self._aws.send(url, body, action=action)
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
        async with self._aws.send(
            f"{self._endpoint}/{path}",
            json.dumps(ask).encode(),
            action=f"kinesisvideo:{path[0].upper()}{path[1:]}",
        ) as response:
            return await read_object(response)


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
