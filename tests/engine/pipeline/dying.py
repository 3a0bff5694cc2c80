"""An account whose process dies of the footage that it fetches.

Run as a module with a folder, it goes on with the clip that it was asked for in there, or
asks for it, and tells as JSON what became of that.
"""

import asyncio
import json
import os
from pathlib import Path
import sys

from custom_components.clip_download.engine.folder import File
from custom_components.clip_download.engine.media import clip_file

from .test_jobs import built, window

DIED = 9


def _die(file: File, still_at: object = None) -> clip_file.Media:
    os._exit(DIED)


async def _main(folder: Path) -> None:
    async with built(folder) as house:
        house.shelf.lay(window(0, 2))
        running = house.jobs.running() or [await house.ask(window(0, 2))]
        job = await running[0].done
        told = {"state": job.state, "error": job.error and job.error.key}
        sys.stdout.write(json.dumps({**told, "names": house.names()}))


if __name__ == "__main__":
    clip_file.inspect = _die
    asyncio.run(_main(Path(sys.argv[1])))
