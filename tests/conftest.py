"""Settings and fixtures of all tests."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Iterator

import pytest
from hypothesis import settings

# No test uses the network, nor does a kernel that a test starts.
os.environ["WORKERNB_OUTBOUND"] = "off"

# A shell that begins a job in the background may have it ignore interrupts, and its children too.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# No deadline, since a machine may be slow; derandomized, so that a failure can be reproduced.
settings.register_profile("workernb", deadline=None, derandomize=True)
settings.load_profile("workernb")


def pytest_collection_finish() -> None:
    """Let the garbage collector leave alone what there is before the first test.

    It is charged to whatever Worker it falls into, and looks at all that pytest keeps. Not from
    Python 3.14 on, where less refers to an object in a way that the collector can tell of.
    """
    if sys.version_info < (3, 14):
        gc.collect()
        gc.freeze()


@pytest.fixture
def javascript() -> None:
    """Skip a test of JavaScript Workers on a Python that their engine has no wheel for."""
    pytest.importorskip("quickjs", reason="quickjs-bindings has no wheel for this Python")


@pytest.fixture(autouse=True)
def _asyncio_run_closes_its_loop() -> Iterator[None]:
    """Restore asyncio's own `run`: that of nest_asyncio2 never closes the loop that it makes."""
    own = asyncio.run
    yield
    asyncio.run = own
