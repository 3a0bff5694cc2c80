"""Start Home Assistant as its `hass` command does, with some hosts found on loopback.

Run as a script, so that the checkout is not on the path: the integration comes from the
configuration directory, as for everybody. CLIP_DOWNLOAD_DEMO_PORTS says which hosts are
found at which ports.
"""

import importlib.util
import json
import os
from pathlib import Path
import signal
import sys
import threading
from typing import Any

from aiohttp.resolver import ThreadedResolver

from homeassistant.__main__ import main
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import DATA_RESOLVER

PARTS = Path(__file__).with_name("parts.py")
RESOLVER = Path(__file__).parents[1] / "clouds" / "resolver.py"


def load(path: Path) -> Any:
    """Return a module of the checkout, which is not on the path."""
    spec = importlib.util.spec_from_file_location(f"clip_download_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def resolve_on_loopback(ports: dict[str, int]) -> None:
    """Give every HomeAssistant the clouds' resolver before anything asks for one."""
    resolver = load(RESOLVER)
    make = HomeAssistant.__init__

    def make_with_resolver(hass: HomeAssistant, config_dir: str) -> None:
        make(hass, config_dir)
        hass.data[DATA_RESOLVER] = resolver.LoopbackResolver(
            ports, others=ThreadedResolver()
        )

    HomeAssistant.__init__ = make_with_resolver  # type: ignore[assignment, method-assign]


def stop_at_end_of_input() -> None:
    """Stop when whoever started us is gone, however it went."""
    os.read(sys.stdin.fileno(), 1)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    load(PARTS).leave_out_voice()
    resolve_on_loopback(json.loads(os.environ["CLIP_DOWNLOAD_DEMO_PORTS"]))
    threading.Thread(target=stop_at_end_of_input, daemon=True).start()
    sys.exit(main())
