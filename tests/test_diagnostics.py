"""What a person sends along with a report holds nothing that opens a door."""

from collections.abc import Iterator
import contextlib
from datetime import UTC, datetime, timedelta
import json
import logging
from pathlib import Path

import pytest
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from ring_doorbell import RingError

from custom_components.clip_download import const
from custom_components.clip_download.accounts import KINDS as ACCOUNT_KINDS
from custom_components.clip_download.const import DOMAIN
from homeassistant.components.diagnostics import REDACTED
from homeassistant.const import CONF_TOKEN, CONF_WEBHOOK_ID
from homeassistant.core import HomeAssistant

from .accounts import KINDS, add_camera, set_up
from .clouds import Clouds

# What of an entry's data anybody may know.
HARMLESS = {"kind", "region", "base_url", "ring_entry"}


def secrets_in(value: object) -> Iterator[str]:
    """Yield every text in what an entry holds, but for what is harmless."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name not in HARMLESS:
                yield from secrets_in(inner)
    elif isinstance(value, str) and len(value) > 6:
        yield value


@pytest.mark.parametrize("kind", KINDS)
async def test_no_secrets(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    hass_client: ClientSessionGenerator,
    kind: str,
) -> None:
    """Neither credentials nor who or where anybody is can be read from it."""
    add_camera(hass_clouds, kind, "Front")
    entry = await set_up(hass, hass_clouds, kind)
    told = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    text = json.dumps(told)
    found = {*secrets_in(dict(entry.data)), entry.unique_id, entry.title}
    found |= {
        value
        for camera in entry.runtime_data.coordinator.data.values()
        for value in (camera.serial_number, camera.id if kind != "kinesis" else None)
        if value
    }
    assert found
    assert not [secret for secret in found if secret and secret in text]
    assert told["data"]["kind"] == kind
    (camera,) = told["cameras"]
    assert (camera["name"], camera["id"]) == ("Front", REDACTED)


async def test_debug_log_tells_no_secrets(
    hass: HomeAssistant, hass_clouds: Clouds, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the hardware id nor a push token is logged, which ring_doorbell would."""
    caplog.set_level(logging.DEBUG)
    hass_clouds.ring.add_camera("Front")
    entry = await set_up(hass, hass_clouds, "ring")
    # As its push listener registers.
    token = {"device": {"push_notification_token": "abracadabra"}}
    with contextlib.suppress(RingError):
        await entry.runtime_data.source._api.ring.async_query(
            "/clients_api/device", "PATCH", json=token
        )
    assert "clients_api/ring_devices" in caplog.text
    hidden = {*secrets_in(dict(entry.data)), "abracadabra"} - {entry.data["username"]}
    assert entry.data["hardware_id"] in hidden
    assert not [secret for secret in hidden if secret in caplog.text]


async def test_options(
    hass: HomeAssistant, hass_clouds: Clouds, hass_client: ClientSessionGenerator
) -> None:
    """Neither a webhook's secrets nor the serial number of a camera can be read."""
    entry = await set_up(hass, hass_clouds, "meraki")
    since = "2026-11-01T12:00:00+00:00"
    options = {
        "automatic": {"Q2XX-XXXX-XXXX": since},
        "webhook_secret": "open sesame",
        "hmac_key": "abracadabra",
        "keep_days": 3,
    }
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, "listen_token": {"fcm": "xyzzy"}}, options=options
    )
    told = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert told["options"] == {
        "automatic": [since],
        "webhook_secret": REDACTED,
        "hmac_key": REDACTED,
        "keep_days": 3,
    }
    assert told["data"]["listen_token"] == REDACTED


# What an account holds besides secrets. All else that has a name of ours is one.
NO_SECRETS = {
    *HARMLESS,
    "after",
    "as_shown",
    "automatic",
    "before",
    "downloads_at_once",
    "former",
    "free_gb",
    "keep_days",
    "kinds",
    "media_dir",
    "merge",
    "most_gb",
    "new_cameras",
    "pause",
}


async def test_all_that_an_account_may_hold(
    hass: HomeAssistant, hass_clouds: Clouds, hass_client: ClientSessionGenerator
) -> None:
    """Whatever is kept of any kind of account is hidden, unless anybody may know it."""
    names = {
        value
        for name, value in vars(const).items()
        if name.startswith("CONF_") and isinstance(value, str)
    }
    for kind in ACCOUNT_KINDS.values():
        names |= {*kind.lasting_ids, *(field.name for field in kind.fields)}
        names |= {field.name for field in kind.options}
        if kind.webhook:
            names.add(kind.webhook.secret)
        if kind.shared_sign_in:
            names.add(kind.shared_sign_in.field)
    secrets = {name: f"sesame-{name}" for name in names - NO_SECRETS}
    assert {"secret_access_key", "session_token", "hmac_key"} <= secrets.keys()
    # What nobody has said a word about is hidden as well.
    for name in (CONF_TOKEN, CONF_WEBHOOK_ID, "unheard_of"):
        secrets[name] = f"sesame-{name}"
    entry = await set_up(hass, hass_clouds, "meraki")
    hass.config_entries.async_update_entry(
        entry,
        data={**entry.data, **secrets},
        options={**secrets, "former": {"sesame-old": "sesame-new"}},
    )
    told = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert "sesame" not in json.dumps(told)


async def test_jobs(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    hass_client: ClientSessionGenerator,
    media_dir: Path,
) -> None:
    """How the last jobs went is told, but not what they show or where it lies."""
    camera = hass_clouds.ring.add_camera("Front")
    entry = await set_up(hass, hass_clouds, "ring")
    start = datetime.now(UTC) - timedelta(hours=1)
    event = hass_clouds.ring.add_event(camera, start=start, duration_s=3)
    for begin in (event.start, event.start - timedelta(days=1)):
        await hass.services.async_call(
            DOMAIN,
            "save_clip",
            {
                "entity_id": "camera.front",
                "start": begin.isoformat(),
                "duration": {"seconds": 3},
            },
            blocking=True,
            return_response=True,
        )
    told = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    failed, saved = told["jobs"]
    assert (failed["state"], failed["error"], failed["clips"]) == (
        "failed",
        "no_footage",
        [],
    )
    assert (saved["state"], saved["error"]) == ("saved", None)
    (clip,) = saved["clips"]
    assert clip["status"] == "complete"
    assert clip["video_codec"] == "h264"
    assert (clip["events"], clip["gaps"]) == (1, 0)
    text = json.dumps(told)
    assert str(event.id) not in text
    assert str(media_dir) not in text
