"""The last step of a new account: what to save, and what cannot be."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from custom_components.clip_download import config_flow, survey
from custom_components.clip_download.accounts.webhook import is_public
from custom_components.clip_download.engine.events.back_fill import Estimate
from homeassistant.config_entries import ConfigFlowResult
from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant
from homeassistant.core_config import async_process_ha_core_config
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.util import dt as dt_util

from .accounts import begin, begin_link, come_back, consent, finish, typed
from .clouds import Clouds
from .waits import until
from .words import WORDS

pytestmark = pytest.mark.usefixtures("checked_words", "media_dir")

DAY = timedelta(days=1)


async def last_step(hass: HomeAssistant, clouds: Clouds, kind: str) -> ConfigFlowResult:
    """Sign in to a new account; return its last step."""
    clouds.ring.two_factor = None
    form = await begin(hass, kind)
    step = await hass.config_entries.flow.async_configure(
        form["flow_id"], typed(clouds, kind)
    )
    assert step["step_id"] == "saving"
    return step


def defaults(step: ConfigFlowResult) -> dict[str, Any]:
    """Return what is submitted by one press."""
    assert step["data_schema"]
    given: dict[str, Any] = step["data_schema"]({})
    return given


def filled(step: ConfigFlowResult) -> Mapping[str, str]:
    """Return what fills the texts of a step."""
    assert step["description_placeholders"]
    return step["description_placeholders"]


def told(step: ConfigFlowResult) -> str:
    """Return what is said of what cannot work."""
    return filled(step)["problems"]


def said(problem: str, cameras: str = "", cloud: str = "Ring") -> str:
    """Return what is said of a problem of some cameras."""
    text: str = WORDS["common"][f"problem_{problem}"]
    return text.format(cameras=cameras, cloud=cloud)


def ago(**time: float) -> datetime:
    """Return a time in the past."""
    return datetime.now(UTC) - timedelta(**time)


async def test_one_press(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path
) -> None:
    """As it is, it has all saved by itself, and what there is fetched if that is little."""
    ring = hass_clouds.ring
    front, back = ring.add_camera("Front"), ring.add_camera("Back")
    start = ago(days=3)
    ring.add_event(front, start=start, duration_s=20)
    ring.add_event(back, start=ago(days=2), duration_s=20)
    step = await last_step(hass, hass_clouds, "ring")
    ids = [str(front.id), str(back.id)]
    assert defaults(step) == {"cameras": ids, "back_fill": True, "keep_days": 0}
    assert filled(step) == {
        "account": "Ring someone@example.com",
        "problems": "",
        "count": "2",
        "since": f"{start.astimezone(dt_util.get_default_time_zone()):%F}",
        "size": filled(step)["size"],
    }

    before = datetime.now(UTC)
    done = await hass.config_entries.flow.async_configure(
        step["flow_id"], {"keep_days": 30}
    )
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert done["description"] == "back_fill"
    assert filled(done) == {
        "folder": hass.config.media_dirs["local"],
        "panel": "/clip-download",
    }
    await hass.async_block_till_done(wait_background_tasks=True)
    options = dict(done["result"].options)
    for since in options.pop("automatic").values():
        assert before <= datetime.fromisoformat(since) <= datetime.now(UTC)
    assert options == {"new_cameras": True, "keep_days": 30}
    for name in ("front", "back"):
        state = hass.states.get(f"switch.{name}_save_automatically")
        assert state and state.state == STATE_ON
    await until(lambda: len(list(media_dir.rglob("*.mp4"))) == 2)


async def test_count_in_few_requests(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """What is old is counted too, but months of nothing cost one request."""
    ring = hass_clouds.ring
    cameras = [ring.add_camera(name) for name in ("Front", "Back", "Yard")]
    for camera, days in ((cameras[0], (1, 2)), (cameras[1], (2, 25, 50, 110, 170))):
        for day in days:
            ring.add_event(camera, start=ago(days=day), duration_s=20)
    step = await last_step(hass, hass_clouds, "ring")
    assert filled(step)["count"] == "7"
    asked = Counter(
        one.query["doorbot_id"]
        for one in ring.asked("video_search/history")
        # The others look for problems.
        if one.query["order"] == "asc"
    )
    first, _, third = (asked[str(camera.id)] for camera in cameras)
    assert third == 2
    assert first <= 6


async def test_chosen_cameras(
    hass: HomeAssistant, hass_clouds: Clouds, tmp_path: Path
) -> None:
    """A camera that is not chosen stays off, also when new ones are listed."""
    hass.config.media_dirs["nas"] = str(tmp_path / "nas")
    front, back = (hass_clouds.ring.add_camera(name) for name in ("Front", "Back"))
    step = await last_step(hass, hass_clouds, "ring")
    assert "back_fill" not in defaults(step)
    done = await finish(hass, step, cameras=[str(back.id)], media_dir="nas")
    assert done["description"] == "default"
    assert filled(done)["folder"] == str(tmp_path / "nas")
    await hass.async_block_till_done(wait_background_tasks=True)
    options = done["result"].options
    assert options["automatic"][str(front.id)] is None
    assert options["automatic"][str(back.id)]
    assert options["new_cameras"] is False
    assert options["media_dir"] == "nas"
    state = hass.states.get("switch.front_save_automatically")
    assert state and state.state == STATE_OFF


async def test_what_comes_next(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """The end says what happens now, or what to do for that something happens."""
    done = {}
    for kind in ("ring", "meraki", "kinesis"):
        step = await last_step(hass, hass_clouds, kind)
        done[kind] = (await finish(hass, step))["description"]
    assert done == {"ring": "by_hand", "meraki": "webhook", "kinesis": "by_hand"}
    await hass.async_block_till_done(wait_background_tasks=True)


@pytest.mark.parametrize(
    ("is_complete", "size_bytes", "count", "is_default"),
    [
        (True, 10**9, "9", True),
        (True, 10**9 + 1, "9", False),
        (False, 1000, "> 9", False),
    ],
)
async def test_fetch_what_is_little(
    *,
    hass: HomeAssistant,
    hass_clouds: Clouds,
    monkeypatch: pytest.MonkeyPatch,
    is_complete: bool,
    size_bytes: int,
    count: str,
    is_default: bool,
) -> None:
    """Much is fetched only if a person says so, and what nobody has counted is much."""

    async def estimate(*args: Any, **options: Any) -> Estimate:
        return Estimate(
            count=9, size_bytes=size_bytes, oldest=ago(days=9), is_complete=is_complete
        )

    monkeypatch.setattr(survey, "estimate", estimate)
    hass_clouds.ring.add_camera("Front")
    step = await last_step(hass, hass_clouds, "ring")
    assert defaults(step)["back_fill"] is is_default
    assert filled(step)["count"] == count
    # Nothing is fetched: the account is not set up.
    hass.config_entries.flow.async_abort(step["flow_id"])


async def test_many_cameras(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """A long list is not shown as a whole, nor named as a whole in a sentence."""
    for number in range(config_flow.MOST_BOXES + 1):
        hass_clouds.ring.add_camera(f"`{number}`", has_subscription=False)
    step = await last_step(hass, hass_clouds, "ring")
    assert step["data_schema"]
    assert step["data_schema"].schema["cameras"].config["mode"] == "dropdown"
    assert "`'0'`, `'1'`, `'2'`, `'3'`, `'4'`" in told(step)
    assert "`'5'`" not in told(step)
    hass.config_entries.flow.async_abort(step["flow_id"])


# --- what cannot work


async def test_ring_that_gives_nothing(
    hass: HomeAssistant, hass_clouds: Clouds
) -> None:
    """Each reason is told once, with its cameras; what works is saved by itself."""
    ring = hass_clouds.ring
    good = ring.add_camera("Good")
    ring.add_event(good, start=ago(days=1))
    always = ring.add_camera("Always")
    always.always_since = ago(days=90)
    quiet = ring.add_camera("Quiet")
    ring.add_event(quiet, start=ago(days=31))
    ring.add_camera("Encrypted", e2ee_enabled=True)
    lately = ring.add_camera("Lately encrypted")
    ring.add_event(lately, start=ago(days=1), is_e2ee=True)
    ring.add_camera("Free", has_subscription=False)
    ended = ring.add_camera("Ended")
    ring.add_event(ended, start=ago(days=1), had_subscription=False)
    foreign = ring.add_camera("Foreign")
    ring.misbehave(f"doorbots/{foreign.id}/history", status=403, times=99)
    step = await last_step(hass, hass_clouds, "ring")
    found = told(step)
    assert found.count("⚠️") == 4
    for problem, cameras in {
        "end_to_end_encrypted": "`Encrypted`, `Lately encrypted`",
        "no_subscription": "`Free`, `Ended`",
        "no_recent_event": "`Quiet`",
        "recordings_refused": "`Foreign`",
    }.items():
        assert said(problem, cameras) in found
    working = [str(one.id) for one in (good, always, quiet)]
    assert defaults(step)["cameras"] == working
    done = await finish(hass, step, cameras=working)
    assert done["result"].options["new_cameras"] is True
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_ring_partner_without_a_plan(
    hass: HomeAssistant, hass_clouds: Clouds
) -> None:
    """Ring says of which camera it has no plan; where it does not, nothing is said."""
    cloud = hass_clouds.ring_partner
    cloud.add_camera("Gate").has_plan = False
    cloud.add_camera("Door")
    link = await begin_link(hass, hass_clouds)
    step = await come_back(hass, link, await consent(hass, link))
    assert said("no_plan", "`Gate`") in told(step)
    assert len(defaults(step)["cameras"]) == 1
    hass.config_entries.flow.async_abort(step["flow_id"])


async def test_region_without_streams(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """A region in which there is nothing is asked for again."""
    given = typed(hass_clouds, "kinesis")
    form = await begin(hass, "kinesis")
    flows = hass.config_entries.flow
    step = await flows.async_configure(
        form["flow_id"], given | {"region": "eu-central-1"}
    )
    assert step["errors"] == {"region": "no_streams"}
    step = await flows.async_configure(form["flow_id"], given)
    assert step["step_id"] == "saving"
    assert defaults(step) == {"keep_days": 0}
    assert told(step) == ""
    await finish(hass, step)
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_streams_that_keep_nothing(
    hass: HomeAssistant, hass_clouds: Clouds
) -> None:
    """A retention of nought is told, and a key that may not list says what to do."""
    hass_clouds.kinesis.add_stream("gate", retention_hours=0)
    hass_clouds.kinesis.add_stream("door")
    step = await last_step(hass, hass_clouds, "kinesis")
    cloud = "Amazon Kinesis Video Streams"
    assert said("no_retention", "`gate`", cloud) in told(step)
    hass.config_entries.flow.async_abort(step["flow_id"])
    hass_clouds.kinesis.denied = {"ListStreams"}
    step = await last_step(hass, hass_clouds, "kinesis")
    assert said("streams_not_listed") in told(step)
    hass.config_entries.flow.async_abort(step["flow_id"])


async def test_no_cameras(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """An account without cameras is set up; there is nothing to choose yet."""
    step = await last_step(hass, hass_clouds, "ring")
    assert said("no_cameras") in told(step)
    assert defaults(step) == {"keep_days": 0}
    hass.config_entries.flow.async_abort(step["flow_id"])


@pytest.mark.parametrize(
    ("address", "is_good"),
    [
        ("https://home.example", True),
        ("https://home.example:8443", True),
        ("https://93.184.216.34", True),
        ("http://home.example", False),
        ("https://192.168.1.2:8123", False),
        ("https://[fd00::1]", False),
        ("https://homeassistant.local", False),
        ("https://homeassistant", False),
        ("", False),
    ],
)
def test_public_addresses(address: str, *, is_good: bool) -> None:
    """Clouds send notices over https only, to what all the world can find."""
    assert is_public(address) is is_good


async def test_webhook_out_of_reach(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """Where a cloud cannot tell of events, that is said before anybody waits for one."""
    await async_process_ha_core_config(hass, {"external_url": "http://10.0.0.2:8123"})
    step = await last_step(hass, hass_clouds, "meraki")
    assert said("webhook", cloud="Cisco Meraki") in told(step)
    hass.config_entries.flow.async_abort(step["flow_id"])
    await async_process_ha_core_config(hass, {"external_url": "https://home.example"})
    step = await last_step(hass, hass_clouds, "meraki")
    assert said("webhook", cloud="Cisco Meraki") not in told(step)
    hass.config_entries.flow.async_abort(step["flow_id"])


# --- what is not known in time


async def test_no_time(
    hass: HomeAssistant, hass_clouds: Clouds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is no time to list the cameras, all of them can be saved even so."""
    monkeypatch.setattr(survey, "SURVEY_WITHIN_S", 0)
    camera = hass_clouds.ring.add_camera("Front")
    step = await last_step(hass, hass_clouds, "ring")
    assert defaults(step) == {"new_cameras": True, "keep_days": 0}
    done = await finish(hass, step, new_cameras=True)
    assert done["description"] == "default"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert done["result"].options["automatic"][str(camera.id)]


async def test_trouble_while_looking(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """A cloud that has trouble with its history does not keep anybody from setting up."""
    hass_clouds.ring.add_camera("Front")
    hass_clouds.ring.add_camera("Shed", has_subscription=False)
    hass_clouds.ring.misbehave("history", status=503, times=99)
    step = await last_step(hass, hass_clouds, "ring")
    assert told(step).count("⚠️") == 1
    assert "back_fill" not in defaults(step)
    hass.config_entries.flow.async_abort(step["flow_id"])


async def test_two_at_once(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """Who comes to the last step second finds the account set up."""
    steps = [await last_step(hass, hass_clouds, "meraki") for _ in range(2)]
    done = await finish(hass, steps[0])
    assert done["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done(wait_background_tasks=True)
    assert not hass.config_entries.flow.async_progress()
