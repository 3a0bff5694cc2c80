"""Tests of the clouds that footage comes from."""

from custom_components.clip_download.engine.sources.base import Download


async def whole(download: Download) -> bytes:
    """Return all that comes."""
    return b"".join([block async for block in download.chunks])
