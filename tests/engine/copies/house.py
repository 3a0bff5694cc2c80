"""A library with clips on a disk, and the worker that copies them.

Run as a module with a database, media folder and store, it copies until all is done.
"""

import asyncio
from collections.abc import AsyncIterator
import contextlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
import hashlib
from pathlib import Path
import random
import sys
from typing import Any

from custom_components.clip_download.engine.copies.copier import Copier
from custom_components.clip_download.engine.copies.crypt import Crypt
from custom_components.clip_download.engine.copies.place import CopyPlace
from custom_components.clip_download.engine.copies.store import CopyStore, Rule
from custom_components.clip_download.engine.folder import Folder
from custom_components.clip_download.engine.library import sidecar
from custom_components.clip_download.engine.library.database import Library
from custom_components.clip_download.engine.library.queries import ClipQueries
from custom_components.clip_download.engine.model import Clip
from custom_components.clip_download.engine.targets.base import Target
from tests.engine.library.test_queries import clip, put
from tests.stores import s3_target

TARGET = "target"


@dataclass
class House:
    """A library, a media folder, and one target."""

    library: Library
    media: Path
    target: Target
    place: CopyPlace
    store: CopyStore
    changes: list[None] = field(default_factory=list)

    @property
    def queries(self) -> ClipQueries:
        """The clips."""
        return ClipQueries(self.library)

    def lay(
        self,
        name: str,
        number: int = 0,
        *,
        content: bytes | None = None,
        size_bytes: int = 1000,
        camera: str = "front",
        **fields: Any,
    ) -> Clip:
        """Lay a clip's files down with what is recorded of them."""
        if content is None:
            content = random.Random(name).randbytes(size_bytes)
        one = replace(
            clip(
                name,
                at=timedelta(hours=number),
                camera=camera,
                folder=self.media / "clip_download" / camera,
            ),
            size_bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            **fields,
        )
        one.path.parent.mkdir(parents=True, exist_ok=True)
        one.path.write_bytes(content)
        one.path.with_suffix(".jpg").write_bytes(b"picture of " + name.encode())
        with Folder.open(one.path.parent) as folder:
            sidecar.write(folder, one, one.window)
        return replace(one, modified_ns=one.path.stat().st_mtime_ns)

    async def save(self, name: str, number: int = 0, **fields: Any) -> Clip:
        """Lay a clip down, and record it."""
        one = self.lay(name, number, **fields)
        await self.record(one)
        return one

    async def record(self, *clips: Clip) -> None:
        """Record clips, as a job does that is done."""
        await put(self.library, *clips)

    def copier(self, **options: Any) -> Copier:
        """Return the worker, which does not wait for long."""
        return Copier(
            store=self.store,
            place=self.place,
            roots=lambda: [self.media],
            on_change=lambda: self.changes.append(None),
            **{"first_backoff_s": 0.05, **options},
        )

    async def copy_all(self, most_s: float = 240, **options: Any) -> Copier:
        """Run the worker until nothing waits."""
        copier = self.copier(**options)
        task = asyncio.create_task(copier.run())
        try:
            async with asyncio.timeout(most_s):
                while not await self.is_done():
                    assert not task.done()
                    await asyncio.sleep(0.02)
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        return copier

    async def is_done(self) -> bool:
        """Return whether nothing is to be done."""
        await self.store.drain()
        later = datetime.now(UTC) + timedelta(days=1)
        return (
            await self.store.next_due(TARGET, later) is None
            and not await self.store.drain()
        )

    async def there(self) -> dict[str, int]:
        """Return what is at the target, in the folder that is ours, with its size."""
        folder = self.place.folder
        return {
            one.name.removeprefix(folder): one.size_bytes
            async for one in self.target.list(folder)
        }

    async def fetched(self, name: str, ending: str = ".mp4") -> bytes:
        """Fetch one of a copy's objects."""
        async with self.place.read(name, ending) as pieces:
            return b"".join([piece async for piece in pieces])


@contextlib.asynccontextmanager
async def house(
    folder: Path,
    target: Target,
    rule: Rule | None = None,
    crypt: Crypt | None = None,
    instance_id: str = "",
) -> AsyncIterator[House]:
    """Open a library in a folder, with a target."""
    media = folder / "media"
    media.mkdir(exist_ok=True)
    library = await Library(folder / "clips.db").open()
    try:
        store = CopyStore(library)
        own_id = await store.instance_id(instance_id)
        await store.set_target(TARGET, rule or Rule())
        place = CopyPlace(target, TARGET, own_id, crypt)
        yield House(library, media, target, place, store)
    finally:
        await library.close()


# What a process that is killed saves and copies: the last clip goes in parts.
VICTIMS = 40
LARGE_BYTES = 17 * 2**20


async def _main(folder: Path, url: str, prefix: str) -> None:
    """Save clips, copy them meanwhile, and say when both is done."""
    async with s3_target(url, prefix=prefix) as target, house(folder, target) as home:
        sys.stdout.write("begun\n")
        sys.stdout.flush()

        async def save() -> None:
            known = {one.id for one in await home.queries.of_ids(map(str, range(99)))}
            for number in range(VICTIMS):
                if str(number) not in known:
                    large = number == VICTIMS - 1
                    size_bytes = LARGE_BYTES if large else 50_000
                    await home.save(str(number), number, size_bytes=size_bytes)
                    await asyncio.sleep(0.02)

        saving = asyncio.create_task(save())
        await home.copy_all()
        await saving
        await home.copy_all()
    sys.stdout.write("done\n")


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
