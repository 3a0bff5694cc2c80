"""The commands about saved clips: listed, kept, labelled, deleted."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
import re
from typing import TYPE_CHECKING, Any, cast

import voluptuous as vol

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.json import json_bytes, json_fragment
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..copies import COPIES_CHANGED, async_away, async_copies_of
from ..copy_pictures import async_copy_picture_link
from ..downloads import download_path
from ..engine.copies.away import newest_of
from ..engine.library.queries import LONGEST_SEARCH, ClipQueries, Filter
from ..engine.model import Clip, ClipStatus
from ..engine.time_range import settle_open
from ..entity import camera_entity_id
from ..errors import raise_action_error
from ..links import async_file_link, async_picture_links, async_signed
from ..retention import CLIPS_CHANGED, CLIPS_DELETED, CLIPS_SAVED
from ..runtime import async_existing, async_forget_missing, async_shared
from ..services import response
from ..services.save import LABEL
from ..turns import async_turn
from .command import (
    ENTITY_IDS,
    ID,
    Asker,
    NotFoundError,
    command,
    moment,
    span,
    subscription,
    utc,
)

if TYPE_CHECKING:
    from .schema import (
        ChangedAnswer,
        ClipAnswer,
        ClipInfo,
        ClipsAnswer,
        ClipsEvent,
        CopyInfo,
        DeleteAnswer,
        FiltersAnswer,
    )

PAGE, MOST_LISTED = 50, 200
CLIP_IDS = vol.All([ID], vol.Length(min=1, max=1000))
MOST_FILTERS = 50
# How many are put into words in one go.
INFOS_AT_ONCE = 10
# Small clips are copied so fast that one after the other would be too much to tell of.
COPIES_EVERY_S = 1.0
# Why a clip was not deleted that does not exist; the other reasons are the library's.
NOT_FOUND = "not_found"


def place_of(cursor: str) -> tuple[int, str]:
    """Return the start (Unix time in milliseconds) and the id that a cursor names."""
    start_ms, _, clip_id = cursor.partition("-")
    # More digits are no time of ours, and none that the library takes.
    if not clip_id or not re.fullmatch("[0-9]{1,15}", start_ms):
        raise vol.Invalid("not a cursor that was answered")
    return int(start_ms), clip_id


@command(
    "clips/list",
    {
        vol.Optional("entity_ids"): ENTITY_IDS,
        vol.Optional("start"): moment,
        vol.Optional("end"): moment,
        vol.Optional("label"): ID,
        vol.Optional("kind"): ID,
        vol.Optional("seen"): ID,
        vol.Optional("kept"): bool,
        vol.Optional("query"): vol.All(str, vol.Length(max=LONGEST_SEARCH)),
        vol.Optional("status"): vol.In([status.value for status in ClipStatus]),
        vol.Optional("cursor"): vol.All(ID, place_of),
        vol.Optional("limit", default=PAGE): vol.All(int, vol.Range(1, MOST_LISTED)),
    },
)
async def ws_list(asker: Asker, msg: dict[str, Any]) -> ClipsAnswer:
    """List clips, newest first."""
    start, end = msg.get("start"), msg.get("end")
    with raise_action_error(window=f"{start or ''} – {end or ''}"):
        window = settle_open(
            time_zone=dt_util.get_default_time_zone(), start=start, end=end
        )
    chosen = Filter(
        cameras=asker.cameras(msg.get("entity_ids")),
        window=window,
        label=msg.get("label"),
        kind=msg.get("kind"),
        seen=msg.get("seen"),
        kept=msg.get("kept"),
        status=ClipStatus(msg["status"]) if "status" in msg else None,
        text=msg.get("query", ""),
    )
    limit: int = msg["limit"]
    before = msg.get("cursor")
    library = (await async_shared(asker.hass)).library
    found = await ClipQueries(library).newest_first(
        chosen, before=before, most=limit + 1
    )
    here = await async_existing(asker.hass, found[:limit])
    # After that: what is found to be gone at home may have a copy.
    off_site = await async_away(asker.hass)
    copied: list[Clip] = []
    if off_site:
        copied = await off_site.newest_first(chosen, before=before, most=limit + 1)
    newest = newest_of(found, copied)
    page, away = newest[:limit], {clip.id for clip in copied}
    shown = away | {clip.id for clip in here}
    return {
        "clips": await async_infos(
            asker, [clip for clip in page if clip.id in shown], away=away
        ),
        "cursor": _cursor(page[-1]) if len(newest) > limit else None,
    }


@command("clips/filters", {vol.Optional("entity_ids"): ENTITY_IDS})
async def ws_filters(asker: Asker, msg: dict[str, Any]) -> FiltersAnswer:
    """Tell what clips can be filtered by, the most frequent first."""
    cameras = asker.cameras(msg.get("entity_ids"))
    library = (await async_shared(asker.hass)).library
    words = await ClipQueries(library).words(cameras, most=MOST_FILTERS)
    return {"labels": words.labels, "kinds": words.kinds, "seen": words.seen}


@subscription("clips/subscribe", {vol.Optional("entity_ids"): ENTITY_IDS})
@callback
def ws_subscribe(
    asker: Asker, msg: dict[str, Any], send: Callable[[ClipsEvent], None]
) -> tuple[CALLBACK_TYPE, None]:
    """Tell of clips that are saved, kept, labelled, copied and removed from now on."""
    cameras = asker.cameras(msg.get("entity_ids"))
    changes = _Changes(asker, cameras, send)
    ends = [
        async_dispatcher_connect(asker.hass, CLIPS_SAVED, changes.async_saved),
        async_dispatcher_connect(asker.hass, CLIPS_CHANGED, changes.async_changed),
        async_dispatcher_connect(asker.hass, CLIPS_DELETED, changes.async_deleted),
        async_dispatcher_connect(asker.hass, COPIES_CHANGED, changes.async_copied),
        changes.async_end,
    ]

    @callback
    def end() -> None:
        for one in ends:
            one()

    return end, None


class _Changes:
    """What happens to clips, on its way to one subscriber; together what comes together."""

    def __init__(
        self,
        asker: Asker,
        cameras: Collection[tuple[str, str]] | None,
        send: Callable[[ClipsEvent], None],
    ) -> None:
        """Take the cameras that are meant; None is all."""
        self._asker = asker
        self._cameras = cameras
        self._send = send
        self._saved: dict[str, Clip] = {}
        self._changed: dict[str, Clip] = {}
        self._removed: dict[str, None] = {}
        self._copied: dict[str, None] = {}
        self._end_wait: CALLBACK_TYPE | None = None
        self._is_sending = False

    @callback
    def async_saved(self, clips: Sequence[Clip]) -> None:
        """Take clips that were saved."""
        self._add(self._saved, clips)

    @callback
    def async_changed(self, clips: Sequence[Clip]) -> None:
        """Take clips that are not as they were."""
        self._add(self._changed, clips)

    @callback
    def async_deleted(self, clips: Sequence[Clip]) -> None:
        """Take clips that were deleted: nothing else is told of them any more."""
        for clip in filter(self._is_meant, clips):
            self._saved.pop(clip.id, None)
            self._changed.pop(clip.id, None)
            self._removed[clip.id] = None
        self._send_soon()

    @callback
    def async_copied(self, clips: Sequence[Clip]) -> None:
        """Take clips that have another copy, or one less."""
        copied = [clip.id for clip in clips if self._is_meant(clip)]
        self._copied |= dict.fromkeys(copied)
        if copied and self._end_wait is None:
            self._end_wait = async_call_later(
                self._asker.hass, COPIES_EVERY_S, self._async_waited
            )

    @callback
    def _async_waited(self, now: datetime) -> None:
        self._end_wait = None
        self._send_soon()

    @callback
    def async_end(self) -> None:
        """Wait for nothing more."""
        if self._end_wait:
            self._end_wait()

    def _add(self, to: dict[str, Clip], clips: Sequence[Clip]) -> None:
        to |= {clip.id: clip for clip in clips if self._is_meant(clip)}
        self._send_soon()

    def _is_meant(self, clip: Clip) -> bool:
        camera = clip.account_id, clip.camera_id
        is_chosen = self._cameras is None or camera in self._cameras
        return is_chosen and self._asker.may_control(*camera)

    def _send_soon(self) -> None:
        if self._is_sending or not self._has_any:
            return
        self._is_sending = True
        self._asker.hass.async_create_background_task(
            self._async_send(), "tell of clips"
        )

    @property
    def _has_any(self) -> bool:
        """Whether there is anything to be told now."""
        has_copied = self._copied and self._end_wait is None
        return bool(self._saved or self._changed or self._removed or has_copied)

    async def _async_send(self) -> None:
        """Send all that there is: one after the other, in the order in which it came."""
        try:
            while self._has_any:
                saved, self._saved = list(self._saved.values()), {}
                changed, self._changed = list(self._changed.values()), {}
                removed, self._removed = list(self._removed), {}
                copied: list[str] = []
                if self._end_wait is None:
                    copied, self._copied = list(self._copied), {}
                # What has a copy is still there.
                off_site = await async_away(self._asker.hass) if removed else None
                left = await off_site.of_ids(removed) if off_site else []
                away = {clip.id for clip in left}
                self._send(
                    {
                        "saved": await async_infos(self._asker, saved),
                        "changed": await async_infos(
                            self._asker, [*changed, *left], away=away
                        ),
                        "removed": [one for one in removed if one not in away],
                        "copies": await _async_copies(self._asker.hass, copied),
                    }
                )
        finally:
            self._is_sending = False


@command("clip/get", {vol.Required("clip_id"): ID})
async def ws_get(asker: Asker, msg: dict[str, Any]) -> ClipAnswer:
    """Tell of a clip, whose file or whose copy exists."""
    clip, is_away = await async_find_clip(asker, msg["clip_id"])
    if clip is None:
        raise _unknown()
    (info,) = await async_infos(asker, [clip], away={clip.id} if is_away else ())
    return {"clip": info}


@command("clip/keep", {vol.Required("clip_ids"): CLIP_IDS, vol.Required("kept"): bool})
async def ws_keep(asker: Asker, msg: dict[str, Any]) -> ChangedAnswer:
    """Keep clips whatever the limits, or let them hold for them again."""
    theirs = [clip.id for clip in await _async_theirs(asker, msg["clip_ids"])]
    retention = (await async_shared(asker.hass)).retention
    changed = await retention.keep(theirs, kept=msg["kept"])
    return await _async_changed(asker, changed)


@command(
    "clip/label", {vol.Required("clip_ids"): CLIP_IDS, vol.Required("label"): LABEL}
)
async def ws_label(asker: Asker, msg: dict[str, Any]) -> ChangedAnswer:
    """Change the label of clips; their files keep their names."""
    theirs = [clip.id for clip in await _async_theirs(asker, msg["clip_ids"])]
    retention = (await async_shared(asker.hass)).retention
    return await _async_changed(asker, await retention.label(theirs, msg["label"]))


@command("clip/delete", {vol.Required("clip_ids"): CLIP_IDS})
async def ws_delete(asker: Asker, msg: dict[str, Any]) -> DeleteAnswer:
    """Delete clips, but for those that must stay; tell what became of each."""
    theirs = await _async_theirs(asker, msg["clip_ids"])
    done = await (await async_shared(asker.hass)).retention.delete(theirs)
    unknown = dict.fromkeys(msg["clip_ids"]).keys() - {clip.id for clip in theirs}
    spared = {clip_id: reason.value for clip_id, reason in done.spared.items()}
    spared |= dict.fromkeys(sorted(unknown), NOT_FOUND)
    return {
        "deleted": [clip.id for clip in done.gone],
        "spared": [
            {"clip_id": clip_id, "reason": reason} for clip_id, reason in spared.items()
        ],
    }


async def async_infos(
    asker: Asker,
    clips: Sequence[Clip],
    *,
    away: Collection[str] = (),
    with_links: bool = True,
    most_pictures: int | None = None,
) -> list[ClipInfo]:
    """Return what is told of clips. `with_links` brings links that play them, and copies.

    Of `away` there are copies only. Of more than `most_pictures`, the first ones have a
    picture.
    """
    if not clips:
        return []
    token = asker.connection.refresh_token_id
    pictures = await async_picture_links(
        asker.hass,
        [clip for clip in clips[:most_pictures] if clip.id not in away],
        refresh_token_id=token,
    )
    copies: dict[str, list[CopyInfo]] = {}
    if with_links:
        copies = await _async_copies(asker.hass, [clip.id for clip in clips])
    infos: list[ClipInfo] = []
    for number, clip in enumerate(clips):
        if number % INFOS_AT_ONCE == 0:
            await async_turn(asker.hass)
        info = _info(asker.hass, clip)
        info["picture"] = pictures.get(clip.id)
        if with_links:
            info["copies"] = copies.get(clip.id, [])
        if clip.id in away:
            info["away"] = True
            info["media_content_id"] = None
            if most_pictures is None or number < most_pictures:
                info["picture"] = async_copy_picture_link(
                    asker.hass, clip.id, refresh_token_id=token
                )
        elif with_links:
            info["url"] = async_file_link(asker.hass, clip.path, refresh_token_id=token)
            info["download"] = async_signed(
                asker.hass, download_path(clip.id), refresh_token_id=token
            )
        # As JSON at once: to encode all of them in the end would hold the event loop, and
        # what is in them until then is work for the garbage collector.
        infos.append(cast("ClipInfo", json_fragment(json_bytes(info))))
    return infos


async def _async_copies(
    hass: HomeAssistant, clip_ids: Sequence[str]
) -> dict[str, list[CopyInfo]]:
    """Return what is told of the copies of clips; all of them are in it."""
    found = await async_copies_of(hass, clip_ids) if clip_ids else {}
    return {
        clip_id: [
            {
                "place": entry.title,
                "copied_at": utc(copy.copied_at) if copy.copied_at else None,
            }
            for entry, copy in found.get(clip_id, [])
        ]
        for clip_id in clip_ids
    }


def _info(hass: HomeAssistant, clip: Clip) -> ClipInfo:
    """Return what is told of a clip, without any link."""
    return {
        "id": clip.id,
        "entity_id": camera_entity_id(hass, clip.account_id, clip.camera_id),
        "camera": clip.camera_name,
        "start": utc(clip.window.start),
        "end": utc(clip.window.end),
        "label": clip.label,
        "status": clip.status.value,
        "gaps": [span(gap) for gap in clip.gaps],
        "duration_s": clip.duration_ms / 1000,
        "size_bytes": clip.size_bytes,
        "events": list(clip.events),
        "kinds": sorted({event.kind for event in clip.saves}),
        "seen": sorted({word for event in clip.saves for word in event.seen}),
        "kept": clip.kept,
        "saved_at": utc(clip.saved_at),
        "path": str(clip.path),
        "media_content_id": response.place(hass, clip.path).get("media_content_id"),
        "away": False,
        "picture": None,
    }


async def _async_theirs(asker: Asker, clip_ids: Sequence[str]) -> list[Clip]:
    """Return those of some clips that who asks may control. Raises StorageError."""
    library = (await async_shared(asker.hass)).library
    return [
        clip
        for clip in await ClipQueries(library).of_ids(clip_ids)
        if asker.may_control(clip.account_id, clip.camera_id)
    ]


async def async_existing_clip(asker: Asker, clip_id: str) -> Clip:
    """Return a clip that who asks may control, and whose file is there.

    Raises NotFoundError, StorageError.
    """
    clip, is_away = await async_find_clip(asker, clip_id)
    if clip is None or is_away:
        raise _unknown()
    return clip


async def async_find_clip(asker: Asker, clip_id: str) -> tuple[Clip | None, bool]:
    """Return a clip that who asks may control, and whether there are copies of it only.

    Raises StorageError.
    """
    library = (await async_shared(asker.hass)).library
    clip = await ClipQueries(library).clip(clip_id)
    if clip and await async_forget_missing(asker.hass, [clip]):
        clip = None
    is_away = clip is None
    if is_away and (off_site := await async_away(asker.hass)):
        clip = await off_site.clip(clip_id)
    if clip and not asker.may_control(clip.account_id, clip.camera_id):
        clip = None
    return clip, is_away


async def _async_changed(asker: Asker, clips: Sequence[Clip]) -> ChangedAnswer:
    """Tell of clips as they are now. Raises NotFoundError if there is none."""
    if not clips:
        raise _unknown()
    return {"clips": await async_infos(asker, clips)}


def _unknown() -> NotFoundError:
    return NotFoundError(translation_domain=DOMAIN, translation_key="clip_not_found")


def _cursor(clip: Clip) -> str:
    return f"{clip.window.start_ms}-{clip.id}"
