"""Fixtures of the tests of JavaScript's web APIs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engines.javascript.bare import Bare


@pytest.fixture
def bare() -> Iterator[Bare]:
    bare = Bare()
    yield bare
    assert bare.reported == []
