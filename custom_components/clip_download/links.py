"""Links to files of the media folders, and to Home Assistant's own pages: signed."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

from homeassistant.components.http.auth import async_sign_path
from homeassistant.core import HomeAssistant, callback

from .engine.library import files
from .engine.model import Clip
from .paths import media_folders, media_location
from .runtime import async_shared
from .turns import async_turn

# As long as what Home Assistant signs itself: a page may stay open for a day.
LINK_LIFE = timedelta(hours=24)
# How many are signed in one go.
LINKS_AT_ONCE = 10


@callback
def async_signed(
    hass: HomeAssistant, path: str, *, refresh_token_id: str | None = None
) -> str:
    """Return a path of Home Assistant with a signature in place of a sign-in.

    It has the rights of the refresh token; without one, those of the present user.
    """
    quoted = quote(path)
    signed = async_sign_path(hass, quoted, LINK_LIFE, refresh_token_id=refresh_token_id)
    # Home Assistant returns the path as it is read, and a "#" would cut it off.
    return f"{quoted}?{signed.rpartition('?')[2]}"


@callback
def async_file_link(
    hass: HomeAssistant, path: Path, *, refresh_token_id: str | None = None
) -> str | None:
    """Return a signed link to a file, None if it is outside the media folders."""
    if location := media_location(hass, path):
        return async_signed(
            hass, f"/media/{location}", refresh_token_id=refresh_token_id
        )
    return None


async def async_picture_links(
    hass: HomeAssistant, clips: Iterable[Clip], *, refresh_token_id: str | None = None
) -> dict[str, str]:
    """Return links to the pictures of those clips that have one, by the clip's id."""
    clips = list(clips)
    roots = media_folders(hass)

    def existing(clips: Sequence[Clip]) -> list[tuple[str, Path]]:
        pictures = ((clip.id, clip.path.with_suffix(".jpg")) for clip in clips)
        return [one for one in pictures if files.is_there(one[1], roots)]

    storages = (await async_shared(hass)).executors
    found = await storages.ask(existing, clips, roots, lambda clip: clip.path)
    links: dict[str, str] = {}
    for number, (clip_id, path) in enumerate(found):
        if number % LINKS_AT_ONCE == 0:
            await async_turn(hass)
        if link := async_file_link(hass, path, refresh_token_id=refresh_token_id):
            links[clip_id] = link
    return links
