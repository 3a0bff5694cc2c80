"""How AWS is asked: with signed requests, and what its errors mean.

The rules are those of botocore's models of these services. Importing this blocks, as
botocore does.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
import logging
import re
from typing import Any, override

from aiohttp import ClientResponse, hdrs
from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from ...errors import (
    BadAnswerError,
    CameraSettingError,
    CameraUnknownError,
    ClipError,
    CloudError,
    NoFootageError,
    NoPermissionError,
    RefusedError,
    SignInError,
)
from .. import sanitize
from ..http import (
    LARGEST_JSON_BYTES,
    Http,
    http_date,
    parse_json,
    read_body,
    read_json,
    trouble,
)
from .fragments import LATEST_S

_LOGGER = logging.getLogger(__name__)
# At its lowest level it logs all that it signs, the session token too.
logging.getLogger(SigV4Auth.__module__).setLevel(logging.INFO)

SERVICE = "kinesisvideo"
_THROTTLED = {
    "ClientLimitExceededException",
    "ConnectionLimitExceededException",
    "LimitExceededException",
    "RequestLimitExceeded",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}
_BAD_KEY = {
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"}
_SKEWED = {"RequestExpired", "RequestTimeTooSkewed", "SignatureExpired"}
_DENIED = {"AccessDenied", "AccessDeniedException", "NotAuthorizedException"}
# What may be wrong with one fragment only, by the exception: its neighbours can be had.
_FRAGMENT = {
    "InvalidCodecPrivateDataException": "codec_changed",
    "InvalidMediaFrameException": "frame_broken",
    "MissingCodecPrivateDataException": "codec_data_missing",
    "UnsupportedStreamMediaTypeException": "codec_unsupported",
}


class _ClockSkewError(ClipError):
    """The cloud's clock and ours differ too much; `by` is how much, if it is known."""

    def __init__(self, by: timedelta | None) -> None:
        """Take the difference."""
        super().__init__("clock_skew")
        self.by = by


class FragmentError(RefusedError):
    """The footage itself is refused; that may be for a single fragment of it."""


class _Signer(SigV4Auth):  # type: ignore[misc]
    """botocore's signer, by the cloud's clock; by itself it knows ours only."""

    def __init__(
        self, credentials: Credentials, service: str, region: str, ahead: timedelta
    ) -> None:
        """Take who signs, for what, and how far the cloud's clock is ahead of ours."""
        super().__init__(credentials, service, region)
        self._ahead = ahead

    @override
    def _modify_request_before_signing(self, request: AWSRequest) -> None:
        now = datetime.now(UTC) + self._ahead
        request.context["timestamp"] = now.strftime(SIGV4_TIMESTAMP)
        super()._modify_request_before_signing(request)


class SignedHttp:
    """Sends requests that AWS takes: signed, by the cloud's clock."""

    def __init__(self, http: Http, credentials: Credentials, region: str) -> None:
        """Take what carries requests, and who signs them for which region."""
        self._http = http
        self._credentials = credentials
        self._region = region
        # How far the cloud's clock is ahead of ours, once it complained.
        self.ahead = timedelta(0)

    @asynccontextmanager
    async def send(
        self,
        url: str,
        body: bytes,
        *,
        action: str,
        service: str = SERVICE,
        content_type: str = "application/json",
    ) -> AsyncIterator[ClientResponse]:
        """Send a signed request; yield the answer if it is a good one.

        `action` is the IAM action that it takes. Raises SignInError, CloudError,
        NoFootageError, RefusedError.
        """
        self._http.own_url(url)
        async with AsyncExitStack() as stack:
            for may_correct in (True, False):
                request = AWSRequest(
                    method=hdrs.METH_POST,
                    url=url,
                    data=body,
                    headers={hdrs.CONTENT_TYPE: content_type},
                )
                _Signer(self._credentials, service, self._region, self.ahead).add_auth(
                    request
                )
                response = await stack.enter_async_context(
                    self._http.request(
                        hdrs.METH_POST,
                        url,
                        headers={**request.headers, hdrs.ACCEPT: "application/json"},
                        body=body,
                    )
                )
                if response.status == HTTPStatus.OK:
                    break
                error = await _error(response, action, self._region)
                if not isinstance(error, _ClockSkewError):
                    raise error
                if not may_correct or error.by is None:
                    raise CloudError("clock_skew")
                self.ahead = error.by
            yield response


class PageTokens:
    """What the next page of a list is asked for with, until there is an end to it.

    A list `is_whole` once its last page has come; it `is_circle` if a token came twice.
    """

    def __init__(self, most_pages: int) -> None:
        """Take how many pages are read at most."""
        self.is_whole = False
        self.is_circle = False
        self._most_pages = most_pages
        self._seen: set[str] = set()

    def next_in(self, page: Mapping[str, Any]) -> str | None:
        """Return the token in a page, None where there is nothing more to ask for."""
        token = page.get("NextToken")
        if not token:
            self.is_whole = True
            return None
        if not isinstance(token, str):
            raise BadAnswerError("cloud_nonsense")
        self.is_circle = token in self._seen
        self._seen.add(token)
        is_over = self.is_circle or len(self._seen) >= self._most_pages
        return None if is_over else token


def list_in(answer: Mapping[str, Any], name: str) -> list[Any]:
    """Return a list in an answer. Raises CloudError for an answer without such a list."""
    found = answer.get(name) or []
    # An error that comes with status 200 is no empty list.
    if not isinstance(found, list) or (answer and name not in answer):
        raise BadAnswerError("cloud_nonsense")
    return found


async def read_object(
    response: ClientResponse, *, longest_text: int = sanitize.LONGEST_TEXT
) -> dict[str, Any]:
    """Return the answer's JSON object. Raises CloudError if it is none."""
    value = await read_json(response, longest_text=longest_text)
    if not isinstance(value, dict):
        raise BadAnswerError("cloud_nonsense")
    return value


async def _error(response: ClientResponse, action: str, region: str) -> ClipError:
    """Turn an answer that is not good into an error, by what AWS calls it."""
    if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return trouble(response)
    name, message = await _complaint(response)
    _LOGGER.debug(
        "%s: %s %s (request %s)",
        action,
        response.status,
        name,
        response.headers.get("x-amzn-RequestId"),
    )
    said = message.lower()
    if name in _SKEWED or "signature expired" in said or "not yet current" in said:
        return _ClockSkewError(_clock_difference(response))
    if name in _EXPIRED or ("token" in said and "is expired" in said):
        return SignInError("token_expired")
    if "valid region" in said:
        return CloudError("region_unknown", region=region)
    return _refusal(name, message, action) or trouble(response)


async def _complaint(response: ClientResponse) -> tuple[str, str]:
    """Return the name of an error and what is said of it, as far as AWS says."""
    body = await read_body(response, LARGEST_JSON_BYTES)
    try:
        answer = await parse_json(body)
    except CloudError:
        answer = {}
    # STS wraps it; the others put it beside the message or into a header.
    if isinstance(answer, dict):
        answer = answer.get("Error", answer)
    if not isinstance(answer, dict):
        answer = {}
    name = (
        response.headers.get("x-amzn-ErrorType")
        or response.headers.get("x-amz-ErrorType")
        or answer.get("__type")
        or answer.get("Code")
        or answer.get("code")
        or ""
    )
    message = str(answer.get("Message") or answer.get("message") or "")
    return str(name).partition(":")[0].rpartition("#")[2], message


def _refusal(name: str, message: str, action: str) -> ClipError | None:
    """Return the error of a name that says what to do about it."""
    if name in _BAD_KEY:
        return SignInError("invalid_auth")
    if name in _DENIED:
        # It may be another right that is missing, such as that to a key of KMS.
        lacking = re.search(r"to perform: ([\w-]{1,64}:\w{1,64})", message)
        return NoPermissionError(
            "no_permission", action=lacking[1] if lacking else action
        )
    if name in _THROTTLED:
        return CloudError("cloud_throttled")
    if name == "ResourceNotFoundException":
        if "fragment" in message.lower():
            return NoFootageError("no_footage")
        return CameraUnknownError("camera_unknown")
    if name == "NoDataRetentionException":
        return CameraSettingError("no_retention")
    if key := _FRAGMENT.get(name):
        return FragmentError(key)
    if re.fullmatch(r"\w{1,100}", name):
        return RefusedError("request_refused", action=action, reason=name)
    return None


def _clock_difference(response: ClientResponse) -> timedelta | None:
    """Return how far the cloud's clock is ahead of ours, if it shows a time of ours."""
    theirs = http_date(response.headers.get(hdrs.DATE, ""))
    if theirs is None or not 0 < theirs.timestamp() < LATEST_S:
        return None
    return theirs - datetime.now(UTC)
