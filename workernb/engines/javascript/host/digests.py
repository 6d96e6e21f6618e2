"""Digests and HMAC: hashlib and hmac, for `crypto.subtle`."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Any

_NAMES = {
    "MD5": "md5",
    "SHA-1": "sha1",
    "SHA-256": "sha256",
    "SHA-384": "sha384",
    "SHA-512": "sha512",
}


def digest(name: str, data: Any) -> bytes:
    """Return the digest of a buffer."""
    made: bytes = _new(name, data.to_bytes()).digest()
    return made


def hasher(name: str) -> Callable[..., bytes | None]:
    """Return a function that takes chunks, and without one returns their digest."""
    state = _new(name, b"")

    def update(chunk: Any = None) -> bytes | None:
        if chunk is None:
            made: bytes = state.digest()
            return made
        state.update(chunk.to_bytes())
        return None

    return update


def sign(name: str, key: Any, data: Any) -> bytes:
    """Return the HMAC of a buffer."""
    return hmac.digest(key.to_bytes(), data.to_bytes(), _NAMES[name])


def equal(left: Any, right: Any) -> bool:
    """Return whether two buffers are equal, in a time that does not depend on where they differ."""
    return hmac.compare_digest(left.to_bytes(), right.to_bytes())


def _new(name: str, data: bytes) -> Any:
    return hashlib.new(_NAMES[name], data, usedforsecurity=False)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "digest": digest,
    "hasher": hasher,
    "hmacSign": sign,
    "timingSafeEqual": equal,
}
