"""What all entities of a camera share, and how they come as cameras come."""

from collections.abc import Callable
from functools import partial
from typing import override

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceEntry, DeviceInfo
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import DOMAIN
from .coordinator import Account, CamerasCoordinator, ClipConfigEntry
from .sources.base import Camera


def camera_unique_id(entry: ClipConfigEntry, camera_id: str) -> str:
    """Return what a camera's device and its camera entity are known by."""
    return f"{entry.unique_id}_{camera_id}"


class CameraEntity(CoordinatorEntity[CamerasCoordinator]):
    """An entity of one camera of an account.

    `camera` is the camera as the cloud last listed it. `forgotten` is called when a
    person removes the entity for good.
    """

    _attr_has_entity_name = True
    forgotten: Callable[[], None]

    def __init__(self, entry: ClipConfigEntry, camera: Camera) -> None:
        """Take the account's entry and the camera."""
        super().__init__(entry.runtime_data.coordinator)
        self.camera = camera
        self._attr_unique_id = camera_unique_id(entry, camera.id)

    @property
    @override
    def device_info(self) -> DeviceInfo:
        """The camera as a device."""
        return DeviceInfo(
            identifiers={
                (
                    DOMAIN,
                    camera_unique_id(self.coordinator.config_entry, self.camera.id),
                )
            },
            manufacturer=self.coordinator.source.manufacturer,
            model=self.camera.model,
            name=self.camera.name,
            serial_number=self.camera.serial_number,
            sw_version=self.camera.firmware,
        )

    @property
    def account(self) -> Account:
        """The account that the camera belongs to."""
        return self.coordinator.config_entry.runtime_data

    @property
    @override
    def available(self) -> bool:
        """Say whether the cloud lists the camera.

        Its footage is in the cloud while the camera itself sleeps, and while its cloud
        cannot be reached a request can wait; an action on an unavailable entity would
        be dropped without a word.
        """
        return self.camera.id in self.coordinator.data

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Take over what the cloud says of the camera now."""
        camera = self.coordinator.data.get(self.camera.id, self.camera)
        if camera != self.camera and self.device_entry is not None:
            dr.async_get(self.hass).async_update_device(
                self.device_entry.id,
                name=camera.name,
                sw_version=camera.firmware,
            )
        self.camera = camera
        super()._handle_coordinator_update()

    @override
    async def async_removed_from_registry(self) -> None:
        """Let the camera come back as a new entity."""
        self.forgotten()


@callback
def async_add_cameras(
    entry: ClipConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    make: Callable[[ClipConfigEntry, Camera], CameraEntity],
) -> None:
    """Add an entity for each camera that the cloud lists, now and whenever it does."""
    coordinator = entry.runtime_data.coordinator
    known: set[str] = set()

    @callback
    def add_new() -> None:
        for camera in coordinator.data.values():
            if camera.id in known:
                continue
            known.add(camera.id)
            entity = make(entry, camera)
            entity.forgotten = partial(known.discard, camera.id)
            async_add_entities(
                [entity], config_subentry_id=coordinator.subentry_id(camera)
            )

    add_new()
    entry.async_on_unload(coordinator.async_add_listener(add_new))


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: ClipConfigEntry, device: DeviceEntry
) -> bool:
    """Let a person remove a camera that the cloud no longer lists."""
    if entry.state is not ConfigEntryState.LOADED:
        return False
    listed = {
        (DOMAIN, camera_unique_id(entry, camera_id))
        for camera_id in entry.runtime_data.coordinator.data
    }
    return device.identifiers.isdisjoint(listed)
