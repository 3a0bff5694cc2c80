"""What Activity says of a clip that was saved, or was not."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
import re
from typing import Any

from homeassistant.components.logbook.const import (
    LOGBOOK_ENTRY_ENTITY_ID,
    LOGBOOK_ENTRY_ICON,
    LOGBOOK_ENTRY_MESSAGE,
    LOGBOOK_ENTRY_NAME,
)
from homeassistant.const import ATTR_ENTITY_ID
from homeassistant.core import Event, HomeAssistant, callback

from .back_fill import EVENT_BACK_FILL_ENDED
from .const import DOMAIN
from .engine.model import ClipStatus
from .engine.time_range import Window
from .services.response import EVENT_FAILED, EVENT_SAVED, in_words
from .services.targets import name_of
from .texts import async_cached_texts, length_text

type Describe = Callable[[Event], dict[str, str | None]]


@callback
def async_describe_events(
    hass: HomeAssistant, async_describe_event: Callable[[str, str, Describe], None]
) -> None:
    """Say how the events of jobs are described."""

    def describe(event: Event, icon: str, message: str) -> dict[str, str | None]:
        entity_id = event.data.get(ATTR_ENTITY_ID)
        return {
            LOGBOOK_ENTRY_NAME: name_of(hass, entity_id) if entity_id else None,
            LOGBOOK_ENTRY_ENTITY_ID: entity_id,
            LOGBOOK_ENTRY_ICON: icon,
            LOGBOOK_ENTRY_MESSAGE: message,
        }

    @callback
    def async_describe_saved(event: Event) -> dict[str, str | None]:
        is_partial = event.data["status"] == ClipStatus.PARTIAL
        message = async_cached_texts(hass)(
            "part_of_clip_saved" if is_partial else "clip_saved"
        )
        details = {
            "window": in_words(_window(event.data)),
            "length": length_text(timedelta(seconds=event.data["duration_s"])),
        }
        return describe(event, "mdi:filmstrip", message.format(**details))

    @callback
    def async_describe_failed(event: Event) -> dict[str, str | None]:
        texts = async_cached_texts(hass)
        reason = event.data["error"]["message"]
        if entity_id := event.data.get(ATTR_ENTITY_ID):
            name = name_of(hass, entity_id)
            reason = _without_name(reason, name, texts("this_camera"))
        message = texts("clip_not_saved", reason=reason)
        return describe(event, "mdi:filmstrip-off", message)

    @callback
    def async_describe_back_fill(event: Event) -> dict[str, str | None]:
        data, texts = event.data, async_cached_texts(hass)
        message = texts("back_fill_ended", saved=data["saved"], failed=data["failed"])
        reasons = [one["message"] for one in data["reasons"]]
        return {
            **describe(event, "mdi:cloud-download", " ".join([message, *reasons])),
            LOGBOOK_ENTRY_NAME: data["account"],
        }

    async_describe_event(DOMAIN, EVENT_BACK_FILL_ENDED, async_describe_back_fill)
    async_describe_event(DOMAIN, EVENT_SAVED, async_describe_saved)
    async_describe_event(DOMAIN, EVENT_FAILED, async_describe_failed)


def _without_name(reason: str, name: str, this_camera: str) -> str:
    """Return an error without the name of its camera, which Activity shows before it.

    In a path the name stays.
    """
    for begins in (f"{name}, ", f"{name}: "):
        if reason.startswith(begins):
            return reason.removeprefix(begins)
    reason = re.sub(
        rf"(?<![\w/]){re.escape(name)}(?![\w/])", lambda _: this_camera, reason
    )
    return reason[:1].upper() + reason[1:]


def _window(data: Mapping[str, Any]) -> Window:
    start, end = (datetime.fromisoformat(data[name]) for name in ("start", "end"))
    return Window(start, end)
