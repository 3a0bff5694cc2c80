"""Every fault, at every stage, of every cloud: what a person is told, and what is left.

Real Home Assistant, sockets and files; simulated time. A row is one fault, at one stage of
one cloud, so many times: while it lasts a clip is asked for, and after it another one.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
import gc
import json
import logging
from pathlib import Path
import random
import re
import tempfile
from typing import Any, Literal, NamedTuple, override

from custom_components.clip_download.const import DOMAIN
from custom_components.clip_download.engine.model import JobState
from homeassistant.config_entries import ConfigEntry, ConfigEntryState, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.util import dt as dt_util

from .accounts import KINDS, begin, cloud_of, finish, set_up, typed
from .clouds import Authority, Clouds
from .clouds.footage import Container, Footage, moments
from .clouds.server import Cloud
from .demo.check import debris, leaks
from .demo.run import secrets
from .household import home
from .simulated import NOON, run
from .waits import came_about, open_files
from .words import error_of

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
FRONT = Footage("Front")
FRAME = timedelta(milliseconds=FRONT.frame_ms)
START = NOON - 20 * MINUTE
LENGTH = 6 * SECOND
# How long a clip is waited for, and how long anything may take at all.
TIMEOUT = 10 * MINUTE
LONGEST = timedelta(hours=3)
# A cloud that throttles without saying for how long is left alone for up to 15 minutes.
WELL_AGAIN = 20 * MINUTE
# Eight tries of one thing are one job's; what looks at the history and lists asks as well,
# and what is not ready is asked for again and again.
MOST_REQUESTS = 20
MOST_REQUESTS_A_MINUTE = 12

# Where each stage is asked for; a cloud without one has none.
type Stage = Literal["set up", "sign in", "cameras", "plan", "link", "media"]
PLACES: Mapping[str, Mapping[Stage, str]] = {
    "ring": {
        "set up": "oauth/token",
        "sign in": "oauth/token",
        "cameras": "ring_devices",
        "plan": "video_search|/history",
        "link": "share/play",
        "media": "amazon.dev",
    },
    "ring_partner": {
        "sign in": "oauth/token",
        "cameras": "/v1/devices$",
        "plan": "/v1/history/",
        "link": "video/download",
        "media": "download-us",
    },
    "meraki": {
        "set up": "/organizations",
        "cameras": "/organizations",
        "link": "/camera/clip$",
        "media": r"spn\d+",
    },
    "kinesis": {
        "set up": r"sts\.",
        "cameras": "/listStreams",
        "plan": "/listFragments",
        "link": "/getDataEndpoint",
        "media": "/getClip",
    },
}
# What their hosts are known by, where there are several.
HOSTS: Mapping[str, Mapping[Stage, str]] = {
    "ring": {
        "sign in": "oauth.ring.com",
        "plan": "api.ring.com",
        "media": "download-eu-west-1.prod.phoenix.devices.amazon.dev",
    },
    "ring_partner": {
        "sign in": "oauth.ring.com",
        "plan": "api.amazonvision.com",
        "media": "download-us.amazonvision.com",
    },
    "meraki": {
        "set up": "*.meraki.com",
        "cameras": "*.meraki.com",
        "link": "*.meraki.com",
    },
    "kinesis": {
        "set up": "sts.eu-west-1.amazonaws.com",
        "link": "kinesisvideo.eu-west-1.amazonaws.com",
        "media": "*.kinesisvideo.eu-west-1.amazonaws.com",
    },
}

type Times = Literal["once", "thrice", "for ever"]
TIMES: Mapping[Times, int] = {"once": 1, "thrice": 3, "for ever": 10**9}
# What concerns no single request lasts so long.
LASTS: Mapping[Times, timedelta] = {
    "once": SECOND / 2,
    "thrice": 6 * SECOND,
    "for ever": LONGEST,
}

PAGE = "<html><h1>We are making your cloud even better</h1></html>" * 40
JSON = {"Content-Type": "application/json"}

# Told of credentials, which a person must give anew.
SIGN_IN_KEYS = {"invalid_auth", "token_expired", "invalid_code", "two_factor_required"}
STATUSES = (400, 401, 403, 404, 409, 416, 425, 429, 500, 502, 503, 504)
# A cloud may mean it when it says this, once and for all; Ring says 425 of what was to be there long since.
REFUSALS = {"400", "401", "403", "404", "409", "416", "425"}
# It may be the credentials that are refused; what is lost of a token cannot be had again.
CREDENTIALS = {"400", "401", "token lost", "token expired"}

type Options = Mapping[str, Any]


def _film(kind: str) -> bytes:
    """Return a file such as a cloud gives of the window."""
    container: Container = "mpegts" if kind == "meraki" else "mp4"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "film")
        FRONT.write(path, START, START + LENGTH, container=container)
        return path.read_bytes()


def _first_half(kind: str) -> Options:
    whole = _film(kind)
    half = len(whole) // 2
    return {
        "status": 206,
        "body": whole[:half],
        "headers": {"Content-Range": f"bytes 0-{half - 1}/{len(whole)}"},
    }


# What comes in place of an answer, or of footage: by name, how it is done.
ANSWERS: Mapping[str, Options] = {
    "reset": {"drop": True, "reset": True},
    "no answer": {"drop": True},
    "stalls before headers": {"raw": b""},
    "stalls within headers": {"raw": b"HTTP/1.1 200 OK\r\nContent-Ty"},
    "garbage for headers": {"raw": b"\0\xff\x17 garbage\r\n\r\n"},
    "stalls within body": {"hang_after_bytes": 20},
    "broken off": {"truncate_after_bytes": 20},
    "reset within body": {"truncate_after_bytes": 20, "reset": True},
    "slow drip": {"drip_bytes_per_s": 2},
    "too long": {"append": b"\0" * 1000},
    "length too small": {"lie_about_length": 20},
    "length too large": {"lie_about_length": 10_000_000},
    "wrong type": {"add_headers": {"Content-Type": "text/html"}},
    "claims gzip": {"add_headers": {"Content-Encoding": "gzip"}},
    "zero bytes": {"status": 200, "body": b""},
    "HTML": {"status": 200, "body": PAGE, "headers": {"Content-Type": "text/html"}},
    "error in a 200": {
        "status": 200,
        "body": '{"error": "internal", "message": "try again"}',
        "headers": JSON,
    },
    "garbage": {
        "status": 200,
        "body": b"\xff\xfe{" + bytes(range(256)) * 8,
        "headers": JSON,
    },
    **{
        str(status): {"status": status, "body": "{}", "headers": JSON}
        for status in STATUSES
    },
    "503 with a page": {"status": 503, "body": PAGE},
}
# The same of footage, where there is more to break.
FOOTAGE: Mapping[str, Options | Callable[[str], Options]] = {
    **ANSWERS,
    "stalls within body": {"hang_after_bytes": 5000},
    "broken off": {"truncate_after_bytes": 5000},
    "reset within body": {"truncate_after_bytes": 5000, "reset": True},
    "slow drip": {"drip_bytes_per_s": 100},
    "part in place of all": _first_half,
    "garbage": {"status": 200, "body": b"\0\0\0\x20ftypisom" + bytes(range(256)) * 40},
}
# What goes wrong before anything can be asked.
WAYS = ("refused", "no such name", "wrong certificate")

# What may come as often as it likes, and harms nobody.
HARMLESS = {"wrong type"}
# What came whole, and is no footage, is asked for three times at most.
OF_CONTENT = {
    "too long",
    "length too small",
    "zero bytes",
    "HTML",
    "error in a 200",
    "garbage",
    "part in place of all",
    "claims gzip",
}


class Row(NamedTuple):
    """A fault at a stage of a cloud, so many times."""

    kind: str
    stage: Stage
    fault: str
    times: Times


@dataclass(kw_only=True)
class Outcome:
    """What became of a row. `wrong` is what must not be."""

    row: Row
    status: str = ""
    key: str = ""
    words: str = ""
    requests: int = 0
    took_s: float = 0
    well_after_s: float = 0
    signs_in_again: bool = False
    wrong: list[str] = field(default_factory=list)


def rows() -> Iterator[Row]:
    """Yield the whole table."""
    for kind in KINDS:
        for stage in PLACES[kind]:
            faults = FOOTAGE if stage == "media" else ANSWERS
            for fault in faults:
                yield from (Row(kind, stage, fault, times) for times in TIMES)
        for stage in HOSTS[kind]:
            for fault in WAYS:
                yield from (Row(kind, stage, fault, times) for times in TIMES)
        for fault in ("URL expired", "token expired"):
            for stage in _stages_of(kind, fault):
                yield from (Row(kind, stage, fault, times) for times in TIMES)
        if "sign in" in PLACES[kind]:
            yield Row(kind, "sign in", "token lost", "once")
        for fault in ("clock a day behind", "clock a day ahead"):
            yield Row(kind, "plan", fault, "for ever")


def one_of_each(seed: int) -> list[Row]:
    """Return a row of each fault; clouds, stages and times are drawn."""
    dice = random.Random(seed)
    faults: dict[str, list[Row]] = {}
    for row in rows():
        faults.setdefault(row.fault, []).append(row)
    return [dice.choice(choice) for choice in faults.values()]


def _stages_of(kind: str, fault: str) -> Sequence[Stage]:
    """Return between which stages something may expire."""
    if fault == "URL expired":
        return ["media"] if kind != "kinesis" else []
    return ["plan", "link"] if kind in {"ring", "ring_partner"} else []


def live(row: Row, authority: Authority) -> Outcome:
    """Live through a row in simulated time."""
    with tempfile.TemporaryDirectory() as folder:
        return run(_live(row, authority, Path(folder)))


async def _live(row: Row, authority: Authority, folder: Path) -> Outcome:
    outcome = Outcome(row=row)
    log = _Log()
    logging.getLogger().addHandler(log)
    try:
        async with asyncio.timeout(LONGEST.total_seconds() * 2):
            async with Clouds(authority) as clouds, home(folder, clouds) as hass:
                house = await _House.build(hass, clouds, row, folder / "media")
                await house.suffer(outcome)
                await house.recover(outcome)
                outcome.wrong += log.faults(secrets(clouds))
    except TimeoutError:
        outcome.wrong.append(f"it has not come to an end within {2 * LONGEST}")
    except Exception as err:  # noqa: BLE001 - a row that cannot be lived is told as one
        outcome.wrong.append(f"{type(err).__name__}: {err!r:.300}")
    finally:
        logging.getLogger().removeHandler(log)
    return outcome


class _Log(logging.Handler):
    """What our own code logged."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.records: list[logging.LogRecord] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        if "clip_download" in record.name:
            self.records.append(record)

    def faults(self, known: set[str]) -> list[str]:
        """Return tracebacks that nobody wants to read, and secrets that nobody may."""
        written = logging.Formatter()
        texts = [written.format(record) for record in self.records]
        return [
            *(
                f"a traceback in the log: {record.getMessage():.200}"
                for record in self.records
                if record.exc_info and record.levelno >= logging.WARNING
            ),
            *leaks({"the log": "\n".join(texts).encode()}, known),
        ]


@dataclass(kw_only=True)
class _House:
    """A house with one account and one camera, that filmed what is asked for."""

    hass: HomeAssistant
    clouds: Clouds
    row: Row
    media: Path
    entry: ConfigEntry = field(init=False)
    before: Counter[str] = field(default_factory=Counter)

    @classmethod
    async def build(
        cls, hass: HomeAssistant, clouds: Clouds, row: Row, media: Path
    ) -> _House:
        """Set the account up, before anything goes wrong."""
        clouds.ring.add_camera("Front", footage=FRONT)
        clouds.ring.old_refresh_works = row.fault != "token lost"
        clouds.ring_partner.old_refresh_works = row.fault != "token lost"
        clouds.ring_partner.add_camera("Front", footage=FRONT)
        clouds.meraki.add_camera("Front", footage=FRONT)
        clouds.kinesis.add_stream("Front", footage=FRONT)
        house = cls(hass=hass, clouds=clouds, row=row, media=media)
        if row.stage == "set up":
            clouds.ring.two_factor = None
        else:
            house.entry = await set_up(hass, clouds, row.kind)
            house.before = house._tasks()
        return house

    @property
    def _start(self) -> datetime:
        """When the clip begins: the cloud's clock must have been there."""
        return START + min(self.clouds.offset, timedelta(0))

    @property
    def cloud(self) -> Cloud:
        return cloud_of(self.clouds, self.row.kind)

    @property
    def place(self) -> str:
        return PLACES[self.row.kind].get(self.row.stage, "")

    def _asked(self) -> int:
        """Return how often the stage was asked for, of any cloud: Ring's have one sign-in."""
        return sum(len(cloud.asked(self.place)) for cloud in self.clouds.clouds)

    # --- while it lasts

    async def suffer(self, outcome: Outcome) -> None:
        """Let the fault happen; ask for a clip, and see what is told."""
        began_s, asked = self.hass.loop.time(), self._asked()
        self._begin()
        if self.row.stage == "set up":
            await self._suffer_as_form(outcome)
        elif self.row.stage == "cameras":
            await self._suffer_as_account(outcome)
        else:
            await self._suffer_as_clip(outcome)
        outcome.took_s = self.hass.loop.time() - began_s
        outcome.requests = self._asked() - asked
        minutes = outcome.took_s / 60
        if outcome.requests > MOST_REQUESTS + MOST_REQUESTS_A_MINUTE * minutes:
            outcome.wrong.append(f"it was asked {outcome.requests} times")
        flows = self.hass.config_entries.flow.async_progress()
        outcome.signs_in_again = bool(flows)
        if flows and self.row.fault not in CREDENTIALS:
            outcome.wrong.append("a person has to sign in again because of an outage")
        if outcome.words:
            outcome.wrong += self._wrong_words(outcome)

    async def _suffer_as_form(self, outcome: Outcome) -> None:
        """Type the credentials in, once, as a person does who then reads what is told."""
        result = await self._type()
        outcome.status = result["type"].value
        if result["type"] is FlowResultType.FORM:
            if result["errors"] == {"base": "failed"}:
                outcome.key = error_of(result)
                filled = result["description_placeholders"] or {}
                outcome.words = filled["error"]
            else:
                outcome.wrong.append(f"the form says {result['errors']}")
        elif result["type"] is not FlowResultType.CREATE_ENTRY:
            outcome.wrong.append(f"the flow ends: {result.get('reason')}")

    async def _type(self) -> ConfigFlowResult:
        form = await begin(self.hass, self.row.kind)
        result = await self.hass.config_entries.flow.async_configure(
            form["flow_id"], typed(self.clouds, self.row.kind)
        )
        if result.get("step_id") == "saving":
            result = await finish(self.hass, result)
        await self.hass.async_block_till_done(wait_background_tasks=True)
        if result["type"] is FlowResultType.CREATE_ENTRY:
            self.entry = result["result"]
            self.before = self._tasks()
        elif result["type"] is FlowResultType.FORM:
            self.hass.config_entries.flow.async_abort(result["flow_id"])
        return result

    async def _suffer_as_account(self, outcome: Outcome) -> None:
        """Load the account anew."""
        await self.hass.config_entries.async_reload(self.entry.entry_id)
        await self.hass.async_block_till_done()
        outcome.status = self.entry.state.value
        if self.entry.state is ConfigEntryState.LOADED:
            return
        outcome.key = str(self.entry.error_reason_translation_key)
        outcome.words = str(self.entry.reason)

    async def _suffer_as_clip(self, outcome: Outcome) -> None:
        """Ask for a clip."""
        answer = await self._save(self._start, TIMEOUT)
        outcome.status = answer["status"]
        if error := answer.get("error"):
            outcome.key, outcome.words = error["key"], error["message"]
        outcome.wrong += await self._wrong_answer(answer, self._start)
        passes = self.row.fault not in REFUSALS and (
            self.row.times == "once"
            or (self.row.times == "thrice" and self.row.fault not in OF_CONTENT)
        )
        is_harmless = self.row.fault in HARMLESS and self.row.stage != "sign in"
        if self.row.fault == "token lost" or (
            # New ones are refused too.
            self.row.fault == "token expired" and self.row.times != "once"
        ):
            passes = False
        if (passes or is_harmless) and outcome.status != "complete":
            outcome.wrong.append(f"it passes, and the clip is {outcome.status}")
        outcome.wrong += leaks(
            {"the answer": json.dumps(answer).encode()}, secrets(self.clouds)
        )

    def _begin(self) -> None:
        """Let it happen from now on."""
        row = self.row
        if row.fault in WAYS:
            self._break_way(row.fault)
            self.hass.loop.call_later(LASTS[row.times].total_seconds(), self._end)
        elif row.fault.startswith("clock"):
            self.clouds.offset = timedelta(days=1 if "behind" in row.fault else -1)
        elif row.fault == "URL expired":
            self._expire_urls()
            self.hass.loop.call_later(LASTS[row.times].total_seconds(), self._end)
        elif row.fault == "token expired":
            self.cloud.misbehave(self.place, times=TIMES[row.times], upon=self._expire)
        else:
            name = {"token lost": "broken off"}.get(row.fault, row.fault)
            made = (FOOTAGE if row.stage == "media" else ANSWERS)[name]
            options = made(row.kind) if callable(made) else made
            for cloud in self.clouds.clouds:
                cloud.misbehave(self.place, times=TIMES[row.times], **options)
        if row.stage == "sign in":
            self._expire()

    def _expire(self) -> None:
        """Let no access token be good any more."""
        if self.row.kind == "ring":
            self.clouds.ring.expire_access_tokens()
        else:
            self.clouds.ring_partner.expire_access_tokens()
            # It is known to have a time.
            data = dict(self.entry.data)
            data["token"] = {**data["token"], "expires_at": 0}
            self.hass.config_entries.async_update_entry(self.entry, data=data)

    def _expire_urls(self) -> None:
        for cloud in (self.clouds.ring, self.clouds.ring_partner, self.clouds.meraki):
            cloud.url_lifetime_s = -1

    def _break_way(self, fault: str) -> None:
        self.clouds.lead_astray(HOSTS[self.row.kind][self.row.stage], fault)
        self._forget_connections()

    def _forget_connections(self) -> None:
        """Let each host be looked up anew."""
        self.clouds.hang_up()
        connector: Any = async_get_clientsession(self.hass).connector
        connector.clear_dns_cache()

    def _end(self) -> None:
        """Let all be well again."""
        for cloud in self.clouds.clouds:
            cloud.faults.clear()
        if self.row.fault in WAYS:
            self.clouds.lead_home()
            self._forget_connections()
        self.clouds.offset = timedelta(0)
        self.clouds.ring.url_lifetime_s = 900
        self.clouds.ring_partner.url_lifetime_s = 300
        self.clouds.meraki.url_lifetime_s = 600

    # --- afterwards

    async def recover(self, outcome: Outcome) -> None:
        """See that nothing is left, and that the account works once it is over."""
        outcome.wrong += await self._left_over([])
        self._end()
        began_s = self.hass.loop.time()
        if self.row.stage == "set up" and outcome.status != "create_entry":
            result = await self._type()
            if result["type"] is not FlowResultType.CREATE_ENTRY:
                outcome.wrong.append(f"it cannot be set up: {result.get('errors')}")
                return
        while self.entry.state is ConfigEntryState.SETUP_RETRY:
            if self.hass.loop.time() - began_s > WELL_AGAIN.total_seconds():
                outcome.wrong.append("the account is not set up again")
                return
            await asyncio.sleep(1)
        if self.entry.state is ConfigEntryState.SETUP_ERROR:
            # A person signs in again.
            await self.hass.config_entries.async_reload(self.entry.entry_id)
        await self.hass.async_block_till_done()
        if self.row.fault == "token lost":
            if not outcome.signs_in_again:
                outcome.wrong.append("nobody is asked to sign in again")
            return
        later = START + 2 * MINUTE
        answer = await self._save(later, WELL_AGAIN)
        outcome.well_after_s = self.hass.loop.time() - began_s
        if answer["status"] != "complete":
            error = answer.get("error", {}).get("key")
            outcome.wrong.append(f"afterwards it is {answer['status']} ({error})")
        elif outcome.well_after_s > WELL_AGAIN.total_seconds():
            outcome.wrong.append(f"it works again after {outcome.well_after_s:.0f} s")
        outcome.wrong += [
            f"afterwards: {fault}" for fault in await self._wrong_answer(answer, later)
        ]
        connector: Any = async_get_clientsession(self.hass).connector
        # What stalled when all was well again is given up after a minute.
        await asyncio.sleep(65 if connector._acquired else 5)
        for task, count in (self._tasks() - self.before).items():
            outcome.wrong.append(f"left over: {count} of {task}")
        if connector._acquired:
            outcome.wrong.append(f"{len(connector._acquired)} connections are in use")

    async def _save(self, start: datetime, timeout: timedelta) -> dict[str, Any]:
        event = self.clouds.ring.add_event(
            self.clouds.ring.cameras[0], start=start, duration_s=LENGTH // SECOND
        )
        event.has_inline_urls = (self.row.kind, self.row.stage) != ("ring", "link")
        response = await self.hass.services.async_call(
            DOMAIN,
            "save_clip",
            {
                "entity_id": "camera.front",
                "start": start,
                "end": start + LENGTH,
                "timeout": timeout.total_seconds(),
            },
            blocking=True,
            return_response=True,
        )
        assert response is not None
        answer = response["camera.front"]
        assert isinstance(answer, dict)
        return answer

    async def _wrong_answer(
        self, answer: Mapping[str, Any], start: datetime
    ) -> list[str]:
        """Return what is wrong with a clip, and with what lies beside it."""
        await asyncio.sleep(0.1)
        wrong = [
            f"a job is {job.state}"
            for job in await self.entry.runtime_data.jobs.recent(9)
            if job.state not in (JobState.SAVED, JobState.FAILED)
        ]
        if answer["status"] == "failed":
            return wrong + await self._left_over([])
        path = Path(answer["path"])
        wrong += await self._left_over([path])
        shown = moments(path, of=FRONT)
        is_whole = shown[0] <= start and start + LENGTH <= shown[-1] + FRAME
        if answer["status"] == "complete" and not is_whole:
            wrong.append(f"it is called complete, from {shown[0]} to {shown[-1]}")
        if answer["status"] == "partial" and is_whole and not answer.get("error"):
            wrong.append("it is called partial, and nobody says why")
        for suffix in (".mp4", ".jpg", ".json"):
            path.with_suffix(suffix).unlink()
        return wrong

    async def _left_over(self, saved: list[Path]) -> list[str]:
        wrong = [f"left over: {name}" for name in debris(self.media, saved)]
        if not saved:
            wrong += [
                f"left over: the folder {path.name}"
                for path in self.media.rglob(".*")
                if path.is_dir()
            ]
        # What an exception still holds is closed with it.
        gc.collect()
        # Retention and the library look through folders now and then, and close them.
        await came_about(lambda: not self._open_files(), within_s=10)
        wrong += [f"still open: {path.name}" for path in self._open_files()]
        if hasattr(self, "entry") and self.entry.state is ConfigEntryState.LOADED:
            downloads = self.entry.runtime_data.jobs._downloads
            if not (downloads.short.free and downloads.long.free):
                wrong.append("a slot is taken")
        return wrong

    def _open_files(self) -> list[Path]:
        return [path for path in open_files() if path.is_relative_to(self.media)]

    def _tasks(self) -> Counter[str]:
        """Count what runs of the integration's own."""
        names: Counter[str] = Counter()
        for task in asyncio.all_tasks():
            coroutine: Any = task.get_coro()
            code = getattr(coroutine, "cr_code", None)
            if code and f"/{DOMAIN}/" in code.co_filename:
                names[code.co_qualname] += 1
        return names

    def _wrong_words(self, outcome: Outcome) -> list[str]:
        """Return what is wrong with what a person is told."""
        words = outcome.words
        if outcome.key == "unexpected":
            return [f"nobody foresaw it: {words}"]
        wrong = []
        if re.search(r"[{}]|None|\(\)|  |Error\b|^[a-z_]+$", words):
            wrong.append(f"a raw text: {words}")
        if self.row.stage not in {"set up", "cameras"}:
            wrong += [f"it does not name {one}" for one in self._named(words)]
        return wrong

    def _named(self, words: str) -> Iterator[str]:
        local = dt_util.as_local(self._start)
        for name, text in (
            ("the camera", "Front"),
            ("the window", f"{local:%Y-%m-%d %H:%M:%S}"),
        ):
            if text not in words:
                yield name
