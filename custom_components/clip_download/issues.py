"""Repair issues for what only a person can fix: storage, cameras, a link that ends."""

from collections.abc import Collection, Mapping
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

from .accounts import all_accounts, kind_of
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
from .engine.storage import Storages, on, run_on_storage
from .paths import media_folder

_LOGGER = logging.getLogger(__name__)

# Storage may go away and come back while no clip is saved.
CHECK_INTERVAL = timedelta(minutes=15)

LINK_WARNING = timedelta(days=7)


@callback
def async_check_issues(
    hass: HomeAssistant, entry: ClipConfigEntry, library: Library, storages: Storages
) -> None:
    """Check an account now, every few minutes and at each new list of cameras.

    Until it is unloaded.
    """

    async def check(now: datetime | None = None) -> None:
        await _async_check_storage(hass, entry, library, storages)
        _async_check_link(hass, entry)

    coordinator = entry.runtime_data.coordinator
    entry.async_on_unload(
        coordinator.async_add_listener(lambda: _async_check_cameras(hass, entry))
    )
    entry.async_on_unload(
        async_track_time_interval(hass, check, CHECK_INTERVAL, cancel_on_shutdown=True)
    )
    # What is still wrong when it is loaded again is reported again.
    entry.async_on_unload(lambda: _async_delete_all(hass, entry))
    _async_check_cameras(hass, entry)
    entry.async_create_background_task(hass, check(), f"check issues of {entry.title}")


@callback
def async_update_issues(
    hass: HomeAssistant, entry: ClipConfigEntry, job: Job, *, is_old: bool
) -> None:
    """Report why a job failed, or delete the issues that its saved clip resolves.

    A recording that `is_old` says nothing of the camera's settings now.
    """
    if job.state is JobState.SAVED:
        ir.async_delete_issue(hass, DOMAIN, _storage_id(entry))
        if not is_old:
            ir.async_delete_issue(hass, DOMAIN, _footage_id(entry, job.camera_id))
    elif isinstance(job.error, DiskError):
        path = job.error.placeholders.get("path") or str(job.root)
        _async_report_storage(hass, entry, job.error.key, Path(path))
    elif isinstance(job.error, CameraSettingError) and not is_old:
        _async_report_footage(
            hass, entry, job.camera_id, job.error.key, job.camera_name
        )


@callback
def async_forget_account(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Delete the issues of an account that is removed."""
    _async_delete_all(hass, entry)
    if not all_accounts(hass):
        ir.async_delete_issue(hass, DOMAIN, "limit_not_met_all")


@callback
def async_forget_camera(
    hass: HomeAssistant, entry: ConfigEntry, camera_id: str
) -> None:
    """Delete the issue of a camera that is no longer saved automatically."""
    ir.async_delete_issue(hass, DOMAIN, _footage_id(entry, camera_id))


# --- storage


async def _async_check_storage(
    hass: HomeAssistant, entry: ClipConfigEntry, library: Library, storages: Storages
) -> None:
    """Check the account's media folder, and the path of an issue that exists."""
    issue_id = _storage_id(entry)
    issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
    try:
        paths = [media_folder(hass, entry)]
    except InvalidRequestError as err:
        folder = Path(err.placeholders["folder"])
        _async_report_storage(hass, entry, err.key, folder)
        return
    if issue and issue.data and issue.translation_key != "media_folder_unknown":
        paths.append(Path(str(issue.data["path"])))
    try:
        mounts = await library.mounts()
        for path in paths:
            with on(await storages.storage_of(path, paths[:1])):
                await run_on_storage(_check_path, path, paths[0], mounts)
    except OSError as err:
        silent = storage_error(err)
        _async_report_storage(
            hass, entry, silent.key, Path(silent.placeholders["path"])
        )
    except DiskError as err:
        _async_report_storage(hass, entry, err.key, Path(err.placeholders["path"]))
    except StorageError as err:
        _LOGGER.debug("The storage cannot be checked: %s", err)
    else:
        # Only a saved clip shows that a disk does not fail any more.
        if issue and issue.translation_key != "storage_trouble":
            ir.async_delete_issue(hass, DOMAIN, issue_id)


def _check_path(path: Path, root: Path, mounts: Collection[Path]) -> None:
    """Raise DiskError if nothing can be written below a path, or the root is gone."""
    if path == root and not root.is_dir():
        raise DiskError("storage_gone", path=str(root), reason="no_folder")
    check_mounted(path, mounts)
    # The folder of a clip may not be made yet.
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
def _async_report_storage(
    hass: HomeAssistant, entry: ConfigEntry, key: str, path: Path
) -> None:
    issue_id = _storage_id(entry)
    issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
    # Each clip has another path: one issue is enough.
    if issue is None or not issue.active or issue.translation_key != key:
        _async_create(
            hass,
            issue_id,
            key,
            {"account": entry.title, "path": str(path)},
            severity=ir.IssueSeverity.ERROR,
            data={"path": str(path)},
        )


# --- cameras


@callback
def _async_check_cameras(hass: HomeAssistant, entry: ClipConfigEntry) -> None:
    """Report the cameras to be saved whose settings let the cloud refuse footage."""
    account = entry.runtime_data
    for camera in account.coordinator.listed():
        refusal = account.source.refusal(camera)
        issue = ir.async_get(hass).async_get_issue(
            DOMAIN, _footage_id(entry, camera.id)
        )
        if refusal and entry.options.get(CONF_AUTOMATIC, {}).get(camera.id):
            _async_report_footage(hass, entry, camera.id, refusal, camera.name)
        elif refusal == "" and issue:
            ir.async_delete_issue(hass, DOMAIN, issue.issue_id)
    # A camera that is not listed has an issue of its own (`arrivals.py`).
    listed = {_footage_id(entry, one.id) for one in account.coordinator.listed()}
    for issue_id in _issue_ids(hass, entry):
        if issue_id.startswith(_footage_id(entry, "")) and issue_id not in listed:
            ir.async_delete_issue(hass, DOMAIN, issue_id)


@callback
def _async_report_footage(
    hass: HomeAssistant, entry: ConfigEntry, camera_id: str, key: str, name: str
) -> None:
    _async_create(
        hass,
        _footage_id(entry, camera_id),
        key,
        {"account": entry.title, "camera": name},
        severity=ir.IssueSeverity.WARNING,
    )


# --- the link to Ring


@callback
def _async_check_link(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Report a link that ends soon because its token was not renewed for weeks."""
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
    _async_create(
        hass,
        issue_id,
        "link_ends",
        {"account": entry.title, "date": f"{dt_util.as_local(ends_at):%F}"},
        severity=ir.IssueSeverity.WARNING,
    )


# --- the issues


@callback
def _async_create(
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
def _async_delete_all(hass: HomeAssistant, entry: ConfigEntry) -> None:
    for issue_id in _issue_ids(hass, entry):
        ir.async_delete_issue(hass, DOMAIN, issue_id)


def _issue_ids(hass: HomeAssistant, entry: ConfigEntry) -> list[str]:
    """Return the ids of an account's issues that are deleted when it is unloaded."""
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
