"""Very many small clips and a large one: none lost, none twice, with little memory."""

import asyncio
from collections import Counter
import json
import os
from pathlib import Path
import sys

from custom_components.clip_download.engine.targets.s3 import S3Target
from tests.stores import Proxy

# 10 000 by hand; fewer, so that the tests are not kept waiting for it.
CLIPS = int(os.environ.get("CLIP_COPIES", "300"))
MOST_MORE_MB = 32


async def test_many(
    tmp_path: Path, target: S3Target, proxy: Proxy, prefix: str
) -> None:
    """All arrive, each once, and no more than 32 MiB is needed for it."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.engine.copies.many"),
        *(str(tmp_path), proxy.url, prefix, str(CLIPS)),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    report = json.loads(out)
    assert (report["copied"], report["waiting"]) == (CLIPS + 1, 0)
    assert report["more_mb"] < MOST_MORE_MB, report
    there = Counter([one.name async for one in target.list()])
    assert len(there) == 3 * (CLIPS + 1) + 1
    assert max(Counter(proxy.stored).values()) == 1
