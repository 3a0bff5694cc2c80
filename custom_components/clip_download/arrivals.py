"""Changes in an account's list of cameras: new ids, new cameras, missing ones."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import (
    device_registry as dr,
    entity_registry as er,
    issue_registry as ir,
)
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.util import dt as dt_util

from .const import CONF_AUTOMATIC, CONF_FORMER, CONF_NEW_CAMERAS, DOMAIN
from .coordinator import ClipConfigEntry
from .copies import async_away
from .engine.events.store import EventStore
from .engine.model import Camera
from .entity import account_identifier, camera_id_of, camera_removed, camera_unique_id
from .runtime import async_shared

# For how long a camera has to be missing from each list of its cloud until its device is
# removed: one that is saved automatically is reported first, and removed if nobody answers.
GONE_AFTER = timedelta(hours=1)
MISSING_FOR = timedelta(days=1)
UNANSWERED_FOR = timedelta(days=7)


class Arrivals:
    """Compares each list of an account's cameras with the devices that are known."""

    def __init__(self, hass: HomeAssistant, entry: ClipConfigEntry) -> None:
        """Take the account's entry."""
        self._hass = hass
        self._entry = entry
        self._missing_since: dict[str, datetime] = {}

    async def settle(self, cameras: list[Camera], is_whole: bool) -> list[Camera]:
        """Handle a new list; return the cameras of it that can be used.

        A camera that was set up again, as its serial number shows, continues under its
        new id. It is left out while the account has to be reloaded for that. One that is
        gone loses its device, if the list `is_whole`; its clips stay. Raises StorageError.
        """
        listed = {camera.id: camera for camera in cameras}
        known = async_known_cameras(self._hass, self._entry)
        moved = _moved(known, listed)
        if moved and self._entry.state is ConfigEntryState.LOADED:
            # Entities that are loaded cannot change their unique id.
            self._hass.config_entries.async_schedule_reload(self._entry.entry_id)
            return [camera for camera in cameras if camera.id not in moved.values()]
        for old_id, new_id in moved.items():
            await async_move_camera(self._hass, self._entry, old_id, new_id)
        known = async_known_cameras(self._hass, self._entry)
        new = [camera for camera in cameras if camera.id not in known]
        missing = {one: known[one] for one in known if one not in listed}
        for camera_id in known.keys() - missing.keys():
            ir.async_delete_issue(self._hass, DOMAIN, _issue_id(self._entry, camera_id))
        automatic = self._entry.options.get(CONF_AUTOMATIC, {})
        now = dt_util.utcnow()
        self._missing_since = {
            one: self._missing_since.get(one, now)
            for one in missing
            if is_whole or automatic.get(one)
        }
        self._report_missing(
            {one: missing[one] for one in missing if automatic.get(one)}, new
        )
        self._switch_on(known, listed, new)
        if is_whole:
            self._remove_gone(missing)
        return cameras

    @callback
    def _switch_on(
        self,
        known: Mapping[str, dr.DeviceEntry],
        listed: Mapping[str, Camera],
        new: Collection[Camera],
    ) -> None:
        """Turn automatic saving of new cameras on, where the account's options say so."""
        options = self._entry.options
        if not new or not options.get(CONF_NEW_CAMERAS):
            return
        before = options.get(CONF_AUTOMATIC, {})
        now = dt_util.utcnow().isoformat()
        # One that was turned off may be set up again, and have no serial number.
        off = {
            _folded(device.name)
            for camera_id, device in known.items()
            if camera_id not in listed and before.get(camera_id, now) is None
        }
        started = {one.id: now for one in new if _folded(one.name) not in off}
        self._hass.config_entries.async_update_entry(
            # A camera that a person has turned off stays off.
            self._entry,
            options={**options, CONF_AUTOMATIC: started | before},
        )

    @callback
    def _report_missing(
        self, missing: Mapping[str, dr.DeviceEntry], new: Collection[Camera]
    ) -> None:
        """Report cameras that are saved automatically and not listed any more.

        At once if there is a new one of the same name, otherwise after MISSING_FOR.
        """
        names = [_folded(device.name) for device in missing.values()]
        now = dt_util.utcnow()
        for camera_id, device in missing.items():
            name = _folded(device.name)
            alike = [camera for camera in new if _folded(camera.name) == name]
            if len(alike) == 1 and names.count(name) == 1:
                self._report("camera_replaced", camera_id, device, alike[0])
            elif now - self._missing_since[
                camera_id
            ] >= MISSING_FOR and not self._issue(camera_id):
                self._report("camera_gone", camera_id, device)

    @callback
    def _remove_gone(self, missing: Mapping[str, dr.DeviceEntry]) -> None:
        """Remove the devices of cameras that are gone, and nobody is asked about."""
        automatic = self._entry.options.get(CONF_AUTOMATIC, {})
        now = dt_util.utcnow()
        for camera_id, device in missing.items():
            if automatic.get(camera_id):
                issue = self._issue(camera_id)
                is_gone = issue and now - issue.created >= UNANSWERED_FOR
            else:
                is_gone = now - self._missing_since[camera_id] >= GONE_AFTER
            if is_gone:
                async_forget_rules(self._hass, self._entry, camera_id)
                dr.async_get(self._hass).async_remove_device(device.id)
                async_dispatcher_send(
                    self._hass, camera_removed(self._entry), camera_id
                )

    def _issue(self, camera_id: str) -> ir.IssueEntry | None:
        issue_id = _issue_id(self._entry, camera_id)
        return ir.async_get(self._hass).async_get_issue(DOMAIN, issue_id)

    @callback
    def _report(
        self,
        key: str,
        camera_id: str,
        device: dr.DeviceEntry,
        new: Camera | None = None,
    ) -> None:
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            _issue_id(self._entry, camera_id),
            data={
                "entry_id": self._entry.entry_id,
                "camera_id": camera_id,
                "new_id": new.id if new else None,
            },
            is_fixable=True,
            # After a restart the new camera is not new any more.
            is_persistent=True,
            severity=ir.IssueSeverity.WARNING,
            translation_key=key,
            translation_placeholders={
                "account": self._entry.title,
                "camera": device.name_by_user or device.name or camera_id,
            },
        )


@callback
def async_known_cameras(
    hass: HomeAssistant, entry: ConfigEntry
) -> dict[str, dr.DeviceEntry]:
    """Return the devices of the cameras that an account has or had, by camera id."""
    return dict(_known(hass, entry))


async def async_move_camera(
    hass: HomeAssistant, entry: ClipConfigEntry, old_id: str, new_id: str
) -> None:
    """Give a camera a new id, with its entities, options, clips and events.

    Entities and options of the new id are removed; its clips and events are kept. The
    account must not be loaded; it may be on the way to that. Raises StorageError.
    """
    library = (await async_shared(hass)).library
    await EventStore(library, entry.entry_id).move_camera(old_id, new_id)
    await library.move_camera(entry.entry_id, old_id, new_id)
    if away := await async_away(hass):
        await away.move_camera(entry.entry_id, old_id, new_id)
    devices, entities = dr.async_get(hass), er.async_get(hass)
    known = async_known_cameras(hass, entry)
    if taken := known.get(new_id):
        for entity in _entities(hass, entry, taken):
            entities.async_remove(entity.entity_id)
        devices.async_remove_device(taken.id)
    old, new = camera_unique_id(entry, old_id), camera_unique_id(entry, new_id)
    if device := known.get(old_id):
        for entity in _entities(hass, entry, device):
            entities.async_update_entity(
                entity.entity_id, new_unique_id=new + entity.unique_id.removeprefix(old)
            )
        devices.async_update_device(device.id, new_identifiers={(DOMAIN, new)})
    automatic = dict(entry.options.get(CONF_AUTOMATIC, {}))
    if old_id in automatic:
        automatic[new_id] = automatic.pop(old_id)
    former = {
        one: new_id if id_now == old_id else id_now
        for one, id_now in entry.options.get(CONF_FORMER, {}).items()
    }
    former[old_id] = new_id
    former.pop(new_id, None)
    hass.config_entries.async_update_entry(
        entry,
        options={**entry.options, CONF_AUTOMATIC: automatic, CONF_FORMER: former},
    )


@callback
def async_forget_rules(hass: HomeAssistant, entry: ConfigEntry, camera_id: str) -> None:
    """Forget since when a camera is saved automatically, and the issue about it."""
    automatic = dict(entry.options.get(CONF_AUTOMATIC, {}))
    # That it was turned off is remembered.
    if automatic.get(camera_id):
        del automatic[camera_id]
        hass.config_entries.async_update_entry(
            entry, options={**entry.options, CONF_AUTOMATIC: automatic}
        )
    ir.async_delete_issue(hass, DOMAIN, _issue_id(entry, camera_id))


@callback
def async_forget_issues(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Delete the issues about the cameras of an account that is removed."""
    for domain, issue_id in list(ir.async_get(hass).issues):
        if domain == DOMAIN and issue_id.startswith(_issue_id(entry, "")):
            ir.async_delete_issue(hass, DOMAIN, issue_id)


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: ClipConfigEntry, device: dr.DeviceEntry
) -> bool:
    """Return whether a person may remove a device: a camera that is not listed."""
    if entry.state is not ConfigEntryState.LOADED:
        return False
    if account_identifier(entry) in device.identifiers:
        return False
    for camera_id, one in _known(hass, entry):
        if one.id == device.id:
            if camera_id in entry.runtime_data.coordinator.data:
                return False
            async_forget_rules(hass, entry, camera_id)
            async_dispatcher_send(hass, camera_removed(entry), camera_id)
    return True


def _known(
    hass: HomeAssistant, entry: ConfigEntry
) -> Iterator[tuple[str, dr.DeviceEntry]]:
    prefix = camera_unique_id(entry, "")
    for device in dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id):
        for domain, identifier in device.identifiers:
            if domain == DOMAIN and identifier.startswith(prefix):
                yield camera_id_of(entry, identifier), device


def _entities(
    hass: HomeAssistant, entry: ConfigEntry, device: dr.DeviceEntry
) -> list[er.RegistryEntry]:
    """Return the account's entities of a device; other integrations may have some, too."""
    return [
        entity
        for entity in er.async_entries_for_device(
            er.async_get(hass), device.id, include_disabled_entities=True
        )
        if entity.config_entry_id == entry.entry_id
    ]


def _moved(
    known: Mapping[str, dr.DeviceEntry], listed: Mapping[str, Camera]
) -> dict[str, str]:
    """Return the new ids of the cameras that have one, by their old id.

    Only where a camera that is gone and a new one have a serial number that no other has.
    """
    gone = [
        (_folded(known[one].serial_number), one) for one in known if one not in listed
    ]
    old = [serial for serial, _ in gone]
    now = [_folded(camera.serial_number) for camera in listed.values()]
    new = {
        _folded(camera.serial_number): camera.id
        for camera in listed.values()
        if camera.id not in known
    }
    return {
        old_id: new[serial]
        for serial, old_id in gone
        if serial and serial in new and old.count(serial) == now.count(serial) == 1
    }


def _folded(text: str | None) -> str:
    return (text or "").strip().casefold()


def _issue_id(entry: ConfigEntry, camera_id: str) -> str:
    return f"camera_gone_{entry.entry_id}_{camera_id}"
