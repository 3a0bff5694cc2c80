"""A folder of recordings, which cameras upload to by FTP or a NAS fills."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from homeassistant.const import CONF_FILENAME
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..const import DEFAULT_FILENAME, DOMAIN
from ..engine.errors import InvalidRequestError
from ..engine.library.files import safe_name
from ..engine.sources.recordings.names import is_pattern
from ..paths import media_folder
from .kind import AccountKind, Field, SourceClass, Visibility, text

CONF_ACCOUNT_ID = "account_id"
CONF_FOLDER = "folder"
CONF_PATTERN = "pattern"


def _is_absolute(folder: str) -> bool:
    """Return whether a text is the path of a folder, from the root on."""
    return folder.startswith("/") and "\0" not in folder


async def _async_resolve(
    hass: HomeAssistant, given: Mapping[str, Any], code: str | None
) -> dict[str, Any]:
    """Return what is kept: the folder by its real path, as no link is followed later."""
    real = await hass.async_add_executor_job(Path(given[CONF_FOLDER]).resolve)
    return {**given, CONF_FOLDER: str(real)}


async def _async_credentials(
    hass: HomeAssistant, data: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what is kept, and whose time names show. Raises InvalidRequestError.

    Home Assistant has to be allowed to read the folder, which only one account has, and
    no clips may be saved to it: they would be recordings, and be saved again.
    """
    folder = data[CONF_FOLDER]
    for entry in hass.config_entries.async_entries(DOMAIN):
        if (
            entry.data.get(CONF_FOLDER) == folder
            and entry.data[CONF_ACCOUNT_ID] != data[CONF_ACCOUNT_ID]
        ):
            raise InvalidRequestError(
                "folder_taken", folder=folder, account=entry.title
            )
    await hass.async_add_executor_job(
        _check_folder, hass, Path(folder), {*_clip_folders(hass)}
    )
    return {**data, "time_zone": dt_util.get_default_time_zone()}


def _check_folder(hass: HomeAssistant, folder: Path, clip_folders: set[Path]) -> None:
    """Raise InvalidRequestError for a folder that recordings must not be read from."""
    media_folders = [Path(one).resolve() for one in hass.config.media_dirs.values()]
    if not hass.config.is_allowed_path(str(folder)) and not any(
        folder.is_relative_to(one) for one in media_folders
    ):
        raise InvalidRequestError("folder_not_allowed", folder=str(folder))
    for clips in sorted(clip_folders):
        real = clips.resolve()
        if real.is_relative_to(folder) or folder.is_relative_to(real):
            raise InvalidRequestError(
                "folder_of_clips", folder=str(folder), clips=str(clips)
            )


def _clip_folders(hass: HomeAssistant) -> Iterator[Path]:
    """Yield the folders that clips are saved to, as far as templates name them."""
    for entry in (None, *hass.config_entries.async_entries(DOMAIN)):
        template = entry.options.get(CONF_FILENAME) if entry else None
        fixed, _, _ = (template or DEFAULT_FILENAME).partition("{")
        names = [safe_name(name.strip()) for name in fixed.split("/")[:-1]]
        with suppress(InvalidRequestError):
            yield media_folder(hass, entry).joinpath(*names)


RECORDINGS = AccountKind(
    name="recordings",
    title="Folder of recordings",
    source=SourceClass("recordings.client", "RecordingsSource"),
    fields=(
        Field(
            CONF_FOLDER,
            text(),
            visibility=Visibility.PRIVATE,
            is_valid=_is_absolute,
            error="invalid_folder",
        ),
        Field(
            CONF_PATTERN,
            text(),
            is_required=False,
            visibility=Visibility.PUBLIC,
            is_valid=is_pattern,
            error="invalid_pattern",
        ),
    ),
    # The folder may be moved: it is the same account even so.
    lasting_ids={CONF_ACCOUNT_ID: lambda: uuid4().hex},
    sign_in=_async_resolve,
    credentials_of=_async_credentials,
    # It costs nobody anything.
    list_every=timedelta(minutes=1),
)
