"""The platform's texts, for errors that JavaScript makes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workernb.texts import PlatformText


def text(name: str, *fields: str) -> str:
    """Return a text of `PlatformText`; fields: the names and values that it is formatted with."""
    return str(getattr(PlatformText, name)).format(**dict(zip(fields[::2], fields[1::2], strict=True)))


FUNCTIONS: dict[str, Callable[..., Any]] = {"text": text}
