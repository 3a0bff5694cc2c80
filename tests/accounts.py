"""Accounts for tests, set up as a person sets them up: through the config flow."""

from typing import Any

from custom_components.clip_download.const import DOMAIN
from homeassistant.config_entries import SOURCE_USER, ConfigEntry, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from .clouds import Clouds
from .clouds.server import Cloud

KINDS = ("ring", "meraki", "kinesis")


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


async def set_up(hass: HomeAssistant, clouds: Clouds, kind: str) -> ConfigEntry:
    """Set an account up; Ring without a second factor."""
    clouds.ring.two_factor = None
    form = await begin(hass, kind)
    result = await hass.config_entries.flow.async_configure(
        form["flow_id"], typed(clouds, kind)
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done(wait_background_tasks=True)
    return result["result"]


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
        case "meraki":
            clouds.meraki.api_key = "fedcba9876543210fedcba9876543210fedcba98"
        case _:
            clouds.kinesis.secret_access_key = "another/secret+EXAMPLE"


def become_other(clouds: Clouds, kind: str) -> None:
    """Let the same credentials belong to another account."""
    match kind:
        case "ring":
            clouds.ring.account_id += 1
        case "meraki":
            clouds.meraki.email = "other@example.com"
        case _:
            clouds.kinesis.account_id = "999999999999"
