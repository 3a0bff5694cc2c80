"""Faults of clouds and disks: the clip is whole after all, or its failure is told.

Told means: by a key, in words that name the camera and the window, with nothing left on
the disk or unfinished in the database, and with no secret in the log or the answer.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from custom_components.clip_download.clips import files, way
from custom_components.clip_download.const import DOMAIN
from custom_components.clip_download.sources import kinesis, meraki, ring
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from .accounts import KINDS, cloud_of, set_up
from .clouds import Clouds
from .clouds.footage import Footage, moments
from .demo.check import leaks
from .demo.run import secrets

SECOND = timedelta(seconds=1)
FRONT = Footage("Front")
FOREVER = 999

# Where a cloud is asked for what it has, and where the footage itself comes from.
ASKED = {
    "ring": "video_search|/history",
    "meraki": "/camera/clip$",
    "kinesis": "/listF",
}
MEDIA = {"ring": "amazon.dev", "meraki": r"spn\d+", "kinesis": "/getClip"}

HTML = {"status": 200, "body": "<html>We are making Ring even better</html>" * 40}
GARBAGE = b"\0\0\0\x20ftypisom" + bytes(range(256)) * 40

every_kind = pytest.mark.parametrize("kind", KINDS)


@dataclass(frozen=True, kw_only=True)
class House:
    """A house with one camera, that filmed what is asked for."""

    hass: HomeAssistant
    clouds: Clouds
    entry: ConfigEntry
    media: Path
    start: datetime
    end: datetime
    log: pytest.LogCaptureFixture

    @property
    def kind(self) -> str:
        """The kind of its account."""
        return str(self.entry.data["kind"])

    async def save(self, **data: Any) -> dict[str, Any]:
        """Ask for the window, and return the camera's answer."""
        window = {"start": self.start, "end": self.end, "timeout": 1, **data}
        response = await self.hass.services.async_call(
            DOMAIN,
            "save_clip",
            {"entity_id": "camera.front", **window},
            blocking=True,
            return_response=True,
        )
        assert response is not None
        answer = response["camera.front"]
        assert isinstance(answer, dict)
        return answer

    async def check_whole(self, **data: Any) -> None:
        """Ask for the window, and look at each frame of the clip."""
        answer = await self.save(**data)
        assert (answer["status"], answer.get("error")) == ("complete", None)
        shown = moments(Path(answer["path"]), of=FRONT)
        assert shown[0] <= self.start
        assert shown[-1] >= self.end - SECOND
        assert len(shown) == round((shown[-1] - shown[0]) / SECOND * 10) + 1
        await self.check_quiet(answer)

    async def check_told(self, *keys: str, **data: Any) -> str:
        """Ask for the window, which must fail, and return the words of the failure."""
        answer = await self.save(**data)
        assert answer["status"] == "failed"
        error = answer["error"]
        assert error["key"] in keys
        assert error["message"] not in ("", error["key"])
        assert "Front" in error["message"]
        assert f"{self.start.astimezone():%H:%M:%S}"[2:] in error["message"]
        assert "{" not in error["message"]
        assert list(self.media.rglob("*")) == []
        await self.check_quiet(answer)
        return str(error["message"])

    async def check_quiet(self, answer: dict[str, Any]) -> None:
        """Look for debris, unfinished jobs, secrets and unforeseen errors."""
        assert not [path for path in self.media.rglob(".*") if path.name[0] == "."]
        await self.hass.async_block_till_done(wait_background_tasks=True)
        (job,) = await self.entry.runtime_data.jobs.recent(1)
        assert job.state in ("saved", "failed")
        own = [
            record
            for record in self.log.records
            if not record.name.startswith(("aiohttp.access", "asyncio", "tests."))
        ]
        assert not [record for record in own if record.exc_info]
        log = "\n".join(record.getMessage() for record in own)
        places = {"log": log, "answer": json.dumps(answer)}
        encoded = {place: text.encode() for place, text in places.items()}
        assert list(leaks(encoded, secrets(self.clouds))) == []


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for next to nothing."""
    monkeypatch.setattr(way, "LONGEST_BACKOFF_S", 0.01)
    monkeypatch.setattr(ring, "_again_after_s", lambda age: 0.1)
    monkeypatch.setattr(kinesis, "NOT_READY_AGAIN_S", 0.1)
    monkeypatch.setattr(meraki, "URL_PATIENCE_S", 0.5)
    monkeypatch.setattr(meraki, "FIRST_POLL_S", 0.05)


@pytest.fixture(params=KINDS)
async def house(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    media_dir: Path,
    caplog: pytest.LogCaptureFixture,
    request: pytest.FixtureRequest,
) -> House:
    """Return a house whose camera filmed ten seconds a while ago, of each kind."""
    caplog.set_level("DEBUG")
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=20)
    start -= timedelta(seconds=start.second % 2)
    end = start + 10 * SECOND
    camera = hass_clouds.ring.add_camera("Front", footage=FRONT)
    hass_clouds.ring.add_event(camera, start=start, duration_s=10)
    hass_clouds.meraki.add_camera("Front", footage=FRONT)
    hass_clouds.meraki.ready_after_s = 0
    hass_clouds.kinesis.add_stream("Front", footage=FRONT)
    return House(
        hass=hass,
        clouds=hass_clouds,
        entry=await set_up(hass, hass_clouds, request.param),
        media=media_dir,
        start=start,
        end=end,
        log=caplog,
    )


# --- bodies


@pytest.mark.parametrize(
    ("fault", "keys"),
    [
        (HTML, {"body_not_video"}),
        # An empty clip of Meraki is one that is not ready.
        ({"status": 200, "body": b""}, {"body_empty", "footage_not_ready"}),
        ({"status": 200, "body": GARBAGE}, {"body_truncated", "body_not_video"}),
        ({"truncate_after_bytes": 5000}, {"body_truncated"}),
        ({"lie_about_length": 10_000_000}, {"body_truncated"}),
        ({"lie_about_length": 300}, {"body_truncated", "body_not_video"}),
        ({"drop": True}, {"cloud_unreachable", "body_truncated"}),
    ],
    ids=["html", "empty", "garbage", "truncated", "longer", "shorter", "dropped"],
)
async def test_bodies(house: House, fault: dict[str, Any], keys: set[str]) -> None:
    """A bad body is never a clip: the next one is, or the failure is told."""
    cloud = cloud_of(house.clouds, house.kind)
    cloud.misbehave(MEDIA[house.kind], times=2, **fault)
    await house.check_whole(timeout=60)
    cloud.misbehave(MEDIA[house.kind], times=FOREVER, **fault)
    for path in house.media.iterdir():
        files.remove_tree(path)
    await house.check_told(*keys, label="again")


# --- statuses


@pytest.mark.parametrize("where", [ASKED, MEDIA], ids=["asked", "media"])
@pytest.mark.parametrize(
    ("fault", "keys"),
    [
        ({"status": 500}, {"cloud_trouble", "footage_not_ready"}),
        ({"status": 503, "body": HTML["body"]}, {"cloud_trouble", "footage_not_ready"}),
        ({"status": 429, "headers": {"Retry-After": "0"}}, {"cloud_throttled"}),
        ({"status": 429}, {"cloud_throttled"}),
    ],
    ids=["500", "503", "429 and when", "429"],
)
async def test_trouble(
    house: House, where: dict[str, str], fault: dict[str, Any], keys: set[str]
) -> None:
    """What passes costs time only; what stays is told."""
    cloud = cloud_of(house.clouds, house.kind)
    cloud.misbehave(where[house.kind], times=2, **fault)
    await house.check_whole(timeout=60)
    for path in house.media.iterdir():
        files.remove_tree(path)
    cloud.misbehave(where[house.kind], times=FOREVER, **fault)
    await house.check_told(*keys, label="again")


async def test_a_long_retry_after(house: House) -> None:
    """A cloud that wants to be left alone for an hour is, and the failure is told."""
    cloud = cloud_of(house.clouds, house.kind)
    cloud.misbehave(
        ASKED[house.kind],
        times=FOREVER,
        status=429,
        headers={"Retry-After": "3600"},
    )
    await house.check_told("cloud_throttled")
    assert len(cloud.asked(ASKED[house.kind])) == 1


@pytest.mark.parametrize(
    "location",
    [
        "http://example.com/clip.mp4",
        "https://127.0.0.1/clip.mp4",
        "https://localhost/clip.mp4",
        "https://[::1]/clip.mp4",
        "https://homeassistant.local/clip.mp4",
    ],
)
@pytest.mark.parametrize("where", [ASKED, MEDIA], ids=["asked", "media"])
async def test_redirects_to_where_none_may_go(
    house: House, where: dict[str, str], location: str
) -> None:
    """Nothing is asked of a user's own network, or in the clear."""
    cloud_of(house.clouds, house.kind).misbehave(
        where[house.kind], times=FOREVER, status=302, headers={"Location": location}
    )
    await house.check_told("cloud_redirect")


async def test_a_refused_request_once(house: House) -> None:
    """A 401 of Ring is mended by a new token; for a key it is the last word."""
    cloud = cloud_of(house.clouds, house.kind)
    if house.kind == "ring":
        cloud.misbehave("video_search", status=401)
        await house.check_whole(timeout=60)
    elif house.kind == "meraki":
        cloud.misbehave(ASKED[house.kind], status=401, body='{"errors": ["no"]}')
        await house.check_told("invalid_auth")
    else:
        # Without the right to list fragments, clips are asked for without a plan.
        cloud.misbehave(ASKED[house.kind], status=401, body="{}")
        await house.check_whole()


# --- what a cloud has, and has not


async def test_no_footage(house: House) -> None:
    """A stretch that nobody filmed is told, and not tried for ever."""
    match house.kind:
        case "ring":
            house.clouds.ring.events.clear()
        case "meraki":
            (camera,) = house.clouds.meraki.cameras.values()
            camera.holes.append((house.start - SECOND, house.end + SECOND))
        case _:
            house.clouds.kinesis.streams[0].holes.append(
                (house.start - 5 * SECOND, house.end + 5 * SECOND)
            )
    await house.check_told("no_footage", timeout=60)


async def test_older_than_what_is_kept(house: House) -> None:
    """A window from before the cloud's memory is told as that, or as none."""
    long_ago = house.start - timedelta(days=300)
    answer = await house.save(start=long_ago, end=long_ago + 10 * SECOND)
    assert answer["error"]["key"] in ("older_than_retention", "no_footage")
    assert "Front" in answer["error"]["message"]
    assert list(house.media.rglob("*")) == []


async def test_not_ready_yet(house: House) -> None:
    """What is there a moment later is waited for."""
    if house.kind == "kinesis":
        body = (
            '{"__type": "ResourceNotFoundException", "Message": "No fragments found"}'
        )
        end = datetime.now(UTC).replace(microsecond=0) - 2 * SECOND
        end -= timedelta(seconds=end.second % 2)
        house.clouds.kinesis.misbehave("/getClip", status=404, body=body)
        answer = await house.save(start=end - 4 * SECOND, end=end, timeout=60)
        assert answer["status"] == "complete"
        await house.check_quiet(answer)
        return
    if house.kind == "meraki":
        house.clouds.meraki.ready_after_s = 0.3
    else:
        house.clouds.ring.misbehave("share/play|amazon.dev", status=404)
    await house.check_whole(timeout=60)


async def test_a_url_that_ran_out(house: House) -> None:
    """A signed URL that is refused is asked for anew."""
    cloud = cloud_of(house.clouds, house.kind)
    if house.kind == "kinesis":
        # It signs no URLs; an endpoint that moved is what comes nearest.
        house.clouds.kinesis.move_endpoints()
    else:
        cloud.misbehave(MEDIA[house.kind], status=403)
    await house.check_whole(timeout=60)


async def test_one_part_of_several_fails(house: House) -> None:
    """The rest is saved and called partial, with the reason of what is missing."""
    if house.kind == "ring":
        (camera,) = house.clouds.ring.cameras
        house.clouds.ring.add_event(camera, start=house.end, duration_s=10)
        end = house.end + 10 * SECOND
        house.clouds.ring.misbehave("amazon.dev", times=FOREVER, skip=1, status=500)
    else:
        end = house.start + timedelta(minutes=8)
        cloud = cloud_of(house.clouds, house.kind)
        cloud.misbehave(MEDIA[house.kind], times=FOREVER, skip=1, status=500)
    answer = await house.save(end=end, timeout=1)
    assert answer["status"] == "partial"
    assert answer["error"]["key"] in ("cloud_trouble", "footage_not_ready")
    assert "Front" in answer["error"]["message"]
    (gap,) = answer["gaps"]
    shown = moments(Path(answer["path"]), of=FRONT)
    missing = datetime.fromisoformat(gap["start"]), datetime.fromisoformat(gap["end"])
    assert not [moment for moment in shown if missing[0] < moment < missing[1]]
    assert len(shown) >= 90
    await house.check_quiet(answer)


# --- time and place


@pytest.mark.parametrize("house", ["kinesis"], indirect=True)
async def test_a_clock_that_is_wrong(house: House) -> None:
    """AWS takes no request signed at another time; its answer corrects our clock."""
    house.clouds.offset = timedelta(minutes=-30)
    # The cloud has not filmed yet what is half an hour ahead of its clock.
    earlier = replace(
        house,
        start=house.start - timedelta(minutes=30),
        end=house.end - timedelta(minutes=30),
    )
    await earlier.check_whole()


@pytest.mark.parametrize("house", ["kinesis"], indirect=True)
async def test_a_stream_that_keeps_nothing(house: House) -> None:
    """Retention 0 is told as that, and so is a right that is missing."""
    house.clouds.kinesis.streams[0].retention_hours = 0
    await house.check_told("no_retention")
    house.clouds.kinesis.streams[0].retention_hours = 24
    house.clouds.kinesis.denied |= {"GetClip"}
    assert "GetClip" in await house.check_told("no_permission", label="again")


# --- the disk


async def test_no_room(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk without room is told before it is filled."""
    monkeypatch.setattr(files, "RESERVE_BYTES", 2**62)
    assert "disk is full" in await house.check_told("storage_full")


@pytest.mark.parametrize(
    ("number", "key"),
    [
        (errno.ENOSPC, "storage_full"),
        (errno.EROFS, "storage_read_only"),
        (errno.EACCES, "storage_no_permission"),
        (errno.EIO, "storage_trouble"),
    ],
)
async def test_the_disk_fails_at_the_end(
    house: House, monkeypatch: pytest.MonkeyPatch, number: int, key: str
) -> None:
    """What the disk says when the clip gets its name is told, and all is tidied up."""

    def fail(made: Path, final: Path, *, overwrite: bool) -> None:
        raise OSError(number, os.strerror(number), str(final))

    monkeypatch.setattr(files, "publish", fail)
    await house.check_told(key)
