"""Which parts of Home Assistant the demonstration starts, and what they require.

Run as a script it prints the requirements, so that `script/setup` installs in the open
what Home Assistant would install at its first start without a word.
"""

import json
from pathlib import Path
import sys

from homeassistant import bootstrap

COMPONENTS = Path(bootstrap.__file__).with_name("components")
INTEGRATION = Path(__file__).parents[2] / "custom_components" / "clip_download"
# Voice needs ffmpeg and packages that are compiled; without them Home Assistant tries to
# install them anew at each start, and says in a notification that it could not.
VOICE = {"assist_satellite", "stt", "tts", "wake_word"}
# What configuration.yaml names, and what is loaded with an account.
MORE = {
    "diagnostics",
    "history",
    "logbook",
    "media_source",
    "mobile_app",
    "my",
    "repairs",
    "stream",
}


def leave_out_voice() -> None:
    """Let Home Assistant start without its parts for voice."""
    bootstrap.DEFAULT_INTEGRATIONS.difference_update(VOICE)


def requirements() -> set[str]:
    """Return what the parts that are started require, and the integration."""
    found: set[str] = set()
    seen: set[str] = set()
    wanted = [*(bootstrap.DEFAULT_INTEGRATIONS - VOICE), *MORE]
    manifests = [INTEGRATION, *(COMPONENTS / name for name in wanted)]
    while manifests:
        folder = manifests.pop()
        if folder.name in seen:
            continue
        seen.add(folder.name)
        manifest = json.loads((folder / "manifest.json").read_text())
        found.update(manifest.get("requirements", ()))
        manifests += [COMPONENTS / name for name in manifest.get("dependencies", ())]
    return found


if __name__ == "__main__":
    sys.stdout.write("\n".join(sorted(requirements())) + "\n")
