"""The command that lists the cameras."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from ..accounts import kind_of
from ..const import DOMAIN
from ..coordinator import ClipConfigEntry
from ..engine.library.queries import ClipQueries
from ..entity import camera_id_of
from ..links import async_signed
from ..permissions import may_control
from ..runtime import async_shared
from ..services.targets import name_of
from .command import Asker, command

if TYPE_CHECKING:
    from .schema import CameraInfo, CamerasAnswer

type Status = Literal["ok", "signed_out", "unavailable"]


@command("cameras", {})
async def ws_cameras(asker: Asker, msg: dict[str, Any]) -> CamerasAnswer:
    """List the cameras of all accounts, by name."""
    library = (await async_shared(asker.hass)).library
    speeds = await ClipQueries(library).bytes_per_s()
    cameras = [
        _info(asker, entry, entity, speeds)
        for entry in asker.hass.config_entries.async_entries(
            DOMAIN, include_disabled=False
        )
        for entity in er.async_entries_for_config_entry(
            er.async_get(asker.hass), entry.entry_id
        )
        if entity.domain == Platform.CAMERA
        and not entity.disabled
        and may_control(asker.connection.user, entity.entity_id)
    ]
    cameras.sort(key=lambda camera: (camera["name"].casefold(), camera["entity_id"]))
    return {"cameras": cameras}


def _info(
    asker: Asker,
    entry: ClipConfigEntry,
    entity: er.RegistryEntry,
    speeds: Mapping[tuple[str, str], float],
) -> CameraInfo:
    """Return what is told of a camera; of an account not loaded, little is known."""
    camera_id = camera_id_of(entry, entity.unique_id)
    status, reason = _status(asker.hass, entry, camera_id)
    account = entry.runtime_data if entry.state is ConfigEntryState.LOADED else None
    source = account.source if account else None
    camera = account.coordinator.camera(camera_id) if account else None
    return {
        "entity_id": entity.entity_id,
        "name": name_of(asker.hass, entity.entity_id),
        "account": {
            "entry_id": entry.entry_id,
            "title": entry.title,
            "kind": kind_of(entry).name,
        },
        "status": status,
        "reason": reason,
        "any_window": source is None or not source.keeps_recordings,
        "has_events": source is not None and bool(source.event_kinds),
        "lag_s": source.lag.total_seconds() if source else 0,
        "bytes_per_s": speeds.get((entry.entry_id, camera_id)),
        "usd_per_gb": source.usd_per_gb if source else None,
        "has_pictures": source is not None
        and camera is not None
        and source.has_pictures(camera),
        "picture": async_signed(
            asker.hass,
            f"/api/camera_proxy/{entity.entity_id}",
            refresh_token_id=asker.connection.refresh_token_id,
        )
        if status == "ok"
        else None,
    }


def _status(
    hass: HomeAssistant, entry: ClipConfigEntry, camera_id: str
) -> tuple[Status, str | None]:
    """Return whether a camera's cloud can be asked, and why not."""
    is_signed_out = any(entry.async_get_active_flows(hass, {SOURCE_REAUTH}))
    if entry.state is not ConfigEntryState.LOADED:
        return "signed_out" if is_signed_out else "unavailable", entry.reason
    coordinator = entry.runtime_data.coordinator
    trouble = coordinator.last_exception
    reason = str(trouble) if trouble and not coordinator.last_update_success else None
    if is_signed_out:
        return "signed_out", reason
    if reason is not None or camera_id not in coordinator.data:
        return "unavailable", reason
    return "ok", None
