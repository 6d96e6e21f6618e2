"""Randomness: bytes for `crypto.getRandomValues`, UUIDs, and the seed of `Math.random`."""

from __future__ import annotations

import os
import random
import uuid
from collections.abc import Callable
from typing import Any

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "randomBytes": lambda size: os.urandom(int(size)),
    "randomUUID": lambda: str(uuid.uuid4()),
    "random": random.random,
}
