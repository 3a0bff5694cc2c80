"""Copies in a bucket of any S3-compatible store, by way of aiobotocore."""

import asyncio
from base64 import b64encode
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Iterator,
    Mapping,
)
import contextlib
from dataclasses import dataclass
from datetime import datetime
import hashlib
from io import BytesIO
import re
import ssl
from typing import Any, Self, override

from ..aio import join_thread, run_in_thread
from ..errors import (
    BadAnswerError,
    ClipError,
    CloudError,
    RefusedError,
    SignInError,
    UnreachableError,
)
from .base import (
    MOST_SINGLE_BYTES,
    PART_BYTES,
    Content,
    DamagedCopyError,
    FullError,
    LockedError,
    MissingRightError,
    NoStoreError,
    Right,
    Stored,
    Target,
)
from .limits import Bandwidth, Body

# Home Assistant's own `aws_s3` pins the same.
REQUIREMENTS = ("aiobotocore==3.7.0",)
_CONNECT_S = 15
_ANSWER_S = 60
_READ_BYTES = 2**20
# Where a copy was written again and again, all of its versions are deleted.
_MOST_VERSIONS = 1000
# How many objects are listed at once.
PAGE = 1000
_TAG = "sha256"
_MD5 = re.compile(r"[0-9a-f]{32}")

_SIGN_IN = {
    *("AuthFailure", "ExpiredToken", "ExpiredTokenException", "InvalidAccessKeyId"),
    *("InvalidClientTokenId", "InvalidSecurity", "InvalidToken", "NotSignedUp"),
    *("SignatureDoesNotMatch", "TokenRefreshRequired", "UnrecognizedClientException"),
    "Unauthorized",
}
_NO_STORE = {
    *("301", "AuthorizationHeaderMalformed", "InvalidBucketName", "NoSuchBucket"),
    *("PermanentRedirect", "IllegalLocationConstraintException"),
}
_NOT_THERE = {"404", "NoSuchKey", "NoSuchVersion", "NotFound"}
_NO_RIGHT = {"403", "AccessDenied", "AccessForbidden", "AllAccessDisabled", "Forbidden"}
_LOCKED = {*_NO_RIGHT, "ObjectLocked", "InvalidRequest", "WORMProtected"}
_FULL = {
    *("507", "InsufficientStorage", "QuotaExceeded", "StorageFull"),
    *("XMinioAdminBucketQuotaExceeded", "XMinioStorageFull"),
}
_DAMAGED = {
    *("BadDigest", "InvalidDigest", "InvalidPart", "IncompleteBody"),
    *("XAmzContentChecksumMismatch", "XAmzContentSHA256Mismatch"),
}
_CLOCK = {"RequestTimeTooSkewed", "RequestExpired"}
_WITHOUT_REASON = {"400", "403"}
# The answers of stores that do not know checksums by SHA-256.
_NOT_KNOWN = {"InvalidArgument", "InvalidRequest", "NotImplemented", "400", "501"}


@dataclass(frozen=True, kw_only=True)
class S3Settings:
    """Where a bucket is, and with which keys; `prefix` is the folder in it that is ours.

    Without an `endpoint_url` it is one of AWS.
    """

    bucket: str
    access_key_id: str
    secret_access_key: str
    region: str = ""
    endpoint_url: str = ""
    prefix: str = ""


@dataclass(frozen=True)
class _Piece:
    """What is sent in one request, with what the store compares it with."""

    content: bytes
    sha256: str

    @classmethod
    def of(cls, content: Content, offset: int, size_bytes: int) -> Self:
        """Read a piece of a content. Blocks. Raises OSError, SourceChangedError."""
        read = content.read_at(offset, size_bytes)
        if offset + len(read) == content.size_bytes or len(read) < size_bytes:
            # Before the store makes an object of it.
            content.check()
        return cls(read, b64encode(hashlib.sha256(read).digest()).decode())

    async def md5(self) -> bytes:
        """Return what old stores compare it with, and most give it as its entity tag."""
        digest = await run_in_thread(hashlib.md5, self.content, usedforsecurity=False)
        return digest.digest()


class S3Target(Target):
    """A bucket, and a prefix in it."""

    def __init__(self, client: Any, settings: S3Settings) -> None:
        """Take a client of aiobotocore, from `open`."""
        self._client = client
        self._bucket = settings.bucket
        self._prefix = f"{settings.prefix.strip('/')}/".lstrip("/")
        # The store compares SHA-256; if not, it compares MD5, as all do.
        self._knows_sha256 = True
        self._is_closed = False
        # Whether an entity tag is the MD5, as long as no answer said otherwise.
        self._has_md5_tags = False

    @classmethod
    async def open(
        cls,
        settings: S3Settings,
        *,
        ssl_context: ssl.SSLContext | None = None,
        limit: Bandwidth | None = None,
    ) -> Self:
        """Make a client; nothing is asked yet.

        `ssl_context` has the authorities that are trusted. Raises RefusedError
        `target_needs_package` if aiobotocore is not there, NoStoreError.
        """
        try:
            client = await run_in_thread(
                _make_client, settings, ssl_context, limit or Bandwidth()
            )
        except ImportError as err:
            package = "aiobotocore"
            raise RefusedError("target_needs_package", package=package) from err
        except ValueError as err:
            # Of what botocore says, nothing is passed on: the address may hold a secret.
            raise NoStoreError("target_no_store") from err
        return cls(client, settings)

    @override
    async def aclose(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            await self._client.close()

    @override
    async def put(
        self,
        name: str,
        content: Content,
        *,
        upload_id: str = "",
        keep_upload_id: Callable[[str], Awaitable[None]] | None = None,
    ) -> None:
        if content.size_bytes > MOST_SINGLE_BYTES:
            await self._put_parts(name, content, upload_id, keep_upload_id)
            return
        piece = await _piece(content, 0, content.size_bytes)
        await self._send(
            self._client.put_object, name, piece, Metadata={_TAG: content.tag}
        )

    async def _send(
        self, call: Callable[..., Awaitable[Any]], name: str, piece: _Piece, **more: Any
    ) -> dict[str, Any]:
        """Send a piece that the store compares with its checksum; return the answer."""
        while True:
            by_sha256 = self._knows_sha256
            checksum = (
                {"ChecksumAlgorithm": "SHA256", "ChecksumSHA256": piece.sha256}
                if by_sha256
                else {"ContentMD5": b64encode(await piece.md5()).decode()}
            )
            try:
                with _errors(Right.WRITE):
                    answer: dict[str, Any] = await call(
                        **self._named(name), Body=piece.content, **checksum, **more
                    )
            except BadAnswerError as err:
                if by_sha256 and _code(err.__cause__) in _NOT_KNOWN:
                    self._knows_sha256 = False
                    continue
                raise
            await self._check(answer, piece, by_sha256=by_sha256)
            return answer

    async def _check(
        self, answer: Mapping[str, Any], piece: _Piece, *, by_sha256: bool
    ) -> None:
        """Compare what the store says that it holds with what was sent.

        Raises DamagedCopyError.
        """
        if echo := answer.get("ChecksumSHA256"):
            if echo != piece.sha256:
                raise DamagedCopyError("copy_damaged")
            return
        if by_sha256:
            # It knows nothing of it, and compared nothing.
            self._knows_sha256 = False
        etag = _etag(answer)
        if etag == (await piece.md5()).hex():
            self._has_md5_tags = True
        elif _MD5.fullmatch(etag) and self._has_md5_tags:
            raise DamagedCopyError("copy_damaged")

    async def _put_parts(
        self,
        name: str,
        content: Content,
        upload_id: str,
        keep_upload_id: Callable[[str], Awaitable[None]] | None,
    ) -> None:
        sent: dict[int, dict[str, Any]] = {}
        if upload_id:
            known = await self._parts_of(name, upload_id)
            if known is None:
                upload_id = ""
            else:
                sent = known
        if not upload_id:
            upload_id = await self._begin(name, content)
            if keep_upload_id:
                await keep_upload_id(upload_id)
        upload = {"UploadId": upload_id}
        parts = []
        for number, offset in enumerate(range(0, content.size_bytes, PART_BYTES), 1):
            piece = await _piece(content, offset, PART_BYTES)
            answer = sent.get(number)
            if answer is None or not await _is_piece(answer, piece):
                answer = await self._send(
                    self._client.upload_part, name, piece, PartNumber=number, **upload
                )
            part = {"PartNumber": number, "ETag": answer["ETag"]}
            if "ChecksumSHA256" in answer:
                part["ChecksumSHA256"] = answer["ChecksumSHA256"]
            parts.append(part)
            del piece
        try:
            with _errors(Right.WRITE):
                await self._client.complete_multipart_upload(
                    **self._named(name), **upload, MultipartUpload={"Parts": parts}
                )
        except CloudError:
            # The answer to a first attempt may have been lost.
            if not await self._has(name, content):
                raise
        if not await self._has(name, content):
            raise DamagedCopyError("copy_damaged")

    async def _has(self, name: str, content: Content) -> bool:
        stored = await self.head(name)
        return stored is not None and (stored.size_bytes, stored.tag) == (
            content.size_bytes,
            content.tag,
        )

    async def _begin(self, name: str, content: Content) -> str:
        while True:
            by_sha256 = self._knows_sha256
            algorithm = {"ChecksumAlgorithm": "SHA256"} if by_sha256 else {}
            try:
                with _errors(Right.WRITE):
                    answer = await self._client.create_multipart_upload(
                        **self._named(name), Metadata={_TAG: content.tag}, **algorithm
                    )
            except BadAnswerError as err:
                if by_sha256 and _code(err.__cause__) in _NOT_KNOWN:
                    self._knows_sha256 = False
                    continue
                raise
            return str(answer["UploadId"])

    async def _parts_of(
        self, name: str, upload_id: str
    ) -> dict[int, dict[str, Any]] | None:
        """Return the parts that an upload has, None if there is no such upload."""
        found: dict[int, dict[str, Any]] = {}
        after: dict[str, Any] = {}
        while True:
            try:
                with _errors(Right.WRITE):
                    answer = await self._client.list_parts(
                        **self._named(name), UploadId=upload_id, **after
                    )
            except NoStoreError, BadAnswerError:
                # It is gone, or the store does not tell what it has of it.
                return None
            for part in answer.get("Parts", ()):
                found[part["PartNumber"]] = part
            if not answer.get("IsTruncated"):
                return found
            after = {"PartNumberMarker": answer["NextPartNumberMarker"]}

    @override
    async def head(self, name: str) -> Stored | None:
        answer = await self._head(name)
        if answer is None:
            return None
        return Stored(
            name=name,
            size_bytes=answer["ContentLength"],
            tag=answer.get("Metadata", {}).get(_TAG, ""),
        )

    async def _head(self, name: str) -> dict[str, Any] | None:
        try:
            with _errors(Right.READ):
                answer: dict[str, Any] = await self._client.head_object(
                    **self._named(name)
                )
        except (NoStoreError, MissingRightError, BadAnswerError) as err:
            code = _code(err.__cause__)
            if code in _NOT_THERE:
                return None
            if code in _WITHOUT_REASON:
                await self._find_reason(name)
            raise
        return answer

    async def _find_reason(self, name: str) -> None:
        """Raise why an object is refused: the answer to HEAD has no room for a reason."""
        with _errors(Right.READ):
            answer = await self._client.get_object(
                **self._named(name), Range="bytes=0-0"
            )
        answer["Body"].close()

    @override
    @contextlib.asynccontextmanager
    async def read(
        self, name: str, offset: int = 0, size_bytes: int | None = None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        wanted: dict[str, Any] = {}
        if offset or size_bytes is not None:
            end = "" if size_bytes is None else offset + size_bytes - 1
            wanted = {"Range": f"bytes={offset}-{end}"}
        with _errors(Right.READ):
            answer = await self._client.get_object(**self._named(name), **wanted)
        body = answer["Body"]
        try:
            yield _pieces(body, answer["ContentLength"])
        finally:
            # What is left of it is not fetched.
            body.close()

    @override
    async def list(self, below: str = "") -> AsyncIterator[Stored]:
        after: dict[str, Any] = {}
        while True:
            with _errors(Right.LIST):
                answer = await self._client.list_objects_v2(
                    Bucket=self._bucket,
                    Prefix=f"{self._prefix}{below}",
                    MaxKeys=PAGE,
                    **after,
                )
            for found in answer.get("Contents", ()):
                yield Stored(
                    name=found["Key"].removeprefix(self._prefix),
                    size_bytes=found["Size"],
                )
            if not answer.get("IsTruncated"):
                return
            after = {"ContinuationToken": answer["NextContinuationToken"]}

    @override
    async def delete(self, name: str) -> None:
        for _ in range(_MOST_VERSIONS):
            if (found := await self._head(name)) is None:
                return
            version = found.get("VersionId")
            # Otherwise the store only hides it, and goes on to be paid for it.
            which = {"VersionId": version} if version else {}
            try:
                with _errors(Right.DELETE):
                    await self._client.delete_object(**self._named(name), **which)
            except (MissingRightError, BadAnswerError) as err:
                if _code(err.__cause__) in _LOCKED:
                    locked = LockedError("target_locked")
                    # Only who may see it is told.
                    locked.until = found.get("ObjectLockRetainUntilDate")
                    raise locked from err
                raise
            if not version:
                return

    @override
    async def discard(self, name: str) -> None:
        with _errors(Right.DELETE):
            await self._client.delete_object(**self._named(name))

    @override
    async def abort_uploads(
        self, below: str, before: datetime, keep: Collection[str]
    ) -> int:
        count, after = 0, dict[str, str]()
        while True:
            with _errors(Right.WRITE):
                answer = await self._client.list_multipart_uploads(
                    Bucket=self._bucket, Prefix=f"{self._prefix}{below}", **after
                )
            for found in answer.get("Uploads", ()):
                if found["UploadId"] in keep or found["Initiated"] >= before:
                    continue
                with _errors(Right.WRITE):
                    await self._client.abort_multipart_upload(
                        Bucket=self._bucket,
                        Key=found["Key"],
                        UploadId=found["UploadId"],
                    )
                count += 1
            if not answer.get("IsTruncated"):
                return count
            after = {
                "KeyMarker": answer["NextKeyMarker"],
                "UploadIdMarker": answer["NextUploadIdMarker"],
            }

    def _named(self, name: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": f"{self._prefix}{name}"}


async def _piece(content: Content, offset: int, size_bytes: int) -> _Piece:
    # Who is cancelled closes the file that the thread reads.
    return await join_thread(run_in_thread(_Piece.of, content, offset, size_bytes))


async def _pieces(body: Any, size_bytes: int) -> AsyncIterator[bytes]:
    left = size_bytes
    while left:
        with _errors(Right.READ):
            piece = await body.read(min(_READ_BYTES, left))
        if not piece:
            raise UnreachableError("target_unreachable", reason="IncompleteBody")
        left -= len(piece)
        yield piece


def _etag(answer: Mapping[str, Any]) -> str:
    return str(answer.get("ETag", "")).strip('"').lower()


async def _is_piece(part: Mapping[str, Any], piece: _Piece) -> bool:
    """Return whether a part that the store has is certainly a piece."""
    if part.get("Size") != len(piece.content):
        return False
    if checksum := part.get("ChecksumSHA256"):
        return bool(checksum == piece.sha256)
    return _etag(part) == (await piece.md5()).hex()


def _code(err: BaseException | None) -> str:
    """Return the code of a store's answer, "" of all else."""
    answer = getattr(err, "response", None)
    error = answer.get("Error", {}) if isinstance(answer, dict) else {}
    return str(error.get("Code", ""))


@contextlib.contextmanager
def _errors(right: Right) -> Iterator[None]:
    """Raise what the store or the way to it says as an error of ours."""
    try:
        yield
    except ClipError, asyncio.CancelledError:
        raise
    except Exception as err:
        raise _error(err, right) from err


def _error(err: Exception, right: Right) -> ClipError:
    code = _code(err)
    if not code:
        if type(err).__name__ == "ParamValidationError":
            return NoStoreError("target_no_store")
        if type(err).__name__ == "ResponseParserError":
            return BadAnswerError("target_failed", reason=type(err).__name__)
        # The texts of these have addresses, and some that are signed.
        return UnreachableError("target_unreachable", reason=type(err).__name__)
    if code in _SIGN_IN or code == "401":
        return SignInError("target_sign_in")
    if code in _CLOCK:
        return CloudError("target_clock")
    if code in _NO_STORE or code in _NOT_THERE:
        return NoStoreError("target_no_store")
    if code in _NO_RIGHT:
        return MissingRightError("target_no_right", right=right)
    if code in _FULL:
        return FullError("target_full")
    if code in _DAMAGED:
        return DamagedCopyError("copy_damaged")
    return BadAnswerError("target_failed", reason=code[:60])


def _make_client(
    settings: S3Settings, ssl_context: ssl.SSLContext | None, limit: Bandwidth
) -> Any:
    """Make a client in a thread: its service's model and authorities are read from files."""
    # Only here are they needed, and Home Assistant brings them only where they are.
    from aiobotocore.config import AioConfig  # noqa: PLC0415
    from aiobotocore.httpsession import AIOHTTPSession  # noqa: PLC0415
    from aiobotocore.session import AioSession  # noqa: PLC0415
    import aiohttp  # noqa: PLC0415

    context = ssl_context or ssl.create_default_context()

    class Session(AIOHTTPSession):  # type: ignore[misc]
        """Connections with authorities that are loaded already, and a limited rate."""

        def _create_connector(self, proxy_url: str | None) -> aiohttp.TCPConnector:
            return aiohttp.TCPConnector(limit=self._max_pool_connections, ssl=context)

        async def send(self, request: Any) -> Any:
            body = request.body
            if isinstance(body, BytesIO):
                # Its length is in the headers.
                request.body = Body(body.getvalue(), limit)
            elif isinstance(body, bytes) and body:
                request.body = Body(body, limit)
            try:
                return await super().send(request)
            finally:
                request.body = body

    async def make() -> Any:
        return await (
            AioSession()
            .create_client(
                "s3",
                region_name=settings.region or "us-east-1",
                endpoint_url=settings.endpoint_url or None,
                aws_access_key_id=settings.access_key_id,
                aws_secret_access_key=settings.secret_access_key,
                config=AioConfig(
                    connect_timeout=_CONNECT_S,
                    read_timeout=_ANSWER_S,
                    # Who asks knows when to ask again.
                    retries={"total_max_attempts": 1},
                    http_session_cls=Session,
                    ignore_configured_endpoint_urls=True,
                    # A checksum is in the headers, which are signed.
                    request_checksum_calculation="when_required",
                    response_checksum_validation="when_required",
                    s3={
                        "payload_signing_enabled": False,
                        "addressing_style": "path" if settings.endpoint_url else "auto",
                    },
                ),
            )
            .__aenter__()
        )

    # Nothing in it is bound to this loop: connections are made later, where it is used.
    return asyncio.run(make())
