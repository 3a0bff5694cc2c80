"""What a person finds who opens the demonstration: a street, two days of it, a front page."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from random import Random

from tests.clouds import Clouds
from tests.clouds.ring import RingCamera

from .home import Home
from .street import SCENES

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

CONFIGURATION = """\
automation: !include automations.yaml
history:
logbook:
script:
"""

WORDS = """\
## What to try

1. **Drag** over the strips below (or press *Last minute*), and then **Save**. Below it you see how far it is; the clip plays in place.
2. Tick several cameras to save the same time of all of them. Zoom with the wheel, with two fingers, or with + and -.
3. Open **Clips** in the sidebar: the same, as a page of its own. **Cameras** is the dashboard that makes itself.
4. Wait: every two minutes somebody rings at the front door, and its clip is saved by itself. Enter in the terminal rings at once.

All of it is simulated: the clouds run on this machine. {accounts}
"""


def furnish(clouds: Clouds) -> None:
    """Let there have been something in front of the cameras in the last two days."""
    now = datetime.now(UTC)
    gone, back = (now - ago for ago in OUTAGE)
    clouds.kinesis.streams[0].fragment = FRAGMENT
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


async def open_page(home: Home, clouds: Clouds) -> None:
    """Make the front page, and the dashboard that makes itself."""
    text = WORDS.format(accounts=f"To add an account by hand: {credentials(clouds)}")
    cards = [
        {"type": "markdown", "content": text, "grid_options": {"columns": "full"}},
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


def credentials(clouds: Clouds) -> str:
    """Return how to sign in at the clouds."""
    ring, aws = clouds.ring, clouds.kinesis
    return (
        f"Ring: `{ring.username}`, `{ring.password}`, and the code that the terminal "
        f"shows. Meraki: `{clouds.meraki.api_key}`. Amazon: `{aws.access_key_id}`, "
        f"`{aws.secret_access_key}`, `{aws.region}`."
    )


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
        (142, 90, "dog", ("kinesis",)),
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
