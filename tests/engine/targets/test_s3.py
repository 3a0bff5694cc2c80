"""A bucket, against two servers that others wrote: what goes in comes out, or is told."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
import hashlib
import os
from pathlib import Path
import sys

import pytest

from custom_components.clip_download.engine.errors import (
    BadAnswerError,
    ClipError,
    CloudError,
    RefusedError,
    SignInError,
    UnreachableError,
)
from custom_components.clip_download.engine.targets import s3
from custom_components.clip_download.engine.targets.base import (
    PART_BYTES,
    BytesContent,
    Content,
    DamagedCopyError,
    FileContent,
    FullError,
    LockedError,
    MissingRightError,
    NoStoreError,
    SourceChangedError,
)
from custom_components.clip_download.engine.targets.limits import Bandwidth
from custom_components.clip_download.engine.targets.s3 import S3Target
from tests.stores import (
    Fault,
    Proxy,
    fetched,
    make_bucket,
    moto,
    names,
    on,
    own_prefix,
    s3_target,
    s3rver,
    settings,
)

LARGE = 2 * PART_BYTES + 100_000


@pytest.fixture(scope="module", params=["moto", "s3rver"])
def store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Run a store."""
    if request.param == "moto":
        with moto() as url:
            yield url
    else:
        with s3rver(tmp_path_factory.mktemp("s3rver")) as url:
            yield url


@pytest.fixture
async def target(
    proxy: Proxy, request: pytest.FixtureRequest
) -> AsyncIterator[S3Target]:
    """Open a bucket that is empty below its prefix."""
    async with s3_target(proxy.url, prefix=own_prefix()) as target:
        if request.node.callspec.params["store"] == "moto":
            await make_bucket(target)
        proxy.seen.clear()
        yield target


async def test_small(target: S3Target) -> None:
    """An object is there under its name with its tag, until it is deleted."""
    content = BytesContent(b"a clip" * 100)
    name = "one/Front door/2026-11-22/ünï & +plus_1.mp4"
    assert await target.head(name) is None
    await target.put(name, content)
    await target.put("two/other.mp4", BytesContent(b""))
    found = await target.head(name)
    assert found is not None
    assert (found.size_bytes, found.tag) == (600, content.tag)
    assert await fetched(target, name) == b"a clip" * 100
    assert await fetched(target, name, 2, 3) == b"cli"
    assert await fetched(target, "two/other.mp4") == b""
    assert await names(target) == [name, "two/other.mp4"]
    assert await names(target, "one/") == [name]
    for _ in range(2):
        await target.delete(name)
    assert await target.head(name) is None
    with pytest.raises(NoStoreError):
        await fetched(target, name)


@pytest.mark.parametrize("store", ["moto"], indirect=True)
async def test_more_than_a_page(
    target: S3Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All objects are listed, however many; s3rver cannot turn pages on today's Node."""
    monkeypatch.setattr(s3, "PAGE", 3)
    for number in range(10):
        await target.put(f"{number}", BytesContent(b"x"))
    assert len(await names(target)) == 10


@pytest.fixture
def large(tmp_path: Path) -> Iterator[Content]:
    """Return a file that goes in parts."""
    path = tmp_path / "large.mp4"
    path.write_bytes(os.urandom(LARGE))
    with path.open("rb", buffering=0) as file:
        yield FileContent(file, LARGE, hashlib.sha256(path.read_bytes()).hexdigest())


async def test_large(target: S3Target, proxy: Proxy, large: Content) -> None:
    """What is large goes in parts, and comes back whole."""
    ids: list[str] = []

    async def keep(upload_id: str) -> None:
        assert not proxy.sent("PUT")
        ids.append(upload_id)

    await target.put("large", large, keep_upload_id=keep)
    assert len(ids) == 1
    assert len(proxy.sent("PUT", "partNumber")) == 3
    assert await fetched(target, "large") == large.read_at(0, LARGE)
    found = await target.head("large")
    assert found is not None
    assert (found.size_bytes, found.tag) == (LARGE, large.tag)


async def test_large_goes_on(
    target: S3Target, proxy: Proxy, large: Content, request: pytest.FixtureRequest
) -> None:
    """An upload that broke off goes on: the parts that are there are not sent again."""
    ids: list[str] = []

    async def keep(upload_id: str) -> None:
        ids.append(upload_id)

    proxy.always = on("PUT", Fault(breaks_after=2**20), "partNumber=2")
    with pytest.raises(UnreachableError):
        await target.put("large", large, keep_upload_id=keep)
    proxy.always = None
    await target.put("large", large, upload_id=ids[0], keep_upload_id=keep)
    if len(ids) == 1:
        assert len(proxy.sent("PUT", "partNumber=1&")) == 1
    else:
        # s3rver does not tell the parts that it has.
        assert "moto" not in request.node.name
    assert await fetched(target, "large") == large.read_at(0, LARGE)


async def test_answer_lost(target: S3Target, proxy: Proxy, large: Content) -> None:
    """An upload whose end was not heard of is there once, and not sent again."""
    proxy.faults.append(on("POST", Fault(breaks_after=0, late=True), "uploadId"))
    await target.put("large", large)
    assert await fetched(target, "large") == large.read_at(0, LARGE)
    # One that is known no more begins anew.
    await target.put("again", large, upload_id="no-such-upload")
    assert await fetched(target, "again") == large.read_at(0, LARGE)


async def test_changed_at_home(target: S3Target, tmp_path: Path) -> None:
    """No object is made of a file that is not what is recorded of it."""
    for size_bytes in (1000, LARGE):
        path = tmp_path / "changed.mp4"
        path.write_bytes(os.urandom(size_bytes))
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        with path.open("r+b", buffering=0) as file:
            changed = FileContent(file, size_bytes, sha256)
            file.seek(size_bytes // 2)
            file.write(b"changed")
            with pytest.raises(SourceChangedError):
                await target.put("changed", changed)
            file.truncate(size_bytes - 1)
            with pytest.raises(SourceChangedError):
                await target.put("changed", FileContent(file, size_bytes, sha256))
    assert await names(target) == []


@pytest.mark.parametrize("store", ["moto"], indirect=True)
async def test_left_over_parts(target: S3Target, proxy: Proxy, large: Content) -> None:
    """Parts of uploads that nobody goes on with are dropped, others are kept."""
    proxy.always = on("PUT", Fault(breaks_after=0), "partNumber=2")
    for number in range(3):
        with pytest.raises(UnreachableError):
            await target.put(f"large{number}", large)
    ids: list[str] = []

    async def keep(upload_id: str) -> None:
        ids.append(upload_id)

    with pytest.raises(UnreachableError):
        await target.put("large", large, keep_upload_id=keep)
    proxy.always = None
    now = datetime.now(UTC)
    # moto says of all that they were begun in 2010.
    assert await target.abort_uploads("", now + timedelta(hours=1), ids) == 3
    await target.put("large", large, upload_id=ids[0])
    assert len(proxy.sent("PUT", "/large.*partNumber=1&")) == 4


FAULTS: list[tuple[Fault, type[ClipError], str]] = [
    (Fault(status=500, code="InternalError"), BadAnswerError, "target_failed"),
    (Fault(status=503, code="SlowDown"), BadAnswerError, "target_failed"),
    (Fault(status=403, code="AccessDenied"), MissingRightError, "target_no_right"),
    (Fault(status=403, code="InvalidAccessKeyId"), SignInError, "target_sign_in"),
    (Fault(status=403, code="SignatureDoesNotMatch"), SignInError, "target_sign_in"),
    (Fault(status=400, code="ExpiredToken"), SignInError, "target_sign_in"),
    (Fault(status=403, code="RequestTimeTooSkewed"), CloudError, "target_clock"),
    (Fault(status=404, code="NoSuchBucket"), NoStoreError, "target_no_store"),
    (Fault(status=403, code="QuotaExceeded"), FullError, "target_full"),
    (Fault(status=507, code="InsufficientStorage"), FullError, "target_full"),
    (Fault(status=400, code="BadDigest"), DamagedCopyError, "copy_damaged"),
    (Fault(breaks_after=1000), UnreachableError, "target_unreachable"),
    (Fault(late=True, breaks_after=0), UnreachableError, "target_unreachable"),
]


@pytest.mark.parametrize(("fault", "kind", "key"), FAULTS)
async def test_faults(
    target: S3Target, proxy: Proxy, fault: Fault, kind: type[ClipError], key: str
) -> None:
    """Each fault is told by what is to be done about it, and the next try is good."""
    content = BytesContent(os.urandom(200_000))
    proxy.always = on("PUT", fault)
    with pytest.raises(kind) as told:
        await target.put("one", content)
    proxy.always = None
    assert told.value.key == key
    assert "S3RVER" not in str(told.value)
    assert type(told.value) is kind
    await target.put("one", content)
    assert await fetched(target, "one") == content.read_at(0, 200_000)


@pytest.mark.parametrize(
    ("fault", "kind", "key"), [one for one in FAULTS if one[0].status in (400, 403)]
)
async def test_faults_without_body(
    target: S3Target, proxy: Proxy, fault: Fault, kind: type[ClipError], key: str
) -> None:
    """An answer to HEAD has no body; what it does not say is found out."""
    await target.put("one", BytesContent(b"a clip"))
    proxy.always = lambda request: fault
    with pytest.raises(kind) as told:
        await target.head("one")
    assert (type(told.value), told.value.key) == (kind, key)
    proxy.always = on("HEAD", fault)
    with pytest.raises(ClipError):
        await target.head("one")
    proxy.always = None
    assert await target.head("one")


async def test_wrong_answers(target: S3Target, proxy: Proxy) -> None:
    """A store that says that it holds something else is not believed."""
    content = BytesContent(b"a clip")
    await target.put("one", content)
    headers = (
        ("ETag", '"0123456789abcdef0123456789abcdef"'),
        (
            "x-amz-checksum-sha256",
            "AAAA",
        ),
    )
    proxy.faults.append(on("PUT", Fault(headers=headers)))
    with pytest.raises(DamagedCopyError):
        await target.put("one", content)
    # Where it is no checksum of another content.
    proxy.faults.append(on("PUT", Fault(headers=(("ETag", '"not-one"'),))))
    await target.put("one", content)


async def test_breaks_off(target: S3Target, proxy: Proxy) -> None:
    """An object of which not all comes is not taken for whole."""
    await target.put("one", BytesContent(b"x" * 1000))
    proxy.always = on("GET", Fault(breaks_after=0))
    with pytest.raises(UnreachableError):
        await fetched(target, "one")


async def test_access(target: S3Target, proxy: Proxy) -> None:
    """A sign-in is tried with one object, of which nothing is left."""
    await target.try_access()
    assert await names(target) == []
    denied = Fault(status=403, code="AccessDenied")
    for method, pattern, right in (
        ("PUT", "", "write"),
        ("GET", "list-type", "list"),
        ("GET", "probe", "read"),
        ("DELETE", "", "delete"),
    ):
        proxy.faults.append(on(method, denied, pattern))
        with pytest.raises(MissingRightError) as told:
            await target.try_access()
        assert told.value.placeholders == {"right": right}
    async with s3_target(proxy.url, bucket="no-such-bucket") as other:
        with pytest.raises(NoStoreError):
            await other.try_access()
    async with s3_target(proxy.url, bucket="No Bucket!") as other:
        with pytest.raises(NoStoreError):
            await other.try_access()
    async with s3_target("http://127.0.0.1:9") as other:
        with pytest.raises(UnreachableError) as gone:
            await other.try_access()
    assert gone.value.placeholders == {"reason": "EndpointConnectionError"}
    with pytest.raises(NoStoreError):
        await S3Target.open(settings("not an address"))


async def test_old_store(proxy: Proxy, target: S3Target) -> None:
    """A store that knows no SHA-256 compares MD5, whether it says so or ignores it."""
    refused = Fault(status=501, code="NotImplemented")
    proxy.faults.append(on("PUT", refused))
    content = BytesContent(b"a clip")
    await target.put("one", content)
    assert not target._knows_sha256
    await target.put("two", content)
    assert await fetched(target, "two") == b"a clip"
    other = (("ETag", '"0123456789abcdef0123456789abcdef"'),)
    proxy.faults.append(on("PUT", Fault(headers=other)))
    with pytest.raises(DamagedCopyError):
        await target.put("two", content)


async def test_large_at_old_store(
    target: S3Target, proxy: Proxy, large: Content
) -> None:
    """A large object goes to such a store, too; what fails at its end is told."""
    proxy.faults.append(on("POST", Fault(status=501, code="NotImplemented"), "uploads"))
    await target.put("large", large)
    assert not target._knows_sha256
    assert await fetched(target, "large") == large.read_at(0, LARGE)
    for pattern in ("uploads", "uploadId"):
        proxy.always = on("POST", Fault(status=400, code="Wrong"), pattern)
        with pytest.raises(BadAnswerError):
            await target.put("other", large)
    proxy.always = on("DELETE", Fault(status=400, code="Wrong"))
    with pytest.raises(BadAnswerError):
        await target.delete("large")
    proxy.always = None
    assert await names(target) == ["large"]


async def test_no_package(
    target: S3Target, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its package there is an error that names it."""
    monkeypatch.setitem(sys.modules, "aiobotocore.session", None)
    with pytest.raises(RefusedError, match="target_needs_package"):
        await S3Target.open(settings(proxy.url))


@pytest.mark.parametrize("store", ["moto"], indirect=True)
async def test_slow(
    proxy: Proxy, target: S3Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that does not answer is given up, and tried again."""
    monkeypatch.setattr(s3, "_ANSWER_S", 1)
    content = BytesContent(b"a clip")
    async with s3_target(proxy.url, prefix=target._prefix) as slow:
        proxy.always = on("PUT", Fault(wait_s=60))
        with pytest.raises(UnreachableError) as told:
            await slow.put("one", content)
        assert told.value.placeholders == {"reason": "ReadTimeoutError"}
        proxy.always = None
    await target.put("one", content)


@pytest.mark.parametrize("store", ["moto"], indirect=True)
async def test_versions_and_locks(proxy: Proxy, target: S3Target) -> None:
    """All versions are deleted; what is locked stays, and is told."""
    async with s3_target(proxy.url, bucket="locked") as locked:
        await make_bucket(locked, ObjectLockEnabledForBucket=True)
        for number in range(3):
            await locked.put("one", BytesContent(str(number).encode()))
        await locked.delete("one")
        client = locked._client
        left = await client.list_object_versions(Bucket="locked")
        assert not left.get("Versions")
        await client.put_object_lock_configuration(
            Bucket="locked",
            ObjectLockConfiguration={
                "ObjectLockEnabled": "Enabled",
                "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 5}},
            },
        )
        await locked.try_access()
        await locked.put("two", BytesContent(b"x"))
        with pytest.raises(LockedError):
            await locked.delete("two")
        assert await fetched(locked, "two") == b"x"


async def test_bandwidth(proxy: Proxy, target: S3Target) -> None:
    """No more is sent in a second than is allowed."""
    limit = Bandwidth(400_000)
    async with s3_target(proxy.url, limit=limit, prefix=target._prefix) as slow:
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        await slow.put("slow", BytesContent(b"x" * 600_000))
        assert loop.time() - began_s > 1.2
        limit.bytes_per_s = None
        began_s = loop.time()
        await slow.put("fast", BytesContent(b"x" * 600_000))
