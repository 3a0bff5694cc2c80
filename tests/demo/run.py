"""The demonstration: simulated clouds, a real Home Assistant, and the main job.

Run by `script/demo`, which says what its arguments are.
"""

import argparse
import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
import fcntl
from http import HTTPStatus
from io import TextIOWrapper
from pathlib import Path
import signal
import socket
import sys
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from aiohttp import ClientSession, TCPConnector
import certifi

from tests.clouds import Clouds
from tests.clouds.footage import Footage, Span
from tests.ports import free_port

from . import bell, library, offsite, opening, phone
from .check import Look, debris, leaks, look, read_log
from .home import CHECKOUT, TIME_ZONE, Form, Home, HomeError
from .street import Street

FOLDER = CHECKOUT / ".demo"
PORT = 8123

# A ring is recorded from some seconds before it, as wired doorbells do.
PRE_ROLL = timedelta(seconds=8)
RECORDING_S = 30
JPEG = b"\xff\xd8\xff"
READY_AFTER_S = 8.0
# How long a camera is made to record.
RECORD_S = 10
LISTENS_WITHIN_S = 30


class Cast(NamedTuple):
    """The simulated clouds, and by kind of account what its camera films."""

    clouds: Clouds
    footage: Mapping[str, Footage]


class Stage(NamedTuple):
    """All that runs, and by kind of account its camera's entity id."""

    home: Home
    cast: Cast
    entities: Mapping[str, str]
    store: offsite.Store


class Job(NamedTuple):
    """One clip to save: the action's data, and the window that they mean."""

    cloud: str
    entity_id: str
    data: Mapping[str, Any]
    window: Span


def furnish(clouds: Clouds, film: type[Footage]) -> Cast:
    """Put a camera into each cloud."""
    door = clouds.ring.add_camera("Front door", footage=film("Front door"))
    clouds.ring.add_camera(bell.NAME, footage=film(bell.NAME))
    clouds.ring.ready_after_s = READY_AFTER_S
    drive = clouds.meraki.add_camera(
        "Driveway", footage=film("Driveway", width=640, height=360)
    )
    yard = clouds.kinesis.add_stream(
        "back-yard", footage=film("back-yard"), fragment=timedelta(seconds=1)
    )
    gate = clouds.ring_partner.add_camera("Gate", footage=film("Gate"))
    return Cast(
        clouds,
        {
            "ring": door.footage,
            "ring_partner": gate.footage,
            "meraki": drive.footage,
            "kinesis": yard.footage,
        },
    )


async def add_accounts(home: Home, clouds: Clouds) -> dict[str, str]:
    """Set up an account of each kind, as a person does in the browser.

    Returns the entity id of each kind's camera.
    """
    forms: dict[str, list[Form]] = {
        "ring": [
            {"username": clouds.ring.username, "password": clouds.ring.password},
            # The code is sent when the password was right.
            lambda: {"2fa": clouds.ring.codes[-1]},
        ],
        "meraki": [
            {
                "api_key": clouds.meraki.api_key,
                "base_url": "https://api.meraki.com/api/v1",
            }
        ],
        "kinesis": [
            {
                "access_key_id": clouds.kinesis.access_key_id,
                "secret_access_key": clouds.kinesis.secret_access_key,
                "region": clouds.kinesis.region,
            }
        ],
    }
    app = {
        "client_id": clouds.ring_partner.client_id,
        "client_secret": clouds.ring_partner.client_secret,
    }
    connector = TCPConnector(
        resolver=clouds.resolver(), ssl=clouds.authority.client_context()
    )
    async with ClientSession(connector=connector) as browser:
        # Side by side: what Ring still has takes seconds to count, at its pace.
        *added, linked = await asyncio.gather(
            *(home.add_account(kind, *given) for kind, given in forms.items()),
            home.link_account("ring_partner", app, browser),
        )
    kinds = dict(zip(added, forms, strict=True))
    kinds[linked] = "ring_partner"
    await home.set_options(linked, {"hmac_key": clouds.ring_partner.hmac_key})
    async with home.websocket() as websocket:
        entities = await websocket.ask("config/entity_registry/list")
    return {
        kinds[entity["config_entry_id"]]: entity["entity_id"]
        for entity in entities
        if entity["config_entry_id"] in kinds
        and entity["entity_id"].startswith("camera.")
        and entity["entity_id"] != bell.CAMERA
    }


def jobs(entities: Mapping[str, str], clouds: Clouds) -> list[Job]:
    """Ring the bell, and say which clips are wanted of which camera."""
    now = datetime.now(UTC).replace(microsecond=0)
    event = clouds.ring.ring_doorbell(
        clouds.ring.cameras[0], start=now - PRE_ROLL, duration_s=RECORDING_S
    )
    rang = event.start + PRE_ROLL
    before, after = timedelta(seconds=5), timedelta(seconds=15)
    # More than the five minutes of one request, as a person types it: in local time.
    drive = Span(now - timedelta(minutes=11), now - timedelta(minutes=4, seconds=30))
    local = drive.start.astimezone(ZoneInfo(TIME_ZONE)).replace(tzinfo=None)
    # More than the 200 fragments of one request.
    yard = Span(now - timedelta(minutes=9), now - timedelta(minutes=4, seconds=50))
    # More than the fifteen minutes of one request.
    gate = Span(now - timedelta(minutes=21), now - timedelta(minutes=4, seconds=40))
    return [
        Job(
            "ring",
            entities["ring"],
            {
                "at": rang.isoformat(),
                "before": {"seconds": before.seconds},
                "after": {"seconds": after.seconds},
                "label": "doorbell",
            },
            Span(rang - before, rang + after),
        ),
        Job(
            "meraki",
            entities["meraki"],
            {
                "start": local.isoformat(),
                "duration": {"seconds": (drive.end - drive.start).seconds},
                "label": "drive",
            },
            drive,
        ),
        Job(
            "kinesis",
            entities["kinesis"],
            {"start": yard.start.isoformat(), "end": yard.end.isoformat()},
            yard,
        ),
        Job(
            "ring_partner",
            entities["ring_partner"],
            {"start": gate.start.isoformat(), "end": gate.end.isoformat()},
            gate,
        ),
    ]


async def save(home: Home, job: Job) -> tuple[Mapping[str, Any], float]:
    """Run the action; return its answer for the camera and how many seconds it took."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    response = await home.act("save_clip", {"entity_id": job.entity_id, **job.data})
    took_s = loop.time() - began
    print(f"  a clip of {job.entity_id} after {took_s:.0f} s")
    return response[job.entity_id], took_s


async def record(stage: Stage) -> tuple[Job, Mapping[str, Any], float]:
    """Have the partner's camera record; return what was recorded, and the answer."""
    home, cast, entities, _ = stage
    loop = asyncio.get_running_loop()
    began = loop.time()
    entity_id = entities["ring_partner"]
    data = {"entity_id": entity_id, "duration": {"seconds": RECORD_S}}
    response = await home.act("record_clip", data)
    took_s = loop.time() - began
    # What was live is what was asked for afterwards.
    asked = cast.clouds.ring_partner.asked("video/download")[-1].json()
    start = datetime.fromtimestamp(asked["timestamp"] / 1000, UTC)
    window = Span(start, start + timedelta(milliseconds=asked["duration"]))
    return Job("ring_partner", entity_id, data, window), response[entity_id], took_s


async def motion(stage: Stage) -> list[str]:
    """Let Ring tell of a motion; return what is wrong with how it is taken."""
    home, cast, _, _ = stage
    cloud = cast.clouds.ring_partner
    body, headers = cloud.webhook(cloud.cameras[0], sub_type="human")
    async with asyncio.timeout(LISTENS_WITHIN_S):
        # Home Assistant answers so while nobody listens: new options load it again.
        while (status := await home.notify(body, headers)) == HTTPStatus.OK:
            await asyncio.sleep(0.1)
    forged = await home.notify(body + b" ", headers)
    faults = []
    if (status, forged) != (204, 401):
        faults.append(f"a notice is answered {status}, a forged one {forged}")
    if b'"kind":"person"' not in await home.get("/api/states"):
        faults.append("no event entity tells of the motion")
    return [f"ring_partner: {fault}" for fault in faults]


async def main_job(stage: Stage) -> list[str]:
    """Save a clip from each cloud, look at them, and return what is wrong with them."""
    home, cast, entities, store = stage
    place = await offsite.add(home)
    print("saving a clip of each cloud; the bell's is still to be recorded ...")
    faults = await motion(stage)
    rung = await bell.ring(home, cast.clouds)
    wanted = jobs(entities, cast.clouds)
    async with home.websocket() as websocket:
        await websocket.ask("subscribe_events", event_type="clip_download_saved")
        answers = await asyncio.gather(*(save(home, job) for job in wanted))
        done = [(job, *answer) for job, answer in zip(wanted, answers, strict=True)]
        print("recording a live view ...")
        done.append(await record(stage))
        # What it sent before this answer is there with it.
        await websocket.ask("ping")
    told = {event["data"]["entity_id"] for event in websocket.events}
    clips = []
    for job, answer, took_s in done:
        found = await asyncio.to_thread(
            look, answer, job.window, cast.footage[job.cloud], home.media
        )
        if found.path:
            clips.append(found.path)
        show(job, found, answer, took_s)
        faults += [f"{job.cloud}: {fault}" for fault in found.faults]
        if job.entity_id not in told:
            faults.append(f"{job.cloud}: no event clip_download_saved came")
        elif found.path:
            faults += [
                f"{job.cloud}: {fault}"
                for fault in await home.play(answer["media_content_id"], found.path)
            ]
    print("\nwaiting for the clip that is saved by itself ...")
    by_itself, more_faults = await bell.check(home, rung)
    faults += more_faults
    clips += by_itself
    faults += await offsite.check(home, store, place, clips)
    exported, more_faults = await library.check(home, clips)
    faults += more_faults
    faults += [f"left over: {name}" for name in debris(home.media, clips, exported)]
    return [*faults, *await shown_faults(stage)]


async def shown_faults(stage: Stage) -> list[str]:
    """Return what is wrong with what Home Assistant shows of the accounts and cameras."""
    home = stage.home
    async with home.websocket() as websocket:
        entries = await websocket.ask("config_entries/get", domain="clip_download")
    paths = [
        "/api/states",
        *(f"/api/diagnostics/config_entry/{entry['entry_id']}" for entry in entries),
    ]
    shown = {path: await home.get(path) for path in paths}
    pictures = {
        entity_id: await home.get(f"/api/camera_proxy/{entity_id}")
        for entity_id in stage.entities.values()
    }
    return [
        *leaks(shown, secrets(stage.cast.clouds)),
        *(
            f"{entity_id} shows no picture"
            for entity_id, picture in pictures.items()
            if not picture.startswith(JPEG)
        ),
    ]


def show(job: Job, found: Look, answer: Mapping[str, Any], took_s: float) -> None:
    """Print what became of a job."""
    print(f"\n{job.cloud} ({job.entity_id}): {answer['status']} after {took_s:.0f} s")
    print(f"  asked    {clock(job.window)}")
    if found.shown:
        print(f"  decoded  {clock(found.shown)} (first and last frame)")
    if found.path:
        print(f"  gaps     {answer['gaps']}")
        print(f"  holds    {found.duration_s:.1f} s of {found.codecs}")
        print(f"  file     {found.path}")
    for fault in found.faults:
        print(f"  WRONG    {fault}")


def clock(span: Span) -> str:
    """Return a span as a person reads it, to the tenth of a second."""
    start, end = (f"{moment:%H:%M:%S.%f}"[:-5] for moment in span)
    return f"{start} - {end} UTC"


def secrets(clouds: Clouds) -> set[str]:
    """Return all that nobody may read: what was typed, sent, and signed so far."""
    found = {
        clouds.ring.password,
        clouds.meraki.api_key,
        clouds.kinesis.secret_access_key,
        clouds.ring_partner.client_secret,
        clouds.ring_partner.hmac_key,
        offsite.PASSWORD,
    }
    for asked in clouds.requests:
        # A token, or a request's signature.
        if sent := asked.headers.get("Authorization"):
            found.add(sent.split()[-1])
        # A URL that needs none is itself one.
        elif asked.method == "GET":
            found.add(asked.query_string or asked.path.rpartition("/")[2])
    return found


def aftermath(stage: Stage) -> list[str]:
    """Print what Home Assistant said of the integration; return what it must not say.

    Nor may it stand in what the integration writes.
    """
    home = stage.home
    log = read_log(home.log.read_text(errors="replace"))
    for line in log.warnings:
        print(f"  {line}")
    written = [
        home.log,
        home.output,
        *home.config.glob("*.db*"),
        *home.media.rglob("*.json"),
    ]
    places = {path.name: path.read_bytes() for path in written}
    return [
        *(f"log: {fault}" for fault in log.faults),
        *leaks(places, secrets(stage.cast.clouds)),
    ]


async def stay(stage: Stage) -> None:
    """Let a person use it, and ring the bell for them, until it is cancelled."""
    home, clouds = stage.home, stage.cast.clouds
    print(f"\n  Open {home.url}   user: {home.username}   password: {home.password}\n")
    print("Its first page says what to try. To add an account there:")
    for line in opening.credentials(clouds):
        print(f"  {line.replace('`', '')}")
    print("\nEnter rings the doorbell, Ctrl-C ends it.")
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(notify_phone(stage))
        tasks.create_task(save_some(stage))
        tasks.create_task(copy_elsewhere(stage))
        tasks.create_task(opening.ring_now_and_then(clouds))
        tasks.create_task(opening.tell_codes(clouds))
        await ring_at_enter(clouds)


async def notify_phone(stage: Stage) -> None:
    """Let a phone be told of what rings; without it, the rest is still of use."""
    home = stage.home
    try:
        await home.until_running()
        webhook_id = await phone.register(home)
        await phone.automate(home, stage.entities["ring"])
        await phone.show(home, webhook_id)
    except HomeError as err:
        print(f"No phone is notified: {err}", file=sys.stderr)


async def save_some(stage: Stage) -> None:
    """Save what is there to be looked at; without it, the rest is still of use."""
    try:
        await opening.save_some(stage.home, stage.entities)
    except HomeError as err:
        print(f"Not all was saved: {err}", file=sys.stderr)


async def copy_elsewhere(stage: Stage) -> None:
    """Let all clips be copied to a store; without it, the rest is still of use."""
    try:
        await offsite.add(stage.home)
    except HomeError as err:
        print(f"Nothing is copied: {err}", file=sys.stderr)


async def ring_at_enter(clouds: Clouds) -> None:
    """Ring the bell whenever Enter is pressed, until it is cancelled."""
    loop = asyncio.get_running_loop()
    pressed = asyncio.Event()

    def read() -> None:
        # Only here is it sure that there is a line, so that nothing waits for it.
        if sys.stdin.readline():
            pressed.set()
        else:
            loop.remove_reader(sys.stdin)

    if sys.stdin.isatty():
        loop.add_reader(sys.stdin, read)
    while True:
        await pressed.wait()
        pressed.clear()
        opening.come_and_ring(clouds, clouds.ring.cameras[0], datetime.now(UTC))
        print("It rang. Home Assistant notices and saves it within a minute or so.")


@asynccontextmanager
async def running(port: int, *, is_street: bool) -> AsyncIterator[Stage]:
    """Run the clouds and Home Assistant, with an account of each kind.

    The cameras film a street, to be looked at, or what can be read back from it.
    """
    async with Clouds() as clouds, offsite.Store(FOLDER / "offsite") as store:
        cast = furnish(clouds, Street if is_street else Footage)
        if is_street:
            opening.furnish(clouds)
        bundle = FOLDER / "authorities.pem"
        bundle.write_bytes(
            Path(certifi.where()).read_bytes() + clouds.ca_pem_path.read_bytes()
        )
        print("starting Home Assistant ...")
        async with Home.start(
            FOLDER,
            port,
            ports={**clouds.ports, offsite.HOST: store.port},
            ca_bundle=bundle,
            configuration=opening.CONFIGURATION if is_street else "",
        ) as home:
            entities = await add_accounts(home, clouds)
            if is_street:
                await opening.open_page(home, clouds, store)
            print(
                f"Home Assistant {await home.version()} runs, with the cameras",
                ", ".join(entities.values()),
            )
            yield Stage(home, cast, entities, store)


async def run(port: int, *, once: bool) -> list[str]:
    """Run the demonstration; return what was wrong."""
    # SIGTERM ends it in order, as Ctrl-C does.
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with running(port, is_street=not once) as stage:
        if not once:
            await stay(stage)
        faults = await main_job(stage)
    # Now it has ended, and its log with it.
    return faults + aftermath(stage)


def is_taken(port: int) -> bool:
    """Say whether somebody listens on a port of loopback."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def main() -> int:
    """Run the demonstration; return the exit code."""
    if isinstance(sys.stdout, TextIOWrapper):
        # In a file or a pipe too, what happens is told when it happens.
        sys.stdout.reconfigure(line_buffering=True)
    parser = argparse.ArgumentParser(prog="script/demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="save, check and go")
    parser.add_argument(
        "--port", type=int, help=f"default: {PORT} (--once: any free one)"
    )
    arguments = parser.parse_args()
    port = arguments.port or (free_port() if arguments.once else PORT)
    if is_taken(port):
        print(f"Port {port} is taken; choose another one with --port.", file=sys.stderr)
        return 2
    with alone() as is_alone:
        return report(port, once=arguments.once) if is_alone else 2


@contextmanager
def alone() -> Iterator[bool]:
    """Say whether nothing else runs in this checkout's folder, and keep it so."""
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("A demonstration runs in this checkout already.", file=sys.stderr)
            yield False
        else:
            yield True


def report(port: int, *, once: bool) -> int:
    """Run the demonstration, print what was wrong, and return the exit code."""
    try:
        faults = asyncio.run(run(port, once=once))
    except HomeError as err:
        faults = [f"Home Assistant: {err}"]
    except KeyboardInterrupt, asyncio.CancelledError:
        print("ended")
        return 130 if once else 0
    print("\nNot all is well:" if faults else "\nAll clips are whole.")
    for fault in faults:
        print(f"  {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
