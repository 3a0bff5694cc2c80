"""The commands about saved clips, with real clips over a real connection."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
import shutil
from typing import Any

import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.clip_download.engine.folder import File
from custom_components.clip_download.engine.library import sidecar
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from tests.accounts import save, save_event
from tests.clouds import Clouds

from .conftest import Browser, Open, time_of

FRONT, YARD = "camera.front", "camera.yard"
HOUR = timedelta(hours=1)
# Who may do what: all of one camera, looking at both, nothing of any.
ONE: dict[str, Any] = {"entities": {"entity_ids": {FRONT: True}}}
LOOKER: dict[str, Any] = {
    "entities": {"entity_ids": {FRONT: {"read": True}, YARD: {"read": True}}}
}
READ_ALL: dict[str, Any] = {"entities": {"all": {"read": True}}}
NOTHING: dict[str, Any] = {"entities": {"entity_ids": {"media_player.tv": True}}}
EVERYTHING: dict[str, Any] = {"entities": True}


async def listed(browser: Browser, **data: Any) -> list[dict[str, Any]]:
    """Return the clips of a page."""
    clips: list[dict[str, Any]] = (await browser.ask("clips/list", **data))["clips"]
    return clips


async def test_list(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    entry: ConfigEntry,
    open_browser: Open,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    """Clips come newest first, page by page, with links that play and show them."""
    paths = [await save(hass, hass_clouds, ago) for ago in (3, 2, 1)]
    other = await save(hass, hass_clouds, 2, "Yard")
    browser = await open_browser()
    assert {clip["path"] for clip in await listed(browser)} == {
        str(path) for path in (*paths, other)
    }
    page = await browser.ask("clips/list", entity_ids=[FRONT], limit=2)
    assert [clip["path"] for clip in page["clips"]] == [str(paths[2]), str(paths[1])]
    rest = await browser.ask(
        "clips/list", entity_ids=[FRONT], limit=2, cursor=page["cursor"]
    )
    assert [clip["path"] for clip in rest["clips"]] == [str(paths[0])]
    assert rest["cursor"] is None

    clip = page["clips"][0]
    assert (clip["entity_id"], clip["camera"]) == (FRONT, "Front")
    assert (clip["status"], clip["kept"], clip["label"]) == ("complete", False, "")
    length = time_of(clip["end"]) - time_of(clip["start"])
    assert abs(length.total_seconds() - clip["duration_s"]) < 2
    assert clip["size_bytes"] == paths[2].stat().st_size
    assert clip["media_content_id"].endswith(paths[2].name)
    assert time_of(clip["saved_at"]) > time_of(clip["end"])
    # As a player and a page get them: without a sign-in.
    client = await hass_client_no_auth()
    async with client.get(clip["url"]) as response:
        assert response.status == HTTPStatus.OK
        assert await response.read() == paths[2].read_bytes()
    async with client.get(clip["picture"]) as response:
        assert response.status == HTTPStatus.OK
        assert response.content_type == "image/jpeg"
    async with client.get(clip["url"].partition("?")[0]) as response:
        assert response.status == HTTPStatus.UNAUTHORIZED


async def test_pages_of_clips_that_begin_together(
    hass: HomeAssistant, hass_clouds: Clouds, entry: ConfigEntry, open_browser: Open
) -> None:
    """None is left out and none comes twice, however small the pages."""
    start = datetime.now(UTC) - HOUR
    for camera in hass_clouds.ring.cameras:
        event = hass_clouds.ring.add_event(camera, start=start, duration_s=3)
        await save_event(hass, event)
    browser = await open_browser()
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = await browser.ask("clips/list", limit=1, **cursor)
        found += [clip["id"] for clip in page["clips"]]
        if page["cursor"] is None:
            break
        cursor = {"cursor": page["cursor"]}
    assert len(found) == len({*found}) == 2


async def test_filters(
    hass: HomeAssistant, hass_clouds: Clouds, entry: ConfigEntry, open_browser: Open
) -> None:
    """What is named in a filter is found by it, and nothing else."""
    camera = hass_clouds.ring.cameras[0]
    start = datetime.now(UTC) - 2 * HOUR
    hass_clouds.ring.add_event(camera, "ding", start=start, duration_s=3)
    hass_clouds.ring.add_event(
        camera, "motion", start=start + HOUR, duration_s=3, saw="human"
    )
    await hass.services.async_call(
        "clip_download",
        "save_events",
        {"start": start - HOUR, "end": start + 2 * HOUR},
        target={"entity_id": FRONT},
        blocking=True,
    )
    browser = await open_browser()
    both = await listed(browser)
    assert len(both) == 2
    motion, ding = both
    assert (ding["kinds"], ding["seen"]) == (["ding"], [])
    assert (motion["kinds"], motion["seen"]) == (["motion"], ["person"])
    await browser.ask("clip/keep", clip_ids=[ding["id"]], kept=True)
    for chosen, found in (
        ({"kind": "ding"}, [ding]),
        ({"kind": "din"}, []),
        ({"seen": "person"}, [motion]),
        ({"seen": "motion"}, []),
        ({"label": "ding"}, [ding]),
        ({"label": "DING"}, []),
        ({"kept": True}, [ding]),
        ({"kept": False}, [motion]),
        ({"status": "complete"}, [motion, ding]),
        ({"status": "partial"}, []),
        ({"start": motion["start"]}, [motion]),
        ({"end": motion["start"]}, [ding]),
        ({"start": ding["end"], "end": motion["start"]}, []),
        ({"start": ding["end"], "end": motion["end"]}, [motion]),
        ({"entity_ids": []}, []),
        ({"entity_ids": [YARD]}, []),
        ({"entity_ids": [YARD, FRONT], "kind": "motion", "kept": False}, [motion]),
        ({"start": "0001-01-01T00:00:00Z", "end": "9999-12-31T23:59:59Z"}, both),
        ({"start": "1700-01-01", "end": "2200-01-01"}, both),
        ({"query": ""}, both),
        ({"query": "FRON"}, both),
        ({"query": "front person"}, [motion]),
        ({"query": "kept"}, [ding]),
        ({"query": "person", "kept": True}, []),
        ({"query": "fr%nt"}, []),
    ):
        ids = [clip["id"] for clip in await listed(browser, **chosen)]
        assert ids == [clip["id"] for clip in found], chosen
    words = await browser.ask("clips/filters")
    assert words == {
        "labels": ["ding", "person"],
        "kinds": ["ding", "motion"],
        "seen": ["person"],
    }
    assert await browser.ask("clips/filters", entity_ids=[YARD]) == {
        "labels": [],
        "kinds": [],
        "seen": [],
    }
    told = (await browser.ask("clip/get", clip_id=ding["id"]))["clip"]
    assert told["kept"]
    assert Path(ding["path"]).exists()
    Path(ding["path"]).unlink()
    assert await browser.refused("clip/get", clip_id=ding["id"]) == "not_found"
    (camera_info, _) = (await browser.ask("cameras"))["cameras"]
    assert camera_info["bytes_per_s"] == pytest.approx(
        motion["size_bytes"] / motion["duration_s"]
    )


async def test_what_is_gone(
    hass: HomeAssistant, hass_clouds: Clouds, entry: ConfigEntry, open_browser: Open
) -> None:
    """A file that somebody removed is not listed; one without a picture has no link."""
    first, second = [await save(hass, hass_clouds, ago) for ago in (2, 1)]
    first.with_suffix(".jpg").unlink()
    second.unlink()
    browser = await open_browser()
    (clip,) = await listed(browser)
    assert (clip["path"], clip["picture"]) == (str(first), None)


async def test_keep_label_delete(
    hass: HomeAssistant, hass_clouds: Clouds, entry: ConfigEntry, open_browser: Open
) -> None:
    """Each is written where it lasts: into the library, and beside the clip."""
    path = await save(hass, hass_clouds, 1)
    beside = File.at(sidecar.path_of(path))
    before = sidecar.read(beside)
    browser = await open_browser()
    (clip,) = await listed(browser)
    clip_id = clip["id"]

    told = await browser.ask("clip/keep", clip_ids=[clip_id, "nobody's"], kept=True)
    (kept,) = told["clips"]
    assert kept["kept"]
    assert sidecar.read(beside).clip.kept
    answer = await browser.ask("clip/delete", clip_ids=[clip_id])
    assert answer == {
        "deleted": [],
        "spared": [{"clip_id": clip_id, "reason": "kept"}],
    }
    (released,) = (await browser.ask("clip/keep", clip_ids=[clip_id], kept=False))[
        "clips"
    ]
    assert not released["kept"]

    label = "Pàckage <img src=x onerror=alert(1)>"
    told = await browser.ask("clip/label", clip_ids=[clip_id], label=f"  {label}\n")
    assert told["clips"][0]["label"] == label
    after = sidecar.read(beside)
    assert after.clip.label == label
    assert after.asked == before.asked
    assert path.exists()
    assert [one["id"] for one in await listed(browser, label=label)] == [clip_id]

    answer = await browser.ask("clip/delete", clip_ids=[clip_id, clip_id, "nobody's"])
    assert answer == {
        "deleted": [clip_id],
        "spared": [{"clip_id": "nobody's", "reason": "not_found"}],
    }
    assert not path.exists()
    assert not beside.path.exists()
    assert await listed(browser) == []
    for command in ({"kept": True}, {"label": "x"}):
        name = "keep" if "kept" in command else "label"
        assert (
            await browser.refused(f"clip/{name}", clip_ids=[clip_id], **command)
            == "not_found"
        )


async def test_a_sidecar_that_cannot_be_written(
    hass: HomeAssistant, hass_clouds: Clouds, entry: ConfigEntry, open_browser: Open
) -> None:
    """Without the file's record, the library's stays as it was."""
    path = await save(hass, hass_clouds, 1)
    browser = await open_browser()
    (clip,) = await listed(browser)
    shutil.move(path.parent, path.parent.with_name("aside"))
    path.parent.symlink_to(path.parent.with_name("aside"))
    code = await browser.refused("clip/label", clip_ids=[clip["id"]], label="x")
    assert code == "home_assistant_error"
    code = await browser.refused("clip/keep", clip_ids=[clip["id"]], kept=True)
    assert code == "home_assistant_error"
    path.parent.unlink()
    shutil.move(path.parent.with_name("aside"), path.parent)
    (clip,) = await listed(browser)
    assert (clip["label"], clip["kept"]) == ("", False)


@pytest.mark.parametrize(
    ("policy", "theirs"),
    [
        (ONE, {FRONT}),
        (LOOKER, set()),
        (READ_ALL, set()),
        (NOTHING, set()),
        (EVERYTHING, {FRONT, YARD}),
    ],
    ids=["one", "looker", "reader", "nothing", "everything"],
)
async def test_rights(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    entry: ConfigEntry,
    open_browser: Open,
    *,
    policy: dict[str, Any],
    theirs: set[str],
) -> None:
    """What one may not control is as if it were not there, whatever is asked of it."""
    paths = {
        FRONT: await save(hass, hass_clouds, 2),
        YARD: await save(hass, hass_clouds, 1, "Yard"),
    }
    admin, guest = await open_browser(), await open_browser(policy)
    ids = {clip["entity_id"]: clip["id"] for clip in await listed(admin)}
    cameras = (await guest.ask("cameras"))["cameras"]
    assert {camera["entity_id"] for camera in cameras} == theirs
    assert {clip["entity_id"] for clip in await listed(guest)} == theirs
    for entity_id in {FRONT, YARD} - theirs:
        clip_id = ids[entity_id]
        for command, data in (
            ("clips/list", {"entity_ids": [entity_id]}),
            ("clips/list", {"entity_ids": [*theirs, entity_id]}),
            ("clip/keep", {"clip_ids": [clip_id], "kept": True}),
            ("clip/label", {"clip_ids": [clip_id], "label": "mine"}),
        ):
            assert await guest.refused(command, **data) == "not_found"
        answer = await guest.ask("clip/delete", clip_ids=[clip_id])
        assert answer == {
            "deleted": [],
            "spared": [{"clip_id": clip_id, "reason": "not_found"}],
        }
    assert [clip["kept"] for clip in await listed(admin)] == [False, False]
    assert {clip["label"] for clip in await listed(admin)} == {""}
    answer = await guest.ask("clip/delete", clip_ids=sorted(ids.values()))
    assert set(answer["deleted"]) == {ids[entity_id] for entity_id in theirs}
    assert {one for one in paths if not paths[one].exists()} == theirs


async def test_cameras_that_are_gone(
    hass: HomeAssistant, hass_clouds: Clouds, entry: ConfigEntry, open_browser: Open
) -> None:
    """Their clips are an administrator's."""
    await save(hass, hass_clouds, 1)
    admin, all_but = await open_browser(), await open_browser(EVERYTHING)
    (clip,) = await listed(all_but)
    er.async_get(hass).async_remove(FRONT)
    await hass.async_block_till_done()
    assert await listed(all_but) == []
    assert (
        await all_but.refused("clip/keep", clip_ids=[clip["id"]], kept=True)
        == "not_found"
    )
    (still,) = await listed(admin)
    assert (still["id"], still["entity_id"]) == (clip["id"], None)
    assert (await admin.ask("clip/delete", clip_ids=[clip["id"]]))["deleted"]


@pytest.mark.parametrize(
    ("command", "data", "code"),
    [
        ("clips/list", {"entity_ids": ["camera.nobody"]}, "not_found"),
        ("clips/list", {"entity_ids": ["sun.sun"]}, "not_found"),
        ("clips/list", {"entity_ids": [""]}, "invalid_format"),
        ("clips/list", {"entity_ids": FRONT}, "invalid_format"),
        ("clips/list", {"entity_ids": [FRONT] * 10_000}, "invalid_format"),
        ("clips/list", {"entity_ids": ["x" * 2**20]}, "invalid_format"),
        ("clips/list", {"limit": 201}, "invalid_format"),
        ("clips/list", {"limit": 0}, "invalid_format"),
        ("clips/list", {"limit": -1}, "invalid_format"),
        ("clips/list", {"limit": 10**30}, "invalid_format"),
        ("clips/list", {"cursor": "1"}, "invalid_format"),
        ("clips/list", {"cursor": "x-y"}, "invalid_format"),
        ("clips/list", {"cursor": f"{10**30}-y"}, "invalid_format"),
        ("clips/list", {"cursor": "٣-y"}, "invalid_format"),
        ("clips/list", {"label": "x" * 2**20}, "invalid_format"),
        ("clips/list", {"status": "lost"}, "invalid_format"),
        ("clips/list", {"kept": "perhaps"}, "invalid_format"),
        ("clips/list", {"start": "yesterday"}, "invalid_format"),
        ("clips/list", {"start": 1}, "invalid_format"),
        (
            "clips/list",
            {"start": "2026-01-02", "end": "2026-01-01"},
            "service_validation_error",
        ),
        ("clips/list", {"unknown": 1}, "invalid_format"),
        ("clip/keep", {"clip_ids": ["nobody's"], "kept": True}, "not_found"),
        ("clip/keep", {"clip_ids": ["' OR 1 --"], "kept": True}, "not_found"),
        ("clip/keep", {"clip_ids": ["\0"], "kept": True}, "not_found"),
        ("clip/keep", {"clip_ids": [{}], "kept": True}, "invalid_format"),
        ("clip/keep", {"clip_ids": ["1"]}, "invalid_format"),
        ("clip/label", {"clip_ids": ["1"], "label": "x" * 101}, "invalid_format"),
        ("clip/label", {"clip_ids": ["1"], "label": "x" * 2**20}, "invalid_format"),
        ("clip/label", {"clip_ids": ["1"], "label": None}, "invalid_format"),
        ("clip/delete", {"clip_ids": []}, "invalid_format"),
        ("clip/delete", {"clip_ids": "1"}, "invalid_format"),
        ("clip/delete", {"clip_ids": ["x"] * 10_000}, "invalid_format"),
        ("clip/delete", {"clip_ids": ["x" * 2**20]}, "invalid_format"),
        ("cameras", {"all": True}, "invalid_format"),
    ],
)
async def test_nonsense(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    entry: ConfigEntry,
    open_browser: Open,
    *,
    command: str,
    data: dict[str, Any],
    code: str,
) -> None:
    """What makes no sense is refused, and the connection goes on."""
    browser = await open_browser()
    assert await browser.refused(command, **data) == code
    assert await browser.ask("clips/list") == {"clips": [], "cursor": None}


async def test_subscribe(
    hass: HomeAssistant, hass_clouds: Clouds, entry: ConfigEntry, open_browser: Open
) -> None:
    """What is saved, changed and removed is told, whoever did it; of one's own cameras."""
    browser, guest = await open_browser(), await open_browser(ONE)
    assert await guest.refused("clips/subscribe", entity_ids=[YARD]) == "not_found"
    everything = await browser.subscribe("clips/subscribe")
    theirs = await guest.subscribe("clips/subscribe")
    yard = await browser.subscribe("clips/subscribe", entity_ids=[YARD])
    await save(hass, hass_clouds, 2, "Yard")
    path = await save(hass, hass_clouds, 1)
    (first,) = (await browser.event(everything))["saved"]
    (second,) = (await browser.event(everything))["saved"]
    assert (first["entity_id"], second["entity_id"]) == (YARD, FRONT)
    assert second["path"] == str(path)
    assert second["url"]
    assert second["picture"]
    await hass.services.async_call(
        "clip_download", "keep_clip", {"path": str(path)}, blocking=True
    )
    (changed,) = (await browser.event(everything))["changed"]
    assert (changed["id"], changed["kept"]) == (second["id"], True)
    await browser.ask("clip/keep", clip_ids=[second["id"]], kept=False)
    (changed,) = (await browser.event(everything))["changed"]
    assert (changed["id"], changed["kept"]) == (second["id"], False)
    await browser.ask("clip/label", clip_ids=[second["id"]], label="fox")
    (changed,) = (await browser.event(everything))["changed"]
    assert changed["label"] == "fox"
    await browser.ask("clip/delete", clip_ids=[first["id"]])
    assert (await browser.event(everything))["removed"] == [first["id"]]
    await browser.ask("clip/delete", clip_ids=[second["id"]])
    assert (await browser.event(everything))["removed"] == [second["id"]]
    # All of the others' events were sent before that one, or are.
    heard: list[dict[str, Any]] = []
    while not heard or not heard[-1]["removed"]:
        heard.append(await guest.event(theirs))
        told = [*heard[-1]["saved"], *heard[-1]["changed"]]
        assert {clip["id"] for clip in told} <= {second["id"]}
    assert heard[-1]["removed"] == [second["id"]]
    assert heard[0]["saved"][0]["id"] == second["id"]
    (saved,) = (await browser.event(yard))["saved"]
    assert saved["id"] == first["id"]
    assert (await browser.event(yard))["removed"] == [first["id"]]
    await browser.socket.close()
    await hass.async_block_till_done()
    await save(hass, hass_clouds, 3)
    await hass.config_entries.async_unload(entry.entry_id)
    (clip,) = await listed(guest)
    assert await guest.ask("clip/delete", clip_ids=[clip["id"]])
