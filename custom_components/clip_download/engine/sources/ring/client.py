"""Ring through the API of its own app: whole recordings of events.

Ring documents none of it. What is relied on here was read in `ring_doorbell` and in other
public clients of that API; where they disagree, both answers are taken.
"""

import asyncio
from collections.abc import (
    AsyncIterator,
    Callable,
    Iterable,
    Mapping,
    Sequence,
    Set as AbstractSet,
)
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from importlib import import_module
from typing import Any, override

from aiohttp import ClientResponse, hdrs
from ring_doorbell import RingDevices, RingDoorBell

from ...errors import (
    AddressError,
    BadAnswerError,
    CameraSettingError,
    ClipError,
    CloudError,
    NoFootageError,
    NotReadyError,
    RefusedError,
)
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
from ...time_range import Placing, Window, gaps, merged, within
from .. import sanitize
from ..base import Download, Source, SplitError
from ..http import download_of
from .api import (
    NOT_THERE,
    TIMELINE_PATH,
    BadStatus,
    RingApi,
    http_of,
    json_in,
    our_errors,
)
from .lists import LISTED_LATE, URL_LIFETIME_S, Kept, RecordingLists
from .pictures import Pictures
from .recordings import (
    LONGEST_RECORDING,
    READY_WITHIN,
    UNKNOWN_DURATION,
    Address,
    Continuous,
    Recording,
    as_object,
    continuous,
    https_url,
    overlapping,
    plain_id,
    window_of,
)

# One answer of the timeline is made for the asking, and may take long to come: it is
# fetched in parts.
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
# The history may give whole seconds only where the search gives milliseconds.
START_SLACK = timedelta(seconds=2)
# An event is listed within seconds of its beginning.
LISTED_AFTER = timedelta(seconds=20)
# How long to leave a recording alone that Ring answers with 401, with a good token
# (python-ring-doorbell#483).
UNAUTHORIZED_AGAIN_S = 30.0
# How long an address is left out that gave a file without a picture.
REJECTED_FOR_S = 60 * 60
# More downloads of one account than this are never under way at once.
MOST_HANDED = 100
# A camera that has seen nothing for so long is worth a word when it is set up.
QUIET_FOR = timedelta(days=30)
_DEVICES_WITH_VIDEO = ("doorbots", "authorized_doorbots", "stickup_cams")
# What of Ring's family `other` has video, and its model.
ONVIF_CAMERA = "onvif_camera"
OTHERS_WITH_VIDEO = {
    ONVIF_CAMERA: "ONVIF Camera",
    "intercom_handset_video": "Intercom Video",
}


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
        self._http = http_of(self.session)
        self._api = RingApi(
            self._http,
            self.session,
            self._hardware_id,
            token=self.credentials.get("token"),
            keep_token=self._keep_token,
            access_token=self.access_token,
        )
        self._lists = RecordingLists(self._api)
        self._pictures = Pictures(self._api, self._http, self._lists)
        self._unknown_kinds: set[str] = set()
        self._urls: dict[str, Kept[Mapping[Address, str]]] = {}
        # The address that each recording came from last, and those that gave no video.
        self._handed: dict[str, Address] = {}
        self._rejected: dict[str, Kept[set[Address]]] = {}
        # The cameras whose timeline was seen to have what they record around the clock.
        self._with_timeline: set[str] = set()
        # When Ring was asked to make a recording as its app shows it, by its id.
        self._asked_shown: dict[str, Kept[None]] = {}
        self._listen_token: dict[str, Any] | None = self.credentials.get("listen_token")

    @property
    def _hardware_id(self) -> str:
        return str(self.credentials["hardware_id"])

    @override
    async def identify(self) -> Identity:
        """Open a session, which says whose it is; a borrowed one is left alone."""
        if self.access_token:
            notice = await self._api.ask_json("/clients_api/profile")
        else:
            await self._api.call(self._api.ring.async_create_session)
            notice = self._api.ring.session
        with our_errors():
            profile = notice["profile"]
            if not (account_id := plain_id(profile["id"])):
                raise BadAnswerError("cloud_nonsense")
            known_as = self.credentials.get("username", "")
            email = sanitize.name(profile.get("email"), known_as)
        return Identity(id=account_id, title=f"Ring {email}")

    @override
    async def check_sign_in(self) -> None:
        """Ask for the profile: a new session would forget where to push to."""
        await self._api.ask_json("/clients_api/profile")

    @override
    async def cameras(self) -> list[RingCamera]:
        """List the devices that have video, of kinds unknown to ring_doorbell too."""
        await self._api.call(self._api.ring.async_update_devices)
        data = self._api.ring.devices_data
        if not any(family in data for family in (*_DEVICES_WITH_VIDEO, "other")):
            raise BadAnswerError("cloud_nonsense")
        with our_errors():
            # `Ring.devices()` would stay as it was the first time.
            devices = RingDevices(self._api.ring, data)
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
            with suppress(CloudError), our_errors():
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
        is_subscribed = as_object(attributes.get("features")).get("show_recordings")
        is_doorbell = (
            family != "stickup_cams" and attributes.get("kind") != ONVIF_CAMERA
        )
        if not (camera_id := plain_id(attributes["id"])):
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
            for recording in await self._lists.in_and_around(camera.id, window, now)
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
    ) -> tuple[list[Continuous], list[Window]]:
        """Return what was recorded around the clock, and where Ring says nothing was.

        Both are empty where the timeline says anything that is not expected of it: one
        public client is all that is known of it.
        """
        try:
            answer = await self._api.ask_json(
                f"{TIMELINE_PATH}/{camera.id}",
                start_time=_iso(window.start),
                end_time=_iso(window.end),
                order="ASC",
                visualizations="cloud,local,footage",
            )
            with our_errors():
                items = [item for slot in answer["timeline"] for item in slot["items"]]
                covered = [one for item in items if (one := continuous(item, window))]
                empty = [
                    span
                    for item in items
                    if item["schema"] == "Gap" and (span := overlapping(item, window))
                ]
        except BadAnswerError as err:
            if (
                isinstance(err, BadStatus)
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
            event.id: window_of(event.window.start, event.window.duration)
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

        Those that Ring will never hand over are called ready: whoever fetches one learns
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
        return self._pictures.is_known(event.id)

    @override
    async def event_picture(self, camera: RingCamera, event: Event) -> bytes | None:
        return await self._pictures.of_event(camera.id, event)

    async def _look(
        self, camera: RingCamera, window: Window, now: datetime
    ) -> list[Recording]:
        """List the recordings that begin in a window; keep the URLs that come with them."""
        found = await self._lists.look(camera.id, window, now)
        self._keep_urls(found)
        self._pictures.keep(found)
        return [one for one in found if window.start <= one.window.start < window.end]

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

    def _hand(self, key: str, name: Address) -> None:
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
        self._rejected[key] = Kept(names)
        return AddressError(err.key)

    def _rejected_of(self, key: str) -> set[Address]:
        """Return the addresses that gave no video of a part, for a while."""
        kept = self._rejected.get(key)
        return (
            set(kept.value) if kept and kept.is_younger_than(REJECTED_FOR_S) else set()
        )

    async def _address(
        self, camera: RingCamera, part: RecordingPart, skipped: AbstractSet[Address]
    ) -> tuple[Address, str]:
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
                body = await self._api.ask(
                    f"{SHOWN_PATH}/{recording_id}", params={"file_type": "VIDEO"}
                )
            else:
                body = await self._api.ask(
                    SHOWN_PATH,
                    method=hdrs.METH_POST,
                    json={
                        "ding_id": recording_id,
                        "file_type": "VIDEO",
                        "send_push_notification": False,
                    },
                )
            with our_errors():
                answer = json_in(body)
                status, url = answer["status"], https_url(answer.get("result_url"))
        except BadAnswerError:
            return None
        if status != "pending":
            return url
        asked = asked or Kept(None)
        if not asked.is_younger_than(SHOWN_WITHIN_S):
            return None
        self._asked_shown[recording_id] = asked
        raise NotReadyError("footage_not_ready", after_s=SHOWN_AGAIN_S)

    async def _check_given(self, camera: RingCamera, part: RecordingPart) -> None:
        """Raise RefusedError for a recording that Ring will never hand over."""
        # Only the search says what is encrypted, whatever was believed of it.
        self._lists.doubt_search(camera.id)
        around = _around([part.window.start])
        found = await self._look(camera, around, datetime.now(UTC))
        own = [one for one in found if one.id == part.recording_id]
        is_refused = _is_refused(camera)
        if not any(one.is_given and (one.is_ready or not is_refused) for one in own):
            _check_not_refused(camera, own)

    def _taken_urls(self, recording_id: str) -> Mapping[Address, str]:
        """Return the URLs that came with a list; they are used at once or not at all."""
        kept = self._urls.pop(recording_id, None)
        return kept.value if kept and kept.is_younger_than(URL_LIFETIME_S) else {}

    async def _asked_url(self, part: RecordingPart, which: str) -> str | None:
        """Return a signed URL that Ring is asked for, None where it has none."""
        recording_id = part.recording_id
        try:
            answer = await self._api.ask_json(
                f"/clients_api/dings/{recording_id}/{which}", disable_redirect="true"
            )
        except BadStatus as err:
            if err.status == HTTPStatus.FORBIDDEN:
                raise RefusedError("recordings_refused") from err
            if err.status in NOT_THERE:
                return None
            if err.status == HTTPStatus.UNAUTHORIZED:
                err.retry_after_s = UNAUTHORIZED_AGAIN_S
            raise
        if not isinstance(answer, dict):
            raise BadAnswerError("cloud_nonsense")
        if not answer.get("url"):
            return None
        if not (url := https_url(answer["url"])):
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
            return await self._pictures.new_snapshot(camera.id)
        ways = [self._pictures.of_newest_event, self._pictures.last_snapshot]
        if camera.has_snapshots:
            ways.reverse()
        for way in ways:
            if picture := await way(camera.id):
                return picture
        return None

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
                self._api.ring,
                self._listen_token,
                keep_token=self._keep_listen_token,
                heard=heard,
                call=self._api.call,
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
        async with live.view(self._api.ring, int(camera.id), self._api.call):
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
        """Yield what the list says first; each other camera costs a request."""
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
            found = await self._lists.newest(camera.id, window)
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

    async def _keep_token(self, token: dict[str, Any]) -> None:
        if self.keep_credentials:
            self.keep_credentials({"token": dict(token)})
        if self.flush_credentials:
            await self.flush_credentials()

    def _keep_urls(self, recordings: Iterable[Recording]) -> None:
        self._urls = {
            recording_id: kept
            for recording_id, kept in self._urls.items()
            if kept.is_younger_than(URL_LIFETIME_S)
        } | {one.id: Kept(one.urls) for one in recordings if one.urls}


def _check_not_refused(camera: RingCamera, found: Sequence[Recording]) -> None:
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


def _may_grow(window: Window, given: Sequence[Recording], now: datetime) -> bool:
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
    if status in NOT_THERE or status == HTTPStatus.FORBIDDEN:
        return False
    raise BadAnswerError("cloud_trouble", status=str(status))


def _clipped(window: Window, to: Window) -> Window:
    return Window(max(window.start, to.start), min(window.end, to.end))


def _records_always(attributes: Mapping[str, Any]) -> bool:
    """Return whether a device may record around the clock; the timeline knows for sure."""
    settings = as_object(attributes.get("settings"))
    said = (
        as_object(as_object(attributes.get("features")).get("video_recording")).get(
            "recording_mode"
        ),
        as_object(settings.get("video_settings")).get("recording_24x7_mode"),
        *(
            as_object(where.get("other_paid_features")).get("recording_24x7")
            for where in (attributes, settings)
        ),
    )
    return any(str(one).lower() in ALWAYS for one in said)


def _has_snapshots(attributes: Mapping[str, Any]) -> bool:
    """Return whether a device takes a snapshot by itself every few minutes."""
    settings = as_object(attributes.get("settings"))
    return as_object(settings.get("lite_24x7")).get("enabled") is True


def _iso(moment: datetime) -> str:
    """Return a time as Ring's web page writes it: with milliseconds, in UTC."""
    return (
        moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )
