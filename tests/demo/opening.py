"""What a person finds who opens the demonstration: a street, two days of it, a front page."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from tests.clouds import Clouds
from tests.clouds.ring import RingCamera

from . import offsite
from .home import Home
from .street import SCENES, Street

START_PAGE = "demo-start"
STRATEGY_PAGE = "demo-cameras"
HISTORY = timedelta(hours=40)
# Nothing happened just now, so that what a person does is what is seen.
RECENT = timedelta(minutes=12)
RINGS_EVERY_S = 120
RECORDING_S = 20
# So that a listing of a day has few pages.
FRAGMENT = timedelta(seconds=10)
# What no cloud has: the network was gone.
OUTAGE = timedelta(hours=3), timedelta(hours=2, minutes=20)

CONFIGURATION = f"""\
automation: !include automations.yaml
history:
logbook:
mobile_app:
script:
  bring_clips_back:
    alias: Bring clips back
    icon: mdi:cloud-download
    sequence:
      - action: clip_download.restore_clips
        data:
          config_entry_id: "{{{{ config_entry_id('{offsite.COPIED}') }}}}"
        response_variable: restored
      - action: persistent_notification.create
        data:
          title: Clips were brought back
          message: >-
            {{{{ restored.count }}}} from the store; {{{{ restored.present }}}} were still here.
"""

WORDS = """\
## What to try

1. **Drag** across the timeline below, or press *Last 1 min*, and then **Save**. You see how far it is, and the clip plays in place.
2. **Press Enter in the terminal**: somebody rings at the front door. Within a minute the clip is saved automatically, and the terminal shows what your phone would show. (Somebody rings every two minutes, too.)
3. Turn on several cameras to save the same time range of all of them. Zoom with the wheel, with two fingers, or with + and -.
4. **Clips** in the sidebar is the same as a page of its own, **Cameras** is a dashboard that makes itself. *Activity* and *History* know what was saved, and *Settings > Automations* has both blueprints.
5. **Delete a clip**, and then press *Bring clips back*: [another machine]({store}) (simulated; user `{user}`, password `{password}`) has a copy of each.
6. **Add an account** in *Settings > Devices & services > Clip Download*. All clouds are simulated on this machine:

{accounts}
"""
# Where the streams are that no account has yet.
OTHER_REGION = "eu-central-1"


def furnish(clouds: Clouds) -> None:
    """Let there have been something in front of the cameras in the last two days."""
    now = datetime.now(UTC)
    gone, back = (now - ago for ago in OUTAGE)
    clouds.kinesis.streams[0].fragment = FRAGMENT
    for name in ("Garden", "Garage"):
        clouds.kinesis.add_stream(
            name, footage=Street(name), region=OTHER_REGION, fragment=FRAGMENT
        )
    clouds.kinesis.streams[0].holes.append((gone, back))
    next(iter(clouds.meraki.cameras.values())).holes.append((gone, back))
    front, back_door = clouds.ring.cameras
    gate = clouds.ring_partner.cameras[0]
    random = Random("history")
    at = now - HISTORY
    while (at := at + timedelta(minutes=random.uniform(8, 70))) < now - RECENT:
        match random.randrange(4):
            case 0:
                clouds.ring.add_event(
                    back_door,
                    start=at,
                    duration_s=RECORDING_S,
                    saw=random.choice(("animal", "human", "other_motion")),
                )
            case 1:
                clouds.ring_partner.add_event(
                    gate,
                    start=at,
                    duration_s=RECORDING_S,
                    sub_type=random.choice(("human", "vehicle")),
                )
            case 2:
                clouds.ring.add_event(
                    front,
                    start=visited(at),
                    duration_s=RECORDING_S,
                    saw=random.choice(("human", "package", "vehicle")),
                )
            case _:
                come_and_ring(clouds, front, at)


def visited(moment: datetime) -> datetime:
    """Return when somebody comes up the path to the front door, near a moment."""
    (every_s,) = (
        one.every_s for one in SCENES["Front door"].walks if one.kind == "courier"
    )
    turn = timedelta(seconds=every_s)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return moment - (moment - epoch) % turn + timedelta(seconds=3)


def come_and_ring(clouds: Clouds, camera: RingCamera, at: datetime) -> None:
    """Let somebody come to the front door, and ring."""
    clouds.ring.add_event(
        camera, "ding", start=visited(at), duration_s=RECORDING_S, saw="human"
    )


async def open_page(home: Home, clouds: Clouds, store: offsite.Store) -> None:
    """Make the front page, and the dashboard that makes itself."""
    accounts = "\n".join(f"   - {line}" for line in credentials(clouds))
    text = WORDS.format(
        accounts=accounts,
        store=store.url,
        user=offsite.USER,
        password=offsite.PASSWORD,
    )
    cards = [
        {"type": "markdown", "content": text, "grid_options": {"columns": "full"}},
        *copies_cards(),
        {"type": "custom:clip-download-card"},
    ]
    section = {"type": "grid", "column_span": 4, "cards": cards}
    start = {
        "title": "Start",
        "type": "sections",
        "max_columns": 4,
        "sections": [section],
    }
    strategy = {"type": "custom:clip-download"}
    async with home.websocket() as websocket:
        for path, title, icon, config in (
            (START_PAGE, "Start", "mdi:flag-checkered", {"views": [start]}),
            (STRATEGY_PAGE, "Cameras", "mdi:cctv", {"strategy": strategy}),
        ):
            await websocket.ask(
                "lovelace/dashboards/create", url_path=path, title=title, icon=icon
            )
            await websocket.ask("lovelace/config/save", url_path=path, config=config)
        await websocket.ask(
            "frontend/set_system_data",
            key="core",
            value={"default_panel": START_PAGE},
        )


def copies_cards() -> list[dict[str, Any]]:
    """Return what tells of the copies, once there is a place for them."""
    bring_back = {
        "action": "perform-action",
        "perform_action": "script.bring_clips_back",
    }
    tiles: list[dict[str, Any]] = [
        {"type": "tile", "entity": offsite.STATE, "name": "Copies off-site"},
        {"type": "tile", "entity": offsite.COPIED, "name": "Copied clips"},
        {"type": "tile", "entity": offsite.LEFT, "name": "Clips to copy"},
        {
            "type": "tile",
            "entity": "script.bring_clips_back",
            "hide_state": True,
            "tap_action": bring_back,
            "icon_tap_action": bring_back,
        },
    ]
    # It is added after the page is shown.
    is_there = {
        "condition": "state",
        "entity": offsite.COPIED,
        "state_not": ["unavailable", "unknown"],
    }
    return [{**tile, "visibility": [is_there]} for tile in tiles]


def credentials(clouds: Clouds) -> list[str]:
    """Return how to sign in at the clouds, a line for each."""
    ring, aws = clouds.ring, clouds.kinesis
    return [
        (
            f"Amazon Kinesis: access key ID `{aws.access_key_id}`, secret access key "
            f"`{aws.secret_access_key}`, region `{OTHER_REGION}`"
        ),
        (
            f"Ring, once you have deleted its account: `{ring.username}`, password "
            f"`{ring.password}`, and the code that the terminal shows"
        ),
        (
            "Meraki, once you have deleted its account: API key "
            f"`{clouds.meraki.api_key}`"
        ),
    ]


async def save_some(home: Home, entities: Mapping[str, str]) -> None:
    """Save what a person might have saved, and let the doors save by themselves."""
    doors = ("front_door", "back_door")
    await home.post(
        "/api/services/switch/turn_on",
        {"entity_id": [f"switch.{door}_save_automatically" for door in doors]},
    )
    now = datetime.now(UTC).replace(microsecond=0)
    for minutes, length_s, label, kinds in (
        (50, 40, "parcel", ("meraki", "kinesis")),
        (95, 60, "", ("meraki",)),
        (31, 30, "visitor", ("ring_partner",)),
        (75, 90, "dog", ("kinesis",)),
        # Half of it is missing.
        (141, 120, "", ("meraki",)),
    ):
        start = now - timedelta(minutes=minutes)
        await home.act(
            "save_clip",
            {
                "entity_id": [entities[kind] for kind in kinds],
                "start": start.isoformat(),
                "duration": {"seconds": length_s},
                "label": label,
                "wait": False,
            },
        )
    since = now - HISTORY
    window = {"start": since.isoformat(), "end": (now - RECENT).isoformat()}
    await home.act(
        "save_events", {"entity_id": entities["ring"], "kinds": ["ding"], **window}
    )


async def ring_now_and_then(clouds: Clouds) -> None:
    """Let somebody ring at the front door every two minutes."""
    while True:
        await asyncio.sleep(RINGS_EVERY_S)
        come_and_ring(clouds, clouds.ring.cameras[0], datetime.now(UTC))


async def tell_codes(clouds: Clouds) -> None:
    """Print each code that Ring sends, as no phone is there to show it."""
    told = len(clouds.ring.codes)
    while True:
        await asyncio.sleep(0.5)
        for code in clouds.ring.codes[told:]:
            print(f"Ring sent the code {code}.")
        told = len(clouds.ring.codes)
