"""On the newest Home Assistant: every module is imported, every account set up, a clip saved.

    PYTHONPATH=.venv/newest:. .venv/bin/python -m tests.newest

The tests pin an older one, and its test tools do not work with the newest. `script/test`
runs this after them; `script/setup newest` puts the newest beside what the tests pin.
"""

import asyncio
import importlib
import logging
from pathlib import Path
import pkgutil
import sys
import tempfile
from typing import cast, override

# Before anything that Home Assistant gives another name.
from homeassistant import bootstrap, config_entries, const, loader  # isort: skip
from custom_components import clip_download
from custom_components.clip_download.const import DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.core_config import async_process_ha_core_config
from homeassistant.helpers.aiohttp_client import DATA_RESOLVER, HassAsyncDNSResolver
from homeassistant.setup import async_setup_component
from tests.accounts import KINDS, add_camera, save, set_up
from tests.clouds import Clouds
from tests.conftest import AUTHORITY
from tests.ports import free_port


class House(HomeAssistant):
    """Home Assistant in which listening for pushes is no reason to wait."""

    @override
    async def async_block_till_done(self, wait_background_tasks: bool = False) -> None:
        await super().async_block_till_done()


async def run(config: Path) -> None:
    """Set up an account of each kind, save a clip, and stop."""
    media = config / "media"
    media.mkdir()
    hass = House(str(config))
    hass.config.skip_pip = True
    loader.async_setup(hass)
    hass.config_entries = config_entries.ConfigEntries(hass, {})
    await bootstrap.async_load_base_functionality(hass)
    core = {"media_dirs": {"local": str(media)}, "time_zone": "Europe/Berlin"}
    await async_process_ha_core_config(hass, core)
    http = {"server_host": ["127.0.0.1"], "server_port": free_port()}
    assert await async_setup_component(hass, "homeassistant", {})
    assert await async_setup_component(hass, "http", {"http": http})
    await hass.async_start()
    async with Clouds(AUTHORITY) as clouds:
        hass.data[DATA_RESOLVER] = cast("HassAsyncDNSResolver", clouds.resolver())
        for kind in KINDS:
            add_camera(clouds, kind, "Front" if kind == "ring" else f"of-{kind}")
            entry = await set_up(hass, clouds, kind)
            assert entry.state is config_entries.ConfigEntryState.LOADED, entry.reason
        clip = await save(hass, clouds)
        assert clip.stat().st_size > 0
        for entry in hass.config_entries.async_entries(DOMAIN):
            assert await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_stop()
    version = const.__version__
    sys.stdout.write(f"Home Assistant {version}: all modules, all accounts, a clip\n")


class Faults(logging.Handler):
    """Notes what is logged as an error."""

    def __init__(self) -> None:
        """Note nothing yet."""
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


def main() -> int:
    """Import all of it, then run it; return 1 if an error was logged."""
    logging.basicConfig(level=logging.ERROR)
    logging.getLogger().addHandler(faults := Faults())
    for module in pkgutil.walk_packages(
        clip_download.__path__, f"{clip_download.__name__}."
    ):
        importlib.import_module(module.name)
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(run(Path(name)))
    return 1 if faults.messages else 0


if __name__ == "__main__":
    sys.exit(main())
