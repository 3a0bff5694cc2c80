"""Recordings that Ring has at several addresses, not all of which are good for a clip."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from custom_components.clip_download.const import DOMAIN
from custom_components.clip_download.engine.errors import (
    CloudError,
    NoFootageError,
    NotReadyError,
    RefusedError,
)
from custom_components.clip_download.engine.folder import File
from custom_components.clip_download.engine.media.clip_file import inspect
from custom_components.clip_download.engine.model import MediaOptions
from custom_components.clip_download.engine.pipeline import retry
from custom_components.clip_download.engine.sources.ring import client as ring
from custom_components.clip_download.engine.sources.ring.client import (
    RingCamera as ListedCamera,
    RingPart,
    RingSource,
)
from homeassistant.core import HomeAssistant
from tests.accounts import set_up
from tests.clouds import Clouds
from tests.clouds.footage import first_and_last
from tests.clouds.ring import MEDIA_HOST, Form, RingCamera, RingCloud
from tests.engine.sources.test_ring import (
    NOON,
    PLAY_PLACE,
    around,
    camera,
    cloud,
    doorbell,
    fetch,
    kept,
    part_of,
    source,
    unhurried,
)

# The fixtures of an account are the same here.
__all__ = ["camera", "cloud", "doorbell", "kept", "source", "unhurried"]

FORMS: tuple[Form, ...] = ("original", "play", "hq", "recording")


def forms_asked(cloud: RingCloud) -> list[str]:
    """Return which forms of recordings were downloaded, in order."""
    return [
        one.path.removesuffix(".mp4").rpartition("-")[2]
        for one in cloud.asked(MEDIA_HOST)
    ]


async def save(
    source: RingSource, camera: ListedCamera, part: RingPart, path: Path
) -> Path:
    """Fetch a part as a job does: what is no video is rejected, and asked for again."""
    while True:
        await fetch(source, camera, part, path)
        try:
            inspect(File.at(path))
        except CloudError as err:
            source.rejected(part, err)
        else:
            return path


@pytest.mark.parametrize("good", range(4))
async def test_no_video(
    *,
    cloud: RingCloud,
    source: RingSource,
    camera: ListedCamera,
    doorbell: RingCamera,
    tmp_path: Path,
    good: int,
) -> None:
    """A recording without a picture is fetched from the next address, once each."""
    event = cloud.add_event(
        doorbell, start=NOON, duration_s=2, audio_forms=FORMS[:good]
    )
    (part,) = (await source.plan(camera, around(event), MediaOptions())).parts
    path = await save(source, camera, part, tmp_path / "part")
    assert first_and_last(path, of=doorbell.footage).start == event.start
    assert forms_asked(cloud) == list(FORMS[: good + 1])

    # Whoever wants it again soon does not begin with what was bad.
    await save(source, camera, part, tmp_path / "part")
    assert forms_asked(cloud)[good + 1 :] == [FORMS[max(good, 1)]]


@pytest.mark.parametrize(
    "missing",
    [("original",), ("hq",), ("original", "hq"), ("play",), ("recording",), FORMS[1:]],
)
async def test_no_video_anywhere(
    *,
    cloud: RingCloud,
    source: RingSource,
    camera: ListedCamera,
    doorbell: RingCamera,
    tmp_path: Path,
    missing: Collection[Form],
) -> None:
    """Each address is tried once; then nothing is asked for, until much later."""
    event = cloud.add_event(
        doorbell, start=NOON, duration_s=2, audio_forms=FORMS, missing_forms=missing
    )
    (part,) = (await source.plan(camera, around(event), MediaOptions())).parts
    with pytest.raises(RefusedError, match="^recording_not_video$"):
        await save(source, camera, part, tmp_path / "part")
    tried = forms_asked(cloud)
    assert sorted(tried) == sorted(set(FORMS) - set(missing))
    with pytest.raises(RefusedError, match="^recording_not_video$"):
        await save(source, camera, part, tmp_path / "part")
    assert forms_asked(cloud) == tried


async def test_rejected_for_a_while(
    *,
    cloud: RingCloud,
    source: RingSource,
    camera: ListedCamera,
    doorbell: RingCamera,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was no video may become one."""
    event = cloud.add_event(doorbell, start=NOON, duration_s=2, audio_forms=FORMS)
    with pytest.raises(RefusedError):
        await save(source, camera, part_of(event), tmp_path / "part")
    event.audio_forms = ()
    monkeypatch.setattr(ring, "REJECTED_FOR_S", 0)
    await save(source, camera, part_of(event), tmp_path / "part")
    assert forms_asked(cloud)[-1] == "play"


async def test_many_at_once(
    *,
    cloud: RingCloud,
    source: RingSource,
    camera: ListedCamera,
    doorbell: RingCamera,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However many were handed over before, the last ones can be rejected."""
    monkeypatch.setattr(ring, "MOST_HANDED", 2)
    parts = [
        part_of(
            cloud.add_event(doorbell, start=NOON + timedelta(minutes=n), duration_s=2)
        )
        for n in range(3)
    ]
    for part in parts:
        await fetch(source, camera, part, tmp_path / "part")
    for part in parts[1:]:
        source.rejected(part, CloudError("body_not_video"))
        await fetch(source, camera, part, tmp_path / "part")
    assert forms_asked(cloud) == [*["play"] * 3, *["original"] * 2]


async def test_old_and_only_in_the_search(
    *,
    cloud: RingCloud,
    source: RingSource,
    camera: ListedCamera,
    doorbell: RingCamera,
    tmp_path: Path,
) -> None:
    """Of aged recordings share/play knows nothing: what a search has is taken at once."""
    for form in ("original", "hq", "recording"):
        event = cloud.add_event(
            doorbell,
            start=NOON,
            duration_s=2,
            missing_forms=[one for one in FORMS if one != form],
        )
        await fetch(source, camera, part_of(event), tmp_path / form)
        assert forms_asked(cloud)[-1] == form


@pytest.mark.parametrize("answer", ["null", "404"])
async def test_old_and_nowhere(
    *,
    cloud: RingCloud,
    source: RingSource,
    camera: ListedCamera,
    doorbell: RingCamera,
    tmp_path: Path,
    answer: Any,
) -> None:
    """What has no address an hour after its end never will: nobody waits for it."""
    cloud.not_ready = answer
    old = cloud.add_event(doorbell, start=NOON, ready_after_s=10**9)
    with pytest.raises(NoFootageError, match="^no_footage$"):
        await fetch(source, camera, part_of(old), tmp_path / "part")
    assert len(cloud.asked(PLAY_PLACE)) == 1

    fresh = cloud.add_event(
        doorbell, start=datetime.now(UTC) - timedelta(minutes=50), ready_after_s=10**9
    )
    with pytest.raises(NotReadyError):
        await fetch(source, camera, part_of(fresh), tmp_path / "part")


async def test_fresh_ones_keep_their_quality(
    cloud: RingCloud,
    source: RingSource,
    camera: ListedCamera,
    doorbell: RingCamera,
    tmp_path: Path,
) -> None:
    """What is only late is waited for, not taken with Ring's logo in it."""
    event = cloud.add_event(
        doorbell,
        start=datetime.now(UTC) - timedelta(minutes=2),
        missing_forms=["original", "play"],
        hq_url=None,
    )
    with pytest.raises(NotReadyError):
        await fetch(source, camera, part_of(event), tmp_path / "part")
    assert not forms_asked(cloud)


async def save_clip(hass: HomeAssistant, start: datetime, **more: Any) -> Any:
    """Save a minute with the action; return the camera's answer."""
    asked = {
        "entity_id": "camera.front",
        "start": start.isoformat(),
        "duration": {"minutes": 1},
    }
    answer: Any = await hass.services.async_call(
        DOMAIN, "save_clip", {**asked, **more}, blocking=True, return_response=True
    )
    return answer["camera.front"]


@pytest.fixture
def impatient_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a job try again at once."""
    monkeypatch.setattr(retry, "LONGEST_BACKOFF_S", 0.01)


async def test_saved_from_another_address(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path, impatient_job: None
) -> None:
    """A clip is saved though its first addresses have only sound."""
    cloud = hass_clouds.ring
    front = cloud.add_camera("Front")
    await set_up(hass, hass_clouds, "ring")
    cloud.add_event(front, start=NOON, duration_s=60, audio_forms=FORMS[:3])
    answer = await save_clip(hass, NOON)
    assert answer["status"] == "complete", answer
    seen = first_and_last(Path(answer["path"]), of=front.footage)
    assert seen.start == NOON
    assert forms_asked(cloud) == list(FORMS)


async def test_told_that_it_is_no_video(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path, impatient_job: None
) -> None:
    """What has a picture nowhere is downloaded four times at most, and told once."""
    cloud = hass_clouds.ring
    front = cloud.add_camera("Front")
    await set_up(hass, hass_clouds, "ring")
    cloud.add_event(front, start=NOON, duration_s=60, audio_forms=FORMS)
    answer = await save_clip(hass, NOON)
    assert answer["error"]["key"] == "recording_not_video"
    assert "Ring app" in answer["error"]["message"]
    for _ in range(3):
        await save_clip(hass, NOON)
    assert sorted(forms_asked(cloud)) == sorted(FORMS)


async def test_window_with_one_that_is_nowhere(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path
) -> None:
    """One old entry without footage costs a clip neither its rest nor any time."""
    cloud = hass_clouds.ring
    front = cloud.add_camera("Front")
    await set_up(hass, hass_clouds, "ring")
    cloud.add_event(front, start=NOON, duration_s=20)
    nowhere = cloud.add_event(
        front,
        start=NOON + timedelta(seconds=30),
        duration_s=10,
        missing_forms=FORMS,
        recording={"status": "ready"},
    )
    answer = await save_clip(hass, NOON)
    assert answer["status"] == "partial"
    assert "error" not in answer or answer["error"] is None
    (gap,) = answer["gaps"]
    assert datetime.fromisoformat(gap["start"]) <= nowhere.start
