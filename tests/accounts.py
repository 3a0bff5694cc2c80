"""Accounts for tests, set up as a person sets them up: through the config flow."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from yarl import URL

from custom_components.clip_download.const import DOMAIN
from custom_components.clip_download.engine.events import monitor
from homeassistant.components.application_credentials import (
    ClientCredential,
    async_import_client_credential,
)
from homeassistant.config_entries import SOURCE_USER, ConfigEntry, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util, slugify

from .clouds import Clouds
from .clouds.ring import RingEvent
from .clouds.server import Cloud

# The clouds: those that a form is enough for, and all of them. A folder is none.
FORM_KINDS = ("ring", "meraki", "kinesis")
KINDS = ("ring", "ring_partner", "meraki", "kinesis")

APP = "app"


def typed(clouds: Clouds, kind: str) -> dict[str, Any]:
    """Return what a person types into the form of a kind of account."""
    match kind:
        case "ring":
            return {
                "username": clouds.ring.username,
                "password": clouds.ring.password,
            }
        case "meraki":
            if not clouds.meraki.organizations:
                clouds.meraki.add_organization()
            return {
                "api_key": clouds.meraki.api_key,
                "base_url": "https://api.meraki.com/api/v1",
            }
        case _:
            if not clouds.kinesis.streams:
                clouds.kinesis.add_stream("first")
            return {
                "access_key_id": clouds.kinesis.access_key_id,
                "secret_access_key": clouds.kinesis.secret_access_key,
                "region": clouds.kinesis.region,
            }


async def begin(hass: HomeAssistant, kind: str) -> ConfigFlowResult:
    """Choose a kind of account in the menu; return its form."""
    flows = hass.config_entries.flow
    menu = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
    return await flows.async_configure(menu["flow_id"], {"next_step_id": kind})


async def add_app(hass: HomeAssistant, clouds: Clouds, name: str = APP) -> None:
    """Give Home Assistant the credentials of the app at Ring."""
    # As everybody has it; it says where the browser comes back to.
    hass.config.components.add("my")
    assert await async_setup_component(hass, "application_credentials", {})
    cloud = clouds.ring_partner
    credential = ClientCredential(cloud.client_id, cloud.client_secret, f"My {name}")
    await async_import_client_credential(hass, DOMAIN, credential, name)


async def begin_link(hass: HomeAssistant, clouds: Clouds) -> ConfigFlowResult:
    """Choose to sign in with an app; return the step that opens the browser."""
    await add_app(hass, clouds)
    return await choose_link(hass, await begin(hass, "ring_partner"))


async def choose_link(hass: HomeAssistant, menu: ConfigFlowResult) -> ConfigFlowResult:
    """Choose the only app there is; return the step that opens the browser."""
    flows = hass.config_entries.flow
    result = await flows.async_configure(menu["flow_id"], {"next_step_id": "link"})
    if result["type"] is FlowResultType.FORM:
        assert result["step_id"] == "pick_implementation"
        result = await flows.async_configure(result["flow_id"], {"implementation": APP})
    assert result["type"] is FlowResultType.EXTERNAL_STEP
    return result


async def consent(hass: HomeAssistant, step: ConfigFlowResult) -> URL:
    """Let the app in at Ring; return where the browser is sent back to."""
    async with async_get_clientsession(hass).get(
        step["url"], allow_redirects=False
    ) as response:
        assert response.status == 302, await response.text()
        return URL(response.headers["Location"])


async def come_back(
    hass: HomeAssistant, step: ConfigFlowResult, back: URL
) -> ConfigFlowResult:
    """Come back from Ring, as the browser does; return what the flow shows then."""
    flows = hass.config_entries.flow
    given = {**back.query, "state": {"redirect_uri": str(back.with_query(None))}}
    done = await flows.async_configure(step["flow_id"], given)
    assert done["type"] is FlowResultType.EXTERNAL_STEP_DONE
    return await flows.async_configure(step["flow_id"])


async def finish(
    hass: HomeAssistant, form: ConfigFlowResult, **given: Any
) -> ConfigFlowResult:
    """Submit the last step of a new account: nothing is saved by itself, unless asked."""
    assert form["type"] is FlowResultType.FORM, form
    assert form["step_id"] == "saving", form
    assert form["data_schema"]
    names = {str(name) for name in form["data_schema"].schema}
    nothing = {"cameras": [], "new_cameras": False, "back_fill": False}
    return await hass.config_entries.flow.async_configure(
        form["flow_id"],
        {name: nothing[name] for name in nothing.keys() & names} | given,
    )


async def set_up(hass: HomeAssistant, clouds: Clouds, kind: str) -> ConfigEntry:
    """Set an account up that saves nothing by itself; Ring without a second factor."""
    clouds.ring.two_factor = None
    if kind == "ring_partner":
        step = await begin_link(hass, clouds)
        result = await come_back(hass, step, await consent(hass, step))
    else:
        form = await begin(hass, kind)
        result = await hass.config_entries.flow.async_configure(
            form["flow_id"], typed(clouds, kind)
        )
    result = await finish(hass, result)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done(wait_background_tasks=True)
    return result["result"]


async def look(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Look at what the cameras see, as after a push, and do what follows from it."""
    # It exists for the pinned Home Assistant only; the rest is used on the newest, too.
    from pytest_homeassistant_custom_component.common import async_fire_time_changed  # noqa: PLC0415

    with patch.object(monitor, "PUSHES_APART", timedelta(0)):
        entry.runtime_data.monitor.on_push()
        await hass.async_block_till_done(wait_background_tasks=True)
        # It is looked later if that was asked for a moment ago.
        async_fire_time_changed(hass, dt_util.utcnow() + monitor.POLL_INTERVAL * 2)
        await hass.async_block_till_done(wait_background_tasks=True)


async def save_event(hass: HomeAssistant, event: RingEvent) -> Path:
    """Save the window of an event with the action; return the clip's path."""
    entity_id = f"camera.{slugify(event.camera.name)}"
    answer: dict[str, Any] | None = await hass.services.async_call(
        DOMAIN,
        "save_clip",
        {
            "entity_id": entity_id,
            "start": event.start.isoformat(),
            "end": event.end.isoformat(),
        },
        blocking=True,
        return_response=True,
    )
    assert answer is not None
    assert answer[entity_id]["status"] == "complete", answer
    await hass.async_block_till_done(wait_background_tasks=True)
    return Path(answer[entity_id]["path"])


async def save(
    hass: HomeAssistant, clouds: Clouds, hours_ago: int = 1, name: str = "Front"
) -> Path:
    """Save a clip of three seconds of a Ring camera; return its path."""
    (camera,) = (one for one in clouds.ring.cameras if one.name == name)
    start = datetime.now(UTC) - timedelta(hours=hours_ago)
    return await save_event(
        hass, clouds.ring.add_event(camera, start=start, duration_s=3)
    )


def cloud_of(clouds: Clouds, kind: str) -> Cloud:
    """Return the cloud of a kind of account."""
    cloud = getattr(clouds, kind)
    assert isinstance(cloud, Cloud)
    return cloud


def add_camera(clouds: Clouds, kind: str, name: str) -> str:
    """Add a camera to the cloud; return the id that its account knows it by."""
    match kind:
        case "ring":
            return str(clouds.ring.add_camera(name).id)
        case "ring_partner":
            return clouds.ring_partner.add_camera(name).id
        case "meraki":
            return clouds.meraki.add_camera(name).serial
        case _:
            return clouds.kinesis.add_stream(name).name


def remove_camera(clouds: Clouds, kind: str, camera_id: str) -> None:
    """Take a camera from the cloud."""
    match kind:
        case "ring":
            (camera,) = (one for one in clouds.ring.cameras if str(one.id) == camera_id)
            clouds.ring.remove_camera(camera)
        case "ring_partner":
            cameras = clouds.ring_partner.cameras
            cameras[:] = [one for one in cameras if one.id != camera_id]
        case "meraki":
            del clouds.meraki.cameras[camera_id]
        case _:
            clouds.kinesis.streams = [
                stream for stream in clouds.kinesis.streams if stream.name != camera_id
            ]


def refuse(clouds: Clouds, kind: str) -> None:
    """Let the cloud take none of the credentials given out so far; others work."""
    match kind:
        case "ring":
            clouds.ring.revoke()
            clouds.ring.password = "another horse"
        case "ring_partner":
            clouds.ring_partner.revoke()
        case "meraki":
            clouds.meraki.api_key = "fedcba9876543210fedcba9876543210fedcba98"
        case _:
            clouds.kinesis.secret_access_key = "another/secret+EXAMPLE"


def become_other(clouds: Clouds, kind: str) -> None:
    """Let the same credentials belong to another account."""
    match kind:
        case "ring":
            clouds.ring.account_id += 1
        case "ring_partner":
            clouds.ring_partner.account_id = "ava1.ring.account.OTHER"
            clouds.ring_partner.email = "other@example.com"
        case "meraki":
            _, organization = clouds.meraki.organizations.popitem()
            organization.id = "999999"
            clouds.meraki.organizations[organization.id] = organization
        case _:
            clouds.kinesis.account_id = "999999999999"
