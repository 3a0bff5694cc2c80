"""The kinds of places that clips can be copied to: what their forms ask, how they are opened."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import (
    CONF_PASSWORD,
    CONF_REGION,
    CONF_URL,
    CONF_USERNAME,
    CONF_VERIFY_SSL,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.importlib import async_import_module
from homeassistant.helpers.selector import (
    BooleanSelector,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
from homeassistant.util.ssl import client_context, client_context_no_verify

from .accounts.kind import Field, Visibility, is_bare_https_url, password, text
from .accounts.source import async_require
from .const import CONF_KIND
from .engine import targets
from .engine.targets.base import Target
from .engine.targets.limits import Bandwidth

CONF_BUCKET = "bucket"
CONF_PREFIX = "prefix"


class Open(Protocol):
    """Opens a target with what its entry has; nothing is asked of it yet.

    Raises ClipError, and ConfigEntryError if what it needs cannot be installed.
    """

    async def __call__(
        self, hass: HomeAssistant, data: Mapping[str, Any], limit: Bandwidth
    ) -> Target:
        """Return the target."""


@dataclass(frozen=True, kw_only=True)
class TargetKind:
    """One kind of place; `identity` are the fields that say which one it is."""

    name: str
    title: str
    fields: tuple[Field, ...]
    identity: tuple[str, ...]
    open: Open
    # Fill the texts of its form.
    examples: Mapping[str, str] = field(default_factory=dict)

    def unique_id(self, data: Mapping[str, Any]) -> str:
        """Return the unique id of a place: two entries never copy to the same one."""
        return "_".join([self.name, *(data.get(one, "") for one in self.identity)])


async def _async_open_s3(
    hass: HomeAssistant, data: Mapping[str, Any], limit: Bandwidth
) -> Target:
    s3 = await async_import_module(hass, f"{targets.__name__}.s3")
    await async_require(hass, s3.REQUIREMENTS)
    settings = s3.S3Settings(
        bucket=data[CONF_BUCKET],
        access_key_id=data["access_key_id"],
        secret_access_key=data["secret_access_key"],
        region=data.get(CONF_REGION, ""),
        endpoint_url=data.get("endpoint_url", ""),
        prefix=data.get(CONF_PREFIX, ""),
    )
    verifies = data.get(CONF_VERIFY_SSL, True)
    context = client_context() if verifies else client_context_no_verify()
    target: Target = await s3.S3Target.open(settings, ssl_context=context, limit=limit)
    return target


async def _async_open_webdav(
    hass: HomeAssistant, data: Mapping[str, Any], limit: Bandwidth
) -> Target:
    webdav = await async_import_module(hass, f"{targets.__name__}.webdav")
    await async_require(hass, webdav.REQUIREMENTS)
    settings = webdav.WebDavSettings(
        url=data[CONF_URL],
        username=data[CONF_USERNAME],
        password=data[CONF_PASSWORD],
        prefix=data.get(CONF_PREFIX, ""),
    )
    session = async_get_clientsession(hass, verify_ssl=data.get(CONF_VERIFY_SSL, True))
    target: Target = await webdav.WebDavTarget.open(
        settings, session=session, limit=limit
    )
    return target


def _is_address(address: str) -> bool:
    """Return whether it is https, or http in a network of one's own."""
    if urlsplit(address).scheme == "http":
        address = f"https{address.removeprefix('http')}"
    return is_bare_https_url(address)


_ADDRESS = TextSelector(
    TextSelectorConfig(type=TextSelectorType.URL, autocomplete="off")
)
_PREFIX = Field(CONF_PREFIX, text(), is_required=False, visibility=Visibility.PUBLIC)
_VERIFY_SSL = Field(
    CONF_VERIFY_SSL, BooleanSelector(), default=True, visibility=Visibility.PUBLIC
)

S3 = TargetKind(
    name="s3",
    title="S3",
    fields=(
        Field(CONF_BUCKET, text(), visibility=Visibility.PUBLIC, identifies=True),
        Field("access_key_id", text(), is_asked_again=True),
        Field("secret_access_key", password(), is_asked_again=True),
        Field(
            "endpoint_url",
            _ADDRESS,
            is_required=False,
            visibility=Visibility.PRIVATE,
            is_valid=_is_address,
            error="invalid_endpoint_url",
            identifies=True,
        ),
        Field(CONF_REGION, text(), is_required=False, visibility=Visibility.PUBLIC),
        _PREFIX,
        _VERIFY_SSL,
    ),
    identity=("endpoint_url", CONF_BUCKET, CONF_PREFIX),
    open=_async_open_s3,
    examples={"example": "https://s3.example.com"},
)
WEBDAV = TargetKind(
    name="webdav",
    title="WebDAV",
    fields=(
        Field(
            CONF_URL,
            _ADDRESS,
            visibility=Visibility.PRIVATE,
            is_valid=_is_address,
            error="invalid_url",
            identifies=True,
        ),
        Field(CONF_USERNAME, text("username"), is_asked_again=True),
        Field(CONF_PASSWORD, password(), is_asked_again=True, keeps_blanks=True),
        _PREFIX,
        _VERIFY_SSL,
    ),
    identity=(CONF_URL, CONF_PREFIX),
    open=_async_open_webdav,
    examples={"example": "https://cloud.example.com/remote.php/dav/files/name"},
)
TARGETS: dict[str, TargetKind] = {S3.name: S3, WEBDAV.name: WEBDAV}


def is_target(entry: ConfigEntry) -> bool:
    """Return whether an entry is a place for copies, and no account."""
    return entry.data.get(CONF_KIND) in TARGETS
