"""A token that a cloud has rotated outlives a kill in the second after, and so does an app."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from custom_components.clip_download.accounts import token_store
from custom_components.clip_download.accounts.ring_partner import RingApp
from custom_components.clip_download.const import DOMAIN
from homeassistant.components import application_credentials
from homeassistant.components.application_credentials import DATA_COMPONENT
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


@pytest.mark.parametrize("is_known", [False, True])
async def test_app_is_not_there_for_a_moment(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    monkeypatch: pytest.MonkeyPatch,
    is_known: bool,
) -> None:
    """An app that a kill kept from the disk, or cannot be made now, is no rejection."""
    add_camera(hass_clouds, "ring_partner", "Front")
    entry = await set_up(hass, hass_clouds, "ring_partner")
    apps = hass.data[DATA_COMPONENT]
    (name,) = before = apps.async_client_credentials(DOMAIN)
    await hass.config_entries.async_unload(entry.entry_id)
    if is_known:

        async def no_platform(hass: HomeAssistant, domain: str) -> None:
            return

        monkeypatch.setattr(application_credentials, "_get_platform", no_platform)
    else:
        # As Home Assistant starts if it was killed less than ten seconds later.
        apps.data.clear()
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.LOADED
    await rotate(hass, hass_clouds, entry)
    assert hass.states.is_state("camera.front", "idle")
    assert not list(entry.async_get_active_flows(hass, {"reauth"}))
    assert apps.async_client_credentials(DOMAIN)[name] == before[name]


async def test_whoever_asks_for_a_new_token_goes_away(
    hass: HomeAssistant, hass_clouds: Clouds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the cloud has answered is kept: it takes the old token no more."""
    add_camera(hass_clouds, "ring_partner", "Front")
    entry = await set_up(hass, hass_clouds, "ring_partner")
    answered, may_arrive = asyncio.Event(), asyncio.Event()
    request = RingApp._token_request

    async def answer_late(self: RingApp, data: dict[str, Any]) -> dict[str, Any]:
        answer = await request(self, data)
        answered.set()
        await may_arrive.wait()
        return answer

    with monkeypatch.context() as late:
        late.setattr(RingApp, "_token_request", answer_late)
        expire(hass_clouds, "ring_partner")
        asking = hass.async_create_task(entry.runtime_data.source.cameras())
        await answered.wait()
        asking.cancel()
        await asyncio.wait([asking])
        may_arrive.set()
        await hass.async_block_till_done(wait_background_tasks=True)
    await rotate(hass, hass_clouds, entry)
    assert hass.states.is_state("camera.front", "idle")
    assert not list(entry.async_get_active_flows(hass, {"reauth"}))
