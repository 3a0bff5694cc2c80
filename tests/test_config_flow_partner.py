"""Signing in to Ring's partner API: by an app of one's own, or for half an hour."""

from collections.abc import Mapping
from datetime import timedelta
import time
from typing import Any
from urllib.parse import urlencode

import pytest
from pytest_homeassistant_custom_component.typing import (
    ClientSessionGenerator,
    WebSocketGenerator,
)
from yarl import URL

from custom_components.clip_download.accounts import access_token
from custom_components.clip_download.const import DOMAIN
from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlowResult,
)
from homeassistant.core import HomeAssistant
from homeassistant.core_config import async_process_ha_core_config
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.setup import async_setup_component

from .accounts import (
    add_app,
    become_other,
    begin,
    begin_link,
    choose_link,
    come_back,
    consent,
    finish,
    refuse,
    set_up,
)
from .clouds import Clouds
from .clouds.ring_partner import AUTHORIZE_PATH, RingPartnerCloud
from .words import error_of

pytestmark = pytest.mark.usefixtures("checked_words")

KIND = "ring_partner"
# What may happen at the cloud's API, and what a person reads then.
OUTAGES: list[tuple[str, dict[str, Any]]] = [
    ("cloud_unreachable", {"drop": True}),
    ("cloud_trouble", {"status": 503}),
    ("cloud_throttled", {"status": 429, "body": "{}"}),
    ("cloud_nonsense", {"body": "<html>Back soon</html>"}),
    ("app_refused", {"status": 403, "body": "{}"}),
    (
        "cloud_redirect",
        {"status": 307, "headers": {"Location": "https://127.0.0.1/login"}},
    ),
]


@pytest.fixture
def cloud(hass_clouds: Clouds) -> RingPartnerCloud:
    """Return Ring's partner API."""
    return hass_clouds.ring_partner


async def created(hass: HomeAssistant, result: ConfigFlowResult) -> ConfigEntry:
    """Finish a flow for a new account; return the loaded entry."""
    result = await finish(hass, result)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done(wait_background_tasks=True)
    assert result["result"].state is ConfigEntryState.LOADED
    return result["result"]


async def link(
    hass: HomeAssistant, clouds: Clouds, menu: ConfigFlowResult
) -> ConfigFlowResult:
    """Link the account in the browser; return what the flow shows then."""
    step = await choose_link(hass, menu)
    return await come_back(hass, step, await consent(hass, step))


async def paste(
    hass: HomeAssistant, menu: ConfigFlowResult, token: str
) -> ConfigFlowResult:
    """Choose to give a token of the playground, and give it."""
    flows = hass.config_entries.flow
    form = await flows.async_configure(
        menu["flow_id"], {"next_step_id": "playground_token"}
    )
    assert form["type"] is FlowResultType.FORM
    assert form["step_id"] == "playground_token"
    assert (form["description_placeholders"] or {})["console_url"]
    return await flows.async_configure(form["flow_id"], {"playground_token": token})


async def asked_again(hass: HomeAssistant, entry: ConfigEntry) -> ConfigFlowResult:
    """Return the menu that Home Assistant asks to sign in again with."""
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == SOURCE_REAUTH
    menu = await hass.config_entries.flow.async_configure(flow["flow_id"])
    assert menu["type"] is FlowResultType.MENU
    assert menu["step_id"] == "reauth_confirm"
    assert (menu["description_placeholders"] or {})["account"] == entry.title
    return menu


async def add_other_app(hass: HomeAssistant, clouds: Clouds) -> None:
    """Make another app at Ring, and give Home Assistant its credentials too."""
    cloud = clouds.ring_partner
    clouds.ring.apps["other"] = clouds.ring.apps[cloud.client_id]
    cloud.client_id = "other"
    await add_app(hass, clouds, "other")


def state(entry: ConfigEntry) -> ConfigEntryState:
    """Return how an account is by now."""
    return entry.state


async def reload(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Load an account anew."""
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)


# --- an app of one's own


async def test_link(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    cloud: RingPartnerCloud,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    """All the way through the browser: consent, code, PKCE, token, finished link."""
    step = await begin_link(hass, hass_clouds)
    # The server of the tests takes no views once it runs.
    assert await async_setup_component(hass, DOMAIN, {})
    client = await hass_client_no_auth()
    url = URL(step["url"])
    assert (url.host, url.path) == ("account.ring.com", AUTHORIZE_PATH)
    assert url.query["scope"] == "ava.v1:read"
    assert url.query["code_challenge_method"] == "S256"
    assert "secret" not in str(url)

    back = await consent(hass, step)
    answer = await client.get(f"/auth/external/callback?{urlencode(back.query)}")
    assert answer.status == 200
    await hass.async_block_till_done(wait_background_tasks=True)
    result = await hass.config_entries.flow.async_configure(step["flow_id"])
    entry = await created(hass, result)
    assert entry.title == f"Ring partner {cloud.email}"
    assert entry.unique_id == f"ring_partner_{cloud.account_id}"
    data = dict(entry.data)
    assert data.pop("token")["refresh_token"]
    assert len(data.pop("webhook_id")) == 64
    assert data == {"kind": KIND, "auth_implementation": "app"}
    assert cloud.link_status == "completed"
    (told,) = [
        asked for asked in cloud.asked("app-integrations") if asked.method == "PATCH"
    ]
    assert told.json() == {
        "status": "completed",
        "account_identifier": "Home Assistant",
    }


async def test_no_app_yet(hass: HomeAssistant, cloud: RingPartnerCloud) -> None:
    """Home Assistant asks for the app's credentials first."""
    menu = await begin(hass, KIND)
    assert menu["type"] is FlowResultType.MENU
    result = await hass.config_entries.flow.async_configure(
        menu["flow_id"], {"next_step_id": "link"}
    )
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "missing_credentials"


async def test_words_for_credentials(
    hass: HomeAssistant, hass_clouds: Clouds, hass_ws_client: WebSocketGenerator
) -> None:
    """The form for the credentials knows where they are made, and what to fill in."""
    await set_up(hass, hass_clouds, KIND)
    client = await hass_ws_client(hass)
    await client.send_json_auto_id({"type": "application_credentials/config"})
    answer = await client.receive_json()
    placeholders = answer["result"]["integrations"][DOMAIN]["description_placeholders"]
    assert placeholders == {
        "console_url": "https://developer.amazon.com/ring/console/apps",
        "redirect_url": "https://my.home-assistant.io/redirect/oauth",
    }


async def test_consent_refused(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """A person who changes their mind makes no account."""
    step = await begin_link(hass, hass_clouds)
    back = URL("https://my.home-assistant.io/redirect/oauth?error=access_denied")
    result = await come_back(hass, step, back)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "user_rejected_authorize"


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"status": 400, "body": '{"error": "invalid_grant"}'}, "oauth_unauthorized"),
        ({"status": 401, "body": '{"error": "invalid_client"}'}, "oauth_unauthorized"),
        ({"status": 503}, "oauth_failed"),
        ({"drop": True}, "oauth_failed"),
        ({"status": 403, "body": "<html>error code: 1010"}, "oauth_failed"),
        ({"body": "<html>Back soon"}, "oauth_failed"),
        ({"body": "{}"}, "oauth_failed"),
        ({"body": "[]"}, "oauth_failed"),
        ({"body": '{"access_token": "'}, "oauth_failed"),
        ({"body": '{"access_token": "a"}'}, "oauth_error"),
        ({"body": '{"access_token": "a", "expires_in": "soon"}'}, "oauth_error"),
    ],
)
async def test_no_token(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    fault: dict[str, Any],
    reason: str,
) -> None:
    """A code that brings no token ends the flow in words; the next one works."""
    step = await begin_link(hass, hass_clouds)
    back = await consent(hass, step)
    hass_clouds.ring.misbehave("oauth/token", **_with_type(fault))
    result = await come_back(hass, step, back)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == reason
    await created(hass, await link(hass, hass_clouds, await begin(hass, KIND)))


def _with_type(fault: Mapping[str, Any]) -> dict[str, Any]:
    """Return a fault with the content type that its body looks like."""
    body = fault.get("body", "")
    kind = "text/html" if body.startswith("<") else "application/json"
    return {**fault, "headers": {"Content-Type": kind}} if body else dict(fault)


@pytest.mark.parametrize(("error", "fault"), OUTAGES, ids=[key for key, _ in OUTAGES])
async def test_outage(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    cloud: RingPartnerCloud,
    error: str,
    fault: dict[str, Any],
) -> None:
    """A link that cannot be tried now can be later, without signing in again."""
    step = await begin_link(hass, hass_clouds)
    back = await consent(hass, step)
    cloud.misbehave("v1/", times=99, **fault)
    form = await come_back(hass, step, back)
    for _ in range(2):
        assert form["type"] is FlowResultType.FORM
        assert form["step_id"] == "linked"
        assert error_of(form) == error
        form = await hass.config_entries.flow.async_configure(form["flow_id"], {})
    cloud.faults.clear()
    form = await hass.config_entries.flow.async_configure(form["flow_id"], {})
    await created(hass, form)
    assert cloud.link_status == "completed"


async def test_outage_at_the_end_of_linking(
    hass: HomeAssistant, hass_clouds: Clouds, cloud: RingPartnerCloud
) -> None:
    """Without its last step the link would tell of no events; it is tried again."""
    step = await begin_link(hass, hass_clouds)
    back = await consent(hass, step)
    cloud.misbehave("app-integrations", status=502)
    form = await come_back(hass, step, back)
    assert error_of(form) == "cloud_trouble"
    assert cloud.link_status == "awaiting"
    form = await hass.config_entries.flow.async_configure(form["flow_id"], {})
    await created(hass, form)
    assert cloud.link_status == "completed"


async def test_linked_by_ring(
    hass: HomeAssistant, hass_clouds: Clouds, cloud: RingPartnerCloud
) -> None:
    """An app that has nothing to finish works all the same."""
    step = await begin_link(hass, hass_clouds)
    back = await consent(hass, step)
    cloud.misbehave("app-integrations", status=403, body="{}")
    await created(hass, await come_back(hass, step, back))


async def test_duplicate(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """An account is set up once only, however it is signed in to."""
    entry = await set_up(hass, hass_clouds, KIND)
    result = await link(hass, hass_clouds, await begin(hass, KIND))
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
    token = hass_clouds.ring_partner.playground_token()
    result = await paste(hass, await begin(hass, KIND), token)
    assert result["reason"] == "already_configured"
    assert hass.config_entries.async_entries(DOMAIN) == [entry]


# --- signing in again


async def test_reauth(
    hass: HomeAssistant, hass_clouds: Clouds, cloud: RingPartnerCloud
) -> None:
    """A link that was taken away is made anew, by the same app, for the same webhook."""
    entry = await set_up(hass, hass_clouds, KIND)
    client_id = cloud.client_id
    await add_other_app(hass, hass_clouds)
    cloud.client_id = client_id
    before = dict(entry.data)
    refuse(hass_clouds, KIND)
    await reload(hass, entry)
    assert state(entry) is ConfigEntryState.SETUP_ERROR
    menu = await asked_again(hass, entry)
    # Of two apps it is the one from before.
    result = await link(hass, hass_clouds, menu)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert state(entry) is ConfigEntryState.LOADED
    assert entry.data["token"] != before["token"]
    assert {**entry.data, "token": None} == {**before, "token": None}
    assert cloud.link_status == "completed"


async def test_reauth_when_the_link_has_expired(
    hass: HomeAssistant, hass_clouds: Clouds, cloud: RingPartnerCloud
) -> None:
    """A refresh token that is too old asks for a person, as the cameras are listed."""
    cloud.token_lifetime_s = 5
    cloud.refresh_lifetime = timedelta(0)
    entry = await set_up(hass, hass_clouds, KIND)
    assert state(entry) is ConfigEntryState.SETUP_ERROR
    cloud.token_lifetime_s = 14_400
    cloud.refresh_lifetime = timedelta(days=30)
    result = await link(hass, hass_clouds, await asked_again(hass, entry))
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert state(entry) is ConfigEntryState.LOADED


async def test_reauth_wrong_account(
    hass: HomeAssistant, hass_clouds: Clouds, cloud: RingPartnerCloud
) -> None:
    """Another account does not take an account over, and its link is left unfinished."""
    entry = await set_up(hass, hass_clouds, KIND)
    refuse(hass_clouds, KIND)
    await reload(hass, entry)
    before = dict(entry.data)
    become_other(hass_clouds, KIND)
    result = await link(hass, hass_clouds, await asked_again(hass, entry))
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "wrong_account"
    assert entry.data == before
    assert cloud.link_status == "awaiting"


async def test_reauth_after_the_app_was_removed(
    hass: HomeAssistant, hass_clouds: Clouds
) -> None:
    """Without its app's credentials an account asks for a new sign-in, with another."""
    entry = await set_up(hass, hass_clouds, KIND)
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, "auth_implementation": "gone"}
    )
    await reload(hass, entry)
    assert state(entry) is ConfigEntryState.SETUP_ERROR
    result = await link(hass, hass_clouds, await asked_again(hass, entry))
    assert result["reason"] == "reauth_successful"
    assert entry.data["auth_implementation"] == "app"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert state(entry) is ConfigEntryState.LOADED


async def test_reconfigure(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """An account can be linked to another app; it stays the same account."""
    entry = await set_up(hass, hass_clouds, KIND)
    webhook_id = entry.data["webhook_id"]
    await add_other_app(hass, hass_clouds)
    flows = hass.config_entries.flow
    menu = await flows.async_init(
        DOMAIN, context={"source": SOURCE_RECONFIGURE, "entry_id": entry.entry_id}
    )
    assert (menu["type"], menu["step_id"]) == (FlowResultType.MENU, "reconfigure")
    form = await flows.async_configure(menu["flow_id"], {"next_step_id": "link"})
    assert form["step_id"] == "pick_implementation"
    step = await flows.async_configure(form["flow_id"], {"implementation": "other"})
    result = await come_back(hass, step, await consent(hass, step))
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert state(entry) is ConfigEntryState.LOADED
    assert entry.data["auth_implementation"] == "other"
    assert entry.data["webhook_id"] == webhook_id


# --- the token, as time goes by


def due(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Let the token end in a moment."""
    token = {**entry.data["token"], "expires_at": time.time() + 10}
    hass.config_entries.async_update_entry(entry, data={**entry.data, "token": token})


async def test_refreshed_before_it_ends(
    hass: HomeAssistant, hass_clouds: Clouds
) -> None:
    """Listing the cameras keeps the link alive; the new tokens are kept."""
    entry = await set_up(hass, hass_clouds, KIND)
    before, account = entry.data["token"], entry.runtime_data
    due(hass, entry)
    await entry.runtime_data.coordinator.async_refresh()
    assert entry.runtime_data.coordinator.last_update_success
    after = entry.data["token"]
    assert after["access_token"] != before["access_token"]
    assert after["refresh_token"] != before["refresh_token"]
    assert after["expires_at"] > time.time() + 14_000
    # No 401 was needed for it, and the account was not loaded anew.
    (refresh,) = [
        asked
        for asked in hass_clouds.ring.asked("oauth/token")
        if b"refresh_token" in asked.body
    ]
    assert b"client_secret" in refresh.body
    assert entry.runtime_data is account
    # It works after a restart.
    await reload(hass, entry)
    assert state(entry) is ConfigEntryState.LOADED


async def test_refused_before_it_ends(
    hass: HomeAssistant, hass_clouds: Clouds, cloud: RingPartnerCloud
) -> None:
    """A token that is refused before its time is refreshed once, and works."""
    entry = await set_up(hass, hass_clouds, KIND)
    before = entry.data["token"]["access_token"]
    cloud.expire_access_tokens()
    await entry.runtime_data.coordinator.async_refresh()
    assert entry.runtime_data.coordinator.last_update_success
    assert entry.data["token"]["access_token"] != before
    assert not hass.config_entries.flow.async_progress()


@pytest.mark.parametrize(
    ("key", "fault"),
    [
        ("cloud_unreachable", {"drop": True}),
        ("cloud_trouble", {"status": 503}),
        ("cloud_throttled", {"status": 429, "body": "{}"}),
        ("cloud_nonsense", {"body": "<html>Back soon"}),
        ("cloud_nonsense", {"status": 403, "body": "<html>error code: 1010"}),
        ("cloud_nonsense", {"body": "{}"}),
        ("cloud_nonsense", {"body": "nonsense"}),
    ],
)
async def test_outage_at_refresh(
    hass: HomeAssistant, hass_clouds: Clouds, key: str, fault: dict[str, Any]
) -> None:
    """An outage, a page or an empty answer is no reason to sign in again."""
    entry = await set_up(hass, hass_clouds, KIND)
    due(hass, entry)
    hass_clouds.ring.misbehave("oauth/token", **_with_type(fault))
    coordinator = entry.runtime_data.coordinator
    await coordinator.async_refresh()
    assert not coordinator.last_update_success
    assert coordinator.last_exception.translation_key == key
    assert not hass.config_entries.flow.async_progress()
    await coordinator.async_refresh()
    assert coordinator.last_update_success


async def test_slow_refresh(
    hass: HomeAssistant, hass_clouds: Clouds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token that does not come is not waited for until everything else has failed."""
    entry = await set_up(hass, hass_clouds, KIND)
    due(hass, entry)
    monkeypatch.setattr(access_token, "TOKEN_TIMEOUT_S", 0.1)
    hass_clouds.ring.misbehave("oauth/token", delay_s=5)
    coordinator = entry.runtime_data.coordinator
    await coordinator.async_refresh()
    assert coordinator.last_exception.translation_key == "cloud_unreachable"
    assert not hass.config_entries.flow.async_progress()


# --- a token of the playground


async def test_playground(
    hass: HomeAssistant, hass_clouds: Clouds, cloud: RingPartnerCloud
) -> None:
    """It makes an account for half an hour; then a person has to sign in."""
    result = await paste(hass, await begin(hass, KIND), "no token")
    assert result["type"] is FlowResultType.FORM
    assert error_of(result) == "invalid_auth"
    token = cloud.playground_token()
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {"playground_token": f" {token}\n"}
    )
    entry = await created(hass, result)
    assert entry.data["playground_token"] == token
    assert set(entry.data) == {"kind", "playground_token", "webhook_id"}
    assert not hass_clouds.ring.asked("oauth/token")

    cloud.expire_access_tokens()
    await entry.runtime_data.coordinator.async_refresh()
    menu = await asked_again(hass, entry)
    result = await paste(hass, menu, cloud.playground_token())
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert state(entry) is ConfigEntryState.LOADED
    assert not hass_clouds.ring.asked("oauth/token")


async def test_from_the_playground_to_an_app(
    hass: HomeAssistant, hass_clouds: Clouds, cloud: RingPartnerCloud
) -> None:
    """After a try comes an app of one's own; nothing of the try is left, or back."""
    result = await paste(hass, await begin(hass, KIND), cloud.playground_token())
    entry = await created(hass, result)
    webhook_id = entry.data["webhook_id"]
    cloud.expire_access_tokens()
    await reload(hass, entry)
    assert state(entry) is ConfigEntryState.SETUP_ERROR
    await add_app(hass, hass_clouds)
    result = await link(hass, hass_clouds, await asked_again(hass, entry))
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert state(entry) is ConfigEntryState.LOADED
    assert set(entry.data) == {"kind", "auth_implementation", "token", "webhook_id"}
    assert entry.data["webhook_id"] == webhook_id

    refuse(hass_clouds, KIND)
    await reload(hass, entry)
    menu = await asked_again(hass, entry)
    result = await paste(hass, menu, cloud.playground_token())
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert set(entry.data) == {"kind", "playground_token", "webhook_id"}


# --- options


async def test_webhook_options(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: object
) -> None:
    """The options show where Ring is to post, and take the key, but never show it."""
    await async_process_ha_core_config(hass, {"external_url": "https://home.example"})
    entry = await set_up(hass, hass_clouds, KIND)
    options = hass.config_entries.options
    form = await options.async_init(entry.entry_id)
    told = form["description_placeholders"] or {}
    assert told["webhook_url"] == (
        f"https://home.example/api/webhook/{entry.data['webhook_id']}"
    )
    assert form["data_schema"] is not None
    sections: dict[str, Any] = {
        "saving": {},
        "keeping": {},
        "keeping_all": {},
        "advanced": {},
    }
    given = {**form["data_schema"](sections), "hmac_key": " open sesame\n"}
    await options.async_configure(form["flow_id"], given)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.options["hmac_key"] == "open sesame"

    form = await options.async_init(entry.entry_id)
    schema = form["data_schema"]
    assert schema is not None
    shown = {str(name): name.description for name in schema.schema}
    assert "sesame" not in str(shown)
    assert not shown["hmac_key"]
    given = schema(sections | {"advanced": {"downloads_at_once": 3}})
    await options.async_configure(form["flow_id"], given)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.options["downloads_at_once"] == 3
    assert entry.options["hmac_key"] == "open sesame"


async def test_webhook_options_without_an_address(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: object
) -> None:
    """Where Home Assistant has no address, at least the path is told."""
    assert await async_setup_component(hass, "http", {})
    hass.config.internal_url = hass.config.external_url = None
    hass.config.api = None
    entry = await set_up(hass, hass_clouds, KIND)
    form = await hass.config_entries.options.async_init(entry.entry_id)
    told = form["description_placeholders"] or {}
    assert told["webhook_url"] == f"/api/webhook/{entry.data['webhook_id']}"
