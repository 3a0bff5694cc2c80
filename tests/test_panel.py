"""The panel is in the sidebar, its bundle is served, and pages load it for the card."""

from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.clip_download.const import DOMAIN
from custom_components.clip_download.panel import BUNDLE
from homeassistant.components.frontend import (
    DATA_EXTRA_MODULE_URL,
    DATA_PANELS,
    UrlManager,
)
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component


async def test_panel(hass: HomeAssistant, hass_client: ClientSessionGenerator) -> None:
    """Whoever may use Home Assistant sees it; what it loads is the bundle."""
    # The pages themselves are no part of the tests' environment.
    hass.config.components.add("frontend")
    hass.data[DATA_EXTRA_MODULE_URL] = UrlManager(lambda change, url: None, [])
    assert await async_setup_component(hass, DOMAIN, {})
    panel = hass.data[DATA_PANELS]["clip-download"]
    assert panel.require_admin is False
    assert panel.config is not None
    custom = panel.config["_panel_custom"]
    assert custom["name"] == "clip-download-panel"
    url = custom["module_url"]
    assert hass.data[DATA_EXTRA_MODULE_URL].urls == {url}
    client = await hass_client()
    response = await client.get(url)
    assert response.status == 200
    assert await response.read() == BUNDLE.read_bytes()
    # Another bundle has another address, so that a browser may keep this one.
    assert "max-age" in response.headers["Cache-Control"]
    assert url.partition("?")[2] in BUNDLE.read_text().partition("\n")[0]


async def test_no_pages(hass: HomeAssistant) -> None:
    """A Home Assistant without pages does without."""
    assert await async_setup_component(hass, DOMAIN, {})
    assert DATA_PANELS not in hass.data
