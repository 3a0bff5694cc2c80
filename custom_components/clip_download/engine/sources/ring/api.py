"""How Ring is asked: through `ring_doorbell`, with its sign-in, over our own HTTP.

Ring documents none of it. What is relied on here was read in `ring_doorbell` and in other
public clients of that API.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager
from http import HTTPStatus
import json as json_module
import logging
import time
from typing import Any, Self, override
from urllib.parse import urlencode

from aiohttp import BasicAuth, ClientSession, hdrs
from aiolimiter import AsyncLimiter
from ring_doorbell import Auth, AuthenticationError, Requires2FAError, Ring, RingError
from ring_doorbell.const import OAuth
from yarl import URL

from ...errors import BadAnswerError, ClipError, CloudError, SignInError
from ...fair_semaphore import FairSemaphore
from .. import sanitize
from ..http import (
    LARGEST_JSON_BYTES,
    USER_AGENT,
    Http,
    parse_json,
    read_body,
    retry_after_s,
)

OWN_HOSTS = ("ring.com", "prd-api-us.prd.rings.solutions")
# Requests, and the seconds that they are spread over. Ring states no limit; who asked for
# several things at once had his address shut out (python-ring-doorbell#483).
RATE = (4, 2.0)
# The same for a while after Ring has throttled.
CAREFUL_RATE = (1, 5.0)
# What cameras recorded around the clock, as Ring's web page asks for it.
TIMELINE_PATH = "/evm/v2/timeline/24/devices"
# What is not there, or not yet, is answered with one of these.
NOT_THERE = {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
    HTTPStatus.TOO_EARLY,
}


def _hide_device(record: logging.LogRecord) -> bool:
    """Say no to a request that contains what Ring knows us by: hardware id, push token."""
    given = record.args if isinstance(record.args, tuple) else ()
    return not any(isinstance(one, dict) and "device" in one for one in given)


# ring_doorbell logs all that it asks, while somebody looks for a fault.
logging.getLogger("ring_doorbell.ring").addFilter(_hide_device)


class TwoFactorRequired(SignInError):
    """Ring has sent a code to the account's owner, and signs in only with it.

    `sent_by` is Ring's word for the way (`sms`, `email`, `totp`), `phone` the number that
    it was sent to, mostly hidden by Ring; both are empty where Ring does not say.
    """

    def __init__(self, sent_by: str, phone: str) -> None:
        """Take what Ring said of the code."""
        super().__init__("two_factor_required")
        self.sent_by = sent_by
        self.phone = phone


async def sign_in(
    session: ClientSession,
    username: str,
    password: str,
    hardware_id: str,
    code: str | None = None,
) -> dict[str, Any]:
    """Return the token for an e-mail and a password, to be kept with `hardware_id`.

    Raises TwoFactorRequired where a `code` is needed and none was given; SignInError
    `invalid_auth` or `invalid_code`; CloudError if Ring could not be asked.
    """
    auth = RingAuth(**_auth_options(http_of(session), hardware_id, session))
    with our_errors():
        return dict(await auth.async_fetch_token(username, password, code))


def http_of(session: ClientSession) -> Http:
    """Return what carries requests to Ring, as many at once as it bears."""
    return Http(
        session,
        OWN_HOSTS,
        AsyncLimiter(*RATE),
        careful=AsyncLimiter(*CAREFUL_RATE),
    )


class RingApi:
    """Asks Ring, one call at a time, with a sign-in of its own or a borrowed one.

    `ring` is ring_doorbell's client, for what takes one.
    """

    def __init__(
        self,
        http: Http,
        session: ClientSession,
        hardware_id: str,
        *,
        token: Mapping[str, Any] | None,
        keep_token: Callable[[dict[str, Any]], Awaitable[None]],
        access_token: Callable[[bool], Awaitable[str]] | None,
    ) -> None:
        """Take what carries requests, and a `token` or what lends an access token.

        `keep_token` is awaited with each new token before that is used.
        """
        self._hardware_id = hardware_id
        options = _auth_options(http, hardware_id, session)
        if access_token:
            self._auth: RingAuth = BorrowedAuth(access_token, **options)
        else:
            self._auth = RingAuth(token=dict(token or {}), **options)
            self._auth.keep = keep_token
        self.ring = SessionRing(self._auth)
        if access_token:
            # A new session of a device ends the pushes to it, and they are its owner's:
            # one is opened only where Ring says that there is none.
            has_one: Any = {}
            self.ring.session = has_one
        # ring_doorbell would refresh the token once for each request under way.
        self._turn = FairSemaphore(1)

    async def ask_json(self, path: str, **params: Any) -> Any:
        """Return the JSON at a path. Raises SignInError, CloudError."""
        return json_in(await self.ask(path, params=params))

    async def ask(
        self,
        path: str,
        *,
        method: str = hdrs.METH_GET,
        params: dict[str, Any] | None = None,
        json: dict[Any, Any] | None = None,
    ) -> bytes:
        """Return the body of an answer. Raises SignInError, CloudError."""
        answer = await self.call(
            lambda: self.ring.async_query(path, method, params, json=json)
        )
        return answer.content

    async def call[T](self, call: Callable[[], Awaitable[T]]) -> T:
        """Make one call of ring_doorbell, twice where that helps, and never two at once.

        Raises SignInError, CloudError; BadStatus for a status that is an error.
        """
        async with self._turn:
            try:
                with our_errors():
                    return await call()
            except BadStatus as err:
                if self._is_session_lost(err):
                    self.ring.session = None
                # On a 401 ring_doorbell refreshes the token, and gives up the call even so.
                elif err.status != HTTPStatus.UNAUTHORIZED:
                    raise
            with our_errors(), self._auth.as_it_is():
                return await call()

    def _is_session_lost(self, err: BadStatus) -> bool:
        # Ring says so with a 404 that names the hardware id, as ring-client-api knows.
        is_named = self._hardware_id.encode() in err.body
        return err.status == HTTPStatus.NOT_FOUND and is_named


class SessionRing(Ring):
    """ring_doorbell's client, which says when it has opened a session.

    Ring drops sessions after about a day (dgreif/ring#1218), and with each new one it
    forgets where to push to.
    """

    opened: Callable[[], Awaitable[None]] | None = None

    @override
    async def async_create_session(self) -> None:
        """Open a session."""
        await super().async_create_session()
        if self.opened:
            await self.opened()


class RingAuth(Auth):
    """ring_doorbell's sign-in, which refreshes once for all who ask, and to the end."""

    # Is given a new token before it is used: Ring takes the old one no more.
    keep: Callable[[dict[str, Any]], Awaitable[None]] | None = None
    _refreshing: asyncio.Task[dict[str, Any]] | None = None
    _is_new = False

    @contextmanager
    def as_it_is(self) -> Iterator[None]:
        """Refresh no token that is not known to be expired.

        For the repetition of a call: a 401 is not about a token so new.
        """
        self._is_new = True
        try:
            yield
        finally:
            self._is_new = False

    @override
    async def async_refresh_tokens(self) -> dict[str, Any]:
        """Return a new token. Raises SignInError if Ring takes the old one no more."""
        if self._is_new and self._token.get("expires_at", 0) > time.time():
            return self._token
        if not self._refreshing or self._refreshing.done():
            self._refreshing = asyncio.create_task(self._refresh())
        # Ring takes back the old token as it answers: who asked may go, the refresh not.
        return await asyncio.shield(self._refreshing)

    async def _refresh(self) -> dict[str, Any]:
        if not self._token.get("refresh_token"):
            raise AuthenticationError
        token = await super().async_refresh_tokens()
        if self.keep:
            await self.keep(token)
        return token


class BorrowedAuth(RingAuth):
    """The sign-in of somebody else's account entry, who alone refreshes its token."""

    def __init__(
        self, access_token: Callable[[bool], Awaitable[str]], **options: Any
    ) -> None:
        """Take what gives the token of now; with True, one newer than that."""
        super().__init__(**options)
        self._access_token = access_token

    @override
    async def async_query(self, *args: Any, **options: Any) -> Auth.Response:
        """Ask with the token of now. Raises what its owner raises."""
        await self._borrow(is_refused=False)
        return await super().async_query(*args, **options)

    @override
    async def async_refresh_tokens(self) -> dict[str, Any]:
        """Return a token newer than the one that Ring refused, once for each call."""
        if not self._is_new:
            await self._borrow(is_refused=True)
        return self._token

    async def _borrow(self, *, is_refused: bool) -> None:
        self._token = {"access_token": await self._access_token(is_refused)}
        self._oauth_client.populate_token_attributes(self._token)


def _auth_options(
    http: Http, hardware_id: str, session: ClientSession
) -> dict[str, Any]:
    """Return what a sign-in needs to ask Ring."""
    return {
        "user_agent": USER_AGENT,
        "hardware_id": hardware_id,
        "http_client_session": _Carrier(http, hardware_id, session),
    }


@contextmanager
def our_errors() -> Iterator[None]:
    """Turn what ring_doorbell raises, and trips over, into our errors."""
    try:
        yield
    except (AuthenticationError, Requires2FAError) as err:
        raise SignInError("invalid_auth") from err
    except RingError as err:
        if isinstance(err.__cause__, ClipError):
            raise err.__cause__ from None
        raise BadAnswerError("cloud_nonsense") from err
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        RecursionError,
        TypeError,
        ValueError,
        Warning,
    ) as err:
        raise BadAnswerError("cloud_nonsense") from err


def json_in(body: bytes) -> Any:
    """Return the JSON in a body. Raises CloudError if there is none."""
    try:
        return sanitize.parse(body)
    except ValueError as err:
        raise BadAnswerError("cloud_nonsense") from err


class _Carrier:
    """What ring_doorbell takes for an aiohttp session.

    ring_doorbell looks at no status of a token's answer, and would follow redirects
    anywhere with our headers; so its requests go over `Http`, and answers are judged here.
    """

    def __init__(self, http: Http, hardware_id: str, session: ClientSession) -> None:
        """Take what carries requests, and the id that Ring wants with each of them.

        `session` is for what is not Ring's.
        """
        self._http = http
        self._hardware_id = hardware_id
        self._session = session

    def post(self, url: str, **options: Any) -> AbstractAsyncContextManager[Any]:
        """Ask Firebase, which the push listener registers with by itself."""
        return self._session.post(url, **options, allow_redirects=False)

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        params: Mapping[str, Any] | None = None,
        data: Mapping[str, str] | None = None,
        json: Mapping[Any, Any] | None = None,
        auth: BasicAuth | None = None,
        timeout: float | None = None,
    ) -> _Answer:
        """Send a request, and return its answer read to the end.

        `timeout` is left to `Http`: waiting for the account's turn must not count.
        """
        sent = {"hardware_id": self._hardware_id, **headers}
        if TIMELINE_PATH in url:
            sent["X-API-VERSION"] = "1"
        body = None
        if auth:
            sent[hdrs.AUTHORIZATION] = auth.encode()
        if data:
            sent.setdefault(hdrs.CONTENT_TYPE, "application/x-www-form-urlencoded")
            body = urlencode(data).encode()
        if json is not None:
            body = json_module.dumps(json).encode()
        target = str(URL(url).update_query(params or {}))
        async with self._http.request(
            method, target, headers=sent, body=body
        ) as response:
            body = await read_body(response, LARGEST_JSON_BYTES)
            if response.ok and not sanitize.is_jpeg(body):
                # ring_doorbell would take any JSON as it comes.
                body = await _sanitized_body(body)
            answer = _Answer(response.status, body, retry_after_s(response))
        if url == OAuth.ENDPOINT:
            _check_token(answer)
        return answer


async def _sanitized_body(body: bytes) -> bytes:
    """Return the JSON in a body without what may do harm; nothing if there is none."""
    try:
        return json_module.dumps(await parse_json(body)).encode()
    except CloudError:
        return b""


class _Answer:
    """As much of aiohttp's answer as ring_doorbell asks for."""

    def __init__(self, status: int, body: bytes, again_after_s: float | None) -> None:
        """Take an answer that was read to its end, and when Ring wants the next try."""
        self.status = status
        self.body = body
        self.again_after_s = again_after_s

    async def __aenter__(self) -> Self:
        """Enter; there is nothing left to open."""
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Leave; there is nothing left to close."""

    async def read(self) -> bytes:
        """Return the body."""
        return self.body

    async def text(self) -> str:
        """Return the body as text."""
        return self.body.decode(errors="replace")

    def raise_for_status(self) -> None:
        """Raise BadStatus for an answer that is an error."""
        if self.status >= HTTPStatus.BAD_REQUEST:
            raise BadStatus(self)


class BadStatus(BadAnswerError):
    """Ring answered with the status of an error."""

    def __init__(self, answer: _Answer) -> None:
        """Take the answer, whose body is never shown."""
        super().__init__(
            "cloud_trouble",
            retry_after_s=answer.again_after_s,
            status=str(answer.status),
        )
        self.status = answer.status
        self.body = answer.body


def _check_token(answer: _Answer) -> None:
    """Raise what the token endpoint's answer means; nothing if it is a whole token.

    Only Ring's own words refuse a sign-in. An outage, a page of something before Ring, an
    empty answer are no bad password. Raises TwoFactorRequired, SignInError, CloudError.
    """
    trouble = BadAnswerError(
        "cloud_trouble",
        retry_after_s=answer.again_after_s,
        status=str(answer.status),
    )
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise trouble
    is_error = answer.status >= HTTPStatus.BAD_REQUEST
    try:
        said = sanitize.parse(answer.body)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise trouble if is_error else BadAnswerError("cloud_nonsense")
    if not is_error:
        if not said.get("access_token") or not said.get("refresh_token"):
            raise BadAnswerError("cloud_nonsense")
        return
    if answer.status == HTTPStatus.PRECONDITION_FAILED:
        raise TwoFactorRequired(
            sanitize.name(said.get("tsv_state"), ""),
            sanitize.name(said.get("phone"), ""),
        )
    if "too many requests" in str(said.get("error_description")):
        raise CloudError("too_many_codes")
    error = str(said.get("error"))
    if error.startswith("Verification Code"):
        raise SignInError("invalid_code")
    if answer.status == HTTPStatus.UNAUTHORIZED or error == "invalid_grant":
        raise SignInError("invalid_auth")
    raise trouble
