"""The two request headers that choose a version while a deployment has two.

They count where they are set: on the request itself, also over a binding, and are not passed on.
https://developers.cloudflare.com/workers/configuration/versions-and-deployments/gradual-deployments/
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workernb.runtime.tracing.invocations import Invocation

    from .service import Version

KEY = "cloudflare-workers-version-key"
OVERRIDES = "cloudflare-workers-version-overrides"
_SPELLED = "Cloudflare-Workers-Version-Overrides"

# A dictionary of strings (RFC 8941). Other values, and parameters, are not ours to read.
_member = re.compile(r'\s*(?P<name>[a-z*_0-9][a-z0-9_.*-]*)="(?P<text>(?:[^"\\]|\\["\\])*)"\s*')


def parse_overrides(text: str) -> dict[str, str] | None:
    """Return the versions that are asked for, by service; None when the header is malformed."""
    found: dict[str, str] = {}
    at = 0
    while True:
        member = _member.match(text, at)
        if member is None:
            return None
        found[member["name"]] = re.sub(r'\\(["\\])', r"\1", member["text"])
        at = member.end()
        if at == len(text):
            return found
        if text[at] != ",":
            return None
        at += 1


def wanted(service: str, text: str | None) -> str | None:
    """Return the version of a service that an overrides header asks for, or None."""
    return None if text is None else (parse_overrides(text) or {}).get(service)


def is_called(version: Version, name: str) -> bool:
    """Return whether a version is meant by its id, or by its number as `v3`."""
    return name in (version.id, f"v{version.number}")


def point_of(service: str, key: str) -> float:
    """Return where a key lies from 0 up to 100: always the same for one service."""
    digest = hashlib.sha256(f"{service}\0{key}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64 * 100


def why_ignored(call: Invocation) -> str | None:
    """Return why an override that was asked for did not choose this invocation's version.

    None when none was asked for, or when it is the version that answered.
    """
    text = call.overrides
    if text is not None and parse_overrides(text) is None:
        return f'{_SPELLED} is no list like auth="v3": it was ignored.'
    name = wanted(call.service, text)
    if name is not None:
        if call.version is None or is_called(call.version, name):
            return None
        serving = call.deployment or f"v{call.version.number} alone"
        return f"The override {call.service}={name!r} was ignored: {serving} is deployed."
    caller = call.caller
    while caller is not None:
        name = wanted(call.service, caller.overrides)
        if name is not None and call.version is not None and not is_called(call.version, name):
            return (
                f"The override {call.service}={name!r} was set on the request to "
                f"{caller.service}, and is not passed on: set the header in the call itself."
            )
        caller = caller.caller
    return None
