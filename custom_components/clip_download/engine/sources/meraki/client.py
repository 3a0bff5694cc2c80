"""Cisco Meraki: MV cameras, and any window of theirs in clips of at most five minutes.

The rules are those of https://developer.cisco.com/meraki/mv-sense/video-clip-api/ and
https://developer.cisco.com/meraki/api-v1/. They are silent about a clip that is not
ready; there this does what clients of the older snapshot URLs found to work.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
import itertools
import json
import logging
import re
from textwrap import shorten
from typing import Any, override
from urllib.parse import quote, urlencode

from aiohttp import hdrs
from aiolimiter import AsyncLimiter
from yarl import URL

from ...errors import (
    BadAnswerError,
    CameraUnknownError,
    ClipError,
    CloudError,
    NoFootageError,
    NoPermissionError,
    NotReadyError,
    RefusedError,
    SignInError,
)
from ...model import Camera, Event, Identity, MediaOptions, Part, Plan, Retention
from ...time_range import Placing, Window
from .. import sanitize
from ..base import Download, Source
from ..http import LARGEST_JSON_BYTES, Http, download_of, parse_json, read_body, trouble

_LOGGER = logging.getLogger(__name__)

# The API sends us from one of these to another; the key goes along within them only.
MERAKI_DOMAINS = frozenset(
    {"meraki.com", "meraki.ca", "meraki.cn", "meraki.in", "gov-meraki.com"}
)
# 10 requests a second for an organization, which its other applications share.
RATE = (5, 0.5)
LONGEST_CLIP_S = 5 * 60
# How many sensors film on their own, by the cameras' data sheets. A model that is not
# among these is asked for how many it has.
IMAGERS = dict.fromkeys(
    (
        *("MV2", "MV12", "MV13", "MV21", "MV22", "MV23", "MV32", "MV33"),
        *("MV52", "MV53", "MV63", "MV71", "MV72", "MV73", "MV93"),
    ),
    1,
) | {"MV84": 4}
MOST_IMAGERS = 8
# Of a thousand devices each, and of so many organizations a key never sees more.
MOST_PAGES = 50
MOST_ORGANIZATIONS = 1000
# A second that any camera has, if it was online then.
IMAGER_CLIP_AGE = timedelta(minutes=10)
IMAGER_CLIP_LENGTH = timedelta(seconds=1)

# "Motion-based retention" keeps everything for so long, and then what moved.
MOTION_RETENTION_AFTER = timedelta(days=3)
# No camera has room for more.
MOST_DAYS = 3650
# How long the profiles of a network are not asked for again.
PROFILES_FRESH_S = 3600.0

# A clip's URL is polled for this long before a new one is asked for.
URL_TIMEOUT_S = 90.0
FIRST_POLL_S = 1.0
LONGEST_POLL_S = 10.0
# When to ask again for a clip that the API does not give yet.
NOT_READY_AGAIN_S = 15.0
OFFLINE_AGAIN_S = 30.0
SNAPSHOT_POLL_S = 1.0
MOST_SNAPSHOT_POLLS = 30
LARGEST_SNAPSHOT_BYTES = 20 * 2**20
# What is shorter is a clip of its own, and comes beside the parts of a long one.
SHORTEST_IN_TURN_S = LONGEST_CLIP_S / 2
# How many URLs are remembered of clips that nobody has had time for yet.
MOST_URLS = 100
LONGEST_REASON = 200
# A longer word is no word but a token.
LONGEST_WORD = 30

# What a signed URL answers while there is nothing behind it yet, besides 5xx.
_NOT_THERE_YET = {200, 202, 204, 206, 404, 409, 425}
_URL_EXPIRED = {401, 403, 410}
# Not the request's fault, and gone the next time.
_PASSING = {408, 409, 425}

# What the texts of a 400 are about, in lower case. What is none of these, or is one of
# the first, stays as it is however often it is asked for.
_REFUSAL = ("firmware", "licen", "model", "permission", "privilege", "supported")
# What it says of lists that are not for a key to see.
_MAY_NOT_LOOK = {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}
_OFFLINE = ("offline", "not online", "unreachable")
_NO_VIDEO = ("no video", "no footage", "no recording", "not yet", "retention")


@dataclass(frozen=True, kw_only=True)
class _Answer:
    """What the API said: its status, its JSON, and the URL of the next page."""

    status: int
    value: Any
    next_url: str | None

    @property
    def is_good(self) -> bool:
        """Whether the API did what it was asked."""
        return self.status < HTTPStatus.BAD_REQUEST

    @property
    def reason(self) -> str:
        """Why it did not, in the API's words: a line that anybody may read, or nothing."""
        errors = self.value.get("errors") if isinstance(self.value, dict) else None
        return (
            _sanitized("; ".join(map(str, errors))) if isinstance(errors, list) else ""
        )

    def is_about(self, words: Sequence[str]) -> bool:
        """Return whether the reason has one of these words."""
        return any(word in self.reason.lower() for word in words)


@dataclass(frozen=True, kw_only=True)
class MerakiCamera(Camera):
    """A camera, or one of the imagers of a camera that has several."""

    imager: int | None = None
    network_id: str | None = None


class MerakiSource(Source[MerakiCamera, Part]):
    """All MV cameras that one dashboard API key sees.

    Credentials: `api_key`, and `base_url` as in the API's documentation, for example
    "https://api.meraki.com/api/v1".
    """

    kind = "meraki"
    manufacturer = "Cisco Meraki"
    # Footage lies in the camera and comes over its uplink: one part of a long clip after
    # the other, and the next one's link is there by then.
    parts_at_once = 2
    # "Allow 30-60 seconds of lag behind live time for clip availability."
    lag = timedelta(seconds=60)
    # "No video for specified timestamp" was seen for two to three minutes after.
    settles_after = timedelta(minutes=3)

    @override
    def prepare(self) -> None:
        """Make what asks this cloud, and what is remembered of it."""
        self._base_url = self.credentials["base_url"].rstrip("/")
        self._host = URL(self._base_url).host or ""
        is_meraki = any(
            self._host == domain or self._host.endswith(f".{domain}")
            for domain in MERAKI_DOMAINS
        )
        self._http = Http(
            self.session,
            MERAKI_DOMAINS if is_meraki else {self._host},
            AsyncLimiter(*RATE),
        )
        # Serial number -> how many imagers a camera of an unknown model has.
        self._imagers: dict[str, int] = {}
        # (camera id, window) -> where a clip is that is ready, and was not read.
        self._ready_urls: dict[tuple[str, Window], str] = {}
        # Serial number -> who has the camera's uplink, of the parts of long clips.
        self._uplinks = defaultdict[str, asyncio.Lock](asyncio.Lock)
        # Network id -> when its retention profiles were listed, and what they are by id.
        self._profiles: dict[str, tuple[float, dict[str, dict[str, Any]]]] = {}
        self._profiles_lock = asyncio.Lock()

    @override
    async def identify(self) -> Identity:
        """Say whose cameras they are: keys come and go, an organization's id stays."""
        organizations = {str(one["id"]): one for one in await self._organizations()}
        first, *others = sorted(organizations)
        name = sanitize.name(organizations[first].get("name"), self._host)
        return Identity(
            id=f"{self._host}/{first}",
            title=f"Meraki {name}" + (f" +{len(others)}" if others else ""),
            others=frozenset(f"{self._host}/{other}" for other in others),
        )

    @override
    async def cameras(self) -> list[MerakiCamera]:
        cameras: dict[str, MerakiCamera] = {}
        is_whole = True
        for organization in await self._organizations():
            query = urlencode({"productTypes[]": "camera", "perPage": 1000})
            devices = _is_open(organization) and await self._list(
                f"{self._base_url}/organizations/{_quoted(organization['id'])}/devices"
                f"?{query}"
            )
            if not isinstance(devices, list):
                # One organization without access must not hide the others' cameras.
                _LOGGER.debug("Organization %s is closed to us", organization["id"])
                is_whole = False
                continue
            for device in devices:
                if (
                    isinstance(device.get("serial"), str)
                    and sanitize.id_of(device["serial"])
                    and str(device.get("model")).startswith("MV")
                ):
                    found = await self._cameras_of(device)
                    cameras |= {camera.id: camera for camera in found}
        self.is_list_whole = is_whole
        return list(cameras.values())

    @override
    async def plan(
        self,
        camera: MerakiCamera,
        window: Window,
        media_options: MediaOptions,
        events: Sequence[Event] = (),
    ) -> Plan[Part]:
        return Plan(
            parts=[
                Part(window=request, placing=Placing.REQUESTED)
                for request in split_for_requests(window)
            ]
        )

    @override
    @asynccontextmanager
    async def fetch(
        self, camera: MerakiCamera, part: Part, media_options: MediaOptions
    ) -> AsyncIterator[Download]:
        asked = (camera.id, part.window)
        now = asyncio.get_running_loop().time
        ready_url = self._ready_urls.pop(asked, None)
        url = ready_url or await self._clip_url(camera, part.window)
        asked_s = now()
        left_s = URL_TIMEOUT_S
        pause_s = FIRST_POLL_S
        while True:
            async with self._uplink(camera, part):
                since_s = now()
                async with self._http.get_signed(url) as response:
                    if response.status in {200, 206} and response.content_length != 0:
                        yield download_of(response)
                        if not response.content.at_eof():
                            # Whoever leaves it unread comes back for it.
                            self._ready_urls[asked] = url
                            if len(self._ready_urls) > MOST_URLS:
                                self._ready_urls.pop(next(iter(self._ready_urls)))
                        return
                    is_expired = response.status in _URL_EXPIRED
                    # It was asked for long before it was this part's turn.
                    is_old = ready_url or (is_expired and since_s - asked_s > pause_s)
                    if not is_old:
                        if is_expired:
                            raise CloudError("clip_url_expired")
                        if (
                            response.status not in _NOT_THERE_YET
                            and response.status < 500
                        ):
                            raise trouble(response)
            left_s -= now() - since_s
            if is_old:
                ready_url = None
                url = await self._clip_url(camera, part.window)
                asked_s = now()
                continue
            if pause_s > left_s:
                raise NotReadyError("footage_not_ready", after_s=NOT_READY_AGAIN_S)
            await asyncio.sleep(pause_s)
            left_s -= pause_s
            pause_s = min(pause_s * 1.5, LONGEST_POLL_S)

    @asynccontextmanager
    async def _uplink(self, camera: MerakiCamera, part: Part) -> AsyncIterator[None]:
        """Wait until a camera sends no other part of a long clip."""
        if part.window.duration.total_seconds() < SHORTEST_IN_TURN_S:
            yield
            return
        async with self._uplinks[camera.serial_number or camera.id]:
            yield

    @override
    async def retention(self, camera: MerakiCamera) -> Retention:
        answer = await self._ask(f"{self._device_url(camera)}/qualityAndRetention")
        own = answer.value if isinstance(answer.value, dict) else {}
        if not answer.is_good or camera.network_id is None:
            return Retention()
        profile = (await self._profiles_of(camera.network_id)).get(
            str(own.get("profileId")), {}
        )
        days: Any = profile.get("maxRetentionDays")
        has_limit = type(days) is int and 0 < days <= MOST_DAYS
        is_motion_only = any(
            one.get("motionBasedRetentionEnabled") is True for one in (own, profile)
        )
        return Retention(
            longest=timedelta(days=days) if has_limit else None,
            all_for=MOTION_RETENTION_AFTER if is_motion_only else None,
        )

    async def _profiles_of(self, network_id: str) -> dict[str, dict[str, Any]]:
        """Return the retention profiles of a network by id; none if the key may not look."""
        now = asyncio.get_running_loop().time
        async with self._profiles_lock:
            at, profiles = self._profiles.get(network_id, (0.0, {}))
            if not at or now() - at >= PROFILES_FRESH_S:
                found = await self._list(
                    f"{self._base_url}/networks/{_quoted(network_id)}"
                    "/camera/qualityRetentionProfiles"
                )
                profiles = {str(one.get("id")): one for one in found or ()}
                self._profiles[network_id] = now(), profiles
        return profiles

    @override
    async def picture(
        self, camera: MerakiCamera, *, is_fresh: bool = True
    ) -> bytes | None:
        return await self._snapshot(camera, b"{}")

    @override
    def has_pictures(self, camera: MerakiCamera) -> bool:
        return not camera.imager

    @override
    async def picture_at(
        self, camera: MerakiCamera, at: datetime
    ) -> tuple[bytes, datetime] | None:
        body = json.dumps({"timestamp": _timestamp(at)}).encode()
        picture = await self._snapshot(camera, body)
        return (picture, at) if picture else None

    async def _snapshot(self, camera: MerakiCamera, body: bytes) -> bytes | None:
        """Have the cloud make a picture, and return it once it is there."""
        if camera.imager:
            # The API has no parameter for which imager.
            return None
        answer = await self._ask(
            f"{self._device_url(camera)}/generateSnapshot", body=body
        )
        url = _url_in(answer)
        if not answer.is_good or url is None:
            return None
        for _ in range(MOST_SNAPSHOT_POLLS):
            async with self._http.get_signed(url) as response:
                if response.status == HTTPStatus.OK:
                    picture = await read_body(response, LARGEST_SNAPSHOT_BYTES)
                    if sanitize.is_jpeg(picture):
                        return picture
                if response.status in _URL_EXPIRED:
                    return None
            await asyncio.sleep(SNAPSHOT_POLL_S)
        return None

    def _device_url(self, camera: MerakiCamera) -> str:
        serial = camera.serial_number or camera.id
        return f"{self._base_url}/devices/{_quoted(serial)}/camera"

    async def _clip_url(self, camera: MerakiCamera, window: Window) -> str:
        """Have the cloud make a clip; return the URL that it will be at.

        Raises what `fetch` does.
        """
        imager = camera.imager
        answer = await self._ask_for_clip(camera, window, imager)
        if imager is None and _is_about_imager(answer):
            # How many it has is asked for when the cameras are listed next.
            self._imagers.pop(camera.id, None)
            imager = 1
            answer = await self._ask_for_clip(camera, window, imager)
        if answer.is_good:
            if url := _url_in(answer):
                return url
            if answer.status == HTTPStatus.OK:
                raise BadAnswerError("cloud_nonsense")
            raise NotReadyError("footage_not_ready", after_s=NOT_READY_AGAIN_S)
        if _is_about_imager(answer):
            raise RefusedError("imager_unknown", imager=str(imager))
        raise self._not_given(answer, window)

    async def _ask_for_clip(
        self, camera: MerakiCamera, window: Window, imager: int | None
    ) -> _Answer:
        query = {
            "startTimestamp": _timestamp(window.start),
            "endTimestamp": _timestamp(window.end),
        }
        if imager is not None:
            query["imagerId"] = str(imager)
        return await self._ask(
            f"{self._device_url(camera)}/clip?{urlencode(query, safe=':')}"
        )

    def _not_given(self, answer: _Answer, window: Window) -> ClipError:
        """Return the error for a clip that the API does not give."""
        _LOGGER.debug("No clip of %s: %s %s", window, answer.status, answer.reason)
        if answer.status == HTTPStatus.NOT_FOUND:
            return CameraUnknownError("camera_unknown")
        if answer.status == HTTPStatus.FORBIDDEN and not answer.reason:
            return NoPermissionError("no_permission", action="clipDeviceCamera")
        if answer.status == HTTPStatus.BAD_REQUEST and not answer.is_about(_REFUSAL):
            if answer.is_about(_OFFLINE):
                return NotReadyError("camera_offline", after_s=OFFLINE_AGAIN_S)
            if answer.is_about(_NO_VIDEO):
                if datetime.now(UTC) < window.end + self.settles_after:
                    return NotReadyError("footage_not_ready", after_s=NOT_READY_AGAIN_S)
                is_old = answer.is_about(("retention",))
                return NoFootageError(
                    "older_than_retention" if is_old else "no_footage"
                )
        return RefusedError(
            "request_refused",
            action="clipDeviceCamera",
            reason=answer.reason or str(answer.status),
        )

    async def _cameras_of(self, device: Mapping[str, Any]) -> list[MerakiCamera]:
        """Return the cameras in a device: one, or one an imager.

        Where only the API knows how many there are, the first one has the device's own
        id: it may have been listed alone before.
        """
        serial, model = device["serial"], sanitize.name(device["model"], "")
        name = sanitize.name(device.get("name"), f"{model} {serial}")
        camera = MerakiCamera(
            id=serial,
            name=name,
            model=model,
            serial_number=serial,
            firmware=sanitize.name(device.get("firmware"), "") or None,
            network_id=sanitize.id_of(device.get("networkId")) or None,
        )
        known = re.match(r"MV\d+", model)
        count = IMAGERS.get(known[0]) if known else None
        is_asked = count is None
        if count is None:
            count = await self._count_imagers(camera)
        if count == 1:
            return [camera]
        return [
            replace(
                camera,
                id=serial if is_asked and imager == 1 else f"{serial}:{imager}",
                name=name if is_asked and imager == 1 else f"{name} {imager}",
                imager=imager,
            )
            for imager in range(1, count + 1)
        ]

    async def _count_imagers(self, camera: MerakiCamera) -> int:
        """Ask for a second of each imager until there is no such one; once a camera.

        A camera with a single one refuses the first of these requests.
        """
        if camera.id in self._imagers:
            return self._imagers[camera.id]
        end = (datetime.now(UTC) - IMAGER_CLIP_AGE).replace(microsecond=0)
        window = Window(end - IMAGER_CLIP_LENGTH, end)
        count = 1
        while count < MOST_IMAGERS:
            try:
                answer = await self._ask_for_clip(camera, window, count + 1)
            except CloudError as err:
                _LOGGER.debug("The imagers of %s are not known yet: %s", camera.id, err)
                return count
            if not answer.is_good:
                break
            count += 1
        if _is_about_imager(answer) or not answer.is_about((*_OFFLINE, *_NO_VIDEO)):
            self._imagers[camera.id] = count
        return count

    async def _organizations(self) -> list[dict[str, Any]]:
        """List the organizations. Raises CloudError if the API of none is switched on."""
        organizations = [
            organization
            for organization in await self._list(f"{self._base_url}/organizations")
            or []
            if sanitize.id_of(organization.get("id"))
        ]
        if not any(map(_is_open, organizations)):
            raise CloudError("no_organization")
        if len(organizations) > MOST_ORGANIZATIONS:
            raise BadAnswerError("cloud_nonsense")
        return organizations

    async def _list(self, url: str) -> list[dict[str, Any]] | None:
        """Return what all pages list, or None where the key may not look.

        Raises CloudError, `cloud_nonsense` for a list without an end, of which nobody
        knows what is missing; SignInError.
        """
        items: list[dict[str, Any]] = []
        asked: set[str] = set()
        next_url: str | None = url
        # A page that was there already leads to nothing new.
        while next_url and next_url not in asked:
            if len(asked) == MOST_PAGES:
                raise BadAnswerError("cloud_nonsense")
            asked.add(next_url)
            answer = await self._ask(next_url)
            if answer.status in _MAY_NOT_LOOK or answer.reason:
                return None
            if not answer.is_good:
                # Nor is this a refusal in the API's own words.
                raise BadAnswerError("cloud_trouble", status=str(answer.status))
            if not isinstance(answer.value, list):
                raise BadAnswerError("cloud_nonsense")
            items += [item for item in answer.value if isinstance(item, dict)]
            # Some lists of this API give a next page for ever.
            next_url = answer.next_url if answer.value else None
        return items

    async def _ask(self, url: str, body: bytes | None = None) -> _Answer:
        """Ask the API; a refusal other than of the key is the caller's to judge.

        Raises SignInError, CloudError.
        """
        headers: dict[str, str] = {
            hdrs.AUTHORIZATION: f"Bearer {self.credentials['api_key']}",
            hdrs.ACCEPT: "application/json",
        }
        if body is not None:
            headers[hdrs.CONTENT_TYPE] = "application/json"
        method = hdrs.METH_GET if body is None else hdrs.METH_POST
        async with self._http.request(
            method, url, headers=headers, body=body
        ) as response:
            status = response.status
            if status >= 500 or status in _PASSING or 300 <= status < 400:
                raise trouble(response)
            content = await read_body(response, LARGEST_JSON_BYTES)
            next_link = response.links.get("next")
        # Whatever answers with a page of its own is not the API.
        value = await parse_json(content) if content else None
        if status == HTTPStatus.UNAUTHORIZED:
            raise SignInError("invalid_auth")
        return _Answer(
            status=status,
            value=value,
            next_url=str(next_link["url"]) if next_link else None,
        )


def split_for_requests(window: Window) -> list[Window]:
    """Cut a window into even requests of at most five minutes, on whole seconds.

    The API is exact "down to the second", so the ends are moved outwards to these.
    """
    start_s = window.start_ms // 1000
    length_s = -(-window.end_ms // 1000) - start_s
    count = -(-length_s // LONGEST_CLIP_S)
    cuts = [start_s + length_s * number // count for number in range(count + 1)]
    return [
        Window.of_ms(start * 1000, end * 1000)
        for start, end in itertools.pairwise(cuts)
    ]


def _is_about_imager(answer: _Answer) -> bool:
    """Return whether the API wants another imager, or one, or none to be named."""
    return answer.status == HTTPStatus.BAD_REQUEST and answer.is_about(("imager",))


def _sanitized(text: str) -> str:
    """Return a text as one short line without what may be a URL, address or token."""
    plain = sanitize.text(text, 1000).replace("\N{REPLACEMENT CHARACTER}", " ")
    words = [
        "…" if len(word) > LONGEST_WORD or re.search(r"//|@|=", word) else word
        for word in plain.split()
    ]
    return shorten(" ".join(words), LONGEST_REASON, placeholder="…").rstrip(".")


def _is_open(organization: Mapping[str, Any]) -> bool:
    """Return whether an organization's API is switched on, as far as it says."""
    api = organization.get("api")
    return not isinstance(api, dict) or bool(api.get("enabled", True))


def _url_in(answer: _Answer) -> str | None:
    url = answer.value.get("url") if isinstance(answer.value, dict) else None
    return url if isinstance(url, str) and url else None


def _quoted(name: object) -> str:
    return quote(str(name), safe="")


def _timestamp(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03}Z"
