"""A token that a cloud has rotated outlives a kill in the second after."""

from collections.abc import Callable
from typing import Any

import pytest

from custom_components.clip_download.accounts import token_store
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store
from tests.accounts import add_camera, cloud_of, set_up
from tests.clouds import Clouds

ROTATING = ("ring", "ring_partner")


def expire(clouds: Clouds, kind: str) -> None:
    """Let the cloud refuse the access tokens given out so far; refreshing works."""
    getattr(clouds, kind).expire_access_tokens()


@pytest.fixture
def saving(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], None]]:
    """Return what is called before anything is stored."""
    called: list[Callable[[], None]] = []
    save = Store.async_save

    async def note_and_save(self: Store[Any], data: Any) -> None:
        if self.key.startswith("clip_download.token."):
            for call in called:
                call()
        await save(self, data)

    monkeypatch.setattr(Store, "async_save", note_and_save)
    return called


async def rotate(hass: HomeAssistant, clouds: Clouds, entry: ConfigEntry) -> None:
    """Have the account use its cloud with a token that the cloud refuses."""
    expire(clouds, entry.data["kind"])
    await entry.runtime_data.coordinator.async_refresh()
    await hass.async_block_till_done(wait_background_tasks=True)


@pytest.mark.parametrize("kind", ROTATING)
async def test_killed_after_a_refresh(
    hass: HomeAssistant, hass_clouds: Clouds, kind: str
) -> None:
    """Whoever starts with the old token in its entry has the new one all the same."""
    add_camera(hass_clouds, kind, "Front")
    entry = await set_up(hass, hass_clouds, kind)
    old = dict(entry.data)
    await rotate(hass, hass_clouds, entry)
    new = entry.data["token"]
    assert new["refresh_token"] != old["token"]["refresh_token"]

    await hass.config_entries.async_unload(entry.entry_id)
    # As the disk has it, had nothing been written any more.
    hass.config_entries.async_update_entry(entry, data=old)
    expire(hass_clouds, kind)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.LOADED
    assert not list(entry.async_get_active_flows(hass, {"reauth"}))
    assert hass.states.is_state("camera.front", "idle")


@pytest.mark.parametrize("kind", ROTATING)
async def test_kept_before_it_is_used(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    kind: str,
    saving: list[Callable[[], None]],
) -> None:
    """No request bears a new token before that is on the disk."""
    add_camera(hass_clouds, kind, "Front")
    entry = await set_up(hass, hass_clouds, kind)
    cloud = cloud_of(hass_clouds, kind)
    used: list[bool] = []

    def look() -> None:
        bearer = f"Bearer {entry.data['token']['access_token']}"
        used.append(
            any(one.headers.get("Authorization") == bearer for one in cloud.requests)
        )

    saving.append(look)
    await rotate(hass, hass_clouds, entry)
    assert used
    assert not any(used)
    look()
    assert used[-1]


@pytest.mark.parametrize("kind", ROTATING)
async def test_older_than_the_entry(
    hass: HomeAssistant, hass_clouds: Clouds, kind: str
) -> None:
    """What was stored before somebody signed in again is not taken for the newest."""
    add_camera(hass_clouds, kind, "Front")
    entry = await set_up(hass, hass_clouds, kind)
    await rotate(hass, hass_clouds, entry)
    token = {**entry.data["token"], "expires_at": entry.data["token"]["expires_at"] + 9}
    hass.config_entries.async_update_entry(entry, data={**entry.data, "token": token})
    await token_store.async_restore(hass, entry)
    assert entry.data["token"] == token


async def test_removed(
    hass: HomeAssistant, hass_clouds: Clouds, hass_storage: dict[str, Any]
) -> None:
    """Nothing of an account that is removed stays, and others have nothing stored."""
    add_camera(hass_clouds, "ring", "Front")
    entry = await set_up(hass, hass_clouds, "ring")
    await rotate(hass, hass_clouds, entry)
    key = f"clip_download.token.{entry.entry_id}"
    assert hass_storage[key]["data"] == {"token": entry.data["token"]}
    await hass.config_entries.async_remove(entry.entry_id)
    assert key not in hass_storage

    meraki = await set_up(hass, hass_clouds, "meraki")
    await token_store.async_restore(hass, meraki)
    assert f"clip_download.token.{meraki.entry_id}" not in hass_storage
