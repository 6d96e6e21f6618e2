"""What holds for all tests."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import settings

# A machine may be slow, and a failure should come back when it is looked for.
settings.register_profile("workernb", deadline=None, derandomize=True)
settings.load_profile("workernb")


@pytest.fixture(autouse=True)
def _asyncio_run_closes_its_loop() -> Iterator[None]:
    """Give asyncio its own `run` back: nest_asyncio2's never closes the loop that it makes."""
    own = asyncio.run
    yield
    asyncio.run = own
