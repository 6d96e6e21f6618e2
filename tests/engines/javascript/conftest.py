"""Fixtures of the tests of JavaScript's web APIs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.engines.javascript.bare import Bare


@pytest.fixture
def bare() -> Iterator[Bare]:
    """A context with the web APIs. Imported here, so that tests are skipped without QuickJS."""
    from tests.engines.javascript.bare import Bare

    bare = Bare()
    yield bare
    assert bare.reported == []
