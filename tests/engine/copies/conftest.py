"""What the tests of copies share: an empty bucket, and a house whose clips it takes."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from custom_components.clip_download.engine.targets.s3 import S3Target
from tests.stores import Proxy, empty_bucket, own_prefix

from .house import House, house


@pytest.fixture
def prefix() -> str:
    """Return the folder of the bucket that a test has for itself."""
    return own_prefix()


@pytest.fixture
async def target(proxy: Proxy, prefix: str) -> AsyncIterator[S3Target]:
    """Open a bucket that is empty below its prefix."""
    async with empty_bucket(proxy.url, prefix) as target:
        proxy.seen.clear()
        yield target


@pytest.fixture
async def home(tmp_path: Path, target: S3Target) -> AsyncIterator[House]:
    """Open a house whose clips are copied to it."""
    async with house(tmp_path, target) as home:
        yield home
