"""Who is shown what in the media browser, on each way that leads there.

A table of persons, ways and things: whoever may not control a camera finds none of its
clips and none of its recordings, and nothing is fetched for nobody.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple, override

import pytest
from pytest_homeassistant_custom_component.common import (
    CLIENT_ID,
    MockUser,
    setup_test_component_platform,
)
from pytest_homeassistant_custom_component.typing import (
    ClientSessionGenerator,
    WebSocketGenerator,
)

from custom_components.clip_download.const import DOMAIN
from custom_components.clip_download.engine.library.queries import ClipQueries
from custom_components.clip_download.runtime import async_shared
from homeassistant.components import media_source
from homeassistant.components.media_player import MediaPlayerEntity
from homeassistant.components.media_player.browse_media import (
    BrowseMedia,
    SearchMedia,
    SearchMediaQuery,
)
from homeassistant.components.media_player.const import MediaPlayerEntityFeature
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from .accounts import set_up
from .clouds import Clouds
from .test_media_source import CLIPS, CLOUD, FOOTAGE, HISTORY, ROOT, clip, put

TV = "media_player.tv"
FRONT, YARD = "camera.front", "camera.yard"
CAMERAS = ("front", "yard")
# What of a camera account that was removed is still there.
GONE = "gone"

# Who may control what. A person's own player is no camera.
POLICIES: dict[str, Any] = {
    "all": {"entities": True},
    "one": {"entities": {"entity_ids": {TV: True, FRONT: True}}},
    # To see a camera live is not to have what it recorded.
    "looker": {
        "entities": {
            "entity_ids": {TV: True, FRONT: {"read": True}, YARD: {"read": True}}
        }
    },
    "player": {"entities": {"entity_ids": {TV: True}}},
}
# Whose clips each of them finds.
SEES: dict[str, set[str]] = {
    "admin": {"front", "yard", GONE},
    "all": {"front", "yard", GONE},
    "one": {"front"},
    "looker": set(),
    "player": set(),
    # An automation: what it plays is for whoever wrote it to say.
    "nobody": {"front", "yard", GONE},
}
# Those that are here themselves, and those that act through a player only.
HERE = ("websocket", "rest")
CASES = [
    *((who, way) for who in ("admin", *POLICIES) for way in (*HERE, "player")),
    ("nobody", "player"),
]


class Player(MediaPlayerEntity):
    """A player that plays what media sources have, as those of core do."""

    _attr_name = "TV"
    _attr_supported_features = (
        MediaPlayerEntityFeature.BROWSE_MEDIA
        | MediaPlayerEntityFeature.SEARCH_MEDIA
        | MediaPlayerEntityFeature.PLAY_MEDIA
    )

    def __init__(self) -> None:
        """Play nothing yet."""
        self.played: list[str] = []

    @override
    async def async_browse_media(
        self, media_content_type: str | None = None, media_content_id: str | None = None
    ) -> BrowseMedia:
        return await media_source.async_browse_media(self.hass, media_content_id)

    @override
    async def async_search_media(self, query: SearchMediaQuery) -> SearchMedia:
        return await media_source.async_search_media(
            self.hass, query.media_content_id, query
        )

    @override
    async def async_play_media(
        self, media_type: str, media_id: str, **kwargs: Any
    ) -> None:
        media = await media_source.async_resolve_media(
            self.hass, media_id, self.entity_id
        )
        self.played.append(media.url)


class Websocket(NamedTuple):
    """A browser; what it is refused is None."""

    socket: Any

    async def _ask(self, command: str, **data: Any) -> Any:
        await self.socket.send_json_auto_id({"type": f"media_source/{command}", **data})
        answer = await self.socket.receive_json()
        return answer["result"] if answer["success"] else None

    async def browse(self, media_id: str) -> dict[str, Any] | None:
        """Return a folder."""
        page: dict[str, Any] | None = await self._ask(
            "browse_media", media_content_id=media_id
        )
        return page

    async def search(self, media_id: str, text: str) -> list[dict[str, Any]] | None:
        """Return what is found in a folder."""
        found = await self._ask(
            "search_media", media_content_id=media_id, search_query=text
        )
        return found["result"] if found else None

    async def play(self, media_id: str) -> str | None:
        """Return the link to what is played."""
        media = await self._ask("resolve_media", media_content_id=media_id)
        return media["url"] if media else None


class ByPlayer(NamedTuple):
    """Somebody who tells a player to; `call` is how an action is called.

    What is refused is None.
    """

    call: Callable[..., Awaitable[Any]]
    player: Player

    async def browse(self, media_id: str) -> dict[str, Any] | None:
        """Return a folder."""
        page = await self.call(
            "browse_media", media_content_type="", media_content_id=media_id
        )
        if isinstance(page, BrowseMedia):
            shown: dict[str, Any] = page.as_dict()
            return shown
        told: dict[str, Any] | None = page
        return told

    async def search(self, media_id: str, text: str) -> list[dict[str, Any]] | None:
        """Return what is found in a folder."""
        found = await self.call(
            "search_media",
            media_content_type="",
            media_content_id=media_id,
            search_query=text,
        )
        if found is None:
            return None
        result: list[Any] = found["result"] if isinstance(found, dict) else found.result
        return [
            one.as_dict() if isinstance(one, BrowseMedia) else one for one in result
        ]

    async def play(self, media_id: str) -> str | None:
        """Return the link to what is played."""
        before = len(self.player.played)
        await self.call(
            "play_media",
            media={"media_content_id": media_id, "media_content_type": "video/mp4"},
        )
        return self.player.played[-1] if len(self.player.played) > before else None


type Way = Websocket | ByPlayer


class Home(NamedTuple):
    """What there is to be found: by camera, the id of a clip, a recording, a folder."""

    clips: dict[str, str]
    recordings: dict[str, str]
    folders: dict[str, list[str]]
    cloud_folders: dict[str, list[str]]
    saved: int


@pytest.fixture
async def player(hass: HomeAssistant, media_dir: Path) -> Player:
    """Return a player that is there."""
    await hass.config.async_set_time_zone("Europe/Berlin")
    for component in ("api", "media_source", "camera", DOMAIN):
        assert await async_setup_component(hass, component, {})
    player = Player()
    setup_test_component_platform(hass, "media_player", [player])
    config = {"media_player": {"platform": "test"}}
    assert await async_setup_component(hass, "media_player", config)
    await hass.async_block_till_done()
    return player


@pytest.fixture
async def home(
    hass: HomeAssistant, hass_clouds: Clouds, player: Player, afternoon: None
) -> Home:
    """Return two cameras, each with a clip and a recording, and a clip of a third."""
    yesterday = dt_util.now().date() - timedelta(days=1)
    noon = dt_util.start_of_local_day(yesterday) + timedelta(hours=12)
    ring, later = hass_clouds.ring, {}
    ids = {}
    for name in CAMERAS:
        camera = ring.add_camera(name.title())
        ids[name] = str(camera.id)
        ring.add_event(camera, "ding", start=noon.astimezone(UTC), duration_s=3)
        later[name] = ring.add_event(
            camera,
            "motion",
            start=noon.astimezone(UTC) + timedelta(hours=2),
            duration_s=3,
        )
    entry = await set_up(hass, hass_clouds, "ring")
    await hass.services.async_call(
        DOMAIN,
        "save_events",
        {"start": noon, "end": noon + timedelta(hours=1)},
        target={"entity_id": [FRONT, YARD]},
        blocking=True,
    )
    await hass.async_block_till_done(wait_background_tasks=True)
    media = Path(hass.config.media_dirs["local"])
    saved = len(list(media.rglob("*.mp4")))
    assert saved == len(CAMERAS)
    (media / "gone.mp4").write_bytes(b"a clip of an account that was removed")
    lost = clip("gone-clip", noon, camera_name="Gone", label="ding", account_id="gone")

    await put(hass, [replace(lost, path=media / "gone.mp4")])

    catalog = ClipQueries((await async_shared(hass)).library)
    clips = {
        one.camera_name.casefold(): (
            f"{CLIPS}/{one.account_id}/{one.camera_id}/{yesterday}/{one.id}"
        )
        for one in await catalog.search("ding", most=9)
    }
    assert set(clips) == {*CAMERAS, GONE}

    def ways_to(media_id: str) -> list[str]:
        *_, camera, day, _ = media_id.split("/")
        base = media_id.partition(f"/{camera}/{day}/")[0]
        return [f"{base}/{camera}", f"{base}/{camera}/{day}"]

    recordings = {
        name: f"{CLOUD}/{entry.entry_id}/{ids[name]}/{yesterday}/{later[name].id}"
        for name in CAMERAS
    }
    return Home(
        clips,
        recordings,
        {name: ways_to(media_id) for name, media_id in clips.items()},
        {name: ways_to(media_id) for name, media_id in recordings.items()},
        saved,
    )


type Ways = Callable[[str, str], Awaitable[Way]]


@pytest.fixture
def ways(
    hass: HomeAssistant,
    hass_admin_user: MockUser,
    hass_ws_client: WebSocketGenerator,
    hass_client: ClientSessionGenerator,
    player: Player,
) -> Ways:
    """Return what makes the way of a person to the media source."""

    async def way(who: str, how: str) -> Way:
        user: MockUser | None = None
        if who == "admin":
            user = hass_admin_user
        elif who in POLICIES:
            user = MockUser().add_to_hass(hass)
            user.mock_policy(POLICIES[who])
        token = ""
        if user:
            refresh = await hass.auth.async_create_refresh_token(user, CLIENT_ID)
            token = hass.auth.async_create_access_token(refresh)
        if how == "websocket":
            return Websocket(await hass_ws_client(hass, token))
        client = await hass_client(token) if how == "rest" else None

        async def call(action: str, **data: Any) -> Any:
            answers = action != "play_media"
            data |= {"entity_id": TV}
            if client:
                async with client.post(
                    f"/api/services/media_player/{action}"
                    + ("?return_response" if answers else ""),
                    json=data,
                ) as response:
                    if response.status != HTTPStatus.OK:
                        return None
                    told = await response.json()
                return told["service_response"][TV] if answers else None
            with suppress(HomeAssistantError):
                told = await hass.services.async_call(
                    "media_player",
                    action,
                    data,
                    blocking=True,
                    context=Context(user_id=user.id if user else None),
                    return_response=answers,
                )
                return told[TV] if answers and told else None
            return None

        return ByPlayer(call, player)

    return way


async def everything(way: Way, media_id: str) -> AsyncGenerator[dict[str, Any]]:
    """Yield all that is below a folder, as a person finds it."""
    for node in ((await way.browse(media_id)) or {"children": []})["children"]:
        yield node
        if node["can_expand"]:
            async for inner in everything(way, node["media_content_id"]):
                yield inner


def cameras_in(text: str, home: Home) -> set[str]:
    """Return the cameras that something tells of: by name, or by the id of a clip."""
    told = {name for name in home.clips if name in text.casefold()}
    return told | {
        name
        for name, media_id in home.clips.items()
        if media_id.rpartition("/")[2] in text
    }


async def check_saved_clips(home: Home, way: Way, who: str, how: str) -> None:
    """Folders, days, pictures, a search, a known address: only those of their cameras.

    What a player shows for somebody who is not here Home Assistant does not say, and
    nobody sees it: it only is not played.
    """
    is_known = how in HERE or who == "nobody"
    sees = SEES[who] if is_known else {*CAMERAS, GONE}
    found = [node async for node in everything(way, CLIPS)]
    assert cameras_in(repr(found), home) == sees
    searched = await way.search(ROOT, "ding")
    assert searched is not None
    assert cameras_in(repr(searched), home) == sees
    assert len(searched) == len(sees)
    for name, media_id in home.clips.items():
        for folder in home.folders[name]:
            assert (await way.browse(folder) is not None) == (name in sees), folder
            inside = await way.search(folder, "ding")
            assert inside is not None
            assert len(inside) == (name in sees)
        url = await way.play(media_id)
        assert (url is not None) == (name in SEES[who]), media_id
        # An own camera in the address, and another one's clip behind it.
        for other in home.clips.values():
            crossed = f"{other.rpartition('/')[0]}/{media_id.rpartition('/')[2]}"
            assert (await way.play(crossed) is not None) == (name in SEES[who])


@pytest.mark.parametrize(("who", "how"), CASES)
async def test_who_is_shown_what(
    *,
    hass: HomeAssistant,
    hass_clouds: Clouds,
    home: Home,
    ways: Ways,
    who: str,
    how: str,
) -> None:
    """Recordings are seen and fetched by those who may control their camera, and are here."""
    way = await ways(who, how)
    await check_saved_clips(home, way, who, how)
    sees = SEES[who] & set(CAMERAS) if how in HERE else set()
    media = Path(hass.config.media_dirs["local"])

    def films() -> int:
        return len(list(media.rglob("*_motion.mp4")))

    trees = await way.browse(ROOT)
    assert trees is not None
    assert [one["title"] for one in trees["children"]] == (
        ["Clips", "Cloud"] if how in HERE else ["Clips"]
    )
    accounts = await way.browse(CLOUD)
    assert (accounts is not None) == (how in HERE)
    assert bool(accounts and accounts["children"]) == bool(sees)
    footage = len(hass_clouds.ring.asked(FOOTAGE))
    for name, media_id in home.recordings.items():
        asked = len(hass_clouds.ring.asked(HISTORY))
        for folder in home.cloud_folders[name]:
            assert (await way.browse(folder) is not None) == (name in sees)
        if name not in sees:
            assert await way.play(media_id) is None
            assert len(hass_clouds.ring.asked(HISTORY)) == asked
            assert len(hass_clouds.ring.asked(FOOTAGE)) == footage
            assert films() == 0
    for name in sorted(sees):
        before = films()
        assert await way.play(home.recordings[name]) is not None
        assert films() == before + 1
    # Once it is saved, an automation plays it by the same address.
    if who == "nobody":
        await (await ways("admin", "websocket")).play(home.recordings["front"])
        assert await way.play(home.recordings["front"]) is not None
        assert await way.play(home.recordings["yard"]) is None
        assert films() == 1
