"""The test event: a Worker tests itself. Nothing goes in, nothing comes out.

The platform has it in workerd alone, `workerd test`.
"""

from __future__ import annotations

from typing import Any

from workernb.runtime.services.engine import Entrypoint
from workernb.runtime.tracing.invocations import Invocation

from .event import Event

NAME = "test"


def _result(returned: Any, argument: None, invocation: Invocation) -> None:
    """Return None: a test fails by an exception."""


def _begin(trace: Any, entrypoint: Entrypoint, argument: None) -> Invocation:
    return Invocation(trace, None, None, entrypoint, NAME, NAME, 1)


TEST = Event(NAME, _result, begin=_begin)
