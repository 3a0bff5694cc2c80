"""What Ring posts to an app's webhook: whether it is Ring's, and what it tells.

https://developer.amazon.com/docs/ring/notifications.html, motion-detection.html and
button-press.html.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
import hmac
import json
from typing import Any

from ..clips.window import from_ms
from .base import Camera

SIGNATURE = "X-Signature"
BUTTON_PRESS = "button_press"
MOTION_DETECTED = "motion_detected"
# An id, or what moved, is a word; nobody else's memory is filled with more.
LONGEST_WORD = 200


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One thing that Ring tells of a device.

    `type` is Ring's (`motion_detected`, `button_press` and others). `kind` is what was
    seen, where Ring says so (`human`, `vehicle` ...). `component_ids` are the cameras of
    the device that saw it; none says all.
    """

    request_id: str
    account_id: str
    id: str
    type: str
    kind: str | None
    device_id: str
    component_ids: frozenset[str]
    at: datetime

    def is_about(self, camera: Camera) -> bool:
        """Say whether it is about this camera."""
        component_id = camera.details.get("component_id")
        return camera.details.get("device_id") == self.device_id and (
            not self.component_ids
            or component_id is None
            or component_id in self.component_ids
        )


def is_signed(body: bytes, signature: str, key: str) -> bool:
    """Say whether the body was signed with the app's key; in constant time."""
    digest = hmac.new(key.encode(), body, sha256).hexdigest()
    return hmac.compare_digest(
        f"sha256={digest}".encode(), signature.encode(errors="replace")
    )


def read_notice(body: bytes) -> Notice:
    """Return what a body tells. Raises ValueError if it makes no sense."""
    try:
        told = json.loads(body)
        meta, data = told["meta"], told["data"]
        about = data["attributes"]
        kind = data.get("subType")
        return Notice(
            request_id=_word(meta["request_id"]),
            account_id=_word(meta["account_id"]),
            id=_word(data["id"]),
            type=_word(data["type"]),
            kind=None if kind is None else _word(kind),
            device_id=_word(about["source"]),
            component_ids=_component_ids(about),
            # A number, which elsewhere in this API is sometimes written as a string.
            at=from_ms(int(about["timestamp"])),
        )
    except (
        AttributeError,
        KeyError,
        OSError,
        OverflowError,
        RecursionError,
        TypeError,
    ) as err:
        raise ValueError("not a notice") from err


def _component_ids(about: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(str(one) for one in about.get("component_ids") or ())


def _word(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_WORD:
        raise ValueError("not a word")
    return value
