"""What only a person can mend of an account: told in Repairs once, until it is mended."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
import logging
import os
from pathlib import Path

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_TOKEN
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util

from .accounts import kind_of
from .const import CONF_AUTH_IMPLEMENTATION, CONF_AUTOMATIC, DOMAIN
from .coordinator import ClipConfigEntry
from .engine.errors import (
    CameraSettingError,
    DiskError,
    InvalidRequestError,
    StorageError,
    storage_error,
)
from .engine.folder import Folder
from .engine.library.database import Library
from .engine.library.files import check_mounted, check_space
from .engine.model import Job, JobState
from .paths import media_folder

_LOGGER = logging.getLogger(__name__)

# Storage goes away and comes back without a clip being asked for.
LOOK_EVERY = timedelta(minutes=15)

LINK_WARNING = timedelta(days=7)


@callback
def async_watch_issues(
    hass: HomeAssistant, entry: ClipConfigEntry, library: Library
) -> None:
    """Look now, again and again, and at each list of cameras, until it is unloaded."""

    async def look(now: datetime | None = None) -> None:
        await _async_look_at_storage(hass, entry, library)
        _async_look_at_link(hass, entry)

    coordinator = entry.runtime_data.coordinator
    entry.async_on_unload(
        coordinator.async_add_listener(lambda: _async_look_at_cameras(hass, entry))
    )
    entry.async_on_unload(
        async_track_time_interval(hass, look, LOOK_EVERY, cancel_on_shutdown=True)
    )
    # What is still so when it is loaded again is told again.
    entry.async_on_unload(lambda: _async_forget(hass, entry))
    _async_look_at_cameras(hass, entry)
    entry.async_create_background_task(hass, look(), f"look after {entry.title}")


@callback
def async_job_ended(hass: HomeAssistant, entry: ClipConfigEntry, job: Job) -> None:
    """Tell what a job ran into, or that it is mended: a clip was saved."""
    if job.state is JobState.SAVED:
        ir.async_delete_issue(hass, DOMAIN, _storage_id(entry))
        ir.async_delete_issue(hass, DOMAIN, _footage_id(entry, job.camera_id))
    elif isinstance(job.error, DiskError):
        path = job.error.placeholders.get("path") or str(job.root)
        _async_tell_storage(hass, entry, job.error.key, Path(path))
    elif isinstance(job.error, CameraSettingError):
        _async_tell_footage(hass, entry, job.camera_id, job.error.key, job.camera_name)


@callback
def async_forget_account(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Tell nothing more of an account that is removed."""
    _async_forget(hass, entry)
    if not hass.config_entries.async_entries(DOMAIN):
        ir.async_delete_issue(hass, DOMAIN, "limit_not_met_all")


@callback
def async_forget_camera(
    hass: HomeAssistant, entry: ConfigEntry, camera_id: str
) -> None:
    """Tell nothing more of a camera that nobody wants anything of."""
    ir.async_delete_issue(hass, DOMAIN, _footage_id(entry, camera_id))


# --- where clips go


async def _async_look_at_storage(
    hass: HomeAssistant, entry: ClipConfigEntry, library: Library
) -> None:
    """Look whether clips can be written, to the folder and where one could not be."""
    issue_id = _storage_id(entry)
    issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
    try:
        paths = [media_folder(hass, entry)]
    except InvalidRequestError as err:
        folder = Path(err.placeholders["folder"])
        _async_tell_storage(hass, entry, err.key, folder)
        return
    if issue and issue.data and issue.translation_key != "media_folder_unknown":
        paths.append(Path(str(issue.data["path"])))
    try:
        mounts = await library.mounts()
        await hass.async_add_executor_job(_check_storage, paths, mounts)
    except DiskError as err:
        _async_tell_storage(hass, entry, err.key, Path(err.placeholders["path"]))
    except StorageError as err:
        _LOGGER.debug("It is not known whether clips can be written: %s", err)
    else:
        # Only a clip that is saved shows that a disk does not fail any more.
        if issue and issue.translation_key != "storage_trouble":
            ir.async_delete_issue(hass, DOMAIN, issue_id)


def _check_storage(paths: Iterable[Path], mounts: Collection[Path]) -> None:
    """Raise DiskError where nothing could be written below one of some paths."""
    root, *others = paths
    if not root.is_dir():
        raise DiskError(
            "storage_gone", path=str(root), reason="there is no such folder"
        )
    for path in (root, *others):
        check_mounted(path, mounts)
        # What a clip wanted to lie in may not be there yet.
        folder = next(one for one in (path, *path.parents) if one.is_dir())
        try:
            if os.statvfs(folder).f_flag & os.ST_RDONLY:
                raise DiskError("storage_read_only", path=str(folder))
            with Folder.open(folder) as opened:
                check_space(opened, 0)
        except OSError as err:
            raise storage_error(err) from err
        if not os.access(folder, os.W_OK | os.X_OK):
            raise DiskError("storage_no_permission", path=str(folder))


@callback
def _async_tell_storage(
    hass: HomeAssistant, entry: ConfigEntry, key: str, path: Path
) -> None:
    issue_id = _storage_id(entry)
    issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
    # Of each clip that cannot be written it would be another path.
    if issue is None or not issue.active or issue.translation_key != key:
        _async_tell(
            hass,
            issue_id,
            key,
            {"account": entry.title, "path": str(path)},
            severity=ir.IssueSeverity.ERROR,
            data={"path": str(path)},
        )


# --- what cameras give


@callback
def _async_look_at_cameras(hass: HomeAssistant, entry: ClipConfigEntry) -> None:
    """Tell of the cameras to be saved of which the cloud's list says that they give none."""
    account = entry.runtime_data
    for camera in account.coordinator.listed():
        refusal = account.source.refusal(camera)
        issue = ir.async_get(hass).async_get_issue(
            DOMAIN, _footage_id(entry, camera.id)
        )
        if refusal and entry.options.get(CONF_AUTOMATIC, {}).get(camera.id):
            _async_tell_footage(hass, entry, camera.id, refusal, camera.name)
        elif refusal == "" and issue:
            ir.async_delete_issue(hass, DOMAIN, issue.issue_id)
    # One that is not listed is told of as that.
    listed = {_footage_id(entry, one.id) for one in account.coordinator.listed()}
    for issue_id in _of(hass, entry):
        if issue_id.startswith(_footage_id(entry, "")) and issue_id not in listed:
            ir.async_delete_issue(hass, DOMAIN, issue_id)


@callback
def _async_tell_footage(
    hass: HomeAssistant, entry: ConfigEntry, camera_id: str, key: str, name: str
) -> None:
    _async_tell(
        hass,
        _footage_id(entry, camera_id),
        key,
        {"account": entry.title, "camera": name},
        severity=ir.IssueSeverity.WARNING,
    )


# --- the link to Ring


@callback
def _async_look_at_link(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Tell that a link ends soon, because its token could not be renewed for long."""
    oauth = kind_of(entry).oauth
    if not oauth or not oauth.link_life or CONF_AUTH_IMPLEMENTATION not in entry.data:
        return
    token = entry.data[CONF_TOKEN]
    renewed_at = token.get("expires_at", 0) - token.get("expires_in", 0)
    ends_at = dt_util.utc_from_timestamp(renewed_at) + oauth.link_life
    issue_id = f"link_ends_{entry.entry_id}"
    if ends_at - dt_util.utcnow() > LINK_WARNING:
        ir.async_delete_issue(hass, DOMAIN, issue_id)
        return
    _async_tell(
        hass,
        issue_id,
        "link_ends",
        {"account": entry.title, "date": f"{dt_util.as_local(ends_at):%F}"},
        severity=ir.IssueSeverity.WARNING,
    )


# --- the issues


@callback
def _async_tell(
    hass: HomeAssistant,
    issue_id: str,
    key: str,
    placeholders: dict[str, str],
    *,
    severity: ir.IssueSeverity,
    data: Mapping[str, str] | None = None,
) -> None:
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        data=dict(data) if data else None,
        is_fixable=False,
        severity=severity,
        translation_key=key,
        translation_placeholders=placeholders,
    )


@callback
def _async_forget(hass: HomeAssistant, entry: ConfigEntry) -> None:
    for issue_id in _of(hass, entry):
        ir.async_delete_issue(hass, DOMAIN, issue_id)


def _of(hass: HomeAssistant, entry: ConfigEntry) -> list[str]:
    """Return the ids of what is told of an account until it is unloaded."""
    ours = (
        _storage_id(entry),
        _footage_id(entry, ""),
        f"link_ends_{entry.entry_id}",
        f"limit_not_met_{entry.entry_id}",
    )
    return [
        issue_id
        for domain, issue_id in ir.async_get(hass).issues
        if domain == DOMAIN and issue_id.startswith(ours)
    ]


def _storage_id(entry: ConfigEntry) -> str:
    return f"storage_{entry.entry_id}"


def _footage_id(entry: ConfigEntry, camera_id: str) -> str:
    return f"footage_{entry.entry_id}_{camera_id}"
