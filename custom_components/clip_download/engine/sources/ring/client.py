"""Ring through the API of its own app: whole recordings of events.

Ring documents none of it. What is relied on here was read in `ring_doorbell` and in other
public clients of that API; where they disagree, both answers are taken.
"""

import asyncio
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
    Set as AbstractSet,
)
from contextlib import (
    AbstractAsyncContextManager,
    asynccontextmanager,
    contextmanager,
    suppress,
)
from dataclasses import dataclass, replace
from datetime import MAXYEAR, UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from importlib import import_module
import json as json_module
import logging
import re
import time
from typing import Any, Literal, Self, override
from urllib.parse import urlencode

from aiohttp import BasicAuth, ClientResponse, ClientSession, hdrs
from aiolimiter import AsyncLimiter
from ring_doorbell import (
    Auth,
    AuthenticationError,
    Requires2FAError,
    Ring,
    RingDevices,
    RingDoorBell,
    RingError,
)
from ring_doorbell.const import OAuth
from yarl import URL

from ...errors import (
    AddressError,
    BadAnswerError,
    CameraSettingError,
    ClipError,
    CloudError,
    NoFootageError,
    NotReadyError,
    RefusedError,
    SignInError,
)
from ...fair_semaphore import FairSemaphore
from ...model import (
    Camera,
    Event,
    EventKind,
    Identity,
    MediaOptions,
    Part,
    Plan,
    Problem,
    ProblemKind,
    PushedEvent,
)
from ...time_range import Placing, Window, from_ms, gaps, merged, to_ms, within
from .. import sanitize
from ..base import Download, Source, SplitError
from ..http import (
    LARGEST_JSON_BYTES,
    USER_AGENT,
    Http,
    download_of,
    parse_json,
    read_body,
    retry_after_s,
)
from .detections import seen_by

OWN_HOSTS = ("ring.com", "prd-api-us.prd.rings.solutions")
# Requests, and the seconds that they are spread over. Ring tells no limit; who asked for
# several things at once had his address shut out (python-ring-doorbell#483).
RATE = (4, 2.0)
# The same for a while after Ring has throttled.
CAREFUL_RATE = (1, 5.0)
# The most that Ring puts on one page of its history (davglass/doorbot#21).
PAGE = 100
# More on a page than this is no page of Ring's, and more pages are no history: half a
# year of 200 events a day.
MOST_ENTRIES = 2000
MOST_PAGES = 400
# A search answers about 20 at once, whatever is asked for: fewer than this many have not
# been heard of, and are doubted only for stretches of the given length.
SMALLEST_SEARCH_PAGE = 10
DOUBTED_FROM = timedelta(hours=2)
# A month of 150 events a day, 20 at once. What is beyond is listed by the history.
MOST_SEARCHES = 400
# What cameras recorded around the clock, as Ring's web page asks for it. One answer is
# made for the asking, and may take long to come: it is fetched in parts.
TIMELINE_PATH = "/evm/v2/timeline/24/devices"
LONGEST_PART = timedelta(minutes=15)
# It may answer with more than was asked for, but hardly with more than this.
LONGEST_ANSWER = timedelta(hours=1)
TIMELINE_SLACK = timedelta(seconds=1)
# What a device says of itself that records so.
ALWAYS = {"true", "enabled", "on", "24x7", "24_7", "continuous", "recording_24x7"}
# Ring makes what its app shows when it is asked to, in 10 to 15 seconds mostly.
SHOWN_PATH = "/share_service/v2/transcodings/downloads"
SHOWN_AGAIN_S = 3.0
SHOWN_WITHIN_S = 120
# How many pages of history are read to make sure of a search that found nothing.
PAGES_IN_DOUBT = 10
# How much of the history a look for events begins with: mostly the newest ones will do.
FIRST_PAGE = 20
# How long it is believed that an account has a search, or that it has none.
SEARCH_KNOWN_S = 60 * 60
# The history may tell whole seconds only where the search tells milliseconds.
START_SLACK = timedelta(seconds=2)
# What has no URL so long after its end may be ready all the same.
URL_LATE = timedelta(minutes=3)
# The longest recording: an extended live view. One may begin this long before a window.
LONGEST_RECORDING = timedelta(minutes=30)
# What a recording is taken to last while Ring does not say.
UNKNOWN_DURATION = timedelta(minutes=2)
# An event is listed within seconds of its beginning.
LISTED_AFTER = timedelta(seconds=20)
# Where none is listed, it may be that the camera had no connection for a while.
LISTED_LATE = timedelta(minutes=10)
# Recordings of no known status are taken for ready so long after their end.
READY_AFTER = timedelta(minutes=10)
# A recording that is not ready by then never will be: people report up to half an hour
# (python-ring-doorbell#242).
READY_WITHIN = timedelta(hours=1)
# How long to leave a recording alone that Ring answers with 401, with a good token
# (python-ring-doorbell#483).
UNAUTHORIZED_AGAIN_S = 30.0
# How long an address is left out that gave a file without a picture.
REJECTED_FOR_S = 60 * 60
# More downloads of one account than this are never under way at once.
MOST_HANDED = 100
# A URL that came with a list of recordings is used at once or not at all.
URL_LIFETIME_S = 60
# Of how many events it is remembered that there is a picture.
MOST_THUMBNAILS = 5000
# A camera that has seen nothing for so long is worth a word when it is set up.
QUIET_FOR = timedelta(days=30)
# Most of what is polled is shorter.
LOOKED_AT = timedelta(hours=2)
# How often, and how far apart, to look for the snapshot that Ring was asked to take.
SNAPSHOT_TRIES = 3
SNAPSHOT_PAUSE_S = 1.0
# How far back an event's picture still says something, and what is too large for one.
PICTURE_SPAN = timedelta(days=3)
LARGEST_PICTURE_BYTES = 8 * 2**20
_PLAIN_ID = re.compile(r"[\w-][\w.~-]*")

_NOT_THERE = {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
    HTTPStatus.TOO_EARLY,
}
# Where a recording can be had: by what came with a list, or by asking for it.
type _Address = Literal["shown", "search", "play", "hq", "recording", "timeline"]
_DEVICES_WITH_VIDEO = ("doorbots", "authorized_doorbots", "stickup_cams")
# What of Ring's family `other` has video, and its model.
ONVIF_CAMERA = "onvif_camera"
OTHERS_WITH_VIDEO = {
    ONVIF_CAMERA: "ONVIF Camera",
    "intercom_handset_video": "Intercom Video",
}


def _hide_device(record: logging.LogRecord) -> bool:
    """Say no to a request that tells what Ring knows us by: hardware id, push token."""
    given = record.args if isinstance(record.args, tuple) else ()
    return not any(isinstance(one, dict) and "device" in one for one in given)


# ring_doorbell logs all that it asks, while somebody looks for a fault.
logging.getLogger("ring_doorbell.ring").addFilter(_hide_device)


class TwoFactorRequired(SignInError):
    """Ring has sent a code to the account's owner, and signs in only with it.

    `sent_by` is Ring's word for the way (`sms`, `email`, `totp`), `phone` the number that
    it was sent to, mostly hidden by Ring; both are empty where Ring does not say.
    """

    def __init__(self, sent_by: str, phone: str) -> None:
        """Take what Ring said of the code."""
        super().__init__("two_factor_required")
        self.sent_by = sent_by
        self.phone = phone


async def sign_in(
    session: ClientSession,
    username: str,
    password: str,
    hardware_id: str,
    code: str | None = None,
) -> dict[str, Any]:
    """Return the token for an e-mail and a password, to be kept with `hardware_id`.

    Raises TwoFactorRequired where a `code` is needed and none was given; SignInError
    `invalid_auth` or `invalid_code`; CloudError if Ring could not be asked.
    """
    auth = _Auth(**_auth_options(_http(session), hardware_id, session))
    with _our_errors():
        return dict(await auth.async_fetch_token(username, password, code))


@dataclass(frozen=True, kw_only=True)
class RingCamera(Camera):
    """A device of Ring's; `has_subscription` is None where Ring does not say."""

    has_subscription: bool | None = None
    is_e2ee: bool = False
    records_always: bool = False
    has_snapshots: bool = False


@dataclass(frozen=True, kw_only=True)
class RecordingPart(Part):
    """The recording of an event."""

    recording_id: str

    @property
    def key(self) -> str:
        """What it is known by."""
        return self.recording_id


@dataclass(frozen=True, kw_only=True)
class TimelinePart(Part):
    """A stretch of what a camera recorded around the clock."""

    camera_id: str

    @property
    def key(self) -> str:
        """What it is known by."""
        return f"{self.camera_id} {self.window}"


type RingPart = RecordingPart | TimelinePart


class RingSource(Source[RingCamera, RingPart]):
    """One Ring account. `credentials`: `username`, `token`, `hardware_id`, `listen_token`.

    With `access_token` the sign-in is borrowed: then only `hardware_id` is needed, and no
    token is ever refreshed or kept here.
    """

    kind = "ring"
    manufacturer = "Ring"
    event_kinds = tuple(EventKind)
    says_what_was_seen = True
    # A live session is ended after a minute, that of a battery camera after half of it.
    longest_live = timedelta(minutes=1)
    keeps_recordings = True
    records_always = False
    lag = timedelta(seconds=10)

    @override
    def prepare(self) -> None:
        """Make what asks this cloud, and what is remembered of it."""
        self._http = _http(self.session)
        if self.access_token:
            self._auth: _Auth = _BorrowedAuth(
                self.access_token,
                **_auth_options(self._http, self._hardware_id, self.session),
            )
        else:
            self._auth = _Auth(
                token=dict(self.credentials["token"]),
                **_auth_options(self._http, self._hardware_id, self.session),
            )
            self._auth.keep = self._keep_token
        self._ring = SessionRing(self._auth)
        if self.access_token:
            # A new session of a device ends the pushes to it, and they are its owner's:
            # one is opened only where Ring says that there is none.
            has_one: Any = {}
            self._ring.session = has_one
        # ring_doorbell would refresh the token once for each request under way.
        self._turn = FairSemaphore(1)
        self._unknown_kinds: set[str] = set()
        self._urls: dict[str, _Kept[Mapping[_Address, str]]] = {}
        # The address of each event's picture.
        self._thumbnails: dict[str, _Kept[str]] = {}
        # The address that each recording came from last, and those that gave no video.
        self._handed: dict[str, _Address] = {}
        self._rejected: dict[str, _Kept[set[_Address]]] = {}
        # Whether the search tells of a camera, by its id.
        self._has_search: dict[str, _Kept[bool]] = {}
        # The cameras whose timeline was seen to have what they record around the clock.
        self._with_timeline: set[str] = set()
        # When Ring was asked to make a recording as its app shows it, by its id.
        self._asked_shown: dict[str, _Kept[None]] = {}
        # The most that a search has answered at once.
        self._search_page = 1
        # The fewest that were seen to be cut short.
        self._search_cut_at = SMALLEST_SEARCH_PAGE
        self._listen_token: dict[str, Any] | None = self.credentials.get("listen_token")

    @property
    def _hardware_id(self) -> str:
        return str(self.credentials["hardware_id"])

    @override
    async def identify(self) -> Identity:
        """Open a session, which tells whose it is; a borrowed one is left alone."""
        if self.access_token:
            notice = await self._ask_json("/clients_api/profile")
        else:
            await self._call(self._ring.async_create_session)
            notice = self._ring.session
        with _our_errors():
            profile = notice["profile"]
            if not (account_id := _id(profile["id"])):
                raise BadAnswerError("cloud_nonsense")
            known_as = self.credentials.get("username", "")
            email = sanitize.name(profile.get("email"), known_as)
        return Identity(id=account_id, title=f"Ring {email}")

    @override
    async def check_sign_in(self) -> None:
        """Ask for the profile: a new session would forget where to push to."""
        await self._ask_json("/clients_api/profile")

    @override
    async def cameras(self) -> list[RingCamera]:
        """List the devices that have video, of kinds unknown to ring_doorbell too."""
        await self._call(self._ring.async_update_devices)
        data = self._ring.devices_data
        if not any(family in data for family in (*_DEVICES_WITH_VIDEO, "other")):
            raise BadAnswerError("cloud_nonsense")
        with _our_errors():
            # `Ring.devices()` would stay as it was the first time.
            devices = RingDevices(self._ring, data)
            known = devices.video_devices
            # ring_doorbell takes these for intercoms without video, or leaves them out.
            others = [
                (attributes, OTHERS_WITH_VIDEO[kind])
                for attributes in data.get("other", {}).values()
                if (kind := attributes.get("kind")) in OTHERS_WITH_VIDEO
            ]
        makers = [
            *(partial(self._known_camera, device, data) for device in known),
            *(partial(self._camera, "other", *other) for other in others),
        ]
        cameras: list[RingCamera] = []
        for make in makers:
            # One that makes no sense must not hide the others.
            with suppress(CloudError), _our_errors():
                cameras += filter(None, [make()])
        if makers and not cameras:
            raise BadAnswerError("cloud_nonsense")
        return cameras

    def _known_camera(
        self, device: RingDoorBell, data: Mapping[str, Any]
    ) -> RingCamera | None:
        attributes = data[device.family][device.id]
        model = self._model(device, attributes.get("kind"))
        return self._camera(device.family, attributes, model)

    def _camera(
        self, family: str, attributes: Mapping[str, Any], model: str | None
    ) -> RingCamera | None:
        is_subscribed = _object(attributes.get("features")).get("show_recordings")
        is_doorbell = (
            family != "stickup_cams" and attributes.get("kind") != ONVIF_CAMERA
        )
        if not (camera_id := _id(attributes["id"])):
            return None
        return RingCamera(
            id=camera_id,
            name=sanitize.name(attributes.get("description"), f"Ring {camera_id}"),
            model=sanitize.name(model, "") or None,
            serial_number=sanitize.name(attributes.get("device_id"), "") or None,
            firmware=sanitize.name(attributes.get("firmware_version"), "") or None,
            is_doorbell=is_doorbell,
            has_subscription=is_subscribed if isinstance(is_subscribed, bool) else None,
            is_e2ee=attributes.get("e2ee_enabled") is True,
            records_always=_records_always(attributes),
            has_snapshots=_has_snapshots(attributes),
        )

    def _model(self, device: RingDoorBell, kind: str | None) -> str | None:
        # ring_doorbell logs an error each time it is asked about a kind that it does not know.
        if kind is None or kind in self._unknown_kinds:
            return kind
        if (model := device.model).startswith("Unknown"):
            self._unknown_kinds.add(kind)
            return kind
        return model

    @override
    async def plan(
        self,
        camera: RingCamera,
        window: Window,
        media_options: MediaOptions,
        events: Sequence[Event] = (),
    ) -> Plan[RingPart]:
        """Say which recordings overlap the window, or which of the events are there.

        Events whose recordings are ready cost no request.
        """
        now = datetime.now(UTC)
        if events:
            return await self._plan_events(camera, events, now)
        if camera.records_always:
            return await self._plan_timeline(camera, window, now)
        return await self._plan_recordings(camera, window, now)

    async def _plan_recordings(
        self, camera: RingCamera, window: Window, now: datetime
    ) -> Plan[RingPart]:
        found = [
            recording
            for recording in await self._recordings(camera, window, now)
            if recording.window.overlaps(window)
        ]
        given = [recording for recording in found if recording.is_given]
        if not given:
            _check_not_refused(camera, found)
        ready = [recording for recording in given if recording.is_ready_at(now)]
        self._keep_urls(ready)
        return Plan(
            parts=[
                _part(recording.id, recording.window)
                for recording in sorted(ready, key=lambda one: one.window)
            ],
            again_after_s=(
                _again_after_s(now - window.end)
                if _may_grow(window, given, now)
                else None
            ),
            lists_nothing=not found,
        )

    async def _plan_timeline(
        self, camera: RingCamera, window: Window, now: datetime
    ) -> Plan[RingPart]:
        """Plan what a camera recorded around the clock, and events where it did not."""
        covered, empty = await self._timeline(camera, window)
        parts: list[RingPart] = [
            _timeline_part(camera, piece)
            for span in covered
            for piece in _clipped(span.window, window).split(LONGEST_PART)
        ]
        if parts:
            self._with_timeline.add(camera.id)
        missing = gaps(
            window, (*(one.window for one in covered), *empty), TIMELINE_SLACK
        )
        if not missing:
            return Plan(parts=parts)
        try:
            plan = await self._plan_recordings(camera, window, now)
        except RefusedError:
            if not parts:
                raise
            plan = Plan(parts=())
        again_after_s, lists_nothing = plan.again_after_s, plan.lists_nothing
        if camera.id in self._with_timeline and now < window.end + LISTED_LATE:
            again_after_s, lists_nothing = _again_after_s(now - window.end), False
        parts += [
            part
            for part in plan.parts
            if any(part.window.overlaps(span) for span in missing)
        ]
        parts.sort(key=lambda part: part.window)
        return Plan(
            parts=parts, again_after_s=again_after_s, lists_nothing=lists_nothing
        )

    async def _timeline(
        self, camera: RingCamera, window: Window
    ) -> tuple[list[_Continuous], list[Window]]:
        """Return what was recorded around the clock, and where Ring says nothing was.

        Both are empty where the timeline says anything that is not expected of it: one
        public client is all that is known of it.
        """
        try:
            answer = await self._ask_json(
                f"{TIMELINE_PATH}/{camera.id}",
                start_time=_iso(window.start),
                end_time=_iso(window.end),
                order="ASC",
                visualizations="cloud,local,footage",
            )
            with _our_errors():
                items = [item for slot in answer["timeline"] for item in slot["items"]]
                covered = [one for item in items if (one := _continuous(item, window))]
                empty = [
                    span
                    for item in items
                    if item["schema"] == "Gap" and (span := _overlapping(item, window))
                ]
        except BadAnswerError as err:
            if (
                isinstance(err, _BadStatus)
                and err.status >= HTTPStatus.INTERNAL_SERVER_ERROR
                and camera.id in self._with_timeline
            ):
                raise
            return [], []
        return sorted(covered, key=lambda one: one.window), empty

    async def _plan_events(
        self, camera: RingCamera, events: Sequence[Event], now: datetime
    ) -> Plan[RingPart]:
        ready = {
            event.id: _window(event.window.start, event.window.duration)
            for event in events
            if event.is_ready
        }
        late = {event.id: event for event in events if not event.is_ready}
        again_after_s = None
        if late:
            around = _around([event.window.start for event in late.values()])
            looked = await self._look(camera, around, now)
            found = {one.id: one for one in looked if one.id in late}
            given = {one.id: one for one in found.values() if one.is_given}
            if not ready and not given:
                _check_not_refused(camera, list(found.values()))
            ready |= {
                one.id: one.window for one in given.values() if one.is_ready_at(now)
            }
            # What is listed no more, or not yet, may be listed again.
            ends = [
                one.window.end for one in given.values() if one.is_awaited_at(now)
            ] + [
                event.window.end
                for event in late.values()
                if event.id not in found and now < event.window.end + READY_WITHIN
            ]
            if ends:
                again_after_s = _again_after_s(now - max(ends))
        return Plan(
            parts=[
                _part(recording_id, window)
                for recording_id, window in sorted(
                    ready.items(), key=lambda item: item[1]
                )
            ],
            again_after_s=again_after_s,
        )

    @override
    async def events(self, camera: RingCamera, window: Window) -> list[Event]:
        """List the events that begin in the window.

        Those that Ring will never hand over are called ready: whoever fetches one is told
        at once why it is not given, instead of waiting for it.
        """
        now = datetime.now(UTC)
        found = await self._look(camera, window, now)
        is_refused = _is_refused(camera)
        return [
            Event(
                id=one.id,
                kind=one.kind,
                window=(
                    one.window
                    if one.has_end
                    else Window(one.window.start, one.window.start)
                ),
                seen=one.seen,
                is_ready=is_refused or one.is_settled_at(now),
            )
            for one in sorted(found, key=lambda one: one.window)
        ]

    @override
    async def footage(self, camera: RingCamera, window: Window) -> list[Window] | None:
        if not camera.records_always:
            return None
        covered, _ = await self._timeline(camera, window)
        return merged(within((one.window for one in covered), window), TIMELINE_SLACK)

    @override
    def has_event_picture(self, event: Event) -> bool:
        return event.id in self._thumbnails

    @override
    async def event_picture(self, camera: RingCamera, event: Event) -> bytes | None:
        kept = self._thumbnails.get(event.id)
        if kept is None or not kept.is_younger_than(URL_LIFETIME_S):
            start_ms = event.window.start_ms
            try:
                entries = await self._search_once(camera, _Span(start_ms, start_ms))
                with _our_errors():
                    self._keep_thumbnails(dict(_parsed(entries)).values())
            except BadAnswerError:
                return None
            kept = self._thumbnails.get(event.id)
        return await self._thumbnail(kept.value) if kept else None

    async def _look(
        self, camera: RingCamera, window: Window, now: datetime
    ) -> list[_Recording]:
        """Return the recordings that begin in a window, mostly by one request.

        The search brings URLs with it, the history tells what is ready. The history
        alone is asked for a while where the search fails, finds nothing that could prove
        that it knows the camera, or tells no URL of what is ready; but of a long window,
        as a person looks at, it may have pictures.
        """
        known = self._has_search.get(camera.id)
        has_search = (
            known.value if known and known.is_younger_than(SEARCH_KNOWN_S) else None
        )
        searched: dict[str, _Recording] = {}
        listed: dict[str, _Recording] = {}
        if has_search is not False or window.duration >= LOOKED_AT:
            try:
                searched = await self._search(camera, window)
            except BadAnswerError:
                has_search = False
            if searched or not has_search:
                has_search = bool(searched)
                self._has_search[camera.id] = _Kept(has_search)
        if not has_search or any(one.is_doubted_at(now) for one in searched.values()):
            listed = await self._history(camera, window, first_page=FIRST_PAGE)
            # What is not given has no URL anywhere.
            if any(
                one.is_given
                and not one.urls
                and one.id in listed
                and listed[one.id].is_ready
                for one in searched.values()
            ):
                self._has_search[camera.id] = _Kept(value=False)
        found = [
            one.joined_with(searched.get(one.id))
            for one in (searched | listed).values()
        ]
        self._keep_urls(found)
        self._keep_thumbnails(found)
        return [one for one in found if window.start <= one.window.start < window.end]

    async def _recordings(
        self, camera: RingCamera, window: Window, now: datetime
    ) -> list[_Recording]:
        """Return the recordings in and around a window, by search, else by history."""
        around = Window(window.start - LONGEST_RECORDING, window.end)
        try:
            found = await self._search(camera, around)
        except BadAnswerError:
            return list((await self._history(camera, around)).values())
        overlapping = [one for one in found.values() if one.window.overlaps(window)]
        if overlapping and all(one.is_settled_at(now) for one in overlapping):
            return list(found.values())
        # The search tells no status, and is switched off for some accounts.
        listed = await self._history(camera, around, PAGES_IN_DOUBT)
        return [one.joined_with(found.get(one.id)) for one in (found | listed).values()]

    async def _search(
        self, camera: RingCamera, around: Window
    ) -> dict[str, _Recording]:
        """Return what begins in a window: all of it, however few are answered at once.

        Where an answer may be cut short, at whichever end, what lies before its oldest
        and after its newest is searched, too, until nothing new comes.
        """
        found: dict[str, _Recording] = {}
        left = [_Span(around.start_ms, around.end_ms)]
        for _ in range(MOST_SEARCHES):
            if not left:
                return found
            span = left.pop()
            entries = await self._search_once(camera, span)
            with _our_errors():
                page = dict(_parsed(entries))
            page = {
                one.id: one
                for one in page.values()
                if span.begin_ms <= one.window.start_ms <= span.end_ms
            }
            is_new = any(
                # What has only just been listed proves nothing.
                one.window.end < datetime.now(UTC) - LISTED_LATE
                for one in page.values()
                if one.id not in found
            )
            found |= page
            if is_new and span.beside:
                self._search_cut_at = min(self._search_cut_at, span.beside)
                if span.is_beside_one_moment:
                    # Of what begins at once, a search tells no more than that many.
                    break
            if self._is_whole(entries, span):
                continue
            if not page:
                break
            starts = [one.window.start_ms for one in page.values()]
            left += span.around(min(starts), max(starts), len(entries))
        listed = await self._history(camera, around)
        return found | {
            one.id: one.joined_with(found.get(one.id)) for one in listed.values()
        }

    def _is_whole(self, entries: Sequence[object], span: _Span) -> bool:
        """Return whether a search answered all that there is of a stretch."""
        # What was deleted may take its place in an answer.
        if len(entries) < self._search_page / 2:
            return True
        self._search_page = max(self._search_page, len(entries))
        return not entries or (
            len(entries) < self._search_cut_at
            and span.duration_ms < DOUBTED_FROM / timedelta(milliseconds=1)
        )

    async def _search_once(
        self, camera: RingCamera, span: _Span, order: str = "asc"
    ) -> list[Any]:
        answer = await self._ask_json(
            "/clients_api/video_search/history",
            doorbot_id=camera.id,
            date_from=span.begin_ms,
            date_to=span.end_ms,
            order=order,
            api_version=11,
            **{"includes[]": "pva"},
        )
        with _our_errors():
            return _entries(answer["video_search"])

    async def _history(
        self,
        camera: RingCamera,
        around: Window,
        most_pages: int | None = None,
        *,
        first_page: int = PAGE,
    ) -> dict[str, _Recording]:
        found: dict[str, _Recording] = {}
        limit = first_page
        older_than: dict[str, str] = {}
        seen: set[str] = set()
        for _ in range(MOST_PAGES if most_pages is None else most_pages):
            try:
                answer = await self._ask_json(
                    f"/clients_api/doorbots/{camera.id}/history",
                    limit=limit,
                    **older_than,
                )
            except _BadStatus as err:
                if err.status == HTTPStatus.FORBIDDEN:
                    raise RefusedError("recordings_refused") from err
                raise
            with _our_errors():
                entries = _entries(answer)
                page = dict(_parsed(entries))
                ids = [one for entry in entries if (one := _event_id(_object(entry)))]
            found |= page
            # Pages go back in time, but a camera that records all day may answer each with
            # the same one (home-assistant/core#176299).
            is_past = any(one.window.start < around.start for one in page.values())
            if is_past or seen.issuperset(ids) or len(entries) < FIRST_PAGE:
                break
            seen.update(ids)
            limit = PAGE
            older_than = {"older_than": ids[-1]}
        else:
            if most_pages is None:
                # What is missing nobody knows.
                raise BadAnswerError("cloud_nonsense")
        return found

    @override
    @asynccontextmanager
    async def fetch(
        self,
        camera: RingCamera,
        part: RingPart,
        media_options: MediaOptions,
    ) -> AsyncIterator[Download]:
        """Open one recording, as it was made: without Ring's logo and clock in it.

        One that was no video before is fetched from another address, which may have
        these, until there is none left.
        """
        if isinstance(part, TimelinePart):
            async with self._fetch_timeline(camera, part) as download:
                yield download
            return
        recording_id = part.recording_id
        skipped = self._rejected_of(recording_id)
        while True:
            name, url = await self._address(camera, part, skipped)
            skipped.add(name)
            async with self._http.get_signed(url) as response:
                if _is_there(response):
                    self._hand(recording_id, name)
                    yield replace(
                        download_of(response),
                        longest=(
                            LONGEST_RECORDING
                            if part.window.duration == UNKNOWN_DURATION
                            else None
                        ),
                        begins_earlier=name == "shown",
                    )
                    return

    @asynccontextmanager
    async def _fetch_timeline(
        self, camera: RingCamera, part: TimelinePart
    ) -> AsyncIterator[Download]:
        """Open what was recorded around the clock, or bring the events' recordings."""
        window = part.window
        covered, _ = await self._timeline(camera, window)
        if covered and not self._rejected_of(part.key):
            longest = max(covered, key=lambda one: one.window.duration)
            async with self._http.get_signed(longest.url) as response:
                if _is_there(response):
                    self._hand(part.key, "timeline")
                    yield replace(
                        download_of(response),
                        window=longest.window,
                        longest=min(longest.window.duration, LONGEST_ANSWER),
                    )
                    return
        plan = await self._plan_recordings(camera, window, datetime.now(UTC))
        if not plan.parts:
            raise NoFootageError("no_footage")
        raise SplitError("no_footage", parts=plan.parts)

    def _hand(self, key: str, name: _Address) -> None:
        """Note where a part comes from; whoever rejects it does so before long."""
        self._handed = dict([*self._handed.items(), (key, name)][-MOST_HANDED:])

    @override
    def rejected(self, part: RingPart, err: CloudError) -> ClipError:
        """Take the next address when the recording is asked for again."""
        key = part.key
        self._rejected = {
            other: kept
            for other, kept in self._rejected.items()
            if kept.is_younger_than(REJECTED_FOR_S)
        }
        names = self._rejected_of(key) | {self._handed[key]}
        self._rejected[key] = _Kept(names)
        return AddressError(err.key)

    def _rejected_of(self, key: str) -> set[_Address]:
        """Return the addresses that gave no video of a part, for a while."""
        kept = self._rejected.get(key)
        return (
            set(kept.value) if kept and kept.is_younger_than(REJECTED_FOR_S) else set()
        )

    async def _address(
        self, camera: RingCamera, part: RecordingPart, skipped: AbstractSet[_Address]
    ) -> tuple[_Address, str]:
        """Return an address of a recording and its signed URL, good for one use now.

        What was made of it for people to share is the last resort. Raises what there is
        to say where none is left.
        """
        recording_id = part.recording_id
        is_old = datetime.now(UTC) >= part.window.end + READY_WITHIN
        is_rejected = bool(self._rejected_of(recording_id))
        if (
            self.options.get("as_shown")
            and "shown" not in skipped
            and (url := await self._shown_url(recording_id))
        ):
            return "shown", url
        urls = self._taken_urls(recording_id)
        if "search" in urls and "search" not in skipped:
            return "search", urls["search"]
        if "play" not in skipped and (url := await self._asked_url(part, "share/play")):
            return "play", url
        if not urls:
            # A search may still have what is given nowhere else.
            await self._check_given(camera, part)
            urls = self._taken_urls(recording_id)
            if "search" in urls and "search" not in skipped:
                return "search", urls["search"]
        if is_old or is_rejected:
            if "hq" in urls and "hq" not in skipped:
                return "hq", urls["hq"]
            if "recording" not in skipped and (
                url := await self._asked_url(part, "recording")
            ):
                return "recording", url
        if is_rejected:
            raise RefusedError("recording_not_video")
        if is_old:
            raise NoFootageError("no_footage")
        raise _not_ready(part)

    async def _shown_url(self, recording_id: str) -> str | None:
        """Return the URL of a recording as Ring's app shows it, from before its event.

        Raises NotReadyError while Ring makes it. None where it does not.
        """
        asked = self._asked_shown.pop(recording_id, None)
        try:
            if asked:
                body = await self._ask(
                    f"{SHOWN_PATH}/{recording_id}", params={"file_type": "VIDEO"}
                )
            else:
                body = await self._ask(
                    SHOWN_PATH,
                    method=hdrs.METH_POST,
                    json={
                        "ding_id": recording_id,
                        "file_type": "VIDEO",
                        "send_push_notification": False,
                    },
                )
            with _our_errors():
                answer = _json(body)
                status, url = answer["status"], _https_url(answer.get("result_url"))
        except BadAnswerError:
            return None
        if status != "pending":
            return url
        asked = asked or _Kept(None)
        if not asked.is_younger_than(SHOWN_WITHIN_S):
            return None
        self._asked_shown[recording_id] = asked
        raise NotReadyError("footage_not_ready", after_s=SHOWN_AGAIN_S)

    async def _check_given(self, camera: RingCamera, part: RecordingPart) -> None:
        """Raise RefusedError for a recording that Ring will never hand over."""
        # Only the search tells what is encrypted, whatever was believed of it.
        self._has_search.pop(camera.id, None)
        around = _around([part.window.start])
        found = await self._look(camera, around, datetime.now(UTC))
        own = [one for one in found if one.id == part.recording_id]
        is_refused = _is_refused(camera)
        if not any(one.is_given and (one.is_ready or not is_refused) for one in own):
            _check_not_refused(camera, own)

    def _taken_urls(self, recording_id: str) -> Mapping[_Address, str]:
        """Return the URLs that came with a list; they are used at once or not at all."""
        kept = self._urls.pop(recording_id, None)
        return kept.value if kept and kept.is_younger_than(URL_LIFETIME_S) else {}

    async def _asked_url(self, part: RecordingPart, which: str) -> str | None:
        """Return a signed URL that Ring is asked for, None where it has none."""
        recording_id = part.recording_id
        try:
            answer = await self._ask_json(
                f"/clients_api/dings/{recording_id}/{which}", disable_redirect="true"
            )
        except _BadStatus as err:
            if err.status == HTTPStatus.FORBIDDEN:
                raise RefusedError("recordings_refused") from err
            if err.status in _NOT_THERE:
                return None
            if err.status == HTTPStatus.UNAUTHORIZED:
                err.retry_after_s = UNAUTHORIZED_AGAIN_S
            raise
        if not isinstance(answer, dict):
            raise BadAnswerError("cloud_nonsense")
        if not answer.get("url"):
            return None
        if not (url := _https_url(answer["url"])):
            raise BadAnswerError("cloud_nonsense")
        return url

    @override
    async def picture(
        self, camera: RingCamera, *, is_fresh: bool = True
    ) -> bytes | None:
        """Return a snapshot that Ring takes now, or else the last that Ring has.

        A fresh one takes up to five requests and as many seconds, and wakes a battery
        camera. Without, it is the newest event's picture, or for a camera that takes
        snapshots by itself the last of these: one or two requests.
        """
        if is_fresh:
            has_any = await self._take_snapshot(camera)
            return await self._snapshot(camera) if has_any else None
        ways = [self._last_thumbnail, self._snapshot]
        if camera.has_snapshots:
            ways.reverse()
        for way in ways:
            if picture := await way(camera):
                return picture
        return None

    async def _snapshot(self, camera: RingCamera) -> bytes | None:
        try:
            picture = await self._ask(f"/clients_api/snapshots/image/{camera.id}")
        except _BadStatus as err:
            if err.status in _NOT_THERE:
                return None
            raise
        return picture if sanitize.is_jpeg(picture) else None

    async def _last_thumbnail(self, camera: RingCamera) -> bytes | None:
        """Return the picture of the newest event that has one, of the last days."""
        now = to_ms(datetime.now(UTC))
        span = _Span(now - PICTURE_SPAN // timedelta(milliseconds=1), now)
        try:
            entries = await self._search_once(camera, span, order="desc")
            with _our_errors():
                urls = [
                    (moment, url)
                    for entry in map(_object, entries)
                    if (moment := _moment(entry.get("created_at")))
                    and (url := _https_url(entry.get("thumbnail_url")))
                ]
            if not urls:
                return None
        except BadAnswerError:
            return None
        return await self._thumbnail(max(urls)[1])

    async def _thumbnail(self, url: str) -> bytes | None:
        try:
            async with self._http.get_signed(url) as response:
                if response.status != HTTPStatus.OK:
                    return None
                picture = await read_body(response, LARGEST_PICTURE_BYTES)
        except BadAnswerError:
            return None
        return picture if sanitize.is_jpeg(picture) else None

    async def _take_snapshot(self, camera: RingCamera) -> bool:
        """Wait a little for a new snapshot; return whether there is any at all."""
        taken_ms = first_ms = await self._snapshot_taken_ms(camera)
        for _ in range(SNAPSHOT_TRIES):
            if taken_ms is None or taken_ms != first_ms:
                break
            await asyncio.sleep(SNAPSHOT_PAUSE_S)
            taken_ms = await self._snapshot_taken_ms(camera)
        return taken_ms is not None

    async def _snapshot_taken_ms(self, camera: RingCamera) -> int | None:
        """Return when the newest snapshot was taken; asking makes Ring take another."""
        with _our_errors():
            doorbot_ids = [int(camera.id)]
        answer = await self._ask(
            "/clients_api/snapshots/timestamps",
            method="POST",
            json={"doorbot_ids": doorbot_ids},
        )
        with _our_errors():
            timestamps = _json(answer)["timestamps"]
            return int(timestamps[0]["timestamp"]) or None if timestamps else None

    @override
    async def listen(self, heard: Callable[[PushedEvent | None], None]) -> None:
        """Register for Ring's push messages, and call `heard` at each with the camera.

        Where the sign-in is borrowed, its owner listens.
        """
        if self.access_token:
            return
        push = await asyncio.get_running_loop().run_in_executor(
            None, import_module, f"{__package__}.push"
        )
        while True:
            await push.listen(
                self._ring,
                self._listen_token,
                keep_token=self._keep_listen_token,
                heard=heard,
                call=self._call,
            )

    def _keep_listen_token(self, token: dict[str, Any]) -> None:
        self._listen_token = token
        if self.keep_credentials:
            self.keep_credentials({"listen_token": token})

    @override
    @asynccontextmanager
    async def live(self, camera: RingCamera) -> AsyncIterator[None]:
        """Watch the camera live, of which Ring makes a recording (`on_demand`)."""
        live = await self.live_module("ring.live")
        async with live.view(self._ring, int(camera.id), self._call):
            yield

    @override
    def refusal(self, camera: RingCamera) -> str | None:
        """Return whether end-to-end encryption or a missing subscription is in the way."""
        if camera.is_e2ee:
            return ProblemKind.END_TO_END_ENCRYPTED
        if _has_no_subscription(camera):
            return ProblemKind.NO_SUBSCRIPTION
        return "" if camera.has_subscription else None

    @override
    async def problems(self, cameras: Sequence[RingCamera]) -> AsyncIterator[Problem]:
        """Yield what the list tells first; each other camera costs a request."""
        async for problem in super().problems(cameras):
            yield problem
        for camera in cameras:
            if not self.refusal(camera) and not camera.records_always:
                kind = await self._problem_of_history(camera)
                if kind:
                    yield Problem(kind=kind, camera=camera)

    async def _problem_of_history(self, camera: RingCamera) -> ProblemKind | None:
        """Return what is wrong by the newest events of a camera."""
        now = datetime.now(UTC)
        window = Window(now - QUIET_FOR, now)
        try:
            found = await self._newest(camera, window)
        except RefusedError:
            return ProblemKind.RECORDINGS_REFUSED
        recent = [one for one in found.values() if one.window.end > window.start]
        if not recent:
            return ProblemKind.NO_RECENT_EVENT
        if any(one.is_given for one in recent):
            return None
        if any(one.is_e2ee for one in recent):
            return ProblemKind.END_TO_END_ENCRYPTED
        return ProblemKind.NO_SUBSCRIPTION

    async def _newest(
        self, camera: RingCamera, window: Window
    ) -> dict[str, _Recording]:
        """Return some of the newest recordings of a window, by one request or two."""
        with suppress(BadAnswerError):
            # It tells what was not recorded, and why, which the history does not.
            span = _Span(window.start_ms, window.end_ms)
            entries = await self._search_once(camera, span, "desc")
            with _our_errors():
                if found := dict(_parsed(entries)):
                    return found
        return await self._history(camera, window, 1, first_page=FIRST_PAGE)

    async def _ask_json(self, path: str, **params: Any) -> Any:
        return _json(await self._ask(path, params=params))

    async def _ask(
        self,
        path: str,
        *,
        method: str = hdrs.METH_GET,
        params: dict[str, Any] | None = None,
        json: dict[Any, Any] | None = None,
    ) -> bytes:
        answer = await self._call(
            lambda: self._ring.async_query(path, method, params, json=json)
        )
        return answer.content

    async def _call[T](self, call: Callable[[], Awaitable[T]]) -> T:
        """Make one call of ring_doorbell, twice where that helps, and never two at once.

        Raises SignInError, CloudError; _BadStatus for a status that is an error.
        """
        async with self._turn:
            try:
                with _our_errors():
                    return await call()
            except _BadStatus as err:
                if self._is_session_lost(err):
                    self._ring.session = None
                # On a 401 ring_doorbell refreshes the token, and gives up the call even so.
                elif err.status != HTTPStatus.UNAUTHORIZED:
                    raise
            with _our_errors(), self._auth.as_it_is():
                return await call()

    def _is_session_lost(self, err: _BadStatus) -> bool:
        # Ring says so with a 404 that names the hardware id, as ring-client-api knows.
        is_named = self._hardware_id.encode() in err.body
        return err.status == HTTPStatus.NOT_FOUND and is_named

    async def _keep_token(self, token: dict[str, Any]) -> None:
        if self.keep_credentials:
            self.keep_credentials({"token": dict(token)})
        if self.flush_credentials:
            await self.flush_credentials()

    def _keep_urls(self, recordings: Iterable[_Recording]) -> None:
        self._urls = {
            recording_id: kept
            for recording_id, kept in self._urls.items()
            if kept.is_younger_than(URL_LIFETIME_S)
        } | {one.id: _Kept(one.urls) for one in recordings if one.urls}

    def _keep_thumbnails(self, recordings: Iterable[_Recording]) -> None:
        self._thumbnails |= {
            one.id: _Kept(one.thumbnail) for one in recordings if one.thumbnail
        }
        for forgotten in list(self._thumbnails)[:-MOST_THUMBNAILS]:
            del self._thumbnails[forgotten]


class SessionRing(Ring):
    """ring_doorbell's client, which says when it has opened a session.

    Ring drops sessions after about a day (dgreif/ring#1218), and with each new one it
    forgets where to push to.
    """

    opened: Callable[[], Awaitable[None]] | None = None

    @override
    async def async_create_session(self) -> None:
        """Open a session."""
        await super().async_create_session()
        if self.opened:
            await self.opened()


class _Kept[T]:
    """A value, and when it came."""

    def __init__(self, value: T) -> None:
        """Keep what came just now."""
        self.value = value
        self._since = time.monotonic()

    def is_younger_than(self, age_s: float) -> bool:
        """Return whether the value came less than so many seconds ago."""
        return time.monotonic() - self._since < age_s


@dataclass(frozen=True)
class _Continuous:
    """What a camera recorded around the clock, and the signed URL of it."""

    window: Window
    url: str


@dataclass(frozen=True)
class _Span:
    """What is searched, both ends included, in Unix milliseconds.

    `known_ms` is the end that it shares with an answer of `beside` recordings.
    """

    begin_ms: int
    end_ms: int
    beside: int = 0
    known_ms: int | None = None
    is_beside_one_moment: bool = False

    @property
    def duration_ms(self) -> int:
        """How long it is."""
        return self.end_ms - self.begin_ms

    def around(self, oldest_ms: int, newest_ms: int, count: int) -> list[_Span]:
        """Return what is left of it beside an answer of `count` recordings.

        Several may begin at once: where the answer ends is asked again, if that can
        bring anything new.
        """
        is_moment = oldest_ms == newest_ms
        rest: list[_Span] = []
        if oldest_ms != self.known_ms or is_moment:
            end_ms = oldest_ms - is_moment
            rest.append(_Span(self.begin_ms, end_ms, count, oldest_ms, is_moment))
        if newest_ms != self.known_ms or is_moment:
            begin_ms = newest_ms + is_moment
            rest.append(_Span(begin_ms, self.end_ms, count, newest_ms, is_moment))
        return [one for one in rest if one.begin_ms <= one.end_ms]


@dataclass(frozen=True, kw_only=True)
class _Recording:
    """An event's footage, as a search or the history lists it; `None` is not told.

    Without `has_end` its window's end is a guess.
    """

    id: str
    kind: str
    seen: tuple[str, ...]
    window: Window
    has_end: bool
    is_ready: bool | None
    is_e2ee: bool
    had_subscription: bool | None
    urls: Mapping[_Address, str]
    thumbnail: str | None

    @property
    def is_given(self) -> bool:
        """Whether Ring will hand it over in the clear."""
        return not self.is_e2ee and self.had_subscription is not False

    def is_ready_at(self, now: datetime) -> bool:
        """Return whether it can be asked for; old ones without a status are tried."""
        if self.is_ready is None:
            return now >= self.window.end + READY_AFTER
        return self.is_ready

    def is_settled_at(self, now: datetime) -> bool:
        """Return whether nothing more need be found out about it."""
        return not self.is_given or self.is_ready_at(now)

    def is_awaited_at(self, now: datetime) -> bool:
        """Return whether it is not ready, and may still become so."""
        return not self.is_ready_at(now) and now < self.window.end + READY_WITHIN

    def is_doubted_at(self, now: datetime) -> bool:
        """Return whether a search should have told its URL by now."""
        return not self.is_settled_at(now) and now >= self.window.end + URL_LATE

    def joined_with(self, searched: _Recording | None) -> _Recording:
        """Add what a search told; only the history tells that one is not ready."""
        if searched is None:
            return self
        return replace(
            searched,
            seen=(*searched.seen, *self.seen),
            is_ready=searched.is_ready or self.is_ready,
            is_e2ee=searched.is_e2ee or self.is_e2ee,
        )


def _check_not_refused(camera: RingCamera, found: Sequence[_Recording]) -> None:
    """Raise RefusedError where nothing of a window will ever be handed over."""
    if any(one.is_e2ee for one in found) or camera.is_e2ee:
        raise CameraSettingError("end_to_end_encrypted")
    if found or _has_no_subscription(camera):
        raise CameraSettingError("no_subscription")


def _is_refused(camera: RingCamera) -> bool:
    """Return whether nothing new of the camera's will be handed over."""
    return camera.is_e2ee or _has_no_subscription(camera)


def _has_no_subscription(camera: RingCamera) -> bool:
    return camera.has_subscription is False


def _around(starts: Sequence[datetime]) -> Window:
    """Return the window to look in for what begins at these times."""
    return Window(min(starts) - START_SLACK, max(starts) + START_SLACK)


def _timeline_part(camera: RingCamera, window: Window) -> TimelinePart:
    return TimelinePart(window=window, placing=Placing.REQUESTED, camera_id=camera.id)


def _part(recording_id: str, window: Window) -> RecordingPart:
    return RecordingPart(
        window=window, event_ids=(recording_id,), recording_id=recording_id
    )


def _may_grow(window: Window, given: Sequence[_Recording], now: datetime) -> bool:
    """Return whether a later plan for the window may hold more than one of now."""
    if any(one.is_awaited_at(now) for one in given):
        return True
    if not given:
        return now < window.end + LISTED_LATE
    uncovered = gaps(window, (one.window for one in given), timedelta(0))
    return bool(uncovered) and now < window.end + LISTED_AFTER


def _again_after_s(age: timedelta) -> float:
    """Return how long to leave Ring alone: the longer it has taken, the longer it may."""
    return min(max(age.total_seconds() / 6, 5.0), 30.0)


def _not_ready(part: RecordingPart) -> NotReadyError:
    age = datetime.now(UTC) - part.window.end
    return NotReadyError("footage_not_ready", after_s=_again_after_s(age))


def _is_there(response: ClientResponse) -> bool:
    """Return whether the answer to a signed URL is the recording.

    The store may not have what a list called ready, or the URL has run out.
    """
    status = response.status
    if status == HTTPStatus.OK:
        return True
    if status == HTTPStatus.GONE:
        raise NoFootageError("no_footage")
    if status in _NOT_THERE or status == HTTPStatus.FORBIDDEN:
        return False
    raise BadAnswerError("cloud_trouble", status=str(status))


def _continuous(item: Mapping[str, Any], around: Window) -> _Continuous | None:
    """Return what a timeline's item has of recording around the clock, if anything.

    Events' recordings are of the same schema, and without the mark.
    """
    if (
        item["schema"] != "CloudMedia"
        or (item.get("custom_metadata") or {}).get("recording_24x7_enabled") is not True
        or item.get("is_e2ee")
        or not (url := _https_url(item.get("url")))
        or not (window := _overlapping(item, around))
    ):
        return None
    return _Continuous(window, url)


def _overlapping(item: Mapping[str, Any], around: Window) -> Window | None:
    """Return the window of a timeline's item, if it shares any time with another."""
    start, end = _moment(item["start_time"]), _moment(item["end_time"])
    if not start or not end or not (window := Window(start, end)).overlaps(around):
        return None
    return window


def _clipped(window: Window, to: Window) -> Window:
    return Window(max(window.start, to.start), min(window.end, to.end))


def _records_always(attributes: Mapping[str, Any]) -> bool:
    """Return whether a device may record around the clock; the timeline knows for sure."""
    settings = _object(attributes.get("settings"))
    said = (
        _object(_object(attributes.get("features")).get("video_recording")).get(
            "recording_mode"
        ),
        _object(settings.get("video_settings")).get("recording_24x7_mode"),
        *(
            _object(where.get("other_paid_features")).get("recording_24x7")
            for where in (attributes, settings)
        ),
    )
    return any(str(one).lower() in ALWAYS for one in said)


def _has_snapshots(attributes: Mapping[str, Any]) -> bool:
    """Return whether a device takes a snapshot by itself every few minutes."""
    settings = _object(attributes.get("settings"))
    return _object(settings.get("lite_24x7")).get("enabled") is True


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _iso(moment: datetime) -> str:
    """Return a time as Ring's web page writes it: with milliseconds, in UTC."""
    return (
        moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )


def _parsed(entries: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, _Recording]]:
    """Yield the recordings of a list by their id, without those of no known time."""
    for entry in filter(_object, entries):
        recording_id = _event_id(entry)
        start = _moment(entry.get("created_at"))
        if not recording_id or not start:
            continue
        duration = _duration(entry.get("duration"))
        kind = entry.get("kind")
        urls = _urls(entry)
        status = _object(entry.get("recording")).get("status")
        yield (
            recording_id,
            _Recording(
                id=recording_id,
                kind=sanitize.name(kind, ""),
                seen=seen_by(entry.get("cv_properties")),
                window=_window(start, duration),
                has_end=bool(duration),
                is_ready=bool(urls) or (status == "ready" if status else None),
                is_e2ee=entry.get("is_e2ee") is True,
                had_subscription=entry.get("had_subscription"),
                urls=urls,
                thumbnail=_https_url(entry.get("thumbnail_url")),
            ),
        )


def _entries(answer: Any) -> list[Any]:
    """Return the entries of a list of recordings. Raises TypeError, ValueError."""
    if not isinstance(answer, list):
        raise TypeError("no list")
    if len(answer) > MOST_ENTRIES:
        raise ValueError("too long a list")
    return answer


def _event_id(entry: Mapping[str, Any]) -> str:
    """Return an entry's id; it has more digits than a float can hold."""
    return _id(entry.get("ding_id")) or _id(entry.get("id"))


def _id(value: object) -> str:
    """Return an id that can be part of an address, an empty one for what is none."""
    return found if _PLAIN_ID.fullmatch(found := sanitize.id_of(value)) else ""


def _window(start: datetime, duration: timedelta) -> Window:
    """Return a recording's window; one of no known duration ends some time."""
    return Window(start, start + (duration or UNKNOWN_DURATION))


def _moment(value: object) -> datetime | None:
    """Return a time that Ring gave in milliseconds or as ISO 8601 (UTC).

    One that is no time, or not of ours, is none.
    """
    try:
        if isinstance(value, int | float):
            time_given = from_ms(int(value))
        else:
            time_given = datetime.fromisoformat(str(value))
        if not time_given.tzinfo:
            time_given = time_given.replace(tzinfo=UTC)
        # What a recording lasts is added to it, and what came before looked at.
        return time_given if 1 < time_given.astimezone(UTC).year < MAXYEAR else None
    except ValueError, OverflowError, OSError:
        return None


def _duration(value: object) -> timedelta:
    """Return a duration that Ring gave in seconds; zero is none that is known."""
    if (
        isinstance(value, int | float)
        and 0 < value <= LONGEST_RECORDING.total_seconds()
    ):
        return timedelta(seconds=value)
    return timedelta(0)


def _urls(entry: Mapping[str, Any]) -> dict[_Address, str]:
    """Return the URLs that a search tells: the original's first, if there is one."""
    original = _https_url(entry.get("untranscoded_url"))
    shared = _https_url(entry.get("hq_url"))
    if original and shared:
        return {"search": original, "hq": shared}
    return {"search": url} if (url := original or shared) else {}


def _https_url(value: object) -> str | None:
    return value if isinstance(value, str) and value.startswith("https://") else None


def _json(body: bytes) -> Any:
    try:
        return sanitize.parse(body)
    except ValueError as err:
        raise BadAnswerError("cloud_nonsense") from err


def _http(session: ClientSession) -> Http:
    return Http(
        session,
        OWN_HOSTS,
        AsyncLimiter(*RATE),
        careful=AsyncLimiter(*CAREFUL_RATE),
    )


def _auth_options(
    http: Http, hardware_id: str, session: ClientSession
) -> dict[str, Any]:
    """Return what a sign-in needs to ask Ring."""
    return {
        "user_agent": USER_AGENT,
        "hardware_id": hardware_id,
        "http_client_session": _Carrier(http, hardware_id, session),
    }


@contextmanager
def _our_errors() -> Iterator[None]:
    """Turn what ring_doorbell raises, and trips over, into our errors."""
    try:
        yield
    except (AuthenticationError, Requires2FAError) as err:
        raise SignInError("invalid_auth") from err
    except RingError as err:
        if isinstance(err.__cause__, ClipError):
            raise err.__cause__ from None
        raise BadAnswerError("cloud_nonsense") from err
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        RecursionError,
        TypeError,
        ValueError,
        Warning,
    ) as err:
        raise BadAnswerError("cloud_nonsense") from err


class _Auth(Auth):
    """ring_doorbell's sign-in, which refreshes once for all who ask, and to the end."""

    # Is given a new token before it is used: Ring takes the old one no more.
    keep: Callable[[dict[str, Any]], Awaitable[None]] | None = None
    _refreshing: asyncio.Task[dict[str, Any]] | None = None
    _is_new = False

    @contextmanager
    def as_it_is(self) -> Iterator[None]:
        """Refresh no token that is not known to be expired.

        For the repetition of a call: a 401 is not about a token so new.
        """
        self._is_new = True
        try:
            yield
        finally:
            self._is_new = False

    @override
    async def async_refresh_tokens(self) -> dict[str, Any]:
        """Return a new token. Raises SignInError if Ring takes the old one no more."""
        if self._is_new and self._token.get("expires_at", 0) > time.time():
            return self._token
        if not self._refreshing or self._refreshing.done():
            self._refreshing = asyncio.create_task(self._refresh())
        # Ring takes back the old token as it answers: who asked may go, the refresh not.
        return await asyncio.shield(self._refreshing)

    async def _refresh(self) -> dict[str, Any]:
        if not self._token.get("refresh_token"):
            raise AuthenticationError
        token = await super().async_refresh_tokens()
        if self.keep:
            await self.keep(token)
        return token


class _BorrowedAuth(_Auth):
    """The sign-in of somebody else's account entry, who alone refreshes its token."""

    def __init__(
        self, access_token: Callable[[bool], Awaitable[str]], **options: Any
    ) -> None:
        """Take what gives the token of now; with True, one newer than that."""
        super().__init__(**options)
        self._access_token = access_token

    @override
    async def async_query(self, *args: Any, **options: Any) -> Auth.Response:
        """Ask with the token of now. Raises what its owner raises."""
        await self._borrow(is_refused=False)
        return await super().async_query(*args, **options)

    @override
    async def async_refresh_tokens(self) -> dict[str, Any]:
        """Return a token newer than the one that Ring refused, once for each call."""
        if not self._is_new:
            await self._borrow(is_refused=True)
        return self._token

    async def _borrow(self, *, is_refused: bool) -> None:
        self._token = {"access_token": await self._access_token(is_refused)}
        self._oauth_client.populate_token_attributes(self._token)


class _Carrier:
    """What ring_doorbell takes for an aiohttp session.

    ring_doorbell looks at no status of a token's answer, and would follow redirects
    anywhere with our headers; so its requests go over `Http`, and answers are judged here.
    """

    def __init__(self, http: Http, hardware_id: str, session: ClientSession) -> None:
        """Take what carries requests, and the id that Ring wants with each of them.

        `session` is for what is not Ring's.
        """
        self._http = http
        self._hardware_id = hardware_id
        self._session = session

    def post(self, url: str, **options: Any) -> AbstractAsyncContextManager[Any]:
        """Ask Firebase, which the push listener registers with by itself."""
        return self._session.post(url, **options, allow_redirects=False)

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        params: Mapping[str, Any] | None = None,
        data: Mapping[str, str] | None = None,
        json: Mapping[Any, Any] | None = None,
        auth: BasicAuth | None = None,
        timeout: float | None = None,
    ) -> _Answer:
        """Send a request, and return its answer read to the end.

        `timeout` is left to `Http`: waiting for the account's turn must not count.
        """
        sent = {"hardware_id": self._hardware_id, **headers}
        if TIMELINE_PATH in url:
            sent["X-API-VERSION"] = "1"
        body = None
        if auth:
            sent[hdrs.AUTHORIZATION] = auth.encode()
        if data:
            sent.setdefault(hdrs.CONTENT_TYPE, "application/x-www-form-urlencoded")
            body = urlencode(data).encode()
        if json is not None:
            body = json_module.dumps(json).encode()
        target = str(URL(url).update_query(params or {}))
        async with self._http.request(
            method, target, headers=sent, body=body
        ) as response:
            body = await read_body(response, LARGEST_JSON_BYTES)
            if response.ok and not sanitize.is_jpeg(body):
                # ring_doorbell would take any JSON as it comes.
                body = await _sanitized_body(body)
            answer = _Answer(response.status, body, retry_after_s(response))
        if url == OAuth.ENDPOINT:
            _check_token(answer)
        return answer


async def _sanitized_body(body: bytes) -> bytes:
    """Return the JSON in a body without what may do harm; nothing if there is none."""
    try:
        return json_module.dumps(await parse_json(body)).encode()
    except CloudError:
        return b""


class _Answer:
    """As much of aiohttp's answer as ring_doorbell asks for."""

    def __init__(self, status: int, body: bytes, again_after_s: float | None) -> None:
        """Take an answer that was read to its end, and when Ring wants the next try."""
        self.status = status
        self.body = body
        self.again_after_s = again_after_s

    async def __aenter__(self) -> Self:
        """Enter; there is nothing left to open."""
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Leave; there is nothing left to close."""

    async def read(self) -> bytes:
        """Return the body."""
        return self.body

    async def text(self) -> str:
        """Return the body as text."""
        return self.body.decode(errors="replace")

    def raise_for_status(self) -> None:
        """Raise _BadStatus for an answer that is an error."""
        if self.status >= HTTPStatus.BAD_REQUEST:
            raise _BadStatus(self)


class _BadStatus(BadAnswerError):
    """Ring answered with the status of an error."""

    def __init__(self, answer: _Answer) -> None:
        """Take the answer, whose body is never shown."""
        super().__init__(
            "cloud_trouble",
            retry_after_s=answer.again_after_s,
            status=str(answer.status),
        )
        self.status = answer.status
        self.body = answer.body


def _check_token(answer: _Answer) -> None:
    """Raise what the token endpoint's answer means; nothing if it is a whole token.

    Only Ring's own words refuse a sign-in. An outage, a page of something before Ring, an
    empty answer are no bad password. Raises TwoFactorRequired, SignInError, CloudError.
    """
    trouble = BadAnswerError(
        "cloud_trouble",
        retry_after_s=answer.again_after_s,
        status=str(answer.status),
    )
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise trouble
    is_error = answer.status >= HTTPStatus.BAD_REQUEST
    try:
        said = sanitize.parse(answer.body)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise trouble if is_error else BadAnswerError("cloud_nonsense")
    if not is_error:
        if not said.get("access_token") or not said.get("refresh_token"):
            raise BadAnswerError("cloud_nonsense")
        return
    if answer.status == HTTPStatus.PRECONDITION_FAILED:
        raise TwoFactorRequired(
            sanitize.name(said.get("tsv_state"), ""),
            sanitize.name(said.get("phone"), ""),
        )
    if "too many requests" in str(said.get("error_description")):
        raise CloudError("too_many_codes")
    error = str(said.get("error"))
    if error.startswith("Verification Code"):
        raise SignInError("invalid_code")
    if answer.status == HTTPStatus.UNAUTHORIZED or error == "invalid_grant":
        raise SignInError("invalid_auth")
    raise trouble
