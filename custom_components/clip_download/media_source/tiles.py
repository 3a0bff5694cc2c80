"""How folders and videos are shown, and what they are called."""

from collections.abc import Iterable, Mapping
from datetime import timedelta

from homeassistant.components.media_player.const import MediaClass
from homeassistant.components.media_source import BrowseMediaSource
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..engine.model import Clip, ClipStatus, Event
from ..engine.time_range import Window
from ..texts import Texts, length_text
from .place import Place, Tree

MIME_TYPE = "video/mp4"

# A folder's title, and what is in it.
type Page = tuple[str, list[BrowseMediaSource]]


def folder(place: Place, title: str, picture: str | None = None) -> BrowseMediaSource:
    """Return the tile of a folder."""
    return BrowseMediaSource(
        domain=DOMAIN,
        identifier=place.identifier,
        title=title,
        media_class=MediaClass.DIRECTORY,
        media_content_type="",
        children_media_class=MediaClass.VIDEO if place.day else MediaClass.DIRECTORY,
        can_play=False,
        can_expand=True,
        can_search=place.tree is not Tree.CLOUD,
        thumbnail=picture,
    )


def video(
    place: Place, title: str, picture: str | None = None, *, can_play: bool = True
) -> BrowseMediaSource:
    """Return the tile of a clip, or of what can be played as one."""
    return BrowseMediaSource(
        domain=DOMAIN,
        identifier=place.identifier,
        title=title,
        media_class=MediaClass.VIDEO,
        media_content_type=MIME_TYPE,
        can_play=can_play,
        can_expand=False,
        thumbnail=picture,
    )


def clip_tile(
    clip: Clip,
    pictures: Mapping[str, str],
    texts: Texts,
    *,
    is_found: bool = False,
    is_away: bool = False,
) -> BrowseMediaSource:
    """Return the tile of a clip; if a search found it, it says where and on which day.

    Of one that `is_away` there are copies only: it is fetched when it is played.
    """
    place = Place(
        tree=Tree.CLIPS,
        account_id=clip.account_id,
        camera_id=clip.camera_id,
        day=f"{dt_util.as_local(clip.window.start):%F}",
        item=clip.id,
    )
    details = [length_text(timedelta(milliseconds=clip.duration_ms))]
    if clip.status is ClipStatus.PARTIAL:
        details.append(texts("partial"))
    if is_away:
        details.append(texts("off_site"))
    label = texts.what(clip.label)
    if is_found:
        # The day first: it is what tells clips of one camera apart.
        day = texts.day(dt_util.as_local(clip.window.start).date())
        label = " · ".join(filter(None, (day, clip.camera_name, label)))
    title = _titled(clip.window, label, *details, is_length_first=not is_found)
    return video(place, title, pictures.get(clip.id))


def event_title(event: Event, texts: Texts) -> str:
    """Return a recording's title: what was seen is why it would be saved."""
    details = []
    if event.window.duration:
        details.append(length_text(event.window.duration))
    if not event.is_ready:
        details.append(texts("not_ready"))
    what = texts.what(event.what or event.kind)
    return _titled(event.window, what, *details, is_length_first=False)


def window_title(
    window: Window, events: Iterable[Event], texts: Texts, *, is_ready: bool
) -> str:
    """Return the title of a stretch of time, in which these events are known."""
    details = [length_text(window.duration)]
    if not is_ready:
        details.append(texts("not_ready"))
    seen = dict.fromkeys(texts.what(event.what or event.kind) for event in events)
    return _titled(window, ", ".join(seen), *details, is_length_first=False)


def counted(title: str, count: int) -> str:
    """Return a folder's title with how many events there are, if there are any."""
    return f"{title} ({count})" if count else title


def _titled(
    window: Window, label: str, *details: str, is_length_first: bool = True
) -> str:
    """Return a title: it begins with its time, as tiles show no more than its beginning.

    What is said of the length is the last that a tile may cut off.
    """
    parts = [label, f"({', '.join(details)})" if details else ""]
    if is_length_first:
        parts.reverse()
    time = f"{dt_util.as_local(window.start):%H:%M:%S}"
    return " ".join(filter(None, (time, *parts)))
