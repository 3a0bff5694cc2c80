"""The panel is in the sidebar, its bundle is served, and pages load it for the card."""

from typing import Any

from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.clip_download.const import DOMAIN
from custom_components.clip_download.panel import BUNDLE
from homeassistant.components.frontend import (
    DATA_EXTRA_MODULE_URL,
    DATA_PANELS,
    UrlManager,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import section
from homeassistant.setup import async_setup_component

from .accounts import set_up
from .clouds import Clouds


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


async def test_hidden(hass: HomeAssistant, hass_clouds: Clouds) -> None:
    """An option hides it for everybody; links to it work all the same."""
    hass.config.components.add("frontend")
    hass.data[DATA_EXTRA_MODULE_URL] = UrlManager(lambda change, url: None, [])
    entry = await set_up(hass, hass_clouds, "meraki")
    other = await set_up(hass, hass_clouds, "kinesis")
    flows = hass.config_entries.options
    panel = hass.data[DATA_PANELS]["clip-download"]
    for account, before, after in ((entry, True, False), (other, False, True)):
        assert panel.show_in_sidebar is before
        form = await flows.async_init(account.entry_id)
        assert form["data_schema"]
        fields = form["data_schema"].schema.items()
        sections: dict[str, Any] = {
            str(key): {} for key, one in fields if isinstance(one, section)
        }
        typed = form["data_schema"](sections)
        assert typed["in_sidebar"] is True
        shown = {
            str(key): (key.description or {}).get("suggested_value")
            for key, _ in fields
        }
        assert shown["in_sidebar"] is before
        await flows.async_configure(form["flow_id"], typed | {"in_sidebar": after})
        await hass.async_block_till_done(wait_background_tasks=True)
        assert "in_sidebar" not in account.options
        panel = hass.data[DATA_PANELS]["clip-download"]
        assert panel.config is not None
        assert panel.show_in_sidebar is after


async def test_no_pages(hass: HomeAssistant) -> None:
    """A Home Assistant without pages does without."""
    assert await async_setup_component(hass, DOMAIN, {})
    assert DATA_PANELS not in hass.data
