"""Cisco Meraki's dashboard API, as far as it is about cameras and their footage.

Shapes and limits are those of the public API documentation; texts of errors that it
does not give are what other public clients saw or guessed.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
import json
from pathlib import Path
import re
import secrets
from typing import Any, Literal, override
from urllib.parse import urlencode

from .footage import Footage, Shot
from .server import Answer, Asked, Bucket, Cloud, Line, Server, json_answer

LONGEST_CLIP = timedelta(minutes=5)
SHORTEST_CLIP = timedelta(seconds=1)
REGIONS = ("meraki.com", "meraki.ca", "meraki.cn", "meraki.in", "gov-meraki.com")

_API = r"(?:api|n\d+)\.[a-z.-]+/api/v1"
_MEDIA = r"spn\d+\.[a-z.-]+"

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
# Documented are 10, on top of the rate; requests do not arrive as evenly as they leave.
_BURST = 12.0


@dataclass(eq=False, kw_only=True)
class Organization:
    """An organisation; with a `shard`, its requests are sent to that host."""

    id: str
    name: str
    api_enabled: bool = True
    shard: str | None = None


@dataclass(eq=False, kw_only=True)
class Network:
    """A network of an organisation."""

    id: str
    name: str
    organization: Organization


@dataclass(eq=False, kw_only=True)
class MerakiCamera:
    """A camera, as the dashboard lists it. Change its fields to change what is said.

    - `imagers`: 0 for one with a single lens; each of several films its own footage.
    - `holes`: stretches that were not recorded. `retention`: how long the rest is kept.
    - `keeps_motion_only`: its settings say that only motion is kept after three days.
    - `changes`: other footage from a moment on (Smart Retention changes the size).
    - `begins_at_key_frame`: clips begin at the key frame at or before what was asked;
      `begins_late`: or so much later than asked, with a key frame.
    - `overshoots`: clips run so much over their end, one after the other in turn.
    - `pts`: the times inside of clips are the camera's own clock, or begin at zero.
    - `refusal`: what each request for a clip is refused with, in a 400.
    - `uplink`: what all of its clips come over.
    """

    serial: str
    name: str | None
    network: Network
    footage: Footage
    model: str = "MV72X"
    product_type: str = "camera"
    mac: str = "00:18:0a:00:00:01"
    firmware: str = "camera-7-2"
    imagers: int = 0
    status: Literal["online", "alerting", "offline", "dormant"] = "online"
    retention: timedelta = timedelta(days=30)
    keeps_motion_only: bool = False
    holes: list[tuple[datetime, datetime]] = field(default_factory=list)
    changes: list[tuple[datetime, Footage]] = field(default_factory=list)
    begins_at_key_frame: bool = True
    begins_late: timedelta = timedelta(0)
    overshoots: Sequence[timedelta] = ()
    refusal: str = ""
    uplink: Line | None = None
    pts: Literal["clock", "zero"] = "clock"

    def imager(self, number: int = 1, footage: Footage | None = None) -> Footage:
        """Return what one lens films, counted from 1; a single one films it all."""
        film = footage or self.footage
        return replace(film, name=f"{film.name} {number}") if self.imagers else film

    def shots(
        self, start: datetime, end: datetime, *, kept_from: datetime, imager: int = 1
    ) -> list[Shot]:
        """Return what there is of a window: it begins anew after each hole and change."""
        own = self.footage
        begin = own.key_frame(start) if self.begins_at_key_frame else start
        if self.begins_late:
            begin = own.next_key_frame(start + self.begins_late)
        holes = [
            (since, own.next_key_frame(until))
            for since, until in [(_LONG_AGO, kept_from), *self.holes]
        ]
        films = {_LONG_AGO: own} | {
            own.next_key_frame(since): film for since, film in self.changes
        }
        edges = {begin, end, *films, *(edge for hole in holes for edge in hole)}
        return [
            Shot(
                self.imager(imager, films[max(f for f in films if f <= a)]), a, b, True
            )
            for a, b in pairwise(sorted(e for e in edges if begin <= e <= end))
            if not any(since <= a < until for since, until in holes)
        ]


@dataclass(eq=False, kw_only=True)
class _Media:
    path: Path
    content_type: str
    ready_at: datetime
    expires_at: datetime
    uplink: Line | None


class MerakiCloud(Cloud):
    """Cisco Meraki, for one person with one API key.

    Settings, to be changed at any time:

    - `domain`: the region that the key belongs to.
    - `tells_retention`: what is older is refused with the number of days.
    - `lag_s`: how far the clips are behind live. `cuts_at_lag`: a window that is too new
      is answered with what is there, instead of with a 400.
    - `ready_after_s`, `not_ready_status`: a clip's URL answers that status so long.
    - `url_lifetime_s`, `expired_status`: and that one from then on.
    - `expiry_text`: how the answer tells the URL's end, with `{}`; None: not at all.
    - `requests_per_s` and `burst` of an organisation; `retry_after` of its 429s.
    - `largest_page`: no page is larger, whatever is asked for.

    `leaks` says which of the API's headers came to a host of media.
    """

    hosts = tuple(f"*.{domain}" for domain in REGIONS)

    def __init__(self, clouds: Server) -> None:
        """Set up a person without any organisation."""
        super().__init__(clouds)
        self.api_key = secrets.token_hex(20)
        self.email = "someone@example.com"
        self.domain = "meraki.com"
        self.organizations: dict[str, Organization] = {}
        self.networks: dict[str, Network] = {}
        self.cameras: dict[str, MerakiCamera] = {}
        self.tells_retention = False
        self.lag_s = 45.0
        self.cuts_at_lag = False
        self.ready_after_s = 2.0
        self.not_ready_status = 404
        self.url_lifetime_s = 600.0
        self.expired_status = 403
        self.expiry_text: str | None = "Access to the image will expire at {}."
        self.clip_content_type = "video/mp2t"
        self.requests_per_s = 10.0
        self.burst = _BURST
        self.retry_after: str | None = "1"
        self.largest_page = 1000
        self.leaks: list[str] = []
        self._media: dict[str, _Media] = {}
        self._clips_made: Counter[str] = Counter()
        self._buckets: dict[str, Bucket] = {}
        self._add_routes()

    def _add_routes(self) -> None:
        for method, path, handler in (
            ("GET", "administered/identities/me", self._me),
            ("GET", "organizations", self._organizations),
            ("GET", "organizations/(?P<id>[^/]+)/networks", self._networks),
            ("GET", "organizations/(?P<id>[^/]+)/devices", self._devices),
            (
                "GET",
                "organizations/(?P<id>[^/]+)/devices/availabilities",
                self._availabilities,
            ),
            (
                "GET",
                "networks/(?P<id>[^/]+)/camera/qualityRetentionProfiles",
                self._profiles,
            ),
            (
                "GET",
                "devices/(?P<id>[^/]+)/camera/qualityAndRetention",
                self._quality,
            ),
            ("GET", "devices/(?P<id>[^/]+)/camera/clip", self._clip),
            (
                "POST",
                "devices/(?P<id>[^/]+)/camera/generateSnapshot",
                self._snapshot,
            ),
        ):
            self.route(method, f"{_API}/{path}", handler)
        self.route("GET", rf"{_MEDIA}/.+", self._give)

    def add_organization(
        self, name: str = "Home", *, api_enabled: bool = True, shard: str | None = None
    ) -> Organization:
        """Add an organisation."""
        organization = Organization(
            id=str(2_930_418 + len(self.organizations)),
            name=name,
            api_enabled=api_enabled,
            shard=shard,
        )
        self.organizations[organization.id] = organization
        return organization

    def add_network(
        self, name: str = "House", *, organization: Organization | None = None
    ) -> Network:
        """Add a network; without an organisation, to the first one."""
        if organization is None:
            organization = next(iter(self.organizations.values()), None)
        network = Network(
            id=f"L_{646_829_496_481_105_433 + len(self.networks)}",
            name=name,
            organization=organization or self.add_organization(),
        )
        self.networks[network.id] = network
        return network

    def add_camera(
        self,
        name: str | None,
        *,
        network: Network | None = None,
        footage: Footage | None = None,
        serial: str | None = None,
        model: str = "MV72X",
        product_type: str = "camera",
        imagers: int = 0,
    ) -> MerakiCamera:
        """Add a device; without a network, to the first one.

        Its footage bears its name, unless it has some of its own.
        """
        if network is None:
            network = next(iter(self.networks.values()), None)
        number = len(self.cameras) + 1
        serial = serial or f"Q2{'ABCDEFGHJK'[number // 10 % 10]}V-CAMS-{number:04}"
        camera = MerakiCamera(
            serial=serial,
            name=name,
            network=network or self.add_network(),
            footage=footage or Footage(name or serial),
            model=model,
            product_type=product_type,
            mac=f"00:18:0a:00:{number // 256:02x}:{number % 256:02x}",
            imagers=imagers,
        )
        self.cameras[serial] = camera
        return camera

    def webhook(
        self, camera: MerakiCamera, *, secret: str, at: datetime | None = None
    ) -> dict[str, Any]:
        """Return what the dashboard posts when a camera saw something move.

        The alert arises, and is sent, a while after that.
        """
        at = at or self.now()
        network, organization = camera.network, camera.network.organization
        dashboard = f"https://n1.{self.domain}"
        return {
            "version": "0.1",
            "sharedSecret": secret,
            "sentAt": _alerted(at + timedelta(seconds=70)),
            "organizationId": organization.id,
            "organizationName": organization.name,
            "organizationUrl": f"{dashboard}/o/VjjsAd/manage/organization/overview",
            "networkId": network.id,
            "networkName": network.name,
            "networkUrl": f"{dashboard}/{network.name}/n/dgkvKb/manage/nodes/list",
            "networkTags": [],
            "deviceSerial": camera.serial,
            "deviceMac": camera.mac,
            "deviceName": camera.name,
            "deviceUrl": f"{dashboard}/{network.name}/n/dgkvKb/manage/nodes/new_list/0",
            "deviceTags": [],
            "deviceModel": camera.model,
            "alertId": str(secrets.randbelow(9 * 10**17) + 10**17),
            "alertType": "Motion detected",
            "alertTypeId": "motion_alert",
            "alertLevel": "informational",
            "occurredAt": _alerted(at + timedelta(seconds=30)),
            "alertData": {
                "timestamp": at.timestamp(),
                "imageUrl": f"https://spn4.{self.domain}/stream/jpeg/snapshot/b2d123",
                "motionRecapEnabled": False,
                "imageEnabled": True,
            },
        }

    @override
    async def answer(self, asked: Asked) -> Answer:
        """Answer, once the key, the organisation and its limits are found good."""
        if asked.host.startswith("spn"):
            return await super().answer(asked)
        if not asked.host.endswith(f".{self.domain}"):
            return _error(401, "Invalid API key")
        bearer = asked.headers.get("Authorization", "")
        key = bearer.removeprefix("Bearer ") or asked.headers.get(
            "X-Cisco-Meraki-API-Key", ""
        )
        if not key:
            return _error(401, "Missing API key")
        if key != self.api_key:
            return _error(401, "Invalid API key")
        organization = self._organization_of(asked)
        if organization is not None:
            if organization.shard not in {None, asked.host}:
                return _moved(asked, organization.shard or "")
            if not self._take(organization.id):
                self.too_many += 1
                headers = {"Retry-After": self.retry_after} if self.retry_after else {}
                return _error(
                    429, "API rate limit exceeded for organization", headers=headers
                )
            if not organization.api_enabled:
                return _error(403, "API access is not enabled for this organization")
        return await super().answer(asked)

    @override
    def line(self, asked: Asked) -> Line | None:
        """Return the uplink of the camera that a clip is of."""
        media = self._media.get(asked.url)
        return media.uplink if media else None

    @override
    def unknown(self, asked: Asked) -> Answer:
        """Answer what is not part of the API."""
        return _error(404, "Not found")

    def _organization_of(self, asked: Asked) -> Organization | None:
        match = re.match(r"/api/v1/(\w+)/([^/]+)", asked.path)
        if match is None:
            return None
        kind, name = match.groups()
        if kind == "devices" and name in self.cameras:
            return self.cameras[name].network.organization
        if kind == "networks" and name in self.networks:
            return self.networks[name].organization
        return self.organizations.get(name) if kind == "organizations" else None

    def _take(self, organization_id: str) -> bool:
        """Take a token from the organisation's bucket, if there is one left."""
        bucket = self._buckets.setdefault(
            organization_id, Bucket(self.requests_per_s, self.burst)
        )
        bucket.per_s, bucket.most = self.requests_per_s, self.burst
        return bucket.take()

    async def _me(self, asked: Asked) -> Answer:
        key = {"created": True}
        return json_answer(
            {
                "name": "Some One",
                "email": self.email,
                "authentication": {"mode": "email", "api": {"key": key}},
            }
        )

    async def _organizations(self, asked: Asked) -> Answer:
        return self._page(
            asked,
            [
                {
                    "id": organization.id,
                    "name": organization.name,
                    "url": f"https://dashboard.{self.domain}/o/VjjsAd/manage/"
                    "organization/overview",
                    "api": {"enabled": organization.api_enabled},
                    "licensing": {"model": "co-term"},
                    "cloud": {"region": {"name": "Europe"}},
                    "management": {"details": []},
                }
                for organization in self.organizations.values()
            ],
            most=9000,
        )

    async def _networks(self, asked: Asked, id: str) -> Answer:
        if id not in self.organizations:
            return _error(404, "Organization not found")
        return self._page(
            asked,
            [
                {
                    "id": network.id,
                    "organizationId": id,
                    "name": network.name,
                    "productTypes": sorted(
                        {
                            c.product_type
                            for c in self.cameras.values()
                            if c.network is network
                        }
                    ),
                    "timeZone": "Europe/Berlin",
                    "tags": [],
                }
                for network in self.networks.values()
                if network.organization.id == id
            ],
            most=100_000,
        )

    async def _devices(self, asked: Asked, id: str) -> Answer:
        if id not in self.organizations:
            return _error(404, "Organization not found")
        return self._page(
            asked,
            [
                {
                    **({} if camera.name is None else {"name": camera.name}),
                    "lat": 37.4180951010362,
                    "lng": -122.098531723022,
                    "address": "",
                    "notes": "",
                    "tags": [],
                    "networkId": camera.network.id,
                    "serial": camera.serial,
                    "model": camera.model,
                    "mac": camera.mac,
                    "lanIp": "192.168.1.17",
                    "firmware": camera.firmware,
                    "productType": camera.product_type,
                    "details": [],
                    "configurationUpdatedAt": "2026-09-15T01:19:07Z",
                }
                for camera in self._wanted(asked, id)
            ],
            most=5000,
        )

    async def _availabilities(self, asked: Asked, id: str) -> Answer:
        if id not in self.organizations:
            return _error(404, "Organization not found")
        return self._page(
            asked,
            [
                {
                    "serial": camera.serial,
                    "name": camera.name,
                    "mac": camera.mac,
                    "network": {"id": camera.network.id},
                    "productType": camera.product_type,
                    "status": camera.status,
                    "tags": [],
                }
                for camera in self._wanted(asked, id)
            ],
            most=1000,
        )

    def _wanted(self, asked: Asked, organization_id: str) -> list[MerakiCamera]:
        wanted = {
            name: set(asked.query.getall(f"{name}[]", []))
            for name in ("networkIds", "productTypes", "serials")
        }
        return [
            camera
            for camera in self.cameras.values()
            if camera.network.organization.id == organization_id
            and camera.network.id in (wanted["networkIds"] or {camera.network.id})
            and camera.product_type in (wanted["productTypes"] or {camera.product_type})
            and camera.serial in (wanted["serials"] or {camera.serial})
        ]

    async def _profiles(self, asked: Asked, id: str) -> Answer:
        if id not in self.networks:
            return _error(404, "Network not found")
        kept_days = {
            camera.retention.days
            for camera in self.cameras.values()
            if camera.network.id == id
        }
        return json_answer(
            [
                {
                    "id": f"profile_{days}",
                    "networkId": id,
                    "name": f"{days} days",
                    "maxRetentionDays": days,
                    "cloudArchiveEnabled": False,
                    "smartRetention": {"enabled": False},
                    "motionBasedRetentionEnabled": False,
                    "audioRecordingEnabled": True,
                    "restrictedBandwidthModeEnabled": False,
                    "scheduleId": None,
                    "motionDetectorVersion": 2,
                }
                for days in sorted(kept_days)
            ]
        )

    async def _quality(self, asked: Asked, id: str) -> Answer:
        camera = self._camera(id)
        if camera is None:
            return _error(404, "Device not found")
        film = camera.footage
        return json_answer(
            {
                "profileId": f"profile_{camera.retention.days}",
                "motionBasedRetentionEnabled": camera.keeps_motion_only,
                "audioRecordingEnabled": film.audio is not None,
                "restrictedBandwidthModeEnabled": False,
                "quality": "Standard",
                "resolution": f"{film.width}x{film.height}",
                "motionDetectorVersion": 2,
            }
        )

    async def _clip(self, asked: Asked, id: str) -> Answer:
        camera = self._camera(id)
        if camera is None:
            return _error(404, "Device not found")
        try:
            start, end = (
                _time(asked.query[name]) for name in ("startTimestamp", "endTimestamp")
            )
        except KeyError, ValueError:
            return _error(400, "Invalid timestamp format")
        if end <= start:
            return _error(400, "'endTimestamp' must be after 'startTimestamp'")
        if end - start > LONGEST_CLIP:
            return _error(400, "Clips can be at most 5 minutes long")
        if end - start < SHORTEST_CLIP:
            return _error(400, "Clips must be at least 1 second long")
        imager = asked.query.get("imagerId", "0")
        allowed = [str(n) for n in range(1, camera.imagers + 1)] or ["0"]
        if imager not in allowed:
            return _error(400, f"'imagerId' must be one of {', '.join(allowed)}")
        if camera.refusal:
            return _error(400, camera.refusal)
        if camera.status == "offline":
            return _error(400, "The camera is offline")
        newest = self.now() - timedelta(seconds=self.lag_s)
        if self.cuts_at_lag:
            end = min(end, newest)
        kept_from = self.now() - camera.retention
        if self.tells_retention and end <= kept_from:
            days = camera.retention.days
            text = f"'startTimestamp' is older than the camera's {days} day retention"
            return _error(400, text)
        if end > newest or end <= start:
            return _error(400, "No video for specified timestamp")
        if camera.overshoots:
            turn = self._clips_made[id] % len(camera.overshoots)
            end = min(end + camera.overshoots[turn], newest)
            self._clips_made[id] += 1
        shots = camera.shots(start, end, kept_from=kept_from, imager=int(imager))
        if not shots:
            return _error(400, "No video for specified timestamp")
        path, _ = await self.clouds.film(shots, container="mpegts", pts=camera.pts)
        return json_answer(self._sign(path, self.clip_content_type, camera.uplink))

    async def _snapshot(self, asked: Asked, id: str) -> Answer:
        camera = self._camera(id)
        if camera is None:
            return _error(404, "Device not found")
        try:
            media_options = json.loads(asked.body)
            moment = (
                _time(media_options["timestamp"])
                if "timestamp" in media_options
                else None
            )
        except ValueError:
            return _error(400, "Invalid JSON body")
        if moment is not None and media_options.get("fullframe"):
            return _error(400, "'fullframe' cannot be used with 'timestamp'")
        if camera.status == "offline":
            return _error(400, "The camera is offline")
        newest = self.now() - timedelta(seconds=self.lag_s)
        if moment is not None and not self.now() - camera.retention < moment < newest:
            return _error(400, "No video for specified timestamp")
        picture = await self.clouds.in_thread(
            partial(camera.imager(1, camera.footage).picture, moment or self.now())
        )
        path = self.clouds.folder / f"{secrets.token_hex(8)}.jpg"
        path.write_bytes(picture)
        return json_answer(self._sign(path, "image/jpeg"), status=202)

    def _camera(self, serial: str) -> MerakiCamera | None:
        camera = self.cameras.get(serial)
        is_camera = camera is not None and camera.product_type == "camera"
        return camera if is_camera else None

    def _sign(
        self, path: Path, content_type: str, uplink: Line | None = None
    ) -> dict[str, str]:
        """Return the answer with a URL; its token survives only byte for byte."""
        token = f"{secrets.token_urlsafe(12)}%2F{secrets.token_urlsafe(6)}%3d%3D~%2b"
        url = f"https://spn{4 + len(self._media) % 40}.{self.domain}"
        url += f"/stream/jpeg/snapshot/{token}"
        ready_at = self.now() + timedelta(seconds=self.ready_after_s)
        expires_at = self.now() + timedelta(seconds=self.url_lifetime_s)
        self._media[url] = _Media(
            path=path,
            content_type=content_type,
            ready_at=ready_at,
            expires_at=expires_at,
            uplink=uplink,
        )
        answer = {"url": url}
        if self.expiry_text is not None:
            answer["expiry"] = self.expiry_text.format(
                f"{expires_at:%Y-%m-%dT%H:%M:%SZ}"
            )
        return answer

    async def _give(self, asked: Asked) -> Answer:
        self.leaks += [
            name
            for name in ("Authorization", "X-Cisco-Meraki-API-Key", "Cookie")
            if name in asked.headers
        ]
        media = self._media.get(asked.url)
        if media is None:
            return Answer(status=404)
        if self.now() < media.ready_at:
            return Answer(status=self.not_ready_status)
        if self.now() >= media.expires_at:
            return Answer(status=self.expired_status)
        return Answer(body=media.path, headers={"Content-Type": media.content_type})

    def _page(
        self, asked: Asked, items: Sequence[dict[str, Any]], *, most: int
    ) -> Answer:
        """Answer with one page, and tell by `Link` where the others are."""
        try:
            size = int(asked.query.get("perPage", min(most, 1000)))
        except ValueError:
            size = 0
        if not 3 <= size <= most:
            return _error(400, f"'perPage' must be between 3 and {most}")
        size = min(size, self.largest_page)
        ids = [str(item.get("serial") or item["id"]) for item in items]
        begin = 0
        if (after := asked.query.get("startingAfter")) is not None:
            begin = ids.index(after) + 1 if after in ids else len(ids)
        if (before := asked.query.get("endingBefore")) is not None:
            begin = max(0, ids.index(before) - size) if before in ids else 0
        end = min(begin + size, len(ids))

        def link(relation: str, **place: str) -> str:
            query = [
                (name, value)
                for name, value in asked.query.items()
                if name not in {"startingAfter", "endingBefore"}
            ]
            query += place.items()
            # The relation has no quotes: that is how the dashboard writes it.
            return (
                f"<https://{asked.host}{asked.path}?{urlencode(query)}>; rel={relation}"
            )

        links = [link("first")]
        if begin:
            links.append(link("prev", endingBefore=ids[begin]))
        if end < len(ids):
            links.append(link("next", startingAfter=ids[end - 1]))
        return json_answer(items[begin:end], headers={"Link": ", ".join(links)})


def _alerted(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def _error(status: int, *texts: str, headers: dict[str, str] | None = None) -> Answer:
    return json_answer({"errors": texts}, status=status, headers=headers)


def _moved(asked: Asked, shard: str) -> Answer:
    """Send a request to the organisation's own host; only a GET may change its method."""
    url = asked.url.replace(asked.host, shard, 1)
    return Answer(
        status=302 if asked.method == "GET" else 308, headers={"Location": url}
    )


def _time(text: str) -> datetime:
    """Return an ISO 8601 time; one without a zone is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
