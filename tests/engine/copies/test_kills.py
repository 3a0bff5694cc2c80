"""A process that copies is killed at random moments: no clip is lost, none is sent twice."""

import asyncio
from collections import Counter
import contextlib
import os
from pathlib import Path
import random
import sys

from custom_components.clip_download.engine.targets.s3 import S3Target
from tests.stores import Proxy

from .house import LARGE_BYTES, TARGET, VICTIMS, house

KILLS = int(os.environ.get("CLIP_KILLS", "6"))
_LONGEST_S = 120


async def begin(folder: Path, proxy: Proxy, prefix: str) -> asyncio.subprocess.Process:
    """Start a process that saves and copies, and wait until it does."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.engine.copies.house"),
        *(str(folder), proxy.url, prefix),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    async with asyncio.timeout(_LONGEST_S):
        assert await process.stdout.readline() == b"begun\n"
    return process


async def test_kills(
    tmp_path: Path, target: S3Target, proxy: Proxy, prefix: str
) -> None:
    """What was killed goes on; in the end all is there, and was sent once."""
    dice = random.Random(os.environ.get("CLIP_SEED", "15"))
    for number in range(KILLS):
        process = await begin(tmp_path, proxy, prefix)
        await asyncio.sleep(dice.uniform(0, 1.0))
        if number == KILLS - 2:
            # In the middle of the large one, wherever the others are by then.
            async with asyncio.timeout(_LONGEST_S):
                while not proxy.sent("PUT", "partNumber=1&"):
                    await asyncio.sleep(0.01)
        # On a fast machine all may be copied by then.
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    process = await begin(tmp_path, proxy, prefix)
    async with asyncio.timeout(_LONGEST_S):
        out, _ = await process.communicate()
    assert out == b"done\n"
    async with house(tmp_path, target) as home:
        there = await home.there()
        assert len(there) == 3 * VICTIMS
        assert there[f"clip_download/front/{VICTIMS - 1}.mp4"] == LARGE_BYTES
        status = await home.store.status(TARGET)
        assert (status.waiting, status.copied) == (0, VICTIMS)
        for clip in await home.queries.of_ids(map(str, range(VICTIMS))):
            name = f"clip_download/front/{clip.path.stem}"
            assert await home.fetched(name) == clip.path.read_bytes()
    stored = Counter(proxy.stored)
    twice = [path for path, times in stored.items() if times > 1]
    assert [path for path in twice if ".mp4" in path] == []
    client = target._client
    left = await client.list_multipart_uploads(Bucket="clips", Prefix=prefix)
    assert not left.get("Uploads")
