"""What released versions have stored is opened by the present one, for ever.

`tests/released/` has a folder for each version whose stored data had a new form: accounts,
database, media folder and storage, as that version left them. None is changed after its
release. To have one made of the present version, run this file while there is none.
"""

from contextlib import closing
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
import shutil
import sqlite3
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from yarl import URL

from custom_components.clip_download.const import CONF_KEEP_DAYS, CONF_MEDIA_DIR, DOMAIN
from custom_components.clip_download.engine.library import schema
from custom_components.clip_download.engine.time_range import to_ms
from custom_components.clip_download.runtime import DATABASE
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

from .accounts import KINDS, add_app, add_camera, set_up
from .clouds import Clouds
from .clouds.footage import Footage
from .test_repository import MANIFEST

RELEASED = Path(__file__).parent / "released"
THIS = RELEASED / MANIFEST["version"]
# In place of the folder that clips were in.
MEDIA = "/media-of-released"
CAMERA = "camera.back"
SECOND = timedelta(seconds=1)
# What is stored of an account.
ACCOUNT = (
    *("data", "disabled_by", "domain", "entry_id", "minor_version", "options"),
    *("source", "subentries", "title", "unique_id", "version"),
)
NEVER = datetime(2100, 1, 1, tzinfo=UTC)


async def act(hass: HomeAssistant, name: str, **data: Any) -> dict[str, Any]:
    """Call an action that answers."""
    answer = await hass.services.async_call(
        DOMAIN, name, data, blocking=True, return_response=True
    )
    assert answer is not None
    return answer


def tables(database: sqlite3.Connection) -> set[tuple[str, str]]:
    """Return all tables, indexes and triggers, as they were made."""
    return set(database.execute("SELECT name, sql FROM sqlite_master WHERE sql <> ''"))


def tables_of_today() -> set[tuple[str, str]]:
    """Return those of a new database."""
    with closing(sqlite3.connect(":memory:")) as database:
        schema.prepare(database, Path(":memory:"))
        return tables(database)


@pytest.mark.skipif(THIS.exists(), reason="it is there")
async def test_make(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    hass_storage: dict[str, Any],
    media_dir: Path,
) -> None:
    """Write what the present version stores."""
    assert await async_setup_component(hass, "http", {})
    # Not what looks like somebody's true secrets.
    hass_clouds.kinesis.access_key_id = "AKIAIOSFODNN7EXAMPLE"
    hass_clouds.kinesis.secret_access_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    hass_clouds.meraki.api_key = "0123456789" * 4
    small = Footage("Back", width=160, height=120)
    hass_clouds.kinesis.add_stream("Back", footage=small, fragment=SECOND)
    for kind in KINDS[:3]:
        add_camera(hass_clouds, kind, "Front")
    entries = [await set_up(hass, hass_clouds, kind) for kind in KINDS]
    options = {CONF_MEDIA_DIR: "local", CONF_KEEP_DAYS: 36_500}
    hass.config_entries.async_update_entry(entries[-1], options=options)
    start = (datetime.now(UTC) - timedelta(minutes=30)).replace(microsecond=0)
    saved = await act(
        hass,
        "save_clip",
        entity_id=CAMERA,
        start=start,
        end=start + 2 * SECOND,
        label="parcel",
    )
    hass_clouds.kinesis.streams[0].retention_hours = 0
    before = start - timedelta(hours=1)
    await act(hass, "save_clip", entity_id=CAMERA, start=before, end=before + SECOND)
    (clip,) = (await act(hass, "keep_clip", clip=saved[CAMERA]["clip_id"]))["clips"]
    shared = await act(hass, "share_clip", clip=clip["path"])
    for entry in entries:
        await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)

    with closing(sqlite3.connect(hass.config.path(DATABASE))) as database:
        # It would be forgotten after a while.
        database.execute("UPDATE jobs SET updated_at_ms = ?", (to_ms(NEVER),))
        (version,) = database.execute("PRAGMA user_version").fetchone()
        rows = "\n".join(database.iterdump()).replace(str(media_dir), MEDIA)
    for share in hass_storage[f"{DOMAIN}.shares"]["data"]["shares"]:
        share["expires_at"] = NEVER.isoformat()
    storage = {
        key: value for key, value in hass_storage.items() if key.startswith(DOMAIN)
    }
    shutil.copytree(media_dir, THIS / "media")
    (THIS / "database.sql").write_text(f"{rows}\nPRAGMA user_version = {version};\n")
    stored = {
        "accounts": [
            {key: entry.as_dict()[key] for key in ACCOUNT} for entry in entries
        ],
        "link": shared["url"],
        "storage": storage,
        "start": start.isoformat(),
    }
    (THIS / "stored.json").write_text(f"{json.dumps(stored, indent=1, default=str)}\n")
    pytest.fail(f"{THIS} is made: look at it, and commit it")


def admit(clouds: Clouds, account: dict[str, Any]) -> None:
    """Let the clouds take the credentials that an account has stored; tokens are old."""
    data = account["data"]
    match data["kind"]:
        case "ring":
            clouds.ring._tokens.refresh.add(data["token"]["refresh_token"])
            data["token"]["expires_at"] = 1
        case "ring_partner":
            clouds.ring_partner._refresh[data["token"]["refresh_token"]] = NEVER
            data["token"]["expires_at"] = 1
        case "meraki":
            clouds.meraki.api_key = data["api_key"]
        case "kinesis":
            clouds.kinesis.access_key_id = data["access_key_id"]
            clouds.kinesis.secret_access_key = data["secret_access_key"]


def restore(folder: Path, hass: HomeAssistant, media_dir: Path) -> dict[str, Any]:
    """Put the files of a version where Home Assistant has them; return the rest."""
    # As from a backup: with other times than they had.
    shutil.copytree(
        folder / "media", media_dir, dirs_exist_ok=True, copy_function=shutil.copyfile
    )
    rows = (folder / "database.sql").read_text().replace(MEDIA, str(media_dir))
    with closing(sqlite3.connect(hass.config.path(DATABASE))) as database:
        database.executescript(rows)
        # What opens the database of an earlier version brings it up to date.
        schema.prepare(database, Path(hass.config.path(DATABASE)))
        assert tables(database) == tables_of_today()
    stored: dict[str, Any] = json.loads((folder / "stored.json").read_text())
    return stored


@pytest.mark.parametrize(
    "version", sorted(path.name for path in RELEASED.glob("*")) or [THIS.name]
)
async def test_released(
    hass: HomeAssistant,
    *,
    hass_clouds: Clouds,
    hass_client_no_auth: ClientSessionGenerator,
    hass_storage: dict[str, Any],
    media_dir: Path,
    version: str,
) -> None:
    """Accounts load, clips are whole, a shared link works; the files alone suffice."""
    stored = restore(RELEASED / version, hass, media_dir)
    hass_storage.update(stored["storage"])
    for kind in KINDS[:3]:
        add_camera(hass_clouds, kind, "Front")
    hass_clouds.kinesis.add_stream("Back")
    await add_app(hass, hass_clouds)
    entries = []
    for account in stored["accounts"]:
        admit(hass_clouds, account)
        subentries = account.pop("subentries")
        entries.append(MockConfigEntry(**account, subentries_data=subentries))
        entries[-1].add_to_hass(hass)
    assert await async_setup_component(hass, DOMAIN, {})
    await hass.async_block_till_done(wait_background_tasks=True)
    assert {entry.data["kind"] for entry in entries} == set(KINDS)
    assert [entry.state for entry in entries] == [ConfigEntryState.LOADED] * len(KINDS)

    (path,) = media_dir.rglob("*.mp4")
    start = datetime.fromisoformat(stored["start"])
    day = {"start": start - timedelta(hours=3), "end": start + timedelta(hours=3)}
    listed = (await act(hass, "list_clips", entity_id=CAMERA, **day))[CAMERA]
    (clip,), (failed,) = listed["saved"], listed["failed"]
    assert (clip["path"], clip["label"], clip["kept"]) == (str(path), "parcel", True)
    assert failed["error"]["message"]
    verified = await act(hass, "verify_clips", entity_id=CAMERA)
    assert (verified["checked"], verified["ok"]) == (1, 1)
    stranger = await hass_client_no_auth()
    async with stranger.get(URL(stored["link"]).path_qs) as response:
        assert await response.read() == path.read_bytes()
    # Read anew, as its file has another time.
    rebuilt = await act(hass, "rebuild_library")
    assert rebuilt == {**dict.fromkeys(rebuilt, 0), "found": 1, "changed": 1}
