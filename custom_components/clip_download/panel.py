"""The front end: served, loaded with each page for the sake of its card, and a panel in the sidebar."""

from pathlib import Path

from homeassistant.components.frontend import (
    add_extra_js_url,
    async_register_built_in_panel,
)
from homeassistant.components.http.server import StaticPathConfig
from homeassistant.core import HomeAssistant

from .const import DOMAIN

BUNDLE = Path(__file__).parent / "frontend" / "clip-download.js"
BUNDLE_URL = f"/{DOMAIN}/clip-download.js"
PANEL = "clip-download"


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
                "module_url": url,
            }
        },
        require_admin=False,
    )


def _content_hash() -> str:
    """Return the hash in the bundle's first line: browsers keep what has the same address."""
    with BUNDLE.open() as bundle:
        return bundle.readline().split()[-2]
