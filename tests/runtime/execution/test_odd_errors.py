"""Whatever an exception object does, its request ends with its outcome, in bounded time."""

from __future__ import annotations

import asyncio
import textwrap
import time

import pytest

from workernb import CpuLimitError, Limits

from ..conftest import FORWARD, HEAD, gone

FROZEN = """
import dataclasses
@dataclasses.dataclass(frozen=True)
class Odd(Exception):
    code: int = 3
"""

RAISES = {
    # What is defined in the class of the exception.
    "str": "def __str__(self): raise KeyError('no')",
    "str that is none": "def __str__(self): return 3",
    "str of its own class": """
class Text(str):
    def __str__(self): raise KeyError('no')
    def __format__(self, spec): raise KeyError('no')
    def __len__(self): raise KeyError('no')
def __str__(self): return self.Text('x')
""",
    "str that exits": "def __str__(self): raise SystemExit(3)",
    "str that is interrupted": "def __str__(self): raise KeyboardInterrupt",
    "repr": "def __repr__(self): raise KeyError('no')",
    "args": "args = property(lambda self: 1 / 0)",
    "args that are none": "args = None",
    "notes": "__notes__ = property(lambda self: 1 / 0)",
    "notes that are none": "__notes__ = 3",
    "notes of no text": "__notes__ = [None, 3]",
    "traceback": "__traceback__ = property(lambda self: 1 / 0)",
    "cause": "__cause__ = property(lambda self: 1 / 0)",
    "context": "__context__ = property(lambda self: 1 / 0)",
    "class": "__class__ = property(lambda self: 1 / 0)",
    "dict": "__dict__ = property(lambda self: 1 / 0)",
    "setattr": "def __setattr__(self, name, value): raise KeyError(name)",
    "getattr": "def __getattr__(self, name): raise KeyError(name)",
    "getattribute": "def __getattribute__(self, name): raise KeyError(name)",
    "with_traceback": "def with_traceback(self, tb): raise KeyError('no')",
    "add_note": "def add_note(self, note): raise KeyError('no')",
    "eq": "def __eq__(self, other): raise KeyError('no')",
    "slots": "__slots__ = ()",
}

RAISED = "raise Odd()"
GROUPS = {
    "group": "raise ExceptionGroup('g', [Odd(), ValueError('x'), ExceptionGroup('h', [Odd()])])",
    "deep group": """
        error = Odd()
        for _ in range(3000):
            error = ExceptionGroup("g", [error])
        raise error
    """,
    "in its cause": "raise ValueError('x') from Odd()",
    "circle of causes": """
        a, b = ValueError("a"), Odd()
        a.__context__, b.__context__ = b, a
        raise a
    """,
}


def source(members: str, body: str, base: str = "Exception") -> str:
    """Return the source of a Worker whose exception has these members."""
    odd = f"class Odd({base}):\n" + textwrap.indent(members.strip("\n"), "    ") + "\n"
    return HEAD + textwrap.indent(textwrap.dedent(body).strip("\n"), " " * 8) + "\n" + odd


@pytest.mark.parametrize("caller", [False, True], ids=["alone", "called"])
@pytest.mark.parametrize("base", ["Exception", "AttributeError", "BaseException"])
@pytest.mark.parametrize("members", RAISES.values(), ids=RAISES)
async def test_an_exception_that_misbehaves_ends_its_request(
    define, runtime, members, base, caller
):
    handle = runtime.define("odd", source(members, RAISED, base))
    if caller:
        handle = define("gateway", FORWARD, AUTH="odd")
    await ends(handle, runtime)


@pytest.mark.parametrize("body", [RAISED, *GROUPS.values()], ids=["alone", *GROUPS])
@pytest.mark.parametrize("members", ["str", "notes", "getattribute"])
async def test_an_exception_within_another_that_misbehaves(runtime, members, body):
    await ends(runtime.define("odd", source(RAISES[members], body)), runtime)


async def test_a_frozen_dataclass_that_is_an_exception(define, runtime):
    runtime.define("odd", HEAD + " " * 8 + RAISED + FROZEN)
    gateway = define("gateway", FORWARD, AUTH="odd")
    trace = await ends(gateway, runtime)
    assert trace.exception == "Odd"
    assert '<worker odd v1>", line 13' in trace.logs[0].text


@pytest.mark.parametrize("members", RAISES.values(), ids=RAISES)
async def test_a_task_of_wait_until_that_misbehaves(runtime, loop_errors, members):
    body = """
    async def fail():
        raise Odd()
    self.ctx.waitUntil(fail())
    return Response("x")
    """
    # The loop's errors are kept, since pytest would format them as they are logged.
    trace = (await runtime.define("odd", source(members, body)).fetch()).trace
    async with asyncio.timeout(20):
        await gone(runtime)
    assert trace.outcome == "exception"
    assert loop_errors == []


async def ends(handle, runtime):
    """Fetch, which fails, and return the trace, which has one error."""
    failed = False
    try:
        await handle.fetch()
    except BaseException:
        failed = True  # Nothing shows the exception: pytest would run its code.
    assert failed
    trace = runtime.traces[-1]
    assert not runtime.in_flight
    assert trace.outcome == "exception"
    (log,) = (log for log in trace.logs if log.level == "error")
    assert "<worker odd v1>" in log.text
    return trace


SPINS = {
    # Where the exception's own code never ends.
    "str": "def __str__(self):\n    while True: pass",
    "str that swallows": (
        "def __str__(self):\n    while True:\n        try:\n            while True: pass\n"
        "        except BaseException: pass"
    ),
    "notes": "@property\ndef __notes__(self):\n    while True: pass",
    "second str": (
        "def __str__(self):\n    self.n = getattr(self, 'n', 0) + 1\n    while self.n > 1: pass\n"
        "    return 'x'"
    ),
    "cause": "@property\ndef __cause__(self):\n    while True: pass",
    "args": "@property\ndef args(self):\n    while True: pass",
    "getattribute": "def __getattribute__(self, name):\n    while True: pass",
}


@pytest.mark.parametrize("budget", ["shared", "per-invocation"])
@pytest.mark.parametrize("members", SPINS.values(), ids=SPINS)
async def test_an_exception_that_never_ends_is_cut(define, runtime, members, budget):
    runtime.limits = Limits(cpu_ms=50, budget=budget)
    runtime.define("odd", source(members, RAISED))
    gateway = define("gateway", FORWARD, AUTH="odd")
    began = time.thread_time()
    raised = None
    try:
        await gateway.fetch()
    except BaseException as error:
        raised = type(error)  # Not the exception, whose code pytest would run.
    assert raised is CpuLimitError
    assert time.thread_time() - began < 2
    assert not runtime.in_flight
    trace = runtime.traces[-1]
    assert "exceededCpu" in [invocation.outcome for invocation in trace.invocations]
    define("gateway")
    assert (await runtime["gateway"].fetch()).status == 200
