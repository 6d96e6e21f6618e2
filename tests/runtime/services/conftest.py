"""Fixtures that the tests of services share."""

from __future__ import annotations

import pytest

import workernb

from ..conftest import Define, respond


@pytest.fixture
def auth(define: Define, runtime: workernb.Runtime) -> workernb.Handle:
    """Return an auth Worker with four versions, each of which responds with its number."""
    runtime.random.seed(5)
    for number in (1, 2, 3, 4):
        define("auth", respond(f"v{number}"))
    return runtime["auth"]
