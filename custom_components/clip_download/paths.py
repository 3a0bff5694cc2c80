"""Where an account's clips go, and what they are called."""

from collections.abc import Iterable, Iterator, Sequence
import contextlib
from datetime import timedelta
import functools
from pathlib import Path, PurePosixPath
import shutil

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_FILENAME
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import TemplateError
from homeassistant.helpers.template import Template
from homeassistant.util import dt as dt_util

from .const import CONF_MEDIA_DIR, DEFAULT_FILENAME
from .engine.errors import InvalidRequestError
from .engine.library.files import safe_name, safe_relative_path
from .engine.model import Camera
from .engine.sources import sanitize
from .engine.storage import Storages
from .engine.time_range import Window

# Longer than any path that a file system takes below a folder of its own.
LONGEST_PATH = 2000
LONGEST_REASON = 300


def media_folder(hass: HomeAssistant, entry: ConfigEntry | None) -> Path:
    """Return the account's media folder, without an account the first one.

    Raises InvalidRequestError if it does not exist any more.
    """
    folders = hass.config.media_dirs
    chosen = entry.options.get(CONF_MEDIA_DIR) if entry else None
    name = chosen or next(iter(folders), "")
    if name not in folders:
        raise InvalidRequestError("media_folder_unknown", folder=name)
    return Path(folders[name])


def media_folders(hass: HomeAssistant) -> list[Path]:
    """Return all of Home Assistant's media folders."""
    return [Path(folder) for folder in hass.config.media_dirs.values()]


def media_location(hass: HomeAssistant, path: Path) -> str | None:
    """Return a file's media folder and its path below that, None if it is in none."""
    # As text, which takes a tenth of the time: a page asks for a thousand.
    text = str(path)
    for name, folder in hass.config.media_dirs.items():
        if text.startswith(parent := _with_separator(folder)):
            return f"{name}/{text.removeprefix(parent)}"
    return None


@functools.cache
def _with_separator(folder: str) -> str:
    """Return a folder as the paths of what is in it begin: "/media" as "/media/"."""
    return f"{Path(folder)}".rstrip("/") + "/"


async def async_free_bytes(
    hass: HomeAssistant, accounts: Iterable[ConfigEntry], storages: Storages
) -> int | None:
    """Return how much is free on the fullest disk that clips go to, None if none is there.

    A disk that does not answer is not there.
    """
    folders = set[Path]()
    for account in accounts:
        with contextlib.suppress(InvalidRequestError):
            folders.add(media_folder(hass, account))

    def free(some: Sequence[Path]) -> Iterator[int]:
        for folder in some:
            with contextlib.suppress(OSError):
                yield shutil.disk_usage(folder).free

    return min(
        await storages.ask(free, folders, (), lambda folder: folder), default=None
    )


def file_name(
    hass: HomeAssistant,
    entry: ConfigEntry,
    camera: Camera,
    window: Window,
    *,
    label: str = "",
    template: Template | None = None,
) -> PurePosixPath:
    """Return a clip's path below the media folder, without ending.

    `template` stands in for that of the account's options. Raises InvalidRequestError.
    """
    text = (
        template.template
        if template
        else entry.options.get(CONF_FILENAME, DEFAULT_FILENAME)
    )
    try:
        # A user who may save a clip may not read all of Home Assistant's states.
        rendered: str = Template(text, hass).async_render(
            {
                # A name must not become folders of its own.
                "camera": safe_name(camera.name) or safe_name(camera.id),
                "account": safe_name(entry.title),
                "start": dt_util.as_local(window.start),
                "end": dt_util.as_local(window.end),
                "label": safe_name(label),
            },
            parse_result=False,
            limited=True,
        )
    except TemplateError as err:
        reason = sanitize.text(str(err), LONGEST_REASON)
        raise InvalidRequestError("filename_template", reason=reason) from err
    if len(rendered) > LONGEST_PATH:
        raise InvalidRequestError("filename_too_long", most=str(LONGEST_PATH))
    return safe_relative_path(rendered)


def check_template(hass: HomeAssistant, entry: ConfigEntry, template: str) -> None:
    """Try a template with and without a label. Raises InvalidRequestError."""
    now = dt_util.utcnow()
    for label in ("", "bell"):
        file_name(
            hass,
            entry,
            Camera(id="1", name="Front door"),
            Window(now, now + timedelta(minutes=1)),
            label=label,
            template=Template(template, hass),
        )
