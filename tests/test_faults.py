"""Faults of clouds, networks and disks: the clip is whole after all, or it is told why not.

Told means: by a key, in words that name the camera and the window and say what to do,
with nothing left on the disk or unfinished in the database, and with no secret in the
log, the answer, the event, the states or the database.
"""

import asyncio
from collections.abc import Buffer, Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
import errno
import io
import json
import logging
import os
from pathlib import Path
import re
import shutil
import tempfile
from typing import Any, override

from aiohttp import ClientTimeout
import pytest
from pytest_homeassistant_custom_component.common import async_capture_events
from yarl import URL

from custom_components.clip_download.const import DOMAIN
from custom_components.clip_download.engine.folder import File, Folder
from custom_components.clip_download.engine.library import files
from custom_components.clip_download.engine.library.publishing import Sealed
from custom_components.clip_download.engine.model import JobState
from custom_components.clip_download.engine.pipeline import download, retry
from custom_components.clip_download.engine.sources import http
from custom_components.clip_download.engine.sources.kinesis import client as kinesis
from custom_components.clip_download.engine.sources.meraki import client as meraki
from custom_components.clip_download.engine.sources.ring import (
    api as ring_api,
    client as ring,
)
from custom_components.clip_download.services.response import EVENT_FAILED, EVENT_SAVED
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers.aiohttp_client import DATA_RESOLVER
from homeassistant.helpers.update_coordinator import UpdateFailed
from homeassistant.util import dt as dt_util
from tests.waits import LONGEST_S, until

from .accounts import FORM_KINDS as KINDS, cloud_of, set_up
from .clouds import Clouds
from .clouds.footage import Container, Footage, moments
from .clouds.resolver import LoopbackResolver
from .clouds.server import Cloud
from .demo.check import debris, leaks
from .demo.run import secrets

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
FRONT = Footage("Front")
LENGTH = 6 * SECOND
FRAME = timedelta(milliseconds=FRONT.frame_ms)
FOREVER = 999

# Where a cloud is asked for what it has, and where the footage itself comes from.
ASKED = {
    "ring": "video_search|/history",
    "meraki": "/camera/clip$",
    "kinesis": "/listF",
}
MEDIA = {"ring": "amazon.dev", "meraki": r"spn\d+", "kinesis": "/getClip"}

PAGE = "<html>We are making your cloud even better</html>" * 40
THROTTLED: Mapping[str, Any] = {"status": 429, "body": "{}"}
TS_PACKET_BYTES = 188
# The second byte of a packet of picture or sound with which something begins.
TS_BEGINS_FRAME = 0x41


def film(house: House) -> bytes:
    """Return a file such as the house's cloud gives of its window."""
    container: Container = "mpegts" if house.kind == "meraki" else "mp4"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "film")
        FRONT.write(path, house.start, house.end, container=container)
        return path.read_bytes()


def half(house: House) -> dict[str, Any]:
    """Answer with the first half of a file, as if that were all of it."""
    whole = film(house)
    middle = len(whole) // 2
    if house.kind == "meraki":
        # Where a frame begins: whether the one before is whole, nobody could say.
        middle -= middle % TS_PACKET_BYTES
        while whole[middle + 1] != TS_BEGINS_FRAME:
            middle += TS_PACKET_BYTES
    return {"body": whole[:middle]}


def unreadable(house: House) -> dict[str, Any]:
    """Answer with a file whose tables are whole and whose frames are nothing."""
    spoilt = bytearray(film(house))
    if house.kind == "meraki":
        for at in range(0, len(spoilt), TS_PACKET_BYTES):
            # Pictures and sound; the tables of a transport stream have other numbers.
            if spoilt[at + 1] & 0x1F == 1:
                spoilt[at + 4 : at + TS_PACKET_BYTES] = bytes(TS_PACKET_BYTES - 4)
    else:
        at = spoilt.index(b"mdat") + 4
        spoilt[at:] = bytes(len(spoilt) - at)
    return {"body": bytes(spoilt)}


# --- what goes wrong, by the names that the tables use

type Fault = Mapping[str, Any] | Callable[[House], Mapping[str, Any]]
# A row a fault, with the key that each of the clouds of `KINDS` ends in.
type Table = Mapping[str, tuple[str | None, str | None, str | None]]

FAULTS: Mapping[str, Fault] = {
    # Bodies.
    "a page": {"status": 200, "body": PAGE},
    "nothing": {"status": 200, "body": b""},
    "garbage": {"body": b"\0\0\0\x20ftypisom" + bytes(range(256)) * 40},
    "unreadable": unreadable,
    "half a file": half,
    "broken off": {"truncate_after_bytes": 50},
    "more promised": {"lie_about_length": 10_000_000},
    "less promised": {"lie_about_length": 40},
    "no length, broken off": {"chunked": True, "truncate_after_bytes": 5000},
    "no answer": {"drop": True},
    # Statuses.
    "400": {"status": 400, "body": "{}"},
    "401": {"status": 401, "body": "{}"},
    "401 with a page": {"status": 401, "body": PAGE},
    "403": {"status": 403, "body": "{}"},
    "404": {"status": 404, "body": "{}"},
    "410": {"status": 410, "body": "{}"},
    "422": {"status": 422, "body": "{}"},
    "429": THROTTLED,
    "429 and when": {**THROTTLED, "headers": {"Retry-After": "0"}},
    "429 and a date": {
        **THROTTLED,
        "headers": {"Retry-After": "Sat, 21 Nov 2020 12:00:00 GMT"},
    },
    "500": {"status": 500},
    # Fields of all the answers, of no use.
    "odd fields": {
        "status": 200,
        "body": '{"video_search": 5, "url": 5, "Fragments": 5, "StreamInfoList": 5}',
    },
    "503 with a page": {"status": 503, "body": PAGE},
}


def by_cloud(table: Table) -> pytest.MarkDecorator:
    """Let a test run with `house`, `fault` and `key` for each field of a table."""
    return pytest.mark.parametrize(
        ("house", "fault", "key"),
        [
            pytest.param(kind, fault, key, id=f"{kind}-{fault}")
            for fault, keys in table.items()
            for kind, key in zip(KINDS, keys, strict=True)
            if key
        ],
        indirect=["house"],
    )


def only(*kinds: str) -> pytest.MarkDecorator:
    """Let a test run for some clouds only."""
    return pytest.mark.parametrize("house", kinds, indirect=True)


# --- the house


@dataclass(frozen=True, kw_only=True)
class House:
    """A house with one camera, that filmed what is asked for."""

    hass: HomeAssistant
    clouds: Clouds
    kind: str
    entry: ConfigEntry
    media: Path
    start: datetime
    end: datetime
    log: pytest.LogCaptureFixture
    events: dict[str, list[Event]]

    @property
    def cloud(self) -> Cloud:
        """The cloud of its account."""
        return cloud_of(self.clouds, self.kind)

    def moved(self, start: datetime, duration: timedelta) -> House:
        """Return the house with another window, of which there is footage too."""
        if self.kind == "ring":
            (camera,) = self.clouds.ring.cameras
            self.clouds.ring.events.clear()
            self.clouds.ring.add_event(
                camera, start=start, duration_s=duration // SECOND
            )
        return replace(self, start=start, end=start + duration)

    def misbehave(
        self, where: Mapping[str, str], fault: str, times: int = FOREVER
    ) -> None:
        """Let a fault of the tables happen, and none of those before."""
        meant = FAULTS[fault]
        options = meant(self) if callable(meant) else meant
        self.cloud.faults.clear()
        self.cloud.misbehave(where[self.kind], times=times, **options)

    def tidy(self) -> None:
        """Remove what was saved."""
        for path in self.media.iterdir():
            shutil.rmtree(path)

    async def save(self, **data: Any) -> dict[str, Any]:
        """Ask for the window, and return the camera's answer."""
        response = await self.hass.services.async_call(
            DOMAIN,
            "save_clip",
            {
                "entity_id": "camera.front",
                "start": self.start,
                "end": self.end,
                "timeout": 0.3,
                **data,
            },
            blocking=True,
            return_response=True,
        )
        assert response is not None
        answer = response["camera.front"]
        assert isinstance(answer, dict)
        await self.check_quiet(answer)
        return answer

    async def check_whole(self, timeout: float = 60) -> None:
        """Ask for the window, and look at each frame of the clip."""
        answer = await self.save(timeout=timeout)
        assert (answer["status"], answer.get("error")) == ("complete", None)
        assert answer["gaps"] == []
        self.check_frames(Path(answer["path"]))

    def check_frames(self, path: Path) -> None:
        """Look for each frame of the window, once, and for nothing else saved."""
        shown = moments(path, of=FRONT)
        assert self.start - FRONT.gop < shown[0] <= self.start
        assert self.end <= shown[-1] + FRAME < self.end + FRONT.gop
        assert [*every_frame(shown[0], shown[-1] + FRAME)] == shown
        assert debris(self.media, [path]) == []

    async def check_told(self, key: str, **data: Any) -> str:
        """Ask for the window, which must fail, and return the words of the failure."""
        answer = await self.save(**data)
        assert answer["status"] == "failed", answer
        words = self.check_words(answer, key)
        assert list(self.media.rglob("*")) == []
        # A person has to sign in again only if the cloud said so.
        flows = self.hass.config_entries.flow.async_progress()
        assert bool(flows) == (key in ("invalid_auth", "token_expired"))
        return words

    async def check_partial(self, key: str | None, **data: Any) -> dict[str, Any]:
        """Ask for the window, of which a part must be missing, and just that told."""
        answer = await self.save(**data)
        assert answer["status"] == "partial"
        if key:
            self.check_words(answer, key)
        else:
            assert "error" not in answer
        gaps = [
            (datetime.fromisoformat(gap["start"]), datetime.fromisoformat(gap["end"]))
            for gap in answer["gaps"]
        ]
        path = Path(answer["path"])
        shown = [at for at in moments(path, of=FRONT) if self.start <= at < self.end]
        missing = {at for start, end in gaps for at in every_frame(start, end)}
        assert shown
        assert missing
        # A gap is told to the frame; what is told as there is there.
        assert not missing & set(shown)
        assert missing | set(shown) == {*every_frame(self.start, self.end)}
        assert debris(self.media, [path]) == []
        return answer

    def check_words(self, answer: dict[str, Any], key: str) -> str:
        """Look at what a person is told, and return it."""
        assert answer["error"]["key"] == key
        words = str(answer["error"]["message"])
        assert "Front" in words
        assert f"{dt_util.as_local(self.start):%F %H:%M:%S}" in words
        assert f"{dt_util.as_local(self.end):%H:%M:%S}" in words
        assert not re.search(r"[{}]|None|\(\)|  ", words)
        # What went wrong, then what to do.
        assert re.search(r"[.;] [A-Z]\w+ \w+", words)
        return words

    async def check_quiet(self, answer: dict[str, Any]) -> None:
        """Look for debris, unfinished jobs, secrets and errors that nobody foresaw."""
        await self.hass.async_block_till_done(wait_background_tasks=True)
        assert not [path for path in self.media.rglob("*") if path.name[0] == "."]
        for job in await self.entry.runtime_data.jobs.recent(9):
            assert job.state in (JobState.SAVED, JobState.FAILED)
        name = EVENT_FAILED if answer["status"] == "failed" else EVENT_SAVED
        assert self.events[name][-1].data == {"entity_id": "camera.front", **answer}

        assert not [record for record in self.logged() if record.exc_info]
        self.check_secrets(answer)

    def logged(self) -> list[logging.LogRecord]:
        """Return what was logged, but not by the clouds, which are in this process too.

        Nor by the test plugin, which logs all that Home Assistant stores.
        """
        plugin = "pytest_homeassistant_custom_component"
        names = ("aiohttp.access", "aiohttp.server", "asyncio", "tests.", plugin)
        return [one for one in self.log.records if not one.name.startswith(names)]

    def check_secrets(self, answer: dict[str, Any]) -> None:
        """Look for secrets wherever somebody may look who should not know them."""
        written = logging.Formatter()
        states = [state.as_dict() for state in self.hass.states.async_all()]
        texts = {
            "log": "\n".join(written.format(record) for record in self.logged()),
            "answer": json.dumps(answer),
            "states": json.dumps(states, default=str),
        }
        places = {place: text.encode() for place, text in texts.items()}
        for path in Path(self.hass.config.config_dir).glob("clip_download.db*"):
            places[path.name] = path.read_bytes()
        assert "clip_download.db" in places
        assert list(leaks(places, {*secrets(self.clouds), *self._credentials()})) == []

    def _credentials(self) -> Iterator[str]:
        """Yield what the account signs in with."""
        for name, value in self.entry.data.items():
            if name == "token":
                yield value["access_token"]
                yield value["refresh_token"]
            elif name in ("api_key", "secret_access_key", "hardware_id"):
                yield value


def every_frame(start: datetime, end: datetime) -> Iterator[datetime]:
    """Yield when each frame of a stretch was filmed."""
    for time_ms in FRONT.frames_ms(start, end, exact=True):
        yield datetime.fromtimestamp(time_ms / 1000, UTC)


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for next to nothing, and ask as often as one likes."""
    monkeypatch.setattr(retry, "LONGEST_BACKOFF_S", 0.01)
    monkeypatch.setattr(ring, "_again_after_s", lambda age: 0.1)
    monkeypatch.setattr(ring, "UNAUTHORIZED_AGAIN_S", 0.1)
    monkeypatch.setattr(kinesis, "NOT_READY_AGAIN_S", 0.1)
    monkeypatch.setattr(meraki, "NOT_READY_AGAIN_S", 0.1)
    monkeypatch.setattr(meraki, "OFFLINE_AGAIN_S", 0.1)
    monkeypatch.setattr(meraki, "URL_TIMEOUT_S", 0.2)
    monkeypatch.setattr(meraki, "FIRST_POLL_S", 0.05)
    for source in (ring_api, meraki, kinesis):
        monkeypatch.setattr(source, "RATE", (1000, 1))
    monkeypatch.setattr(kinesis, "FRAGMENTS_RATE", (10_000, 1))


@pytest.fixture(params=KINDS)
async def house(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    media_dir: Path,
    caplog: pytest.LogCaptureFixture,
    request: pytest.FixtureRequest,
) -> House:
    """Return a house whose camera filmed a few seconds a while ago, of each kind."""
    caplog.set_level("DEBUG")
    # Fragments and key frames begin on even seconds.
    start = datetime.fromtimestamp(dt_util.utcnow().timestamp() // 2 * 2, UTC)
    hass_clouds.ring.add_camera("Front", footage=FRONT)
    hass_clouds.ring.rate_limit = (1000, 1.0)
    hass_clouds.meraki.add_camera("Front", footage=FRONT)
    hass_clouds.meraki.ready_after_s = 0
    hass_clouds.meraki.requests_per_s = hass_clouds.meraki.burst = 1000
    hass_clouds.kinesis.add_stream("Front", footage=FRONT)
    hass_clouds.kinesis.has_quotas = False
    house = House(
        hass=hass,
        clouds=hass_clouds,
        kind=request.param,
        entry=await set_up(hass, hass_clouds, request.param),
        media=media_dir,
        start=start,
        end=start,
        log=caplog,
        events={
            name: async_capture_events(hass, name)
            for name in (EVENT_SAVED, EVENT_FAILED)
        },
    )
    # What was asked so far, to list the cameras and what they saw, is not looked at.
    house.cloud.requests.clear()
    return house.moved(start - 20 * MINUTE, LENGTH)


# --- what comes in place of the footage

# What is told if it stays so; if it passes, it costs nothing but time.
FOOTAGE: Table = {
    # Of Ring's recordings each address is tried once.
    "a page": ("recording_not_video", "body_not_video", "body_not_video"),
    # Meraki sends nothing while there is nothing.
    "nothing": ("body_empty", "footage_not_ready", "body_empty"),
    "garbage": ("recording_not_video", "body_not_video", "body_not_video"),
    "unreadable": ("recording_not_video", "body_truncated", "body_truncated"),
    # Half a transport stream is whole in itself: see test_half_a_clip.
    "half a file": ("recording_not_video", None, "body_truncated"),
    "broken off": ("body_truncated", "body_truncated", "body_truncated"),
    "more promised": ("body_truncated", "body_truncated", "body_truncated"),
    "less promised": ("recording_not_video", "body_not_video", "body_truncated"),
    "no length, broken off": ("body_truncated", "body_truncated", "body_truncated"),
    "no answer": ("cloud_unreachable", "cloud_unreachable", "cloud_unreachable"),
    # Ring's store, and Meraki's, say so of what is not ready.
    "400": ("footage_not_ready", "cloud_trouble", "cloud_trouble"),
    "404": ("footage_not_ready", "footage_not_ready", "cloud_trouble"),
    # URLs run out; Kinesis signs none.
    "401": ("cloud_trouble", "clip_url_expired", "cloud_trouble"),
    "403": ("footage_not_ready", "clip_url_expired", "cloud_trouble"),
    "410": (None, "clip_url_expired", "cloud_trouble"),
    "429": ("cloud_throttled", "cloud_throttled", "cloud_throttled"),
    "429 and when": ("cloud_throttled", "cloud_throttled", "cloud_throttled"),
    "500": ("cloud_trouble", "footage_not_ready", "cloud_trouble"),
    "503 with a page": ("cloud_trouble", "footage_not_ready", "cloud_trouble"),
}


@by_cloud(FOOTAGE)
async def test_footage(house: House, fault: str, key: str) -> None:
    """What is no footage never becomes a clip."""
    house.misbehave(MEDIA, fault, times=2)
    await house.check_whole()
    house.tidy()
    house.misbehave(MEDIA, fault)
    await house.check_told(key)


@only("meraki")
async def test_half_a_clip(house: House) -> None:
    """What is missing at the end of a stream that says nothing of it is told."""
    house.misbehave(MEDIA, "half a file")
    answer = await house.check_partial(None)
    (gap,) = answer["gaps"]
    assert datetime.fromisoformat(gap["end"]) == house.end


async def test_silence(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection on which nothing comes any more is given up."""
    monkeypatch.setattr(http, "TIMEOUT", ClientTimeout(total=None, sock_read=0.3))
    place = MEDIA[house.kind]
    house.cloud.misbehave(place, hang_after_bytes=5000)
    await house.check_whole()
    house.tidy()
    monkeypatch.setattr(retry, "MOST_ATTEMPTS", 2)
    house.cloud.misbehave(place, hang_after_bytes=5000, times=FOREVER)
    await house.check_told("body_truncated", timeout=60)


# --- what comes in place of an answer

ANSWERS: Table = {
    "a page": ("cloud_nonsense", "cloud_nonsense", "cloud_nonsense"),
    "nothing": ("cloud_nonsense", "cloud_nonsense", "cloud_nonsense"),
    "garbage": ("cloud_nonsense", "cloud_nonsense", "cloud_nonsense"),
    "broken off": ("cloud_unreachable", "cloud_unreachable", "cloud_unreachable"),
    "more promised": ("cloud_unreachable", "cloud_unreachable", "cloud_unreachable"),
    "less promised": ("cloud_nonsense", "cloud_nonsense", "cloud_nonsense"),
    "odd fields": ("cloud_nonsense", "cloud_nonsense", "cloud_nonsense"),
    "no answer": ("cloud_unreachable", "cloud_unreachable", "cloud_unreachable"),
    # What is not said in the cloud's own words is no refusal: a proxy may say it.
    "400": ("cloud_trouble", None, "cloud_trouble"),
    "401": ("cloud_trouble", None, "cloud_trouble"),
    "401 with a page": ("cloud_trouble", "cloud_nonsense", "cloud_trouble"),
    "403": (None, None, "cloud_trouble"),
    "404": ("cloud_trouble", None, "cloud_trouble"),
    "429": ("cloud_throttled", "cloud_throttled", "cloud_throttled"),
    "429 and when": ("cloud_throttled", "cloud_throttled", "cloud_throttled"),
    "429 and a date": ("cloud_throttled", "cloud_throttled", "cloud_throttled"),
    "500": ("cloud_trouble", "cloud_trouble", "cloud_trouble"),
    "503 with a page": ("cloud_trouble", "cloud_trouble", "cloud_trouble"),
}


@by_cloud(ANSWERS)
async def test_answers(house: House, fault: str, key: str) -> None:
    """What passes costs time only; what stays is told."""
    house.misbehave(ASKED, fault, times=2)
    await house.check_whole()
    house.tidy()
    house.misbehave(ASKED, fault)
    await house.check_told(key)


# What the cloud says once and for all, to whoever asks for what it has.
REFUSALS: Table = {
    "400": (None, "request_refused", None),
    "401": (None, "invalid_auth", None),
    "403": ("recordings_refused", "no_permission", None),
    "404": (None, "camera_unknown", None),
    "422": (None, "request_refused", None),
}


@by_cloud(REFUSALS)
async def test_refusals(house: House, fault: str, key: str) -> None:
    """What the cloud will not give is not asked for again."""
    house.misbehave(ASKED, fault)
    await house.check_told(key, timeout=60)
    asked = [one.path for one in house.cloud.asked(ASKED[house.kind])]
    assert len(asked) == len(set(asked))


# What AWS calls it, and what it adds to it.
AWS_REFUSALS = {
    "AccessDeniedException": ("", "no_permission"),
    "ExpiredTokenException": ("", "token_expired"),
    "IncompleteSignatureException": ("", "invalid_auth"),
    "InvalidArgumentException": ("", "request_refused"),
    "InvalidCodecPrivateDataException": ("", "codec_changed"),
    "InvalidMediaFrameException": ("", "frame_broken"),
    "InvalidSignatureException": (
        "Credential should be scoped to a valid region, not 'eu-west-1'.",
        "region_unknown",
    ),
    "LimitExceededException": ("", "cloud_throttled"),
    "MissingCodecPrivateDataException": ("", "codec_data_missing"),
    "NoDataRetentionException": ("", "no_retention"),
    "RequestTimeTooSkewed": ("", "clock_skew"),
    "ResourceNotFoundException": ("No fragments found", "no_footage"),
    "UnrecognizedClientException": ("", "invalid_auth"),
    "UnsupportedStreamMediaTypeException": ("", "codec_unsupported"),
}


@only("kinesis")
@pytest.mark.parametrize("name", AWS_REFUSALS)
async def test_refusals_of_aws(house: House, name: str) -> None:
    """Each of its exceptions is told in its own words."""
    message, key = AWS_REFUSALS[name]
    house.cloud.misbehave(
        MEDIA[house.kind],
        times=FOREVER,
        status=400,
        body=json.dumps({"__type": f"com.amazonaws#{name}", "Message": message}),
        # By which our clock cannot be corrected.
        headers={"Date": "some day"},
    )
    await house.check_told(key)


@pytest.mark.parametrize("where", [ASKED, MEDIA], ids=["asked", "media"])
async def test_redirects(house: House, where: Mapping[str, str]) -> None:
    """Nothing is asked of a user's own network, or in the clear."""
    resolver = house.hass.data[DATA_RESOLVER]
    assert isinstance(resolver, LoopbackResolver)
    for location in (
        "http://example.com/clip.mp4",
        "https://127.0.0.1/clip.mp4",
        "https://[::1]/clip.mp4",
        "https://homeassistant.local/clip.mp4",
        "//192.168.1.1/clip.mp4",
    ):
        house.cloud.faults.clear()
        house.cloud.misbehave(
            where[house.kind], times=FOREVER, status=302, headers={"Location": location}
        )
        words = await house.check_told("cloud_redirect")
        assert str(URL(location, encoded=True).host) in words
    assert resolver.refused == []


async def test_a_long_retry_after(house: House) -> None:
    """A cloud that wants to be left alone for an hour is left alone, and it is told."""
    house.cloud.misbehave(
        ASKED[house.kind],
        times=FOREVER,
        **THROTTLED,
        headers={"Retry-After": "3600"},
    )
    # An hour, if somebody waits.
    async with asyncio.timeout(LONGEST_S):
        await house.check_told("cloud_throttled")
        # Nor does anybody wait for longer than they said.
        await house.check_told("cloud_throttled")
    assert len(house.cloud.asked(ASKED[house.kind])) == 1


@pytest.mark.parametrize(
    ("house", "where"),
    [
        pytest.param("ring", ASKED, id="ring"),
        pytest.param("ring", MEDIA, id="ring's store"),
        pytest.param("meraki", ASKED, id="meraki"),
        pytest.param("kinesis", ASKED, id="kinesis"),
    ],
    indirect=["house"],
)
async def test_retry_after_is_kept(house: House, where: Mapping[str, str]) -> None:
    """A cloud is not asked earlier than it said, and asked again, however late it is."""
    house.cloud.misbehave(where[house.kind], **THROTTLED, headers={"Retry-After": "1"})
    await house.check_whole(timeout=0.1)
    first, second = house.cloud.asked(where[house.kind])[:2]
    assert second.at - first.at >= SECOND


LISTED = {"ring": "ring_devices", "meraki": "/organizations", "kinesis": "/listS"}


@pytest.mark.parametrize(
    "fault", ["a page", "odd fields", "broken off", "no answer", "429 and when", "500"]
)
async def test_lists(house: House, fault: str) -> None:
    """While the cameras cannot be listed, those that are known can be asked for.

    All that Home Assistant logs of it, with its causes, holds no secret.
    """
    coordinator = house.entry.runtime_data.coordinator
    house.misbehave(LISTED, fault)
    await coordinator.async_refresh()
    assert isinstance(coordinator.last_exception, UpdateFailed)
    assert str(coordinator.last_exception.translation_key).startswith("cloud_")
    house.check_secrets({})
    assert [record for record in house.logged() if record.exc_info]
    house.log.clear()
    await house.check_whole()


# --- signing in


@only("ring")
@pytest.mark.parametrize(
    ("fault", "key"),
    [
        ("a page", "cloud_nonsense"),
        ("nothing", "cloud_nonsense"),
        ("no answer", "cloud_unreachable"),
        ("403", "cloud_trouble"),
        ("429", "cloud_throttled"),
        ("503 with a page", "cloud_trouble"),
    ],
)
async def test_a_new_token_that_does_not_come(
    house: House, fault: str, key: str
) -> None:
    """An outage of the sign-in is no bad password: the old token is good for another."""
    house.clouds.ring.expire_access_tokens()
    house.misbehave({"ring": "oauth/token"}, fault)
    await house.check_told(key)
    house.cloud.faults.clear()
    await house.check_whole()


@only("ring")
async def test_refused_once(house: House) -> None:
    """A token that Ring takes no more is replaced, once, and nobody notices."""
    house.clouds.ring.expire_access_tokens()
    await house.check_whole()
    assert len(house.cloud.asked("oauth/token")) == 1
    assert house.hass.config_entries.flow.async_progress() == []


# --- what a cloud has, and what it may give


def nobody_filmed(house: House) -> None:
    """Leave nothing of the window in any cloud."""
    hole = (house.start - MINUTE, house.end + MINUTE)
    house.clouds.ring.events.clear()
    for camera in house.clouds.meraki.cameras.values():
        camera.holes.append(hole)
    house.clouds.kinesis.streams[0].holes.append(hole)


def never_ready(house: House) -> None:
    """Let the clouds take longer than anybody waits."""
    for event in house.clouds.ring.events:
        event.ready_at += 60 * MINUTE
    house.clouds.meraki.ready_after_s = 3600


def never_in_store(house: House) -> None:
    """Let Ring call it ready, and not have it."""
    (event,) = house.clouds.ring.events
    event.stored_at += 60 * MINUTE


def encrypted(house: House) -> None:
    """Let the footage be locked for everybody else."""
    (event,) = house.clouds.ring.events
    event.is_e2ee = True


def not_paid_for(house: House) -> None:
    """Let there be no subscription."""
    (event,) = house.clouds.ring.events
    event.had_subscription = False


def offline(house: House) -> None:
    """Take the camera off the network."""
    (camera,) = house.clouds.meraki.cameras.values()
    camera.status = "offline"


def of_another_region(house: House) -> None:
    """Let the account belong to a cloud elsewhere."""
    house.clouds.meraki.domain = "meraki.ca"


def without_retention(house: House) -> None:
    """Let the stream keep nothing."""
    house.clouds.kinesis.streams[0].retention_hours = 0


def may_not_get_clips(house: House) -> None:
    """Take the right to the footage from the key."""
    house.clouds.kinesis.denied |= {"GetClip"}


def may_not_ask_where(house: House) -> None:
    """Take the right to find the footage from the key."""
    house.clouds.kinesis.denied |= {"GetDataEndpoint"}


def stream_deleted(house: House) -> None:
    """Delete the stream, while we do not know of it yet."""
    house.clouds.kinesis.streams.clear()


@pytest.mark.parametrize(
    ("house", "change", "key", "names"),
    [
        ("ring", nobody_filmed, "no_footage", ""),
        ("meraki", nobody_filmed, "no_footage", ""),
        ("kinesis", nobody_filmed, "no_footage", ""),
        ("ring", never_ready, "footage_not_ready", "timeout"),
        ("meraki", never_ready, "footage_not_ready", "timeout"),
        ("ring", never_in_store, "footage_not_ready", "timeout"),
        ("ring", encrypted, "end_to_end_encrypted", "Ring app"),
        ("ring", not_paid_for, "no_subscription", "Ring app"),
        ("meraki", offline, "camera_offline", "online"),
        ("meraki", of_another_region, "invalid_auth", ""),
        ("kinesis", without_retention, "no_retention", "retention"),
        ("kinesis", may_not_get_clips, "no_permission", "kinesisvideo:GetClip"),
        ("kinesis", may_not_ask_where, "no_permission", "kinesisvideo:GetDataEndpoint"),
        ("kinesis", stream_deleted, "camera_unknown", ""),
    ],
    indirect=["house"],
)
async def test_what_a_cloud_has(
    house: House, change: Callable[[House], None], key: str, names: str
) -> None:
    """Why there is nothing is told, and not tried for ever."""
    change(house)
    assert names in await house.check_told(key)


@pytest.mark.parametrize(
    ("house", "key"),
    [
        # Neither says for how long it keeps anything.
        ("ring", "no_footage"),
        ("meraki", "no_footage"),
        ("kinesis", "older_than_retention"),
    ],
    indirect=["house"],
)
async def test_older_than_what_is_kept(house: House, key: str) -> None:
    """What was there once is there no more."""
    long_ago = house.start - timedelta(days=300)
    await replace(house, start=long_ago, end=long_ago + LENGTH).check_told(key)


@only("kinesis")
async def test_without_a_list(house: House) -> None:
    """All of it is saved all the same; that nobody could see whether it is, is told."""
    house.clouds.kinesis.denied |= {"ListFragments"}
    answer = await house.save()
    assert (answer["status"], answer["gaps"]) == ("partial", [])
    words = house.check_words(answer, "no_permission")
    assert "kinesisvideo:ListFragments" in words
    assert "not saved" not in words
    house.check_frames(Path(answer["path"]))


async def test_not_ready_yet(house: House) -> None:
    """What is there a moment later is waited for."""
    if house.kind == "kinesis":
        # Listed, and then not found, as happens with what has just arrived.
        ended = dt_util.utcnow() - 6 * SECOND
        end = datetime.fromtimestamp(ended.timestamp() // 2 * 2, UTC)
        house = house.moved(end - 4 * SECOND, 4 * SECOND)
        house.cloud.misbehave(
            "/getClip",
            times=2,
            status=404,
            body='{"__type": "ResourceNotFoundException", "Message": "No fragments"}',
        )
    elif house.kind == "meraki":
        # The API says so of what is new, the URL of what it was just asked for.
        house = house.moved(
            dt_util.utcnow().replace(microsecond=0) - 71 * SECOND, LENGTH
        )
        house.cloud.misbehave(
            "/camera/clip$",
            times=2,
            status=400,
            body='{"errors": ["No video for specified timestamp"]}',
        )
        house.clouds.meraki.ready_after_s = 0.1
    else:
        house.cloud.misbehave("share/play", status=404, body="{}")
        house.cloud.misbehave("share/play", status=400, body="{}")
        house.cloud.misbehave("share/play", body='{"url": null}')
        for event in house.clouds.ring.events:
            event.has_inline_urls = False
    await house.check_whole()


async def test_a_place_that_ran_out(house: House) -> None:
    """A signed URL, or an endpoint, that is good no more is asked for anew."""
    await house.check_whole()
    house.tidy()
    if house.kind == "kinesis":
        house.clouds.kinesis.move_endpoints()
        await house.check_whole()
        return
    cloud = house.clouds.meraki if house.kind == "meraki" else house.clouds.ring
    good_for_s = cloud.url_lifetime_s
    cloud.url_lifetime_s = 0
    before = len(cloud.asked(MEDIA[house.kind]))
    saving = house.hass.async_create_task(house.check_whole())
    await until(lambda: len(cloud.asked(MEDIA[house.kind])) > before)
    cloud.url_lifetime_s = good_for_s
    await saving


# --- time


async def test_a_clock_that_is_wrong(house: House) -> None:
    """AWS takes no request signed at another time; its answer corrects our clock."""
    house.clouds.offset = -30 * MINUTE
    # The cloud has not filmed yet what is half an hour ahead of its clock.
    await house.moved(house.start - 30 * MINUTE, LENGTH).check_whole()


# --- one part of several


async def test_one_part_of_several(house: House) -> None:
    """What came is saved and called partial, with the reason of what is missing."""
    # Two recordings, three requests of Meraki, two batches of Kinesis: any may come first.
    minutes = {"ring": 1, "meraki": 12, "kinesis": 10}[house.kind]
    start = house.start - 20 * MINUTE
    house = house.moved(start, minutes * MINUTE)
    if house.kind == "ring":
        (camera,) = house.clouds.ring.cameras
        house.clouds.ring.add_event(camera, start=house.end, duration_s=30)
        house = replace(house, end=house.end + 30 * SECOND)
    where = ASKED if house.kind == "meraki" else MEDIA
    house.cloud.misbehave(where[house.kind], times=FOREVER, skip=1, status=500)
    answer = await house.check_partial("cloud_trouble")
    whole_s = (house.end - house.start).total_seconds()
    assert whole_s / 4 <= answer["duration_s"] <= whole_s * 0.9


# --- the disk


def full(path: Path) -> OSError:
    """Return what the system says when there is no room for a file."""
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


async def test_no_room(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk without room is told before it is filled."""
    monkeypatch.setattr(files, "RESERVE_BYTES", 2**62)
    assert "is full. Free up space" in await house.check_told("storage_full")


async def test_no_room_for_a_folder(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folders that there was room for are taken away again."""
    mkdir = os.mkdir

    def fail(path: str, *args: Any, **kwargs: Any) -> None:
        if path.startswith(".clip_download_"):
            raise full(house.media / path)
        mkdir(path, *args, **kwargs)

    monkeypatch.setattr(os, "mkdir", fail)
    await house.check_told("storage_full")


async def test_the_disk_fills_up(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full before all has arrived is told, and gets its room back."""

    class Full(io.BufferedWriter):
        @override
        def write(self, block: Buffer) -> int:
            super().write(block)
            raise full(path)

    path = house.media
    monkeypatch.setattr(download, "BufferedWriter", Full)
    assert str(path) in await house.check_told("storage_full")


async def test_the_disk_fills_up_while_a_clip_is_made(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So it is where the parts had room, and what is made of them has not."""
    create = File.create

    def create_full(self: File) -> io.FileIO:
        if self.name.startswith("made_"):
            return io.FileIO("/dev/full", "w")
        return create(self)

    monkeypatch.setattr(File, "create", create_full)
    # What fits the window as it is would not be made anew.
    margin = LENGTH / 4
    inside = replace(house, start=house.start + margin, end=house.end - margin)
    assert str(house.media) in await inside.check_told("storage_full")


@pytest.mark.parametrize("suffix", [".jpg", ".json"])
async def test_no_room_beside_the_clip(
    house: House, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    """A clip without its record is none, so it is taken away again."""
    link = File.link

    def fail(self: File, to: File) -> None:
        if to.name.endswith(suffix):
            raise full(to.path)
        link(self, to)

    monkeypatch.setattr(File, "link", fail)
    await house.check_told("storage_full")


@pytest.mark.parametrize(
    ("number", "key"),
    [
        (errno.EDQUOT, "storage_full"),
        (errno.EROFS, "storage_read_only"),
        (errno.EACCES, "storage_no_permission"),
        (errno.ESTALE, "storage_gone"),
        (errno.ETIMEDOUT, "storage_silent"),
        (errno.EIO, "storage_trouble"),
    ],
)
@pytest.mark.parametrize("step", [(Folder, "make_private"), (Sealed, "publish")])
@only("meraki")
async def test_what_the_disk_says(
    house: House,
    monkeypatch: pytest.MonkeyPatch,
    step: tuple[type, str],
    number: int,
    key: str,
) -> None:
    """It is told in words, whether it says so first or last."""

    def fail(*args: Any, **kwargs: Any) -> None:
        raise OSError(number, os.strerror(number), str(house.media / "clip"))

    monkeypatch.setattr(*step, fail)
    assert str(house.media) in await house.check_told(key)


async def test_a_file_in_the_way(house: House) -> None:
    """What is not ours stays, though it has the name of our folder."""
    in_the_way = house.media / "clip_download"
    in_the_way.write_text("mine")
    answer = await house.save()
    assert answer["status"] == "failed"
    assert "Front" in house.check_words(answer, "storage_gone")
    assert in_the_way.read_text() == "mine"
    assert list(house.media.iterdir()) == [in_the_way]


async def test_the_disk_goes_away(house: House) -> None:
    """A disk that is pulled out under way is told."""
    gone = asyncio.Event()
    house.cloud.misbehave(MEDIA[house.kind], hold=gone)
    saving = house.hass.async_create_task(house.check_told("storage_gone"))
    await until(lambda: house.cloud.asked(MEDIA[house.kind]))
    house.media.rename(house.media.with_name("unplugged"))
    gone.set()
    await saving
