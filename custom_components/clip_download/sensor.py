"""What there is to know of a camera's last clip, and of the clips on their way."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, override

from homeassistant.components.sensor import (
    RestoreSensor,
    SensorDeviceClass,
    SensorEntity,
    SensorStateClass,
)
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EntityCategory, UnitOfInformation
from homeassistant.core import HassJob, HomeAssistant, callback
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.dispatcher import (
    async_dispatcher_connect,
    async_dispatcher_send,
)
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.update_coordinator import CoordinatorEntity
from homeassistant.util import dt as dt_util
from homeassistant.util.signal_type import SignalType

from .back_fill import BACK_FILL_CHANGED
from .const import CONF_KIND, DOMAIN
from .coordinator import ClipConfigEntry
from .copies import CopiesCoordinator
from .copy_kinds import TARGETS, is_target
from .engine.model import Job
from .engine.pipeline.jobs import Running
from .entity import (
    CameraEntity,
    LastClipEntity,
    account_identifier,
    async_add_cameras,
    job_failed,
)
from .errors import async_reason
from .job_feed import Step, async_job_feed, has_failed, is_unfinished, job_of, step_of
from .services.response import place

PARALLEL_UPDATES = 0

IDLE = "idle"
FAILED = "failed"


async def async_setup_entry(
    hass: HomeAssistant,
    entry: ConfigEntry[Any],
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the sensors of each camera and of the account, or of a place for copies."""
    if is_target(entry):
        coordinator = entry.runtime_data.coordinator
        async_add_entities(
            [kind(coordinator) for kind in (CopiesLeft, SizeLeft, Copied, CopyState)]
        )
        return

    @callback
    def changed(jobs: Sequence[Running]) -> None:
        if mine := [one for one in jobs if one.job.account_id == entry.entry_id]:
            async_dispatcher_send(hass, _jobs_changed(entry), mine)

    entry.async_on_unload(async_job_feed(hass).async_listen(changed))
    await async_add_cameras(entry, async_add_entities, LastClipSensor, JobSensor)
    async_add_entities([Queued(entry), UnderWay(entry), FailedToday(entry)])
    if entry.runtime_data.source.event_kinds:
        async_add_entities([BackFillSensor(entry)])


def _steps(entry: ClipConfigEntry, camera_id: str | None = None) -> list[Step]:
    """Return where the jobs of a camera, or of an account, are on their way."""
    running = entry.runtime_data.jobs.running(camera_id)
    return [
        step_of(one)
        for one in running
        if not one.done.done() and not one.is_in_back_fill
    ]


def _jobs_changed(entry: ClipConfigEntry) -> SignalType[Sequence[Running]]:
    """Return the signal for jobs of an account that changed, some times a second."""
    return SignalType(f"{DOMAIN}_jobs_changed_{entry.entry_id}")


class LastClipSensor(LastClipEntity, SensorEntity):
    """When the last clip begins."""

    _attr_device_class = SensorDeviceClass.TIMESTAMP
    # Every clip has others, and the clip itself says them for good.
    _unrecorded_attributes = frozenset({"clip_id", "media_content_id", "path"})

    @property
    @override
    def suggested_object_id(self) -> str:
        """What the entity id ends in, which automations know: not the name."""
        return "Last clip"

    @property
    @override
    def native_value(self) -> datetime | None:
        """When the clip begins."""
        return self.clip.window.start if self.clip else None

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """What the clip is, and where."""
        if not (clip := self.clip):
            return None
        return {
            "clip_id": clip.id,
            "label": clip.label,
            "status": clip.status.value,
            "duration_s": clip.duration_ms / 1000,
            **place(self.hass, clip.path),
        }


class JobSensor(CameraEntity, RestoreSensor):
    """What becomes of a camera's clips: the step of the one that has come furthest.

    That the last one failed is shown until another one is asked for.
    """

    _attr_device_class = SensorDeviceClass.ENUM
    # Each clip would be four lines in Activity, which tells of saved clips anyway.
    _attr_entity_registry_enabled_default = False
    _attr_native_value = IDLE
    _attr_options = [IDLE, *Step, FAILED]
    _attr_translation_key = "clip_job"

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the camera's jobs."""
        await super().async_added_to_hass()
        last = await self.async_get_last_sensor_data()
        if last and last.native_value == FAILED:
            self._attr_native_value = FAILED
        signal = _jobs_changed(self.coordinator.config_entry)
        self.async_on_remove(
            async_dispatcher_connect(self.hass, signal, self._async_jobs_changed)
        )
        self._async_update([])

    @callback
    def _async_jobs_changed(self, jobs: Sequence[Running]) -> None:
        mine = [one for one in jobs if one.job.camera_id == self.camera.id]
        before = self._attr_native_value
        if mine:
            self._async_update(mine)
        if self._attr_native_value != before:
            self.async_write_ha_state()

    @callback
    def _async_update(self, changed: Sequence[Running]) -> None:
        """Show the camera's jobs under way, else what became of those that changed."""
        if steps := _steps(self.coordinator.config_entry, self.camera.id):
            self._attr_native_value = max(steps, key=[*Step].index)
        elif ended := [one for one in changed if not is_unfinished(one)]:
            is_failed = any(has_failed(job_of(one)) for one in ended)
            self._attr_native_value = FAILED if is_failed else IDLE


class AccountSensor(Entity):
    """A number of an account's clips."""

    _attr_entity_category = EntityCategory.DIAGNOSTIC
    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, entry: ClipConfigEntry) -> None:
        """Take the account's entry."""
        self.entry = entry
        self._attr_unique_id = f"{entry.entry_id}_{self.translation_key}"
        self._attr_device_info = DeviceInfo(
            identifiers={account_identifier(entry)},
            entry_type=DeviceEntryType.SERVICE,
            manufacturer=entry.runtime_data.source.manufacturer,
            name=entry.title,
        )


class StepSensor(AccountSensor, SensorEntity):
    """How many clips of an account are at some steps."""

    _attr_entity_registry_enabled_default = False
    _attr_native_value = 0
    _attr_state_class = SensorStateClass.MEASUREMENT
    steps: tuple[Step, ...]

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the account's jobs."""
        await super().async_added_to_hass()
        self.async_on_remove(
            async_dispatcher_connect(
                self.hass, _jobs_changed(self.entry), self._async_jobs_changed
            )
        )

    @callback
    def _async_jobs_changed(self, _changed: Sequence[Running]) -> None:
        count = sum(step in self.steps for step in _steps(self.entry))
        if count != self._attr_native_value:
            self._attr_native_value = count
            self.async_write_ha_state()


class Queued(StepSensor):
    """How many clips wait: for their time, the cloud, or other clips."""

    _attr_translation_key = "queued"
    steps = (Step.WAITING,)


class UnderWay(StepSensor):
    """How many clips are downloaded or joined."""

    _attr_translation_key = "under_way"
    steps = (Step.DOWNLOADING, Step.JOINING)


class FailedToday(AccountSensor, RestoreSensor):
    """How many clips could not be saved since midnight."""

    _attr_native_value = 0
    _attr_state_class = SensorStateClass.TOTAL_INCREASING
    _attr_translation_key = "failed_today"

    @override
    async def async_added_to_hass(self) -> None:
        """Go on where today's count was, and begin anew at midnight."""
        await super().async_added_to_hass()
        state = await self.async_get_last_state()
        last = await self.async_get_last_sensor_data()
        if state and last and _is_today(state.last_updated):
            match last.native_value:
                case int(count):
                    self._attr_native_value = count
        signal = job_failed(self.entry)
        self.async_on_remove(
            async_dispatcher_connect(self.hass, signal, self._async_failed)
        )
        self._async_await_midnight(dt_util.now())

    @override
    async def async_will_remove_from_hass(self) -> None:
        """Await no midnight any more."""
        self._forget_midnight()

    @callback
    def _async_failed(self, job: Job) -> None:
        self._attr_native_value += 1
        self.async_write_ha_state()

    @callback
    def _async_await_midnight(self, now: datetime) -> None:
        tomorrow = dt_util.as_local(now).date() + timedelta(days=1)
        # The difference of two local times would know nothing of clocks that change.
        midnight = dt_util.as_utc(dt_util.start_of_local_day(tomorrow))
        self._forget_midnight = async_call_later(
            self.hass,
            midnight - now,
            HassJob(self._async_midnight, "a new day", cancel_on_shutdown=True),
        )

    @callback
    def _async_midnight(self, now: datetime) -> None:
        self._attr_native_value = 0
        self.async_write_ha_state()
        self._async_await_midnight(now)


class BackFillSensor(AccountSensor, SensorEntity):
    """How many recordings the back-fill has left to fetch; unknown if there is none."""

    _attr_translation_key = "back_fill"
    _attr_state_class = SensorStateClass.MEASUREMENT

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the account's back-fill."""
        await super().async_added_to_hass()
        self.async_on_remove(
            async_dispatcher_connect(
                self.hass, BACK_FILL_CHANGED, self._async_back_fill_changed
            )
        )
        self._async_back_fill_changed(self.entry)

    @callback
    def _async_back_fill_changed(self, entry: ClipConfigEntry) -> None:
        if entry is not self.entry:
            return
        fetched = entry.runtime_data.back_fill.fetched
        left = sum(one.left for one in fetched.values()) if fetched else None
        if left != self._attr_native_value:
            self._attr_native_value = left
            self.async_write_ha_state()


class CopiesSensor(CoordinatorEntity[CopiesCoordinator], SensorEntity):
    """Something of how far the copies at a place are."""

    _attr_entity_category = EntityCategory.DIAGNOSTIC
    _attr_has_entity_name = True

    def __init__(self, coordinator: CopiesCoordinator) -> None:
        """Take what knows how far the copies are."""
        super().__init__(coordinator)
        entry = coordinator.config_entry
        self._attr_unique_id = f"{entry.entry_id}_{self.translation_key}"
        self._attr_device_info = DeviceInfo(
            identifiers={account_identifier(entry)},
            entry_type=DeviceEntryType.SERVICE,
            manufacturer=TARGETS[entry.data[CONF_KIND]].title,
            name=entry.title,
        )


class CopiesLeft(CopiesSensor):
    """How many clips wait to be copied."""

    _attr_state_class = SensorStateClass.MEASUREMENT
    _attr_translation_key = "copies_left"

    @property
    @override
    def native_value(self) -> int:
        """How many there are."""
        return self.coordinator.data.waiting


class SizeLeft(CopiesSensor):
    """How large the clips are that wait to be copied."""

    _attr_device_class = SensorDeviceClass.DATA_SIZE
    _attr_native_unit_of_measurement = UnitOfInformation.BYTES
    _attr_state_class = SensorStateClass.MEASUREMENT
    _attr_suggested_display_precision = 1
    _attr_suggested_unit_of_measurement = UnitOfInformation.MEGABYTES
    _attr_translation_key = "copies_size_left"

    @property
    @override
    def native_value(self) -> int:
        """How large they are together."""
        return self.coordinator.data.waiting_bytes


class Copied(CopiesSensor):
    """How many clips have a copy."""

    _attr_state_class = SensorStateClass.MEASUREMENT
    _attr_translation_key = "copied"

    @property
    @override
    def native_value(self) -> int:
        """How many there are."""
        return self.coordinator.data.copied


class CopyState(CopiesSensor):
    """Whether copies are made, and why not."""

    _attr_device_class = SensorDeviceClass.ENUM
    _attr_options = ["done", "copying", "failing"]
    _attr_translation_key = "copy_state"
    # It is long, and says the same as the state.
    _unrecorded_attributes = frozenset({"reason"})

    @property
    @override
    def native_value(self) -> str:
        """Whether something waits, and whether the last try failed."""
        status = self.coordinator.data
        if status.error:
            return "failing"
        return "copying" if status.waiting else "done"

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """What was wrong the last time, in words, and what the store does not let go of."""
        status = self.coordinator.data
        return {
            "reason": async_reason(self.hass, status.error) if status.error else None,
            "locked": status.locked,
        }


def _is_today(moment: datetime) -> bool:
    return dt_util.as_local(moment).date() == dt_util.now().date()
