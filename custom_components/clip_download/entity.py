"""The base of all entities of a camera, and how they are added."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from itertools import batched
import logging
from typing import ClassVar, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity
from homeassistant.util.signal_type import SignalType

from .accounts import kind_of
from .const import DOMAIN
from .coordinator import Account, CamerasCoordinator, ClipConfigEntry
from .engine.errors import StorageError
from .engine.model import Camera, Clip, Job
from .permissions import async_check_control
from .retention import CLIPS_DELETED
from .turns import async_turn

# Of how many cameras the entities are added in one go: Home Assistant takes 0.2 ms for each.
CAMERAS_AT_ONCE = 4

_LOGGER = logging.getLogger(__name__)

# Makes an entity of a camera, or None if the camera has no such entity yet.
type EntityFactory = Callable[[ClipConfigEntry, Camera], CameraEntity | None]


def account_identifier(entry: ConfigEntry) -> tuple[str, str]:
    """Return the identifier of an account's own device."""
    return DOMAIN, entry.entry_id


def camera_unique_id(entry: ConfigEntry, camera_id: str) -> str:
    """Return the identifier of a camera's device, and the unique id of its camera entity."""
    return f"{entry.unique_id}_{camera_id}"


def camera_id_of(entry: ConfigEntry, unique_id: str) -> str:
    """Return the id of a camera by what its device or its camera entity is known by."""
    return unique_id.removeprefix(camera_unique_id(entry, ""))


def camera_entity_id(
    hass: HomeAssistant, account_id: str, camera_id: str
) -> str | None:
    """Return the id of a camera's entity, None if it has none any more."""
    entry = hass.config_entries.async_get_entry(account_id)
    if entry is None:
        return None
    return er.async_get(hass).async_get_entity_id(
        Platform.CAMERA, DOMAIN, camera_unique_id(entry, camera_id)
    )


def job_saved(entry: ClipConfigEntry, camera_id: str) -> SignalType[Job]:
    """Return the signal for a job of a camera that is saved."""
    return SignalType(f"{DOMAIN}_saved_{entry.entry_id}_{camera_id}")


def job_failed(entry: ClipConfigEntry) -> SignalType[Job]:
    """Return the signal for a failed job of an account; tries again do not repeat it."""
    return SignalType(f"{DOMAIN}_failed_{entry.entry_id}")


def camera_muted(entry: ClipConfigEntry, camera_id: str) -> SignalType[datetime]:
    """Return the signal for a camera of which nobody wants notifications until a time."""
    return SignalType(f"{DOMAIN}_muted_{entry.entry_id}_{camera_id}")


def camera_removed(entry: ConfigEntry) -> SignalType[str]:
    """Return the signal for the id of a camera whose device is removed."""
    return SignalType(f"{DOMAIN}_removed_{entry.entry_id}")


def has_events(entry: ClipConfigEntry) -> bool:
    """Return whether the account gets the events of its cameras."""
    webhook = kind_of(entry).webhook
    has_webhook = webhook is not None and bool(entry.options.get(webhook.secret))
    source = entry.runtime_data.source
    return bool(source.event_kinds) or source.pushes_events or has_webhook


class CameraEntity(CoordinatorEntity[CamerasCoordinator]):
    """An entity of one camera of an account.

    `camera` is the camera as the cloud last listed it. `forgotten` is called when a
    person removes the entity for good. The translation key sets it apart from the
    camera's other entities; the camera entity itself has none. `is_from_cloud` says
    whether what it shows comes from the cloud.
    """

    _attr_has_entity_name = True
    is_from_cloud: ClassVar[bool] = False
    _attr_translation_key: str | None = None
    forgotten: Callable[[], None]

    def __init__(self, entry: ClipConfigEntry, camera: Camera) -> None:
        """Take the account's entry and the camera."""
        super().__init__(entry.runtime_data.coordinator)
        self.camera = camera
        self._attr_unique_id = camera_unique_id(entry, camera.id)
        if self._attr_translation_key:
            self._attr_unique_id += f"_{self._attr_translation_key}"

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

    async def async_check_control(self) -> None:
        """Raise Unauthorized if the user may not control the camera itself."""
        entity_id = camera_entity_id(
            self.hass, self.coordinator.config_entry.entry_id, self.camera.id
        )
        await async_check_control(self.hass, self._context, [entity_id])

    @property
    def account(self) -> Account:
        """The account that the camera belongs to."""
        return self.coordinator.config_entry.runtime_data

    @property
    @override
    def available(self) -> bool:
        """Return whether the cloud lists the camera and, for what it shows, is in reach.

        What is set here and jobs that are begun need no cloud: jobs wait for it.
        """
        is_in_reach = not self.is_from_cloud or self.coordinator.last_update_success
        return is_in_reach and self.camera.id in self.coordinator.data

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Update the camera and its device."""
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
        """Let the entity be added again while the camera is listed."""
        self.forgotten()
        # It may have gone with the stream that a person had named.
        self.coordinator.async_list_named()


class LastClipEntity(CameraEntity):
    """An entity about `clip`, the one of its camera that was saved last."""

    _attr_translation_key = "last_clip"
    clip: Clip | None = None

    @override
    async def async_added_to_hass(self) -> None:
        """Show the last clip, and each one that is saved after it."""
        await super().async_added_to_hass()
        signal = job_saved(self.coordinator.config_entry, self.camera.id)
        self.async_on_remove(
            async_dispatcher_connect(self.hass, signal, self._async_saved)
        )
        self.async_on_remove(
            async_dispatcher_connect(self.hass, CLIPS_DELETED, self._async_gone)
        )
        if self.camera.id in self.account.last_clips:
            self.clip = self.account.last_clips[self.camera.id]
        else:
            await self._update_clip()

    @property
    @override
    def available(self) -> bool:
        """Return that it is: clips are on the disk, whatever the cloud does."""
        return True

    async def _async_saved(self, job: Job) -> None:
        await self._update_clip()
        self.async_write_ha_state()

    async def _async_gone(self, clips: tuple[Clip, ...]) -> None:
        if self.clip and any(clip.id == self.clip.id for clip in clips):
            await self._update_clip()
            self.async_write_ha_state()

    async def _update_clip(self) -> None:
        try:
            self.clip = await self.account.jobs.last_saved_clip(self.camera.id)
        except StorageError as err:
            _LOGGER.debug("The last clip of %s is not known: %s", self.entity_id, err)


async def async_add_cameras(
    entry: ClipConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    *factories: EntityFactory,
) -> Callable[[], None]:
    """Add the entities of each camera that the cloud lists, now and at each new list.

    Return a function that calls the factories again that returned None.
    """
    coordinator = entry.runtime_data.coordinator
    hass = coordinator.hass
    known: set[tuple[EntityFactory, str]] = set()

    @callback
    def add(cameras: Iterable[Camera]) -> None:
        new = defaultdict[str | None, list[CameraEntity]](list)
        for camera in cameras:
            for factory in factories:
                key = factory, camera.id
                if key in known or not (entity := factory(entry, camera)):
                    continue
                known.add(key)
                entity.forgotten = partial(known.discard, key)
                new[coordinator.subentry_id(camera)].append(entity)
        # Home Assistant starts a task for each call.
        for subentry_id, entities in new.items():
            async_add_entities(entities, config_subentry_id=subentry_id)

    @callback
    def add_new() -> None:
        add(coordinator.listed())

    @callback
    def forget(camera_id: str) -> None:
        """Let all entities of a camera be added again, disabled ones, too."""
        known.difference_update([key for key in known if key[1] == camera_id])

    # First, so that no list is missed while the entities are added.
    entry.async_on_unload(coordinator.async_add_listener(add_new))
    entry.async_on_unload(async_dispatcher_connect(hass, camera_removed(entry), forget))
    for cameras in batched(list(coordinator.listed()), CAMERAS_AT_ONCE, strict=False):
        add(cameras)
        await async_turn(hass)
    return add_new
