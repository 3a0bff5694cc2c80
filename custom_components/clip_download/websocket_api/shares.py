"""The commands about links that show a clip without a sign-in."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import voluptuous as vol

from ..const import DOMAIN
from ..engine.library.queries import ClipQueries
from ..engine.model import Clip
from ..runtime import async_shared
from ..shares import DATA_SHARES, LONGEST, Share
from .clips import async_existing_clip
from .command import ID, Asker, NotFoundError, command, utc

if TYPE_CHECKING:
    from .schema import ShareAnswer, ShareInfo, SharesAnswer

LONGEST_HOURS = LONGEST // timedelta(hours=1)


@command(
    "share/create",
    {
        vol.Required("clip_id"): ID,
        vol.Required("hours"): vol.All(int, vol.Range(1, LONGEST_HOURS)),
    },
)
async def ws_create(asker: Asker, msg: dict[str, Any]) -> ShareAnswer:
    """Make a link to a clip; only now its address is told."""
    clip = await async_existing_clip(asker, msg["clip_id"])
    shares = asker.hass.data[DATA_SHARES]
    life = timedelta(hours=msg["hours"])
    share, url = await shares.async_create(clip, asker.connection.user, life)
    info = await _async_info(asker, share, clip)
    return {"share": {**info, "url": url}}


@command("share/list", {})
async def ws_list(asker: Asker, msg: dict[str, Any]) -> SharesAnswer:
    """List one's own links, an administrator's: all; those that end first first."""
    return {
        "shares": [
            await _async_info(asker, share, clip)
            for share, clip in await _async_shares(asker)
        ]
    }


@command("share/revoke", {vol.Required("share_id"): ID})
async def ws_revoke(asker: Asker, msg: dict[str, Any]) -> dict[str, Any]:
    """End a link at once."""
    for share, _ in await _async_shares(asker):
        if share.id == msg["share_id"]:
            await asker.hass.data[DATA_SHARES].async_revoke(share)
            return {}
    raise NotFoundError(translation_domain=DOMAIN, translation_key="share_not_found")


async def _async_shares(asker: Asker) -> Sequence[tuple[Share, Clip]]:
    """Return the links that who asks may know of and that lead to a clip."""
    user = asker.connection.user
    shares = [
        share
        for share in asker.hass.data[DATA_SHARES].async_all()
        if user.is_admin or share.user_id == user.id
    ]
    library = (await async_shared(asker.hass)).library
    found = await ClipQueries(library).of_ids(share.clip_id for share in shares)
    clips = {clip.id: clip for clip in found}
    return [
        (share, clip)
        for share in shares
        if (clip := clips.get(share.clip_id))
        and asker.may_control(clip.account_id, clip.camera_id)
    ]


async def _async_info(asker: Asker, share: Share, clip: Clip) -> ShareInfo:
    maker = None
    if share.user_id is not None:
        maker = await asker.hass.auth.async_get_user(share.user_id)
    return {
        "id": share.id,
        "clip_id": clip.id,
        "camera": clip.camera_name,
        "start": utc(clip.window.start),
        "end": utc(clip.window.end),
        "created_at": share.created_at,
        "expires_at": share.expires_at,
        "url": None,
        "path": str(clip.path),
        "opened": share.opened,
        "user": maker.name if maker else None,
    }
