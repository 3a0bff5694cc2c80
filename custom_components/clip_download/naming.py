"""Where an account's clips go, and what they are called."""

from datetime import timedelta
from pathlib import Path, PurePosixPath

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_FILENAME
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import TemplateError
from homeassistant.helpers.template import Template
from homeassistant.util import dt as dt_util

from .clips.errors import InvalidRequestError
from .clips.files import safe_name, safe_relative_path
from .clips.window import Window
from .const import CONF_MEDIA_DIR, DEFAULT_FILENAME
from .sources.base import Camera


def media_folder(hass: HomeAssistant, entry: ConfigEntry | None) -> Path:
    """Return the account's media folder, without an account the first one.

    Raises InvalidRequestError if it is no more.
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
    template = template or Template(
        entry.options.get(CONF_FILENAME, DEFAULT_FILENAME), hass
    )
    try:
        rendered: str = template.async_render(
            {
                # A name must not become folders of its own.
                "camera": safe_name(camera.name) or safe_name(camera.id),
                "account": safe_name(entry.title),
                "start": dt_util.as_local(window.start),
                "end": dt_util.as_local(window.end),
                "label": safe_name(label),
            },
            parse_result=False,
        )
    except TemplateError as err:
        raise InvalidRequestError("filename_template", reason=str(err)) from err
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
