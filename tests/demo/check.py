"""Looking at saved clips, and at what Home Assistant logged meanwhile."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from fractions import Fraction
import hashlib
from itertools import pairwise
import json
from pathlib import Path
import re
from typing import Any, NamedTuple

import av
from PIL import Image

from tests.clouds.footage import Footage, NotFootageError, Span, seen

# What Home Assistant says of every integration from outside.
EXPECTED_WARNING = "has not been tested by Home Assistant"
# However it is worded, none of these may be there on our account.
ALARMS = re.compile(
    r"Detected blocking call|Traceback|Error doing job|never (?:retrieved|awaited)"
    r"|Unclosed|Detected that custom integration|\[asyncio\]"
)
# What pushes reach nobody without the internet, and this log is full of it.
PUSHES = "firebase_messaging"
OURS = re.compile(
    r"custom_components[./]clip_download|custom integration '?clip_download"
)
# A line of a traceback.
FRAME = '  File "'
# A URL that carries its own permission.
SIGNED = re.compile(rb"X-Amz-(?:Signature|Security-Token)=")
RECORD = re.compile(
    r"^\d{4}-\d\d-\d\d \S+ (?P<level>[A-Z]+) \(.*?\) \[(?P<logger>[^]]+)\]"
)


class Look(NamedTuple):
    """What a saved clip turned out to be; whole if there are no `faults`."""

    path: Path | None
    codecs: str
    duration_s: float
    shown: Span | None
    faults: list[str]


def look(answer: Mapping[str, Any], asked: Span, footage: Footage, media: Path) -> Look:
    """Compare a clip, decoded from its first to its last frame, with what was asked."""
    if answer["status"] != "complete":
        words = answer.get("error", {}).get("message", answer)
        return Look(None, "", 0, None, [f"{answer['status']}: {words}"])
    path = Path(answer["path"])
    if not path.is_file():
        return Look(None, "", 0, None, [f"there is no {path}"])
    faults = [*_file_faults(answer, path, media), *_companion_faults(path)]
    with av.open(path) as container:
        codecs = " + ".join(stream.codec_context.name for stream in container.streams)
        duration_s = float(Fraction(container.duration or 0, av.time_base))
    try:
        frames = list(seen(path))
    except (NotFootageError, av.FFmpegError) as err:
        return Look(path, codecs, duration_s, None, [*faults, f"not decodable: {err}"])
    moments = [frame.moment for frame in frames]
    shown = Span(moments[0], moments[-1])
    faults += _moment_faults(moments, asked, footage)
    if any(frame.camera != footage.camera for frame in frames):
        faults.append("another camera's footage is in it")
    lasts = moments[-1] - moments[0] + timedelta(milliseconds=footage.frame_ms)
    for name, claimed_s in (
        ("the file", duration_s),
        ("the answer", answer["duration_s"]),
    ):
        # A track of sound may end a little later than the last frame.
        if abs(claimed_s - lasts.total_seconds()) > 0.3:
            faults.append(f"{name} says {claimed_s} s, its frames last {lasts}")
    return Look(path, codecs, duration_s, shown, faults)


def _file_faults(answer: Mapping[str, Any], path: Path, media: Path) -> Iterator[str]:
    content = path.read_bytes()
    if len(content) != answer["size_bytes"]:
        yield f"it has {len(content)} bytes, not {answer['size_bytes']}"
    if hashlib.sha256(content).hexdigest() != answer["sha256"]:
        yield "its checksum differs from the answer's"
    if not path.is_relative_to(media):
        yield f"it is not in {media}"
    elif not answer["media_content_id"].endswith(f"local/{path.relative_to(media)}"):
        yield f"its media id is {answer['media_content_id']}"
    if content.find(b"moov") > content.find(b"mdat"):
        yield "its index is at the end, so that it cannot start to play at once"
    if answer["gaps"]:
        yield f"it has gaps: {answer['gaps']}"


def _companion_faults(path: Path) -> Iterator[str]:
    """Look at the record and the picture beside a clip."""
    record, picture = path.with_suffix(".json"), path.with_suffix(".jpg")
    if not record.is_file():
        yield "there is no record beside it"
    elif not isinstance(json.loads(record.read_text()), dict):
        yield "its record is no object"
    if not picture.is_file():
        yield "there is no picture beside it"
    else:
        with Image.open(picture) as image:
            image.load()
            if image.format != "JPEG":
                yield f"its picture is {image.format}"


def _moment_faults(
    moments: list[datetime], asked: Span, footage: Footage
) -> Iterator[str]:
    """Compare the moments of its frames with the window that was asked for."""
    frame = timedelta(milliseconds=footage.frame_ms)
    # Nothing is re-encoded, so it begins at the key frame before the window.
    if not timedelta(0) <= asked.start - moments[0] < footage.gop:
        yield f"it begins at {moments[0]}, asked was {asked.start}"
    if not -footage.gop <= moments[-1] + frame - asked.end <= footage.gop:
        yield f"it ends at {moments[-1]}, asked was {asked.end}"
    jumps = [later for earlier, later in pairwise(moments) if later - earlier != frame]
    if jumps:
        yield f"frames are missing or twice at {jumps[0]} ({len(jumps)} such places)"


def debris(
    media: Path, clips: Collection[Path], others: Collection[Path] = ()
) -> list[str]:
    """Return what lies in the media folder and is no clip, record, picture or other."""
    known = {
        path.with_suffix(suffix)
        for path in clips
        for suffix in (".mp4", ".json", ".jpg")
    } | {*others}
    return sorted(
        str(path.relative_to(media))
        for path in media.rglob("*")
        if path.is_file() and path not in known
    )


def leaks(places: Mapping[str, bytes], secrets: Collection[str]) -> Iterator[str]:
    """Say which places hold a secret or a signed URL, without telling it again."""
    for name, content in places.items():
        if SIGNED.search(content):
            yield f"a signed URL in {name}"
        for secret in secrets:
            if secret.encode() in content:
                yield f"a secret ({secret[:4]}..., {len(secret)} characters) in {name}"


class Log(NamedTuple):
    """What the log says of the integration: its warnings, and what must not be there."""

    warnings: list[str]
    faults: list[str]


def read_log(text: str) -> Log:
    """Look through Home Assistant's log.

    What another part logs is no fault of ours: Home Assistant may miss a program or the
    internet. What names nobody is taken for ours.
    """
    warnings, faults = [], []
    for entry in _entries(text):
        head, said = entry[0], "\n".join(entry)
        record = RECORD.match(head)
        if record and record["logger"].startswith(PUSHES):
            continue
        if (
            record
            and "clip_download" in head
            and record["level"] in {"WARNING", "ERROR", "CRITICAL"}
            and EXPECTED_WARNING not in head
        ):
            warnings.append(head)
            if record["level"] != "WARNING":
                faults.append(head)
        if OURS.search(said) or FRAME not in said:
            faults += [line for line in entry if ALARMS.search(line)]
    return Log(warnings, faults)


def _entries(text: str) -> Iterator[list[str]]:
    """Return what was logged at once, such as a traceback: the lines of each."""
    entry: list[str] = []
    for line in text.splitlines():
        if entry and RECORD.match(line):
            yield entry
            entry = []
        entry.append(line)
    if entry:
        yield entry
