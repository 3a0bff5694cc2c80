"""Copies that are encrypted before they leave, in the format of age (age-encryption.org).

Anybody with the key and the tool `age` can decrypt what is at a target: it needs nothing
of ours. Only the primitives of `cryptography` are used, which every Home Assistant has.
"""

from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
import hashlib
import hmac
import secrets
from typing import override

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import (
    X25519PrivateKey,
    X25519PublicKey,
)
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ..aio import run_in_thread
from ..errors import RefusedError
from ..targets.base import Content

SUFFIX = ".age"
_VERSION = b"age-encryption.org/v1"
_CHUNK_BYTES = 2**16
_TAG_BYTES = 16
_NONCE_BYTES = 16
_MOST_HEADER_BYTES = 2**14
# The header with one key, its line ends among it.
_HEADER_BYTES = len(_VERSION) + 1 + 10 + 43 + 1 + 43 + 1 + 4 + 43 + 1
_IDENTITY = "age-secret-key-"
_RECIPIENT = "age"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


class UndecryptableError(RefusedError):
    """What was fetched was not encrypted with this key, or was changed since."""


def new_identity() -> str:
    """Return a new key, as the tool `age` writes it."""
    return _bech32(_IDENTITY, secrets.token_bytes(32)).upper()


class Crypt:
    """A key, and what is encrypted with it."""

    def __init__(self, identity: str) -> None:
        """Take a key. Raises ValueError if it is none."""
        secret = _of_bech32(_IDENTITY, identity.strip().lower())
        self._key = X25519PrivateKey.from_private_bytes(secret)
        self._public = self._key.public_key().public_bytes_raw()
        self._names_key = _derived(secret, b"", b"clip_download names")

    @property
    def recipient(self) -> str:
        """The public half of the key: with it one can encrypt, and no more."""
        return _bech32(_RECIPIENT, self._public)

    def hidden(self, text: str) -> str:
        """Return what stands for a name or a hash: the same for the same, and no more."""
        return hmac.new(self._names_key, text.encode(), hashlib.sha256).hexdigest()

    def encrypted(self, content: Content) -> Content:
        """Return a content that is encrypted as it is read."""
        return _Encrypted(content, self._public, self.hidden(content.tag))

    async def decrypted(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Yield what was encrypted. Raises UndecryptableError."""
        buffer = bytearray()
        header_ends = -1
        async for piece in pieces:
            buffer += piece
            if (header_ends := _header_end(buffer)) >= 0:
                break
            if len(buffer) > _MOST_HEADER_BYTES:
                break
        if header_ends < 0:
            raise UndecryptableError("copy_key")
        file_key = self._file_key(bytes(buffer[:header_ends]))
        del buffer[:header_ends]
        key: ChaCha20Poly1305 | None = None
        number = 0
        async for piece in _then_more(pieces):
            buffer += piece
            if key is None and len(buffer) >= _NONCE_BYTES:
                nonce = bytes(buffer[:_NONCE_BYTES])
                del buffer[:_NONCE_BYTES]
                key = ChaCha20Poly1305(_derived(file_key, nonce, b"payload"))
            size_bytes = _CHUNK_BYTES + _TAG_BYTES
            # The last chunk is told apart: that it is the last is part of it.
            while key and len(buffer) > size_bytes:
                chunk = bytes(buffer[:size_bytes])
                del buffer[:size_bytes]
                yield await run_in_thread(_opened, key, number, chunk, is_last=False)
                number += 1
        if key is None:
            raise UndecryptableError("copy_key")
        yield _opened(key, number, bytes(buffer), is_last=True)

    def _file_key(self, header: bytes) -> bytes:
        """Return the key of a file, from its header. Raises UndecryptableError."""
        lines = header.split(b"\n")
        for number, line in enumerate(lines):
            match line.split(b" "):
                case [b"->", b"X25519", share]:
                    try:
                        file_key = self._unwrapped(share, lines[number + 1])
                    except InvalidTag, ValueError, IndexError:
                        continue
                    text, _, mac = header.rstrip(b"\n").rpartition(b" ")
                    expected = _mac(file_key, text)
                    if hmac.compare_digest(_b64(expected), mac):
                        return file_key
        raise UndecryptableError("copy_key")

    def _unwrapped(self, share: bytes, body: bytes) -> bytes:
        ephemeral = _of_b64(share)
        shared = self._key.exchange(X25519PublicKey.from_public_bytes(ephemeral))
        return ChaCha20Poly1305(_wrap_key(shared, ephemeral, self._public)).decrypt(
            bytes(12), _of_b64(body), None
        )


def encrypted_bytes(size_bytes: int) -> int:
    """Return how large a content of a size is when it is encrypted."""
    return _HEADER_BYTES + _NONCE_BYTES + size_bytes + _chunks(size_bytes) * _TAG_BYTES


class _Encrypted(Content):
    """A content, encrypted for a public key; each reading of a piece gives the same."""

    def __init__(self, content: Content, public: bytes, tag: str) -> None:
        self._content = content
        file_key, nonce = secrets.token_bytes(16), secrets.token_bytes(_NONCE_BYTES)
        self._head = _header(file_key, public) + nonce
        self._key = ChaCha20Poly1305(_derived(file_key, nonce, b"payload"))
        self._chunks = _chunks(content.size_bytes)
        self.size_bytes = encrypted_bytes(content.size_bytes)
        self.tag = tag

    @override
    def read_at(self, offset: int, size_bytes: int) -> bytes:
        end = min(offset + size_bytes, self.size_bytes)
        result = bytearray(self._head[offset:end])
        first_bytes = len(self._head)
        at = max(offset - first_bytes, 0)
        number, skipped = divmod(at, _CHUNK_BYTES + _TAG_BYTES)
        while len(result) < end - offset:
            result += self._chunk(number)[skipped:]
            number, skipped = number + 1, 0
        return bytes(result[: end - offset])

    def _chunk(self, number: int) -> bytes:
        at = number * _CHUNK_BYTES
        wanted = min(_CHUNK_BYTES, self._content.size_bytes - at)
        content = self._content.read_at(at, wanted)
        # Of a file that became shorter; `check` finds out.
        content = content.ljust(wanted, b"\0")
        nonce = _chunk_nonce(number, is_last=number == self._chunks - 1)
        return self._key.encrypt(nonce, content, None)

    @override
    def check(self) -> None:
        self._content.check()


def _chunks(size_bytes: int) -> int:
    # An empty content has one, too.
    return max(1, -(-size_bytes // _CHUNK_BYTES))


async def _then_more(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield nothing, so that what is in hand is looked at, and then the rest."""
    yield b""
    async for piece in pieces:
        yield piece


def _header_end(buffer: bytearray) -> int:
    """Return where a header ends, -1 if that is not known yet."""
    if not _VERSION.startswith(bytes(buffer[: len(_VERSION)])):
        raise UndecryptableError("copy_key")
    begin = buffer.find(b"\n--- ")
    end = buffer.find(b"\n", begin + 1) if begin >= 0 else -1
    return end + 1 if end >= 0 else -1


def _opened(
    key: ChaCha20Poly1305, number: int, chunk: bytes, *, is_last: bool
) -> bytes:
    try:
        return key.decrypt(_chunk_nonce(number, is_last=is_last), chunk, None)
    except InvalidTag as err:
        raise UndecryptableError("copy_key") from err


def _chunk_nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(11) + bytes([is_last])


def _header(file_key: bytes, public: bytes) -> bytes:
    ephemeral = X25519PrivateKey.generate()
    share = ephemeral.public_key().public_bytes_raw()
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(public))
    body = ChaCha20Poly1305(_wrap_key(shared, share, public)).encrypt(
        bytes(12), file_key, None
    )
    text = b"\n".join([_VERSION, b"-> X25519 " + _b64(share), _b64(body), b"---"])
    return text + b" " + _b64(_mac(file_key, text)) + b"\n"


def _mac(file_key: bytes, text: bytes) -> bytes:
    return hmac.digest(_derived(file_key, b"", b"header"), text, "sha256")


def _wrap_key(shared: bytes, share: bytes, public: bytes) -> bytes:
    return _derived(shared, share + public, _VERSION + b"/X25519")


def _derived(secret: bytes, salt: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=info).derive(secret)


def _b64(value: bytes) -> bytes:
    return b64encode(value).rstrip(b"=")


def _of_b64(value: bytes) -> bytes:
    return b64decode(value + b"=" * (-len(value) % 4), validate=True)


def _polymod(values: list[int]) -> int:
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, number in enumerate(
            (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
        ):
            check ^= number if top >> bit & 1 else 0
    return check


def _spread(prefix: str) -> list[int]:
    return [ord(one) >> 5 for one in prefix] + [0] + [ord(one) & 31 for one in prefix]


def _bech32(prefix: str, content: bytes) -> str:
    """Return bytes as Bech32 (BIP 173) writes them."""
    number, bits = int.from_bytes(content), len(content) * 8
    padding = -bits % 5
    number <<= padding
    values = [number >> at & 31 for at in range(bits + padding - 5, -1, -5)]
    check = _polymod(_spread(prefix) + values + [0] * 6) ^ 1
    values += [check >> at & 31 for at in range(25, -1, -5)]
    return f"{prefix}1{''.join(_BECH32[value] for value in values)}"


def _of_bech32(prefix: str, text: str) -> bytes:
    """Return the 32 bytes of a text in Bech32. Raises ValueError."""
    if not text.startswith(f"{prefix}1"):
        raise ValueError("another kind of key")
    values = [_BECH32.index(one) for one in text[len(prefix) + 1 :]]
    if len(values) != 58 or _polymod(_spread(prefix) + values) != 1:
        raise ValueError("a mistyped key")
    number = 0
    for value in values[:-6]:
        number = number << 5 | value
    return (number >> 4).to_bytes(32)
