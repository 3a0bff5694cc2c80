"""Assist and language models: sentences of docs/assist.md, and tools, to what comes of them."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
import re
from typing import Any, NamedTuple

from probatio import to_openapi
import pytest
from pytest_homeassistant_custom_component.common import (
    MockUser,
    setup_test_component_platform,
)

from custom_components.clip_download import intent
from custom_components.clip_download.const import DOMAIN
from custom_components.clip_download.intent import EVENTS, LAST_CLIP, SAVE
from custom_components.clip_download.llm import async_get_tools
from homeassistant.components.conversation import async_converse
from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.components.media_player.const import DATA_COMPONENT
from homeassistant.components.media_source import async_resolve_media
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    floor_registry as fr,
    llm,
)
from homeassistant.helpers.json import json_dumps
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from .accounts import add_camera, set_up
from .clouds import Clouds
from .clouds.ring import RingCamera
from .test_media_rights import TV, Player
from .test_repository import ROOT

FILES = re.compile(
    r"`(custom_sentences/\w+/clip_download\.yaml)`:\n\n```yaml\n(.*?)```", re.DOTALL
)
ASSISTANT = "conversation"
HOUR = timedelta(hours=1)
FRONT, BACK = "camera.front_door", "camera.back_door"

type Say = Callable[..., Awaitable[dict[str, Any]]]


class Home(NamedTuple):
    """The two cameras of a home: one is in an area, on a floor."""

    clouds: Clouds
    front: RingCamera
    back: RingCamera
    noon: datetime


@pytest.fixture
async def home(
    hass: HomeAssistant,
    hass_clouds: Clouds,
    media_dir: Path,
    afternoon: None,
    monkeypatch: pytest.MonkeyPatch,
) -> Home:
    """Return a home whose Assist knows both cameras, and the sentences of the document."""
    monkeypatch.setattr(intent, "ANSWER_WITHIN_S", 600)
    for name, text in FILES.findall((ROOT / "docs" / "assist.md").read_text()):
        path = Path(hass.config.path(name))
        path.parent.mkdir(parents=True)
        path.write_text(text)
    setup_test_component_platform(hass, "media_player", [Player()])
    for component in ("homeassistant", "media_source", "intent", "conversation"):
        assert await async_setup_component(hass, component, {})
    config = {"media_player": {"platform": "test"}}
    assert await async_setup_component(hass, "media_player", config)
    front, back = (
        hass_clouds.ring.add_camera(one) for one in ("Front door", "Back door")
    )
    await set_up(hass, hass_clouds, "ring")
    for entity_id in (FRONT, BACK, TV):
        async_expose_entity(hass, ASSISTANT, entity_id, should_expose=True)
    floor = fr.async_get(hass).async_create("Outside")
    area = ar.async_get(hass).async_create("Garden", floor_id=floor.floor_id)
    camera = er.async_get(hass).async_get(BACK)
    assert camera is not None
    assert camera.device_id is not None
    dr.async_get(hass).async_update_device(camera.device_id, area_id=area.id)
    return Home(hass_clouds, front, back, dt_util.start_of_local_day() + 12 * HOUR)


@pytest.fixture
def say(hass: HomeAssistant, home: Home) -> Say:
    """Return what says a sentence to Assist, for nobody in particular or for a person."""

    async def say(
        sentence: str, user: MockUser | None = None, language: str = "en"
    ) -> dict[str, Any]:
        result = await async_converse(
            hass,
            sentence,
            None,
            Context(user_id=user.id if user else None),
            language=language,
            agent_id="conversation.home_assistant",
        )
        answer: dict[str, Any] = result.response.as_dict()
        return answer

    return say


def speech(answer: dict[str, Any]) -> str:
    """Return what is said."""
    words: str = answer["speech"]["plain"]["speech"]
    return words


async def told(
    hass: HomeAssistant,
    user: MockUser | None,
    tool: str,
    device_id: str | None = None,
    **args: Any,
) -> Any:
    """Return what a language model is told by a tool of ours."""
    context = context_of(user, device_id)
    api = await llm.async_get_api(hass, llm.LLM_API_ASSIST, context)
    result = await api.async_call_tool(llm.ToolInput(f"{DOMAIN}__{tool}", args))
    assert not result.error
    # It goes on as JSON.
    return json.loads(json_dumps(result.data))


def context_of(user: MockUser | None, device_id: str | None = None) -> llm.LLMContext:
    """Return how a language model asks for a person, or for who speaks to a device."""
    context = Context(user_id=user.id if user else None)
    return llm.LLMContext("test", context, "en", ASSISTANT, device_id)


def person(hass: HomeAssistant, *entity_ids: str) -> MockUser:
    """Return somebody who may control just these entities."""
    user = MockUser().add_to_hass(hass)
    user.mock_policy({"entities": {"entity_ids": dict.fromkeys(entity_ids, True)}})
    return user


def ring(home: Home, start: datetime, kind: Any = "motion") -> None:
    """Let the front door's camera see something for three seconds."""
    start = start.astimezone(UTC)
    home.clouds.ring.add_event(home.front, kind, start=start, duration_s=3)


async def save_all(hass: HomeAssistant, home: Home) -> None:
    """Save all that happened today."""
    await hass.services.async_call(
        DOMAIN,
        "save_events",
        {"date": home.noon.date()},
        target={"entity_id": FRONT},
        blocking=True,
    )
    await hass.async_block_till_done(wait_background_tasks=True)


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        (
            "en",
            {
                "save the last five minutes of the front door": (300, FRONT),
                "Save the last minute from front door": (60, FRONT),
                "save last 90 seconds in the garden": (90, BACK),
                "save the last hour on the outside": (3600, BACK),
            },
        ),
        (
            "de",
            {
                "Speichere die letzten fünf Minuten von Front door": (300, FRONT),
                "sichere die letzte Stunde aus dem Garden": (3600, BACK),
                "Speichere die letzten 20 Sekunden vom Outside": (20, BACK),
            },
        ),
    ],
)
async def test_saving(
    say: Say, language: str, sentences: dict[str, tuple[int, str]]
) -> None:
    """It begins at once, for the camera by its name, area or floor, and says so."""
    for sentence, (length_s, entity_id) in sentences.items():
        answer = await say(sentence, language=language)
        assert answer["response_type"] == "action_done", answer
        ((saving, job),) = answer["speech_slots"]["saving"].items()
        assert (saving, job["status"]) == (entity_id, "queued")
        start, end = (datetime.fromisoformat(job[name]) for name in ("start", "end"))
        assert end - start == timedelta(seconds=length_s)
        name = {FRONT: "Front door", BACK: "Back door"}[entity_id]
        begin = {"en": f"Saving {name} from ", "de": f"Ich speichere {name} von "}
        assert speech(answer).startswith(
            f"{begin[language]}{dt_util.as_local(start):%H:%M}"
        )


async def test_what_cannot_be_saved(hass: HomeAssistant, say: Say) -> None:
    """It is refused in words: whose footage nobody said, and what is not loaded."""
    answer = await say("save the last five minutes")
    assert "Front door, Back door" in speech(answer)
    assert answer["response_type"] == "error"
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    await hass.config_entries.async_unload(entry.entry_id)
    for sentence in (
        "save the last minute of the front door",
        "what happened at the front door",
    ):
        answer = await say(sentence)
        assert answer["response_type"] == "error"
        assert entry.title in speech(answer)


async def test_what_happened(hass: HomeAssistant, home: Home, say: Say) -> None:
    """The newest are said, the rest is counted; yesterday is another day."""
    for n in range(6):
        ring(home, home.noon - n * HOUR, "ding" if n % 2 else "motion")
    ring(home, home.noon - 24 * HOUR)
    assert speech(await say("what happened at the front door today")) == (
        "Front door, today: motion at 12:00, ring at 11:00, motion at 10:00, "
        "ring at 09:00, and 2 earlier."
    )
    assert speech(await say("what did the front door see yesterday")) == (
        "Front door, yesterday: motion at 12:00."
    )
    assert speech(await say("what happened in the garden")) == (
        "Back door, today: There were no events."
    )
    assert speech(
        await say("Was war gestern an der Front door los", language="de")
    ) == ("Front door, gestern: Bewegung um 12:00.")
    both = speech(await say("was hat die Kamera heute gesehen", language="de"))
    assert both.startswith("Front door, heute: Bewegung um 12:00, Klingeln um 11:00")
    assert both.endswith("Back door, heute: Es gab keine Ereignisse.")

    await save_all(hass, home)
    data = (await told(hass, None, EVENTS, name="Front door"))["speech_slots"]
    (camera,) = data["cameras"]
    assert (camera["count"], len(camera["events"])) == (6, 6)
    assert camera["events"][0]["kind"] == "motion"
    assert all(one["media_content_id"].endswith(".mp4") for one in camera["events"])
    answer = await told(hass, None, EVENTS, name="Front door", date="2199-01-01")
    assert answer["response_type"] == "error"
    answer = await told(hass, None, EVENTS, name="Front door", date="the day before")
    assert answer["response_type"] == "error"


async def test_a_cloud_that_does_not_tell(
    hass: HomeAssistant, home: Home, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for long, and one camera's cloud takes nothing from another's."""
    hold = asyncio.Event()
    home.clouds.ring.misbehave("history|events", times=99, hold=hold)
    with monkeypatch.context() as patched:
        patched.setattr(intent, "ANSWER_WITHIN_S", 0)
        answer = await say("what happened at the front door")
    assert answer["response_type"] == "error"
    assert "taking too long" in speech(answer)
    hold.set()
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    await hass.config_entries.async_unload(entry.entry_id)
    add_camera(home.clouds, "meraki", "Yard")
    await set_up(hass, home.clouds, "meraki")
    async_expose_entity(hass, ASSISTANT, "camera.yard", should_expose=True)
    answer = await say("what happened on camera")
    assert "Yard, today: The cloud keeps no list" in speech(answer)
    assert speech(answer).count(entry.title) == 2


async def test_the_last_clip(hass: HomeAssistant, home: Home, say: Say) -> None:
    """It is told, played where somebody says, and gone with its file."""
    assert "no saved clip" in speech(await say("show me the last clip"))
    for n, kind in enumerate(("ding", "motion")):
        ring(home, home.noon - n * HOUR, kind)
    await save_all(hass, home)
    answer = await say("show me the last clip")
    assert speech(answer) == "The latest clip is from Front door, today at 12:00, ring."
    clip = answer["speech_slots"]
    assert clip["duration_s"] == 3
    media = await async_resolve_media(hass, clip["media_content_id"], None)
    assert media.path is not None
    assert media.path.name.endswith("ding.mp4")
    assert clip["url"].startswith("/clip-download?clip=")
    assert "authSig" not in repr(answer)
    answer = await say("zeig mir den letzten Clip von Front door", language="de")
    assert (
        speech(answer)
        == "Der letzte Clip ist von Front door, heute um 12:00, Klingeln."
    )

    player = hass.data[DATA_COMPONENT].get_entity(TV)
    assert isinstance(player, Player)
    answer = await say("play the latest clip on the TV", person(hass, FRONT, TV))
    assert speech(answer) == "Playing on TV: Front door, today at 12:00, ring."
    assert len(player.played) == 1
    answer = await say("play the latest clip on the TV", person(hass, FRONT))
    assert answer["response_type"] == "error"
    assert len(player.played) == 1
    answer = await say("play the latest clip on the radio")
    assert "radio" in speech(answer)

    media.path.unlink()
    assert "at 11:00, motion" in speech(await say("show me the last clip"))


@pytest.mark.parametrize("tool", [SAVE, EVENTS, LAST_CLIP])
async def test_rights(hass: HomeAssistant, home: Home, say: Say, tool: str) -> None:
    """Who may not control a camera is told as if it did not exist, whoever asks for them."""
    ring(home, home.noon)
    await save_all(hass, home)
    asked = len(home.clouds.ring.requests)
    sentence = {
        SAVE: "save the last minute of the {}",
        EVENTS: "what did the {} see",
        LAST_CLIP: "show me the last clip of the {}",
    }[tool]
    one, nobody = person(hass, BACK), person(hass, TV)
    for user, name in (
        (one, "front door"),
        (nobody, "front door"),
        (nobody, "back door"),
    ):
        answer = await say(sentence.format(name), user)
        assert speech(answer).casefold() == (
            f"sorry, i am not aware of any device called {name}"
        )
        with pytest.raises(HomeAssistantError):
            await told(hass, user, tool, name=name)
        with pytest.raises(HomeAssistantError):
            await told(hass, nobody, tool)
    # Without a person, what Assist knows counts.
    async_expose_entity(hass, ASSISTANT, FRONT, should_expose=False)
    with pytest.raises(HomeAssistantError):
        await told(hass, None, tool, name="front door")
    assert len(home.clouds.ring.requests) == asked
    for user in (one, None):
        answer = await told(hass, user, tool)
        assert "Front door" not in json.dumps(answer)
        assert "Back door" in json.dumps(answer)


async def test_tools(
    hass: HomeAssistant, home: Home, hass_admin_user: MockUser
) -> None:
    """A language model is shown what each takes, and only where a camera is exposed."""
    api = await llm.async_get_api(hass, llm.LLM_API_ASSIST, context_of(hass_admin_user))
    tools = {tool.name: tool for tool in api.tools if tool.integration == DOMAIN}
    assert set(tools) == {f"{DOMAIN}__{name}" for name in (SAVE, EVENTS, LAST_CLIP)}
    for tool in tools.values():
        assert tool.description
        shown = to_openapi(tool.parameters, custom_serializer=api.custom_serializer)
        assert {"name", "area", "floor"} < shown["properties"].keys()
        assert not tool.annotations.destructive
    assert "clip_download" in api.api_prompt
    answer = await told(
        hass, hass_admin_user, SAVE, area="Garden", minutes=2, label="a/b\nparcel"
    )
    job = answer["speech_slots"]["saving"][BACK]
    assert (job["status"], job["label"]) == ("queued", "a/b parcel")
    # Whoever speaks to a device means the camera of its room, where nothing is named.
    camera = er.async_get(hass).async_get(BACK)
    assert camera is not None
    answer = await told(hass, None, SAVE, device_id=camera.device_id)
    assert set(answer["speech_slots"]["saving"]) == {BACK}

    for entity_id in (FRONT, BACK):
        async_expose_entity(hass, ASSISTANT, entity_id, should_expose=False)
    api = await llm.async_get_api(hass, llm.LLM_API_ASSIST, context_of(hass_admin_user))
    assert not [tool for tool in api.tools if tool.integration == DOMAIN]
    context = context_of(hass_admin_user)
    assert async_get_tools(hass, context, "another") is None
