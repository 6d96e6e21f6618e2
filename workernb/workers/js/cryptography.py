"""JavaScript's `crypto`: random values, digests and HMAC (https://w3c.github.io/webcrypto/)."""

from __future__ import annotations

import hashlib
import hmac
import os
import uuid
from typing import Any

from workernb.errors import GlobalScopeError, did_you_mean, with_notes
from workernb.texts import PlatformText
from workernb.workers.buffers import JsBuffer
from workernb.workers.current import current

from .objects import JSON, as_object

_HASHES = {
    "SHA-1": "sha1",
    "SHA-256": "sha256",
    "SHA-384": "sha384",
    "SHA-512": "sha512",
    "MD5": "md5",
}
_MAX_RANDOM = 65536


class CryptoKey:
    """A key of HMAC. type, extractable, algorithm, usages: as in the standard."""

    type = "secret"

    def __init__(self, data: bytes, algorithm: str, extractable: bool, usages: list[str]) -> None:
        """Make a key. algorithm: the name of its hash."""
        self._data = data
        self._hash = algorithm
        self.extractable = extractable
        self.usages = usages

    @property
    def algorithm(self) -> Any:
        """The algorithm, its hash and its length in bits."""
        text = {"name": "HMAC", "hash": {"name": self._hash}, "length": 8 * len(self._data)}
        return JSON.parse(JSON.stringify(text))

    def __repr__(self) -> str:
        return f"<CryptoKey HMAC {self._hash}>"  # Not its data.


class SubtleCrypto:
    """`crypto.subtle`: digest, and HMAC's keys and signatures."""

    async def digest(self, algorithm: Any, data: Any) -> JsBuffer:
        """Return the hash of a buffer; ValueError for an unknown algorithm."""
        return JsBuffer(hashlib.new(_HASHES[_hash_name(algorithm)], data).digest())

    async def importKey(
        self, format: str, data: Any, algorithm: Any, extractable: bool, usages: Any
    ) -> CryptoKey:
        """Return a key of HMAC, from its bytes; ValueError for another format or algorithm."""
        if format != "raw":
            raise _unsupported(f"A key's format {format!r}", "raw")
        return CryptoKey(bytes(data), _hmac_hash(algorithm), bool(extractable), list(usages))

    async def generateKey(self, algorithm: Any, extractable: bool, usages: Any) -> CryptoKey:
        """Return a new key of HMAC, as long as its hash's blocks."""
        _check_scope()
        name = _hmac_hash(algorithm)
        size = hashlib.new(_HASHES[name]).block_size
        return CryptoKey(os.urandom(size), name, bool(extractable), list(usages))

    async def exportKey(self, format: str, key: CryptoKey) -> JsBuffer:
        """Return a key's bytes; PermissionError when it is not extractable."""
        if format != "raw":
            raise _unsupported(f"A key's format {format!r}", "raw")
        if not key.extractable:
            raise PermissionError("Attempt to export non-extractable HMAC key.")
        return JsBuffer(key._data)

    async def sign(self, algorithm: Any, key: CryptoKey, data: Any) -> JsBuffer:
        """Return the signature of a buffer; PermissionError when the key is not for that."""
        _check_use(algorithm, key, "sign")
        return JsBuffer(_signature(key, data))

    async def verify(self, algorithm: Any, key: CryptoKey, signature: Any, data: Any) -> bool:
        """Return whether a signature is that of a buffer."""
        _check_use(algorithm, key, "verify")
        return hmac.compare_digest(_signature(key, data), bytes(signature))

    def timingSafeEqual(self, a: Any, b: Any) -> bool:
        """Return whether two buffers of one length are equal, in a time that does not tell."""
        if len(a) != len(b):
            raise TypeError("Input buffers must have the same byte length.")
        return hmac.compare_digest(bytes(a), bytes(b))

    def __getattr__(self, name: str) -> Any:
        text = (
            f"crypto.subtle has no {name} in workernb: it has digest, and sign and verify of HMAC"
        )
        raise AttributeError(text, name=name, obj=self)


class Crypto:
    """JavaScript's `crypto`."""

    subtle = SubtleCrypto()

    def getRandomValues(self, array: Any, /) -> Any:
        """Fill a buffer with random bytes, and return it; ValueError for more than 64 KiB.

        Raises GlobalScopeError while a module loads.
        """
        _check_scope()
        view = memoryview(array).cast("B")
        if view.nbytes > _MAX_RANDOM:
            raise ValueError(
                f"getRandomValues() only accepts buffers of size <= 64K but provided "
                f"{view.nbytes} bytes."
            )
        view[:] = os.urandom(view.nbytes)
        return array

    def randomUUID(self) -> str:
        """Return a random UUID; GlobalScopeError while a module loads."""
        _check_scope()
        return str(uuid.uuid4())


crypto = Crypto()


def _check_scope() -> None:
    invocation = current.get()
    if invocation is not None and invocation.exports is None:
        raise with_notes(
            GlobalScopeError(PlatformText.GLOBAL_SCOPE),
            "Random values were asked for while the module loads: do it in a handler.",
        )


def _name(algorithm: Any) -> str:
    return algorithm if isinstance(algorithm, str) else str(as_object(algorithm).get("name"))


def _hash_name(algorithm: Any) -> str:
    name = _name(algorithm).upper()
    if name not in _HASHES:
        raise with_notes(
            _unsupported(f"The algorithm {_name(algorithm)!r}", ", ".join(_HASHES)),
            did_you_mean(name, _HASHES),
        )
    return name


def _hmac_hash(algorithm: Any) -> str:
    if _name(algorithm).upper() != "HMAC":
        raise _unsupported(f"The algorithm {_name(algorithm)!r} of keys", "HMAC")
    return _hash_name(as_object(algorithm).get("hash"))


def _check_use(algorithm: Any, key: CryptoKey, use: str) -> None:
    if _name(algorithm).upper() != "HMAC":
        raise _unsupported(f"The algorithm {_name(algorithm)!r} of {use}", "HMAC")
    if use not in key.usages:
        raise PermissionError(
            f'Requested key usage "{use}" does not match any usage listed in the CryptoKey.'
        )


def _signature(key: CryptoKey, data: Any) -> bytes:
    return hmac.digest(key._data, bytes(data), _HASHES[key._hash])


def _unsupported(what: str, known: str) -> ValueError:
    return with_notes(
        ValueError(f"{what} is not supported."),
        f"workernb has {known}; the platform has more.",
    )
