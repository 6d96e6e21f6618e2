"""The runtime of the tests of exporters."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import workernb


@pytest.fixture
def runtime() -> Iterator[workernb.Runtime]:
    runtime = workernb.Runtime()
    yield runtime
    runtime.close()
