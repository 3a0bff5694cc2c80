"""Where the copies of one Home Assistant lie at a target, and how they are written there."""

from collections.abc import AsyncIterator
import contextlib
from dataclasses import dataclass, replace
import hashlib
import json
from pathlib import Path, PurePosixPath

from ..errors import InvalidRequestError
from ..library import files, sidecar
from ..library.sidecar import Sidecar
from ..model import Clip
from ..targets.base import BytesContent, Content, NoStoreError, Target
from .crypt import SUFFIX, Crypt, encrypted_bytes

PICTURE, SIDECAR = files.COMPANIONS
# The order of copying: what has a sidecar is whole. It is deleted the other way round.
IN_ORDER = (files.SUFFIX, PICTURE, SIDECAR)
# What a sidecar holds, and what encrypting and its own path add to that.
_MOST_BYTES = sidecar.MOST_BYTES + 2**14


@dataclass(frozen=True)
class Record:
    """The sidecar of a copy, and the copy's name: its path at the target without ending.

    `path` is where that belongs at home, below a media folder; a name from outside is
    made safe in it.
    """

    name: str
    path: PurePosixPath
    sidecar: Sidecar


@dataclass(frozen=True)
class CopyPlace:
    """The folder of one Home Assistant at a target.

    With a key, the names there say nothing, and the contents are encrypted.
    """

    target: Target
    target_id: str
    instance_id: str
    crypt: Crypt | None = None

    @property
    def folder(self) -> str:
        """The folder that is ours."""
        return f"{self.instance_id}/"

    def object_name(self, name: str, ending: str) -> str:
        """Return the name of one of a copy's objects at the target."""
        if self.crypt is None:
            return f"{self.folder}{name}{ending}"
        hidden = self.crypt.hidden(name)
        # Not all in one folder: some stores list a folder as a whole only.
        return f"{self.folder}{hidden[:2]}/{hidden}{ending}{SUFFIX}"

    def content(self, content: Content) -> Content:
        """Return a content as it is put there."""
        return self.crypt.encrypted(content) if self.crypt else content

    def expected(self, clip: Clip) -> tuple[int, str]:
        """Return the size and the tag that the copy of a clip's file has."""
        if self.crypt is None:
            return clip.size_bytes, clip.sha256
        return encrypted_bytes(clip.size_bytes), self.crypt.hidden(clip.sha256)

    def record_content(self, name: str, content: Sidecar) -> tuple[Content, str]:
        """Return the sidecar of a copy as it is put there, and its SHA-256 before that."""
        clip = replace(content.clip, path=content.clip.path.with_name(_file(name)))
        text = sidecar.content_of(clip, content.asked)
        sha256 = hashlib.sha256(text).hexdigest()
        if self.crypt:
            # Nothing else says where it belongs.
            text = json.dumps(
                {"path": name, **json.loads(text)}, indent=2, ensure_ascii=False
            ).encode()
        return self.content(BytesContent(text)), sha256

    async def delete(self, name: str) -> None:
        """Delete all objects of a copy, its sidecar first."""
        for ending in reversed(IN_ORDER):
            await self.target.delete(self.object_name(name, ending))

    @contextlib.asynccontextmanager
    async def read(self, name: str, ending: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """Fetch one of a copy's objects as it was at home. Raises UndecryptableError."""
        async with self._read(self.object_name(name, ending)) as pieces:
            yield pieces

    @contextlib.asynccontextmanager
    async def _read(self, object_name: str) -> AsyncIterator[AsyncIterator[bytes]]:
        async with self.target.read(object_name) as pieces:
            yield self.crypt.decrypted(pieces) if self.crypt else pieces

    async def read_small(self, object_name: str, most_bytes: int) -> bytes:
        """Fetch a small object. Raises ValueError if it is larger, UndecryptableError."""
        content = b""
        async with self._read(object_name) as pieces:
            async for piece in pieces:
                content += piece
                if len(content) > most_bytes:
                    raise ValueError("too large")
        return content

    async def picture(self, name: str) -> bytes | None:
        """Fetch the picture of a copy, None if there is none that can be."""
        with contextlib.suppress(NoStoreError, ValueError):
            return await self.read_small(
                self.object_name(name, PICTURE), files.LONGEST_PICTURE_BYTES
            )
        return None

    async def record_names(self) -> AsyncIterator[str]:
        """Yield the names of the objects that are sidecars."""
        ending = f"{SIDECAR}{SUFFIX}" if self.crypt else SIDECAR
        async for stored in self.target.list(self.folder):
            if stored.name.endswith(ending):
                yield stored.name

    async def record(self, object_name: str) -> Record:
        """Read a sidecar. Raises ValueError if it is none of ours, UndecryptableError."""
        content = await self.read_small(object_name, _MOST_BYTES)
        if self.crypt:
            name = json.loads(content).get("path")
            if not isinstance(name, str):
                raise ValueError("no path")
        else:
            name = object_name.removeprefix(self.folder).removesuffix(SIDECAR)
        try:
            # Anybody who can write there could have named it.
            path = files.safe_relative_path(name)
        except InvalidRequestError as err:
            raise ValueError("not a name of ours") from err
        return Record(name, path, sidecar.parse(content, Path(_file(name))))


def name_of(path: Path, root: Path) -> str:
    """Return the name of a clip's copy: its path below its media folder without ending."""
    return str(path.relative_to(root).with_suffix(""))


def _file(name: str) -> str:
    return f"{PurePosixPath(name).name}{files.SUFFIX}"
