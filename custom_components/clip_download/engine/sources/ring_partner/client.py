"""Ring through its partner API: any window, cut out by the cloud, as an MP4.

"[doc]" in a comment is https://developer.amazon.com/docs/ring/; the rest is what other
public clients saw.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
import json
import logging
import random
from typing import TYPE_CHECKING, Any, ClassVar, override
from urllib.parse import quote, urlencode

from aiohttp import ClientResponse, hdrs
from aiolimiter import AsyncLimiter
from yarl import URL

from ...errors import (
    BadAnswerError,
    CameraSettingError,
    CameraUnknownError,
    ClipError,
    CloudError,
    NoFootageError,
    NothingBeforeError,
    NotReadyError,
    RefusedError,
    SignInError,
)
from ...model import (
    Event,
    EventKind,
    Identity,
    MediaOptions,
    Part,
    Plan,
    Problem,
    ProblemKind,
)
from ...time_range import Window, to_ms
from .. import sanitize
from ..base import Download, Source, SplitError
from ..http import (
    LARGEST_JSON_BYTES,
    Http,
    download_of,
    parse_json,
    parse_url,
    read_body,
    read_json,
    trouble,
)
from ..ring.detections import seen
from .camera import PartnerCamera

if TYPE_CHECKING:
    from ..whep import Peer

_LOGGER = logging.getLogger(__name__)

HOST = "api.amazonvision.com"
API = f"https://{HOST}/v1"
ME = f"{API}/users/me"
# Where redirects to footage were seen to lead.
MEDIA_HOSTS = ("amazonvision.com", "devices.amazon.dev", "amazonaws.com", "ring.com")
# 100 requests a second for a client id [doc], of which its other uses get half.
RATE = (5, 0.1)
# "≤ 900,000 (15 minutes)" [doc]
LONGEST_REQUEST = timedelta(milliseconds=900_000)
# What an answer lacks at its end is asked for again, unless it is less than this.
SHORTEST_REST = timedelta(seconds=1)
# A request that finds nothing is repeated until so long after its end: Ring's guidance.
READY_WITHIN = timedelta(minutes=2)
# What Ring calls not ready, or has an event of, may still be uploaded for so long.
UPLOADED_WITHIN = timedelta(hours=1)
# Apart by so much at first, then by as much as has passed; later by a quarter of that.
SHORTEST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 30.0
OFFLINE_AGAIN_S = 30.0
# Pages of history hold about 50 events; so many are read for one window.
MOST_PAGES = 200
MOST_ENTRIES = 1000
# So many empty ones in a row whose cursor does not say how far back they go.
MOST_EMPTY_PAGES = 5
# After this time an event counts as ended, even if the cloud still gives no end.
ENDS_WITHIN = timedelta(minutes=10)
# What ends later than this has no end that is known.
LONGEST_EVENT_MS = 24 * 60 * 60 * 1000
# The newest picture of so long is looked for; 24 hours are the most [doc]. The shorter
# ones are for the first day: nothing may be asked from before the person's consent.
PICTURE_RANGES = (timedelta(hours=23), timedelta(hours=1), timedelta(minutes=5))
LARGEST_PICTURE_BYTES = 20 * 2**20
LARGEST_SDP_BYTES = 64 * 2**10
# How long a battery camera may take to wake up and send.
LIVE_STARTS_WITHIN_S = 30.0
MOST_STOPS = 3
STOP_PAUSE_S = 1.0
STOP_TIMEOUT_S = 20.0

# No device has more cameras.
MOST_COMPONENTS = 16

_INCLUDE = "status,capabilities"
# Not the request's fault, and gone the next time.
_PASSING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT}
_URL_EXPIRED = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.GONE}
_SESSION_GONE = {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}
# What footage comes as, readable or not; anything else is a page that stands in the way.
_MEDIA_TYPES = {"video/mp4", "application/octet-stream", "binary/octet-stream"}


class _AppRefusedError(CloudError):
    """The app that the account is linked by may not ask for this."""


@dataclass(frozen=True, kw_only=True)
class _Problem:
    """What an answer says went wrong."""

    status: int
    is_from_api: bool
    words: str

    def says(self, *words: str) -> bool:
        """Return whether the answer has any of these words in it, whatever their case."""
        return any(word in self.words.lower() for word in words)


@dataclass(frozen=True, kw_only=True)
class PartnerPart(Part):
    """A request; `begins_with_event` is None where that was not looked for."""

    begins_with_event: bool | None = None


class RingPartnerSource(Source[PartnerCamera, PartnerPart]):
    """The cameras that a person let an app of their own see. No `credentials`.

    It signs in by OAuth 2, so `access_token` is needed.
    """

    kind = "ring_partner"
    manufacturer = "Ring"
    honours = frozenset({"codec", "frame_rate", "width", "height"})
    # The most of each [doc].
    limits: ClassVar[Mapping[str, tuple[int, int]]] = {
        "frame_rate": (1, 25),
        "width": (16, 1920),
        "height": (16, 1080),
    }
    # A live session is ended after a minute, that of a battery camera after half of it.
    longest_live = timedelta(minutes=1)
    event_kinds = (EventKind.DING, EventKind.MOTION, EventKind.ON_DEMAND)
    says_what_was_seen = True
    echoes_downloads = True
    records_always = False
    # "Small delay to allow media processing" [doc].
    lag = timedelta(seconds=2)
    settles_after = READY_WITHIN

    @override
    def prepare(self) -> None:
        """Make what asks this cloud, and what is remembered of it."""
        self._http = Http(
            self.session, {HOST}, AsyncLimiter(*RATE), media_hosts=MEDIA_HOSTS
        )
        # One refresh at a time: the refresh token rotates.
        self._turn = asyncio.Lock()
        # From when on pictures may be asked for, as far as was found out.
        self._pictures_since = datetime.min.replace(tzinfo=UTC)

    # Account and cameras

    @override
    async def identify(self) -> Identity:
        """Say whose account it is; some tokens have no id, some no name."""
        answer = await self._get(ME)
        data = _dict(answer.get("data"))
        about = _dict(data.get("attributes")) or data
        names = (about.get("first_name"), about.get("last_name"))
        name = " ".join(filter(None, (sanitize.name(one, "") for one in names)))
        name = sanitize.id_of(about.get("email")) or name
        title = f"Ring partner {name}".rstrip()
        if account_id := sanitize.id_of(data.get("id")):
            return Identity(id=account_id, title=title)
        # Who has no id is known by the cameras: people may change their address.
        ids = sorted(camera.id for camera in await self.cameras())
        if not ids:
            raise BadAnswerError("cloud_nonsense")
        return Identity(id=ids[0], title=title, others=frozenset(ids[1:]))

    async def finish_linking(self, account_identifier: str) -> bool:
        """Tell Ring that the account is linked; before that it sends no webhooks.

        `account_identifier` is our name for the account, which Ring's app shows. Says
        False where there is nothing to finish: the account was linked by Ring itself, or
        a token from the playground may only read. Raises SignInError, CloudError.
        """
        body = {"status": "completed", "account_identifier": account_identifier}
        url = f"{API}/accounts/me/app-integrations"
        async with self._request(hdrs.METH_PATCH, url, body) as response:
            if response.status >= 500 or response.status in _PASSING:
                raise trouble(response)
            return response.ok

    @override
    async def cameras(self) -> list[PartnerCamera]:
        """List the cameras that the person let the app see."""
        answer = await self._get(f"{API}/devices?include={_INCLUDE}")
        devices, included = answer.get("data"), answer.get("included") or []
        if not isinstance(devices, list) or not isinstance(included, list):
            raise BadAnswerError("cloud_nonsense")
        about = {
            _named(one): _dict(one.get("attributes"))
            for one in included
            if isinstance(one, dict)
        }
        return [
            camera
            for device in devices
            if isinstance(device, dict)
            and isinstance(device.get("id"), str)
            and sanitize.id_of(device["id"])
            for camera in _cameras(device, about)
        ]

    # Clips

    @override
    async def plan(
        self,
        camera: PartnerCamera,
        window: Window,
        media_options: MediaOptions,
        events: Sequence[Event] = (),
    ) -> Plan[PartnerPart]:
        """Cut the window into requests; only fetching shows what there is of them."""
        if not events:
            try:
                events = await self.events(camera, window)
            except (CloudError, RefusedError) as err:
                # Only the record of the clip is poorer without them.
                _LOGGER.debug("No history of %s: %s", camera.id, err)
        return Plan(
            parts=[
                PartnerPart(
                    window=request,
                    event_ids=tuple(
                        event.id
                        for event in events
                        # Each download is in the history, as a live view.
                        if not self.is_echo(event) and _touches(event, request)
                    ),
                )
                for request in split_for_requests(window)
            ]
        )

    @override
    @asynccontextmanager
    async def fetch(
        self, camera: PartnerCamera, part: PartnerPart, media_options: MediaOptions
    ) -> AsyncIterator[Download]:
        """Open one part; the answer's headers say what really came."""
        body = {
            "timestamp": part.window.start_ms,
            "duration": part.window.end_ms - part.window.start_ms,
            **_video_options(media_options),
            # Without this there is no sound [doc].
            "audio_options": {"audio_enabled": media_options.audio},
            **_components(camera),
        }
        url = f"{_device_url(camera)}/media/video/download"
        try:
            async with self._request(hdrs.METH_POST, url, body) as response:
                if response.status not in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
                    problem = await _problem(response)
                    if problem.status == HTTPStatus.TOO_EARLY:
                        raise _awaited(part) or NoFootageError("footage_not_ready")
                    if (
                        problem.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
                        or _is_not_stored(problem)
                    ):
                        raise await self._not_there(camera, part)
                    raise await self._refused(camera, problem, response)
                yield _download(response, part)
        except SignInError as err:
            # It may be that only this clip is refused: then the sign-in is good.
            await self._get(ME)
            status = str(HTTPStatus.UNAUTHORIZED.value)
            raise BadAnswerError("cloud_trouble", status=status) from err

    async def _not_there(self, camera: PartnerCamera, part: PartnerPart) -> ClipError:
        """Return the error for a stretch of which nothing is found where it begins."""
        if pause_s := _pause_s(part.window.end, READY_WITHIN):
            return NotReadyError("footage_not_ready", after_s=pause_s)
        match part.begins_with_event:
            case True:
                return _awaited(part) or NoFootageError("no_footage")
            case False:
                return NoFootageError("no_footage")
        try:
            events = await self.events(camera, part.window)
        except RefusedError:
            events = []
        if any(
            # Our own request may have been noted as one, too.
            not self.is_echo(event) and _is_at(event, part.window.start)
            for event in events
        ):
            return _awaited(part) or NoFootageError("no_footage")
        # It may be that the camera recorded later on.
        starts = sorted(
            {
                event.window.start
                for event in events
                if part.window.start < event.window.start < part.window.end
            }
        )
        if not starts:
            return NoFootageError("no_footage")
        return SplitError(
            "no_footage",
            parts=[
                PartnerPart(
                    window=Window(start, end),
                    event_ids=part.event_ids,
                    begins_with_event=True,
                )
                for start, end in zip(
                    starts, [*starts[1:], part.window.end], strict=True
                )
            ],
        )

    async def _refused(
        self, camera: PartnerCamera, problem: _Problem, response: ClientResponse
    ) -> ClipError:
        """Return the error for a request that the cloud will not fulfil."""
        _LOGGER.debug("Refused for %s: %s %s", camera.id, problem.status, problem.words)
        if problem.status in _URL_EXPIRED and not problem.is_from_api:
            return CloudError("clip_url_expired")
        match problem.status:
            case HTTPStatus.FORBIDDEN:
                return await self._forbidden(camera, problem)
            case HTTPStatus.NOT_FOUND:
                return CameraUnknownError("camera_unknown")
            case HTTPStatus.UNPROCESSABLE_ENTITY:
                return RefusedError("recording_corrupt")
            case HTTPStatus.SERVICE_UNAVAILABLE if problem.says("offline"):
                return NotReadyError("device_offline", after_s=OFFLINE_AGAIN_S)
            case status if status >= 500 or status in _PASSING or status < 400:
                return trouble(response)
        return RefusedError(
            "request_refused",
            action="media/download",
            reason=problem.words or str(problem.status),
        )

    async def _forbidden(self, camera: PartnerCamera, problem: _Problem) -> ClipError:
        if problem.says("time_range_not_authorized"):
            return NothingBeforeError("before_consent")
        if problem.says("subscription") or await self._has_no_plan(camera):
            return CameraSettingError("no_plan")
        return RefusedError("camera_not_shared")

    async def _has_no_plan(self, camera: PartnerCamera) -> bool:
        """Return whether the cloud lists no subscription of this camera."""
        return bool(await self._without_plan([camera]))

    async def _without_plan(
        self, cameras: Sequence[PartnerCamera]
    ) -> list[PartnerCamera]:
        """Return the cameras of which the cloud lists no subscription."""
        try:
            answer = await self._get(f"{API}/accounts/me/subscriptions")
        except CloudError:
            return []
        plans = answer.get("data")
        if not isinstance(plans, list):
            return []
        planned = {*map(_plan_device_id, plans)}
        return [
            camera for camera in cameras if planned.isdisjoint({None, camera.device_id})
        ]

    @override
    async def problems(
        self, cameras: Sequence[PartnerCamera]
    ) -> AsyncIterator[Problem]:
        async for problem in super().problems(cameras):
            yield problem
        for camera in await self._without_plan(cameras):
            yield Problem(kind=ProblemKind.NO_PLAN, camera=camera)

    @override
    def rest(self, part: PartnerPart, window: Window) -> PartnerPart:
        # What comes after an event's footage is not its footage.
        begins = None if part.begins_with_event is None else False
        return replace(part, window=window, begins_with_event=begins)

    # Pictures and events

    @override
    async def picture(
        self, camera: PartnerCamera, *, is_fresh: bool = True
    ) -> bytes | None:
        """Return the newest picture of the last day. Ring notes that it was looked at."""
        url = f"{_device_url(camera)}/media/image/download"
        for back in PICTURE_RANGES:
            since = max(datetime.now(UTC) - back, self._pictures_since)
            body = {
                "type": "latest_in_range",
                "start_timestamp": to_ms(since),
                "image_options": {"format": "jpeg"},
                **_components(camera),
            }
            async with self._request(hdrs.METH_POST, url, body) as response:
                if response.status == HTTPStatus.OK:
                    picture = await read_body(response, LARGEST_PICTURE_BYTES)
                    self._pictures_since = since
                    return picture if sanitize.is_jpeg(picture) else None
                if response.status >= 500:
                    raise trouble(response)
                if not (await _problem(response)).says("time_range_not_authorized"):
                    return None
        return None

    @override
    async def events(self, camera: PartnerCamera, window: Window) -> list[Event]:
        """List what the camera's history holds of a window, the oldest first.

        Nothing from before the account was linked is in it. Raises SignInError,
        CloudError, RefusedError.
        """
        now = datetime.now(UTC)
        found: dict[str, Event] = {}
        keys: set[str] = set()
        empty_pages = 0
        query = {
            "event_types": "motion,ding,on_demand",
            "filter[start]": str(window.start_ms),
            "filter[end]": str(window.end_ms),
        }
        url = f"{API}/history/devices/{_quoted(camera.device_id)}/events"
        for _ in range(MOST_PAGES):
            try:
                answer = await self._get(f"{url}?{urlencode(query)}")
            except _AppRefusedError as err:
                raise RefusedError("app_refused") from err
            page = answer.get("data")
            if not isinstance(page, list) or len(page) > MOST_ENTRIES:
                raise BadAnswerError("cloud_nonsense")
            events = [event for entry in page if (event := _event(entry, now))]
            found |= {event.id: event for event in events if _touches(event, window)}
            key = _next_key(answer)
            if key is None or key in keys:
                break
            # Pages go back in time, some of them empty; the key mostly says how far.
            begins = _time(key)
            empty_pages = 0 if page or begins else empty_pages + 1
            if (
                (events and all(one.window.end < window.start for one in events))
                or (begins and begins < window.start - ENDS_WITHIN)
                or empty_pages >= MOST_EMPTY_PAGES
            ):
                break
            keys.add(key)
            query["page[key]"] = key
        else:
            # What is missing nobody knows.
            raise BadAnswerError("cloud_nonsense")
        return sorted(found.values(), key=lambda event: event.window)

    # Live

    @override
    @asynccontextmanager
    async def live(self, camera: PartnerCamera) -> AsyncIterator[None]:
        """Watch the camera live, which makes it record.

        Ring ends a session after 60 seconds, that of a battery camera after 30 [doc].
        """
        whep = await self.live_module("whep")
        peer: Peer = whep.Peer()
        try:
            session_url, answer = await self._open_session(camera, await peer.offer())
            try:
                await peer.receive(answer, LIVE_STARTS_WITHIN_S)
                yield
            finally:
                # Even if this is cancelled meanwhile.
                await asyncio.shield(self._end_session(session_url))
        finally:
            await peer.close()

    async def _open_session(self, camera: PartnerCamera, offer: str) -> tuple[str, str]:
        """Return a session's URL and answer; if cancelled, there is no session."""
        opening = asyncio.create_task(self._ask_for_session(camera, offer))
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            # It may have begun all the same.
            await asyncio.wait([opening], timeout=STOP_TIMEOUT_S)
            if opening.done() and not opening.exception():
                await self._end_session(opening.result()[0])
            else:
                opening.cancel()
            raise

    async def _ask_for_session(
        self, camera: PartnerCamera, offer: str
    ) -> tuple[str, str]:
        url = f"{_device_url(camera)}/media/streaming/whep/sessions"
        if component_id := camera.component_id:
            url += f"?{urlencode({'component_id': component_id})}"
        async with self._request(hdrs.METH_POST, url, offer) as response:
            if response.status != HTTPStatus.CREATED:
                err = await self._refused(camera, await _problem(response), response)
                raise RefusedError(err.key) if isinstance(err, NotReadyError) else err
            location = response.headers.get(hdrs.LOCATION)
            if not location:
                raise BadAnswerError("cloud_nonsense")
            session_url = response.url.join(parse_url(location))
            self._http.own_url(str(session_url))
            answer = await read_body(response, LARGEST_SDP_BYTES)
        return str(session_url), answer.decode(errors="replace")

    async def _end_session(self, session_url: str) -> None:
        """End a session; one that cannot be ended is ended by Ring before long."""
        for number in range(MOST_STOPS):
            if number:
                await asyncio.sleep(STOP_PAUSE_S)
            try:
                async with (
                    asyncio.timeout(STOP_TIMEOUT_S),
                    self._request(hdrs.METH_DELETE, session_url) as response,
                ):
                    if response.ok or response.status in _SESSION_GONE:
                        return
                    status = str(response.status)
            except (ClipError, TimeoutError) as err:
                status = str(err) or type(err).__name__
        _LOGGER.warning("Could not end a live view (%s)", status)

    # Requests

    async def _get(self, url: str) -> dict[str, Any]:
        """Return a JSON:API document. Raises SignInError, CloudError."""
        async with self._request(hdrs.METH_GET, url) as response:
            if response.status in {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}:
                raise _AppRefusedError("app_refused")
            if not response.ok:
                raise trouble(response)
            answer = await read_json(response)
        if not isinstance(answer, dict):
            raise BadAnswerError("cloud_nonsense")
        return answer

    @asynccontextmanager
    async def _request(
        self, method: str, url: str, body: Mapping[str, Any] | str | None = None
    ) -> AsyncIterator[ClientResponse]:
        """Ask with a token, and once more with a new one; `body` is JSON or SDP.

        Raises SignInError, CloudError.
        """
        content, content_type = None, ""
        if isinstance(body, str):
            content, content_type = body.encode(), "application/sdp"
        elif body is not None:
            content, content_type = json.dumps(body).encode(), "application/json"
        refused: str | None = None
        while True:
            token = await self._token(refused)
            headers: dict[str, str] = {hdrs.AUTHORIZATION: f"Bearer {token}"}
            if content_type:
                headers[hdrs.CONTENT_TYPE] = content_type
            async with self._http.request(
                method, url, headers=headers, body=content
            ) as response:
                if (
                    response.status != HTTPStatus.UNAUTHORIZED
                    or response.url.host != HOST
                ):
                    yield response
                    return
            if response.content_type == "text/html":
                # A page that stands in the way does not make the token a bad one.
                raise BadAnswerError("cloud_nonsense")
            if refused is not None:
                raise SignInError("invalid_auth")
            refused = token

    async def _token(self, refused: str | None) -> str:
        """Return a token other than the one that was refused."""
        if self.access_token is None:
            raise SignInError("invalid_auth")
        async with self._turn:
            token = await self.access_token(False)
            return token if token != refused else await self.access_token(True)


def split_for_requests(window: Window) -> list[Window]:
    """Cut a window into even requests of at most fifteen minutes."""
    length_ms = window.end_ms - window.start_ms
    count = -(-length_ms // (LONGEST_REQUEST // timedelta(milliseconds=1)))
    return window.split(timedelta(milliseconds=-(-length_ms // count)))


def _cameras(
    device: Mapping[str, Any], about: Mapping[tuple[Any, Any], dict[str, Any]]
) -> list[PartnerCamera]:
    """Return the cameras in a device: none, one, or one for each of its components."""
    related = _dict(device.get("relationships"))
    capabilities = about.get(_link(related, "capabilities"))
    # A device has no kind; one that has no video says so.
    if capabilities is not None and not any(_dict(capabilities.get("video")).values()):
        return []
    items = _dict((capabilities or {}).get("components")).get("items") or []
    ids = [
        component_id
        for item in (items if isinstance(items, list) else [])[:MOST_COMPONENTS]
        if (component_id := sanitize.id_of(_dict(item).get("component_id")))
    ]
    device_id = device["id"]
    name = sanitize.name(
        _dict(device.get("attributes")).get("name"), f"Ring {device_id[-6:]}"
    )
    if not ids:
        return [PartnerCamera(id=device_id, name=name, device_id=device_id)]
    return [
        PartnerCamera(
            id=device_id if len(ids) == 1 else f"{device_id}:{component_id}",
            name=name if len(ids) == 1 else f"{name} {number}",
            device_id=device_id,
            component_id=component_id,
        )
        for number, component_id in enumerate(ids, 1)
    ]


def _link(related: Mapping[str, Any], name: str) -> tuple[str | None, str | None]:
    return _named(_dict(_dict(related.get(name)).get("data")))


def _named(data: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return the type and the id that something is known by."""
    kind, known_as = data.get("type"), data.get("id")
    return (
        kind if isinstance(kind, str) else None,
        known_as if isinstance(known_as, str) else None,
    )


def _plan_device_id(plan: Any) -> Any:
    """Return the device that a subscription is for, None if it does not say."""
    return _link(_dict(_dict(plan).get("relationships")), "devices")[1]


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _device_url(camera: PartnerCamera) -> str:
    return f"{API}/devices/{_quoted(camera.device_id)}"


def _quoted(name: str) -> str:
    return quote(name, safe="")


def _components(camera: PartnerCamera) -> dict[str, Any]:
    if component_id := camera.component_id:
        return {"components": [{"component_id": component_id}]}
    return {}


def _video_options(media_options: MediaOptions) -> dict[str, Any]:
    """Return what of the picture was asked for; the rest is the device's to choose."""
    resolution = {
        name: value
        for name in ("width", "height")
        if (value := getattr(media_options, name)) is not None
    }
    options = {
        name: value
        for name, value in (
            ("codec", media_options.codec),
            ("frame_rate", media_options.frame_rate),
            ("resolution", resolution or None),
        )
        if value is not None
    }
    return {"video_options": options} if options else {}


def _download(response: ClientResponse, part: PartnerPart) -> Download:
    """Return what came, by the answer's headers, and what is still to be asked for."""
    asked = part.window
    start_ms = _number(response, "X-Media-Timestamp")
    length_ms = _number(response, "X-Media-Length")
    came = asked
    if start_ms is not None and length_ms is not None:
        came = Window.of_ms(start_ms, start_ms + length_ms)
    elif start_ms is not None:
        came = Window.of_ms(start_ms, max(asked.end_ms, start_ms))
    elif length_ms is not None:
        came = Window.of_ms(asked.start_ms, asked.start_ms + length_ms)
    rest = None
    # An answer that brings nothing new must not be asked on from for ever.
    if asked.start < came.end and asked.end - came.end >= SHORTEST_REST:
        rest = Window(came.end, asked.end)
    return replace(
        download_of(response),
        window=came,
        rest=rest,
        not_video=(
            CameraSettingError("media_encrypted")
            if response.content_type in _MEDIA_TYPES
            else None
        ),
    )


def _number(response: ClientResponse, header: str) -> int | None:
    value = response.headers.get(header, "").strip()
    # Past the year 2286 nothing has been filmed.
    if not value:
        return None
    if not (value.isascii() and value.isdecimal()) or len(value) > 13:
        raise BadAnswerError("cloud_nonsense")
    return int(value)


async def _problem(response: ClientResponse) -> _Problem:
    """Read what an answer says of its own status: codes, titles and details."""
    words = ""
    is_api = False
    body = await read_body(response, LARGEST_JSON_BYTES)
    try:
        answer = await parse_json(body)
    except CloudError:
        # A store of files, or a page that stands in the way.
        answer = None
    errors = _dict(answer).get("errors")
    if isinstance(errors, list):
        is_api = True
        words = "; ".join(
            str(error[name])
            for error in map(_dict, errors)
            for name in ("code", "title", "detail")
            if error.get(name)
        )
    return _Problem(
        status=response.status,
        is_from_api=is_api or response.url.host == HOST,
        words=words[:300],
    )


def _is_not_stored(problem: _Problem) -> bool:
    """Return whether a store of files has not got the file."""
    return problem.status == HTTPStatus.NOT_FOUND and not problem.is_from_api


def _awaited(part: PartnerPart) -> NotReadyError | None:
    """Return the error for what may still be uploaded, None once it is too late."""
    if pause_s := _pause_s(part.window.end, UPLOADED_WITHIN):
        return NotReadyError("footage_not_ready", after_s=pause_s)
    return None


def _pause_s(end: datetime, within: timedelta) -> float | None:
    """Return when to ask again for footage that ends then, None once it is too late."""
    age_s = (datetime.now(UTC) - end).total_seconds()
    left_s = within.total_seconds() - age_s
    if left_s <= 0:
        return None
    pause_s = min(max(age_s, SHORTEST_PAUSE_S), max(LONGEST_PAUSE_S, age_s / 4))
    # Not all at once, and once more at the very end.
    return min(pause_s * random.uniform(0.75, 1.25), left_s + 0.1)


def _event(entry: Any, now: datetime) -> Event | None:
    """Return an entry of the history, None if it is of no use."""
    about = _dict(_dict(entry).get("attributes"))
    try:
        # Numbers, some of them written as strings; no end while it goes on.
        start_ms, end_ms = int(about["start"]), int(about.get("end") or 0)
        if end_ms - start_ms > LONGEST_EVENT_MS:
            end_ms = 0
        window = Window.of_ms(start_ms, max(start_ms, end_ms))
        if not (event_id := sanitize.id_of(entry["id"])):
            return None
        ready_at = window.end + (RingPartnerSource.lag if end_ms else ENDS_WITHIN)
        return Event(
            id=event_id,
            kind=sanitize.name(about["event_type"], ""),
            seen=seen([about.get("sub_type")]),
            window=window,
            is_ready=ready_at <= now,
        )
    except KeyError, TypeError, ValueError, OverflowError, OSError:
        return None


def _touches(event: Event, window: Window) -> bool:
    return event.window.start < window.end and event.window.end >= window.start


def _is_at(event: Event, moment: datetime) -> bool:
    """Return whether an event begins then, or goes on."""
    return event.window.start == moment or (
        event.window.start < moment < event.window.end
    )


def _time(key: str) -> datetime | None:
    """Return the time that a cursor stands for, None if it is of another kind."""
    try:
        time = datetime.fromisoformat(key)
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError, ValueError:
        return None


def _next_key(answer: Mapping[str, Any]) -> str | None:
    """Return what the next page is asked for with, None after the last."""
    link = _dict(answer.get("links")).get("next")
    try:
        return URL(str(link)).query.get("page[key]") if link else None
    except ValueError as err:
        raise BadAnswerError("cloud_nonsense") from err
