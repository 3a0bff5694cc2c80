"""What Ring uploads, names or lists late is saved all the same; in simulated time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
import json
from pathlib import Path

from aiohttp import ClientSession, TCPConnector
import pytest

from custom_components.clip_download.engine.events.saver import Rules
from custom_components.clip_download.engine.model import EventKind
from custom_components.clip_download.engine.sources.base import Source
from custom_components.clip_download.engine.sources.ring.client import RingSource
from custom_components.clip_download.engine.sources.ring_partner.client import (
    RingPartnerSource,
)
from tests.clouds.footage import Footage
from tests.clouds.ring import RingCloud
from tests.clouds.ring_partner import RingPartnerCloud
from tests.clouds.server import Server
from tests.simulated import NOON, Account, simulated

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
RULES = Rules(since=NOON - 3 * DAY, kinds=frozenset({EventKind.DING, EventKind.MOTION}))
SMALL = Footage("Front", fps=1, gop_frames=1, width=160, height=90, audio=None)


@pytest.fixture(autouse=True)
def impatient() -> None:
    """Be as patient as anybody: the time is simulated."""


@asynccontextmanager
async def living(
    folder: Path,
    rules: Rules,
    make: Callable[[Server], tuple[RingCloud, RingPartnerCloud]],
    kind: type[Source],
) -> AsyncIterator[tuple[RingCloud, RingPartnerCloud, Account]]:
    """Return clouds, and an account of one of them that is not started."""
    server = Server()
    ring, partner = make(server)

    async def access_token(refresh: bool) -> str:
        token: str = partner.token()["access_token"]
        return token

    def make_source() -> Source:
        context = server.authority.client_context()
        connector = TCPConnector(resolver=server.resolver(), ssl=context)
        return kind(
            {"token": ring.token(), "hardware_id": "hardware"},
            session=ClientSession(connector=connector),
            access_token=access_token if kind is RingPartnerSource else None,
        )

    account = Account(folder, make_source, rules)
    async with server:
        try:
            yield ring, partner, account
        finally:
            await account.stop()


def both(server: Server) -> tuple[RingCloud, RingPartnerCloud]:
    """Add both of Ring's clouds."""
    ring = server.add(RingCloud(server))
    return ring, server.add(RingPartnerCloud(server, ring))


async def saves(account: Account) -> list[list[str]]:
    """Return the ids of the events of each clip."""
    rows = await account.library.read("SELECT saves FROM clips ORDER BY start_ms")
    return [[event["id"] for event in json.loads(row["saves"])] for row in rows]


@pytest.mark.parametrize("margin_s", [0, 5])
@pytest.mark.parametrize("status", [416, 425])
@pytest.mark.parametrize("upload_s", [60, 200, 600, 3000])
@pytest.mark.usefixtures("socket_enabled")
def test_slow_upload(
    tmp_path: Path, *, margin_s: int, status: int, upload_s: int
) -> None:
    """A battery camera's clip is saved once it is there, and nothing is given up before."""

    @simulated
    async def life() -> None:
        margin = margin_s * SECOND
        rules = replace(RULES, before=margin, after=margin)
        async with living(tmp_path, rules, both, RingPartnerSource) as (
            _,
            cloud,
            account,
        ):
            cloud.not_ready, cloud.ready_after_s, cloud.in_hole = status, upload_s, 416
            camera = cloud.add_camera(footage=SMALL, recordings=[])
            await account.start()
            await asyncio.sleep(30)
            event = cloud.add_event(camera, duration_s=10)
            await asyncio.sleep(3 * 3600)
            assert await saves(account) == [[event.id]]
            assert len(account.failures) <= 1
            # Ever more patiently.
            assert len(cloud.asked("video/download")) < 40

    life()


@pytest.mark.usefixtures("socket_enabled")
@simulated
async def test_named_late(tmp_path: Path) -> None:
    """A person whom Ring recognises 40 seconds later is one; hours later is too late."""
    rules = replace(RULES, kinds=frozenset({"person"}))
    async with living(tmp_path, rules, both, RingSource) as (cloud, _, account):
        camera = cloud.add_camera("Front", footage=SMALL)
        await account.start()
        await asyncio.sleep(30)
        at_once = cloud.add_event(camera, saw="human", duration_s=5)
        soon, late = (
            cloud.add_event(camera, start=at_once.start + n * SECOND, duration_s=5)
            for n in (10, 20)
        )
        await asyncio.sleep(40)
        soon.saw = "human"
        await asyncio.sleep(2 * 3600)
        late.saw = "human"
        await asyncio.sleep(DAY.total_seconds())
        assert await saves(account) == [[str(at_once.id)], [str(soon.id)]]


@pytest.mark.parametrize("kind", [RingSource, RingPartnerSource])
@pytest.mark.usefixtures("socket_enabled")
def test_what_far_looks_cost(tmp_path: Path, kind: type[Source]) -> None:
    """To look two days back is cheap beside looking each minute, however much there is."""

    @simulated
    async def life() -> None:
        async with living(tmp_path, RULES, both, kind) as (ring, partner, account):
            if kind is RingSource:
                camera = ring.add_camera("Front", footage=SMALL)
            else:
                partner_camera = partner.add_camera(footage=SMALL)
            for number in range(120):
                start = NOON - (number + 1) * DAY / 60
                if kind is RingSource:
                    ring.add_event(camera, "on_demand", start=start, duration_s=5)
                else:
                    partner.add_event(partner_camera, "on_demand", start=start)
            await account.start()
            cloud = ring if kind is RingSource else partner
            await asyncio.sleep(30)
            assert len(cloud.asked("history")) < 20
            await asyncio.sleep(DAY.total_seconds())
            # One a minute, and a tenth of that for all else.
            assert len(cloud.asked("history")) < 24 * 60 * 1.1

    life()
