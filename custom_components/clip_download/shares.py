"""Links that show a clip to whoever has them, without a sign-in, until they end.

A link ends at its time, with its clip, with its maker's right to control the camera, or
when it is revoked. Its token is not stored, only a hash of it; and it is in the link's
query, which Home Assistant writes into no log.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
import hashlib
from io import FileIO
import os
import secrets
from typing import Any, Final

from aiohttp import hdrs, web

from homeassistant.auth.models import User
from homeassistant.components.http.auth_util import async_user_not_allowed_do_auth
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryError
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.http import KEY_HASS, HomeAssistantView
from homeassistant.helpers.network import NoURLAvailableError, get_url
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN
from .downloads import async_send_clip, not_found
from .engine.errors import ClipError, InvalidRequestError
from .engine.library.queries import ClipQueries
from .engine.model import Clip
from .entity import camera_entity_id
from .permissions import may_control
from .retention import CLIPS_DELETED
from .runtime import async_shared

VERSION: Final = 1
URL: Final = f"/api/{DOMAIN}/share"
LONGEST: Final = timedelta(days=7)
TOKEN_BYTES: Final = 32
LONGEST_TOKEN: Final = 64
MOST_OF_A_USER: Final = 200
# A player asks for the beginning several times.
OPENED_AGAIN_AFTER: Final = timedelta(minutes=1)
# How late it may be stored how often a link was opened.
SAVE_OPENED_S: Final = 60


@dataclass(kw_only=True)
class Share:
    """A link: to which content of which clip, whose, and until when.

    Times are ISO 8601 in UTC, `sha256` is the clip's, and `token` the hash of the link's.
    `user_id` is None if an automation made it.
    """

    id: str
    token: str
    clip_id: str
    sha256: str
    user_id: str | None
    created_at: str
    expires_at: str
    opened: int = 0

    @property
    def ends(self) -> datetime:
        """When it ends."""
        return datetime.fromisoformat(self.expires_at)


class Shares:
    """All links, as they are stored."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Know none yet."""
        self._hass = hass
        self._store = Store[dict[str, Any]](
            hass, VERSION, f"{DOMAIN}.shares", private=True, atomic_writes=True
        )
        # By the hash of the token.
        self._known: dict[str, Share] = {}
        # By the link's id: when it was opened, and which file was found to be the clip.
        self._opened_at: dict[str, datetime] = {}
        self._checked: dict[str, tuple[int, ...]] = {}

    async def async_load(self) -> None:
        """Load what is stored; from now on, links end with their clips."""
        stored = await self._store.async_load() or {"shares": []}
        shares = [Share(**one) for one in stored["shares"]]
        self._known = {share.token: share for share in shares}
        async_dispatcher_connect(self._hass, CLIPS_DELETED, self._async_deleted)

    async def async_create(
        self, clip: Clip, user: User | None, life: timedelta
    ) -> tuple[Share, str]:
        """Make a link; return it, and its address. Raises InvalidRequestError."""
        now = dt_util.utcnow()
        user_id = user.id if user else None
        if sum(one.user_id == user_id for one in self.async_all()) >= MOST_OF_A_USER:
            raise InvalidRequestError("too_many_shares", count=str(MOST_OF_A_USER))
        token = secrets.token_urlsafe(TOKEN_BYTES)
        share = Share(
            id=secrets.token_hex(8),
            token=_hash_of(token),
            clip_id=clip.id,
            sha256=clip.sha256,
            user_id=user_id,
            created_at=now.isoformat(),
            expires_at=(now + life).isoformat(),
        )
        self._known[share.token] = share
        await self._async_save()
        return share, _address(self._hass, token)

    @callback
    def async_all(self) -> list[Share]:
        """Return all links that have not ended, those that end first first."""
        now = dt_util.utcnow()
        self._forget([share for share in self._known.values() if share.ends <= now])
        return sorted(self._known.values(), key=lambda share: share.ends)

    async def async_revoke(self, share: Share) -> None:
        """End a link."""
        self._forget([share])
        await self._async_save()

    async def async_find(
        self, request: web.Request, token: str
    ) -> tuple[Share, Clip] | None:
        """Return what a token opens for a request, None if it opens nothing (any more).

        Raises StorageError.
        """
        if len(token) > LONGEST_TOKEN or not token.isascii():
            return None
        share = self._known.get(_hash_of(token))
        if share is None or share.ends <= dt_util.utcnow():
            return None
        library = (await async_shared(self._hass)).library
        clip = await ClipQueries(library).clip(share.clip_id)
        if clip is None or clip.sha256 != share.sha256:
            return None
        if share.user_id is None:
            return share, clip
        user = await self._hass.auth.async_get_user(share.user_id)
        if user is None or async_user_not_allowed_do_auth(self._hass, user, request):
            return None
        entity_id = camera_entity_id(self._hass, clip.account_id, clip.camera_id)
        return (share, clip) if may_control(user, entity_id) else None

    @callback
    def async_opened(self, share: Share) -> None:
        """Count that a link was opened, about."""
        now = dt_util.utcnow()
        before = self._opened_at.get(share.id)
        if before is None or now - before >= OPENED_AGAIN_AFTER:
            self._opened_at[share.id] = now
            share.opened += 1
            self._store.async_delay_save(self._stored, SAVE_OPENED_S)

    def is_as_shared(self, share: Share, opened: FileIO) -> bool:
        """Return whether a file is what was shared. Blocks; raises OSError.

        It is read once, and again only when it is another one, or was changed.
        """
        about = os.fstat(opened.fileno())
        seen = about.st_dev, about.st_ino, about.st_mtime_ns, about.st_ctime_ns
        if self._checked.get(share.id) != seen:
            if hashlib.file_digest(opened, "sha256").hexdigest() != share.sha256:
                return False
            self._checked[share.id] = seen
        return True

    async def _async_deleted(self, clips: tuple[Clip, ...]) -> None:
        deleted = {clip.id for clip in clips}
        ended = [share for share in self.async_all() if share.clip_id in deleted]
        if ended:
            self._forget(ended)
            await self._async_save()

    def _forget(self, shares: Iterable[Share]) -> None:
        for share in shares:
            self._known.pop(share.token, None)
            self._opened_at.pop(share.id, None)
            self._checked.pop(share.id, None)

    async def _async_save(self) -> None:
        await self._store.async_save(self._stored())

    def _stored(self) -> dict[str, Any]:
        return {"shares": [asdict(share) for share in self._known.values()]}


DATA_SHARES: HassKey[Shares] = HassKey(f"{DOMAIN}.shares")


async def async_setup_shares(hass: HomeAssistant) -> None:
    """Load the links, and serve what they lead to."""
    shares = hass.data[DATA_SHARES] = Shares(hass)
    await shares.async_load()
    hass.http.register_view(ShareView())


class ShareView(HomeAssistantView):
    """What a link leads to. All that is not valid has one answer."""

    url = URL
    name = f"api:{DOMAIN}:share"
    requires_auth = False

    async def get(self, request: web.Request) -> web.StreamResponse:
        """Send the clip, or the range of it that is asked for."""
        shares = request.app[KEY_HASS].data[DATA_SHARES]
        try:
            found = await shares.async_find(request, request.query.get("token", ""))
        except ClipError, ConfigEntryError:
            found = None
        if found is None:
            return not_found()
        share, clip = found
        asked = request.headers.get(hdrs.RANGE, "bytes=0-")
        if request.method == hdrs.METH_GET and asked.startswith("bytes=0-"):
            shares.async_opened(share)
        return await async_send_clip(
            request, clip, is_as_shared=partial(shares.is_as_shared, share)
        )

    async def head(self, request: web.Request) -> web.StreamResponse:
        """Tell what `get` would send."""
        return await self.get(request)


def _hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _address(hass: HomeAssistant, token: str) -> str:
    """Return a link for others: as they reach Home Assistant, where that is known."""
    path = f"{URL}?token={token}"
    try:
        return f"{get_url(hass, prefer_external=True)}{path}"
    except NoURLAvailableError:
        return path
