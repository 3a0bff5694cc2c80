"""What the back door's bell does by itself: it is told, saved, and not saved again."""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from tests.clouds import Clouds
from tests.clouds.footage import Span
from tests.clouds.ring import RingCamera, RingEvent

from .check import Look, look
from .home import TIME_ZONE, Home, HomeError

NAME = "Back door"
CAMERA = "camera.back_door"
SWITCH = "switch.back_door_save_automatically"
BELL = "event.back_door_doorbell"
BUTTON = "button.back_door_save_last_recording"
LAST_CLIP = "sensor.back_door_last_clip"

RECORDING_S = 6
# The history is looked into every minute, and three times as often once there is
# something to wait for.
SAVED_WITHIN_S = 150.0


class Rung(NamedTuple):
    """A press of the bell, and one from before anybody wanted it saved."""

    camera: RingCamera
    event: RingEvent
    earlier: RingEvent


async def ring(home: Home, clouds: Clouds) -> Rung:
    """Turn on the switch and press the bell."""
    (camera,) = (one for one in clouds.ring.cameras if one.name == NAME)
    now = datetime.now(UTC).replace(microsecond=0)
    earlier = clouds.ring.ring_doorbell(
        camera, start=now - timedelta(minutes=20), duration_s=RECORDING_S
    )
    await home.post("/api/services/switch/turn_on", {"entity_id": SWITCH})
    # A frame begins there, and the switch was on by then.
    soon = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=1)
    event = clouds.ring.ring_doorbell(camera, start=soon, duration_s=RECORDING_S)
    return Rung(camera, event, earlier)


async def check(home: Home, rung: Rung) -> tuple[list[Path], list[str]]:
    """Return the clips that there are of the back door, and what is wrong with them."""
    clips: list[Path] = []
    faults: list[str] = []
    state = await _saved_state(home, rung)
    if state is None:
        return [], [f"{BELL} does not tell within {SAVED_WITHIN_S} s what was saved"]
    local = datetime.now(ZoneInfo(TIME_ZONE))
    # An hour ago may be yesterday.
    days = {
        event.start.astimezone(local.tzinfo).date().isoformat()
        for event in (rung.event, rung.earlier)
    }
    wanted = {"entity_id": CAMERA}
    for day in sorted(days):
        first = (await home.act("save_events", {**wanted, "date": day}))[CAMERA]
        again = (await home.act("save_events", {**wanted, "date": day}))[CAMERA]
        listed = (await home.act("list_events", {**wanted, "date": day}))[CAMERA]
        if again["saved"] or len(again["skipped"]) != len(listed["events"]):
            faults.append(f"what is there is saved again: {again}")
        skipped = {one["id"]: one["path"] for one in first["skipped"]}
        if skipped not in ({}, {str(rung.event.id): state["path"]}):
            faults.append(f"not just what was saved by itself is skipped: {first}")
        for answer in first["saved"]:
            found = await asyncio.to_thread(_look, answer, rung.earlier, home, rung)
            faults += found.faults
            clips += [found.path] if found.path else []
    about = json.loads(Path(state["path"]).with_suffix(".json").read_text())
    found = await asyncio.to_thread(
        _look, {**about, **state, "status": "complete"}, rung.event, home, rung
    )
    clips += [found.path] if found.path else []
    print(f"\n{BELL}: rang at {rung.event.start:%H:%M:%S} UTC, saved by itself")
    if found.shown:
        print(f"  decoded  {found.shown.start:%H:%M:%S} - {found.shown.end:%H:%M:%S}")
    print(f"  file     {found.path}")
    faults += found.faults
    faults += await _pressed(home)
    return clips, [f"back door: {fault}" for fault in [*faults, *_count(clips)]]


async def _saved_state(home: Home, rung: Rung) -> Mapping[str, Any] | None:
    """Return what the event entity tells once the clip of the press is saved."""
    try:
        async with asyncio.timeout(SAVED_WITHIN_S):
            while True:
                state = json.loads(await home.get(f"/api/states/{BELL}"))
                told: Mapping[str, Any] = state["attributes"]
                if told.get("id") == str(rung.event.id) and "path" in told:
                    return told
                await asyncio.sleep(1)
    except TimeoutError:
        return None


def _look(answer: Mapping[str, Any], event: RingEvent, home: Home, rung: Rung) -> Look:
    return look(answer, Span(event.start, event.end), rung.camera.footage, home.media)


async def _pressed(home: Home) -> list[str]:
    """Press the button for what is there already; return what is wrong with that."""
    before = await home.get(f"/api/states/{LAST_CLIP}")
    async with home.websocket() as websocket:
        await websocket.ask("subscribe_events", event_type="clip_download_saved")
        answer = None
        try:
            await home.post("/api/services/button/press", {"entity_id": BUTTON})
        except HomeError as err:
            answer = str(err)
        await websocket.ask("ping")
        told = websocket.events
    if answer is None or "is already saved" not in answer:
        return [f"a press for what is saved does not say so: {answer}"]
    if told or await home.get(f"/api/states/{LAST_CLIP}") != before:
        return ["what is saved is saved again when the button is pressed"]
    return []


def _count(clips: list[Path]) -> Iterator[str]:
    if len(clips) != 2:
        yield f"there are {len(clips)} clips: {clips}"
