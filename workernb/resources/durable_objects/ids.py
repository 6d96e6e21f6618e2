"""Ids of Durable Objects: made from a name or at random, and valid in one namespace only.

https://developers.cloudflare.com/durable-objects/api/id/. An id is a base of 16 bytes, and 16 bytes
that prove which namespace it is of, as in the platform's local runtime.
"""

from __future__ import annotations

import json
import os
import re
from typing import Any

from workernb.errors import with_notes
from workernb.texts import PlatformText

JURISDICTIONS = ("eu", "fedramp", "fedramp-high", "us")
"""Where the objects of a namespace can be kept to; here it makes other ids, and nothing else."""

MAX_NAME_BYTES = 1024
"""Up to this length an id keeps its name, as on the platform."""

MAX_KEPT = 20_000
"""How many names a namespace keeps the ids of, since making one takes 5 µs."""

_is_id = re.compile(r"[0-9a-fA-F]{64}").fullmatch


class DurableObjectId:
    """The id of a Durable Object. text: 64 hexadecimal digits. name: what it was made from."""

    __slots__ = ("jurisdiction", "name", "text")

    def __init__(self, text: str, name: str | None, jurisdiction: str | None) -> None:
        """Make an id. name: None for one made at random, or from text."""
        self.text = text
        self.name = name
        self.jurisdiction = jurisdiction

    def toString(self) -> str:
        """Return the id as 64 hexadecimal digits, for `idFromString`."""
        return self.text

    def equals(self, other: Any) -> bool:
        """Return whether this is the id of the same object."""
        return bool(self == other)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DurableObjectId) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        named = "" if self.name is None else f" {self.name!r}"
        return f"<DurableObjectId{named} {self.text}>"


class Ids:
    """Makes the ids of one namespace. key: the namespace's, `<service>-<Class>`."""

    def __init__(self, key: str, jurisdiction: str | None = None) -> None:
        """Make ids of the namespace with this key."""
        self.key = key
        self._jurisdiction = jurisdiction
        self._named: dict[str, DurableObjectId] = {}

    def named(self, name: str) -> DurableObjectId:
        """Return the id for a name; TypeError if it is no text."""
        found = self._named.get(name) if isinstance(name, str) else None
        if found is not None:
            return found
        if not isinstance(name, str):
            raise TypeError(f"An object's name is a text, not {type(name).__name__}.")
        kept = name if len(name.encode()) <= MAX_NAME_BYTES else None
        base = _hmac(_secret(self.key, self._jurisdiction), name.encode("utf-8", "replace"))
        made = self._made(base, kept)
        if len(self._named) >= MAX_KEPT:
            self._named.clear()
        self._named[name] = made
        return made

    def of_jurisdiction(self, name: str) -> Ids:
        """Return what makes the ids of a jurisdiction; TypeError for one that there is not."""
        return Ids(self.key, checked_jurisdiction(name))

    def unique(self, jurisdiction: str | None) -> DurableObjectId:
        """Return a new id, made at random."""
        ids = self if jurisdiction is None else self.of_jurisdiction(jurisdiction)
        return ids._made(os.urandom(16), None)

    def parsed(self, text: str) -> DurableObjectId:
        """Return the id that a text is; TypeError for a malformed one, or one of another class."""
        if not isinstance(text, str) or not _is_id(text):
            raise TypeError(PlatformText.OBJECT_ID_DIGITS)
        base = bytes.fromhex(text[:32])
        allowed = (self._jurisdiction,) if self._jurisdiction else (None, *JURISDICTIONS)
        for jurisdiction in allowed:
            made = Ids(self.key, jurisdiction)._made(base, None)
            if made.text == text.lower():
                return made
        raise with_notes(TypeError(PlatformText.OBJECT_ID_NAMESPACE), f"It is no id of {self.key}.")

    def _made(self, base: bytes, name: str | None) -> DurableObjectId:
        proof = _hmac(_secret(self.key, self._jurisdiction), base)
        return DurableObjectId((base + proof).hex(), name, self._jurisdiction)


def checked_jurisdiction(name: Any) -> str:
    """Return a jurisdiction; TypeError for one that there is not."""
    if name not in JURISDICTIONS:
        given, known = json.dumps(name, default=repr), ", ".join(JURISDICTIONS)
        raise TypeError(PlatformText.OBJECT_JURISDICTION.format(given=given, known=known))
    return str(name)


def _secret(key: str, jurisdiction: str | None) -> bytes:
    import hashlib  # Here, since most processes have no objects.

    text = key if jurisdiction is None else f"{key}\0{jurisdiction}"
    return hashlib.sha256(text.encode()).digest()


def _hmac(secret: bytes, data: bytes) -> bytes:
    import hmac

    return hmac.digest(secret, data, "sha256")[:16]
