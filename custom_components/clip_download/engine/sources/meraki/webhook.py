"""What Meraki's dashboard posts to a webhook: whether it is ours, and what it reports.

https://developer.cisco.com/meraki/webhooks/introduction
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
import hmac
from typing import Any, Self, override

from ...model import Camera, Event, EventKind
from ...time_range import Window, from_ms, to_ms
from .. import sanitize
from ..webhook import Notice, word

# The dashboard reports other things, too, if it is set to.
MOTION_ALERT = "motion_alert"


@dataclass(frozen=True, kw_only=True)
class MerakiNotice(Notice):
    """An alert of a network, with the webhook's shared secret in it; none is signed."""

    serial: str

    @override
    @staticmethod
    def is_genuine(body: bytes, headers: Mapping[str, str], secret: str) -> bool:
        notice = sanitize.parse(body)
        given = notice.get("sharedSecret") if isinstance(notice, dict) else None
        return isinstance(given, str) and hmac.compare_digest(
            given.encode(errors="replace"), secret.encode()
        )

    @override
    @classmethod
    def _read(cls, notice: Any) -> Self | None:
        if word(notice["alertTypeId"]) != MOTION_ALERT:
            return None
        at, serial = _moment(notice), word(notice["deviceSerial"])
        alert_id = notice.get("alertId") or ""
        # Alerts without an id of their own were seen with nothing but noughts.
        if not str(alert_id).strip("0"):
            alert_id = f"{serial}_{to_ms(at)}"
        return cls(
            id=word(alert_id),
            event=Event(id=alert_id, kind=EventKind.MOTION, window=Window(at, at)),
            serial=serial,
        )

    @override
    def is_about(self, camera: Camera) -> bool:
        # It does not say which of a camera's imagers saw it.
        return camera.serial_number == self.serial


def _moment(notice: Any) -> datetime:
    """Return when something moved; only without that, when the alert arose."""
    moved_s = (notice.get("alertData") or {}).get("timestamp")
    if moved_s is not None:
        return from_ms(round(float(moved_s) * 1000))
    moment = datetime.fromisoformat(notice["occurredAt"])
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
