"""What Ring posts to an app's webhook: whether it is Ring's, and what it reports.

https://developer.amazon.com/docs/ring/notifications.html, motion-detection.html and
button-press.html.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
import hmac
from typing import Any, Self, override

from ...model import Camera, Event, EventKind
from ...time_range import Window, from_ms
from ..ring.detections import seen
from ..webhook import Notice, word
from .camera import PartnerCamera

SIGNATURE = "X-Signature"
# Ring's type of a notice -> the kind of event. It reports other things, too.
KINDS = {"motion_detected": EventKind.MOTION, "button_press": EventKind.DING}
# Some accounts are known by this id, which notices have; others by an address.
_ACCOUNT = "ava1.ring.account."


@dataclass(frozen=True, kw_only=True)
class RingNotice(Notice):
    """What Ring reports of a device, signed with the app's HMAC key.

    `component_ids` are the cameras of the device that saw it; none says all.
    """

    account_id: str
    device_id: str
    component_ids: frozenset[str]

    @override
    @staticmethod
    def is_genuine(body: bytes, headers: Mapping[str, str], secret: str) -> bool:
        digest = hmac.new(secret.encode(), body, sha256).hexdigest()
        return hmac.compare_digest(
            f"sha256={digest}".encode(),
            headers.get(SIGNATURE, "").encode(errors="replace"),
        )

    @override
    @classmethod
    def _read(cls, notice: Any) -> Self | None:
        meta, data = notice["meta"], notice["data"]
        if (kind := KINDS.get(word(data["type"]))) is None:
            return None
        about = data["attributes"]
        # A number, which elsewhere in this API is sometimes written as a string.
        at = from_ms(int(about["timestamp"]))
        return cls(
            id=word(meta["request_id"]),
            event=Event(
                id=word(data["id"]),
                kind=kind,
                seen=seen([data.get("subType")]),
                window=Window(at, at),
            ),
            account_id=word(meta["account_id"]),
            device_id=word(about["source"]),
            component_ids=frozenset(map(str, about.get("component_ids") or ())),
        )

    @override
    def is_about(self, camera: Camera) -> bool:
        return (
            isinstance(camera, PartnerCamera)
            and camera.device_id == self.device_id
            and (
                not self.component_ids
                or camera.component_id is None
                or camera.component_id in self.component_ids
            )
        )

    @override
    def is_for(self, account_id: str) -> bool:
        return account_id == self.account_id or not account_id.startswith(_ACCOUNT)
