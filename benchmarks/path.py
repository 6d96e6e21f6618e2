"""Show every function of the package that a request passes through: `python -m benchmarks.path`.

The request is `await gateway.fetch(url)`, whose Worker calls `env.AUTH.fetch(request)`. It is made
when everything is warm: the guard installed, both Workers called before, in the same event loop.
"""

from __future__ import annotations

import asyncio
import dis
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NamedTuple

import workernb
from benchmarks.profiling import cpu_readings_stay_valid

PACKAGE = f"{Path(workernb.__file__).parent}/"
REQUESTS = 20
"""The number of requests, after as many to warm up; a tick or heartbeat may fall into some."""

GATEWAY = """
from workers import WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return await self.env.AUTH.fetch(request)
"""

AUTH = """
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response("Request allowed")
"""


class Call(NamedTuple):
    """A call of a Python function, of the package or of a Worker.

    file: relative to the package, or the Worker's. depth: the number of such functions that are
    on the stack below it. worker: the file of the Worker whose code made the call, directly or
    not; None where no Worker did.
    """

    file: str
    function: str
    depth: int
    worker: str | None

    @property
    def counted(self) -> bool:
        """Whether the function is the package's, and not a Worker's own."""
        return not _is_worker(self.file)


class Totals(NamedTuple):
    """The figures of a path. changes: how often a call is in another file than the last one."""

    calls: int
    files: int
    changes: int


def totals(path: list[Call]) -> Totals:
    """Return the figures of a path, without the Workers' own functions."""
    files = [call.file for call in path if call.counted]
    changes = sum(file != last for last, file in pairwise(files))
    return Totals(len(files), len(set(files)), changes)


def binding_call(path: list[Call]) -> list[Call]:
    """Return the part of a path that belongs to `env.AUTH.fetch(request)`.

    From the gateway's call to the first line of auth, and from its last line back.
    """
    gateway = next(call.file for call in path if not call.counted)
    return [call for call in path if call.counted and call.worker == gateway]


def request_path() -> list[Call]:
    """Return the path of the request, in the order of the calls."""
    return asyncio.run(_request_path())


async def _request_path() -> list[Call]:
    runtime = workernb.Runtime()
    runtime.define("auth", AUTH)
    gateway = runtime.define("gateway", GATEWAY, services={"AUTH": "auth"})
    paths: list[list[Call]] = []
    with cpu_readings_stay_valid(), _without_collections():
        for number in range(2 * REQUESTS):
            url = f"https://example.com/{number}"
            with _profiled() as path:
                answer = await gateway.fetch(url)
            assert (answer.status, len(answer.trace.invocations)) == (200, 2)
            paths.append(path)
    runtime.close()
    return min(paths[REQUESTS:], key=lambda path: totals(path).calls)


@contextmanager
def _without_collections() -> Iterator[None]:
    """Disable the garbage collector, whose callbacks would be on the path."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def _profiled() -> Iterator[list[Call]]:
    """Give a list to which each call is added while the context lasts."""
    path: list[Call] = []

    def profile(frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        if event == "call" and _is_shown(code.co_filename) and frame.f_lasti <= _start(code):
            path.append(_call(frame))

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        yield path
    finally:
        sys.setprofile(before)


@cache
def _start(code: CodeType) -> int:
    """Return the offset at which a frame of `code` starts; a coroutine resumes at later ones."""
    return next(step.offset for step in dis.get_instructions(code) if step.opname == "RESUME")


def _call(frame: FrameType) -> Call:
    # The frame itself is not kept: it would keep its locals, and the hop counts references.
    code = frame.f_code
    callers = [file for file in _files(frame.f_back) if _is_shown(file)]
    worker = next(filter(_is_worker, callers), None)
    return Call(code.co_filename.removeprefix(PACKAGE), code.co_qualname, len(callers), worker)


def _files(frame: FrameType | None) -> Iterator[str]:
    """Yield the files of a frame and its callers."""
    while frame is not None:
        yield frame.f_code.co_filename
        frame = frame.f_back


def _is_worker(file: str) -> bool:
    return file.startswith("<worker ")


def _is_shown(file: str) -> bool:
    return file.startswith(PACKAGE) or _is_worker(file)


def main() -> None:
    """Print the path as a table, and its figures."""
    path = request_path()
    numbers = iter(range(1, len(path) + 1))
    print(f"{'':>3} {'file':34} function")
    for call in path:
        number = next(numbers) if call.counted else ""
        print(f"{number:>3} {call.file:34} {'. ' * call.depth}{call.function}")
    for what, part in (
        ("await gateway.fetch(url)", path),
        ("env.AUTH.fetch(request) alone", binding_call(path)),
    ):
        calls, files, changes = totals(part)
        print(f"{what}: {calls} calls in {files} files, {changes} changes of file")


if __name__ == "__main__":
    main()
