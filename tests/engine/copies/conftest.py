"""What the tests of copies share: a store, the way to it, and a house."""

from collections.abc import AsyncIterator, Iterator
import os
from pathlib import Path

import pytest

from custom_components.clip_download.engine.targets.s3 import S3Target
from tests.stores import BUCKET, Way, make_bucket, moto, s3_target, way_to

from .house import House, house


@pytest.fixture(scope="session")
def store() -> Iterator[str]:
    """Run a store."""
    with moto() as url:
        yield url


@pytest.fixture
async def way(store: str, socket_enabled: None) -> AsyncIterator[Way]:
    """Serve the way to it."""
    async with way_to(store) as way:
        yield way


@pytest.fixture
def prefix() -> str:
    """Return the folder of the bucket that a test has for itself."""
    return f"home/{os.urandom(4).hex()}"


@pytest.fixture
async def target(way: Way, prefix: str) -> AsyncIterator[S3Target]:
    """Open a bucket that is empty below its prefix."""
    async with s3_target(way.url, prefix=prefix) as target:
        buckets = await target._client.list_buckets()
        if BUCKET not in [one["Name"] for one in buckets["Buckets"]]:
            await make_bucket(target)
        way.seen.clear()
        yield target


@pytest.fixture
async def home(tmp_path: Path, target: S3Target) -> AsyncIterator[House]:
    """Open a house whose clips are copied to it."""
    async with house(tmp_path, target) as home:
        yield home
