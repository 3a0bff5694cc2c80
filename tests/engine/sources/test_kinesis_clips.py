"""Windows of Kinesis, from the simulated cloud to a clip that is decoded."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import ClientSession
import pytest

from custom_components.clip_download.engine.model import (
    ClipStatus,
    Clock,
    Job,
    JobState,
    MediaOptions,
)
from custom_components.clip_download.engine.sources.kinesis import (
    client as kinesis,
    fragments,
)
from custom_components.clip_download.engine.sources.kinesis.client import (
    KinesisCamera,
    KinesisSource,
)
from custom_components.clip_download.engine.time_range import Window
from tests.clouds import Clouds
from tests.clouds.footage import Footage, moments
from tests.clouds.kinesis import Backlog, KinesisStream, Spoilt
from tests.engine.pipeline.test_jobs import CAMERA, House

FRONT = Footage("Front", fps=5, gop_frames=5, width=160, height=90)
# Long ago enough that all of it is there; a multiple of every fragment's length.
PAST = datetime.fromtimestamp(datetime.now(UTC).timestamp() // 1680 * 1680 - 6720, UTC)


def second(number: float) -> datetime:
    """Return a moment in the past that the footage is of."""
    return PAST + timedelta(seconds=number)


@pytest.fixture
async def account(
    clouds: Clouds,
    session: ClientSession,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncGenerator[House]:
    """Return an account of the simulated Kinesis, which gives without a wait."""
    monkeypatch.setattr(kinesis, "RATE", (1000, 1))
    monkeypatch.setattr(kinesis, "FRAGMENTS_RATE", (100_000, 1))
    cloud = clouds.kinesis
    cloud.has_quotas = False
    source: Any = KinesisSource(
        {
            "access_key_id": cloud.access_key_id,
            "secret_access_key": cloud.secret_access_key,
            "region": cloud.region,
        },
        session=session,
    )
    media = tmp_path / "media"
    media.mkdir()
    account = House(
        shelf=source,
        media=media,
        database=tmp_path / "clips.db",
        camera=KinesisCamera(id=CAMERA.id, name=CAMERA.name),
    )
    await account.start()
    yield account
    await account.stop()


def shown(job: Job) -> list[datetime]:
    """Return the moments that a clip shows."""
    (clip,) = job.clips
    return moments(clip.path, of=FRONT)


def frames(start_s: float, end_s: float) -> list[datetime]:
    """Return when the camera filmed each frame of a stretch."""
    return [second(number / 5) for number in range(int(start_s * 5), int(end_s * 5))]


def add_stream(clouds: Clouds, length_s: int = 2, phase_s: int = 0) -> KinesisStream:
    """Add the stream of the door."""
    return clouds.kinesis.add_stream(
        CAMERA.id,
        footage=FRONT,
        fragment=timedelta(seconds=length_s),
        phase=timedelta(seconds=phase_s),
    )


@pytest.mark.parametrize(("length_s", "phase_s"), [(10, 9), (10, 5), (5, 1), (2, 0)])
async def test_without_the_right_to_list(
    clouds: Clouds, account: House, length_s: int, phase_s: int
) -> None:
    """Every frame of the window is there once, the first ones too, at its time."""
    clouds.kinesis.denied = {"ListFragments"}
    add_stream(clouds, length_s, phase_s)
    job = await account.save(Window(PAST, second(30)))
    assert job.state is JobState.SAVED
    found = shown(job)
    assert [one for one in found if one < second(30)] == frames(0, 30)
    off = found[0] - job.clips[0].window.start
    assert timedelta(0) <= off < timedelta(seconds=0.1)


@pytest.mark.parametrize(("length_s", "phase_s"), [(7, 0), (7, 3), (16, 4)])
async def test_a_long_window_without_the_right_to_list(
    clouds: Clouds, account: House, length_s: int, phase_s: int
) -> None:
    """Where two requests meet inside a fragment, nothing is lost or shown twice."""
    clouds.kinesis.denied = {"ListFragments"}
    add_stream(clouds, length_s, phase_s)
    job = await account.save(Window(PAST, second(420)))
    assert [one for one in shown(job) if one < second(420)] == frames(0, 420)
    (clip,) = job.clips
    assert (clip.status, clip.gaps) == (ClipStatus.PARTIAL, ())
    assert job.error
    assert job.error.key == "no_permission"


@pytest.mark.parametrize("gone_s", [0, 20, 38])
async def test_a_fragment_that_no_clip_has(
    clouds: Clouds, account: House, gone_s: int
) -> None:
    """It is a gap where it is; all others are there, at their times."""
    stream = add_stream(clouds)
    stream.left_out = [(second(gone_s), second(gone_s + 2))]
    job = await account.save(Window(PAST, second(40)))
    assert shown(job) == [*frames(0, gone_s), *frames(gone_s + 2, 40)]
    (clip,) = job.clips
    assert clip.status is ClipStatus.PARTIAL
    assert clip.gaps == (Window(second(gone_s), second(gone_s + 2)),)


async def test_timestamps_of_the_server(
    clouds: Clouds, account: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What came at once, after a backlog, is whole where two requests meet."""
    monkeypatch.setattr(fragments, "MOST_FRAGMENTS", 12)
    stream = add_stream(clouds)
    stream.arrival_delay = timedelta(0)
    stream.backlogs = [Backlog(second(10), second(30), timedelta(milliseconds=30))]
    stream.resent = [(second(40), second(44), timedelta(seconds=9))]
    job = await account.save(
        Window(PAST, second(90)), media_options=MediaOptions(timestamps=Clock.SERVER)
    )
    assert shown(job) == frames(0, 90)
    assert len(clouds.kinesis.asked("getClip")) > 3


@pytest.mark.parametrize("name", ["UnsupportedStreamMediaType", "InvalidMediaFrame"])
async def test_bad_ends(clouds: Clouds, account: House, name: str) -> None:
    """A bad first and a bad last fragment take nothing along."""
    stream = add_stream(clouds)
    stream.spoilt = [
        Spoilt(second(start), second(start + 2), f"{name}Exception")
        for start in (0, 38)
    ]
    job = await account.save(Window(PAST, second(40)))
    assert shown(job) == frames(2, 38)
    assert job.error
    assert job.error.key in {"codec_unsupported", "frame_broken"}
