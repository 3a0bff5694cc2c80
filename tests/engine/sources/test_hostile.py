"""Clouds that answer with anything at all: what comes of it is clean, or one of our errors."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import json
import random
from typing import Any

from aiohttp import ClientSession
import pytest

from custom_components.clip_download.engine.errors import ClipError
from custom_components.clip_download.engine.library.database import EVENTS_REMEMBERED
from custom_components.clip_download.engine.model import Camera, Event, MediaOptions
from custom_components.clip_download.engine.pipeline.parts import key_of
from custom_components.clip_download.engine.sources.base import Source
from custom_components.clip_download.engine.sources.kinesis import client as kinesis
from custom_components.clip_download.engine.sources.kinesis.client import KinesisSource
from custom_components.clip_download.engine.sources.meraki import client as meraki
from custom_components.clip_download.engine.sources.meraki.client import MerakiSource
from custom_components.clip_download.engine.sources.ring import api as ring, lists
from custom_components.clip_download.engine.sources.ring.client import RingSource
from custom_components.clip_download.engine.sources.ring_partner import (
    client as ring_partner,
)
from custom_components.clip_download.engine.sources.ring_partner.client import (
    RingPartnerSource,
)
from custom_components.clip_download.engine.sources.sanitize import (
    LONGEST_ID,
    LONGEST_NAME,
)
from custom_components.clip_download.engine.time_range import Window
from homeassistant.helpers.json import json_bytes
from tests.clouds import Clouds
from tests.clouds.server import Answer, Asked, Cloud

PAST = (datetime.now(UTC) - timedelta(hours=2)).replace(microsecond=0)
WINDOW = Window(PAST, PAST + timedelta(minutes=1))
DIGITS = "a number of a million digits"
NO_NUMBER = "not a number"

NASTY: list[Any] = [
    None,
    True,
    0,
    -1,
    10**25,
    1e300,
    -1e300,
    DIGITS,
    NO_NUMBER,
    "",
    "Front \ud83d",
    "\0\x1b[31m\n",
    "x" * 100_000,
    "../../../etc",
    "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00+23:59",
    253_402_300_799_999,
    [],
    {},
    [[]],
    ["\ud800"] * 50,
    {"id": {}, "data": []},
]


def spoilt(value: Any, rng: random.Random, how_often: float) -> Any:
    """Return a value with some of what is in it replaced, left out or repeated."""
    if rng.random() < how_often:
        return rng.choice(NASTY)
    match value:
        case dict():
            return {
                key if rng.random() > how_often / 4 else f"{key}\ud800": spoilt(
                    one, rng, how_often
                )
                for key, one in value.items()
                if rng.random() > how_often / 2
            }
        case list():
            return [
                spoilt(one, rng, how_often)
                for one in value
                for _ in range(1 + (rng.random() < how_often))
            ]
    return value


def written(value: Any, rng: random.Random) -> bytes:
    """Return it as JSON, or as what only looks like that."""
    if rng.random() < 0.05:
        return b"[" * 100_000
    text = json.dumps(value).replace(f'"{DIGITS}"', "9" * 1_000_000)
    if rng.random() < 0.5:
        # Mostly it is no number in a place where nobody looks.
        text = text.replace(f'"{NO_NUMBER}"', "1e999")
    return text.replace(f'"{NO_NUMBER}"', "NaN").encode()


def make_hostile(
    cloud: Cloud, rng: random.Random, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Let a cloud spoil all that it says as JSON, from now on."""
    true_answer = cloud.answer
    how_often = rng.choice([0.02, 0.1, 0.3])

    async def answer(asked: Asked) -> Answer:
        told = await true_answer(asked)
        if not isinstance(told.body, bytes) or told.body[:1] not in {b"{", b"["}:
            return told
        if rng.random() < 0.2:
            return told
        value = spoilt(json.loads(told.body), rng, how_often)
        return replace(told, body=written(value, rng))

    monkeypatch.setattr(cloud, "answer", answer)


def check_text(text: str | None, longest: int) -> None:
    """See that a text can be stored and shown."""
    if text is not None:
        assert isinstance(text, str)
        assert len(text) <= longest
        assert not any(char < " " for char in text)
        text.encode()


def check_camera(camera: Camera) -> None:
    """See that a camera can be registered."""
    assert camera.id
    # An imager's number or a component may follow.
    check_text(camera.id, 2 * LONGEST_ID + 1)
    for text in (camera.name, camera.model, camera.serial_number, camera.firmware):
        check_text(text, LONGEST_NAME + 20)
    assert camera.name
    json_bytes([str(value) for value in vars(camera).values()])


def check_event(event: Event) -> None:
    """See that an event can be noted, and that its time can be reckoned with."""
    assert event.id
    check_text(event.id, LONGEST_ID)
    check_text(event.kind, LONGEST_NAME)
    check_text(event.what, 1000)
    for moment in (event.window.start, event.window.end):
        assert moment - EVENTS_REMEMBERED < moment < moment + timedelta(days=1)


async def clean[T](asking: Awaitable[T]) -> T | None:
    """Return what comes, None for an error of ours; anything else fails the test."""
    try:
        async with asyncio.timeout(60):
            return await asking
    except ClipError as err:
        str(err).encode()
        return None


async def interrogate(source: Source, known: Camera) -> int:
    """Ask all that is asked of a source; return how much of it came."""
    came = 0
    if identity := await clean(source.identify()):
        came += 1
        check_text(identity.id, 600)
        check_text(identity.title, 600)
    cameras = await clean(source.cameras())
    for camera in cameras or []:
        came += 1
        check_camera(camera)
    for camera in [known, *(cameras or [])][:3]:
        events: list[Event] = []
        if source.event_kinds:
            events = await clean(source.events(camera, WINDOW)) or []
            for event in events:
                came += 1
                check_event(event)
        for wanted in ([], events):
            plan = await clean(source.plan(camera, WINDOW, MediaOptions(), wanted))
            for part in plan.parts if plan else ():
                came += 1
                assert part.window.duration <= timedelta(days=1)
                key_of(part).encode()
                for event_id in part.event_ids:
                    check_text(event_id, LONGEST_ID)
        picture = await clean(source.picture(camera, is_fresh=False))
        assert picture is None or picture.startswith(b"\xff\xd8")
    return came


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask as fast as a test wants to end, and not for long."""
    for module in (kinesis, meraki, ring, ring_partner):
        monkeypatch.setattr(module, "RATE", (10_000, 1.0))
    monkeypatch.setattr(kinesis, "FRAGMENTS_RATE", (1_000_000, 1.0))
    monkeypatch.setattr(lists, "MOST_SEARCHES", 10)
    monkeypatch.setattr(meraki, "SNAPSHOT_POLL_S", 0.0)
    monkeypatch.setattr(meraki, "MOST_SNAPSHOT_POLLS", 2)


async def _ring(clouds: Clouds, session: ClientSession) -> tuple[Cloud, Source]:
    cloud = clouds.ring
    cloud.rate_limit = (10_000, 1.0)
    doorbell = cloud.add_camera("Front Door")
    for number in range(3):
        cloud.add_event(doorbell, start=PAST + timedelta(seconds=10 * number))
    credentials = {
        "username": cloud.username,
        "token": cloud.token(),
        "hardware_id": "0d3b7a52-6a31-4d4c-9d7e-2b8f6c1e5a90",
    }
    return cloud, RingSource(credentials, session=session)


async def _partner(clouds: Clouds, session: ClientSession) -> tuple[Cloud, Source]:
    cloud = clouds.ring_partner
    door = cloud.add_camera()
    for number in range(3):
        cloud.add_event(door, start=PAST + timedelta(seconds=10 * number))

    async def token(is_refused: bool) -> str:
        return str(cloud.token()["access_token"])

    return cloud, RingPartnerSource({}, session=session, access_token=token)


async def _meraki(clouds: Clouds, session: ClientSession) -> tuple[Cloud, Source]:
    cloud = clouds.meraki
    cloud.ready_after_s = 0
    cloud.add_camera("Door")
    cloud.add_camera("Yard")
    credentials = {
        "api_key": cloud.api_key,
        "base_url": "https://api.meraki.com/api/v1",
    }
    return cloud, MerakiSource(credentials, session=session)


async def _kinesis(clouds: Clouds, session: ClientSession) -> tuple[Cloud, Source]:
    cloud = clouds.kinesis
    cloud.has_quotas = False
    cloud.add_stream("front-door")
    credentials = {
        "access_key_id": cloud.access_key_id,
        "secret_access_key": cloud.secret_access_key,
        "region": cloud.region,
    }
    return cloud, KinesisSource(credentials, session=session, named_cameras=["yard"])


type Build = Callable[[Clouds, ClientSession], Awaitable[tuple[Cloud, Source]]]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(
    "build",
    [_ring, _partner, _meraki, _kinesis],
    ids=["ring", "ring_partner", "meraki", "kinesis"],
)
async def test_anything_at_all(
    clouds: Clouds,
    session: ClientSession,
    monkeypatch: pytest.MonkeyPatch,
    build: Build,
    seed: int,
) -> None:
    """Whatever a cloud says, nothing but our errors comes out, and nothing unclean."""
    cloud, source = await build(clouds, session)
    (camera, *_) = await source.cameras()
    # What it says when it is well is all there.
    assert await interrogate(source, camera) >= 3
    rng = random.Random(seed)
    make_hostile(cloud, rng, monkeypatch)
    for _ in range(5):
        await interrogate(source, camera)
