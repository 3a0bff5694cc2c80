"""What becomes of saved clips: seen in the media browser, verified, handed over."""

import asyncio
from collections.abc import Collection
import hashlib
from pathlib import Path
from typing import Any
import zipfile

from .home import Home, Websocket

SOURCE = "media-source://clip_download"
JPEG = b"\xff\xd8\xff"


async def check(home: Home, clips: Collection[Path]) -> tuple[list[Path], list[str]]:
    """Return the files that were made of the clips, and what is wrong with the library."""
    faults: list[str] = []
    async with home.websocket() as websocket:
        shown = await _leaves(websocket, f"{SOURCE}/clips")
        found = await websocket.ask(
            "media_source/search_media",
            media_content_id=f"{SOURCE}/clips",
            search_query="ding",
        )
    if len(shown) != len(clips):
        faults.append(f"the media browser shows {len(shown)} of {len(clips)} clips")
    dings = [path for path in clips if "_ding" in path.stem]
    if len(found["result"]) != len(dings):
        faults.append(f"{len(found['result'])} of {len(dings)} rings are found")
    for clip in shown:
        # A browser loads it with no other permission than what is in the address.
        picture = await home.get(clip["thumbnail"])
        if not picture.startswith(JPEG):
            faults.append(f"{clip['title']} has no picture")
    verified = await home.act("verify_clips", {})
    if verified["ok"] != len(clips) or verified["checked"] != len(clips):
        faults.append(f"not all is as it was saved: {verified}")
    exported = await home.act("export_clips", {"filename": "clip_download/case"})
    path = Path(exported["path"])
    faults += await asyncio.to_thread(_export_faults, path, exported, len(clips))
    print(f"\nlibrary: {len(shown)} clips in the media browser, all as they were saved")
    print(f"  handed over in {path}")
    return [path], [f"library: {fault}" for fault in faults]


async def _leaves(websocket: Websocket, media_content_id: str) -> list[dict[str, Any]]:
    """Return all that can be played below a folder of the media browser."""
    folder = await websocket.ask(
        "media_source/browse_media", media_content_id=media_content_id
    )
    leaves = []
    for child in folder["children"]:
        if child["can_play"]:
            leaves.append(child)
        else:
            leaves += await _leaves(websocket, child["media_content_id"])
    return leaves


def _export_faults(path: Path, told: dict[str, Any], clips: int) -> list[str]:
    faults = []
    if hashlib.sha256(path.read_bytes()).hexdigest() != told["sha256"]:
        faults.append("the ZIP has another checksum than was told")
    with zipfile.ZipFile(path) as archive:
        sums = archive.read("SHA256SUMS").decode().splitlines()
        for line in sums:
            digest, name = line.split("  ", 1)
            if hashlib.sha256(archive.read(name)).hexdigest() != digest:
                faults.append(f"{name} in the ZIP differs from its checksum")
    films = [line for line in sums if line.endswith(".mp4")]
    if len(films) != clips:
        faults.append(f"the ZIP has {len(films)} of {clips} clips")
    return faults
