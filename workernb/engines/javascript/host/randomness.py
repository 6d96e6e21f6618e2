"""Randomness: bytes for `crypto.getRandomValues`, UUIDs, and the seed of `Math.random`."""

from __future__ import annotations

import os
import random
import uuid
from collections.abc import Callable
from typing import Any

_generator = random.Random()
"""Of its own, so that Workers do not change what a notebook gets that has seeded `random`."""

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "randomBytes": lambda size: os.urandom(int(size)),
    "randomUUID": lambda: str(uuid.uuid4()),
    "random": _generator.random,
}
