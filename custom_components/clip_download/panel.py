"""The front end: served, loaded with each page for the sake of its card, and a panel in the sidebar."""

from pathlib import Path
from urllib.parse import urlencode

from homeassistant.components.frontend import (
    add_extra_js_url,
    async_register_built_in_panel,
)
from homeassistant.components.http.server import StaticPathConfig
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN

BUNDLE = Path(__file__).parent / "frontend" / "clip-download.js"
BUNDLE_URL = f"/{DOMAIN}/clip-download.js"
PANEL = "clip-download"
# Where browsers find the bundle, once that is served.
DATA_URL: HassKey[str] = HassKey(f"{DOMAIN}.bundle_url")
VERSION = 1


def panel_link(**query: str) -> str:
    """Return a link into the panel: to a `clip`, or to a `camera` `at` a time."""
    return f"/{PANEL}?{urlencode(query)}"


async def async_setup_panel(hass: HomeAssistant) -> None:
    """Serve the bundle and show the panel, if this Home Assistant has pages at all."""
    if "frontend" not in hass.config.components:
        return
    content_hash = await hass.async_add_executor_job(_content_hash)
    url = f"{BUNDLE_URL}?{content_hash[:16]}"
    await hass.http.async_register_static_paths(
        [StaticPathConfig(BUNDLE_URL, str(BUNDLE), cache_headers=True)]
    )
    add_extra_js_url(hass, url)
    hass.data[DATA_URL] = url
    _async_register(hass, is_in_sidebar=await async_is_in_sidebar(hass))


async def async_is_in_sidebar(hass: HomeAssistant) -> bool:
    """Return whether the sidebar shows the panel, to those who do not hide it."""
    stored = await _store(hass).async_load()
    return stored is None or stored["in_sidebar"]


async def async_set_in_sidebar(hass: HomeAssistant, *, is_in_sidebar: bool) -> None:
    """Show the panel in the sidebar, or not: links to it work all the same."""
    if is_in_sidebar == await async_is_in_sidebar(hass):
        return
    await _store(hass).async_save({"in_sidebar": is_in_sidebar})
    if DATA_URL in hass.data:
        _async_register(hass, is_in_sidebar=is_in_sidebar)


@callback
def _async_register(hass: HomeAssistant, *, is_in_sidebar: bool) -> None:
    async_register_built_in_panel(
        hass,
        component_name="custom",
        sidebar_title="Clips",
        sidebar_icon="mdi:timeline-clock-outline",
        frontend_url_path=PANEL,
        config={
            "_panel_custom": {
                "name": "clip-download-panel",
                "embed_iframe": False,
                "trust_external": False,
                "module_url": hass.data[DATA_URL],
            }
        },
        require_admin=False,
        update=True,
        show_in_sidebar=is_in_sidebar,
    )


def _store(hass: HomeAssistant) -> Store[dict[str, bool]]:
    return Store(hass, VERSION, f"{DOMAIN}.panel")


def _content_hash() -> str:
    """Return the hash in the bundle's first line: browsers keep what has the same address."""
    with BUNDLE.open() as bundle:
        return bundle.readline().split()[-2]
