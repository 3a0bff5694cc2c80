"""What README.md and docs/ tell to write in YAML does what they say. In simulated time.

Each block is run in one Home Assistant: an automation is set off by each of its triggers,
an action is performed, its answer compared with the one that follows it. A block that
nobody knows how to run is a fault.
"""

import asyncio
from collections import Counter
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Iterator,
    Mapping,
)
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
import logging
from pathlib import Path
import re
from typing import Any, NamedTuple, override
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from custom_components.clip_download.const import DOMAIN
from custom_components.clip_download.copy_kinds import S3, TARGETS
from custom_components.clip_download.engine.events import monitor
from custom_components.clip_download.engine.sources.ring.client import RingSource
from custom_components.clip_download.engine.targets.base import (
    Content,
    NoStoreError,
    Stored,
    Target,
)
from custom_components.clip_download.engine.targets.limits import Bandwidth
from homeassistant.const import EVENT_CALL_SERVICE
from homeassistant.core import (
    Context,
    Event,
    HomeAssistant,
    ServiceCall,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv, issue_registry as ir
from homeassistant.helpers.script import Script, async_validate_actions_config
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import parse_yaml

from .accounts import set_up
from .clouds import Clouds
from .clouds.footage import Footage
from .clouds.ring import MEDIA_HOST, RingCamera
from .conftest import AUTHORITY
from .household import home
from .simulated import NOON, simulated
from .test_intent import FILES
from .test_repository import DOCS, ROOT

FRONT = "camera.front_door"
PLACE = "01JD3ZX5Q8W2M4N6P8R0T2V4X6"
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
# Nothing takes longer than a day, which a time trigger may wait for.
LONGEST_S = (DAY + 30 * MINUTE).total_seconds()
LONG_AGO = NOON - 40 * DAY
SWITCHES = [f"switch.{name}_door_save_automatically" for name in ("front", "back")]
# Who says that something is wrong with an automation.
COMPLAIN = (
    "homeassistant.components.automation",
    "homeassistant.helpers.script",
    "homeassistant.helpers.template",
    "homeassistant.helpers.trigger",
)
ANSWERS = "response_variable"
CARD = ROOT / "frontend" / "src" / "clip-download-card.ts"
_FENCE = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)

type Told = Mapping[str, Any]


class Block(NamedTuple):
    """A block of YAML: where it is, the text of its page, and its own."""

    place: str
    page: str
    text: str

    @property
    def config(self) -> Any:
        """What it says."""
        return parse_yaml(self.text)


def blocks() -> Iterator[Block]:
    """Yield all of them, page by page."""
    for page in DOCS:
        text = page.read_text()
        for found in _FENCE.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            yield Block(f"{page.relative_to(ROOT)}:{line}", text, found[1])


@dataclass
class House:
    """The Home Assistant that the documents talk about, and what happened in it.

    `answers` are those of the actions of a page so far, by the name of their variable.
    """

    hass: HomeAssistant
    clouds: Clouds
    door: RingCamera
    called: Counter[str] = field(default_factory=Counter)
    answers: dict[str, Any] = field(default_factory=dict)
    answer: Any = None
    page: str = ""

    async def act(self, action: str, **data: Any) -> Any:
        """Perform an action of ours, and return its answer."""
        return await self.hass.services.async_call(
            DOMAIN, action, data, blocking=True, return_response=True
        )

    @callback
    def called_back(self, event: Event) -> None:
        """Count an action that is performed."""
        self.called[f"{event.data['domain']}.{event.data['service']}"] += 1


@asynccontextmanager
async def _no_live(self: RingSource, camera: object) -> AsyncIterator[None]:
    """Record without a live view, which takes real time: this camera always records."""
    yield


class _Empty(Target):
    """A place for copies that takes all and has nothing: `test_copies` has real ones."""

    @override
    async def put(self, name: str, content: Content, **how: Any) -> None:
        return

    @override
    async def head(self, name: str) -> Stored | None:
        return None

    @override
    def read(
        self, name: str, offset: int = 0, size_bytes: int | None = None
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        raise NoStoreError("target_no_store")

    @override
    async def list(self, below: str = "") -> AsyncIterator[Stored]:
        return
        yield

    @override
    async def delete(self, name: str) -> None:
        return

    @override
    async def discard(self, name: str) -> None:
        return

    @override
    async def abort_uploads(
        self, below: str, before: datetime, keep: Collection[str]
    ) -> int:
        return 0

    @override
    async def aclose(self) -> None:
        return


async def _open_empty(hass: HomeAssistant, data: Told, limit: Bandwidth) -> Target:
    return _Empty()


@asynccontextmanager
async def house(folder: Path) -> AsyncIterator[House]:
    """Run Home Assistant with the cameras of the documents, which filmed for a day."""
    empty = {S3.name: replace(S3, open=_open_empty)}
    with patch.object(RingSource, "live", _no_live), patch.dict(TARGETS, empty):
        async with Clouds(AUTHORITY) as clouds, home(folder, clouds) as hass:
            yield await furnish(hass, clouds)


def film(name: str) -> Footage:
    """Return what a camera films: little, as there are many clips."""
    return Footage(name, fps=1, gop_frames=1, width=160, height=90)


async def furnish(hass: HomeAssistant, clouds: Clouds) -> House:
    """Set the accounts up, and what automations need besides."""
    clouds.ring.ready_after_s = 0
    door, back = (
        clouds.ring.add_camera(name, footage=film(name))
        for name in ("Front door", "Back door")
    )
    door.always_since = LONG_AGO
    before = NOON - timedelta(hours=1)
    for camera in (door, back):
        clouds.ring.add_event(camera, "ding", start=before, duration_s=4, saw="human")
    clouds.meraki.add_camera("Driveway", footage=film("Driveway"))
    clouds.kinesis.add_stream("back-yard", footage=film("back-yard"))
    await hass.config.async_set_time_zone("Europe/Berlin")
    for component in ("homeassistant", "persistent_notification", "doorbell"):
        assert await async_setup_component(hass, component, {})
    assert await async_setup_component(hass, "automation", {})
    for kind in ("ring", "meraki", "kinesis"):
        await set_up(hass, clouds, kind)
    place = MockConfigEntry(
        domain=DOMAIN, entry_id=PLACE, title="S3 clips", data={"kind": S3.name}
    )
    place.add_to_hass(hass)
    assert await hass.config_entries.async_setup(PLACE)

    async def told(call: ServiceCall) -> None:
        assert call.data["message"]

    hass.services.async_register("notify", "mobile_app_phone", told)
    made = House(hass, clouds, door)
    hass.bus.async_listen(EVENT_CALL_SERVICE, made.called_back)
    return made


# --- automations


async def _state(this: House, trigger: Told) -> None:
    """Change the state that is listened to."""
    before, after = "off", trigger.get("to")
    if after is None:
        # An event entity says when it was told of something.
        now = dt_util.utcnow()
        before, after = (now - MINUTE).isoformat(), now.isoformat()
    await _change(this, trigger["entity_id"], before, str(after))


async def _number(this: House, trigger: Told) -> None:
    """Let a number pass the limit."""
    values = ["1", "0"] if "below" in trigger else ["0", "1"]
    await _change(this, trigger["entity_id"], *values)


async def _change(this: House, entity_id: str, *states: str) -> None:
    for state in states:
        this.hass.states.async_set(entity_id, state)
        await asyncio.sleep(1)


async def _ring(this: House, trigger: Told) -> None:
    """Press the bell."""
    assert trigger["target"] == {"entity_id": "event.front_door_doorbell"}
    this.clouds.ring.ring_doorbell(this.door, duration_s=4)


async def _time(this: House, trigger: Told) -> None:
    """Wait until it is that late."""
    at = dt_util.parse_time(trigger["at"])
    assert at is not None
    now = dt_util.now()
    then = datetime.combine(now, at, now.tzinfo)
    # Until then nothing happens that had to be heard of.
    with patch.object(monitor, "POLL_INTERVAL", 10 * MINUTE):
        await asyncio.sleep(((then - now) % DAY).total_seconds() + 1)


async def _saved(this: House, trigger: Told) -> None:
    """Save a clip as it is awaited."""
    label, *_ = trigger.get("options", {}).get("label", ["word"])
    camera = trigger["target"]["entity_id"]
    end = dt_util.utcnow() - 5 * MINUTE
    ask = {"start": end - timedelta(seconds=3), "end": end, "label": label}
    answer = await this.act("save_clip", entity_id=camera, **ask)
    assert answer[camera]["status"] != "failed", answer


async def _failed(this: House, trigger: Told) -> None:
    """Ask a camera for what it never filmed."""
    then = NOON - 400 * DAY
    answer = await this.act("save_clip", entity_id=FRONT, start=then, end=then + MINUTE)
    assert answer[FRONT]["status"] == "failed", answer


async def _low(this: House, trigger: Told) -> None:
    """Let a disk be full, as far as Repairs knows."""
    ir.async_create_issue(
        this.hass,
        DOMAIN,
        "storage_full_of_docs",
        is_fixable=False,
        severity=ir.IssueSeverity.ERROR,
        translation_key="storage_full",
        translation_placeholders={"account": "Ring", "path": "/media"},
    )


SET_OFF: Mapping[str, Callable[[House, Told], Awaitable[None]]] = {
    "state": _state,
    "numeric_state": _number,
    "doorbell.rang": _ring,
    "time": _time,
    "clip_download.clip_saved": _saved,
    "clip_download.clip_failed": _failed,
    "clip_download.storage_low": _low,
    "event": _failed,
}


def actions_in(config: Any) -> set[str]:
    """Return the actions that are named somewhere, but for templates."""
    if isinstance(config, list):
        return {name for one in config for name in actions_in(one)}
    if not isinstance(config, dict):
        return set()
    named = {name for one in config.values() for name in actions_in(one)}
    action = config.get("action")
    return named | (
        {action} if isinstance(action, str) and "{" not in action else set()
    )


async def run_automation(this: House, config: dict[str, Any]) -> None:
    """Set an automation off by each of its triggers, until all of its actions were run."""
    await this.hass.services.async_call(
        "switch", "turn_on", {"entity_id": SWITCHES}, blocking=True
    )
    await add_automation(this, config)
    named = actions_in(config)
    if "if" in {key for action in config["actions"] for key in action}:
        # What is done if something is wrong.
        with broken(this):
            await set_off(this, config["triggers"][0])
    if not named <= set(this.called) or "else" in str(config):
        for trigger in config["triggers"]:
            await set_off(this, trigger)
    assert named <= set(this.called), "some actions were never performed"


@contextmanager
def broken(this: House) -> Iterator[None]:
    """Let the door's cloud give no footage, and somebody have written to clips."""
    fault = this.clouds.ring.misbehave(MEDIA_HOST, times=10**9, status=404)
    for path in Path(this.hass.config.media_dirs["local"]).rglob("*.mp4"):
        with path.open("ab") as file:
            file.write(b"more")
    yield
    fault.times = 0


async def add_automation(this: House, config: dict[str, Any]) -> None:
    """Make it the only automation there is."""
    with patch(
        "homeassistant.config.load_yaml_config_file",
        return_value={"automation": [{"id": "docs", "alias": "Docs", **config}]},
    ):
        await this.hass.services.async_call("automation", "reload", blocking=True)
    (state,) = this.hass.states.async_all("automation")
    assert state.state == "on"


async def set_off(this: House, trigger: Told) -> None:
    """Set the automation off, and wait until it has ended."""
    began = dt_util.utcnow()
    assert trigger.get("event_type") in (None, "clip_download_failed")
    await SET_OFF[trigger["trigger"]](this, trigger)
    async with asyncio.timeout(LONGEST_S):
        while True:
            (state,) = this.hass.states.async_all("automation")
            last = state.attributes["last_triggered"]
            if last and last >= began and not state.attributes["current"]:
                break
            await asyncio.sleep(1)


# --- actions, and what they answer


async def run_actions(this: House, actions: list[dict[str, Any]]) -> None:
    """Run actions as a script does, and keep what they answer."""
    actions = [dict(action) for action in actions]
    for action in actions:
        domain, _, service = action["action"].partition(".")
        supports = this.hass.services.supports_response(domain, service)
        if supports is not SupportsResponse.NONE:
            action.setdefault(ANSWERS, "answer")
    sequence = await async_validate_actions_config(this.hass, cv.SCRIPT_SCHEMA(actions))
    script = Script(this.hass, sequence, "Docs", DOMAIN)
    result = await script.async_run(this.answers, context=Context())
    assert result is not None
    for name in (one[ANSWERS] for one in actions if ANSWERS in one):
        this.answers[name] = this.answer = result.variables[name]
        assert "'error'" not in str(this.answer)


def check_answer(told: Any, real: Any, where: str = "answer") -> None:
    """Compare what a document tells with what really was answered: its shape, that is."""
    match told:
        case dict():
            assert isinstance(real, dict), where
            assert set(told) <= set(real), where
            for key, value in told.items():
                check_answer(value, real[key], f"{where}.{key}")
        case list():
            assert isinstance(real, list), where
            if told and real:
                check_answer(told[0], real[0], f"{where}[0]")
        case int() | float():
            assert isinstance(real, int | float), where
        case str():
            assert isinstance(real, str), where


# --- cards


def check_card(config: dict[str, Any]) -> None:
    """Compare a card with what its code says that it takes."""
    interface = re.findall(r"interface CardConfig {(.*?)}", CARD.read_text(), re.DOTALL)
    known = dict(re.findall(r"^  (\w+)\??: (.*);$", interface[0], re.MULTILINE))
    assert config["type"] == "custom:clip-download-card"
    kinds = {"string": str, "string[]": list, "boolean": bool}
    for key, value in config.items():
        assert isinstance(value, kinds[known[key]]), key


# --- all of them


async def run_block(this: House, block: Block) -> None:
    """Do what a block says, whatever it is."""
    config = block.config
    if block.page != this.page:
        this.page, this.answers, this.answer = block.page, {}, None
    this.called.clear()
    match config:
        case {"triggers": _}:
            await run_automation(this, config)
        case {"actions": actions}:
            await run_actions(this, actions)
        case {"action": _}:
            await run_actions(this, [config])
        case {"type": _}:
            check_card(config)
        case {"strategy": strategy}:
            assert strategy == {"type": "custom:clip-download"}
        case {"intents": _}:
            # `test_intent` asks by its sentences.
            assert block.text in {text for _, text in FILES.findall(block.page)}
        case _:
            # What is no block of its own follows the action that answers it.
            assert this.answer is not None, "nobody knows what this is"
            check_answer(config, this.answer)


@simulated
async def test_yaml_does_what_it_says(
    tmp_path: Path, socket_enabled: None, caplog: pytest.LogCaptureFixture
) -> None:
    """Each block runs, without anything that Home Assistant would complain of."""
    faults = []
    async with house(tmp_path) as this:
        for block in blocks():
            caplog.clear()
            try:
                await run_block(this, block)
            except (
                AssertionError,
                HomeAssistantError,
                TimeoutError,
                vol.Invalid,
            ) as err:
                faults.append(f"{block.place}: {err!r}")
            faults += [
                f"{block.place}: {record.getMessage()}"
                for record in caplog.records
                if record.levelno >= logging.WARNING
                and record.name.startswith(COMPLAIN)
            ]
    assert not faults, "\n".join(faults)
