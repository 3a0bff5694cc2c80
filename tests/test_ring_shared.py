"""Home Assistant's own Ring integration lends its sign-in, and is never disturbed."""

import asyncio
from collections.abc import Callable, Sized
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
from typing import Any, override

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from ring_doorbell.listen import RingEventListener

from custom_components.clip_download.accounts import ring_shared
from custom_components.clip_download.const import DOMAIN
from custom_components.clip_download.engine.errors import CloudError, SignInError
from homeassistant.config_entries import (
    SOURCE_DHCP,
    SOURCE_IGNORE,
    SOURCE_INTEGRATION_DISCOVERY,
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    ConfigEntry,
    ConfigEntryDisabler,
    ConfigEntryState,
    ConfigFlowResult,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.service_info.dhcp import DhcpServiceInfo
from tests.waits import until

from .accounts import begin, finish, set_up, typed
from .clouds import Clouds
from .clouds.ring import RingCamera
from .words import error_of

pytestmark = [
    pytest.mark.usefixtures("checked_words", "listener"),
    # That is how ring_doorbell signs in.
    pytest.mark.filterwarnings("ignore:The 'auth' parameter:DeprecationWarning"),
]


class Listener(RingEventListener):
    """The listener of ring_doorbell without Google, which pushes to it."""

    @override
    async def start(self, *, timeout: int = 10) -> bool:
        """Start as it does when Google and Ring let it."""
        self.add_notification_callback(self._ring._add_event_to_dings_data)
        self.started = True
        return True

    def push(self, camera_id: int) -> None:
        """Tell of a motion, as Google would."""
        ding = {
            "id": "7",
            "created_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "subtype": "motion",
        }
        told = {
            "android_config": json.dumps({"category": "com.ring.pn.live-event.motion"}),
            "data": json.dumps({"device": {"id": camera_id}, "event": {"ding": ding}}),
        }
        self._on_notification({"data": told}, "1")


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the Ring integration listen, to pushes of the test."""
    monkeypatch.setattr(
        "homeassistant.components.ring.coordinator.RingEventListener", Listener
    )


async def lend(hass: HomeAssistant, clouds: Clouds) -> ConfigEntry:
    """Set up the Ring integration as a person does."""
    clouds.ring.two_factor = None
    flows = hass.config_entries.flow
    form = await flows.async_init("ring", context={"source": SOURCE_USER})
    result = await flows.async_configure(form["flow_id"], typed(clouds, "ring"))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    lender = result["result"]
    assert lender.state is ConfigEntryState.LOADED
    return lender


async def borrow(hass: HomeAssistant, lender: ConfigEntry) -> ConfigEntry:
    """Set up an account that borrows the sign-in."""
    form = await begin(hass, "ring")
    assert form["step_id"] == "ring_account"
    result = await finish(hass, await choose(hass, form, lender.entry_id))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    return result["result"]


async def choose(
    hass: HomeAssistant, form: ConfigFlowResult, choice: str
) -> ConfigFlowResult:
    """Choose an account, or to sign in."""
    return await hass.config_entries.flow.async_configure(
        form["flow_id"], {"ring_entry": choice}
    )


def choices(form: ConfigFlowResult) -> list[str]:
    """Return what can be chosen."""
    assert form["data_schema"] is not None
    (selector,) = form["data_schema"].schema.values()
    return [option["label"] for option in selector.config["options"]]


def oauth(clouds: Clouds) -> int:
    """Return how often a token was asked for."""
    return len(clouds.ring.asked("oauth/token"))


def token_of(lender: ConfigEntry) -> str:
    """Return the token that the Ring integration has."""
    token: str = lender.data["token"]["access_token"]
    return token


def state(entry: ConfigEntry) -> ConfigEntryState:
    """Return an account's state of this moment."""
    return entry.state


def reauths(hass: HomeAssistant, entry: ConfigEntry) -> list[Any]:
    """Return the flows that ask to sign in to an account again."""
    return list(entry.async_get_active_flows(hass, {SOURCE_REAUTH}))


def access_token(hass: HomeAssistant, lender: ConfigEntry) -> Callable[[bool], Any]:
    """Return what gives the token of the Ring integration."""
    return ring_shared.access_token_of(hass, lender.entry_id)


async def look(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """List the cameras again."""
    await entry.runtime_data.coordinator.async_refresh()
    await hass.async_block_till_done()


# --- borrowing


async def test_borrow(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path
) -> None:
    """A clip is saved with the sign-in of the Ring integration, and with nothing else."""
    camera = hass_clouds.ring.add_camera("Front")
    lender = await lend(hass, hass_clouds)
    lent = dict(lender.data)
    asked = oauth(hass_clouds)
    entry = await borrow(hass, lender)
    assert dict(entry.data) == {"kind": "ring", "ring_entry": lender.entry_id}
    assert (entry.unique_id, entry.title) == (
        "ring_4445516",
        "Ring someone@example.com",
    )
    start = datetime.now(UTC) - timedelta(hours=1)
    hass_clouds.ring.add_event(camera, start=start, duration_s=3)
    saved = await hass.services.async_call(
        DOMAIN,
        "save_clip",
        {
            "entity_id": "camera.front",
            "start": start.isoformat(),
            "duration": {"seconds": 3},
        },
        blocking=True,
        return_response=True,
    )
    assert saved is not None
    (clip,) = saved.values()
    assert isinstance(clip, dict)
    assert clip["status"] == "complete"
    assert oauth(hass_clouds) == asked
    assert dict(lender.data) == lent
    # To Ring it is one authorised device.
    (hardware_id,) = {
        asked.headers["hardware_id"] for asked in hass_clouds.ring.asked("clients_api")
    }
    assert hardware_id == lender.data["device_id"]


async def test_diagnostics(
    hass: HomeAssistant, hass_clouds: Clouds, hass_client: ClientSessionGenerator
) -> None:
    """Nothing of what is borrowed is told."""
    lender = await lend(hass, hass_clouds)
    entry = await borrow(hass, lender)
    told = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert told["data"] == {"kind": "ring", "ring_entry": lender.entry_id}
    text = json.dumps(told)
    for secret in (
        token_of(lender),
        lender.data["token"]["refresh_token"],
        lender.data["device_id"],
        lender.data["username"],
    ):
        assert secret not in text


async def test_offer(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """Only what can be borrowed is offered, and signing in always."""
    form = await begin(hass, "ring")
    assert form["step_id"] == "ring"
    lender = await lend(hass, hass_clouds)
    form = await begin(hass, "ring")
    assert choices(form) == ["someone@example.com", "sign_in"]
    result = await choose(hass, form, "sign_in")
    assert result["step_id"] == "ring"

    entry = await borrow(hass, lender)
    # It has been taken; and the account is set up, whoever signs in.
    form = await begin(hass, "ring")
    assert form["step_id"] == "ring"
    result = await hass.config_entries.flow.async_configure(
        form["flow_id"], typed(hass_clouds, "ring")
    )
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"

    await hass.config_entries.async_remove(entry.entry_id)
    await hass.config_entries.async_unload(lender.entry_id)
    assert (await begin(hass, "ring"))["step_id"] == "ring"


async def test_offered_account_is_set_up(
    hass: HomeAssistant, hass_clouds: Clouds
) -> None:
    """The same account is not added twice: once signed in to, once borrowed."""
    await set_up(hass, hass_clouds, "ring")
    lender = await lend(hass, hass_clouds)
    result = await choose(hass, await begin(hass, "ring"), lender.entry_id)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


async def test_kept_in_another_way(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """A Ring integration that keeps its sign-in in another way has nothing to lend."""
    lender = await lend(hass, hass_clouds)
    entry = await borrow(hass, lender)
    token = lender.data["token"]
    hass.config_entries.async_update_entry(
        lender, data={**lender.data, "token": {"secret": token}}
    )
    assert (await begin(hass, "ring"))["step_id"] == "ring"
    await look(hass, entry)
    (flow,) = reauths(hass, entry)
    assert flow["step_id"] == "ring_account"


async def test_outage_while_borrowing(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """What stands in the way is told, and can be tried again."""
    lender = await lend(hass, hass_clouds)
    form = await begin(hass, "ring")
    await hass.config_entries.async_unload(lender.entry_id)
    result = await choose(hass, form, lender.entry_id)
    assert result["step_id"] == "ring_account"
    assert error_of(result) == "ring_account_not_loaded"
    await hass.config_entries.async_setup(lender.entry_id)
    hass_clouds.ring.misbehave("profile", status=503, times=9)
    result = await choose(hass, result, lender.entry_id)
    assert error_of(result) == "cloud_trouble"
    hass_clouds.ring.faults.clear()
    result = await finish(hass, await choose(hass, result, lender.entry_id))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()


async def test_session_of_the_lender(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """A new session would end the pushes to the Ring integration: none is opened."""
    ring = hass_clouds.ring
    ring.add_camera("Front")
    lender = await lend(hass, hass_clouds)
    sessions = len(ring.asked("/session$"))
    ring.push_tokens[lender.data["device_id"]] = "core"
    entry = await borrow(hass, lender)
    await hass.config_entries.async_reload(entry.entry_id)
    await look(hass, entry)
    assert entry.state is ConfigEntryState.LOADED
    assert len(ring.asked("/session$")) == sessions
    assert ring.push_tokens == {lender.data["device_id"]: "core"}


# --- the token


async def test_rotated_token(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """A token that the Ring integration has got anew is used at once."""
    hass_clouds.ring.add_camera("Front")
    lender = await lend(hass, hass_clouds)
    entry = await borrow(hass, lender)
    old = token_of(lender)
    await lender.runtime_data.api.auth.async_refresh_tokens()
    hass_clouds.ring.expire_access_tokens()
    await lender.runtime_data.api.auth.async_refresh_tokens()
    assert token_of(lender) != old
    asked = oauth(hass_clouds)
    await look(hass, entry)
    assert entry.runtime_data.coordinator.last_update_success
    assert oauth(hass_clouds) == asked
    (last,) = hass_clouds.ring.asked("ring_devices")[-1:]
    assert last.headers["Authorization"] == f"Bearer {token_of(lender)}"


async def test_refused_token(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """A token that Ring refuses is refreshed by the Ring integration, by nobody else."""
    lender = await lend(hass, hass_clouds)
    entry = await borrow(hass, lender)
    hass_clouds.ring.expire_access_tokens()
    asked = oauth(hass_clouds)
    await look(hass, entry)
    assert entry.runtime_data.coordinator.last_update_success
    assert oauth(hass_clouds) == asked + 1
    assert lender.state is entry.state is ConfigEntryState.LOADED
    assert not hass.config_entries.flow.async_progress()
    # The one that it has still works: nobody took its refresh token.
    await lender.runtime_data.api.auth.async_refresh_tokens()
    await look(hass, entry)
    assert entry.runtime_data.coordinator.last_update_success


async def test_token_that_has_run_out(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """A token is not used longer than it lasts."""
    lender = await lend(hass, hass_clouds)
    give = access_token(hass, lender)
    assert await give(False) == token_of(lender)
    old = token_of(lender)
    hass.config_entries.async_update_entry(
        lender,
        data={**lender.data, "token": {**lender.data["token"], "expires_at": 1.0}},
    )
    hass_clouds.ring.expire_access_tokens()
    new = await give(False)
    assert new == token_of(lender) != old


async def test_waiting_for_a_token(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """While Ring refuses a token that it calls good, it is waited, not refreshed."""
    lender = await lend(hass, hass_clouds)
    give = access_token(hass, lender)
    old = await give(False)
    asked = oauth(hass_clouds)
    with pytest.raises(CloudError, match="ring_account_waiting") as raised:
        await give(True)
    assert raised.value.retry_after_s == ring_shared.AGAIN_AFTER_S
    assert oauth(hass_clouds) == asked
    # Who does not say that it is refused gets it.
    assert await give(False) == old


async def test_lender_that_hangs(
    hass: HomeAssistant, hass_clouds: Clouds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refresh that takes too long is not waited for, and not cut off either."""
    lender = await lend(hass, hass_clouds)
    give = access_token(hass, lender)
    old = await give(False)
    monkeypatch.setattr(ring_shared, "TIMEOUT_S", 0.01)
    late = asyncio.Event()
    hass_clouds.ring.misbehave("oauth/token", hold=late)
    hass_clouds.ring.expire_access_tokens()
    with pytest.raises(CloudError, match="ring_account_waiting"):
        await give(True)
    late.set()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert token_of(lender) != old
    assert await give(True) == token_of(lender)


# --- the lender's life


async def test_reloaded_lender(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """The Ring integration may be loaded anew at any time."""
    lender = await lend(hass, hass_clouds)
    entry = await borrow(hass, lender)
    account = entry.runtime_data
    await hass.config_entries.async_unload(lender.entry_id)
    await look(hass, entry)
    assert not account.coordinator.last_update_success
    assert account.coordinator.last_exception is not None
    assert (
        account.coordinator.last_exception.translation_key == "ring_account_not_loaded"
    )
    await hass.config_entries.async_setup(lender.entry_id)
    await look(hass, entry)
    assert account.coordinator.last_update_success
    assert entry.runtime_data is account
    assert not hass.config_entries.flow.async_progress()


async def test_disabled_lender(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """An account waits for a Ring integration that is disabled, and goes on with it."""
    lender = await lend(hass, hass_clouds)
    entry = await borrow(hass, lender)
    await hass.config_entries.async_set_disabled_by(
        lender.entry_id, ConfigEntryDisabler.USER
    )
    await hass.config_entries.async_reload(entry.entry_id)
    assert state(entry) is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "ring_account_not_loaded"
    assert not hass.config_entries.flow.async_progress()
    await hass.config_entries.async_set_disabled_by(lender.entry_id, None)
    await hass.async_block_till_done()
    assert lender.state is entry.state is ConfigEntryState.LOADED


async def test_signed_out_lender(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """Signing in to the Ring integration again brings the account back, too."""
    lender = await lend(hass, hass_clouds)
    entry = await borrow(hass, lender)
    hass_clouds.ring.revoke()
    await look(hass, entry)
    (flow,) = reauths(hass, entry)
    assert flow["step_id"] == "ring_account"
    # There is no way around it.
    result = await choose(hass, flow, lender.entry_id)
    assert error_of(result) == "ring_account_signed_out"

    (own,) = reauths(hass, lender)
    done = await hass.config_entries.flow.async_configure(
        own["flow_id"], {"password": hass_clouds.ring.password}
    )
    assert done["reason"] == "reauth_successful"
    await hass.async_block_till_done()
    assert lender.state is entry.state is ConfigEntryState.LOADED
    assert not hass.config_entries.flow.async_progress()
    assert entry.runtime_data.coordinator.last_update_success


async def test_other_device(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """An account becomes the device that the Ring integration has become to Ring."""
    lender = await lend(hass, hass_clouds)
    entry = await borrow(hass, lender)
    old = lender.data["device_id"]
    flows = hass.config_entries.flow
    form = await flows.async_init(
        "ring",
        context={"source": SOURCE_RECONFIGURE, "entry_id": lender.entry_id},
    )
    given = {"password": hass_clouds.ring.password}
    done = await flows.async_configure(form["flow_id"], given)
    assert done["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert lender.data["device_id"] != old
    assert (
        entry.runtime_data.source.credentials["hardware_id"] == lender.data["device_id"]
    )


async def test_removed_lender(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """Without the Ring integration, a person signs in here."""
    lender = await lend(hass, hass_clouds)
    entry = await borrow(hass, lender)
    await hass.config_entries.async_remove(lender.entry_id)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert state(entry) is ConfigEntryState.SETUP_ERROR
    (flow,) = reauths(hass, entry)
    assert choices(await hass.config_entries.flow.async_configure(flow["flow_id"])) == [
        "sign_in"
    ]
    form = await choose(hass, flow, "sign_in")
    assert form["step_id"] == "reauth_confirm"
    assert form["data_schema"] is not None
    assert [str(name) for name in form["data_schema"].schema] == [
        "username",
        "password",
    ]
    result = await hass.config_entries.flow.async_configure(
        form["flow_id"], typed(hass_clouds, "ring")
    )
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert set(entry.data) == {"kind", "username", "hardware_id", "token"}


async def test_borrow_later(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """An account that was signed in to can borrow, and sign in by itself again."""
    entry = await set_up(hass, hass_clouds, "ring")
    lender = await lend(hass, hass_clouds)
    flows = hass.config_entries.flow
    context = {"source": SOURCE_RECONFIGURE, "entry_id": entry.entry_id}
    form = await flows.async_init(DOMAIN, context=context)  # type: ignore[arg-type]
    assert form["step_id"] == "ring_account"
    result = await choose(hass, form, lender.entry_id)
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert dict(entry.data) == {"kind": "ring", "ring_entry": lender.entry_id}
    assert entry.state is ConfigEntryState.LOADED

    form = await flows.async_init(DOMAIN, context=context)  # type: ignore[arg-type]
    form = await choose(hass, form, "sign_in")
    assert form["step_id"] == "reconfigure"
    result = await flows.async_configure(form["flow_id"], typed(hass_clouds, "ring"))
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert set(entry.data) == {"kind", "username", "hardware_id", "token"}
    assert entry.state is ConfigEntryState.LOADED


async def test_gone_for_good(hass: HomeAssistant) -> None:
    """What is not there needs a person."""
    with pytest.raises(SignInError, match="ring_account_gone"):
        await ring_shared.access_token_of(hass, "nobody")(False)


# --- push


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Look often whether the Ring integration listens; return at whom was looked."""
    looks: list[str] = []
    hook = ring_shared._hook

    def counted(hass: HomeAssistant, lender_id: str, *args: Any) -> Callable[[], None]:
        looks.append(lender_id)
        return hook(hass, lender_id, *args)

    monkeypatch.setattr(ring_shared, "HOOK_EVERY_S", 0.01)
    monkeypatch.setattr(ring_shared, "_hook", counted)
    return looks


def pushed_to(lender: ConfigEntry) -> Listener:
    """Return the listener of the Ring integration."""
    listener = lender.runtime_data.listen_coordinator.event_listener
    assert isinstance(listener, Listener)
    return listener


async def push_until_heard(
    lender: ConfigEntry, camera: RingCamera, heard: Sized
) -> None:
    """Push again and again until that is heard."""

    def is_heard() -> bool:
        if not heard:
            pushed_to(lender).push(camera.id)
        return bool(heard)

    await until(is_heard)


async def test_push(hass: HomeAssistant, hass_clouds: Clouds, looks: list[str]) -> None:
    """What is pushed to the Ring integration is heard, whenever it is loaded anew."""
    camera = hass_clouds.ring.add_camera("Front")
    lender = await lend(hass, hass_clouds)
    assert pushed_to(lender).started
    heard: list[int] = []
    listening = asyncio.create_task(
        ring_shared.listen(hass, lender.entry_id, lambda: heard.append(1))
    )
    await push_until_heard(lender, camera, heard)

    await hass.config_entries.async_reload(lender.entry_id)
    await hass.async_block_till_done()
    heard.clear()
    await push_until_heard(lender, camera, heard)

    # It has stopped to listen for a while, and forgot everybody.
    await pushed_to(lender).stop()
    looks.clear()
    await until(lambda: looks)
    await pushed_to(lender).start()
    heard.clear()
    await push_until_heard(lender, camera, heard)

    # Unloaded, and gone: there is nothing to be heard, but nothing wrong either.
    await hass.config_entries.async_remove(lender.entry_id)
    looks.clear()
    await until(lambda: len(looks) == 2)
    assert not listening.done()
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening


@pytest.mark.usefixtures("looks")
async def test_push_goes_on(
    hass: HomeAssistant, hass_clouds: Clouds, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing that goes wrong here keeps the Ring integration from hearing of it."""
    camera = hass_clouds.ring.add_camera("Front")
    lender = await lend(hass, hass_clouds)
    pushed = pushed_to(lender)
    heard: list[str] = []

    def fail() -> None:
        heard.append("here")
        raise RuntimeError("Oh")

    listening = asyncio.create_task(ring_shared.listen(hass, lender.entry_id, fail))
    await push_until_heard(lender, camera, heard)
    assert "RuntimeError: Oh" in caplog.text
    # Who comes later in its list still hears.
    number = pushed.add_notification_callback(lambda event: heard.append("there"))
    heard.clear()
    pushed.push(camera.id)
    assert set(heard) == {"here", "there"}
    pushed.remove_notification_callback(number)

    # And it is left as it was found.
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening
    heard.clear()
    pushed.push(camera.id)
    assert not heard
    state = hass.states.get("event.front_motion")
    assert state is not None
    assert state.attributes["event_type"] == "motion"


async def test_push_that_does_not_start(
    hass: HomeAssistant, hass_clouds: Clouds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Ring integration that could not begin to listen is left alone."""

    async def start(listener: Listener, *, timeout: int = 10) -> bool:
        return False

    monkeypatch.setattr(Listener, "start", start)
    lender = await lend(hass, hass_clouds)
    known = dict(pushed_to(lender)._callbacks)
    listening = asyncio.create_task(
        ring_shared.listen(hass, lender.entry_id, lambda: None)
    )
    await asyncio.sleep(0)
    assert pushed_to(lender)._callbacks == known
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening


async def test_push_makes_it_look(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """A push is a reason to look into the history at once."""
    camera = hass_clouds.ring.add_camera("Front")
    lender = await lend(hass, hass_clouds)
    await borrow(hass, lender)
    await until(lambda: len(pushed_to(lender)._callbacks) > 2)
    history = f"{camera.id}/history|video_search"
    await until(lambda: bool(hass_clouds.ring.asked(history)))
    before = len(hass_clouds.ring.asked(history))
    pushed_to(lender).push(camera.id)
    await until(lambda: len(hass_clouds.ring.asked(history)) > before)


# --- what is discovered

FOUND = DhcpServiceInfo(ip="192.168.1.7", hostname="ring-7", macaddress="0cae7d000001")


def discovered(hass: HomeAssistant) -> list[ConfigFlowResult]:
    """Return what is offered to a person."""
    flows = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    return [
        flow
        for flow in flows
        if flow["context"]["source"] in (SOURCE_DHCP, SOURCE_INTEGRATION_DISCOVERY)
    ]


async def find_device(hass: HomeAssistant) -> ConfigFlowResult:
    """Let a device of Ring's ask for an address in the network."""
    return await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_DHCP}, data=FOUND
    )


async def test_device_in_the_network(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """Signing in to Ring is offered once, however many devices there are."""
    hass_clouds.ring.two_factor = None
    form = await find_device(hass)
    assert form["step_id"] == "ring"
    again = await find_device(hass)
    assert again["reason"] == "already_in_progress"
    (offer,) = discovered(hass)
    assert offer["context"]["title_placeholders"] == {"name": "Ring"}
    done = await finish(
        hass,
        await hass.config_entries.flow.async_configure(
            form["flow_id"], typed(hass_clouds, "ring")
        ),
    )
    assert done["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert (await find_device(hass))["reason"] == "already_configured"


async def test_device_that_is_ignored(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """What a person ignores is not offered again; what was set up by hand ends the offer."""
    form = await find_device(hass)
    await set_up(hass, hass_clouds, "ring")
    assert not discovered(hass)
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    await hass.config_entries.async_remove(entry.entry_id)

    form = await find_device(hass)
    ignored = {"unique_id": "ring_in_network", "title": "Ring"}
    await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_IGNORE}, data=ignored
    )
    assert form["flow_id"] not in {one["flow_id"] for one in discovered(hass)}
    assert (await find_device(hass))["reason"] == "already_configured"


async def test_device_of_a_lender(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """Where the Ring integration has signed in, its account is offered instead."""
    lender = await lend(hass, hass_clouds)
    form = await find_device(hass)
    assert form["step_id"] == "ring_account"
    (offer,) = discovered(hass)
    assert offer["context"]["unique_id"] == f"lender_{lender.entry_id}"
    await borrow(hass, lender)
    assert not discovered(hass)


async def test_discovered_lender(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """The Ring integration's account is offered as soon as it is loaded, and once."""
    await set_up(hass, hass_clouds, "kinesis")
    assert not discovered(hass)
    lender = await lend(hass, hass_clouds)
    (offer,) = discovered(hass)
    assert offer["context"]["title_placeholders"] == {"name": f"Ring {lender.title}"}
    await hass.config_entries.async_reload(lender.entry_id)
    await hass.async_block_till_done()
    assert [one["flow_id"] for one in discovered(hass)] == [offer["flow_id"]]
    form = await hass.config_entries.flow.async_configure(offer["flow_id"])
    assert choices(form) == [lender.title, "sign_in"]
    done = await finish(hass, await choose(hass, form, lender.entry_id))
    assert done["result"].data == {"kind": "ring", "ring_entry": lender.entry_id}
    await hass.async_block_till_done()
    again = await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_INTEGRATION_DISCOVERY},
        data={"ring_entry": lender.entry_id},
    )
    assert again["reason"] == "already_configured"


async def test_place_of_the_same_name(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """A place for copies with the user name of an account is not that account."""
    lender = await lend(hass, hass_clouds)
    place = {"kind": "webdav", "username": lender.data["username"]}
    MockConfigEntry(domain=DOMAIN, data=place).add_to_hass(hass)
    await set_up(hass, hass_clouds, "kinesis")
    assert len(discovered(hass)) == 1


async def test_lenders_that_are_not_offered(
    hass: HomeAssistant, hass_clouds: Clouds
) -> None:
    """One that was there before is offered; one whose account is signed in to is not."""
    lender = await lend(hass, hass_clouds)
    await set_up(hass, hass_clouds, "kinesis")
    (offer,) = discovered(hass)
    hass.config_entries.flow.async_abort(offer["flow_id"])
    form = await begin(hass, "ring")
    form = await choose(hass, form, "sign_in")
    await finish(
        hass,
        await hass.config_entries.flow.async_configure(
            form["flow_id"], typed(hass_clouds, "ring")
        ),
    )
    await hass.async_block_till_done()
    await hass.config_entries.async_remove(lender.entry_id)
    await lend(hass, hass_clouds)
    assert not discovered(hass)
