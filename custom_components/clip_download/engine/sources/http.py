"""One cloud over HTTP: its limits kept, its redirects followed by hand, its faults named."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from http import HTTPStatus
from ipaddress import ip_address
import re
from typing import Any, Self

from aiohttp import (
    ClientConnectorCertificateError,
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientError,
    ClientPayloadError,
    ClientResponse,
    ClientResponseError,
    ClientSession,
    ClientSSLError,
    ClientTimeout,
    InvalidURL,
    ServerDisconnectedError,
    hdrs,
)
from aiolimiter import AsyncLimiter
from yarl import URL

from ..errors import (
    LONGEST_WAIT_S as LONGEST_WISH_S,
    BadAnswerError,
    CloudError,
    UnreachableError,
)
from ..fair_semaphore import FairSemaphore
from . import sanitize
from .base import Download
from .large_body import LargeBody

# Home Assistant's session ends every request after five minutes; a clip may take longer.
# What has no end here has one where it is used: see ANSWER_WITHIN_S, LONGEST_READ_S and
# `receive`.
TIMEOUT = ClientTimeout(total=None, connect=15, sock_connect=15, sock_read=60)
MOST_REDIRECTS = 5
# The connection and all of the headers of an answer, however slowly they drip.
ANSWER_WITHIN_S = 120
# What a body must not be larger than, and must not take longer, to be read as a whole.
LARGEST_JSON_BYTES = 32 * 2**20
LONGEST_READ_S = 60
# A larger one is taken apart in a thread.
SMALL_JSON_BYTES = 64 * 2**10
# A cloud that wants to be left alone for longer is asked again all the same.
LONGEST_QUIET_S = 300
# How long a cloud that says no time is left alone: twice as long each time, up to the last.
FIRST_QUIET_S = 30
LAST_QUIET_S = 15 * 60
# How long a cloud that has throttled is asked no faster than `careful` says.
CAREFUL_S = 60 * 60
# Whoever would have to wait for longer than this is told so, and may have less time.
LONGEST_WAIT_S = 10
USER_AGENT = "ClipDownload/1.0 HomeAssistant"

# What a failed connection is called: the first that fits.
_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (ClientConnectorDNSError, "unknown_host"),
    (ClientConnectorCertificateError, "certificate"),
    (ClientSSLError, "encryption"),
    (TimeoutError, "no_answer"),
    (ClientConnectorError, "no_connection"),
    (ClientPayloadError, "closed"),
    (ClientResponseError, "unreadable"),
    (OSError, "closed"),
    (ServerDisconnectedError, "closed"),
)
_REDIRECTS = {301, 302, 303, 307, 308}
_MOVED = {301, 302}
_LOCAL = (".localhost", ".local", ".internal", ".lan", ".home.arpa", ".fritz.box")
_LONGEST_HOST = 253
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")


class Http:
    """Requests to one cloud's own hosts, and plain GETs of the URLs that it signs.

    `own_hosts` are the cloud's domains: our headers go to these and to hosts below
    them, over https only, and nowhere else. `limiter` is the cloud's rate limit.
    `media_hosts` are the domains that footage may lie in, where they are known: then a
    redirect leads there or nowhere, and nothing below them is an own host.
    """

    def __init__(
        self,
        session: ClientSession,
        own_hosts: Collection[str],
        limiter: AsyncLimiter,
        *,
        media_hosts: Collection[str] = (),
        careful: AsyncLimiter | None = None,
    ) -> None:
        """Take the session to use, the cloud's domains and its rate limit.

        `careful` is the rate limit after the cloud has throttled, where its own is not known.
        """
        self._session = session
        self._own_hosts = own_hosts
        self._media_hosts = media_hosts
        self._limiter = limiter
        # One waits for the limit, and the others for their camera's turn to.
        self._semaphore = FairSemaphore(1)
        self._careful = careful
        self._careful_until = 0.0
        self._quiet_until = 0.0
        self._untold_quiets = 0
        # The host of the cloud's own that was asked last.
        self._own_host: str | None = None

    @asynccontextmanager
    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
    ) -> AsyncIterator[ClientResponse]:
        """Ask the cloud something; the answer's status is the caller's to judge.

        `url` is taken byte for byte. A throttling answer (429) makes the whole account
        wait, whether it says how long or not, and raises CloudError, as do a wish for a
        longer wait that was told before, a failed connection and a bad redirect.
        """
        target = self.own_url(url)
        async with self._follow(method, target, headers, body) as response:
            if response.status == HTTPStatus.TOO_MANY_REQUESTS:
                err = self._throttled(response)
                self._careful_until = asyncio.get_running_loop().time() + CAREFUL_S
                if err.retry_after_s is None:
                    err.retry_after_s = self._be_quiet()
                raise err
            if response.ok:
                self._untold_quiets = 0
            yield response

    @asynccontextmanager
    async def get_signed(self, url: str) -> AsyncIterator[ClientResponse]:
        """Fetch a URL that carries its own permission: none of our headers go along.

        Raises CloudError for a URL that is no https URL of a public name.
        """
        target = parse_url(url)
        async with self._follow(hdrs.METH_GET, target, None, None) as response:
            if response.status == HTTPStatus.TOO_MANY_REQUESTS:
                raise self._throttled(response)
            yield response

    def own_url(self, url: str) -> URL:
        """Take a URL of the cloud's own hosts. Raises CloudError for any other."""
        target = parse_url(url)
        if not self._is_own(target):
            raise _misled(target)
        return target

    async def _take_turn(self) -> None:
        loop = asyncio.get_running_loop()
        await self._wait_for(self._limiter)
        while (left_s := self._quiet_until - loop.time()) > 0:
            if left_s > LONGEST_WAIT_S:
                raise CloudError("cloud_throttled", retry_after_s=left_s)
            await asyncio.sleep(left_s)
            # All who waited wake at once, and are let through one by one.
            await self._wait_for(self._limiter)
        if self._careful and loop.time() < self._careful_until:
            await self._wait_for(self._careful)

    async def _wait_for(self, limiter: AsyncLimiter) -> None:
        async with self._semaphore:
            await limiter.acquire()

    def _throttled(self, response: ClientResponse) -> CloudError:
        after_s = retry_after_s(response)
        if after_s is not None:
            until = asyncio.get_running_loop().time() + min(after_s, LONGEST_QUIET_S)
            self._quiet_until = max(self._quiet_until, until)
        return CloudError("cloud_throttled", retry_after_s=after_s)

    def _be_quiet(self) -> float:
        """Leave the cloud alone; return for how many seconds."""
        now = asyncio.get_running_loop().time()
        if now >= self._quiet_until:
            # What was under way already is throttled for the same reason.
            quiet_s = min(FIRST_QUIET_S * 2**self._untold_quiets, LAST_QUIET_S)
            self._untold_quiets += 1
            self._quiet_until = now + quiet_s
        return self._quiet_until - now

    def _is_own(self, url: URL) -> bool:
        host = url.host or ""
        return url.scheme == "https" and (
            host in self._own_hosts
            or (_is_within(host, self._own_hosts) and not self._media_hosts)
        )

    def _may_visit(self, url: URL) -> bool:
        return _is_public(url) and (
            not self._media_hosts or _is_within(url.host or "", self._media_hosts)
        )

    @asynccontextmanager
    async def _follow(
        self,
        method: str,
        url: URL,
        ours: Mapping[str, str] | None,
        body: bytes | None,
    ) -> AsyncIterator[ClientResponse]:
        """Ask, and go where the answer sends us, with `ours` within the cloud only.

        A body goes along to known media hosts, where the redirect is for the same
        request.
        """
        described = {
            name: value
            for name, value in (ours or {}).items()
            if name == hdrs.CONTENT_TYPE
        }
        for _ in range(MOST_REDIRECTS + 1):
            if await self._is_own_visit(url) and ours is not None:
                await self._take_turn()
            else:
                ours = None
                if not self._media_hosts:
                    body = None
            headers = described if ours is None and body is not None else ours
            async with await self._send(method, url, headers, body) as response:
                location = response.headers.get(hdrs.LOCATION)
                if response.status not in _REDIRECTS or not location:
                    if response.ok and _is_encoded(response):
                        raise CloudError("cloud_encoded")
                    try:
                        yield response
                    except (ClientError, TimeoutError) as err:
                        raise unreachable(err) from _sanitized(err)
                    return
                # Meraki's shards want a 301 or 302 to be for the same request; where
                # footage lies on other hosts it is for a GET, as browsers have it.
                if response.status == HTTPStatus.SEE_OTHER or (
                    self._media_hosts and response.status in _MOVED
                ):
                    method, body = hdrs.METH_GET, None
                url = url.join(parse_url(location))
        raise _misled(url)

    async def _is_own_visit(self, url: URL) -> bool:
        """Return whether a URL is the cloud's own. Raises CloudError if it must not be asked."""
        if self._is_own(url):
            self._own_host = url.host
            return True
        if not self._may_visit(url) or await self._leads_home(url):
            raise _misled(url)
        return False

    async def _send(
        self,
        method: str,
        url: URL,
        headers: Mapping[str, str] | None,
        body: bytes | None,
    ) -> ClientResponse:
        """Send one request. Raises CloudError if no answer comes."""
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                return await self._session.request(
                    method,
                    url,
                    data=body,
                    headers={
                        hdrs.USER_AGENT: USER_AGENT,
                        hdrs.ACCEPT_ENCODING: "identity",
                        **(headers or {}),
                    },
                    timeout=TIMEOUT,
                    allow_redirects=False,
                    # A megabyte may hold a gigabyte.
                    auto_decompress=False,
                )
        except InvalidURL as err:
            raise _misled(url) from _sanitized(err)
        except (ClientError, TimeoutError, OSError) as err:
            raise unreachable(err) from _sanitized(err)

    async def _leads_home(self, url: URL) -> bool:
        """Return whether a name that is not the cloud's leads into a user's network.

        It may where the cloud itself is there. Between this look and the connection a
        name may change: then only TLS stands in the way.
        """
        if not await self._is_at_home(url.host):
            return False
        return not await self._is_at_home(self._own_host)

    async def _is_at_home(self, host: str | None) -> bool:
        resolve = getattr(self._session.connector, "async_resolve_host", None)
        if host is None or resolve is None:
            # Only Home Assistant's own connector tells.
            return False
        try:
            async with asyncio.timeout(TIMEOUT.sock_connect):
                found = await resolve(host)
        except ClientError, TimeoutError, OSError:
            # Whoever connects finds out why.
            return False
        return any(not ip_address(one["host"]).is_global for one in found)


class _Chunks:
    """The body of an answer, as it comes.

    It is no generator: one that is left before its end would have to be closed.
    """

    def __init__(self, response: ClientResponse) -> None:
        self._content = response.content

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        """Return what has come. Raises CloudError if the connection broke off."""
        try:
            block = await self._content.readany()
        except (ClientError, TimeoutError) as err:
            raise CloudError("body_truncated") from err
        if not block:
            raise StopAsyncIteration
        return block


def download_of(response: ClientResponse) -> Download:
    """Return the download of an answer whose status was found good."""
    size_bytes = response.content_length
    # A chunked body has an end of its own, of which the lack is a ClientError.
    encoding = response.headers.get(hdrs.TRANSFER_ENCODING, "")
    return Download(
        chunks=_Chunks(response),
        rest_of_large=partial(LargeBody.take, response),
        size_bytes=size_bytes,
        is_delimited=size_bytes is not None or "chunked" in encoding.lower(),
    )


async def read_body(response: ClientResponse, largest_bytes: int) -> bytes:
    """Return the answer's whole body. Raises CloudError if it is too large or slow."""
    body = bytearray()
    async with asyncio.timeout(LONGEST_READ_S):
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > largest_bytes:
                raise BadAnswerError("cloud_nonsense")
    return bytes(body)


async def read_json(
    response: ClientResponse, *, longest_text: int = sanitize.LONGEST_TEXT
) -> Any:
    """Return the answer's JSON value, sanitized. Raises CloudError if it is none."""
    return await parse_json(
        await read_body(response, LARGEST_JSON_BYTES), longest_text=longest_text
    )


async def parse_json(body: bytes, *, longest_text: int = sanitize.LONGEST_TEXT) -> Any:
    """Return the JSON value in a body, sanitized. Raises CloudError if there is none."""
    parse = partial(sanitize.parse, body, longest_text=longest_text)
    try:
        if len(body) <= SMALL_JSON_BYTES:
            return parse()
        return await asyncio.get_running_loop().run_in_executor(None, parse)
    except ValueError as err:
        raise BadAnswerError("cloud_nonsense") from err


def retry_after_s(response: ClientResponse) -> float | None:
    """Return how many seconds the cloud wants to be left alone, if it says so.

    It is an hour at most.
    """
    value = response.headers.get(hdrs.RETRY_AFTER, "").strip()
    if value.isascii() and value.isdecimal():
        return min(float(value), LONGEST_WISH_S)
    if (at := http_date(value)) is None:
        return None
    wish_s = (at - datetime.now(UTC)).total_seconds()
    return min(max(wish_s, 0.0), LONGEST_WISH_S)


def http_date(value: str) -> datetime | None:
    """Return the time in a header, in UTC; None if it is none."""
    try:
        at = parsedate_to_datetime(value)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError, TypeError, ValueError:
        return None


def trouble(response: ClientResponse) -> CloudError:
    """Return the error for an answer that says nothing but that the cloud failed."""
    return BadAnswerError(
        "cloud_trouble",
        retry_after_s=retry_after_s(response),
        status=str(response.status),
    )


def unreachable(err: Exception) -> CloudError:
    """Return the error for a connection that failed: how it did, never its URL."""
    reasons = (words for kind, words in _REASONS if isinstance(err, kind))
    return UnreachableError("cloud_unreachable", reason=next(reasons, "failed"))


def _sanitized(err: Exception) -> Exception | None:
    """Return an error if it tells of the host only, not of the URL, to whoever logs it."""
    return err if isinstance(err, ClientConnectorError) else None


def parse_url(url: str) -> URL:
    """Take a URL byte for byte. Raises CloudError if it is none that can be asked for."""
    try:
        parsed = URL(url, encoded=True)
        # An encoded URL is not checked until it is sent or shown.
        _ = parsed.port, parsed.host, url.encode()
        for encoding in ("ascii", "idna"):
            (parsed.raw_host or "").encode(encoding)
    except ValueError as err:
        raise _misled(None) from err
    if parsed.user is not None or parsed.password is not None:
        # Nobody but us says who we are.
        raise _misled(parsed)
    return parsed


def _misled(url: URL | None) -> CloudError:
    """Return the error for a place that must not be asked: its host, never its URL."""
    host = (url.host if url else None) or "?"
    return UnreachableError("cloud_redirect", host=sanitize.text(host, _LONGEST_HOST))


def _is_within(host: str, domains: Collection[str]) -> bool:
    return any(host == one or host.endswith(f".{one}") for one in domains)


def _is_encoded(response: ClientResponse) -> bool:
    """Return whether a body was packed, which nobody asked for."""
    encoding = response.headers.get(hdrs.CONTENT_ENCODING, "")
    return encoding.strip().lower() not in {"", "identity"}


def _is_public(url: URL) -> bool:
    """Refuse addresses and local names: no cloud redirects into a user's network.

    A name whose last label is a number is an address, in whichever of its short, octal
    and hexadecimal forms.
    """
    name = (url.raw_host or "").rstrip(".").lower()
    is_address = ":" in name or _NUMBER.fullmatch(name.rpartition(".")[2]) is not None
    is_local = "." not in name or f".{name}".endswith(_LOCAL)
    return url.scheme == "https" and not is_address and not is_local
