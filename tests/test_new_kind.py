"""A new kind of account takes one record, and the source that it names."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import timedelta
import sys
from types import ModuleType
from typing import Any, ClassVar, Self, cast, override

from aiolimiter import AsyncLimiter
import pytest
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
import voluptuous as vol

from custom_components.clip_download.accounts import KINDS
from custom_components.clip_download.accounts.kind import (
    AccountKind,
    CodeRequired,
    Field,
    SourceClass,
    Visibility,
    Webhook,
    password,
    text,
)
from custom_components.clip_download.accounts.source import async_create_source
from custom_components.clip_download.const import DOMAIN
from custom_components.clip_download.engine import sources
from custom_components.clip_download.engine.errors import (
    InvalidRequestError,
    RefusedError,
    SignInError,
)
from custom_components.clip_download.engine.library.database import event_of
from custom_components.clip_download.engine.model import (
    Camera,
    Event,
    EventKind,
    Identity,
    MediaOptions,
    Part,
    Plan,
    PushedEvent,
)
from custom_components.clip_download.engine.sources.base import Download, Source
from custom_components.clip_download.engine.sources.http import Http
from custom_components.clip_download.engine.sources.webhook import Notice
from custom_components.clip_download.engine.time_range import Window
from custom_components.clip_download.runtime import async_shared
from homeassistant.components.diagnostics import REDACTED
from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigEntryState,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.aiohttp_client import (
    DATA_RESOLVER,
    HassAsyncDNSResolver,
    async_get_clientsession,
)
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
)
from homeassistant.util import dt as dt_util

from .accounts import begin, finish
from .clouds.server import Answer, Asked, Cloud, Server

SERIAL = "AC-4711"


class AcmeSource(Source):
    """A recorder with one camera, which is a doorbell."""

    kind = "acme"
    manufacturer = "Acme"
    connected: ClassVar[set[AcmeSource]] = set()

    @override
    def prepare(self) -> None:
        self.connected.add(self)

    @override
    async def aclose(self) -> None:
        self.connected.remove(self)

    @override
    async def identify(self) -> Identity:
        if self.credentials["pin"] != "open":
            raise SignInError("invalid_auth")
        return Identity(id=SERIAL, title="Acme at home")

    @override
    async def cameras(self) -> list[Camera]:
        await self.identify()
        return [Camera(id="1", name="Gate", is_doorbell=True)]

    @override
    async def plan(self, *asked: Any, **more: Any) -> Plan:
        return Plan(parts=[])

    @override
    def fetch(
        self, camera: Camera, part: Part, media_options: MediaOptions
    ) -> AbstractAsyncContextManager[Download]:
        raise AssertionError("there is nothing to fetch")


class AcmePush(AcmeSource):
    """One that keeps no history, and tells what happens when it does."""

    pushes_events = True
    pushed: ClassVar[asyncio.Queue[PushedEvent | None]]

    @override
    async def listen(self, heard: Callable[[PushedEvent | None], None]) -> None:
        while True:
            heard(await self.pushed.get())
            self.pushed.task_done()


class AcmeHttps(AcmeSource):
    """One that is asked over HTTPS."""

    @override
    async def identify(self) -> Identity:
        http = Http(self.session, {self.credentials["host"]}, AsyncLimiter(10))
        url = f"https://{self.credentials['host']}/serial"
        async with http.request("GET", url, headers={}) as response:
            return Identity(id=await response.text(), title="Acme at home")


class AcmeServer(Cloud):
    """The recorder's own server, whose certificate it has made itself."""

    hosts = ("acme.local",)

    def __init__(self, server: Server) -> None:
        """Tell its serial number."""
        super().__init__(server)
        self.route("GET", r"acme\.local/serial", self.serial)

    async def serial(self, asked: Asked) -> Answer:
        """Tell it."""
        return Answer(body=SERIAL.encode())


@dataclass(frozen=True, kw_only=True)
class AcmeNotice(Notice):
    """What an Acme posts."""

    @override
    @staticmethod
    def is_genuine(body: bytes, headers: Mapping[str, str], secret: str) -> bool:
        return False

    @override
    @classmethod
    def _read(cls, told: Any) -> Self | None:
        return None

    @override
    def is_about(self, camera: Camera) -> bool:
        return False


def number() -> vol.All[Any]:
    """Return the selector for a whole number."""
    return vol.All(NumberSelector(NumberSelectorConfig(min=0)), vol.Coerce(int))


async def sign_in(
    hass: HomeAssistant, given: Mapping[str, Any], code: str | None
) -> dict[str, Any]:
    """Sign in with a code only."""
    if code is None:
        raise CodeRequired("the display")
    return dict(given)


ACME = AccountKind(
    name="acme",
    title="Acme",
    source=SourceClass("acme", "AcmeSource"),
    fields=(
        Field("host", text(), visibility=Visibility.PRIVATE),
        Field("pin", password(), is_asked_again=True, visibility=Visibility.SECRET),
        Field("pairing", text()),
        Field(
            "verify_ssl",
            BooleanSelector(),
            is_required=False,
            visibility=Visibility.PUBLIC,
        ),
        Field(
            "channel",
            number(),
            is_required=False,
            visibility=Visibility.PUBLIC,
            is_valid=lambda channel: channel < 8,
            error="invalid_channel",
        ),
    ),
    verify_ssl_field="verify_ssl",
    links={"manual_url": "https://acme.example/manual"},
    lasting_ids={"device_id": lambda: "sesame-device"},
    sign_in=sign_in,
    list_every=timedelta(minutes=7),
    webhook=Webhook(secret="acme_secret", notice=AcmeNotice),
    options=(
        Field(
            "night",
            BooleanSelector(),
            default=False,
            visibility=Visibility.PUBLIC,
        ),
        Field("rate", number(), is_required=False, visibility=Visibility.PUBLIC),
        Field("share_key", text(), is_required=False),
    ),
)
TYPED = {
    "host": " acme.local ",
    "pin": "open",
    "pairing": "sesame-pairing",
    "verify_ssl": False,
    "channel": 0,
}


@pytest.fixture(autouse=True)
def acme(monkeypatch: pytest.MonkeyPatch) -> None:
    """Add the kind: the line of the registry, and the source's module."""
    module = ModuleType(f"{sources.__name__}.acme")
    monkeypatch.setattr(module, "AcmeSource", AcmeSource, raising=False)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(KINDS, "acme", ACME)


def suggested(form: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a form holds before a person types anything."""
    return {
        str(name): name.description["suggested_value"]
        for name in form["data_schema"].schema
        if name.description
    }


async def set_up_acme(
    hass: HomeAssistant, *, is_listening: bool = False
) -> ConfigEntry:
    """Set an Acme up, by its form and its code; one that listens has a task for ever."""
    flows = hass.config_entries.flow
    form = await begin(hass, "acme")
    assert form["description_placeholders"] == {"account": "", **ACME.links}
    form = await flows.async_configure(form["flow_id"], {**TYPED, "channel": 8})
    assert form["errors"] == {"channel": "invalid_channel"}
    form = await flows.async_configure(form["flow_id"], TYPED)
    assert form["step_id"] == "2fa"
    assert form["description_placeholders"] == {"sent_to": "the display"}
    form = await flows.async_configure(form["flow_id"], {"2fa": "123"})
    result = await finish(hass, form)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done(wait_background_tasks=not is_listening)
    return result["result"]


async def test_set_up(hass: HomeAssistant) -> None:
    """It is offered, asked for and kept: with what is false, and what is nought."""
    entry = await set_up_acme(hass)
    assert entry.state is ConfigEntryState.LOADED
    assert (entry.unique_id, entry.title) == (f"acme_{SERIAL}", "Acme at home")
    assert entry.data == {
        **TYPED,
        "kind": "acme",
        "host": "acme.local",
        "device_id": "sesame-device",
    }
    assert hass.states.get("camera.gate")
    coordinator = entry.runtime_data.coordinator
    assert coordinator.update_interval == timedelta(minutes=7)
    assert not entry.supported_subentry_types

    # What a cloud need not have.
    source = entry.runtime_data.source
    (camera,) = coordinator.data.values()
    now = dt_util.utcnow()
    window = Window(now, now)
    assert not source.has_pictures(camera)
    assert await source.picture_at(camera, now) is None
    event = Event(id="1", kind="motion", window=window)
    assert not source.has_event_picture(event)
    assert await source.event_picture(camera, event) is None
    assert await source.footage(camera, window) is None
    with pytest.raises(InvalidRequestError, match="no_history"):
        await source.events(camera, window)
    with pytest.raises(RefusedError, match="live_needs_package"):
        await source.live_module("no_such_module")


async def test_own_client(hass: HomeAssistant) -> None:
    """What a source has opened is closed: after the form, and with its account."""
    assert not AcmeSource.connected
    entry = await set_up_acme(hass)
    assert AcmeSource.connected == {entry.runtime_data.source}
    await hass.config_entries.async_unload(entry.entry_id)
    assert not AcmeSource.connected


async def test_own_certificate(
    hass: HomeAssistant, socket_enabled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server with a certificate of its own is taken where a person says so."""
    monkeypatch.setattr(
        sys.modules[f"{sources.__name__}.acme"], "AcmeSource", AcmeHttps
    )
    server = Server()
    server.add(AcmeServer(server))
    hass.data[DATA_RESOLVER] = cast("HassAsyncDNSResolver", server.resolver())
    flows = hass.config_entries.flow
    async with server:
        form = await begin(hass, "acme")
        form = await flows.async_configure(form["flow_id"], TYPED)
        form = await flows.async_configure(form["flow_id"], {"2fa": "123"})
        result = await finish(hass, form)
        assert result["type"] is FlowResultType.CREATE_ENTRY
        await hass.async_block_till_done(wait_background_tasks=True)
        assert result["result"].unique_id == f"acme_{SERIAL}"
    trusting: dict[str, Any] = {**TYPED, "verify_ssl": True}
    for data, is_verified in ((TYPED, False), (trusting, True), ({}, True)):
        source = await async_create_source(hass, ACME, data)
        session = async_get_clientsession(hass, verify_ssl=is_verified)
        assert source.session is session
        await source.aclose()


async def test_pushed_events(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it pushes is told of and kept at once, although it keeps no history."""
    module = sys.modules[f"{sources.__name__}.acme"]
    monkeypatch.setattr(module, "AcmeSource", AcmePush)
    monkeypatch.setattr(AcmePush, "pushed", asyncio.Queue(), raising=False)
    entry = await set_up_acme(hass, is_listening=True)
    now = dt_util.utcnow().replace(microsecond=0)
    event = Event(id="7", kind=EventKind.DING, window=Window(now, now))
    for pushed in (
        None,
        PushedEvent(camera_id="gone", event=replace(event, id="8")),
        PushedEvent(camera_id="1", event=event),
        # It may come twice.
        PushedEvent(camera_id="1", event=event),
    ):
        AcmePush.pushed.put_nowait(pushed)
    await AcmePush.pushed.join()
    await hass.async_block_till_done(wait_background_tasks=False)
    state = hass.states.get("event.gate_doorbell")
    assert state
    assert state.attributes["event_type"] == "ring"
    assert state.attributes["id"] == "7"
    await entry.runtime_data.monitor.poll()
    library = (await async_shared(hass)).library
    assert [event_of(row) for row in await library.read("SELECT * FROM events")] == [
        event
    ]
    await hass.config_entries.async_unload(entry.entry_id)


async def test_sign_in_again(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what was refused is asked for again, and all else is kept."""
    entry = await set_up_acme(hass)
    data = {**entry.data, "pin": "old"}
    hass.config_entries.async_update_entry(entry, data=data)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    flows = hass.config_entries.flow
    (flow,) = flows.async_progress()
    form = await flows.async_configure(flow["flow_id"])
    assert form["data_schema"] is not None
    assert list(form["data_schema"].schema) == ["pin"]
    assert suggested(form) == {}
    form = await flows.async_configure(form["flow_id"], {"pin": "open"})
    form = await flows.async_configure(form["flow_id"], {"2fa": "123"})
    assert form["reason"] == "reauth_successful"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.data == {**data, "pin": "open"}
    assert entry.state is ConfigEntryState.LOADED


async def test_change(hass: HomeAssistant) -> None:
    """A form shows again what its record allows, and no secret."""
    entry = await set_up_acme(hass)
    form = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_RECONFIGURE, "entry_id": entry.entry_id}
    )
    assert suggested(form) == {
        "host": "acme.local",
        "verify_ssl": False,
        "channel": 0,
    }


async def test_options_and_diagnostics(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, media_dir: object
) -> None:
    """Its options are kept; a report has of it what its record calls public."""
    entry = await set_up_acme(hass)
    assert not hass.states.async_entity_ids("event")
    options = hass.config_entries.options
    form = await options.async_init(entry.entry_id)
    assert form["data_schema"] is not None
    sections: dict[str, Any] = {
        "saving": {},
        "keeping": {},
        "keeping_all": {},
        "advanced": {},
    }
    given = form["data_schema"](sections) | {
        "night": True,
        "rate": 0,
        "share_key": " sesame-share ",
        "acme_secret": "sesame-webhook",
    }
    assert "/api/webhook/" in (form["description_placeholders"] or {})["webhook_url"]
    await options.async_configure(form["flow_id"], given)
    await hass.async_block_till_done(wait_background_tasks=True)
    kept = {name: entry.options[name] for name in ("night", "rate", "share_key")}
    assert kept == {"night": True, "rate": 0, "share_key": "sesame-share"}
    # It hears of rings now, and its camera is a doorbell.
    assert "event.gate_doorbell" in hass.states.async_entity_ids("event")

    form = await options.async_init(entry.entry_id)
    shown = suggested(form)
    assert (shown["night"], shown["rate"]) == (True, 0)
    assert "sesame" not in str(shown)
    await options.async_configure(
        form["flow_id"],
        {**sections, "advanced": {"filename": "{{ camera }}"}, "night": False},
    )
    await hass.async_block_till_done(wait_background_tasks=True)
    assert "rate" not in entry.options
    assert entry.options["share_key"] == "sesame-share"
    assert entry.options["acme_secret"] == "sesame-webhook"

    report = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert "sesame" not in str(report)
    assert report["data"] == {
        "kind": "acme",
        "host": REDACTED,
        "pin": REDACTED,
        "pairing": REDACTED,
        "verify_ssl": False,
        "channel": 0,
        "device_id": REDACTED,
        "webhook_id": REDACTED,
    }
    assert report["options"]["night"] is False
    assert report["options"]["share_key"] == REDACTED
    assert report["options"]["acme_secret"] == REDACTED


async def test_what_home_assistant_does_not_allow(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kind says so in its form and at each start, and what its source gets besides."""
    is_allowed = False

    async def credentials_of(
        hass: HomeAssistant, data: Mapping[str, Any]
    ) -> dict[str, Any]:
        if not is_allowed:
            raise InvalidRequestError("package_missing", package=data["host"])
        return {**data, "pin": "open"}

    monkeypatch.setitem(KINDS, "acme", replace(ACME, credentials_of=credentials_of))
    flows = hass.config_entries.flow
    form = await begin(hass, "acme")
    form = await flows.async_configure(form["flow_id"], {**TYPED, "pin": "shut"})
    form = await flows.async_configure(form["flow_id"], {"2fa": "123"})
    assert form["errors"] == {"base": "failed"}
    is_allowed = True
    form = await flows.async_configure(form["flow_id"], {"2fa": "123"})
    result = await finish(hass, form)
    entry = result["result"]
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.LOADED
    assert entry.data["pin"] == "shut"
    is_allowed = False
    assert not await hass.config_entries.async_reload(entry.entry_id)
    assert entry.error_reason_translation_key == "package_missing"
