"""Ring as an app of one's own sees it: OAuth 2, any window, signed URLs, live video.

Shapes and limits are those of Ring's pages for developers; what these leave open is as
other public clients saw it, and can be set.
"""

import asyncio
from base64 import urlsafe_b64encode
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
import hmac
from itertools import count
import json
import secrets
from typing import Any, Literal, override
from urllib.parse import quote, urlencode

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from .footage import Footage, Shot
from .live import LiveSession, LiveTrack
from .ring import RingCloud
from .server import Answer, Asked, Cloud, Handler, Server, json_answer

API_HOST = "api.amazonvision.com"
ACCOUNT_HOST = "account.ring.com"
MEDIA_HOST = "download-us.amazonvision.com"
FAR_MEDIA_HOST = "download-ap-northeast-1.prod.phoenix.devices.amazon.dev"

AUTHORIZE_PATH = "/account/integrations/partner-link/authorize"
SCOPE = "ava.v1:read"
LONGEST_CLIP_MS = 900_000
PAGE = 50
# How far a picture may be from the moment that was asked for.
PICTURE_TOLERANCE = timedelta(seconds=10)

type Kind = Literal["motion", "ding", "on_demand"]
type Segment = tuple[datetime, datetime]


@dataclass(eq=False, kw_only=True)
class PartnerEvent:
    """An entry of a camera's history."""

    id: str
    kind: Kind
    start: datetime
    end: datetime
    sub_type: str | None = None


@dataclass(eq=False, kw_only=True)
class PartnerCamera:
    """A device of the account. Change its fields to change what is said and given.

    - `recordings`: the stretches that were recorded; None: it records all the time, but
      for `holes`.
    - `components`: the ids of the cameras in it, if there are several.
    - `has_video`: without, it is a chime or a sensor.
    - `is_encrypted`: its media cannot be read. `is_corrupt`: neither can they be made.
    - `is_forbidden`: the app may not see it, though it is listed.
    - `begins_at_key_frame`: clips begin at the key frame at or before what was asked.
    """

    id: str
    name: str
    footage: Footage
    recordings: list[Segment] | None = None
    holes: list[Segment] = field(default_factory=list)
    events: list[PartnerEvent] = field(default_factory=list)
    components: tuple[str, ...] = ()
    battery: int = 255
    has_video: bool = True
    has_plan: bool = True
    is_online: bool = True
    is_encrypted: bool = False
    is_corrupt: bool = False
    is_forbidden: bool = False
    begins_at_key_frame: bool = True

    def footage_of(self, component_id: str | None) -> Footage:
        """Return what one of its cameras films."""
        if component_id is None or not self.components:
            return self.footage
        return replace(self.footage, name=f"{self.footage.name} {component_id}")

    def stretches(
        self, start: datetime, end: datetime, until: datetime
    ) -> list[Segment]:
        """Return what was recorded of a window, as far as it is there by now."""
        found = [(start, end)]
        if self.recordings is not None:
            # A camera that records only then uploads a recording once it is whole.
            found = sorted(one for one in self.recordings if one[1] <= until)
        for since, to in self.holes:
            found = [
                piece
                for a, b in found
                for piece in ((a, min(b, since)), (max(a, to), b))
                if piece[0] < piece[1]
            ]
        cut = [(max(a, start), min(b, end, until)) for a, b in found]
        return [(a, b) for a, b in cut if a < b]


@dataclass(eq=False, kw_only=True)
class _Media:
    answer: Callable[[], Awaitable[Answer]]
    method: str
    body: bytes
    expires_at: datetime


@dataclass(eq=False, kw_only=True)
class _Code:
    redirect_uri: str
    challenge: str
    expires_at: datetime


class RingPartnerCloud(Cloud):
    """Ring's partner API for one account that is linked to one private app.

    Settings, to be changed at any time:

    - `consented_at`: nothing from before is given.
    - `ready_after_s`: so long after it was filmed footage is there; until then a window
      is answered with `not_ready` (425, 416).
    - `in_hole`: what a window that begins in a hole is answered with: 206 and what comes
      later, or 416.
    - `redirect`: the status that sends to `media_host` for clips, None: given at once.
    - `rate_limit` requests a second.
    - `page` is how many events a page of history has; `empty_pages` come first, and
      after the last event one for each `empty_tail` back to the consent.
    - `tells_id`, `tells_email`: what the account says of its owner.
    - `live_limit_s`: a live session lasts no longer; `live_starts`: a picture is sent;
      `live_is_reachable`: whoever sends it can be reached.

    `live` are the sessions so far, `live_log` what happened to them; `leaks` says which
    headers came to a host of media and should not have.
    """

    hosts = (API_HOST, ACCOUNT_HOST, MEDIA_HOST, FAR_MEDIA_HOST)

    def __init__(self, clouds: Server, ring: RingCloud) -> None:
        """Set up an account without cameras; `ring` has the host that gives tokens."""
        super().__init__(clouds)
        self.client_id = f"amzn1.application-oa2-client.{secrets.token_hex(16)}"
        self.client_secret = secrets.token_urlsafe(32)
        self.hmac_key = secrets.token_urlsafe(32)
        self.redirect_uri = "https://my.home-assistant.io/redirect/oauth"
        self.account_id = "ava1.ring.account.SIMULATED"
        self.email = "someone@example.com"
        self.tells_id = True
        self.tells_email = True
        self.link_status: str | None = None
        self.cameras: list[PartnerCamera] = []
        self.consented_at = datetime(2026, 1, 1, tzinfo=UTC)
        self.ready_after_s = 0.0
        self.not_ready = 425
        self.in_hole = 206
        self.redirect: int | None = 303
        self.media_host = MEDIA_HOST
        self.url_lifetime_s = 300.0
        self.token_lifetime_s = 14_400.0
        # Whether a refresh token is good for another answer, should the first be lost.
        self.old_refresh_works = False
        self.refresh_lifetime = timedelta(days=30)
        self.rate_limit = 100
        self.page = PAGE
        self.empty_pages = 0
        self.empty_tail: timedelta | None = None
        self.live_limit_s = 60.0
        self.live_starts = True
        self.live_is_reachable = True
        self.live: list[LiveSession] = []
        self.live_log: list[str] = []
        self.leaks: list[str] = []
        self._access: dict[str, datetime] = {}
        self._refresh: dict[str, datetime] = {}
        self._playground: set[str] = set()
        self._codes: dict[str, _Code] = {}
        self._media: dict[str, _Media] = {}
        self._asked_at: deque[datetime] = deque()
        self._limits: list[asyncio.Task[None]] = []
        self._numbers = count(1)
        ring.apps[self.client_id] = self._token
        self._add_routes()

    def _add_routes(self) -> None:
        self.route("GET", f"{ACCOUNT_HOST}{AUTHORIZE_PATH}", self._authorize)
        device = "devices/(?P<device_id>[^/]+)"
        for method, path, handler in (
            ("GET", "users/me", self._me),
            ("GET", "accounts/me/subscriptions", self._subscriptions),
            ("GET", "accounts/me/app-integrations", self._link),
            ("PATCH", "accounts/me/app-integrations", self._link),
            ("DELETE", "accounts/me/app-integrations", self._unlink),
            ("GET", "devices", self._devices),
            ("GET", f"history/{device}/events", self._history),
            ("POST", f"{device}/media/video/download", self._video),
            ("POST", f"{device}/media/image/download", self._image),
            ("POST", f"{device}/media/streaming/whep/sessions", self._open_live),
            (
                "DELETE",
                f"{device}/media/streaming/whep/sessions/(?P<session_id>[^/]+)",
                self._close_live,
            ),
        ):
            self.route(method, f"{API_HOST}/v1/{path}", self._signed_in(handler))
        for host in (MEDIA_HOST, FAR_MEDIA_HOST):
            self.route("GET", f"{host}/.+", self._give)
            self.route("POST", f"{host}/.+", self._give)

    # What tests set up.

    def add_camera(
        self,
        name: str = "Front Door",
        *,
        footage: Footage | None = None,
        recordings: list[Segment] | None = None,
        holes: list[Segment] | None = None,
        components: tuple[str, ...] = (),
        battery: int = 255,
        has_video: bool = True,
    ) -> PartnerCamera:
        """Add a camera that the person lets the app see."""
        camera = PartnerCamera(
            id=f"ava1.ring.device.{next(self._numbers):020X}",
            name=name,
            footage=footage or Footage(name),
            recordings=recordings,
            holes=holes or [],
            components=components,
            battery=battery,
            has_video=has_video,
        )
        self.cameras.append(camera)
        return camera

    def add_event(
        self,
        camera: PartnerCamera,
        kind: Kind = "motion",
        *,
        start: datetime | None = None,
        duration_s: float = 20,
        sub_type: str | None = None,
    ) -> PartnerEvent:
        """Let something happen; a camera that records only then records it."""
        # No time of this API is finer.
        start = _from_ms(_ms(start or self.now()))
        event = PartnerEvent(
            id=f"{camera.id}.{kind}.{_ms(start)}.{next(self._numbers)}",
            kind=kind,
            start=start,
            end=start + timedelta(seconds=duration_s),
            sub_type=sub_type,
        )
        camera.events.append(event)
        if camera.recordings is not None:
            camera.recordings.append((event.start, event.end))
        return event

    def webhook(
        self,
        camera: PartnerCamera,
        kind: str = "motion_detected",
        *,
        sub_type: str | None = None,
        at: datetime | None = None,
        request_id: str | None = None,
        key: str | None = None,
    ) -> tuple[bytes, dict[str, str]]:
        """Return the body and the headers that the app's webhook is posted."""
        at = at or self.now()
        data: dict[str, Any] = {
            "id": f"{camera.id}_{sub_type or kind}_{_ms(at)}",
            "type": kind,
            "attributes": {
                "source": camera.id,
                "source_type": "devices",
                "timestamp": _ms(at),
            },
            "relationships": {
                "devices": {"links": {"self": f"/v1/devices/{camera.id}"}}
            },
        }
        if sub_type:
            data["subType"] = sub_type
        if camera.components:
            data["attributes"]["component_ids"] = [int(camera.components[0])]
        body = json.dumps(
            {
                "meta": {
                    "version": "1.1",
                    "time": _iso(self.now()),
                    "request_id": request_id or secrets.token_hex(16),
                    "account_id": self.account_id,
                },
                "data": data,
            }
        ).encode()
        digest = hmac.new((key or self.hmac_key).encode(), body, sha256).hexdigest()
        return body, {
            "Content-Type": "application/json",
            "X-Signature": f"sha256={digest}",
        }

    def token(self) -> dict[str, Any]:
        """Return a token as linking would, for tests of what comes after it."""
        granted = self._grant()
        return {
            **granted,
            "expires_at": self.now().timestamp() + granted["expires_in"],
        }

    def playground_token(self) -> str:
        """Return a token as the developers' playground gives: for half an hour."""
        token = secrets.token_urlsafe()
        self._access[token] = self.now() + timedelta(minutes=30)
        self._playground.add(token)
        return token

    def expire_access_tokens(self) -> None:
        """Refuse the access tokens given out so far; refreshing still works."""
        self._access.clear()

    def revoke(self) -> None:
        """Unlink the app, as a person does in Ring's app."""
        self._access.clear()
        self._refresh.clear()
        self.link_status = None

    # account.ring.com and oauth.ring.com

    async def _authorize(self, asked: Asked) -> Answer:
        """Consent at once, and send the browser back."""
        query = asked.query
        if (
            query.get("client_id") != self.client_id
            or query.get("redirect_uri") != self.redirect_uri
            or query.get("response_type") != "code"
            or query.get("code_challenge_method") != "S256"
            or not query.get("code_challenge")
        ):
            return json_answer({"error": "invalid_request"}, status=400)
        if query.get("scope") != SCOPE:
            return json_answer({"error": "invalid_scope"}, status=400)
        code = secrets.token_urlsafe()
        self._codes[code] = _Code(
            redirect_uri=self.redirect_uri,
            challenge=query["code_challenge"],
            expires_at=self.now() + timedelta(minutes=10),
        )
        back = urlencode({"code": code, "state": query.get("state", "")})
        return Answer(status=302, headers={"Location": f"{self.redirect_uri}?{back}"})

    async def _token(self, asked: Asked, **form: str) -> Answer:
        if "urllib" in asked.headers.get("User-Agent", "urllib").lower():
            return Answer(status=403, body=b"error code: 1010")
        if form.get("client_secret") != self.client_secret:
            return json_answer({"error": "invalid_client"}, status=401)
        if form.get("grant_type") == "refresh_token":
            refresh = form.get("refresh_token", "")
            expires_at = self._refresh.get(refresh)
            if not self.old_refresh_works:
                self._refresh.pop(refresh, None)
            if expires_at is None or expires_at <= self.now():
                return json_answer({"error": "invalid_grant"}, status=400)
            return json_answer(self._grant())
        if form.get("grant_type") != "authorization_code":
            return json_answer({"error": "unsupported_grant_type"}, status=400)
        code = self._codes.pop(form.get("code", ""), None)
        digest = sha256(form.get("code_verifier", "").encode()).digest()
        challenge = urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            code is None
            or code.expires_at <= self.now()
            or code.challenge != challenge
            or form.get("redirect_uri", code.redirect_uri) != code.redirect_uri
        ):
            return json_answer({"error": "invalid_grant"}, status=400)
        self.link_status = "awaiting"
        return json_answer(self._grant())

    def _grant(self) -> dict[str, Any]:
        access, refresh = secrets.token_urlsafe(), secrets.token_urlsafe()
        self._access[access] = self.now() + timedelta(seconds=self.token_lifetime_s)
        self._refresh[refresh] = self.now() + self.refresh_lifetime
        return {
            "access_token": access,
            "refresh_token": refresh,
            "scope": SCOPE,
            "expires_in": int(self.token_lifetime_s),
            "token_type": "Bearer",
        }

    # api.amazonvision.com

    def _signed_in(self, handler: Handler) -> Handler:
        """Let only those through who may ask, and not too often."""

        async def checked(asked: Asked, **names: str) -> Answer:
            while self._asked_at and asked.at - self._asked_at[0] > timedelta(
                seconds=1
            ):
                self._asked_at.popleft()
            left = self.rate_limit - len(self._asked_at)
            limits = {
                "X-RateLimit-Limit": str(self.rate_limit),
                "X-RateLimit-Remaining": str(max(0, left - 1)),
            }
            if left <= 0:
                return _error(429, "TOO_MANY_REQUESTS", headers={"Retry-After": "1"})
            self._asked_at.append(asked.at)
            token = asked.headers.get("Authorization", "").removeprefix("Bearer ")
            if self._access.get(token, self.now()) <= self.now():
                return Answer(status=401)
            answer = await handler(asked, **names)
            return replace(answer, headers={**limits, **answer.headers})

        return checked

    @override
    def unknown(self, asked: Asked) -> Answer:
        """Answer a wrong path: not with a 404."""
        return _error(403, "REQUEST_FORBIDDEN")

    async def _me(self, asked: Asked) -> Answer:
        about = {"first_name": "Some", "last_name": "One"}
        if self.tells_email:
            about["email"] = self.email
        data: dict[str, Any] = {"type": "users", "attributes": about}
        if self.tells_id:
            data["id"] = self.account_id
        return self._document(data)

    async def _subscriptions(self, asked: Asked) -> Answer:
        token = asked.headers["Authorization"].removeprefix("Bearer ")
        if token in self._playground:
            return _error(422, "INSUFFICIENT_SCOPE")
        return self._document(
            [
                {
                    "type": "subscriptions",
                    "id": f"sub_{camera.id}",
                    "attributes": {"state": "active"},
                    "relationships": {
                        "devices": {"data": {"type": "devices", "id": camera.id}}
                    },
                }
                for camera in self.cameras
                if camera.has_plan
            ]
        )

    async def _link(self, asked: Asked) -> Answer:
        """Tell, or change, how far linking has come."""
        if asked.method == "PATCH":
            wanted = asked.json()
            if self.link_status is None or wanted.get("status") != "completed":
                return _error(400, "BAD_REQUEST")
            self.link_status = "completed"
        if self.link_status is None:
            return self._document(None)
        return self._document(
            {
                "type": "app-integrations",
                "id": self.account_id,
                "attributes": {"status": self.link_status},
            }
        )

    async def _unlink(self, asked: Asked) -> Answer:
        self.revoke()
        return Answer(status=204)

    async def _devices(self, asked: Asked) -> Answer:
        wanted = set(filter(None, asked.query.get("include", "").split(",")))
        if wanted - {"status", "capabilities", "configurations", "location"}:
            return _error(400, "BAD_REQUEST")
        included = []
        for camera in self.cameras:
            if "status" in wanted:
                included.append(_status(camera, self.now()))
            if "capabilities" in wanted:
                included.append(_capabilities(camera))
        return self._document(
            [_device(camera) for camera in self.cameras],
            **({"included": included} if wanted else {}),
        )

    async def _history(self, asked: Asked, device_id: str) -> Answer:
        if (camera := self._camera(device_id)) is None:
            return _error(404, "NOT_FOUND")
        kinds = set(filter(None, asked.query.get("event_types", "").split(",")))
        events = sorted(
            (
                event
                for event in camera.events
                if event.start >= self.consented_at
                and event.start <= self.now()
                and (not kinds or event.kind in kinds)
            ),
            key=lambda event: event.start,
            reverse=True,
        )
        key = asked.query.get("page[key]")
        now = self.now()
        before = datetime.fromisoformat(key) if key else now + timedelta(hours=1)
        events = [event for event in events if event.start < before]
        next_key = None
        passed = round((now - before) / timedelta(seconds=1)) + 3600 if key else 0
        if passed < self.empty_pages:
            # Nothing on it, but the cursor goes on.
            page, next_key = [], now + timedelta(seconds=3599 - passed)
        else:
            page = events[: self.page]
            if len(events) > self.page:
                next_key = page[-1].start
            elif self.empty_tail:
                tail = (page[-1].start if page else min(before, now)) - self.empty_tail
                next_key = tail if tail > self.consented_at else None
        links = {}
        if next_key:
            query = urlencode({"page[key]": _iso(next_key)}, safe="[]:")
            links["next"] = f"/v1/history/devices/{device_id}/events?{query}"
        return json_answer(
            {
                "data": [
                    _listed(event, camera, as_text=number % 2 == 1)
                    for number, event in enumerate(page)
                ],
                "links": links,
            }
        )

    # Media

    def _barred(self, camera: PartnerCamera | None, start: datetime) -> Answer | None:
        """Return why there is nothing for this app, if so."""
        if camera is None:
            return _error(404, "NOT_FOUND")
        if not camera.has_video:
            return _error(400, "BAD_REQUEST", "device has no camera")
        if camera.is_forbidden or not camera.has_plan:
            return _error(403, "REQUEST_FORBIDDEN", "Out of Scope Access")
        if start < self.consented_at:
            return _error(403, "TIME_RANGE_NOT_AUTHORIZED")
        if not camera.is_online:
            return _error(503, "SERVICE_UNAVAILABLE", "Device is currently offline")
        if camera.is_corrupt:
            return _error(422, "CORRUPT_RECORDING")
        return None

    async def _video(self, asked: Asked, device_id: str) -> Answer:
        wanted = asked.json()
        if wrong := self._wrong_video_request(wanted):
            return _error(400, "BAD_REQUEST", wrong)
        start = _from_ms(wanted["timestamp"])
        end = start + timedelta(milliseconds=wanted["duration"])
        camera = self._camera(device_id)
        if barred := self._barred(camera, start):
            return barred
        assert camera
        now = self.now()
        until = now - timedelta(seconds=self.ready_after_s)
        stretches = camera.stretches(start, end, until)
        self._note(camera, start)
        if not stretches:
            if end > until and camera.stretches(start, end, now):
                code = {425: "RECORDING_NOT_READY"}.get(self.not_ready)
                return _error(self.not_ready, code or "TIMESTAMP_NOT_FOUND")
            return _error(416, "MEDIA_NOT_FOUND")
        begin, stop = stretches[0]
        if begin > start and self.in_hole == 416:
            return _error(416, "TIMESTAMP_NOT_FOUND")
        footage = _as_wanted(camera.footage_of(_component(wanted)), wanted)
        if begin > start:
            begin = min(footage.next_key_frame(begin), stop)
        elif camera.begins_at_key_frame:
            begin = footage.key_frame(start)

        async def clip() -> Answer:
            path, span = await self.clouds.film([Shot(footage, begin, stop, True)])
            headers = {
                "Content-Type": "video/mp4",
                "X-Media-Timestamp": str(_ms(span.start)),
            }
            is_whole = begin <= start and stop >= end
            if not is_whole:
                headers["X-Media-Length"] = str(_ms(span.end) - _ms(span.start))
            return Answer(
                status=200 if is_whole else 206,
                body=_cipher() if camera.is_encrypted else path,
                headers=headers,
            )

        if self.redirect is None:
            return await clip()
        is_same = self.redirect in {307, 308}
        return self._sent_on(
            self.redirect,
            clip,
            method="POST" if is_same else "GET",
            body=asked.body if is_same else b"",
        )

    def _wrong_video_request(self, wanted: Any) -> str | None:
        """Return what is wrong with a request, by the vendor's table."""
        limits = {"frame_rate": 25, "width": 1920, "height": 1080}
        video = wanted.get("video_options", {})
        numbers = {**video, **video.get("resolution", {})}
        known = [one for camera in self.cameras for one in camera.components]
        component_ids = [c["component_id"] for c in wanted.get("components", [])]
        if not isinstance(wanted.get("timestamp"), int):
            return "timestamp must be an integer"
        if wanted["timestamp"] > _ms(self.now()):
            return "timestamp must be <= now()"
        if not 0 < wanted.get("duration", 0) <= LONGEST_CLIP_MS:
            return "duration must be <= 900000"
        if video.get("codec", "avc") not in {"avc", "hevc"}:
            return "codec must be avc or hevc"
        if any(not 0 < numbers.get(name, 1) <= most for name, most in limits.items()):
            return "video_options out of range"
        if len(component_ids) > 1 or not set(component_ids) <= set(known):
            return "components takes one known component"
        return None

    async def _image(self, asked: Asked, device_id: str) -> Answer:
        wanted = asked.json()
        now = self.now()
        camera = self._camera(device_id)
        if wanted["type"] == "latest_in_range":
            start = _from_ms(wanted["start_timestamp"])
            end = min(_from_ms(wanted.get("end_timestamp") or _ms(now)), now)
            if end - start > timedelta(hours=24):
                return _error(400, "BAD_REQUEST", "window must be <= 24 hours")
        elif wanted["type"] == "at_timestamp":
            moment = _from_ms(wanted["timestamp"])
            start, end = moment - PICTURE_TOLERANCE, moment + PICTURE_TOLERANCE
        else:
            return _error(400, "BAD_REQUEST")
        if barred := self._barred(camera, start):
            return barred
        assert camera
        stretches = camera.stretches(start, end, now)
        if not stretches:
            return _error(416, "MEDIA_NOT_FOUND")
        shown = stretches[-1][1] - timedelta(milliseconds=1)
        footage = camera.footage_of(_component(wanted))
        self._note(camera, shown)

        async def picture() -> Answer:
            body = await self.clouds.in_thread(lambda: footage.picture(shown))
            return Answer(
                body=_cipher() if camera.is_encrypted else body,
                headers={
                    "Content-Type": "image/jpeg",
                    "X-Media-Timestamp": str(_ms(shown)),
                    "X-Media-Origin": "video",
                },
            )

        return self._sent_on(303, picture)

    def _note(self, camera: PartnerCamera, at: datetime) -> None:
        """Write into the history that the app looked at something."""
        camera.events.append(
            PartnerEvent(
                id=f"{camera.id}.on_demand.{_ms(at)}.{next(self._numbers)}",
                kind="on_demand",
                start=at,
                end=at,
            )
        )

    def _sent_on(
        self,
        status: int,
        answer: Callable[[], Awaitable[Answer]],
        *,
        method: str = "GET",
        body: bytes = b"",
    ) -> Answer:
        """Redirect to a URL that holds its own permission."""
        url = (
            f"https://{self.media_host}/v1/media/{secrets.token_hex(8)}.mp4"
            f"?X-Amz-Credential=ASIA%2f{self.now():%Y%m%d}%2Faws4_request"
            f"&X-Amz-Security-Token=IQoJ+{quote(secrets.token_urlsafe())}%3d~%41"
            f"&X-Amz-Signature={secrets.token_hex(32)}"
        )
        self._media[url] = _Media(
            answer=answer,
            method=method,
            body=body,
            expires_at=self.now() + timedelta(seconds=self.url_lifetime_s),
        )
        return Answer(status=status, headers={"Location": url})

    async def _give(self, asked: Asked) -> Answer:
        leaked = {"authorization", "cookie"}.intersection(
            name.lower() for name in asked.headers
        )
        self.leaks += sorted(leaked)
        media = self._media.get(asked.url)
        if leaked:
            return _xml(400, "InvalidArgument")
        if media is None or media.expires_at <= self.now():
            return _xml(403, "AccessDenied")
        if (asked.method, asked.body) != (media.method, media.body):
            return _xml(405, "MethodNotAllowed")
        return await media.answer()

    # Live video

    async def _open_live(self, asked: Asked, device_id: str) -> Answer:
        camera = self._camera(device_id)
        if barred := self._barred(camera, self.now()):
            return barred
        assert camera
        if asked.headers.get("Content-Type") != "application/sdp":
            return _error(415, "UNSUPPORTED_MEDIA_TYPE")
        connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        session = LiveSession(
            id=secrets.token_urlsafe(16),
            camera=camera,
            started_at=self.now(),
            connection=connection,
        )
        self.live.append(session)
        self.live_log.append("start")
        component_id = asked.query.get("component_id")
        track = LiveTrack(
            session,
            camera.footage_of(component_id),
            now=self.now,
            may_start=lambda: self.live_starts,
            log=self.live_log,
        )
        await connection.setRemoteDescription(
            RTCSessionDescription(sdp=asked.body.decode(), type="offer")
        )
        connection.addTrack(track)
        await connection.setLocalDescription(await connection.createAnswer())
        answer = connection.localDescription.sdp
        if not self.live_is_reachable:
            await connection.close()
        self._limits.append(asyncio.create_task(self._limit(session)))
        path = f"/v1/devices/{device_id}/media/streaming/whep/sessions/{session.id}"
        return Answer(
            status=201,
            body=answer.encode(),
            headers={
                "Content-Type": "application/sdp",
                "Location": f"https://{API_HOST}{path}",
            },
        )

    async def _close_live(
        self, asked: Asked, device_id: str, session_id: str
    ) -> Answer:
        for session in self.live:
            if session.id == session_id and session.ended_at is None:
                await self.end_live(session, "app")
                return Answer(status=204)
        return _error(404, "NOT_FOUND")

    async def _limit(self, session: LiveSession) -> None:
        await self.clouds.sleep(self.live_limit_s)
        if session.ended_at is None:
            await self.end_live(session)

    async def end_live(self, session: LiveSession, by: str = "limit") -> None:
        """End a live session; what was sent of it is a recording."""
        session.ended_at, session.ended_by = self.now(), by
        self.live_log.append("stop")
        if session.media_at is not None:
            duration = session.ended_at - session.media_at
            self.add_event(
                session.camera,
                "on_demand",
                start=session.media_at,
                duration_s=duration.total_seconds(),
            )
        await session.connection.close()

    @override
    async def stop(self) -> None:
        """Hang up."""
        await asyncio.gather(*self._limits)
        if self._limits:
            # aiortc sees only now and then whether it has been closed.
            await asyncio.sleep(0.05)

    def _camera(self, device_id: str) -> PartnerCamera | None:
        found = [one for one in self.cameras if one.id == device_id]
        return found[0] if found else None

    def _document(self, data: Any, **more: Any) -> Answer:
        return json_answer({"meta": {"time": _iso(self.now())}, "data": data, **more})


def _component(wanted: Mapping[str, Any]) -> str | None:
    components = wanted.get("components")
    return components[0]["component_id"] if components else None


def _as_wanted(footage: Footage, wanted: Mapping[str, Any]) -> Footage:
    """Return footage with the picture and the sound that were asked for."""
    video = wanted.get("video_options", {})
    size = video.get("resolution", {})
    fps = video.get("frame_rate", footage.fps)
    # As much as our footage can do.
    while 1000 % fps:
        fps -= 1
    has_sound = wanted.get("audio_options", {}).get("audio_enabled", False)
    return replace(
        footage,
        codec="hevc" if video.get("codec") == "hevc" else "h264",
        fps=fps,
        gop_frames=footage.gop_frames * fps // footage.fps or 1,
        width=max(160, size.get("width", footage.width) // 2 * 2),
        height=max(90, size.get("height", footage.height) // 2 * 2),
        audio=footage.audio if has_sound else None,
    )


def _cipher() -> bytes:
    """Return what nobody can read."""
    return bytes(4) + b"\x9dTAK" + secrets.token_bytes(20_000)


def _device(camera: PartnerCamera) -> dict[str, Any]:
    return {
        "type": "devices",
        "id": camera.id,
        "attributes": {"name": camera.name},
        "relationships": {
            name: {"data": {"type": f"device-{name}", "id": f"{camera.id}.{name}"}}
            for name in ("status", "capabilities")
        },
    }


def _status(camera: PartnerCamera, now: datetime) -> dict[str, Any]:
    return {
        "type": "device-status",
        "id": f"{camera.id}.status",
        "attributes": {
            "online": camera.is_online,
            "reported_at": _iso(now),
            "signal_strength": {"value": "good"},
            "battery_status": {"percentage": camera.battery},
        },
    }


def _capabilities(camera: PartnerCamera) -> dict[str, Any]:
    video = {
        "configurations": ["resolution_mode"],
        "codecs": ["AVC", "HEVC"],
        "ratio": "16:9",
        "max_resolution": 1080,
        "supported_resolutions": [1080, 720],
    }
    attributes: dict[str, Any] = {
        "video": video if camera.has_video else dict.fromkeys(video),
        "motion_detection": {"configurations": ["enabled"]},
    }
    if camera.components:
        attributes["components"] = {
            "items": [
                {"component_id": one, "video": {**video, "component_id": one}}
                for one in camera.components
            ]
        }
    return {
        "type": "device-capabilities",
        "id": f"{camera.id}.capabilities",
        "attributes": attributes,
    }


def _listed(
    event: PartnerEvent, camera: PartnerCamera, *, as_text: bool
) -> dict[str, Any]:
    """Return an entry of the history; some tell their start as a string."""
    about: dict[str, Any] = {
        "event_type": event.kind,
        "is_third_party_reviewed": event.kind == "on_demand",
        "start": str(_ms(event.start)) if as_text else _ms(event.start),
        "end": _ms(event.end),
    }
    if event.sub_type:
        about["sub_type"] = event.sub_type
    return {
        "type": "history-events",
        "id": event.id,
        "attributes": about,
        "relationships": {"source": {"data": {"type": "devices", "id": camera.id}}},
    }


def _error(
    status: int,
    code: str,
    detail: str = "",
    *,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    return json_answer(
        {
            "errors": [
                {
                    "status": str(status),
                    "code": code,
                    "title": code.replace("_", " ").title(),
                    "detail": detail,
                }
            ]
        },
        status=status,
        headers=headers,
    )


def _xml(status: int, code: str) -> Answer:
    return Answer(
        status=status,
        body=f"<Error><Code>{code}</Code></Error>".encode(),
        headers={"Content-Type": "application/xml"},
    )


def _ms(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def _from_ms(time_ms: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=time_ms)


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
