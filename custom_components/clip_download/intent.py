"""What can be asked for in words: to save, to be told what happened, to see the last clip.

Home Assistant knows no sentence of an integration: docs/assist.md has some to copy. The
same intents are the tools of language models, see llm.py.
"""

from abc import ABC, abstractmethod
import asyncio
from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, override

import voluptuous as vol

from homeassistant.components.media_player.const import (
    ATTR_MEDIA_CONTENT_ID,
    ATTR_MEDIA_CONTENT_TYPE,
    DOMAIN as MEDIA_PLAYER_DOMAIN,
    SERVICE_PLAY_MEDIA,
    MediaPlayerEntityFeature,
)
from homeassistant.const import ATTR_ENTITY_ID, Platform
from homeassistant.core import HomeAssistant, State, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv, entity_registry as er, intent
from homeassistant.util import dt as dt_util

from .automatic_saving import SavedClip, async_saved_clips
from .const import DOMAIN
from .engine.errors import ClipError, InvalidRequestError
from .engine.library.queries import ClipQueries, Filter
from .engine.model import Clip, Event
from .engine.time_range import Window, settle_past
from .entity import has_events
from .errors import action_error, async_message
from .history import async_known_events
from .panel import panel_link
from .permissions import async_user, may_control
from .runtime import async_existing, async_shared
from .services import response
from .services.save import LABEL
from .services.targets import account_and_camera, account_and_camera_id
from .texts import Texts, async_texts

SAVE = "ClipDownloadSave"
EVENTS = "ClipDownloadEvents"
LAST_CLIP = "ClipDownloadLastClip"

DEFAULT_LENGTH = timedelta(minutes=5)
# Somebody stands there and waits for the answer.
ANSWER_WITHIN_S = 10
# So many of a camera's events are said, and so many told to a language model.
MOST_SAID, MOST_TOLD = 4, 50
# So many of the newest clips are looked for; whoever deletes files by hand deletes some.
MOST_GONE = 20

WHERE = {
    vol.Optional("name", description="The camera's name or alias"): cv.string,
    vol.Optional("area"): cv.string,
    vol.Optional("floor"): cv.string,
    vol.Optional("preferred_area_id"): cv.string,
    vol.Optional("preferred_floor_id"): cv.string,
}


async def async_setup_intents(hass: HomeAssistant) -> None:
    """Register the intents."""
    for handler in (SaveHandler(), EventsHandler(), LastClipHandler()):
        intent.async_register(hass, handler)


class _Handler(intent.IntentHandler, ABC):
    """Handles an intent about cameras of ours."""

    # What it takes besides where.
    fields: ClassVar[dict[Any, Any]] = {}

    @property
    @override
    def slot_schema(self) -> dict[Any, Any]:
        """What the intent may be given."""
        return {**WHERE, **self.fields}

    @override
    async def async_handle(self, intent_obj: intent.Intent) -> intent.IntentResponse:
        """Answer; what cannot be done is said. Raises intent.IntentError."""
        slots = {
            name: slot["value"]
            for name, slot in self.async_validate_slots(intent_obj.slots).items()
        }
        answer = intent_obj.create_response()
        texts = await async_texts(intent_obj.hass, intent_obj.language)
        cameras = await _async_cameras(intent_obj, slots)
        answer.async_set_states(cameras)
        answer.async_set_results(
            [
                intent.IntentResponseTarget(
                    name=state.name,
                    type=intent.IntentResponseTargetType.ENTITY,
                    id=state.entity_id,
                )
                for state in cameras
            ]
        )
        try:
            said, told = await self._async_answer(intent_obj, slots, cameras, texts)
        except ClipError as err:
            _refuse(
                answer,
                async_message(
                    intent_obj.hass,
                    action_error(err, camera=_names(cameras)),
                    texts.language,
                ),
            )
        except intent.IntentError:
            raise
        except HomeAssistantError as err:
            _refuse(answer, async_message(intent_obj.hass, err, texts.language))
        else:
            answer.async_set_speech(said)
            answer.async_set_speech_slots(told)
        return answer

    @abstractmethod
    async def _async_answer(
        self,
        asked: intent.Intent,
        slots: dict[str, Any],
        cameras: list[State],
        texts: Texts,
    ) -> tuple[str, dict[str, Any]]:
        """Return what is said, and the same for a template or a language model.

        Raises ClipError, HomeAssistantError.
        """


class SaveHandler(_Handler):
    """Saves the last minutes."""

    intent_type = SAVE
    description = (
        "Saves the footage of the last minutes of a security camera or doorbell from its "
        "cloud as a video clip. Answers once saving has begun; it takes minutes"
    )
    fields: ClassVar[dict[Any, Any]] = {
        vol.Optional("hours"): vol.All(vol.Coerce(int), vol.Range(0, 24)),
        vol.Optional("minutes"): vol.All(vol.Coerce(int), vol.Range(0, 1440)),
        vol.Optional("seconds"): vol.All(vol.Coerce(int), vol.Range(0, 86400)),
        vol.Optional("label", description="A word for the file's name"): LABEL,
    }

    @override
    async def _async_answer(
        self,
        asked: intent.Intent,
        slots: dict[str, Any],
        cameras: list[State],
        texts: Texts,
    ) -> tuple[str, dict[str, Any]]:
        """Call the action, which looks at the person's rights as well."""
        if len(cameras) > 1 and not {"area", "floor"} & slots.keys():
            raise HomeAssistantError(
                texts("assist_which_camera", cameras=_names(cameras))
            )
        units = {unit: slots.get(unit, 0) for unit in ("hours", "minutes", "seconds")}
        length = timedelta(**units) or DEFAULT_LENGTH
        end = dt_util.now()
        jobs: Any = await asked.hass.services.async_call(
            DOMAIN,
            "save_clip",
            {
                ATTR_ENTITY_ID: [state.entity_id for state in cameras],
                "start": end - length,
                "end": end,
                "label": slots.get("label", ""),
                "wait": False,
            },
            blocking=True,
            context=asked.context,
            return_response=True,
        )
        errors = [job["error"]["message"] for job in jobs.values() if "error" in job]
        begun = [state for state in cameras if "error" not in jobs[state.entity_id]]
        if not begun:
            raise HomeAssistantError(" ".join(errors))
        saving = texts(
            "assist_saving",
            camera=_names(begun),
            start=_clock(end - length, length),
            end=_clock(end, length),
        )
        return " ".join((saving, *errors)), {
            "saving": jobs,
            "start": (end - length).isoformat(timespec="seconds"),
            "end": end.isoformat(timespec="seconds"),
        }


class EventsHandler(_Handler):
    """Tells what cameras saw on a day."""

    intent_type = EVENTS
    description = (
        "Tells what security cameras and doorbells saw on a day: rings, motion, persons, "
        "packages, vehicles, animals. Nothing is saved"
    )
    fields: ClassVar[dict[Any, Any]] = {
        vol.Optional(
            "date", description="today (if not given), yesterday, or a date: 2026-11-21"
        ): cv.string
    }

    @override
    async def _async_answer(
        self,
        asked: intent.Intent,
        slots: dict[str, Any],
        cameras: list[State],
        texts: Texts,
    ) -> tuple[str, dict[str, Any]]:
        """Ask the clouds, all at once."""
        day = _day(slots.get("date", "today"))
        window = settle_past(
            now=dt_util.utcnow(), time_zone=dt_util.get_default_time_zone(), day=day
        )
        found = await asyncio.gather(
            *(
                _async_seen(asked.hass, state, window, texts, texts.near_day(day))
                for state in cameras
            )
        )
        if len(found) == 1 and "error" in found[0][1]:
            raise HomeAssistantError(found[0][0])
        return " ".join(said for said, _ in found), {
            "date": f"{day}",
            "cameras": [told for _, told in found],
        }


class LastClipHandler(_Handler):
    """Tells which clip is the last, and plays it."""

    intent_type = LAST_CLIP
    description = (
        "Finds the newest saved clip of a security camera or doorbell, or of all of them, "
        "and plays it on a media player if one is named"
    )
    fields: ClassVar[dict[Any, Any]] = {
        vol.Optional("player", description="The media player's name"): cv.string
    }

    @override
    async def _async_answer(
        self,
        asked: intent.Intent,
        slots: dict[str, Any],
        cameras: list[State],
        texts: Texts,
    ) -> tuple[str, dict[str, Any]]:
        """Look into the library."""
        ids = [account_and_camera_id(asked.hass, one.entity_id) for one in cameras]
        chosen = [(entry.entry_id, camera_id) for entry, camera_id in ids]
        clip = await _async_newest(asked.hass, chosen)
        if clip is None:
            raise HomeAssistantError(texts("assist_no_clip", camera=_names(cameras)))
        start = dt_util.as_local(clip.window.start)
        place = response.place(asked.hass, clip.path)
        told = {
            "camera": clip.camera_name,
            "start": start.isoformat(timespec="seconds"),
            "duration_s": round(clip.duration_ms / 1000),
            "label": clip.label,
            "url": panel_link(clip=clip.id),
            ATTR_MEDIA_CONTENT_TYPE: "video/mp4",
            ATTR_MEDIA_CONTENT_ID: place.get("media_content_id"),
        }
        about = {
            "camera": clip.camera_name,
            "day": texts.near_day(start.date()),
            "time": f"{start:%H:%M}",
            "what": f", {texts.what(clip.label)}" if clip.label else "",
        }
        if "player" not in slots:
            return texts("assist_last_clip", **about), told
        player = _player(asked, slots["player"])
        await asked.hass.services.async_call(
            MEDIA_PLAYER_DOMAIN,
            SERVICE_PLAY_MEDIA,
            {
                ATTR_ENTITY_ID: player.entity_id,
                "media": {key: told[key] for key in told if key.startswith("media_")},
            },
            blocking=True,
            context=asked.context,
        )
        return texts("assist_playing", player=player.name, **about), told


@callback
def async_our_cameras(hass: HomeAssistant) -> list[State]:
    """Return the cameras of all accounts."""
    registry = er.async_get(hass)
    return [
        state
        for state in hass.states.async_all(Platform.CAMERA)
        if (entity := registry.async_get(state.entity_id)) and entity.platform == DOMAIN
    ]


async def _async_cameras(asked: intent.Intent, slots: dict[str, Any]) -> list[State]:
    """Return the cameras that are meant, of those that the person may control.

    Without a person, of all; in either case only of those that the assistant knows.
    Raises intent.MatchFailedError.
    """
    hass = asked.hass
    user = await async_user(hass, asked.context)
    ours = [
        state
        for state in async_our_cameras(hass)
        if user is None or may_control(user, state.entity_id)
    ]
    constraints = intent.MatchTargetsConstraints(
        name=slots.get("name"),
        area_name=slots.get("area"),
        floor_name=slots.get("floor"),
        domains={Platform.CAMERA},
        assistant=asked.assistant,
    )
    preferences = intent.MatchTargetsPreferences(
        area_id=slots.get("preferred_area_id"),
        floor_id=slots.get("preferred_floor_id"),
    )
    if not ours:
        # Without any states it would look through all of them.
        reason = intent.MatchFailedReason.NAME
        if not constraints.name:
            reason = intent.MatchFailedReason.DOMAIN
        found = intent.MatchTargetsResult(False, reason)
    else:
        found = intent.async_match_targets(hass, constraints, preferences, ours)
    if not found.is_match:
        raise intent.MatchFailedError(found, constraints, preferences)
    if preferences.area_id and not {"name", "area", "floor"} & slots.keys():
        constraints.area_name = preferences.area_id
        here = intent.async_match_targets(hass, constraints, states=found.states)
        return here.states or found.states
    return found.states


def _day(text: str) -> date:
    """Return the day that is meant. Raises InvalidRequestError."""
    today = dt_util.now().date()
    match text.casefold():
        case "today":
            return today
        case "yesterday":
            return today - timedelta(days=1)
    try:
        return date.fromisoformat(text)
    except ValueError as err:
        raise InvalidRequestError("past_no_form") from err


def _player(asked: intent.Intent, name: str) -> State:
    """Return a media player that the assistant knows. Raises intent.MatchFailedError."""
    constraints = intent.MatchTargetsConstraints(
        name=name,
        domains={MEDIA_PLAYER_DOMAIN},
        features=MediaPlayerEntityFeature.PLAY_MEDIA,
        assistant=asked.assistant,
        single_target=True,
    )
    found = intent.async_match_targets(asked.hass, constraints)
    if not found.is_match:
        raise intent.MatchFailedError(found, constraints)
    return found.states[0]


async def _async_seen(
    hass: HomeAssistant, state: State, window: Window, texts: Texts, day: str
) -> tuple[str, dict[str, Any]]:
    """Return what a camera saw, in words and as data: the newest first."""
    told: dict[str, Any] = {"camera": state.name, "entity_id": state.entity_id}
    about = {"camera": state.name, "day": day}
    try:
        entry, camera = account_and_camera(hass, state.entity_id)
        async with asyncio.timeout(ANSWER_WITHIN_S):
            events = await async_known_events(hass, entry, camera, window)
        newest = events[: -MOST_TOLD - 1 : -1]
        saved = await async_saved_clips(hass, entry, camera, [one.id for one in newest])
    except TimeoutError:
        said = texts("assist_cloud_is_slow", **about)
        return said, {**told, "error": said}
    except ClipError as err:
        said = async_message(
            hass, action_error(err, camera=state.name, window=day), texts.language
        )
        return said, {**told, "error": said}
    told |= {
        "count": len(events),
        "events": [_told(hass, one, saved.get(one.id)) for one in newest],
    }
    if events:
        said = texts("assist_events", events=_said(events, texts), **about)
    elif has_events(entry):
        said = texts("assist_nothing_seen", **about)
    else:
        library = (await async_shared(hass)).library
        chosen = Filter(cameras=[(entry.entry_id, camera.id)], window=window)
        clips = await ClipQueries(library).newest_first(chosen, most=MOST_TOLD)
        told["saved_clips"] = len(clips)
        said = texts("assist_no_history", count=len(clips), **about)
    return said, told


def _told(hass: HomeAssistant, event: Event, saved: SavedClip | None) -> dict[str, Any]:
    """Return what a language model is told of an event."""
    told: dict[str, Any] = {
        "start": dt_util.as_local(event.window.start).isoformat(timespec="seconds"),
        "kind": event.kind,
        "seen": list(event.seen),
    }
    if saved and saved.exists:
        place = response.place(hass, saved.path)
        told[ATTR_MEDIA_CONTENT_ID] = place.get("media_content_id")
    return told


def _said(events: Sequence[Event], texts: Texts) -> str:
    """Return the last of some events in words, and how many there are before them."""
    said = ", ".join(
        texts(
            "assist_event_at",
            what=texts.what(event.what or event.kind),
            time=f"{dt_util.as_local(event.window.start):%H:%M}",
        )
        for event in events[: -MOST_SAID - 1 : -1]
    )
    if len(events) <= MOST_SAID:
        return said
    return texts("assist_and_earlier", events=said, count=len(events) - MOST_SAID)


async def _async_newest(
    hass: HomeAssistant, cameras: Collection[tuple[str, str]]
) -> Clip | None:
    """Return the newest clip of cameras whose file is there. Raises StorageError."""
    library = (await async_shared(hass)).library
    clips = await ClipQueries(library).newest_first(
        Filter(cameras=cameras), most=MOST_GONE
    )
    return next(iter(await async_existing(hass, clips)), None)


def _refuse(answer: intent.IntentResponse, why: str) -> None:
    answer.async_set_error(intent.IntentResponseErrorCode.FAILED_TO_HANDLE, why)


def _names(cameras: Collection[State]) -> str:
    return ", ".join(state.name for state in cameras)


def _clock(moment: datetime, length: timedelta) -> str:
    """Return a time of day, with seconds where the length is not some minutes."""
    return f"{moment:%H:%M}" if length >= timedelta(minutes=2) else f"{moment:%H:%M:%S}"
