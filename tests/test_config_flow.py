"""Setting up an account, signing in to it again, changing it, its options, its streams."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import voluptuous as vol

from custom_components.clip_download import config_flow, errors, stream_flow
from custom_components.clip_download.const import DEFAULT_FILENAME, DOMAIN
from custom_components.clip_download.copy_kinds import TARGETS
from custom_components.clip_download.engine.library.retention import Limits
from custom_components.clip_download.engine.pipeline import retry
from custom_components.clip_download.retention import (
    account_limits,
    async_common_limits,
)
from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlowResult,
    SubentryFlowContext,
    SubentryFlowResult,
)
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.helpers import entity_registry as er

from .accounts import (
    FORM_KINDS,
    KINDS,
    become_other,
    begin,
    cloud_of,
    finish,
    refuse,
    set_up,
    typed,
)
from .clouds import Clouds
from .words import error_of

FIELDS = {
    "ring": ["username", "password"],
    "meraki": ["api_key", "base_url"],
    "kinesis": [
        "access_key_id",
        "secret_access_key",
        "session_token",
        "region",
        "endpoint_url",
    ],
}
REFUSED_FIELDS = {
    "ring": ["password"],
    "meraki": ["api_key"],
    "kinesis": ["access_key_id", "secret_access_key", "session_token"],
}
WRONG = {
    "ring": {"password": "battery staple"},
    "meraki": {"api_key": "0123456789abcdef0123456789abcdef01234567"},
    "kinesis": {"secret_access_key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"},
}
# What may happen on the way to a cloud, and what a person reads then.
OUTAGES: list[tuple[str, dict[str, Any]]] = [
    ("cloud_unreachable", {"drop": True}),
    ("cloud_trouble", {"status": 503}),
    ("cloud_throttled", {"status": 429, "body": "{}"}),
    ("cloud_nonsense", {"body": "<html>Back soon</html>"}),
    (
        "cloud_redirect",
        {"status": 307, "headers": {"Location": "https://127.0.0.1/login"}},
    ),
]

every_kind = pytest.mark.parametrize("kind", FORM_KINDS)

pytestmark = pytest.mark.usefixtures("checked_words")


async def answer(
    hass: HomeAssistant, form: ConfigFlowResult, given: dict[str, Any]
) -> ConfigFlowResult:
    """Fill a form in."""
    return await hass.config_entries.flow.async_configure(form["flow_id"], given)


def fields(form: Mapping[str, Any]) -> list[str]:
    """Return the names of a form's fields."""
    return [str(name) for name in form["data_schema"].schema]


def suggested(form: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a form holds before a person types anything."""
    return {
        str(name): name.description["suggested_value"]
        for name in form["data_schema"].schema
        if name.description
    }


def placeholders(result: Mapping[str, Any]) -> Mapping[str, str]:
    """Return what fills the words that a flow shows."""
    filled: Mapping[str, str] = result["description_placeholders"]
    return filled


def typed_again(clouds: Clouds, kind: str) -> dict[str, Any]:
    """Return what a person types to change an account: it stays in its region."""
    given = typed(clouds, kind)
    given.pop("region", None)
    return given


async def created(hass: HomeAssistant, result: ConfigFlowResult) -> ConfigEntry:
    """Finish a flow for a new account; return the loaded entry."""
    result = await finish(hass, result)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done(wait_background_tasks=True)
    assert result["result"].state is ConfigEntryState.LOADED
    return result["result"]


# --- a new account


async def test_menu(hass: HomeAssistant) -> None:
    """A person chooses the cloud first."""
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_USER}
    )
    assert result["type"] is FlowResultType.MENU
    assert result["menu_options"] == [*KINDS, "recordings", *TARGETS]


@every_kind
async def test_new_account(hass: HomeAssistant, hass_clouds: Clouds, kind: str) -> None:
    """The credentials are tried, and kept with what identifies the account."""
    hass_clouds.ring.two_factor = None
    form = await begin(hass, kind)
    assert form["type"] is FlowResultType.FORM
    assert fields(form) == FIELDS[kind]
    assert not form["errors"]
    assert not hass_clouds.requests

    entry = await created(hass, await answer(hass, form, typed(hass_clouds, kind)))
    expected = {
        "ring": ("ring_4445516", "Ring someone@example.com"),
        "meraki": ("meraki_api.meraki.com/2930418", "Meraki Home"),
        "kinesis": (
            f"kinesis_{hass_clouds.kinesis.account_id}/{hass_clouds.kinesis.region}",
            f"AWS {hass_clouds.kinesis.account_id} ({hass_clouds.kinesis.region})",
        ),
    }
    assert (entry.unique_id, entry.title) == expected[kind]
    data = dict(entry.data)
    assert data.pop("kind") == kind
    if kind == "ring":
        # The password is not kept.
        assert data.pop("token")["refresh_token"]
        assert len(data.pop("hardware_id")) == 36
        assert data == {"username": hass_clouds.ring.username}
    else:
        assert data == typed(hass_clouds, kind)


@every_kind
async def test_wrong_credentials(
    hass: HomeAssistant, hass_clouds: Clouds, kind: str
) -> None:
    """Credentials that the cloud refuses are asked for again."""
    hass_clouds.ring.two_factor = None
    form = await begin(hass, kind)
    given = typed(hass_clouds, kind) | WRONG[kind]
    result = await answer(hass, form, given)
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == kind
    assert error_of(result) == "invalid_auth"
    assert suggested(result) == given
    await created(hass, await answer(hass, result, typed(hass_clouds, kind)))


@every_kind
@pytest.mark.parametrize(("error", "fault"), OUTAGES, ids=[key for key, _ in OUTAGES])
async def test_outage(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    kind: str,
    error: str,
    fault: dict[str, Any],
) -> None:
    """A cloud that cannot be asked is not a wrong password."""
    hass_clouds.ring.two_factor = None
    cloud_of(hass_clouds, kind).misbehave(times=99, **fault)
    form = await begin(hass, kind)
    result = await answer(hass, form, typed(hass_clouds, kind))
    assert result["type"] is FlowResultType.FORM
    assert error_of(result) == error
    cloud_of(hass_clouds, kind).faults.clear()
    await created(hass, await answer(hass, result, typed(hass_clouds, kind)))


async def test_outage_in_another_language(
    hass: HomeAssistant, hass_clouds: Clouds
) -> None:
    """What a form says of a cloud is in Home Assistant's language, and names the kind."""
    hass.config.language = "de"
    hass_clouds.meraki.misbehave(times=99, status=503)
    form = await begin(hass, "meraki")
    key = f"component.{DOMAIN}.exceptions.cloud_trouble.message"
    with patch.object(
        errors,
        "async_get_translations",
        return_value={key: "{subject}: Die Cloud hat Probleme ({status})."},
    ) as get:
        result = await answer(hass, form, typed(hass_clouds, "meraki"))
    get.assert_awaited_once_with(hass, "de", "exceptions", [DOMAIN])
    shown = placeholders(result)["error"]
    assert shown == "Cisco Meraki: Die Cloud hat Probleme (503)."


async def test_unforeseen(
    hass: HomeAssistant, hass_clouds: Clouds, caplog: pytest.LogCaptureFixture
) -> None:
    """What nobody foresaw goes to the log, and the form can be sent again."""
    form = await begin(hass, "meraki")
    with patch.object(
        config_flow, "async_create_source", side_effect=RuntimeError("Oh")
    ):
        result = await answer(hass, form, typed(hass_clouds, "meraki"))
    assert result["errors"] == {"base": "unknown"}
    assert "RuntimeError: Oh" in caplog.text
    await created(hass, await answer(hass, result, typed(hass_clouds, "meraki")))


@every_kind
async def test_duplicate(hass: HomeAssistant, hass_clouds: Clouds, kind: str) -> None:
    """An account is set up once only."""
    entry = await set_up(hass, hass_clouds, kind)
    form = await begin(hass, kind)
    result = await answer(hass, form, typed(hass_clouds, kind))
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
    assert hass.config_entries.async_entries(DOMAIN) == [entry]


@pytest.mark.parametrize(
    ("kind", "given", "errors"),
    [
        ("meraki", {"base_url": url}, {"base_url": "invalid_base_url"})
        for url in (
            "http://api.meraki.com/api/v1",
            "api.meraki.com/api/v1",
            "https:///api/v1",
            "https://api.meraki.com",
            "https://[api.meraki.com/api/v1",
            "https://name:word@api.meraki.com/api/v1",
            "https://evil.example#/api/v1",
            "https://evil.example/#/api/v1",
            "https://evil.example?/api/v1",
            "https://evil.example:99999/api/v1",
        )
    ]
    + [
        ("kinesis", {"region": region}, {"region": "invalid_region"})
        for region in ("Ireland", "eu-west-1.evil.example/", "eu-west")
    ]
    + [
        ("kinesis", {"endpoint_url": url}, {"endpoint_url": "invalid_endpoint_url"})
        for url in (
            "http://vpce.example",
            "vpce.example",
            "https://a.example/?b=c",
            "https://a.example/#b",
            "https://a.example?",
        )
    ],
)
async def test_typed_wrong(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    kind: str,
    given: dict[str, Any],
    errors: dict[str, str],
) -> None:
    """What cannot be right is told beside its field, and no cloud is asked."""
    form = await begin(hass, kind)
    result = await answer(hass, form, typed(hass_clouds, kind) | given)
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == errors
    assert not hass_clouds.requests
    await created(hass, await answer(hass, result, typed(hass_clouds, kind)))


async def test_pasted_with_blanks(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """Blanks around what was pasted do no harm, and empty fields are not kept."""
    form = await begin(hass, "kinesis")
    pasted = {
        name: f" {value}\n" for name, value in typed(hass_clouds, "kinesis").items()
    }
    pasted |= {"session_token": " ", "endpoint_url": ""}
    entry = await created(hass, await answer(hass, form, pasted))
    assert entry.data == {"kind": "kinesis", **typed(hass_clouds, "kinesis")}


async def test_password_with_blanks(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """Blanks around a password are part of it, those around the name are not."""
    hass_clouds.ring.two_factor = None
    hass_clouds.ring.password = " correct horse "
    given = typed(hass_clouds, "ring")
    form = await begin(hass, "ring")
    pasted = given | {"username": f" {given['username']}\n"}
    entry = await created(hass, await answer(hass, form, pasted))
    assert entry.data["username"] == given["username"]


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("ring", "password"),
        ("meraki", "api_key"),
        ("kinesis", "access_key_id"),
        ("kinesis", "secret_access_key"),
    ],
)
async def test_only_blanks(
    hass: HomeAssistant, hass_clouds: Clouds, kind: str, name: str
) -> None:
    """Credentials of nothing but blanks are refused as wrong ones are."""
    hass_clouds.ring.two_factor = None
    form = await begin(hass, kind)
    result = await answer(hass, form, typed(hass_clouds, kind) | {name: " "})
    assert error_of(result) == "invalid_auth"
    await created(hass, await answer(hass, result, typed(hass_clouds, kind)))


async def test_vpc_endpoint(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """An endpoint of one's own is asked, and nothing else."""
    host = "vpce-0a1b.kinesisvideo.eu-west-1.vpce.amazonaws.com"
    given = typed(hass_clouds, "kinesis") | {"endpoint_url": f"https://{host}"}
    form = await begin(hass, "kinesis")
    entry = await created(hass, await answer(hass, form, given))
    assert entry.data == {"kind": "kinesis", **given}
    assert {asked.host for asked in hass_clouds.requests} == {host}


async def test_wrong_region(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """A region that AWS does not have is told by its name."""
    form = await begin(hass, "kinesis")
    given = typed(hass_clouds, "kinesis") | {"region": "eu-atlantis-1"}
    result = await answer(hass, form, given)
    assert error_of(result) == "region_unknown"
    assert "eu-atlantis-1" in placeholders(result)["error"]
    await created(hass, await answer(hass, result, typed(hass_clouds, "kinesis")))


async def test_no_organization(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """A key that opens nothing makes no account."""
    organization = hass_clouds.meraki.add_organization()
    organization.api_enabled = False
    form = await begin(hass, "meraki")
    result = await answer(hass, form, typed(hass_clouds, "meraki"))
    assert error_of(result) == "no_organization"
    organization.api_enabled = True
    await created(hass, await answer(hass, result, typed(hass_clouds, "meraki")))


# --- Ring's second factor


async def ask_for_code(hass: HomeAssistant, clouds: Clouds) -> ConfigFlowResult:
    """Sign in to Ring; return the form that asks for the code."""
    form = await begin(hass, "ring")
    result = await answer(hass, form, typed(clouds, "ring"))
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "2fa"
    assert not result["errors"]
    return result


@pytest.mark.parametrize(
    ("sent_by", "written"),
    [
        ("sms", "{} {}"),
        ("email", " {}-{} "),
        ("totp", "{}\N{NO-BREAK SPACE}{}"),
    ],
)
async def test_code(
    hass: HomeAssistant, hass_clouds: Clouds, sent_by: str, written: str
) -> None:
    """Ring sends a code, and signs in with it, however it is written."""
    hass_clouds.ring.two_factor = sent_by
    form = await ask_for_code(hass, hass_clouds)
    assert fields(form) == ["2fa"]
    assert placeholders(form)["sent_to"] == "+3xxxxxxx44"
    # As when a person opens the form once more.
    again = await hass.config_entries.flow.async_configure(form["flow_id"])
    assert (again["step_id"], len(hass_clouds.ring.codes)) == ("2fa", 1)
    code = hass_clouds.ring.codes[-1]
    result = await answer(hass, form, {"2fa": written.format(code[:3], code[3:])})
    entry = await created(hass, result)
    assert entry.data["token"]["access_token"]
    hardware_ids = {
        asked.headers["hardware_id"]
        for asked in hass_clouds.ring.asked("oauth|clients_api")
    }
    assert hardware_ids == {entry.data["hardware_id"]}


async def test_wrong_code(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """A wrong code is asked for again; no other one is sent unasked."""
    form = await ask_for_code(hass, hass_clouds)
    result = await answer(hass, form, {"2fa": "nonsense"})
    assert result["step_id"] == "2fa"
    assert error_of(result) == "invalid_code"
    (code,) = hass_clouds.ring.codes
    await created(hass, await answer(hass, result, {"2fa": code}))


async def test_expired_code(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """Another code is sent to who asks for it, when one came too late."""
    hass_clouds.ring.code_lifetime_s = 0
    form = await ask_for_code(hass, hass_clouds)
    result = await answer(hass, form, {"2fa": hass_clouds.ring.codes[-1]})
    assert error_of(result) == "invalid_code"
    hass_clouds.ring.code_lifetime_s = 600
    result = await answer(hass, result, {})
    assert result["step_id"] == "2fa"
    assert not result["errors"]
    _, code = hass_clouds.ring.codes
    await created(hass, await answer(hass, result, {"2fa": code}))


async def test_too_many_codes(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """Ring sends ten codes in ten minutes; the last of them still works."""
    form = await ask_for_code(hass, hass_clouds)
    for _ in range(9):
        result = await answer(hass, form, {})
        assert not result["errors"]
    result = await answer(hass, form, {})
    assert error_of(result) == "too_many_codes"
    code = hass_clouds.ring.codes[-1]
    await created(hass, await answer(hass, result, {"2fa": code}))


async def test_outage_at_code(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """A code can be sent again after an outage."""
    form = await ask_for_code(hass, hass_clouds)
    hass_clouds.ring.misbehave("token", status=502)
    code = hass_clouds.ring.codes[-1]
    result = await answer(hass, form, {"2fa": code})
    assert result["step_id"] == "2fa"
    assert error_of(result) == "cloud_trouble"
    await created(hass, await answer(hass, result, {"2fa": code}))


async def test_token_rotated_while_signing_in(
    hass: HomeAssistant, hass_clouds: Clouds
) -> None:
    """The token that is kept is the one that Ring gave last."""
    hass_clouds.ring.two_factor = None
    hass_clouds.ring.misbehave("clients_api/session", status=401)
    form = await begin(hass, "ring")
    await created(hass, await answer(hass, form, typed(hass_clouds, "ring")))
    # The refresh of it was answered once, and never asked for with an old token.
    assert len(hass_clouds.ring.asked("oauth/token")) == 2


# --- an account whose credentials are refused


async def reauth_form(hass: HomeAssistant, entry: ConfigEntry) -> ConfigFlowResult:
    """Return the form that Home Assistant asks to sign in again with."""
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == SOURCE_REAUTH
    return await hass.config_entries.flow.async_configure(flow["flow_id"])


def again(clouds: Clouds, kind: str) -> dict[str, Any]:
    """Return what a person types to sign in again."""
    return {
        name: value
        for name, value in typed(clouds, kind).items()
        if name in REFUSED_FIELDS[kind]
    }


@every_kind
async def test_reauth(hass: HomeAssistant, hass_clouds: Clouds, kind: str) -> None:
    """Credentials that were revoked are asked for, tried and replaced."""
    entry = await set_up(hass, hass_clouds, kind)
    before = dict(entry.data)
    refuse(hass_clouds, kind)
    form = await reauth_form(hass, entry)
    assert form["step_id"] == "reauth_confirm"
    assert placeholders(form)["account"] == entry.title
    assert fields(form) == REFUSED_FIELDS[kind]
    assert suggested(form) == {}

    result = await answer(hass, form, again(hass_clouds, kind) | WRONG[kind])
    assert result["step_id"] == "reauth_confirm"
    assert error_of(result) == "invalid_auth"
    result = await answer(hass, result, again(hass_clouds, kind))
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.LOADED
    assert entry.data.keys() == before.keys()
    changed = {name for name in before if entry.data[name] != before[name]}
    assert (
        changed
        == {
            "ring": {"token"},
            "meraki": {"api_key"},
            "kinesis": {"secret_access_key"},
        }[kind]
    )


async def test_reauth_with_code(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """Ring may want a code, and knows the device again."""
    entry = await set_up(hass, hass_clouds, "ring")
    hardware_id = entry.data["hardware_id"]
    hass_clouds.ring.two_factor = "sms"
    refuse(hass_clouds, "ring")
    form = await reauth_form(hass, entry)
    result = await answer(hass, form, again(hass_clouds, "ring"))
    assert result["step_id"] == "2fa"
    result = await answer(hass, result, {"2fa": hass_clouds.ring.codes[-1]})
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.LOADED
    assert entry.data["hardware_id"] == hardware_id
    assert hass_clouds.ring.asked("oauth")[-1].headers["hardware_id"] == hardware_id


async def test_reauth_forgets_session_token(
    hass: HomeAssistant, hass_clouds: Clouds
) -> None:
    """Lasting credentials in place of temporary ones leave nothing of those behind."""
    hass_clouds.kinesis.session_token = "FwoGZXIvYXdzEXAMPLE"
    form = await begin(hass, "kinesis")
    entry = await created(
        hass,
        await answer(
            hass,
            form,
            typed(hass_clouds, "kinesis") | {"session_token": "FwoGZXIvYXdzEXAMPLE"},
        ),
    )
    hass_clouds.kinesis.session_token = None
    refuse(hass_clouds, "kinesis")
    form = await reauth_form(hass, entry)
    result = await answer(hass, form, again(hass_clouds, "kinesis"))
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.data == {"kind": "kinesis", **typed(hass_clouds, "kinesis")}


@every_kind
async def test_reauth_wrong_account(
    hass: HomeAssistant, hass_clouds: Clouds, kind: str
) -> None:
    """Another account's credentials do not take an account over."""
    entry = await set_up(hass, hass_clouds, kind)
    before = dict(entry.data)
    refuse(hass_clouds, kind)
    form = await reauth_form(hass, entry)
    become_other(hass_clouds, kind)
    result = await answer(hass, form, again(hass_clouds, kind))
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "wrong_account"
    assert entry.data == before


async def test_organizations_of_keys(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """No two accounts have an organization, nor its cameras, whatever their keys see."""
    cloud = hass_clouds.meraki
    home, office = cloud.add_organization("Home"), cloud.add_organization("Office")
    entry = await set_up(hass, hass_clouds, "meraki")
    assert entry.title == "Meraki Home +1"
    far = cloud.add_organization("Far away")
    far.id = "1"
    for seen in ([office], [far, office]):
        cloud.organizations = {one.id: one for one in seen}
        form = await begin(hass, "meraki")
        result = await answer(hass, form, typed(hass_clouds, "meraki"))
        assert result["reason"] == "already_configured"

    # A key that sees more, and another organization first, is one of the account.
    cloud.organizations = {one.id: one for one in (far, home, office)}
    form = await reconfigure_form(hass, entry)
    result = await answer(hass, form, typed(hass_clouds, "meraki"))
    assert result["reason"] == "reconfigure_successful"
    assert (entry.unique_id, entry.title) == (
        "meraki_api.meraki.com/2930418",
        "Meraki Home +1",
    )


# --- an account that is changed


async def reconfigure_form(hass: HomeAssistant, entry: ConfigEntry) -> ConfigFlowResult:
    """Return the form to change an account with."""
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_RECONFIGURE, "entry_id": entry.entry_id}
    )
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "reconfigure"
    return result


@every_kind
async def test_reconfigure(hass: HomeAssistant, hass_clouds: Clouds, kind: str) -> None:
    """All can be changed but the account itself; no secret is shown."""
    entry = await set_up(hass, hass_clouds, kind)
    unique_id, hardware_id = entry.unique_id, entry.data.get("hardware_id")
    refuse(hass_clouds, kind)
    form = await reconfigure_form(hass, entry)
    # Another region would be another account.
    assert fields(form) == [name for name in FIELDS[kind] if name != "region"]
    assert placeholders(form)["account"] == entry.title
    given = typed_again(hass_clouds, kind)
    assert suggested(form) == {
        name: value for name, value in given.items() if name not in REFUSED_FIELDS[kind]
    }
    result = await answer(hass, form, given | WRONG[kind])
    assert result["step_id"] == "reconfigure"
    assert error_of(result) == "invalid_auth"
    result = await answer(hass, result, given)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.LOADED
    assert entry.unique_id == unique_id
    assert entry.data.get("hardware_id") == hardware_id


async def test_reconfigure_new_address(
    hass: HomeAssistant, hass_clouds: Clouds
) -> None:
    """An account whose e-mail address changed stays the same account."""
    entry = await set_up(hass, hass_clouds, "ring")
    hass_clouds.ring.username = "else@example.com"
    hass_clouds.ring.two_factor = "email"
    form = await reconfigure_form(hass, entry)
    result = await answer(hass, form, typed(hass_clouds, "ring"))
    assert result["step_id"] == "2fa"
    result = await answer(hass, result, {"2fa": hass_clouds.ring.codes[-1]})
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.LOADED
    assert entry.data["username"] == "else@example.com"


@every_kind
async def test_reconfigure_wrong_account(
    hass: HomeAssistant, hass_clouds: Clouds, kind: str
) -> None:
    """An account does not become another one."""
    entry = await set_up(hass, hass_clouds, kind)
    before = dict(entry.data)
    form = await reconfigure_form(hass, entry)
    become_other(hass_clouds, kind)
    result = await answer(hass, form, typed_again(hass_clouds, kind))
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "wrong_account"
    assert placeholders(result)["account"] == entry.title
    assert entry.data == before


# --- options

NO_LIMITS = {"keep_days": 0, "most_gb": 0, "free_gb": 0}
ADVANCED = {"filename": DEFAULT_FILENAME, "downloads_at_once": 2}
OF_KIND: dict[str, dict[str, Any]] = {"ring": {"as_shown": False}}
SECTIONS = {"keeping": NO_LIMITS, "keeping_all": NO_LIMITS, "advanced": ADVANCED}
SAVING: dict[str, dict[str, Any]] = {
    "ring": {"kinds": ["ding", "motion"], "pause": 0, "merge": 0, "new_cameras": False},
    "ring_partner": {
        "kinds": ["ding", "motion"],
        "before": 5,
        "after": 30,
        "pause": 0,
        "merge": 0,
        "new_cameras": False,
    },
    "kinesis": {},
}


def options_of(kind: str) -> dict[str, Any]:
    """Return what the options' form of a kind of account holds at first."""
    saving = {"saving": SAVING[kind]} if SAVING[kind] else {}
    return {
        "media_dir": "local",
        **OF_KIND.get(kind, {}),
        **saving,
        **SECTIONS,
        "in_sidebar": True,
    }


def in_sections(form: Mapping[str, Any], name: str) -> vol.Schema:
    """Return the fields of a form's section."""
    schema: vol.Schema = form["data_schema"].schema[name].schema
    return schema


@pytest.mark.parametrize("kind", SAVING)
async def test_options_of_kind(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path, kind: str
) -> None:
    """Each kind of account has the options that its cloud has a use for."""
    entry = await set_up(hass, hass_clouds, kind)
    form = await hass.config_entries.options.async_init(entry.entry_id)
    assert form["data_schema"] is not None
    nothing: dict[str, Any] = {
        name: {} for name in options_of(kind) if name in ("saving", *SECTIONS)
    }
    assert form["data_schema"](nothing) == options_of(kind)


async def test_options(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path, tmp_path: Path
) -> None:
    """The options say where clips go; the account is loaded anew with them."""
    hass.config.media_dirs["nas"] = str(tmp_path / "nas")
    entry = await set_up(hass, hass_clouds, "ring")
    before = entry.options
    loaded = entry.runtime_data
    options = hass.config_entries.options
    form = await options.async_init(entry.entry_id)
    assert form["type"] is FlowResultType.FORM
    assert fields(form) == [
        "saving",
        "as_shown",
        "keeping",
        "media_dir",
        "keeping_all",
        "in_sidebar",
        "advanced",
    ]
    basics = {"media_dir": "nas", "as_shown": True}
    advanced = {
        "filename": "{{ account }}/{{ camera }} {{ start.isoformat() }}",
        "downloads_at_once": 4.0,
    }
    saving = {
        "kinds": ["person", "on_demand_link", "alarm", "door_activity"],
        "pause": 60.0,
        "merge": 600,
        "new_cameras": True,
    }
    keeping = {"keep_days": 30, "most_gb": 2.5, "free_gb": 0}
    given = {
        **basics,
        "saving": saving,
        "keeping": keeping,
        "keeping_all": NO_LIMITS,
        "advanced": advanced,
    }
    result = await options.async_configure(form["flow_id"], given)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.options == {**before, **basics, **saving, **keeping, **advanced}
    assert isinstance(entry.options["downloads_at_once"], int)
    assert isinstance(entry.options["pause"], int)
    assert entry.state is ConfigEntryState.LOADED
    assert entry.runtime_data is not loaded
    assert account_limits(entry) == Limits(keep_days=30, most_bytes=2_500_000_000)
    assert entry.runtime_data.source.options == entry.options

    form = await options.async_init(entry.entry_id)
    assert suggested(form) == basics | {"in_sidebar": True}
    sections = {"saving": saving, "keeping": keeping, "advanced": advanced}
    for name, inner in sections.items():
        assert suggested({"data_schema": in_sections(form, name)}) == inner


async def test_options_keep_what_they_do_not_show(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path
) -> None:
    """Which cameras are saved automatically outlives the form, even while it is open."""
    entry = await set_up(hass, hass_clouds, "ring")
    options = hass.config_entries.options
    form = await options.async_init(entry.entry_id)
    automatic = {"7": "2026-11-01T12:00:00+00:00"}
    hass.config_entries.async_update_entry(entry, options={"automatic": automatic})
    await options.async_configure(form["flow_id"], options_of("ring"))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.options == {
        "automatic": automatic,
        "media_dir": "local",
        **OF_KIND["ring"],
        **ADVANCED,
        **SAVING["ring"],
        **NO_LIMITS,
    }


async def test_options_when_the_media_folder_is_gone(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path
) -> None:
    """The form says so, and shows one that can be submitted."""
    entry = await set_up(hass, hass_clouds, "ring")
    hass.config_entries.async_update_entry(entry, options={"media_dir": "nas"})
    options = hass.config_entries.options
    form = await options.async_init(entry.entry_id)
    assert form["errors"] == {"media_dir": "media_folder_unknown"}
    assert (form["description_placeholders"] or {})["folder"] == "nas"
    assert "media_dir" not in suggested(form)
    result = await options.async_configure(form["flow_id"], options_of("ring"))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.options["media_dir"] == "local"
    assert not (await options.async_init(entry.entry_id))["errors"]


async def test_limits_of_all_accounts(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path
) -> None:
    """What is set for all accounts in the form of one is seen in that of another."""
    assert await async_common_limits(hass) == Limits()
    first = await set_up(hass, hass_clouds, "ring")
    other = await set_up(hass, hass_clouds, "kinesis")
    options = hass.config_entries.options
    form = await options.async_init(first.entry_id)
    common = {"keep_days": 0.5, "most_gb": 1.1, "free_gb": 20}
    given = options_of("ring") | {"keeping_all": common}
    await options.async_configure(form["flow_id"], given)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert await async_common_limits(hass) == Limits(
        keep_days=0.5, most_bytes=1_100_000_000, free_bytes=20_000_000_000
    )
    assert account_limits(first) == account_limits(other) == Limits()
    form = await options.async_init(other.entry_id)
    shown = in_sections(form, "keeping_all")
    assert suggested({"data_schema": shown}) == common


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("saving", {"kinds": ["on_demand"]}),
        ("saving", {"kinds": "ding"}),
        ("saving", {"pause": -1}),
        ("saving", {"pause": 86_401}),
        ("saving", {"merge": 601}),
        ("saving", {"before": 5}),
        ("keeping", {"keep_days": -1}),
        ("keeping", {"most_gb": "nan"}),
        ("keeping_all", {"free_gb": "inf"}),
    ],
)
async def test_bad_option(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    media_dir: Path,
    name: str,
    given: dict[str, Any],
) -> None:
    """What no form offers is not taken from who sends it in another way."""
    entry = await set_up(hass, hass_clouds, "ring")
    before = entry.options
    options = hass.config_entries.options
    form = await options.async_init(entry.entry_id)
    good = options_of("ring")
    with pytest.raises(InvalidData):
        await options.async_configure(
            form["flow_id"], good | {name: good[name] | given}
        )
    assert entry.options == before
    assert await async_common_limits(hass) == Limits()


@pytest.mark.parametrize(
    ("filename", "error"),
    [
        ("../{{ camera }}", "filename_leaves_folder"),
        ("/config/{{ camera }}", "filename_leaves_folder"),
        ("{{ label }}", "filename_empty"),
        ("{{ 'a/' * 20 }}b", "filename_too_deep"),
        ("{{ start.nonsense() }}", "filename_template"),
    ],
)
async def test_bad_filename(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    media_dir: Path,
    filename: str,
    error: str,
) -> None:
    """A template that makes no good name is told at once, not when the bell rings."""
    entry = await set_up(hass, hass_clouds, "ring")
    before = entry.options
    options = hass.config_entries.options
    form = await options.async_init(entry.entry_id)
    keeping = {"keep_days": 3, "most_gb": 4.0, "free_gb": 5.0}
    basics = {"media_dir": "local", "as_shown": True}
    sections = {
        "keeping": keeping,
        "keeping_all": keeping,
        "advanced": {"filename": filename, "downloads_at_once": 1},
    }
    given = options_of("ring") | basics | sections
    result = await options.async_configure(form["flow_id"], given)
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == {"base": error}
    assert suggested(result) == basics | {"in_sidebar": True}
    for name, inner in sections.items():
        assert suggested({"data_schema": in_sections(result, name)}) == inner
    assert entry.options == before
    assert await async_common_limits(hass) == Limits()
    result = await options.async_configure(
        form["flow_id"], given | {"advanced": ADVANCED}
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_webhook_of_meraki(
    hass: HomeAssistant, hass_clouds: Clouds, media_dir: Path
) -> None:
    """The form tells where Meraki is to post, takes the secret, and never shows it."""
    entry = await set_up(hass, hass_clouds, "meraki")
    options = hass.config_entries.options
    form = await options.async_init(entry.entry_id)
    assert "webhook_secret" in fields(form)
    webhook_id = entry.data["webhook_id"]
    assert placeholders(form)["webhook_url"].endswith(f"/api/webhook/{webhook_id}")
    assert form["data_schema"] is not None
    given = form["data_schema"](
        {name: {} for name in fields(form) if name in ("saving", *SECTIONS)}
    )
    await options.async_configure(
        form["flow_id"], given | {"webhook_secret": " open sesame "}
    )
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.options["webhook_secret"] == "open sesame"

    form = await options.async_init(entry.entry_id)
    assert "open sesame" not in str(suggested(form))
    await options.async_configure(form["flow_id"], given | {"media_dir": "local"})
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.options["webhook_secret"] == "open sesame"
    assert entry.data["webhook_id"] == webhook_id


# --- streams that a person names


async def stream_form(
    hass: HomeAssistant, entry: ConfigEntry, subentry_id: str | None = None
) -> SubentryFlowResult:
    """Return the form to name a stream, or to change a name."""
    context: SubentryFlowContext = {"source": SOURCE_USER}
    if subentry_id:
        context = {"source": SOURCE_RECONFIGURE, "subentry_id": subentry_id}
    return await hass.config_entries.subentries.async_init(
        (entry.entry_id, "stream"), context=context
    )


async def name_stream(
    hass: HomeAssistant, form: SubentryFlowResult, stream: str
) -> SubentryFlowResult:
    """Fill the form in, and wait until the camera is there."""
    result = await hass.config_entries.subentries.async_configure(
        form["flow_id"], {"stream": stream}
    )
    await hass.async_block_till_done(wait_background_tasks=True)
    return result


@pytest.fixture
async def unlisted(hass: HomeAssistant, hass_clouds: Clouds) -> ConfigEntry:
    """Return an account that may use two streams, and may not list them."""
    hass_clouds.kinesis.denied = {"ListStreams"}
    for name in ("front-door", "gate"):
        hass_clouds.kinesis.add_stream(name)
    entry = await set_up(hass, hass_clouds, "kinesis")
    assert not hass.states.async_entity_ids("camera")
    return entry


async def test_name_stream(
    hass: HomeAssistant, hass_clouds: Clouds, unlisted: ConfigEntry
) -> None:
    """A stream that is named becomes a camera at once, and is not named twice."""
    account = unlisted.runtime_data
    other = await set_up(hass, hass_clouds, "meraki")
    form = await stream_form(hass, unlisted)
    assert form["type"] is FlowResultType.FORM
    assert fields(form) == ["stream"]
    result = await name_stream(hass, form, " front-door\n")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    (subentry,) = unlisted.subentries.values()
    assert subentry.title == subentry.unique_id == "front-door"
    assert subentry.data == {"stream": "front-door"}
    entity = er.async_get(hass).async_get("camera.front_door")
    assert entity is not None
    assert entity.config_subentry_id == subentry.subentry_id
    assert hass.states.async_entity_ids("camera") == ["camera.front_door"]
    # Other streams' jobs were not interrupted for it, nor other accounts asked.
    assert unlisted.runtime_data is account
    assert not other.runtime_data.source.named_cameras

    for same in ("front-door", hass_clouds.kinesis.streams[0].arn):
        form = await stream_form(hass, unlisted)
        result = await name_stream(hass, form, same)
        assert result["type"] is FlowResultType.ABORT
        assert result["reason"] == "already_configured"


async def test_stream_by_arn(
    hass: HomeAssistant, hass_clouds: Clouds, unlisted: ConfigEntry
) -> None:
    """An ARN says the same as a name, and is what the cloud is asked with."""
    arn = hass_clouds.kinesis.streams[0].arn
    form = await stream_form(hass, unlisted)
    result = await name_stream(hass, form, arn)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    (subentry,) = unlisted.subentries.values()
    assert subentry.title == "front-door"
    assert subentry.data == {"stream": arn}
    assert hass.states.async_entity_ids("camera") == ["camera.front_door"]
    described = hass_clouds.kinesis.asked("describeStream")
    assert described[-1].json() == {"StreamARN": arn}
    # It is there after a restart too.
    assert await hass.config_entries.async_reload(unlisted.entry_id)
    assert hass.states.get("camera.front_door")


@pytest.mark.parametrize(
    ("stream", "error"),
    [
        ("front door", "invalid_stream"),
        ("arn:aws:s3:::front-door", "invalid_stream"),
        ("../front-door", "invalid_stream"),
        ("x" * 257, "invalid_stream"),
        ("back-door", "stream_not_found"),
    ],
)
async def test_bad_stream(
    hass: HomeAssistant, unlisted: ConfigEntry, stream: str, error: str
) -> None:
    """What is no stream is told so, and asked for again."""
    form = await stream_form(hass, unlisted)
    result = await name_stream(hass, form, stream)
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == {"stream": error}
    assert suggested(result) == {"stream": stream}
    result = await name_stream(hass, result, "gate")
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(("error", "fault"), OUTAGES, ids=[key for key, _ in OUTAGES])
async def test_stream_outage(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    unlisted: ConfigEntry,
    error: str,
    fault: dict[str, Any],
) -> None:
    """A cloud that cannot be asked for long says nothing against a stream."""
    form = await stream_form(hass, unlisted)
    hass_clouds.kinesis.misbehave("describeStream", times=99, **fault)
    with patch.object(retry, "LONGEST_BACKOFF_S", 0.01):
        result = await name_stream(hass, form, "gate")
    assert result["type"] is FlowResultType.FORM
    assert error_of(result) == error
    hass_clouds.kinesis.faults.clear()
    result = await name_stream(hass, result, "gate")
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_stream_of_an_account_that_is_refused(
    hass: HomeAssistant, hass_clouds: Clouds, unlisted: ConfigEntry
) -> None:
    """The form says so, and the user is asked to sign in again."""
    form = await stream_form(hass, unlisted)
    refuse(hass_clouds, "kinesis")
    result = await name_stream(hass, form, "gate")
    assert error_of(result) == "invalid_auth"
    await hass.async_block_till_done()
    assert len(list(unlisted.async_get_active_flows(hass, {"reauth"}))) == 1


async def test_stream_unforeseen(
    hass: HomeAssistant, unlisted: ConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """What nobody foresaw goes to the log, and the form can be sent again."""
    form = await stream_form(hass, unlisted)
    with patch.object(
        stream_flow, "async_create_source", side_effect=RuntimeError("Oh")
    ):
        result = await name_stream(hass, form, "gate")
    assert result["errors"] == {"base": "unknown"}
    assert "RuntimeError: Oh" in caplog.text
    result = await name_stream(hass, result, "gate")
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_stream_listed(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """A stream that the account lists by itself need not be named."""
    hass_clouds.kinesis.add_stream("front-door")
    hass_clouds.kinesis.add_stream("gate")
    entry = await set_up(hass, hass_clouds, "kinesis")
    form = await stream_form(hass, entry)
    result = await name_stream(hass, form, "gate")
    assert result["errors"] == {"stream": "already_listed"}
    assert not entry.subentries


async def test_stream_of_unloaded_account(
    hass: HomeAssistant, unlisted: ConfigEntry
) -> None:
    """A stream can be tried only while its account is loaded."""
    assert await hass.config_entries.async_unload(unlisted.entry_id)
    result = await stream_form(hass, unlisted)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "entry_not_loaded"


async def test_change_stream(
    hass: HomeAssistant, hass_clouds: Clouds, unlisted: ConfigEntry
) -> None:
    """A name can be made an ARN, or another stream's that is not named yet."""
    for name in ("front-door", "gate"):
        await name_stream(hass, await stream_form(hass, unlisted), name)
    first, second = unlisted.subentries.values()

    form = await stream_form(hass, unlisted, first.subentry_id)
    assert form["step_id"] == "reconfigure"
    assert suggested(form) == {"stream": "front-door"}
    arn = hass_clouds.kinesis.streams[0].arn
    result = await name_stream(hass, form, arn)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reconfigure_successful"
    assert first.data == {"stream": arn}
    assert len(hass.states.async_entity_ids("camera")) == 2

    form = await stream_form(hass, unlisted, first.subentry_id)
    result = await name_stream(hass, form, "gate")
    assert result["reason"] == "already_configured"

    hass_clouds.kinesis.add_stream("garage")
    form = await stream_form(hass, unlisted, first.subentry_id)
    result = await name_stream(hass, form, "garage")
    assert result["reason"] == "reconfigure_successful"
    assert first.title == first.unique_id == "garage"
    states = {one.entity_id: one.state for one in hass.states.async_all("camera")}
    assert states == {
        "camera.front_door": STATE_UNAVAILABLE,
        "camera.garage": "idle",
        "camera.gate": "idle",
    }
    assert second.data == {"stream": "gate"}


async def test_forget_stream(
    hass: HomeAssistant, hass_clouds: Clouds, unlisted: ConfigEntry
) -> None:
    """A stream that a person takes away is gone, unless the cloud lists it by now."""
    for name in ("front-door", "gate"):
        await name_stream(hass, await stream_form(hass, unlisted), name)
    first, second = unlisted.subentries
    hass.config_entries.async_remove_subentry(unlisted, first)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert hass.states.async_entity_ids("camera") == ["camera.gate"]

    hass_clouds.kinesis.denied.clear()
    hass.config_entries.async_remove_subentry(unlisted, second)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert set(hass.states.async_entity_ids("camera")) == {
        "camera.front_door",
        "camera.gate",
    }
    entity = er.async_get(hass).async_get("camera.gate")
    assert entity is not None
    assert entity.config_subentry_id is None


@every_kind
async def test_who_names_streams(
    hass: HomeAssistant, hass_clouds: Clouds, kind: str
) -> None:
    """Only where a cloud may refuse to list streams can they be named."""
    entry = await set_up(hass, hass_clouds, kind)
    assert set(entry.supported_subentry_types) == (
        {"stream"} if kind == "kinesis" else set()
    )
