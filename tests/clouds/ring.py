"""Ring as its own app sees it: sign-in with a second factor, events, signed URLs.

Nothing of this is documented by Ring; it is what `ring_doorbell`, ring-client-api and
other public clients send and expect.
"""

from base64 import b64decode
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from math import ceil
from pathlib import Path
import secrets
from typing import Any, Literal, override
from urllib.parse import parse_qs, quote

from aiohttp import web
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from .footage import Footage, Shot, without_picture
from .live import LiveSession, LiveTrack
from .server import Answer, Asked, Cloud, Handler, Line, Server, json_answer

OAUTH_HOST = "oauth.ring.com"
API_HOST = "api.ring.com"
TICKET_HOST = "prd-api-us.prd.rings.solutions"
SIGNAL_HOST = "api.prod.signalling.ring.devices.a2z.com"
MEDIA_HOST = "download-eu-west-1.prod.phoenix.devices.amazon.dev"

CLIENT = "ring_official_android"
# What Ring gives at most on one page, however many are asked for.
PAGE = 100
# What a search gives at most, whatever it is asked for.
SEARCH_PAGE = 20
# How many events a page leaves out that skips some.
SKIPPED = 3
# How long Ring knows that a URL was once good.
URL_REMEMBERED = timedelta(hours=1)
CODES_IN_TEN_MINUTES = 10

type Family = Literal["doorbots", "authorized_doorbots", "stickup_cams", "other"]
type Kind = Literal[
    "ding", "motion", "on_demand", "on_demand_link", "alarm", "door_activity"
]
# How the pages of a history follow each other: the newest one again and again, or each
# without the newest events of those that should follow.
type Pages = Literal["in order", "repeated", "skipping"]
# Where a recording lies: as a search tells it, or as it is asked for.
type Form = Literal[
    "original", "hq", "play", "recording", "shown", "timeline", "thumbnail"
]
# What Ring sees in a recording.
type Detection = Literal["human", "vehicle", "package", "animal", "other_motion"]

_UTC_MS = "%Y-%m-%dT%H:%M:%S.%f"


@dataclass(eq=False, kw_only=True)
class RingCamera:
    """A doorbell or camera of the account, as Ring lists it.

    Change its fields to change what Ring says of it.
    """

    id: int
    name: str
    family: Family
    kind: str
    footage: Footage
    has_subscription: bool = True
    e2ee_enabled: bool = False
    has_snapshots: bool = True
    snapshot_at: datetime | None = None
    # Since when it records around the clock, with a plan for that, and when it did not.
    always_since: datetime | None = None
    gaps: Sequence[tuple[datetime, datetime]] = ()
    # Whether it takes a snapshot by itself every few minutes.
    takes_snapshots: bool = False
    own_mac: str | None = None

    @property
    def mac(self) -> str:
        """Its MAC address as Ring writes it: that of its id, if it has none of its own."""
        return self.own_mac or f"{0xAACDEF000000 + self.id:012x}"


@dataclass(eq=False, kw_only=True)
class RingEvent:
    """A ring, a motion or a live view, and its recording.

    `ready_at`: from then on Ring calls the recording ready; `stored_at`: from then on
    its store has it. Without `has_inline_urls` a search leaves its URLs null. `saw` is
    what Ring detected, and tells `saw_after_s` after the beginning. `missing_forms` are
    nowhere, `audio_forms` have no picture. `preroll_s` of what was before it are in what
    Ring's app shows, only. One that `is_deleted` is told nowhere, and takes its place in
    a search's answer. `facts` replace what is listed of it,
    whatever they are.
    """

    id: int
    camera: RingCamera
    kind: Kind
    start: datetime
    duration_s: int
    ready_at: datetime
    stored_at: datetime
    is_e2ee: bool = False
    had_subscription: bool = True
    has_inline_urls: bool = True
    saw: Detection | None = None
    saw_after_s: float = 0
    missing_forms: Collection[Form] = ()
    audio_forms: Collection[Form] = ()
    preroll_s: float = 0
    is_deleted: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)

    def cv_properties(self, now: datetime) -> dict[str, Any]:
        """Return what Ring has detected by now, as it lists it."""
        saw = (
            self.saw
            if now >= self.start + timedelta(seconds=self.saw_after_s)
            else None
        )
        return {
            "detection_type": saw,
            "detection_types": [
                {"detection_type": saw, "verified_timestamps": [_ms(self.start)]}
            ]
            if saw
            else [],
            "person_detected": saw == "human" or None,
            "stream_broken": False,
        }

    @property
    def end(self) -> datetime:
        """When its recording ends."""
        return self.start + timedelta(seconds=self.duration_s)


@dataclass(eq=False, kw_only=True)
class _Signed:
    shot: Shot
    form: Form
    stored_at: datetime
    has_picture: bool
    url: str
    expires_at: datetime


@dataclass(eq=False)
class _Tokens:
    access: dict[str, datetime] = field(default_factory=dict)
    refresh: set[str] = field(default_factory=set)


class RingCloud(Cloud):
    """The API of Ring's app for one account.

    Settings, to be changed at any time:

    - `two_factor`: how codes are sent (`sms`, `email`, `totp`), None without. `codes`
      are those sent, the last one counts, for `code_lifetime_s`.
    - `token_lifetime_s` of access tokens, `url_lifetime_s` of signed URLs,
      `ready_after_s` from an event's end to its recording.
    - `not_ready`: what share/play says of a recording that is not ready.
    - `has_search`: without, a search finds nothing, as for some accounts.
    - `search_most`: how many a search answers at once; `search_cut`: which of them it
      leaves out then. Without `search_keeps_to_window` it answers the newest there are.
    - `history_pages`: how the pages of a history follow each other.
    - `rate_limit`: requests, and the seconds that they must be spread over.
    - `media_line`: what recordings come over, None for as fast as they can.
    - `timeline_late_s`: how long what is recorded around the clock takes to be there.
      `shown_after_s`: how long Ring takes to make what its app shows.
    - `live_starts`: a live view sends pictures. `live_trickles`: the ways to it come
      apart from its answer. `live_refusal`: Ring's reason to close it at once.

    `leaks` are headers that came to the store and should not have. `live` are the live
    views so far, `live_log` what happened to them, `tickets` those not used yet.
    `push_tokens` are where push messages would go, by hardware id.
    """

    hosts = (OAUTH_HOST, API_HOST, MEDIA_HOST, TICKET_HOST, SIGNAL_HOST)

    def __init__(self, clouds: Server) -> None:
        """Set up an account without any camera."""
        super().__init__(clouds)
        self.username = "someone@example.com"
        self.password = "correct horse"
        self.account_id = 4445516
        self.two_factor: str | None = "sms"
        self.codes: list[str] = []
        self.code_lifetime_s = 600.0
        self.token_lifetime_s = 14_400.0
        # Whether a refresh token is good for another answer, should the first be lost.
        self.old_refresh_works = False
        self.url_lifetime_s = 900.0
        self.ready_after_s = 20.0
        self.not_ready: Literal["null", "404"] = "null"
        self.has_search = True
        self.search_most = SEARCH_PAGE
        self.search_cut: Literal["oldest", "newest"] = "oldest"
        self.search_keeps_to_window = True
        self.history_pages: Pages = "in order"
        self.timeline_late_s = 20.0
        self.shown_after_s = 12.0
        self.push_tokens: dict[str, str] = {}
        self.rate_limit = (30, 5.0)
        self.media_line: Line | None = None
        self.cameras: list[RingCamera] = []
        self.events: list[RingEvent] = []
        self.leaks: list[str] = []
        self.live_starts = True
        self.live_trickles = False
        self.live_refusal: str | None = None
        self.live: list[LiveSession] = []
        self.live_log: list[str] = []
        self.tickets: set[str] = set()
        # Who answers at the same host for apps other than Ring's own, by client id.
        self.apps: dict[str, Handler] = {}
        self._tokens = _Tokens()
        self._sessions: set[str] = set()
        self._shown_at: dict[str, datetime] = {}
        self._signed: dict[str, _Signed] = {}
        self._codes_at: deque[datetime] = deque()
        self._asked_at: deque[datetime] = deque()
        self._device_ids = count(3861978)
        # Ids have more digits than a float holds: the seconds are above the lower half.
        self._event_numbers = count(1_234_567_891)
        self._add_routes()

    def _add_routes(self) -> None:
        self.route("POST", f"{OAUTH_HOST}/oauth/token", self._token)
        for method, path, handler in (
            ("POST", "clients_api/session", self._open_session),
            ("PATCH", "clients_api/device", self._register_device),
            ("GET", "clients_api/profile", self._profile),
            ("GET", "clients_api/ring_devices", self._list_devices),
            ("GET", "clients_api/dings/active", self._list_active),
            ("GET", "clients_api/doorbots/(?P<camera_id>[^/]+)/history", self._history),
            ("GET", "clients_api/doorbots/(?P<camera_id>[^/]+)/health", self._health),
            ("GET", "clients_api/video_search/history", self._search),
            ("GET", "clients_api/dings/(?P<event_id>[^/]+)/share/play", self._play),
            ("GET", "clients_api/dings/(?P<event_id>[^/]+)/recording", self._transcode),
            ("POST", "share_service/v2/transcodings/downloads", self._begin_shown),
            (
                "GET",
                "share_service/v2/transcodings/downloads/(?P<event_id>[^/]+)",
                self._poll_shown,
            ),
            ("GET", "evm/v2/timeline/24/devices/(?P<camera_id>[^/]+)", self._timeline),
            ("POST", "clients_api/snapshots/timestamps", self._take_snapshots),
            (
                "GET",
                "clients_api/snapshots/image/(?P<camera_id>[^/]+)",
                self._snapshot,
            ),
            ("GET", "groups/v1/locations/[^/]+/groups", self._list_groups),
        ):
            self.route(method, f"{API_HOST}/{path}", self._signed_in(handler))
        self.route("GET", f"{MEDIA_HOST}/.*", self._download)
        self.route(
            "POST",
            f"{TICKET_HOST}/api/v1/clap/ticket/request/signalsocket",
            self._signed_in(self._ticket),
        )
        self.route("GET", f"{SIGNAL_HOST}/ws", self._signal)

    # What tests set up.

    def add_camera(
        self,
        name: str = "Front Door",
        *,
        family: Family = "doorbots",
        kind: str = "lpd_v1",
        footage: Footage | None = None,
        has_subscription: bool = True,
        e2ee_enabled: bool = False,
        has_snapshots: bool = True,
    ) -> RingCamera:
        """Add a camera to the account and return it."""
        camera = RingCamera(
            id=next(self._device_ids),
            name=name,
            family=family,
            kind=kind,
            footage=footage or Footage(name),
            has_subscription=has_subscription,
            e2ee_enabled=e2ee_enabled,
            has_snapshots=has_snapshots,
        )
        self.cameras.append(camera)
        return camera

    def remove_camera(self, camera: RingCamera) -> None:
        """Take a camera, with its events, from the account."""
        self.cameras.remove(camera)
        self.events = [event for event in self.events if event.camera is not camera]

    def add_event(
        self,
        camera: RingCamera,
        kind: Kind = "motion",
        *,
        start: datetime | None = None,
        duration_s: int = 20,
        ready_after_s: float | None = None,
        stored_after_s: float = 0,
        is_e2ee: bool = False,
        had_subscription: bool = True,
        has_inline_urls: bool = True,
        saw: Detection | None = None,
        saw_after_s: float = 0,
        missing_forms: Collection[Form] = (),
        audio_forms: Collection[Form] = (),
        preroll_s: float = 0,
        **facts: Any,
    ) -> RingEvent:
        """Let something happen in front of a camera, now or in the past.

        `ready_after_s` counts from the recording's end, `stored_after_s` from when it is
        ready. `facts` replace what is listed of it: `created_at=None` and the like.
        """
        start = start or self.now()
        start = start.replace(microsecond=start.microsecond // 1000 * 1000)
        if ready_after_s is None:
            ready_after_s = self.ready_after_s
        ready_at = start + timedelta(seconds=duration_s + ready_after_s)
        event = RingEvent(
            id=(int(start.timestamp()) << 32) + next(self._event_numbers),
            camera=camera,
            kind=kind,
            start=start,
            duration_s=duration_s,
            ready_at=ready_at,
            stored_at=ready_at + timedelta(seconds=stored_after_s),
            is_e2ee=is_e2ee,
            had_subscription=had_subscription,
            has_inline_urls=has_inline_urls,
            saw=saw,
            saw_after_s=saw_after_s,
            missing_forms=missing_forms,
            audio_forms=audio_forms,
            preroll_s=preroll_s,
            facts=facts,
        )
        self.events.append(event)
        return event

    def ring_doorbell(
        self, camera: RingCamera, *, start: datetime | None = None, duration_s: int = 20
    ) -> RingEvent:
        """Press the bell."""
        return self.add_event(camera, "ding", start=start, duration_s=duration_s)

    def token(self) -> dict[str, Any]:
        """Return a token as a sign-in would, for tests of what comes after it."""
        granted = self._grant()
        return {
            **granted,
            "scope": [granted["scope"]],
            "expires_at": self.now().timestamp() + granted["expires_in"],
        }

    def expire_access_tokens(self) -> None:
        """Let Ring refuse the access tokens given out so far; refreshing still works."""
        self._tokens.access.clear()

    def revoke(self) -> None:
        """Throw everybody out, as changing the password does."""
        self._tokens = _Tokens()

    def open_session(self, hardware_id: str, push_token: str) -> None:
        """Open a session, as of somebody else who is pushed what happens."""
        self._sessions.add(hardware_id)
        self.push_tokens[hardware_id] = push_token

    def drop_sessions(self) -> None:
        """Forget the sessions, as Ring does after a day."""
        self._sessions.clear()

    def end_urls(self) -> None:
        """Let the signed URLs given out so far be used no more."""
        for signed in self._signed.values():
            signed.expires_at = self.now()

    # oauth.ring.com

    async def _token(self, asked: Asked) -> Answer:
        if not asked.headers.get("User-Agent"):
            return Answer(status=406)
        form = {name: value for name, (value,) in parse_qs(asked.body.decode()).items()}
        if app := self.apps.get(form.get("client_id", "")):
            return await app(asked, **form)
        if CLIENT not in {form.get("client_id"), _basic_user(asked.headers)}:
            return json_answer({"error": "invalid_client"}, status=401)
        if form.get("grant_type") == "refresh_token":
            return self._refresh(form.get("refresh_token", ""))
        return self._sign_in(form, asked.headers)

    def _refresh(self, refresh_token: str) -> Answer:
        if refresh_token not in self._tokens.refresh:
            return json_answer(
                {
                    "error": "invalid_grant",
                    "error_description": "token is invalid or does not exists",
                },
                status=401,
            )
        if not self.old_refresh_works:
            self._tokens.refresh.remove(refresh_token)
        return json_answer(self._grant())

    def _sign_in(self, form: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
        if (form.get("username"), form.get("password")) != (
            self.username,
            self.password,
        ):
            return json_answer(
                {
                    "error": "access_denied",
                    "error_description": "invalid user credentials",
                },
                status=401,
            )
        if self.two_factor is None:
            return json_answer(self._grant())
        if not (code := headers.get("2fa-code")):
            return self._send_code()
        is_fresh = bool(self._codes_at) and self.now() - self._codes_at[-1] < timedelta(
            seconds=self.code_lifetime_s
        )
        if not self.codes or code != self.codes[-1] or not is_fresh:
            return json_answer(
                {"error": "Verification Code is invalid or expired"}, status=400
            )
        return json_answer(self._grant())

    def _send_code(self) -> Answer:
        now = self.now()
        while self._codes_at and now - self._codes_at[0] > timedelta(minutes=10):
            self._codes_at.popleft()
        if len(self._codes_at) >= CODES_IN_TEN_MINUTES:
            # The words are known, the status is not.
            return json_answer(
                {
                    "error": "invalid_request",
                    "error_description": "too many requests from dependency service",
                },
                status=400,
            )
        self._codes_at.append(now)
        self.codes.append(f"{secrets.randbelow(10**6):06}")
        return json_answer(
            {
                "next_time_in_secs": 60,
                "phone": "+3xxxxxxx44",
                "tsv_state": self.two_factor,
            },
            status=412,
        )

    def _grant(self) -> dict[str, Any]:
        access, refresh = secrets.token_urlsafe(), secrets.token_urlsafe()
        lifetime = timedelta(seconds=self.token_lifetime_s)
        self._tokens.access[access] = self.now() + lifetime
        self._tokens.refresh.add(refresh)
        return {
            "access_token": access,
            "refresh_token": refresh,
            "expires_in": int(self.token_lifetime_s),
            "scope": "client",
            "token_type": "Bearer",
        }

    # api.ring.com

    def _signed_in(self, handler: Handler) -> Handler:
        """Let only those through who may ask, and not too often."""

        async def checked(asked: Asked, **names: str) -> Answer:
            if refused := self._refused(asked):
                return refused
            return await handler(asked, **names)

        return checked

    def _refused(self, asked: Asked) -> Answer | None:
        most, seconds = self.rate_limit
        while self._asked_at and asked.at - self._asked_at[0] > timedelta(
            seconds=seconds
        ):
            self._asked_at.popleft()
        if len(self._asked_at) >= most:
            return json_answer({"error": "Too many requests"}, status=429)
        self._asked_at.append(asked.at)
        access = asked.headers.get("Authorization", "").removeprefix("Bearer ")
        if self._tokens.access.get(access, self.now()) <= self.now():
            return json_answer({"error": "access token is invalid"}, status=401)
        hardware_id = asked.headers.get("hardware_id")
        if not hardware_id:
            return json_answer({"error": "hardware_id is missing"}, status=400)
        if (
            not asked.path.endswith("clients_api/session")
            and hardware_id not in self._sessions
        ):
            return json_answer(
                {"error": f"Session not found for hardware_id {hardware_id}"},
                status=404,
            )
        return None

    async def _open_session(self, asked: Asked) -> Answer:
        """Open a session; pushes to the device of an earlier one end."""
        hardware_id = asked.json()["device"]["hardware_id"]
        self._sessions.add(hardware_id)
        self.push_tokens.pop(hardware_id, None)
        return await self._profile(asked)

    async def _profile(self, asked: Asked) -> Answer:
        return json_answer(
            {
                "profile": {
                    "id": self.account_id,
                    "email": self.username,
                    "first_name": "Some",
                    "last_name": "One",
                    "features": {"video_search_enabled": self.has_search},
                }
            }
        )

    async def _register_device(self, asked: Asked) -> Answer:
        """Take note of where push messages are to go."""
        token = asked.json()["device"]["push_notification_token"]
        self.push_tokens[asked.headers["hardware_id"]] = token
        return Answer(status=204)

    async def _list_devices(self, asked: Asked) -> Answer:
        devices: dict[str, list[dict[str, Any]]] = {
            "doorbots": [],
            "authorized_doorbots": [],
            "stickup_cams": [],
            "chimes": [
                {
                    "id": 123456,
                    "device_id": "abcdef123456",
                    "description": "Downstairs",
                    "kind": "chime",
                    "location_id": "mock-location-id",
                    "settings": {"volume": 2},
                }
            ],
            "base_stations": [],
            "other": [
                {
                    "id": 185036587,
                    "device_id": "abcdef185036587",
                    "description": "Ingress",
                    "kind": "intercom_handset_audio",
                    "location_id": "mock-location-id",
                    "features": {"show_recordings": True},
                    "settings": {"doorbell_volume": 8, "mic_volume": 8},
                }
            ],
        }
        for camera in self.cameras:
            devices[camera.family].append(_device(camera))
        return json_answer(devices)

    async def _list_active(self, asked: Asked) -> Answer:
        now = self.now()
        return json_answer(
            [
                {
                    "id": event.id,
                    "id_str": str(event.id),
                    "doorbot_id": event.camera.id,
                    "doorbot_description": event.camera.name,
                    "device_kind": event.camera.kind,
                    "kind": event.kind,
                    "state": "ringing",
                    "now": event.start.timestamp(),
                    "expires_in": 180,
                }
                for event in self.events
                if timedelta(0) <= now - event.start < timedelta(minutes=3)
            ]
        )

    async def _list_groups(self, asked: Asked) -> Answer:
        return json_answer({"device_groups": []})

    async def _health(self, asked: Asked, camera_id: str) -> Answer:
        if self._camera(camera_id) is None:
            return self.unknown(asked)
        return json_answer({"device_health": {"wifi_name": "home"}})

    async def _history(self, asked: Asked, camera_id: str) -> Answer:
        if (camera := self._camera(camera_id)) is None:
            return self.unknown(asked)
        events = [one for one in self._events_of(camera)[::-1] if not one.is_deleted]
        older_than = asked.query.get("older_than")
        if older_than and self.history_pages != "repeated":
            ids = [str(event.id) for event in events]
            begin = ids.index(older_than) + 1 if older_than in ids else len(ids)
            events = events[begin + SKIPPED * (self.history_pages == "skipping") :]
        limit = min(int(asked.query.get("limit", 30)), PAGE)
        now = self.now()
        return json_answer([_listed(event, now) for event in events[:limit]])

    async def _search(self, asked: Asked) -> Answer:
        if (camera := self._camera(asked.query["doorbot_id"])) is None:
            return self.unknown(asked)
        begin_ms, end_ms = (int(asked.query[name]) for name in ("date_from", "date_to"))
        events = [
            event
            for event in self._events_of(camera)
            if self.has_search
            and (
                not self.search_keeps_to_window
                or begin_ms <= _ms(event.start) <= end_ms
            )
        ]
        if self.search_cut == "oldest":
            events = events[-self.search_most :]
        else:
            events = events[: self.search_most]
        if asked.query.get("order") != "asc":
            events.reverse()
        found = [self._found(one) for one in events if not one.is_deleted]
        return json_answer({"video_search": found})

    def _found(self, event: RingEvent) -> dict[str, Any]:
        has_urls = (
            event.has_inline_urls and not event.is_e2ee and event.ready_at <= self.now()
        )

        def sign(form: Form) -> str | None:
            is_told = has_urls and form not in event.missing_forms
            return self._sign(event, form) if is_told else None

        original, transcoded = sign("original"), sign("hq")
        return {
            "id": event.id,
            "ding_id": str(event.id),
            "created_at": _ms(event.start),
            "updated_at": _ms(event.end),
            "duration": event.duration_s,
            "preroll_duration": None,
            "kind": event.kind,
            "state": "completed",
            "favorite": False,
            "had_subscription": event.had_subscription,
            "is_e2ee": event.is_e2ee,
            "manifest_id": None,
            "hq_url": transcoded,
            "lq_url": transcoded or "",
            "untranscoded_url": original or "",
            "thumbnail_url": self._sign(event, "thumbnail") if has_urls else "",
            "cv_properties": event.cv_properties(self.now()),
            **event.facts,
        }

    async def _play(self, asked: Asked, event_id: str) -> Answer:
        return self._url(event_id, "play")

    async def _transcode(self, asked: Asked, event_id: str) -> Answer:
        if asked.query.get("disable_redirect") == "true":
            return self._url(event_id, "recording")
        event = self._event(event_id)
        if event is None or event.ready_at > self.now():
            return Answer(status=404)
        return Answer(status=302, headers={"Location": self._sign(event, "recording")})

    def _url(self, event_id: str, form: Form) -> Answer:
        event = self._event(event_id)
        if (
            event is None
            or event.is_e2ee
            or not event.had_subscription
            or form in event.missing_forms
        ):
            return json_answer({"error": "not found"}, status=404)
        if event.ready_at > self.now():
            if self.not_ready == "404":
                return json_answer({"error": "not found"}, status=404)
            return json_answer({"url": None})
        return json_answer({"url": self._sign(event, form)})

    async def _begin_shown(self, asked: Asked) -> Answer:
        """Begin to make a recording as the app shows it."""
        wanted = asked.json()
        event = self._event(str(wanted["ding_id"]))
        if event is None or event.ready_at > self.now() or event.is_e2ee:
            return self.unknown(asked)
        self._shown_at.setdefault(
            str(event.id), self.now() + timedelta(seconds=self.shown_after_s)
        )
        return self._shown(event)

    async def _poll_shown(self, asked: Asked, event_id: str) -> Answer:
        event = self._event(event_id)
        if event is None or event_id not in self._shown_at:
            return self.unknown(asked)
        return self._shown(event)

    def _shown(self, event: RingEvent) -> Answer:
        is_done = self._shown_at[str(event.id)] <= self.now()
        return json_answer(
            {
                "ding_id": str(event.id),
                "file_type": "VIDEO",
                "status": "done" if is_done else "pending",
                "result_url": self._sign(event, "shown") if is_done else None,
            }
        )

    async def _timeline(self, asked: Asked, camera_id: str) -> Answer:
        """Tell what there is of a stretch: one piece, where it was recorded throughout."""
        camera = self._camera(camera_id)
        if camera is None or asked.headers.get("X-API-VERSION") != "1":
            return self.unknown(asked)
        start, end = (
            datetime.fromisoformat(asked.query[name])
            for name in ("start_time", "end_time")
        )
        end = min(end, self.now() - timedelta(seconds=self.timeline_late_s))
        items = [
            {
                **_timeline_item("CloudMedia", event.start, event.end),
                "url": self._sign(event, "original"),
                "is_e2ee": event.is_e2ee,
                "custom_metadata": {
                    "ding_id": str(event.id),
                    "is_chunked": False,
                    "recording_24x7_enabled": False,
                },
            }
            for event in self._events_of(camera)
            if event.start < end and start < event.end
        ]
        if camera.always_since is None:
            items.append(
                {**_timeline_item("Footage", start, end), "kind": "ONLINE_PERIODICAL"}
            )
            return json_answer({"timeline": [{"items": items}]})
        begin = max(start, camera.always_since)
        for gap_start, gap_end in sorted(camera.gaps):
            if begin < gap_start < end:
                items.append(self._always(camera, begin, gap_start))
            if start < gap_end and gap_start < end:
                items.append(_timeline_item("Gap", gap_start, gap_end))
                begin = max(begin, gap_end)
        if begin < end:
            items.append(self._always(camera, begin, end))
        return json_answer({"timeline": [{"items": items}]})

    def _always(
        self, camera: RingCamera, start: datetime, end: datetime
    ) -> dict[str, Any]:
        url = self._sign_shot(
            Shot(camera.footage, start, end), "timeline", stored_at=start
        )
        return {
            **_timeline_item("CloudMedia", start, end),
            "url": url,
            "is_e2ee": camera.e2ee_enabled,
            "custom_metadata": {"is_chunked": True, "recording_24x7_enabled": True},
        }

    async def _take_snapshots(self, asked: Asked) -> Answer:
        """Tell how old the last pictures are, and take new ones."""
        cameras = [self._camera(str(one)) for one in asked.json()["doorbot_ids"]]
        timestamps = [
            {"doorbot_id": camera.id, "timestamp": _ms(camera.snapshot_at)}
            for camera in cameras
            if camera and camera.has_snapshots and camera.snapshot_at
        ]
        for camera in cameras:
            if camera:
                camera.snapshot_at = self.now()
        return json_answer({"timestamps": timestamps})

    async def _snapshot(self, asked: Asked, camera_id: str) -> Answer:
        camera = self._camera(camera_id)
        if camera is None or not camera.has_snapshots or not camera.snapshot_at:
            return self.unknown(asked)
        moment = camera.snapshot_at
        return Answer(
            body=await self.clouds.in_thread(lambda: camera.footage.picture(moment)),
            headers={"Content-Type": "image/jpeg"},
        )

    # The store

    def _sign(self, event: RingEvent, form: Form) -> str:
        preroll = timedelta(seconds=event.preroll_s if form == "shown" else 0)
        return self._sign_shot(
            Shot(event.camera.footage, event.start - preroll, event.end, exact=True),
            form,
            stored_at=event.stored_at,
            has_picture=form not in event.audio_forms,
        )

    def _sign_shot(
        self,
        shot: Shot,
        form: Form,
        *,
        stored_at: datetime,
        has_picture: bool = True,
    ) -> str:
        """Return a URL that holds its own permission.

        Its encoding is as no URL library would write it, and the signature is of it.
        """
        now = self.now()
        for old in list(islice(self._signed.values(), 2)):
            if old.expires_at + URL_REMEMBERED < now:
                del self._signed[old.url]
        url = (
            f"https://{MEDIA_HOST}/v1/download/{secrets.token_hex(8)}-{form}.mp4"
            "?X-Amz-Algorithm=AWS4-HMAC-SHA256"
            f"&X-Amz-Credential=ASIA%2f{now:%Y%m%d}%2Feu-west-1%2Fs3%2Faws4_request"
            f"&X-Amz-Date={now:%Y%m%dT%H%M%SZ}"
            f"&X-Amz-Expires={int(self.url_lifetime_s)}"
            f"&X-Amz-Security-Token=IQoJ+{quote(secrets.token_urlsafe())}%3d%3D~%41"
            f"&response-content-disposition=attachment%3B%20filename%3D%27a%20b%27"
            f"&X-Amz-Signature={secrets.token_hex(32)}"
        )
        self._signed[url] = _Signed(
            shot=shot,
            form=form,
            stored_at=stored_at,
            has_picture=has_picture,
            url=url,
            expires_at=now + timedelta(seconds=self.url_lifetime_s),
        )
        return url

    async def _download(self, asked: Asked) -> Answer:
        leaked = {"authorization", "hardware_id", "cookie"}.intersection(
            name.lower() for name in asked.headers
        )
        self.leaks += sorted(leaked)
        signed = self._signed.get(asked.url)
        if "authorization" in leaked:
            return _xml(400, "InvalidArgument", "Only one auth mechanism allowed")
        if signed is None:
            return _xml(403, "SignatureDoesNotMatch", "The signature does not match")
        if signed.expires_at <= self.now():
            return _xml(403, "AccessDenied", "Request has expired")
        if signed.stored_at > self.now():
            return _xml(404, "NoSuchKey", "The specified key does not exist.")
        shot = signed.shot
        if signed.form == "thumbnail":
            return Answer(
                body=await self.clouds.in_thread(
                    lambda: shot.footage.picture(shot.start)
                ),
                headers={"Content-Type": "image/jpeg"},
            )
        path, _ = await self.clouds.film([shot])
        body: bytes | Path = path
        if not signed.has_picture:
            body = await self.clouds.in_thread(lambda: without_picture(path))
        is_made_now = signed.form == "timeline"
        return Answer(
            body=body,
            headers={"Content-Type": "video/mp4"},
            ranges=not is_made_now,
            chunked=is_made_now,
        )

    def _camera(self, camera_id: str) -> RingCamera | None:
        found = [one for one in self.cameras if str(one.id) == camera_id]
        return found[0] if found else None

    def _event(self, event_id: str) -> RingEvent | None:
        found = [one for one in self.events if str(one.id) == event_id]
        return found[0] if found else None

    def _events_of(self, camera: RingCamera) -> list[RingEvent]:
        """Return what has happened in front of a camera so far, the oldest first."""
        now = self.now()
        return sorted(
            (one for one in self.events if one.camera is camera and one.start <= now),
            key=lambda one: one.start,
        )

    @override
    def line(self, asked: Asked) -> Line | None:
        """Return the line that recordings come over."""
        return self.media_line if asked.host == MEDIA_HOST else None

    @override
    def unknown(self, asked: Asked) -> Answer:
        """Answer what there is none of."""
        return json_answer({"error": "not found"}, status=404)

    # Live view

    async def _ticket(self, asked: Asked) -> Answer:
        self.tickets.add(ticket := secrets.token_urlsafe())
        return json_answer({"ticket": ticket})

    async def _signal(self, asked: Asked) -> Answer:
        ticket = asked.query.get("token", "")
        if ticket not in self.tickets:
            return Answer(status=401)
        self.tickets.remove(ticket)
        return Answer(talk=self._talk)

    async def _talk(self, socket: web.WebSocketResponse) -> None:
        """Give live views to who asks for them, until they hang up."""
        begun: list[LiveSession] = []
        try:
            async for message in socket:
                told = message.json()
                body = told["body"]
                if told["method"] == "live_view":
                    begun.append(await self._open_live(socket, told))
                elif told["method"] == "activate_session":
                    assert body["session_id"] == begun[-1].id
                    begun[-1].is_active = True
                elif told["method"] == "ping":
                    await socket.send_json({"method": "pong", "body": body})
        finally:
            for session in begun:
                await self._end_live(session)

    async def _open_live(
        self, socket: web.WebSocketResponse, told: Mapping[str, Any]
    ) -> LiveSession:
        body = told["body"]
        (camera,) = (one for one in self.cameras if one.id == body["doorbot_id"])
        connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        session = LiveSession(
            id=secrets.token_urlsafe(24),
            camera=camera,
            started_at=self.now(),
            connection=connection,
        )
        self.live.append(session)
        self.live_log.append("start")

        async def say(method: str, **more: Any) -> None:
            about = {"doorbot_id": camera.id, "session_id": session.id, **more}
            dialog_id = told["dialog_id"]
            await socket.send_json(
                {"method": method, "dialog_id": dialog_id, "body": about}
            )

        if self.live_refusal:
            reason = {"code": 26, "text": self.live_refusal}
            await say("close", reason=reason)
            return session
        await say("session_created")
        await say("notification", text="camera_connected")
        await connection.setRemoteDescription(
            RTCSessionDescription(sdp=body["sdp"], type="offer")
        )
        connection.addTrack(
            LiveTrack(
                session,
                camera.footage,
                now=self.now,
                may_start=lambda: self.live_starts and session.is_active,
                log=self.live_log,
            )
        )
        await connection.setLocalDescription(await connection.createAnswer())
        lines = connection.localDescription.sdp.splitlines(keepends=True)
        ways = [line for line in lines if line.startswith("a=candidate:")]
        if self.live_trickles:
            lines = [line for line in lines if line not in ways]
            lines = [line for line in lines if "end-of-candidates" not in line]
            await say("ice", ice="candidate:nonsense", mlineindex=0)
            await say("ice", ice=ways[0].strip()[2:], mlineindex=0)
        await say("sdp", sdp="".join(lines), type="answer")
        if self.live_trickles:
            for way in ways[1:]:
                await say("ice", ice=way.strip()[2:], mlineindex=0)
        return session

    async def _end_live(self, session: LiveSession) -> None:
        """End a live view; what was sent of it becomes a recording."""
        session.ended_at, session.ended_by = self.now(), "app"
        self.live_log.append("stop")
        if session.media_at is not None:
            duration = session.ended_at - session.media_at
            self.add_event(
                session.camera,
                "on_demand",
                start=session.media_at,
                duration_s=ceil(duration.total_seconds()),
            )
        await session.connection.close()


def _basic_user(headers: Mapping[str, str]) -> str:
    """Return who signs in with a name and a password in a header."""
    encoded = headers.get("Authorization", "").removeprefix("Basic ")
    return b64decode(encoded).decode().partition(":")[0]


def _device(camera: RingCamera) -> dict[str, Any]:
    return {
        "id": camera.id,
        "device_id": camera.mac,
        "description": camera.name,
        "kind": camera.kind,
        "location_id": "mock-location-id",
        "time_zone": "Europe/Berlin",
        "firmware_version": "1.4.26",
        "alerts": {"connection": "online"},
        "battery_life": 80,
        "owned": camera.family != "authorized_doorbots",
        "e2ee_enabled": camera.e2ee_enabled,
        "features": {
            "motions_enabled": True,
            "show_recordings": camera.has_subscription,
            "video_recording": {
                "recording_mode": (
                    "continuous" if camera.always_since else "motion_based"
                )
            },
        },
        "settings": {
            "motion_detection_enabled": True,
            "lite_24x7": {"enabled": camera.takes_snapshots, "frequency_secs": 300},
            "other_paid_features": {"recording_24x7": camera.always_since is not None},
        },
    }


def _listed(event: RingEvent, now: datetime) -> dict[str, Any]:
    """Return an entry of the history; whole seconds come without a fraction."""
    written = event.start.astimezone(UTC)
    if event.ready_at <= now:
        status = "ready"
    else:
        status = "uploading" if event.end <= now else "inprogress"
    return {
        "id": event.id,
        "created_at": (
            f"{written:%Y-%m-%dT%H:%M:%S}Z"
            if not written.microsecond
            else f"{written.strftime(_UTC_MS)[:-3]}Z"
        ),
        "kind": event.kind,
        "answered": False,
        "favorite": False,
        "events": [],
        "snapshot_url": "",
        "duration": float(event.duration_s) if event.end <= now else None,
        "recording": {"status": status},
        "doorbot": {"id": event.camera.id, "description": event.camera.name},
        "cv_properties": event.cv_properties(now),
        **event.facts,
    }


def _timeline_item(schema: str, start: datetime, end: datetime) -> dict[str, Any]:
    return {
        "schema": schema,
        "start_time": f"{start.astimezone(UTC).strftime(_UTC_MS)[:-3]}Z",
        "end_time": f"{end.astimezone(UTC).strftime(_UTC_MS)[:-3]}Z",
    }


def _ms(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def _xml(status: int, code: str, message: str) -> Answer:
    return Answer(
        status=status,
        body=(
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        ).encode(),
        headers={"Content-Type": "application/xml"},
    )
